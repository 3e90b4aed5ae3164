# ruff: noqa: E501
"""Mistakes in training, evaluating and predicting, each with the last cell mended."""

PREAMBLE = """import numpy as np
import keras
from keras import layers, ops
rng = np.random.default_rng(0)"""

CASES = [
    {
        "name": "image_one",
        "kind": "shapes of the data",
        "rule": "missing-batch",
        "model": "model",
        "cells": [
            """i = keras.Input((28, 28, 1), name="i")
model = keras.Model(i, layers.Dense(2)(layers.Flatten()(layers.Conv2D(2, 3)(i))))
photos = rng.random((5, 28, 28, 1))""",
            """model.predict(photos[0], verbose=0)""",
        ],
        "right": "Pass one example as a batch of one: `photos[0][None]`.",
        "mended": """model.predict(photos[0][None], verbose=0)""",
    },
    {
        "name": "flat_images",
        "kind": "shapes of the data",
        "rule": "wrong-input-shape",
        "model": "model",
        "cells": [
            """inp = keras.Input((784,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x = rng.random((8, 28, 28)); y = rng.random((8, 1))
model.fit(x, y, verbose=0)""",
        ],
        "right": "Reshape the data: `x.reshape((-1, 784))`. A fit that failed once needs `compile` again before the next one.",
        "mended": """x = rng.random((8, 28, 28)); y = rng.random((8, 1))
model.compile("adam", "mse")
model.fit(x.reshape((-1, 784)), y, verbose=0)""",
    },
    {
        "name": "channels_first",
        "kind": "shapes of the data",
        "rule": "wrong-input-shape",
        "model": "model",
        "cells": [
            """i = keras.Input((32, 32, 3), name="i")
model = keras.Model(i, layers.Dense(1)(layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(i))))
model.compile("adam", "mse")""",
            """x = rng.random((8, 3, 32, 32)); y = rng.random((8, 1))
model.fit(x, y, verbose=0)""",
        ],
        "right": "Put the axes in the order of the model: `np.moveaxis(x, 1, -1)`. `x.reshape((-1, 32, 32, 3))` has that shape too, but mixes the numbers. A fit that failed once needs `compile` again before the next one.",
        "mended": """x = rng.random((8, 3, 32, 32)); y = rng.random((8, 1))
model.compile("adam", "mse")
model.fit(np.moveaxis(x, 1, -1), y, verbose=0)""",
    },
    {
        "name": "batch_last",
        "kind": "shapes of the data",
        "rule": "example-count",
        "model": "model",
        "cells": [
            """i = keras.Input((32, 32, 3), name="i")
model = keras.Model(i, layers.Dense(1)(layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(i))))
model.compile("adam", "mse")""",
            """x = rng.random((32, 32, 3, 8)); y = rng.random((8, 1))
model.fit(x, y, verbose=0)""",
        ],
        "right": "Put the axes in the order of the model: `np.moveaxis(x, -1, 0)`. `x.reshape((-1, 32, 32, 3))` has that shape too, but mixes the numbers.",
        "mended": """x = rng.random((32, 32, 3, 8)); y = rng.random((8, 1))
model.fit(np.moveaxis(x, -1, 0), y, verbose=0)""",
    },
    {
        "name": "gray_for_rgb",
        "kind": "shapes of the data",
        "rule": "wrong-input-shape",
        "model": "model",
        "cells": [
            """i = keras.Input((32, 32, 3), name="i")
model = keras.Model(i, layers.Dense(1)(layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(i))))
model.compile("adam", "mse")""",
            """x = rng.random((8, 32, 32)); y = rng.random((8, 1))
model.fit(x, y, verbose=0)""",
        ],
        "right": "Repeat the gray channel three times: `np.repeat(x[..., None], 3, axis=-1)`. A fit that failed once needs `compile` again before the next one.",
        "mended": """x = rng.random((8, 32, 32)); y = rng.random((8, 1))
model.compile("adam", "mse")
model.fit(np.repeat(x[..., None], 3, axis=-1), y, verbose=0)""",
    },
    {
        "name": "lstm_one_step",
        "kind": "shapes of the data",
        "rule": "wrong-input-shape",
        "model": "model",
        "cells": [
            """i = keras.Input((1, 3), name="i")
model = keras.Model(i, layers.Dense(1)(layers.LSTM(2)(i)))
model.compile("adam", "mse")""",
            """x = rng.random((8, 3)); y = rng.random((8, 1))
model.fit(x, y, verbose=0)""",
        ],
        "right": "Add an axis of size 1: `x[:, None]`. A fit that failed once needs `compile` again before the next one.",
        "mended": """x = rng.random((8, 3)); y = rng.random((8, 1))
model.compile("adam", "mse")
model.fit(x[:, None], y, verbose=0)""",
    },
    {
        "name": "columns_more",
        "kind": "shapes of the data",
        "rule": "wrong-input-shape",
        "model": "model",
        "cells": [
            """inp = keras.Input((4,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x = rng.random((8, 5)); y = rng.random((8, 1))
model.fit(x, y, verbose=0)""",
        ],
        "right": "Match the input to the data: `keras.Input(shape=(5,))`. Or pass data whose last axis has size 4.",
        "mended": """inp = keras.Input((5,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")
x = rng.random((8, 5)); y = rng.random((8, 1))
model.fit(x, y, verbose=0)""",
    },
    {
        "name": "val_shape",
        "kind": "shapes of the data",
        "rule": "wrong-input-shape",
        "model": "model",
        "cells": [
            """inp = keras.Input((784,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x = rng.random((8, 784)); y = rng.random((8, 1)); vx = rng.random((4, 28, 28)); vy = rng.random((4, 1))
model.fit(x, y, validation_data=(vx, vy), verbose=0)""",
        ],
        "right": "Reshape the data: `vx.reshape((-1, 784))`.",
        "mended": """x = rng.random((8, 784)); y = rng.random((8, 1)); vx = rng.random((4, 28, 28)); vy = rng.random((4, 1))
model.fit(x, y, validation_data=(vx.reshape((-1, 784)), vy), verbose=0)""",
    },
    {
        "name": "both_shape",
        "kind": "shapes of the data",
        "rule": "wrong-input-shape",
        "model": "model",
        "cells": [
            """inp = keras.Input((784,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x = rng.random((8, 28, 28)); y = rng.random((8, 1)); vx = rng.random((4, 28, 28)); vy = rng.random((4, 1))
model.fit(x, y, validation_data=(vx, vy), verbose=0)""",
        ],
        "right": "Reshape the data: `x.reshape((-1, 784))`. A fit that failed once needs `compile` again before the next one.",
        "mended": """x = rng.random((8, 28, 28)); y = rng.random((8, 1)); vx = rng.random((4, 28, 28)); vy = rng.random((4, 1))
model.compile("adam", "mse")
model.fit(x.reshape((-1, 784)), y, validation_data=(vx.reshape((-1, 784)), vy), verbose=0)""",
    },
    {
        "name": "train_on_batch_shape",
        "kind": "shapes of the data",
        "rule": "missing-batch",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """model.train_on_batch(rng.random(6), rng.random(1))""",
        ],
        "right": "Pass one example as a batch of one: `rng.random(6)[None]`. A fit that failed once needs `compile` again before the next one.",
        "mended": """model.compile("adam", "mse")
model.train_on_batch(rng.random(6)[None], rng.random(1))""",
    },
    {
        "name": "rows_list",
        "kind": "containers of the data",
        "rule": "not-an-array",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """model.predict([[1, 2, 3, 4, 5, 6]], verbose=0)""",
        ],
        "right": "Write `np.array([[1, 2, 3, 4, 5, 6]])`.",
        "mended": """model.predict(np.array([[1, 2, 3, 4, 5, 6]]), verbose=0)""",
    },
    {
        "name": "ragged_lists",
        "kind": "containers of the data",
        "rule": "not-an-array",
        "model": "model",
        "cells": [
            """i = keras.Input((None,), name="i")
model = keras.Model(i, layers.Dense(1)(layers.LSTM(2)(layers.Embedding(9, 2)(i))))
model.compile("adam", "mse")""",
            """texts = [[1, 2, 3], [4, 5]]; y = np.zeros(2)
model.fit(texts, y, verbose=0)""",
        ],
        "right": 'The rows have different lengths; fill them up with zeros: `keras.utils.pad_sequences(texts, padding="post")`.',
        "mended": """texts = [[1, 2, 3], [4, 5]]; y = np.zeros(2)
model.fit(keras.utils.pad_sequences(texts, padding="post"), y, verbose=0)""",
    },
    {
        "name": "list_of_rows_both",
        "kind": "containers of the data",
        "rule": "not-an-array",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x = [rng.random(6) for _ in range(8)]; y = [0.5] * 8
model.fit(x, y, verbose=0)""",
        ],
        "right": "Write `np.array(x)`. Write `np.array(y)`.",
        "mended": """x = [rng.random(6) for _ in range(8)]; y = [0.5] * 8
model.fit(np.array(x), np.array(y), verbose=0)""",
    },
    {
        "name": "two_in_one_table",
        "kind": "containers of the data",
        "rule": "input-count",
        "model": "model",
        "cells": [
            """a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
model = keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
model.compile("adam", "mse")""",
            """table = rng.random((8, 6)); y = rng.random((8, 1))
model.fit(table, y, verbose=0)""",
        ],
        "right": "The model has 2 inputs; pass one array for each: `[table[:, :4], table[:, 4:]]`. A fit that failed once needs `compile` again before the next one.",
        "mended": """table = rng.random((8, 6)); y = rng.random((8, 1))
model.compile("adam", "mse")
model.fit([table[:, :4], table[:, 4:]], y, verbose=0)""",
    },
    {
        "name": "two_pairs",
        "kind": "containers of the data",
        "rule": "input-count",
        "model": "model",
        "cells": [
            """a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
model = keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
model.compile("adam", "mse")""",
            """pairs = rng.random((8, 2, 4)); y = rng.random((8, 1))
model.fit(pairs, y, verbose=0)""",
        ],
        "right": "The model has 2 inputs; pass one array for each: `[pairs[:, 0], pairs[:, 1]]`. A fit that failed once needs `compile` again before the next one.",
        "mended": """pairs = rng.random((8, 2, 4)); y = rng.random((8, 1))
model.compile("adam", "mse")
model.fit([pairs[:, 0], pairs[:, 1]], y, verbose=0)""",
    },
    {
        "name": "two_swapped",
        "kind": "containers of the data",
        "rule": "wrong-input-shape",
        "model": "model",
        "cells": [
            """a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
model = keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
model.compile("adam", "mse")""",
            """xa, xb = rng.random((8, 4)), rng.random((8, 2)); y = rng.random((8, 1))
model.fit([xb, xa], y, verbose=0)""",
        ],
        "right": "The inputs are a, b, in this order: `[xa, xb]`. A fit that failed once needs `compile` again before the next one.",
        "mended": """xa, xb = rng.random((8, 4)), rng.random((8, 2)); y = rng.random((8, 1))
model.compile("adam", "mse")
model.fit([xa, xb], y, verbose=0)""",
    },
    {
        "name": "two_args",
        "kind": "containers of the data",
        "rule": "input-count",
        "model": "model",
        "cells": [
            """a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
model = keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
model.compile("adam", "mse")""",
            """xa, xb = rng.random((8, 4)), rng.random((8, 2)); y = rng.random((8, 1))
model.fit(xa, xb, y, verbose=0)""",
        ],
        "right": "Pass them as one argument: `[xa, xb]`.",
        "mended": """xa, xb = rng.random((8, 4)), rng.random((8, 2)); y = rng.random((8, 1))
model.fit([xa, xb], y, verbose=0)""",
    },
    {
        "name": "three_for_two",
        "kind": "containers of the data",
        "rule": "input-count",
        "model": "model",
        "cells": [
            """a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
model = keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
model.compile("adam", "mse")""",
            """xa, xb = rng.random((8, 4)), rng.random((8, 2)); y = rng.random((8, 1))
model.fit([xa, xb, y], verbose=0)""",
        ],
        "right": "Pass the targets as the second argument: `fit([xa, xb], y, ...)`. A fit that failed once needs `compile` again before the next one.",
        "mended": """xa, xb = rng.random((8, 4)), rng.random((8, 2)); y = rng.random((8, 1))
model.compile("adam", "mse")
model.fit([xa, xb], y, verbose=0)""",
    },
    {
        "name": "list_for_one",
        "kind": "containers of the data",
        "rule": "input-count",
        "model": "model",
        "cells": [
            """inp = keras.Input((5,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """a, b = rng.random((8, 3)), rng.random((8, 2)); y = rng.random((8, 1))
model.fit([a, b], y, verbose=0)""",
        ],
        "right": "The model has one input; join the arrays: `np.concatenate([a, b], axis=1)`. A fit that failed once needs `compile` again before the next one.",
        "mended": """a, b = rng.random((8, 3)), rng.random((8, 2)); y = rng.random((8, 1))
model.compile("adam", "mse")
model.fit(np.concatenate([a, b], axis=1), y, verbose=0)""",
    },
    {
        "name": "dict_typo_var",
        "kind": "containers of the data",
        "rule": "input-keys",
        "model": "model",
        "cells": [
            """a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
model = keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
model.compile("adam", "mse")""",
            """data = {'a': rng.random((8, 4)), 'B': rng.random((8, 2))}
model.fit(data, rng.random((8, 1)), verbose=0)""",
        ],
        "right": "Write the key 'b' instead of 'B'. A fit that failed once needs `compile` again before the next one.",
        "mended": """data = {'a': rng.random((8, 4)), "b": rng.random((8, 2))}
model.compile("adam", "mse")
model.fit(data, rng.random((8, 1)), verbose=0)""",
    },
    {
        "name": "list_for_dict_model",
        "kind": "containers of the data",
        "rule": "input-structure",
        "model": "model",
        "cells": [
            """a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
model = keras.Model({"b": b, "a": a}, layers.Dense(1)(layers.Concatenate()([a, b])))
model.compile("adam", "mse")""",
            """xa, xb = rng.random((8, 4)), rng.random((8, 2))
model.fit([xa, xb], rng.random((8, 1)), verbose=0)""",
        ],
        "right": 'The model takes a dict with the keys b, a: `{"b": xb, "a": xa}`. A fit that failed once needs `compile` again before the next one.',
        "mended": """xa, xb = rng.random((8, 4)), rng.random((8, 2))
model.compile("adam", "mse")
model.fit({"b": xb, "a": xa}, rng.random((8, 1)), verbose=0)""",
    },
    {
        "name": "pair_as_list",
        "kind": "containers of the data",
        "rule": "input-count",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x, y = rng.random((8, 6)), rng.random((8, 1))
model.fit([x, y], verbose=0)""",
        ],
        "right": "Pass the targets as the second argument: `fit(x, y, ...)`. A fit that failed once needs `compile` again before the next one.",
        "mended": """x, y = rng.random((8, 6)), rng.random((8, 1))
model.compile("adam", "mse")
model.fit(x, y, verbose=0)""",
    },
    {
        "name": "unbatched_dict",
        "kind": "tf.data",
        "rule": "missing-batch",
        "model": "model",
        "cells": [
            """a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
model = keras.Model({"a": a, "b": b}, layers.Dense(1)(layers.Concatenate()([a, b])))
model.compile("adam", "mse")""",
            """import tensorflow as tf
ds = tf.data.Dataset.from_tensor_slices(({'a': rng.random((9, 4)), 'b': rng.random((9, 2))}, rng.random((9, 1))))
model.fit(ds, verbose=0)""",
        ],
        "right": "Write `ds.batch(32)`. A fit that failed once needs `compile` again before the next one.",
        "mended": """import tensorflow as tf
ds = tf.data.Dataset.from_tensor_slices(({'a': rng.random((9, 4)), 'b': rng.random((9, 2))}, rng.random((9, 1))))
model.compile("adam", "mse")
model.fit(ds.batch(32), verbose=0)""",
    },
    {
        "name": "batched_twice",
        "kind": "tf.data",
        "rule": "batched-twice",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """import tensorflow as tf
x, y = rng.random((40, 6)), rng.random((40, 1))
ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
ds = ds.shuffle(10).batch(8)
model.fit(ds, verbose=0)""",
        ],
        "right": "Leave one of them out: `.batch(8)`. A fit that failed once needs `compile` again before the next one.",
        "mended": """import tensorflow as tf
x, y = rng.random((40, 6)), rng.random((40, 1))
ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
ds = ds.shuffle(10)
model.compile("adam", "mse")
model.fit(ds, verbose=0)""",
    },
    {
        "name": "ds_validation_unbatched",
        "kind": "tf.data",
        "rule": "missing-batch",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """import tensorflow as tf
x, y = rng.random((40, 6)), rng.random((40, 1))
ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
val = tf.data.Dataset.from_tensor_slices((x, y))
model.fit(ds, validation_data=val, verbose=0)""",
        ],
        "right": "Write `val.batch(32)`.",
        "mended": """import tensorflow as tf
x, y = rng.random((40, 6)), rng.random((40, 1))
ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
val = tf.data.Dataset.from_tensor_slices((x, y))
model.fit(ds, validation_data=val.batch(32), verbose=0)""",
    },
    {
        "name": "ds_no_y",
        "kind": "tf.data",
        "rule": "no-targets",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """import tensorflow as tf
x, y = rng.random((40, 6)), rng.random((40, 1))
ds = tf.data.Dataset.from_tensor_slices(x).batch(8)
model.fit(ds, verbose=0)""",
        ],
        "right": "Put them in: `from_tensor_slices((x, y))`. A fit that failed once needs `compile` again before the next one.",
        "mended": """import tensorflow as tf
x, y = rng.random((40, 6)), rng.random((40, 1))
ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
model.compile("adam", "mse")
model.fit(ds, verbose=0)""",
    },
    {
        "name": "ds_list_targets",
        "kind": "tf.data",
        "rule": "dataset-list",
        "model": "model",
        "cells": [
            """inp = keras.Input((4,), name="inp")
model = keras.Model(inp, [layers.Dense(1, name="price")(inp), layers.Dense(3, activation="softmax", name="kind")(inp)])
model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"})""",
            """import tensorflow as tf
x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.integers(0, 3, (40, 1))
ds = tf.data.Dataset.from_tensor_slices((x, [yp, yk])).batch(8)
model.fit(ds, verbose=0)""",
        ],
        "right": "Write a tuple in its place: `(yp, yk)`.",
        "mended": """import tensorflow as tf
x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.integers(0, 3, (40, 1))
ds = tf.data.Dataset.from_tensor_slices((x, (yp, yk))).batch(8)
model.fit(ds, verbose=0)""",
    },
    {
        "name": "ds_three_arrays",
        "kind": "tf.data",
        "rule": "dataset-list",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """import tensorflow as tf
xa, y = rng.random((40, 6)), rng.random((40, 1))
ds = tf.data.Dataset.from_tensor_slices(xa, y).batch(8)
model.fit(ds, verbose=0)""",
        ],
        "right": "Pass one tuple: `from_tensor_slices((xa, y))`.",
        "mended": """import tensorflow as tf
xa, y = rng.random((40, 6)), rng.random((40, 1))
ds = tf.data.Dataset.from_tensor_slices((xa, y)).batch(8)
model.fit(ds, verbose=0)""",
    },
    {
        "name": "ds_flat_tuple",
        "kind": "tf.data",
        "rule": "input-count",
        "model": "model",
        "cells": [
            """a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
model = keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
model.compile("adam", "mse")""",
            """import tensorflow as tf
xa, xb, y = rng.random((40, 4)), rng.random((40, 2)), rng.random((40, 1))
ds = tf.data.Dataset.from_tensor_slices((xa, xb, y)).batch(8)
model.fit(ds, verbose=0)""",
        ],
        "right": "Write `ds.map(lambda x1, x2, y: ((x1, x2), y))`. A fit that failed once needs `compile` again before the next one.",
        "mended": """import tensorflow as tf
xa, xb, y = rng.random((40, 4)), rng.random((40, 2)), rng.random((40, 1))
ds = tf.data.Dataset.from_tensor_slices((xa, xb, y)).batch(8)
model.compile("adam", "mse")
model.fit(ds.map(lambda x1, x2, y: ((x1, x2), y)), verbose=0)""",
    },
    {
        "name": "ds_split",
        "kind": "tf.data",
        "rule": "validation-split",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """import tensorflow as tf
x, y = rng.random((40, 6)), rng.random((40, 1))
ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
model.fit(ds, validation_split=0.2, verbose=0)""",
        ],
        "right": "Keep some batches for validation: `fit(ds.skip(1), validation_data=ds.take(1))`.",
        "mended": """import tensorflow as tf
x, y = rng.random((40, 6)), rng.random((40, 1))
ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
model.fit(ds.skip(1), validation_data=ds.take(1), verbose=0)""",
    },
    {
        "name": "ds_sample_weight",
        "kind": "tf.data",
        "rule": "dataset-and-targets",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """import tensorflow as tf
x, y = rng.random((40, 6)), rng.random((40, 1))
ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
model.fit(ds, sample_weight=np.ones(40), verbose=0)""",
        ],
        "right": "Leave `sample_weight` out.",
        "mended": """import tensorflow as tf
x, y = rng.random((40, 6)), rng.random((40, 1))
ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
model.fit(ds, verbose=0)""",
    },
    {
        "name": "ds_missing",
        "kind": "tf.data",
        "rule": "input-keys",
        "model": "model",
        "cells": [
            """a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
model = keras.Model({"a": a, "b": b}, layers.Dense(1)(layers.Concatenate()([a, b])))
model.compile("adam", "mse")""",
            """import tensorflow as tf
ds = tf.data.Dataset.from_tensor_slices(({'a': rng.random((9, 4)), 'second': rng.random((9, 2))}, rng.random((9, 1)))).batch(3)
model.fit(ds, verbose=0)""",
        ],
        "right": 'Write `ds.map(lambda x, y: ({"a": x["a"], "b": x["second"]}, y))`. A fit that failed once needs `compile` again before the next one.',
        "mended": """import tensorflow as tf
ds = tf.data.Dataset.from_tensor_slices(({'a': rng.random((9, 4)), 'second': rng.random((9, 2))}, rng.random((9, 1)))).batch(3)
model.compile("adam", "mse")
model.fit(ds.map(lambda x, y: ({"a": x["a"], "b": x["second"]}, y)), verbose=0)""",
    },
    {
        "name": "gen_uncalled",
        "kind": "generators",
        "rule": "not-an-array",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """def batches():
    while True:
        yield rng.random((8, 6)), rng.random((8, 1))
model.fit(batches, steps_per_epoch=2, verbose=0)""",
        ],
        "right": "Write `batches()`.",
        "mended": """def batches():
    while True:
        yield rng.random((8, 6)), rng.random((8, 1))
model.fit(batches(), steps_per_epoch=2, verbose=0)""",
    },
    {
        "name": "gen_no_batch",
        "kind": "generators",
        "rule": "missing-batch",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """def batches():
    while True:
        yield rng.random(6), rng.random(1)
model.fit(batches(), steps_per_epoch=2, verbose=0)""",
        ],
        "right": "Give batches, such as a batch of one: `yield rng.random(6)[None], rng.random(1)[None]`. A fit that failed once needs `compile` again before the next one.",
        "mended": """def batches():
    while True:
        yield rng.random(6)[None], rng.random(1)[None]
model.compile("adam", "mse")
model.fit(batches(), steps_per_epoch=2, verbose=0)""",
    },
    {
        "name": "gen_list",
        "kind": "generators",
        "rule": "generator-list",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """def batches():
    for n in range(10):
        yield [rng.random((8, 6)), rng.random((8, 1))]
model.fit(batches(), steps_per_epoch=2, verbose=0)""",
        ],
        "right": "Write `yield rng.random((8, 6)), rng.random((8, 1))`.",
        "mended": """def batches():
    for n in range(10):
        yield rng.random((8, 6)), rng.random((8, 1))
model.fit(batches(), steps_per_epoch=2, verbose=0)""",
    },
    {
        "name": "gen_list_inputs",
        "kind": "generators",
        "rule": "generator-list",
        "model": "model",
        "cells": [
            """a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
model = keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
model.compile("adam", "mse")""",
            """def batches():
    while True:
        yield [rng.random((8, 4)), rng.random((8, 2))], rng.random((8, 1))
model.fit(batches(), steps_per_epoch=2, verbose=0)""",
        ],
        "right": "Write `yield (rng.random((8, 4)), rng.random((8, 2))), rng.random((8, 1))`.",
        "mended": """def batches():
    while True:
        yield (rng.random((8, 4)), rng.random((8, 2))), rng.random((8, 1))
model.fit(batches(), steps_per_epoch=2, verbose=0)""",
    },
    {
        "name": "gen_three",
        "kind": "generators",
        "rule": "input-count",
        "model": "model",
        "cells": [
            """a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
model = keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
model.compile("adam", "mse")""",
            """def batches():
    while True:
        yield rng.random((8, 4)), rng.random((8, 2)), rng.random((8, 1))
model.fit(batches(), steps_per_epoch=2, verbose=0)""",
        ],
        "right": "Write `yield (rng.random((8, 4)), rng.random((8, 2))), rng.random((8, 1))`. A fit that failed once needs `compile` again before the next one.",
        "mended": """def batches():
    while True:
        yield (rng.random((8, 4)), rng.random((8, 2))), rng.random((8, 1))
model.compile("adam", "mse")
model.fit(batches(), steps_per_epoch=2, verbose=0)""",
    },
    {
        "name": "gen_dict_keys",
        "kind": "generators",
        "rule": "input-keys",
        "model": "model",
        "cells": [
            """a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
model = keras.Model({"a": a, "b": b}, layers.Dense(1)(layers.Concatenate()([a, b])))
model.compile("adam", "mse")""",
            """def batches():
    while True:
        yield {"a": rng.random((8, 4)), "second": rng.random((8, 2))}, rng.random((8, 1))
model.fit(batches(), steps_per_epoch=2, verbose=0)""",
        ],
        "right": "Write the key 'b' instead of 'second'. A fit that failed once needs `compile` again before the next one.",
        "mended": """def batches():
    while True:
        yield {"a": rng.random((8, 4)), "b": rng.random((8, 2))}, rng.random((8, 1))
model.compile("adam", "mse")
model.fit(batches(), steps_per_epoch=2, verbose=0)""",
    },
    {
        "name": "gen_object",
        "kind": "generators",
        "rule": "not-an-array",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """class Batches:
    def __iter__(self):
        while True:
            yield rng.random((8, 6)), rng.random((8, 1))
model.fit(Batches(), steps_per_epoch=2, verbose=0)""",
        ],
        "right": "Write `iter(Batches())`.",
        "mended": """class Batches:
    def __iter__(self):
        while True:
            yield rng.random((8, 6)), rng.random((8, 1))
model.fit(iter(Batches()), steps_per_epoch=2, verbose=0)""",
    },
    {
        "name": "sequence_no_batch",
        "kind": "generators",
        "rule": "missing-batch",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 3
    def __getitem__(self, n):
        return rng.random(6), rng.random(1)
model.fit(Batches(), verbose=0)""",
        ],
        "right": "Give batches, such as a batch of one: `return rng.random(6)[None], rng.random(1)[None]`. A fit that failed once needs `compile` again before the next one.",
        "mended": """class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 3
    def __getitem__(self, n):
        return rng.random(6)[None], rng.random(1)[None]
model.compile("adam", "mse")
model.fit(Batches(), verbose=0)""",
    },
    {
        "name": "class_weight_gen2",
        "kind": "weights of classes and examples",
        "rule": "class-weight",
        "model": "model",
        "cells": [
            """inp = keras.Input((4,), name="inp")
model = keras.Model(inp, [layers.Dense(1, name="price")(inp), layers.Dense(3, activation="softmax", name="kind")(inp)])
model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"})""",
            """x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.integers(0, 3, (40, 1))
model.fit(x, [yp, yk], class_weight={0: 1.0, 1: 2.0}, verbose=0)""",
        ],
        "right": "Give each example its weight instead: `sample_weight=[np.ones(40), np.array([1.0, 2.0, 1.0])[yk.ravel()]]`.",
        "mended": """x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.integers(0, 3, (40, 1))
model.fit(x, [yp, yk], sample_weight=[np.ones(40), np.array([1.0, 2.0, 1.0])[yk.ravel()]], verbose=0)""",
    },
    {
        "name": "class_weight_list",
        "kind": "weights of classes and examples",
        "rule": "class-weight",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "sparse_categorical_crossentropy")""",
            """x = rng.random((40, 6)); y = rng.integers(0, 3, 40)
