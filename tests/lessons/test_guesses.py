"""How guesses are read: as people type them, and without other errors than `ValueError`."""

import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfunc_lab.lessons.predictions.kinds import Choice, Number, Shape

CHOICE = Choice({"same": "the *same* `Dense`.", "one": "2", "two": "1"})
KINDS = [Number(), Number(tolerance=0.01), Shape(), CHOICE]


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("784*64+64", 50_240), ("784 · 64 + 64", 50_240), ("(28 x 28 + 1) × 64", 50_240),
        ("55,050", 55_050), ("55.050", 55_050), ("55 050", 55_050), ("1.000.000", 1_000_000),
        ("1,234.5", 1234.5), ("1.234,5", 1234.5), ("0,5", 0.5), ("0.125", 0.125),
        ("50 %", 0.5), ("1/3", 1 / 3), ("2**3", 8), ("28^2", 784), ("28²", 784), ("1e3", 1000),
        ("−3", -3), ("≈ 100", 100), ("007", 7), ("1,568 + 10", 1578), (7, 7), (np.int64(7), 7),
    ],
)  # fmt: skip
def test_number_is_read(typed, value):
    assert Number().read(typed) == pytest.approx(value)


@pytest.mark.parametrize(
    ("typed", "truths"),
    [("55.050", (55_050, 55.05)), ("2,303", (2303, 2.303)), ("50 %", (0.5, 50))],
)
def test_both_readings_of_a_number_are_right(typed, truths):
    for truth, tolerance in itertools.product(truths, (0, 0.001)):
        kind = Number(tolerance)
        assert kind.equal(kind.read(typed), truth)
        assert not kind.equal(kind.read(typed), truth + 1)


def test_mark_of_a_measured_number_is_decimal():
    assert Number(tolerance=0.01).read("2,303") == 2.303


@pytest.mark.parametrize(
    "typed",
    ["", " ", "many", "1.2.3", "1,23,456", "(1", "9**9**9**9", "0**-1", "nan", "(-8)**(1/3)",
     "__import__('os')", "[1]*9", "1" * 300, "(" * 150, None, [1, 2], "x"],
)  # fmt: skip
def test_what_is_no_number_gets_a_sentence(typed):
    with pytest.raises(ValueError, match="Write a number, such as"):
        Number().read(typed)


@pytest.mark.parametrize(
    "typed",
    ["(None, 64)", "None, 64", "None x 64", "none,64", "[None, 64]", "?, 64", "batch, 64",
     "lote, 64", "(None; 64)", "None × 64", "None 64", "(None, 64,)", "None, 8*8",
     (None, 64), [None, np.int64(64)]],
)  # fmt: skip
def test_shape_is_read(typed):
    assert Shape().read(typed) == (None, 64)


@pytest.mark.parametrize(
    ("typed", "shape"),
    [("64", (64,)), ("(64,)", (64,)), ("()", ()), ("28x28x1", (28, 28, 1)), (64, (64,))],
)
def test_shape_of_other_ranks_is_read(typed, shape):
    assert Shape().read(typed) == shape


@pytest.mark.parametrize(
    "typed",
    ["", "a, b", "1.5, 3", "1,,2", "-3, 4", "(1, (2, 3))", "9**999, 1", "1" * 300, (1, 2.5),
     "big", {1: 2}.items, range(10**9), itertools.count()],
    ids=lambda typed: type(typed).__name__ if callable(typed) else str(typed)[:20],
)  # fmt: skip
def test_what_is_no_shape_gets_a_sentence(typed):
    with pytest.raises(ValueError, match="Write a shape, such as"):
        Shape().read(typed)


@pytest.mark.parametrize(
    ("typed", "key"),
    [("same", "same"), ("SAME", "same"), (" the *same* dense ", "same"), ("3", "two"),
     ("2", "one"), ("1", "two"), (1, "two")],
)  # fmt: skip
def test_choice_is_read_by_key_then_words_then_number(typed, key):
    assert CHOICE.read(typed) == key


def test_unknown_choice_names_the_options():
    with pytest.raises(ValueError, match=r"Choose one of: the \*same\* `Dense`.; 2; 1"):
        CHOICE.read("none")


def test_long_and_hostile_guess_is_shortened():
    with pytest.raises(ValueError, match=r"not `a�'{37}…`\.$"):
        Number().read("a\u202e" + "`" * 300)


TYPED = st.text(alphabet="0123456789.,xX*/+-%()^e²³:;? \nNonebatch[]_−×·½٣", max_size=40)


class Odd:
    def __getattr__(self, name):
        raise RuntimeError(name)

    def __str__(self):
        raise RuntimeError

    def __float__(self):
        raise OSError


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)
@given(guess=TYPED | st.text() | st.none() | st.floats() | st.integers() | st.builds(Odd))
def test_reading_raises_only_value_errors(kind, guess):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            value = kind.read(guess)
        except ValueError:
            return
    assert kind.equal(value, value)
    written = kind.write(value)  # a number is rounded
    assert isinstance(kind, Number) or kind.equal(kind.read(written), value)


@given(value=st.integers(-(10**9), 10**9))
def test_written_number_is_read_again(value):
    kind = Number()
    assert kind.read(kind.write(value)) == value
    assert math.isfinite(kind.read(str(value)))
