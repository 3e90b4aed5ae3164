"""Time series, audio and video."""

import keras
from keras import layers, ops


def fully_convolutional_series():
    inputs = keras.Input((500, 1))
    x = inputs
    for _number in range(3):
        x = layers.Conv1D(64, 3, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling1D()(x)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"]
    )
    return model


def transformer_for_series():
    inputs = keras.Input((100, 1))
    x = inputs
    for _block in range(2):
        y = layers.MultiHeadAttention(key_dim=16, num_heads=2, dropout=0.25)(x, x)
        y = layers.LayerNormalization(epsilon=1e-6)(layers.Dropout(0.25)(y))
        res = y + x
        y = layers.Conv1D(4, kernel_size=1, activation="relu")(res)
        y = layers.Conv1D(x.shape[-1], kernel_size=1)(layers.Dropout(0.25)(y))
        x = layers.LayerNormalization(epsilon=1e-6)(y) + res
    x = layers.GlobalAveragePooling1D(data_format="channels_last")(x)
    x = layers.Dropout(0.4)(layers.Dense(16, activation="relu")(x))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam")
    return model


def weather_forecast_lstm():
    inputs = keras.Input((120, 7))
    model = keras.Model(inputs, layers.Dense(1)(layers.LSTM(32)(inputs)))
    model.compile(optimizer=keras.optimizers.Adam(0.001), loss="mse")
    return model


def anomaly_autoencoder():
    model = keras.Sequential(
        [
            layers.Input((288, 1)),
            layers.Conv1D(32, 7, padding="same", strides=2, activation="relu"),
            layers.Dropout(0.2),
            layers.Conv1D(16, 7, padding="same", strides=2, activation="relu"),
            layers.Conv1DTranspose(16, 7, padding="same", strides=2, activation="relu"),
            layers.Dropout(0.2),
            layers.Conv1DTranspose(32, 7, padding="same", strides=2, activation="relu"),
            layers.Conv1DTranspose(1, 7, padding="same"),
        ]
    )
    model.compile("adam", "mse")
    return model


