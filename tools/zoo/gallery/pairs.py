"""Pairs and triplets, contrastive learning, agents, several inputs and heads."""

import keras
from keras import layers, ops


def euclidean_distance(vectors):
    """The distance of two vectors."""
    x, y = vectors
    total = ops.sum(ops.square(x - y), axis=1, keepdims=True)
    return ops.sqrt(ops.maximum(total, keras.config.epsilon()))


def siamese_contrastive():
    """One tower called twice, a Lambda, a loss with a margin."""

    def contrastive(y_true, y_pred):
        return ops.mean(
            (1 - y_true) * ops.square(y_pred) + y_true * ops.square(ops.maximum(1 - y_pred, 0))
        )

    image = keras.Input((28, 28, 1))
    x = layers.BatchNormalization()(image)
    x = layers.Conv2D(4, 5, activation="tanh")(x)
    x = layers.AveragePooling2D(2)(x)
    x = layers.Dense(10, activation="tanh")(layers.BatchNormalization()(layers.Flatten()(x)))
    tower = keras.Model(image, x)
    one, two = keras.Input((28, 28, 1)), keras.Input((28, 28, 1))
    merged = layers.Lambda(euclidean_distance, output_shape=(1,))([tower(one), tower(two)])
    x = layers.BatchNormalization()(merged)
    model = keras.Model([one, two], layers.Dense(1, activation="sigmoid")(x))
    model.compile(loss=contrastive, optimizer="rmsprop", metrics=["accuracy"])
    return model


class DistanceLayer(layers.Layer):
    """Distances of an anchor to a positive and to a negative."""

    def call(self, anchor, positive, negative):
        return (
            ops.sum(ops.square(anchor - positive), -1),
            ops.sum(ops.square(anchor - negative), -1),
        )


def siamese_triplets():
    names = ("anchor", "positive", "negative")
    inputs = {name: keras.Input((32, 32, 3), name=name) for name in names}
    tower = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(16),
        ],
        name="embedding",
    )
    vectors = [tower(inputs[name]) for name in names]
    return keras.Model(list(inputs.values()), DistanceLayer()(*vectors))


def semantic_similarity_of_sentences():
    """Shared embeddings and an LSTM; average, maximum and their joining."""
    first, second = (
        keras.Input((20,), dtype="int32", name=name) for name in ("first", "second")
    )
    embedding = layers.Embedding(50, 8, mask_zero=True)
    encode = layers.Bidirectional(layers.LSTM(8, return_sequences=True))
    parts = []
    for x in (first, second):
        y = encode(embedding(x))
        parts += [layers.GlobalAveragePooling1D()(y), layers.GlobalMaxPooling1D()(y)]
    x = layers.Dropout(0.3)(layers.concatenate(parts))
    model = keras.Model([first, second], layers.Dense(3, activation="softmax")(x))
    model.compile("adam", "categorical_crossentropy", metrics=["acc"])
    return model


def picture_and_text():
    """Two encoders with projections of their own, as in CLIP; similarities of all pairs."""

    def project(x):
        projected = x = layers.Dense(16)(x)
        x = layers.Dropout(0.1)(layers.Dense(16)(ops.gelu(x)))
        return layers.LayerNormalization()(layers.Add()([projected, x]))

    image = keras.Input((32, 32, 3), name="image")
    words = keras.Input((12,), dtype="int32", name="words")
    of_image = project(layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3)(image)))
    of_words = project(layers.GlobalAveragePooling1D()(layers.Embedding(50, 8)(words)))
    return keras.Model({"image": image, "words": words}, {"image": of_image, "words": of_words})


