"""Tables, recommenders, graphs: many inputs, towers, preprocessing inside the model."""

import keras
import numpy as np
from keras import layers, ops

_NUMBERS = [f"number_{n}" for n in range(20)]
_WORDS = [f"word_{n}" for n in range(20)]


def _table_inputs():
    inputs = {name: keras.Input((1,), name=name) for name in _NUMBERS}
    inputs |= {name: keras.Input((1,), name=name, dtype="int32") for name in _WORDS}
    return inputs


def forty_columns():
    inputs = _table_inputs()
    parts = [layers.Normalization(mean=0.0, variance=1.0)(inputs[name]) for name in _NUMBERS]
    parts += [layers.Flatten()(layers.Embedding(10, 4)(inputs[name])) for name in _WORDS]
    x = layers.Dense(32, activation="relu")(layers.concatenate(parts))
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Dropout(0.5)(x)))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def wide_and_deep():
    inputs = _table_inputs()
    wide = layers.concatenate(
        [
            layers.CategoryEncoding(num_tokens=10, output_mode="one_hot")(inputs[n])
            for n in _WORDS
        ]
        + [inputs[name] for name in _NUMBERS]
    )
    wide = layers.BatchNormalization()(wide)
    deep = layers.concatenate(
        [layers.Flatten()(layers.Embedding(10, 3)(inputs[name])) for name in _WORDS]
        + [inputs[name] for name in _NUMBERS]
    )
    for units in (32, 32):
        deep = layers.ReLU()(layers.BatchNormalization()(layers.Dense(units)(deep)))
        deep = layers.Dropout(0.1)(deep)
    outputs = layers.Dense(7, activation="softmax")(layers.concatenate([wide, deep]))
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy())
    return model


