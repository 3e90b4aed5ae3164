"""Lesson 12."""

import keras
from keras import layers


def choices(**changed):
    right = {
        "melody": "sequential",
        "tickets": "functional",
        "resnet": "functional",
        "twins": "functional",
        "grammar": "subclass",
        "ponder": "subclass",
    }
    return {**right, **changed}


class Pair(keras.Model):
    """The model of the lesson."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.read = layers.Dense(16, activation="relu")
        self.mix = layers.Dense(32, activation="relu")
        self.judge = layers.Dense(1, activation="sigmoid")

    def call(self, inputs):
        left, right = inputs
        both = layers.concatenate([self.read(left), self.read(right)])
        return self.judge(layers.add([self.mix(both), both]))


def ends():
    return [keras.Input((8,), name="left"), keras.Input((8,), name="right")]


def read():
    return layers.Dense(16, activation="relu")


def mix():
    return layers.Dense(32, activation="relu")


def graph(
    *,
    readers=1,
    reader=None,
    join=layers.concatenate,
    around=lambda x, both: layers.add([x, both]),
    judge=lambda: layers.Dense(1, activation="sigmoid"),
    backwards=False,
):
    inputs = ends()
    readers = [reader or read() for _each in range(readers)]
    left, right = readers[0](inputs[0]), readers[-1](inputs[1])
    both = join([right, left] if backwards else [left, right])
    outputs = judge()(around(mix()(both), both))
    return keras.Model(inputs, outputs)


def nested_reader():
    inputs = keras.Input((8,))
    return keras.Model(inputs, read()(inputs))


def after_other_tries():
    """Builds the right graph from tensors that earlier tries already used."""
    answer = graph()
    left, right = answer.inputs
    layers.concatenate([read()(left), layers.Dense(3)(right)])
    return answer


def wrapped():
    inputs = ends()
    return keras.Model(inputs, Pair()(inputs))


def called():
    model = Pair()
    model(ends())
    return model


def one_input():
    [left, _right] = ends()
    reader = read()
    both = layers.concatenate([reader(left), reader(left)])
    x = layers.add([mix()(both), both])
    return keras.Model(left, layers.Dense(1, activation="sigmoid")(x))


def left_alone():
    inputs = ends()
    outputs = layers.Dense(1, activation="sigmoid")(mix()(read()(inputs[0])))
    return keras.Model(inputs, outputs)


def around_reading():
    inputs = ends()
    reader = read()
    left, right = (reader(it) for it in inputs)
    both = layers.concatenate([left, right])
    around = layers.concatenate([right, left])
    x = layers.add([mix()(both), around])
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def tensor():
    return read()(keras.Input((8,)))


WRONG_CHOICES = [
    ("melody", "functional", ("a shorter way", "más corta")),
    ("melody", "subclass", ("part of the LSTM", "parte de la capa LSTM")),
    ("tickets", "sequential", ("two come out", "salen dos")),
    ("tickets", "subclass", ("every ticket", "todos los tickets")),
    ("resnet", "sequential", ("go around layers", "rodean capas")),
    ("resnet", "subclass", ("always the same ones", "siempre las mismas")),
    ("twins", "sequential", ("Two photos are two inputs", "Dos fotos son dos entradas")),
    ("twins", "subclass", ("lesson 08", "lección 08")),
    ("grammar", "sequential", ("not even one tree", "ni siquiera es un árbol")),
    ("grammar", "functional", ("A graph is one tree", "Un grafo es un solo árbol")),
    ("ponder", "sequential", ("fixed length", "longitud fija")),
    ("ponder", "functional", ("`keras.ops.while_loop`", "`keras.ops.while_loop`")),
    ("melody", "lstm", ("got 'lstm'", "recibió 'lstm'")),
    ("ponder", keras.Model, ("one of `", "uno de estos")),
]
WRONG = [
    ("six-architectures", lambda name=name, said=said: choices(**{name: said}), words)
    for name, said, words in WRONG_CHOICES
]
WRONG += [
    ("six-architectures", lambda: "functional", ("a dict with the keys", "con las claves")),
    ("code-to-graph", Pair, ("still a subclass", "sigue siendo una subclase")),
    ("code-to-graph", called, ("still a subclass", "sigue siendo una subclase")),
    ("code-to-graph", lambda: Pair, ("This is a class", "Esto es una clase")),
    ("code-to-graph", wrapped, ("a call of `Pair`", "una llamada a `Pair`")),
    ("code-to-graph", tensor, ("keras.Model(inputs, outputs)", "keras.Model(inputs, outputs)")),
    ("code-to-graph", lambda: 1_233, ("got int", "recibió int")),
    (
        "code-to-graph",
        lambda: keras.Sequential([keras.Input((8,)), read(), mix()]),
        ("a chain", "una cadena"),
    ),
    ("code-to-graph", left_alone, ("never meet", "nunca se juntan")),
    ("code-to-graph", one_input, ("one input", "una sola entrada")),
    ("code-to-graph", lambda: graph(readers=2), ("create it once", "créala una vez")),
    (
        "code-to-graph",
        lambda: graph(around=lambda x, both: x),
        ("path around", "camino que rodee"),
    ),
    (
        "code-to-graph",
        lambda: graph(around=lambda x, both: layers.concatenate([x, both])),
        ("64 numbers", "64 números"),
    ),
    (
        "code-to-graph",
        lambda: graph(around=lambda x, both: layers.average([x, both])),
        ("`Add` is missing", "Falta `Add`"),
    ),
    (
        "code-to-graph",
        lambda: graph(join=layers.add, around=lambda x, both: x),
        ("told apart", "distinguir"),
    ),
    (
        "code-to-graph",
        lambda: graph(judge=lambda: layers.Dense(1)),
        ("activation", "activation"),
    ),
    (
        "code-to-graph",
        lambda: graph(backwards=True),
        ("the other side first", "primero el otro"),
    ),
    ("code-to-graph", around_reading, ("should not be there", "está de más")),
]

RIGHT = [
    ("six-architectures", lambda: choices(melody=" Sequential", ponder="subclassing")),
    (
        "six-architectures",
        lambda: choices(melody="secuencial", twins="Funcional", ponder="subclase"),
    ),
    ("code-to-graph", after_other_tries),
    ("code-to-graph", lambda: graph(reader=nested_reader())),
    ("code-to-graph", graph),
    ("code-to-graph", lambda: graph(reader=keras.Sequential([read()]))),
    ("code-to-graph", lambda: graph(around=lambda x, both: layers.Add()([both, x]))),
    ("code-to-graph", lambda: graph(around=lambda x, both: x + both)),
    (
        "code-to-graph",
        lambda: graph(join=lambda parts: keras.ops.concatenate(parts, axis=-1)),
    ),
    ("code-to-graph", lambda: graph(join=layers.Concatenate(axis=1))),
]
