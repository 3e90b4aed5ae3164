"""Converts the activation of one sample to a picture as plain data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kfunc_lab.activations.projection import pca
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.image import Image, image_of
from kfunc_lab.ui.thumbnails import downsample, wrap_vector

# The default limit on the numbers in a picture.
MAX_NUMBERS = 200_000
# The limit on maps or heads that are shown at once.
MAX_TILES = 128
_MAX_CLASSES = 10
_MAX_POINTS = 1_000
_MAX_BARS = 1_024
_MAX_WORDS = 40


@dataclass(frozen=True)
class Tiles:
    """Matrices as heat maps.

    Attributes:
        values: An array of shape (tiles, rows, columns).
        labels: The label of each tile.
        lows: For each tile the value at the low end of the colour scale.
        highs: For each tile the value at the high end of the colour scale.
        scale: `"sequential"`, or `"diverging"` around zero.
        rows: The name of the rows, such as "time".
        columns: The name of the columns.
        factor: The number of rows and columns of the activation in one row and column here.
        first: The number of the first tile.
        total: The number of all tiles.
        is_one_vector: Whether each row continues the previous one, as in a text.
    """

    values: Numbers
    labels: tuple[str, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    scale: str
    rows: str
    columns: str
    factor: tuple[int, int] = (1, 1)
    first: int = 0
    total: int = 1
    is_one_vector: bool = False


@dataclass(frozen=True)
class Bars:
    """Numbers as bars.

    Attributes:
        labels: The label of each bar.
        values: The numbers.
        marked: The index of the largest probability; -1 if they are not probabilities.
        percent: Whether the numbers are shares of one.
        total: The number of all values, including those without a bar.
    """

    labels: tuple[str, ...]
    values: tuple[float, ...]
    marked: int = -1
    percent: bool = False
    total: int = 0


@dataclass(frozen=True)
class Points:
    """Vectors as points in a plane.

    Attributes:
        x: The coordinate of each point along the first component.
        y: The coordinate of each point along the second component.
        labels: The label of each point.
        shares: The share of the variance that each component explains.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    labels: tuple[str, ...]
    shares: tuple[float, float]


@dataclass(frozen=True)
class Words:
    """Text, or a single number.

    Attributes:
        lines: The text.
    """

    lines: tuple[str, ...]


Picture = Tiles | Bars | Points | Image | Words


def picture_of(
    values: Numbers,
    kind: str,
    *,
    channels_first: bool = False,
    shared: bool = True,
    first: int = 0,
    max_numbers: int = MAX_NUMBERS,
    labels: Sequence[str] = (),
) -> Picture:
    """Converts an activation to a picture.

    Args:
        values: The activation of one sample.
        kind: A key of `picture_kinds.PICTURES` that suits it.
        channels_first: Whether the channels of its images come first.
        shared: Whether all maps share one colour scale, rather than each having its own.
        first: The number of the first map to show.
        max_numbers: The largest number of values in the picture.
        labels: The labels of the rows of a matrix, such as tokens.

    Returns:
        The picture, as plain data.
    """
    if kind == "words":
        return Words(tuple(map(str, np.asarray(values).reshape(-1)[:_MAX_WORDS])))
    values = np.abs(values) if values.dtype.kind == "c" else values
    if kind == "number":
        return Words((number(float(np.asarray(values).reshape(-1)[0])),))
    if kind == "image":
        return image_of(values)
    values = _as_floats(values)
    if kind == "probabilities":
        return _probabilities(values)
    if kind == "bars":
        return _bars(values)
    if kind == "projection":
        return _projection(values, labels)
    if kind == "heatmap":
        return _vector(values, max_numbers)
    if kind == "sequence":
        return _tiles(values[None], ("",), max_numbers, True, _("step"), _("unit"))
    return _stack(values, kind, channels_first, shared, first, max_numbers)


def _as_floats(values: Numbers) -> Numbers:
    values = np.abs(values) if values.dtype.kind == "c" else np.asarray(values)
    is_wide = values.dtype.kind == "f" and values.dtype.itemsize >= 4
    return values if is_wide else values.astype(np.float32)


