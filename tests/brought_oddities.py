"""Further models as people bring them: odd results, inputs, arguments, settings and losses."""

import collections

import keras
import numpy as np
from brought_models import right, sequence
from keras import layers, ops

# ---------------------------------------------------------------------------------------------
# Results

Pair = collections.namedtuple("Pair", "mean spread")


class Spread(layers.Layer):
    def call(self, x):
        return Pair(ops.mean(x, axis=1), ops.std(x, axis=1))


@right((None, 5), (None, 5), names=("", ""))
def results_in_a_named_tuple():
    found = Spread()(x := sequence())
    return keras.Model(x, [found.spread, found.mean])


@right((None, 3), (None, 2), (None, 4), names=("0/0", "0/1", "1/0"), parameters=27 + 18)
def lists_of_outputs():
    x = keras.Input((8,))
    a, b = layers.Dense(3)(x), layers.Dense(2)(x)
    return keras.Model(x, [[a, b], [x[:, :4]]])


@right((None, 3), names=("only",), parameters=15)
def one_output_by_key():
    x = keras.Input((4,))
    return keras.Model(x, {"only": layers.Dense(3)(x)})


@right((None, 3), (None, 2), parameters=4 * 3 * 9 + 3 * 2 * (3 + 2 + 2))
def states_of_stacked_cells():
    x = sequence()
    cells = [layers.LSTMCell(3), layers.GRUCell(2)]
    _y, *states = layers.RNN(cells, return_state=True)(x)
    return keras.Model(x, [states[0][1], states[1]])


@right((None, 3, 3), (None,))
def part_of_a_decomposition():
    x = keras.Input((4, 3))
    _q, r = ops.qr(x)
    mean, _variance = ops.moments(x, axes=[1, 2])
    return keras.Model(x, [r, mean])


@right((None, 4), (None, 4), parameters=20)
def function_over_rows():
    x = keras.Input((4,))
    y = layers.Dense(4)(x)
    y = ops.swapaxes(ops.tile(y[:, None], (1, 2, 1)), 1, 2)[..., 0]
    return keras.Model(x, [y, ops.vectorized_map(lambda row: row / 2, x)])


class TwoHeads(layers.Wrapper):
    def call(self, x, training=None):
        return self.layer(x), ops.max(x, axis=-1)


@right((None,), (None, 3), parameters=15)
def own_wrapper_with_two_outputs():
    y, most = TwoHeads(layers.Dense(3))(x := keras.Input((4,)))
    return keras.Model(x, [most, y])


# ---------------------------------------------------------------------------------------------
# Inputs and nesting


@right((None, 6, 2), parameters=3 * 2 + 4 * 2 + 2)
def inputs_of_other_types():
    flag, byte = keras.Input((6,), dtype="bool", name="flag"), keras.Input((6,), dtype="uint8")
    parts = [ops.cast(it, "float32")[..., None] for it in (flag, byte)]
    tokens = keras.Input((6,), dtype="int64", name="a b")
    y = layers.Concatenate()([*parts, layers.Embedding(3, 2)(tokens)])
    return keras.Model((flag, (byte, tokens)), layers.Dense(2)(y))


@right((2, None, 3), parameters=4 * 3 + 3)
def fixed_batch_and_free_length():
    x = keras.Input(batch_shape=(2, None, 4))
    return keras.Model([x], [layers.Dense(3)(x)])


@right((None, 2), (None, 4), parameters=20 + 10)
def middle_of_another_model():
    x = keras.Input((4,))
    base = keras.Sequential([x, layers.Dense(4, "relu", name="mid"), layers.Dense(2)])
    return keras.Model(base.inputs, [base.outputs[0], base.get_layer("mid").output])


class WithStep(keras.Model):
    """A functional model with a training step of its own."""

    def train_step(self, data):
        return super().train_step(data)


@right((None, 2), parameters=10)
def functional_subclass():
    x = keras.Input((4,))
    return WithStep(x, layers.Dense(2)(x), name="own")


