"""What the methods of a learner's layer return: nothing, or no tensors."""

import ast
import inspect
import re
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.rules.own.inputs import reading_function
from kfunc_lab.mistakes.rules.own.signature import called_expression, parses
from kfunc_lab.mistakes.source.code import Code, begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import (
    OwnClass,
    OwnFunction,
    is_own,
    spelled,
    value_of,
    variables,
)

# ---------------------------------------------------------------------------------------------
# Nothing


def _nothing(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Finds the function that lacks its `return`, if a layer gets `None`."""
    call, code = called_expression(failure), failure.source
    if call is None or code is None:
        return None
    for argument in _flat(call.args):
        made = _maker_of(argument, call, code)
        found = None if made is None else _function_called(made, failure)
        if found is not None and not found[1].returns():
            return _lacks_return(*found, failure)
    return None


def _flat(arguments: list[ast.expr]) -> list[ast.expr]:
    found: list[ast.expr] = []
    for argument in arguments:
        if isinstance(argument, (ast.List, ast.Tuple)):
            found += _flat(argument.elts)
        else:
            found.append(argument)
    return found


def _maker_of(argument: ast.expr, call: ast.Call, code: Code) -> ast.Call | None:
    """Returns the call whose result an argument holds: itself, or the last one assigned."""
    if isinstance(argument, ast.Call):
        return argument
    if not isinstance(argument, ast.Name):
        return None
    assigned = [
        node
        for node in ast.walk(code.tree)
        if isinstance(node, ast.Assign)
        and end_of(node) <= begin_of(call)
        and any(
            isinstance(target, ast.Name) and target.id == argument.id for target in node.targets
        )
    ]
    last = max(assigned, key=begin_of, default=None)
    return last.value if last is not None and isinstance(last.value, ast.Call) else None


def _function_called(call: ast.Call, failure: Failure) -> tuple[str, OwnFunction] | None:
    """Returns the name of the learner's function or layer that a call runs, and its source."""
    known = variables(failure.scope)
    target = call.func.func if isinstance(call.func, ast.Call) else call.func
    value = value_of(target, known)
    if inspect.isfunction(value):
        function = OwnFunction.of(value)
        return None if function is None else (value.__name__, function)
    own = None if value is None else OwnClass.of(value)
    method = None if own is None else own.method("call")
    return None if own is None or method is None else (own.node.name, method)


def _lacks_return(name: str, function: OwnFunction, failure: Failure) -> Mistake:
    result, change = _with_return(function)
    reason = _("{layer} got None, because `{name}` returns nothing.")
    if getattr(function.node, "name", "") == "call":
        reason = _("{layer} got None, because `call` of {name} returns nothing.")
    edit = _("End it with a `return`.")
    if result:
        edit = _("End it with `return {result}`.").format(result=result)
    return Mistake(
        "missing-return",
        reason.format(layer=title(failure), name=name),
        "",
        edit,
        name,
        () if change is None or not parses([change]) else (change,),
    )


def _own_result(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Finds a `Lambda` or a model of the learner whose function returns nothing."""
    function = reading_function(failure)
    if function is None or isinstance(function.node, ast.Lambda) or function.returns():
        return None
    if failure.kind != "Lambda":
        return _call_returns_nothing(function, failure)
    return _lacks_return(function.node.name, function, failure)


def _only_acts(value: ast.expr) -> bool:
    """Returns whether a call is made for what it does, and not for its result."""
    name = getattr(getattr(value, "func", None), "attr", getattr(value, "id", ""))
    return name in ("add_loss", "append", "assign", "assign_add", "update_state", "print")


def _with_return(function: OwnFunction) -> tuple[str, Change | None]:
    """Returns the value of a function's last statement, and the change that returns it."""
    last = function.node.body[-1] if isinstance(function.node.body, list) else None
    if isinstance(last, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        target = last.targets[0] if isinstance(last, ast.Assign) else last.target
        if isinstance(target, (ast.Name, ast.Tuple)):
            source = function.code.source(target)
            return source, function.code.line_after(last, f"return {source}")
    if isinstance(last, ast.Return) and last.value is None:
        return "", None
    if isinstance(last, ast.Expr) and _only_acts(last.value) and function.parameters:
        name = function.parameters[0].arg
        result = (function.unpacked(name) or [name])[0]
        return result, function.code.line_after(last, f"return {result}")
    if isinstance(last, ast.Expr) and not isinstance(last.value, ast.Constant):
        begin = begin_of(last)
        change = Change(function.code.file, begin, begin, "return ")
        return function.code.source(last.value), change
    return "", None


# ---------------------------------------------------------------------------------------------
# Arrays and other values


def _no_tensor(match: re.Match[str], failure: Failure) -> Mistake | None:
    own = OwnClass.of(failure.operation) if is_own(failure.operation) else None
    function = None if own is None else own.method("call")
    if own is None or function is None:
        return None
    if not function.returns():
        return _call_returns_nothing(function, failure)
    changes = tuple(
        change
        for statement in function.returns()
        for change in _as_tensors(statement, function, failure)
    )
    ops = spelled("ops", failure)
    edit = _("Compute it with `{ops}`, from the tensors that `call` gets.").format(ops=ops)
    if changes:
        edit = _("Write `{new}`.").format(new=changes[0].new)
    return Mistake(
        "no-tensor-returned",
        _("`call` of {layer} returns an array or another Python value, and no tensor.").format(
            layer=title(failure)
        ),
        "",
        edit,
        failure.name,
        changes,
    )


def _as_tensors(statement: ast.Return, function: OwnFunction, failure: Failure) -> list[Change]:
    """Replaces functions of NumPy by those of `keras.ops` with the same name."""
    import keras
    import numpy

    known, changes = variables(failure.scope), []
    used = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    if not used.intersection(each.arg for each in function.parameters):
        return []  # a constant of a fixed batch would fit no other batch
    for node in ast.walk(statement):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and value_of(node.func.value, known) is numpy
            and callable(getattr(keras.ops, node.func.attr, None))
        ):
            new = f"{spelled('ops', failure)}.{node.func.attr}"
            changes.append(function.code.replaced(node.func, new))
    return changes


def _call_returns_nothing(function: OwnFunction, failure: Failure) -> Mistake:
    result, change = _with_return(function)
    edit = _("End it with a `return`.")
    if result:
        edit = _("End it with `return {result}`.").format(result=result)
    return Mistake(
        "missing-return",
        _("`call` of {layer} returns nothing.").format(layer=title(failure)),
        "",
        edit,
        failure.name,
        () if change is None or not parses([change]) else (change,),
    )


# ---------------------------------------------------------------------------------------------
# The other methods


def _mask_method(match: re.Match[str], failure: Failure) -> Mistake | None:
    own = OwnClass.of(failure.operation) if is_own(failure.operation) else None
    function = None if own is None else own.method("compute_mask")
    if function is None or len(function.parameters) != 1:
        return None
    last = function.parameters[0]
    end = end_of(last)
    return Mistake(
        "call-signature",
        _("Keras passes the inputs and their mask to `compute_mask` of {layer}.").format(
            layer=title(failure)
        ),
        "",
        _("Write `def compute_mask(self, {first}, mask=None)`.").format(first=last.arg),
        "mask",
        (Change(function.code.file, end, end, ", mask=None"),),
    )


def _output_shape(match: re.Match[str], failure: Failure) -> Mistake | None:
    own = OwnClass.of(failure.operation) if is_own(failure.operation) else None
    function = None if own is None else own.method("compute_output_shape")
    if function is None:
        return None
    reason = _("`compute_output_shape` of {layer} must return a tuple, got {value}.").format(
        layer=title(failure), value=match["value"].strip()
    )
    result, change = _with_return(function)
    if not function.returns():
        edit = _("End it with `return {result}`.").format(result=result) if result else ""
        changes = (change,) if change is not None and parses([change]) else ()
        return Mistake("missing-return", reason, "", edit, failure.name, changes)
    value: Any = function.returns()[-1].value
    if not match["value"].strip().isdigit() or not function.parameters:
        return Mistake("output-shape", reason, "", "", failure.name)
    shape = function.parameters[0].arg
    new = f"(*{shape}[:-1], {function.code.source(value)})"
    return Mistake(
        "output-shape",
        reason,
        "",
        _("Return the whole shape, with the batch: `{new}`.").format(new=new),
        failure.name,
        (function.code.replaced(value, new),),
    )


RULES: tuple[Rule, ...] = (
    rule("missing-return", r"Inputs to a layer should be tensors\. Got 'None'", _nothing),
    rule(
        "missing-return",
        r"'NoneType' object has no attribute|None values not supported|"
        r"unsupported operand type\(s\)[^\n]*NoneType",
        _own_result,
    ),
    rule("missing-return", r"Only input tensors.*?keyword argument: None \(of type", _nothing),
    rule(
        "no-tensor-returned",
        r"All operation outputs must be tensors.*?returned a non-tensor",
        _no_tensor,
    ),
    rule("call-signature", r"compute_mask\(\) takes \d+ positional argument", _mask_method),
    rule(
        "output-shape",
        r"Method `compute_output_shape\(\)`.*?It should return a shape tuple\. "
        r"Received: (?P<value>[^\n]*)",
        _output_shape,
    ),
)
