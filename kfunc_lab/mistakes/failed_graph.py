"""The graph up to a failure, including the call that failed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kfunc_lab.graph.keras.nodes import has_history, output_number, place_of
from kfunc_lab.graph.keras.reader import is_library, read
from kfunc_lab.graph.model.layer_graph import Call, Edge, LayerGraph, TensorSpec, unused_id
from kfunc_lab.live.snapshot import Snapshot
from kfunc_lab.mistakes.failure import Failure, shape_of


@dataclass(frozen=True)
class FailedGraph:
    """A graph with the calls that failed.

    Attributes:
        graph: The graph, including the call that failed.
        wrong: The ids of the calls that failed or do not fit.
    """

    graph: LayerGraph
    wrong: tuple[str, ...]


def failed_graph(failure: Failure, where: str, snapshot: Snapshot) -> FailedGraph:
    """Returns the graph up to a failure.

    Args:
        failure: The call that failed.
        where: The name of the wrong argument, tensor or layer; empty if it has none.
        snapshot: The state of the graph, including the tensors passed to the call.

    Returns:
        The graph so far, or the graph of the model that was trained.
    """
    if failure.stage in ("fit", "model", "save", "tensor", "name") or not failure.kind:
        return _in_existing_graph(failure, where, snapshot)
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


def _in_existing_graph(failure: Failure, where: str, snapshot: Snapshot) -> FailedGraph:
    """Finds the wrong calls in the graph of the model, or in the graph so far."""
    graph = _graph_of(failure.operation) or _graph_of(failure.model) or snapshot.graph
    wrong = _calls_named(where, graph) or _calls_named(failure.name, graph)
    if not wrong and failure.stage == "tensor":
        sources = [_source(tensor, snapshot.tensors) for tensor in failure.tensors]
        wrong = [call_id for call_id in sources if call_id is not None]
    if not wrong and failure.stage == "fit":
        wrong = list(graph.outputs)
    known = [call_id for call_id in wrong if call_id in graph.call_of]
    return FailedGraph(graph, tuple(dict.fromkeys(known)))


def _calls_named(name: str, graph: LayerGraph) -> list[str]:
    return [call.id for call in graph.calls if name and name in (call.id, call.layer)]


def _graph_of(operation: Any) -> LayerGraph | None:
    import keras

    if not isinstance(operation, keras.Model):
        return None
    try:
        graph = read(operation, lost=False).graph
    except Exception:  # if the constructor failed, the model is half built
        return None
    return graph if graph.calls else None


def _source(tensor: Any, known: Mapping[Any, str]) -> str | None:
    return known.get(place_of(tensor)) if has_history(tensor) else None


def _spec(tensor: Any) -> TensorSpec:
    return TensorSpec(shape_of(tensor), str(getattr(tensor, "dtype", "")))
