"""Writes raw operations as calls of Keras's public functions."""

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from kfunc_lab.graph.keras.code.literals import NotWritableError
from kfunc_lab.graph.keras.settings import call_parameters, configuration
from kfunc_lab.locale import _

# Functions that are not named like their operation.
_OTHER_NAMES = {
    "BatchNorm": "batch_normalization",
    "LayerNorm": "layer_normalization",
    "RMSNorm": "rms_normalization",
}
_NO_VALUE = object()


def function_name(cls: Any) -> str:
    """Returns the name of a raw operation's public function, such as `"ops.add"`.

    Raises:
        NotWritableError: If Keras has no such function.
    """
    return _function_and_name(cls)[1]


def function_arguments(node: Any) -> tuple[list[Any], dict[str, Any]]:
    """Returns the arguments with which the public function makes a call of a raw operation.

    Args:
        node: Keras's record of the call.

    Returns:
        The positional and the named arguments, without those that equal their defaults.

    Raises:
        NotWritableError: If the function does not take a setting of the operation.
    """
    cls: Any = type(node.operation)
    function, name = _function_and_name(cls)
    wanted = inspect.signature(function).parameters
    given = _settings(node.operation)
    tail: list[Any] = []
    call = call_parameters(cls)
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in call):
        tail = list(node.arguments.args)
    else:
        given.update(zip((it.name for it in call), node.arguments.args, strict=False))
    given.update(node.arguments.kwargs)
    unknown = {
        key
        for key, value in given.items()
        if key not in wanted and not _is_unset(value, _default_of(cls, key))
    }
    if unknown:
        raise NotWritableError(
            _("{function} does not take {names}").format(
                function=name, names=", ".join(sorted(unknown))
            )
        )
    positional: list[Any] = []
    for parameter in wanted.values():
        if parameter.name not in given or parameter.kind is parameter.KEYWORD_ONLY:
            break
        if parameter.default is not parameter.empty and not _holds_tensor(
            given[parameter.name]
        ):
            break
        positional.append(given.pop(parameter.name))
    named = {
        key: value
        for key, value in given.items()
        if key in wanted and not _is_unset(value, wanted[key].default)
    }
    return [*positional, *tail], named


def _settings(operation: Any) -> dict[str, Any]:
    """Returns the settings of a raw operation, by the names of the constructor's arguments."""
    config = configuration(operation)
    if not isinstance(config, Exception):
        return {key: value for key, value in config.items() if key != "name"}
    # Keras records only plain settings; its operations keep them all as attributes.
    names = inspect.signature(type(operation).__init__).parameters
    held = vars(operation)
    return {key: held[key] for key in names if key in held and key != "name"}


def _default_of(cls: Any, key: str) -> Any:
    parameter = inspect.signature(cls.__init__).parameters.get(key)
    return _NO_VALUE if parameter is None else parameter.default


def _is_unset(value: Any, default: Any) -> bool:
    if value is default:
        return True
    plain = isinstance(value, (bool, int, float, str, tuple, list))
    return plain and type(value) is type(default) and bool(value == default)


def _holds_tensor(value: Any) -> bool:
    import keras

    return any(isinstance(item, keras.KerasTensor) for item in keras.tree.flatten(value))


@lru_cache(maxsize=1024)
def _function_and_name(cls: Any) -> tuple[Callable[..., Any], str]:
    import keras

    target = _OTHER_NAMES.get(cls.__name__, cls.__name__).lower().replace("_", "")
    home = cls.__module__.rpartition(".")[2]
    modules: list[tuple[str, Any]] = [("ops", keras.ops)]
    if hasattr(keras.ops, home):
        modules.insert(0, (f"ops.{home}", getattr(keras.ops, home)))
    if home in ("activations", "quantizers"):
        modules.append((f"keras.{home}", getattr(keras, home)))
    for prefix, module in reversed(modules):
        for name in dir(module):
            if name.replace("_", "") == target and inspect.isfunction(getattr(module, name)):
                return getattr(module, name), f"{prefix}.{name}"
    raise NotWritableError(
        _("Keras has no public function for the operation {name}").format(name=cls.__name__)
    )
