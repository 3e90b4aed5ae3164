"""A mutant: a right model with one change of its source."""

import ast
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change, edited

# The order of the arguments that people pass without a name.
POSITIONS = {
    "Input": ("shape",),
    "Dense": ("units", "activation"),
    "Embedding": ("input_dim", "output_dim"),
    "Dropout": ("rate",),
    "Reshape": ("target_shape",),
    "Permute": ("dims",),
    "RepeatVector": ("n",),
    "MultiHeadAttention": ("num_heads", "key_dim"),
    "UpSampling2D": ("size",),
    "Activation": ("activation",),
    "DepthwiseConv2D": ("kernel_size", "strides", "padding"),
    **dict.fromkeys(("LSTM", "GRU", "CustomDense"), ("units", "activation")),
    **dict.fromkeys(
        ("MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling2D"),
        ("pool_size", "strides", "padding"),
    ),
    **dict.fromkeys(
        ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "SeparableConv2D", "ConvLSTM2D"),
        ("filters", "kernel_size", "strides", "padding"),
    ),
}

Changes = list[Change]


@dataclass(frozen=True)
class Cell:
    """One cell of a right model.

    Attributes:
        model: The name of the model.
        index: The number of the cell.
        code: Its source.
        last: Whether it is the cell that fits the model.
    """

    model: str
    index: int
    code: Code
    last: bool

    def calls(self) -> list[ast.Call]:
        return list(self.code.calls)

    def creations(self) -> Iterator[ast.Call]:
        """Yields the calls that create a layer or an input, in the order of the source."""
        for call in self.calls():
            name = name_of(call)
            if isinstance(call.func, ast.Attribute) and (
                name[:1].isupper() and name != "Model"
            ):
                yield call

    def applications(self) -> Iterator[tuple[ast.Call, ast.Call]]:
        """Yields the calls of new layers, such as `layers.Dense(8)(x)`, with the creation."""
        for call in self.calls():
            if isinstance(call.func, ast.Call) and name_of(call.func)[:1].isupper():
                yield call, call.func

    def tensors(self) -> list[str]:
        """Returns the names of the variables that hold symbolic tensors."""
        names = {}
        for node in ast.walk(self.code.tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                value = node.value
                if isinstance(value, ast.Call) and (
                    isinstance(value.func, ast.Call)
                    or name_of(value) in ("Input", "add", "concatenate", "multiply", "average")
                ):
                    names[node.targets[0].id] = None
        return list(names)


@dataclass(frozen=True)
class Mutant:
    """A right model with one change.

    Attributes:
        model: The name of the model.
        kind: The kind of the change, such as `"padding"`.
        cells: The cells with the change.
        changed: The number of the changed cell.
    """

    model: str
    kind: str
    cells: tuple[str, ...]
    changed: int


Operator = Callable[[Cell], Iterator[Changes]]
OPERATORS: dict[str, Operator] = {}


def kind(name: str) -> Callable[[Operator], Operator]:
    """Registers a function that yields the changes of one kind in a cell."""

    def register(operator: Operator) -> Operator:
        OPERATORS[name] = operator
        return operator

    return register


def name_of(call: ast.Call) -> str:
    """Returns the name that is called, such as `"Dense"`; empty for `f()()`."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def argument(call: ast.Call, name: str) -> ast.expr | None:
    """Returns an argument of a call, passed by name or by position."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    order = POSITIONS.get(name_of(call), ())
    place = order.index(name) if name in order else len(call.args)
    return call.args[place] if place < len(call.args) else None


def without(cell: Cell, call: ast.Call, name: str) -> Changes:
    """Removes an argument that is passed by name; empty if it is not."""
    change = cell.code.without_argument(call, name)
    return [] if change is None else [change]


def mutate(cell: Cell, name: str, changes: Changes, cells: list[str]) -> Mutant | None:
    """Applies changes to a cell; returns `None` if they change nothing or break the syntax."""
    new = edited(cell.code.text, changes)
    try:
        if ast.dump(ast.parse(new)) == _dump(cell.code.text):
            return None
    except SyntaxError:
        return None
    all_cells = (*cells[: cell.index], new, *cells[cell.index + 1 :])
    return Mutant(cell.model, name, tuple(filter(str.strip, all_cells)), cell.index)


@functools.cache
def _dump(text: str) -> str:
    return ast.dump(ast.parse(text))
