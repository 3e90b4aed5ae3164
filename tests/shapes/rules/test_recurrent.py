"""Rules for recurrent layers, compared with Keras."""

import pytest
from against_keras import (
    check_numbers_rejected,
    check_rejected,
    check_settings_rejected,
    compare,
    drawn,
)
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

from kfunc_lab.shapes.rules.arithmetic import equation

BATCH = st.sampled_from([None, 2])
STEPS = st.sampled_from([None, 1, 5])
UNITS = st.integers(1, 4)
FLAG = st.booleans()
CELLS = ["SimpleRNNCell", "GRUCell", "LSTMCell"]


@st.composite
def layer_settings(draw, kind):
    config = {
        "units": draw(UNITS),
        "return_sequences": draw(FLAG),
        "return_state": draw(FLAG),
        "go_backwards": draw(FLAG),
        "unroll": draw(FLAG),
        "use_bias": draw(FLAG),
        "stateful": draw(FLAG),
        "dropout": draw(st.sampled_from([0.0, 0.5])),
    }
    return config | ({"reset_after": draw(FLAG)} if kind == "GRU" else {})


@pytest.mark.parametrize("kind", ["SimpleRNN", "GRU", "LSTM"])
@drawn
@given(st.data())
def test_layers_match_keras(kind, data):
    config = data.draw(layer_settings(kind))
    shape = (data.draw(BATCH), data.draw(STEPS), data.draw(st.integers(1, 4)))
    compare(lambda: getattr(layers, kind)(**config), shape)


@pytest.mark.parametrize("kind", ["SimpleRNN", "GRU", "LSTM"])
@drawn
@given(st.data())
def test_layers_with_initial_states_match_keras(kind, data):
    config = data.draw(layer_settings(kind)) | {"stateful": False}
    batch = data.draw(BATCH)
    states = [(batch, config["units"])] * (2 if kind == "LSTM" else 1)
    compare(
        lambda: getattr(layers, kind)(**config),
        (batch, data.draw(STEPS), 3),
        *states,
        call=lambda layer, inputs: layer(inputs[0], initial_state=inputs[1:]),
    )


@st.composite
def cells(draw, depth=2):
    """Draws a function that creates a cell or a stack of cells."""
    kind = draw(st.sampled_from([*CELLS, "StackedRNNCells"] if depth else CELLS))
    if kind == "StackedRNNCells":
        inner = draw(st.lists(cells(depth - 1), min_size=1, max_size=3))
        return lambda: layers.StackedRNNCells([make() for make in inner])
    config = {"units": draw(UNITS), "use_bias": draw(FLAG)}
    if kind == "GRUCell":
        config["reset_after"] = draw(FLAG)
    return lambda: getattr(layers, kind)(**config)


@drawn
@given(st.data())
def test_rnn_over_cells_matches_keras(data):
    make = data.draw(cells())
    config = {"return_sequences": data.draw(FLAG), "return_state": data.draw(FLAG)}
    compare(lambda: layers.RNN(make(), **config), (data.draw(BATCH), data.draw(STEPS), 3))


@drawn
@given(st.data())
def test_called_cells_match_keras(data):
    make = data.draw(cells(depth=1))
    batch = data.draw(BATCH)
    compare(
        make,
        (batch, 3),
        *[(batch, size) for size in flat(make().state_size)],
        call=lambda cell, inputs: cell(inputs[0], packed(cell.state_size, iter(inputs[1:]))),
    )


def flat(sizes):
    return [sizes] if isinstance(sizes, int) else [it for size in sizes for it in flat(size)]


def packed(sizes, states):
    if isinstance(sizes, int):
        return next(states)
    return [packed(size, states) for size in sizes]


