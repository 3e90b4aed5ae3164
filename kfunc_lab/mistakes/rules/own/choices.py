"""A Python `if` that asks a symbolic tensor: the choice that `keras.ops.where` makes instead."""

import ast
from typing import Any

from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.source.code import Code, begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import spelled


def chosen_by_where(failure: Failure) -> tuple[Change, ...]:
    """Writes a choice between two values with `keras.ops.where`.

    Args:
        failure: The failure of the condition.

    Returns:
        The change of the `if` statement or expression; none if it does more than choose a value.
    """
    code, node = failure.source, failure.expression
    if code is None or node is None:
        return ()
    question = code.source(node)
    test: ast.AST = node
    turned = False
    parent = code.parents.get(test)
    while isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not):
        test, turned, parent = parent, not turned, code.parents.get(parent)
    ops = spelled("ops", failure)

    def where(yes: str, no: str) -> str:
        first, second = (no, yes) if turned else (yes, no)
        return f"{ops}.where({question}, {first}, {second})"

    if isinstance(parent, ast.IfExp) and parent.test is test:
        new = where(code.source(parent.body), code.source(parent.orelse))
        return (code.replaced(parent, new),)
    if isinstance(parent, ast.If) and parent.test is test:
        return _of_statement(parent, where, code)
    return ()


def _of_statement(statement: ast.If, where: Any, code: Code) -> tuple[Change, ...]:
    after = _behind(statement, code)
    yes = statement.body[0] if len(statement.body) == 1 else None
    no = statement.orelse[0] if len(statement.orelse) == 1 else None
    last: ast.stmt = statement
    if not statement.orelse and isinstance(yes, ast.Return):
        no = last = after if after is not None else statement
    if isinstance(yes, ast.Return) and isinstance(no, ast.Return):
        if (
            yes.value is None
            or no.value is None
            or not all(map(_is_value, (yes.value, no.value)))
        ):
            return ()
        new = f"return {where(code.source(yes.value), code.source(no.value))}"
    elif isinstance(yes, ast.Assign) and _is_value(yes.value) and len(yes.targets) == 1:
        target = code.source(yes.targets[0])
        other = target
        if statement.orelse:
            if not isinstance(no, ast.Assign) or not _is_value(no.value):
                return ()
            other = code.source(no.value)
            if [code.source(each) for each in no.targets] != [target]:
                return ()
        new = f"{target} = {where(code.source(yes.value), other)}"
    else:
        return ()
    return (Change(code.file, begin_of(statement), end_of(last), new),)


def _is_value(node: ast.expr) -> bool:
    return not isinstance(node, (ast.Tuple, ast.List, ast.Dict))


def _behind(statement: ast.stmt, code: Code) -> ast.stmt | None:
    """Returns the statement behind another one in the same block."""
    for name in ("body", "orelse"):
        block = getattr(code.parents.get(statement), name, None)
        if isinstance(block, list) and statement in block[:-1]:
            found: ast.stmt = block[block.index(statement) + 1]
            return found
    return None
