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
        for cost, shape in _shapes(problem.goal, problem.shapes[0]):
            yield Candidate(cost, settings={GOAL: {"target_shape": shape}})
    for call, distance in problem.upstream():
        own = call.inputs[0].shape if call.inputs else None
        if call.kind == "Reshape" and own is not None and distance <= _MAX_DISTANCE:
            for cost, shape in _shapes(call, own):
                changes = {call.layer_id: {"target_shape": shape}}
                yield Candidate(cost + 0.02 * distance, settings=changes)


def _shapes(call: Any, given: Shape) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Yields other target shapes, those nearest to the learner's first."""
    wanted = tuple(call.settings.get("target_shape", ()))
    if None in given[1:] or -1 in wanted or not wanted:
        return
    total = math.prod(size or 1 for size in given[1:])
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
        adds = 0 if product != total else 0.8
        yield 1.7 + adds, (*wanted, total // product)
        yield 2.2 + adds, (total // product, *wanted)
