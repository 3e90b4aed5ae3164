"""Lesson 08."""

import keras
from keras import layers

COUNT = "shared-count"
TIE = "tie-the-towers"


def embedding():
    return layers.Embedding(1000, 128)


def dense():
    return layers.Dense(128, activation="tanh")


def text():
    return keras.Input((None,), dtype="int32")


def pool(x):
    return layers.GlobalAveragePooling1D()(x)


def joined(inputs, ends, join=layers.Multiply):
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(join()(ends)))


def towers(embeddings, denses, **options):
    """Builds two towers with the embeddings and Dense layers."""
    inputs = [text(), text()]
    ends = [two(pool(one(it))) for it, one, two in zip(inputs, embeddings, denses, strict=True)]
    return joined(inputs, ends, **options)


def apart():
    return towers([embedding(), embedding()], [dense(), dense()])


def tied(**options):
    return towers([embedding()] * 2, [dense()] * 2, **options)


def copied():
    model = apart()
    for kind in (layers.Embedding, layers.Dense):
        first, second = [it for it in model.layers if isinstance(it, kind)][:2]
        second.set_weights(first.get_weights())
    return model


def copied_half():
    model = apart()
    first, second = [it for it in model.layers if isinstance(it, layers.Embedding)]
    second.set_weights(first.get_weights())
    return model


def one_input():
    one, end = text(), dense()
    x = end(pool(embedding()(one)))
    return joined(one, [x, x])


def one_text_twice():
    inputs, table, end = [text(), text()], embedding(), dense()
    return joined(inputs, [end(pool(table(inputs[0]))), end(pool(table(inputs[0])))])


def in_a_row():
    inputs, table, end = [text(), text()], embedding(), dense()
    ends = [pool(table(it)) for it in inputs]
    return joined(inputs, [end(end(ends[0])), ends[1]])


def with_tanh_on_one_side():
    """Build towers whose outputs differ little: averages of new embeddings are small."""
    inputs, table, end = [text(), text()], embedding(), dense()
    means = [pool(table(it)) for it in inputs]
    return joined(inputs, [end(layers.Activation("tanh")(means[0])), end(means[1])])


def without_pooling():
    inputs, table, end = [text(), text()], embedding(), dense()
    return joined(inputs, [end(table(it)) for it in inputs])


def tower():
    one = text()
    return keras.Model(one, dense()(pool(embedding()(one))))


def nested(*both):
    inputs = [text(), text()]
    return joined(inputs, [one(it) for one, it in zip(both, inputs, strict=True)])


def other_way_round():
    inputs, table, end, mean = [text(), text()], embedding(), dense(), pool_layer()
    return joined(inputs, [end(mean(table(it))) for it in reversed(inputs)])


def pool_layer():
    return layers.GlobalAveragePooling1D()


def tower_as_sequential():
    return keras.Sequential([embedding(), pool_layer(), dense()])


WRONG = [
    (COUNT, lambda: 173, ("each *call*", "cada *llamada*")),
    (COUNT, lambda: 148, ("`first` once for each", "`first` una vez por cada")),
    (COUNT, lambda: "101", ("counts `second` twice", "cuenta `second` dos veces")),
    (COUNT, lambda: 66, ("only the weights", "solo los pesos")),
    (COUNT, lambda: 61, ("leaves out the last", "deja fuera la última")),
    (COUNT, lambda: 140, ("24 numbers", "24 números")),
    (COUNT, lambda: 96, ("8 numbers into `second`", "8 números en `second`")),
    (COUNT, lambda: 67, ("side by side", "unos al lado del otro")),
    (COUNT, lambda: 3, ("not 3", "No es 3")),
    (COUNT, lambda: 7.5, ("whole number", "número entero")),
    (TIE, apart, ("equal arguments", "mismos argumentos")),
    (TIE, lambda: nested(tower(), tower()), ("equal arguments", "mismos argumentos")),
    (TIE, copied_half, ("equal arguments", "mismos argumentos")),
    (
        TIE,
        lambda: towers([embedding()] * 2, [dense(), dense()]),
        ("shared, but `Dense`", "se comparte, pero `Dense`"),
    ),
    (
        TIE,
        lambda: towers([embedding(), embedding()], [dense()] * 2),
        ("shared, but `Embedding`", "se comparte, pero `Embedding`"),
    ),
    (TIE, copied, ("nothing to copy", "nada que copiar")),
    (TIE, one_input, ("one input", "una sola entrada")),
    (TIE, one_text_twice, ("leads nowhere", "no lleva a ninguna parte")),
    (TIE, in_a_row, ("side by side", "en paralelo")),
    (TIE, with_tanh_on_one_side, ("should not be there", "está de más")),
    (TIE, without_pooling, ("`GlobalAveragePooling1D` is missing", "`GlobalAveragePooling1D`")),
    (TIE, lambda: tied(join=layers.Add), ("`Multiply`", "`Multiply`")),
    (TIE, tower, ("one input", "una sola entrada")),
    (TIE, lambda: [text(), text()], ("got list", "recibió list")),
    (TIE, lambda: dense, ("got function", "recibió function")),
]
RIGHT = [
    (COUNT, lambda: "76"),
    (TIE, lambda: nested(*[tower()] * 2)),
    (TIE, lambda: nested(*[tower_as_sequential()] * 2)),
    (TIE, other_way_round),
]
