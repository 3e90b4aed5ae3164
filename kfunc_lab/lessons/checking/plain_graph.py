"""A model's graph without what makes no difference to what it computes."""

from dataclasses import replace

from kfunc_lab.graph.model.layer_graph import Edge, LayerGraph


def plain_graph(graph: LayerGraph) -> LayerGraph:
    """Leaves out calls that lead nowhere, and the inputs and borders of nested models.

    A call that was tried and dropped hangs on the tensors of the model still. And a model that
    is called in another computes the same as its layers called there one by one.

    Args:
        graph: A model's graph.

    Returns:
        The same graph with the calls that remain, joined as before.

    Example:
        >>> from kfunc_lab.graph.model.layer_graph import Call
        >>> calls = (Call("a", "a", "InputLayer", "a"), Call("b", "b", "Dense", "b"))
        >>> [call.id for call in plain_graph(LayerGraph("m", "", calls, (), lost=("b",))).calls]
        ['a']
    """
    nested = {group.id for group in graph.groups} - set(graph.call_of)
    doors = {it.id for it in graph.calls if it.kind == "InputLayer" and it.group in nested}
    gone = doors | set(graph.lost)
    into = {edge.target: edge for edge in graph.edges if edge.target in doors}
    return replace(
        graph,
        calls=tuple(
            replace(call, group=None) if call.group in nested else call
            for call in graph.calls
            if call.id not in gone
        ),
        edges=tuple(
            _from_outside(edge, into) for edge in graph.edges if edge.target not in gone
        ),
        groups=tuple(
            replace(it, parent=None) if it.parent in nested else it
            for it in graph.groups
            if it.id not in nested
        ),
        lost=(),
    )


def _from_outside(edge: Edge, into: dict[str, Edge]) -> Edge:
    """Returns an edge that begins before the inputs of the nested models that it came through."""
    while edge.source in into:
        outer = into[edge.source]
        edge = replace(edge, source=outer.source, output=outer.output)
    return edge
