"""A learner's guess, which the next cell answers: `lab.predict`."""

from typing import Any

from kfunc_lab.lessons.predictions import find
from kfunc_lab.lessons.predictions.prediction import Prediction
from kfunc_lab.locale import _
from kfunc_lab.ui.words import plain_words, words_html


def predict(name: str, guess: Any = ...) -> "Question":
    """Asks for a guess, and answers it after the next cell has run.

    Args:
        name: The name of the prediction, as in the lesson.
        guess: Your guess; by default it is asked for in a field on the page.

    Returns:
        The question, shown in a notebook.

    Raises:
        LookupError: If there is no such prediction.

    Example:
        >>> predict("input-shape")
        Predict: What is the shape of `inputs`?
    """
    return Question(find(name))


class Question:
    """A prediction that waits for a guess."""

    def __init__(self, prediction: Prediction) -> None:
        self.prediction = prediction

    def to_text(self) -> str:
        """Returns the question as plain text."""
        return f"{_('Predict')}: {plain_words(_(self.prediction.question))}"

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return f"<b>{_('Predict')}</b> {words_html(_(self.prediction.question))}"
