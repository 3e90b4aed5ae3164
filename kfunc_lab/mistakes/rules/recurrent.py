"""Mistakes with cells, states and fixed batches of recurrent layers."""

import ast
import re
from typing import Any

from kfunc_lab.graph.keras.nodes import is_symbolic
from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.passed import Passed, find_passed
from kfunc_lab.mistakes.failure import Failure, called_name, shape_of
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.rules.own.signature import called_expression, parses
from kfunc_lab.mistakes.rules.training.edits import mistake
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.statements.own_code import codes_of, spelled, value_of, variables

# ---------------------------------------------------------------------------------------------
# A cell in the place of a layer


def _cell(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Takes the layer of a cell, such as `GRU` for `GRUCell`."""
    import keras

    call, code = called_expression(failure), failure.source
    if call is None or code is None or called_name(failure.code) != "Bidirectional":
        return None  # `RNN` takes cells
    known = variables(failure.scope)
    for argument in [*call.args, *(word.value for word in call.keywords)]:
        kind = value_of(argument.func, known) if isinstance(argument, ast.Call) else None
        name = getattr(kind, "__name__", "")
        layer = getattr(keras.layers, name.removesuffix("Cell"), None)
        if not isinstance(argument, ast.Call) or not name.endswith("Cell") or layer is None:
            continue
        function = argument.func
        new = name.removesuffix("Cell")
        if isinstance(function, ast.Attribute):
            new = f"{code.source(function.value)}.{new}"
        elif new not in known:
            new = f"{spelled('layers', failure)}.{new}"
        change = code.replaced(function, new)
        return Mistake(
            "cell-for-layer",
            _("{layer} expects a layer that reads all steps, and {cell} reads one.").format(
                layer=called_name(failure.code), cell=name
            ),
            "",
            _("Write `{code}`.").format(
                code=code.source(argument).replace(code.source(function), new, 1)
            ),
            name,
            (change,) if parses([change]) else (),
        )
    return None


# ---------------------------------------------------------------------------------------------
# Fewer states than the layer has


def _one_state(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Passes both states of an LSTM, if its code passes one."""
    layer = failure.operation
    sizes = getattr(getattr(layer, "cell", None), "state_size", None)
    if not isinstance(sizes, (list, tuple)) or len(sizes) != 2:
        return None
    found = _initial_state(layer, failure)
    if found is None:
        return None
    code, node = found
    value = value_of(node, variables(failure.scope))
    shape = shape_of(value) if is_symbolic(value) else None
    if shape is None or len(shape) != 2 or shape[-1] != sizes[0]:
        return None
    source = code.source(node)
    change = code.replaced(node, f"[{source}, {source}]")
    return Mistake(
        "states",
        _("{layer} has two states, h and c, and `initial_state` is one tensor.").format(
            layer=title(failure)
        ),
        "1 < 2",
        _("Write `initial_state=[{x}, {x}]`, or compute each state with a layer.").format(
            x=source
        ),
        layer.name,
        (change,),
    )


def _initial_state(layer: Any, failure: Failure) -> tuple[Code, ast.expr] | None:
    """Returns the argument `initial_state` with which the code calls a layer."""
    known = variables(failure.scope)
    for code in codes_of(failure):
        found = []
        for call in code.calls:
            given = [word.value for word in call.keywords if word.arg == "initial_state"]
            if given and _calls(call, layer, known):
                found.append(given[0])
        if len(found) == 1 and isinstance(found[0], ast.Name):
            return code, found[0]
    return None


def _calls(call: ast.Call, layer: Any, known: Any) -> bool:
    """Returns whether a call runs a layer, as far as its source tells."""
    if not isinstance(call.func, ast.Call):
        return value_of(call.func, known) is layer
    names = [word.value for word in call.func.keywords if word.arg == "name"]
    if names:
        return isinstance(names[0], ast.Constant) and names[0].value == layer.name
    return called_name(ast.unparse(call.func)) == type(layer).__name__


# ---------------------------------------------------------------------------------------------
# A batch of another size than a stateful layer was built for


def _other_batch(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    count, found = int(match["expected"]), int(match["found"])
    if passed is None:
        return None
    reason = _("The model is stateful, with batches of {n} examples, and this batch has {m}.")
    edits = list(_in_batches(passed, count))
    if not edits:
        edits = [
            Edit(
                _(
                    "Pass {n} examples at a time, or build the model once more with "
                    "`batch_shape=(1, ...)` and give it the same weights."
                ).format(n=count)
            )
        ]
    words = reason.format(n=count, m=found)
    return mistake(failure, "fixed-batch", words, edits, f"{found} ≠ {count}", "x")


def _in_batches(passed: Passed, count: int) -> list[Edit]:
    """Returns the edit that passes whole batches of the fixed size."""
    code, x = passed.code, passed.node("x")
    total = (shape_of(passed.value("x")) or (0,))[0] or 0
    if code is None or x is None or passed.call is None or not total:
        return []
    changes: list[Change] = []
    if passed.value("batch_size") != count and passed.method in ("fit", "evaluate", "predict"):
        changes.append(code.with_argument(passed.call, "batch_size", str(count)))
    if total == 1 and passed.method == "predict":
        new = f"np.repeat({code.source(x)}, {count}, axis=0)"
        words = _(
            "Pass whole batches: `{code}` holds the example {n} times. Or build the model once "
            "more with `batch_shape=(1, ...)` and give it the same weights."
        ).format(code=new, n=count)
        return [Edit(words, (code.replaced(x, new), *changes))]
    if total < count:
        return []
    rest = total % count
    for role in ("x", "y", "sample_weight"):
        node = passed.node(role)
        if rest and node is not None:
            changes.append(code.replaced(node, f"{_operand(code, node)}[:{total - rest}]"))
    words = _("Pass whole batches: `batch_size={n}`.").format(n=count)
    if rest:
        words = _("Pass whole batches: `batch_size={n}`, and the first {m} examples.").format(
            n=count, m=total - rest
        )
    return [Edit(words, tuple(changes))] if changes and parses(changes) else []


def _operand(code: Code, node: ast.expr) -> str:
    source = code.source(node)
    simple = (ast.Name, ast.Attribute, ast.Subscript, ast.Call)
    return source if isinstance(node, simple) else f"({source})"


RULES: tuple[Rule, ...] = (
    rule(
        "cell-for-layer",
        r"could not be deserialized|go_backwards|return_sequences|object has no attribute",
        _cell,
    ),
    rule("states", r"list index out of range|tuple index out of range|not enough", _one_state),
    rule(
        "fixed-batch",
        r"RNN is stateful.*?Expected batch size: (?P<expected>\d+).*?"
        r"Received batch size: (?P<found>\d+)",
        _other_batch,
    ),
)
