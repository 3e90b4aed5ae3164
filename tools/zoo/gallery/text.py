"""Text: classifiers, tagging, translation, language models."""

import keras
from keras import layers, ops


class TransformerBlock(layers.Layer):
    """Attention and a small network, each with a residual and a normalisation."""

    def __init__(self, embed_dim, num_heads, ff_dim, rate=0.1):
        super().__init__()
        self.att = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.ffn = keras.Sequential(
            [layers.Dense(ff_dim, activation="relu"), layers.Dense(embed_dim)]
        )
        self.norm1 = layers.LayerNormalization(epsilon=1e-6)
        self.norm2 = layers.LayerNormalization(epsilon=1e-6)
        self.drop1 = layers.Dropout(rate)
        self.drop2 = layers.Dropout(rate)

    def call(self, inputs):
        out = self.norm1(inputs + self.drop1(self.att(inputs, inputs)))
        return self.norm2(out + self.drop2(self.ffn(out)))


class TokenAndPosition(layers.Layer):
    """Two embeddings, added."""

    def __init__(self, maxlen, vocab_size, embed_dim):
        super().__init__()
        self.token_emb = layers.Embedding(vocab_size, embed_dim)
        self.pos_emb = layers.Embedding(maxlen, embed_dim)

    def call(self, x):
        positions = ops.arange(0, ops.shape(x)[-1])
        return self.token_emb(x) + self.pos_emb(positions)


