"""Exports a graph as a Mermaid flowchart, which GitHub, GitLab and many editors render."""

from collections.abc import Iterable, Iterator

from kfunc_lab.graph.export.visible_edges import Arrow, arrows, item_labels
from kfunc_lab.graph.model.descriptions import output_label
from kfunc_lab.graph.model.families import FAMILIES, family_of
from kfunc_lab.graph.model.folding import items_by_parent, visible_groups
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.model.levels import output_boxes
from kfunc_lab.graph.picture.boxes import truncate
from kfunc_lab.ui.theme import LINE, PANEL


def to_mermaid(
    graph: LayerGraph, opened: Iterable[str] | None = None, right: bool = False
) -> str:
    """Writes a graph as a Mermaid flowchart.

    Args:
        graph: The graph.
        opened: The ids of the open groups; by default all groups.
        right: Whether the lines lead to the right instead of down.

    Returns:
        The source of a flowchart. Names are escaped as https://mermaid.js.org/syntax/flowchart
        describes, so that nothing in them can act as syntax.

    Example:
        >>> from kfunc_lab.graph.model.layer_graph import Call
        >>> print(to_mermaid(LayerGraph("m", "", (Call("d", "d", "Dense", "d"),), ())))
        flowchart TD
          n0["d<br/>Dense"]:::dense
          classDef dense fill:#eee8fd,stroke:#7b52c9,color:#1f2328
    """
    opened_groups = set(visible_groups(graph, graph.group_of if opened is None else opened))
    number = {item: f"n{at}" for at, item in enumerate((*graph.call_of, *graph.group_of))}
    lines = [f"flowchart {'LR' if right else 'TD'}"]
    lines += _item_lines(graph, None, opened_groups, number, "  ")
    for at, *more in output_boxes(graph).values():
        label = _escaped(truncate(output_label(graph, at, *more)))
        lines.append(f'  out{at}(["{label}"]):::input')
    lines += [
        f"  {_arrow(graph, arrow, number)}" for arrow in arrows(graph, frozenset(opened_groups))
    ]
    used = {line.rpartition(":::")[2] for line in lines if ":::" in line}
    lines += [
        f"  classDef {family.name} fill:{family.fill[0]},stroke:{family.border[0]},color:#1f2328"
        for family in FAMILIES.values()
        if family.name in used
    ]
    if "folded" in used:
        lines.append(f"  classDef folded fill:{PANEL[0]},stroke:{LINE[0]},color:#1f2328")
    return "\n".join(lines)


def _item_lines(
    graph: LayerGraph,
    parent: str | None,
    opened: set[str],
    number: dict[str, str],
    indent: str,
) -> Iterator[str]:
    for item in items_by_parent(graph).get(parent, []):
        labels = [_escaped(row) for row in item_labels(graph, item)]
        if item in opened:
            yield f'{indent}subgraph {number[item]}["{" · ".join(labels)}"]'
            yield from _item_lines(graph, item, opened, number, indent + "  ")
            yield f"{indent}end"
            continue
        call = graph.call_of.get(item)
        family = family_of(call).name if call else "folded"
        open_bracket, close_bracket = ('[["', '"]]') if item in graph.group_of else ('["', '"]')
        body = "<br/>".join(labels)
        yield f"{indent}{number[item]}{open_bracket}{body}{close_bracket}:::{family}"


def _arrow(graph: LayerGraph, arrow: Arrow, number: dict[str, str]) -> str:
    target = number.get(arrow.target) or f"out{arrow.target.rpartition('/')[2]}"
    line = "-.->" if arrow.lost else "-->"
    label = f'|"{_escaped(arrow.shape)}"|' if arrow.shape else ""
    return f"{number[arrow.source]} {line}{label} {target}"


def _escaped(text: str) -> str:
    """Replaces every character that could be syntax by its code: `#35;`."""
    return "".join(
        character if character.isalnum() or character in " .,_-×·?" else f"#{ord(character)};"
        for character in text
    )
