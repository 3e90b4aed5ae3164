"""Models of many kinds, small enough to be changed and built anew many times.

The classes are not registered, as in a notebook: Keras finds them only in a scope with `CLASSES`.
"""

import keras
import numpy as np
from keras import layers, ops


def symbol(*shape, **options):
    return keras.Input(shape, **options)


class LazyInside(layers.Layer):
    """makes its sublayers in build"""

    def __init__(self, units=4, **kw):
        super().__init__(**kw)
        self.units = units

    def build(self, shape):
        self.d = layers.Dense(self.units)
        self.d.build(shape)
        self.e = layers.Dense(shape[-1])
        self.e.build((*shape[:-1], self.units))

    def call(self, x):
        return x + self.e(self.d(x))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class TwoOut(layers.Layer):
    def __init__(self, units=4, **kw):
        super().__init__(**kw)
        self.units = units
        self.d = layers.Dense(units)

    def call(self, x, training=None, mask=None):
        y = self.d(x)
        return (
            {"mean": ops.mean(y, axis=1), "all": y}
            if training
            else {"all": y, "mean": ops.mean(y, axis=1)}
        )

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class PosExtra(layers.Layer):
    """positional extra tensors and constant kwargs"""

    def __init__(self, units=4, **kw):
        super().__init__(**kw)
        self.units = units
        self.q = layers.Dense(units)
        self.k = layers.Dense(units)

    def call(self, x, context, scale=1.0, mask=None, return_scores=False):
        s = ops.matmul(self.q(x), ops.transpose(self.k(context), (0, 2, 1))) * scale
        y = ops.matmul(ops.softmax(s), context)
        return (y, s) if return_scores else y

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class NeedsMask(layers.Layer):
    supports_masking = True

    def call(self, x, mask=None):
        if mask is None:
            raise ValueError("a mask is needed")
        return ops.sum(x * ops.cast(mask, x.dtype)[..., None], axis=1)


class NeedsTraining(layers.Layer):
    def call(self, x, training):
        if training is None:
            raise ValueError("training is needed")
        return (
            layers.Dropout(0.1)(x, training=training) if False else x if training else x * 1.0
        )


class SubTwo(keras.Model):
    """subclassed model with several outputs"""

    def __init__(self, units=4, **kw):
        super().__init__(**kw)
        self.units = units
        self.a = layers.Dense(units)
        self.b = layers.Dense(2)

    def call(self, x):
        h = self.a(x)
        return (h, self.b(h))

    def get_config(self):
        return {"name": self.name, "units": self.units}


class OptAdd(layers.Layer):
    def call(self, xs):
        return xs[0] if xs[1] is None else xs[0] + xs[1]

    def compute_output_shape(self, s):
        return s[0]


class Square(layers.Layer):
    def call(self, x):
        self.last = 1
        return ops.concatenate([x, x * x], axis=-1)


class Cell(layers.Layer):
    def __init__(self, units, **kw):
        super().__init__(**kw)
        self.units = units
        self.state_size = [units, units]

    def build(self, s):
        self.k = self.add_weight(shape=(s[-1], self.units))

    def call(self, x, states):
        h = ops.matmul(x, self.k) + states[0]
        return (h, [h, states[1] + 1])

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class GatedLinearUnit(layers.Layer):
    def __init__(self, units, **kw):
        super().__init__(**kw)
        self.units = units
        self.linear = layers.Dense(units)
        self.sig = layers.Dense(units, activation="sigmoid")

    def call(self, x):
        return self.linear(x) * self.sig(x)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class Residual(layers.Layer):
    def __init__(self, inner, **kw):
        super().__init__(**kw)
        self.inner = inner

    def call(self, x):
        return x + self.inner(x)

    def get_config(self):
        return {
            **super().get_config(),
            "inner": keras.saving.serialize_keras_object(self.inner),
        }

    @classmethod
    def from_config(cls, c):
        c = dict(c)
        c["inner"] = keras.saving.deserialize_keras_object(c["inner"])
        return cls(**c)


class CrossAttn(layers.Layer):
    def __init__(self, heads=2, dim=4, **kw):
        super().__init__(**kw)
        self.heads, self.dim = (heads, dim)
        self.mha = layers.MultiHeadAttention(heads, dim)
        self.supports_masking = True

    def call(self, inputs, encoder_outputs, padding_mask=None, training=None):
        return inputs + self.mha(
            inputs, encoder_outputs, encoder_outputs, attention_mask=padding_mask
        )

    def get_config(self):
        return {**super().get_config(), "heads": self.heads, "dim": self.dim}


def my_swish(x):
    return x * ops.sigmoid(x)


