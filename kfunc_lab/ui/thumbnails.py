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
    return tuple(thumbnail(sample, call.channels_first) for sample in values)


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
    """Shrinks a matrix to at most so many rows and columns, by averages."""
    for axis, limit in enumerate((max_rows, max_columns)):
        size = matrix.shape[axis]
        if size > limit:
            starts = np.arange(limit) * size // limit
            lengths = np.diff(np.append(starts, size))
            sums = np.add.reduceat(matrix, starts, axis=axis)
            matrix = sums / np.expand_dims(lengths, 1 - axis)
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
    shown = maps[:_MAX_MAPS]
    across = math.ceil(math.sqrt(len(shown)))
    side = SIDE // across
    small = [downsample(feature_map, side, side) for feature_map in shown]
    rows, columns = small[0].shape
    mosaic = np.full((-(-len(small) // across) * rows, across * columns), np.nan, np.float32)
    for index, feature_map in enumerate(small):
        top, left = index // across * rows, index % across * columns
        mosaic[top : top + rows, left : left + columns] = feature_map
    return mosaic
