"""Shape rules for layers that combine tensors: element by element, end to end, by products."""

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import combinations

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, number, number_text, product, total
from kfunc_lab.shapes.rules.rule import (
    Axis,
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Rule,
    Shape,
    axis,
    axis_index,
    kept,
    sizes_of,
)

_KERAS = "https://keras.io/api/layers/merging_layers/"


def last_role(shape: Shape, place: int) -> str:
    """Returns the role of an axis: the last one holds the features, or the channels of an image."""
    if place == 0:
        return "batch"
    if place < len(shape) - 1:
        return ""
    return "channels" if len(shape) > 3 else "features"


# ---------------------------------------------------------------------------------------------
# Element by element


def broadcast_axes(shapes: Sequence[Shape]) -> tuple[Axis, ...]:
    """Returns the axes of tensors that are combined by NumPy's broadcasting rules.

    The shapes are compared from the last axis; a missing axis or an axis of size 1 is repeated.

    Args:
        shapes: The shape of each tensor, including the batch.

    Raises:
        DoesNotFitError: If two sizes differ and neither is 1.

    Example:
        >>> [it.size.value for it in broadcast_axes([(None, 1, 8), (5, 8)])]
        [None, 5, 8]
    """
    return kept(reduce(lambda one, other: _broadcast(one, other, _known_of), shapes))


def _known_of(one: int | None, other: int | None) -> int | None:
    """Returns the known size: the unknown one may be 1."""
    return other if one is None else one


def _unknown(_one: int | None, _other: int | None) -> None:
    """Returns `None`: Keras's layers do not fix a size that is unknown in one of the tensors."""


def _broadcast(
    one: Shape, other: Shape, undecided: Callable[[int | None, int | None], int | None]
) -> Shape:
    rank = max(len(one), len(other))
    pairs = zip((1,) * (rank - len(one)) + one, (1,) * (rank - len(other)) + other, strict=True)
    sizes: list[int | None] = []
    for first, second in pairs:
        if first == 1 or second == 1:
            sizes.append(second if first == 1 else first)
        elif first is None or second is None:
            sizes.append(undecided(first, second))
        elif first == second:
            sizes.append(first)
        else:
            raise DoesNotFitError(
                _(
                    "It works element by element, but {first} and {second} in {one} and "
                    "{other} are neither equal nor 1."
                ).format(first=first, second=second, one=one, other=other),
                f"{first} ≠ {second}",
            )
    return tuple(sizes)


def _elementwise(call: Given) -> Derivation:
    """Derives an elementwise layer: batches must be equal, and other axes are broadcast."""
    sizes = [shape[0] for shape in call.inputs if shape]
    batches = [size for size in dict.fromkeys(sizes) if size is not None]
    if len(batches) > 1:
        raise DoesNotFitError(
            _("Its inputs have different batch sizes: {one} and {other}.").format(
                one=batches[0], other=batches[1]
            ),
            f"{batches[0]} ≠ {batches[1]}",
        )
    rest = reduce(
        lambda one, other: _broadcast(one, other, _unknown),
        (shape[1:] for shape in call.inputs),
        call.shape[1:],
    )
    return Derivation((kept((batches[0] if batches else None, *rest)),))


def _subtract(call: Given) -> Derivation:
    _expect_two(call)
    return _elementwise(call)


def _expect_two(call: Given) -> None:
    count = len(call.inputs)
    if count != 2:
        raise DoesNotFitError(
            _("It takes exactly 2 inputs, but got {found}.").format(found=count), f"{count} ≠ 2"
        )


# ---------------------------------------------------------------------------------------------
# Concatenation


def _concatenate(call: Given) -> Derivation:
    along = int(call.get("axis", -1))
    shapes = call.inputs
    place = axis_index(along, call.shape)
    for one, other in combinations(shapes, 2):
        _expect_same_beside(place, along, one, other)
    joined = [shape[place] for shape in shapes]
    size = axis(last_role(call.shape, place), joined_size(joined), _reason(joined))
    before, after = kept(call.shape)[:place], kept(call.shape)[place + 1 :]
    return Derivation(((*before, size, *after),))


def joined_size(sizes: Sequence[int | None]) -> Term:
    """Computes the size of a concatenated axis, such as `8 + 16`."""
    return total(sizes_of(sizes))


def _reason(joined: Sequence[int | None]) -> str:
    return "input" if len(joined) == 1 else ""


def _expect_same_beside(place: int, along: int, one: Shape, other: Shape) -> None:
    """Raises `DoesNotFitError` unless two shapes agree on all axes except the joined one."""
    if len(one) != len(other):
        raise DoesNotFitError(
            _("{one} and {other} do not have the same number of axes.").format(
                one=one, other=other
            ),
            f"{len(one)} ≠ {len(other)}",
        )
    for here, (first, second) in enumerate(zip(one, other, strict=True)):
        if here != place and None not in (first, second) and first != second:
            raise DoesNotFitError(
                _(
                    "It concatenates along axis {axis}, but the other axes of {one} and "
                    "{other} differ."
                ).format(axis=number_text(along), one=one, other=other),
                f"{first} ≠ {second}",
            )


# ---------------------------------------------------------------------------------------------
# Products


def _dot(call: Given) -> Derivation:
    """Derives a Dot layer: it sums products along one axis of each input, which disappears."""
    _expect_two(call)
    one, other = call.inputs
    axes = call.each("axes", 2)
    if len(axes) != 2:
        raise DoesNotFitError(
            _("It takes one axis of each of the 2 inputs, but got {axes}.").format(axes=axes),
            f"{len(axes)} ≠ 2",
        )
    here, there = axis_index(axes[0], one), axis_index(axes[1], other)
    if one[here] != other[there]:
        raise DoesNotFitError(
            _(
                "It multiplies along axis {here} of {one} and axis {there} of {other}, "
                "which must have the same size."
            ).format(here=here, one=one, there=there, other=other),
            f"{number_text(one[here])} ≠ {number_text(other[there])}",
        )
    if here == 0 or there == 0:  # Keras's symbolic shape is then wrong
        raise NoRuleError(str(axes))
    batch, *rest = [
        *_without(kept(one), here),
        *_without(kept(other), there)[1:],
    ]
    places = product([*(axis.size for axis in rest), number(one[here])])
    remaining = rest or [axis("features", 1, "axes")]
    return Derivation(((batch, *remaining),), products=(places,))


def _without(axes: tuple[Axis, ...], place: int) -> tuple[Axis, ...]:
    return axes[:place] + axes[place + 1 :]


# ---------------------------------------------------------------------------------------------

RULES = (
    *(
        Rule(kind, _elementwise, f"{_KERAS}{kind.lower()}/", picture="same")
        for kind in ("Add", "Multiply", "Average", "Maximum", "Minimum")
    ),
    Rule("Subtract", _subtract, _KERAS + "subtract/", picture="same"),
    Rule("Concatenate", _concatenate, _KERAS + "concatenate/", ("axis",), "blocks"),
    Rule("Dot", _dot, _KERAS + "dot/", ("axes", "normalize")),
)
