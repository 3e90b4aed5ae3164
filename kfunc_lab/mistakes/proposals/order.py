"""Puts edits that the code which follows works with before those that break it."""

from collections.abc import Iterator
from dataclasses import replace

from kfunc_lab.mistakes.ahead.notebook import Notebook
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.proposals import (
    arguments,
    calls,
    classes,
    input_shapes,
    outputs,
)
from kfunc_lab.mistakes.rule import Mistake
from kfunc_lab.mistakes.source.edit import Edit

_STAGES = ("construct", "call", "model", "tensor", "name")
# A change of a base that Keras ships cannot be followed, but these rules know it is right.
_CERTAIN = ("application-top", "application-channels")
_MAX_EDITS = 3
_SECONDS = 0.12


def with_followed_edits(mistake: Mistake, failure: Failure) -> Mistake:
    """Replaces an edit that breaks later calls by one that does not.

    Args:
        mistake: The mistake with the edits known so far.
        failure: The failure.

    Returns:
        The mistake with better edits first; unchanged if there are none.
    """
    if failure.stage not in _STAGES or mistake.rule in _CERTAIN:
        return mistake
    notebook = Notebook(failure, _SECONDS)
    first = Edit(mistake.edit, mistake.changes)
    given = [edit for edit in (first, *mistake.others) if edit.changes]
    known = [edit for edit in given if notebook.verdict(edit.changes).fits]
    is_open = first not in known or not notebook.verdict(first.changes).is_known
    proposed = list(_proposed(mistake, failure, notebook, is_open=is_open))
    if not proposed and (first in known or not known):
        return mistake
    edits = [*proposed, *known]
    best, *others = {edit.changes: edit for edit in reversed(edits)}.values().__reversed__()
    return replace(
        mistake,
        edit=best.words,
        changes=best.changes,
        others=tuple(others[: _MAX_EDITS - 1]),
    )


def _proposed(
    mistake: Mistake, failure: Failure, notebook: Notebook, *, is_open: bool
) -> Iterator[Edit]:
    """Yields edits that fit.

    Args:
        mistake: The mistake.
        failure: The failure.
        notebook: The cells, to follow them after an edit.
        is_open: Whether no good edit is known yet.
    """
    for module in (arguments, calls, input_shapes, outputs, classes):
        if is_open or module is arguments:
            found = list(module.proposals(mistake, failure, notebook))
            yield from found
            if found:
                return
