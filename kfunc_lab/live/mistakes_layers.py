"""Mistakes in what a layer is called on: its number of axes and their sizes."""

import math
import re

from kfunc_lab.live.failure import Failure, name_of
from kfunc_lab.live.mistake import (
    Mistake,
    Rule,
    Shape,
    argument,
    first_shape,
    is_input,
    is_symbolic,
    maker,
    rule,
    sizes,
    tensor_name,
    title,
    written,
)
from kfunc_lab.locale import _

_OF_ANY_RANK = ("Permute", "RepeatVector", "Flatten")  # more axes are no batch there
_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D")


def _rank(match: re.Match[str], failure: Failure) -> Mistake:
    bound, expected, found = match["bound"] or "", int(match["expected"]), int(match["found"])
    return _wrong_rank(failure, bound.lower(), expected, found, sizes(match["shape"]))


def _kernel_rank(match: re.Match[str], failure: Failure) -> Mistake:
    kernel, shape = sizes(match["kernel"]), sizes(match["shape"])
    return _wrong_rank(failure, "", len(kernel), len(shape), shape)


def _distributed_rank(match: re.Match[str], failure: Failure) -> Mistake:
    shape = sizes(match["shape"])
    return _wrong_rank(failure, "min", int(match["expected"]), len(shape), shape)


def _wrong_rank(
    failure: Failure, bound: str, expected: int, found: int, shape: Shape
) -> Mistake:
    words = {"layer": title(failure), "n": expected, "found": found, "shape": written(shape)}
    if bound == "min":
        reason = _(
            "{layer} expects at least {n} dimensions, the batch included, got {found}: {shape}."
        )
    elif bound == "max":
        reason = _(
            "{layer} expects at most {n} dimensions, the batch included, got {found}: {shape}."
        )
    else:
        reason = _("{layer} expects {n} dimensions, the batch included, got {found}: {shape}.")
    sign = {"min": "<", "max": ">"}.get(bound, "≠")
    name, edit = _rank_edit(failure, expected, found, shape)
    sums = f"{found} {sign} {expected}"
    return Mistake(name, reason.format(**words), sums, edit, tensor_name(failure))


def _rank_edit(
    failure: Failure, expected: int, found: int, shape: Shape
) -> tuple[str, str]:
    """Returns the closer name of a wrong number of axes, and the edit that sets it right."""
    tensor = failure.tensors[0] if failure.tensors else None
    made = maker(tensor)
    if type(made).__name__ in _RECURRENT and found == 2:
        return "missing-sequences", _returns_sequences(made)
    keeps = failure.kind in _OF_ANY_RANK
    if found == expected + 1 and is_input(tensor) and shape[1] is not None and not keeps:
        return "batch-in-shape", _(
            "Leave the batch out of the shape: `keras.Input(shape={shape})`."
        ).format(shape=written(shape[2:]))
    if found == expected - 1 and expected >= 4 and found > 2:
        return "missing-channels", _with_channels(failure, tensor, shape)
    if found == 1:
        return "wrong-rank", _with_a_batch(failure, tensor)
    if found < expected:
        return "wrong-rank", _with_more_axes(failure, tensor, expected, shape)
    return "wrong-rank", _with_fewer_axes(failure, expected, made, shape)


def _returns_sequences(layer: object) -> str:
    return _(
        "Let the layer before it give every step: `layers.{kind}(..., return_sequences=True)` "
        "in {name}."
    ).format(kind=type(layer).__name__, name=name_of(layer))


def _with_channels(failure: Failure, tensor: object, shape: Shape) -> str:
    full = written((*shape[1:], 1))
    if is_input(tensor):
        return _("Give the input an axis for the channels: `keras.Input(shape={shape})`.").format(
            shape=full
        )
    if is_symbolic(tensor):
        return _("Add an axis for the channels first: `layers.Reshape({shape})({x})`.").format(
            shape=full, x=argument(failure)
        )
    return _("Add an axis for the channels: `{x}[..., None]`.").format(x=argument(failure))


def _with_a_batch(failure: Failure, tensor: object) -> str:
    if is_symbolic(tensor):
        return _("Give each example an axis: `keras.Input(shape=(1,))`.")
    return _("Add the axis of the batch: `{x}[None]`.").format(x=argument(failure))


