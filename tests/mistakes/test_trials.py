"""Trials of other data: what is offered for a call that got data which do not fit."""

import ast
import linecache
import sys
from itertools import count

import keras
import numpy as np
import pytest
from keras import layers

from kfunc_lab.mistakes.data.values import UNKNOWN, evaluated
from kfunc_lab.mistakes.find import find_mistake
from kfunc_lab.mistakes.source.edit import edited
from kfunc_lab.mistakes.trials.fitting import Fitting

DATA = """import numpy as np
import keras
from keras import layers
rng = np.random.default_rng(0)
x = rng.random((60, 8)); y = rng.integers(0, 3, 60)
x_train, x_test, y_train, y_test = x[:40], x[40:], y[:40], y[40:]
a_data, b_data = rng.random((60, 5)), rng.random((60, 7))
price, images = rng.random((60, 1)), rng.random((60, 6, 6))"""
CLASSES = """table = keras.Input((8,), name="table")
model = keras.Model(table, layers.Dense(3, activation="softmax")(table))
model.compile("sgd", "sparse_categorical_crossentropy")"""
PICTURES = """image = keras.Input((6, 6, 1), name="image")
model = keras.Model(image, layers.Dense(3, "softmax")(layers.Flatten()(image)))
model.compile("sgd", "sparse_categorical_crossentropy")"""
TWO = """a, b = keras.Input((5,), name="a"), keras.Input((7,), name="b")
h = layers.Concatenate()([a, b])
outputs = [layers.Dense(1, name="cost")(h), layers.Dense(3, "softmax", name="kind")(h)]
model = keras.Model([a, b], outputs)
model.compile("sgd", {"cost": "mse", "kind": "sparse_categorical_crossentropy"})"""
ONE = TWO.replace("[a, b], outputs", "[a, b], outputs[0]").replace(
    '{"cost": "mse", "kind": "sparse_categorical_crossentropy"}', '"mse"'
)
NUMBERS = count()


@pytest.fixture(autouse=True)
def forget_cells():
    before = dict(linecache.cache)
    keras.backend.clear_session()
    yield
    linecache.cache.clear()
    linecache.cache.update(before)


def explained(*sources):
    """Runs cells up to the one that fails; returns the mistake, the cells and their names."""
    values, cells = {"__name__": "__main__"}, {}
    for source in (DATA, *sources):
        file = f"/tmp/ipykernel_1/trial_{next(NUMBERS)}.py"
        cells[file] = source
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        try:
            exec(compile(source, file, "exec"), values)
        except Exception as error:
            return find_mistake(error), cells, values
    raise AssertionError("nothing was raised")


def run_mended(mistake, cells, values):
    """Runs the cells from the first one that the edit changes on."""
    files = {change.file for change in mistake.changes}
    first = min(map(list(cells).index, files))
    for file in list(cells)[first:]:
        changes = [change for change in mistake.changes if change.file == file]
        exec(edited(cells[file], changes), values)