def deep_and_cross():
    inputs = _table_inputs()
    x0 = layers.concatenate([inputs[name] for name in _NUMBERS])
    cross = x0
    for _number in range(3):
        cross = x0 * layers.Dense(20)(cross) + cross
    deep = layers.Dense(16, activation="relu")(x0)
    model = keras.Model(
        [inputs[name] for name in _NUMBERS],
        layers.Dense(3, activation="softmax")(layers.concatenate([cross, deep])),
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def structured_data_preprocessed():
    """Adapted layers inside the model: strings, integers, numbers."""
    kind = keras.Input((1,), name="kind", dtype="string")
    count = keras.Input((1,), name="count", dtype="int64")
    size = keras.Input((1,), name="size")
    of_kind = layers.StringLookup(output_mode="binary")
    of_kind.adapt(np.array([["a"], ["b"], ["c"]]))
    of_count = layers.IntegerLookup(output_mode="binary")
    of_count.adapt(np.array([[1], [2], [5]]))
    of_size = layers.Normalization()
    of_size.adapt(np.array([[1.0], [2.0], [9.0]]))
    x = layers.concatenate([of_kind(kind), of_count(count), of_size(size)])
    x = layers.Dropout(0.5)(layers.Dense(16, activation="relu")(x))
    model = keras.Model([kind, count, size], layers.Dense(1, activation="sigmoid")(x))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def feature_space_crosses():
    age = keras.Input((1,), name="age")
    job = keras.Input((1,), name="job", dtype="string")
    buckets = layers.Discretization(bin_boundaries=[20.0, 40.0, 60.0])(age)
    jobs = layers.StringLookup(vocabulary=["x", "y"])(job)
    crossed = layers.HashedCrossing(num_bins=16, output_mode="one_hot")((buckets, jobs))
    hashed = layers.Hashing(num_bins=8, output_mode="one_hot")(job)
    x = layers.Concatenate()([crossed, hashed])
    model = keras.Model({"age": age, "job": job}, layers.Dense(1, activation="sigmoid")(x))
    model.compile("adam", "binary_crossentropy")
    return model


def collaborative_filtering():
    """Users and items: dot products and biases, a sigmoid operation at the end."""
    user, movie = keras.Input((1,), name="user"), keras.Input((1,), name="movie")
    regular = keras.regularizers.l2(1e-6)

    def vector(x, count, name):
        made = layers.Embedding(
            count,
            8,
            embeddings_initializer="he_normal",
            embeddings_regularizer=regular,
            name=name,
        )
        return layers.Flatten()(made(x))

    match = layers.Dot(axes=1)(
        [vector(user, 50, "user_embedding"), vector(movie, 80, "movie_embedding")]
    )
    bias = layers.Flatten()(layers.Embedding(50, 1)(user))
    other = layers.Flatten()(layers.Embedding(80, 1)(movie))
    model = keras.Model([user, movie], ops.sigmoid(match + bias + other))
    model.compile(loss=keras.losses.BinaryCrossentropy(), optimizer="adam")
    return model


def two_towers_retrieval():
    """Query and candidate towers with layers of their own, scores of all pairs."""
    query, item = keras.Input((1,), name="query"), keras.Input((1,), name="candidate")

    def tower(x, name):
        x = layers.Flatten()(layers.Embedding(100, 16)(x))
        x = layers.Dense(16, activation="relu")(x)
        return layers.UnitNormalization(name=name)(layers.Dense(8)(x))

    scores = ops.matmul(tower(query, "q"), ops.transpose(tower(item, "c")))
    return keras.Model([query, item], scores)


def neural_matrix_factorisation():
    """Two pairs of embeddings; one pair multiplied, one joined."""
    user = keras.Input((1,), dtype="int32", name="user")
    item = keras.Input((1,), dtype="int32", name="item")

    def embedded(x, count, size):
        return layers.Flatten()(layers.Embedding(count, size)(x))

    product = layers.Multiply()([embedded(user, 100, 8), embedded(item, 100, 8)])
    x = layers.Concatenate()([embedded(user, 100, 8), embedded(item, 100, 8)])
    x = layers.Dense(8, activation="relu")(x)
    x = layers.Concatenate()([product, x])
    model = keras.Model([user, item], layers.Dense(1, activation="sigmoid")(x))
    model.compile("adam", "binary_crossentropy")
    return model


def ranking_two_towers_subtracted():
    """A user and a document, equal towers, the difference scored."""
    one = keras.Input((12,), name="user_features")
    two = keras.Input((12,), name="document_features")

    def tower(x):
        return layers.Dense(8)(layers.Dense(16, activation="relu")(x))

    x = layers.Subtract()([tower(one), tower(two)])
    model = keras.Model([one, two], layers.Dense(1)(ops.abs(x)))
    model.compile("adam", "mse")
    return model


def behaviour_sequence_transformer():
    movies = keras.Input((4,), dtype="int32", name="sequence_movie_ids")
    target = keras.Input((), dtype="int32", name="target_movie_id")
    ratings = keras.Input((4,), name="sequence_ratings")
    embedding = layers.Embedding(100, 8, name="movie_embedding")
    encoded, encoded_target = embedding(movies), embedding(target)
    places = layers.Embedding(4, 8, name="position_embedding")(ops.arange(4))
    x = (encoded + places) * ops.expand_dims(ratings, -1)
    x = ops.concatenate([x, ops.expand_dims(encoded_target, 1)], axis=1)
    attended = layers.Dropout(0.1)(layers.MultiHeadAttention(2, 8)(x, x))
    x1 = layers.LayerNormalization()(layers.Add()([x, attended]))
    x2 = layers.LeakyReLU()(x1)
    x = layers.LayerNormalization()(
        layers.Add()([x1, layers.Dropout(0.1)(layers.Dense(8)(x2))])
    )
    x = layers.Flatten()(x)
    model = keras.Model([movies, target, ratings], layers.Dense(1)(x))
    model.compile("adagrad", keras.losses.MeanSquaredError())
    return model


def gated_residual_networks():
    """Gated linear units and variable selection: a softmax over the features in the middle."""

    def gated(x, units, rate):
        y = layers.Dropout(rate)(layers.Dense(units)(layers.Dense(units, activation="elu")(x)))
        y = layers.Dense(units)(y) * layers.Dense(units, activation="sigmoid")(y)
        x = layers.Dense(units)(x) if x.shape[-1] != units else x
        return layers.LayerNormalization()(x + y)

    columns = [keras.Input((8,), name=f"feature_{n}") for n in range(5)]
    joined = layers.concatenate(columns)
    weights = layers.Dense(5, activation="softmax")(gated(joined, 8, 0.1))
    weights = ops.expand_dims(weights, -1)
    stacked = ops.stack([gated(x, 8, 0.1) for x in columns], axis=1)
    x = ops.squeeze(ops.matmul(ops.transpose(weights, (0, 2, 1)), stacked), axis=1)
    model = keras.Model(columns, layers.Dense(1, activation="sigmoid")(x))
    model.compile("adam", keras.losses.BinaryCrossentropy())
    return model


def neural_decision_forest():
    """Trees as a custom layer; the mean of the trees is the answer."""

    class Tree(keras.Model):
        def __init__(self, depth, features, classes):
            super().__init__()
            self.depth = depth
            self.leaves = 2**depth
            self.pi = self.add_weight(shape=[self.leaves, classes], initializer="random_normal")
            self.decide = layers.Dense(self.leaves, activation="sigmoid", name="decision")

        def call(self, features):
            decisions = ops.expand_dims(self.decide(features), axis=2)
            decisions = ops.concatenate([decisions, 1 - decisions], axis=2)
            mu = ops.ones([ops.shape(features)[0], 1, 1])
            begin, end = 1, 2
            for level in range(self.depth):
                mu = ops.reshape(mu, [-1, begin, 1])
                mu = ops.tile(mu, (1, 1, 2)) * decisions[:, begin:end, :]
                begin, end = end, end + 2 ** (level + 1)
            mu = ops.reshape(mu, [-1, self.leaves])
            return ops.matmul(mu, ops.softmax(self.pi))

    features = keras.Input((10,))
    x = layers.BatchNormalization()(features)
    outputs = layers.Average()([Tree(3, 10, 4)(x) for _number in range(3)])
    model = keras.Model(features, outputs)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy())
    return model


