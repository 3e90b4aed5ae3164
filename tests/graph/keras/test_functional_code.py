"""Functional code that rebuilds a model with the same configuration and outputs."""

import sys

import keras
import numpy as np
import pytest
from keras import layers, ops
from rebuilding import assert_equal, comparable, rebuilt
from seed_models import FUNCTIONAL_MODELS

import kfunc_lab as lab
from kfunc_lab.graph.keras.construction import constructor_code
from kfunc_lab.graph.keras.functional_code import to_code
from kfunc_lab.graph.keras.state import preserve_keras_state


@pytest.mark.parametrize("name", FUNCTIONAL_MODELS)
def test_course_models_are_rebuilt(name):
    model = FUNCTIONAL_MODELS[name][0]()
    random = any("random" in call.kind.lower() for call in lab.read_graph(model).calls)
    assert_equal(model, rebuilt(model), values=not random and "vgg" not in name.lower())


def test_keras_application_is_rebuilt():
    """The configurations of the others are compared in tests/test_applications.py."""
    model = keras.applications.ResNet50(weights=None, input_shape=(64, 64, 3))
    assert_equal(model, rebuilt(model))


def nested_and_shared():
    i = keras.Input((6,), name="i")
    shared = layers.Dense(6, name="shared")
    innermost = keras.Model(i, shared(shared(i)), name="innermost")
    j, k = keras.Input((6,), name="j"), keras.Input((6,), name="k")
    middle = keras.Model(
        [j, k], [innermost(k), layers.add([innermost(j), shared(j)])], name="middle"
    )
    x = keras.Input((6,), name="x")
    first, second = middle([x, shared(x)])
    outputs = [*middle([second, first]), layers.BatchNormalization(name="norm")(first)]
    innermost.trainable = False
    return keras.Model(x, outputs, name="nested_and_shared")


def dicts():
    a, b = keras.Input((3,), name="a"), keras.Input((4,), name="b")
    part = keras.Model(
        {"a": a, "b": b}, {"sum": layers.Dense(2)(a), "other": [b, a]}, name="part"
    )
    x, y = keras.Input((3,), name="x"), keras.Input((4,), name="y")
    out = part({"a": x, "b": y})
    return keras.Model(
        {"x": x, "y": y}, {"one": out["sum"], "two": (out["other"][0],)}, name="d"
    )


def nested_sequential():
    part = keras.Sequential([keras.Input((5,)), layers.Dense(4), layers.Dense(3)], name="part")
    inputs = keras.Input((5,), name="x")
    return keras.Model(inputs, part(inputs * 2 + 1), name="outer")


def masked_text():
    inputs = keras.Input((7,), dtype="int32", name="words")
    x = layers.Embedding(50, 4, mask_zero=True, name="vectors")(inputs)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="sum")(x)
    x = layers.TimeDistributed(layers.Dense(4, activation="tanh"), name="each")(x)
    return keras.Model(inputs, layers.GRU(2, name="second")(x), name="masked")


def attention():
    query, memory = keras.Input((5, 8), name="query"), keras.Input((7, 8), name="memory")
    heads = layers.MultiHeadAttention(2, 4, name="heads")
    x = heads(query, memory, key=memory)
    return keras.Model([query, memory], heads(x, value=query), name="attention")


def states():
    inputs = keras.Input((5, 3), name="x")
    sequence, hidden, cell = layers.LSTM(
        4, return_sequences=True, return_state=True, name="encode"
    )(inputs)
    out = layers.LSTM(4, name="decode")(sequence, initial_state=[cell, hidden])
    stacked = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], name="cells")(inputs)
    return keras.Model(inputs, [out, cell, stacked], name="states")


def raw_operations():
    x = keras.Input((4, 6), name="x")
    a = ops.softmax(ops.reshape(x * 2 + 1, (-1, 24)), axis=-1)
    b = ops.concatenate([x[:, 0], x[:, -1, ::2], ops.max(x, axis=1)], axis=-1)
    c = ops.einsum("abc,abd->acd", x, x)
    d = ops.where(x > 0, ops.clip(x, 0, 0.5), -x)
    e, f = ops.split(x, 2, axis=1)
    g = ops.stack([e, f], axis=1) / ops.sqrt(ops.abs(x[:, None, :2]) + 1e-3)
    h = ops.one_hot(ops.argmax(x, axis=-1), 6)
    i = ops.logsumexp(ops.matmul(x, ops.transpose(x, (0, 2, 1))), axis=(-1,))
    j = ops.relu6(x) ** 2 - np.arange(6, dtype="float32")
    return keras.Model(x, [a, b, c, d, g, h, i, j], name="raw")


