"""Integrated gradients: how much of a score's rise from a baseline each pixel accounts for."""

import functools
import math
from typing import Any

import numpy as np

from kfunc_lab.activations.attribution.attribution import Attribution, Progress, in_batches
from kfunc_lab.activations.attribution.score import Explained, finite_heat
from kfunc_lab.forward.samples import positive_integer
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers

_GAP = 0.01
_MOST_STEPS = 512


def integrated_gradients(
    model: Any,
    image: Any,
    target: int | None,
    *,
    steps: int = 64,
    baseline: Any = None,
    progress: Progress | None = None,
) -> Attribution:
    """Shares out among the pixels by how much a class's score differs from that of a baseline.

    The gradient is integrated along the straight line from the baseline to the image, by the
    rule of Gauss and Legendre. Unless the sum comes within 1 % of the difference of the scores,
    that is done again with twice as many steps, up to 512.

    Args:
        model: A model from one image to a vector of scores. It stays as it is.
        image: As for `grad_cam`.
        target: As for `grad_cam`, and so is what counts as the score.
        steps: At how many points of the line the gradient is taken first.
        baseline: What stands for no image: a number, or an array of the image's shape. By
            default black: 0, or the image's least value if that is below 0.
        progress: Is called after each batch with the number of gradients that are done, and of
            all; the latter rises when the steps are doubled.

    Returns:
        The heat, summed over the channels. It adds up to the score less that of the baseline,
        but for the gap.

    Raises:
        ValueError: If attributions cannot be made for the model, the image or the baseline does
            not fit, there is no such class, the steps are no whole number above 0, or the score
            or its gradient is not finite.

    Example:
        >>> import keras
        >>> keras.utils.set_random_seed(0)
        >>> model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(3)])
        >>> found = integrated_gradients(model, np.ones((28, 28, 1)), target=2)
        >>> bool(np.isclose(found.heat.sum(), found.score - found.baseline_score, rtol=0.01))
        True

    Source: Sundararajan, Taly and Yan, Axiomatic attribution for deep networks, 2017,
    https://arxiv.org/abs/1703.01365, equation 1.
    """
    explained = Explained(model, image, target)
    start = _baseline(explained.image, baseline)
    steps = positive_integer("steps", steps)
    score, reference = explained.on(np.stack([explained.image, start]))
    done = 0
    while True:
        heat = _integral(explained, start, steps, _after(done, progress))
        gap = _gap(float(heat.sum()), float(score - reference))
        if gap <= _GAP or steps >= _MOST_STEPS:
            break
        done += steps
        steps = min(2 * steps, _MOST_STEPS)
    return Attribution(
        method="integrated_gradients",
        target=explained.target,
        layer="",
        heat=heat.sum(axis=-1).astype(np.float32),
        score=float(score),
        baseline_score=float(reference),
        gap=gap,
    )


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


def _after(before: int, progress: Progress | None) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total: progress(before + done, before + total)


def _integral(
    explained: Explained, start: Numbers, steps: int, progress: Progress | None
) -> Numbers:
    """Returns the gradient's integral along the line, times the way, for each pixel and channel."""
    way = explained.image.astype(np.float64) - start
    total = np.zeros(way.shape)
    for part in in_batches(_points(steps), explained.batch, progress):
        places, weights = np.transpose(part)
        images = start + places[:, np.newaxis, np.newaxis, np.newaxis] * way
        total += np.tensordot(weights, _gradients(explained, images), axes=1)
        finite_heat(total, explained.target)
    return total * way


@functools.lru_cache(maxsize=8)
def _points(steps: int) -> list[tuple[float, float]]:
    """Returns where on the line from 0 to 1 the gradient is taken, and with which weight."""
    places, weights = np.polynomial.legendre.leggauss(steps)
    return list(zip((places + 1) / 2, weights / 2, strict=True))


def _gradients(explained: Explained, images: Numbers) -> Numbers:
    import tensorflow as tf

    tensor = tf.constant(images, tf.float32)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(tensor)
        score = explained.of(tensor)
    gradients = tape.gradient(score, tensor)
    if gradients is None:
        raise ValueError(
            _(
                "The score of class {target} has no gradient at the image: something in this "
                "model blocks it, such as an integer input or an argmax; use Grad-CAM or "
                "occlusion."
            ).format(target=explained.target)
        )
    return np.asarray(gradients, np.float64)


def _gap(total: float, difference: float) -> float:
    if difference == 0:
        return 0.0 if total == 0 else math.inf
    return abs(total - difference) / abs(difference)
