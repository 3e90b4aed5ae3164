"""Generators, critics, autoencoders with samples, diffusion, style."""

import keras
from keras import layers, ops


class Sampling(layers.Layer):
    """Draws z from its mean and log-variance."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs):
        mean, log_variance = inputs
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise


def vae_encoder():
    image = keras.Input((28, 28, 1))
    x = layers.Conv2D(32, 3, activation="relu", strides=2, padding="same")(image)
    x = layers.Conv2D(64, 3, activation="relu", strides=2, padding="same")(x)
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    mean = layers.Dense(2, name="z_mean")(x)
    log_variance = layers.Dense(2, name="z_log_var")(x)
    return keras.Model(
        image, [mean, log_variance, Sampling()([mean, log_variance])], name="encoder"
    )


def vae_decoder():
    latent = keras.Input((2,))
    x = layers.Reshape((7, 7, 64))(layers.Dense(7 * 7 * 64, activation="relu")(latent))
    x = layers.Conv2DTranspose(64, 3, activation="relu", strides=2, padding="same")(x)
    x = layers.Conv2DTranspose(32, 3, activation="relu", strides=2, padding="same")(x)
    outputs = layers.Conv2DTranspose(1, 3, activation="sigmoid", padding="same")(x)
    return keras.Model(latent, outputs, name="decoder")


def vae_as_subclassed_model():
    """Two functional models in a subclassed one with trackers."""

    class VAE(keras.Model):
        def __init__(self, encoder, decoder, **kwargs):
            super().__init__(**kwargs)
            self.encoder, self.decoder = encoder, decoder
            self.total = keras.metrics.Mean(name="total_loss")

        def call(self, x):
            return self.decoder(self.encoder(x)[2])

    model = VAE(vae_encoder(), vae_decoder())
    model.build((None, 28, 28, 1))
    model.compile(optimizer="adam")
    return model


def dcgan_discriminator():
    model = keras.Sequential(
        [
            keras.Input((64, 64, 3)),
            layers.Conv2D(16, 4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2D(32, 4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="discriminator",
    )
    model.compile("adam", keras.losses.BinaryCrossentropy())
    return model


def dcgan_generator():
    return keras.Sequential(
        [
            keras.Input((32,)),
            layers.Dense(8 * 8 * 32),
            layers.Reshape((8, 8, 32)),
            layers.Conv2DTranspose(32, 4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2DTranspose(64, 4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2D(3, 5, padding="same", activation="sigmoid"),
        ],
        name="generator",
    )


def combined_gan():
    """A generator and a frozen critic, nested and compiled together."""
    critic, maker = (
        dcgan_discriminator(),
        keras.Sequential(
            [
                keras.Input((32,)),
                layers.Dense(16 * 16 * 8),
                layers.Reshape((16, 16, 8)),
                layers.Conv2DTranspose(16, 4, strides=4, padding="same", activation="relu"),
                layers.Conv2D(3, 5, padding="same", activation="sigmoid"),
            ]
        ),
    )
    critic.trainable = False
    noise = keras.Input((32,))
    model = keras.Model(noise, critic(maker(noise)))
    model.compile("adam", "binary_crossentropy")
    return model


def wasserstein_critic():
    """No activation; a loss that is the mean of the scores."""

    def critic_loss(y_true, y_pred):
        return -ops.mean(y_true * y_pred)

    image = keras.Input((28, 28, 1))
    x = layers.ZeroPadding2D(2)(image)
    for filters in (16, 32):
        x = layers.Conv2D(filters, 5, strides=2, padding="same")(x)
        x = layers.Dropout(0.3)(layers.LeakyReLU(negative_slope=0.2)(x))
    model = keras.Model(image, layers.Dense(1)(layers.Flatten()(x)), name="critic")
    model.compile("adam", critic_loss)
    return model


def conditional_generator():
    """Noise and a label; the label is embedded, reshaped and joined as a channel."""
    noise, label = keras.Input((32,)), keras.Input((1,), dtype="int32")
    y = layers.Reshape((7, 7, 1))(layers.Dense(49)(layers.Embedding(10, 8)(label)))
    x = layers.Reshape((7, 7, 16))(layers.Dense(7 * 7 * 16)(noise))
    x = layers.Concatenate()([x, y])
    x = layers.Conv2DTranspose(16, 4, strides=4, padding="same", activation="relu")(x)
    return keras.Model(
        [noise, label], layers.Conv2D(1, 7, padding="same", activation="tanh")(x)
    )


def cyclegan_generator():
    """Reflection padding as a custom layer, residual blocks, a tanh as a layer."""

    class ReflectionPadding2D(layers.Layer):
        def __init__(self, padding=(1, 1), **kwargs):
            self.padding = tuple(padding)
            super().__init__(**kwargs)

        def call(self, x):
            w, h = self.padding
            return ops.pad(x, [[0, 0], [h, h], [w, w], [0, 0]], mode="reflect")

    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(16, 7, use_bias=False)(ReflectionPadding2D((3, 3))(image))
    x = layers.Activation("relu")(layers.GroupNormalization(groups=-1)(x))
    for _number in range(3):
        y = layers.Conv2D(16, 3, use_bias=False)(ReflectionPadding2D()(x))
        y = layers.Activation("relu")(layers.GroupNormalization(groups=-1)(y))
        x = layers.add([x, y])
    x = layers.Conv2D(3, 7)(ReflectionPadding2D((3, 3))(x))
    return keras.Model(image, layers.Activation("tanh")(x))


def pix2pix_discriminator():
    """Two pictures joined; a map of answers on purpose."""
    source = keras.Input((64, 64, 3), name="input_image")
    target = keras.Input((64, 64, 3), name="target_image")
    x = layers.concatenate([source, target])
    for filters in (16, 32):
        x = layers.Conv2D(filters, 4, strides=2, padding="same", use_bias=False)(x)
        x = layers.LeakyReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2D(1, 4, strides=1, padding="same")(x)
    model = keras.Model([source, target], x)
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    return model


def _sinusoidal(x):
    frequencies = ops.exp(ops.linspace(0.0, 6.9, 8))
    angles = 2.0 * 3.14159 * frequencies * x
    return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=3)


def diffusion_unet():
    """A noise level as a second input, embedded by a Lambda."""
    noisy = keras.Input((32, 32, 3))
    variance = keras.Input((1, 1, 1))
    e = layers.Lambda(_sinusoidal, output_shape=(1, 1, 16))(variance)
    e = layers.UpSampling2D(size=32, interpolation="nearest")(e)
    x = layers.Concatenate()([layers.Conv2D(16, 1)(noisy), e])

    def residual(x, width):
        y = x if x.shape[3] == width else layers.Conv2D(width, 1)(x)
        x = layers.BatchNormalization(center=False, scale=False)(x)
        x = layers.Conv2D(width, 3, padding="same", activation="swish")(x)
        return layers.Add()([layers.Conv2D(width, 3, padding="same")(x), y])

    skips = []
    for width in (16, 32):
        x = residual(x, width)
        skips.append(x)
        x = layers.AveragePooling2D(pool_size=2)(x)
    x = residual(x, 32)
    for width in (32, 16):
        x = layers.UpSampling2D(size=2, interpolation="bilinear")(x)
        x = residual(layers.Concatenate()([x, skips.pop()]), width)
    outputs = layers.Conv2D(3, 1, kernel_initializer="zeros")(x)
    model = keras.Model([noisy, variance], outputs, name="residual_unet")
    model.compile("adamw", keras.losses.MeanAbsoluteError())
    return model


def style_transfer_adain():
    """Means and deviations over the axes of the picture, by operations."""
    style, content = (
        keras.Input((32, 32, 3), name="style"),
        keras.Input((32, 32, 3), name="content"),
    )
    encoder = keras.Sequential(
        [keras.Input((32, 32, 3)), layers.Conv2D(8, 3, padding="same", activation="relu")]
    )
    a, b = encoder(style), encoder(content)
    mean_a, std_a = (
        ops.mean(a, axis=(1, 2), keepdims=True),
        ops.std(a, axis=(1, 2), keepdims=True),
    )
    mean_b, std_b = (
        ops.mean(b, axis=(1, 2), keepdims=True),
        ops.std(b, axis=(1, 2), keepdims=True),
    )
    x = (b - mean_b) / (std_b + 1e-5) * std_a + mean_a
    return keras.Model([style, content], layers.Conv2DTranspose(3, 3, padding="same")(x))


def vector_quantiser():
    """A codebook looked up by argmin; the gradient is passed around it by stop_gradient."""

    class Quantiser(layers.Layer):
        def __init__(self, codes, size, **kwargs):
            super().__init__(**kwargs)
            self.codes, self.size = codes, size

        def build(self, shape):
            self.embeddings = self.add_weight(shape=(self.size, self.codes), name="codes")

        def call(self, x):
            flat = ops.reshape(x, (-1, self.size))
            distances = (
                ops.sum(flat**2, axis=1, keepdims=True)
                + ops.sum(self.embeddings**2, axis=0)
                - 2 * ops.matmul(flat, self.embeddings)
            )
            nearest = ops.one_hot(ops.argmin(distances, axis=1), self.codes)
            found = ops.reshape(
                ops.matmul(nearest, ops.transpose(self.embeddings)), ops.shape(x)
            )
            self.add_loss(ops.mean((ops.stop_gradient(found) - x) ** 2))
            return x + ops.stop_gradient(found - x)

        def get_config(self):
            return {**super().get_config(), "codes": self.codes, "size": self.size}

    image = keras.Input((28, 28, 1))
    x = layers.Conv2D(16, 3, strides=2, activation="relu", padding="same")(image)
    x = Quantiser(8, 4)(layers.Conv2D(4, 1, padding="same")(x))
    x = layers.Conv2DTranspose(16, 3, strides=2, activation="relu", padding="same")(x)
    model = keras.Model(image, layers.Conv2DTranspose(1, 3, padding="same")(x))
    model.compile("adam", "mse")
    return model
