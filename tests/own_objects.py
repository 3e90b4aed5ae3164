"""Layers, models and functions as users write them, some of them carelessly."""

import keras
from keras import layers, ops


def swish_like(x):
    return x * ops.sigmoid(1.7 * x)


def euclidean(pair):
    return ops.sqrt(ops.sum(ops.square(pair[0] - pair[1]), axis=1, keepdims=True) + 1e-7)


def power(x, n=2):
    return x**n


def small_normal(shape, dtype=None):
    return 0.01 * keras.random.normal(shape, dtype=dtype, seed=1)


@keras.saving.register_keras_serializable(package="own", name="other name")
def registered(x):
    return x * 3


class Penalty(keras.regularizers.Regularizer):
    def __init__(self, rate=0.1):
        self.rate = rate

    def __call__(self, w):
        return self.rate * ops.sum(w * w)

    def get_config(self):
        return {"rate": self.rate}


class Filled(keras.initializers.Initializer):
    def __init__(self, value):
        self.value = value

    def __call__(self, shape, dtype=None):
        return ops.ones(shape, dtype=dtype) * self.value

    def get_config(self):
        return {"value": self.value}


class Scale(layers.Layer):
    """Its constructor takes no name, but its configuration returns one."""

    def __init__(self, by):
        super().__init__()
        self.by = by

    def call(self, x):
        return x * self.by

    def get_config(self):
        return {**super().get_config(), "by": self.by}


class ScaleWithoutConfig(layers.Layer):
    def __init__(self, by):
        super().__init__()
        self.by = by

    def call(self, x):
        return x * self.by


class ReluDense(layers.Dense):
    """Its configuration is that of the class that it extends."""

    def __init__(self, units, **kwargs):
        super().__init__(units, activation="relu", **kwargs)


class OnlyUnits(layers.Dense):
    def __init__(self, units):
        super().__init__(units, activation="relu")


class Forgetful(layers.Layer):
    """Its configuration leaves out an argument, as in an example of Keras's site."""

    def __init__(self, size, dim):
        super().__init__()
        self.size = size
        self.projection = layers.Dense(dim)

    def call(self, x):
        return self.projection(x)

    def get_config(self):
        return {**super().get_config(), "size": self.size}


class Popping(layers.Layer):
    """It takes an argument out of its keywords."""

    def __init__(self, **kwargs):
        self.by = kwargs.pop("by", 1)
        super().__init__(**kwargs)

    def call(self, x):
        return x * self.by

    def get_config(self):
        return {**super().get_config(), "by": self.by}


class Residual(layers.Layer):
    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, x):
        return x + self.inner(x)

    def get_config(self):
        return {
            **super().get_config(),
            "inner": keras.saving.serialize_keras_object(self.inner),
        }

    @classmethod
    def from_config(cls, config):
        inner = keras.saving.deserialize_keras_object(config["inner"])
        return cls(**{**config, "inner": inner})


class OtherKeys(layers.Layer):
    """Its configuration is understood by its `from_config` alone."""

    def __init__(self, a, b, **kwargs):
        super().__init__(**kwargs)
        self.both = [a, b]

    def call(self, x):
        return x * self.both[0] + self.both[1]

    def get_config(self):
        return {**super().get_config(), "both": list(self.both)}

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        a, b = config.pop("both")
        return cls(a, b, **config)


class WithFunction(layers.Layer):
    """Its configuration holds a function and an array as they are."""

    def __init__(self, function, rates, **kwargs):
        super().__init__(**kwargs)
        self.function, self.rates = function, rates

    def call(self, x):
        return self.function(x) * float(self.rates[0])

    def get_config(self):
        return {**super().get_config(), "function": self.function, "rates": self.rates}


class Two(layers.Layer):
    """It returns a dict, whose order is not that of its keys."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = layers.Dense(units)

    def call(self, x, scale=1.0):
        return {"b": self.dense(x) * scale, "a": x}

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="own")
class Cell(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")

    def call(self, x, states):
        output = ops.matmul(x, self.kernel) + states[0]
        return output, [output]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class Widths(layers.Layer):
    def __init__(self, *widths):
        super().__init__()
        self.widths = widths

    def call(self, x):
        return x * sum(self.widths)


class Outer:
    class Inner(layers.Layer):
        def call(self, x):
            return x + 1


class Network(keras.Model):
    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = layers.Dense(units, name="dense")

    def call(self, x):
        return self.dense(x)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class BareNetwork(keras.Model):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, x):
        return self.layer(x)
