"""Further mistakes with layers, graphs and files, in the form of cells of a notebook.

`changes` tells whether the edit changes the cells, so that they run after it; otherwise `mended`
replaces the last cell.
"""

PREAMBLE = """import numpy as np
import keras
from keras import layers, ops
rng = np.random.default_rng(0)"""

CASES = [
    {
        "name": "mask_without_a_default",
        "kind": "custom layers",
        "rule": "call-signature",
        "cells": [
            """class Pool(layers.Layer):
    def call(self, x, mask):
        return ops.sum(x * ops.cast(mask, x.dtype)[..., None], axis=1)
seq = keras.Input((10, 4), name="seq")
out = Pool(name="pool")(seq)""",
        ],
        "right": "`call` needs a mask: a default, and a layer before that makes one.",
        "words": "Masking()",
        "changes": True,
    },
    {
        "name": "several_arguments_for_one_list",
        "kind": "custom layers",
        "rule": "call-signature",
        "cells": [
            """class Gap(layers.Layer):
    def call(self, inputs):
        a, b = inputs
        return ops.abs(a - b)
left = keras.Input((4,), name="left"); right = keras.Input((4,), name="right")
out = Gap(name="gap")(left, right)""",
        ],
        "right": "`call` unpacks one list: `Gap()([left, right])`.",
        "words": "[left, right]",
        "changes": True,
    },
    {
        "name": "training_and_mask_without_defaults",
        "kind": "custom layers",
        "rule": "call-signature",
        "cells": [
            """class Block(layers.Layer):
    def call(self, x, training, mask):
        return x
inp = keras.Input((6,), name='inp')
x = Block()(inp)""",
        ],
        "right": "Both switches need a default.",
        "words": "training=False",
        "changes": True,
    },
    {
        "name": "a_switch_with_a_name_of_its_own",
        "kind": "custom layers",
        "rule": "call-signature",
        "cells": [
            """class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.d = layers.Dense(1)
    def call(self, x, is_training):
        return self.d(x)
net = Net()
net.compile("adam", "mse")
net.fit(rng.random((8,6)), rng.random((8,1)), verbose=0)""",
        ],
        "right": "Keras passes only `training`: rename it, with a default.",
        "words": "training=False",
        "changes": True,
    },
    {
        "name": "a_model_called_on_two_arrays",
        "kind": "custom layers",
        "rule": "call-signature",
        "cells": [
            """class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.d = layers.Dense(1)
    def call(self, a, b):
        return self.d(a + b)
net = Net()
net.compile("adam", "mse")
net.fit([rng.random((8,6)), rng.random((8,6))], rng.random((8,1)), verbose=0)""",
        ],
        "right": "`fit` passes one list: `def call(self, inputs)`, then unpack.",
        "words": "def call(self, inputs)",
        "changes": True,
    },
    {
        "name": "call_without_self",
        "kind": "custom layers",
        "rule": "call-signature",
        "cells": [
            """class Double(layers.Layer):
    def call(x):
        return 2 * x
inp = keras.Input((6,), name='inp')
b = Double()(inp)""",
        ],
        "right": "`self` comes first.",
        "words": "self, x",
        "changes": True,
    },
    {
        "name": "a_name_for_a_layer_without_options",
        "kind": "custom layers",
        "rule": "missing-kwargs",
        "cells": [
            """class Scale(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units
    def call(self, x):
        return x * self.units
inp = keras.Input((6,), name='inp')
x = Scale(3, name="scale")(inp)""",
        ],
        "right": "`__init__` takes `**kwargs` and passes them on.",
        "words": "**kwargs",
        "changes": True,
    },
    {
        "name": "a_keyword_that_call_does_not_have",
        "kind": "custom layers",
        "rule": "call-signature",
        "cells": [
            """class Scale(layers.Layer):
    def call(self, x, factor=2.0):
        return factor * x
inp = keras.Input((6,), name='inp')
b = Scale(name='scale')(inp, scale=3.0)""",
        ],
        "right": "`call` has `factor`, not `scale`.",
        "words": "factor=",
        "changes": True,
    },
    {
        "name": "training_by_position",
        "kind": "custom layers",
        "rule": "call-signature",
        "cells": [
            """inp = keras.Input((6,), name='inp')
b = layers.Dropout(0.5)(inp, True)""",
        ],
        "right": "Only tensors are passed by position: `training=True`.",
        "words": "training=True",
        "changes": True,
    },
    {
        "name": "call_returns_an_array",
        "kind": "custom layers",
        "rule": "no-tensor-returned",
        "cells": [
            """class Ones(layers.Layer):
    def call(self, x):
        return np.ones((4, 4))
inp = keras.Input((6,), name='inp')
x = Ones(name="ones")(inp)
out = layers.Dense(1)(x)
model = keras.Model(inp, out)
model.compile("adam", "mse")
model.fit(rng.random((8,6)), rng.random((8,1)), verbose=0)""",
        ],
        "right": "`ops.ones` in the place of `np.ones`.",
        "words": "from the tensors",
        "mended": """class Ones(layers.Layer):
    def call(self, x):
        return ops.ones_like(x)
x = Ones(name="ones")(inp)
out = layers.Dense(1)(x)""",
        "changes": False,
    },
    {
        "name": "compute_mask_without_the_mask",
        "kind": "custom layers",
        "rule": "call-signature",
        "cells": [
            """class Pass(layers.Layer):
    def call(self, x):
        return x * 2
    def compute_mask(self, inputs):
        return None
words = keras.Input((10,), dtype="int32")
e = layers.Embedding(20, 4, mask_zero=True)(words)
b = Pass()(e)""",
        ],
        "right": "`compute_mask(self, inputs, mask=None)`.",
        "words": "mask=None",
        "changes": True,
    },
    {
        "name": "an_output_shape_that_is_not_returned",
        "kind": "custom layers",
        "rule": "missing-return",
        "cells": [
            """class Head(layers.Layer):
    def call(self, x):
        return x[:, :1]
    def compute_output_shape(self, input_shape):
        (input_shape[0], 1)
inp = keras.Input((6,), name='inp')
x = Head(name="head")(inp)""",
        ],
        "right": "`return (input_shape[0], 1)`.",
        "words": "return (input_shape[0], 1)",
        "changes": True,
    },
    {
        "name": "add_weight_in_the_old_order",
        "kind": "custom layers",
        "rule": "add-weight",
        "cells": [
            """class Scale(layers.Layer):
    def build(self, input_shape):
        self.w = self.add_weight("w", (input_shape[-1],), "float32", "ones")
    def call(self, x):
        return x * self.w
inp = keras.Input((6,), name='inp')
x = Scale(name="scale")(inp)""",
        ],
        "right": "The arguments by name.",
        "words": 'name="w"',
        "changes": True,
    },
    {
        "name": "a_weight_of_the_shape_of_the_batch",
        "kind": "custom layers",
        "rule": "weight-shape",
        "cells": [
            """class Bias(layers.Layer):
    def build(self, input_shape):
        self.w = self.add_weight(name="w", shape=input_shape, initializer="zeros")
    def call(self, x):
        return x + self.w
inp = keras.Input((6,), name='inp')
x = Bias(name="bias")(inp)""",
        ],
        "right": "`input_shape[1:]`: the weights do not depend on the batch.",
        "words": "input_shape[1:]",
        "changes": True,
    },
    {
        "name": "the_shape_of_the_first_of_two_inputs",
        "kind": "custom layers",
        "rule": "weight-shape",
        "cells": [
            """class Att(layers.Layer):
    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], 1))
    def call(self, inputs):
        a, b = inputs
        return ops.matmul(a + b, self.w)
inp = keras.Input((6,), name='inp')
x = Att(name='att')([inp, inp])""",
        ],
        "right": "`input_shape[0][-1]`: there is a shape for each input.",
        "words": "input_shape[0][-1]",
        "changes": True,
    },
    {
        "name": "a_misspelled_attribute",
        "kind": "custom layers",
        "rule": "unknown-attribute",
        "cells": [
            """class Scale(layers.Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight(name="w", shape=(6,), initializer="ones")
    def call(self, x):
        return x * self.kernal
inp = keras.Input((6,), name='inp')
x = Scale(name="scale")(inp)""",
        ],
        "right": "`self.kernel`.",
        "words": "self.kernel",
        "changes": True,
    },
    {
        "name": "a_misspelled_build",
        "kind": "custom layers",
        "rule": "unknown-attribute",
        "cells": [
            """class Scale(layers.Layer):
    def built_(self, input_shape):
        self.kernel = self.add_weight(name="w", shape=(6,), initializer="ones")
    def call(self, x):
        return x * self.kernel
inp = keras.Input((6,), name='inp')
x = Scale(name="scale")(inp)""",
        ],
        "right": "Keras calls `build`, not `built_`.",
        "words": "def build",
        "changes": True,
    },
    {
        "name": "a_weight_with_swapped_axes",
        "kind": "custom layers",
        "rule": "weight-shape",
        "cells": [
            """class Linear(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
    def build(self, input_shape):
        self.w = self.add_weight(name="w", shape=(self.units, input_shape[-1]))
    def call(self, x):
        return ops.matmul(x, self.w)
inp = keras.Input((6,), name='inp')
x = Linear(4, name="linear")(inp)""",
        ],
        "right": "The last axis of the input comes first in the weight.",
        "words": "input_shape[-1], self.units",
        "changes": True,
    },
    {
        "name": "a_model_that_sets_its_layers",
        "kind": "custom layers",
        "rule": "reserved-name",
        "cells": [
            """class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.layers = [layers.Dense(4), layers.Dense(1)]
    def call(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
net = Net()""",
        ],
        "right": "`layers` is a name of Keras: another one.",
        "words": "self.blocks",
        "changes": True,
    },
    {
        "name": "a_list_of_layers_is_called",
        "kind": "custom layers",
        "rule": "list-called",
        "cells": [
            """class Net(layers.Layer):
    def __init__(self):
        super().__init__()
        self.blocks = [layers.Dense(4), layers.Dense(4)]
    def call(self, x):
        return self.blocks(x)
inp = keras.Input((6,), name='inp')
x = Net()(inp)""",
        ],
        "right": "One layer after the other.",
        "words": "for layer in self.blocks",
        "changes": True,
    },
    {
        "name": "call_in_capitals",
        "kind": "custom layers",
        "rule": "missing-call",
        "cells": [
            """class S(layers.Layer):
    def Call(self, x):
        return 2 * x
inp = keras.Input((6,), name='inp')
x = S(name='s')(inp)""",
        ],
        "right": "`def call`.",
        "words": "def call",
        "changes": True,
    },
    {
        "name": "a_weight_made_in_call",
        "kind": "custom layers",
        "rule": "state-in-call",
        "cells": [
            """class Scale(layers.Layer):
    def call(self, x):
        w = self.add_weight(shape=(x.shape[-1],), initializer="ones")
        return x * w
inp = keras.Input((6,), name='inp')
x = Scale(name="scale")(inp)""",
        ],
        "right": "In `build`.",
        "words": "build",
        "changes": True,
    },
    {
        "name": "a_layer_made_in_call",
        "kind": "custom layers",
        "rule": "state-in-call",
        "cells": [
            """class Block(layers.Layer):
    def call(self, x):
        return layers.Dense(4)(x)
inp = keras.Input((6,), name='inp')
x = Block(name="block")(inp)
model = keras.Model(inp, layers.Dense(1)(x))
model.compile("adam", "mse")
model.fit(rng.random((8,6)), rng.random((8,1)), verbose=0)""",
        ],
        "right": "In `__init__`.",
        "words": "__init__",
        "changes": True,
    },
    {
        "name": "tensors_read_by_name",
        "kind": "custom layers",
        "rule": "list-of-tensors",
        "cells": [
            """class Join(layers.Layer):
    def call(self, inputs):
        return inputs["a"] + inputs["b"]
inp = keras.Input((6,), name='inp')
x = Join(name='join')([inp, inp])""",
        ],
        "right": "A dict, not a list.",
        "words": '"a": ...',
        "changes": True,
    },
    {
        "name": "a_lambda_of_two_arguments",
        "kind": "custom layers",
        "rule": "call-signature",
        "cells": [
            """inp = keras.Input((6,), name='inp')
h = layers.Dense(6)(inp)
x = layers.Lambda(lambda a, b: a - b)([inp, h])""",
        ],
        "right": "A Lambda gets one list.",
        "words": "t[0]",
        "changes": True,
    },
    {
        "name": "a_function_of_two_arguments_in_a_lambda",
        "kind": "custom layers",
        "rule": "call-signature",
        "cells": [
            """def dist(a, b):
    return ops.abs(a - b)
inp = keras.Input((6,), name='inp')
h = layers.Dense(6)(inp)
x = layers.Lambda(dist, name='dist')([inp, h])""",
        ],
        "right": "The function gets one list and unpacks it.",
        "words": "a, b = inputs",
        "changes": True,
    },
    {
        "name": "a_lambda_function_without_a_return",
        "kind": "custom layers",
        "rule": "missing-return",
        "cells": [
            """def f(t):
    t * 2
inp = keras.Input((6,), name='inp')
x = layers.Lambda(f)(inp)
y = layers.Dense(1)(x)""",
        ],
        "right": "`return t * 2`.",
        "words": "return t * 2",
        "changes": True,
    },
    {
        "name": "a_layer_made_in_a_lambda",
        "kind": "custom layers",
        "rule": "state-in-call",
        "cells": [
            """inp = keras.Input((6,), name='inp')
x = layers.Lambda(lambda t: layers.Dense(4)(t))(inp)
model = keras.Model(inp, x)
model.compile('adam','mse')
model.fit(rng.random((8,6)), rng.random((8,4)), verbose=0)""",
        ],
        "right": "The layer itself, without Lambda.",
        "words": "layers.Dense(4)",
        "changes": True,
    },
    {
        "name": "random_numbers_of_the_shape_of_an_input",
        "kind": "vae",
        "rule": "random-in-graph",
        "cells": [
            """inp = keras.Input((6,), name='inp')
eps = keras.random.normal(inp.shape)
x = inp + eps""",
        ],
        "right": "In the `call` of a layer.",
        "words": "`call` of a layer",
        "changes": True,
    },
    {
        "name": "numbers_of_numpy_in_call",
        "kind": "vae",
        "rule": "unknown-size",
        "cells": [
            """class Noise(layers.Layer):
    def call(self, x):
        return x + np.random.normal(size=x.shape)
inp = keras.Input((6,), name='inp')
x = Noise(name='noise')(inp)""",
        ],
        "right": "`keras.random.normal(ops.shape(x))`.",
        "words": "keras.random.normal",
        "changes": True,
    },
    {
        "name": "a_fixed_batch_in_a_lambda",
        "kind": "vae",
        "rule": "fixed-batch",
        "cells": [
            """inp = keras.Input((6,), name='inp')
z = layers.Lambda(lambda t: t + keras.random.normal((32, 6)), name="noise")(inp)
model = keras.Model(inp, layers.Dense(1)(z))
model.compile("adam", "mse")
model.fit(rng.random((50, 6)), rng.random((50, 1)), verbose=0)""",
        ],
        "right": "`ops.shape(t)` in the place of `(32, 6)`.",
        "words": "ops.shape(t)",
        "changes": True,
    },
    {
        "name": "a_fixed_batch_in_an_attribute",
        "kind": "vae",
        "rule": "fixed-batch",
        "cells": [
            """import tensorflow as tf
class Sampling(layers.Layer):
    def __init__(self, batch, **kw):
        super().__init__(**kw)
        self.batch = batch
    def call(self, inputs):
        eps = tf.random.normal(shape=(self.batch, 2))
        return inputs[0] + tf.exp(inputs[1]) * eps
inp = keras.Input((6,), name='inp')
z = Sampling(16, name="z")([layers.Dense(2)(inp), layers.Dense(2)(inp)])
model = keras.Model(inp, layers.Dense(6)(z))
model.compile("adam", "mse")
model.fit(rng.random((50, 6)), rng.random((50, 6)), batch_size=16, verbose=0)""",
        ],
        "right": "The batch comes from a tensor.",
        "words": "ops.shape(inputs[0])",
        "changes": True,
    },
    {
        "name": "a_fixed_batch_inside_an_encoder",
        "kind": "vae",
        "rule": "fixed-batch",
        "cells": [
            """class Sampling(layers.Layer):
    def call(self, inputs):
        m, v = inputs
        batch = 16
        dim = 2
        eps = keras.random.normal(shape=(batch, dim))
        return m + ops.exp(0.5 * v) * eps
inp = keras.Input((6,), name='inp')
m = layers.Dense(2)(inp); v = layers.Dense(2)(inp)
z = Sampling()([m, v])
encoder = keras.Model(inp, [m, v, z], name="encoder")
li = keras.Input((2,)); decoder = keras.Model(li, layers.Dense(6)(li), name="decoder")
vae = keras.Model(inp, decoder(encoder(inp)[2]))
vae.compile("adam", "mse")""",
            """vae.fit(rng.random((40, 6)), rng.random((40, 6)), batch_size=16, verbose=0)""",
        ],
        "right": "The batch comes from a tensor.",
        "words": "ops.shape(m)",
        "changes": True,
    },
    {
        "name": "a_fixed_batch_in_a_model",
        "kind": "vae",
        "rule": "fixed-batch",
        "cells": [
            """class VAE(keras.Model):
    def __init__(self):
        super().__init__()
        self.e = layers.Dense(2); self.d = layers.Dense(6)
    def call(self, x):
        z = self.e(x) + keras.random.normal((16, 2))
        return self.d(z)
vae = VAE()
vae.compile("adam", "mse")
vae.fit(rng.random((40, 6)), rng.random((40, 6)), batch_size=16, verbose=0)""",
        ],
        "right": "The batch comes from a tensor.",
        "words": "ops.shape(x)[0]",
        "changes": True,
    },
    {
        "name": "a_loss_in_a_variable_added_to_a_model",
        "kind": "vae",
        "rule": "add-loss",
        "cells": [
            """inp = keras.Input((6,), name='inp')
m = layers.Dense(2, name="m")(inp); v = layers.Dense(2, name="v")(inp)
out = layers.Dense(6)(m)
vae = keras.Model(inp, out)""",
            """rec = ops.mean(ops.square(inp - out))
kl_loss = -0.5 * ops.mean(1 + v - ops.square(m) - ops.exp(v))
vae_loss = rec + kl_loss
vae.add_loss(vae_loss)
vae.compile("adam")
vae.fit(rng.random((8,6)), verbose=0)""",
        ],
        "right": "`add_loss` in a layer.",
        "words": "self.add_loss",
        "changes": True,
    },
    {
        "name": "additive_attention_of_other_widths",
        "kind": "attention",
        "rule": "attention-widths",
        "cells": [
            """i = keras.Input((8, 4), name="i")
q = layers.Conv1D(5, 1, name="q")(i); v = layers.Conv1D(7, 1, name="v")(i)
x = layers.AdditiveAttention(name="att")([q, v])
model = keras.Model(i, layers.Dense(1)(layers.Flatten()(x)))
model.compile("adam", "mse")
model.fit(rng.random((8, 8, 4)), rng.random((8, 1)), verbose=0)""",
        ],
        "right": "The same width.",
        "words": "filters=5",
        "changes": True,
    },
    {
        "name": "an_application_for_images_without_channels",
        "kind": "transfer learning",
        "rule": "input-shape",
        "cells": [
            """base = keras.applications.VGG16(
    weights=None, include_top=False, input_shape=(96, 96))""",
        ],
        "right": "`input_shape=(96, 96, 3)`.",
        "words": "(96, 96, 3)",
        "changes": True,
    },
    {
        "name": "small_images_for_vgg",
        "kind": "transfer learning",
        "rule": "application-size",
        "cells": [
            """base = keras.applications.VGG16(
    weights=None, include_top=False, input_shape=(28, 28, 3))""",
        ],
        "right": "Resize them to 32 x 32 first.",
        "words": "Resizing(32, 32)",
        "changes": True,
    },
    {
        "name": "a_base_for_its_output",
        "kind": "transfer learning",
        "rule": "model-for-tensor",
        "cells": [
            """base = keras.applications.MobileNet(
    weights=None, include_top=False, input_shape=(64, 64, 3), alpha=0.25)
x = layers.Flatten()(base)
out = layers.Dense(2)(x)""",
        ],
        "right": "`base.output`.",
        "words": "base.output",
        "changes": True,
    },
    {
        "name": "a_layer_of_a_base_by_its_name",
        "kind": "graph disconnected",
        "rule": "no-such-layer",
        "cells": [
            """i = keras.Input((32,32,3))
base = keras.Model(i, layers.Conv2D(4, 3, name='last_conv')(i), name='base')
p = keras.Input((32,32,3), name='p')
model = keras.Model(p, layers.Dense(2)(layers.Flatten()(base(p))))
g = keras.Model(model.input, [model.get_layer('last_conv').output, model.output])""",
        ],
        "right": "It stands in the base: through a model of the inside.",
        "words": 'get_layer("base")',
        "changes": True,
    },
    {
        "name": "grad_cam_in_a_function",
        "kind": "graph disconnected",
        "rule": "nested-tensor",
        "cells": [
            """i = keras.Input((32,32,3))
base = keras.Model(i, layers.Flatten()(layers.Conv2D(4, 3, name='c1')(i)), name='base')
p = keras.Input((32,32,3))
model = keras.Model(p, layers.Dense(2)(base(p)))""",
            """def heatmap(img, model, layer_name):
    last = model.get_layer('base').get_layer(layer_name)
    grad_model = keras.models.Model(inputs=model.inputs, outputs=[last.output, model.output])
    return grad_model(img)
heatmap(rng.random((1,32,32,3)), model, 'c1')""",
        ],
        "right": "Through a model of the base.",
        "words": "inside",
        "changes": True,
    },
    {
        "name": "a_new_input_for_an_old_output",
        "kind": "graph disconnected",
        "rule": "nested-tensor",
        "cells": [
            """i = keras.Input((8,), name='old')
old = keras.Model(i, layers.Dense(2)(layers.Dense(4, name='mid')(i)), name='old_net')
new = keras.Input((8,), name='new')
m = keras.Model(new, old.output)""",
        ],
        "right": "`old(new)`.",
        "words": "old(new)",
        "changes": True,
    },
    {
        "name": "a_decoder_of_the_last_layer_only",
        "kind": "autoencoder",
        "rule": "decoder-layers",
        "cells": [
            """inp = keras.Input((6,), name='inp')
e = layers.Dense(2)(inp)
d = layers.Dense(4, name='d1')(e)
d = layers.Dense(6, name='d2')(d)
ae = keras.Model(inp, d)
enc_in = keras.Input((2,))
decoder = keras.Model(enc_in, ae.layers[-1](enc_in))""",
        ],
        "right": "All layers of the decoder.",
        "words": "ae.layers[-2]",
        "changes": True,
    },
    {
        "name": "a_decoder_called_on_three_tensors",
        "kind": "vae",
        "rule": "input-count",
        "cells": [
            """inp = keras.Input((6,), name='inp')
m = layers.Dense(2)(inp); v = layers.Dense(2)(inp); z = m + v
encoder = keras.Model(inp, [m, v, z], name='encoder')
li = keras.Input((2,)); decoder = keras.Model(li, layers.Dense(6)(li), name='decoder')
vae = keras.Model(inp, decoder(encoder(inp)))""",
        ],
        "right": "`encoder(inp)[2]`.",
        "words": "encoder(inp)[2]",
        "changes": True,
    },
    {
        "name": "a_generator_of_flat_images",
        "kind": "vae",
        "rule": "wrong-input-shape",
        "cells": [
            """z = keras.Input((4,)); g = keras.Model(z, layers.Dense(784)(z), name='g')
x = keras.Input((28, 28, 1)); d = keras.Model(x, layers.Dense(1)(layers.Flatten()(x)), name='d')
gan = keras.Model(z, d(g(z)))""",
        ],
        "right": "Reshape between them.",
        "words": "Reshape((28, 28, 1))",
        "changes": True,
    },
    {
        "name": "inputs_and_outputs_swapped",
        "kind": "graph disconnected",
        "rule": "swapped-model",
        "cells": [
            """inp = keras.Input((6,), name='inp')
out = layers.Dense(1)(inp)
m = keras.Model(out, inp)""",
        ],
        "right": "`keras.Model(inp, out)`.",
        "words": "keras.Model(inp, out)",
        "changes": True,
    },
    {
        "name": "two_towers_that_are_subtracted",
        "kind": "siamese",
        "rule": "tower-model",
        "cells": [
            """def tower(shape):
    return keras.Sequential([layers.Dense(4)])
one, two = keras.Input((10,), name="one"), keras.Input((10,), name="two")
a = tower(one)
b = tower(two)
d = ops.abs(a - b)""",
        ],
        "right": "One model, called on each tensor.",
        "words": "net(one)",
        "changes": True,
    },
    {
        "name": "one_name_for_two_layers",
        "kind": "transfer learning",
        "rule": "duplicate-name",
        "cells": [
            """i = keras.Input((4,))
a = layers.Dense(3, name="d")(i)
b = layers.Dense(3, name="d")(a)
m = keras.Model(i, b)""",
        ],
        "right": "A name for each.",
        "words": "d_2",
        "changes": True,
    },
    {
        "name": "a_loss_of_ones_own_in_a_file",
        "kind": "saving",
        "rule": "custom-object",
        "cells": [
            """import os, tempfile
folder = tempfile.mkdtemp()
path = os.path.join(folder, 'm.keras')
i = keras.Input((6,), name='i')
def my_loss(y, p):
    return ops.mean(ops.square(y - p))
model = keras.Model(i, layers.Dense(1)(i))
model.compile("adam", my_loss)
model.save(path)""",
            """again = keras.models.load_model(path)""",
        ],
        "right": "`custom_objects`.",
        "words": "my_loss",
        "changes": True,
    },
    {
        "name": "two_classes_of_ones_own_in_a_file",
        "kind": "saving",
        "rule": "custom-object",
        "cells": [
            """import os, tempfile
folder = tempfile.mkdtemp()
path = os.path.join(folder, 'm.keras')
i = keras.Input((6,), name='i')
class A(layers.Layer):
    def call(self, x):
        return 2 * x
class B(layers.Layer):
    def call(self, x):
        return 3 * x
model = keras.Model(i, B()(A()(i)))
model.save(path)""",
            """again = keras.models.load_model(path)""",
        ],
        "right": "Both in `custom_objects`.",
        "words": "custom_objects",
        "changes": True,
    },
    {
        "name": "custom_objects_as_a_set",
        "kind": "saving",
        "rule": "custom-object",
        "cells": [
            """import os, tempfile
folder = tempfile.mkdtemp()
path = os.path.join(folder, 'm.keras')
i = keras.Input((6,), name='i')
class Scale(layers.Layer):
    def call(self, x):
        return 2 * x
model = keras.Model(i, Scale(name="s")(i))
model.save(path)
again = keras.models.load_model(path, custom_objects={Scale})""",
        ],
        "right": "A dict.",
        "words": '{"Scale": Scale}',
        "changes": True,
    },
    {
        "name": "weights_by_name",
        "kind": "saving",
        "rule": "by-name",
        "cells": [
            """import os, tempfile
folder = tempfile.mkdtemp()
path = os.path.join(folder, 'm.keras')
i = keras.Input((6,), name='i')
model = keras.Model(i, layers.Dense(1)(i))
path = os.path.join(folder, 'w.weights.h5')
model.save_weights(path)
model.load_weights(path, by_name=True)""",
        ],
        "right": "Without `by_name`.",
        "words": "by_name",
        "changes": True,
    },
    {
        "name": "an_exported_folder_is_loaded",
        "kind": "saving",
        "rule": "saved-model-folder",
        "cells": [
            """import os, tempfile
folder = tempfile.mkdtemp()
path = os.path.join(folder, 'm.keras')
i = keras.Input((6,), name='i')
model = keras.Model(i, layers.Dense(1)(i))
d = os.path.join(folder, 'exported')
model.export(d, verbose=False)
again = keras.models.load_model(d)""",
        ],
        "right": "`TFSMLayer`.",
        "words": "TFSMLayer",
        "changes": True,
    },
    {
        "name": "a_folder_that_does_not_exist",
        "kind": "saving",
        "rule": "no-folder",
        "cells": [
            """import os, tempfile
folder = tempfile.mkdtemp()
path = os.path.join(folder, 'm.keras')
i = keras.Input((6,), name='i')
model = keras.Model(i, layers.Dense(1)(i))
model.save(os.path.join(folder, 'none', 'm.keras'))""",
        ],
        "right": "Create it.",
        "words": "makedirs",
        "changes": True,
    },
    {
        "name": "update_returns_nothing",
        "kind": "saving",
        "rule": "missing-return",
        "cells": [
            """import os, tempfile
folder = tempfile.mkdtemp()
path = os.path.join(folder, 'm.keras')
i = keras.Input((6,), name='i')
class Scale(layers.Layer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
    def call(self, x):
        return self.factor * x
    def get_config(self):
        return super().get_config().update({"factor": self.factor})
model = keras.Model(i, Scale(3.0)(i))
model.save(path)
again = keras.models.load_model(path, custom_objects={"Scale": Scale})""",
        ],
        "right": "`update` returns None.",
        "words": "**super().get_config()",
        "changes": True,
    },
    {
        "name": "a_config_under_a_wrong_key",
        "kind": "saving",
        "rule": "missing-get-config",
        "cells": [
            """import os, tempfile
folder = tempfile.mkdtemp()
path = os.path.join(folder, 'm.keras')
i = keras.Input((6,), name='i')
class Scale(layers.Layer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.f = factor
    def call(self, x):
        return self.f * x
    def get_config(self):
        return {**super().get_config(), "f": self.f}
model = keras.Model(i, Scale(3.0)(i))
model.save(path)
again = keras.models.load_model(path, custom_objects={"Scale": Scale})""",
        ],
        "right": "The key is the argument `factor`.",
        "words": '"factor": self.f',
        "changes": True,
    },
    {
        "name": "a_layer_in_a_config",
        "kind": "saving",
        "rule": "missing-from-config",
        "cells": [
            """import os, tempfile
folder = tempfile.mkdtemp()
path = os.path.join(folder, 'm.keras')
i = keras.Input((6,), name='i')
class Wrap(layers.Layer):
    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner
    def call(self, x):
        return self.inner(x)
    def get_config(self):
        return {**super().get_config(), "inner": self.inner}
model = keras.Model(i, Wrap(layers.Dense(2), name="s")(i))
model.save(path)
again = keras.models.load_model(path, custom_objects={"Wrap": Wrap})""",
        ],
        "right": "`from_config` makes the layer again.",
        "words": "from_config",
        "changes": True,
    },
    {
        "name": "a_lambda_that_uses_a_module",
        "kind": "saving",
        "rule": "lost-names",
        "cells": [
            """import os, tempfile
folder = tempfile.mkdtemp()
path = os.path.join(folder, 'm.keras')
i = keras.Input((6,), name='i')
model = keras.Model(i, layers.Lambda(lambda t: ops.abs(t), name="a")(i))
model.save(path)""",
            """again = keras.models.load_model(path, safe_mode=False)
again.predict(rng.random((2, 6)), verbose=0)""",
        ],
        "right": "A registered function.",
        "words": "register_keras_serializable",
        "changes": True,
    },
    {
        "name": "weights_of_fewer_units",
        "kind": "saving",
        "rule": "weights-shape",
        "cells": [
            """import os, tempfile
w = os.path.join(tempfile.mkdtemp(), 'w.weights.h5')
i = keras.Input((6,), name='i')
keras.Model(i, layers.Dense(1)(layers.Dense(4)(i))).save_weights(w)""",
            """model = keras.Model(i, layers.Dense(1)(layers.Dense(5)(i)))
model.load_weights(w)""",
        ],
        "right": "`units=4`, as saved.",
        "words": "units=4",
        "changes": True,
    },
    {
        "name": "one_tensor_is_unpacked",
        "kind": "custom layers",
        "rule": "list-of-tensors",
        "cells": [
            """class S(layers.Layer):
    def call(self, inputs):
        m, v = inputs
        return m + v
inp = keras.Input((6,), name='inp')
x = S(name='s')(inp)""",
        ],
        "right": "`call` unpacks two tensors.",
        "words": "([m, v])",
        "mended": """x = S(name='s')([inp, inp])""",
        "changes": False,
    },
    {
        "name": "a_tensor_from_the_constructor",
        "kind": "custom layers",
        "rule": "kept-tensor",
        "cells": [
            """class Add(layers.Layer):
    def __init__(self, other):
        super().__init__()
        self.other = other
    def call(self, x):
        return x + self.other
inp = keras.Input((6,), name='inp')
h = layers.Dense(6)(inp)
x = Add(h)(inp)
model = keras.Model(inp, x)
model.compile("adam", "mse")
model.fit(rng.random((8,6)), rng.random((8,6)), verbose=0)""",
        ],
        "right": "All tensors when the layer is called.",
        "words": "x, other = inputs",
        "mended": """class Add(layers.Layer):
    def call(self, inputs):
        x, other = inputs
        return x + other
model = keras.Model(inp, Add()([inp, layers.Dense(6)(inp)]))
model.compile("adam", "mse")
model.fit(rng.random((8, 6)), rng.random((8, 6)), verbose=0)""",
        "changes": False,
    },
    {
        "name": "a_u_net_of_open_sizes_on_odd_images",
        "kind": "u-net",
        "rule": "open-sizes",
        "cells": [
            """img = keras.Input((None, None, 1), name="img")
a = layers.Conv2D(4, 3, padding="same", name="a")(img)
p = layers.MaxPooling2D()(a)
u = layers.UpSampling2D(name="up")(p)
j = layers.Concatenate(name="join")([u, a])
model = keras.Model(img, layers.Conv2D(1, 1)(j))
model.compile("adam", "mse")
x = rng.random((8, 45, 45, 1))
model.fit(x, x, verbose=0)""",
        ],
        "right": "Sizes that 2 divides.",
        "words": "2 divides",
        "mended": """model.compile("adam", "mse")
x = rng.random((8, 44, 44, 1))
model.fit(x, x, verbose=0)""",
        "changes": False,
    },
    {
        "name": "ten_classes_of_imagenet",
        "kind": "transfer learning",
        "rule": "application-top",
        "cells": [
            """base = keras.applications.VGG16(classes=10)""",
        ],
        "right": "`include_top=False` and an own head.",
        "words": "include_top=False",
        "mended": """base = keras.applications.MobileNet(
    weights=None, include_top=False, input_shape=(32, 32, 3), alpha=0.25, pooling="avg")
outputs = layers.Dense(10, activation="softmax")(base.output)""",
        "changes": False,
    },
    {
        "name": "an_input_made_again",
        "kind": "graph disconnected",
        "rule": "input-made-again",
        "cells": [
            """inputs = keras.Input((6,))
x = layers.Dense(3)(inputs)""",
            """inputs = keras.Input((6,))
model = keras.Model(inputs, layers.Dense(1)(x))""",
        ],
        "right": "Run all cells again.",
        "words": "again",
        "mended": """inputs = keras.Input((6,))
x = layers.Dense(3)(inputs)
model = keras.Model(inputs, layers.Dense(1)(x))""",
        "changes": False,
    },
    {
        "name": "a_last_batch_for_a_stateful_layer",
        "kind": "rnn",
        "rule": "fixed-batch",
        "cells": [
            """seq = keras.Input((5, 3), batch_size=4)
model = keras.Model(seq, layers.Dense(1)(layers.LSTM(4, stateful=True)(seq)))
model.compile("adam", "mse")
model.fit(rng.random((10, 5, 3)), rng.random((10, 1)), batch_size=4, verbose=0)""",
        ],
        "right": "A number of examples that 4 divides.",
        "words": "4 divides",
        "mended": """model.compile("adam", "mse")
model.fit(rng.random((8, 5, 3)), rng.random((8, 1)), batch_size=4, verbose=0)""",
        "changes": False,
    },
    {
        "name": "a_model_from_a_file_of_weights",
        "kind": "saving",
        "rule": "weights-only",
        "cells": [
            """import os, tempfile
folder = tempfile.mkdtemp()
path = os.path.join(folder, 'm.keras')
i = keras.Input((6,), name='i')
model = keras.Model(i, layers.Dense(1)(i))
path = os.path.join(folder, 'w.weights.h5')
model.save_weights(path)
again = keras.models.load_model(path)""",
        ],
        "right": "Build the model, then `load_weights`.",
        "words": "load_weights",
        "mended": """model.load_weights(path)""",
        "changes": False,
    },
    {
        "name": "a_build_with_names_of_its_own",
        "kind": "custom layers",
        "rule": "call-signature",
        "cells": [
            """class S(layers.Layer):
    def build(self, shape_x, shape_y):
        self.w = self.add_weight(shape=(shape_x[-1],))
    def call(self, x, y):
        return x * self.w + y
i = keras.Input((6,))
z = S()(i, i)""",
        ],
        "right": "The shapes are named after the tensors of `call`.",
        "words": "x_shape, y_shape",
        "changes": True,
    },
    {
        "name": "a_layer_that_only_adds_a_loss",
        "kind": "vae",
        "rule": "missing-return",
        "cells": [
            """class KL(layers.Layer):
    def call(self, inputs):
        m, v = inputs
        self.add_loss(-0.5 * ops.mean(1 + v - ops.square(m) - ops.exp(v)))
i = keras.Input((6,)); m = layers.Dense(2)(i); v = layers.Dense(2)(i)
z = KL()([m, v])
out = layers.Dense(6)(z)""",
        ],
        "right": "It has to return the tensor too.",
        "words": "return m",
        "changes": True,
    },
    {
        "name": "towers_made_inside_a_concatenation",
        "kind": "siamese",
        "rule": "tower-model",
        "cells": [
            """def tower(x):
    return keras.Sequential([layers.Dense(16), layers.Dense(4)])
one, two = keras.Input((10,), name="one"), keras.Input((10,), name="two")
m = keras.Model([one, two], layers.concatenate([tower(one), tower(two)]))""",
        ],
        "right": "One model, called on each tensor.",
        "words": "net(one), net(two)",
        "changes": True,
    },
    {
        "name": "a_tower_as_the_output",
        "kind": "siamese",
        "rule": "tower-model",
        "cells": [
            """def tower(x):
    return keras.Sequential([layers.Dense(16), layers.Dense(4)])
one = keras.Input((10,), name="one")
m = keras.Model(one, tower(one))""",
        ],
        "right": "The model is called on the tensor.",
        "words": "net(one)",
        "changes": True,
    },
    {
        "name": "a_batch_in_a_variable",
        "kind": "vae",
        "rule": "unknown-size",
        "cells": [
            """import tensorflow as tf
class S(layers.Layer):
    def call(self, inputs):
        m, v = inputs
        batch = m.shape[0]
        dim = m.shape[1]
        eps = tf.random.normal(shape=(batch, dim))
        return m + tf.exp(v) * eps
i = keras.Input((6,)); m = layers.Dense(2)(i); v = layers.Dense(2)(i)
z = S(name="z")([m, v])""",
        ],
        "right": "`ops.shape(m)[0]`.",
        "words": "ops.shape(m)[0]",
        "changes": True,
    },
    {
        "name": "numbers_of_numpy_for_a_sample",
        "kind": "vae",
        "rule": "unknown-size",
        "cells": [
            """class S(layers.Layer):
    def call(self, inputs):
        m, v = inputs
        eps = np.random.normal(size=(m.shape[0], 2))
        return m + ops.exp(v) * eps
i = keras.Input((6,)); m = layers.Dense(2)(i); v = layers.Dense(2)(i)
z = S(name="z")([m, v])""",
        ],
        "right": "`keras.random.normal((ops.shape(m)[0], 2))`.",
        "words": "(ops.shape(m)[0], 2)",
        "changes": True,
    },
    {
        "name": "time_major_in_a_text",
        "kind": "saving",
        "rule": "old-configuration",
        "cells": [
            """import json
seq = keras.Input((10, 4), name="seq")
config = json.loads(keras.Model(seq, layers.GRU(8, name="gru")(seq)).to_json())
config["config"]["layers"][1]["config"]["time_major"] = False
text = json.dumps(config)""",
            """again = keras.models.model_from_json(text)""",
        ],
        "right": "Take it out of the configuration.",
        "words": '.pop("time_major"',
        "changes": True,
    },
    {
        "name": "small_images_for_xception",
        "kind": "transfer learning",
        "rule": "application-size",
        "cells": [
            """base = keras.applications.Xception(
    include_top=False, weights=None, input_shape=(32, 32, 3))""",
        ],
        "right": "Resize them first.",
        "words": "Resizing(96, 96)",
        "changes": True,
    },
]
