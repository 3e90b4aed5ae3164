"""Compares two graphs: which calls were added, removed or changed, whatever their names.

Calls are matched by their class and settings and by their neighbours: first calls whose ancestors
and descendants are all equal, then calls with equal ancestors or equal descendants, then calls
whose neighbours are matched.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kfunc_lab.graph.model.comparing.ends import (
    differ,
    different_ends,
    tensor_names,
    with_both_exits,
)
from kfunc_lab.graph.model.comparing.union import moved_lines, union_of
from kfunc_lab.graph.model.descriptions import own_name, shape_tuple
from kfunc_lab.graph.model.layer_graph import (
    Call,
    LayerGraph,
    TensorSpec,
)
from kfunc_lab.locale import _, ngettext
from kfunc_lab.ui.text import printable


@dataclass(frozen=True)
class Change:
    """A call that is in both graphs but differs.

    Attributes:
        before: Its id in the first graph.
        after: Its id in the second graph.
        settings: The differences: a name, the value before and the value after. `None` means
            that the setting has its default; equal values name arrays of other values or
            functions of other code.
    """

    before: str
    after: str
    settings: tuple[tuple[str, object, object], ...]


@dataclass(frozen=True)
class Comparison:
    """The differences between two graphs.

    Attributes:
        before: The first graph.
        after: The second graph.
        matched: Pairs of ids of corresponding calls.
        added: The ids of the calls that only the second graph has.
        removed: The ids of the calls that only the first graph has.
        changed: The calls that are in both graphs but differ.
        ends: The differences of the model's inputs and outputs, in the form of
            `Change.settings`.
        union: Both graphs as one; removed calls may have a new id in it.
        marks: `"added"`, `"removed"` or `"changed"`, by call id in the union; also of the boxes
            of outputs, by `output_name`.
        lines: `"added"` or `"removed"` for a line between two matched calls, by the ids of its
            ends in the union.
    """

    before: LayerGraph
    after: LayerGraph
    matched: tuple[tuple[str, str], ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[Change, ...]
    ends: tuple[tuple[str, object, object], ...]
    union: LayerGraph
    marks: Mapping[str, str]
    lines: Mapping[tuple[str, str], str]


def compare_graphs(
    before: LayerGraph, after: LayerGraph, *, by_name: bool = True
) -> Comparison:
    """Finds the differences between two graphs.

    Args:
        before: The first graph.
        after: The second graph.
        by_name: Whether calls with the same chosen name belong together, even if other calls
            have the same neighbours.

    Returns:
        The differences. A name that Keras chose, such as "dense_3", is not a difference, nor is
        a shape or parameter count that only follows from another change.

    Example:
        >>> def graph(units):
        ...     return LayerGraph("m", "", (Call("d", "d", "Dense", "d", settings=units),), ())
        >>> compare_graphs(graph({"units": 64}), graph({"units": 32})).changed
        (Change(before='d', after='d', settings=(('units', 64, 32),)),)
    """
    matched = _Matching(before, after, by_name).pairs()
    matched_after = set(matched.values())
    removed = tuple(call.id for call in before.calls if call.id not in matched)
    added = tuple(call.id for call in after.calls if call.id not in matched_after)
    changed = tuple(_changes(before, after, matched))
    lines = moved_lines(before, after, matched)
    union, ids = union_of(before, after, matched, lines)
    ends = tuple(different_ends(before, after, matched))
    union, output_marks = with_both_exits(before, union, ids)
    marks = {
        **dict.fromkeys(added, "added"),
        **{ids[call_id]: "removed" for call_id in removed},
        **{change.after: "changed" for change in changed},
        **output_marks,
    }
    return Comparison(
        before,
        after,
        tuple(matched.items()),
        added,
        removed,
        changed,
        ends,
        union,
        marks,
        lines,
    )


# ---------------------------------------------------------------------------------------------
# Matching calls


class _Side:
    """One of the graphs that are matched, with links between its calls."""

    def __init__(self, graph: LayerGraph) -> None:
        self.graph = graph
        self.ids = [call.id for call in graph.calls]
        self.sources: dict[str, list[tuple[int, str, int]]] = defaultdict(list)
        self.consumers: dict[str, list[tuple[int, str, int]]] = defaultdict(list)
        for edge in graph.edges:
            self.sources[edge.target].append((edge.input, edge.source, edge.output))
            self.consumers[edge.source].append((edge.output, edge.target, edge.input))
        # The calls inside a layer are linked to the layer, in order.
        position: dict[str | None, int] = defaultdict(int)
        for call in graph.calls:
            if call.group is not None and call.group in graph.call_of:
                position[call.group] += 1
                self.sources[call.id].append((position[call.group], call.group, -1))
                self.consumers[call.group].append((position[call.group], call.id, -1))


class _Matching:
    """Matches the calls of two graphs in passes, the most certain matches first."""

    def __init__(self, before: LayerGraph, after: LayerGraph, by_name: bool) -> None:
        self._by_name_first = by_name
        self._sides = (_Side(before), _Side(after))
        self._numbers: dict[object, int] = {}
        self._matched: dict[str, str] = {}
        self._matched_after: set[str] = set()

    def pairs(self) -> dict[str, str]:
        named = [self._features(side, _named_features) for side in self._sides]
        plain = [self._features(side, _plain_features) for side in self._sides]
        for features in (named, plain) if self._by_name_first else (plain,):
            past = [
                self._spread(side, features_of_side, True)
                for side, features_of_side in zip(self._sides, features, strict=True)
            ]
            future = [
                self._spread(side, features_of_side, False)
                for side, features_of_side in zip(self._sides, features, strict=True)
            ]
            both = [
                {call_id: (one[call_id], other[call_id]) for call_id in one}
                for one, other in zip(past, future, strict=True)
            ]
            self._match_equal(both)
            self._match_equal(past)
            self._match_equal(future)
        while self._match_neighbours():
            pass
        self._match_equal([self._by_name(side) for side in self._sides])
        while self._match_neighbours():
            pass
        self._match_equal(plain)
        order = {call_id: at for at, call_id in enumerate(self._sides[0].ids)}
        return dict(sorted(self._matched.items(), key=lambda pair: order[pair[0]]))

    def _features(
        self, side: _Side, feature: Callable[[LayerGraph, Call], object]
    ) -> dict[str, tuple[object, str]]:
        return {
            call.id: (
                self._number(feature(side.graph, call)),
                chosen_name(call) if feature is _named_features else "",
            )
            for call in side.graph.calls
        }

    def _by_name(self, side: _Side) -> dict[str, object]:
        names = {call.id: (call.kind, chosen_name(call)) for call in side.graph.calls}
        return {call_id: key for call_id, key in names.items() if key[1]}

    def _number(self, value: object) -> int:
        return self._numbers.setdefault(value, len(self._numbers))

    def _spread(
        self, side: _Side, features: Mapping[str, object], forward: bool
    ) -> dict[str, int]:
        """Numbers calls so that calls with equal ancestors (or descendants) get equal numbers."""
        numbers: dict[str, int] = {}
        links = side.sources if forward else side.consumers
        exits: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for position, (call_id, output) in enumerate(side.graph.exits):
            exits[call_id].append((position, output))
        begins = {call_id: position for position, call_id in enumerate(side.graph.inputs)}
        for call_id in side.ids if forward else reversed(side.ids):
            around = sorted(
                (at, numbers.get(other, -1), end) for at, other, end in links.get(call_id, ())
            )
            ends = begins.get(call_id, -1) if forward else tuple(exits.get(call_id, ()))
            numbers[call_id] = self._number((features[call_id], tuple(around), ends, forward))
        return numbers

    def _match_equal(self, keys: Iterable[Mapping[str, object]]) -> None:
        """Matches calls with equal keys, in graph order; of several, the one with equal sources."""
        before, after = keys
        waiting: dict[object, list[str]] = defaultdict(list)
        for call_id in self._sides[1].ids:
            if call_id not in self._matched_after and call_id in after:
                waiting[after[call_id]].append(call_id)
        for call_id in self._sides[0].ids:
            if call_id not in self._matched and call_id in before and waiting[before[call_id]]:
                candidates = waiting[before[call_id]]
                self._match(call_id, candidates.pop(self._best(call_id, candidates)))

    def _best(self, call_id: str, candidates: Sequence[str]) -> int:
        """Returns the index of the candidate that takes the most matches of the call's sources."""
        if len(candidates) == 1:
            return 0
        sources, others = (side.sources for side in self._sides)
        wanted = {self._matched.get(source) for _at, source, _end in sources.get(call_id, ())}
        counts = [
            sum(source in wanted for _at, source, _end in others.get(candidate, ()))
            for candidate in candidates
        ]
        return counts.index(max(counts))

    def _match(self, before: str, after: str) -> None:
        self._matched[before] = after
        self._matched_after.add(after)

    def _match_neighbours(self) -> bool:
        """Matches calls of the same class that lie between matched calls."""
        progress = False
        for call_id in self._sides[0].ids:
            if call_id in self._matched:
                continue
            best = max(self._candidates(call_id), default=None)
            if best is not None:
                self._match(call_id, best[1])
                progress = True
        return progress

    def _candidates(self, call_id: str) -> Iterator[tuple[tuple[int, ...], str]]:
        mine, other = self._sides
        call = mine.graph.call_of[call_id]
        votes: dict[str, int] = defaultdict(int)
        for links, back in ((mine.sources, other.consumers), (mine.consumers, other.sources)):
            for _at, neighbour, _end in links.get(call_id, ()):
                for _at2, candidate, _end2 in back.get(self._matched.get(neighbour, ""), ()):
                    votes[candidate] += 1
        for candidate, count in votes.items():
            twin = other.graph.call_of[candidate]
            if candidate not in self._matched_after and twin.kind == call.kind:
                same_name = chosen_name(call) == chosen_name(twin)
                alike = hashable_settings(call.settings) == hashable_settings(twin.settings)
                yield (count, same_name, alike, -other.ids.index(candidate)), candidate


