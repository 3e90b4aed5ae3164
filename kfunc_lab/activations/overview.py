"""Summarises the activations of each call of the graph in one line."""

from collections.abc import Container, Mapping
from dataclasses import dataclass

from kfunc_lab.activations.pictures import number
from kfunc_lab.forward.batch import BatchActivations
from kfunc_lab.forward.recording import CapturedCall, Tensor
from kfunc_lab.forward.statistics import Statistics
from kfunc_lab.graph.model.descriptions import short_name
from kfunc_lab.graph.model.folding import visible_items
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.locale import N_, _, ngettext
from kfunc_lab.ui.text import percent, printable

# The quantities that can colour the boxes of the graph.
QUANTITIES = {
    "zeros": N_("share of zeros"),
    "dead": N_("share of dead units"),
    "saturated": N_("share of saturated units"),
    "norm": N_("mean norm"),
    "deviation": N_("standard deviation"),
    "maximum": N_("maximum value"),
}


@dataclass(frozen=True)
class Line:
    """A call or group of the graph.

    Attributes:
        item: Its id.
        depth: The number of open groups around it.
        name: Its name, without the names of the groups.
        kind: Its class.
        call: The id of the call that is shown for it; empty if none was recorded.
        shape: The shape of that call's first output, without the batch axis.
        is_open: Whether it is an open group.
    """

    item: str
    depth: int
    name: str
    kind: str
    call: str
    shape: str
    is_open: bool


def lines_of(batch: BatchActivations, graph: LayerGraph, opened: Container[str]) -> list[Line]:
    """Returns a line for each visible call and group of the graph, in graph order."""
    shown = calls_by_item(batch, graph)
    lines = []
    for item, depth in visible_items(graph, opened):
        node = graph.call_of.get(item) or graph.group_of[item]
        call = shown.get(item)
        lines.append(
            Line(
                item=item,
                depth=depth,
                name=short_name(node),
                kind=printable(node.kind),
                call=call.id if call else "",
                shape=shape_of(call.tensors[0]) if call and call.tensors else "",
                is_open=item in opened and item in graph.group_of,
            )
        )
    return lines


def calls_by_item(batch: BatchActivations, graph: LayerGraph) -> Mapping[str, CapturedCall]:
    """Returns for each call and group the recorded call that is shown for it."""
    shown: dict[str, CapturedCall] = {}
    for call in batch.recording.calls.values():
        if not call.item:  # such as an operation that only computes a mask
            continue
        if call.item not in shown or (call.base == call.item != shown[call.item].base):
            shown[call.item] = call
    for group in reversed(graph.groups):  # inner groups first
        calls = [shown[item] for item in graph.calls_inside[group.id] if item in shown]
        if group.id not in shown and calls:
            shown[group.id] = calls[-1]
    return shown


def shape_of(tensor: Tensor) -> str:
    """Formats an output's shape without the batch axis, such as `"28 × 28 × 16"`."""
    return " × ".join(map(str, tensor.shape[1:])) or _("a number")


def statistics_rows(call: CapturedCall, statistics: Statistics) -> list[tuple[str, str]]:
    """Returns the statistics of a call as rows of name and value."""
    units = len(statistics.peaks)
    mean, deviation = mean_words(statistics), number(statistics.deviation)
    rows = [
        (_("range"), f"{number(statistics.minimum)} … {number(statistics.maximum)}"),
        (_("mean ± deviation"), f"{mean} ± {deviation}"),
        (_("zeros"), percent(statistics.share_of_zeros)),
    ]
    if units > 1 or call.activation:
        rows.append((_("dead units"), _of(len(statistics.dead), units)))
    if statistics.saturated_units is not None:
        rows.append((_("saturated units"), _of(len(statistics.saturated_units), units)))
    rows.append((_("mean norm"), number(statistics.norm)))
    if statistics.not_finite:
        rows.append((_("NaN or infinite"), f"{statistics.not_finite:,}"))
    return rows


def mean_words(statistics: Statistics) -> str:
    """Formats the mean, with rounding noise as zero."""
    is_noise = abs(statistics.mean) < 1e-5 * statistics.deviation
    return number(0.0 if is_noise else statistics.mean)


def _of(count: int, total: int) -> str:
    return _("{n} of {total}").format(n=f"{count:,}", total=f"{total:,}")


def quantity(statistics: Statistics, name: str) -> float:
    """Returns one of `QUANTITIES`; NaN if it is undefined."""
    units = max(len(statistics.peaks), 1)
    if name == "zeros":
        return statistics.share_of_zeros
    if name == "dead":
        return len(statistics.dead) / units
    if name == "saturated":
        saturated = statistics.saturated_units
        return float("nan") if saturated is None else len(saturated) / units
    if name == "norm":
        return statistics.norm
    return statistics.deviation if name == "deviation" else statistics.maximum


def notes_of(batch: BatchActivations, non_finite_input: tuple[int, list[int]]) -> list[str]:
    """Returns notes about values that are not finite, not stored, or not recorded.

    Args:
        batch: The activations.
        non_finite_input: The result of `count_non_finite` for the input.
    """
    from kfunc_lab.graph.model.memory import memory_text

    notes = []
    recording = batch.recording
    count, samples = non_finite_input
    if count:
        notes.append(
            ngettext(
                "The input contains {n} NaN or infinity (sample {samples}).",
                "The input contains {n} NaNs or infinities (samples: {samples}).",
                count,
            ).format(n=f"{count:,}", samples=_listed(samples))
        )
    if recording.not_finite:
        notes.append(
            _("The first call that returns a NaN or an infinity is {name}.").format(
                name=printable(recording.not_finite)
            )
        )
    if not recording.complete:
        notes.append(
            _(
                "All activations together take {size}, more than the limit: only statistics "
                "and small pictures are kept, and the calls that you select are computed again."
            ).format(size=memory_text(recording.needed))
        )
    compiled = [call.id for call in recording.calls.values() if call.is_compiled]
    if compiled:
        notes.append(
            _(
                "These calls ran in a compiled function, where their values cannot "
                "be recorded: {names}."
            ).format(names=", ".join(map(printable, compiled[:8])))
        )
    return notes


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:6])) + (", …" if len(numbers) > 6 else "")


def heading(batch: BatchActivations) -> str:
    """Returns the heading: the model, and the number of samples and calls with their memory."""
    from kfunc_lab.graph.model.memory import memory_text

    name = printable(batch.graph.name) or printable(batch.graph.kind)
    samples = ngettext("{n} sample", "{n} samples", batch.samples).format(
        n=f"{batch.samples:,}"
    )
    calls = len(batch.recording.calls)
    words = ngettext("{n} call", "{n} calls", calls).format(n=f"{calls:,}")
    mode = ", " + _("training mode") if batch.training else ""
    return f"{name}: {samples}, {words}, {memory_text(batch.recording.needed)}{mode}"
