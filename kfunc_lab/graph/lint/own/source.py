"""Reads the source of a function that the user wrote, without running it."""

import ast
import dis
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

Function = ast.FunctionDef | ast.Lambda


def definition_of(function: Any) -> Function | None:
    """Returns the definition of a function or lambda; `None` if its source is not known."""
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    try:
        text = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return None
    names = code.co_varnames[: code.co_argcount]
    found = [
        node
        for node in ast.walk(_parsed(text))
        if isinstance(node, ast.FunctionDef | ast.Lambda)
        and tuple(arg.arg for arg in node.args.args) == names
        and (isinstance(node, ast.Lambda) or node.name == code.co_name)
    ]
    # Of two lambdas in one statement, nobody can tell which one this is.
    return found[0] if len(found) == 1 else None


def _parsed(text: str) -> ast.AST:
    # A lambda's source can begin or end in the middle of a statement.
    for candidate in (text, text.strip().rstrip(",)"), f"({text.strip()}", f"_({text.strip()}"):
        try:
            return ast.parse(candidate)
        except SyntaxError:
            continue
    return ast.Module([], [])


def calls_in(node: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yields the calls in a piece of source, each with the last part of what is called."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            yield last_name(part.func), part


def last_name(node: ast.AST) -> str:
    """Returns the last part of a dotted name: `"square"` for `ops.square`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_name(node: ast.AST, name: str) -> bool:
    """Tells whether an expression is just a name."""
    return isinstance(node, ast.Name) and node.id == name


def objects_in(function: Any) -> Iterator[tuple[str, Any]]:
    """Yields what a function uses from outside, with its name: closures and globals."""
    code = getattr(function, "__code__", None)
    if code is None:
        return
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    # The names in the code itself are also those of attributes, such as `self.dense`.
    read = {it.argval for it in dis.get_instructions(code) if it.opname == "LOAD_GLOBAL"}
    for name in sorted(read):
        if name in function.__globals__:
            yield name, function.__globals__[name]
