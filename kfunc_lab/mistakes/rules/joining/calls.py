"""A layer of a finished model, or a model with several outputs, is called in a wrong way."""

import ast
import re
from typing import Any

from kfunc_lab.graph.keras import nodes
from kfunc_lab.graph.keras.dry_run import traced
from kfunc_lab.graph.keras.nodes import has_history
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, name_of, shape_of
from kfunc_lab.mistakes.rule import Mistake, Rule, factors, product, rule, title, written
from kfunc_lab.mistakes.rules.own.signature import called_expression
from kfunc_lab.mistakes.source.code import begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import spelled, value_of, variables


def _decoder(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Applies all layers of a decoder that was taken out of a model, not only the last."""
    call, code = called_expression(failure), failure.source
    if call is None or code is None or len(call.args) != 1:
        return None
    taken = call.func
    if not isinstance(taken, ast.Subscript) or not isinstance(taken.value, ast.Attribute):
        return None
    model = value_of(taken.value.value, variables(failure.scope))
    layers = list(getattr(model, "layers", ()))
    index = next((n for n, each in enumerate(layers) if each is failure.operation), -1)
    shape = shape_of(failure.tensors[0]) if failure.tensors else None
    start = None if shape is None else _start(layers, index, shape)
    if start is None:
        return None
    owner = code.source(taken.value)
    count = len(layers)
    new = code.source(call.args[0])
    for position in range(start, index):
        new = f"{owner}[{position - count}]({new})"
    return Mistake(
        "decoder-layers",
        _("{layer} is only the last layer of the part that begins with {first}.").format(
            layer=title(failure), first=name_of(layers[start])
        ),
        "",
        _("Apply the layers before it too: `{callee}({new})`.").format(
            callee=code.source(taken), new=new
        ),
        failure.name,
        (code.replaced(call.args[0], new),),
    )


def _start(layers: list[Any], index: int, shape: tuple[int | None, ...]) -> int | None:
    """Returns the last layer before `index` from which a tensor reaches that layer."""
    starts = range(index - 1, -1, -1)
    return next((start for start in starts if _leads(layers[start : index + 1], shape)), None)


def _leads(layers: list[Any], shape: tuple[int | None, ...]) -> bool:
    """Returns whether layers accept a shape, one after the other."""
    try:
        for layer in layers:
            shape = traced(layer, [shape])[0].shape or ()
    except Exception:  # a layer does not accept the shape
        return False
    return True


def _several_outputs(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Takes one tensor of a model that returns several."""
    call, code = called_expression(failure), failure.source
    if call is None or code is None or len(call.args) != 1 or int(match["expected"]) != 1:
        return None
    argument = call.args[0]
    if isinstance(argument, (ast.List, ast.Tuple)) or len(failure.tensors) < 2:
        return None
    wanted = _wanted(failure.operation)
    fitting = [n for n, each in enumerate(failure.tensors) if _matches(shape_of(each), wanted)]
    if not fitting:
        return None
    # A layer returns its result first, and an encoder its sample last.
    made = nodes.node_of(failure.tensors[0]) if has_history(failure.tensors[0]) else None
    if made is not None and getattr(made.operation, "return_state", False):
        return None  # its states belong in a recurrent layer
    index = fitting[-1] if made is None or is_model(made.operation) else fitting[0]
    new = f"{code.source(argument)}[{index}]"
    return Mistake(
        "input-count",
        _("{model} expects one input, got {found}.").format(
            model=title(failure), found=len(failure.tensors)
        ),
        f"{len(failure.tensors)} ≠ 1",
        _("`{code}` is a list of tensors; take the one that you mean: `{new}`.").format(
            code=code.source(argument), new=new
        ),
        failure.name,
        (code.replaced(argument, new),),
    )


def is_model(operation: Any) -> bool:
    """Returns whether an operation is a whole model."""
    import keras

    return isinstance(operation, keras.Model)


def _reshaped(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Gives the output of one model the shape of the input of the next."""
    call, code = called_expression(failure), failure.source
    wanted = _wanted(failure.operation)
    if call is None or code is None or wanted is None or len(call.args) != 1:
        return None
    have = shape_of(failure.tensors[0]) if len(failure.tensors) == 1 else None
    if have is None or not is_model(failure.operation) or not has_history(failure.tensors[0]):
        return None
    sizes = (have[1:], wanted[1:])
    if None in (*sizes[0], *sizes[1]) or product(sizes[0]) != product(sizes[1]):
        return None
    if sorted(map(str, sizes[0])) == sorted(map(str, sizes[1])):
        return None  # the axes are in another order
    layers, new = spelled("layers", failure), written(wanted[1:])
    wrapped = f"{layers}.Reshape({new})"
    return Mistake(
        "wrong-input-shape",
        _("{model} expects the shape {wanted} for each example, got {have}.").format(
            model=title(failure), wanted=new, have=written(have[1:])
        ),
        f"{factors(wanted[1:])}",
        _("Put a layer between them: `{new}`.").format(
            new=f"{wrapped}({code.source(call.args[0])})"
        ),
        failure.name,
        (code.wrapped(call.args[0], wrapped),),
    )


def _wanted(operation: Any) -> tuple[int | None, ...] | None:
    inputs = getattr(operation, "inputs", None) or []
    return shape_of(inputs[0]) if len(inputs) == 1 else None


def _matches(
    shape: tuple[int | None, ...] | None, wanted: tuple[int | None, ...] | None
) -> bool:
    if wanted is None or shape is None:
        return shape is not None
    return len(shape) == len(wanted) and all(
        None in (a, b) or a == b for a, b in zip(shape, wanted, strict=True)
    )


def _one_by_one(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Passes the tensors of a model with several inputs in one list."""
    call, code = called_expression(failure), failure.source
    expected = int(match["expected"])
    if call is None or code is None or expected < 2 or len(call.args) != expected:
        return None
    inputs = getattr(failure.operation, "inputs", None) or []
    shapes = [shape_of(each) for each in inputs]
    given = [shape_of(each) for each in failure.tensors]
    if len(given) != len(shapes) or not all(map(_matches, given, shapes)):
        return None
    listed = f"[{', '.join(map(code.source, call.args))}]"
    whole = Change(code.file, begin_of(call.args[0]), end_of(call.args[-1]), listed)
    return Mistake(
        "input-count",
        _("{model} takes its {n} inputs in one list, got {n} arguments.").format(
            model=title(failure), n=expected
        ),
        "",
        _("Write `{callee}({tensors})`.").format(callee=code.source(call.func), tensors=listed),
        failure.name,
        (whole,),
    )


_COUNT = (
    r"expects (?P<expected>\d+) (?:named )?input\(s\)(?: with keys \[.*?\])?, but it received "
    r"(?P<found>\d+)"
)

RULES: tuple[Rule, ...] = (
    rule(
        "decoder-layers",
        r"expected axis -?\d+ of input shape to have value|expected shape=",
        _decoder,
    ),
    rule("wrong-input-shape", r"expected shape=", _reshaped),
    rule("input-count", _COUNT, _several_outputs),
    rule("input-count", _COUNT, _one_by_one),
)
