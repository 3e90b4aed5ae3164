"""Models as people bring them, each with what is right to say of it."""

import functools
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import layers, ops

MODELS = {}


@dataclass(frozen=True)
class Right:
    """What is right to say of a model.

    Attributes:
        build: Builds it.
        outputs: The shape of each output.
        parameters: Those of the whole model.
        names: The names of the outputs.
        missing: What its code names as missing; empty if the code builds an equal model.
        change: A call, its new settings, and the parameters and outputs that follow.
        lint: The codes of its findings; `None` if they are not compared.
        built: Whether it has its weights and shapes.
        x: What it is called on, if its inputs do not tell.
    """

    build: Any
    outputs: list
    parameters: int = 0
    names: tuple = ()
    missing: str = ""
    change: tuple = ()
    lint: tuple | None = ()
    built: bool = True
    x: Any = field(default=None)


def right(*outputs, **told):
    def keep(build):
        MODELS[build.__name__] = Right(build, list(outputs), **told)
        return build

    return keep


def sequence(steps=6, features=5, name="x"):
    return keras.Input((steps, features), name=name)


# ---------------------------------------------------------------------------------------------
# Outputs


# 4·2·(5+2+1) per direction
@right((None, 2), (None, 6, 4), parameters=2 * 64)
def last_state_before_the_sequence():
    x = sequence()
    lstm = layers.LSTM(2, return_sequences=True, return_state=True)
    y, *states = layers.Bidirectional(lstm)(x)
    return keras.Model(x, [states[3], y])


class TwoStates(layers.Layer):
    """A cell whose states have other sizes than its output."""

    def __init__(self, units=3, **named):
        super().__init__(**named)
        self.units = units
        self.state_size = [units, 2]
        self.output_size = units
        self.inside = layers.Dense(units)

    def build(self, shape):
        self.inside.build(shape)
        self.built = True

    def call(self, x, states, training=None):
        h, count = states
        h = ops.tanh(self.inside(x) + h)
        return h, [h, count + 1.0]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@right((None, 2), (None, 3), parameters=18)
def state_of_an_own_cell():
    x = sequence()
    y, _h, count = layers.RNN(TwoStates(), return_state=True)(x)
    return keras.Model(x, [count, y])


@right((None, 2), (None, 2), (None, 4), parameters=12)
def thirds_in_another_order():
    x = keras.Input((6,))
    q, k, v = ops.split(x, 3, axis=-1)
    return keras.Model(x, [v, q, layers.Dense(4)(k)])


@right((None, 2, 5, 5), parameters=4 * 20)
def scores_alone():
    x = sequence(5, 4)
    heads = layers.MultiHeadAttention(2, 2)
    _y, scores = heads(x, x, return_attention_scores=True)
    return keras.Model(x, scores)


@right((None, 1), (None, 3), names=("a", "b"), parameters=5 + 15 + 10)
def key_of_a_nested_model():
    x = keras.Input((4,))
    dense = {"b": layers.Dense(1, name="a")(x), "a": layers.Dense(3, name="b")(x)}
    inner = keras.Model(x, dense, name="inner")
    z = keras.Input((4,))
    found = inner(z)
    return keras.Model(
        z, {"a": found["b"], "b": layers.Dense(2, name="c")(z)[:, :1] + found["a"]}
    )


class Moments(layers.Layer):
    def call(self, x):
        return {
            "mean": ops.mean(x, axis=1),
            "rest": [ops.var(x, axis=1), (ops.max(x, axis=1),)],
        }


@right((None, 5), (None, 5), names=("high", "low/0"))
def some_of_a_structure():
    found = Moments()(x := sequence())
    return keras.Model(x, {"low": [found["mean"]], "high": found["rest"][1][0]})


@right((None, 2), parameters=12)
def indices_alone():
    x = keras.Input((5,))
    _values, indices = ops.top_k(layers.Dense(2)(x), k=2)
    return keras.Model(x, indices)


# ---------------------------------------------------------------------------------------------
# Inputs


@right((None, 2), parameters=2 * 8 + 2, change=("pixels", {"shape": (5,)}, 20, [(None, 2)]))
def list_in_a_dict():
    pixels, size = keras.Input((4,), name="pixels"), keras.Input((1,), name="size")
    place = keras.Input((3,), name="place")
    y = layers.Concatenate()([pixels, size, place])
    return keras.Model({"extra": [size, (place,)], "image": pixels}, layers.Dense(2)(y))


class Gate(layers.Layer):
    def call(self, x, gate=None):
        return x if gate is None else x * ops.sigmoid(gate)

    def compute_output_shape(self, x_shape, gate_shape=None):
        return x_shape


