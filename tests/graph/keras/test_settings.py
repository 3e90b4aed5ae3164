"""Settings that differ from the defaults, in readable form and without side effects."""

import random

import keras
import numpy as np
import pytest
from backends import tensorflow_only
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.keras.construction import constructor_code
from kfunc_lab.graph.keras.settings import changed_settings


def named_function(x):
    return x


CASES = [
    (lambda: layers.Dense(3), {"units": 3}),
    (lambda: layers.Dense(3, activation="linear", use_bias=True), {"units": 3}),
    (lambda: layers.Dense(3, activation="relu"), {"units": 3, "activation": "relu"}),
    (lambda: layers.Dense(3, activation=keras.ops.tanh), {"units": 3, "activation": "tanh"}),
    (
        lambda: layers.Dense(3, activation=lambda x: x),
        {"units": 3, "activation": "<lambda>"},
    ),
    (
        lambda: layers.Dense(3, activation=layers.LeakyReLU(0.2)),
        {"units": 3, "activation": "LeakyReLU(negative_slope=0.2)"},
    ),
    (lambda: layers.Dense(3, name="named", trainable=False), {"units": 3}),
    (lambda: layers.Dense(3, dtype="mixed_float16"), {"units": 3, "dtype": "mixed_float16"}),
    (lambda: layers.Dense(3, dtype="float32"), {"units": 3}),
    (lambda: layers.Dense(3, kernel_initializer="glorot_uniform"), {"units": 3}),
    (
        lambda: layers.Dense(3, kernel_initializer=keras.initializers.HeNormal(seed=7)),
        {"units": 3, "kernel_initializer": "HeNormal(seed=7)"},
    ),
    (
        lambda: layers.Dense(3, bias_initializer="ones"),
        {"units": 3, "bias_initializer": "Ones()"},
    ),
    (
        lambda: layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.5)),
        {"units": 3, "kernel_regularizer": "L2(l2=0.5)"},
    ),
    (
        lambda: layers.Dense(3, kernel_constraint=keras.constraints.MaxNorm(4)),
        {"units": 3, "kernel_constraint": "MaxNorm(max_value=4)"},
    ),
    (lambda: layers.Conv2D(8, 3), {"filters": 8, "kernel_size": (3, 3)}),
    (
        lambda: layers.Conv2D(8, (3, 5), strides=2, padding="same", dilation_rate=1),
        {"filters": 8, "kernel_size": (3, 5), "strides": (2, 2), "padding": "same"},
    ),
    (
        lambda: layers.Conv1D(8, 3, data_format="channels_first"),
        {"filters": 8, "kernel_size": (3,), "data_format": "channels_first"},
    ),
    (
        lambda: layers.Conv2DTranspose(8, 3, strides=(2, 2)),
        {"filters": 8, "kernel_size": (3, 3), "strides": (2, 2)},
    ),
    (lambda: layers.MaxPooling2D(), {}),
    (lambda: layers.MaxPooling2D(3), {"pool_size": (3, 3)}),
    (lambda: layers.MaxPooling2D(3, strides=3), {"pool_size": (3, 3)}),
    (
        lambda: layers.MaxPooling2D(3, strides=2),
        {"pool_size": (3, 3), "strides": (2, 2)},
    ),
    (lambda: layers.GlobalAveragePooling2D(keepdims=True), {"keepdims": True}),
    (lambda: layers.UpSampling2D(3), {"size": (3, 3)}),
    (lambda: layers.LSTM(4), {"units": 4}),
    (
        lambda: layers.GRU(4, return_sequences=True, dropout=0.25),
        {"units": 4, "return_sequences": True, "dropout": 0.25},
    ),
    (lambda: layers.RNN(layers.LSTMCell(3)), {"cell": "LSTMCell(units=3)"}),
    (
        lambda: layers.Embedding(10, 3, mask_zero=True),
        {"input_dim": 10, "output_dim": 3, "mask_zero": True},
    ),
    (lambda: layers.MultiHeadAttention(2, 8), {"num_heads": 2, "key_dim": 8}),
    (
        lambda: layers.MultiHeadAttention(2, 8, value_dim=4),
        {"num_heads": 2, "key_dim": 8, "value_dim": 4},
    ),
    (lambda: layers.TimeDistributed(layers.Dense(3)), {"layer": "Dense(units=3)"}),
    (
        lambda: layers.TimeDistributed(layers.Dense(3, activation=lambda x: x)),
        {"layer": "Dense(units=3, activation='<lambda>')"},
    ),
    (lambda: layers.BatchNormalization(), {}),
    (lambda: layers.BatchNormalization(momentum=0.9), {"momentum": 0.9}),
    (lambda: layers.LayerNormalization(), {}),
    (lambda: layers.Dropout(0.5), {"rate": 0.5}),
    (lambda: layers.Dropout(0.5, seed=3), {"rate": 0.5, "seed": 3}),
    (
        lambda: layers.Normalization(mean=np.array([1.0, 2.0]), variance=np.ones(2)),
        {"mean": (1.0, 2.0), "variance": (1.0, 1.0)},
    ),
    (lambda: layers.Reshape((4, 4, 1)), {"target_shape": (4, 4, 1)}),
    (lambda: layers.Permute((2, 1)), {"dims": (2, 1)}),
    (lambda: layers.Flatten(), {}),
    (lambda: layers.Concatenate(), {}),
    (lambda: layers.Concatenate(axis=1), {"axis": 1}),
    (lambda: layers.Activation("relu"), {"activation": "relu"}),
    (lambda: layers.Softmax(), {}),
    (lambda: layers.ReLU(max_value=6.0), {"max_value": 6.0}),
    (lambda: layers.Lambda(named_function), {"function": "named_function"}),
    (lambda: layers.Lambda(lambda x: x), {"function": "<lambda>"}),
    (lambda: keras.Input((3,))._keras_history.operation, {}),
    (lambda: keras.Input((3,), dtype="int32")._keras_history.operation, {"dtype": "int32"}),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("make", "expected"),
    CASES,
    ids=[f"{at}-{expected}" for at, (_make, expected) in enumerate(CASES)],
)
def test_only_changed_settings_are_listed(make, expected):
    assert changed_settings(make()) == expected


