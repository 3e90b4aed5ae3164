"""Asks Keras whether a model accepts data, and a loss accepts targets, from their shapes alone."""

from collections.abc import Mapping
from typing import Any

from kfunc_lab.graph.keras.state import preserve_keras_state

Shape = tuple[int | None, ...]


def accepts(model: Any, inputs: Any) -> bool:
    """Returns whether a functional model accepts inputs, by Keras's own check.

    Args:
        model: A functional model. Neither its layers nor its code is run.
        inputs: A structure of objects with `shape` and `dtype`, as the model would get it.
    """
    import keras

    wanted = model._inputs_struct
    try:
        tensors = keras.tree.map_structure(
            lambda each: keras.KerasTensor(tuple(each.shape), str(each.dtype)), inputs
        )
        with preserve_keras_state():
            model._assert_input_compatibility(tensors)
    except Exception:
        return False
    if isinstance(tensors, Mapping):
        names = [tensor.name for tensor in model.inputs]
        keys = list(wanted) if isinstance(wanted, Mapping) else names
        if set(keys) != set(tensors):
            return False
        flat = [tensors[key] for key in (sorted(keys) if wanted is tensors else keys)]
        wants = [wanted[key] for key in keys] if isinstance(wanted, Mapping) else model.inputs
    else:
        flat, wants = keras.tree.flatten(tensors), keras.tree.flatten(wanted)
        if isinstance(wanted, Mapping) and len(flat) > 1:
            return (
                False  # Keras sorts the names, so the order of a list would not be the model's
            )
    return len(flat) == len(wants) and all(
        fits(each.shape, want.shape) for each, want in zip(flat, wants, strict=True)
    )


def fits(shape: Shape, wanted: Shape) -> bool:
    """Returns whether a shape fits an input; Keras adds or removes a last axis of size 1."""
    for each in (shape, (*shape, 1), shape[:-1] if shape[-1:] == (1,) else shape):
        pairs = list(zip(each, wanted, strict=False))
        if len(each) == len(wanted) and all(
            None in pair or len(set(pair)) == 1 for pair in pairs
        ):
            return True
    return False


def names_given(model: Any) -> bool:
    """Returns whether the learner named the inputs of a model."""
    import re

    return not any(
        re.fullmatch(r"(input_layer|keras_tensor)(_\d+)?", each.name) for each in model.inputs
    )


def loss_accepts(loss: Any, target: tuple[Shape, str], output: tuple[Shape, str]) -> bool:
    """Returns whether one of Keras's own losses accepts targets and outputs.

    Args:
        loss: The name of a loss, or a loss of Keras; one of the learner's own is never called.
        target: The shape and dtype of the targets.
        output: The shape and dtype of the output.
    """
    import keras
    from keras.src.losses.losses import LossFunctionWrapper

    function = loss_of_keras(loss)
    if function is None:
        return False
    if not isinstance(function, keras.losses.Loss):
        function = LossFunctionWrapper(function)  # as `compile` does

    class Loss(keras.Operation):  # type: ignore[misc]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return function(y_true, y_pred)

    try:
        with preserve_keras_state():
            tensors = [keras.KerasTensor(shape, dtype) for shape, dtype in (target, output)]
            Loss().compute_output_spec(*tensors)
    except Exception:
        return False
    return True


def loss_of_keras(loss: Any) -> Any:
    """Returns a loss by its name, or the loss itself; `None` if it is not one of Keras's."""
    import keras

    if isinstance(loss, str):
        try:
            return keras.losses.get(loss)
        except ValueError:
            return None
    if isinstance(loss, type):
        return None
    module = getattr(loss, "__module__", None) or type(loss).__module__
    return loss if str(module).startswith("keras.") else None


def first_batch(iterator: Any) -> Any:
    """Returns the batch that Keras took from a generator to read its shape; `None` without one."""
    adapter = getattr(iterator, "data_adapter", iterator)
    taken = getattr(adapter, "_first_batches", None)
    return taken[0] if isinstance(taken, list) and taken else None
