"""Lesson 01: the shapes and parameters of Dense layers."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Number, Shape
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _wrong_input(guess: Any, truth: Any, variables: Variables) -> str | None:
    if guess == truth[1:]:
        return _("The batch is missing. Keras puts it in front, with size `None`.")
    return None


def _wrong_count(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == 784 * variables["units"]:
        return _("{guess} counts only the weights. Each of the {units} units has a bias too.")
    return None


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
        name="dense-parameters",
        question=N_("How many parameters does `dense` have?"),
        kind=Number(),
        truth=lambda variables: variables["dense"].count_params(),
        because=N_("784 · {units} weights and {units} biases are {truth}."),
        wrong=_wrong_count,
    ),
]
