"""The kinds of guesses: shapes, numbers and choices."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kfunc_lab.locale import _

_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


@dataclass(frozen=True)
class Number:
    """A number, or arithmetic such as `784 * 64 + 64`.

    Attributes:
        tolerance: The largest difference from the truth that is still right.
    """

    tolerance: float = 0

    def read(self, guess: Any) -> float:
        """Returns the number. Both `55,050` and `0,5` are understood, and `·` and `×` too."""
        try:
            value = float(_computed(guess) if isinstance(guess, str) else guess)
        except (ValueError, TypeError, SyntaxError, ArithmeticError, RecursionError):
            value = math.nan
        if not math.isfinite(value):
            raise ValueError(
                _("Write a number, such as `64` or `784 * 64 + 64`, not {guess}.").format(
                    guess=f"`{guess}`"
                )
            )
        return value

    def equal(self, guess: float, truth: Any) -> bool:
        """Returns whether they differ by at most the tolerance."""
        return abs(guess - float(truth)) <= self.tolerance + 1e-9 * abs(float(truth))

    def write(self, value: Any) -> str:
        """Returns the number with commas between thousands, as Keras prints it."""
        number = float(value)
        return f"{int(number):,}" if number == int(number) else f"{number:,.4g}"


@dataclass(frozen=True)
class Shape:
    """A shape such as `(None, 64)`; brackets may be left out."""

    def read(self, guess: Any) -> tuple[int | None, ...]:
        """Returns the shape as a tuple."""
        try:
            value = ast.literal_eval(_python(guess)) if isinstance(guess, str) else guess
            return tuple(
                None if size is None else int(size)
                for size in (value if isinstance(value, (tuple, list)) else (value,))
            )
        except (ValueError, TypeError, SyntaxError, RecursionError) as error:
            raise ValueError(
                _("Write a shape, such as `(None, 64)`, not {guess}.").format(
                    guess=f"`{guess}`"
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
        text = str(guess).strip().casefold()
        for number, (key, words) in enumerate(self.options.items(), start=1):
            if text in (key.casefold(), _(words).casefold(), str(number)):
                return key
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
        return _(self.options[value])


def _python(guess: str) -> str:
    return guess.strip().replace("×", ",").replace("none", "None") or "()"


def _computed(text: str) -> float:
    """Returns the result of arithmetic; nothing else is evaluated."""
    text = text.strip().replace("·", "*").replace("×", "*").replace("−", "-")
    plain = text.replace(" ", "").replace("_", "")
    groups = plain.split(",")
    if len(groups) > 1 and all(len(group) == 3 for group in groups[1:]):
        plain = plain.replace(",", "")  # 55,050
    return _value(ast.parse(plain.replace(",", "."), mode="eval").body)


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        return _OPERATIONS[type(node.op)](_value(node.left), _value(node.right))
    raise ValueError