@right((None, 4), parameters=20, x=lambda: {"x": np.ones((2, 4), "float32"), "more": [None]})
def optional_in_a_list():
    x, gate = keras.Input((4,), name="x"), keras.Input((4,), name="gate", optional=True)
    return keras.Model({"x": x, "more": [gate]}, Gate(name="open")(layers.Dense(4)(x), gate))


@right((None, 4), parameters=8 * 3 + 4 * 4)
def scalar_features():
    town = keras.Input((), dtype="string", name="town")
    age = keras.Input((), name="age")
    place = layers.Embedding(8, 3)(layers.Hashing(8)(town))
    y = layers.Concatenate()([place, ops.expand_dims(age, -1)])
    return keras.Model({"town": town, "age": age}, layers.Dense(4, use_bias=False)(y))


@right((None, 3), parameters=5 * 3, lint=("unused-input",))
def an_input_that_nothing_takes():
    x, unused = keras.Input((4,), name="x"), keras.Input((7,), name="unused")
    return keras.Model([unused, x], layers.Dense(3)(x))


# ---------------------------------------------------------------------------------------------
# Nesting


@right((None, 4, 2), (None, 4, 2), parameters=3 * 3 + 3 + 8)
def sequential_in_a_model_in_a_wrapper():
    tail = keras.Sequential([keras.Input((3,)), layers.Dense(2)], name="tail")
    z = keras.Input((3,))
    part = keras.Model(z, tail(layers.ReLU()(layers.Dense(3)(z))), name="part")
    a, b = sequence(4, 3, "a"), sequence(4, 3, "b")
    each = layers.TimeDistributed(part)
    return keras.Model([a, b], [each(b), each(a)])


class Head(keras.Model):
    def __init__(self, **named):
        super().__init__(**named)
        self.part = keras.Sequential([layers.Dense(3), layers.Dense(2)], name="part")

    def call(self, x, training=None):
        y = self.part(x, training=training)
        return y, ops.sum(y, axis=-1)


@right((None,), (None, 2), parameters=15 + 8)
def subclassed_with_two_outputs():
    x = keras.Input((4,))
    y, total = Head()(x)
    return keras.Model(x, [total, y])


# ---------------------------------------------------------------------------------------------
# Not built


@right(built=False)
def built_model_after_unbuilt_layers():
    z = keras.Input((2,))
    tail = keras.Model(z, layers.Dense(3)(z), name="tail")
    return keras.Sequential([layers.Conv1D(2, 3), layers.GlobalMaxPooling1D(), tail])


@right(built=False)
def wrappers_that_are_not_built():
    inner = keras.Sequential([layers.Dense(3), layers.Dropout(0.2)])
    gru = layers.GRU(4, return_sequences=True)
    return keras.Sequential([layers.TimeDistributed(inner), layers.Bidirectional(gru)])


@right(built=False)
def subclassed_and_never_called():
    return Head()


# ---------------------------------------------------------------------------------------------
# Changes


@right(
    (None, 2),
    parameters=20 + 10,
    lint=None,
    change=("x", {"shape": (6,)}, 28 + 10, [(None, 2)]),
)
def shared_with_a_lost_branch():
    x, shared = keras.Input((4,), name="x"), layers.Dense(4, name="shared")
    layers.Dense(9, name="lost")(shared(x))
    return keras.Model(x, layers.Dense(2, name="o")(shared(x)))


@right((None, 3), parameters=9 * 5 + 18, change=("words", {"shape": (9,)}, 63, [(None, 3)]))
def mask_and_change():
    x = keras.Input((7,), dtype="int32", name="words")
    y = layers.Embedding(9, 5, mask_zero=True)(x)
    y = layers.Masking()(y)
    return keras.Model(x, layers.Dense(3)(layers.GlobalAveragePooling1D()(y)))


@right(
    (None, 3, 3, 8),
    parameters=112 + 40,
    change=("first", {"strides": 1}, 152, [(None, 6, 6, 8)]),
)
def frozen_part_and_change():
    x = keras.Input((8, 8, 3), name="x")
    y = layers.Conv2D(4, 3, strides=2, name="first")(x)
    last = layers.Conv2D(8, 1, name="last")
    model = keras.Model(x, last(y))
    last.trainable = False
    return model


# ---------------------------------------------------------------------------------------------
# Arguments of calls


class Shift(layers.Layer):
    def call(self, x, *, by=0.0, flip=False, training=None):
        y = x + by if training else x - by
        return ops.flip(y, axis=-1) if flip else y


