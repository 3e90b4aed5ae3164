"""Right functional models as notebook cells: build, compile, and fit on tiny random data.

The cells of a model are separated by `# %%`. They begin after `PREAMBLE`, and raise nothing;
`kfunc_lab.lint` finds nothing in the model. Most use SGD, whose `fit` begins soonest.
"""

PREAMBLE = """\
import numpy as np
import keras
from keras import layers, ops
keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
"""

MLP = """\
inputs = keras.Input(shape=(64,), name="digits")
x = layers.Dense(16, activation="relu")(inputs)
x = layers.Dense(16, activation="relu")(x)
outputs = layers.Dense(10, activation="softmax")(x)
model = keras.Model(inputs=inputs, outputs=outputs, name="mlp")
# %%
model.compile(
    optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"]
)
# %%
x_train = rng.random((16, 64)).astype("float32")
y_train = rng.integers(0, 10, 16)
model.fit(x_train, y_train, batch_size=8, epochs=1, verbose=0)
"""

CNN = """\
inputs = keras.Input((12, 12, 1), name="img")
x = layers.Conv2D(4, 3, activation="relu")(inputs)
x = layers.MaxPooling2D(2)(x)
x = layers.Conv2D(8, 3, activation="relu")(x)
x = layers.Flatten()(x)
x = layers.Dropout(0.5)(x)
outputs = layers.Dense(5, activation="softmax")(x)
model = keras.Model(inputs, outputs)
# %%
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
# %%
images = rng.random((8, 12, 12, 1)).astype("float32")
labels = keras.utils.to_categorical(rng.integers(0, 5, 8), 5)
model.fit(images, labels, verbose=0)
"""

RESNET = """\
inputs = keras.Input(shape=(16, 16, 3), name="img")
x = layers.Conv2D(8, 3, activation="relu")(inputs)
block_1 = layers.MaxPooling2D(2)(x)

x = layers.Conv2D(8, 3, activation="relu", padding="same")(block_1)
x = layers.Conv2D(8, 3, activation="relu", padding="same")(x)
block_2 = layers.add([x, block_1])

x = layers.Conv2D(16, 3, strides=2, padding="same")(block_2)
x = layers.BatchNormalization()(x)
shortcut = layers.Conv2D(16, 1, strides=2, padding="same")(block_2)
block_3 = layers.add([x, shortcut])

x = layers.GlobalAveragePooling2D()(block_3)
outputs = layers.Dense(10)(x)
model = keras.Model(inputs, outputs, name="toy_resnet")
# %%
model.compile(
    optimizer=keras.optimizers.SGD(1e-2),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
# %%
x_train = rng.random((8, 16, 16, 3)).astype("float32")
y_train = rng.integers(0, 10, size=(8, 1))
model.fit(x_train, y_train, batch_size=8, verbose=0)
"""

INCEPTION = """\
img = keras.Input((12, 12, 3))
tower_1 = layers.Conv2D(4, 1, padding="same", activation="relu")(img)
tower_1 = layers.Conv2D(6, 3, padding="same", activation="relu")(tower_1)
tower_2 = layers.Conv2D(4, 1, padding="same", activation="relu")(img)
tower_2 = layers.Conv2D(6, 5, padding="same", activation="relu")(tower_2)
tower_3 = layers.MaxPooling2D(3, strides=1, padding="same")(img)
tower_3 = layers.Conv2D(6, 1, padding="same", activation="relu")(tower_3)
x = layers.concatenate([tower_1, tower_2, tower_3], axis=-1)
x = layers.Flatten()(x)
out = layers.Dense(3, activation="softmax")(x)
model = keras.Model(img, out)
# %%
model.compile("sgd", "sparse_categorical_crossentropy")
# %%
x = rng.random((8, 12, 12, 3))
y = rng.integers(0, 3, 8)
model.fit(x, y, verbose=0)
"""

UNET = """\
inputs = keras.Input((16, 16, 1), name="scan")
c1 = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
p1 = layers.MaxPooling2D(2)(c1)
c2 = layers.Conv2D(8, 3, padding="same", activation="relu")(p1)
p2 = layers.MaxPooling2D(2)(c2)
middle = layers.Conv2D(16, 3, padding="same", activation="relu")(p2)
u2 = layers.Conv2DTranspose(8, 2, strides=2)(middle)
u2 = layers.concatenate([u2, c2])
c3 = layers.Conv2D(8, 3, padding="same", activation="relu")(u2)
u1 = layers.UpSampling2D(2)(c3)
u1 = layers.Concatenate(axis=-1)([u1, c1])
c4 = layers.Conv2D(4, 3, padding="same", activation="relu")(u1)
mask = layers.Conv2D(1, 1, activation="sigmoid", name="mask")(c4)
model = keras.Model(inputs, mask, name="unet")
# %%
model.compile(optimizer="sgd", loss="binary_crossentropy")
# %%
scans = rng.random((4, 16, 16, 1)).astype("float32")
masks = (rng.random((4, 16, 16, 1)) > 0.5).astype("float32")
model.fit(scans, masks, verbose=0)
"""

