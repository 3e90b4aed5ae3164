"""Mistakes in the weights of classes and examples."""

import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.kinds import kind_of, spec_of_value
from kfunc_lab.mistakes.data.mending import (
    module_name,
    packed,
    parts,
    replaced,
    tried,
    without,
)
from kfunc_lab.mistakes.data.passed import Passed, find_passed
from kfunc_lab.mistakes.data.wanted import wanted_outputs
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.training.edits import mistake
from kfunc_lab.mistakes.source.edit import Change, Edit


def _class_weight(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    if passed is None:
        return None
    names = [output.name for output in wanted_outputs(passed.model)]
    reason = _("`class_weight` is for models with one output; this one has {n}: {names}.")
    return mistake(
        failure,
        "class-weight",
        reason.format(n=len(names), names=", ".join(names)),
        list(_sample_weights(passed, names)),
        f"{len(names)} > 1",
        "class_weight",
    )


def _sample_weights(passed: Passed, names: list[str]) -> Iterator[Edit]:
    """Yields weights for each example instead of each class, one array for each output."""
    weights, np = passed.value("class_weight"), module_name(passed, "numpy", "np")
    y = passed.value("y")
    if kind_of(y) not in ("list", "tuple", "dict") or not isinstance(weights, dict):
        return
    items = parts(passed, "y")
    keys = list(y) if kind_of(y) == "dict" else names
    by_name = dict(zip(keys, items, strict=False))
    if set(by_name) != set(names):
        return
    sources = []
    for name in names:
        value, source, _node = by_name[name]
        of_output = weights.get(name, None if set(weights) & set(names) else weights)
        spec = spec_of_value(value)
        if spec is None:
            return
        sources.append(_weights_of(np, source, value, of_output))
    code = packed(names, sources, kind_of(y) == "dict")
    words = _("Give each example its weight instead: `sample_weight={code}`.").format(code=code)
    node = passed.node("class_weight")
    changes: tuple[Change, ...] = ()
    if passed.code is not None and passed.call is not None and node is not None:
        for keyword in passed.call.keywords:
            if keyword.value is node:
                begin = (keyword.lineno, keyword.col_offset)
                end = (keyword.end_lineno or 0, keyword.end_col_offset or 0)
                changes = (Change(passed.code.file, begin, end, f"sample_weight={code}"),)
    yield Edit(words, changes)


def _weights_of(np: str, source: str, value: Any, weights: Any) -> str:
    """Writes an array of the weights of the examples, from the weights of their classes."""
    count = len(value)
    if not isinstance(weights, dict) or not weights:
        return f"{np}.ones({count})"
    known = tried("sorted(int(each) for each in np.unique({y}))", y=value)
    whole = tried("bool(({y} == {y}.astype('int64')).all())", y=value)
    if not known or not whole or known[0] < 0 or known[-1] > 1_000:
        return f"{np}.ones({count})"
    table = [float(weights.get(number, 1.0)) for number in range(max(known) + 1)]
    flat = source if value.ndim == 1 else f"{source}.ravel()"
    index = flat if value.dtype.kind in "iu" else f"{flat}.astype(int)"
    return f"{np}.array({table})[{index}]"


def _weights_no_dict(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains class weights that are a list or a word."""
    passed = find_passed(failure)
    if passed is None:
        return None
    value = passed.value("class_weight")
    reason = _("`class_weight` must be a dict from class numbers to weights, got {value}.")
    edits = []
    kind = kind_of(value)
    if kind in ("list", "tuple", "array") and passed.code is not None:
        node = passed.node("class_weight")
        code = f"dict(enumerate({passed.code.source(node)}))" if node is not None else ""
        if code:
            words = _("Write `class_weight={code}`.").format(code=code)
            edits.append(Edit(words, replaced(passed, "class_weight", code)))
    elif kind == "text":
        edits += _balanced(passed)
    elif kind not in ("text", "list", "tuple", "array"):
        return None
    return mistake(
        failure,
        "class-weight",
        reason.format(value=passed.words("class_weight")),
        edits,
        where="class_weight",
    )


def _balanced(passed: Passed) -> Iterator[Edit]:
    """Yields the balanced weights as a dict, computed from the targets."""
    y = passed.value("y")
    counts = tried("np.bincount({y}.astype('int64').ravel())", y=y)
    if counts is None or not len(counts) or not counts.all() or len(counts) > 20:
        return
    weights = {
        number: round(float(counts.sum() / (len(counts) * count)), 4)
        for number, count in enumerate(counts)
    }
    words = _("Keras knows no such word; balanced weights are `class_weight={code}`.").format(
        code=weights
    )
    yield Edit(words, replaced(passed, "class_weight", str(weights)))


def _both_weights(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    if passed is None:
        return None
    reason = _("`class_weight` and `sample_weight` cannot be passed together.")
    edits = [
        Edit(_("Leave `{name}` out.").format(name=name), without(passed, name))
        for name in ("class_weight", "sample_weight")
    ]
    return mistake(failure, "class-weight", reason, edits, where="class_weight")


def _weights_by_output(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    if passed is None:
        return None
    names = [output.name for output in wanted_outputs(passed.model)]
    y, weights = passed.value("y"), passed.value("sample_weight")
    reason = _(
        "`sample_weight` needs one array for each output ({names}), in the same container as "
        "the targets."
    ).format(names=", ".join(names))
    edits = []
    kind = kind_of(weights)
    if kind in ("dict", "list", "tuple") and len(weights) >= len(names):
        sources = [source for _value, source, _node in parts(passed, "sample_weight")]
        keys = [str(key) for key in y] if kind_of(y) == "dict" else names
        code = packed(keys, sources[: len(names)], kind_of(y) == "dict")
        words = _("Write `sample_weight={code}`.").format(code=code)
        edits.append(Edit(words, replaced(passed, "sample_weight", code)))
    elif spec_of_value(weights) is not None:
        source = passed.words("sample_weight")
        code = packed(names, [source] * len(names), kind_of(y) == "dict")
        words = _("Write `sample_weight={code}`.").format(code=code)
        edits.append(Edit(words, replaced(passed, "sample_weight", code)))
    return mistake(failure, "sample-weight", reason, edits, where="sample_weight")


RULES: tuple[Rule, ...] = (
    rule(
        "class-weight",
        r"`class_weight` is only supported for Models with a single",
        _class_weight,
    ),
    rule(
        "class-weight",
        r"'(?:list|str|tuple|.*ndarray)' object has no attribute 'get'",
        _weights_no_dict,
    ),
    rule("class-weight", r"cannot `class_weight` and `sample_weight`", _both_weights),
    rule("sample-weight", r"provide one `sample_weight` array per output", _weights_by_output),
)
