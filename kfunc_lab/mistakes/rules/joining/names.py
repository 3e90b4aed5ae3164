"""Two layers or models of one name in a model."""

import ast
import inspect
import re
from typing import Any

from kfunc_lab.graph.keras.nodes import ancestors, has_history
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, name_of
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.own.signature import parses
from kfunc_lab.mistakes.source.code import begin_of
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import value_of, variables


def _twice(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Gives the second layer or model a name of its own."""
    name = match["name"]
    same = _layers_named(name, failure)
    if len(same) < 2:
        return None
    new = _free_name(name, failure)
    change = _renamed(same, new, failure)
    if change is None:
        return None
    return Mistake(
        "duplicate-name",
        _("The name {name} is used more than once in the model.").format(name=name),
        f"{len(same)} > 1",
        _('Give the second one a name of its own: `name="{new}"`.').format(new=new),
        name,
        (change,),
    )


def _layers_named(name: str, failure: Failure) -> list[Any]:
    """Returns the layers of one name that the outputs of the model are computed by."""
    outputs = [
        tensor
        for tensor in getattr(failure.operation, "outputs", None) or []
        if has_history(tensor)
    ]
    found = {
        id(node.operation): node.operation
        for node in ancestors(outputs)
        if name_of(node.operation) == name
    }
    return list(found.values())


def _free_name(name: str, failure: Failure) -> str:
    number = 2
    while _layers_named(f"{name}_{number}", failure):
        number += 1
    return f"{name}_{number}"


def _renamed(same: list[Any], new: str, failure: Failure) -> Change | None:
    """Names the last of the layers where the code creates it."""
    code, known = failure.source, variables(failure.scope)
    if code is None:
        return None
    makers: list[ast.Call] = []
    for node in ast.walk(code.tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        held = known.get(node.targets[0].id)
        made = node.value
        if any(held is layer for layer in same) and isinstance(made, ast.Call):
            makers.append(made)
    written = [
        call
        for call in code.calls
        for word in call.keywords
        if word.arg == "name" and getattr(word.value, "value", None) == same[0].name
    ]
    calls = sorted({id(call): call for call in [*makers, *written]}.values(), key=begin_of)
    if len(calls) != len(same) or len(calls) < 2 or not _takes_name(calls[-1], known):
        return None
    change = code.with_argument(calls[-1], "name", f'"{new}"')
    return change if parses([change]) else None


def _takes_name(call: ast.Call, known: Any) -> bool:
    """Returns whether a call is one of Keras, which takes a name."""
    function = value_of(call.func, known)
    if not callable(function) or not str(getattr(function, "__module__", "")).startswith(
        "keras"
    ):
        return False
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    kinds = {parameter.kind for parameter in parameters.values()}
    return "name" in parameters or inspect.Parameter.VAR_KEYWORD in kinds


RULES: tuple[Rule, ...] = (
    rule("duplicate-name", r"The name \"(?P<name>[^\"]*)\" is used \d+ times", _twice),
    rule("duplicate-name", r"should have unique names\. Name '(?P<name>[^']*)'", _twice),
)
