"""Computes the values of expressions of arrays without running the learner's code."""

import ast
import inspect
import operator
from collections.abc import Mapping
from types import FrameType, ModuleType
from typing import Any

from kfunc_lab.mistakes.data.kinds import kind_of

UNKNOWN: Any = object()

_MAX_SIZE = 4_000_000  # elements of an array that is copied
_FUNCTIONS = {
    "array", "asarray", "argmax", "column_stack", "concatenate", "copy", "dstack",
    "expand_dims", "hstack", "moveaxis", "repeat", "reshape", "ravel", "rollaxis", "squeeze",
    "stack", "swapaxes", "tile", "transpose", "vstack", "unique", "to_categorical", "arange",
    "zeros", "ones", "zeros_like", "ones_like", "full",
}  # fmt: skip
_METHODS = {
    "argmax", "astype", "copy", "flatten", "ravel", "repeat", "reshape", "squeeze", "swapaxes",
    "to_numpy", "tolist", "transpose",
}  # fmt: skip
_ATTRIBUTES = {"T", "dtype", "ndim", "shape", "size", "values"}
_BUILTINS = {
    "list": list,
    "tuple": tuple,
    "len": len,
    "int": int,
    "float": float,
    "str": str,
    "zip": zip,
}
_OPERATORS: Mapping[type, Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
}


def evaluated(
    node: ast.AST | None,
    scope: FrameType | None,
    instead: Mapping[ast.AST, ast.AST] | None = None,
) -> Any:
    """Returns the value of an expression of names, slices and functions of NumPy.

    Args:
        node: The expression.
        scope: The frame with the variables.
        instead: Other expressions in the place of some of its parts.

    Returns:
        The value; `UNKNOWN` if it cannot be computed without the learner's code, or if that
        takes much memory.
    """
    if node is None:
        return UNKNOWN
    try:
        return _Evaluation(scope, instead or {}).value(node)
    except Exception:  # NumPy refuses the arguments, or the expression is none of ours
        return UNKNOWN


class _UnknownError(Exception):
    """The expression has a part that is not computed."""


class _Evaluation:
    def __init__(self, scope: FrameType | None, instead: Mapping[ast.AST, ast.AST]) -> None:
        self._scope = scope
        self._instead = instead

    def value(self, node: ast.AST) -> Any:
        node = self._instead.get(node, node)
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise _UnknownError
        return method(node)

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        if self._scope is not None:
            for names in (self._scope.f_locals, self._scope.f_globals):
                if node.id in names:
                    return names[node.id]
        if node.id in _BUILTINS:
            return _BUILTINS[node.id]
        raise _UnknownError

    def _attribute(self, node: ast.Attribute) -> Any:
        owner = self.value(node.value)
        if isinstance(owner, ModuleType):
            return getattr(owner, node.attr)
        if node.attr in _ATTRIBUTES and _holds_numbers(owner):
            return getattr(owner, node.attr)
        raise _UnknownError

    def _subscript(self, node: ast.Subscript) -> Any:
        owner = self.value(node.value)
        if not _holds_numbers(owner) and kind_of(owner) not in ("list", "tuple", "dict"):
            raise _UnknownError
        return owner[self.value(node.slice)]

    def _slice(self, node: ast.Slice) -> slice:
        parts = (node.lower, node.upper, node.step)
        return slice(*(None if part is None else self.value(part) for part in parts))

    def _tuple(self, node: ast.Tuple) -> Any:
        return tuple(self.value(each) for each in node.elts)

    def _list(self, node: ast.List) -> Any:
        return [self.value(each) for each in node.elts]

    def _dict(self, node: ast.Dict) -> Any:
        if None in node.keys:
            raise _UnknownError
        return {
            self.value(key): self.value(value)
            for key, value in zip(node.keys, node.values, strict=True)
            if key is not None
        }

    def _binop(self, node: ast.BinOp) -> Any:
        return self._operation(node.op, self.value(node.left), self.value(node.right))

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        return self._operation(node.op, self.value(node.operand))

    def _compare(self, node: ast.Compare) -> Any:
        if len(node.ops) != 1:
            raise _UnknownError
        return self._operation(
            node.ops[0], self.value(node.left), self.value(node.comparators[0])
        )

    def _operation(self, sign: ast.AST, *values: Any) -> Any:
        known = all(kind_of(each) in ("array", "number") for each in values)
        if not known or sum(map(_size, values)) > _MAX_SIZE or type(sign) not in _OPERATORS:
            raise _UnknownError
        return _OPERATORS[type(sign)](*values)

    def _call(self, node: ast.Call) -> Any:
        arguments = [self.value(each) for each in node.args]
        named = {each.arg: self.value(each.value) for each in node.keywords if each.arg}
        if len(named) != len(node.keywords) or any(map(_is_large, arguments)):
            raise _UnknownError
        function = node.func
        if isinstance(function, ast.Attribute):
            owner = self.value(function.value)
            if kind_of(owner) in ("array", "frame", "series") and function.attr in _METHODS:
                if _is_large(owner) and not _is_view(owner, function.attr):
                    raise _UnknownError
                return getattr(owner, function.attr)(*arguments, **named)
        callee = self.value(function)
        if not _is_known_function(callee) or _grows(callee, arguments, named):
            raise _UnknownError
        return callee(*arguments, **named)


def _holds_numbers(value: Any) -> bool:
    return kind_of(value) in ("array", "tensor", "frame", "series")


def _size(value: Any) -> int:
    if isinstance(value, (list, tuple)):
        return sum(map(_size, value[:100]))
    size = getattr(value, "size", 1)
    return size if isinstance(size, int) else 1


def _is_large(value: Any) -> bool:
    return _size(value) > _MAX_SIZE


def _is_view(array: Any, method: str) -> bool:
    """Returns whether a method of an array copies nothing."""
    if method in ("swapaxes", "transpose", "squeeze"):
        return True
    flags = getattr(array, "flags", None)
    return method in ("reshape", "ravel") and bool(getattr(flags, "c_contiguous", False))


def _is_known_function(function: Any) -> bool:
    import keras
    import numpy as np

    if function in _BUILTINS.values():
        return True
    name = getattr(function, "__name__", "")
    if inspect.isclass(function) or name not in _FUNCTIONS:
        return False
    return function is getattr(np, name, None) or function is getattr(keras.utils, name, None)


def _grows(function: Any, arguments: list[Any], named: Mapping[str, Any]) -> bool:
    """Returns whether the result may need much memory."""
    total = sum(_size(each) for each in arguments) or 1
    name = getattr(function, "__name__", "")
    if name in ("zeros", "ones", "full", "arange", "repeat", "tile", "to_categorical"):
        for each in [*arguments, *named.values()]:
            numbers = each if isinstance(each, (list, tuple)) else [each]
            for number in numbers:
                total *= abs(int(number)) if isinstance(number, (int, float)) else 1
                total = max(total, 1)
    return total > 5 * _MAX_SIZE
