"""Grading of an exercise by nbgrader, otter-grader or any program that counts errors."""

import contextlib
import io
from typing import Any

from kfunc_lab.lessons.feedback import check


def assert_right(exercise: str, answer: Any) -> None:
    """Raises unless an answer is right: `lab.check` for the test cell of a grader.

    Args:
        exercise: The name of the exercise, as the lesson gives it.
        answer: The student's answer; `...` stands for none.

    Returns:
        Nothing, and nothing is printed: that the answer is right is all a grader has to know.

    Raises:
        AssertionError: If the answer is wrong or none was given; the message is what
            `lab.check` says, in the language in use.
        LookupError: If there is no such exercise.

    Example:
        >>> assert_right("species-parameters", 51)
        >>> assert_right("species-parameters", ...)
        Traceback (most recent call last):
        AssertionError: ○ Not attempted: No answer yet. ...
    """
    # nbgrader takes whatever a test cell writes to standard error for a failure, and Keras warns
    # there about models that are right.
    with contextlib.redirect_stderr(io.StringIO()):
        feedback = check(exercise, answer)
    if feedback.status != "right":
        raise AssertionError(feedback.to_text())
