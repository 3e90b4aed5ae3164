"""Occlusion: how far a class's score drops when one square of an image is hidden."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kfunc_lab.activations.attribution.attribution import Attribution, Progress, in_batches
from kfunc_lab.activations.attribution.score import ClassScore
from kfunc_lab.forward.samples import positive_integer
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers

_SQUARES_PER_SIDE = 7


def occlusion(
    model: Any,
    image: Any,
    target: int | None,
    *,
    size: int | None = None,
    fill: Any = None,
    progress: Progress | None = None,
) -> Attribution:
    """Hides one square of an image after another, and measures how far a class's score drops.

    Args:
        model: A model from one image to a vector of scores. It is left unchanged.
        image: The image, as in `grad_cam`.
        target: The class, as in `grad_cam`, which also defines the score.
        size: The square's side in pixels; by default a seventh of the image's shorter side, and
            at least 2. The squares are half a side apart, and the last ones touch the edge.
        fill: The value of the hidden pixels: a number, or one for each channel; by default the
            image's mean in each channel.
        progress: Called after each batch with the number of finished squares and of all squares.

    Returns:
        The attribution, whose heat is for each pixel the mean drop over the squares that cover it.

    Raises:
        ValueError: If the model does not support attributions, the image, the size or the fill
            does not fit, there is no such class, or a score is not finite.

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
    class_score = ClassScore(model, image, target)
    image = class_score.image
    pixel = _fill_pixel(image, fill)
    size = _square_side(image, size)
    filled = np.broadcast_to(pixel, image.shape)
    score, reference = class_score.numbers(np.stack([image, filled]))
    rows, columns = (_starts(side, size) for side in image.shape[:2])
    corners = [(row, column) for row in rows for column in columns]
    drops: list[float] = []
    for batch in in_batches(corners, class_score.batch_size, progress):
        drops += list(score - class_score.numbers(_hide_squares(image, batch, size, pixel)))
    return Attribution(
        method="occlusion",
        target=class_score.target,
        layer="",
        heat=_mean_drop(image.shape[:2], corners, size, drops),
        score=float(score),
        baseline_score=float(reference),
        grid=np.array(drops, np.float32).reshape(len(rows), len(columns)),
    )


def _fill_pixel(image: Numbers, fill: Any) -> Numbers:
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
        return min(shorter, max(2, round(shorter / _SQUARES_PER_SIDE)))
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
    """Returns where squares start along a side, so that they cover all of it."""
    stride = max(1, size // 2)
    return [min(start, side - size) for start in range(0, side - size + stride, stride)]


def _hide_squares(
    image: Numbers, corners: Sequence[tuple[int, int]], size: int, pixel: Numbers
) -> Numbers:
    images = np.repeat(image[np.newaxis], len(corners), axis=0)
    for copy, (row, column) in zip(images, corners, strict=True):
        copy[row : row + size, column : column + size] = pixel
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
