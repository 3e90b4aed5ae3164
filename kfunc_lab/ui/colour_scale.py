"""Colour scales for numbers: sequential from smallest to largest, or diverging around zero."""

from collections.abc import Iterable
from dataclasses import dataclass

# Viridis (Smith and van der Walt, 2015): lightness alone distinguishes its colours.
SEQUENTIAL = (
    "#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70",
    "#7ad151", "#bddf26", "#fde725",
)  # fmt: skip
# PuOr from ColorBrewer (Brewer): purple below zero and orange above.
DIVERGING = (
    "#2d004b", "#542788", "#8073ac", "#b2abd2", "#d8daeb", "#f7f7f7", "#fee0b6", "#fdb863",
    "#e08214", "#b35806", "#7f3b08",
)  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """A map from the numbers of a range to colours.

    Attributes:
        low: The smallest number.
        high: The largest number.
        colours: Colours at equal distances, from the smallest number to the largest.

    Example:
        >>> scale_of([0, 5, 10]).colour(10)
        '#fde725'
    """

    low: float
    high: float
    colours: tuple[str, ...]

    def colour(self, value: float) -> str:
        """Returns the colour of a number."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        position = min(max(share, 0), 1) * (len(self.colours) - 1)
        first = min(int(position), len(self.colours) - 2)
        return _interpolate(self.colours[first], self.colours[first + 1], position - first)


def scale_of(values: Iterable[float]) -> Scale:
    """Chooses a scale for numbers: diverging if they lie on both sides of zero."""
    values = list(values)
    low, high = min(values), max(values)
    if low < 0 < high:
        limit = max(-low, high)
        return Scale(-limit, limit, DIVERGING)
    return Scale(low, high, SEQUENTIAL)


def ink_on(colour: str) -> str:
    """Returns black or white, whichever is easier to read on a colour.

    Source: relative luminance, WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance.
    """
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _interpolate(first: str, second: str, share: float) -> str:
    mixed = (
        round(a + (b - a) * share) for a, b in zip(_parts(first), _parts(second), strict=True)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
