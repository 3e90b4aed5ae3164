"""A graph as others draw it: the boxes and arrows that are seen, without places."""

from collections.abc import Iterator
from dataclasses import dataclass

from kfunc_lab.graph.model.descriptions import remark, shape_label, short_name
from kfunc_lab.graph.model.folding import visible_item
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.model.levels import output_name
from kfunc_lab.graph.picture.boxes import group_labels, truncate
from kfunc_lab.ui.text import format_count, printable


@dataclass(frozen=True)
class Arrow:
    """A tensor between two boxes that are seen.

    Attributes:
        source: The id of the call or folded group that it comes from.
        target: The id of what takes it; `levels_of.output_name(…)` for an output.
        shape: Its shape in words, where it is another than what its source was called on.
        lost: Whether what takes it is lost.
    """

    source: str
    target: str
    shape: str
    lost: bool


def arrows(graph: LayerGraph, opened: frozenset[str]) -> Iterator[Arrow]:
    """Yields the arrows between what is seen, each once.

    Args:
        graph: The graph.
        opened: The ids of the groups that are open.
    """
    visible = {call.id: visible_item(graph, call.id, opened) for call in graph.calls}
    by_ends: dict[tuple[str, str, str, int], Arrow] = {}
    for edge in graph.edges:
        source, target = visible[edge.source], visible[edge.target]
        if source != target:
            input_shapes = {tensor.shape for tensor in graph.call_of[edge.source].inputs}
            shape = "" if edge.tensor.shape in input_shapes else shape_label(edge.tensor)
            key = (source, target, edge.source, edge.output)
            by_ends.setdefault(key, Arrow(source, target, shape, edge.target in graph.lost))
    yield from by_ends.values()
    for position, call_id in enumerate(graph.outputs):
        shapes = ", ".join(map(shape_label, graph.call_of[call_id].outputs))
        yield Arrow(visible[call_id], output_name(position), shapes, False)


def item_labels(graph: LayerGraph, item: str) -> list[str]:
    """Returns what the box of a call or group says, row by row."""
    call = graph.call_of.get(item)
    if call is None:
        group = graph.group_of[item]
        name, parameters = short_name(group), group.parameters
        rest = group_labels(graph, group)
    else:
        name, parameters = short_name(call), call.parameters
        rest = [printable(call.kind), remark(graph, call)]
    rest = [*rest, format_count(parameters) if parameters else ""]
    return [truncate(name), " · ".join(filter(None, map(truncate, rest)))]
