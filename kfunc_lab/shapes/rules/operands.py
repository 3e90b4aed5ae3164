"""Helpers for the rules of raw operations: their operands and axes."""

import ast
from collections.abc import Callable, Iterable

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import number, number_text, product
from kfunc_lab.shapes.rules.rule import (
    Axis,
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Shape,
    axis,
    axis_index,
    kept,
)

# The documentation of the operations.
NUMPY = "https://keras.io/api/ops/numpy/"
CORE = "https://keras.io/api/ops/core/"
NN = "https://keras.io/api/ops/nn/"
LINALG = "https://keras.io/api/ops/linalg/"


def operands(call: Given, *names: str) -> tuple[Shape, ...]:
    """Returns the shape of each operand of a call, both tensors and constants.

    Args:
        call: The call; its settings include the arguments that are not tensors.
        names: The parameters in order.

    Raises:
        NoRuleError: If an operand is neither, or if there are more tensors than parameters.

    Example:
        >>> operands(Given("Add", {"x1": "array(3,)"}, ((None, 3),)), "x1", "x2")
        ((3,), (None, 3))
    """
    tensors = iter(call.inputs)
    shapes = []
    for name in names:
        shape = constant_shape(call.get(name)) if name in call.settings else next(tensors, None)
        if shape is None:
            raise NoRuleError(call.kind)
        shapes.append(shape)
    if next(tensors, None) is not None:
        raise NoRuleError(call.kind)
    return tuple(shapes)


def constant_shape(value: object) -> Shape:
    """Returns the shape of a number, or of an array that is written as `"array(3,)"`."""
    if isinstance(value, (int, float)):
        return ()
    if isinstance(value, str) and value.startswith("array("):
        try:
            return tuple(ast.literal_eval(value.removeprefix("array")))
        except (SyntaxError, ValueError):
            pass
    raise NoRuleError(str(value))


def single_input(call: Given) -> Shape:
    """Returns the shape of the only input of a call."""
    if len(call.inputs) != 1:
        raise NoRuleError(call.kind)
    return call.shape


# ---------------------------------------------------------------------------------------------
# Axes


def chosen_axis(chosen: object, shape: Shape) -> int:
    """Returns the index of an axis; a negative number counts from the last axis.

    Raises:
        DoesNotFitError: If the shape has no such axis.
    """
    return axis_index(_whole(chosen), shape)


def new_axis_index(chosen: object, shape: Shape, added: int = 1) -> int:
    """Returns the index of a new axis.

    Args:
        chosen: The axis, as counted in the new shape.
        shape: The shape to which axes are added.
        added: The number of new axes.

    Raises:
        DoesNotFitError: If the axis is out of range.
    """
    position, rank = _whole(chosen), len(shape) + added
    if not -rank <= position < rank:
        low, high = number_text(-rank), number_text(rank - 1)
        raise DoesNotFitError(
            _("A new axis of {shape} can be at position {low} to {high}, not {axis}.").format(
                shape=shape, low=low, high=high, axis=number_text(position)
            ),
            f"{number_text(position)} > {high}"
            if position >= 0
            else f"{number_text(position)} < {low}",
        )
    return position % rank


def chosen_axes(
    chosen: object, shape: Shape, find: Callable[[object, Shape], int] = chosen_axis
) -> list[int]:
    """Returns the indices of one or several axes.

    Args:
        chosen: An axis, or a tuple of axes.
        shape: The shape that contains them.
        find: The function that returns the index of one axis.
    """
    places = [
        find(number_of_axis, shape)
        for number_of_axis in (chosen if isinstance(chosen, tuple) else (chosen,))
    ]
    if len(set(places)) < len(places):
        raise NoRuleError(str(chosen))
    return places


def _whole(chosen: object) -> int:
    if not isinstance(chosen, int):
        raise NoRuleError(str(chosen))
    return chosen


def from_axes(*outputs: Iterable[Axis]) -> Derivation:
    """Returns a derivation with these outputs; only the first axis can be the batch."""
    return Derivation(tuple(tuple(_placed(axes)) for axes in outputs))


def _placed(axes: Iterable[Axis]) -> Iterable[Axis]:
    for position, one in enumerate(axes):
        moved = position > 0 and one.role == "batch"
        yield Axis("", one.size, one.reason) if moved else one


def flat_axis(shape: Shape) -> Axis:
    """Returns the single axis of a flattened shape."""
    if len(shape) == 1:
        return kept(shape)[0]
    return axis("", product(number(size) for size in shape))
