"""Finds the blocks that a model repeats and puts each run of them into a group.

The names of calls ("conv2_block1_…", "conv2_block2_…") or equal structure identify a run. Its
blocks are intervals of one topological order, so no path leaves a block and returns to it: the
graph of folded blocks has no cycle.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np

from kfunc_lab.graph.model.layer_graph import Call, Group, LayerGraph, unused_id
from kfunc_lab.graph.model.nesting import nesting_of, parents_of, path_of
from kfunc_lab.graph.model.siblings import Siblings, common_name, equal_branches

_MIN_AVERAGE = 4  # calls in a named block: fewer are one layer with its normalisation
_MIN_COVERED = 8  # calls in a run of equal structure
_MAX_BLOCK = 150  # calls in a block of equal structure
_MAX_GAP = 4  # unnamed calls between named blocks
_MIN_SIMILARITY = 0.8  # share of the calls that a neighbour has in common with a block
_SECTION = range(30, 151)  # numbers of calls between runs for which a box is worthwhile
_MANY_BOXES = 30  # beside each other in one level: then short sections get a box too
_SHORT_SECTION = range(5, 151)
_MAX_PARTS = 60  # boxes in one run; a longer run is split into spans of equal length
_MAX_SIDE_BY_SIDE = 8  # parallel branches in one box; more are split as well
_ACTIVATION = re.compile(
    r"Activation|.*R[eE]LU|.*elu$|Relu|Silu|Gelu|Softmax|Sigmoid|Tanh|.*Dropout"
)
_NORMALISATION = re.compile(r".*Normalization")
_MANY = 3  # calls with so many sources or more are alike

# The part of a name that numbers a block: the "3" of "block_3", the "b" of "block2b".
_NUMBERED = re.compile(r"(?<=[0-9])[a-z](?![A-Za-z0-9])|[0-9]+(?![A-Za-z0-9])")


@dataclass(frozen=True)
class _Sequence:
    """Items in topological order, and the properties of each.

    Attributes:
        items: Their ids.
        names: Their names.
        kinds: Their classes.
        sources: For each item, the positions of the items that feed it.
        tokens: A number for each item, equal for items of the same class and number of inputs.
        crossing: The number of tensors that cross the cut before each item.
        weights: Their numbers of parameters.
    """

    items: list[str]
    names: list[str]
    kinds: list[str]
    sources: list[list[int]]
    tokens: np.ndarray
    crossing: list[int]
    weights: list[int]


@dataclass(frozen=True)
class _Run:
    """Consecutive blocks in a sequence of items."""

    name: str
    starts: tuple[int, ...]  # the start of each block, and the end of the last one
    block_names: tuple[str, ...]

    @property
    def span(self) -> tuple[int, int]:
        return self.starts[0], self.starts[-1]


def group_repeats(graph: LayerGraph) -> LayerGraph:
    """Adds a group for each run of repeated blocks, and one for each block in it.

    Args:
        graph: The graph as read.

    Returns:
        The same calls and edges with more groups; the same graph if nothing repeats.

    Example:
        >>> calls = tuple(Call(f"d_{n}", f"d_{n}", "Dense", f"d_{n}") for n in range(12))
        >>> [group.id for group in group_repeats(LayerGraph("m", "", calls, ())).groups]
        ['d ×12']
    """
    grouping = _Grouping(graph)
    for parent in [None, *(group.id for group in graph.groups)]:
        if parent not in graph.call_of:  # inside a layer there are no edges to compare
            grouping.fold_level(parent)
    return grouping.result()


class _Grouping:
    """Collects the new groups and the new parent of each item."""

    def __init__(self, graph: LayerGraph) -> None:
        self._graph = graph
        self._parent = parents_of(graph)
        self._original = dict(self._parent)
        self._groups: dict[str, Group] = dict(graph.group_of)
        nesting = nesting_of(graph)
        self._items, self._feeding = nesting.items, nesting.feeding
        self._position: dict[str, int] = {}
        self._kinds: dict[str, str] = {}  # of the new groups of parallel branches
        self._long: list[tuple[str, tuple[str, ...]]] = []  # branches to fold in turn
        self._outputs = set(graph.outputs)

    def fold_level(self, parent: str | None) -> None:
        items, feeding = self._items.get(parent, []), self._feeding.get(parent, {})
        self._fold(parent, items, feeding, 0)

    def _fold(
        self, parent: str | None, items: list[str], feeding: Mapping[str, list[str]], first: int
    ) -> None:
        """Folds some items of a group; `first` is the position of their first."""
        members: dict[str, list[str]] = {item: [item] for item in items}
        reduced, joined = self._fold_siblings(parent, items, feeding, members)
        candidates = [reduced]
        by_depth = _by_depth(reduced, joined, self._kind)
        if by_depth != reduced:
            candidates.append(by_depth)
        results = [(order, _runs(self._sequence(order, joined))) for order in candidates]
        order, runs = min(results, key=lambda result: _boxes(result[1], len(reduced)))
        position = first
        for item in order:
            for member in members[item]:
                self._position[member] = position
                position += 1
        for run in runs:
            self._add_run(run, order, parent)
        while self._long:
            block, inside = self._long.pop()
            own = {
                item: [it for it in feeding.get(item, ()) if it in inside] for item in inside
            }
            self._fold(block, list(inside), own, self._position[inside[0]])

    def _fold_siblings(
        self,
        parent: str | None,
        items: list[str],
        feeding: Mapping[str, list[str]],
        members: dict[str, list[str]],
    ) -> tuple[list[str], Mapping[str, list[str]]]:
        """Replaces parallel branches of equal structure by one item; `members` gets theirs."""
        box: dict[str, str] = {}
        for found in equal_branches(items, feeding, self._structure, self._settings):
            run_id = self._add_siblings(found, parent)
            inside = [item for branch in found.branches for item in branch]
            members[run_id] = inside
            box.update(dict.fromkeys(inside, run_id))
        if not box:
            return items, feeding
        joined: dict[str, list[str]] = defaultdict(list)
        for item in items:
            target = box.get(item, item)
            for source in feeding.get(item, ()):
                if box.get(source, source) not in (target, *joined[target]):
                    joined[target].append(box.get(source, source))
        reduced = list(dict.fromkeys(box.get(item, item) for item in items))
        return _in_order(reduced, joined), joined

    def _add_siblings(self, found: Siblings, parent: str | None) -> str:
        names = [[item.rpartition("/")[2] for item in branch] for branch in found.branches]
        weights = [_weight(self._graph, self._groups, item) for item in found.branches[0]]
        kinds = list(map(self._kind, found.branches[0]))
        name, block_names = _sibling_names(names, kinds, weights)
        run_id = self._add(f"{name} ×{len(names)}", name, parent, len(names))
        parts = []
        for block_name, branch in zip(block_names, found.branches, strict=True):
            part = branch[0]
            if len(branch) > 1:
                part = self._add(block_name, block_name, run_id, 1)
                self._move(branch, part)
                self._long += [(part, branch)] if len(branch) in _SECTION else []
            else:
                self._move(branch, run_id)
            parts.append(part)
        self._split(parts, run_id, name, 1, _MAX_SIDE_BY_SIDE)
        self._kinds[run_id] = f"×{len(names)} " + " ".join(kinds)
        return run_id

    def _add_run(self, run: _Run, order: Sequence[str], parent: str | None) -> None:
        blocks = [list(order[start:end]) for start, end in pairwise(run.starts)]
        if len(blocks) == 1:
            self._move(blocks[0], self._add(run.name, run.name, parent, 1))
            return
        run_id = self._add(f"{run.name} ×{len(blocks)}", run.name, parent, len(blocks))
        parts = []
        for name, members in zip(run.block_names, blocks, strict=True):
            if len(members) > 1:
                block = self._add(name, name, run_id, 1)
                self._move(members, block)
                parts.append(block)
            else:
                self._move(members, run_id)
                parts += members
        self._split(parts, run_id, run.name, 1)

    def _split(
        self, parts: list[str], parent: str, name: str, first: int, most: int = _MAX_PARTS
    ) -> None:
        """Inserts spans of equal length between a long run and its parts."""
        if len(parts) <= most:
            return
        length = max(2, round(len(parts) ** 0.5)) if len(parts) < 10_000 else len(parts) // 100
        length = max(length, -(-len(parts) // most))
        for start in range(0, len(parts), length):
            members = parts[start : start + length]
            numbers = f"{first + start}–{first + start + len(members) - 1}"
            span = self._add(f"{name} {numbers}", f"{name} {numbers}", parent, 1)
            self._move(members, span)
            self._split(members, span, name, first + start, most)

    def _add(self, name: str, layer: str, parent: str | None, count: int) -> str:
        around = self._outer_model(parent)
        group_id = unused_id(f"{around}/{name}" if around else name, self._parent)
        self._parent[group_id] = parent
        self._groups[group_id] = Group(group_id, layer, "", group_id, parent, count=count)
        return group_id

    def _outer_model(self, parent: str | None) -> str | None:
        while parent is not None and parent not in self._graph.group_of:
            parent = self._parent[parent]
        return parent

    def _move(self, members: Sequence[str], parent: str) -> None:
        for member in members:
            self._parent[member] = parent

    def _kind(self, item: str) -> str:
        call = self._graph.call_of.get(item)
        return self._kinds.get(item) or (self._groups[item].kind if call is None else call.kind)

    def _structure(self, item: str) -> Hashable:
        """Returns what similar items have in common; similar models have the same calls."""
        inside = self._graph.calls_inside.get(item, ())
        kinds = tuple(self._graph.call_of[call].kind for call in inside)
        is_output = not self._outputs.isdisjoint((item, *inside))
        return self._kind(item), kinds, item in self._graph.lost, is_output

    def _settings(self, item: str) -> Hashable:
        """Returns what equal items have in common besides."""
        call = self._graph.call_of.get(item)
        if call is None:
            return self._groups[item].parameters
        return str(sorted(call.settings.items())), call.inputs, call.outputs

    def _sequence(self, order: list[str], feeding: Mapping[str, Sequence[str]]) -> _Sequence:
        kinds = list(map(self._kind, order))
        weights = [_weight(self._graph, self._groups, item) for item in order]
        names = [
            self._groups[item].layer if item in self._kinds else item.rpartition("/")[2]
            for item in order
        ]
        return _sequence(order, names, kinds, weights, feeding)

    def result(self) -> LayerGraph:
        if len(self._groups) == len(self._graph.groups):
            return self._graph
        calls = tuple(
            call
            if self._parent[call.id] == call.group
            else replace(call, group=self._parent[call.id])
            for call in sorted(self._graph.calls, key=self._order_of)
        )
        sizes = _sizes(calls, self._parent, self._graph.inside)
        groups = [
            _sized(replace(group, parent=self._parent[group.id]), sizes)
            for group in self._groups.values()
        ]
        depth = {group.id: _depth(group.id, self._parent) for group in groups}
        groups.sort(key=lambda group: depth[group.id])  # stable: outer groups first
        return replace(self._graph, calls=calls, groups=tuple(groups))

    def _order_of(self, call: Call) -> list[int]:
        """Returns the position of a call, after the positions of the models around it."""
        path = path_of(call.id, self._original)
        return [self._position.get(item, 0) for item in reversed(path)]


def _depth(item: str, parents: Mapping[str, str | None]) -> int:
    depth = 0
    parent = parents[item]
    while parent is not None:
        depth, parent = depth + 1, parents[parent]
    return depth


def _sizes(
    calls: Sequence[Call], parents: Mapping[str, str | None], inside: frozenset[str]
) -> Mapping[str, dict[str, tuple[int, int]]]:
    """Collects the parameters of each layer in each group; shared weights count once."""
    sizes: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for call in calls:
        if call.id in inside:
            continue
        group = call.group
        while group is not None:
            sizes[group][call.layer_id] = (call.parameters, call.trainable_parameters)
            group = parents[group]
    return sizes


def _sized(group: Group, sizes: Mapping[str, dict[str, tuple[int, int]]]) -> Group:
    if group.kind:  # a model or layer, whose parameters Keras has counted
        return group
    counts = list(sizes[group.id].values())
    return replace(
        group,
        parameters=sum(parameters for parameters, _trainable in counts),
        trainable_parameters=sum(trainable for _parameters, trainable in counts),
    )


# ---------------------------------------------------------------------------------------------
# The sequence of items that is searched for runs


def _by_depth(
    items: Sequence[str], feeding: Mapping[str, Sequence[str]], kind: Callable[[str], str]
) -> list[str]:
    """Sorts items by distance from the end, so that cells with inputs two cells back stay whole."""
    depth: dict[str, int] = dict.fromkeys(items, 0)
    for item in reversed(items):
        for source in feeding.get(item, ()):
            depth[source] = max(depth[source], depth[item] + 1)
    return sorted(items, key=lambda item: (-depth[item], kind(item)))


def _boxes(runs: Sequence[_Run], count: int) -> int:
    """Counts the visible boxes when the largest block is open and all else is folded."""
    folded = sum(run.span[1] - run.span[0] - 1 for run in runs)
    blocks = (end - start for run in runs for start, end in pairwise(run.starts))
    return count - folded + max(blocks, default=0)


def _in_order(items: Sequence[str], feeding: Mapping[str, Sequence[str]]) -> list[str]:
    """Sorts items so that each follows those that feed it, and otherwise keeps their order."""
    ordered: dict[str, None] = {}
    for item in items:
        waiting = [item]
        while waiting:
            missing = [
                source for source in feeding.get(waiting[-1], ()) if source not in ordered
            ]
            if missing:
                waiting.append(missing[0])
            else:
                ordered[waiting.pop()] = None
    return list(ordered)


def _sequence(
    order: list[str],
    names: list[str],
    kinds: list[str],
    weights: list[int],
    feeding: Mapping[str, Sequence[str]],
) -> _Sequence:
    position_of = {item: position for position, item in enumerate(order)}
    sources = [
        sorted(position_of[source] for source in feeding.get(item, ())) for item in order
    ]
    numbers: dict[tuple[str, int], int] = {}
    return _Sequence(
        items=order,
        names=names,
        kinds=kinds,
        sources=sources,
        tokens=np.array(
            [
                numbers.setdefault((kind, min(len(inputs), _MANY)), len(numbers))
                for kind, inputs in zip(kinds, sources, strict=True)
            ]
        ),
        crossing=_crossing(sources),
        weights=weights,
    )


def _runs(sequence: _Sequence) -> list[_Run]:
    """Finds runs by name, runs by structure in the rest, and sections between the runs."""
    runs = _named_runs(sequence.names, sequence.kinds)
    for start, end in _gaps(runs, len(sequence.items)):
        runs += _equal_runs(sequence, start, end)
    if not runs:
        return []
    folded = sum(run.span[1] - run.span[0] - 1 for run in runs)
    short = len(sequence.items) - folded <= _MANY_BOXES
    sections = _SECTION if short else _SHORT_SECTION
    runs += [
        _Run(_section_name(sequence, start, end), (start, end), (sequence.names[end - 1],))
        for start, end in _gaps(runs, len(sequence.items))
        if end - start in sections
    ]
    return sorted(runs, key=lambda run: run.span)


def _section_name(sequence: _Sequence, start: int, end: int) -> str:
    """Names a section by its last call, if a person chose that name; else by both ends."""
    first, last = sequence.names[start], sequence.names[end - 1]
    chosen = _stem(last).replace("_", "") != sequence.kinds[end - 1].lower()
    return last if chosen else f"{first}–{last}"


def _gaps(runs: Sequence[_Run], count: int) -> list[tuple[int, int]]:
    """Returns the spans that no run covers, including empty spans."""
    ends = [0, *(end for run in sorted(runs, key=lambda run: run.span) for end in run.span)]
    return list(zip(ends[::2], [*ends[1::2], count], strict=True))


# ---------------------------------------------------------------------------------------------
# Runs by name


def _named_runs(names: Sequence[str], kinds: Sequence[str]) -> list[_Run]:
    """Finds blocks whose names begin with the same text and a number, such as "conv2_block1_…"."""
    members: dict[str, list[int]] = defaultdict(list)
    for position, name in enumerate(names):
        for match in _NUMBERED.finditer(name):
            members[name[: match.end()]].append(position)
    families: dict[str, list[str]] = defaultdict(list)
    for prefix, positions in members.items():
        if len(positions) > 1:
            last = list(_NUMBERED.finditer(prefix))[-1]
            families[prefix[: last.start()]].append(prefix)
    candidates: list[_Run] = []
    for family, prefixes in families.items():
        prefixes.sort(key=lambda prefix: members[prefix][0])
        candidates += _adjacent_blocks(family, prefixes, members, kinds)
    candidates += _single_blocks(families, candidates, members)
    # The smallest blocks with more than one layer: "conv2_block1" rather than "conv2".
    candidates.sort(key=lambda run: (-len(run.block_names[0]), run.span))
    chosen: list[_Run] = []
    for run in candidates:
        if all(
            run.span[1] <= other.span[0] or other.span[1] <= run.span[0] for other in chosen
        ):
            chosen.append(run)
    return chosen


def _single_blocks(
    families: Mapping[str, Sequence[str]],
    runs: Sequence[_Run],
    members: Mapping[str, Sequence[int]],
) -> Iterator[_Run]:
    """Yields stages of one block, such as "block1a", beside stages of several, as "block2"."""
    forms = {re.sub(r"[0-9]+", "0", run.name) for run in runs}
    for family, prefixes in families.items():
        if len(prefixes) == 1 and re.sub(r"[0-9]+", "0", family.rstrip("_.-: ")) in forms:
            places = members[prefixes[0]]
            if len(places) >= max(_MIN_AVERAGE, 0.5 * (places[-1] + 1 - places[0])):
                yield _Run(prefixes[0], (places[0], places[-1] + 1), (prefixes[0],))


def _adjacent_blocks(
    family: str,
    prefixes: Sequence[str],
    members: Mapping[str, Sequence[int]],
    kinds: Sequence[str],
) -> Iterator[_Run]:
    """Yields the runs of consecutive blocks of one family."""
    run: list[str] = []
    gap: list[str] = []
    for prefix in [*prefixes, ""]:
        if run and prefix:
            between = list(kinds[members[run[-1]][-1] + 1 : members[prefix][0]])
            follows = members[run[-1]][-1] < members[prefix][0] and len(between) <= _MAX_GAP
            if follows and (len(run) == 1 or between == gap):
                gap = between
                run.append(prefix)
                continue
        if len(run) > 1:
            yield from _named_run(family, run, members, kinds, gap)
        run, gap = ([prefix] if prefix else []), []


def _named_run(
    family: str,
    run: Sequence[str],
    members: Mapping[str, Sequence[int]],
    kinds: Sequence[str],
    gap: Sequence[str],
) -> Iterator[_Run]:
    end = members[run[-1]][-1] + 1
    if list(kinds[end : end + len(gap)]) == list(gap):
        end += len(gap)  # the calls after each block also follow the last one
    starts = (*(members[prefix][0] for prefix in run), end)
    own = sum(len(members[prefix]) for prefix in run)
    # Most calls in a block have its name.
    if own >= _MIN_AVERAGE * len(run) and own >= 0.5 * (starts[-1] - starts[0]):
        yield _Run(family.rstrip("_.-: ") or run[0], starts, tuple(run))


# ---------------------------------------------------------------------------------------------
# Runs by structure


def _equal_runs(sequence: _Sequence, start: int, end: int) -> Iterator[_Run]:
    """Yields runs of blocks of equal structure between two positions, the best run first."""
    waiting = [(start, end)]
    while waiting:
        start, end = waiting.pop()
        best = _best_repeat(sequence, start, end)
        if best is None:
            continue
        run_name, block_names = _block_names(sequence, best)
        yield _Run(run_name, tuple(best), tuple(block_names))
        waiting += [(start, best[0]), (best[-1], end)]


def _best_repeat(sequence: _Sequence, start: int, end: int) -> list[int] | None:
    """Returns the starts of the blocks, and the end of the last, of the run that saves most."""
    part = sequence.tokens[start:end]
    best: tuple[int, int, int, int] | None = None
    for period in range(1, min(len(part) // 2, _MAX_BLOCK) + 1):
        for first, length in _stretches(part[:-period] == part[period:], period):
            saved = (length // period) * period
            if best is None or saved > best[0]:
                best = (saved, first, length, period)
    if best is None:
        return None
    _saved_boxes, first, length, period = best
    blocks = _aligned(sequence, start + first, length, period)
    if blocks is None:
        return None
    blocks = _with_similar(sequence, blocks, start, end)
    return blocks if blocks[-1] - blocks[0] >= _MIN_COVERED else None


def _with_similar(sequence: _Sequence, starts: list[int], low: int, high: int) -> list[int]:
    """Extends a run by similar blocks before and after it.

    The first block of a stage often has an additional projection.
    """
    kinds, crossing = sequence.kinds, sequence.crossing
    size = starts[1] - starts[0]
    if size == 1:
        return starts
    block = Counter(kinds[starts[0] : starts[1]])
    lengths = range(round(size * 0.7), round(size * 1.5) + 1)

    most_crossing = crossing[starts[1]]

    def cuts(begin: int, end: int) -> int:
        return sum(crossing[position] <= most_crossing for position in range(begin + 1, end))

    def similarity(span: tuple[int, int]) -> float:
        begin, end = span
        other = Counter(kinds[begin:end])
        alike = 2 * (block & other).total() / (size + end - begin)
        one_block = cuts(begin, end) <= cuts(starts[0], starts[1])
        return alike if one_block and crossing[begin] <= most_crossing else 0

    before = [
        (starts[0] - length, starts[0]) for length in lengths if starts[0] - length >= low
    ]
    after = [
        (starts[-1], starts[-1] + length)
        for length in lengths
        if starts[-1] + length <= high and crossing[starts[-1] + length] <= most_crossing
    ]
    first = max(before, key=similarity, default=None)
    last = max(after, key=similarity, default=None)
    extended = list(starts)
    if first is not None and similarity(first) >= _MIN_SIMILARITY:
        extended = [first[0], *extended]
    if last is not None and similarity(last) >= _MIN_SIMILARITY:
        extended = [*extended, last[1]]
    return extended


def _stretches(equal: np.ndarray, least: int) -> Iterator[tuple[int, int]]:
    """Yields the start and length of each stretch of at least so many true values."""
    edges = np.diff(np.concatenate(([0], equal.astype(np.int8), [0])))
    firsts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    for first, end in zip(firsts, ends, strict=True):
        if end - first >= least:
            yield int(first), int(end - first)


def _aligned(sequence: _Sequence, first: int, length: int, period: int) -> list[int] | None:
    """Chooses the starts of blocks: the fewest tensors cross, and all blocks are wired alike."""
    choices = []
    for shift in range(min(period, length + 1)):
        begin = first + shift
        count = (length + period - shift) // period
        if count < 2:
            break
        starts = [begin + period * number for number in range(count + 1)]
        alike = _longest_alike(sequence, starts, period)
        if len(alike) > 2:
            joint = _bad_joint(sequence, alike[1])
            choices.append((sequence.crossing[alike[1]], joint, shift, alike))
    if not choices:
        return None
    longest = max(len(choice[-1]) for choice in choices)
    return min(choice for choice in choices if len(choice[-1]) >= longest - 1)[-1]


def _bad_joint(sequence: _Sequence, start: int) -> int:
    """Tells how unnatural it is that a block begins at a position; 0 if it is natural.

    A person's block ends with an activation or a merge, and begins with what prepares its input.
    """
    before, first = sequence.kinds[start - 1], sequence.kinds[start]
    takes_it = sequence.sources[start] == [start - 1]
    if _ACTIVATION.match(first) or _NORMALISATION.match(first):
        # After a merge or pooling, this is the first layer of a pre-activated block.
        return 2 if sequence.weights[start - 1] or _NORMALISATION.match(before) else 1
    joins = takes_it and len(sequence.sources[start - 1]) > 1
    return int(joins and before == "Concatenate")


def _longest_alike(sequence: _Sequence, starts: Sequence[int], period: int) -> list[int]:
    """Returns the longest run of blocks whose calls have sources of the same classes.

    Parallel calls may come in a different order in each block.
    """
    kinds, sources = sequence.kinds, sequence.sources
    wiring = [
        sorted(
            (
                kinds[position],
                any(source < start for source in inputs),
                *sorted(kinds[source] for source in inputs if source >= start),
            )
            for position, inputs in enumerate(sources[start : start + period], start)
        )
        for start in starts[:-1]
    ]
    best: list[int] = []
    begin = 0
    for position in range(1, len(wiring) + 1):
        if position == len(wiring) or wiring[position] != wiring[begin]:
            if position - begin > len(best) - 1:
                best = list(starts[begin : position + 1])
            begin = position
    return best


def _crossing(sources: Sequence[Sequence[int]]) -> list[int]:
    """Counts, for each position, the earlier tensors that are used at it or later."""
    last_use: dict[int, int] = {}
    for position, inputs in enumerate(sources):
        for source in inputs:
            last_use[source] = position
    change = [0] * (len(sources) + 2)
    for source, last in last_use.items():
        change[source + 1] += 1
        change[last + 1] -= 1
    return list(accumulate(change))


def _block_names(sequence: _Sequence, starts: Sequence[int]) -> tuple[str, list[str]]:
    """Names a run and its blocks, by the names of their last calls if a person chose those."""
    names, kinds = sequence.names, sequence.kinds
    begin, end = starts[1], starts[2]  # the first block may differ
    if end - begin == 1:
        return _stem(names[begin]) or kinds[begin], [names[start] for start in starts[:-1]]
    stem = _stem(names[end - 1])
    if stem.replace("_", "") != kinds[end - 1].lower():
        return stem, [names[start - 1] for start in starts[1:]]
    heaviest = max(range(begin, end), key=lambda position: sequence.weights[position])
    stem = kinds[heaviest]
    return stem, [f"{stem} {number}" for number in range(1, len(starts))]


def _stem(name: str) -> str:
    """Returns a name without the number at its end: "mixed" for "mixed4"."""
    return re.sub(r"[_.\- ]*[0-9]+$", "", name)


def _weight(graph: LayerGraph, groups: Mapping[str, Group], item: str) -> int:
    call = graph.call_of.get(item)
    return groups[item].parameters if call is None else call.parameters


def _sibling_names(
    names: Sequence[Sequence[str]], kinds: Sequence[str], weights: Sequence[int]
) -> tuple[str, list[str]]:
    """Names parallel branches and their group, by a name that a person chose for each."""
    for place, kind in enumerate(kinds):
        own = [branch[place] for branch in names]
        stem = common_name(own)
        default = "inputlayer" if kind == "InputLayer" else kind.lower()
        if stem and stem.replace("_", "").lower() not in (default, default + "layer"):
            return stem, own
    if len(kinds) == 1:
        return kinds[0], [branch[0] for branch in names]
    heaviest = kinds[max(range(len(kinds)), key=weights.__getitem__)]
    return heaviest, [f"{heaviest} {number}" for number in range(1, len(names) + 1)]