def _with_more_axes(failure: Failure, tensor: object, expected: int, shape: Shape) -> str:
    size = shape[-1]
    if expected == 3 and size is not None:
        if is_input(tensor):
            return _(
                "One number at each step: `keras.Input(shape={shape})`. Words as whole numbers: "
                "an `Embedding` layer first."
            ).format(shape=written((size, 1)))
        return _("Make it a sequence first: `layers.Reshape({shape})({x})`.").format(
            shape=written((size, 1)), x=argument(failure)
        )
    side = math.isqrt(size) if size is not None else 0
    if expected == 4 and size is not None and side * side == size:
        return _("Make it an image first: `layers.Reshape({shape})({x})`.").format(
            shape=written((side, side, 1)), x=argument(failure)
        )
    return _(
        "Call the layer before the axes are flattened, or bring them back with "
        "`layers.Reshape(...)({x})`."
    ).format(x=argument(failure))


def _with_fewer_axes(failure: Failure, expected: int, made: object, shape: Shape) -> str:
    x = argument(failure)
    if failure.kind == "Permute":
        return _("Name each axis but the batch, {n} of them: `layers.Permute(...)`.").format(
            n=len(shape) - 1
        )
    if expected == 2 and type(made).__name__ in _RECURRENT:
        return _("Keep only the last step: `return_sequences=False` in {name}.").format(
            name=name_of(made)
        )
    if expected == 2:
        return _("Write `layers.Flatten()({x})` first.").format(x=x)
    if expected == 3 and None not in shape[2:]:
        rest = math.prod(size for size in shape[2:] if size is not None)
        steps = -1 if shape[1] is None else shape[1]
        return _("Join the last axes first: `layers.Reshape({shape})({x})`.").format(
            shape=written((steps, rest)), x=x
        )
    return _("Join axes first with `layers.Reshape(...)({x})`.").format(x=x)


def _axis_size(match: re.Match[str], failure: Failure) -> Mistake:
    axis, expected, shape = int(match["axis"]), int(match["expected"]), sizes(match["shape"])
    found = shape[axis] if -len(shape) <= axis < len(shape) else None
    return _wrong_size(failure, axis, expected, found, shape)


def _wrong_size(
    failure: Failure, axis: int, expected: int, found: int | None, shape: Shape
) -> Mistake:
    tensor = failure.tensors[0] if failure.tensors else None
    edit = _(
        "Make a new layer for this tensor, or call {name} on one whose axis {axis} has size {n}."
    ).format(name=failure.name or failure.kind, axis=axis, n=expected)
    if is_input(tensor) and axis in (-1, len(shape) - 1):
        right = (*shape[1:-1], expected)
        edit = _(
            "Make the shapes equal, `keras.Input(shape={shape})`, or use a new layer for this tensor."
        ).format(shape=written(right))
    return Mistake(
        "wrong-size",
        _(
            "{layer} has weights for {n} numbers on axis {axis}, got {found}: {shape}."
        ).format(
            layer=title(failure), n=expected, axis=axis, found=found, shape=written(shape)
        ),
        f"{found} ≠ {expected}",
        edit,
        tensor_name(failure),
    )


def _product_of_matrices(match: re.Match[str], failure: Failure) -> Mistake | None:
    left, right = sizes(match["left"]), sizes(match["right"])
    shape = first_shape(failure)
    if len(left) < 1 or len(right) < 2 or shape is None or left[-1] == right[-2]:
        return None
    if right[-2] is None or not type(failure.operation).__module__.startswith("keras.src.layers"):
        return None
    return _wrong_size(failure, -1, right[-2], left[-1], shape)


def _model_shape(match: re.Match[str], failure: Failure) -> Mistake:
    expected, found = sizes(match["expected"]), sizes(match["found"])
    name = match["name"] or ""
    if name in ("", "None"):
        name = _entry_name(failure, int(match["index"]))
    words = {
        "model": title(failure),
        "name": name or "x",
        "expected": written(expected[1:]),
        "found": written(found[1:]),
    }
    reason = _("{model} takes shape {expected} for each example, got {found}.")
    if name:
        reason = _("{model} takes shape {expected} for each example of {name}, got {found}.")
    return Mistake(
        "wrong-input-shape",
        reason.format(**words),
        _model_arithmetic(expected[1:], found[1:]),
        _model_edit(failure, expected[1:], found[1:]),
        name,
    )


def _entry_name(failure: Failure, index: int) -> str:
    names = getattr(failure.operation, "input_names", None) or []
    return str(names[index]) if index < len(names) else ""


def _model_arithmetic(expected: Shape, found: Shape) -> str:
    if len(expected) == len(found):
        pairs = zip(found, expected, strict=True)
        return ", ".join(f"{a} ≠ {b}" for a, b in pairs if a != b and b is not None)
    return f"{len(found) + 1} ≠ {len(expected) + 1}"


