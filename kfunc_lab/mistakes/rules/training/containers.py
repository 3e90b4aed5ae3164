"""Mistakes in the arguments beside the data: targets with a dataset, weights, validation data."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.graph.keras.acceptance import fits
from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.datasets import slices_as_tuples
from kfunc_lab.mistakes.data.generators import yields
from kfunc_lab.mistakes.data.inputs import edits_of_x
from kfunc_lab.mistakes.data.kinds import Spec, kind_of, specs
from kfunc_lab.mistakes.data.mending import (
    module_name,
    without,
)
from kfunc_lab.mistakes.data.passed import Passed, find_passed
from kfunc_lab.mistakes.data.wanted import wanted_inputs
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.training.edits import mistake
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change, Edit


def _holds_its_own(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains targets or weights beside a dataset, which holds them itself."""
    passed = find_passed(failure)
    if passed is None:
        return None
    name = match["argument"].removesuffix("s") if match["argument"] != "y" else "y"
    x = passed.words("x", "ds")
    kind = {"dataset": _("dataset"), "batches": _("PyDataset")}.get(
        kind_of(passed.value("x")), _("generator")
    )
    reason = _("The {kind} {x} holds inputs and targets together, so `{name}` has no place.")
    if name != "y":
        reason = _("The {kind} {x} yields its own weights, so `{name}` has no place.")
    words = _("Leave `{name}` out.").format(name=name)
    edits = [Edit(words, without(passed, name))]
    if kind_of(passed.value("x")) == "dataset" and not isinstance(
        getattr(passed.value("x"), "element_spec", None), tuple
    ):
        edits = list(_with_targets(passed)) if name == "y" else edits
    return mistake(
        failure,
        "dataset-and-targets",
        reason.format(kind=kind, x=x, name=name),
        edits,
        where=name,
    )


def _with_targets(passed: Passed) -> Iterator[Edit]:
    """Yields the dataset zipped with its targets, for a dataset that holds only inputs."""
    y = passed.words("y")
    tf = module_name(passed, "tensorflow", "tf")
    words = _("The dataset must hold the targets too: `{code}`.").format(
        code=f"{tf}.data.Dataset.from_tensor_slices((x, {y})).batch(32)"
    )
    yield Edit(words)


