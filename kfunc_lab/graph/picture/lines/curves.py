"""Consecutive Bézier curves: x, y, x, y, …; each curve begins where the last one ends."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

Rectangle = tuple[float, float, float, float]  # left, top, right, bottom
_FINE = 2.0  # pixels: a curve this short is its end points


def point_at(points: Sequence[float], at: float) -> tuple[float, float]:
    """Returns a point on consecutive Bézier curves: 1.5 is the middle of the second curve."""
    first = min(int(at), (len(points) // 2 - 2) // 3)
    t = at - first
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    part = points[6 * first : 6 * first + 8]
    return (
        sum(weight * value for weight, value in zip(weights, part[::2], strict=True)),
        sum(weight * value for weight, value in zip(weights, part[1::2], strict=True)),
    )


def straight(begin: Sequence[float], end: Sequence[float]) -> tuple[float, ...]:
    """Returns a straight line as one curve."""
    return tuple(
        begin[axis] + (end[axis] - begin[axis]) * share
        for share in (0, 1 / 3, 2 / 3, 1)
        for axis in (0, 1)
    )


def pieces(points: Sequence[float]) -> Iterator[tuple[float, ...]]:
    """Yields the single curves, with four points each."""
    for begin in range(0, len(points) - 7, 6):
        yield tuple(points[begin : begin + 8])


def halves(
    curve: Sequence[float], at: float = 0.5
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Splits one curve (de Casteljau), by default in the middle."""
    first: list[float] = []
    second: list[float] = []
    points = list(zip(curve[::2], curve[1::2], strict=True))
    while points:
        first += points[0]
        second[:0] = points[-1]
        points = [
            (x0 + (x1 - x0) * at, y0 + (y1 - y0) * at)
            for (x0, y0), (x1, y1) in pairwise(points)
        ]
    return tuple(first), tuple(second)


def hull(curve: Sequence[float]) -> Rectangle:
    """Returns the rectangle around the points of a curve, which holds the curve."""
    xs, ys = curve[::2], curve[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def overlap(one: Rectangle, other: Rectangle) -> bool:
    """Tells whether two rectangles share a point."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def crosses(curve: Sequence[float], area: Rectangle) -> bool:
    """Tells whether one curve runs through a rectangle."""
    around = hull(curve)
    if not (
        around[0] <= area[2]
        and area[0] <= around[2]
        and around[1] <= area[3]
        and area[1] <= around[3]
    ):
        return False
    if around[2] - around[0] < _FINE and around[3] - around[1] < _FINE:
        return True
    return any(crosses(half, area) for half in halves(curve))
