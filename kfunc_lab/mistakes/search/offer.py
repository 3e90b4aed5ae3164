"""Offers the edits that the search finds for a mistake in shapes."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kfunc_lab.mistakes.ahead.notebook import Notebook
from kfunc_lab.mistakes.failure import Failure, shape_of
from kfunc_lab.mistakes.rule import Mistake
from kfunc_lab.mistakes.search.data import data_shapes
from kfunc_lab.mistakes.search.edits import Describer
from kfunc_lab.mistakes.search.problem import (
    GOAL,
    Candidate,
    Problem,
    problem_in_model,
    problem_of,
    problem_of_target,
)
from kfunc_lab.mistakes.search.run import fits, search
from kfunc_lab.mistakes.search.sites import Sites
from kfunc_lab.mistakes.search.size_paths import size_paths
from kfunc_lab.mistakes.search.traced import traced_problem
from kfunc_lab.mistakes.source.edit import Edit
from kfunc_lab.shapes.rules.rule import Shape
from kfunc_lab.ui.text import printable

# The file and the line that made a call, from Keras's record of the call.
OriginOf = Callable[[Any], tuple[str, int] | None]

# The rules about shapes. What they advise without a search is dropped if the search finds nothing.
_SHAPE_RULES = frozenset(
    [
        "wrong-rank", "missing-channels", "batch-in-shape", "missing-sequences", "unknown-size",
        "concatenate-shapes", "merge-shapes", "reshape-size", "dot-axes", "too-small",
        "does-not-fit", "wrong-size", "unknown", "wrong-input-shape",
    ]
)  # fmt: skip
_KEPT = frozenset(
    [
        "wrong-input-shape",
        "wrong-size",
        "wrong-rank",
        "unknown-size",
        "too-small",
        "reshape-size",
    ]
)


def with_tried_edits(
    mistake: Mistake, failure: Failure, origin_of: OriginOf = lambda _node: None
) -> Mistake:
    """Replaces the edit of a mistake in shapes by edits that were tried.

    Args:
        mistake: The mistake.
        failure: The call that failed.
        origin_of: Returns the file and the line that made a call, if that is known.

    Returns:
        The mistake with the best edit and up to two others; unchanged if it is not about shapes.
    """
    if mistake.rule not in _SHAPE_RULES or mistake.changes:
        return mistake
    problem = problem_of(failure) or traced_problem(failure)
    if problem is None and failure.stage == "fit":
        return _with_misfit_in_model(mistake, failure, origin_of)
    if problem is None or fits(problem, Candidate(0)):
        return mistake
    edits = _edits(problem, failure, origin_of)
    mistake = replace(mistake, arithmetic=size_paths(problem) or mistake.arithmetic)
    if not edits:
        return mistake if mistake.rule in _KEPT else replace(mistake, edit="")
    return _with(mistake, edits)


def _with_misfit_in_model(mistake: Mistake, failure: Failure, origin_of: OriginOf) -> Mistake:
    """Explains a failed training by the call of the model that does not fit, if there is one."""
    found = None if failure.model is None else problem_in_model(failure.model)
    if found is None or mistake.rule != "unknown":
        return mistake
    problem, error = found
    name = f"{printable(problem.goal.layer)} ({printable(problem.goal.kind)})"
    mistake = Mistake(
        "does-not-fit", f"{name}: {error}", error.arithmetic, where=problem.goal.layer
    )
    edits = _edits(problem, failure, origin_of)
    return _with(mistake, edits) if edits else mistake


def with_tried_target_edits(
    mistake: Mistake, failure: Failure, origin_of: OriginOf = lambda _node: None
) -> Mistake:
    """Replaces the edit of an image that does not have the size of its targets.

    Args:
        mistake: The mistake.
        failure: The training call that failed.
        origin_of: As in `with_tried_edits`.
    """
    if mistake.changes or mistake.target is None:
        return mistake
    target, output = mistake.target
    outputs = getattr(failure.operation, "outputs", None) or []
    places = [place for place, it in enumerate(outputs) if _same(shape_of(it), output)]
    wanted = _wanted(failure, target, output)
    if len(places) != 1:
        return mistake
    if wanted is None and len(target) == len(output) == 2 and target[1]:
        wanted = (None, target[1])  # the last layer may be missing
    if wanted is None:
        return mistake
    problem = problem_of_target(failure.operation, wanted, places[0])
    if problem is None or (len(output) == 2 == len(wanted) and not _lacks_head(problem)):
        return mistake
    mistake = replace(mistake, arithmetic=size_paths(problem) or mistake.arithmetic)
    edits = _edits(problem, failure, origin_of)
    return _with(mistake, edits) if edits else mistake


def _lacks_head(problem: Problem) -> bool:
    """Tells whether a model ends in a layer that has no width of its own."""
    last = problem.source(GOAL)
    return last is not None and (last.kind == "Flatten" or last.kind.startswith("Global"))


def _wanted(failure: Failure, target: Shape, output: Shape) -> Shape | None:
    """Returns the shape that the output should have; `None` if the targets are to change."""
    loss = getattr(failure.operation, "loss", None)
    name = (
        loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", ""))
    )
    wanted = (None, *target[1:])
    if "sparse" in str(name):
        wanted = (*wanted, output[-1])
    elif len(target) == 1:
        wanted = (None, 1)
    is_short = len(output) < len(wanted)
    return wanted if is_short or len(output) >= max(len(wanted), 3) else None


def _same(one: Shape | None, other: Shape) -> bool:
    return one is not None and one[1:] == other[1:]


def _edits(problem: Problem, failure: Failure, origin_of: OriginOf) -> list[Edit]:
    problem.data_shapes = data_shapes(failure)
    lines = {
        call_id: origin
        for call_id, node in problem.reading.nodes.items()
        if (origin := origin_of(node)) is not None
    }
    describer = Describer(problem, failure, Sites(failure, lines))
    problem.written_factors = describer.written_factors()
    if failure.source is not None:
        names = re.findall(r"[a-z](\d)D", failure.source.text)
        problem.written_ranks = Counter(map(int, names))
    notebook = Notebook(failure)

    def keeps(candidate: Candidate) -> bool:
        return notebook.verdict(describer.edit(describer.with_shared(candidate)).changes).fits

    edits = []
    for found in search(problem, keeps=keeps):
        candidate = describer.with_shared(found.candidate)
        if candidate is found.candidate or fits(problem, candidate):
            edits.append(describer.edit(candidate))
    return edits


def _with(mistake: Mistake, edits: list[Edit]) -> Mistake:
    first, *others = edits
    return replace(mistake, edit=first.words, changes=first.changes, others=tuple(others))
