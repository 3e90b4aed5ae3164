"""Composes the layouts of the open groups into one picture.

Each level is laid out with all its groups folded. If a group is open, the rows and columns of its
box are stretched until its content fits. No level is laid out again, so everything keeps its order
and nothing overlaps. The page does the same in `composition.js`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from kfunc_lab.graph.model.levels import Key, Wire
from kfunc_lab.graph.picture.boxes import TITLE_HEIGHT, Box, title_width
from kfunc_lab.graph.picture.lines.curves import Rectangle, point_at, straight
from kfunc_lab.graph.picture.lines.labels import Obstacles, beside
from kfunc_lab.graph.picture.lines.stretching import Stretch, along_borders, stretched
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
        entries: Where each tensor enters a level inside a group, as in its `Layout`.
        exits: Where each tensor leaves it.
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


@dataclass(frozen=True)
class _Level:
    """A level with what is known of its open groups.

    Attributes:
        layout: Its layout, with all groups folded.
        boxes: The boxes of all items.
        inside: The pictures in its open groups.
        reaches: The room of the open groups.
        stretch_x: Where each x of the layout is in the picture.
        stretch_y: Where each y is.
        is_inside: Whether the level is that of an open group.
    """

    layout: Layout
    boxes: Mapping[str, Box]
    inside: Mapping[str, Picture]
    reaches: Mapping[str, "_Reach"]
    stretch_x: Stretch
    stretch_y: Stretch
    is_inside: bool

    def middle(self, item: str) -> tuple[float, float]:
        x, y = self.layout.places[item]
        return self.stretch_x(x), self.stretch_y(y)


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
    reaches = {
        item: _reach(picture, boxes[item], layout.right) for item, picture in inside.items()
    }
    stretch_x = Stretch(_growth(layout, boxes, reaches, axis=0))
    stretch_y = Stretch(_growth(layout, boxes, reaches, axis=1))
    level = _Level(layout, boxes, inside, reaches, stretch_x, stretch_y, group is not None)
    picture = Picture(stretch_x(layout.width), stretch_y(layout.height))
    if layout.right and group is not None:
        # The lines leave at the edge of the frame, which is never narrower than its title.
        needed = max(title_width(boxes[group]), boxes[group].width) - 2 * MARGIN
        picture.width = max(picture.width, needed)
    _place_items(level, picture)
    across = stretch_y if layout.right else stretch_x
    picture.entries = {key: across(place) for key, place in layout.entries.items()}
    picture.exits = {key: across(place) for key, place in layout.exits.items()}
    curves = _route(level, picture)
    picture.labels += _labels(level, picture, curves)
    picture.curves += curves
    return picture


def _place_items(level: _Level, picture: Picture) -> None:
    for item in level.layout.places:
        x, y = level.middle(item)
        if item not in level.inside:
            picture.boxes[item] = (x, y)
            continue
        inner, reach = level.inside[item], level.reaches[item]
        picture.frames.append(reach.frame(item, x, y))
        top = y - inner.height / 2 if level.layout.right else y - reach.top + TITLE_HEIGHT
        _place(inner, picture, x - inner.width / 2, top)


def _route(level: _Level, picture: Picture) -> list[Curve]:
    """Draws the lines of a level. No line runs through an open group that it does not enter."""
    frames = Obstacles(areas=_frame_areas(level, picture, 1))
    stretches = (level.stretch_x, level.stretch_y)
    curves = []
    for line in level.layout.lines:
        ends = (_end(level, line, 0), _end(level, line, 1))
        points = stretched(line.points, ends, *stretches)
        if level.inside and frames.hit_by(points):
            axis = 0 if level.layout.right else 1
            points = along_borders(line.points, ends, *stretches, axis)
        points = _to_borders(points, line.wire, level.layout.right, picture)
        curves.append(Curve(line.wire, points, _has_arrow(line.wire, level.inside)))
    return curves


def _labels(level: _Level, picture: Picture, curves: Sequence[Curve]) -> Iterator[Label]:
    """Places the shapes; where a line has no room beside it, its shape is left out."""
    layout = level.layout
    if not any(line.label for line in layout.lines):
        return
    areas = chain(_box_areas(level, picture), _frame_areas(level, picture, 0))
    obstacles = Obstacles((curve.points for curve in curves), areas)
    for line, curve in zip(layout.lines, curves, strict=True):
        if not line.label:
            continue
        x, y = point_at(line.points, line.label_at)
        given = (level.stretch_x(x + line.label_x), level.stretch_y(y + line.label_y))
        places = beside(line.label, curve.points, layout.right)
        # Where groups are open, the place in the layout may have moved away from the line.
        tried = chain(places, [given]) if level.inside else chain([given], places)
        place = obstacles.free_place(line.label, tried)
        if place is not None:
            yield Label(line.label, *place, level.is_inside)


def _box_areas(level: _Level, picture: Picture) -> Iterator[Rectangle]:
    for item in level.layout.places:
        if item in picture.boxes:
            x, y = picture.boxes[item]
            box = level.boxes[item]
            across, along = box.width / 2, box.height / 2
            yield x - across, y - along, x + across, y + along


def _frame_areas(level: _Level, picture: Picture, edge: float) -> Iterator[Rectangle]:
    """Yields the areas of the open groups of a level, without their edges."""
    for frame in picture.frames:
        if frame.item in level.inside:
            right, bottom = frame.x + frame.width, frame.y + frame.height
            yield frame.x + edge, frame.y + edge, right - edge, bottom - edge


@dataclass(frozen=True)
class _Reach:
    """How far the frame of an open group reaches from the middle of its folded box."""

    left: float
    top: float
    right: float
    bottom: float

    def frame(self, item: str, x: float, y: float) -> Frame:
        width, height = self.left + self.right, self.top + self.bottom
        return Frame(item, x - self.left, y - self.top, width, height)


def _reach(inside: Picture, box: Box, right: bool) -> _Reach:
    """Returns the room of an open group. Its content stays where the middle of its box was."""
    across, along = inside.width / 2, inside.height / 2
    if right:
        side = max(across + MARGIN, box.width / 2)
        below = max(along + MARGIN, box.height / 2)
        return _Reach(side, max(along + TITLE_HEIGHT, box.height / 2), side, below)
    # The title stands at the left of all lines that enter.
    title = title_width(box)
    beside = max(MARGIN, title - min(inside.entries.values(), default=title))
    left = max(across + beside, box.width / 2)
    half = max(along + (TITLE_HEIGHT + MARGIN) / 2, box.height / 2)
    return _Reach(left, half, max(across + MARGIN, box.width / 2, title - left), half)


def _growth(
    layout: Layout, boxes: Mapping[str, Box], reaches: Mapping[str, _Reach], axis: int
) -> list[tuple[float, float, float]]:
    """Returns both halves of each open group's folded box, and the room that each lacks."""
    growth = []
    for item, reach in reaches.items():
        middle = layout.places[item][axis]
        half = (boxes[item].width, boxes[item].height)[axis] / 2
        before, after = ((reach.left, reach.right), (reach.top, reach.bottom))[axis]
        growth.append((middle - half, middle, before - half))
        growth.append((middle, middle + half, after - half))
    return growth


