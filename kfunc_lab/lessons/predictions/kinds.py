"""The kinds of guesses: shapes, numbers and choices."""

import math
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kfunc_lab.lessons.predictions.arithmetic import readings
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable


class _Read(float):
    """A number that was typed in a way that can be read as another one too, such as `55.050`."""

    others: tuple[float, ...] = ()


@dataclass(frozen=True)
class Number:
    """A number, or arithmetic such as `784 * 64 + 64`.

    Attributes:
        tolerance: The largest difference from the truth that is still right.
    """

    tolerance: float = 0

    def read(self, guess: Any) -> float:
        """Returns the number. `55,050`, `55.050`, `0,5`, `50 %`, `·` and `×` are understood."""
        try:
            first, *others = readings(guess) if isinstance(guess, str) else [float(guess)]
        except Exception:  # a guess can be any object
            first, others = math.nan, []
        if not math.isfinite(first):
            raise ValueError(
                _("Write a number, such as `64` or `784 * 64 + 64`, not {guess}.").format(
                    guess=_quoted(guess)
                )
            )
        if 0 < self.tolerance < 1 and others:  # what is measured rarely has thousands
            first, *others = *others, first
        value = _Read(first)
        value.others = tuple(others)
        return value

    def equal(self, guess: float, truth: Any) -> bool:
        """Returns whether they differ by at most the tolerance."""
        wanted = float(truth)
        difference = min(abs(it - wanted) for it in (guess, *getattr(guess, "others", ())))
        return bool(difference <= self.tolerance + 1e-9 * abs(wanted))

    def write(self, value: Any) -> str:
        """Returns the number with commas between thousands, as Keras prints it."""
        number = float(value)
        is_whole = number.is_integer() and abs(number) < 1e15
        return f"{int(number):,}" if is_whole else f"{number:,.4g}"


_MOST_AXES = 64
_UNKNOWN = {"none", "null", "?", "…", "...", "-1", "batch", "lote", "n", "b", "*", ":"}


@dataclass(frozen=True)
class Shape:
    """A shape such as `(None, 64)`; brackets may be left out."""

    def read(self, guess: Any) -> tuple[int | None, ...]:
        """Returns the shape as a tuple. `none x 64`, `[?, 64]` and `batch, 64` are understood."""
        try:
            sizes = _typed_sizes(guess) if isinstance(guess, str) else _sizes(guess)
            return tuple(map(_size, sizes))
        except Exception as error:  # a guess can be any object
            raise ValueError(
                _("Write a shape, such as `(28, 28, 1)`, not {guess}.").format(
                    guess=_quoted(guess)
                )
            ) from error

    def equal(self, guess: tuple[int | None, ...], truth: Any) -> bool:
        """Returns whether all axes agree."""
        return guess == tuple(truth)

    def write(self, value: Any) -> str:
        """Returns the shape as Python prints it."""
        return str(tuple(value))


@dataclass(frozen=True)
class Choice:
    """One of a few answers.

    Attributes:
        options: Maps each answer's key to its words: English, to be translated.
    """

    options: Mapping[str, str]

    def read(self, guess: Any) -> str:
        """Returns the key of an answer, given as its key, its words or its number from 1."""
        try:
            text = _folded(str(guess))
        except Exception:  # a guess can be any object
            text = ""
        # First the keys: an answer's words may be the number of another.
        keys = {_folded(key): key for key in self.options}
        words = {_folded(_(text)): key for key, text in self.options.items()}
        english = {_folded(text): key for key, text in self.options.items()}
        numbers = {str(number): key for number, key in enumerate(self.options, start=1)}
        for known in (keys, words, english, numbers):
            if text in known:
                return known[text]
        raise ValueError(
            _("Choose one of: {options}.").format(
                options="; ".join(_(words) for words in self.options.values())
            )
        )

    def equal(self, guess: str, truth: Any) -> bool:
        """Returns whether it is the same answer."""
        return guess == str(truth)

    def write(self, value: Any) -> str:
        """Returns the words of the answer."""
        return _(self.options[str(value)])


def _quoted(guess: Any) -> str:
    try:
        text = printable(str(guess)).replace("`", "'")
    except Exception:  # a guess can be any object
        text = type(guess).__name__
    return f"`{text if len(text) <= 40 else text[:39] + '…'}`"


def _folded(text: str) -> str:
    return text.replace("`", "").strip().rstrip(".").casefold()


def _sizes(guess: Any) -> tuple[Any, ...]:
    if not hasattr(guess, "__len__"):
        return (guess,)
    if len(guess) > _MOST_AXES:
        raise ValueError
    return tuple(guess)


def _size(value: Any) -> int | None:
    size = None if value is None else operator.index(value)
    if size is not None and size < 0:
        raise ValueError
    return size


def _typed_sizes(text: str) -> list[int | None]:
    """Returns the sizes of a shape, between commas, crosses or spaces.

    Raises:
        ValueError: If it is no shape.
    """
    if len(text) > 200:
        raise ValueError
    bare = text.strip()
    inner = re.sub(r"^[(\[{](.*)[)\]}]$", r"\1", bare, flags=re.DOTALL).strip()
    if not inner:
        if not bare:
            raise ValueError
        return []
    if re.search(r"[,;]", inner):
        parts = re.split(r"[,;]", inner.removesuffix(","))
    else:
        parts = re.split(r"\s*[x×]\s*|\s+", inner)
    return [_typed_size(part.strip()) for part in parts]


def _typed_size(text: str) -> int | None:
    if text.casefold() in _UNKNOWN:
        return None
    (size,) = readings(text)
    if size != int(size):
        raise ValueError
    return int(size)
