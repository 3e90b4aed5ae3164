"""Learners' mistakes: Keras raises each error, and the package explains it."""

import functools

import keras
import numpy as np
import pytest
from backends import tf
from keras import layers, ops

import kfunc_lab as lab
from kfunc_lab.mistakes.failure import find_failure
from kfunc_lab.mistakes.find import find_mistake

VERSION = tuple(map(int, keras.__version__.split(".")[:2]))
CASES = []


def case(rule, kind, edit="", sums="", name=None, where=None, stage=None, since=(3, 8)):
    """Register a function that makes a mistake; Keras before `since` may raise no error."""

    def add(function):
        expected = (rule, kind, edit, sums, name, where, stage, since)
        CASES.append(pytest.param(function, *expected, id=function.__name__))
        return function

    return add


def zeros(*shape):
    return np.zeros(shape, "float32")


def image():
    return keras.Input((28, 28, 1), name="image")


def row(size=8, name=None):
    return keras.Input((size,), name=name)


def trained(outputs, y, loss="mse", x=None, shape=(4,), metrics=None, **options):
    i = keras.Input(shape, name="i")
    model = keras.Model(i, outputs(i), name="m")
    model.compile("sgd", loss=loss, metrics=metrics, **options)
    model.fit(zeros(8, *shape) if x is None else x, y, batch_size=4, verbose=0)


def dense(units, activation=None):
    return lambda x: layers.Dense(units, activation=activation, name="end")(x)


def two_heads(x):
    return [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)]


def two_named_heads(x):
    return dict(zip("ab", two_heads(x), strict=True))


def two_inputs():
    a, b = row(3, "a"), row(3, "b")
    return keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])), name="m")


# 1. The number of axes


@case("missing-channels", "Conv2D", "Input(shape=(28, 28, 1))", "3 < 4", "c", "photo", "call")
def conv_without_channels():
    layers.Conv2D(8, 3, name="c")(keras.Input((28, 28), name="photo"))


@case("missing-channels", "Conv2D", "`photos[..., None]`", "3 < 4", "c")
def conv_on_arrays():
    photos = zeros(5, 28, 28)
    layers.Conv2D(8, 3, name="c")(photos)


@case("missing-channels", "MaxPooling2D", "Input(shape=(28, 28, 1))", "3 ≠ 4")
def pooling_without_channels():
    layers.MaxPooling2D()(keras.Input((28, 28)))


@case("missing-channels", "Conv2D", "target_shape=(4, 4, 1)", "3 < 4")
def conv_after_a_reshape():
    y = layers.Reshape((4, 4))(row(16))
    layers.Conv2D(2, 3)(y)


@case("batch-in-shape", "Conv2D", "Input(shape=(28, 28, 1))", "5 ≠ 4")
def batch_in_the_shape():
    layers.Conv2D(8, 3)(keras.Input((32, 28, 28, 1)))


@case("batch-in-shape", "LSTM", "Input(shape=(10, 4))", "4 ≠ 3")
def batch_in_the_shape_of_a_sequence():
    layers.LSTM(8)(keras.Input((32, 10, 4)))


@case("wrong-rank", "GlobalAveragePooling2D", "Leave out global_average_pooling2d", "2 ≠ 4")
def pooling_a_row():
    x = row(64)
    layers.GlobalAveragePooling2D()(x)


@case("wrong-rank", "Conv2D", "Leave out flatten", "2 < 4")
def conv_after_flatten():
    x = layers.Flatten()(keras.Input((5, 7, 1)))
    layers.Conv2D(2, 3)(x)


@case("wrong-rank", "LSTM", "Input(shape=(10, 1))", "2 ≠ 3")
def lstm_on_a_row():
    layers.LSTM(8)(row(10))


@case("missing-sequences", "LSTM", "return_sequences=True` in first", "2 ≠ 3", "second")
def lstm_on_the_last_step():
    x = layers.LSTM(8, name="first")(keras.Input((10, 4)))
    layers.LSTM(8, name="second")(x)


@case("wrong-rank", "TimeDistributed", "Input(shape=(10, 1))", "2 < 3")
def time_distributed_on_a_row():
    layers.TimeDistributed(layers.Dense(3))(row(10))


@case("wrong-rank", "LSTM", "`layers.Reshape((26, 52))`", "4 ≠ 3")
def lstm_on_an_image():
    x = layers.Conv2D(2, 3)(image())
    layers.LSTM(8)(x)


@case("wrong-rank", "RepeatVector", "return_sequences=False` in r", "3 ≠ 2")
def repeating_sequences():
    x = layers.GRU(4, return_sequences=True, name="r")(keras.Input((5, 3)))
    layers.RepeatVector(3)(x)


@case("wrong-rank", "Permute", "dims=(2, 1, 3)", "4 ≠ 3")
def permuting_too_few():
    layers.Permute((2, 1))(image())


@case("wrong-rank", "Dense", "Input(shape=(1,))", "1 < 2")
def one_number_each():
    layers.Dense(3)(keras.Input(()))


@case("missing-batch", "Functional", "`x[None]`", "1 ≠ 2", stage="fit")
def predicting_one_row():
    i = row(4)
    x = zeros(4)
    keras.Model(i, layers.Dense(1)(i)).predict(x, verbose=0)


