"""Lesson 00: an image is an array of numbers."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Number
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _wrong_size(guess: float, truth: Any, variables: Variables) -> str | None:
    rows, columns = variables["image"].shape
    if guess in (rows, columns):
        return _("{guess} is one row of the image. There are {image.shape[0]} rows.")
    if guess == rows + columns:
        return _("The rows and the columns are multiplied, not added.")
    if guess == 3 * rows * columns:
        return _("A colour image has three numbers for each pixel; a grey one has one.")
    if guess in (255, 256):
        return _("That is the range of one number; the question is how many numbers there are.")
    return None


PREDICTIONS = [
    Prediction(
        name="image-numbers",
        question=N_("An image has 28 × 28 pixels. How many numbers does the network get?"),
        kind=Number(),
        truth=lambda variables: variables["image"].size,
        because=N_(
            "There is one number for each pixel: {image.shape[0]} · {image.shape[1]} = {truth}."
        ),
        wrong=_wrong_size,
    ),
]
