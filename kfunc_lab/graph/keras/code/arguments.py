"""What the constructors of classes take, and whether a written call makes the same object."""

import inspect
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from kfunc_lab.graph.keras.settings import configuration, constructor_defaults
from kfunc_lab.graph.keras.state import preserve_keras_state

# Whether an expression of a class with such arguments made an equal object.
_TRIED: dict[tuple[Any, ...], bool] = {}


@lru_cache(maxsize=1024)
def required_arguments(cls: Any) -> tuple[str, ...]:
    """Returns the leading arguments of the constructor that have no default."""
    names = []
    for parameter in _parameters(cls):
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.POSITIONAL_ONLY):
            break
        if parameter.default is not inspect.Parameter.empty:
            break
        names.append(parameter.name)
    return tuple(names)


@lru_cache(maxsize=1024)
def accepted_arguments(cls: Any) -> frozenset[str]:
    """Returns the names that a constructor takes, by itself or for the class it extends."""
    names: set[str] = set()
    for ancestor in cls.__mro__:
        if "__init__" not in ancestor.__dict__ or ancestor is object:
            continue
        if ancestor.__module__.partition(".")[0] == "keras":
            return frozenset({*names, *constructor_defaults(ancestor)})
        parameters = _parameters(ancestor)
        names |= {
            parameter.name
            for parameter in parameters
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        }
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
        # It may take others out of its **kwargs, by their names.
        code = getattr(ancestor.__init__, "__code__", None)
        names |= {it for it in getattr(code, "co_consts", ()) if isinstance(it, str)}
    return frozenset(names)


@lru_cache(maxsize=1024)
def own_arguments(cls: Any) -> frozenset[str]:
    """Returns the arguments that a class declares outside Keras."""
    return frozenset(
        parameter.name
        for ancestor in cls.__mro__
        if "__init__" in ancestor.__dict__ and ancestor.__module__.partition(".")[0] != "keras"
        for parameter in _parameters(ancestor)
    )


@lru_cache(maxsize=1024)
def constructor_is_newer(cls: Any) -> bool:
    """Tells whether a class changes the constructor of a class whose `get_config` it keeps."""
    order = list(cls.__mro__)
    constructor = next(it for it in order if "__init__" in it.__dict__)
    getter = next((it for it in order if "get_config" in it.__dict__), order[-1])
    return order.index(constructor) < order.index(getter)


@lru_cache(maxsize=1024)
def takes_any_number(cls: Any) -> bool:
    """Tells whether a constructor takes any number of arguments by position."""
    return any(it.kind is it.VAR_POSITIONAL for it in _parameters(cls))


@lru_cache(maxsize=1024)
def restores_itself(cls: Any) -> bool:
    """Tells whether a class, or one that it extends outside Keras, defines `from_config`."""
    home = next((it for it in cls.__mro__ if "from_config" in it.__dict__), object)
    return home is not object and home.__module__.partition(".")[0] != "keras"


def same_as_made(expression: str, cls: Any, config: Mapping[str, Any]) -> bool:
    """Tells whether the expression of an object of Keras makes one of the same configuration.

    It is run, without weights and without a trace, once for a class with such arguments. What
    names anything of a user's is not run, and taken to be right.
    """
    import keras
    import numpy as np

    arguments = ((name, type(value).__name__, value is None) for name, value in config.items())
    key = (cls, expression.partition("(")[0], *arguments)
    if key not in _TRIED:
        space = {"keras": keras, "layers": keras.layers, "ops": keras.ops, "np": np}
        _TRIED[key] = _makes(expression, space, config)
    return _TRIED[key]


def _makes(expression: str, space: dict[str, Any], config: Mapping[str, Any]) -> bool:
    try:
        with preserve_keras_state():
            again = configuration(eval(expression, space))  # noqa: S307
    except NameError:
        return True
    except Exception:
        return False
    return not isinstance(again, Exception) and all(
        _plain(again[name]) == _plain(value)
        for name, value in config.items()
        if name in again and name not in ("name", "dtype")
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if key != "build_config"}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


@lru_cache(maxsize=1024)
def _parameters(cls: Any) -> tuple[inspect.Parameter, ...]:
    try:
        return tuple(inspect.signature(cls.__init__).parameters.values())[1:]
    except (TypeError, ValueError):
        return ()
