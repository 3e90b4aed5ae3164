"""What is known of a training run so far, as plain data."""

import contextlib
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfunc_lab.training.downsampled_line import Series
from kfunc_lab.training.measuring.best_weights import Best
from kfunc_lab.training.states import RUNNING

if TYPE_CHECKING:  # both read a log
    from kfunc_lab.training.measuring.predictions import Confusion
    from kfunc_lab.training.notices.notice import Notice


@dataclass
class RunLog:
    """A training run so far.

    Attributes:
        epochs: How many epochs it shall have; 0 if that is not known.
        steps: How many batches an epoch has; 0 if that is not known.
        epoch: The number of the epoch that runs.
        step: How many batches of it are done.
        batches: For each metric its line over the batches, as Keras reports it: the mean since
            the epoch began. A batch stands at the number of its epoch and the share of it.
        by_epoch: For each metric, those of validation by `val_` before their name, its value at
            the end of each epoch.
        learning_rate: The learning rate of each epoch, that of the last as it is now.
        measured: For each epoch after which layers were measured, what was: by layer and name.
        loss_weights: For the loss of each output by what it counts in the whole, if that is told.
        best: The best epoch so far.
        notices: What seems to go wrong.
        confusions: What a classifier takes for what, at last.
        state: `"running"`, `"paused"`, `"finished"`, `"stopped"`, `"interrupted"` or `"failed"`.
    """

    epochs: int = 0
    steps: int = 0
    epoch: int = 0
    step: int = 0
    batches: dict[str, Series] = field(default_factory=dict)
    by_epoch: dict[str, dict[int, float]] = field(default_factory=dict)
    learning_rate: dict[int, float] = field(default_factory=dict)
    measured: dict[int, Mapping[tuple[str, str], float]] = field(default_factory=dict)
    loss_weights: dict[str, float] = field(default_factory=dict)
    best: Best | None = None
    notices: "tuple[Notice, ...]" = ()
    confusions: "tuple[Confusion, ...]" = ()
    state: str = RUNNING
    _pace: list[tuple[float, int]] = field(default_factory=list)
    _done: int = 0

    def add_batches(self, batches: Iterable[tuple[int, Mapping[str, Any] | None]]) -> None:
        """Takes what Keras reported of batches.

        Args:
            batches: For each its number in its epoch, and its logs.
        """
        for number, logs in batches:
            self._done += max(number + 1 - self.step, 1)
            self.step = number + 1
            self.steps = max(self.steps, self.step)
            at = self.epoch + self.step / max(self.steps, 1)
            for name, value in numbers_of(logs).items():
                self.batches.setdefault(name, Series()).add(at, value)
        self._pace.append((time.perf_counter(), self._done))
        del self._pace[:-20]

    def end_epoch(self, epoch: int, logs: Mapping[str, Any] | None) -> dict[str, float]:
        """Takes what Keras reported of an epoch, and returns its numbers."""
        numbers = numbers_of(logs)
        for name, value in numbers.items():
            self.by_epoch.setdefault(name, {})[epoch] = value
        return numbers

    @property
    def batches_done(self) -> int:
        """How many batches are done, over all epochs."""
        return self._done

    @property
    def rate(self) -> float:
        """Batches per second, lately; NaN before it is known."""
        if len(self._pace) < 2:
            return math.nan
        (begin, before), (end, after) = self._pace[0], self._pace[-1]
        return (after - before) / (end - begin) if end > begin else math.nan

    @property
    def seconds_left(self) -> float:
        """How long it will take still, without validation; NaN if that is not known."""
        if not self.epochs or not self.steps or not self.rate > 0:
            return math.nan
        epochs = max(self.epochs - self.epoch, 0)
        return max(epochs * self.steps - self.step, 0) / self.rate

    @property
    def measures(self) -> dict[str, dict[str, float]]:
        """For each layer what was measured of it last, by name."""
        last: dict[str, dict[str, float]] = {}
        for numbers in self.measured.values():
            for (layer, name), value in numbers.items():
                last.setdefault(layer, {})[name] = value
        return last

    def lines(self) -> dict[str, list[float]]:
        """Returns the epochs of each metric as a list, as `History.history` has them."""
        return {name: list(series.values()) for name, series in self.by_epoch.items()}


def numbers_of(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """Returns the numbers in logs; a metric that is an array becomes its mean.

    Example:
        >>> numbers_of({"loss": 0.5, "per_class": [0.0, 1.0], "note": "x"})
        {'loss': 0.5, 'per_class': 0.5}
    """
    import numpy as np

    found = {}
    for name, value in (logs or {}).items():
        if type(value) is float:  # nearly all of them
            found[name] = value
            continue
        if value is None or isinstance(value, (str, bytes)):
            continue
        with contextlib.suppress(Exception):  # what is no number is not drawn
            numbers = np.asarray(value, dtype=float)
            if numbers.size:
                found[name] = float(np.mean(numbers))
    return found
