"""Models with a silent mistake: each function returns the model, the data, and what lint finds."""

import keras
import numpy as np
from backends import tf
from keras import layers, ops

rng = np.random.default_rng(0)
TABLE = rng.random((32, 6))


def table_model(units=1, activation=None, loss="mse"):
    i = keras.Input((6,), name="i")
    model = keras.Model(i, layers.Dense(units, activation=activation, name="end")(i))
    model.compile("adam", loss)
    return model


# -- activations


def softmax_layer_after_softmax():
    i = keras.Input((6,), name="i")
    x = layers.Softmax(name="again")(layers.Dense(3, activation="softmax")(i))
    model = keras.Model(i, x)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, None, "activation-twice"


def softmax_operation_after_softmax():
    i = keras.Input((6,), name="i")
    x = layers.Reshape((3,))(layers.Dense(3, activation="softmax")(i))
    return keras.Model(i, ops.softmax(x)), None, "activation-twice"


def sigmoid_twice():
    i = keras.Input((6,), name="i")
    x = layers.Activation("sigmoid")(layers.Dense(1, activation="sigmoid")(i))
    model = keras.Model(i, x)
    model.compile("adam", "binary_crossentropy")
    return model, None, "activation-twice"


def softmax_and_logits_behind_a_reshape():
    i = keras.Input((6,), name="i")
    x = layers.Reshape((2, 3))(layers.Dense(6)(i))
    x = layers.Reshape((2, 3))(layers.Softmax()(x))
    model = keras.Model(i, x)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model, None, "logits"


def softmax_in_a_nested_head_and_logits():
    i = keras.Input((6,), name="i")
    head = keras.Sequential([keras.Input((6,)), layers.Dense(3, activation="softmax")])
    model = keras.Model(i, head(i))
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    return model, None, "logits"


def channel_attention_over_one_channel():
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same")(image)
    weights = layers.Conv2D(1, 1, activation="softmax", name="weights")(x)
    x = layers.GlobalAveragePooling2D()(layers.Multiply()([x, weights]))
    return keras.Model(image, layers.Dense(2)(x)), None, "softmax-of-one"


def attention_by_operations():
    series = keras.Input((9, 4), name="series")
    scores = ops.softmax(layers.Dense(1)(ops.tanh(layers.Dense(8)(series))), axis=-1)
    x = ops.sum(scores * series, axis=1)
    return keras.Model(series, layers.Dense(1)(x)), None, "softmax-of-one"


def distributed_softmax_of_one():
    series = keras.Input((9, 4), name="series")
    inner = layers.Dense(1, activation="softmax")
    weights = layers.TimeDistributed(inner, name="weights")(series)
    x = layers.Flatten()(layers.Dot(axes=1)([weights, series]))
    return keras.Model(series, layers.Dense(1)(x)), None, "softmax-of-one"


def softmax_over_the_batch():
    series = keras.Input((9, 4), name="series")
    x = layers.Softmax(axis=0)(series)
    return keras.Model(series, layers.Dense(1)(layers.Flatten()(x))), None, "softmax-over-batch"


def one_number_normalised():
    i = keras.Input((6,), name="i")
    x = layers.LayerNormalization()(layers.Dense(1)(i))
    return keras.Model(i, layers.Dense(1)(x)), None, "normalises-one"


# -- losses


def tanh_for_crossentropy():
    return table_model(1, "tanh", "binary_crossentropy"), None, "loss-activation"


def relu_for_binary_crossentropy():
    return table_model(1, "relu", "bce"), None, "loss-activation"


def relu_for_logits():
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return table_model(1, "relu", loss), None, "loss-activation"


def recurrent_head_for_crossentropy():
    series = keras.Input((9, 4), name="series")
    model = keras.Model(series, layers.LSTM(1)(series))
    model.compile("adam", "binary_crossentropy")
    return model, None, "loss-activation"


def sigmoid_for_hinge():
    return table_model(1, "sigmoid", "hinge"), None, "loss-activation"


def linear_counts():
    return table_model(1, None, "poisson"), None, "loss-activation"


def linear_for_divergence():
    return table_model(4, None, keras.losses.KLDivergence()), None, "loss-activation"


