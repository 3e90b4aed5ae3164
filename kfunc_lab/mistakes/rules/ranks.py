"""Mistakes in the number of axes of a layer's input."""

import math
import re

from kfunc_lab.graph.keras.nodes import is_symbolic
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, name_of
from kfunc_lab.mistakes.rule import (
    Mistake,
    Rule,
    Shape,
    argument,
    is_input,
    maker,
    rule,
    sizes,
    tensor_name,
    title,
    written,
)

_ANY_RANK = ("Permute", "RepeatVector", "Flatten")  # an extra axis is not a second batch
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
            "{layer} expects at least {n} dimensions, including the batch, got {found}: "
            "{shape}."
        )
    elif bound == "max":
        reason = _(
            "{layer} expects at most {n} dimensions, including the batch, got {found}: {shape}."
        )
    else:
        reason = _("{layer} expects {n} dimensions, including the batch, got {found}: {shape}.")
    sign = {"min": "<", "max": ">"}.get(bound, "≠")
    name, edit = _rank_edit(failure, expected, found, shape)
    sums = f"{found} {sign} {expected}"
    return Mistake(name, reason.format(**words), sums, edit, tensor_name(failure))


def _rank_edit(failure: Failure, expected: int, found: int, shape: Shape) -> tuple[str, str]:
    """Returns the more precise rule for a wrong number of axes, and the edit that corrects it."""
    tensor = failure.tensors[0] if failure.tensors else None
    layer_before = maker(tensor)
    if type(layer_before).__name__ in _RECURRENT and found == 2:
        return "missing-sequences", _returns_sequences(layer_before)
    keeps = failure.kind in _ANY_RANK
    if found == expected + 1 and is_input(tensor) and shape[1] is not None and not keeps:
        return "batch-in-shape", _(
            "Remove the batch from the shape: `keras.Input(shape={shape})`."
        ).format(shape=written(shape[2:]))
    if found == expected - 1 and expected >= 4 and found > 2:
        return "missing-channels", _with_channels(failure, tensor, shape)
    if found == 1:
        return "wrong-rank", _with_a_batch(failure, tensor)
    if found < expected:
        return "wrong-rank", _with_more_axes(failure, tensor, expected, shape)
    return "wrong-rank", _with_fewer_axes(failure, expected, layer_before, shape)


def _returns_sequences(layer: object) -> str:
    return _(
        "Make the layer before it return every step: `layers.{kind}(..., "
        "return_sequences=True)` in {name}."
    ).format(kind=type(layer).__name__, name=name_of(layer))


def _with_channels(failure: Failure, tensor: object, shape: Shape) -> str:
    full = written((*shape[1:], 1))
    if is_input(tensor):
        return _("Add a channel axis to the input: `keras.Input(shape={shape})`.").format(
            shape=full
        )
    if is_symbolic(tensor):
        return _("Add a channel axis first: `layers.Reshape({shape})({x})`.").format(
            shape=full, x=argument(failure)
        )
    return _("Add a channel axis: `{x}[..., None]`.").format(x=argument(failure))


def _with_a_batch(failure: Failure, tensor: object) -> str:
    if is_symbolic(tensor):
        return _("Add an axis to each example: `keras.Input(shape=(1,))`.")
    return _("Add a batch axis: `{x}[None]`.").format(x=argument(failure))


def _with_more_axes(failure: Failure, tensor: object, expected: int, shape: Shape) -> str:
    size = shape[-1]
    if expected == 3 and size is not None:
        if is_input(tensor):
            return _(
                "For one number at each step, write `keras.Input(shape={shape})`. For words as "
                "whole numbers, put an `Embedding` layer first."
            ).format(shape=written((size, 1)))
        return _("Turn it into a sequence first: `layers.Reshape({shape})({x})`.").format(
            shape=written((size, 1)), x=argument(failure)
        )
    side = math.isqrt(size) if size is not None else 0
    if expected == 4 and size is not None and side * side == size:
        return _("Turn it into an image first: `layers.Reshape({shape})({x})`.").format(
            shape=written((side, side, 1)), x=argument(failure)
        )
    return _(
        "Call the layer before the axes are flattened, or restore them with "
        "`layers.Reshape(...)({x})`."
    ).format(x=argument(failure))


def _with_fewer_axes(
    failure: Failure, expected: int, layer_before: object, shape: Shape
) -> str:
    x = argument(failure)
    if failure.kind == "Permute":
        return _("List all {n} axes except the batch: `layers.Permute(...)`.").format(
            n=len(shape) - 1
        )
    if expected == 2 and type(layer_before).__name__ in _RECURRENT:
        return _("Keep only the last step: `return_sequences=False` in {name}.").format(
            name=name_of(layer_before)
        )
    if expected == 2:
        return _("Write `layers.Flatten()({x})` first.").format(x=x)
    if expected == 3 and None not in shape[2:]:
        rest = math.prod(size for size in shape[2:] if size is not None)
        steps = -1 if shape[1] is None else shape[1]
        return _("Merge the last axes first: `layers.Reshape({shape})({x})`.").format(
            shape=written((steps, rest)), x=x
        )
    return _("Merge some axes first: `layers.Reshape(...)({x})`.").format(x=x)


def _no_batch(match: re.Match[str], failure: Failure) -> Mistake:
    expected, found = sizes(match["expected"]), sizes(match["found"])
    return without_batch(failure, expected, found, match["name"] or "")


def without_batch(failure: Failure, expected: Shape, found: Shape, where: str) -> Mistake:
    """Explains that one example was passed instead of a batch."""
    return Mistake(
        "missing-batch",
        _("{model} expects a batch of shape {expected}, got shape {found}.").format(
            model=title(failure), expected=written(expected), found=written(found)
        ),
        f"{len(found)} ≠ {len(expected)}",
        _("Pass one example as a batch of one: `{x}[None]`.").format(x=argument(failure)),
        where,
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
        "missing-batch",
        rf"Invalid input shape for input(?:.*?with name ['\"](?P<name>[^'\"]*)['\"])?.*?"
        rf"Expected shape (?P<expected>{_SHAPE}), but input has incompatible shape "
        rf"(?P<found>{_SHAPE})",
        _no_batch,
    ),
)
