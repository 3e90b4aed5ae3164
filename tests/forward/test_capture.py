"""A capture stores exactly the values that Keras returns for the same layers."""

from functools import partial

import keras
import numpy as np
import pytest
import seed_models
from backends import BACKEND, tensorflow_only, tf
from keras import layers, ops

from kfunc_lab.forward.batch import run
from kfunc_lab.forward.values import NoSuchCallError

look = partial(run, training=False, layers=None, dtype=None, limit=512_000_000)


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(7)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def samples_for(model, count=3, steps=5):
    """Return random arrays for each input; integers for words."""
    draw = np.random.default_rng(1)

    def drawn(tensor):
        shape = (tensor.shape[0] or count, *(size or steps for size in tensor.shape[1:]))
        if None in tensor.shape[1:] or "int" in tensor.dtype:
            return draw.integers(0, 1000, shape).astype(tensor.dtype)
        return draw.normal(size=shape).astype(tensor.dtype)

    arrays = [drawn(tensor) for tensor in model.inputs]
    return arrays[0] if len(arrays) == 1 else arrays


def by_hand(model, x):
    """Return the output of each call, from a second model over the same tensors."""
    tensors = {}
    for operation in model.operations:
        for number, node in enumerate(operation._inbound_nodes, start=1):
            name = operation.name + (f"#{number}" if number > 1 else "")
            tensors[name] = node.outputs
    extraction = keras.Model(model.inputs, list(tensors.values()))
    return dict(zip(tensors, extraction(x), strict=True))


def leaves(nest):
    return [np.asarray(ops.convert_to_numpy(it)) for it in keras.tree.flatten(nest)]


def assert_same(got, expected):
    got, expected = leaves(got), leaves(expected)
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


def assert_all_same(flow, expected, prefix=""):
    assert expected
    for name, value in expected.items():
        assert_same(flow.values[prefix + name], value)


# ---------------------------------------------------------------------------------------------
# Functional models


@pytest.mark.parametrize("name", seed_models.FUNCTIONAL_MODELS)
def test_capture_keeps_every_call_of_course_models(name):
    model = seed_models.FUNCTIONAL_MODELS[name][0]()
    x = samples_for(model)
    flow = look(model, x)
    expected = by_hand(model, x)
    assert {it for it in flow.values if "/" not in it} == set(expected)
    assert_all_same(flow, expected)
    assert_same(flow.recording.outputs, model(x))
    assert flow.recording.complete
    assert next(iter(flow.recording.calls)) == flow.graph.inputs[0]


def test_layer_called_twice_has_two_values():
    a, b = (keras.Input((4,), name=name) for name in "ab")
    shared = layers.Dense(3, name="shared")
    model = keras.Model([a, b], layers.Add(name="sum")([shared(a), shared(b)]))
    x = [numbers(2, 4), numbers(2, 4, seed=1)]
    flow = look(model, x)
    assert_same(flow.values["shared"], shared(x[0]))
    assert_same(flow.values["shared#2"], shared(x[1]))
    assert_same(flow.values["sum"], model(x))
    with pytest.raises(NoSuchCallError, match="shared#2"):
        flow.values["shred"]


def test_layer_shared_with_another_model_has_only_own_calls():
    shared = layers.Dense(4, name="shared")
    a, b = (keras.Input((4,), name=name) for name in "ab")
    first, second = keras.Model(a, shared(a)), keras.Model(b, shared(ops.tanh(shared(b))))
    x = numbers(2, 4)
    flow = look(second, x)
    assert_same(flow.values["shared"], shared(x))
    assert_same(flow.values["shared#2"], second(x))
    assert "shared#3" not in flow.values
    assert_same(look(first, x).values["shared"], shared(x))


def test_dict_inputs_and_outputs_keep_their_keys():
    given = {name: keras.Input((4,), name=name) for name in ("right", "left")}
    hidden = layers.Concatenate(name="both")([given["left"], given["right"]])
    ends = {"low": layers.Dense(2, name="d")(hidden), "high": layers.Dense(1)(hidden)}
    model = keras.Model(given, ends)
    x = {"left": numbers(3, 4), "right": numbers(3, 4, seed=1)}
    flow = look(model, x)
    assert_all_same(flow, by_hand(model, x))
    assert_same(flow.values["left"], x["left"])
    assert_same(flow.values["right"], x["right"])
    assert set(flow.recording.outputs) == {"low", "high"}
    assert_same(flow.recording.outputs, model(x))
    assert_same(flow.values["d"], flow.recording.outputs["low"])