def _named_features(graph: LayerGraph, call: Call) -> object:
    return (_plain_features(graph, call), chosen_name(call))


def _plain_features(_graph: LayerGraph, call: Call) -> object:
    input_shapes = tuple(map(_shape, call.outputs)) if not call.inputs else ()
    contents = hashable_settings(call.digests)
    return (call.kind, hashable_settings(call.settings), contents, input_shapes)


def _shape(tensor: TensorSpec) -> object:
    return (tensor.shape, tensor.dtype)


def chosen_name(call: Call) -> str:
    """Returns a layer's name if a person chose it, unlike "conv2d_12" for a Conv2D."""
    name = call.layer
    if call.group is not None:  # as Bidirectional names its layers
        name = name.removeprefix("forward_").removeprefix("backward_")
    return own_name(name, call.kind) and call.layer


def hashable_settings(value: object) -> object:
    """Converts settings to a hashable value."""
    if isinstance(value, Mapping):
        return tuple(
            sorted((str(name), hashable_settings(item)) for name, item in value.items())
        )
    if isinstance(value, (list, tuple)):
        return tuple(map(hashable_settings, value))
    return repr(value)


# ---------------------------------------------------------------------------------------------
# Differences


def _changes(
    before: LayerGraph, after: LayerGraph, matched: Mapping[str, str]
) -> Iterator[Change]:
    matched_after = frozenset(matched.values())
    for one, other in matched.items():
        calls = before.call_of[one], after.call_of[other]
        settings = tuple(_differences(before, after, *calls, matched, matched_after))
        if settings:
            yield Change(one, other, settings)