def _end(level: _Level, line: Line, end: int) -> tuple[float, float]:
    """Returns where a line begins (`end` 0) or ends (1) in the stretched level."""
    wire = line.wire
    item = wire.target if end else wire.source
    x, y = line.points[-2:] if end else line.points[:2]
    if item is None:
        return level.stretch_x(x), level.stretch_y(y)
    middle = level.middle(item)
    if item in level.inside:
        inner, reach = level.inside[item], level.reaches[item]
        ports = inner.entries if end else inner.exits
        if level.layout.right:
            port = middle[1] - inner.height / 2 + ports.get(wire.key, inner.height / 2)
            return middle[0] + (-reach.left if end else reach.right), port
        port = middle[0] - inner.width / 2 + ports.get(wire.key, inner.width / 2)
        return port, middle[1] + (-reach.top if end else reach.bottom)
    before = level.layout.places[item]
    box = level.boxes[item]
    # The layout program places the box with its pins, but a line ends at the box itself.
    limit = max(0.0, box.width / 2 - (box.margin + _EDGE if box.margin else 0))
    across = min(limit, max(-limit, x - before[0]))
    return middle[0] + across, y + middle[1] - before[1]


def _to_borders(
    points: tuple[float, ...], wire: Wire, right: bool, picture: Picture
) -> tuple[float, ...]:
    """Leads a line straight through the edge of its group, where it enters or leaves."""
    if wire.source is None:
        place = picture.entries[wire.key]
        border = (-MARGIN, place) if right else (place, -TITLE_HEIGHT)
        points = straight(border, points[:2])[:6] + points
    if wire.target is None:
        place = picture.exits[wire.key]
        far = (picture.width + MARGIN, place) if right else (place, picture.height + MARGIN)
        points += straight(points[-2:], far)[2:]
    return points


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
