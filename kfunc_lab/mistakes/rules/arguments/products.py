"""Products of matrices whose factors stand in the wrong order in the learner's own layer."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, shape_of
from kfunc_lab.mistakes.names.scope import Evaluator, names_of_frame
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.rules.names.trying import changed_source, value_of
from kfunc_lab.mistakes.search.sites import last_name
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import is_own

_PRODUCTS = ("matmul", "dot", "tensordot")


def _exchanged(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `ops.matmul(self.w, inputs)`, where the tensor of the batch comes first."""
    code, node = failure.source, failure.expression
    if code is None or node is None or not is_own(failure.operation):
        return None
    names = names_of_frame(failure.scope)
    for first, second in _factors(node):
        if not _is_weight(first, names):
            continue
        changes = (
            code.replaced(first, code.source(second)),
            code.replaced(second, code.source(first)),
        )
        new = _value(code, node, changes, names)
        batch = shape_of(failure.tensors[0]) if failure.tensors else None
        shape = shape_of(new)
        if shape is None or batch is None or len(shape) < 2:
            continue
        return Mistake(
            "factor-order",
            _(
                "In {layer}, the factors of the product stand in the wrong order: the tensor of "
                "the examples comes first, then the weights."
            ).format(layer=title(failure)),
            "",
            _("Exchange both: first `{first}`, then `{second}`.").format(
                first=code.source(second), second=code.source(first)
            ),
            failure.name,
            changes,
        )
    return None


def _is_weight(node: ast.expr, names: Any) -> bool:
    import keras

    return isinstance(Evaluator(names, calls=False).look_up(node), keras.Variable)


def _factors(node: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yields the two factors of each product in an expression."""
    for each in ast.walk(node):
        if isinstance(each, ast.BinOp) and isinstance(each.op, ast.MatMult):
            yield each.left, each.right
        elif _is_product(each):
            yield each.args[0], each.args[1]  # type: ignore[attr-defined]


def _is_product(node: ast.AST) -> bool:
    is_call = isinstance(node, ast.Call) and len(node.args) >= 2
    return is_call and last_name(node.func) in _PRODUCTS  # type: ignore[attr-defined]


def _value(code: Code, node: ast.expr, changes: tuple[Change, ...], names: Any) -> Any:
    try:
        return value_of(changed_source(code, node, changes), names)
    except Exception:  # it does not fit, or it is the learner's code
        return None


RULES: tuple[Rule, ...] = (
    rule(
        "factor-order",
        r"Dimensions must be equal|Inner dimensions|must be equal|Matrix size-incompatible|"
        r"incompatible shapes|cannot be broadcast|are incompatible",
        _exchanged,
    ),
)
