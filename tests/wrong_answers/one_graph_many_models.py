"""Lesson 04."""

import keras
import numpy as np
import seed_models
from keras import layers


def names():
    encoder, autoencoder = seed_models.encoder_and_autoencoder()
    return {
        "encoder": encoder,
        "autoencoder": autoencoder,
        "encoder_input": autoencoder.input,
    }


def counts(shared=18_672, together=28_241):
    return {"shared": shared, "together": together}


def up_to(whole, number):
    return keras.Model(whole.input, whole.layers[number].output)


def cuts(**changed):
    """Returns both right cuts, with some replaced by other functions of the whole model."""
    whole = seed_models.encoder_and_autoencoder()[1]
    made = {
        "maps": lambda whole: up_to(whole, 5),
        "step": lambda whole: up_to(whole, 8),
        **changed,
    }
    return {"autoencoder": whole, **{name: make(whole) for name, make in made.items()}}


def rebuilt(whole):
    return up_to(seed_models.encoder_and_autoencoder()[1], 5)


def rebuilt_sequential(whole):
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(3),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(16, 3, activation="relu"),
        ]
    )


def copied(whole):
    copy = keras.models.clone_model(up_to(whole, 5))
    copy.set_weights(up_to(whole, 5).get_weights())
    return copy


def new_last_layer(whole):
    last = layers.Conv2DTranspose(16, 3, activation="relu", name="mine")
    return keras.Model(whole.input, last(whole.layers[7].output))


def pooled_once_more(whole):
    return keras.Model(
        whole.input, layers.MaxPooling2D(2, strides=1, padding="same")(whole.layers[5].output)
    )


def from_the_middle(whole):
    return keras.Model(whole.layers[3].output, whole.layers[5].output)


def two_ends(whole):
    return keras.Model(whole.input, [whole.layers[5].output, whole.layers[6].output])


def nested(whole):
    """Calls the same layers again inside another model."""
    image = keras.Input((28, 28, 1))
    return keras.Model(image, up_to(whole, 5)(image))


def beside_a_dropped_call(whole):
    layers.Flatten()(whole.layers[5].output)
    return up_to(whole, 5)


def predicted(whole):
    return np.zeros((1, 4, 4, 16), "float32")


WRONG_CUTS = [
    ({"maps": rebuilt}, ("18,672 new", "18,672 pesos nuevos")),
    ({"maps": rebuilt_sequential}, ("18,672 new", "18,672 pesos nuevos")),
    ({"maps": copied}, ("the copy does not change", "la copia no cambia")),
    ({"step": new_last_layer}, ("`mine` is a new layer", "`mine` es una capa nueva")),
    ({"maps": lambda whole: up_to(whole, 6)}, ("only the largest", "solo queda su mayor")),
    ({"maps": lambda whole: up_to(whole, 4)}, ("one layer too early", "una capa antes")),
    ({"step": lambda whole: up_to(whole, 7)}, ("input is layer 0", "entrada es la capa 0")),
    ({"step": lambda whole: up_to(whole, 9)}, ("(None, 8, 8, 32)", "(None, 8, 8, 32)")),
    ({"step": lambda whole: whole}, ("the whole path", "el camino entero")),
    ({"maps": from_the_middle}, ("in the middle of the graph", "a mitad del grafo")),
    ({"maps": two_ends}, ("one input and one output", "una sola entrada y una sola salida")),
    ({"maps": pooled_once_more}, ("should not be there", "`max_pooling2d")),
    ({"maps": lambda whole: whole.layers[5]}, ("this is the layer", "esto es la capa")),
    ({"maps": lambda whole: whole.layers[5].output}, ("keras.Model(inputs", "keras.Model(")),
    ({"maps": predicted}, ("got ndarray", "ndarray")),
    ({"step": lambda whole: ...}, ("`step` has no answer", "`step`")),
    (
        {"maps": lambda whole: up_to(whole, 8), "step": lambda whole: up_to(whole, 5)},
        ("cut it at (None, 4, 4, 16)", "córtalo en (None, 4, 4, 16)"),
    ),
]
WRONG = [
    ("two-cuts", lambda changed=changed: cuts(**changed), words)
    for changed, words in WRONG_CUTS
]
WRONG += [
    (
        "two-cuts",
        lambda: {**cuts(), "autoencoder": seed_models.encoder()},
        ("model of this lesson", "el modelo de esta lección"),
    ),
    ("two-cuts", lambda: {"autoencoder": 1, "maps": 2}, ("has no key", "falta: ")),
    ("both-models", lambda: counts(shared=0), ("no layer was created twice", "dos veces")),
    ("both-models", lambda: counts(shared=28_241), ("not in the encoder", "no están en el")),
    ("both-models", lambda: counts(shared="9,569"), ("does not have", "no tiene")),
    ("both-models", lambda: counts(shared=5), ("not 5", "no son 5")),
    ("both-models", lambda: counts(together=46_913), ("twice", "dos veces las capas")),
    ("both-models", lambda: counts(together=65_585), ("three times", "tres veces")),
    ("both-models", lambda: counts(together=9_569), ("after the code", "después del código")),
    (
        "both-models",
        lambda: counts(together=18_672),
        ("only the encoder", "solo el codificador"),
    ),
    ("both-models", lambda: counts(together=37_810), ("not 37,810", "no son 37,810")),
    ("both-models", lambda: counts(together=[1, 2]), ("whole number", "número entero")),
    ("both-models", lambda: 28_241, ("a dict", "un diccionario")),
]
RIGHT = [
    ("both-models", lambda: counts("18,672", 28_241.0)),
    ("two-cuts", lambda: cuts(maps=lambda whole: keras.Sequential(whole.layers[:6]))),
    ("two-cuts", lambda: cuts(maps=nested)),
    (
        "two-cuts",
        lambda: cuts(
            maps=lambda whole: keras.Model(
                whole.input, layers.MaxPooling2D(1)(whole.layers[5].output)
            )
        ),
    ),
    ("two-cuts", lambda: cuts(maps=beside_a_dropped_call)),
]
GIVEN = [
    ("both-models", lambda: {"shared": ..., "together": ...}),
    ("two-cuts", lambda: cuts(maps=lambda whole: ..., step=lambda whole: ...)),
]
