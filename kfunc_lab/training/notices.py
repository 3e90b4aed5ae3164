"""Finds what goes wrong in a training run, in words."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median

from kfunc_lab.graph.writing import printable
from kfunc_lab.locale import _, ngettext
from kfunc_lab.training.run_log import RunLog

# A loss that is so many times what it began with will not come back by itself.
_DIVERGED = 10.0
# Fewer batches say little of where a loss goes, unless it leaps beyond all measure.
_FEW_BATCHES = 12
_LEAP, _LEAPS = 2.0, 1000.0
# Nobody has all the units of a layer dead on purpose; of a few that live it cannot be told
# whether the layer is sparse, unless nothing is learned.
_NEARLY_ALL_DEAD = 0.95
# A layer whose weights change by so much in a step is not dead for all samples.
_CHANGES = 1e-4
# A step should change weights by a thousandth of their norm (Karpathy): a hundred times more
# throws away what was learned, a thousand times less takes thousands of epochs.
_USUAL, _HUGE, _TINY = 1e-3, 0.1, 1e-6
# A rate that is lower than this share of what it was does not do what that one did.
_SAME_RATE = 0.67
# A loss that changes by less than this share of it moves hardly.
_STILL, _HARDLY = 0.05, 0.02
_LEARNED, _MUCH = 0.1, 0.5
# How far back the bouncing of a loss is looked for, and how much of it is more than noise.
_WINDOW, _BOUNCES, _MEAN_BOUNCE = 8, 3, 0.05
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
# Overfitting is said when validation has been worse for so many epochs, by so much.
_PATIENCE, _WORSE, _NOISE = 5, 0.1, 3.0
# Moving averages of batch normalization lag behind weights that change fast: then the gradient at
# inference becomes many times what it was (in trials at least 45, and by overfitting at most 3).
# Where it was not measured, five times the 100 steps are waited that they remember.
_SETTLED, _LAGS = 500, 10.0


@dataclass(frozen=True)
class Notice:
    """What goes wrong in a run.

    Attributes:
        kind: `"nan"`, `"divergence"`, `"rate_too_high"`, `"dead_layer"`,
            `"vanishing_gradients"`, `"rate_too_low"` or `"overfitting"`.
        layer: The path of the layer that it is about, the first of several in the order of the
            graph; nothing if it is about the whole run.
        epoch: The epoch in which it began, counted from 0; of overfitting the best one.
        said: What is wrong, as a sentence.
        advice: What to try, as a sentence.
    """

    kind: str
    layer: str
    epoch: int
    said: str
    advice: str


def find_notices(log: RunLog) -> tuple[Notice, ...]:
    """Finds what goes wrong in a run, at the end of an epoch or in the midst of it.

    What follows from something else is not said: a loss that is NaN is all that is said of a
    run, and where it grows without end, or whole layers are dead, gradients are not spoken of.

    Args:
        log: What is known of the run. Without measures of gradients and activations it finds
            what the losses and the weights tell.

    Returns:
        At most three notices, the gravest first; none for a run that goes well.

    Example:
        >>> log = RunLog()
        >>> log.learning_rate[0] = 0.1
        >>> _numbers = log.end_epoch(0, {"loss": float("nan")})
        >>> (notice,) = find_notices(log)
        >>> print(notice.said)
        The loss became NaN in epoch 1.
        >>> print(notice.advice)
        Check that the data holds no NaN with `np.isfinite(x).all()`; if it holds none, try a
        learning rate ten times smaller, 0.01 instead of 0.1, or clip the gradients with
        `clipnorm=1.0` in the optimizer.

    Source: of the ratio of updates to weights and the look of losses Karpathy, CS231n, Neural
    networks 3, https://cs231n.github.io/neural-networks-3/; of vanishing gradients and
    saturation Glorot and Bengio, Understanding the difficulty of training deep feedforward
    neural networks, 2010; of exploding gradients and clipping Pascanu, Mikolov and Bengio, On the
    difficulty of training recurrent neural networks, 2013; of dead units Lu et al., Dying ReLU
    and initialization, 2019; of the best epoch Prechelt, Early stopping - but when?, 1998.
    """
    run = _Run(log)
    for says_all in (_not_a_number, _divergence):
        notice = says_all(run)
        if notice is not None:
            return (notice,)
    found: list[Notice] = []
    # Of each group the first that is found has the others in its train.
    for rules in ((_rate_too_high,), _OF_LAYERS, (_overfitting,)):
        notice = next(filter(None, (rule(run) for rule in rules)), None)
        if notice is not None and not _follows(notice, found):
            found.append(notice)
    return tuple(found)


def _follows(notice: Notice, found: Sequence[Notice]) -> bool:
    """Tells whether something follows from what was found: too great steps saturate layers."""
    is_vanishing = notice.kind == "vanishing_gradients"
    return is_vanishing and any(it.kind == "rate_too_high" for it in found)


# ---------------------------------------------------------------------------------------------
# What the rules look at


class _Measures:
    """What was measured of the layers after one epoch.

    Attributes:
        epoch: The epoch.
        layers: The paths of the layers, in the order of the graph.
    """

    def __init__(self, log: RunLog, epoch: int) -> None:
        self.epoch = epoch
        self._of: dict[str, dict[str, float]] = {}
        for (layer, name), value in log.measured[epoch].items():
            self._of.setdefault(name, {})[layer] = value
        self.layers = list(self.of("activation_mean") or self.of("weight_norm"))

    def of(self, name: str) -> dict[str, float]:
        """Returns one measure by layer."""
        return self._of.get(name, {})

    @cached_property
    def update(self) -> float:
        """By how much of their norm a step changed the weights, in the median layer.

        NaN if that was not measured.
        """
        # The median, as one small layer says little: biases that were 0 change by any ratio.
        return median(_finite(self.of("update_ratio").values()) or [math.nan])

    def gradients(self) -> dict[str, float]:
        """Returns the gradient of each layer by the norm of its weights, in their order.

        It is what a step of gradient descent changes them by, for a learning rate of 1, and so
        may be compared between layers of any size.
        """
        norms, weights = self.of("gradient_norm"), self.of("weight_norm")
        return {
            it: norms[it] / weights[it]
            for it in [*self.layers, *(it for it in norms if it not in self.layers)]
            if it in norms and weights.get(it, 0) > 0 and math.isfinite(norms[it])
        }

    def weights_of(self, layer: str) -> str:
        """Returns the layer with weights that makes what an activation layer gives."""
        weights = self.of("weight_norm")
        before = self.layers[: self.layers.index(layer) + 1] if layer in self.layers else []
        return next((it for it in reversed(before) if it in weights), layer)


class _Run:
    """A run as the rules look at it.

    Attributes:
        log: What is known of it.
        epochs: The numbers of the epochs that are done.
        losses: The loss of each.
        line: The loss over the batches of the epoch that runs or has just ended, as Keras reports
            it: the mean since that epoch began.
        begin: The loss of the first batch, of a model that has learned nothing yet.
    """

    def __init__(self, log: RunLog) -> None:
        self.log = log
        by_epoch = log.by_epoch.get("loss", {})
        self.epochs, self.losses = list(by_epoch), list(by_epoch.values())
        batches = log.batches.get("loss")
        self.line: list[float] = []
        self.begin = self.losses[0] if self.losses else math.nan
        if batches is not None and batches.y:
            self.begin = batches.y[0]
            first = next((i for i, x in enumerate(batches.x) if x > log.epoch), len(batches.x))
            self.line = batches.y[first:]
        self._measures: dict[int, _Measures] = {}

    @cached_property
    def rate(self) -> float:
        """The learning rate as it is now; NaN if it is not known."""
        return next(reversed(self.log.learning_rate.values()), math.nan)

    def measures(self, most: int) -> list[_Measures]:
        """Returns what was measured first, and the last few that were measured."""
        epochs = list(self.log.measured)
        wanted = [*epochs[:1], *epochs[1:][-most:]]
        for epoch in wanted:
            if epoch not in self._measures:
                self._measures[epoch] = _Measures(self.log, epoch)
        return [self._measures[it] for it in wanted]

    def is_still(self) -> bool:
        """Tells whether the loss has hardly fallen in the last three epochs."""
        last = self.losses[-3:]
        return len(last) == 3 and last[0] - last[-1] < _STILL * max(map(abs, last))

    def has_learned(self, share: float) -> bool:
        """Tells whether the loss has fallen by more than a share of what it began with."""
        return self.begin - min(self.losses, default=math.inf) > share * abs(self.begin)


def _finite(values: Iterable[float]) -> list[float]:
    return [it for it in values if math.isfinite(it)]


# ---------------------------------------------------------------------------------------------
# NaN


def _not_a_number(run: _Run) -> Notice | None:
    """A loss, or a weight, that is NaN or infinite."""
    names = [it for it in {**run.log.batches, **run.log.by_epoch} if _is_loss(it)]
    began = {it: _began(run.log, it) for it in names}
    found = {it: at for it, at in began.items() if at < math.inf}
    training = {it: at for it, at in found.items() if not it.startswith("val_")}
    if training:
        return _nan_loss(run, training, [it for it in names if it not in found])
    last = run.measures(1)[-1:]
    for measures in last:
        for layer, norm in measures.of("weight_norm").items():
            if not math.isfinite(norm):
                return _nan_weights(run, layer, measures.epoch)
    return _nan_validation(run, found) if found else None


def _is_loss(name: str) -> bool:
    # Other metrics may be NaN by their nature, as of a class that is not there.
    return name == "loss" or name.endswith("_loss")


def _began(log: RunLog, name: str) -> float:
    """Returns where a line is NaN or infinite first, in epochs; infinity if nowhere."""
    found = math.inf
    series = log.batches.get(name)
    if series is not None and not math.isfinite(sum(series.y)):
        found = next(
            (x for x, y in zip(series.x, series.y, strict=True) if not math.isfinite(y)), found
        )
    for epoch, value in log.by_epoch.get(name, {}).items():
        if not math.isfinite(value):
            return min(found, epoch + 1)
    return found


def _nan_loss(run: _Run, began: dict[str, float], finite: list[str]) -> Notice:
    at = min(began.values())
    epoch = math.ceil(at) - 1
    # Where not all outputs began at the same time, the first ones are the cause.
    first = [it for it, when in began.items() if when == at and it != "loss"]
    others = [it for it in (*began, *finite) if _is_output(it) and it not in first]
    if first and others:
        return _nan_output(run, first[0], epoch)
    layer = _where_nan_begins(run)
    said = _("The loss became NaN in epoch {epoch}.")
    if _first_odd(run) == math.inf:
        said = _("The loss became infinite in epoch {epoch}.")
    return Notice("nan", layer, epoch, said.format(epoch=epoch + 1), _nan_advice(run, layer))


def _is_output(name: str) -> bool:
    return name != "loss" and not name.startswith("val_")


def _first_odd(run: _Run) -> float:
    """Returns the first loss that is not finite."""
    series = run.log.batches.get("loss")
    values = [*(series.y if series is not None else ()), *run.losses]
    return next((it for it in values if not math.isfinite(it)), math.nan)


def _nan_output(run: _Run, name: str, epoch: int) -> Notice:
    output = name.removesuffix("_loss")
    known = any(layer == output for m in run.measures(1)[:1] for layer in m.layers)
    said = _("The loss of output {name} became NaN in epoch {epoch}, before any other.")
    advice = _(
        "Check the labels of {name} with `np.isfinite(y).all()`, and whether its loss takes a "
        "logarithm, a root or a quotient of what {name} can give."
    )
    shown = printable(output)
    said = said.format(name=shown, epoch=epoch + 1)
    return Notice("nan", output if known else "", epoch, said, advice.format(name=shown))


def _where_nan_begins(run: _Run) -> str:
    """Returns the first layer that gives NaN though all weights are finite."""
    for measures in run.measures(1)[-1:]:
        if len(_finite(measures.of("weight_norm").values())) < len(measures.of("weight_norm")):
            return ""  # by then all of them may
        for layer, value in measures.of("activation_mean").items():
            if not math.isfinite(value):
                return layer
    return ""


def _nan_advice(run: _Run, layer: str) -> str:
    if layer:
        return _(
            "Look at layer {layer}, the first to give values that are not finite, and check that "
            "the data holds no NaN with `np.isfinite(x).all()`."
        ).format(layer=printable(layer))
    if _has_grown(run):
        return _(
            "The loss had grown before, so {slower}, or clip the gradients with `clipnorm=1.0` in "
            "the optimizer."
        ).format(slower=_slower(run))
    if _loss_alone_is_nan(run):
        return _(
            "Look at the loss function, as all layers give finite values: does it take a "
            "logarithm, a root or a quotient of what the model can give? For log(y) try "
            "`ops.log(ops.maximum(y, 1e-7))`."
        )
    return _(
        "Check that the data holds no NaN with `np.isfinite(x).all()`; if it holds none, {slower}, "
        "or clip the gradients with `clipnorm=1.0` in the optimizer."
    ).format(slower=_slower(run))


def _loss_alone_is_nan(run: _Run) -> bool:
    """Tells whether on the probe all weights and what all layers give are finite."""
    for measures in run.measures(1)[-1:]:
        given = [*measures.of("activation_mean").values()]
        values = [*given, *measures.of("weight_norm").values()]
        return bool(given) and len(_finite(values)) == len(values)
    return False


def _has_grown(run: _Run) -> bool:
    """Tells whether the loss was many times what it began with before it was NaN."""
    series = run.log.batches.get("loss")
    values = _finite(series.y if series is not None else run.losses)
    return bool(values) and _exceeds(max(values), values[0])


def _nan_weights(run: _Run, layer: str, epoch: int) -> Notice:
    shown = printable(layer)
    said = _("The weights of layer {layer} became NaN in epoch {epoch}.")
    advice = _("Start again: {slower}, or clip the gradients with `clipnorm=1.0`.")
    said = said.format(layer=shown, epoch=epoch + 1)
    return Notice("nan", layer, epoch, said, advice.format(slower=_slower(run)))


def _nan_validation(run: _Run, began: dict[str, float]) -> Notice:
    epoch = math.ceil(min(began.values())) - 1
    said = _("The validation loss is NaN in epoch {epoch}, though the training loss is not.")
    advice = _(
        "Check the validation data with `np.isfinite(x_val).all()`, and that it is scaled as the "
        "training data is."
    )
    return Notice("nan", "", epoch, said.format(epoch=epoch + 1), advice)


# ---------------------------------------------------------------------------------------------
# The loss grows, or bounces


def _divergence(run: _Run) -> Notice | None:
    """A loss that grows without end, over epochs or within one."""
    if _grows_in_epoch(run):
        epoch = last = run.log.epoch
        now = run.line[-1]
    elif _grows_by_epoch(run.losses, run.begin) and not _rest(run):
        least = min(range(len(run.losses)), key=run.losses.__getitem__)
        epoch, last = run.epochs[least + 1], run.epochs[-1]
        now = run.losses[-1]
    else:
        return None
    said = _("The loss grows without end: it began at {begin}, and is {now} in epoch {epoch}.")
    advice = _(
        "Start again: {slower}, or clip the gradients with `clipnorm=1.0` in the optimizer, and "
        "scale inputs and targets to about -1 to 1."
    )
    said = said.format(begin=_number(run.begin), now=_number(now), epoch=last + 1)
    return Notice("divergence", "", epoch, said, advice.format(slower=_slower(run)))


def _grows_by_epoch(losses: Sequence[float], begin: float) -> bool:
    if len(losses) < 3 or not losses[-3] < losses[-2] < losses[-1]:
        return False
    before = max(begin, losses[0], key=abs)
    return losses[-1] == max(losses) and _exceeds(losses[-1], before)


def _rest(run: _Run) -> bool:
    """Tells whether the weights rest: then a loss grows by what is lost in rounding."""
    return any(it.update <= _TINY for it in run.measures(1)[-1:])


def _grows_in_epoch(run: _Run) -> bool:
    line = run.line
    if not line or not _exceeds(line[-1], run.begin):
        return False
    if len(line) < _FEW_BATCHES:
        last = line[-4:]
        leaps = all(a > 0 and b > _LEAP * a for a, b in pairwise(last))
        return len(last) == 4 and leaps and last[-1] > _LEAPS * last[0]
    # Not the means since the epoch began, in which one odd sample stays for long.
    each = [
        (number + 1) * mean - number * before
        for number, (before, mean) in enumerate(zip([0.0, *line], line, strict=False))
    ]
    third = len(each) // 3
    before = max(each[:third], key=abs)
    return _exceeds(median(each[-third:]), before)


def _exceeds(now: float, before: float) -> bool:
    # By the difference, as a loss may be negative by nature.
    return now - before > _DIVERGED * abs(before)


def _rate_too_high(run: _Run) -> Notice | None:
    """Steps that change the weights by far too much, and a loss that suffers from it."""
    leaps = _leaps(run)
    if not leaps or not run.losses:
        return None
    epoch = min(leaps)
    if len(run.losses) > 1 and min(run.losses) > run.begin:
        said = _(
            "The loss is {now} after epoch {last}, more than the {begin} it began with, and "
            "{steps}."
        )
    elif _is_thrown(run):
        said = _(
            "The loss leapt from {begin} to {first} in epoch {epoch} and is {now} now, and {steps}."
        )
    elif _bounces(run):
        epoch = run.epochs[-_WINDOW]
        said = _(
            "The loss bounces between {low} and {high} in the last {count} epochs and falls no "
            "further, and {steps}."
        )
    else:
        return None
    shown = run.losses[-_WINDOW:]
    said = said.format(
        begin=_number(run.begin),
        first=_number(run.losses[0]),
        now=_number(run.losses[-1]),
        low=_number(min(shown)),
        high=_number(max(shown)),
        count=len(shown),
        epoch=run.epochs[0] + 1,
        last=run.epochs[-1] + 1,
        steps=_step_words(max(leaps.values())),
    )
    advice = _("Start again, as the weights have lost their scale: {slower}.")
    return Notice("rate_too_high", "", epoch, said, advice.format(slower=_slower(run)))


def _leaps(run: _Run) -> dict[int, float]:
    """Returns the epochs in which a step changed the weights by far too much, and by how much."""
    measured = [it for it in run.measures(2) if _same_rate(run, it.epoch)]
    return {it.epoch: it.update for it in measured if it.update > _HUGE}


def _same_rate(run: _Run, epoch: int) -> bool:
    rate = run.log.learning_rate.get(epoch, math.nan)
    return not run.rate < _SAME_RATE * rate


def _step_words(update: float) -> str:
    return _(
        "a step changed the weights by {ratio} times their norm, where {usual} is about right"
    ).format(ratio=_number(update), usual=_number(_USUAL))


def _is_thrown(run: _Run) -> bool:
    """Tells whether the first steps threw the model away, and it has not come back since."""
    if not _exceeds(run.losses[0], run.begin):
        return False
    is_learned = run.losses[-1] < _LEARNED * abs(run.begin)
    return len(run.losses) < 3 or (run.is_still() and not is_learned)


def _bounces(run: _Run) -> bool:
    """Tells whether the loss goes up and down by more than noise, and gets no lower."""
    last = run.losses[-_WINDOW:]
    if len(run.losses) <= _WINDOW:
        return False
    changes = [b - a for a, b in pairwise(last)]
    half = len(last) // 2
    mean = sum(map(abs, last)) / len(last)
    return (
        sum(it > 0 for it in changes) >= _BOUNCES
        and sum(map(abs, changes)) / len(changes) > _MEAN_BOUNCE * mean
        and sum(last[half:]) > (1 - _HARDLY) * sum(last[:half])
        # What is left of a loss that has been learned may bounce.
        and mean > _LEARNED * abs(run.begin)
    )


def _slower(run: _Run) -> str:
    """Says the rate to try, within a sentence."""
    if not run.rate > 0:
        return _("try a learning rate ten times smaller")
    return _("try a learning rate ten times smaller, {less} instead of {rate}").format(
        less=_number(run.rate / 10), rate=_number(run.rate)
    )


def _number(value: float) -> str:
    return f"{value:.3g}"


# ---------------------------------------------------------------------------------------------
# Layers that do not learn


def _dead_layer(run: _Run) -> Notice | None:
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
    by_steps = bool(_leaps(run)) or epoch > measured[0].epoch
    share = f"{last.of('dead')[layer]:.0%}"
    said = _(
        "Layer {layer} is dead: {share} of its units give 0 for every sample, so it cannot learn."
    )
    if len(dead) > 1:
        said = ngettext(
            "Layer {layer} is dead, and {count} layer more: {share} of its units give 0 for "
            "every sample, so it cannot learn.",
            "Layer {layer} is dead, and {count} layers more: {share} of its units give 0 for "
            "every sample, so it cannot learn.",
            len(dead) - 1,
        )
    said = said.format(layer=printable(layer), share=share, count=len(dead) - 1)
    return Notice("dead_layer", layer, epoch, said, _dead_advice(run, last, layer, by_steps))


def _is_dead(run: _Run, measured: Sequence[_Measures], layer: str) -> bool:
    # Not the first measure, which may be long ago.
    share = min(it.of("dead").get(layer, 0.0) for it in measured[-2:])
    if share < 1:
        return share >= _NEARLY_ALL_DEAD and run.is_still() and not run.has_learned(_LEARNED)
    # It may live for other samples than those of the probe.
    update = measured[-1].of("update_ratio").get(measured[-1].weights_of(layer), 0.0)
    return not update > _CHANGES or len(run.losses) < 3 or run.is_still()


def _dead_advice(run: _Run, measures: _Measures, layer: str, by_steps: bool) -> str:
    shown = printable(layer)
    if measures.of("weight_norm").get(measures.weights_of(layer)) == 0:
        return _(
            "All weights of {layer} are 0, from where no gradient leads away: give it "
            '`kernel_initializer="glorot_uniform"` and start again.'
        ).format(layer=shown)
    if by_steps:
        return _(
            "Start again, as it will not come back: {slower}, or give {layer} "
            '`activation="leaky_relu"`.'
        ).format(layer=shown, slower=_slower(run))
    return _(
        'Start again, as it will not come back: give {layer} `bias_initializer="zeros"` or '
        '`activation="leaky_relu"`, and scale what goes into it to about -1 to 1.'
    ).format(layer=shown)


def _vanishing_gradients(run: _Run) -> Notice | None:
    """Gradients that shrink from layer to layer, or end in a layer that is saturated.

    They are compared by the norm of the layer's weights. A stack of sigmoids, each of which
    passes at most a quarter on, loses so much in ten layers.
    """
    measured = run.measures(1)
    if not measured:
        return None
    return _saturated(run, measured) or _fading(run, measured)


def _saturated(run: _Run, measured: Sequence[_Measures]) -> Notice | None:
    last = measured[-1]
    gradients = last.gradients()
    # The last layer may be sure of its classes.
    for layer in list(last.of("saturated")):
        source = last.weights_of(layer)
        greatest = _greatest(gradients)
        # From the first on: what training has saturated may be as it should, as a gate.
        share = min(it.of("saturated").get(layer, 0.0) for it in measured)
        is_small = gradients.get(source, math.inf) < _SMALL * gradients.get(greatest, 0.0)
        is_gate = last.of("activation_deviation").get(layer, math.inf) < _AT_BOTH_ENDS
        if share < _SATURATED or not is_small or is_gate or source == list(gradients)[-1]:
            continue
        said = _(
            "Layer {layer} is saturated: {share} of its units stay at an end of their activation "
            "function, so its gradient is {small} of its weights, where that of {other} is "
            "{great}."
        ).format(
            layer=printable(layer),
            share=f"{last.of('saturated')[layer]:.0%}",
            small=_number(gradients[source]),
            other=printable(greatest),
            great=_number(gradients[greatest]),
        )
        advice = _saturated_advice(run, layer)
        return Notice("vanishing_gradients", layer, measured[0].epoch, said, advice)
    return None


def _saturated_advice(run: _Run, layer: str) -> str:
    if _leaps(run):  # it was the steps that brought it there
        return _("Start again, as it will hardly come back: {slower}.").format(
            slower=_slower(run)
        )
    return _(
        "Scale what goes into {layer} to about -1 to 1, as with a `Normalization` layer before "
        'it, and begin with small weights, as of `kernel_initializer="glorot_uniform"`.'
    ).format(layer=printable(layer))


def _fading(run: _Run, measured: Sequence[_Measures]) -> Notice | None:
    last = measured[-1]
    gradients = last.gradients()
    if len(run.losses) < 3 or run.has_learned(_MUCH) or not _fades(gradients):
        return None
    layer, greatest = next(iter(gradients)), _greatest(gradients)
    said = _(
        "The gradients vanish on their way back: that of layer {layer} is {small} of its weights, "
        "where that of {other} is {great}, and the loss is still {loss}."
    ).format(
        layer=printable(layer),
        small=_number(gradients[layer]),
        other=printable(greatest),
        great=_number(gradients[greatest]),
        loss=_number(run.losses[-1]),
    )
    advice = _(
        'From layer {layer} on, try `activation="relu"` with `kernel_initializer="he_normal"` '
        "instead of sigmoid or tanh, `BatchNormalization` between the layers, or fewer than these "
        "{count} layers."
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


def _since(measured: Sequence[_Measures], holds: Callable[[_Measures], bool]) -> int:
    """Returns from which of some epochs on something holds until the last."""
    epoch = measured[-1].epoch
    for measures in reversed(measured):
        if not holds(measures):
            break
        epoch = measures.epoch
    return epoch


def _rate_too_low(run: _Run) -> Notice | None:
    """Weights and a loss that have hardly moved since the run began."""
    measured = run.measures(1)
    if len(run.losses) < 2 or not measured:
        return None
    updates = [max(_finite(it.of("update_ratio").values()), default=1.0) for it in measured]
    rates = list(run.log.learning_rate.values())
    is_warming_up = bool(rates) and rates[-1] > rates[0]
    moved = max(run.losses) - min(run.losses) > _HARDLY * max(map(abs, run.losses))
    if max(updates) > _TINY or is_warming_up or moved or not _could_learn(run, measured[-1]):
        return None
    said = _(
        "The weights hardly change, by at most {ratio} of their norm in a step where {usual} is "
        "about right, and the loss stays at {loss}."
    ).format(ratio=_number(max(updates)), usual=_number(_USUAL), loss=_number(run.losses[-1]))
    advice = _("Try a greater learning rate, {more} instead of {rate}.").format(
        more=_number(_USUAL_RATE), rate=_number(run.rate)
    )
    return Notice("rate_too_low", "", run.epochs[0], said, advice)


def _could_learn(run: _Run, measures: _Measures) -> bool:
    """Tells whether it is the rate that is small, and not the gradient."""
    if not run.rate < _USUAL_RATE:
        return False
    gradients = measures.gradients()
    if gradients:
        return max(gradients.values()) > _TO_LEARN
    return run.rate < _LOW_RATE


_OF_LAYERS = (_dead_layer, _vanishing_gradients, _rate_too_low)


# ---------------------------------------------------------------------------------------------
# Overfitting


def _overfitting(run: _Run) -> Notice | None:
    """A validation loss that rises since its best epoch while the training loss falls."""
    by_epoch = run.log.by_epoch.get("val_loss", {})
    # Validation may be done every few epochs.
    epochs, losses = list(by_epoch), list(by_epoch.values())
    if len(losses) <= _PATIENCE:
        return None
    best = min(range(len(losses)), key=losses.__getitem__)
    if not _rises_since(losses, best) or not _falls_since(run, epochs[best]):
        return None
    if _may_lag(run, epochs[best]):
        return None
    said = _(
        "The model overfits: the validation loss was best in epoch {best}, {low}, and is {now} "
        "after epoch {epoch}, while the training loss went on falling to {loss}."
    ).format(
        best=epochs[best] + 1,
        low=_number(losses[best]),
        now=_number(losses[-1]),
        epoch=epochs[-1] + 1,
        loss=_number(run.losses[-1]),
    )
    advice = _(
        "Stop at the best epoch with `keras.callbacks.EarlyStopping(patience={patience}, "
        "restore_best_weights=True)`, and try more data, `Dropout(0.5)` before the last layer, "
        "or fewer units."
    ).format(patience=_PATIENCE)
    return Notice("overfitting", "", epochs[best], said, advice)


def _rises_since(losses: Sequence[float], best: int) -> bool:
    if best >= len(losses) - _PATIENCE:
        return False
    about = losses[best : best + 2]  # the best one alone may be luck
    last = losses[-3:]
    low, now = sum(about) / len(about), sum(last) / len(last)
    rise = now - low
    noise = median(abs(b - a) for a, b in pairwise(losses[best:]))
    return (
        rise > _WORSE * abs(low)
        # What a loss near 0 does is small beside what was learned.
        and rise > _WORSE * (losses[0] - losses[best])
        and rise > _NOISE * noise
        and min(last) > max(about)
    )


def _falls_since(run: _Run, best: int) -> bool:
    then = run.log.by_epoch.get("loss", {}).get(best, math.nan)
    return bool(run.losses) and run.losses[-1] < then - _STILL * abs(then)


def _may_lag(run: _Run, best: int) -> bool:
    """Tells whether validation may rise only as moving averages lag behind the weights.

    Then the gradient on samples of training rises too, as it is measured at inference.
    """
    epochs = list(run.log.measured)
    before = [it for it in epochs if it <= best]
    if before and epochs[-1] > best:
        then, now = (_gradient(_Measures(run.log, it)) for it in (before[-1], epochs[-1]))
        if math.isfinite(then) and math.isfinite(now):
            # On a probe of validation it rises by overfitting itself, but not by so much.
            return now > _LAGS * then
    return run.log.steps * len(run.epochs) < _SETTLED


def _gradient(measures: _Measures) -> float:
    norms = measures.of("gradient_norm").values()
    return math.hypot(*norms) if norms else math.nan
