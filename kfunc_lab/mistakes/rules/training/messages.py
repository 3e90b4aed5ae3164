"""Mistakes in compiling and training: targets, losses and metrics that do not fit the outputs."""

import re
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import (
    Mistake,
    Rule,
    Shape,
    maker,
    quoted,
    rule,
    sizes,
    title,
    written,
)


def _loss(failure: Failure) -> str:
    """Returns the name of a model's loss; empty if it has none."""
    loss: Any = getattr(failure.operation, "loss", None)
    name = loss if isinstance(loss, str) else getattr(loss, "name", None)
    return name if isinstance(name, str) else getattr(loss, "__name__", "")


def _output_layer(failure: Failure) -> str:
    """Returns the name of the layer that computes a model's only output; empty for several."""
    outputs = getattr(failure.operation, "outputs", None) or []
    layer = maker(outputs[0]) if len(outputs) == 1 else None
    return str(getattr(layer, "name", ""))


def _different(match: re.Match[str], failure: Failure) -> Mistake:
    target, output = sizes(match["target"]), sizes(match["output"])
    return _disagree(failure, target, output)


def _disagree(failure: Failure, target: Shape, output: Shape) -> Mistake:
    words = {"target": written(target), "output": written(output), "loss": _loss(failure)}
    reason = _("The targets have shape {target}, but the output has shape {output}.")
    if words["loss"]:
        reason = _(
            "The loss {loss} needs targets and output of the same shape: the targets have "
            "{target}, the output has {output}."
        )
    same_rank = len(target) == len(output)
    pairs = zip(target, output, strict=False)
    sums = ", ".join(dict.fromkeys(f"{a} ≠ {b}" for a, b in pairs if a != b))
    return Mistake(
        "loss-shape" if same_rank else "loss-rank",
        reason.format(**words),
        sums if same_rank else f"{len(target)} ≠ {len(output)}",
        _loss_edit(failure, target, output),
        _output_layer(failure),
        target=(target, output),
    )


def _loss_edit(failure: Failure, target: Shape, output: Shape) -> str:
    loss, classes = _loss(failure), output[-1]
    is_class = len(target) == 1 or target[1:] == (1,)
    if len(output) == 2 and is_class and classes != 1 and "crossentropy" in loss:
        return _(
            'If the targets are class numbers, write `loss="sparse_categorical_crossentropy"`.'
        )
    if len(output) > len(target) and len(output) > 2:
        return _(
            "Put `layers.Flatten()` or `layers.GlobalAveragePooling2D()` before the last "
            "layer, so that each example has one row."
        )
    if len(output) == 2 and len(target) == 2:
        return _("Give the last layer {n} units, one for each column of the targets.").format(
            n=target[-1]
        )
    if len(output) == len(target) == 4:
        return _(
            'Keep the size of the images: set `padding="same"` in the convolutions before.'
        )
    return _("Reshape the targets to match the output: {shape} for each example.").format(
        shape=written(output[1:])
    )


def _sparse(match: re.Match[str], failure: Failure) -> Mistake:
    target, output = sizes(match["target"]), sizes(match["output"])
    if len(output) > len(target):
        return _disagree(failure, target, output)
    one_hot = target == output
    reason = _(
        "The loss {loss} expects class numbers, with one axis fewer than the output {output}, "
        "got targets of shape {target}."
    )
    edit = _("Pass class numbers, such as `y.argmax(axis=-1)`, or one target for each example.")
    if one_hot:
        edit = _(
            'For one-hot targets, write `loss="categorical_crossentropy"`, or convert them to '
            "class numbers: `y.argmax(axis=-1)`."
        )
    return Mistake(
        "sparse-one-hot" if one_hot else "loss-rank",
        reason.format(
            loss=_loss(failure) or "sparse_categorical_crossentropy",
            output=written(output),
            target=written(target),
        ),
        f"{len(target)} ≠ {len(output)} − 1",
        edit,
        _output_layer(failure),
    )


def _subtracted(match: re.Match[str], failure: Failure) -> Mistake | None:
    if failure.stage != "fit":
        return None
    return _disagree(failure, sizes(match["target"]), sizes(match["output"]))


def _class_too_large(match: re.Match[str], failure: Failure) -> Mistake:
    value, limit = int(match["value"]), int(match["limit"])
    return Mistake(
        "class-too-large",
        _("The output has {n} classes, from 0 to {last}; one target is {value}.").format(
            n=limit, last=limit - 1, value=value
        ),
        f"{value} ≥ {limit}" if value >= 0 else f"{value} < 0",
        _("Give the last layer {n} units, or number the classes from 0.").format(
            n=max(value + 1, limit)
        ),
        _output_layer(failure),
    )


def _loss_keys(match: re.Match[str], failure: Failure) -> Mistake:
    outputs = re.findall(r"'([^']*)'", match["wanted"])
    keys = re.findall(r"'([^']*)'", match["given"])
    return _keys("loss", outputs, keys)


