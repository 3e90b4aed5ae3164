"""The evidence for the rules that find problems: a run, and the measures of its layers."""

import math
from collections.abc import Iterable
from functools import cached_property
from statistics import median

from kfunc_lab.locale import _
from kfunc_lab.training.run_log import RunLog

# A step should change weights by about a thousandth of their norm (Karpathy): a hundred times more
# destroys what was learned, and a thousand times less takes thousands of epochs.
NORMAL_UPDATE, HUGE_UPDATE, TINY_UPDATE = 1e-3, 0.1, 1e-6
# A loss stagnates if it changes by less than this share of itself.
STAGNANT, NEARLY_STAGNANT = 0.05, 0.02
# A loss has fallen noticeably, or by much, if it has fallen by this share of its first value.
LEARNED, LEARNED_MUCH = 0.1, 0.5


class Measures:
    """The measures of the layers after one epoch.

    Attributes:
        epoch: The epoch.
        layers: The paths of the layers, in the order of the graph.
    """

    def __init__(self, log: RunLog, epoch: int) -> None:
        self.epoch = epoch
        self._by_name: dict[str, dict[str, float]] = {}
        for (layer, name), value in log.measures_by_epoch[epoch].items():
            self._by_name.setdefault(name, {})[layer] = value
        self.layers = list(self.of("activation_mean") or self.of("weight_norm"))

    def of(self, name: str) -> dict[str, float]:
        """Returns one measure by layer."""
        return self._by_name.get(name, {})

    @cached_property
    def update(self) -> float:
        """The median over the layers of the relative change of their weights in a step.

        NaN if it was not measured.
        """
        # The median, because a single small layer says little: biases of 0 change by any ratio.
        return median(finite(self.of("update_ratio").values()) or [math.nan])

    def gradients(self) -> dict[str, float]:
        """Returns the gradient norm of each layer relative to its weight norm, in graph order.

        This is the relative change of the weights in a step of gradient descent with a learning
        rate of 1, so it is comparable between layers of any size.
        """
        norms, weights = self.of("gradient_norm"), self.of("weight_norm")
        layers = [*self.layers, *(layer for layer in norms if layer not in self.layers)]
        return {
            layer: norms[layer] / weights[layer]
            for layer in layers
            if layer in norms and weights.get(layer, 0) > 0 and math.isfinite(norms[layer])
        }

    def weights_of(self, layer: str) -> str:
        """Returns the layer itself if it has weights, or else the last one before it that has."""
        weights = self.of("weight_norm")
        before = self.layers[: self.layers.index(layer) + 1] if layer in self.layers else []
        return next((name for name in reversed(before) if name in weights), layer)


class Run:
    """A run with the quantities that the rules use.

    Attributes:
        log: The log of the run.
        epochs: The numbers of the finished epochs.
        losses: The loss of each finished epoch.
        line: The loss over the batches of the current or just finished epoch, as Keras reports
            it: the mean since that epoch began.
        begin: The loss of the first batch, when the model has learned nothing yet.
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
        """The current learning rate; NaN if it is unknown."""
        return next(reversed(self.log.learning_rate.values()), math.nan)

    def measures(self, last: int) -> list[Measures]:
        """Returns the first measures, and the last few of the later ones."""
        epochs = list(self.log.measures_by_epoch)
        selected = [*epochs[:1], *epochs[1:][-last:]]
        for epoch in selected:
            if epoch not in self._measures:
                self._measures[epoch] = Measures(self.log, epoch)
        return [self._measures[epoch] for epoch in selected]

    def is_stagnant(self) -> bool:
        """Tells whether the loss has hardly fallen in the last three epochs."""
        last = self.losses[-3:]
        return len(last) == 3 and last[0] - last[-1] < STAGNANT * max(map(abs, last))

    def has_learned(self, share: float) -> bool:
        """Tells whether the loss has fallen by more than a share of its first value."""
        return self.begin - min(self.losses, default=math.inf) > share * abs(self.begin)


def finite(values: Iterable[float]) -> list[float]:
    """Returns the numbers that are neither NaN nor infinite."""
    return [value for value in values if math.isfinite(value)]


def lower_rate_words(run: Run) -> str:
    """Returns the part of a sentence that suggests a lower learning rate."""
    if not run.rate > 0:
        return _("try a learning rate ten times smaller")
    return _("try a learning rate ten times smaller, {less} instead of {rate}").format(
        less=number(run.rate / 10), rate=number(run.rate)
    )


def number(value: float) -> str:
    """Formats a number for a sentence."""
    return f"{value:.3g}"
