"""Right and wrong answers to every exercise, made by rewriting and mutating its solution.

A right variant says the same in another way: nested, with operations instead of layers, with
numbers of other types. A wrong variant has one slip; mutants that are still right are left out,
which is decided without the checks: by running both models with equal weights, or by construction.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from variants import (
    class_answers,
    compiled_answers,
    function_answers,
    graph_answers,
    head_answers,
    project_answers,
    value_answers,
)

Maker = Callable[[int, int], Iterator[tuple[str, Any]]]

MAKERS: dict[str, tuple[Maker, Maker]] = {
    "two-cuts": (graph_answers.right_cuts, graph_answers.wrong_cuts),
    "three-features": (graph_answers.right_features, graph_answers.wrong_features),
    "three-heads": (compiled_answers.right_heads, compiled_answers.wrong_heads),
    "swapped-losses": (compiled_answers.right_losses, compiled_answers.wrong_losses),
    "round-trip": (compiled_answers.right_trips, compiled_answers.wrong_trips),
    "new-head": (head_answers.right, head_answers.wrong),
    "count-joins": (function_answers.right, function_answers.wrong),
}
for module, names in (
    (graph_answers, graph_answers.SPECS),
    (value_answers, (*value_answers.NUMBERS, *value_answers.DICTS)),
    (class_answers, ("power-layer", "any-batch")),
    (project_answers, project_answers.LEVELS),
):
    for name in names:
        MAKERS[name] = (partial(module.right, name), partial(module.wrong, name))


def right(name: str, seed: int, count: int = 30) -> Iterator[tuple[str, Any]]:
    """Yields right answers, each with a note on how it is written."""
    return MAKERS[name][0](seed, count)


def wrong(name: str, seed: int, count: int = 30) -> Iterator[tuple[str, Any]]:
    """Yields wrong answers, each with a note on what is wrong."""
    return MAKERS[name][1](seed, count)