def _differences(
    before: LayerGraph,
    after: LayerGraph,
    one: Call,
    other: Call,
    matched: Mapping[str, str],
    matched_after: frozenset[str],
) -> Iterator[tuple[str, object, object]]:
    if (chosen_name(one) or chosen_name(other)) and one.layer != other.layer:
        yield "name", one.layer, other.layer
    settings = tuple(_different_settings(one, other))
    yield from settings
    # Of equal inputs, equal settings make equal outputs: what differs then is out of sight.
    if not one.inputs or (not settings and one.inputs == other.inputs):
        shapes = [tuple(map(shape_tuple, call.outputs)) for call in (one, other)]
        types = [tuple(tensor.dtype for tensor in call.outputs) for call in (one, other)]
        if shapes[0] != shapes[1]:
            yield "shape", ", ".join(shapes[0]), ", ".join(shapes[1])
        if types[0] != types[1] and "dtype" not in [name for name, _old, _new in settings]:
            yield "dtype", ", ".join(types[0]), ", ".join(types[1])
    if one.parameters and other.parameters:
        frozen = [not call.trainable_parameters for call in (one, other)]
        counts = [call.trainable_parameters for call in (one, other)]
        if frozen[0] != frozen[1]:
            yield "trainable", not frozen[0], not frozen[1]
        elif one.parameters == other.parameters and counts[0] != counts[1]:
            yield "trainable", counts[0], counts[1]
    yield from _rewiring(before, after, one, other, matched, matched_after)


def _different_settings(one: Call, other: Call) -> Iterator[tuple[str, object, object]]:
    named = {"class": one.kind}
    names = dict.fromkeys((*one.settings, *other.settings, *one.digests, *other.digests))
    is_different = False
    # Attributes come last, and only if nothing else tells: they repeat what settings say.
    for name in sorted(names, key=lambda name: name.startswith(".")):
        if is_different and name.startswith("."):
            return
        old, new = (call.settings.get(name, named.get(name)) for call in (one, other))
        digests = one.digests.get(name), other.digests.get(name)
        if hashable_settings(old) != hashable_settings(new) or digests[0] != digests[1]:
            is_different = True
            yield name, old, new


