"""The models of the course: each function builds a new model."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops


def mnist_model() -> keras.Model:
    inputs = keras.Input((784,), name="img")
    x = layers.Dense(64, activation="relu")(inputs)
    x = layers.Dense(64, activation="relu")(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    return keras.Model(inputs, outputs, name="mnist_model")


def encoder_and_autoencoder() -> tuple[keras.Model, keras.Model]:
    """Two models over one graph: the second begins with the layers of the first."""
    inputs = keras.Input((28, 28, 1), name="img")
    code = _encode(inputs)
    encoder = keras.Model(inputs, code, name="encoder")
    return encoder, keras.Model(inputs, _decode(code), name="autoencoder")


def encoder() -> keras.Model:
    inputs = keras.Input((28, 28, 1), name="original_img")
    return keras.Model(inputs, _encode(inputs), name="encoder")


def decoder() -> keras.Model:
    inputs = keras.Input((16,), name="encoded_img")
    return keras.Model(inputs, _decode(inputs), name="decoder")


def nested_autoencoder() -> keras.Model:
    """The encoder and the decoder, each called as a layer."""
    inputs = keras.Input((28, 28, 1), name="img")
    return keras.Model(inputs, decoder()(encoder()(inputs)), name="autoencoder")


def _encode(x: Any) -> Any:
    x = layers.Conv2D(16, 3, activation="relu")(x)
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.MaxPooling2D(3)(x)
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.Conv2D(16, 3, activation="relu")(x)
    return layers.GlobalMaxPooling2D()(x)


def _decode(x: Any) -> Any:
    x = layers.Reshape((4, 4, 1))(x)
    x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
    x = layers.Conv2DTranspose(32, 3, activation="relu")(x)
    x = layers.UpSampling2D(3)(x)
    x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
    return layers.Conv2DTranspose(1, 3, activation="relu")(x)


def ensemble() -> keras.Model:
    """Three small models, averaged."""

    def member() -> keras.Model:
        inputs = keras.Input((128,))
        return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(inputs))

    members = [member() for _ in range(3)]
    inputs = keras.Input((128,))
    outputs = layers.average([each(inputs) for each in members])
    return keras.Model(inputs, outputs, name="ensemble")


def ticket_model() -> keras.Model:
    """Three inputs, two outputs."""
    title = keras.Input((None,), name="title")
    body = keras.Input((None,), name="body")
    tags = keras.Input((12,), name="tags")
    title_features = layers.LSTM(128)(layers.Embedding(10_000, 64)(title))
    body_features = layers.LSTM(32)(layers.Embedding(10_000, 64)(body))
    x = layers.concatenate([title_features, body_features, tags])
    priority = layers.Dense(1, activation="sigmoid", name="priority")(x)
    department = layers.Dense(4, activation="softmax", name="department")(x)
    return keras.Model([title, body, tags], [priority, department], name="tickets")


def toy_resnet() -> keras.Model:
    inputs = keras.Input((32, 32, 3), name="img")
    x = layers.Conv2D(32, 3, activation="relu")(inputs)
    x = layers.Conv2D(64, 3, activation="relu")(x)
    block_1_output = layers.MaxPooling2D(3)(x)

    x = layers.Conv2D(64, 3, activation="relu", padding="same")(block_1_output)
    x = layers.Conv2D(64, 3, activation="relu", padding="same")(x)
    block_2_output = layers.add([x, block_1_output])

    x = layers.Conv2D(64, 3, activation="relu", padding="same")(block_2_output)
    x = layers.Conv2D(64, 3, activation="relu", padding="same")(x)
    block_3_output = layers.add([x, block_2_output])

    x = layers.Conv2D(64, 3, activation="relu")(block_3_output)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(256, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    return keras.Model(inputs, outputs, name="toy_resnet")


def shared_embedding() -> keras.Model:
    """One embedding for two texts."""
    embedding = layers.Embedding(1000, 128, name="words")
    text_a = keras.Input((None,), dtype="int32", name="text_a")
    text_b = keras.Input((None,), dtype="int32", name="text_b")
    outputs = [embedding(text_a), embedding(text_b)]
    return keras.Model([text_a, text_b], outputs, name="shared_embedding")


class CustomDense(layers.Layer):
    """A custom Dense layer that can be saved."""

    def __init__(self, units: int = 32, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Any) -> None:
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="random_normal"
        )
        self.b = self.add_weight(shape=(self.units,), initializer="random_normal")

    def call(self, inputs: Any) -> Any:
        return ops.matmul(inputs, self.w) + self.b

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def custom_dense_model() -> keras.Model:
    inputs = keras.Input((4,))
    return keras.Model(inputs, CustomDense(10)(inputs), name="custom_dense_model")


def functional_mlp() -> keras.Model:
    inputs = keras.Input((32,))
    x = layers.Dense(64, activation="relu")(inputs)
    return keras.Model(inputs, layers.Dense(10)(x), name="mlp")


class MLP(keras.Model):
    """The same as `functional_mlp`, as a subclass."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense_1 = layers.Dense(64, activation="relu")
        self.dense_2 = layers.Dense(10)

    def call(self, inputs: Any) -> Any:
        return self.dense_2(self.dense_1(inputs))


