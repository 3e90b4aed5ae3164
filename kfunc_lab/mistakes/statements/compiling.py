"""The learner's `compile` statement: its loss, its metrics, and edits of them."""

import ast
from typing import Any

from kfunc_lab.mistakes.data.passed import Passed
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.compile_again import compile_statement

_PLACES = {"optimizer": 0, "loss": 1, "loss_weights": 2, "metrics": 3}


def loss_name(model: Any, output: str = "") -> str:
    """Returns the name of a model's loss, such as `"mean_squared_error"`; empty without one."""
    return name_of_loss(loss_of(model, output))


def loss_of(model: Any, output: str = "") -> Any:
    """Returns the loss that `compile` received for an output."""
    loss = getattr(model, "loss", None)
    names = [str(name) for name in getattr(model, "output_names", None) or []]
    if isinstance(loss, dict):
        return loss.get(output)
    if isinstance(loss, (list, tuple)):
        return loss[names.index(output)] if output in names[: len(loss)] else None
    return loss


def name_of_loss(loss: Any) -> str:
    """Returns the name of a loss."""
    name = loss if isinstance(loss, str) else getattr(loss, "name", None)
    return name if isinstance(name, str) else str(getattr(loss, "__name__", ""))


def loss_node(passed: Passed, output: str = "") -> tuple[Code, ast.expr] | None:
    """Finds the expression of an output's loss in the learner's `compile`."""
    found = argument_of_compile(passed, "loss")
    if found is None:
        return None
    code, node = found
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if getattr(key, "value", None) == output:
                return code, value
        return None
    if isinstance(node, (ast.List, ast.Tuple)):
        names = [str(name) for name in getattr(passed.model, "output_names", None) or []]
        place = names.index(output) if output in names else len(node.elts)
        return (code, node.elts[place]) if place < len(node.elts) else None
    return code, node


def argument_of_compile(passed: Passed, name: str) -> tuple[Code, ast.expr] | None:
    """Finds the expression of an argument of the learner's `compile`."""
    found = compile_statement(passed) if passed.method != "compile" else None
    if passed.method == "compile" and passed.call is not None and passed.code is not None:
        found = passed.code, passed.call
    if found is None:
        return None
    code, call = found
    for keyword in call.keywords:
        if keyword.arg == name:
            return code, keyword.value
    place = _PLACES.get(name, 99)
    return (code, call.args[place]) if place < len(call.args) else None


def other_loss(passed: Passed, new: str, output: str = "") -> tuple[Change, ...]:
    """Returns the changes that set another loss, and the accuracy that belongs to it.

    Args:
        passed: The call.
        new: The name of the new loss, such as `"sparse_categorical_crossentropy"`.
        output: The output; by default the only one.
    """
    found = loss_node(passed, output)
    if found is None:
        return ()
    code, node = found
    if isinstance(node, ast.Call):
        function = node.func
        kind = "".join(word.title() for word in new.split("_"))
        source = code.source(function).rpartition(".")
        return (
            code.replaced(function, f"{source[0]}{source[1]}{kind}"),
            *_other_accuracy(passed, new),
        )
    return (code.replaced(node, f'"{new}"'), *_other_accuracy(passed, new))


def _other_accuracy(passed: Passed, loss: str) -> list[Change]:
    found = argument_of_compile(passed, "metrics")
    right = {
        "sparse_categorical_crossentropy": "sparse_categorical_accuracy",
        "categorical_crossentropy": "categorical_accuracy",
        "binary_crossentropy": "binary_accuracy",
    }
    if found is None or loss not in right:
        return []
    code, node = found
    return [
        code.replaced(each, f'"{right[loss]}"')
        for each in ast.walk(node)
        if isinstance(each, ast.Constant)
        and each.value in right.values()
        and each.value != right[loss]
    ]
