"""Finds parallel branches of equal structure, such as one embedding for each column of a table.

A branch is what remains connected when the calls with many sources or takers are left out. Equal
branches take from the same calls and lead to the same calls, so that they can share one box.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

_MANY = 3  # sources or takers of a call that ends branches
_MIN_EQUAL = 4  # equal branches that are worth a box
_MIN_SIMILAR = 9  # branches that differ only in their settings; fewer fit beside each other
_MAX_BRANCH = 150  # items

Feeding = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Siblings:
    """Parallel branches of equal structure.

    Attributes:
        branches: The items of each branch, in topological order.
        sources: The items outside that feed them.
    """

    branches: tuple[tuple[str, ...], ...]
    sources: frozenset[str]


def equal_branches(
    items: Sequence[str],
    feeding: Feeding,
    structure: Callable[[str], Hashable],
    settings: Callable[[str], Hashable],
) -> list[Siblings]:
    """Finds the parallel branches of one level that have equal structure.

    Args:
        items: The items in topological order.
        feeding: For each item, the items that feed it.
        structure: Returns what similar items have in common, such as the class.
        settings: Returns what equal items have in common besides.

    Returns:
        The sets of branches, the first in the order of the items first.

    Example:
        >>> feeding = {"end": ["a", "b", "c", "d"]}
        >>> [found] = equal_branches([*"abcd", "end"], feeding, lambda item: "Dense", len)
        >>> found.branches
        (('a',), ('b',), ('c',), ('d',))
    """
    position = {item: number for number, item in enumerate(items)}
    takers: dict[str, list[str]] = defaultdict(list)
    for item in items:
        for source in dict.fromkeys(feeding.get(item, ())):
            takers[source].append(item)
    ends = {
        item
        for item in items
        if len(set(feeding.get(item, ()))) >= _MANY or len(takers[item]) >= _MANY
    }
    similar: dict[Hashable, list[tuple[str, ...]]] = defaultdict(list)
    for branch in _components([item for item in items if item not in ends], feeding):
        if len(branch) <= _MAX_BRANCH:
            similar[_form(branch, feeding, takers, structure)].append(branch)
    found = []
    for branches in similar.values():
        if len(branches) < _MIN_EQUAL:
            continue
        sources = {it for branch in branches for item in branch for it in feeding.get(item, ())}
        sources -= {item for branch in branches for item in branch}
        later = {it for branch in branches for item in branch for it in takers[item]}
        later -= {item for branch in branches for item in branch}
        last = max(map(position.__getitem__, sources), default=-1)
        # Otherwise a path could leave the box and return to it.
        if all(position[item] > last for item in later) and (sources or later):
            found += [
                Siblings(tuple(some), frozenset(sources)) for some in _sets(branches, settings)
            ]
    return found


def _sets(
    branches: Sequence[tuple[str, ...]], settings: Callable[[str], Hashable]
) -> list[list[tuple[str, ...]]]:
    """Splits similar branches into equal ones, unless there are too many to show them all."""
    if len(branches) >= _MIN_SIMILAR:
        return [list(branches)]
    equal: dict[Hashable, list[tuple[str, ...]]] = defaultdict(list)
    for branch in branches:
        equal[tuple(map(settings, branch))].append(branch)
    return [some for some in equal.values() if len(some) >= _MIN_EQUAL]


def _components(items: Sequence[str], feeding: Feeding) -> list[tuple[str, ...]]:
    """Returns the connected parts of some items, each in the order of the items."""
    inside = set(items)
    root = {item: item for item in items}

    def find(item: str) -> str:
        while root[item] != item:
            root[item] = item = root[root[item]]
        return item

    for item in items:
        for source in feeding.get(item, ()):
            if source in inside:
                root[find(item)] = find(source)
    parts: dict[str, list[str]] = defaultdict(list)
    for item in items:
        parts[find(item)].append(item)
    return [tuple(part) for part in parts.values()]


def _form(
    branch: tuple[str, ...],
    feeding: Feeding,
    takers: Mapping[str, Sequence[str]],
    structure: Callable[[str], Hashable],
) -> Hashable:
    """Describes the structure of a branch and the calls at its ends."""
    place = {item: number for number, item in enumerate(branch)}
    return tuple(
        (
            structure(item),
            tuple(place.get(source, source) for source in feeding.get(item, ())),
            tuple(sorted(taker for taker in takers[item] if taker not in place)),
        )
        for item in branch
    )


def common_name(names: Sequence[str]) -> str:
    """Returns what names have in common besides their numbers; an empty string for nothing.

    Example:
        >>> common_name(["column_0", "column_12"]), common_name(["age_input", "city_input"])
        ('column', 'input')
    """
    stems = {re.sub(r"[_.\- ]*[0-9]+$", "", name) for name in names}
    if len(stems) == 1:
        return stems.pop()
    whole = [re.split(r"[_.\- ]+", name) for name in names]
    begin = _common_start(whole)
    end = _common_start([parts[::-1] for parts in whole])[::-1]
    return "_".join(begin or end)


def _common_start(names: Sequence[Sequence[str]]) -> list[str]:
    equal = (len(set(parts)) == 1 for parts in zip(*names, strict=False))
    return list(names[0][: sum(takewhile(bool, equal))])
