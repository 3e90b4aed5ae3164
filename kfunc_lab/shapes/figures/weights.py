"""Figures of weights: dense connections, embedding tables, recurrent steps and attention."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.shapes.figures.parts import (
    SIZE,
    WIDTH,
    Subject,
    arrow,
    dot,
    dots,
    elide,
    line,
    rect,
    svg,
    text_label,
)
from kfunc_lab.shapes.rules.arithmetic import number_text
from kfunc_lab.shapes.rules.rule import NoRuleError, parse_layer
from kfunc_lab.ui.text_width import text_width

# ---------------------------------------------------------------------------------------------
# Dense connections

_MAX_NODES, _NODE, _ROW = 7, 4, 14
_LEFT, _RIGHT, _NODES_TOP = 72, 168, 20


def matrix(subject: Subject) -> str:
    """Draws the connections of a dense layer, with those of one output in the accent colour."""
    before, after = subject.call.shape[-1], subject.derivation.outputs[0][-1].size.value
    shown = [elide(count, _MAX_NODES) for count in (before, after)]
    most = max(map(len, shown))
    one, other = (
        _column(column, _NODES_TOP + (most - len(column)) * _ROW / 2) for column in shown
    )
    starts = [(_LEFT, y) for y in one if y is not None]
    ends = [(_RIGHT, y) for y in other if y is not None]
    parts = [
        *(line("thin", start, end) for end in ends[1:] for start in starts),
        *(line("accent", start, end) for end in ends[:1] for start in starts),
        *(dot("node", x, y, _NODE) for x, y in [*starts, *ends[1:]]),
        *(dot("node-on", x, y, _NODE) for x, y in ends[:1]),
        *_gap_dots(_LEFT, one),
        *_gap_dots(_RIGHT, other),
        text_label("number", number_text(before), _LEFT, 11, bold=True),
        text_label("accented", number_text(after), _RIGHT, 11, bold=True),
    ]
    sentence = _("Every output depends on every input: {n} → {u}.").format(
        n=number_text(before), u=number_text(after)
    )
    return svg(_NODES_TOP + most * _ROW + 2, sentence, parts)


def _column(shown: Sequence[int | None], top: float) -> list[float | None]:
    """Returns the y coordinates of the nodes in a column; `None` for the gap."""
    return [
        None if index is None else top + (place + 0.5) * _ROW
        for place, index in enumerate(shown)
    ]


def _gap_dots(x: float, column: Sequence[float | None]) -> Iterator[str]:
    if None in column:
        place = column.index(None)
        yield dots(x, (column[0] or 0) + place * _ROW, upright=True)


# ---------------------------------------------------------------------------------------------
# Embedding tables

_MAX_ROWS = _MAX_COLUMNS = 6
_SQUARE = 11  # pixels: the side of a cell of the table
_TABLE_TOP, _INDEX = 20, 16


def table(subject: Subject) -> str:
    """Draws a table in which an index selects a row."""
    call = subject.call
    rows, columns = call.get("input_dim"), call.get("output_dim")
    if call.get("reverse") or not (isinstance(rows, int) and isinstance(columns, int)):
        return ""
    shown, across = elide(rows, _MAX_ROWS), elide(columns, _MAX_COLUMNS)
    picked, wide = min(2, rows - 1), len(across) * _SQUARE
    # Index, arrow, table, arrow, vector.
    index = (WIDTH - _INDEX - 26 - wide - 46 - wide) / 2
    start = index + _INDEX + 26
    vector = start + wide + 46
    y = _TABLE_TOP + picked * _SQUARE
    middle = y + _SQUARE / 2
    grid = [
        (row, _table_row(row, across, start, _TABLE_TOP + place * _SQUARE, row == picked))
        for place, row in enumerate(shown)
    ]
    size = f"{number_text(rows)} × {number_text(columns)}"
    parts = [
        # The selected row comes last, so that no other border covers its own.
        *(part for row, drawn in grid if row != picked for part in drawn),
        *(part for row, drawn in grid if row == picked for part in drawn),
        *_table_row(0, across, vector, y, True),
        rect("touched", index, y - 2, _INDEX, _SQUARE + 4, corner=4),
        text_label("number", str(picked), index + _INDEX / 2, middle + 3.5, bold=True),
        arrow("accent", index + _INDEX + 3, middle, start - 3, middle),
        arrow("accent", start + wide + 3, middle, vector - 3, middle),
        text_label("number", size, start + wide / 2, _TABLE_TOP - 8, bold=True),
        text_label("accented", number_text(columns), vector + wide / 2, y - 5, bold=True),
    ]
    sentence = _(
        "A table with {v} rows and {e} columns: each number selects a row, a vector of size "
        "{e}."
    )
    return svg(
        _TABLE_TOP + len(shown) * _SQUARE + 4,
        sentence.format(v=number_text(rows), e=number_text(columns)),
        parts,
    )


def _table_row(
    row: int | None, across: Sequence[int | None], x: float, y: float, picked: bool
) -> list[str]:
    """Draws a row of the table; dots replace omitted columns and rows."""
    if row is None:
        return [dots(x + len(across) * _SQUARE / 2, y + _SQUARE / 2, upright=True)]
    role = "touched" if picked else "cell"
    return [
        dots(x + (place + 0.5) * _SQUARE, y + _SQUARE / 2)
        if column is None
        else rect(role, x + place * _SQUARE, y, _SQUARE, _SQUARE)
        for place, column in enumerate(across)
    ]


# ---------------------------------------------------------------------------------------------
# Recurrent steps

_MAX_STEPS, _BOX, _BETWEEN = 5, 24, 20
_BOX_TOP = 26


def steps(subject: Subject) -> str:
    """Draws the steps of a recurrent layer, and the steps that return a result."""
    call = subject.call
    settings = _stepping(call.settings)
    if settings is None or len(call.shape) < 3 or call.shape[1] == 0:
        return ""
    count, both = call.shape[1], call.kind == "Bidirectional"
    every = bool(settings.get("return_sequences"))
    shown = elide(count, _MAX_STEPS)
    numbers = [
        "" if index is None else "?" if index == -1 else number_text(index + 1)
        for index in shown
    ]
    if settings.get("go_backwards") and not both:
        numbers.reverse()
    ends = {0, len(shown) - 1} if both else {len(shown) - 1}
    results = set(range(len(shown))) if every else ends
    sentences = [
        _("Steps, forward and backward: {n}.")
        if both
        else _("Steps, one after the other: {n}."),
        _("A result after each step.") if every else _("A result after the last step."),
    ]
    return svg(
        86,
        " ".join(sentences).format(n=number_text(count)),
        _steps_parts(numbers, results, both=both),
    )


def _stepping(settings: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns the settings of the recurrent layer, which may be inside a wrapper."""
    if "layer" not in settings:
        return settings
    try:
        return parse_layer(settings["layer"])[1]
    except NoRuleError:
        return None


