"""Writes a graph in Graphviz's DOT language.

The source carries the colours for a light surface as plain attributes, which is all that PNG and
simple SVG viewers need.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping

from kfunc_lab.graph.families import FAMILIES, Family, family_of
from kfunc_lab.graph.layer_graph import Call, Edge, Group, LayerGraph
from kfunc_lab.graph.writing import printable, remark, shape_words, short_name
from kfunc_lab.locale import _
from kfunc_lab.theme import LINE, PANEL, QUIET, TEXT

_LONGEST_NAME = 36  # characters; the whole name stands in the details


def to_dot(graph: LayerGraph) -> str:
    """Writes a graph in Graphviz's DOT language, coloured for a light surface.

    Args:
        graph: The graph.

    Returns:
        The source of a `digraph`, with nodes `c0`, `c1`, … in graph order.
    """
    return "\n".join(["digraph {", *_dot_lines(graph), "}"])


def _dot_lines(graph: LayerGraph) -> Iterator[str]:
    numbers = {call.id: number for number, call in enumerate(graph.calls)}
    # Without edges, calls stand in a column, in their order, all the same.
    yield "graph [rankdir=TB nodesep=0.25 ranksep=0.28 pad=0.12 bgcolor=transparent]"
    yield 'node [shape=box style="rounded,filled" fontname=Arial fontsize=12 margin="0.1,0.06"]'
    yield (
        f'edge [fontname=Arial fontsize=10 fontcolor="{QUIET[0]}" color="{LINE[0]}" '
        "arrowsize=0.6 penwidth=1.2]"
    )
    yield from _member_lines(graph, numbers)
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


def _member_lines(graph: LayerGraph, numbers: Mapping[str, int]) -> Iterator[str]:
    """Yields the calls, those of a nested model in a box of their own."""
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

    yield from lines(None)


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
