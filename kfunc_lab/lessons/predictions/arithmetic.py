"""Numbers and arithmetic as people type them, such as `784 × 64 + 64`, `55.050` and `50 %`."""

import ast
import operator
import re
from collections.abc import Callable

_LONGEST = 200  # characters

_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_SIGNS = str.maketrans(
    {"·": "*", "×": "*", "x": "*", "X": "*", "−": "-", "–": "-", "÷": "/", ":": "/"}
    | {"²": "**2", "³": "**3", "^": "**", " ": "", "\u00a0": "", "\u202f": "", "_": ""}
)
_ARITHMETIC = re.compile(r"[0-9.,eE+\-*/%()]+", re.ASCII)
_NUMBER = re.compile(r"\d[\d.,]*(?<=\d)")
_GROUPS = re.compile(r"[1-9]\d{0,2}([.,])\d{3}(?:\1\d{3})*")  # 55,050 or 1.000.000


def readings(text: str) -> list[float]:
    """Returns the results of arithmetic: the likelier first, if marks can be read in two ways.

    Args:
        text: What was typed. Nothing but arithmetic is evaluated, with floats, so that no result
            can grow.

    Raises:
        ValueError: If it is something else.

    Example:
        >>> readings("784 × 64 + 64"), readings("55.050"), readings("50 %")
        ([50240.0], [55050.0, 55.05], [0.5, 50.0])
    """
    if len(text) > _LONGEST:
        raise ValueError
    plain = text.strip().strip("≈~=").translate(_SIGNS)
    if not _ARITHMETIC.fullmatch(plain):
        raise ValueError
    is_share = plain.endswith("%")
    plain = plain.removesuffix("%")
    found = [_value_of(plain, with_groups) for with_groups in (True, False)]
    if is_share:
        found = [part for value in found for part in (value / 100, value)]
    return list(dict.fromkeys(found))


def _value_of(plain: str, with_groups: bool) -> float:
    """Evaluates arithmetic whose marks such as in `55.050` group thousands, or are decimal."""
    try:
        written = _NUMBER.sub(lambda number: _written(number[0], with_groups), plain)
        return float(_value(ast.parse(written, mode="eval").body))  # a root may be complex
    except (SyntaxError, TypeError, ArithmeticError, RecursionError, MemoryError) as error:
        raise ValueError from error


def _written(number: str, with_groups: bool) -> str:
    """Returns a number as Python writes it; of two kinds of marks, the last is decimal."""
    marks = re.sub(r"\d", "", number)
    is_grouped = _GROUPS.fullmatch(number) and (with_groups or len(marks) > 1)
    whole, mark, decimals = number, "", ""
    if marks and not is_grouped:
        whole, mark, decimals = number.rpartition(marks[-1])
        if re.search(r"[.,]", whole) and not (
            _GROUPS.fullmatch(whole) and marks[0] != marks[-1]
        ):
            raise ValueError
    digits = re.sub(r"[.,]", "", whole).lstrip("0") or "0"  # Python allows no zeros before
    return digits + mark.replace(",", ".") + decimals


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _value(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        return _OPERATIONS[type(node.op)](_value(node.left), _value(node.right))
    raise ValueError
