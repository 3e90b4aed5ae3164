"""Figures of whole shapes, with lines from the axes of the input to those of the output."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kfunc_lab.locale import _
from kfunc_lab.shapes.figures.cells import with_axis_names
from kfunc_lab.shapes.figures.parts import (
    SIZE,
    WIDTH,
    Subject,
    bend,
    dot,
    rect,
    shape_text,
    text_label,
)
from kfunc_lab.shapes.rules.arithmetic import Term, number_text
from kfunc_lab.shapes.rules.rule import DoesNotFitError, NoRuleError, Shape
from kfunc_lab.ui.text_width import text_width

_ROOM = WIDTH - 8  # pixels for the chips in a row
_CHIP, _BETWEEN = 20, 14
_UPPER, _LOWER = 6, 74  # the upper edges of the rows of chips

# A multiple of the usual divisors of axes, so that rules accept it as a size.
_MARK = 720_720
# These classes flatten all axes, so every input axis contributes to every output axis.
_FLATTENING = ("Reshape", "Flatten", "Ravel")


# ---------------------------------------------------------------------------------------------
# The origin of an axis


def sources(subject: Subject) -> list[list[int]]:
    """Returns, for each axis of the output, the axes of the input from which it is computed.

    If possible, the rule is applied to an input whose sizes are marks, which can be recognised in
    the output. Otherwise axes of equal size are taken to be the same.
    """
    shape, axes = subject.call.shape, subject.derivation.outputs[0]
    flattens = subject.call.kind in _FLATTENING
    origins = ([] if flattens else _traced(subject, len(axes))) or [[] for _axis in axes]
    free = [
        place for place in range(len(shape)) if not any(place in places for places in origins)
    ]
    for places, axis in zip(origins, axes, strict=True):
        equal = [place for place in free if shape[place] == axis.size.value]
        if not places and axis.reason == "input" and equal:
            places.append(equal[0])
            free.remove(equal[0])
    computed = [
        places
        for places, axis in zip(origins, axes, strict=True)
        if not places and axis.reason != "input"
    ]
    one_each = len(free) == len(computed) and not flattens
    for number, places in enumerate(computed):
        places += free[number : number + 1] if one_each else free
    return origins


def _traced(subject: Subject, rank: int) -> list[list[int]]:
    call = subject.call
    marks: Shape = tuple(_MARK * (place + 2) for place in range(len(call.shape)))
    # An axis of size 1 may have to keep that size.
    marked = tuple(
        1 if size == 1 else mark for size, mark in zip(call.shape, marks, strict=True)
    )
    for tried in dict.fromkeys((marks, marked)):
        try:
            again = subject.rule.derive(replace(call, inputs=(tried, *call.inputs[1:])))
        except (DoesNotFitError, NoRuleError):
            continue
        if len(again.outputs[0]) == rank:
            return [_marked(axis.size, tried) for axis in again.outputs[0]]
    return []


def _marked(term: Term, marks: Shape) -> list[int]:
    """Returns the indices of the marks in a term."""
    if not term.sign:
        return [marks.index(term.value)] if term.value in marks and term.value != 1 else []
    return sorted({place for part in term.parts for place in _marked(part, marks)})


# ---------------------------------------------------------------------------------------------
# Axes


@dataclass(frozen=True)
class _Chip:
    """A chip that shows the size of an axis.

    Attributes:
        label: The size as text.
        role: The name of its look.
        x: Its left edge.
        width: Its width in pixels.
    """

    label: str
    role: str
    x: float
    width: float

    @property
    def middle(self) -> float:
        """The x coordinate of its middle, where lines end."""
        return self.x + self.width / 2


def axes(subject: Subject) -> str:
    """Draws the axes of the input and output, and the lines between them."""
    shape, outputs = subject.call.shape, subject.derivation.outputs[0]
    origin = sources(subject)
    if outputs and outputs[0].role == "batch" and origin[0] == [0]:  # the batch does not change
        shape, outputs = shape[1:], outputs[1:]
        origin = [[place - 1 for place in places] for places in origin[1:]]
    if not outputs:
        origin = [list(range(len(shape)))]  # all axes are reduced to one number
    used = {place for places in origin for place in places}
    above = _chips(
        [
            (number_text(size), "cell" if place in used else "faint")
            for place, size in enumerate(shape)
        ]
    )
    below = _chips(
        [
            (number_text(output.size.value), "cell" if output.reason == "input" else "touched")
            for output in outputs
        ]
    )
    if above is None or below is None:
        return ""
    sentence = _("Axes: {before} → {after}.").format(
        before=shape_text(shape), after=shape_text([output.size.value for output in outputs])
    )
    count = len(subject.derivation.outputs)
    return with_axis_names(
        _LOWER + _CHIP + 4,
        _("output {k} of {n}").format(k=1, n=count) if count > 1 else "",
        sentence,
        [
            *_joints(above, below, origin),
            *_chip_parts(above, _UPPER),
            *_chip_parts(below, _LOWER),
        ],
    )


def _chips(sizes: Sequence[tuple[str, str]]) -> list[_Chip] | None:
    """Places chips in a row, from sizes and roles; returns `None` if they do not fit."""
    sizes = sizes or [(shape_text(()), "touched")]
    widths = [max(text_width(text, SIZE, True) + 14, 30) for text, _role in sizes]
    gap = min(_BETWEEN, (_ROOM - sum(widths)) / max(len(sizes) - 1, 1))
    if gap < 4:
        return None
    x = (WIDTH - sum(widths) - gap * (len(sizes) - 1)) / 2
    chips = []
    for (text, role), width in zip(sizes, widths, strict=True):
        chips.append(_Chip(text, role, x, width))
        x += width + gap
    return chips


def _chip_parts(chips: Sequence[_Chip], y: float) -> Iterator[str]:
    for chip in chips:
        role = "quiet" if chip.role == "faint" else "number"
        yield rect(chip.role, chip.x, y, chip.width, _CHIP, corner=5)
        yield text_label(role, chip.label, chip.middle, y + 13.5, bold=chip.role != "faint")


def _joints(
    above: Sequence[_Chip], below: Sequence[_Chip], origin: Sequence[Sequence[int]]
) -> Iterator[str]:
    """Draws the lines; if several axes lead to several others, they meet in one point."""
    top, bottom = _UPPER + _CHIP, _LOWER
    shared = [
        chip
        for chip, places in zip(below, origin, strict=False)
        if len(places) > 1 and list(origin).count(places) > 1
    ]
    if shared:
        places = max(origin, key=len)
        hub = sum(chip.middle for chip in [*shared, *(above[place] for place in places)])
        hub /= len(shared) + len(places)
        middle = (top + bottom) / 2
        yield from (bend("accent", above[place].middle, top, hub, middle) for place in places)
        yield from (bend("accent", hub, middle, chip.middle, bottom) for chip in shared)
        yield dot("node-on", hub, middle, 2.5)
    for place, (chip, places) in enumerate(zip(below, origin, strict=False)):
        if chip in shared:
            continue
        for origin_place in places:
            moved = len(above) == len(below) and origin_place != place
            role = "accent" if chip.role == "touched" or moved else "line"
            yield bend(role, above[origin_place].middle, top, chip.middle, bottom)
