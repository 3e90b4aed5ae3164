"""Statistics of an array of activations, which can be computed in chunks and combined."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kfunc_lab.ui.arrays import Numbers

_MAX_BINS = 48
_TOP_SAMPLES = 3
# A value is saturated if it is closer to a limit of its range than this share of the range.
_SATURATION_MARGIN = 0.02
# A unit is saturated if at least this share of its values is.
_SATURATED_SHARE = 0.95

# The limits of activation functions that level off.
_LIMITS: dict[str, tuple[float, float]] = {
    "sigmoid": (0, 1),
    "hard_sigmoid": (0, 1),
    "softmax": (0, 1),
    "tanh": (-1, 1),
    "hard_tanh": (-1, 1),
    "softsign": (-1, 1),
}


@dataclass(frozen=True)
class Histogram:
    """The number of values in each of several bins of equal width.

    Attributes:
        width: The width of each bin: a power of two, so that two bins merge into one of the next
            width.
        first: The number of the first bin, which starts at `first * width`.
        counts: The number of values in each bin from there on.
    """

    width: float
    first: int
    counts: tuple[int, ...]

    @property
    def low(self) -> float:
        """The lower edge of the first bin."""
        return self.first * self.width

    @property
    def high(self) -> float:
        """The upper edge of the last bin."""
        return (self.first + len(self.counts)) * self.width

    def quantile(self, share: float) -> float:
        """Returns the value below which a share of the values lies, to within one bin.

        Args:
            share: The share, from 0 to 1.

        Returns:
            The quantile; NaN if there are no values.

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
    """Summary statistics of the activations of a call, over all samples.

    Attributes:
        count: The number of values.
        not_finite: The number of NaN and infinite values. All other fields describe the finite
            values.
        minimum: The minimum.
        maximum: The maximum.
        total: The sum of the values.
        squares: The sum of their squares.
        zeros: The number of zeros.
        histogram: The distribution of the values.
        norms: The L2 norm of each sample.
        peaks: For each unit the maximum absolute value; NaN if not all its values are finite.
        saturated: For each unit the number of its values near a limit of its activation function;
            `None` for a function that does not level off.
        top_samples: For each rank and unit the sample that activates the unit most: with the
            highest mean over all positions.
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
        """The mean."""
        return self.total / self.finite if self.finite else math.nan

    @property
    def deviation(self) -> float:
        """The standard deviation."""
        if not self.finite:
            return math.nan
        return math.sqrt(max(self.squares / self.finite - self.mean**2, 0.0))

    @property
    def finite(self) -> int:
        """The number of finite values."""
        return self.count - self.not_finite

    @property
    def share_of_zeros(self) -> float:
        """The share of zeros, from 0 to 1."""
        return self.zeros / self.finite if self.finite else math.nan

    @property
    def norm(self) -> float:
        """The mean norm of the samples."""
        return float(self.norms.mean()) if self.norms.size else math.nan

    @property
    def dead(self) -> Numbers:
        """The numbers of the units that are zero for every sample, everywhere."""
        return np.flatnonzero(self.peaks == 0)

    @property
    def saturated_units(self) -> Numbers | None:
        """The numbers of the units with at least 95 % saturated values.

        Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward
        neural networks, 2010, on units whose function levels off.
        """
        if self.saturated is None:
            return None
        each = self.count / len(self.saturated) if len(self.saturated) else 1
        return np.flatnonzero(self.saturated >= _SATURATED_SHARE * each)


def statistics_of(
    values: Numbers,
    *,
    channels_first: bool = False,
    activation: str = "",
    first_sample: int = 0,
) -> Statistics:
    """Computes the statistics of activations.

    Args:
        values: An array of shape (samples, …, units).
        channels_first: Whether the units are the second axis instead.
        activation: The name of the activation function, such as `"tanh"`.
        first_sample: The number of the first sample.

    Returns:
        The statistics.

    Example:
        >>> statistics = statistics_of(np.array([[0.0, 2.0], [0.0, 4.0]]))
        >>> statistics.mean, statistics.share_of_zeros, statistics.dead
        (1.5, 0.5, array([0]))
    """
    numbers = _as_numbers(values)
    by_unit = _by_unit(numbers, channels_first)  # (samples, positions, units)
    mask = None if all_finite(by_unit) else ~np.isfinite(by_unit)
    not_finite = 0 if mask is None else int(np.count_nonzero(mask))
    finite = by_unit
    if mask is not None:
        finite = by_unit[~mask]
        # The zeros that replace them are subtracted from the count below.
        by_unit = np.where(mask, by_unit.dtype.type(0), by_unit)
    squares = np.einsum("spu,spu->s", by_unit, by_unit, dtype=np.float64)
    means = by_unit.sum(axis=1, dtype=np.float64) / max(by_unit.shape[1], 1)
    top = np.argsort(-means, axis=0, kind="stable")[:_TOP_SAMPLES]
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
        peaks=_peaks(by_unit, mask),
        saturated=_saturated(by_unit, mask, activation),
        top_samples=top + first_sample,
        top_values=np.take_along_axis(means, top, axis=0),
    )


def combine(chunks: Iterable[Statistics]) -> Statistics:
    """Combines the statistics of several chunks of a batch.

    Args:
        chunks: The statistics of each chunk, in order.

    Returns:
        The statistics of the whole batch.
    """
    chunks = list(chunks)
    units = max(len(chunk.peaks) for chunk in chunks)
    chunks = [_with_units(chunk, units) for chunk in chunks]
    first = chunks[0]
    values = np.concatenate([chunk.top_values for chunk in chunks])
    samples = np.concatenate([chunk.top_samples for chunk in chunks])
    top = np.argsort(-values, axis=0, kind="stable")[:_TOP_SAMPLES]
    saturated = [chunk.saturated for chunk in chunks if chunk.saturated is not None]
    return Statistics(
        count=sum(chunk.count for chunk in chunks),
        not_finite=sum(chunk.not_finite for chunk in chunks),
        minimum=_extreme(min, (chunk.minimum for chunk in chunks)),
        maximum=_extreme(max, (chunk.maximum for chunk in chunks)),
        total=sum(chunk.total for chunk in chunks),
        squares=sum(chunk.squares for chunk in chunks),
        zeros=sum(chunk.zeros for chunk in chunks),
        histogram=_combine_histograms([chunk.histogram for chunk in chunks]),
        norms=np.concatenate([chunk.norms for chunk in chunks]),
        peaks=np.max([chunk.peaks for chunk in chunks], axis=0),
        saturated=None if first.saturated is None else np.sum(saturated, axis=0),
        top_samples=np.take_along_axis(samples, top, axis=0),
        top_values=np.take_along_axis(values, top, axis=0),
    )


def _with_units(chunk: Statistics, units: int) -> Statistics:
    """Returns the statistics of a chunk with as many units as the largest one has."""
    missing = units - len(chunk.peaks)
    if not missing:
        return chunk
    wider = ((0, 0), (0, missing))
    saturated = None if chunk.saturated is None else np.pad(chunk.saturated, (0, missing))
    return replace(
        chunk,
        peaks=np.pad(chunk.peaks, (0, missing)),
        saturated=saturated,
        top_samples=np.pad(chunk.top_samples, wider),
        top_values=np.pad(chunk.top_values, wider, constant_values=-np.inf),
    )


def _extreme(choose: Any, values: Iterable[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(choose(known)) if known else math.nan


def _as_numbers(values: Numbers) -> Numbers:
    if values.dtype.kind in "OSU":  # text has no statistics
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
    # Not -1: there may be no samples.
    return numbers.reshape(len(numbers), math.prod(numbers.shape[1:-1]), numbers.shape[-1])


def all_finite(numbers: Numbers) -> bool:
    """Tells whether an array holds neither NaN nor infinity."""
    if numbers.dtype.kind not in "fcV":  # V: bfloat16
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        # A product of the numbers with themselves is the fastest way to look at each.
        flat = numbers.reshape(-1)
        total = np.dot(flat, flat) if numbers.dtype.char in "fd" else numbers.sum()
    return bool(np.isfinite(total)) or bool(np.isfinite(numbers).all())


def _peaks(by_unit: Numbers, not_finite: Numbers | None) -> Numbers:
    if not by_unit.size:
        return np.zeros(by_unit.shape[2])
    peaks: Numbers = np.maximum(by_unit.max(axis=(0, 1)), -by_unit.min(axis=(0, 1)))
    return peaks if not_finite is None else np.where(not_finite.any(axis=(0, 1)), np.nan, peaks)


def _saturated(by_unit: Numbers, not_finite: Numbers | None, activation: str) -> Numbers | None:
    if activation not in _LIMITS:
        return None
    low, high = _LIMITS[activation]
    margin = _SATURATION_MARGIN * (high - low)
    is_saturated = (by_unit <= low + margin) | (by_unit >= high - margin)
    if not_finite is not None:
        is_saturated &= ~not_finite
    counts: Numbers = np.count_nonzero(is_saturated, axis=(0, 1))
    return counts


def _histogram(values: Numbers) -> Histogram:
    if not values.size:
        return Histogram(1.0, 0, ())
    low, high = float(values.min()), float(values.max())
    width = _bin_width(low, high)
    first = math.floor(low / width)
    count = max(math.floor(high / width) - first + 1, 1)
    with np.errstate(over="ignore"):  # the upper edge of the last bin may be infinite
        edges = (first + np.arange(count + 1)) * width
    counts, _edges = np.histogram(values, bins=edges)
    return Histogram(width, first, tuple(map(int, counts)))


def _bin_width(low: float, high: float) -> float:
    """Returns the smallest power of two with which `_MAX_BINS` bins cover a range."""
    bins = _MAX_BINS - 2
    width = max(high / bins - low / bins, abs(high) * 1e-5, abs(low) * 1e-5, 1e-30)
    return float(2.0 ** math.ceil(math.log2(width)))


def _combine_histograms(histograms: list[Histogram]) -> Histogram:
    histograms = [histogram for histogram in histograms if histogram.counts]
    if not histograms:
        return Histogram(1.0, 0, ())
    low = min(histogram.low for histogram in histograms)
    high = max(histogram.high for histogram in histograms)
    width = max(_bin_width(low, high), *(histogram.width for histogram in histograms))
    rebinned = [_rebin(histogram, width) for histogram in histograms]
    first = min(histogram.first for histogram in rebinned)
    end = max(histogram.first + len(histogram.counts) for histogram in rebinned)
    counts = np.zeros(end - first, dtype=np.int64)
    for histogram in rebinned:
        start = histogram.first - first
        counts[start : start + len(histogram.counts)] += histogram.counts
    return Histogram(width, first, tuple(map(int, counts)))


def _rebin(histogram: Histogram, width: float) -> Histogram:
    factor = round(width / histogram.width)
    first = histogram.first // factor
    last = (histogram.first + len(histogram.counts) - 1) // factor
    counts = [0] * (last - first + 1)
    for index, count in enumerate(histogram.counts):
        counts[(histogram.first + index) // factor - first] += count
    return Histogram(width, first, tuple(counts))
