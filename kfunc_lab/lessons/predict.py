"""A learner's guess, which the next cell answers: `lab.predict`."""

from typing import Any

from kfunc_lab.lessons.predicting.question import Question
from kfunc_lab.lessons.predictions import find


def predict(name: str, guess: Any = ...) -> Question:
    """Asks for a guess, and answers it after the next cell has run.

    The first guess is stored in the file of `lab.progress`.

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
    return Question(find(name), guess)
