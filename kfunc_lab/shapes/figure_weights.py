"""Pictures of what weights, steps and attention do: the numbers that are joined by them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kfunc_lab.graph.text_width import text_width
from kfunc_lab.locale import _
from kfunc_lab.shapes.arithmetic import written
from kfunc_lab.shapes.figure_parts import (
    SIZE,
    WIDTH,
    Subject,
    arrow,
    dot,
    dots,
    elided,
    line,
    rect,
    svg,
    words,
)
from kfunc_lab.shapes.rule import NoRuleError, described

# ---------------------------------------------------------------------------------------------
# Every number with every other

_MOST_NODES, _NODE, _ROW = 7, 4, 14
_LEFT, _RIGHT = 72, 168


def matrix(subject: Subject) -> str:
    """Draws numbers that are all joined to all others, those of one result in the accent."""
    before, after = subject.given.shape[-1], subject.found.outputs[0][-1].size.value
    one, other = (_column(count) for count in (before, after))
    ends = [(_RIGHT, y) for y in other if y is not None]
    starts = [(_LEFT, y) for y in one if y is not None]
    parts = [
        *(line("thin", start, end) for end in ends[1:] for start in starts),
        *(line("accent", start, end) for end in ends[:1] for start in starts),
        *_nodes(_LEFT, one, "node"),
        *_nodes(_RIGHT, other, "node-on"),
        words("number", written(before), _LEFT, 12, bold=True),
        words("accented", written(after), _RIGHT, 12, bold=True),
    ]
    said = _("Each of {u} results is made from all of {n} numbers.").format(
        u=written(after), n=written(before)
    )
    return svg(26 + _MOST_NODES * _ROW, said, parts)


def _column(count: int | None) -> list[float | None]:
    """Returns where the nodes of a column stand; nothing for the gap."""
    shown = elided(count, _MOST_NODES)
    top = 20 + (_MOST_NODES - len(shown)) * _ROW / 2
    return [
        None if it is None else top + (place + 0.5) * _ROW for place, it in enumerate(shown)
    ]


def _nodes(x: float, column: Sequence[float | None], role: str) -> Iterator[str]:
    top = column[0] or 0
    for place, y in enumerate(column):
        if y is None:
            yield dots(x, top + place * _ROW, upright=True)
        else:
            yield dot(role if place == 0 else "node", x, y, _NODE)


# ---------------------------------------------------------------------------------------------
# A table

_MOST_ROWS = _MOST_COLUMNS = 6
_WIDE, _HIGH = 11, 11
_TABLE, _VECTOR, _TOP = 46, 158, 22


def table(subject: Subject) -> str:
    """Draws a table of which a number picks a row."""
    rows, columns = subject.given.get("input_dim"), subject.given.get("output_dim")
    if subject.given.get("reverse"):
        return ""
    if not (isinstance(rows, int) and isinstance(columns, int) and rows > 0 and columns > 0):
        return ""
    shown, across = elided(rows, _MOST_ROWS), elided(columns, _MOST_COLUMNS)
    picked = min(2, rows - 1)
    end, y = _TABLE + len(across) * _WIDE, _TOP + picked * _HIGH
    parts: list[str] = []
    for place, row in enumerate(shown):
        role = "touched" if row == picked else "cell"
        parts += _table_row(_TABLE, _TOP + place * _HIGH, across, "" if row is None else role)
    parts += _table_row(_VECTOR, y, across, "touched")
    middle = y + _HIGH / 2
    size = f"{written(rows)} × {written(columns)}"
    parts += [
        rect("touched", 6, y - 2, 16, _HIGH + 4, corner=4),
        words("number", str(picked), 14, middle + 3.5, bold=True),
        arrow("accent", 23, middle, _TABLE - 2, middle),
        arrow("accent", end + 3, middle, _VECTOR - 3, middle),
        words("number", size, (_TABLE + end) / 2, _TOP - 8, bold=True),
        words(
            "accented",
            written(columns),
            _VECTOR + len(across) * _WIDE / 2,
            y - 6,
            bold=True,
        ),
    ]
    said = _("A table of {v} rows and {e} columns: a number picks a row, a vector of {e}.")
    return svg(
        _TOP + len(shown) * _HIGH + 6,
        said.format(v=written(rows), e=written(columns)),
        parts,
    )


def _table_row(x: float, y: float, across: Sequence[int | None], role: str) -> Iterator[str]:
    """Draws a row; dots stand for columns that are left out, and for a whole row of them."""
    if not role:
        yield dots(x + len(across) * _WIDE / 2, y + _HIGH / 2, upright=True)
        return
    for place, column in enumerate(across):
        if column is None:
            yield dots(x + (place + 0.5) * _WIDE, y + _HIGH / 2)
        else:
            yield rect(role, x + place * _WIDE, y, _WIDE, _HIGH)


# ---------------------------------------------------------------------------------------------
# Steps

_MOST_STEPS, _BOX, _BETWEEN = 5, 24, 20
_BOX_TOP = 30


def steps(subject: Subject) -> str:
    """Draws steps that are taken one after the other, and after which there is a result."""
    given = subject.given
    if len(given.shape) < 3 or given.shape[1] == 0:
        return ""
    count, settings = given.shape[1], _stepping(given.settings)
    if settings is None:
        return ""
    both = given.kind == "Bidirectional"
    every = bool(settings.get("return_sequences"))
    shown = elided(count, _MOST_STEPS)
    numbers = ["" if it is None else "?" if it == -1 else written(it + 1) for it in shown]
    if settings.get("go_backwards"):
        numbers.reverse()
        shown = shown[::-1]
    last = len(shown) - 1
    results = [place for place, it in enumerate(shown) if it is not None] if every else [last]
    if both and not every and last:
        results = [0, last]
    parts = _steps_parts(numbers, results, both=both)
    return svg(92, _steps_words(written(count), every=every, both=both), parts)


def _stepping(settings: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns the settings of the layer that takes the steps: another one's, if it is wrapped."""
    if "layer" not in settings:
        return settings
    try:
        return described(settings["layer"])[1]
    except NoRuleError:
        return None


