"""Edits that the rest of the cell needs: later calls decide which number or layer is right."""

import pytest

# Each case: the cell, what the first edit says, and the shape of `y` afterwards.
CASES = {
    "a target shape that a product needs": (
        """
x = keras.Input((8, 8, 16))
s = layers.GlobalAveragePooling2D()(x)
s = layers.Reshape((2, 1, 16))(s)
y = layers.Multiply()([x, s])""",
        "Set `target_shape=(1, 16)`",
        (None, 8, 8, 16),
    ),
    "a target shape that lacks an axis": (
        """
x = layers.Dense(3 * 3 * 8)(keras.Input((5,)))
x = layers.Reshape((3, 3))(x)
y = layers.Conv2DTranspose(4, 3, strides=2)(x)""",
        "Set `target_shape=(3, 3, 8)`",
        (None, 7, 7, 4),
    ),
    "the units that a sum needs": (
        """
a = keras.Input((10, 24))
b = layers.Dense(48)(a)
b = layers.Dense()(b)
y = layers.add([a, b])""",
        "Write `units=24`, which the calls that follow need.",
        (None, 10, 24),
    ),
    "the units that a target shape needs": (
        """
x = layers.Dense(0)(keras.Input((7,)))
y = layers.Reshape((5, 6))(x)""",
        "`units=30`",
        (None, 5, 6),
    ),
    "the units of a state": (
        """
out, h, c = layers.LSTM(units=None, return_state=True)(keras.Input((6, 3)))
y = layers.LSTM(12)(keras.Input((4, 5)), initial_state=[h, c])""",
        "Write `units=12`",
        (None, 12),
    ),
    "a kernel of too few sizes": (
        """
y = layers.Conv2D(4, (5,), padding="same")(keras.Input((9, 9, 2)))""",
        "Write `kernel_size=5`",
        (None, 9, 9, 4),
    ),
    "a vocabulary that was left out": (
        """
a = layers.Embedding(5000, 32)(keras.Input((9,)))
y = layers.Embedding(32)(keras.Input((9,)))""",
        "Write `input_dim=5000`",
        (None, 9, 32),
    ),
    "an image written as text": (
        """
i = keras.Input("20", name="i")
y = layers.Conv2D(4, 3)(i)""",
        "`keras.Input(shape=(20, 20, 3))`",
        (None, 18, 18, 4),
    ),
    "a shape that a nested model has": (
        """
a = keras.Input((11, 3))
inner = keras.Model(a, layers.GRU(5)(a))
b = keras.Input(name="b")
y = inner(b)""",
        "`keras.Input(shape=(11, 3))`",
        (None, 5),
    ),
    "a shape written as a product": (
        """
i = keras.Input((14 * 14 * 3,), name="i")
y = layers.Conv2D(4, 3)(i)""",
        "`keras.Input(shape=(14, 14, 3))`",
        (None, 12, 12, 4),
    ),
    "channels that a later call needs": (
        """
film = keras.Input((5, 12, 12, 3))
frame = keras.Input((12, 12))
eye = keras.Model(frame, layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3)(frame)))
y = layers.TimeDistributed(eye)(film)""",
        "`keras.Input(shape=(12, 12, 3))`",
        (None, 5, 4),
    ),
    "a class for sequences among images": (
        """
i = keras.Input((16, 16, 3), name="i")
x = layers.Conv1D(4, 3, padding="same")(i)
x = layers.Conv2D(8, 3)(x)
y = layers.GlobalAveragePooling2D()(x)""",
        'Use `layers.Conv2D(4, 3, padding="same")`',
        (None, 8),
    ),
    "a pooling that removes the steps": (
        """
e = layers.Embedding(50, 8)(keras.Input((7,)))
y = layers.LSTM(4)(layers.GlobalMaxPooling2D()(e))""",
        "Leave out global_max_pooling2d",
        (None, 4),
    ),
    "states that are used nowhere": (
        """
a = layers.Embedding(9, 8)(keras.Input((7,)))
b = layers.GRU(8, return_sequences=True, return_state=True)(
    a
)
c = layers.Attention()([b, a])
y = layers.Concatenate()([b, c])""",
        "Give each output a name: `b, h = ...`",
        (None, 7, 16),
    ),
    "states that are missing": (
        """
encoder = layers.LSTM(6)
out, h, c = encoder(keras.Input((5, 3)))
y = layers.LSTM(6)(keras.Input((4, 2)), initial_state=[h, c])""",
        "Set `return_state=True` in LSTM",
        (None, 6),
    ),
    "a shortcut around a stride": (
        """
i = keras.Input((9, 9, 4))
x = layers.Conv2D(12, 3, strides=2, padding="same")(i)
y = layers.add([x, i])
z = layers.Reshape((5 * 5 * 12,))(y)""",
        "Project the shortcut: `layers.Conv2D(12, 1, strides=2)(i)`.",
        (None, 5, 5, 12),
    ),
    "a call in a function, and its other calls": (
        """
def block(x, n):
    y = layers.Conv3D(n, 3, padding="same")(x)
    return layers.concatenate([x, y])
i = keras.Input((8, 8, 2))
y = layers.MaxPooling2D()(block(block(i, 3), 4))""",
        'Use `layers.Conv2D(n, 3, padding="same")`',
        (None, 4, 4, 9),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_later_calls_fit_first_edit(name, notebook):
    cell, words, shape = CASES[name]
    answer = notebook.run([cell.strip()], check="tuple(y.shape)")
    assert words in answer["edit"]
    assert answer["runs"]
    assert answer["value"] == repr(shape)


TRAINED = {
    "too few axes for the targets": (
        """
i = keras.Input((6, 3))
x = layers.LSTM(8)(i)
model = keras.Model(i, layers.Dense(4)(x))
model.compile("sgd", "categorical_crossentropy")""",
        "model.fit(rng.random((4, 6, 3)), rng.random((4, 6, 4)), verbose=0)",
        "set `return_sequences=True` in lstm",
    ),
    "examples joined in one batch": (
        """
i = keras.Input((6, 3))
x = ops.concatenate([layers.Dense(4)(i), layers.Dense(4)(i)])
model = keras.Model(i, layers.Dense(1)(layers.Flatten()(x)))
model.compile("sgd", "mse")""",
        "model.fit(rng.random((4, 6, 3)), rng.random((4, 1)), verbose=0)",
        "Join them along another axis: `axis=-1`.",
    ),
}


@pytest.mark.parametrize("name", TRAINED)
def test_model_trains_with_first_edit(name, notebook):
    build, fit, words = TRAINED[name]
    answer = notebook.run([build.strip(), fit])
    assert words in answer["edit"]
    assert answer["runs"]


def test_edit_that_breaks_later_call_comes_last(notebook):
    cell = """
g = layers.Dense(3)(keras.Input((10,)))
w = layers.Reshape((4, 1))(g)
s = ops.stack([layers.Dense(8)(keras.Input((10,))) for _ in range(3)], axis=1)
y = layers.multiply([s, w])"""
    answer = notebook.run([cell.strip()], check="tuple(y.shape)")
    assert "Set `target_shape=(3, 1)`" in answer["edit"]
    assert answer["value"] == "(None, 3, 8)"


def test_following_code_runs_nothing(notebook):
    cell = """
def count(x):
    calls.append(1)
    return layers.Dense(0)(x)
x = count(keras.Input((3,)))
y = layers.Reshape((2, 2))(x)"""
    answer = notebook.run(["calls = []", cell.strip()], check="len(calls)")
    assert answer["runs"]
    assert answer["value"] == "2"  # the cell and the edited cell
