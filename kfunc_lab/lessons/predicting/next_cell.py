"""Answers the questions of a session after the next cell that shows the answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from kfunc_lab.lessons.predictions.prediction import Variables

_NAME = "_kfunc_lab_predictions"


class Waiting(Protocol):
    """A question that waits for its answer."""

    name: str

    def answer_from(self, variables: Variables) -> bool:
        """Answers the question from the notebook's variables; returns whether that worked."""


@dataclass
class NextCell:
    """The questions that wait in one IPython session, and the guesses that were made in it.

    A cell that asks a question does not count as the next one, so that several questions may
    stand above one cell; neither does a cell that failed. A question that the next cell does not
    answer, such as a cell of the learner's own, waits until another question is asked.

    Attributes:
        guesses: The last guess for each name, as it was typed, and whether it was right; `None`
            until it is answered.
    """

    guesses: dict[str, tuple[str, bool | None]] = field(default_factory=dict)
    _waiting: list[Waiting] = field(default_factory=list)
    _depth: int = 0
    _asks: bool = False
    _has_passed: bool = False

    @classmethod
    def of(cls, shell: Any) -> "NextCell":
        """Returns the one of a session, which begins with the cell that is running."""
        own = getattr(shell, _NAME, None)
        if own is None:
            own = cls()
            setattr(shell, _NAME, own)
            shell.events.register("pre_run_cell", own._before_cell)
            shell.events.register("post_run_cell", own._after_cell(shell))
        return own

    def ask(self, question: Waiting) -> None:
        """Lets a question wait, in place of one with the same name."""
        if self._has_passed:
            self._waiting.clear()
        self._has_passed, self._asks = False, True
        self._waiting = [it for it in self._waiting if it.name != question.name]
        self._waiting.append(question)

    def _before_cell(self, _info: Any) -> None:
        self._depth += 1  # a magic may run a cell inside the cell

    def _after_cell(self, shell: Any) -> Callable[[Any], None]:
        def after(result: Any) -> None:
            self._depth = max(0, self._depth - 1)
            if self._depth:
                return
            asks, self._asks = self._asks, False
            if not asks and getattr(result, "success", False):
                self._has_passed = True
                self._waiting = [
                    it for it in self._waiting if not it.answer_from(shell.user_ns)
                ]

        return after
