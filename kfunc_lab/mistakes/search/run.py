"""Runs the search: tries candidates in the order of their costs, within a limit of time."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from kfunc_lab.mistakes.search import (
    features,
    image_sizes,
    ranks,
    target_shapes,
    time_axes,
)
from kfunc_lab.mistakes.search.problem import Candidate, Problem
from kfunc_lab.shapes.rules.rule import Shape

SECONDS = 0.15
_MAX_FOUND = 3
_MAX_DEARER = 0.9  # a candidate that costs so much more than the best is not offered


@dataclass(frozen=True)
class Found:
    """A candidate that makes the failed call fit, with the shapes that it then returns."""

    candidate: Candidate
    outputs: tuple[Shape, ...]


def search(
    problem: Problem,
    seconds: float = SECONDS,
    keeps: Callable[[Candidate], bool] = lambda _candidate: True,
) -> list[Found]:
    """Finds the cheapest candidates that make a failed call fit.

    Args:
        problem: The failed call.
        seconds: The time for the search.
        keeps: Tells whether the code that follows works with a candidate, too.

    Returns:
        At most three candidates, the cheapest first; empty if none fits. Candidates that break
        the code that follows are returned only if there are no others.
    """
    end = time.perf_counter() + seconds
    found: list[Found] = []
    broken: list[Found] = []
    candidates = (weighed(problem, candidate) for candidate in _candidates(problem))
    for candidate in sorted(candidates, key=lambda it: it.cost):
        dear = found and candidate.cost > found[0].candidate.cost + _MAX_DEARER
        if len(found) == _MAX_FOUND or dear or time.perf_counter() > end:
            break
        outputs = _try(problem, candidate)
        if outputs is None or _repeats(candidate, found):
            continue
        if keeps(candidate):
            found.append(Found(candidate, outputs))
        elif len(broken) < _MAX_FOUND and not _repeats(candidate, broken):
            broken.append(Found(candidate, outputs))
    return found or broken


def weighed(problem: Problem, candidate: Candidate) -> Candidate:
    """Lowers the cost of a shape of an input that the learner's data have, or raises it."""
    cost = candidate.cost
    for call_id, shape in candidate.inputs.items():
        own = problem.calls[call_id].outputs[0].shape or ()
        if shape[1:] in problem.data_shapes:
            cost -= 1.0
        elif own[1:] in problem.data_shapes:
            cost += 1.0
    return candidate if cost == candidate.cost else replace(candidate, cost=cost)


def fits(problem: Problem, candidate: Candidate) -> bool:
    """Tells whether a failed call fits after an edit."""
    return _try(problem, candidate) is not None


def _candidates(problem: Problem) -> Iterator[Candidate]:
    for kind in (time_axes, target_shapes, ranks, image_sizes, features):
        yield from kind.candidates(problem)


def _try(problem: Problem, candidate: Candidate) -> tuple[Shape, ...] | None:
    try:
        outputs = problem.outputs_with(candidate)
    except Exception:  # it does not fit: a rule or Keras refuses it
        return None
    known = all(size is None or size > 0 for shape in outputs for size in shape)
    return outputs if known else None


def _repeats(candidate: Candidate, found: list[Found]) -> bool:
    """Tells whether the same place is edited already, at a lower cost."""
    places = _places(candidate)
    return any(places == _places(other.candidate) for other in found)


def _places(candidate: Candidate) -> Mapping[str, object]:
    return {
        "settings": sorted(
            (key, tuple(sorted(value))) for key, value in candidate.settings.items()
        ),
        "inputs": sorted(candidate.inputs),
        "inserted": sorted(
            (place, tuple(layer.kind for layer in layers))
            for place, layers in candidate.inserted.items()
        ),
        "dropped": sorted(candidate.dropped),
        "replaced": sorted(candidate.replaced),
    }