model.fit(x, y, class_weight=[1.0, 2.0, 3.0], verbose=0)""",
        ],
        "right": "Write `class_weight=dict(enumerate([1.0, 2.0, 3.0]))`.",
        "mended": """x = rng.random((40, 6)); y = rng.integers(0, 3, 40)
model.fit(x, y, class_weight=dict(enumerate([1.0, 2.0, 3.0])), verbose=0)""",
    },
    {
        "name": "class_weight_string",
        "kind": "weights of classes and examples",
        "rule": "class-weight",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "sparse_categorical_crossentropy")""",
            """x = rng.random((40, 6)); y = rng.integers(0, 3, 40)
model.fit(x, y, class_weight='balanced', verbose=0)""",
        ],
        "right": "Keras knows no such word; balanced weights are `class_weight={0: 1.2121, 1: 1.0256, 2: 0.8333}`.",
        "mended": """x = rng.random((40, 6)); y = rng.integers(0, 3, 40)
model.fit(x, y, class_weight={0: 1.2121, 1: 1.0256, 2: 0.8333}, verbose=0)""",
    },
    {
        "name": "sample_weight_dict",
        "kind": "weights of classes and examples",
        "rule": "sample-weight",
        "model": "model",
        "cells": [
            """inp = keras.Input((4,), name="inp")
model = keras.Model(inp, [layers.Dense(1, name="price")(inp), layers.Dense(3, activation="softmax", name="kind")(inp)])
model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"})""",
            """x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.integers(0, 3, (40, 1))
model.fit(x, [yp, yk], sample_weight={'price': np.ones(40), 'sort': np.ones(40)}, verbose=0)""",
        ],
        "right": "Write `sample_weight=[np.ones(40), np.ones(40)]`.",
        "mended": """x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.integers(0, 3, (40, 1))
model.fit(x, [yp, yk], sample_weight=[np.ones(40), np.ones(40)], verbose=0)""",
    },
    {
        "name": "counts_transposed",
        "kind": "numbers of examples",
        "rule": "example-count",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x = rng.random((6, 40)); y = rng.random((40, 1))
model.fit(x, y, verbose=0)""",
        ],
        "right": "Its examples stand in columns; turn it: `x.T`.",
        "mended": """x = rng.random((6, 40)); y = rng.random((40, 1))
model.fit(x.T, y, verbose=0)""",
    },
    {
        "name": "counts_train_test",
        "kind": "numbers of examples",
        "rule": "example-count",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x_train, x_test = rng.random((30, 6)), rng.random((10, 6)); y_train, y_test = rng.random((30, 1)), rng.random((10, 1))
model.fit(x_train, y_test, verbose=0)""",
        ],
        "right": "The targets of x_train are `y_train`.",
        "mended": """x_train, x_test = rng.random((30, 6)), rng.random((10, 6)); y_train, y_test = rng.random((30, 1)), rng.random((10, 1))
model.fit(x_train, y_train, verbose=0)""",
    },
    {
        "name": "split_order",
        "kind": "numbers of examples",
        "rule": "example-count",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x_train, y_train, x_test, y_test = rng.random((30, 6)), rng.random((10, 6)), rng.random((30, 1)), rng.random((10, 1))
model.fit(x_train, y_train, verbose=0)""",
        ],
        "right": "A split gives both parts of x first: `x_train, x_test, y_train, y_test = ...`.",
        "mended": """x_train, x_test, y_train, y_test = rng.random((30, 6)), rng.random((10, 6)), rng.random((30, 1)), rng.random((10, 1))
model.fit(x_train, y_train, verbose=0)""",
    },
    {
        "name": "val_four",
        "kind": "numbers of examples",
        "rule": "validation-data",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x = rng.random((40, 6)); y = rng.random((40, 1))
model.fit(x, y, validation_data=(x, y, x, y), verbose=0)""",
        ],
        "right": "Write `validation_data=(x, y)`.",
        "mended": """x = rng.random((40, 6)); y = rng.random((40, 1))
model.fit(x, y, validation_data=(x, y), verbose=0)""",
    },
    {
        "name": "val_list",
        "kind": "numbers of examples",
        "rule": "no-targets",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x = rng.random((40, 6)); y = rng.random((40, 1))
model.fit(x, y, validation_data=x, verbose=0)""",
        ],
        "right": "Write `validation_data=(x, y)`.",
        "mended": """x = rng.random((40, 6)); y = rng.random((40, 1))
model.fit(x, y, validation_data=(x, y), verbose=0)""",
    },
    {
        "name": "g_labels",
        "kind": "numbers of examples",
        "rule": "example-count",
        "model": "model",
        "cells": [
            """z = keras.Input((4,), name="z")
disc = keras.Model(z, layers.Dense(1, activation="sigmoid")(z), name="disc")
disc.compile("adam", "binary_crossentropy")""",
            """disc.train_on_batch(rng.random((16, 4)), np.ones((8, 1)))""",
        ],
        "right": "Make as many targets as there are examples: 16. A fit that failed once needs `compile` again before the next one.",
        "mended": """disc.compile("adam", "binary_crossentropy")
disc.train_on_batch(rng.random((16, 4)), np.ones((16, 1)))""",
    },
    {
        "name": "t_strings_x",
        "kind": "data types",
        "rule": "no-numbers",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x = np.array([['1.5', '2', '3', '4', '5', '6']] * 8); y = rng.random((8, 1))
model.fit(x, y, verbose=0)""",
        ],
        "right": 'Write `x.astype("float32")`.',
        "mended": """x = np.array([['1.5', '2', '3', '4', '5', '6']] * 8); y = rng.random((8, 1))
model.fit(x.astype("float32"), y, verbose=0)""",
    },
    {
        "name": "t_words_val",
        "kind": "data types",
        "rule": "no-numbers",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "sparse_categorical_crossentropy")""",
            """x = rng.random((30, 6))