CONV_AUTOENCODER = """\
img = keras.Input(shape=(12, 12, 1), name="img")
x = layers.Conv2D(8, 3, activation="relu", padding="same")(img)
x = layers.MaxPooling2D((2, 2), padding="same")(x)
x = layers.Conv2D(4, 3, activation="relu", padding="same")(x)
code = layers.MaxPooling2D((2, 2), padding="same", name="code")(x)

x = layers.Conv2DTranspose(4, 3, strides=2, activation="relu", padding="same")(code)
x = layers.Conv2DTranspose(8, 3, strides=2, activation="relu", padding="same")(x)
decoded = layers.Conv2D(1, 3, activation="sigmoid", padding="same")(x)

encoder = keras.Model(img, code, name="encoder")
model = keras.Model(img, decoded, name="autoencoder")
# %%
model.compile(optimizer="sgd", loss="binary_crossentropy")
# %%
x_train = rng.random((8, 12, 12, 1)).astype("float32")
model.fit(x_train, x_train, batch_size=4, shuffle=True, verbose=0)
"""

DENSE_AUTOENCODER = """\
inputs = keras.Input((6, 6), name="digit")
x = layers.Flatten()(inputs)
x = layers.Dense(16, activation="relu")(x)
code = layers.Dense(4, name="code")(x)
x = layers.Dense(16, activation="relu")(code)
x = layers.Dense(36, activation="sigmoid")(x)
outputs = layers.Reshape((6, 6))(x)
model = keras.Model(inputs, outputs)
# %%
model.compile(optimizer="sgd", loss="mse")
# %%
digits = rng.random((8, 6, 6))
model.fit(digits, digits, epochs=1, verbose=0)
"""

VAE = """\
class Sampling(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1)

    def call(self, inputs):
        mean, log_var = inputs
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        self.add_loss(-0.5 * ops.mean(1 + log_var - ops.square(mean) - ops.exp(log_var)))
        return mean + ops.exp(0.5 * log_var) * noise
# %%
inputs = keras.Input((8, 8, 1), name="img")
x = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(inputs)
x = layers.Flatten()(x)
z_mean = layers.Dense(2, name="z_mean")(x)
z_log_var = layers.Dense(2, name="z_log_var")(x)
z = Sampling()([z_mean, z_log_var])
x = layers.Dense(4 * 4 * 4, activation="relu")(z)
x = layers.Reshape((4, 4, 4))(x)
x = layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")(x)
outputs = layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid")(x)
model = keras.Model(inputs, outputs, name="vae")
# %%
model.compile(optimizer="sgd", loss="binary_crossentropy")
# %%
images = rng.random((8, 8, 8, 1)).astype("float32")
model.fit(images, images, verbose=0)
"""

SIAMESE = """\
def make_encoder():
    inputs = keras.Input((10, 10, 1))
    x = layers.Conv2D(4, 3, activation="relu")(inputs)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(8)(x), name="encoder")


encoder = make_encoder()
left = keras.Input((10, 10, 1), name="left")
right = keras.Input((10, 10, 1), name="right")
distance = ops.abs(encoder(left) - encoder(right))
same = layers.Dense(1, activation="sigmoid", name="same")(distance)
model = keras.Model([left, right], same, name="siamese")
# %%
model.compile(optimizer="sgd", loss="binary_crossentropy", metrics=["accuracy"])
# %%
first = rng.random((8, 10, 10, 1))
second = rng.random((8, 10, 10, 1))
labels = rng.integers(0, 2, (8, 1)).astype("float32")
model.fit([first, second], labels, verbose=0)
"""

