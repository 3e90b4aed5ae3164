"""The statement of a notebook that stands at a line."""

import ast
import linecache
from functools import lru_cache
from textwrap import dedent

from kfunc_lab.live.call_log import Place, Run

_MOST_LINES = 6


@lru_cache(maxsize=8192)
def statement_at(place: Place, run: Run) -> str:
    """Returns the statement at a line, of a compound one its first lines.

    Args:
        place: The line.
        run: The run of the cell; its text is used where Python does not know the line's file.

    Returns:
        The statement's own text, at most six lines of it.
    """
    text = "".join(linecache.getlines(place.file)) if place.file else ""
    if not text:
        text = run.source
        if text.startswith("%%"):  # the lines of what a magic runs are counted from below it
            text = text.partition("\n")[2]
    first, last = statement_lines(text, place.line)
    found = text.splitlines()[first - 1 : last]
    if len(found) > _MOST_LINES:
        found = [*found[:_MOST_LINES], "…"]
    return dedent("\n".join(found)).strip()


@lru_cache(maxsize=8192)
def statement_lines(text: str, line: int) -> tuple[int, int]:
    r"""Returns the first and last line of the statement at a line, of a compound one its head.

    Example:
        >>> statement_lines("for n in range(3):\n    f(\n        n)\n", 3)
        (2, 3)
    """
    found = (line, line)
    for node in _statements(text):
        first, last = span(node)
        body = getattr(node, "body", None)
        if body:  # what stands inside is found by itself
            last = max(first, body[0].lineno - 1)
        if first <= line <= last:
            found = (first, last)
    return found


def span(statement: ast.stmt) -> tuple[int, int]:
    """Returns the first and last line of a statement, its decorators included."""
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(it.lineno for it in decorators)])
    return first, statement.end_lineno or statement.lineno


@lru_cache(maxsize=64)
def _statements(text: str) -> tuple[ast.stmt, ...]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # magics, as %matplotlib, are no Python
        return ()
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.stmt))
