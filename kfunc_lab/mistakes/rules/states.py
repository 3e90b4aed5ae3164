"""Mistakes with recurrent layers that also return their states."""

import ast
import re
from collections.abc import Sequence
from typing import Any

from kfunc_lab.graph.keras.nodes import is_symbolic, node_of
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, look_up, name_of
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.search.sites import Sites
from kfunc_lab.mistakes.source.code import tensor_expressions
from kfunc_lab.mistakes.source.edit import Change

_SCORES = ("scores",)
_STATES = {
    "LSTM": ("h", "c"), "GRU": ("h",), "SimpleRNN": ("h",), "ConvLSTM1D": ("h", "c"),
    "ConvLSTM2D": ("h", "c"), "ConvLSTM3D": ("h", "c"),
}  # fmt: skip


def _with_states(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains that one tensor was expected, and several came from one call."""
    if failure.stage != "call":
        return None
    operand, layer = _several_outputs(failure)
    if layer is None:
        return None
    names = output_names(layer)
    reason = _(
        "{maker} returns {n} tensors, because it has `{setting}=True`: {what}. {layer} got all "
        "of them."
    ).format(
        layer=title(failure),
        maker=name_of(layer),
        n=len(names),
        setting="return_attention_scores" if names[1:] == _SCORES else "return_state",
        what=_("its output and its scores")
        if names[1:] == _SCORES
        else _("its output and its states"),
    )
    words, changes = _unpacked(failure, operand, layer, names)
    return Mistake("states", reason, f"{len(names)} ≠ 1", words, name_of(layer), changes)


def _several_outputs(failure: Failure) -> tuple[ast.expr | None, Any]:
    """Returns the argument that holds all outputs of one call, and the layer called."""
    operands = [] if failure.expression is None else tensor_expressions(failure.expression)
    values = {} if failure.scope is None else failure.scope.f_locals
    for operand in operands:
        value = look_up(operand, values)
        if isinstance(value, (list, tuple)) and (layer := _common_layer(value)) is not None:
            return operand, layer
    layer = _common_layer(failure.tensors)
    return (operands[0] if len(operands) == 1 else None), layer


def _common_layer(tensors: Sequence[Any]) -> Any:
    """Returns the layer of which one call returned all tensors, if it returns more than one."""
    if len(tensors) < 2 or not all(map(is_symbolic, tensors)):
        return None
    nodes = {id(node): node for node in map(node_of, tensors) if node is not None}
    if len(nodes) != 1:
        return None
    layer = next(iter(nodes.values())).operation
    return layer if len(output_names(layer)) == len(tensors) else None


def output_names(layer: Any) -> tuple[str, ...]:
    """Returns a name for each output of a layer that may return several.

    Args:
        layer: A recurrent layer, a `Bidirectional` layer around one, or multi-head attention.

    Returns:
        The names, the output first; empty if the layer returns one tensor.
    """
    if type(layer).__name__ == "MultiHeadAttention":
        return ("x", *_SCORES)
    inner = getattr(layer, "forward_layer", layer)
    states = _STATES.get(type(inner).__name__, ())
    if not states or not getattr(inner, "return_state", False):
        return ()
    if inner is layer:
        return ("x", *states)
    return ("x", *(f"forward_{it}" for it in states), *(f"backward_{it}" for it in states))


def _unpacked(
    failure: Failure, tensor: ast.expr | None, layer: Any, names: tuple[str, ...]
) -> tuple[str, tuple[Change, ...]]:
    """Returns the edit that gives each output a name, or takes the first one."""
    code = failure.source
    if code is None or tensor is None:
        return _("Keep only its output: `{names} = ...`.").format(names=", ".join(names)), ()
    if isinstance(tensor, ast.Name):
        site = Sites(failure).constructor(layer, name_of(layer))
        statement = None if site is None else site[0].statement_of(site[1])
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if site is not None and isinstance(target, ast.Name) and target.id == tensor.id:
            new = ", ".join([target.id, *names[1:]])
            words = _("Give each output a name: `{names} = ...`.").format(names=new)
            return words, (site[0].replaced(target, new),)
    new = f"{code.source(tensor)}[0]"
    words = _("Pass its first output: `{code}`.").format(code=new)
    return words, (code.replaced(tensor, new),)


RULES: tuple[Rule, ...] = (rule("states", "", _with_states),)
