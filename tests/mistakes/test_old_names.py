# ruff: noqa: E501 - a line holds a case
"""Old names, wrong names and objects of another Keras: each edit runs."""

import sys

import keras
import pytest
from cells import Notebook

import kfunc_lab as lab

TF = "import tensorflow as tf\n"
BACKEND = "from keras import backend as K\n"
X = "x = keras.Input((6, 4), name='x')\n"
MODEL = """i = keras.Input((6,), name="i")
model = keras.Sequential([i, layers.Dense(1, activation="sigmoid", name="end")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
x, y = np.ones((4, 6)), np.ones((4, 1))
"""
SEQUENCE = "s = keras.Input((5, 3))\n"
NEWER = tuple(map(int, keras.__version__.split(".")[:2])) >= (3, 10)

# What fails, and a part of what should stand in its place.
CASES = {
    # names of modules, classes and functions
    "both = layers.merge([a, b], mode='concat')": "layers.concatenate([a, b])",
    "both = keras.layers.merge([a, b], mode='dot', dot_axes=1)": "layers.dot([a, b], axes=1)",
    "y = layers.CuDNNLSTM(4, return_sequences=True)(s)": "layers.LSTM(4, return_sequences=True)(s)",
    "y = keras.utils.np_utils.to_categorical([0, 1])": "keras.utils.to_categorical([0, 1])",
    "y = layers.advanced_activations.LeakyReLU()(a)": "layers.LeakyReLU()(a)",
    "y = layers.experimental.preprocessing.Rescaling(0.1)(a)": "layers.Rescaling(0.1)(a)",
    "y = layers.dense(3)(a)": "layers.Dense(3)(a)",
    "y = layers.Conv2d(3, 3)(p)": "layers.Conv2D(3, 3)(p)",
    "y = layers.Maxpool2D(2)(p)": "layers.MaxPool2D(2)(p)",
    "y = layers.softmax()(a)": "layers.Softmax()(a)",
    "y = layers.DropOut(0.3)(a)": "layers.Dropout(0.3)(a)",
    "y = keras.layer.Dense(3)(a)": "layers.Dense(3)(a)",
    "y = keras.Dense(3)(a)": "layers.Dense(3)(a)",
    "y = keras.optimizers.adam(0.1)": "keras.optimizers.Adam(0.1)",
    "y = keras.optimizers.legacy.Adam(0.1)": "keras.optimizers.Adam(0.1)",
    "y = keras.losses.mse(a, a)": "keras.losses.mean_squared_error(a, a)",
    "y = keras.initializers.normal(stddev=0.1)": "keras.initializers.RandomNormal(stddev=0.1)",
    "y = layers.ThresholdedReLU(theta=0.5)(a)": "layers.Lambda(",
    f"{TF}y = tf.placeholder(tf.float32, [None, 3])": 'keras.Input(batch_shape=[None, 3], dtype="float32")',
    f"{TF}y = tf.layers.dense(a, 3)": "layers.Dense(3)(a)",
    f"{TF}y = tf.train.AdamOptimizer(0.01)": "keras.optimizers.Adam(0.01)",
    f"{TF}y = tf.log(a)": "ops.log(a)",
    "y = Dense(3)(a)": "layers.Dense(3)(a)",
    "m = Model(a, a)": "+ from keras import Model",
    "y = K.mean(a)": "ops.mean(a)",
    # imports
    "from keras.layers import CuDNNLSTM\ny = CuDNNLSTM(4)(s)": "from keras.layers import LSTM",
    "from keras.layers import CuDNNGRU": "from keras.layers import GRU as CuDNNGRU",
    "from keras.engine.topology import Layer, InputSpec": "from keras.layers import Layer, InputSpec",
    "from keras.utils import np_utils\ny = np_utils.to_categorical([1])": "utils.to_categorical([1])",
    "from keras.utils.np_utils import to_categorical": "from keras.utils import to_categorical",
    "from keras.layers import merge\ny = merge([a, b], mode='mul')": "layers.multiply([a, b])",
    "from tensorflow.keras.layers.merge import concatenate": "from tensorflow.keras.layers import",
    "from tensorflow.keras.layers.experimental import preprocessing": "import layers as preprocessing",
    "from keras_preprocessing.sequence import pad_sequences": "import pad_sequences",
    "from tensorflow.contrib import keras as k": "from tensorflow import keras as k",
    "from keras.preprocessing.text import Tokenizer": "tensorflow.keras.preprocessing.text",
    "from keras.layers.core import Dense\nfrom keras.layers.convolutional import Conv2D": "import Conv2D",
    "from keras.layers import dense, Conv2d": "from keras.layers import Dense as dense",
    # methods and attributes
    f"{MODEL}y = model.predict_classes(x, verbose=0)": "(model.predict(x, verbose=0) > 0.5)",
    f"{MODEL}y = model.predict_proba(x, verbose=0)": "model.predict(x, verbose=0)",
    f"{MODEL}print(model.layers[0].input_shape)": "model.layers[0].input.shape",
    f"{MODEL}print(model.layers[0].get_output_at(0))": "model.layers[0].output",
    f"{MODEL}{BACKEND}K.set_value(model.optimizer.lr, 0.1)": "model.optimizer.learning_rate.assign",
    f"{MODEL}model.sumary()": "model.summary",
    f"{X}y = x.T": "ops.transpose(x)",
    f"{X}y = x.mean(axis=1)": "ops.mean(x, axis=1)",
    f"{X}y = x.get_shape().as_list()[1]": "list(x.shape)[1]",
    f"{X}y = x._keras_shape[1]": "x.shape[1]",
    f"{X}y = x.astype('int32')": 'ops.cast(x, "int32")',
    f"{X}y = x.flatten()": "layers.Flatten()(x)",
    # arguments
    "y = layers.Conv2D(8, 3, 3, border_mode='same')(p)": "layers.Conv2D(8, (3, 3), padding='same')(p)",
    "y = layers.Conv2D(nb_filter=8, nb_row=3, nb_col=2)(p)": "filters=8, kernel_size=(3, 2)",
    "y = layers.Dense(output_dim=3, init='normal')(a)": 'units=3, kernel_initializer="random_normal"',
    "y = layers.Dropout(p=0.3)(a)": "rate=0.3",
    "y = layers.UpSampling2D(2, dim_ordering='th')(p)": 'data_format="channels_first"',
    "y = layers.LSTM(output_dim=4, dropout_W=0.2, consume_less='gpu')(s)": "units=4, dropout=0.2)",
    "y = layers.BatchNormalization(mode=2, axis=1)(a)": "BatchNormalization(axis=1)",
    "m = keras.Model(input=a, output=a)": "inputs=a, outputs=a",
    "o = keras.optimizers.Adam(lr=0.01)": "learning_rate=0.01",
    "o = keras.optimizers.SGD(lr=0.01, momentum=0.9)": "learning_rate=0.01, momentum=0.9",
    "c = keras.callbacks.ModelCheckpoint('a.keras', period=2)": "ModelCheckpoint('a.keras'",
    "c = keras.callbacks.TensorBoard('t', write_grads=True)": "TensorBoard('t')",
    "y = keras.utils.to_categorical([0, 1], nb_classes=2)": "num_classes=2",
    f"{MODEL}model.fit(x, y, nb_epoch=1, verbose=0)": "epochs=1",
    f"{MODEL}model.compile('adam', 'mse', metric=['mae'])": "metrics=['mae']",
    "m = keras.Sequential([layers.LSTM(4, batch_input_shape=(2, 5, 3), stateful=True)])":
        "[keras.Input(batch_shape=(2, 5, 3)), layers.LSTM(4, stateful=True)]",
    "m = keras.Sequential()\nm.add(layers.GRU(4, batch_input_shape=[2, 5, 3]))":
        "m.add(keras.Input(batch_shape=(2, 5, 3)))",
    # unpacking
    "o, h, c = layers.Bidirectional(layers.LSTM(4, return_state=True))(s)": "forward_h, forward_c",
    "o, h = layers.Bidirectional(layers.GRU(4, return_state=True))(s)": "forward_h, backward_h",
    "o, h = layers.LSTM(4, return_state=True)(s)": "o, h, state_c",
    "o, h, c = layers.GRU(4, return_state=True)(s)": "+ o, h = ",
    "o, h, c = layers.LSTM(4)(s)": "layers.LSTM(4, return_state=True)(s)",
    "encoder = layers.LSTM(4, return_state=True)\no, h = encoder(s)": "o, h, state_c = encoder(s)",
    "o, w = layers.MultiHeadAttention(2, 4)(s, s)": "return_attention_scores=True",
    # objects used as what they are not
    f"{MODEL}print(model['end'])": 'model.get_layer("end")',
    f"{MODEL}print(model[0])": "model.layers[0]",
    f"{MODEL}print(model.layers['end'])": 'model.get_layer("end")',
    f"{MODEL}print(len(model))": "len(model.layers)",
    f"{MODEL}for layer in model:\n    pass": "for layer in model.layers:",
    f"{MODEL}print(model.layers())": "print(model.layers)",
    "y = layers.Dense[3](a)": "layers.Dense(3)(a)",
    "y = a.shape()": "+ y = a.shape",
    "m = keras.Sequential([a]).build()\nm.summary()": "m.build()",
    # functions on symbolic tensors
    f"{TF}{X}y = tf.transpose(x, perm=[0, 2, 1])": "ops.transpose(x, axes=[0, 2, 1])",
    f"{TF}{X}y = tf.matmul(x, x, transpose_b=True)": "ops.matmul(x, ops.swapaxes(x, -2, -1))",
    f"{TF}{X}u = tf.square(x)\ny = tf.reduce_sum(u, 1)": "y = ops.sum(u, axis=1)",
    f"{TF}{X}y = tf.concat([tf.nn.relu(x), tf.exp(x)], 1)": "ops.concatenate([ops.relu(x), ops.exp(x)], axis=1)",
    f"{TF}{X}y, z = tf.split(x, [1, 3], axis=2)": "ops.split(x, [1], axis=2)",
    f"{TF}{X}def f(t):\n    u = tf.abs(t)\n    return tf.reduce_max(u, axis=-1)\ny = f(x)": "ops.max(u, axis=-1)",
    f"{TF}{X}y = tf.reduce_sum(x, reduction_indices=1)": "ops.sum(x, axis=1)",
    f"from tensorflow import reduce_sum\n{X}y = reduce_sum(x, 1)": "ops.sum(x, axis=1)",
    f"{TF}{X}y = tf.keras.backend.concatenate([x, x], axis=1)": "ops.concatenate([x, x], axis=1)",
    f"{X}y = np.exp(x) / np.sqrt(2 * np.pi)": "ops.exp(x) / np.sqrt(2 * np.pi)",
    "w = np.ones(6)\ny = w * a": "ops.multiply(w, a)",
    f"{BACKEND}y = K.sqrt(K.sum(K.square(a - b), axis=1, keepdims=True))": "ops.sqrt(ops.sum(ops.square(a - b)",
    f"{BACKEND}y = layers.Lambda(lambda t: K.abs(t[0] - t[1]))([a, b])": "ops.abs(t[0] - t[1])",
    f"{BACKEND}y = layers.Lambda(K.exp)(a)": "layers.Lambda(ops.exp)(a)",
    f"{BACKEND}class L(layers.Layer):\n    def call(self, t):\n        return K.tanh(t)\ny = L()(a)": "ops.tanh(t)",
    "import math\ny = math.sqrt(a)": "ops.sqrt(a)",
    f"{BACKEND}def sample(v):\n    m, s = v\n    return m + K.exp(s) * K.random_normal(shape=K.shape(m))\ny = layers.Lambda(sample)([a, b])":
        "ops.exp(s) * keras.random.normal(ops.shape(m))",
    f"{BACKEND}y = layers.Lambda(lambda t: K.expand_dims(t, -1))(a)\nz = layers.Lambda(lambda t: K.squeeze(t, -1))(y)": "ops.squeeze(t, -1)",
    "class L(layers.Layer):\n    def build(self, shape):\n        self.w = self.add_variable('w', (6, 2))\n"
    "    def call(self, t):\n        return ops.matmul(t, self.w)\ny = L()(np.ones((2, 6)))": "self.add_weight(name='w', shape=(6, 2))",
    "class Net(keras.Model):\n    def __init__(self):\n        super().__init__()\n        self.dense_1 = layers.Dense(3)\n"
    "    def call(self, t):\n        return self.dense1(t)\ny = Net()(np.ones((2, 3)))": "return self.dense_1(t)",
    "o, (h, c) = layers.LSTM(4, return_state=True)(s)": "o, h, c = layers.LSTM(4, return_state=True)(s)",
    "y = layers.Linear(3)(a)": "layers.Dense(3)(a)",
    f"{TF}xa, xb, y = np.ones((8, 2)), np.ones((8, 2)), np.ones((8, 1))\nd = tf.data.Dataset.from_tensor_slices(([xa, xb], y))": "((xa, xb), y)",
    # another Keras
    "from tensorflow.python.keras import layers as L\nx = L.Input((3,))\ny = L.Dense(2)(x)\nm = keras.Model(x, y)": "y = layers.Dense(2)(x)",
    f"{TF}{MODEL}model.compile(tf.compat.v1.train.AdamOptimizer(0.1), 'mse')": "keras.optimizers.Adam(0.1)",
    "from tensorflow.python.keras.layers import Dense as Old\nm = keras.Sequential([a, Old(4)])": "layers.Dense(4)",
    f"from tensorflow.python.keras.optimizer_v2 import adam\n{MODEL}model.compile(adam.Adam(0.1), 'mse')":
        "keras.optimizers.Adam(0.1)",
    f"from tensorflow.python.keras.optimizer_v2.gradient_descent import SGD\n{MODEL}o = SGD(0.1)\nmodel.compile(o, 'mse')":
        "o = keras.optimizers.SGD(0.1)",
}  # fmt: skip
INPUTS = "a, b = keras.Input((6,)), keras.Input((6,))\np = keras.Input((8, 8, 1))\n" + SEQUENCE


