"""The graph that is read equals what Keras itself says, for finished models."""

import functools
import gc
from collections import Counter

import keras
import numpy as np
import pytest
import seed_models
from keras import layers
from keras_says import (
    configured_edges,
    folded_edges,
    inner_functional,
    levels,
    own,
    parent,
)
from seed_models import FUNCTIONAL_MODELS

import kfunc_lab as lab
from kfunc_lab.graph.keras import reader

APPLICATIONS = [
    "ConvNeXtTiny",
    "DenseNet121",
    "EfficientNetB0",
    "EfficientNetV2B0",
    "InceptionV3",
    "MobileNetV2",
    "MobileNetV3Small",
    "NASNetMobile",
    "ResNet50",
    "ResNet50V2",
    "VGG19",
    "Xception",
]


def shared_and_nested_twice():
    """Nested in nested, each called twice; a shared layer inside and outside; frozen layers."""
    i = keras.Input((6,), name="i")
    shared = layers.Dense(6, name="shared")
    innermost = keras.Model(i, shared(shared(i)), name="innermost")
    j = keras.Input((6,), name="j")
    k = keras.Input((6,), name="k")
    middle = keras.Model(
        [j, k], [innermost(k), layers.add([innermost(j), shared(j)])], name="middle"
    )
    x = keras.Input((6,), name="x")
    first, second = middle([x, shared(x)])
    outputs = [*middle([second, first]), layers.BatchNormalization(name="norm")(first)]
    innermost.trainable = False
    return keras.Model(x, outputs, name="shared_and_nested")


def sequential_in_functional():
    part = keras.Sequential(
        [keras.Input((5,)), layers.Dense(4, name="a"), layers.Dense(3, name="b")], name="part"
    )
    inputs = keras.Input((5,), name="x")
    return keras.Model(inputs, part(inputs * 2 + 1), name="outer")


def masked_text():
    inputs = keras.Input((None,), dtype="int32", name="words")
    x = layers.Embedding(50, 4, mask_zero=True, name="vectors")(inputs)
    x = layers.LSTM(3, return_sequences=True, name="first")(x)
    return keras.Model(inputs, layers.GRU(2, name="second")(x), name="masked")


def attention():
    query = keras.Input((5, 8), name="query")
    memory = keras.Input((7, 8), name="memory")
    heads = layers.MultiHeadAttention(2, 4, name="heads")
    x = heads(query, memory, key=memory)
    return keras.Model([query, memory], heads(x, value=query), name="attention")


def states():
    inputs = keras.Input((5, 3), name="x")
    sequence, hidden, cell = layers.LSTM(
        4, return_sequences=True, return_state=True, name="encode"
    )(inputs)
    out = layers.LSTM(4, name="decode")(sequence, initial_state=[cell, hidden])
    return keras.Model(inputs, [out, cell], name="states")


MODELS = {name: build for name, (build, _count) in FUNCTIONAL_MODELS.items()} | {
    build.__name__: build
    for build in (
        attention,
        masked_text,
        sequential_in_functional,
        shared_and_nested_twice,
        states,
    )
}


@functools.cache
def built(name: str) -> keras.Model:
    if name in MODELS:
        return MODELS[name]()
    return getattr(keras.applications, name)(weights=None)


@functools.cache
def read(name: str):
    return lab.read_graph(built(name), masks=True)


@pytest.fixture(scope="module", autouse=True)
def free_the_models():
    yield
    built.cache_clear()
    read.cache_clear()
    gc.collect()


every_model = pytest.mark.parametrize("name", [*MODELS, *APPLICATIONS])


@pytest.mark.parametrize("name", FUNCTIONAL_MODELS)
def test_the_models_of_the_course_have_the_parameters_that_it_promises(name):
    assert read(name).parameters == FUNCTIONAL_MODELS[name][1]


@every_model
def test_parameters_equal_those_of_keras(name):
    model, graph = built(name), read(name)
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


