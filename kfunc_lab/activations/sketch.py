"""Makes a sample for a model of what was drawn on the page."""

import math

import numpy as np

from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.thumbnails import downsample

# The digits of MNIST fill a square of 20, in a picture of 28, about their centre of mass.
# Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits.
_PICTURE, _DIGIT = 28, 20


def sample_of(ink: Numbers, like: Numbers, low: float, high: float) -> Numbers:
    """Makes a sample of what was drawn.

    Args:
        ink: A square of amounts of ink, from 0 to 255, several times finer than the sample.
        like: A sample of the batch: its shape and type are those that the model takes.
        low: What the model is given where there is nothing.
        high: What it is given where there is ink.

    Returns:
        The sample. A picture of 28 × 28 in grey is laid out as MNIST's digits are.
    """
    rows, columns, channels = picture_shape(like)
    ink = np.asarray(ink, np.float32) / 255
    if (rows, columns, channels) == (_PICTURE, _PICTURE, 1):
        picture = as_digit(ink)
    else:
        picture = downsample(ink, rows, columns)
    values = low + (high - low) * picture
    coloured = np.repeat(values[:, :, None], channels, axis=2)
    if np.dtype(like.dtype).kind in "iu":
        coloured = coloured.round()
    return coloured.reshape(like.shape).astype(like.dtype)


def picture_shape(like: Numbers) -> tuple[int, int, int]:
    """Returns the rows, columns and channels of a sample that is a picture."""
    if like.ndim == 3:
        rows, columns, channels = like.shape
        return rows, columns, channels
    side = math.isqrt(like.size)
    return side, side, 1


def as_digit(ink: Numbers) -> Numbers:
    """Lays a drawing out as MNIST's digits are: fitted to a square, about its centre of mass.

    Args:
        ink: A square of amounts of ink, from 0 to 1.

    Returns:
        Of shape (28, 28), from 0 to 1.
    """
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    placed = np.zeros((_PICTURE, _PICTURE), np.float32)
    if not rows.size:
        return placed
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _DIGIT / max(cut.shape)
    small = resized(cut, *(max(round(size * scale), 1) for size in cut.shape))
    total = small.sum()
    middle = [
        float((small.sum(axis=1 - axis) * np.arange(small.shape[axis])).sum() / total)
        for axis in (0, 1)
    ]
    top, left = (
        int(np.clip(round(_PICTURE / 2 - at), 0, _PICTURE - size))
        for at, size in zip(middle, small.shape, strict=True)
    )
    placed[top : top + small.shape[0], left : left + small.shape[1]] = small
    return placed


def resized(picture: Numbers, rows: int, columns: int) -> Numbers:
    """Changes the size of a picture: each new point is the mean of what it covers.

    Example:
        >>> resized(np.array([[0.0, 1.0]]), 1, 4).round(2).tolist()
        [[0.0, 0.0, 1.0, 1.0]]
    """
    for axis, size in enumerate((rows, columns)):
        picture = np.tensordot(_shares(picture.shape[axis], size), picture, (1, axis))
        picture = np.moveaxis(picture, 0, axis)
    return picture.astype(np.float32)


def _shares(before: int, after: int) -> Numbers:
    """Returns for each new point which share of it each old one covers."""
    edges = np.arange(after + 1) * before / after
    begins, ends = edges[:-1, None], edges[1:, None]
    places = np.arange(before)
    covered = np.minimum(ends, places + 1) - np.maximum(begins, places)
    shares: Numbers = np.clip(covered, 0, None) * (after / before)
    return shares
