"""Lesson 03."""

import atexit
import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers

FOLDER = tempfile.TemporaryDirectory()
atexit.register(FOLDER.cleanup)
PATH = Path(FOLDER.name, "model.keras")
WEIGHTS = Path(FOLDER.name, "model.weights.h5")
IMAGES = np.linspace(0, 1, 32 * 784, dtype="float32").reshape(32, 784)
DIGITS = np.arange(32) % 10


def build(units=8):
    inputs = keras.Input((784,))
    x = layers.Dense(units, activation="relu")(inputs)
    return compiled(keras.Model(inputs, layers.Dense(10, activation="softmax")(x)))


def compiled(model):
    model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy")
    return model


def train(model):
    model.fit(IMAGES, DIGITS, batch_size=8, epochs=1, verbose=0)
    return model


def trained():
    return train(build())


def names():
    """Returns the variables that the solutions need."""
    return {"Path": Path, "folder": FOLDER, "student": trained()}


def trip(reload):
    model = trained()
    return {"trained": model, "reloaded": reload(model)}


def saved(model):
    model.save(PATH)
    return keras.models.load_model(PATH)


def without_compile(model):
    model.save(PATH)
    return keras.models.load_model(PATH, compile=False)


def only_weights(model, twin):
    model.save_weights(WEIGHTS)
    twin.load_weights(WEIGHTS)
    return twin


def before_training():
    model = build()
    model.save(PATH)
    return {"trained": train(model), "reloaded": keras.models.load_model(PATH)}


def half_way():
    model = trained()
    model.save(PATH)
    return {"trained": train(model), "reloaded": keras.models.load_model(PATH)}


def older_format(model):
    path = PATH.with_suffix(".h5")
    model.save(path)
    return keras.models.load_model(path)


def trained_again():
    saved_before = saved(trained())
    return {"trained": trained(), "reloaded": saved_before}


def other_file():
    model = build(16)
    large = compiled(keras.Model(model.inputs, model.outputs, name="large"))
    student = compiled(keras.models.clone_model(build()))
    small = compiled(keras.Model(student.inputs, student.outputs, name="small"))
    return {"trained": train(small), "reloaded": saved(train(large))}


def other_rate(model):
    reloaded = saved(model)
    reloaded.optimizer.learning_rate = 0.5
    return reloaded


TRIPS = [
    (lambda model: model, ("same object", "el mismo objeto")),
    (
        lambda model: keras.Model(model.inputs, model.outputs),
        ("*same* layers", "*mismas* capas"),
    ),
    (keras.models.clone_model, ("new weights", "pesos nuevos")),
    (
        lambda model: model.from_config(model.get_config()),
        ("new weights", "pesos nuevos"),
    ),
    (
        lambda model: keras.models.model_from_json(model.to_json()),
        ("new weights", "pesos nuevos"),
    ),
    (lambda model: only_weights(model, build()), ("new optimizer", "optimizador nuevo")),
    (lambda model: compiled(saved(model)), ("new optimizer", "optimizador nuevo")),
    (without_compile, ("without `compile=False`", "sin `compile=False`")),
    (lambda model: train(saved(model)), ("8 steps", "8 pasos")),
    (other_rate, ("optimizer states", "estados de los optimizadores")),
    (older_format, ("ends in `.keras`", "termine en `.keras`")),
    (lambda model: model.save(PATH), ("return nothing", "no devuelven nada")),
    (lambda model: PATH, ("the path of a file", "la ruta de un archivo")),
    (lambda model: str(PATH), ("the path of a file", "la ruta de un archivo")),
    (
        lambda model: model.to_json(),
        ("description in a string", "descripción en forma de texto"),
    ),
    (
        lambda model: model.get_config(),
        ("description in a dict", "descripción en forma de dicc"),
    ),
    (lambda model: model.get_weights(), ("list of 4 items", "lista de 4 elementos")),
    (lambda model: model.outputs[0], ("tensor at the end", "tensor")),
    (lambda model: train(build(16)), ("`units` is `16`", "`units`")),
]
WRONG = [
    ("round-trip", lambda reload=reload: trip(reload), words) for reload, words in TRIPS
] + [
    ("round-trip", before_training, ("save after training", "guarda después de entrenar")),
    ("round-trip", half_way, ("4 steps", "4 pasos")),
    ("round-trip", trained_again, ("ran its cell again", "ejecutar su celda")),
    ("round-trip", other_file, ("the file of another model", "el archivo de otro modelo")),
    ("round-trip", trained, ("a dict with the keys", "claves")),
    (
        "round-trip",
        lambda: {"trained": build(), "reloaded": build()},
        ("not been trained", "no se ha entrenado"),
    ),
]

RIGHT_CLAIMS = {
    "wiring": True,
    "weights": True,
    "loss": True,
    "optimizer_state": True,
    "class_code": False,
    "images": False,
    "history": False,
}


WRONG += [
    (
        "what-is-in-the-file",
        lambda changed=changed: {**RIGHT_CLAIMS, **changed},
        words,
    )
    for changed, words in [
        ({"wiring": False}, ("could not build the same graph", "reconstruir el mismo grafo")),
        ({"weights": False}, ("would not predict the same", "no predeciría lo mismo")),
        ({"loss": False}, ("compile_config", "compile_config")),
        ({"optimizer_state": False}, ("twice as large", "doble")),
        ({"class_code": True}, ("*name* of the class", "*nombre* de la clase")),
        ({"images": True}, ("twelve megabytes", "doce megabytes")),
        ({"history": True}, ("save it yourself", "guárdala tú")),
        ({"history": ...}, ("no answer yet", "`history`")),
        ({"loss": "True"}, ("expected `True` or `False`", "se esperaba `True` o `False`")),
    ]
]
WRONG += [
    ("what-is-in-the-file", lambda: [True, True], ("a dict with the keys", "claves")),
    ("what-is-in-the-file", lambda: {"weights": True}, ("has no key", "falta:")),
]


def deep_copy(model):
    """Copies everything that a file would store."""
    clone = keras.models.clone_model(model)
    clone.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy")
    clone.optimizer.build(clone.trainable_variables)
    clone.set_weights(model.get_weights())
    for ours, theirs in zip(clone.optimizer.variables, model.optimizer.variables, strict=True):
        ours.assign(theirs)
    return clone


RIGHT = [
    ("round-trip", lambda: trip(saved)),
    ("round-trip", lambda: trip(deep_copy)),
    ("what-is-in-the-file", lambda: {name: int(it) for name, it in RIGHT_CLAIMS.items()}),
]
GIVEN = [
    ("round-trip", lambda: {"trained": trained(), "reloaded": ...}),
    ("what-is-in-the-file", lambda: dict.fromkeys(RIGHT_CLAIMS, ...)),
]
