"""Small models to train with and without the dashboard and to compare bit for bit."""

import os
import random

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras import layers


def data(count=48):
    draw = np.random.default_rng(1)
    x = draw.normal(size=(count, 6)).astype("float32")
    return x, (x[:, :1] > 0).astype("float32")


def made(seed=0, **compiled):
    """Builds a model with random layers, batch statistics and optimizer state."""
    keras.utils.set_random_seed(seed)
    x = keras.Input((6,), name="x")
    h = layers.Dense(8, activation="relu", name="hidden")(x)
    h = layers.BatchNormalization(name="norm")(h)
    h = layers.Dropout(0.4)(h)
    model = keras.Model(x, layers.Dense(1, activation="sigmoid", name="answer")(h), name="net")
    model.compile(**{"optimizer": "adam", "loss": "binary_crossentropy", **compiled})
    # Otherwise Keras creates variables in the first step and compiles that step twice.
    model.optimizer.build(model.trainable_variables)
    return model


def state_of(model):
    """Returns all variables that training changes, and the next random numbers."""
    optimizer = getattr(model.optimizer, "variables", ())
    # Names depend on the layers that this process built before, so only values count.
    return [
        *(np.asarray(it) for it in (*model.variables, *optimizer)),
        *(np.asarray(draw()) for draw in (random.random, np.random.random, *KERAS_DRAWS)),
    ]


def first_random_number():
    keras.utils.set_random_seed(0)
    return float(keras.random.uniform(()))


# Old versions of Keras have a generator that a new seed does not reset.
KERAS_DRAWS = (
    [lambda: keras.random.uniform(())] if first_random_number() == first_random_number() else []
)


def are_same(state, other):
    """Tells whether two states are equal, bit for bit; NaN is equal to itself."""
    return len(state) == len(other) and all(
        a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        for a, b in zip(state, other, strict=True)
    )


class AtEpoch(keras.callbacks.Callback):
    """Runs an action at the end of an epoch."""

    def __init__(self, epoch, action):
        super().__init__()
        self.epoch, self.action = epoch, action

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            self.action()
