"""Further pairs of models that differ in one thing: what a model holds out of sight."""

import dataclasses
import functools

import keras
import numpy as np
from keras import layers, ops
from model_pairs import either, heads, kind, model, states

# ---------------------------------------------------------------------------------------------
# What functions use


@kind
def list_in_closure(sizes, choice):
    columns = [0, 1 + choice]
    x, y = sizes.vector()
    return model(x, layers.Lambda(lambda x: ops.take(x, columns, axis=1), output_shape=(2,))(y))


@kind
def dict_in_closure(sizes, choice):
    options = {"scale": {"by": 1.5 + choice}}
    x, y = sizes.vector()
    return model(x, layers.Lambda(lambda x: x * options["scale"]["by"])(y))


@kind
def numpy_scalar_in_closure(sizes, choice):
    by = np.float32(0.5 + choice)
    x, y = sizes.vector()
    return model(x, layers.Lambda(lambda x: x * by)(y))


@kind
def default_of_function(sizes, choice):
    x, y = sizes.vector()
    return model(x, layers.Lambda(lambda x, ends=(0, 2 + choice): x[:, slice(*ends)])(y))


@kind
def keyword_of_partial(sizes, choice):
    def clip(x, low=0.0):
        return ops.maximum(x, low)

    x, y = sizes.vector()
    return model(x, layers.Dense(3, activation=functools.partial(clip, low=choice / 4))(y))


@kind
def object_in_closure(sizes, choice):
    settings = Settings(factor=1.0 + choice)
    x, y = sizes.vector()
    return model(x, layers.Lambda(lambda x: x * settings.factor)(y))


@kind
def function_in_a_list(sizes, choice):
    steps = [ops.abs, either(choice, ops.exp, ops.tanh)]
    x, y = sizes.vector()
    return model(x, layers.Lambda(lambda x: steps[1](steps[0](x)))(y))


@kind
def method_as_function(sizes, choice):
    class Scaler:
        def __init__(self, by):
            self.by = by

        def apply(self, x):
            return x * self.by

    x, y = sizes.vector()
    return model(x, layers.Lambda(Scaler(1.0 + choice).apply)(y))


@kind
def callable_object(sizes, choice):
    class Power:
        def __init__(self, n):
            self.n = n

        def __call__(self, x):
            return x**self.n

    x, y = sizes.vector()
    return model(x, layers.Activation(Power(2 + choice))(y))


@kind
def weights_that_a_function_uses(sizes, choice):
    table = np.full((sizes.features, 2), 1.0 + choice, "float32")
    x, y = sizes.vector()
    return model(x, layers.Lambda(lambda x: x @ table, output_shape=(2,))(y))


# ---------------------------------------------------------------------------------------------
# What custom layers hold


@dataclasses.dataclass
class Settings:
    factor: float = 1.0
    widths: tuple = (2, 3)


class Own(layers.Layer):
    """Holds what it got under names of its own, and has no configuration."""

    def __init__(self, settings=None, factor=1.0, **named):
        super().__init__(**named)
        self._settings = settings
        self._by = 2 * factor

    def call(self, x):
        return x * self._by * (self._settings.factor if self._settings else 1.0)

    def get_config(self):
        return {"name": self.name}


@kind
def attribute_of_another_name(sizes, choice):
    x, y = sizes.vector()
    return model(x, Own(factor=1.0 + choice)(y))


@kind
def settings_in_a_dataclass(sizes, choice):
    x, y = sizes.vector()
    return model(x, Own(Settings(1.5 + choice))(y))


@kind
def attribute_set_after_creation(sizes, choice):
    layer = Own()
    layer._by = 3.0 + choice
    x, y = sizes.vector()
    return model(x, layer(y))


@kind
def function_of_own_layer(sizes, choice):
    class Apply(layers.Layer):
        def __init__(self, function):
            super().__init__()
            self.inner = function

        def call(self, x):
            return self.inner(x)

    x, y = sizes.vector()
    return model(x, Apply(either(choice, ops.abs, ops.square))(y))


