"""Tests for valid inputs of a model and for the errors of invalid ones."""

from functools import partial

import keras
import numpy as np
import pytest
import seed_models
from backends import tensorflow_case, tensorflow_only, tf
from keras import layers, ops

from kfunc_lab.forward.batch import run
from kfunc_lab.forward.inputs import check_inputs
from kfunc_lab.forward.samples import (
    as_image,
    chunks_of,
    count_non_finite,
    sample_count,
    slice_samples,
)
from kfunc_lab.forward.values import NoSuchCallError

look = partial(run, training=False, layers=None, dtype=None, limit=512_000_000)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def model_of(*shape, dtype="float32", name="img"):
    x = keras.Input(shape, dtype=dtype, name=name)
    return keras.Model(x, ops.cast(x, "float32") * 2.0)


def two_inputs(kind=list):
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    given = {"a": a, "b": b} if kind is dict else kind([a, b])
    return keras.Model(given, layers.Concatenate()([a, b]))


def error_message(model, x, kind=ValueError):
    with pytest.raises(kind) as caught:
        check_inputs(model, x)
    return str(caught.value)


# ---------------------------------------------------------------------------------------------
# The model


def test_non_model_raises_error():
    for other in ("dense", keras.Input((3,)), layers.Dense):
        assert "need a Keras model or layer" in error_message(other, numbers(2, 3), TypeError)
    assert "this is of type str." in error_message("dense", numbers(2, 3), TypeError)
    assert "KerasTensor" in error_message(keras.Input((3,)), numbers(2, 3), TypeError)


@pytest.mark.parametrize(
    "model",
    [
        layers.Dense(3, name="net"),
        keras.Sequential([layers.Dense(3)], name="net"),
        seed_models.MLP(name="net"),
    ],
    ids=lambda it: type(it).__name__,
)
def test_unbuilt_model_raises_error(model):
    message = error_message(model, numbers(2, 3))
    assert message.startswith("net has no weights yet")
    assert "net.build(input_shape)" in message
    model(numbers(2, 3))
    assert check_inputs(model, numbers(2, 3)).shape == (2, 3)


# ---------------------------------------------------------------------------------------------
# Shapes


@pytest.mark.parametrize(
    ("shape", "expected", "hint"),
    [
        ((28, 28, 1), "(n, 28, 28, 1)", "x[None]"),
        ((5, 784), "(n, 28, 28, 1)", "x.reshape((-1, 28, 28, 1))"),
        ((5, 14, 56), "(n, 28, 28, 1)", "x.reshape((-1, 28, 28, 1))"),
        ((5, 27, 28, 1), "(n, 28, 28, 1)", ""),
        ((5, 28, 28, 3), "(n, 28, 28, 1)", ""),
    ],
)
def test_wrong_shape_raises_error(shape, expected, hint):
    x = numbers(*shape)
    message = error_message(model_of(28, 28, 1), x)
    assert f"img must have the shape {expected}, but it has {shape}." in message
    assert hint in message
    if hint:
        fitting = eval(hint, {"x": x})
        assert look(model_of(28, 28, 1), fitting).samples == len(fitting)
    else:
        assert "x." not in message
        assert "x[" not in message


def test_open_axis_accepts_any_size():
    model = model_of(None, 3)
    assert "(n, ?, 3)" in error_message(model, numbers(2, 5, 4))
    assert "x[None]" in error_message(model, numbers(5, 3))
    assert "reshape" not in error_message(model, numbers(2, 5, 6))
    assert check_inputs(model, numbers(2, 7, 3)).shape == (2, 7, 3)


def test_missing_channel_axis_works_like_keras():
    model = model_of(28, 28, 1)
    x = numbers(3, 28, 28)
    flow = look(model, x)
    assert flow.values["img"].shape == (3, 28, 28, 1)
    assert np.array_equal(flow.recording.outputs, model(x))


def test_extra_axis_of_one_works_like_keras():
    model = model_of(28, 28)
    x = numbers(3, 28, 28, 1)
    flow = look(model, x)
    assert flow.values["img"].shape == (3, 28, 28)
    assert np.array_equal(flow.recording.outputs, model(x))


