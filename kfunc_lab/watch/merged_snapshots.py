"""Merges the graphs of several snapshots, so that a call keeps its place from step to step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kfunc_lab.graph.model.layer_graph import Call, Edge, LayerGraph, unused_id
from kfunc_lab.live.snapshot import Snapshot


@dataclass(frozen=True)
class MergedSnapshots:
    """The graphs of several snapshots, merged into one.

    Attributes:
        graph: All calls of all snapshots.
        ids: Maps the serial number of each call to its id in that graph.
    """

    graph: LayerGraph
    ids: Mapping[int, str]

    def items(self, snapshot: Snapshot) -> dict[str, str]:
        """Maps the ids of a snapshot's calls and groups to their ids in the merged graph."""
        return {item: self.ids[serial] for item, serial in snapshot.serials.items()}


def merge_snapshots(snapshots: Sequence[Snapshot]) -> MergedSnapshots:
    """Merges the graphs of several snapshots.

    Args:
        snapshots: The snapshots, in order of time.

    Returns:
        The last graph, with the calls that only earlier snapshots have.
    """
    last = snapshots[-1]
    graph = last.graph
    ids = {serial: item for item, serial in last.serials.items()}
    used = {*graph.call_of, *graph.group_of}
    calls: list[Call] = []
    edges: list[Edge] = []
    for snapshot in reversed(snapshots[:-1]):
        removed = {
            item: serial for item, serial in snapshot.serials.items() if serial not in ids
        }
        for item, serial in removed.items():
            call = snapshot.graph.call_of.get(item)
            if call is None:  # a nested model: once removed, one box is enough
                group = snapshot.graph.group_of[item]
                call = Call(item, group.layer, group.kind, item, parameters=group.parameters)
            ids[serial] = unused_id(item, used)
            used.add(ids[serial])
            calls.append(replace(call, id=ids[serial], layer_id=ids[serial]))
        known = {item: ids[serial] for item, serial in snapshot.serials.items()}
        edges += [
            replace(edge, source=known[edge.source], target=known[edge.target])
            for edge in snapshot.graph.edges
            if edge.target in removed and edge.source in known
        ]
    merged = replace(graph, calls=(*graph.calls, *calls), edges=(*graph.edges, *edges))
    return MergedSnapshots(merged, ids)
