"""Every layer class with a rule, compared with the layer at least once."""

import inspect
import re

import keras
import pytest
from against_keras import check_call
from backends import tensorflow_only
from keras import layers

from kfunc_lab.shapes.rules.formulas import LAYERS

CLASSES = {
    it.__name__: it
    for it in vars(layers).values()
    if isinstance(it, type) and issubclass(it, layers.Layer)
}
KINDS = sorted(LAYERS.keys() & CLASSES.keys())

# The required arguments of constructors, by name.
ARGUMENTS = {
    "activation": "relu", "bin_boundaries": [0.0, 1.0], "cell": layers.LSTMCell(3),
    "cells": [layers.LSTMCell(3), layers.GRUCell(2)], "dims": (2, 1), "equation": "abc,cd->abd",
    "factor": 0.2, "filters": 4, "function": None, "head_dim": 3, "height": 5,
    "height_factor": 0.2, "input_dim": 9, "key_dim": 3, "kernel_size": 3, "max_length": 4,
    "n": 3, "num_bins": 7, "num_heads": 2, "num_key_value_heads": 2, "num_query_heads": 4,
    "output_dim": 4, "output_shape": (None, 8), "output_size": 2, "pool_size": 2, "rate": 0.5,
    "scale": 2.0, "stddev": 0.5, "target_shape": (24,), "axes": 1, "units": 4, "width": 6,
    "width_factor": 0.2,
}  # fmt: skip
OTHER_ARGUMENTS = {
    "Bidirectional": {"layer": layers.LSTM(3)},
    "TimeDistributed": {"layer": layers.Dense(3)},
    "SpectralNormalization": {"layer": layers.Dense(3)},
    "GroupNormalization": {"groups": 2},
    "CategoryEncoding": {"num_tokens": 5},
    "Discretization": {"bin_boundaries": [0.0, 1.0]},
    "HashedCrossing": {"num_bins": 7},
    "IntegerLookup": {"vocabulary": [4, 5]},
    "StringLookup": {"vocabulary": ["a", "b"]},
    "TextVectorization": {"vocabulary": ["a", "b"]},
    "RandomPosterization": {"factor": 4},
    "MelSpectrogram": {"fft_length": 64, "sequence_length": 64, "sequence_stride": 16},
    "STFTSpectrogram": {"frame_length": 64, "frame_step": 16, "window": None},
}
SHAPES = {
    "1D": (None, 12, 4),
    "2D": (None, 12, 12, 4),
    "3D": (None, 10, 10, 10, 4),
}
SEQUENCE = (None, 6, 4)
OTHER_SHAPES = {
    **{key: [(None, 4), (None, 4)] for key in ("SimpleRNNCell", "GRUCell")},
    "LSTMCell": [(None, 4)] * 3,
    "StackedRNNCells": [(None, 4), (None, 3), (None, 3), (None, 2)],
    **{f"ConvLSTM{n}D": [(None, 5, *[10] * n, 4)] for n in (1, 2, 3)},
    "MelSpectrogram": [(None, 256)],
    "STFTSpectrogram": [(None, 256, 1)],
    "RepeatVector": [(None, 4)],
    "HashedCrossing": [(None, 1)] * 2,
    **{key: [(None, 1)] for key in ("TextVectorization", "CategoryEncoding")},
    **{key: [(None, 6)] for key in ("Embedding", "ReversibleEmbedding")},
}
TWO = {
    "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot",
    "Attention", "AdditiveAttention", "MultiHeadAttention", "GroupedQueryAttention",
}  # fmt: skip
DTYPES = {"StringLookup": "string", "TextVectorization": "string", "Hashing": "int32"}
# States are nested lists, and a stack of cells adds one more level.
STATES = {
    "SimpleRNNCell": lambda it, x, h: it(x, h),
    "GRUCell": lambda it, x, h: it(x, h),
    "LSTMCell": lambda it, x, h, c: it(x, [h, c]),
    "StackedRNNCells": lambda it, x, a, b, c: it(x, [[a, b], c]),
}


def build_layer(kind):
    cls = CLASSES[kind]
    required = {
        name: ARGUMENTS[name]
        for name, it in inspect.signature(cls.__init__).parameters.items()
        if name in ARGUMENTS and it.default is inspect.Parameter.empty
    }
    layer = cls(**{**required, **OTHER_ARGUMENTS.get(kind, {})})
    return type(layer).from_config(layer.get_config())  # with separate inner layers


def build_inputs(kind):
    space = re.search(r"[123]D", kind)
    shapes = OTHER_SHAPES.get(kind) or [SHAPES[space[0]] if space else SEQUENCE]
    if not space and kind not in OTHER_SHAPES and _takes_images(kind):
        shapes = [(None, 12, 12, 3)]
    if kind in TWO:
        shapes = shapes * 2
    return [keras.Input(batch_shape=it, dtype=DTYPES.get(kind, "float32")) for it in shapes]


def _takes_images(kind):
    return "image" in LAYERS[kind].source or kind.startswith("Random")


OF_TENSORFLOW = (
    "HashedCrossing",
    "Hashing",
    "IntegerLookup",
    "StringLookup",
    "TextVectorization",
)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=tensorflow_only("a layer that computes with TensorFlow"))
        if kind in OF_TENSORFLOW
        else kind
        for kind in KINDS
    ],
)
def test_rule_matches_layer(kind):
    layer, inputs = build_layer(kind), build_inputs(kind)
    if kind in STATES:
        outputs = STATES[kind](layer, *inputs)
    elif kind in ("MultiHeadAttention", "GroupedQueryAttention"):
        outputs = layer(*inputs)
    else:
        outputs = layer(inputs if len(inputs) > 1 else inputs[0])
    found = check_call(outputs)
    assert found.parameters.value == layer.count_params()
    if len(inputs) == 1:
        expected = layer.compute_output_shape(inputs[0].shape)
        assert found.shapes[0] == tuple(expected)


def test_every_rule_is_covered():
    assert len(KINDS) >= 100
    assert {rule.kind for rule in LAYERS.values()} == set(LAYERS)
    assert all(rule.source.startswith("https://") for rule in LAYERS.values())
