"""Proposes edits where a layer returns several tensors, or one instead of several."""

import ast
from collections.abc import Iterator

from kfunc_lab.locale import _
from kfunc_lab.mistakes.ahead.notebook import Notebook
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake
from kfunc_lab.mistakes.search.sites import last_name
from kfunc_lab.mistakes.source.code import Code, begin_of
from kfunc_lab.mistakes.source.edit import Edit
from kfunc_lab.ui.text import printable

_RULES = frozenset(["states", "input-count", "unpacking", "unknown", "unknown-size"])
_STATES = {"LSTM": ("h", "c"), "GRU": ("h",), "SimpleRNN": ("h",), "ConvLSTM2D": ("h", "c")}


def proposals(mistake: Mistake, failure: Failure, notebook: Notebook) -> Iterator[Edit]:
    """Yields edits of the recurrent layers whose states are returned, or are missing."""
    code, line = failure.source, failure.frame[1] if failure.frame else 0
    if mistake.rule not in _RULES or code is None:
        return
    calls = [call for call in code.calls if last_name(call.func) in _STATES]
    calls = [call for call in calls if begin_of(call)[0] <= line]
    for call in reversed(calls):
        edits = (
            _without_states(code, call) if _returns_states(call) else _with_states(code, call)
        )
        for edit in edits:
            verdict = notebook.verdict(edit.changes)
            if verdict.is_proof:
                yield edit


def _returns_states(call: ast.Call) -> bool:
    return any(
        each.arg == "return_state" and getattr(each.value, "value", None) is True
        for each in call.keywords
    )


def _with_states(code: Code, call: ast.Call) -> Iterator[Edit]:
    change = code.with_argument(call, "return_state", "True")
    kind = printable(last_name(call.func))
    words = _("Set `{setting}` in {layer}.").format(setting="return_state=True", layer=kind)
    yield Edit(words, (change,))


def _without_states(code: Code, call: ast.Call) -> Iterator[Edit]:
    """Yields the edits that name the states, and that do not return them."""
    kind = last_name(call.func)
    removed = code.without_argument(call, "return_state")
    statement = code.statement_of(call)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    wrapped = isinstance(code.parents.get(call), ast.Call) and last_name(
        getattr(code.parents[call], "func", call.func)
    ) in ("Bidirectional",)
    is_used = isinstance(statement, ast.Assign) and statement.value is not call
    if isinstance(target, ast.Name) and is_used and not wrapped:
        names = ", ".join([target.id, *_STATES[kind]])
        words = _("Give each output a name: `{names} = ...`.").format(names=names)
        yield Edit(words, (code.replaced(target, names),))
    if removed is not None:
        words = _("Remove `{setting}` in {layer}.").format(
            setting="return_state=True", layer=printable(kind)
        )
        yield Edit(words, (removed,))
