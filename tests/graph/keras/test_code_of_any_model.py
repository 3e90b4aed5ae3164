"""Code of models as people write them: it builds an equal model, or says what is missing."""

import keras
import numpy as np
import own_objects as own
import pytest
from keras import layers, ops
from rebuilding import assert_equal, rebuilt

from kfunc_lab.graph.keras.construction import constructor_code
from kfunc_lab.graph.keras.functional_code import to_code

FACTOR = 3.0
HELD = object()


def over(layer, shape=(4,), **settings):
    """Returns a model with one layer."""
    x = keras.Input(shape, **settings)
    return keras.Model(x, layer(x))


def adapted(layer, data):
    layer.adapt(np.array(data))
    return layer


def network(name="part", shape=(4,), units=4):
    x = keras.Input(shape)
    return keras.Model(x, layers.Dense(units)(layers.Flatten()(x)), name=name)


# -- settings


def numpy_scalars():
    x = y = keras.Input((4,))
    for rate in np.linspace(0.1, 0.3, 3):
        y = layers.Dropout(rate)(y)
    return keras.Model(x, layers.LeakyReLU(np.float64(0.5))(y))


def arrays():
    table = keras.initializers.Constant(np.eye(4, dtype="float32"))
    return over(layers.Embedding(4, 4, embeddings_initializer=table), (5,), dtype="int32")


def constants_of_a_call():
    x = keras.Input((4,))
    return keras.Model(x, [x + np.arange(4, dtype="float32"), x * np.float64(2), 2 - x])


def functions_by_name():
    y = x = keras.Input((4,))
    y = layers.Dense(
        4, activation=own.swish_like, kernel_initializer=own.small_normal,
        bias_initializer=own.Filled(2.0), kernel_regularizer=own.Penalty(0.3), name="swish_like",
    )(y)  # fmt: skip
    y = layers.Dense(4, activation=own.registered)(layers.Activation(own.swish_like)(y))
    y = layers.Lambda(own.power, arguments={"n": 3}, name="power")(y)
    y = layers.Lambda(own.power, name="model")(y)
    return keras.Model(x, layers.Lambda(own.euclidean, output_shape=(1,))([x, y]))


def lambdas():
    x, scale = keras.Input((4,)), 2.5
    parts = [layers.Lambda(lambda it, at=at: it[:, at : at + 1])(x) for at in range(2)]
    several = layers.Lambda(lambda it: {"b": ops.abs(it) * FACTOR, "a": it * scale})(x)
    return keras.Model(x, [*parts, several["a"], several["b"]])


def dtype_policies():
    of_parts = keras.dtype_policies.DTypePolicyMap()
    of_parts["heads/query"] = keras.dtype_policies.DTypePolicy("float32")
    x = keras.Input((5, 4))
    y = layers.MultiHeadAttention(2, 2, dtype=of_parts, name="heads")(x, x)
    return keras.Model(x, layers.Dense(2, dtype="mixed_bfloat16")(y))


def quantized():
    model = over(layers.Dense(3))
    model.quantize("int8")
    return model


# -- preprocessing layers that were adapted


def discretization():
    return over(adapted(layers.Discretization(num_bins=3), [0.1, 0.5, 0.9]), (1,))


def normalization():
    return over(adapted(layers.Normalization(), np.arange(12.0).reshape(3, 4)))


def lookups():
    words, numbers = keras.Input((1,), dtype="string"), keras.Input((1,), dtype="int64")
    layer = adapted(layers.StringLookup(output_mode="one_hot"), [["a"], ["b"], ["a"]])
    other = layers.StringLookup(vocabulary=["a", "b c", 'd"'])
    number = adapted(layers.IntegerLookup(), [[3], [5]])
    return keras.Model([words, numbers], [layer(words), other(words), number(numbers)])


