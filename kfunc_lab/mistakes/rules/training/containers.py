"""Mistakes in the arguments beside the data: targets with a dataset, weights, validation data."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.graph.keras.acceptance import accepts, fits
from kfunc_lab.locale import _
from kfunc_lab.mistakes.code import Code
from kfunc_lab.mistakes.data.datasets import slices_as_tuples
from kfunc_lab.mistakes.data.generators import yields
from kfunc_lab.mistakes.data.inputs import edits_of_x
from kfunc_lab.mistakes.data.kinds import Spec, kind_of, spec_of_value, specs
from kfunc_lab.mistakes.data.mending import (
    applied,
    module_name,
    packed,
    parts,
    replaced,
    tried,
    without,
)
from kfunc_lab.mistakes.data.passed import Passed, find_passed
from kfunc_lab.mistakes.data.wanted import takes_dict, wanted_inputs, wanted_outputs
from kfunc_lab.mistakes.edit import Change, Edit
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.training.edits import mistake


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
        for call in code.calls():
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
    rule(
        "generator-list",
        r"the generator must return a tuple|output_signature` must contain",
        _list_for_tuple,
    ),
    rule("dataset-list", r"", _slices),
    rule("no-targets", r"None values not supported|convert a value \(None\)", _no_targets),
    rule("input-count", r"truth value of an array", _several_arguments),
    rule("example-count", r"Data cardinality is ambiguous", _other_pair),
    rule("validation-data", r"Data is expected to be in format `x`, `\(x,\)`", _four_parts),
)