y = np.array(['a', 'b', 'c'] * 10)
model.fit(x[:20], y[:20], validation_data=(x[20:], y[20:]), verbose=0)""",
        ],
        "right": "Write `np.unique(y[:20], return_inverse=True)[1]`.",
        "mended": """x = rng.random((30, 6))
y = np.array(['a', 'b', 'c'] * 10)
model.fit(x[:20], np.unique(y[:20], return_inverse=True)[1], validation_data=(x[20:], np.searchsorted(np.unique(y[:20]), y[20:])), verbose=0)""",
    },
    {
        "name": "t_obj_words_y",
        "kind": "data types",
        "rule": "no-numbers",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "categorical_crossentropy")""",
            """x = rng.random((30, 6))
y = np.array(['a', 'b', 'c'] * 10, dtype=object)
model.fit(x, y, verbose=0)""",
        ],
        "right": "Write `keras.utils.to_categorical(np.unique(y, return_inverse=True)[1], 3)`. A fit that failed once needs `compile` again before the next one.",
        "mended": """x = rng.random((30, 6))
y = np.array(['a', 'b', 'c'] * 10, dtype=object)
model.compile("adam", "categorical_crossentropy")
model.fit(x, keras.utils.to_categorical(np.unique(y, return_inverse=True)[1], 3), verbose=0)""",
    },
    {
        "name": "t_strings_emb",
        "kind": "data types",
        "rule": "no-numbers",
        "model": "model",
        "cells": [
            """i = keras.Input((4,), name="i")
model = keras.Model(i, layers.Dense(1)(layers.Flatten()(layers.Embedding(9, 2)(i))))
model.compile("adam", "mse")""",
            """x = np.array([['a', 'b', 'c', 'd']] * 8); y = rng.random((8, 1))
model.fit(x, y, verbose=0)""",
        ],
        "right": "Write `np.unique(x, return_inverse=True)[1].reshape(x.shape)`.",
        "mended": """x = np.array([['a', 'b', 'c', 'd']] * 8); y = rng.random((8, 1))
model.fit(np.unique(x, return_inverse=True)[1].reshape(x.shape), y, verbose=0)""",
    },
    {
        "name": "t_text_array",
        "kind": "data types",
        "rule": "no-numbers",
        "model": "model",
        "cells": [
            """i = keras.Input((1,), dtype="string", name="i")
v = layers.TextVectorization(100, output_sequence_length=4); v.adapt(["a b", "c d"])
model = keras.Model(i, layers.Dense(1)(layers.Flatten()(layers.Embedding(100, 2)(v(i)))))
model.compile("adam", "mse")""",
            """texts = np.array(['a b', 'c d']); y = np.zeros(2)
model.fit(texts, y, verbose=0)""",
        ],
        "right": "Write `texts.astype(object)`.",
        "mended": """texts = np.array(['a b', 'c d']); y = np.zeros(2)
model.fit(texts.astype(object), y, verbose=0)""",
    },
    {
        "name": "object_of_arrays",
        "kind": "data types",
        "rule": "no-numbers",
        "model": "model",
        "cells": [
            """inp = keras.Input((3,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x = np.empty(4, dtype=object)
for n in range(4):
    x[n] = rng.random(3)
model.fit(x, np.zeros(4), verbose=0)""",
        ],
        "right": "Write `np.stack(list(x))`.",
        "mended": """x = np.empty(4, dtype=object)
for n in range(4):
    x[n] = rng.random(3)
model.fit(np.stack(list(x)), np.zeros(4), verbose=0)""",
    },
    {
        "name": "l_cat_int",
        "kind": "losses",
        "rule": "loss-rank",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "categorical_crossentropy")""",
            """x = rng.random((30, 6))