def _keys(what: str, outputs: list[str], keys: list[str]) -> Mistake:
    extra = [key for key in keys if key not in outputs]
    missing = [key for key in outputs if key not in keys]
    if extra and missing:
        edit = _("Write the key '{name}' instead of '{wrong}'.").format(
            name=missing[0], wrong=extra[0]
        )
    elif extra:
        edit = _("Remove the key '{wrong}'.").format(wrong=extra[0])
    else:
        edit = _("Add the key '{name}'.").format(name=missing[0] if missing else "")
    return Mistake(
        f"{what}-keys",
        _("The outputs are named {wanted}, but `{what}` has the keys {given}.").format(
            wanted=", ".join(outputs), what=what, given=", ".join(keys)
        ),
        "",
        edit,
        (extra or missing or [""])[0],
    )


def _path(match: re.Match[str], failure: Failure) -> Mistake:
    names = _output_names(failure)
    loss = getattr(failure.operation, "loss", None)
    if isinstance(loss, dict):
        return _keys("loss", names, [str(key) for key in loss])
    if isinstance(loss, (list, tuple)) and len(loss) != len(names):
        return Mistake(
            "loss-count",
            _("The model has {n} outputs ({names}), but `loss` lists {found}.").format(
                n=len(names), names=", ".join(names), found=len(loss)
            ),
            f"{len(loss)} ≠ {len(names)}",
            _by_name("loss", names),
            "loss",
        )
    return _target_count(failure, names, None)


def _target_count(failure: Failure, names: list[str], found: int | None) -> Mistake:
    listed = ", ".join(f"y_{name}" for name in names)
    words = {"n": len(names), "names": ", ".join(names), "found": found}
    if len(names) == 1:
        reason = _("The model has one output, got {found} targets.")
        edit = _("Pass one array of targets: `y`.")
    else:
        reason = _("The model has {n} outputs ({names}); the targets do not match them.")
        edit = _("Pass one array for each output, in order: `[{listed}]`.")
    sums = f"{found} ≠ {len(names)}" if found not in (None, len(names)) else ""
    return Mistake(
        "target-count", reason.format(**words), sums, edit.format(listed=listed), "y"
    )


def _structures(match: re.Match[str], failure: Failure) -> Mistake:
    target, output = match["target"], match["output"]
    outputs, keys = (re.findall(r"'(\w+)':", text) for text in (output, target))
    if outputs and keys and set(outputs) != set(keys):
        return _keys("y", outputs, keys)
    names = _output_names(failure) or [str(n) for n in range(output.count("*"))]
    return _target_count(failure, names, target.count("*"))


def _output_names(failure: Failure) -> list[str]:
    return [str(name) for name in getattr(failure.operation, "output_names", None) or []]


def _by_name(what: str, names: list[str]) -> str:
    example = {"loss": '"mse"', "metrics": '["mae"]'}.get(what, "1.0")
    pairs = ", ".join(f'"{name}": {example}' for name in names)
    return _("Write one for each output, by name: `{what}={{{pairs}}}`.").format(
        what=what, pairs=pairs
    )


def _metrics(match: re.Match[str], failure: Failure) -> Mistake:
    names = _output_names(failure)
    message = getattr(match, "string", "")
    keys = (
        re.findall(r"'(\w+)': ", message.rpartition("metrics={")[2])
        if "metrics={" in message
        else []
    )
    if keys and set(keys) - set(names):
        return _keys("metrics", names, keys)
    listed = re.search(r"metrics=\[(.*)\]", message, re.DOTALL)
    found = len(re.findall(r"[^,\s][^,]*", listed[1])) if listed else None
    return Mistake(
        "metrics-count",
        _("The model has {n} outputs ({names}), but `metrics` is a single list.").format(
            n=len(names), names=", ".join(names)
        ),
        f"{found} ≠ {len(names)}" if found not in (None, len(names)) else "",
        _by_name("metrics", names),
        "metrics",
    )


def _metrics_string(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "metrics-list",
        _("`metrics` must be a list, got {value}.").format(value=quoted(match["value"], 40)),
        "",
        _('Write `metrics=["{value}"]`.').format(value=match["value"]),
        "metrics",
    )


def _weights(match: re.Match[str], failure: Failure) -> Mistake:
    names = _output_names(failure)
    losses, weights = int(match["losses"]), int(match["weights"])
    return Mistake(
        "loss-count",
        _("Losses: {n}; loss weights: {found}.").format(n=losses, found=weights),
        f"{weights} ≠ {losses}",
        _by_name("loss_weights" if weights != len(names) else "loss", names),
        "loss_weights" if weights != len(names) else "loss",
    )


def _weight_number(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "loss-count",
        _("`loss_weights` needs one weight for each output, got {value}.").format(
            value=quoted(match["value"], 40)
        ),
        "",
        _by_name("loss_weights", _output_names(failure)),
        "loss_weights",
    )


