"""Classes of layers that were called on a tensor: which settings the layer was meant to have."""

import ast
import re
from collections.abc import Iterator
from itertools import islice

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.arguments.constructor import Constructor
from kfunc_lab.mistakes.rules.construction import NEEDED
from kfunc_lab.mistakes.search.sites import last_name
from kfunc_lab.mistakes.source.code import begin_of
from kfunc_lab.mistakes.source.edit import Edit
from kfunc_lab.mistakes.statements.failed_call import holds_tensors
from kfunc_lab.mistakes.statements.rest_of_cell import rest_of_cell

_MAX_EDITS = 8
_WRAPPERS = {
    "Bidirectional": ("LSTM(32)", "LSTM(32, return_sequences=True)"),
    "TimeDistributed": ("Dense(16)", "Flatten()"),
}


def _class_called(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `layers.Conv2D(x)`, with the settings of another layer of the class."""
    made = Constructor.of(failure) if failure.stage == "construct" else None
    if made is None or made.call.keywords or not made.call.args:
        return None
    if not all(each.is_known and holds_tensors(each.value) for each in made.arguments()):
        return None
    needed = [each for each in made.parameters().values() if each.default is each.empty]
    if not needed or len(made.arguments()) < len(made.call.args):
        return None
    edit = next(_that_run(failure, islice(_edits(made), _MAX_EDITS)), None)
    if edit is None:
        return None
    return Mistake(
        "constructor-parentheses",
        _("The constructor of {kind} got a tensor for its argument `{where}`.").format(
            kind=made.kind, where=made.arguments()[0].name
        ),
        "",
        edit.words,
        made.arguments()[0].name,
        edit.changes,
    )


def _that_run(failure: Failure, edits: Iterator[Edit]) -> Iterator[Edit]:
    """Yields the edits with which the rest of the cell runs."""
    for edit in edits:
        rest = rest_of_cell(failure, edit.changes)
        if rest is not None and rest.runs and rest.is_known:
            yield edit


def _edits(made: Constructor) -> Iterator[Edit]:
    function = made.code.source(made.call.func)
    tensors = ", ".join(map(made.code.source, made.call.args))
    for settings in dict.fromkeys(_settings(made, function)):
        new = f"{function}({settings})({tensors})"
        words = _("Write `{code}`: the tensor goes in a second pair of parentheses.")
        yield Edit(words.format(code=new), (made.code.replaced(made.call, new),))


def _settings(made: Constructor, function: str) -> Iterator[str]:
    """Yields the settings of other layers of the class, those above in the cell first."""
    place = begin_of(made.call)
    others = [
        call
        for call in made.code.calls_near(made.call)
        if last_name(call.func) == made.kind
        and call is not made.call
        and (call.args or call.keywords)
    ]
    above = [call for call in others if begin_of(call) < place][::-1]
    for call in (*above, *(call for call in others if begin_of(call) > place)):
        if not _is_plain(call):
            continue
        words = [made.code.source(each) for each in call.args]
        words += [
            f"{each.arg}={made.code.source(each.value)}"
            for each in call.keywords
            if each.arg != "name"
        ]
        yield ", ".join(words)
    if "(" not in NEEDED.get(made.kind, "("):
        yield NEEDED[made.kind]
    module = function.removesuffix(made.kind)
    yield from (f"{module}{inner}" for inner in _WRAPPERS.get(made.kind, ()))


def _is_plain(call: ast.Call) -> bool:
    """Returns whether a call passes settings only, without unpacking."""
    nodes = [*call.args, *(each.value for each in call.keywords)]
    plain = (ast.Constant, ast.Tuple, ast.List, ast.UnaryOp, ast.BinOp, ast.Call)
    return all(isinstance(node, plain) for node in nodes) and all(
        each.arg for each in call.keywords
    )


RULES: tuple[Rule, ...] = (
    rule(
        "constructor-parentheses",
        r"KerasTensor|missing \d+ required positional|Please initialize",
        _class_called,
    ),
)
