"""The graphs of several moments as one, so that each keeps its place from step to step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kfunc_lab.graph.model.layer_graph import Call, Edge, LayerGraph, unused_id
from kfunc_lab.live.snapshot import Snapshot


@dataclass(frozen=True)
class Union:
    """The graphs of several moments as one.

    Attributes:
        graph: All calls that were there at any of them.
        ids: For the number of each call its id in that graph.
    """

    graph: LayerGraph
    ids: Mapping[int, str]

    def items(self, snapshot: Snapshot) -> dict[str, str]:
        """Returns for each call and group of a moment its id in the common graph."""
        return {item: self.ids[serial] for item, serial in snapshot.serials.items()}


def united(snapshots: Sequence[Snapshot]) -> Union:
    """Puts the graphs of several moments together.

    Args:
        snapshots: The moments, one after the other.

    Returns:
        The last graph, and the calls that were gone by then.
    """
    last = snapshots[-1]
    graph = last.graph
    ids = {serial: item for item, serial in last.serials.items()}
    used = {*graph.call_of, *graph.group_of}
    calls: list[Call] = []
    edges: list[Edge] = []
    for snapshot in reversed(snapshots[:-1]):
        gone = {it: serial for it, serial in snapshot.serials.items() if serial not in ids}
        for item, serial in gone.items():
            call = snapshot.graph.call_of.get(item)
            if call is None:  # a nested model: one box is enough for what is gone
                group = snapshot.graph.group_of[item]
                call = Call(item, group.layer, group.kind, item, parameters=group.parameters)
            ids[serial] = unused_id(item, used)
            used.add(ids[serial])
            calls.append(replace(call, id=ids[serial], layer_id=ids[serial]))
        known = {item: ids[serial] for item, serial in snapshot.serials.items()}
        edges += [
            replace(edge, source=known[edge.source], target=known[edge.target])
            for edge in snapshot.graph.edges
            if edge.target in gone and edge.source in known
        ]
    whole = replace(graph, calls=(*graph.calls, *calls), edges=(*graph.edges, *edges))
    return Union(whole, ids)