def bidirectional_lstm_states():
    x = symbol(7, 5, name="x")
    o = layers.Bidirectional(
        layers.LSTM(3, return_state=True, return_sequences=True), name="bi"
    )(x)
    return keras.Model(x, [layers.Dense(2)(o[0]), layers.Concatenate()([o[1], o[3]])])


def seq2seq_bi():
    e = symbol(None, 6, name="enc")
    d = symbol(None, 7, name="dec")
    o = layers.Bidirectional(layers.LSTM(4, return_state=True), name="el")(e)
    h = layers.Concatenate(name="h")([o[1], o[3]])
    c = layers.Concatenate(name="c")([o[2], o[4]])
    y = layers.LSTM(8, return_sequences=True, name="dl")(d, initial_state=[h, c])
    return keras.Model([e, d], layers.Dense(7, name="out")(y))


def needs_mask():
    x = symbol(6, dtype="int32", name="x")
    e = layers.Embedding(20, 8, mask_zero=True, name="emb")(x)
    return keras.Model(x, layers.Dense(3, name="o")(NeedsMask(name="nm")(e)))


def needs_mask_explicit():
    x = symbol(6, 4, name="x")
    m = symbol(6, dtype="bool", name="m")
    return keras.Model(
        [x, m],
        layers.Dense(3, name="o")(NeedsMask(name="nm")(layers.Dense(4, name="d")(x), mask=m)),
    )


def needs_training():
    x = symbol(6, name="x")
    return keras.Model(
        x,
        layers.Dense(2, name="o")(
            NeedsTraining(name="nt")(layers.Dense(4, name="d")(x), training=False)
        ),
    )


def mha_mask():
    x = symbol(6, 8, name="x")
    m = symbol(6, 6, dtype="bool", name="m")
    y = layers.MultiHeadAttention(2, 4, name="att")(x, x, attention_mask=m)
    return keras.Model([x, m], layers.Dense(3, name="o")(y))


def mha_scores():
    x = symbol(6, 8, name="x")
    c = symbol(9, 5, name="c")
    y, s = layers.MultiHeadAttention(2, 4, name="att")(x, c, c, return_attention_scores=True)
    return keras.Model([x, c], [layers.Dense(3, name="o")(y), s])


def attention_masked():
    q = symbol(5, dtype="int32", name="q")
    v = symbol(8, dtype="int32", name="v")
    e = layers.Embedding(11, 6, mask_zero=True, name="emb")
    a = layers.Attention(name="att")([e(q), e(v)])
    return keras.Model([q, v], layers.GlobalAveragePooling1D(name="g")(a))


def pos_extra_scores():
    x = symbol(6, 8, name="x")
    c = symbol(9, 8, name="c")
    y, s = PosExtra(4, name="pe")(x, c, scale=0.5, return_scores=True)
    return keras.Model([x, c], [layers.Dense(2, name="o")(y), layers.Flatten(name="f")(s)])


def two_out_dict():
    x = symbol(6, 8, name="x")
    o = TwoOut(5, name="two")(x, training=True)
    return keras.Model(x, {"m": layers.Dense(2, name="dm")(o["mean"]), "a": o["all"]})


def sub_two():
    x = symbol(8, name="x")
    a, b = SubTwo(5, name="sub")(x)
    return keras.Model(x, layers.Concatenate(name="cat")([a, b]))


def lazy_inside():
    x = symbol(6, 8, name="x")
    return keras.Model(
        x, layers.Dense(2, name="o")(LazyInside(5, name="lz")(layers.Dense(7, name="d")(x)))
    )


def nested_free():
    i = symbol(None, None, 3, name="i")
    e = keras.Model(i, layers.Conv2D(4, 3, name="c")(i), name="enc")
    x = symbol(20, 20, 3, name="x")
    return keras.Model(x, layers.Dense(3, name="o")(layers.GlobalMaxPooling2D(name="g")(e(x))))


def nested_multi_out():
    i = symbol(6, 4, name="i")
    o = layers.LSTM(3, return_state=True, name="l")(i)
    e = keras.Model(i, {"h": o[1], "y": o[0], "c": o[2]}, name="enc")
    x = symbol(6, 4, name="x")
    r = e(x)
    return keras.Model(x, layers.Concatenate(name="k")([r["c"], r["y"]]))


def nested_dict_in():
    ins = {
        "img": symbol(4, name="img"),
        "meta": (symbol(3, name="age"), {"id": symbol(1, name="id")}),
    }
    y = layers.Concatenate(name="k")([ins["img"], ins["meta"][0], ins["meta"][1]["id"]])
    return keras.Model(ins, layers.Dense(2, name="o")(y))