def text():
    texts = ["the cat sat", "the dog sat"]
    x = keras.Input((1,), dtype="string")
    numbers = adapted(layers.TextVectorization(output_sequence_length=5), texts)(x)
    weights = adapted(layers.TextVectorization(output_mode="tf_idf"), texts)(x)
    return keras.Model(x, [layers.Embedding(9, 2)(numbers), layers.Dense(1)(weights)])


def sequential_of_adapted():
    layer = adapted(layers.Normalization(), np.arange(12.0).reshape(3, 4))
    return keras.Sequential([keras.Input((4,)), layer, own.Scale(2.0), layers.Dense(2)])


# -- classes of one's own


def without_a_name():
    y = own.ScaleWithoutConfig(2.0)(x := keras.Input((4,)))
    frozen = own.Scale(3.0)
    frozen.trainable = False
    return keras.Model(x, frozen(own.ScaleWithoutConfig(4)(y)))


def extended():
    y = own.ReluDense(3, use_bias=False)(x := keras.Input((4,)))
    return keras.Model(x, own.Outer.Inner()(own.OnlyUnits(2)(own.Forgetful(16, 8)(y))))


def other_constructors():
    y = own.OtherKeys(2.0, 3.0)(x := keras.Input((4,)))
    return keras.Model(x, own.Popping(by=3)(own.WithFunction(own.power, np.ones(2))(y)))


def outputs_in_a_dict():
    found = own.Two(3)(x := keras.Input((4,)), scale=2.0)
    return keras.Model(x, layers.Concatenate()([found["a"], found["b"]]))


def subclassed_inside():
    return over(own.Network(3))


# -- layers in layers


def layers_in_layers():
    y = own.Residual(layers.Dense(4, activation=own.swish_like), name="r")(
        x := keras.Input((4,))
    )
    return keras.Model(x, own.Residual(network())(y))


def wrapped_models():
    pictures = keras.Sequential([layers.Conv2D(2, 3), layers.Flatten()], name="pictures")
    x, y = keras.Input((5, 2, 3)), keras.Input((5, 8, 8, 3))
    one = layers.TimeDistributed(network(shape=(2, 3)), name="td")(x)
    return keras.Model([x, y], [one, layers.TimeDistributed(pictures)(y)])


def cells():
    x = keras.Input((5, 3))
    several = layers.RNN([own.Cell(4), layers.LSTMCell(2)], return_state=True)(x)
    both = layers.Bidirectional(layers.RNN(own.Cell(4)))(x)
    return keras.Model(x, [*keras.tree.flatten(several), both])


def shared_with_a_wrapper():
    dense, x, z = layers.Dense(4), keras.Input((5, 4)), keras.Input((4,))
    return keras.Model([x, z], [layers.TimeDistributed(dense)(x), dense(z)])


def partly_frozen():
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(4, name="a"), layers.Dense(4, name="b")], name="inner"
    )
    model = keras.Sequential([keras.Input((4,)), inner, layers.Dense(2)])
    model.trainable = False
    inner.trainable = True
    inner.get_layer("a").trainable = False
    return model


# -- calls


def calls_in_another_order():
    x, y = keras.Input((4,), name="x"), keras.Input((4,), name="y")
    dense = layers.Dense(4)
    first = dense(y)
    return keras.Model([x, y], [dense(x), first])


def raw_operations():
    x = keras.Input((6, 4))
    return keras.Model(
        x,
        [
            ops.pad(x, ((0, 0), (1, 1), (0, 0)), constant_values=2.0), x[..., ::-1], x[:, 1:2],
            ops.average(x, axis=1, weights=np.arange(6.0)), keras.activations.relu(x, 0.1),
            ops.full((4,), 2.0) + x, ops.where(x > 0.5, x, 0.0), ops.split(x, [1, 3], axis=-1)[1],
            ops.take(x, [0, 2], axis=1), ops.top_k(x, k=2)[0],
        ],
    )  # fmt: skip


