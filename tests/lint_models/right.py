"""Models that are right, each with data that fit it: lint has nothing to say about them."""

import keras
import numpy as np
from keras import layers, ops

rng = np.random.default_rng(0)


def siamese_with_shared_net():
    a, b = keras.Input((10,), name="a"), keras.Input((10,), name="b")
    one, two = layers.Dense(16, activation="relu"), layers.Dense(4)
    distance = layers.Subtract()([two(one(a)), two(one(b))])
    out = layers.Dense(1, activation="sigmoid")(ops.abs(distance))
    model = keras.Model([a, b], out)
    model.compile("adam", "binary_crossentropy")
    return model, ([rng.random((20, 10)), rng.random((20, 10))], rng.integers(0, 2, 20))


def siamese_with_contrastive_loss():
    a, b = keras.Input((10,), name="a"), keras.Input((10,), name="b")
    net = keras.Sequential([keras.Input((10,)), layers.Dense(8, "relu"), layers.Dense(4)])
    distance = ops.norm(net(a) - net(b), axis=-1, keepdims=True)

    def contrastive(y, d):
        return ops.mean(y * ops.square(d) + (1 - y) * ops.square(ops.maximum(1.0 - d, 0)))

    model = keras.Model([a, b], distance)
    model.compile("adam", contrastive)
    return model, ([rng.random((20, 10)), rng.random((20, 10))], rng.integers(0, 2, 20))


def triplets():
    names = ("anchor", "positive", "negative")
    images = [keras.Input((12,), name=name) for name in names]
    net = layers.Dense(4, name="net")
    a, p, n = (layers.UnitNormalization()(net(image)) for image in images)
    distances = [ops.sum(ops.square(a - it), axis=-1, keepdims=True) for it in (p, n)]
    model = keras.Model(images, ops.concatenate(distances, axis=-1))
    model.compile("adam", lambda y, d: ops.mean(ops.maximum(d[:, 0] - d[:, 1] + 0.2, 0.0)))
    return model, ([rng.random((20, 12))] * 3, np.zeros(20))


class Sampling(layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.seed = keras.random.SeedGenerator(0)

    def call(self, inputs):
        mean, log_variance = inputs
        noise = keras.random.normal(ops.shape(mean), seed=self.seed)
        return mean + ops.exp(0.5 * log_variance) * noise


def variational_autoencoder():
    image = keras.Input((28, 28, 1), name="image")
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(image)
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    mean, log_variance = layers.Dense(2, name="mean")(x), layers.Dense(2, name="variance")(x)
    code = Sampling(name="sampling")([mean, log_variance])
    x = layers.Dense(7 * 7 * 4, activation="relu")(code)
    x = layers.Reshape((7, 7, 4))(x)
    for width in (8, 4):
        x = layers.Conv2DTranspose(width, 3, strides=2, padding="same", activation="relu")(x)
    out = layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid")(x)
    model = keras.Model(image, out)
    model.compile("adam", "binary_crossentropy")
    pictures = rng.random((8, 28, 28, 1))
    return model, (pictures, pictures)


def u_net():
    scan = keras.Input((32, 32, 3), name="scan")
    x = layers.Rescaling(1 / 255)(scan)
    c1 = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    c2 = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.MaxPooling2D()(c1))
    up = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(c2)
    x = layers.Concatenate()([up, c1])
    model = keras.Model(scan, layers.Conv2D(1, 1, activation="sigmoid")(x))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    x = rng.integers(0, 256, (4, 32, 32, 3)).astype("uint8")
    return model, (x, rng.integers(0, 2, (4, 32, 32, 1)))


def map_of_classes():
    scan = keras.Input((16, 16, 3), name="scan")
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(scan)
    model = keras.Model(scan, layers.Conv2D(5, 1, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, (rng.random((4, 16, 16, 3)), rng.integers(0, 5, (4, 16, 16)))


def generator():
    noise = keras.Input((8,), name="noise")
    x = layers.Dense(7 * 7 * 4)(noise)
    x = layers.LeakyReLU()(layers.BatchNormalization()(x))
    x = layers.Reshape((7, 7, 4))(x)
    x = layers.Conv2DTranspose(4, 4, strides=2, padding="same", activation="relu")(x)
    out = layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="tanh")(x)
    return keras.Model(noise, out, name="generator"), (rng.normal(size=(8, 8)), None)


def discriminator():
    image = keras.Input((28, 28, 1), name="image")
    x = layers.Conv2D(4, 4, strides=2, padding="same")(image)
    x = layers.Dropout(0.3)(layers.LeakyReLU()(x))
    model = keras.Model(image, layers.Dense(1)(layers.Flatten()(x)), name="discriminator")
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    return model, (rng.uniform(-1, 1, (8, 28, 28, 1)), rng.integers(0, 2, 8))


def adversarial_pair():
    judge, _data = discriminator()
    judge.trainable = False
    maker, (noise, _none) = generator()
    z = keras.Input((8,), name="z")
    model = keras.Model(z, judge(maker(z)), name="gan")
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    return model, (noise, np.ones(8))


def patch_discriminator():
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(4, 4, strides=2, padding="same")(image)
    x = layers.Conv2D(1, 4, padding="same")(layers.LeakyReLU()(x))
    model = keras.Model(image, x)
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    return model, (rng.random((4, 32, 32, 3)), rng.integers(0, 2, (4, 16, 16, 1)))


def transfer():
    base = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.GlobalAveragePooling2D(),
        ],
        name="base",
    )
    base.trainable = False
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1)(layers.RandomFlip("horizontal")(image))
    out = layers.Dense(2, activation="softmax")(base(x, training=False))
    model = keras.Model(image, out)
    model.compile("adam", "sparse_categorical_crossentropy")
    x = rng.integers(0, 256, (8, 16, 16, 3))
    return model, (x, rng.integers(0, 2, 8))


