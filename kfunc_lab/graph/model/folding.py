"""Folds parts of a graph into one box: nested models, layers made of layers, repeated blocks.

The state is the set of ids of the open groups. The content of a group is visible if the group and
all groups around it are open.
"""

import difflib
from collections.abc import Container, Iterable, Mapping
from functools import lru_cache

from kfunc_lab.graph.model.descriptions import shape_label, shape_tuple, short_name
from kfunc_lab.graph.model.extent import fits_screens
from kfunc_lab.graph.model.layer_graph import Call, Group, LayerGraph
from kfunc_lab.graph.model.nesting import nesting_of, parents_of, path_of
from kfunc_lab.graph.model.repeats import group_repeats
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

MAX_CALLS_UNFOLDED = 150

Fold = bool | str | Iterable[str] | None


def fold_graph(graph: LayerGraph, fold: Fold = None) -> tuple[LayerGraph, frozenset[str]]:
    """Decides which groups of a graph are folded.

    Args:
        graph: The graph as read.
        fold: `None` folds wrappers and layers made of layers, repeated blocks and equal branches
            if the picture would be larger than a screen, and above 150 calls all groups; `True`
            folds all groups, `False` none. Names, such as `"encoder"` or
            `["conv2_block", "TimeDistributed"]`, fold the groups with that name, class or id.

    Returns:
        The graph, with additional groups for repeated blocks if these are folded, and the ids
        of the open groups.

    Raises:
        ValueError: If no group has one of the names.

    Example:
        >>> calls = tuple(Call(f"d_{n}", f"d_{n}", "Dense", f"d_{n}") for n in range(200))
        >>> graph, opened = fold_graph(LayerGraph("m", "Sequential", calls, ()))
        >>> [group.id for group in graph.groups][0], sorted(opened)
        ('d ×200', [])
    """
    names = _names(fold)
    if names:
        graph = group_repeats(graph)
        return graph, frozenset(graph.group_of) - _named(graph, names)
    if fold is True:
        return group_repeats(graph), frozenset()
    if fold is False:
        many = len(graph.calls) > MAX_CALLS_UNFOLDED
        graph = group_repeats(graph) if many else graph
        return graph, frozenset(graph.group_of)
    return _folded_to_fit(graph)


def _folded_to_fit(graph: LayerGraph) -> tuple[LayerGraph, frozenset[str]]:
    """Folds what makes a picture larger than a screen."""
    wrappers = set(graph.call_of) if graph.connected else set()
    opened = frozenset(graph.group_of) - wrappers
    few = len(graph.calls) <= MAX_CALLS_UNFOLDED
    if few and fits_screens(graph, nesting_of(graph), opened, 2):
        return graph, opened
    graph = group_repeats(graph)
    return graph, _outer_groups(graph, wrappers) if few else frozenset()


def _outer_groups(graph: LayerGraph, wrappers: Container[str]) -> frozenset[str]:
    """Returns the nested models to open: as many levels as fit on a screen."""
    nesting, parents = nesting_of(graph), parents_of(graph)
    levels: dict[int, list[str]] = {}
    opened: set[str] = set()
    for group in graph.groups:
        if group.kind and group.id not in wrappers:
            levels.setdefault(len(path_of(group.id, parents)), []).append(group.id)
    for _depth, groups in sorted(levels.items()):
        wider = opened.union(
            it for it in groups if parents[it] is None or parents[it] in opened
        )
        if not fits_screens(graph, nesting, wider, 1):
            break
        opened = wider
    return frozenset(opened)


def _names(fold: Fold) -> list[str]:
    if fold is None or isinstance(fold, bool):
        return []
    return [fold] if isinstance(fold, str) else list(fold)


def _named(graph: LayerGraph, names: Iterable[str]) -> set[str]:
    groups: set[str] = set()
    for name in names:
        matching = {
            group.id
            for group in graph.groups
            if name in (group.id, group.layer, group.kind, short_name(group))
        }
        if not matching:
            raise ValueError(_no_such_group(graph, name))
        groups |= matching
    return groups