def test_different_batch_size_works():
    x = keras.Input(batch_shape=(4, 3), name="x")
    model = keras.Model(x, layers.Dense(2, name="d")(x))
    assert look(model, numbers(7, 3)).values["d"].shape == (7, 2)


@pytest.mark.parametrize("x", [np.zeros((0, 784)), np.float32(3), np.array(3)])
def test_empty_batch_raises_error(x):
    assert "img holds no samples" in error_message(model_of(784), x)
    assert str(np.shape(x)) in error_message(model_of(784), x)


# ---------------------------------------------------------------------------------------------
# Types


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (np.array([["a", "b"]]), "must hold float32, but it holds str"),
        (np.array([[None, 1]]), "must hold float32, but it holds object"),
        tensorflow_case(
            lambda: (tf.constant([["a", "b"]]), "must hold float32, but it holds string"), 2
        ),
        (np.array([[1j, 2]]), "must hold float32, but it holds complex128"),
    ],
)
def test_non_real_numbers_raise_error(x, expected):
    assert expected in error_message(model_of(2), x, TypeError)


@tensorflow_only("strings")
def test_numbers_for_string_input_raise_error():
    model = keras.Model(
        x := keras.Input((2,), dtype="string", name="words"),
        layers.StringLookup(vocabulary=["a"], name="lookup")(x),
    )
    assert "words must hold text, but it holds float32" in error_message(
        model, numbers(3, 2), TypeError
    )
    assert check_inputs(model, tf.constant([["a", "b"]])).shape == (1, 2)
    flow = look(model, np.array([["a", "b"]]))
    assert flow.values["lookup"].tolist() == [[1, 0]]


def test_fractions_for_integer_input_raise_error():
    model = model_of(2, dtype="int32")
    message = error_message(model, np.array([[0.5, 1]]), TypeError)
    assert "integers (int32)" in message
    assert "fractions (float64), which would be truncated" in message
    assert look(model, np.array([[3.0, 1]])).recording.outputs.tolist() == [[6, 2]]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float64"])
def test_other_number_types_are_accepted(dtype):
    model, x = model_of(2), np.array([[0, 1], [1, 1]], dtype)
    assert np.array_equal(look(model, x).recording.outputs, model(x))


# ---------------------------------------------------------------------------------------------
# Structures of arrays


def test_lists_of_numbers_are_accepted():
    model = model_of(2)
    x = check_inputs(model, [[0, 1], [1, 0], [1, 1]])
    assert isinstance(x, np.ndarray)
    assert x.shape == (3, 2)
    assert look(model, [[0, 1], [1, 0]]).recording.outputs.tolist() == [[0, 2], [2, 0]]
    assert "holds 3 arrays" in error_message(model, [[1, 2], [3]])


@pytest.mark.parametrize(
    "nest",
    [lambda it: [[it]], lambda it: [{"foo": it}], lambda it: {"foo": [it]}],
    ids=["lists", "dict in list", "list in dict"],
)
def test_only_input_in_a_deep_structure_is_accepted(nest):
    x = keras.Input((3,), name="x")
    model = keras.Model(nest(x), layers.Dense(2)(x))
    given = nest(numbers(2, 3))
    flow = look(model, given)
    assert np.array_equal(flow.recording.outputs, ops.convert_to_numpy(model(given)))


def test_symbolic_tensor_raises_error():
    message = error_message(model_of(3), keras.Input((3,)), TypeError)
    assert "img is a symbolic tensor, which has no values" in message


@pytest.mark.parametrize(
    "x",
    [
        tensorflow_case(lambda: [tf.data.Dataset.from_tensors(np.zeros((2, 3)))]),
        *("text", 3.5, None, range(3)),
    ],
    ids=lambda it: type(it).__name__,
)
def test_non_array_raises_error(x):
    with pytest.raises((TypeError, ValueError)) as caught:
        check_inputs(model_of(3), x)
    assert "img" in str(caught.value)
    if hasattr(x, "element_spec"):
        assert "If you have a dataset, take one batch of it." in str(caught.value)
        assert type(x).__name__ in str(caught.value)


