"""Writes lambda functions from their source."""

import ast
import inspect
import types
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from kfunc_lab.graph.keras.code.imports import Imports
from kfunc_lab.graph.keras.code.literals import NotWritableError, literal, sequence
from kfunc_lab.locale import _

_MODULES = {"keras": "keras", "numpy": "np"}


def lambda_code(function: Any, imports: Imports) -> str:
    """Writes a lambda function, with the values of the variables that it uses.

    Its source is taken if it still compiles to the function's own bytecode.

    Args:
        function: The function; `None` if it was not found.
        imports: Names the classes and functions that it uses.

    Raises:
        NotWritableError: If its source is not found, or it uses what cannot be written.
    """
    tree = None if function is None else _source(function)
    if tree is None or function.__kwdefaults__:
        raise NotWritableError(_("a lambda function cannot be written"))
    bound = {it.arg for it in ast.walk(tree) if isinstance(it, ast.arg)}
    names = [it for it in ast.walk(tree) if isinstance(it, ast.Name)]
    bound |= {it.id for it in names if not isinstance(it.ctx, ast.Load)}
    known = _variables(function)
    used = {it.id for it in names} & {*known}
    if used & bound:
        raise NotWritableError(_("a lambda function cannot be written"))
    written = {name: _value(name, known[name], imports) for name in used}
    copy = _Substitution(written).visit(ast.parse(ast.unparse(tree), mode="eval").body)
    copy.args.defaults = [
        ast.parse(_value("", it, imports), mode="eval").body
        for it in function.__defaults__ or ()
    ]
    return ast.unparse(copy)


class _Substitution(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, expressions: dict[str, str]) -> None:
        self._expressions = expressions

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replaces a name that has a value outside the function."""
        text = self._expressions.get(node.id)
        return node if text is None else ast.parse(text, mode="eval").body


def _value(name: str, value: Any, imports: Imports) -> str:
    if isinstance(value, types.ModuleType):
        return _module(value, imports)
    if isinstance(value, (list, tuple)):
        return sequence([_value(name, it, imports) for it in value], type(value))
    if hasattr(value, "item") and not getattr(value, "shape", None):
        value = value.item()
    if callable(value) and hasattr(value, "__qualname__") and value.__name__ != "<lambda>":
        return imports.of(value)
    try:
        return literal(value)
    except NotWritableError:
        raise NotWritableError(
            _("a lambda function cannot be written; it uses {name}").format(name=name)
        ) from None


def _module(module: types.ModuleType, imports: Imports) -> str:
    """Names a module as programs do, such as `ops` and `np`."""
    import keras

    for name in ("ops", "layers"):
        if module is getattr(keras, name):
            return name
    path = module.__name__
    root, _dot, rest = path.partition(".")
    if root in _MODULES and "src" not in path and "_tf_keras" not in path:
        return f"{_MODULES[root]}.{rest}".rstrip(".")
    return imports.module(path)


def _variables(function: Any) -> dict[str, Any]:
    """Returns the variables outside a function that it may use."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {**function.__globals__, **{name: it.cell_contents for name, it in cells}}


def _source(function: Any) -> ast.Lambda | None:
    """Returns the source of a lambda function, if its file still holds what was compiled."""
    code = function.__code__
    try:
        lines, _line = inspect.findsource(code)
    except (OSError, TypeError, IndexError):
        return None
    trees, codes = _lambdas("".join(lines))
    first, last = _span(code)
    around = [it for it in trees if _begin(it.body) <= first and last <= _end(it.body)]
    is_current = any(_span(it) == (first, last) and _shape(it) == _shape(code) for it in codes)
    if not around or not is_current:
        return None
    return max(around, key=lambda it: _begin(it.body))  # the innermost


@lru_cache(maxsize=4)
def _lambdas(source: str) -> tuple[list[ast.Lambda], list[types.CodeType]]:
    """Returns the lambda functions in a source, and what they compile to."""
    try:
        tree = ast.parse(source)
        codes = list(_codes(compile(source, "<source>", "exec", dont_inherit=True)))
    except (SyntaxError, ValueError):
        return [], []
    return [it for it in ast.walk(tree) if isinstance(it, ast.Lambda)], codes


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_name == "<lambda>":
                yield constant
            yield from _codes(constant)


def _begin(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _end(node: ast.expr) -> tuple[int, int]:
    return node.end_lineno or 0, node.end_col_offset or 0


def _span(code: types.CodeType) -> tuple[tuple[int, int], tuple[int, int]]:
    """Returns where the source of a function's body begins and ends."""
    places = [
        ((begin, first), (end, last))
        for begin, end, first, last in code.co_positions()
        if begin and end and first is not None and last  # not the steps around the body
    ]
    return min(begin for begin, _ in places), max(end for _, end in places)


def _shape(code: types.CodeType) -> tuple[Any, ...]:
    inner = tuple(
        _shape(it) if isinstance(it, types.CodeType) else (type(it), it)
        for it in code.co_consts
    )
    return (code.co_code, inner, code.co_names, code.co_varnames, code.co_freevars)
