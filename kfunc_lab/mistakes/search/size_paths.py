"""Writes how a size came about along the graph, such as `90 → 45 → 22 → 44`."""

from kfunc_lab.mistakes.search.problem import GOAL, TARGET, Problem
from kfunc_lab.shapes.rules.rule import Shape

_MAX_SIZES = 9


def size_paths(problem: Problem) -> str:
    """Returns the sizes on the ways to two inputs that differ, as one comparison.

    Args:
        problem: The failed call.

    Returns:
        A line such as `"90 → 45 → 22 → 44 ≠ 90 → 45"`; empty if no size of an image or number of
        steps differs, or if no size changes on the way.
    """
    shapes = problem.shapes
    if problem.goal.kind == TARGET:
        wanted: Shape = problem.goal.settings["shape"]  # type: ignore[assignment]
        axis = _different(shapes[0], wanted)
        path = "" if axis is None else _path(problem, 0, axis)
        return f"{path} ≠ {wanted[axis]}" if axis is not None and " → " in path else ""
    if len(shapes) != 2:
        return ""
    axis = _different(*shapes)
    if axis is None:
        return ""
    paths = [_path(problem, position, axis) for position in (0, 1)]
    return " ≠ ".join(paths) if all(paths) and " → " in "".join(paths) else ""


def _different(one: Shape, other: Shape) -> int | None:
    if len(one) != len(other) or len(one) < 3:
        return None
    axes = range(1, len(one) - 1)
    return next((axis for axis in axes if one[axis] != other[axis]), None)


def _path(problem: Problem, position: int, axis: int) -> str:
    """Returns the sizes of an axis from the model's input on; empty if they are not known."""
    rank = len(problem.shapes[position])
    sizes = [problem.shapes[position][axis]]
    call = problem.source(GOAL, position)
    while call is not None:
        shape = call.outputs[0].shape if call.outputs else None
        if shape is None or len(shape) != rank:
            break
        if shape[axis] != sizes[-1]:
            sizes.append(shape[axis])
        call = problem.source(call.id)
    if None in sizes or len(sizes) > _MAX_SIZES:
        return ""
    return " → ".join(str(size) for size in reversed(sizes))
