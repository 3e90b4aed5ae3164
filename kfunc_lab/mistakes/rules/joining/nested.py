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
from kfunc_lab.mistakes.failure import Failure, name_of, shape_of
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.rules.own.signature import called_expression, parses
from kfunc_lab.mistakes.source.code import Code, begin_of
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import value_of, variables


@dataclass(frozen=True)
class _Inner:
    """An expression for a tensor inside a model, such as `base.get_layer("conv").output`.

    Attributes:
        node: The expression in the code.
        tensor: The tensor.
        source: The source of an expression that gives the tensor.
        owner: The source of the model.
        model: The model.
    """

    node: ast.expr
    tensor: Any
    source: str
    owner: str
    model: Any


def _disconnected(match: re.Match[str], failure: Failure) -> Mistake | None:
    code = failure.source
    call = _construction(failure)
    parts = None if call is None else _arguments(call)
    if call is None or code is None or parts is None or failure.scope is None:
        return None
    known = variables(failure.scope)
    inputs = _input_tensors(parts[0], known)
    outputs = _input_tensors(parts[1], known)
    if all(map(_is_input, outputs)) and not any(map(_is_input, inputs)):
        return _swapped(parts, failure)
    for inner in _inner_tensors(parts[1], known, code):
        if _is_fed(inner.tensor, inputs):
            continue
        found = _inside_of_another(inner, known)
        if found is not None:
            return _of_a_nested_model(inner, *found, parts, failure)
        if len(inputs) == 1:
            return _with_new_input(inner, inputs[0], parts[0], failure)
    computed = list(getattr(failure.operation, "outputs", None) or outputs)
    return _made_again(inputs, computed, known, failure)


def _is_input(tensor: Any) -> bool:
    return has_history(tensor) and not node_of(tensor).input_tensors


def _swapped(parts: tuple[ast.expr, ast.expr], failure: Failure) -> Mistake | None:
    """Swaps the inputs and outputs of a model."""
    code: Any = failure.source
    first, second = map(code.source, parts)
    if any(isinstance(code.parents.get(part), ast.keyword) for part in parts):
        return None
    return Mistake(
        "swapped-model",
        _("The inputs come first in `keras.Model`, then the outputs; here they are swapped."),
        "",
        _("Write `keras.Model({inputs}, {outputs})`.").format(inputs=second, outputs=first),
        "inputs",
        (code.replaced(parts[0], second), code.replaced(parts[1], first)),
    )


def _made_again(
    inputs: list[Any], outputs: list[Any], known: Any, failure: Failure
) -> Mistake | None:
    """Explains an input that was made a second time, after the outputs were computed."""
    given = {id(tensor) for tensor in inputs}
    begins = [
        tensor
        for node in ancestors([each for each in outputs if has_history(each)])
        if not node.input_tensors
        for tensor in node.outputs
    ]
    lost = [tensor for tensor in begins if id(tensor) not in given]
    held = {id(value) for value in list(known.values())}
    if len(lost) != 1 or id(lost[0]) in held or len(inputs) != len(begins):
        return None
    alike = [
        name
        for name, value in list(known.items())
        if id(value) in given and shape_of(value) == shape_of(lost[0])
    ]
    if len(alike) != 1:
        return None
    return Mistake(
        "input-made-again",
        _(
            "`{name}` was made again after the outputs were computed, so they depend on the old "
            "one."
        ).format(name=alike[0]),
        "",
        _(
            "Run all cells again from the one that makes `{name}`, and make it only once."
        ).format(name=alike[0]),
        alike[0],
    )


def _construction(failure: Failure) -> ast.Call | None:
    """Returns the expression that made the model, also if the model failed when it was called.

    Up to Keras 3.9, a model whose outputs hang on other inputs fails only then.
    """
    call, code = called_expression(failure), failure.source
    if call is None or code is None or failure.stage == "model":
        return call
    owner = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    made = [
        node
        for node in ast.walk(code.tree)
        if isinstance(node, ast.Assign)
        and isinstance(owner, ast.Name)
        and any(getattr(target, "id", "") == owner.id for target in node.targets)
        and node.lineno <= call.lineno
    ]
    last = max(made, key=begin_of, default=None)
    return last.value if last is not None and isinstance(last.value, ast.Call) else None


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


def _inner_tensors(outputs: ast.expr, known: Any, code: Code) -> Iterator[_Inner]:
    """Yields the tensors that an expression takes from the inside of models."""
    for node in ast.walk(outputs):
        if not isinstance(node, ast.Attribute) or node.attr != "output":
            continue
        tensor, owner = value_of(node, known), _owner(node.value, known)
        if not has_history(tensor):
            continue
        if owner is not None:
            model = value_of(owner, known)
            yield _Inner(node, tensor, code.source(node), code.source(owner), model)
            continue
        held = _model_with(node_of(tensor).operation, known)
        if held is not None:
            yield _Inner(node, tensor, code.source(node), *held)