y = rng.integers(0, 3, 30)
model.fit(x, y, verbose=0)""",
        ],
        "right": 'For targets that are class numbers, write `loss="sparse_categorical_crossentropy"`.',
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "sparse_categorical_crossentropy")
x = rng.random((30, 6))
y = rng.integers(0, 3, 30)
model.fit(x, y, verbose=0)""",
    },
    {
        "name": "l_sparse_onehot",
        "kind": "losses",
        "rule": "sparse-one-hot",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "sparse_categorical_crossentropy")""",
            """x = rng.random((30, 6))
y = np.eye(3)[rng.integers(0, 3, 30)]
model.fit(x, y, verbose=0)""",
        ],
        "right": 'For one-hot targets, write `loss="categorical_crossentropy"`.',
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "categorical_crossentropy")
x = rng.random((30, 6))
y = np.eye(3)[rng.integers(0, 3, 30)]
model.fit(x, y, verbose=0)""",
    },
    {
        "name": "l_sparse_onehot_wrong_n",
        "kind": "losses",
        "rule": "loss-rank",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "sparse_categorical_crossentropy")""",
            """x = rng.random((30, 6))
y = np.eye(4)[rng.integers(0, 4, 30)]
model.fit(x, y, verbose=0)""",
        ],
        "right": "Give the last layer 4 units, one for each column of the targets.",
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(4, activation="softmax", name="head")(inp))
model.compile("adam", "categorical_crossentropy")
x = rng.random((30, 6))
y = np.eye(4)[rng.integers(0, 4, 30)]
model.fit(x, y, verbose=0)""",
    },
    {
        "name": "l_bin_two",
        "kind": "losses",
        "rule": "loss-shape",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid", name="head")(inp))
model.compile("adam", "binary_crossentropy")""",
            """x = rng.random((30, 6))
y = np.eye(2)[rng.integers(0, 2, 30)]
model.fit(x, y, verbose=0)""",
        ],
        "right": "One unit needs one column of 0 and 1: `y[:, 1]`. A fit that failed once needs `compile` again before the next one.",
        "mended": """x = rng.random((30, 6))
y = np.eye(2)[rng.integers(0, 2, 30)]
model.compile("adam", "binary_crossentropy")
model.fit(x, y[:, 1], verbose=0)""",
    },
    {
        "name": "l_bin_multi",
        "kind": "losses",
        "rule": "loss-shape",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid", name="head")(inp))
model.compile("adam", "binary_crossentropy")""",
            """x = rng.random((30, 6))
y = np.eye(3)[rng.integers(0, 3, 30)]
model.fit(x, y, verbose=0)""",
        ],
        "right": 'For 3 classes, give the last layer 3 units with softmax, and write `loss="categorical_crossentropy"`.',
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "categorical_crossentropy")
x = rng.random((30, 6))
y = np.eye(3)[rng.integers(0, 3, 30)]
model.fit(x, y, verbose=0)""",
    },
    {
        "name": "l_cat_object",
        "kind": "losses",
        "rule": "loss-rank",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", keras.losses.CategoricalCrossentropy())""",
            """x = rng.random((30, 6))
y = rng.integers(0, 3, 30)
model.fit(x, y, verbose=0)""",
        ],
        "right": 'For targets that are class numbers, write `loss="sparse_categorical_crossentropy"`.',
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", keras.losses.SparseCategoricalCrossentropy())
x = rng.random((30, 6))
y = rng.integers(0, 3, 30)
model.fit(x, y, verbose=0)""",
    },
    {
        "name": "l_range",
        "kind": "losses",
        "rule": "class-too-large",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "sparse_categorical_crossentropy")""",
            """x = rng.random((30, 6))
y = rng.integers(1, 4, 30); y[0] = 3
model.fit(x, y, verbose=0)""",
        ],
        "right": "Number the classes from 0: `y - 1`.",
        "mended": """x = rng.random((30, 6))
y = rng.integers(1, 4, 30); y[0] = 3
model.fit(x, y - 1, verbose=0)""",
    },
    {
        "name": "l_range_far",
        "kind": "losses",
        "rule": "class-too-large",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "sparse_categorical_crossentropy")""",
            """x = rng.random((30, 6))
