"""Objects of another Keras: `tf_keras`, `tensorflow.python.keras`, or TensorFlow Hub."""

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.names.nearest import exists, today, value_of
from kfunc_lab.mistakes.names.scope import Evaluator, dotted, short_name
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.names.trying import failing_node, is_refuted, names_of
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change

_TRAINING = "tensorflow.python.training"  # the optimizers of TensorFlow 1
_OTHERS = ("tensorflow.python.keras", "tf_keras", "keras_core", "tensorflow_hub", _TRAINING)
_MODULES = {
    "optimizer": "keras.optimizers", "layers": "keras.layers", "losses": "keras.losses",
    "metrics": "keras.metrics", "callbacks": "keras.callbacks", "models": "keras",
    "engine": "keras", "initializers": "keras.initializers",
    "regularizers": "keras.regularizers", "activations": "keras.activations",
}  # fmt: skip


def is_of_other_keras(value: Any) -> str:
    """Returns the package of another Keras that a class or object is of; empty if of none."""
    kind: Any = value
    if not isinstance(value, type) and not inspect.isfunction(value):
        kind = type(value)
    module = str(getattr(kind, "__module__", "") or "")
    return next((each for each in _OTHERS if module.startswith(each)), "")


def _foreign(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains an error about an object of another Keras in the failing call."""
    code, node = failure.source, failing_node(failure)
    if code is None or node is None:
        return None
    found = next(iter(_found(failure, code, node)), None)
    if found is None:
        return None
    value, package, origin = found
    name = value.__name__ if hasattr(value, "__name__") else type(value).__name__
    place = _place(value, name)
    reason = _("`{name}` is of another Keras, `{package}`: Keras 3 does not take its objects.")
    if package == "tensorflow_hub":
        reason = _("`{name}` of `{package}` is a layer of an older Keras.")
    if package == _TRAINING:
        reason = _(
            "`{name}` is of TensorFlow 1, `{package}`: Keras 3 does not take its objects."
        )
    words = {"name": name, "package": package, "place": place}
    if not place:
        edit = ""
        if package == "tensorflow_hub":
            edit = _("Call it in the `call` of a custom layer.")
        return Mistake("other-keras", reason.format(**words), "", edit, name)
    changes = _changes(failure, code, origin)
    if changes and is_refuted(failure, _call_of(code, changes), changes):
        changes = []
    return Mistake(
        "other-keras",
        reason.format(**words),
        "",
        _("Write `{place}` instead.").format(**words),
        name,
        tuple(changes),
    )


def _call_of(code: Code, changes: list[Change]) -> ast.AST | None:
    for call in code.calls:
        if (call.func.lineno, call.func.col_offset) == changes[-1].begin:
            return call
    return None


def _found(failure: Failure, code: Code, node: ast.AST) -> Iterator[tuple[Any, str, ast.AST]]:
    """Yields the objects of another Keras in an expression, and where each was named."""
    values = Evaluator(names_of(failure), calls=False)
    for part in ast.walk(node):
        if not isinstance(part, ast.Name | ast.Attribute):
            continue
        value = values.look_up(part)
        for each in value if type(value) in (list, tuple) else [value]:
            package = is_of_other_keras(each)
            if package:
                yield each, package, part
                break


def _place(value: Any, name: str) -> str:
    """Returns today's place of the class of an object of another Keras."""
    kind = value if isinstance(value, type) or inspect.isfunction(value) else type(value)
    module = str(kind.__module__)
    if name == "KerasTensor":
        return "keras.Input"
    if module.startswith(_TRAINING):
        short = name.removesuffix("Optimizer").replace("GradientDescent", "SGD")
        short = {"Momentum": "SGD", "RMSProp": "RMSprop"}.get(short, short)
        return f"keras.optimizers.{short}" if exists(f"keras.optimizers.{short}") else ""
    for part, place in _MODULES.items():
        if part in module and exists(f"{place}.{name}"):
            return f"{place}.{name}"
    place = today(f"keras.{name}")
    found = value_of(place) if place else None
    return place if isinstance(found, type) or callable(found) else ""


def _changes(failure: Failure, code: Code, origin: ast.AST) -> list[Change]:
    """Returns the changes of all expressions that name classes of another Keras."""
    target: ast.AST | None = origin
    parent = code.parents.get(origin)
    if not (isinstance(parent, ast.Call) and parent.func is origin):
        target = _constructor(failure, code, origin)
    if target is None:
        return []
    changes = [
        code.replaced(call.func, _spelled(failure, _place(made, made.__name__)))
        for call, made in _made(failure, code)
        if _place(made, made.__name__)
    ]
    names = names_of(failure)
    is_keras = short_name(names.get("keras")) == "keras"
    if not is_keras and any(change.new.startswith("keras.") for change in changes):
        top: Any = target
        while not isinstance(code.parents.get(top), ast.Module):
            top = code.parents[top]
        changes.insert(0, code.line_before(top, "import keras"))
    return changes


def _made(failure: Failure, code: Code) -> Iterator[tuple[ast.Call, Any]]:
    """Yields the calls in a file that make objects of another Keras."""
    values = Evaluator(names_of(failure), calls=False)
    for call in code.calls:
        made = values.look_up(call.func)
        if callable(made) and hasattr(made, "__name__") and is_of_other_keras(made):
            yield call, made


def _spelled(failure: Failure, place: str) -> str:
    """Returns a place by the learner's own name of its module."""
    module, _dot, name = place.rpartition(".")
    short = module.rpartition(".")[2]
    is_named = short_name(names_of(failure).get(short)) == module
    return f"{short}.{name}" if is_named and short != "keras" else place


def _constructor(failure: Failure, code: Code, origin: ast.AST) -> ast.AST | None:
    """Returns the class in the assignment that made a variable, in the same cell."""
    if not isinstance(origin, ast.Name):
        return None
    values = Evaluator(names_of(failure), calls=False)
    for statement in reversed(code.tree.body):
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
            continue
        if [dotted(each) for each in statement.targets] != [origin.id]:
            continue
        made = values.look_up(statement.value.func)
        return statement.value.func if is_of_other_keras(made) else None
    return None


def _legacy(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `keras.optimizers.legacy`."""
    node, code = failing_node(failure), failure.source
    if not isinstance(node, ast.Call) or code is None:
        return None
    name = dotted(node.func).rpartition(".")[2]
    if not exists(f"keras.optimizers.{name}"):
        return None
    new = code.source(node.func).replace(".legacy.", ".")
    if "legacy" not in code.source(node.func):
        new = f"keras.optimizers.{name}"
    change = code.replaced(node.func, new)
    if is_refuted(failure, node, [change]):
        return None
    return Mistake(
        "old-name",
        _("`keras.optimizers.legacy` has no optimizers in Keras 3."),
        "",
        _("Write `{code}`.").format(code=f"{new}(...)"),
        name,
        (change,),
    )


RULES: tuple[Rule, ...] = (
    rule("old-name", r"`keras\.optimizers\.legacy` is not supported", _legacy),
    rule("other-keras", r"", _foreign),
)
