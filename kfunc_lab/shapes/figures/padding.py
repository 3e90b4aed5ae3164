"""Figures of padding and cropping at the ends of an axis."""

from collections.abc import Iterator

from kfunc_lab.locale import _
from kfunc_lab.shapes.figures.cells import CELL, cells, row_width, strike_out, with_axis_names
from kfunc_lab.shapes.figures.parts import SIZE, WIDTH, Subject, elide, line, text_label
from kfunc_lab.shapes.rules.arithmetic import Term, number_text
from kfunc_lab.shapes.rules.rule import axis_name
from kfunc_lab.ui.text_width import text_width

_ROW, _INNER, _OUTER, _HEIGHT = 20, 44, 62, 74
_MAX_ENDS, _MAX_INNER = 4, 6


def ends(subject: Subject) -> str:
    """Draws the first axis that is padded or cropped, and names the axes like it."""
    axes = subject.derivation.outputs[0]
    changed = [
        (place, axis, numbers)
        for place, axis in enumerate(axes)
        for numbers in [_named(axis.size)]
        if numbers.get("a") or numbers.get("b")
    ]
    if not changed:
        return ""
    _place, axis, numbers = changed[0]
    n, a, b = numbers.get("n"), numbers.get("a") or 0, numbers.get("b") or 0
    cut = axis.size.sign == "−"
    sentence = (
        _("An axis of size {n} is cropped by {a} at the start and {b} at the end: {m}.")
        if cut
        else _("An axis of size {n} is padded with {a} at the start and {b} at the end: {m}.")
    )
    names = [
        axis_name(other, place)
        for place, other, other_numbers in changed
        if other_numbers == numbers
    ]
    return with_axis_names(
        _HEIGHT,
        ", ".join(names) if len(axes) > 3 else "",
        sentence.format(n=number_text(n), a=a, b=b, m=number_text(axis.size.value)),
        _parts(n, axis.size.value, a, b, cut=cut),
    )


def _named(term: Term) -> dict[str, int | None]:
    """Returns the numbers in a term by name."""
    if not term.sign:
        return {term.name: term.value} if term.name else {}
    return {name: value for part in term.parts for name, value in _named(part).items()}


def _parts(n: int | None, m: int | None, a: int, b: int, *, cut: bool) -> Iterator[str]:
    inner, outer = (m, n) if cut else (n, m)
    outside, sign = ("faint", "−") if cut else ("added", "+")
    before, inside, after = (
        ["" if index is None else role for index in elide(count, most)]
        for count, most, role in (
            (a, _MAX_ENDS, outside),
            (inner, _MAX_INNER, "cell"),
            (b, _MAX_ENDS, outside),
        )
    )
    whole = row_width([*before, *inside, *after], CELL)
    start = (WIDTH - whole) / 2
    first = start + row_width(before, CELL)
    last = first + row_width(inside, CELL)
    yield from cells([*before, *inside, *after], start, _ROW)
    for x, roles, count in ((start, before, a), (last, after, b)):
        if count:
            middle = x + row_width(roles, CELL) / 2
            yield text_label(
                "accented", f"{sign}{number_text(count)}", middle, _ROW - 6, bold=True
            )
        if cut:
            yield from strike_out(roles, x, _ROW)
    yield from _measure(first, last, number_text(inner), _INNER, result=cut)
    yield from _measure(start, start + whole, number_text(outer), _OUTER, result=not cut)


def _measure(x: float, end: float, label: str, y: float, *, result: bool) -> Iterator[str]:
    """Draws a dimension line with its length in the middle."""
    role = "accent" if result else "line"
    middle, half = (x + end) / 2, text_width(label, SIZE, True) / 2 + 3
    yield line(role, (x, y - 3), (x, y + 3))
    yield line(role, (end, y - 3), (end, y + 3))
    if end - x > 2 * half + 6:
        yield line(role, (x, y), (middle - half, y))
        yield line(role, (middle + half, y), (end, y))
    yield text_label("accented" if result else "number", label, middle, y + 3.5, bold=True)
