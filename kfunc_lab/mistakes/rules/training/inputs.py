"""Mistakes in the data that a model is called on: shapes, numbers of inputs, keys."""

import re
from typing import Any

from kfunc_lab.graph.keras.acceptance import fits, names_given
from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.datasets import dataset_solution
from kfunc_lab.mistakes.data.generators import generator_solution
from kfunc_lab.mistakes.data.inputs import edits_of_x, other_input
from kfunc_lab.mistakes.data.kinds import kind_of, spec_of_value
from kfunc_lab.mistakes.data.passed import Passed, find_passed
from kfunc_lab.mistakes.data.solution import Solution
from kfunc_lab.mistakes.data.wanted import takes_dict, wanted_inputs
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, Shape, rule, sizes, title, written
from kfunc_lab.mistakes.rules.training.edits import solved
from kfunc_lab.mistakes.source.edit import Edit


def _solution(passed: Passed) -> Solution:
    """Returns the edits for what was passed, by the kind of its container."""
    kind = kind_of(passed.value("x"))
    if kind == "dataset":
        return dataset_solution(passed)
    if kind in ("generator", "batches"):
        return generator_solution(passed)
    return Solution(edits_of_x(passed))


def _data(failure: Failure) -> Passed | None:
    """Returns the call that failed if data were passed to the model itself."""
    passed = find_passed(failure)
    if passed is None or failure.operation is not passed.model:
        return None
    return None if kind_of(passed.value("x")) in ("none", "symbolic") else passed


