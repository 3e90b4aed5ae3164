"""Candidates for a wrong number of axes: channels, the batch in a shape, flattened axes."""

import math
from collections.abc import Iterator
from typing import Any

from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.mistakes.failure import shape_of
from kfunc_lab.mistakes.search.problem import (
    GOAL,
    TARGET,
    Candidate,
    Layer,
    Problem,
    inner_layer,
    setting,
)
from kfunc_lab.mistakes.search.time_axes import RECURRENT
from kfunc_lab.shapes.rules.rule import Shape

_ANY_RANK = ("Permute", "RepeatVector", "Flatten", "Reshape")


def candidates(problem: Problem) -> Iterator[Candidate]:
    """Yields candidates that add, remove, merge or restore axes."""
    is_equal = len(problem.shapes) > 1 and len({len(shape) for shape in problem.shapes}) == 1
    for position, shape in enumerate([] if is_equal else problem.shapes):
        if len(problem.shapes) == 1 or (position == 0 and problem.goal.kind in RECURRENT):
            yield from _of_input(problem, position, shape)
        yield from _fewer(problem, position, shape)
        yield from _more(problem, position, shape)
    yield from _as_expected(problem)
    yield from _as_the_others(problem)
    yield from _superfluous(problem)
    yield from _heads(problem)
    yield from _flattened(problem)
    yield from _other_rank(problem)


def _of_input(problem: Problem, position: int, shape: Shape) -> Iterator[Candidate]:
    """Yields other shapes of the model's input."""
    source = problem.source(GOAL, position)
    is_open = shape[1:] == (None,) and problem.goal.kind == "Dense"
    if source is not None and source.kind == "InputLayer" and not is_open:
        yield Candidate(2.0, inputs={source.id: (*shape, 1)})
        if len(shape) == 3 and problem.goal.kind not in RECURRENT:
            yield Candidate(2.05, inputs={source.id: (*shape, 3)})
            if "2D" in problem.goal.kind:  # one of two equal sides is missing
                yield Candidate(2.15, inputs={source.id: (*shape[:2], *shape[1:])})
        for factors in problem.written_factors.get(source.id, ()):
            yield Candidate(1.2, inputs={source.id: (shape[0], *factors)})
        if len(shape) > 2 and problem.goal.kind not in _ANY_RANK:
            yield from _without_axis(source.id, shape, 1.8)
        for data in problem.data_shapes:
            yield Candidate(2.9, inputs={source.id: (shape[0], *data)})
    for call, distance in problem.upstream(position):
        if call.kind != "InputLayer" or distance < 2:
            continue
        own = call.outputs[0].shape or ()
        if "Embedding" in _kinds_behind(problem, call.id) and len(own) > 2:
            yield from _without_axis(call.id, own, 1.5)
            if own[-1] in _vocabularies(problem, call.id):  # one-hot rows
                yield Candidate(1.3, inputs={call.id: own[:-1]})
        elif "Embedding" in _kinds_behind(problem, call.id) and len(own) == 1:
            yield Candidate(1.5, inputs={call.id: (*own, None)})
        elif len(own) > 2:
            yield from _without_axis(
                call.id, own, (3.5 if len(shape) > 3 else 2.3) + 0.1 * distance
            )
        yield Candidate(3.4 + 0.1 * distance, inputs={call.id: (*own, 1)})


def _without_axis(call_id: str, shape: Shape, cost: float) -> Iterator[Candidate]:
    """Yields the shape of an input without its first axis, and without its last one."""
    batch, last = shape[1], shape[-1]
    is_batch = batch is None or (batch >= 8 and batch & (batch - 1) == 0)
    # Two equal sizes belong to an image; a last axis of size 1 or 3 may be superfluous.
    keeps_last = len(shape) > 4 and shape[2] == shape[3] != last
    keeps_first = len(shape) > 4 and shape[1] == shape[2] and not keeps_last
    is_extra = last in (1, 3) and not is_batch
    first_goes = (is_batch and last not in (1, 3)) or keeps_last
    last_goes = is_extra or keeps_first
    yield Candidate(cost - 0.1 * first_goes, inputs={call_id: (shape[0], *shape[2:])})
    yield Candidate(cost + 0.05 - 0.2 * last_goes, inputs={call_id: shape[:-1]})


def _as_expected(problem: Problem) -> Iterator[Candidate]:
    """Gives a nested model the shapes that its own inputs have."""
    expected = [shape_of(tensor) for tensor in getattr(problem.operation, "inputs", None) or ()]
    for position, (shape, wanted) in enumerate(zip(problem.shapes, expected, strict=False)):
        source = problem.source(GOAL, position)
        if wanted is None or shape[1:] == wanted[1:]:
            continue
        if source is not None and source.kind == "InputLayer":
            yield Candidate(1.9, inputs={source.id: (None, *wanted[1:])})
        if len(wanted) == len(shape) == 4 and wanted[-1] == shape[-1]:
            resized = Layer("Resizing", {"height": wanted[1], "width": wanted[2]})
            yield Candidate(2.0, inserted={(GOAL, position): (resized,)})


