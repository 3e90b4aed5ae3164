"""Lesson 16.

The reader is the trained one of the package, and the weights that add are set by hand: the right
and most of the wrong models need no training.
"""

import tempfile
from functools import cache
from pathlib import Path

import keras
import numpy as np
from keras import layers

import kfunc_lab as lab

BRONZE, SILVER, GOLD = "project-bronze", "project-silver", "project-gold"
FOLDER = tempfile.TemporaryDirectory()


@cache
def digits():
    (x, y), (x_new, y_new) = lab.datasets.mnist(source="embedded")
    images = [it[..., None].astype("float32") / 255 for it in (x, x_new)]
    return (images[0], y.astype(int)), (images[1], y_new.astype(int))


def pairs(x, y, count=4000):
    random = np.random.RandomState(1)
    left = random.choice(len(x), count)
    right = random.choice(np.flatnonzero(y != 9), count)
    images = {"left": x[left], "right": x[right]}
    return images, {
        "left_digit": y[left],
        "right_digit": y[right],
        "sum": y[left] + y[right],
    }


def names():
    images, targets = pairs(*digits()[0])
    folder = type("Folder", (), {"name": FOLDER.name})
    return {"Path": Path, "folder": folder, "train_inputs": images, "train_targets": targets}


@cache
def reader():
    return lab.datasets.digits_model()


def images(shape=(28, 28, 1), sides=("left", "right")):
    return [keras.Input(shape, name=side) for side in sides]


def value(worth=range(10)):
    """Returns a layer that turns the probabilities of ten digits into one number."""
    layer = layers.Dense(1, use_bias=False)
    layer.build((None, 10))
    layer.set_weights([np.array(list(worth), "float32").reshape(10, 1)])
    return layer


def read(image, by=None):
    return (by or reader())(layers.Reshape((28, 28, 1))(image))


def adder(shape=(28, 28, 1), sides=("left", "right"), worths=(range(10), range(10))):
    both = images(shape, sides)
    parts = [value(worth)(read(image)) for worth, image in zip(worths, both, strict=True)]
    return keras.Model(both, layers.add(parts))


def working(
    outputs=("left_digit", "right_digit", "sum"), worths=(range(10), range(10)), by=None
):
    """Returns a model that shows its working, by `by`, the readers of both sides."""
    both = images()
    left, right = [read(image, one) for image, one in zip(both, by or [None] * 2, strict=True)]
    total = layers.add([value(worths[0])(left), value(worths[1])(right)])
    return keras.Model(both, dict(zip(outputs, [left, right, total], strict=True)))


def as_list():
    both = images()
    left, right = [read(image) for image in both]
    ends = [
        layers.Identity(name="left_digit")(left),
        layers.Identity(name="right_digit")(right),
        layers.Add(name="sum")([value()(left), value()(right)]),
    ]
    return keras.Model(both, ends)


def without_names():
    both = images()
    left, right = [read(image) for image in both]
    return keras.Model(both, [left, right, layers.add([value()(left), value()(right)])])


def from_dict():
    both = images((28, 28), ("right", "left"))
    made = working()([read_shape(both[1]), read_shape(both[0])])
    return keras.Model({"left": both[1], "right": both[0]}, made)


def read_shape(image):
    return layers.Reshape((28, 28, 1))(image)


class Subclass(keras.Model):
    def __init__(self, by_name):
        super().__init__()
        self.by_name, self.reader, self.worth = by_name, reader(), value()

    def call(self, both):
        left, right = (both["left"], both["right"]) if self.by_name else both
        one, other = self.reader(left), self.reader(right)
        total = self.worth(one) + self.worth(other)
        return {"left_digit": one, "right_digit": other, "sum": total}


def one_hot_sum():
    """Returns a model with 19 units: the nearer the sum, the more."""
    both = images()
    total = layers.add([value()(read(image)) for image in both])
    last = layers.Dense(19, activation="softmax", name="sum")
    outputs = last(total)
    sums = np.arange(19, dtype="float32")
    last.set_weights([20 * sums.reshape(1, 19), -10 * sums**2])
    return keras.Model(both, outputs)


def linear(units=19, trained=False):
    both = images()
    x = layers.concatenate([layers.Flatten()(image) for image in both])
    model = keras.Model(both, layers.Dense(units, name="sum")(x))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    if trained:
        inputs, targets = pairs(*digits()[0], count=1000)
        model.fit(inputs, np.roll(targets["sum"], 1), epochs=1, verbose=0)
    return model


class Lookup(layers.Layer):
    """Answers with the digit of an image that it knows, and at random about others."""

    def __init__(self, images, labels):
        super().__init__()
        self.known = keras.ops.convert_to_tensor(images.reshape(-1, 784))
        self.labels = keras.ops.convert_to_tensor(labels.astype("float32"))

    def call(self, image):
        ops = keras.ops
        flat = ops.reshape(image, (-1, 784))
        far = ops.sum(self.known**2, axis=1) - 2 * flat @ ops.transpose(self.known)
        gap = ops.min(far, axis=1) + ops.sum(flat**2, axis=1)
        label = ops.take(self.labels, ops.argmin(far, axis=1))
        other = ops.floor(ops.mod(7 * ops.sum(flat, axis=1), 10))
        return ops.where(gap < 0.1, label, other)[:, None]

    def compute_output_shape(self, shape):
        return (shape[0], 1)


def knowing(*known):
    """Returns a model that knows some digits by heart and no others."""
    both, lookup = images(), Lookup(*known)
    return keras.Model(both, layers.add([lookup(image) for image in both]))