y = np.array([10, 20, 30] * 10)
model.fit(x, y, verbose=0)""",
        ],
        "right": "Number the classes from 0: `np.unique(y, return_inverse=True)[1]`.",
        "mended": """x = rng.random((30, 6))
y = np.array([10, 20, 30] * 10)
model.fit(x, np.unique(y, return_inverse=True)[1], verbose=0)""",
    },
    {
        "name": "l_range_neg",
        "kind": "losses",
        "rule": "class-too-large",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "sparse_categorical_crossentropy")""",
            """x = rng.random((30, 6))
y = np.array([-1, 0, 1] * 10)
model.fit(x, y, verbose=0)""",
        ],
        "right": "Number the classes from 0: `np.unique(y, return_inverse=True)[1]`.",
        "mended": """x = rng.random((30, 6))
y = np.array([-1, 0, 1] * 10)
model.fit(x, np.unique(y, return_inverse=True)[1], verbose=0)""",
    },
    {
        "name": "l_range_sig",
        "kind": "losses",
        "rule": "class-too-large",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid", name="head")(inp))
model.compile("adam", "sparse_categorical_crossentropy")""",
            """x = rng.random((30, 6))
y = rng.integers(0, 2, 30)
model.fit(x, y, verbose=0)""",
        ],
        "right": 'For one unit with sigmoid, write `loss="binary_crossentropy"`.',
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid", name="head")(inp))
model.compile("adam", "binary_crossentropy")
x = rng.random((30, 6))
y = rng.integers(0, 2, 30)
model.fit(x, y, verbose=0)""",
    },
    {
        "name": "l_seq_head",
        "kind": "losses",
        "rule": "loss-rank",
        "model": "model",
        "cells": [
            """i = keras.Input((10, 3), name="i")
model = keras.Model(i, layers.Dense(1, activation="sigmoid", name="head")(layers.LSTM(4, return_sequences=True, name="reader")(i)))
model.compile("adam", "binary_crossentropy")""",
            """x = rng.random((8, 10, 3)); y = rng.integers(0, 2, 8)
model.fit(x, y, verbose=0)""",
        ],
        "right": "Each example has one target: set `return_sequences=False` in reader.",
        "mended": """i = keras.Input((10, 3), name="i")
model = keras.Model(i, layers.Dense(1, activation="sigmoid", name="head")(layers.LSTM(4, return_sequences=False, name="reader")(i)))
model.compile("adam", "binary_crossentropy")
x = rng.random((8, 10, 3)); y = rng.integers(0, 2, 8)
model.fit(x, y, verbose=0)""",
    },
    {
        "name": "l_seq_sparse",
        "kind": "losses",
        "rule": "loss-rank",
        "model": "model",
        "cells": [
            """i = keras.Input((10, 3), name="i")
model = keras.Model(i, layers.Dense(5, activation="softmax", name="head")(layers.LSTM(4, return_sequences=True, name="reader")(i)))
model.compile("adam", "sparse_categorical_crossentropy")""",
            """x = rng.random((8, 10, 3)); y = rng.integers(0, 5, 8)
model.fit(x, y, verbose=0)""",
        ],
        "right": "Each example has one target: set `return_sequences=False` in reader.",
        "mended": """i = keras.Input((10, 3), name="i")
model = keras.Model(i, layers.Dense(5, activation="softmax", name="head")(layers.LSTM(4, return_sequences=False, name="reader")(i)))
model.compile("adam", "sparse_categorical_crossentropy")
x = rng.random((8, 10, 3)); y = rng.integers(0, 5, 8)
model.fit(x, y, verbose=0)""",
    },
    {
        "name": "l_conv_head",
        "kind": "losses",
        "rule": "loss-rank",
        "model": "model",
        "cells": [
            """i = keras.Input((10, 10, 3), name="i")
model = keras.Model(i, layers.Dense(3, activation="softmax", name="head")(layers.Conv2D(4, 3)(i)))
model.compile("adam", "categorical_crossentropy")""",
            """x = rng.random((8, 10, 10, 3)); y = np.eye(3)[rng.integers(0, 3, 8)]
model.fit(x, y, verbose=0)""",
        ],
        "right": "Put `layers.Flatten()` before head, so that each example has one row.",
        "mended": """i = keras.Input((10, 10, 3), name="i")
model = keras.Model(i, layers.Dense(3, activation="softmax", name="head")(layers.Flatten()(layers.Conv2D(4, 3)(i))))
model.compile("adam", "categorical_crossentropy")
x = rng.random((8, 10, 10, 3)); y = np.eye(3)[rng.integers(0, 3, 8)]
model.fit(x, y, verbose=0)""",
    },
    {
        "name": "l_flat_autoenc",
        "kind": "losses",
        "rule": "loss-rank",
        "model": "model",
        "cells": [
            """inp = keras.Input((784,), name="inp")
model = keras.Model(inp, layers.Dense(784, name="head")(inp))
model.compile("adam", "mse")""",
            """x = rng.random((8, 784)); y = rng.random((8, 28, 28))
model.fit(x, y, verbose=0)""",
        ],
        "right": "Give the targets the shape of the output: `y.reshape((-1, 784))`. A fit that failed once needs `compile` again before the next one.",
        "mended": """x = rng.random((8, 784)); y = rng.random((8, 28, 28))
model.compile("adam", "mse")
model.fit(x, y.reshape((-1, 784)), verbose=0)""",
    },
    {
        "name": "n_loss_ce",
        "kind": "losses",
        "rule": "unknown-choice",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "cross_entropy")""",
            """x = rng.random((30, 6))
