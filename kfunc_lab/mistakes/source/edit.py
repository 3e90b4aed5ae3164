"""Edits of the learner's code: the words, and the changes of its source."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """The replacement of one part of a file or cell.

    Attributes:
        file: The name of the file, as in a traceback; Python names each cell too.
        begin: The line, counted from 1, and the column, counted in bytes, of the first
            character to replace.
        end: The line and the column behind the last one.
        new: The new source.
    """

    file: str
    begin: tuple[int, int]
    end: tuple[int, int]
    new: str


@dataclass(frozen=True)
class Edit:
    """An edit that was tried.

    Attributes:
        words: The sentence that names it, with code in backticks.
        changes: The changes of the source; empty if the place in the source is not known.
    """

    words: str
    changes: tuple[Change, ...] = ()


def edited(source: str, changes: Iterable[Change]) -> str:
    """Applies changes to the source of a file.

    Args:
        source: The source of the file.
        changes: Changes of this file, which do not overlap.

    Returns:
        The new source.

    Example:
        >>> edited("x = f(1)", [Change("cell", (1, 6), (1, 7), "2")])
        'x = f(2)'
    """
    lines = [line.encode() for line in source.splitlines(keepends=True)]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def place(position: tuple[int, int]) -> int:
        line, column = position
        return min(starts[min(line - 1, len(lines))] + column, starts[-1])

    text = b"".join(lines)
    for change in sorted(set(changes), key=lambda it: (it.begin, it.end), reverse=True):
        text = text[: place(change.begin)] + change.new.encode() + text[place(change.end) :]
    return text.decode()


def changed_lines(sources: Mapping[str, str], changes: Iterable[Change]) -> list[str]:
    """Returns the lines that changes remove and add, marked by `-` and `+`.

    Args:
        sources: The source of each file.
        changes: The changes.

    Returns:
        The lines in the order of the files, without the lines around them.

    Example:
        >>> changed_lines({"cell": "x = f(1)"}, [Change("cell", (1, 6), (1, 7), "2")])
        ['- x = f(1)', '+ x = f(2)']
    """
    changes = list(changes)
    lines = []
    for file in dict.fromkeys(change.file for change in changes):
        before = sources.get(file, "")
        after = edited(before, [change for change in changes if change.file == file])
        compared = difflib.ndiff(before.splitlines(), after.splitlines())
        lines += [line.rstrip() for line in compared if line[:1] in "-+"]
    return lines
