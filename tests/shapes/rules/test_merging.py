"""Rules for merging layers, compared with Keras for drawn shapes and invalid shapes."""

import keras
import numpy as np
import pytest
from against_keras import apply_rule, check_rejected, compare
from examples import examples
from hypothesis import assume, given
from hypothesis import strategies as st
from keras import layers

from kfunc_lab.shapes.rules.arithmetic import equation
from kfunc_lab.shapes.rules.merging import broadcast_axes, joined_size
from kfunc_lab.shapes.rules.rule import DoesNotFitError

drawn = examples(40)
ELEMENTWISE = ["Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract"]

sizes = st.sampled_from([None, 1, 2, 3, 3, 5])


def compare_on_list(make, *shapes):
    compare(make, *shapes, call=lambda layer, inputs: layer(inputs))


@st.composite
def similar_shapes(draw, fewest=1, most=3):
    """Draws shapes that differ in some sizes and in the number of axes."""
    base = draw(st.lists(sizes, max_size=3))
    shapes = []
    for _shape in range(draw(st.integers(fewest, most))):
        rest = [draw(st.sampled_from([size, size, size, 1, None])) for size in base]
        shorter = draw(st.sampled_from([0, 0, 0, 1]))
        shapes.append((draw(st.sampled_from([None, None, 2])), *rest[shorter:]))
    return shapes


@pytest.mark.parametrize("kind", ELEMENTWISE)
@drawn
@given(similar_shapes())
def test_elementwise_layers_match_keras(kind, shapes):
    compare_on_list(getattr(layers, kind), *shapes)


@drawn
@given(st.lists(st.lists(sizes, min_size=1, max_size=3), min_size=2, max_size=3))
def test_arbitrary_shapes_match_keras(shapes):
    shapes = [tuple(shape) for shape in shapes]
    compare_on_list(layers.Add, *shapes)
    compare_on_list(layers.Concatenate, *shapes)


@drawn
@given(similar_shapes(fewest=2), st.integers(-4, 4))
def test_concatenate_matches_keras(shapes, axis):
    # Keras accepts other numbers of axes if the joined one is unknown, and then cannot join them.
    assume(len(set(map(len, shapes))) == 1)
    compare_on_list(lambda: layers.Concatenate(axis=axis), *shapes)


@drawn
@given(st.data())
def test_dot_matches_keras(data):
    size = data.draw(st.sampled_from([None, 2, 3]))
    others = st.lists(sizes, max_size=2)
    shapes, axes = [], []
    for _shape in range(2):
        rest = data.draw(others)
        place = data.draw(st.integers(0, len(rest)))
        shapes.append((None, *rest[:place], size, *rest[place:]))
        axes.append(data.draw(st.sampled_from([place + 1, place - len(rest) - 1])))
    axes = data.draw(st.sampled_from([tuple(axes), tuple(axes), 1, 2, -1]))
    compare_on_list(lambda: layers.Dot(axes, normalize=data.draw(st.booleans())), *shapes)


@drawn
@given(st.data())
def test_broadcasting_matches_numpy(data):
    shapes = data.draw(
        st.lists(st.lists(st.sampled_from([1, 1, 2, 3]), max_size=3), min_size=1, max_size=3)
    )
    shapes = [tuple(shape) for shape in shapes]
    try:
        expected = np.broadcast_shapes(*shapes)
    except ValueError:
        with pytest.raises(DoesNotFitError):
            broadcast_axes(shapes)
        return
    assert tuple(axis.size.value for axis in broadcast_axes(shapes)) == expected


@drawn
@given(st.lists(sizes, max_size=3), st.lists(sizes, max_size=3))
def test_broadcasting_unknown_sizes_matches_keras(one, other):
    one, other = (None, *one), (None, *other)
    try:
        found = keras.Input(batch_shape=one) + keras.Input(batch_shape=other)
    except ValueError:
        with pytest.raises(DoesNotFitError):
            broadcast_axes([one, other])
        return
    assert tuple(axis.size.value for axis in broadcast_axes([one, other])) == found.shape


def test_concatenate_adds_sizes():
    found = apply_rule(layers.Concatenate(), [(None, 8), (None, 16)])
    assert equation(found.outputs[0][1].size) == "8 + 16 = 24"
    assert joined_size([None, 2]).value is None


def test_single_input_keeps_shape():
    compare_on_list(layers.Concatenate, (None, 3, 4))
    compare_on_list(layers.Add, (None, 3, 4))


def test_dot_counts_multiply_adds():
    found = apply_rule(layers.Dot((2, 2)), [(None, 5, 8), (None, 7, 8)])
    assert equation(found.multiply_adds) == "5·7·8 = 280"
    assert apply_rule(layers.Dot(1), [(None, 8), (None, 8)]).multiply_adds.value == 8


def test_dot_along_batch_has_no_rule():
    assert apply_rule(layers.Dot(0), [(3, 4), (3, 4)]) is None


@pytest.mark.parametrize(
    ("make", "shapes", "arithmetic"),
    [
        (layers.Add, [(None, 28, 3), (None, 26, 3)], "28 ≠ 26"),
        (layers.Add, [(2, 3), (4, 3)], "2 ≠ 4"),
        (layers.Subtract, [(None, 3)] * 3, "3 ≠ 2"),
        (layers.Concatenate, [(None, 4, 3), (None, 5, 3)], "4 ≠ 5"),
        (layers.Concatenate, [(None, 4, 3), (None, 3)], "3 ≠ 2"),
        (lambda: layers.Concatenate(axis=3), [(None, 4), (None, 4)], "3 ≥ 2"),
        (lambda: layers.Dot(1), [(None, 4), (None, 5)], "4 ≠ 5"),
        (lambda: layers.Dot(1), [(None, 4)] * 3, "3 ≠ 2"),
    ],
)
def test_rejection_shows_arithmetic(make, shapes, arithmetic):
    if arithmetic != "3 ≥ 2":  # Keras raises another error there
        check_rejected(make, *shapes)
    with pytest.raises(DoesNotFitError) as caught:
        apply_rule(make(), shapes)
    assert caught.value.arithmetic == arithmetic