TICKETS = """\
title = keras.Input((None,), dtype="int32", name="title")
body = keras.Input((None,), dtype="int32", name="body")
tags = keras.Input((12,), name="tags")
title_features = layers.Embedding(100, 8)(title)
body_features = layers.Embedding(100, 8)(body)
title_features = layers.LSTM(8)(title_features)
body_features = layers.LSTM(4)(body_features)
x = layers.concatenate([title_features, body_features, tags])
priority = layers.Dense(1, activation="sigmoid", name="priority")(x)
department = layers.Dense(4, activation="softmax", name="department")(x)
model = keras.Model([title, body, tags], [priority, department], name="tickets")
# %%
model.compile(
    optimizer="sgd",
    loss={"priority": "binary_crossentropy", "department": "categorical_crossentropy"},
    loss_weights={"priority": 1.0, "department": 0.2},
)
# %%
title_data = rng.integers(0, 100, (8, 5))
body_data = rng.integers(0, 100, (8, 7))
tags_data = rng.integers(0, 2, (8, 12)).astype("float32")
priority_targets = rng.integers(0, 2, (8, 1)).astype("float32")
department_targets = keras.utils.to_categorical(rng.integers(0, 4, 8), 4)
model.fit(
    {"title": title_data, "body": body_data, "tags": tags_data},
    {"priority": priority_targets, "department": department_targets},
    verbose=0,
)
"""

SEQ2SEQ = """\
encoder_inputs = keras.Input(shape=(None, 6), name="source")
encoder_lstm = layers.LSTM(8, return_state=True)
encoder_outputs, state_h, state_c = encoder_lstm(encoder_inputs)

decoder_inputs = keras.Input(shape=(None, 5), name="target")
decoder_lstm = layers.LSTM(8, return_sequences=True)
x = decoder_lstm(decoder_inputs, initial_state=[state_h, state_c])
decoder_outputs = layers.Dense(5, activation="softmax")(x)
model = keras.Model([encoder_inputs, decoder_inputs], decoder_outputs)
# %%
model.compile(optimizer="sgd", loss="categorical_crossentropy", metrics=["accuracy"])
# %%
source = rng.random((8, 4, 6)).astype("float32")
target = keras.utils.to_categorical(rng.integers(0, 5, (8, 7)), 5)
model.fit([source, target[:, :-1]], target[:, 1:], batch_size=8, verbose=0)
"""

ATTENTION = """\
source = keras.Input((6,), dtype="int32", name="source")
target = keras.Input((5,), dtype="int32", name="target")
encoded, state = layers.GRU(8, return_sequences=True, return_state=True)(
    layers.Embedding(30, 8)(source)
)
decoded = layers.GRU(8, return_sequences=True)(
    layers.Embedding(40, 8)(target), initial_state=state
)
context = layers.Attention()([decoded, encoded])
x = layers.Concatenate()([decoded, context])
words = layers.Dense(40, activation="softmax")(x)
model = keras.Model([source, target], words, name="translator")
# %%
model.compile("sgd", loss="sparse_categorical_crossentropy")
# %%
sentences = rng.integers(0, 30, (8, 6))
translations = rng.integers(0, 40, (8, 6))
model.fit([sentences, translations[:, :-1]], translations[:, 1:], verbose=0)
"""

TRANSFORMER = """\
tokens = keras.Input((10,), dtype="int32", name="tokens")
x = layers.Embedding(50, 16)(tokens)
attention = layers.MultiHeadAttention(num_heads=2, key_dim=8)(x, x)
attention = layers.Dropout(0.1)(attention)
x = layers.LayerNormalization(epsilon=1e-6)(layers.add([x, attention]))
feed_forward = layers.Dense(32, activation="relu")(x)
feed_forward = layers.Dense(16)(feed_forward)
x = layers.LayerNormalization(epsilon=1e-6)(layers.add([x, feed_forward]))
x = layers.GlobalAveragePooling1D()(x)
outputs = layers.Dense(2, activation="softmax")(x)
model = keras.Model(inputs=tokens, outputs=outputs)
# %%
model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
# %%
texts = rng.integers(0, 50, (8, 10))
labels = rng.integers(0, 2, (8,))
model.fit(texts, labels, batch_size=4, verbose=0)
"""

TEXT_CNN = """\
words = keras.Input(shape=(20,), dtype="int32")
x = layers.Embedding(input_dim=100, output_dim=8)(words)
branches = []
for width in (2, 3, 4):
    branch = layers.Conv1D(filters=6, kernel_size=width, activation="relu")(x)
    branches.append(layers.GlobalMaxPooling1D()(branch))
x = layers.Concatenate()(branches)
x = layers.Dropout(rate=0.3)(x)
outputs = layers.Dense(units=1, activation="sigmoid")(x)
model = keras.Model(words, outputs, name="text_cnn")
# %%
model.compile(optimizer="sgd", loss="binary_crossentropy", metrics=["accuracy"])
# %%
reviews = rng.integers(0, 100, (8, 20))
positive = rng.integers(0, 2, (8, 1)).astype("float32")
model.fit(reviews, positive, verbose=0)
"""

