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
    "missing units": (TABLE + "y = layers.Dense()(x)", "y = layers.Dense(32)(x)"),
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
    # Values of the wrong type: a value that the cell tells, or an example.
    "no filters": (IMAGE + "y = layers.Conv2D(0, 3)(x)", "y = layers.Conv2D(32, 3)(x)"),
    "filters as in the layer above": (
        IMAGE + "y = layers.Conv2D(6, 3)(x)\ny = layers.Conv2D(None, 3)(y)",
        "y = layers.Conv2D(6, 3)(y)",
    ),
    "units that a later product needs": (
        TABLE + "a = layers.Dense(0)(x)\nb = layers.Dense(5)(x)\nc = layers.Dense(12)(x)\n"
        "y = layers.multiply([a, c])",
        "a = layers.Dense(12)(x)",
    ),
    "units that a later Reshape needs": (
        TABLE + "y = layers.Dense(None)(x)\ny = layers.Reshape((6, 6))(y)",
        "y = layers.Dense(36)(x)",
    ),
    "arguments in the wrong order": (
        IMAGE + "y = layers.Conv2D((3, 3), 4)(x)",
        "y = layers.Conv2D(4, (3, 3))(x)",
    ),
    "a kernel of one axis": (
        IMAGE + "y = layers.Conv2D(4, (3,))(x)",
        "y = layers.Conv2D(4, 3)(x)",
    ),
    "a number as padding": (
        IMAGE + "y = layers.Conv2D(4, 3, padding=1)(x)",
        'y = layers.Conv2D(4, 3, padding="same")(x)',
    ),
    "a padding that a later sum needs": (
        IMAGE + 'y = layers.Conv2D(1, 3, padding="full")(x)\ny = layers.add([y, x])',
        'y = layers.Conv2D(1, 3, padding="same")(x)',
    ),
    "a number as activation": (
        TABLE + "y = layers.Dense(8, activation=7)(x)",
        "y = layers.Dense(8)(x)",
    ),
    "a fraction in quotes": (
        TABLE + 'y = layers.Dropout("0.5")(x)',
        "y = layers.Dropout(0.5)(x)",
    ),
    "an argument twice": (
        TABLE + 'y = layers.Dense(1, name="a", units=8)(x)',
        'y = layers.Dense(1, name="a")(x)',
    ),
    "units that the states need": (
        STEPS + "y, state = layers.GRU(return_sequences=True, return_state=True)(x)\n"
        "y = layers.GRU(6)(y, initial_state=state)",
        "y, state = layers.GRU(6, return_sequences=True, return_state=True)(x)",
    ),
    "a kernel in the place of the filters": (
        IMAGE + "y = layers.Conv2D(8, 3)(x)\ny = layers.Conv2D(3)(y)",
        "y = layers.Conv2D(8, 3)(y)",
    ),
    # Arguments and classes that belong together.
    "arguments of a pooling with a window": (
        IMAGE + "y = layers.GlobalMaxPooling2D(pool_size=2)(x)\ny = layers.Conv2D(2, 3)(y)",
        "y = layers.MaxPooling2D(pool_size=2)(x)",
    ),
    "a shape for Flatten": (
        TABLE + "y = layers.Flatten((4, 2))(x)\ny = layers.LSTM(3)(y)",
        "y = layers.Reshape((4, 2))(x)",
    ),
    "a class called, with the settings of another layer": (
        IMAGE + 'y = layers.Conv2D(4, 3, padding="same")(x)\nz = layers.Conv2D(y)',
        'z = layers.Conv2D(4, 3, padding="same")(y)',
    ),
    "a wrapper called": (
        STEPS + "y = layers.Bidirectional(x)\ny = layers.LSTM(4)(y)",
        "y = layers.Bidirectional(layers.LSTM(32, return_sequences=True))(x)",
    ),
    # The shapes of inputs.
    "sizes one by one": (
        "x = keras.Input(8, 8, 4)\ny = layers.Conv2D(2, 3)(x)",
        "x = keras.Input((8, 8, 4))",
    ),
    "a text for an image": (
        'x = keras.Input("28")\ny = layers.Conv2D(2, 3)(x)',
        "x = keras.Input((28, 28, 1))",
    ),
    "a minus before the sizes": (
        "x = keras.Input((-6, -6))\ny = layers.Dense(2)(layers.Flatten()(x))",
        "x = keras.Input((6, 6))",
    ),
    "any length": (
        'x = keras.Input(None, dtype="int32")\ny = layers.LSTM(2)(layers.Embedding(9, 3)(x))',
        'x = keras.Input((None,), dtype="int32")',
    ),
    "the shape of the data": (
        "houses = rng.random((5, 7))\nx = keras.Input()\ny = layers.Dense(2)(x)",
        "x = keras.Input(shape=(7,))",
    ),
    "the shape of the model behind": (
        IMAGE + "inner = keras.Model(x, layers.Flatten()(x))\nz = keras.Input()\ny = inner(z)",
        "z = keras.Input(shape=(8, 8, 1))",
    ),
    # Functions of NumPy and of `keras.ops`.
    "an operation on a list": (TABLE + "y = ops.multiply([x, x])", "y = ops.multiply(x, x)"),
    "an operation on a long list": (
        TABLE + "y = ops.add([x, x, x])",
        "y = layers.add([x, x, x])",
    ),
    "a sum of NumPy": (TABLE + "y = np.add([x, x])", "y = layers.add([x, x])"),
    "a join of NumPy": (
        TABLE + "y = np.concatenate([x, x])",
        "y = layers.concatenate([x, x])",
    ),
    # Merges.
    "attention without a list": (
        STEPS + "a = layers.LSTM(4, return_sequences=True)(x)\ny = layers.Attention()(a, x)",
        "y = layers.Attention()([a, x])",
    ),
    "attention to one tensor": (
        STEPS + "z = keras.Input((5, 4))\na = layers.LSTM(4, return_sequences=True)(x)\n"
        "y = layers.Attention()([a])",
        "y = layers.Attention()([a, z])",
    ),
    "a skip connection by its number": (
        IMAGE + 'c1 = layers.Conv2D(2, 3, padding="same")(x)\np1 = layers.MaxPooling2D()(c1)\n'
        "u1 = layers.UpSampling2D()(p1)\nu1 = layers.concatenate(u1)",
        "u1 = layers.concatenate([u1, c1])",
    ),
    # Layers that were never called.
    "attention that was never called": (
        STEPS + "a = layers.MultiHeadAttention(2, 4)\ny = layers.Add()([a, x])",
        "a = layers.MultiHeadAttention(2, 4)(x, x)",
    ),
    "an inner layer that was never called": (
        'x = keras.Input((1,), name="movie")\ny = layers.Flatten()(layers.Embedding(9, 3))',
        "y = layers.Flatten()(layers.Embedding(9, 3)(x))",
    ),
    # The ends of a model.
    "a shape for inputs": (
        TABLE + "y = layers.Dense(2)(x)\nmodel = keras.Model(x.shape, y)",
        "model = keras.Model(x, y)",
    ),
    "outputs twice": (
        TABLE + "y = layers.Dense(2)(x)\nmodel = keras.Model(y, y)",
        "model = keras.Model(x, y)",
    ),
    "no outputs": (
        TABLE + "y = layers.Dense(2)(x)\nmodel = keras.Model(inputs=x)",
        "model = keras.Model(inputs=x, outputs=y)",
    ),
    "misspelt inputs": (
        TABLE + "y = layers.Dense(2)(x)\nmodel = keras.Model(inupts=x, outputs=y)",
        "model = keras.Model(inputs=x, outputs=y)",
    ),
    "a layer for outputs": (
        TABLE + "y = layers.Dense(2)(x)\nmodel = keras.Model(x, layers.Dense(3))",
        "model = keras.Model(x, layers.Dense(3)(y))",
    ),
    "an array for inputs": (
        TABLE
        + "data = rng.random((5, 8))\ny = layers.Dense(2)(x)\nmodel = keras.Model(data, y)",
        "model = keras.Model(x, y)",
    ),
    "a functional model in a sequential one": (
        TABLE + "y = layers.Dense(2)(x)\nmodel = keras.Sequential([x, y])",
        "model = keras.Model(x, y)",
    ),
    "a number for the optimizer": (
        TABLE + 'model = keras.Model(x, x * 2)\nmodel.compile(0.01, "mse")',
        'model.compile(keras.optimizers.SGD(0.01), "mse")',
    ),
    "a function in the plural": (
        TABLE + "y = layers.averages([x, x])",
        "y = layers.average([x, x])",
    ),
    "states of images": (
        "x = keras.Input((4, 8, 8, 1))\ny = layers.ConvLSTM2D(2, 3, return_state=True)(x)\n"
        "z = layers.BatchNormalization()(y)",
        "y, h, c = layers.ConvLSTM2D(2, 3, return_state=True)(x)",
    ),
}


# Keras 3.8 notices these later, or not at all.
LATER = {"a fraction of units", "units in quotes", "negative units", "a model from its end"}
VERSION = tuple(map(int, keras.__version__.split(".")[:2]))
if VERSION < (3, 10):
    LATER.add("outputs twice")


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
        "x = keras.Input()\ny = layers.Dense(3)(x)",  # no data are there
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