def nested_model_dict_in():
    ins = {"b": symbol(4, name="b"), "a": symbol(3, name="a")}
    e = keras.Model(
        ins,
        layers.Dense(5, name="d")(layers.Concatenate(name="k")([ins["a"], ins["b"]])),
        name="enc",
    )
    x, z = (symbol(4, name="x"), symbol(3, name="z"))
    return keras.Model([x, z], layers.Dense(2, name="o")(e({"a": z, "b": x})))


def optional_input():
    a, b = (symbol(4, name="a"), keras.Input((4,), name="b", optional=True))
    return keras.Model([a, b], layers.Dense(3, name="o")(OptAdd(name="oa")([a, b])))


def string_in():
    a = keras.Input((), dtype="string", name="a")
    n = keras.Input((), name="n")
    looked_up = layers.StringLookup(vocabulary=["x", "y"], output_mode="one_hot", name="sl")(a)
    return keras.Model(
        [a, n],
        layers.Dense(2, name="o")(
            layers.Concatenate(name="k")([looked_up, layers.Reshape((1,), name="r")(n)])
        ),
    )


def sequential_built_on_batch():
    s = keras.Sequential([layers.Dense(3, name="d"), layers.Dense(2, name="e")], name="seq")
    s(np.ones((4, 5), "float32"))
    x = symbol(5, name="x")
    return keras.Model(x, layers.Dense(6, name="o")(s(x)))


def sequential_nested():
    a = keras.Sequential(
        [layers.Dense(4, name="a1"), layers.BatchNormalization(name="bn")], name="A"
    )
    return keras.Sequential(
        [
            symbol(6, name="x"),
            a,
            keras.Sequential([layers.Dense(3, name="b1")], name="B"),
            layers.Dense(2, name="o"),
        ]
    )


def sequential_fixed_batch():
    return keras.Sequential(
        [
            keras.Input(batch_shape=(4, 9, 3), name="x"),
            layers.GRU(5, stateful=True, name="g"),
            layers.Dense(2, name="o"),
        ]
    )


def shared_twice():
    a, b = (symbol(6, name="a"), symbol(6, name="b"))
    d = layers.Dense(4, name="d")
    return keras.Model(
        [a, b], layers.Concatenate(name="k")([d(a), d(b), layers.Dense(3, name="e")(d(a))])
    )


def frozen_nested():
    i = symbol(6, name="i")
    e = keras.Model(i, layers.Dense(5, name="d")(i), name="enc")
    e.trainable = False
    x = symbol(6, name="x")
    return keras.Model(x, layers.Dense(3, name="o")(e(x)))


def nested_training():
    i = symbol(6, name="i")
    e = keras.Model(
        i, layers.BatchNormalization(name="bn")(layers.Dense(5, name="d")(i)), name="enc"
    )
    x = symbol(6, name="x")
    return keras.Model(x, layers.Dense(3, name="o")(e(x, training=False)))


def td_model():
    i = symbol(4, 3, name="i")
    e = keras.Model(i, layers.Dense(4, name="d")(layers.Flatten(name="f")(i)), name="enc")
    x = symbol(5, 4, 3, name="x")
    return keras.Model(
        x,
        layers.Dense(3, name="o")(
            layers.LSTM(4, name="l")(layers.TimeDistributed(e, name="td")(x))
        ),
    )


def convlstm_state():
    x = symbol(5, 10, 10, 2, name="x")
    _y, h, c = layers.ConvLSTM2D(4, 3, return_state=True, name="cl")(x)
    return keras.Model(x, layers.Add(name="add")([h, c]))


def rnn_stacked_states():
    x = symbol(None, 5, name="x")
    o = layers.RNN(
        [layers.LSTMCell(4), layers.GRUCell(3)],
        return_state=True,
        return_sequences=True,
        name="r",
    )(x)
    return keras.Model(x, keras.tree.flatten(o))


def vae_decoder():
    x = symbol(2, name="z")
    y = layers.Reshape((7, 7, 8), name="r")(layers.Dense(7 * 7 * 8, name="d")(x))
    y = layers.Conv2DTranspose(8, 3, strides=2, padding="same", name="t1")(y)
    y = layers.Conv2DTranspose(4, 3, strides=2, padding="valid", output_padding=1, name="t2")(y)
    return keras.Model(x, layers.Conv2DTranspose(1, 3, padding="same", name="t3")(y))


def ops_everywhere():
    x = symbol(6, 4, name="x")
    y = x * 2 + 1
    y = ops.concatenate([y, ops.zeros_like(y)], axis=-1)
    y = ops.transpose(y, (0, 2, 1))
    z = ops.split(y, 2, axis=1)
    return keras.Model(
        x, layers.Dense(3, name="o")(ops.matmul(z[0], ops.transpose(z[1], (0, 2, 1))))
    )


