"""Mistakes in targets: their shape does not suit the loss or the output of the model."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, permutations
from typing import Any

from kfunc_lab.graph.keras.acceptance import loss_accepts
from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.arrays import steps
from kfunc_lab.mistakes.data.kinds import kind_of, spec_of_value, words_in
from kfunc_lab.mistakes.data.layers import RECURRENT, layers_before, shape_after, with_setting
from kfunc_lab.mistakes.data.mending import (
    module_name,
    packed,
    parts,
    replaced,
    transformed,
    tried,
)
from kfunc_lab.mistakes.data.passed import Passed, find_passed
from kfunc_lab.mistakes.data.wanted import layer_of_output, wanted_outputs
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, Shape, rule, sizes, written
from kfunc_lab.mistakes.rules.training.edits import mistake
from kfunc_lab.mistakes.rules.training.types import words_for_numbers
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.statements.compiling import loss_of, name_of_loss, other_loss

SPARSE, CATEGORICAL = "sparse_categorical_crossentropy", "categorical_crossentropy"
BINARY = "binary_crossentropy"


@dataclass(frozen=True)
class Targets:
    """The targets of one output that do not suit its loss.

    Attributes:
        passed: The call.
        place: The number of the output.
        name: Its name.
        value: The targets, if they are an array.
        shape: Their shape, with the batch.
        dtype: Their dtype.
        output: The shape of the output.
        loss: The loss.
    """

    passed: Passed
    place: int
    name: str
    value: Any
    shape: Shape
    dtype: str
    output: Shape
    loss: Any

    @property
    def kind(self) -> str:
        """The name of the loss, in the long form."""
        name = name_of_loss(self.loss)
        return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() if name[:1].isupper() else name

    def accept(
        self,
        target: Shape | None = None,
        dtype: str = "",
        output: Shape | None = None,
        loss: Any = None,
    ) -> bool:
        """Returns whether the loss accepts other targets, another output, or is another one."""
        target = self.shape if target is None else target
        output = self.output if output is None else output
        if not target:
            return False
        chosen = self.loss if loss is None else loss
        name = name_of_loss(chosen)
        rest, out = target[1:], output[1:]
        if "sparse" in name or "Sparse" in name:
            same = rest == out[:-1] or rest == (*out[:-1], 1)
        else:
            same = rest == out or (*rest, 1) == out or rest == (*out, 1)
        same = same and target[0] in (None, output[0], target[0])
        batch = (None, *rest), (None, *out)
        return same and loss_accepts(
            chosen, (batch[0], dtype or self.dtype), (batch[1], "float32")
        )


def _different(match: re.Match[str], failure: Failure) -> Mistake | None:
    found = _targets(failure, sizes(match["target"]), sizes(match["output"]))
    if found is None:
        return None
    if kind_of(found.value) == "array" and words_in(found.value):
        return words_for_numbers(failure, found.passed, "y", found.value)
    counts = found.shape[0], sizes(match["output"])[0]
    if None not in counts and counts[0] != counts[1]:
        return _other_count(failure, found, *counts)
    edits = list(islice(_unique(_edits(found)), 2))  # each one is tried, which takes time
    if not edits:
        return None
    return mistake(failure, *_reason(found), edits, _sums(found), _last_name(found))


def _other_count(failure: Failure, found: Targets, targets: Any, examples: Any) -> Mistake:
    """Explains a batch with more or fewer targets than examples."""
    reason = _("Inputs and targets have different numbers of examples: {numbers}.").format(
        numbers=f"{examples}, {targets}"
    )
    passed, edits = found.passed, []
    node = passed.node("y")
    halves = _labels_of_halves(passed, targets, examples)
    if halves is not None:
        edits.append(halves)
    elif isinstance(node, ast.Call) and node.args and passed.code is not None:
        shape = node.args[0]
        first = shape.elts[0] if isinstance(shape, ast.Tuple) and shape.elts else shape
        if isinstance(first, ast.Constant) and first.value == targets:
            words = _("Make as many targets as there are examples: {n}.").format(n=examples)
            edits.append(Edit(words, (passed.code.replaced(first, str(examples)),)))
    name = "example-count" if halves is None else "labels-of-halves"
    return mistake(failure, name, reason, edits, f"{examples} ≠ {targets}", "y")


def _labels_of_halves(passed: Passed, targets: Any, examples: Any) -> Edit | None:
    """Labels both halves of joined examples, such as the real and the made ones of a GAN."""
    x, y, code = passed.node("x"), passed.node("y"), passed.code
    if not isinstance(x, ast.Call) or not isinstance(y, ast.Call) or code is None:
        return None
    joined, _dot, join = code.source(x.func).rpartition(".")
    made, _dot, kind = code.source(y.func).rpartition(".")
    parts = getattr(x.args[0], "elts", []) if x.args else []
    other = {"ones": "zeros", "zeros": "ones"}.get(kind)
    if join not in ("concatenate", "concat", "vstack") or len(parts) != 2 or other is None:
        return None
    if examples != 2 * targets or made != joined:
        return None
    own = code.source(y)
    rest = own.removeprefix(code.source(y.func))
    new = f"{joined}.{join}([{own}, {made}.{other}{rest}])"
    words = _("Label both halves of the examples: `{code}`.").format(code=new)
    return Edit(words, (code.replaced(y, new),))


def _last_name(found: Targets) -> str:
    return str(getattr(layer_of_output(found.passed.model, found.place), "name", ""))


def _unique(edits: Iterator[Edit]) -> Iterator[Edit]:
    seen = set()
    for edit in edits:
        if edit.words not in seen:
            seen.add(edit.words)
            yield edit


def _reason(found: Targets) -> tuple[str, str]:
    words = {"target": written(found.shape), "output": written(found.output)}
    loss = name_of_loss(found.loss)
    if "parse" in loss:
        one_hot = found.shape[1:] == found.output[1:]
        reason = _(
            "The loss {loss} expects class numbers, with one axis fewer than the output "
            "{output}, got targets of shape {target}."
        ).format(loss=loss, **words)
        return "sparse-one-hot" if one_hot else "loss-rank", reason
    rule_name = "loss-shape" if len(found.shape) == len(found.output) else "loss-rank"
    reason = _(
        "The loss {loss} needs targets and output of the same shape: the targets have "
        "{target}, the output has {output}."
    ).format(loss=loss, **words)
    return rule_name, reason


def _sums(found: Targets) -> str:
    target, output = found.shape, found.output
    if "parse" in name_of_loss(found.loss):
        if len(output) > len(target):
            return f"{len(target)} ≠ {len(output)}"
        return f"{len(target)} ≠ {len(output)} − 1"
    if len(target) != len(output):
        return f"{len(target)} ≠ {len(output)}"
    pairs = zip(target[1:], output[1:], strict=True)
    return ", ".join(dict.fromkeys(f"{a} ≠ {b}" for a, b in pairs if a != b))


def _targets(failure: Failure, target: Shape, output: Shape) -> Targets | None:
    passed = find_passed(failure)
    if passed is None or not output:
        return None
    outputs = wanted_outputs(passed.model)
    places = [n for n, each in enumerate(outputs) if _alike(each.shape, output)]
    value = passed.value("y")
    if not places:
        return None
    place = places[0]
    name = outputs[place].name
    if len(outputs) > 1:
        value = _part(value, place, name)
        for other in places:
            spec = spec_of_value(_part(passed.value("y"), other, outputs[other].name))
            if spec is not None and spec.shape[1:] == target[1:]:
                place, name = other, outputs[other].name
                value = _part(passed.value("y"), other, name)
                break
    spec = spec_of_value(value)
    dtype = spec.dtype if spec is not None else _dtype_in_batch(passed)
    loss = loss_of(passed.model, name)
    if spec is not None and len(spec.shape) == len(target):
        target = (target[0], *spec.shape[1:])
    return Targets(passed, place, name, value, target, dtype, outputs[place].shape, loss)


def _alike(shape: Shape, other: Shape) -> bool:
    return len(shape) == len(other) and all(
        None in pair or len(set(pair)) == 1 for pair in zip(shape[1:], other[1:], strict=True)
    )


def _part(value: Any, place: int, name: str) -> Any:
    if kind_of(value) == "dict":
        return value.get(name)
    if kind_of(value) in ("list", "tuple") and place < len(value):
        return value[place]
    return None


def _dtype_in_batch(passed: Passed) -> str:
    batch = passed.batch
    if isinstance(batch, tuple) and len(batch) > 1 and hasattr(batch[1], "dtype"):
        return str(getattr(batch[1].dtype, "name", "float32"))
    return "float32"


def _edits(found: Targets) -> Iterator[Edit]:
    yield from _other_loss(found)
    yield from _steps_or_last(found)
    yield from _one_column(found)
    yield from _reshaped(found)
    yield from _more_units(found)


def _change_y(found: Targets, template: str, words: str) -> Edit:
    """Returns the edit that transforms the targets."""
    passed = found.passed
    source = passed.words("y")
    changes: tuple[Change, ...] = ()
    if kind_of(passed.value("x")) == "dataset":
        template = template.replace("keras.utils.to_categorical(", "keras.ops.one_hot(")
        template = template.replace("{x}.argmax(axis=-1)", "keras.ops.argmax({x}, axis=-1)")
        template = f"{{x}}.map(lambda x, y: (x, {template.replace('{x}', 'y')}))"
        code = template.replace("{x}", passed.words("x", "ds"))
        return Edit(words.format(code=code), transformed(passed, "x", template))
    if len(wanted_outputs(passed.model)) == 1:
        changes = transformed(passed, "y", template)
    elif kind_of(passed.value("y")) in ("list", "tuple", "dict"):
        for value, each, node in parts(passed, "y"):
            if value is found.value:
                source = each
                if node is not None and passed.code is not None:
                    new = template.replace("{x}", each)
                    changes = (passed.code.replaced(node, new),)
    return Edit(words.format(code=template.replace("{x}", source)), changes)


def _other_loss(found: Targets) -> Iterator[Edit]:
    """Yields the loss that suits the targets, and targets that suit the loss."""
    units = found.output[-1]
    numbers = _are_class_numbers(found)
    elementwise = "sparse" not in found.kind and "crossentropy" in found.kind and numbers
    if elementwise and units != 1 and found.accept(loss=SPARSE, dtype="int64"):
        words = _("For targets that are class numbers, write `loss={loss}`.")
        yield Edit(
            words.format(loss=f'"{SPARSE}"'),
            other_loss(found.passed, SPARSE, found.name),
        )
        if found.accept(target=(*found.shape[:1], *found.output[1:])):
            template = f"keras.utils.to_categorical({{x}}, {units})"
            yield _change_y(found, template, _("Write `{code}`, one column for each class."))
    if "sparse" in found.kind and found.accept(loss=CATEGORICAL):
        words = _("For one-hot targets, write `loss={loss}`.")
        yield Edit(
            words.format(loss=f'"{CATEGORICAL}"'),
            other_loss(found.passed, CATEGORICAL, found.name),
        )
        if found.accept(target=found.shape[:-1], dtype="int64"):
            np = module_name(found.passed, "numpy", "np")
            template = "{x}.argmax(axis=-1)"
            if kind_of(found.value) != "array":
                template = f"{np}.argmax({{x}}, axis=-1)"
            yield _change_y(found, template, _("Write `{code}`, which gives class numbers."))


def _are_class_numbers(found: Targets) -> bool:
    """Returns whether the targets are whole numbers from 0 to the number of the last class."""
    units = found.output[-1]
    if found.shape[1:] not in (found.output[1:-1], (*found.output[1:-1], 1)):
        return False
    if kind_of(found.value) != "array":
        return found.dtype.startswith(("int", "uint", "float"))
    try:
        low, high = int(found.value.min()), int(found.value.max())
        whole = bool((found.value == found.value.astype("int64")).all())
    except (TypeError, ValueError):
        return False
    return whole and low >= 0 and (units is None or high < units)


def _one_column(found: Targets) -> Iterator[Edit]:
    """Yields the second of two one-hot columns, for an output of one unit."""
    if found.output[-1] != 1 or found.shape[1:] != (*found.output[1:-1], 2):
        return
    sums = tried("{y}.sum(axis=-1)", y=found.value) if found.value is not None else None
    if sums is not None and bool((sums == 1).all()) and found.accept(target=found.shape[:-1]):
        words = _("One unit needs one column of 0 and 1: `{code}`.")
        yield _change_y(found, "{x}[..., 1]" if len(found.shape) > 2 else "{x}[:, 1]", words)


def _reshaped(found: Targets) -> Iterator[Edit]:
    """Yields an order or grouping of the axes of the targets that suits the loss."""
    spec = spec_of_value(found.value)
    if not found.shape and kind_of(found.value) == "number":
        np, x = module_name(found.passed, "numpy", "np"), spec_of_value(found.passed.value("x"))
        if x is not None and found.accept(target=(x.shape[0], 1)):
            words = _("Make one target for each example: `{code}`.")
            yield _change_y(found, f"{np}.full(({x.shape[0]}, 1), {{x}})", words)
    if spec is None or None in spec.shape:
        return
    wanted = found.output[:-1] if "sparse" in found.kind else found.output
    for step in steps(spec.shape, (None, *wanted[1:]), spec.shape[0]):
        if step.kind not in ("repeat", "slice") and found.accept(target=step.shape):
            words = _("Give the targets the shape of the output: `{code}`.")
            if step.kind == "order":
                words = _("Put the axes in the order of the model: `{code}`.")
            yield _change_y(found, step.template, words)


def _steps_or_last(found: Targets) -> Iterator[Edit]:
    """Yields other settings of a recurrent layer, or pooling, for targets of other axes."""
    recurrent = [
        layer
        for layer in layers_before(found.passed.model, found.place)
        if type(layer).__name__ in RECURRENT
    ]
    for value, words in (
        (True, _("Each step has a target: set `return_sequences=True` in {name}.")),
        (False, _("Each example has one target: set `return_sequences=False` in {name}.")),
    ):
        for layer in recurrent[:1]:
            if bool(getattr(layer, "return_sequences", None)) == value:
                continue
            after = _shape_with_steps(found, layer, value)
            if after is not None and found.accept(output=after):
                changes = with_setting(found.passed, layer, "return_sequences", str(value))
                yield Edit(words.format(name=layer.name), changes)
                return
    yield from _pooled(found)


def _shape_with_steps(found: Targets, layer: Any, steps_too: bool) -> Shape | None:
    """Returns the shape of the output after a recurrent layer returns all steps, or the last."""
    if type(layer).__name__ != "Bidirectional":
        settings = {layer.name: {"return_sequences": steps_too}}
        return shape_after(found.passed, settings, found.place)
    # A wrapper has its layer's setting; the layers behind it must treat each step alike.
    after = list(layers_before(found.passed.model, found.place))
    alike = ("Dense", "Dropout", "Activation")
    if not all(type(each).__name__ in alike for each in after[: after.index(layer)]):
        return None
    out = found.output
    return (out[0], layer.input.shape[1], *out[1:]) if steps_too else (out[0], *out[2:])


def _pooled(found: Targets) -> Iterator[Edit]:
    """Yields pooling before the last layer if it computes an output at every place."""
    last = layer_of_output(found.passed.model, found.place)
    rank = len(found.output)
    if rank < 3 or type(last).__name__ != "Dense":
        return
    if not found.accept(output=(found.output[0], found.output[-1])):
        return
    kinds = ["Flatten"] if None not in found.output[1:] else []
    kinds += [f"GlobalAveragePooling{rank - 2}D"] if rank <= 5 else []
    for kind in kinds:
        words = _("Put `layers.{kind}()` before {name}, so that each example has one row.")
        changes = _before(found, last, f"layers.{kind}()")
        yield Edit(words.format(kind=kind, name=last.name), changes)


def _before(found: Targets, layer: Any, code_of_layer: str) -> tuple[Change, ...]:
    """Returns the change that calls another layer on a layer's input."""
    from kfunc_lab.mistakes.data.cells import made_by

    if found.passed.code is None:
        return ()
    made = made_by(layer, layer.name, found.passed.code.file)
    if made is None:
        return ()
    code, call = made
    outer = code.parents.get(call)
    if isinstance(outer, ast.Call) and outer.func is call and len(outer.args) == 1:
        return (code.wrapped(outer.args[0], code_of_layer),)
    return ()


