"""Finds the settings of a layer that differ from the defaults of its class."""

import inspect
import itertools
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from kfunc_lab.ui.text import snake_case

# These settings appear elsewhere in a graph, or every layer has them.
_OMITTED = {"name", "trainable", "dtype", "batch_shape", "build_config"}

# The setting that is used if the first one is `None`: pooling strides equal the window.
_FALLBACKS = {"strides": "pool_size", "value_dim": "key_dim", "lora_alpha": "lora_rank"}

# Arguments that Keras's classes accept although their signatures do not list them.
_UNLISTED = {"rms_scaling"}


def configuration(operation: Any) -> Mapping[str, Any] | Exception:
    """Returns the configuration of a layer or operation, or the error that it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nothing is saved here, so nothing is unsafe
        return configuration_with_warnings(operation)


def configuration_with_warnings(operation: Any) -> Mapping[str, Any] | Exception:
    """Does what `configuration` does, but leaves it to the caller to silence warnings."""
    try:
        config = operation.get_config()
    except Exception as error:
        # A custom layer without `get_config` raises NotImplementedError; one with a faulty
        # `get_config` may raise anything. Neither may stop a drawing.
        return error
    return config if isinstance(config, Mapping) else TypeError(type(config).__name__)


def changed_settings(
    operation: Any, config: Mapping[str, Any] | Exception | None = None
) -> dict[str, object]:
    """Returns the settings of a layer or operation that differ from the defaults of its class.

    The defaults come from the signature of the constructor. No object is created to compare with,
    so no layer name, seed or weight is used up.

    Args:
        operation: A Keras layer or operation.
        config: Its `configuration`, if already known.

    Returns:
        Settings by name, as numbers, strings, tuples and dicts, including required arguments. If
        the class cannot return its configuration, what the object holds of them.
    """
    config = configuration(operation) if config is None else config
    if isinstance(config, Exception):
        config = held_arguments(operation)
    changed = _changed(config, type(operation))
    policy = dtype_name(config.get("dtype"))
    if policy is not None and policy != default_dtype():
        changed["dtype"] = policy
    return changed


def held_arguments(operation: Any) -> dict[str, Any]:
    """Returns the constructor arguments that an object holds under their names.

    Only numbers, strings, arrays and tuples or lists of numbers and strings: nothing else is sure
    to be what the constructor got.
    """
    names = constructor_defaults(type(operation))  # type: ignore[arg-type]
    held = {name: vars(operation).get(name) for name in names if name not in _OMITTED}
    return {name: value for name, value in held.items() if _is_value(value)}


def _is_value(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(isinstance(item, (bool, int, float, str)) for item in value)
    return isinstance(value, (bool, int, float, str, np.ndarray, np.generic))


def with_dependent_settings(
    changes: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Adds to changes the settings that depend on them and were not chosen.

    Args:
        changes: The settings that change.
        settings: The settings that differ from the defaults, from `changed_settings`.

    Returns:
        The changes; a new pooling window, for example, also resets strides that were not set.

    Example:
        >>> with_dependent_settings({"pool_size": 3}, {"pool_size": (2, 2)})
        {'pool_size': 3, 'strides': None}
    """
    following = {
        name: None
        for name, source in _FALLBACKS.items()
        if source in changes and name not in changes and name not in settings
    }
    return {**changes, **following}


def argument_settings(
    operation: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    tensors: Sequence[Any] = (),
) -> dict[str, object]:
    """Returns the arguments of a call that its inputs do not tell.

    Args:
        operation: A Keras layer or operation.
        args: The positional arguments of the call, including tensors.
        kwargs: The keyword arguments of the call, including tensors.
        tensors: The inputs of the call, in order; other tensors are left out.

    Returns:
        The arguments by name that differ from the default, such as the `2` in `tensor * 2` or
        `training`. A tensor is the number of the input, as in `{"mask": "input 2"}`; arguments
        that are the inputs in their order are left out.
    """
    named = named_arguments(operation, args, kwargs)
    numbers: dict[int, int] = {}
    for number, tensor in enumerate(tensors, start=1):
        numbers.setdefault(id(tensor), number)
    ordered = _arguments_in_order(operation, named, tensors)
    return {
        name: _plain(_with_numbers(value, numbers))
        for name, value in named.items()
        if name not in ordered
        and not _is_default_of_call(operation, name, value)
        and not _holds_other_tensor(value, numbers)
    }