def _model_with(layer: Any, known: Any) -> tuple[str, Any] | None:
    """Returns an expression for the model that a layer belongs to, and the model."""
    import keras

    models = {name: each for name, each in known.items() if isinstance(each, keras.Model)}
    for name, model in models.items():
        for inner in model.layers:
            if isinstance(inner, keras.Model) and any(each is layer for each in inner.layers):
                held = [each for each, value in models.items() if value is inner]
                return (held[0] if held else f'{name}.get_layer("{inner.name}")'), inner
    return None


def _owner(node: ast.expr | None, known: Any) -> ast.expr | None:
    """Returns the first expression, from the right, whose value is a model."""
    import keras

    while node is not None and not isinstance(value_of(node, known), keras.Model):
        inside = node.func if isinstance(node, ast.Call) else node
        node = inside.value if isinstance(inside, (ast.Attribute, ast.Subscript)) else None
    return node


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
    base = inner.owner
    changes = _through_the_base(inner, name, outer, parts, failure)
    return Mistake(
        "nested-tensor",
        _(
            "`{tensor}` belongs to the graph of {base} itself, not to that of {outer}, which "
            "calls {base} on another tensor."
        ).format(tensor=inner.source, base=name_of(inner.model), outer=name),
        "",
        _(
            "Make a model of the inside, `inside = keras.Model({base}.inputs, [{tensor}, "
            "{base}.{end}])`, call it on the input of {outer}, and apply the layers behind."
        ).format(base=base, tensor=inner.source, outer=name, end=_end(inner.model)),
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
    base = inner.owner
    ends = _end(inner.model)
    lines = [
        f"inside = keras.Model({base}.inputs, [{inner.source}, {base}.{ends}])",
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
    """Returns the attribute that is the output of a model's own graph."""
    import keras

    if isinstance(model, keras.Sequential):
        return "outputs[0]"  # its `output` is the one of the call in another model
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
    owner, source = inner.owner, inner.source
    name = code.source(_flat(given)[0])
    new = f"{owner}({name})"
    if not any(inner.tensor is each for each in inner.model.outputs):
        new = f"keras.Model({owner}.inputs, {source})({name})"
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
    outer = failure.operation
    if not isinstance(outer, keras.Model) or call is None or code is None:
        return None
    bases = [layer for layer in outer.layers if isinstance(layer, keras.Model)]
    base = next((each for each in bases if _layer_named(name, each) is not None), None)
    if base is None or not isinstance(call.func, ast.Attribute):
        return None
    owner = f'{code.source(call.func.value)}.get_layer("{base.name}")'
    new = f'{owner}.get_layer("{name}")'
    inner = _in_a_new_model(name, owner, base, call, failure)
    edit = _("Write `{new}`.").format(new=new)
    changes: tuple[Change, ...] = (code.replaced(call, new),)
    if inner:
        edit = _(
            "Write `{new}`. Its output belongs to {base}: go through a model of the inside."
        ).format(new=new, base=base.name)
        changes = inner
    return Mistake(
        "no-such-layer",
        _("{name} is a layer of {inner}, which is a model inside this model.").format(
            name=name, inner=base.name
        ),
        "",
        edit,
        base.name,
        changes,
    )


def _layer_named(name: str, model: Any) -> Any:
    return next((layer for layer in model.layers if name_of(layer) == name), None)


def _in_a_new_model(
    name: str, owner: str, base: Any, call: ast.Call, failure: Failure
) -> tuple[Change, ...]:
    """Builds the model anew, if the output of the layer is to be an output of a new model."""
    code: Any = failure.source
    output, known = code.parents.get(call), variables(failure.scope)
    outer = code.source(call.func.value)  # type: ignore[attr-defined]
    whole: Any = output
    while isinstance(whole, (ast.Attribute, ast.List, ast.Tuple, ast.keyword)):
        whole = code.parents.get(whole)
    parts = _arguments(whole) if isinstance(whole, ast.Call) else None
    if not isinstance(output, ast.Attribute) or parts is None or not outer.isidentifier():
        return ()
    try:
        tensor = _layer_named(name, base).output
    except (AttributeError, ValueError):
        return ()
    source = f'{owner}.get_layer("{name}").output'
    inner = _Inner(output, tensor, source, owner, base)
    return _through_the_base(inner, outer, known.get(outer), parts, failure)


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


def _already_a_tensor(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Removes `.output` behind the result of a call."""
    node, code, what = failure.expression, failure.source, match["what"]
    if not isinstance(node, ast.Attribute) or node.attr != what or code is None:
        return None
    tensor = code.source(node.value)
    if what != "output":
        return None
    return Mistake(
        "already-a-tensor",
        _(
            "`{tensor}` is a tensor already: a layer has an `output`, its result has none."
        ).format(tensor=tensor),
        "",
        _("Write `{tensor}` without `.{what}`.").format(tensor=tensor, what=what),
        "",
        (code.replaced(node, tensor),),
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
        r"Graph disconnected|\A'?\d{9,}'?\Z|"
        r"calling (?:Functional|Model)\.call\(\)\.\s+'?\d{9,}'?\s",
        _disconnected,
    ),
    rule(
        "already-a-tensor",
        r"'KerasTensor' object has no attribute '(?P<what>output)'",
        _already_a_tensor,
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
