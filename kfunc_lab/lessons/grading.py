"""Grades an exercise in nbgrader, otter-grader or any grader that counts exceptions."""

import contextlib
import io
from typing import Any

from kfunc_lab.lessons.feedback import check


def assert_right(exercise: str, answer: Any) -> None:
    """Raises an exception unless an answer is right: `lab.check` for a grader's test cell.

    Args:
        exercise: The name of the exercise, as in the lesson.
        answer: The student's answer; `...` means no answer.

    Returns:
        Nothing; it also prints nothing if the answer is right.

    Raises:
        AssertionError: If the answer is wrong or missing; the message is that of `lab.check`,
            in the current language.
        LookupError: If there is no such exercise.

    Example:
        >>> assert_right("species-parameters", 51)
        >>> assert_right("species-parameters", ...)
        Traceback (most recent call last):
        AssertionError: ○ Not attempted: No answer yet. ...
    """
    # nbgrader counts any text that a test cell writes to standard error as a failure, and Keras
    # writes warnings there about right models.
    with contextlib.redirect_stderr(io.StringIO()):
        feedback = check(exercise, answer)
    if feedback.status != "right":
        raise AssertionError(feedback.to_text())
