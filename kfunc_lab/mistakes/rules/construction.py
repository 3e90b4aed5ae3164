"""Mistakes in creating a layer or an input: its arguments and its parentheses."""

import ast
import difflib
import inspect
import re
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, as_call
from kfunc_lab.mistakes.nearest import nearest
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
from kfunc_lab.mistakes.rules.lists import MERGES
from kfunc_lab.mistakes.search.sites import Sites, last_name
from kfunc_lab.mistakes.source.code import end_of
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.failed_call import (
    FailedCall,
    holds_tensors,
    is_known,
    parameters_of,
    value_of,
)
from kfunc_lab.mistakes.statements.never_called import called_on_tensor

# An example of the arguments that each layer needs where it got a tensor.
NEEDED = {
    "Dense": "64", "Conv1D": "32, 3", "Conv2D": "32, 3", "Conv3D": "32, 3",
    "Conv1DTranspose": "32, 3", "Conv2DTranspose": "32, 3", "SeparableConv2D": "32, 3",
    "DepthwiseConv2D": "3", "LSTM": "32", "GRU": "32", "SimpleRNN": "32", "Dropout": "0.5",
    "Embedding": "1000, 16", "Activation": '"relu"', "Reshape": "(28, 28, 1)",
    "RepeatVector": "10", "Rescaling": "1 / 255", "Permute": "(2, 1)", "Dot": "axes=1",
    "MultiHeadAttention": "4, 16", "Bidirectional": "layers.LSTM(32)", "EinsumDense": "...",
    "TimeDistributed": "layers.Dense(16)", "Lambda": "function", "SpatialDropout2D": "0.5",
    "GaussianNoise": "0.1", "UpSampling2D": "2", "ZeroPadding2D": "1", "Cropping2D": "1",
}  # fmt: skip


_DTYPES = (
    "float32", "int32", "int64", "float16", "float64", "bfloat16", "bool", "string", "uint8",
    "int8", "int16", "uint16", "uint32", "uint64",
)  # fmt: skip


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
    return not all(_is_setting(expression, failure) for expression in call.args)


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
        _second_parentheses(failure, settings),
    )


def _second_parentheses(failure: Failure, settings: str) -> tuple[Change, ...]:
    """Moves the tensors of a call into a second pair of parentheses."""
    call = FailedCall.of(failure)
    if call is None:
        return ()
    tensors = _tensors_in(call.call, failure)
    if not tensors or not call.tried(_settings_only(call, settings)):
        return ()
    function, source = call.code.source(call.call.func), call.code.source
    inside = ", ".join(map(source, tensors))
    if failure.kind in MERGES and len(tensors) > 1:
        inside = f"[{inside}]"
    return (call.code.replaced(call.call, f"{function}({settings})({inside})"),)


def _settings_only(call: FailedCall, settings: str) -> Change:
    return call.code.replaced(call.call, f"{call.code.source(call.call.func)}({settings})")


def _tensors_in(call: ast.Call, failure: Failure) -> list[ast.expr]:
    """Returns the arguments of a constructor that are no settings."""
    passed = [*call.args, *(keyword.value for keyword in call.keywords)]
    return [expression for expression in passed if not _is_setting(expression, failure)]


def _sorted_arguments(failure: Failure) -> tuple[str, str]:
    """Returns the source of a call's tensors, and the source of its settings."""
    call = as_call(failure.code)
    needed = NEEDED.get(failure.kind, "")
    if call is None:
        return "x", needed
    plain = [expression for expression in call.args if _is_setting(expression, failure)]
    settings = [ast.unparse(expression) for expression in plain]
    if "," in needed and len(plain) == 1 and call.args[0] is not plain[0]:
        settings = [*_first_setting(call, needed), *settings]
    named = {
        str(expression.arg): ast.unparse(expression.value)
        for expression in call.keywords
        if expression.arg and _is_setting(expression.value, failure)
    }
    settings = _with_needed(failure.kind, settings, named)
    settings += [f"{name}={value}" for name, value in named.items()]
    others = [expression for expression in call.args if expression not in plain]
    words = _written_tensors(call, others)
    if failure.kind in MERGES and len(others) > 1:
        words = f"[{words}]"
    return (words if others else "x"), ", ".join(settings)


