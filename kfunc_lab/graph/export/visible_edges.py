"""The visible boxes and arrows of a graph, without positions, for other drawing programs."""

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
    """A tensor between two visible boxes.

    Attributes:
        source: The id of the call or folded group where it begins.
        target: The id of the item where it ends; `levels.output_name(…)` for an output.
        shape: The label of its shape, if it differs from the inputs of the source.
        lost: Whether the target is lost.
    """

    source: str
    target: str
    shape: str
    lost: bool


def arrows(graph: LayerGraph, opened: frozenset[str]) -> Iterator[Arrow]:
    """Yields the arrows between the visible boxes, each once.

    Args:
        graph: The graph.
        opened: The ids of the open groups.
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
    for position, (call_id, _output) in enumerate(graph.exits):
        tensor = graph.exit_tensor(position)
        shape = shape_label(tensor) if tensor else ""
        yield Arrow(visible[call_id], output_name(position), shape, False)


def item_labels(graph: LayerGraph, item: str) -> list[str]:
    """Returns the rows of text in the box of a call or group."""
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