@right((None, 4))
def keyword_only_arguments():
    x = keras.Input((4,))
    return keras.Model(x, Shift()(Shift()(x, by=2.0), flip=True, by=1.0))


@right((None, 6, 4), parameters=20)
def computed_attention_mask():
    x = sequence()
    y = layers.Dense(4, use_bias=False)(x)
    keep = ops.any(ops.not_equal(x, 0.0), axis=-1)
    attention = layers.Attention()
    return keras.Model(x, attention([y, y], mask=[None, keep], use_causal_mask=True))


@right((None, 3), parameters=4 * 3 * (5 + 3 + 1), lint=("training-mode",))
def dropout_that_is_always_on():
    x = sequence()
    y = layers.Dropout(0.5, seed=3)(x, training=True)
    return keras.Model(x, layers.LSTM(3, dropout=0.4)(y))


# ---------------------------------------------------------------------------------------------
# Random layers at inference


@right((None, 8, 8, 3))
def augmentation_in_a_sequential():
    augment = keras.Sequential(
        [
            layers.RandomZoom(0.3),
            layers.RandomContrast(0.4),
            layers.RandomTranslation(0.1, 0.1),
        ],
        name="augment",
    )
    x = keras.Input((8, 8, 3))
    return keras.Model(x, layers.RandomBrightness(0.2)(augment(x)))


@right((None, 4, 4, 3))
def crop_at_inference():
    x = keras.Input((8, 8, 3))
    return keras.Model(x, layers.GaussianNoise(0.3)(layers.RandomCrop(4, 4)(x)))


class DropPath(layers.Layer):
    def __init__(self, rate, **named):
        super().__init__(**named)
        self.rate, self.seed = rate, keras.random.SeedGenerator(1)

    def call(self, x, training=None):
        if not training:
            return x
        keep = keras.random.uniform((ops.shape(x)[0], 1), seed=self.seed) > self.rate
        return x * ops.cast(keep, x.dtype)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}


@right((None, 4), parameters=20)
def stochastic_depth():
    x = keras.Input((4,))
    return keras.Model(x, x + DropPath(np.float32(0.25))(layers.Dense(4)(x)))


@right((None, 5, 6), parameters=5 * 6 + 6)
def noise_in_a_wrapper():
    x = sequence(5, 5)
    y = layers.TimeDistributed(layers.GaussianDropout(0.5, seed=1))(x)
    return keras.Model(x, layers.TimeDistributed(layers.Dense(6))(y))


# ---------------------------------------------------------------------------------------------
# A Sequential that data built


@right((None, 4, 3), parameters=18)
def sequential_that_data_built():
    part = keras.Sequential([layers.Dense(3), layers.ReLU()], name="part")
    part(np.ones((7, 5), "float32"))
    x = sequence(4, 5)
    return keras.Model(x, layers.TimeDistributed(part)(x))


@right((None, 1), parameters=3 * 3 * 2 + 2 + 8 * 1 + 1)
def sequential_that_was_fitted():
    model = keras.Sequential([layers.Conv1D(2, 3), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 6, 3)), np.ones((4, 1)), verbose=0)
    return model


# ---------------------------------------------------------------------------------------------
# Code


@right((None, 3), parameters=8 * 3 + 3)
def numpy_settings():
    width, sizes = np.int64(4), np.array([2, 2])
    x = keras.Input((width,))
    y = layers.Reshape(tuple(sizes))(x)
    y = layers.ZeroPadding1D(int(sizes[0]))(y)
    y = layers.Cropping1D(tuple(np.array([1, 1])))(y)
    y = layers.Flatten()(layers.UpSampling1D(1)(y))
    bias = keras.initializers.Constant(np.array([0.5, 1.5, 2.5], "float32"))
    return keras.Model(
        x, layers.Dense(3, bias_initializer=bias)(layers.LeakyReLU(np.float32(0.5))(y))
    )


def hard(x, low=-1.0):
    return ops.clip(x, low, 1.0)


@keras.saving.register_keras_serializable("brought")
class Unit(keras.constraints.Constraint):
    def __init__(self, axis=0):
        self.axis = axis

    def __call__(self, w):
        return w / (1e-7 + ops.norm(w, axis=self.axis, keepdims=True))

    def get_config(self):
        return {"axis": self.axis}


@right((None, 3), (None, 3), parameters=30)
def functions_and_constraints():
    x = keras.Input((4,))
    dense = layers.Dense(3, activation=hard, kernel_constraint=Unit(1), kernel_regularizer="l1")
    other = layers.Dense(
        3, activation=ops.softplus, kernel_constraint=keras.constraints.NonNeg()
    )
    return keras.Model(x, [dense(x), other(x)])