@right((None, 3), parameters=3 * 12)
def sequentials_in_sequentials():
    inner = keras.Sequential([layers.Dense(3), layers.Dropout(0.1)], name="inner")
    middle = keras.Sequential([inner, layers.Dense(3)], name="middle")
    model = keras.Sequential([keras.Input((3,)), middle, layers.Dense(3), layers.Dense(9)])
    model.pop()
    return model


@right((None, 4), parameters=20)
def model_of_its_own_output():
    z = keras.Input((4,))
    step = keras.Model(z, z + layers.Dense(4)(z), name="step")
    x = keras.Input((4,))
    return keras.Model(x, step(step(step(x))))


@right((None, 1), parameters=4 * 2 + 2 + 3)
def nested_inputs_by_key():
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    inner = keras.Model({"a": a, "b": b}, {"sum": layers.Dense(2)(layers.concatenate([a, b]))})
    x = keras.Input((2,))
    return keras.Model(x, layers.Dense(1)(inner({"b": x, "a": -x})["sum"]))


class Stack(keras.Sequential):
    pass


@right((None, 2), parameters=15 + 8)
def built_by_shape():
    model = Stack([layers.Dense(3), layers.Dense(2)])
    model.build((None, 4))
    return model


@right(built=False)
def wrapped_and_not_built():
    return keras.Sequential(
        [layers.Bidirectional(layers.LSTM(3, return_state=False)), Spread()]
    )


# ---------------------------------------------------------------------------------------------
# Masks and arguments


class Drop(layers.Layer):
    """Drops the first step, of the mask too."""

    def __init__(self, **named):
        super().__init__(**named)
        self.supports_masking = True

    def call(self, x, mask=None):
        return x[:, 1:] * (1.0 if mask is None else ops.cast(mask, x.dtype)[:, 1:, None])

    def compute_mask(self, x, mask=None):
        return None if mask is None else mask[:, 1:]


@right((None, 4), parameters=9 * 3 + 4 * 4 * 8, change=("x", {"shape": (8,)}, 155, [(None, 4)]))
def mask_that_a_layer_changes():
    x = keras.Input((5,), dtype="int32", name="x")
    y = Drop()(layers.Embedding(9, 3, mask_zero=True)(x))
    return keras.Model(x, layers.LSTM(4)(y))


@right((None, 5, 4), parameters=9 * 4 + 3 * 20 + 20)
def masks_of_attention():
    x = keras.Input((5,), dtype="int32", name="x")
    allowed = keras.Input((5, 5), dtype="bool", name="allowed")
    y = layers.Embedding(9, 4, mask_zero=True)(x)
    heads = layers.MultiHeadAttention(2, 2)
    return keras.Model([x, allowed], heads(y, y, attention_mask=allowed, use_causal_mask=True))


@right((None, 6), parameters=9 * 7)
def joined_masks():
    x, z = (keras.Input((5,), dtype="int32", name=name) for name in "xz")
    embed = layers.Embedding(9, 7, mask_zero=True)
    y = layers.Concatenate(axis=1)([embed(x), embed(z)])
    return keras.Model([x, z], layers.GlobalAveragePooling1D()(y)[:, :6])


class Noisy(layers.Dropout):
    """Is random whatever `training` says."""

    def call(self, inputs):
        return super().call(inputs, training=True)


@right((None, 4))
def monte_carlo_dropout():
    x = keras.Input((4,))
    return keras.Model(x, Noisy(0.5, seed=7)(x))


@right((None, 3), parameters=15 + 12)
def frozen_base_in_inference():
    z = keras.Input((4,))
    base = keras.Model(z, layers.BatchNormalization()(layers.Dense(3)(z)), name="base")
    base.trainable = False
    x = keras.Input((4,))
    return keras.Model(x, layers.Dropout(0.2)(base(x, training=False)))


class Scaled(layers.Layer):
    def call(self, x, scale, training=False, *, shift=0.0):
        return x * scale + (shift if training else 0.0)


