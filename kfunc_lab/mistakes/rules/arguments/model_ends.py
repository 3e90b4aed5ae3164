"""The inputs and outputs of a model: the variables that hold the tensors which it needs."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kfunc_lab.graph.keras.nodes import ancestors, has_history, is_symbolic, node_of, nodes_of
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, name_of, shape_of
from kfunc_lab.mistakes.names.scope import Evaluator, names_of_frame
from kfunc_lab.mistakes.rule import Mistake, Rule, is_input, rule, title
from kfunc_lab.mistakes.search.sites import Sites, last_name
from kfunc_lab.mistakes.source.code import Code, begin_of
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.statements.tensors import Held, held_tensors, target_of

_ENDS = ("inputs", "outputs")


@dataclass(frozen=True)
class _Ends:
    """A call of `keras.Model` with the expressions of its ends.

    Attributes:
        code: The file or cell.
        call: The call.
        nodes: The expressions of the inputs and of the outputs; `None` if one is not passed.
        failure: The failure.
    """

    code: Code
    call: ast.Call
    nodes: tuple[ast.expr | None, ast.expr | None]
    failure: Failure

    @classmethod
    def of(cls, code: Code, call: ast.Call, failure: Failure) -> "_Ends | None":
        if any(isinstance(each, ast.Starred) for each in call.args):
            return None
        named = {each.arg: each.value for each in call.keywords if each.arg}
        given = [*call.args[:2], None, None][:2]
        first, second = (
            node or named.get(name) for node, name in zip(given, _ENDS, strict=True)
        )
        return cls(code, call, (first, second), failure)

    def value(self, place: int) -> Any:
        """Returns the value of an end; `None` if it is not known."""
        names = names_of_frame(self.failure.scope)
        return Evaluator(names, calls=False).look_up(self.nodes[place])

    def tensors(self, place: int) -> list[Any]:
        """Returns the tensors of an end; empty if it holds anything else."""
        import keras

        value = self.value(place)
        found = [] if value is None else keras.tree.flatten(value)
        return found if all(is_symbolic(it) and has_history(it) for it in found) else []

    def replaced(self, place: int, new: str) -> Change | None:
        """Replaces an end, or passes it if it is missing."""
        node = self.nodes[place]
        if node is not None:
            return self.code.replaced(node, new)
        if place == 1 and len(self.call.args) == 1 and not self.call.keywords:
            argument = self.call.args[0]
            return self.code.replaced(argument, f"{self.code.source(argument)}, {new}")
        return self.code.with_argument(self.call, _ENDS[place], new)


def _at_failure(failure: Failure) -> _Ends | None:
    code, call = failure.source, failure.expression
    if code is None or not isinstance(call, ast.Call) or last_name(call.func) != "Model":
        return None
    return _Ends.of(code, call, failure)


def _origins(tensors: Sequence[Any]) -> list[Any]:
    """Returns the tensors of the inputs that tensors are computed from, in their order."""
    nodes = [it for it in ancestors(tensors) if type(it.operation).__name__ == "InputLayer"]
    found = {id(node.operation): node.outputs[0] for node in nodes}
    return list(found.values())


def _listed(tensors: Sequence[Any], failure: Failure) -> str:
    """Returns the source of variables that hold tensors; empty if one has no variable."""
    held = {id(it.tensor): it.name for it in held_tensors(failure)}
    order = {name: place for place, name in enumerate(names_of_frame(failure.scope))}
    names = [held.get(id(it), "") for it in tensors]
    if not names or not all(names):
        return ""
    names.sort(key=lambda name: order.get(name, 0))
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


# ---------------------------------------------------------------------------------------------
# Inputs that the outputs are not computed from


def _unconnected(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a model whose outputs need other inputs."""
    ends = _at_failure(failure)
    if ends is None:
        return None
    outputs, given = ends.tensors(1) or _of_model("outputs", failure), ends.tensors(0)
    if not outputs or not given:
        return None
    if all(map(is_input, outputs)) and not all(map(is_input, given)):
        return None  # the ends are swapped, which another rule tells
    needed = _origins(outputs)
    present = {id(it) for it in given}
    missing = [it for it in needed if id(it) not in present]
    new = _listed(needed, failure)
    change = ends.replaced(0, new) if new and missing else None
    if change is None:
        return None
    names = ", ".join(name_of(node_of(it).operation) for it in missing)
    return Mistake(
        "unconnected-output",
        _("An output depends on {names}, which the model's inputs do not include.").format(
            names=names
        ),
        "",
        _("Write `keras.Model(inputs={names}, ...)`: the outputs are computed from it.").format(
            names=new
        ),
        names,
        (change,),
    )


