"""Tensors of one graph that are used in another: nested models and new inputs."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kfunc_lab.graph.keras.nodes import (
    ancestors,
    functional_of,
    has_history,
    node_of,
    nodes_of,
)
from kfunc_lab.locale import _
from kfunc_lab.mistakes.code import Code
from kfunc_lab.mistakes.edit import Change
from kfunc_lab.mistakes.failure import Failure, name_of, shape_of
from kfunc_lab.mistakes.own_code import value_of, variables
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.rules.own.signature import called_expression, parses


@dataclass(frozen=True)
class _Inner:
    """An expression for a tensor inside a model, such as `base.get_layer("conv").output`.

    Attributes:
        node: The expression.
        tensor: The tensor.
        owner: The expression of the model.
        model: The model.
    """

    node: ast.expr
    tensor: Any
    owner: ast.expr
    model: Any


def _disconnected(match: re.Match[str], failure: Failure) -> Mistake | None:
    call, code = called_expression(failure), failure.source
    parts = None if call is None else _arguments(call)
    if call is None or code is None or parts is None or failure.scope is None:
        return None
    known = variables(failure.scope)
    inputs = _input_tensors(parts[0], known)
    for inner in _inner_tensors(parts[1], known):
        if _is_fed(inner.tensor, inputs):
            continue
        found = _inside_of_another(inner, known)
        if found is not None:
            return _of_a_nested_model(inner, *found, parts, failure)
        if len(inputs) == 1:
            return _with_new_input(inner, inputs[0], parts[0], failure)
    return None


def _arguments(call: ast.Call) -> tuple[ast.expr, ast.expr] | None:
    """Returns the inputs and the outputs of `keras.Model(...)`."""
    named = {word.arg: word.value for word in call.keywords}
    parts = [*call.args, *(named[name] for name in ("inputs", "outputs") if name in named)]
    return (parts[0], parts[1]) if len(parts) >= 2 else None


def _flat(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, (ast.List, ast.Tuple)) else [node]


def _input_tensors(node: ast.expr, known: Any) -> list[Any]:
    found: list[Any] = []
    for each in _flat(node):
        value = value_of(each, known)
        found += value if isinstance(value, (list, tuple)) else [value]
    return found


def _inner_tensors(outputs: ast.expr, known: Any) -> Iterator[_Inner]:
    """Yields the tensors that an expression takes from the inside of models."""
    import keras

    for node in ast.walk(outputs):
        if not isinstance(node, ast.Attribute) or node.attr != "output":
            continue
        tensor = value_of(node, known)
        owner: ast.expr = node.value
        while not isinstance(value_of(owner, known), keras.Model) or owner is not node.value:
            model = value_of(owner, known)
            if isinstance(model, keras.Model):
                break
            inside: Any = owner
            if isinstance(inside, ast.Call):
                inside = inside.func
            if not isinstance(inside, (ast.Attribute, ast.Subscript)):
                break
            owner = inside.value
            if not isinstance(owner, ast.expr):
                break
        model = value_of(owner, known)
        if has_history(tensor) and isinstance(model, keras.Model):
            yield _Inner(node, tensor, owner, model)


def _is_fed(tensor: Any, inputs: list[Any]) -> bool:
    """Returns whether a tensor depends only on the given inputs."""
    given = {id(each) for each in inputs}
    begins = [node for node in ancestors([tensor]) if not node.input_tensors]
    return all(id(each) in given for node in begins for each in node.outputs)


# ---------------------------------------------------------------------------------------------
# A tensor inside a nested model


def _inside_of_another(inner: _Inner, known: Any) -> tuple[str, Any] | None:
    """Returns the name and the value of a model that calls the tensor's model as a layer."""
    import keras

    for name, value in list(known.items()):
        if not isinstance(value, keras.Model) or value is inner.model or name.startswith("_"):
            continue
        if any(layer is inner.model for layer in value.layers):
            return name, value
    return None


