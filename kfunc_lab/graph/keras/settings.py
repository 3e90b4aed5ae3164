"""Which of a layer's settings differ from the defaults of its class."""

import inspect
import itertools
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from kfunc_lab.ui.text import snake_case

# Said elsewhere in a graph, or true of every layer.
_LEFT_OUT = {"name", "trainable", "dtype", "batch_shape", "build_config"}

# Where the first is not given, the second takes its place: a pooling layer steps by its window.
_STANDS_IN = {"strides": "pool_size", "value_dim": "key_dim", "lora_alpha": "lora_rank"}


# Arguments that a class of Keras takes without a place in its signature.
_UNSIGNED = {"rms_scaling"}


def configuration(operation: Any) -> Mapping[str, Any] | Exception:
    """Returns what a layer or operation says of its configuration, or why it cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nothing is saved here, so nothing is unsafe
        return configuration_with_warnings(operation)


def configuration_with_warnings(operation: Any) -> Mapping[str, Any] | Exception:
    """As `configuration`, for many layers in a row, where warnings are off already."""
    try:
        config = operation.get_config()
    except Exception as error:
        # A custom layer without `get_config` raises NotImplementedError; one with a faulty
        # `get_config` may raise anything, and that must not stop a drawing.
        return error
    return config if isinstance(config, Mapping) else TypeError(type(config).__name__)


def changed_settings(
    operation: Any, config: Mapping[str, Any] | Exception | None = None
) -> dict[str, object]:
    """Returns a layer's or operation's settings that differ from its class's defaults.

    The defaults are those of the constructor's signature: nothing is built to compare with,
    so that no layer name, seed or weight comes into being.

    Args:
        operation: A Keras layer or operation.
        config: Its `configuration`, if it is known already.

    Returns:
        Settings by name, as numbers, strings, tuples and dicts; required arguments included.
        Empty where the class cannot say its configuration.
    """
    config = configuration(operation) if config is None else config
    if isinstance(config, Exception):
        return {}
    changed = _changed(config, type(operation))
    policy = dtype_name(config.get("dtype"))
    if policy is not None and policy != default_dtype():
        changed["dtype"] = policy
    return changed


def with_dependent_settings(
    changes: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Adds to changes of a configuration what follows from them where it was not chosen.

    Args:
        changes: The settings that are to be other.
        settings: Those that differ from the defaults, as `changed_settings` gives them.

    Returns:
        The changes; with the size of a pooling window also its strides, unless they were given.

    Example:
        >>> with_dependent_settings({"pool_size": 3}, {"pool_size": (2, 2)})
        {'pool_size': 3, 'strides': None}
    """
    following = {
        name: None
        for name, source in _STANDS_IN.items()
        if source in changes and name not in changes and name not in settings
    }
    return {**changes, **following}


def argument_settings(
    operation: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, object]:
    """Returns what a layer or operation was called with besides tensors.

    Args:
        operation: A Keras layer or operation.
        args: The positional arguments of the call, tensors included.
        kwargs: The named arguments of the call, tensors included.

    Returns:
        The arguments by name that hold no tensor and differ from the default, as the `2` in
        `tensor * 2`.
    """
    parameters = list(call_parameters(type(operation)))  # type: ignore[arg-type]
    positional = list(
        itertools.takewhile(
            lambda parameter: parameter.kind is not parameter.VAR_POSITIONAL, parameters
        )
    )
    named = {
        positional[position].name
        if position < len(positional)
        else f"argument {position}": value
        for position, value in enumerate(args)
    }
    defaults = {parameter.name: parameter.default for parameter in parameters}
    return {
        name: _plain(value)
        for name, value in {**named, **kwargs}.items()
        if value is not None and not _holds_tensor(value) and value is not defaults.get(name)
    }


@lru_cache(maxsize=1024)
def call_parameters(cls: Any) -> tuple[inspect.Parameter, ...]:
    """Returns the parameters of a class's `call`, without `self`."""
    try:
        parameters = inspect.signature(cls.call).parameters
    except (AttributeError, TypeError, ValueError):
        return ()
    return tuple(parameters.values())[1:]  # without `self`


def _holds_tensor(value: Any) -> bool:
    import keras

    return any(isinstance(item, keras.KerasTensor) for item in keras.tree.flatten(value))


def is_derived(name: str, value: Any, cls: type[Any], defaults: Mapping[str, Any]) -> bool:
    """Tells whether a value of a configuration is derived from a constructor's arguments.

    What Keras's own classes note beyond the arguments in their signature is derived from these,
    but for what they take by another way.
    """
    is_library = cls.__module__.partition(".")[0] == "keras"
    return is_library and name not in defaults and not (name in _UNSIGNED and value)


def _changed(config: Mapping[str, Any], cls: type[Any]) -> dict[str, object]:
    defaults = constructor_defaults(cls)  # type: ignore[arg-type]
    return {
        str(name): _plain(value)
        for name, value in config.items()
        if name not in _LEFT_OUT
        and not is_derived(name, value, cls, defaults)
        and not is_default(name, value, defaults.get(name, inspect.Parameter.empty), config)
    }


