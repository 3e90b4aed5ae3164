"""The data with which the page shows the table, the changed picture and the panel, as JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from kfunc_lab.graph.model.descriptions import shape_label, short_name
from kfunc_lab.graph.model.layer_graph import Call, Group
from kfunc_lab.locale import _
from kfunc_lab.shapes.controls import controls_of, unknown_sizes
from kfunc_lab.shapes.costs import Cost, costs, count_text, outputs_memory, totals
from kfunc_lab.shapes.explanation import explain_call, explain_cost, to_html
from kfunc_lab.shapes.figures.figure import picture
from kfunc_lab.shapes.rows import parameters_text, rows_of, shape_or_state, shapes_received
from kfunc_lab.shapes.what_if import WhatIf
from kfunc_lab.ui.text import format_count, printable


def table_data(after: WhatIf, before: WhatIf, batch: int) -> dict[str, Any]:
    """Returns the rows and totals of the table.

    Args:
        after: The graph with the changes.
        before: The graph of the model.
        batch: The batch size for the memory.
    """
    cost = costs(after)
    built = after.graph.built
    now = totals(cost[None], built, batch)
    then = now if after is before else totals(costs(before)[None], built, batch)
    groups = set(after.graph.group_of) - set(after.graph.call_of)
    rows = []
    for row in rows_of(after, before):
        cost_of_row = cost[row.item]
        rows.append(
            {
                "item": row.item,
                "depth": row.depth,
                "name": row.name,
                "kind": row.kind,
                "shape": shape_or_state(row),
                "state": row.state,
                "changed": list(row.changed),
                "group": row.item in groups,
                "parameters": _amount(
                    parameters_text(row, cost_of_row.parameters), cost_of_row.parameters
                ),
                "multiply_adds": _amount(
                    count_text(cost_of_row.multiply_adds), cost_of_row.multiply_adds.known
                ),
                "memory": _amount(
                    outputs_memory(cost_of_row.results, batch), cost_of_row.results.known
                ),
            }
        )
    return {
        "rows": rows,
        "totals": [
            {"label": label, "value": value, "was": None if value == was else was}
            for (label, value), (_label, was) in zip(now, then, strict=True)
        ],
        "sizes": _sizes(after, before),
        "problem": _first_problem(after),
    }


def _amount(words: str, value: int) -> dict[str, Any]:
    return {"words": "–" if words in ("0", "0 B") else words, "value": value}


def _sizes(after: WhatIf, before: WhatIf) -> list[dict[str, str]]:
    """Lists the sizes that are not fixed in the model."""
    now = after.graph.call_of
    sizes = []
    for call_id, place in unknown_sizes(before.graph):
        size = (now[call_id].outputs[0].shape or ())[place]
        label = _("{name}, axis {n}").format(name=printable(call_id), n=place)
        value = "" if size is None else str(size)
        sizes.append({"item": call_id, "axis": str(place), "label": label, "value": value})
    return sizes


def _first_problem(after: WhatIf) -> dict[str, str] | None:
    for call in after.graph.calls:
        problem = after.problems.get(call.id)
        if problem is not None:
            return {"item": call.id, "name": printable(call.id), "reason": problem.reason}
    return None


def marks_data(after: WhatIf, before: WhatIf) -> dict[str, Any]:
    """Returns the differences from the model's picture: states, sizes, parameter counts."""
    now, then = after.graph, before.graph
    rows = rows_of(after, before)
    sizes = {
        f"{edge.source}:{edge.output}": shape_label(edge.tensor)
        for edge, old in zip(now.edges, then.edges, strict=True)
        if edge.tensor != old.tensor
    }
    for call_id in now.outputs:
        outputs = now.call_of[call_id].outputs
        if outputs != then.call_of[call_id].outputs:
            sizes[f"{call_id}:0"] = shape_label(outputs[0])
    named: dict[str, Call | Group] = {**now.group_of, **now.call_of}
    old_items: dict[str, Call | Group] = {**then.group_of, **then.call_of}
    return {
        "states": [{"item": row.item, "state": row.state} for row in rows if row.state],
        "sizes": [{"tensor": tensor, "words": words} for tensor, words in sizes.items()],
        "counts": [
            {"item": item, "words": format_count(item_after.parameters)}
            for item, item_after in named.items()
            if item_after.parameters != old_items[item].parameters
        ],
    }


def panel_data(
    after: WhatIf, before: WhatIf, item: str, batch: int, cost: Mapping[str | None, Cost]
) -> dict[str, Any]:
    """Returns the explanation and the controls of a call or group.

    Args:
        after: The graph with the changes.
        before: The graph of the model.
        item: The id of the call or group; empty for none.
        batch: The batch size for the memory.
        cost: The costs of the graph with the changes.
    """
    graph = after.graph
    call = graph.call_of.get(item)
    if call is None and item in graph.group_of:
        return _group_panel(after, item, batch, cost[item])
    if call is None or item in graph.inside:
        return {"item": item}
    problem, derivation = after.problems.get(item), after.derivations.get(item)
    panel: dict[str, Any] = {
        "item": item,
        "name": printable(call.id),
        "kind": printable(call.kind),
        "controls": [
            asdict(control) for control in controls_of(call, before.graph.call_of[item])
        ]
        if graph.connected
        else [],
    }
    if problem is not None and problem.unknown:
        return panel | {"waits": problem.reason, "html": ""}
    if problem is not None:
        clash = {
            "reason": problem.reason,
            "arithmetic": problem.arithmetic,
            "met": shapes_received(call),
        }
        return panel | {"problem": clash, "html": ""}
    if item in after.unreached:
        waits = _("An earlier call does not fit, or its shape is unknown.")
        return panel | {"waits": waits, "html": ""}
    sections = explain_call(call, derivation, batch)
    return panel | {
        "html": to_html(sections),
        "figure": picture(call, derivation) if derivation is not None else "",
    }


def _group_panel(after: WhatIf, item: str, batch: int, cost: Cost) -> dict[str, Any]:
    group = after.graph.group_of[item]
    sections = explain_cost(cost, batch)
    return {
        "item": item,
        "name": short_name(group),
        "kind": printable(group.kind),
        "controls": [],
        "html": to_html(sections),
    }
