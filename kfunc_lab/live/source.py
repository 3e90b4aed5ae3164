"""Finds the statement at a line of a notebook."""

import ast
import linecache
from functools import lru_cache
from textwrap import dedent

from kfunc_lab.live.call_log import Place, Run

_MAX_LINES = 6


@lru_cache(maxsize=8192)
def statement_at(place: Place, run: Run) -> str:
    """Returns the source of the statement at a line; the header of a compound statement.

    Args:
        place: The line.
        run: The run of the cell; its text is used if Python does not know the line's file.

    Returns:
        The source, at most six lines.
    """
    text = "".join(linecache.getlines(place.file)) if place.file else ""
    if not text:
        text = run.source
        if text.startswith("%%"):  # a magic's code is counted from the line below it
            text = text.partition("\n")[2]
    first, last = statement_lines(text, place.line)
    lines = text.splitlines()[first - 1 : last]
    if len(lines) > _MAX_LINES:
        lines = [*lines[:_MAX_LINES], "…"]
    return dedent("\n".join(lines)).strip()


@lru_cache(maxsize=8192)
def statement_lines(text: str, line: int) -> tuple[int, int]:
    r"""Returns the first and last line of the statement at a line, or of its header.

    Example:
        >>> statement_lines("for n in range(3):\n    f(\n        n)\n", 3)
        (2, 3)
    """
    lines = (line, line)
    for node in _statements(text):
        first, last = span(node)
        body = getattr(node, "body", None)
        if body:  # the statements inside are in the list themselves
            last = max(first, body[0].lineno - 1)
        if first <= line <= last:
            lines = (first, last)
    return lines


def span(statement: ast.stmt) -> tuple[int, int]:
    """Returns the first and last line of a statement, including its decorators."""
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
    return first, statement.end_lineno or statement.lineno


@lru_cache(maxsize=64)
def _statements(text: str) -> tuple[ast.stmt, ...]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # magics such as %matplotlib are not Python
        return ()
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.stmt))