def _wrong_shape(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = _data(failure)
    if passed is None:
        return None
    solution = _solution(passed)
    expected, found = sizes(match["expected"]), sizes(match["found"])
    name = _name_of_input(match, passed)
    found = _real_shape(passed, name) or found
    lacks_batch = len(found) < len(expected) and any(
        "[None" in edit.words or ".reshape((1," in edit.words for edit in solution.edits
    )
    if not solution.edits and not solution.reason:
        solution = _other_shape(passed, name)
        if not solution.edits and _real_shape(passed, name) is None:
            return None
    if lacks_batch:
        reason = _("{model} expects a batch of shape {expected}, got shape {found}.")
        words = {"expected": written(expected), "found": written(_shape(passed) or found)}
        sums = f"{len(_shape(passed) or found)} ≠ {len(expected)}"
        return solved(
            failure,
            solution,
            "missing-batch",
            reason.format(model=title(failure), **words),
            sums,
            name,
        )
    wanted, got = expected[1:], _example(found, expected)
    reason = _("{model} expects shape {expected} for each example, got {found}.")
    if name:
        reason = _("{model} expects shape {expected} for each example of {name}, got {found}.")
    reason = reason.format(
        model=title(failure), name=name, expected=written(wanted), found=written(got)
    )
    return solved(failure, solution, "wrong-input-shape", reason, _sums(wanted, got), name)


def _other_shape(passed: Passed, name: str) -> Solution:
    """Returns the edit of the input's shape, for data that no transformation makes fit."""
    wants = wanted_inputs(passed.model)
    spec = spec_of_value(passed.value("x"))
    if spec is None or len(wants) != 1 or len(spec.shape) < 2:
        return Solution()
    if len(spec.shape) == len(wants[0].shape) and spec.shape[1:-1] == wants[0].shape[1:-1]:
        edit = other_input(passed, wants[0], spec.shape)
        if edit is not None:
            size = wants[0].shape[-1]
            words = _("{edit} Or pass data whose last axis has size {n}.").format(
                edit=edit.words, n=size
            )
            return Solution([Edit(words, edit.changes)])
    return Solution()


def _name_of_input(match: re.Match[str], passed: Passed) -> str:
    groups = match.groupdict()
    name = groups.get("name") or ""
    names = [want.name for want in wanted_inputs(passed.model)]
    if name in ("", "None") and groups.get("index"):
        place = int(groups["index"])
        return names[place] if place < len(names) else ""
    return name


def _real_shape(passed: Passed, name: str) -> Shape | None:
    """Returns the shape of the data for an input; Keras's message may lack an axis of size 1."""
    x = passed.value("x")
    names = [want.name for want in wanted_inputs(passed.model)]
    if kind_of(x) in ("list", "tuple"):
        x = x[names.index(name)] if name in names and len(x) == len(names) else None
    elif kind_of(x) == "dict":
        x = x.get(name)
    spec = spec_of_value(x)
    return None if spec is None or len(spec.shape) < 2 else (None, *spec.shape[1:])


def _shape(passed: Passed) -> Shape | None:
    spec = spec_of_value(passed.value("x"))
    return None if spec is None else spec.shape


def _example(found: Shape, expected: Shape) -> Shape:
    return found[1:] if found[:1] == (None,) or len(found) >= len(expected) else found


def _sums(expected: Shape, found: Shape) -> str:
    if len(expected) == len(found):
        pairs = zip(found, expected, strict=True)
        return ", ".join(f"{a} ≠ {b}" for a, b in pairs if a != b and b is not None)
    return f"{len(found) + 1} ≠ {len(expected) + 1}"


def _count(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = _data(failure)
    if passed is None:
        return None
    expected, found = int(match["expected"]), int(match["found"])
    solution = _solution(passed)
    if not solution.edits:
        return None
    names = ", ".join(want.name for want in wanted_inputs(passed.model))
    reason = _("{model} expects {n} inputs ({names}), got {found}.")
    if expected == 1:
        reason = _("{model} expects one input, got {found}.")
    reason = reason.format(model=title(failure), n=expected, names=names, found=found)
    return solved(failure, solution, "input-count", reason, f"{found} ≠ {expected}", names)


def _keys(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = _data(failure)
    if passed is None:
        return None
    keys = re.findall(r"'([^']*)'", match["given"])
    expected = re.findall(r"'([^']*)'", match["wanted"])
    solution = _solution(passed)
    if not solution.edits:
        return None
    reason = _("{model} expects the inputs {wanted}, got data for {given}.").format(
        model=title(failure), wanted=", ".join(expected), given=", ".join(keys)
    )
    if not names_given(passed.model):
        reason = _(
            "The inputs have no names of their own, and Keras calls them {wanted}; the data "
            "are named {given}."
        ).format(wanted=", ".join(expected), given=", ".join(keys))
    return solved(failure, solution, "input-keys", reason, "", match["name"])


def _structure(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = _data(failure)
    if passed is None:
        return None
    solution = _solution(passed)
    names = [want.name for want in wanted_inputs(passed.model)]
    reason = _("{model} takes a dict with the keys {names}, got something else.")
    if not takes_dict(passed.model):
        reason = _("{model} takes its inputs {names} in another structure.")
    return solved(
        failure,
        solution,
        "input-structure",
        reason.format(model=title(failure), names=", ".join(names)),
        "",
        "x",
    )


def _cardinality(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains different numbers of examples by a shape of x that is wrong, if it is."""
    passed = find_passed(failure)
    if passed is None:
        return None
    wants = wanted_inputs(passed.model)
    spec = spec_of_value(passed.value("x"))
    if spec is not None and len(wants) == 1 and fits((None, *spec.shape[1:]), wants[0].shape):
        return None
    edits = edits_of_x(passed)
    if not edits:
        return None
    counts = re.findall(r"sizes: ([\d, ]+)", match.string)
    numbers = list(dict.fromkeys(re.findall(r"\d+", " ".join(counts))))
    return solved(
        failure,
        Solution(edits),
        "example-count",
        _("Inputs and targets have different numbers of examples: {numbers}.").format(
            numbers=", ".join(numbers)
        ),
        " ≠ ".join(numbers),
        "x",
    )


def _rank(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a dataset or generator whose targets are single numbers without a batch."""
    passed = find_passed(failure)
    if passed is None:
        return None
    solution: Any = _solution(passed)
    if not solution.edits:
        return None
    reason = _("Each item that is passed must be a batch of examples, got single numbers.")
    return solved(failure, solution, "missing-batch", reason, "", "x")


_SHAPE = r"[(\[][^)\]]*[)\]]"

RULES: tuple[Rule, ...] = (
    rule(
        "wrong-input-shape",
        rf"Input (?P<index>\d+)(?: with name ['\"](?P<name>[^'\"]*)['\"])? of layer.*?"
        rf"expected shape=(?P<expected>{_SHAPE}),\s*found shape=(?P<found>{_SHAPE})",
        _wrong_shape,
    ),
    rule(
        "missing-batch",
        rf"Invalid input shape for input(?:.*?with name ['\"](?P<name>[^'\"]*)['\"])?.*?"
        rf"Expected shape (?P<expected>{_SHAPE}), but input has incompatible shape "
        rf"(?P<found>{_SHAPE})",
        _wrong_shape,
    ),
    rule(
        "input-count",
        r"expects (?P<expected>\d+) (?:named )?input\(s\)(?: with keys "
        r"(?P<names>\[.*?\]))?, but it received (?P<found>\d+)",
        _count,
    ),
    rule(
        "input-keys",
        r"Missing data for input \"(?P<name>[^\"]*)\".*?keys (?P<given>\[.*?\]).*?"
        r"keys: (?P<wanted>\[.*?\])",
        _keys,
    ),
    rule("input-structure", r"structure of `inputs` doesn't match the expected", _structure),
    rule(
        "example-count", r"Data cardinality is ambiguous|same number of samples", _cardinality
    ),
    rule("missing-batch", r"arrays must be at least rank 1", _rank),
)
