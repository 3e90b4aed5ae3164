"""Plain text: how every view writes characters, numbers and columns."""

import math
import re
import unicodedata
from functools import lru_cache


def format_count(count: int) -> str:
    """Formats a count: exactly up to a million, then with three significant digits."""
    for limit, unit in ((10**9, "G"), (10**6, "M")):
        if count >= limit:
            return f"{count / limit:.3g} {unit}"
    return f"{count:,}"


def printable(text: str) -> str:
    """Replaces characters that would garble a line: line breaks, control and direction marks."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " "
        if character.isspace()
        else "�"
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Cn")
        else character
        for character in text
    )


# The end of a sentence; "e.g." and "i.e." end none.
_SENTENCE_END = re.compile(r"(?<!e\.g)(?<!i\.e)[.!?]['\")\]]*(?=\s+[^\sa-z])")
_LONGEST_SENTENCE = 1000


def first_sentences(text: str, limit: int = 300) -> str:
    """Returns the first sentences of a message, in one line: whole ones, and at least one.

    Args:
        text: The message.
        limit: The number of characters from which no further sentence is added.

    Example:
        >>> first_sentences("No batch, e.g. a row. The shape is (3,). See the docs.", 40)
        'No batch, e.g. a row. The shape is (3,).'
    """
    line = printable(" ".join(text.split()))
    ends = [match.end() for match in _SENTENCE_END.finditer(line)] + [len(line)]
    end = max([end for end in ends if end <= limit], default=ends[0])
    # A "sentence" that lists numbers without end is none.
    return line[:end] if end <= _LONGEST_SENTENCE else line[: _LONGEST_SENTENCE - 1] + "…"


def align_columns(rows: list[list[str]], right: set[int]) -> list[str]:
    """Pads the cells of rows so that the columns align.

    Args:
        rows: The cells of each row; missing cells at the end count as empty.
        right: The numbers of the columns that are aligned to the right.

    Returns:
        A line for each row.
    """
    count = max(len(row) for row in rows)
    padded = [row + [""] * (count - len(row)) for row in rows]
    widths = [max(map(_width, column)) for column in zip(*padded, strict=True)]
    lines = []
    for row in padded:
        cells = []
        for position, (cell, width) in enumerate(zip(row, widths, strict=True)):
            blank = " " * (width - _width(cell))
            cells.append(blank + cell if position in right else cell + blank)
        lines.append("  ".join(cells).rstrip())
    return lines


def _width(text: str) -> int:
    return sum(
        2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text
    )


@lru_cache(maxsize=1024)
def snake_case(name: str) -> str:
    """Converts the name of a class to the style in which Keras names its objects."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def percent(share: float) -> str:
    """Formats a share of 1 as a percentage.

    Example:
        >>> percent(0.4567), percent(0.0004), percent(float("nan"))
        ('46 %', '< 0.1 %', '–')
    """
    if math.isnan(share):
        return "–"
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
