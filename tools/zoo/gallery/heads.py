"""Last layers that fit their losses in unusual ways: nothing is wrong with any of them."""

import keras
from keras import layers, ops


def _compiled(inputs, outputs, loss):
    model = keras.Model(inputs, outputs)
    model.compile("adam", loss)
    return model


def average_of_models():
    x = keras.Input((8,))
    parts = [
        keras.Sequential(
            [
                keras.Input((8,)),
                layers.Dense(4, activation="relu"),
                layers.Dense(3, activation="softmax"),
            ]
        )
        for _ in range(3)
    ]
    mean = layers.Average()([part(x) for part in parts])
    return _compiled(x, mean, "sparse_categorical_crossentropy")


def mean_of_stacked_heads():
    x = keras.Input((8,))
    heads = [layers.Dense(3, activation="softmax")(x) for _ in range(3)]
    return _compiled(x, ops.mean(ops.stack(heads), axis=0), "categorical_crossentropy")


def mixture_by_a_gate():
    x = keras.Input((8,))
    gate = layers.Dense(2, activation="softmax")(x)
    one, other = (layers.Dense(3, activation="softmax")(x) for _ in range(2))
    mixed = gate[:, :1] * one + gate[:, 1:] * other
    return _compiled(x, mixed, "categorical_crossentropy")


def softmax_over_channels_first():
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    x = layers.Permute((3, 1, 2))(layers.Conv2D(4, 1)(x))
    loss = keras.losses.CategoricalCrossentropy(axis=1)
    return _compiled(image, layers.Softmax(axis=1)(x), loss)


def softmax_before_a_permutation():
    x = keras.Input((3, 16))
    y = layers.Permute((2, 1))(layers.Conv1D(4, 1)(x))
    y = layers.Permute((2, 1))(layers.Softmax(axis=1)(y))
    return _compiled(x, y, "categorical_crossentropy")


def sigmoid_in_a_wrapped_model():
    head = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(4, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    x = keras.Input((6, 8))
    return _compiled(x, layers.TimeDistributed(head)(x), "binary_crossentropy")


def softmax_after_a_reshape():
    x = keras.Input((8,))
    scores = layers.Reshape((4, 3))(layers.Dense(12)(x))
    return _compiled(x, layers.Softmax()(scores), "sparse_categorical_crossentropy")


def at_least_each_rank():
    """The probability of a rank or a higher one, for ordinal classes."""
    x = keras.Input((8,))
    ranks = layers.Dense(4, activation="softmax")(x)
    reached = ops.flip(ops.cumsum(ops.flip(ranks, axis=1), axis=1), axis=1)
    return _compiled(x, reached, "binary_crossentropy")


def one_minus_a_sigmoid():
    x = keras.Input((8,))
    return _compiled(x, 1 - layers.Dense(1, activation="sigmoid")(x), "binary_crossentropy")


def cosine_as_a_probability():
    left, right = keras.Input((8,), name="left"), keras.Input((8,), name="right")
    tower = layers.Dense(4)
    cosine = layers.Dot(1, normalize=True)([tower(left), tower(right)])
    return _compiled([left, right], (cosine + 1) / 2, "binary_crossentropy")


def logits_of_a_spectral_norm():
    x = keras.Input((8,))
    scores = layers.SpectralNormalization(layers.Dense(1))(x)
    return _compiled(x, scores, keras.losses.BinaryCrossentropy(from_logits=True))


def quantiles_by_losses_in_a_loop():
    def pinball(level):
        def loss(y, predicted):
            return ops.mean(ops.maximum(level * (y - predicted), (level - 1) * (y - predicted)))

        return loss

    x = keras.Input((8,))
    hidden = layers.Dense(8, activation="relu")(x)
    levels = {"low": 0.1, "median": 0.5, "high": 0.9}
    outputs = {name: layers.Dense(1, name=name)(hidden) for name in levels}
    return _compiled(x, outputs, {name: pinball(level) for name, level in levels.items()})


def forbidden_classes_masked():
    x, allowed = keras.Input((8,)), keras.Input((3,), dtype="bool", name="allowed")
    scores = ops.where(allowed, layers.Dense(3)(x), -1e9)
    return _compiled([x, allowed], ops.softmax(scores), "categorical_crossentropy")


def classes_summed_from_parts():
    x = keras.Input((8,))
    parts = layers.Reshape((3, 2))(layers.Dense(6, activation="softmax")(x))
    return _compiled(x, ops.sum(parts, axis=-1), "categorical_crossentropy")


def product_of_two_chances():
    x = keras.Input((8,))
    seen, clicked = (layers.Dense(1, activation="sigmoid")(x) for _ in range(2))
    return _compiled(x, seen * clicked, "binary_crossentropy")


def exponentials_divided_by_their_sum():
    x = keras.Input((8,))
    powers = ops.exp(layers.Dense(3)(x))
    shares = powers / ops.sum(powers, axis=-1, keepdims=True)
    return _compiled(x, shares, "categorical_crossentropy")


def split_into_two_heads():
    x = keras.Input((8,))
    classes, tags = ops.split(layers.Dense(6)(x), 2, axis=-1)
    losses = ["categorical_crossentropy", "binary_crossentropy"]
    return _compiled(x, [ops.softmax(classes), ops.sigmoid(tags)], losses)
