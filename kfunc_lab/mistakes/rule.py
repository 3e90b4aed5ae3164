"""The parts of every rule about a learner's mistakes: the result, and the words for it."""

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kfunc_lab.graph.keras import nodes
from kfunc_lab.mistakes.failure import Failure, as_call, called_name, name_of, shape_of
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.ui.text import printable

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Mistake:
    """A mistake in a learner's code, with the edit that corrects it.

    Attributes:
        rule: The rule that found it, such as `"wrong-rank"`; `"unknown"` if none fits.
        reason: The reason, in one sentence.
        arithmetic: The numbers that do not fit, such as `"784 ≠ 490"`; empty if there are none.
        edit: The change to make; empty if none is known.
        where: The argument, tensor or key that is wrong; empty if it has no name.
        changes: The changes of the source that make the edit; empty if their place is not known.
        others: Other edits that were tried, the next best first.
        target: The shapes of the targets and of the output that they do not match, if the
            mistake is that.
    """

    rule: str
    reason: str
    arithmetic: str = ""
    edit: str = ""
    where: str = ""
    changes: tuple[Change, ...] = ()
    others: tuple[Edit, ...] = ()
    target: tuple[Shape, Shape] | None = None


@dataclass(frozen=True)
class Rule:
    """A kind of mistake, recognized by Keras's message.

    Attributes:
        id: The name of the rule; the mistake may have a more precise one.
        pattern: Matches Keras's message.
        make: Returns the mistake for a match and a failure; `None` if the rule does not apply.
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
        The size of each axis; `None` if it is not fixed.

    Example:
        >>> sizes("(None, 28, 28)"), sizes("[None 1 1 8]")
        ((None, 28, 28), (None, 1, 1, 8))
    """
    words = re.findall(r"None|\?|-?\d+", text)
    return tuple(None if word in ("None", "?") else int(word) for word in words)


def shapes(text: str) -> list[Shape]:
    """Reads a list of shapes."""
    return [sizes(word) for word in re.findall(r"\([^()]*\)|\[[^\[\]()]*\]", text)]


def written(shape: Sequence[int | None]) -> str:
    """Writes a shape as a Python tuple."""
    return str(tuple(shape))


def product(shape: Sequence[int | None]) -> int:
    """Returns the number of elements of a shape, ignoring unknown sizes."""
    total = 1
    for size in shape:
        total *= 1 if size is None else size
    return total


def factors(shape: Sequence[int | None]) -> str:
    """Writes a product such as `"28 × 28 = 784"`, or the number alone if it has one factor."""
    known = [size for size in shape if size is not None]
    words = " × ".join(map(str, known))
    return words if len(known) == 1 else f"{words} = {product(known)}"


def title(failure: Failure) -> str:
    """Returns the name and the class of the object that failed."""
    kind = printable(failure.kind)
    return f"{printable(failure.name)} ({kind})" if failure.name else kind


def argument(failure: Failure) -> str:
    """Returns the source of a call's first argument; `"x"` if it is too long."""
    call = as_call(failure.code)
    if call is not None and call.args:
        return _short(call.args[0], "x")
    return "x"


def all_arguments(failure: Failure) -> str:
    """Returns the source of all arguments of a call, such as `"a, b"`."""
    call = as_call(failure.code)
    if call is None or not call.args:
        return "x"
    arguments = [_short(argument, name) for argument, name in _named(call.args)]
    keywords = [f"{each.arg}={_short(each.value, '...')}" for each in call.keywords if each.arg]
    return ", ".join(arguments + keywords)


def tensor_name(failure: Failure, position: int = 0) -> str:
    """Returns the name of an input tensor, or of the call that made it; empty for data."""
    if position >= len(failure.tensors):
        return ""
    tensor = failure.tensors[position]
    name = name_of(tensor)
    if re.fullmatch(r"keras_tensor(_\d+)?", name):
        name = name_of(maker(tensor))
    return "" if ":" in name else printable(name)  # TensorFlow's own names end in a number


def tensor_names(failure: Failure) -> str:
    """Returns the names of all input tensors of a call, such as `"left, right"`."""
    names = (tensor_name(failure, position) for position in range(len(failure.tensors)))
    return ", ".join(filter(None, names))


def _named(expressions: Sequence[ast.expr]) -> list[tuple[ast.expr, str]]:
    letters = "abcdefgh" if len(expressions) > 1 else "x"
    return [(each, letters[n % len(letters)]) for n, each in enumerate(expressions)]


def _short(expression: ast.expr, instead: str) -> str:
    """Returns an expression's source if it is short, or else a name in its place."""
    if isinstance(expression, (ast.Name, ast.Attribute, ast.Subscript)):
        words = ast.unparse(expression)
        return words if len(words) <= 30 else instead
    if isinstance(expression, ast.Constant):
        return ast.unparse(expression)
    if isinstance(expression, (ast.List, ast.Tuple)):
        return f"[{', '.join(_short(item, name) for item, name in _named(expression.elts))}]"
    return instead


def callee(failure: Failure) -> str:
    """Returns the source of the called expression, such as `"layers.Dense"`, if it is known."""
    call = as_call(failure.code)
    if call is not None:
        function = call.func.func if isinstance(call.func, ast.Call) else call.func
        words = ast.unparse(function)
        if len(words) <= 40 and called_name(failure.code) == failure.kind:
            return words
    return f"layers.{failure.kind}"


def maker(tensor: Any) -> Any:
    """Returns the layer or operation that made a symbolic tensor; `None` for an array."""
    try:
        node = nodes.node_of(tensor)
    except Exception:  # an array has no history
        return None
    return None if node is None else node.operation


def input_names(model: Any) -> list[str]:
    """Returns the names of a model's inputs, in order."""
    return [name_of(maker(tensor)) for tensor in getattr(model, "inputs", None) or []]


def is_input(tensor: Any) -> bool:
    """Returns whether `keras.Input` made a tensor."""
    return type(maker(tensor)).__name__ == "InputLayer"


def first_shape(failure: Failure) -> Shape | None:
    """Returns the shape of a failed call's first input tensor."""
    return shape_of(failure.tensors[0]) if failure.tensors else None


def quoted(text: str, limit: int = 200) -> str:
    """Returns a value from Keras's message, shortened to one line."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"