@pytest.mark.parametrize(
    ("model", "call", "edit"),
    [
        (CLASSES, "fit(x[:, 1:3], y)", "Pass `x` as it is, without `[:, 1:3]`."),
        (CLASSES, "fit(x.T, y)", "Pass `x` as it is, without `.T`."),
        (CLASSES, "fit(x, y + 1)", "Pass `y` as it is, without `+ 1`."),
        (CLASSES, "fit(x, y[0])", "Pass `y` as it is, without `[0]`."),
        (CLASSES, "fit(x, y[:0])", "The targets of x are `y`."),
        (CLASSES, "fit(x, y.tolist())", "Pass `y` as it is, without `.tolist()`."),
        (
            CLASSES,
            "fit(x, np.repeat(y, 2))",
            "The targets of x are `y`.",
        ),
        (
            CLASSES,
            "fit(np.concatenate([x, x]), y)",
            "Pass `x` instead of `np.concatenate([x, x])`.",
        ),
        (CLASSES, "fit((x, x), y)", "Pass `x` instead of `(x, x)`."),
        (CLASSES, "fit(y, x)", "The inputs come first, then the targets: `x, y`."),
        (CLASSES, "fit(x_train, y_test)", "The targets of x_train are `y_train`."),
        (CLASSES, "predict(y_test)", "Pass `x_test` instead of `y_test`."),
        (CLASSES, "predict(x[0])", "Pass one example as a batch of one: `x[0][None]`."),
        (
            CLASSES,
            "fit(x[:30], y)",
            "If the examples belong together, take the same number of each: `y[:30]`.",
        ),
        (
            CLASSES,
            "fit(list(zip(x, y)))",
            "Pass the targets as the second argument: `fit(x, y, ...)`.",
        ),
        (
            CLASSES,
            "fit(x, y, validation_data=(x_test, y_train))",
            "Pass `y_test` instead of `y_train`.",
        ),
        (
            CLASSES.replace("(8,)", "(9,)"),
            "fit(x, y)",
            "Match the input to the data: `keras.Input(shape=(8,))`. Or pass data whose last "
            "axis has size 9.",
        ),
        (
            PICTURES.replace("(6, 6, 1)", "(7, 6, 1)"),
            "fit(images, y)",
            "Match the input to the data: `keras.Input(shape=(6, 6, 1))`.",
        ),
        (
            ONE,
            "fit(a_data, price)",
            "The model has 2 inputs; pass one array for each: `[a_data, b_data]`.",
        ),
        (
            ONE,
            "fit({'a': a_data}, price)",
            'The model has 2 inputs; pass one array for each: `{"a": a_data, "b": b_data}`.',
        ),
        (
            ONE,
            "fit([a_data[:-1], b_data], price)",
            "Pass `a_data` as it is, without `[:-1]`.",
        ),
        (
            TWO,
            "fit([a_data, b_data], {'cost': price})",
            'The model has 2 outputs; pass one array for each: `{"cost": price, "kind": y}`.',
        ),
        (
            CLASSES.replace("sparse_categorical_crossentropy", "kl_divergence"),
            "fit(x, y)",
            'Write `loss="sparse_categorical_crossentropy"`, which suits the output and these '
            "targets.",
        ),
        (
            CLASSES,
            "fit(x, y, sample_weight=[1, 2, 5])",
            "`sample_weight` has one weight for each example; weights of the classes are "
            "`class_weight={0: 1, 1: 2, 2: 5}`.",
        ),
        (CLASSES, 'fit(x, y, epochs="1")', "Write `epochs=1`."),
        (CLASSES, "fit(x, y, steps_per_epoch=len(x) / 30)", "Write `steps_per_epoch=2`."),
        (CLASSES, "fit(x[:4], y[:4], validation_split=0.99)", "Write `validation_split=0.2`."),
    ],
)
def test_edit_is_offered(model, call, edit):
    mistake, *_rest = explained(model, f"model.{call[:-1]}, verbose=0)")
    assert mistake.edit.removesuffix(COMPILE) == edit
    assert mistake.changes


COMPILE = " A fit that failed once needs `compile` again before the next one."


@pytest.mark.parametrize(
    ("model", "call"),
    [
        (CLASSES, "fit(x[:, 1:3], y, verbose=0)"),
        (CLASSES, "fit(x.T, y, validation_data=(x_test.T, y_test), verbose=0)"),
        (TWO, "fit([a_data, b_data], price, verbose=0)"),
        (PICTURES.replace("(6, 6, 1)", "(7, 6, 1)"), "fit(images, y, verbose=0)"),
    ],
)
def test_mended_cells_run(model, call):
    mistake, cells, values = explained(model, f"model.{call}")
    run_mended(mistake, cells, values)


def test_edit_that_fails_elsewhere_is_not_offered():
    regression = CLASSES.replace("Dense(3", "Dense(1").replace("softmax", "relu")
    regression = regression.replace("sparse_categorical_crossentropy", "mse")
    mistake, *_rest = explained(regression, "model.fit(x[None], price, verbose=0)")
    assert mistake.edit == "Pass `x` as it is, without `[None]`."
    assert "price.T" not in str(mistake)