@kind
def class_attribute(sizes, choice):
    class Fixed(layers.Layer):
        factor = 1.0 + choice

        def call(self, x):
            return x * self.factor

    x, y = sizes.vector()
    return model(x, Fixed()(y))


@kind
def function_that_a_layer_calls(sizes, choice):
    if choice:

        def change(x):
            return x + 1
    else:

        def change(x):
            return x + 2

    class Calls(layers.Layer):
        def call(self, x):
            return change(x)

    x, y = sizes.vector()
    return model(x, Calls()(y))


@kind
def property_of_own_layer(sizes, choice):
    class Scaled(layers.Layer):
        if choice:

            @property
            def by(self):
                return 2.0
        else:

            @property
            def by(self):
                return 3.0

        def call(self, x):
            return x * self.by

    x, y = sizes.vector()
    return model(x, Scaled()(y))


@kind
def setting_of_a_layer_inside(sizes, choice):
    class Block(layers.Layer):
        def __init__(self):
            super().__init__()
            self.parts = [layers.Dense(3, activation=either(choice, "relu", "elu"))]

        def call(self, x):
            return self.parts[0](x)

    x, y = sizes.vector()
    return model(x, Block()(y))


@kind
def order_of_layers_inside(sizes, choice):
    class Chain(layers.Layer):
        def __init__(self, parts):
            super().__init__()
            self.parts = parts

        def call(self, x):
            for part in self.parts:
                x = part(x)
            return x

    x, y = sizes.vector()
    parts = [layers.ReLU(), layers.Dense(3)]
    return model(x, Chain(either(choice, parts, parts[::-1]))(y))


@kind
def constant_weight_of_own_layer(sizes, choice):
    class Frozen(layers.Layer):
        def build(self, shape):
            start = keras.initializers.Constant(1.0 + choice)
            self.scale = self.add_weight(shape=(shape[-1],), initializer=start, trainable=False)

        def call(self, x):
            return x * self.scale

    x, y = sizes.vector()
    return model(x, Frozen()(y))


@kind
def subclassed_model_inside(sizes, choice):
    class Part(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)

        def call(self, x):
            return self.dense(x) * (1.0 + choice)

    x, y = sizes.vector()
    return model(x, Part()(y))


# ---------------------------------------------------------------------------------------------
# Arguments of calls and settings


@kind
def complex_constant(sizes, choice):
    x, y = sizes.vector()
    return model(x, ops.real(ops.multiply(ops.cast(y, "complex64"), 1.0 + (1.0 + choice) * 1j)))


@kind
def dtype_of_constant(sizes, choice):
    x = keras.Input((4,), dtype="float16", name="x")
    return model(x, x * np.array(0.5, either(choice, "float16", "float32")))


@kind
def step_of_slice(sizes, choice):
    x, y = sizes.vector()
    return model(x, y[:, :: either(choice, 1, -1)])


@kind
def fancy_index(sizes, choice):
    x, y = sizes.sequence()
    return model(x, y[:, either(choice, 0, 1), None, :])


@kind
def equation_of_einsum(sizes, choice):
    x = keras.Input((4, 4), name="x")
    return model(x, ops.einsum(either(choice, "bij,bkj->bik", "bij,bkj->bki"), x, x))


@kind
def permutation(sizes, choice):
    x = keras.Input((3, 3, 3), name="x")
    return model(x, layers.Permute(either(choice, (2, 1, 3), (3, 2, 1)))(x))


@kind
def interpolation(sizes, choice):
    x = keras.Input((4, 4, 2), name="x")
    return model(
        x, layers.Resizing(6, 6, interpolation=either(choice, "bilinear", "nearest"))(x)
    )


@kind
def target_of_reshape(sizes, choice):
    x = keras.Input((6,), name="x")
    return model(x, ops.sum(layers.Reshape(either(choice, (2, 3), (3, 2)))(x), axis=1)[:, :2])


