"""A symbolic tensor where data are needed: a variable of the data was assigned again."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.graph.keras.nodes import is_symbolic
from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.cells import earlier_code
from kfunc_lab.mistakes.data.passed import Passed, find_passed
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.own.signature import parses
from kfunc_lab.mistakes.source.code import Code, begin_of
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import value_of, variables


def _symbolic(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `fit(x, y)` if `x` holds the output of a layer by now."""
    passed = find_passed(failure)
    if passed is None or passed.method in ("compile", "__call__"):
        return None
    role = next((each for each in ("x", "y") if is_symbolic(passed.value(each))), "")
    node = passed.node(role) if role else None
    if node is None or passed.code is None:
        return None
    name = passed.code.source(node)
    reason = _("`{name}` is a tensor of the model by now, and `{method}` needs data.").format(
        name=name, method=passed.method
    )
    edit = _("Give the data and the tensors of the model different names.")
    changes: tuple[Change, ...] = ()
    if isinstance(node, ast.Name):
        new = f"{name}_data"
        changes = _renamed(node.id, new, passed, failure)
        if changes:
            edit = _("Give the data a name of their own, such as `{new}`.").format(new=new)
    return Mistake("tensor-for-data", reason, "", edit, role, changes)


def _renamed(name: str, new: str, passed: Passed, failure: Failure) -> tuple[Change, ...]:
    """Renames the data from where they were made to where a layer's output took their name."""
    known = variables(failure.scope)
    if new in known or passed.code is None or passed.call is None:
        return ()
    codes = list(earlier_code(passed.code.file))
    uses = list(_uses(name, codes, known))
    end = next((n for n, use in enumerate(uses) if use[2] == "tensor"), None)
    if end is None or not any(use[2] == "data" for use in uses[:end]):
        return ()
    begin = max(n for n, use in enumerate(uses[:end]) if use[2] == "data")
    changes = [code.replaced(node, new) for code, node, _kind in uses[begin:end]]
    changes += [
        passed.code.replaced(each, new)
        for each in ast.walk(passed.call)
        if isinstance(each, ast.Name) and each.id == name
    ]
    return tuple(changes) if parses(changes) else ()


def _uses(name: str, codes: list[Code], known: Any) -> Iterator[tuple[Code, ast.Name, str]]:
    """Yields where the code uses a name, in order: `"data"` and `"tensor"` assign it."""
    for code in reversed(codes):
        found = [
            node
            for node in ast.walk(code.tree)
            if isinstance(node, ast.Name) and node.id == name
        ]
        for node in sorted(found, key=lambda each: _order(code, each)):
            kind = "read"
            if isinstance(node.ctx, ast.Store):
                statement = code.statement_of(node)
                value = getattr(statement, "value", None)
                kind = "tensor" if _makes_tensor(value, known) else "data"
            yield code, node, kind


def _order(code: Code, node: ast.Name) -> tuple[Any, bool, tuple[int, int]]:
    """Returns a key by which a statement's value comes before what it assigns."""
    statement = code.statement_of(node)
    return begin_of(statement or node), isinstance(node.ctx, ast.Store), begin_of(node)


def _makes_tensor(value: ast.expr | None, known: Any) -> bool:
    """Returns whether an expression calls something of Keras on a tensor, or makes an input."""
    import keras

    if not isinstance(value, ast.Call):
        return False
    if isinstance(value.func, ast.Call):  # `layers.Dense(8)(x)`
        return True
    function = value_of(value.func, known)
    module = str(getattr(function, "__module__", ""))
    return (
        isinstance(function, keras.Operation)
        or function is keras.Input
        or (module.startswith("keras.src.ops") or module.startswith("keras.src.layers"))
    )


RULES: tuple[Rule, ...] = (rule("tensor-for-data", r"", _symbolic),)
