"""Confusions are counted and drawn correctly, and leave the model unchanged."""

import base64
import functools
import itertools
import random
import struct
import xml.etree.ElementTree as ET

import keras
import numpy as np
import pytest
from backends import BACKEND, tensorflow_only, tf
from keras import layers, losses, ops

from kfunc_lab.datasets.digits import mnist
from kfunc_lab.training.measuring import predictions
from kfunc_lab.training.measuring.prediction_figures import to_svg, to_text
from kfunc_lab.training.measuring.predictions import Confusion, Example, Predictor
from kfunc_lab.ui.text_width import text_width
from kfunc_lab.ui.theme import SURFACE, TEXT, TRAINING, VALIDATION

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(7)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def classes(count, among=3, seed=1):
    return np.random.default_rng(seed).integers(among, size=count)


def one_hot(labels, among=3):
    return np.eye(among, dtype="float32")[labels]


def model_of(units, activation, loss, **compiled):
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(8, activation="relu"),
            layers.Dense(units, activation=activation, name="out"),
        ]
    )
    model.compile("adam", loss, **compiled)
    return model


def predict(model, *probe):
    return Predictor(model, probe).predict()


def answers(model, x):
    return model(x, training=False).numpy()


def counted(truth, predicted, among):
    """Reference: count one sample at a time."""
    counts = [[0] * among for _ in range(among)]
    for row, column in zip(truth, predicted, strict=True):
        counts[row][column] += 1
    return tuple(map(tuple, counts))


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def sigmoid(scores):
    return 1 / (1 + np.exp(-scores))


def check(confusion, truth, probabilities):
    """Compare a confusion with the probabilities of the classes."""
    probabilities = np.asarray(probabilities, float)
    predicted = probabilities.argmax(axis=1)
    among = probabilities.shape[1]
    assert confusion.classes == among
    assert confusion.counts == counted(truth, predicted, among)
    assert confusion.total == len(truth)
    assert confusion.right == int((truth == predicted).sum())
    of_truth = probabilities[np.arange(len(truth)), truth]
    wrong = [it for it in range(len(truth)) if predicted[it] != truth[it]]
    worst = sorted(wrong, key=lambda it: (round(of_truth[it], 6), it))[:8]
    assert [it.index for it in confusion.worst] == worst
    assert len(worst) > 2  # otherwise the comparison proves little
    for it in confusion.worst:
        assert (it.truth, it.predicted) == (truth[it.index], predicted[it.index])
        assert it.probability == pytest.approx(probabilities[it.index].max(), abs=1e-5)
        assert it.of_truth == pytest.approx(of_truth[it.index], abs=1e-5)


# ---------------------------------------------------------------------------------------------
# Kinds of labels and losses


SPARSE, ONE_HOT = losses.SparseCategoricalCrossentropy, losses.CategoricalCrossentropy


class OwnLoss(losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(y_pred, axis=-1)


def own_loss(y_true, y_pred):
    return ops.mean(y_pred, axis=-1)


def named(loss):
    """Return a test id for a loss, the same in every process."""
    return str(getattr(loss, "name", getattr(loss, "__name__", loss)))


from_logits = functools.partial(losses.sparse_categorical_crossentropy, from_logits=True)


@pytest.mark.parametrize(
    "loss",
    [
        *("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", "crossentropy"),
        *(SPARSE(), losses.sparse_categorical_crossentropy, own_loss, OwnLoss(), SPARSE),
    ],
    ids=named,
)
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)], ids=["(n,)", "(n, 1)"])
def test_integer_labels_are_counted(loss, shape):
    model, x, y = model_of(3, "softmax", loss), numbers(200, 4), classes(200)
    [found] = predict(model, x, y.reshape(shape))
    assert found.output == "out"
    check(found, y, answers(model, x))


@pytest.mark.parametrize(
    "loss",
    [
        *("categorical_crossentropy", ONE_HOT(label_smoothing=0.1), "crossentropy", own_loss),
        *(losses.CategoricalFocalCrossentropy(), OwnLoss()),
    ],
    ids=named,
)
@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_one_hot_labels_are_counted(loss, dtype):
    model, x, y = model_of(3, "softmax", loss), numbers(200, 4), classes(200)
    [found] = predict(model, x, one_hot(y).astype(dtype))
    check(found, y, answers(model, x))


@pytest.mark.parametrize(
    ("loss", "labels"),
    [
        (SPARSE(from_logits=True), classes(200)),
        (ONE_HOT(from_logits=True), one_hot(classes(200))),
        (losses.CategoricalFocalCrossentropy(from_logits=True), one_hot(classes(200))),
        (from_logits, classes(200)),
        (own_loss, one_hot(classes(200))),
        ("sparse_categorical_crossentropy", classes(200)),
    ],
    ids=["sparse", "one-hot", "focal", "partial", "own", "not said"],
)
def test_multiclass_logits_are_counted(loss, labels):
    model, x = model_of(3, None, loss), numbers(200, 4)
    [found] = predict(model, x, labels)
    check(found, classes(200), softmax(answers(model, x)))


def test_declared_logits_may_lie_between_0_and_1():
    model, x = model_of(3, "sigmoid", SPARSE(from_logits=True)), numbers(200, 4)
    # One more layer hides where the logits come from.
    whole = keras.Sequential([model, layers.Rescaling(1.0)])
    whole.compile("adam", SPARSE(from_logits=True))
    [found] = predict(whole, x, classes(200))
    check(found, classes(200), softmax(answers(model, x)))


def test_softmax_is_not_applied_twice():
    model, x = model_of(3, "softmax", SPARSE(from_logits=True)), numbers(200, 4)
    [found] = predict(model, x, classes(200))
    check(found, classes(200), answers(model, x))


