"""Turns the activation of one sample into what a picture of it shows, as plain data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kfunc_lab.activations.projection import pca
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.image import Image, image_of
from kfunc_lab.ui.thumbnails import downsample, wrap_vector

# A picture holds at most so many numbers, unless less is asked for.
MOST_NUMBERS = 200_000
# So many maps or heads are shown at once.
MOST_TILES = 128
_MOST_CLASSES = 10
_MOST_POINTS = 1_000
_MOST_WORDS = 40


@dataclass(frozen=True)
class Tiles:
    """Matrices as heat maps.

    Attributes:
        values: Of shape (tiles, rows, columns).
        labels: What each shows.
        lows: For each the number that the first colour stands for.
        highs: For each that of the last.
        scale: `"sequential"` or `"diverging"`, around zero.
        rows: What the rows are, as "time".
        columns: What the columns are.
        factor: How many rows and columns of the activation each one here stands for.
        first: The number of the first tile.
        total: How many tiles there are in all.
        is_one_vector: Whether the rows go on in the next line, as in a text.
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
        labels: What each is of.
        values: The numbers.
        marked: Which of them is the greatest, for probabilities; else -1.
        percent: Whether they are shares of one.
        total: How many there are in all.
    """

    labels: tuple[str, ...]
    values: tuple[float, ...]
    marked: int = -1
    percent: bool = False
    total: int = 0


@dataclass(frozen=True)
class Points:
    """Vectors as points in the plane.

    Attributes:
        x: Of each along the first component.
        y: Along the second.
        labels: What each is.
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
    most: int = MOST_NUMBERS,
    labels: Sequence[str] = (),
) -> Picture:
    """Makes the picture of an activation.

    Args:
        values: The activation of one sample.
        kind: A key of `kinds.PICTURES` that suits it.
        channels_first: Whether the channels of its images come first.
        shared: Whether all maps have one colour scale, and not each its own.
        first: The number of the first map to show.
        most: How many numbers it may hold.
        labels: What the rows of a matrix are, as tokens.

    Returns:
        The picture, as plain data.
    """
    if kind == "words":
        return Words(tuple(map(str, np.asarray(values).reshape(-1)[:_MOST_WORDS])))
    values = np.abs(values) if values.dtype.kind == "c" else values
    if kind == "number":
        return Words((number(float(np.asarray(values).reshape(-1)[0])),))
    if kind == "image":
        return image_of(values)
    values = _as_floats(values)
    if kind == "probabilities":
        return _classes(values)
    if kind == "bars":
        return _bars(values)
    if kind == "projection":
        return _projected(values, labels)
    if kind == "heatmap":
        return _vector(values, most)
    if kind == "sequence":
        return _tiles(values[None], ("",), most, True, _("step"), _("unit"))
    return _stack(values, kind, channels_first, shared, first, most)


def _as_floats(values: Numbers) -> Numbers:
    values = np.abs(values) if values.dtype.kind == "c" else np.asarray(values)
    is_wide = values.dtype.kind == "f" and values.dtype.itemsize >= 4
    return values if is_wide else values.astype(np.float32)