def _not_compiled(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "not-compiled",
        _("{model} has no loss and no optimizer yet.").format(model=title(failure)),
        "",
        _('Call `model.compile(optimizer="adam", loss=...)` first.'),
        "compile",
    )


def _no_loss(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "no-loss",
        _("{model} was compiled without a loss.").format(model=title(failure)),
        "",
        _(
            'Write `model.compile(optimizer="adam", loss="mse")`, with the loss that suits '
            "your targets."
        ),
        "loss",
    )


def _cardinality(match: re.Match[str], failure: Failure) -> Mistake:
    counts = re.findall(r"sizes: ([\d, ]+)", match.string)
    numbers = list(dict.fromkeys(re.findall(r"\d+", " ".join(counts))))
    return Mistake(
        "example-count",
        _("Inputs and targets have different numbers of examples: {numbers}.").format(
            numbers=", ".join(numbers)
        ),
        " ≠ ".join(numbers),
        _(
            "If the examples belong together, take the same number of each: `x[:{n}], y[:{n}]`."
        ).format(n=min(map(int, numbers), default=0)),
        "y",
    )


def _no_targets(match: re.Match[str], failure: Failure) -> Mistake | None:
    if failure.stage != "fit" or len(failure.tensors) != 1:
        return None
    return Mistake(
        "no-targets",
        _("The loss needs targets to compare the output with, but there are none."),
        "",
        _(
            "Pass them after the data: `model.fit(x, y)`. For an autoencoder: `model.fit(x, "
            "x)`."
        ),
        "y",
    )


def _not_an_array(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "not-an-array",
        _("Keras expects arrays; x, y or both are Python lists."),
        "",
        _("Write `np.array(x)` and `np.array(y)`."),
        "x",
    )


def _no_numbers(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "no-numbers",
        _("The data must be numbers, got dtype {dtype}.").format(dtype=match["dtype"]),
        "",
        _('Write `x.astype("float32")`, or convert words to numbers first.'),
        "x",
    )


def _keys_of_strings(match: re.Match[str], failure: Failure) -> Mistake | None:
    names = _output_names(failure)
    if failure.stage != "fit" or len(names) < 2:
        return None
    return Mistake(
        "y-keys",
        _("The keys of the targets are not the names of the outputs: {names}.").format(
            names=", ".join(names)
        ),
        "",
        _("Write `y={{{pairs}}}`.").format(
            pairs=", ".join(f'"{name}": y_{name}' for name in names)
        ),
        "y",
    )


def _callback_class(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "class-for-object",
        _("One of the callbacks is a class, not an instance."),
        "",
        _("Add parentheses, as in `callbacks=[keras.callbacks.EarlyStopping()]`."),
        "callbacks",
    )


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
        _sparse,
    ),
    rule(
        "sparse-one-hot",
        rf"`?target`? and `?output`? must have the same shape (?:except|up).*?"
        rf"target\.shape=(?P<target>{_SHAPE}), output\.shape=(?P<output>{_SHAPE})",
        _sparse,
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
    rule(
        "loss-keys",
        r"Expected keys (?:ListWrapper\()?(?P<wanted>\[.*?\])\)? in loss dict, but found "
        r"loss\.keys\(\)=(?P<given>\[.*?\])",
        _loss_keys,
    ),
    rule("loss-count", r"The path: .*? in the `loss` argument", _path),
    rule(
        "target-count",
        r"y_true and y_pred have different structures\.\s*y_true: (?P<target>[^\n]*)"
        r"\s*y_pred: (?P<output>[^\n]*)",
        _structures,
    ),
    rule(
        "metrics-count",
        r"Invalid `metrics`|`metrics` argument as a list, it should have|"
        r"dict argument `metrics`, key",
        _metrics,
    ),
    rule(
        "metrics-list",
        r"Expected `metrics` argument to be a list.*?metrics=(?P<value>\S+) of type",
        _metrics_string,
    ),
    rule(
        "loss-count",
        r"`loss_weights` must match the number of losses, got (?P<losses>\d+) losses and "
        r"(?P<weights>\d+)",
        _weights,
    ),
    rule(
        "loss-count",
        r"Expected `loss_weights` argument.*?loss_weights=(?P<value>\S+) of type",
        _weight_number,
    ),
    rule("not-compiled", r"You must call `?compile\(\)`? before", _not_compiled),
    rule("no-loss", r"No loss to compute", _no_loss),
    rule(
        "example-count", r"Data cardinality is ambiguous|same number of samples", _cardinality
    ),
    rule("no-targets", r"None values not supported", _no_targets),
    rule("not-an-array", r"Unrecognized data type: x=", _not_an_array),
    rule("no-numbers", r"Invalid dtype: (?P<dtype>str|object)", _no_numbers),
    rule("y-keys", r"Expected float32, but got \S+ of type 'str'", _keys_of_strings),
    rule("class-for-object", r"Callback\.set_model\(\) missing", _callback_class),
)
