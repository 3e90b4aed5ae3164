"""Cells that were run again, layers written in haste, several ways to the same head."""

import keras
from keras import layers, ops


def cell_run_again():
    """The input comes from another cell; the body was tried three times."""
    image = keras.Input((28, 28, 1), name="image")
    for width in (8, 16, 32):
        x = layers.Conv2D(width, 3, activation="relu")(image)
        x = layers.MaxPooling2D()(x)
        x = layers.Flatten()(x)
        outputs = layers.Dense(10, activation="softmax")(x)
        model = keras.Model(image, outputs)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def another_design_before():
    """An earlier design of another kind on the same input, then the model that stayed."""
    words = keras.Input((20,), dtype="int32", name="words")
    embedded = layers.Embedding(50, 8)(words)
    x = layers.LSTM(8)(embedded)
    keras.Model(words, layers.Dense(1, activation="sigmoid")(x)).compile(
        "adam", "binary_crossentropy"
    )
    x = layers.Conv1D(16, 3, activation="relu")(embedded)
    x = layers.GlobalMaxPooling1D()(x)
    model = keras.Model(words, layers.Dense(1, activation="sigmoid")(x))
    model.compile("adam", "binary_crossentropy")
    return model


def a_look_at_features():
    """Another model was built on a layer in the middle, to look at its features."""
    image = keras.Input((28, 28, 1), name="image")
    x = layers.Conv2D(8, 3, activation="relu", name="conv")(image)
    y = layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(image, y)
    keras.Model(model.input, layers.GlobalMaxPooling2D()(model.get_layer("conv").output))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def softmax_as_an_operation():
    x = keras.Input((12,))
    model = keras.Model(x, ops.softmax(layers.Dense(4)(x), axis=-1))
    model.compile("adam", "categorical_crossentropy")
    return model


def softmax_reshaped_to_a_grid():
    """A policy over the places of a board."""
    board = keras.Input((8, 8, 2))
    x = layers.Flatten()(layers.Conv2D(4, 3, padding="same", activation="relu")(board))
    policy = layers.Reshape((8, 8))(layers.Dense(64, activation="softmax")(x))
    value = layers.Dense(1, activation="tanh")(x)
    model = keras.Model(board, [policy, value])
    model.compile("adam", loss=["kl_divergence", "mse"])
    return model


def classes_first():
    """Classes are axis 1, as people write who come from PyTorch."""
    x = keras.Input((16, 32))
    y = layers.Permute((2, 1))(layers.Conv1D(5, 3, padding="same")(x))
    model = keras.Model(x, layers.Softmax(axis=1)(y))
    model.compile("adam", keras.losses.CategoricalCrossentropy(axis=1))
    return model


def heads_selected_by_a_mask():
    """Probabilities of a head, of which some are set to 0 by a second input."""
    x, allowed = keras.Input((12,)), keras.Input((4,), name="allowed")
    p = layers.Dense(4, activation="softmax")(x)
    p = layers.Multiply()([p, allowed])
    p = p / (ops.sum(p, axis=-1, keepdims=True) + 1e-7)
    model = keras.Model([x, allowed], p)
    model.compile("adam", "categorical_crossentropy")
    return model


def time_distributed_in_bidirectional_order():
    x = keras.Input((5, 8))
    y = layers.Bidirectional(layers.GRU(4, return_sequences=True), merge_mode="ave")(x)
    y = layers.TimeDistributed(
        keras.Sequential(
            [layers.Dense(8, activation="relu"), layers.Dense(3, activation="softmax")]
        )
    )(y)
    model = keras.Model(x, y)
    model.compile("adam", "categorical_crossentropy")
    return model


def bidirectional_with_states():
    x = keras.Input((None, 5))
    y, forward, backward = layers.Bidirectional(layers.GRU(2, return_state=True))(x)
    return keras.Model(x, [y, forward, backward])


def temperature_and_clip():
    x = keras.Input((12,))
    scores = layers.Dense(4)(x) / 0.5
    p = ops.clip(ops.softmax(scores), 1e-7, 1 - 1e-7)
    model = keras.Model(x, p)
    model.compile("adam", "categorical_crossentropy")
    return model


def weighted_sum_of_two_classifiers():
    x = keras.Input((12,))
    one = layers.Dense(4, activation="softmax")(x)
    two = layers.Dense(4, activation="softmax")(layers.Dense(8, activation="relu")(x))
    model = keras.Model(x, 0.3 * one + 0.7 * two)
    model.compile("adam", "categorical_crossentropy")
    return model


def hierarchical_probabilities():
    """P(child) = P(parent) · P(child | parent)."""
    x = keras.Input((12,))
    parent = layers.Dense(2, activation="softmax", name="parent")(x)
    children = [layers.Dense(3, activation="softmax")(x) for _number in range(2)]
    parts = [parent[:, at : at + 1] * child for at, child in enumerate(children)]
    model = keras.Model(x, [parent, layers.Concatenate()(parts)])
    model.compile("adam", loss=["categorical_crossentropy", "categorical_crossentropy"])
    return model


def sequential_in_sequential():
    body = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(8)], name="body")
    model = keras.Sequential(
        [keras.Input((6,)), body, keras.Sequential([layers.Dense(2, activation="softmax")])]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def subclassed_with_lists():
    """Layers in a list, states in a dict; built by its first call."""

    class Network(keras.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [layers.Dense(8, activation="relu") for _number in range(3)]
            self.heads = {"a": layers.Dense(2), "b": layers.Dense(3, activation="softmax")}

        def call(self, x, training=None):
            for block in self.blocks:
                x = block(x) + x
            return {name: head(x) for name, head in self.heads.items()}

    model = Network()
    model(ops.ones((1, 8)))
    model.compile("adam", loss={"a": "mse", "b": "categorical_crossentropy"})
    return model
