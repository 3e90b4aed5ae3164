"""Converts a drawing on the page to a sample for a model."""

import math

import numpy as np

from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.thumbnails import downsample

# The digits of MNIST fit into a square of 20 pixels, centred by mass in an image of 28 pixels.
# Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits.
_PICTURE, _DIGIT = 28, 20


def sample_of(ink: Numbers, like: Numbers, low: float, high: float) -> Numbers:
    """Converts a drawing to a sample.

    Args:
        ink: A square array with the amount of ink, from 0 to 255, at several times the resolution
            of the sample.
        like: A sample of the batch, which has the shape and the type of the new sample.
        low: The value of a pixel without ink.
        high: The value of a pixel full of ink.

    Returns:
        The sample. A grey image of 28 × 28 pixels is laid out like MNIST's digits.
    """
    rows, columns, channels = picture_shape(like)
    ink = np.asarray(ink, np.float32) / 255
    if (rows, columns, channels) == (_PICTURE, _PICTURE, 1):
        pixels = as_digit(ink)
    else:
        pixels = downsample(ink, rows, columns)
    values = low + (high - low) * pixels
    coloured = np.repeat(values[:, :, None], channels, axis=2)
    if np.dtype(like.dtype).kind in "iu":
        coloured = coloured.round()
    return coloured.reshape(like.shape).astype(like.dtype)


def picture_shape(like: Numbers) -> tuple[int, int, int]:
    """Returns the rows, columns and channels of a sample that is an image."""
    if like.ndim == 3:
        rows, columns, channels = like.shape
        return rows, columns, channels
    side = math.isqrt(like.size)
    return side, side, 1


def as_digit(ink: Numbers) -> Numbers:
    """Lays out a drawing like MNIST's digits: scaled to a square, and centred by mass.

    Args:
        ink: A square array with the amount of ink, from 0 to 1.

    Returns:
        An array of shape (28, 28), from 0 to 1.
    """
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    placed = np.zeros((_PICTURE, _PICTURE), np.float32)
    if not rows.size:
        return placed
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _DIGIT / max(cut.shape)
    small = resize(cut, *(max(round(size * scale), 1) for size in cut.shape))
    total = small.sum()
    centre = [
        float((small.sum(axis=1 - axis) * np.arange(small.shape[axis])).sum() / total)
        for axis in (0, 1)
    ]
    top, left = (
        int(np.clip(round(_PICTURE / 2 - position), 0, _PICTURE - size))
        for position, size in zip(centre, small.shape, strict=True)
    )
    placed[top : top + small.shape[0], left : left + small.shape[1]] = small
    return placed


def resize(picture: Numbers, rows: int, columns: int) -> Numbers:
    """Resizes a picture so that each new pixel is the mean of the area that it covers.

    Example:
        >>> resize(np.array([[0.0, 1.0]]), 1, 4).round(2).tolist()
        [[0.0, 0.0, 1.0, 1.0]]
    """
    for axis, size in enumerate((rows, columns)):
        picture = np.tensordot(_coverage(picture.shape[axis], size), picture, (1, axis))
        picture = np.moveaxis(picture, 0, axis)
    return picture.astype(np.float32)


def _coverage(before: int, after: int) -> Numbers:
    """Returns for each new pixel the share of it that each old pixel covers."""
    edges = np.arange(after + 1) * before / after
    starts, ends = edges[:-1, None], edges[1:, None]
    pixels = np.arange(before)
    covered = np.minimum(ends, pixels + 1) - np.maximum(starts, pixels)
    shares: Numbers = np.clip(covered, 0, None) * (after / before)
    return shares
