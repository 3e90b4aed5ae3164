"""Composes the layouts of the open groups into one picture.

Each level is laid out with all its groups folded. If a group is open, the rows and columns of its
box are stretched until its content fits. No level is laid out again, so everything keeps its order
and nothing overlaps. The page does the same in `composition.js`.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from kfunc_lab.graph.model.levels import Key, Wire
from kfunc_lab.graph.picture.boxes import TITLE_HEIGHT, Box, title_width
from kfunc_lab.graph.picture.layout import point_at
from kfunc_lab.graph.picture.placed import Layout, Line

_EDGE = 6  # pixels from the corner of a box, where no line ends
MARGIN = 10  # pixels around the picture and inside an open group


@dataclass(frozen=True)
class Frame:
    """An open group.

    Attributes:
        item: The id of the group.
        x: Its left edge.
        y: Its top edge.
        width: The width in pixels.
        height: The height in pixels.
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
        wire: The line of the level that it draws.
        points: The control points of consecutive Bézier curves: x, y, x, y, …
        arrow: Whether it ends at a box.
    """

    wire: Wire
    points: tuple[float, ...]
    arrow: bool


@dataclass(frozen=True)
class Label:
    """The shape of a tensor beside its line.

    Attributes:
        words: The text.
        x: The x coordinate of its middle.
        y: The y coordinate of its middle.
        inside: Whether it is inside an open group.
    """

    words: str
    x: float
    y: float
    inside: bool


@dataclass
class Picture:
    """The visible elements, with positions in pixels from the top left.

    Attributes:
        width: The width of the picture.
        height: The height of the picture.
        boxes: The middle of each box, by id of the item.
        frames: The open groups, outer groups first.
        curves: The lines.
        labels: The shapes beside the lines.
        entries: Where each tensor enters at the top, for a level inside a group.
        exits: Where each tensor leaves at the bottom.
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
        layouts: The layouts of the top level and of each open group.
        boxes: The boxes of all their items.
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
    """Returns the start and end of each open group's folded box, and the room that it lacks."""
    growth = []
    for item, size in sizes.items():
        middle = layout.places[item][axis]
        folded = (boxes[item].width, boxes[item].height)[axis]
        growth.append((middle - folded / 2, middle + folded / 2, size[axis] - folded))
    return growth


def _stretch(growth: Sequence[tuple[float, float, float]]) -> Callable[[float], float]:
    """Returns a map of positions that stretches each span by the room it lacks."""
    marks = sorted({end for low, high, _ in growth for end in (low, high)})
    moved: list[float] = []
    rates: list[float] = []
    position = marks[0] if marks else 0.0
    for low, high in pairwise(marks):
        # Overlapping spans share the room.
        rate = max(
            (lack / (end - begin) for begin, end, lack in growth if begin <= low < end),
            default=0.0,
        )
        moved.append(position)
        rates.append(1 + rate)
        position += (high - low) * (1 + rate)
    moved.append(position)
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
    # The layout program places the box with its pins, but a line ends at the box itself.
    limit = max(0.0, box.width / 2 - (box.margin + _EDGE if box.margin else 0))
    across = min(limit, max(-limit, x - before[0]))
    return middle[0] + across, y + middle[1] - before[1]


def _bent(
    points: tuple[float, ...],
    ends: tuple[tuple[float, float], tuple[float, float]],
    stretch_x: Callable[[float], float],
    stretch_y: Callable[[float], float],
) -> tuple[float, ...]:
    """Moves the points of a line with the level, and the first and last two with its ends."""
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
    """Copies the elements of a level into the picture around it."""
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
