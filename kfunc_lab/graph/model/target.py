"""Compares a graph with its target: what is missing, what is extra, what differs."""

from dataclasses import replace

from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.comparison import (
    Change,
    Comparison,
    compare_graphs,
    hashable_settings,
)
from kfunc_lab.graph.model.layer_graph import Call, LayerGraph

_MARKS = {"removed": "ghost", "added": "extra", "changed": "differs"}

# The result of these classes does not depend on the order of their inputs.
_UNORDERED = {"Add", "Average", "Maximum", "Minimum", "Multiply"}


def compare_with_target(target: LayerGraph, graph: LayerGraph) -> Comparison:
    """Compares a graph with its target, whatever the names of the layers.

    Args:
        target: The target graph.
        graph: The graph that exists.

    Returns:
        The differences, relative to the target: `removed` calls are missing, `added` calls are
        extra. These are not differences: names, the code of functions and classes, the values
        of arrays, the order of inputs that are added or averaged,
        the padding of a kernel of size 1, and the way an axis of concatenation is written.

    Example:
        >>> from kfunc_lab.graph.model.layer_graph import Call
        >>> target = LayerGraph("m", "", (Call("a", "a", "Dense", "a"),), ())
        >>> graph = LayerGraph("m", "", (Call("b", "b", "Dense", "b"),), ())
        >>> compare_with_target(target, graph).changed
        ()
    """
    comparison = compare_graphs(
        _with_equal_axes(target), _with_equal_axes(graph), by_name=False
    )
    others = (
        Change(change.before, change.after, _settings(comparison, change))
        for change in comparison.changed
    )
    changed = tuple(change for change in others if change.settings)
    changed_ids = {change.after for change in changed}
    marks = {
        call: mark
        for call, mark in comparison.marks.items()
        if mark != "changed" or call in changed_ids
    }
    return replace(comparison, changed=changed, marks=marks)


def _settings(comparison: Comparison, change: Change) -> tuple[tuple[str, object, object], ...]:
    return tuple(
        setting
        for setting in change.settings
        if setting[0] != "name"
        and hashable_settings(setting[1]) != hashable_settings(setting[2])
        and not (setting[0] == "inputs" and _only_reordered(comparison, change))
        and not (
            setting[0] == "padding"
            and _has_kernel_of_one(comparison.after.call_of[change.after])
        )
    )


def _only_reordered(comparison: Comparison, change: Change) -> bool:
    if comparison.after.call_of[change.after].kind not in _UNORDERED:
        return False
    here = dict(comparison.matched)
    expected = [
        here.get(source, "") for source in comparison.before.sources.get(change.before, ())
    ]
    return sorted(expected) == sorted(comparison.after.sources.get(change.after, ()))


def _with_equal_axes(graph: LayerGraph) -> LayerGraph:
    """Normalises the axis of concatenations, which can be written in several ways."""
    calls = (
        _with_equal_axis(call) if call.kind == "Concatenate" else call for call in graph.calls
    )
    return replace(graph, calls=tuple(calls))


def _with_equal_axis(call: Call) -> Call:
    """Returns a concatenation without its axis if that is the last, else with a positive axis."""
    axis = call.settings.get("axis", 0 if call.operation else -1)
    rank = len(call.inputs[0].shape or ()) if call.inputs else 0
    if not isinstance(axis, int) or not rank:
        return call
    others = {name: value for name, value in call.settings.items() if name != "axis"}
    last = axis % rank == rank - 1
    return replace(call, settings=others if last else {**others, "axis": axis % rank})


def _has_kernel_of_one(call: Call) -> bool:
    """Tells whether a convolution has a kernel of size 1, for which padding has no effect."""
    size = call.settings.get("kernel_size")
    return set(size if isinstance(size, (list, tuple)) else [size]) == {1}


def target_annotations(comparison: Comparison) -> Annotations:
    """Returns the marks for a picture of both graphs as one; missing calls are ghosts.

    Args:
        comparison: The result of `compare_with_target`.
    """
    marks = {call: _MARKS[mark] for call, mark in comparison.marks.items()}
    lines = {ends: _MARKS[mark] for ends, mark in comparison.lines.items()}
    for edge in comparison.union.edges:
        if "ghost" in (marks.get(edge.source), marks.get(edge.target)):
            lines[edge.source, edge.target] = "ghost"
    return Annotations(marks=marks, lines=lines)
