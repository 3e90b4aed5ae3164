"""The parts of an exercise, and the verdicts of its check."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from kfunc_lab.graph.model.comparison import Comparison


class NotAttempted(AssertionError):  # noqa: N818 - a verdict, not an error
    """Raised if there is no answer yet; a message may say what to do first."""


class Wrong(AssertionError):  # noqa: N818 - a verdict, not an error
    """Raised if the answer is wrong; the message says why, in the current language.

    Attributes:
        comparison: The differences between the answered graph and the target, to be drawn.
        shown: What was measured, to be shown below the message.
    """

    def __init__(
        self,
        message: str,
        comparison: Comparison | None = None,
        shown: "Shown | None" = None,
    ) -> None:
        super().__init__(message)
        self.comparison = comparison
        self.shown = shown


class Shown(Protocol):
    """Something that feedback shows below its message, such as a table."""

    def to_text(self) -> str:
        """Returns it as plain text."""

    def to_html(self) -> str:
        """Returns it as HTML."""


@dataclass(frozen=True)
class Exercise:
    """An exercise of a lesson.

    Attributes:
        name: The name for `lab.check(name, answer)`.
        check: Returns if an answer is right, and raises `Wrong` or `NotAttempted` otherwise.
            Both are assertions, so a grader can call it too. It may return what is shown below
            the praise.
        praise: The feedback on a right answer.
        hints: The hints, from a nudge to nearly the answer.
        solution: Code that solves the exercise, for the cell before `lab.check`.
        answer: The variable that the solution assigns the answer to.
        target: Builds the target model, if the exercise has a single right graph.
    """

    name: str
    check: Callable[[Any], Shown | None]
    praise: str
    hints: tuple[str, ...]
    solution: str
    answer: str
    target: Callable[[], Any] | None = None