@right((None, 3), parameters=15, missing="dense", lint=None)
def partial_as_activation():
    x = keras.Input((4,))
    return keras.Model(
        x, layers.Dense(3, activation=functools.partial(hard, low=0.0), name="dense")(x)
    )


def scaled(tensors, factor=1.0, offset=None):
    return tensors[0] * factor + (0.0 if offset is None else offset) + tensors[1]


@right((None, 4), (None, 2), parameters=0)
def lambdas_with_arguments():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    one = layers.Lambda(scaled, arguments={"factor": np.float64(2.0), "offset": 3}, name="one")
    two = layers.Lambda(lambda pair: pair[0][:, 1:3] - pair[1][..., :2], name="two")
    return keras.Model([a, b], [one([a, b]), two([a, b])])


class Mix(layers.Layer):
    """Has a configuration that its constructor does not take as it is."""

    def __init__(self, parts, activation="relu", **named):
        super().__init__(**named)
        self.parts = parts
        self.activation = keras.activations.get(activation)

    def call(self, x):
        return self.activation(sum(part(x) for part in self.parts))

    def get_config(self):
        parts = [keras.saving.serialize_keras_object(it) for it in self.parts]
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "parts": parts, "activation": activation}

    @classmethod
    def from_config(cls, config):
        parts = [keras.saving.deserialize_keras_object(it) for it in config.pop("parts")]
        return cls(parts, **config)


@right((None, 3), parameters=15 + 12)
def layers_in_a_list():
    x = keras.Input((4,))
    parts = [layers.Dense(3, name="p"), layers.Dense(3, use_bias=False, name="q")]
    return keras.Model(x, Mix(parts, activation=hard)(x))


class Twice(layers.Layer):
    def __init__(self, times=2):
        super().__init__()
        self.times = times
        self.dense = layers.Dense(4)

    def call(self, x):
        for _ in range(self.times):
            x = self.dense(x)
        return x


@right((None, 2), parameters=20 + 10, lint=None)
def sequential_of_own_layers():
    return keras.Sequential([keras.Input((4,)), Twice(3), layers.Dense(2)])


def adapted(layer, data):
    layer.adapt(np.array(data))
    return layer


@right((None, 3), (None, 2), (None, 4), parameters=3)
def adapted_preprocessing():
    words = keras.Input((1,), dtype="string", name="words")
    number, whole = (
        keras.Input((2,), name="number"),
        keras.Input((1,), dtype="int64", name="whole"),
    )
    lookup = layers.StringLookup(output_mode="multi_hot", num_oov_indices=1)
    scale = adapted(layers.Normalization(axis=None), [[1.0, 2.0], [3.0, 6.0]])
    return keras.Model(
        [words, number, whole],
        [
            adapted(lookup, [["u"], ["v"], ["u"]])(words),
            scale(number),
            layers.CategoryEncoding(4, output_mode="one_hot")(whole),
        ],
    )


@right((None, 5, 2), parameters=3 * 3 + 3 + 8)
def shared_inside_a_wrapped_model():
    a = keras.Input((3,))
    dense = layers.Dense(3)
    inner = keras.Model(a, layers.Dense(2)(dense(layers.ReLU()(dense(a)))), name="twice")
    x = sequence(5, 3)
    return keras.Model(x, layers.TimeDistributed(inner)(x))


@right((None, 6, 7), (None, 3), parameters=90 + 160 + 2 * 27)
def directions_that_differ():
    x, start = sequence(), keras.Input((3,), name="start")
    forward = layers.GRU(3, return_sequences=True, return_state=True, name="forward")
    backward = layers.LSTM(4, return_sequences=True, go_backwards=True, name="backward")
    both = layers.Bidirectional(layers.SimpleRNN(3, return_state=True), merge_mode="sum")
    y, h, _back = both(x, initial_state=[start, start])
    parts = [forward(x, initial_state=h)[0], backward(x)]
    return keras.Model([x, start], [layers.Concatenate()(parts), y])


@right((None, 4), (None, 4), (None, 4), parameters=20)
def shared_in_three_orders():
    a, b, c = (keras.Input((4,), name=name) for name in "abc")
    dense = layers.Dense(4)
    third = dense(c)
    first = dense(layers.ReLU()(third) + a)
    return keras.Model([a, b, c], [first, dense(b), third])


