"""Shape rules for raw operations that reduce axes or accumulate along an axis."""

from functools import partial

from kfunc_lab.shapes.rules.operands import (
    LINALG,
    NN,
    NUMPY,
    chosen_axes,
    chosen_axis,
    flat_axis,
    from_axes,
    single_input,
)
from kfunc_lab.shapes.rules.rule import (
    Axis,
    Derivation,
    Given,
    NoRuleError,
    Rule,
    Shape,
    axis,
    kept,
    same,
)

_MATH = "https://keras.io/api/ops/math/"
_KINDS = (
    "All Amax Amin Any Argmax Argmin Max Mean Median Min Nanargmax Nanargmin Nanmax Nanmean "
    "Nanmedian Nanmin Nanprod Nanstd Nansum Nanvar Prod Ptp Std Sum Var"
)


def reduced(shape: Shape, chosen: object, keepdims: bool) -> list[Axis]:
    """Returns the axes that remain after a reduction.

    Args:
        shape: The shape before.
        chosen: The axes that are reduced; `None` for all axes.
        keepdims: Whether the reduced axes remain with size 1.
    """
    removed = range(len(shape)) if chosen is None else chosen_axes(chosen, shape)
    return [
        axis("", 1, "keepdims") if position in removed else before
        for position, before in enumerate(kept(shape))
        if keepdims or position not in removed
    ]


def _reduction(call: Given) -> Derivation:
    return from_axes(reduced(single_input(call), call.get("axis"), bool(call.get("keepdims"))))


def _average(call: Given) -> Derivation:
    if "weights" in call.settings:
        raise NoRuleError(call.kind)
    return _reduction(call)


def _norm(call: Given) -> Derivation:
    """Derives a norm, unless its order exists only for vectors or only for matrices."""
    chosen = call.get("axis")
    alone = isinstance(chosen, int) or (isinstance(chosen, tuple) and len(chosen) == 1)
    order = call.get("ord")
    if order is not None and (isinstance(order, str) or not alone):
        raise NoRuleError(call.kind)
    return _reduction(call)


def _moments(call: Given) -> Derivation:
    if "axes" not in call.settings:
        raise NoRuleError(call.kind)
    left = reduced(single_input(call), call.get("axes"), bool(call.get("keepdims")))
    return from_axes(left, left)


def _along(call: Given, *, default: int | None) -> Derivation:
    """Derives an operation that works along one axis, or along all elements in a row."""
    shape, chosen = single_input(call), call.get("axis", default)
    if chosen is None:
        return from_axes([flat_axis(shape)])
    chosen_axis(chosen, shape)
    return same(call)


RULES = (
    *(Rule(kind, _reduction, NUMPY, picture="axes") for kind in _KINDS.split()),
    Rule("CountNonzero", _reduction, NUMPY, picture="axes"),
    Rule("Average", _average, NUMPY, picture="axes"),
    Rule("Logsumexp", _reduction, _MATH, picture="axes"),
    Rule("Norm", _norm, LINALG, picture="axes"),
    Rule("Moments", _moments, NN, picture="axes"),
    *(
        Rule(kind, partial(_along, default=None), NUMPY)
        for kind in ("Cumprod", "Cumsum", "Nancumprod", "Nancumsum")
    ),
    *(Rule(kind, partial(_along, default=-1), NUMPY) for kind in ("Argsort", "Sort")),
)
