"""The answer to a guess: right, or why not, in words with the notebook's own numbers."""

import base64
import html
import random
import string
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kfunc_lab.lessons.feedback import Feedback, Status
from kfunc_lab.lessons.predictions.kinds import Choice
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

_PLAIN = (bool, int, float, str, type(None))
_LONGEST = 200  # characters of a variable inside a sentence


@dataclass(frozen=True)
class Answered:
    """What the cell showed, and what the guess is told.

    Attributes:
        is_right: Whether the guess was right.
        feedback: The words, shown in a notebook.
        picture: What is displayed below them, or `None`.
    """

    is_right: bool
    feedback: Feedback
    picture: Any


@contextmanager
def same_random_numbers() -> Iterator[None]:
    """Restores the random states, so that later cells draw the numbers they would draw anyway."""
    numpy = sys.modules.get("numpy")
    states = random.getstate(), numpy.random.get_state() if numpy else None
    try:
        yield
    finally:
        random.setstate(states[0])
        if numpy:
            numpy.random.set_state(states[1])


def plain_values(variables: Variables) -> dict[str, Any]:
    """Returns the variables that can be kept: no layer or array lives longer because of it."""
    return {name: value for name, value in variables.items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if type(value) is tuple:
        return all(map(_is_plain, value))
    return type(value) in _PLAIN


def answer(
    prediction: Prediction, guess: Any, truth: Any, variables: Variables, written: str
) -> Answered:
    """Compares a guess with the truth.

    Args:
        prediction: The prediction.
        guess: The guess, as its kind reads it.
        truth: The truth.
        variables: The variables of the notebook.
        written: The guess as it was written.
    """
    kind = prediction.kind
    is_right = kind.equal(guess, truth)
    said = [quoted(prediction, kind.write(truth)) + "."]
    values = {**variables, "guess": kind.write(guess), "truth": kind.write(truth)}
    if not is_right:
        said = [
            _("You guessed {guess}; the answer is {truth}.").format(
                guess=quoted(prediction, written), truth=quoted(prediction, kind.write(truth))
            )
        ]
        misconception = _without_errors(prediction.wrong, guess, truth, variables)
        said.append(filled(misconception or "", values, otherwise=misconception or ""))
    said.append(filled(_(prediction.because), values))
    picture = prediction.picture and _without_errors(prediction.picture, variables)
    status: Status = "as predicted" if is_right else "not as predicted"
    return Answered(is_right, Feedback(status, " ".join(filter(None, said))), picture)


def quoted(prediction: Prediction, written: str) -> str:
    """Returns a guess as it stands in a sentence: words in quotes, all else as code."""
    if isinstance(prediction.kind, Choice):
        return _("“{words}”").format(words=written.removesuffix("."))
    return f"`{written}`"


def _without_errors(function: Any, *given: Any) -> Any:
    """Calls a function of a prediction; a cell that the learner changed may break it."""
    try:
        return function(*given)
    except Exception:
        return None


class _Formatter(string.Formatter):
    """Writes values as a learner sees them; private attributes are out of reach."""

    def get_field(
        self, field_name: str, args: Any, kwargs: Mapping[str, Any]
    ) -> tuple[Any, str]:
        if "._" in field_name:
            raise KeyError(field_name)
        value, name = super().get_field(field_name, args, kwargs)
        return _as_words(value), str(name)


def filled(sentence: str, values: Mapping[str, Any], otherwise: str = "") -> str:
    """Fills the places of a sentence, such as `{units}` or `{image.shape[0]}`, with values.

    Args:
        sentence: The sentence, in the current language.
        values: The value of each name.
        otherwise: What is returned if a name is missing or a place cannot be filled.

    Example:
        >>> filled("{units} units, `{shape}`", {"units": 1000, "shape": (None, 64)})
        '1,000 units, `(None, 64)`'
    """
    try:
        return _Formatter().vformat(sentence, (), values)
    except Exception:  # the learner may have removed a variable, or bound it to anything
        return otherwise


def _as_words(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)[:_LONGEST]
    if type(value) is int:
        return _Grouped(value)
    if type(value) is float:
        return _Short(value)
    if getattr(value, "shape", None) == ():  # a number of NumPy or Keras
        return _as_words(value.item() if hasattr(value, "item") else float(value))
    return printable(str(value))[:_LONGEST]


class _Short(float):
    """A number that is written with four digits, unless the sentence says otherwise."""

    def __format__(self, form: str) -> str:
        return format(float(self), form or ",.4g")


class _Grouped(int):
    """A whole number that is written with commas between thousands."""

    def __format__(self, form: str) -> str:
        return format(int(self), form or ",")


def picture_html(picture: Any) -> str:
    """Returns a picture as HTML, to stand inside a field; empty if it has no such form."""
    if hasattr(picture, "to_svg"):
        source = base64.b64encode(picture.to_svg().encode()).decode()
        text = html.escape(picture.to_text()) if hasattr(picture, "to_text") else ""
        return f'<img alt="{text}" src="data:image/svg+xml;base64,{source}">'
    form = getattr(picture, "_repr_html_", None)
    return str(form()) if callable(form) else ""
