"""What an exercise is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kfunc_lab.graph.model.comparison import Comparison


class NotAttempted(AssertionError):  # noqa: N818 - a verdict, not an error
    """Nothing has been answered yet."""


class Wrong(AssertionError):  # noqa: N818 - a verdict, not an error
    """The answer is wrong; the message says why, in the language in use.

    Attributes:
        comparison: How a graph differs from the one that is asked for, to be drawn.
    """

    def __init__(self, message: str, comparison: Comparison | None = None) -> None:
        super().__init__(message)
        self.comparison = comparison


@dataclass(frozen=True)
class Exercise:
    """An exercise of a lesson.

    Attributes:
        name: As in `lab.check(name, answer)`.
        check: Returns if an answer is right, and raises `Wrong` or `NotAttempted` if not. As
            both are assertions, a grader can call it too.
        praise: What is said of a right answer.
        hints: From a nudge to nearly the answer.
        solution: Code that solves it, to stand in the cell before `lab.check`.
        answer: The name that the solution gives to the answer.
        target: Builds the model that is asked for, where there is one graph to build.
    """

    name: str
    check: Callable[[Any], None]
    praise: str
    hints: tuple[str, ...]
    solution: str
    answer: str
    target: Callable[[], Any] | None = None
