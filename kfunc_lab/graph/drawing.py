"""Draws a graph: `LayerGraph` -> DOT -> Graphviz -> SVG or PNG.

The DOT source carries the light colours as plain attributes, which is all that PNG and simple
SVG viewers need; the SVG gets classes and a style sheet that follows the light or dark theme.
"""

import html
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from kfunc_lab.graph.families import FAMILIES, Family, family_of
from kfunc_lab.graph.graphviz import GraphvizError, find_program, run_dot
from kfunc_lab.graph.layer_graph import Call, Edge, Group, LayerGraph
from kfunc_lab.graph.writing import (
    printable,
    remark,
    shape_tuple,
    shape_words,
    short_name,
    title,
)
from kfunc_lab.locale import _
from kfunc_lab.theme import FONT, LINE, PANEL, QUIET, SURFACE, TEXT, light_dark

_SVG = "http://www.w3.org/2000/svg"

_LONGEST_NAME = 36  # characters; the whole name stands in the details


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


def to_dot(graph: LayerGraph) -> str:
    """Writes a graph in Graphviz's DOT language, coloured for a light surface.

    Args:
        graph: The graph.

    Returns:
        The source of a `digraph`, with nodes `c0`, `c1`, … in graph order.
    """
    return "\n".join(["digraph {", *_dot_lines(graph), "}"])


# ---------------------------------------------------------------------------------------------
# DOT


def _dot_lines(graph: LayerGraph) -> Iterator[str]:
    numbers = {call.id: number for number, call in enumerate(graph.calls)}
    # Without edges, calls stand in a column, in their order, all the same.
    yield "graph [rankdir=TB nodesep=0.25 ranksep=0.28 pad=0.12 bgcolor=transparent]"
    yield 'node [shape=box style="rounded,filled" fontname=Arial fontsize=12 margin="0.1,0.06"]'
    yield (
        f'edge [fontname=Arial fontsize=10 fontcolor="{QUIET[0]}" color="{LINE[0]}" '
        "arrowsize=0.6 penwidth=1.2]"
    )
    yield from _group_lines(graph, numbers, None)
    labelled = _labelled_edges(graph)
    for position, edge in enumerate(graph.edges):
        label = shape_words(edge.tensor) if position in labelled else ""
        lost = " style=dashed" if edge.target in graph.lost else ""
        yield (
            f"c{numbers[edge.source]} -> c{numbers[edge.target]} "
            f'[id="edge-{position}" label={_label(label)}{lost}]'
        )
    if not graph.connected:
        for number in range(len(graph.calls) - 1):
            yield f"c{number} -> c{number + 1} [style=invis]"
    yield from _output_lines(graph, numbers)


def _group_lines(
    graph: LayerGraph, numbers: Mapping[str, int], parent: str | None
) -> Iterator[str]:
    """Yields the calls that stand directly in a group, and the groups inside it."""
    members = _calls_by_group(graph)
    children: dict[str | None, list[tuple[int, Group]]] = {}
    for number, group in enumerate(graph.groups):
        children.setdefault(group.parent, []).append((number, group))

    def lines(group_id: str | None) -> Iterator[str]:
        for call in members.get(group_id, ()):
            yield _call_line(graph, call, numbers[call.id])
        for number, group in children.get(group_id, ()):
            yield f'subgraph cluster_{number} {{ id="group-{number}" style="rounded,filled"'
            yield f'color="{LINE[0]}" fillcolor="{PANEL[0]}" margin=10 labeljust=l'
            yield f"fontname=Arial fontsize=12 label=<{_group_label(group)}>"
            yield from lines(group.id)
            yield "}"

    yield from lines(parent)


def _calls_by_group(graph: LayerGraph) -> dict[str | None, list[Call]]:
    members: dict[str | None, list[Call]] = {}
    for call in graph.calls:
        members.setdefault(call.group, []).append(call)
    return members


def _call_line(graph: LayerGraph, call: Call, number: int) -> str:
    family = family_of(call)
    dashed = call.id in graph.lost or family.name == "own"
    style = "rounded,filled,dashed" if dashed else "rounded,filled"
    return (
        f'c{number} [id="call-{number}" style="{style}" fillcolor="{family.fill[0]}" '
        f'color="{family.border[0]}" label=<{_call_label(graph, call, family)}>]'
    )


