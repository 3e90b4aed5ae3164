"""Mistakes in the sizes of a layer's or a model's input."""

import re

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import (
    Mistake,
    Rule,
    Shape,
    argument,
    first_shape,
    input_names,
    is_input,
    product,
    rule,
    sizes,
    tensor_name,
    title,
    written,
)


def _axis_size(match: re.Match[str], failure: Failure) -> Mistake:
    axis, expected, shape = int(match["axis"]), int(match["expected"]), sizes(match["shape"])
    found = shape[axis] if -len(shape) <= axis < len(shape) else None
    return _wrong_size(failure, axis, expected, found, shape)


def _wrong_size(
    failure: Failure, axis: int, expected: int, found: int | None, shape: Shape
) -> Mistake:
    tensor = failure.tensors[0] if failure.tensors else None
    edit = _(
        "Create another layer for this tensor, or call {name} on a tensor whose axis {axis} "
        "has size {n}."
    ).format(name=failure.name or failure.kind, axis=axis, n=expected)
    if is_input(tensor) and axis in (-1, len(shape) - 1):
        right = (*shape[1:-1], expected)
        edit = _(
            "Use the same shape, `keras.Input(shape={shape})`, or create another layer for "
            "this tensor."
        ).format(shape=written(right))
    return Mistake(
        "wrong-size",
        _("{layer} has weights for size {n} along axis {axis}, got {found}: {shape}.").format(
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
    if right[-2] is None or not type(failure.operation).__module__.startswith(
        "keras.src.layers"
    ):
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
    reason = _("{model} expects shape {expected} for each example, got {found}.")
    if name:
        reason = _("{model} expects shape {expected} for each example of {name}, got {found}.")
    return Mistake(
        "wrong-input-shape",
        reason.format(**words),
        _model_arithmetic(expected[1:], found[1:]),
        _model_edit(failure, expected[1:], found[1:]),
        name,
    )


def _entry_name(failure: Failure, index: int) -> str:
    names = input_names(failure.operation)
    return names[index] if index < len(names) else ""


def _model_arithmetic(expected: Shape, found: Shape) -> str:
    if len(expected) == len(found):
        pairs = zip(found, expected, strict=True)
        return ", ".join(f"{a} ≠ {b}" for a, b in pairs if a != b and b is not None)
    return f"{len(found) + 1} ≠ {len(expected) + 1}"


def _model_edit(failure: Failure, expected: Shape, found: Shape) -> str:
    x = argument(failure)
    known = None not in expected and None not in found
    if known and expected != found and product(expected) == product(found):
        return _("Reshape the data: `{x}.reshape({shape})`.").format(
            x=x, shape=written((-1, *expected))
        )
    if expected[:-1] == found[:-1]:
        return _(
            "Match the input to the data, `keras.Input(shape={shape})`, or pass data whose "
            "last axis has size {n}."
        ).format(shape=written(found), n=expected[-1])
    return _(
        "Give the input the shape of one example, `keras.Input(shape={shape})`, or reshape the "
        "data."
    ).format(shape=written(found))


def _not_fixed(match: re.Match[str], failure: Failure) -> Mistake:
    shape = first_shape(failure)
    tensor = failure.tensors[0] if failure.tensors else None
    edit = _(
        "Fix every size in the shape of the input that feeds this layer; only the batch may "
        "vary."
    )
    if shape is not None and is_input(tensor) and None in shape[1:]:
        right = ", ".join("..." if size is None else str(size) for size in shape[1:])
        comma = "," if len(shape) == 2 else ""
        edit = _("Write the size instead of `...`: `keras.Input(shape=({sizes}))`.").format(
            sizes=right + comma
        )
    return Mistake(
        "unknown-size",
        _("{layer} needs a fixed size to create its weights, got {shape}.").format(
            layer=title(failure), shape=written(shape or sizes(match["shape"]))
        ),
        "",
        edit,
        tensor_name(failure),
    )


_SHAPE = r"[(\[][^)\]]*[)\]]"

RULES: tuple[Rule, ...] = (
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
        "unknown-size",
        rf"must be fully-defined.*?shape=(?P<shape>{_SHAPE})",
        _not_fixed,
    ),
    rule(
        "wrong-size",
        r"Dimensions must be equal.*?MatMul.*?input shapes: (?P<left>\[[^\]]*\]), "
        r"(?P<right>\[[^\]]*\])",
        _product_of_matrices,
    ),
    rule(
        "wrong-size",
        r"Matrix size-incompatible: In\[0\]: (?P<left>\[[^\]]*\]), In\[1\]: (?P<right>\[[^\]]*\])",
        _product_of_matrices,
    ),
)
