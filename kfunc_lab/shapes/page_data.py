"""What the page needs to show the table, the changed picture and the panel, as plain JSON."""

from dataclasses import asdict
from typing import Any

from kfunc_lab.graph.model.descriptions import shape_words, short_name
from kfunc_lab.graph.model.layer_graph import Call, Group
from kfunc_lab.locale import _
from kfunc_lab.shapes.controls import controls_of, unknown_sizes
from kfunc_lab.shapes.costs import costs, counted, in_memory, totals
from kfunc_lab.shapes.explanation import explain_call, explain_cost, to_html
from kfunc_lab.shapes.figures.figure import picture
from kfunc_lab.shapes.rows import rows_of, shape_or_state, shapes_met
from kfunc_lab.shapes.what_if import WhatIf
from kfunc_lab.ui.text import printable, rounded


def table_data(what: WhatIf, before: WhatIf, batch: int) -> dict[str, Any]:
    """Writes the rows and totals of the table.

    Args:
        what: The graph as it would be.
        before: The graph as it is.
        batch: How many examples the memory is for.
    """
    cost = costs(what)
    groups = set(what.graph.group_of) - set(what.graph.call_of)
    rows = []
    for row in rows_of(what, before):
        it = cost[row.item]
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
                "parameters": _amount(f"{it.parameters:,}", it.parameters),
                "multiply_adds": _amount(counted(it.multiply_adds), it.multiply_adds.known),
                "memory": _amount(in_memory(it.results, batch), it.results.known),
            }
        )
    return {
        "rows": rows,
        "totals": [
            {"label": label, "value": value, "was": None if value == was else was}
            for (label, value), (_label, was) in zip(
                totals(what, batch), totals(before, batch), strict=True
            )
        ],
        "sizes": _sizes(what, before),
        "problem": _first_problem(what),
    }


def _amount(words: str, value: int) -> dict[str, Any]:
    return {"words": "–" if words in ("0", "0 B") else words, "value": value}


def _sizes(what: WhatIf, before: WhatIf) -> list[dict[str, str]]:
    """Lists the sizes that the model leaves open."""
    now = what.graph.call_of
    found = []
    for call_id, place in unknown_sizes(before.graph):
        size = (now[call_id].outputs[0].shape or ())[place]
        label = _("{name}, axis {n}").format(name=printable(call_id), n=place)
        value = "" if size is None else str(size)
        found.append({"item": call_id, "axis": str(place), "label": label, "value": value})
    return found


def _first_problem(what: WhatIf) -> dict[str, str] | None:
    for call in what.graph.calls:
        problem = what.problems.get(call.id)
        if problem is not None:
            return {"item": call.id, "name": printable(call.id), "reason": problem.reason}
    return None


def marks_data(what: WhatIf, before: WhatIf) -> dict[str, Any]:
    """Says how the picture differs from the model's: states, sizes, parameters."""
    now, then = what.graph, before.graph
    rows = rows_of(what, before)
    sizes = {
        f"{edge.source}:{edge.output}": shape_words(edge.tensor)
        for edge, old in zip(now.edges, then.edges, strict=True)
        if edge.tensor != old.tensor
    }
    for call_id in now.outputs:
        made = now.call_of[call_id].outputs
        if made != then.call_of[call_id].outputs:
            sizes[f"{call_id}:0"] = shape_words(made[0])
    named: dict[str, Call | Group] = {**now.group_of, **now.call_of}
    known: dict[str, Call | Group] = {**then.group_of, **then.call_of}
    return {
        "states": [{"item": row.item, "state": row.state} for row in rows if row.state],
        "sizes": [{"tensor": tensor, "words": words} for tensor, words in sizes.items()],
        "counts": [
            {"item": item, "words": rounded(it.parameters)}
            for item, it in named.items()
            if it.parameters != known[item].parameters
        ],
    }


def panel_data(what: WhatIf, before: WhatIf, item: str, batch: int) -> dict[str, Any]:
    """Writes what is said of a call or group, and what can be changed of it.

    Args:
        what: The graph as it would be.
        before: The graph as it is.
        item: The id of the call or group; empty for none.
        batch: How many examples the memory is for.
    """
    graph = what.graph
    call = graph.call_of.get(item)
    if call is None and item in graph.group_of:
        return _group_panel(what, item, batch)
    if call is None or item in graph.inside:
        return {"item": item}
    problem, found = what.problems.get(item), what.derivations.get(item)
    said: dict[str, Any] = {
        "item": item,
        "name": printable(call.id),
        "kind": printable(call.kind),
        "controls": [asdict(it) for it in controls_of(call, before.graph.call_of[item])]
        if graph.connected
        else [],
    }
    if problem is not None:
        clash = {
            "reason": problem.reason,
            "arithmetic": problem.arithmetic,
            "met": shapes_met(call),
        }
        return said | {"problem": clash, "html": ""}
    if item in what.unreached:
        return said | {"waits": _("A call before this one does not fit."), "html": ""}
    sections = explain_call(call, found, batch)
    return said | {
        "html": to_html(sections),
        "figure": picture(call, found) if found is not None else "",
    }


def _group_panel(what: WhatIf, item: str, batch: int) -> dict[str, Any]:
    group = what.graph.group_of[item]
    sections = explain_cost(costs(what)[item], batch)
    return {
        "item": item,
        "name": short_name(group),
        "kind": printable(group.kind),
        "controls": [],
        "html": to_html(sections),
    }