def _model_edit(failure: Failure, expected: Shape, found: Shape) -> str:
    x = argument(failure)
    known = None not in expected and None not in found
    total = math.prod(size or 1 for size in expected)
    if known and expected != found and total == math.prod(size or 1 for size in found):
        return _("Give the data this shape: `{x}.reshape({shape})`.").format(
            x=x, shape=written((-1, *expected))
        )
    if expected[:-1] == found[:-1]:
        return _(
            "Make the input as wide as the data, `keras.Input(shape={shape})`, or give data of "
            "{n} columns."
        ).format(shape=written(found), n=expected[-1])
    return _(
        "Give the input the shape of one example, `keras.Input(shape={shape})`, or reshape the "
        "data."
    ).format(shape=written(found))


def _no_batch(match: re.Match[str], failure: Failure) -> Mistake:
    expected, found = sizes(match["expected"]), sizes(match["found"])
    x = argument(failure)
    return Mistake(
        "missing-batch",
        _("{model} takes a batch of shape {expected}, got shape {found}.").format(
            model=title(failure), expected=written(expected), found=written(found)
        ),
        f"{len(found)} ≠ {len(expected)}",
        _("One example is a batch of one: `{x}[None]`.").format(x=x),
        match["name"] or "",
    )


def _not_fixed(match: re.Match[str], failure: Failure) -> Mistake:
    shape = first_shape(failure)
    tensor = failure.tensors[0] if failure.tensors else None
    edit = _("Fix every size in the input's shape that leads here; only the batch stays open.")
    if shape is not None and is_input(tensor):
        right = ", ".join("..." if size is None else str(size) for size in shape[1:])
        comma = "," if len(shape) == 2 else ""
        edit = _("Write the size in the place of `...`: `keras.Input(shape=({sizes}))`.").format(
            sizes=right + comma
        )
    return Mistake(
        "unknown-size",
        _("{layer} makes its weights from a size that is not fixed: {shape}.").format(
            layer=title(failure), shape=written(shape or sizes(match["shape"]))
        ),
        "",
        edit,
        tensor_name(failure),
    )


def _too_small(match: re.Match[str], failure: Failure) -> Mistake:
    shape = sizes(match["shape"])
    layer, kernel = failure.operation, sizes(match["kernel"])
    pools = "pool" in match["what"].lower()
    channels_first = getattr(layer, "data_format", "") == "channels_first"
    space = shape[2:] if channels_first else shape[1:-1]
    kernel = kernel[: len(space)]
    strides = _each(getattr(layer, "strides", None) or 1, len(space))
    dilation = _each(1 if pools else getattr(layer, "dilation_rate", 1), len(space))
    sums = []
    for n, k, s, d in zip(space, kernel, strides, dilation, strict=False):
        if n is None or k is None:
            continue
        reach = d * (k - 1) + 1
        size = (n - reach) // s + 1
        if size <= 0 and (text := f"⌊({n} + 2·0 − {reach})/{s}⌋ + 1 = {size}") not in sums:
            sums.append(text)
    return Mistake(
        "too-small",
        _("{layer} would give an output of size zero or less from {shape}.").format(
            layer=title(failure), shape=written(shape)
        ),
        ", ".join(sums),
        _small_edit(pools, kernel),
        "pool_size" if pools else "kernel_size",
    )


def _small_edit(pools: bool, kernel: Shape) -> str:
    if pools:
        return _('Leave this layer out, or write `padding="same"`.')
    return _('Write `padding="same"`, or a `kernel_size` smaller than {k}.').format(
        k=max((k for k in kernel if k is not None), default=1)
    )


def _each(value: object, count: int) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,) * count
    return tuple(value) if isinstance(value, (list, tuple)) else (1,) * count


def _negative_size(match: re.Match[str], failure: Failure) -> Mistake | None:
    shape = sizes(match["shape"])
    given = first_shape(failure)
    entry = getattr(failure.operation, "input_shape", None)
    if isinstance(entry, tuple) and given is not None and len(entry) == len(given) + 1:
        return None
    sizes_of = f"⌊({match['size']} + 2·0 − {match['kernel']})/1⌋ + 1"
    result = int(match["size"]) - int(match["kernel"]) + 1
    return Mistake(
        "too-small",
        _("{layer} would give an output of size zero or less from {shape}.").format(
            layer=title(failure), shape=written(shape)
        ),
        f"{sizes_of} = {result}",
        _('Write `padding="same"`, or a `kernel_size` smaller than {k}.').format(
            k=match["kernel"]
        ),
        "kernel_size",
    )


