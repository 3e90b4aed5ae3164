"""Writes a graph in the one way that all exercises compare.

Two models that compute the same can be written in many ways. The normal form makes graphs equal
that differ only in how they are written; it keeps the ids, so that messages and pictures name the
calls of the learner.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from kfunc_lab.graph.model.layer_graph import Call, LayerGraph, TensorSpec
from kfunc_lab.lessons.checking.plain_graph import plain_graph, without_calls
from kfunc_lab.ui.text import snake_case

_ACTIVATIONS = {
    *(
        "elu",
        "exponential",
        "gelu",
        "hard_sigmoid",
        "hard_silu",
        "linear",
        "log_softmax",
        "relu",
    ),
    *("relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "tanh"),
}
_ASSOCIATIVE = {"Add", "Concatenate", "Maximum", "Minimum", "Multiply"}
_MERGED_AXIS = {"Mean": "Average", "Max": "Maximum", "Min": "Minimum", "Sum": "Add"}
_POOLINGS = {"Mean": "GlobalAveragePooling", "Max": "GlobalMaxPooling"}


def normal_form(graph: LayerGraph) -> LayerGraph:
    """Returns a graph in its normal form.

    These make no difference: nesting; calls that lead nowhere; a fixed batch size; layers that
    change nothing, such as
    `Identity` or `Dropout(0)`; whether an activation is an argument, a layer or an operation;
    operations instead of layers, as in `a + b`; `Flatten`, `Reshape` and `ops.reshape` to the same
    shape; sums of sums; an average written as a mean of a stack or as a sum divided.

    Args:
        graph: A model's graph.

    Returns:
        The graph with fewer or renamed calls; a call keeps its id.

    Example:
        >>> import keras
        >>> from keras import layers
        >>> from kfunc_lab.graph.keras.reader import read_graph
        >>> inputs = keras.Input((8,))
        >>> model = keras.Model(inputs, layers.ReLU()(layers.Dense(4, name="hidden")(inputs)))
        >>> normal_form(read_graph(model)).call_of["hidden"].settings
        {'units': 4, 'activation': 'relu'}
    """
    graph = _with_open_batch(plain_graph(graph))
    graph = replace(graph, calls=tuple(map(_with_usual_kind, graph.calls)))
    graph = without_calls(graph, {call.id for call in graph.calls if _changes_nothing(call)})
    for simplify in (
        *(_merge_axes, _merge_repeated, _merge_quotients, _merge_parts, _merge_activations),
    ):
        graph = simplify(graph)
    return graph


# ---------------------------------------------------------------------------------------------
# One call


def _with_usual_kind(call: Call) -> Call:
    """Names operations like the layers that compute the same."""
    if not call.library or len(call.inputs) != 1:
        return call
    name = snake_case(call.kind).replace("re_lu", "relu")
    if name in _ACTIVATIONS and not _settings_but(call, "axis") and _is_on_last_axis(call):
        return replace(call, kind="Activation", settings={"activation": name})
    if call.kind in ("Flatten", "Reshape") and call.outputs[0].shape is not None:
        sizes = call.outputs[0].shape
        return replace(call, kind="Reshape", settings={"target_shape": sizes[1:]})
    if call.kind in _POOLINGS and call.operation:
        return _as_pooling(call)
    return call


def _with_open_batch(graph: LayerGraph) -> LayerGraph:
    """Leaves the batch size open in all shapes."""

    def opened(tensor: TensorSpec) -> TensorSpec:
        return replace(tensor, shape=(None, *tensor.shape[1:])) if tensor.shape else tensor

    calls = (
        replace(
            call,
            inputs=tuple(map(opened, call.inputs)),
            outputs=tuple(map(opened, call.outputs)),
        )
        for call in graph.calls
    )
    edges = (replace(edge, tensor=opened(edge.tensor)) for edge in graph.edges)
    return replace(graph, calls=tuple(calls), edges=tuple(edges))


def _settings_but(call: Call, name: str) -> Mapping[str, object]:
    return {key: value for key, value in call.settings.items() if key != name}


def _is_on_last_axis(call: Call) -> bool:
    axis, rank = call.settings.get("axis", -1), len(call.inputs[0].shape or ())
    return isinstance(axis, int) and rank > 0 and axis % rank == rank - 1


def _as_pooling(call: Call) -> Call:
    """Turns a mean over all axes between the batch and the channels into a pooling layer."""
    rank, axes = len(call.inputs[0].shape or ()), call.settings.get("axis")
    listed = axes if isinstance(axes, (list, tuple)) else (axes,)
    if _settings_but(call, "axis") or not all(isinstance(axis, int) for axis in listed):
        return call
    if rank < 3 or sorted(axis % rank for axis in listed) != list(range(1, rank - 1)):
        return call
    return replace(call, kind=f"{_POOLINGS[call.kind]}{rank - 2}D", settings={})


def _changes_nothing(call: Call) -> bool:
    if len(call.inputs) != 1 or len(call.outputs) != 1 or not call.library:
        return False
    return (
        call.kind == "Identity"
        or (call.kind == "Activation" and call.settings.get("activation") == "linear")
        or ("Dropout" in call.kind and call.settings.get("rate") == 0)
        or (call.kind == "Reshape" and call.inputs[0].shape == call.outputs[0].shape)
    )


# ---------------------------------------------------------------------------------------------
# Two calls in a row that are one


def _merge(
    graph: LayerGraph,
    merged: Callable[[Call, Call], Call | None],
) -> LayerGraph:
    """Merges calls with the call before them, which keeps its id, wherever a function says so.

    Args:
        graph: The graph.
        merged: Takes a call and the call after it, which is its only consumer; returns what both
            are together, or `None`.
    """
    for call in graph.calls:
        sources = set(graph.sources.get(call.id, ()))
        for source_id in sources & graph.call_of.keys():
            source = graph.call_of[source_id]
            consumers = [edge for edge in graph.edges if edge.source == source_id]
            if len(consumers) != 1 or source_id in graph.outputs or source_id in graph.inputs:
                continue
            both = merged(source, graph.call_of[call.id])
            if both is not None:
                graph = _with_both(graph, source, call, both)
    return graph


def _with_both(graph: LayerGraph, source: Call, call: Call, both: Call) -> LayerGraph:
    """Replaces two calls by one, which takes what the first took, in the place of the first."""
    [joint] = [edge for edge in graph.edges if edge.source == source.id]
    inner = [edge for edge in graph.edges if edge.target == source.id]
    edges = []
    for edge in graph.edges:
        if edge.target == source.id or edge is joint:
            continue
        if edge.target == call.id:
            later = edge.input > joint.input
            position = edge.input + (len(inner) - 1 if later else 0)
            edges.append(replace(edge, target=both.id, input=position))
        elif edge.source == call.id:
            edges.append(replace(edge, source=both.id))
        else:
            edges.append(edge)
    edges += [replace(e, target=both.id, input=joint.input + e.input) for e in inner]
    tensors = {edge.input: edge.tensor for edge in edges if edge.target == both.id}
    both = replace(both, inputs=tuple(tensors[at] for at in sorted(tensors)))
    joined = replace(
        graph,
        calls=tuple(
            both if it.id == call.id else it for it in graph.calls if it.id != source.id
        ),
        edges=tuple(edges),
    )
    return joined.with_exits(
        ((both.id if it == call.id else it, output) for it, output in graph.exits),
        graph.output_names,
    )


def _merge_axes(graph: LayerGraph) -> LayerGraph:
    """Merges a stack with the mean, sum or maximum along its new axis."""

    def merged(stack: Call, call: Call) -> Call | None:
        rank = len(stack.outputs[0].shape or ())
        axes = [it.settings.get("axis", 0) for it in (stack, call)]
        if stack.kind != "Stack" or call.kind not in _MERGED_AXIS or not rank:
            return None
        if _settings_but(call, "axis") or not all(isinstance(axis, int) for axis in axes):
            return None
        if len({axis % rank for axis in axes if isinstance(axis, int)}) > 1:
            return None
        return replace(call, kind=_MERGED_AXIS[call.kind], settings={})

    return _merge(graph, merged)


def _merge_repeated(graph: LayerGraph) -> LayerGraph:
    """Merges a sum into a sum, a product into a product, and so on."""

    def merged(inner: Call, outer: Call) -> Call | None:
        same = inner.kind == outer.kind and inner.settings == outer.settings
        several = len(inner.inputs) > 1 and len(outer.inputs) > 1
        return outer if same and several and inner.kind in _ASSOCIATIVE else None

    return _merge(graph, merged)


def _merge_quotients(graph: LayerGraph) -> LayerGraph:
    """Merges a sum with the division by the number of its terms."""

    def merged(total: Call, call: Call) -> Call | None:
        count = len(total.inputs)
        if total.kind != "Add" or total.settings or not _divides_by(call, count):
            return None
        return replace(call, kind="Average", settings={})

    return _merge(graph, merged)


def _merge_parts(graph: LayerGraph) -> LayerGraph:
    """Merges a sum with the divisions of all of its terms by their number."""
    for call in graph.calls:
        parts = graph.sources.get(call.id, [])
        consumed = [edge.source for edge in graph.edges if edge.source in parts]
        if (
            call.kind == "Add"
            and not call.settings
            and len(set(parts)) == len(parts) == len(consumed)
            and all(_divides_by(graph.call_of[part], len(parts)) for part in parts)
        ):
            graph = without_calls(graph, set(parts))
            average = replace(call, kind="Average")
            calls = (average if it.id == call.id else it for it in graph.calls)
            graph = replace(graph, calls=tuple(calls))
    return graph


def _divides_by(call: Call, count: int) -> bool:
    """Tells whether a call divides its only input by a number of terms."""
    if count < 2 or len(call.inputs) != 1 or len(call.settings) != 1:
        return False
    [(name, factor)] = call.settings.items()
    if not isinstance(factor, int | float):
        return False
    if call.kind in ("Divide", "TrueDivide"):
        return name == "x2" and factor == count
    return call.kind == "Multiply" and abs(factor * count - 1) < 1e-6


def _merge_activations(graph: LayerGraph) -> LayerGraph:
    """Merges an activation with the layer before it, as if it were an argument of the layer."""

    def merged(layer: Call, call: Call) -> Call | None:
        if call.kind != "Activation" or not call.library or not layer.library:
            return None
        if layer.kind == "Activation" and layer.settings == call.settings == {
            "activation": "relu"
        }:
            return layer
        if not _takes_activation(layer):
            return None
        if layer.settings.get("activation") not in (None, *_idempotent(call)):
            return None
        settings = {**layer.settings, "activation": call.settings["activation"]}
        return replace(layer, outputs=call.outputs, settings=settings)

    return _merge(graph, merged)


def _idempotent(call: Call) -> tuple[object, ...]:
    return ("relu",) if call.settings.get("activation") == "relu" else ()


def _takes_activation(call: Call) -> bool:
    return call.kind in ("Dense", "EinsumDense") or (
        "Conv" in call.kind and "LSTM" not in call.kind
    )
