"""A model stands where a tensor is needed: a base, a tower, or an untaken output."""

import ast
import inspect
import re
from typing import Any

from kfunc_lab.graph.keras.nodes import is_symbolic
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, shape_of
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.rules.own.signature import called_expression, parses
from kfunc_lab.mistakes.source.code import begin_of
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import OwnFunction, value_of, variables, within


def _model_given(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a model among the arguments of a layer."""
    call, code = called_expression(failure), failure.source
    if call is None or code is None:
        return None
    known = variables(failure.scope)
    given = [node for node in _arguments(call) if _is_model(value_of(node, known))]
    if not given:
        return _untaken_result(call, failure)
    return _models_given(given, call, failure)


def _models_given(given: list[ast.expr], used: ast.expr, failure: Failure) -> Mistake | None:
    found = [_tower(node, used, failure) for node in given]
    towers = [tower for tower in found if tower is not None]
    if len(towers) == len(given):
        return _tower_mistake(towers, failure)
    return _without_output(given, failure)


def _operands(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains two models that the code computes with, as if they were tensors."""
    node, known = failure.expression, variables(failure.scope)
    if not isinstance(node, ast.BinOp):
        return None
    given = [each for each in (node.left, node.right) if _is_model(value_of(each, known))]
    return _models_given(given, node, failure) if given else None


def _untaken_result(call: ast.Call, failure: Failure) -> Mistake | None:
    """Explains a model that a function made among the arguments."""
    code = failure.source
    made = [node for node in _arguments(call) if isinstance(node, ast.Call)]
    models = [value for value in failure.layers if _is_model(value)]
    if code is None or not made or not (models or failure.stage == "model"):
        return None
    towers = [_tower(node, call, failure) for node in made]
    found = [tower for tower in towers if tower is not None]
    if len(found) == len(made):
        return _tower_mistake(found, failure)
    if not models:
        return None
    source = code.source(made[0])
    return Mistake(
        "model-for-tensor",
        _("{layer} expects a tensor, and {name} is a model.").format(
            layer=title(failure), name=f"`{source}`"
        ),
        "",
        _("Call the model on a tensor: `{name}(x)`.").format(name=source),
        models[0].name,
    )


def _arguments(call: ast.Call) -> list[ast.expr]:
    found: list[ast.expr] = []
    for argument in call.args:
        inner = argument.elts if isinstance(argument, (ast.List, ast.Tuple)) else [argument]
        found += inner
    return found


def _is_model(value: Any) -> bool:
    import keras

    return isinstance(value, keras.Model)


def _without_output(nodes: list[ast.expr], failure: Failure) -> Mistake | None:
    """Takes the output of a model that has its own input."""
    code = failure.source
    if code is None:
        return None
    known, names = variables(failure.scope), []
    changes: list[Change] = []
    for node in nodes:
        model = value_of(node, known)
        outputs = getattr(model, "outputs", None) or []
        if len(outputs) != 1 or not is_symbolic(outputs[0]):
            return _never_called(code.source(node), failure)
        attribute = "output" if _has_output(model) else "outputs[0]"
        names.append(code.source(node))
        changes.append(code.replaced(node, f"{code.source(node)}.{attribute}"))
    first = names[0]
    return Mistake(
        "model-for-tensor",
        _("{layer} expects a tensor, and {name} is a model.").format(
            layer=title(failure), name=", ".join(names)
        ),
        "",
        _("Write `{new}`, its output; or call it on a tensor: `{name}(x)`.").format(
            new=changes[0].new, name=first
        ),
        first,
        tuple(changes),
    )


def _never_called(name: str, failure: Failure) -> Mistake:
    return Mistake(
        "model-for-tensor",
        _("`{name}` is a model that was never called, and a tensor is needed.").format(
            name=name
        ),
        "",
        _("Call the model on a tensor: `{name}(x)`.").format(name=name),
        failure.name,
    )


def _has_output(model: Any) -> bool:
    import keras

    if isinstance(model, keras.Sequential):
        return False  # its `output` is the one of a call in another model
    try:
        return is_symbolic(model.output)
    except (AttributeError, ValueError):
        return False


# ---------------------------------------------------------------------------------------------
# A function that makes a tower


class _Tower:
    """A model that a function of the learner made from a tensor.

    Attributes:
        name: The variable that holds the model.
        call: The call of the function.
        tensor: The argument that is a tensor.
        function: The function.
        model: The model.
    """

    def __init__(
        self, name: str, call: ast.Call, tensor: ast.expr, function: OwnFunction, model: Any
    ) -> None:
        self.name = name
        self.call = call
        self.tensor = tensor
        self.function = function
        self.model = model


def _tower(node: ast.expr, used: ast.expr, failure: Failure) -> _Tower | None:
    """Returns the tower that an argument holds, if a function got a tensor and made a model."""
    code, known = failure.source, variables(failure.scope)
    call = node if isinstance(node, ast.Call) else None
    if code is None:
        return None
    if isinstance(node, ast.Name):
        call = _assigned(node.id, used, failure)
    if call is None or not isinstance(call.func, ast.Name):
        return None
    function = known.get(call.func.id)
    own = OwnFunction.of(function) if inspect.isfunction(function) else None
    tensors = [each for each in call.args if is_symbolic(value_of(each, known))]
    if own is None or len(tensors) != 1:
        return None
    name = node.id if isinstance(node, ast.Name) else ""
    return _Tower(name, call, tensors[0], own, known.get(name))


def _assigned(name: str, before: ast.expr, failure: Failure) -> ast.Call | None:
    """Returns the call whose result a variable got last."""
    found: list[tuple[ast.Assign, ast.expr]] = []
    for statement in ast.walk(failure.source.tree) if failure.source else ():
        if not isinstance(statement, ast.Assign) or begin_of(statement) >= begin_of(before):
            continue
        target, value = statement.targets[0], statement.value
        pairs = [(target, value)]
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = list(zip(target.elts, value.elts, strict=False))
        found += [
            (statement, each)
            for part, each in pairs
            if isinstance(part, ast.Name) and part.id == name
        ]
    last = max(found, key=lambda pair: begin_of(pair[0]), default=None)
    return last[1] if last is not None and isinstance(last[1], ast.Call) else None


def _tower_mistake(towers: list[_Tower], failure: Failure) -> Mistake | None:
    first = towers[0]
    name = getattr(first.call.func, "id", "")
    returned = _model_of_parameter(first)
    if returned is not None:
        return _returns_tensor(name, first, returned, failure)
    shape = shape_of(value_of(first.tensor, variables(failure.scope)))
    if shape is None:
        return None
    calls = ", ".join(f"net({failure.source.source(each.tensor)})" for each in towers)  # type: ignore[union-attr]
    return Mistake(
        "tower-model",
        _(
            "`{name}` returns a model, which was never called on the tensor; and each call of "
            "`{name}` makes new weights."
        ).format(name=name),
        "",
        _("Make the model once, `net = {name}({shape})`, and call it: `{calls}`.").format(
            name=name, shape=_given(first, shape, failure), calls=calls
        ),
        name,
        _called_once(towers, shape, failure),
    )


def _model_of_parameter(tower: _Tower) -> tuple[ast.Return, ast.expr] | None:
    """Returns the `return` of a function whose model begins at its parameter."""
    parameters = [each.arg for each in tower.function.parameters]
    for statement in tower.function.returns():
        value = statement.value
        if not isinstance(value, ast.Call) or len(value.args) < 2:
            continue
        begin = value.args[0]
        if isinstance(begin, ast.Name) and begin.id in parameters:
            return statement, value.args[1]
    return None


def _returns_tensor(
    name: str, tower: _Tower, returned: tuple[ast.Return, ast.expr], failure: Failure
) -> Mistake:
    statement, tensor = returned
    source = tower.function.code.source(tensor)
    change = tower.function.code.replaced(statement, f"return {source}")
    return Mistake(
        "tower-model",
        _("`{name}` returns a model, and {layer} expects a tensor.").format(
            name=name, layer=title(failure)
        ),
        "",
        _("Return the tensor: `return {tensor}`.").format(tensor=source),
        name,
        (change,),
    )


def _given(tower: _Tower, shape: tuple[int | None, ...], failure: Failure) -> str:
    """Returns the arguments with which the function makes a model that belongs to no tensor."""
    code = failure.source
    given = [
        str(shape[1:]) if argument is tower.tensor or code is None else code.source(argument)
        for argument in tower.call.args
    ]
    return ", ".join(given)


def _called_once(
    towers: list[_Tower], shape: tuple[int | None, ...], failure: Failure
) -> tuple[Change, ...]:
    """Makes the model before the first tower, and calls it on each tensor."""
    code = failure.source
    known = variables(failure.scope)
    if code is None or "net" in known or _uses_as_tensor(towers[0]):
        return ()
    shapes = [shape_of(value_of(each.tensor, known)) for each in towers]
    if any(each != shape for each in shapes) or any(word for word in towers[0].call.keywords):
        return ()
    name = code.source(towers[0].call.func)
    first = min((each.call for each in towers), key=begin_of)
    line = f"net = {name}({_given(towers[0], shape, failure)})"
    changes = [code.line_before(first, line)]
    changes += [code.replaced(each.call, f"net({code.source(each.tensor)})") for each in towers]
    return tuple(changes) if parses(changes) else ()


def _uses_as_tensor(tower: _Tower) -> bool:
    """Returns whether the function calls a layer on its parameter."""
    parameters = {each.arg for each in tower.function.parameters}
    for node in within(tower.function.node):
        names = [getattr(each, "id", "") for each in getattr(node, "args", ())]
        is_layer = isinstance(node, ast.Call) and isinstance(node.func, ast.Call)
        if is_layer and parameters.intersection(names):
            return True
    return False


def _tensor_for_shape(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a tensor that a function passes to `keras.Input` as a shape."""
    if failure.kind != "Input" or not failure.callers:
        return None
    caller = failure.callers[0]
    call, code = caller.expression, caller.source
    if not isinstance(call, ast.Call) or code is None or len(call.args) != 1:
        return None
    shape = shape_of(value_of(call.args[0], variables(caller.scope)))
    if shape is None:
        return None
    name, tensor = code.source(call.func), code.source(call.args[0])
    new = f"{name}({shape[1:]})({tensor})"
    return Mistake(
        "input-shape",
        _(
            "`{name}` makes a `keras.Input` of its own, which needs a shape, got a tensor."
        ).format(name=name),
        "",
        _("Write `{new}`: make the model from the shape, then call it on the tensor.").format(
            new=new
        ),
        "shape",
        (code.replaced(call, new),),
    )


_CALLED = (
    r"Only input tensors may be passed as positional arguments.*?argument: <(?P<kind>\w+) "
)

RULES: tuple[Rule, ...] = (
    rule("model-for-tensor", _CALLED, _model_given),
    rule(
        "model-for-tensor",
        r"All `?outputs`? values must be KerasTensors.*?including invalid value <"
        r"(?:Sequential|Functional) ",
        _model_given,
    ),
    rule("model-for-tensor", r"Inputs to a layer should be tensors\. Got '<\w+ ", _model_given),
    rule(
        "model-for-tensor",
        r"unsupported operand type\(s\) for \S+: '\w+' and '\w+'",
        _operands,
    ),
    rule(
        "input-shape",
        r"Iterating over a symbolic KerasTensor|Cannot convert '<KerasTensor",
        _tensor_for_shape,
    ),
)
