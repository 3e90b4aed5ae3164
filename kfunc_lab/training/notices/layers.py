"""Finds layers that do not learn."""

import math
from collections.abc import Callable, Sequence
from statistics import median

from kfunc_lab.locale import _, ngettext
from kfunc_lab.training.notices.evidence import (
    HARDLY,
    LEARNED,
    MUCH,
    TINY,
    USUAL,
    Measures,
    Run,
    finite,
    number,
    slower,
)
from kfunc_lab.training.notices.loss import leaps_of
from kfunc_lab.training.notices.notice import Notice
from kfunc_lab.ui.text import printable

# Nobody has all the units of a layer dead on purpose; of a few that live it cannot be told
# whether the layer is sparse, unless nothing is learned.
_NEARLY_ALL_DEAD = 0.95
# A layer whose weights change by so much in a step is not dead for all samples.
_CHANGES = 1e-4
# Where gradients vanish, a layer has so small a share of the greatest: in stacks that train,
# with or without sigmoids, a hundredth is common and a thousandth rare.
_VANISHED = 1e-4
_LEAST_DEPTH = 4
# A layer that is saturated is a surer sign, so that a lesser fall is enough.
_SATURATED, _SMALL = 0.9, 1e-3
# What stays at one end is a gate that is open, or closed; sigmoids at both deviate by up to 0.5.
_AT_BOTH_ENDS = 0.1
# Where weights do not move, gradients so great by them say that there is something to learn.
_TO_LEARN = 1e-3
# Rates below this are not even used for fine tuning.
_LOW_RATE = 1e-5
_USUAL_RATE = 0.001


def _dead_layer(run: Run) -> Notice | None:
    """Layers of which the units give 0 for every sample, so that no gradient passes."""
    measured = run.measures(2)
    if not measured:
        return None
    last = measured[-1]
    dead = [layer for layer in last.of("dead") if _is_dead(run, measured, layer)]
    if not dead:
        return None
    layer = dead[0]
    epoch = _since(measured, lambda it: it.of("dead").get(layer, 0.0) >= _NEARLY_ALL_DEAD)
    by_steps = bool(leaps_of(run)) or epoch > measured[0].epoch
    share = f"{last.of('dead')[layer]:.0%}"
    said = _(
        "Layer {layer} is dead: {share} of its units output 0 for every sample, so it cannot "
        "learn."
    )
    if len(dead) > 1:
        said = ngettext(
            "Layer {layer} and {count} more layer are dead: {share} of the units of {layer} "
            "output 0 for every sample, so these layers cannot learn.",
            "Layer {layer} and {count} more layers are dead: {share} of the units of {layer} "
            "output 0 for every sample, so these layers cannot learn.",
            len(dead) - 1,
        )
    said = said.format(layer=printable(layer), share=share, count=len(dead) - 1)
    return Notice("dead_layer", layer, epoch, said, _dead_advice(run, last, layer, by_steps))


def _is_dead(run: Run, measured: Sequence[Measures], layer: str) -> bool:
    # Not the first measure, which may be long ago.
    share = min(it.of("dead").get(layer, 0.0) for it in measured[-2:])
    if share < 1:
        return share >= _NEARLY_ALL_DEAD and run.is_still() and not run.has_learned(LEARNED)
    # It may live for other samples than those of the probe.
    update = measured[-1].of("update_ratio").get(measured[-1].weights_of(layer), 0.0)
    return not update > _CHANGES or len(run.losses) < 3 or run.is_still()


def _dead_advice(run: Run, measures: Measures, layer: str, by_steps: bool) -> str:
    shown = printable(layer)
    if measures.of("weight_norm").get(measures.weights_of(layer)) == 0:
        return _(
            "All weights of {layer} are 0, so no gradient can change them: give it "
            '`kernel_initializer="glorot_uniform"` and start again.'
        ).format(layer=shown)
    if by_steps:
        return _(
            "Start again, because it will not recover: {slower}, or give {layer} "
            '`activation="leaky_relu"`.'
        ).format(layer=shown, slower=slower(run))
    return _(
        'Start again, because it will not recover: give {layer} `bias_initializer="zeros"` or '
        '`activation="leaky_relu"`, and scale its inputs to about -1 to 1.'
    ).format(layer=shown)


def _vanishing_gradients(run: Run) -> Notice | None:
    """Gradients that shrink from layer to layer, or end in a layer that is saturated.

    They are compared by the norm of the layer's weights. A stack of sigmoids, each of which
    passes at most a quarter on, loses so much in ten layers.
    """
    measured = run.measures(1)
    if not measured:
        return None
    return _saturated(run, measured) or _fading(run, measured)


def _saturated(run: Run, measured: Sequence[Measures]) -> Notice | None:
    last = measured[-1]
    gradients = last.gradients()
    layer = next((it for it in last.of("saturated") if _blocks(run, measured, it)), "")
    if not layer:
        return None
    greatest = _greatest(gradients)
    said = _(
        "Layer {layer} is saturated: {share} of its units stay at a limit of their activation "
        "function, so its gradient norm is only {small} of its weight norm, compared with "
        "{great} in {other}."
    ).format(
        layer=printable(layer),
        share=f"{last.of('saturated')[layer]:.0%}",
        small=number(gradients[last.weights_of(layer)]),
        other=printable(greatest),
        great=number(gradients[greatest]),
    )
    advice = _saturated_advice(run, layer)
    return Notice("vanishing_gradients", layer, measured[0].epoch, said, advice)


