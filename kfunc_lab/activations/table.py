"""Writes activations for readers without a page: as text."""

from collections.abc import Container, Iterable, Mapping

from kfunc_lab.activations.overview import Line, heading, lines_of, mean_words
from kfunc_lab.activations.pictures import number
from kfunc_lab.forward.batch import BatchActivations
from kfunc_lab.locale import _
from kfunc_lab.ui.text import align_columns, percent


def to_text(
    flow: BatchActivations,
    opened: Container[str],
    notes: Iterable[str],
    change: Mapping[str, float] | None = None,
) -> str:
    """Writes what there is to tell of each call as a table.

    Args:
        flow: The activations.
        opened: The ids of the groups that are open.
        notes: What is said below.
        change: For each call how much it changed, where it was compared with an earlier pass.

    Returns:
        Lines without colours, escapes or addresses: the same in every process.
    """
    lines = lines_of(flow, opened)
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
    rows = [head, *(_row(flow, line) for line in lines)]
    if change:
        head.append(_("relative change"))
        for row, line in zip(rows[1:], lines, strict=True):
            if len(row) == len(head) - 1 and line.call in change:
                row.append(f"{change[line.call]:.3g}")
    right = {3, 4, 6, 7, 8}
    return "\n".join([heading(flow), "", *align_columns(rows, right=right), *notes])


def _row(flow: BatchActivations, line: Line) -> list[str]:
    named = ["  " * line.depth + line.name + (":" if line.is_open else ""), line.kind]
    call = flow.recording.calls.get(line.call)
    own = call is not None and (call.item == line.item or not line.is_open)
    if call is None or not call.tensors or not own:
        return named
    found = flow.statistics(call.id)
    if call.tensors[0].dtype in ("object", "string") or not found.count:
        return [*named, line.shape]
    return [
        *named,
        line.shape,
        mean_words(found),
        number(found.deviation),
        f"{number(found.minimum)} … {number(found.maximum)}",
        percent(found.share_of_zeros),
        f"{len(found.dead):,} / {len(found.peaks):,}",
    ]