@right((None, 4))
def training_with_a_default():
    x = keras.Input((4,))
    layer = Scaled()
    return keras.Model(x, layer(layer(x, scale=2.0, training=True, shift=1.0), scale=-0.5))


@right((None, 8, 8, 3))
def pipeline_of_augmentations():
    x = keras.Input((8, 8, 3))
    steps = [layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), layers.Rescaling(0.5)]
    return keras.Model(x, layers.Pipeline(steps)(x))


@right((2, 3), parameters=4 * 3 * 9)
def state_between_batches():
    x = keras.Input(batch_shape=(2, 6, 5))
    return keras.Model(x, layers.LSTM(3, stateful=True)(x))


# ---------------------------------------------------------------------------------------------
# Code


@right((None, 3), (None, 3), (None, 3), parameters=45)
def functions_as_activations():
    x = keras.Input((4,))
    layer = layers.LeakyReLU(negative_slope=0.3)
    return keras.Model(
        x,
        [
            layers.Dense(3, activation=layer)(x),
            layers.Dense(3, activation=lambda y: ops.relu(y) ** 2)(x),
            layers.Dense(3, activation=keras.ops.silu)(x),
        ],
    )


@right((None, 4), (None, 4), (None, 1))
def functions_of_keras_in_lambdas():
    x = keras.Input((4,))
    norm = layers.Lambda(ops.norm, arguments={"axis": -1, "keepdims": True})
    return keras.Model(
        x, [layers.Lambda(ops.abs)(x), layers.Lambda(keras.activations.gelu)(x), norm(x)]
    )


@right((None, 2, 2, 3), parameters=27 * 3 + 3)
def settings_of_every_form():
    x = keras.Input((4, 4, 3), dtype=np.float32)
    start = keras.initializers.RandomNormal(stddev=np.sqrt(2 / 9), seed=1)
    conv = layers.Conv2D(
        np.int64(3), [3, 3], strides=np.array([2, 2]).tolist(), padding="SAME",
        kernel_initializer=start, bias_regularizer=keras.regularizers.L1L2(0.01, 0.1),
    )  # fmt: skip
    return keras.Model(x, layers.Rescaling(1 / 127.5, offset=[-1.0, 0.0, 1.0])(conv(x)))


