"""Stretches the lines of a level where groups are open."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from kfunc_lab.graph.picture.lines.curves import halves, hull, pieces, point_at, straight

Point = tuple[float, float]
_SHORT = 0.5  # pixels of a piece that is not split
_NEAR = 0.05  # pixels


class Stretch:
    """A map of positions that stretches each span (start, end, lack) by the room it lacks."""

    def __init__(self, growth: Sequence[tuple[float, float, float]]) -> None:
        self.marks = sorted({end for low, high, _ in growth for end in (low, high)})
        self._moved: list[float] = []
        self._rates: list[float] = []
        position = self.marks[0] if self.marks else 0.0
        for low, high in pairwise(self.marks):
            # Overlapping spans share the room.
            rate = max(
                (lack / (end - begin) for begin, end, lack in growth if begin <= low < end),
                default=0.0,
            )
            self._moved.append(position)
            self._rates.append(1 + rate)
            position += (high - low) * (1 + rate)
        self._moved.append(position)
        self._rates.append(1)

    def __call__(self, value: float) -> float:
        """Returns where a position is after stretching."""
        if not self.marks or value <= self.marks[0]:
            return value
        segment = bisect_right(self.marks, value) - 1
        return self._moved[segment] + (value - self.marks[segment]) * self._rates[segment]

    def inverse(self, value: float) -> float:
        """Returns the position that is stretched to another one."""
        if not self.marks or value <= self.marks[0]:
            return value
        segment = bisect_right(self._moved, value) - 1
        return self.marks[segment] + (value - self._moved[segment]) / self._rates[segment]

    def mark_in(self, low: float, high: float) -> float | None:
        """Returns a position between two others at which the rate changes."""
        first = bisect_right(self.marks, low + _NEAR)
        last = bisect_left(self.marks, high - _NEAR)
        return self.marks[(first + last) // 2] if first < last else None


def stretched(
    points: tuple[float, ...],
    ends: tuple[Point, Point],
    stretch_x: Stretch,
    stretch_y: Stretch,
) -> tuple[float, ...]:
    """Moves a line with the level, and its first and last two points with its ends.

    The line is split where the rate changes, so that it passes an open group as it passed the
    folded one.
    """
    folded = list(points)
    for (x, y), at, beside in zip(
        ends, (0, len(points) - 2), (2, len(points) - 4), strict=True
    ):
        shift = (stretch_x.inverse(x) - points[at], stretch_y.inverse(y) - points[at + 1])
        for place in (at, beside):
            folded[place] += shift[0]
            folded[place + 1] += shift[1]
    return _mapped(folded, stretch_x, stretch_y)


def along_borders(
    points: tuple[float, ...],
    ends: tuple[Point, Point],
    stretch_x: Stretch,
    stretch_y: Stretch,
    axis: int,
) -> tuple[float, ...]:
    """Moves a line with the level, and leads it along the borders of groups to its ends.

    Args:
        points: The line in the level with all groups folded.
        ends: Where it begins and ends in the picture.
        stretch_x: Where each x is in the picture.
        stretch_y: Where each y is.
        axis: Where lines lead: to the right (0) or down (1).
    """
    first, last = ends[0][axis] - _NEAR, ends[1][axis] + _NEAR
    between = [
        curve
        for curve in pieces(_mapped(points, stretch_x, stretch_y))
        if first <= curve[axis] and curve[axis + 6] <= last
    ]
    if not between:
        return straight(*ends)
    whole = list(straight(ends[0], between[0][:2]))
    for curve in between:
        whole += curve[2:]
    return (*whole, *straight(whole[-2:], ends[1])[2:])


def _mapped(
    points: Sequence[float], stretch_x: Stretch, stretch_y: Stretch
) -> tuple[float, ...]:
    moved = [stretch_x(points[0]), stretch_y(points[1])]
    for curve in pieces(points):
        for piece in _split(curve, stretch_x, stretch_y):
            for x, y in zip(piece[2::2], piece[3::2], strict=True):
                moved += (stretch_x(x), stretch_y(y))
    return tuple(moved)


def _split(
    curve: tuple[float, ...], stretch_x: Stretch, stretch_y: Stretch
) -> Iterator[tuple[float, ...]]:
    """Splits a curve where the rate changes."""
    left, top, right, bottom = hull(curve)
    marks = (stretch_x.mark_in(left, right), stretch_y.mark_in(top, bottom))
    if max(right - left, bottom - top) < _SHORT or marks == (None, None):
        yield curve
        return
    axis = 0 if marks[0] is not None else 1
    for half in halves(curve, _where(curve, axis, marks[axis] or 0.0)):
        yield from _split(half, stretch_x, stretch_y)


def _where(curve: tuple[float, ...], axis: int, wanted: float) -> float:
    """Returns where a curve reaches an x (axis 0) or y (1); its middle if both ends lie beside."""
    low, high = 0.0, 1.0
    rises = curve[axis] < curve[axis + 6]
    if not min(curve[axis], curve[axis + 6]) < wanted < max(curve[axis], curve[axis + 6]):
        return 0.5
    for _step in range(20):
        middle = (low + high) / 2
        if (point_at(curve, middle)[axis] < wanted) == rises:
            low = middle
        else:
            high = middle
    return low if 0.02 < low < 0.98 else 0.5
