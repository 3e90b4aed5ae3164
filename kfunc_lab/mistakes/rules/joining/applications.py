"""Arguments of the models in `keras.applications`."""

import ast
import difflib
import re

from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, called_name
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.own.signature import called_expression, parses
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.statements.own_code import spelled, value_of, variables

_STRIDE = 32  # the applications halve an image five times


def _call(failure: Failure) -> ast.Call | None:
    """Returns the call of an application that failed."""
    import keras

    call = called_expression(failure)
    if call is None or not callable(getattr(keras.applications, failure.kind, None)):
        return None
    return call


def _argument(call: ast.Call, name: str) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == name), None)


# ---------------------------------------------------------------------------------------------
# The head of ImageNet


def _classes(match: re.Match[str], failure: Failure) -> Mistake:
    call, code = _call(failure), failure.source
    given = None if call is None else _argument(call, "classes")
    number = None if given is None else _constant(given, failure)
    classes = match["classes"] or (str(number) if isinstance(number, int) else "n")
    own = _("`weights=None, classes={n}` trains everything from the beginning.").format(
        n=classes
    )
    others: tuple[Edit, ...] = (Edit(own),)
    changes: tuple[Change, ...] = ()
    if call is not None and code is not None:
        changes = _without_top(call, classes, failure)
        weights = _argument(call, "weights")
        if weights is not None:
            others = (Edit(own, (code.replaced(weights, "None"),)),)
        else:
            others = (Edit(own, (code.with_argument(call, "weights", "None"),)),)
    return Mistake(
        "application-top",
        _("The head of a {kind} that was trained on ImageNet has 1000 classes.").format(
            kind=failure.kind
        ),
        f"{classes} ≠ 1000" if classes != "n" else "",
        _(
            "Write `include_top=False`, and put a head of your own behind it: "
            '`Dense({n}, activation="softmax")`.'
        ).format(n=classes),
        "classes",
        changes,
        others,
    )


def _without_top(call: ast.Call, classes: str, failure: Failure) -> tuple[Change, ...]:
    """Leaves the head of ImageNet out, and adds one for the learner's classes."""
    code = failure.source
    statement = None if code is None else code.statement_of(call)
    if code is None or statement is None or call.args:
        return ()
    removed = ("classes", "classifier_activation", "include_top", "pooling")
    words = [code.source(word) for word in call.keywords if word.arg not in removed]
    words += ["include_top=False", 'pooling="avg"']
    new = f"{code.source(call.func)}({', '.join(words)})"
    changes: tuple[Change, ...] = (code.replaced(call, new),)
    if (
        isinstance(statement, ast.Assign)
        and statement.value is call
        and isinstance(statement.targets[0], ast.Name)
        and classes.isdigit()
    ):
        base, layers = statement.targets[0].id, spelled("layers", failure)
        head = f'outputs = {layers}.Dense({classes}, activation="softmax")({base}.output)'
        changes = (*changes, code.line_after(statement, head))
    return changes if parses(changes) else ()


def _head_activation(match: re.Match[str], failure: Failure) -> Mistake:
    call, code = _call(failure), failure.source
    changes: tuple[Change, ...] = ()
    if call is not None and code is not None:
        changes = (code.with_argument(call, "classifier_activation", "None"),)
    return Mistake(
        "application-top",
        _("The head that was trained on ImageNet ends in softmax, or in no activation."),
        "",
        _(
            "Write `classifier_activation=None`, or leave the head out with `include_top=False` "
            "and put your own behind it."
        ),
        "classifier_activation",
        changes,
    )


# ---------------------------------------------------------------------------------------------
# The size of the images