def test_list_inputs_and_outputs_keep_their_order():
    given = [keras.Input((4,), name=name) for name in "ba"]
    model = keras.Model(given, [layers.Dense(2)(given[1]), layers.Dense(1)(given[0])])
    x = [numbers(3, 4), numbers(3, 4, seed=1)]
    flow = look(model, x)
    assert_all_same(flow, by_hand(model, x))
    assert_same(flow.values["b"], x[0])
    assert_same(flow.recording.outputs, model(x))
    named = look(model, dict(zip("ba", x, strict=True)))
    assert_same(named.recording.outputs, model(x))


def test_layer_with_several_outputs_has_all_values():
    x = keras.Input((5, 3))
    made = layers.LSTM(4, return_sequences=True, return_state=True, name="lstm")(x)
    model = keras.Model(x, [*made, layers.Dense(2, name="of_state")(made[1])])
    sample = numbers(2, 5, 3)
    flow = look(model, sample)
    expected = model(sample)
    assert_same(flow.values["lstm"], expected[:3])
    assert_same(flow.values["lstm"][1], expected[0][:, -1])
    assert_same(flow.values["of_state"], expected[3])
    assert [it.name for it in flow.recording.calls["lstm"].tensors] == ["0", "1", "2"]


class Halves(layers.Layer):
    """Returns a dict with one value that is None."""

    def call(self, x):
        return {"first": x[:, :2], "none": None, "rest": [x[:, 2:]]}


def test_outputs_keep_their_structure():
    layer = Halves(name="halves")
    layer.build((None, 4))
    x = numbers(3, 4)
    value = look(layer, x).values["halves"]
    assert value["none"] is None
    assert_same(value["first"], x[:, :2])
    assert_same(value["rest"], [x[:, 2:]])


def test_raw_operations_are_calls():
    a, b = (keras.Input((4,), name=name) for name in "ab")
    total = a + b
    scaled = ops.matmul(ops.relu(total * 2.0), np.eye(4, dtype="float32"))
    first, second = ops.split(scaled, 2, axis=-1)
    model = keras.Model([a, b], [ops.concatenate([second, first], axis=-1)[:, 1:], total])
    x = [numbers(3, 4), numbers(3, 4, seed=1)]
    expected = by_hand(model, x)
    flow = look(model, x)
    assert set(flow.values) == set(expected)
    assert_all_same(flow, expected)
    kinds = {call.kind: call.id for call in flow.recording.calls.values()}
    assert {"Add", "Multiply", "Relu", "Matmul", "Split", "GetItem"} <= set(kinds)
    assert_same(flow.values[kinds["Add"]], x[0] + x[1])


@pytest.mark.skipif(BACKEND == "torch", reason="values of PyTorch are copied: they can change")
def test_unchanged_value_is_stored_once():
    x = keras.Input((4,), name="x")
    model = keras.Model(x, layers.Dropout(0.5, name="same")(layers.Dense(3, name="d")(x)))
    flow = look(model, numbers(2, 4))
    assert_same(flow.values["same"], flow.values["d"])
    assert flow.recording.kept == 4 * (2 * 4 + 2 * 3)


# ---------------------------------------------------------------------------------------------
# Inside


def test_nested_model_has_values_of_inner_layers():
    model = seed_models.nested_autoencoder()
    x = numbers(2, 28, 28, 1)
    flow = look(model, x)
    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    assert_same(flow.values["encoder/original_img"], x)
    assert_all_same(flow, by_hand(encoder, x), "encoder/")
    assert_all_same(flow, by_hand(decoder, flow.values["encoder"]), "decoder/")
    inside = {it for it in flow.values if it.startswith("encoder/")}
    assert inside == {f"encoder/{it.name}" for it in encoder.operations}


def test_nested_model_called_twice_has_values_of_both_calls():
    image = keras.Input((6, 6, 1), name="image")
    conv = layers.Conv2D(2, 3, name="conv")
    encoder = keras.Model(image, layers.GlobalMaxPooling2D(name="gp")(conv(image)), name="enc")
    left, right = (keras.Input((6, 6, 1), name=name) for name in ("left", "right"))
    model = keras.Model([left, right], layers.Subtract()([encoder(left), encoder(right)]))
    x = [numbers(2, 6, 6, 1), numbers(2, 6, 6, 1, seed=1)]
    flow = look(model, x)
    assert_all_same(flow, by_hand(encoder, x[0]), "enc/")
    assert_all_same(flow, by_hand(encoder, x[1]), "enc#2/")
    assert_same(flow.values["enc#2"], encoder(x[1]))


def test_three_levels_of_models_have_values():
    x = keras.Input((3,), name="x")
    core = keras.Sequential(
        [layers.Dense(4, activation="relu", name="a"), layers.Dense(2, name="b")], name="core"
    )
    y = keras.Input((3,), name="y")
    middle = keras.Model(y, ops.tanh(core(y)), name="middle")
    model = keras.Model(x, middle(x) + 1.0, name="outer")
    sample = numbers(5, 3)
    flow = look(model, sample)
    first = core.layers[0](sample)
    assert_same(flow.values["middle/core/a"], first)
    assert_same(flow.values["middle/core/b"], core.layers[1](first))
    assert_same(flow.values["middle/core"], core(sample))
    assert_same(flow.values["middle"], middle(sample))
    assert_all_same(flow, by_hand(middle, sample), "middle/")