@case("missing-batch", "Functional", "`photo[None]`", "3 ≠ 4")
def predicting_one_image():
    i = image()
    photo = zeros(28, 28, 1)
    keras.Model(i, layers.Conv2D(1, 3)(i)).predict(photo, verbose=0)


# 2. Sizes


@case("wrong-size", "Dense", "Input(shape=(172,))", "170 ≠ 172", "d", "second")
def dense_on_another_size():
    layer = layers.Dense(3, name="d")
    layer(row(172))
    layer(row(170, "second"))


@case("wrong-size", "Dense", "call d on a tensor whose axis -1 has size 172", "170 ≠ 172")
def dense_on_arrays_of_another_size():
    layer = layers.Dense(3, name="d")
    layer(zeros(2, 172))
    layer(zeros(32, 170))


@case("wrong-size", "LSTM", "size 172", "170 ≠ 172")
def lstm_on_another_size():
    layer = layers.LSTM(3)
    layer(zeros(2, 5, 172))
    layer(zeros(2, 5, 170))


@case("wrong-size", "Conv2D", "Input(shape=(28, 28, 3))", "1 ≠ 3")
def conv_on_other_channels():
    layer = layers.Conv2D(3, 3)
    layer(keras.Input((28, 28, 3)))
    layer(image())


@case("wrong-input-shape", "Functional", "Input(shape=(5,))", "5 ≠ 4", "m", "i", "fit")
def training_on_other_columns():
    trained(dense(1), zeros(8), x=zeros(8, 5))


@case("wrong-input-shape", "Functional", "reshape((-1, 784))", "3 ≠ 2")
def training_on_images_not_rows():
    trained(dense(1), zeros(8), x=zeros(8, 28, 28), shape=(784,))


@case("wrong-input-shape", "Functional", "Input(shape=(5,))", "5 ≠ 4", stage="call")
def calling_on_other_columns():
    i = row(4)
    keras.Model(i, layers.Dense(1)(i))(zeros(8, 5))


@case("wrong-input-shape", "Functional", "", "4 ≠ 3", where="b")
def a_second_input_of_other_size():
    two_inputs().predict([zeros(8, 3), zeros(8, 4)], verbose=0)


@case("unknown-size", "Dense", "Input(shape=(...,))")
def dense_on_an_open_size():
    layers.Dense(3)(keras.Input((None,)))


# Windows


@case("too-small", "Conv2D", "padding", "⌊(3 + 2·0 − 5)/1⌋ + 1 = −1", where="kernel_size")
def conv_on_a_small_image():
    layers.Conv2D(8, 5)(keras.Input((3, 3, 1)))


# Keras 3.8 says nothing of size zero.
@case("too-small", "MaxPooling2D", "padding", "⌊(1 + 2·0 − 2)/2⌋ + 1 = 0", since=(3, 15))
def pooling_one_pixel():
    layers.MaxPooling2D()(keras.Input((1, 1, 8)))


@case("too-small", "Cropping2D", "Leave out cropping2d", "4 − 3 − 3 = −2")
def cropping_all():
    layers.Cropping2D(3)(keras.Input((4, 4, 1)))


@case("index-too-large", "Embedding", "layers.Embedding(12, ...)", "11 ≥ 10")
def a_word_too_many():
    layers.Embedding(10, 3)(np.array([[11]]))


# 3. Outputs that other inputs lead to: Keras 3.8 raises only when the model is called.


@case(
    "unconnected-output",
    "Functional",
    "inputs=b, ...)`",
    since=(3, 10),
    where="b",
    stage="model",
)
def another_input():
    a, b = row(3, "a"), row(3, "b")
    keras.Model(a, layers.Dense(1)(b))


@case("unconnected-output", "Functional", "inputs=[a, b]", where="b")
def one_input_of_two():
    a, b = row(3, "a"), row(3, "b")
    keras.Model(a, layers.Concatenate()([a, b]))(zeros(2, 3))


@case("unconnected-output", "Functional", "inputs=[a, b]", where="b")
def one_input_of_two_predicting():
    a, b = row(3, "a"), row(3, "b")
    keras.Model(a, layers.Concatenate()([a, b])).predict(zeros(2, 3), verbose=0)


@case("unconnected-output", "Functional", "inputs=[a, b]", where="b")
def another_input_as_an_output():
    a, b = row(3, "a"), row(3, "b")
    keras.Model(a, [layers.Dense(1)(a), b])(zeros(2, 3))


# 4, 5. Layers for tensors


@case("layer-for-tensor", "Functional", "`layers.Dense(...)(x)`", where="d", stage="model")
def a_layer_for_an_output():
    keras.Model(row(), layers.Dense(1, name="d"))


@case("layer-for-tensor", "Functional", '`layers.Dense(2, name="e")(x)`', where="e")
def a_layer_among_outputs():
    x = row()
    keras.Model(x, [layers.Dense(1)(x), layers.Dense(2, name="e")])


@case("layer-for-tensor", "Dense", "Call e on a tensor", name="d", where="e", stage="call")
def a_layer_for_a_tensor():
    layers.Dense(1, name="d")(layers.Dense(2, name="e"))


@case("layer-for-tensor", "Add", "Call e on a tensor", where="e")
def a_layer_among_tensors():
    layers.Add()([row(), layers.Dense(8, name="e")])


# Keras 3.8 creates the layer and fails when it is used.
@case("constructor-parentheses", "Dense", "Dense(64)(x)", where="units")
def a_dense_of_a_tensor_used():
    layers.Dense(3)(layers.Dense(row()))


