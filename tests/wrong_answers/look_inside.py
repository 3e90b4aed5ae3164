"""Lesson 09."""

import keras
import numpy as np
from keras import layers

import kfunc_lab as lab

NAMES = ("edges", "parts", "features")


def names():
    return {"model": lab.datasets.digits_model()}


def probe(arrays=3, shape=(5, 11, 11, 32), held=0):
    return {"arrays": arrays, "shape": shape, "held": held}


def places(model, **other):
    return {name: model.get_layer(other.get(name, name)).output for name in NAMES}


def extractor(**other):
    model = lab.datasets.digits_model()
    return keras.Model(model.input, places(model, **other))


def of_network(make):
    return make(lab.datasets.digits_model())


def of_image(make):
    """Builds an extractor with a new image input."""
    network, image = lab.datasets.digits_model(), keras.Input((28, 28, 1))
    return keras.Model(image, make(network, image))


def new_network():
    image = keras.Input((28, 28, 1))
    edges = layers.Conv2D(16, 3, activation="relu", name="edges")(image)
    x = layers.MaxPooling2D()(edges)
    parts = layers.Conv2D(32, 3, activation="relu", name="parts")(x)
    x = layers.Flatten()(layers.MaxPooling2D()(parts))
    features = layers.Dense(32, activation="relu", name="features")(x)
    return keras.Model(image, {"edges": edges, "parts": parts, "features": features})


def cloned():
    network = keras.models.clone_model(lab.datasets.digits_model())
    return keras.Model(network.input, places(network))


def called_on_the_image(network, image):
    """Calls the layers directly on the image."""
    flat = layers.Flatten()(image)
    return {
        "edges": network.get_layer("edges")(image),
        "parts": layers.Conv2D(32, 3, name="parts")(image),
        "features": layers.Dense(32)(flat),
    }


def own_image(network, image):
    x, found = image, {}
    for layer in network.layers[1:]:
        x = layer(x)
        found[layer.name] = x
    return {name: found[name] for name in NAMES}


def from_an_image_without_channels():
    image = keras.Input((28, 28))
    network = lab.datasets.digits_model()
    return keras.Model(image, own_image(network, layers.Reshape((28, 28, 1))(image)))


def two_images(network):
    other = keras.Input((28, 28, 1))
    made = places(network)
    made["edges"] = network.get_layer("edges")(other)
    return keras.Model([*keras.tree.flatten(network.input), other], made)


def with_one_more(network):
    return keras.Model(network.input, {**places(network), "digit": network.output})


def nested(network):
    return keras.Model(network.input, {**places(network), "parts": [network.output]})


