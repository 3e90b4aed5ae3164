"""Statistics of an array of activations, which can be reckoned in pieces and put together."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kfunc_lab.ui.arrays import Numbers

_MOST_BINS = 48
_TOP = 3
# A value nearer to the end of its range than this share of the range counts as saturated.
_NEAR_THE_END = 0.02
# A unit is called saturated if so great a share of its values is.
_SATURATED = 0.95

# Where the functions that level off do so.
_ENDS: dict[str, tuple[float, float]] = {
    "sigmoid": (0, 1),
    "hard_sigmoid": (0, 1),
    "softmax": (0, 1),
    "tanh": (-1, 1),
    "hard_tanh": (-1, 1),
    "softsign": (-1, 1),
}


@dataclass(frozen=True)
class Histogram:
    """How many values lie in each of evenly wide bins.

    Attributes:
        width: Of each bin: a power of two, so that two bins of one width make one of the next.
        first: The number of the first bin, which begins at `first * width`.
        counts: How many values lie in each bin from there.
    """

    width: float
    first: int
    counts: tuple[int, ...]

    @property
    def low(self) -> float:
        """Where the first bin begins."""
        return self.first * self.width

    @property
    def high(self) -> float:
        """Where the last bin ends."""
        return (self.first + len(self.counts)) * self.width

    def quantile(self, share: float) -> float:
        """Returns the value below which such a share of the values lies, to within a bin.

        Args:
            share: From 0 to 1.

        Returns:
            The value; NaN if there are none.

        Example:
            >>> Histogram(0.5, 0, (1, 1, 2)).quantile(0.5)
            1.0
        """
        below = np.cumsum([0, *self.counts])
        if not below[-1]:
            return math.nan
        edges = self.low + self.width * np.arange(len(below))
        return float(np.interp(share * below[-1], below, edges))


@dataclass(frozen=True)
class Statistics:
    """What is told of the activations of a call, over all samples.

    Attributes:
        count: How many numbers there are.
        not_finite: How many of them are NaN or infinite. All else is told of the others.
        minimum: The least.
        maximum: The greatest.
        total: Their sum.
        squares: The sum of their squares.
        zeros: How many are zero.
        histogram: Their distribution.
        norms: For each sample the root of the sum of its squares.
        peaks: For each unit the greatest absolute value; NaN if not all its values are finite.
        saturated: For each unit how many of its values are near an end of what its activation
            function can give; `None` for a function that does not level off.
        top_samples: For each rank and unit the sample that excites it so much: the greatest
            mean over all positions.
        top_values: These means.
    """

    count: int
    not_finite: int
    minimum: float
    maximum: float
    total: float
    squares: float
    zeros: int
    histogram: Histogram
    norms: Numbers
    peaks: Numbers
    saturated: Numbers | None
    top_samples: Numbers
    top_values: Numbers

    @property
    def mean(self) -> float:
        """Their mean."""
        return self.total / self.finite if self.finite else math.nan

    @property
    def deviation(self) -> float:
        """Their standard deviation."""
        if not self.finite:
            return math.nan
        return math.sqrt(max(self.squares / self.finite - self.mean**2, 0.0))

    @property
    def finite(self) -> int:
        """How many are finite."""
        return self.count - self.not_finite

    @property
    def share_of_zeros(self) -> float:
        """The share of zeros, from 0 to 1."""
        return self.zeros / self.finite if self.finite else math.nan

    @property
    def norm(self) -> float:
        """The mean of the samples' norms."""
        return float(self.norms.mean()) if self.norms.size else math.nan

    @property
    def dead(self) -> Numbers:
        """The numbers of the units that are zero for every sample, everywhere."""
        return np.flatnonzero(self.peaks == 0)

    @property
    def saturated_units(self) -> Numbers | None:
        """The numbers of the units of which at least 95 % of the values are saturated.

        Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward
        neural networks, 2010, of units whose function levels off.
        """
        if self.saturated is None:
            return None
        each = self.count / len(self.saturated) if len(self.saturated) else 1
        return np.flatnonzero(self.saturated >= _SATURATED * each)


