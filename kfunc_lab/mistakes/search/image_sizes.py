"""Candidates for sizes that differ: heights and widths, steps, windows that do not fit."""

from collections import Counter
from collections.abc import Iterator, Mapping
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

_MAX_LARGER = 64  # at most so much larger is a size of the input that is tried
_MAX_DISTANCE = 14


def candidates(problem: Problem) -> Iterator[Candidate]:
    """Yields candidates that change strides, padding and windows, or crop and pad."""
    for call, distance in problem.upstream():
        if distance <= _MAX_DISTANCE:
            for cost, changes in _settings(problem, call):
                total = cost + 0.08 * distance
                yield Candidate(total, settings={call.layer_id: changes})
    if problem.operation is not None:
        for cost, changes in _settings(problem, problem.goal):
            yield Candidate(cost, settings={GOAL: changes})
        yield from _shorter(problem)
    yield from _larger_inputs(problem)
    yield from _fitted(problem)
    yield from _all_padded(problem)


def _settings(problem: Problem, call: Any) -> Iterator[tuple[float, Mapping[str, Any]]]:
    """Yields other settings of a layer with windows, those of its siblings first."""
    kind, settings = inner_layer(call)
    windows = "Conv" in kind or ("Pooling" in kind and not kind.startswith("Global"))
    if not windows and not kind.startswith("UpSampling"):
        return
    common = _common(problem, call)
    default = {"padding": "valid", "strides": 1, "size": 2}
    transposed = "Transpose" in kind
    for name, values in _choices(kind, settings).items():
        own = settings.get(name, default.get(name))
        for value in values:
            if _equal(value, own):
                continue
            is_common = _equal(common.get(name, object()), value)
            was_common = name in common and _equal(common[name], own)
            cost = 2.2 - (0.7 if is_common else 0) - (0.5 if transposed else 0)
            cost += 0.9 if was_common and not (transposed and name == "strides") else 0
            cost += 0.5 if name in ("kernel_size", "pool_size") else 0
            cost += 0.4 if value == "valid" else 0
            yield cost, with_inner_setting(call, name, value)
            if name == "strides" and not _equal(settings.get("padding"), "same"):
                both = {**with_inner_setting(call, name, value)}
                if "layer" not in both:
                    yield cost + 0.6, {**both, "padding": "same"}


def _all_padded(problem: Problem) -> Iterator[Candidate]:
    """Pads all windows that move by one, which then keep the sizes."""
    changed = {
        call.layer_id: with_inner_setting(call, "padding", "same")
        for call, _distance in problem.upstream()
        if ("Conv" in call.kind or ("Pool" in call.kind and "Global" not in call.kind))
        and setting(call, "padding") == "valid"
        and ("Pool" not in call.kind or _equal(setting(call, "strides"), 1))
    }
    if len(changed) > 1:
        yield Candidate(2.35 + 0.05 * len(changed), settings=changed)


def _choices(kind: str, settings: Mapping[str, Any]) -> dict[str, list[Any]]:
    if kind.startswith("UpSampling"):
        return {"size": [2, 4, 3]}
    choices: dict[str, list[Any]] = {"padding": ["same", "valid"]}
    if "Conv" in kind:
        choices["strides"] = [2, 1, 3] if "Transpose" in kind else [1, 2]
        choices["kernel_size"] = [3, 1, 2, 5]
    else:
        choices["pool_size"] = [2, 1, 3]
        choices["strides"] = [2, 1]
    return choices


def _common(problem: Problem, call: Any) -> Mapping[str, Any]:
    """Returns the settings that most layers of a class share."""
    common = {}
    kind, _settings = inner_layer(call)
    of_class = problem.siblings(call)
    of_family = [
        other
        for other in problem.calls.values()
        if other.layer_id != call.layer_id and "Conv" in other.kind and "Conv" in kind
    ]
    for name in ("padding", "strides", "kernel_size", "pool_size", "size"):
        siblings = of_family or of_class if name == "padding" else of_class
        values = Counter(repr(setting(other, name)) for other in siblings)
        if values:
            most = values.most_common(1)[0][0]
            common[name] = next(
                setting(other, name) for other in siblings if repr(setting(other, name)) == most
            )
    return common


def _equal(one: Any, other: Any) -> bool:
    """Compares two settings, of which one number may stand for each axis."""
    if isinstance(one, (tuple, list)) and len(set(one)) == 1:
        one = one[0]
    if isinstance(other, (tuple, list)) and len(set(other)) == 1:
        other = other[0]
    return bool(one == other)


