"""Lesson 05."""

import keras
from keras import layers, ops


def reader():
    inputs = keras.Input((784,))
    x = layers.Dense(32, activation="relu")(inputs)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def committee(merge=layers.average, readers=3, calls=1):
    inputs = keras.Input((784,))
    made = [reader() for _ in range(readers)]
    return keras.Model(inputs, merge([it(inputs) for it in made for _ in range(calls)]))


def one_vote_three_times():
    inputs = keras.Input((784,))
    return keras.Model(inputs, layers.average([reader()(inputs)] * 3))


def two_readers_three_votes():
    inputs = keras.Input((784,))
    one, other = reader(), reader()
    return keras.Model(inputs, layers.average([one(inputs), other(inputs), other(inputs)]))


def three_inputs():
    inputs = [keras.Input((784,)) for _ in range(3)]
    return keras.Model(inputs, layers.average([reader()(it) for it in inputs]))


def averaged_weights():
    made, mean = [reader() for _ in range(3)], reader()
    weights = zip(*(each.get_weights() for each in made), strict=True)
    mean.set_weights([sum(three) / 3 for three in weights])
    return mean


def average_of_average(votes):
    return layers.average([layers.average(votes[:2]), votes[2]])


def with_a_layer_more(votes):
    return layers.Dense(10, activation="softmax")(layers.average(votes))


def other_activation():
    inputs = keras.Input((784,))
    votes = []
    for activation in ("relu", "relu", "tanh"):
        x = layers.Dense(32, activation=activation)(inputs)
        votes.append(layers.Dense(10, activation="softmax")(x))
    return keras.Model(inputs, layers.average(votes))


def flat():
    inputs = keras.Input((784,))
    votes = []
    for _ in range(3):
        x = layers.Dense(32, activation="relu")(inputs)
        votes.append(layers.Dense(10, activation="softmax")(x))
    return keras.Model(inputs, layers.Average()(votes[::-1]))


def beside_a_dropped_call():
    inputs = keras.Input((784,))
    reader()(inputs)
    return keras.Model(inputs, layers.average([reader()(inputs) for _ in range(3)]))


def within_another():
    inputs = keras.Input((784,))
    return keras.Model(inputs, committee()(inputs))


def mean(votes):
    return ops.mean(ops.stack(votes), axis=0)


def wrong_mean(votes):
    return (votes[0] + votes[1] + votes[2]) / 2


WRONG = [
    ("same-model-twice", lambda: 272, ("once for each call. A call", "por cada llamada. Una")),
    ("same-model-twice", lambda: 128, ("only the weights", "solo los pesos")),
    ("same-model-twice", lambda: "256", ("leaves the biases out", "deja fuera los sesgos")),
    ("same-model-twice", lambda: 144, ("parameters to the addition. It", "a la suma. No")),
    ("same-model-twice", lambda: 280, ("Neither adds", "Ni una cosa ni la otra")),
    ("same-model-twice", lambda: 264, ("joined into 32", "unieran en 32")),
    ("same-model-twice", lambda: 0, ("what the calls add", "lo que añaden las llamadas")),
    ("same-model-twice", lambda: 17, ("not 17", "No es 17")),
    ("same-model-twice", lambda: "all", ("whole number", "número entero")),
    ("committee", lambda: committee(readers=1, calls=3), ("uses the same", "usa los mismos")),
    ("committee", one_vote_three_times, ("1 × 25,450", "1 × 25,450")),
    ("committee", two_readers_three_votes, ("2 × 25,450", "2 × 25,450")),
    ("committee", lambda: committee(layers.concatenate), ("(None, 30)", "(None, 30)")),
    ("committee", lambda: committee(layers.add), ("three votes sum to 3", "entre las tres, 3")),
    ("committee", lambda: committee(lambda votes: votes), ("3 outputs", "3 salidas")),
    ("committee", lambda: committee(lambda it: it[0]), ("single reader", "un solo lector")),
    ("committee", averaged_weights, ("a fourth reader", "un cuarto lector")),
    ("committee", three_inputs, ("3 inputs", "3 entradas")),
    ("committee", lambda: committee(readers=2), ("2 readers vote", "Votan 2")),
    ("committee", lambda: committee(average_of_average), ("2 averages", "2 promedios")),
    ("committee", lambda: committee(with_a_layer_more), ("should not be there", "está de más")),
    ("committee", lambda: committee(wrong_mean), ("`Average` is missing", "Falta `Average`")),
    ("committee", other_activation, ("`activation` is", "`activation`")),
    ("committee", lambda: [reader() for _ in range(3)], ("a list of 3", "una lista de 3")),
    ("committee", lambda: reader, ("got function", "recibió function")),
    ("committee", lambda: reader().output, ("keras.Model(inputs, outputs)", "keras.Model(")),
]
RIGHT = [
    ("same-model-twice", lambda: "136"),
    ("committee", committee),
    ("committee", flat),
    ("committee", beside_a_dropped_call),
    ("committee", within_another),
    ("committee", lambda: committee(mean)),
    ("committee", lambda: committee(lambda votes: (votes[0] + votes[1] + votes[2]) / 3)),
]