def test_learner_loss_is_not_called():
    own = CLASSES.replace(
        '"sparse_categorical_crossentropy")',
        "loss)\ncalled = []",
    ).replace("table =", "def loss(a, b):\n    called.append(1)\n    return b\ntable =")
    mistake, _cells, values = explained(own, "model.fit(x.T, y, verbose=0)")
    assert mistake.edit == "Pass `x` as it is, without `.T`."
    assert values["called"] == []


ARRAY = np.arange(24).reshape(2, 3, 4)
RAN = []


def own_function(array):
    RAN.append(1)
    return array


@pytest.mark.parametrize(
    ("source", "shape"),
    [
        ("ARRAY[:, 1:]", (2, 2, 4)),
        ("ARRAY[..., None].T", (1, 4, 3, 2)),
        ("np.concatenate([ARRAY, ARRAY], axis=-1)", (2, 3, 8)),
        ("np.moveaxis(ARRAY, -1, 1)", (2, 4, 3)),
        ("ARRAY.reshape(len(ARRAY), -1) * 2", (2, 12)),
        ("keras.utils.to_categorical(ARRAY[:, 0, 0], 13)", (2, 13)),
    ],
)
def test_value_of_an_expression(source, shape):
    value = evaluated(ast.parse(source, mode="eval").body, sys._getframe())
    assert value.shape == shape


@pytest.mark.parametrize(
    "source",
    [
        "own_function(ARRAY)",
        "[own_function(each) for each in ARRAY]",
        "np.repeat(ARRAY, 10**9)",
        "ARRAY.sum()",
        "ARRAY[9]",
        "unknown",
    ],
)
def test_value_that_is_not_computed(source):
    assert evaluated(ast.parse(source, mode="eval").body, sys._getframe()) is UNKNOWN
    assert RAN == []


def misfit(fitting, x, y):
    found = fitting.misfit({"x": x, "y": y, "sample_weight": None})
    return None if found is None else (found.role, found.kind)


def test_misfits_of_a_classifier():
    words = keras.Input((4,), dtype="int32")
    hidden = layers.GlobalAveragePooling1D()(layers.Embedding(10, 2)(words))
    model = keras.Model(words, layers.Dense(3, activation="softmax")(hidden))
    model.compile("sgd", "sparse_categorical_crossentropy")
    fitting = Fitting(model, "fit")
    x, y = np.zeros((6, 4), "int32"), np.zeros(6, "int32")
    assert misfit(fitting, x, y) is None
    assert misfit(fitting, x, y[:, None]) is None
    assert misfit(fitting, x, [y]) is None
    assert misfit(fitting, x[:, 1:], y) == ("x", "shape")
    assert misfit(fitting, x + 10, y) == ("x", "values")
    assert misfit(fitting, x.astype(str), y) == ("x", "dtype")
    assert misfit(fitting, x, y[1:]) == ("count", "count")
    assert misfit(fitting, x[:0], y[:0]) == ("count", "count")
    assert misfit(fitting, x, y + 3) == ("y", "values")
    assert misfit(fitting, x, x) == ("y", "loss")
    assert misfit(fitting, x, y.tolist()) == ("y", "container")
    assert misfit(fitting, x, {"kind": y}) == ("y", "container")
    assert misfit(fitting, x, None) == ("y", "missing")
    assert misfit(fitting, iter(()), y) == ("x", "container")


def test_data_that_are_not_known_are_not_judged():
    call = "model.fit(rng.random((8, 8)), y[:8], nb_epoch=2)"
    mistake, *_rest = explained(CLASSES, call)
    assert mistake.edit == "Write `epochs=` instead of `nb_epoch=`."
    known, *_rest = explained(CLASSES, "model.fit(x, y, nb_epoch=2)")
    assert known.edit == mistake.edit