CONV_LSTM = """\
film = keras.Input((4, 8, 8, 1), name="film")
x = layers.ConvLSTM2D(4, (3, 3), padding="same", return_sequences=True)(film)
x = layers.BatchNormalization()(x)
x = layers.Conv3D(1, (3, 3, 3), activation="sigmoid", padding="same")(x)
model = keras.Model(film, x)
# %%
model.compile(loss="binary_crossentropy", optimizer="sgd")
# %%
frames = rng.random((4, 5, 8, 8, 1)).astype("float32")
model.fit(frames[:, :-1], frames[:, 1:], verbose=0)
"""

VIDEO = """\
video = keras.Input(shape=(4, 10, 10, 3), name="video")
image = keras.Input(shape=(10, 10, 3))
x = layers.Conv2D(4, 3, activation="relu")(image)
x = layers.GlobalAveragePooling2D()(x)
frame_encoder = keras.Model(image, x, name="frame_encoder")
features = layers.TimeDistributed(frame_encoder)(video)
x = layers.LSTM(8)(features)
outputs = layers.Dense(3, activation="softmax")(x)
model = keras.Model(video, outputs)
# %%
model.compile(optimizer="sgd", loss="categorical_crossentropy")
# %%
clips = rng.random((4, 4, 10, 10, 3)).astype("float32")
actions = keras.utils.to_categorical(rng.integers(0, 3, 4), num_classes=3)
model.fit(clips, actions, verbose=0)
"""

WIDE_AND_DEEP = """\
input_wide = layers.Input(shape=[5], name="wide")
input_deep = layers.Input(shape=[6], name="deep")
hidden_1 = layers.Dense(30, activation="relu")(input_deep)
hidden_2 = layers.Dense(30, activation="relu")(hidden_1)
concat = layers.concatenate([input_wide, hidden_2])
output = layers.Dense(1, name="main")(concat)
aux_output = layers.Dense(1, name="aux")(hidden_2)
model = keras.Model(inputs=[input_wide, input_deep], outputs=[output, aux_output])
# %%
model.compile(loss=["mse", "mse"], loss_weights=[0.9, 0.1], optimizer="sgd")
# %%
table = rng.random((16, 8))
price = rng.random((16, 1))
wide, deep = table[:, :5], table[:, 2:]
model.fit((wide, deep), (price, price), epochs=1, verbose=0)
"""

AUDIO = """\
sound = keras.Input((64, 1), name="sound")
x = layers.Conv1D(4, 9, strides=4, activation="relu")(sound)
x = layers.MaxPooling1D(2)(x)
x = layers.Conv1D(8, 3, activation="relu")(x)
x = layers.GlobalMaxPooling1D()(x)
x = layers.Dense(8, activation="relu")(x)
speaker = layers.Dense(4, activation="softmax")(x)
model = keras.Model(sound, speaker, name="speakers")
# %%
model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
# %%
waves = rng.standard_normal((8, 64, 1))
speakers = rng.integers(0, 4, 8)
model.fit(waves, speakers, batch_size=8, verbose=0)
"""

WAVENET = """\
series = keras.Input((32, 1), name="series")
x = layers.Conv1D(8, 1, padding="same")(series)
skips = []
for rate in (1, 2, 4):
    tanh = layers.Conv1D(8, 2, padding="causal", dilation_rate=rate, activation="tanh")(x)
    gate = layers.Conv1D(8, 2, padding="causal", dilation_rate=rate, activation="sigmoid")(x)
    gated = layers.multiply([tanh, gate])
    skip = layers.Conv1D(8, 1, padding="same")(gated)
    x = layers.add([x, skip])
    skips.append(skip)
total = layers.Add()([x, *skips])
x = layers.Activation("relu")(total)
outputs = layers.Conv1D(1, 1)(x)
model = keras.Model(series, outputs, name="wavenet")
# %%
model.compile(optimizer="sgd", loss="mae")
# %%
signal = rng.standard_normal((4, 33, 1)).astype("float32")
model.fit(signal[:, :-1, :], signal[:, 1:, :], verbose=0)
"""

TAGGING = """\
words = keras.Input((None,), dtype="int32", name="words")
x = layers.Embedding(60, 12, mask_zero=True)(words)
x = layers.GRU(10, return_sequences=True)(x)
tags = layers.TimeDistributed(layers.Dense(7, activation="softmax"))(x)
model = keras.Model(words, tags, name="tagger")
# %%
model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
# %%
sentences = rng.integers(1, 60, (8, 9))
tag_ids = rng.integers(0, 7, (8, 9))
model.fit(sentences, tag_ids, verbose=0)
"""

