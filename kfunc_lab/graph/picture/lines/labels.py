"""Places the shapes beside their lines, where no line, box or other shape is."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from kfunc_lab.graph.picture.lines.curves import (
    Rectangle,
    crosses,
    hull,
    overlap,
    pieces,
    point_at,
)
from kfunc_lab.ui.text_width import text_width

LABEL_HEIGHT = 8  # pixels of digits
_BESIDE = 4  # pixels between a line and a shape
_STRIP = 200  # pixels: obstacles are looked up by horizontal strips
# Places along a line, from its middle to its ends.
_STEPS = sorted((step / 16 for step in range(1, 16)), key=lambda share: abs(share - 0.5))


class Obstacles:
    """What a shape must not touch, in strips from top to bottom."""

    def __init__(
        self,
        lines: Iterable[Sequence[float]] = (),
        areas: Iterable[Rectangle] = (),
    ) -> None:
        self._curves: dict[int, list[tuple[float, ...]]] = defaultdict(list)
        self._areas: dict[int, list[Rectangle]] = defaultdict(list)
        for line in lines:
            for curve in pieces(line):
                for strip in _strips(hull(curve)):
                    self._curves[strip].append(curve)
        for area in areas:
            self.add(area)

    def add(self, area: Rectangle) -> None:
        """Adds a rectangle."""
        for strip in _strips(area):
            self._areas[strip].append(area)

    def touch(self, area: Rectangle) -> bool:
        """Tells whether one of them lies in a rectangle."""
        return any(
            any(overlap(area, other) for other in self._areas[strip])
            or any(crosses(curve, area) for curve in self._curves[strip])
            for strip in _strips(area)
        )

    def hit_by(self, line: Sequence[float]) -> bool:
        """Tells whether a line runs through one of the rectangles."""
        return any(
            crosses(curve, area)
            for curve in pieces(line)
            for strip in _strips(hull(curve))
            for area in self._areas.get(strip, ())
        )

    def free_place(
        self, words: str, places: Iterable[tuple[float, float]]
    ) -> tuple[float, float] | None:
        """Returns the first place where a shape touches nothing, and adds the shape there."""
        half = text_width(words, 10) / 2
        for x, y in places:
            area = (x - half, y - LABEL_HEIGHT / 2, x + half, y + LABEL_HEIGHT / 2)
            if not self.touch(area):
                self.add(area)
                return x, y
        return None


def _strips(area: Rectangle) -> range:
    return range(int(area[1] // _STRIP), int(area[3] // _STRIP) + 1)


def beside(words: str, points: Sequence[float], right: bool) -> Iterator[tuple[float, float]]:
    """Yields places for a shape on both sides of a line, from the line's middle to its ends.

    Args:
        words: The shape in words.
        points: The line.
        right: Whether lines lead to the right, so that shapes stand above and below them.

    Yields:
        The middles of the places; those on the other two sides, for a slanted line, come last.
    """
    count = (len(points) // 2 - 1) // 3
    for is_above in (right, not right):
        away = _BESIDE + (LABEL_HEIGHT / 2 if is_above else text_width(words, 10) / 2)
        for step in _STEPS:
            x, y = point_at(points, step * count)
            for side in (1, -1):
                yield (x, y - side * away) if is_above else (x + side * away, y)
