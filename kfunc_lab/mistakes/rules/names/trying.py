"""Tries edits: the new expression is computed symbolically, without the learner's code."""

import ast
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.names.scope import (
    Evaluator,
    UnknownValueError,
    names_of_frame,
    short_name,
)
from kfunc_lab.mistakes.source.code import Code, begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change, edited


def names_of(failure: Failure) -> Mapping[str, Any]:
    """Returns the variables that the failing code sees."""
    return names_of_frame(failure.scope)


def failing_node(failure: Failure) -> ast.AST | None:
    """Returns the expression that failed, or the statement if Python names no expression."""
    code = failure.source
    if code is None or failure.span is None:
        return None
    return code.node_at(*failure.span)


def failing_statement(failure: Failure) -> ast.stmt | None:
    """Returns the statement that failed."""
    node, code = failing_node(failure), failure.source
    if node is not None and code is not None:
        return code.statement_of(node)
    if code is None or failure.frame is None:
        return None
    at_line = [
        each
        for each in ast.walk(code.tree)
        if isinstance(each, ast.stmt) and each.lineno == failure.frame[1]
    ]
    return at_line[-1] if at_line else None


def changed_source(code: Code, node: ast.AST, changes: Sequence[Change]) -> str:
    """Returns the source of a node with the changes inside it."""
    begin, end = begin_of(node), end_of(node)
    inside = [
        change
        for change in changes
        if change.file == code.file and begin <= change.begin and change.end <= end
        if not change.begin == change.end == begin
    ]
    lines = [len(line) for line in code.text.encode().splitlines(keepends=True)]

    def place(position: tuple[int, int]) -> int:
        return sum(lines[: position[0] - 1]) + position[1]

    text = edited(code.text, inside).encode()
    behind = sum(lines) - place(end)
    return text[place(begin) : len(text) - behind].decode()


def value_of(
    source: str, names: Mapping[str, Any], preserve: bool = True
) -> Any:  # raises if it cannot be computed
    """Returns the symbolic value of an expression; raises what the expression raises."""
    import keras

    tree = ast.parse(source.strip(), mode="eval").body
    values = Evaluator({"keras": keras, **names})
    if not preserve:
        return values.value(tree)
    with preserve_keras_state():
        return values.value(tree)


def is_refuted(failure: Failure, node: ast.AST | None, changes: Sequence[Change]) -> bool:
    """Returns whether the new expression was computed and still fails.

    Code of the learner in it is not run; then only its known parts count.
    """
    code = failure.source
    if code is None or not isinstance(node, ast.expr):
        return False
    try:
        value_of(changed_source(code, node, changes), names_of(failure))
    except (UnknownValueError, SyntaxError):
        return False
    except Exception:
        return True
    return False


def spelled_module(name: str, names: Mapping[str, Any]) -> str:
    """Returns the learner's own name for a module such as `keras.layers`; its full name else."""
    short = name.rpartition(".")[2]
    value = names.get(short)
    return short if isinstance(value, ModuleType) and short_name(value) == name else name
