"""The parts that all line charts over epochs are drawn from: frame, axes, text and lines."""

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

# A point of a line: where it is drawn, its epoch and its value.
Point = tuple[float, float, int, float]


@dataclass(frozen=True)
class Axes:
    """The axes of a panel: epochs across, values up.

    Attributes:
        height: The height of the panel, in pixels.
        top: How much of it is left free above the lines.
        first: The first epoch.
        last: The last epoch.
        marks: The values that have a line across, in ascending order.
    """

    height: int
    top: int
    first: int
    last: int
    marks: Sequence[float]

    def x(self, epoch: int) -> float:
        """Returns where an epoch is drawn; a single one in the middle."""
        inner = PANEL_WIDTH - LEFT - RIGHT
        span = self.last - self.first
        return LEFT + inner * ((epoch - self.first) / span if span > 0 else 0.5)

    def y(self, value: float) -> float:
        """Returns where a value is drawn."""
        inner = self.height - self.top - BOTTOM
        return self.top + inner * (self.marks[-1] - value) / (self.marks[-1] - self.marks[0])

    def point(self, epoch: int, value: float) -> Point:
        """Places a value."""
        return self.x(epoch), self.y(value), epoch, value

    def to_svg(self) -> str:
        """Draws lines across at the marks, and labels both axes."""
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
    """Returns the axes of a panel; they cover all finite values."""
    finite = [it for it in values if math.isfinite(it)]
    marks = ticks(min(finite, default=0.0), max(finite, default=1.0))
    return Axes(height, top, first, last, marks)


def ticks(low: float, high: float) -> list[float]:
    """Returns round numbers that enclose a range, three to seven of them."""
    if high - low < 1e-9 * max(1.0, abs(high)):
        room = max(0.5, 1e-6 * abs(high))
        low, high = low - room, high + room
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(step * number, 12) for number in range(first, last + 1)]


def epoch_step(epochs: int) -> int:
    """Returns after how many epochs an axis is labelled, for ten labels at most."""
    return max(1, math.ceil(epochs / 10))


def number_words(value: float) -> str:
    """Writes a number with four places, or four digits if it is large."""
    return f"{value:.4f}" if math.isfinite(value) and abs(value) < 1e5 else f"{value:.4g}"


def path_of(points: Iterable[Point]) -> str:
    """Writes the path through points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y, _epoch, _value in points)


def point_title(label: str, epoch: int, value: float) -> str:
    """Returns the title that a browser shows where the pointer rests on a point."""
    said = html.escape(f"{label}, {_('epoch')} {epoch}: {number_words(value)}")
    return f"<title>{said}</title>"


def svg_text(x: float, y: float, text: str, style: str, anchor: str = "start") -> str:
    """Draws a text."""
    return (
        f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
        f'fill="{TEXT[0] if style == "title" else QUIET[0]}">{html.escape(text)}</text>'
    )


def panel_grid(count: int, max_columns: int) -> tuple[int, int]:
    """Returns the columns and rows in which panels stand."""
    columns = max(1, min(max_columns, count))
    return columns, max(1, math.ceil(count / columns))


def placed(panels: Sequence[str], columns: int, height: int, top: int = 0) -> str:
    """Puts panels of one height in columns, from left to right and from top to bottom."""
    return "".join(
        f'<g transform="translate({PANEL_WIDTH * (position % columns)},'
        f'{top + height * (position // columns)})">{panel}</g>'
        for position, panel in enumerate(panels)
    )


def description(names: Iterable[str]) -> str:
    """Names the curves of a picture."""
    return _("Learning curves: {names}").format(names=", ".join(map(printable, names)))


def picture(
    name: str, width: int, height: int, title: str, style: Sequence[str], body: str
) -> str:
    """Draws a picture on a surface that follows the theme.

    Args:
        name: Its class, with which all its rules begin.
        width: Its width, in pixels.
        height: Its height, in pixels.
        title: What it shows, in words.
        style: Its own rules.
        body: What is drawn.
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
    texts = ",".join(f"{scope} .{it}" for it in small)
    return [
        f"{scope}{{color-scheme:light dark;font-family:{FONT}}}",
        f"{scope} .surface{{fill:{light_dark(SURFACE)}}}",
        f"{scope} .title{{fill:{light_dark(TEXT)};font-size:12px;font-weight:bold}}",
        f"{texts}{{fill:{light_dark(QUIET)};font-size:10px}}",
        f"{scope} .grid{{stroke:{light_dark(FAINT)}}}",
    ]