def _written_tensors(call: ast.Call, tensors: list[ast.expr]) -> str:
    bare = ast.Call(func=call.func, args=tensors, keywords=[])
    return all_arguments(Failure(None, "", "", (), "", None, ast.unparse(bare)))


def _with_needed(kind: str, settings: list[str], named: dict[str, str]) -> list[str]:
    """Adds an example of each setting that a layer needs and that is not passed."""
    import keras

    needed = NEEDED.get(kind, "")
    if not settings and not named:
        if kind in ("Reshape", "Permute"):
            return ["..."]  # an example would not fit the tensor
        return [needed] if needed else []
    parameters = parameters_of(getattr(keras.layers, kind, None))
    required = [str(it.name) for it in parameters if it.default is it.empty]
    examples = dict(zip(required, needed.split(", "), strict=False))
    for name, example in list(examples.items())[len(settings) :]:
        if name not in named:
            settings = [*settings, example]
    return settings


def _first_setting(call: ast.Call, needed: str) -> list[str]:
    """Returns the first setting that a constructor needs, if a tensor took its place."""
    named = {expression.arg for expression in call.keywords}
    return [] if named & {"kernel_size", "output_dim", "key_dim"} else [needed.split(",")[0]]


def _is_setting(expression: ast.expr, failure: Failure) -> bool:
    """Returns whether an argument is a setting, and not a tensor."""
    value = value_of(expression, failure)
    if is_known(value):
        return not holds_tensors(value)
    if isinstance(expression, (ast.List, ast.Tuple)):
        return all(_is_setting(item, failure) for item in expression.elts)
    if isinstance(expression, ast.Call):  # `layers.Dense(8)` in a wrapper, or `layers.ReLU()`
        return not isinstance(expression.func, ast.Call) and _creates_layer(expression, failure)
    return isinstance(expression, (ast.UnaryOp, ast.BinOp))


def _creates_layer(call: ast.Call, failure: Failure) -> bool:
    import keras

    cls = value_of(call.func, failure)
    is_class = is_known(cls) and isinstance(cls, type)
    return is_class and issubclass(cls, (keras.Layer, keras.regularizers.Regularizer))


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
        if not _is_setting(expression, failure) and parameter.kind is not parameter.VAR_KEYWORD:
            return str(parameter.name)
    for keyword in call.keywords:
        if keyword.arg and not _is_setting(keyword.value, failure):
            return keyword.arg
    return ""


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
    edit, changes = _whole_number(failure, where)
    return Mistake(
        "wrong-argument",
        _("`{where}` must be a positive whole number, got {value}.").format(
            where=where, value=value
        ),
        f"{value} ≤ 0" if re.fullmatch(r"-\d+|0", value) else "",
        edit,
        where,
        changes,
    )


def _whole_number(failure: Failure, where: str) -> tuple[str, tuple[Change, ...]]:
    """Returns the edit that writes a number as a positive whole number."""
    call = FailedCall.of(failure)
    expression = None if call is None else call.argument(where)
    if call is not None and expression is not None:
        digits = re.search(r"[1-9]\d*", call.code.source(expression))
        number = digits[0] if digits and not isinstance(expression, ast.Name) else ""
        number = "" if number == "1" else number  # -1 stands for no number
        changes = call.set(where, number) if number else ()
        if changes:
            return _("Write `{where}={value}`.").format(where=where, value=number), changes
    return _("Write a number such as `{where}=32`.").format(where=where), ()


