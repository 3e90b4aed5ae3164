"""Mistakes in the number of axes of what a layer is called on."""

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


def _rank_edit(failure: Failure, expected: int, found: int, shape: Shape) -> tuple[str, str]:
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
        return _(
            "Give the input an axis for the channels: `keras.Input(shape={shape})`."
        ).format(shape=full)
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


def _no_batch(match: re.Match[str], failure: Failure) -> Mistake:
    expected, found = sizes(match["expected"]), sizes(match["found"])
    return without_batch(failure, expected, found, match["name"] or "")


def without_batch(failure: Failure, expected: Shape, found: Shape, where: str) -> Mistake:
    """Explains one example in the place of a batch of them."""
    return Mistake(
        "missing-batch",
        _("{model} takes a batch of shape {expected}, got shape {found}.").format(
            model=title(failure), expected=written(expected), found=written(found)
        ),
        f"{len(found)} ≠ {len(expected)}",
        _("One example is a batch of one: `{x}[None]`.").format(x=argument(failure)),
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
