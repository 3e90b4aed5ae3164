"""The values that followed code computes: symbolic tensors, new layers, models and functions."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kfunc_lab.shapes.rules.rule import Shape


class _Unknown:
    """A value that the code does not tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Any = _Unknown()

_MAX_ITEMS = 1000


class MisfitError(Exception):
    """A call that Keras would refuse."""


@dataclass(frozen=True, eq=False)
class Tensor:
    """A symbolic tensor; `is_input` tells whether `keras.Input` made it."""

    shape: Shape
    dtype: str = "float32"
    is_input: bool = False


@dataclass(eq=False)
class NewLayer:
    """A layer that the followed code creates.

    Attributes:
        kind: The name of its class.
        settings: Its settings by name.
        library: Whether the class comes with Keras.
        weights: The shapes of its weights after its first call.
        inner: The layer that it wraps.
        output: What its last call returned.
    """

    kind: str
    settings: Mapping[str, Any]
    library: bool = True
    weights: tuple[Shape, ...] | None = None
    inner: Any = None
    output: Any = UNKNOWN


@dataclass(eq=False)
class NewModel:
    """A model that the followed code creates.

    Attributes:
        inputs: The tensors it takes, as the learner passed them.
        outputs: The tensors it returns.
        compiled: The arguments of its `compile`, by name.
    """

    inputs: Any
    outputs: Any
    compiled: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class NewSequential:
    """A chain of layers that grows; `output` is what the last of them returns."""

    output: Any = None
    model: NewModel | None = None


@dataclass(eq=False)
class Function:
    """A function of the learner, with the variables around it."""

    node: ast.FunctionDef | ast.Lambda
    around: Any


def flat(value: Any) -> Iterator[Any]:
    """Yields the items of nested lists and dicts."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value[:_MAX_ITEMS]:
            yield from flat(item)
    else:
        yield value


def holds(value: Any, wanted: type | tuple[type, ...]) -> bool:
    """Tells whether a value, or an item of it, belongs to a class."""
    return any(isinstance(item, wanted) for item in flat(value))


def is_open(value: Any) -> bool:
    """Tells whether a value, or an item of it, is not known."""
    return any(item is UNKNOWN for item in flat(value))