def _rewiring(
    before: LayerGraph,
    after: LayerGraph,
    one: Call,
    other: Call,
    matched: Mapping[str, str],
    matched_after: frozenset[str],
) -> Iterator[tuple[str, object, object]]:
    old, new = before.taken.get(one.id, []), after.taken.get(other.id, [])
    if differ(old, new, matched, matched_after):
        yield "inputs", tensor_names(before, old), tensor_names(after, new)
    if one.id in before.group_of and other.id in after.group_of:  # wrappers
        left, leaves = before.group_of[one.id].exits, after.group_of[other.id].exits
        if differ(left, leaves, matched, matched_after):
            yield "returns", tensor_names(before, left), tensor_names(after, leaves)
    partners = {matched.get(call_id) for call_id in before.calls_by_layer[one.layer_id]} - {
        None
    }
    twins = set(after.calls_by_layer[other.layer_id]) & matched_after
    if partners != twins and (one.parameters or other.parameters):
        old_twins, new_twins = (
            ", ".join(sorted(str(call_id) for call_id in group if call_id != other.id)) or None
            for group in (partners, twins)
        )
        yield "shared with", old_twins, new_twins


# ---------------------------------------------------------------------------------------------
# Text


def comparison_title(comparison: Comparison) -> str:
    """Summarises the differences in one line."""
    names = [
        printable(graph.name) or _("so far") for graph in (comparison.before, comparison.after)
    ]
    differences = (comparison.added, comparison.removed, comparison.changed, comparison.ends)
    if not any(differences):
        return _("{before} → {after}: no difference").format(before=names[0], after=names[1])
    counts = ", ".join(
        filter(
            None,
            [
                _count(
                    len(comparison.added),
                    ngettext("{n} added", "{n} added", len(comparison.added)),
                ),
                _count(
                    len(comparison.removed),
                    ngettext("{n} removed", "{n} removed", len(comparison.removed)),
                ),
                _count(
                    len(comparison.changed),
                    ngettext("{n} changed", "{n} changed", len(comparison.changed)),
                ),
                _("other inputs or outputs") if comparison.ends else "",
            ],
        )
    )
    heading = f"{names[0]} → {names[1]}: {counts}"
    old, new = comparison.before.parameters, comparison.after.parameters
    if old == new:
        return heading
    return heading + "; " + _("parameters {old} → {new}").format(old=f"{old:,}", new=f"{new:,}")


def _count(count: int, template: str) -> str:
    return template.format(n=count) if count else ""


def comparison_lines(comparison: Comparison) -> list[str]:
    """Lists the differences, one on each line: `+` added, `-` removed, `~` changed."""
    return [
        *_lines("+", comparison.after, comparison.added),
        *_lines("-", comparison.before, comparison.removed),
        *(
            f"~ {printable(change.after)}: " + "; ".join(map(_setting, change.settings))
            for change in comparison.changed
        ),
        *(f"~ {_end(end)}" for end in comparison.ends),
    ]


def _end(end: tuple[str, object, object]) -> str:
    name, old, new = end
    template = {
        "inputs": _("inputs of the model: {before} → {after}"),
        "outputs": _("outputs of the model: {before} → {after}"),
    }[name]
    return template.format(before=_value(old), after=_value(new))


def _lines(sign: str, graph: LayerGraph, call_ids: Iterable[str]) -> Iterator[str]:
    """Lists the calls that only one graph has; a whole group takes one line."""
    ids = set(call_ids)
    whole = {
        group for group, calls in graph.calls_inside.items() if calls and ids.issuperset(calls)
    }
    reported: set[str] = set()
    for call_id in call_ids:
        group, outermost = graph.call_of[call_id].group, None
        while group is not None:
            outermost = group if group in whole else outermost
            group = graph.group_of[group].parent
        if outermost is None:
            yield f"{sign} {printable(call_id)} ({printable(graph.call_of[call_id].kind)})"
        elif outermost not in reported and outermost not in graph.call_of:
            count = len(graph.calls_inside[outermost])
            calls = ngettext("{n} call", "{n} calls", count).format(n=f"{count:,}")
            kind = printable(graph.group_of[outermost].kind)
            yield f"{sign} {printable(outermost)} ({kind}, {calls})"
        reported.add(outermost or "")


def _setting(setting: tuple[str, object, object]) -> str:
    name, old, new = setting
    if name == "shared with":
        before, after = (
            _("no other call") if names is None else _value(names) for names in (old, new)
        )
        return _("shared with {before} → {after}").format(before=before, after=after)
    if old is None and new is None:
        return _("{name}: other contents").format(name=printable(name.lstrip(".")))
    if hashable_settings(old) == hashable_settings(new):
        value = _value(old)
        if "array(" in value:
            return _("{name} {value}: other values").format(name=printable(name), value=value)
        return _("{name} {value}: other code").format(name=printable(name), value=value)
    return f"{printable(name)} {_value(old)} → {_value(new)}"


def _value(value: object) -> str:
    if value is None:
        return _("default")
    text = printable(value if isinstance(value, str) else repr(value))
    return text if len(text) <= 120 else text[:119] + "…"