def _validation_split(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    if passed is None:
        return None
    value, x = passed.value("x"), passed.words("x")
    kind = kind_of(value)
    reason = _("Keras can split arrays, but not {x}, which gives one batch after the other.")
    edits = []
    count = _batches(value) if kind == "dataset" else None
    if kind == "dataset" and count is not None and count > 1:
        held = max(1, round(count * float(passed.value("validation_split") or 0.2)))
        code = f"{x}.skip({held}), validation_data={x}.take({held})"
        words = _("Keep some batches for validation: `fit({code})`.").format(code=code)
        edits.append(Edit(words, _split_by_take(passed, code)))
    words = _(
        "Leave `validation_split` out, and pass `validation_data=` if you have more data."
    )
    edits.append(Edit(words, without(passed, "validation_split")))
    return mistake(
        failure, "validation-split", reason.format(x=x), edits, where="validation_split"
    )


def _batches(dataset: Any) -> int | None:
    try:
        count = int(dataset.cardinality())
    except Exception:
        return None
    return count if count > 0 else None


def _split_by_take(passed: Passed, code: str) -> tuple[Change, ...]:
    call, source = passed.call, passed.code
    if call is None or source is None or not call.args:
        return ()
    changes = [source.replaced(call.args[0], code.partition(", ")[0])]
    for keyword in call.keywords:
        if keyword.arg == "validation_split":
            new = code.partition(", ")[2]
            begin = (keyword.lineno, keyword.col_offset)
            end = (keyword.end_lineno or 0, keyword.end_col_offset or 0)
            changes.append(Change(source.file, begin, end, new))
            return tuple(changes)
    return ()


# -- generators


def _list_for_tuple(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a generator that yields a list, which Keras takes for one input."""
    passed = find_passed(failure)
    found = None if passed is None else yields(passed.value("x"))
    if passed is None or found is None:
        return None
    code, nodes, word = found
    changes: list[Change] = []
    words = []
    for node in nodes:
        new = _as_tuple(code, node)
        if new is not None:
            words.append(f"{word} {new}")
            changes.append(code.replaced(node, new))
    if not changes:
        return None
    reason = _(
        "A generator gives a tuple of inputs and targets, `{word} x, y`; several arrays of one "
        "kind are a tuple too. A list is taken for a single array."
    ).format(word=word)
    edit = Edit(_("Write `{code}`.").format(code=words[0]), tuple(changes))
    return mistake(failure, "generator-list", reason, [edit], where="x")


def _as_tuple(code: Code, node: ast.expr) -> str | None:
    """Writes a list of arrays as a tuple, and lists of arrays within it; `None` if it has none."""
    if not isinstance(node, (ast.List, ast.Tuple)):
        return None
    has_lists = isinstance(node, ast.List) or any(_is_list(each) for each in node.elts)
    if not has_lists:
        return None
    return ", ".join(
        f"({', '.join(code.source(item) for item in each.elts)}"
        f"{',' if len(each.elts) == 1 else ''})"
        if isinstance(each, ast.List) and _is_list(each)
        else code.source(each)
        for each in node.elts
    )


def _is_list(node: ast.expr) -> bool:
    return isinstance(node, ast.List) and not all(
        isinstance(each, ast.Constant) for each in node.elts
    )


# -- datasets made of arrays


def _slices(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains lists in `from_tensor_slices`, which TensorFlow stacks into one tensor."""
    call, code = failure.expression, failure.source
    if not isinstance(call, ast.Call) or code is None or failure.kind != "from_tensor_slices":
        return None
    changes = tuple(slices_as_tuples(code, call))
    if len(call.args) > 1:
        new = ", ".join(code.source(each) for each in call.args)
        words = _("Pass one tuple: `from_tensor_slices(({code}))`.").format(code=new)
        end = call.args[-1]
        change = Change(
            code.file,
            (call.args[0].lineno, call.args[0].col_offset),
            (end.end_lineno or 0, end.end_col_offset or 0),
            f"({new})",
        )
        reason = _("`from_tensor_slices` takes one structure; the second argument is a name.")
        return mistake(failure, "dataset-list", reason, [Edit(words, (change,))])
    if not changes:
        counts = re.search(r"Dimensions (\d+) and (\d+) are not compatible", match.string)
        if counts is None:
            return None
        reason = _("Inputs and targets have different numbers of examples: {numbers}.")
        numbers = f"{counts[1]}, {counts[2]}"
        sums = f"{counts[1]} ≠ {counts[2]}"
        return mistake(failure, "example-count", reason.format(numbers=numbers), [], sums)
    words = _("Write a tuple in its place: `{code}`.").format(code=changes[0].new)
    reason = _(
        "TensorFlow stacks a list into one tensor, so its first axis counts the arrays and not "
        "the examples."
    )
    return mistake(failure, "dataset-list", reason, [Edit(words, changes)])


def _negative(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains one image that Keras took for a batch of rows of pixels."""
    passed = find_passed(failure)
    wants = [] if passed is None else wanted_inputs(passed.model)
    spec = None if passed is None else specs(passed.value("x"))
    if passed is None or len(wants) != 1 or not isinstance(spec, Spec):
        return None
    if len(spec.shape) != len(wants[0].shape) - 1 or not fits(
        (None, *spec.shape), wants[0].shape
    ):
        return None
    edits = edits_of_x(passed)
    reason = _("{model} expects a batch of shape {expected}, got shape {found}.").format(
        model=passed.model.name, expected=wants[0].shape, found=spec.shape
    )
    sums = f"{len(spec.shape)} ≠ {len(wants[0].shape)}"
    return mistake(failure, "missing-batch", reason, edits, sums, wants[0].name)


RULES: tuple[Rule, ...] = (
    rule("missing-batch", r"Negative dimension size caused by subtracting", _negative),
    rule(
        "dataset-and-targets",
        r"When providing `x` as a .*?, `(?P<argument>y|sample_weights?)` should not be passed",
        _holds_its_own,
    ),
    rule("validation-split", r"`validation_split` is only supported for", _validation_split),
    rule(
        "generator-list",
        r"the generator must return a tuple|output_signature` must contain",
        _list_for_tuple,
    ),
    rule("dataset-list", r"", _slices),
)
