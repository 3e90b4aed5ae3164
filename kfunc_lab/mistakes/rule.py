"""What every rule about a learner's mistakes needs: the result, and words for it."""

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kfunc_lab.graph.keras import nodes
from kfunc_lab.mistakes.failure import Failure, as_call, called_name, name_of, shape_of
from kfunc_lab.ui.text import printable

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Mistake:
    """What a learner's code got wrong, and the edit to make.

    Attributes:
        rule: The rule that found it, as `"wrong-rank"`; `"unknown"` where none fits.
        reason: What does not fit, in one sentence.
        arithmetic: The numbers that do not fit, as `"784 ≠ 490"`; empty if there are none.
        edit: What to change; empty if it cannot be told.
        where: The argument, tensor or key that is wrong; empty if it has no name.
    """

    rule: str
    reason: str
    arithmetic: str = ""
    edit: str = ""
    where: str = ""


@dataclass(frozen=True)
class Rule:
    """A kind of mistake, told by Keras's message.

    Attributes:
        id: Its name, unless what it makes has a closer one.
        pattern: What Keras says.
        make: Makes the mistake from the match and the failure; `None` if it does not apply.
    """

    id: str
    pattern: re.Pattern[str]
    make: Callable[[re.Match[str], Failure], Mistake | None]


def rule(
    name: str, pattern: str, make: Callable[[re.Match[str], Failure], Mistake | None]
) -> Rule:
    """Returns a rule whose pattern ignores case and lets `.` match line ends."""
    return Rule(name, re.compile(pattern, re.IGNORECASE | re.DOTALL), make)


def sizes(text: str) -> Shape:
    """Reads a shape as Keras writes it.

    Args:
        text: A shape as text.

    Returns:
        The size of each axis, `None` for one that is not fixed.

    Example:
        >>> sizes("(None, 28, 28)"), sizes("[None 1 1 8]")
        ((None, 28, 28), (None, 1, 1, 8))
    """
    found = re.findall(r"None|\?|-?\d+", text)
    return tuple(None if it in ("None", "?") else int(it) for it in found)


def shapes(text: str) -> list[Shape]:
    """Reads the shapes in a list of them."""
    return [sizes(it) for it in re.findall(r"\([^()]*\)|\[[^\[\]()]*\]", text)]


def written(shape: Sequence[int | None]) -> str:
    """Writes a shape as a Python tuple."""
    return str(tuple(shape))


def product(shape: Sequence[int | None]) -> int:
    """Returns how many numbers a shape holds, unknown sizes left out."""
    total = 1
    for size in shape:
        total *= 1 if size is None else size
    return total


def factors(shape: Sequence[int | None]) -> str:
    """Writes a product: `"28 × 28 = 784"`, or only the number if it has one factor."""
    known = [size for size in shape if size is not None]
    words = " × ".join(map(str, known))
    return words if len(known) == 1 else f"{words} = {product(known)}"


def title(failure: Failure) -> str:
    """Names what failed: its own name and its class."""
    kind = printable(failure.kind)
    return f"{printable(failure.name)} ({kind})" if failure.name else kind


def argument(failure: Failure) -> str:
    """Returns the user's own words for the first thing a call was given; `"x"` if too long."""
    call = as_call(failure.code)
    if call is not None and call.args:
        return _short(call.args[0], "x")
    return "x"


def all_arguments(failure: Failure) -> str:
    """Returns the user's own words for all that a call was given, as `"a, b"`."""
    call = as_call(failure.code)
    if call is None or not call.args:
        return "x"
    words = [_short(it, name) for it, name in _named(call.args)]
    keywords = [f"{it.arg}={_short(it.value, '...')}" for it in call.keywords if it.arg]
    return ", ".join(words + keywords)


def tensor_name(failure: Failure, position: int = 0) -> str:
    """Returns the name of a tensor that a call was given, or of what made it; empty for data."""
    if position >= len(failure.tensors):
        return ""
    tensor = failure.tensors[position]
    name = name_of(tensor)
    if re.fullmatch(r"keras_tensor(_\d+)?", name):
        name = name_of(maker(tensor))
    return "" if ":" in name else printable(name)  # a number of TensorFlow's own


def tensor_names(failure: Failure) -> str:
    """Returns the names of all tensors that a call was given, as `"left, right"`."""
    names = (tensor_name(failure, position) for position in range(len(failure.tensors)))
    return ", ".join(filter(None, names))


def _named(expressions: Sequence[ast.expr]) -> list[tuple[ast.expr, str]]:
    letters = "abcdefgh" if len(expressions) > 1 else "x"
    return [(it, letters[n % len(letters)]) for n, it in enumerate(expressions)]


def _short(expression: ast.expr, instead: str) -> str:
    if isinstance(expression, (ast.Name, ast.Attribute, ast.Subscript)):
        words = ast.unparse(expression)
        return words if len(words) <= 30 else instead
    if isinstance(expression, ast.Constant):
        return ast.unparse(expression)
    if isinstance(expression, (ast.List, ast.Tuple)):
        return f"[{', '.join(_short(it, name) for it, name in _named(expression.elts))}]"
    return instead


def callee(failure: Failure) -> str:
    """Returns how the user's code writes what it calls, as `"layers.Dense"`, as far as known."""
    call = as_call(failure.code)
    if call is not None:
        function = call.func.func if isinstance(call.func, ast.Call) else call.func
        words = ast.unparse(function)
        if len(words) <= 40 and called_name(failure.code) == failure.kind:
            return words
    return f"layers.{failure.kind}"


def maker(tensor: Any) -> Any:
    """Returns the layer or operation that made a symbolic tensor, or `None`."""
    try:
        node = nodes.node_of(tensor)
    except Exception:  # an array has no history
        return None
    return None if node is None else node.operation


def input_names(model: Any) -> list[str]:
    """Returns the names of a model's inputs, in their order."""
    return [name_of(maker(tensor)) for tensor in getattr(model, "inputs", None) or []]


def is_input(tensor: Any) -> bool:
    """Tells whether `keras.Input` made a tensor."""
    return type(maker(tensor)).__name__ == "InputLayer"


def first_shape(failure: Failure) -> Shape | None:
    """Returns the shape of the first tensor that a failed call was given."""
    return shape_of(failure.tensors[0]) if failure.tensors else None


def quoted(text: str, limit: int = 200) -> str:
    """Returns a value from Keras's message fit for one line."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"
