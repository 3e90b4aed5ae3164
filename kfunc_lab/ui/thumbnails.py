"""Makes thumbnails of activations."""

import math
from typing import Protocol

import numpy as np

from kfunc_lab.ui.arrays import Numbers

# The side of a thumbnail, in cells.
SIDE = 64
_MAX_MAPS = 16
_MAX_IN_ONE_LINE = 16


class _Layer(Protocol):
    @property
    def channels_first(self) -> bool: ...


def thumbnails(values: Numbers, call: _Layer) -> tuple[Numbers, ...]:
    """Makes a thumbnail of the activation of each sample.

    Args:
        values: Activations of shape (samples, …).
        call: The call that returned them.

    Returns:
        A matrix of at most 64 × 64 numbers for each sample.
    """
    return tuple(thumbnail(np.asarray(sample), call.channels_first) for sample in values)


def thumbnail(values: Numbers, channels_first: bool = False) -> Numbers:
    """Makes a thumbnail of the activation of one sample.

    Args:
        values: The activation, without the batch axis.
        channels_first: Whether the channels come before the rows and columns.

    Returns:
        A matrix of at most 64 × 64 numbers: up to 16 feature maps side by side, steps by
        units, or a vector broken into lines. It is empty for text.

    Example:
        >>> thumbnail(np.zeros((224, 224, 64), "float32")).shape
        (64, 64)
    """
    if values.dtype.kind in "OSU" or not values.size:
        return np.zeros((0, 0), np.float32)
    if values.dtype.kind == "c":
        values = np.abs(values)
    values = np.asarray(values, np.float32)
    if values.ndim < 2:
        return _wrapped(values.reshape(-1))
    if values.ndim == 2:
        return downsample(values, SIDE, SIDE)
    return _mosaic(maps_of(values, channels_first))


def maps_of(values: Numbers, channels_first: bool = False) -> Numbers:
    """Returns the feature maps of one sample, of shape (maps, rows, columns).

    Of any axis before rows, columns and channels, such as time or depth, it takes index 0.
    """
    if channels_first:
        values = np.moveaxis(values, 0, -1)
    while values.ndim > 3:
        values = values[0]
    return np.moveaxis(values, -1, 0)


def downsample(matrix: Numbers, max_rows: int, max_columns: int) -> Numbers:
    """Shrinks a matrix to at most so many rows and columns, by averages.

    Args:
        matrix: The matrix; of an array with further axes, each matrix is shrunk.
        max_rows: The largest number of rows.
        max_columns: The largest number of columns.
    """
    for axis, limit in enumerate((max_rows, max_columns)):
        size = matrix.shape[axis]
        if size > limit:
            starts = np.arange(limit) * size // limit
            lengths = np.diff(np.append(starts, size))
            sums = np.add.reduceat(matrix, starts, axis=axis)
            matrix = sums / lengths.reshape([-1 if n == axis else 1 for n in range(sums.ndim)])
    return matrix.astype(np.float32)


def wrap_vector(vector: Numbers, columns: int) -> Numbers:
    """Breaks a vector into lines of so many numbers and fills the last line with NaN."""
    rows = -(-len(vector) // columns)
    lines = np.full(rows * columns, np.nan, np.float32)
    lines[: len(vector)] = vector
    return lines.reshape(rows, columns)


def _wrapped(vector: Numbers) -> Numbers:
    if len(vector) > SIDE * SIDE:
        vector = downsample(vector[None], 1, SIDE * SIDE)[0]
    # A short vector stays in one line, where the position shows the index.
    columns = (
        len(vector)
        if len(vector) <= _MAX_IN_ONE_LINE
        else math.ceil(math.sqrt(2 * len(vector)))
    )
    columns = min(columns, SIDE)
    return wrap_vector(vector, columns)


def _mosaic(maps: Numbers) -> Numbers:
    shown = np.ascontiguousarray(np.moveaxis(maps[:_MAX_MAPS], 0, -1))
    across = math.ceil(math.sqrt(shown.shape[-1]))
    small = downsample(shown, SIDE // across, SIDE // across)
    rows, columns, count = small.shape
    down = -(-count // across)
    mosaic = np.full((rows, columns, down * across), np.nan, np.float32)
    mosaic[..., :count] = small
    tiles = mosaic.reshape(rows, columns, down, across).transpose(2, 0, 3, 1)
    return tiles.reshape(down * rows, across * columns)
