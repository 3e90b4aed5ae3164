"""Pictures of whole shapes: axes that are arranged anew, blocks that are joined."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kfunc_lab.locale import _
from kfunc_lab.shapes.figures.cells import with_names
from kfunc_lab.shapes.figures.parts import (
    SIZE,
    WIDTH,
    Subject,
    bend,
    dot,
    rect,
    shape_text,
    words,
)
from kfunc_lab.shapes.rules.arithmetic import Term, written
from kfunc_lab.shapes.rules.rule import DoesNotFitError, NoRuleError, Shape
from kfunc_lab.ui.text_width import text_width

_ROOM = WIDTH - 8  # pixels, for what stands in a row
_CHIP, _BETWEEN = 20, 14
_UPPER, _LOWER = 6, 74  # the upper edges of the rows of chips

# Divided by all that axes are commonly divided by, so that rules find no fault with it.
_MARK = 720_720
# They lay all numbers out in a row, so that every axis before is in every one after.
_LAID_OUT = ("Reshape", "Flatten", "Ravel")


# ---------------------------------------------------------------------------------------------
# Where an axis comes from


def sources(subject: Subject) -> list[list[int]]:
    """Tells for each axis of the output which axes of the input it is made from.

    Where the rule agrees to it, it is asked again for an input whose sizes are marks: these are
    found again in the output. Else axes of equal size are taken for the same.
    """
    shape, axes = subject.given.shape, subject.found.outputs[0]
    laid_out = subject.given.kind in _LAID_OUT
    found = ([] if laid_out else _traced(subject, len(axes))) or [[] for _axis in axes]
    free = [it for it in range(len(shape)) if not any(it in places for places in found)]
    for places, axis in zip(found, axes, strict=True):
        equal = [it for it in free if shape[it] == axis.size.value]
        if not places and axis.reason == "input" and equal:
            places.append(equal[0])
            free.remove(equal[0])
    made = [
        places
        for places, axis in zip(found, axes, strict=True)
        if not places and axis.reason != "input"
    ]
    one_each = len(free) == len(made) and not laid_out
    for number, places in enumerate(made):
        places += free[number : number + 1] if one_each else free
    return found


def _traced(subject: Subject, rank: int) -> list[list[int]]:
    given = subject.given
    marks: Shape = tuple(_MARK * (it + 2) for it in range(len(given.shape)))
    # An axis of size 1 may have to stay one.
    marked = tuple(
        1 if size == 1 else mark for size, mark in zip(given.shape, marks, strict=True)
    )
    for tried in dict.fromkeys((marks, marked)):
        try:
            again = subject.rule.derive(replace(given, inputs=(tried, *given.inputs[1:])))
        except (DoesNotFitError, NoRuleError):
            continue
        if len(again.outputs[0]) == rank:
            return [_marked(axis.size, tried) for axis in again.outputs[0]]
    return []


def _marked(term: Term, marks: Shape) -> list[int]:
    """Returns which marks a term is reckoned from."""
    if not term.sign:
        return [marks.index(term.value)] if term.value in marks and term.value != 1 else []
    return sorted({place for part in term.parts for place in _marked(part, marks)})


# ---------------------------------------------------------------------------------------------
# Axes


@dataclass(frozen=True)
class _Chip:
    """The size of an axis.

    Attributes:
        said: The size.
        role: How it looks.
        x: Its left edge.
        width: In pixels.
    """

    said: str
    role: str
    x: float
    width: float

    @property
    def middle(self) -> float:
        """Where lines meet it."""
        return self.x + self.width / 2


def axes(subject: Subject) -> str:
    """Draws which axes of the output are made from which of the input."""
    shape, made = subject.given.shape, subject.found.outputs[0]
    origin = sources(subject)
    if made and made[0].role == "batch" and origin[0] == [0]:  # the batch goes through
        shape, made = shape[1:], made[1:]
        origin = [[it - 1 for it in places] for places in origin[1:]]
    if not made:
        origin = [list(range(len(shape)))]  # all go into one number
    used = {it for places in origin for it in places}
    above = _chips(
        [(written(it), "cell" if place in used else "faint") for place, it in enumerate(shape)]
    )
    below = _chips(
        [(written(it.size.value), "cell" if it.reason == "input" else "touched") for it in made]
    )
    if above is None or below is None:
        return ""
    said = _("Axes: {before} → {after}.").format(
        before=shape_text(shape), after=shape_text([it.size.value for it in made])
    )
    count = len(subject.found.outputs)
    return with_names(
        _LOWER + _CHIP + 4,
        _("output {k} of {n}").format(k=1, n=count) if count > 1 else "",
        said,
        [
            *_joints(above, below, origin),
            *_chip_parts(above, _UPPER),
            *_chip_parts(below, _LOWER),
        ],
    )


def _chips(sizes: Sequence[tuple[str, str]]) -> list[_Chip] | None:
    """Places chips in a row, each a size and how it looks; nothing where they do not fit."""
    sizes = sizes or [(shape_text(()), "touched")]
    widths = [max(text_width(said, SIZE, True) + 14, 30) for said, _role in sizes]
    gap = min(_BETWEEN, (_ROOM - sum(widths)) / max(len(sizes) - 1, 1))
    if gap < 4:
        return None
    x = (WIDTH - sum(widths) - gap * (len(sizes) - 1)) / 2
    chips = []
    for (said, role), width in zip(sizes, widths, strict=True):
        chips.append(_Chip(said, role, x, width))
        x += width + gap
    return chips


def _chip_parts(chips: Sequence[_Chip], y: float) -> Iterator[str]:
    for it in chips:
        role = "quiet" if it.role == "faint" else "number"
        yield rect(it.role, it.x, y, it.width, _CHIP, corner=5)
        yield words(role, it.said, it.middle, y + 13.5, bold=it.role != "faint")


def _joints(
    above: Sequence[_Chip], below: Sequence[_Chip], origin: Sequence[Sequence[int]]
) -> Iterator[str]:
    """Draws the lines; where several axes make several, they meet in one point."""
    top, bottom = _UPPER + _CHIP, _LOWER
    shared = [
        chip
        for chip, places in zip(below, origin, strict=False)
        if len(places) > 1 and list(origin).count(places) > 1
    ]
    if shared:
        places = max(origin, key=len)
        hub = sum(it.middle for it in [*shared, *(above[it] for it in places)])
        hub /= len(shared) + len(places)
        middle = (top + bottom) / 2
        yield from (bend("accent", above[it].middle, top, hub, middle) for it in places)
        yield from (bend("accent", hub, middle, it.middle, bottom) for it in shared)
        yield dot("node-on", hub, middle, 2.5)
    for place, (chip, places) in enumerate(zip(below, origin, strict=False)):
        if chip in shared:
            continue
        for it in places:
            moved = len(above) == len(below) and it != place
            role = "accent" if chip.role == "touched" or moved else "line"
            yield bend(role, above[it].middle, top, chip.middle, bottom)
