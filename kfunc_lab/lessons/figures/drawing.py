"""What the drawings of the lessons share: their forms, their style and their text."""

import html
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfunc_lab.ui.files import save_picture_or_text
from kfunc_lab.ui.theme import (
    ACCENT,
    FAINT,
    FONT,
    LINE,
    PANEL,
    QUIET,
    SURFACE,
    TEXT,
    TRAINING,
    VALIDATION,
    light_dark,
)

# The classes of the parts: what they colour, and with what.
_STYLES = {
    "surface": ("fill", SURFACE),
    "box": ("fill", PANEL),
    "text": ("fill", TEXT),
    "quiet": ("fill", QUIET),
    "bar": ("fill", LINE),
    "first": ("fill", TRAINING),
    "second": ("fill", VALIDATION),
    "dot": ("fill", ACCENT),
    "frame": ("stroke", LINE),
    "faint": ("stroke", FAINT),
    "positive": ("stroke", TRAINING),
    "negative": ("stroke", VALIDATION),
    "accent": ("stroke", ACCENT),
}


@dataclass(frozen=True)
class Drawing:
    """A picture, and the same in words."""

    svg: str
    text: str

    def to_svg(self) -> str:
        """Returns the picture as SVG that follows the reader's light or dark theme."""
        return self.svg

    def to_text(self) -> str:
        """Returns what the picture shows, in words and numbers."""
        return self.text

    def save(self, path: str | Path) -> Path:
        """Writes the picture to a file.

        Args:
            path: The file; its suffix, `.svg` or `.txt`, selects the format.

        Returns:
            The path.

        Raises:
            ValueError: If the suffix is none of these.
            OSError: If the file cannot be written.
        """
        return save_picture_or_text(path, self)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": self.text}


def drawing(width: float, height: float, body: list[str], text: str) -> Drawing:
    """Returns a drawing on a surface of the theme.

    Args:
        width: Its width, in pixels.
        height: Its height, in pixels.
        body: Its parts, as SVG.
        text: The same in words.
    """
    scope = ".kfunc-lab-lesson-drawing"
    rules = "".join(
        f"{scope} .{name}{{{property_}:{light_dark(colours)}}}"
        for name, (property_, colours) in _STYLES.items()
    )
    style = f"{scope}{{color-scheme:light dark;font-family:{FONT};font-size:12px}}{rules}"
    return Drawing(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" class="kfunc-lab-lesson-drawing" role="img">'
        f"<title>{html.escape(text)}</title><style>{style}</style>"
        f"{rectangle(0, 0, width, height, 'surface')}{''.join(body)}</svg>",
        text,
    )


def words(
    x: float, y: float, text: str, name: str = "text", anchor: str = "start", bold: bool = False
) -> str:
    """Returns a line of text as SVG."""
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text class="{name}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}'
        f"{_colour(name)}>{html.escape(text)}</text>"
    )


def rectangle(
    x: float, y: float, width: float, height: float, name: str, round_: float = 0
) -> str:
    """Returns a rectangle as SVG."""
    corner = f' rx="{round_:g}"' if round_ else ""
    return (
        f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}"{corner}{_colour(name)}/>'
    )


def path(d: str, name: str, width: float = 1.0, more: str = "") -> str:
    """Returns a line as SVG."""
    return (
        f'<path class="{name}" d="{d}" stroke-width="{width:.1f}" fill="none"'
        f"{_colour(name)}{more}/>"
    )


def circle(x: float, y: float, radius: float, name: str) -> str:
    """Returns a circle as SVG."""
    return f'<circle class="{name}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"{_colour(name)}/>'


def through(points: list[tuple[float, float]]) -> str:
    """Returns the path through points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def number(value: float) -> str:
    """Writes a number with up to two decimal places, or three digits if it is small or large.

    Example:
        >>> number(0.5), number(-2), number(0.00321), number(1234.5)
        ('0.5', '−2', '0.00321', '1.23e+03')
    """
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    usual = 0.01 <= abs(value) < 1000
    plain = f"{value:.2f}".rstrip("0").rstrip(".") if usual else f"{value:.3g}"
    return plain.replace("-", "−")


def _colour(name: str) -> str:
    """Returns the light colour as an attribute, for readers of SVG that know no style sheets."""
    property_, colours = _STYLES[name]
    return f' {property_}="{colours[0]}"'