def fine_tuned():
    model, (x, y) = transfer()
    model.fit(x, y, verbose=0)
    model.get_layer("base").trainable = True
    model.compile(keras.optimizers.Adam(1e-5), "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0)
    return model, (x, y)


def mixed_precision():
    with_half = {"dtype": "mixed_float16"}
    i = keras.Input((6,), name="i")
    x = layers.Dense(8, activation="relu", **with_half)(i)
    model = keras.Model(i, layers.Dense(3, activation="softmax", dtype="float32")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, (rng.random((20, 6)), rng.integers(0, 3, 20))


def tagging():
    words = keras.Input((None,), dtype="int32", name="words")
    x = layers.Embedding(50, 8, mask_zero=True)(words)
    x = layers.Bidirectional(layers.LSTM(8, return_sequences=True))(x)
    x = layers.Dropout(0.1)(x)
    model = keras.Model(words, layers.Dense(5, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, (rng.integers(0, 50, (16, 9)), rng.integers(0, 5, (16, 9)))


def heads_for_each_step():
    series = keras.Input((12, 3), name="series")
    x = layers.LSTM(8, return_sequences=True)(series)
    out = layers.TimeDistributed(layers.Dense(4, activation="softmax"))(x)
    model = keras.Model(series, out)
    model.compile("adam", "categorical_crossentropy")
    return model, (rng.random((16, 12, 3)), np.eye(4)[rng.integers(0, 4, (16, 12))])


def forecast_for_each_step():
    series = keras.Input((12, 1), name="series")
    x = layers.GRU(8, return_sequences=True)(series)
    model = keras.Model(series, layers.Dense(1)(x))
    model.compile("adam", "mse")
    return model, (rng.random((16, 12, 1)), rng.random((16, 12)))


def attention_over_steps():
    words = keras.Input((20,), dtype="int32", name="words")
    h = layers.Embedding(100, 8)(words)
    h = layers.LSTM(16, return_sequences=True)(h)
    weights = layers.Softmax(axis=1, name="weights")(layers.Dense(1, activation="tanh")(h))
    context = layers.Flatten()(layers.Dot(axes=1)([weights, h]))
    model = keras.Model(words, layers.Dense(1, activation="sigmoid")(context))
    model.compile("adam", "binary_crossentropy")
    return model, (rng.integers(0, 100, (16, 20)), rng.integers(0, 2, (16, 1)))


def transformer_block():
    words = keras.Input((20,), dtype="int32", name="words")
    x = layers.Embedding(100, 8)(words)
    attended = layers.MultiHeadAttention(2, 4)(x, x)
    x = layers.LayerNormalization()(x + attended)
    x = layers.LayerNormalization()(x + layers.Dense(8)(layers.Dense(16, "gelu")(x)))
    x = layers.GlobalAveragePooling1D()(x)
    model = keras.Model(words, layers.Dense(3)(x))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model, (rng.integers(0, 100, (16, 20)), rng.integers(0, 3, 16))


def own_use_of_a_mask():
    words = keras.Input((20,), dtype="int32", name="words")
    x = layers.Embedding(100, 8, mask_zero=True)(words)
    present = ops.expand_dims(ops.cast(ops.not_equal(words, 0), "float32"), -1)
    x = ops.sum(x * present, axis=1) / (ops.sum(present, axis=1) + 1e-7)
    model = keras.Model(words, layers.Dense(1, activation="sigmoid")(x))
    model.compile("adam", "binary_crossentropy")
    return model, (rng.integers(0, 100, (16, 20)), rng.integers(0, 2, 16))


def several_labels():
    i = keras.Input((6,), name="i")
    model = keras.Model(i, layers.Dense(5, activation="sigmoid")(i))
    model.compile("adam", "binary_crossentropy", metrics=["binary_accuracy"])
    return model, (rng.random((20, 6)), rng.integers(0, 2, (20, 5)))


def ordinal_head():
    i = keras.Input((6,), name="i")
    model = keras.Model(i, layers.Dense(4, activation="sigmoid")(i))
    model.compile("adam", "binary_crossentropy")
    ranks = rng.integers(0, 5, (20, 1))
    return model, (rng.random((20, 6)), (ranks > np.arange(4)).astype("float32"))


def stateful():
    step = keras.Input(batch_shape=(4, 1, 3), name="step")
    x = layers.LSTM(8, stateful=True)(step)
    model = keras.Model(step, layers.Dense(1)(x))
    model.compile("adam", "mse")
    return model, (rng.random((4, 1, 3)), rng.random((4, 1)))


def translator():
    source = keras.Input((None, 16), name="source")
    target = keras.Input((None, 12), name="target")
    states = layers.Bidirectional(layers.LSTM(8, return_state=True))(source)[1:]
    h, c = layers.Concatenate()(states[::2]), layers.Concatenate()(states[1::2])
    x = layers.LSTM(16, return_sequences=True)(target, initial_state=[h, c])
    model = keras.Model([source, target], layers.Dense(12, activation="softmax")(x))
    model.compile("adam", "categorical_crossentropy")
    y = np.eye(12)[rng.integers(0, 12, (8, 7))]
    return model, ([rng.random((8, 5, 16)), y], y)


def recommender():
    users, items = (keras.Input((1,), dtype="int32", name=name) for name in ("user", "item"))
    parts = [layers.Flatten()(layers.Embedding(30, 8)(it)) for it in (users, items)]
    model = keras.Model([users, items], layers.Dot(1)(parts))
    model.compile("adam", "mse")
    ids = [rng.integers(0, 30, (20, 1)), rng.integers(0, 30, (20, 1))]
    return model, (ids, rng.uniform(1, 5, (20, 1)))


def title_and_body():
    title, body = (keras.Input((12,), dtype="int32", name=name) for name in ("title", "body"))
    parts = [
        layers.LSTM(8)(layers.Embedding(40, 4, mask_zero=True)(it)) for it in (title, body)
    ]
    model = keras.Model([title, body], layers.Dense(3, "softmax")(layers.Concatenate()(parts)))
    model.compile("adam", "sparse_categorical_crossentropy")
    x = {name: rng.integers(0, 40, (16, 12)) for name in ("title", "body")}
    return model, (x, rng.integers(0, 3, 16))


def two_heads():
    i = keras.Input((6,), name="i")
    x = layers.Dense(8, activation="relu")(i)
    outputs = {"kind": layers.Dense(3, "softmax")(x), "size": layers.Dense(1)(x)}
    model = keras.Model(i, outputs)
    model.compile("adam", {"kind": "sparse_categorical_crossentropy", "size": "mse"})
    y = {"kind": rng.integers(0, 3, 20), "size": rng.normal(size=20)}
    return model, (rng.random((20, 6)), y)


def mixture_of_experts():
    i = keras.Input((6,), name="i")
    gate = layers.Softmax()(layers.Dense(3)(i))
    experts = ops.stack([layers.Dense(1)(i) for _ in range(3)], axis=1)
    out = ops.sum(ops.expand_dims(gate, -1) * experts, axis=1)
    model = keras.Model(i, out)
    model.compile("adam", "mse")
    return model, (rng.random((20, 6)), rng.random((20, 1)))


def averaged_members():
    i = keras.Input((6,), name="i")
    members = [keras.Sequential([layers.Dense(1, activation="sigmoid")]) for _ in range(3)]
    model = keras.Model(i, layers.Average()([each(i) for each in members]))
    model.compile("adam", "binary_crossentropy")
    return model, (rng.random((20, 6)), rng.integers(0, 2, (20, 1)))


def counts():
    i = keras.Input((6,), name="i")
    model = keras.Model(i, layers.Dense(1, activation="exponential")(i))
    model.compile("adam", "poisson")
    return model, (rng.random((20, 6)), rng.poisson(3, (20, 1)))


def bounded_regression():
    i = keras.Input((6,), name="i")
    model = keras.Model(i, layers.Dense(1, activation="sigmoid")(i) * 10.0)
    model.compile("adam", "mse")
    return model, (rng.random((20, 6)), rng.uniform(0, 10, 20))


def quantiles():
    i = keras.Input((6,), name="i")

    def pinball(y, p):
        return ops.mean(ops.maximum(0.9 * (y - p), -0.1 * (y - p)))

    model = keras.Model(i, layers.Dense(1)(i))
    model.compile("adam", pinball)
    return model, (rng.random((20, 6)), rng.random(20))


def logarithmic_error():
    i = keras.Input((6,), name="i")

    def rmsle(y, p):
        return ops.sqrt(ops.mean(ops.square(ops.log(p + 1) - ops.log(y + 1))))

    model = keras.Model(i, layers.Dense(1, activation="relu")(i))
    model.compile("adam", rmsle)
    return model, (rng.random((20, 6)), rng.random(20))


def residual_network():
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same")(image)
    for _ in range(2):
        y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x))
        x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    squeeze = layers.Dense(4, "sigmoid")(layers.Dense(2, "relu")(x))
    model = keras.Model(image, layers.Dense(10, "softmax")(layers.Multiply()([x, squeeze])))
    model.compile("adam", "categorical_crossentropy")
    return model, (rng.random((8, 16, 16, 3)), np.eye(10)[rng.integers(0, 10, 8)])


def output_to_look_at():
    """The attention weights are an output without a loss, and without layers of their own."""
    series = keras.Input((9, 4), name="series")
    weights = layers.Softmax(axis=1, name="weights")(layers.Dense(1)(series))
    answer = layers.Dense(1, name="answer")(ops.sum(weights * series, axis=1))
    model = keras.Model(series, [answer, weights])
    model.compile("adam", ["mse", None], metrics=[["mae"], None])
    return model, (rng.random((20, 9, 4)), [rng.random((20, 1)), rng.random((20, 9, 1))])


def scores_with_a_threshold():
    i = keras.Input((6,), name="i")
    model = keras.Model(i, layers.Dense(1)(i))
    metrics = [keras.metrics.BinaryAccuracy(threshold=0.0), "mae"]
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True), metrics=metrics)
    return model, (rng.random((20, 6)), rng.integers(0, 2, 20))


