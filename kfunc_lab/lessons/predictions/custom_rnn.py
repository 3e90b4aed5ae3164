"""Lesson 14: the steps of a recurrent layer, and sizes that are open while a graph is built."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number, Shape
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _wrong_parameters(guess: float, truth: Any, variables: Variables) -> str | None:
    units, numbers = variables["units"], variables["input_dim"]
    first, second, last = numbers * units + units, units * units + units, units + 1
    steps = variables["timesteps"]
    known = {
        steps * (first + second) + last: _(
            "All steps call the same two layers: their weights are counted once."
        ),
        steps * truth: _("All steps call the same layers: their weights are counted once."),
        first + second: _("{guess} leaves out the classifier, which is a part of the layer."),
        2 * first + last: _("`projection_2` takes the state, not the numbers of a step."),
        truth - 2 * units - 1: _("{guess} counts only the weights. Each unit has a bias too."),
    }
    return known.get(guess)


def _wrong_output(guess: Any, truth: Any, variables: Variables) -> str | None:
    if guess == (None, *truth[1:]):
        return _("`batch_shape` gives the batch as well: {batch_size}.")
    if guess == tuple(truth[1:]):
        return _("The batch is missing. It comes first.")
    if guess == (truth[0], variables["timesteps"], 1):
        return _("A window of 3 does not fit at every step: think of its last place.")
    if guess == (truth[0], 1):
        return _("This classifier takes no mean over the steps. It answers at each of them.")
    if guess == (*truth[:2], variables["units"]):
        return _("That is the shape of the states. The classifier makes one number of each.")
    return None


def _wrong_calls(guess: float, truth: Any, variables: Variables) -> str | None:
    steps = variables["model"].output_shape[1]
    known = {
        2 * steps: _("{guess} counts the projections. The classifier is called as well."),
        3 * steps: _(
            "The classifier gets all states at once: one call, not one for each step."
        ),
        2 * variables["timesteps"] + 1: _(
            "The convolution leaves fewer steps than it takes: look at the output shape."
        ),
        3: _("3 is the number of layers. Each call counts, also of the same layer."),
        steps: _("Each step calls both projections."),
    }
    return known.get(guess)


def _built(name: str, variables: Variables) -> str:
    return "error" if hasattr(variables[name], "to_text") else "works"


def _wrong_open(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "works":
        return _("The input promises no size any more, but `first_state` still asks for one.")
    if guess == "later":
        return _("It does not get that far: `call` runs once while the graph is built.")
    return None


def _wrong_steps(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "works":
        return _("`range` needs a number, and it needs it while the graph is built.")
    if guess == "shape":
        return _(
            "`ops.shape` has its number later, when the loop has been written out already."
        )
    return None


PREDICTIONS = [
    Prediction(
        name="rnn-parameters",
        question=N_("How many parameters does the whole layer have, with its classifier?"),
        kind=Number(),
        truth=lambda variables: variables["rnn"].count_params(),
        because=N_(
            "({input_dim} · {units} + {units}) + ({units} · {units} + {units}) + ({units} + 1) = "
            "{truth}. The number of steps does not matter: all of them share these weights."
        ),
        wrong=_wrong_parameters,
    ),
    Prediction(
        name="rnn-output-shape",
        question=N_("What shape does the output of this model have?"),
        kind=Shape(),
        truth=lambda variables: variables["model"].output_shape,
        because=N_(
            "{batch_size} sequences; a window of 3 fits into {timesteps} steps at two places "
            "fewer; and one probability for each step: `{truth}`."
        ),
        wrong=_wrong_output,
    ),
    Prediction(
        name="calls-inside",
        question=N_("How many calls of layers are there inside the RNN, in one pass?"),
        kind=Number(),
        truth=lambda variables: len(variables["inside"]),
        because=N_(
            "Two projections at each step, and one classifier at the end: {truth}. "
            "`projection_1#2` is the second call of `projection_1`."
        ),
        wrong=_wrong_calls,
    ),
    Prediction(
        name="open-batch",
        question=N_("Does it help to leave the batch open in the input?"),
        kind=Choice(
            {
                "works": N_("yes, any batch size works then"),
                "error": N_("no, the graph cannot even be built"),
                "later": N_("no, the graph is built, but fails on 7 sequences"),
            }
        ),
        truth=lambda variables: _built("opened", variables),
        because=N_(
            "While the graph is built, `inputs.shape[0]` is `None`, and there is no array with "
            "`None` rows."
        ),
        wrong=_wrong_open,
    ),
    Prediction(
        name="open-steps",
        question=N_("What happens when the number of steps is open as well?"),
        kind=Choice(
            {
                "works": N_("it works as for the batch"),
                "shape": N_("it would work with `ops.shape`"),
                "error": N_("the loop cannot be built"),
            }
        ),
        truth=lambda variables: _built("unrolled", variables),
        because=N_(
            "`range(None)` is no loop. A Python `for` runs while the graph is built: each step "
            "becomes calls of its own, so their number must be known then."
        ),
        wrong=_wrong_steps,
    ),
]
