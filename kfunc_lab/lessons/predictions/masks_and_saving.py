"""Lesson 15: padding, masks, dropout, and a layer that contains a layer."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _wrong_padding(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "same":
        return _("Word 0 has a vector too, and even for zeros the state passes `projection_2`.")
    return None


def _wrong_mask(guess: float, truth: Any, variables: Variables) -> str | None:
    size = variables["sentences"].size
    if guess == size:
        return _("{guess} counts the padding as well.")
    if guess == size - truth:
        return _("{guess} zeros are padding. The mask is 1 where a step counts.")
    if guess == len(variables["sentences"]):
        return _("There is one value for each step, not one for each sentence.")
    return None


def _wrong_masked(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess and guess == variables["without_mask"]:
        return _("That was without a mask. Now padding makes no new state.")
    return None


def _two_calls(variables: Variables) -> str:
    in_training, later = (variables["differences"][training] > 0 for training in (True, False))
    if in_training and later:
        return "both"
    return "training" if in_training else "prediction" if later else "never"


def _wrong_two_calls(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "never":
        return _("In training, each call chooses other numbers at random to be replaced by 0.")
    if guess in ("both", "prediction"):
        return _("With `training=False` a Dropout layer lets everything through.")
    return None


def _wrong_saving(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "works":
        return _("Keras notes numbers and strings by itself. `judge` is a layer.")
    if guess == "weights":
        return _("Without a config there is no file at all, so no weights either.")
    return None


def _wrong_loaded(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess and not truth:
        return _("New layers begin with random weights, but then they get those in the file.")
    return None


PREDICTIONS = [
    Prediction(
        name="padding-changes",
        question=N_("Does padding change what the RNN remembers of the sentence?"),
        kind=Choice({"same": N_("no, zeros add nothing"), "changes": N_("yes, it does")}),
        truth=lambda variables: "changes" if variables["without_mask"] else "same",
        because=N_(
            "The loop goes on through the padding and makes a new state at each step. The largest "
            "difference is {without_mask}."
        ),
        wrong=_wrong_padding,
    ),
    Prediction(
        name="mask-sum",
        question=N_("How many ones does the mask of all three sentences contain?"),
        kind=Number(),
        truth=lambda variables: int(variables["sentences"].astype(bool).sum()),
        because=N_("There is one for each word that is not 0, in all sentences together."),
        wrong=_wrong_mask,
    ),
    Prediction(
        name="masked-padding-changes",
        question=N_("How large is the difference now, with a mask?"),
        kind=Number(tolerance=0.001),
        truth=lambda variables: variables["with_mask"],
        because=N_("After the last word, the state is only kept."),
        wrong=_wrong_masked,
    ),
    Prediction(
        name="two-calls",
        question=N_("When do two calls on the same sentences give different results?"),
        kind=Choice(
            {
                "training": N_("in training only"),
                "prediction": N_("in prediction only"),
                "both": N_("in both"),
                "never": N_("never"),
            }
        ),
        truth=_two_calls,
        because=N_("Dropout works at random, but with `training=True` only."),
        wrong=_wrong_two_calls,
    ),
    Prediction(
        name="layer-as-argument",
        question=N_("Can a model with this layer be saved?"),
        kind=Choice(
            {
                "works": N_("yes"),
                "weights": N_("yes, but without the weights of `judge`"),
                "error": N_("no, there is an error"),
            }
        ),
        truth=lambda variables: "error" if hasattr(variables["saved"], "to_text") else "works",
        because=N_(
            "As with the initializer of lesson 11: Keras does not know how to write the argument "
            "`judge` to a file."
        ),
        wrong=_wrong_saving,
    ),
    Prediction(
        name="loaded-difference",
        question=N_("How large is the difference between the results of both models?"),
        kind=Number(tolerance=0.00001),
        truth=lambda variables: round(variables["difference"], 5),
        because=N_("The file has the configs of all layers, and all weights."),
        wrong=_wrong_loaded,
    ),
]