@pytest.mark.parametrize("kind", [list, tuple, dict])
def test_two_inputs_accept_every_structure(kind):
    model = two_inputs(kind)
    x = [numbers(2, 4), numbers(2, 3)]
    given = dict(zip("ab", x, strict=True)) if kind is dict else kind(x)
    assert np.array_equal(look(model, given).recording.outputs, model(given))


@pytest.mark.parametrize("kind", [list, tuple, dict])
def test_dict_without_one_of_two_inputs_raises_error(kind):
    message = error_message(two_inputs(kind), {"a": numbers(2, 4)})
    assert "The model has the inputs a, b; b is missing from x." in message
    message = error_message(two_inputs(kind), {"a": numbers(2, 4), "c": numbers(2, 3)})
    assert "b is missing from x." in message


def test_dict_without_only_input_raises_error():
    message = error_message(model_of(4), {"picture": numbers(2, 4)})
    assert "The model has the inputs img; img is missing from x." in message


@pytest.mark.parametrize("kind", [list, tuple])
@pytest.mark.parametrize("limit", [512_000_000, 0])
def test_extra_dict_keys_are_ignored_like_keras(kind, limit):
    model = two_inputs(kind)
    x = {"_ids": np.arange(9), "a": numbers(2, 4), "b": numbers(2, 3)}
    flow = look(model, x, limit=limit)
    assert flow.samples == 2
    assert flow.recording.calls["a"].tensors[0].shape == (2, 4)
    assert np.array_equal(flow.sample("b", 0, 1).values, x["b"][1])


def test_wrong_number_of_inputs_raises_error():
    message = error_message(two_inputs(), [numbers(2, 4)])
    assert "The model has 2 inputs (a, b), but x holds 1 arrays." in message
    assert "x holds 3 arrays" in error_message(two_inputs(), [numbers(2, 4)] * 3)
    message = error_message(model_of(4), [numbers(2, 4), numbers(2, 4)])
    assert "The model has 1 input (img), but x holds 2 arrays." in message


def test_unequal_sample_counts_raise_error():
    message = error_message(two_inputs(), [numbers(2, 4), numbers(5, 3)])
    assert (
        "All inputs need the same number of samples, but these differ: a: 2, b: 5." in message
    )


def test_unequal_sample_counts_of_subclass_raise_error():
    class Pair(keras.Model):
        def call(self, x):
            return x[0][:2] + x[1][:2]

    model = Pair()
    model.build([(None, 4), (None, 4)])
    message = error_message(model, [numbers(2, 4), numbers(5, 4)])
    assert "the same number of samples" in message


# ---------------------------------------------------------------------------------------------
# Samples


def test_batch_has_length_and_slices():
    x = {"a": numbers(7, 2), "b": [numbers(7), keras.ops.convert_to_tensor(numbers(7, 3))]}
    assert sample_count(x) == 7
    part = slice_samples(x, 2, 5)
    assert np.array_equal(part["a"], x["a"][2:5])
    assert part["b"][1].shape == (3, 3)
    pieces = list(chunks_of(x, 3))
    assert [first for first, _piece in pieces] == [0, 3, 6]
    joined = np.concatenate([piece["b"][0] for _first, piece in pieces])
    assert np.array_equal(joined, x["b"][0])


def test_nonfinite_values_are_counted():
    x = [numbers(5, 3), np.arange(5), np.array([["a"]] * 5), numbers(5)]
    assert count_non_finite(x) == (0, [])
    x[0][3, 1] = np.nan
    x[0][3, 2] = -np.inf
    x[3][1] = np.inf
    assert count_non_finite(x) == (3, [1, 3])
    assert count_non_finite(keras.ops.convert_to_tensor([[0.0, np.nan]], "bfloat16")) == (
        1,
        [0],
    )


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        (np.zeros((8, 9, 3)), (8, 9, 3)),
        (-np.ones((2, 2, 1), "int32"), (2, 2, 1)),
        (np.zeros((9, 9, 2)), None),
        (np.zeros((28, 28), "uint8"), (28, 28, 1)),
        (np.zeros(784), (28, 28, 1)),
        (np.ones((8, 8), bool), (8, 8, 1)),
        (np.zeros((7, 7)), None),
        (np.zeros((8, 9)), None),
        (np.zeros(785), None),
        (-np.ones((28, 28)), None),
        (np.full((28, 28), np.nan), None),
        (np.zeros((28, 28), "int32"), None),  # words
        (np.array(["a"] * 64), None),
        (np.float32(3), None),
    ],
)
def test_images_are_recognized(values, shape):
    picture = as_image(values)
    assert (picture if picture is None else picture.shape) == shape
    if picture is not None:
        assert np.array_equal(picture.ravel(), values.ravel())


