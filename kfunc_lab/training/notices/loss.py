"""Finds losses that diverge, oscillate, or only rise on the validation data."""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from kfunc_lab.locale import _
from kfunc_lab.training.notices.evidence import (
    HUGE_UPDATE,
    LEARNED,
    NEARLY_STAGNANT,
    NORMAL_UPDATE,
    STAGNANT,
    TINY_UPDATE,
    Measures,
    Run,
    lower_rate_words,
    number,
)
from kfunc_lab.training.notices.notice import Notice

# A loss of this many times its first value will not recover by itself.
_DIVERGED = 10.0
# Fewer batches say little about the trend of a loss, unless it explodes.
_FEW_BATCHES = 12
_JUMP, _EXPLOSION = 2.0, 1000.0
# A learning rate below this share of an earlier one no longer has the effects of that one.
_SAME_RATE = 0.67
# The epochs in which to look for oscillation, the number of rises, and the mean change above noise.
_WINDOW, _RISES, _MEAN_CHANGE = 8, 3, 0.05
# A model overfits if its validation loss has been worse for this many epochs, by this share, and
# by this many times its noise.
_PATIENCE, _WORSE, _NOISE = 5, 0.1, 3.0
# The moving averages of batch normalization, which cover 100 steps, lag behind weights that change
# fast. Then the gradient in inference mode grows (in our trials by a factor of at least 8, later
# at least 45, whereas overfitting causes a factor of at most 3).
_SETTLED_STEPS = 500
_LAG, _LATE_LAG = 4.0, 10.0


def divergence(run: Run) -> Notice | None:
    """Finds a loss that grows without limit, over epochs or within one."""
    if _grows_in_epoch(run):
        epoch = last = run.log.epoch
        now = run.line[-1]
    elif _grows_by_epoch(run.losses, run.begin) and not _weights_rest(run):
        lowest = min(range(len(run.losses)), key=run.losses.__getitem__)
        epoch, last = run.epochs[lowest + 1], run.epochs[-1]
        now = run.losses[-1]
    else:
        return None
    message = _("The loss diverges: it started at {begin} and is {now} in epoch {epoch}.")
    advice = _(
        "Start again: {slower}, or clip the gradients with `clipnorm=1.0` in the optimizer, and "
        "scale inputs and targets to about -1 to 1."
    )
    message = message.format(begin=number(run.begin), now=number(now), epoch=last + 1)
    return Notice("divergence", "", epoch, message, advice.format(slower=lower_rate_words(run)))


def _grows_by_epoch(losses: Sequence[float], begin: float) -> bool:
    if len(losses) < 3 or not losses[-3] < losses[-2] < losses[-1]:
        return False
    before = max(begin, losses[0], key=abs)
    return losses[-1] == max(losses) and exceeds(losses[-1], before)


def _weights_rest(run: Run) -> bool:
    """Tells whether the weights hardly change, so that a loss only grows by rounding errors."""
    return any(measures.update <= TINY_UPDATE for measures in run.measures(1)[-1:])


def _grows_in_epoch(run: Run) -> bool:
    line = run.line
    if not line or not exceeds(line[-1], run.begin):
        return False
    if len(line) < _FEW_BATCHES:
        last = line[-4:]
        jumps = all(a > 0 and b > _JUMP * a for a, b in pairwise(last))
        return len(last) == 4 and jumps and last[-1] > _EXPLOSION * last[0]
    # The loss of each point, not the mean since the epoch began, which one outlier distorts.
    losses = [
        (number + 1) * mean - number * before
        for number, (before, mean) in enumerate(zip([0.0, *line], line, strict=False))
    ]
    third = len(losses) // 3
    before = max(losses[:third], key=abs)
    return exceeds(median(losses[-third:]), before)


def exceeds(now: float, before: float) -> bool:
    """Tells whether a loss is so much higher than before that it will not recover."""
    # Compares the difference, because a loss may be negative.
    return now - before > _DIVERGED * abs(before)


def rate_too_high(run: Run) -> Notice | None:
    """Finds steps that change the weights far too much, if the loss suffers from them."""
    updates = huge_updates(run)
    if not updates or not run.losses:
        return None
    epoch = min(updates)
    if len(run.losses) > 1 and min(run.losses) > run.begin:
        message = _(
            "The loss is {now} after epoch {last}, more than the {begin} it started with, and "
            "{steps}."
        )
    elif _has_jumped(run):
        message = _(
            "The loss jumped from {begin} to {first} in epoch {epoch} and is now {now}, and "
            "{steps}."
        )
    elif _oscillates(run):
        epoch = run.epochs[-_WINDOW]
        message = _(
            "The loss oscillates between {low} and {high} over the last {count} epochs without "
            "falling further, and {steps}."
        )
    else:
        return None
    shown = run.losses[-_WINDOW:]
    message = message.format(
        begin=number(run.begin),
        first=number(run.losses[0]),
        now=number(run.losses[-1]),
        low=number(min(shown)),
        high=number(max(shown)),
        count=len(shown),
        epoch=run.epochs[0] + 1,
        last=run.epochs[-1] + 1,
        steps=_step_words(max(updates.values())),
    )
    advice = _("Start again, because the weights have lost their scale: {slower}.")
    return Notice(
        "rate_too_high", "", epoch, message, advice.format(slower=lower_rate_words(run))
    )


