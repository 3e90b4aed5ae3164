"""Mistakes in creating a layer or an input: its arguments and its parentheses."""

import ast
import difflib
import inspect
import re
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, as_call
from kfunc_lab.mistakes.rule import (
    Mistake,
    Rule,
    all_arguments,
    argument,
    callee,
    quoted,
    rule,
    title,
    written,
)

# An example of the arguments that each layer needs where it got a tensor.
_NEEDED = {
    "Dense": "64", "Conv1D": "32, 3", "Conv2D": "32, 3", "Conv3D": "32, 3",
    "Conv1DTranspose": "32, 3", "Conv2DTranspose": "32, 3", "SeparableConv2D": "32, 3",
    "DepthwiseConv2D": "3", "LSTM": "32", "GRU": "32", "SimpleRNN": "32", "Dropout": "0.5",
    "Embedding": "1000, 16", "Activation": '"relu"', "Reshape": "(28, 28, 1)",
    "RepeatVector": "10", "Rescaling": "1 / 255", "Permute": "(2, 1)", "Dot": "axes=1",
    "MultiHeadAttention": "4, 16", "Bidirectional": "layers.LSTM(32)", "EinsumDense": "...",
    "TimeDistributed": "layers.Dense(16)", "Lambda": "function", "SpatialDropout2D": "0.5",
    "GaussianNoise": "0.1", "UpSampling2D": "2", "ZeroPadding2D": "1", "Cropping2D": "1",
}  # fmt: skip


