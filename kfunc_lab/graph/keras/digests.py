"""Digests of what settings name but do not show: arrays, the code of functions, attributes.

Two digests are equal if what they stand for computes the same.
"""

import contextlib
import dis
import hashlib
import inspect
import types
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from kfunc_lab.graph.keras.contents import (
    code_of_class,
    contents,
    is_installed,
    is_of_keras,
    is_own_function,
    is_own_object,
)
from kfunc_lab.graph.keras.settings import constructor_defaults

_DEPTH = 6  # layers in layers
_NUMBERS = (bool, int, float, type(None))
_PLAIN = (bool, int, float, complex, str, bytes, type(None))


def settings_digests(operation: Any, config: Any) -> dict[str, str]:
    """Returns the digests of the settings of a layer or operation, by the name of the setting.

    Args:
        operation: The layer or operation.
        config: Its `configuration`.

    Returns:
        Only settings that hold an array or a function; `"class"` for the code of a custom class,
        and `".name"` for an attribute of its object that the settings do not show.
    """
    values = config if isinstance(config, Mapping) else _constructor_values(operation)
    is_own = not is_of_keras(type(operation))
    digests = {
        str(name): _digest(_hidden(operation, name, value, 0))
        for name, value in values.items()
        # A number names nothing; a text may name a function of a class of one's own.
        if _may_hide(value) or (is_own and not isinstance(value, _NUMBERS))
    }
    if is_own and not is_installed(type(operation)):
        digests["class"] = _digest_of_class(type(operation))  # type: ignore[arg-type]
        for name, value in _attributes(operation, values):
            digests[f".{name}"] = _digest(contents(value, without=operation.name))
    return {name: digest for name, digest in digests.items() if digest}


def arguments_digests(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Returns the digests of the arguments of a call, by name, as `settings_digests` does."""
    digests = {name: _digest(contents(value, plain=False)) for name, value in arguments.items()}
    return {name: digest for name, digest in digests.items() if digest}


def _constructor_values(operation: Any) -> dict[str, Any]:
    """Returns what an object holds under the names of its constructor's arguments."""
    held = vars(operation)
    names = constructor_defaults(type(operation))  # type: ignore[arg-type]
    return {name: held[name] for name in names if name in held and name != "dtype"}


def _attributes(operation: Any, shown: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yields the attributes that a custom class sets before its calls, except its settings."""
    stored = {name for ancestor in type(operation).__mro__ for name in _stored_by(ancestor)}
    for name, value in vars(operation).items():
        is_shown = name in shown or name.lstrip("_") in shown
        # TensorFlow begins its own names so.
        if name not in stored and not is_shown and not name.startswith("_self_"):
            yield name, value


@lru_cache(maxsize=1024)
def _stored_by(cls: Any) -> frozenset[str]:
    """Returns the attributes that a class of a package sets, or that each call does."""
    is_own = not (is_of_keras(cls) or is_installed(cls))
    values = (getattr(value, "__func__", value) for value in vars(cls).values())
    functions = map(inspect.unwrap, filter(inspect.isfunction, values))
    codes = [it.__code__ for it in functions if it.__name__ == "call" or not is_own]
    stored = set()
    for code in codes:
        codes += [it for it in code.co_consts if isinstance(it, types.CodeType)]
        stored |= {it.argval for it in dis.get_instructions(code) if it.opname == "STORE_ATTR"}
    return frozenset(stored)


@lru_cache(maxsize=1024)
def _digest_of_class(cls: Any) -> str:
    return _digest(code_of_class(cls))


def _may_hide(value: Any) -> bool:
    """Tells whether a value of a configuration may hold an array or name a function."""
    if type(value) in _PLAIN:
        return False
    if isinstance(value, Mapping):
        # A lambda is written as its code, alone or under "value"; a function or an object of a
        # class of one's own by its name.
        home = str(value.get("module", "keras")).partition(".")[0]
        is_named = "class_name" in value and home != "keras"
        is_code = value.get("class_name") in ("function", "__lambda__") or "value" in value
        return is_named or is_code or any(map(_may_hide, value.values()))
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
    if is_own_function(held) or is_own_object(held):
        yield from contents(held)
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
        yield from contents(value, plain=False)
