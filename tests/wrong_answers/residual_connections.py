"""Lesson 07."""

import keras
import numpy as np
from keras import layers


def names():
    return {"inputs": keras.Input((9, 9, 64))}


def adds(**changed):
    return {"same": True, "channels": False, "smaller": False, "one": True, **changed}


def conv(filters=128, kernel=3, **options):
    options = {"activation": "relu", "padding": "same", **options}
    return layers.Conv2D(filters, kernel, **options)


def block(join):
    """Builds the two convolutions of a block; `join` combines the input and their results."""
    inputs = keras.Input((9, 9, 64))
    first = conv()(inputs)
    return keras.Model(inputs, join(inputs, first, conv()(first)))


def skip(**options):
    return layers.Conv2D(128, 1, **options)


def two_outputs():
    inputs = keras.Input((9, 9, 64))
    x = conv()(conv()(inputs))
    return keras.Model(inputs, [x, layers.add([x, skip()(inputs)])])


def other_input():
    inputs = keras.Input((9, 9, 128))
    return keras.Model(inputs, layers.add([conv()(conv()(inputs)), inputs]))


def loose_end():
    inputs = keras.Input((9, 9, 64))
    return layers.add([conv()(conv()(inputs)), skip()(inputs)])


WRONG = [
    ("what-adds", lambda: adds(same=False), ("never fails", "nunca falla")),
    ("what-adds", lambda: adds(channels=True), ("cannot be paired", "no se pueden emparejar")),
    ("what-adds", lambda: adds(smaller=True), ("do not line up", "no se superponen")),
    ("what-adds", lambda: adds(one=False), ("stretched", "se estira")),
    ("what-adds", lambda: adds(one="yes"), ("`True` or `False`", "`True` o `False`")),
    ("what-adds", lambda: [True, False, False, True], ("a dict", "un diccionario")),
    ("projected-skip", loose_end, ("keras.Model(inputs", "keras.Model(inputs")),
    ("projected-skip", lambda: block(lambda i, a, b: b), ("There is no skip", "No hay atajo")),
    (
        "projected-skip",
        lambda: block(lambda i, a, b: layers.add([b, a])),
        ("after the first convolution", "tras la primera convolución"),
    ),
    (
        "projected-skip",
        lambda: block(lambda i, a, b: layers.add([b, skip()(a)])),
        ("it should start at", "debería empezar en"),
    ),
    (
        "projected-skip",
        lambda: block(lambda i, a, b: layers.add([b, conv()(i)])),
        ("windows of 3 × 3", "ventanas de 3 × 3"),
    ),
    (
        "projected-skip",
        lambda: block(lambda i, a, b: layers.add([b, skip(activation="relu")(i)])),
        ("should be linear", "debería ser lineal"),
    ),
    (
        "projected-skip",
        lambda: block(lambda i, a, b: layers.add([b, layers.Dense(128, "relu")(i)])),
        ("should be linear", "debería ser lineal"),
    ),
    (
        "projected-skip",
        lambda: block(lambda i, a, b: layers.add([b, layers.Conv2D(1, 1)(i)])),
        ("stretched over all", "se estira por todos"),
    ),
    (
        "projected-skip",
        lambda: block(
            lambda i, a, b: layers.concatenate([layers.Conv2D(64, 1)(b), i]),
        ),
        ("side by side", "uno al lado del otro"),
    ),
    (
        "projected-skip",
        lambda: block(lambda i, a, b: layers.concatenate([b, skip()(i)])),
        ("(None, 9, 9, 256)", "(None, 9, 9, 256)"),
    ),
    (
        "projected-skip",
        lambda: block(lambda i, a, b: layers.average([b, skip()(i)])),
        ("`Add`", "`Add`"),
    ),
    (
        "projected-skip",
        lambda: block(lambda i, a, b: layers.add([conv()(b), skip()(i)])),
        ("should not be there", "está de más"),
    ),
    ("projected-skip", other_input, ("64 channels", "64 canales")),
    ("projected-skip", two_outputs, ("one output", "una sola salida")),
    ("projected-skip", lambda: layers.Add(), ("got Add", "recibió Add")),
]


def separate_activations():
    inputs = keras.Input((9, 9, 64))
    x = layers.ReLU()(conv(activation=None)(inputs))
    x = layers.Activation("relu")(conv(activation=None)(x))
    return keras.Model(inputs, layers.add([x, skip()(inputs)]))


RIGHT = [
    ("projected-skip", separate_activations),
    ("projected-skip", lambda: block(lambda i, a, b: layers.add([skip()(i), b]))),
    ("projected-skip", lambda: block(lambda i, a, b: layers.Add()([b, skip(name="x")(i)]))),
    (
        "projected-skip",
        lambda: block(lambda i, a, b: layers.add([b, skip(padding="same")(i)])),
    ),
    ("projected-skip", lambda: block(lambda i, a, b: b + skip()(i))),
    ("projected-skip", lambda: block(lambda i, a, b: layers.add([b, layers.Dense(128)(i)]))),
    ("what-adds", lambda: {"same": 1, "channels": 0, "smaller": 0, "one": 1}),
    ("what-adds", lambda: {name: np.bool_(value) for name, value in adds().items()}),
]

GIVEN = [("what-adds", lambda: dict.fromkeys(adds(), ...))]
