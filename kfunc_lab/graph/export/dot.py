"""Exports a graph in Graphviz's DOT language."""

import html
import re
from collections.abc import Iterable, Iterator

from kfunc_lab.graph.export.visible_edges import Arrow, arrows, item_labels
from kfunc_lab.graph.model.descriptions import output_label
from kfunc_lab.graph.model.families import FAMILIES, family_of
from kfunc_lab.graph.model.folding import items_by_parent, visible_groups
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.model.levels import output_boxes
from kfunc_lab.graph.picture.boxes import truncate
from kfunc_lab.ui.theme import LINE, PANEL, QUIET, TEXT


def to_dot(graph: LayerGraph, opened: Iterable[str] | None = None, right: bool = False) -> str:
    """Writes a graph in Graphviz's DOT language, coloured for a light surface.

    Args:
        graph: The graph.
        opened: The ids of the open groups; by default all groups.
        right: Whether the lines lead to the right instead of down.

    Returns:
        The source of a `digraph`: a node for each call and each folded group, a cluster for
        each open group.

    Example:
        >>> from kfunc_lab.graph.model.layer_graph import Call
        >>> to_dot(LayerGraph("m", "", (Call("d", "d", "Dense", "d"),), ())).splitlines()[0]
        'digraph {'
    """
    opened_groups = set(visible_groups(graph, graph.group_of if opened is None else opened))
    number = {item: f"n{at}" for at, item in enumerate((*graph.call_of, *graph.group_of))}
    rank = ["rankdir=LR"] if right else []
    return "\n".join(["digraph {", *rank, *_lines(graph, opened_groups, number), "}"])


def _lines(graph: LayerGraph, opened: set[str], number: dict[str, str]) -> Iterator[str]:
    yield "graph [nodesep=0.25 ranksep=0.28]"
    yield 'node [shape=box style="rounded,filled" fontname=Arial fontsize=12 margin="0.1,0.06"]'
    yield (
        f'edge [fontname=Arial fontsize=10 fontcolor="{QUIET[0]}" color="{LINE[0]}" '
        "arrowsize=0.6]"
    )
    yield from _item_lines(graph, None, opened, number)
    blue = FAMILIES["input"]
    for at, *more in output_boxes(graph).values():
        label = _font(truncate(output_label(graph, at, *more)), TEXT[0], 10)
        yield (
            f"out{at} [label=<{label}> height=0.25 "
            f'fillcolor="{blue.fill[0]}" color="{blue.border[0]}"]'
        )
    for arrow in arrows(graph, frozenset(opened)):
        yield _arrow(arrow, number)
    if not graph.connected:
        names = [number[item] for item in items_by_parent(graph)[None] if item not in opened]
        yield f"{' -> '.join(names)} [style=invis]" if len(names) > 1 else ""


def _item_lines(
    graph: LayerGraph, parent: str | None, opened: set[str], number: dict[str, str]
) -> Iterator[str]:
    for item in items_by_parent(graph).get(parent, []):
        name, rest = item_labels(graph, item)
        if item in opened:
            yield f'subgraph cluster_{number[item]} {{ style="rounded,filled"'
            yield f'color="{LINE[0]}" fillcolor="{PANEL[0]}" labeljust=l'
            yield f"fontname=Arial label=<{_font(name, TEXT[0], 12)}  {_font(rest, QUIET[0], 10)}>"
            yield from _item_lines(graph, item, opened, number)
            yield "}"
            continue
        call = graph.call_of.get(item)
        family = family_of(call) if call else None
        fill, border = (family.fill[0], family.border[0]) if family else (PANEL[0], LINE[0])
        ink = family.ink[0] if family else QUIET[0]
        styles = ["rounded", "filled"]
        if item in graph.lost or (family and family.name == "own"):
            styles.append("dashed")
        again = " peripheries=2" if item in graph.group_of else ""
        yield (
            f'{number[item]} [style="{",".join(styles)}" fillcolor="{fill}" color="{border}"'
            f"{again} label=<<B>{_font(name, TEXT[0], 12)}</B><BR/>{_font(rest, ink, 10)}>]"
        )


def _arrow(arrow: Arrow, number: dict[str, str]) -> str:
    target = number.get(arrow.target) or f"out{arrow.target.rpartition('/')[2]}"
    style = " style=dashed" if arrow.lost else ""
    return f'{number[arrow.source]} -> {target} [label="  {arrow.shape} "{style}]'


def _font(text: str, colour: str, size: int) -> str:
    # Graphviz would replace `\\N` by the name of the node; splitting the text prevents that.
    pieces = [html.escape(piece) for piece in re.split(r"(?<=\\)(?=[A-Z])", text or " ")]
    return "".join(
        f'<FONT COLOR="{colour}" POINT-SIZE="{size}">{piece}</FONT>' for piece in pieces
    )
