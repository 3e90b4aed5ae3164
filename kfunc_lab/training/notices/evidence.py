"""What the rules that find trouble look at: a run, and what was measured of its layers."""

import math
from collections.abc import Iterable
from functools import cached_property
from statistics import median

from kfunc_lab.locale import _
from kfunc_lab.training.run_log import RunLog

# A step should change weights by a thousandth of their norm (Karpathy): a hundred times more
# throws away what was learned, a thousand times less takes thousands of epochs.
USUAL, HUGE, TINY = 1e-3, 0.1, 1e-6
# A loss that changes by less than this share of it moves hardly.
STILL, HARDLY = 0.05, 0.02
LEARNED, MUCH = 0.1, 0.5


class Measures:
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
        return median(finite(self.of("update_ratio").values()) or [math.nan])

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


class Run:
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
        self._measures: dict[int, Measures] = {}

    @cached_property
    def rate(self) -> float:
        """The learning rate as it is now; NaN if it is not known."""
        return next(reversed(self.log.learning_rate.values()), math.nan)

    def measures(self, most: int) -> list[Measures]:
        """Returns what was measured first, and the last few that were measured."""
        epochs = list(self.log.measured)
        wanted = [*epochs[:1], *epochs[1:][-most:]]
        for epoch in wanted:
            if epoch not in self._measures:
                self._measures[epoch] = Measures(self.log, epoch)
        return [self._measures[it] for it in wanted]

    def is_still(self) -> bool:
        """Tells whether the loss has hardly fallen in the last three epochs."""
        last = self.losses[-3:]
        return len(last) == 3 and last[0] - last[-1] < STILL * max(map(abs, last))

    def has_learned(self, share: float) -> bool:
        """Tells whether the loss has fallen by more than a share of what it began with."""
        return self.begin - min(self.losses, default=math.inf) > share * abs(self.begin)


def finite(values: Iterable[float]) -> list[float]:
    """Returns the numbers that are neither NaN nor infinite."""
    return [it for it in values if math.isfinite(it)]


def slower(run: Run) -> str:
    """Says the rate to try, within a sentence."""
    if not run.rate > 0:
        return _("try a learning rate ten times smaller")
    return _("try a learning rate ten times smaller, {less} instead of {rate}").format(
        less=number(run.rate / 10), rate=number(run.rate)
    )


def number(value: float) -> str:
    """Writes a number within a sentence."""
    return f"{value:.3g}"
