"""Bundles the many tensors that run side by side between the same two boxes into one line."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.model.nesting import nesting_of, parents_of, path_of

# The key of a tensor: the call that returns it, and the index of the output.
Key = tuple[str, int]

_MANY = 4  # tensors that share one line


def bundles_of(graph: LayerGraph, tensors: Iterable[tuple[str, str, Key]]) -> Mapping[Key, Key]:
    """Finds the tensors that share a line.

    They leave one call or one box of parallel branches, and lead to the same calls or such boxes.

    Args:
        graph: The graph, with the groups that can be folded.
        tensors: The source, the target and the key of each tensor; a target that is no call is
            an output.

    Returns:
        The first tensor of its bundle, for each tensor in a bundle.
    """
    tensors = list(tensors)
    if len(tensors) < _MANY:
        return {}
    boxes = _parallel_boxes(graph)
    ends: dict[Key, tuple[str, set[str]]] = {}
    for source, target, key in tensors:
        around_source, around_target = boxes.get(source, ()), boxes.get(target, ())
        begin = next((box for box in around_source if box not in around_target), source)
        end = next((box for box in around_target if box not in around_source), target)
        known = ends.setdefault(key, (begin, set()))
        if len(around_source) and begin == source and known[0] != source:
            continue  # a tensor within one branch
        known[1].add(end)
    bundles: dict[tuple[str, frozenset[str]], list[Key]] = defaultdict(list)
    for key, (begin, targets) in ends.items():
        bundles[begin, frozenset(targets)].append(key)
    return {key: keys[0] for keys in bundles.values() if len(keys) >= _MANY for key in keys}


def _parallel_boxes(graph: LayerGraph) -> Mapping[str, tuple[str, ...]]:
    """Lists the groups of parallel branches around each call, the outermost first."""
    runs = {group.id for group in graph.groups if group.count > 1 and not group.kind}
    if not runs:
        return {}
    feeding = nesting_of(graph).feeding
    parallel = {run for run in runs if not feeding.get(run)}
    parents = parents_of(graph)
    found = {}
    for call in graph.calls:
        around = tuple(
            box for box in reversed(path_of(call.id, parents)[1:]) if box in parallel
        )
        if around:
            found[call.id] = around
    return found
