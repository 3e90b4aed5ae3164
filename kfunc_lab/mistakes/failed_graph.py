"""The graph up to a failure, with the call that failed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kfunc_lab.graph.keras.nodes import has_history, output_number, place_of
from kfunc_lab.graph.keras.reader import is_library, read_graph
from kfunc_lab.graph.model.layer_graph import Call, Edge, LayerGraph, TensorSpec, unused_id
from kfunc_lab.live.snapshot import Snapshot
from kfunc_lab.mistakes.failure import Failure, shape_of


@dataclass(frozen=True)
class FailedGraph:
    """A graph and what failed in it.

    Attributes:
        graph: The graph, with a call more for the one that failed.
        wrong: The ids of the calls that failed or do not fit.
    """

    graph: LayerGraph
    wrong: tuple[str, ...]


def failed_graph(failure: Failure, where: str, snapshot: Snapshot) -> FailedGraph:
    """Returns the graph up to a failure.

    Args:
        failure: What failed.
        where: The name of what is wrong, if it has one.
        snapshot: How the graph stood, the tensors that the call was given included.

    Returns:
        The graph so far, or that of the model that was trained.
    """
    if failure.stage in ("fit", "model", "save", "tensor") or not failure.kind:
        return _within(failure, where, snapshot)
    graph = snapshot.graph
    name = failure.name or failure.kind
    call_id = unused_id(name, {*graph.call_of, *graph.group_of})
    inputs = tuple(map(_spec, failure.tensors))
    library = failure.operation is None or is_library(failure.operation)
    failed = Call(call_id, name, failure.kind, call_id, inputs=inputs, library=library)
    edges = [
        Edge(source, output_number(tensor), call_id, position, inputs[position])
        for position, tensor in enumerate(failure.tensors)
        if (source := _source(tensor, snapshot.tensors)) is not None
    ]
    return FailedGraph(
        replace(graph, calls=(*graph.calls, failed), edges=(*graph.edges, *edges)), (call_id,)
    )


def _within(failure: Failure, where: str, snapshot: Snapshot) -> FailedGraph:
    """Finds what is wrong in the graph that is there."""
    graph = _graph_of(failure.operation) or _graph_of(failure.model) or snapshot.graph
    named = _named(where, graph) or _named(failure.name, graph)
    made = [_source(it, snapshot.tensors) for it in failure.tensors]
    wrong = named or [it for it in made if it is not None and failure.stage == "tensor"]
    if not wrong and failure.stage == "fit":
        wrong = list(graph.outputs)
    return FailedGraph(graph, tuple(dict.fromkeys(it for it in wrong if it in graph.call_of)))


def _named(name: str, graph: LayerGraph) -> list[str]:
    return [it.id for it in graph.calls if name and name in (it.id, it.layer)]


def _graph_of(operation: Any) -> LayerGraph | None:
    import keras

    if not isinstance(operation, keras.Model):
        return None
    try:
        graph = read_graph(operation)
    except Exception:  # a model whose constructor failed is half built
        return None
    return graph if graph.calls else None


def _source(tensor: Any, known: Mapping[Any, str]) -> str | None:
    return known.get(place_of(tensor)) if has_history(tensor) else None


def _spec(tensor: Any) -> TensorSpec:
    return TensorSpec(shape_of(tensor), str(getattr(tensor, "dtype", "")))