def _of_a_nested_model(
    inner: _Inner, name: str, outer: Any, parts: tuple[ast.expr, ast.expr], failure: Failure
) -> Mistake:
    code: Any = failure.source
    base = code.source(inner.owner)
    changes = _through_the_base(inner, name, outer, parts, failure)
    return Mistake(
        "nested-tensor",
        _(
            "`{tensor}` belongs to the graph of {base} itself, not to that of {outer}, which "
            "calls {base} on another tensor."
        ).format(tensor=code.source(inner.node), base=name_of(inner.model), outer=name),
        "",
        _(
            "Make a model of the inside, `inside = keras.Model({base}.input, [{tensor}, "
            "{base}.output])`, call it on the input of {outer}, and apply the layers behind."
        ).format(base=base, tensor=code.source(inner.node), outer=name),
        name_of(inner.model),
        changes,
    )


def _through_the_base(
    inner: _Inner, name: str, outer: Any, parts: tuple[ast.expr, ast.expr], failure: Failure
) -> tuple[Change, ...]:
    """Builds the model anew: through the base, and through the layers behind it."""
    code, known = failure.source, variables(failure.scope)
    statement = None if code is None else code.statement_of(parts[1])
    chain = _chain_behind(inner.model, outer)
    if code is None or statement is None or chain is None or "inside" in known:
        return ()
    base_call, first, count = chain
    source = _name_of_tensor(base_call.input_tensors[0], name, outer)
    replaced = []
    for output in _flat(parts[1]):
        value = value_of(output, known)
        if output is inner.node:
            replaced.append("maps")
        elif any(value is each for each in outer.outputs):
            replaced.append("x")
        else:
            return ()
    if source is None:
        return ()
    base = code.source(inner.owner)
    ends = _end(inner.model)
    lines = [
        f"inside = keras.Model({base}.inputs, [{code.source(inner.node)}, {base}.{ends}])",
        f"maps, x = inside({source})",
    ]
    if count:
        lines += [f"for layer in {name}.layers[{first}:]:", "    x = layer(x)"]
    indent = "\n" + " " * statement.col_offset
    new = f"[{', '.join(replaced)}]" if len(replaced) > 1 else replaced[0]
    changes = (
        code.line_before(statement, indent.join(lines)),
        code.replaced(parts[1], new),
    )
    return changes if parses(changes) else ()


def _end(model: Any) -> str:
    try:
        return "output" if has_history(model.output) else "outputs[0]"
    except (AttributeError, ValueError):
        return "outputs[0]"


def _chain_behind(base: Any, outer: Any) -> tuple[Any, int, int] | None:
    """Returns the call of the base, and the place and number of the layers behind it.

    Returns:
        `None` if the layers behind it are not a plain chain.
    """
    layers = list(outer.layers)
    index = next((n for n, layer in enumerate(layers) if layer is base), -1)
    functional = functional_of(outer)
    if index < 0 or functional is None or len(outer.outputs) != 1:
        return None
    used = {id(node) for node in ancestors(functional.outputs)}
    calls = [[node for node in nodes_of(layer) if id(node) in used] for layer in layers[index:]]
    if any(len(nodes) != 1 for nodes in calls):
        return None
    nodes = [nodes[0] for nodes in calls]
    for before, after in pairwise(nodes):
        if [node_of(tensor) for tensor in after.input_tensors] != [before]:
            return None
    if node_of(functional.outputs[0]) is not nodes[-1] or len(nodes[0].input_tensors) != 1:
        return None
    return nodes[0], index + 1, len(nodes) - 1


def _name_of_tensor(tensor: Any, name: str, outer: Any) -> str | None:
    """Returns an expression for a tensor of a model: its input, or the output of a layer."""
    functional = functional_of(outer)
    inputs = list(getattr(functional, "inputs", None) or [])
    if len(inputs) == 1 and tensor is inputs[0]:
        return f"{name}.inputs[0]"
    for index, layer in enumerate(outer.layers):
        if node_of(tensor) is not None and node_of(tensor).operation is layer:
            return f"{name}.layers[{index}].output" if len(nodes_of(layer)) == 1 else None
    return None


# ---------------------------------------------------------------------------------------------
# A new input for an existing model