@case("constructor-parentheses", "Functional", "`layers.Softmax()(x)`", where="axis")
def a_softmax_of_a_tensor_used():
    x = row()
    keras.Model(x, layers.Softmax(x))


@case("not-a-tensor", "Dense", "second: `layers.Dense(...)(x)`")
def a_setting_among_tensors():
    x = row()
    layers.Dense(3)(x, "relu")


@case("not-a-tensor", "Dense", "`return`")
def none_for_a_tensor():
    layers.Dense(3)(None)


@case("missing-argument", "Dense", "`layers.Dense(...)(x)`")
def no_tensor():
    layers.Dense(3)()


# 6. Parentheses of the constructor


@case("constructor-parentheses", "Dense", "`layers.Dense(64)(x)`", where="units", since=(3, 15))
def dense_of_a_tensor():
    x = row()
    layers.Dense(x)


@case(
    "constructor-parentheses",
    "Flatten",
    "Write `layers.Flatten()(photo)`: the tensor",
    "",
    None,
    "data_format",
    "construct",
)
def flatten_of_a_tensor():
    photo = image()
    layers.Flatten(photo)


@case("constructor-parentheses", "Dropout", "`layers.Dropout(0.5)(x)`", where="rate")
def dropout_of_a_tensor():
    x = row()
    layers.Dropout(x)


@case("constructor-parentheses", "Conv2D", "`layers.Conv2D(32, 3)(x)`", where="filters")
def conv_of_a_tensor():
    x = image()
    layers.Conv2D(x, 3)


@case("constructor-parentheses", "MaxPooling2D", "`layers.MaxPooling2D()(x)`")
def pooling_of_a_tensor():
    x = image()
    layers.MaxPooling2D(x)


@case("constructor-parentheses", "LSTM", "`layers.LSTM(32)(x)`", where="units")
def lstm_of_a_tensor():
    x = keras.Input((5, 3))
    layers.LSTM(x)


@case("constructor-parentheses", "Dense", "`layers.Dense(3)(x)`", where="activation")
def a_tensor_behind_the_settings():
    x = row()
    layers.Dense(3, x)


@case("constructor-parentheses", "Add", "`layers.Add()([a, b])`")
def add_of_tensors():
    a, b = row(), row()
    layers.Add([a, b])


@case("constructor-parentheses", "BatchNormalization", "BatchNormalization()(x)", where="axis")
def normalization_of_a_tensor():
    x = row()
    layers.BatchNormalization(x)


@case("wrong-argument", "Conv2D", "filters=32", "-1 ≤ 0", where="filters")
def negative_filters():
    layers.Conv2D(-1, 3)


@case("wrong-argument", "Conv2D", "`filters=12`", "11 mod 4 = 3", where="groups")
def filters_in_unequal_groups():
    layers.Conv2D(11, 3, groups=4)


@case("wrong-argument", "Conv2D", "`filters=4`", "1 mod 4 = 1", where="groups")
def fewer_filters_than_groups():
    layers.Conv2D(1, 3, groups=4)


@case("wrong-argument", "Dropout", "layers.Dropout(0.5)", "50 > 1", where="rate")
def a_rate_in_percent():
    layers.Dropout(50)


@case("unknown-choice", "Dense", '"relu"', where="activation")
def a_misspelt_activation():
    layers.Dense(3, activation="rleu")


@case("unknown-argument", "Dense", "`activation=`", where="activacion")
def a_misspelt_argument():
    layers.Dense(3, activacion="relu")


@case("missing-argument", "Dot", "`layers.Dot(axes=1)`", where="axes")
def a_missing_setting():
    layers.Dot()


# 7. Input


@case("input-shape", "Input", "`keras.Input(shape=(784,))`", where="shape", stage="construct")
def a_number_for_a_shape():
    keras.Input(shape=784)


@case("input-shape", "Input", "keras.Input(shape=(784,))")
def no_shape():
    keras.Input()


@case("input-shape", "Input", "remove `batch_shape`", where="batch_shape")
def two_shapes():
    keras.Input(shape=(3,), batch_shape=(None, 3))


@case("input-shape", "Input", "shape=(28, 28))`: numbers without quotes")
def strings_in_a_shape():
    keras.Input(shape=("28", "28"))


@case("input-shape", "Input", "shape=(None, 3)")
def a_negative_size():
    keras.Input(shape=(-1, 3))


@case("unknown-argument", "Input", "`shape=`", where="input_shape")
def input_shape_of_input():
    keras.Input(input_shape=(3,))


# 8. Merging


@case("concatenate-shapes", "Concatenate", "`axis=1`", "8 ≠ 16", "c", "a, b")
def concatenating_other_sizes():
    a, b = keras.Input((8, 3), name="a"), keras.Input((16, 3), name="b")
    layers.Concatenate(name="c")([a, b])


@case("concatenate-shapes", "Concatenate", "`keras.Input(shape=(16, 3))`", "8 ≠ 16")
def concatenating_sizes_that_differ_along_every_axis():
    layers.Concatenate()([keras.Input((8, 3)), keras.Input((16, 5))])


@case("concatenate-shapes", "Concatenate", "Flatten", "2 ≠ 3")
def concatenating_other_ranks():
    layers.Concatenate()([row(), keras.Input((16, 3))])


