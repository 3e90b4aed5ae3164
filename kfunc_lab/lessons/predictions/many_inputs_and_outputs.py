"""Lesson 06: the shapes of a model for tickets, and what mixed-up inputs do to it."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number, Shape
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _

# A smaller difference of accuracies may be chance.
_LOST = 0.1


def _wrong_features(guess: Any, truth: Any, variables: Variables) -> str | None:
    if len(guess) == 3:
        return _(
            "The LSTM returns one vector for the whole text, not one for each word: the axis of "
            "the words is gone."
        )
    if guess == (None, 64):
        return _(
            "64 is the size of a word's vector. The LSTM has {title_features.shape[1]} units."
        )
    if guess == truth[1:]:
        return _("The batch is missing. Keras puts it in front, with size `None`.")
    return None


def _wrong_length(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == truth - 12:
        return _("{guess} leaves out the tags: their 12 numbers are joined as they are.")
    if guess == 3:
        return _("{guess} is the number of vectors. `concatenate` puts their numbers in a row.")
    if guess == 128:
        return _("`concatenate` does not add the vectors: it puts them one after the other.")
    return None


def _wrong_guess(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess > 1:
        return _("Write a share between 0 and 1.")
    if 0.45 <= guess <= 0.55:
        return _("Half would be right with two answers. Here there are four.")
    return None


def _after_mixing(variables: Variables) -> str:
    lost = (
        variables["result"]["department_accuracy"]
        - variables["mixed_up"]["department_accuracy"]
    )
    return "worse" if lost > _LOST else "same"


def _wrong_mixing(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "error":
        return _(
            "Both are rows of whole numbers, of any length: the shapes fit, so nothing fails."
        )
    if guess == "same":
        return _("A list has no names: Keras goes by the order alone.")
    return None


PREDICTIONS = [
    Prediction(
        name="text-features-shape",
        question=N_("What is the shape of `title_features`, after the LSTM?"),
        kind=Shape(),
        truth=lambda variables: variables["title_features"].shape,
        because=N_(
            "The embedding adds an axis of {title_vectors.shape[2]}, and the LSTM makes one vector "
            "of {title_features.shape[1]} numbers out of all words."
        ),
        wrong=_wrong_features,
    ),
    Prediction(
        name="joined-length",
        question=N_("How many numbers does the joined vector have for each ticket?"),
        kind=Number(),
        truth=lambda variables: variables["x"].shape[-1],
        because=N_(
            "{title_features.shape[1]} of the title + {body_features.shape[1]} of the body + "
            "{tags.shape[1]} tags = {truth}."
        ),
        wrong=_wrong_length,
    ),
    Prediction(
        name="best-guess",
        question=N_(
            "Four departments are about equally busy. What share of the tickets is right if you "
            "always guess the same department?"
        ),
        kind=Number(tolerance=0.03),
        truth=lambda variables: round(float(variables["guess"]["department"]), 2),
        because=N_("One in four is 0.25; the most common department has {truth}."),
        wrong=_wrong_guess,
    ),
    Prediction(
        name="mixed-up-inputs",
        question=N_(
            "What happens if somebody passes a list with the body first and the title second?"
        ),
        kind=Choice(
            {
                "error": N_("an error"),
                "same": N_("the same answers: Keras knows which is which"),
                "worse": N_("worse answers, without an error"),
            }
        ),
        truth=_after_mixing,
        because=N_(
            "A list goes by order: the layers of the title read the body, and nothing warns you."
        ),
        wrong=_wrong_mixing,
    ),
]