@every_model
def test_shapes_equal_those_of_the_tensors(name):
    graph, compared = read(name), 0
    for level, functional in levels(graph, built(name)):
        for operation in functional.operations:
            calls = [
                call
                for call in graph.calls
                if call.group == level and call.layer == operation.name
            ]
            for call, node in zip(calls, own_nodes(functional, operation), strict=True):
                assert specs(call.outputs) == shapes(node.output_tensors)
                if not node.is_input:
                    assert specs(call.inputs) == shapes(node.input_tensors)
                compared += 1
    assert compared == len(graph.calls) - len(graph.inside)


@every_model
def test_connections_equal_those_of_keras(name):
    graph, compared = read(name), 0
    for level, functional in levels(graph, built(name)):
        expected = Counter(configured_edges(functional))
        assert Counter(folded_edges(graph, level)) == expected
        compared += expected.total()
    inputs = sum(len(group.entries) for group in graph.groups)
    assert compared <= len(graph.edges) <= compared + inputs


@every_model
def test_each_call_stands_after_those_that_feed_it(name):
    graph = read(name)
    position = {call.id: number for number, call in enumerate(graph.calls)}
    assert len(position) == len(graph.calls)
    assert all(position[edge.source] < position[edge.target] for edge in graph.edges)
    assert {*graph.inputs, *graph.outputs} <= position.keys()
    seen = {None}
    for group in graph.groups:
        assert group.parent in seen
        seen.add(group.id)
    assert len(seen) == len(graph.groups) + 1
    # A layer made of layers is a call too, and what it holds is joined by no edge.
    assert all(set(own(graph)) >= {edge.source, edge.target} for edge in graph.edges)
    assert seen & position.keys() == seen & {*own(graph)}
    assert {call.group for call in graph.calls} <= seen


@every_model
def test_each_edge_carries_what_its_ends_say(name):
    graph = read(name)
    calls = {call.id: call for call in graph.calls}
    for edge in graph.edges:
        assert edge.tensor == calls[edge.source].outputs[edge.output]
        assert edge.tensor.dtype
        assert edge.input < len(calls[edge.target].inputs)


@every_model
def test_inputs_and_outputs_are_those_of_the_model(name):
    model, graph = built(name), read(name)
    calls = {call.id: call for call in graph.calls}
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


# ---------------------------------------------------------------------------------------------
# What Keras says


def size(weights) -> int:
    return sum(int(weight.value.numpy().size) for weight in weights)


def shapes(tensors) -> list:
    return [(tuple(tensor.shape), str(tensor.dtype)) for tensor in tensors]


def specs(tensors) -> list:
    return [(tensor.shape, tensor.dtype) for tensor in tensors]


def own_nodes(functional, operation) -> list:
    """Returns a layer's calls in this model, in the order in which they were made."""
    if inner_functional(operation) is not None:
        return []
    own = {id(node) for nodes in functional._nodes_by_depth.values() for node in nodes}
    return [node for node in operation._inbound_nodes if id(node) in own]


@pytest.mark.parametrize(
    "shown", ["graph", "highlight", "lint", "compare", "shapes", "activations"]
)
def test_every_public_call_reads_a_model_once(monkeypatch, shown):
    readings = []
    begin = reader._Reader.__init__

    def count(self, *arguments, **named):
        readings.append(self)
        begin(self, *arguments, **named)

    model = seed_models.nested_autoencoder()
    views = {
        "graph": lambda: lab.graph(model),
        "highlight": lambda: lab.graph(model, highlight={"encoder": model.layers[1]}),
        "lint": lambda: lab.lint(model),
        "compare": lambda: lab.compare(model, seed_models.mnist_model()),
        "shapes": lambda: lab.shapes(model),
        "activations": lambda: lab.activations(model, np.zeros((2, 28, 28, 1))),
    }
    monkeypatch.setattr(reader._Reader, "__init__", count)
    views[shown]()
    assert len(readings) == (2 if shown == "compare" else 1)
