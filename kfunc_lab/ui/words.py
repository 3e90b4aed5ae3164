"""Sentences with code between backticks and emphasis between stars, as HTML and as text."""

import html
import re
from collections.abc import Callable

# As in Markdown, as many backticks end the code as began it.
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_EMPHASIS = re.compile(r"(?<![\w*])\*(?![\s*])([^*]+?)(?<!\s)\*(?![\w*])")


def code_html(text: str) -> str:
    """Escapes a sentence, and formats what stands between backticks.

    Example:
        >>> code_html("Pass `x` once.")
        'Pass <code>x</code> once.'
    """
    return _with_code(text, _code, html.escape)


def words_html(text: str) -> str:
    """Escapes a sentence, and formats what stands between backticks or stars.

    Code is never changed, so that `**kwargs` keeps its stars.

    Example:
        >>> words_html("Pass `**kwargs` on *once*.")
        'Pass <code>**kwargs</code> on <em>once</em>.'
    """
    return _with_code(
        text, _code, lambda words: _EMPHASIS.sub(r"<em>\1</em>", html.escape(words))
    )


def plain_words(text: str) -> str:
    """Removes the stars of emphasis; code keeps its backticks and its stars.

    Example:
        >>> plain_words("Pass `**kwargs` on *once*.")
        'Pass `**kwargs` on once.'
    """
    return _with_code(text, lambda match: match[0], lambda words: _EMPHASIS.sub(r"\1", words))


def _code(match: re.Match[str]) -> str:
    return f"<code>{html.escape(match[2])}</code>"


def _with_code(
    text: str, code: Callable[[re.Match[str]], str], words: Callable[[str], str]
) -> str:
    parts, end = [], 0
    for match in _CODE.finditer(text):
        parts += [words(text[end : match.start()]), code(match)]
        end = match.end()
    return "".join([*parts, words(text[end:])])
