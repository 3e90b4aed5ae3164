"""Integrated gradients: each pixel's share in the difference of a score from a baseline's."""

import functools
import math
from typing import Any

import numpy as np

from kfunc_lab.activations.attribution.attribution import Attribution, Progress, in_batches
from kfunc_lab.activations.attribution.score import ClassScore, check_finite_heat
from kfunc_lab.forward.gradients import Computation
from kfunc_lab.forward.samples import positive_integer
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers

_MAX_GAP = 0.01
_MAX_STEPS = 512


def integrated_gradients(
    model: Any,
    image: Any,
    target: int | None,
    *,
    steps: int = 64,
    baseline: Any = None,
    progress: Progress | None = None,
) -> Attribution:
    """Attributes to each pixel its share in the difference of a score from a baseline's.

    The gradient is integrated along the straight line from the baseline to the image with
    Gauss-Legendre quadrature. The number of steps is doubled, up to 512, until the sum comes
    within 1 % of the difference of the scores.

    Args:
        model: A model from one image to a vector of scores. It is left unchanged.
        image: The image, as in `grad_cam`.
        target: The class, as in `grad_cam`, which also defines the score.
        steps: The initial number of points on the line; by default 64.
        baseline: An image without content: a number, or an array of the image's shape. By default
            it is black: 0, or the image's minimum if that is below 0.
        progress: Called after each batch with the number of finished gradients and of all
            gradients; the latter rises when the steps are doubled.

    Returns:
        The attribution, whose heat is summed over the channels. It adds up to the score minus the
        baseline's score, except for the gap.

    Raises:
        ValueError: If the model does not support attributions, the image or the baseline does not
            fit, there is no such class, `steps` is not a positive integer, or the score or its
            gradient is not finite.

    Example:
        >>> import keras
        >>> keras.utils.set_random_seed(0)
        >>> model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(3)])
        >>> result = integrated_gradients(model, np.ones((28, 28, 1)), target=2)
        >>> bool(np.isclose(result.heat.sum(), result.score - result.baseline_score, rtol=0.01))
        True

    Source: Sundararajan, Taly and Yan, Axiomatic attribution for deep networks, 2017,
    https://arxiv.org/abs/1703.01365, equation 1.
    """
    class_score = ClassScore(model, image, target)
    start = _baseline(class_score.image, baseline)
    steps = positive_integer("steps", steps)
    score, reference = class_score.numbers(np.stack([class_score.image, start]))
    heat, gap = _refine(class_score, start, steps, float(score - reference), progress)
    return Attribution(
        method="integrated_gradients",
        target=class_score.target,
        layer="",
        heat=heat.sum(axis=-1).astype(np.float32),
        score=float(score),
        baseline_score=float(reference),
        gap=gap,
    )


def _refine(
    class_score: ClassScore,
    start: Numbers,
    steps: int,
    difference: float,
    progress: Progress | None,
) -> tuple[Numbers, float]:
    """Doubles the steps until the integral is accurate, and returns it with its gap."""
    done = 0
    while True:
        heat = _integral(class_score, start, steps, _offset_progress(done, progress))
        gap = _gap(float(heat.sum()), difference)
        if gap <= _MAX_GAP or steps >= _MAX_STEPS:
            return heat, gap
        done += steps
        steps = min(2 * steps, _MAX_STEPS)


def _baseline(image: Numbers, baseline: Any) -> Numbers:
    if baseline is None:
        return np.full_like(image, min(0, image.min()))
    values = np.asarray(baseline)
    if values.dtype.kind not in "buif" or values.shape not in ((), image.shape):
        raise ValueError(
            _(
                "The baseline must be a number or an array with the image's shape, {expected}; "
                "it has type {dtype} and shape {shape}."
            ).format(expected=image.shape, dtype=values.dtype, shape=values.shape)
        )
    return np.full_like(image, values)


def _offset_progress(before: int, progress: Progress | None) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total: progress(before + done, before + total)


def _integral(
    class_score: ClassScore, start: Numbers, steps: int, progress: Progress | None
) -> Numbers:
    """Returns the gradient's integral times the difference, for each pixel and channel."""
    difference = class_score.image.astype(np.float64) - start
    total = np.zeros(difference.shape)
    for batch in in_batches(_points(steps), class_score.batch_size, progress):
        positions, weights = np.transpose(batch)
        images = start + positions[:, np.newaxis, np.newaxis, np.newaxis] * difference
        total += np.tensordot(weights, _gradients(class_score, images), axes=1)
        check_finite_heat(total, class_score.target)
    return total * difference


@functools.lru_cache(maxsize=8)
def _points(steps: int) -> list[tuple[float, float]]:
    """Returns the quadrature points on the line from 0 to 1 with their weights."""
    positions, weights = np.polynomial.legendre.leggauss(steps)
    return list(zip((positions + 1) / 2, weights / 2, strict=True))


def _gradients(class_score: ClassScore, images: Numbers) -> Numbers:
    from keras import ops

    tensor = ops.convert_to_tensor(images, dtype="float32")
    (gradients,) = Computation(lambda watch: class_score.tensor(watch(tensor))).gradients()
    if gradients is None:
        raise ValueError(
            _(
                "The score of class {target} has no gradient at the image: something in this "
                "model blocks it, such as an integer input or an argmax; use Grad-CAM or "
                "occlusion."
            ).format(target=class_score.target)
        )
    return np.asarray(gradients, np.float64)


def _gap(total: float, difference: float) -> float:
    if difference == 0:
        return 0.0 if total == 0 else math.inf
    return abs(total - difference) / abs(difference)