def distance_for_crossentropy():
    a, b = keras.Input((10,), name="left"), keras.Input((10,), name="right")
    net = layers.Dense(4)
    d = ops.sqrt(ops.sum(ops.square(net(a) - net(b)), axis=1, keepdims=True))
    model = keras.Model([a, b], d)
    model.compile("adam", "binary_crossentropy")
    return model, None, "loss-activation"


def own_crossentropy_of_scores():
    def loss(y, p):
        return -ops.mean(y * ops.log(p + 1e-7) + (1 - y) * ops.log(1 - p + 1e-7))

    return table_model(1, None, loss), None, "loss-activation"


def own_loss_with_sigmoid_inside():
    def loss(y_true, y_pred):
        return ops.mean(keras.losses.binary_crossentropy(y_true, y_pred, from_logits=True))

    return table_model(1, "sigmoid", loss), None, "logits"


def contrastive_of_a_closure():
    def contrastive(margin):
        def loss(y_true, y_pred):
            close = y_pred**2
            far = ops.maximum(margin - y_pred, 0.0) ** 2
            return ops.mean((1 - y_true) * close + y_true * far)

        return loss

    return table_model(1, "sigmoid", contrastive(1.0)), None, "loss-activation"


class ContrastiveLoss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        far = keras.ops.square(keras.ops.maximum(1.0 - y_pred, 0.0))
        return (1 - y_true) * keras.ops.square(y_pred) + y_true * far


def contrastive_of_a_class():
    return table_model(1, "sigmoid", ContrastiveLoss()), None, "loss-activation"


def accuracy_of_a_regression():
    model = table_model()
    model.compile("adam", "mse", metrics=["accuracy"])
    return model, None, "metric"


def accuracy_of_other_targets():
    model = table_model(3, "softmax")
    metrics = [keras.metrics.CategoricalAccuracy()]
    model.compile("adam", "sparse_categorical_crossentropy", metrics=metrics)
    return model, None, "metric"


def accuracy_of_scores():
    model = table_model()
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model, None, "metric"


def output_without_a_loss():
    i = keras.Input((6,), name="i")
    model = keras.Model(i, [layers.Dense(1, name="a")(i), layers.Dense(1, name="b")(i)])
    model.compile("adam", {"a": "mse"})
    return model, None, "no-loss"


# -- masks


def embedded(name="words", length=20):
    words = keras.Input((length,), dtype="int32", name=name)
    return words, layers.Embedding(50, 8, mask_zero=True, name="table")(words)


def with_head(words, x, loss="binary_crossentropy"):
    model = keras.Model(words, layers.Dense(1, activation="sigmoid")(x))
    model.compile("adam", loss)
    return model


def convolution_before_lstm():
    words, x = embedded()
    return with_head(words, layers.LSTM(4)(layers.Conv1D(8, 3)(x))), None, "mask-lost"


def reshape_before_average():
    words, x = embedded()
    x = layers.Reshape((10, 16))(x)
    return with_head(words, layers.GlobalAveragePooling1D()(x)), None, "mask-lost"


def sum_by_operation():
    words, x = embedded()
    return with_head(words, ops.sum(x, axis=1)), None, "mask-lost"


def maximum_of_padding():
    words, x = embedded()
    return with_head(words, layers.GlobalMaxPooling1D()(x)), None, "mask-lost"


def mean_by_lambda():
    words, x = embedded()
    return (
        with_head(words, layers.Lambda(lambda it: ops.mean(it, axis=1))(x)),
        None,
        "mask-lost",
    )


def operation_between_masked_layers():
    words, x = embedded()
    return with_head(words, layers.GRU(4)(x * 2.0)), None, "mask-lost"


def residual_by_operation():
    words, x = embedded()
    x = x + layers.MultiHeadAttention(2, 4)(x, x)
    return with_head(words, layers.GlobalAveragePooling1D()(x)), None, "mask-lost"


def masked_series():
    series = keras.Input((20, 3), name="series")
    x = layers.Masking(-1.0)(series)
    x = layers.Lambda(lambda it: it / 10.0, name="smaller")(x)
    return with_head(series, layers.LSTM(4)(x)), None, "mask-lost"


class Double(layers.Layer):
    def call(self, x):
        return 2 * x


