"""Finds layers that do not learn."""

import math
from collections.abc import Callable, Sequence
from statistics import median

from kfunc_lab.locale import _, ngettext
from kfunc_lab.training.notices.evidence import (
    LEARNED,
    LEARNED_MUCH,
    NEARLY_STAGNANT,
    NORMAL_UPDATE,
    TINY_UPDATE,
    Measures,
    Run,
    finite,
    lower_rate_words,
    number,
)
from kfunc_lab.training.notices.loss import huge_updates
from kfunc_lab.training.notices.notice import Notice
from kfunc_lab.ui.text import printable

# No layer has only dead units on purpose; a layer with a few live units may just be sparse, unless
# the model learns nothing.
_NEARLY_ALL_DEAD = 0.95
# A layer whose weights change by this ratio in a step is not dead for all samples.
_ALIVE_UPDATE = 1e-4
# A gradient has vanished at this share of the largest one: in stacks that train, with or without
# sigmoids, a hundredth is common and a thousandth is rare.
_VANISHED = 1e-4
_MIN_DEPTH = 4
# A saturated layer is a stronger sign, so a smaller drop of the gradient is enough.
_SATURATED, _SMALL_GRADIENT = 0.9, 1e-3
# Values that stay at one limit belong to an open or closed gate; the deviation of sigmoids at both
# limits is up to 0.5.
_BOTH_LIMITS = 0.1
# If the weights do not move, relative gradients above this show that there is something to learn.
_LEARNABLE_GRADIENT = 1e-3
# Rates below this are not even used for fine-tuning.
_LOW_RATE = 1e-5
_NORMAL_RATE = 0.001


def _dead_layer(run: Run) -> Notice | None:
    """Finds layers whose units output 0 for every sample, so that no gradient passes."""
    measures = run.measures(2)
    if not measures:
        return None
    last = measures[-1]
    dead = [layer for layer in last.of("dead") if _is_dead(run, measures, layer)]
    if not dead:
        return None
    layer = dead[0]
    epoch = _epoch_since(
        measures, lambda entry: entry.of("dead").get(layer, 0.0) >= _NEARLY_ALL_DEAD
    )
    is_caused_by_steps = bool(huge_updates(run)) or epoch > measures[0].epoch
    share = f"{last.of('dead')[layer]:.0%}"
    message = _(
        "Layer {layer} is dead: {share} of its units output 0 for every sample, so it cannot "
        "learn."
    )
    if len(dead) > 1:
        message = ngettext(
            "Layer {layer} and {count} more layer are dead: {share} of the units of {layer} "
            "output 0 for every sample, so these layers cannot learn.",
            "Layer {layer} and {count} more layers are dead: {share} of the units of {layer} "
            "output 0 for every sample, so these layers cannot learn.",
            len(dead) - 1,
        )
    message = message.format(layer=printable(layer), share=share, count=len(dead) - 1)
    advice = _dead_advice(run, last, layer, is_caused_by_steps)
    return Notice("dead_layer", layer, epoch, message, advice)


def _is_dead(run: Run, measures: Sequence[Measures], layer: str) -> bool:
    # Without the first measures, which may be old.
    share = min(entry.of("dead").get(layer, 0.0) for entry in measures[-2:])
    if share < 1:
        has_not_learned = run.is_stagnant() and not run.has_learned(LEARNED)
        return share >= _NEARLY_ALL_DEAD and has_not_learned
    # It may be alive for samples outside the probe.
    update = measures[-1].of("update_ratio").get(measures[-1].weights_of(layer), 0.0)
    return not update > _ALIVE_UPDATE or len(run.losses) < 3 or run.is_stagnant()


def _dead_advice(run: Run, measures: Measures, layer: str, is_caused_by_steps: bool) -> str:
    shown = printable(layer)
    if measures.of("weight_norm").get(measures.weights_of(layer)) == 0:
        return _(
            "All weights of {layer} are 0, so no gradient can change them: give it "
            '`kernel_initializer="glorot_uniform"` and start again.'
        ).format(layer=shown)
    if is_caused_by_steps:
        return _(
            "Start again, because it will not recover: {slower}, or give {layer} "
            '`activation="leaky_relu"`.'
        ).format(layer=shown, slower=lower_rate_words(run))
    return _(
        'Start again, because it will not recover: give {layer} `bias_initializer="zeros"` or '
        '`activation="leaky_relu"`, and scale its inputs to about -1 to 1.'
    ).format(layer=shown)


def _vanishing_gradients(run: Run) -> Notice | None:
    """Finds gradients that shrink from layer to layer, or that a saturated layer blocks.

    They are compared relative to the norm of the layer's weights. A stack of ten sigmoids, each of
    which passes on at most a quarter of the gradient, is enough to make it vanish.
    """
    measures = run.measures(1)
    if not measures:
        return None
    return _saturated(run, measures) or _fading(run, measures)


def _saturated(run: Run, measures: Sequence[Measures]) -> Notice | None:
    last = measures[-1]
    gradients = last.gradients()
    blocking = (layer for layer in last.of("saturated") if _is_blocking(run, measures, layer))
    layer = next(blocking, "")
    if not layer:
        return None
    largest = _largest(gradients)
    message = _(
        "Layer {layer} is saturated: {share} of its units stay at a limit of their activation "
        "function, so its gradient norm is only {small} of its weight norm, compared with "
        "{great} in {other}."
    ).format(
        layer=printable(layer),
        share=f"{last.of('saturated')[layer]:.0%}",
        small=number(gradients[last.weights_of(layer)]),
        other=printable(largest),
        great=number(gradients[largest]),
    )
    advice = _saturated_advice(run, layer)
    return Notice("vanishing_gradients", layer, measures[0].epoch, message, advice)


