"""Mistakes with recurrent layers that also return their states."""

import ast
import re
from typing import Any

from kfunc_lab.graph.keras.nodes import is_symbolic, node_of
from kfunc_lab.locale import _
from kfunc_lab.mistakes.code import tensor_expressions
from kfunc_lab.mistakes.edit import Change
from kfunc_lab.mistakes.failure import Failure, name_of
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.search.sites import Sites

_STATES = {"LSTM": ("h", "c"), "GRU": ("h",), "SimpleRNN": ("h",)}


def _with_states(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains that one tensor was expected, and the output came with the states."""
    layer = _layer_with_states(failure)
    if layer is None:
        return None
    names = output_names(layer)
    reason = _(
        "{layer} expects one input, but {maker} returns {n} tensors, because it has "
        "`return_state=True`: its output and its states."
    ).format(layer=title(failure), maker=name_of(layer), n=len(names))
    words, changes = _unpacked(failure, layer, names)
    return Mistake("states", reason, f"{len(names)} ≠ 1", words, name_of(layer), changes)


def _layer_with_states(failure: Failure) -> Any:
    """Returns the recurrent layer, one call of which made all tensors of the failed call."""
    if len(failure.tensors) < 2 or not all(map(is_symbolic, failure.tensors)):
        return None
    nodes = {id(node): node for node in map(node_of, failure.tensors) if node is not None}
    if len(nodes) != 1:
        return None
    layer = next(iter(nodes.values())).operation
    return layer if output_names(layer) else None


def output_names(layer: Any) -> tuple[str, ...]:
    """Returns a name for each output of a recurrent layer with `return_state`.

    Args:
        layer: A recurrent layer, or a `Bidirectional` layer around one.

    Returns:
        The names, the output first; empty if the layer does not return states.
    """
    inner = getattr(layer, "forward_layer", layer)
    states = _STATES.get(type(inner).__name__, ())
    if not states or not getattr(inner, "return_state", False):
        return ()
    if inner is layer:
        return ("x", *states)
    return ("x", *(f"forward_{it}" for it in states), *(f"backward_{it}" for it in states))


def _unpacked(
    failure: Failure, layer: Any, names: tuple[str, ...]
) -> tuple[str, tuple[Change, ...]]:
    """Returns the edit that gives each output a name, or takes the first one."""
    expression, code = failure.expression, failure.source
    operands = [] if expression is None else tensor_expressions(expression)
    if code is None or len(operands) != 1:
        return _("Keep only its output: `{names} = ...`.").format(names=", ".join(names)), ()
    tensor = operands[0]
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


RULES: tuple[Rule, ...] = (
    rule("states", r"expects 1 input\(s\), but it received \d+ input tensors", _with_states),
)
