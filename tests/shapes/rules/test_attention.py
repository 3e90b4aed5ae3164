"""Rules for attention, compared with Keras."""

import keras
import pytest
from against_keras import (
    apply_rule,
    check_numbers_rejected,
    check_rejected,
    check_settings_rejected,
    compare,
    drawn,
)
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

import kfunc_lab as lab
from kfunc_lab.shapes.rules.formulas import derivation

FLAG = st.booleans()
SIZE = st.integers(1, 5)
PLACES = st.sampled_from([None, 1, 3, 6])


def on_list(**arguments):
    return lambda layer, inputs: layer(inputs, **arguments)


def on_each(**arguments):
    return lambda layer, inputs: layer(*inputs, **arguments)


@pytest.mark.parametrize("kind", ["Attention", "AdditiveAttention"])
@drawn
@given(st.data())
def test_attention_matches_keras(kind, data):
    config = {"use_scale": data.draw(FLAG), "dropout": data.draw(st.sampled_from([0.0, 0.5]))}
    if kind == "Attention":
        config["score_mode"] = data.draw(st.sampled_from(["dot", "concat"]))
    others = [data.draw(PLACES) for _axis in range(data.draw(st.sampled_from([0, 0, 1])))]
    size, asked = data.draw(SIZE), data.draw(PLACES)
    first = (data.draw(st.sampled_from([None, 2])), *others)
    key = (*first, asked, size)
    separate = data.draw(FLAG)
    value = (*first, asked, data.draw(SIZE)) if separate else key
    compare(
        lambda: getattr(layers, kind)(**config),
        (*first, data.draw(PLACES), size),
        value,
        *([key] if separate else []),
        call=on_list(return_attention_scores=data.draw(FLAG)),
    )


@st.composite
def head_settings(draw):
    return {
        "num_heads": draw(SIZE),
        "key_dim": draw(SIZE),
        "value_dim": draw(st.one_of(st.none(), SIZE)),
        "use_bias": draw(FLAG),
        "output_shape": draw(st.one_of(st.none(), SIZE, st.tuples(SIZE, SIZE))),
        "dropout": draw(st.sampled_from([0.0, 0.5])),
    }


@drawn
@given(st.data())
def test_multi_head_attention_matches_keras(data):
    config = data.draw(head_settings())
    batch, asked = data.draw(st.sampled_from([None, 2])), data.draw(PLACES)
    shapes = [
        (batch, places, data.draw(SIZE))
        for places in [data.draw(PLACES), asked, asked][: data.draw(st.integers(2, 3))]
    ]
    compare(lambda: layers.MultiHeadAttention(**config), *shapes, call=on_each())


@drawn
@given(st.data())
def test_multi_head_scores_match_keras(data):
    config = data.draw(head_settings())
    shape = (None, data.draw(PLACES), data.draw(SIZE))
    compare(
        lambda: layers.MultiHeadAttention(**config),
        shape,
        shape,
        call=on_each(return_attention_scores=True),
    )


@drawn
@given(st.data())
def test_attention_axes_match_keras(data):
    axes = data.draw(st.sampled_from([None, 1, 2, -2, (1,), (2, 1), (1, 2), (-3,)]))
    config = data.draw(head_settings()) | {"attention_axes": axes}
    shape = (None, data.draw(PLACES), data.draw(PLACES), data.draw(SIZE))
    compare(lambda: layers.MultiHeadAttention(**config), shape, shape, call=on_each())


@drawn
@given(st.data())
def test_grouped_query_attention_matches_keras(data):
    groups, asked, size = data.draw(st.integers(1, 3)), data.draw(PLACES), data.draw(SIZE)
    config = {
        "num_query_heads": groups * data.draw(st.integers(1, 3)),
        "num_key_value_heads": groups,
        "head_dim": data.draw(SIZE),
        "use_bias": data.draw(FLAG),
    }
    shapes = [
        (None, data.draw(PLACES), size),
        (None, asked, size),
        (None, asked, data.draw(SIZE)),
    ]
    compare(
        lambda: layers.GroupQueryAttention(**config),
        *shapes[: data.draw(st.integers(2, 3))],
        call=on_each(return_attention_scores=data.draw(FLAG)),
    )


