"""A graph beside the one that is asked for: what is missing, what is too much, what differs."""

from dataclasses import replace

from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.comparison import Change, Comparison, compare_graphs
from kfunc_lab.graph.model.layer_graph import Call, LayerGraph

_MARKS = {"removed": "ghost", "added": "extra", "changed": "differs"}

# Whose result does not depend on the order of what is joined.
_UNORDERED = {"Add", "Average", "Maximum", "Minimum", "Multiply"}


def compare_with_target(target: LayerGraph, graph: LayerGraph) -> Comparison:
    """Compares a graph with the one that is asked for, whatever their layers are called.

    Args:
        target: The graph that is asked for.
        graph: What is there.

    Returns:
        The differences, seen from the target: `removed` is what is missing, `added` what is too
        much. Names are no difference, nor is the order of what is added up or averaged, nor the
        padding of a kernel of 1, nor how the axis is written along which tensors are joined.

    Example:
        >>> from kfunc_lab.graph.model.layer_graph import Call
        >>> target = LayerGraph("m", "", (Call("a", "a", "Dense", "a"),), ())
        >>> graph = LayerGraph("m", "", (Call("b", "b", "Dense", "b"),), ())
        >>> compare_with_target(target, graph).changed
        ()
    """
    comparison = compare_graphs(_with_equal_axes(target), _with_equal_axes(graph))
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
        one
        for one in change.settings
        if one[0] != "name"
        and not (one[0] == "inputs" and _only_reordered(comparison, change))
        and not (
            one[0] == "padding" and _looks_at_one_place(comparison.after.call_of[change.after])
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
    """Writes alike what tensors are joined along, which has several names and defaults."""
    calls = (_joined(call) if call.kind == "Concatenate" else call for call in graph.calls)
    return replace(graph, calls=tuple(calls))


def _joined(call: Call) -> Call:
    """Returns a call that joins without its axis if that is the last, else with its number."""
    axis = call.settings.get("axis", 0 if call.operation else -1)
    rank = len(call.inputs[0].shape or ()) if call.inputs else 0
    if not isinstance(axis, int) or not rank:
        return call
    others = {name: value for name, value in call.settings.items() if name != "axis"}
    last = axis % rank == rank - 1
    return replace(call, settings=others if last else {**others, "axis": axis % rank})


def _looks_at_one_place(call: Call) -> bool:
    """Tells whether a convolution has a kernel of 1, which no padding makes a difference to."""
    size = call.settings.get("kernel_size")
    return set(size if isinstance(size, (list, tuple)) else [size]) == {1}


def target_annotations(comparison: Comparison) -> Annotations:
    """Returns the marks of both graphs drawn as one: what is missing as ghosts.

    Args:
        found: What `compare_with_target` returned.
    """
    marks = {call: _MARKS[mark] for call, mark in comparison.marks.items()}
    lines = {ends: _MARKS[mark] for ends, mark in comparison.lines.items()}
    for edge in comparison.union.edges:
        if "ghost" in (marks.get(edge.source), marks.get(edge.target)):
            lines[edge.source, edge.target] = "ghost"
    return Annotations(marks=marks, lines=lines)
