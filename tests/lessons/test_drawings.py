"""The drawings of the lessons: a unit, bars, the descent of a loss, and the pad for digits."""

import math
import re
from xml.etree import ElementTree

import keras
import numpy as np
import pytest

import kfunc_lab as lab
from kfunc_lab.lessons.figures.unit import ACTIVATIONS, draw_unit


def words_of(svg: str) -> list[str]:
    """Returns the texts of a picture; it must be well-formed."""
    root = ElementTree.fromstring(svg)
    return [it.text or "" for it in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_unit_computes_like_keras(activation):
    layer = keras.layers.Dense(1, activation=None if activation == "none" else activation)
    layer.build((1, 3))
    layer.set_weights([np.array([[0.5], [-1.0], [2.0]]), np.array([0.25])])
    inputs = [1.5, -0.5, 0.3]
    wanted = float(np.asarray(layer(np.array([inputs], "float32")))[0, 0])
    text = draw_unit(inputs, [0.5, -1.0, 2.0], 0.25, activation).to_text()
    assert float(text.rsplit(maxsplit=1)[-1]) == pytest.approx(wanted, abs=0.006)


def test_unit_is_drawn_with_its_numbers():
    drawn = words_of(draw_unit([1.0, 2.0], [0.5, -1.0], 0.5, "relu").to_svg())
    for text in ("input 1", "input 2", "× 0.5 = 0.5", "× −1 = −2", "bias", "relu", "output"):
        assert text in drawn


def test_numbers_of_unit_can_be_moved():
    view = lab.unit([1.0, 2.0], [0.5, -1.0], 0.5)
    weight = next(it for it in view.children[:-1] if it.description == "weight_2")
    weight.value = 1.0
    [output] = view.children[-1].outputs
    assert "relu(3) = 3" in output["data"]["text/plain"]
    assert output["data"]["text/html"].count("<svg") == 1


@pytest.mark.parametrize(
    "given", [([], [], 0), ([1.0], [1.0, 2.0], 0), ([1.0] * 5, [1.0] * 5, 0), ([9.0], [1.0], 0)]
)
def test_unit_refuses_other_numbers(given):
    with pytest.raises(ValueError, match=r"unit|input_1"):
        lab.unit(*given)


def test_shares_are_written_as_percentages_and_the_largest_stands_out():
    drawing = lab.bars(np.array([0.25, 0.75], "float32"), names=["<cat>", "dog"])
    assert drawing.to_text() == "<cat>  25 %\ndog    75 %"
    assert words_of(drawing.to_svg()) == ["<cat>", "25 %", "dog", "75 %"]
    assert re.search(r'font-weight="bold"[^>]*>dog<', drawing.to_svg())


def test_other_numbers_keep_their_signs():
    text = lab.bars([-1.5, math.nan, 2, 0]).to_text()
    assert [line.split()[1] for line in text.splitlines()] == ["−1.5", "nan", "2", "0"]


@pytest.mark.parametrize(
    ("values", "names"), [([], None), ([[1.0]], None), ([1.0], ["a", "b"]), (range(65), None)]
)
def test_bars_refuse_what_they_cannot_draw(values, names):
    with pytest.raises(ValueError, match="vector"):
        lab.bars(values, names)


def test_descent_says_weight_loss_and_slope_of_each_step():
    text = lab.descent(lambda w: (w - 1) ** 2, [3.0, 2.0], low=-1, high=4).to_text()
    assert [line.split() for line in text.splitlines()] == [
        ["step", "weight", "loss", "value", "slope"],
        ["0", "3", "4", "4"],
        ["1", "2", "1", "2"],
    ]


def test_descent_draws_steps_that_leave_the_axes():
    drawing = lab.descent(lambda w: w * w, [2.0, -9.0, 40.0], low=-3, high=3)
    assert "weight 40 · loss 1.6e+03 · slope 80" in words_of(drawing.to_svg())


@pytest.mark.parametrize(("weights", "low", "high"), [([], 0, 1), ([0.5], 1, 1)])
def test_descent_needs_weights_and_a_range(weights, low, high):
    with pytest.raises(ValueError, match="weight"):
        lab.descent(abs, weights, low=low, high=high)


@pytest.fixture(scope="module")
def pad():
    return lab.digit_pad(lab.datasets.digits_model())


def test_pad_begins_with_stored_digit(pad):
    assert pad.pixels.shape == (28, 28)
    assert pad.answer.argmax() == 7
    assert "7    100 %" in pad.to_text()
    assert {"0", "9", "→"} <= set(words_of(pad.to_svg()))


def test_pad_answers_what_is_drawn(pad):
    side = pad._side
    ink = np.zeros((side, side), np.uint8)
    ink[10:-10, side // 2 - 5 : side // 2 + 5] = 255  # a stroke from top to bottom
    before = pad.to_svg()
    pad._answer(pad, {"type": "draw"}, [ink.tobytes()])
    assert pad.answer.argmax() == 1
    assert pad._bars["marked"] == 1
    assert pad.to_svg() == before  # the static picture stays
    pad._answer(pad, {"type": "draw"}, [np.zeros_like(ink).tobytes()])
    assert pad.answer.argmax() == 7


@pytest.mark.parametrize("shape", [(784,), (28, 28), (28, 28, 1)])
def test_pad_takes_every_form_of_a_digit(shape):
    inputs = keras.Input(shape)
    outputs = keras.layers.Dense(10)(keras.layers.Flatten()(inputs))
    assert lab.digit_pad(keras.Model(inputs, outputs)).answer.shape == (10,)


@pytest.mark.parametrize(("shape", "units"), [((783,), 10), ((784,), 3), ((None, 28), 10)])
def test_pad_refuses_other_models(shape, units):
    inputs = keras.Input(shape)
    with pytest.raises(ValueError, match="28 × 28"):
        lab.digit_pad(keras.Model(inputs, keras.layers.Dense(units)(inputs)))


def test_pad_does_not_print(capsys):
    lab.digit_pad(lab.datasets.digits_model())
    assert capsys.readouterr().out == ""