def _no_such_group(graph: LayerGraph, name: str) -> str:
    names = [printable(group.layer) for group in graph.groups]
    near = difflib.get_close_matches(name, names, n=5, cutoff=0.3) or names[:5]
    message = _("This graph has no foldable group called {name}.").format(name=repr(name))
    if not near:
        return message
    return f"{message} " + _("For example, you can fold: {names}.").format(
        names=", ".join(dict.fromkeys(near))
    )


def parent_of(graph: LayerGraph, item: str) -> str | None:
    """Returns the id of the group that contains a call or group; `None` at the top."""
    group = graph.group_of.get(item)
    return graph.call_of[item].group if group is None else group.parent


def ancestors(graph: LayerGraph, item: str) -> list[str]:
    """Returns the ids of the groups around a call or group, the innermost first."""
    groups: list[str] = []
    parent = parent_of(graph, item)
    while parent is not None:
        groups.append(parent)
        parent = parent_of(graph, parent)
    return groups


def items_by_parent(graph: LayerGraph) -> Mapping[str | None, list[str]]:
    """Lists the direct members of each group, in graph order.

    A wrapper, which is both a call and a group, is listed once.
    """
    items: dict[str | None, dict[str, None]] = {None: {}}
    for call in graph.calls:
        item: str | None = call.id
        while item is not None:
            parent = parent_of(graph, item)
            inside = items.setdefault(parent, {})
            if item in inside:
                break
            inside[item] = None
            item = parent
    return {parent: list(items) for parent, items in items.items()}


def visible_items(graph: LayerGraph, opened: Container[str]) -> list[tuple[str, int]]:
    """Lists the visible items with their depth, each open group before its members."""
    inside = items_by_parent(graph)
    items: list[tuple[str, int]] = []
    waiting = [(item, 0) for item in reversed(inside[None])]
    while waiting:
        item, depth = waiting.pop()
        items.append((item, depth))
        if item in opened:
            waiting += [(child, depth + 1) for child in reversed(inside.get(item, []))]
    return items


def visible_item(graph: LayerGraph, item: str, opened: frozenset[str]) -> str:
    """Returns the box that shows an item: the item itself or the outermost closed group."""
    for group in reversed(ancestors(graph, item)):
        if group not in opened:
            return group
    return item


def visible_groups(graph: LayerGraph, opened: Iterable[str]) -> list[str]:
    """Returns the open groups that are visible: all groups around them are open too."""
    opened = set(opened)
    return [
        group.id
        for group in graph.groups
        if group.id in opened and opened.issuperset(ancestors(graph, group.id))
    ]


def search(graph: LayerGraph, text: str) -> list[str]:
    """Finds calls and groups by name, class or shape.

    Args:
        graph: The graph.
        text: A part of a name, of a class or of an output shape, in any case and spacing, such
            as `"conv2_"`, `"lstm"`, `"28 × 28 × 64"` or `"(None, 10)"`.

    Returns:
        The ids of the matches, in graph order; an empty list for an empty text.

    Example:
        >>> graph = LayerGraph("m", "Sequential", (Call("d_1", "d_1", "Dense", "d_1"),), ())
        >>> search(graph, "dense")
        ['d_1']
    """
    query = _searchable(text)
    if not query:
        return []
    return [item for item in _in_graph_order(graph) if query in search_text(graph, item)]


def search_text(graph: LayerGraph, item: str) -> str:
    """Returns the text that a search matches: name, class and shapes, in lower case."""
    call, group = graph.call_of.get(item), graph.group_of.get(item)
    named: Call | Group = call or group  # type: ignore[assignment]
    # The original name and the displayed one.
    parts = [named.layer, printable(named.layer), short_name(named), named.id, named.kind]
    for tensor in call.outputs if call else ():
        parts += [shape_label(tensor), shape_tuple(tensor)]
    return "\n".join(map(_searchable, parts))


@lru_cache(maxsize=4096)
def _searchable(text: str) -> str:
    return "".join(text.lower().replace("×", "x").split())


def _in_graph_order(graph: LayerGraph) -> list[str]:
    inside = items_by_parent(graph)
    ordered: list[str] = []
    waiting = list(reversed(inside[None]))
    while waiting:
        item = waiting.pop()
        ordered.append(item)
        waiting += reversed(inside.get(item, ()))
    return ordered