@case("concatenate-shapes", "Concatenate", "", "8 ≠ 16")
def ops_concatenating_other_sizes():
    ops.concatenate([keras.Input((8, 3)), keras.Input((16, 3))])


@case("merge-shapes", "Add", "layers.Dense(8)", "8 ≠ 16", "sum", "a, b")
def adding_other_sizes():
    layers.Add(name="sum")([row(8, "a"), row(16, "b")])


@case("merge-shapes", "Add", 'padding="same"', "28 ≠ 28 → 26")
def adding_a_smaller_image():
    x = image()
    layers.Add()([layers.Conv2D(4, 3, padding="same")(x), layers.Conv2D(4, 3)(x)])


@case("merge-shapes", "Add", "layers.Dense(8)", "8 ≠ 16")
def plus_of_other_sizes():
    row(8) + row(16)


@case("merge-single", "Add", "`layers.Add()([x, ...])`")
def adding_one():
    x = row()
    layers.Add()(x)


@case("merge-single", "Concatenate", "`layers.Concatenate()([x, ...])`")
def concatenating_one():
    x = row()
    layers.Concatenate()(x)


@case("merge-single", "Concatenate", "`layers.Concatenate()([a, b])`")
def concatenating_two_arguments():
    a, b = row(), row()
    layers.Concatenate()(a, b)


@case("merge-count", "Subtract", "layers.Add()", "3 ≠ 2")
def subtracting_three():
    layers.Subtract()([row(), row(), row()])


@case("dot-axes", "Dot", "layers.Dense(8)", "8 ≠ 16")
def dot_of_other_sizes():
    layers.Dot(axes=1)([row(8), row(16)])


@case("reshape-size", "Reshape", "(7, 7, 16)", "28 × 28 × 1 = 784 ≠ 7 × 7 × 10 = 490")
def reshaping_to_other_numbers():
    layers.Reshape((7, 7, 10))(image())


@case("reshape-size", "Reshape", "divides 784", "28 × 28 × 1 = 784, 784 mod 10 = 4")
def reshaping_with_a_remainder():
    layers.Reshape((10, -1))(image())


# 9. Symbolic tensors


@case("symbolic-value", "KerasTensor", "`ops.mean(x)`", where="n", stage="tensor")
def tensorflow_on_a_tensor():
    x = row(8, "n")
    tf.reduce_mean(x)


@case("symbolic-value", "KerasTensor", "`ops.concatenate([a, b], axis=1)`")
def tensorflow_on_a_list():
    a, b = row(), row()
    tf.concat([a, b], 1)


@case("symbolic-value", "KerasTensor", "`ops.exp(x)`", stage="tensor")
def numpy_on_a_tensor():
    x = row()
    np.exp(x)


@case("symbolic-value", "KerasTensor", "keras.ops.where")
def a_condition_on_a_tensor():
    if row() > 0:
        pass


@case("symbolic-value", "KerasTensor", "keras.ops")
def a_loop_over_a_tensor():
    for _item in row():
        pass


@case("symbolic-value", "KerasTensor", "model.predict", where="numpy")
def values_of_a_tensor():
    row().numpy()


@case("tensor-called", "KerasTensor", "`layer(x)`")
def calling_a_tensor():
    row()(3)


# 10. Names


@case("duplicate-name", "Functional", 'name="d_2"', "2 > 1", where="d", stage="model")
def one_name_twice():
    x = row()
    keras.Model(x, layers.Dense(3, name="d")(layers.Dense(3, name="d")(x)))


@case("duplicate-name", "Sequential", 'name="d_2"', where="d")
def one_name_twice_in_sequential():
    keras.Sequential([layers.Dense(3, name="d"), layers.Dense(3, name="d")])


# 11. Targets, losses, metrics


@case(
    "loss-rank", "Functional", '"sparse_categorical_crossentropy"', "1 ≠ 2", "m", "end", "fit"
)
def class_numbers_with_one_hot_loss():
    trained(dense(10, "softmax"), np.zeros(8, int), "categorical_crossentropy")


@case("loss-shape", "Functional", "layer 12 units", "12 ≠ 10", where="end")
def other_classes():
    trained(dense(10, "softmax"), zeros(8, 12), "categorical_crossentropy")


@case("sparse-one-hot", "Functional", '"categorical_crossentropy"', "2 ≠ 2 − 1")
def one_hot_with_sparse_loss():
    trained(dense(10, "softmax"), zeros(8, 10), "sparse_categorical_crossentropy")


@case("loss-rank", "Functional", "layers.Flatten()", "2 ≠ 4")
def dense_on_an_image():
    trained(dense(10, "softmax"), zeros(8, 10), "categorical_crossentropy", shape=(8, 8, 1))


@case("loss-rank", "Functional", "layers.Flatten()", "1 ≠ 4")
def dense_on_an_image_with_sparse_loss():
    y = np.zeros(8, int)
    trained(dense(10, "softmax"), y, "sparse_categorical_crossentropy", shape=(8, 8, 1))


@case("loss-shape", "Functional", "layer 2 units", "2 ≠ 3")
def other_columns_with_mse():
    trained(dense(3), zeros(8, 2))


@case("class-too-large", "Functional", "8 units", "7 ≥ 3")
def a_class_too_many():
    trained(dense(3, "softmax"), np.full(8, 7), "sparse_categorical_crossentropy")


