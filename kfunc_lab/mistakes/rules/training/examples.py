"""Mistakes in pairs of inputs and targets: missing targets, other numbers of examples."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.graph.keras.acceptance import accepts, fits
from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.kinds import Spec, kind_of, spec_of_value
from kfunc_lab.mistakes.data.mending import (
    applied,
    packed,
    replaced,
)
from kfunc_lab.mistakes.data.passed import Passed, find_passed
from kfunc_lab.mistakes.data.wanted import takes_dict, wanted_inputs, wanted_outputs
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.training.edits import mistake
from kfunc_lab.mistakes.source.edit import Change, Edit

# -- targets that are missing


def _no_targets(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    if passed is None or passed.method not in ("fit", "evaluate", "train_on_batch"):
        return None
    kind, x = kind_of(passed.value("x")), passed.words("x")
    if passed.value("y") is not None or kind == "none" or "__call__" not in passed.frames:
        return None
    reason = _("The loss needs targets to compare the output with, but there are none.")
    edits: list[Edit] = []
    if kind == "dataset":
        if isinstance(getattr(passed.value("x"), "element_spec", None), tuple):
            return None
        reason = _("The dataset {x} yields inputs without targets.").format(x=x)
        if _is_autoencoder(passed):
            code = f"{x}.map(lambda x: (x, x))"
            words = _("For an autoencoder: `{code}`.").format(code=code)
            edits.append(Edit(words, replaced(passed, "x", code)))
        else:
            edits += _zipped_slices(passed)
    elif kind in ("generator", "batches"):
        return None
    elif passed.validation:
        y = _other_targets(passed, "x")
        if y and passed.code is not None:
            words = _("Write `validation_data=({x}, {y})`.").format(x=x, y=y)
            edits.append(Edit(words, replaced(passed, "x", f"({x}, {y})")))
    elif _is_autoencoder(passed):
        words = _("For an autoencoder the data are the targets too: `{method}({x}, {x})`.")
        edits.append(
            Edit(words.format(method=passed.method, x=x), replaced(passed, "x", f"{x}, {x}"))
        )
    else:
        y = _other_targets(passed, "x")
        if y and passed.node("y") is None:
            words = _("Pass them after the data: `{method}({x}, {y})`.")
            edits.append(
                Edit(
                    words.format(method=passed.method, x=x, y=y),
                    replaced(passed, "x", f"{x}, {y}"),
                )
            )
        else:
            edits.append(
                Edit(
                    _(
                        "Pass them after the data: `model.fit(x, y)`. For an autoencoder: "
                        "`model.fit(x, x)`."
                    )
                )
            )
    return mistake(failure, "no-targets", reason, edits, where="y")


def _is_autoencoder(passed: Passed) -> bool:
    wants, outputs = wanted_inputs(passed.model), wanted_outputs(passed.model)
    return (
        len(wants) == len(outputs) == 1
        and wants[0].shape[1:] == outputs[0].shape[1:]
        and wants[0].shape[1:] != (1,)
    )


def _other_targets(passed: Passed, role: str) -> str:
    """Returns the learner's variable that may hold the targets: of that name, count and shape."""
    outputs = wanted_outputs(passed.model)
    spec = spec_of_value(passed.value(role))
    if spec is None or len(outputs) != 1 or passed.scope is None:
        return ""
    x = passed.words(role)
    names = [re.sub(r"^x", "y", x), re.sub(r"^X", "y", x), "y", "labels", "targets"]
    for name in dict.fromkeys(names):
        value = passed.scope.f_locals.get(name, passed.scope.f_globals.get(name))
        found = spec_of_value(value)
        if found is not None and found.shape[:1] == spec.shape[:1] and name != x:
            return name
    return ""


def _zipped_slices(passed: Passed) -> Iterator[Edit]:
    """Yields the targets beside the inputs in the learner's `from_tensor_slices`."""
    from kfunc_lab.mistakes.data.cells import earlier_code

    words = _("Put them in: `from_tensor_slices(({x}, {y}))`.")
    if passed.code is None:
        return
    for code in earlier_code(passed.code.file):
        for call in code.calls:
            if code.source(call.func).endswith("from_tensor_slices") and len(call.args) == 1:
                node = call.args[0]
                x = code.source(node)
                name = re.sub(r"^[xX]", "y", x)
                y = name if passed.scope and name in passed.scope.f_globals else "y"
                known = passed.scope is not None and y in {
                    **passed.scope.f_globals,
                    **passed.scope.f_locals,
                }
                changes = (code.replaced(node, f"({x}, {y})"),) if known and y != x else ()
                yield Edit(words.format(x=x, y=y), changes)
                return


# -- several inputs as several arguments


