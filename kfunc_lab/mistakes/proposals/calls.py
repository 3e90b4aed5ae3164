"""Proposes the tensor for a layer that was created and never called."""

import ast
from collections.abc import Iterator

from kfunc_lab.graph.keras.nodes import is_symbolic
from kfunc_lab.locale import _
from kfunc_lab.mistakes.ahead.notebook import Notebook
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake
from kfunc_lab.mistakes.search.sites import last_name
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Edit

_MAX_CALLS = 4
_MAX_TENSORS = 6


def proposals(mistake: Mistake, failure: Failure, notebook: Notebook) -> Iterator[Edit]:
    """Yields the calls of a layer on a tensor with which all later calls fit."""
    code, scope = failure.source, failure.scope
    line = failure.frame[1] if failure.frame else 0
    if mistake.rule != "layer-for-tensor" or code is None or scope is None:
        return
    values = {**scope.f_globals, **scope.f_locals}
    creations = [call for call in code.calls if _is_uncalled(code, call, line)]
    for creation in list(reversed(creations))[:_MAX_CALLS]:
        names = [
            name for name in _names_before(code, creation) if is_symbolic(values.get(name))
        ]
        for name in names[:_MAX_TENSORS]:
            twice = f"{name}, {name}" if "MultiHead" in last_name(creation.func) else name
            new = f"{code.source(creation)}({twice})"
            change = code.replaced(creation, new)
            if notebook.verdict([change]).is_proof:
                words = _("Call it on the tensor before: `{code}`.").format(code=new)
                yield Edit(words, (change,))
                return


def _is_uncalled(code: Code, call: ast.Call, line: int) -> bool:
    parent = code.parents.get(call)
    is_class = last_name(call.func)[:1].isupper() and last_name(call.func) not in (
        "Input",
        "Model",
        "Sequential",
    )
    is_called = isinstance(parent, ast.Call) and parent.func is call
    return is_class and not is_called and call.lineno <= line


def _names_before(code: Code, node: ast.Call) -> list[str]:
    """Returns the names assigned above a node: those that nothing reads first, then the latest."""
    read: dict[str, int] = {}
    assigned: dict[str, int] = {}
    for each in ast.walk(code.tree):
        if not isinstance(each, ast.Name):
            continue
        if isinstance(each.ctx, ast.Store) and each.lineno < node.lineno:
            assigned[each.id] = max(each.lineno, assigned.get(each.id, 0))
        elif isinstance(each.ctx, ast.Load):
            read[each.id] = read.get(each.id, 0) + 1
    own = code.statement_of(node)
    target = own.targets[0] if isinstance(own, ast.Assign) else None
    same = target.id if isinstance(target, ast.Name) else ""
    return sorted(assigned, key=lambda it: (it != same, read.get(it, 0) > 1, -assigned[it]))
