"""The learner's code: the syntax tree of a file or cell, and changes of its expressions."""

import ast
import linecache
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any

from kfunc_lab.mistakes.source.edit import Change

_MAX_LINES = 5_000


class Code:
    """The source of a file or cell.

    Attributes:
        file: The name of the file, as in a traceback.
        text: Its source.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text

    @classmethod
    def of(cls, file: str) -> "Code | None":
        """Returns the code of a file; `None` if it cannot be read or parsed."""
        lines = linecache.getlines(file)
        if not lines or len(lines) > _MAX_LINES:
            return None
        code = _code(file, "".join(lines))
        return code if code.tree.body else None

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree; without statements if the source is no Python."""
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError):
            return ast.Module([], [])

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The node that contains each node."""
        return {
            child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)
        }

    def source(self, node: ast.AST) -> str:
        """Returns the source of a node."""
        return ast.get_source_segment(self.text, node) or ast.unparse(node)

    @cached_property
    def calls(self) -> list[ast.Call]:
        """The calls in the order of their positions."""
        calls = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]
        return sorted(calls, key=lambda node: (node.end_lineno, node.end_col_offset))

    def calls_near(self, node: ast.AST) -> Iterator[ast.Call]:
        """Yields the calls of the function around a node; all calls if none is around it."""
        scope: ast.AST | None = node
        while scope is not None and not isinstance(scope, (ast.FunctionDef, ast.Lambda)):
            scope = self.parents.get(scope)
        inside = self.tree if scope is None else scope
        calls = [each for each in ast.walk(inside) if isinstance(each, ast.Call)]
        yield from sorted(calls, key=lambda each: (each.end_lineno, each.end_col_offset))

    def expression_at(self, begin: tuple[int, int], end: tuple[int, int]) -> ast.expr | None:
        """Returns the expression between two positions; `None` if there is none."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.expr) and begin_of(node) == begin and end_of(node) == end:
                return node
        return None

    def node_at(self, begin: tuple[int, int], end: tuple[int, int]) -> ast.AST | None:
        """Returns the expression or statement between two positions; `None` if there is none."""
        expression = self.expression_at(begin, end)
        if expression is not None:
            return expression
        for node in ast.walk(self.tree):
            if isinstance(node, ast.stmt) and begin_of(node) == begin and end_of(node) == end:
                return node
        return None

    def statement_of(self, node: ast.AST) -> ast.stmt | None:
        """Returns the innermost statement that contains a node."""
        parent: ast.AST | None = node
        while parent is not None and not isinstance(parent, ast.stmt):
            parent = self.parents.get(parent)
        return parent

    # -- changes

    def replaced(self, node: ast.AST, new: str) -> Change:
        """Replaces a node."""
        return Change(self.file, begin_of(node), end_of(node), new)

    def wrapped(self, node: ast.expr, function: str) -> Change:
        """Passes an expression to a function, such as `layers.Flatten()`."""
        source = self.source(node)
        return self.replaced(node, f"{function}({source})")

    def with_argument(
        self, call: ast.Call, name: str, value: str, position: int = -1
    ) -> Change:
        """Sets an argument of a call.

        Args:
            call: The call.
            name: The name of the argument.
            value: The source of its new value.
            position: The place that the argument has if it is passed by position; -1 if it is
                passed only by name.
        """
        for keyword in call.keywords:
            if keyword.arg == name:
                return self.replaced(keyword.value, value)
        if 0 <= position < len(call.args):
            return self.replaced(call.args[position], value)
        new = f"{name}={value}"
        last = [*call.args, *(keyword.value for keyword in call.keywords)]
        if not last:
            line, column = end_of(call)
            return Change(self.file, (line, column - 1), (line, column - 1), new)
        end = max(end_of(node) for node in last)
        return Change(self.file, end, end, f", {new}")

    def without_argument(self, call: ast.Call, name: str) -> Change | None:
        """Removes an argument that a call passes by name; `None` if it does not."""
        kept = [keyword for keyword in call.keywords if keyword.arg != name]
        if len(kept) == len(call.keywords):
            return None
        words = [self.source(argument) for argument in call.args]
        words += [
            f"{keyword.arg}={self.source(keyword.value)}"
            if keyword.arg
            else f"**{self.source(keyword.value)}"
            for keyword in kept
        ]
        return self.replaced(call, f"{self.source(call.func)}({', '.join(words)})")

    def line_before(self, node: ast.AST, new: str) -> Change:
        """Inserts a statement before the statement that contains a node."""
        statement: Any = self.statement_of(node)
        begin = begin_of(statement)
        return Change(self.file, begin, begin, f"{new}\n{' ' * begin[1]}")

    def line_after(self, node: ast.AST, new: str) -> Change:
        """Inserts a statement after the statement that contains a node."""
        statement: Any = self.statement_of(node)
        end, indent = end_of(statement), " " * begin_of(statement)[1]
        return Change(self.file, end, end, f"\n{indent}{new}")


@lru_cache(maxsize=8)  # the searches of one explanation read the same cells
def _code(file: str, text: str) -> Code:
    return Code(file, text)


def begin_of(node: Any) -> tuple[int, int]:
    """Returns the line and the column of the first character of a node."""
    return node.lineno, node.col_offset


def end_of(node: Any) -> tuple[int, int]:
    """Returns the line and the column behind the last character of a node."""
    return node.end_lineno, node.end_col_offset


def tensor_expressions(expression: ast.expr) -> list[ast.expr]:
    """Returns the expressions of the tensors that a call or an operator takes, in order."""
    if isinstance(expression, ast.BinOp):
        return [expression.left, expression.right]
    if not isinstance(expression, ast.Call):
        return []
    tensors: list[ast.expr] = []
    for argument in expression.args:
        if isinstance(argument, (ast.List, ast.Tuple)) and argument.elts:
            tensors += argument.elts
        else:
            tensors.append(argument)
    return tensors