THREE = "three-features"
PROBE = "what-comes-out"
WRONG = [
    (PROBE, lambda: probe(arrays=1), ("One output gives", "Una salida da")),
    (PROBE, lambda: probe(arrays=2), ("starts at layer 1", "empieza en la capa 1")),
    (PROBE, lambda: probe(arrays=4), ("stops before layer 4", "se detiene antes de la capa 4")),
    (PROBE, lambda: probe(arrays=5), ("number of digits", "número de dígitos")),
    (PROBE, lambda: probe(arrays="8"), ("number of layers", "número de capas")),
    (PROBE, lambda: probe(arrays=15), ("for each digit", "por cada dígito")),
    (PROBE, lambda: probe(arrays=7), ("not 7", "no es 7")),
    (PROBE, lambda: probe(shape=[None, 11, 11, 32]), ("`None` is in", "`None` está en")),
    (PROBE, lambda: probe(shape=(11, 11, 32)), ("batch is missing", "Falta el lote")),
    (PROBE, lambda: probe(shape=(1, 11, 11, 32)), ("but five", "sino cinco")),
    (PROBE, lambda: probe(shape=(5, 13, 13, 16)), ("`pool_1`", "`pool_1`")),
    (PROBE, lambda: probe(shape=(5, 26, 26, 16)), ("the first", "el primer")),
    (PROBE, lambda: probe(shape=(5, 5, 5, 32)), ("`pool_2`", "`pool_2`")),
    (PROBE, lambda: probe(shape=(5, 800)), ("not (5, 800)", "No es (5, 800)")),
    (PROBE, lambda: probe(shape=5), ("is a tuple", "es una tupla")),
    (PROBE, lambda: probe(held=3_872), ("for *one* digit", "*un solo* dígito")),
    (PROBE, lambda: probe(held="19,360"), ("made[-1]", "made[-1]")),
    (PROBE, lambda: probe(held=4), ("Its *shape*", "Su *forma*")),
    (PROBE, lambda: probe(held=4_640), ("parameters of `parts`", "parámetros de `parts`")),
    (PROBE, lambda: probe(held=12), ("not 12", "no es 12")),
    (PROBE, lambda: probe(held="none"), ("whole number", "número entero")),
    (PROBE, lambda: {"arrays": 3}, ("no key", "falta:")),
    (
        THREE,
        lambda: of_network(lambda it: keras.Model(it.input, list(places(it).values()))),
        ("a list of 3", "una lista de 3"),
    ),
    (
        THREE,
        lambda: of_network(lambda it: {name: it.get_layer(name) for name in NAMES}),
        ("3 layers", "3 capas"),
    ),
    (THREE, lambda: of_network(places), ("3 places", "3 lugares")),
    (
        THREE,
        lambda: {name: np.zeros((1, 3), "float32") for name in NAMES},
        ("values, computed from", "valores, calculados"),
    ),
    (THREE, lambda: [np.zeros(3)] * 2, ("These are 2 values", "2 valores")),
    (
        THREE,
        lambda: of_network(
            lambda it: {
                name: keras.Model(it.input, it.get_layer(name).output) for name in NAMES
            }
        ),
        ("3 models", "3 modelos"),
    ),
    (THREE, new_network, ("has learned nothing", "no ha aprendido nada")),
    (THREE, cloned, ("values differ", "sus valores no son")),
    (THREE, lambda: extractor(edges="pool_1"), ("`pool_1`, with shape", "`pool_1`, con forma")),
    (THREE, lambda: extractor(features="digit"), ("`digit`, with shape", "`digit`, con forma")),
    (
        THREE,
        lambda: extractor(edges="parts", parts="edges"),
        ("names do not match", "nombres no corresponden"),
    ),
    (
        THREE,
        lambda: of_image(called_on_the_image),
        ("(None, 26, 26, 32)", "(None, 26, 26, 32)"),
    ),
    (THREE, from_an_image_without_channels, ("(None, 28, 28)", "(None, 28, 28)")),
    (THREE, lambda: of_network(two_images), ("starts at", "empieza en")),
    (THREE, lambda: of_network(with_one_more), ("the key `digit`", "`digit`")),
    (THREE, lambda: of_network(nested), ("one tensor, got", "un solo tensor, pero")),
    (THREE, lambda: of_network(lambda it: it), ("has one output", "una sola salida")),
    (
        THREE,
        lambda: of_network(lambda it: it.get_layer("parts").output),
        ("tensor at the end", "tensor al final"),
    ),
    (
        THREE,
        lambda: of_network(lambda it: it.get_layer("parts")),
        ("got Conv2D", "Conv2D"),
    ),
    (
        THREE,
        lambda: of_network(
            lambda it: keras.Model(
                it.input, {name: it.get_layer(name).output for name in ("edges", "parts")}
            )
        ),
        ("no key `features`", "falta: `features`"),
    ),
]
RIGHT = [
    (PROBE, lambda: probe(arrays="3", shape=[5, 11, 11, 32], held="0")),
    (THREE, lambda: of_image(own_image)),
    (THREE, lambda: of_network(lambda it: keras.Model(it.inputs, dict(places(it))))),
]
GIVEN = [(PROBE, lambda: {"arrays": ..., "shape": ..., "held": ...})]
