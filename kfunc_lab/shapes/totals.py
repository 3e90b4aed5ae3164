"""The parameters of a graph and its groups after the layers in it have changed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from kfunc_lab.graph.model.layer_graph import Call, Group, LayerGraph

# The parameters that a layer gains, and how many of them are trainable.
_Gain = tuple[int, int]


def with_totals(after: LayerGraph, before: LayerGraph) -> LayerGraph:
    """Adds to the totals of a graph what its changed layers gain.

    A layer counts once, however often it is called; a layer of which only lost branches are left
    counts nowhere, because it is no part of the model.

    Args:
        after: The graph with changed calls and the old totals.
        before: The graph with the calls that belong to these totals.

    Returns:
        The graph with new totals of its groups and of the whole.
    """
    gains = {
        new.layer_id: _gain(old, new)
        for old, new in zip(before.calls, after.calls, strict=True)
        if _gain(old, new) != (0, 0)
    }
    if not gains:
        return after
    lost = set(before.lost)
    counted = {call.layer_id for call in before.calls if call.id not in lost}
    gains = {layer: gain for layer, gain in gains.items() if layer in counted}
    parameters, trainable = _sum(gains.values())
    return replace(
        after,
        groups=tuple(_group(group, before, gains) for group in before.groups),
        parameters=before.parameters + parameters,
        trainable_parameters=before.trainable_parameters + trainable,
    )


def _group(group: Group, graph: LayerGraph, gains: Mapping[str, _Gain]) -> Group:
    layers = {graph.call_of[call_id].layer_id for call_id in graph.calls_inside[group.id]}
    if group.id in graph.call_of:  # inner layers are part of the layer's weights
        layers = {graph.call_of[group.id].layer_id}
    parameters, trainable = _sum(gains[layer] for layer in layers if layer in gains)
    return replace(
        group,
        parameters=group.parameters + parameters,
        trainable_parameters=group.trainable_parameters + trainable,
    )


def _gain(old: Call, new: Call) -> _Gain:
    return (
        new.parameters - old.parameters,
        new.trainable_parameters - old.trainable_parameters,
    )


def _sum(gains: Iterable[_Gain]) -> _Gain:
    pairs = list(gains)
    return sum(count for count, _trainable in pairs), sum(
        trainable for _all, trainable in pairs
    )