y = rng.integers(0, 3, 30)
model.fit(x, y, verbose=0)""",
        ],
        "right": 'Write `loss="sparse_categorical_crossentropy"`.',
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "sparse_categorical_crossentropy")
x = rng.random((30, 6))
y = rng.integers(0, 3, 30)
model.fit(x, y, verbose=0)""",
    },
    {
        "name": "k_not_compiled",
        "kind": "losses",
        "rule": "not-compiled",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1)(inp))""",
            """x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
        ],
        "right": 'Call `model.compile(optimizer="adam", loss="mean_squared_error")` first; this loss suits the targets and the last layer.',
        "mended": """x = rng.random((30, 6))
model.compile(optimizer="adam", loss="mean_squared_error")
model.fit(x, rng.random((30, 1)), verbose=0)""",
    },
    {
        "name": "n_metric_own_np",
        "kind": "own losses and metrics",
        "rule": "symbolic-value",
        "model": "model",
        "cells": [
            """def acc(y_true, y_pred):
    return np.mean(y_true == np.round(y_pred))
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse", metrics=[acc])""",
            """x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
        ],
        "right": "Write `ops.round` instead of `np.round`, `ops.mean` instead of `np.mean`. "
        "Then compile the model again, and fit.",
        "mended": """def acc(y_true, y_pred):
    return ops.mean(y_true == ops.round(y_pred))
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse", metrics=[acc])
x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
    },
    {
        "name": "n_metric_custom_pluseq",
        "kind": "own losses and metrics",
        "rule": "metric-state",
        "model": "model",
        "cells": [
            """class Mine(keras.metrics.Metric):
    def __init__(self, name="mine"):
        super().__init__(name=name)
        self.total = self.add_weight(name="total", initializer="zeros")
    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total += ops.sum(y_pred)
    def result(self):
        return self.total
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse", metrics=[Mine()])""",
            """x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
        ],
        "right": "Write `self.total.assign_add(ops.sum(y_pred))`.",
        "mended": """class Mine(keras.metrics.Metric):
    def __init__(self, name="mine"):
        super().__init__(name=name)
        self.total = self.add_weight(name="total", initializer="zeros")
    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(ops.sum(y_pred))
    def result(self):
        return self.total
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse", metrics=[Mine()])
x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
    },
    {
        "name": "n_metric_custom_sw",
        "kind": "own losses and metrics",
        "rule": "method-arguments",
        "model": "model",
        "cells": [
            """class Mine(keras.metrics.Metric):
    def __init__(self, name="mine"):
        super().__init__(name=name)
        self.total = self.add_weight(name="total", initializer="zeros")
    def update_state(self, y_true, y_pred):
        self.total.assign_add(ops.sum(y_pred))
    def result(self):
        return self.total
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse", metrics=[Mine()])""",
            """x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
        ],
        "right": "Write `def update_state(self, y_true, y_pred, sample_weight=None):`.",
        "mended": """class Mine(keras.metrics.Metric):
    def __init__(self, name="mine"):
        super().__init__(name=name)
        self.total = self.add_weight(name="total", initializer="zeros")
    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(ops.sum(y_pred))
    def result(self):
        return self.total
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse", metrics=[Mine()])
x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
    },
    {
        "name": "o_loss_one_arg",
        "kind": "own losses and metrics",
        "rule": "loss-signature",
        "model": "model",
        "cells": [
            """def loss(y_pred):
    return ops.mean(y_pred)
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", loss)""",
            """x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
        ],
        "right": "Write `def loss(y_true, y_pred):`.",
        "mended": """def loss(y_true, y_pred):
    return ops.mean(y_pred)
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", loss)
x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
    },
    {
        "name": "o_loss_none",
        "kind": "own losses and metrics",
        "rule": "loss-result",
        "model": "model",
        "cells": [
            """def loss(y_true, y_pred):
    ops.mean(ops.square(y_true - y_pred))
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", loss)""",
            """x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
        ],
        "right": "Write `return ops.mean(ops.square(y_true - y_pred))`.",
        "mended": """def loss(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred))
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", loss)
x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
    },
    {
        "name": "o_loss_called",
        "kind": "own losses and metrics",
        "rule": "loss-called",
        "model": "model",
        "cells": [
            """def loss(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred))
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", loss())""",
        ],
        "right": "Pass the function, without parentheses: `loss`.",
        "mended": """def loss(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred))
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", loss)""",
    },
    {
        "name": "o_loss_factory",
        "kind": "own losses and metrics",
        "rule": "loss-signature",
        "model": "model",
        "cells": [
            """def loss(w):
    def inner(y_true, y_pred):
        return w * ops.mean(ops.square(y_true - y_pred))
    return inner
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", loss)""",
            """x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
        ],
        "right": "Call it in `compile`, with the numbers that you want: `loss(w=1.0)`.",
        "mended": """def loss(w):
    def inner(y_true, y_pred):
        return w * ops.mean(ops.square(y_true - y_pred))
    return inner
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", loss(w=1.0))
x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
    },
    {
        "name": "o_loss_np_lambda",
        "kind": "own losses and metrics",
        "rule": "symbolic-value",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", lambda t, p: np.mean(np.abs(t - p)))""",
            """x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
        ],
        "right": "Write `ops.mean`, `ops.abs` in <lambda>.",
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", lambda t, p: ops.mean(ops.abs(t - p)))
x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
    },
    {
        "name": "o_loss_class_call",
        "kind": "own losses and metrics",
        "rule": "loss-signature",
        "model": "model",
        "cells": [
            """class L(keras.losses.Loss):
    def __call__(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred))
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", L())""",
            """x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
        ],
        "right": "Name the method `call`.",
        "mended": """class L(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred))
inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", L())
x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
    },
    {
        "name": "n_metric_f1",
        "kind": "own losses and metrics",
        "rule": "unknown-choice",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid", name="head")(inp))
model.compile("adam", "binary_crossentropy", metrics=["f1"])""",
            """x = rng.random((30, 6))
model.fit(x, rng.integers(0, 2, (30, 1)), verbose=0)""",
        ],
        "right": "Write `keras.metrics.F1Score(threshold=0.5)`.",
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid", name="head")(inp))
model.compile("adam", "binary_crossentropy", metrics=[keras.metrics.F1Score(threshold=0.5)])
x = rng.random((30, 6))
model.fit(x, rng.integers(0, 2, (30, 1)), verbose=0)""",
    },
    {
        "name": "n_metric_prec_multi",
        "kind": "own losses and metrics",
        "rule": "metric-shape",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "sparse_categorical_crossentropy", metrics=[keras.metrics.Precision()])""",
            """x = rng.random((30, 6))
model.fit(x, rng.integers(0, 3, 30), verbose=0)""",
        ],
        "right": 'Pass one-hot targets, `keras.utils.to_categorical(rng.integers(0, 3, 30), 3)`, and write `loss="categorical_crossentropy"`.',
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "categorical_crossentropy", metrics=[keras.metrics.Precision()])
x = rng.random((30, 6))
model.fit(x, keras.utils.to_categorical(rng.integers(0, 3, 30), 3), verbose=0)""",
    },
    {
        "name": "n_metric_iou",
        "kind": "own losses and metrics",
        "rule": "metric-shape",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "sparse_categorical_crossentropy", metrics=[keras.metrics.MeanIoU(3)])""",
            """x = rng.random((30, 6))
model.fit(x, rng.integers(0, 3, 30), verbose=0)""",
        ],
        "right": "Set `sparse_y_pred=False` in it.",
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(3, activation="softmax", name="head")(inp))
model.compile("adam", "sparse_categorical_crossentropy", metrics=[keras.metrics.MeanIoU(3, sparse_y_pred=False)])
x = rng.random((30, 6))
model.fit(x, rng.integers(0, 3, 30), verbose=0)""",
    },
    {
        "name": "cb_val_acc_es",
        "kind": "callbacks",
        "rule": "no-such-metric",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid", name="head")(inp))
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])""",
            """x = rng.random((30, 6))
