"""The SVG elements of figures: cells, chips, lines and numbers."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kfunc_lab.graph.model.families import FAMILIES
from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import number_text
from kfunc_lab.shapes.rules.rule import Derivation, Given, Rule
from kfunc_lab.ui.text_width import text_width
from kfunc_lab.ui.theme import FAINT, FONT, LINE, QUIET, SURFACE, TEXT, TRAINING, light_dark

WIDTH = 240  # pixels: the width of every figure, and of its place in the view
SIZE = 10  # pixels: the font size
_EDGE = 3  # pixels that stay free on each side

_TINT = FAMILIES["input"].fill  # the fill that matches the accent colour


@dataclass(frozen=True)
class Subject:
    """The subject of a figure.

    Attributes:
        call: The settings of the call, including defaults, and its inputs.
        derivation: The result of its shape rule.
        rule: The rule.
    """

    call: Given
    derivation: Derivation
    rule: Rule


@dataclass(frozen=True)
class _Look:
    """The colours of an element, each for a light and a dark surface, or `None`."""

    fill: tuple[str, str] | None
    stroke: tuple[str, str] | None = None
    more: str = ""


_DASHED = ' stroke-dasharray="2.5 2"'
_LOOKS = {
    # cells, boxes and chips
    "cell": _Look(SURFACE, LINE),
    "faint": _Look(SURFACE, FAINT),
    "ghost": _Look(None, LINE, _DASHED),
    "touched": _Look(_TINT, TRAINING),
    "added": _Look(_TINT, TRAINING, _DASHED),
    "weighed": _Look(TRAINING, LINE),
    # outlines and lines
    "window": _Look(None, TRAINING, ' stroke-width="1.4"'),
    "next": _Look(None, TRAINING, ' stroke-opacity="0.45"'),
    "accent": _Look(None, TRAINING),
    "line": _Look(None, LINE),
    "thin": _Look(None, LINE, ' stroke-width="0.6" stroke-opacity="0.6"'),
    # arrowheads, nodes, dots for omitted parts
    "accent-end": _Look(TRAINING),
    "line-end": _Look(LINE),
    "node": _Look(SURFACE, LINE),
    "node-on": _Look(TRAINING, TRAINING),
    # text
    "number": _Look(TEXT),
    "accented": _Look(TRAINING),
    "quiet": _Look(QUIET),
}


def svg(height: float, sentence: str, parts: Iterable[str]) -> str:
    """Joins the elements of a figure.

    Args:
        height: The height in pixels.
        sentence: A description of the figure in words.
        parts: The elements.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:g}" '
        f'viewBox="0 0 {WIDTH} {height:g}" class="kfunc-lab-figure" role="img" '
        f'font-family="{FONT}"><title>{html.escape(sentence)}</title>{"".join(parts)}</svg>'
    )


@lru_cache(maxsize=1)
def style() -> str:
    """Returns the style sheet of the figures, with colours for light and dark themes.

    `light-dark()` follows the `color-scheme` around the figure. A reader that does not know it uses
    the light colours in the attributes of the elements.
    """
    rules = [
        f".kfunc-lab-figure .figure-{name}{{{attribute}:{light_dark(colours)}}}"
        for name, look in _LOOKS.items()
        for attribute, colours in (("fill", look.fill), ("stroke", look.stroke))
        if colours
    ]
    return "\n".join([f".kfunc-lab-figure text{{font-family:{FONT}}}", *rules])


def _attributes(role: str) -> str:
    look = _LOOKS[role]
    fill = look.fill[0] if look.fill else "none"
    stroke = f' stroke="{look.stroke[0]}"' if look.stroke else ""
    return f'class="figure-{role}" fill="{fill}"{stroke}{look.more}'


# ---------------------------------------------------------------------------------------------
# Elements


def rect(
    role: str,
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    corner: float = 1,
    more: str = "",
) -> str:
    """Draws a rectangle."""
    return (
        f'<rect {_attributes(role)} x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" '
        f'height="{_n(height)}" rx="{_n(corner)}"{more}/>'
    )


