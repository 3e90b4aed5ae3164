"""The input and the result of a shape rule, and the helpers that rules share."""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kfunc_lab.locale import N_, _
from kfunc_lab.shapes.rules.arithmetic import (
    Term,
    as_term,
    factors,
    number,
    number_text,
    product,
    total,
)

Shape = tuple[int | None, ...]
DeriveLayer = Callable[[str, Mapping[str, Any], tuple[Shape, ...]], "Derivation | None"]

SPACE = {1: ("steps",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class DoesNotFitError(ValueError):
    """A layer cannot be called on these shapes; the message says why.

    Attributes:
        arithmetic: The numbers that do not fit, such as `"3 ≠ 4"`; empty if there are none.
    """

    def __init__(self, reason: str, arithmetic: str = "") -> None:
        super().__init__(reason)
        self.arithmetic = arithmetic


class UnknownSizeError(DoesNotFitError):
    """The shape of a weight depends on a size that is not fixed."""


class NoRuleError(LookupError):
    """No rule knows a layer with these settings."""


def _derive_none(
    _kind: str, _settings: Mapping[str, Any], _inputs: tuple[Shape, ...]
) -> "Derivation | None":
    return None


@dataclass(frozen=True)
class Given:
    """A call of a layer or operation: the input of a shape rule.

    Attributes:
        kind: The name of the class.
        settings: The settings by name. A Keras layer has all settings, including defaults; a raw
            operation or custom layer has those that differ from the defaults.
        inputs: The shape of each input tensor, the batch first.
        derive_layer: A function that derives another layer from its class, settings and input
            shapes, for the rules of wrappers. It returns `None` if no rule knows the layer.
    """

    kind: str
    settings: Mapping[str, Any]
    inputs: tuple[Shape, ...]
    derive_layer: DeriveLayer = field(default=_derive_none, repr=False, compare=False)

    @property
    def shape(self) -> Shape:
        """The shape of the first input."""
        if not self.inputs:
            raise NoRuleError(self.kind)
        return self.inputs[0]

    @cached_property
    def channels_first(self) -> bool:
        """Whether the channel axis comes before the spatial axes."""
        chosen = self.settings.get("data_format")
        if chosen is None:
            import keras

            chosen = keras.config.image_data_format()
        return bool(chosen == "channels_first")

    def each(self, name: str, count: int, default: int = 1) -> tuple[int, ...]:
        """Returns a setting for each of several axes; a single number applies to all of them."""
        value = self.settings.get(name)
        if value is None:
            value = default
        return (value,) * count if isinstance(value, int) else tuple(value)

    def get(self, name: str, default: Any = None) -> Any:
        """Returns a setting, or the default if it is missing."""
        return self.settings.get(name, default)


@dataclass(frozen=True)
class Axis:
    """One axis of an output's shape.

    Attributes:
        role: Its role, such as `"height"`; may be empty.
        size: Its size as a calculation.
        reason: `"input"` if the size is that of the input; the name of the setting that
            determines it; empty if the size is calculated.
    """

    role: str
    size: Term
    reason: str = ""


@dataclass(frozen=True)
class WeightSize:
    """The size of a weight.

    Attributes:
        name: The name of the weight, such as `"kernel"`.
        sizes: The size of each of its axes.
        uses: How often each of its elements is multiplied for one example; `None` for a weight
            that is not multiplied by inputs, such as a bias.
        trainable: Whether training changes it.
    """

    name: str
    sizes: tuple[Term, ...]
    uses: Term | None = None
    trainable: bool = True

    @property
    def shape(self) -> Shape:
        """The shape of the weight."""
        return tuple(size.value for size in self.sizes)

    @property
    def count(self) -> Term:
        """The number of its elements."""
        return product(self.sizes)


@dataclass(frozen=True)
class Derivation:
    """The derivation of a call's shapes, weights and costs.

    Attributes:
        outputs: The axes of each output, the batch first.
        weights: The weights of the layer.
        products: Multiply-adds for one example without weights, such as those of queries with
            keys.
        counted: Whether the multiply-adds are known.
    """

    outputs: tuple[tuple[Axis, ...], ...]
    weights: tuple[WeightSize, ...] = ()
    products: tuple[Term, ...] = ()
    counted: bool = True

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of each output."""
        return tuple(tuple(axis.size.value for axis in axes) for axes in self.outputs)

    @cached_property
    def parameters(self) -> Term:
        """The number of parameters."""
        return total(weight.count for weight in self.weights)

    @cached_property
    def multiply_adds(self) -> Term:
        """The number of multiplications, each with its addition, for one example."""
        if not self.counted:
            return number(None)
        used = [
            product(factors(weight.count * weight.uses))
            for weight in self.weights
            if weight.uses is not None
        ]
        return total(
            [*used, *(product(factors(product_term)) for product_term in self.products)]
        )


@dataclass(frozen=True, eq=False)
class Rule:
    """The shape rule of a class of layers or operations.

    Attributes:
        kind: The name of the class.
        derive: Derives the shapes, weights and costs of a call. It raises `DoesNotFitError` if
            Keras would refuse the inputs, and `NoRuleError` for settings that it does not know.
        source: The address of a page that states the formula.
        settings: The settings that can be changed in the view.
        picture: The name of a figure in `shapes/figures/figure.py`; empty for none.
        defaults: The defaults of a custom class; those of Keras's classes come from Keras.
    """

    kind: str
    derive: Callable[[Given], Derivation]
    source: str
    settings: tuple[str, ...] = ()
    picture: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)


# ---------------------------------------------------------------------------------------------
# Helpers


def same(call: Given) -> Derivation:
    """Derives a layer that does not change the shape."""
    return Derivation((kept(call.shape),))


def kept(shape: Shape, roles: Sequence[str] = ()) -> tuple[Axis, ...]:
    """Returns axes that have the sizes of the input."""
    names = [*roles, *[""] * len(shape)]
    return tuple(
        Axis(names[place] or ("batch" if place == 0 else ""), number(size), "input")
        for place, size in enumerate(shape)
    )


def axis(role: str, size: Term | int | None, reason: str = "") -> Axis:
    """Makes an axis; a plain number needs a reason."""
    return Axis(role, number(size) if size is None else as_term(size), reason)


def batch(call: Given) -> Axis:
    """Returns the batch axis of the input."""
    return Axis("batch", number(call.shape[0]), "input")


def expect_rank(call: Given, rank: int, at_least: bool = False) -> None:
    """Raises `DoesNotFitError` unless the first input has so many axes, including the batch."""
    rank_of_input = len(call.shape)
    if rank_of_input == rank or (at_least and rank_of_input > rank):
        return
    template = (
        _("It expects at least {n} dimensions, including the batch, but got {found}: {shape}.")
        if at_least
        else _("It expects {n} dimensions, including the batch, but got {found}: {shape}.")
    )
    sign = "<" if at_least else "≠"
    raise DoesNotFitError(
        template.format(n=rank, found=rank_of_input, shape=call.shape),
        f"{rank_of_input} {sign} {rank}",
    )


def known(size: int | None, shape: Shape) -> int:
    """Returns a size on which the shape of a weight depends.

    Raises:
        UnknownSizeError: If the size is unknown.
    """
    if size is None:
        raise UnknownSizeError(
            _("The shape of its weights depends on a size that is not fixed: {shape}.").format(
                shape=shape
            )
        )
    return size


def positive(settings: Mapping[str, Any], name: str) -> int:
    """Returns a setting that must be at least 1.

    Raises:
        DoesNotFitError: If it is less than 1.
    """
    value = int(settings[name])
    if value < 1:
        raise DoesNotFitError(
            _("{setting} must be at least 1, but got {n}.").format(setting=name, n=value),
            f"{value} < 1",
        )
    return value


def axis_index(axis: int, shape: Shape) -> int:
    """Converts the number of an axis to a non-negative index.

    Raises:
        DoesNotFitError: If the shape has no such axis.
    """
    rank = len(shape)
    if -rank <= axis < rank:
        return axis % rank
    broken = f"≥ {rank}" if axis >= 0 else f"< {number_text(-rank)}"
    raise DoesNotFitError(
        _("There is no axis {axis} in {shape}.").format(axis=number_text(axis), shape=shape),
        f"{number_text(axis)} {broken}",
    )


def sizes_of(shape: Iterable[int | None], name: str = "") -> list[Term]:
    """Converts sizes to terms."""
    return [number(size, name) for size in shape]


def parse_layer(text: object) -> tuple[str, dict[str, Any]]:
    """Parses a layer in another layer's settings, such as `"LSTM(units=8)"`.

    Args:
        text: The setting.

    Returns:
        The name of the class, and the settings that differ from the defaults.

    Raises:
        NoRuleError: If the text is not such a layer.

    Example:
        >>> parse_layer("LSTM(units=8, return_sequences=True)")
        ('LSTM', {'units': 8, 'return_sequences': True})
    """
    try:
        call = ast.parse(str(text), mode="eval").body
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            named = {
                keyword.arg: ast.literal_eval(keyword.value)
                for keyword in call.keywords
                if keyword.arg
            }
            return call.func.id, named
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        pass
    raise NoRuleError(str(text))


_ROLES = {
    "batch": N_("batch"),
    "steps": N_("steps"),
    "depth": N_("depth"),
    "height": N_("height"),
    "width": N_("width"),
    "channels": N_("channels"),
    "features": N_("features"),
    "heads": N_("heads"),
    "queries": N_("queries"),
    "keys": N_("keys"),
}


def axis_name(axis: Axis, place: int) -> str:
    """Returns the name of an axis: its role, or its number.

    Example:
        >>> axis_name(Axis("height", number(28)), 1), axis_name(Axis("", number(3)), 2)
        ('height', 'axis 2')
    """
    if axis.role in _ROLES:
        return _(_ROLES[axis.role])
    return axis.role or _("axis {n}").format(n=place)
