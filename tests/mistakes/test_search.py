"""Edits of calls that do not fit: the search finds them, and the edited cells run."""

import pytest

# Each case: the cells, what the first edit says, and the shape of `y` afterwards.
CASES = {
    "u-net of an odd size": (
        """
scan = keras.Input((90, 90, 1), name="scan")
c1 = layers.Conv2D(8, 3, padding="same")(scan)
c2 = layers.Conv2D(16, 3, padding="same")(layers.MaxPooling2D()(c1))
c3 = layers.Conv2D(32, 3, padding="same")(layers.MaxPooling2D()(c2))
u2 = layers.Conv2DTranspose(16, 3, strides=2, padding="same")(c3)
y = layers.Concatenate()([u2, c2])""",
        "`keras.Input(shape=(92, 92, 1))`",
        (None, 46, 46, 32),
    ),
    "up without a stride": (
        """
scan = keras.Input((32, 32, 3))
low = layers.Conv2D(8, 3, padding="same")(scan)
deep = layers.Conv2D(16, 3, padding="same")(layers.MaxPooling2D()(low))
up = layers.Conv2DTranspose(8, 3, padding="same")(deep)
y = layers.concatenate([up, low])""",
        "Set `strides=2` in conv2d_transpose",
        (None, 32, 32, 16),
    ),
    "a valid convolution in a function": (
        """
def block(x, n):
    x = layers.Conv2D(n, 3, activation="relu")(x)
    return layers.Conv2D(n, 3, padding="same", activation="relu")(x)
i = keras.Input((64, 64, 3))
a = block(i, 8)
u = layers.UpSampling2D()(block(layers.MaxPooling2D()(a), 16))
y = layers.Concatenate()([u, a])""",
        'Set `padding="same"`',
        (None, 64, 64, 24),
    ),
    "valid convolutions in a loop": (
        """
i = x = keras.Input((32, 32, 4))
for n in (4, 4):
    x = layers.Conv2D(n, 3)(x)
y = layers.Add()([i, x])""",
        'Set `padding="same"` in conv2d_1 (Conv2D), conv2d (Conv2D)',
        (None, 32, 32, 4),
    ),
    "an operator": (
        """
i, j = keras.Input((32, 32, 4)), keras.Input((32, 32, 4))
y = layers.Conv2D(4, 3)(i) + j""",
        'Set `padding="same"` in conv2d',
        (None, 32, 32, 4),
    ),
    "the pooling of an inception block": (
        """
a = keras.Input((32, 32, 8))
b = layers.Conv2D(8, 3, padding="same")(a)
c = layers.Conv2D(8, 1, padding="same")(a)
d = layers.MaxPooling2D(3, strides=1)(a)
y = layers.concatenate([b, c, d])""",
        'Set `padding="same"` in max_pooling2d',
        (None, 32, 32, 24),
    ),
    "a stride in a residual block": (
        """
i = keras.Input((32, 32, 3))
x = layers.Conv2D(16, 3, padding="same")(i)
z = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(x)
z = layers.Conv2D(16, 3, padding="same")(z)
y = x + z""",
        "Set `strides=1` in conv2d_1",
        (None, 32, 32, 16),
    ),
    "other filters in a residual block": (
        """
i = keras.Input((32, 32, 3))
x = layers.Conv2D(16, 3, padding="same")(i)
z = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
z = layers.Conv2D(32, 3, padding="same")(z)
y = layers.Add()([x, z])""",
        "Set `filters=16` in conv2d_2",
        (None, 32, 32, 16),
    ),
    "two recurrent layers": (
        """
i = keras.Input((30, 4))
x = layers.Dropout(0.2)(layers.LSTM(8)(i))
y = layers.LSTM(8)(x)""",
        "Set `return_sequences=True` in lstm",
        (None, 8),
    ),
    "two bidirectional layers": (
        """
i = keras.Input((30, 4))
x = layers.Bidirectional(layers.GRU(8))(i)
y = layers.Bidirectional(layers.GRU(8))(x)""",
        "Set `return_sequences=True` in bidirectional",
        (None, 16),
    ),
    "recurrent layers in a list": (
        """
net = keras.Sequential([keras.Input((30, 4)), layers.LSTM(8), layers.LSTM(8)])
y = net.outputs[0]""",
        "Set `return_sequences=True` in lstm",
        (None, 8),
    ),
    "a repeated sequence": (
        """
i = keras.Input((10, 4))
y = layers.RepeatVector(5)(layers.LSTM(8, return_sequences=True)(i))""",
        "Set `return_sequences=False` in lstm",
        (None, 5, 8),
    ),
    "images at each step": (
        """
frames = keras.Input((30, 64, 64), name="frames")
y = layers.TimeDistributed(layers.Conv2D(8, 3))(frames)""",
        "`keras.Input(shape=(30, 64, 64, 1))`",
        (None, 30, 62, 62, 8),
    ),
    "maps into a recurrent layer": (
        """
clip = keras.Input((8, 32, 32, 3))
eye = keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(4, 3)])
seen = layers.TimeDistributed(eye)(clip)
y = layers.LSTM(16)(seen)""",
        "Put `layers.TimeDistributed(layers.Flatten())` before lstm",
        (None, 16),
    ),
    "the number of samples in a shape": (
        """
clips = rng.random((6, 4, 16, 16, 1))
film = keras.Input(clips.shape, name="film")
y = layers.ConvLSTM2D(4, (5, 1))(film)""",
        "`keras.Input(shape=(4, 16, 16, 1))`",
        (None, 12, 16, 4),
    ),
    "one-hot rows into an embedding": (
        """
text = keras.Input((15, 30), name="text")
x = layers.Embedding(30, 8)(text)
y = layers.LSTM(16)(x)""",
        "`keras.Input(shape=(15,))`",
        (None, 16),
    ),
    "a flattened image of open size": (
        """
i = keras.Input((None, None, 3))
x = layers.Flatten()(layers.Conv2D(16, 3)(i))
y = layers.Dense(2)(x)""",
        "Use `layers.GlobalAveragePooling2D()` instead of flatten",
        (None, 2),
    ),
    "pooling for images on a sequence": (
        """
x = layers.LSTM(8, return_sequences=True)(keras.Input((10, 4)))
y = layers.GlobalAveragePooling2D()(x)""",
        "Use `layers.GlobalAveragePooling1D()`",
        (None, 8),
    ),
    "flattened before a recurrent layer": (
        """
x = layers.Flatten()(keras.Input((30, 4)))
y = layers.LSTM(8)(x)""",
        "Leave out flatten",
        (None, 8),
    ),
    "a generator's first image": (
        """
x = layers.Dense(7 * 7 * 64)(keras.Input((100,)))
y = layers.Conv2DTranspose(64, 4, strides=2, padding="same")(x)""",
        "Put `layers.Reshape((7, 7, 64))`",
        (None, 14, 14, 64),
    ),
    "a target shape": (
        """
x = layers.Dense(7 * 7 * 16)(keras.Input((10,)))
y = layers.Reshape((7, 7, 32))(x)""",
        "Set `target_shape=(7, 7, 16)` in reshape",
        (None, 7, 7, 16),
    ),
    "ranks that meet": (
        """
h = layers.LSTM(16)(keras.Input((None, 6)))
c = layers.Dense(8)(keras.Input((12, 3)))
y = layers.Concatenate()([h, c])""",
        "Put `layers.Flatten()` before concatenate",
        (None, 112),
    ),
    "the output shape of attention": (
        """
seq = keras.Input((10, 16))
x = layers.MultiHeadAttention(2, 8, output_shape=32, name="att")(seq, seq)
y = layers.Add()([seq, x])""",
        "Remove `output_shape=(32,)` in att",
        (None, 10, 16),
    ),
    "the axes of a product": (
        """
a, b = keras.Input((5, 8)), keras.Input((6, 8))
y = layers.Dot(axes=1)([a, b])""",
        "Set `axes=2` in dot",
        (None, 5, 6),
    ),
    "a matrix the other way round": (
        """
a, b = keras.Input((5, 8)), keras.Input((7, 8))
y = ops.matmul(a, b)""",
        "Put `layers.Permute((2, 1))` before matmul",
        (None, 5, 7),
    ),
    "a stateful layer": (
        """
seq = keras.Input((10, 4), name="seq")
y = layers.LSTM(8, stateful=True)(seq)""",
        "`keras.Input(batch_shape=(32, 10, 4))`",
        (32, 8),
    ),
    "an output with its states": (
        """
seq = keras.Input((9, 3))
x = layers.LSTM(8, return_state=True, name="memory")(seq)
y = layers.Dense(1)(x)""",
        "Give each output a name: `x, h, c = ...`",
        (None, 1),
    ),
    "a row where steps are expected": (
        """
table = keras.Input((24,), name="table")
y = layers.Conv1D(16, 3)(table)""",
        "`keras.Input(shape=(24, 1))`",
        (None, 22, 16),
    ),
    "another size of a shared layer": (
        """
layer = layers.Dense(4)
a = layer(keras.Input((8,)))
y = layer(keras.Input((9,)))""",
        "`keras.Input(shape=(8,))`",
        (None, 4),
    ),
}


