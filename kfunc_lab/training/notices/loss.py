"""Finds losses that grow, bounce, or rise on the validation data alone."""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from kfunc_lab.locale import _
from kfunc_lab.training.notices.evidence import (
    HARDLY,
    HUGE,
    LEARNED,
    STILL,
    TINY,
    USUAL,
    Measures,
    Run,
    number,
    slower,
)
from kfunc_lab.training.notices.notice import Notice

# A loss that is so many times what it began with will not come back by itself.
_DIVERGED = 10.0
# Fewer batches say little of where a loss goes, unless it leaps beyond all measure.
_FEW_BATCHES = 12
_LEAP, _LEAPS = 2.0, 1000.0
# A rate that is lower than this share of what it was does not do what that one did.
_SAME_RATE = 0.67
# How far back the bouncing of a loss is looked for, and how much of it is more than noise.
_WINDOW, _BOUNCES, _MEAN_BOUNCE = 8, 3, 0.05
# Overfitting is said when validation has been worse for so many epochs, by so much.
_PATIENCE, _WORSE, _NOISE = 5, 0.1, 3.0
# Moving averages of batch normalization, which remember 100 steps, lag behind weights that change
# fast: then the gradient at inference becomes many times what it was (in trials at least 8, later
# at least 45, and by overfitting at most 3).
_SETTLED = 500
_LAGS, _LAGS_LATER = 4.0, 10.0


def divergence(run: Run) -> Notice | None:
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
    said = _("The loss diverges: it started at {begin} and is {now} in epoch {epoch}.")
    advice = _(
        "Start again: {slower}, or clip the gradients with `clipnorm=1.0` in the optimizer, and "
        "scale inputs and targets to about -1 to 1."
    )
    said = said.format(begin=number(run.begin), now=number(now), epoch=last + 1)
    return Notice("divergence", "", epoch, said, advice.format(slower=slower(run)))


def _grows_by_epoch(losses: Sequence[float], begin: float) -> bool:
    if len(losses) < 3 or not losses[-3] < losses[-2] < losses[-1]:
        return False
    before = max(begin, losses[0], key=abs)
    return losses[-1] == max(losses) and exceeds(losses[-1], before)


def _rest(run: Run) -> bool:
    """Tells whether the weights rest: then a loss grows by what is lost in rounding."""
    return any(it.update <= TINY for it in run.measures(1)[-1:])


def _grows_in_epoch(run: Run) -> bool:
    line = run.line
    if not line or not exceeds(line[-1], run.begin):
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
    return exceeds(median(each[-third:]), before)


def exceeds(now: float, before: float) -> bool:
    """Tells whether a loss is so much greater than before that it will not come back."""
    # By the difference, as a loss may be negative by nature.
    return now - before > _DIVERGED * abs(before)


def rate_too_high(run: Run) -> Notice | None:
    """Steps that change the weights by far too much, and a loss that suffers from it."""
    leaps = leaps_of(run)
    if not leaps or not run.losses:
        return None
    epoch = min(leaps)
    if len(run.losses) > 1 and min(run.losses) > run.begin:
        said = _(
            "The loss is {now} after epoch {last}, more than the {begin} it started with, and "
            "{steps}."
        )
    elif _is_thrown(run):
        said = _(
            "The loss jumped from {begin} to {first} in epoch {epoch} and is now {now}, and "
            "{steps}."
        )
    elif _bounces(run):
        epoch = run.epochs[-_WINDOW]
        said = _(
            "The loss oscillates between {low} and {high} over the last {count} epochs without "
            "falling further, and {steps}."
        )
    else:
        return None
    shown = run.losses[-_WINDOW:]
    said = said.format(
        begin=number(run.begin),
        first=number(run.losses[0]),
        now=number(run.losses[-1]),
        low=number(min(shown)),
        high=number(max(shown)),
        count=len(shown),
        epoch=run.epochs[0] + 1,
        last=run.epochs[-1] + 1,
        steps=_step_words(max(leaps.values())),
    )
    advice = _("Start again, because the weights have lost their scale: {slower}.")
    return Notice("rate_too_high", "", epoch, said, advice.format(slower=slower(run)))


def leaps_of(run: Run) -> dict[int, float]:
    """Returns the epochs in which a step changed the weights by far too much, and by how much."""
    measured = [it for it in run.measures(2) if _same_rate(run, it.epoch)]
    return {it.epoch: it.update for it in measured if it.update > HUGE}


def _same_rate(run: Run, epoch: int) -> bool:
    rate = run.log.learning_rate.get(epoch, math.nan)
    return not run.rate < _SAME_RATE * rate


def _step_words(update: float) -> str:
    return _(
        "a step changed the weights by {ratio} times their norm, while about {usual} is normal"
    ).format(ratio=number(update), usual=number(USUAL))


def _is_thrown(run: Run) -> bool:
    """Tells whether the first steps threw the model away, and it has not come back since."""
    if not exceeds(run.losses[0], run.begin):
        return False
    is_learned = run.losses[-1] < LEARNED * abs(run.begin)
    return len(run.losses) < 3 or (run.is_still() and not is_learned)


def _bounces(run: Run) -> bool:
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
        and sum(last[half:]) > (1 - HARDLY) * sum(last[:half])
        # What is left of a loss that has been learned may bounce.
        and mean > LEARNED * abs(run.begin)
    )


def overfitting(run: Run) -> Notice | None:
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
        "The model overfits: the validation loss was lowest in epoch {best}, at {low}, and is "
        "{now} after epoch {epoch}, while the training loss kept falling to {loss}."
    ).format(
        best=epochs[best] + 1,
        low=number(losses[best]),
        now=number(losses[-1]),
        epoch=epochs[-1] + 1,
        loss=number(run.losses[-1]),
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


def _falls_since(run: Run, best: int) -> bool:
    then = run.log.by_epoch.get("loss", {}).get(best, math.nan)
    return bool(run.losses) and run.losses[-1] < then - STILL * abs(then)


def _may_lag(run: Run, best: int) -> bool:
    """Tells whether validation may rise only as moving averages lag behind the weights.

    Then the gradient on samples of training rises too, as it is measured at inference.
    """
    is_settled = run.log.steps * len(run.epochs) >= _SETTLED
    epochs = list(run.log.measured)
    before = [it for it in epochs if it <= best]
    if before and epochs[-1] > best:
        then, now = (_gradient(Measures(run.log, it)) for it in (before[-1], epochs[-1]))
        if math.isfinite(then) and math.isfinite(now):
            # On a probe of validation it rises by overfitting itself, but not by so much.
            return now > (_LAGS_LATER if is_settled else _LAGS) * then
    return not is_settled


def _gradient(measures: Measures) -> float:
    norms = measures.of("gradient_norm").values()
    return math.hypot(*norms) if norms else math.nan
