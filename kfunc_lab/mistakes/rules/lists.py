"""Mistakes with the list around tensors: one too many, or none."""

import ast
import re
from dataclasses import replace

from kfunc_lab.graph.keras.nodes import has_history, is_symbolic, is_used
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import (
    Mistake,
    Rule,
    argument,
    callee,
    is_input,
    rule,
    tensor_names,
    title,
)
from kfunc_lab.mistakes.search.problem import Candidate, problem_of
from kfunc_lab.mistakes.search.run import fits
from kfunc_lab.mistakes.source.code import Code, begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.failed_call import holds_tensors, value_of

# The layers that take a list of tensors.
MERGES = {
    "Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract",
    "Attention", "AdditiveAttention",
}  # fmt: skip
_MAX_UNUSED = 4
_FUNCTIONS = "add|average|concatenate|dot|maximum|minimum|multiply|subtract"


def _list_of_one(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a list around the only tensor of a call, which fits without the list.

    The tensor may stand in the list several times.
    """
    call, code = failure.expression, failure.source
    if failure.stage != "call" or failure.kind in MERGES or code is None:
        return None
    if not isinstance(call, ast.Call) or len(call.args) != 1 or not failure.tensors:
        return None
    listed = call.args[0]
    if not isinstance(listed, (ast.List, ast.Tuple)) or len(set(map(id, failure.tensors))) > 1:
        return None
    if len(listed.elts) != len(failure.tensors) or isinstance(listed.elts[0], ast.Starred):
        return None
    problem = problem_of(replace(failure, tensors=failure.tensors[:1]))
    if problem is None or not fits(problem, Candidate(0)):
        return None
    reason = _("{layer} expects a tensor, got a list with one tensor in it.")
    if len(failure.tensors) > 1:
        reason = _("{layer} expects one tensor, got a list with the same tensor {n} times.")
    tensor = code.source(listed.elts[0])
    return Mistake(
        "list-of-one",
        reason.format(layer=title(failure), n=len(failure.tensors)),
        "",
        _("Pass the tensor without the brackets: `{code}`.").format(
            code=f"{code.source(call.func)}({tensor})"
        ),
        tensor_names(failure),
        (code.replaced(listed, tensor),),
    )


def in_one_list(failure: Failure) -> tuple[Change, ...]:
    """Puts the tensors that a call passes one by one into one list."""
    code, call = failure.source, failure.expression
    if code is None or not isinstance(call, ast.Call) or len(call.args) < 2:
        return ()
    if not all(holds_tensors(value_of(it, failure)) for it in call.args if _is_name(it)):
        return ()
    if any(
        isinstance(it, (ast.Starred, ast.Constant, ast.List, ast.Tuple)) for it in call.args
    ):
        return ()
    listed = f"[{', '.join(map(code.source, call.args))}]"
    return (Change(code.file, begin_of(call.args[0]), end_of(call.args[-1]), listed),)


def _is_name(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Name)


def words_in_one_list(code: Code, call: ast.Call) -> str:
    """Returns the sentence about the same edit."""
    words = [it.id if isinstance(it, ast.Name) else "..." for it in call.args]
    return _("Write `{code}`.").format(code=f"{code.source(call.func)}([{', '.join(words)}])")


def _of_function(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `layers.add(a, b)`."""
    changes = in_one_list(failure)
    code, call = failure.source, failure.expression
    if not changes or code is None or not isinstance(call, ast.Call):
        return None
    return Mistake(
        "merge-single",
        _("{layer} expects all tensors in one list, got them as {n} arguments.").format(
            layer=title(failure), n=len(call.args)
        ),
        "",
        words_in_one_list(code, call),
        "",
        changes,
    )


def of_one_tensor(failure: Failure) -> Mistake:
    """Explains that a merging layer got one tensor, or several without a list."""
    changes = in_one_list(failure)
    code, call = failure.source, failure.expression
    edit = _("Write `{callee}()([{x}, ...])`, with all the tensors in one list.").format(
        callee=callee(failure), x=argument(failure).strip("[]")
    )
    if code is not None and isinstance(call, ast.Call):
        if changes:
            edit = words_in_one_list(code, call)
        elif new := _with_unused(failure, code, call):
            edit = _("Put the tensors that nothing uses yet into the list: `{code}`.").format(
                code=new
            )
            changes = (code.replaced(call.args[0], new),)
    return Mistake(
        "merge-single",
        _("{layer} expects a list of tensors, got one tensor.").format(layer=title(failure)),
        "",
        edit,
        tensor_names(failure),
        changes,
    )


def _with_unused(failure: Failure, code: Code, call: ast.Call) -> str:
    """Returns a list of the only tensor of a call and of all that nothing uses, if they fit."""
    if len(call.args) != 1 or len(failure.tensors) != 1 or failure.scope is None:
        return ""
    names = {**failure.scope.f_globals, **failure.scope.f_locals}
    own = failure.tensors[0]
    unused = {
        name: value
        for name, value in names.items()
        if isinstance(name, str) and not name.startswith("_")
        if is_symbolic(value) and value is not own and has_history(value)
        if not is_used(value) and not is_input(value)
    }
    if not 0 < len(unused) <= _MAX_UNUSED:
        return ""
    problem = problem_of(replace(failure, tensors=(own, *unused.values())))
    if problem is None or not fits(problem, Candidate(0)):
        return ""
    given = call.args[0]
    if isinstance(given, (ast.List, ast.Tuple)):
        given = given.elts[0]
    return f"[{', '.join([code.source(given), *unused])}]"


RULES: tuple[Rule, ...] = (
    rule("list-of-one", r"", _list_of_one),
    rule("merge-single", rf"^(?:{_FUNCTIONS})\(\) (?:takes|got multiple)", _of_function),
)
