"""Figures of windows that slide along an axis, for convolutions and their transposes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kfunc_lab.locale import _, ngettext
from kfunc_lab.shapes.figures.cells import (
    CELL,
    GAP,
    MIN_CELL,
    cells,
    row_width,
    with_axis_names,
)
from kfunc_lab.shapes.figures.parts import SIZE, WIDTH, Subject, elide, line, rect, text_label
from kfunc_lab.shapes.rules.arithmetic import number_text
from kfunc_lab.shapes.rules.rule import Given, axis_name
from kfunc_lab.ui.text_width import text_width

_ROOM = 182  # pixels for a row of cells
_MIN_PLACES = 4  # two positions, a gap and the last position
_PLACE = 10  # pixels: the width of a position if the cells of the other row are too narrow
_MAX_WINDOW_REACH = 4000  # cells: with more, nothing would be visible
_BESIDE = 10  # pixels between a row and its size

# The y coordinates of the rows, and the distance of the two window outlines from their cells.
_UPPER, _LOWER = 22, 74
_FIRST, _SECOND = 2.5, 5.5


@dataclass(frozen=True)
class _Sliding:
    """A window and the axis along which it slides; for a transpose, the axis of the output.

    Attributes:
        size: The size of the axis.
        before: The number of padded cells before the axis.
        after: The number of padded cells after the axis.
        window: The number of cells that the window covers.
        stride: The distance that it moves.
        dilation: The distance between the cells that it covers.
        count: The number of its positions.
    """

    size: int | None
    before: int
    after: int
    window: int
    stride: int
    dilation: int
    count: int | None

    @property
    def reach(self) -> int:
        """The number of cells from its first cell to its last."""
        return self.dilation * (self.window - 1) + 1

    @property
    def seen(self) -> int:
        """The number of cells that the first two windows span, or the only window."""
        return self.reach + (0 if self.count == 1 else self.stride)


def window(subject: Subject) -> str:
    """Draws a window at its positions, and the output at each position."""
    sliding, names = _read(subject, spread=False)
    if sliding is None:
        return ""
    sentences = [
        ngettext(
            "A window of size {k} slides along an axis of size {n} with stride {s}: {m} "
            "position.",
            "A window of size {k} slides along an axis of size {n} with stride {s}: {m} "
            "positions.",
            2 if sliding.count is None else sliding.count,
        ).format(
            k=sliding.window,
            n=number_text(sliding.size),
            s=sliding.stride,
            m=number_text(sliding.count),
        )
    ]
    if sliding.dilation > 1:
        sentences.append(_("Dilation: {d}.").format(d=sliding.dilation))
    if sliding.size is not None and (sliding.before or sliding.after):
        template = _("Padding: {a} before, {b} after.")
        sentences.append(template.format(a=sliding.before, b=sliding.after))
    return with_axis_names(94, names, " ".join(sentences), _parts(sliding, _UPPER, _LOWER))


def spread(subject: Subject) -> str:
    """Draws how far each input position spreads in a transposed convolution."""
    sliding, names = _read(subject, spread=True)
    if sliding is None:
        return ""
    template = _(
        "Each of the {n} positions of an axis spreads over {k} positions, with stride {s}: "
        "{m} positions."
    )
    sentences = [
        template.format(
            n=number_text(sliding.count),
            k=sliding.window,
            s=sliding.stride,
            m=number_text(sliding.size),
        )
    ]
    if sliding.size is not None and (sliding.before or sliding.after):
        template = _("Cropped: {a} before, {b} after.")
        sentences.append(template.format(a=sliding.before, b=sliding.after))
    return with_axis_names(110, names, " ".join(sentences), _parts(sliding, _LOWER, _UPPER))


# ---------------------------------------------------------------------------------------------
# Reading a call


def _read(subject: Subject, *, spread: bool) -> tuple[_Sliding | None, str]:
    """Reads the window on the first axis, and names the axes with the same window."""
    call, axes = subject.call, subject.derivation.outputs[0]
    shape = call.shape
    space = range(2, len(shape)) if call.channels_first else range(1, len(shape) - 1)
    if len(axes) != len(shape) or not space:
        return None, ""
    each = []
    for position, place in enumerate(space):
        before, after = shape[place], axes[place].size.value
        sizes = (after, before) if spread else (before, after)
        each.append(_sliding(call, position, *sizes))
    names = [
        axis_name(axes[place], place)
        for place, other in zip(space, each, strict=True)
        if other == each[0]
    ]
    return each[0], ", ".join(names) if len(each) > 1 else ""


def _sliding(
    call: Given, position: int, size: int | None, count: int | None
) -> _Sliding | None:
    window = call.get("kernel_size", call.get("pool_size"))
    strides = call.get("strides")
    k = _whole(window, position)
    s = _whole(window if strides is None else strides, position)
    d = _whole(call.get("dilation_rate", 1), position)
    if k is None or s is None or d is None or 0 in (size, count):
        return None
    reach, padding = d * (k - 1) + 1, call.get("padding", "valid")
    if reach + s > _MAX_WINDOW_REACH:
        return None
    if padding == "causal":
        return _Sliding(size, reach - 1, 0, k, s, d, count)
    if size is not None and count is not None:
        outside = max((count - 1) * s + reach - size, 0)
    else:  # as if the stride divided the axis
        outside = max(reach - s, 0) if padding == "same" else 0
    return _Sliding(size, outside // 2, outside - outside // 2, k, s, d, count)


def _whole(value: object, position: int) -> int | None:
    """Returns a setting for one axis if it is an integer of at least 1."""
    if isinstance(value, (tuple, list)):
        value = value[position] if position < len(value) else None
    return value if isinstance(value, int) and value >= 1 else None


# ---------------------------------------------------------------------------------------------
# Drawing


def _parts(sliding: _Sliding, y: float, other_y: float) -> Iterator[str]:
    """Draws the row along which the window slides, and the row of its positions.

    Args:
        sliding: The window.
        y: The upper edge of the row along which it slides.
        other_y: The upper edge of the row of its positions.
    """
    roles, pitch = _wide_row(sliding)
    reach, wide = sliding.reach * pitch, row_width(roles, pitch)
    # The first position is at the middle of the first window, and the last at that of the last.
    cell = pitch if pitch >= 2 * MIN_CELL else _PLACE
    begin = (reach - cell) / 2
    places = _places(sliding.count, wide - 2 * begin, cell)
    end = max(wide, begin + row_width(places, cell))
    beside = max(
        text_width(number_text(size), SIZE, True) for size in (sliding.size, sliding.count)
    )
    left = (WIDTH - end - _BESIDE - beside) / 2
    windows = [(left, _FIRST, "window")]
    if sliding.count != 1:
        windows.append((left + sliding.stride * pitch, _SECOND, "next"))
    for place, (x, by, role) in reversed(list(enumerate(windows))):
        to_x = left + begin + place * cell
        yield from _cone(role, (x - by, x + reach + by), y, by, (to_x, to_x + cell), other_y)
    yield from cells(roles, left, y, pitch)
    yield from cells(places, left + begin, other_y, cell)
    for x, by, role in reversed(windows):
        yield rect(role, x - by, y - by, reach + 2 * by, CELL + 2 * by, corner=2.5)
    for row, size in ((y, sliding.size), (other_y, sliding.count)):
        yield text_label(
            "number" if row == _UPPER else "accented",
            number_text(size),
            left + end + _BESIDE,
            row + 10.5,
            anchor="start",
            bold=True,
        )
    above = y < other_y
    yield text_label(
        "accented", str(sliding.window), left + reach / 2, y - 10 if above else y + CELL + 17
    )


def _wide_row(sliding: _Sliding) -> tuple[list[str], float]:
    """Chooses the cells to draw, and returns their roles and their width."""
    tail = sliding.after + 1
    head = max(int((_ROOM - GAP) / CELL) - tail, sliding.seen)
    pitch = min(CELL, (_ROOM - GAP) / (head + tail))
    if pitch > MIN_CELL:
        pitch = int(pitch)
    whole = None if sliding.size is None else sliding.before + sliding.size + sliding.after
    if whole is not None and whole <= head + tail + 1:
        return [_role(sliding, place) for place in range(whole)], pitch
    # If their number is unknown, the last cells are counted from the end.
    end = whole or 0
    last = [_role(sliding, place) for place in range(end - tail, end)]
    return [*(_role(sliding, place) for place in range(head)), "", *last], pitch


def _role(sliding: _Sliding, place: int) -> str:
    """Returns the role of a cell; cells are counted from the start of the padding."""
    end = (
        0
        if place < 0
        else None
        if sliding.size is None
        else sliding.before + sliding.size + sliding.after
    )
    outside = place >= 0 and place < sliding.before
    outside |= end is not None and place >= end - sliding.after
    if 0 <= place < sliding.reach and place % sliding.dilation == 0:
        return "added" if outside else "touched"
    if outside:
        return "ghost"
    # The last window does not reach these cells.
    missed = (
        end and sliding.count and place >= (sliding.count - 1) * sliding.stride + sliding.reach
    )
    return "faint" if missed else "cell"


def _places(count: int | None, room: float, cell: float) -> list[str]:
    """Chooses the positions to draw, and returns their roles."""
    if count is not None and count * cell <= room + 1:
        shown: Sequence[int | None] = range(count)
    else:
        most = int((room - GAP) / cell + 0.01) + 1
        shown = elide(count, max(most, _MIN_PLACES))
    return ["" if index is None else "touched" if index == 0 else "cell" for index in shown]


def _cone(
    role: str,
    edges: tuple[float, float],
    y: float,
    by: float,
    ends: tuple[float, float],
    other_y: float,
) -> Iterator[str]:
    """Draws lines from a window to its position in the other row."""
    downward = other_y > y
    from_y, to_y = (y + CELL + by, other_y) if downward else (y - by, other_y + CELL)
    for x, to_x in zip(edges, ends, strict=True):
        yield line(role, (x, from_y), (to_x, to_y))