def settings():
    x = keras.Input((8, 8, 3), batch_size=2, dtype="float16", name="x")
    y = layers.Conv2D(
        4, (3, 5), strides=(2, 1), padding="same", name="c", dtype="mixed_float16",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.2, seed=3),
        bias_initializer="ones", kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2),
        kernel_constraint=keras.constraints.MaxNorm(2),
    )(x)  # fmt: skip
    y = layers.BatchNormalization(momentum=0.5, trainable=False)(y)
    y = layers.ZeroPadding2D(((1, 0), (0, 2)))(y)
    y = layers.SpectralNormalization(layers.Conv2D(2, 1, activation=keras.activations.gelu))(y)
    y = layers.Rescaling([1.0, 2.0], offset=-1)(y)
    y = layers.Normalization(mean=[1.0, 2.0], variance=[3.0, 4.0])(y)
    y = layers.Dropout(0.3, seed=7)(y, training=True)
    return keras.Model(x, layers.Softmax(axis=(1, 2))(layers.Permute((3, 1, 2))(y)), name="s")


def frozen_except_one():
    x = keras.Input((3,), name="x")
    y = layers.Dense(2, name="open")(layers.Dense(2, name="closed")(x))
    part = keras.Model(x, y, name="part")
    part.trainable = False
    part.get_layer("open").trainable = True
    z = keras.Input((3,), name="z")
    return keras.Model(z, part(z), name="partly")


@pytest.mark.parametrize(
    "build",
    [
        nested_and_shared, dicts, nested_sequential, masked_text, attention, states,
        raw_operations, frozen_except_one, settings,
    ],
)  # fmt: skip
def test_special_models_are_rebuilt(build):
    model = build()
    assert_equal(model, rebuilt(model), values=build is not settings)


def test_sequential_models_are_rebuilt():
    built = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.ReLU()], name="built")
    assert_equal(built, rebuilt(built))
    later = keras.Sequential([layers.Dense(3)], name="later")
    assert comparable(rebuilt(later)) == comparable(later)
    later.build((None, 4))
    assert_equal(later, rebuilt(later), values=False)


def test_comparison_detects_difference():
    """The comparison in these tests can fail."""
    x = keras.Input((3,), name="x")
    model = keras.Model(x, layers.Dense(2, name="d")(x), name="m")
    other = keras.Model(x, layers.Dense(2, name="d", use_bias=False)(x), name="m")
    assert comparable(model) != comparable(other)


@pytest.mark.parametrize(
    "name",
    [
        'quote"s', "it's", "back\\slash", "two\nlines", "{braces}", "emoji 👩‍💻", "\u202ertl",
        '"); import os; os._exit(1); ("', "#comment", "x" * 5000, "class", "%s", "\x00", "ñ é",
    ],
)  # fmt: skip
def test_hostile_names_are_quoted(name):
    x = keras.Input((3,), name=name + " in")
    model = keras.Model(x, layers.Dense(2, name=name)(x), name=name + " m")
    assert_equal(model, rebuilt(model))


class CustomLayer(layers.Layer):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def call(self, x):
        return x * self.units

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class WithoutConfig(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def call(self, x):
        return x


def test_layers_without_code_are_reported():
    x = keras.Input((3,), name="x")
    held = object()
    y = layers.Lambda(lambda it: it * (held is not None), name="doubled")(x)
    y = WithoutConfig(object(), name="silent")(y)
    code = to_code(keras.Model(x, layers.Dense(2, name="kept")(y), name="m"))
    assert "# doubled (Lambda): a lambda function cannot be written" in code
    assert "# silent (WithoutConfig): its class has no get_config, and an argument" in code
    assert 'layers.Dense(2, name="kept")' in code
    with pytest.raises(NotImplementedError, match="doubled could not be written"):
        exec(code, {})
    assert constructor_code(WithoutConfig(object())) == ""
    # The arguments that Keras records are enough.
    assert constructor_code(WithoutConfig(4, name="s")) == 'WithoutConfig(4, name="s")'


def test_custom_class_is_imported():
    x = keras.Input((3,), name="x")
    code = to_code(keras.Model(x, CustomLayer(5, name="own")(x), name="m"))
    assert f"from {CustomLayer.__module__} import CustomLayer" in code
    assert 'CustomLayer(units=5, name="own")(x)' in code


def test_writing_code_does_not_change_model(fresh_names):
    model = nested_and_shared()
    before = (str(model.get_config()), [len(it._inbound_nodes) for it in model.layers])
    to_code(model)
    assert before == (str(model.get_config()), [len(it._inbound_nodes) for it in model.layers])


def test_other_types_raise():
    with pytest.raises(TypeError, match="got str"):
        to_code("model")


def test_deep_model_needs_no_recursion():
    x = y = keras.Input((2,), name="x")
    for number in range(1200):
        y = layers.Identity(name=f"d{number}")(y)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)  # Keras recurses over the depth of a model
    try:
        model = keras.Model(x, y, name="deep")
    finally:
        sys.setrecursionlimit(limit)
    assert to_code(model).count("layers.Identity(") == 1200


def test_code_lines_fit_line_length():
    with preserve_keras_state():
        model = keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3))
    assert max(map(len, to_code(model).splitlines())) <= 96