@right((None, 4, 6), (None, 5, 4), (None, 2, 4, 3), (None, 6))
def operations_with_static_arguments():
    x = sequence(4, 6)
    picture = ops.reshape(x, (-1, 2, 4, 3))
    picture = ops.transpose(picture, axes=(0, 1, 2, 3))
    return keras.Model(
        x,
        [
            ops.einsum("bij,bkj,bkl->bil", x, x, x),
            ops.moveaxis(ops.pad(x, [[0, 0], [0, 0], [1, 0]])[:, :, 2:], 1, 2),
            ops.image.resize(picture, (2, 4), interpolation="nearest"),
            ops.sum(ops.one_hot(ops.argmax(x, axis=-1), 6, axis=-1), axis=1),
        ],
    )


class Cross(layers.Layer):
    def __init__(self, **named):
        super().__init__(**named)
        self.dense = layers.Dense(4)

    def call(self, query, context=None, scale=1.0):
        return self.dense(query) * scale + ops.mean(context, axis=1)


@right((None, 4), parameters=20, change=("context", {"shape": (9, 4)}, 20, [(None, 4)]))
def tensors_by_keyword():
    x, context = keras.Input((4,), name="x"), keras.Input((3, 4), name="context")
    return keras.Model([x, context], Cross()(x, scale=0.5, context=context))


@right((None, 4, 2), (None, 5))
def constants_of_every_type():
    x, table = sequence(4, 2), np.arange(8, dtype="float32").reshape(4, 2)
    y = ops.add(x, ops.convert_to_tensor(table)) * np.float32(0.5)
    y = ops.where(np.array([True, False]), y, -1.0)
    row = ops.concatenate([y[:, 0], ops.ones_like(y[:, 0, :1]), y[:, -1]], axis=-1)
    return keras.Model(x, [y, row])


# ---------------------------------------------------------------------------------------------
# Lint: compiled as their authors compile them


@right((None, 5, 8, 8), parameters=5 * 3 + 5)
def classes_in_the_second_axis():
    x = keras.Input((3, 8, 8))
    y = ops.transpose(layers.Dense(5)(ops.transpose(x, (0, 2, 3, 1))), (0, 3, 1, 2))
    model = keras.Model(x, layers.Softmax(axis=1)(y))
    model.compile("adam", keras.losses.CategoricalCrossentropy(axis=1))
    return model


@right((None, 3), parameters=30)
def mean_of_two_classifiers():
    x = keras.Input((4,))
    heads = [layers.Dense(3, activation="softmax")(x) for _ in range(2)]
    model = keras.Model(x, (heads[0] + heads[1]) / 2)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@right(
    (None, 4),
    (None, 1),
    (None, 3),
    names=("box", "object", "type"),
    parameters=5 * 8 + 8 * 4 + 8 * 3,
)
def three_heads_with_their_losses():
    x = keras.Input((5,))
    y = layers.Dense(8, "relu", use_bias=False)(x)
    outputs = {
        "box": layers.Dense(4, "sigmoid", use_bias=False)(y),
        "object": layers.Activation("sigmoid")(ops.sum(y, axis=-1, keepdims=True)),
        "type": layers.Dense(3, use_bias=False)(y),
    }
    model = keras.Model(x, outputs)
    model.compile(
        "adam",
        {
            "box": keras.losses.Huber(),
            "object": "binary_crossentropy",
            "type": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        },
        loss_weights={"box": 10.0, "object": 1.0, "type": 1.0},
    )
    return model


@right((None, 1), parameters=15)
def metric_learning():
    a, b = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    embed = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.UnitNormalization()])
    model = keras.Model([a, b], layers.Dot(1, normalize=True)([embed(a), embed(b)]))
    model.compile("adam", "mse")
    return model


@right((None, 6, 9), parameters=9 * 4 + 4 * 4 * (4 + 4 + 1) + 45)
def language_model_with_logits():
    words = keras.Input((6,), dtype="int32")
    y = layers.Embedding(9, 4, mask_zero=True)(words)
    y = layers.TimeDistributed(layers.Dense(9))(layers.LSTM(4, return_sequences=True)(y))
    model = keras.Model(words, y)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    model.compile("adam", loss, metrics=["sparse_categorical_accuracy"])
    return model


@right((None, 3), parameters=15, lint=("logits",))
def logits_that_the_loss_does_not_expect():
    x = keras.Input((4,))
    model = keras.Model(x, layers.Reshape((3,))(layers.Dense(3)(x)))
    model.compile("adam", "categorical_crossentropy")
    return model


@right((None, 1), parameters=5, lint=("one-class",))
def softmax_of_one_unit():
    x = keras.Input((4,))
    model = keras.Model(x, layers.Activation("softmax")(layers.Dense(1)(x)))
    model.compile("adam", "binary_crossentropy")
    return model
