"""The distributions of each layer's weights and activations, epoch by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np

from kfunc_lab.training.measuring.measures import Measurements
from kfunc_lab.ui.arrays import Numbers

# Half of the values lie between the second and the fourth, nine in ten between the outer ones.
PERCENTILES = (5, 25, 50, 75, 95)
WEIGHTS, ACTIVATIONS = "weights", "activations"
# More epochs than this could not be distinguished in a small picture.
MAX_EPOCHS = 40


def name_of(kind: str, percentile: int) -> str:
    """Returns the name of a percentile as a measure.

    Example:
        >>> name_of(WEIGHTS, 5)
        'weights_p05'
    """
    return f"{kind}_p{percentile:02d}"


def percentiles_of(measurements: Measurements) -> dict[tuple[str, str], float]:
    """Returns the percentiles of all distributions, as measures of their layers.

    Args:
        measurements: The measurements of one epoch.

    Returns:
        A number for each layer and name, such as `("dense", "weights_p05")`.

    Example:
        >>> from kfunc_lab.forward.statistics import Histogram
        >>> weights = {"dense": Histogram(0.5, 0, (1, 1, 2))}
        >>> percentiles_of(Measurements({}, weights, {}))["dense", "weights_p50"]
        1.0
    """
    distributions = {WEIGHTS: measurements.weights, ACTIVATIONS: measurements.activations}
    return {
        (layer, name_of(kind, percentile)): histogram.quantile(percentile / 100)
        for kind, histograms in distributions.items()
        for layer, histogram in histograms.items()
        for percentile in PERCENTILES
    }


def epochs_drawn(epochs: Sequence[int]) -> list[int]:
    """Selects the epochs to draw: evenly spaced, including the first and the last.

    Example:
        >>> epochs_drawn(range(100))[:3], len(epochs_drawn(range(100)))
        ([0, 3, 5], 40)
    """
    count = min(len(epochs), MAX_EPOCHS)
    indices = np.linspace(0, len(epochs) - 1, count).round().astype(int)
    return [epochs[index] for index in indices]


def spread_of(numbers: Mapping[tuple[str, str], float], layers: Sequence[str]) -> Numbers:
    """Returns the percentiles of layers after one epoch.

    Args:
        numbers: The measures of the epoch.
        layers: The paths of the layers.

    Returns:
        An array of shape `(layers, 2, percentiles)`, with the weights first; missing measures are
        NaN.
    """
    names = [
        name_of(kind, percentile)
        for kind in (WEIGHTS, ACTIVATIONS)
        for percentile in PERCENTILES
    ]
    rows = [[numbers.get((layer, name), np.nan) for name in names] for layer in layers]
    return np.array(rows, "<f4").reshape(len(layers), 2, len(PERCENTILES))
