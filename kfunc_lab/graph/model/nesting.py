"""The members of each group of a graph, and which of them feed each other."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from kfunc_lab.graph.model.layer_graph import LayerGraph


@dataclass(frozen=True)
class Nesting:
    """The direct members of each group and the tensors between them.

    Attributes:
        items: The members of each group, in graph order; `None` for the top.
        feeding: For each group, the members that feed each of its members.
    """

    items: Mapping[str | None, list[str]]
    feeding: Mapping[str | None, Mapping[str, list[str]]]


def nesting_of(graph: LayerGraph) -> Nesting:
    """Lists the members of each group, and the members of the same group that feed each."""
    parents = parents_of(graph)
    items: dict[str | None, dict[str, None]] = defaultdict(dict)
    for call in graph.calls:
        for item in path_of(call.id, parents):
            items[parents[item]][item] = None
    feeding: dict[str | None, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for edge in graph.edges:
        source, target = path_of(edge.source, parents), path_of(edge.target, parents)
        while source and target and source[-1] == target[-1]:
            source.pop()
            target.pop()
        if source and target:
            feeding[parents[target[-1]]][target[-1]].append(source[-1])
    return Nesting({parent: list(inside) for parent, inside in items.items()}, feeding)


def parents_of(graph: LayerGraph) -> dict[str, str | None]:
    """Returns the group that contains each call and each group; a group hides its call."""
    parents: dict[str, str | None] = {call.id: call.group for call in graph.calls}
    return parents | {group.id: group.parent for group in graph.groups}


def path_of(item: str, parents: Mapping[str, str | None]) -> list[str]:
    """Returns an item and the groups around it, the innermost first."""
    path = [item]
    while (parent := parents[path[-1]]) is not None:
        path.append(parent)
    return path
