"""Offers the changes of data, of their variables and of their model that were tried."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace

from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.kinds import Spec, kind_of, leaves, spec_of_value
from kfunc_lab.mistakes.data.passed import find_passed
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, written
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Edit, edited
from kfunc_lab.mistakes.statements.compile_again import with_compile
from kfunc_lab.mistakes.statements.compiling import name_of_loss
from kfunc_lab.mistakes.trials import models, shaped, unwrapped, variables
from kfunc_lab.mistakes.trials.trial import Option, Trial

_SECONDS = 0.12
_OWN, _OWN_LOSS = 2.85, 2.5  # the cost of an edit that a rule found
_MAX_FOUND = 2
_MEANT = ("labels-of-halves",)  # the rule knows what was meant
_METHODS = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "__call__",
            "predict_on_batch")  # fmt: skip


def with_tried_data(mistake: Mistake, failure: Failure) -> Mistake:
    """Puts edits of data that were tried before the edits of a rule, and drops those that fail.

    Args:
        mistake: What a rule found, or the unknown mistake.
        failure: The call that failed.
    """
    if failure.stage not in ("fit", "call", "data", "name") or mistake.rule in _MEANT:
        return mistake
    passed = find_passed(failure)
    if passed is None or passed.method not in _METHODS:
        return mistake
    trial = Trial.of(passed)
    if trial is None:
        return mistake
    own = [Edit(mistake.edit, mistake.changes)] if mistake.edit else []
    own += mistake.others
    kept = [edit for edit in own if trial.judged(edit) is not False]
    found = _found(trial)
    cost = _cost_of(kept, trial)
    before = [it.edit for it in found if it.cost < cost]
    behind = [it.edit for it in found if it.edit not in before]
    if not found and len(kept) == len(own):
        return mistake
    if found:
        kept = [edit for edit in kept if edit.changes]
    edits = [with_compile(failure, edit) for edit in before]
    edits += kept
    edits += [with_compile(failure, edit) for edit in behind]
    return _with(_explained(mistake, trial), _unique(edits, kept))


def _cost_of(edits: list[Edit], trial: Trial) -> float:
    """Returns the cost of the edits of a rule; much if none of them changes the source."""
    changes = edits[0].changes if edits else ()
    if not changes:
        return 100.0
    sets_loss = all(re.search(r'^"\w+"$|[a-z]entropy$', change.new) for change in changes)
    in_call = any(trial.is_here(change) for change in changes)
    return _OWN_LOSS if sets_loss or (not in_call and len(changes) == 1) else _OWN


def _with(mistake: Mistake, edits: list[Edit]) -> Mistake:
    if not edits:
        return replace(mistake, edit="", changes=(), others=())
    first, *others = edits
    return replace(mistake, edit=first.words, changes=first.changes, others=tuple(others[:2]))


def _unique(edits: list[Edit], kept: list[Edit]) -> list[Edit]:
    """Returns different edits, in the words of the rule if it found the same one."""
    own = {_result(edit): edit for edit in kept if edit.changes}
    found: dict[object, Edit] = {}
    for edit in edits:
        result = _result(edit)
        found.setdefault(result or edit.words, own.get(result, edit))
    return list(found.values())


def _result(edit: Edit) -> tuple[str, ...]:
    """Returns the sources after an edit."""
    files = sorted({change.file for change in edit.changes})
    codes = [code for file in files if (code := Code.of(file)) is not None]
    return tuple(
        edited(code.text, [change for change in edit.changes if change.file == code.file])
        for code in codes
    )


def _options(trial: Trial) -> Iterator[Option]:
    for kind in (unwrapped, variables, shaped, models):
        yield from kind.options(trial)


def _found(trial: Trial) -> list[Option]:
    """Returns the cheapest edits after which all fits."""
    end = time.perf_counter() + _SECONDS
    found: list[Option] = []
    for option in sorted(_options(trial), key=lambda it: it.cost):
        if len(found) == _MAX_FOUND or time.perf_counter() > end:
            break
        if trial.fits(option):
            found.append(option)
    return found


def _explained(mistake: Mistake, trial: Trial) -> Mistake:
    """Gives an unknown mistake the reason that the trial knows."""
    misfit = trial.misfit
    if mistake.rule != "unknown" or misfit is None:
        return mistake
    if misfit.role == "count":
        return mistake
    if misfit.role == "y" and misfit.kind in ("loss", "rank", "container", "values"):
        place = max(misfit.place, 0)
        output = trial.fitting.outputs[place]
        values = leaves(trial.values.get("y"))
        spec = spec_of_value(values[place]) if place < len(values) else None
        if spec is None and kind_of(trial.values.get("y")) == "number":
            spec = Spec(())
        if spec is None:
            return mistake
        return _of_loss(mistake, trial, output.name, spec, output.shape)
    if misfit.role == "x" and misfit.kind == "shape":
        return _of_input(mistake, trial)
    return mistake


def _of_loss(
    mistake: Mistake, trial: Trial, name: str, spec: Spec, output: tuple[int | None, ...]
) -> Mistake:
    loss = name_of_loss(trial.fitting.loss_of(name))
    words = {"loss": loss, "target": written(spec.shape), "output": written(output)}
    reason = _(
        "The loss {loss} needs targets and output of the same shape: the targets have "
        "{target}, the output has {output}."
    )
    if "parse" in loss:
        reason = _(
            "The loss {loss} expects class numbers, with one axis fewer than the output "
            "{output}, got targets of shape {target}."
        )
    return replace(mistake, rule="loss-rank", reason=reason.format(**words))


def _of_input(mistake: Mistake, trial: Trial) -> Mistake:
    values = trial.fitting.in_order(trial.values.get("x"))
    reason = _("{model} expects shape {expected} for each example of {name}, got {found}.")
    for want, value in zip(trial.fitting.wants, values, strict=False):
        spec = spec_of_value(value)
        if spec is None or spec.shape[1:] == want.shape[1:]:
            continue
        reason = reason.format(
            model=trial.passed.model.name,
            expected=written(want.shape[1:]),
            name=want.name,
            found=written(spec.shape[1:]),
        )
        return replace(mistake, rule="wrong-input-shape", reason=reason)
    return mistake
