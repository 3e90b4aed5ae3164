"""What a rule about shapes is given, and what it finds."""

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
    product,
    total,
    written,
)

Shape = tuple[int | None, ...]
DeriveLayer = Callable[[str, Mapping[str, Any], tuple[Shape, ...]], "Derivation | None"]

SPACE = {1: ("steps",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class DoesNotFitError(ValueError):
    """A layer cannot be called on these shapes; the message says why.

    Attributes:
        arithmetic: The numbers that do not fit, as `"3 ≠ 4"`; empty if there are none.
    """

    def __init__(self, reason: str, arithmetic: str = "") -> None:
        super().__init__(reason)
        self.arithmetic = arithmetic


class NoRuleError(LookupError):
    """No rule knows what a layer of these settings does."""


def _derive_none(
    _kind: str, _settings: Mapping[str, Any], _inputs: tuple[Shape, ...]
) -> "Derivation | None":
    return None


@dataclass(frozen=True)
class Given:
    """What a rule reckons with.

    Attributes:
        kind: The class's name.
        settings: All settings of a Keras layer by name, defaults included; of a raw operation or
            a layer of the user's own those that differ from the defaults.
        inputs: The shape of each tensor that it is called on, the batch first.
        derive_layer: Derives the shapes of another layer, of a class, settings and input shapes:
            the rule of a wrapper needs that of the layer inside. `None` where no rule knows it.
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
        """Whether the channels stand before the space."""
        chosen = self.settings.get("data_format")
        if chosen is None:
            import keras

            chosen = keras.config.image_data_format()
        return bool(chosen == "channels_first")

    def each(self, name: str, count: int, default: int = 1) -> tuple[int, ...]:
        """Returns a setting for each of some axes: one number stands for all of them."""
        value = self.settings.get(name)
        if value is None:
            value = default
        return (value,) * count if isinstance(value, int) else tuple(value)

    def get(self, name: str, default: Any = None) -> Any:
        """Returns a setting, or the default where it is not given."""
        return self.settings.get(name, default)


@dataclass(frozen=True)
class Axis:
    """One axis of an output's shape.

    Attributes:
        role: What it is, as `"height"`; may be empty.
        size: How its size is reckoned.
        reason: `"input"` if it is as in the input; the name of the setting that gives it; empty
            where the size is a calculation.
    """

    role: str
    size: Term
    reason: str = ""


@dataclass(frozen=True)
class WeightSize:
    """How many numbers a weight has.

    Attributes:
        name: The weight's name, as `"kernel"`.
        sizes: The size of each of its axes.
        uses: How often each of its numbers is multiplied for one example; nothing for a weight
            that is not multiplied with inputs, as a bias.
        trainable: Whether training changes it.
    """

    name: str
    sizes: tuple[Term, ...]
    uses: Term | None = None
    trainable: bool = True

    @property
    def shape(self) -> Shape:
        """The weight's shape."""
        return tuple(it.value for it in self.sizes)

    @property
    def count(self) -> Term:
        """How many numbers it has."""
        return product(self.sizes)


@dataclass(frozen=True)
class Derivation:
    """Where the numbers of a call come from.

    Attributes:
        outputs: For each output its axes, the batch first.
        weights: The layer's weights.
        products: Multiply-adds for one example beyond those with weights, as those of queries
            with keys.
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
        """How many numbers all weights have."""
        return total(it.count for it in self.weights)

    @cached_property
    def multiply_adds(self) -> Term:
        """How many multiplications, each with its addition, one example takes."""
        if not self.counted:
            return number(None)
        used = [
            product(factors(it.count * it.uses)) for it in self.weights if it.uses is not None
        ]
        return total([*used, *(product(factors(it)) for it in self.products)])


@dataclass(frozen=True, eq=False)
class Rule:
    """How the shapes, weights and costs of a class of layers are reckoned.

    Attributes:
        kind: The class's name.
        derive: Reckons them from what is given. It raises `DoesNotFitError` where Keras would
            refuse the inputs, and `NoRuleError` for settings that it does not know.
        source: Where the formula is written down: an address.
        settings: The settings that can be played with.
        picture: How it is drawn; a name that `shapes/figures.py` knows, or nothing.
        defaults: The defaults of a class of the user's own; those of Keras's are in Keras.
    """

    kind: str
    derive: Callable[[Given], Derivation]
    source: str
    settings: tuple[str, ...] = ()
    picture: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)


# ---------------------------------------------------------------------------------------------
# What rules have in common


def same(given: Given) -> Derivation:
    """A rule for what leaves the shape as it is."""
    return Derivation((kept(given.shape),))


def kept(shape: Shape, roles: Sequence[str] = ()) -> tuple[Axis, ...]:
    """Returns axes that are as in the input."""
    names = [*roles, *[""] * len(shape)]
    return tuple(
        Axis(names[place] or ("batch" if place == 0 else ""), number(size), "input")
        for place, size in enumerate(shape)
    )


def axis(role: str, size: Term | int | None, reason: str = "") -> Axis:
    """Makes an axis; a plain number needs a reason."""
    return Axis(role, number(size) if size is None else as_term(size), reason)


def batch(given: Given) -> Axis:
    """Returns the batch's axis, as in the input."""
    return Axis("batch", number(given.shape[0]), "input")


def expect_rank(given: Given, rank: int, at_least: bool = False) -> None:
    """Raises `DoesNotFitError` unless the first input has so many axes, the batch included."""
    found = len(given.shape)
    if found == rank or (at_least and found > rank):
        return
    words = (
        _("It expects at least {n} dimensions, the batch included, got {found}: {shape}.")
        if at_least
        else _("It expects {n} dimensions, the batch included, got {found}: {shape}.")
    )
    sign = "<" if at_least else "≠"
    raise DoesNotFitError(
        words.format(n=rank, found=found, shape=given.shape), f"{found} {sign} {rank}"
    )


def known(size: int | None, shape: Shape) -> int:
    """Returns a size that weights are made from.

    Raises:
        DoesNotFitError: If it is not known.
    """
    if size is None:
        raise DoesNotFitError(
            _("It makes its weights from a size that is not fixed: {shape}.").format(
                shape=shape
            )
        )
    return size


def positive(settings: Mapping[str, Any], name: str) -> int:
    """Returns a setting that must be at least 1.

    Raises:
        DoesNotFitError: If it is less.
    """
    value = int(settings[name])
    if value < 1:
        raise DoesNotFitError(
            _("{setting} must be at least 1, got {n}.").format(setting=name, n=value),
            f"{value} < 1",
        )
    return value


def place_of(axis: int, shape: Shape) -> int:
    """Counts an axis from the first one on.

    Raises:
        DoesNotFitError: If the shape has no such axis.
    """
    rank = len(shape)
    if -rank <= axis < rank:
        return axis % rank
    broken = f"≥ {rank}" if axis >= 0 else f"< {written(-rank)}"
    raise DoesNotFitError(
        _("There is no axis {axis} in {shape}.").format(axis=written(axis), shape=shape),
        f"{written(axis)} {broken}",
    )


def sizes_of(shape: Iterable[int | None], name: str = "") -> list[Term]:
    """Makes terms of sizes."""
    return [number(size, name) for size in shape]


def described(text: object) -> tuple[str, dict[str, Any]]:
    """Reads a layer that stands in another layer's settings, as `"LSTM(units=8)"`.

    Args:
        text: The setting.

    Returns:
        The class's name, and the settings that differ from the defaults.

    Raises:
        NoRuleError: If it is none.

    Example:
        >>> described("LSTM(units=8, return_sequences=True)")
        ('LSTM', {'units': 8, 'return_sequences': True})
    """
    try:
        call = ast.parse(str(text), mode="eval").body
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            named = {it.arg: ast.literal_eval(it.value) for it in call.keywords if it.arg}
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
    """Names an axis: what it is, or which one it is.

    Example:
        >>> axis_name(Axis("height", number(28)), 1), axis_name(Axis("", number(3)), 2)
        ('height', 'axis 2')
    """
    if axis.role in _ROLES:
        return _(_ROLES[axis.role])
    return axis.role or _("axis {n}").format(n=place)