def visual_question_answering():
    image = keras.Input((32, 32, 3), name="image")
    question = keras.Input((10,), dtype="int32", name="question")
    x = layers.Conv2D(8, 3, strides=2, activation="relu")(image)
    x = layers.Dense(16, activation="tanh")(layers.Flatten()(x))
    y = layers.LSTM(16)(layers.Embedding(30, 8, mask_zero=True)(question))
    y = layers.Dense(16, activation="tanh")(y)
    x = layers.Dense(16, activation="tanh")(layers.Multiply()([x, y]))
    model = keras.Model([image, question], layers.Dense(12, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def support_tickets():
    """Three inputs, two outputs of different kinds, as in the functional guide."""
    title = keras.Input((None,), name="title")
    body = keras.Input((None,), name="body")
    tags = keras.Input((12,), name="tags")
    x = layers.concatenate(
        [
            layers.LSTM(16)(layers.Embedding(100, 8)(title)),
            layers.LSTM(8)(layers.Embedding(100, 8)(body)),
            tags,
        ]
    )
    model = keras.Model(
        [title, body, tags],
        {
            "priority": layers.Dense(1, name="priority")(x),
            "department": layers.Dense(4, name="department")(x),
        },
    )
    model.compile(
        keras.optimizers.RMSprop(1e-3),
        loss={
            "priority": keras.losses.BinaryCrossentropy(from_logits=True),
            "department": keras.losses.CategoricalCrossentropy(from_logits=True),
        },
        loss_weights={"priority": 1.0, "department": 0.2},
    )
    return model


def actor_critic():
    """Probabilities of actions and a value, for a loop of one's own."""
    inputs = keras.Input((4,))
    common = layers.Dense(16, activation="relu")(inputs)
    action = layers.Dense(2, activation="softmax")(common)
    critic = layers.Dense(1)(common)
    return keras.Model(inputs, [action, critic])


def deep_q_network():
    """Frames first, turned inside by an operation; no activation at the end."""
    return keras.Sequential(
        [
            keras.Input((4, 84, 84)),
            layers.Lambda(
                lambda tensor: ops.transpose(tensor, [0, 2, 3, 1]), output_shape=(84, 84, 4)
            ),
            layers.Conv2D(16, 8, strides=4, activation="relu"),
            layers.Conv2D(16, 4, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(4, activation="linear"),
        ]
    )


def ddpg_actor_with_scaled_tanh():
    inputs = keras.Input((3,))
    x = layers.Dense(32, activation="relu")(layers.Dense(32, activation="relu")(inputs))
    x = layers.Dense(1, activation="tanh", kernel_initializer="random_uniform")(x)
    return keras.Model(inputs, x * 2.0)


def supervised_contrastive_projection():
    encoder = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.RandomFlip("horizontal"),
            layers.Conv2D(8, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
        ],
        name="encoder",
    )
    inputs = keras.Input((32, 32, 3))
    model = keras.Model(inputs, layers.Dense(16, activation="relu")(encoder(inputs)))

    def npairs(y_true, y_pred):
        similar = ops.matmul(y_pred, ops.transpose(y_pred))
        return -ops.mean(ops.log_softmax(similar))

    model.compile("adam", npairs)
    return model


def knowledge_distiller():
    """A frozen teacher and a student on one input, a dict of two outputs."""

    def network(width, name):
        return keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Conv2D(width, 3, strides=2, padding="same"),
                layers.LeakyReLU(negative_slope=0.2),
                layers.Flatten(),
                layers.Dense(10),
            ],
            name=name,
        )

    teacher, student = network(16, "teacher"), network(4, "student")
    teacher.trainable = False
    image = keras.Input((28, 28, 1))
    soft = ops.softmax(teacher(image, training=False) / 3.0, axis=1)
    model = keras.Model(image, {"student": student(image), "teacher": soft})
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss={"student": loss, "teacher": None})
    return model


def multi_task_experts_with_gates():
    """Shared experts, gates of two tasks by softmax, two sigmoid towers."""
    features = keras.Input((16,))
    experts = [layers.Dense(8, activation="relu")(features) for _number in range(3)]
    stacked = layers.Lambda(lambda it: ops.stack(it, axis=1), output_shape=(3, 8))(experts)
    outputs = []
    for task in ("click", "buy"):
        gate = layers.Dense(3, activation="softmax", name=f"gate_{task}")(features)
        x = layers.Dot(axes=(1, 1))([gate, stacked])
        x = layers.Dense(8, activation="relu")(x)
        outputs.append(layers.Dense(1, activation="sigmoid", name=task)(x))
    model = keras.Model(features, outputs)
    model.compile("adam", loss=["binary_crossentropy", "binary_crossentropy"])
    return model