def named_arguments(
    operation: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the arguments of a call by the names of its parameters, in their order."""
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
    known = [parameter.name for parameter in parameters if parameter.name in kwargs]
    return {**named, **{name: kwargs[name] for name in known}, **kwargs}


def _arguments_in_order(
    operation: Any, named: Mapping[str, Any], tensors: Sequence[Any]
) -> set[str]:
    """Returns the first arguments that are just the inputs: tensors, or one list of tensors."""
    parameters = call_parameters(type(operation))  # type: ignore[arg-type]
    waiting = list(tensors)
    ordered: set[str] = set()
    for position, (name, value) in enumerate(named.items()):
        expected = parameters[position].name if position < len(parameters) else name
        if name not in (expected, f"argument {position}"):
            break  # a parameter before this one has its default
        if not _is_default_of_call(operation, name, value) and not _holds_tensor(value):
            continue  # a constant, which is listed
        items = list(value) if isinstance(value, (list, tuple)) and not ordered else [value]
        if len(items) > len(waiting) or not items:
            break
        if any(item is not tensor for item, tensor in zip(items, waiting, strict=False)):
            break
        ordered.add(name)
        waiting = waiting[len(items) :]
    return ordered


def _is_default_of_call(operation: Any, name: str, value: Any) -> bool:
    parameters = call_parameters(type(operation))  # type: ignore[arg-type]
    defaults = {parameter.name: parameter.default for parameter in parameters}
    return value is None or value is defaults.get(name)


def _holds_tensor(value: Any) -> bool:
    import keras

    return any(isinstance(item, keras.KerasTensor) for item in keras.tree.flatten(value))


def _with_numbers(value: Any, numbers: Mapping[int, int]) -> Any:
    """Replaces the tensors in an argument by the numbers of the inputs."""
    if isinstance(value, Mapping):
        return {key: _with_numbers(item, numbers) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_numbers(item, numbers) for item in value]
    return f"input {numbers[id(value)]}" if id(value) in numbers else value


def _holds_other_tensor(value: Any, numbers: Mapping[int, int]) -> bool:
    """Tells whether an argument holds a tensor that is no input: a mask that Keras passes along."""
    import keras

    return any(
        isinstance(item, keras.KerasTensor) and id(item) not in numbers
        for item in keras.tree.flatten(value)
    )


@lru_cache(maxsize=1024)
def call_parameters(cls: Any) -> tuple[inspect.Parameter, ...]:
    """Returns the parameters of a class's `call`, without `self`."""
    try:
        parameters = inspect.signature(cls.call).parameters
    except (AttributeError, TypeError, ValueError):
        return ()
    return tuple(parameters.values())[1:]  # without `self`


def is_derived(name: str, value: Any, cls: type[Any], defaults: Mapping[str, Any]) -> bool:
    """Tells whether a value of a configuration is derived from constructor arguments.

    In Keras's own classes these are the entries that are not arguments in the signature, except
    for unlisted arguments.
    """
    is_library = cls.__module__.partition(".")[0] == "keras"
    return is_library and name not in defaults and not (name in _UNLISTED and value)


def _changed(config: Mapping[str, Any], cls: type[Any]) -> dict[str, object]:
    defaults = constructor_defaults(cls)  # type: ignore[arg-type]
    return {
        str(name): _plain(value)
        for name, value in config.items()
        if name not in _OMITTED
        and not is_derived(name, value, cls, defaults)
        and not is_default(name, value, defaults.get(name, inspect.Parameter.empty), config)
    }


@lru_cache(maxsize=1024)
def constructor_defaults(cls: Any) -> Mapping[str, Any]:
    """Collects the defaults of the constructor, from the class and its base classes."""
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
    """Tells whether a value of a configuration equals its default."""
    if default is inspect.Parameter.empty:
        return False
    if _equal(value, default):
        return True
    if value is None:
        return False
    if default is None:
        return _equals_none_default(name, value, config)
    if isinstance(default, str) and isinstance(value, Mapping):
        return _matches_name(value, default)
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        expected = default if isinstance(default, Sequence) else [default] * len(value)
        return _equal(list(value), list(expected))
    return False


def _equals_none_default(name: str, value: Any, config: Mapping[str, Any]) -> bool:
    if value is False or _equal(value, {}):
        return True
    if name == "activation":
        return bool(value == "linear")
    if name == "data_format":
        import keras

        return bool(value == keras.config.image_data_format())
    return name in _FALLBACKS and _equal(_plain(value), _plain(config.get(_FALLBACKS[name])))


def _equal(value: Any, default: Any) -> bool:
    try:
        return bool(value == default)
    except Exception:
        # Arrays have no single truth value, and a custom class may raise anything.
        return False


def _matches_name(value: Mapping[str, Any], default: str) -> bool:
    """Tells whether a serialised object, such as an initializer, is the one that a name means."""
    class_name, inner = value.get("class_name"), value.get("config")
    if not isinstance(class_name, str):
        return False
    # "uniform" is short for "random_uniform".
    name = snake_case(class_name)
    if default.lower() not in (name, name.removeprefix("random_")):
        return False
    return not isinstance(inner, Mapping) or not _changed_arguments(class_name, inner)


def _changed_arguments(class_name: str, config: Mapping[str, Any]) -> dict[str, object]:
    import keras

    for home in (keras.initializers, keras.layers, keras.regularizers, keras.constraints):
        cls = getattr(home, class_name, None)
        if isinstance(cls, type):
            return _changed(config, cls)
    return {name: _plain(value) for name, value in config.items() if name not in _OMITTED}


def _plain(value: Any) -> object:
    """Converts a configuration value to numbers, strings, tuples and dicts."""
    if isinstance(value, Mapping):
        class_name, config = value.get("class_name"), value.get("config")
        if class_name == "__lambda__" or _is_code(value):
            return "<lambda>"
        if not isinstance(class_name, str):
            return {str(key): _plain(item) for key, item in value.items()}
        if class_name == "__tuple__":
            return tuple(_plain(item) for item in value.get("items", ()))
        if isinstance(config, str):  # the name of a function
            return config
        if isinstance(config, Mapping) and isinstance(config.get("layers"), (list, tuple)):
            return class_name  # a model: the graph shows its layers, with names of their own
        inner = _changed_arguments(class_name, config) if isinstance(config, Mapping) else {}
        arguments = ", ".join(f"{key}={item!r}" for key, item in inner.items())
        return f"{class_name}({arguments})"
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item) for item in value)
    value = without_numpy(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (complex, bytes, range)):
        return repr(value)
    if isinstance(value, slice):
        ends = [value.start, value.stop, *([] if value.step is None else [value.step])]
        return ":".join("" if end is None else str(_plain(end)) for end in ends)
    if value is Ellipsis:
        return "..."
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"array{tuple(value.shape)}"
    # Other objects could print their memory addresses.
    return f"<{type(value).__name__}>"