@case("loss-keys", "Functional", "'b' instead of 'c'", where="c")
def a_wrong_loss_key():
    trained(two_heads, [zeros(8)] * 2, {"a": "mse", "c": "mse"})


@case("loss-keys", "Functional", "'b' instead of 'c'", where="c")
def a_wrong_loss_key_of_dict_outputs():
    y = {"a": zeros(8), "b": zeros(8)}
    trained(two_named_heads, y, {"a": "mse", "c": "mse"})


@case("loss-keys", "Functional", "Add the key 'b'", where="b")
def a_missing_loss_key():
    trained(two_heads, [zeros(8)] * 2, {"a": "mse"})


@case("loss-count", "Functional", 'loss={"a": "mse", "b": "mse"}', "3 ≠ 2", where="loss")
def a_loss_too_many():
    trained(two_heads, [zeros(8)] * 2, ["mse"] * 3)


@case("target-count", "Functional", "[y_a, y_b]", where="y")
def one_target_for_two_outputs():
    trained(two_heads, zeros(8, 1))


@case("target-count", "Functional", "[y_a, y_b]", "3 ≠ 2")
def a_target_too_many():
    trained(two_heads, [zeros(8)] * 3)


@case("y-keys", "Functional", "Add the key 'b'", where="b")
def a_missing_target_key():
    trained(two_named_heads, {"a": zeros(8)}, {"a": "mse", "b": "mse"})


@case("y-keys", "Functional", "Write the key 'b' instead of 'c'.")
def a_wrong_target_key():
    trained(two_named_heads, {"a": zeros(8), "c": zeros(8)}, {"a": "mse", "b": "mse"})


@case("metrics-count", "Functional", 'metrics={"a": ["mae"], "b": ["mae"]}', "1 ≠ 2")
def one_metric_for_two_outputs():
    trained(two_heads, [zeros(8)] * 2, metrics=["acc"])


@case("metrics-keys", "Functional", "'b' instead of 'c'")
def a_wrong_metric_key():
    trained(two_heads, [zeros(8)] * 2, metrics={"a": "acc", "c": "acc"})


@case("loss-count", "Functional", "loss_weights={", "1 ≠ 2")
def a_loss_weight_too_few():
    trained(two_heads, [zeros(8)] * 2, ["mse", "mse"], loss_weights=[1])


@case("not-compiled", "Functional", "model.compile(", stage="fit")
def not_compiled():
    x = row(4)
    keras.Model(x, layers.Dense(1)(x)).fit(zeros(8, 4), zeros(8))


@case("unknown-choice", "Functional", '"mse"', where="loss")
def a_misspelt_loss():
    trained(dense(1), zeros(8), "mes")


@case("example-count", "Functional", "[:7]", "8 ≠ 7")
def a_target_too_few():
    trained(dense(1), zeros(7))


@case("not-an-array", "Functional", "np.array")
def lists_for_arrays():
    trained(dense(1), [0.0] * 8)


@case("input-count", "Functional", "[a, b]", "1 ≠ 2", "m", "a, b")
def one_input_for_two():
    two_inputs()(row(3))


@case("input-count", "Functional", "[a, b]", "3 ≠ 2", stage="fit")
def three_inputs_for_two():
    two_inputs().predict([zeros(8, 3)] * 3, verbose=0)


@case("input-keys", "Functional", "'b' instead of 'c'", where="b")
def a_wrong_input_key():
    two_inputs()({"a": zeros(8, 3), "c": zeros(8, 3)})


@case("model-arguments", "Model", "with an s", where="input")
def input_for_inputs():
    x = row()
    keras.Model(input=x, output=x)


# Saving


class Holder(layers.Layer):
    def __init__(self, inner, **options):
        super().__init__(**options)
        self.inner = inner

    def call(self, x):
        return self.inner(x)


class Forgetful(layers.Layer):
    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = units

    def call(self, x):
        return x

    def get_config(self):
        return super().get_config()


def saved_and_loaded(layer, **options):
    import tempfile

    x = row(3)
    path = tempfile.mkdtemp() + "/m.keras"
    keras.Model(x, layer(x)).save(path)
    keras.models.load_model(path, **options)


@case("file-suffix", "Functional", '`model.save("mine.keras")`', where="filepath", stage="save")
def a_path_without_suffix():
    two_inputs().save("/nowhere/mine")


@case("file-suffix", "Functional", '"mine.weights.h5"', stage="save")
def weights_without_suffix():
    two_inputs().save_weights("/nowhere/mine")


@case("file-not-found", "load_model", "os.listdir()", stage="save")
def no_such_file():
    keras.models.load_model("/nowhere/mine.keras")


@case("missing-get-config", "Holder", "`def get_config(self)", stage="save")
def a_layer_without_get_config():
    saved_and_loaded(Holder(layers.Dense(3)))


@case("missing-get-config", "load_model", '"units": self.units', where="units", stage="save")
def a_layer_whose_get_config_forgets():
    saved_and_loaded(Forgetful(3), custom_objects={"Forgetful": Forgetful})


class Closed(layers.Layer):
    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return x * self.factor


class ClosedModel(keras.Model):
    def __init__(self, units=3):
        super().__init__()
        self.units = units

    def call(self, x):
        return x

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class Wordy(layers.Layer):
    def call(self, x):
        return x

    def get_config(self):
        return {**super().get_config(), "units": 3}


