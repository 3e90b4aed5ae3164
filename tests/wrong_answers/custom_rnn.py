"""Lesson 14."""

import keras
import numpy as np
from keras import layers, ops


def names():
    return {"ops": ops}


def counts(**changed):
    return {"calls": 20, "parameters": 1_633, "shape": (None, 20, 1), **changed}


class Recurrent(layers.Layer):
    """The right answer; each wrong answer replaces one part."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.projection_1 = layers.Dense(units, activation="tanh")
        self.projection_2 = layers.Dense(units, activation="tanh")
        self.units = units

    def start(self, inputs):
        return ops.zeros((ops.shape(inputs)[0], self.units))

    def order(self, inputs):
        return range(inputs.shape[1])

    def step(self, x, state):
        """Returns the result of a step and the next state."""
        both = self.projection_1(x) + self.projection_2(state)
        return both, both

    def end(self, states):
        return ops.stack(states, axis=1)

    def call(self, inputs):
        states, state = [], self.start(inputs)
        for step in self.order(inputs):
            result, state = self.step(inputs[:, step], state)
            states.append(result)
        return self.end(states)


def changed(**parts):
    return lambda: type("Recurrent", (Recurrent,), parts)


def build_zeros(self, input_shape):
    self.zeros = ops.zeros((input_shape[0], self.units))


as_given = changed(build=build_zeros, start=lambda self, inputs: self.zeros)


def without_carrying(self, x, state):
    return self.projection_1(x) + self.projection_2(state), state


def half_carried(self, x, state):
    new = self.projection_1(x)
    return new + self.projection_2(state), new


def swapped(self, x, state):
    both = self.projection_2(x) + self.projection_1(state)
    return both, both


class OneBias(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.rnn = layers.SimpleRNN(units, return_sequences=True)

    def call(self, inputs):
        return self.rnn(inputs)


def weaker(self, x, state):
    both = self.projection_1(x) + self.projection_2(state)
    return both, 0.5 * both


def new_layers(self, x, state):
    both = layers.Dense(self.units, activation="tanh")(x) + self.projection_2(state)
    return both, both


def one_layer(self, x, state):
    both = self.projection_1(x) + self.projection_1(state)
    return both, both


def third_layer(self, units):
    Recurrent.__init__(self, units)
    self.projection_3 = layers.Dense(units)


def with_third_layer(self, states):
    return self.projection_3(ops.stack(states, axis=1))


def model(batch):
    inputs = keras.Input(batch_shape=(batch, 10, 5))
    return keras.Model(inputs, Recurrent(4)(inputs))


WRONG_COUNTS = [
    ({"calls": 1}, ("at every step", "en cada paso")),
    ({"calls": 24}, ("window of 5 fit", "ventana de 5")),
    ({"calls": 19}, ("very beginning", "justo al principio")),
    ({"calls": 40}, ("both projections", "las dos proyecciones")),
    ({"calls": 41}, ("all calls inside", "todas las llamadas")),
    ({"calls": 16}, ("filters", "filtros")),
    ({"calls": 32}, ("number of units", "número de unidades")),
    ({"calls": 28}, ("not 28", "no son 28")),
    ({"calls": "many"}, ("`calls`: Expected a whole number", "`calls`: Se esperaba un número")),
    ({"parameters": 1_281}, ("5 numbers per step", "5 números por paso")),
    ({"parameters": 2_145}, ("has 16", "tiene 16")),
    ({"parameters": 2_049}, ("416", "416")),
    ({"parameters": 1_600}, ("classifier has parameters", "clasificador también")),
    ({"parameters": 1_568}, ("a bias, too", "un sesgo")),
    ({"parameters": "32,660"}, ("counted once", "una sola vez")),
    ({"parameters": 32_033}, ("counted once", "una sola vez")),
    ({"parameters": 7}, ("three Dense layers", "tres capas Dense")),
    ({"shape": (16, 20, 1)}, ("not 16 but", "no es 16")),
    ({"shape": (20, 1)}, ("batch is missing", "Falta el lote")),
    ({"shape": (None, 1)}, ("applied to every step", "se aplica a cada paso")),
    ({"shape": [None, 24, 1]}, ("fewer come out", "salen menos")),
    ({"shape": (None, 20, 32)}, ("A state has", "Un estado tiene")),
    ({"shape": (None, 20, 16)}, ("batch, steps, numbers", "lote, pasos, números")),
    ({"shape": 20}, ("a tuple", "una tupla")),
]
WRONG = [
    ("rnn-calls", lambda parts=parts: counts(**parts), words) for parts, words in WRONG_COUNTS
]
WRONG += [
    ("rnn-calls", lambda: 20, ("a dict with the keys", "con las claves")),
    ("any-batch", as_given, ("not with an open one", "no con uno abierto")),
    (
        "any-batch",
        changed(start=lambda self, inputs: ops.zeros((inputs.shape[0], self.units))),
        ("is `None`: `Recurrent` needs", "es `None`: `Recurrent` necesita"),
    ),
    (
        "any-batch",
        changed(start=lambda self, inputs: ops.zeros((16, self.units))),
        ("fixes the number of samples", "fija el número"),
    ),
    (
        "any-batch",
        changed(start=lambda self, inputs: ops.broadcast_to(ops.zeros(()), (3, self.units))),
        ("a batch of 16 does not", "uno de 16, no"),
    ),
    ("any-batch", lambda: model(16), ("fixes the batch at 16", "fija el lote en 16")),
    ("any-batch", lambda: model(None), ("This is a model", "Esto es un modelo")),
    ("any-batch", lambda: 16, ("got int", "recibió int")),
    ("any-batch", lambda: dict, ("got dict", "recibió dict")),
    (
        "any-batch",
        changed(start=lambda self, inputs: ops.ones((ops.shape(inputs)[0], self.units))),
        ("filled with ones", "lleno de unos"),
    ),
    (
        "any-batch",
        changed(step=without_carrying),
        ("not passed to the next", "no pasa al siguiente"),
    ),
    ("any-batch", changed(step=half_carried), ("Pass the sum", "Pasa la suma")),
    ("any-batch", changed(step=swapped), ("are swapped", "están intercambiadas")),
    ("any-batch", lambda: OneBias, ("`SimpleRNN` has", "`SimpleRNN` tiene")),
    ("any-batch", changed(step=weaker), ("from step 1 (", "desde el paso 1 (")),
    ("any-batch", changed(step=new_layers), ("created inside `call`", "dentro de `call`")),
    ("any-batch", changed(step=one_layer), ("whatever the batch", "sea cual sea")),
    (
        "any-batch",
        changed(__init__=third_layer, end=with_third_layer),
        ("two projections are", "las dos proyecciones son"),
    ),
    (
        "any-batch",
        changed(end=lambda self, states: states[-1]),
        ("one state per sequence", "un estado por secuencia"),
    ),
    (
        "any-batch",
        changed(end=lambda self, states: ops.stack(states)),
        ("the steps first", "los pasos delante"),
    ),
    (
        "any-batch",
        changed(end=lambda self, states: ops.concatenate(states, axis=1)),
        ("batch, steps, units", "lote, pasos, unidades"),
    ),
    (
        "any-batch",
        changed(end=lambda self, states: ops.cumsum(ops.stack(states, axis=1), axis=1)),
        ("sum of all states", "suma de todos los estados"),
    ),
    (
        "any-batch",
        changed(order=lambda self, inputs: reversed(range(inputs.shape[1]))),
        ("from its end", "desde el final"),
    ),
    (
        "any-batch",
        changed(end=lambda self, states: ops.stack(states[::-1], axis=1)),
        ("order is reversed", "orden está invertido"),
    ),
    (
        "any-batch",
        changed(
            start=lambda self, inputs: keras.random.normal(
                (ops.shape(inputs)[0], self.units), seed=np.random.randint(2**30)
            )
        ),
        ("different results", "resultados distintos"),
    ),
    (
        "any-batch",
        changed(end=lambda self, states: ops.stop_gradient(ops.stack(states, axis=1))),
        ("0 of 4 weight arrays", "0 de los 4"),
    ),
    ("any-batch", changed(__init__=lambda self: None), ("Keep `units`", "Conserva `units`")),
]


class Cell(layers.Layer):
    """One step for `layers.RNN`."""

    def __init__(self, units):
        super().__init__()
        self.projection_1 = layers.Dense(units, activation="tanh")
        self.projection_2 = layers.Dense(units, activation="tanh")
        self.state_size = units

    def build(self, shape):
        self.projection_1.build(shape)
        self.projection_2.build((None, self.state_size))

    def call(self, inputs, states):
        state = self.projection_1(inputs) + self.projection_2(states[0])
        return state, [state]


class Library(layers.RNN):
    """A layer that uses the loop of Keras."""

    def __init__(self, units):
        super().__init__(Cell(units), return_sequences=True)


class OwnWeights(Recurrent):
    """A layer without Dense layers, with its weights in another order."""

    def __init__(self, units, **kwargs):
        layers.Layer.__init__(self, **kwargs)
        self.units = units

    def build(self, shape):
        self.b2 = self.add_weight(shape=(self.units,))
        self.b1 = self.add_weight(shape=(self.units,))
        self.w1 = self.add_weight(shape=(shape[-1], self.units))
        self.w2 = self.add_weight(shape=(self.units, self.units))

    def step(self, x, state):
        state = ops.tanh(x @ self.w1 + self.b1) + ops.tanh(state @ self.w2 + self.b2)
        return state, state


def start_from_inputs(self, inputs):
    return ops.repeat(ops.zeros_like(inputs[:, 0, :1]), self.units, axis=1)


RIGHT = [
    ("rnn-calls", lambda: counts(calls="20", parameters=1633.0, shape="(None, 20, 1)")),
    ("rnn-calls", lambda: counts(shape=[None, 20, 1])),
    ("any-batch", lambda: Recurrent(8)),
    ("any-batch", changed(start=start_from_inputs)),
    # The first sum broadcasts one row of zeros to the batch, with the same result.
    ("any-batch", changed(start=lambda self, inputs: ops.zeros((1, self.units)))),
    ("any-batch", lambda: Library),
    ("any-batch", lambda: OwnWeights),
]
