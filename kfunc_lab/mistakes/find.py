"""Finds the learner's mistake behind an exception that Keras raised."""

import re
from dataclasses import replace

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, find_failure, message_of
from kfunc_lab.mistakes.rule import Mistake, Rule, title
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
from kfunc_lab.mistakes.shape_check import find_misfit
from kfunc_lab.ui.text import first_sentences, printable

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
    """Finds the mistake in a learner's code.

    Args:
        error: An exception with its traceback.
        failure: The call that failed, if it is known already.

    Returns:
        The mistake, with the rule `"unknown"` if no rule fits; `None` if the exception has
        nothing to do with Keras.

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
        if match is not None and (mistake := _apply(rule, match, failure)) is not None:
            return mistake
    mistake = _from_shape_rules(failure)
    if mistake is not None:
        return mistake
    return Mistake("unknown", _unknown(error, message, failure))


def _from_shape_rules(failure: Failure) -> Mistake | None:
    """Returns the mistake that the shape rules find, if they find one."""
    misfit = find_misfit(failure)
    if misfit is None:
        return None
    reason = f"{title(failure)}: {misfit}"
    return _printable(Mistake("does-not-fit", reason, misfit.arithmetic))


def _apply(rule: Rule, match: re.Match[str], failure: Failure) -> Mistake | None:
    try:
        mistake = rule.make(match, failure)
    except Exception:  # a failed explanation must not hide the error that it explains
        return None
    if mistake is not None and not mistake.arithmetic:
        misfit = find_misfit(failure)
        mistake = replace(mistake, arithmetic=misfit.arithmetic if misfit else "")
    return None if mistake is None else _printable(mistake)


def _printable(mistake: Mistake) -> Mistake:
    """Removes characters that would garble a line; names of files and layers may hold any."""
    return replace(
        mistake,
        reason=printable(mistake.reason),
        arithmetic=printable(mistake.arithmetic),
        edit=printable(mistake.edit),
    )


def _unknown(error: BaseException, message: str, failure: Failure) -> str:
    paragraph = re.split(r"\n\s*\n", _unwrap(message).strip())[0]
    said = first_sentences(paragraph)
    words = {"kind": type(error).__name__, "message": said, "name": failure.kind}
    if not said:
        return _("{name} raised {kind}.").format(**words)
    return _("Keras says: {message}").format(**words)


def _unwrap(message: str) -> str:
    """Returns the innermost message, without the text that Keras wraps around it."""
    for wrapper in (
        r"Exception encountered when calling [^\n]*\n\n(.*?)\n\nArguments received by ",
        r"\ACould not automatically infer the output shape.*?Error encountered:\s*(.*)\Z",
    ):
        match = re.search(wrapper, message, re.DOTALL)
        if match is not None and match[1].strip():
            message = match[1]
    return message
