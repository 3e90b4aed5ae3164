"""The parts of an exercise, and the verdicts of its check."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kfunc_lab.graph.model.comparison import Comparison


class NotAttempted(AssertionError):  # noqa: N818 - a verdict, not an error
    """Raised if there is no answer yet; a message may say what to do first."""


class Wrong(AssertionError):  # noqa: N818 - a verdict, not an error
    """Raised if the answer is wrong; the message says why, in the current language.

    Attributes:
        comparison: The differences between the answered graph and the target, to be drawn.
    """

    def __init__(self, message: str, comparison: Comparison | None = None) -> None:
        super().__init__(message)
        self.comparison = comparison


@dataclass(frozen=True)
class Exercise:
    """An exercise of a lesson.

    Attributes:
        name: The name for `lab.check(name, answer)`.
        check: Returns if an answer is right, and raises `Wrong` or `NotAttempted` otherwise.
            Both are assertions, so a grader can call it too.
        praise: The feedback on a right answer.
        hints: The hints, from a nudge to nearly the answer.
        solution: Code that solves the exercise, for the cell before `lab.check`.
        answer: The variable that the solution assigns the answer to.
        target: Builds the target model, if the exercise has a single right graph.
    """

    name: str
    check: Callable[[Any], None]
    praise: str
    hints: tuple[str, ...]
    solution: str
    answer: str
    target: Callable[[], Any] | None = None