def test_probabilities_are_normalized():
    model, x = model_of(3, "sigmoid", "categorical_crossentropy"), numbers(200, 4)
    given = answers(model, x)
    [found] = predict(model, x, one_hot(classes(200)))
    check(found, classes(200), given / given.sum(axis=1, keepdims=True))


def test_first_piece_decides_for_all_pieces():
    model = keras.Sequential([keras.Input((3,)), layers.Activation("linear")])
    model.compile("adam", from_logits)
    x = np.concatenate([numbers(64, 3) * 5, [[0.2, 0.3, 0.9]]]).astype("float32")
    weights = np.arange(65) == 64
    [found] = predict(model, x, np.zeros(65, int), weights)
    assert found.worst[0].probability == pytest.approx(softmax(x[-1:])[0, 2], rel=1e-5)


def test_all_zero_logits_are_recognized():
    model = model_of(3, None, from_logits)
    model.layers[-1].set_weights([np.zeros((8, 3)), np.zeros(3)])
    [found] = predict(model, numbers(9, 4), np.arange(9) % 3)
    assert found.counts == ((3, 0, 0),) * 3
    assert found.unclear == 0
    assert found.worst[0].of_truth == pytest.approx(1 / 3)


def two_columns(yes):
    yes = np.asarray(yes, float).reshape(-1)
    return np.stack([1 - yes, yes], axis=1)


BINARY = losses.BinaryCrossentropy


@pytest.mark.parametrize(
    ("loss", "dtype"),
    [
        ("binary_crossentropy", "float32"),
        (BINARY(), "int64"),
        ("crossentropy", "bool"),
        (losses.BinaryFocalCrossentropy(), "uint8"),
    ],
    ids=["plain", "object", "crossentropy", "focal"],
)
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)], ids=["(n,)", "(n, 1)"])
def test_binary_predictions_are_counted(loss, dtype, shape):
    model, x, y = model_of(1, "sigmoid", loss), numbers(200, 4), classes(200, 2)
    [found] = predict(model, x, y.astype(dtype).reshape(shape))
    check(found, y, two_columns(answers(model, x)))


def flat_model(activation, loss):
    inputs = keras.Input((4,))
    dense = layers.Dense(1, activation=activation)(inputs)
    model = keras.Model(inputs, layers.Reshape((), name="flat")(dense))
    model.compile("adam", loss)
    return model


def test_binary_output_without_last_axis_is_counted():
    model, x, y = flat_model("sigmoid", "binary_crossentropy"), numbers(200, 4), classes(200, 2)
    assert model.output_shape == (None,)
    [found] = predict(model, x, y)
    check(found, y, two_columns(answers(model, x)))


@pytest.mark.parametrize(
    "loss",
    [BINARY(from_logits=True), losses.BinaryFocalCrossentropy(from_logits=True)],
    ids=["plain", "focal"],
)
@pytest.mark.parametrize("make", [flat_model, lambda *args: model_of(1, *args)])
def test_binary_logits_are_counted(make, loss):
    model, x, y = make(None, loss), numbers(200, 4), classes(200, 2)
    [found] = predict(model, x, y)
    check(found, y, two_columns(sigmoid(answers(model, x))))


def test_binary_logits_follow_loss_that_expects_probabilities():
    """As Keras's loss and accuracy do: cut off at 0 and 1, and at 0.5 in the middle."""
    model, x, y = model_of(1, None, "binary_crossentropy"), numbers(200, 4), classes(200, 2)
    model.compile("adam", "binary_crossentropy", metrics=["binary_accuracy"])
    [found] = predict(model, x, y)
    check(found, y, two_columns(np.clip(answers(model, x), 0, 1)))
    accuracy = model.evaluate(x, y, verbose=0, return_dict=True)["binary_accuracy"]
    assert found.right / found.total == pytest.approx(accuracy)


def test_accuracy_equals_keras_accuracy():
    model, x, y = model_of(3, "softmax", "crossentropy", metrics=["accuracy"]), *data()
    [found] = predict(model, x, y)
    accuracy = model.evaluate(x, y, verbose=0, return_dict=True)["accuracy"]
    assert found.right / found.total == pytest.approx(accuracy)


def data(count=200):
    return numbers(count, 4), classes(count)


# ---------------------------------------------------------------------------------------------
# Kinds of models


def two_outputs(pack):
    inputs = keras.Input((4,), name="x")
    one = layers.Dense(3, activation="softmax", name="one")(inputs)
    two = layers.Dense(1, activation="sigmoid", name="two")(inputs)
    three = layers.Dense(1, name="three")(inputs)
    return keras.Model(inputs, pack(one, two, three))


def as_list(*parts):
    return list(parts)


def as_dict(one, two, three):
    return {"one": one, "two": two, "three": three}


def swapped(one, two, three):
    return {"three": three, "two": two, "one": one}


LOSSES = ("sparse_categorical_crossentropy", "binary_crossentropy", "mse")
PACKS = {"list": as_list, "dict": as_dict}


@pytest.mark.parametrize(
    ("outputs", "chosen", "given"),
    [
        (as_list, as_list, as_list),
        (as_list, as_dict, as_list),
        (as_list, as_dict, as_dict),
        (as_list, as_list, swapped),
        (as_dict, as_dict, as_dict),
        (as_dict, swapped, swapped),
        (swapped, as_dict, as_dict),
    ],
)
def test_several_outputs_are_counted_separately(outputs, chosen, given):
    model = two_outputs(outputs)
    model.compile("sgd", chosen(*LOSSES), run_eagerly=True)
    x, first, second = numbers(150, 4), classes(150), classes(150, 2, seed=2)
    y = given(first, second, classes(150, 2))
    found = {it.output: it for it in predict(model, x, y)}
    assert set(found) == {"one", "two"}
    expected = model.predict(x, verbose=0)
    if not isinstance(expected, dict):
        expected = dict(zip(model.output_names, expected, strict=True))
    check(found["one"], first, expected["one"])
    check(found["two"], second, two_columns(expected["two"]))
    model.fit(x, y, verbose=0)  # Keras accepts them in the same way