def padded_series():
    series = keras.Input((8, 3), name="series")
    x = layers.LSTM(4)(layers.Masking(-1.0)(series))
    model = keras.Model(series, layers.Dense(2, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = rng.random((32, 8, 3))
    x[:10, 5:] = -1
    return model, (x, rng.integers(0, 2, 32))


def straight_through():
    """A rounding that lets the gradient pass beside it."""
    i = keras.Input((6,), name="i")
    x = layers.Dense(4, activation="sigmoid")(i)
    x = x + ops.stop_gradient(ops.round(x) - x)
    model = keras.Model(i, layers.Dense(1)(x))
    model.compile("adam", "mse")
    return model, (rng.random((20, 6)), rng.random(20))


class PositionalEncoding(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.table = ops.convert_to_tensor(rng.normal(size=(20, 8)).astype("float32"))

    def call(self, x):
        return x + self.table


def own_layer_with_a_constant():
    words = keras.Input((20,), dtype="int32", name="words")
    x = PositionalEncoding()(layers.Embedding(100, 8, mask_zero=True)(words))
    model = keras.Model(words, layers.Dense(1)(layers.GRU(4)(x)))
    model.compile("adam", "mse")
    return model, (rng.integers(0, 100, (16, 20)), rng.random(16))


def standardised_table():
    table = keras.Input((4,), name="table")
    scaler = layers.Normalization()
    x = rng.normal(2000, 500, (32, 4))
    scaler.adapt(x)
    model = keras.Model(table, layers.Dense(1)(layers.Dense(8, "relu")(scaler(table))))
    model.compile("adam", "mse")
    return model, (x, rng.random((32, 1)))


def brain_waves():
    waves = keras.Input((22, 128, 1), name="waves")
    x = layers.Conv2D(4, (1, 16), padding="same")(waves)
    x = layers.AveragePooling2D((1, 4))(layers.DepthwiseConv2D((22, 1))(x))
    model = keras.Model(waves, layers.Dense(4, "softmax")(layers.Flatten()(x)))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, (rng.normal(size=(8, 22, 128, 1)), rng.integers(0, 4, 8))


def fully_convolutional_series():
    series = keras.Input((64, 2), name="series")
    x = layers.Conv1D(8, 5, activation="relu")(series)
    x = layers.GlobalMaxPooling1D()(x)
    model = keras.Model(series, layers.Dense(1, "sigmoid")(x))
    model.compile("adam", "bce")
    return model, (rng.random((8, 64, 2)), rng.integers(0, 2, (8, 1)))


def sound_events():
    """A class for each of the steps that pooling leaves."""
    sound = keras.Input((64, 8), name="sound")
    x = layers.MaxPooling1D(4)(layers.Conv1D(8, 3, padding="same")(sound))
    model = keras.Model(sound, layers.Dense(6, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, (rng.random((4, 64, 8)), rng.integers(0, 6, (4, 16)))


MODELS = {
    name: function
    for name, function in list(globals().items())
    if callable(function)
    and getattr(function, "__module__", "") == __name__
    and not isinstance(function, type)
}