# ---------------------------------------------------------------------------------------------
# NaN and infinity


def some_layers():
    x = keras.Input((4,), name="x")
    hidden = layers.Dense(4, kernel_initializer="ones", name="first")(x)
    roots = ops.sqrt(hidden)
    return keras.Model(x, layers.Dense(2, kernel_initializer="ones", name="end")(roots))


@pytest.mark.parametrize("limit", [512_000_000, 0])
def test_nan_input_passes_through(limit):
    model, x = some_layers(), np.ones((3, 4), "float32")
    x[1, 2] = np.nan
    flow = look(model, x, limit=limit)
    assert np.isnan(flow.values["x"]).sum() == 1
    assert np.isnan(flow.values["end"]).all(axis=1).tolist() == [False, True, False]
    assert flow.recording.not_finite == "first"
    assert flow.statistics("x").not_finite == 1
    assert flow.statistics("end").not_finite == 2


@pytest.mark.parametrize("limit", [512_000_000, 0])
def test_first_nan_layer_is_named(limit):
    model, x = some_layers(), np.ones((3, 4), "float32")
    assert look(model, x, limit=limit).recording.not_finite == ""
    x[2] = -1
    flow = look(model, x, limit=limit)
    assert flow.recording.calls[flow.recording.not_finite].kind == "Sqrt"


def test_first_infinite_layer_is_named():
    x = keras.Input((4,), name="x")
    great = layers.Rescaling(1e30, name="great")(layers.Rescaling(1e30, name="large")(x))
    model = keras.Model(x, layers.ReLU(name="end")(great))
    flow = look(model, np.ones((2, 4), "float32"))
    assert flow.recording.not_finite == "great"
    assert np.isinf(flow.values["great"]).all()


def test_innermost_nan_layer_is_named():
    inner_x = keras.Input((4,), name="inner_x")
    bad = layers.Rescaling(np.inf, name="bad")(layers.Dense(4, name="good")(inner_x))
    inner = keras.Model(inner_x, layers.ReLU(name="after")(bad), name="inner")
    x = keras.Input((4,), name="x")
    model = keras.Model(x, layers.Dense(1, name="end")(inner(x)))
    flow = look(model, numbers(2, 4))
    assert flow.recording.not_finite == "inner/bad"


# ---------------------------------------------------------------------------------------------
# Names


def test_error_suggests_similar_names():
    x = keras.Input((5, 3), name="x")
    made = layers.Dense(1, name="end")(layers.LSTM(4, name="lstm")(x))
    model = keras.Model(x, made)
    with pytest.raises(ValueError, match=r"no call 'lsm' in this graph\. Similar names: lstm"):
        look(model, numbers(2, 5, 3), layers=["lsm"])
    with pytest.raises(ValueError, match=r"Its calls are: x, lstm, end\."):
        look(model, numbers(2, 5, 3), layers=["zzzzzz"])
    flow = look(model, numbers(2, 5, 3))
    with pytest.raises(
        NoSuchCallError, match=r"no call 'lsm' in this graph\. Similar names: lstm"
    ):
        flow.values["lsm"]
    with pytest.raises(KeyError):
        flow.values.steps("lstm/cell")
    with pytest.raises(KeyError, match="Similar names: lstm"):
        flow.values.scores("lst")
    assert "lsm" not in flow.values
    assert flow.values.get("lsm", 3) == 3


def test_inner_layer_name_works_without_path():
    model = seed_models.nested_autoencoder()
    flow = look(model, numbers(1, 28, 28, 1))
    name = next(it for it in flow.values if it.startswith("encoder/conv2d"))
    assert np.array_equal(flow.values[name.removeprefix("encoder/")], flow.values[name])
    assert name in repr(flow.values)
    assert len(flow.values) == len(list(flow.values))