def test_output_without_loss_or_labels_is_skipped():
    model = two_outputs(as_dict)
    x, first, second = numbers(150, 4), classes(150), classes(150, 2)
    model.compile("sgd", {"one": LOSSES[0]})
    assert [it.output for it in predict(model, x, as_dict(first, second, second))] == ["one"]
    model.compile("sgd", as_dict(*LOSSES))
    assert [it.output for it in predict(model, x, {"two": second})] == ["two"]
    assert [it.output for it in predict(model, x, as_dict(None, second, None))] == ["two"]
    assert predict(model, x, first) == ()


@pytest.mark.parametrize("weigh", [as_list, as_dict])
def test_each_output_uses_own_weights(weigh):
    model = two_outputs(as_list)
    model.compile("sgd", list(LOSSES))
    x, first, second = numbers(150, 4), classes(150), classes(150, 2)
    weights = weigh(np.arange(150) % 2, np.arange(150) % 3, np.ones(150))
    one, two = predict(model, x, [first, second, second], weights)
    assert (one.total, two.total) == (75, 100)


def test_dict_inputs_are_counted():
    a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
    outputs = layers.Dense(3, activation="softmax")(layers.Concatenate()([a, b]))
    model = keras.Model({"a": a, "b": b}, outputs)
    model.compile("adam", "sparse_categorical_crossentropy")
    x = {"b": numbers(150, 2, seed=3), "a": numbers(150, 4)}
    [found] = predict(model, x, classes(150))
    check(found, classes(150), model.predict(x, verbose=0))


def test_optional_input_can_be_missing():
    class Either(layers.Layer):
        def call(self, a, b=None):
            return a if b is None else a + b

        def compute_output_spec(self, a, b=None):
            return a

    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b", optional=True)
    outputs = layers.Dense(3, activation="softmax")(Either()(a, b))
    model = keras.Model({"a": a, "b": b}, outputs)
    model.compile("adam", "sparse_categorical_crossentropy")
    x = {"a": numbers(150, 4), "b": None}
    try:
        expected = answers(model, x)
    except ValueError:
        pytest.skip(f"Keras {keras.__version__} takes no None")
    [found] = predict(model, x, classes(150))
    check(found, classes(150), expected)


class Own(keras.Model):
    def __init__(self, outputs=1):
        super().__init__(name="own")
        self.heads = [layers.Dense(3, activation="softmax") for _ in range(outputs)]
        self.drop = layers.Dropout(0.5)

    def call(self, x, training=False):
        given = [head(self.drop(x, training=training)) for head in self.heads]
        return given if len(given) > 1 else given[0]


def test_subclassed_model_is_counted():
    model, (x, y) = Own(), data()
    model.compile("adam", "sparse_categorical_crossentropy")
    assert predict(model, x, y) == ()  # it is not built
    expected = model.predict(x, verbose=0)
    [found] = predict(model, x, y)
    assert found.output == "own"
    check(found, y, expected)


def test_unnamed_outputs_are_counted():
    model, (x, y) = Own(2), data()
    model.compile("adam", ["sparse_categorical_crossentropy"] * 2)
    expected = model.predict(x, verbose=0)
    found = predict(model, x, [y, y])
    assert [it.output for it in found] == ["own[0]", "own[1]"]
    for it, values in zip(found, expected, strict=True):
        check(it, y, values)


class OwnStep(Own):
    def train_step(self, data):
        return {"loss": 0.0}


def test_custom_train_step_is_counted():
    model, (x, y) = OwnStep(), data()
    model.compile("adam")
    expected = model.predict(x, verbose=0)
    [found] = predict(model, x, y)
    check(found, y, expected)


class Never(keras.Model):
    def __init__(self):
        super().__init__()
        self.generator = layers.Dense(3)
        self.built = True


def test_model_without_call_is_skipped():
    model, (x, y) = Never(), data()
    model.compile("adam", "sparse_categorical_crossentropy")
    assert predict(model, x, y) == ()


