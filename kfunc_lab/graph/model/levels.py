"""Splits the edges of a graph into levels: the lines between the boxes of each group.

A tensor that leaves a group runs from its source to a port on the border of the group, and from
there to its target, which may be the port of another group.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from kfunc_lab.graph.model.bundles import Key as Key
from kfunc_lab.graph.model.bundles import bundles_of
from kfunc_lab.graph.model.folding import ancestors, items_by_parent
from kfunc_lab.graph.model.layer_graph import LayerGraph, TensorSpec

_MANY_OUTPUTS = 8  # of one call or group: more share a box


@dataclass(frozen=True)
class Wire:
    """A line between two boxes of one group, or between a box and a port of the group.

    Attributes:
        source: The id of the call or group where it begins; `None` for a port at the top.
        target: The id of the call, group or output where it ends; `None` for a port at the
            bottom.
        key: The key of the tensor.
        tensor: The shape and dtype of the tensor.
        takers: The ids of the calls that take the tensor at the end of this line.
        count: The number of tensors of equal shape that share the line.
    """

    source: str | None
    target: str | None
    key: Key
    tensor: TensorSpec | None
    takers: tuple[str, ...]
    count: int = 1


@dataclass(frozen=True)
class Level:
    """The direct members of one group, with all inner groups folded.

    Attributes:
        items: The ids of its calls and groups, in graph order; at the top also the names of the
            outputs, from `output_name`.
        wires: The lines between the items.
        connected: Whether the connections are known; if not, the items form a column.
    """

    items: tuple[str, ...]
    wires: tuple[Wire, ...]
    connected: bool = True


def output_name(position: int) -> str:
    """Returns the name of an output's box; it differs from every call id."""
    return f"//output/{position}"


def output_boxes(graph: LayerGraph) -> dict[str, list[int]]:
    """Returns the positions of the outputs in each of their boxes.

    An output has a box of its own, but the many outputs of one call or group share one.
    """
    sources = [[call_id, *ancestors(graph, call_id)][-1] for call_id, _output in graph.exits]
    counts = Counter(sources)
    boxes: dict[str, list[int]] = {}
    for position, source in enumerate(sources):
        is_shared = counts[source] > _MANY_OUTPUTS
        first = sources.index(source) if is_shared else position
        boxes.setdefault(output_name(first), []).append(position)
    return boxes


def levels_of(graph: LayerGraph) -> Mapping[str | None, Level]:
    """Splits a graph into levels: one for each group, and `None` for the top.

    Args:
        graph: The graph, with the groups that can be folded.

    Returns:
        The level of each group, by id.
    """
    tensors = list(_tensors(graph))
    bundles = bundles_of(graph, ((source, target, key) for source, target, key, _ in tensors))
    drawn: dict[str | None, dict[_Ends, _Strands]] = defaultdict(lambda: defaultdict(_Strands))
    specs: dict[Key, TensorSpec | None] = {}
    for source, target, key, tensor in tensors:
        specs[key] = tensor or specs.get(key)
        for level, begin, end in _steps(graph, source, target):
            strands = drawn[level][begin, end, bundles.get(key, key)]
            strands.keys[key] = strands.takers[target] = None
    for level, begin, end, key in _inside_layers(graph, tensors):
        strands = drawn[level][begin, end, bundles.get(key, key)]
        strands.keys[key] = strands.takers[end or key[0]] = None
    items = dict(items_by_parent(graph))
    items[None] = [*items[None], *output_boxes(graph)]
    return {
        parent: Level(
            items=tuple(inside),
            wires=tuple(
                _wire(*ends, strands, specs) for ends, strands in drawn[parent].items()
            ),
            connected=_is_connected(graph, parent),
        )
        for parent, inside in items.items()
    }


# Where a line begins, where it ends, and the first tensor that runs along it.
_Ends = tuple[str | None, str | None, Key]


@dataclass
class _Strands:
    """The tensors that share a line and the calls that take them, in order."""

    keys: dict[Key, None] = field(default_factory=dict)
    takers: dict[str, None] = field(default_factory=dict)


def _wire(
    begin: str | None,
    end: str | None,
    key: Key,
    strands: _Strands,
    specs: Mapping[Key, TensorSpec | None],
) -> Wire:
    tensors = {specs.get(key) for key in strands.keys}
    tensor = tensors.pop() if len(tensors) == 1 else None
    return Wire(begin, end, key, tensor, tuple(strands.takers), len(strands.keys))


def _tensors(
    graph: LayerGraph,
) -> Iterator[tuple[str, str, Key, TensorSpec | None]]:
    for edge in graph.edges:
        yield edge.source, edge.target, (edge.source, edge.output), edge.tensor
    for box, positions in output_boxes(graph).items():
        for position in positions:
            key = graph.exits[position]
            yield key[0], box, key, graph.exit_tensor(position)


def _steps(
    graph: LayerGraph, source: str, target: str
) -> Iterator[tuple[str | None, str | None, str | None]]:
    """Yields the lines along which a tensor runs: out of groups, across, and into groups."""
    out = [source, *ancestors(graph, source)]
    into = [target] if target not in graph.call_of else [target, *ancestors(graph, target)]
    while len(out) > 1 and len(into) > 1 and out[-1] == into[-1]:
        out.pop()
        into.pop()
    # The last group that was popped is the innermost one that contains both ends.
    common = ancestors(graph, out[-1])
    yield (common[0] if common else None), out[-1], into[-1]
    for inner, group in pairwise(out):
        yield group, inner, None
    for inner, group in pairwise(into):
        yield group, None, inner


def _inside_layers(
    graph: LayerGraph, tensors: Iterable[tuple[str, str, Key, TensorSpec | None]]
) -> Iterator[tuple[str, str | None, str | None, Key]]:
    """Yields the lines inside wrappers, from the inputs of the layer and to its outputs."""
    wrappers = [group for group in graph.groups if group.id in graph.call_of and group.entries]
    entries = {group.id: group.entries for group in wrappers}
    exits = {group.id: tuple(call for call, _output in group.exits) for group in wrappers}
    seen: set[tuple[str, str | None, str | None, Key]] = set()
    for source, target, key, _tensor in tensors:
        lines: list[tuple[str, str | None, str | None, Key]] = []
        if target in entries:
            lines += [(at, None, inner, key) for inner, at in _inward(graph, target, entries)]
        if source in exits:
            lines += [(at, inner, None, key) for inner, at in _inward(graph, source, exits)]
        for line in lines:
            if line not in seen:
                seen.add(line)
                yield line


def _inward(
    graph: LayerGraph, wrapper: str, ends: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, str]]:
    """Yields each item that a line to or from the ends of a wrapper meets, with its group."""
    for end in ends[wrapper]:
        for inner, around in pairwise([end, *ancestors(graph, end)]):
            yield inner, around
            if around == wrapper:
                break
        if end in ends:  # a wrapper in a wrapper
            yield from _inward(graph, end, ends)


def _is_connected(graph: LayerGraph, parent: str | None) -> bool:
    """Tells whether the lines within a group are known."""
    while parent is not None:
        group = graph.group_of[parent]
        if group.kind:  # a repeated block is connected if the model around it is
            return bool(group.entries)
        parent = group.parent
    return graph.connected
