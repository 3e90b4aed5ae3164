"""Writes a graph as text, and the words and numbers that text and picture share."""

import unicodedata
from collections.abc import Mapping, Sequence

from kfunc_lab.graph.layer_graph import Call, Group, LayerGraph, TensorSpec
from kfunc_lab.locale import _, ngettext


def to_text(graph: LayerGraph) -> str:
    """Writes a graph as a table, one call a line, in graph order.

    Args:
        graph: The graph.

    Returns:
        Lines without colours, escapes or addresses: the same in every process.

    Example:
        >>> print(to_text(LayerGraph("m", "Sequential", (Call("d", "d", "Dense", "d"),), ())))
        m (Sequential): 1 call, 0 parameters
        call  class  output shape  parameters
        d     Dense  ?                      0
    """
    columns = [_("call"), _("class"), _("output shape"), _("parameters")]
    callers = _sources(graph)
    if callers:
        columns.append(_("called on"))
    remarks = {call.id: remark(graph, call) for call in graph.calls}
    if any(remarks.values()):
        columns.append("")
    rows = [columns]
    open_groups: list[str] = []
    for call in graph.calls:
        rows += _group_rows(graph, call, open_groups)
        row = [
            "  " * len(open_groups) + short_name(call),
            printable(call.kind),
            _shapes(call.outputs),
            f"{call.parameters:,}",
        ]
        if callers:
            row.append(", ".join(callers.get(call.id, ())))
        row.append(remarks[call.id])
        rows.append(row)
    lines = [title(graph), *_aligned(rows, right={3})]
    return "\n".join([*lines, *notes(graph)])


def title(graph: LayerGraph) -> str:
    """Says in one line what a graph is: name, class, calls and parameters."""
    calls = ngettext("{n} call", "{n} calls", len(graph.calls)).format(
        n=f"{len(graph.calls):,}"
    )
    parameters = ngettext("{n} parameter", "{n} parameters", graph.parameters).format(
        n=f"{graph.parameters:,}"
    )
    if not graph.built and not graph.parameters:
        parameters = _("not built yet")
    frozen = graph.parameters - graph.trainable_parameters
    if frozen:
        parameters += " (" + _("{n} of them not trainable").format(n=f"{frozen:,}") + ")"
    name = f"{printable(graph.name)} ({printable(graph.kind)})" if graph.name else _("so far")
    return f"{name}: {calls}, {parameters}"


def notes(graph: LayerGraph) -> list[str]:
    """Says what a reader of a graph must know: what is unknown, unused or lost."""
    said = []
    if not graph.connected:
        said.append(
            _(
                "How these layers are connected is written in Python code, which Keras does "
                "not record: they are listed in the order in which they were made."
            )
        )
    if not graph.built:
        said.append(
            _(
                "Not built yet: shapes and parameters appear once the model has been called on "
                "data, or built with model.build(input_shape)."
            )
        )
    if graph.lost:
        names = ", ".join(map(printable, graph.lost))
        said.append(_("Lost, because nothing uses the result: {names}.").format(names=names))
    if graph.unused:
        names = ", ".join(map(printable, graph.unused))
        said.append(_("Inputs that lead to no output: {names}.").format(names=names))
    return said


def remark(graph: LayerGraph, call: Call) -> str:
    """Says in a word or two what is special about a call: shared, frozen, lost, unused."""
    said = []
    if call.id in graph.shared and call.parameters:
        position, count = graph.shared[call.id]
        said.append(_("use {position} of {count}").format(position=position, count=count))
    if call.parameters and not call.trainable_parameters:
        said.append(_("frozen"))
    if call.id in graph.lost:
        said.append(_("lost"))
    if call.id in graph.unused:
        said.append(_("unused"))
    return ", ".join(said)


def short_name(call: Call | Group) -> str:
    """Names a call or group within the group it stands in: its layer, and which call of it."""
    outer = call.group if isinstance(call, Call) else call.parent
    return printable(call.id if outer is None else call.id[len(outer) + 1 :])


def shape_words(tensor: TensorSpec) -> str:
    """Writes a shape for a picture: without the batch, `?` for an unknown size.

    Args:
        tensor: A tensor's shape and type.

    Returns:
        As `"28 × 28 × 64"`.

    Example:
        >>> shape_words(TensorSpec((None, 28, None, 3), "float32"))
        '28 × ? × 3'
    """
    if tensor.shape is None:
        return "?"
    if not tensor.shape:
        return _("one number")
    batch, *sizes = tensor.shape
    words = " × ".join("?" if size is None else str(size) for size in sizes)
    if batch is not None:
        return " × ".join(filter(None, [_("batch {n}").format(n=batch), words]))
    return words or _("one number each")


def printable(text: str) -> str:
    """Replaces what would garble a line: line breaks, control characters, direction marks."""
    return "".join(
        " "
        if character.isspace()
        else "�"
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Cn")
        else character
        for character in text
    )


def shape_tuple(tensor: TensorSpec) -> str:
    """Writes a shape as Keras does: a tuple with the batch first."""
    return "?" if tensor.shape is None else str(tensor.shape)


def _shapes(tensors: Sequence[TensorSpec]) -> str:
    return ", ".join(map(shape_tuple, tensors)) or "?"


def _sources(graph: LayerGraph) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for edge in graph.edges:
        found.setdefault(edge.target, []).append(printable(edge.source))
    return found


def _group_rows(graph: LayerGraph, call: Call, open_groups: list[str]) -> list[list[str]]:
    """Opens and closes groups so that the open ones are those that a call stands in."""
    groups = {group.id: group for group in graph.groups}
    path: list[str] = []
    step = call.group
    while step is not None:
        path.insert(0, step)
        step = groups[step].parent
    while open_groups and open_groups != path[: len(open_groups)]:
        open_groups.pop()
    rows = []
    for group_id in path[len(open_groups) :]:
        group = groups[group_id]
        indent = "  " * len(open_groups)
        rows.append(
            [
                f"{indent}{short_name(group)}:",
                printable(group.kind),
                "",
                f"{group.parameters:,}",
            ]
        )
        open_groups.append(group_id)
    return rows


def _aligned(rows: list[list[str]], right: set[int]) -> list[str]:
    count = max(len(row) for row in rows)
    padded = [row + [""] * (count - len(row)) for row in rows]
    widths = [max(map(_width, column)) for column in zip(*padded, strict=True)]
    lines = []
    for row in padded:
        cells = []
        for position, (cell, width) in enumerate(zip(row, widths, strict=True)):
            blank = " " * (width - _width(cell))
            cells.append(blank + cell if position in right else cell + blank)
        lines.append("  ".join(cells).rstrip())
    return lines


def _width(text: str) -> int:
    return sum(
        2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text
    )