def middle_of_a_model():
    x = keras.Input((4,))
    hidden = layers.Dense(4)(x)
    model = keras.Model(x, layers.Dense(3)(hidden))
    return keras.Model(hidden, model.output)


REBUILT = [
    numpy_scalars, arrays, constants_of_a_call, functions_by_name, lambdas, dtype_policies,
    quantized, discretization, normalization, lookups, text, sequential_of_adapted,
    without_a_name, extended, other_constructors, outputs_in_a_dict, subclassed_inside,
    layers_in_layers, wrapped_models, cells, shared_with_a_wrapper, partly_frozen,
    calls_in_another_order, raw_operations, middle_of_a_model,
]  # fmt: skip


@pytest.mark.parametrize("build", REBUILT)
def test_model_is_rebuilt(build):
    model = build()
    assert_equal(model, rebuilt(model))


# -- what a program cannot hold


def local_class():
    class Local(layers.Layer):
        def call(self, x):
            return x - 1

    return Local()


def local_function():
    def twice(x):
        return x * 2

    return layers.Dense(4, activation=twice)


def long_table():
    table = keras.initializers.Constant(np.ones((300, 4), "float32"))
    return layers.Dense(4, kernel_initializer=table, name="dense")


@pytest.mark.parametrize(
    ("build", "missing", "value"),
    [
        (local_class, "Local", lambda layer: type(layer)),
        (local_function, "twice", lambda layer: layer.activation),
        (long_table, "dense_array", lambda layer: layer.kernel_initializer.value),
    ],
)
def test_what_must_be_defined_before_is_named(build, missing, value):
    layer = build()
    model = over(layer, (300,))
    code = to_code(model)
    assert f"# {missing} must be defined before this runs." in code
    with pytest.raises(NameError, match=missing):
        exec(code, {})
    space = {missing: value(layer)}
    exec(code, space)
    assert_equal(model, space["model"])


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (lambda: own.Widths(1, 2), "its class has no get_config"),
        (lambda: layers.Lambda(lambda it: it * (HELD is None)), "it uses HELD"),
        (
            lambda: layers.Lambda(eval("lambda it: it * 2")),
            "a lambda function cannot be written",
        ),
    ],
)
@pytest.mark.parametrize("in_sequential", [False, True])
def test_what_cannot_be_written_is_named(layer, reason, in_sequential):
    made = layer()
    model = keras.Sequential([keras.Input((4,)), made]) if in_sequential else over(made)
    code = to_code(model)
    assert f"# {made.name} ({type(made).__name__}): " in code
    assert reason in code
    with pytest.raises(NotImplementedError, match=f"{made.name} could not be written"):
        exec(code, {})


def test_subclassed_model_is_created_by_its_class():
    model = own.Network(3, name="net")
    model.build((None, 4))
    code = to_code(model)
    assert "# Network is a class" in code
    space: dict = {}
    exec(code, space)
    assert [it.shape for it in space["model"].weights] == [it.shape for it in model.weights]
    code = to_code(own.BareNetwork(layers.Dense(3)))
    with pytest.raises(NotImplementedError, match="could not be written"):
        exec(code, {})


def test_constructor_is_true_without_its_program():
    assert constructor_code(own.Scale(2.0)) == "Scale(2.0)"
    assert constructor_code(layers.Dropout(np.float64(0.1), name="d")) == (
        'layers.Dropout(0.1, name="d")'
    )
    assert constructor_code(layers.TimeDistributed(network())) == ""


def test_trying_a_constructor_changes_nothing(fresh_names):
    keras.utils.set_random_seed(3)
    expected = layers.RandomRotation(0.2).get_config()["seed"], layers.Dense(2).name
    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    constructor_code(layers.RandomRotation(0.2, name="r", seed=1, interpolation="nearest"))
    assert (layers.RandomRotation(0.2).get_config()["seed"], layers.Dense(2).name) == expected
