"""The visible boxes and arrows of a graph, without positions, for other drawing programs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kfunc_lab.graph.model.bundles import Key, bundles_of
from kfunc_lab.graph.model.descriptions import bundle_label, remark, short_name
from kfunc_lab.graph.model.folding import visible_item
from kfunc_lab.graph.model.layer_graph import Edge, LayerGraph
from kfunc_lab.graph.model.levels import output_boxes
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
    bundles = bundles_of(
        graph, ((edge.source, edge.target, (edge.source, edge.output)) for edge in graph.edges)
    )
    by_ends: dict[tuple[str, str, Key], list[Edge]] = {}
    for edge in graph.edges:
        source, target = visible[edge.source], visible[edge.target]
        if source != target:
            key = edge.source, edge.output
            by_ends.setdefault((source, target, bundles.get(key, key)), []).append(edge)
    for (source, target, _key), edges in by_ends.items():
        lost = any(edge.target in graph.lost for edge in edges)
        yield Arrow(source, target, _shape(graph, edges), lost)
    for box, positions in output_boxes(graph).items():
        tensors = {graph.exit_tensor(position) for position in positions}
        tensor = tensors.pop() if len(tensors) == 1 else None
        source = visible[graph.exits[positions[0]][0]]
        shape = bundle_label(tensor, len(positions)) if tensor else ""
        yield Arrow(source, box, shape, False)


def _shape(graph: LayerGraph, edges: Sequence[Edge]) -> str:
    """Returns the label of an arrow: the shape of its tensors, if the source changed it."""
    first = edges[0]
    known = {tensor.shape for tensor in graph.call_of[first.source].inputs}
    tensors = {(edge.source, edge.output): edge.tensor for edge in edges}
    if first.tensor.shape in known or len(set(tensors.values())) > 1:
        return ""
    return bundle_label(first.tensor, len(tensors))


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