def number(value: float) -> str:
    """Formats a number with four significant digits.

    Example:
        >>> number(0.123456), number(float("nan"))
        ('0.1235', 'NaN')
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    return f"{value:.4g}".replace("-", "−")


def _probabilities(values: Numbers) -> Bars:
    """Returns the probabilities in their order, or the highest if there are many classes."""
    finite = np.where(np.isfinite(values), values, -np.inf)
    best = int(np.argmax(finite))
    if len(values) <= 2 * _MAX_CLASSES:
        order = np.arange(len(values))
    else:
        order = np.argsort(-finite, kind="stable")[:_MAX_CLASSES]
    return Bars(
        labels=tuple(map(str, order)),
        values=tuple(map(float, values[order])),
        marked=int(np.flatnonzero(order == best)[0]),
        percent=True,
        total=len(values),
    )


def _bars(values: Numbers) -> Bars:
    shown = values.reshape(-1)[:_MAX_BARS]
    return Bars(
        tuple(map(str, range(len(shown)))),
        tuple(map(float, shown)),
        total=values.size,
    )


def _projection(values: Numbers, labels: Sequence[str]) -> Points:
    shown = values[:_MAX_POINTS]
    points, shares = pca(shown)
    point_labels = list(labels[: len(shown)]) or list(map(str, range(len(shown))))
    return Points(
        tuple(map(float, points[:, 0])),
        tuple(map(float, points[:, 1])),
        tuple(point_labels),
        (float(shares[0]), float(shares[1])),
    )


def _vector(values: Numbers, max_numbers: int) -> Tiles:
    # A multiple of 8, so that a unit can be located by its row and column.
    columns = max(8 * round(math.sqrt(3 * min(len(values), max_numbers)) / 8), 8)
    columns = max(min(columns, len(values)), 1)
    shown = values[: max(max_numbers // columns, 1) * columns]
    lines = wrap_vector(shown, columns)
    tiles = _tiles(lines[None], ("",), max_numbers, True, "", _("unit"))
    return replace(tiles, is_one_vector=True, total=len(values))


def one_tile(values: Numbers, kind: str, index: int, channels_first: bool = False) -> Tiles:
    """Returns the picture of one map or head at full size.

    Args:
        values: The activation of one sample.
        kind: `"maps"` or `"scores"`.
        index: The number of the map or head.
        channels_first: Whether the channels of its images come first.

    Returns:
        The picture.
    """
    stack, frames = _full_stack(_as_floats(values), kind, channels_first)
    label = _label(kind, index, len(stack) // frames, frames)
    rows, columns = _axes(kind)
    return _tiles(stack[index : index + 1], (label,), MAX_NUMBERS, True, rows, columns)


def _stack(
    values: Numbers, kind: str, channels_first: bool, shared: bool, first: int, max_numbers: int
) -> Tiles:
    stack, frames = _full_stack(values, kind, channels_first)
    total = len(stack)
    first = max(min(first, total - 1), 0)
    shown = stack[first : first + MAX_TILES]
    labels = tuple(
        _label(kind, index, total // frames, frames)
        for index in range(first, first + len(shown))
    )
    tiles = _tiles(shown, labels, max_numbers, shared, *_axes(kind))
    return replace(tiles, first=first, total=total)


def _axes(kind: str) -> tuple[str, str]:
    return (_("query"), _("key")) if kind == "scores" else (_("row"), _("column"))


def _label(kind: str, index: int, channels: int, frames: int) -> str:
    if kind == "scores":
        return _("head {n}").format(n=index)
    if frames == 1:
        return _("map {n}").format(n=index)
    return _("map {n}, frame {frame}").format(n=index % channels, frame=index // channels)


def _full_stack(values: Numbers, kind: str, channels_first: bool) -> tuple[Numbers, int]:
    """Returns all maps or heads, of shape (maps, rows, columns), and the number of frames."""
    if kind == "scores":
        return values.reshape(-1, *values.shape[-2:]), 1
    return _maps(values, channels_first)


def _maps(values: Numbers, channels_first: bool) -> tuple[Numbers, int]:
    """Returns the maps of all frames, of shape (maps, rows, columns), and the frame count."""
    if channels_first:
        values = np.moveaxis(values, 0, -1)
    frames = math.prod(values.shape[:-3])
    by_frame = values.reshape(frames, *values.shape[-3:])
    maps = np.moveaxis(by_frame, -1, 1)
    return maps.reshape(-1, *maps.shape[2:]), frames


def _tiles(
    stack: Numbers,
    labels: tuple[str, ...],
    max_numbers: int,
    shared: bool,
    rows: str,
    columns: str,
) -> Tiles:
    shown, factor = _downsample(stack, max_numbers)
    with np.errstate(all="ignore"):
        finite = np.where(np.isfinite(shown), shown, np.nan)
        low, high = _value_range(finite)
        is_diverging = low < 0 < high
        ranges = [(low, high)] * len(shown) if shared else list(map(_value_range, finite))
    scales = [_scale_range(*limits, is_diverging) for limits in ranges]
    return Tiles(
        values=shown.astype(np.float32),
        labels=labels,
        lows=tuple(low for low, _high in scales),
        highs=tuple(high for _low, high in scales),
        scale="diverging" if is_diverging else "sequential",
        rows=rows,
        columns=columns,
        factor=factor,
        total=len(stack),
    )


def _downsample(stack: Numbers, max_numbers: int) -> tuple[Numbers, tuple[int, int]]:
    """Averages matrices until together they hold at most `max_numbers` numbers."""
    tiles, rows, columns = stack.shape
    if stack.size <= max_numbers:
        return stack, (1, 1)
    size = max(max_numbers // tiles, 1)
    # Both sides shrink to the same length, unless one is shorter already.
    to_rows = min(rows, max(math.isqrt(size), size // columns, 1))
    to_columns = min(columns, max(size // to_rows, 1))
    small = np.stack([downsample(tile, to_rows, to_columns) for tile in stack])
    return small, (max(round(rows / to_rows), 1), max(round(columns / to_columns), 1))


def _value_range(values: Numbers) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _scale_range(low: float, high: float, is_diverging: bool) -> tuple[float, float]:
    if is_diverging:
        limit = max(-low, high) or 1.0
        return -limit, limit
    # Zero is dark if no value is negative, so that inactive units look the same in every map.
    return (0.0, high) if low >= 0 else (low, high if high > low else 0.0)