def _steps_words(count: str, *, every: bool, both: bool) -> str:
    said = (
        _("{n} steps, forward and backward;") if both else _("{n} steps, one after the other;")
    ).format(n=count)
    after = _("a result after every step.") if every else _("a result after the last one.")
    return f"{said} {after}"


def _steps_parts(numbers: Sequence[str], results: Sequence[int], *, both: bool) -> list[str]:
    pitch = _BOX + _BETWEEN
    left = (WIDTH - len(numbers) * pitch + _BETWEEN) / 2
    middle, bottom = _BOX_TOP + _BOX / 2, _BOX_TOP + _BOX
    parts: list[str] = []
    for place, number in enumerate(numbers):
        x = left + place * pitch
        center = x + _BOX / 2
        if place:
            parts += _passed_on(x - _BETWEEN + 2, x - 2, middle, both=both)
        if not number:
            parts.append(dots(center, middle))
            continue
        parts.append(rect("touched", x, _BOX_TOP, _BOX, _BOX, corner=4))
        parts.append(arrow("line", center, bottom + 18, center, bottom + 2))
        parts.append(words("number", number, center, bottom + 30))
        if place in results:
            parts.append(arrow("accent", center, _BOX_TOP - 2, center, _BOX_TOP - 20))
    return parts


def _passed_on(x: float, end: float, y: float, *, both: bool) -> Iterator[str]:
    """Draws what one step leaves to the next."""
    apart = 4 if both else 0
    yield arrow("accent", x, y - apart, end, y - apart)
    if both:
        yield arrow("accent", end, y + apart, x, y + apart)


# ---------------------------------------------------------------------------------------------
# Attention

_MOST_QUERIES, _MOST_KEYS, _SCORE = 5, 7, 13
_GRID, _GRID_TOP = 74, 26
# How much of each value is taken, for something to be seen.
_SHARES = (0.2, 0.9, 0.4, 0.1, 0.6, 0.15, 0.35)


def attention(subject: Subject) -> str:
    """Draws a grid of queries and keys, of which one row makes one result."""
    inputs = subject.given.inputs
    if any(len(shape) != 3 for shape in inputs):
        return ""
    queries, keys = inputs[0][1], (inputs[2:] or inputs[1:] or inputs)[0][1]
    if 0 in (queries, keys):
        return ""
    rows, columns = elided(queries, _MOST_QUERIES), elided(keys, _MOST_KEYS)
    picked = min(1, len(rows) - 1)
    end = _GRID + len(columns) * _SCORE
    parts: list[str] = []
    for place, row in enumerate(rows):
        y = _GRID_TOP + place * _SCORE
        if row is None:
            parts.append(dots((_GRID + end) / 2, y + _SCORE / 2, upright=True))
        else:
            parts += _scores(columns, y, weighed=place == picked)
    y = _GRID_TOP + picked * _SCORE
    middle = y + _SCORE / 2
    parts += [
        rect("window", _GRID - 2, y - 2, end - _GRID + 4, _SCORE + 4, corner=3),
        arrow("accent", end + 5, middle, end + 27, middle),
        rect("touched", end + 30, y - 1, 2 * _SCORE, _SCORE + 2, corner=3),
        *_counted(_("keys"), written(keys), _GRID, _GRID_TOP - 9, "start"),
        *_counted(_("queries"), written(queries), _GRID - 8, middle + 3.5, "end"),
    ]
    said = _("Each of {i} queries weighs {j} keys, and takes as much of their values.").format(
        i=written(queries), j=written(keys)
    )
    return svg(_GRID_TOP + len(rows) * _SCORE + 8, said, parts)


def _scores(columns: Sequence[int | None], y: float, *, weighed: bool) -> Iterator[str]:
    for place, column in enumerate(columns):
        x = _GRID + place * _SCORE
        if column is None:
            yield dots(x + _SCORE / 2, y + _SCORE / 2)
        elif weighed:
            share = f' fill-opacity="{_SHARES[place]}"'
            yield rect("weighed", x, y, _SCORE, _SCORE, more=share)
        else:
            yield rect("cell", x, y, _SCORE, _SCORE)


def _counted(name: str, count: str, x: float, y: float, anchor: str) -> Iterator[str]:
    """Writes what there is and how many: beside each other, or above each other at an end."""
    if anchor == "start":
        yield words("quiet", name, x, y, anchor=anchor)
        beside = x + text_width(name, SIZE) + 5
        yield words("number", count, beside, y, anchor=anchor, bold=True)
    else:
        yield words("quiet", name, x, y, anchor=anchor)
        yield words("number", count, x, y + 14, anchor=anchor, bold=True)