@kind
def seed_of_random_layer(sizes, choice):
    x, y = sizes.vector()
    return model(x, layers.Dropout(0.5, seed=3 + choice)(y))


@kind
def constraint(sizes, choice):
    x, y = sizes.vector()
    limit = keras.constraints.MaxNorm(2.0 + choice)
    return model(x, layers.Dense(3, kernel_constraint=limit)(y))


@kind
def merge_mode(sizes, choice):
    x, y = sizes.sequence()
    both = layers.Bidirectional(layers.GRU(3), merge_mode=either(choice, "sum", "ave"))
    return model(x, both(y))


@kind
def backward_layer(sizes, choice):
    x, y = sizes.sequence()
    back = layers.GRU(3, go_backwards=True, reset_after=not choice)
    return model(x, layers.Bidirectional(layers.GRU(3), backward_layer=back)(y))


@kind
def mask_value(sizes, choice):
    x, y = sizes.sequence()
    return model(x, layers.LSTM(3)(layers.Masking(float(choice))(y)))


@kind
def mask_of_embedding(sizes, choice):
    x = keras.Input((5,), dtype="int32", name="x")
    return model(x, layers.LSTM(3)(layers.Embedding(9, 4, mask_zero=bool(choice))(x)))


@kind
def mask_that_is_cut_off(sizes, choice):
    x = keras.Input((5,), dtype="int32", name="x")
    y = layers.Embedding(9, 4, mask_zero=True)(x)
    pooled = layers.GlobalAveragePooling1D()
    return model(x, pooled(either(choice, y, 1.0 * y)))


# ---------------------------------------------------------------------------------------------
# Structure


@kind
def structure_of_outputs(sizes, choice):
    x, a, b = heads(sizes)
    return model(x, either(choice, [a, b], {"first": a, "second": b}))


@kind
def nested_keys_of_outputs(sizes, choice):
    x, a, b = heads(sizes)
    return model(x, either(choice, {"p": [a], "q": b}, {"p": [b], "q": a}))


@kind
def keys_of_inputs(sizes, choice):
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    inputs = either(choice, {"u": a, "v": b}, {"u": b, "v": a})
    return model(inputs, layers.Subtract()([a, b]))


@kind
def output_of_an_inner_model(sizes, choice):
    x, _sequence, h, c = states(sizes)
    inner = keras.Model(x, {"h": h, "c": c}, name="inner")
    z = keras.Input((sizes.steps, sizes.features), name="z")
    return model(z, layers.Dense(2)(inner(z)[either(choice, "h", "c")]))


@kind
def model_called_twice(sizes, choice):
    x, y = sizes.vector()
    inner = keras.Model(x, layers.Dense(sizes.features)(y), name="inner")
    z = keras.Input((sizes.features,), name="z")
    once = inner(z)
    return model(z, once + either(choice, inner(once), inner(z)))


@kind
def frozen_inner_model(sizes, choice):
    x, y = sizes.vector()
    inner = keras.Model(x, layers.BatchNormalization()(layers.Dense(3)(y)), name="inner")
    inner.trainable = not choice
    z = keras.Input((sizes.features,), name="z")
    return model(z, inner(z))


@kind
def dtype_of_inner_layer(sizes, choice):
    x, y = sizes.sequence()
    inner = layers.Dense(3, dtype=either(choice, "float32", "mixed_float16"))
    return model(x, layers.TimeDistributed(inner)(y))


@kind
def layer_between_equal_layers(sizes, choice):
    x, y = sizes.vector()
    a, b = layers.Dense(4, name="a"), layers.Dense(4, name="b")
    drop = layers.Dropout(0.5)
    return model(
        x, b(a(drop(layers.Dense(4)(y)))) if choice else b(drop(a(layers.Dense(4)(y))))
    )


@kind
def lists_of_outputs(sizes, choice):
    x, a, b = heads(sizes)
    return model(x, either(choice, [[a, b], [x]], [[a], [b, x]]))