@lru_cache(maxsize=1024)
def constructor_defaults(cls: Any) -> Mapping[str, Any]:
    """Collects the constructor's defaults, from the class and those that it derives from."""
    defaults: dict[str, Any] = {}
    for ancestor in reversed(cls.__mro__):
        constructor = ancestor.__dict__.get("__init__")
        if constructor is None:
            continue
        try:
            parameters = inspect.signature(constructor).parameters.values()
        except (TypeError, ValueError):
            continue
        defaults.update({parameter.name: parameter.default for parameter in parameters})
    return defaults


def is_default(name: str, value: Any, default: Any, config: Mapping[str, Any]) -> bool:
    """Tells whether a value of a configuration is the one that its default stands for."""
    if default is inspect.Parameter.empty:
        return False
    if value is None or _equal(value, default):
        return value is default or _equal(value, default)
    if default is None:
        return _is_what_none_stands_for(name, value, config)
    if isinstance(default, str) and isinstance(value, Mapping):
        return _names_the_same_object(value, default)
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        expected = default if isinstance(default, Sequence) else [default] * len(value)
        return _equal(list(value), list(expected))
    return False


def _is_what_none_stands_for(name: str, value: Any, config: Mapping[str, Any]) -> bool:
    if value is False or _equal(value, {}):
        return True
    if name == "activation":
        return bool(value == "linear")
    if name == "data_format":
        import keras

        return bool(value == keras.config.image_data_format())
    return name in _STANDS_IN and _equal(_plain(value), _plain(config.get(_STANDS_IN[name])))


def _equal(value: Any, default: Any) -> bool:
    try:
        return bool(value == default)
    except Exception:
        # Arrays have no single truth, and a class of the user's may raise anything.
        return False


def _names_the_same_object(value: Mapping[str, Any], default: str) -> bool:
    """Tells whether a serialised object, as an initializer, is the one that a name means."""
    class_name, inner = value.get("class_name"), value.get("config")
    if not isinstance(class_name, str):
        return False
    # "uniform" is short for "random_uniform".
    meant = snake_case(class_name)
    if default.lower() not in (meant, meant.removeprefix("random_")):
        return False
    return not isinstance(inner, Mapping) or not _described(class_name, inner)


def _described(class_name: str, config: Mapping[str, Any]) -> dict[str, object]:
    import keras

    for home in (keras.initializers, keras.layers, keras.regularizers, keras.constraints):
        cls = getattr(home, class_name, None)
        if isinstance(cls, type):
            return _changed(config, cls)
    return {name: _plain(value) for name, value in config.items() if name not in _LEFT_OUT}


def _plain(value: Any) -> object:
    """Turns a configuration value into numbers, strings, tuples and dicts."""
    if isinstance(value, Mapping):
        class_name, config = value.get("class_name"), value.get("config")
        if class_name == "__lambda__" or _is_code(value):
            return "<lambda>"
        if not isinstance(class_name, str):
            return {str(key): _plain(item) for key, item in value.items()}
        if class_name == "__tuple__":
            return tuple(_plain(item) for item in value.get("items", ()))
        if isinstance(config, str):  # a function, by its name
            return config
        inner = _described(class_name, config) if isinstance(config, Mapping) else {}
        arguments = ", ".join(f"{key}={item!r}" for key, item in inner.items())
        return f"{class_name}({arguments})"
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item) for item in value)
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if isinstance(value, slice):
        ends = [value.start, value.stop, *([] if value.step is None else [value.step])]
        return ":".join("" if end is None else str(_plain(end)) for end in ends)
    if value is Ellipsis:
        return "..."
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        if isinstance(value, np.generic):
            return _plain(value.item())
        return f"array{tuple(value.shape)}"
    # Anything else could print its address in memory.
    return f"<{type(value).__name__}>"


def _is_code(value: Mapping[str, Any]) -> bool:
    """Tells whether this is how Keras serialises a lambda: its code, defaults and closure."""
    parts = value.get("value")
    return (
        set(value) == {"value"}
        and isinstance(parts, (list, tuple))
        and len(parts) == 3
        and isinstance(parts[0], str)
    )


def dtype_name(dtype: Any) -> str | None:
    """Returns the name of a type or of a policy, as a configuration has it."""
    if isinstance(dtype, Mapping):
        inner = dtype.get("config")
        if not isinstance(inner, Mapping):
            return None
        if "mode" in inner and "source_name" in inner:
            return f"{inner['mode']}_from_{inner['source_name']}"
        return str(inner["name"]) if "name" in inner else None
    return dtype if isinstance(dtype, str) else None


def default_dtype() -> str:
    """Returns the name of the policy that layers get unless they are told another."""
    import keras

    return str(keras.config.dtype_policy().name)
