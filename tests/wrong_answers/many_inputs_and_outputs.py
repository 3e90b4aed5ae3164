"""Lesson 06."""

import keras
from keras import layers


def names():
    """Returns small versions of the lesson's tensors."""
    title, body = (keras.Input((None, 4), name=name) for name in ("title", "body"))
    tags = keras.Input((12,), name="tags")
    x = layers.concatenate([layers.LSTM(3)(title), layers.LSTM(3)(body), tags])
    return {
        "title": title,
        "body": body,
        "tags": tags,
        "priority": layers.Dense(1, activation="sigmoid", name="priority")(x),
        "department": layers.Dense(4, activation="softmax", name="department")(x),
    }


BINARY, CATEGORICAL = "binary_crossentropy", "categorical_crossentropy"


def compiled(loss, loss_weights=(1.0, 0.2), outputs=("priority", "department")):
    given = names()
    inputs = [given[name] for name in ("title", "body", "tags")]
    model = keras.Model(inputs, [given[name] for name in outputs])
    if loss is not None:
        weights = list(loss_weights) if isinstance(loss_weights, tuple) else loss_weights
        model.compile("rmsprop", loss=loss, loss_weights=weights)
    return model


def by_name(priority=BINARY, department=CATEGORICAL, **options):
    return compiled({"priority": priority, "department": department}, **options)


def other_names():
    inputs = keras.Input((3,))
    return keras.Model(inputs, [layers.Dense(1, name="urgent")(inputs), inputs])


def named_inputs():
    return keras.Input((784,), name="image"), keras.Input((2,), name="place")


def heads(build, swap=False, names=("digit", "even"), named=True):
    """Builds a model of image and place; `build` computes the inputs of the heads."""
    image, place = named_inputs() if named else (keras.Input((784,)), keras.Input((2,)))
    x = build(image, place)
    pair = x if isinstance(x, tuple) else (x, x)
    digit = layers.Dense(10, activation="softmax", name=names[0])(pair[0])
    even = layers.Dense(1, activation="sigmoid", name=names[1])(pair[1])
    return keras.Model([image, place], [even, digit] if swap else [digit, even])


def joined(image, place):
    return layers.concatenate([layers.Dense(64, activation="relu")(image), place])


def raw(image, place):
    return layers.Dense(64, activation="relu")(layers.concatenate([image, place]))


def half(image, place):
    x = layers.Dense(64, activation="relu")(image)
    return layers.concatenate([x, place]), x


def chained():
    image, place = keras.Input((784,)), keras.Input((2,))
    digit = layers.Dense(10, activation="softmax", name="digit")(joined(image, place))
    even = layers.Dense(1, activation="sigmoid", name="even")(digit)
    return keras.Model([image, place], [digit, even])


def one_output():
    image, place = keras.Input((784,)), keras.Input((2,))
    return keras.Model([image, place], layers.Dense(10, "softmax")(joined(image, place)))


def one_input():
    image = keras.Input((786,), name="all")
    x = layers.Dense(64, activation="relu")(image)
    return keras.Model(image, [layers.Dense(10, "softmax")(x), layers.Dense(1, "sigmoid")(x)])


def separate_activations(image, place):
    x = layers.Activation("relu")(layers.Dense(64)(image))
    return keras.ops.concatenate([layers.Identity()(x), place], axis=-1)


def with_a_layer_after_a_head():
    image, place = named_inputs()
    x = joined(image, place)
    digit = layers.Dense(10, activation="softmax")(x)
    digit = layers.Activation("tanh", name="digit")(digit)
    even = layers.Dense(1, activation="sigmoid", name="even")(x)
    return keras.Model([image, place], [digit, even])


def dict_of_outputs():
    image, place = named_inputs()
    x = joined(image, place)
    digit = layers.Softmax()(layers.Dense(10)(x))
    return keras.Model(
        {"place": place, "image": image},
        {"even": layers.Dense(1, "sigmoid")(x), "digit": digit},
    )


