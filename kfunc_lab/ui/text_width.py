"""Estimates how wide a text will be drawn, so that boxes fit their text."""

import unicodedata
from functools import lru_cache

# Widths of the characters from space to tilde, in thousandths of the font size, in Arial and the
# fonts with the same metrics (Arimo, Liberation Sans): regular, then bold.
_REGULAR = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_BOLD = (
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667,
    611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556,
    278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
)  # fmt: skip
_OTHER = 600
_WIDE = 1000


@lru_cache(maxsize=8192)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Estimates the width of a text in the drawing's font.

    Args:
        text: One line.
        size: The font size in pixels.
        bold: Whether the text is bold.

    Returns:
        The width in pixels: exact for unaccented Latin text, an estimate for other scripts.

    Example:
        >>> text_width("conv", 10)
        21.12
    """
    widths = _BOLD if bold else _REGULAR
    return sum(_thousandths(character, widths) for character in text) * size / 1000


def fit_text(text: str, room: float, size: float, bold: bool = False) -> str:
    """Shortens a text to a width, with an ellipsis at the end.

    Args:
        text: One line.
        room: The largest width in pixels.
        size: The font size in pixels.
        bold: Whether the text is bold.

    Example:
        >>> fit_text("max_pooling2d", 50, 10), fit_text("conv", 50, 10)
        ('max_po…', 'conv')
    """
    if text_width(text, size, bold) <= room:
        return text
    while text and text_width(f"{text}…", size, bold) > room:
        text = text[:-1]
    return f"{text}…"


def _thousandths(character: str, widths: tuple[int, ...]) -> int:
    if " " <= character <= "~":
        return widths[ord(character) - 32]
    plain = unicodedata.normalize("NFD", character)[0]  # "é" is as wide as "e"
    if " " <= plain <= "~":
        return widths[ord(plain) - 32]
    if unicodedata.combining(character):
        return 0
    if character in "…→↔►▼" or unicodedata.east_asian_width(character) in "WF":
        return _WIDE
    return _OTHER
