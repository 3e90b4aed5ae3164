"""The parts of every rule about data: a mistake from edits that were tried."""

from collections.abc import Sequence

from kfunc_lab.mistakes.data.solution import Solution
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake
from kfunc_lab.mistakes.source.edit import Edit
from kfunc_lab.mistakes.statements.compile_again import with_compile


def mistake(
    failure: Failure,
    rule: str,
    reason: str,
    edits: Sequence[Edit] = (),
    arithmetic: str = "",
    where: str = "",
) -> Mistake:
    """Returns a mistake with its first edit and the others; each compiles again if it must."""
    # Advice without changes has no place in the source, and so it needs no `compile` either.
    whole = [with_compile(failure, edit) if edit.changes else edit for edit in edits]
    if not whole:
        return Mistake(rule, reason, arithmetic, "", where)
    return Mistake(
        rule, reason, arithmetic, whole[0].words, where, whole[0].changes, tuple(whole[1:3])
    )


def solved(
    failure: Failure,
    solution: Solution,
    rule: str,
    reason: str,
    arithmetic: str = "",
    where: str = "",
) -> Mistake:
    """Returns the mistake of a solution, with the reason of the message if it has none."""
    return mistake(
        failure,
        solution.rule or rule,
        solution.reason or reason,
        solution.edits,
        solution.arithmetic if solution.reason else arithmetic,
        where,
    )
