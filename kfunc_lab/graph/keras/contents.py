"""Walks through what a value holds out of sight: arrays, the code of functions, attributes.

What two values yield is equal if they compute the same. It does not depend on the file, the line
or the names of local variables' scopes, so a cell that runs again yields the same; code depends
on the version of Python.
"""

import contextlib
import inspect
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import numpy as np

from kfunc_lab.graph.keras.settings import without_numpy

_DEPTH = 8  # functions that call functions, and objects in objects
_MOST = 5_000  # parts; more are no part of a layer's settings
_PLAIN = (bool, int, float, complex, str, bytes, range, type(None))
# Packages whose objects hold more than what they compute with.
_ENGINES = ("keras", "tensorflow", "jax", "jaxlib", "torch", "numpy")


def contents(value: Any, *, plain: bool = True, without: str = "") -> Iterator[bytes]:
    """Yields what a value holds.

    Args:
        value: A value of any kind.
        plain: Whether to yield numbers and texts too, which a text may show already.
        without: A text that is left out of other texts: a name that Keras chose.
    """
    return islice(_Walk(without).value(value, 0, plain), _MOST)


def code_of_class(cls: type) -> Iterator[bytes]:
    """Yields the code of a custom class and of its bases, up to those of packages."""
    return islice(_Walk("").of_class(cls, 0), _MOST)


def is_own_function(value: Any) -> bool:
    """Tells whether a value is a person's function, and not one of Keras or of a library in C."""
    while isinstance(value, (partial, types.MethodType)):
        value = value.func if isinstance(value, partial) else value.__func__
    return isinstance(value, types.FunctionType) and not is_of_keras(value)


def is_own_object(value: Any) -> bool:
    """Tells whether a value is an object of a person's class, and no layer."""
    import keras

    cls = type(value)
    is_own = not (_package(cls) in _ENGINES or _is_of_python(cls) or is_installed(cls))
    return is_own and not isinstance(value, keras.Operation)


def is_of_keras(item: Any) -> bool:
    """Tells whether a class or function comes with Keras."""
    return _package(item) == "keras"


def is_installed(cls: Any) -> bool:
    """Tells whether a class comes with an installed package, so that its user cannot change it."""
    path = getattr(sys.modules.get(cls.__module__), "__file__", None) or ""
    return bool({"site-packages", "dist-packages"} & {*Path(path).parts})


class _Walk:
    """Visits each function, class and object once."""

    def __init__(self, without: str) -> None:
        self._without = without
        self._seen: dict[int, Any] = {}  # keeps them alive, so that no `id()` is reused

    def value(self, value: Any, depth: int, plain: bool) -> Iterator[bytes]:
        value = without_numpy(value)
        if isinstance(value, _PLAIN):
            if plain:
                text = repr(value)
                yield (text.replace(self._without, "") if self._without else text).encode()
        elif depth > _DEPTH or _changes(value):
            return
        elif isinstance(value, Mapping):
            yield from self._named(value.items(), depth + 1, plain)
        elif isinstance(value, (list, tuple)):
            yield from self._named(enumerate(value), depth + 1, plain)
        elif isinstance(value, (set, frozenset)):
            yield from sorted(b"|".join(self.value(it, depth + 1, plain)) for it in value)
        elif isinstance(value, slice):
            yield from self.value((value.start, value.stop, value.step), depth, plain)
        elif hasattr(value, "shape") and hasattr(value, "dtype"):
            yield from _array(value)
        elif isinstance(value, type):
            yield from self.of_class(value, depth)
        elif _is_function(value):
            yield from self._function(value, depth)
        else:
            yield from self._object(value, depth)

    def _named(
        self, items: Iterable[tuple[Any, Any]], depth: int, plain: bool
    ) -> Iterator[bytes]:
        for name, value in items:
            for part in self.value(value, depth, plain):
                yield from (str(name).encode(), part)

    def _is_new(self, value: Any) -> bool:
        is_new = id(value) not in self._seen
        self._seen[id(value)] = value
        return is_new

    def _object(self, value: Any, depth: int) -> Iterator[bytes]:
        """Yields the class of an object, and what it holds if it is no layer."""
        import keras

        if isinstance(value, keras.Operation):
            yield type(value).__name__.encode()  # the layer has settings of its own
        elif _package(type(value)) not in _ENGINES and not isinstance(value, types.ModuleType):
            yield from self.of_class(type(value), depth)
            if self._is_new(value):
                held = getattr(value, "__dict__", {})
                yield from self._named(held.items(), depth + 1, True)

    # -- code

    def _function(self, function: Any, depth: int) -> Iterator[bytes]:
        if isinstance(function, partial):
            yield from self._named(enumerate(function.args), depth + 1, True)
            yield from self._named(function.keywords.items(), depth + 1, True)
            yield from self._function(function.func, depth)
            return
        if isinstance(function, types.MethodType):
            yield from self.value(function.__self__, depth + 1, True)
            function = function.__func__
        if not is_own_function(function) or not self._is_new(function):
            yield str(getattr(function, "__name__", type(function))).encode()
            return
        yield from _instructions(function.__code__)
        yield from self._named(enumerate(function.__defaults__ or ()), depth + 1, True)
        yield from self._named((function.__kwdefaults__ or {}).items(), depth + 1, True)
        with contextlib.suppress(ValueError):  # a variable without a value
            outer = inspect.getclosurevars(function)
            yield from self._named(
                {**outer.nonlocals, **outer.globals}.items(), depth + 1, True
            )

    def of_class(self, cls: type, depth: int) -> Iterator[bytes]:
        yield cls.__name__.encode()
        if not self._is_new(cls):
            return
        own = takewhile(lambda it: not (is_of_keras(it) or is_installed(it)), cls.__mro__)
        for ancestor in own:
            for name, value in vars(ancestor).items() if not _is_of_python(ancestor) else ():
                if isinstance(value, (classmethod, staticmethod)):
                    value = value.__func__
                if isinstance(value, property):
                    value = (value.fget, value.fset)
                # Python itself writes the other names with underscores.
                if not name.startswith("__") or isinstance(value, types.FunctionType):
                    yield from self._named([(name, value)], depth + 1, True)


def _changes(value: Any) -> bool:
    """Tells whether a value is a symbolic tensor or a variable, whose value training changes."""
    import keras

    symbolic = isinstance(value, (keras.Variable, keras.KerasTensor))
    return symbolic or hasattr(value, "assign") or bool(getattr(value, "requires_grad", False))


def _is_function(value: Any) -> bool:
    kinds = (partial, types.FunctionType, types.MethodType, types.BuiltinFunctionType, np.ufunc)
    return isinstance(value, kinds)


def _is_of_python(cls: type) -> bool:
    return _package(cls) in sys.stdlib_module_names and _package(cls) != "__main__"


def _package(item: Any) -> str:
    return str(getattr(item, "__module__", "")).partition(".")[0]


def _array(value: Any) -> Iterator[bytes]:
    import keras

    try:
        array = np.asarray(keras.ops.convert_to_numpy(value))
        content = repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
    except Exception:  # a tensor without values, or on a device that is gone
        return
    yield f"{array.dtype} {array.shape}".encode()
    yield content


def _instructions(code: types.CodeType) -> Iterator[bytes]:
    yield code.co_code
    yield repr((code.co_names, code.co_varnames, code.co_argcount)).encode()
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _instructions(constant)
        elif isinstance(constant, frozenset):  # its order differs between processes
            yield repr(sorted(map(repr, constant))).encode()
        else:
            yield repr(constant).encode()
