"""Classifiers of pictures: convolutions, transformers, mixers, augmentation and transfer."""

import keras
import numpy as np
from keras import layers, ops


def mnist_convnet():
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def _mlp(x, units, rate):
    for n in units:
        x = layers.Dropout(rate)(layers.Dense(n, activation=keras.activations.gelu)(x))
    return x


class Patches(layers.Layer):
    """Cuts pictures."""

    def __init__(self, patch_size):
        super().__init__()
        self.patch_size = patch_size

    def call(self, images):
        batch, height, width, channels = ops.shape(images)
        patches = ops.image.extract_patches(images, size=self.patch_size)
        count = (height // self.patch_size) * (width // self.patch_size)
        return ops.reshape(patches, (batch, count, self.patch_size**2 * channels))

    def get_config(self):
        config = super().get_config()
        config.update({"patch_size": self.patch_size})
        return config


class PatchEncoder(layers.Layer):
    """Adds positions."""

    def __init__(self, num_patches, projection_dim):
        super().__init__()
        self.num_patches = num_patches
        self.projection = layers.Dense(units=projection_dim)
        self.position_embedding = layers.Embedding(num_patches, projection_dim)

    def call(self, patch):
        positions = ops.expand_dims(ops.arange(0, self.num_patches, 1), axis=0)
        return self.projection(patch) + self.position_embedding(positions)

    def get_config(self):
        config = super().get_config()
        config.update({"num_patches": self.num_patches})
        return config


def vision_transformer():
    """Augmentation inside the model, logits at the end."""
    augment = keras.Sequential(
        [
            layers.Normalization(mean=0.5, variance=0.1),
            layers.Resizing(36, 36),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(factor=0.02),
            layers.RandomZoom(height_factor=0.2, width_factor=0.2),
        ],
        name="data_augmentation",
    )
    inputs = keras.Input((32, 32, 3))
    x = PatchEncoder(36, 16)(Patches(6)(augment(inputs)))
    for _number in range(2):
        x1 = layers.LayerNormalization(epsilon=1e-6)(x)
        attended = layers.MultiHeadAttention(num_heads=2, key_dim=16, dropout=0.1)(x1, x1)
        x2 = layers.Add()([attended, x])
        x3 = _mlp(layers.LayerNormalization(epsilon=1e-6)(x2), [32, 16], 0.1)
        x = layers.Add()([x3, x2])
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    model = keras.Model(inputs, layers.Dense(10)(_mlp(x, [32], 0.5)))
    model.compile(
        optimizer=keras.optimizers.AdamW(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    return model


def mlp_mixer():
    """Rows and columns swapped by Permute."""
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(16, 8, strides=8)(inputs)
    x = layers.Reshape((16, 16))(x)
    for _number in range(2):
        y = layers.LayerNormalization()(x)
        y = layers.Permute((2, 1))(y)
        y = layers.Dense(16, activation="gelu")(y)
        y = layers.Permute((2, 1))(y)
        x = layers.Add()([x, y])
        y = layers.Dense(32, activation="gelu")(layers.LayerNormalization()(x))
        x = layers.Add()([x, layers.Dense(16)(y)])
    x = layers.GlobalAveragePooling1D()(x)
    model = keras.Model(inputs, layers.Dense(10)(layers.Dropout(0.2)(x)))
    model.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def conv_mixer():
    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(scale=1.0 / 255)(inputs)
    x = layers.Conv2D(16, 2, strides=2)(x)
    x = layers.BatchNormalization()(layers.Activation("gelu")(x))
    for _number in range(3):
        x0 = x
        x = layers.DepthwiseConv2D(5, padding="same")(x)
        x = layers.Add()([layers.BatchNormalization()(layers.Activation("gelu")(x)), x0])
        x = layers.Conv2D(16, 1)(x)
        x = layers.BatchNormalization()(layers.Activation("gelu")(x))
    x = layers.GlobalAvgPool2D()(x)
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
    model.compile("adamw", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class StochasticDepth(layers.Layer):
    """Drops a whole branch."""

    def __init__(self, drop_prob, **kwargs):
        super().__init__(**kwargs)
        self.drop_prob = drop_prob
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, x, training=None):
        if training:
            keep = 1 - self.drop_prob
            shape = (ops.shape(x)[0],) + (1,) * (len(x.shape) - 1)
            return (x / keep) * ops.floor(
                keep + keras.random.uniform(shape, 0, 1, seed=self.seed_generator)
            )
        return x


def compact_convolutional_transformer():
    """Rates from np.linspace; sequence pooling by a softmax over the steps."""
    inputs = keras.Input((32, 32, 3))
    x = keras.Sequential([layers.Rescaling(1.0 / 255), layers.RandomFlip("horizontal")])(inputs)
    for filters in (16, 32):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, activation="relu")(x)
        x = layers.MaxPooling2D(3, 2, "same")(x)
    x = layers.Reshape((64, 32))(x)
    for rate in np.linspace(0, 0.1, 2):
        x1 = layers.LayerNormalization(epsilon=1e-5)(x)
        attended = layers.MultiHeadAttention(2, 32, dropout=0.1)(x1, x1)
        x2 = layers.Add()([StochasticDepth(rate)(attended), x])
        x3 = _mlp(layers.LayerNormalization(epsilon=1e-5)(x2), [32, 32], 0.1)
        x = layers.Add()([StochasticDepth(rate)(x3), x2])
    x = layers.LayerNormalization(epsilon=1e-5)(x)
    weights = ops.softmax(layers.Dense(1)(x), axis=1)
    weighted = ops.squeeze(ops.matmul(ops.transpose(weights, (0, 2, 1)), x), axis=1)
    model = keras.Model(inputs, layers.Dense(10)(weighted))
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    model.compile(keras.optimizers.AdamW(), loss=loss)
    return model


def xception_for_cats_and_dogs():
    """One unit without activation, and its loss with logits."""
    inputs = keras.Input((96, 96, 3))
    x = layers.Rescaling(1.0 / 255)(inputs)
    x = layers.Conv2D(16, 3, strides=2, padding="same")(x)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    previous = x
    for size in (16, 32):
        x = layers.Activation("relu")(x)
        x = layers.SeparableConv2D(size, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        x = layers.add([x, layers.Conv2D(size, 1, strides=2, padding="same")(previous)])
        previous = x
    x = layers.GlobalAveragePooling2D()(layers.Dropout(0.25)(x))
    model = keras.Model(inputs, layers.Dense(1, activation=None)(x))
    model.compile(
        optimizer="adam",
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(name="acc", threshold=0.0)],
    )
    return model


def transfer_learning():
    """A frozen base, called with training=False, and its own rescaling."""
    base = keras.applications.Xception(weights=None, input_shape=(96, 96, 3), include_top=False)
    base.trainable = False
    inputs = keras.Input((96, 96, 3))
    x = layers.RandomFlip("horizontal")(inputs)
    x = layers.Rescaling(scale=1 / 127.5, offset=-1)(x)
    x = base(x, training=False)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, layers.Dense(1)(x))
    model.compile(
        keras.optimizers.Adam(),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
    )
    return model


def efficientnet_fine_tuned():
    inputs = keras.Input((64, 64, 3))
    model = keras.applications.EfficientNetB0(
        include_top=False, input_tensor=inputs, weights=None
    )
    model.trainable = False
    x = layers.GlobalAveragePooling2D(name="avg_pool")(model.output)
    x = layers.Dropout(0.2, name="top_dropout")(layers.BatchNormalization()(x))
    outputs = layers.Dense(12, activation="softmax", name="pred")(x)
    model = keras.Model(inputs, outputs, name="EfficientNet")
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


def fine_grained_bilinear():
    """Two towers of one picture, an outer product by einsum, a signed square root."""
    image = keras.Input((32, 32, 3))
    one = layers.Conv2D(8, 3, activation="relu")(image)
    two = layers.Conv2D(8, 3, activation="relu")(image)
    x = ops.einsum("bhwc,bhwd->bcd", one, two)
    x = layers.Flatten()(x)
    x = ops.sign(x) * ops.sqrt(ops.abs(x) + 1e-9)
    x = layers.UnitNormalization()(x)
    model = keras.Model(image, layers.Dense(5, activation="softmax")(x))
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def squeeze_and_excite_densenet():
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(16, 3, padding="same")(image)
    for _block in range(4):
        y = layers.Activation("relu")(layers.BatchNormalization()(x))
        y = layers.Conv2D(8, 3, padding="same")(y)
        s = layers.GlobalAveragePooling2D(keepdims=True)(y)
        s = layers.Dense(2, activation="relu")(s)
        s = layers.Dense(8, activation="sigmoid")(s)
        x = layers.Concatenate()([x, layers.Multiply()([y, s])])
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def ensemble_by_average():
    """The mean of three classifiers."""
    image = keras.Input((28, 28, 1))

    def member(n):
        inputs = keras.Input((28, 28, 1))
        x = layers.Conv2D(8, 3, activation="relu")(inputs)
        x = layers.GlobalAveragePooling2D()(x)
        return keras.Model(
            inputs, layers.Dense(10, activation="softmax")(x), name=f"member_{n}"
        )

    outputs = layers.Average()([member(n)(image) for n in range(3)])
    model = keras.Model(image, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def mixed_precision_classifier():
    """Computes in half precision; the last activation in full."""
    keras.config.set_dtype_policy("mixed_float16")
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(16, 3, activation="relu")(inputs)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(10)(x)
    outputs = layers.Activation("softmax", dtype="float32")(x)
    model = keras.Model(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy")
    keras.config.set_dtype_policy("float32")
    return model


def point_net_with_transforms():
    """Point clouds: a matrix predicted and applied inside."""

    def conv_bn(x, filters):
        x = layers.Conv1D(filters, kernel_size=1, padding="valid")(x)
        return layers.Activation("relu")(layers.BatchNormalization(momentum=0.0)(x))

    def transform(inputs, n):
        x = layers.GlobalMaxPooling1D()(conv_bn(inputs, 16))
        x = layers.Dense(
            n * n,
            kernel_initializer="zeros",
            bias_initializer=keras.initializers.Constant(np.eye(n).flatten()),
        )(x)
        return layers.Dot(axes=(2, 1))([inputs, layers.Reshape((n, n))(x)])

    inputs = keras.Input((64, 3))
    x = conv_bn(transform(inputs, 3), 16)
    x = conv_bn(transform(x, 16), 32)
    x = layers.Dropout(0.3)(layers.Dense(16, activation="relu")(layers.GlobalMaxPooling1D()(x)))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x), name="pointnet")
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"]
    )
    return model
