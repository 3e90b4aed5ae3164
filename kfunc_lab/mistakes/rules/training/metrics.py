"""Mistakes in metrics: their targets have another shape, and own metrics that hold no state."""

import ast
import re
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.cells import definition
from kfunc_lab.mistakes.data.mending import tried
from kfunc_lab.mistakes.data.passed import Passed, find_passed, value_of
from kfunc_lab.mistakes.data.wanted import wanted_outputs
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.training.edits import mistake
from kfunc_lab.mistakes.source.code import begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.statements.compiling import (
    argument_of_compile,
    loss_name,
    other_loss,
)

_ONE_HOT = ("Precision", "Recall", "AUC", "F1Score", "FBetaScore", "CategoricalAccuracy")


def _metric_nodes(passed: Passed) -> list[tuple[Any, ast.expr, str]]:
    """Returns each metric in the learner's `compile`: its source, and its class or name."""
    found = argument_of_compile(passed, "metrics")
    if found is None:
        return []
    code, node = found
    items = node.elts if isinstance(node, (ast.List, ast.Tuple)) else [node]
    named = []
    for item in items:
        value = value_of(item, passed.scope)
        name = value if isinstance(value, str) else ""
        if isinstance(item, ast.Call):
            name = code.source(item.func).rpartition(".")[2]
        elif not name and value is not None:
            name = type(value).__name__
        named.append((code, item, name))
    return named


def _one_hot(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a metric that compares one-hot columns, beside targets that are class numbers."""
    passed = find_passed(failure)
    outputs = [] if passed is None else wanted_outputs(passed.model)
    if passed is None or len(outputs) != 1:
        return None
    loss, units = loss_name(passed.model), outputs[0].shape[-1]
    for code, node, name in _metric_nodes(passed):
        kind = "".join(part.title() for part in name.split("_")) if name.islower() else name
        if "sparse" in loss and kind in _ONE_HOT and units and units > 1:
            return _to_categorical(failure, passed, kind, units)
        if loss == "categorical_crossentropy" and "sparse" in name.lower():
            right = '"categorical_accuracy"'
            reason = _("{metric} counts class numbers, and the targets are one-hot.")
            edit = Edit(_("Write `{code}`.").format(code=right), (code.replaced(node, right),))
            return mistake(
                failure, "metric-shape", reason.format(metric=name), [edit], where="metrics"
            )
        if kind == "MeanIoU" and isinstance(node, ast.Call):
            reason = _("{metric} compares class numbers, and the output holds probabilities.")
            change = code.with_argument(node, "sparse_y_pred", "False")
            edit = Edit(_("Set `sparse_y_pred=False` in it."), (change,))
            return mistake(
                failure, "metric-shape", reason.format(metric=kind), [edit], where="metrics"
            )
    return None


def _to_categorical(failure: Failure, passed: Passed, kind: str, units: int) -> Mistake:
    template = f"keras.utils.to_categorical({{y}}, {units})"
    made = tried(template, y=passed.value("y"))
    reason = _(
        "{metric} compares the output with one column for each class, and the targets are class "
        "numbers."
    ).format(metric=kind)
    edits = []
    node = passed.node("y")
    if made is not None and node is not None and passed.code is not None:
        y = passed.code.source(node)
        new = template.replace("{y}", y)
        words = _("Pass one-hot targets, `{code}`, and write `loss={loss}`.").format(
            code=new, loss='"categorical_crossentropy"'
        )
        changes = (
            passed.code.replaced(node, new),
            *other_loss(passed, "categorical_crossentropy"),
        )
        edits.append(Edit(words, changes))
    return mistake(failure, "metric-shape", reason, edits, where="metrics")


def _assigned_state(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a metric that replaces its variable instead of assigning to it."""
    passed = find_passed(failure)
    if passed is None or passed.code is None:
        return None
    for _code, _node, name in _metric_nodes(passed):
        made = definition(name, passed.code.file)
        if made is None or not isinstance(made[1], ast.ClassDef):
            continue
        code, cls = made
        for node in ast.walk(cls):
            if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
                target, value = code.source(node.target), code.source(node.value)
                new = f"{target}.assign_add({value})"
                reason = _(
                    "{name} replaces its variable {target} by a tensor of the graph, which is "
                    "gone after the step."
                ).format(name=name, target=target)
                edit = Edit(_("Write `{code}`.").format(code=new), (code.replaced(node, new),))
                return mistake(failure, "metric-state", reason, [edit], where="metrics")
    return None


def _weight_name(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `add_weight("total")` in a metric: the shape comes first now."""
    code, call = failure.source, failure.expression
    if code is None or not isinstance(call, ast.Call) or failure.kind != "add_weight":
        return None
    if not call.args or not isinstance(call.args[0], ast.Constant):
        return None
    first = call.args[0]
    change = Change(code.file, begin_of(first), end_of(first), f"name={code.source(first)}")
    reason = _("The first argument of `add_weight` is the shape; the name has a keyword.")
    edit = Edit(
        _("Write `add_weight({code}, ...)`.").format(code=f"name={code.source(first)}"),
        (change,),
    )
    return mistake(failure, "metric-state", reason, [edit])


def _no_super(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a metric whose `__init__` does not call that of Keras."""
    code, expression = failure.source, failure.expression
    node: Any = expression
    while code is not None and node is not None and not isinstance(node, ast.FunctionDef):
        node = code.parents.get(node)
    if code is None or node is None or node.name != "__init__" or failure.operation is not None:
        return None
    reason = _("`__init__` must call that of Keras before it makes variables.")
    words = _("Write `{code}` first.").format(code="super().__init__()")
    change = code.line_before(node.body[0], "super().__init__()")
    return mistake(failure, "no-super", reason, [Edit(words, (change,))])


RULES: tuple[Rule, ...] = (
    rule(
        "metric-shape",
        r"Graph execution error|expects 2D inputs|Incompatible shapes|Dimensions must",
        _one_hot,
    ),
    rule("metric-state", r"is out of scope and cannot be used here", _assigned_state),
    rule(
        "metric-state",
        r"Cannot convert '\w+' to a shape|must be passed as a keyword",
        _weight_name,
    ),
    rule("no-super", r"forgot to call `super\(\)\.__init__\(\)`", _no_super),
)
