"""Compares what calls take and what models take and return: which tensors, in which order."""

from collections.abc import Iterator, Mapping, Sequence, Set

from kfunc_lab.graph.model.descriptions import output_label, tensor_name
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.model.levels import output_name
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

# A tensor: the id of the call that returns it, and the index among the outputs of that call.
_Tensor = tuple[str, int]


def differ(
    old: Sequence[_Tensor],
    new: Sequence[_Tensor],
    matched: Mapping[str, str],
    matched_after: Set[str],
) -> bool:
    """Tells whether a call or model takes (or returns) other tensors.

    A call that was inserted or removed on the way is no difference of its neighbours.

    Args:
        old: The tensors in the first graph, in order.
        new: The tensors in the second graph, in order.
        matched: The call of the second graph by the call of the first.
        matched_after: The values of `matched`.
    """
    if len(old) != len(new):
        return True
    return any(
        one[0] in matched and other[0] in matched_after and (matched[one[0]], one[1]) != other
        for one, other in zip(old, new, strict=True)
    )


def different_ends(
    before: LayerGraph, after: LayerGraph, matched: Mapping[str, str]
) -> Iterator[tuple[str, object, object]]:
    """Yields the differences of the inputs and of the outputs of two models.

    Calls that no model contains yet have no outputs to compare.
    """
    if not (before.exits and after.exits):
        return
    matched_after = frozenset(matched.values())
    old, new = ([(call_id, 0) for call_id in graph.inputs] for graph in (before, after))
    if differ(old, new, matched, matched_after):
        yield "inputs", tensor_names(before, old), tensor_names(after, new)
    renamed = before.output_names != after.output_names
    if renamed or differ(before.exits, after.exits, matched, matched_after):
        yield "outputs", _named_outputs(before), _named_outputs(after)


def tensor_names(graph: LayerGraph, tensors: Sequence[_Tensor]) -> str:
    """Lists tensors by the calls that return them."""
    return ", ".join(tensor_name(graph, *tensor) for tensor in tensors)


def _named_outputs(graph: LayerGraph) -> str:
    return ", ".join(
        (f"{printable(name)} = " if name else "") + tensor_name(graph, *tensor)
        for name, tensor in zip(graph.output_names, graph.exits, strict=True)
    )


def with_both_exits(
    before: LayerGraph, union: LayerGraph, ids: Mapping[str, str]
) -> tuple[LayerGraph, dict[str, str]]:
    """Adds the outputs of the first graph to the union of two graphs.

    Args:
        before: The first graph.
        union: The union, with the outputs of the second graph.
        ids: The id in the union of each call of the first graph.

    Returns:
        The union, and the marks of the boxes of outputs that differ.
    """
    if not (before.exits and union.exits):
        return union, {}
    old = [(ids[call_id], output) for call_id, output in before.exits]
    places = _places(old, union.exits)
    labels = list(union.output_names)
    marks: dict[str, str] = {}
    for at, place in enumerate(places):
        name = union.output_names[at]
        if place is None:
            marks[output_name(at)] = "added"
        elif before.output_names[place] != name or (place != at and not name):
            marks[output_name(at)] = "changed"
            labels[at] = _moved(before, union, place, at)
    gone = [at for at in range(len(old)) if at not in places]
    for position, at in enumerate(gone, start=len(union.exits)):
        marks[output_name(position)] = "removed"
        labels.append(before.output_names[at])
    return union.with_exits((*union.exits, *(old[at] for at in gone)), labels), marks


def _places(old: Sequence[_Tensor], new: Sequence[_Tensor]) -> list[int | None]:
    """Returns for each new output the place of the same tensor among the old ones, each once."""
    free = set(range(len(old)))
    places: list[int | None] = [None] * len(new)
    for at, tensor in enumerate(new):
        if at in free and old[at] == tensor:
            places[at] = at
            free.remove(at)
    for at, tensor in enumerate(new):
        place = next((place for place in sorted(free) if old[place] == tensor), None)
        if places[at] is None and place is not None:
            places[at] = place
            free.remove(place)
    return places


def _moved(before: LayerGraph, after: LayerGraph, place: int, at: int) -> str:
    """Labels an output with another name, or without names with another place."""
    old, new = output_label(before, place), output_label(after, at)
    if old == new:
        old, new = (_("output {name}").format(name=number + 1) for number in (place, at))
    return f"{old} → {new}"
