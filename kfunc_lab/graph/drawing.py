"""Draws a graph: `LayerGraph` -> DOT -> Graphviz -> SVG or PNG.

The SVG gets classes, and a style sheet that follows the light or dark theme.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from kfunc_lab.graph.dot import to_dot
from kfunc_lab.graph.families import FAMILIES, family_of
from kfunc_lab.graph.graphviz import GraphvizError, find_program, run_dot
from kfunc_lab.graph.layer_graph import Call, Edge, LayerGraph
from kfunc_lab.graph.writing import (
    printable,
    shape_tuple,
    short_name,
    title,
)
from kfunc_lab.locale import _
from kfunc_lab.theme import FONT, LINE, PANEL, QUIET, SURFACE, TEXT, light_dark

_SVG = "http://www.w3.org/2000/svg"

# What a text is, told by the colour that it has in the DOT source.
_ROLES = {
    **{family.ink[0]: "kind" for family in FAMILIES.values()},
    **{family.border[0]: "glyph" for family in FAMILIES.values()},
    TEXT[0]: "name",
    QUIET[0]: "quiet",
}


def to_svg(graph: LayerGraph) -> str:
    """Draws a graph as SVG.

    Args:
        graph: The graph.

    Returns:
        An `<svg>` element, the same bytes on every platform. Each call is a `<g>` with the
        class `call` and its position in the graph as `data-call`; each edge has its ends'
        positions as `data-source` and `data-target`.

    Raises:
        GraphvizError: If the drawing program is missing or fails.

    Example:
        >>> svg = to_svg(LayerGraph("m", "Sequential", (Call("d", "d", "Dense", "d"),), ()))
        >>> svg.startswith("<svg")
        True
    """
    ET.register_namespace("", _SVG)
    svg = _parsed(run_dot(to_dot(graph), "svg"))
    _set_size(svg)
    svg.set("class", "kfunc-lab-drawing")
    svg.set("role", "img")
    _retitle(svg, title(graph))
    _mark_elements(svg, graph)
    sheet = ET.Element(f"{{{_SVG}}}style")
    sheet.text = style_sheet()
    surface = ET.Element(
        f"{{{_SVG}}}rect",
        {"class": "surface", "width": "100%", "height": "100%", "fill": SURFACE[0]},
    )
    svg[1:1] = [sheet, surface]
    return ET.tostring(svg, encoding="unicode")


def to_png(graph: LayerGraph) -> bytes:
    """Draws a graph as PNG, on white, at 144 dots an inch.

    Args:
        graph: The graph.

    Returns:
        The file's bytes.

    Raises:
        GraphvizError: If the drawing program is missing or fails.
    """
    return run_dot(to_dot(graph), "png", "-Gdpi=144", f"-Gbgcolor={SURFACE[0]}")


def _parsed(drawn: bytes) -> ET.Element:
    try:
        # Graphviz's own output, made from text that was escaped here: nothing foreign is parsed.
        return ET.fromstring(drawn)  # noqa: S314
    except ET.ParseError as error:
        raise GraphvizError(
            _("The drawing program {program} wrote no SVG: {reason}").format(
                program=find_program(), reason=error
            )
        ) from error


def _set_size(svg: ET.Element) -> None:
    """Gives the picture its size in pixels, a unit of the drawing each."""
    _left, _top, width, height = svg.get("viewBox", "0 0 0 0").split()
    svg.set("width", str(round(float(width))))
    svg.set("height", str(round(float(height))))


def _mark_elements(svg: ET.Element, graph: LayerGraph) -> None:
    numbers = {call.id: number for number, call in enumerate(graph.calls)}
    labels: list[ET.Element] = []
    for element in svg.iter(f"{{{_SVG}}}g"):
        kind, _dash, number = element.attrib.pop("id", "").partition("-")
        if kind == "call":
            _mark_call(element, graph, int(number))
        elif kind == "edge":
            _mark_edge(element, graph.edges[int(number)], graph, numbers)
        elif kind == "exit":
            _mark(element, "edge", None)
            element.set("data-source", str(numbers[graph.outputs[int(number)]]))
        elif kind == "output":
            _mark(element, "output family-input", None)
        elif kind == "group":
            _mark(element, "group", printable(graph.groups[int(number)].id))
            labels += [element]
        else:
            _mark(element, None, None)
    if labels:
        _raise_labels(svg, labels)


def _raise_labels(svg: ET.Element, groups: Iterable[ET.Element]) -> None:
    """Moves the groups' names above the edges, which would cross them out."""
    above = ET.SubElement(svg.findall(f"{{{_SVG}}}g")[0], f"{{{_SVG}}}g", {"class": "labels"})
    for group in groups:
        for text in group.findall(f"{{{_SVG}}}text"):
            group.remove(text)
            above.append(text)


