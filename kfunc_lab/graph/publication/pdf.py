"""Converts a drawing to PDF: vectors, and text in an embedded font."""

import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

from kfunc_lab.graph.publication.pdf_font import Font
from kfunc_lab.locale import _

_SVG = "{http://www.w3.org/2000/svg}"
_KAPPA = 0.5523  # the control points of a quarter of a circle, by its radius
_POINT = 0.75  # points (1/72 inch) in a CSS pixel (1/96 inch)


def to_pdf(svg: str) -> bytes:
    """Converts a drawing to PDF, in its light colours, on a page of the drawing's size.

    A character that the embedded font lacks is drawn as an empty box, with a warning.

    Args:
        svg: An SVG that this package drew.

    Returns:
        The bytes of the PDF file.
    """
    import pydyf

    file = pydyf.PDF()
    # The SVG is our own, and names in it are escaped: no foreign XML is parsed.
    drawing = ET.fromstring(svg)  # noqa: S314
    width, height = (_points(drawing.get(name, "0")) for name in ("width", "height"))
    box = [float(it) for it in drawing.get("viewBox", f"0 0 {width} {height}").split()]
    scale = width / box[2]
    fonts = {bold: Font(f"F{bold:d}", bold) for bold in (False, True)}
    page = pydyf.Stream(compress=True)
    page.set_matrix(scale, 0, 0, -scale, -box[0] * scale, height + box[1] * scale)
    for element, x, y in _leaves(drawing):
        page.push_state()
        page.set_matrix(1, 0, 0, 1, x, y)
        _paint(page, element, fonts)
        page.pop_state()
    _warn_of_missing("".join(font.missing for font in fonts.values()))
    _add_page(file, page, (width, height), fonts)
    written = io.BytesIO()
    file.write(written)
    return written.getvalue()


def _add_page(file: Any, page: Any, size: tuple[float, float], fonts: dict[bool, Font]) -> None:
    import pydyf

    file.add_object(page)
    resources = {font.name: font.add_to(file) for font in fonts.values() if font.used}
    file.add_page(
        pydyf.Dictionary(
            {
                "Type": "/Page",
                "Parent": file.pages.reference,
                "MediaBox": pydyf.Array([0, 0, *(round(it, 2) for it in size)]),
                "Contents": page.reference,
                "Resources": pydyf.Dictionary({"Font": pydyf.Dictionary(resources)}),
            }
        )
    )


def _warn_of_missing(characters: str) -> None:
    if characters:
        warnings.warn(
            _(
                "The font of the PDF lacks these characters, which are drawn as boxes: "
                "{characters}. An .svg or .png file shows them."
            ).format(characters="".join(dict.fromkeys(characters))),
            stacklevel=6,  # the line that saves
        )


def _points(length: str) -> float:
    """Converts a length of SVG to points."""
    return float(length[:-2]) if length.endswith("pt") else float(length) * _POINT


def _leaves(
    parent: ET.Element, x: float = 0, y: float = 0
) -> Iterator[tuple[ET.Element, float, float]]:
    """Yields the painted elements with the position of their origin."""
    for element in parent:
        moved = re.match(r"translate\((\S+) (\S+)\)", element.get("transform", ""))
        left, top = map(float, moved.groups()) if moved else (0.0, 0.0)
        if element.tag == f"{_SVG}g":
            yield from _leaves(element, x + left, y + top)
        elif element.get("width") != "100%":  # the surface; paper is white
            yield element, x + left, y + top


def _paint(page: Any, element: ET.Element, fonts: dict[bool, Font]) -> None:
    tag = element.tag.removeprefix(_SVG)
    if tag == "text":
        _write(page, element, fonts[element.get("font-weight") == "bold"])
    elif tag in _OUTLINES and _set_paint(page, element):
        _OUTLINES[tag](page, element)
        _end_path(page, element)


def _write(page: Any, element: ET.Element, font: Font) -> None:
    words, size = element.text or "", float(element.get("font-size", 10))
    width = font.width(words) * size / 1000
    begin = {"end": -width, "middle": -width / 2}.get(element.get("text-anchor", ""), 0.0)
    page.set_color_rgb(*_rgb(element.get("fill", "#000000")))
    page.begin_text()
    page.set_font_size(font.name, size)
    x, y = float(element.get("x", 0)) + begin, float(element.get("y", 0))
    page.set_text_matrix(1, 0, 0, -1, x, y)  # upright on a page whose y points down
    page.show_text(f"<{font.encoded(words)}>")
    page.end_text()


def _set_paint(page: Any, element: ET.Element) -> bool:
    """Sets colours, line width and dashes; tells whether anything is painted."""
    fill, stroke = element.get("fill", "none"), element.get("stroke", "none")
    if fill != "none":
        page.set_color_rgb(*_rgb(fill))
    if stroke != "none":
        page.set_color_rgb(*_rgb(stroke), stroke=True)
        page.set_line_width(float(element.get("stroke-width", "1")))
        dashes = element.get("stroke-dasharray")
        if dashes:
            page.set_dash([float(it) for it in dashes.split()], 0)
        page.set_line_join(1)
    return (fill, stroke) != ("none", "none")


def _end_path(page: Any, element: ET.Element) -> None:
    filled, stroked = (element.get(it, "none") != "none" for it in ("fill", "stroke"))
    if filled and stroked:
        page.fill_and_stroke()
    elif filled:
        page.fill()
    else:
        page.stroke()


def _rgb(colour: str) -> tuple[float, float, float]:
    digits = colour.removeprefix("#")
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def _rectangle(page: Any, element: ET.Element) -> None:
    x, y, width, height, radius = (
        float(element.get(name, 0)) for name in ("x", "y", "width", "height", "rx")
    )
    radius = min(radius, width / 2, height / 2)
    if not radius:
        page.rectangle(x, y, width, height)
        return
    right, bottom, inner = x + width, y + height, radius * (1 - _KAPPA)
    page.move_to(x + radius, y)
    page.line_to(right - radius, y)
    page.curve_to(right - inner, y, right, y + inner, right, y + radius)
    page.line_to(right, bottom - radius)
    page.curve_to(right, bottom - inner, right - inner, bottom, right - radius, bottom)
    page.line_to(x + radius, bottom)
    page.curve_to(x + inner, bottom, x, bottom - inner, x, bottom - radius)
    page.line_to(x, y + radius)
    page.curve_to(x, y + inner, x + inner, y, x + radius, y)
    page.close()


def _polygon(page: Any, element: ET.Element) -> None:
    numbers = [float(it) for it in re.findall(r"-?\d+\.?\d*", element.get("points", ""))]
    page.move_to(*numbers[:2])
    for at in range(2, len(numbers), 2):
        page.line_to(*numbers[at : at + 2])
    page.close()


def _path(page: Any, element: ET.Element) -> None:
    for command, arguments in re.findall(r"([MLCZ])([^MLCZ]*)", element.get("d", "")):
        numbers = [float(it) for it in re.findall(r"-?\d+\.?\d*", arguments)]
        if command == "Z":
            page.close()
            continue
        step = 6 if command == "C" else 2
        draw = {"M": page.move_to, "L": page.line_to, "C": page.curve_to}[command]
        for at in range(0, len(numbers), step):
            draw(*numbers[at : at + step])
            draw = page.line_to if command == "M" else draw


_OUTLINES = {"rect": _rectangle, "polygon": _polygon, "path": _path}