def _more_units(found: Targets) -> Iterator[Edit]:
    """Yields as many units in the last layer as the targets have columns."""
    last = layer_of_output(found.passed.model, found.place)
    columns = found.shape[-1]
    if type(last).__name__ != "Dense" or len(found.shape) < 2 or columns is None:
        return
    if columns == found.output[-1] or _are_class_numbers(found):
        return
    one_hot = _is_one_hot(found)
    if "sparse" in found.kind and not one_hot:
        return
    loss, activation = found.loss, getattr(last.activation, "__name__", "")
    classes = one_hot and columns > 2 and found.output[-1] == 1
    if "sparse" in found.kind or classes:
        loss = CATEGORICAL
    after = shape_after(found.passed, {last.name: {"units": columns}}, found.place)
    if after is None or not found.accept(output=after, loss=loss):
        return
    words = _("Give the last layer {n} units, one for each column of the targets.").format(
        n=columns
    )
    changes = list(with_setting(found.passed, last, "units", str(columns), 0))
    if loss is CATEGORICAL and activation != "softmax":
        words = _(
            "For {n} classes, give the last layer {n} units with softmax, and write "
            "`loss={loss}`."
        ).format(n=columns, loss=f'"{CATEGORICAL}"')
        changes += with_setting(found.passed, last, "activation", '"softmax"')
    if loss is CATEGORICAL and found.kind != CATEGORICAL:
        changes += other_loss(found.passed, CATEGORICAL, found.name)
    yield Edit(words, tuple(changes))