def number(value: float) -> str:
    """Writes a number with four significant digits.

    Example:
        >>> number(0.123456), number(float("nan"))
        ('0.1235', 'NaN')
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    return f"{value:.4g}".replace("-", "−")


def _classes(values: Numbers) -> Bars:
    """Returns the probabilities: all in their order, or of many classes the greatest."""
    known = np.where(np.isfinite(values), values, -np.inf)
    best = int(np.argmax(known))
    if len(values) <= 2 * _MOST_CLASSES:
        order = np.arange(len(values))
    else:
        order = np.argsort(-known, kind="stable")[:_MOST_CLASSES]
    return Bars(
        labels=tuple(map(str, order)),
        values=tuple(float(values[it]) for it in order),
        marked=int(np.flatnonzero(order == best)[0]),
        percent=True,
        total=len(values),
    )


def _bars(values: Numbers) -> Bars:
    shown = values.reshape(-1)[:1024]
    return Bars(
        tuple(map(str, range(len(shown)))),
        tuple(float(it) for it in shown),
        total=values.size,
    )


def _projected(values: Numbers, labels: Sequence[str]) -> Points:
    shown = values[:_MOST_POINTS]
    points, shares = pca(shown)
    named = list(labels[: len(shown)]) or [str(place) for place in range(len(shown))]
    return Points(
        tuple(map(float, points[:, 0])),
        tuple(map(float, points[:, 1])),
        tuple(named),
        (float(shares[0]), float(shares[1])),
    )


def _vector(values: Numbers, most: int) -> Tiles:
    # A multiple of 8, so that a unit is found by its place.
    columns = max(8 * round(math.sqrt(3 * min(len(values), most)) / 8), 8)
    columns = max(min(columns, len(values)), 1)
    shown = values[: max(most // columns, 1) * columns]
    lines = wrap_vector(shown, columns)
    made = _tiles(lines[None], ("",), most, True, "", _("unit"))
    return replace(made, is_one_vector=True, total=len(values))


def one_tile(values: Numbers, kind: str, place: int, channels_first: bool = False) -> Tiles:
    """Makes the picture of one map or head in its full size.

    Args:
        values: The activation of one sample.
        kind: `"maps"` or `"scores"`.
        place: Its number.
        channels_first: Whether the channels of its images come first.

    Returns:
        The picture.
    """
    stack, frames = _whole_stack(_as_floats(values), kind, channels_first)
    label = _label(kind, place, len(stack) // frames, frames)
    rows, columns = _axes(kind)
    return _tiles(stack[place : place + 1], (label,), MOST_NUMBERS, True, rows, columns)


def _stack(
    values: Numbers, kind: str, channels_first: bool, shared: bool, first: int, most: int
) -> Tiles:
    stack, frames = _whole_stack(values, kind, channels_first)
    total = len(stack)
    first = max(min(first, total - 1), 0)
    shown = stack[first : first + MOST_TILES]
    labels = tuple(
        _label(kind, place, total // frames, frames)
        for place in range(first, first + len(shown))
    )
    made = _tiles(shown, labels, most, shared, *_axes(kind))
    return replace(made, first=first, total=total)


def _axes(kind: str) -> tuple[str, str]:
    return (_("query"), _("key")) if kind == "scores" else (_("row"), _("column"))


def _label(kind: str, place: int, channels: int, frames: int) -> str:
    if kind == "scores":
        return _("head {n}").format(n=place)
    if frames == 1:
        return _("map {n}").format(n=place)
    return _("map {n}, frame {frame}").format(n=place % channels, frame=place // channels)


def _whole_stack(values: Numbers, kind: str, channels_first: bool) -> tuple[Numbers, int]:
    """Returns all maps or heads, of shape (maps, rows, columns), and of how many frames."""
    if kind == "scores":
        return values.reshape(-1, *values.shape[-2:]), 1
    return _maps(values, channels_first)


def _maps(values: Numbers, channels_first: bool) -> tuple[Numbers, int]:
    """Returns all maps of all frames, of shape (maps, rows, columns), and how many frames."""
    if channels_first:
        values = np.moveaxis(values, 0, -1)
    frames = math.prod(values.shape[:-3])
    whole = values.reshape(frames, *values.shape[-3:])
    maps = np.moveaxis(whole, -1, 1)
    return maps.reshape(-1, *maps.shape[2:]), frames


def _tiles(
    stack: Numbers, labels: tuple[str, ...], most: int, shared: bool, rows: str, columns: str
) -> Tiles:
    shown, factor = _small_enough(stack, most)
    with np.errstate(all="ignore"):
        finite = np.where(np.isfinite(shown), shown, np.nan)
        low, high = _ends(finite)
        is_diverging = low < 0 < high
        ends = [(low, high)] * len(shown) if shared else [_ends(it) for it in finite]
    ranges = [_range(*it, is_diverging) for it in ends]
    return Tiles(
        values=shown.astype(np.float32),
        labels=labels,
        lows=tuple(it[0] for it in ranges),
        highs=tuple(it[1] for it in ranges),
        scale="diverging" if is_diverging else "sequential",
        rows=rows,
        columns=columns,
        factor=factor,
        total=len(stack),
    )


def _small_enough(stack: Numbers, most: int) -> tuple[Numbers, tuple[int, int]]:
    """Averages matrices down until they hold at most so many numbers together."""
    tiles, rows, columns = stack.shape
    if stack.size <= most:
        return stack, (1, 1)
    room = max(most // tiles, 1)
    # Both sides alike, unless one is short already.
    to_rows = min(rows, max(math.isqrt(room), room // columns, 1))
    to_columns = min(columns, max(room // to_rows, 1))
    small = np.stack([downsample(it, to_rows, to_columns) for it in stack])
    return small, (max(round(rows / to_rows), 1), max(round(columns / to_columns), 1))


def _ends(values: Numbers) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)


def _range(low: float, high: float, is_diverging: bool) -> tuple[float, float]:
    if is_diverging:
        reach = max(-low, high) or 1.0
        return -reach, reach
    # Zero is dark where nothing is negative: what is not active looks so in every map.
    return (0.0, high) if low >= 0 else (low, high if high > low else 0.0)