def _as_the_others(problem: Problem) -> Iterator[Candidate]:
    """Treats an input as the other inputs were treated: flattened, or averaged."""
    shapes = problem.shapes
    if len(shapes) < 2:
        return
    makers = [problem.source(GOAL, position) for position in range(len(shapes))]
    for maker in makers:
        if maker is None or not _removes_axes(maker):
            continue
        for position, shape in enumerate(shapes):
            own = makers[position]
            if own is None or own.kind == maker.kind or len(shape) < 3:
                continue
            kind = maker.kind
            if kind.startswith("Global"):
                kind = f"{kind[:-2]}{len(shape) - 2}D"
            yield Candidate(1.5, inserted={(GOAL, position): (Layer(kind),)})


def _superfluous(problem: Problem) -> Iterator[Candidate]:
    """Leaves out the failed layer itself, if it only removes or repeats axes."""
    goal, shapes = problem.goal, problem.shapes
    if len(shapes) != 1 or problem.is_shared or goal.operation:
        return
    if goal.kind.startswith("Global") and len(shapes[0]) == 2:
        yield Candidate(1.7, dropped=frozenset([GOAL]))  # there is one row already
    elif "Pooling" in goal.kind or goal.kind in ("RepeatVector", "Cropping1D", "Cropping2D"):
        again = any(call.kind == goal.kind for call, _distance in problem.upstream())
        cost = 1.0 if again and goal.kind == "RepeatVector" else 2.45
        yield Candidate(cost, dropped=frozenset([GOAL]))


def _heads(problem: Problem) -> Iterator[Candidate]:
    """Flattens or averages before the last layers, if the targets have fewer axes."""
    if problem.goal.kind != TARGET:
        return
    wanted: Shape = problem.goal.settings["shape"]  # type: ignore[assignment]
    if len(problem.shapes[0]) <= len(wanted):
        return
    for call, distance in problem.upstream():
        shape = call.inputs[0].shape if call.inputs else None
        if distance > 4 or call.kind not in ("Dense", "Activation", "Dropout"):
            return
        rank = 0 if shape is None else len(shape) - 2
        if call.kind == "Dense" and 1 <= rank <= 3:
            place = (call.id, 0)
            pooled = Layer(f"GlobalAveragePooling{rank}D")
            source = problem.source(call.id)
            raw = 0.2 if source is None or source.kind == "InputLayer" else 0
            yield Candidate(2.0 + raw + 0.1 * distance, inserted={place: (pooled,)})
            yield Candidate(2.1 + 0.1 * distance, inserted={place: (Layer("Flatten"),)})


def _removes_axes(call: Call) -> bool:
    return call.kind == "Flatten" or call.kind.startswith("Global")


def _kinds_behind(problem: Problem, call_id: str) -> list[str]:
    return [
        problem.calls[target].kind
        for target, sources in problem.sources.items()
        if any(source == call_id for source, _output in sources.values())
    ]


def _vocabularies(problem: Problem, call_id: str) -> list[Any]:
    return [
        setting(problem.calls[target], "input_dim")
        for target, sources in problem.sources.items()
        if any(source == call_id for source, _output in sources.values())
    ]


def _fewer(problem: Problem, position: int, shape: Shape) -> Iterator[Candidate]:
    """Merges or averages axes of an input."""
    if len(shape) < 3:
        return
    place = (GOAL, position)
    yield Candidate(2.5, inserted={place: (Layer("Flatten"),)})
    rank = len(shape) - 2
    if rank <= 3:
        yield Candidate(2.6, inserted={place: (Layer(f"GlobalAveragePooling{rank}D"),)})
    if len(shape) > 3:
        source = problem.source(GOAL, position)
        steps = source is not None and source.kind in ("TimeDistributed", "ConvLSTM2D")
        inner = Layer("TimeDistributed", {"layer": "Flatten()"})
        yield Candidate(2.2 if steps else 2.45, inserted={place: (inner,)})
        if None not in shape[2:]:
            merged = (shape[1] or -1, math.prod(size or 1 for size in shape[2:]))
            reshape = Layer("Reshape", {"target_shape": merged})
            yield Candidate(2.3 if not steps else 2.4, inserted={place: (reshape,)})
    if shape[-1] == 1:
        reshape = Layer("Reshape", {"target_shape": tuple(size or -1 for size in shape[1:-1])})
        yield Candidate(2.7, inserted={place: (reshape,)})


