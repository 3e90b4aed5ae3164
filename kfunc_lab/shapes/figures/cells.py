"""Rows of cells, with which figures show an axis."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from kfunc_lab.shapes.figures.parts import WIDTH, dots, line, rect, svg, text_label

CELL = 14  # pixels
MIN_CELL = 4  # pixels: narrower cells merge
GAP = 14  # pixels for omitted cells

_ON_TOP = ("touched", "added")  # drawn last, so that no other border covers theirs


def row_width(roles: Sequence[str], pitch: float) -> float:
    """Returns the width of a row; see `cells`."""
    return sum(pitch if role else GAP for role in roles)


def cells(roles: Sequence[str], x: float, y: float, pitch: float = CELL) -> list[str]:
    """Draws a row of cells; cells that are too narrow merge.

    Args:
        roles: The role of each cell; an empty string for omitted cells.
        x: The left edge of the row.
        y: The upper edge of the row.
        pitch: The width of a cell.
    """
    drawn: list[tuple[str, str]] = []
    for role, members in groupby(roles):
        count = len(list(members))
        if not role:
            drawn.append((role, dots(x + GAP / 2, y + CELL / 2)))
        elif pitch < MIN_CELL:
            drawn.append((role, rect(role, x, y, count * pitch, CELL)))
        else:
            drawn += [
                (role, rect(role, x + place * pitch, y, pitch, CELL)) for place in range(count)
            ]
        x += count * (pitch if role else GAP)
    return [part for _role, part in sorted(drawn, key=lambda part: part[0] in _ON_TOP)]


def strike_out(roles: Sequence[str], x: float, y: float) -> Iterator[str]:
    """Draws a stroke through each cell of a row."""
    for role in roles:
        if role:
            yield line("accent", (x + 3, y + CELL - 3), (x + CELL - 3, y + 3))
        x += CELL if role else GAP


def with_axis_names(height: float, names: str, sentence: str, parts: Iterable[str]) -> str:
    """Joins the parts of a figure, and writes the names of its axes below."""
    if not names:
        return svg(height, sentence, parts)
    return svg(
        height + 15, sentence, [*parts, text_label("quiet", names, WIDTH / 2, height + 8)]
    )