def _mark_call(element: ET.Element, graph: LayerGraph, number: int) -> None:
    call = graph.calls[number]
    classes = f"call family-{family_of(call).name}" + (" lost" if call.id in graph.lost else "")
    _mark(element, classes, accessible_name(call))
    _align_first_row(element)
    element.set("data-call", str(number))


def _align_first_row(element: ET.Element) -> None:
    """Puts glyph, name and parameters on one line: their sizes differ, and so do their rows."""
    texts = element.findall(f"{{{_SVG}}}text")
    name = next(text for text in texts if text.get("class") == "name")
    line = float(name.get("y", "0"))
    for text in texts:
        if abs(float(text.get("y", "0")) - line) < 5:
            text.set("y", name.get("y", "0"))


def accessible_name(call: Call) -> str:
    """Names a call for a screen reader or a tooltip: name, class, output shape, parameters."""
    parts = [short_name(call), printable(call.kind), *map(shape_tuple, call.outputs)]
    if call.parameters:
        parts.append(_("{n} parameters").format(n=f"{call.parameters:,}"))
    return ", ".join(parts)


def _mark_edge(
    element: ET.Element, edge: Edge, graph: LayerGraph, numbers: Mapping[str, int]
) -> None:
    _mark(element, "edge lost" if edge.target in graph.lost else "edge", None)
    element.set("data-source", str(numbers[edge.source]))
    element.set("data-target", str(numbers[edge.target]))


def _mark(element: ET.Element, classes: str | None, name: str | None) -> None:
    element.attrib.pop("class", None)
    if classes:
        element.set("class", classes)
    _retitle(element, name)
    for text in element.findall(f"{{{_SVG}}}text"):
        del text.attrib["font-family"]
        role = _ROLES.get(text.get("fill", ""))
        if role:
            text.set("class", role)


def _retitle(element: ET.Element, name: str | None) -> None:
    for old in element.findall(f"{{{_SVG}}}title"):
        element.remove(old)
    if name is not None:
        titled = ET.Element(f"{{{_SVG}}}title")
        titled.text = name
        element.insert(0, titled)


@lru_cache(maxsize=1)
def style_sheet() -> str:
    """Returns the picture's style: the same colours in light and dark.

    `light-dark()` follows the `color-scheme` of the picture or of the view around it; where it
    is unknown, the light colours that the elements carry themselves remain.
    """
    rules = [
        ".kfunc-lab-drawing{color-scheme:light dark}",
        f".kfunc-lab-drawing text{{font-family:{FONT}}}",
        _rule(".surface", "fill", SURFACE),
        _rule(".name", "fill", TEXT),
        _rule(".quiet, .edge text", "fill", QUIET),
        _rule(".edge path", "stroke", LINE),
        _rule(".edge polygon", "fill", LINE),
        _rule(".edge polygon", "stroke", LINE),
        _rule(".group > path", "fill", PANEL),
        _rule(".group > path", "stroke", LINE),
    ]
    for family in FAMILIES.values():
        within = f".family-{family.name}"
        rules += [
            _rule(f"{within} > path", "fill", family.fill),
            _rule(f"{within} > path", "stroke", family.border),
            _rule(f"{within} .kind", "fill", family.ink),
            _rule(f"{within} .glyph", "fill", family.border),
        ]
    return "\n".join([*rules, (Path(__file__).parent / "drawing.css").read_text("utf-8")])


def _rule(selectors: str, what: str, colours: tuple[str, str]) -> str:
    scoped = ",".join(
        f".kfunc-lab-drawing {selector.strip()}" for selector in selectors.split(",")
    )
    return f"{scoped}{{{what}:{light_dark(colours)}}}"