def _with_new_input(
    inner: _Inner, tensor: Any, given: ast.expr, failure: Failure
) -> Mistake | None:
    """Calls an existing model on the new input, instead of taking its tensors."""
    code = failure.source
    if code is None or not has_history(tensor) or not inner.model.inputs:
        return None
    if len(inner.model.inputs) != 1 or not _is_fed(inner.tensor, inner.model.inputs):
        return None
    owner, source = code.source(inner.owner), code.source(inner.node)
    name = code.source(_flat(given)[0])
    new = f"{owner}({name})"
    if not any(inner.tensor is each for each in inner.model.outputs):
        new = f"keras.Model({owner}.input, {source})({name})"
    fits = shape_of(tensor) == shape_of(inner.model.inputs[0])
    return Mistake(
        "nested-tensor",
        _(
            "`{tensor}` was computed from the input of {model} itself, not from `{name}`."
        ).format(tensor=source, model=name_of(inner.model), name=name),
        "",
        _("Call the model on the new input: `{new}`.").format(new=new) if fits else "",
        name_of(inner.model),
        (code.replaced(inner.node, new),) if fits else (),
    )


# ---------------------------------------------------------------------------------------------
# Layers and outputs of a model


def _layer_inside(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Finds a layer that stands in a nested model."""
    import keras

    name, call, code = match["name"], called_expression(failure), failure.source
    if not isinstance(failure.operation, keras.Model):
        return None
    for layer in failure.operation.layers:
        if not isinstance(layer, keras.Model):
            continue
        if any(name_of(each) == name for each in layer.layers):
            new = f'get_layer("{layer.name}").get_layer("{name}")'
            return Mistake(
                "no-such-layer",
                _("{name} is a layer of {inner}, which is a model inside this model.").format(
                    name=name, inner=layer.name
                ),
                "",
                _("Write `{new}`.").format(new=new),
                layer.name,
                _inner_lookup(call, new, code),
            )
    return None


def _inner_lookup(call: ast.Call | None, new: str, code: Code | None) -> tuple[Change, ...]:
    if call is None or code is None or not isinstance(call.func, ast.Attribute):
        return ()
    return (code.replaced(call, f"{code.source(call.func.value)}.{new}"),)


def _sequential_tensor(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Names the tensors of a `Sequential` model, which has them but not under this name."""
    import keras

    node, code = failure.expression, failure.source
    what = match["what"]
    if not isinstance(failure.operation, keras.Sequential) or code is None:
        return None
    if not isinstance(node, ast.Attribute) or node.attr != what:
        return None
    try:
        tensors = getattr(failure.operation, f"{what}s")
    except (AttributeError, ValueError):
        return None
    if not tensors or not has_history(tensors[0]):
        return None
    new = f"{code.source(node.value)}.{what}s[0]"
    return Mistake(
        "sequential-tensor",
        _("A `Sequential` model has `{what}s`, but `{what}` only after it was called.").format(
            what=what
        ),
        "",
        _("Write `{new}`.").format(new=new),
        failure.name,
        (code.replaced(node, new),),
    )


def _no_such_index(match: re.Match[str], failure: Failure) -> Mistake:
    count = int(match["count"])
    return Mistake(
        "no-such-layer",
        _("{model} has {n} layers, so the last index is {last}.").format(
            model=title(failure), n=count, last=count - 1
        ),
        f"{match['index']} > {count - 1}",
        _('Write an index from 0 to {last}, or the name: `get_layer("...")`.').format(
            last=count - 1
        ),
    )


RULES: tuple[Rule, ...] = (
    rule(
        "nested-tensor",
        r"is not connected to `?inputs|inputs?`? (?:are )?not connected to `?outputs|"
        r"Graph disconnected",
        _disconnected,
    ),
    rule("no-such-layer", r"No such layer: (?P<name>.*?)\. Existing", _layer_inside),
    rule(
        "sequential-tensor",
        r"has never been called and thus has no defined (?P<what>input|output)\b",
        _sequential_tensor,
    ),
    rule(
        "no-such-layer",
        r"retrieve layer at index (?P<index>\d+) but model only has (?P<count>\d+) layers",
        _no_such_index,
    ),
)