def _in_parentheses(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a tensor among the arguments of a layer's constructor."""
    if failure.stage != "construct" or failure.kind == "Input":
        return None
    where = match.groupdict().get("where") or ""
    holds = bool(failure.tensors) or "KerasTensor" in match.string
    if not holds and not (failure.operation is None and _is_on_tensors(failure)):
        return None
    return in_constructor(failure, where or _parameter_of(failure))


def _is_on_tensors(failure: Failure) -> bool:
    """Returns whether a constructor was called on anything but plain settings."""
    call = as_call(failure.code)
    if call is None or not call.args:
        return False
    return not all(map(_is_setting, call.args))


def in_constructor(failure: Failure, where: str) -> Mistake:
    """Explains that a tensor belongs in a second pair of parentheses."""
    reason = _("The constructor of {kind} takes settings, not a tensor.")
    if where:
        reason = _("The constructor of {kind} got a tensor for its argument `{where}`.")
    tensors, settings = _sorted_arguments(failure)
    return Mistake(
        "constructor-parentheses",
        reason.format(kind=failure.kind, where=where),
        "",
        _(
            "Write `{callee}({settings})({x})`: the tensor goes in a second pair of "
            "parentheses."
        ).format(callee=callee(failure), settings=settings, x=tensors),
        where,
    )


def _sorted_arguments(failure: Failure) -> tuple[str, str]:
    """Returns the source of a call's tensors, and the source of its settings."""
    call = as_call(failure.code)
    needed = _NEEDED.get(failure.kind, "")
    if call is None:
        return "x", needed
    plain = [expression for expression in call.args if _is_setting(expression)]
    settings = [ast.unparse(expression) for expression in plain]
    if not settings and not any(expression.arg for expression in call.keywords):
        settings = [needed] if needed else []
    elif not settings and failure.kind in ("Dense", "Conv2D", "LSTM", "GRU"):
        named = {expression.arg for expression in call.keywords}
        settings = [] if named & {"units", "filters"} else [needed.split(",")[0]]
    elif "," in needed and len(plain) == 1 and call.args[0] is not plain[0]:
        settings = [needed.split(",")[0], *settings]
    settings += [
        f"{expression.arg}={ast.unparse(expression.value)}"
        for expression in call.keywords
        if _keeps(expression)
    ]
    others = [expression for expression in call.args if expression not in plain]
    bare = ast.Call(func=call.func, args=others, keywords=[])
    words = all_arguments(Failure(None, "", "", (), "", None, ast.unparse(bare)))
    return (words if others else "x"), ", ".join(settings)


def _is_setting(expression: ast.expr) -> bool:
    if isinstance(expression, (ast.List, ast.Tuple)):
        return all(isinstance(item, ast.Constant) for item in expression.elts)
    return isinstance(expression, (ast.Constant, ast.UnaryOp, ast.BinOp))


def _keeps(keyword: ast.keyword) -> bool:
    return bool(keyword.arg) and _is_setting(keyword.value)


def _parameter_of(failure: Failure) -> str:
    """Returns the parameter to which the tensor was passed."""
    call = as_call(failure.code)
    if failure.operation is None or call is None:
        return ""
    try:
        parameters = list(inspect.signature(type(failure.operation)).parameters.values())
    except (TypeError, ValueError):
        return ""
    for parameter, expression in zip(parameters, call.args, strict=False):
        if not _is_setting(expression) and parameter.kind is not parameter.VAR_KEYWORD:
            return str(parameter.name)
    wrong = [keyword.arg for keyword in call.keywords if keyword.arg and not _keeps(keyword)]
    return wrong[0] if wrong else ""


def held_tensor(layer: Any) -> str:
    """Returns the name of a layer's attribute that its constructor set to a tensor."""
    import keras

    for name, value in list(getattr(layer, "__dict__", {}).items()):
        items = value if isinstance(value, (list, tuple)) else [value]
        if not name.startswith("_") and any(
            isinstance(item, keras.KerasTensor) for item in items
        ):
            return str(name)
    return ""


def _invalid_number(match: re.Match[str], failure: Failure) -> Mistake | None:
    where, value = match["where"], quoted(match["value"], 60)
    if failure.stage != "construct":
        return None
    if layer := re.match(r"<\w+ name=([^,>]*)", value):
        value = layer[1]
    return Mistake(
        "wrong-argument",
        _("`{where}` must be a positive whole number, got {value}.").format(
            where=where, value=value
        ),
        f"{value} ≤ 0" if re.fullmatch(r"-\d+|0", value) else "",
        _("Write a number such as `{where}=32`.").format(where=where),
        where,
    )


def _rate(match: re.Match[str], failure: Failure) -> Mistake:
    value = quoted(match["value"], 20)
    number = float(match["value"]) if re.fullmatch(r"\d+(\.\d+)?", match["value"]) else 0
    edit = _("Write the fraction to drop, for example `layers.{kind}(0.5)`.")
    if 1 < number <= 100:
        edit = _("Write `layers.{kind}({share})`: the fraction to drop, not a percentage.")
    return Mistake(
        "wrong-argument",
        _("`rate` must be a number from 0 to 1, got {value}.").format(value=value),
        f"{value} > 1" if number > 1 else "",
        edit.format(kind=failure.kind, share=f"{number / 100:g}"),
        "rate",
    )


def _unknown_keyword(match: re.Match[str], failure: Failure) -> Mistake | None:
    names = re.findall(r"'(\w+)':", match["given"])
    if not names or failure.stage == "model":
        return None
    return _no_such_argument(failure, names[0], type(failure.operation))


def _unexpected_keyword(match: re.Match[str], failure: Failure) -> Mistake | None:
    import keras

    if failure.stage != "construct":
        return None
    constructor = (
        keras.Input if failure.kind == "Input" else getattr(keras.layers, failure.kind, None)
    )
    return _no_such_argument(failure, match["where"], constructor)


def _no_such_argument(failure: Failure, name: str, constructor: Any) -> Mistake:
    try:
        known = [
            parameter
            for parameter in inspect.signature(constructor).parameters
            if parameter != "kwargs"
        ]
    except (TypeError, ValueError):
        known = []
    close = difflib.get_close_matches(name, [*known, "name", "trainable", "dtype"], 1, 0.5)
    edit = _("Remove `{name}`.").format(name=name)
    close = ["shape"] if failure.kind == "Input" and name == "input_shape" else close
    if failure.kind != "Input" and name in ("input_dim", "input_dims", "input_shape"):
        edit = _("Remove `{name}`: `keras.Input` gives the shape.").format(name=name)
    elif close:
        edit = _("Write `{close}=` instead of `{name}=`.").format(close=close[0], name=name)
    return Mistake(
        "unknown-argument",
        _("{kind} has no argument `{name}`.").format(kind=failure.kind, name=name),
        "",
        edit,
        name,
    )


def _unknown_choice(match: re.Match[str], failure: Failure) -> Mistake | None:
    what, value = match["what"].lower(), match["value"].strip().splitlines()[0]
    if value.startswith("<class"):
        return _class_for_object(what, value)
    if value.startswith("<"):
        return None
    close = difflib.get_close_matches(value, _choices(what), 1, 0.5)
    edit = _('Write `"{close}"`.').format(close=close[0]) if close else ""
    where = {"activation function": "activation"}.get(what, what)
    where = "metrics" if where == "metric" else where
    return Mistake(
        "unknown-choice",
        _('Keras has no `{where}` named "{value}".').format(
            where=where, value=quoted(value, 40)
        ),
        "",
        edit,
        where,
    )


def _class_for_object(what: str, value: str) -> Mistake:
    name = value.rstrip("'>").rpartition(".")[2]
    return Mistake(
        "class-for-object",
        _("The `{where}` is the class {name}, not an instance of it.").format(
            where=what, name=name
        ),
        "",
        _("Write `{name}()`, with parentheses.").format(name=name),
        what,
    )


def _choices(what: str) -> list[str]:
    import keras

    module = {"loss": keras.losses, "optimizer": keras.optimizers, "metric": keras.metrics}.get(
        what, keras.activations
    )
    names = [name for name in dir(module) if not name.startswith("_")]
    usual = ["mse", "mae", "acc", "accuracy", "categorical_crossentropy", "binary_crossentropy"]
    lower = what in ("optimizer",)
    return [name.lower() if lower else name for name in names] + ([] if lower else usual)


def _choice_of(match: re.Match[str], failure: Failure) -> Mistake | None:
    where, value = match["where"], quoted(match["value"], 40)
    choices = re.findall(r"'(\w+)'", match["choices"])
    close = difflib.get_close_matches(value, choices, 1, 0.4) or choices[:1]
    if value.startswith("<") or not close:
        return None
    return Mistake(
        "unknown-choice",
        _("`{where}` must be one of {choices}, got {value}.").format(
            where=where, choices=", ".join(sorted(choices)), value=value
        ),
        "",
        _('Write `{where}="{close}"`.').format(where=where, close=close[0]),
        where,
    )


def _not_a_shape(match: re.Match[str], failure: Failure) -> Mistake:
    value = match["value"]
    edit = _("Write the sizes as a tuple of whole numbers: `keras.Input(shape=(28, 28, 1))`.")
    if re.fullmatch(r"\d+", value):
        edit = _("Write `keras.Input(shape={shape})`: the comma makes it a tuple.").format(
            shape=written((int(value),))
        )
    elif (numbers := re.findall(r"'(\d+)'", value)) and "." not in value:
        whole = tuple(map(int, numbers))
        whole = (
            (int("".join(numbers)),) if all(len(number) == 1 for number in numbers) else whole
        )
        edit = _("Write `keras.Input(shape={shape})`: numbers without quotes.").format(
            shape=written(whole)
        )
    elif "Negative" in match.string:
        right = re.sub(r"-\d+", "None", value)
        edit = _(
            "Write `None` for a size that is not fixed: `keras.Input(shape={shape})`."
        ).format(shape=right)
    return Mistake(
        "input-shape",
        _("`shape` must be a tuple of sizes, got {value}.").format(value=quoted(value, 60)),
        "",
        edit,
        "shape",
    )


def _two_shapes(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "input-shape",
        _("`shape` omits the batch and `batch_shape` includes it: pass only one of them."),
        "",
        _("Keep `shape` and remove `batch_shape`."),
        "batch_shape",
    )


def _no_shape(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "input-shape",
        _("An input needs a shape: the sizes of one example, without the batch."),
        "",
        _(
            "Pass it, for example `keras.Input(shape=(784,))` or `keras.Input(shape=(28, 28, "
            "1))`."
        ),
        "shape",
    )


def _missing_argument(match: re.Match[str], failure: Failure) -> Mistake | None:
    if failure.stage != "construct" or failure.kind == "Input":
        return None
    where = match["where"]
    example = _NEEDED.get(failure.kind, f"{where}=...")
    return Mistake(
        "missing-argument",
        _("{kind} needs the argument `{where}`.").format(kind=failure.kind, where=where),
        "",
        _("Pass it, for example `{callee}({example})`.").format(
            callee=callee(failure), example=example
        ),
        where,
    )


def _not_iterable(match: re.Match[str], failure: Failure) -> Mistake | None:
    if failure.kind not in ("Reshape", "Permute") or failure.stage != "construct":
        return None
    call = as_call(failure.code)
    size = ast.unparse(call.args[0]) if call is not None and call.args else "784"
    return Mistake(
        "wrong-argument",
        _("{kind} expects a tuple of sizes, got one number.").format(kind=failure.kind),
        "",
        _("Write `{callee}(({n},))`: the comma makes it a tuple.").format(
            callee=callee(failure), n=size
        ),
        "target_shape" if failure.kind == "Reshape" else "dims",
    )


def _groups(match: re.Match[str], failure: Failure) -> Mistake:
    groups, filters = int(match["groups"]), int(match["filters"])
    return Mistake(
        "wrong-argument",
        _("{kind} must split its filters into equal groups.").format(kind=failure.kind),
        f"{filters} mod {groups} = {filters % groups}",
        _("Write `filters={n}`, or another multiple of {groups}.").format(
            n=groups * max(1, round(filters / groups)), groups=groups
        ),
        "groups",
    )


def _bad_name(match: re.Match[str], failure: Failure) -> Mistake:
    value = match["value"].strip()
    return Mistake(
        "wrong-name",
        _("A name must be a string without `/`, got {value}.").format(value=quoted(value, 40)),
        "",
        _('Write `name="{name}"`.').format(
            name=value.replace("/", "_") if not value.isdigit() else f"layer_{value}"
        ),
        "name",
    )


def _no_super(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "missing-super",
        _("{kind} is used before `super().__init__()` is called.").format(kind=failure.kind),
        "",
        _("Begin `__init__` of {kind} with `super().__init__({options})`.").format(
            kind=failure.kind, options=_options(type(failure.operation))
        ),
        "__init__",
    )


def _options(cls: type) -> str:
    """Returns the options that a constructor passes on: `"**kwargs"`, or nothing."""
    parameters = inspect.signature(cls).parameters.values()
    return "".join(
        f"**{parameter.name}"
        for parameter in parameters
        if parameter.kind is parameter.VAR_KEYWORD
    )


def _no_call(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "missing-call",
        _("{kind} does not define what it computes.").format(kind=failure.kind),
        "",
        _("Write in {kind}: `def call(self, x): return ...`.").format(kind=failure.kind),
        "call",
    )


def _layer_to_layer(match: re.Match[str], failure: Failure) -> Mistake:
    value = match["value"]
    inner = re.match(r"<(?P<kind>\w+) name=(?P<name>[^,>]*)", value)
    layer = next(iter(failure.layers), None)
    if inner is None:
        return _not_a_tensor(value, failure)
    if layer is not None and (setting := held_tensor(layer)):
        return in_constructor(
            Failure(layer, inner["name"], inner["kind"], (), "construct", None), setting
        )
    return Mistake(
        "layer-for-tensor",
        _("{layer} expects a tensor, got the layer {name} ({kind}).").format(
            layer=title(failure), name=inner["name"], kind=inner["kind"]
        ),
        "",
        _("Call {name} on a tensor first: `layers.{kind}(...)(x)`.").format(
            **inner.groupdict()
        ),
        inner["name"],
    )


def _not_a_tensor(value: str, failure: Failure) -> Mistake:
    return Mistake(
        "not-a-tensor",
        _("{layer} expects tensors, got {value}.").format(
            layer=title(failure), value=quoted(value, 40)
        ),
        "",
        _(
            "Settings go in the first parentheses, tensors in the second: `{callee}(...)({x})`."
        ).format(callee=callee(failure), x=argument(failure) if failure.tensors else "x"),
    )


def _invalid_input(match: re.Match[str], failure: Failure) -> Mistake:
    if match["value"] == "None":
        return Mistake(
            "not-a-tensor",
            _("{layer} expects tensors, got {value}.").format(
                layer=title(failure), value="None"
            ),
            "",
            _("Check where the tensor comes from: a function may lack its `return`."),
            argument(failure) if argument(failure) != "x" else "",
        )
    return _not_a_tensor(match["value"], failure)


def _missing_tensor(match: re.Match[str], failure: Failure) -> Mistake | None:
    if failure.stage != "call" or failure.operation is None:
        return None
    where = match["where"]
    if where != "inputs" and failure.tensors:
        return Mistake(
            "missing-argument",
            _("{kind} needs several tensors: `{where}` is missing.").format(
                kind=failure.kind, where=where
            ),
            "",
            _("For self-attention, write `{callee}(...)({x}, {x})`.").format(
                callee=callee(failure), x=argument(failure)
            ),
            where,
        )
    return Mistake(
        "missing-argument",
        _("{layer} was called without a tensor.").format(layer=title(failure)),
        "",
        _("Put the tensor in a second pair of parentheses: `{callee}(...)(x)`.").format(
            callee=callee(failure)
        ),
        where,
    )


RULES: tuple[Rule, ...] = (
    rule(
        "layer-for-tensor",
        r"Only input tensors may be passed as positional arguments.*?"
        r"keyword argument: (?P<value>.*?) \(of type",
        _layer_to_layer,
    ),
    rule(
        "not-a-tensor",
        r"Inputs to a layer should be tensors\. Got '(?P<value>.*?)' \(of type",
        _invalid_input,
    ),
    rule(
        "missing-argument",
        r"missing a required (?:\S+ )?argument: '(?P<where>\w+)'",
        _missing_tensor,
    ),
    rule("input-shape", r"Cannot convert '(?P<value>.*?)' to a shape\.", _not_a_shape),
    rule("input-shape", r"cannot pass both `?shape`? and `?batch_shape", _two_shapes),
    rule("input-shape", r"You must pass a `?shape`? argument", _no_shape),
    rule("constructor-parentheses", r"(?P<where>\w+)=<KerasTensor", _in_parentheses),
    rule(
        "constructor-parentheses",
        r"argument `?'?(?P<where>\w+)'?`?, but received: <KerasTensor",
        _in_parentheses,
    ),
    rule(
        "constructor-parentheses",
        r"<KerasTensor|symbolic KerasTensor|KerasTensor is symbolic|"
        r"got <class '[\w.]*KerasTensor'>|unsupported callable",
        _in_parentheses,
    ),
    rule(
        "constructor-parentheses",
        r"takes \d+ positional arguments? but \d+ (?:were|was) given",
        _in_parentheses,
    ),
    rule(
        "wrong-argument",
        r"invalid value for (?:argument )?`?(?P<where>\w+)`?, expected a "
        r"(?:strictly )?positive.*?Received: ?\w+=(?P<value>[^\n]*)",
        _invalid_number,
    ),
    rule(
        "wrong-argument",
        r"Invalid value for argument `(?P<where>\w+)`\. Expected a (?:strictly )?"
        r"positive.*?Received:? \w+=(?P<value>[^\n]*?)\.?$",
        _invalid_number,
    ),
    rule("wrong-argument", r"argument `?rate`?.*?between 0 and 1.*?rate=(?P<value>\S+)", _rate),
    rule(
        "wrong-argument",
        r"evenly divisible by the number of groups.*?groups=(?P<groups>\d+), "
        r"filters=(?P<filters>\d+)",
        _groups,
    ),
    rule("wrong-argument", r"'int' object is not iterable", _not_iterable),
    rule(
        "unknown-argument",
        r"Unrecognized keyword arguments? passed to \w+: (?P<given>\{.*)",
        _unknown_keyword,
    ),
    rule(
        "unknown-argument",
        r"got an unexpected keyword argument '(?P<where>\w+)'",
        _unexpected_keyword,
    ),
    rule(
        "missing-argument",
        r"missing \d+ required positional arguments?: '(?P<where>\w+)'",
        _missing_argument,
    ),
    rule(
        "unknown-choice",
        r"Could not interpret (?P<what>activation function|loss|optimizer|metric)"
        r" identifier: (?P<value>.*)",
        _unknown_choice,
    ),
    rule(
        "unknown-choice",
        r"The `(?P<where>\w+)` argument must be (?:a list/tuple or )?one of "
        r"(?P<choices>\{.*?\})\. Received: (?:\w+=)?(?P<value>[^\n]*)",
        _choice_of,
    ),
    rule(
        "wrong-name",
        r"Argument `name` must be a string.*?name=(?P<value>.*?) \(of type",
        _bad_name,
    ),
    rule("missing-super", r"forgot to call `?super\(\)\.__init__", _no_super),
    rule("missing-call", r"does not have a `?call\(?\)?`? method implemented", _no_call),
)