def statistics_of(
    values: Numbers,
    *,
    channels_first: bool = False,
    activation: str = "",
    first_sample: int = 0,
) -> Statistics:
    """Reckons the statistics of activations.

    Args:
        values: Of shape (samples, …, units).
        channels_first: Whether the units are the second axis instead.
        activation: The name of the activation function, as `"tanh"`.
        first_sample: The number of the first sample.

    Returns:
        The statistics.

    Example:
        >>> found = statistics_of(np.array([[0.0, 2.0], [0.0, 4.0]]))
        >>> found.mean, found.share_of_zeros, found.dead
        (1.5, 0.5, array([0]))
    """
    numbers = _as_numbers(values)
    by_unit = _by_unit(numbers, channels_first)  # (samples, positions, units)
    odd = None if all_finite(by_unit) else ~np.isfinite(by_unit)
    not_finite = 0 if odd is None else int(np.count_nonzero(odd))
    finite = by_unit
    if odd is not None:
        finite = by_unit[~odd]
        # Zeros in their place are taken out of what is counted below.
        by_unit = np.where(odd, by_unit.dtype.type(0), by_unit)
    squares = np.einsum("spu,spu->s", by_unit, by_unit, dtype=np.float64)
    means = by_unit.sum(axis=1, dtype=np.float64) / max(by_unit.shape[1], 1)
    top = np.argsort(-means, axis=0, kind="stable")[:_TOP]
    return Statistics(
        count=int(numbers.size),
        not_finite=not_finite,
        minimum=float(finite.min()) if finite.size else math.nan,
        maximum=float(finite.max()) if finite.size else math.nan,
        total=float(by_unit.sum(dtype=np.float64)),
        squares=float(squares.sum()),
        zeros=int(by_unit.size - np.count_nonzero(by_unit)) - not_finite,
        histogram=_histogram(finite),
        norms=np.sqrt(squares),
        peaks=_peaks(by_unit, odd),
        saturated=_saturated(by_unit, odd, activation),
        top_samples=top + first_sample,
        top_values=np.take_along_axis(means, top, axis=0),
    )


def together(parts: Iterable[Statistics]) -> Statistics:
    """Puts the statistics of several pieces of a batch together.

    Args:
        parts: The statistics of each, in their order.

    Returns:
        The statistics of all.
    """
    parts = list(parts)
    first = parts[0]
    values = np.concatenate([it.top_values for it in parts])
    samples = np.concatenate([it.top_samples for it in parts])
    top = np.argsort(-values, axis=0, kind="stable")[:_TOP]
    saturated = [it.saturated for it in parts if it.saturated is not None]
    return Statistics(
        count=sum(it.count for it in parts),
        not_finite=sum(it.not_finite for it in parts),
        minimum=_extreme(min, (it.minimum for it in parts)),
        maximum=_extreme(max, (it.maximum for it in parts)),
        total=sum(it.total for it in parts),
        squares=sum(it.squares for it in parts),
        zeros=sum(it.zeros for it in parts),
        histogram=_joined([it.histogram for it in parts]),
        norms=np.concatenate([it.norms for it in parts]),
        peaks=np.max([it.peaks for it in parts], axis=0),
        saturated=None if first.saturated is None else np.sum(saturated, axis=0),
        top_samples=np.take_along_axis(samples, top, axis=0),
        top_values=np.take_along_axis(values, top, axis=0),
    )


def _extreme(choose: Any, values: Iterable[float]) -> float:
    known = [it for it in values if not math.isnan(it)]
    return float(choose(known)) if known else math.nan


