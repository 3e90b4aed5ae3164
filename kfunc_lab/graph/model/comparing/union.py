"""Joins two compared graphs to one, and finds the lines that only one of them has."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from heapq import heappop, heappush

from kfunc_lab.graph.model.layer_graph import Call, Edge, Group, LayerGraph, unused_id


def union_of(
    before: LayerGraph,
    after: LayerGraph,
    matched: Mapping[str, str],
    lines: Mapping[tuple[str, str], str],
) -> tuple[LayerGraph, dict[str, str]]:
    """Returns one graph with the calls of both, and the new id of each call of the first."""
    used = {*after.call_of, *after.group_of}
    removed = [call.id for call in before.calls if call.id not in matched]
    ids = dict(matched)
    for call_id in removed:
        ids[call_id] = unused_id(call_id, used)
        used.add(ids[call_id])
    groups, group_ids = _union_groups(before, after, ids, used)
    gone = [
        replace(
            before.call_of[call_id],
            id=ids[call_id],
            layer_id="before/" + before.call_of[call_id].layer_id,
            group=group_ids.get(before.call_of[call_id].group or ""),
        )
        for call_id in removed
    ]
    known = {(edge.source, edge.output, edge.target, edge.input) for edge in after.edges}
    matched_before = set(matched)
    edges = list(after.edges)
    for edge in before.edges:
        moved = Edge(ids[edge.source], edge.output, ids[edge.target], edge.input, edge.tensor)
        both = edge.source in matched_before and edge.target in matched_before
        key = (moved.source, moved.output, moved.target, moved.input)
        cut = lines.get((moved.source, moved.target)) == "removed"
        if cut if both else key not in known:
            edges.append(moved)
    calls = _in_order([*after.calls, *gone], edges)
    union = replace(after, calls=calls, edges=tuple(edges), groups=groups)
    return union, ids


def moved_lines(
    before: LayerGraph, after: LayerGraph, matched: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    """Finds the lines between matched calls that only one of the graphs has.

    A line does not count as moved if a call was merely inserted into it or removed from it.
    """
    back = {other: one for one, other in matched.items()}
    old = {
        (matched[edge.source], matched[edge.target])
        for edge in before.edges
        if edge.source in matched and edge.target in matched
    }
    new = {
        (edge.source, edge.target)
        for edge in after.edges
        if edge.source in back and edge.target in back
    }
    removed = {ends for ends in old - new if not _joined_through(after, ends, back)}
    added = {
        (source, target)
        for source, target in new - old
        if not _joined_through(before, (back[source], back[target]), matched)
    }
    return {
        **dict.fromkeys(sorted(removed), "removed"),
        **dict.fromkeys(sorted(added), "added"),
    }


def _joined_through(graph: LayerGraph, ends: tuple[str, str], known: Mapping[str, str]) -> bool:
    """Tells whether calls that only this graph has connect two calls."""
    waiting, seen = [ends[1]], {ends[1]}
    while waiting:
        for source in graph.sources.get(waiting.pop(), ()):
            if source == ends[0]:
                return True
            if source not in known and source not in seen:
                seen.add(source)
                waiting.append(source)
    return False


def _union_groups(
    before: LayerGraph, after: LayerGraph, ids: Mapping[str, str], used: set[str]
) -> tuple[tuple[Group, ...], dict[str, str]]:
    """Returns the groups of both graphs, and the new id of each group of the first."""
    votes: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for call in before.calls:
        twin = after.call_of.get(ids[call.id])
        if call.group and twin and twin.group:
            votes[call.group][twin.group] += 1
    groups = list(after.groups)
    new_ids: dict[str, str] = {}
    for group in before.groups:
        if votes[group.id]:
            new_ids[group.id] = max(
                votes[group.id], key=lambda candidate: votes[group.id][candidate]
            )
        elif group.id in before.call_of:
            new_ids[group.id] = ids[group.id]
            if ids[group.id] not in after.group_of:
                groups.append(_moved(group, ids[group.id], new_ids, ids))
        else:
            new_ids[group.id] = unused_id(group.id, used)
            used.add(new_ids[group.id])
            groups.append(_moved(group, new_ids[group.id], new_ids, ids))
    return tuple(groups), new_ids


def _moved(
    group: Group, group_id: str, new_ids: Mapping[str, str], ids: Mapping[str, str]
) -> Group:
    return replace(
        group,
        id=group_id,
        layer_id="before/" + group.layer_id,
        parent=new_ids.get(group.parent or ""),
        entries=tuple(ids[entry] for entry in group.entries),
        exits=tuple((ids[call_id], output) for call_id, output in group.exits),
    )


def _in_order(calls: list[Call], edges: Iterable[Edge]) -> tuple[Call, ...]:
    """Sorts calls topologically; calls in a cycle come last."""
    position = {call.id: index for index, call in enumerate(calls)}
    consumers: dict[str, list[str]] = defaultdict(list)
    missing: dict[str, int] = defaultdict(int)
    for edge in edges:
        consumers[edge.source].append(edge.target)
        missing[edge.target] += 1
    ready = [index for index, call in enumerate(calls) if not missing[call.id]]
    ordered: list[Call] = []
    while ready:
        call = calls[heappop(ready)]
        ordered.append(call)
        for consumer in consumers[call.id]:
            missing[consumer] -= 1
            if not missing[consumer]:
                heappush(ready, position[consumer])
    done = {call.id for call in ordered}
    return (*ordered, *(call for call in calls if call.id not in done))
