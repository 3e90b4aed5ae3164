"""Writes plain values as Python literals."""

import re
from typing import Any

from kfunc_lab.locale import _

# A longer array is data rather than code: whoever runs the code brings it along.
MAX_NUMBERS = 1000


class NotWritableError(ValueError):
    """An object cannot be written as code; the message says which and why."""


def literal(value: Any) -> str:
    """Writes a value without parts.

    Raises:
        NotWritableError: If it is not a number, a string, a slice or the like.

    Example:
        >>> literal(0.5), literal(float("inf")), literal("a"), literal(None)
        ('0.5', 'float("inf")', '"a"', 'None')
    """
    if isinstance(value, str):
        return text_literal(str.__str__(value))
    if value is None or isinstance(value, (bool, complex)):
        return repr(value)
    if isinstance(value, int):
        return repr(int(value))
    if isinstance(value, float):
        number = float(value)  # without the class of a NumPy scalar
        return repr(number) if number - number == 0 else f'float("{number!r}")'
    if value is Ellipsis:
        return "..."
    if isinstance(value, bytes):
        return f'b"{"".join(map(_byte, value))}"'
    if isinstance(value, slice):
        return f"slice({', '.join(map(literal, (value.start, value.stop, value.step)))})"
    if isinstance(value, range):
        return f"range({value.start}, {value.stop}, {value.step})"
    raise NotWritableError(
        _("a value of type {name} cannot be written").format(name=type(value).__name__)
    )


def _byte(number: int) -> str:
    character = chr(number)
    plain = 32 <= number < 127 and character not in '"\\'
    return character if plain else f"\\x{number:02x}"


def sequence(parts: list[str], kind: type) -> str:
    """Writes a list, or for another type a tuple, of expressions."""
    inside = ", ".join(parts)
    if issubclass(kind, list):
        return f"[{inside}]"
    return f"({inside},)" if len(parts) == 1 else f"({inside})"


def text_literal(text: str) -> str:
    """Writes a string as a Python literal in double quotes, on one line.

    Example:
        >>> print(text_literal("two words"))
        "two words"
    """
    if text.isalnum() or text.replace("_", "").isalnum():
        return f'"{text}"'
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 256 else f"\\U{number:08x}"


def identifier(text: str) -> str:
    """Converts the name of a layer to a valid name for a variable.

    Example:
        >>> identifier("Conv 2d/1"), identifier("2nd")
        ('conv_2d_1', 'x_2nd')
    """
    name = re.sub(r"\W+", "_", text.lower()).strip("_")[:40] or "x"
    return (
        name if name[0].isalpha() and name.isascii() else f"x_{name}" if name.isascii() else "x"
    )
