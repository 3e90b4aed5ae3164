"""Shapes that do not fit inside the code of a learner's layer or function."""

import re

from kfunc_lab.graph.keras.nodes import functional_of
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, shape_of
from kfunc_lab.mistakes.rule import Mistake, Rule, argument, product, rule, shapes, title
from kfunc_lab.mistakes.rules.construction import held_tensor
from kfunc_lab.mistakes.statements.own_code import is_own


def _runs_own_code(failure: Failure) -> bool:
    return failure.kind == "Lambda" or is_own(failure.operation)


def _unequal(match: re.Match[str], failure: Failure) -> Mistake | None:
    if not _runs_own_code(failure) or not failure.code:
        return None
    found = shapes(match["shapes"].replace("?", "None"))
    listed = ", ".join(map(str, (shape for shape in found if shape)))
    code = failure.code if len(failure.code) <= 60 else "..."
    return Mistake(
        "own-shapes",
        _("In {layer}, `{code}` computes with shapes that do not fit: {shapes}.").format(
            layer=title(failure), code=code, shapes=listed
        ),
        f"{match['a']} ≠ {match['b']}",
        "",
        failure.name,
    )


def _no_such_axis(match: re.Match[str], failure: Failure) -> Mistake | None:
    if not _runs_own_code(failure) or not failure.code:
        return None
    count = int(match["count"])
    return Mistake(
        "own-axis",
        _(
            "In {layer}, `{code}` names axis {axis}, but the tensor has {n} axes, from 0 to {last}."
        ).format(
            layer=title(failure), code=failure.code, axis=match["axis"], n=count, last=count - 1
        ),
        f"{match['axis']} > {count - 1}",
        _("The last axis is `axis=-1`."),
        failure.name,
    )


def _out_of_bounds(match: re.Match[str], failure: Failure) -> Mistake | None:
    if not _runs_own_code(failure) or not failure.code:
        return None
    return Mistake(
        "own-axis",
        _("In {layer}, `{code}` names axis {axis}, which the tensor does not have.").format(
            layer=title(failure), code=failure.code, axis=match["axis"]
        ),
        f"{match['axis']} ≥ {match['count']}",
        _("The last axis is `axis=-1`."),
        failure.name,
    )


def _not_divisible(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a reshape whose fixed sizes do not divide the numbers."""
    if not _runs_own_code(failure):
        return None
    total, size = int(match["total"]), int(match["size"])
    shape = shape_of(failure.tensors[0]) if failure.tensors else None
    edit = ""
    if shape is not None and None not in shape[1:]:
        edit = _("Each example has {n} numbers: write sizes whose product is {n}.").format(
            n=product(shape[1:])
        )
    return Mistake(
        "reshape-size",
        _(
            "{layer} reshapes {total} numbers into groups of {size}, and {size} does not divide "
            "{total}."
        ).format(layer=title(failure), total=total, size=size),
        f"{total} mod {size} = {total % size}",
        edit,
        failure.name,
    )


def _kept_tensor(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Finds a layer of the learner that keeps a symbolic tensor from its constructor."""
    functional = functional_of(failure.model) or functional_of(failure.operation)
    layers = [failure.operation, *getattr(functional, "layers", ())]
    for layer in layers:
        setting = held_tensor(layer) if is_own(layer) else ""
        if setting and functional is not layer:
            return Mistake(
                "kept-tensor",
                _("{name} keeps the symbolic tensor `{setting}` from its constructor.").format(
                    name=f"{layer.name} ({type(layer).__name__})", setting=setting
                ),
                "",
                _(
                    "Pass all tensors when you call the layer: `{kind}()([x, {setting}])`, and "
                    "in `call`, `x, {setting} = inputs`."
                ).format(kind=type(layer).__name__, setting=setting),
                layer.name,
            )
    return None


def _index_behind_end(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains an index that is too large, in code that is no Embedding."""
    if failure.kind == "Embedding" or failure.operation is None or not _runs_own_code(failure):
        return None
    index, size = int(match["index"]), int(match["size"])
    shape = shape_of(failure.tensors[0]) if failure.tensors else None
    return Mistake(
        "own-index",
        _(
            "{layer} reads index {index} of an axis of size {n}; the last index is {last}."
        ).format(layer=title(failure), index=index, n=size, last=size - 1),
        f"{index} > {size - 1}",
        _("Correct the index in `{code}`.").format(code=failure.code)
        if failure.code and shape is not None and argument(failure)
        else "",
        failure.name,
    )


RULES: tuple[Rule, ...] = (
    rule(
        "own-shapes",
        r"must be equal, but are (?P<a>\d+) and (?P<b>\d+)[^\n]* with input shapes: "
        r"(?P<shapes>[^\n]*?)(?: and with|\.?$|\.\n)",
        _unequal,
    ),
    rule(
        "own-axis",
        r"Invalid reduction dimension (?P<axis>\d+) for input with (?P<count>\d+) dimensions",
        _no_such_axis,
    ),
    rule(
        "own-axis",
        r"axis (?P<axis>\d+) is out of bounds for an? array (?:with|of) dimension (?P<count>\d+)",
        _out_of_bounds,
    ),
    rule(
        "reshape-size",
        r"Dimension size must be evenly divisible by (?P<size>\d+) but is (?P<total>\d+)",
        _not_divisible,
    ),
    rule(
        "own-index",
        r"indices\S* = (?P<index>\d+) is not in \[0, (?P<size>\d+)\)",
        _index_behind_end,
    ),
    rule(
        "kept-tensor",
        r"Failed to convert elements of|KerasTensor|symbolic|out of scope",
        _kept_tensor,
    ),
)
