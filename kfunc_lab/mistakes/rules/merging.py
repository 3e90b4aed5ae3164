"""Mistakes in reshaping tensors, merging them, and computing with them by hand."""

import ast
import re
from collections.abc import Sequence

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, called_name, shape_of
from kfunc_lab.mistakes.rule import (
    Mistake,
    Rule,
    Shape,
    all_arguments,
    argument,
    callee,
    factors,
    product,
    rule,
    shapes,
    sizes,
    tensor_name,
    tensor_names,
    title,
    written,
)
from kfunc_lab.mistakes.rules.lists import in_one_list, of_one_tensor
from kfunc_lab.mistakes.source.edit import Change

_IN_OPS = {
    "reduce_mean": "mean", "reduce_sum": "sum", "reduce_max": "max", "reduce_min": "min",
    "concat": "concatenate", "pow": "power", "Tensor": "convert_to_tensor",
}  # fmt: skip


def _reshaped(match: re.Match[str], failure: Failure) -> Mistake:
    have, want = sizes(match["have"]), sizes(match["want"])
    free = -1 in want
    fixed = [size for size in want if size != -1]
    if free:
        remainder = product(have) % max(product(fixed), 1)
        sums = f"{factors(have)}, {product(have)} mod {product(fixed)} = {remainder}"
    else:
        sums = f"{factors(have)} ≠ {factors(want)}"
    return Mistake(
        "reshape-size",
        _("{layer} keeps the number of elements: {have} cannot become {want}.").format(
            layer=title(failure), have=written(have), want=written(want)
        ),
        sums,
        _reshape_edit(have, want),
        "target_shape",
    )