@pytest.mark.parametrize("count", [5, 8, 20])
def test_fixed_batch_size_is_respected(count):
    seen = []

    class Noting(layers.Layer):
        def call(self, x):
            seen.append(x.shape[0])
            return x

    model = keras.Sequential(
        [keras.Input((4,), batch_size=8), Noting(), layers.Dense(3, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = numbers(24, 4), (classes(24) + 1) % 3
    expected = model.predict(x, batch_size=8, verbose=0)[:count]
    seen.clear()
    [found] = predict(model, x[:count], y[:count])
    assert set(seen) == {8}
    assert found.counts == counted(y[:count], expected.argmax(axis=1), 3)
    assert sum(map(sum, found.counts)) == count


def test_at_most_1000_samples_are_predicted_64_at_a_time(monkeypatch):
    model, (x, y) = model_of(3, "softmax", "sparse_categorical_crossentropy"), data(1100)
    sizes = []
    original = predictions._Tally.add

    def add(self, first, output):
        sizes.append((first, int(output.shape[0])))
        original(self, first, output)

    monkeypatch.setattr(predictions._Tally, "add", add)
    [found] = predict(model, x, y)
    assert sizes == [(first, min(64, 1000 - first)) for first in range(0, 1000, 64)]
    check(found, y[:1000], model.predict(x[:1000], verbose=0))


def test_tensors_are_accepted():
    model, (x, y) = model_of(3, "softmax", "sparse_categorical_crossentropy"), data()
    tensors = ops.convert_to_tensor(x), ops.convert_to_tensor(y), ops.ones(200)
    assert predict(model, *tensors) == predict(model, x, y)


def test_half_precision_outputs_are_counted():
    inputs = keras.Input((4,))
    dense = layers.Dense(3, activation="softmax", dtype="mixed_bfloat16")
    model = keras.Model(inputs, dense(inputs))
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = data()
    [found] = predict(model, x, y)
    predicted = answers(model, x).astype("float32").argmax(axis=1)
    assert found.counts == counted(y, predicted, 3)


# ---------------------------------------------------------------------------------------------
# Models that are not classifiers


def step_model():
    inputs = keras.Input((5, 4))
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(inputs))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


NOT_CLASSIFIERS = {
    "mse of whole numbers": (lambda: model_of(3, None, "mse"), (4,), classes(40)),
    "mse of zeros and ones": (lambda: model_of(1, "sigmoid", "mse"), (4,), classes(40, 2)),
    "mse of one-hot rows": (lambda: model_of(3, None, "mse"), (4,), one_hot(classes(40))),
    "huber": (lambda: model_of(3, None, losses.Huber()), (4,), classes(40)),
    "own loss, one number": (lambda: model_of(1, None, own_loss), (4,), classes(40, 2)),
    "own loss, floats": (lambda: model_of(3, None, own_loss), (4,), classes(40) * 1.0),
    "own loss, no classes": (lambda: model_of(3, None, own_loss), (4,), classes(40, 9)),
    "several at once": (
        lambda: model_of(3, "sigmoid", "binary_crossentropy"),
        (4,),
        np.tile([1, 0, 1], (40, 1)),
    ),
    "one-hot with a binary loss": (
        lambda: model_of(3, "sigmoid", "binary_crossentropy"),
        (4,),
        one_hot(classes(40)),
    ),
    "too large": (lambda: model_of(3, "softmax", LOSSES[0]), (4,), classes(40) + 1),
    "below zero": (lambda: model_of(3, "softmax", LOSSES[0]), (4,), classes(40) - 1),
    "fractions": (lambda: model_of(3, "softmax", LOSSES[0]), (4,), classes(40) + 0.5),
    "NaN": (lambda: model_of(3, "softmax", LOSSES[0]), (4,), np.full(40, np.nan)),
    "soft labels": (
        lambda: model_of(3, "softmax", "categorical_crossentropy"),
        (4,),
        np.full((40, 3), 1 / 3),
    ),
    "two at once": (
        lambda: model_of(3, "softmax", "categorical_crossentropy"),
        (4,),
        np.tile([1, 0, 1], (40, 1)),
    ),
    "binary of 1 and 2": (
        lambda: model_of(1, "sigmoid", "binary_crossentropy"),
        (4,),
        classes(40, 2) + 1,
    ),
    "text": (lambda: model_of(3, "softmax", own_loss), (4,), np.array(["a"] * 40)),
    "too few": (lambda: model_of(3, "softmax", LOSSES[0]), (4,), classes(39)),
    "steps": (step_model, (5, 4), classes(200).reshape(40, 5)),
    "no labels": (lambda: model_of(3, "softmax", LOSSES[0]), (4,), None),
}


@pytest.mark.parametrize(("make", "shape", "y"), NOT_CLASSIFIERS.values(), ids=NOT_CLASSIFIERS)
def test_non_classifier_has_no_confusion(make, shape, y):
    assert predict(make(), numbers(40, *shape), y) == ()


def test_regression_model_is_called_on_one_piece():
    calls = []

    class Noting(layers.Layer):
        def call(self, x):
            calls.append(x.shape[0])
            return x

    model = keras.Sequential([keras.Input((4,)), Noting()])
    model.compile("adam", "mse")
    calls.clear()
    assert predict(model, numbers(500, 4), classes(500)) == ()
    assert calls == [64]


def test_uncompiled_model_is_skipped():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
    assert predict(model, *data()) == ()


def test_empty_batch_has_no_confusion():
    model = model_of(3, "softmax", "sparse_categorical_crossentropy")
    assert predict(model, numbers(0, 4), classes(0)) == ()


@pytest.mark.parametrize("probe", [3, (np.ones(2),), (3, 4), ([1, 2], [3, 4])])
def test_invalid_probe_raises_error(probe):
    with pytest.raises(TypeError, match="The probe must be"):
        Predictor(model_of(3, "softmax", "sparse_categorical_crossentropy"), probe)


def test_model_error_is_raised():
    model = model_of(3, "softmax", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="expected axis -1"):
        predict(model, numbers(8, 5), classes(8))


# ---------------------------------------------------------------------------------------------
# Skipped and unclear samples


def test_zero_weight_samples_are_skipped():
    model, (x, y) = model_of(3, "softmax", "sparse_categorical_crossentropy"), data()
    weights = (np.arange(200) % 4).astype("float32")
    labels = np.where(weights > 0, y, -1)  # their labels do not matter either
    expected = model.predict(x, verbose=0)
    kept = np.flatnonzero(weights)
    for given in (weights, weights[:, None]):
        [found] = predict(model, x, labels, given)
        assert found.counts == counted(y[kept], expected[kept].argmax(axis=1), 3)
        assert found.total == 150
        assert found.unclear == 0
        assert len(found.worst) == 8
        assert all(weights[it.index] for it in found.worst)


def test_all_zero_weights_leave_no_confusion():
    model, (x, y) = model_of(3, "softmax", "sparse_categorical_crossentropy"), data()
    assert predict(model, x, y, np.zeros(200)) == ()


def test_weights_of_wrong_shape_are_rejected():
    model, (x, y) = model_of(3, "softmax", "sparse_categorical_crossentropy"), data()
    assert predict(model, x, y, np.ones((200, 3))) == ()


def test_ignored_class_is_skipped():
    model, (x, y) = model_of(3, "softmax", SPARSE(ignore_class=255)), data()
    labels = np.where(np.arange(200) % 2, y, 255)
    expected = model.predict(x, verbose=0).argmax(axis=1)
    [found] = predict(model, x, labels)
    assert found.counts == counted(y[1::2], expected[1::2], 3)


@pytest.mark.parametrize(
    ("units", "activation", "loss"),
    [
        (3, "softmax", SPARSE()),
        (3, None, SPARSE(from_logits=True)),
        (3, None, from_logits),
        (1, "sigmoid", BINARY()),
        (1, None, BINARY(from_logits=True)),
    ],
    ids=["softmax", "logits", "logits not said", "sigmoid", "binary logits"],
)
def test_nan_predictions_are_reported_and_not_counted(units, activation, loss):
    model, (x, y) = model_of(units, activation, loss), (numbers(200, 4), classes(200, 2))
    x[:70] = np.nan  # all of the first piece
    given = model.predict(x[70:], verbose=0)
    predicted = given.argmax(axis=1) if units > 1 else given[:, 0] > (0.5 if activation else 0)
    [found] = predict(model, x, y)
    assert found.unclear == 70
    assert found.counts == counted(y[70:], predicted.astype(int), max(units, 2))
    assert all(it.index >= 70 for it in found.worst)


def test_all_nan_predictions_are_reported():
    model, (x, y) = model_of(3, "softmax", "sparse_categorical_crossentropy"), data()
    [found] = predict(model, x * np.nan, y)
    assert (found.unclear, found.total, found.worst) == (200, 0, ())


def test_more_than_30_classes_store_only_nonzero_counts():
    model, x = model_of(31, "softmax", "sparse_categorical_crossentropy"), numbers(100, 4)
    y = classes(100, 31)
    [found] = predict(model, x, y)
    predicted = model.predict(x, verbose=0).argmax(axis=1)
    assert found.counts == ()
    expected = counted(y, predicted, 31)
    assert found.cells == tuple(
        (row, column, expected[row][column])
        for row in range(31)
        for column in range(31)
        if expected[row][column]
    )
    assert (found.total, found.right) == (100, int((y == predicted).sum()))


def test_ties_keep_their_order():
    model = keras.Sequential([keras.Input((3,)), layers.Activation("linear")])
    model.compile("adam", from_logits)
    x = np.array([[0, 0, -1], [0, 0, -2]], "float32")[classes(1000, 2)]
    [found] = predict(model, x, np.full(1000, 2))
    assert [it.index for it in found.worst] == list(np.flatnonzero(x[:, 2] == -2)[:8])


# ---------------------------------------------------------------------------------------------
# Pictures of the samples


def image_model(*shape):
    model = keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(3)])
    model.compile("adam", SPARSE(from_logits=True))
    return model