BIDIRECTIONAL = """\
sequence = keras.Input((12, 4), name="sequence")
x = layers.Bidirectional(layers.LSTM(6, return_sequences=True))(sequence)
x = layers.Bidirectional(layers.LSTM(6), merge_mode="concat")(x)
x = layers.Dropout(0.2)(x)
x = layers.Dense(8, activation="relu")(x)
outputs = layers.Dense(1)(x)
model = keras.Model(sequence, outputs)
# %%
model.compile(optimizer="sgd", loss="mean_squared_error", metrics=["mae"])
# %%
x_train = rng.random((8, 12, 4))
y_train = rng.random(8)
model.fit(x_train, y_train, validation_split=0.25, verbose=0)
"""

MASKED = """\
tokens = keras.Input(shape=(8,), dtype="int32", name="tokens")
embedded = layers.Embedding(input_dim=40, output_dim=6, mask_zero=True)(tokens)
encoded = layers.LSTM(units=5)(embedded)
score = layers.Dense(units=1, activation="sigmoid")(encoded)
model = keras.Model(inputs=tokens, outputs=score, name="sentiment")
# %%
model.compile(loss="binary_crossentropy", optimizer="sgd", metrics=["accuracy"])
# %%
texts = [[3, 5, 2], [7, 1, 9, 4, 6], [8, 8], [12, 33, 4, 2, 7, 9]]
padded = keras.utils.pad_sequences(texts, maxlen=8, padding="post")
labels = np.array([0, 1, 1, 0])
model.fit(padded, labels, verbose=0)
"""

TRANSFER = """\
base_input = keras.Input((16, 16, 3))
y = layers.Conv2D(4, 3, activation="relu")(base_input)
y = layers.MaxPooling2D()(y)
y = layers.Conv2D(8, 3, activation="relu")(y)
base = keras.Model(base_input, y, name="base")
base.trainable = False
# %%
photo = keras.Input(shape=(16, 16, 3), name="photo")
x = layers.Rescaling(1 / 255)(photo)
x = base(x, training=False)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dropout(0.2)(x)
outputs = layers.Dense(1, activation="sigmoid")(x)
model = keras.Model(photo, outputs, name="cats_and_dogs")
# %%
model.compile(optimizer="sgd", loss="binary_crossentropy", metrics=["accuracy"])
# %%
photos = rng.integers(0, 256, (8, 16, 16, 3)).astype("float32")
is_dog = rng.integers(0, 2, 8)
model.fit(photos, is_dog, epochs=1, verbose=0)
"""

TWO_TOWERS = """\
user = keras.Input(shape=(1,), dtype="int32", name="user")
movie = keras.Input(shape=(1,), dtype="int32", name="movie")
user_vector = layers.Flatten()(layers.Embedding(20, 8, name="users")(user))
movie_vector = layers.Flatten()(layers.Embedding(30, 8, name="movies")(movie))
similarity = layers.Dot(axes=1)([user_vector, movie_vector])
rating = layers.Dense(1)(similarity)
model = keras.Model(inputs=[user, movie], outputs=rating, name="recommender")
# %%
model.compile(optimizer="sgd", loss="mse")
# %%
user_ids = rng.integers(0, 20, (16, 1))
movie_ids = rng.integers(0, 30, (16, 1))
ratings = rng.random((16, 1)) * 5
model.fit({"user": user_ids, "movie": movie_ids}, ratings, verbose=0)
"""

EXPERTS = """\
features = keras.Input((10,), name="features")
experts = [layers.Dense(8, activation="relu")(features) for _ in range(3)]
stacked = ops.stack(experts, axis=1)
gate = layers.Dense(3, activation="softmax", name="gate")(features)
weights = layers.Reshape((3, 1))(gate)
mixed = layers.multiply([stacked, weights])
x = ops.sum(mixed, axis=1)
outputs = layers.Dense(2, activation="softmax")(x)
model = keras.Model(features, outputs, name="experts")
# %%
model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
# %%
x = rng.random((16, 10))
y = rng.integers(0, 2, 16)
model.fit(x, y, verbose=0)
"""

DENSENET = """\
def dense_block(x, count):
    for _ in range(count):
        y = layers.BatchNormalization()(x)
        y = layers.Activation("relu")(y)
        y = layers.Conv2D(4, 3, padding="same")(y)
        x = layers.concatenate([x, y])
    return x


inputs = keras.Input((8, 8, 3))
x = layers.Conv2D(8, 3, padding="same")(inputs)
x = dense_block(x, 2)
x = layers.Conv2D(8, 1)(x)
x = layers.AveragePooling2D(2)(x)
x = dense_block(x, 1)
x = layers.GlobalAveragePooling2D()(x)
outputs = layers.Dense(4, activation="softmax")(x)
model = keras.Model(inputs, outputs, name="densenet")
# %%
model.compile("sgd", "categorical_crossentropy")
# %%
images = rng.random((4, 8, 8, 3)).astype("float32")
classes = keras.utils.to_categorical([0, 1, 2, 3], 4)
model.fit(images, classes, verbose=0)
"""

