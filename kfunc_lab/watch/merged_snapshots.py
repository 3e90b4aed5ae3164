"""Merges the graphs of several snapshots, so that a call keeps its place from step to step."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kfunc_lab.graph.model.folding import ancestors
from kfunc_lab.graph.model.layer_graph import Edge, LayerGraph, unused_id
from kfunc_lab.live.snapshot import Snapshot

# What identifies a call or group in all snapshots: the serial number of the outermost call around
# it, and the rest of its id.
_Key = tuple[int, str]


@dataclass(frozen=True)
class MergedSnapshots:
    """The graphs of several snapshots, merged into one.

    Attributes:
        graph: All calls, edges and groups of all snapshots, each as the latest snapshot has it.
        ids: Maps the key of each call and group to its id in that graph.
    """

    graph: LayerGraph
    ids: Mapping[_Key, str]

    def items(self, snapshot: Snapshot) -> dict[str, str]:
        """Maps the ids of a snapshot's calls and groups to their ids in the merged graph."""
        return {item: self.ids[key] for item, key in _keys(snapshot).items()}


def merge_snapshots(snapshots: Sequence[Snapshot]) -> MergedSnapshots:
    """Merges the graphs of several snapshots.

    Args:
        snapshots: The snapshots, in order of time.

    Returns:
        The merged graph. Its lost calls are those of the last snapshot.
    """
    ids: dict[_Key, str] = {}
    used: set[str] = set()
    merged = snapshots[-1].graph
    for snapshot in reversed(snapshots):
        keys = _keys(snapshot)
        for item, key in keys.items():
            if key not in ids:
                ids[key] = unused_id(item, used)
                used.add(ids[key])
        graph = renamed(snapshot.graph, {item: ids[key] for item, key in keys.items()})
        merged = _with_missing(merged, graph)
    return MergedSnapshots(merged, ids)


def _keys(snapshot: Snapshot) -> dict[str, _Key]:
    graph = snapshot.graph
    keys = {}
    for item in {**graph.call_of, **graph.group_of}:
        outermost = [item, *ancestors(graph, item)][-1]
        keys[item] = snapshot.serials[outermost], item.removeprefix(outermost)
    return keys


def _with_missing(graph: LayerGraph, other: LayerGraph) -> LayerGraph:
    """Adds what only another graph has."""
    edges = {_ends(edge) for edge in graph.edges}
    whole = replace(
        graph,
        calls=(*graph.calls, *(it for it in other.calls if it.id not in graph.call_of)),
        edges=(*graph.edges, *(it for it in other.edges if _ends(it) not in edges)),
        groups=(*graph.groups, *(it for it in other.groups if it.id not in graph.group_of)),
    )
    return whole.with_exits(dict.fromkeys((*graph.exits, *other.exits)))


def _ends(edge: Edge) -> tuple[str, int, str, int]:
    return edge.source, edge.output, edge.target, edge.input


def renamed(graph: LayerGraph, ids: Mapping[str, str]) -> LayerGraph:
    """Returns a graph whose calls and groups have other ids.

    Args:
        graph: The graph.
        ids: The new id of each call and group.
    """

    def parent(group: str | None) -> str | None:
        return None if group is None else ids[group]

    def every(items: Iterable[str]) -> tuple[str, ...]:
        return tuple(ids[item] for item in items)

    def of_layer(item: str) -> str:  # its first call, which another graph may not show
        return ids.get(item, item)

    whole = replace(
        graph,
        calls=tuple(
            replace(
                call,
                id=ids[call.id],
                layer_id=of_layer(call.layer_id),
                group=parent(call.group),
            )
            for call in graph.calls
        ),
        edges=tuple(
            replace(edge, source=ids[edge.source], target=ids[edge.target])
            for edge in graph.edges
        ),
        groups=tuple(
            replace(
                group,
                id=ids[group.id],
                layer_id=of_layer(group.layer_id),
                parent=parent(group.parent),
                entries=every(group.entries),
                exits=tuple((ids[call], output) for call, output in group.exits),
            )
            for group in graph.groups
        ),
        inputs=every(graph.inputs),
        lost=every(graph.lost),
    )
    return whole.with_exits(
        ((ids[call], output) for call, output in graph.exits), graph.output_names
    )


def within(graph: LayerGraph, folded: LayerGraph) -> LayerGraph:
    """Returns a graph with its calls in the groups of the merged graph, which may fold blocks.

    Args:
        graph: The graph of one snapshot, with the ids of the merged graph.
        folded: The merged graph with the groups that can be folded.
    """
    calls = tuple(replace(call, group=folded.call_of[call.id].group) for call in graph.calls)
    around = {group for call in calls for group in ancestors(folded, call.id)}
    groups = tuple(
        replace(graph.group_of.get(group.id, group), parent=group.parent)
        for group in folded.groups
        if group.id in around or group.id in graph.group_of
    )
    return replace(graph, calls=calls, groups=groups)
