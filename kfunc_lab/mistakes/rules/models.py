"""Mistakes in building a model from tensors, and in calling it."""

import ast
import re
from typing import Any

from kfunc_lab.graph.keras.nodes import ancestors, has_history
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, name_of
from kfunc_lab.mistakes.rule import (
    Mistake,
    Rule,
    input_names,
    is_input,
    maker,
    quoted,
    rule,
    title,
)
from kfunc_lab.mistakes.rules.construction import held_tensor, in_constructor
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.failed_call import is_known, value_of
from kfunc_lab.mistakes.statements.never_called import called_on_tensor


def _unconnected(match: re.Match[str], failure: Failure) -> Mistake | None:
    if failure.stage not in ("model", "call", "fit"):
        return None
    names = _missing_inputs(failure)
    path = (match.groupdict().get("path") or "").strip()
    reason = _("An output depends on more than the inputs of the model.")
    if path:
        reason = _("The output {path} depends on more than the inputs of the model.")
    if not names:
        return Mistake(
            "unconnected-output",
            reason.format(path=path),
            "",
            _("Pass the model the same `Input` tensors that the output was computed from."),
            path,
        )
    if changes := _swapped(failure):
        return Mistake(
            "swapped-ends",
            _("The inputs and the outputs of the model are swapped: the outputs are inputs."),
            "",
            _("Pass the inputs first: `keras.Model({code})`.").format(
                code=", ".join(change.new for change in changes)
            ),
            names[0],
            changes,
        )
    present = [name_of(layer) for layer in _input_layers(failure)]
    listed = ", ".join([*present, *names])
    return Mistake(
        "unconnected-output",
        _("An output depends on {names}, which the model's inputs do not include.").format(
            names=", ".join(names)
        ),
        "",
        _(
            "Write `keras.Model(inputs=[{names}], ...)`, with the variables that hold these "
            "inputs."
        ).format(names=listed)
        if present and _needs_present(failure)
        else _(
            "Write `keras.Model(inputs={names}, ...)`, with the variable that holds this input."
        ).format(names=", ".join(names) if len(names) == 1 else f"[{', '.join(names)}]"),
        names[0],
    )


def _swapped(failure: Failure) -> tuple[Change, ...]:
    """Swaps the inputs and the outputs of a model if that connects them."""
    code, call = failure.source, failure.expression
    if code is None or not isinstance(call, ast.Call):
        return ()
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    ends = [*call.args[:2], *(named[it] for it in ("inputs", "outputs") if it in named)]
    if len(ends) != 2:
        return ()
    first, second = ends
    inputs, outputs = _tensors_of(first, failure), _tensors_of(second, failure)
    if not inputs or not outputs or not all(map(is_input, outputs)):
        return ()
    origins = [it.operation for it in ancestors(inputs)]
    needed = {id(it) for it in origins if type(it).__name__ == "InputLayer"}
    if needed != {id(maker(it)) for it in outputs}:
        return ()
    return code.replaced(first, code.source(second)), code.replaced(second, code.source(first))


def _tensors_of(expression: ast.expr, failure: Failure) -> list[Any]:
    """Returns the symbolic tensors of a variable, or of a list of variables."""
    items = expression.elts if isinstance(expression, (ast.List, ast.Tuple)) else [expression]
    values = [value_of(item, failure) for item in items]
    return values if all(is_known(it) and has_history(it) for it in values) else []


def _input_layers(failure: Failure) -> list[Any]:
    """Returns a model's input layers, without duplicates."""
    inputs = getattr(failure.operation, "inputs", None) or []
    makers = {
        id(layer): layer for layer in map(maker, inputs) if type(layer).__name__ == "InputLayer"
    }
    return list(makers.values())


def _origins(failure: Failure) -> dict[str, Any]:
    """Maps names to the input layers that a model's outputs are computed from."""
    layers = (node.operation for node in ancestors(_outputs(failure)))
    return {name_of(layer): layer for layer in layers if type(layer).__name__ == "InputLayer"}


def _missing_inputs(failure: Failure) -> list[str]:
    try:
        present = {id(layer) for layer in _input_layers(failure)}
        return [name for name, layer in _origins(failure).items() if id(layer) not in present]
    except Exception:  # the graph of a model may be half built
        return []


def _needs_present(failure: Failure) -> bool:
    """Returns whether the outputs also depend on an input that the model has."""
    present = {id(tensor) for tensor in _input_layers(failure)}
    return any(id(node.operation) in present for node in ancestors(_outputs(failure)))