def _of_model(which: str, failure: Failure) -> list[Any]:
    """Returns the inputs or outputs of the failed model, which may be half built."""
    tensors = getattr(failure.operation, which, None) or []
    return [it for it in tensors if is_symbolic(it) and has_history(it)]


# ---------------------------------------------------------------------------------------------
# Ends that are no tensors


def _no_tensors(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `keras.Model(x.shape, ...)`, an array, and a layer that was not called."""
    ends = _at_failure(failure)
    if ends is None:
        return None
    place = 0 if match["which"].lower() == "inputs" else 1
    node = ends.nodes[place]
    if node is None or ends.tensors(place):
        return None
    value = ends.value(place)
    if _is_layer(value):
        edit = _output_of(ends, value, place)
    else:
        edit = _without_attribute(ends, node, place) or _other_end(ends, place)
    if edit is None:
        return None
    return Mistake(
        "not-a-tensor",
        _("`{which}` expects the tensors themselves, got {value}.").format(
            which=_ENDS[place], value=f"`{ends.code.source(node)[:60]}`"
        ),
        "",
        edit.words,
        _ENDS[place],
        edit.changes,
    )


def _is_layer(value: Any) -> bool:
    import keras

    return isinstance(value, keras.Layer)


def _output_of(ends: _Ends, layer: Any, place: int) -> Edit | None:
    """Returns the edit of a layer that was called to what it returned."""
    calls = nodes_of(layer)
    new = _listed(calls[-1].outputs, ends.failure) if calls else ""
    change = ends.replaced(place, new) if new else None
    if change is None:
        return None
    words = _("Write `{which}={code}`.").format(which=_ENDS[place], code=new)
    return Edit(words, (change,))


def _without_attribute(ends: _Ends, node: ast.expr, place: int) -> Edit | None:
    """Returns the edit of `x.shape` to `x`."""
    base = node
    while isinstance(base, (ast.Attribute, ast.Subscript)):
        base = base.value
        value = Evaluator(names_of_frame(ends.failure.scope), calls=False).look_up(base)
        if is_symbolic(value) and has_history(value):
            new = ends.code.source(base)
            words = _("Write `{new}` instead of `{old}`.").format(
                new=new, old=ends.code.source(node)
            )
            return Edit(words, (ends.code.replaced(node, new),))
    return None


def _other_end(ends: _Ends, place: int) -> Edit | None:
    """Returns the edit to the tensors that the other end tells."""
    node = ends.nodes[place]
    if place == 0:
        new = _listed(_origins(ends.tensors(1)), ends.failure)
    elif isinstance(node, ast.Call):  # `outputs=layers.Dense(3)`
        last = _last_tensors(ends)
        new = (
            f"{ends.code.source(node)}({last[0].name})" if last and _creates(ends, node) else ""
        )
    else:
        last = _last_tensors(ends)
        new = last[0].name if len(last) == 1 else ""
    change = ends.replaced(place, new) if new else None
    if change is None:
        return None
    words = _("Write `{which}={code}`.").format(which=_ENDS[place], code=new)
    return Edit(words, (change,))


def _creates(ends: _Ends, node: ast.Call) -> bool:
    import keras

    cls = Evaluator(names_of_frame(ends.failure.scope), calls=False).look_up(node.func)
    return isinstance(cls, type) and issubclass(cls, keras.Layer)


def _last_tensors(ends: _Ends) -> list[Held]:
    """Returns the tensors that nothing uses and that the inputs lead to, the latest first."""
    given = {id(it) for it in ends.tensors(0)}
    return [
        it
        for it in held_tensors(ends.failure)
        if not it.is_used and not is_input(it.tensor)
        if all(id(origin) in given for origin in _origins([it.tensor]))
    ]


def _one_end(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `keras.Model(inputs)`, without outputs."""
    ends = _at_failure(failure)
    if ends is None or (ends.nodes[0] is None) is (ends.nodes[1] is None):
        return None
    if any(each.arg not in (*_ENDS, "name", "trainable") for each in ends.call.keywords):
        return None
    place = 0 if ends.nodes[0] is None else 1
    edit = _other_end(ends, place)
    if edit is None:
        return None
    return Mistake(
        "model-arguments",
        _("A model needs both inputs and outputs."),
        "",
        edit.words,
        _ENDS[place],
        edit.changes,
    )


# ---------------------------------------------------------------------------------------------
# A functional model in the place of a sequential one


def _in_sequential(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `keras.Sequential([inputs, outputs])`."""
    code, call = failure.source, failure.expression
    if code is None or not isinstance(call, ast.Call) or last_name(call.func) != "Sequential":
        return None
    listed = call.args[0] if len(call.args) == 1 else None
    if not isinstance(listed, (ast.List, ast.Tuple)) or len(listed.elts) != 2:
        return None
    ends = _Ends(code, call, (listed.elts[0], listed.elts[1]), failure)
    inputs, outputs = ends.tensors(0), ends.tensors(1)
    given = {id(it) for it in inputs}
    if not outputs or {id(it) for it in _origins(outputs)} - given:
        return None
    function = code.source(call.func).replace("Sequential", "Model")
    if function == "Model" and "Model" not in names_of_frame(failure.scope):
        function = "keras.Model"
    words = [*map(code.source, listed.elts)]
    words += [f"{each.arg}={code.source(each.value)}" for each in call.keywords if each.arg]
    new = f"{function}({', '.join(words)})"
    return Mistake(
        "tensor-in-sequential",
        _(
            "`Sequential` expects layers; these are the inputs and outputs of a functional model."
        ),
        "",
        _("Write `{code}`.").format(code=new),
        "",
        (code.replaced(call, new),),
    )


# ---------------------------------------------------------------------------------------------
# Inputs that only fit the data no more


def _at_data(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `keras.Model(x, y)` with a tensor from the middle, or with an input twice."""
    for ends in _made(failure):
        given = ends.tensors(0) or list(getattr(failure.operation, "inputs", None) or [])
        if not given:
            continue
        if len({id(it) for it in given}) < len(given):
            needed = list({id(it): it for it in given}.values())
            reason = _("The inputs of {model} hold the same tensor twice.")
        elif all(map(is_input, given)):
            continue
        else:
            needed = _origins(ends.tensors(1))
            reason = _("The inputs of {model} are no tensors of `keras.Input`.")
        new = _listed(needed, failure)
        change = ends.replaced(0, new) if new else None
        if change is None:
            continue
        return Mistake(
            "model-inputs",
            reason.format(model=title(failure)),
            "",
            _("Write `keras.Model(inputs={names}, ...)`.").format(names=new),
            "inputs",
            (change,),
        )
    return None


def _made(failure: Failure) -> Iterator[_Ends]:
    """Yields the call of `keras.Model` that made the failed model."""
    model = failure.model or failure.operation
    names = names_of_frame(failure.scope)
    outputs = getattr(model, "outputs", None) or []
    for code in Sites(failure).files():
        for call in sorted(code.calls, key=begin_of, reverse=True):
            if last_name(call.func) != "Model" or names.get(target_of(code, call)) is not model:
                continue
            ends = _Ends.of(code, call, failure)
            if ends is None:
                continue
            shapes = [shape_of(it) for it in ends.tensors(1)]
            if shapes == [shape_of(it) for it in outputs]:
                yield ends
                return


RULES: tuple[Rule, ...] = (
    rule(
        "unconnected-output",
        r"is not connected to|not connected to `?outputs|Graph disconnected",
        _unconnected,
    ),
    rule(
        "not-a-tensor",
        r"All `?(?P<which>inputs|outputs)`? values must be KerasTens",
        _no_tensors,
    ),
    rule(
        "model-arguments",
        r"Unrecognized keyword arguments passed to|Layer\.__init__\(\) takes 1 positional|"
        r"missing 1 required positional argument: 'outputs'|takes .*? positional argument",
        _one_end,
    ),
    rule("tensor-in-sequential", r"can be added to a Sequential model", _in_sequential),
    rule(
        "model-inputs",
        r"is incompatible with the layer|Invalid input shape for input|"
        r"expects \d+ (?:named )?input|Missing data for input|unhashable|duplicate",
        _at_data,
    ),
)
