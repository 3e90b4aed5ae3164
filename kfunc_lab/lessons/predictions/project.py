"""The final project: the classes of a sum, and what a model without a hidden layer can do."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _wrong_classes(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == truth - 1:
        return _("18 is the largest sum. From 0 to 18 there is one more: 0 is a sum too.")
    if guess == 100:
        return _("There are 100 pairs of digits, but 2 + 5 and 4 + 3 have the same sum.")
    return None


def _wrong_share(guess: str, truth: Any, variables: Variables) -> str | None:
    if truth == "few":
        return _(
            "A layer like this reads single digits well, because each digit has strokes of its "
            "own. A sum has none: 3 + 4, 7 + 0 and 1 + 6 have little in common."
        )
    return None


def _share(variables: Variables) -> str:
    accuracy = variables["accuracy"]
    return "few" if accuracy < 0.35 else "half" if accuracy < 0.7 else "most"


PREDICTIONS = [
    Prediction(
        name="sum-classes",
        question=N_(
            "How many units does the output need, if each possible sum of two digits is a class?"
        ),
        kind=Number(),
        truth=lambda variables: variables["baseline"].output.shape[-1],
        because=N_("The smallest sum is 0 + 0, the largest 9 + 9 = 18: {truth} classes."),
        wrong=_wrong_classes,
    ),
    Prediction(
        name="baseline-accuracy",
        question=N_("How many sums of new digits will `baseline` get right?"),
        kind=Choice(
            {"few": N_("about 1 in 5"), "half": N_("about half"), "most": N_("9 in 10 or more")}
        ),
        truth=_share,
        because=N_(
            "Without a hidden layer each pixel votes for sums by itself. But the same stroke "
            "belongs to different sums, depending on all the others."
        ),
        wrong=_wrong_share,
    ),
]
