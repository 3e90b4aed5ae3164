"""Edits of wrong arguments, parentheses and lists are carried out in the learner's cell."""

import keras
import pytest
from mutations.run import Notebook

import kfunc_lab as lab

TABLE = "x = keras.Input((8,), name='table')\n"
STEPS = "x = keras.Input((6, 4), name='steps')\n"
IMAGE = "x = keras.Input((8, 8, 1), name='image')\n"

# The cell, and its changed line after the edit.
CASES = {
    "a misspelt argument": (
        TABLE + 'y = layers.Dense(8, activaton="relu")(x)',
        'y = layers.Dense(8, activation="relu")(x)',
    ),
    "an argument of another layer": (
        TABLE + "y = layers.Dense(8, rate=0.5)(x)",
        "y = layers.Dense(8)(x)",
    ),
    "an argument that resembles none": (
        IMAGE + "y = layers.GlobalAveragePooling2D(strides=2)(x)",
        "y = layers.GlobalAveragePooling2D()(x)",
    ),
    "a missing kernel": (
        IMAGE + 'y = layers.Conv2D(4, activation="relu")(x)',
        'y = layers.Conv2D(4, 3, activation="relu")(x)',
    ),
    "missing units": (TABLE + "y = layers.Dense()(x)", "y = layers.Dense(64)(x)"),
    "a fraction of units": (TABLE + "y = layers.Dense(8.0)(x)", "y = layers.Dense(8)(x)"),
    "units in quotes": (TABLE + 'y = layers.Dense("8")(x)', "y = layers.Dense(8)(x)"),
    "negative units": (TABLE + "y = layers.Dense(-8)(x)", "y = layers.Dense(8)(x)"),
    "a percentage": (TABLE + "y = layers.Dropout(50)(x)", "y = layers.Dropout(0.5)(x)"),
    "a misspelt activation": (
        TABLE + 'y = layers.Dense(8, activation="rleu")(x)',
        'y = layers.Dense(8, activation="relu")(x)',
    ),
    "a misspelt padding": (
        IMAGE + 'y = layers.Conv2D(4, 3, padding="smae")(x)',
        'y = layers.Conv2D(4, 3, padding="same")(x)',
    ),
    "no strides": (
        IMAGE + "y = layers.Conv2D(4, 3, strides=None)(x)",
        "y = layers.Conv2D(4, 3)(x)",
    ),
    "a number for a shape": ("x = keras.Input(8)", "x = keras.Input((8,))"),
    "a shape in quotes": ('x = keras.Input(("8", "4"))', "x = keras.Input((8, 4))"),
    "a misspelt dtype": (
        'x = keras.Input((8,), dtype="flaot32")',
        'x = keras.Input((8,), dtype="float32")',
    ),
    "a number for a target shape": (
        TABLE + "y = layers.Reshape(8)(x)",
        "y = layers.Reshape((8,))(x)",
    ),
    "a tensor behind the settings": (
        TABLE + 'y = layers.Dense(8, x, activation="relu")',
        "y = layers.Dense(8, activation='relu')(x)",
    ),
    "a tensor before the settings": (
        IMAGE + "y = layers.Conv2D(x, 4, 3)",
        "y = layers.Conv2D(4, 3)(x)",
    ),
    "a tensor in the place of a setting": (
        IMAGE + "y = layers.Conv2D(4, x)",
        "y = layers.Conv2D(4, 3)(x)",
    ),
    "a tensor alone": (IMAGE + "y = layers.Flatten(x)", "y = layers.Flatten()(x)"),
    "a tensor before an inner layer": (
        STEPS + "y = layers.TimeDistributed(x, layers.Dense(3))",
        "y = layers.TimeDistributed(layers.Dense(3))(x)",
    ),
    "tensors in the constructor of a merge": (
        TABLE + "y = layers.Add(x, x)",
        "y = layers.Add()([x, x])",
    ),
    "a merge without a list": (TABLE + "y = layers.Add()(x, x)", "y = layers.Add()([x, x])"),
    "a function without a list": (TABLE + "y = layers.add(x, x)", "y = layers.add([x, x])"),
    "a function with an axis and without a list": (
        TABLE + "y = layers.concatenate(x, x, x, axis=-1)",
        "y = layers.concatenate([x, x, x], axis=-1)",
    ),
    "a list of one tensor": (
        IMAGE + "y = layers.Conv2D(4, 3)([x])",
        "y = layers.Conv2D(4, 3)(x)",
    ),
    "a list of the same tensor": (
        STEPS + "y = layers.LSTM(4)([x, x])",
        "y = layers.LSTM(4)(x)",
    ),
    "a fraction of units in a recurrent layer": (
        STEPS + "y = layers.Bidirectional(layers.LSTM(6.0))(x)",
        "y = layers.Bidirectional(layers.LSTM(6))(x)",
    ),
    "one of several branches": (
        TABLE + "a = layers.Dense(4)(x)\nb = layers.Dense(3)(x)\ny = layers.concatenate(a)",
        "y = layers.concatenate([a, b])",
    ),
    "one of two towers": (
        TABLE + "a = layers.Dense(4)(x)\nb = layers.Dense(4)(x)\ny = layers.Dot(axes=1)([a])",
        "y = layers.Dot(axes=1)([a, b])",
    ),
    "attention to itself": (
        STEPS + "y = layers.MultiHeadAttention(2, 4)(x)",
        "y = layers.MultiHeadAttention(2, 4)(x, x)",
    ),
    "empty parentheses": (STEPS + "y = layers.GRU(4)()(x)", "y = layers.GRU(4)(x)"),
    "a layer that was never called": (
        TABLE + "x = layers.Dense(8)\ny = layers.Dense(3)(x)",
        "x = layers.Dense(8)(x)",
    ),
    "a model of a layer": (
        TABLE + "h = layers.Dense(8)(x)\ny = layers.Dense(3)\nmodel = keras.Model(x, y)",
        "y = layers.Dense(3)(h)",
    ),
    "a model from its end": (
        TABLE + "y = layers.Dense(3)(x)\nmodel = keras.Model(inputs=y, outputs=x)",
        "model = keras.Model(inputs=x, outputs=y)",
    ),
    "a misspelt optimizer": (
        TABLE + 'model = keras.Model(x, x * 2)\nmodel.compile("adma", "mse")',
        'model.compile("adam", "mse")',
    ),
}


