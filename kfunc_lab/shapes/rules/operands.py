"""What a raw operation was called on, and how its axes are named and put together."""

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

# Where the operations are described.
NUMPY = "https://keras.io/api/ops/numpy/"
CORE = "https://keras.io/api/ops/core/"
NN = "https://keras.io/api/ops/nn/"
LINALG = "https://keras.io/api/ops/linalg/"


def operands(call: Given, *names: str) -> tuple[Shape, ...]:
    """Returns the shape of each argument of a call, tensors and constants alike.

    Args:
        given: The call: the arguments that are no tensors are among its settings.
        names: The parameters in their order.

    Raises:
        NoRuleError: If an argument is neither, or if there are more tensors than parameters.

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
    """Returns the shape of a number, or of an array that is noted as `"array(3,)"`."""
    if isinstance(value, (int, float)):
        return ()
    if isinstance(value, str) and value.startswith("array("):
        try:
            return tuple(ast.literal_eval(value.removeprefix("array")))
        except (SyntaxError, ValueError):
            pass
    raise NoRuleError(str(value))


def single_input(call: Given) -> Shape:
    """Returns the shape of the one tensor of a call."""
    if len(call.inputs) != 1:
        raise NoRuleError(call.kind)
    return call.shape


# ---------------------------------------------------------------------------------------------
# Axes


def chosen_axis(chosen: object, shape: Shape) -> int:
    """Returns which axis is meant, counted from the first; a negative one counts from the last.

    Raises:
        DoesNotFitError: If the shape has no such axis.
    """
    return axis_index(_whole(chosen), shape)


def new_axis_index(chosen: object, shape: Shape, added: int = 1) -> int:
    """Returns where a new axis is to stand.

    Args:
        chosen: The axis, as it counts when the new ones are there.
        shape: The shape that they are added to.
        added: How many there are.

    Raises:
        DoesNotFitError: If it cannot stand there.
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
    """Returns which axes are meant, for one or for several.

    Args:
        chosen: An axis, or several.
        shape: The shape that has them.
        find: Finds one of them.
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
    """Returns what is derived of outputs; the batch is one only where it stands first."""
    return Derivation(tuple(tuple(_placed(axes)) for axes in outputs))


def _placed(axes: Iterable[Axis]) -> Iterable[Axis]:
    for position, one in enumerate(axes):
        moved = position > 0 and one.role == "batch"
        yield Axis("", one.size, one.reason) if moved else one


def flat_axis(shape: Shape) -> Axis:
    """Returns the one axis that all others are laid out on."""
    if len(shape) == 1:
        return kept(shape)[0]
    return axis("", product(number(size) for size in shape))
