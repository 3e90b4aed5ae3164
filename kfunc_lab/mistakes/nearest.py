"""Finds the name that a misspelt one most likely stands for."""

import difflib
from collections.abc import Iterable


def nearest(name: str, names: Iterable[str], least: float = 0.5) -> str:
    """Returns the most similar of some names; empty if none is similar.

    Two swapped letters count as one slip, as any other: `"adma"` is nearer to `"adam"` than to
    `"adamax"`.

    Args:
        name: The misspelt name.
        names: The right names, the usual ones first.
        least: The least similarity, from 0 to 1.

    Example:
        >>> nearest("adma", ["sgd", "adam", "adamax"]), nearest("x", ["sgd"])
        ('adam', '')
    """
    names = list(dict.fromkeys(names))
    close = difflib.get_close_matches(name, names, 8, least)
    return min(close, key=lambda other: _slips(name, other), default="")


def _slips(one: str, other: str) -> int:
    """Counts the letters to insert, delete, replace, or swap with the next one."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        new = [i]
        for j, wanted in enumerate(other, 1):
            slips = min(row[j] + 1, new[j - 1] + 1, row[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                slips = min(slips, before[j - 2] + 1)
            new.append(slips)
        before, row = row, new
    return row[-1]