MOBILENET = """\
inputs = keras.Input((12, 12, 3), name="photo")
x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(inputs)
x = layers.BatchNormalization()(x)
x = layers.ReLU(max_value=6.0)(x)
x = layers.DepthwiseConv2D(3, padding="same")(x)
x = layers.Conv2D(16, 1)(x)
x = layers.SeparableConv2D(16, 3, strides=(2, 2), padding="same", activation="relu")(x)
x = layers.GlobalAveragePooling2D(keepdims=True)(x)
x = layers.Conv2D(6, 1)(x)
x = layers.Flatten()(x)
outputs = layers.Softmax()(x)
model = keras.Model(inputs, outputs)
# %%
model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
# %%
photos = rng.random((4, 12, 12, 3))
kinds = np.array([0, 5, 2, 3])
model.fit(photos, kinds, verbose=0)
"""

SUPER_RESOLUTION = """\
small = keras.Input((6, 6, 3), name="small")
x = layers.Conv2D(8, 3, padding="same", activation="relu")(small)
x = layers.Conv2D(12, 3, padding="same")(x)
x = layers.Reshape((6, 6, 2, 2, 3))(x)
x = layers.Permute((1, 3, 2, 4, 5))(x)
detail = layers.Reshape((12, 12, 3))(x)
enlarged = layers.UpSampling2D(size=2, interpolation="bilinear")(small)
large = layers.Add()([detail, enlarged])
model = keras.Model(small, large, name="super_resolution")
# %%
model.compile(optimizer="sgd", loss="mean_absolute_error")
# %%
large_images = rng.random((4, 12, 12, 3)).astype("float32")
small_images = large_images[:, ::2, ::2, :]
model.fit(small_images, large_images, verbose=0)
"""

SEGMENTATION = """\
inputs = keras.Input((16, 16, 3), name="street")
x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(inputs)
x = layers.Conv2D(8, 3, padding="same", activation="relu", dilation_rate=2)(x)
pooled = layers.GlobalAveragePooling2D()(x)
pooled = layers.Reshape((1, 1, 8))(pooled)
pooled = layers.UpSampling2D((8, 8))(pooled)
x = layers.Concatenate()([x, pooled])
x = layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu")(x)
classes = layers.Conv2D(5, 1, activation="softmax")(x)
model = keras.Model(inputs, classes, name="segmentation")
# %%
model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
# %%
streets = rng.random((4, 16, 16, 3)).astype("float32")
pixels = rng.integers(0, 5, (4, 16, 16))
model.fit(streets, pixels, batch_size=2, verbose=0)
"""

REGRESSION = """\
table = keras.Input(shape=(7,))
x = layers.BatchNormalization()(table)
x = layers.Dense(16, activation="relu", kernel_regularizer="l2")(x)
x = layers.Dense(8, activation="relu")(x)
price = layers.Dense(1, name="price")(x)
model = keras.Model(table, price)
# %%
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.01),
    loss=keras.losses.MeanSquaredError(),
    metrics=[keras.metrics.MeanAbsoluteError()],
)
# %%
houses = rng.random((16, 7))
prices = houses.sum(axis=1, keepdims=True)
model.fit(houses, prices, validation_data=(houses, prices), verbose=0)
"""

MULTI_LABEL = """\
poster = keras.Input((10, 10, 3), name="poster")
x = layers.Conv2D(4, (3, 3), activation="relu")(poster)
x = layers.MaxPooling2D(pool_size=(2, 2))(x)
x = layers.Flatten()(x)
x = layers.Dense(12, activation="relu")(x)
genres = layers.Dense(6, activation="sigmoid", name="genres")(x)
model = keras.Model(poster, genres)
# %%
model.compile(optimizer="sgd", loss="binary_crossentropy", metrics=["binary_accuracy"])
# %%
posters = rng.random((8, 10, 10, 3)).astype("float32")
has_genre = rng.integers(0, 2, (8, 6)).astype("float32")
model.fit(posters, has_genre, verbose=0)
"""

VOLUMES = """\
volume = keras.Input((8, 8, 8, 1), name="volume")
x = layers.Conv3D(4, 3, activation="relu")(volume)
x = layers.MaxPooling3D(2)(x)
x = layers.GlobalAveragePooling3D()(x)
tumour = layers.Dense(1, activation="sigmoid")(x)
model = keras.Model(volume, tumour)
# %%
model.compile("sgd", loss="binary_crossentropy")
# %%
volumes = rng.random((4, 8, 8, 8, 1)).astype("float32")
has_tumour = np.array([0, 1, 0, 1])
model.fit(volumes, has_tumour, verbose=0)
"""

