"""Keeps a copy of the weights of the best epoch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A larger model gets no second copy in memory.
_MAX_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Best:
    """The best epoch so far.

    Attributes:
        epoch: Its number, counted from 0.
        name: The metric that decides: `"val_loss"`, or `"loss"` without validation.
        value: Its lowest value.
    """

    epoch: int
    name: str
    value: float


class BestWeights:
    """Copies a model's weights whenever its loss reaches a new minimum.

    Attributes:
        best: The best epoch; `None` before the first epoch.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> best = BestWeights()
        >>> best.note(model, 0, {"loss": 0.5})
        >>> model.set_weights([weight + 1 for weight in model.get_weights()])
        >>> best.note(model, 1, {"loss": 0.9})
        >>> best.restore(model)
        >>> best.best, float(model.get_weights()[1][0])
        (Best(epoch=0, name='loss', value=0.5), 0.0)
    """

    def __init__(self) -> None:
        self.best: Best | None = None
        self._weights: list[Any] | None = None

    @property
    def are_kept(self) -> bool:
        """Whether there are weights to restore."""
        return self._weights is not None

    def note(self, model: Any, epoch: int, metrics: Mapping[str, float]) -> None:
        """Records a finished epoch, and copies the weights if it is the best.

        An epoch without validation is skipped if an earlier epoch has validation.
        """
        best = self.best
        name = "val_loss" if "val_loss" in metrics else "loss"
        if best is not None and best.name == "val_loss":
            name = "val_loss"
        value = metrics.get(name, math.nan)
        if not math.isfinite(value):
            return
        if best is not None and best.name == name and value >= best.value:
            return
        self.best = Best(epoch, name, value)
        size = sum(math.prod(weight.shape) for weight in model.weights) * 4
        self._weights = model.get_weights() if size <= _MAX_BYTES else None

    def restore(self, model: Any) -> None:
        """Sets a model's weights to those of the best epoch."""
        model.set_weights(self._weights)
