"""Asks a layer what it would make of other shapes or settings, without a trace in Keras.

A copy is asked, in a scope that makes no weights. Keras counts names, draws a seed for each
initializer, and lists variables that have no values yet: all of that is put back.
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

# Keras's global record that a copy adds to.
_WITHOUT_VALUES = "uninitialized_variables"


class CannotCopyError(TypeError):
    """A layer cannot be copied, because its class does not say its configuration."""


@dataclass(frozen=True)
class DryRun:
    """What a layer would make.

    Attributes:
        outputs: The results.
        weights: The layer's weights.
    """

    outputs: tuple[TensorSpec, ...]
    weights: tuple[Weight, ...]


def dry_run(node: Any, changes: Mapping[str, Any], inputs: Sequence[TensorSpec]) -> DryRun:
    """Asks what a call would make of other inputs, with other settings.

    Args:
        node: Keras's record of the call. It is not changed, nor is its layer.
        changes: The settings that are other.
        inputs: What the call takes, in the order of its inputs.

    Returns:
        What a copy of the layer makes.

    Raises:
        CannotCopyError: If the layer cannot be copied.
        Exception: Whatever the layer raises where the inputs or settings do not suit it.
    """
    import keras

    with preserve_keras_state():
        args, named = _filled(node, inputs)
        if not isinstance(node.operation, keras.layers.Layer):
            return DryRun(_specs(node.operation.compute_output_spec(*args, **named)), ())
        layer = _copy(node.operation, changes)
        outputs = layer(*args, **named)
        return DryRun(
            _specs(outputs), tuple(weight_of(weight, layer) for weight in layer.weights)
        )


def check_settings(operation: Any, changes: Mapping[str, Any]) -> None:
    """Makes a layer of other settings, to see whether its class takes them.

    Args:
        operation: The layer. It is not changed.
        changes: The settings that are other.

    Raises:
        Exception: Whatever the class raises where it does not; nothing for a layer that cannot
            be copied.
    """
    with preserve_keras_state(), contextlib.suppress(CannotCopyError):
        _copy(operation, changes)


def _copy(layer: Any, changes: Mapping[str, Any]) -> Any:
    import keras

    config = configuration(layer)
    if isinstance(config, Exception):
        raise CannotCopyError(str(config)) from config
    inside = keras.tree.flatten(dict(config))
    if any(isinstance(part, keras.Operation) for part in inside):
        raise CannotCopyError(type(layer).__name__)  # a copy would share what is inside
    return type(layer).from_config({**config, **changes})


def _filled(node: Any, inputs: Sequence[TensorSpec]) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """Returns a call's arguments with other tensors in their places, and no masks."""
    import keras

    tensor_ids = {id(tensor) for tensor in arguments_without_masks(node)}
    waiting = iter(inputs)

    def other(value: Any) -> Any:
        if not isinstance(value, keras.KerasTensor):
            return value
        if id(value) not in tensor_ids:
            return None
        spec = next(waiting)
        return keras.KerasTensor(spec.shape, spec.dtype)

    args = keras.tree.map_structure(other, node.arguments.args)
    return args, keras.tree.map_structure(other, node.arguments.kwargs)


def _specs(result: Any) -> tuple[TensorSpec, ...]:
    import keras

    return tuple(spec_of(tensor) for tensor in keras.tree.flatten(result) if tensor is not None)


@contextlib.contextmanager
def preserve_keras_state() -> Iterator[None]:
    """Lets layers and models be made, without weights and without a trace in Keras."""
    import keras
    from keras.src.backend.common import global_state

    drawn = random.getstate()
    waiting = list(global_state.get_global_attribute(_WITHOUT_VALUES) or ())
    listeners = new_node_listeners[:]
    new_node_listeners.clear()
    try:
        with preserve_name_counters(), keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        new_node_listeners[:] = listeners
        random.setstate(drawn)
        pending = global_state.get_global_attribute(_WITHOUT_VALUES)
        if pending is not None:
            pending[:] = waiting