FORECAST = """\
past = keras.Input((10, 3), name="past")
x = layers.LSTM(8)(past)
x = layers.RepeatVector(4)(x)
x = layers.LSTM(8, return_sequences=True)(x)
future = layers.TimeDistributed(layers.Dense(3))(x)
model = keras.Model(past, future, name="forecast")
# %%
model.compile(optimizer="sgd", loss="mse")
# %%
series = rng.random((8, 14, 3)).astype("float32")
model.fit(series[:, :10], series[:, 10:], verbose=0)
"""

CAPTIONS = """\
image = keras.Input((32,), name="image")
caption = keras.Input((7,), dtype="int32", name="caption")
image_features = layers.Dropout(0.5)(image)
image_features = layers.Dense(16, activation="relu")(image_features)
word_features = layers.Embedding(50, 16, mask_zero=True)(caption)
word_features = layers.LSTM(16)(word_features)
x = layers.add([image_features, word_features])
x = layers.Dense(16, activation="relu")(x)
next_word = layers.Dense(50, activation="softmax")(x)
model = keras.Model(inputs=[image, caption], outputs=next_word)
# %%
model.compile(loss="categorical_crossentropy", optimizer="sgd")
# %%
image_data = rng.random((8, 32))
caption_data = rng.integers(1, 50, (8, 7))
next_words = keras.utils.to_categorical(rng.integers(0, 50, 8), num_classes=50)
model.fit([image_data, caption_data], next_words, verbose=0)
"""

QUESTIONS = """\
picture = keras.Input(shape=(12, 12, 3), name="picture")
x = layers.Conv2D(4, 3, activation="relu")(picture)
x = layers.MaxPooling2D(2)(x)
x = layers.Reshape((25, 4))(x)
question = keras.Input(shape=(6,), dtype="int32", name="question")
q = layers.Embedding(30, 4)(question)
attended = layers.MultiHeadAttention(2, 4)(query=q, value=x)
q = layers.GlobalAveragePooling1D()(attended)
answer = layers.Dense(5, activation="softmax", name="answer")(q)
model = keras.Model([picture, question], answer)
# %%
model.compile("sgd", "sparse_categorical_crossentropy")
# %%
pictures = rng.random((4, 12, 12, 3)).astype("float32")
questions = rng.integers(0, 30, (4, 6))
answers = rng.integers(0, 5, (4,))
model.fit({"picture": pictures, "question": questions}, answers, verbose=0)
"""

SQUEEZE = """\
inputs = keras.Input((8, 8, 4))
x = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
squeeze = layers.GlobalAveragePooling2D()(x)
squeeze = layers.Dense(2, activation="relu")(squeeze)
squeeze = layers.Dense(8, activation="sigmoid")(squeeze)
squeeze = layers.Reshape((1, 1, 8))(squeeze)
x = layers.Multiply()([x, squeeze])
x = layers.Flatten()(x)
outputs = layers.Dense(3)(x)
model = keras.Model(inputs, outputs)
# %%
model.compile(
    optimizer="sgd",
    loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
# %%
x = rng.random((6, 8, 8, 4)).astype("float32")
y = np.eye(3)[rng.integers(0, 3, 6)]
model.fit(x, y, verbose=0)
"""

OWN_LAYER = """\
class CustomDense(layers.Layer):
    def __init__(self, units=32, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True
        )
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

    def call(self, inputs):
        return ops.matmul(inputs, self.w) + self.b

    def get_config(self):
        return {**super().get_config(), "units": self.units}


inputs = keras.Input((4,))
x = CustomDense(8)(inputs)
x = layers.Activation("relu")(x)
outputs = CustomDense(3)(x)
model = keras.Model(inputs, outputs)
# %%
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(optimizer="sgd", loss=loss)
# %%
x = rng.random((8, 4))
y = rng.integers(0, 3, 8)
model.fit(x, y, verbose=0)
"""

