"""Converts a drawing to PNG in every script for which the machine has a font."""

import re

from kfunc_lab.ui import fonts
from kfunc_lab.ui.theme import SURFACE

_STYLE = re.compile("<style>.*?</style>", re.DOTALL)
_PIXELS = 96  # in an inch of CSS


def rasterise(svg: str, dpi: float) -> bytes:
    """Converts a drawing to PNG, in its light colours.

    Args:
        svg: An SVG that this package drew.
        dpi: Dots for each inch of the drawing; a pixel of CSS is 1/96 inch.

    Returns:
        The bytes of the PNG file.

    Example:
        >>> square = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'
        >>> rasterise(square, 96)[1:4]
        b'PNG'
    """
    import resvg_py

    # resvg does not know `light-dark()`: without the style sheet the light attributes count.
    plain = _STYLE.sub("", svg)
    if "font-family=" not in plain[: plain.index(">")]:
        plain = plain.replace("<svg ", '<svg font-family="Arimo" ', 1)
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=plain,
            background=SURFACE[0],
            dpi=_PIXELS,
            zoom=dpi / _PIXELS,
            font_family="Arimo",
            font_files=[str(it) for it in fonts.FILES.values()],
            skip_system_fonts=not needs_other_fonts(svg),
        )
    )


def needs_other_fonts(svg: str) -> bool:
    """Tells whether a drawing has characters that the embedded font lacks."""
    return bool(fonts.missing(_STYLE.sub("", svg)))