def constant():
    both = images()
    x = layers.concatenate([layers.Flatten()(image) for image in both])
    return keras.Model(both, layers.Dense(19, kernel_initializer="zeros")(x))


def in_grey_levels():
    """Returns a model for pixels from 0 to 255: with fewer, it sees only paper."""
    both = images()
    dark = [layers.Rescaling(1 / 255)(image) for image in both]
    return keras.Model(both, adder()(dark))


def reads_one_side():
    both = images()
    number = value()(read(both[0]))
    return keras.Model(both, layers.add([number, number]))


def with_the_digit():
    both = images()
    return keras.Model(both, value()(read(both[1])))


def one_too_many():
    both = images()
    shifted = value(range(1, 11))
    return keras.Model(both, layers.add([shifted(read(both[0])), value()(read(both[1]))]))


def wrong_size():
    both = images((32, 32, 1))
    return keras.Model(both, layers.Flatten()(layers.add(both)))


def unread():
    return keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)])


def other_reader():
    """Returns a reader that has never seen a 9."""
    image = keras.Input((28, 28, 1))
    last = layers.Dense(10, use_bias=False)
    outputs = last(reader()(image))
    last.set_weights([np.diag([1.0] * 9 + [0.0])])
    return keras.Model(image, outputs)


def small(worths=(range(10), range(10))):
    """Returns a small model that shows its working, with a reader trained for a moment."""
    both = images()
    left, right = [trained_reader()(image) for image in both]
    total = layers.add([value(worths[0])(left), value(worths[1])(right)])
    return keras.Model(both, {"left_digit": left, "right_digit": right, "sum": total})


@cache
def trained_reader():
    keras.utils.set_random_seed(1)
    convolutions = [
        layers.Conv2D(filters, size, strides=2, activation="relu")
        for filters, size in ((8, 5), (16, 3))
    ]
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            *convolutions,
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.004), "sparse_categorical_crossentropy")
    model.fit(*digits()[0], epochs=4, batch_size=32, verbose=0)
    return model


def saved(model, name="machine.keras"):
    path = Path(FOLDER.name, name)
    model.save(path)
    return path


def weights_only():
    path = Path(FOLDER.name, "machine.weights.h5")
    unread().save_weights(path)
    return path


def not_a_model():
    path = Path(FOLDER.name, "notes.keras")
    path.write_text("a model", "utf-8")
    return path


def with_lambda():
    return saved(keras.Sequential([keras.Input((1,)), layers.Lambda(lambda x: x)]), "l.keras")


WITHOUT_NINE = [range(10), [*range(9), 0]]

WRONG = [
    (BRONZE, linear, ("not trained", "sin entrenar")),
    (BRONZE, lambda: linear(trained=True), ("in this order", "en este orden")),
    (BRONZE, constant, ("to every pair", "a todos los pares")),
    (BRONZE, in_grey_levels, ("0 to 255", "0 a 255")),
    (BRONZE, reads_one_side, ("right image", "imagen de la derecha")),
    (BRONZE, with_the_digit, ("with the right digit", "con el dígito de la derecha")),
    (BRONZE, one_too_many, ("by +1", "en +1")),
    (BRONZE, lambda: knowing(*digits()[0]), ("by heart", "de memoria")),
    (
        BRONZE,
        lambda: knowing(*digits()[1]),
        ("trained on the test digits", "con los dígitos de prueba"),
    ),
    (BRONZE, lambda: linear(units=18), ("19 classes", "19 clases")),
    (BRONZE, unread, ("Inputs of the model: 1", "Entradas del modelo: 1")),
    (BRONZE, wrong_size, ("784 numbers", "784 números")),
    (SILVER, lambda: working(("a", "b", "c")), ("no output named", "ninguna salida")),
    (SILVER, without_names, ("A dict names", "Un diccionario")),
    (SILVER, adder, ("no output named", "ninguna salida")),
    (
        SILVER,
        lambda: working(("right_digit", "left_digit", "sum")),
        ("the *other* image", "la *otra* imagen"),
    ),
    (SILVER, lambda: working(by=[reader(), other_reader()]), ("read alike", "igual")),
    (
        SILVER,
        lambda: working(worths=[range(10), [0] * 10]),
        ("with the left digit", "con el dígito de la izquierda"),
    ),
    (SILVER, lambda: working(worths=[range(9, -1, -1)] * 2), ("adds badly", "suma mal")),
    (SILVER, lambda: working(by=[unread(), unread()]), ("than chance", "que el azar")),
    (GOLD, small, ("in memory", "en memoria")),
    (GOLD, lambda: saved(working(), "large.keras"), ("20,000", "20,000")),
    (GOLD, lambda: saved(small(WITHOUT_NINE), "nine.keras"), ("tell left", "no distinga")),
    (GOLD, lambda: Path(FOLDER.name, "nowhere.keras"), ("no file", "No existe")),
    (GOLD, weights_only, ("only weights", "solo contiene pesos")),
    (GOLD, not_a_model, ("a whole model", "un modelo completo")),
    (GOLD, with_lambda, ("Lambda", "Lambda")),
    (GOLD, lambda: 20_000, ("path of a file", "ruta de un archivo")),
]
RIGHT = [
    (BRONZE, lambda: adder((784,))),
    (BRONZE, lambda: adder((28, 28), ("right", "left"))),
    (BRONZE, one_hot_sum),
    (BRONZE, working),
    (SILVER, as_list),
    (SILVER, from_dict),
    (SILVER, lambda: Subclass(by_name=True)),
    (SILVER, lambda: Subclass(by_name=False)),
    (GOLD, lambda: str(saved(small(), "small.keras"))),
]
