"""Constructors in followed code: `keras.Input`, layers, wrappers and models."""

import inspect
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from kfunc_lab.graph.keras.nodes import functional_of
from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.mistakes.ahead.layers import (
    RECURRENT,
    KnownCalls,
    applied_in_turn,
    as_model,
    model_of,
)
from kfunc_lab.mistakes.ahead.values import (
    UNKNOWN,
    MisfitError,
    NewLayer,
    NewModel,
    NewSequential,
    Tensor,
    is_open,
)
from kfunc_lab.mistakes.ahead.variables import is_plain
from kfunc_lab.shapes.rules.formulas import rule_of

# The functions that create a layer and call it at once.
_FUNCTIONS = {
    "add": "Add", "subtract": "Subtract", "multiply": "Multiply", "average": "Average",
    "maximum": "Maximum", "minimum": "Minimum", "concatenate": "Concatenate", "dot": "Dot",
}  # fmt: skip


def is_layer_class(value: Any) -> bool:
    """Tells whether a value is a class of layers."""
    import keras

    return isinstance(value, type) and issubclass(value, keras.layers.Layer)


def merging_function(value: Any) -> str:
    """Returns the class of a function such as `layers.add`; empty for any other value."""
    import keras

    name = getattr(value, "__name__", "") if inspect.isfunction(value) else ""
    if name in _FUNCTIONS and getattr(keras.layers, name, None) is value:
        return _FUNCTIONS[name]
    return ""


def new_input(function: Any, arguments: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Returns the tensor that `keras.Input` returns."""
    bound = _bound(function, arguments, named)
    shape: Any = bound.get("shape")
    batch: Any = bound.get("batch_size")
    whole = bound.get("batch_shape")
    if isinstance(whole, (list, tuple)) and whole:
        batch, *shape = whole
    if is_open(shape) or is_open(batch):
        return UNKNOWN
    sizes_are_known = isinstance(shape, (list, tuple)) and all(
        size is None or (type(size) is int and size >= 0) for size in shape
    )
    if not sizes_are_known:
        raise MisfitError
    dtype = bound.get("dtype")
    return Tensor((batch, *shape), dtype if isinstance(dtype, str) else "float32", True)


def created(
    cls: Any, arguments: Sequence[Any], named: Mapping[str, Any], known: KnownCalls
) -> Any:
    """Returns the layer or the model that a class creates.

    Raises:
        MisfitError: If Keras would refuse the arguments.
    """
    import keras

    if cls is keras.layers.InputLayer:
        return new_input(keras.Input, arguments, named)
    if issubclass(cls, keras.Sequential):
        return _sequential(arguments, named, known)
    if issubclass(cls, keras.Model):
        return _model(cls, arguments, named)
    kind, library = cls.__name__, cls.__module__.partition(".")[0] == "keras"
    if not library:
        return NewLayer(kind, {}, library=False)
    settings = _bound(cls, arguments, named)
    inner = settings.get("layer")
    if inner is UNKNOWN:
        return NewLayer(kind, {}, library=False)
    if isinstance(inner, (NewModel, NewLayer)) or functional_of(inner) is not None:
        return _wrapper(kind, inner, settings)
    wanted = _wanted(kind, settings)
    # A layer that prepares data may read its vocabulary when it is created.
    is_light = "preprocessing" not in cls.__module__ and is_plain(list(settings.values()))
    if is_light and not accepts(cls, _hashable(settings)):
        raise MisfitError
    return NewLayer(kind, wanted)


def _wanted(kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings that a shape rule reads."""
    wanted = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in settings.items()
        if is_plain(value) and name != "name" and name != "dtype"
    }
    return wanted


def _hashable(settings: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((name, _frozen(value)) for name, value in settings.items() if name != "name")


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value


@lru_cache(maxsize=2000)
def accepts(cls: Any, settings: tuple[tuple[str, Any], ...]) -> bool:
    """Tells whether a layer class of Keras accepts settings."""
    try:
        with preserve_keras_state():
            cls(**dict(settings))
    except Exception:  # Keras refuses them
        return False
    return True


def _bound(function: Any, arguments: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    try:
        signature = inspect.signature(function)
        bound = signature.bind(*arguments, **named)
    except ValueError:
        return {}
    except TypeError as error:
        raise MisfitError from error
    values = dict(bound.arguments)
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            values |= values.pop(name, {})
    return values


def _wrapper(kind: str, inner: Any, settings: Mapping[str, Any]) -> NewLayer:
    """Returns a layer around another one, with that one written as a setting."""
    if not isinstance(inner, NewLayer):
        return NewLayer(kind, {}, inner=as_model(inner))
    if kind == "Bidirectional" and inner.library and inner.kind not in RECURRENT:
        raise MisfitError
    if not inner.library or rule_of(inner.kind) is None:
        return NewLayer(kind, {}, library=False)
    words = ", ".join(f"{name}={value!r}" for name, value in inner.settings.items())
    own = _wanted(kind, {key: item for key, item in settings.items() if key != "layer"})
    return NewLayer(kind, {**own, "layer": f"{inner.kind}({words})"}, inner=inner)


def _model(cls: Any, arguments: Sequence[Any], named: Mapping[str, Any]) -> Any:
    import keras

    if cls is not keras.Model:
        return UNKNOWN
    values = dict(zip(("inputs", "outputs"), arguments, strict=False)) | dict(named)
    if "inputs" not in values or "outputs" not in values:
        return UNKNOWN
    return model_of(values["inputs"], values["outputs"])


def _sequential(
    arguments: Sequence[Any], named: Mapping[str, Any], known: KnownCalls
) -> NewSequential:
    listed = arguments[0] if arguments else named.get("layers")
    chain = NewSequential()
    for layer in listed if isinstance(listed, (list, tuple)) else []:
        grow(chain, layer, known)
    return chain


def grow(chain: NewSequential, layer: Any, known: KnownCalls) -> None:
    """Adds a layer to a Sequential model."""
    if layer is UNKNOWN:
        chain.output, chain.model = UNKNOWN, None
        return
    if isinstance(layer, NewLayer) and chain.output is None:
        shape = layer.settings.get("input_shape")
        if isinstance(shape, tuple):
            chain.output = Tensor((None, *shape), is_input=True)
            chain.model = NewModel(chain.output, chain.output)
    if isinstance(layer, Tensor) and chain.output is None:
        chain.output = layer
        chain.model = NewModel(layer, layer)
        return
    chain.output = applied_in_turn([layer], chain.output, known)
    if chain.model is not None:
        chain.model.outputs = chain.output
