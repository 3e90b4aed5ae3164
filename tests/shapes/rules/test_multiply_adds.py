"""Multiply-adds of single layers by hand; test_applications.py checks whole models."""

import keras
import pytest
from keras import layers

import kfunc_lab as lab
from kfunc_lab.shapes.rules.formulas import multiply_adds


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (layers.Dense(5), (7, 3), 7 * 3 * 5),
        (layers.Conv1D(4, 3), (10, 2), 8 * 3 * 2 * 4),
        (layers.Conv2D(4, 3, groups=2), (8, 8, 6), 36 * 9 * 3 * 4),
        (layers.Conv2DTranspose(4, 3), (8, 8, 6), 64 * 9 * 6 * 4),
        (layers.DepthwiseConv2D(3), (8, 8, 6), 36 * 9 * 6),
        (layers.SeparableConv2D(4, 3), (8, 8, 6), 36 * (9 * 6 + 6 * 4)),
        (layers.EinsumDense("abc,cd->abd", (None, 5)), (7, 3), 7 * 3 * 5),
        (layers.LSTM(4), (10, 3), 10 * 4 * 4 * (3 + 4)),
        (layers.Bidirectional(layers.LSTM(4)), (10, 3), 2 * 10 * 4 * 4 * (3 + 4)),
        (layers.TimeDistributed(layers.Dense(5)), (7, 3), 7 * 3 * 5),
        (layers.BatchNormalization(), (8,), 0),
        (layers.MaxPooling2D(2), (8, 8, 3), 0),
        (layers.LSTM(4), (None, 3), None),
    ],
)
def test_single_layer_has_expected_multiply_adds(layer, shape, expected):
    graph = lab.read_graph(layer(keras.Input(shape)))
    [call] = [it for it in graph.calls if it.id == graph.outputs[0]]
    assert multiply_adds(call) == expected
