"""Mistakes in the windows of convolution and pooling, and in the vocabulary of embeddings."""

import ast
import re

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, name_of
from kfunc_lab.mistakes.rule import (
    Mistake,
    Rule,
    Shape,
    first_shape,
    rule,
    sizes,
    title,
    written,
)
from kfunc_lab.mistakes.rules.ranks import without_batch
from kfunc_lab.mistakes.search.problem import GOAL, Candidate, problem_of
from kfunc_lab.mistakes.search.run import fits
from kfunc_lab.mistakes.search.sites import Sites
from kfunc_lab.mistakes.source.code import begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.shapes.rules.arithmetic import equation
from kfunc_lab.shapes.rules.windows import cropped_size, window_size


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
        size = window_size(n, k, s, d)
        if size.value is not None and size.value <= 0 and equation(size) not in sums:
            sums.append(equation(size))
    return Mistake(
        "too-small",
        _("{layer} would turn {shape} into an output of size zero or less.").format(
            layer=title(failure), shape=written(shape)
        ),
        ", ".join(sums),
        _small_edit(pools, kernel),
        "pool_size" if pools else "kernel_size",
    )


def _kernel_as_two_numbers(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `Conv2D(8, 3, 3)`, whose second 3 is the step: Keras 1 wrote kernels so."""
    problem = problem_of(failure)
    if problem is None:
        return None
    settings, changes, names, sites = {}, [], [], Sites(failure)
    convolutions = [call for call in problem.calls.values() if call.kind.startswith("Conv")]
    for peers, call in enumerate(convolutions):
        node = problem.reading.nodes.get(call.id)
        layer = failure.operation if call.id == GOAL else getattr(node, "operation", None)
        site = None if layer is None else sites.constructor(layer, call.id, peers)
        sides = None if site is None else _two_sides(site[1])
        if site is None or sides is None:
            continue
        settings[call.layer_id] = {"strides": (1,) * len(sides)}
        place = (begin_of(site[1].args[1]), end_of(site[1].args[2]))
        changes.append(Change(site[0].file, *place, written(sides)))
        names.append(name_of(layer))
    if not settings or not fits(problem, Candidate(0, settings=settings)):
        return None
    return Mistake(
        "kernel-as-numbers",
        _(
            "The third number of {layers} is the step of the window, not the other side of the "
            "kernel: each step divides the image by {n}."
        ).format(layers=", ".join(names), n=changes[0].new.strip("()").partition(",")[0]),
        "",
        _("Write the kernel as a tuple: `{new}`.").format(new=changes[0].new),
        "kernel_size",
        tuple(changes),
    )


def _two_sides(call: ast.Call) -> tuple[int, int] | None:
    """Returns the two equal numbers that a call gives as kernel and step."""
    if len(call.args) < 3 or any(
        word.arg in ("strides", "kernel_size") for word in call.keywords
    ):
        return None
    values = [getattr(each, "value", None) for each in call.args[1:3]]
    if values[0] != values[1] or not isinstance(values[0], int) or values[0] < 2:
        return None
    return values[0], values[0]


def _small_edit(pools: bool, kernel: Shape) -> str:
    if pools:
        return _('Remove this layer, or set `padding="same"`.')
    return _('Write `padding="same"`, or a `kernel_size` smaller than {k}.').format(
        k=max((k for k in kernel if k is not None), default=1)
    )


def _each(value: object, count: int) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,) * count
    return tuple(value) if isinstance(value, (list, tuple)) else (1,) * count


def _negative_size(match: re.Match[str], failure: Failure) -> Mistake | None:
    shape = sizes(match["shape"])
    input_shape = first_shape(failure)
    entry = getattr(failure.operation, "input_shape", None)
    if (
        isinstance(entry, tuple)
        and input_shape is not None
        and len(entry) == len(input_shape) + 1
    ):
        return without_batch(failure, entry, input_shape, "")
    size = window_size(int(match["size"]), int(match["kernel"]), 1)
    return Mistake(
        "too-small",
        _("{layer} would turn {shape} into an output of size zero or less.").format(
            layer=title(failure), shape=written(shape)
        ),
        equation(size),
        _('Write `padding="same"`, or a `kernel_size` smaller than {k}.').format(
            k=match["kernel"]
        ),
        "kernel_size",
    )


def _cropped(match: re.Match[str], failure: Failure) -> Mistake:
    shape, cropping = sizes(match["shape"]), sizes(match["cropping"])
    pairs = list(zip(cropping[::2], cropping[1::2], strict=False))
    sizes_left = [
        cropped_size(n, a, b)
        for (a, b), n in zip(pairs, shape[1:], strict=False)
        if a is not None and b is not None
    ]
    sums = [equation(size) for size in sizes_left if size.value is not None and size.value <= 0]
    return Mistake(
        "too-small",
        _("{layer} would crop away all of {shape}.").format(
            layer=title(failure), shape=written(shape)
        ),
        ", ".join(dict.fromkeys(sums)),
        _("Crop less: the two sides together must be smaller than the axis."),
        "cropping",
    )


def _not_in_the_vocabulary(match: re.Match[str], failure: Failure) -> Mistake:
    index, limit = int(match["index"]), int(match["limit"])
    return Mistake(
        "index-too-large",
        _("{layer} accepts numbers from 0 to {last}, got {index}.").format(
            layer=title(failure), last=limit - 1, index=index
        ),
        f"{index} ≥ {limit}",
        _(
            "The vocabulary must be one larger than the largest number: `layers.Embedding({n}, "
            "...)`."
        ).format(n=index + 1),
        "input_dim",
    )


_SHAPE = r"[(\[][^)\]]*[)\]]"

RULES: tuple[Rule, ...] = (
    rule(
        "kernel-as-numbers",
        r"Computed output size would be (?:zero or )?negative|Negative dimension size",
        _kernel_as_two_numbers,
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
)