class CustomRNN(layers.Layer):
    """A recurrent layer written as a loop, followed by a classifier."""

    def __init__(self, classifier: Any, units: int = 32, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.projection_1 = layers.Dense(units, activation="tanh")
        self.projection_2 = layers.Dense(units, activation="tanh")
        self.classifier = classifier

    def call(self, inputs: Any) -> Any:
        outputs = []
        state = ops.zeros((inputs.shape[0], self.units))
        for step in range(inputs.shape[1]):
            state = self.projection_1(inputs[:, step, :]) + self.projection_2(state)
            outputs.append(state)
        return self.classifier(ops.stack(outputs, axis=1))

    def get_config(self) -> dict[str, Any]:
        classifier = keras.saving.serialize_keras_object(self.classifier)
        return {**super().get_config(), "classifier": classifier, "units": self.units}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "CustomRNN":
        classifier = keras.saving.deserialize_keras_object(config.pop("classifier"))
        return cls(classifier, **config)


def functional_in_custom_rnn() -> CustomRNN:
    """A layer that contains a functional model and has been called."""
    inputs = keras.Input((None, 32))
    x = layers.GlobalAveragePooling1D()(inputs)
    classifier = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))
    layer = CustomRNN(classifier)
    layer(ops.zeros((1, 10, 5)))
    return layer


def custom_rnn_in_functional() -> keras.Model:
    """A functional model with a custom layer and a fixed batch size."""
    inputs = keras.Input(batch_shape=(16, 10, 5))
    x = layers.Conv1D(32, 3)(inputs)
    outputs = CustomRNN(layers.Dense(1, activation="sigmoid"))(x)
    return keras.Model(inputs, outputs, name="custom_rnn_in_functional")


# Every functional model of the course, with its number of parameters.
FUNCTIONAL_MODELS: dict[str, tuple[Callable[[], keras.Model], int]] = {
    "mnist_model": (mnist_model, 55_050),
    "encoder": (encoder, 18_672),
    "autoencoder": (lambda: encoder_and_autoencoder()[1], 28_241),
    "decoder": (decoder, 9_569),
    "nested_autoencoder": (nested_autoencoder, 28_241),
    "ensemble": (ensemble, 387),
    "tickets": (ticket_model, 1_392_097),
    "toy_resnet": (toy_resnet, 223_242),
    "shared_embedding": (shared_embedding, 128_000),
    "custom_dense": (custom_dense_model, 50),
    "functional_mlp": (functional_mlp, 2_762),
    "custom_rnn": (custom_rnn_in_functional, 2_657),
}
