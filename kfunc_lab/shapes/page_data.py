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
            [
                row.item,
                row.depth,
                row.name,
                row.kind,
                shape_or_state(row),
                row.state,
                list(row.changed),
                row.item in groups,
                f"{it.parameters:,}",
                it.parameters,
                counted(it.multiply_adds),
                it.multiply_adds.known,
                in_memory(it.results, batch),
                it.results.known,
            ]
        )
    return {
        "rows": rows,
        "totals": totals(what, batch),
        "before": totals(before, batch),
        "sizes": _sizes(what, before),
        "problem": _first_problem(what),
    }


def _sizes(what: WhatIf, before: WhatIf) -> list[tuple[str, str, str, str]]:
    """Lists the sizes that the model leaves open: input, axis, label, size."""
    now = what.graph.call_of
    found = []
    for call_id, place in unknown_sizes(before.graph):
        size = (now[call_id].outputs[0].shape or ())[place]
        label = _("{name}, axis {n}").format(name=printable(call_id), n=place)
        found.append((call_id, str(place), label, "" if size is None else str(size)))
    return found


def _first_problem(what: WhatIf) -> list[str]:
    for call in what.graph.calls:
        problem = what.problems.get(call.id)
        if problem is not None:
            return [call.id, printable(call.id), problem.reason, problem.arithmetic]
    return []


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
        "states": [(row.item, row.state) for row in rows if row.state],
        "sizes": list(sizes.items()),
        "parameters": [
            (item, rounded(it.parameters))
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
        met = shapes_met(call)
        return said | {"problem": [problem.reason, problem.arithmetic, met], "html": ""}
    if item in what.unreached:
        return said | {"waits": _("An earlier call does not fit."), "html": ""}
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
