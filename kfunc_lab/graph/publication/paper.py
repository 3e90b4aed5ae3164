"""Redraws a picture for print: black on white, without the signs of the page, sized in points."""

import re
import xml.etree.ElementTree as ET

from kfunc_lab.graph.publication.page import page_attributes
from kfunc_lab.ui.theme import FONT

_LINE = "0.9"  # pixels
_GREYS = ("#e3e3e3", "#cfcfcf", "#f0f0f0", "#bcbcbc")  # of the highlighted regions
_SVG = "{http://www.w3.org/2000/svg}"
_SIGN_ROW = 20  # pixels: the height of a row of the legend
_GLYPH = 16  # pixels: the room of the glyph before a name


def to_paper(svg: str) -> str:
    """Redraws a picture of a graph for print.

    Boxes are white with black lines, groups light grey; only what cannot be read from the text
    keeps its legend: highlighted regions, marks and lost calls.

    Args:
        svg: The SVG that `svg.draw` returned.

    Returns:
        An `<svg>` element whose size is in points.
    """
    ET.register_namespace("", _SVG[1:-1])
    # The SVG is our own, and names in it are escaped: no foreign XML is parsed.
    drawing = ET.fromstring(svg)  # noqa: S314
    for element in list(drawing):
        if element.tag == f"{_SVG}style":
            drawing.remove(element)
    for parent in drawing.iter(f"{_SVG}g"):
        _remove_signs(parent)
        _paint(parent)
    for element in drawing:
        _paint_one(element, "")
    _shorten_legend(drawing)
    drawing.set("font-family", FONT)
    width, height = (float(drawing.get(name, 0)) for name in ("width", "height"))
    for name, value in page_attributes(width, height).items():
        drawing.set(name, value)
    return ET.tostring(drawing, encoding="unicode")


def _remove_signs(parent: ET.Element) -> None:
    """Removes glyphs and triangles, and centres the texts of a box again."""
    signs = [it for it in parent if _classes(it) & {"glyph", "sign"}]
    if not signs or parent.get("class", "").startswith("family-"):
        return
    for sign in signs:
        parent.remove(sign)
    for text in parent.iter(f"{_SVG}text"):
        text.set("x", f"{float(text.get('x', 0)) - _GLYPH / 2:g}")


def _paint(parent: ET.Element) -> None:
    for element in parent:
        _paint_one(element, parent.get("class", ""))


def _paint_one(element: ET.Element, around: str) -> None:
    """Replaces the colours of one element by black, white and grey."""
    classes, tag = _classes(element), element.tag.removeprefix(_SVG)
    if tag == "text":
        if "valued" not in around.split():
            element.set("fill", "#000000")
        return
    region = re.search(r"region-(\d)", element.get("class", ""))
    if region:
        grey = _GREYS[int(region[1]) % len(_GREYS)]
        for name in ("fill", "stroke"):
            if element.get(name, "none") != "none":
                element.set(name, "#777777" if "region-border" in classes else grey)
        return
    if element.get("stroke", "none") != "none":
        element.set("stroke", "#000000")
        element.set("stroke-width", _LINE)
    if tag in ("rect", "polygon", "path") and element.get("fill", "none") != "none":
        element.set("fill", _fill(element, classes, around.split()))


def _fill(element: ET.Element, classes: set[str], around: list[str]) -> str:
    if "arrow" in classes:
        return "#000000"
    if "scale" in around or ("valued" in around and "box" in classes):
        return element.get("fill", "#ffffff")
    return "#f2f2f2" if "frame" in classes or "group" in around else "#ffffff"


def _shorten_legend(drawing: ET.Element) -> None:
    """Keeps the entries that print needs, below each other."""
    legend = next((it for it in drawing if it.get("class") == "legend"), None)
    if legend is None:
        return
    height = float(drawing.get("height", 0))
    rows = sorted({_moved(entry)[1] for entry in legend})
    for entry in list(legend):
        if not any(_classes(it) & {"key", "plain"} for it in entry):
            legend.remove(entry)
    top = rows[0] if rows else height
    for number, entry in enumerate(legend):
        entry.set("transform", f"translate(12 {top + number * _SIGN_ROW:.1f})")
    less = (len(rows) - len(legend)) * _SIGN_ROW
    for element in drawing:
        if element.get("class") == "scale":
            element.set("transform", f"translate(0 {-less})")
    drawing.set("height", f"{height - less:g}")


def _moved(element: ET.Element) -> tuple[float, float]:
    numbers = re.findall(r"-?[\d.]+", element.get("transform", "0 0"))
    return float(numbers[0]), float(numbers[1])


def _classes(element: ET.Element) -> set[str]:
    return set(element.get("class", "").split())
