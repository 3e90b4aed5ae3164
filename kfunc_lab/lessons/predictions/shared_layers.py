"""Lesson 08: how often shared weights are counted, and what they learn."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _wrong_shared(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == 2 * truth:
        return _(
            "That counts the table once for each call. The calls share one table, which is counted "
            "once."
        )
    return None


def _wrong_separate(guess: float, truth: Any, variables: Variables) -> str | None:
    if 2 * guess == truth:
        return _(
            "That would be one table. Equal arguments make equal layers, not the same layer: "
            "`layers.Embedding(...)` is run twice here."
        )
    return None


def _better_on_nine(variables: Variables) -> str:
    nine = variables["nine"]
    siamese, apart = (variables[name][nine].mean() for name in ("siamese_right", "apart_right"))
    if abs(siamese - apart) < 0.02:
        return "same"
    return "siamese" if siamese > apart else "apart"


def _wrong_nine(guess: str, truth: str, variables: Variables) -> str | None:
    if truth != "siamese":
        return None
    if guess == "apart":
        return _(
            "Two towers have twice the parameters, but the right one was never trained on a 9."
        )
    return _(
        "Neither network saw a 9 on the right, but only one of them knows it from the left."
    )


def _order(variables: Variables) -> str:
    import numpy as np

    means = np.asarray(variables["means"], float)
    if np.corrcoef(np.arange(len(means)), means)[0, 1] > 0.8:
        return "ascending"
    return "none"


def _wrong_order(guess: str, truth: str, variables: Variables) -> str | None:
    if guess == "none" and truth == "ascending":
        return _(
            "The tower was never told which digits these are, but the larger one of each pair had "
            "to get the higher score."
        )
    if guess == "same" and truth == "ascending":
        return _("With equal scores, no comparison would come out right.")
    return None


PREDICTIONS = [
    Prediction(
        name="shared-parameters",
        question=N_("How many parameters does the model have?"),
        kind=Number(),
        truth=lambda variables: variables["shared"].count_params(),
        because=N_("One table of 1,000 · 128 numbers, used twice, has {truth} parameters."),
        wrong=_wrong_shared,
    ),
    Prediction(
        name="separate-parameters",
        question=N_("How many parameters does the model `separate` have?"),
        kind=Number(),
        truth=lambda variables: variables["separate"].count_params(),
        because=N_("Two tables of 1,000 · 128 numbers have {truth} parameters."),
        wrong=_wrong_separate,
    ),
    Prediction(
        name="nine-on-the-right",
        question=N_(
            "In training, a 9 was never on the right. Which network is better on test pairs with "
            "a 9 on the right?"
        ),
        kind=Choice(
            {
                "siamese": N_("the siamese network, with one tower"),
                "apart": N_("the network with two towers"),
                "same": N_("both are equally good"),
            }
        ),
        truth=_better_on_nine,
        because=N_(
            "The one tower of the siamese network was trained on every 9, though only on the "
            "left; for the right tower of the other one, a 9 is new."
        ),
        wrong=_wrong_nine,
    ),
    Prediction(
        name="tower-order",
        question=N_("What are the mean scores of the digits 0 to 9, computed by the tower?"),
        kind=Choice(
            {
                "none": N_("in no particular order"),
                "ascending": N_("roughly ascending from 0 to 9"),
                "same": N_("about equal for all digits"),
            }
        ),
        truth=_order,
        because=N_(
            "The larger digit of each pair had to get the higher score, for all pairs at once: "
            "only an ascending order does that."
        ),
        wrong=_wrong_order,
    ),
]