@pytest.mark.parametrize("rank", [1, 2, 3])
@drawn
@given(st.data())
def test_convolutions_match_keras(rank, data):
    per_axis = st.one_of(st.integers(1, 3), st.tuples(*[st.integers(1, 3)] * rank))
    space = [data.draw(st.sampled_from([1, 2, 5, 6])) for _axis in range(rank)]
    if data.draw(st.integers(0, 9)) == 0:
        space[0] = None
    first = data.draw(FLAG)
    config = {
        "filters": data.draw(st.integers(1, 3)),
        "kernel_size": data.draw(per_axis),
        "strides": data.draw(st.sampled_from([1, 1, 2])),
        "dilation_rate": data.draw(st.sampled_from([1, 1, 2])),
        "padding": data.draw(st.sampled_from(["valid", "same"])),
        "data_format": "channels_first" if first else "channels_last",
        "use_bias": data.draw(FLAG),
        "return_sequences": data.draw(FLAG),
        "return_state": data.draw(FLAG),
    }
    image = (2, *space) if first else (*space, 2)
    compare(
        lambda: getattr(layers, f"ConvLSTM{rank}D")(**config),
        (data.draw(BATCH), data.draw(STEPS), *image),
    )


def test_lstm_counts_multiply_adds():
    found = compare(lambda: layers.LSTM(3), (None, 5, 4))
    assert [equation(it.count) for it in found.weights] == [
        "4·4·3 = 48",
        "3·4·3 = 36",
        "4·3 = 12",
    ]
    assert found.multiply_adds.value == 5 * (48 + 36)


def test_gru_has_two_biases():
    found = compare(lambda: layers.GRU(3), (None, None, 4))
    assert equation(found.weights[2].count) == "2·3·3 = 18"
    assert found.multiply_adds.value is None  # depends on the number of steps


def test_convolutional_lstm_counts_multiply_adds():
    found = compare(lambda: layers.ConvLSTM1D(3, 2), (None, 5, 7, 4))
    assert found.multiply_adds.value == 5 * 6 * (2 * 4 * 12 + 2 * 3 * 12)


@pytest.mark.parametrize("kind", ["SimpleRNN", "GRU", "LSTM"])
def test_invalid_inputs_are_rejected(kind):
    def make(**config):
        return lambda: getattr(layers, kind)(3, **config)

    check_rejected(make(), (None, 5))
    check_rejected(make(), (None, 5, 6, 7))
    check_rejected(make(), (None, 5, None))
    check_rejected(make(stateful=True), (None, 5, 4))
    check_settings_rejected(kind, (None, 5, 4), units=0)


def test_invalid_recurrent_convolutions_are_rejected():
    check_rejected(lambda: layers.ConvLSTM1D(3, 2), (None, 5, 7))
    check_rejected(lambda: layers.ConvLSTM1D(3, 2), (None, 5, None, 4))
    check_rejected(lambda: layers.ConvLSTM1D(3, 2), (None, 5, 7, None))
    check_rejected(lambda: layers.ConvLSTM1D(3, 8), (None, 5, 7, 4))


def test_states_of_nested_stacks_are_rejected():
    def make():
        stack = layers.StackedRNNCells([layers.LSTMCell(3)])
        return layers.RNN([stack, layers.GRUCell(2)], return_state=True)

    check_rejected(make, (None, 5, 4))


@pytest.mark.parametrize(
    ("make", "shape", "states"),
    [
        (lambda: layers.LSTM(3), (2, 5, 4), [(2, 4), (2, 4)]),
        (lambda: layers.LSTM(3), (2, 5, 4), [(2, 3)]),
        (lambda: layers.GRU(3), (2, 5, 4), [(2, 4)]),
        (lambda: layers.SimpleRNN(3), (2, 5, 4), [(2, 4)]),
        (
            lambda: layers.RNN([layers.GRUCell(3), layers.GRUCell(2)]),
            (2, 5, 4),
            [(2, 2), (2, 3)],
        ),
        (lambda: layers.ConvLSTM1D(3, 2), (2, 5, 7, 4), [(2, 7, 3), (2, 7, 3)]),
    ],
)
def test_initial_states_of_other_size_are_rejected(make, shape, states):
    check_numbers_rejected(
        make,
        shape,
        *states,
        call=lambda layer, inputs: layer(inputs[0], initial_state=inputs[1:]),
    )


def test_cell_rejects_states_of_other_size():
    check_rejected(
        lambda: layers.LSTMCell(3),
        (2, 4),
        (2, 3),
        (2, 4),
        call=lambda cell, inputs: cell(inputs[0], inputs[1:]),
    )
