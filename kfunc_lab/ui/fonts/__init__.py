"""The font that PDF and PNG files carry: Arimo, whose widths are those of Arial."""

import json
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
FILES = {False: FOLDER / "arimo-regular.ttf", True: FOLDER / "arimo-bold.ttf"}


@cache
def glyphs(bold: bool = False) -> dict[str, tuple[int, int]]:
    """Returns the glyph and the width, in thousandths of the font size, of each character.

    Args:
        bold: Whether to use the bold font.

    Example:
        >>> number, width = glyphs()["W"]
        >>> width
        944
    """
    tables = json.loads((FOLDER / "glyphs.json").read_text("utf-8"))
    return {it: (number, width) for it, (number, width) in tables[_name(bold)].items()}


def missing(text: str) -> str:
    """Returns the characters of a text that the font does not have, each once, in order.

    Example:
        >>> missing("layer 层一, ελ, слой")
        '层一'
    """
    return "".join(dict.fromkeys(it for it in text if it.isprintable() and it not in glyphs()))


def _name(bold: bool) -> str:
    return "bold" if bold else "regular"
