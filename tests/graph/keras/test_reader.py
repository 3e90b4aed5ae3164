"""The graphs of finished models agree with Keras."""

import functools
import gc

import graph_checks
import keras
import numpy as np
import pytest
import seed_models
from keras import layers
from seed_models import FUNCTIONAL_MODELS

import kfunc_lab as lab
from kfunc_lab.graph.keras import reader


def shared_and_nested_twice():
    """Models nested twice and called twice, a shared layer inside and outside, frozen layers."""
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
    return MODELS[name]()


@functools.cache
def read(name: str):
    return lab.read_graph(built(name), masks=True)


@pytest.fixture(scope="module", autouse=True)
def free_models():
    yield
    built.cache_clear()
    read.cache_clear()
    gc.collect()


# tests/test_applications.py reads and checks keras.applications.
every_model = pytest.mark.parametrize("name", MODELS)


@pytest.mark.parametrize("name", FUNCTIONAL_MODELS)
def test_course_models_have_documented_parameters(name):
    assert read(name).parameters == FUNCTIONAL_MODELS[name][1]


@every_model
def test_parameters_match_keras(name):
    graph_checks.assert_parameters_match(built(name), read(name))


@every_model
def test_shapes_match_tensors(name):
    graph_checks.assert_shapes_match(built(name), read(name))


@every_model
def test_connections_match_keras(name):
    graph_checks.assert_connections_match(built(name), read(name))


@every_model
def test_calls_follow_their_inputs(name):
    graph_checks.assert_calls_are_in_order(read(name))


@every_model
def test_edges_match_calls(name):
    graph_checks.assert_edges_match_calls(read(name))


@every_model
def test_inputs_and_outputs_match_model(name):
    graph_checks.assert_inputs_and_outputs_match(built(name), read(name))


@pytest.mark.parametrize(
    "shown", ["graph", "highlight", "lint", "compare", "shapes", "activations"]
)
def test_each_public_function_reads_model_once(monkeypatch, shown):
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