WRONG = [
    ("total-loss", lambda: 1.8, ("both in full", "las dos por completo")),
    ("total-loss", lambda: 1.32, ("wrong way round", "al revés")),
    ("total-loss", lambda: 0.9, ("is the mean", "es la media")),
    ("total-loss", lambda: "0,7", ("does not divide", "no divide")),
    ("total-loss", lambda: 0.6, ("priority alone", "solo la pérdida de la prioridad")),
    ("total-loss", lambda: 5, ("not 5", "No es 5")),
    ("total-loss", lambda: "much", ("Expected a number", "Se esperaba un número")),
    (
        "swapped-losses",
        lambda: compiled([CATEGORICAL, BINARY], (1.0, 0.2)),
        ("still swapped", "siguen intercambiadas"),
    ),
    (
        "swapped-losses",
        lambda: compiled([BINARY, CATEGORICAL], (0.2, 1.0)),
        ("weights are still swapped", "sus pesos siguen"),
    ),
    (
        "swapped-losses",
        lambda: by_name(loss_weights=None),
        ("should have 1.0", "debería tener 1.0"),
    ),
    (
        "swapped-losses",
        lambda: by_name(priority=CATEGORICAL, department=CATEGORICAL),
        ("Over a single unit", "Con una sola unidad"),
    ),
    ("swapped-losses", lambda: compiled(BINARY), ("one of four", "uno de cuatro")),
    (
        "swapped-losses",
        lambda: by_name(department="sparse_categorical_crossentropy"),
        ("takes integers", "espera enteros"),
    ),
    ("swapped-losses", lambda: by_name(priority="mse"), ("does not fit", "no encaja")),
    (
        "swapped-losses",
        lambda: compiled({"priority": BINARY}, {"priority": 1.0}),
        ("has no loss", "no tiene pérdida"),
    ),
    (
        "swapped-losses",
        lambda: compiled({"priority": BINARY, "departments": CATEGORICAL}, None),
        ("`departments`", "`departments`"),
    ),
    ("swapped-losses", lambda: compiled(None), ("not compiled", "no está compilado")),
    ("swapped-losses", other_names, ("`urgent`", "`urgent`")),
    ("swapped-losses", lambda: {"priority": BINARY}, ("got dict", "recibió dict")),
    ("two-heads", one_input, ("There is one input", "Hay una sola entrada")),
    ("two-heads", one_output, ("There is one output", "Hay una sola salida")),
    (
        "two-heads",
        lambda: heads(joined, names=("even", "digit")),
        ("are swapped", "están intercambiados"),
    ),
    (
        "swapped-losses",
        lambda: by_name(priority="binary_crosentropy"),
        ("Do you mean `binary_crossentropy`", "¿Quieres decir `binary_crossentropy`"),
    ),
    (
        "swapped-losses",
        lambda: by_name(priority=keras.losses.BinaryCrossentropy(from_logits=True)),
        ("applied twice", "dos veces"),
    ),
    (
        "swapped-losses",
        lambda: by_name(loss_weights={"priority": "a", "department": 0.2}),
        ("a loss weight is a number", "el peso de una pérdida es un número"),
    ),
    ("two-heads", with_a_layer_after_a_head, ("should not be there", "está de más")),
    ("two-heads", chained, ("side by side", "una al lado de la otra")),
    ("two-heads", lambda: heads(raw), ("raw image", "imagen sin procesar")),
    ("two-heads", lambda: heads(half), ("part of the inputs", "una parte de las entradas")),
    ("two-heads", lambda: heads(joined, names=("a", "b")), ("named `a`", "se llaman `a`")),
    (
        "two-heads",
        lambda: heads(joined, named=False),
        ("its inputs are named", "sus entradas se llaman"),
    ),
    (
        "two-heads",
        lambda: heads(lambda i, p: layers.concatenate([layers.Dense(32, "relu")(i), p])),
        ("`units` is `32`", "`units` es `32`"),
    ),
    ("two-heads", lambda: [1, 2], ("got list", "recibió list")),
]

RIGHT = [
    ("total-loss", lambda: "0.84"),
    ("swapped-losses", lambda: compiled([BINARY, CATEGORICAL])),
    ("swapped-losses", lambda: by_name(loss_weights={"department": 0.2, "priority": 1.0})),
    (
        "swapped-losses",
        lambda: compiled([CATEGORICAL, BINARY], (0.2, 1.0), ("department", "priority")),
    ),
    (
        "swapped-losses",
        lambda: by_name(
            keras.losses.BinaryCrossentropy(), keras.losses.CategoricalCrossentropy()
        ),
    ),
    ("two-heads", lambda: heads(joined)),
    ("two-heads", lambda: heads(joined, swap=True)),
    ("two-heads", lambda: heads(separate_activations)),
    ("two-heads", dict_of_outputs),
]

GIVEN = [("swapped-losses", lambda: compiled([CATEGORICAL, BINARY], (0.2, 1.0)))]
