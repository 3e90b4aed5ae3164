"""Rules for layers that do not change a shape, compared with Keras."""

import keras
import pytest
from against_keras import apply_rule, check_call, check_rejected
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

from kfunc_lab.graph.model.layer_graph import Call, TensorSpec
from kfunc_lab.shapes.rules.formulas import derivation
from kfunc_lab.shapes.rules.shape_preserving import RULES

drawn = examples(8)
REQUIRED = {
    "Activation": {"activation": "relu"},
    "Dropout": {"rate": 0.5},
    "AlphaDropout": {"rate": 0.5},
    "GaussianDropout": {"rate": 0.5},
    "GaussianNoise": {"stddev": 0.5},
    "SpatialDropout1D": {"rate": 0.5},
    "SpatialDropout2D": {"rate": 0.5},
    "SpatialDropout3D": {"rate": 0.5},
    "Rescaling": {"scale": 2.0},
    "RandomBrightness": {"factor": 0.2},
    "RandomContrast": {"factor": 0.2},
    "RandomHue": {"factor": 0.2},
    "RandomPosterization": {"factor": 4},
    "RandomRotation": {"factor": 0.2},
    "RandomSaturation": {"factor": 0.2},
    "RandomSharpness": {"factor": 0.2},
    "RandomColorDegeneration": {"factor": 0.2},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.2},
}
KINDS = [rule.kind for rule in RULES if hasattr(layers, rule.kind)]
IMAGES = [rule.kind for rule in RULES if "image_augmentation" in rule.source]


def build_layer(kind):
    return getattr(layers, kind)(**REQUIRED.get(kind, {}))


@pytest.mark.parametrize("kind", KINDS)
@drawn
@given(st.sampled_from([None, 2]), st.data())
def test_shapes_are_unchanged(kind, batch, data):
    rank = int(kind[-2]) + 1 if kind.startswith("Spatial") else 3
    rest = [data.draw(st.sampled_from([None, 5, 8])) for _axis in range(rank - 1)]
    shape = (batch, *rest, 3)
    inputs = keras.Input(batch_shape=shape)
    outputs = build_layer(kind)(inputs)
    if outputs is inputs:  # such as Equalization: no graph contains the output
        found = apply_rule(build_layer(kind), [shape])
        assert found.shapes == (shape,)
    else:
        found = check_call(outputs)
    assert found.weights == ()
    assert found.multiply_adds.value == 0


@pytest.mark.parametrize("kind", ["Activation", "ReLU", "Softmax", "Dropout", "Identity"])
@drawn
@given(st.lists(st.sampled_from([None, 1, 4]), max_size=4))
def test_any_rank_matches_keras(kind, rest):
    check_call(build_layer(kind)(keras.Input(batch_shape=(None, *rest))))


def test_rules_cover_shape_preserving_layers():
    newest = (3, 15)
    if tuple(map(int, keras.__version__.split(".")[:2])) < newest:
        pytest.skip("an earlier version has fewer layers")
    assert {rule.kind for rule in RULES} == set(KINDS)


def test_identity_returns_all_inputs():
    inputs = [keras.Input((3,)), keras.Input((4, 5))]
    assert check_call(layers.Identity()(inputs)).shapes == ((None, 3), (None, 4, 5))


@pytest.mark.parametrize("kind", IMAGES)
def test_images_with_labels_have_no_rule(kind):
    inputs = (TensorSpec((None, 8, 8, 3), "float32"), TensorSpec((None, 10), "float32"))
    call = Call("x", "x", kind, "x", inputs=inputs, settings=REQUIRED.get(kind, {}))
    if hasattr(layers, kind):
        assert derivation(call) is None


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("SpatialDropout1D", (None, 4)),
        ("SpatialDropout2D", (None, 4, 4)),
        ("SpatialDropout3D", (None, 4, 4, 4)),
    ],
)
def test_invalid_ranks_are_rejected(kind, shape):
    check_rejected(lambda: build_layer(kind), shape)


@pytest.mark.parametrize("shape", [(None, 8, 8, 1), (None, 3)])
def test_color_degeneration_needs_colors(shape):
    make = lambda: build_layer("RandomColorDegeneration")  # noqa: E731
    try:
        make()(keras.Input(batch_shape=shape))
    except ValueError:
        check_rejected(make, shape)
    else:  # earlier versions raise only for real numbers
        with pytest.raises(ValueError):  # noqa: PT011  # the message depends on the backend
            apply_rule(make(), [shape])
