"""Rules for normalisation and PReLU, compared with Keras for drawn and invalid settings."""

import keras
import pytest
from against_keras import apply_rule, check_call, compare
from examples import examples
from hypothesis import assume, given
from hypothesis import strategies as st
from keras import layers

from kfunc_lab.graph.model.layer_graph import Call, TensorSpec
from kfunc_lab.shapes.rules.formulas import derivation
from kfunc_lab.shapes.rules.normalisation import RULES
from kfunc_lab.shapes.rules.rule import DoesNotFitError, Given

drawn = examples(30)
shapes = st.tuples(
    st.sampled_from([None, 2]),
    st.lists(st.sampled_from([None, 1, 3, 4, 4, 6]), max_size=3),
).map(lambda it: (it[0], *it[1]))
places = st.integers(-4, 3)
axes = st.one_of(places, st.lists(places, min_size=1, max_size=3, unique=True))


def needs(kind):
    return pytest.mark.skipif(not hasattr(layers, kind), reason="a later version has it")


@drawn
@given(shapes, places, st.booleans(), st.booleans())
def test_batch_normalization_matches_keras(shape, axis, center, scale):
    compare(lambda: layers.BatchNormalization(axis, center=center, scale=scale), shape)


def test_batch_renormalization_has_seven_weights():
    try:
        layer = layers.BatchNormalization(renorm=True)
    except (TypeError, ValueError):
        pytest.skip("a later version has it")
    found = check_call(layer(keras.Input((5,))))
    assert len(found.weights) == 7


@drawn
@given(shapes, axes, st.booleans(), st.booleans())
def test_layer_normalization_matches_keras(shape, axis, center, scale):
    compare(lambda: layers.LayerNormalization(axis, center=center, scale=scale), shape)


def test_rms_scaling_has_gamma_only():
    [rule] = [it for it in RULES if it.kind == "LayerNormalization"]
    found = rule.derive(Given("LayerNormalization", {"rms_scaling": True}, ((None, 5),)))
    assert [it.name for it in found.weights] == ["gamma"]


@drawn
@given(shapes, st.sampled_from([-1, 1, 2, 3]), places, st.booleans(), st.booleans())
def test_group_normalization_matches_keras(shape, groups, axis, center, scale):
    compare(lambda: layers.GroupNormalization(groups, axis, center=center, scale=scale), shape)


@needs("RMSNormalization")
@drawn
@given(shapes, axes)
def test_rms_normalization_matches_keras(shape, axis):
    compare(lambda: layers.RMSNormalization(axis), shape)


@drawn
@given(shapes, axes)
def test_unit_normalization_matches_keras(shape, axis):
    compare(lambda: layers.UnitNormalization(axis), shape)


@drawn
@given(shapes, axes)
def test_normalization_matches_keras(shape, axis):
    named = [axis] if isinstance(axis, int) else axis
    assume(len({it % len(shape) for it in named}) == len(named))
    compare(lambda: layers.Normalization(axis), shape)


def test_normalization_without_axis_has_scalar_weights():
    for axis in (None, ()):
        found = derive_call("Normalization", (None, 3, 5), axis=axis)
        assert [it.shape for it in found.weights] == [(), (), ()]
    assert derive_call("Normalization", (None, 3), axis=(1, -1)) is None


@drawn
@given(shapes, st.one_of(st.just(0.5), st.lists(st.just(0.5), min_size=1, max_size=4)))
def test_normalization_with_mean_and_variance_matches_keras(shape, mean):
    make = lambda: layers.Normalization(mean=mean, variance=mean)  # noqa: E731
    try:
        outputs = make()(keras.Input(batch_shape=shape))
    except Exception:  # the error depends on the backend
        with pytest.raises(DoesNotFitError):
            apply_rule(make(), [shape])
        return
    check_call(outputs)


def test_means_for_other_axes_have_no_rule():
    assert derive_call("Normalization", (None, 3, 5), axis=1, mean=(1.0, 2.0, 3.0)) is None
    assert derive_call("Normalization", (None, 3), mean=((1.0, 2.0, 3.0),)) is None


@drawn
@given(shapes, st.one_of(st.none(), st.lists(st.integers(1, 4), max_size=3), st.just(1)))
def test_prelu_matches_keras(shape, shared):
    compare(lambda: layers.PReLU(shared_axes=shared), shape)


def test_batch_normalization_has_moving_statistics_and_no_multiply_adds():
    found = check_call(layers.BatchNormalization()(keras.Input((8, 4))))
    assert found.multiply_adds.value == 0
    assert [it.trainable for it in found.weights] == [True, True, False, False]


@pytest.mark.parametrize(
    ("kind", "settings", "shape", "arithmetic"),
    [
        ("BatchNormalization", {"axis": 2}, (None, 4), "2 ≥ 2"),
        ("BatchNormalization", {}, (None, None), ""),
        ("LayerNormalization", {"axis": (1, -3)}, (None, 4), "−3 < −2"),
        ("GroupNormalization", {"groups": 3}, (None, 8), "8 / 3"),
        ("GroupNormalization", {"groups": 16}, (None, 8), "8 / 16"),
        ("GroupNormalization", {"groups": 0}, (None, 8), ""),
        ("PReLU", {"shared_axes": (3,)}, (None, 8, 4), "2 ≥ 2"),
        ("Normalization", {"mean": (1.0, 2.0), "variance": (1.0, 2.0)}, (None, 3), "2 ≠ 3"),
    ],
)
def test_rejection_shows_arithmetic(kind, settings, shape, arithmetic):
    with pytest.raises(DoesNotFitError) as caught:
        derive_call(kind, shape, **settings)
    assert caught.value.arithmetic == arithmetic
    with pytest.raises(Exception):  # noqa: B017, PT011  # some errors come from the backend
        getattr(layers, kind)(**settings)(keras.Input(batch_shape=shape))


def derive_call(kind, shape, **settings):
    inputs = (TensorSpec(shape, "float32"),)
    return derivation(Call("x", "x", kind, "x", inputs=inputs, settings=settings))