@pytest.mark.parametrize(
    ("shape", "picture"),
    [((8, 8), (8, 8, 1)), ((8, 9, 1), (8, 9, 1)), ((8, 9, 3), (8, 9, 3)), ((64,), (8, 8, 1))],
)
def test_worst_examples_include_images(shape, picture):
    x = np.random.default_rng(0).random((30, *shape)).astype("float32")
    [found] = predict(image_model(*shape), x, classes(30))
    assert len(found.worst) > 2
    for it in found.worst:
        np.testing.assert_array_equal(it.picture, x[it.index].reshape(picture))
        assert not np.shares_memory(it.picture, x)


@pytest.mark.parametrize("shape", [(4,), (8, 9), (8, 8, 2)])
def test_non_images_have_no_pictures(shape):
    [found] = predict(image_model(*shape), numbers(30, *shape), classes(30))
    assert found.worst
    assert all(it.picture is None for it in found.worst)


def test_picture_comes_from_first_image_input():
    table, image = keras.Input((4,), name="table"), keras.Input((8, 8, 3), name="image")
    both = layers.Concatenate()([table, layers.Flatten()(image)])
    model = keras.Model([table, image], layers.Dense(3)(both))
    model.compile("adam", SPARSE(from_logits=True))
    x = [numbers(30, 4), numbers(30, 8, 8, 3)]
    [found] = predict(model, x, classes(30))
    assert found.worst
    for it in found.worst:
        np.testing.assert_array_equal(it.picture, x[1][it.index])


# ---------------------------------------------------------------------------------------------
# Nothing changes


class Restless(layers.Layer):
    """Draws and counts in inference too, and stores its inputs."""

    def __init__(self):
        super().__init__()
        self.seeds = keras.random.SeedGenerator(3)
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)
        self.seen = None

    def call(self, x):
        self.calls.assign_add(1.0)
        self.seen = x
        return x + keras.random.normal((8, 5), seed=self.seeds) + random.random()


def restless():
    """Return a model in which every possible state changes."""
    inputs = keras.Input((3, 4), batch_size=8)
    x = Traced()(layers.GRU(5, stateful=True, name="states")(inputs))
    x = Restless()(layers.BatchNormalization()(x))
    x = layers.Dropout(0.5, seed=4)(x)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def state_of(model):
    states = model.get_layer("states").states
    parts = [*model.variables, *states, *model.optimizer.variables, *model.metrics_variables]
    return [np.array(it.numpy()) for it in parts]  # copies: TensorFlow returns views


