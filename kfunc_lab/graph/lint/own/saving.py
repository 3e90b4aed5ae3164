"""Finds out what saving and loading makes of the layers that a user wrote, by trying it."""

import contextlib
import io
import warnings
from collections.abc import Iterable, Iterator, Mapping
from math import prod
from typing import Any

import numpy as np

from kfunc_lab.graph.keras.contents import is_own_function, is_own_object
from kfunc_lab.graph.keras.nodes import layers_within
from kfunc_lab.graph.keras.state import preserve_keras_state

_MANY = 5_000_000  # weights


def saved_layers(model: Any) -> list[Any]:
    """Returns the layers of a model that loading builds from a configuration of their own.

    A layer that another one creates in its `__init__` is not among them: its `get_config` is
    never asked. A model that has a `get_config` of its own, such as a backbone of keras_hub,
    creates all of its layers itself.

    Args:
        model: A model or layer.

    Returns:
        The model itself and the layers, each once.
    """
    found: dict[int, Any] = {id(model): model}
    waiting = [model]
    for part in waiting:
        for inner in _described(part):
            if id(inner) not in found:
                found[id(inner)] = inner
                waiting.append(inner)
    return list(found.values())


def _described(part: Any) -> list[Any]:
    """Returns the layers that the configuration of a layer describes."""
    config = configuration_of(part)
    if config is None:  # one of its layers may have none: Keras saves them one by one
        is_plain = type(part).__module__.partition(".")[0] == "keras"
        return list(getattr(part, "layers", ())) if is_plain else []
    records = set(_records(config))
    return [
        inner
        for inner in layers_within(part)[1:]
        if records & {(type(inner).__name__, inner.name), (type(inner).__name__, None)}
    ]


def configuration_of(layer: Any) -> Mapping[str, Any] | None:
    """Returns what `get_config` returns; `None` if it does not work."""
    try:
        config = layer.get_config()
    except Exception:  # a custom layer may raise anything
        return None
    return config if isinstance(config, Mapping) else None


def _records(value: Any) -> Iterator[tuple[str, str | None]]:
    """Yields the class and name of each layer that a configuration describes."""
    if isinstance(value, Mapping):
        config = value.get("config")
        if isinstance(config, Mapping) and "class_name" in value:
            yield str(value["class_name"]), value.get("name") or config.get("name")
        for part in value.values():
            yield from _records(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _records(part)


def loaded(layer: Any, model: Any) -> Any:
    """Builds a layer from its configuration, as loading does, and restores Keras's state.

    Args:
        layer: The layer. It is not changed.
        model: The model, whose custom classes the configuration may name.

    Returns:
        The new layer, without weights; the exception if its class raises one; `None` for a layer
        that holds a large network, because its class may read the weights from a file.
    """
    import keras

    if sum(prod(weight.shape) for weight in layer.weights) > _MANY:
        return None
    known = dict(_own_objects(layers_within(model)))
    random_state = np.random.get_state()
    try:
        with preserve_keras_state(), _silence():
            record = keras.saving.serialize_keras_object(layer)
            return keras.saving.deserialize_keras_object(
                record, custom_objects=known, safe_mode=False
            )
    except Exception as error:
        return error.__cause__ if isinstance(error.__cause__, TypeError) else error
    finally:
        np.random.set_state(random_state)


def _own_objects(parts: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Yields what a person passes to loading: the classes and functions that layers use."""
    for part in parts:
        yield type(part).__name__, type(part)
        held = list(vars(part).values())
        for value in held:
            if isinstance(value, (list, tuple)):
                held += value
            elif is_own_function(value):
                yield getattr(value, "__name__", ""), value
            elif is_own_object(value):
                yield type(value).__name__, type(value)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Hides what a user's constructor prints, and its warnings."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


def differs(layer: Any, again: Any, names: Iterable[str]) -> bool:
    """Tells whether a loaded layer has other settings than the one that was saved.

    Args:
        layer: The saved layer.
        again: The loaded layer, which is not built.
        names: The arguments that the configuration omits.
    """
    one, other = _state(layer), _state(again)
    stored = [
        key for name in names for key in (name, f"_{name}") if key in one and key in other
    ]
    if stored:
        return any(one[key] != other[key] for key in stored)
    # What is None in the loaded layer is perhaps set when it is built.
    return any(other.get(key) is not None and one[key] != other[key] for key in one)


def _state(layer: Any) -> dict[str, Any]:
    """Returns what a layer and the layers that it created hold in plain attributes."""
    import keras

    with preserve_keras_state():
        usual = set(vars(keras.layers.Layer()))
    state: dict[str, Any] = {}
    for at, part in enumerate(layers_within(layer)):
        if at and part is not layer:
            config = configuration_of(part) or {}
            values = {
                key: it for key, it in config.items() if key not in ("name", "build_config")
            }
            state[f"{at}"] = _plain(values)
        else:
            state.update(
                (key, _plain(value)) for key, value in vars(part).items() if key not in usual
            )
    return {key: value for key, value in state.items() if value is not _OTHER}


_OTHER = object()


def _plain(value: Any) -> Any:
    """Returns a value that can be compared; `_OTHER` for an object of another kind."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(it) for key, it in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(it) for it in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return _OTHER
