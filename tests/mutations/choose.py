"""Chooses mutants: as many of each kind as there are, in a random order that never changes."""

import functools
import random
from collections.abc import Iterator

from kfunc_lab.mistakes.source.code import Code
from mutations import calls, data, names, settings, training  # noqa: F401 - they register kinds
from mutations.mutant import OPERATORS, Cell, Mutant, mutate
from mutations.right_models import MODELS


def mutants(count: int, seed: int = 0) -> list[Mutant]:
    """Returns different mutants.

    The kinds take turns; in each turn a kind gives a mutant of a random model, so that neither a
    kind nor a model with many places prevails.

    Args:
        count: How many.
        seed: Another seed gives other mutants.
    """
    chosen: dict[tuple[str, ...], Mutant] = {}
    queues = [_in_random_order(kind, seed) for kind in OPERATORS]
    while queues and len(chosen) < count:
        for queue in list(queues):
            mutant = next(queue, None)
            if mutant is None:
                queues.remove(queue)
            elif len(chosen) < count:
                chosen.setdefault(mutant.cells, mutant)
    return list(chosen.values())


def _in_random_order(kind: str, seed: int) -> Iterator[Mutant]:
    chance = random.Random(f"{kind} {seed}")
    by_model = {name: list(_all(kind, name)) for name in MODELS}
    while any(by_model.values()):
        for name in chance.sample(list(by_model), len(by_model)):
            if by_model[name]:
                yield by_model[name].pop(chance.randrange(len(by_model[name])))


@functools.cache
def _all(kind: str, name: str) -> tuple[Mutant, ...]:
    return tuple(_of_model(kind, name))


def _of_model(kind: str, name: str) -> Iterator[Mutant]:
    for cell in _cells(name):
        for changes in OPERATORS[kind](cell):
            mutant = mutate(cell, kind, changes, MODELS[name]) if changes else None
            if mutant is not None:
                yield mutant


@functools.cache
def _cells(name: str) -> tuple[Cell, ...]:
    texts = MODELS[name]
    return tuple(
        Cell(name, index, Code(f"{name} {index}", text), index == len(texts) - 1)
        for index, text in enumerate(texts)
    )
