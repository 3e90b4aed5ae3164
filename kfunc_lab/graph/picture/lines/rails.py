"""Routes the long lines of a densely connected level along rails at its right side.

Graphviz gives each line a way of its own past every row, which takes minutes and shows a tangle.
A rail carries the tensors of several boxes: each box below it takes all that entered above.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kfunc_lab.graph.model.levels import Level, Wire
from kfunc_lab.graph.picture.boxes import Box
from kfunc_lab.graph.picture.placed import Layout, Line, transposed

_MAX_PASSING = 5  # lines that pass a row, on average, in a drawing that can be read
_MIN_LONG = 10  # lines that pass rows
_BETWEEN = 12  # pixels between rails
_ROUND = 6  # pixels: the radius of a corner
_OUT, _IN = 6, 9  # pixels from a box to the horizontal part of its line
_EDGE = 12  # pixels from the corner of a box to its line


def without_long_wires(level: Level) -> Level:
    """Leaves out the lines that run along rails; a level with few of them stays as it is."""
    rows = _rows(level)
    spans = [_row(wire.target, rows, 1) - _row(wire.source, rows, -1) for wire in level.wires]
    pairs = {
        (wire.source or wire.key, wire.target or wire.key): span
        for wire, span in zip(level.wires, spans, strict=True)
    }
    passing = sum(span - 1 for span in pairs.values())
    long = sum(span > 1 for span in pairs.values())
    if (
        not level.connected
        or long < _MIN_LONG
        or passing <= _MAX_PASSING * len(set(rows.values()))
    ):
        return level
    # The shortest line of each box, at either end, keeps the boxes in their rows.
    shortest: dict[Hashable, int] = {}
    for position, wire in enumerate(level.wires):
        for end in (("from", wire.source or wire.key), ("to", wire.target or wire.key)):
            if end not in shortest or spans[position] < spans[shortest[end]]:
                shortest[end] = position
    kept = set(shortest.values())
    return replace(
        level,
        wires=tuple(
            wire
            for position, wire in enumerate(level.wires)
            if spans[position] <= 1 or position in kept
        ),
    )


def _rows(level: Level) -> dict[str, int]:
    """Returns the number of boxes above each box on the longest path to it."""
    takers: dict[str, list[str]] = defaultdict(list)
    sources = dict.fromkeys(level.items, 0)
    for source, target in {(wire.source, wire.target) for wire in level.wires}:
        if source is not None and target is not None:
            takers[source].append(target)
            sources[target] += 1
    rows = dict.fromkeys(level.items, 0)
    waiting = [item for item in level.items if not sources[item]]
    for item in waiting:
        for taker in takers[item]:
            rows[taker] = max(rows[taker], rows[item] + 1)
            sources[taker] -= 1
            if not sources[taker]:
                waiting.append(taker)
    return rows


def _row(item: str | None, rows: Mapping[str, int], beyond: int) -> int:
    if item is not None:
        return rows[item]
    return -1 if beyond < 0 else max(rows.values(), default=0) + 1


# ---------------------------------------------------------------------------------------------
# Rails


@dataclass
class _Rail:
    """The lines that share a rail.

    Attributes:
        top: Where its first line enters.
        ends: Where each of its targets takes from it, by target.
        lines: The lines.
    """

    top: float
    ends: dict[Hashable, float]
    lines: list["_LongLine"]

    @property
    def bottom(self) -> float:
        return max(self.ends.values())


@dataclass(frozen=True)
class _LongLine:
    wire: Wire
    begin: tuple[float, float]
    end: tuple[float, float]


def with_rails(level: Level, layout: Layout, boxes: Mapping[str, Box]) -> Layout:
    """Adds the lines of a level that its layout left out.

    Args:
        level: The level with all its lines.
        layout: The layout of the level `without_long_wires`.
        boxes: The boxes of its items.

    Returns:
        The same layout with rails at its right side, or below a level that leads to the right.
    """
    if layout.right:
        turned = {
            item: replace(box, width=box.height, height=box.width - 2 * box.margin, margin=0)
            for item, box in boxes.items()
        }
        return transposed(with_rails(level, transposed(layout), turned))
    drawn = {(line.wire.source, line.wire.target, line.wire.key) for line in layout.lines}
    long = [
        _LongLine(wire, *_ends(wire, layout, boxes))
        for wire in level.wires
        if (wire.source, wire.target, wire.key) not in drawn
    ]
    if not long:
        return layout
    rails = _rails(level, long)
    lanes = _lanes(rails)
    first = layout.width + _BETWEEN
    lines = [
        Line(line.wire, tuple(_points(line, first + _BETWEEN * lane)))
        for rail, lane in zip(rails, lanes, strict=True)
        for line in rail.lines
    ]
    width = first + _BETWEEN * (max(lanes) + 1)
    return replace(layout, width=width, lines=(*layout.lines, *lines))


def _ends(
    wire: Wire, layout: Layout, boxes: Mapping[str, Box]
) -> tuple[tuple[float, float], tuple[float, float]]:
    def place(item: str, side: int) -> tuple[float, float]:
        x, y = layout.places[item]
        box = boxes[item]
        return x + box.width / 2 - box.margin - _EDGE, y + side * box.height / 2

    begin = place(wire.source, 1) if wire.source else (layout.entries[wire.key], 0.0)
    end = place(wire.target, -1) if wire.target else (layout.exits[wire.key], layout.height)
    return begin, end


def _rails(level: Level, long: Sequence[_LongLine]) -> list[_Rail]:
    """Puts lines on one rail if each target takes everything that entered above it."""
    takers: dict[Hashable, set[Hashable]] = defaultdict(set)
    for wire in level.wires:
        takers[wire.key].add(wire.target or wire.key)
    by_tensor: dict[Hashable, list[_LongLine]] = defaultdict(list)
    for line in sorted(long, key=lambda line: line.begin[1]):
        by_tensor[line.wire.key].append(line)
    rails: list[_Rail] = []
    for key, lines in by_tensor.items():
        top = min(line.begin[1] for line in lines)
        ends = {line.wire.target or key: line.end[1] for line in lines}
        for rail in rails:
            below = {target for target, y in rail.ends.items() if y > top}
            if rail.ends.keys() >= ends.keys() and below <= takers[key]:
                rail.lines += lines
                break
        else:
            rails.append(_Rail(top, ends, list(lines)))
    return rails


def _lanes(rails: Sequence[_Rail]) -> list[int]:
    """Chooses the lane of each rail: short rails are near the boxes, and no two overlap."""
    order = sorted(range(len(rails)), key=lambda it: rails[it].bottom - rails[it].top)
    lanes = [0] * len(rails)
    taken: list[list[tuple[float, float]]] = []
    for number in order:
        top, bottom = rails[number].top, rails[number].bottom
        free = (
            lane
            for lane, spans in enumerate(taken)
            if all(bottom < begin or end < top for begin, end in spans)
        )
        lanes[number] = lane = next(free, len(taken))
        if lane == len(taken):
            taken.append([])
        taken[lane].append((top, bottom))
    return lanes


def _points(line: _LongLine, rail: float) -> Iterator[float]:
    """Yields the control points of a line: out of its box, along the rail, and into the other."""
    (x, y), (end_x, end_y) = line.begin, line.end
    out, into, r = y + _OUT, end_y - _IN, _ROUND
    yield from (x, y)
    yield from (x, y + 4, x + 2, out, x + r, out)
    yield from _straight(x + r, out, rail - r, out)
    yield from (rail - 2, out, rail, out + 2, rail, out + r)
    yield from _straight(rail, out + r, rail, into - r)
    yield from (rail, into - 2, rail - 2, into, rail - r, into)
    yield from _straight(rail - r, into, end_x + r, into)
    yield from (end_x + 2, into, end_x, end_y - 7, end_x, end_y)


def _straight(x: float, y: float, to_x: float, to_y: float) -> tuple[float, ...]:
    """Returns the last three control points of a Bézier curve that is a straight line."""
    third = ((to_x - x) / 3, (to_y - y) / 3)
    return (x + third[0], y + third[1], x + 2 * third[0], y + 2 * third[1], to_x, to_y)
