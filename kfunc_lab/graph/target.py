"""A graph beside the one that is asked for: what is missing, what is too much, what differs."""

from dataclasses import replace

from kfunc_lab.graph.annotations import Annotations
from kfunc_lab.graph.comparison import Change, Comparison, compare_graphs
from kfunc_lab.graph.drawing import draw
from kfunc_lab.graph.layer_graph import Call, LayerGraph
from kfunc_lab.graph.layout import Layouts

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
        padding of a kernel of 1.

    Example:
        >>> from kfunc_lab.graph.layer_graph import Call
        >>> target = LayerGraph("m", "", (Call("a", "a", "Dense", "a"),), ())
        >>> graph = LayerGraph("m", "", (Call("b", "b", "Dense", "b"),), ())
        >>> compare_with_target(target, graph).changed
        ()
    """
    found = compare_graphs(target, graph)
    others = (Change(it.before, it.after, _settings(found, it)) for it in found.changed)
    changed = tuple(it for it in others if it.settings)
    known = {it.after for it in changed}
    marks = {
        call: mark for call, mark in found.marks.items() if mark != "changed" or call in known
    }
    return replace(found, changed=changed, marks=marks)


def _settings(found: Comparison, change: Change) -> tuple[tuple[str, object, object], ...]:
    return tuple(
        one
        for one in change.settings
        if one[0] != "name"
        and not (one[0] == "inputs" and _only_reordered(found, change))
        and not (one[0] == "padding" and _looks_at_one_place(found.after.call_of[change.after]))
    )


def _only_reordered(found: Comparison, change: Change) -> bool:
    if found.after.call_of[change.after].kind not in _UNORDERED:
        return False
    here = dict(found.matched)
    wanted = [here.get(it, "") for it in found.before.sources.get(change.before, ())]
    return sorted(wanted) == sorted(found.after.sources.get(change.after, ()))


def _looks_at_one_place(call: Call) -> bool:
    """Tells whether a convolution has a kernel of 1, which no padding makes a difference to."""
    size = call.settings.get("kernel_size")
    return set(size if isinstance(size, (list, tuple)) else [size]) == {1}


def draw_beside_target(found: Comparison) -> str:
    """Draws both graphs as one, as SVG.

    Args:
        found: What `compare_with_target` returned.

    Returns:
        An `<svg>` element.

    Raises:
        GraphvizError: If the drawing program is missing or fails.
    """
    return draw(Layouts(found.union, target_annotations(found)), found.union.group_of)


def target_annotations(found: Comparison) -> Annotations:
    """Returns the marks of both graphs drawn as one: what is missing as ghosts.

    Args:
        found: What `compare_with_target` returned.
    """
    return Annotations(
        marks={call: _MARKS[mark] for call, mark in found.marks.items()},
        lines={ends: _MARKS[mark] for ends, mark in found.lines.items()},
    )
