"""Candidates for the target shape of a `Reshape`, of the failed call or of one before it."""

import math
from collections.abc import Iterator
from itertools import permutations
from typing import Any

from kfunc_lab.mistakes.search.problem import GOAL, Candidate, Problem
from kfunc_lab.shapes.rules.rule import Shape

_MAX_DISTANCE = 6
_MAX_RANK = 4


def candidates(problem: Problem) -> Iterator[Candidate]:
    """Yields target shapes that hold all numbers of the input of a `Reshape`."""
    if problem.goal.kind == "Reshape" and problem.shapes:
        yield from _of_product(problem)
        for cost, shape in _shapes(problem.goal, problem.shapes[0]):
            yield Candidate(cost, settings={GOAL: {"target_shape": shape}})
    for call, distance in problem.upstream():
        own = call.inputs[0].shape if call.inputs else None
        if call.kind == "Reshape" and own is not None and distance <= _MAX_DISTANCE:
            for cost, shape in _shapes(call, own):
                changes = {call.layer_id: {"target_shape": shape}}
                yield Candidate(cost + 0.02 * distance, settings=changes)


def _of_product(problem: Problem) -> Iterator[Candidate]:
    """Yields the factors of a layer's units, and an input that holds all numbers."""
    source = problem.source(GOAL)
    if source is None:
        return
    wanted: Any = problem.goal.settings.get("target_shape", ())
    for factors in problem.written_factors.get(source.id, ()):
        if source.kind == "Dense" and len(factors) > 1:
            yield Candidate(1.3, settings={GOAL: {"target_shape": factors}})
    if (
        source.kind == "InputLayer"
        and wanted
        and min(wanted) > 0
        and len(problem.shapes[0]) < 3
    ):
        yield Candidate(2.0, inputs={source.id: (None, math.prod(wanted))})


def _shapes(call: Any, given: Shape) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Yields other target shapes, those nearest to the learner's first."""
    wanted = tuple(call.settings.get("target_shape", ()))
    if None in given[1:] or -1 in wanted:
        return
    total = math.prod(size or 1 for size in given[1:])
    if not wanted:
        yield 1.7, (total,)
        return
    product = math.prod(wanted)
    if product == total and len(wanted) <= _MAX_RANK:
        for order in sorted(set(permutations(wanted)) - {wanted}):
            # The sizes turned round are the most likely order of two kinds.
            yield (1.75 if order == wanted[::-1] else 1.95), order
    for place in reversed(range(len(wanted))):
        shorter = (*wanted[:place], *wanted[place + 1 :])
        if shorter and math.prod(shorter) == total:
            yield 1.65, shorter
    if product and total % product == 0:
        # A further axis of the input, such as the batch, does not belong to the target shape.
        is_further = product == math.prod(size or 1 for size in given[2:])
        adds = 0.8 if product == total or is_further else 0
        yield 1.7 + adds, (*wanted, total // product)
        yield 2.2 + adds, (total // product, *wanted)