CASES |= {
    "a weight for each step": (
        """
a = keras.Input((10, 4))
w = layers.Dense(10, activation="softmax")(layers.Flatten()(a))
y = layers.Multiply()([a, w])""",
        "Put `layers.Reshape((10, 1))` before multiply",
        (None, 10, 4),
    ),
    "groups that do not divide the channels": (
        """
i = keras.Input((8, 8, 6))
y = layers.Conv2D(8, 3, groups=4)(i)""",
        "Set `groups=2` in conv2d",
        (None, 6, 6, 8),
    ),
    "a nested model for another size": (
        """
a = keras.Input((28, 28, 1))
inner = keras.Model(a, layers.Conv2D(4, 3)(a))
y = inner(layers.Conv2D(1, 3, padding="same")(keras.Input((32, 32, 3))))""",
        "Put `layers.Resizing(28, 28)` before functional",
        (None, 26, 26, 4),
    ),
    "layers of a custom layer": (
        """
class Block(layers.Layer):
    def __init__(self, n):
        super().__init__()
        self.conv = layers.Conv2D(n, 3)
        self.add = layers.Add()
    def call(self, x):
        return self.add([x, self.conv(x)])
y = Block(4)(keras.Input((16, 16, 4)))""",
        'Set `padding="same"` in conv2d',
        (None, 16, 16, 4),
    ),
    "several layers of a custom layer": (
        """
class Encoder(layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.first = layers.Conv2D(8, 3, activation="relu")
        self.second = layers.Conv2D(8, 3, activation="relu")
        self.join = layers.Concatenate()
    def call(self, x):
        a = self.first(x)
        b = self.second(a)
        return self.join([a, b])
y = Encoder()(keras.Input((16, 16, 3)))""",
        'Set `padding="same"` in conv2d (Conv2D), conv2d_1 (Conv2D)',
        (None, 16, 16, 16),
    ),
    "layers of a custom model": (
        """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.flat = layers.Flatten()
        self.rnn = layers.LSTM(8)
    def call(self, x):
        x = self.flat(x)
        x = self.rnn(x)
        return x
y = Net()(np.zeros((2, 10, 3)))""",
        "Leave out flatten",
        (2, 8),
    ),
    "a layer added to a list": (
        """
net = keras.Sequential()
net.add(keras.Input((28, 28, 1)))
net.add(layers.Conv2D(8, 3))
net.add(layers.LSTM(8))
y = net.outputs[0]""",
        "Put `layers.Reshape((26, 208))` before lstm",
        (None, 8),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_first_edit_makes_call_fit(name, notebook):
    cell, words, shape = CASES[name]
    answer = notebook.run([cell.strip()], check="tuple(y.shape)")
    assert words in answer["edit"]
    assert answer["runs"]
    assert answer["value"] == repr(shape)


TRAINED = {
    "a chain without an input": (
        """
model = keras.Sequential([layers.LSTM(8), layers.LSTM(4), layers.Dense(1)])
model.compile("adam", "mse")""",
        "model.fit(rng.random((8, 10, 4)), rng.random((8, 1)), verbose=0)",
        "Set `return_sequences=True` in lstm",
    ),
    "an output that is too large": (
        """
img = keras.Input((28, 28, 1), name="img")
x = layers.Conv2D(8, 3, strides=2, padding="same")(img)
x = layers.Conv2DTranspose(8, 3, strides=2, name="up")(x)
ae = keras.Model(img, layers.Conv2D(1, 3, padding="same")(x))
ae.compile("adam", "mse")""",
        "pics = rng.random((4, 28, 28, 1))\nae.fit(pics, pics, verbose=0)",
        'Set `padding="same"` in up',
    ),
    "a size that no halving divides": (
        """
img = keras.Input((23, 23, 1), name="img")
x = layers.MaxPooling2D(2, padding="same")(img)
x = layers.UpSampling2D(2)(x)
ae = keras.Model(img, layers.Conv2D(1, 3, padding="same")(x))
ae.compile("adam", "mse")""",
        "pics = rng.random((4, 23, 23, 1))\nae.fit(pics, pics, verbose=0)",
        "Let the model end in `layers.Cropping2D(((0, 1), (0, 1)))`",
    ),
    "attention over two widths": (
        """
i = keras.Input((8, 4), name="i")
q = layers.Conv1D(5, 1, name="q")(i)
v = layers.Conv1D(7, 1, name="v")(i)
x = layers.Attention(name="att")([q, v])
model = keras.Model(i, layers.Dense(1)(layers.Flatten()(x)))
model.compile("adam", "mse")""",
        "model.fit(rng.random((8, 8, 4)), rng.random((8, 1)), verbose=0)",
        "Write `filters=5` in v",
    ),
    "states that are wider than their layer": (
        """
source, target = keras.Input((None, 16)), keras.Input((None, 12))
_, fh, fc, bh, bc = layers.Bidirectional(layers.LSTM(8, return_state=True))(source)
h, c = layers.Concatenate()([fh, bh]), layers.Concatenate()([fc, bc])
x = layers.LSTM(8, return_sequences=True, name="decoder")(target, initial_state=[h, c])
model = keras.Model([source, target], layers.Dense(12)(x))
model.compile("adam", "mse")""",
        """x, z = rng.random((4, 5, 16)), rng.random((4, 5, 12))
model.fit([x, z], z, verbose=0)""",
        "Set `units=16` in decoder",
    ),
}


@pytest.mark.parametrize("name", TRAINED)
def test_first_edit_makes_model_train(name, notebook):
    build, fit, words = TRAINED[name]
    answer = notebook.run([build.strip(), fit])
    assert words in answer["edit"]
    assert answer["runs"]


def test_size_is_followed_along_graph(notebook):
    answer = notebook.run([CASES["u-net of an odd size"][0].strip()])
    assert "90 → 45 → 22 → 44 ≠ 90 → 45" in answer["said"]


def test_nothing_is_offered_without_a_fit(notebook):
    cell = 'a = keras.Input((5, 8), name="a")\nlayers.Reshape((10, -1))(keras.Input((7, 11)))'
    answer = notebook.run([cell])
    assert answer["rule"] == "reshape-size"
    assert "mended" not in answer


def test_edit_is_written_with_the_learners_names(notebook):
    cells = [
        "del layers, ops",
        """clip = keras.Input((8, 6, 6, 3))
seen = keras.layers.TimeDistributed(keras.layers.Conv2D(2, 3))(clip)
y = keras.layers.LSTM(4)(seen)""",
    ]
    answer = notebook.run(cells, check="tuple(y.shape)")
    assert "keras.layers.TimeDistributed(keras.layers.Flatten())" in answer["edit"]
    assert answer["runs"]
    assert answer["value"] == "(None, 4)"


def test_exchanged_layer_keeps_its_name(notebook):
    cell = """x = layers.LSTM(8, return_sequences=True)(keras.Input((10, 4)))
y = layers.GlobalAveragePooling2D(name="mean")(x)"""
    answer = notebook.run([cell])
    assert answer["runs"]
    assert 'layers.GlobalAveragePooling1D(name="mean")' in answer["mended"][0]