def text_classification_with_transformer():
    inputs = keras.Input((20,))
    x = TokenAndPosition(20, 50, 8)(inputs)
    x = TransformerBlock(8, 2, 8)(x)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(0.1)(x)
    x = layers.Dense(8, activation="relu")(x)
    outputs = layers.Dense(2, activation="softmax")(layers.Dropout(0.1)(x))
    model = keras.Model(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def bidirectional_lstm_imdb():
    inputs = keras.Input((None,), dtype="int32")
    x = layers.Embedding(100, 16)(inputs)
    x = layers.Bidirectional(layers.LSTM(8, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(8))(x)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def convolution_on_words():
    inputs = keras.Input((None,), dtype="int64")
    x = layers.Embedding(100, 16)(inputs)
    x = layers.Dropout(0.5)(x)
    x = layers.Conv1D(16, 7, padding="valid", activation="relu", strides=3)(x)
    x = layers.Conv1D(16, 2, padding="valid", activation="relu", strides=3)(x)
    x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dense(16, activation="relu")(x)
    outputs = layers.Dense(1, activation="sigmoid", name="predictions")(layers.Dropout(0.5)(x))
    model = keras.Model(inputs, outputs)
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def vectorised_inside_the_model():
    vectorise = layers.TextVectorization(output_sequence_length=6)
    vectorise.adapt(["a small text", "another text of words"])
    text = keras.Input((), dtype="string", name="text")
    x = layers.Embedding(vectorise.vocabulary_size(), 8, mask_zero=True)(vectorise(text))
    x = layers.GRU(8)(x)
    model = keras.Model(text, layers.Dense(1, activation="sigmoid")(x))
    model.compile("adam", "binary_crossentropy")
    return model


def named_entities_in_a_tagger():
    inputs = keras.Input((None,), dtype="int32")
    x = layers.Embedding(60, 16, mask_zero=True)(inputs)
    x = layers.Bidirectional(layers.LSTM(16, return_sequences=True, recurrent_dropout=0.1))(x)
    x = layers.Dropout(0.2)(x)
    tags = layers.TimeDistributed(layers.Dense(5, activation="softmax"))(x)
    model = keras.Model(inputs, tags)
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def character_seq2seq():
    encoder_inputs = keras.Input((None, 20))
    _outputs, h, c = layers.LSTM(16, return_state=True)(encoder_inputs)
    decoder_inputs = keras.Input((None, 25))
    decoder = layers.LSTM(16, return_sequences=True, return_state=True)
    decoder_outputs, _h, _c = decoder(decoder_inputs, initial_state=[h, c])
    decoder_outputs = layers.Dense(25, activation="softmax")(decoder_outputs)
    model = keras.Model([encoder_inputs, decoder_inputs], decoder_outputs)
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    return model


def character_seq2seq_decoder_step():
    """The decoder for inference, with its states as inputs and outputs."""
    one = keras.Input((1, 25))
    h, c = keras.Input((16,), name="h"), keras.Input((16,), name="c")
    x, h2, c2 = layers.LSTM(16, return_sequences=True, return_state=True)(
        one, initial_state=[h, c]
    )
    return keras.Model([one, h, c], [layers.Dense(25, activation="softmax")(x), h2, c2])


def seq2seq_with_attention():
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    encoded = layers.Bidirectional(layers.GRU(8, return_sequences=True))(
        layers.Embedding(40, 8, mask_zero=True)(source)
    )
    decoded = layers.GRU(16, return_sequences=True)(
        layers.Embedding(40, 8, mask_zero=True)(target)
    )
    context = layers.Attention()([decoded, encoded])
    x = layers.Concatenate()([decoded, context])
    model = keras.Model(
        {"source": source, "target": target}, layers.Dense(40, activation="softmax")(x)
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


class PositionalEmbedding(layers.Layer):
    """Tokens and positions, with a mask of its own."""

    def __init__(self, sequence_length, vocab_size, embed_dim, **kwargs):
        super().__init__(**kwargs)
        self.token_embeddings = layers.Embedding(vocab_size, embed_dim)
        self.position_embeddings = layers.Embedding(sequence_length, embed_dim)
        self.sequence_length = sequence_length
        self.vocab_size = vocab_size
        self.embed_dim = embed_dim

    def call(self, inputs):
        positions = ops.arange(0, ops.shape(inputs)[-1], 1)
        return self.token_embeddings(inputs) + self.position_embeddings(positions)

    def compute_mask(self, inputs, mask=None):
        return ops.not_equal(inputs, 0)

    def get_config(self):
        config = super().get_config()
        config.update(
            {
                "sequence_length": self.sequence_length,
                "vocab_size": self.vocab_size,
                "embed_dim": self.embed_dim,
            }
        )
        return config


class TransformerEncoder(layers.Layer):
    """One block of an encoder."""

    def __init__(self, embed_dim, dense_dim, num_heads, **kwargs):
        super().__init__(**kwargs)
        self.embed_dim, self.dense_dim, self.num_heads = embed_dim, dense_dim, num_heads
        self.attention = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.dense_proj = keras.Sequential(
            [layers.Dense(dense_dim, activation="relu"), layers.Dense(embed_dim)]
        )
        self.layernorm_1 = layers.LayerNormalization()
        self.layernorm_2 = layers.LayerNormalization()
        self.supports_masking = True

    def call(self, inputs, mask=None):
        padding = ops.cast(mask[:, None, :], "int32") if mask is not None else None
        attended = self.attention(
            query=inputs, value=inputs, key=inputs, attention_mask=padding
        )
        x = self.layernorm_1(inputs + attended)
        return self.layernorm_2(x + self.dense_proj(x))

    def get_config(self):
        return {
            **super().get_config(),
            "embed_dim": self.embed_dim,
            "dense_dim": self.dense_dim,
            "num_heads": self.num_heads,
        }


class TransformerDecoder(layers.Layer):
    """One block of a decoder, with a causal mask."""

    def __init__(self, embed_dim, latent_dim, num_heads, **kwargs):
        super().__init__(**kwargs)
        self.embed_dim, self.latent_dim, self.num_heads = embed_dim, latent_dim, num_heads
        self.attention_1 = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.attention_2 = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.dense_proj = keras.Sequential(
            [layers.Dense(latent_dim, activation="relu"), layers.Dense(embed_dim)]
        )
        self.norms = [layers.LayerNormalization() for _number in range(3)]
        self.supports_masking = True

    def call(self, inputs, mask=None):
        inputs, encoder_outputs = inputs
        x = self.norms[0](inputs + self.attention_1(inputs, inputs, use_causal_mask=True))
        x = self.norms[1](x + self.attention_2(x, encoder_outputs, encoder_outputs))
        return self.norms[2](x + self.dense_proj(x))

    def get_config(self):
        return {
            **super().get_config(),
            "embed_dim": self.embed_dim,
            "latent_dim": self.latent_dim,
            "num_heads": self.num_heads,
        }


def translation_with_transformer():
    """An encoder and a decoder model, nested in one."""
    encoder_inputs = keras.Input((None,), dtype="int64", name="encoder_inputs")
    x = PositionalEmbedding(20, 50, 16)(encoder_inputs)
    encoder_outputs = TransformerEncoder(16, 32, 2)(x)
    encoder = keras.Model(encoder_inputs, encoder_outputs, name="encoder")
    decoder_inputs = keras.Input((None,), dtype="int64", name="decoder_inputs")
    encoded = keras.Input((None, 16), name="decoder_state_inputs")
    x = PositionalEmbedding(20, 50, 16)(decoder_inputs)
    x = TransformerDecoder(16, 32, 2)([x, encoded])
    x = layers.Dropout(0.5)(x)
    decoder_outputs = layers.Dense(50, activation="softmax")(x)
    decoder = keras.Model([decoder_inputs, encoded], decoder_outputs, name="decoder")
    model = keras.Model(
        {"encoder_inputs": encoder_inputs, "decoder_inputs": decoder_inputs},
        decoder([decoder_inputs, encoder(encoder_inputs)]),
        name="transformer",
    )
    model.compile(
        "rmsprop",
        loss=keras.losses.SparseCategoricalCrossentropy(ignore_class=0),
        metrics=["accuracy"],
    )
    return model


def miniature_gpt():
    """Two outputs, of which only the first has a loss."""
    inputs = keras.Input((20,), dtype="int32")
    x = TokenAndPosition(20, 50, 16)(inputs)
    x = x + layers.MultiHeadAttention(2, 16)(x, x, use_causal_mask=True)
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    outputs = layers.Dense(50)(x)
    model = keras.Model(inputs, [outputs, x])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss=[loss, None])
    return model


def masked_language_model():
    """A head with a softmax for each token, named as in keras.io's BERT."""
    inputs = keras.Input((20,), dtype="int64")
    words = layers.Embedding(50, 16, name="word_embedding")(inputs)
    places = layers.Embedding(20, 16, name="position_embedding")(ops.arange(0, 20))
    x = words + places
    attended = layers.MultiHeadAttention(2, 8, name="encoder_0_attention")(x, x, x)
    x = layers.LayerNormalization(name="encoder_0_norm_1")(x + layers.Dropout(0.1)(attended))
    ffn = keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(16)], name="ffn")
    x = layers.LayerNormalization(name="encoder_0_norm_2")(x + ffn(x))
    outputs = layers.Dense(50, name="mlm_cls", activation="softmax")(x)
    model = keras.Model(inputs, outputs, name="masked_bert_model")
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy())
    return model