@tensorflow_only("strings")
def test_vocabulary_is_listed():
    assert changed_settings(layers.StringLookup(vocabulary=["a", "b"])) == {
        "vocabulary": ("a", "b")
    }


def test_wrapper_describes_inner_layer():
    said = changed_settings(layers.Bidirectional(layers.LSTM(4), merge_mode="sum"))
    assert said["layer"] == "LSTM(units=4)"
    assert said["merge_mode"] == "sum"
    assert "0x" not in str(said)


class AnyConfig(layers.Layer):
    """A custom layer that returns any configuration."""

    def __init__(self, config, strides=None, pool_size=None, **kwargs):
        super().__init__(**kwargs)
        self.config = config

    def call(self, x):
        return x

    def get_config(self):
        return self.config


class Unequal:
    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = None


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"strides": 2}, {"strides": 2}),
        ({"strides": 2, "pool_size": 2}, {"pool_size": 2}),
        ({"strides": (2,), "pool_size": None}, {"strides": (2,)}),
        ({"strides": np.ones(3)}, {"strides": "array(3,)"}),
        ({"strides": [np.ones(2), np.ones(2)]}, {"strides": ("array(2,)", "array(2,)")}),
        ({"strides": np.float32(0.5)}, {"strides": 0.5}),
        ({"strides": Unequal()}, {"strides": "<Unequal>"}),
        ({"strides": object()}, {"strides": "<object>"}),
        ({"strides": {"class_name": "Odd", "config": 3}}, {"strides": "Odd()"}),
        ({"strides": {"a": [1, 2]}}, {"strides": {"a": (1, 2)}}),
        ({"mine": 3, 4: "x"}, {"mine": 3, "4": "x"}),
        ("not a mapping", {"config": "not a mapping"}),  # what the object holds
        (None, {}),
    ],
)
def test_any_configuration_is_accepted(config, expected):
    assert changed_settings(AnyConfig(config)) == expected


def test_call_arguments_are_settings_of_call():
    x = keras.Input((4,), name="x")
    drop = layers.Dropout(0.5, name="drop")
    calls = lab.read_graph(drop(drop(x), training=True)).calls
    assert [dict(it.settings) for it in calls[1:]] == [
        {"rate": 0.5},
        {"rate": 0.5, "training": True},
    ]


def test_reading_settings_keeps_random_state():
    made = [make() for make, _expected in CASES]
    before = random.getstate(), str(np.random.get_state()), seeds(made)
    for layer in made:
        changed_settings(layer)
    assert (random.getstate(), str(np.random.get_state()), seeds(made)) == before


def seeds(made) -> list:
    generators = [it.seed_generator for it in made if getattr(it, "seed_generator", None)]
    assert generators
    return [it.state.numpy().tolist() for it in generators]


def test_keyword_only_setting_is_listed():
    layer = layers.LayerNormalization(rms_scaling=True)
    assert changed_settings(layer)["rms_scaling"] is True
    assert "rms_scaling" not in changed_settings(layers.LayerNormalization())
    assert "rms_scaling=True" in constructor_code(layer)


def test_empty_axes_differ_from_default_axis():
    assert changed_settings(layers.Normalization(axis=None))["axis"] == ()
    assert "axis" not in changed_settings(layers.Normalization())
