"""Further models as people bring them: what code, nesting and training make of them."""

import keras
from brought_models import right, sequence
from keras import layers, ops

LIMIT = 6.0


def clipped(x, *, high=1.0):
    return ops.clip(x, 0.0, high)


def named(x):
    """A function with a name that a layer has too."""
    return x + LIMIT


class Helper:
    @staticmethod
    def shift(x):
        return x + 1.0

    @classmethod
    def double(cls, x):
        return 2.0 * x


@right((None, 4), (None, 4), (None, 4))
def static_methods():
    x = keras.Input((4,))
    functions = [Helper.shift, Helper.double, named]
    return keras.Model(x, [layers.Lambda(it)(x) for it in functions])


@right((None, 4), parameters=20)
def function_as_activation_layer():
    x = keras.Input((4,))
    return keras.Model(x, layers.Activation(clipped)(layers.Dense(4, activation=named)(x)))


class Gated(layers.Layer):
    """Takes classes and tuples, and returns them in its configuration."""

    def __init__(self, units, sizes=(2, 3), norm=layers.LayerNormalization, **named):
        super().__init__(**named)
        self.units, self.sizes, self.norm = units, sizes, norm
        self.dense, self.scale = layers.Dense(units), norm()

    def build(self, shape):
        self.dense.build(shape)
        self.scale.build((*shape[:-1], self.units))
        super().build(shape)

    def call(self, x):
        return self.scale(self.dense(x))

    def get_config(self):
        return {**super().get_config(), "units": self.units, "sizes": self.sizes}


@right((None, 3), parameters=15 + 6, lint=("config-incomplete",))
def own_layer_that_makes_layers():
    x = keras.Input((4,))
    return keras.Model(x, Gated(3, sizes=(4, 5))(x))


class Residual(keras.Model):
    """A model with a configuration of its own, used as a layer."""

    def __init__(self, width, depth=2, **named):
        super().__init__(**named)
        self.width, self.depth = width, depth
        self.parts = [layers.Dense(width) for _ in range(depth)]

    def build(self, shape):
        for part in self.parts:
            part.build(shape)
        self.built = True

    def call(self, x, training=None):
        for part in self.parts:
            x = x + part(x)
        return x

    def get_config(self):
        return {"width": self.width, "depth": self.depth, "name": self.name}


@right((None, 4), parameters=3 * 20)
def subclassed_model_with_configuration():
    x = keras.Input((4,))
    return keras.Model(x, Residual(4, depth=3)(x))


class Labelled(layers.Layer):
    """Its first argument has a name that is none of a setting's."""

    def __init__(self, n_units, /, label="a", *, every=2, **named):
        super().__init__(**named)
        self.n_units, self.label, self.every = n_units, label, every

    def call(self, x):
        return x[:, :: self.every]

    def get_config(self):
        return {**super().get_config(), "label": self.label, "every": self.every}


@right((None, 2), missing="labelled", lint=None)
def argument_that_only_has_a_place():
    x = keras.Input((4,))
    return keras.Model(x, Labelled(3, every=2, name="labelled")(x))


@right((None, 2), (None, 2), parameters=4 * 2)
def one_weight_for_two_layers():
    x = keras.Input((4,))
    one = layers.Dense(2, use_bias=False)
    y = one(x)
    return keras.Model(x, [y, ops.matmul(x, ops.ones((4, 2))) + one(x)])


@right(
    (None, 3),
    parameters=16 + 15,
    change=("twin", {"units": 5}, 20 + 18, [(None, 3)]),
)
def towers_that_share_a_head():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    head = layers.Dense(3, name="head")
    twin = layers.Dense(4, name="twin", use_bias=False)
    return keras.Model([a, b], head(layers.Add()([twin(a), twin(b)]) / 2.0)[:, :3] * 1.0)


@right((None, 5, 3), parameters=4 * 3 * 9)
def reversed_sequence():
    x = sequence(5, 5)
    forward = layers.LSTM(3, return_sequences=True)(x)
    return keras.Model(x, ops.flip(forward, axis=1))


@right((None, 2), parameters=10, names=("p",), missing="Pick")
def tensors_in_a_dict_argument():
    class Pick(layers.Layer):
        def call(self, inputs, key="p"):
            return {"p": inputs[key][0]}

    x = keras.Input((4,))
    y = layers.Dense(2)(x)
    return keras.Model(x, Pick(name="pick")({"p": [y, x], "q": x}))


@right((None, 8, 8, 2), parameters=9 * 3 * 2 + 2 + 8 + 38, lint=("training-mode",))
def skip_over_a_block():
    x = keras.Input((8, 8, 3))
    y = layers.Conv2D(2, 3, padding="same")(x)
    z = layers.BatchNormalization()(y, training=True)
    return keras.Model(x, layers.Conv2D(2, 3, padding="same")(ops.relu(z)) + y)


@right((None, 6, 4), parameters=11 * 4)
def places_as_constants():
    words = keras.Input((6,), dtype="int32")
    places = layers.Embedding(6, 4)(ops.arange(6))
    return keras.Model(words, layers.Embedding(11, 4)(words) + places[None])


@right((None, 4), parameters=20)
def mixed_precision():
    x = keras.Input((4,), dtype="float32")
    y = layers.Dense(4, dtype="mixed_bfloat16")(x)
    return keras.Model(x, layers.Activation("softmax", dtype="float32")(y))


@right((None, 3), parameters=36 + 4 * 3 * 8)
def spectral_and_cells():
    x = keras.Input((6,), dtype="int32")
    y = layers.Embedding(9, 4, mask_zero=True, embeddings_regularizer="l2")(x)
    cell = layers.LSTMCell(3, recurrent_dropout=0.1, unit_forget_bias=False)
    return keras.Model(x, layers.RNN(cell, unroll=True)(y))


@right((None, 1), parameters=5 + 1)
def normalised_by_spectrum():
    x = keras.Input((4,))
    return keras.Model(x, layers.SpectralNormalization(layers.Dense(1))(x))


@right((None, 3), parameters=15)
def classifier_inside_a_model():
    z = keras.Input((4,))
    head = keras.Model(z, layers.Softmax()(layers.Dense(3)(z)), name="head")
    x = keras.Input((4,))
    model = keras.Model(x, head(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@right((None, 1), parameters=5)
def probability_by_operation():
    x = keras.Input((4,))
    model = keras.Model(x, 1.0 / (1.0 + ops.exp(-layers.Dense(1)(x))))
    model.compile("adam", "binary_crossentropy", metrics=["AUC"])
    return model


@right((None, 4, 4, 3), parameters=9 * 3 * 3 + 3)
def generator_with_tanh():
    x = keras.Input((4, 4, 3))
    model = keras.Model(x, layers.Conv2D(3, 3, padding="same", activation="tanh")(x))
    model.compile("adam", "mae")
    return model


@right((None, 5, 3), parameters=8 * 3)
def classes_for_each_step():
    x = sequence(5, 7)
    model = keras.Model(x, layers.Dense(3, "softmax")(x))
    model.compile("adam", keras.losses.CategoricalCrossentropy(label_smoothing=0.1))
    return model


@right((None, 3), parameters=15, lint=("relu-regression",))
def numbers_that_cannot_be_negative():
    x = keras.Input((4,))
    model = keras.Model(x, layers.ReLU()(layers.Dense(3)(x)))
    model.compile("adam", "mse")
    return model