def _blocks(run: Run, measured: Sequence[Measures], layer: str) -> bool:
    """Tells whether a layer is saturated, and lets next to no gradient pass for that."""
    last = measured[-1]
    gradients, source = last.gradients(), last.weights_of(layer)
    # From the first on: what training has saturated may be as it should, as a gate.
    share = min(it.of("saturated").get(layer, 0.0) for it in measured)
    greatest = gradients.get(_greatest(gradients), 0.0)
    # An output may be sure of its classes.
    is_output = source == next(reversed(gradients), "") or f"{layer}_loss" in run.log.by_epoch
    return (
        share >= _SATURATED
        and gradients.get(source, math.inf) < _SMALL * greatest
        and last.of("activation_deviation").get(layer, math.inf) > _AT_BOTH_ENDS
        and not is_output
    )


def _saturated_advice(run: Run, layer: str) -> str:
    if leaps_of(run):  # it was the steps that brought it there
        return _("Start again, because it is unlikely to recover: {slower}.").format(
            slower=slower(run)
        )
    return _(
        "Scale the inputs of {layer} to about -1 to 1, for example with a `Normalization` "
        "layer before it, and start with small weights, such as those of "
        '`kernel_initializer="glorot_uniform"`.'
    ).format(layer=printable(layer))


def _fading(run: Run, measured: Sequence[Measures]) -> Notice | None:
    last = measured[-1]
    gradients = last.gradients()
    if len(run.losses) < 3 or run.has_learned(MUCH) or not _fades(gradients):
        return None
    layer, greatest = next(iter(gradients)), _greatest(gradients)
    said = _(
        "The gradients vanish on their way back: the gradient norm of layer {layer} is only "
        "{small} of its weight norm, compared with {great} in {other}, and the loss is still "
        "{loss}."
    ).format(
        layer=printable(layer),
        small=number(gradients[layer]),
        other=printable(greatest),
        great=number(gradients[greatest]),
        loss=number(run.losses[-1]),
    )
    advice = _(
        'From layer {layer} on, try `activation="relu"` with `kernel_initializer="he_normal"` '
        "instead of sigmoid or tanh, `BatchNormalization` between the layers, or fewer layers "
        "than these {count}."
    ).format(layer=printable(layer), count=len(gradients))
    epoch = _since(measured, lambda it: _fades(it.gradients()))
    return Notice("vanishing_gradients", layer, epoch, said, advice)


def _fades(gradients: dict[str, float]) -> bool:
    """Tells whether the first half of the layers have next to nothing of the gradient."""
    values = list(gradients.values())
    if len(values) < _LEAST_DEPTH:
        return False
    limit = _VANISHED * max(values)
    # Exactly 0 is what layers have that no gradient leads to, which is no fading.
    fading = sum(0 < it <= limit for it in values)
    return median(values[: len(values) // 2]) <= limit and fading >= 2


def _greatest(gradients: dict[str, float]) -> str:
    return max(gradients, key=gradients.__getitem__, default="")


def _since(measured: Sequence[Measures], holds: Callable[[Measures], bool]) -> int:
    """Returns from which of some epochs on something holds until the last."""
    epoch = measured[-1].epoch
    for measures in reversed(measured):
        if not holds(measures):
            break
        epoch = measures.epoch
    return epoch


def _rate_too_low(run: Run) -> Notice | None:
    """Weights and a loss that have hardly moved since the run began."""
    measured = run.measures(1)
    if len(run.losses) < 2 or not measured:
        return None
    updates = [max(finite(it.of("update_ratio").values()), default=1.0) for it in measured]
    rates = list(run.log.learning_rate.values())
    is_warming_up = bool(rates) and rates[-1] > rates[0]
    moved = max(run.losses) - min(run.losses) > HARDLY * max(map(abs, run.losses))
    if max(updates) > TINY or is_warming_up or moved or not _could_learn(run, measured[-1]):
        return None
    said = _(
        "The weights hardly change: a step changes them by at most {ratio} of their norm, "
        "while about {usual} is normal, and the loss stays at {loss}."
    ).format(ratio=number(max(updates)), usual=number(USUAL), loss=number(run.losses[-1]))
    advice = _("Try a higher learning rate, {more} instead of {rate}.").format(
        more=number(_USUAL_RATE), rate=number(run.rate)
    )
    return Notice("rate_too_low", "", run.epochs[0], said, advice)


def _could_learn(run: Run, measures: Measures) -> bool:
    """Tells whether it is the rate that is small, and not the gradient."""
    if not run.rate < _USUAL_RATE:
        return False
    gradients = measures.gradients()
    if gradients:
        return max(gradients.values()) > _TO_LEARN
    return run.rate < _LOW_RATE


OF_LAYERS = (_dead_layer, _vanishing_gradients, _rate_too_low)
