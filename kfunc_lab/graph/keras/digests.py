"""Digests of what settings name but do not show: the values of arrays and the code of functions.

Two digests are equal if the values are equal. A digest of code does not depend on the file, the
line or the names of local variables' scopes, so a cell that runs again gives equal digests; it
depends on the version of Python.
"""

import contextlib
import hashlib
import inspect
import types
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import takewhile
from typing import Any

import numpy as np

from kfunc_lab.graph.keras.settings import held_arguments

_DEPTH = 6  # functions that call functions, and layers in layers
_NUMBERS = (bool, int, float, type(None))
_PLAIN = (bool, int, float, complex, str, bytes, type(None))


def settings_digests(operation: Any, config: Any) -> dict[str, str]:
    """Returns the digests of the settings of a layer or operation, by the name of the setting.

    Args:
        operation: The layer or operation.
        config: Its `configuration`.

    Returns:
        Only settings that hold an array or a function; `"class"` for the code of a custom class.
    """
    values = config if isinstance(config, Mapping) else held_arguments(operation)
    is_own = not _is_of_keras(type(operation))
    digests = {
        str(name): _digest(_hidden(operation, name, value, 0))
        for name, value in values.items()
        # A number names nothing; a text may name a function of a class of one's own.
        if _may_hide(value) or (is_own and not isinstance(value, _NUMBERS))
    }
    digests["class"] = _digest_of_class(type(operation))  # type: ignore[arg-type]
    return {name: digest for name, digest in digests.items() if digest}


def arguments_digests(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Returns the digests of the arguments of a call, by name, as `settings_digests` does."""
    digests = {name: _digest(_contents(value, 0)) for name, value in arguments.items()}
    return {name: digest for name, digest in digests.items() if digest}


def _may_hide(value: Any) -> bool:
    """Tells whether a value of a configuration may hold an array or name a function."""
    if type(value) in _PLAIN:
        return False
    if isinstance(value, Mapping):
        # A lambda is written as its code, alone or under "value".
        is_code = value.get("class_name") in ("function", "__lambda__") or "value" in value
        return is_code or any(map(_may_hide, value.values()))
    return not isinstance(value, (list, tuple)) or any(map(_may_hide, value))


def _digest(parts: Iterable[bytes]) -> str:
    made, is_empty = hashlib.blake2b(digest_size=8), True
    with contextlib.suppress(Exception):  # an object of a custom class may raise anything
        for part in parts:
            made.update(len(part).to_bytes(8, "little") + part)
            is_empty = False
    return "" if is_empty else made.hexdigest()


def _hidden(holder: Any, name: Any, value: Any, depth: int) -> Iterator[bytes]:
    """Yields the arrays of a setting, and the code of the functions that its holder has.

    A configuration names a function; the holder has the function itself, in an attribute.
    """
    held = getattr(holder, name, None) if isinstance(name, str) else None
    if _is_function(held):
        yield from _contents(held, depth)
    elif isinstance(value, Mapping) and depth < _DEPTH:
        inner = value.get("config")
        inner = inner if isinstance(inner, Mapping) else value
        for key, item in inner.items():
            yield from _hidden(held, key, item, depth + 1)
    elif isinstance(value, (list, tuple)) and depth < _DEPTH:
        items = held if isinstance(held, (list, tuple)) and len(held) == len(value) else value
        for item, own in zip(value, items, strict=True):
            yield from _hidden(types.SimpleNamespace(item=own), "item", item, depth + 1)
    else:
        yield from _contents(value, depth)


def _contents(value: Any, depth: int) -> Iterator[bytes]:
    """Yields the values of arrays and the code of functions in a value."""
    import keras

    if depth > _DEPTH or isinstance(value, (*_PLAIN, keras.KerasTensor, keras.Variable)):
        return  # the text of a setting shows plain values
    if isinstance(value, Mapping):
        for key, item in value.items():
            for part in _contents(item, depth + 1):
                yield from (str(key).encode(), part)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for position, item in enumerate(value):
            for part in _contents(item, depth + 1):
                yield from (str(position).encode(), part)
    elif hasattr(value, "shape") and hasattr(value, "dtype"):
        yield from _array(value)
    elif _is_function(value):
        yield from _code(value, depth)


def _array(value: Any) -> Iterator[bytes]:
    import keras

    try:
        array = np.asarray(keras.ops.convert_to_numpy(value))
        content = repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
    except Exception:  # a tensor without values, or on a device that is gone
        return
    yield f"{array.dtype} {array.shape}".encode()
    yield content


# ---------------------------------------------------------------------------------------------
# Code


def _is_function(value: Any) -> bool:
    """Tells whether a value is a person's function, and not one of Keras or of a library in C."""
    while isinstance(value, (partial, types.MethodType)):
        value = value.func if isinstance(value, partial) else value.__func__
    return isinstance(value, types.FunctionType) and not _is_of_keras(value)


def _is_of_keras(item: Any) -> bool:
    return str(getattr(item, "__module__", "")).partition(".")[0] == "keras"


def _code(function: Any, depth: int) -> Iterator[bytes]:
    if isinstance(function, partial):
        yield from _named_values((*enumerate(function.args), *function.keywords.items()), depth)
        yield from _code(function.func, depth)
        return
    if isinstance(function, types.MethodType):
        function = function.__func__
    code = function.__code__
    yield from _instructions(code)
    yield from _named_values(enumerate(function.__defaults__ or ()), depth)
    yield from _named_values((function.__kwdefaults__ or {}).items(), depth)
    with contextlib.suppress(ValueError):  # a variable without a value
        yield from _named_values(_variables_around(function).items(), depth)


def _variables_around(function: Any) -> dict[str, Any]:
    outer = inspect.getclosurevars(function)
    return {**outer.nonlocals, **outer.globals}


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


def _named_values(items: Any, depth: int) -> Iterator[bytes]:
    for name, value in items:
        if isinstance(value, _PLAIN):
            yield f"{name}={value!r}".encode()
        elif depth < _DEPTH:
            for part in _contents(value, depth + 1):
                yield from (str(name).encode(), part)


@lru_cache(maxsize=1024)
def _digest_of_class(cls: Any) -> str:
    return _digest(_code_of_class(cls))


def _code_of_class(cls: type) -> Iterator[bytes]:
    """Yields the code of a custom class and of its bases, up to Keras's."""
    for ancestor in takewhile(lambda ancestor: not _is_of_keras(ancestor), cls.__mro__):
        for name, value in vars(ancestor).items():
            function = (
                value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
            )
            if isinstance(function, types.FunctionType):
                yield name.encode()
                yield from _instructions(function.__code__)
