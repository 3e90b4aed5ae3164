"""Lays out the boxes and lines of each level with Graphviz, with all groups folded."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.descriptions import bundle_label
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.model.levels import Key, Level, Wire, levels_of
from kfunc_lab.graph.picture.boxes import Box, boxes_of
from kfunc_lab.graph.picture.graphviz import GraphvizError, find_program, run_dot
from kfunc_lab.graph.picture.lines.curves import point_at, straight
from kfunc_lab.graph.picture.lines.labels import LABEL_HEIGHT
from kfunc_lab.graph.picture.lines.rails import with_rails, without_long_wires
from kfunc_lab.graph.picture.lines.strands import with_parallel_wires, without_parallel_wires
from kfunc_lab.graph.picture.placed import Layout, Line
from kfunc_lab.locale import _
from kfunc_lab.ui.text_width import text_width

_INCH = 72
_GAP = 22  # pixels between the boxes of a column
_LABEL = 10  # additional pixels beside a shape


class Layouts:
    """The boxes and layouts of a graph's levels, computed when they are first needed.

    Attributes:
        graph: The graph, with the groups that can be folded.
        annotations: Marks, variables and extra details of its calls.
        levels: The level of each group.
        boxes: The boxes computed so far, by item.
        of: The layouts computed so far, by group.
        right: Whether the lines lead to the right instead of down.
    """

    def __init__(
        self, graph: LayerGraph, annotations: Annotations | None = None, right: bool = False
    ) -> None:
        self.graph = graph
        self.right = right
        self.levels = levels_of(graph)
        self.boxes: dict[str, Box] = {}
        self.of: dict[str | None, Layout] = {}
        self.annotations = annotations or Annotations()

    def make(self, groups: Iterable[str | None]) -> None:
        """Lays out the levels of groups in one run of the drawing program.

        Raises:
            GraphvizError: If the drawing program is missing or fails.
        """
        missing = {group: self.levels[group] for group in groups if group not in self.of}
        if missing:
            items = [item for level in missing.values() for item in level.items]
            self.boxes |= boxes_of(self.graph, items, self.annotations)
            self.of |= _lay_out(self.graph, missing, self.boxes, self.right)


def _lay_out(
    graph: LayerGraph,
    levels: Mapping[str | None, Level],
    boxes: Mapping[str, Box],
    right: bool,
) -> dict[str | None, Layout]:
    """Lays out levels; levels of equal structure and sizes are laid out once."""
    single = {parent: without_parallel_wires(level) for parent, level in levels.items()}
    plain = {parent: without_long_wires(level) for parent, level in single.items()}
    labels = {parent: _labels(graph, level) for parent, level in plain.items()}
    sources = {
        parent: "\n".join(_dot_lines(level, labels[parent], boxes, right))
        for parent, level in plain.items()
        if not _is_chain(level)
    }
    distinct = list(dict.fromkeys(sources.values()))
    drawn = dict(zip(distinct, _run(distinct) if distinct else [], strict=True))
    layouts = {}
    for parent, level in plain.items():
        if parent in sources:
            layout = _layout(level, labels[parent], drawn[sources[parent]], right)
        else:
            layout = _chain(level, labels[parent], boxes, right)
        if level is not single[parent]:
            layout = with_rails(single[parent], layout, boxes)
        if single[parent] is not levels[parent]:
            layout = with_parallel_wires(levels[parent], layout)
        layouts[parent] = layout
    return layouts


# ---------------------------------------------------------------------------------------------
# Chains, laid out without Graphviz


def _is_chain(level: Level) -> bool:
    """Tells whether each box leads only to the next one, so that no layout program is needed."""
    if not level.connected or not level.items:
        return False
    links = [(wire.source, wire.target) for wire in level.wires]
    inner = {None, *level.items}
    expected = list(pairwise(level.items))
    begin, end = (None, level.items[0]), (level.items[-1], None)
    between = [link for link in links if link not in (begin, end)]
    return (
        sorted(between, key=str) == sorted(expected, key=str)
        and inner.issuperset(end for link in links for end in link)
        and links.count(begin) <= 1
        and links.count(end) <= 1
    )


def _chain(
    level: Level, labels: Mapping[int, str], boxes: Mapping[str, Box], right: bool
) -> Layout:
    """Lays out a chain as Graphviz does: box after box, shapes beside the lines."""
    sizes = [_turned((boxes[item].width, boxes[item].height), right) for item in level.items]
    names = {position: text_width(label, 10) for position, label in labels.items()}
    beside = 4 * LABEL_HEIGHT if right else 2 * (max(names.values(), default=-8) + 8)
    across = max(*(size[0] for size in sizes), beside)
    # A shape to the right of a line needs some height, one above it its width.
    gaps = {
        level.wires[position].source: max(_GAP + _LABEL, name + 2 * _LABEL)
        if right
        else _GAP + _LABEL
        for position, name in names.items()
    }
    has_entry = any(wire.source is None for wire in level.wires)
    has_exit = any(wire.target is None for wire in level.wires)
    along = float(_GAP if has_entry else 0)
    middles: dict[str, tuple[float, float]] = {}
    ends: dict[str | None, tuple[float, float]] = {None: (along, 0)}
    for item, (_wide, length) in zip(level.items, sizes, strict=True):
        middles[item] = (across / 2, along + length / 2)
        ends[item] = (along, along + length)
        along += length + gaps.get(item, _GAP)
    last = ends[level.items[-1]][1]
    whole = last + (_GAP if has_exit else 0)
    lines = []
    for position, wire in enumerate(level.wires):
        begin = 0.0 if wire.source is None else ends[wire.source][1]
        end = whole if wire.target is None else ends[wire.target][0]
        points = tuple(
            round(value, 2)
            for value in straight(
                _turned((across / 2, begin), right), _turned((across / 2, end), right)
            )
        )
        if position in labels:
            shift = (0, -LABEL_HEIGHT) if right else (4 + names[position] / 2, 0)
            lines.append(Line(wire, points, labels[position], 0.5, *shift))
        else:
            lines.append(Line(wire, points))
    return Layout(
        *_turned((across, whole), right),
        {item: _turned(middle, right) for item, middle in middles.items()},
        tuple(lines),
        {wire.key: across / 2 for wire in level.wires if wire.source is None},
        {wire.key: across / 2 for wire in level.wires if wire.target is None},
        right,
    )


def _turned(pair: tuple[float, float], right: bool) -> tuple[float, float]:
    """Swaps x and y in a level that leads to the right."""
    return (pair[1], pair[0]) if right else pair


# ---------------------------------------------------------------------------------------------
# Input for Graphviz


def _dot_lines(
    level: Level, labels: Mapping[int, str], boxes: Mapping[str, Box], right: bool
) -> Iterator[str]:
    number = {item: position for position, item in enumerate(level.items)}
    yield "digraph {"
    yield "graph [nodesep=0.25 ranksep=0.3 nslimit=4 nslimit1=4]"
    if right:
        yield "rankdir=LR"
    yield 'node [shape=box fixedsize=true label=""]'
    yield "edge [arrowhead=none fontname=Arial fontsize=10]"
    for item in level.items:
        box = boxes[item]
        yield (
            f"n{number[item]} [width={box.width / _INCH:.4f} height={box.height / _INCH:.4f}]"
        )
    yield from _port_lines(level)
    entries, exits = _ports(level)
    for position, wire in enumerate(level.wires):
        begin = f"i{entries[wire.key]}" if wire.source is None else f"n{number[wire.source]}"
        end = f"o{exits[wire.key]}" if wire.target is None else f"n{number[wire.target]}"
        label = labels.get(position, "")
        # Only the size matters here, and the program knows only the widths of ASCII characters.
        ascii_label = label.replace("×", "x").encode("ascii", "replace").decode()
        attribute = f' label="  {ascii_label} "' if label else ""
        yield f"{begin} -> {end} [id={position}{attribute}]"
    if not level.connected:
        for position in range(len(level.items) - 1):
            yield f"n{position} -> n{position + 1} [style=invis]"
    yield "}"


def _port_lines(level: Level) -> Iterator[str]:
    entries, exits = _ports(level)
    for letter, ports, rank in (("i", entries, "source"), ("o", exits, "sink")):
        if ports:
            names = "; ".join(f"{letter}{position}" for position in ports.values())
            yield f"{{ rank={rank}; node [shape=point width=0.01 height=0.01]; {names} }}"


def _ports(level: Level) -> tuple[dict[Key, int], dict[Key, int]]:
    """Numbers the tensors that enter a level and those that leave it."""
    entries: dict[Key, int] = {}
    exits: dict[Key, int] = {}
    for wire in level.wires:
        if wire.source is None:
            entries.setdefault(wire.key, len(entries))
        if wire.target is None:
            exits.setdefault(wire.key, len(exits))
    return entries, exits


def _labels(graph: LayerGraph, level: Level) -> dict[int, str]:
    """Chooses the lines that show their shape: those whose source changed it."""
    input_shapes = _shapes_by_target(level)
    labels = {}
    for position, wire in enumerate(level.wires):
        if wire.source is None or wire.target is None or wire.tensor is None:
            continue
        shape = wire.tensor.shape
        known = input_shapes.get(wire.source, set()) | _input_shapes(graph, wire.source)
        if shape is not None and shape not in known:
            labels[position] = bundle_label(wire.tensor, wire.count)
    return labels


def _shapes_by_target(level: Level) -> dict[str, set[object]]:
    shapes: dict[str, set[object]] = {}
    for wire in level.wires:
        if wire.target is not None and wire.tensor is not None:
            shapes.setdefault(wire.target, set()).add(wire.tensor.shape)
    return shapes


def _input_shapes(graph: LayerGraph, item: str) -> set[object]:
    call = graph.call_of.get(item)
    return {tensor.shape for tensor in call.inputs} if call else set()


# ---------------------------------------------------------------------------------------------
# Output of Graphviz


def _run(sources: Sequence[str]) -> list[dict[str, object]]:
    output = run_dot("\n".join(sources), "json0")
    try:
        drawn = _read_all(output)
    except ValueError:
        drawn = []
    if len(drawn) != len(sources):
        raise GraphvizError(
            _("The drawing program {program} returned no layout.").format(
                program=find_program()
            )
        )
    return drawn


def _read_all(output: bytes) -> list[dict[str, object]]:
    """Reads the concatenated JSON documents that the program wrote."""
    decoder = json.JSONDecoder()
    text = output.decode().strip()
    documents, position = [], 0
    while position < len(text):
        document, position = decoder.raw_decode(text, position)
        documents.append(document)
        while position < len(text) and text[position].isspace():
            position += 1
    return documents


def _layout(
    level: Level, labels: Mapping[int, str], drawn: Mapping[str, object], right: bool
) -> Layout:
    _left, _bottom, width, height = _numbers(drawn["bb"])
    nodes = {
        node["name"]: _numbers(node["pos"])
        for node in _dicts(drawn, "objects")
        if "pos" in node
    }

    def place(name: str) -> tuple[float, float]:
        x, y = nodes[name]
        return x, height - y

    edges = {int(edge["id"]): edge for edge in _dicts(drawn, "edges") if "id" in edge}
    entries, exits = _ports(level)
    return Layout(
        width=width,
        height=height,
        places={item: place(f"n{position}") for position, item in enumerate(level.items)},
        lines=tuple(
            _line(wire, edges[position], labels.get(position, ""), height, int(not right))
            for position, wire in enumerate(level.wires)
        ),
        entries={key: place(f"i{position}")[int(right)] for key, position in entries.items()},
        exits={key: place(f"o{position}")[int(right)] for key, position in exits.items()},
        right=right,
    )


def _line(wire: Wire, edge: Mapping[str, str], label: str, height: float, axis: int) -> Line:
    points = tuple(
        value for point in edge["pos"].split(" ") for value in _flipped(_numbers(point), height)
    )
    if not label:
        return Line(wire, points)
    x, y = _flipped(_numbers(edge["lp"]), height)
    at = _nearest(points, (x, y)[axis], axis)
    on_line = point_at(points, at)
    return Line(wire, points, label, at, x - on_line[0], y - on_line[1])


def _nearest(points: Sequence[float], wanted: float, axis: int) -> float:
    """Returns the point of a line that is nearest to an x (0) or y (1), to an eighth of a curve."""
    eighths = 8 * ((len(points) // 2 - 1) // 3)
    return min(
        (step / 8 for step in range(eighths + 1)),
        key=lambda at: abs(point_at(points, at)[axis] - wanted),
    )


def _flipped(point: tuple[float, ...], height: float) -> tuple[float, float]:
    return point[0], round(height - point[1], 2)


def _dicts(drawn: Mapping[str, object], name: str) -> Iterable[dict[str, str]]:
    values = drawn.get(name, [])
    return values if isinstance(values, list) else []


def _numbers(text: object) -> tuple[float, ...]:
    return tuple(map(float, str(text).split(",")))
