"""One thing that goes wrong in a training run."""

from dataclasses import dataclass


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