def _is_one_hot(found: Targets) -> bool:
    if found.value is None or kind_of(found.value) != "array":
        return False
    sums = tried("{y}.sum(axis=-1)", y=found.value)
    return sums is not None and bool((sums == 1).all())


# -- class numbers out of range


def _class_too_large(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    if passed is None:
        return None
    value, limit = int(match["value"]), int(match["limit"])
    outputs = wanted_outputs(passed.model)
    places = [
        n
        for n, each in enumerate(outputs)
        if each.shape[-1] == limit and "parse" in name_of_loss(loss_of(passed.model, each.name))
    ]
    if not places:
        return None
    output = outputs[places[0]]
    y = passed.value("y")
    y = y if len(outputs) == 1 else _part(y, places[0], output.name)
    found = Targets(
        passed, places[0], output.name, y, (None,), "int64", output.shape,
        loss_of(passed.model, output.name),
    )  # fmt: skip
    edits = [*_other_order(passed), *_renumbered(found, limit)]
    high = max(value, _high(y, value))
    if (value >= 0 and limit > 1) or not edits:
        edits += _larger_output(found, max(high + 1, limit))
    return mistake(
        failure,
        "class-too-large",
        _("The output has {n} classes, from 0 to {last}; one target is {value}.").format(
            n=limit, last=limit - 1, value=value
        ),
        edits,
        f"{value} ≥ {limit}" if value >= 0 else f"{value} < 0",
        _last_name(found),
    )


def _other_order(passed: Passed) -> Iterator[Edit]:
    """Yields the targets in the order of the outputs, if another order suits their losses."""
    outputs, value = wanted_outputs(passed.model), passed.value("y")
    if len(outputs) < 2 or len(outputs) > 4 or kind_of(value) not in ("list", "tuple"):
        return
    items = parts(passed, "y")
    for order in list(permutations(range(len(items))))[1:]:
        if len(items) == len(outputs) and all(
            _suits(passed.model, output, items[place][0])
            for output, place in zip(outputs, order, strict=True)
        ):
            code = packed([], [items[place][1] for place in order], False)
            words = _("The outputs are {names}, in this order: `{code}`.").format(
                names=", ".join(output.name for output in outputs), code=code
            )
            yield Edit(words, replaced(passed, "y", code))
            return


def _suits(model: Any, output: Any, y: Any) -> bool:
    """Returns whether targets are class numbers if the loss of an output wants them."""
    if "parse" not in name_of_loss(loss_of(model, output.name)):
        return True
    test = "bool(({y} == {y}.astype('int64')).all() and {y}.min() >= 0)"
    whole = tried(test, y=y)
    return bool(whole) and _high(y, 0) < (output.shape[-1] or 0)


def _high(y: Any, value: int) -> int:
    high = tried("int({y}.max())", y=y) if kind_of(y) == "array" else None
    return value if high is None else high


def _renumbered(found: Targets, limit: int) -> Iterator[Edit]:
    """Yields numbers from 0 for targets that count from 1, or have gaps."""
    if kind_of(found.value) != "array":
        return
    np = module_name(found.passed, "numpy", "np")
    numbers = tried("[int(each) for each in np.unique({y})]", y=found.value)
    if not numbers:
        return
    low, high = numbers[0], numbers[-1]
    if limit == 1 and set(numbers) <= {0, 1} and found.accept(loss=BINARY, target=(None, 1)):
        words = _("For one unit with sigmoid, write `loss={loss}`.").format(loss=f'"{BINARY}"')
        yield Edit(words, other_loss(found.passed, BINARY, found.name))
    elif low > 0 and high - low < limit and len(numbers) > 1:
        words = _("Number the classes from 0: `{code}`.")
        yield _change_y(found, f"{{x}} - {low}", words)
    elif len(numbers) == limit:
        words = _("Number the classes from 0: `{code}`.")
        template = f"{np}.unique({{x}}, return_inverse=True)[1]"
        if found.value.ndim > 1:
            template += ".reshape({x}.shape)"
        yield _change_y(found, template, words)


def _larger_output(found: Targets, units: int) -> list[Edit]:
    last = layer_of_output(found.passed.model, found.place)
    if type(last).__name__ != "Dense":
        return []
    if shape_after(found.passed, {last.name: {"units": units}}, found.place) is None:
        return []
    words = _("Give the last layer {n} units, one for each class.").format(n=units)
    return [Edit(words, with_setting(found.passed, last, "units", str(units), 0))]


# -- one array for each output


def _subtracted(match: re.Match[str], failure: Failure) -> Mistake | None:
    return _different(match, failure) if failure.stage == "fit" else None


_SHAPE = r"[(\[][^)\]]*[)\]]"

RULES: tuple[Rule, ...] = (
    rule(
        "loss-rank",
        rf"`?target`? and `?output`? must have the same (?:rank|shape).*?target\.shape="
        rf"(?P<target>{_SHAPE}), output\.shape=(?P<output>{_SHAPE})",
        _different,
    ),
    rule(
        "sparse-one-hot",
        rf"`?output`? must have rank \(ndim\) `?target\.ndim [-+] 1.*?"
        rf"target\.shape=(?P<target>{_SHAPE}), output\.shape=(?P<output>{_SHAPE})",
        _different,
    ),
    rule(
        "loss-rank",
        rf"(?:Dimensions must be equal|Incompatible shapes).*?compile_loss.*?input "
        rf"shapes: (?P<target>{_SHAPE}), (?P<output>{_SHAPE})",
        _subtracted,
    ),
    rule(
        "class-too-large",
        r"label value of (?P<value>-?\d+) which is outside the valid range of "
        r"\[0, (?P<limit>\d+)\)",
        _class_too_large,
    ),
)
