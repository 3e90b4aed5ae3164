"""Finds the learner's mistake behind an exception that Keras raised."""

import contextlib
import re
from collections.abc import Callable
from dataclasses import replace

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, find_failure
from kfunc_lab.mistakes.proposals.order import with_followed_edits
from kfunc_lab.mistakes.root_cause import causes
from kfunc_lab.mistakes.rule import Mistake, Rule, title
from kfunc_lab.mistakes.rules import (
    call,
    construction,
    fit_settings,
    lists,
    merging,
    models,
    old_names,
    on_data,
    ranks,
    recurrent,
    saving,
    sizes,
    states,
    tensor_as_data,
    windows,
)
from kfunc_lab.mistakes.rules.arguments import (
    batch_axis,
    class_called,
    dtypes,
    functions,
    input_shapes,
    merges,
    model_ends,
    optimizers,
    other_class,
    products,
    values,
)
from kfunc_lab.mistakes.rules.arguments import (
    losses as missing_losses,
)
from kfunc_lab.mistakes.rules.joining import (
    applications,
    bases,
    calls,
    models_for_tensors,
    names,
    nested,
    shortcuts,
)
from kfunc_lab.mistakes.rules.own import (
    attributes,
    batches,
    computations,
    inputs,
    lambdas,
    losses,
    old_methods,
    results,
    signature,
    weights,
)
from kfunc_lab.mistakes.rules.saved import configs, files, objects, suffixes
from kfunc_lab.mistakes.rules.training import rules as training
from kfunc_lab.mistakes.search.offer import (
    OriginOf,
    with_tried_edits,
    with_tried_target_edits,
)
from kfunc_lab.mistakes.shape_check import find_misfit
from kfunc_lab.mistakes.trials.offer import with_tried_data
from kfunc_lab.ui.text import first_sentences, printable

RULES: tuple[Rule, ...] = (
    *tensor_as_data.RULES,
    *functions.RULES,
    *dtypes.RULES,
    *batch_axis.RULES,
    *input_shapes.RULES,
    *class_called.RULES,
    *values.RULES,
    *merges.RULES,
    *optimizers.RULES,
    *missing_losses.RULES,
    *products.RULES,
    *other_class.RULES,
    *lists.RULES,
    *states.RULES,
    *recurrent.RULES,
    *models_for_tensors.RULES,
    *applications.RULES,
    *bases.RULES,
    *nested.RULES,
    *model_ends.RULES,
    *shortcuts.RULES,
    *names.RULES,
    *calls.RULES,
    *objects.RULES,
    *configs.RULES,
    *files.RULES,
    *suffixes.RULES,
    *signature.RULES,
    *results.RULES,
    *attributes.RULES,
    *weights.RULES,
    *inputs.RULES,
    *losses.RULES,
    *old_methods.RULES,
    *batches.RULES,
    *on_data.RULES,
    *lambdas.RULES,
    *computations.RULES,
    *old_names.RULES,
    *fit_settings.RULES,
    *training.EARLY,
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


def find_mistake(
    error: BaseException,
    failure: Failure | None = None,
    origin_of: OriginOf = lambda _node: None,
) -> Mistake | None:
    """Finds the mistake in a learner's code.

    Args:
        error: An exception with its traceback.
        failure: The call that failed, if it is known already.
        origin_of: Returns the file and the line that made a call, if that is known.

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
    return None if failure is None else explain_failure(error, failure, origin_of)[1]


def explain_failure(
    error: BaseException,
    failure: Failure,
    origin_of: OriginOf = lambda _node: None,
) -> tuple[Failure, Mistake]:
    """Finds where a failure began, and the mistake there.

    Args:
        error: An exception with its traceback.
        failure: The call that failed, as the traceback tells.
        origin_of: As in `find_mistake`.

    Returns:
        The failure as if it had been raised where it began, and the mistake, with the rule
        `"unknown"` if no rule fits.
    """
    begin, mistake = _by_rules(error, failure)
    searches: tuple[Callable[[Mistake], Mistake], ...] = (
        lambda found: with_tried_edits(found, begin, origin_of),
        lambda found: with_tried_target_edits(found, begin, origin_of),
        lambda found: with_followed_edits(found, begin),
        lambda found: with_tried_data(found, begin),
    )
    for search in searches:
        # A failed search must not hide the error that it explains.
        with contextlib.suppress(Exception):
            mistake = search(mistake)
    return begin, _printable(mistake)


def _by_rules(error: BaseException, failure: Failure) -> tuple[Failure, Mistake]:
    found = causes(error, failure)
    for cause in found:
        for rule in RULES:
            match = rule.pattern.search(cause.message)
            if match is None:
                continue
            mistake = _apply(rule, match, cause.failure)
            if mistake is not None:
                return cause.failure, mistake
        mistake = _from_shape_rules(cause.failure)
        if mistake is not None:
            return cause.failure, mistake
    inner = next((cause for cause in found if cause.failure is not failure), found[0])
    words = _unknown(error, inner.message, inner.failure)
    return inner.failure, Mistake("unknown", words)


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
    if mistake is not None and not mistake.arithmetic and mistake.rule != "add-loss":
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
        others=tuple(replace(it, words=printable(it.words)) for it in mistake.others),
    )


def _unknown(error: BaseException, message: str, failure: Failure) -> str:
    paragraph = re.split(r"\n\s*\n", _unwrap(message).strip())[0]
    said = first_sentences(paragraph)
    words = {"kind": type(error).__name__, "message": said, "name": failure.kind}
    if not said:
        return _("{name} raised {kind}.").format(**words)
    if failure.stage == "name":
        return _("Python says: {message}").format(**words)
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
