"""The symbolic tensors in the learner's variables, those that nothing uses yet first."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kfunc_lab.graph.keras.nodes import has_history, is_symbolic, is_used
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.names.scope import names_of_frame
from kfunc_lab.mistakes.source.code import Code, begin_of, end_of

_MAX_VARIABLES = 500


@dataclass(frozen=True)
class Held:
    """A tensor in a variable.

    Attributes:
        name: The variable.
        tensor: The tensor.
        is_used: Whether a call took it.
        is_read_later: Whether the cell reads the variable behind the failed statement.
    """

    name: str
    tensor: Any
    is_used: bool
    is_read_later: bool


def held_tensors(failure: Failure) -> list[Held]:
    """Returns the tensors in the variables that the failed code sees, the latest first."""
    names = list(names_of_frame(failure.scope).items())[-_MAX_VARIABLES:]
    later = set(_read_later(failure))
    found = [
        Held(name, value, is_used(value), name in later)
        for name, value in reversed(names)
        if isinstance(name, str) and not name.startswith("_")
        if is_symbolic(value) and has_history(value)
    ]
    once = {id(each.tensor): each for each in reversed(found)}  # the first name of each tensor
    return [each for each in found if once[id(each.tensor)] is each]


def likely(failure: Failure, beside: str = "") -> list[Held]:
    """Returns the tensors for a call that has none, the most likely first.

    A tensor that nothing uses and that the cell does not read later is most likely; then one
    whose name is related to another name.
    """

    def order(held: Held) -> tuple[bool, bool, bool]:
        return held.is_used, held.is_read_later, not are_related(held.name, beside)

    return sorted(held_tensors(failure), key=order)


def are_related(one: str, other: str) -> bool:
    """Returns whether two names share a number or a word, such as `u2` and `c2`."""
    if not one or not other:
        return False
    numbers = set(re.findall(r"\d+", one)) & set(re.findall(r"\d+", other))
    words = set(_words(one)) & set(_words(other))
    return bool(numbers or words)


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[_\d]+", name.lower()) if len(word) > 2]


def _read_later(failure: Failure) -> Iterator[str]:
    code, statement = failure.source, failed_statement(failure)
    if code is None or statement is None:
        return
    written = {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    read = [
        node
        for node in ast.walk(code.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    ]
    end = end_of(statement)
    yield from (it.id for it in read if begin_of(it) > end and it.id not in written)


def failed_statement(failure: Failure) -> ast.stmt | None:
    """Returns the statement that failed."""
    code = failure.source
    if code is None or failure.span is None:
        return None
    node = code.node_at(*failure.span)
    return None if node is None else code.statement_of(node)


def target_of(code: Code, node: ast.AST) -> str:
    """Returns the variable that gets the value of the statement around a node."""
    statement = code.statement_of(node)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    return target.id if isinstance(target, ast.Name) else ""