@pytest.mark.parametrize("has_input", [True, False])
def test_sequential_model_has_values_of_all_layers(has_input):
    parts = [layers.Dense(4, activation="relu", name="a"), layers.Dense(2, name="b")]
    model = keras.Sequential([keras.Input((3,), name="x")] * has_input + parts)
    x = numbers(5, 3)
    model(x)
    flow = look(model, x)
    assert_same(flow.values["a"], parts[0](x))
    assert_same(flow.values["b"], parts[1](parts[0](x)))
    assert_same(flow.recording.outputs, model(x))


def test_subclassed_model_has_values_of_all_layers():
    model = seed_models.MLP()
    x = numbers(3, 32)
    model(x)
    flow = look(model, x)
    assert_same(flow.values[model.dense_1.name], model.dense_1(x))
    assert_same(flow.values[model.dense_2.name], model.dense_2(model.dense_1(x)))
    assert_same(flow.recording.outputs, model(x))


class Block(layers.Layer):
    """A layer that contains layers and calls one of them twice."""

    def __init__(self, **options):
        super().__init__(**options)
        self.widen = layers.Dense(6, activation="relu", name="widen")
        self.mix = layers.Dense(6, name="mix")
        self.norms = [layers.LayerNormalization(name=f"norm_{n}") for n in range(2)]

    def call(self, x):
        x = self.widen(x)
        for norm in self.norms:
            x = norm(x + self.mix(x))
        return x


def test_custom_layer_has_values_of_inner_layers():
    x = keras.Input((3,), name="x")
    block = Block(name="block")
    model = keras.Model(x, layers.Dense(2, name="end")(block(x)))
    sample = numbers(4, 3)
    flow = look(model, sample)
    inner = {it.removeprefix("block/"): flow.values[it] for it in flow.values if "/" in it}
    assert list(inner) == ["widen", "mix", "norm_0", "mix#2", "norm_1"]
    assert_same(inner["widen"], block.widen(sample))
    assert_same(inner["mix"], block.mix(inner["widen"]))
    assert_same(inner["norm_0"], block.norms[0](inner["widen"] + inner["mix"]))
    assert_same(inner["mix#2"], block.mix(inner["norm_0"]))
    assert_same(inner["norm_1"], block.norms[1](inner["norm_0"] + inner["mix#2"]))
    assert_same(flow.values["block"], inner["norm_1"])