@pytest.mark.parametrize("cell", CASES)
def test_edit_of_old_name_runs(cell):
    notebook = Notebook(INPUTS, cell)
    view = notebook.explained()
    text = view.to_text()
    if "normal" in cell and not NEWER and not view.mistake.changes:
        return
    assert CASES[cell] in text, text
    assert view.mistake.rule != "unknown"
    error = notebook.mended(view)
    assert error is None, (text, error)


HISTORY = MODEL + "history = model.fit(x, y, verbose=0)\n"


@pytest.mark.parametrize(
    ("cell", "edit"),
    [
        ("print(history.history['acc'])", '"accuracy"'),
        ("h = history.history\nprint(h['acc'])", '"accuracy"'),
        ("print(history['acc'])", 'history.history["accuracy"]'),
        ("print(history.accuracy)", 'history.history["accuracy"]'),
    ],
)
def test_key_of_a_history_is_corrected(cell, edit):
    notebook = Notebook(HISTORY, cell)
    view = notebook.explained()
    assert edit in view.to_text()
    assert notebook.mended(view) is None


def test_key_of_validation_needs_validation():
    notebook = Notebook(HISTORY + "print(history.history['val_loss'])")
    view = notebook.explained()
    assert "validation_split=0.2" in view.mistake.edit
    assert notebook.mended(view) is None


