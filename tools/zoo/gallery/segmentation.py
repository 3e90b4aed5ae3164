"""Segmentation and restoration of images, in the style of keras.io's examples."""

import keras
from keras import layers, ops


def unet_of_oxford_pets():
    """Separable convolutions with residuals, a softmax for each pixel."""
    inputs = keras.Input((64, 64, 3))
    x = layers.Conv2D(16, 3, strides=2, padding="same")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    previous = x
    for filters in (32, 64):
        x = layers.Activation("relu")(x)
        x = layers.SeparableConv2D(filters, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        residual = layers.Conv2D(filters, 1, strides=2, padding="same")(previous)
        x = layers.add([x, residual])
        previous = x
    for filters in (64, 32, 16):
        x = layers.Activation("relu")(x)
        x = layers.Conv2DTranspose(filters, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.UpSampling2D(2)(x)
        residual = layers.Conv2D(filters, 1, padding="same")(layers.UpSampling2D(2)(previous))
        x = layers.add([x, residual])
        previous = x
    outputs = layers.Conv2D(3, 3, activation="softmax", padding="same")(x)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model


def unet_with_skips():
    """The classic U-Net, a sigmoid for each pixel."""
    inputs = keras.Input((64, 64, 1))
    x, kept = inputs, []
    for filters in (8, 16, 32):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        kept.append(x)
        x = layers.MaxPooling2D()(x)
        x = layers.Dropout(0.3)(x)
    x = layers.Conv2D(64, 3, padding="same", activation="relu")(x)
    for filters, skip in zip((32, 16, 8), reversed(kept), strict=True):
        x = layers.Conv2DTranspose(filters, 2, strides=2)(x)
        x = layers.concatenate([x, skip])
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x), name="unet")
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def _convolution_block(x, filters=32, size=3, rate=1):
    x = layers.Conv2D(filters, size, dilation_rate=rate, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return ops.nn.relu(x)


def deeplab_v3_plus():
    """Atrous spatial pyramid pooling with raw operations, logits at the end."""
    inputs = keras.Input((64, 64, 3))
    x = keras.applications.resnet50.preprocess_input(inputs)
    low = _convolution_block(layers.Conv2D(16, 3, strides=4, padding="same")(x))
    x = layers.Conv2D(32, 3, strides=4, padding="same", activation="relu")(low)
    dims = x.shape
    pooled = layers.AveragePooling2D((dims[-3], dims[-2]))(x)
    pooled = _convolution_block(pooled, size=1)
    pooled = layers.UpSampling2D(
        (dims[-3] // pooled.shape[1], dims[-2] // pooled.shape[2]), interpolation="bilinear"
    )(pooled)
    parts = [_convolution_block(x, rate=rate) for rate in (1, 2, 4)]
    x = layers.Concatenate(axis=-1)([pooled, *parts])
    x = _convolution_block(x, size=1)
    a = layers.UpSampling2D((4, 4), interpolation="bilinear")(x)
    b = _convolution_block(low, size=1)
    x = layers.Concatenate(axis=-1)([a, b])
    x = _convolution_block(_convolution_block(x))
    x = layers.UpSampling2D((4, 4), interpolation="bilinear")(x)
    model = keras.Model(inputs, layers.Conv2D(20, 1, padding="same")(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss=loss, metrics=["accuracy"])
    return model


def fully_convolutional_8s():
    """FCN-8s: scores of three depths are summed, then a softmax as a layer."""
    image = keras.Input((64, 64, 3))
    x, pools = image, []
    for filters in (8, 16, 32, 64, 64):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
        pools.append(x)
    units = 4
    scores = [
        layers.Conv2D(units, 1, activation="linear", name=f"score_{at}")(pool)
        for at, pool in enumerate(pools[2:])
    ]
    up = layers.UpSampling2D(2, interpolation="bilinear", name="up_5")(scores[2])
    up = layers.Add(name="sum_4")([up, scores[1]])
    up = layers.UpSampling2D(2, interpolation="bilinear", name="up_4")(up)
    up = layers.Add(name="sum_3")([up, scores[0]])
    up = layers.UpSampling2D(8, interpolation="bilinear", name="up_3")(up)
    result = layers.Softmax(name="classes")(up)
    model = keras.Model(image, result, name="fcn8s")
    model.compile("adam", keras.losses.CategoricalCrossentropy(), metrics=["accuracy"])
    return model


def u2_net_side_outputs():
    """Side outputs from each depth, resized and fused; sigmoids as layers."""

    def unit(x, filters):
        outer = _convolution_block(x, filters)
        down = layers.MaxPooling2D(2, padding="same")(outer)
        inner = _convolution_block(down, filters, rate=2)
        up = layers.UpSampling2D(2, interpolation="bilinear")(inner)
        return layers.Add()(
            [outer, _convolution_block(layers.Concatenate()([up, outer]), filters)]
        )

    image = keras.Input((32, 32, 3))
    one = unit(image, 8)
    two = unit(layers.MaxPooling2D()(one), 16)
    three = unit(layers.MaxPooling2D()(two), 16)
    sides = []
    for x, factor in ((one, 1), (two, 2), (three, 4)):
        side = layers.Conv2D(1, 3, padding="same")(x)
        sides.append(layers.UpSampling2D(factor)(side) if factor > 1 else side)
    fused = layers.Conv2D(1, 1)(layers.Concatenate()(sides))
    outputs = [layers.Activation("sigmoid")(it) for it in [fused, *sides]]
    model = keras.Model(image, outputs, name="u2net")
    model.compile("adam", loss=["binary_crossentropy"] * 4)
    return model


def _depth_to_space(x):
    batch, height, width, _channels = ops.shape(x)
    x = ops.reshape(x, (batch, height, width, 3, 3, 1))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (batch, height * 3, width * 3, 1))


def super_resolution_subpixel():
    """Grey pictures in any size; depth to space by a Lambda."""
    inputs = keras.Input((None, None, 1))
    x = inputs
    for filters in (64, 64, 32, 9):
        x = layers.Conv2D(
            filters, 3, activation="relu", padding="same", kernel_initializer="orthogonal"
        )(x)
    x = layers.Lambda(_depth_to_space, output_shape=(None, None, 1))(x)
    model = keras.Model(inputs, x)
    model.compile(keras.optimizers.Adam(1e-3), loss=keras.losses.MeanSquaredError())
    return model


def enhanced_deep_residual():
    """EDSR: residual blocks, the picture rescaled inside the model."""

    class DepthToSpace(layers.Layer):
        def __init__(self, factor=2, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, x):
            f = self.factor
            _batch, height, width, depth = ops.shape(x)
            x = ops.reshape(x, (-1, height, width, f, f, depth // f**2))
            x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
            return ops.reshape(x, (-1, height * f, width * f, depth // f**2))

        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    image = keras.Input((24, 24, 3))
    x = layers.Rescaling(1 / 255)(image)
    x = first = layers.Conv2D(16, 3, padding="same")(x)
    for _number in range(3):
        y = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
        y = layers.Conv2D(16, 3, padding="same")(y)
        x = layers.Add()([x, y])
    x = layers.Add()([first, layers.Conv2D(16, 3, padding="same")(x)])
    x = DepthToSpace()(layers.Conv2D(64, 3, padding="same")(x))
    x = layers.Conv2D(3, 3, padding="same")(x)
    model = keras.Model(image, layers.Rescaling(255)(x))
    model.compile("adam", "mae")
    return model


def denoising_autoencoder():
    """Convolutional autoencoder of digits."""
    image = keras.Input((28, 28, 1))
    x = layers.Conv2D(32, 3, activation="relu", padding="same")(image)
    x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.Conv2D(32, 3, activation="relu", padding="same")(x)
    x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.Conv2DTranspose(32, 3, strides=2, activation="relu", padding="same")(x)
    x = layers.Conv2DTranspose(32, 3, strides=2, activation="relu", padding="same")(x)
    x = layers.Conv2D(1, 3, activation="sigmoid", padding="same")(x)
    model = keras.Model(image, x)
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return model


def low_light_curves():
    """Zero-DCE: curves of eight steps by tanh, applied by operations."""
    image = keras.Input((32, 32, 3))
    one = layers.Conv2D(16, 3, activation="relu", padding="same")(image)
    two = layers.Conv2D(16, 3, activation="relu", padding="same")(one)
    three = layers.Conv2D(16, 3, activation="relu", padding="same")(two)
    joined = layers.Concatenate(axis=-1)([two, three])
    curves = layers.Conv2D(24, 3, activation="tanh", padding="same")(joined)
    x = image
    for step in range(8):
        x = x + curves[:, :, :, 3 * step : 3 * step + 3] * (ops.square(x) - x)
    return keras.Model(image, x)
