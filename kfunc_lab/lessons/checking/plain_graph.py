"""Reduces a model's graph to the calls that its outputs depend on."""

from dataclasses import replace

from kfunc_lab.graph.model.layer_graph import Edge, LayerGraph


def plain_graph(graph: LayerGraph) -> LayerGraph:
    """Removes calls that lead nowhere, and dissolves nested models into their layers.

    A call that was tried and dropped is still attached to the tensors of the model. And a nested
    model computes the same as its layers called one by one.

    Args:
        graph: A model's graph.

    Returns:
        The same graph with the remaining calls, connected as before.

    Example:
        >>> from kfunc_lab.graph.model.layer_graph import Call
        >>> calls = (Call("a", "a", "InputLayer", "a"), Call("b", "b", "Dense", "b"))
        >>> [call.id for call in plain_graph(LayerGraph("m", "", calls, (), lost=("b",))).calls]
        ['a']
    """
    nested = {group.id for group in graph.groups} - set(graph.call_of)
    nested_inputs = {
        call.id for call in graph.calls if call.kind == "InputLayer" and call.group in nested
    }
    removed = nested_inputs | set(graph.lost)
    plain = without_calls(
        replace(
            graph,
            calls=tuple(
                replace(call, group=None) if call.group in nested else call
                for call in graph.calls
            ),
            groups=tuple(
                replace(group, parent=None) if group.parent in nested else group
                for group in graph.groups
                if group.id not in nested
            ),
            lost=(),
        ),
        removed,
    )
    return _without_idle_calls(plain)


def _without_idle_calls(graph: LayerGraph) -> LayerGraph:
    """Removes the calls that no output depends on, such as those for an unused output inside."""
    if not graph.outputs:
        return graph
    used = {*graph.inputs, *graph.outputs, *graph.inside}
    used = used.union(*map(graph.ancestors, graph.outputs))
    return replace(
        graph,
        calls=tuple(call for call in graph.calls if call.id in used),
        edges=tuple(edge for edge in graph.edges if edge.target in used),
    )


def without_calls(graph: LayerGraph, removed: set[str]) -> LayerGraph:
    """Removes calls; a call that took their results takes what they took."""
    entering = {edge.target: edge for edge in graph.edges if edge.target in removed}

    def source(edge: Edge) -> Edge:
        while edge.source in entering:
            outer_edge = entering[edge.source]
            edge = replace(edge, source=outer_edge.source, output=outer_edge.output)
        return edge

    def end(leaving: tuple[str, int]) -> tuple[str, int]:
        while leaving[0] in entering:
            leaving = entering[leaving[0]].source, entering[leaving[0]].output
        return leaving

    kept = replace(
        graph,
        calls=tuple(call for call in graph.calls if call.id not in removed),
        edges=tuple(source(edge) for edge in graph.edges if edge.target not in removed),
    )
    return kept.with_exits(map(end, graph.exits), graph.output_names)
