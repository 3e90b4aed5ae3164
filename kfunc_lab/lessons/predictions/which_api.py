"""Lesson 12: what Keras knows about a graph, and what about code."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _wrong_before(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == len(variables["functional"].weights):
        return _(
            "It will be {guess}, once the number of inputs is known. The class does not say it."
        )
    return None


def _wrong_arrows(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess in (1, 2, 3):
        return _("You read them in `call`. Keras runs this code, but does not read it.")
    return None


def _wrong_noticed(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "compile" and truth == "call":
        return _("`compile` stores the loss and the optimizer. It does not run `call`.")
    if guess == "create" and truth == "call":
        return _("`__init__` makes the layers, but does not connect them. `call` does.")
    return None


def _wrong_rebuilt(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "all":
        return _("This notebook knows the class `MLP`, but the text does not contain it.")
    if guess == "functional":
        return _("A Sequential model is a functional one, written in a shorter way.")
    return None


def _rebuilt(variables: Variables) -> str:
    whole = [name for name, parameters in variables["rebuilt"].items() if parameters]
    return {("functional",): "functional", ("functional", "sequential"): "two"}.get(
        tuple(whole), "all"
    )


def _wrong_loop(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == variables["inside"].count_params():
        return _(
            "{guess} is what the layer has. But the model does not know that it is called."
        )
    return None


PREDICTIONS = [
    Prediction(
        name="subclass-before-data",
        question=N_("How many arrays of weights does `subclassed` have now?"),
        kind=Number(),
        truth=lambda variables: variables["before"],
        because=N_(
            "The layers exist, but nothing says yet how many numbers enter. The summary calls them "
            "unbuilt."
        ),
        wrong=_wrong_before,
    ),
    Prediction(
        name="subclass-arrows",
        question=N_("How many arrows will the graph of `subclassed` have?"),
        kind=Number(),
        truth=lambda variables: len(variables["drawn"].graph.edges),
        because=N_("Keras knows the layers. How they are connected is in the code of `call`."),
        wrong=_wrong_arrows,
    ),
    Prediction(
        name="mistake-noticed",
        question=N_("When is the mistake in the subclass noticed?"),
        kind=Choice(
            {
                "create": N_("when the model is made"),
                "compile": N_("when it is compiled"),
                "call": N_("when the first data comes"),
            }
        ),
        truth=lambda variables: variables["noticed"],
        because=N_("The layers meet in `call`, and `call` runs when data comes."),
        wrong=_wrong_noticed,
    ),
    Prediction(
        name="rebuilt-from-text",
        question=N_("Which of the three models can be built again from its text alone?"),
        kind=Choice(
            {
                "functional": N_("only the functional one"),
                "two": N_("the functional one and the Sequential one"),
                "all": N_("all three"),
            }
        ),
        truth=_rebuilt,
        because=N_(
            "The text describes the calls of a graph. A subclass has its calls in code, which the "
            "text does not contain; 0 marks the failure."
        ),
        wrong=_wrong_rebuilt,
    ),
    Prediction(
        name="weights-in-loop",
        question=N_("How many parameters does Keras find in a model with this loop?"),
        kind=Number(),
        truth=lambda variables: variables["loop"].count_params(),
        because=N_(
            "The graph has a single call, the loop. Keras does not look for layers in the "
            "functions that it was given."
        ),
        wrong=_wrong_loop,
    ),
]