def _shorter(problem: Problem) -> Iterator[Candidate]:
    """Leaves out a layer that makes the images smaller."""
    for call, distance in problem.upstream():
        if "Pooling" in call.kind and not call.kind.startswith("Global"):
            yield Candidate(2.6 + 0.1 * distance, dropped=frozenset([call.id]))


def _larger_inputs(problem: Problem) -> Iterator[Candidate]:
    """Yields sizes of the input that all halvings divide."""
    if problem.goal.kind == TARGET:
        return
    for call, _distance in problem.upstream():
        own = call.outputs[0].shape if call.kind == "InputLayer" and call.outputs else None
        if own is None or len(own) < 3 or None in own[1:-1]:
            continue
        for factor in (2, 4, 8, 16, 32):
            for sizes in (
                [-(-(size or 1) // factor) * factor for size in own[1:-1]],
                [max((size or 1) // factor, 1) * factor for size in own[1:-1]],
            ):
                other = (own[0], *sizes, own[-1])
                change = max(abs(a - (b or 0)) for a, b in zip(sizes, own[1:-1], strict=True))
                if 0 < change <= _MAX_LARGER:
                    cost = 2.45 + 0.01 * factor + 0.02 * change
                    yield Candidate(cost, inputs={call.id: other})


def _fitted(problem: Problem) -> Iterator[Candidate]:
    """Crops, pads or enlarges one input to the sizes of another, or of the targets."""
    shapes: list[Shape] = problem.shapes
    if problem.goal.kind == TARGET:
        wanted: Shape = problem.goal.settings["shape"]  # type: ignore[assignment]
        yield from _towards(0, shapes[0], wanted, 0.0)
        return
    if len(shapes) < 2 or len({len(shape) for shape in shapes}) != 1:
        return
    for position, shape in enumerate(shapes):
        for other in shapes:
            if other[1:-1] != shape[1:-1]:
                yield from _towards(position, shape, other, 0.3)


def _towards(position: int, shape: Shape, wanted: Shape, more: float) -> Iterator[Candidate]:
    rank = len(shape) - 2
    if not 1 <= rank <= 3 or len(wanted) != len(shape):
        return
    pairs = list(zip(shape[1:-1], wanted[1:-1], strict=True))
    if any(a is None or b is None for a, b in pairs):
        return
    place = (GOAL, position)
    more += 0.6 if rank == 1 else 0  # steps that are cut off or added mean something
    differences = [(a or 0) - (b or 0) for a, b in pairs]
    if all(difference >= 0 for difference in differences):
        cost = 2.3 if max(differences) <= 4 else 3.6
        yield Candidate(
            cost + more,
            inserted={place: (Layer(f"Cropping{rank}D", _ends(differences, "cropping")),)},
        )
    if all(difference <= 0 for difference in differences):
        cost = 2.4 if min(differences) >= -4 else 3.7
        ends = _ends([-difference for difference in differences], "padding")
        yield Candidate(cost + more, inserted={place: (Layer(f"ZeroPadding{rank}D", ends),)})
        ratios = {(b or 1) / (a or 1) for a, b in pairs}
        if len(ratios) == 1 and (ratio := ratios.pop()) == int(ratio) and ratio > 1:
            layer = Layer(f"UpSampling{rank}D", {"size": int(ratio)})
            yield Candidate(2.2 + more, inserted={place: (layer,)})
    if all(difference >= 0 for difference in differences):
        ratios = {(a or 1) / (b or 1) for a, b in pairs}
        if len(ratios) == 1 and (ratio := ratios.pop()) == int(ratio) and ratio > 1:
            layer = Layer(f"MaxPooling{rank}D", {"pool_size": int(ratio)})
            yield Candidate(2.5 + more, inserted={place: (layer,)})
    if rank == 2:
        resize = Layer("Resizing", {"height": pairs[0][1], "width": pairs[1][1]})
        yield Candidate(3.2 + more, inserted={place: (resize,)})


def _ends(differences: list[int], name: str) -> dict[str, Any]:
    """Returns the setting that removes or adds so much, the smaller half at the beginning."""
    ends = tuple((difference // 2, difference - difference // 2) for difference in differences)
    return {name: ends[0] if len(ends) == 1 else ends}
