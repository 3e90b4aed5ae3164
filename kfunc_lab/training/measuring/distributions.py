"""How the weights and the results of each layer are spread, epoch by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np

from kfunc_lab.training.measuring.measures import Measured
from kfunc_lab.ui.arrays import Numbers

# Half of the values lie between the two in the middle, nine in ten between the outer ones.
PERCENTILES = (5, 25, 50, 75, 95)
WEIGHTS, RESULTS = "weights", "activations"
# More epochs than this could not be told apart in a small picture.
MOST_EPOCHS = 40


def name_of(what: str, percentile: int) -> str:
    """Names a percentile as a measure.

    Example:
        >>> name_of(WEIGHTS, 5)
        'weights_p05'
    """
    return f"{what}_p{percentile:02d}"


def percentiles_of(measured: Measured) -> dict[tuple[str, str], float]:
    """Returns the percentiles of all distributions, as measures of their layers.

    Args:
        measured: What was measured.

    Returns:
        A number for each layer and name, as `("dense", "weights_p05")`.

    Example:
        >>> from kfunc_lab.forward.statistics import Histogram
        >>> weights = {"dense": Histogram(0.5, 0, (1, 1, 2))}
        >>> percentiles_of(Measured({}, weights, {}))["dense", "weights_p50"]
        1.0
    """
    found = {}
    for what, histograms in ((WEIGHTS, measured.weights), (RESULTS, measured.activations)):
        for layer, histogram in histograms.items():
            for percentile in PERCENTILES:
                key = layer, name_of(what, percentile)
                found[key] = histogram.quantile(percentile / 100)
    return found


def epochs_drawn(measured: Sequence[int]) -> list[int]:
    """Chooses the epochs that a picture shows: evenly, with the first and the last.

    Example:
        >>> epochs_drawn(range(100))[:3], len(epochs_drawn(range(100)))
        ([0, 3, 5], 40)
    """
    count = min(len(measured), MOST_EPOCHS)
    places = np.linspace(0, len(measured) - 1, count).round().astype(int)
    return [measured[place] for place in places]


def spread_of(numbers: Mapping[tuple[str, str], float], layers: Sequence[str]) -> Numbers:
    """Returns the percentiles of layers at one epoch.

    Args:
        numbers: What was measured then.
        layers: The layers' paths.

    Returns:
        Of shape `(layers, 2, percentiles)`, the weights first; NaN where nothing was measured.
    """
    names = [name_of(what, it) for what in (WEIGHTS, RESULTS) for it in PERCENTILES]
    rows = [[numbers.get((layer, name), np.nan) for name in names] for layer in layers]
    return np.array(rows, "<f4").reshape(len(layers), 2, len(PERCENTILES))
