"""Exports a graph as a text table."""

from collections.abc import Iterable, Iterator, Mapping

from kfunc_lab.graph.model.descriptions import (
    contents,
    group_remark,
    notes,
    remark,
    shape_tuple,
    short_name,
    tensor_name,
    title,
)
from kfunc_lab.graph.model.folding import visible_item, visible_items
from kfunc_lab.graph.model.layer_graph import Call, Group, LayerGraph, TensorSpec
from kfunc_lab.locale import _
from kfunc_lab.ui.text import align_columns, printable


def to_text(
    graph: LayerGraph,
    opened: Iterable[str] | None = None,
    remarks_below: Iterable[str] | None = None,
) -> str:
    """Writes a graph as a table with one line for each call or folded group, in graph order.

    Args:
        graph: The graph.
        opened: The ids of the open groups; by default all groups.
        remarks_below: The lines below the table; by default the `notes` of the graph.

    Returns:
        Plain text without colours or memory addresses: the same in every process.

    Example:
        >>> print(to_text(LayerGraph("m", "Sequential", (Call("d", "d", "Dense", "d"),), ())))
        m (Sequential): 1 call, 0 parameters
        call  class  output shape  parameters
        d     Dense  ?                      0
    """
    open_groups = frozenset(graph.group_of if opened is None else opened)
    sources, leaving = _connections(graph, open_groups)
    columns = [_("call"), _("class"), _("output shape"), _("parameters")]
    columns += [_("called on")] if sources else []
    remarks = {
        item: remark(graph, graph.call_of[item])
        if item in graph.call_of
        else group_remark(graph, graph.group_of[item])
        for item in (*graph.call_of, *graph.group_of)
    }
    columns += [""] if any(remarks.values()) else []
    rows = [columns]
    for item, depth in visible_items(graph, open_groups):
        call, group = graph.call_of.get(item), graph.group_of.get(item)
        is_open = item in open_groups
        named: Call | Group = call or group  # type: ignore[assignment]
        tensors = call.outputs if call else () if is_open else tuple(leaving.get(item, ()))
        row = [
            "  " * depth + short_name(named) + (":" if is_open else ""),
            printable(named.kind) or (contents(graph, group) if group else ""),
            "" if call is None and is_open else _shapes(tensors),
            f"{named.parameters:,}",
        ]
        row += [", ".join(sources.get(item, ()))] if sources else []
        rows.append([*row, remarks[item]])
    below = notes(graph) if remarks_below is None else remarks_below
    return "\n".join([title(graph), *align_columns(rows, right={3}), *_outputs(graph), *below])


def _connections(
    graph: LayerGraph, opened: frozenset[str]
) -> tuple[Mapping[str, dict[str, None]], Mapping[str, dict[TensorSpec, None]]]:
    """Returns the sources of each item, and the tensors that leave each folded group."""
    visible = {call.id: visible_item(graph, call.id, opened) for call in graph.calls}
    sources: dict[str, dict[str, None]] = {}
    leaving: dict[str, dict[TensorSpec, None]] = {}
    for edge in graph.edges:
        source, target = visible[edge.source], visible[edge.target]
        if source != target:
            name = printable(source)
            if source == edge.source:
                name = tensor_name(graph, source, edge.output)
            sources.setdefault(target, {})[name] = None
        if source not in (target, edge.source):
            leaving.setdefault(source, {})[edge.tensor] = None
    for position, (call_id, _output) in enumerate(graph.exits):
        tensor = graph.exit_tensor(position)
        if tensor is not None:
            leaving.setdefault(visible[call_id], {})[tensor] = None
    return sources, leaving


def _outputs(graph: LayerGraph) -> Iterator[str]:
    """Yields a line with the outputs, unless all that its calls return is the only output."""
    tensors = [tensor_name(graph, *leaving) for leaving in graph.exits]
    whole = tensors == [printable(call_id) for call_id in graph.outputs]
    if whole and len(tensors) < 2 and not any(graph.output_names):
        return
    named = (
        f"{printable(name)} = {tensor}" if name else tensor
        for name, tensor in zip(graph.output_names, tensors, strict=True)
    )
    yield _("Outputs: {names}.").format(names=", ".join(named))


def _shapes(tensors: Iterable[TensorSpec]) -> str:
    return ", ".join(map(shape_tuple, tensors)) or "?"