def test_layers_with_same_name_have_separate_values():
    class Twins(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.left, self.right = (layers.Dense(2, name="twin") for _ in range(2))

        def call(self, x):
            return self.left(x) - self.right(x)

    x = keras.Input((3,), name="x")
    twins = Twins(name="twins")
    model = keras.Model(x, twins(x))
    sample = numbers(4, 3)
    flow = look(model, sample)
    names = [it for it in flow.values if it.startswith("twins/")]
    assert len(names) == 2
    assert_same(flow.values[names[0]], twins.left(sample))
    assert_same(flow.values[names[1]], twins.right(sample))


def test_functional_model_inside_subclassed_model_has_values():
    class Outer(keras.Model):
        def __init__(self):
            super().__init__(name="outer")
            self.core = seed_models.functional_mlp()

        def call(self, x):
            return self.core(x * 2.0)

    model = Outer()
    x = numbers(3, 32)
    model(x)
    flow = look(model, x)
    assert_all_same(flow, by_hand(model.core, x * 2.0), "mlp/")
    assert_same(flow.values["mlp"], model(x))


def test_layer_run_without_its_call_has_value():
    class Direct(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.inner = layers.Dense(3, name="inner")

        def build(self, input_shape):
            self.inner.build(input_shape)

        def call(self, x):
            try:
                self.inner(x[:, :1])
            except ValueError:
                return self.inner.call(x)

    x = keras.Input((4,), name="x")
    direct = Direct(name="direct")
    model = keras.Model(x, direct(x))
    flow = look(model, numbers(2, 4))
    values = [it for it in flow.values if it.startswith("direct/")]
    assert_same(flow.values[values[-1]], model(numbers(2, 4)))


def test_wrapper_has_values():
    x = keras.Input((6,), name="x")
    wrapped = layers.SpectralNormalization(layers.Dense(3, name="inner"), name="wrapper")
    model = keras.Model(x, wrapped(x))
    sample = numbers(2, 6)
    flow = look(model, sample)
    assert_same(flow.values["wrapper/inner"], flow.values["wrapper"])
    assert_same(flow.values["wrapper"], model(sample))


def test_single_layer_has_values():
    layer = layers.Dense(3, name="alone")
    layer.build((None, 4))
    x = numbers(2, 4)
    assert_same(look(layer, x).values["alone"], layer(x))


# ---------------------------------------------------------------------------------------------
# Steps


class Cell(layers.Layer):
    """A custom cell that contains a layer."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = self.state_size = units
        self.both = layers.Dense(units, activation="tanh", name="both")

    def build(self, input_shape):
        self.both.build((input_shape[0], input_shape[-1] + self.units))

    def call(self, x, states):
        new = self.both(ops.concatenate([x, states[0]], axis=-1))
        return new, [new]


has_float64 = pytest.mark.skipif(BACKEND == "jax", reason="JAX computes float64 as float32")
RECURRENT = {
    "LSTM": lambda **it: layers.LSTM(4, **it),
    "GRU": lambda **it: layers.GRU(4, **it),
    "SimpleRNN": lambda **it: layers.SimpleRNN(4, **it),
    "custom cell": lambda **it: layers.RNN(Cell(4, name="cell"), **it),
    "stacked cells": lambda **it: layers.RNN([layers.LSTMCell(3), layers.GRUCell(4)], **it),
}
every_rnn = pytest.mark.parametrize("kind", RECURRENT)
steps_run_one_by_one = pytest.mark.skipif(
    BACKEND == "jax", reason="JAX compiles the steps of a recurrent layer"
)
in_one_operation = pytest.mark.skipif(
    BACKEND == "torch", reason="PyTorch computes all steps of an LSTM or GRU in one operation"
)
every_rnn_by_steps = pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=in_one_operation if kind in ("LSTM", "GRU") else ())
        for kind in RECURRENT
    ],
)
unrolled_or_not = pytest.mark.parametrize(
    "unroll", [pytest.param(False, marks=steps_run_one_by_one), True]
)


def cell_of(model):
    return f"rnn/{model.get_layer('rnn').cell.name}"


def sequence(kind, steps=5, **options):
    x = keras.Input((steps, 3), name="x")
    made = RECURRENT[kind](return_sequences=True, name="rnn", **options)(x)
    return keras.Model(x, made)


@every_rnn_by_steps
@unrolled_or_not
def test_cell_steps_equal_sequence(kind, unroll):
    model = sequence(kind, unroll=unroll)
    x = numbers(2, 5, 3)
    flow = look(model, x)
    steps = flow.values.steps(cell_of(model))
    assert_same(steps, model(x))
    assert_same(flow.values["rnn"], model(x))


@pytest.mark.skipif(BACKEND != "jax", reason="only JAX compiles the steps")
@pytest.mark.parametrize("kind", ["LSTM", "SimpleRNN", "stacked cells"])
def test_compiled_steps_are_named(kind):
    model = sequence(kind)
    flow = look(model, numbers(2, 5, 3))
    assert_same(flow.values["rnn"], model(numbers(2, 5, 3)))
    with pytest.raises(LookupError, match="ran in a compiled function"):
        flow.values.steps(cell_of(model))


@every_rnn_by_steps
@unrolled_or_not
def test_each_step_calls_only_the_cell(kind, unroll):
    model = sequence(kind, unroll=unroll)
    flow = look(model, numbers(2, 5, 3))
    called = [it for it in flow.values if it.count("/") == 1]
    cell = cell_of(model)
    assert called == [cell, *(f"{cell}#{number}" for number in range(2, 6))]


@steps_run_one_by_one
@every_rnn_by_steps
def test_single_step_has_values(kind):
    model = sequence(kind, steps=1)
    x = numbers(2, 1, 3)
    flow = look(model, x)
    assert_same(flow.values.steps(cell_of(model)), model(x))


@steps_run_one_by_one
@every_rnn_by_steps
def test_go_backwards_stores_last_step_first(kind):
    model = sequence(kind, go_backwards=True)
    x = numbers(2, 5, 3)
    flow = look(model, x)
    assert_same(flow.values.steps(cell_of(model)), model(x))


@steps_run_one_by_one
@in_one_operation
def test_each_cell_step_equals_direct_cell_call():
    x = keras.Input((4, 3), name="x")
    lstm = layers.LSTM(5, name="lstm")
    model = keras.Model(x, lstm(x))
    sample = numbers(2, 4, 3)
    flow = look(model, sample)
    states = [np.zeros((2, 5), "float32")] * 2
    for step in range(4):
        name = "lstm/lstm_cell" + (f"#{step + 1}" if step else "")
        expected, states = lstm.cell(sample[:, step], states)
        assert_same(flow.values[name], [expected, states])
    assert len([it for it in flow.values if it.startswith("lstm/")]) == 4
    assert_same(flow.values.steps("lstm/lstm_cell#3"), flow.values.steps("lstm/lstm_cell"))


@steps_run_one_by_one
def test_layer_inside_custom_cell_has_value_per_step():
    model = sequence("custom cell")
    x = numbers(2, 5, 3)
    flow = look(model, x)
    assert_same(flow.values.steps("rnn/cell/both"), model(x))
    assert "rnn/cell#5/both" in flow.values
    assert "rnn/cell#6/both" not in flow.values


@steps_run_one_by_one
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("LSTM", marks=in_one_operation),
        pytest.param("GRU", marks=in_one_operation),
        "SimpleRNN",
    ],
)
def test_bidirectional_layer_has_steps_of_both_directions(kind):
    x = keras.Input((5, 3), name="x")
    both = layers.Bidirectional(RECURRENT[kind](return_sequences=True, name="rnn"), name="both")
    model = keras.Model(x, both(x))
    sample = numbers(2, 5, 3)
    flow = look(model, sample)
    result = keras.ops.convert_to_numpy(model(sample))
    cell = both.forward_layer.cell.name
    assert_same(flow.values.steps(f"both/forward_rnn/{cell}"), result[..., :4])
    assert_same(flow.values.steps(f"both/backward_rnn/{cell}")[:, ::-1], result[..., 4:])


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
@unrolled_or_not
def test_masked_sequence_has_values_of_unmasked_steps(kind, unroll):
    words = keras.Input((6,), dtype="int32", name="words")
    vectors = layers.Embedding(9, 3, mask_zero=True, name="vectors")(words)
    made = RECURRENT[kind](return_sequences=True, name="rnn", unroll=unroll)(vectors)
    model = keras.Model(words, made)
    x = np.array([[1, 2, 3, 4, 5, 6], [7, 8, 1, 0, 0, 0], [0, 0, 5, 0, 2, 0]], "int32")
    flow = look(model, x)
    result = keras.ops.convert_to_numpy(model(x))
    steps = flow.values.steps(cell_of(model))
    assert steps.shape == (3, 6, 4)
    assert np.array_equal(steps[x != 0], result[x != 0])
    assert_same(flow.values["rnn"], result)


@steps_run_one_by_one
def test_convolutional_lstm_has_value_per_step():
    x = keras.Input((3, 6, 6, 1), name="x")
    made = layers.ConvLSTM2D(2, 3, return_sequences=True, name="rnn")(x)
    model = keras.Model(x, made)
    sample = numbers(2, 3, 6, 6, 1)
    flow = look(model, sample)
    assert_same(flow.values.steps(cell_of(model)), model(sample))


@pytest.mark.parametrize("steps", [5, None])
def test_time_distributed_layer_has_value_per_step(steps):
    x = keras.Input((steps, 3), name="x")
    inner = layers.Dense(2, activation="relu", name="inner")
    model = keras.Model(x, layers.TimeDistributed(inner, name="each")(x))
    sample = numbers(2, 5, 3)
    flow = look(model, sample)
    by_step = flow.values.steps("each/inner")
    assert_same(by_step, flow.values["each"])
    assert_same(by_step[:, 3], inner(sample[:, 3]))
    assert_same(flow.values["each/inner#4"], inner(sample[:, 3]))


def test_time_distributed_model_has_values_per_step():
    x = keras.Input((3, 6, 6, 1), name="x")
    image = keras.Input((6, 6, 1), name="image")
    conv = layers.Conv2D(2, 3, name="conv")
    encoder = keras.Model(image, layers.GlobalMaxPooling2D()(conv(image)), name="encoder")
    model = keras.Model(x, layers.TimeDistributed(encoder, name="each")(x))
    sample = numbers(2, 3, 6, 6, 1)
    flow = look(model, sample)
    convs = flow.values.steps("each/encoder/conv")
    assert convs.shape == (2, 3, 4, 4, 2)
    for step in range(3):
        assert_same(convs[:, step], conv(sample[:, step]))
    assert_same(flow.values.steps("each/encoder"), model(sample))


def test_python_loop_has_value_per_step():
    model = seed_models.custom_rnn_in_functional()
    x = numbers(16, 10, 5)
    flow = look(model, x)
    rnn = model.layers[-1]
    inputs = flow.values["conv1d" if "conv1d" in flow.values else model.layers[1].name]
    first, second = (
        flow.values.steps(f"{rnn.name}/{it.name}")
        for it in (rnn.projection_1, rnn.projection_2)
    )
    state = np.zeros((16, 32), "float32")
    for step in range(8):
        assert_same(first[:, step], rnn.projection_1(inputs[:, step]))
        assert_same(second[:, step], rnn.projection_2(state))
        state = first[:, step] + second[:, step]
    assert_same(
        flow.values[f"{rnn.name}/{rnn.classifier.name}"], rnn.classifier(first + second)
    )


def test_model_after_python_loop_has_values():
    rnn = seed_models.functional_in_custom_rnn()
    x = numbers(2, 4, 5)
    flow = look(rnn, x)
    parts = (rnn.projection_1.name, rnn.projection_2.name)
    states = sum(flow.values.steps(it) for it in parts)
    assert_all_same(flow, by_hand(rnn.classifier, states), f"{rnn.classifier.name}/")
    assert_same(flow.recording.outputs, rnn(x))


# ---------------------------------------------------------------------------------------------
# Attention


def attention_model(layer, **options):
    a, b = keras.Input((4, 6), name="a"), keras.Input((5, 6), name="b")
    given = ([a, b],) if isinstance(layer, layers.Attention) else (a, b)
    return keras.Model([a, b], layer(*given, **options))


ATTENTION = {
    "MultiHeadAttention": lambda: layers.MultiHeadAttention(2, 3, name="it"),
    "GroupQueryAttention": lambda: layers.GroupQueryAttention(3, 4, 2, name="it"),
    "Attention": lambda: layers.Attention(use_scale=True, name="it"),
    "dot product": lambda: layers.Attention(score_mode="concat", name="it"),
    "AdditiveAttention": lambda: layers.AdditiveAttention(name="it"),
}
every_attention = pytest.mark.parametrize("kind", ATTENTION)


def returned_scores(layer, x, **options):
    given = (x,) if isinstance(layer, layers.Attention) else x
    return layer(*given, return_attention_scores=True, **options)[1]


@every_attention
@pytest.mark.parametrize("causal", [False, True])
def test_attention_scores_equal_scores_layer_returns(kind, causal):
    layer = ATTENTION[kind]()
    model = attention_model(layer, use_causal_mask=causal)
    x = [numbers(2, 4, 6), numbers(2, 5, 6, seed=1)]
    flow = look(model, x)
    scores = flow.values.scores("it")
    assert_same(scores, returned_scores(layer, x, use_causal_mask=causal))
    assert scores.shape[-2:] == (4, 5)
    assert np.allclose(scores.sum(axis=-1), 1)
    assert (scores[..., 0, 1:] == 0).all() == causal
    assert_same(flow.values["it"], model(x))
    assert not any(it.startswith("it#") for it in flow.values)


@every_attention
def test_scores_returned_by_model_code_are_stored(kind):
    layer = ATTENTION[kind]()
    model = attention_model(layer, return_attention_scores=True)
    x = [numbers(2, 4, 6), numbers(2, 5, 6, seed=1)]
    flow = look(model, x)
    assert_same(flow.values["it"], model(x))
    assert_same(flow.values.scores("it"), model(x)[1])
    assert len(flow.recording.calls["it"].tensors) == 2


@pytest.mark.parametrize("kind", ["MultiHeadAttention", "Attention"])
def test_training_scores_use_same_seed_as_direct_call(kind):
    layer = {
        "MultiHeadAttention": lambda: layers.MultiHeadAttention(2, 3, dropout=0.5, name="it"),
        "Attention": lambda: layers.Attention(dropout=0.5, name="it"),
    }[kind]()
    model = attention_model(layer)
    x = [numbers(2, 4, 6), numbers(2, 5, 6, seed=1)]
    flow = look(model, x, training=True)
    seeds = [it.numpy() for it in layer.non_trainable_variables]
    assert_same(flow.values["it"], model(x, training=True))
    for variable, value in zip(layer.non_trainable_variables, seeds, strict=True):
        variable.assign(value)
    assert_same(flow.values.scores("it"), returned_scores(layer, x, training=True))


def test_attention_inside_custom_layer_has_scores():
    class Transformer(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.attention = layers.MultiHeadAttention(2, 3, name="attention")
            self.after = layers.Dense(6, name="after")

        def call(self, x):
            return self.after(x + self.attention(x, x))

    x = keras.Input((4, 6), name="x")
    block = Transformer(name="block")
    model = keras.Model(x, block(x))
    sample = numbers(2, 4, 6)
    flow = look(model, sample)
    assert_same(flow.values["block/attention"], block.attention(sample, sample))
    asked = block.attention(sample, sample, return_attention_scores=True)
    assert_same(flow.values.scores("block/attention"), asked[1])
    assert_same(flow.values["block"], model(sample))


def test_dense_layer_has_no_scores():
    model = seed_models.functional_mlp()
    flow = look(model, numbers(2, 32))
    with pytest.raises(NoSuchCallError, match="no attention scores"):
        flow.values.scores(model.layers[1].name)


# ---------------------------------------------------------------------------------------------
# Training


def test_dropout_equals_next_direct_call():
    x = keras.Input((8,), name="x")
    drops = [layers.Dropout(0.5, name=f"drop_{n}") for n in range(2)]
    hidden = layers.Dense(50, name="d")(drops[0](x))
    model = keras.Model(x, drops[1](hidden))
    sample = numbers(4, 8)
    first, second = (look(model, sample, training=True) for _ in range(2))
    expected = model(sample, training=True)
    assert_same(first.values["drop_1"], expected)
    assert_same(second.values["drop_1"], expected)
    assert (first.values["drop_1"] == 0).mean() > 0.3
    assert not np.array_equal(model(sample, training=True), expected)


def test_dropout_called_twice_draws_twice():
    x = keras.Input((50,), name="x")
    drop = layers.Dropout(0.5, name="drop")
    model = keras.Model(x, [drop(x), drop(x)])
    sample = np.ones((2, 50), "float32")
    flow = look(model, sample, training=True)
    expected = model(sample, training=True)
    assert_same([flow.values["drop"], flow.values["drop#2"]], expected)
    assert not np.array_equal(*expected)


def test_batch_normalization_in_training_uses_batch():
    x = keras.Input((3,), name="x")
    norm = layers.BatchNormalization(name="norm")
    model = keras.Model(x, layers.Dense(2, name="end")(norm(x)))
    sample = 5 + 3 * numbers(40, 3)
    flow = look(model, sample, training=True)
    assert np.abs(flow.values["norm"].mean(axis=0)).max() < 1e-5
    assert_same(flow.recording.outputs, model(sample, training=True))
    assert_same(look(model, sample).values["norm"], norm(sample))


# ---------------------------------------------------------------------------------------------
# What is recorded, and how


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["shared"], {"shared", "shared#2"}),
        (["shared#2"], {"shared#2"}),
        ("end", {"end"}),
        (("inner",), {"inner", "inner/inner_x", "inner/one"}),
        (["inner/one", "a"], {"inner/one", "a"}),
        ([], set()),
    ],
)
def test_layers_argument_limits_what_is_stored(asked, expected):
    a, b = (keras.Input((4,), name=name) for name in "ab")
    shared = layers.Dense(4, name="shared")
    inner_x = keras.Input((4,), name="inner_x")
    inner = keras.Model(inner_x, layers.Dense(4, name="one")(inner_x), name="inner")
    total = layers.Add(name="sum")([shared(a), inner(shared(b))])
    model = keras.Model([a, b], layers.Dense(1, name="end")(total))
    x = [numbers(2, 4), numbers(2, 4, seed=1)]
    flow, everything = look(model, x, layers=asked), look(model, x)
    assert set(flow.values) == expected
    for name in expected:
        assert_same(flow.values[name], everything.values[name])
    assert_same(flow.recording.outputs, model(x))


def test_dtype_argument_stores_half_precision():
    words = keras.Input((3,), dtype="int32", name="words")
    vectors = layers.Embedding(9, 4, name="vectors")(words)
    model = keras.Model(words, layers.Rescaling(1e7, name="great")(vectors))
    x = np.arange(6, dtype="int32").reshape(2, 3)
    flow, whole = look(model, x, dtype="float16"), look(model, x)
    assert flow.values["vectors"].dtype == np.float16
    assert_same(flow.values["vectors"], whole.values["vectors"].astype(np.float16))
    assert np.isinf(flow.values["great"]).any()  # out of the range of half precision
    assert_same(flow.values["words"], x)
    assert flow.recording.kept == 6 * 4 + 2 * 24 * 2


def a_compiled_layer():
    """Return a layer that runs as one compiled function."""

    class Compiled(layers.Layer):
        def __init__(self):
            super().__init__(name="compiled")
            self.inner = layers.Dense(3, activation="relu", name="inner")

        def build(self, input_shape):
            self.inner.build(input_shape)

        @tf.function
        def call(self, x):
            return self.inner(x) * 2.0

    return Compiled()


@tensorflow_only("a layer compiled with tf.function")
def test_compiled_layer_has_output_value():
    x = keras.Input((4,), name="x")
    compiled = a_compiled_layer()
    model = keras.Model(x, layers.Dense(2, name="end")(compiled(x)))
    sample = numbers(2, 4)
    flow = look(model, sample)
    assert_same(flow.values["compiled"], compiled(sample))
    assert_same(flow.values["end"], model(sample))


@tensorflow_only("a layer compiled with tf.function")
def test_layer_inside_compiled_function_has_no_values():
    compiled = a_compiled_layer()
    compiled.build((None, 4))
    flow = look(compiled, numbers(2, 4))
    inner = flow.recording.calls["inner"]
    assert inner.packed is None
    assert inner.tensors == ()
    with pytest.raises(NoSuchCallError, match="ran in a compiled function"):
        flow.values["inner"]
    assert_same(flow.recording.outputs, compiled(numbers(2, 4)))


@tensorflow_only("strings")
def test_integers_booleans_and_strings_are_stored():
    text = keras.Input((2,), dtype="string", name="text")
    lookup = layers.StringLookup(vocabulary=["a", "b", "c"], name="lookup")
    back = layers.StringLookup(vocabulary=["a", "b", "c"], invert=True, name="back")
    found = lookup(text)
    best = ops.argmax(ops.one_hot(found, 4), axis=-1)
    model = keras.Model(text, [back(found), best, ops.greater(best, 1)])
    x = tf.constant([["a", "c"], ["b", "?"]])
    flow = look(model, x)
    assert flow.values["text"].tolist() == [[b"a", b"c"], [b"b", b"?"]]
    assert flow.values["lookup"].tolist() == [[1, 3], [2, 0]]
    assert flow.values["back"].tolist() == [[b"a", b"c"], [b"b", b"[UNK]"]]
    (greater,) = (values for name, values in flow.values.items() if "greater" in name)
    assert greater.tolist() == [[False, True], [True, False]]
    assert greater.dtype == bool
    assert flow.values["argmax"].dtype.kind == "i"
    assert_same(flow.recording.outputs, model(x))


@pytest.mark.parametrize(
    "policy",
    [
        "mixed_bfloat16",
        "mixed_float16",
        "bfloat16",
        pytest.param("float64", marks=has_float64),
    ],
)
def test_every_dtype_policy_keeps_its_precision(policy):
    x = keras.Input((4,), name="x")
    half = layers.Dense(3, activation="relu", dtype=policy, name="half")(x)
    model = keras.Model(x, layers.Dense(2, name="end")(half))
    sample = numbers(5, 4)
    flow = look(model, sample)
    expected = by_hand(model, sample)
    assert_all_same(flow, {name: expected[name] for name in ("x", "half", "end")})
    assert flow.recording.calls["half"].tensors[0].dtype == policy.removeprefix("mixed_")
    found = flow.statistics("half")
    exact = flow.values["half"].astype(np.float64)
    assert np.isclose(found.total, exact.sum())
    assert found.zeros == (exact == 0).sum()


@pytest.mark.parametrize(
    "name", ["__proto__", "<b>", "two words", "été", "call", "x#2", "%s{n}"]
)
def test_special_layer_names_are_kept(name):
    x = keras.Input((4,), name="x")
    layer = layers.Dense(3, name=name)
    model = keras.Model(x, layers.Dense(2, name="end")(layer(x)))
    sample = numbers(2, 4)
    flow = look(model, sample)
    assert_same(flow.values[name], layer(sample))
    assert set(flow.values) == {"x", name, "end"}


def test_name_like_a_second_call_stays_separate():
    x = keras.Input((4,), name="x")
    shared, other = layers.Dense(4, name="d"), layers.Dense(4, name="d#2")
    model = keras.Model(x, other(shared(shared(x))))
    sample = numbers(2, 4)
    flow = look(model, sample)
    once = shared(sample)
    expected = [sample, once, shared(once), other(shared(once))]
    assert len(flow.values) == 4
    for name, value in zip(flow.values, expected, strict=True):
        assert_same(flow.values[name], value)


def test_inner_name_like_a_second_call_stays_separate():
    class Inside(keras.Model):
        def __init__(self, **options):
            super().__init__(**options)
            self.shared, self.other = layers.Dense(4, name="d"), layers.Dense(4, name="d#2")

        def call(self, x):
            return self.other(self.shared(self.shared(x)))

    model, x = Inside(), numbers(2, 4)
    model(x)
    flow = look(model, x)
    once = model.shared(x)
    expected = [once, model.shared(once), model(x)]
    assert len(flow.values) == 3
    for name, value in zip(flow.values, expected, strict=True):
        assert_same(flow.values[name], value)


def test_quantized_layer_has_values():
    x = keras.Input((8,), name="x")
    layer = layers.Dense(4, name="small")
    model = keras.Model(x, layers.Dense(2, name="end")(layer(x)))
    layer.quantize("int8")
    sample = numbers(3, 8)
    flow = look(model, sample)
    assert_same(flow.values["small"], layer(sample))
    assert_same(flow.values["end"], model(sample))


def test_tensors_work_as_inputs():
    model = seed_models.functional_mlp()
    x = numbers(2, 32)
    flow = look(model, ops.convert_to_tensor(x))
    assert_same(flow.recording.outputs, look(model, x).recording.outputs)
    assert flow.samples == 2


def test_sample_returns_one_sample_without_batch_axis():
    model = seed_models.functional_mlp()
    x = numbers(3, 32)
    flow = look(model, x)
    name = model.layers[1].name
    for sample in range(3):
        found = flow.sample(name, 0, sample)
        assert found.state == "kept"
        assert_same(found.values, flow.values[name][sample])
