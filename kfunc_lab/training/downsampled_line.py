"""Numbers that come one by one, kept as a line of few points however many there are."""

import math
from dataclasses import dataclass, field

# A line on a screen has no more points than pixels.
MOST_POINTS = 1000


@dataclass
class Series:
    """A line that grows: each point is the mean of as many numbers.

    Attributes:
        x: Where each point stands: the place of the last number in it.
        y: The mean of the numbers in it.
        each: How many numbers a point is made of.

    Example:
        >>> line = Series()
        >>> for number in range(2001):
        ...     line.add(number, float(number))
        >>> len(line.y), line.each, line.y[:2]
        (500, 4, [1.5, 5.5])
    """

    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    each: int = 1
    _sum: float = 0.0
    _count: int = 0

    def add(self, x: float, y: float) -> None:
        """Takes a number.

        Args:
            x: Where it stands.
            y: The number.
        """
        self._sum += y
        self._count += 1
        if self._count < self.each:
            return
        self.x.append(x)
        self.y.append(self._sum / self._count)
        self._sum, self._count = 0.0, 0
        if len(self.y) >= MOST_POINTS:
            self._halve()

    def _halve(self) -> None:
        """Puts each two points together."""
        self.each *= 2
        self.x = self.x[1::2]
        self.y = [_mean(a, b) for a, b in zip(self.y[::2], self.y[1::2], strict=False)]


def _mean(a: float, b: float) -> float:
    # What is not finite must be seen.
    if math.isfinite(a) and math.isfinite(b):
        return (a + b) / 2
    return b if math.isfinite(a) else a
