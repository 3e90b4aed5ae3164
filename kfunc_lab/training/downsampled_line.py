"""Stores a growing series of numbers as a line with a limited number of points."""

import math
from dataclasses import dataclass, field

# A line needs no more points than the screen has pixels.
MAX_POINTS = 1000


@dataclass
class DownsampledLine:
    """A growing line, in which each point is the mean of equally many numbers.

    Attributes:
        x: The position of each point, which is that of its last number.
        y: The mean of the numbers in each point.
        numbers_per_point: The number of numbers in each point.

    Example:
        >>> line = DownsampledLine()
        >>> for number in range(2001):
        ...     line.add(number, float(number))
        >>> len(line.y), line.numbers_per_point, line.y[:2]
        (500, 4, [1.5, 5.5])
    """

    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    numbers_per_point: int = 1
    _sum: float = 0.0
    _count: int = 0

    def add(self, x: float, y: float) -> None:
        """Adds a number.

        Args:
            x: Its position.
            y: The number.
        """
        self._sum += y
        self._count += 1
        if self._count < self.numbers_per_point:
            return
        self.x.append(x)
        self.y.append(self._sum / self._count)
        self._sum, self._count = 0.0, 0
        if len(self.y) >= MAX_POINTS:
            self._halve()

    def _halve(self) -> None:
        """Merges each pair of points."""
        self.numbers_per_point *= 2
        self.x = self.x[1::2]
        self.y = [_mean(a, b) for a, b in zip(self.y[::2], self.y[1::2], strict=False)]


def _mean(a: float, b: float) -> float:
    # NaN and infinity must stay visible.
    if math.isfinite(a) and math.isfinite(b):
        return (a + b) / 2
    return b if math.isfinite(a) else a