def _not_a_tuple(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `None` or a fraction where a size is needed, such as `strides=None`."""
    call, where = FailedCall.of(failure), match["where"]
    if call is None or failure.stage != "construct":
        return None
    edit, changes = _whole_number(failure, where)
    if not changes:
        changes = call.removed(where)
        edit = _("Remove `{name}`.").format(name=where)
    return Mistake(
        "wrong-argument",
        _("`{where}` must be a positive whole number, got {value}.").format(
            where=where, value=match["value"]
        ),
        "",
        edit if changes else "",
        where,
        changes,
    )


def _rate(match: re.Match[str], failure: Failure) -> Mistake:
    value = quoted(match["value"], 20)
    number = float(match["value"]) if re.fullmatch(r"\d+(\.\d+)?", match["value"]) else 0
    edit, call = _("Write the fraction to drop, for example `layers.{kind}(0.5)`."), None
    if 1 < number <= 100:
        call = FailedCall.of(failure)
        edit = _("Write `layers.{kind}({share})`: the fraction to drop, not a percentage.")
    return Mistake(
        "wrong-argument",
        _("`rate` must be a number from 0 to 1, got {value}.").format(value=value),
        f"{value} > 1" if number > 1 else "",
        edit.format(kind=failure.kind, share=f"{number / 100:g}"),
        "rate",
        () if call is None else call.set("rate", f"{number / 100:g}"),
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
    words, changes = _without_argument(failure, name, constructor)
    return Mistake(
        "unknown-argument",
        _("{kind} has no argument `{name}`.").format(kind=failure.kind, name=name),
        "",
        words,
        name,
        changes,
    )


def _without_argument(
    failure: Failure, name: str, constructor: Any
) -> tuple[str, tuple[Change, ...]]:
    """Returns the edit that renames or removes an argument which a constructor does not have."""
    call = FailedCall.of(failure)
    try:
        known = [it for it in inspect.signature(constructor).parameters if it != "kwargs"]
    except (TypeError, ValueError):
        known = []
    removed = () if call is None else call.removed(name)
    if failure.kind != "Input" and name in ("input_dim", "input_dims", "input_shape"):
        words = _("Remove `{name}`: `keras.Input` gives the shape.").format(name=name)
        return words, removed
    close = nearest(name, [*known, "name", "trainable", "dtype"], 0.6)
    close = "shape" if failure.kind == "Input" and name == "input_shape" else close
    changes = call.renamed(name, close) if close and call is not None else ()
    if close and (changes or call is None):
        words = _("Write `{close}=` instead of `{name}=`.").format(close=close, name=name)
        return words, changes
    return _("Remove `{name}`.").format(name=name), removed


def _unknown_choice(match: re.Match[str], failure: Failure) -> Mistake | None:
    what, value = match["what"].lower(), match["value"].strip().splitlines()[0]
    if value.startswith("<class"):
        return _class_for_object(what, value, failure)
    if value.startswith("<"):
        return None
    close = nearest(value, _choices(what))
    edit = _('Write `"{close}"`.').format(close=close) if close else ""
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
        _literal(failure, value, f'"{close}"') if close else (),
    )


def _literal(failure: Failure, value: Any, new: str) -> tuple[Change, ...]:
    """Replaces the argument of a call that has a value, or of the `compile` before it."""
    call = FailedCall.of(failure)
    expression = None if call is None else call.argument_with(value)
    if call is not None and expression is not None:
        return call.tried(call.code.replaced(expression, new))
    for code in Sites(failure).files():
        for other in code.calls:
            if last_name(other.func) == "compile":
                written_so = [
                    node
                    for node in ast.walk(other)
                    if isinstance(node, ast.Constant) and node.value == value
                ]
                if written_so:
                    return (code.replaced(written_so[0], new),)
    return ()


def _class_for_object(what: str, value: str, failure: Failure) -> Mistake:
    name = value.rstrip("'>").rpartition(".")[2]
    return Mistake(
        "class-for-object",
        _("The `{where}` is the class {name}, not an instance of it.").format(
            where=what, name=name
        ),
        "",
        _("Write `{name}()`, with parentheses.").format(name=name),
        what,
        _with_parentheses(failure, name),
    )


def _with_parentheses(failure: Failure, name: str) -> tuple[Change, ...]:
    """Creates an object of the class that a call gets as an argument."""
    call = FailedCall.of(failure)
    if call is None:
        return ()
    for expression in (*call.call.args, *(it.value for it in call.call.keywords)):
        cls = value_of(expression, failure)
        if is_known(cls) and isinstance(cls, type) and cls.__name__ == name:
            return call.tried(
                call.code.replaced(expression, f"{call.code.source(expression)}()")
            )
    return ()


def _unknown_dtype(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a misspelt dtype of a layer or an input."""
    value = match["value"]
    close = nearest(value, _DTYPES, 0.6)
    changes = _literal(failure, value, f'"{close}"') if close else ()
    if failure.stage != "construct" or not changes:
        return None
    return Mistake(
        "unknown-choice",
        _('Keras has no `{where}` named "{value}".').format(where="dtype", value=value),
        "",
        _('Write `"{close}"`.').format(close=close),
        "dtype",
        changes,
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
    call = FailedCall.of(failure)
    return Mistake(
        "unknown-choice",
        _("`{where}` must be one of {choices}, got {value}.").format(
            where=where, choices=", ".join(sorted(choices)), value=value
        ),
        "",
        _('Write `{where}="{close}"`.').format(where=where, close=close[0]),
        where,
        () if call is None else call.set(where, f'"{close[0]}"'),
    )


def _fraction(failure: Failure) -> Mistake | None:
    """Explains a setting such as `LSTM(8.0)`, which fails when the layer creates its weights."""
    code, call = failure.source, failure.expression
    if code is None or not isinstance(call, ast.Call) or not isinstance(call.func, ast.Call):
        return None
    for creation in ast.walk(call.func):
        if not isinstance(creation, ast.Call):
            continue
        function = value_of(creation.func, failure)
        made = FailedCall(code, creation, function, failure)
        for name in ("units", "filters", "output_dim", "input_dim"):
            node = made.argument(name) if is_known(function) else None
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, float) and value.is_integer():
                whole = str(int(value))
                return Mistake(
                    "wrong-argument",
                    _("`{where}` must be a positive whole number, got {value}.").format(
                        where=name, value=value
                    ),
                    "",
                    _("Write `{where}={value}`.").format(where=name, value=whole),
                    name,
                    made.set(name, whole),
                )
    return None


def _not_a_shape(match: re.Match[str], failure: Failure) -> Mistake | None:
    if failure.stage == "call":
        return _fraction(failure)
    value = match["value"]
    edit = _("Write the sizes as a tuple of whole numbers: `keras.Input(shape=(28, 28, 1))`.")
    right, call = "", FailedCall.of(failure)
    if re.fullmatch(r"\d+", value):
        right = written((int(value),))
        edit = _("Write `keras.Input(shape={shape})`: the comma makes it a tuple.")
    elif (numbers := re.findall(r"'(\d+)'", value)) and "." not in value:
        whole = tuple(map(int, numbers))
        given = None if call is None else call.argument("shape")
        is_text = isinstance(given, ast.Constant)  # Keras takes "784" for three sizes
        if is_text or (given is None and all(len(number) == 1 for number in numbers)):
            whole = (int("".join(numbers)),)
        right = written(whole)
        edit = _("Write `keras.Input(shape={shape})`: numbers without quotes.")
    elif "Negative" in match.string:
        right = re.sub(r"-\d+", "None", value)
        edit = _("Write `None` for a size that is not fixed: `keras.Input(shape={shape})`.")
    return Mistake(
        "input-shape",
        _("`shape` must be a tuple of sizes, got {value}.").format(value=quoted(value, 60)),
        "",
        edit.format(shape=right),
        "shape",
        call.set("shape", right) if right and call is not None else (),
    )


def _two_shapes(match: re.Match[str], failure: Failure) -> Mistake:
    call = FailedCall.of(failure)
    return Mistake(
        "input-shape",
        _("`shape` omits the batch and `batch_shape` includes it: pass only one of them."),
        "",
        _("Keep `shape` and remove `batch_shape`."),
        "batch_shape",
        () if call is None else call.removed("batch_shape"),
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
    example, changes = _with_example(failure, where)
    return Mistake(
        "missing-argument",
        _("{kind} needs the argument `{where}`.").format(kind=failure.kind, where=where),
        "",
        _("Pass it, for example `{callee}({example})`.").format(
            callee=callee(failure), example=example
        ),
        where,
        changes,
    )


def _with_example(failure: Failure, where: str) -> tuple[str, tuple[Change, ...]]:
    """Returns the arguments of a call with an example of the one that is missing."""
    call = FailedCall.of(failure)
    example = NEEDED.get(failure.kind, f"{where}=...")
    if call is None or not (call.call.args or call.call.keywords):
        changes = () if call is None or "..." in example else _filled(call, example)
        return example, changes
    values = dict(zip(call.parameters(), example.split(", "), strict=False))
    value = values.get(where, "...")
    given = [call.code.source(node) for node in call.call.args]
    named = [
        f"{each.arg}={call.code.source(each.value)}" if each.arg else "..."
        for each in call.call.keywords
    ]
    is_next = call.parameters().index(where) == len(given) if where in values else False
    new = value if is_next else f"{where}={value}"
    words = ", ".join([*given, new, *named])
    return words, () if "..." in words else _filled(call, words)


def _filled(call: FailedCall, arguments: str) -> tuple[Change, ...]:
    """Replaces all arguments of a call."""
    function = call.code.source(call.call.func)
    return call.tried(call.code.replaced(call.call, f"{function}({arguments})"))


def _not_iterable(match: re.Match[str], failure: Failure) -> Mistake | None:
    if failure.kind not in ("Reshape", "Permute") or failure.stage != "construct":
        return None
    call = as_call(failure.code)
    size = ast.unparse(call.args[0]) if call is not None and call.args else "784"
    where = "target_shape" if failure.kind == "Reshape" else "dims"
    failed = FailedCall.of(failure)
    return Mistake(
        "wrong-argument",
        _("{kind} expects a tuple of sizes, got one number.").format(kind=failure.kind),
        "",
        _("Write `{callee}(({n},))`: the comma makes it a tuple.").format(
            callee=callee(failure), n=size
        ),
        where,
        () if failed is None else failed.set(where, f"({size},)"),
    )


def _groups(match: re.Match[str], failure: Failure) -> Mistake:
    groups, filters = int(match["groups"]), int(match["filters"])
    right, call = groups * max(1, round(filters / groups)), FailedCall.of(failure)
    return Mistake(
        "wrong-argument",
        _("{kind} must split its filters into equal groups.").format(kind=failure.kind),
        f"{filters} mod {groups} = {filters % groups}",
        _("Write `filters={n}`, or another multiple of {groups}.").format(
            n=right, groups=groups
        ),
        "groups",
        () if call is None else call.set("filters", str(right)),
    )


def _bad_name(match: re.Match[str], failure: Failure) -> Mistake:
    value, call = match["value"].strip(), FailedCall.of(failure)
    name = value.replace("/", "_") if not value.isdigit() else f"layer_{value}"
    return Mistake(
        "wrong-name",
        _("A name must be a string without `/`, got {value}.").format(value=quoted(value, 40)),
        "",
        _('Write `name="{name}"`.').format(name=name),
        "name",
        () if call is None else call.set("name", f'"{name}"'),
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
    edit, changes = called_on_tensor(failure, layer)
    return Mistake(
        "layer-for-tensor",
        _("{layer} expects a tensor, got the layer {name} ({kind}).").format(
            layer=title(failure), name=inner["name"], kind=inner["kind"]
        ),
        "",
        edit
        or _("Call {name} on a tensor first: `layers.{kind}(...)(x)`.").format(
            **inner.groupdict()
        ),
        inner["name"],
        changes,
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
            _to_itself(failure),
        )
    if changes := _without_empty_call(failure):
        return Mistake(
            "missing-argument",
            _("{layer} was called without a tensor.").format(layer=title(failure)),
            "",
            _("Remove the empty parentheses: the layer is called on the tensor behind them."),
            where,
            changes,
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


def _without_empty_call(failure: Failure) -> tuple[Change, ...]:
    """Removes `()` from `layer()(x)`, where `layer` is a layer already."""
    code, call = failure.source, failure.expression
    if code is None or not isinstance(call, ast.Call) or call.args or call.keywords:
        return ()
    parent = code.parents.get(call)
    if not isinstance(parent, ast.Call) or parent.func is not call or not parent.args:
        return ()
    return (Change(code.file, end_of(call.func), end_of(call), ""),)


def _to_itself(failure: Failure) -> tuple[Change, ...]:
    """Passes the only tensor of a call twice."""
    code, call = failure.source, failure.expression
    if code is None or not isinstance(call, ast.Call) or len(call.args) != 1 or call.keywords:
        return ()
    tensor = call.args[0]
    if failure.kind != "MultiHeadAttention" or not isinstance(tensor, ast.Name):
        return ()  # a call would be made twice
    return (code.replaced(tensor, f"{tensor.id}, {tensor.id}"),)


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
        "constructor-parentheses",
        r"\.__init__\(\) got multiple values for argument '(?P<where>\w+)'",
        _in_parentheses,
    ),
    rule(
        "wrong-argument",
        r"The `(?P<where>\w+)` argument must be a tuple of \d+ integers.*?Received "
        r"(?P=where)=(?P<value>None|-?[\d.]+)",
        _not_a_tuple,
    ),
    rule("unknown-choice", r"Invalid dtype: (?P<value>\w+)", _unknown_dtype),
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
