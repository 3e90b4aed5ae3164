"""Rules for wrapper layers, compared with Keras."""

import keras
import pytest
from against_keras import apply_rule, check_numbers_rejected, check_rejected, compare, drawn
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

FLAG = st.booleans()
MODES = st.sampled_from(["concat", "sum", "mul", "ave", None])
STEPS = st.sampled_from([None, 1, 5])
BATCH = st.sampled_from([None, 2])


@pytest.mark.parametrize("kind", ["SimpleRNN", "GRU", "LSTM"])
@drawn
@given(st.data())
def test_bidirectional_matches_keras(kind, data):
    config = {
        "units": data.draw(st.integers(1, 4)),
        "return_sequences": data.draw(FLAG),
        "return_state": data.draw(FLAG),
        "use_bias": data.draw(FLAG),
    }
    mode, batch = data.draw(MODES), data.draw(BATCH)
    count = (2 if kind == "LSTM" else 1) * 2 * data.draw(st.integers(0, 1))
    compare(
        lambda: layers.Bidirectional(getattr(layers, kind)(**config), merge_mode=mode),
        (batch, data.draw(STEPS), 3),
        *[(batch, config["units"])] * count,
        call=lambda layer, inputs: layer(inputs[0], initial_state=inputs[1:] or None),
    )


@drawn
@given(st.data())
def test_bidirectional_over_other_layers_matches_keras(data):
    mode = data.draw(MODES)
    returns = {"return_sequences": data.draw(FLAG), "return_state": data.draw(FLAG)}
    cells = [
        lambda: layers.LSTMCell(3),
        lambda: layers.StackedRNNCells([layers.LSTMCell(2), layers.LSTMCell(3)]),
    ]
    cell = data.draw(st.sampled_from(cells))
    compare(
        lambda: layers.Bidirectional(layers.RNN(cell(), **returns), merge_mode=mode),
        (None, data.draw(STEPS), 3),
    )
    first = data.draw(st.sampled_from(["channels_first", "channels_last"]))
    compare(
        lambda: layers.Bidirectional(
            layers.ConvLSTM1D(3, 2, data_format=first, **returns), merge_mode=mode
        ),
        (None, data.draw(STEPS), 4, 4),
    )


def test_separate_backward_layer_matches_keras():
    def make():
        backward = layers.LSTM(3, go_backwards=True, use_bias=False)
        return layers.Bidirectional(layers.LSTM(3), backward_layer=backward)

    compare(make, (None, 5, 4))


def test_directions_of_different_sizes_have_no_rule():
    layer = layers.Bidirectional(layers.GRU(3), backward_layer=layers.GRU(5, go_backwards=True))
    assert apply_rule(layer, [(None, 5, 4)]) is None


INNER = [
    lambda: layers.Dense(3),
    lambda: layers.Dense(3, lora_rank=2),
    lambda: layers.EinsumDense("ab...,bc->ac...", 3, bias_axes="c"),
    lambda: layers.Embedding(5, 3),
    lambda: layers.Conv1D(3, 2, strides=2),
    lambda: layers.Conv2D(3, (2, 1), padding="same"),
    lambda: layers.Conv2DTranspose(3, 2),
    lambda: layers.DepthwiseConv2D(2),
    lambda: layers.SeparableConv1D(3, 2),
    lambda: layers.MaxPooling1D(2),
    lambda: layers.LSTM(3, return_sequences=True),
    lambda: layers.Bidirectional(layers.GRU(3)),
]


@pytest.mark.parametrize("inner", INNER)
@drawn
@given(st.data())
def test_time_distributed_matches_keras(inner, data):
    size = st.integers(1, 6)
    shape = [data.draw(BATCH), data.draw(STEPS)]
    shape += [data.draw(size) for _axis in range(data.draw(st.integers(1, 3)))]
    # Keras checks some ranks only when it calls the layer, which a wrapper does not do.
    if keeps_rank(inner(), len(shape) - 1):
        compare(lambda: layers.TimeDistributed(inner()), tuple(shape))
        nested = (None, 2, *shape[1:])
        compare(lambda: layers.TimeDistributed(layers.TimeDistributed(inner())), nested)


def keeps_rank(layer, rank):
    ranks = {"Conv1D": 3, "Conv2D": 4, "Conv2DTranspose": 4, "DepthwiseConv2D": 4}
    ranks |= {"SeparableConv1D": 3, "MaxPooling1D": 3, "LSTM": 3, "Bidirectional": 3}
    return ranks.get(type(layer).__name__, rank) == rank


@pytest.mark.parametrize("inner", INNER)
@drawn
@given(st.data())
def test_spectral_normalization_matches_keras(inner, data):
    shape = (None, *(data.draw(st.integers(1, 6)) for _ in range(data.draw(st.integers(1, 3)))))
    if keeps_rank(inner(), len(shape)):
        compare(lambda: layers.SpectralNormalization(inner()), shape)


def test_time_distributed_counts_multiply_adds():
    found = compare(lambda: layers.TimeDistributed(layers.Dense(3)), (None, 5, 4))
    assert found.multiply_adds.value == 5 * 4 * 3
    found = compare(lambda: layers.TimeDistributed(layers.LSTM(3)), (None, 5, 6, 4))
    assert found.multiply_adds.value == 5 * 6 * (4 * 12 + 3 * 12)


def test_bidirectional_counts_multiply_adds():
    found = compare(lambda: layers.Bidirectional(layers.LSTM(3)), (None, 5, 4))
    assert found.multiply_adds.value == 2 * 5 * (4 * 12 + 3 * 12)


def test_inner_layers_without_rule_have_no_rule():
    class Own(layers.Layer):
        def call(self, x):
            return x

    for inner in (Own(), keras.Sequential([layers.Dense(2)])):
        assert apply_rule(layers.TimeDistributed(inner), [(None, 5, 4)]) is None


def test_invalid_inputs_are_rejected():
    check_rejected(lambda: layers.TimeDistributed(layers.Dense(3)), (None, 5))
    check_rejected(lambda: layers.TimeDistributed(layers.Dense(3)), (None, 5, None))
    check_rejected(lambda: layers.TimeDistributed(layers.Conv1D(3, 8)), (None, 5, 6, 4))
    check_rejected(lambda: layers.Bidirectional(layers.LSTM(3)), (None, 5, 4, 3))
    check_rejected(lambda: layers.SpectralNormalization(layers.LSTM(3)), (None, 5, 4))
    check_rejected(lambda: layers.SpectralNormalization(layers.Dense(3)), (None, None))


def test_initial_states_of_other_size_are_rejected():
    check_numbers_rejected(
        lambda: layers.Bidirectional(layers.LSTM(3)),
        (2, 5, 4),
        *[(2, 3)] * 2,
        call=lambda layer, inputs: layer(inputs[0], initial_state=inputs[1:]),
    )