def _steps_parts(
    numbers: Sequence[str], results: Collection[int], *, both: bool
) -> Iterator[str]:
    pitch = _BOX + _BETWEEN
    left = (WIDTH - len(numbers) * pitch + _BETWEEN) / 2
    y, bottom = _BOX_TOP + _BOX / 2, _BOX_TOP + _BOX
    for place, number in enumerate(numbers):
        x = left + place * pitch
        middle = x + _BOX / 2
        if place:
            yield from _passed_on(x - _BETWEEN + 2, x - 2, y, both=both)
        if not number:
            yield dots(middle, y)
            continue
        yield rect("touched", x, _BOX_TOP, _BOX, _BOX, corner=4)
        yield arrow("line", middle, bottom + 18, middle, bottom + 2)
        yield text_label("number", number, middle, bottom + 30)
        if place in results:
            yield arrow("accent", middle, _BOX_TOP - 2, middle, _BOX_TOP - 20)


def _passed_on(x: float, end: float, y: float, *, both: bool) -> Iterator[str]:
    """Draws the state that one step passes to the next."""
    apart = 4 if both else 0
    yield arrow("accent", x, y - apart, end, y - apart)
    if both:
        yield arrow("accent", end, y + apart, x, y + apart)


# ---------------------------------------------------------------------------------------------
# Attention

_MAX_QUERIES, _MAX_KEYS, _SCORE = 5, 7, 13
_GRID_TOP = 24
# Example weights of the values.
_SHARES = (0.2, 0.9, 0.4, 0.1, 0.6, 0.15, 0.35)


def attention(subject: Subject) -> str:
    """Draws a grid of queries and keys, in which one row leads to one output."""
    inputs = subject.call.inputs
    # With further axes, the settings decide which of them are attended to.
    if any(len(shape) != 3 for shape in inputs):
        return ""
    queries, keys = inputs[0][1], (inputs[2:] or inputs[1:] or inputs)[0][1]
    if 0 in (queries, keys):
        return ""
    rows, columns = elide(queries, _MAX_QUERIES), elide(keys, _MAX_KEYS)
    picked, wide = min(1, len(rows) - 1), len(columns) * _SCORE
    beside, above = _counted_width(_("queries"), queries), _counted_width(_("keys"), keys)
    # Labels, grid, arrow, result.
    start = (WIDTH - beside - 8 - max(wide, above) - 50) / 2
    left = start + beside + 8
    y = _GRID_TOP + picked * _SCORE
    middle, end = y + _SCORE / 2, left + wide
    parts = [
        part
        for place, row in enumerate(rows)
        for part in _scores(row, columns, left, _GRID_TOP + place * _SCORE, place == picked)
    ]
    parts += [
        rect("window", left - 2, y - 2, wide + 4, _SCORE + 4, corner=3),
        arrow("accent", end + 5, middle, end + 24, middle),
        rect("touched", end + 27, y - 0.5, 22, _SCORE + 1, corner=3),
        *_counted(_("keys"), keys, left, _GRID_TOP - 9),
        *_counted(_("queries"), queries, start, middle + 3.5),
    ]
    sentence = _(
        "Each query gives every key a weight; its result is the weighted sum of the values. "
        "Queries: {i}; keys: {j}."
    ).format(i=number_text(queries), j=number_text(keys))
    return svg(_GRID_TOP + len(rows) * _SCORE + 5, sentence, parts)


def _scores(
    row: int | None, columns: Sequence[int | None], left: float, y: float, weighed: bool
) -> Iterator[str]:
    middle = y + _SCORE / 2
    if row is None:
        yield dots(left + len(columns) * _SCORE / 2, middle, upright=True)
        return
    for place, column in enumerate(columns):
        x = left + place * _SCORE
        if column is None:
            yield dots(x + _SCORE / 2, middle)
        elif weighed:
            more = f' fill-opacity="{_SHARES[place]}"'
            yield rect("weighed", x, y, _SCORE, _SCORE, more=more)
        else:
            yield rect("cell", x, y, _SCORE, _SCORE)


_SPACE = 5  # pixels between a word and its number


def _counted_width(name: str, count: int | None) -> float:
    return text_width(name, SIZE) + _SPACE + text_width(number_text(count), SIZE, True)


def _counted(name: str, count: int | None, x: float, y: float) -> Iterator[str]:
    """Draws a name and its count."""
    yield text_label("quiet", name, x, y, anchor="start")
    x += text_width(name, SIZE) + _SPACE
    yield text_label("number", number_text(count), x, y, anchor="start", bold=True)