def test_names_in_a_loss_are_replaced_in_the_cell_of_the_loss():
    loss = (
        f"{BACKEND}def flat(t):\n    return K.flatten(t)\n"
        "def dice(y, p):\n    y, p = flat(y), flat(p)\n"
        "    return 1 - (2 * K.sum(y * p) + 1) / (K.sum(y) + K.sum(p) + K.epsilon())\n"
    )
    fit = "model.fit(np.ones((4, 6)), np.ones((4, 1)), verbose=0)"
    notebook = Notebook(loss, MODEL + "model.compile('sgd', dice)", fit)
    view = notebook.explained()
    assert "compile the model again" in view.mistake.edit
    assert notebook.mended(view) is None
    assert "K.epsilon()" in notebook.cells[0]
    assert "ops.reshape(t, (-1,))" in notebook.cells[0]


@pytest.mark.parametrize(
    ("cell", "edit"),
    [
        (f"{TF}with tf.Session() as session:\n    pass", "without sessions"),
        (f"{BACKEND}K.learning_phase()", "training=True"),
        (f"{TF}{X}y = tf.linalg.band_part(x, -1, 0)", "call` of a custom layer"),
        (f"{X}n = x.shape[3]", "x.shape[-1]"),
        (f"{MODEL}keras.utils.plot_model(model)", "lab.graph(model)"),
        ("y = layers.Dense(3) + layers.Dense(3)", "Call each layer on a tensor"),
        ("layers(3)", "layers.Dense(...)"),
    ],
)
def test_name_without_equivalent_gets_advice_and_no_change(cell, edit):
    view = Notebook(INPUTS, cell).explained()
    assert edit in view.mistake.edit
    assert view.mistake.changes == ()


