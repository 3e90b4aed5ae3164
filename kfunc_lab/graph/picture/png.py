"""Converts a drawing to PNG: Graphviz paints each shape of the SVG at its position.

It is twice as fast as a painter of SVG. That one paints the scripts that Graphviz's font lacks.
"""

import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from math import sqrt

from kfunc_lab.graph.picture.graphviz import run_dot
from kfunc_lab.graph.picture.rasterise import needs_other_fonts, rasterise
from kfunc_lab.graph.picture.svg import ARROW
from kfunc_lab.ui.text_width import text_width
from kfunc_lab.ui.theme import SURFACE

_SVG = "{http://www.w3.org/2000/svg}"
_INCH = 72
_CSS_INCH = 96  # pixels
_MAX_PIXELS = 12_000_000  # above this, a picture has fewer than 144 dots per inch
# The distance from the middle of a line of text to its base line, relative to the font size.
_BASE_LINE, _BOLD_BASE_LINE = 0.3, 0.18


def to_png(svg: str) -> bytes:
    """Converts a drawing to PNG, in its light colours, at 144 dots per inch.

    A drawing of many screens gets fewer dots, but at least 72 per inch: painting takes most of the
    time, and each pixel takes as long.

    Args:
        svg: The SVG that `svg.draw` returned.

    Returns:
        The bytes of the PNG file.

    Raises:
        GraphvizError: If the drawing program is missing or fails.
    """
    # The SVG is our own, and names in it are escaped: no foreign XML is parsed.
    drawing = ET.fromstring(svg)  # noqa: S314
    dpi = _dpi(drawing)
    if needs_other_fonts(svg):
        return rasterise(svg, dpi / _INCH * _CSS_INCH)
    options = ("-Kneato", "-n2", f"-Gdpi={dpi}", f"-Gbgcolor={SURFACE[0]}")
    return run_dot("\n".join(_dot_lines(drawing)), "png", *options)


def _dpi(drawing: ET.Element) -> int:
    pixels = float(drawing.get("width", 0)) * float(drawing.get("height", 0)) or 1
    return round(_INCH * min(2.0, max(1.0, sqrt(_MAX_PIXELS / pixels))))


def _dot_lines(drawing: ET.Element) -> Iterator[str]:
    yield "digraph { graph [pad=0] node [fixedsize=true] edge [arrowhead=none]"
    width, height = float(drawing.get("width", 0)), float(drawing.get("height", 0))
    shapes = [_node(width / 2, height / 2, width, height, 'shape=box style=invis label=""')]
    shapes += _shapes(drawing, 0, 0)
    # Graphviz paints the nodes in this order, each with the edges that begin at it.
    for number, shape in enumerate(shapes):
        yield shape.format(number=number)
    yield "}"


def _shapes(parent: ET.Element, x: float, y: float) -> Iterator[str]:
    for element in parent:
        tag = element.tag.removeprefix(_SVG)
        if tag == "g":
            moved = re.match(r"translate\((\S+) (\S+)\)", element.get("transform", ""))
            left, top = map(float, moved.groups()) if moved else (0.0, 0.0)
            if "edge" in element.get("class", "").split():
                yield _edge(element, x + left, y + top)
            else:
                yield from _shapes(element, x + left, y + top)
        elif tag == "rect" and element.get("class") != "surface":
            yield _rectangle(element, x, y)
        elif tag == "text":
            yield _text(element, x, y)
        elif tag == "polygon":
            yield _triangle(element, x, y)
        elif tag == "path":
            yield _path(element, None, x, y)


def _rectangle(element: ET.Element, x: float, y: float) -> str:
    left, top, width, height = (
        float(element.get(name, 0)) for name in ("x", "y", "width", "height")
    )
    fill, stroke = element.get("fill", "none"), element.get("stroke", "none")
    styles = [
        "filled" if fill != "none" else "",
        "rounded" if element.get("rx") else "",
        "dashed" if element.get("stroke-dasharray") else "",
    ]
    attributes = (
        f'shape=box label="" style="{",".join(filter(None, styles))}" '
        f'fillcolor="{_colour(fill)}" color="{_colour(stroke)}" '
        f"penwidth={element.get('stroke-width', '1')}"
    )
    return _node(x + left + width / 2, y + top + height / 2, width, height, attributes)


def _text(element: ET.Element, x: float, y: float) -> str:
    words, size = element.text or "", float(element.get("font-size", 10))
    bold = element.get("font-weight") == "bold"
    width = text_width(words, size, bold)
    begin = {"end": -width, "middle": -width / 2}.get(element.get("text-anchor", ""), 0.0)
    middle_x = x + float(element.get("x", 0)) + begin + width / 2
    middle_y = y + float(element.get("y", 0)) - (_BOLD_BASE_LINE if bold else _BASE_LINE) * size
    # Graphviz would replace `\N` by the name of the node; splitting the text prevents that.
    pieces = [html.escape(piece) for piece in re.split(r"(?<=\\)(?=[A-Z])", words)]
    markup = "".join(
        f'<FONT COLOR="{element.get("fill")}" POINT-SIZE="{size:g}">'
        f"{f'<B>{piece}</B>' if bold else piece}</FONT>"
        for piece in pieces
    )
    escaped = markup.replace("{", "{{").replace("}", "}}")
    label = f"fontname=Arial shape=plaintext label=<{escaped}>" if words.strip() else 'label=""'
    return _node(middle_x, middle_y, width + 4, size * 1.4, label)


def _triangle(element: ET.Element, x: float, y: float) -> str:
    closed = "closed" in element.get("class", "")
    moved = re.findall(r"-?[\d.]+", element.get("transform", ""))
    middle = (x + float(moved[0]) + 3, y + float(moved[1]) - 4)
    attributes = f'shape=triangle orientation={270 if closed else 180} label="" style=filled'
    colour = f'fillcolor="{element.get("fill")}" color="{element.get("fill")}"'
    return _node(*middle, 5, 5, f"{attributes} {colour}")


def _edge(element: ET.Element, x: float, y: float) -> str:
    line = element.find(f"{_SVG}path[@class='line']")
    arrow = element.find(f"{_SVG}path[@class='arrow']")
    return "" if line is None else _path(line, arrow, x, y)


def _path(line: ET.Element, arrow: ET.Element | None, x: float, y: float) -> str:
    points = _points(line, x, y)
    attributes = (
        f'color="{_colour(line.get("stroke", "none"))}" '
        f"penwidth={line.get('stroke-width', '1')}"
    )
    if line.get("stroke-dasharray"):
        attributes += " style=dashed"
    if arrow is not None:
        points = [f"e,{_points(arrow, x, y)[0]}", *points]
        attributes += f" arrowhead=normal arrowsize={ARROW / 10:g}"
    return (
        '{{node [shape=point style=invis width=0 pos="0,0"] a{number}; b{number}}} '
        f'a{{number}} -> b{{number}} [pos="{" ".join(points)}" {attributes}]'
    )


def _points(path: ET.Element, x: float, y: float) -> list[str]:
    numbers = list(map(float, re.findall(r"-?\d+\.?\d*", path.get("d", ""))))
    return [
        f"{x + across:.2f},{-(y + down):.2f}"
        for across, down in zip(numbers[::2], numbers[1::2], strict=True)
    ]


def _node(x: float, y: float, width: float, height: float, attributes: str) -> str:
    return (
        f'n{{number}} [pos="{x:.2f},{-y:.2f}" width={width / _INCH:.4f} '
        f"height={height / _INCH:.4f} {attributes}]"
    )


def _colour(colour: str) -> str:
    return "transparent" if colour == "none" else colour