class Traced(layers.Layer):
    """Counts how often it is compiled."""

    def __init__(self):
        super().__init__()
        self.traces = 0

    def call(self, x):
        if BACKEND == "tensorflow" and not tf.executing_eagerly():
            self.traces += 1
        return x


def test_predictions_change_nothing():
    model, x, y = restless(), numbers(64, 3, 4), classes(64)
    [traced] = [it for it in model.layers if isinstance(it, Traced)]
    model.fit(x, y, batch_size=8, verbose=0)
    model.predict(x[:8], batch_size=8, verbose=0)
    before, traces = state_of(model), traced.traces
    assert traces >= 2
    states = random.getstate(), np.random.get_state()[1].tolist()
    results = model.get_metrics_result()
    held = [
        {name: id(it) for name, it in vars(part).items()} for part in (model, *model.layers)
    ]
    assert predict(model, x, y)[0].total == 64
    for one, other in zip(before, state_of(model), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states
    assert model.get_metrics_result() == results
    assert held == [
        {name: id(it) for name, it in vars(part).items()} for part in (model, *model.layers)
    ]
    model(x[:8])  # changes the states
    changed = [(a != b).any() for a, b in zip(before, state_of(model), strict=True)]
    assert sum(changed) == 3
    model.fit(x, y, batch_size=8, verbose=0)
    model.predict(x[:8], batch_size=8, verbose=0)
    assert traced.traces == traces


def test_stateful_layer_continues_between_pieces_like_predict():
    inputs = keras.Input((3, 4), batch_size=8)
    x = layers.GRU(5, stateful=True)(inputs)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = numbers(64, 3, 4), classes(64)
    [found] = predict(model, x, y)  # starts from zero states
    check(found, y, model.predict(x, batch_size=8, verbose=0))


@pytest.mark.parametrize("watched", ["before", "between"])
def test_training_after_predictions_is_identical(watched):
    def trained(with_predictions):
        keras.utils.set_random_seed(11)
        model, x, y = restless(), numbers(64, 3, 4), classes(64)
        predictor = Predictor(model, (x, y))
        if with_predictions and watched == "before":
            predictor.predict()
        first = model.fit(x, y, batch_size=8, verbose=0).history
        if with_predictions and watched == "between":
            predictor.predict()
        second = model.fit(x, y, batch_size=8, verbose=0).history
        return first, second, state_of(model)

    *histories, weights = trained(True)
    *expected, reference = trained(False)
    assert histories == expected
    for one, other in zip(weights, reference, strict=True):
        np.testing.assert_array_equal(one, other)


def counting():
    """Return a compiled layer that counts its calls."""

    class Counting(layers.Layer):
        def build(self, shape):
            self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)

        @tf.function
        def call(self, x):
            self.count.assign_add(1.0)
            return x

    return Counting()


class WithCounting(keras.Model):
    def __init__(self):
        super().__init__()
        self.counting = counting()
        self.head = layers.Dense(3, activation="softmax")

    def call(self, x):
        return self.head(self.counting(x))


@tensorflow_only("a layer compiled with tf.function")
@pytest.mark.parametrize("is_watched", [False, True])
def test_compiled_function_works_afterwards(is_watched):
    model = WithCounting()
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = data(64)
    model(x[:1])  # Keras itself compiles it for one sample, and spoils that
    if is_watched:  # for 64 it is compiled now
        assert predict(model, x, y)[0].total == 64
    assert float(model.counting.count.value) == 0
    model(x)
    assert float(model.counting.count.value) == 1


# ---------------------------------------------------------------------------------------------
# The picture


def made(among, wrong=8, *, right=5, name="digits", picture=None, unclear=0):
    """Return a confusion in which wrong samples are predicted as the next class."""
    counts = [[0] * among for _ in range(among)]
    worst = []
    for place in range(among):
        counts[place][place] = right
    for place in range(wrong):
        truth, predicted = place % among, (place + 1) % among
        counts[truth][predicted] += 1
        worst.append(Example(place, truth, predicted, 0.9 - 0.01 * place, 0.01, picture))
    cells = tuple(
        (row, column, counts[row][column])
        for row in range(among)
        for column in range(among)
        if counts[row][column]
    )
    is_small = among <= 30
    return Confusion(
        name,
        among,
        tuple(map(tuple, counts)) if is_small else (),
        tuple(worst[:8]),
        unclear,
        () if is_small else cells,
    )


LONG = [f"an exceedingly long name of class {place}" for place in range(200)]
NOISE = np.random.default_rng(0).integers(0, 255, (28, 28, 1)).astype("uint8")
WIDE = np.random.default_rng(0).random((30, 500, 3)).astype("float32")
CASES = {
    "digits": ([made(10, 20, picture=NOISE)], None),
    "two": ([made(2, 3)], ["cat", "dog"]),
    "two, long": ([made(2, 3, picture=NOISE)], LONG),
    "thirty": ([made(30, 90, picture=WIDE)], None),
    "thirty, long": ([made(30, 90)], LONG),
    "thirty, long, pictures": ([made(30, 90, picture=NOISE)], LONG),
    "none wrong": ([made(10, 0)], None),
    "200": ([made(200, 300)], LONG),
    "200, pictures": ([made(200, 300, picture=NOISE)], None),
    "200, none wrong": ([made(200, 0)], None),
    "NaN": ([made(3, 2, unclear=4)], None),
    "only NaN": ([made(3, 0, right=0, unclear=4)], None),
    "two outputs": ([made(2, 3, name="a" * 300), made(4, 3, name="b")], {"b": list("wxyz")}),
    "none": ([], None),
}
every_case = pytest.mark.parametrize(("confusions", "names"), CASES.values(), ids=CASES)