def _is_blocking(run: Run, measures: Sequence[Measures], layer: str) -> bool:
    """Tells whether a layer is saturated, and therefore passes on hardly any gradient."""
    last = measures[-1]
    gradients, source = last.gradients(), last.weights_of(layer)
    # Saturated from the beginning: a layer that training saturates may be a gate that works.
    share = min(entry.of("saturated").get(layer, 0.0) for entry in measures)
    largest = gradients.get(_largest(gradients), 0.0)
    # An output may be sure of its classes.
    is_output = source == next(reversed(gradients), "") or f"{layer}_loss" in run.log.by_epoch
    return (
        share >= _SATURATED
        and gradients.get(source, math.inf) < _SMALL_GRADIENT * largest
        and last.of("activation_deviation").get(layer, math.inf) > _BOTH_LIMITS
        and not is_output
    )


def _saturated_advice(run: Run, layer: str) -> str:
    if huge_updates(run):  # the steps have saturated it
        return _("Start again, because it is unlikely to recover: {slower}.").format(
            slower=lower_rate_words(run)
        )
    return _(
        "Scale the inputs of {layer} to about -1 to 1, for example with a `Normalization` "
        "layer before it, and start with small weights, such as those of "
        '`kernel_initializer="glorot_uniform"`.'
    ).format(layer=printable(layer))


def _fading(run: Run, measures: Sequence[Measures]) -> Notice | None:
    last = measures[-1]
    gradients = last.gradients()
    if len(run.losses) < 3 or run.has_learned(LEARNED_MUCH) or not _fades(gradients):
        return None
    layer, largest = next(iter(gradients)), _largest(gradients)
    message = _(
        "The gradients vanish on their way back: the gradient norm of layer {layer} is only "
        "{small} of its weight norm, compared with {great} in {other}, and the loss is still "
        "{loss}."
    ).format(
        layer=printable(layer),
        small=number(gradients[layer]),
        other=printable(largest),
        great=number(gradients[largest]),
        loss=number(run.losses[-1]),
    )
    advice = _(
        'From layer {layer} on, try `activation="relu"` with `kernel_initializer="he_normal"` '
        "instead of sigmoid or tanh, `BatchNormalization` between the layers, or fewer layers "
        "than these {count}."
    ).format(layer=printable(layer), count=len(gradients))
    epoch = _epoch_since(measures, lambda entry: _fades(entry.gradients()))
    return Notice("vanishing_gradients", layer, epoch, message, advice)


def _fades(gradients: dict[str, float]) -> bool:
    """Tells whether hardly any of the gradient reaches the first half of the layers."""
    values = list(gradients.values())
    if len(values) < _MIN_DEPTH:
        return False
    limit = _VANISHED * max(values)
    # A gradient of exactly 0 belongs to a layer without a path to the loss, and does not fade.
    fading = sum(0 < value <= limit for value in values)
    return median(values[: len(values) // 2]) <= limit and fading >= 2


def _largest(gradients: dict[str, float]) -> str:
    return max(gradients, key=gradients.__getitem__, default="")


def _epoch_since(measures: Sequence[Measures], holds: Callable[[Measures], bool]) -> int:
    """Returns the first epoch from which on a condition holds up to the last epoch."""
    first = measures[-1].epoch
    for entry in reversed(measures):
        if not holds(entry):
            break
        first = entry.epoch
    return first


def _rate_too_low(run: Run) -> Notice | None:
    """Finds weights and a loss that have hardly moved since the run began."""
    measures = run.measures(1)
    if len(run.losses) < 2 or not measures:
        return None
    ratios = (finite(entry.of("update_ratio").values()) for entry in measures)
    updates = [max(values, default=1.0) for values in ratios]
    rates = list(run.log.learning_rate.values())
    is_warming_up = bool(rates) and rates[-1] > rates[0]
    change = max(run.losses) - min(run.losses)
    has_moved = change > NEARLY_STAGNANT * max(map(abs, run.losses))
    if max(updates) > TINY_UPDATE or is_warming_up or has_moved:
        return None
    if not _could_learn(run, measures[-1]):
        return None
    message = _(
        "The weights hardly change: a step changes them by at most {ratio} of their norm, "
        "while about {usual} is normal, and the loss stays at {loss}."
    ).format(
        ratio=number(max(updates)),
        usual=number(NORMAL_UPDATE),
        loss=number(run.losses[-1]),
    )
    advice = _("Try a higher learning rate, {more} instead of {rate}.").format(
        more=number(_NORMAL_RATE), rate=number(run.rate)
    )
    return Notice("rate_too_low", "", run.epochs[0], message, advice)


def _could_learn(run: Run, measures: Measures) -> bool:
    """Tells whether the learning rate is small, rather than the gradient."""
    if not run.rate < _NORMAL_RATE:
        return False
    gradients = measures.gradients()
    if gradients:
        return max(gradients.values()) > _LEARNABLE_GRADIENT
    return run.rate < _LOW_RATE


LAYER_RULES = (_dead_layer, _vanishing_gradients, _rate_too_low)