@pytest.mark.skipif(
    "use_gate" not in layers.MultiHeadAttention(1, 1).get_config(),
    reason="it came with a later Keras",
)
def test_gated_attention_matches_keras():
    shape = (None, 5, 4)
    compare(
        lambda: layers.MultiHeadAttention(2, 3, value_dim=5, use_gate=True),
        shape,
        shape,
        call=on_each(),
    )
    compare(
        lambda: layers.GroupQueryAttention(3, 4, 2, use_gate=True, use_bias=False),
        shape,
        shape,
        call=on_each(),
    )


def test_multi_head_attention_counts_multiply_adds():
    found = compare(
        lambda: layers.MultiHeadAttention(2, 3, value_dim=7),
        (None, 5, 4),
        (None, 6, 8),
        call=on_each(),
    )
    projected = 5 * 4 * 2 * 3 + 6 * 8 * 2 * 3 + 6 * 8 * 2 * 7 + 5 * 2 * 7 * 4
    compared = 2 * 5 * 6 * 3 + 2 * 5 * 6 * 7
    assert found.multiply_adds.value == projected + compared


def test_attention_counts_multiply_adds():
    shapes = (None, 5, 4), (None, 6, 4)
    found = compare(layers.Attention, *shapes, call=on_list())
    assert found.multiply_adds.value == 5 * 6 * 4 + 5 * 6 * 4
    found = compare(layers.AdditiveAttention, *shapes, call=on_list())
    assert found.multiply_adds.value == 5 * 6 * 4 + 5 * 6 * 4
    found = compare(lambda: layers.AdditiveAttention(use_scale=False), *shapes, call=on_list())
    assert found.multiply_adds.value == 5 * 6 * 4


def test_ambiguous_scores_have_no_rule():
    layer = layers.MultiHeadAttention(2, 3)
    query, value = keras.Input((5, 4)), keras.Input((6, 4))
    graph = lab.read_graph(layer(query, value, return_attention_scores=True))
    assert derivation(graph.call_of[graph.outputs[0]]) is None


@pytest.mark.parametrize("kind", ["Attention", "AdditiveAttention"])
def test_invalid_attention_is_rejected(kind):
    make = getattr(layers, kind)
    check_rejected(make, (None, 5, 4), call=lambda layer, query: layer([query]))
    check_rejected(make, *[(None, 5, 4)] * 4, call=on_list())
    check_rejected(make, (None,), (None,), call=on_list(return_attention_scores=True))
    check_numbers_rejected(make, (2, 5, 4), (2, 6, 3), call=on_list())
    check_numbers_rejected(make, (2, 5, 4), (2, 6, 4), (2, 7, 4), call=on_list())


def test_additive_attention_with_broadcast_has_no_rule():
    assert apply_rule(layers.AdditiveAttention(), [(2, 5, 4), (2, 6, 1)]) is None


def test_additive_attention_needs_known_size():
    check_rejected(layers.AdditiveAttention, (None, 5, None), (None, 6, 4), call=on_list())


def test_invalid_multi_head_attention_is_rejected():
    def make():
        return layers.MultiHeadAttention(2, 3)

    check_rejected(make, (None, 5, 4))
    check_rejected(make, (None, 5, 4), (None, 6, 4), (None, 7, 4), call=on_each())
    check_rejected(make, (None, 5, None), (None, 6, 4), call=on_each())
    query = (None, 5, 4)
    for setting in ("num_heads", "key_dim", "value_dim"):
        config = {"num_heads": 2, "key_dim": 3, setting: 0}
        check_settings_rejected("MultiHeadAttention", query, query, **config)


def test_invalid_grouped_query_attention_is_rejected():
    def make():
        return layers.GroupQueryAttention(3, 4, 2)

    check_rejected(make, (None, 5, 4), (None, 6, 3), call=on_each())
    check_rejected(make, (None, 5, 4), (None, 6, 4), (None, 7, 4), call=on_each())
    check_rejected(make, (None, 4), (None, 4), call=on_each())
    query = (None, 5, 4)
    for heads, groups, size in ((3, 2, 4), (2, 0, 4), (2, 2, 0)):
        check_settings_rejected(
            "GroupQueryAttention",
            query,
            query,
            num_query_heads=heads,
            num_key_value_heads=groups,
            head_dim=size,
        )