@case("missing-kwargs", "load_model", "pass `**kwargs`", where="trainable", stage="save")
def a_constructor_without_kwargs():
    saved_and_loaded(Closed(2.0), custom_objects={"Closed": Closed})


@case("missing-kwargs", "from_config", "pass `**kwargs`", where="name", stage="save")
def a_name_for_a_constructor_without_kwargs():
    Closed.from_config({"name": "triple", "trainable": True, "factor": 3.0})


@case("missing-kwargs", "from_config", "in ClosedModel,", where="name")
def a_model_without_kwargs():
    ClosedModel.from_config(ClosedModel().get_config())


@case("unknown-argument", "load_model", "to `__init__` of Wordy, or", where="units")
def a_config_with_more_than_the_constructor_takes():
    saved_and_loaded(Wordy(), custom_objects={"Wordy": Wordy})


@case("unknown-argument", "from_config", "to `__init__` of Wordy, or", where="units")
def more_than_the_constructor_takes_without_a_file():
    Wordy.from_config(Wordy().get_config())


@case("missing-get-config", "from_config", "self.units}`.", where="units")
def a_config_that_forgets_without_a_file():
    Forgetful.from_config(Forgetful(3).get_config())


# Custom `call` methods


def own(call):
    """Return a custom layer with this `call`."""
    return type("Mine", (layers.Layer,), {"call": call})(name="mine")


def steps(size=5):
    return keras.Input((size, 3), name="sequence")


BATCH = "Write `keras.ops.shape(x)[0]` instead of `x.shape[0]`"


@case("unknown-size", "Mine", BATCH, "", "mine", "mine", "call")
def zeros_for_an_open_batch():
    own(lambda self, x: ops.zeros((x.shape[0], 4)))(steps())


@case("unknown-size", "Mine", BATCH)
def tensorflow_zeros_for_an_open_batch():
    own(lambda self, x: tf.zeros((x.shape[0], 4)))(steps())


@case("unknown-size", "Mine", BATCH)
def random_numbers_for_an_open_batch():
    own(lambda self, x: keras.random.normal((x.shape[0], 4)))(steps())


@case("unknown-size", "Mine", BATCH)
def repeating_for_an_open_batch():
    own(lambda self, x: ops.repeat(ops.ones((1, 3)), x.shape[0], axis=0))(steps())


@case("unknown-size", "Mine", BATCH)
def counting_up_to_an_open_batch():
    own(lambda self, x: ops.arange(x.shape[0]))(steps())


@case("unknown-size", "Mine", BATCH)
def a_matrix_for_an_open_batch():
    own(lambda self, x: ops.eye(x.shape[0]))(steps())


@case("unknown-size", "Mine", "`keras.ops.zeros`, with `keras.ops.shape(x)[0]`")
def numpy_zeros_for_an_open_batch():
    own(lambda self, x: np.zeros((x.shape[0], 4)))(steps())


@case("unknown-size", "Mine", "`keras.ops.shape(x)` instead of `x.shape`")
def zeros_of_an_open_shape():
    own(lambda self, x: ops.zeros(x.shape))(steps())


def unpacked(self, x):
    batch, _steps, _features = x.shape
    return ops.zeros((batch, 4))


@case("unknown-size", "Mine", "`keras.ops.shape(x)` instead of `x.shape`")
def a_variable_for_an_open_batch():
    own(unpacked)(steps())


@case("unknown-size", "Mine", BATCH, stage="fit")
def a_batch_that_opens_in_prediction():
    x = keras.Input(batch_shape=(16, 5, 3), name="sequence")
    layer = own(lambda self, x: ops.zeros((x.shape[0], 4)))
    model = keras.Model(x, layer(x))
    model.predict(zeros(16, 5, 3), verbose=0)
    model.predict(zeros(7, 5, 3), verbose=0)


