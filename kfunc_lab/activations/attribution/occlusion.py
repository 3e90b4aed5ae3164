"""Occlusion: how far a class's score drops while one square of an image is hidden."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kfunc_lab.activations.attribution.attribution import Attribution, Progress, in_batches
from kfunc_lab.activations.attribution.score import Explained
from kfunc_lab.forward.samples import positive_integer
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers

_SQUARES_A_SIDE = 7


def occlusion(
    model: Any,
    image: Any,
    target: int | None,
    *,
    size: int | None = None,
    fill: Any = None,
    progress: Progress | None = None,
) -> Attribution:
    """Hides one square of an image after the other, and sees how far a class's score drops.

    Args:
        model: A model from one image to a vector of scores. It stays as it is.
        image: As for `grad_cam`.
        target: As for `grad_cam`, and so is what counts as the score.
        size: The square's side in pixels; by default a seventh of the image's shorter side, and
            2 at least. The squares are half a side apart, the last ones at the image's edge.
        fill: What the square is filled with: a number, or one for each channel; by default the
            image's mean in each channel.
        progress: Is called after each batch with the number of squares that are done, and of
            all.

    Returns:
        The heat: for each pixel the mean drop over the squares that cover it.

    Raises:
        ValueError: If attributions cannot be made for the model, the image, the size or the
            fill does not fit, there is no such class, or a score is not finite.

    Example:
        >>> import keras
        >>> mean = keras.layers.GlobalAveragePooling2D()
        >>> model = keras.Sequential([keras.Input((8, 8, 1)), mean])
        >>> occlusion(model, np.eye(8), target=0, size=4, fill=0).grid * 64
        array([[4., 2., 0.],
               [2., 4., 2.],
               [0., 2., 4.]], dtype=float32)

    Source: Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014,
    https://arxiv.org/abs/1311.2901, section 4.2.
    """
    explained = Explained(model, image, target)
    filling = _filling(explained.image, fill)
    size = _square_side(explained.image, size)
    filled = np.broadcast_to(filling, explained.image.shape)
    score, reference = explained.on(np.stack([explained.image, filled]))
    rows, columns = (_starts(it, size) for it in explained.image.shape[:2])
    corners = [(row, column) for row in rows for column in columns]
    drops: list[float] = []
    for part in in_batches(corners, explained.batch, progress):
        drops += list(score - explained.on(_hidden(explained.image, part, size, filling)))
    return Attribution(
        method="occlusion",
        target=explained.target,
        layer="",
        heat=_mean_drop(explained.image.shape[:2], corners, size, drops),
        score=float(score),
        baseline_score=float(reference),
        grid=np.array(drops, np.float32).reshape(len(rows), len(columns)),
    )


def _filling(image: Numbers, fill: Any) -> Numbers:
    if fill is None:
        return np.asarray(image.mean(axis=(0, 1), dtype=np.float64), np.float32)
    values = np.asarray(fill)
    if values.dtype.kind not in "buif" or values.shape not in ((), image.shape[2:]):
        raise ValueError(
            _(
                "The fill must be one number, or one number for each of the {channels} "
                "channels; it has type {dtype} and shape {shape}."
            ).format(channels=image.shape[2], dtype=values.dtype, shape=values.shape)
        )
    return values.astype(np.float32)


def _square_side(image: Numbers, size: Any) -> int:
    shorter: int = min(image.shape[:2])
    if size is None:
        return min(shorter, max(2, round(shorter / _SQUARES_A_SIDE)))
    number = positive_integer("size", size)
    if number > shorter:
        raise ValueError(
            _(
                "A square with sides of {size} pixels does not fit into an image of {height} × "
                "{width}; choose a size of at most {most}."
            ).format(size=number, height=image.shape[0], width=image.shape[1], most=shorter)
        )
    return number


def _starts(side: int, size: int) -> list[int]:
    """Returns where along a side the squares begin, so that they cover all of it."""
    stride = max(1, size // 2)
    return [min(it, side - size) for it in range(0, side - size + stride, stride)]


def _hidden(
    image: Numbers, corners: Sequence[tuple[int, int]], size: int, filling: Numbers
) -> Numbers:
    images = np.repeat(image[np.newaxis], len(corners), axis=0)
    for copy, (row, column) in zip(images, corners, strict=True):
        copy[row : row + size, column : column + size] = filling
    return images


def _mean_drop(
    sides: tuple[int, ...],
    corners: Sequence[tuple[int, int]],
    size: int,
    drops: Sequence[float],
) -> Numbers:
    total, count = np.zeros(sides), np.zeros(sides)
    for (row, column), drop in zip(corners, drops, strict=True):
        square = np.s_[row : row + size, column : column + size]
        total[square] += drop
        count[square] += 1
    return (total / count).astype(np.float32)
