"""The parts of all line charts over epochs: frame, axes, text and lines."""

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable
from kfunc_lab.ui.theme import FAINT, FONT, QUIET, SURFACE, TEXT, light_dark

# Sizes of a panel, in pixels.
PANEL_WIDTH = 340
LEFT, RIGHT, BOTTOM = 52, 16, 40

# A point of a line: its position in pixels, its epoch and its value.
Point = tuple[float, float, int, float]


@dataclass(frozen=True)
class Axes:
    """The axes of a panel, with epochs on the horizontal and values on the vertical axis.

    Attributes:
        height: The height of the panel, in pixels.
        top: The height of the free space above the lines, in pixels.
        first: The first epoch.
        last: The last epoch.
        marks: The values with a grid line, in ascending order.
    """

    height: int
    top: int
    first: int
    last: int
    marks: Sequence[float]

    def x(self, epoch: int) -> float:
        """Returns the horizontal position of an epoch; a single epoch is in the middle."""
        inner = PANEL_WIDTH - LEFT - RIGHT
        span = self.last - self.first
        return LEFT + inner * ((epoch - self.first) / span if span > 0 else 0.5)

    def y(self, value: float) -> float:
        """Returns the vertical position of a value."""
        inner = self.height - self.top - BOTTOM
        return self.top + inner * (self.marks[-1] - value) / (self.marks[-1] - self.marks[0])

    def point(self, epoch: int, value: float) -> Point:
        """Returns the point of a value."""
        return self.x(epoch), self.y(value), epoch, value

    def to_svg(self) -> str:
        """Draws a grid line at each mark, and labels both axes."""
        parts = []
        for mark in self.marks:
            line = f"M{LEFT} {self.y(mark):.1f}H{PANEL_WIDTH - RIGHT}"
            parts.append(f'<path class="grid" stroke="{FAINT[0]}" d="{line}"/>')
            parts.append(svg_text(LEFT - 6, self.y(mark) + 3.5, f"{mark:g}", "tick", "end"))
        below = self.height - BOTTOM + 16
        for epoch in range(self.first, self.last + 1, epoch_step(self.last + 1 - self.first)):
            parts.append(svg_text(self.x(epoch), below, str(epoch), "tick", "middle"))
        middle = (LEFT + PANEL_WIDTH - RIGHT) / 2
        parts.append(svg_text(middle, self.height - 8, _("epoch"), "tick", "middle"))
        return "".join(parts)


def axes_of(values: Iterable[float], height: int, top: int, first: int, last: int) -> Axes:
    """Returns the axes of a panel, which cover all finite values."""
    finite = [value for value in values if math.isfinite(value)]
    marks = ticks(min(finite, default=0.0), max(finite, default=1.0))
    return Axes(height, top, first, last, marks)


def ticks(low: float, high: float) -> list[float]:
    """Returns three to seven round numbers that enclose a range."""
    if high - low < 1e-9 * max(1.0, abs(high)):
        margin = max(0.5, 1e-6 * abs(high))
        low, high = low - margin, high + margin
    min_step = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(min_step))
    steps = (factor * power for factor in (1, 2, 2.5, 5, 10))
    step = next(step for step in steps if step >= min_step)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(step * number, 12) for number in range(first, last + 1)]


def epoch_step(epochs: int) -> int:
    """Returns the number of epochs between two labels of an axis, for at most ten labels."""
    return max(1, math.ceil(epochs / 10))


def number_words(value: float) -> str:
    """Formats a number with four decimal places, or with four digits if it is large."""
    return f"{value:.4f}" if math.isfinite(value) and abs(value) < 1e5 else f"{value:.4g}"


def path_of(points: Iterable[Point]) -> str:
    """Returns the SVG path through points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y, _epoch, _value in points)


def point_title(label: str, epoch: int, value: float) -> str:
    """Returns the tooltip of a point, as an SVG title element."""
    title = html.escape(f"{label}, {_('epoch')} {epoch}: {number_words(value)}")
    return f"<title>{title}</title>"


def svg_text(x: float, y: float, text: str, style: str, anchor: str = "start") -> str:
    """Returns an SVG text element."""
    return (
        f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
        f'fill="{TEXT[0] if style == "title" else QUIET[0]}">{html.escape(text)}</text>'
    )


def panel_grid(count: int, max_columns: int) -> tuple[int, int]:
    """Returns the number of columns and rows of panels."""
    columns = max(1, min(max_columns, count))
    return columns, max(1, math.ceil(count / columns))


def place_panels(panels: Sequence[str], columns: int, height: int, top: int = 0) -> str:
    """Arranges panels of one height in a grid, row by row."""
    return "".join(
        f'<g transform="translate({PANEL_WIDTH * (position % columns)},'
        f'{top + height * (position // columns)})">{panel}</g>'
        for position, panel in enumerate(panels)
    )


def description(names: Iterable[str]) -> str:
    """Returns the description of a picture, which names its curves."""
    return _("Learning curves: {names}").format(names=", ".join(map(printable, names)))


def picture(
    name: str, width: int, height: int, title: str, style: Sequence[str], body: str
) -> str:
    """Returns an SVG picture on a surface that follows the reader's theme.

    Args:
        name: Its CSS class, the scope of all its rules.
        width: Its width, in pixels.
        height: Its height, in pixels.
        title: Its description.
        style: Its own CSS rules.
        body: Its content, as SVG.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" class="{name}" role="img">'
        f"<title>{html.escape(title)}</title>"
        f"<style>{''.join(style)}</style>"
        f'<rect class="surface" width="100%" height="100%" fill="{SURFACE[0]}"/>{body}</svg>'
    )


def shared_style(name: str, *small: str) -> list[str]:
    """Returns the CSS rules for the parts that all line charts share.

    Args:
        name: The class of the picture.
        small: The classes of small text.
    """
    scope = f".{name}"
    texts = ",".join(f"{scope} .{text_class}" for text_class in small)
    return [
        f"{scope}{{color-scheme:light dark;font-family:{FONT}}}",
        f"{scope} .surface{{fill:{light_dark(SURFACE)}}}",
        f"{scope} .title{{fill:{light_dark(TEXT)};font-size:12px;font-weight:bold}}",
        f"{texts}{{fill:{light_dark(QUIET)};font-size:10px}}",
        f"{scope} .grid{{stroke:{light_dark(FAINT)}}}",
    ]
