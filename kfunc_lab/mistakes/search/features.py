"""Candidates for the last axis: units, filters, and the axis along which tensors meet."""

import math
from collections.abc import Iterator
from typing import Any

from kfunc_lab.mistakes.search.problem import (
    GOAL,
    TARGET,
    Candidate,
    Layer,
    Problem,
    inner_layer,
    setting,
    with_inner_setting,
)
from kfunc_lab.shapes.rules.rule import Shape

_WIDTH = {
    "Dense": "units", "LSTM": "units", "GRU": "units", "SimpleRNN": "units",
    "Embedding": "output_dim",
}  # fmt: skip
_KEEPING = (
    "Activation", "ReLU", "LeakyReLU", "Dropout", "BatchNormalization", "LayerNormalization",
    "GroupNormalization", "PReLU", "ELU", "SpatialDropout1D", "SpatialDropout2D", "Softmax",
    "MaxPooling1D", "MaxPooling2D", "AveragePooling2D", "UpSampling2D", "GaussianNoise",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "RepeatVector",
    "GlobalMaxPooling2D", "Add", "Multiply",
)  # fmt: skip


def candidates(problem: Problem) -> Iterator[Candidate]:
    """Yields candidates that change widths, project an input, or change an axis."""
    yield from _widths(problem)
    yield from _states(problem)
    yield from _projections(problem)
    yield from _outputs_of_attention(problem)
    yield from _axes(problem)
    yield from _target_shapes(problem)
    yield from _joined(problem)


def _wanted(problem: Problem) -> list[int]:
    """Returns the widths that may be right: those of the inputs, targets and weights."""
    wanted = [shape[-1] for shape in problem.shapes if len(shape) > 1]
    if problem.goal.kind == TARGET:
        shape: Shape = problem.goal.settings["shape"]  # type: ignore[assignment]
        wanted = [shape[-1]]
    for weight in getattr(problem.operation, "weights", ()) or ():
        wanted += list(weight.shape[-2:-1])
    return [size for size in dict.fromkeys(wanted) if size]


def _makers(problem: Problem, position: int) -> Iterator[tuple[Any, int]]:
    """Yields the layers that decide the width of an input, the nearest first."""
    call = problem.source(GOAL, position)
    for distance in range(1, 16):
        if call is None:
            return
        kind, _settings = inner_layer(call)
        if kind in _WIDTH or "Conv" in kind or kind == "InputLayer":
            yield call, distance
        if call.kind not in _KEEPING:
            return
        call = problem.source(call.id)


def _widths(problem: Problem) -> Iterator[Candidate]:
    for position in range(len(problem.shapes)):
        for call, distance in _makers(problem, position):
            for size in _wanted(problem):
                cost = 1.9 + 0.05 * distance + _rarity(problem, call, size)
                yield from _width(call, size, cost)


def _states(problem: Problem) -> Iterator[Candidate]:
    """Gives a recurrent layer the width of the states that it starts from."""
    kind, _settings = inner_layer(problem.goal)
    if kind in ("LSTM", "GRU", "SimpleRNN") and len(problem.shapes) > 1:
        size = problem.shapes[1][-1]
        changes = with_inner_setting(problem.goal, "units", size)
        yield Candidate(1.5, settings={GOAL: changes})


def _rarity(problem: Problem, call: Any, size: int) -> float:
    """Returns less for a width that the other layers of the class have."""
    kind, settings = inner_layer(call)
    name = _WIDTH.get(kind, "filters")
    widths = [inner_layer(other)[1].get(name) for other in problem.siblings(call)]
    return 0.05 * (widths.count(settings.get(name)) - widths.count(size))


def _width(call: Any, size: int, cost: float) -> Iterator[Candidate]:
    kind, settings = inner_layer(call)
    if kind == "InputLayer":
        shape = call.outputs[0].shape
        yield Candidate(cost + 0.5, inputs={call.id: (*shape[:-1], size)})
        return
    if kind.startswith("Depthwise"):
        return
    name = _WIDTH.get(kind, "filters")
    if settings.get(name) != size:
        yield Candidate(cost, settings={call.layer_id: with_inner_setting(call, name, size)})


def _projections(problem: Problem) -> Iterator[Candidate]:
    """Puts a layer before an input that gives it the width of another."""
    shapes = problem.shapes
    if len(shapes) < 2 and problem.goal.kind != TARGET:
        return
    for position, shape in enumerate(shapes):
        for other in shapes:
            if problem.goal.kind != "Concatenate":
                yield from _smaller_projection(position, shape, other)
        for size in _wanted(problem):
            if shape[-1] == size or len(shape) < 2:
                continue
            layer = Layer("Dense", {"units": size})
            if len(shape) in (4, 5):
                kernel = (1,) * (len(shape) - 2)
                layer = Layer(
                    f"Conv{len(shape) - 2}D", {"filters": size, "kernel_size": kernel}
                )
            # The shortcut around other layers is the one to project.
            depth = sum(1 for _call in problem.upstream(position))
            cost = 2.4 + 0.02 * min(depth, 5) - 0.01 * position
            yield Candidate(cost, inserted={(GOAL, position): (layer,)})


