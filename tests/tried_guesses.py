"""Tries right and wrong guesses on a prediction, when its cell has run."""

import re
from collections.abc import Iterator
from typing import Any

import kfunc_lab as lab
from kfunc_lab.lessons.predicting.answer import answer, filled
from kfunc_lab.lessons.predictions.kinds import Choice, Shape
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import LANGUAGES, _


def problems(prediction: Prediction, variables: Variables) -> list[str]:
    """Returns what is wrong with a prediction, in both languages.

    Args:
        prediction: The prediction.
        variables: The variables of the notebook after the cell that answers.
    """
    before = lab.language()
    found = []
    try:
        for language in LANGUAGES:
            lab.language(language)
            found += [f"{language}: {it}" for it in _problems(prediction, variables)]
    except Exception as error:
        found.append(repr(error))
    finally:
        lab.language(before)
    return found


def _problems(prediction: Prediction, variables: Variables) -> Iterator[str]:
    kind, truth = prediction.kind, prediction.truth(variables)
    right = kind.read(truth)
    said = answer(prediction, right, truth, variables, kind.write(right))
    if not said.is_right:
        yield f"the right guess {right} is told wrong"
    if prediction.picture is not None and said.picture is None:
        yield "there is no picture"
    for guess in (right, *wrong_guesses(prediction, truth)):
        values = {**variables, "guess": kind.write(guess), "truth": kind.write(truth)}
        why = prediction.wrong(guess, truth, variables)
        for sentence in filter(None, (why, _(prediction.because))):
            if not filled(sentence, values):
                yield f"for {guess}, this cannot be filled: {sentence}"
        said = answer(prediction, guess, truth, variables, kind.write(guess))
        if said.is_right != kind.equal(guess, truth):
            yield f"{guess} is told {said.is_right}"
        if re.search(r"\{\w+\}", said.feedback.to_text()):
            yield f"for {guess}, a place is empty: {said.feedback.to_text()}"


def wrong_guesses(prediction: Prediction, truth: Any) -> list[Any]:
    """Returns wrong guesses: every other choice, and likely shapes or numbers."""
    if isinstance(prediction.kind, Choice):
        return [key for key in prediction.kind.options if key != str(truth)]
    if isinstance(prediction.kind, Shape):
        shape = tuple(truth)
        guesses = [shape[1:], (None, *shape), (*shape, 1), shape[::-1], (1, *shape[1:])]
    else:
        guesses = [0.0, float(truth) + 1, float(truth) - 1, 2 * float(truth), 10.0**9]
    return [guess for guess in guesses if not prediction.kind.equal(guess, truth)]
