"""Runs a layer symbolically with other shapes or settings and restores Keras's global state.

A copy of the layer runs in a scope that creates no weights. Keras counts names, draws a seed for
each initializer, and lists variables that have no values yet: all of this is restored.
"""

import contextlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kfunc_lab.graph.keras.nodes import (
    arguments_without_masks,
    new_node_listeners,
    preserve_name_counters,
)
from kfunc_lab.graph.keras.reader import spec_of, weight_of
from kfunc_lab.graph.keras.settings import configuration
from kfunc_lab.graph.model.layer_graph import TensorSpec, Weight

# The list in Keras's global state that a copy adds to.
_UNINITIALIZED = "uninitialized_variables"


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


def dry_run(node: Any, changes: Mapping[str, Any], inputs: Sequence[TensorSpec]) -> DryRun:
    """Runs a copy of a layer symbolically on other inputs, with other settings.

    Args:
        node: Keras's record of the call. Neither it nor its layer is changed.
        changes: The settings that change, by name.
        inputs: The new inputs of the call, in order.

    Returns:
        The outputs and weights of the copy.

    Raises:
        CannotCopyError: If the layer cannot be copied.
        Exception: Whatever the layer raises if the inputs or settings do not fit.
    """
    import keras

    with preserve_keras_state():
        args, named = _arguments(node, inputs)
        if not isinstance(node.operation, keras.layers.Layer):
            return DryRun(_specs(node.operation.compute_output_spec(*args, **named)), ())
        layer = _copy(node.operation, changes)
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
    import keras

    config = configuration(layer)
    if isinstance(config, Exception):
        raise CannotCopyError(str(config)) from config
    inside = keras.tree.flatten(dict(config))
    if any(isinstance(part, keras.Operation) for part in inside):
        raise CannotCopyError(type(layer).__name__)  # a copy would share its inner layers
    return type(layer).from_config({**config, **changes})


def _arguments(
    node: Any, inputs: Sequence[TensorSpec]
) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """Returns the arguments of a call with new input tensors and without masks."""
    import keras

    tensor_ids = {id(tensor) for tensor in arguments_without_masks(node)}
    new_inputs = iter(inputs)

    def replaced(value: Any) -> Any:
        if not isinstance(value, keras.KerasTensor):
            return value
        if id(value) not in tensor_ids:
            return None
        spec = next(new_inputs)
        return keras.KerasTensor(spec.shape, spec.dtype)

    args = keras.tree.map_structure(replaced, node.arguments.args)
    return args, keras.tree.map_structure(replaced, node.arguments.kwargs)


def _specs(result: Any) -> tuple[TensorSpec, ...]:
    import keras

    return tuple(spec_of(tensor) for tensor in keras.tree.flatten(result) if tensor is not None)


@contextlib.contextmanager
def preserve_keras_state() -> Iterator[None]:
    """Restores Keras's global state after layers are created; they get no weights inside."""
    import keras
    from keras.src.backend.common import global_state

    random_state = random.getstate()
    uninitialized = list(global_state.get_global_attribute(_UNINITIALIZED) or ())
    listeners = new_node_listeners[:]
    new_node_listeners.clear()
    try:
        with preserve_name_counters(), keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        new_node_listeners[:] = listeners
        random.setstate(random_state)
        pending = global_state.get_global_attribute(_UNINITIALIZED)
        if pending is not None:
            pending[:] = uninitialized