# Keras 3.8 notices these later, or not at all.
LATER = {"a fraction of units", "units in quotes", "negative units", "a model from its end"}
VERSION = tuple(map(int, keras.__version__.split(".")[:2]))


@pytest.fixture(scope="module")
def notebook():
    notebook = Notebook()
    yield notebook
    notebook.end()


@pytest.mark.parametrize("name", CASES)
def test_edit_is_carried_out(notebook, name):
    if name in LATER and VERSION < (3, 12):
        pytest.skip("this version of Keras does not notice it here")
    cell, line = CASES[name]
    notebook.begin()
    _number, error = notebook.run([cell])
    assert error is not None
    view = lab.explain(error)
    (mended,) = view.mended.values()
    assert line in mended.splitlines()
    assert f"+ {line}" in view.to_text().splitlines()
    assert notebook.run([mended])[1] is None


@pytest.mark.parametrize(
    "cell",
    [
        IMAGE + "y = layers.Conv2D(-1, 3)(x)",  # no number of filters can be guessed
        IMAGE + "y = layers.Conv2D(0, 3)(x)",
        TABLE + "y = layers.Reshape(x)",  # the target shape is not known
        TABLE + "y = layers.Dense(8, x, 5)",  # Keras refuses the second setting too
        TABLE + "y = layers.Add()([x, x], x)",
        TABLE + "a, b = layers.Dense(4)(x), layers.Dense(3)(x)\ny = layers.add(a)",
        TABLE + "a = layers.Dense(4)(x)\ny = layers.Concatenate()(a)",
        "x = keras.Input(shape=(8,), dtype=3)",
    ],
)
def test_untried_edit_changes_nothing(notebook, cell):
    notebook.begin()
    _number, error = notebook.run([cell])
    assert lab.explain(error).mended == {}


def test_loss_is_mended_in_the_cell_that_compiles(notebook):
    notebook.begin()
    build = TABLE + "model = keras.Model(x, layers.Dense(1)(x))"
    compiles = 'model.compile("sgd", "msee")'
    fits = "model.fit(rng.random((4, 8)), rng.random((4, 1)), verbose=0)"
    _number, error = notebook.run([build, compiles, fits])
    (mended,) = lab.explain(error).mended.values()
    assert mended.strip() == 'model.compile("sgd", "mse")'
    assert notebook.run([mended, fits])[1] is None


def test_trial_changes_no_state_of_keras(notebook):
    notebook.begin()
    _number, error = notebook.run([TABLE + 'y = layers.Dense(8, activaton="relu")(x)'])
    lab.explain(error)
    before = keras.layers.Dense(2).name
    lab.explain(error)
    assert keras.layers.Dense(2).name == f"dense_{int(before.split('_')[1]) + 1}"
