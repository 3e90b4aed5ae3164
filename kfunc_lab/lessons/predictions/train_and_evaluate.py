"""Lesson 02: the step of a weight, accuracy before and after training, and softmax twice."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _

_WEIGHT, _RATE = 2.5, 0.5


def _after_step(variables: Variables) -> float:
    return float(_WEIGHT - _RATE * variables["gradient_at"](_WEIGHT))


def _wrong_step(guess: float, truth: Any, variables: Variables) -> str | None:
    gradient = variables["gradient_at"](_WEIGHT)
    near = {
        _WEIGHT + _RATE * gradient: _(
            "The step goes against the gradient: subtract. Uphill, the loss would grow."
        ),
        _WEIGHT - gradient: _(
            "That is the step with the learning rate 1; half of it is taken."
        ),
        _RATE * gradient: _("{guess} is the length of the step. It is subtracted from 2.5."),
        _WEIGHT - _RATE: _(
            "The learning rate is multiplied by the gradient, not subtracted alone."
        ),
    }
    return next((said for value, said in near.items() if abs(guess - value) < 0.02), None)


def _wrong_accuracy(guess: float, truth: Any, variables: Variables) -> str | None:
    if 1 < guess <= 100:
        return _("Accuracy is a share of 1, not of 100: ten per cent are 0.1.")
    if guess == 0:
        return _("A blind guess is right sometimes too: once in ten.")
    if abs(guess - 0.5) < 0.05:
        return _("A half would be right for two classes. Here there are ten.")
    return None


def _higher(variables: Variables) -> str:
    logs = variables["history"].history
    return "training" if logs["accuracy"][-1] > logs["val_accuracy"][-1] else "validation"


def _sharpness(variables: Variables) -> str:
    once, twice = (float(max(variables[name])) for name in ("once", "twice"))
    return "same" if abs(once - twice) < 0.01 else "surer" if twice > once else "vaguer"


PREDICTIONS = [
    Prediction(
        name="weight-step",
        question=N_(
            "The weight is 2.5; the gradient there is printed above. What is the weight after one "
            "step with the learning rate 0.5?"
        ),
        kind=Number(tolerance=0.02),
        truth=_after_step,
        because=N_("2.5 − 0.5 · gradient is {truth}: there is the second point on the curve."),
        wrong=_wrong_step,
    ),
    Prediction(
        name="untrained-accuracy",
        question=N_(
            "There are ten digits to choose from. What accuracy does the model have before it has "
            "learned anything?"
        ),
        kind=Number(tolerance=0.05),
        truth=lambda variables: variables["untrained"],
        because=N_("It guesses, so about one digit in ten is right: {truth}."),
        wrong=_wrong_accuracy,
    ),
    Prediction(
        name="higher-curve",
        question=N_("Which accuracy will be higher at the end of the training?"),
        kind=Choice(
            {
                "training": N_("That of the training digits"),
                "validation": N_("That of the validation digits"),
            }
        ),
        truth=_higher,
        because=N_(
            "The weights are fitted to the training digits, so these usually end ahead: compare "
            "where the two curves end."
        ),
        wrong=lambda guess, truth, variables: (
            _("No step was taken for the validation digits: they are new to the model.")
            if guess == "validation"
            else None
        ),
    ),
    Prediction(
        name="softmax-twice",
        question=N_("What does a second softmax make of a clear answer?"),
        kind=Choice(
            {
                "same": N_("It leaves it as it is: probabilities stay probabilities"),
                "surer": N_("It makes it clearer"),
                "vaguer": N_("It makes it vaguer"),
            }
        ),
        truth=_sharpness,
        because=N_(
            "The second softmax takes the probabilities for sums, and sums between 0 and 1 differ "
            "little. So a model that applies it twice can never be sure, and learns slowly."
        ),
        wrong=lambda guess, truth, variables: (
            _("They still add up to 1, but softmax does not see that they did before.")
            if guess == "same"
            else None
        ),
    ),
]
