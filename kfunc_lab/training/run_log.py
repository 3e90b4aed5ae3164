"""The state of a training run as plain data."""

import contextlib
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfunc_lab.training.downsampled_line import DownsampledLine
from kfunc_lab.training.measuring.best_weights import Best
from kfunc_lab.training.states import RUNNING

if TYPE_CHECKING:  # both import this module
    from kfunc_lab.training.measuring.predictions import Confusion
    from kfunc_lab.training.notices.notice import Notice


@dataclass
class RunLog:
    """A training run so far.

    Attributes:
        epochs: The planned number of epochs; 0 if it is unknown.
        steps: The number of batches in an epoch; 0 if it is unknown.
        epoch: The number of the current epoch.
        step: The number of finished batches in it.
        batches: For each metric its line over the batches, as Keras reports it: the mean since
            the epoch began. The position of a batch is the number of its epoch plus the share of
            the epoch that is finished.
        by_epoch: For each metric its value at the end of each epoch; validation metrics have the
            prefix `val_`.
        learning_rate: The learning rate of each epoch; for the last one the current rate.
        measures_by_epoch: For each epoch after which layers were measured, the measures by layer
            and name.
        loss_weights: The weight of each output's loss in the total loss, if there are weights.
        best: The best epoch so far.
        notices: What seems to go wrong.
        confusions: The latest confusion matrix of each classifier.
        state: `"running"`, `"paused"`, `"finished"`, `"stopped"`, `"interrupted"` or `"failed"`.
    """

    epochs: int = 0
    steps: int = 0
    epoch: int = 0
    step: int = 0
    batches: dict[str, DownsampledLine] = field(default_factory=dict)
    by_epoch: dict[str, dict[int, float]] = field(default_factory=dict)
    learning_rate: dict[int, float] = field(default_factory=dict)
    measures_by_epoch: dict[int, Mapping[tuple[str, str], float]] = field(default_factory=dict)
    loss_weights: dict[str, float] = field(default_factory=dict)
    best: Best | None = None
    notices: "tuple[Notice, ...]" = ()
    confusions: "tuple[Confusion, ...]" = ()
    state: str = RUNNING
    _pace: list[tuple[float, int]] = field(default_factory=list)
    _done: int = 0

    def add_batches(self, batches: Iterable[tuple[int, Mapping[str, Any] | None]]) -> None:
        """Adds the logs of batches.

        Args:
            batches: For each batch its number in the epoch, and its logs.
        """
        for number, logs in batches:
            self._done += max(number + 1 - self.step, 1)
            self.step = number + 1
            self.steps = max(self.steps, self.step)
            position = self.epoch + self.step / max(self.steps, 1)
            for name, value in numbers_of(logs).items():
                self.batches.setdefault(name, DownsampledLine()).add(position, value)
        self._pace.append((time.perf_counter(), self._done))
        del self._pace[:-20]

    def end_epoch(self, epoch: int, logs: Mapping[str, Any] | None) -> dict[str, float]:
        """Adds the logs of an epoch, and returns the numbers in them."""
        numbers = numbers_of(logs)
        for name, value in numbers.items():
            self.by_epoch.setdefault(name, {})[epoch] = value
        return numbers

    @property
    def batches_done(self) -> int:
        """The number of finished batches, over all epochs."""
        return self._done

    @property
    def rate(self) -> float:
        """The recent number of batches per second; NaN while it is unknown."""
        if len(self._pace) < 2:
            return math.nan
        (begin, before), (end, after) = self._pace[0], self._pace[-1]
        return (after - before) / (end - begin) if end > begin else math.nan

    @property
    def seconds_left(self) -> float:
        """The remaining time without validation; NaN while it is unknown."""
        if not self.epochs or not self.steps or not self.rate > 0:
            return math.nan
        epochs = max(self.epochs - self.epoch, 0)
        return max(epochs * self.steps - self.step, 0) / self.rate

    @property
    def measures(self) -> dict[str, dict[str, float]]:
        """For each layer its last measures, by name."""
        last: dict[str, dict[str, float]] = {}
        for numbers in self.measures_by_epoch.values():
            for (layer, name), value in numbers.items():
                last.setdefault(layer, {})[name] = value
        return last

    def lines(self) -> dict[str, list[float]]:
        """Returns the values of each metric as a list, as in `History.history`."""
        return {name: list(series.values()) for name, series in self.by_epoch.items()}


def numbers_of(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """Returns the numbers in logs; a metric that is an array becomes its mean.

    Example:
        >>> numbers_of({"loss": 0.5, "per_class": [0.0, 1.0], "note": "x"})
        {'loss': 0.5, 'per_class': 0.5}
    """
    import numpy as np

    numbers = {}
    for name, value in (logs or {}).items():
        if type(value) is float:  # nearly all of them
            numbers[name] = value
            continue
        if value is None or isinstance(value, (str, bytes)):
            continue
        with contextlib.suppress(Exception):  # values that are not numbers are not drawn
            array = np.asarray(value, dtype=float)
            if array.size:
                numbers[name] = float(np.mean(array))
    return numbers
