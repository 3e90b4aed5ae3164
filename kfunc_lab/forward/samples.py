"""Counts, slices and reads the samples of a batch, in whatever structure a model takes."""

import math
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from kfunc_lab.forward.call_outputs import as_array
from kfunc_lab.graph.keras.nodes import functional_of
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers


def arrays_in(x: Any) -> list[Any]:
    """Returns the arrays of a batch, in order; an optional input that is `None` is left out."""
    import keras

    return [array for array in keras.tree.flatten(x) if array is not None]


def sample_count(x: Any) -> int:
    """Returns the number of samples."""
    return next(int(array.shape[0]) for array in arrays_in(x) if len(array.shape))


def fixed_batch_size(model: Any) -> int:
    """Returns the batch size that a model's inputs declare, or 0 if it is free."""
    functional = functional_of(model)
    inputs = functional.inputs if functional is not None else ()
    return next((int(tensor.shape[0]) for tensor in inputs if tensor.shape[0]), 0)


def slice_samples(x: Any, start: int, stop: int) -> Any:
    """Returns the samples from `start` up to, but not including, `stop`.

    An array that has no row for each sample, such as a number or a mask for all, stays whole.
    """
    import keras

    count = sample_count(x)

    def rows(array: Any) -> Any:
        is_batch = array is not None and len(array.shape) and array.shape[0] == count
        return _rows(array, start, stop) if is_batch else array

    return keras.tree.map_structure(rows, x)


def _rows(array: Any, start: int, stop: int) -> Any:
    if not hasattr(array, "dense_shape"):
        return array[start:stop]
    import tensorflow  # a sparse tensor of TensorFlow cannot be sliced

    sizes = [min(stop, array.shape[0]) - start, *array.shape[1:]]
    return tensorflow.sparse.slice(array, [start] + [0] * (len(sizes) - 1), sizes)


def one_sample(array: Any, sample: int, count: int) -> Numbers:
    """Returns the numbers of one sample of an array, or all if it has no row for each sample."""
    if not len(array.shape) or array.shape[0] != count:
        return np.asarray(as_array(array))
    return np.asarray(as_array(_rows(array, sample, sample + 1)))[0:1].squeeze(axis=0)


def chunks_of(x: Any, size: int) -> Iterator[tuple[int, Any]]:
    """Yields a batch in chunks of `size` samples, each with the number of its first sample."""
    for first in range(0, sample_count(x), size):
        yield first, slice_samples(x, first, first + size)


def count_non_finite(x: Any) -> tuple[int, list[int]]:
    """Counts NaN and infinities.

    Args:
        x: The inputs of a model.

    Returns:
        The count, and the numbers of the samples that hold one.
    """
    total = 0
    samples: set[int] = set()
    for array in arrays_in(x):
        if kind_of(array) != "f":
            continue
        mask = ~np.isfinite(np.asarray(as_array(array), np.float32))
        if mask.any():
            total += int(mask.sum())
            by_sample = mask.reshape(len(mask), -1) if mask.ndim else mask.reshape(1, 1)
            samples.update(map(int, np.flatnonzero(by_sample.any(axis=1))))
    return total, sorted(samples)


def kind_of(array: Any) -> str:
    """Returns the kind of an array's numbers, as NumPy names it; `"O"` for any text."""
    name = dtype_name(array)
    if name.startswith(("string", "str", "object", "bytes")):
        return "O"
    if "float" in name:
        return "f"
    return np.dtype(name).kind


def dtype_name(array: Any) -> str:
    """Returns the name of an array's type, without its library."""
    dtype = array.dtype
    return str(getattr(dtype, "name", dtype)).removeprefix("torch.")


def as_image(values: Numbers) -> Numbers | None:
    """Returns an input as an image, if it looks like one.

    Args:
        values: One sample, without the batch axis.

    Returns:
        An array of shape (rows, columns, 1 or 3); `None` if the input is not an image. A square
        of at least 8 × 8 numbers that are not negative counts as an image, and so does a vector
        with as many.
    """
    values = np.asarray(values)
    if values.dtype.kind not in "fiub":
        return None
    if values.ndim == 3 and values.shape[-1] in (1, 3):
        return values
    side = math.isqrt(values.size)
    is_square = values.shape in ((side, side), (side * side,)) and side >= 8
    if is_square and values.dtype.kind in "fub" and values.min() >= 0:
        return values.reshape(side, side, 1)
    return None


def positive_integer(name: str, value: Any) -> int:
    """Returns a positive integer as an `int`, and raises a ValueError for any other argument."""
    try:
        number: int = operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ValueError(
            _("{name} must be a positive integer, but it is {value}.").format(
                name=name, value=repr(value)
            )
        )
    return number
