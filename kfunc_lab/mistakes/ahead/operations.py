"""Operations on symbolic tensors in followed code: functions of `keras.ops`, operators, slices."""

import ast
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from kfunc_lab.graph.model.layer_graph import Call, TensorSpec
from kfunc_lab.mistakes.ahead.values import UNKNOWN, MisfitError, Tensor, flat, is_open
from kfunc_lab.mistakes.ahead.variables import is_plain
from kfunc_lab.shapes.rules.formulas import derivation, rule_of
from kfunc_lab.shapes.rules.rule import DoesNotFitError

_OPERATORS: Mapping[type[ast.AST], str] = {
    ast.Add: "Add", ast.Sub: "Subtract", ast.Mult: "Multiply", ast.Div: "TrueDivide",
    ast.MatMult: "Matmul", ast.Pow: "Power", ast.Mod: "Mod", ast.FloorDiv: "FloorDivide",
    ast.Gt: "Greater", ast.Lt: "Less", ast.GtE: "GreaterEqual", ast.LtE: "LessEqual",
    ast.Eq: "Equal", ast.NotEq: "NotEqual",
}  # fmt: skip


def of_function(function: Any, arguments: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Returns what a function of `keras.ops` returns; `UNKNOWN` without a rule."""
    kind = "".join(part[:1].upper() + part[1:] for part in function.__name__.split("_"))
    try:
        bound = inspect.signature(function).bind(*arguments, **named)
    except (TypeError, ValueError) as error:
        raise MisfitError from error
    settings: dict[str, Any] = {}
    tensors: list[Tensor] = []
    for name, value in bound.arguments.items():
        items = list(flat(value))
        if any(isinstance(item, Tensor) for item in items):
            if not all(isinstance(item, Tensor) for item in items):
                return UNKNOWN
            tensors += items
        elif is_plain(value):
            settings[name] = tuple(value) if isinstance(value, list) else value
        else:
            return UNKNOWN
    return computed(kind, tensors, settings)


def of_operator(operator: ast.AST, one: Any, other: Any) -> Any:
    """Returns what an operator between two values returns, of which one is a tensor."""
    kind = _OPERATORS.get(type(operator))
    if kind is None or is_open([one, other]):
        return UNKNOWN
    tensors = [it for it in (one, other) if isinstance(it, Tensor)]
    settings = {}
    for name, value in (("x1", one), ("x2", other)):
        if isinstance(value, (int, float)):
            settings[name] = value
        elif not isinstance(value, Tensor):
            return UNKNOWN
    return computed(kind, tensors, settings)


def computed(kind: str, tensors: Sequence[Tensor], settings: Mapping[str, Any]) -> Any:
    """Returns what a raw operation returns; `UNKNOWN` if no rule knows it.

    Raises:
        MisfitError: If Keras would refuse the operation.
    """
    if not tensors or rule_of(kind, operation=True) is None:
        return UNKNOWN
    shapes = tuple(tensor.shape for tensor in tensors)
    specs = tuple(TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors)
    call = Call("", "", kind, "", specs, settings=settings, operation=True)
    try:
        result = derivation(call, shapes)
    except DoesNotFitError as error:
        raise MisfitError from error
    except Exception:  # an argument has a form that the rule does not expect
        return UNKNOWN
    if result is None:
        return UNKNOWN
    outputs = [Tensor(tuple(shape), tensors[0].dtype) for shape in result.shapes]
    return outputs[0] if len(outputs) == 1 else outputs


def of_index(tensor: Tensor, key: Any) -> Any:
    """Returns what an index selects of a tensor."""
    parts = key if isinstance(key, tuple) else (key,)
    written: list[int | str | None] = []
    for part in parts:
        if part is None or type(part) is int:
            written.append(part)
        elif part is ...:
            written.append("...")
        elif isinstance(part, slice):
            bounds = [part.start, part.stop] + ([] if part.step is None else [part.step])
            if not all(it is None or type(it) is int for it in bounds):
                return UNKNOWN
            written.append(":".join("" if it is None else str(it) for it in bounds))
        else:
            return UNKNOWN
    return computed("GetItem", [tensor], {"key": tuple(written)})
