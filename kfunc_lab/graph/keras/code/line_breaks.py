"""Breaks a long line of Python at the commas of its outermost brackets."""

import ast

_WIDTH = 96


def break_line(line: str, indent: str = "") -> list[str]:
    """Breaks a statement into lines that fit.

    Args:
        line: A statement on one line.
        indent: The indentation of the statement.

    Returns:
        The lines.

    Example:
        >>> break_line("x = f(1)")
        ['x = f(1)']
    """
    if len(indent) + len(line) <= _WIDTH:
        return [indent + line]
    broken = _broken(line, indent)
    # A comma makes something else of `(a + b)` or `x[0]`, which a lambda may hold.
    return broken if _same("\n".join(broken), indent + line) else [indent + line]


def _same(text: str, other: str) -> bool:
    try:
        one, two = (ast.parse(it.lstrip()) for it in (text, other))
    except SyntaxError:
        return False
    return ast.dump(one) == ast.dump(two)


def _broken(line: str, indent: str) -> list[str]:
    if len(indent) + len(line) <= _WIDTH:
        return [indent + line]
    span = _last_bracket(line)
    if span is None:
        return [indent + line]
    begin, end = span
    parts = _split(line[begin + 1 : end])
    inner = [part for piece in parts for part in _broken(f"{piece},", indent + "    ")]
    return [f"{indent}{line[: begin + 1]}", *inner, f"{indent}{line[end:]}"]


def _last_bracket(line: str) -> tuple[int, int] | None:
    """Returns the positions of the longest pair of outermost brackets that is not empty."""
    longest_span: tuple[int, int] | None = None
    depth, begin = 0, 0
    for position, character in _outside_strings(line):
        if character in "([{":
            if depth == 0:
                begin = position
            depth += 1
        elif character in ")]}":
            depth -= 1
            longest = 1 if longest_span is None else longest_span[1] - longest_span[0]
            if depth == 0 and position - begin > longest:
                longest_span = (begin, position)
    return longest_span


def _split(text: str) -> list[str]:
    parts, depth, begin = [], 0, 0
    for position, character in _outside_strings(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[begin:position].strip())
            begin = position + 1
    last = text[begin:].strip()
    return [*parts, last] if last else parts


def _outside_strings(line: str) -> list[tuple[int, str]]:
    """Lists the characters outside string literals, with their positions."""
    characters = []
    quote, escaped = "", False
    for position, character in enumerate(line):
        if quote:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        else:
            characters.append((position, character))
    return characters