def act_fn():
    x = symbol(6, name="x")
    return keras.Model(
        x,
        layers.Dense(2, activation=my_swish, name="o")(
            layers.Dense(4, activation=my_swish, name="d")(x)
        ),
    )


def lambda_fn():
    x = symbol(6, 4, name="x")
    return keras.Model(x, layers.Dense(2, name="o")(layers.Lambda(my_swish, name="lm")(x)))


def square():
    x = symbol(6, name="x")
    return keras.Model(
        x, layers.Dense(2, name="o")(Square(name="sq")(layers.Dense(3, name="d")(x)))
    )


def rnn_cell_custom():
    x = symbol(None, 6, name="x")
    return keras.Model(x, layers.RNN(Cell(5), return_state=True, name="r")(x))


def residual_lazy_seq_conv():
    x = symbol(8, 8, 3, name="x")
    return keras.Model(
        x,
        layers.Flatten(name="f")(
            Residual(
                keras.Sequential(
                    [layers.Conv2D(3, 3, padding="same"), layers.BatchNormalization()]
                ),
                name="res",
            )(x)
        ),
    )


def cross_attn_mask():
    x = symbol(6, 8, name="x")
    c = symbol(9, 5, name="c")
    m = symbol(6, 9, dtype="bool", name="m")
    return keras.Model(
        [x, c, m],
        layers.Dense(2, name="o")(CrossAttn(name="ca")(x, encoder_outputs=c, padding_mask=m)),
    )


def masked_custom():
    t = symbol(7, dtype="int32", name="t")
    e = layers.Embedding(12, 8, mask_zero=True, name="e")(t)
    c = symbol(9, 5, name="c")
    return keras.Model([t, c], layers.GRU(3, name="g")(CrossAttn(name="ca")(e, c)))


def lazy_seq_img():
    s = keras.Sequential(
        [
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(5),
        ],
        name="enc",
    )
    a, b = (symbol(12, 12, 1, name="a"), symbol(12, 12, 1, name="b"))
    return keras.Model(
        [a, b], layers.Dense(1, name="o")(layers.Subtract(name="s")([s(a), s(b)]))
    )


def reversed_outputs():
    x = symbol(6, name="x")
    a, b = (layers.Dense(3, name="a")(x), layers.Dense(2, name="b")(x))
    return keras.Model(x, [b, a, b])


def mmoe():
    x = symbol(6, name="x")
    ex = [layers.Dense(4, name=f"e{i}")(x) for i in range(3)]
    st = ops.stack(ex, axis=1)
    outs = []
    for t in range(2):
        g = layers.Dense(3, activation="softmax", name=f"g{t}")(x)
        outs.append(layers.Dense(1, name=f"o{t}")(ops.sum(st * ops.expand_dims(g, -1), axis=1)))
    return keras.Model(x, outs)


def subclass_in_seq():
    return keras.Sequential(
        [
            symbol(6, name="x"),
            GatedLinearUnit(4, name="glu"),
            layers.Dropout(0.1, name="dr"),
            layers.Dense(2, name="o"),
        ]
    )


CLASSES = {
    it.__name__: it
    for it in (
        LazyInside,
        TwoOut,
        PosExtra,
        NeedsMask,
        NeedsTraining,
        SubTwo,
        OptAdd,
        Square,
        Cell,
        GatedLinearUnit,
        Residual,
        CrossAttn,
        my_swish,
    )
}

CHANGEABLE = [
    "bidirectional_lstm_states",
    "seq2seq_bi",
    "needs_mask",
    "needs_mask_explicit",
    "needs_training",
    "mha_mask",
    "mha_scores",
    "attention_masked",
    "pos_extra_scores",
    "two_out_dict",
    "sub_two",
    "lazy_inside",
    "nested_free",
    "nested_multi_out",
    "nested_dict_in",
    "nested_model_dict_in",
    "optional_input",
    "string_in",
    "sequential_built_on_batch",
    "sequential_nested",
    "sequential_fixed_batch",
    "shared_twice",
    "frozen_nested",
    "nested_training",
    "td_model",
    "convlstm_state",
    "rnn_stacked_states",
    "vae_decoder",
    "ops_everywhere",
    "act_fn",
    "lambda_fn",
    "square",
    "rnn_cell_custom",
    "residual_lazy_seq_conv",
    "cross_attn_mask",
    "masked_custom",
    "lazy_seq_img",
    "reversed_outputs",
    "mmoe",
    "subclass_in_seq",
]