def _more(problem: Problem, position: int, shape: Shape) -> Iterator[Candidate]:
    """Adds an axis to an input, or turns a row into an image."""
    if None in shape[1:]:
        return
    place = (GOAL, position)
    sizes = tuple(size or 1 for size in shape[1:])
    yield Candidate(3.0, inserted={place: (Layer("Reshape", {"target_shape": (*sizes, 1)}),)})
    source = problem.source(GOAL, position)
    if source is not None and source.kind == "Reshape":
        longer = {"target_shape": (*sizes, 1)}
        yield Candidate(2.1, settings={source.layer_id: longer})
    if len(sizes) > 1 and len(problem.shapes) > 1:
        first = Layer("Reshape", {"target_shape": (1, *sizes)})
        yield Candidate(3.3, inserted={place: (first,)})
    if len(sizes) != 1:
        return
    for factors in () if source is None else problem.written_factors.get(source.id, ()):
        if math.prod(factors) == sizes[0] and source is not None and source.kind == "Dense":
            image = Layer("Reshape", {"target_shape": factors})
            yield Candidate(1.5, inserted={place: (image,)})
    sides_of = _seed_sides if "Transpose" in problem.goal.kind else _image_sides
    for sides in sides_of(sizes[0]) if "2D" in problem.goal.kind else []:
        image = Layer("Reshape", {"target_shape": sides})
        yield Candidate(2.6, inserted={place: (image,)})
    if "2D" in problem.goal.kind:
        pixel = Layer("Reshape", {"target_shape": (1, 1, *sizes)})
        yield Candidate(2.75, inserted={place: (pixel,)})
    for other in problem.shapes:  # a weight for each step or channel of the other tensor
        if len(other) > 2 and sizes[0] in other[1:]:
            axis = other.index(sizes[0], 1)
            one = [1] * (len(other) - 1)
            one[axis - 1] = sizes[0]
            reshape = Layer("Reshape", {"target_shape": tuple(one)})
            yield Candidate(1.6, inserted={place: (reshape,)})


def _rank_of(kind: str) -> int:
    return int(kind[-2])


def _is_of_sequences(call: Call) -> bool:
    return call.kind in ("Embedding", "LSTM", "GRU", "SimpleRNN", "Bidirectional") or (
        call.kind[-2:] == "1D"
    )


def _seed_sides(size: int) -> list[tuple[int, int, int]]:
    """Returns the sides of the small images with many channels that a generator begins with."""
    for side in (7, 4, 8, 5, 6, 3, 2, 16):
        if size % (side * side) == 0 and size // (side * side) >= 8:
            return [(side, side, size // (side * side))]
    return _image_sides(size)


def _image_sides(size: int) -> list[tuple[int, int, int]]:
    """Returns the sides of square images that a row may hold."""
    side = math.isqrt(size)
    if side * side == size:
        return [(side, side, 1)]
    for channels in (3, 8, 16, 32, 64, 128, 256, 512):
        side = math.isqrt(size // channels)
        if side > 1 and side * side * channels == size:
            return [(side, side, channels)]
    return []


def _flattened(problem: Problem) -> Iterator[Candidate]:
    """Leaves out a layer that removes axes, or replaces it by one that suits open sizes."""
    for call, distance in problem.upstream():
        if _removes_axes(call) and problem.goal.kind != "Dense" and not _has_all_axes(problem):
            yield Candidate(2.2 + 0.2 * distance, dropped=frozenset([call.id]))
        shape = call.inputs[0].shape if call.inputs else None
        if call.kind == "Flatten" and shape is not None and None in shape[1:]:
            rank = len(shape) - 2
            maker = problem.source(call.id)
            if maker is not None and inner_layer(maker)[0] in RECURRENT:
                yield Candidate(1.3 + 0.2 * distance, dropped=frozenset([call.id]))
            pooled = Layer(f"GlobalAveragePooling{rank}D")
            yield Candidate(1.4 + 0.2 * distance, replaced={call.layer_id: pooled})


def _has_all_axes(problem: Problem) -> bool:
    """Tells whether the output of a model has as many axes as its targets."""
    if problem.goal.kind != TARGET:
        return False
    wanted: Shape = problem.goal.settings["shape"]  # type: ignore[assignment]
    return len(problem.shapes[0]) >= len(wanted)


def _other_rank(problem: Problem) -> Iterator[Candidate]:
    """Uses the class for another number of axes, such as `GlobalAveragePooling1D`."""
    goal = problem.goal
    kind, _settings = inner_layer(goal)
    if problem.operation is None or kind != goal.kind or len(problem.shapes) != 1:
        return
    rank = len(problem.shapes[0]) - 2
    has_rank = goal.kind[-1:] == "D" and goal.kind[-2:-1].isdigit()
    if has_rank and 1 <= rank <= 3 and rank != int(goal.kind[-2]):
        settings = {
            name: value[0]
            if isinstance(value, tuple) and value and len(set(value)) == 1
            else value
            for name, value in goal.settings.items()
        }
        cost = 2.1 if goal.kind.startswith("Global") else 3.2
        counts = problem.written_ranks
        cost = min(cost, 1.6) if counts[rank] >= max(counts[_rank_of(goal.kind)], 1) else cost
        cost -= 0.7 if any(_is_of_sequences(call) for call, _n in problem.upstream()) else 0
        yield Candidate(cost, replaced={GOAL: Layer(f"{goal.kind[:-2]}{rank}D", settings)})