def _cropped(match: re.Match[str], failure: Failure) -> Mistake:
    shape, cropping = sizes(match["shape"]), sizes(match["cropping"])
    pairs = list(zip(cropping[::2], cropping[1::2], strict=False))
    sums = [
        f"{a} + {b} ≥ {n}"
        for (a, b), n in zip(pairs, shape[1:], strict=False)
        if a is not None and b is not None and n is not None and a + b >= n
    ]
    return Mistake(
        "too-small",
        _("{layer} would cut away all of {shape}.").format(
            layer=title(failure), shape=written(shape)
        ),
        ", ".join(dict.fromkeys(sums)),
        _("Crop less: the two sides of an axis together stay below its size."),
        "cropping",
    )


def _not_in_the_vocabulary(match: re.Match[str], failure: Failure) -> Mistake:
    index, limit = int(match["index"]), int(match["limit"])
    return Mistake(
        "index-too-large",
        _("{layer} knows the numbers from 0 to {last}, got {index}.").format(
            layer=title(failure), last=limit - 1, index=index
        ),
        f"{index} ≥ {limit}",
        _("Count one more than the largest number: `layers.Embedding({n}, ...)`.").format(
            n=index + 1
        ),
        "input_dim",
    )


_SHAPE = r"[(\[][^)\]]*[)\]]"

RULES: tuple[Rule, ...] = (
    rule(
        "wrong-rank",
        rf"expected\s+(?:(?P<bound>min|max)_)?ndim=(?P<expected>\d+),\s*found\s+(?:\w+_)?ndim="
        rf"(?P<found>\d+).*?shape received:\s*(?P<shape>{_SHAPE})",
        _rank,
    ),
    rule(
        "wrong-rank",
        rf"kernel shape must have the same length as input.*?kernel of shape (?P<kernel>{_SHAPE})"
        rf".*?input of shape (?P<shape>{_SHAPE})",
        _kernel_rank,
    ),
    rule(
        "wrong-rank",
        rf"at least (?P<expected>\d+) dimensions, received:\s*(?P<shape>{_SHAPE})",
        _distributed_rank,
    ),
    rule(
        "wrong-size",
        rf"expected axis (?P<axis>-?\d+) of input shape to have value (?P<expected>\d+).*?"
        rf"shape (?P<shape>{_SHAPE})",
        _axis_size,
    ),
    rule(
        "wrong-input-shape",
        rf"Input (?P<index>\d+)(?: with name ['\"](?P<name>[^'\"]*)['\"])? of layer.*?"
        rf"expected shape=(?P<expected>{_SHAPE}),\s*found shape=(?P<found>{_SHAPE})",
        _model_shape,
    ),
    rule(
        "missing-batch",
        rf"Invalid input shape for input(?:.*?with name ['\"](?P<name>[^'\"]*)['\"])?.*?"
        rf"Expected shape (?P<expected>{_SHAPE}), but input has incompatible shape "
        rf"(?P<found>{_SHAPE})",
        _no_batch,
    ),
    rule(
        "unknown-size",
        rf"must be fully-defined.*?shape=(?P<shape>{_SHAPE})",
        _not_fixed,
    ),
    rule(
        "too-small",
        rf"Computed output size would be (?:zero or )?negative.*?inputs?[. ]shape=(?P<shape>"
        rf"{_SHAPE}).*?(?P<what>kernel.shape|pool_size)=(?P<kernel>{_SHAPE})",
        _too_small,
    ),
    rule(
        "too-small",
        rf"Negative dimension size caused by subtracting (?P<kernel>\d+) from (?P<size>\d+)"
        rf".*?input shapes: (?P<shape>{_SHAPE})",
        _negative_size,
    ),
    rule(
        "too-small",
        rf"cropping.*? should be smaller than.*?input_shape=(?P<shape>{_SHAPE}), "
        rf"cropping=(?P<cropping>\([^`\n]*)",
        _cropped,
    ),
    rule(
        "index-too-large",
        r"indices\[[\d,]*\] = (?P<index>-?\d+) is not in \[0, (?P<limit>\d+)\)",
        _not_in_the_vocabulary,
    ),
    rule(
        "wrong-size",
        rf"Dimensions must be equal.*?MatMul.*?input shapes: (?P<left>\[[^\]]*\]), "
        rf"(?P<right>\[[^\]]*\])",
        _product_of_matrices,
    ),
    rule(
        "wrong-size",
        r"Matrix size-incompatible: In\[0\]: (?P<left>\[[^\]]*\]), In\[1\]: (?P<right>\[[^\]]*\])",
        _product_of_matrices,
    ),
)