@pytest.mark.parametrize(
    "cell",
    [
        "1 / 0", "{}['acc']", "import nothing_like_this", "undefined_name", "p, q = [1, 2, 3]",
        "np.foo(3)", f"{TF}tf.foo(3)", "'a' + 1", "[1][3]", "None.fit", "len(3)",
    ],
)  # fmt: skip
def test_error_without_keras_is_refused(cell):
    error = Notebook(INPUTS, cell).run()
    with pytest.raises(ValueError, match="Keras did not raise this"):
        lab.explain(error)


def test_explanation_changes_nothing():
    cell = f"{TF}{X}y = tf.reduce_mean(layers.Dense(3, name='d')(x), axis=1)"
    notebook = Notebook(INPUTS, cell)
    error = notebook.run()
    before = dict(notebook.names)
    counted = keras.Input((2,)).name
    lab.explain(error)
    after = keras.Input((2,)).name
    assert notebook.names == before
    assert int(after.rpartition("_")[2]) == int(counted.rpartition("_")[2]) + 1


def test_learners_code_does_not_run_again():
    cell = f"{TF}calls = []\ndef double(t):\n    calls.append(t)\n    return 2 * t\n"
    notebook = Notebook(INPUTS, cell, f"{TF}y = tf.reduce_mean(double(a), axis=1)")
    view = notebook.explained()
    assert len(notebook.names["calls"]) == 1
    assert "ops.mean(double(a), axis=1)" in view.to_text()


def test_tables_load_without_keras_and_tensorflow():
    assert "kfunc_lab.mistakes.names.table" in sys.modules
    import subprocess

    code = (
        "import sys; from kfunc_lab.mistakes.names import table; table.functions(); "
        "table.methods(); table.places(); table.arguments(); "
        "assert not {'keras', 'tensorflow'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
