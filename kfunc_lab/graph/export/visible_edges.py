"""A graph as others draw it: the boxes and arrows that are seen, without places."""

from collections.abc import Iterator
from dataclasses import dataclass

from kfunc_lab.graph.model.descriptions import remark, shape_words, short_name
from kfunc_lab.graph.model.folding import visible_item
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.model.levels import output_name
from kfunc_lab.graph.picture.boxes import group_words, shortened
from kfunc_lab.ui.text import printable, rounded


@dataclass(frozen=True)
class Arrow:
    """A tensor between two boxes that are seen.

    Attributes:
        source: The id of the call or folded group that it comes from.
        target: The id of what takes it; `wiring.output_name(…)` for an output.
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
    seen = {call.id: visible_item(graph, call.id, opened) for call in graph.calls}
    found: dict[tuple[str, str, str, int], Arrow] = {}
    for edge in graph.edges:
        source, target = seen[edge.source], seen[edge.target]
        if source != target:
            known = {tensor.shape for tensor in graph.call_of[edge.source].inputs}
            shape = "" if edge.tensor.shape in known else shape_words(edge.tensor)
            key = (source, target, edge.source, edge.output)
            found.setdefault(key, Arrow(source, target, shape, edge.target in graph.lost))
    yield from found.values()
    for position, call_id in enumerate(graph.outputs):
        made = ", ".join(map(shape_words, graph.call_of[call_id].outputs))
        yield Arrow(seen[call_id], output_name(position), made, False)


def item_words(graph: LayerGraph, item: str) -> list[str]:
    """Returns what the box of a call or group says, row by row."""
    call = graph.call_of.get(item)
    if call is None:
        group = graph.group_of[item]
        name, parameters = short_name(group), group.parameters
        rest = group_words(graph, group)
    else:
        name, parameters = short_name(call), call.parameters
        rest = [printable(call.kind), remark(graph, call)]
    rest = [*rest, rounded(parameters) if parameters else ""]
    return [shortened(name), " · ".join(filter(None, map(shortened, rest)))]
