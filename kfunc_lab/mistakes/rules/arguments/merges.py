"""Layers that take several tensors, called on one tensor or on tensors without a list."""

import ast
import re
from collections.abc import Iterator
from itertools import islice

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, shape_of
from kfunc_lab.mistakes.names.scope import Evaluator, names_of_frame
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, tensor_names, title
from kfunc_lab.mistakes.search.sites import last_name
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Edit
from kfunc_lab.mistakes.statements.failed_call import holds_tensors
from kfunc_lab.mistakes.statements.rest_of_cell import rest_of_cell
from kfunc_lab.mistakes.statements.tensors import Held, are_related, likely

_MAX_EDITS = 8
_MAX_UNUSED = 4
_ATTENDS = ("Attention", "AdditiveAttention")


def _of_one(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a merging layer that got too few tensors, with the ones that belong to them."""
    code, call = failure.source, failure.expression
    if failure.stage != "call" or code is None or not isinstance(call, ast.Call):
        return None
    if not call.args or call.keywords or not failure.tensors:
        return None
    if _is_own(failure):
        return None
    edits = (
        _in_a_list(code, call, failure)
        if len(call.args) > 1
        else _with_others(code, call, failure)
    )
    for edit in islice(edits, _MAX_EDITS):
        rest = rest_of_cell(failure, edit.changes)
        if rest is not None and rest.runs and rest.is_known:
            return _mistake(failure, len(call.args), edit)
    return None


def _is_own(failure: Failure) -> bool:
    return not type(failure.operation).__module__.startswith("keras.")


def _mistake(failure: Failure, count: int, edit: Edit) -> Mistake:
    reason = _("{layer} expects a list of tensors, got one tensor.")
    if count > 1:
        reason = _("{layer} expects all tensors in one list, got them as {n} arguments.")
    return Mistake(
        "merge-single",
        reason.format(layer=title(failure), n=count),
        "",
        edit.words,
        tensor_names(failure),
        edit.changes,
    )


def _in_a_list(code: Code, call: ast.Call, failure: Failure) -> Iterator[Edit]:
    """Puts the tensors that a call passes one by one into one list."""
    values = Evaluator(names_of_frame(failure.scope), calls=False)
    if not all(
        holds_tensors(values.look_up(it)) for it in call.args if isinstance(it, ast.Name)
    ):
        return
    listed = f"{code.source(call.func)}([{', '.join(map(code.source, call.args))}])"
    words = _("Write `{code}`.").format(code=listed)
    yield Edit(words, (code.replaced(call, listed),))


def _with_others(code: Code, call: ast.Call, failure: Failure) -> Iterator[Edit]:
    """Yields calls on the tensor and on tensors that may belong to it."""
    given = call.args[0]
    own = list(given.elts) if isinstance(given, (ast.List, ast.Tuple)) else [given]
    if len(own) != 1:
        return
    source = code.source(own[0])
    candidates = [it for it in likely(failure, source) if it.tensor is not failure.tensors[0]]
    unused = [it for it in candidates if not it.is_used and not it.is_read_later]
    related = [it for it in candidates if it not in unused and are_related(it.name, source)]
    groups: list[list[Held]] = []
    if 1 < len(unused) <= _MAX_UNUSED:
        groups.append(unused[::-1])  # in the order in which they were made
    groups += [[it] for it in unused]
    groups += [[it] for it in related]
    if last_name(_class(call)) in _ATTENDS and not groups:
        groups += [[it] for it in candidates if not it.is_used]
    if not groups:
        groups += _of_the_same_shape(candidates, failure)
    for group in groups:
        new = f"[{', '.join([source, *(it.name for it in group)])}]"
        words = _("Put the tensors that nothing uses yet into the list: `{code}`.")
        if group[0] not in unused:
            words = _("Put the other tensor into the list too: `{code}`.")
        yield Edit(words.format(code=new), (code.replaced(given, new),))


def _of_the_same_shape(candidates: list[Held], failure: Failure) -> list[list[Held]]:
    """Returns the only other tensor of the same shape, if there is one: that of a shortcut."""
    shape = shape_of(failure.tensors[0])
    same = [it for it in candidates if shape_of(it.tensor) == shape and not it.is_read_later]
    return [same] if len(same) == 1 else []


def _class(call: ast.Call) -> ast.expr:
    return call.func.func if isinstance(call.func, ast.Call) else call.func


RULES: tuple[Rule, ...] = (
    rule(
        "merge-single",
        r"should be called on (?:exactly|a list of)|merge layer should be called on a list|"
        r"must be called on a list of inputs|accepts inputs list of length|"
        r"too many positional arguments|called on a list",
        _of_one,
    ),
)
