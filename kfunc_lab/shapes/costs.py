"""The costs of calls, groups and the whole graph: parameters, multiply-adds, memory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.graph.model.memory import activation_bytes, memory_text, weight_bytes
from kfunc_lab.locale import _
from kfunc_lab.shapes.what_if import INPUT, WhatIf
from kfunc_lab.ui.text import format_count


@dataclass(frozen=True)
class Amount:
    """A count that may be incomplete.

    Attributes:
        known: The sum of the known parts.
        complete: Whether all parts are known.
    """

    known: int
    complete: bool = True


@dataclass(frozen=True)
class Cost:
    """The costs of a call, a group or a graph.

    Attributes:
        parameters: The number of parameters; a shared layer counts once.
        multiply_adds: The number of multiplications, each with its addition, for one example.
        results: The memory of the outputs for one example, in bytes.
        weights: The memory of the weights, in bytes.
    """

    parameters: int
    multiply_adds: Amount
    results: Amount
    weights: Amount


def costs(result: WhatIf) -> dict[str | None, Cost]:
    """Computes all costs.

    Args:
        result: The graph with its derivations.

    Returns:
        The costs by id of the call or group, and by `None` for the whole graph.
    """
    graph = result.graph
    shown = [call for call in graph.calls if call.id not in graph.inside]
    # An input of a nested model only passes its tensor on.
    passed_on = {edge.target for edge in graph.edges} & {
        call.id for call in shown if call.kind == INPUT
    }
    each = {call.id: _cost_of_call(call, result, call.id in passed_on) for call in shown}
    by_item: dict[str | None, Cost] = {}
    by_item.update(each)
    for group in graph.groups:
        if group.id not in each:
            inside = [
                graph.call_of[call_id]
                for call_id in graph.calls_inside[group.id]
                if call_id in each
            ]
            by_item[group.id] = _together(group.parameters, inside, each)
    by_item[None] = _together(graph.parameters, shown, each)
    return by_item


def _cost_of_call(call: Call, result: WhatIf, passes_on: bool) -> Cost:
    results = Amount(0) if passes_on else _amount(activation_bytes(call))
    return Cost(call.parameters, _products(call, result), results, _amount(weight_bytes(call)))


def _products(call: Call, result: WhatIf) -> Amount:
    derivation = result.derivations.get(call.id)
    if derivation is not None:
        return _amount(derivation.multiply_adds.value)
    return Amount(0, complete=call.kind == INPUT)


def _amount(value: int | None) -> Amount:
    return Amount(value or 0, value is not None)


def _together(parameters: int, calls: Iterable[Call], each: Mapping[str, Cost]) -> Cost:
    calls = list(calls)
    layers = {
        call.layer_id: each[call.id].weights for call in calls
    }  # shared weights count once
    return Cost(
        parameters,
        _sum(each[call.id].multiply_adds for call in calls),
        _sum(each[call.id].results for call in calls),
        _sum(layers.values()),
    )


def _sum(amounts: Iterable[Amount]) -> Amount:
    amounts = list(amounts)
    return Amount(
        sum(amount.known for amount in amounts), all(amount.complete for amount in amounts)
    )


# ---------------------------------------------------------------------------------------------
# Text


def count_text(amount: Amount) -> str:
    """Formats a count: exactly up to a million, `?` if nothing is known."""
    return _at_least(amount, format_count(amount.known))


def outputs_memory(amount: Amount, batch: int) -> str:
    """Formats the memory of the outputs for a batch."""
    return _at_least(amount, memory_text(amount.known * batch))


def _at_least(amount: Amount, text: str) -> str:
    if amount.complete:
        return text
    return f"≥ {text}" if amount.known else "?"


def totals(cost: Cost, is_built: bool, batch: int) -> list[tuple[str, str]]:
    """Returns the costs of the whole graph as labels and values.

    Args:
        cost: The cost of the whole graph.
        is_built: Whether all layers have their weights.
        batch: The batch size for the memory.
    """
    weights = _at_least(cost.weights, memory_text(cost.weights.known))
    parameters = _at_least(Amount(cost.parameters, is_built), f"{cost.parameters:,}")
    return [
        (_("Parameters"), parameters if parameters == "?" else f"{parameters} ({weights})"),
        (_("Multiply-adds for one example"), count_text(cost.multiply_adds)),
        (
            _("Outputs of all calls, batch of {n}").format(n=batch),
            outputs_memory(cost.results, batch),
        ),
    ]