def without_numpy(value: Any) -> Any:
    """Returns the number or text that a scalar of NumPy or of a backend holds, else the value.

    Example:
        >>> without_numpy(np.float64(0.5)), without_numpy(np.array("a")), without_numpy([1])
        (0.5, 'a', [1])
    """
    import keras

    if getattr(value, "shape", None) != () or not hasattr(value, "dtype"):
        return value
    if isinstance(value, (keras.Variable, keras.KerasTensor)):
        return value
    try:
        return np.asarray(keras.ops.convert_to_numpy(value)).item()
    except Exception:  # a tensor without values, or on a device that is gone
        return value


def _is_code(value: Mapping[str, Any]) -> bool:
    """Tells whether a value is a lambda as Keras serialises it: code, defaults and closure."""
    parts = value.get("value")
    return (
        set(value) == {"value"}
        and isinstance(parts, (list, tuple))
        and len(parts) == 3
        and isinstance(parts[0], str)
    )


def dtype_name(dtype: Any) -> str | None:
    """Returns the name of a dtype or dtype policy in a configuration."""
    if isinstance(dtype, Mapping):
        inner = dtype.get("config")
        if not isinstance(inner, Mapping):
            return None
        if "mode" in inner and "source_name" in inner:
            return f"{inner['mode']}_from_{inner['source_name']}"
        return str(inner["name"]) if "name" in inner else None
    return dtype if isinstance(dtype, str) else None


def default_dtype() -> str:
    """Returns the name of the default dtype policy."""
    import keras

    return str(keras.config.dtype_policy().name)
