"""Multiply-adds: as published, and by hand for single layers."""

import keras
import pytest
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.keras.dry_run import preserve_keras_state
from kfunc_lab.shapes.rules.formulas import multiply_adds


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("VGG16", 15.5),  # Simonyan and Zisserman, 2014, https://arxiv.org/abs/1409.1556
        ("VGG19", 19.6),
        ("ResNet50", 3.8),  # He et al., 2015, https://arxiv.org/abs/1512.03385, table 1
        (
            "MobileNetV2",
            0.300,
        ),  # Sandler et al., 2018, https://arxiv.org/abs/1801.04381, table 4
        ("EfficientNetB0", 0.39),  # Tan and Le, 2019, https://arxiv.org/abs/1905.11946, table 2
    ],
)
def test_models_cost_what_their_papers_say(name, billions):
    with preserve_keras_state():  # without values for weights
        graph = lab.read_graph(getattr(keras.applications, name)(weights=None))
    counts = [multiply_adds(call) for call in graph.calls]
    assert None not in counts
    assert sum(counts) / 1e9 == pytest.approx(billions, rel=0.02)


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
def test_single_layers(layer, shape, expected):
    graph = lab.read_graph(layer(keras.Input(shape)))
    [call] = [it for it in graph.calls if it.id == graph.outputs[0]]
    assert multiply_adds(call) == expected