def _too_small(match: re.Match[str], failure: Failure) -> Mistake:
    least = int(match["least"])
    shape = [int(size) for size in re.findall(r"\d+", match["shape"])]
    size = -(-least // _STRIDE) * _STRIDE
    reason = _("{kind} needs images of at least {n} x {n}, got {shape}.").format(
        kind=failure.kind, n=least, shape=tuple(shape)
    )
    edit = _("Enlarge the images first: `layers.Resizing({n}, {n})`.").format(n=size)
    changes: tuple[Change, ...] = ()
    if len(shape) == 3 and _resizes(shape, size):
        layers = spelled("layers", failure)
        changes = _with_tensor(
            f"{layers}.Resizing({size}, {size})(keras.Input({tuple(shape)}))", failure
        )
    sums = f"{min(shape[:2], default=0)} < {least}"
    return Mistake("application-size", reason, sums, edit, "input_shape", changes)


def _too_small_inside(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains images that shrink to nothing inside an application."""
    import keras

    name = called_name(failure.code)
    if failure.operation is None or not callable(getattr(keras.applications, name, None)):
        return None
    return Mistake(
        "application-size",
        _("The images are too small for {kind}: nothing is left of them at {layer}.").format(
            kind=name, layer=failure.name
        ),
        "",
        _("Enlarge the images first: `layers.Resizing({n}, {n})`.").format(n=96),
        "input_shape",
    )


def _resizes(shape: list[int], size: int) -> bool:
    """Returns whether a layer turns images of a shape into ones of the size."""
    import keras

    with preserve_keras_state():
        made = keras.layers.Resizing(size, size).compute_output_shape((None, *shape))
    return tuple(made) == (None, size, size, shape[-1])


def _with_tensor(tensor: str, failure: Failure) -> tuple[Change, ...]:
    """Replaces `input_shape` by a tensor that fits."""
    call, code = _call(failure), failure.source
    if call is None or code is None or "keras" not in variables(failure.scope):
        return ()
    word = next((word for word in call.keywords if word.arg == "input_shape"), None)
    if word is None or _argument(call, "input_tensor") is not None:
        return ()
    changes = (code.replaced(word, f"input_tensor={tensor}"),)
    return changes if parses(changes) else ()


def _channels(match: re.Match[str], failure: Failure) -> Mistake | None:
    shape = [int(size) for size in re.findall(r"\d+", match["shape"])]
    if len(shape) != 3:
        return None
    if shape[-1] == 3:
        return _other_size(shape, match.groupdict().get("right") or "", failure)
    if shape[0] == 3:
        return _channels_first(shape, failure)
    changes: tuple[Change, ...] = ()
    edit = _("Give it three channels: a `Conv2D(3, 1)` before it turns {n} channels into 3.")
    if shape[-1] == 1:
        edit = _("Repeat the grey channel: `layers.Concatenate()([gray, gray, gray])`.")
        changes = _gray(shape, failure)
    return Mistake(
        "application-channels",
        _("{kind} was trained on images with 3 channels, got {n}.").format(
            kind=failure.kind, n=shape[-1]
        ),
        f"{shape[-1]} ≠ 3",
        edit.format(n=shape[-1]),
        "input_shape",
        changes,
    )


def _channels_first(shape: list[int], failure: Failure) -> Mistake:
    right = (*shape[1:], shape[0])
    return Mistake(
        "application-channels",
        _("The channels stand last in Keras, got {shape}.").format(shape=tuple(shape)),
        f"{shape[-1]} ≠ 3",
        _("Write `input_shape={right}`, and move the axis of the data too.").format(
            right=right
        ),
        "input_shape",
        _with_shape(str(right), failure),
    )


def _gray(shape: list[int], failure: Failure) -> tuple[Change, ...]:
    call, code = _call(failure), failure.source
    statement = None if code is None or call is None else code.statement_of(call)
    if code is None or statement is None or "gray" in variables(failure.scope):
        return ()
    layers = spelled("layers", failure)
    tensor = f"{layers}.Concatenate()([gray, gray, gray])"
    changes = _with_tensor(tensor, failure)
    if not changes:
        return ()
    first = code.line_before(statement, f"gray = keras.Input({tuple(shape)})")
    return (first, *changes) if parses((first, *changes)) else ()


def _other_size(shape: list[int], right: str, failure: Failure) -> Mistake:
    """Explains a size that does not fit the head of ImageNet."""
    return Mistake(
        "application-size",
        _(
            "The head that was trained on ImageNet needs images of shape {right}, got {shape}."
        ).format(right=right, shape=tuple(shape)),
        "",
        _(
            "Write `include_top=False`, and put a head of your own behind it; or resize the "
            "images to {right}."
        ).format(right=right),
        "input_shape",
    )


def _three_sizes(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Corrects an `input_shape` that is no shape of one image."""
    call = _call(failure)
    given = None if call is None else _argument(call, "input_shape")
    value = None if given is None else _constant(given, failure)
    if isinstance(value, int):
        right = (value, value, 3)
    elif isinstance(value, tuple) and len(value) == 2:
        right = (*value, 3)
    elif isinstance(value, tuple) and len(value) == 4:
        right = value[1:]
    else:
        return None
    return Mistake(
        "input-shape",
        _(
            "`input_shape` is the shape of one image: height, width and channels, got {value}."
        ).format(value=value),
        "",
        _("Write `input_shape={right}`.").format(right=right),
        "input_shape",
        _with_shape(str(right), failure),
    )


def _constant(node: ast.expr, failure: Failure) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        return value_of(node, variables(failure.scope))


def _with_shape(shape: str, failure: Failure) -> tuple[Change, ...]:
    call, code = _call(failure), failure.source
    if call is None or code is None:
        return ()
    return (code.with_argument(call, "input_shape", shape),)


# ---------------------------------------------------------------------------------------------
# Weights


def _weights(match: re.Match[str], failure: Failure) -> Mistake | None:
    call, code = _call(failure), failure.source
    value = match["value"].strip()
    if call is None or code is None:
        return None
    close = difflib.get_close_matches(value.lower(), ["imagenet"], 1, 0.6)
    if value.endswith((".h5", ".keras")):
        return Mistake(
            "file-not-found",
            _("There is no file {path}.").format(path=value),
            "",
            _(
                "Check its name and folder with `os.listdir()`; a relative path starts at "
                "`os.getcwd()`."
            ),
            "weights",
        )
    edit = _('Write `weights="imagenet"`, `weights=None`, or the path of a file that exists.')
    changes: tuple[Change, ...] = ()
    if close:
        edit = _("Write `{new}`.").format(new='weights="imagenet"')
        changes = (code.with_argument(call, "weights", '"imagenet"'),)
    return Mistake(
        "application-weights",
        _("{kind} has no weights named {value}.").format(kind=failure.kind, value=value),
        "",
        edit,
        "weights",
        changes,
    )


def _width(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Chooses the nearest width for which there are weights."""
    call, code = _call(failure), failure.source
    known = [float(number) for number in re.findall(r"`(\d+\.\d+)`", match["known"])]
    if call is None or code is None or not known:
        return None
    value = float(match["value"])
    near = min(known, key=lambda number: abs(number - value))
    return Mistake(
        "application-weights",
        _("There are weights of ImageNet only for `alpha` {known}, got {value}.").format(
            known=", ".join(map(str, known)), value=match["value"]
        ),
        "",
        _("Write `{new}`.").format(new=f"alpha={near}"),
        "alpha",
        (code.with_argument(call, "alpha", str(near)),),
    )


def _no_network(match: re.Match[str], failure: Failure) -> Mistake | None:
    return Mistake(
        "no-download",
        _("The weights could not be downloaded from {place}.").format(place=match["host"]),
        "",
        _(
            "Check the connection to the internet, or give the path of a file that you "
            "downloaded: `weights=...`. `weights=None` begins with random weights."
        ),
        "weights",
    )


RULES: tuple[Rule, ...] = (
    rule(
        "application-top",
        r"`?classes`? should be 1000(?:.*?Received:? `?classes=(?P<classes>\d+))?",
        _classes,
    ),
    rule(
        "application-top",
        r"activations are allowed for the `classifier_activation` argument",
        _head_activation,
    ),
    rule(
        "application-size",
        r"Input size must be at least (?P<least>\d+)x\d+.*?input_shape=(?P<shape>\([^)]*\))",
        _too_small,
    ),
    rule(
        "application-size",
        r"negative|zero or less|must be positive|size would be|smaller than",
        _too_small_inside,
    ),
    rule(
        "application-channels",
        r"`input_shape` should be (?P<right>\([^)]*\))\.?\s+Received: "
        r"`?input_shape=(?P<shape>\([^)]*\))",
        _channels,
    ),
    rule(
        "application-channels",
        r"input must have 3 channels.*?input_shape=(?P<shape>\([^)]*\))",
        _channels,
    ),
    rule(
        "input-shape",
        r"`input_shape` must be a tuple of three integers|"
        r"object of type 'int' has no len\(\)|'int' object is not subscriptable",
        _three_sizes,
    ),
    rule(
        "application-weights",
        r"`weights` argument should be either `None`.*?Received:? `?weights=(?P<value>[^\n`]*)",
        _weights,
    ),
    rule(
        "application-weights",
        r"alpha`? (?:must|can|should) be one of (?P<known>.*?) only.*?alpha=(?P<value>[\d.]+)",
        _width,
    ),
    rule("no-download", r"URL fetch failure on https?://(?P<host>[^/\s]+)", _no_network),
)
