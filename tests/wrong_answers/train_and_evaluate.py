"""Lesson 02."""

import keras
from keras import layers


def head(units, activation, loss):
    inputs = keras.Input((784,))
    model = keras.Model(inputs, layers.Dense(units, activation=activation)(inputs))
    if loss is not None:
        model.compile(loss=loss)
    return model


def heads(**changed):
    right = {
        "digit": (10, "softmax", "sparse_categorical_crossentropy"),
        "even": (1, "sigmoid", "binary_crossentropy"),
        "ink": (1, None, "mse"),
    }
    return {name: head(*parts) for name, parts in {**right, **changed}.items()}


def logits(cls):
    return cls(from_logits=True)


SPARSE, BINARY = keras.losses.SparseCategoricalCrossentropy, keras.losses.BinaryCrossentropy

WRONG_HEADS = [
    ({"digit": (10, "softmax", "categorical_crossentropy")}, ("sparse", "sparse")),
    ({"digit": (10, "softmax", "mse")}, ("twice the class 4", "doble de la clase 4")),
    ({"digit": (10, "softmax", "binary_crossentropy")}, ("yes or no", "sí o no")),
    ({"digit": (10, "softmax", logits(SPARSE))}, ("applied twice", "dos veces")),
    ({"digit": (10, "sigmoid", SPARSE())}, ("expects probabilities", "espera probabilidades")),
    ({"digit": (9, "softmax", SPARSE())}, ("ten classes", "diez clases")),
    ({"even": (1, "softmax", "binary_crossentropy")}, ("add up to 1", "sumen 1")),
    ({"even": (1, "sigmoid", logits(BINARY))}, ("applied twice", "dos veces")),
    ({"even": (1, None, "binary_crossentropy")}, ("expects probabilities", "probabilidades")),
    ({"even": (1, "sigmoid", "mse")}, ("learns slowly", "aprende despacio")),
    ({"even": (1, "sigmoid", "hinge")}, ("probability of yes", "probabilidad del sí")),
    (
        {"digit": (10, "softmax", "sparse_categorical_crosentropy")},
        (
            "Do you mean `sparse_categorical_crossentropy`",
            "¿Quieres decir `sparse_categorical_c",
        ),
    ),
    (
        {"ink": (1, None, "mean_square_error")},
        ("no loss `mean_square_error`", "ninguna pérdida `mean_square_error`"),
    ),
    ({"even": (3, "sigmoid", "binary_crossentropy")}, ("one unit is enough", "basta una")),
    ({"ink": (1, None, "binary_crossentropy")}, ("quantity", "cantidad")),
    ({"ink": (1, "softmax", "mse")}, ("always gives 1", "siempre da 1")),
    ({"ink": (1, "relu", "mse")}, ("stuck at 0", "atascada en 0")),
    ({"ink": (1, "tanh", "mse")}, ("cannot reach", "no puede alcanzar")),
    ({"ink": (2, None, "mse")}, ("one number", "un solo número")),
    ({"ink": (1, None, None)}, ("no loss yet", "aún no tiene pérdida")),
]
WRONG = [
    ("three-heads", lambda changed=changed: heads(**changed), words)
    for changed, words in WRONG_HEADS
]
WRONG += [
    ("steps-per-epoch", lambda: 63, ("all 4,000", "los 4,000")),
    ("steps-per-epoch", lambda: 13, ("validation part", "parte de validación")),
    ("steps-per-epoch", lambda: "3,200", ("64 of them at once", "64 de ellos a la vez")),
    ("steps-per-epoch", lambda: 64, ("digits in a step", "dígitos de un paso")),
    ("steps-per-epoch", lambda: 250, ("five epochs", "cinco épocas")),
    ("steps-per-epoch", lambda: 7, ("not 7", "No es 7")),
    ("steps-per-epoch", lambda: 62.5, ("whole number", "número entero")),
    ("three-heads", lambda: {"digit": 1}, ("no key", "falta:")),
    ("three-heads", lambda: {**heads(), "ink": "mse"}, ("got str", "recibió str")),
]


RIGHT_HEADS = [
    {"digit": (10, None, logits(SPARSE))},
    {"even": (1, None, logits(BINARY))},
    {"even": (2, "softmax", "sparse_categorical_crossentropy")},
    {"ink": (1, "sigmoid", "mean_squared_error")},
    {"ink": (1, None, keras.losses.Huber())},
    {"ink": (1, None, "mae")},
    {"ink": (1, "sigmoid", "binary_crossentropy")},
]


RIGHT = [("three-heads", lambda changed=changed: heads(**changed)) for changed in RIGHT_HEADS]


def as_given():
    return heads(
        digit=(10, "softmax", "categorical_crossentropy"),
        even=(1, "softmax", "binary_crossentropy"),
        ink=(1, None, "binary_crossentropy"),
    )


GIVEN = [("three-heads", as_given)]
