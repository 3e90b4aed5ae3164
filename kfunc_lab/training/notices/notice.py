"""The description of one problem in a training run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """A problem in a run.

    Attributes:
        kind: `"nan"`, `"divergence"`, `"rate_too_high"`, `"dead_layer"`,
            `"vanishing_gradients"`, `"rate_too_low"` or `"overfitting"`.
        layer: The path of the affected layer, the first of several in the order of the graph;
            empty if the whole run is affected.
        epoch: The epoch in which it began, counted from 0; for overfitting the best epoch.
        said: The problem, as a sentence.
        advice: A suggestion, as a sentence.
    """

    kind: str
    layer: str
    epoch: int
    said: str
    advice: str
