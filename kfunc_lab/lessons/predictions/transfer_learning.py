"""Lesson 10: what a frozen base leaves to train, and what it is worth."""

import math
from collections.abc import Iterable
from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _size(weights: Iterable[Any]) -> int:
    return sum(math.prod(it.shape) for it in weights)


def _of_head(variables: Variables) -> int:
    """Returns the number of parameters of the last layer, the new head."""
    return int(variables["model"].layers[-1].count_params())


def _all(variables: Variables) -> int:
    return int(variables["model"].count_params())


def _trainable(variables: Variables) -> int:
    return _size(variables["model"].trainable_weights)


def _wrong_trainable(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == truth - 1:
        return _("That counts only the weights. The unit has a bias too.")
    if guess == _all(variables):
        return _("That is all parameters, but those of the base are frozen.")
    if guess == _all(variables) - _of_head(variables):
        return _("That is the base, which is frozen. Only the head is trained.")
    if guess == 0:
        return _("The head is a new layer, and nobody has frozen it.")
    return None


def _wrong_tuned(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == _of_head(variables):
        return _("That is the head alone, but the base is unfrozen now.")
    if guess == truth - _of_head(variables):
        return _("That is the base alone. The head is trained as well.")
    return None


def _better(variables: Variables) -> str:
    scratch, frozen = (
        variables["runs"][name]["accuracy"][-1] for name in ("scratch", "frozen")
    )
    if abs(scratch - frozen) < 0.02:
        return "same"
    return "scratch" if scratch > frozen else "frozen"


def _wrong_better(guess: str, truth: str, variables: Variables) -> str | None:
    if truth == "frozen" and guess == "scratch":
        return _(
            "It has more parameters to train, but too few images to train them: it learns the "
            "images by heart."
        )
    if truth == "frozen" and guess == "same":
        return _(
            "The same images, but one of the networks already knows what digits look like."
        )
    return None


PREDICTIONS = [
    Prediction(
        name="frozen-base-parameters",
        question=N_("`features` has 32 units. How many parameters of `model` are trained?"),
        kind=Number(),
        truth=_trainable,
        because=N_("Only the head is trained: 32 weights and a bias are {truth}."),
        wrong=_wrong_trainable,
    ),
    Prediction(
        name="scratch-or-frozen",
        question=N_("Which network has the higher accuracy on the test digits?"),
        kind=Choice(
            {
                "scratch": N_("scratch: all of its layers learn this question"),
                "frozen": N_("frozen: only its head learns this question"),
                "same": N_("about the same: both see the same images"),
            }
        ),
        truth=_better,
        because=N_(
            "Features that were learned from 4,000 images need few examples of a new question; to "
            "learn them anew takes many."
        ),
        wrong=_wrong_better,
    ),
    Prediction(
        name="tuned-parameters",
        question=N_("How many parameters of `model` are trained now?"),
        kind=Number(),
        truth=_trainable,
        because=N_(
            "All of them: 160 of `edges`, 4,640 of `parts`, 25,632 of `features` and 33 of the "
            "head are {truth}."
        ),
        wrong=_wrong_tuned,
    ),
]