def svg_of(confusions, names=None):
    return ET.fromstring(to_svg(confusions, names))


def words_in(svg):
    return [it.text for it in svg.iter(f"{SVG}text")]


def titles_in(svg):
    return [it.text for it in svg.iter(f"{SVG}title")]


def shown_words(svg):
    return " ".join("".join(it.itertext()) for it in svg.iter(f"{SVG}text"))


@every_case
def test_svg_is_well_formed_and_at_most_800_wide(confusions, names):
    svg = svg_of(confusions, names)
    assert svg.get("role") == "img"
    assert svg.find(f"{SVG}title").text
    assert 0 < int(svg.get("width")) <= 800
    assert svg.get("viewBox") == f"0 0 {svg.get('width')} {svg.get('height')}"
    assert to_svg(confusions, names) == to_svg(confusions, names)


@every_case
def test_texts_stay_inside_and_do_not_overlap(confusions, names):
    """Use the package's text widths and skip rotated texts."""
    svg = svg_of(confusions, names)
    width, height = int(svg.get("width")), int(svg.get("height"))
    lines: dict[float, list[tuple[float, float]]] = {}
    for x, y, text in placed(svg):
        size = 12 if text.get("class") == "title" else 10
        wide = text_width(text.text or "", size, text.get("class") == "title")
        anchor = text.get("text-anchor")
        left = x - {"start": 0, "middle": wide / 2, "end": wide}[anchor]
        assert left >= -0.5, text.text
        assert left + wide <= width + 0.5, text.text
        assert 0 <= y <= height
        lines.setdefault(y, []).append((left, left + wide))
    assert lines
    for spans in lines.values():
        spans.sort()
        for (_, end), (begin, _) in itertools.pairwise(spans):
            assert end <= begin + 0.5


def placed(node, x=0.0, y=0.0):
    """Yield each text that has a class and is not rotated, with its position."""
    moved = node.get("transform", "")
    if "rotate" in moved:
        return
    if moved:
        dx, dy = moved.removeprefix("translate(").removesuffix(")").split(",")
        x, y = x + float(dx), y + float(dy)
    if node.tag == f"{SVG}text" and node.get("class"):
        yield x + float(node.get("x")), y + float(node.get("y")), node
    for child in node:
        yield from placed(child, x, y)


def test_matrix_shows_counts_labels_and_accuracy():
    svg = svg_of([made(3, 4, right=40)], ["ant", "bee", "cat"])
    words = words_in(svg)
    assert words[0] == "digits: 120 of 124 correct (97 %)" == titles_in(svg)[0]
    counts = [it for it in words if it.isdigit()]
    assert sorted(counts) == ["1", "1", "2", "40", "40", "40"]
    assert all(words.count(name) == 2 for name in ("ant", "bee", "cat"))
    assert {"true", "predicted"} <= set(words)


def test_accuracy_is_100_percent_only_without_errors():
    almost = Confusion("out", 2, ((600, 1), (0, 399)))
    assert "999 of 1,000 correct (99.9 %)" in to_text([almost])
    assert "1,000 of 1,000 correct (100 %)" in to_text(
        [Confusion("out", 2, ((600, 0), (0, 400)))]
    )


