"""Mistakes in building a model from tensors, and in calling it."""

import ast
import re
from typing import Any

from kfunc_lab.graph.keras.nodes import ancestors, has_history, nodes_of
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
from kfunc_lab.mistakes.statements.own_code import value_of as held_value
from kfunc_lab.mistakes.statements.own_code import variables


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
    if changes := with_inputs(failure):
        return Mistake(
            "unconnected-output",
            _("An output depends on {names}, which the model's inputs do not include.").format(
                names=", ".join(names)
            ),
            "",
            _("Write `{code}`.").format(
                code=f"inputs={changes[0].new.removeprefix('inputs=')}"
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


def with_inputs(failure: Failure) -> tuple[Change, ...]:
    """Gives a model all the inputs that its outputs are computed from, by their variables."""
    code, call = failure.source, failure.expression
    if code is None or not isinstance(call, ast.Call) or failure.stage != "model":
        return ()
    given = next((word.value for word in call.keywords if word.arg == "inputs"), None)
    given = given or (call.args[0] if call.args else None)
    if given is None or isinstance(given, ast.Dict):
        return ()
    present = {id(layer) for layer in _input_layers(failure)}
    needed = {id(layer) for layer in _origins(failure).values()}
    held = {id(maker(value)): name for name, value in _held_inputs(failure).items()}
    missing = [held.get(each, "") for each in needed - present]
    if not missing or not all(missing):
        return ()
    items = given.elts if isinstance(given, (ast.List, ast.Tuple)) else [given]
    kept = [code.source(item) for item in items if _is_needed(item, needed, failure)]
    names = sorted(missing, key=list(held.values()).index)
    listed = [*kept, *names]
    new = listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"
    return (code.replaced(given, new),)


def _held_inputs(failure: Failure) -> dict[str, Any]:
    """Returns the variables that hold what `keras.Input` returned, in order."""
    return {
        name: value
        for name, value in variables(failure.scope).items()
        if not name.startswith("_") and has_history(value) and is_input(value)
    }


def _is_needed(item: ast.expr, needed: set[int], failure: Failure) -> bool:
    """Returns whether the outputs depend on an input, as far as its value is known."""
    value = value_of(item, failure)
    return not has_history(value) or id(maker(value)) in needed


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
    if (ended := _end_of_layer(which, failure)) is not None:
        return ended
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


def _end_of_layer(which: str, failure: Failure) -> Mistake | None:
    """Takes the tensor of a layer that was called, such as `model.get_layer("code").output`."""
    import keras

    code, call = failure.source, failure.expression
    if code is None or not isinstance(call, ast.Call):
        return None
    known = variables(failure.scope)
    named = [word.value for word in call.keywords if word.arg == which]
    given = named or call.args[which == "outputs" : 1 + (which == "outputs")]
    items = [each for node in given for each in (getattr(node, "elts", None) or [node])]
    attribute = which.removesuffix("s")
    changes, layers = [], []
    for item in items:
        layer = held_value(item, known)
        if not isinstance(layer, keras.Layer):
            continue
        if not nodes_of(layer) or not has_history(getattr(layer, attribute, None)):
            return None
        changes.append(code.replaced(item, f"{code.source(item)}.{attribute}"))
        layers.append(layer)
    if not changes:
        return None
    return Mistake(
        "layer-for-tensor",
        _("`{which}` expects tensors, got the layer {name} ({kind}).").format(
            which=which, name=layers[0].name, kind=type(layers[0]).__name__
        ),
        "",
        _("Write `{code}`.").format(code=changes[0].new),
        layers[0].name,
        tuple(changes),
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
    reason = _("{layer} has no tensors yet: it was never called.").format(layer=title(failure))
    if (ends := _ends_of_sequential(failure)) is not None:
        edit, changes = ends
        return Mistake("never-called", reason, "", edit, match["name"], changes)
    return Mistake(
        "never-called",
        reason,
        "",
        _("Call it on a tensor first, or start the model with `keras.Input(shape=...)`."),
        match["name"],
    )


def _ends_of_sequential(failure: Failure) -> tuple[str, tuple[Change, ...]] | None:
    """Returns the edit for `model.input` of a Sequential, which has only `inputs`."""
    import keras

    code, node, model = failure.source, failure.expression, failure.operation
    if not isinstance(model, keras.Sequential) or not isinstance(node, ast.Attribute):
        return None
    if code is None or node.attr not in ("input", "output"):
        return None
    source = code.source(node.value)
    if not getattr(model, f"{node.attr}s", None):
        return _(
            "Begin the model with `keras.Input(shape=...)`; its tensors are `{model}.inputs` "
            "and `{model}.outputs`."
        ).format(model=source), ()
    statement = code.statement_of(node)
    found = [
        each
        for each in ast.walk(statement or node)
        if isinstance(each, ast.Attribute)
        and each.attr in ("input", "output")
        and code.source(each.value) == source
    ]
    new = f"{source}.{node.attr}s[0]"
    changes = tuple(code.replaced(each, f"{source}.{each.attr}s[0]") for each in found)
    return _("Write `{code}`.").format(code=new), changes


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
    known = re.findall(r"'([^']*)'", match["known"])
    name = match["name"]
    alike = _numbered(name, known)
    place = int((re.search(r"_(\d+)$", name) or [0, 0])[1])
    # The numbers of automatic names go on when a cell runs again: `conv2d_1` is the second one.
    same = alike[place] if place < len(alike) else alike[0] if len(alike) == 1 else ""
    close = same or nearest_name(name, known)
    changes = _named_layer(name, close, failure) if same or (close and not alike) else ()
    close = close or (known[-1] if known else "")
    return Mistake(
        "no-such-layer",
        _("The model has no layer {name}; its layers are {known}.").format(
            name=name, known=", ".join(known[:12])
        ),
        "",
        _('Write `get_layer("{name}")`.').format(name=close) if close else "",
        name,
        changes,
    )


def nearest_name(name: str, known: list[str]) -> str:
    """Returns the name that is spelled most like another one; empty if none is."""
    import difflib

    close = difflib.get_close_matches(name, known, 1, 0.3)
    return close[0] if close else ""


def _numbered(name: str, known: list[str]) -> list[str]:
    """Returns the layers whose automatic names differ from a name only in their number."""
    stem = re.escape(re.sub(r"_\d+$", "", name))
    return [each for each in known if re.fullmatch(rf"{stem}(_\d+)?", each)]


def _named_layer(name: str, close: str, failure: Failure) -> tuple[Change, ...]:
    """Replaces the name in a call of `get_layer`."""
    code = failure.source
    if code is None or failure.expression is None:
        return ()
    found = [
        node
        for node in ast.walk(failure.expression)
        if isinstance(node, ast.Constant) and node.value == name
    ]
    return (code.replaced(found[0], f'"{close}"'),) if len(found) == 1 else ()


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
