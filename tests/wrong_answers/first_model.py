"""Lesson 01."""

import keras
from keras import layers


def mlp(*units, shape=(784,), last=10, **options):
    inputs = x = keras.Input(shape=shape)
    for count in units:
        x = layers.Dense(count, activation="relu", **options)(x)
    return keras.Model(inputs, layers.Dense(last, activation="softmax", **options)(x))


def tensor():
    return layers.Dense(10)(layers.Dense(32)(keras.Input((784,))))


def two_outputs():
    inputs = keras.Input((784,))
    x = layers.Dense(32)(inputs)
    return keras.Model(inputs, [layers.Dense(10)(x), layers.Dense(10)(x)])


def on_image(shape=(None, 28, 20), parameters=580):
    return {"shape": shape, "parameters": parameters}


WRONG = [
    ("dense-on-image", lambda: on_image(shape=(28, 20)), ("batch is missing", "Falta el lote")),
    ("dense-on-image", lambda: on_image(shape=(None, 20)), ("does not flatten", "no aplana")),
    ("dense-on-image", lambda: on_image(shape=(None, 20, 28)), ("last axis", "último eje")),
    ("dense-on-image", lambda: on_image(shape=[None, 28, 28, 20]), ("No axis", "ningún eje")),
    ("dense-on-image", lambda: on_image(shape=(None, 28, 28)), ("still be 28", "seguiría")),
    ("dense-on-image", lambda: on_image(shape=(20,)), ("not (20,)", "No es (20,)")),
    ("dense-on-image", lambda: on_image(shape=20), ("is a tuple", "es una tupla")),
    (
        "dense-on-image",
        lambda: on_image(parameters=560),
        ("only the weights", "solo los pesos"),
    ),
    ("dense-on-image", lambda: on_image(parameters=15_700), ("784 numbers", "784 números")),
    (
        "dense-on-image",
        lambda: on_image(parameters="16,240"),
        ("for each row", "por cada fila"),
    ),
    ("dense-on-image", lambda: on_image(parameters=20), ("not 20", "No es 20")),
    ("dense-on-image", lambda: on_image(parameters="many"), ("whole number", "número entero")),
    ("dense-on-image", lambda: {"shape": (None, 28, 20)}, ("no key", "falta:")),
    ("dense-on-image", lambda: 580, ("a dict", "un diccionario")),
    ("hidden-units", tensor, ("keras.Model(inputs, outputs)", "keras.Model(inputs, outputs)")),
    ("hidden-units", lambda: 32, ("got int", "recibió int")),
    (
        "hidden-units",
        lambda: mlp(shape=(28, 784)),
        ("not include the batch", "no incluye el lote"),
    ),
    ("hidden-units", lambda: mlp(32, shape=(28,)), ("784 numbers", "784 números")),
    ("hidden-units", lambda: mlp(32, last=9), ("10 numbers", "10 números")),
    ("hidden-units", lambda: mlp(), ("straight into", "directa a la última")),
    ("hidden-units", lambda: mlp(32, 32), ("2 hidden Dense layers", "2 capas Dense ocultas")),
    ("hidden-units", lambda: mlp(32, use_bias=False), ("no biases", "no tiene sesgos")),
    ("hidden-units", lambda: mlp(64), ("50,890", "50,890")),
    ("hidden-units", two_outputs, ("one input and one output", "una sola salida")),
    (
        "hidden-units",
        lambda: keras.Sequential([layers.Dense(32), layers.Dense(10)]),
        ("no graph yet", "aún no tiene grafo"),
    ),
]
RIGHT = [
    ("dense-on-image", lambda: on_image(shape=[None, 28, 20], parameters="580")),
    ("hidden-units", lambda: keras.Sequential(mlp(32).layers)),
]
GIVEN = [("dense-on-image", lambda: {"shape": ..., "parameters": ...})]
