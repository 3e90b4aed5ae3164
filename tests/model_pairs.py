"""Pairs of models that differ in one thing, and how to build each twice.

Each kind is a function of sizes and of a choice: with 0 and 1 it builds two models whose outputs
can differ, with 0 and 0 two equal models. Around it, `pair` puts other layers, chosen by a seed.
"""

import random

import keras
import numpy as np
from keras import layers, ops

KINDS = {}


def kind(build):
    KINDS[build.__name__] = build
    return build


class Sizes:
    """Sizes that a seed chooses, and an input with layers before it."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.features = self.random.randint(3, 6)
        self.units = self.random.randint(2, 5)
        self.steps = self.random.randint(3, 6)
        self.before = [self.random.choice(["dense", "relu", "norm"]) for _ in range(seed % 3)]

    def vector(self, name="x"):
        return self._with_layers(keras.Input((self.features,), name=name))

    def sequence(self, name="x"):
        return self._with_layers(keras.Input((self.steps, self.features), name=name))

    def _with_layers(self, x):
        y = x
        for chosen in self.before:
            if chosen == "dense":
                y = layers.Dense(self.features)(y)
            elif chosen == "relu":
                y = layers.ReLU()(y)
            else:
                y = layers.LayerNormalization()(y)
        return x, y


def model(inputs, outputs):
    return keras.Model(inputs, outputs, name="m")


def either(choice, one, other):
    return other if choice else one


# ---------------------------------------------------------------------------------------------
# Outputs and inputs


def states(sizes):
    x, y = sizes.sequence()
    return x, *layers.LSTM(sizes.units, return_sequences=True, return_state=True)(y)


def heads(sizes):
    x, y = sizes.vector()
    return x, layers.Dense(sizes.units, name="a")(y), layers.Dense(sizes.units, name="b")(y)


@kind
def which_state(sizes, choice):
    x, _sequence, h, c = states(sizes)
    return model(x, either(choice, h, c))


@kind
def sequence_or_states(sizes, choice):
    x, sequence, h, c = states(sizes)
    return model(x, either(choice, [h, c], sequence))


@kind
def order_of_states(sizes, choice):
    x, _sequence, h, c = states(sizes)
    return model(x, either(choice, [h, c], [c, h]))


@kind
def order_of_outputs(sizes, choice):
    x, a, b = heads(sizes)
    return model(x, either(choice, [a, b], [b, a]))


@kind
def output_twice(sizes, choice):
    x, a, b = heads(sizes)
    return model(x, either(choice, [a, b], [a, b, a]))


@kind
def key_of_output(sizes, choice):
    x, a, b = heads(sizes)
    return model(x, either(choice, {"cls": a, "reg": b}, {"cls": a, "aux": b}))


@kind
def keys_of_outputs_swapped(sizes, choice):
    x, a, b = heads(sizes)
    return model(x, either(choice, {"cls": a, "reg": b}, {"cls": b, "reg": a}))


@kind
def input_as_output(sizes, choice):
    x, a, _b = heads(sizes)
    return model(x, either(choice, [a], [a, x]))


@kind
def outputs_of_nested_model(sizes, choice):
    x, a, b = heads(sizes)
    inner = keras.Model(x, either(choice, [a, b], [b, a]), name="inner")
    z = keras.Input((sizes.features,), name="z")
    return model(z, inner(z))


@kind
def order_of_inputs(sizes, choice):
    a, b = keras.Input((sizes.features,), name="a"), keras.Input((sizes.features,), name="b")
    return model(either(choice, [a, b], [b, a]), layers.Subtract()([a, b]))


@kind
def order_of_unnamed_inputs(sizes, choice):
    a, b = keras.Input((sizes.features,)), keras.Input((sizes.features,))
    outputs = layers.Add()([layers.Dense(2)(a), layers.ReLU()(layers.Dense(2)(b))])
    return model(either(choice, [a, b], [b, a]), outputs)


# ---------------------------------------------------------------------------------------------
# Lines


@kind
def order_of_merge(sizes, choice):
    x, a, b = heads(sizes)
    return model(x, layers.Concatenate()(either(choice, [a, b], [b, a])))


@kind
def order_of_subtraction(sizes, choice):
    x, a, b = heads(sizes)
    return model(x, either(choice, a, b) - either(choice, b, a))


@kind
def result_that_a_call_takes(sizes, choice):
    x, _sequence, h, c = states(sizes)
    return model(x, layers.Dense(2)(either(choice, h, c)))


@kind
def order_of_split(sizes, choice):
    x = keras.Input((2 * sizes.units,), name="x")
    first, second = ops.split(x, 2, axis=-1)
    return model(x, layers.Dense(2, name="d")(either(choice, first, second)))


@kind
def same_operand_twice(sizes, choice):
    x, a, b = heads(sizes)
    return model(x, layers.Multiply()([a, either(choice, a, b)]) + b)


@kind
def skip_connection(sizes, choice):
    x, y = sizes.vector()
    one = layers.Dense(4, name="one")(y)
    two = layers.Dense(4, name="two")(one)
    three = layers.Dense(4, name="three")(two)
    return model(x, layers.Add()([three, either(choice, one, two)]))


@kind
def order_of_initial_state(sizes, choice):
    x, _sequence, h, c = states(sizes)
    start = either(choice, [h, c], [c, h])
    return model(x, layers.LSTM(sizes.units)(x, initial_state=start))


@kind
def initial_state(sizes, choice):
    x, _sequence, h, c = states(sizes)
    named = either(choice, {"initial_state": [h, c]}, {})
    return model(x, layers.Add()([layers.LSTM(sizes.units)(x, **named), h + c]))


@kind
def mask(sizes, choice):
    x, y = sizes.sequence()
    keep = keras.Input((sizes.steps,), dtype="bool", name="keep")
    named = either(choice, {}, {"mask": keep})
    other = ops.cast(ops.any(keep, axis=1, keepdims=True), "float32")
    return model([x, keep], layers.GRU(sizes.units)(y, **named) * other)


@kind
def kind_of_mask(sizes, choice):
    x, y = sizes.sequence()
    keep = keras.Input((sizes.steps,), dtype="bool", name="keep")
    name = either(choice, "query_mask", "value_mask")
    return model([x, keep], layers.MultiHeadAttention(2, 2)(y, y, **{name: keep}))


@kind
def keys_and_values(sizes, choice):
    x, y = sizes.sequence()
    a, b = layers.Dense(4, name="a")(y), layers.Dense(4, name="b")(y)
    named = either(choice, {"key": a, "value": b}, {"key": b, "value": a})
    return model(x, layers.MultiHeadAttention(2, 2)(y, **named))


@kind
def side_of_operand(sizes, choice):
    x, y = sizes.vector()
    return model(x, 2.0 - y if choice else y - 2.0)


@kind
def operands_by_name(sizes, choice):
    x, a, b = heads(sizes)
    named = either(choice, {"x1": a, "x2": b}, {"x1": b, "x2": a})
    return model(x, ops.where(a > 0, **named))


@kind
def key_of_argument(sizes, choice):
    class Difference(layers.Layer):
        def call(self, pair):
            return pair["p"] - pair["q"]

    x, a, b = heads(sizes)
    return model(x, Difference()(either(choice, {"p": a, "q": b}, {"p": b, "q": a})))


# ---------------------------------------------------------------------------------------------
# Arguments and constants of calls


@kind
def constant(sizes, choice):
    x, y = sizes.vector()
    values = np.arange(sizes.features, dtype="float32") + choice
    return model(x, y * values)


@kind
def one_value_of_a_large_constant(sizes, choice):
    x, y = sizes.vector()
    values = np.ones((sizes.features, 3000), "float32")
    values[-1, -1] += choice
    return model(x, y @ values)


@kind
def constant_of_a_backend(sizes, choice):
    x, y = sizes.vector()
    return model(x, ops.add(y, ops.convert_to_tensor(np.full(sizes.features, 1.0 + choice))))


@kind
def constant_among_tensors(sizes, choice):
    x, y = sizes.vector()
    row = np.full((1, sizes.features), 1.0 + choice, "float32")
    return model(x, ops.concatenate([y, row], axis=0))


@kind
def scalar(sizes, choice):
    x, y = sizes.vector()
    return model(x, y * (0.5 + choice))


@kind
def indices(sizes, choice):
    x, y = sizes.vector()
    return model(x, ops.take(y, np.array([0, 1 + choice]), axis=1))


@kind
def part(sizes, choice):
    x, y = sizes.vector()
    return model(x, y[:, choice : choice + 2])


@kind
def training(sizes, choice):
    x, y = sizes.vector()
    named = either(choice, {}, {"training": True})
    return model(x, layers.Dropout(0.5)(y, **named))


@kind
def causal(sizes, choice):
    x, y = sizes.sequence()
    named = either(choice, {}, {"use_causal_mask": True})
    return model(x, layers.MultiHeadAttention(2, 2)(y, y, **named))


@kind
def axis_of_operation(sizes, choice):
    x = keras.Input((4, 4), name="x")
    return model(x, ops.softmax(x, axis=either(choice, -1, 1)))


@kind
def argument_of_own_layer(sizes, choice):
    class Power(layers.Layer):
        def call(self, x, by=1):
            return x**by

    x, y = sizes.vector()
    return model(x, Power()(y, by=2 + choice))


@kind
def function_given_to_operation(sizes, choice):
    x, y = sizes.vector()
    function = either(choice, lambda row: row * 2, lambda row: row * 3)
    return model(x, ops.vectorized_map(function, y))


# ---------------------------------------------------------------------------------------------
# Settings and code


@kind
def units(sizes, choice):
    x, y = sizes.vector()
    return model(x, layers.Dense(sizes.units + choice)(y))


@kind
def activation(sizes, choice):
    x, y = sizes.vector()
    return model(x, layers.Dense(3, activation=either(choice, "relu", "tanh"))(y))


@kind
def own_activation(sizes, choice):
    x, y = sizes.vector()
    function = either(choice, lambda x: x * 2, lambda x: x - 2)
    return model(x, layers.Dense(3, activation=function)(y))


@kind
def body_of_lambda(sizes, choice):
    x, y = sizes.vector()
    function = either(choice, lambda x: x * 2, lambda x: x * 3)
    return model(x, layers.Lambda(function, output_shape=(sizes.features,))(y))


@kind
def value_in_closure(sizes, choice):
    by = 1.0 + choice
    x, y = sizes.vector()
    return model(x, layers.Lambda(lambda x: x * by, output_shape=(sizes.features,))(y))


def _function(choice):
    if choice:

        def distance(x):
            return ops.abs(x)
    else:

        def distance(x):
            return ops.square(x)

    return distance


@kind
def body_of_function(sizes, choice):
    x, y = sizes.vector()
    return model(x, layers.Lambda(_function(choice), output_shape=(sizes.features,))(y))


@kind
def function_that_a_function_calls(sizes, choice):
    distance = _function(choice)
    x, y = sizes.vector()
    return model(x, layers.Lambda(lambda x: distance(x) + 1, output_shape=(sizes.features,))(y))


@kind
def code_of_own_layer(sizes, choice):
    if choice:

        class Own(layers.Layer):
            def call(self, x):
                return ops.tanh(x)
    else:

        class Own(layers.Layer):
            def call(self, x):
                return ops.relu(x)

    x, y = sizes.vector()
    return model(x, Own()(y))


@kind
def array_of_own_layer(sizes, choice):
    class Scale(layers.Layer):
        def __init__(self, by, **named):
            super().__init__(**named)
            self.by = by

        def call(self, x):
            return x * self.by

    x, y = sizes.vector()
    by = np.full(sizes.features, 1.0 + choice, "float32")
    return model(x, Scale(by)(y))


@kind
def statistics(sizes, choice):
    x, y = sizes.vector()
    mean = np.full(sizes.features, float(choice), "float32")
    return model(x, layers.Normalization(mean=mean, variance=np.ones(sizes.features))(y))


@kind
def vocabulary(sizes, choice):
    x = keras.Input((), dtype="string", name="x")
    words = either(choice, ["a", "b", "c"], ["a", "c", "b"])
    return model(x, layers.StringLookup(vocabulary=words)(x))


@kind
def epsilon(sizes, choice):
    x, y = sizes.vector()
    return model(x, layers.BatchNormalization(epsilon=either(choice, 1e-3, 1e-5))(y))


@kind
def inner_setting_of_wrapper(sizes, choice):
    x, y = sizes.sequence()
    inner = layers.Dense(3, activation=either(choice, None, "relu"))
    return model(x, layers.TimeDistributed(inner)(y))


@kind
def cell(sizes, choice):
    x, y = sizes.sequence()
    cells = [layers.GRUCell(3), either(choice, layers.GRUCell, layers.LSTMCell)(2)]
    return model(x, layers.RNN(cells)(y))


@kind
def activation_of_cell(sizes, choice):
    x, y = sizes.sequence()
    function = either(choice, lambda x: x * 2, lambda x: x - 2)
    return model(x, layers.RNN(layers.SimpleRNNCell(3, activation=function))(y))


# ---------------------------------------------------------------------------------------------
# Nesting, sharing, dtypes, training


@kind
def inside_nested_model(sizes, choice):
    x, y = sizes.vector()
    inner = keras.Model(x, layers.Dense(3, use_bias=not choice)(y), name="inner")
    z = keras.Input((sizes.features,), name="z")
    return model(z, layers.ReLU()(inner(z)))


@kind
def inside_wrapped_model(sizes, choice):
    x, a, b = heads(sizes)
    inner = keras.Model(x, layers.Subtract()(either(choice, [a, b], [b, a])), name="inner")
    z = keras.Input((4, sizes.features), name="z")
    return model(z, layers.TimeDistributed(inner)(z))


@kind
def output_of_wrapped_model(sizes, choice):
    x, _sequence, h, c = states(sizes)
    unused = layers.Add()([h, c])
    inner = keras.Model(x, either(choice, h, c) + 0 * unused, name="inner")
    z = keras.Input((4, sizes.steps, sizes.features), name="z")
    return model(z, layers.TimeDistributed(inner)(z))


@kind
def shared_layer(sizes, choice):
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    dense = layers.Dense(3)
    other = either(choice, dense, layers.Dense(3))
    return model([a, b], layers.Subtract()([dense(a), other(b)]))


@kind
def shared_model(sizes, choice):
    def encoder():
        x, y = sizes.vector()
        return keras.Model(x, layers.Dense(3)(y), name=None)

    a, b = keras.Input((sizes.features,), name="a"), keras.Input((sizes.features,), name="b")
    one, other = encoder(), encoder()
    return model([a, b], layers.Subtract()([one(a), either(choice, one, other)(b)]))


@kind
def which_calls_share(sizes, choice):
    x, y = sizes.vector()
    p, q = layers.Dense(sizes.features), layers.Dense(sizes.features)
    return model(x, p(layers.ReLU()(either(choice, p, q)(layers.ReLU()(q(y))))))


@kind
def dtype_of_layer(sizes, choice):
    x, y = sizes.vector()
    return model(x, layers.Dense(3, dtype=either(choice, "float32", "mixed_float16"))(y))


@kind
def dtype_of_input(sizes, choice):
    x = keras.Input((4,), dtype=either(choice, "int32", "int64"), name="x")
    return model(x, layers.Embedding(9, 3)(x))


@kind
def dtype_of_cast(sizes, choice):
    x, y = sizes.vector()
    return model(x, ops.cast(y, either(choice, "int32", "float16")))


@kind
def frozen(sizes, choice):
    x, y = sizes.vector()
    layer = layers.Dense(3)
    made = model(x, layer(y))
    layer.trainable = not choice
    return made


@kind
def frozen_part(sizes, choice):
    class Two(layers.Layer):
        def __init__(self, **named):
            super().__init__(**named)
            self.one, self.two = layers.Dense(3), layers.Dense(3)

        def call(self, x):
            return self.two(self.one(x))

    x, y = sizes.vector()
    layer = Two()
    made = model(x, layer(y))
    layer.two.trainable = not choice
    return made


@kind
def batch_size(sizes, choice):
    x = keras.Input((4,), batch_size=either(choice, None, 8), name="x")
    return model(x, layers.Dense(2)(x))


@kind
def optional_input(sizes, choice):
    class Plus(layers.Layer):
        def call(self, a, b=None):
            return a if b is None else a + b

        def compute_output_shape(self, a_shape, b_shape=None):
            return a_shape

    a = keras.Input((4,), name="a")
    b = keras.Input((4,), name="b", optional=not choice)
    return model([a, b], Plus()(a, b))


if tuple(map(int, keras.__version__.split(".")[:2])) < (3, 10):
    del KINDS["function_given_to_operation"]  # it needs values there
    del KINDS["optional_input"]  # an input's configuration does not tell there


def pair(name, seed, choice):
    """Builds a model of a kind; with an equal seed and choice, an equal one."""
    return KINDS[name](Sizes(seed), choice)