def line(role: str, *points: tuple[float, float]) -> str:
    """Draws a line through points."""
    path = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
    return f'<path {_attributes(role)} d="M{path}"/>'


def bend(role: str, x: float, y: float, to_x: float, to_y: float) -> str:
    """Draws a curve downward whose ends are vertical."""
    middle = _n((y + to_y) / 2)
    return (
        f'<path {_attributes(role)} d="M{_n(x)} {_n(y)}C{_n(x)} {middle} {_n(to_x)} {middle} '
        f'{_n(to_x)} {_n(to_y)}"/>'
    )


def arrow(role: str, x: float, y: float, to_x: float, to_y: float) -> str:
    """Draws a horizontal or vertical arrow; `role` is the role of a line."""
    across = (to_x > x) - (to_x < x)
    down = (to_y > y) - (to_y < y)
    base_x, base_y = to_x - 5 * across, to_y - 5 * down
    head = (
        f"M{_n(to_x)} {_n(to_y)}L{_n(base_x - 2.5 * down)} {_n(base_y - 2.5 * across)} "
        f"{_n(base_x + 2.5 * down)} {_n(base_y + 2.5 * across)}Z"
    )
    return (
        line(role, (x, y), (base_x, base_y))
        + f'<path {_attributes(f"{role}-end")} d="{head}"/>'
    )


def dot(role: str, x: float, y: float, radius: float) -> str:
    """Draws a circle."""
    return f'<circle {_attributes(role)} cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"/>'


def dots(x: float, y: float, *, upright: bool = False) -> str:
    """Draws three dots for an omitted part, around their middle."""
    return "".join(
        dot("line-end", x, y + step, 0.9) if upright else dot("line-end", x + step, y, 0.9)
        for step in (-3, 0, 3)
    )


def text_label(
    role: str, text: str, x: float, y: float, *, anchor: str = "middle", bold: bool = False
) -> str:
    """Draws a text; a centred text is shifted to stay inside the figure."""
    if anchor == "middle":
        half = text_width(text, SIZE, bold) / 2
        x = min(max(x, _EDGE + half), WIDTH - _EDGE - half)
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text {_attributes(role)} x="{_n(x)}" y="{_n(y)}" font-size="{SIZE}"{weight} '
        f'text-anchor="{anchor}">{html.escape(text)}</text>'
    )


def _n(value: float) -> str:
    return f"{round(value, 1):g}"


# ---------------------------------------------------------------------------------------------
# Rows with an omitted part


def elide(count: int | None, most: int) -> list[int | None]:
    """Chooses which elements of a row are drawn: the first ones and the last, `None` for the gap.

    Args:
        count: The number of elements; `None` if it is unknown.
        most: The number of positions, including the gap.

    Returns:
        The indices of the elements. If the count is unknown, the last index is −1.

    Example:
        >>> elide(3, 5), elide(28, 5), elide(None, 5)
        ([0, 1, 2], [0, 1, 2, None, 27], [0, 1, 2, None, -1])
    """
    if count is not None and count <= most:
        return list(range(count))
    return [*range(most - 2), None, -1 if count is None else count - 1]


def sizes_text(sizes: Sequence[int | None], width: float = WIDTH) -> str:
    """Formats sizes as `28 × 28 × 64`; if that is too wide, without the middle ones."""
    text = " × ".join(map(number_text, sizes))
    if len(sizes) > 2 and text_width(text, SIZE) > width:
        return f"{number_text(sizes[0])} × … × {number_text(sizes[-1])}"
    return text


def shape_text(sizes: Sequence[int | None]) -> str:
    """Formats sizes as `(28, 28)`; a single size has no parentheses."""
    if not sizes:
        return _("one number")
    text = ", ".join(map(number_text, sizes))
    return f"({text})" if len(sizes) > 1 else text
