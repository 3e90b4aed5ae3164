"""Records the outputs of one call as arrays."""

from collections.abc import Iterator
from dataclasses import replace
from numbers import Number
from typing import Any

import numpy as np

from kfunc_lab.forward.call_names import Place
from kfunc_lab.forward.recording import CapturedCall, Tensor
from kfunc_lab.ui.arrays import Numbers

# Layers and operations that are themselves activation functions.
_ACTIVATION_OF_KIND = {
    "Softmax": "softmax",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "ReLU": "relu",
    "Relu": "relu",
}


def new_call(place: Place) -> CapturedCall:
    """Returns a call without outputs."""
    operation = place.operation
    activation = getattr(operation, "activation", None)
    return CapturedCall(
        id="",
        base=place.base,
        item=place.item,
        layer=getattr(operation, "name", ""),
        kind=type(operation).__name__,
        activation=getattr(activation, "__name__", "")
        or _ACTIVATION_OF_KIND.get(type(operation).__name__, ""),
        channels_first=getattr(operation, "data_format", None) == "channels_first",
    )


def with_outputs(
    call: CapturedCall, outputs: Any, scores: Any, dtype: str | None
) -> CapturedCall:
    """Adds to a call its outputs, and the scores that an attention layer returned in addition."""
    import keras

    leaves = list(keras.tree.flatten(outputs))
    # A layer of a user may return other things beside tensors, which have no numbers.
    try:
        arrays = [as_array(leaf) for leaf in leaves]
    except Exception:  # a compiled call has symbols instead of numbers
        return call
    names = _output_names(outputs, len(leaves))
    tensors = [
        _tensor_of(name, array, dtype)
        for name, array in zip(names, arrays, strict=True)
        if array is not None
    ]
    places = iter(range(len(tensors)))
    packed = keras.tree.pack_sequence_as(
        outputs, [None if array is None else next(places) for array in arrays]
    )
    for place, leaf in zip(keras.tree.flatten(packed), leaves, strict=True):
        if leaf is scores and place is not None:  # the call itself requested them
            tensors[place] = replace(tensors[place], is_scores=True)
    score_array = as_array(scores)
    if score_array is not None and not any(tensor.is_scores for tensor in tensors):
        tensors.append(replace(_tensor_of("scores", score_array, dtype), is_scores=True))
    return replace(call, tensors=tuple(tensors), packed=packed, is_compiled=False)


def _output_names(outputs: Any, count: int) -> list[str]:
    import keras

    if count == 1:
        return [""]
    paths = [path for path, _leaf in keras.tree.flatten_with_path(outputs)]
    return [".".join(map(str, path)) for path in paths]


def _tensor_of(name: str, array: Numbers, dtype: str | None) -> Tensor:
    if dtype is not None and array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            array = array.astype(dtype)
    return Tensor(name, tuple(array.shape), str(array.dtype), array)


def as_array(tensor: Any) -> Numbers | None:
    """Returns a tensor's numbers, without a copy if the backend allows that.

    Args:
        tensor: A tensor of the backend, or a number.

    Returns:
        The array; `None` for anything else.

    Raises:
        Exception: If it has no numbers yet because it is a symbol of a compiled function.
    """
    import keras

    if not hasattr(tensor, "shape") and not isinstance(tensor, Number):
        return None
    is_eager = hasattr(tensor, "_numpy") and not hasattr(tensor, "dense_shape")
    is_jax = hasattr(tensor, "addressable_data")  # Keras copies it, though it never changes
    if is_eager or is_jax or isinstance(tensor, np.ndarray):
        return np.asarray(tensor)
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def as_arrays(outputs: Any) -> Any:
    """Returns nested tensors as arrays; `None` if they have no numbers."""
    import keras

    try:
        return keras.tree.map_structure(as_array, outputs)
    except Exception:  # as in `with_outputs`
        return None


def arrays_of(call: CapturedCall) -> Iterator[Numbers]:
    """Yields the stored values of a call's outputs."""
    return (tensor.values for tensor in call.tensors if tensor.values is not None)
