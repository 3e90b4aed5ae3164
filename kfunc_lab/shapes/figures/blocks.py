"""Figures of tensors as blocks: concatenated, or combined element by element."""

from collections.abc import Iterator, Sequence

from kfunc_lab.locale import _
from kfunc_lab.shapes.figures.parts import (
    SIZE,
    WIDTH,
    Subject,
    dots,
    elide,
    line,
    rect,
    shape_text,
    sizes_text,
    svg,
    text_label,
)
from kfunc_lab.shapes.rules.arithmetic import number_text
from kfunc_lab.shapes.rules.rule import Shape, axis_name
from kfunc_lab.ui.text_width import text_width

_ROOM = WIDTH - 16  # pixels for the blocks in a row

# ---------------------------------------------------------------------------------------------
# Concatenation

_MAX_BLOCKS = 5
_USUAL = 70  # pixels per block: a few small blocks do not fill the row
_GAP = 18  # pixels for omitted blocks
_TOP, _HIGH = 6, 32


def blocks(subject: Subject) -> str:
    """Draws tensors as blocks whose lengths are the sizes of the joined axis."""
    call, output = subject.call, subject.derivation.outputs[0]
    place = call.get("axis", 0)
    if not isinstance(place, int) or not -len(output) <= place < len(output):
        return ""
    place %= len(output)
    stacked = len(output) > len(call.shape)
    if not stacked and any(len(shape) != len(output) for shape in call.inputs):
        return ""
    sizes = [1 if stacked else shape[place] for shape in call.inputs]
    chosen = elide(len(sizes), _MAX_BLOCKS)
    widths = _block_widths([0 if index is None else sizes[index] for index in chosen])
    if widths is None:
        return ""
    whole = number_text(output[place].size.value)
    start = x = (WIDTH - sum(widths)) / 2
    parts: list[str] = []
    for index, width in zip(chosen, widths, strict=True):
        if index is None:
            parts.append(dots(x + width / 2, _TOP + _HIGH / 2))
        else:
            role = "cell" if index % 2 else "touched"
            parts.append(rect(role, x, _TOP, width, _HIGH, corner=2))
            middle = x + width / 2
            parts.append(
                text_label("number", number_text(sizes[index]), middle, _TOP + 19.5, bold=True)
            )
        x += width
    parts += [
        *_bracket(start, x, _TOP + _HIGH + 5),
        text_label("accented", whole, WIDTH / 2, 65, bold=True),
        text_label("quiet", axis_name(output[place], place), WIDTH / 2, 79),
    ]
    sentence = _("Tensors joined along one axis: sizes {sizes}, total {n}.").format(
        sizes=", ".join(map(number_text, sizes)), n=whole
    )
    return svg(86, sentence, parts)


def _block_widths(sizes: Sequence[int | None]) -> list[float] | None:
    """Divides the row in proportion to the sizes, with a minimum width each; 0 means a gap.

    Returns:
        The widths; `None` if the minimum widths do not fit.
    """
    known = [size for size in sizes if size]
    usual = sum(known) / len(known) if known else 1.0
    shares = [usual if size is None else size for size in sizes]
    least = [
        _GAP if size == 0 else text_width(number_text(size), SIZE, True) + 10 for size in sizes
    ]
    room = min(_ROOM, _USUAL * len(sizes)) - sum(least)
    if room < 0:
        return None
    unit = room / (sum(shares) or 1)
    return [width + unit * share for width, share in zip(least, shares, strict=True)]


def _bracket(x: float, end: float, y: float) -> Iterator[str]:
    middle = (x + end) / 2
    yield line("accent", (x, y), (x, y + 5), (end, y + 5), (end, y))
    yield line("accent", (middle, y + 5), (middle, y + 10))


# ---------------------------------------------------------------------------------------------
# Element by element

_SIGNS = {
    "Add": "+",
    "Average": "+",
    "Multiply": "·",
    "Subtract": "−",
    "Maximum": "max",
    "Minimum": "min",
}
_MAX_TENSORS = 3
_SQUARE, _THIN = 34, 10
_LABEL = 17  # pixels for a row of shapes below or above the tensors


def elementwise(subject: Subject) -> str:
    """Draws tensors that are combined element by element."""
    call, output = subject.call, subject.derivation.outputs[0]
    sign = _SIGNS.get(call.kind)
    if sign is None or len(call.inputs) < 2 or len(output) < 2:
        return ""
    result = tuple(axis.size.value for axis in output)[1:]
    shapes = [shape[1:] for shape in call.inputs]
    calculation, equals = f" {sign} ".join(map(shape_text, shapes)), "="
    if call.kind == "Average":
        calculation, equals = f"({calculation})", f"/ {len(shapes)} ="
    sentence = _("Element by element: {calculation}.").format(
        calculation=f"{calculation} {equals} {shape_text(result)}"
    )
    chosen = elide(len(shapes), _MAX_TENSORS)
    drawn = [*(None if index is None else shapes[index] for index in chosen), result]
    between = [*[sign] * (len(chosen) - 1), equals, ""]
    gaps = [text_width(label, SIZE, True) + 14 if label else 0 for label in between]
    labels = [None if shape is None else sizes_text(shape, 108) for shape in drawn]
    widest = max(text_width(label, SIZE) for label in labels if label)
    # Labels that are wider than their blocks alternate between below and above.
    alternating = widest + 6 > _SQUARE + min(gaps[:-1])
    tall = _SQUARE if len(result) > 1 else _THIN
    top = 4 + _LABEL * alternating
    x = (WIDTH - sum(gaps) - _SQUARE * len(drawn)) / 2
    parts: list[str] = []
    for number, (shape, label, then, gap) in enumerate(
        zip(drawn, labels, between, gaps, strict=True)
    ):
        middle, end = x + _SQUARE / 2, x + _SQUARE
        if shape is None or label is None:
            parts.append(dots(middle, top + tall / 2))
        else:
            parts += _block(shape, result, x, top, tall, "cell" if then else "touched")
            above = alternating and (len(drawn) - number) % 2 == 0
            parts.append(
                text_label("number", label, middle, top - 7 if above else top + tall + 14)
            )
        if then:
            parts.append(
                text_label("accented", then, end + gap / 2, top + tall / 2 + 3.5, bold=True)
            )
        x = end + gap
    return svg(top + tall + 20, sentence, parts)


def _block(
    shape: Shape, result: Shape, x: float, y: float, tall: float, role: str
) -> Iterator[str]:
    """Draws a tensor; an axis that is broadcast is thin in that direction."""
    padded = (1,) * (len(result) - len(shape)) + shape
    wide = _SQUARE if padded[-1:] == result[-1:] else _THIN
    high = tall if padded[:-1] == result[:-1] else _THIN
    if (wide, high) != (_SQUARE, tall):
        yield rect("ghost", x, y, _SQUARE, tall, corner=2)
    yield rect(role, x, y, wide, high, corner=2)