def _outputs(failure: Failure) -> list[Any]:
    outputs = getattr(failure.operation, "outputs", None) or []
    return [tensor for tensor in outputs if has_history(tensor)]


def _not_a_tensor(match: re.Match[str], failure: Failure) -> Mistake:
    which, value, kind = match["which"].lower(), match["value"], match["kind"]
    layer = re.match(r"<(?P<kind>\w+) name=(?P<name>[^,>]*)", value)
    words = {"which": which, "kind": kind.rpartition(".")[2], "value": quoted(value, 40)}
    if layer is None:
        edit = _("Pass what `keras.Input` returned.")
        if which == "outputs":
            edit = _("Pass the tensor that the last layer returned.")
        return Mistake(
            "not-a-tensor",
            _("`{which}` expects symbolic tensors, got {value} ({kind}).").format(**words),
            "",
            edit,
            which,
        )
    for inner in failure.layers:
        if name_of(inner) == layer["name"] and (setting := held_tensor(inner)):
            failed = Failure(inner, layer["name"], layer["kind"], (), "construct", None)
            return in_constructor(failed, setting)
    edit = _("Call it: `layers.{kind}(...)(x)` is a tensor, `layers.{kind}(...)` is a layer.")
    if which == "inputs":
        edit = _("Pass what `keras.Input` returned.")
    changes: tuple[Change, ...] = ()
    for inner in failure.layers:
        if which == "outputs" and name_of(inner) == layer["name"]:
            sentence, changes = called_on_tensor(failure, inner)
            edit = sentence.replace("{", "{{").replace("}", "}}") or edit
    return Mistake(
        "layer-for-tensor",
        _(
            "`{which}` expects tensors, got the layer {name} ({kind}), which was never called."
        ).format(which=which, **layer.groupdict()),
        "",
        edit.format(kind=layer["kind"]),
        layer["name"],
        changes,
    )


def _used_twice(match: re.Match[str], failure: Failure) -> Mistake:
    name = match["name"]
    return Mistake(
        "duplicate-name",
        _("The name {name} is used more than once in the model.").format(name=name),
        f"{match['n']} > 1" if match.groupdict().get("n") else "",
        _(
            'Give each layer its own name, such as `name="{name}_2"`; to share the weights, '
            "create one layer and call it twice."
        ).format(name=name),
        name,
    )


def _model_keywords(match: re.Match[str], failure: Failure) -> Mistake | None:
    if failure.stage != "model":
        return None
    return _without_both(sorted(re.findall(r"'(\w+)': ", match["given"])), failure)


def _without_both(names: list[str], failure: Failure) -> Mistake:
    wrong = [name for name in names if name in ("input", "output")]
    where = wrong[0] if wrong else "outputs"
    reason = _("A model needs both inputs and outputs.")
    edit = _("Write both: `keras.Model(inputs=..., outputs=...)`.")
    if wrong:
        reason = _("`keras.Model` has no argument `{name}`.").format(name=wrong[0])
        edit = _("Write `inputs=` and `outputs=`, with an s.")
    return Mistake("model-arguments", reason, "", edit, where)


def _model_positions(match: re.Match[str], failure: Failure) -> Mistake | None:
    return _without_both([], failure) if failure.stage == "model" else None


def _input_count(match: re.Match[str], failure: Failure) -> Mistake:
    expected, found = int(match["expected"]), int(match["found"])
    names = input_names(failure.operation)
    if match.groupdict().get("names"):
        names = re.findall(r"'([^']*)'", match["names"])
    words = ", ".join(names) if names else ", ".join("abcdefgh"[:expected])
    edit = _("Pass one tensor for each input, in a list: `[{names}]`.").format(names=words)
    if expected == 1:
        edit = _(
            "Pass one tensor; if you have several, join them first with `layers.Concatenate()`."
        )
    named = _("{model} expects {n} inputs ({names}), got {found}.")
    reason = named if names else _("{model} expects {n} inputs, got {found}.")
    if expected == 1:
        reason = _("{model} expects one input, got {found}.")
    return Mistake(
        "input-count",
        reason.format(model=title(failure), n=expected, found=found, names=words),
        f"{found} ≠ {expected}",
        edit,
        words if names else "",
    )


