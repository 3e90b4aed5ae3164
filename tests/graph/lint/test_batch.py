"""Which data `lab.lint` reads: one batch of them, and nothing that would be used up."""

import keras
import numpy as np
import pytest
from backends import tensorflow_case, tensorflow_only, tf
from keras import layers

import kfunc_lab as lab

rng = np.random.default_rng(0)
X, Y = rng.random((40, 6)).astype("float32"), rng.random((40, 1)).astype("float32")
BAD = X.copy()
BAD[1, 2] = np.nan


@pytest.fixture
def model():
    i = keras.Input((6,), name="i")
    made = keras.Model(i, layers.Dense(1, name="end")(i))
    made.compile("adam", "mse")
    return made


def codes(model, data):
    return [(finding.code, finding.call) for finding in lab.lint(model, data=data)]


class Batches(keras.utils.PyDataset):
    def __init__(self):
        super().__init__()
        self.asked = []

    def __len__(self):
        return 5

    def __getitem__(self, number):
        self.asked.append(number)
        return BAD[:8], Y[:8]


def dataset(x):
    return tf.data.Dataset.from_tensor_slices((x, Y)).batch(8)


@pytest.mark.parametrize(
    "data",
    [
        (BAD, Y),
        BAD,
        (BAD,),
        (BAD.tolist(), Y.tolist()),
        ([BAD], [Y]),
        (keras.ops.convert_to_tensor(BAD), keras.ops.convert_to_tensor(Y)),
        ({"i": BAD}, Y),
        ({"i": BAD}, {"end": Y}),
        (BAD, Y, np.ones(40)),
        tensorflow_case(lambda: [dataset(BAD)]),
        tensorflow_case(lambda: [dataset({"i": BAD})]),
        tensorflow_case(lambda: [(dataset(BAD), None)]),
    ],
)
def test_each_form_of_data_is_read(model, data):
    assert codes(model, data) == [("nan", "i")]


def test_only_the_first_batch_of_a_dataset_is_made(model):
    batches = Batches()
    assert codes(model, batches) == [("nan", "i")]
    assert batches.asked == [0]


@tensorflow_only("a dataset of tf.data")
def test_dataset_is_not_used_up(model):
    data = dataset(BAD)
    assert codes(model, data)
    assert len(list(data)) == 5


def test_generator_is_not_read(model):
    def rows():
        while True:
            yield BAD, Y

    endless, iterator = rows(), iter([(BAD, Y), (X, Y)])
    assert codes(model, endless) == codes(model, iterator) == []
    assert len(list(iterator)) == 2
    assert next(endless)[0] is BAD
    assert codes(model, rows) == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ((np.array([["a"] * 6]), Y), "they are not arrays of numbers."),
        (([X, X], Y), "they hold 2 arrays, the model has the inputs i."),
        (({"other": BAD}, Y), "their keys are other, the inputs are i."),
        ((None, None), "they are not arrays of numbers."),
        ((), "they hold no examples."),
        ((X[:0], Y[:0]), "they hold no examples."),
        tensorflow_case(
            lambda: (
                (tf.ragged.constant([[1.0], [2.0, 3.0]]), None),
                "they are not arrays of numbers.",
            ),
            2,
        ),
        (lambda: None, "reading a generator would use it up."),
        tensorflow_case(lambda: (dataset(X).take(0), "they hold no examples."), 2),
    ],
)
def test_data_that_cannot_be_checked_are_named(model, data, why):
    found = lab.lint(model, data=data)
    assert list(found) == []
    assert str(found) == f"No findings.\n\nThe inputs in the data were not checked: {why}"


@pytest.mark.parametrize("shape", [(40, 5), (6, 40), (6,), (40, 2, 3)])
def test_data_of_another_shape_are_found(model, shape):
    assert codes(model, (rng.random(shape), Y))[0] == ("data-shape", "i")


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_axis_that_keras_adds_or_removes_is_right(shape):
    i = keras.Input((1,), name="i")
    assert (
        codes(keras.Model(i, layers.Dense(1)(i)), np.array([1.0, 2.0, 4.0]).reshape(shape))
        == []
    )


def test_ragged_targets_are_left_alone(model):
    assert str(lab.lint(model, data=(X, [[1.0], [2.0, 3.0]]))) == "No findings."


def test_targets_of_several_outputs_are_matched():
    i = keras.Input((6,), name="i")
    outputs = [layers.Dense(2, "sigmoid", name="two")(i), layers.Dense(1, name="one")(i)]
    model = keras.Model(i, outputs)
    model.compile("adam", ["binary_crossentropy", "mse"])
    flags = rng.integers(0, 2, (40, 2))
    assert codes(model, (X, [flags, Y])) == []
    assert codes(model, (X, [5 * flags, Y])) == [("targets", "two")]
    assert codes(model, (X, {"two": flags, "one": np.full((40, 1), np.inf)})) == [
        ("nan", "one")
    ]
    assert codes(model, (X, [flags, flags])) == [("broadcast", "one")]


def test_nothing_is_said_of_the_targets_before_compile():
    i = keras.Input((6,), name="i")
    model = keras.Model(i, layers.Dense(1, activation="sigmoid")(i))
    assert codes(model, (X, 100 * Y)) == []
    assert codes(model, (BAD, Y)) == [("nan", "i")]


def test_dummy_targets_of_an_own_loss_are_not_compared():
    i = keras.Input((6,), name="i")
    model = keras.Model(i, layers.Dense(2)(i))
    model.compile("adam", lambda y, p: keras.ops.mean(p[:, 0] - p[:, 1]))
    assert codes(model, (X, np.zeros(40))) == []


@pytest.mark.parametrize(
    ("targets", "output", "expected"),
    [
        ((40,), (40, 1), []),
        ((40, 1), (40,), []),
        ((40, 1), (40, 1), []),
        ((40, 3), (40, 3), []),
        ((40, 3), (40, 3, 1), []),
        ((40, 3, 1), (40, 3), []),
        ((40,), (40, 3), ["target-shape"]),
        ((40,), (40, 3, 1), ["broadcast"]),
        ((40, 1), (40, 3, 1), ["broadcast"]),
        ((40, 3), (40, 1), ["broadcast"]),
        ((40, 2), (40, 3), ["target-shape"]),
    ],
)
def test_shapes_are_compared_as_keras_does(targets, output, expected):
    i = keras.Input((6,), name="i")
    x = layers.Dense(int(np.prod(output[1:])), name="end")(i)
    x = layers.Reshape(output[1:])(x) if len(output) != 1 else keras.ops.squeeze(x, -1)
    model = keras.Model(i, x)
    model.compile("adam", "mse")
    y = rng.random(targets)
    assert [code for code, _call in codes(model, (X, y))] == expected
    if expected == ["target-shape"]:
        with pytest.raises(Exception, match=r"shape|size|dimension"):  # of the backend
            model.fit(X, y, verbose=0)
    else:
        model.fit(X, y, verbose=0)


def test_ignored_class_is_no_wrong_label():
    i = keras.Input((6,), name="i")
    model = keras.Model(i, layers.Dense(3, activation="softmax")(i))
    y = np.arange(40) % 4 - 1
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(ignore_class=-1))
    assert codes(model, (X, y)) == []
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy())
    assert [code for code, _call in codes(model, (X, y))] == ["label-range"]


@pytest.mark.parametrize("data", ["x", 3])
def test_data_that_fit_would_refuse_is_refused(data):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    with pytest.raises(TypeError, match="takes what `fit` takes"):
        lab.lint(model, data=data)