def own_layer_before_the_loss():
    words, x = embedded()
    x = Double(name="double")(layers.LSTM(4, return_sequences=True)(x))
    model = keras.Model(words, layers.Dense(5, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, None, "mask-lost"


def answers_reshaped_before_the_loss():
    series = keras.Input((8, 3), name="series")
    x = layers.LSTM(4, return_sequences=True)(layers.Masking(-1.0)(series))
    model = keras.Model(series, layers.Reshape((8,))(layers.Dense(1)(x)))
    model.compile("adam", "mse")
    return model, None, "mask-lost"


def mean_of_padded_states():
    words, x = embedded()
    x = layers.LSTM(4, return_sequences=True)(x)
    return with_head(words, ops.mean(x, axis=1)), None, "mask-lost"


def masking_of_another_value():
    series = keras.Input((8, 3), name="series")
    model = with_head(series, layers.LSTM(4)(layers.Masking(0.0, name="masking")(series)))
    x = rng.random((32, 8, 3))
    x[:10, 5:] = -1
    return model, (x, rng.integers(0, 2, 32)), "mask-value"


# -- what trains


def everything_frozen():
    model = table_model()
    model.trainable = False
    model.compile("adam", "mse")
    return model, None, "nothing-trains"


def classes_by_argmax():
    i = keras.Input((6,), name="i")
    chosen = ops.cast(ops.argmax(layers.Dense(3)(i), axis=-1), "float32")
    model = keras.Model(i, layers.Dense(1)(ops.expand_dims(chosen, -1)))
    model.compile("adam", "mse")
    return model, None, "no-gradient"


def rounded_answers():
    i = keras.Input((6,), name="i")
    model = keras.Model(i, ops.round(layers.Dense(1, activation="sigmoid")(i)))
    model.compile("adam", "mse")
    return model, None, "no-gradient"


def with_base(frozen):
    i = keras.Input((6,), name="i")
    base = keras.Sequential([keras.Input((6,)), layers.Dense(8)], name="base")
    base.trainable = not frozen
    model = keras.Model(i, layers.Dense(1)(base(i)))
    model.compile("adam", "mse")
    model.fit(TABLE, rng.random((32, 1)), verbose=0)
    return model, base


def thawed_after_compile():
    model, base = with_base(frozen=True)
    base.trainable = True
    return model, None, "changed-after-compile"


def frozen_one_layer_after_compile():
    model, base = with_base(frozen=False)
    base.layers[0].trainable = False
    return model, None, "changed-after-compile"


def thawed_with_the_old_optimizer():
    model, base = with_base(frozen=True)
    base.trainable = True
    model.compile(model.optimizer, "mse")
    return model, None, "changed-after-compile"


def frozen_base_in_training_mode():
    i = keras.Input((6,), name="i")
    base = keras.Sequential(
        [keras.Input((6,)), layers.Dense(4), layers.Dropout(0.5)], name="base"
    )
    base.trainable = False
    return keras.Model(i, layers.Dense(1)(base(i, training=True))), None, "training-mode"


def normalisation_in_training_mode():
    i = keras.Input((6,), name="i")
    base = keras.Sequential([keras.Input((6,)), layers.Dense(4), layers.BatchNormalization()])
    return keras.Model(i, layers.Dense(1)(base(i, training=True))), None, "training-mode"


def dropout_that_never_stops():
    i = keras.Input((6,), name="i")
    x = layers.Dropout(0.5)(layers.Dense(8)(i), training=True)
    return keras.Model(i, layers.Dense(1)(x)), None, "training-mode"


class Shift(layers.Layer):
    def build(self, shape):
        self.shifts = [tf.Variable(tf.zeros(shape[-1:]))]

    def call(self, x):
        return x + self.shifts[0]


def variables_in_a_list():
    i = keras.Input((6,), name="i")
    return keras.Model(i, Shift(name="shift")(layers.Dense(4)(i))), None, "unknown-weight"


class Projection(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.w = tf.random.normal((6, 4))

    def call(self, x):
        return x @ self.w


def tensor_for_a_weight():
    i = keras.Input((6,), name="i")
    return keras.Model(i, layers.Dense(1)(Projection()(i))), None, "unknown-weight"


class Fresh(layers.Layer):
    def call(self, x):
        return layers.Dense(4)(x)


def layer_made_in_call():
    i = keras.Input((6,), name="i")
    return keras.Model(i, layers.Dense(1)(Fresh(name="fresh")(i))), None, "layer-made-in-call"


def layer_hidden_in_a_lambda():
    i = keras.Input((6,), name="i")
    hidden = layers.Dense(4, name="hidden")
    hidden.build((None, 6))
    x = layers.Lambda(lambda it: hidden(it), output_shape=(4,), name="wrapped")(i)
    return keras.Model(i, layers.Dense(1)(x)), None, "layer-in-lambda"


class Unnamed(layers.Layer):
    def __init__(self, by):
        super().__init__()
        self.by = by

    def call(self, x):
        return x * self.by

    def get_config(self):
        return {**super().get_config(), "by": self.by}


def layer_that_takes_no_name():
    i = keras.Input((6,), name="i")
    return keras.Model(i, layers.Dense(1)(Unnamed(2.0)(i))), None, "config-refused"


class FixedProjection(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.kernel = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")

    def call(self, x):
        return ops.matmul(x, self.kernel)


def array_for_a_weight():
    i = keras.Input((6,), name="i")
    return keras.Model(i, layers.Dense(1)(FixedProjection()(i))), None, "unknown-weight"


def variable_between_layers():
    i = keras.Input((6,), name="i")
    gain = keras.Variable(1.0)
    return keras.Model(i, layers.Dense(1)(i) * gain), None, "unknown-weight"


def variable_in_a_lambda():
    i = keras.Input((6,), name="i")
    gain = tf.Variable(1.0)
    x = layers.Lambda(lambda it: it * gain, name="gain")(i)
    return keras.Model(i, layers.Dense(1)(x)), None, "unknown-weight"


def dropout_of_the_answers():
    i = keras.Input((6,), name="i")
    model = keras.Model(i, layers.Dropout(0.5)(layers.Dense(1)(i)))
    model.compile("adam", "mse")
    return model, None, "dropout-at-the-end"


# -- axes


def batch_averaged():
    i = keras.Input((6,), name="i")
    return keras.Model(i, ops.mean(layers.Dense(4)(i), axis=0)), None, "batch-lost"


def everything_averaged():
    i = keras.Input((6,), name="i")
    return keras.Model(i, ops.mean(layers.Dense(4)(i))), None, "batch-lost"


def first_example_only():
    series = keras.Input((9, 4), name="series")
    return keras.Model(series, layers.Dense(1)(series)[0]), None, "batch-lost"


def outputs_joined_below_each_other():
    a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
    net = layers.Dense(1)
    return keras.Model([a, b], ops.concatenate([net(a), net(b)])), None, "batch-lost"


def one_step_for_lstm():
    series = keras.Input((1, 30), name="series")
    return with_head(series, layers.LSTM(8)(series)), None, "one-step"


def table_reshaped_to_one_step():
    i = keras.Input((6,), name="i")
    x = layers.Bidirectional(layers.GRU(8))(layers.Reshape((1, 6))(i))
    return with_head(i, x), None, "one-step"


def attention_to_one_step():
    i = keras.Input((6,), name="i")
    x = layers.Reshape((1, 6))(i)
    x = layers.MultiHeadAttention(2, 3)(x, x)
    return with_head(i, layers.Flatten()(x)), None, "one-step"


def channels_first_after_rescaling():
    image = keras.Input((1, 28, 28), name="image")
    x = layers.Conv2D(4, 3, padding="same")(layers.Rescaling(1 / 255)(image))
    return with_head(image, layers.Flatten()(x)), None, "channels-first"


def dense_over_steps_of_a_convolution():
    series = keras.Input((64, 2), name="series")
    x = layers.MaxPooling1D()(layers.Conv1D(8, 5, activation="relu")(series))
    x = layers.Dense(16, activation="relu")(x)
    return with_head(series, x), None, "answers-for-places"


def classes_for_places():
    image = keras.Input((28, 28, 1), name="image")
    x = layers.MaxPooling2D()(layers.Conv2D(8, 3, activation="relu")(image))
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, None, "answers-for-places"


def rescaled_twice():
    image = keras.Input((28, 28, 1), name="image")
    x = layers.Rescaling(1 / 255)(layers.RandomFlip()(image / 255.0))
    return with_head(image, layers.Flatten()(layers.Conv2D(4, 3)(x))), None, "scaled-twice"


def reshape_in_the_place_of_a_permutation():
    series = keras.Input((4, 30), name="series")
    x = layers.Reshape((30, 4))(series)
    return with_head(series, layers.LSTM(8)(x)), None, "reshape-swaps"


def operation_that_reshapes():
    image = keras.Input((3, 32, 32), name="image")
    x = ops.reshape(image, (-1, 32, 32, 3))
    return with_head(image, layers.Flatten()(layers.Conv2D(4, 3)(x))), None, "reshape-swaps"


def rows_normalised():
    image = keras.Input((16, 16, 3), name="image")
    x = layers.BatchNormalization(axis=1)(layers.Conv2D(4, 3)(image))
    return with_head(image, layers.Flatten()(x)), None, "normalised-axis"


def centred_over_the_batch():
    i = keras.Input((6,), name="i")
    x = layers.Dense(4)(i)
    return keras.Model(i, layers.Dense(1)(x - ops.mean(x))), None, "batch-mixed"


def first_example_as_first_step():
    series = keras.Input((9, 4), name="series")
    first = ops.reshape(series[0], (1, 36))
    x = layers.Flatten()(series) + first
    return keras.Model(series, layers.Dense(1)(x)), None, "batch-mixed"


# -- twins


def tower(x, *widths):
    for width in widths:
        x = layers.Dense(width, activation="relu")(x)
    return x


def pair(*names):
    return [keras.Input((10,), name=name) for name in names]


def deep_towers_with_a_lambda():
    a, b = pair("left", "right")
    ends = [tower(a, 16, 8, 4), tower(b, 16, 8, 4)]
    d = layers.Lambda(lambda it: ops.abs(it[0] - it[1]), output_shape=(4,))(ends)
    return with_head([a, b], d), None, "twins"


def towers_joined_by_operations():
    a, b = pair("image_1", "image_2")
    d = ops.sum(ops.square(tower(a, 8, 4) - tower(b, 8, 4)), axis=-1, keepdims=True)
    return keras.Model([a, b], d), None, "twins"


def residual_towers_with_dot():
    a, b = pair("first", "second")

    def residual(x):
        x = layers.Dense(8)(x)
        return layers.Add()([x, layers.Dense(8, activation="relu")(x)])

    return (
        keras.Model([a, b], layers.Dot(1, normalize=True)([residual(a), residual(b)])),
        (None),
        "twins",
    )


def nested_towers():
    a, b = pair("a", "b")

    def net():
        return keras.Sequential([keras.Input((10,)), layers.Dense(8, "relu"), layers.Dense(4)])

    return with_head([a, b], layers.Subtract()([net()(a), net()(b)])), None, "twins"


def three_towers():
    a, p, n = pair("anchor", "positive", "negative")
    ends = [tower(it, 8, 4) for it in (a, p, n)]
    d = [ops.sum(ops.square(ends[0] - it), axis=-1, keepdims=True) for it in ends[1:]]
    return keras.Model([a, p, n], ops.concatenate(d, axis=-1)), None, "twins"


# -- data


def infinity_in_the_data():
    x = TABLE.copy()
    x[5, 1] = np.inf
    return table_model(), (x, rng.random(32)), "nan"


def nan_in_the_targets():
    y = rng.random(32)
    y[2] = np.nan
    return table_model(), (TABLE, y), "nan"


def ids_above_the_table():
    words, x = embedded()
    model = with_head(words, layers.LSTM(4)(x))
    ids = rng.integers(1, 51, (32, 20))
    ids[0, 0] = 50
    return model, (ids, rng.integers(0, 2, 32)), "ids"


def fractions_as_ids():
    words = keras.Input((4,), name="words")
    x = layers.Flatten()(layers.Embedding(50, 8)(words))
    return with_head(words, x), (rng.random((32, 4)), rng.integers(0, 2, 32)), "ids"


def classes_from_one():
    model = table_model(3, "softmax", "sparse_categorical_crossentropy")
    y = np.arange(32) % 3 + 1
    return model, (TABLE, y), "label-range"


def one_hot_for_class_numbers():
    model = table_model(3, "softmax", "sparse_categorical_crossentropy")
    return model, (TABLE, np.eye(3)[np.arange(32) % 3]), "targets"


def class_numbers_for_one_hot():
    model = table_model(3, "softmax", "categorical_crossentropy")
    return model, (TABLE, np.arange(32) % 3), "targets"


def several_labels_for_softmax():
    model = table_model(3, "softmax", "categorical_crossentropy")
    y = np.eye(3)[np.arange(32) % 3]
    y[:10] = 1
    return model, (TABLE, y), "targets"


def minus_one_and_one_for_crossentropy():
    model = table_model(1, "sigmoid", "binary_crossentropy")
    return model, (TABLE, np.sign(rng.normal(size=32))), "targets"


def pixels_as_targets():
    image = keras.Input((8, 8, 1), name="image")
    model = keras.Model(image, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(image))
    model.compile("adam", "binary_crossentropy")
    y = rng.integers(0, 256, (16, 8, 8, 1))
    return model, (y / 255, y), "targets"


def targets_out_of_reach():
    return table_model(1, "sigmoid", "mse"), (TABLE, rng.uniform(0, 50, 32)), "out-of-reach"


def negative_targets_for_tanh():
    return table_model(1, "tanh", "mae"), (TABLE, rng.uniform(-3, 3, 32)), "out-of-reach"


def one_target_for_two_units():
    y = rng.integers(0, 2, 32)
    return table_model(2, "sigmoid", "binary_crossentropy"), (TABLE, y), "target-shape"


def class_number_against_softmax_by_mse():
    return table_model(10, "softmax", "mse"), (TABLE, np.arange(32)[:, None] % 10), "broadcast"


def every_step_against_one_target():
    series = keras.Input((12, 2), name="series")
    x = layers.GRU(4, return_sequences=True)(series)
    model = keras.Model(series, layers.Dense(1)(x))
    model.compile("adam", "mae")
    return model, (rng.random((32, 12, 2)), rng.random((32, 1))), "broadcast"


def one_class_for_many_rows():
    image = keras.Input((28, 28), name="image")
    model = keras.Model(image, layers.Dense(10, activation="softmax")(image))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, (rng.random((32, 28, 28)), np.arange(32) % 10), "target-shape"


def every_open_step_against_one_target():
    series = keras.Input((None, 2), name="series")
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(series)
    model = keras.Model(series, layers.Dense(1)(x))
    model.compile("adam", "mse")
    return model, (rng.random((32, 12, 2)), rng.random((32, 1))), "broadcast"


def every_place_against_one_target():
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    model = keras.Model(image, layers.Dense(1)(x))
    model.compile("adam", "mse")
    return model, (rng.random((32, 8, 8, 1)), rng.random((32, 1, 1))), "broadcast"


def unscaled_images():
    image = keras.Input((8, 8, 3), name="image")
    model = with_head(image, layers.Flatten()(layers.Conv2D(4, 3)(image)))
    return model, (rng.integers(0, 256, (16, 8, 8, 3)), rng.integers(0, 2, 16)), "scale"


def unscaled_flat_images():
    image = keras.Input((784,), name="image")
    model = with_head(image, layers.Dense(8)(image))
    x = (rng.random((16, 784)) * 255).astype("float32")
    return model, (x, rng.integers(0, 2, 16)), "scale"


def scaled_data_for_a_scaling_model():
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Rescaling(1 / 255, name="smaller")(image)
    model = with_head(image, layers.Flatten()(layers.Conv2D(4, 3)(x)))
    return model, (rng.random((16, 8, 8, 3)), rng.integers(0, 2, 16)), "scaled-twice"


def features_of_other_sizes():
    x = TABLE * [1, 1, 1, 50000, 1, 1]
    return table_model(), (x, rng.random(32)), "scale"


def constant_feature():
    x = TABLE.copy()
    x[:, 2] = 7
    return table_model(), (x, rng.random(32)), "constant-feature"


def dicts_of_data():
    ins = {
        "ids": keras.Input((1,), dtype="int32", name="ids"),
        "age": keras.Input((1,), name="age"),
    }
    table = layers.Flatten()(layers.Embedding(5, 2)(ins["ids"]))
    out = layers.Dense(1, activation="sigmoid", name="end")(
        layers.Concatenate()([table, ins["age"]])
    )
    model = keras.Model(ins, {"end": out})
    model.compile("adam", {"end": "binary_crossentropy"})
    x = {"age": rng.random((32, 1)), "ids": np.full((32, 1), -1)}
    return model, (x, {"end": rng.integers(0, 2, (32, 1))}), "ids"


MODELS = {
    name: function
    for name, function in list(globals().items())
    if callable(function)
    and getattr(function, "__module__", "") == __name__
    and not isinstance(function, type)
    and not function.__code__.co_argcount
    and function.__code__.co_flags & 0x4 == 0
}
