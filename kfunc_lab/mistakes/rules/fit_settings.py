"""Mistakes in the settings of `fit`: numbers that are texts or no whole numbers, and shares."""

import math
import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.kinds import kind_of, spec_of_value
from kfunc_lab.mistakes.data.mending import replaced
from kfunc_lab.mistakes.data.passed import Passed, find_passed
from kfunc_lab.mistakes.data.values import UNKNOWN, evaluated
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, quoted, rule
from kfunc_lab.mistakes.rules.training.edits import mistake
from kfunc_lab.mistakes.source.edit import Edit

_WHOLE = (
    "batch_size", "epochs", "steps_per_epoch", "initial_epoch", "validation_steps",
    "validation_batch_size", "steps",
)  # fmt: skip
_USUAL = {"batch_size": 32, "epochs": 1}
_SHARE = "validation_split"


def _no_whole_number(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a setting that must be a whole number but is a text or a float."""
    passed = find_passed(failure)
    if passed is None or passed.method == "compile":
        return None
    for name in _WHOLE:
        value = _value(passed, name)
        if passed.node(name) is None or not _is_wrong(value):
            continue
        reason = _("`{name}` must be a whole number, got {value}.").format(
            name=name, value=quoted(repr(value), 40)
        )
        return mistake(
            failure, "no-whole-number", reason, list(_whole(passed, name)), where=name
        )
    return None


def _value(passed: Passed, name: str) -> Any:
    value = evaluated(passed.node(name), passed.scope)
    return passed.value(name) if value is UNKNOWN else value


def _is_wrong(value: Any) -> bool:
    if kind_of(value) == "text":
        return True
    return isinstance(value, float) or kind_of(value) in ("list", "tuple")


def _whole(passed: Passed, name: str) -> Iterator[Edit]:
    value = _value(passed, name)
    items = list(value) if kind_of(value) in ("list", "tuple") else [value]
    try:
        number = float(items[0]) if len(items) == 1 else math.nan
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number) or math.isinf(number):
        return
    new = max(int(number), 1) if name in _USUAL else int(number)
    if isinstance(value, float) and 0 < number < 1:
        new = _USUAL.get(name, 1)
    words = _("Write `{code}`.").format(code=f"{name}={new}")
    yield Edit(words, replaced(passed, name, str(new)))


def _share(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a share of the data for validation that leaves none for one of the parts."""
    passed = find_passed(failure)
    if passed is None or passed.node(_SHARE) is None:
        return None
    value = _value(passed, _SHARE)
    count = _examples(passed)
    number = _number(value)
    if number is None:
        return None
    if 0 < number < 1 and count is None:
        return None  # the share is right; data in batches cannot be split
    if 0 < number < 1 and count is not None:
        first, second = math.floor(count * (1 - number)), math.ceil(count * number)
        reason = _(
            "`validation_split={value}` leaves {first} of the {count} examples for the training "
            "and {second} for the validation; each part needs one at least."
        ).format(value=value, count=count, first=first, second=second)
    else:
        reason = _(
            "`validation_split` is a share between 0 and 1, such as 0.2, got {value}."
        ).format(value=quoted(repr(value), 40))
    edits = list(_shares(passed, number, count))
    return mistake(failure, "validation-split", reason, edits, where=_SHARE)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _examples(passed: Passed) -> int | None:
    """Returns the number of examples in all."""
    value = passed.value("x")
    while kind_of(value) in ("list", "tuple", "dict") and len(value):
        value = next(iter(value.values() if kind_of(value) == "dict" else value))
    spec = spec_of_value(value)
    return spec.shape[0] if spec is not None and spec.shape else None


def _shares(passed: Passed, number: float, count: int | None) -> Iterator[Edit]:
    """Yields shares that leave an example for each part."""
    meant = number / 100 if 1 < number < 100 else number
    for share in (meant, 0.2, 0.25, 0.5):
        parts = None if count is None else math.floor(count * (1 - share))
        if not 0 < share < 1 or (parts is not None and not 0 < parts < (count or 0)):
            continue
        words = _("Write `{code}`.").format(code=f"{_SHARE}={share:g}")
        yield Edit(words, replaced(passed, _SHARE, f"{share:g}"))
        return


RULES: tuple[Rule, ...] = (
    rule("no-whole-number", r"", _no_whole_number),
    rule(
        "validation-split",
        r"not sufficient to split it|validation_split|not supported between instances of "
        r"'(?:str|float|int)'|unsupported operand type",
        _share,
    ),
)