def _missing_key(match: re.Match[str], failure: Failure) -> Mistake:
    keys = re.findall(r"'([^']*)'", match["given"])
    expected = re.findall(r"'([^']*)'", match["wanted"])
    extra = [key for key in keys if key not in expected]
    name = match["name"]
    edit = _("Pass data for it too: `{{'{name}': ..., ...}}`.").format(name=name)
    if extra:
        edit = _("Write the key '{name}' instead of '{wrong}'.").format(
            name=name, wrong=extra[0]
        )
    return Mistake(
        "input-keys",
        _("{model} expects the inputs {wanted}, got data for {given}.").format(
            model=title(failure), wanted=", ".join(expected), given=", ".join(keys)
        ),
        "",
        edit,
        name,
    )


def _never_called(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "never-called",
        _("{layer} has no tensors yet: it was never called.").format(layer=title(failure)),
        "",
        _("Call it on a tensor first, or start the model with `keras.Input(shape=...)`."),
        match["name"],
    )


def _not_a_layer(match: re.Match[str], failure: Failure) -> Mistake:
    value = match["value"]
    if value.startswith("<class"):
        name = value.rstrip("'>").rpartition(".")[2]
        return Mistake(
            "class-for-object",
            _("`Sequential` expects layers, got the class {name}.").format(name=name),
            "",
            _("Write `layers.{name}(...)`, with parentheses.").format(name=name),
            name,
        )
    return Mistake(
        "tensor-in-sequential",
        _("`Sequential` expects layers, got {value}.").format(
            value=_("a tensor") if "KerasTensor" in value else quoted(value, 40)
        ),
        "",
        _(
            "Remove the tensor: `Sequential` calls each layer on the output of the layer "
            "before it."
        ),
    )


def _no_such_layer(match: re.Match[str], failure: Failure) -> Mistake:
    import difflib

    known = re.findall(r"'([^']*)'", match["known"])
    close = difflib.get_close_matches(match["name"], known, 1, 0.3) or known[-1:]
    return Mistake(
        "no-such-layer",
        _("The model has no layer {name}; its layers are {known}.").format(
            name=match["name"], known=", ".join(known[:12])
        ),
        "",
        _('Write `get_layer("{name}")`.').format(name=close[0]) if close else "",
        match["name"],
    )


RULES: tuple[Rule, ...] = (
    rule(
        "unconnected-output",
        r"Output with path `?(?P<path>[^`\n]*?)`? is not connected to",
        _unconnected,
    ),
    rule("unconnected-output", r"inputs?`? (?:are )?not connected to `?outputs", _unconnected),
    rule("unconnected-output", r"Graph disconnected", _unconnected),
    # Up to Keras 3.9 such a model fails only when it is called, and names the tensor's id.
    rule(
        "unconnected-output",
        r"calling (?:Functional|Model)\.call\(\)\.\s+'?\d{9,}'?\s",
        _unconnected,
    ),
    rule("unconnected-output", r"\A'?\d{9,}'?\Z", _unconnected),
    rule(
        "layer-for-tensor",
        r"All `?(?P<which>inputs|outputs)`? values must be KerasTensors.*?"
        r"including invalid value (?P<value>.*?) of type <class '(?P<kind>[^']*)'>",
        _not_a_tensor,
    ),
    rule(
        "duplicate-name", r"The name \"(?P<name>[^\"]*)\" is used (?P<n>\d+) times", _used_twice
    ),
    rule("duplicate-name", r"should have unique names\. Name '(?P<name>[^']*)'", _used_twice),
    rule(
        "model-arguments",
        r"Unrecognized keyword arguments passed to \w+: (?P<given>\{.*)",
        _model_keywords,
    ),
    rule(
        "model-arguments", r"Layer\.__init__\(\) takes 1 positional argument", _model_positions
    ),
    rule(
        "input-count",
        r"expects (?P<expected>\d+) (?:named )?input\(s\)(?: with keys "
        r"(?P<names>\[.*?\]))?, but it received (?P<found>\d+)",
        _input_count,
    ),
    rule(
        "input-keys",
        r"Missing data for input \"(?P<name>[^\"]*)\".*?keys (?P<given>\[.*?\]).*?"
        r"keys: (?P<wanted>\[.*?\])",
        _missing_key,
    ),
    rule("never-called", r"(?:layer )?(?P<name>\S+) has never been called", _never_called),
    rule(
        "class-for-object",
        r"can be added to a Sequential model\. Received: (?P<value>.*?) \(of type",
        _not_a_layer,
    ),
    rule(
        "no-such-layer",
        r"No such layer: (?P<name>.*?)\. Existing layers are: (?P<known>\[.*?\])",
        _no_such_layer,
    ),
)