def _as_numbers(values: Numbers) -> Numbers:
    if values.dtype.kind in "OSU":  # of text there is nothing to reckon
        return np.zeros((len(values) if values.ndim else 1, 0), np.float32)
    if values.dtype == np.bool_:
        return values.astype(np.float32)
    if values.dtype.kind == "c":
        return np.abs(values)
    if values.dtype.kind in "iu":
        return values.astype(np.float64)
    # Half precision would overflow in the sums.
    return values.astype(np.float32) if values.dtype.itemsize < 4 else values


def _by_unit(numbers: Numbers, channels_first: bool) -> Numbers:
    if numbers.ndim < 2:
        return numbers.reshape(-1, 1, 1)
    if channels_first:
        numbers = np.moveaxis(numbers, 1, -1)
    # Not -1: there may be no sample.
    return numbers.reshape(len(numbers), math.prod(numbers.shape[1:-1]), numbers.shape[-1])


def all_finite(numbers: Numbers) -> bool:
    """Tells whether there is neither NaN nor infinity among numbers."""
    if numbers.dtype.kind not in "fcV":  # V: bfloat16
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        total = numbers.sum()
    return bool(np.isfinite(total)) or bool(np.isfinite(numbers).all())


def _peaks(by_unit: Numbers, odd: Numbers | None) -> Numbers:
    if not by_unit.size:
        return np.zeros(by_unit.shape[2])
    peaks: Numbers = np.maximum(by_unit.max(axis=(0, 1)), -by_unit.min(axis=(0, 1)))
    return peaks if odd is None else np.where(odd.any(axis=(0, 1)), np.nan, peaks)


def _saturated(by_unit: Numbers, odd: Numbers | None, activation: str) -> Numbers | None:
    if activation not in _ENDS:
        return None
    low, high = _ENDS[activation]
    near = _NEAR_THE_END * (high - low)
    is_near = (by_unit <= low + near) | (by_unit >= high - near)
    if odd is not None:
        is_near &= ~odd
    counts: Numbers = np.count_nonzero(is_near, axis=(0, 1))
    return counts


def _histogram(values: Numbers) -> Histogram:
    if not values.size:
        return Histogram(1.0, 0, ())
    low, high = float(values.min()), float(values.max())
    width = _bin_width(low, high)
    first = math.floor(low / width)
    count = max(math.floor(high / width) - first + 1, 1)
    with np.errstate(over="ignore"):  # the last bin may end at infinity
        edges = (first + np.arange(count + 1)) * width
    counts, _edges = np.histogram(values, bins=edges)
    return Histogram(width, first, tuple(map(int, counts)))


def _bin_width(low: float, high: float) -> float:
    """Returns the least power of two of which at most so many bins cover a range."""
    bins = _MOST_BINS - 2
    each = max(high / bins - low / bins, abs(high) * 1e-5, abs(low) * 1e-5, 1e-30)
    return float(2.0 ** math.ceil(math.log2(each)))


def _joined(parts: list[Histogram]) -> Histogram:
    parts = [it for it in parts if it.counts]
    if not parts:
        return Histogram(1.0, 0, ())
    width = max(
        _bin_width(min(it.low for it in parts), max(it.high for it in parts)),
        max(it.width for it in parts),
    )
    wider = [_widened(it, width) for it in parts]
    first = min(it.first for it in wider)
    last = max(it.first + len(it.counts) for it in wider)
    counts = np.zeros(last - first, dtype=np.int64)
    for it in wider:
        counts[it.first - first : it.first - first + len(it.counts)] += it.counts
    return Histogram(width, first, tuple(map(int, counts)))


def _widened(histogram: Histogram, width: float) -> Histogram:
    times = round(width / histogram.width)
    first = histogram.first // times
    last = (histogram.first + len(histogram.counts) - 1) // times
    counts = [0] * (last - first + 1)
    for place, count in enumerate(histogram.counts):
        counts[(histogram.first + place) // times - first] += count
    return Histogram(width, first, tuple(counts))