def _several_arguments(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains inputs that were passed one after the other: `fit(a, b, y)`."""
    passed = find_passed(failure)
    if passed is None or passed.call is None or passed.code is None:
        return None
    wants, code, args = wanted_inputs(passed.model), passed.code, passed.call.args
    if len(wants) < 2 or len(args) < len(wants):
        return None
    from kfunc_lab.mistakes.data.passed import value_of

    found = [spec_of_value(value_of(each, passed.scope)) for each in args[: len(wants)]]
    names, as_dict = [want.name for want in wants], takes_dict(passed.model)
    if None in found:
        return None
    data: Any = dict(zip(names, found, strict=True)) if as_dict else found
    if not accepts(passed.model, data):
        return None
    together = packed(names, [code.source(each) for each in args[: len(wants)]], as_dict)
    last = args[len(wants) - 1]
    change = Change(
        code.file,
        (args[0].lineno, args[0].col_offset),
        (last.end_lineno or 0, last.end_col_offset or 0),
        together,
    )
    reason = _(
        "The {n} inputs were passed as {n} arguments, and the second one is the targets."
    )
    words = _("Pass them as one argument: `{code}`.").format(code=together)
    return mistake(
        failure, "input-count", reason.format(n=len(wants)), [Edit(words, (change,))], where="x"
    )


# -- other numbers of examples


def _other_pair(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains training data beside test targets, and parts of a split in the wrong order."""
    passed = find_passed(failure)
    if passed is None or passed.scope is None:
        return None
    x, y = spec_of_value(passed.value("x")), spec_of_value(passed.value("y"))
    wants = wanted_inputs(passed.model)
    if x is None or y is None or len(wants) != 1:
        return None
    counts = [x.shape[0], y.shape[0]]
    edits = list(_by_name(passed, counts[0])) + list(_turned(passed, x, y))
    if not edits:
        return None
    reason = _("Inputs and targets have different numbers of examples: {numbers}.").format(
        numbers=", ".join(map(str, counts))
    )
    return mistake(failure, "example-count", reason, edits, " ≠ ".join(map(str, counts)), "y")


def _by_name(passed: Passed, count: int | None) -> Iterator[Edit]:
    """Yields the targets whose name goes with that of the inputs."""
    x, y = passed.words("x"), passed.words("y")
    right = {"x": "y", "X": "y"}.get(x[:1], "")
    if not right or passed.scope is None:
        return
    name = right + x[1:]
    value = passed.scope.f_locals.get(name, passed.scope.f_globals.get(name))
    spec = spec_of_value(value)
    if name != y and spec is not None and spec.shape[:1] == (count,):
        words = _("The targets of {x} are {y}.").format(x=x, y=f"`{name}`")
        yield Edit(words, replaced(passed, "y", name))
    elif name == y:
        yield from _split_in_order(passed, x, y)


def _split_in_order(passed: Passed, x: str, y: str) -> Iterator[Edit]:
    """Yields the order of the four results of `train_test_split`."""
    from kfunc_lab.mistakes.data.cells import earlier_code

    if passed.code is None:
        return
    for code in earlier_code(passed.code.file):
        for node in ast.walk(code.tree):
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Tuple):
                continue
            names = [code.source(each) for each in node.targets[0].elts]
            if len(names) == 4 and names[:2] == [x, y]:
                new = ", ".join([names[0], names[2], names[1], names[3]])
                words = _("A split gives both parts of x first: `{code} = ...`.")
                change = code.replaced(node.targets[0], new)
                yield Edit(words.format(code=new), (change,))
                return


def _turned(passed: Passed, x: Spec, y: Spec) -> Iterator[Edit]:
    """Yields the transposed array if the examples stand in its second axis."""
    wants = wanted_inputs(passed.model)
    for role, spec, other in (("x", x, y), ("y", y, x)):
        if len(spec.shape) != 2 or spec.shape[1] != other.shape[0]:
            continue
        turned = (spec.shape[1], spec.shape[0])
        if role == "x" and not fits((None, *turned[1:]), wants[0].shape):
            continue
        words = _("Its examples stand in columns; turn it: `{code}`.")
        source = passed.words(role)
        node = passed.node(role)
        if node is None or passed.code is None:
            continue
        code = applied("{x}.T", passed.code, node)
        yield Edit(words.format(code=f"{source}.T"), replaced(passed, role, code))


def _four_parts(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    pair = None if passed is None else passed.argument("validation_data")
    if passed is None or passed.code is None or not isinstance(pair, (ast.Tuple, ast.List)):
        return None
    reason = _("`validation_data` is `(x, y)` or `(x, y, weights)`, got {n} parts.").format(
        n=len(pair.elts)
    )
    new = ", ".join(passed.code.source(each) for each in pair.elts[:2])
    edit = Edit(
        _("Write `validation_data=({code})`.").format(code=new),
        (passed.code.replaced(pair, f"({new})"),),
    )
    return mistake(failure, "validation-data", reason, [edit], where="validation_data")


RULES: tuple[Rule, ...] = (
    rule("no-targets", r"None values not supported|convert a value \(None\)", _no_targets),
    rule("input-count", r"truth value of an array", _several_arguments),
    rule("example-count", r"Data cardinality is ambiguous", _other_pair),
    rule("validation-data", r"Data is expected to be in format `x`, `\(x,\)`", _four_parts),
)