@case("unknown-size", "Mine", "`keras.ops.shape(x)[-2]` instead of `x.shape[-2]`")
def half_of_open_steps():
    own(lambda self, x: x[:, : x.shape[-2] // 2])(steps(None))


@case("unknown-size", "Mine", "`keras.ops.cast(keras.ops.shape(x)[1], x.dtype)`")
def a_mean_over_open_steps():
    own(lambda self, x: ops.sum(x, axis=1) / x.shape[1])(steps(None))


@case("unknown-size", "Mine", "`keras.layers.RNN`")
def a_loop_over_open_steps():
    own(lambda self, x: [x[:, step] for step in range(x.shape[1])][-1])(steps(None))


@case("unknown-size", "Mine", "You do not need the batch size")
def a_loop_over_an_open_batch():
    own(lambda self, x: [x[row] for row in range(x.shape[0])][-1])(steps())


@case("unknown-size", "Mine", "in `keras.Input`")
def comparing_open_steps():
    own(lambda self, x: x if x.shape[1] > 2 else -x)(steps(None))


@case("unknown-size", "zeros", "`call` of a custom layer", stage="call")
def zeros_for_an_open_batch_in_a_graph():
    x = row()
    ops.zeros((x.shape[0], 4))


class Hasty(layers.Layer):
    def call(self, x):
        return ops.matmul(x, self.add_weight(shape=(x.shape[-1], 3)))


class Hurried(layers.Layer):
    def call(self, x):
        return layers.Dense(3)(x)


class HurriedModel(keras.Model):
    def call(self, x):
        return layers.Dense(1)(x)


class VariableInCall(layers.Layer):
    def call(self, x):
        return ops.matmul(x, keras.Variable(zeros(3, 3)))


class Held(layers.Layer):
    def call(self, x):
        self.inner = layers.Dense(3)
        return self.inner(x)


@case("state-in-call", "Hasty", "`self.w = self.add_weight(...)`", "", "h", "h", "call")
def weights_made_in_call():
    Hasty(name="h")(row(3))


@case("state-in-call", "VariableInCall", "`self.w = self.add_weight(...)`")
def a_variable_made_in_call():
    VariableInCall()(row(3))


@case("state-in-call", "Held", "`self.inner = layers.Dense(...)`")
def a_layer_held_in_call():
    held = Held()
    held(zeros(1, 3))
    held(zeros(1, 3))


@case("state-in-call", "Hurried", "`self.inner = layers.Dense(...)`", stage="fit")
def a_layer_made_in_call():
    x = row(3)
    keras.Model(x, Hurried()(x)).predict(zeros(8, 3), verbose=0)


@case("state-in-call", "HurriedModel", "`self.inner = layers.Dense(...)`", stage="fit")
def a_layer_made_in_call_of_a_model():
    model = HurriedModel()
    model.compile("sgd", "mse")
    model.fit(zeros(8, 3), zeros(8, 1), verbose=0)


@case("state-in-call", "Custom", "`__init__` or `build`", stage="call")
def a_layer_given_to_a_layer_that_is_built():
    layer = Custom(name="own")
    layer(image())
    layer.more = layers.Dense(3)


@case("symbolic-value", "Mine", "Write `ops.exp(x)`.", "", "mine", "mine", "call")
def numpy_in_call():
    own(lambda self, x: np.exp(x))(steps())


@case("symbolic-value", "Mine", "`keras.ops.cast`")
def a_float_in_call():
    own(lambda self, x: float(ops.max(x)))(steps())


@case("symbolic-value", "Mine", "Write `keras.ops.exp(x)`.")
def mathematics_of_python_in_call():
    import math

    own(lambda self, x: math.exp(ops.max(x)))(steps())


@case("symbolic-value", "Mine", "Remove `.numpy`")
def values_in_call():
    own(lambda self, x: x.numpy())(steps())


@case("symbolic-value", "Mine", "Write `keras.ops.mean(x, ...)`.")
def a_method_of_numpy_in_call():
    own(lambda self, x: x.mean())(steps())


@case("symbolic-value", "Mine", "ops.where(ops.max(x) > 0, x, -x)")
def a_condition_in_call():
    own(lambda self, x: x if ops.max(x) > 0 else -x)(steps())


@case("symbolic-value", "Mine", "keras.ops")
def a_loop_over_a_tensor_in_call():
    own(lambda self, x: sum(step for step in x))(steps())


@case("symbolic-value", "Mine", "`x.shape`")
def a_length_in_call():
    own(lambda self, x: x / len(x))(steps())


@case("symbolic-value", "Mine", "`keras.layers.RNN`")
def a_loop_over_steps_that_come_later():
    own(lambda self, x: [x[:, step] for step in range(ops.shape(x)[1])][-1])(steps(None))


def assigning(self, x):
    x[0] = 1.0
    return x


@case("symbolic-value", "Mine", "`keras.ops.slice_update`")
def an_item_set_in_call():
    own(assigning)(steps())


class NoSuper(layers.Layer):
    def __init__(self, units):
        self.units = units

    def call(self, x):
        return x


class NoSuperWithOptions(layers.Layer):
    def __init__(self, **options):
        self.inner = layers.Dense(3)

    def call(self, x):
        return self.inner(x)


@case("missing-super", "NoSuper", "`super().__init__()`", where="__init__")
def a_constructor_without_super():
    NoSuper(3)(row())


@case("missing-super", "NoSuperWithOptions", "`super().__init__(**options)`")
def a_constructor_that_keeps_its_options():
    NoSuperWithOptions()(row())


# Inside others


class Custom(layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.conv = layers.Conv2D(3, 3, name="within")

    def call(self, x):
        return self.conv(x)


class Own(keras.Model):
    def __init__(self):
        super().__init__(name="own")
        self.conv = layers.Conv2D(3, 3, name="within")

    def call(self, x):
        return self.conv(x)


@case("missing-channels", "Conv2D", "", "3 ≠ 4", "within")
def inside_a_nested_model():
    x = image()
    keras.Model(x, layers.Conv2D(3, 3, name="within")(x), name="encoder")(keras.Input((28, 28)))


@case("missing-channels", "Conv2D", "", "3 < 4", "within")
def inside_sequential():
    keras.Sequential([layers.Conv2D(3, 3, name="within")])(keras.Input((28, 28)))


@case("missing-channels", "Conv2D", "", "3 < 4", "within", stage="call")
def inside_a_layer_of_ones_own():
    Custom()(keras.Input((28, 28)))


@case("missing-channels", "Conv2D", "", "3 < 4", "within", stage="fit")
def inside_a_model_of_ones_own():
    model = Own()
    model.compile("sgd", "mse")
    model.fit(zeros(8, 28, 28), zeros(8), verbose=0)


def block(x):
    return layers.Conv2D(3, 3, name="within")(x)


@case("missing-channels", "Conv2D", "", "3 < 4", "within")
def inside_a_function():
    block(keras.Input((28, 28)))


SIZES = {
    "zeros": lambda self, x: ops.zeros((ops.shape(x)[0], 4)),
    "random": lambda self, x: keras.random.normal((ops.shape(x)[0], 4)),
    "repeat": lambda self, x: ops.repeat(ops.ones((1, 3)), ops.shape(x)[0], axis=0),
    "whole": lambda self, x: ops.zeros(ops.shape(x)),
    "half": lambda self, x: x[:, : ops.shape(x)[-2] // 2],
    "mean": lambda self, x: ops.sum(x, axis=1) / ops.cast(ops.shape(x)[1], x.dtype),
}


@pytest.mark.parametrize("name", SIZES)
def test_advice_for_unknown_size_works(name):
    x = steps(None)
    model = keras.Model(x, own(SIZES[name])(x))
    for shape in ((7, 6, 3), (4, 5, 3)):
        assert np.isfinite(model.predict(zeros(*shape), verbose=0)).all()


def test_none_that_is_not_a_size_is_not_called_size():
    def call(self, x, mask=None):
        return x * mask

    error = failed(lambda: own(call)(steps()))
    assert find_mistake(error).rule == "unknown"


def failed(function):
    try:
        function()
    except Exception as error:
        return error
    return None


# Each mistake is made once, and explained once in each language.
made_once = functools.cache(failed)


@functools.cache
def explained_once(function):
    """Return the explanation in English."""
    return find_mistake(made_once(function))


@pytest.fixture(scope="module", autouse=True)
def free_the_models():
    """Free the models and arrays that the frames of an error refer to."""
    yield
    made_once.cache_clear()
    explained_once.cache_clear()


@pytest.mark.parametrize(
    ("function", "rule", "kind", "edit", "sums", "name", "where", "stage", "since"), CASES
)
def test_mistake_is_explained(function, rule, kind, edit, sums, name, where, stage, since):
    error = made_once(function)
    if error is None:
        assert since > VERSION
        return
    failure, mistake = find_failure(error), explained_once(function)
    assert failure is not None
    assert mistake.rule == rule, mistake
    assert failure.kind == kind
    assert edit in mistake.edit
    assert mistake.arithmetic == sums
    assert name in (None, failure.name)
    assert where in (None, mistake.where)
    assert stage in (None, failure.stage)
    assert failure.frame[0] == __file__
    assert mistake.reason[0].isupper() or mistake.reason[0] in "`" or failure.name
    assert mistake.reason.endswith((".", "…"))
    assert "!" not in mistake.reason + mistake.edit
    assert "{" not in mistake.reason.replace("{'", "")


@pytest.mark.parametrize(
    "function", [it.values[0] for it in CASES], ids=[it.id for it in CASES]
)
def test_mistake_is_explained_in_spanish(function):
    error = made_once(function)
    if error is None:
        return
    english = explained_once(function)
    lab.language("es")
    spanish = find_mistake(error)
    assert (spanish.rule, spanish.arithmetic, spanish.where) == (
        english.rule,
        english.arithmetic,
        english.where,
    )
    assert spanish.reason != english.reason
    assert spanish.edit != english.edit


def test_unknown_error_has_unknown_rule():
    error = failed(lambda: keras.utils.normalize(zeros(2, 2), axis=7))
    assert find_mistake(error).rule == "unknown"
    error = failed(lambda: layers.Dense(3, kernel_initializer="none"))
    mistake = find_mistake(error)
    assert (mistake.rule, mistake.edit) == ("unknown", "")
    assert "none" in mistake.reason


def test_errors_outside_keras_have_no_explanation():
    for code in ("1 / 0", "unknown_name", "int('x')", "[][1]"):
        error = failed(lambda code=code: eval(code))
        assert find_failure(error) is None
        assert find_mistake(error) is None
    assert find_mistake(ValueError("never raised")) is None


class UnspeakableError(Exception):
    def __str__(self):
        raise RuntimeError


class Raising(layers.Layer):
    def call(self, x):
        raise UnspeakableError


def test_unprintable_error_has_unknown_rule():
    error = failed(lambda: Raising()(zeros(2, 3)))
    assert find_mistake(error).rule == "unknown"
    error = UnspeakableError()
    assert find_failure(error) is None


def test_frame_is_innermost_user_frame():
    error = failed(inside_a_function)
    filename, line = find_failure(error).frame
    assert (filename, line) == (__file__, block.__code__.co_firstlineno + 1)
    assert find_failure(error).code == 'layers.Conv2D(3, 3, name="within")(x)'


def test_explanation_works_without_filtered_tracebacks():
    keras.config.disable_traceback_filtering()
    try:
        for function in (
            inside_a_nested_model,
            inside_a_layer_of_ones_own,
            flatten_of_a_tensor,
        ):
            error = failed(function)
            assert find_failure(error).kind in ("Conv2D", "Flatten")
            assert find_mistake(error).rule != "unknown"
    finally:
        keras.config.enable_traceback_filtering()


def test_hostile_names_keep_lines_readable(tmp_path):
    try:
        keras.Sequential([keras.Input((2,)), layers.Dense(1)]).save(tmp_path / "a\u202eb.txt")
    except ValueError as error:
        found = find_mistake(error)
    assert found.rule == "file-suffix"
    assert "\u202e" not in found.reason + found.edit