def wavenet_blocks():
    """Gated dilated convolutions: tanh times sigmoid, skips summed; a class for each sample."""
    inputs = keras.Input((64, 1))
    x = layers.Conv1D(16, 2, padding="causal")(inputs)
    skips = []
    for rate in (1, 2, 4, 8):
        a = layers.Conv1D(16, 2, padding="causal", dilation_rate=rate, activation="tanh")(x)
        b = layers.Conv1D(16, 2, padding="causal", dilation_rate=rate, activation="sigmoid")(x)
        z = layers.Multiply()([a, b])
        skips.append(layers.Conv1D(16, 1)(z))
        x = layers.Add()([x, layers.Conv1D(16, 1)(z)])
    x = layers.ReLU()(layers.Add()(skips))
    x = layers.Conv1D(16, 1, activation="relu")(x)
    model = keras.Model(inputs, layers.Conv1D(256, 1, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def speaker_recognition_residual():
    inputs = keras.Input((256, 1), name="input")
    x = inputs
    for filters in (16, 32):
        shortcut = layers.Conv1D(filters, 1, padding="same")(x)
        x = layers.Activation("relu")(layers.Conv1D(filters, 3, padding="same")(x))
        x = layers.Conv1D(filters, 3, padding="same")(x)
        x = layers.Activation("relu")(layers.Add()([x, shortcut]))
        x = layers.MaxPool1D(pool_size=2, strides=2)(x)
    x = layers.AveragePooling1D(pool_size=3, strides=3)(x)
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    model = keras.Model(inputs, layers.Dense(5, activation="softmax", name="output")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def deep_speech_with_ctc():
    """Spectrograms of any length; one more class for the blank."""

    def ctc(y_true, y_pred):
        batch = ops.cast(ops.shape(y_true)[0], "int32")
        length = ops.ones((batch,), "int32") * ops.shape(y_pred)[1]
        labels = ops.ones((batch,), "int32") * ops.shape(y_true)[1]
        return ops.ctc_loss(y_true, y_pred, labels, length)

    spectrogram = keras.Input((None, 48), name="input")
    x = layers.Reshape((-1, 48, 1))(spectrogram)
    x = layers.Conv2D(8, (11, 41), strides=(2, 2), padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Reshape((-1, x.shape[-2] * x.shape[-1]))(x)
    x = layers.Bidirectional(layers.GRU(16, return_sequences=True), merge_mode="concat")(x)
    x = layers.Dropout(0.5)(layers.ReLU()(layers.Dense(32)(x)))
    model = keras.Model(spectrogram, layers.Dense(29 + 1, activation="softmax")(x))
    model.compile("adam", loss=ctc)
    return model


def mel_spectrogram_inside():
    """Waves in, a spectrogram computed by a layer, a small network behind."""
    wave = keras.Input((2048,))
    x = layers.MelSpectrogram(
        fft_length=256, sequence_stride=128, num_mel_bins=32, sampling_rate=8000
    )(wave)
    x = layers.Reshape((*x.shape[1:], 1))(x)
    x = layers.Conv2D(8, 3, activation="relu")(x)
    x = layers.GlobalMaxPooling2D()(x)
    model = keras.Model(wave, layers.Dense(4, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def video_frames_with_gru():
    """Features of frames with a mask as a second input."""
    features = keras.Input((20, 64))
    mask = keras.Input((20,), dtype="bool")
    x = layers.GRU(16, return_sequences=True)(features, mask=mask)
    x = layers.GRU(8)(x)
    x = layers.Dense(8, activation="relu")(layers.Dropout(0.4)(x))
    model = keras.Model([features, mask], layers.Dense(5, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def convolutions_over_time_distributed():
    """A convolutional network for each frame, an LSTM over the frames."""
    frames = keras.Input((8, 24, 24, 3))
    cnn = keras.Sequential(
        [
            keras.Input((24, 24, 3)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
        ],
        name="cnn",
    )
    x = layers.TimeDistributed(cnn)(frames)
    x = layers.LSTM(16)(x)
    model = keras.Model(frames, layers.Dense(3, activation="softmax")(x))
    model.compile("adam", "categorical_crossentropy")
    return model


def next_frame_conv_lstm():
    inputs = keras.Input((None, 16, 16, 1))
    x = layers.ConvLSTM2D(8, 5, padding="same", return_sequences=True, activation="relu")(
        inputs
    )
    x = layers.BatchNormalization()(x)
    x = layers.ConvLSTM2D(8, 3, padding="same", return_sequences=True, activation="relu")(x)
    x = layers.Conv3D(1, 3, activation="sigmoid", padding="same")(x)
    model = keras.Model(inputs, x)
    model.compile(loss="binary_crossentropy", optimizer="adam")
    return model


def volume_classifier():
    inputs = keras.Input((32, 32, 16, 1))
    x = inputs
    for filters in (8, 16):
        x = layers.Conv3D(filters, 3, activation="relu")(x)
        x = layers.BatchNormalization()(layers.MaxPool3D(pool_size=2)(x))
    x = layers.Dense(16, activation="relu")(layers.GlobalAveragePooling3D()(x))
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Dropout(0.3)(x)))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["acc"])
    return model


def traffic_with_graph_and_lstm():
    """A custom layer with an adjacency matrix, an LSTM behind it, one number for each node."""

    class GraphLSTM(layers.Layer):
        def __init__(self, units, nodes, **kwargs):
            super().__init__(**kwargs)
            self.units, self.nodes = units, nodes
            self.lstm = layers.LSTM(units, activation="relu")
            self.dense = layers.Dense(3)

        def build(self, shape):
            self.weight = self.add_weight(shape=(shape[-1], self.units))
            self.adjacency = self.add_weight(
                shape=(self.nodes, self.nodes), trainable=False, initializer="identity"
            )

        def call(self, x):
            x = ops.einsum("nm,btmf->btnf", self.adjacency, x) @ self.weight
            _batch, steps, nodes, units = ops.shape(x)
            x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, steps, units))
            return ops.reshape(self.dense(self.lstm(x)), (-1, nodes, 3))

    inputs = keras.Input((12, 6, 1))
    model = keras.Model(inputs, GraphLSTM(8, 6)(inputs))
    model.compile("rmsprop", keras.losses.MeanSquaredError())
    return model


def stateful_forecaster():
    """A batch size given; states kept between batches."""
    inputs = keras.Input(batch_shape=(4, 10, 1))
    x = layers.LSTM(8, stateful=True, return_sequences=True)(inputs)
    x = layers.TimeDistributed(layers.Dense(1))(x)
    model = keras.Model(inputs, x)
    model.compile("adam", "mae")
    return model
