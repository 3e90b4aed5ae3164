"""Pictures of tensors as blocks: side by side, or joined number by number."""

from collections.abc import Iterator, Sequence

from kfunc_lab.graph.text_width import text_width
from kfunc_lab.locale import _
from kfunc_lab.shapes.arithmetic import written
from kfunc_lab.shapes.explanation import axis_name
from kfunc_lab.shapes.figure_parts import (
    SIZE,
    WIDTH,
    Subject,
    dots,
    elided,
    line,
    rect,
    shape_text,
    sizes_text,
    svg,
    words,
)
from kfunc_lab.shapes.rule import Shape

# ---------------------------------------------------------------------------------------------
# Blocks side by side


_MOST_BLOCKS = 5
_GAP = 18  # pixels, for blocks that are left out
_BLOCK_TOP, _BLOCK = 8, 34


def blocks(subject: Subject) -> str:
    """Draws tensors as blocks, as long as the axis is along which they are joined."""
    given, made = subject.given, subject.found.outputs[0]
    stacked = bool(made) and len(made) > len(given.shape)
    place = given.get("axis", 0)
    if not isinstance(place, int) or not -len(made) <= place < len(made):
        return ""
    place %= len(made)
    if not stacked and any(len(shape) != len(made) for shape in given.inputs):
        return ""
    sizes = [1 if stacked else shape[place] for shape in given.inputs]
    chosen = elided(len(sizes), _MOST_BLOCKS)
    widths = _block_widths([0 if it is None else sizes[it] for it in chosen])
    if widths is None:
        return ""
    x = start = (WIDTH - sum(widths)) / 2
    parts: list[str] = []
    for it, width in zip(chosen, widths, strict=True):
        if it is None:
            parts.append(dots(x + width / 2, _BLOCK_TOP + _BLOCK / 2))
        else:
            role = "cell" if it % 2 else "touched"
            middle = x + width / 2
            parts.append(rect(role, x, _BLOCK_TOP, width, _BLOCK, corner=2))
            parts.append(
                words("number", written(sizes[it]), middle, _BLOCK_TOP + 20.5, bold=True)
            )
        x += width
    parts += _bracket(start, x, _BLOCK_TOP + _BLOCK + 5)
    whole = written(made[place].size.value)
    parts.append(words("accented", whole, (start + x) / 2, 70, bold=True))
    parts.append(words("quiet", axis_name(made[place], place), (start + x) / 2, 84))
    said = _("Blocks side by side along one axis: {sizes}; together {n}.").format(
        sizes=", ".join(map(written, sizes)), n=whole
    )
    return svg(90, said, parts)


def _block_widths(sizes: Sequence[int | None]) -> list[float] | None:
    """Shares the room by the sizes, with a least width for each; 0 stands for a gap."""
    known = [it for it in sizes if it]
    usual = sum(known) / len(known) if known else 1.0
    shares = [usual if it is None else it for it in sizes]
    least = [text_width(written(it), SIZE, True) + 10 if it != 0 else _GAP for it in sizes]
    # A few small blocks do not take the whole room.
    room = min(_ROOM - 8, 70 * len(sizes)) - sum(least)
    if room < 0:
        return None
    return [
        width + room * share / sum(shares) for width, share in zip(least, shares, strict=True)
    ]


def _bracket(x: float, end: float, y: float) -> Iterator[str]:
    middle = (x + end) / 2
    yield line("accent", (x, y), (x, y + 5), (end, y + 5), (end, y))
    yield line("accent", (middle, y + 5), (middle, y + 10))


# ---------------------------------------------------------------------------------------------
# Number by number

_SIGNS = {"Add": "+", "Average": "+", "Multiply": "·", "Subtract": "−"}
_WORDS = {"Maximum": "max", "Minimum": "min"}
_MOST_TENSORS = 3
_SQUARE, _THIN = 34, 10
_SQUARE_TOP = 22


def same(subject: Subject) -> str:
    """Draws tensors that are joined number by number."""
    given, made = subject.given, subject.found.outputs[0]
    sign = _SIGNS.get(given.kind) or _WORDS.get(given.kind)
    if sign is None or len(given.inputs) < 2 or len(made) < 2:
        return ""
    result = tuple(it.size.value for it in made)[1:]
    shapes = [shape[1:] for shape in given.inputs]
    chosen = elided(len(shapes), _MOST_TENSORS)
    equals = f"/ {len(shapes)} =" if given.kind == "Average" else "="
    between = [sign] * (len(chosen) - 1) + [equals]
    drawn = [None if it is None else shapes[it] for it in chosen] + [result]
    calculation = f" {sign} ".join(map(shape_text, shapes))
    if given.kind == "Average":
        calculation = f"({calculation})"
    said = _("Number by number: {calculation}.").format(
        calculation=f"{calculation} {equals} {shape_text(result)}"
    )
    return svg(90, said, _same_parts(drawn, between, result))


def _same_parts(
    drawn: Sequence[Shape | None], between: Sequence[str], result: Shape
) -> list[str]:
    gaps = [text_width(it, SIZE, True) + 14 for it in between]
    x = (WIDTH - sum(gaps) - _SQUARE * len(drawn)) / 2
    labels = [None if it is None else sizes_text(it, 108) for it in drawn]
    widest = max(text_width(it, SIZE) for it in labels if it is not None)
    in_one_row = widest + 6 < _SQUARE + min(gaps)
    parts = []
    for number, (shape, label) in enumerate(zip(drawn, labels, strict=True)):
        last = number == len(drawn) - 1
        middle = x + _SQUARE / 2
        if shape is None or label is None:
            parts.append(dots(middle, _SQUARE_TOP + _SQUARE / 2))
        else:
            parts += _square(shape, result, x, "touched" if last else "cell")
            # Labels that are wider than their blocks stand by turns below and above.
            below = in_one_row or (len(drawn) - 1 - number) % 2 == 0
            y = _SQUARE_TOP + _SQUARE + 16 if below else _SQUARE_TOP - 9
            parts.append(words("number", label, middle, y, bold=False))
        x += _SQUARE
        if not last:
            y = _SQUARE_TOP + _SQUARE / 2 + 3.5
            parts.append(words("accented", between[number], x + gaps[number] / 2, y, bold=True))
            x += gaps[number]
    return parts


def _square(shape: Shape, result: Shape, x: float, role: str) -> Iterator[str]:
    """Draws a tensor; what is repeated to fill the result is thin in that direction."""
    padded = (1,) * (len(result) - len(shape)) + shape
    tall = _SQUARE if len(result) > 1 else _THIN
    wide = _SQUARE if padded[-1:] == result[-1:] else _THIN
    high = tall if padded[:-1] == result[:-1] else _THIN
    y = _SQUARE_TOP + (_SQUARE - tall) / 2
    if (wide, high) != (_SQUARE, tall):
        yield rect("ghost", x, y, _SQUARE, tall, corner=2)
    yield rect(role, x, y, wide, high, corner=2)