def imbalanced_classification():
    model = keras.Sequential(
        [
            keras.Input((30,)),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(1e-2),
        loss="binary_crossentropy",
        metrics=[
            keras.metrics.Precision(name="precision"),
            keras.metrics.Recall(name="recall"),
        ],
    )
    return model


def probabilistic_mean_and_deviation():
    """A mean and a positive deviation, trained by a likelihood of one's own."""

    def negative_log_likelihood(y_true, y_pred):
        mean, deviation = y_pred[:, :1], y_pred[:, 1:]
        return ops.log(deviation) + ops.square((y_true - mean) / deviation) / 2

    inputs = keras.Input((11,))
    x = layers.BatchNormalization()(inputs)
    x = layers.Dense(8, activation="sigmoid")(x)
    mean = layers.Dense(1)(x)
    deviation = layers.Dense(1, activation="softplus")(x)
    model = keras.Model(inputs, layers.Concatenate()([mean, deviation]))
    model.compile("rmsprop", negative_log_likelihood)
    return model


class GraphConvolution(layers.Layer):
    """Gathers the neighbours of each node and joins their sum; the edges are an array."""

    def __init__(self, units, edges, **kwargs):
        super().__init__(**kwargs)
        self.units, self.edges = units, edges
        self.ffn = keras.Sequential([layers.Dense(units, activation="gelu")])

    def call(self, nodes):
        messages = ops.take(self.ffn(nodes), self.edges[1], axis=1)
        sums = ops.segment_sum(ops.swapaxes(messages, 0, 1), self.edges[0], num_segments=6)
        return ops.concatenate([nodes, ops.swapaxes(sums, 0, 1)], axis=-1)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "edges": self.edges}


def node_classification_with_graph_layers():
    edges = np.array([[0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0]])
    nodes = keras.Input((6, 8))
    x = layers.Dense(8, activation="gelu")(nodes)
    for number in range(2):
        x = GraphConvolution(8, edges, name=f"graph_{number}")(x)
    model = keras.Model(nodes, layers.Dense(4)(x))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def molecules_with_adjacency():
    """An adjacency matrix and features as two inputs; matmul over edges."""
    adjacency = keras.Input((4, 9, 9), name="adjacency")
    features = keras.Input((9, 5), name="features")
    x = features
    for units in (16, 16):
        x = ops.matmul(adjacency, x[:, None, :, :])
        x = ops.sum(layers.Dense(units)(x), axis=1)
        x = ops.relu(x)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(0.2)(layers.Dense(16, activation="relu")(x))
    return keras.Model([adjacency, features], layers.Dense(1, dtype="float32")(x))
