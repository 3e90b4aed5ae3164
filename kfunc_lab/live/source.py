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
    lines = linecache.getlines(place.file) if place.file else []
    text = "".join(lines)
    if not text:
        text = run.source
        if text.startswith("%%"):  # the lines of what a magic runs are counted from below it
            text = text.partition("\n")[2]
    return _statement(text, place.line)


@lru_cache(maxsize=256)
def _statement(text: str, line: int) -> str:
    lines = text.splitlines()
    first = last = line
    for node in _statements(text):
        end = node.end_lineno or node.lineno
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first_line = min([node.lineno, *(it.lineno for it in node.decorator_list)])
        else:
            first_line = node.lineno
        body = getattr(node, "body", None)
        if body:  # what stands inside is found by itself
            end = max(first_line, body[0].lineno - 1)
        if first_line <= line <= end:
            first, last = first_line, end
    found = lines[first - 1 : last]
    if len(found) > _MOST_LINES:
        found = [*found[:_MOST_LINES], "…"]
    return dedent("\n".join(found)).strip()


@lru_cache(maxsize=64)
def _statements(text: str) -> tuple[ast.stmt, ...]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # magics, as %matplotlib, are no Python
        return ()
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.stmt))
