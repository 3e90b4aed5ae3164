"""Finds out from its source what a loss of one's own expects of the model's outputs."""

import ast
import inspect
import re
from typing import Any

from kfunc_lab.graph.lint.own.source import (
    Function,
    calls_in,
    definition_of,
    is_name,
    last_name,
    objects_in,
)

_SMALL = {"maximum", "relu"}
_PREDICTED = re.compile(r"(?:^|_)(?:y_?)?(?:pred|predicted|prediction|predictions|hat)(?:$|_)")
_TRUE = re.compile(r"(?:^|_)(?:y_?)?(?:true|label|labels|target|targets|gt)(?:$|_)")
_PROBABLY_LOGITS = {"sigmoid", "softmax"}


def expectation_of(loss: Any) -> str:
    """Tells what a loss of one's own takes.

    Args:
        loss: A function of targets and predictions, or a loss object of a class of one's own.

    Returns:
        `"distances"`, `"probabilities"` or `"logits"`; empty if the source does not tell.
    """
    function = _function_of(loss)
    definition = definition_of(function)
    if definition is None:
        return ""
    arguments = [arg.arg for arg in definition.args.args if arg.arg != "self"]
    if len(arguments) < 2:
        return ""
    predictions = arguments[1]
    if _is_assigned(definition, predictions):
        return ""  # the name means something else later
    if _applies(definition, predictions, _PROBABLY_LOGITS) or _says_logits(
        definition, predictions
    ):
        return "logits"
    if _takes_distances(definition, predictions):
        return "distances"
    if _takes_logarithm(definition, predictions):
        return "probabilities"
    return ""


def margin_of(loss: Any) -> float | None:
    """Returns the margin of a contrastive loss of one's own; `None` if it is not known.

    Args:
        loss: As in `expectation_of`.
    """
    function = _function_of(loss)
    definition = definition_of(function)
    if definition is None:
        return None
    predictions = [arg.arg for arg in definition.args.args if arg.arg != "self"][1]
    margins = [
        argument.left
        for called, call in calls_in(definition)
        for argument in call.args
        if called in _SMALL
        and isinstance(argument, ast.BinOp)
        and _is_margin(argument, predictions)
    ]
    known = dict(objects_in(function))
    values = [
        margin.value if isinstance(margin, ast.Constant) else known.get(last_name(margin))
        for margin in margins
    ]
    numbers = [float(value) for value in values if isinstance(value, (int, float))]
    return max(numbers, default=None)


def names_exchanged(loss: Any) -> tuple[str, str] | None:
    """Returns the parameters of a loss of one's own whose names stand in the wrong order.

    Args:
        loss: As in `expectation_of`.
    """
    definition = definition_of(_function_of(loss))
    if definition is None:
        return None
    arguments = [arg.arg for arg in definition.args.args if arg.arg != "self"]
    if len(arguments) != 2:
        return None
    first, second = arguments
    if _PREDICTED.search(first) and _TRUE.search(second) and not _TRUE.search(first):
        return first, second
    return None


def _function_of(loss: Any) -> Any:
    import keras

    if isinstance(loss, keras.losses.Loss):
        wrapped = getattr(loss, "fn", None)
        own = type(loss).__module__.partition(".")[0] != "keras"
        return type(loss).call if own else wrapped
    return loss if inspect.isfunction(loss) or inspect.ismethod(loss) else None


def _is_assigned(definition: Function, name: str) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
        for node in ast.walk(definition)
    )


def _applies(definition: Function, name: str, functions: set[str]) -> bool:
    return any(
        called in functions and call.args and is_name(call.args[0], name)
        for called, call in calls_in(definition)
    )


def _says_logits(definition: Function, predictions: str) -> bool:
    """Tells whether a loss passes the predictions on with `from_logits=True`."""
    return any(
        any(is_name(argument, predictions) for argument in call.args)
        and any(
            keyword.arg == "from_logits"
            and isinstance(keyword.value, ast.Constant)
            and keyword.value.value is True
            for keyword in call.keywords
        )
        for _called, call in calls_in(definition)
    )


def _takes_distances(definition: Function, predictions: str) -> bool:
    """Tells whether a loss is contrastive: d² of equal pairs, max(margin - d, 0)² of others."""
    margin = any(
        called in _SMALL and any(_is_margin(argument, predictions) for argument in call.args)
        for called, call in calls_in(definition)
    )
    squared = _applies(definition, predictions, {"square"}) or any(
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Pow)
        and is_name(node.left, predictions)
        for node in ast.walk(definition)
    )
    return margin and (squared or _multiplied(definition, predictions))


def _is_margin(node: ast.AST, predictions: str) -> bool:
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Sub)
        and is_name(node.right, predictions)
        and not is_name(node.left, predictions)
    )


def _multiplied(definition: Function, predictions: str) -> bool:
    """Tells whether predictions are multiplied by something, as in `y * d`."""
    return any(
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Mult)
        and (is_name(node.left, predictions) or is_name(node.right, predictions))
        for node in ast.walk(definition)
    )


def _takes_logarithm(definition: Function, predictions: str) -> bool:
    """Tells whether a loss computes log(1 - p), perhaps with a small number added."""
    return any(
        called == "log" and call.args and _is_rest(call.args[0], predictions)
        for called, call in calls_in(definition)
    )


def _is_rest(node: ast.AST, name: str) -> bool:
    """Tells whether an expression is 1 - p, or that with a number or a name added."""
    if not isinstance(node, ast.BinOp):
        return False
    if isinstance(node.op, ast.Sub) and is_name(node.right, name):
        left = node.left
        return isinstance(left, ast.Constant) and left.value == 1
    simple = isinstance(node.right, ast.Constant | ast.Name | ast.Call)
    return isinstance(node.op, ast.Add | ast.Sub) and simple and _is_rest(node.left, name)
