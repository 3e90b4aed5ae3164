"""Keeps the weights of the best epoch beside those that train on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Of a larger model no second copy is held in memory.
_MOST_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Best:
    """The best epoch so far.

    Attributes:
        epoch: Its number, counted from 0.
        name: By what it was chosen: `"val_loss"`, or `"loss"` where nothing is validated.
        value: Its least value.
    """

    epoch: int
    name: str
    value: float


class BestWeights:
    """Copies a model's weights whenever its loss is lower than ever before.

    Attributes:
        best: The best epoch; `None` before there is one.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> kept = BestWeights()
        >>> kept.note(model, 0, {"loss": 0.5})
        >>> model.set_weights([it + 1 for it in model.get_weights()])
        >>> kept.note(model, 1, {"loss": 0.9})
        >>> kept.restore(model)
        >>> kept.best, float(model.get_weights()[1][0])
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
        """Looks at an epoch that ended, and copies the weights if it is the best.

        An epoch without validation is passed over where others have it.
        """
        known = self.best
        name = "val_loss" if "val_loss" in metrics else "loss"
        if known is not None and known.name == "val_loss":
            name = "val_loss"
        value = metrics.get(name, math.nan)
        if not math.isfinite(value):
            return
        if known is not None and known.name == name and value >= known.value:
            return
        self.best = Best(epoch, name, value)
        size = sum(math.prod(it.shape) for it in model.weights) * 4
        self._weights = model.get_weights() if size <= _MOST_BYTES else None

    def restore(self, model: Any) -> None:
        """Gives a model the weights of the best epoch."""
        model.set_weights(self._weights)
