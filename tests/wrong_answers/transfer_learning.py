"""Lesson 10."""

from functools import cache

import keras
from keras import layers

import kfunc_lab as lab


def base_of(reader=None):
    reader = reader or lab.datasets.digits_model()
    return keras.Model(reader.input, reader.get_layer("features").output)


@cache
def names():
    """Returns the network too, as in the lesson: without it, its last layer would lead nowhere."""
    reader = lab.datasets.digits_model()
    return {"reader": reader, "base": base_of(reader)}


def counts(trained=2_565, frozen=20_024_384):
    return {"trained": trained, "frozen": frozen}


def frozen(base):
    base.trainable = False
    return base


def with_head(base, hidden="relu", units=3, last="softmax"):
    x = layers.Dense(16, activation=hidden)(base.output)
    return keras.Model(base.input, layers.Dense(units, activation=last)(x))


def called(base):
    image = keras.Input((28, 28, 1))
    x = layers.Dense(16, activation="relu")(base(image, training=False))
    return keras.Model(image, layers.Dense(3, activation="softmax")(x))


def in_a_row(base):
    return keras.Sequential(
        [base, layers.Dense(16, activation="relu"), layers.Dense(3, activation="softmax")]
    )


def frozen_layer_by_layer():
    base = base_of()
    for layer in base.layers:
        layer.trainable = False
    return with_head(base)


def frozen_later():
    base = base_of()
    model = with_head(base)
    base.trainable = False
    return model


def fine_tuned():
    base = base_of()
    for layer in base.layers:
        layer.set_weights([weights + 0.01 for weights in layer.get_weights()])
    return with_head(frozen(base))


def all_frozen():
    return frozen(with_head(base_of()))


def with_frozen(*names):
    model = with_head(base_of())
    for layer in model.layers:
        layer.trainable = layer.name not in names
    return model


def with_frozen_head():
    model = with_head(frozen(base_of()))
    model.layers[-1].trainable = False
    return model


def new_base():
    return frozen(keras.models.clone_model(base_of()))


COUNT, HEAD = "frozen-count", "new-head"
WRONG = [
    (COUNT, lambda: counts(20_024_384, 2_565), ("swapped", "intercambiados")),
    (COUNT, lambda: counts(trained=0), ("not frozen", "no está congelada")),
    (COUNT, lambda: counts(trained=2_560), ("has a bias", "tiene un sesgo")),
    (COUNT, lambda: counts(trained=125_445), ("for `Flatten`", "con `Flatten`")),
    (COUNT, lambda: counts(trained=20_026_949), ("all of them", "todos")),
    (COUNT, lambda: counts(trained=517), ("not 517", "no son 517")),
    (COUNT, lambda: counts(frozen="20,026,949"), ("head is not frozen", "no está congelada")),
    (COUNT, lambda: counts(frozen=18_672), ("not 18,672", "no son 18,672")),
    (COUNT, lambda: 2_565, ("a dict", "un diccionario")),
    (HEAD, lambda: with_head(base_of()), ("base is not frozen", "base no está congelada")),
    (HEAD, all_frozen, ("nothing can be learned", "no se puede aprender nada")),
    (HEAD, with_frozen_head, ("layer of the head", "capa de la cabeza")),
    (HEAD, lambda: with_frozen("edges"), ("part of the base", "parte de la base")),
    (HEAD, lambda: with_head(new_base()), ("learned nothing", "no han aprendido nada")),
    (
        HEAD,
        lambda: with_head(frozen(lab.datasets.digits_model())),
        ("the old head", "la cabeza anterior"),
    ),
    (HEAD, lambda: with_head(frozen(base_of()), last="sigmoid"), ("`sigmoid`", "`sigmoid`")),
    (HEAD, lambda: with_head(frozen(base_of()), units=10), ("`units` is `10`", "`10`")),
    (HEAD, lambda: with_head(frozen(base_of()), hidden=None), ("`activation`", "`activation`")),
    (
        HEAD,
        lambda: keras.Model(
            (base := frozen(base_of())).input, layers.Dense(3, "softmax")(base.output)
        ),
        ("is missing", "Falta"),
    ),
    (HEAD, lambda: with_head(frozen(base_of())).output, ("tensor at the end", "al final")),
]
RIGHT = [
    (HEAD, lambda: called(frozen(base_of()))),
    (HEAD, lambda: in_a_row(frozen(base_of()))),
    (HEAD, frozen_layer_by_layer),
    (HEAD, frozen_later),
    (HEAD, fine_tuned),
    (COUNT, lambda: counts("2,565", "20,024,384")),
]
GIVEN = [(COUNT, lambda: dict.fromkeys(counts(), ...))]
