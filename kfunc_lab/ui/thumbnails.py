"""Makes small pictures of activations."""

import math
from typing import Protocol

import numpy as np

from kfunc_lab.ui.arrays import Numbers

# The sides of a small picture, in cells.
SIDE = 64
_MAPS = 16
_IN_ONE_LINE = 16


class _Layer(Protocol):
    @property
    def channels_first(self) -> bool: ...


def thumbnails(values: Numbers, call: _Layer) -> tuple[Numbers, ...]:
    """Makes a small picture for each sample.

    Args:
        values: Of shape (samples, …).
        call: The call that gave them.

    Returns:
        For each sample a matrix of at most 64 × 64 numbers.
    """
    return tuple(thumbnail(sample, call.channels_first) for sample in values)


def thumbnail(values: Numbers, channels_first: bool = False) -> Numbers:
    """Makes a small picture of the activation of one sample.

    Args:
        values: Without the batch.
        channels_first: Whether the channels of its images come first.

    Returns:
        A matrix of at most 64 × 64 numbers: some of the feature maps side by side, time by
        unit, or a vector in lines. Empty for text.

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

    Whatever stands before rows, columns and channels, as time or depth, is its first place.
    """
    if channels_first:
        values = np.moveaxis(values, 0, -1)
    while values.ndim > 3:
        values = values[0]
    return np.moveaxis(values, -1, 0)


def downsample(matrix: Numbers, most_rows: int, most_columns: int) -> Numbers:
    """Averages a matrix down to at most so many rows and columns."""
    for axis, most in enumerate((most_rows, most_columns)):
        size = matrix.shape[axis]
        if size > most:
            starts = np.arange(most) * size // most
            lengths = np.diff(np.append(starts, size))
            sums = np.add.reduceat(matrix, starts, axis=axis)
            matrix = sums / np.expand_dims(lengths, 1 - axis)
    return matrix.astype(np.float32)


def wrap_vector(vector: Numbers, columns: int) -> Numbers:
    """Writes a vector in lines of so many numbers; what is left of the last is NaN."""
    rows = -(-len(vector) // columns)
    lines = np.full(rows * columns, np.nan, np.float32)
    lines[: len(vector)] = vector
    return lines.reshape(rows, columns)


def _wrapped(vector: Numbers) -> Numbers:
    if len(vector) > SIDE * SIDE:
        vector = downsample(vector[None], 1, SIDE * SIDE)[0]
    # A few stand in one line, where each is found by its place.
    columns = (
        len(vector) if len(vector) <= _IN_ONE_LINE else math.ceil(math.sqrt(2 * len(vector)))
    )
    columns = min(columns, SIDE)
    return wrap_vector(vector, columns)


def _mosaic(maps: Numbers) -> Numbers:
    shown = maps[:_MAPS]
    across = math.ceil(math.sqrt(len(shown)))
    side = SIDE // across
    small = [downsample(feature_map, side, side) for feature_map in shown]
    rows, columns = small[0].shape
    mosaic = np.full((-(-len(small) // across) * rows, across * columns), np.nan, np.float32)
    for place, thumbnail in enumerate(small):
        top, left = place // across * rows, place % across * columns
        mosaic[top : top + rows, left : left + columns] = thumbnail
    return mosaic