def luminance(colour):
    parts = [int(colour[it : it + 2], 16) / 255 for it in (1, 3, 5)]
    linear = [it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(one, other):
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def over(colour, surface, opacity):
    """Blend a translucent colour with its background."""
    pairs = [(int(colour[it : it + 2], 16), int(surface[it : it + 2], 16)) for it in (1, 3, 5)]
    return "#" + "".join(f"{round(a * opacity + b * (1 - opacity)):02x}" for a, b in pairs)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_counts_contrast_with_their_background(theme):
    counts = tuple(
        tuple(100 - 10 * row if row == column else row * (column == 0) for column in range(10))
        for row in range(10)
    )
    svg = svg_of([Confusion("out", 10, counts)])
    colours = {"right": TRAINING[theme], "wrong": VALIDATION[theme]}
    inks = {"on-light": TEXT[theme], "on-full": ("#ffffff", "#000000")[theme]}
    squares = {}
    for path in svg.iter(f"{SVG}path"):
        if path.get("class") in colours:
            opacity = float(path.get("fill-opacity"))
            colour = over(colours[path.get("class")], SURFACE[theme], opacity)
            for part in path.get("d").split("z")[:-1]:
                x, y = part.removeprefix("M").split("h")[0].split()
                squares[float(x) + 16, float(y) + 16] = colour
    seen = set()
    for group in [it for it in svg.iter(f"{SVG}g") if it.get("font-size")]:
        for text in group:
            x, y = float(text.get("x")), float(text.get("y"))
            middle = min(squares, key=lambda it: abs(it[0] - x) + abs(it[1] - y))
            assert abs(middle[0] - x) < 1
            assert abs(middle[1] - y) < 6
            assert contrast(inks[group.get("class")], squares[middle]) >= 4.5
            seen.add(group.get("class"))
    assert seen == set(inks)
    style = svg.find(f"{SVG}style").text
    for kind, colour in {**colours, **inks}.items():
        assert colour in style.split(f".{kind}{{")[1].split("}")[0]


def test_correct_and_wrong_cells_look_different():
    svg = svg_of([Confusion("out", 3, ((5, 0, 0), (1, 0, 0), (0, 0, 2)))])
    squares = {
        kind: sum(
            it.get("d").count("z") for it in svg.iter(f"{SVG}path") if it.get("class") == kind
        )
        for kind in ("right", "wrong")
    }
    assert squares == {"right": 2, "wrong": 1}
    [empty] = [it for it in svg.iter(f"{SVG}path") if "own" in it.get("class", "")]
    assert empty.get("d").count("z") == 1


def test_worst_examples_have_pictures():
    svg = svg_of([made(10, 20, picture=NOISE)])
    images = list(svg.iter(f"{SVG}image"))
    assert len(images) == 8
    for image in images:
        assert image.get("href").startswith("data:image/png;base64,")
        assert "pixelated" in image.get("style")
    assert "0 → 1, 90 %" in words_in(svg)
    assert "The worst 8 of 20 errors:" in shown_words(svg)
    assert "sample 3: true 3, predicted 4 (87 %)" in titles_in(svg)


def test_large_pictures_are_shrunk():
    large = np.random.default_rng(0).random((300, 600, 3)).astype("float32")
    [uri] = [it.get("href") for it in svg_of([made(2, 1, picture=large)]).iter(f"{SVG}image")]
    png = base64.b64decode(uri.split(",")[1])
    assert struct.unpack(">II", png[16:24]) == (64, 32)


def test_worst_examples_without_pictures_are_lines():
    svg = svg_of([made(10, 3)])
    assert not list(svg.iter(f"{SVG}image"))
    assert "sample 1: true 1, predicted 2 (89\u00a0%)" in words_in(svg)
    assert "3 errors" in words_in(svg)


def test_perfect_predictions_have_no_worst_examples():
    assert "All 50 samples are classified correctly." in words_in(svg_of([made(10, 0)]))
    assert "All 1,000 samples are classified correctly." in words_in(svg_of([made(200, 0)]))


def test_many_classes_become_table_of_pairs():
    svg = svg_of([made(200, 203)])
    words = words_in(svg)
    assert words.count("2 of 7") == 3
    assert words.count("1 of 6") == 9
    assert {"true", "predicted", "count"} <= set(words)


def test_long_names_are_shortened_with_full_title():
    svg = svg_of([made(30, 90)], LONG)
    assert LONG[7] in titles_in(svg)
    assert LONG[7] not in words_in(svg)
    assert any((it or "").endswith("…") for it in words_in(svg))


HOSTILE = ["<script>alert(1)</script>", '"&amp;]]>', "a\u202eb\nc", "'"]


@pytest.mark.parametrize("among", [4, 12, 40])
@pytest.mark.parametrize("picture", [None, NOISE])
def test_hostile_names_are_escaped(among, picture):
    confusion = made(among, 8, name=HOSTILE[0] + HOSTILE[1], picture=picture)
    svg = svg_of([confusion], HOSTILE)
    assert not [it for it in svg.iter() if it.tag.endswith("script")]
    said = [it or "" for it in (*words_in(svg), *titles_in(svg))]
    assert any("<scri" in it for it in said)
    assert not any("\u202e" in it or "\n" in it for it in said)
    assert "\u202e" not in to_text([confusion], HOSTILE)


def test_each_output_uses_own_class_names():
    confusions = [made(2, 1, name="one"), made(3, 1, name="two")]
    words = words_in(svg_of(confusions, {"two": ["x", "y", "z"]}))
    assert words.count("x") == 2
    assert words.count("0") == 2
    assert words_in(svg_of(confusions, ["p"])).count("p") == 4  # and numbers after it


def test_ten_digits_take_less_than_20_kb():
    (_x, _y), (x, y) = mnist("embedded")
    model = keras.Sequential(
        [keras.Input((28, 28)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(10)]
    )
    model.compile("adam", SPARSE(from_logits=True))
    found = predict(model, x, y)  # untrained: it confuses all classes
    assert sum(count > 0 for row in found[0].counts for count in row) > 40
    assert len([*svg_of(found).iter(f"{SVG}image")]) == 8
    assert len(to_svg(found).encode()) < 20_000


def test_picture_follows_theme():
    svg = to_svg([made(3)])
    assert "color-scheme:light dark" in svg
    assert svg.count("light-dark(") >= 5


# ---------------------------------------------------------------------------------------------
# The text


def test_text_shows_counts_and_accuracy():
    assert to_text([made(3, 4, unclear=1)], ["ant", "bee"]) == "\n".join(
        [
            "digits: 15 of 19 correct (79 %)",
            "true \\ predicted  ant  bee  2",
            "             ant    5    2  0",
            "             bee    0    5  1",
            "               2    1    0  5",
            "4 errors",
            "sample 0: true ant, predicted bee (90 %)",
            "sample 1: true bee, predicted 2 (89 %)",
            "sample 2: true 2, predicted ant (88 %)",
            "sample 3: true ant, predicted bee (87 %)",
            "The model returned NaN for 1 sample; it is not counted.",
        ]
    )


def test_text_of_many_classes_lists_pairs():
    lines = to_text([made(40, 41)]).splitlines()
    assert lines[:4] == [
        "digits: 200 of 241 correct (83 %)",
        "true  predicted   count",
        "   0          1  2 of 7",
        "   1          2  1 of 6",
    ]
    assert "The worst 8 of 41 errors" in lines


def test_text_of_trivial_confusion_is_one_sentence():
    assert to_text([]) == to_text(()) == words_in(svg_of([]))[0]
    assert to_text([made(3, 0, right=0, unclear=2)]).splitlines() == [
        "digits",
        "The model returned NaN for 2 samples; they are not counted.",
    ]
    assert to_text([made(40, 0)]).splitlines()[1:] == [
        "All 200 samples are classified correctly."
    ]


@every_case
def test_text_is_deterministic(confusions, names):
    text = to_text(confusions, names)
    assert text == to_text(confusions, names)
    assert not any(line != line.rstrip() for line in text.splitlines())