def _smaller_projection(position: int, shape: Shape, other: Shape) -> Iterator[Candidate]:
    """Projects the shortcut of a block that makes the images smaller."""
    rank = len(shape) - 2
    if len(other) != len(shape) or not 1 <= rank <= 3 or None in (*shape[1:], *other[1:]):
        return
    pairs = [(a or 1, b or 1) for a, b in zip(shape[1:-1], other[1:-1], strict=True)]
    for strides in (2, 3, 4):
        if all(-(-a // strides) == b for a, b in pairs):
            layer = Layer(
                f"Conv{rank}D",
                {
                    "filters": other[-1],
                    "kernel_size": (1,) * rank,
                    "strides": strides,
                    "padding": "same",
                },
            )
            yield Candidate(2.3, inserted={(GOAL, position): (layer,)})


def _outputs_of_attention(problem: Problem) -> Iterator[Candidate]:
    for call, distance in problem.upstream():
        if call.kind == "MultiHeadAttention" and setting(call, "output_shape"):
            changes = {"output_shape": None}
            yield Candidate(0.9 + 0.1 * distance, settings={call.layer_id: changes})


def _axes(problem: Problem) -> Iterator[Candidate]:
    """Yields other axes of the failed call itself."""
    goal, rank = problem.goal, len(problem.shapes[0]) if problem.shapes else 0
    if goal.kind == "Concatenate":
        for axis in (-1, *range(1, rank - 1)):
            cost = 1.2 if axis == -1 else 2.35 if rank == 3 else 3.2
            yield Candidate(cost, settings={GOAL: {"axis": axis}})
    elif goal.kind == "Matmul" and rank == 3:
        for position in (1, 0):
            layer = Layer("Permute", {"dims": (2, 1)})
            yield Candidate(1.8 - 0.1 * position, inserted={(GOAL, position): (layer,)})
    elif goal.kind == "Dot":
        ranks = [len(shape) for shape in problem.shapes]
        for one in range(1, ranks[0]):
            for other in range(1, ranks[-1]):
                axes = one if one == other else (one, other)
                cost = 1.8 + 0.01 * one + (0 if ranks[0] == ranks[-1] else 1)
                yield Candidate(cost, settings={GOAL: {"axes": axes}})
    elif goal.kind == "Permute":
        dims = tuple(range(1, rank))
        own = [axis for axis in goal.settings.get("dims", ()) if axis in dims]  # type: ignore[attr-defined]
        rest = [axis for axis in dims if axis not in own]
        for order in ((*own, *rest), (*dims[:-2], *reversed(dims[-2:])), dims):
            yield Candidate(2.0, settings={GOAL: {"dims": tuple(order)}})
    elif setting(goal, "groups") not in (None, 1):
        channels, filters = problem.shapes[0][-1] or 1, setting(goal, "filters") or 1
        groups = math.gcd(channels, filters)
        wanted = [it for it in range(1, groups + 1) if groups % it == 0]
        for count in sorted(wanted, key=lambda it: abs(it - setting(goal, "groups"))):
            yield Candidate(1.8, settings={GOAL: {"groups": count}})
    elif "axis" in goal.settings:
        for axis in (-1, 1):
            yield Candidate(1.9 if axis == -1 else 2.0, settings={GOAL: {"axis": axis}})


def _target_shapes(problem: Problem) -> Iterator[Candidate]:
    """Yields target shapes that hold all numbers, and widths that a target shape needs."""
    goal = problem.goal
    if goal.kind != "Reshape" or None in problem.shapes[0][1:]:
        return
    total = math.prod(size or 1 for size in problem.shapes[0][1:])
    wanted: tuple[int, ...] = tuple(goal.settings.get("target_shape", ()))  # type: ignore[arg-type]
    fixed = [size for size in wanted if size != -1]
    for position in reversed(range(len(wanted))):
        rest = math.prod(size for other, size in enumerate(wanted) if other != position)
        if rest > 0 and total % rest == 0:
            shape = (*wanted[:position], total // rest, *wanted[position + 1 :])
            cost = 1.8 if position == len(wanted) - 1 else 2.1
            yield Candidate(cost, settings={GOAL: {"target_shape": shape}})
    if len(fixed) == len(wanted):
        for call, distance in _makers(problem, 0):
            kind, _settings = inner_layer(call)
            if kind == "Dense" and len(problem.shapes[0]) == 2:
                yield from _width(call, math.prod(wanted), 1.7 + 0.1 * distance)


def _joined(problem: Problem) -> Iterator[Candidate]:
    """Joins tensors of different widths along their last axis."""
    if (
        problem.goal.kind in ("Add", "Subtract", "Multiply", "Average")
        and len(problem.shapes) > 1
    ):
        yield Candidate(3.0, replaced={GOAL: Layer("Concatenate", {"axis": -1})})
