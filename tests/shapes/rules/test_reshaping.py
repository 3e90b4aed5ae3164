"""Rules for reshaping layers, compared with Keras."""

import keras
import pytest
from against_keras import apply_rule, compare
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

from kfunc_lab.graph.model.layer_graph import Call, TensorSpec
from kfunc_lab.shapes.rules.arithmetic import equation
from kfunc_lab.shapes.rules.formulas import derivation
from kfunc_lab.shapes.rules.rule import DoesNotFitError

drawn = examples(50)
batches = st.sampled_from([None, 2])
sizes = st.sampled_from([None, 1, 2, 3, 4, 6])


@drawn
@given(batches, st.lists(sizes, max_size=4), st.sampled_from([None, "channels_first"]))
def test_flatten_matches_keras(batch, rest, data_format):
    compare(lambda: layers.Flatten(data_format), (batch, *rest))


@drawn
@given(
    batches,
    st.lists(sizes, max_size=3),
    st.lists(st.sampled_from([-1, 1, 2, 3, 4, 6, 12]), max_size=3),
)
def test_reshape_matches_keras(batch, rest, target):
    compare(lambda: layers.Reshape(tuple(target)), (batch, *rest))


@drawn
@given(st.data())
def test_valid_reshape_matches_keras(data):
    target = data.draw(st.lists(st.sampled_from([1, 2, 3, 5]), min_size=1, max_size=4))
    rest = data.draw(st.permutations(target))
    target[data.draw(st.integers(0, len(target) - 1))] = -1
    compare(lambda: layers.Reshape(tuple(target)), (None, *rest))


@drawn
@given(st.data())
def test_permute_matches_keras(data):
    rest = data.draw(st.lists(sizes, min_size=1, max_size=4))
    dims = data.draw(st.permutations(range(1, data.draw(st.integers(1, 4)) + 1)))
    compare(lambda: layers.Permute(tuple(dims)), (None, *rest))


@drawn
@given(st.lists(sizes, max_size=2), st.integers(1, 5))
def test_repeat_vector_matches_keras(rest, n):
    compare(lambda: layers.RepeatVector(n), (None, *rest))


def test_inferred_size_is_fraction():
    found = apply_rule(layers.Reshape((28, 1, -1)), [(None, 784)])
    assert equation(found.outputs[0][3].size) == "⌊784/(28·1)⌋ = 28"
    found = apply_rule(layers.Reshape((-1,)), [(None, 4, 5)])
    assert equation(found.outputs[0][1].size) == "4·5 = 20"


def test_unknown_target_size_has_no_rule():
    assert derive_call("Reshape", (None, 4), target_shape=(None, 2)) is None


@pytest.mark.parametrize(
    ("target", "arithmetic"),
    [
        ((28, 26), "28·28·1 = 784 ≠ 28·26 = 728"),
        ((30, -1), "28·28·1/30"),
        ((0, -1), "28·28·1/0"),
    ],
)
def test_reshape_rejection_shows_both_products(target, arithmetic):
    shape = (None, 28, 28, 1)
    compare(lambda: layers.Reshape(target), shape)
    with pytest.raises(DoesNotFitError) as caught:
        apply_rule(layers.Reshape(target), [shape])
    assert caught.value.arithmetic == arithmetic


@pytest.mark.parametrize(
    ("kind", "settings", "shape"),
    [
        ("Reshape", {"target_shape": (-1, -1)}, (None, 4)),
        ("Reshape", {"target_shape": (-2, 2)}, (None, 4)),
        ("Permute", {"dims": (1, 3)}, (None, 4, 5)),
        ("Permute", {"dims": (0, 1)}, (None, 4, 5)),
    ],
)
def test_invalid_settings_are_rejected(kind, settings, shape):
    with pytest.raises(DoesNotFitError):
        derive_call(kind, shape, **settings)
    with pytest.raises(ValueError):  # noqa: PT011  # Keras chooses the message
        getattr(layers, kind)(**settings)(keras.Input(batch_shape=shape))


def test_repeat_vector_rejects_zero():
    with pytest.raises(DoesNotFitError):  # earlier versions raise only for real numbers
        derive_call("RepeatVector", (None, 4), n=0)


def derive_call(kind, shape, **settings):
    inputs = (TensorSpec(shape, "float32"),)
    return derivation(Call("x", "x", kind, "x", inputs=inputs, settings=settings))
