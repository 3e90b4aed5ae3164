"""Lesson 01: symbolic tensors, what a unit computes, and parameters of Dense layers."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number, Shape
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _wrong_input(guess: Any, truth: Any, variables: Variables) -> str | None:
    if guess == truth[1:]:
        return _("The batch is missing. Keras puts it in front, with size `None`.")
    if guess == (*truth[1:], None):
        return _("The batch comes first, not last.")
    if guess == (1, *truth[1:]):
        return _("The batch may have any size, so its size is `None`, not 1.")
    if guess == (None, 28, 28):
        return _("The 784 pixels come as one row, not as 28 rows of 28.")
    return None


def _wrong_number(guess: str, truth: Any, variables: Variables) -> str:
    if guess == "zero":
        return _("A 0 would be a number too. There is none, not even 0.")
    return _("The 784 numbers belong to an image, and no image has come yet.")


def _wrong_shape(guess: Any, truth: Any, variables: Variables) -> str | None:
    units = variables["units"]
    if guess == (units,):
        return _("The batch is missing: what enters as a batch leaves as a batch.")
    if guess in ((None, 784, units), (784, units), (None, units, 784)):
        return _(
            "That is the shape of the weights, one for each number and unit. Each unit adds its "
            "784 products up to one number."
        )
    if guess == (None, 784):
        return _("784 numbers enter. What leaves is one number for each unit.")
    return None


def _sum_of(variables: Variables) -> float:
    pairs = zip(variables["numbers"], variables["weights"], strict=True)
    return float(sum(number * weight for number, weight in pairs))


def _wrong_output(guess: float, truth: Any, variables: Variables) -> str | None:
    total = _sum_of(variables)
    if guess == total + variables["bias"] != truth:
        return _("{guess} is the sum. `relu` replaces a negative sum with 0.")
    if guess == total:
        return _("{guess} is the sum of the products alone: the bias and `relu` are missing.")
    return None


def _wrong_count(guess: float, truth: Any, variables: Variables) -> str | None:
    units = variables["units"]
    if guess == 784 * units:
        return _("{guess} counts only the weights. Each of the {units} units has a bias too.")
    if guess == 784 * units + 784:
        return _("The biases belong to the units, not to the numbers that enter.")
    if guess == 784 * units + 1:
        return _("Each of the {units} units has a bias of its own.")
    if guess in (784 + units, units, 784):
        return _("Each unit has a weight for each number: multiply.")
    return None


def _layers(variables: Variables) -> tuple[int, int, int]:
    units = variables["units"]
    return 784 * units + units, units * units + units, units * 10 + 10


def _wrong_total(guess: float, truth: Any, variables: Variables) -> str | None:
    first, second, last = _layers(variables)
    units = variables["units"]
    if guess == 2 * first + last:
        return _("784 numbers enter only the first layer; the second gets {units}.")
    if guess == first + last:
        return _("One layer is missing: there are two hidden layers.")
    if guess == first + second:
        return _("The last layer is missing: it has {units} · 10 weights and 10 biases.")
    if guess == truth - 2 * units - 10:
        return _("{guess} counts only the weights. Each unit has a bias too.")
    if guess == first:
        return _("{guess} is the first layer alone.")
    return None


def _growth(variables: Variables) -> str:
    counts = variables["counts"]
    ratio = counts[128] / counts[64]
    return "less" if ratio < 1.995 else "twice" if ratio < 2.005 else "more"


PREDICTIONS = [
    Prediction(
        name="input-shape",
        question=N_("What is the shape of `inputs`?"),
        kind=Shape(),
        truth=lambda variables: variables["inputs"].shape,
        because=N_("`shape` describes one example; the batch comes in front: `{truth}`."),
        wrong=_wrong_input,
    ),
    Prediction(
        name="input-number",
        question=N_("What happens if you ask `inputs` for a number?"),
        kind=Choice(
            {
                "zero": N_("It is 0, because nothing has come yet"),
                "number": N_("It is one of the 784 numbers"),
                "error": N_("Keras raises an error"),
            }
        ),
        truth=lambda variables: "error" if variables["number"] is None else "number",
        because=N_("There is nothing to convert: `inputs` only says what will come."),
        wrong=_wrong_number,
    ),
    Prediction(
        name="dense-shape",
        question=N_("What is the shape of `x`, which a Dense layer of 64 units returns?"),
        kind=Shape(),
        truth=lambda variables: variables["x"].shape,
        because=N_(
            "Each of the {units} units makes one number out of all 784; the batch stays: `{truth}`."
        ),
        wrong=_wrong_shape,
    ),
    Prediction(
        name="unit-output",
        question=N_(
            "The numbers 1 and 2 enter a unit. Its weights are 0.5 and −1, its bias is 0.5, its "
            "activation is `relu`. What does it return?"
        ),
        kind=Number(),
        truth=lambda variables: max(0.0, _sum_of(variables) + variables["bias"]),
        because=N_(
            "{numbers[0]:g} · {weights[0]:g} + {numbers[1]:g} · ({weights[1]:g}) + {bias:g} is the "
            "sum, and `relu` makes {truth} of it."
        ),
        wrong=_wrong_output,
    ),
    Prediction(
        name="dense-parameters",
        question=N_("784 numbers enter `dense`. How many parameters do its 64 units have?"),
        kind=Number(),
        truth=lambda variables: variables["dense"].count_params(),
        because=N_("784 · {units} weights and {units} biases are {truth}."),
        wrong=_wrong_count,
    ),
    Prediction(
        name="model-parameters",
        question=N_("How many parameters do the three layers have together?"),
        kind=Number(),
        truth=lambda variables: variables["model"].count_params(),
        because=N_(
            "784 · {units} + {units}, then {units} · {units} + {units}, then {units} · 10 + 10: "
            "together {truth}."
        ),
        wrong=_wrong_total,
    ),
    Prediction(
        name="twice-the-units",
        question=N_(
            "Both hidden layers get 128 units instead of 64. How many parameters does the model "
            "have then?"
        ),
        kind=Choice(
            {
                "less": N_("Less than twice as many"),
                "twice": N_("Twice as many"),
                "more": N_("More than twice as many"),
            }
        ),
        truth=_growth,
        because=N_(
            "{counts[128]:,} is more than twice {counts[64]:,}: the weights between the hidden "
            "layers grow with the *square* of the units, from 64 · 64 to 128 · 128."
        ),
        wrong=lambda guess, truth, variables: (
            _(
                "The first layer doubles, but between the two hidden layers both sides double: "
                "128 · 128 is four times 64 · 64."
            )
            if guess != "more"
            else None
        ),
    ),
]
