"""The parts of a prediction: the question, how a guess is read, and what it is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Variables = Mapping[str, Any]


class Kind(Protocol):
    """How a guess is read from text, compared with the truth and written."""

    def read(self, guess: Any) -> Any:
        """Returns the guess as a value.

        Raises:
            ValueError: If it cannot be read; the message says what is expected, in the current
                language.
        """

    def equal(self, guess: Any, truth: Any) -> bool:
        """Returns whether a value that was read agrees with the truth."""

    def write(self, value: Any) -> str:
        """Returns a value as a learner writes it."""


@dataclass(frozen=True)
class Prediction:
    """A question that the next cell of a lesson answers.

    Attributes:
        name: The name for `lab.predict(name)`.
        question: The question, as one English sentence to be translated, with code in backticks.
        kind: How a guess is read and compared: `Shape()`, `Number()` or `Choice(...)`.
        truth: Returns the answer from the notebook's variables after the next cell has run. It
            is computed, because the learner may have changed the cells.
        because: Why this is the answer, with the arithmetic: English, to be translated. It is
            formatted with the notebook's variables, `truth` and `guess`, both as they are
            written; `{{` is a brace.
        wrong: Returns the misconception behind a wrong guess, in the current language and
            formatted in the same way, or `None`. It is called with the guess, the truth and
            the variables.
        picture: Returns what is displayed below the words, such as a view, or `None`.
    """

    name: str
    question: str
    kind: Kind
    truth: Callable[[Variables], Any]
    because: str
    wrong: Callable[[Any, Any, Variables], str | None] = field(
        default=lambda guess, truth, variables: None
    )
    picture: Callable[[Variables], Any] | None = None
