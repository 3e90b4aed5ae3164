"""Checks that the graph of a finished model agrees with Keras."""

import math
from collections import Counter

from keras import layers
from keras_connections import (
    configured_edges,
    folded_edges,
    inner_functional,
    levels,
    node_of,
    parent,
    recorded_calls,
)


def assert_parameters_match(model, graph):
    assert graph.parameters == model.count_params()
    assert graph.trainable_parameters == size(model.trainable_weights)
    for level, functional in levels(graph, model):
        operations = {operation.name: operation for operation in functional.operations}
        for item in [*graph.calls, *graph.groups]:
            if parent(item) != level or item.id in graph.inside:
                continue
            operation = operations[item.layer]
            assert item.kind == type(operation).__name__
            if isinstance(operation, layers.Layer):
                assert item.parameters == operation.count_params()
                assert item.trainable_parameters == size(operation.trainable_weights)
            else:
                assert item.parameters == item.trainable_parameters == 0


def assert_shapes_match(model, graph):
    compared = 0
    for level, functional in levels(graph, model):
        for operation in functional.operations:
            # The calls of a shared layer may be in another order than those of the graph.
            calls = sorted(
                (
                    call
                    for call in graph.calls
                    if call.group == level and call.layer == operation.name
                ),
                key=lambda call, level=level: node_of(call, level),
            )
            for call, node in zip(calls, own_nodes(functional, operation), strict=True):
                assert specs(call.outputs) == shapes(node.output_tensors)
                if not node.is_input:
                    assert specs(call.inputs) == shapes(node.input_tensors)
                compared += 1
    assert compared == len(graph.calls) - len(graph.inside)


def assert_connections_match(model, graph):
    compared = 0
    for level, functional in levels(graph, model):
        expected = Counter(configured_edges(functional))
        assert Counter(folded_edges(graph, level)) == expected
        compared += expected.total()
    inputs = sum(len(group.entries) for group in graph.groups)
    # Keras says nothing of the connections inside a composite layer.
    recorded = [edge for edge in graph.edges if edge.target not in graph.inside]
    assert compared <= len(recorded) <= compared + inputs


def assert_inputs_and_outputs_match(model, graph):
    calls = graph.call_of
    assert [calls[it].layer for it in graph.inputs] == [
        tensor._keras_history.operation.name for tensor in model.inputs
    ]
    assert {shape for it in graph.outputs for shape in specs(calls[it].outputs)} >= {
        *shapes(model.outputs)
    }
    assert graph.name == model.name
    assert graph.kind == type(model).__name__
    assert graph.lost == ()
    assert graph.connected
    assert graph.built


def assert_calls_are_in_order(graph):
    """Checks that each call follows its inputs, and each group follows its parent."""
    position = {call.id: number for number, call in enumerate(graph.calls)}
    assert len(position) == len(graph.calls)
    assert all(position[edge.source] < position[edge.target] for edge in graph.edges)
    assert {*graph.inputs, *graph.outputs} <= position.keys()
    seen = {None}
    for group in graph.groups:
        assert group.parent in seen
        seen.add(group.id)
    assert len(seen) == len(graph.groups) + 1
    # A composite layer is also a call, and no edge joins its inner layers.
    assert all(set(recorded_calls(graph)) >= {edge.source, edge.target} for edge in graph.edges)
    assert seen & position.keys() == seen & {*recorded_calls(graph)}
    assert {call.group for call in graph.calls} <= seen


def assert_edges_match_calls(graph):
    for edge in graph.edges:
        assert edge.tensor == graph.call_of[edge.source].outputs[edge.output]
        assert edge.tensor.dtype
        assert edge.input < len(graph.call_of[edge.target].inputs)


def size(weights) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def shapes(tensors) -> list:
    return [(tuple(tensor.shape), str(tensor.dtype)) for tensor in tensors]


def specs(tensors) -> list:
    return [(tensor.shape, tensor.dtype) for tensor in tensors]


def own_nodes(functional, operation) -> list:
    """Returns a layer's nodes in this model, in call order."""
    if inner_functional(operation) is not None:
        return []
    own = {id(node) for nodes in functional._nodes_by_depth.values() for node in nodes}
    return [node for node in operation._inbound_nodes if id(node) in own]
