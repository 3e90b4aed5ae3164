"""Lesson 13: what a recursive call computes, and what a graph keeps of it."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _wrong_value(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == 0:
        return _("0 is right for the first brackets, or without any. Here, begin with 2 − 0.")
    if guess == 2:
        return _("1 − 2 is −1, and 3 − (−1) is more than 3.")
    return None


def _joins(variables: Variables) -> int:
    return [call.layer for call in variables["drawn"].graph.calls].count("join")


def _wrong_joins(guess: float, truth: Any, variables: Variables) -> str | None:
    known: dict[float, str] = {
        1: _("There is one layer `join`, but the graph shows each of its calls."),
        2: _("The two inner pairs are joined, and then their vectors as well."),
        4: _("4 is the number of leaves. `join` is called once for each pair."),
    }
    return known.get(guess)


def _wrong_parameters(guess: float, truth: Any, variables: Variables) -> str | None:
    units = variables["units"]
    table, join, judge = 4 * units, 2 * units * units + units, units + 1
    known = {
        table + 3 * join + judge: _("`join` is one layer: its weights are counted once."),
        3 * (table + join + judge): _("All shapes use the same layers: count them once."),
        table + units * units + units + judge: _(
            "`join` takes two vectors side by side: {twice} numbers, not {units}."
        ),
        table + join: _("{guess} leaves out `judge`, with {units} weights and a bias."),
        join + judge: _("{guess} leaves out the table of the Embedding."),
    }
    message = known.get(guess)
    return message and message.replace("{twice}", str(2 * units))


def _wrong_agree(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == len(variables["shapes"]):
        return _("The weights are the same, but the order of the calls is not.")
    if guess == 0:
        return _("For trees of its own shape, `first_tree` does the same calls.")
    return None


def _new_shape(variables: Variables) -> str:
    return "same" if variables["accuracies"][-1] > 0.75 else "guess"


def _wrong_new_shape(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "error":
        return _("`encode` goes on until it meets a leaf, however many leaves there are.")
    if guess == "guess" and truth == "same":
        return _("It has learned no shape by heart, but what one `−` does to two vectors.")
    return None


PREDICTIONS = [
    Prediction(
        name="other-brackets",
        question=N_("What is the value of 3 − (1 − (2 − 0))?"),
        kind=Number(),
        truth=lambda variables: variables["other"],
        because=N_("2 − 0 is 2, 1 − 2 is −1, and 3 − (−1) is {truth}."),
        wrong=_wrong_value,
    ),
    Prediction(
        name="joins-in-graph",
        question=N_("How many calls of `join` does the graph of `((a, b), (c, d))` show?"),
        kind=Number(),
        truth=_joins,
        because=N_("One for `(a, b)`, one for `(c, d)` and one for both results: {truth}."),
        wrong=_wrong_joins,
    ),
    Prediction(
        name="tree-parameters",
        question=N_("How many parameters does the Tree-RNN have after all three shapes?"),
        kind=Number(),
        truth=lambda variables: variables["counts"][-1],
        because=N_(
            "4 · {units} in the table, (2 · {units}) · {units} + {units} in `join` and {units} + 1 "
            "in `judge` are {truth}. A new shape adds none."
        ),
        wrong=_wrong_parameters,
    ),
    Prediction(
        name="shapes-that-agree",
        question=N_("For how many of the three shapes do both give the same answers?"),
        kind=Number(),
        truth=lambda variables: variables["differences"].count(0),
        because=N_(
            "`first_tree` makes every calculation in the order of the tree that it was built for."
        ),
        wrong=_wrong_agree,
    ),
    Prediction(
        name="new-shape",
        question=N_("How well does the network judge a shape that it was not trained on?"),
        kind=Choice(
            {
                "guess": N_("it guesses: about half are right"),
                "same": N_("about as well as the other shapes"),
                "error": N_("there is an error"),
            }
        ),
        truth=_new_shape,
        because=N_("Every tree, of whatever shape, is judged with the same three layers."),
        wrong=_wrong_new_shape,
    ),
]