def span_question_answering():
    """Starts and ends of an answer: Dense, Flatten, softmax as a layer."""
    ids = keras.Input((16,), dtype="int32", name="input_ids")
    types = keras.Input((16,), dtype="int32", name="token_type_ids")
    x = layers.Embedding(50, 8)(ids) + layers.Embedding(2, 8)(types)
    x = TransformerBlock(8, 2, 16)(x)
    start = layers.Flatten()(layers.Dense(1, name="start_logit", use_bias=False)(x))
    end = layers.Flatten()(layers.Dense(1, name="end_logit", use_bias=False)(x))
    start = layers.Activation(keras.activations.softmax, name="start")(start)
    end = layers.Activation(keras.activations.softmax, name="end")(end)
    model = keras.Model([ids, types], [start, end])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=False)
    model.compile("adam", loss=[loss, loss])
    return model


def reading_with_memory():
    """babi: story and question, weights of attention by softmax in the middle."""
    story = keras.Input((12,), dtype="int32")
    question = keras.Input((4,), dtype="int32")
    story_m = layers.Dropout(0.3)(layers.Embedding(30, 8)(story))
    story_c = layers.Dropout(0.3)(layers.Embedding(30, 4)(story))
    asked = layers.Dropout(0.3)(layers.Embedding(30, 8)(question))
    match = layers.Activation("softmax")(layers.Dot(axes=(2, 2))([story_m, asked]))
    response = layers.Permute((2, 1))(layers.Add()([match, story_c]))
    answer = layers.LSTM(8)(layers.Concatenate()([response, asked]))
    answer = layers.Dense(30)(layers.Dropout(0.3)(answer))
    model = keras.Model([story, question], layers.Activation("softmax")(answer))
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def addition_with_repeat_vector():
    model = keras.Sequential(
        [
            keras.Input((7, 12)),
            layers.LSTM(16),
            layers.RepeatVector(4),
            layers.LSTM(16, return_sequences=True),
            layers.Dense(12, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


def mixture_of_experts_switch():
    """A router by softmax in the middle, experts stacked and weighted."""
    inputs = keras.Input((20,))
    x = TokenAndPosition(20, 50, 8)(inputs)
    gates = layers.Dense(3, activation="softmax", name="router")(x)
    experts = [layers.Dense(8, activation="relu")(x) for _number in range(3)]
    stacked = ops.stack(experts, axis=2)
    x = ops.sum(stacked * ops.expand_dims(gates, -1), axis=2)
    x = layers.GlobalAveragePooling1D()(x)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model
