"""Rules for products with one matrix, compared with Keras."""

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

from kfunc_lab.shapes.rules.arithmetic import equation, symbols

SIZES = st.one_of(st.none(), st.integers(1, 9))
RANKS = st.sampled_from([None, None, 2])


@drawn
@given(st.data())
def test_dense_matches_keras(data):
    shape = (None, *data.draw(st.lists(SIZES, max_size=4)))
    config = {
        "units": data.draw(st.integers(1, 9)),
        "use_bias": data.draw(st.booleans()),
        "lora_rank": data.draw(RANKS),
    }
    compare(lambda: layers.Dense(**config), shape)


def test_dense_counts_multiply_adds():
    found = compare(lambda: layers.Dense(8), (None, 5, 4))
    assert found.multiply_adds.value == 5 * 4 * 8
    assert equation(found.parameters) == "4·8 + 8 = 40"


@drawn
@given(st.data())
def test_embedding_matches_keras(data):
    shape = (None, *data.draw(st.lists(SIZES, max_size=3)))
    config = {
        "input_dim": data.draw(st.integers(1, 9)),
        "output_dim": data.draw(st.integers(1, 4)),
        "lora_rank": data.draw(RANKS),
    }
    found = compare(lambda: layers.Embedding(**config), shape)
    assert found.multiply_adds.value == 0
    if not hasattr(layers, "ReversibleEmbedding"):
        return
    config["tie_weights"] = bool(config["lora_rank"]) or data.draw(st.booleans())
    compare(lambda: layers.ReversibleEmbedding(**config), shape)
    vectors = (*shape, config["output_dim"])
    compare(
        lambda: layers.ReversibleEmbedding(**config),
        vectors,
        call=lambda layer, inputs: layer(*inputs, reverse=True),
    )


@pytest.mark.skipif(
    not hasattr(layers, "ReversibleEmbedding"), reason="it came with a later Keras"
)
@pytest.mark.parametrize("tied", [True, False])
def test_reversed_embedding_counts_multiply_adds(tied):
    def call(layer, inputs):
        return layer(*inputs, reverse=True)

    def make():
        return layers.ReversibleEmbedding(7, 3, tie_weights=tied)

    found = compare(make, (None, 5, 3), call=call)
    assert found.multiply_adds.value == 5 * 3 * 7


EQUATIONS = [
    ("abc,cd->abd", (None, 8), (None, 5, 6), "d"),
    ("abc,cd->abd", (5, 8), (None, 5, 6), "bd"),
    ("abc,cde->abde", (None, 3, 4), (None, None, 6), "de"),
    ("abc,cde->abde", (None, 3, 4), (None, 5, 6), "e"),
    ("abcd,cde->abe", (None, 8), (None, 7, 3, 4), None),
    ("...x,xy->...y", 8, (None, 5, 6), "y"),
    ("...x,xy->...y", 8, (None, 5, 5, 6), "y"),
    ("...bx,xy->...by", (3, 8), (None, 2, 3, 6), "by"),
    ("ab,bc->ac", 8, (None, 6), "c"),
    ("ab...,bc->ac...", 8, (None, 2, 3, 6), "c"),
    ("ab...,bc->ac...", 8, (None, 2), "c"),
    ("abc,ce->aeb", (8, None), (None, 5, 6), None),
]


@pytest.mark.parametrize("rank", [None, 2])
@pytest.mark.parametrize(("text", "output", "shape", "bias"), EQUATIONS)
def test_einsum_dense_matches_keras(text, output, shape, bias, rank):
    found = compare(
        lambda: layers.EinsumDense(text, output, bias_axes=bias, lora_rank=rank), shape
    )
    named = {
        name for it in found.weights if "lora" not in it.name for name in symbols(it.count)
    }
    assert not named  # letters of the equation are not symbols of a formula


@pytest.mark.parametrize(
    ("text", "output", "shape", "bias"),
    [
        ("a...b,bc->a...c", 8, (None, 2, 3, 6), "c"),
        ("abc , cd -> abd", (5, 8), (None, 5, 6), None),
        ("abc,cd->abd", (None, 8), (None, 5), None),
        ("abc,cd->abd", (6, 8), (None, 5, 6), None),
        ("abc,cd->abd", (5, 8), (None, None, 6), None),
        ("abc,cd->abd", (None, 8), (None, 5, None), None),
        ("abc,cd->abd", (None, None), (None, 5, 6), None),
        ("abc,bcd->abd", (None, 8), (None, 5, 6), None),
        ("abc,cd->abe", (5, 8), (None, 5, 6), None),
        ("abc,cde->abe", (None, 8), (None, 7, 3), None),
        ("abc,cd->abd", (None, 8), (None, 5, 6), "e"),
        ("ab,bc->ac", 8, (None, 6), "a"),
    ],
)
def test_invalid_equations_are_rejected(text, output, shape, bias):
    check_rejected(lambda: layers.EinsumDense(text, output, bias_axes=bias), shape)


def test_leading_ellipsis_has_no_rule():
    layer = layers.EinsumDense("...x,xy->...y", 8)
    assert apply_rule(layer, [(None, 2, 3, 6)]) is None


def test_equation_with_too_few_axes_is_rejected():
    check_numbers_rejected(lambda: layers.EinsumDense("abc,cd->abd", (None, 8)), (2, 5, 6, 7))


def test_einsum_dense_counts_multiply_adds():
    found = compare(lambda: layers.EinsumDense("abc,cde->abde", (None, 3, 4)), (None, 5, 6))
    assert found.multiply_adds.value == 5 * 6 * 3 * 4


def test_invalid_inputs_are_rejected():
    check_rejected(lambda: layers.Dense(3), (None,))
    check_rejected(lambda: layers.Dense(3), (None, None))
    check_settings_rejected("Dense", (None, 4), units=0)
    check_settings_rejected("Embedding", (None, 4), input_dim=0, output_dim=3)
    check_settings_rejected("Embedding", (None, 4), input_dim=3, output_dim=-1)


@pytest.mark.skipif(
    not hasattr(layers, "ReversibleEmbedding"), reason="it came with a later Keras"
)
def test_reversed_embedding_rejects_other_size():
    check_numbers_rejected(
        lambda: layers.ReversibleEmbedding(7, 3),
        (2, 5, 4),
        call=lambda layer, inputs: layer(*inputs, reverse=True),
        reverse=True,
    )
