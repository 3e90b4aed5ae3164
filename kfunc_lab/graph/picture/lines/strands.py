"""Draws the many tensors between the same two boxes as one line, and lays out only that."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace

from kfunc_lab.graph.model.levels import Key, Level, Wire
from kfunc_lab.graph.picture.placed import Layout

_MANY = 4  # lines between the same ends


def without_parallel_wires(level: Level) -> Level:
    """Keeps one of the many lines between the same ends; a level with few stays as it is."""
    ends = _ends(level)
    wires: dict[Hashable, list[Wire]] = defaultdict(list)
    for wire in level.wires:
        wires[ends(wire)].append(wire)
    if all(len(same) < _MANY for same in wires.values()):
        return level
    kept = {
        id(wire)
        for same in wires.values()
        for wire in (same[:1] if len(same) >= _MANY else same)
    }
    return replace(level, wires=tuple(wire for wire in level.wires if id(wire) in kept))


def with_parallel_wires(level: Level, layout: Layout) -> Layout:
    """Adds the lines that were left out: each runs along the one that was kept.

    Args:
        level: The level with all its lines.
        layout: The layout of the level `without_parallel_wires`.

    Returns:
        The same layout with a line for each wire, in the order of the level.
    """
    ends = _ends(level)
    kept = {ends(line.wire): line for line in layout.lines}
    own = {(line.wire.source, line.wire.target, line.wire.key): line for line in layout.lines}
    lines = [
        own.get((wire.source, wire.target, wire.key))
        or replace(kept[ends(wire)], wire=wire, label="")
        for wire in level.wires
    ]
    entries, exits = dict(layout.entries), dict(layout.exits)
    axis = int(layout.right)
    for line in lines:
        if line.wire.source is None:
            entries.setdefault(line.wire.key, line.points[axis])
        if line.wire.target is None:
            exits.setdefault(line.wire.key, line.points[axis - 2])
    return replace(layout, lines=tuple(lines), entries=entries, exits=exits)


def _ends(level: Level) -> Callable[[Wire], Hashable]:
    """Returns what is equal for lines between the same ends.

    Tensors that enter a level and lead to the same boxes begin at one port, and those that leave
    it from the same boxes end at one.
    """
    targets: dict[Key, set[str | None]] = defaultdict(set)
    sources: dict[Key, set[str | None]] = defaultdict(set)
    for wire in level.wires:
        if wire.source is None:
            targets[wire.key].add(wire.target)
        if wire.target is None:
            sources[wire.key].add(wire.source)
    entry, exit_ = _forms(targets), _forms(sources)

    def ends(wire: Wire) -> Hashable:
        return (
            entry[wire.key] if wire.source is None else wire.source,
            exit_[wire.key] if wire.target is None else wire.target,
        )

    return ends


def _forms(boxes: Mapping[Key, set[str | None]]) -> dict[Key, Hashable]:
    """Gives the tensors at a port to the same boxes one form, if they are many."""
    forms = {key: frozenset(ends) for key, ends in boxes.items()}
    counts: dict[Hashable, int] = defaultdict(int)
    for form in forms.values():
        counts[form] += 1
    return {key: form if counts[form] >= _MANY else key for key, form in forms.items()}
