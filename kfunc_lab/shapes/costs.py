"""What calls, groups and the whole graph cost: parameters, multiply-adds, memory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.graph.model.memory import activation_bytes, memory_text, weight_bytes
from kfunc_lab.locale import _
from kfunc_lab.shapes.what_if import INPUT, WhatIf
from kfunc_lab.ui.text import format_count


@dataclass(frozen=True)
class Amount:
    """A count, of which a part may not be known.

    Attributes:
        known: What is known of it.
        complete: Whether that is all.
    """

    known: int
    complete: bool = True


@dataclass(frozen=True)
class Cost:
    """What a call, a group or a graph costs.

    Attributes:
        parameters: Numbers in the weights, those of a shared layer once.
        multiply_adds: Multiplications, each with its addition, for one example.
        results: Bytes of the results for one example.
        weights: Bytes of the weights.
    """

    parameters: int
    multiply_adds: Amount
    results: Amount
    weights: Amount


def costs(result: WhatIf) -> dict[str | None, Cost]:
    """Adds up what everything costs.

    Args:
        what: The graph, with where its numbers come from.

    Returns:
        For the id of each call and group its cost; for `None` that of the whole graph.
    """
    graph = result.graph
    shown = [call for call in graph.calls if call.id not in graph.inside]
    # An input of a nested model only passes on what it is given.
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
    layers = {call.layer_id: each[call.id].weights for call in calls}  # shared weights once
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
# In words


def count_text(amount: Amount) -> str:
    """Writes a count: exactly up to a million, `?` where nothing of it is known."""
    return _at_least(amount, format_count(amount.known))


def outputs_memory(amount: Amount, batch: int) -> str:
    """Writes the memory of results for a batch."""
    return _at_least(amount, memory_text(amount.known * batch))


def _at_least(amount: Amount, text: str) -> str:
    if amount.complete:
        return text
    return f"≥ {text}" if amount.known else "?"


def totals(result: WhatIf, batch: int) -> list[tuple[str, str]]:
    """Says what the whole graph costs: labels and values."""
    cost = costs(result)[None]
    weights = _at_least(cost.weights, memory_text(cost.weights.known))
    is_known = result.graph.built or cost.parameters
    return [
        (_("Parameters"), f"{cost.parameters:,} ({weights})" if is_known else "?"),
        (_("Multiply-adds for one example"), count_text(cost.multiply_adds)),
        (
            _("Outputs of all calls, batch of {n}").format(n=batch),
            outputs_memory(cost.results, batch),
        ),
    ]