NESTED_AUTOENCODER = """\
encoder_input = keras.Input(shape=(14, 14, 1), name="original_img")
x = layers.Conv2D(4, 3, activation="relu")(encoder_input)
x = layers.MaxPooling2D(3)(x)
x = layers.Conv2D(16, 3, activation="relu")(x)
encoder_output = layers.GlobalMaxPooling2D()(x)
encoder = keras.Model(encoder_input, encoder_output, name="encoder")
# %%
decoder_input = keras.Input(shape=(16,), name="encoded_img")
x = layers.Reshape((4, 4, 1))(decoder_input)
x = layers.UpSampling2D(3)(x)
decoder_output = layers.Conv2DTranspose(1, 3, activation="sigmoid")(x)
decoder = keras.Model(decoder_input, decoder_output, name="decoder")
# %%
autoencoder_input = keras.Input(shape=(14, 14, 1), name="img")
encoded_img = encoder(autoencoder_input)
decoded_img = decoder(encoded_img)
model = keras.Model(autoencoder_input, decoded_img, name="autoencoder")
# %%
model.compile(optimizer="sgd", loss="mse")
# %%
images = rng.random((6, 14, 14, 1)).astype("float32")
model.fit(images, images, verbose=0)
"""

ENSEMBLE = """\
def get_model():
    inputs = keras.Input(shape=(12,))
    outputs = layers.Dense(1)(inputs)
    return keras.Model(inputs, outputs)


model_1 = get_model()
model_2 = get_model()
model_3 = get_model()
inputs = keras.Input(shape=(12,))
y_1 = model_1(inputs)
y_2 = model_2(inputs)
y_3 = model_3(inputs)
outputs = layers.average([y_1, y_2, y_3])
model = keras.Model(inputs=inputs, outputs=outputs)
# %%
model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
# %%
x = rng.random((8, 12))
y = rng.random((8, 1))
model.fit(x, y, epochs=2, verbose=0)
"""

TABLE = """\
city = keras.Input((1,), dtype="int32", name="city")
day = keras.Input((1,), dtype="int32", name="day")
numbers = keras.Input((4,), name="numbers")
city_vector = layers.Reshape((3,))(layers.Embedding(10, 3)(city))
day_vector = layers.Reshape((2,))(layers.Embedding(7, 2)(day))
scaled = layers.LayerNormalization()(numbers)
x = layers.Concatenate()([city_vector, day_vector, scaled])
x = layers.Dense(16, activation="relu")(x)
x = layers.Dropout(0.1)(x)
sales = layers.Dense(1, name="sales")(x)
model = keras.Model({"city": city, "day": day, "numbers": numbers}, sales)
# %%
model.compile(optimizer="sgd", loss="mse")
# %%
data = {
    "city": rng.integers(0, 10, (8, 1)),
    "day": rng.integers(0, 7, (8, 1)),
    "numbers": rng.random((8, 4)),
}
sold = rng.random((8, 1))
model.fit(data, sold, verbose=0)
"""

PATCHES = """\
image = keras.Input((16, 16, 3), name="image")
patches = layers.Conv2D(filters=8, kernel_size=4, strides=4)(image)
x = layers.Reshape(target_shape=(16, 8))(patches)
normal = layers.LayerNormalization()(x)
attention = layers.MultiHeadAttention(num_heads=2, key_dim=4)(normal, normal)
x = layers.Add()([attention, x])
x = layers.Flatten()(x)
x = layers.Dropout(0.3)(x)
logits = layers.Dense(units=10)(x)
model = keras.Model(inputs=image, outputs=logits, name="vision_transformer")
# %%
model.compile(
    optimizer="sgd",
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
# %%
x_train = rng.random((4, 16, 16, 3))
y_train = rng.integers(0, 10, 4)
model.fit(x=x_train, y=y_train, verbose=0)
"""

DETECTION = """\
photo = keras.Input((12, 12, 3), name="photo")
x = layers.Conv2D(8, 3, activation="relu")(photo)
x = layers.MaxPooling2D(2)(x)
x = layers.Flatten()(x)
box = layers.Dense(4, activation="sigmoid", name="box")(x)
label = layers.Dense(3, activation="softmax", name="label")(x)
model = keras.Model(photo, {"box": box, "label": label}, name="detection")
# %%
model.compile(
    optimizer="sgd",
    loss={"box": "mse", "label": "sparse_categorical_crossentropy"},
    metrics={"label": ["accuracy"]},
)
# %%
photos = rng.random((4, 12, 12, 3)).astype("float32")
boxes = rng.random((4, 4)).astype("float32")
labels = rng.integers(0, 3, 4)
model.fit(photos, {"box": boxes, "label": labels}, verbose=0)
"""

_SOURCES = {
    name.lower(): source
    for name, source in list(globals().items())
    if name.isupper() and name != "PREAMBLE" and not name.startswith("_")
}


def cells(source: str) -> list[str]:
    """Returns the cells of a notebook."""
    return [cell.strip("\n") for cell in source.split("# %%\n")]


MODELS: dict[str, list[str]] = {name: cells(source) for name, source in _SOURCES.items()}