def _reshape_edit(have: Shape, want: Shape) -> str:
    total, head = product(have), product([size for size in want[:-1] if size != -1])
    if -1 not in want and head and total % head == 0:
        right = (*want[:-1], total // head)
        return _("Write `layers.Reshape({shape})`: {product}.").format(
            shape=written(right), product=factors(right)
        )
    if -1 in want:
        return _("Next to the -1, write sizes whose product divides {n}.").format(n=total)
    return _(
        "Write sizes whose product is {n}, or make the layer before it output {m} numbers."
    ).format(n=total, m=product(want))


def _shapes_of(failure: Failure) -> list[Shape]:
    known = (shape_of(tensor) for tensor in failure.tensors)
    return [shape for shape in known if shape is not None]


def _joined(match: re.Match[str], failure: Failure) -> Mistake:
    inputs = shapes(match["shapes"]) if match["shapes"] else _shapes_of(failure)
    inputs = inputs if len(inputs) > 1 else _shapes_of(failure)
    axis = getattr(failure.operation, "axis", -1)
    axis = axis if isinstance(axis, int) else -1
    words = {"layer": title(failure), "shapes": _listed(inputs), "axis": axis}
    ranks = [len(shape) for shape in inputs]
    if len(set(ranks)) > 1:
        return Mistake(
            "concatenate-shapes",
            _("{layer} joins tensors with the same number of dimensions, got {shapes}.").format(
                **words
            ),
            _unequal(ranks),
            _("Give them the same number of axes, usually with `layers.Flatten()`."),
            tensor_names(failure),
        )
    if ranks and not -ranks[0] <= axis < ranks[0]:
        return Mistake(
            "concatenate-shapes",
            _("{layer} joins along axis {axis}, which {shapes} do not have.").format(**words),
            f"{axis} ≥ {ranks[0]}",
            _("Write `layers.Concatenate()`: it joins along the last axis."),
            "axis",
        )
    return Mistake(
        "concatenate-shapes",
        _("{layer} joins along axis {axis}; the other axes of {shapes} differ.").format(
            **words
        ),
        _differences(inputs, axis),
        _concatenate_edit(inputs, axis),
        tensor_names(failure),
    )


def _concatenate_edit(inputs: Sequence[Shape], axis: int) -> str:
    rank = len(inputs[0]) if inputs else 0
    for other in range(1, rank):
        if other != axis % rank and not _differences(inputs, other):
            return _("Join them along axis {axis} instead: `axis={axis}`.").format(axis=other)
    return _("Make the other axes equal, or apply `layers.Flatten()` to each tensor first.")


def _differences(inputs: Sequence[Shape], axis: int | None) -> str:
    """Writes the sizes that differ, except those along the axis of joining."""
    rank = len(inputs[0]) if inputs else 0
    differences = []
    for position in range(rank):
        sizes_there = [shape[position] for shape in inputs]
        if axis is not None and position == axis % rank:
            continue
        if words := _unequal([size for size in sizes_there if size is not None]):
            differences.append(words)
    return ", ".join(dict.fromkeys(differences))


def _unequal(numbers: Sequence[int]) -> str:
    different = list(dict.fromkeys(numbers))
    return " ≠ ".join(map(str, different)) if len(different) > 1 else ""


def _listed(inputs: Sequence[Shape]) -> str:
    return ", ".join(map(written, inputs))


def _added(match: re.Match[str], failure: Failure) -> Mistake:
    inputs = _shapes_of(failure)
    if len(inputs) < 2:
        inputs = [sizes(match["left"]), sizes(match["right"])]
    tails = [shape[1:] for shape in inputs]
    same_rank = len({len(tail) for tail in tails}) == 1
    sums = (
        _differences(tails, None) if same_rank else _unequal([len(shape) for shape in inputs])
    )
    return Mistake(
        "merge-shapes",
        _("{layer} works element by element, but the shapes {shapes} differ.").format(
            layer=title(failure), shapes=_listed(inputs)
        ),
        sums,
        _added_edit(tails, same_rank, failure),
        tensor_names(failure),
    )


def _added_edit(tails: Sequence[Shape], same_rank: bool, failure: Failure) -> str:
    first = tails[0] if tails else ()
    if same_rank and all(tail[:-1] == first[:-1] for tail in tails):
        if len(first) == 1:
            return _(
                "Give both the same size, for example with `layers.Dense({n})` before the "
                "second, or join them with `layers.Concatenate()`."
            ).format(n=first[-1])
        return _(
            "Make their last axes equal: for images, put `layers.Conv2D({n}, 1)` before the "
            "second. Or join them with `layers.Concatenate()`."
        ).format(n=first[-1])
    if same_rank and len(first) == 3:
        return _(
            'Keep the size of the images: set `padding="same"` in the convolutions before.'
        )
    return _("Give both tensors the same shape before {name}.").format(
        name=failure.name or failure.kind
    )


def _single(match: re.Match[str], failure: Failure) -> Mistake:
    return of_one_tensor(failure)


def _wrong_count(match: re.Match[str], failure: Failure) -> Mistake:
    count = len(failure.tensors)
    edit = _("Pass {n} tensors; to merge more than two, use `layers.Add()`.")
    if count == 1:
        return _single(match, failure)
    return Mistake(
        "merge-count",
        _("{layer} expects exactly {n} tensors, got {found}.").format(
            layer=title(failure), n=match["n"], found=count
        ),
        f"{count} ≠ {match['n']}",
        edit.format(n=match["n"]),
        tensor_names(failure),
    )


def _not_in_a_list(match: re.Match[str], failure: Failure) -> Mistake | None:
    if len(failure.tensors) < 2 or failure.stage != "call":
        return None
    return Mistake(
        "merge-single",
        _("{layer} expects all tensors in one list, got them as {n} arguments.").format(
            layer=title(failure), n=len(failure.tensors)
        ),
        "",
        _("Write `{callee}()([{x}])`.").format(
            callee=callee(failure), x=all_arguments(failure)
        ),
        tensor_names(failure),
        in_one_list(failure),
    )


def _dotted(match: re.Match[str], failure: Failure) -> Mistake:
    inputs = _shapes_of(failure)
    return Mistake(
        "dot-axes",
        _("{layer} multiplies along axes of the same size, got {shapes}.").format(
            layer=title(failure), shapes=_listed(inputs)
        ),
        f"{match['left']} ≠ {match['right']}",
        _(
            "Give both the same size, for example with `layers.Dense({n})` before the second."
        ).format(n=match["left"]),
        "axes",
    )


def _multiplied(match: re.Match[str], failure: Failure) -> Mistake:
    left, right = sizes(match["left"]), sizes(match["right"])
    return Mistake(
        "dot-axes",
        _(
            "{layer} multiplies rows of {left} by columns of {right}; their sizes differ."
        ).format(layer=title(failure), left=written(left), right=written(right)),
        f"{left[-1]} ≠ {right[-2] if len(right) > 1 else right[-1]}",
        _(
            "The last axis of the first tensor must be as long as the second-to-last axis of "
            "the second."
        ),
        tensor_names(failure),
    )


def _attends(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "merge-single",
        _("{layer} expects a list of tensors, got one tensor.").format(layer=title(failure)),
        "",
        _("For self-attention, write `{callee}()([{x}, {x}])`.").format(
            callee=callee(failure), x=argument(failure)
        ),
        tensor_names(failure),
        _to_itself(failure),
    )


def _to_itself(failure: Failure) -> tuple[Change, ...]:
    """Passes the only tensor of a call twice, in a list."""
    code, call = failure.source, failure.expression
    if code is None or not isinstance(call, ast.Call) or len(call.args) != 1:
        return ()
    tensor = call.args[0]
    if not isinstance(tensor, ast.Name):  # a call would be made twice
        return ()
    return (code.replaced(tensor, f"[{tensor.id}, {tensor.id}]"),)


def _symbolic(match: re.Match[str], failure: Failure) -> Mistake | None:
    if failure.stage == "construct":
        return None
    name = called_name(failure.code)
    tensor = failure.tensors[0] if failure.tensors else None
    shape = shape_of(tensor)
    return Mistake(
        "symbolic-value",
        _(
            "`{code}` needs numbers, but {tensor} is symbolic: it has the shape {shape} and no "
            "values yet."
        ).format(
            code=name or _("This code"),
            tensor=tensor_name(failure) or argument(failure),
            shape=written(shape) if shape is not None else "?",
        ),
        "",
        symbolic_edit(name, failure),
        tensor_name(failure),
    )


def symbolic_edit(name: str, failure: Failure) -> str:
    """Returns the edit that replaces a function that needs numbers."""
    import keras

    replacement = _IN_OPS.get(name, name)
    if name == "array":
        return _("Remove `np.array`: layers take the symbolic tensor itself.")
    if replacement and callable(getattr(keras.ops, replacement, None)):
        return _("Write `keras.ops.{name}({x})`.").format(
            name=replacement, x=all_arguments(failure)
        )
    if name in ("float", "int", "len", "range"):
        return _("Read a size from `{x}.shape`; values exist only when the model runs.").format(
            x=argument(failure)
        )
    return _(
        "Use a function from `keras.ops` or a layer instead; to choose between values, use "
        "`keras.ops.where`."
    )


def _of_python(match: re.Match[str], failure: Failure) -> Mistake | None:
    if failure.stage == "construct":
        return None
    return Mistake(
        "symbolic-value",
        _("A symbolic tensor has a shape but no values yet, so Python cannot {what}.").format(
            what=_("tell whether it is true")
            if "boolean" in match[0].lower()
            else _("iterate over it")
        ),
        "",
        _(
            "Use a function from `keras.ops` or a layer instead; to choose between values, use "
            "`keras.ops.where`."
        ),
        tensor_name(failure),
    )


def _called_twice(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "tensor-called",
        _("A tensor is called as if it were a layer."),
        "",
        _("Call a layer on the tensor: `layer(x)`."),
        called_name(failure.code),
    )


def _no_such_method(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "symbolic-value",
        _("A symbolic tensor has no `{name}`: it has a shape but no values yet.").format(
            name=match["name"]
        ),
        "",
        _("To get values, run a finished model on data: `model.predict(data)`."),
        match["name"],
    )


def _no_length(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "symbolic-value",
        _("A symbolic tensor has a shape but no values yet, so Python cannot {what}.").format(
            what=_("compute with it")
        ),
        "",
        _("Read a size from `{x}.shape`; values exist only when the model runs.").format(
            x=argument(failure)
        ),
    )


_SHAPE = r"[(\[][^)\]]*[)\]]"

RULES: tuple[Rule, ...] = (
    rule(
        "reshape-size",
        rf"total size of the tensor must be unchanged.*?input_shape=(?P<have>{_SHAPE}),\s*"
        rf"target_shape=(?P<want>{_SHAPE})",
        _reshaped,
    ),
    rule(
        "concatenate-shapes",
        r"Concatenate`? layer requires inputs with matching shapes.*?input_shape="
        r"(?P<shapes>\[.*?\)\])",
        _joined,
    ),
    rule(
        "concatenate-shapes",
        r"must have the same shape except on the `axis`(?P<shapes>)",
        _joined,
    ),
    rule(
        "merge-shapes",
        rf"Inputs have incompatible shapes.*?shapes (?P<left>{_SHAPE}) and (?P<right>{_SHAPE})",
        _added,
    ),
    rule(
        "merge-shapes",
        rf"Cannot broadcast shape.*?Input shapes are: (?P<left>{_SHAPE}) and (?P<right>{_SHAPE})",
        _added,
    ),
    rule("merge-single", r"merge layer should be called on a list", _single),
    rule(
        "merge-count",
        r"should be called on (?:exactly|a list of) (?P<n>[2-9]) inputs",
        _wrong_count,
    ),
    rule("merge-single", r"should be called on a list of at least \d+ input", _single),
    rule("merge-single", r"must be called on a list of inputs", _attends),
    rule("merge-single", r"too many positional arguments", _not_in_a_list),
    rule("dot-axes", r"axis values (?P<left>\d+) .*?!= (?P<right>\d+) ", _dotted),
    rule(
        "dot-axes",
        rf"Inner dimensions.*?must be equal.*?x1\.shape=(?P<left>{_SHAPE}).*?"
        rf"x2\.shape=(?P<right>{_SHAPE})",
        _multiplied,
    ),
    rule("symbolic-value", r"KerasTensor cannot be used as input to a", _symbolic),
    rule("symbolic-value", r"KerasTensor is symbolic", _symbolic),
    rule("symbolic-value", r"symbolic KerasTensor cannot be used as a boolean", _of_python),
    rule("symbolic-value", r"Iterating over a symbolic KerasTensor", _of_python),
    rule(
        "symbolic-value",
        r"'KerasTensor' object has no attribute '(?P<name>\w+)'",
        _no_such_method,
    ),
    rule(
        "symbolic-value",
        r"'KerasTensor' has no len|'KerasTensor' object cannot be inter",
        _no_length,
    ),
    rule("tensor-called", r"'KerasTensor' object is not callable", _called_twice),
)