def _call_label(graph: LayerGraph, call: Call, family: Family) -> str:
    parameters = _rounded(call.parameters) if call.parameters else ""
    first = [
        _cell(family.glyph, family.border[0], 11),
        _cell(_shortened(short_name(call)) or " ", TEXT[0], 12, bold=True),
        _cell(f"  {parameters}" if parameters else "", QUIET[0], 11, right=True),
    ]
    said = remark(graph, call)
    second = [
        _cell("", QUIET[0], 10),
        _cell(_shortened(printable(call.kind)), family.ink[0], 10),
        _cell(f"  {said}" if said else "", QUIET[0], 10, right=True),
    ]
    rows = "".join(f"<TR>{''.join(cells)}</TR>" for cells in (first, second))
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{rows}</TABLE>'


def _group_label(group: Group) -> str:
    name = _font(_shortened(short_name(group)), TEXT[0], 12, bold=True)
    rest = f"{_shortened(printable(group.kind))}   {_rounded(group.parameters)}"
    return f"{name}   {_font(rest, QUIET[0], 10)}"


def _cell(text: str, colour: str, size: int, *, bold: bool = False, right: bool = False) -> str:
    if not text:
        return "<TD></TD>"
    align = "RIGHT" if right else "LEFT"
    font = _font(text, colour, size, bold=bold)
    return f'<TD ALIGN="{align}"{_min_width(text, size)}>{font}</TD>'


def _font(text: str, colour: str, size: int, *, bold: bool = False) -> str:
    # Graphviz would put the node's name in the place of `\N`; in two pieces it cannot.
    pieces = [html.escape(piece) for piece in re.split(r"(?<=\\)(?=[A-Z])", text)]
    return "".join(
        f'<FONT COLOR="{colour}" POINT-SIZE="{size}">{f"<B>{it}</B>" if bold else it}</FONT>'
        for it in pieces
    )


def _min_width(text: str, size: int) -> str:
    """Reserves room for characters that Graphviz does not know the width of."""
    if text.isascii():
        return ""
    ems = sum(
        1.1 if unicodedata.east_asian_width(character) in "WF" else 0.65 for character in text
    )
    return f' WIDTH="{round(ems * size)}"'


def _output_lines(graph: LayerGraph, numbers: Mapping[str, int]) -> Iterator[str]:
    """Yields an arrow out of the picture for each output, with its shape."""
    if not graph.connected:
        return
    calls = {call.id: call for call in graph.calls}
    blue = FAMILIES["input"]
    for position, call_id in enumerate(graph.outputs):
        shapes = ", ".join(map(shape_words, calls[call_id].outputs)) or "?"
        words = _font(_("output"), blue.ink[0], 10)
        yield (
            f'o{position} [id="output-{position}" label=<{words}> fillcolor="{blue.fill[0]}" '
            f'color="{blue.border[0]}" margin="0.12,0.03" height=0.25]'
        )
        yield (
            f'c{numbers[call_id]} -> o{position} [id="exit-{position}" label={_label(shapes)}]'
        )


def _labelled_edges(graph: LayerGraph) -> set[int]:
    """Chooses the edges whose shape is written: those whose source made it another."""
    calls = {call.id: call for call in graph.calls}
    return {
        position
        for position, edge in enumerate(graph.edges)
        if edge.tensor.shape is not None and not _passes_shape_on(calls[edge.source], edge)
    }


def _passes_shape_on(source: Call, edge: Edge) -> bool:
    return any(tensor.shape == edge.tensor.shape for tensor in source.inputs)


def _label(text: str) -> str:
    # The spaces keep the label off the line beside it.
    return f'"  {text} "' if text else '""'


def _rounded(count: int) -> str:
    """Writes a count exactly up to a million, then with three significant digits."""
    for limit, unit in ((10**9, "G"), (10**6, "M")):
        if count >= limit:
            return f"{count / limit:.3g} {unit}"
    return f"{count:,}"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"


# ---------------------------------------------------------------------------------------------
# SVG


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
    inks = {family.ink[0]: "kind" for family in FAMILIES.values()}
    inks |= {family.border[0]: "glyph" for family in FAMILIES.values()}
    inks |= {TEXT[0]: "name", QUIET[0]: "quiet"}
    for text in element.findall(f"{{{_SVG}}}text"):
        del text.attrib["font-family"]
        role = inks.get(text.get("fill", ""))
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
    return "\n".join([*rules, (Path(__file__).parent / "drawing.css").read_text()])


def _rule(selectors: str, what: str, colours: tuple[str, str]) -> str:
    scoped = ",".join(
        f".kfunc-lab-drawing {selector.strip()}" for selector in selectors.split(",")
    )
    return f"{scoped}{{{what}:{light_dark(colours)}}}"