es = keras.callbacks.EarlyStopping(monitor='val_acc')
model.fit(x, rng.integers(0, 2, 30), validation_split=0.2, callbacks=[es], verbose=0)""",
        ],
        "right": 'Write `monitor="val_accuracy"`.',
        "mended": """x = rng.random((30, 6))
es = keras.callbacks.EarlyStopping(monitor="val_accuracy")
model.fit(x, rng.integers(0, 2, 30), validation_split=0.2, callbacks=[es], verbose=0)""",
    },
    {
        "name": "cb_ckpt_format",
        "kind": "callbacks",
        "rule": "monitored-name",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid", name="head")(inp))
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])""",
            """x = rng.random((30, 6))
import tempfile
d = tempfile.mkdtemp()
ck = keras.callbacks.ModelCheckpoint(d + '/w-{epoch}-{val_acc:.2f}.keras')
model.fit(x, rng.integers(0, 2, 30), validation_split=0.2, callbacks=[ck], verbose=0)""",
        ],
        "right": "Write `{val_accuracy}` in its place.",
        "mended": """x = rng.random((30, 6))
import tempfile
d = tempfile.mkdtemp()
ck = keras.callbacks.ModelCheckpoint(d + '/w-{epoch}-{val_accuracy:.2f}.keras')
model.fit(x, rng.integers(0, 2, 30), validation_split=0.2, callbacks=[ck], verbose=0)""",
    },
    {
        "name": "cb_class",
        "kind": "callbacks",
        "rule": "class-for-object",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid", name="head")(inp))
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])""",
            """x = rng.random((30, 6))
model.fit(x, rng.integers(0, 2, 30), callbacks=[keras.callbacks.EarlyStopping], verbose=0)""",
        ],
        "right": "Write `keras.callbacks.EarlyStopping()`.",
        "mended": """x = rng.random((30, 6))
model.fit(x, rng.integers(0, 2, 30), callbacks=[keras.callbacks.EarlyStopping()], verbose=0)""",
    },
    {
        "name": "cb_function",
        "kind": "callbacks",
        "rule": "no-callback",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid", name="head")(inp))
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])""",
            """x = rng.random((30, 6))
def stop(epoch, logs):
    print(epoch)
model.fit(x, rng.integers(0, 2, 30), callbacks=[stop], verbose=0)""",
        ],
        "right": "Write `keras.callbacks.LambdaCallback(on_epoch_end=stop)`.",
        "mended": """x = rng.random((30, 6))
def stop(epoch, logs):
    print(epoch)
model.fit(x, rng.integers(0, 2, 30), callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=stop)], verbose=0)""",
    },
    {
        "name": "cb_own_logs",
        "kind": "callbacks",
        "rule": "monitored-name",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid", name="head")(inp))
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])""",
            """x = rng.random((30, 6))
class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if logs['acc'] > 0.9:
            self.model.stop_training = True
model.fit(x, rng.integers(0, 2, 30), callbacks=[Stop()], verbose=0)""",
        ],
        "right": "Write the key 'accuracy' instead of 'acc'.",
        "mended": """x = rng.random((30, 6))
class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if logs["accuracy"] > 0.9:
            self.model.stop_training = True
model.fit(x, rng.integers(0, 2, 30), callbacks=[Stop()], verbose=0)""",
    },
    {
        "name": "cb_own_sig",
        "kind": "callbacks",
        "rule": "method-arguments",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid", name="head")(inp))
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])""",
            """x = rng.random((30, 6))
class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, logs):
        pass
model.fit(x, rng.integers(0, 2, 30), callbacks=[Stop()], verbose=0)""",
        ],
        "right": "Write `def on_epoch_end(self, epoch, logs=None):`.",
        "mended": """x = rng.random((30, 6))
class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        pass
model.fit(x, rng.integers(0, 2, 30), callbacks=[Stop()], verbose=0)""",
    },
    {
        "name": "cb_lr_sched",
        "kind": "callbacks",
        "rule": "schedule",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid", name="head")(inp))
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])""",
            """x = rng.random((30, 6))
s = keras.callbacks.LearningRateScheduler(0.01)
model.fit(x, rng.integers(0, 2, 30), callbacks=[s], verbose=0)""",
        ],
        "right": "Write `lambda epoch: 0.01`.",
        "mended": """x = rng.random((30, 6))
s = keras.callbacks.LearningRateScheduler(lambda epoch: 0.01)
model.fit(x, rng.integers(0, 2, 30), callbacks=[s], verbose=0)""",
    },
    {
        "name": "m_y_table",
        "kind": "several outputs",
        "rule": "target-count",
        "model": "model",
        "cells": [
            """inp = keras.Input((4,), name="inp")
model = keras.Model(inp, [layers.Dense(1, name="price")(inp), layers.Dense(3, activation="softmax", name="kind")(inp)])
model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"})""",
            """x = rng.random((40, 4)); y = rng.random((40, 2))
model.fit(x, y, verbose=0)""",
        ],
        "right": "Pass one array for each output, in order: `[y[:, 0], y[:, 1]]`. A fit that failed once needs `compile` again before the next one.",
        "mended": """x = rng.random((40, 4)); y = rng.random((40, 2))
model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"})
model.fit(x, [y[:, 0], y[:, 1]], verbose=0)""",
    },
    {
        "name": "m_y_dict_typo",
        "kind": "several outputs",
        "rule": "y-keys",
        "model": "model",
        "cells": [
            """inp = keras.Input((4,), name="inp")
model = keras.Model(inp, [layers.Dense(1, name="price")(inp), layers.Dense(3, activation="softmax", name="kind")(inp)])
model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"})""",
            """x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.integers(0, 3, (40, 1))
model.fit(x, {'price': yp, 'sort': yk}, verbose=0)""",
        ],
        "right": "Write the key 'kind' instead of 'sort'. A fit that failed once needs `compile` again before the next one.",
        "mended": """x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.integers(0, 3, (40, 1))
model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"})
model.fit(x, {'price': yp, "kind": yk}, verbose=0)""",
    },
    {
        "name": "m_y_swapped",
        "kind": "several outputs",
        "rule": "class-too-large",
        "model": "model",
        "cells": [
            """inp = keras.Input((4,), name="inp")
model = keras.Model(inp, [layers.Dense(1, name="price")(inp), layers.Dense(3, activation="softmax", name="kind")(inp)])
model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"})""",
            """x = rng.random((40, 4)); yp = rng.random((40, 1)) * 9; yk = rng.integers(0, 3, (40, 1))
model.fit(x, [yk, yp], verbose=0)""",
        ],
        "right": "The outputs are price, kind, in this order: `[yp, yk]`.",
        "mended": """x = rng.random((40, 4)); yp = rng.random((40, 1)) * 9; yk = rng.integers(0, 3, (40, 1))
model.fit(x, [yp, yk], verbose=0)""",
    },
    {
        "name": "m_loss_key",
        "kind": "several outputs",
        "rule": "loss-keys",
        "model": "model",
        "cells": [
            """inp = keras.Input((4,), name="inp")
model = keras.Model(inp, [layers.Dense(1, name="price")(inp), layers.Dense(3, activation="softmax", name="kind")(inp)])
model.compile("adam", {"price": "mse", "sort": "sparse_categorical_crossentropy"})""",
            """x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.integers(0, 3, (40, 1))
model.fit(x, [yp, yk], verbose=0)""",
        ],
        "right": "Write the key 'kind' instead of 'sort'.",
        "mended": """inp = keras.Input((4,), name="inp")
model = keras.Model(inp, [layers.Dense(1, name="price")(inp), layers.Dense(3, activation="softmax", name="kind")(inp)])
model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"})
x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.integers(0, 3, (40, 1))
model.fit(x, [yp, yk], verbose=0)""",
    },
    {
        "name": "m_metric_key",
        "kind": "several outputs",
        "rule": "metrics-keys",
        "model": "model",
        "cells": [
            """inp = keras.Input((4,), name="inp")
model = keras.Model(inp, [layers.Dense(1, name="price")(inp), layers.Dense(3, activation="softmax", name="kind")(inp)])
model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"}, metrics={"price": ["mae"], "sort": ["acc"]})""",
            """x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.integers(0, 3, (40, 1))
model.fit(x, [yp, yk], verbose=0)""",
        ],
        "right": "Write the key 'kind' instead of 'sort'.",
        "mended": """inp = keras.Input((4,), name="inp")
model = keras.Model(inp, [layers.Dense(1, name="price")(inp), layers.Dense(3, activation="softmax", name="kind")(inp)])
model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"}, metrics={"price": ["mae"], "kind": ["acc"]})
x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.integers(0, 3, (40, 1))
model.fit(x, [yp, yk], verbose=0)""",
    },
    {
        "name": "m_weights_short",
        "kind": "several outputs",
        "rule": "loss-count",
        "model": "model",
        "cells": [
            """inp = keras.Input((4,), name="inp")
model = keras.Model(inp, [layers.Dense(1, name="price")(inp), layers.Dense(3, activation="softmax", name="kind")(inp)])
model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"}, loss_weights=[1.0])""",
            """x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.integers(0, 3, (40, 1))
model.fit(x, [yp, yk], verbose=0)""",
        ],
        "right": 'Write one for each output, by name: `loss_weights={"price": 1.0, "kind": 1.0}`.',
        "mended": """inp = keras.Input((4,), name="inp")
model = keras.Model(inp, [layers.Dense(1, name="price")(inp), layers.Dense(3, activation="softmax", name="kind")(inp)])
model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"}, loss_weights={"price": 1.0, "kind": 1.0})
x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.integers(0, 3, (40, 1))
model.fit(x, [yp, yk], verbose=0)""",
    },
    {
        "name": "m_one_output_two_y",
        "kind": "several outputs",
        "rule": "target-count",
        "model": "model",
        "cells": [
            """inp = keras.Input((4,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.random((40, 1))
model.fit(x, [yp, yk], verbose=0)""",
        ],
        "right": "Pass one array of targets: `yp`. A fit that failed once needs `compile` again before the next one.",
        "mended": """x = rng.random((40, 4)); yp = rng.random((40, 1)); yk = rng.random((40, 1))
model.compile("adam", "mse")
model.fit(x, yp, verbose=0)""",
    },
    {
        "name": "k_no_args",
        "kind": "compile",
        "rule": "no-loss",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1)(inp))
