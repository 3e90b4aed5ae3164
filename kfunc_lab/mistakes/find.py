"""What a learner's code got wrong, found from the exception that Keras raised."""

import re
from dataclasses import replace

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, find_failure, message_of
from kfunc_lab.mistakes.rule import Mistake, Rule, quoted, title
from kfunc_lab.mistakes.rules import (
    call,
    construction,
    merging,
    models,
    ranks,
    saving,
    sizes,
    training,
    windows,
)
from kfunc_lab.mistakes.shape_check import misfit
from kfunc_lab.ui.text import printable

RULES: tuple[Rule, ...] = (
    *ranks.RULES,
    *sizes.RULES,
    *windows.RULES,
    *merging.RULES,
    *call.RULES,
    *models.RULES,
    *saving.RULES,
    *construction.RULES,
    *training.RULES,
)


def find_mistake(error: BaseException, failure: Failure | None = None) -> Mistake | None:
    """Finds what a learner's code got wrong.

    Args:
        error: An exception that was raised, with its traceback.
        failure: What failed, if it was found before.

    Returns:
        The mistake, of the rule `"unknown"` if no rule fits; `None` if the exception has nothing
        to do with Keras.

    Example:
        >>> try:
        ...     1 / 0
        ... except ZeroDivisionError as error:
        ...     find_mistake(error) is None
        True
    """
    failure = failure or find_failure(error)
    if failure is None:
        return None
    message = message_of(error)
    for rule in RULES:
        match = rule.pattern.search(message)
        if match is not None and (made := _made(rule, match, failure)) is not None:
            return made
    reckoned = _reckoned(failure)
    if reckoned is not None:
        return reckoned
    return Mistake("unknown", _unknown(error, message, failure))


def _reckoned(failure: Failure) -> Mistake | None:
    """Makes the mistake that the formulas of shapes find."""
    found = misfit(failure)
    if found is None:
        return None
    reason = f"{title(failure)}: {found}"
    return _printable(Mistake("does-not-fit", reason, found.arithmetic))


def _made(rule: Rule, match: re.Match[str], failure: Failure) -> Mistake | None:
    try:
        made = rule.make(match, failure)
    except Exception:  # a failed explanation must not hide the error that it explains
        return None
    if made is not None and not made.arithmetic:
        found = misfit(failure)
        made = replace(made, arithmetic=found.arithmetic if found else "")
    return None if made is None else _printable(made)


def _printable(mistake: Mistake) -> Mistake:
    """Takes out what would garble a line: names of files and layers may hold anything."""
    return replace(
        mistake,
        reason=printable(mistake.reason),
        arithmetic=printable(mistake.arithmetic),
        edit=printable(mistake.edit),
    )


def _unknown(error: BaseException, message: str, failure: Failure) -> str:
    line = next((it for it in _core(message).splitlines() if it.strip()), "")
    words = {"kind": type(error).__name__, "message": quoted(line), "name": failure.kind}
    if not line:
        return _("{name} raised {kind}.").format(**words)
    return _("Keras says: {message}").format(**words)


def _core(message: str) -> str:
    """Takes a message out of the ones that Keras wraps around it."""
    for wrapper in (
        r"Exception encountered when calling [^\n]*\n\n(.*?)\n\nArguments received by ",
        r"\ACould not automatically infer the output shape.*?Error encountered:\s*(.*)\Z",
    ):
        match = re.search(wrapper, message, re.DOTALL)
        if match is not None and match[1].strip():
            message = match[1]
    return message
