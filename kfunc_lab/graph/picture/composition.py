"""Puts the layouts of the open groups together to one picture.

Each level was laid out with everything in it folded. Where a group is open, the rows and columns
that its box stands in are stretched until what is inside fits; nothing is laid out anew, so that
everything keeps its order and nothing overlaps. The page does the same in `composition.js`.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from kfunc_lab.graph.model.levels import Key, Wire
from kfunc_lab.graph.picture.boxes import TITLE_HEIGHT, Box, title_width
from kfunc_lab.graph.picture.layout import Layout, Line, point_at

_EDGE = 6  # pixels from a box's corner, where no line ends
MARGIN = 10  # around the picture, and inside an open group


@dataclass(frozen=True)
class Frame:
    """An open group.

    Attributes:
        item: The group's id.
        x: Its left.
        y: Its top.
        width: In pixels.
        height: In pixels.
    """

    item: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Curve:
    """A line of the picture.

    Attributes:
        wire: What it joins.
        points: The control points of Bézier curves that follow one another: x, y, x, y, …
        arrow: Whether it ends at a box.
    """

    wire: Wire
    points: tuple[float, ...]
    arrow: bool


@dataclass(frozen=True)
class Label:
    """The shape on a line.

    Attributes:
        words: What it says.
        x: Its middle.
        y: Its middle.
        inside: Whether it stands in an open group.
    """

    words: str
    x: float
    y: float
    inside: bool


@dataclass
class Picture:
    """All that is to be seen, with its places in pixels from the top left.

    Attributes:
        width: Of the whole.
        height: Of the whole.
        boxes: The middle of each box, by the item's id.
        frames: The open groups, outer ones first.
        curves: The lines.
        labels: The shapes on the lines.
        entries: Where on the top each tensor enters, for a level inside a group.
        exits: Where on the bottom each tensor leaves.
    """

    width: float
    height: float
    boxes: dict[str, tuple[float, float]] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    entries: dict[Key, float] = field(default_factory=dict)
    exits: dict[Key, float] = field(default_factory=dict)


def compose(
    layouts: Mapping[str | None, Layout], boxes: Mapping[str, Box], opened: Iterable[str]
) -> Picture:
    """Makes the picture of a graph in which some groups are open.

    Args:
        layouts: The layouts of the whole and of each open group.
        boxes: The boxes of all items in them.
        opened: The ids of the open groups.

    Returns:
        The picture.
    """
    inner = _compose(layouts, boxes, frozenset(opened), None)
    picture = Picture(inner.width + 2 * MARGIN, inner.height + 2 * MARGIN)
    _place(inner, picture, MARGIN, MARGIN)
    return picture


def _compose(
    layouts: Mapping[str | None, Layout],
    boxes: Mapping[str, Box],
    opened: frozenset[str],
    group: str | None,
) -> Picture:
    layout = layouts[group]
    inside = {
        item: _compose(layouts, boxes, opened, item)
        for item in layout.places
        if item in opened and item in layouts
    }
    sizes = {item: _open_size(picture, boxes[item]) for item, picture in inside.items()}
    stretch_x = _stretch(_growth(layout, boxes, sizes, axis=0))
    stretch_y = _stretch(_growth(layout, boxes, sizes, axis=1))
    picture = Picture(stretch_x(layout.width), stretch_y(layout.height))
    middles = {item: (stretch_x(x), stretch_y(y)) for item, (x, y) in layout.places.items()}
    for item, (x, y) in middles.items():
        if item not in inside:
            picture.boxes[item] = (x, y)
            continue
        width, height = sizes[item]
        left, top = x - width / 2, y - height / 2
        picture.frames.append(Frame(item, left, top, width, height))
        shift = left + (width - inside[item].width) / 2
        _place(inside[item], picture, shift, top + TITLE_HEIGHT)
    picture.entries = {key: stretch_x(x) for key, x in layout.entries.items()}
    picture.exits = {key: stretch_x(x) for key, x in layout.exits.items()}
    for line in layout.lines:
        ends = (
            _moved(line, 0, layout, boxes, middles, sizes, inside, picture),
            _moved(line, 1, layout, boxes, middles, sizes, inside, picture),
        )
        points = _bent(line.points, ends, stretch_x, stretch_y)
        picture.curves.append(Curve(line.wire, points, _has_arrow(line.wire, inside)))
        if line.label:
            x, y = point_at(points, line.label_at)
            place = (x + line.label_x, y + line.label_y)
            picture.labels.append(Label(line.label, *place, group is not None))
    return picture


def _open_size(inside: Picture, box: Box) -> tuple[float, float]:
    width = max(inside.width + 2 * MARGIN, title_width(box), box.width)
    return width, max(inside.height + TITLE_HEIGHT + MARGIN, box.height)


def _growth(
    layout: Layout,
    boxes: Mapping[str, Box],
    sizes: Mapping[str, tuple[float, float]],
    axis: int,
) -> list[tuple[float, float, float]]:
    """Returns for each open group where its folded box begins and ends, and how much it lacks."""
    growth = []
    for item, size in sizes.items():
        middle = layout.places[item][axis]
        folded = (boxes[item].width, boxes[item].height)[axis]
        growth.append((middle - folded / 2, middle + folded / 2, size[axis] - folded))
    return growth


def _stretch(growth: Sequence[tuple[float, float, float]]) -> Callable[[float], float]:
    """Returns a map of places that grows each span by what it lacks, and shrinks none."""
    marks = sorted({end for low, high, _ in growth for end in (low, high)})
    moved: list[float] = []
    rates: list[float] = []
    place = marks[0] if marks else 0.0
    for low, high in pairwise(marks):
        # Spans that lie over one another share the room.
        rate = max(
            (lack / (end - begin) for begin, end, lack in growth if begin <= low < end),
            default=0.0,
        )
        moved.append(place)
        rates.append(1 + rate)
        place += (high - low) * (1 + rate)
    moved.append(place)
    rates.append(1)

    def stretch(value: float) -> float:
        if not marks or value <= marks[0]:
            return value
        segment = bisect_right(marks, value) - 1
        return moved[segment] + (value - marks[segment]) * rates[segment]

    return stretch


def _moved(
    line: Line,
    end: int,
    layout: Layout,
    boxes: Mapping[str, Box],
    middles: Mapping[str, tuple[float, float]],
    sizes: Mapping[str, tuple[float, float]],
    inside: Mapping[str, Picture],
    picture: Picture,
) -> tuple[float, float]:
    """Returns where a line begins (`end` 0) or ends (1) in the stretched level."""
    wire = line.wire
    item = wire.target if end else wire.source
    x, y = line.points[-2:] if end else line.points[:2]
    if item is None:
        if end:
            return picture.exits[wire.key], picture.height + MARGIN
        return picture.entries[wire.key], -TITLE_HEIGHT
    middle = middles[item]
    if item in inside:
        ports = inside[item].entries if end else inside[item].exits
        width, height = sizes[item]
        left = middle[0] - width / 2 + (width - inside[item].width) / 2
        port = ports.get(wire.key, inside[item].width / 2)
        return left + port, middle[1] + (-height / 2 if end else height / 2)
    before = layout.places[item]
    box = boxes[item]
    # The layout program knows the box with its pins; a line ends at the box itself.
    reach = max(0.0, box.width / 2 - (box.margin + _EDGE if box.margin else 0))
    across = min(reach, max(-reach, x - before[0]))
    return middle[0] + across, y + middle[1] - before[1]


def _bent(
    points: tuple[float, ...],
    ends: tuple[tuple[float, float], tuple[float, float]],
    stretch_x: Callable[[float], float],
    stretch_y: Callable[[float], float],
) -> tuple[float, ...]:
    """Moves a line's points with the level, and its first and last two with its ends."""
    count = len(points) // 2
    bent: list[float] = []
    for number in range(count):
        x, y = points[2 * number], points[2 * number + 1]
        if number < 2:
            bent += [ends[0][0] + x - points[0], ends[0][1] + y - points[1]]
        elif number >= count - 2:
            bent += [ends[1][0] + x - points[-2], ends[1][1] + y - points[-1]]
        else:
            bent += [stretch_x(x), stretch_y(y)]
    return tuple(bent)


def _has_arrow(wire: Wire, inside: Mapping[str, Picture]) -> bool:
    return wire.target is not None and wire.target not in inside


def _place(inner: Picture, outer: Picture, x: float, y: float) -> None:
    """Puts what stands in a level into the picture around it."""
    for item, (inner_x, inner_y) in inner.boxes.items():
        outer.boxes[item] = (inner_x + x, inner_y + y)
    outer.frames += [
        Frame(frame.item, frame.x + x, frame.y + y, frame.width, frame.height)
        for frame in inner.frames
    ]
    outer.labels += [
        Label(label.words, label.x + x, label.y + y, label.inside) for label in inner.labels
    ]
    outer.curves += [
        Curve(
            curve.wire,
            tuple(value + (y if place % 2 else x) for place, value in enumerate(curve.points)),
            curve.arrow,
        )
        for curve in inner.curves
    ]
