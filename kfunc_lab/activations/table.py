"""Formats activations as a text table."""

from collections.abc import Container, Iterable, Mapping

from kfunc_lab.activations.overview import Line, heading, lines_of, mean_words
from kfunc_lab.activations.pictures import number
from kfunc_lab.forward.batch import BatchActivations
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.locale import _
from kfunc_lab.ui.text import align_columns, percent


def to_text(
    batch: BatchActivations,
    graph: LayerGraph,
    opened: Container[str],
    notes: Iterable[str],
    change: Mapping[str, float] | None = None,
) -> str:
    """Formats the statistics of each call as a table.

    Args:
        batch: The activations.
        graph: The graph, with the groups that the view shows.
        opened: The ids of the open groups.
        notes: Sentences to print below the table.
        change: For each call its relative change, if it was compared with an earlier pass.

    Returns:
        Lines without colours, escape codes or memory addresses, identical in every process.
    """
    lines = lines_of(batch, graph, opened)
    head = [
        _("call"),
        _("class"),
        _("shape"),
        _("mean"),
        _("deviation"),
        _("range"),
        _("zeros"),
        _("dead units"),
    ]
    rows = [head, *(_row(batch, line) for line in lines)]
    if change:
        head.append(_("relative change"))
        for row, line in zip(rows[1:], lines, strict=True):
            if len(row) == len(head) - 1 and line.call in change:
                row.append(f"{change[line.call]:.3g}")
    right = {3, 4, 6, 7, 8}
    return "\n".join([heading(batch), "", *align_columns(rows, right=right), *notes])


def _row(batch: BatchActivations, line: Line) -> list[str]:
    cells = ["  " * line.depth + line.name + (":" if line.is_open else ""), line.kind]
    call = batch.recording.calls.get(line.call)
    is_own = call is not None and (call.item == line.item or not line.is_open)
    if call is None or not call.tensors or not is_own:
        return cells
    statistics = batch.statistics(call.id)
    if call.tensors[0].dtype in ("object", "string") or not statistics.count:
        return [*cells, line.shape]
    return [
        *cells,
        line.shape,
        mean_words(statistics),
        number(statistics.deviation),
        f"{number(statistics.minimum)} … {number(statistics.maximum)}",
        percent(statistics.share_of_zeros),
        f"{len(statistics.dead):,} / {len(statistics.peaks):,}",
    ]
