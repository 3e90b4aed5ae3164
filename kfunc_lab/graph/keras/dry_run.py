"""Runs a copy of a layer symbolically with other shapes or settings."""

import contextlib
import inspect
import warnings
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from kfunc_lab.graph.keras.masks import arguments_without_masks, passed_masks
from kfunc_lab.graph.keras.nodes import (
    layers_within,
    mask_of,
    own_inputs_within,
    set_mask,
)
from kfunc_lab.graph.keras.reader import spec_of, weight_of
from kfunc_lab.graph.keras.settings import configuration
from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.graph.model.layer_graph import TensorSpec, Weight


class CannotCopyError(TypeError):
    """A layer cannot be copied, because its class does not return its configuration."""


@dataclass(frozen=True)
class DryRun:
    """The result of a dry run.

    Attributes:
        outputs: The outputs of the layer.
        weights: The weights of the layer.
    """

    outputs: tuple[TensorSpec, ...]
    weights: tuple[Weight, ...]


def dry_run(
    node: Any,
    changes: Mapping[str, Any],
    inputs: Sequence[TensorSpec],
    built_by: tuple[Any, Sequence[TensorSpec]] | None = None,
) -> DryRun:
    """Runs a copy of a layer symbolically on other inputs, with other settings.

    Args:
        node: Keras's record of the call. Neither it nor its layer is changed.
        changes: The settings that change, by name.
        inputs: The new inputs of the call, in order.
        built_by: The call that creates the layer's weights, and its new inputs, if it is another.

    Returns:
        The outputs and weights of the copy.

    Raises:
        CannotCopyError: If the layer cannot be copied.
        Exception: Whatever the layer raises if the inputs or settings do not fit.
    """
    import keras

    with preserve_keras_state(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the copy is nothing that a user could mend
        args, named = _arguments(node, inputs)
        operation = node.operation
        if not isinstance(operation, keras.layers.Layer):
            return DryRun(_specs(operation.compute_output_spec(*args, **named)), ())
        try:
            layer = _copy(operation, changes)
        except CannotCopyError:
            if changes or operation.weights:
                raise
            return DryRun(_specs(_run_itself(operation, args, named)), ())
        if built_by is not None:
            first_args, first_named = _arguments(*built_by)
            layer(*first_args, **first_named)
        outputs = layer(*args, **named)
        return DryRun(
            _specs(outputs), tuple(weight_of(weight, layer) for weight in layer.weights)
        )


def check_settings(operation: Any, changes: Mapping[str, Any]) -> None:
    """Creates a copy of a layer with other settings, to check that its class accepts them.

    Args:
        operation: The layer. It is not changed.
        changes: The settings that change, by name.

    Raises:
        Exception: Whatever the class raises if it refuses the settings; nothing for a layer
            that cannot be copied.
    """
    with preserve_keras_state(), contextlib.suppress(CannotCopyError):
        _copy(operation, changes)


def traced(layer: Any, arguments: Sequence[Any]) -> tuple[TensorSpec, ...]:
    """Runs the `call` of a layer symbolically, with the checks of the backend.

    A layer that computes its output shape by a formula does not notice that its inputs do not fit.

    Args:
        layer: A layer of the library that is built. It is not changed.
        arguments: The arguments of `call`: a shape for each tensor, or a list of shapes.

    Returns:
        The outputs.

    Raises:
        Exception: Whatever Keras or the backend raises if the shapes do not fit.
    """
    import keras
    from keras.src import backend

    def tensors(shape: Any) -> Any:
        if isinstance(shape, list):
            return [tensors(each) for each in shape]
        return keras.KerasTensor(shape, layer.compute_dtype)

    with preserve_keras_state():
        return _specs(backend.compute_output_spec(layer.call, *map(tensors, arguments)))


def _copy(layer: Any, changes: Mapping[str, Any]) -> Any:
    """Creates a copy of a layer, which has no weights yet.

    Raises:
        CannotCopyError: If the class does not return a configuration that it accepts.
        Exception: Whatever the class raises if it refuses the changes.
    """
    import keras

    config = configuration(layer)
    if isinstance(config, Exception):
        raise CannotCopyError(str(config)) from config
    inside = keras.tree.flatten(dict(config))
    if any(isinstance(part, keras.Operation) for part in inside):
        raise CannotCopyError(type(layer).__name__)  # a copy would share its inner layers
    unbuilt = _unbuilt(config, own_inputs_within(layer))
    with keras.saving.custom_object_scope(_objects_in(layer)):
        try:
            return type(layer).from_config({**_accepted(layer, unbuilt), **changes})
        except Exception as error:
            if changes:
                _copy(layer, {})
                raise  # with its own settings the layer can be copied
            raise CannotCopyError(str(error)) from error


def _accepted(layer: Any, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Removes what every configuration holds, if the constructor does not take it."""
    parameters = inspect.signature(type(layer).__init__).parameters
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return config
    refused = {"name", "trainable", "dtype"} - set(parameters)
    return {key: value for key, value in config.items() if key not in refused}


def _unbuilt(config: Any, own_inputs: Set[str]) -> Any:
    """Removes from a configuration what Keras added when the layers inside it were built.

    Args:
        config: The configuration, or a part of it.
        own_inputs: The names of the Sequential models inside it that made their own input.
    """
    if isinstance(config, (list, tuple)):
        return type(config)(_unbuilt(part, own_inputs) for part in config)
    if not isinstance(config, Mapping):
        return config
    plain = {
        key: _unbuilt(part, own_inputs)
        for key, part in config.items()
        if key not in ("build_config", "build_input_shape")
    }
    inner = plain.get("layers")
    if plain.get("name") in own_inputs and isinstance(inner, list):
        plain["layers"] = inner[1:]
    return plain


def _objects_in(layer: Any) -> dict[str, Any]:
    """Collects the classes and functions in a layer that Keras could not find by their names."""
    objects: dict[str, Any] = {}
    for part in layers_within(layer):
        for value in (part, *vars(part).values()):
            found = value if inspect.isfunction(value) else type(value)
            if found.__module__.partition(".")[0] not in ("keras", "builtins"):
                objects[found.__name__] = found
    return objects


def _run_itself(layer: Any, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Runs a layer without weights symbolically, where whatever it stores is not kept."""
    from keras.src import backend

    stand_in = object.__new__(type(layer))
    vars(stand_in).update(vars(layer))
    return backend.compute_output_spec(stand_in.call, *args, **named)


def _arguments(
    node: Any, inputs: Sequence[TensorSpec]
) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """Returns the arguments of a call with new input tensors, and with masks of their shapes."""
    import keras

    olds = arguments_without_masks(node)
    news = [_tensor_like(old, spec) for old, spec in zip(olds, inputs, strict=True)]
    masks: dict[int, Any] = {}
    for old, new in zip(olds, news, strict=True):
        mask = mask_of(old)
        if mask is not None:
            masks[id(mask)] = _mask_like(mask, old, new)
            set_mask(new, masks[id(mask)])
    remaining = iter(news)
    masks |= {id(passed): masks.get(id(own)) for passed, own in passed_masks(node)}

    def replaced(value: Any) -> Any:
        if not isinstance(value, keras.KerasTensor):
            return value
        return masks[id(value)] if id(value) in masks else next(remaining)

    args = keras.tree.map_structure(replaced, node.arguments.args)
    return args, keras.tree.map_structure(replaced, node.arguments.kwargs)


def _tensor_like(old: Any, spec: TensorSpec) -> Any:
    import keras

    return keras.KerasTensor(spec.shape, spec.dtype, sparse=getattr(old, "sparse", False))


def _mask_like(mask: Any, old: Any, new: Any) -> Any:
    """Returns a symbolic mask for a tensor of another shape: equal axes stay equal."""
    import keras

    pairs = dict(enumerate(zip(old.shape, new.shape, strict=False)))
    shape = tuple(
        pairs[place][1] if place in pairs and pairs[place][0] == size else size
        for place, size in enumerate(mask.shape)
    )
    return keras.KerasTensor(shape, mask.dtype)


def _specs(result: Any) -> tuple[TensorSpec, ...]:
    import keras

    return tuple(spec_of(tensor) for tensor in keras.tree.flatten(result) if tensor is not None)