model.compile()""",
            """x = rng.random((30, 6))
model.fit(x, rng.random((30, 1)), verbose=0)""",
        ],
        "right": 'Write `loss="mean_squared_error"` in `compile`; this loss suits the targets and the last layer.',
        "mended": """x = rng.random((30, 6))
model.compile(optimizer="adam", loss="mean_squared_error")
model.fit(x, rng.random((30, 1)), verbose=0)""",
    },
    {
        "name": "k_loss_first",
        "kind": "compile",
        "rule": "compile-order",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1)(inp))
model.compile("mse", "adam")""",
        ],
        "right": 'Write `compile(optimizer="adam", loss="mse")`.',
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1)(inp))
model.compile("adam", "mse")""",
    },
    {
        "name": "k_opt_class",
        "kind": "compile",
        "rule": "class-for-object",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1)(inp))
model.compile(keras.optimizers.Adam, "mse")""",
        ],
        "right": "Write `keras.optimizers.Adam()`.",
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1)(inp))
model.compile(keras.optimizers.Adam(), "mse")""",
    },
    {
        "name": "k_unknown_arg",
        "kind": "compile",
        "rule": "unknown-argument",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1)(inp))
model.compile(optimizer="adam", losses="mse")""",
        ],
        "right": "Write `loss=`.",
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1)(inp))
model.compile(optimizer="adam", loss="mse")""",
    },
    {
        "name": "k_lr",
        "kind": "compile",
        "rule": "unknown-argument",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1)(inp))
model.compile("adam", "mse", learning_rate=0.1)""",
        ],
        "right": "It belongs to the optimizer: `keras.optimizers.Adam(learning_rate=0.1)`.",
        "mended": """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1)(inp))
model.compile(keras.optimizers.Adam(learning_rate=0.1), "mse")""",
    },
    {
        "name": "g_one_opt",
        "kind": "gan",
        "rule": "shared-optimizer",
        "model": "model",
        "cells": [
            """opt = keras.optimizers.Adam()
inp = keras.Input((6,), name="inp")
one = keras.Model(inp, layers.Dense(1)(inp))
two = keras.Model(inp, layers.Dense(2)(inp))
one.compile(opt, "mse"); two.compile(opt, "mse")
x = rng.random((8, 6))
one.fit(x, rng.random((8, 1)), verbose=0)
two.fit(x, rng.random((8, 2)), verbose=0)""",
        ],
        "right": "Make an optimizer for each model: `keras.optimizers.Adam()`.",
        "mended": """opt = keras.optimizers.Adam()
inp = keras.Input((6,), name="inp")
one = keras.Model(inp, layers.Dense(1)(inp))
two = keras.Model(inp, layers.Dense(2)(inp))
one.compile(opt, "mse"); two.compile(keras.optimizers.Adam(), "mse")
x = rng.random((8, 6))
one.fit(x, rng.random((8, 1)), verbose=0)
two.fit(x, rng.random((8, 2)), verbose=0)""",
    },
    {
        "name": "g_gan_one_opt",
        "kind": "gan",
        "rule": "shared-optimizer",
        "model": "model",
        "cells": [
            """opt = keras.optimizers.Adam(1e-4)
z = keras.Input((4,), name="z")
gen = keras.Model(z, layers.Dense(6)(z), name="gen")
pic = keras.Input((6,), name="pic")
disc = keras.Model(pic, layers.Dense(1, activation="sigmoid")(pic), name="disc")
disc.compile(opt, "binary_crossentropy")
disc.trainable = False
gan = keras.Model(z, disc(gen(z)), name="gan")
gan.compile(opt, "binary_crossentropy")""",
            """disc.trainable = True
disc.train_on_batch(rng.random((8, 6)), np.ones((8, 1)))
disc.trainable = False
gan.train_on_batch(rng.random((8, 4)), np.ones((8, 1)))""",
        ],
        "right": "Make an optimizer for each model: `keras.optimizers.Adam(1e-4)`.",
        "mended": """opt = keras.optimizers.Adam(1e-4)
z = keras.Input((4,), name="z")
gen = keras.Model(z, layers.Dense(6)(z), name="gen")
pic = keras.Input((6,), name="pic")
disc = keras.Model(pic, layers.Dense(1, activation="sigmoid")(pic), name="disc")
disc.compile(opt, "binary_crossentropy")
disc.trainable = False
gan = keras.Model(z, disc(gen(z)), name="gan")
gan.compile(keras.optimizers.Adam(1e-4), "binary_crossentropy")
disc.trainable = True
disc.train_on_batch(rng.random((8, 6)), np.ones((8, 1)))
disc.trainable = False
gan.train_on_batch(rng.random((8, 4)), np.ones((8, 1)))""",
    },
    {
        "name": "g_frozen_then_trained_batch",
        "kind": "gan",
        "rule": "trainable-changed",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
base = keras.Sequential([keras.Input((6,)), layers.Dense(4)], name="base"); base.trainable = False
model = keras.Model(inp, layers.Dense(1)(base(inp)))
model.compile("adam", "mse")
x, y = rng.random((8, 6)), rng.random((8, 1))
model.fit(x, y, verbose=0)
base.trainable = True
model.train_on_batch(x[:3], y[:3])""",
        ],
        "right": "Compile the model again after `trainable` was changed.",
        "mended": """inp = keras.Input((6,), name="inp")
base = keras.Sequential([keras.Input((6,)), layers.Dense(4)], name="base"); base.trainable = False
model = keras.Model(inp, layers.Dense(1)(base(inp)))
model.compile("adam", "mse")
x, y = rng.random((8, 6)), rng.random((8, 1))
model.fit(x, y, verbose=0)
base.trainable = True
model.compile("adam", "mse")
model.train_on_batch(x[:3], y[:3])""",
    },
    {
        "name": "a_shape",
        "kind": "training again",
        "rule": "half-traced",
        "model": "model",
        "cells": [
            """inp = keras.Input((784,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """x = rng.random((8, 28, 28)); y = rng.random((8, 1))
try:
    model.fit(x, y, verbose=0)
except ValueError: pass""",
            """x = x.reshape(-1, 784)
model.fit(x, y, verbose=0)""",
        ],
        "right": "Run `model.compile(...)` again, then `fit`.",
        "mended": """x = x.reshape(-1, 784)
model.compile("adam", "mse")
model.fit(x, y, verbose=0)""",
    },
    {
        "name": "a_eval",
        "kind": "training again",
        "rule": "half-traced",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid", name="head")(inp))
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])""",
            """x = rng.random((8, 6)); y = rng.integers(0, 2, (8, 2))
try:
    model.evaluate(x, y, verbose=0)
except ValueError: pass""",
            """model.evaluate(x, y[:, :1], verbose=0)""",
        ],
        "right": "Run `model.compile(...)` again, then `evaluate`.",
        "mended": """model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.evaluate(x, y[:, :1], verbose=0)""",
    },
    {
        "name": "a_tob",
        "kind": "training again",
        "rule": "half-traced",
        "model": "model",
        "cells": [
            """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, name="head")(inp))
model.compile("adam", "mse")""",
            """try:
    model.train_on_batch(rng.random((8, 5)), rng.random((8, 1)))
except ValueError: pass""",
            """model.train_on_batch(rng.random((8, 6)), rng.random((8, 1)))""",
        ],
        "right": "Run `model.compile(...)` again, then `train_on_batch`.",
        "mended": """model.compile("adam", "mse")
model.train_on_batch(rng.random((8, 6)), rng.random((8, 1)))""",
    },
]