def huge_updates(run: Run) -> dict[int, float]:
    """Returns the epochs in which a step changed the weights far too much, with the ratios."""
    return {
        measures.epoch: measures.update
        for measures in run.measures(2)
        if measures.update > HUGE_UPDATE and _has_similar_rate(run, measures.epoch)
    }


def _has_similar_rate(run: Run, epoch: int) -> bool:
    rate = run.log.learning_rate.get(epoch, math.nan)
    return not run.rate < _SAME_RATE * rate


def _step_words(update: float) -> str:
    return _(
        "a step changed the weights by {ratio} times their norm, while about {usual} is normal"
    ).format(ratio=number(update), usual=number(NORMAL_UPDATE))


def _has_jumped(run: Run) -> bool:
    """Tells whether the first steps raised the loss, and it has not recovered since."""
    if not exceeds(run.losses[0], run.begin):
        return False
    has_learned = run.losses[-1] < LEARNED * abs(run.begin)
    return len(run.losses) < 3 or (run.is_stagnant() and not has_learned)


def _oscillates(run: Run) -> bool:
    """Tells whether the loss goes up and down by more than noise without falling."""
    last = run.losses[-_WINDOW:]
    if len(run.losses) <= _WINDOW:
        return False
    changes = [b - a for a, b in pairwise(last)]
    half = len(last) // 2
    mean = sum(map(abs, last)) / len(last)
    return (
        sum(change > 0 for change in changes) >= _RISES
        and sum(map(abs, changes)) / len(changes) > _MEAN_CHANGE * mean
        and sum(last[half:]) > (1 - NEARLY_STAGNANT) * sum(last[:half])
        # A loss that is already low may oscillate.
        and mean > LEARNED * abs(run.begin)
    )


def overfitting(run: Run) -> Notice | None:
    """Finds a validation loss that rises after its best epoch while the training loss falls."""
    by_epoch = run.log.by_epoch.get("val_loss", {})
    # Validation may only run every few epochs.
    epochs, losses = list(by_epoch), list(by_epoch.values())
    if len(losses) <= _PATIENCE:
        return None
    best = min(range(len(losses)), key=losses.__getitem__)
    if not _rises_since(losses, best) or not _falls_since(run, epochs[best]):
        return None
    if _may_lag(run, epochs[best]):
        return None
    message = _(
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
    return Notice("overfitting", "", epochs[best], message, advice)


def _rises_since(losses: Sequence[float], best: int) -> bool:
    if best >= len(losses) - _PATIENCE:
        return False
    lowest = losses[best : best + 2]  # the best epoch alone may be luck
    last = losses[-3:]
    low, now = sum(lowest) / len(lowest), sum(last) / len(last)
    rise = now - low
    noise = median(abs(b - a) for a, b in pairwise(losses[best:]))
    return (
        rise > _WORSE * abs(low)
        # The rise of a loss near 0 is small compared with what the model has learned.
        and rise > _WORSE * (losses[0] - losses[best])
        and rise > _NOISE * noise
        and min(last) > max(lowest)
    )


def _falls_since(run: Run, best: int) -> bool:
    then = run.log.by_epoch.get("loss", {}).get(best, math.nan)
    return bool(run.losses) and run.losses[-1] < then - STAGNANT * abs(then)


def _may_lag(run: Run, best: int) -> bool:
    """Tells whether validation may only rise because moving averages lag behind the weights.

    Then the gradient on training samples rises too, because it is measured in inference mode.
    """
    is_settled = run.log.steps * len(run.epochs) >= _SETTLED_STEPS
    epochs = list(run.log.measures_by_epoch)
    before = [epoch for epoch in epochs if epoch <= best]
    if before and epochs[-1] > best:
        then = _gradient_norm(Measures(run.log, before[-1]))
        now = _gradient_norm(Measures(run.log, epochs[-1]))
        if math.isfinite(then) and math.isfinite(now):
            # With a probe of validation data, overfitting raises it too, but by less.
            return now > (_LATE_LAG if is_settled else _LAG) * then
    return not is_settled


def _gradient_norm(measures: Measures) -> float:
    norms = measures.of("gradient_norm").values()
    return math.hypot(*norms) if norms else math.nan