@right((None, None, 4), parameters=9 * 4 + 4 * 4 + 4)
def pretrained_table():
    table = np.arange(36, dtype="float32").reshape(9, 4)
    x = keras.Input((6,), dtype="int32")
    embed = layers.Embedding(9, 4, embeddings_initializer=keras.initializers.Constant(table))
    embed.trainable = False
    return keras.Model(x, layers.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d")(embed(x)))


def plain_text(text):
    import tensorflow as tf

    return tf.strings.lower(text)


@right((None, 4), (None, 6), (None,))
def text_and_crosses():
    text, kind = keras.Input((1,), dtype="string"), keras.Input((), dtype="string", name="kind")
    vectorize = layers.TextVectorization(
        standardize=plain_text, output_sequence_length=4, vocabulary=["a", "b"]
    )
    count = layers.Hashing(6, salt=[1, 2], output_mode="multi_hot")
    lookup = layers.StringLookup(vocabulary=["u", "v"], mask_token="[M]", num_oov_indices=2)
    return keras.Model([text, kind], [vectorize(text), count(text), lookup(kind)])


@right((None, 4, 3), (None, 4, 4), (None, 3), (None, 12))
def operators():
    x = sequence(4, 3)
    y = abs(-x) ** 2 // 3 % 5 + 2**x / 7
    kept = (x > 0) & ~(y >= 1) | (x == y)
    flat = ops.reshape(x, (-1, 12))
    product = x @ ops.transpose(x, (0, 2, 1))
    return keras.Model(x, [ops.where(kept, y, -1e9), product, x[:, ::-1, ...][:, -1], flat])


@right((None, 4), (None, 4), (None, 1))
def numbers_that_are_not_finite():
    x = keras.Input((4,))
    low = ops.full_like(x, float("-inf"))
    peak = ops.max(x, axis=-1, keepdims=True, initial=float("-inf"))
    return keras.Model(x, [ops.maximum(x, low), ops.nan_to_num(x / 0.0, nan=1e-7), peak])


@right((None, 2, 2), (None, 3), parameters=0)
def merges():
    a, b = sequence(3, 2, "a"), sequence(3, 2, "b")
    dot = layers.Dot(axes=(1, 1), normalize=np.bool_(True).item())([a, b])
    most = layers.maximum([layers.average([a, b]), layers.multiply([a, b])])
    return keras.Model([a, b], [dot, layers.Concatenate(axis=np.int64(-1))([most, a])[:, :, 0]])


class Options:
    def __init__(self, width=3, rate=0.1):
        self.width, self.rate = width, rate


class Block(layers.Layer):
    """Takes an object of its author's, and has no configuration."""

    def __init__(self, options):
        super().__init__()
        self.options = options
        self.dense = layers.Dense(options.width)

    def call(self, x):
        return self.dense(x)


@right((None, 3), parameters=15, missing="block", lint=None)
def object_as_argument():
    x = keras.Input((4,))
    return keras.Model(x, Block(Options())(x))


@right((None, 3), parameters=15 + 12)
def two_names_for_one_weight():
    x = keras.Input((4,))
    y = layers.Dense(3, name="Dense Layer-1")(x)
    return keras.Model(x, layers.Dense(3, name="class")(y), name="my model!")


# ---------------------------------------------------------------------------------------------
# Lint


def compiled(x, outputs, loss, **named):
    model = keras.Model(x, outputs)
    model.compile("adam", loss, **named)
    return model


@right((None, 5), parameters=25)
def many_labels_with_logits():
    x = keras.Input((4,))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return compiled(
        x, layers.Dense(5)(x), loss, metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)]
    )


@right((None, 1), parameters=5)
def margin():
    x = keras.Input((4,))
    return compiled(x, layers.Dense(1)(x), "hinge")


@right((None, 1), parameters=5)
def counts():
    x = keras.Input((4,))
    return compiled(x, ops.exp(layers.Dense(1)(x)), "poisson")


@right((None, 3), parameters=15)
def distilled():
    x = keras.Input((4,))
    y = ops.softmax(layers.Dense(3)(x) / 4.0)
    return compiled(x, y, keras.losses.KLDivergence())


@right((None, 2), (None, 1), parameters=(8 * 4 + 8) + 18 + 9, lint=("no-loss",))
def actor_and_critic():
    x = keras.Input((4,))
    y = layers.Dense(8, "tanh")(x)
    return compiled(x, [layers.Dense(2, "softmax")(y), layers.Dense(1)(y)], [None, "mse"])


@right((None, 8, 8, 1), parameters=28 + 2)
def places_with_dice():
    def dice(y, p):
        return 1 - 2 * ops.sum(y * p) / (ops.sum(y) + ops.sum(p) + 1.0)

    x = keras.Input((8, 8, 3))
    y = layers.Conv2D(1, 3, padding="same", activation="relu")(x)
    return compiled(x, layers.Conv2D(1, 1, activation="sigmoid")(y), dice, metrics=["accuracy"])


@right((None, 3), parameters=15, lint=("loss-activation",))
def sigmoid_among_classes():
    x = keras.Input((4,))
    return compiled(x, layers.Dense(3, "sigmoid")(x), "categorical_crossentropy")


@right((None, 3), parameters=15, lint=("logits",))
def softmax_given_as_logits():
    x = keras.Input((4,))
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    return compiled(x, layers.Softmax()(layers.Dense(3)(x)), loss)


@right((None, 3), parameters=15)
def probabilities_for_a_function():
    def focal(y, p):
        return -ops.mean(y * (1 - p) ** 2 * ops.log(p + 1e-7))

    x = keras.Input((4,))
    return compiled(x, layers.Activation("softmax")(layers.Dense(3)(x)), focal)
