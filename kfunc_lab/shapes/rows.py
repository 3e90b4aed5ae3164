"""The rows of the shape table: calls and groups in graph order, and their changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kfunc_lab.graph.model.descriptions import short_name
from kfunc_lab.graph.model.folding import items_by_parent
from kfunc_lab.graph.model.layer_graph import Call, Group
from kfunc_lab.locale import _
from kfunc_lab.shapes.explanation import shapes_text
from kfunc_lab.shapes.what_if import WhatIf
from kfunc_lab.ui.text import printable


@dataclass(frozen=True)
class Row:
    """A call or group of the table.

    Attributes:
        item: Its id.
        depth: The number of groups around it.
        name: Its name within its group.
        kind: Its class.
        shapes: The shapes of its outputs; empty for an open group.
        state: `"wrong"` if it does not fit, `"unknown"` if nothing can compute its outputs,
            `"unreached"` if it depends on such a call, `"unbuilt"` if Keras has not built it yet,
            `"changed"` if it differs from the model; else empty.
        changed: The changed columns: `"shape"`, `"parameters"`.
    """

    item: str
    depth: int
    name: str
    kind: str
    shapes: str
    state: str
    changed: tuple[str, ...]


def rows_of(after: WhatIf, before: WhatIf) -> list[Row]:
    """Lists calls and groups in graph order, each group before its members.

    Args:
        after: The graph with the changes.
        before: The graph of the model.

    Returns:
        A row for each, except for the content of wrappers and layers made of layers.
    """
    graph = after.graph
    inside = items_by_parent(graph)
    leaving, left_before = _leaving(after), _leaving(before)
    rows = []
    waiting = [(item, 0) for item in reversed(inside[None])]
    while waiting:
        item, depth = waiting.pop()
        named = _item(item, after)
        shapes = _shapes_of(item, after, leaving)
        changed = {
            "shape": shapes != _shapes_of(item, before, left_before),
            "parameters": named.parameters != _item(item, before).parameters,
        }
        rows.append(
            Row(
                item,
                depth,
                short_name(named),
                printable(named.kind),
                shapes,
                _state(item, after, before),
                tuple(name for name, differs in changed.items() if differs),
            )
        )
        if item not in graph.call_of:
            waiting += [(child, depth + 1) for child in reversed(inside.get(item, []))]
    return rows


def _item(item: str, result: WhatIf) -> Call | Group:
    return result.graph.call_of.get(item) or result.graph.group_of[item]


def _shapes_of(item: str, result: WhatIf, leaving: Mapping[str, Iterable[str]]) -> str:
    """Formats the shapes of the outputs of a call or group."""
    call = result.graph.call_of.get(item)
    return shapes_text(call.outputs) if call else ", ".join(leaving.get(item, ()))


def _leaving(result: WhatIf) -> dict[str, dict[str, None]]:
    """Returns the shapes of the tensors that leave each group."""
    graph = result.graph
    around = {call.id: _groups_around(result, call) for call in graph.calls}
    shapes: dict[str, dict[str, None]] = {}
    for edge in graph.edges:
        stays = set(around[edge.target])
        for group in around[edge.source]:
            if group not in stays:
                shapes.setdefault(group, {})[shapes_text([edge.tensor])] = None
    for position, (call_id, _output) in enumerate(graph.exits):
        tensor = graph.exit_tensor(position)
        for group in around[call_id]:
            shapes.setdefault(group, {})[shapes_text([tensor] if tensor else [])] = None
    return shapes


def _groups_around(result: WhatIf, call: Call) -> list[str]:
    groups = []
    group = call.group
    while group is not None:
        groups.append(group)
        group = result.graph.group_of[group].parent
    return groups


def _state(item: str, after: WhatIf, before: WhatIf) -> str:
    if item in after.problems:
        return "unknown" if after.problems[item].unknown else "wrong"
    if item in after.unreached:
        return "unreached"
    now, then = after.graph.call_of.get(item), before.graph.call_of.get(item)
    if now is None or then is None:
        inside = after.graph.calls_inside.get(item, ())
        if any(_state(call_id, after, before) == "wrong" for call_id in inside):
            return "wrong"
        return "changed" if any(_differs(call_id, after, before) for call_id in inside) else ""
    if is_unbuilt(now, after):
        return "unbuilt"
    return "changed" if _differs(item, after, before) else ""


def is_unbuilt(call: Call, result: WhatIf) -> bool:
    """Tells whether a call has neither shapes nor weights, because Keras has not built it."""
    return not (result.graph.built or call.outputs or call.weights)


def _differs(item: str, after: WhatIf, before: WhatIf) -> bool:
    now, then = after.graph.call_of[item], before.graph.call_of[item]
    if now is then:
        return False
    return (now.outputs, now.parameters, now.settings) != (
        then.outputs,
        then.parameters,
        then.settings,
    )


def shapes_received(call: Call) -> str:
    """Says which shapes a call receives."""
    return _("called on {shapes}").format(shapes=shapes_text(call.inputs))


def parameters_text(row: Row, parameters: int) -> str:
    """Formats the number of parameters in a row: `?` before the layer is built."""
    return "?" if row.state == "unbuilt" else f"{parameters:,}"


def shape_or_state(row: Row) -> str:
    """Returns the shapes in a row, or the reason why there are none."""
    words = {
        "wrong": _("does not fit"),
        "unknown": _("unknown"),
        "unreached": _("not reached"),
        "unbuilt": _("not built yet"),
    }
    return words.get(row.state, row.shapes)


def visible_rows(
    rows: Iterable[Row], result: WhatIf, opened: Iterable[str] | None
) -> list[tuple[Row, bool]]:
    """Removes the rows in closed groups, and tells which rows are open groups."""
    groups = result.graph.group_of
    open_groups = set(groups if opened is None else opened) - set(result.graph.call_of)
    visible: list[tuple[Row, bool]] = []
    hidden_below: int | None = None
    for row in rows:
        if hidden_below is not None and row.depth > hidden_below:
            continue
        is_open = row.item in open_groups
        is_closed = row.item in groups and not is_open and row.item not in result.graph.call_of
        hidden_below = row.depth if is_closed else None
        visible.append((row, is_open))
    return visible
