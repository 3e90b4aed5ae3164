"""A number in the place of an optimizer: the learning rate of which one."""

import ast
import inspect
import math
import re

from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.passed import find_passed
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.names.scope import names_of_frame
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.names.trying import spelled_module
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.compiling import argument_of_compile

_USUAL = ("SGD", "Adam")


def _number(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `compile(optimizer=0.01)`."""
    passed = find_passed(failure)
    found = None if passed is None else argument_of_compile(passed, "optimizer")
    rate = float(match["value"])
    if found is None or not 0 < rate < 10:
        return None
    code, node = found
    keras = spelled_module("keras.optimizers", names_of_frame(failure.scope))
    new = f"{keras}.{_kind(rate)}({code.source(node)})"
    changes: tuple[Change, ...] = ()
    if isinstance(node, (ast.Constant, ast.Name)):
        changes = (code.replaced(node, new),)
    return Mistake(
        "unknown-choice",
        _("`optimizer` got the number {value}, which may be its learning rate.").format(
            value=match["value"]
        ),
        "",
        _("Write the optimizer with it: `{code}`.").format(code=new),
        "optimizer",
        changes,
    )


def _kind(rate: float) -> str:
    """Returns the usual optimizer whose own learning rate is nearest to a number."""
    import keras

    def distance(name: str) -> float:
        parameters = inspect.signature(getattr(keras.optimizers, name)).parameters
        return abs(math.log(rate / float(parameters["learning_rate"].default)))

    return min(_USUAL, key=distance)


RULES: tuple[Rule, ...] = (
    rule(
        "unknown-choice",
        r"Could not interpret optimizer identifier: (?P<value>\d*\.?\d+(?:e-?\d+)?)\s*$",
        _number,
    ),
)
