"""Shape rules for raw operations that sum products: matrices, equations, attention."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, number, number_text, product
from kfunc_lab.shapes.rules.merging import broadcast_axes
from kfunc_lab.shapes.rules.operands import NN, NUMPY, chosen_axes, from_axes, operands
from kfunc_lab.shapes.rules.rule import (
    Axis,
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Rule,
    Shape,
    kept,
)


def _summed(axes: Iterable[Axis], sizes: Iterable[int | None]) -> Derivation:
    """Returns the derivation of an output whose elements are sums of products.

    Args:
        axes: The axes of the output.
        sizes: The sizes of the axes that are summed over.
    """
    (output,) = from_axes(axes).outputs
    of_one_example = [one.size for one in output if one.role != "batch"]
    multiplied = product([*of_one_example, *map(number, sizes)])
    return Derivation((output,), products=(multiplied,))


def _shared_size(one: int | None, other: int | None, shapes: tuple[Shape, Shape]) -> int | None:
    """Returns the size of an axis that two tensors share."""
    if None not in (one, other) and one != other:
        raise _size_mismatch(one, other, shapes)
    return other if one is None else one


def _size_mismatch(
    one: int | None, other: int | None, shapes: tuple[Shape, Shape]
) -> DoesNotFitError:
    return DoesNotFitError(
        _("The axes that are multiplied must have the same size: {a} and {b}.").format(
            a=shapes[0], b=shapes[1]
        ),
        f"{number_text(one)} ≠ {number_text(other)}",
    )


def _matmul(call: Given) -> Derivation:
    one, other = operands(call, "x1", "x2")
    if not one or not other:
        raise DoesNotFitError(
            _(
                "It multiplies vectors and matrices, but one operand is a scalar: {a}, {b}."
            ).format(a=one, b=other)
        )
    shared = _shared_size(one[-1], other[max(-2, -len(other))], (one, other))
    ends = [*kept(one)[-2:-1], *(kept(other)[-1:] if len(other) > 1 else ())]
    return _summed([*broadcast_axes([one[:-2], other[:-2]]), *ends], [shared])


def _dot(call: Given) -> Derivation:
    one, other = operands(call, "x1", "x2")
    if not one or not other:
        raise NoRuleError(call.kind)
    if len(other) == 1:
        if one[-1] != other[0]:
            if len(one) == 1:
                raise NoRuleError(call.kind)
            raise _size_mismatch(one[-1], other[0], (one, other))
        return _summed(kept(one)[:-1], [one[-1]])
    shared = _shared_size(one[-1], other[-2], (one, other))
    return _summed([*kept(one)[:-1], *kept(other)[:-2], *kept(other)[-1:]], [shared])


def _tensordot(call: Given) -> Derivation:
    one, other = operands(call, "x1", "x2")
    chosen = call.get("axes", 2)
    if isinstance(chosen, int) and 0 <= chosen <= min(len(one), len(other)):
        # Keras checks these sizes only when the operation runs.
        if not _may_be_equal(one[len(one) - chosen :], other[:chosen]):
            raise NoRuleError(call.kind)
        chosen = tuple(range(-chosen, 0)), tuple(range(chosen))
    if not isinstance(chosen, tuple) or not all(isinstance(part, tuple) for part in chosen):
        raise NoRuleError(call.kind)
    summed, summed_other = chosen_axes(chosen[0], one), chosen_axes(chosen[1], other)
    if len(summed) != len(summed_other):
        raise NoRuleError(call.kind)
    shared = [
        _shared_size(one[a], other[b], (one, other))
        for a, b in zip(summed, summed_other, strict=True)
    ]
    left = [axis for index, axis in enumerate(kept(one)) if index not in summed]
    right = [axis for index, axis in enumerate(kept(other)) if index not in summed_other]
    return _summed([*left, *right], shared)


def _may_be_equal(one: Shape, other: Shape) -> bool:
    return all(None in pair or pair[0] == pair[1] for pair in zip(one, other, strict=True))


# ---------------------------------------------------------------------------------------------
# Einstein summation: each letter of the equation is an axis


def _einsum(call: Given) -> Derivation:
    equation = str(call.get("subscripts"))
    if not re.fullmatch(r"[a-z.,]+->[a-z.]*", equation):
        raise NoRuleError(equation)
    left, _arrow, right = equation.partition("->")
    parts = left.split(",")
    shapes = operands(call, *(f"argument {position}" for position in range(len(parts))))
    spread = [
        _spread(part, shape, "..." in right) for part, shape in zip(parts, shapes, strict=True)
    ]
    letters = "".join(spread)
    dots = max((letters_of_part for letters_of_part in spread), key=_dots)
    right = right.replace("...", "".join(letter for letter in dots if letter.isdigit()))
    if set(right) - set(letters) or len(set(right)) < len(right):
        raise NoRuleError(equation)
    sizes = {letter: _size_of(letter, spread, shapes, letter in right) for letter in letters}
    axes = [
        Axis("batch" if letter == spread[0][:1] else "", number(sizes[letter]), "input")
        for letter in right
    ]
    if len(parts) > 2:  # the cost depends on which product comes first
        return Derivation(from_axes(axes).outputs, counted=False)
    if len(parts) == 1:
        return from_axes(axes)
    return _summed(axes, [size for letter, size in sizes.items() if letter not in right])


def _spread(part: str, shape: Shape, dotted: bool) -> str:
    """Returns a part of an equation with a digit for each axis of the ellipsis."""
    between = len(shape) - len(part.replace("...", ""))
    if "..." not in part and between:
        raise DoesNotFitError(
            _("The equation has {n} axes for {part}, but {shape} has {found}.").format(
                n=len(part), part=part, shape=shape, found=len(shape)
            ),
            f"{len(shape)} ≠ {len(part)}",
        )
    # The last axes of an ellipsis are aligned, as in broadcasting.
    digits = "9876543210"[max(0, 10 - between) :]
    spelled = part.replace("...", digits)
    if between < 0 or between > 10 or ("..." in part and not dotted) or "." in spelled:
        raise NoRuleError(part)
    if len(set(spelled)) < len(spelled):
        raise NoRuleError(part)
    return spelled


def _dots(part: str) -> int:
    return sum(letter.isdigit() for letter in part)


def _size_of(
    letter: str, parts: Sequence[str], shapes: Sequence[Shape], stays: bool
) -> int | None:
    sizes = [
        shape[part.index(letter)]
        for part, shape in zip(parts, shapes, strict=True)
        if letter in part
    ]
    # Keras checks the sizes of summed axes only when the operation runs.
    if not stays and not all(_may_be_equal(*((a,), (b,))) for a, b in pairwise(sizes)):
        raise NoRuleError(letter)
    return broadcast_axes([(size,) for size in sizes])[0].size.value


# ---------------------------------------------------------------------------------------------
# Attention


def _attention(call: Given) -> Derivation:
    """Derives dot-product attention: it compares each query with each key and weighs the values."""
    if len(call.inputs) < 3 or any(len(shape) != 4 for shape in call.inputs[:3]):
        raise NoRuleError(call.kind)
    if call.settings.keys() & {"query", "key", "value"}:
        raise NoRuleError(call.kind)
    query, key, value = call.inputs[:3]
    each: list[Term] = [number(query[1], "i"), number(key[1], "j"), number(query[2], "h")]
    return Derivation(
        (kept(query),),
        products=(
            product([*each, number(query[3], "q")]),
            product([*each, number(value[3], "w")]),
        ),
    )


RULES = (
    Rule(
        "Matmul", _matmul, "https://numpy.org/doc/stable/reference/generated/numpy.matmul.html"
    ),
    Rule("Dot", _dot, "https://numpy.org/doc/stable/reference/generated/numpy.dot.html"),
    Rule("Tensordot", _tensordot, NUMPY),
    Rule("Einsum", _einsum, NUMPY),
    Rule("DotProductAttention", _attention, NN),
)
