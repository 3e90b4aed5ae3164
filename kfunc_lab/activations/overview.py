"""One line for each call of the graph: what there is to tell of its activations at a glance."""

from collections.abc import Container, Mapping
from dataclasses import dataclass

from kfunc_lab.activations.pictures import number
from kfunc_lab.forward.batch import BatchActivations
from kfunc_lab.forward.recording import CapturedCall, Tensor
from kfunc_lab.forward.statistics import Statistics
from kfunc_lab.graph.model.descriptions import short_name
from kfunc_lab.graph.model.folding import seen_items
from kfunc_lab.locale import N_, _, ngettext
from kfunc_lab.ui.text import percent, printable

# What the boxes of the graph can be coloured by.
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
        depth: How many open groups it stands in.
        name: Its name, without those of the groups.
        kind: Its class.
        call: The id of the call that is shown for it; empty where none was recorded.
        shape: The shape of that call's first result, without the batch.
        is_open: Whether it is a group that is open.
    """

    item: str
    depth: int
    name: str
    kind: str
    call: str
    shape: str
    is_open: bool


def lines_of(flow: BatchActivations, opened: Container[str]) -> list[Line]:
    """Returns a line for each call and group of the graph that is seen, in graph order."""
    shown = calls_by_item(flow)
    lines = []
    for item, depth in seen_items(flow.graph, opened):
        named = flow.graph.call_of.get(item) or flow.graph.group_of[item]
        call = shown.get(item)
        lines.append(
            Line(
                item=item,
                depth=depth,
                name=short_name(named),
                kind=printable(named.kind),
                call=call.id if call else "",
                shape=shape_of(call.tensors[0]) if call and call.tensors else "",
                is_open=item in opened and item in flow.graph.group_of,
            )
        )
    return lines


def calls_by_item(flow: BatchActivations) -> Mapping[str, CapturedCall]:
    """Returns for each call and group the recorded call that is shown for it."""
    found: dict[str, CapturedCall] = {}
    for call in flow.recording.calls.values():
        if call.item not in found or (call.base == call.item != found[call.item].base):
            found[call.item] = call
    for group in reversed(flow.graph.groups):  # the inner ones first
        inside = flow.graph.calls_inside[group.id]
        last = next((found[it] for it in reversed(inside) if it in found), None)
        if group.id not in found and last is not None:
            found[group.id] = last
    return found


def shape_of(tensor: Tensor) -> str:
    """Writes a result's shape without the batch, as `"28 × 28 × 16"`."""
    return " × ".join(map(str, tensor.shape[1:])) or _("a number")


def told(call: CapturedCall, found: Statistics) -> list[tuple[str, str]]:
    """Says what the statistics of a call are: for each what it is, and its value."""
    units = len(found.peaks)
    said = [
        (_("range"), f"{number(found.minimum)} … {number(found.maximum)}"),
        (_("mean ± deviation"), f"{mean_words(found)} ± {number(found.deviation)}"),
        (_("zeros"), percent(found.share_of_zeros)),
    ]
    if units > 1 or call.activation:
        said.append((_("dead units"), _of(len(found.dead), units)))
    if found.saturated_units is not None:
        said.append((_("saturated units"), _of(len(found.saturated_units), units)))
    said.append((_("mean norm"), number(found.norm)))
    if found.not_finite:
        said.append((_("NaN or infinite"), f"{found.not_finite:,}"))
    return said


def mean_words(found: Statistics) -> str:
    """Writes the mean; what is only the noise of rounding is zero."""
    return number(0.0 if abs(found.mean) < 1e-5 * found.deviation else found.mean)


def _of(count: int, total: int) -> str:
    return _("{n} of {total}").format(n=f"{count:,}", total=f"{total:,}")


def quantity(found: Statistics, name: str) -> float:
    """Returns one of `QUANTITIES`; NaN where there is none."""
    units = max(len(found.peaks), 1)
    if name == "zeros":
        return found.share_of_zeros
    if name == "dead":
        return len(found.dead) / units
    if name == "saturated":
        saturated = found.saturated_units
        return float("nan") if saturated is None else len(saturated) / units
    if name == "norm":
        return found.norm
    return found.deviation if name == "deviation" else found.maximum


def notes_of(flow: BatchActivations, bad_input: tuple[int, list[int]]) -> list[str]:
    """Says what a reader must know: what is not kept, what is not finite, what is not seen."""
    from kfunc_lab.graph.model.memory import in_bytes

    said = []
    recording = flow.recording
    count, samples = bad_input
    if count:
        said.append(
            ngettext(
                "The input contains {n} NaN or infinity (sample {samples}).",
                "The input contains {n} NaNs or infinities (samples: {samples}).",
                count,
            ).format(n=f"{count:,}", samples=_listed(samples))
        )
    if recording.not_finite:
        said.append(
            _("The first call that returns a NaN or an infinity is {name}.").format(
                name=printable(recording.not_finite)
            )
        )
    if not recording.complete:
        said.append(
            _(
                "All activations together take {size}, more than the limit: only statistics "
                "and small pictures are kept, and the calls that you select are computed again."
            ).format(size=in_bytes(recording.needed))
        )
    hidden = [it.id for it in recording.calls.values() if it.packed is None]
    if hidden:
        said.append(
            _(
                "These calls ran in a compiled function, where their values cannot "
                "be recorded: {names}."
            ).format(names=", ".join(map(printable, hidden[:8])))
        )
    return said


def _listed(numbers: list[int]) -> str:
    said = ", ".join(map(str, numbers[:6]))
    return said + (", …" if len(numbers) > 6 else "")


def heading(flow: BatchActivations) -> str:
    """Says in one line what is shown: the model, samples, calls, memory."""
    from kfunc_lab.graph.model.memory import in_bytes

    name = printable(flow.graph.name) or printable(flow.graph.kind)
    samples = ngettext("{n} sample", "{n} samples", flow.samples).format(n=f"{flow.samples:,}")
    calls = len(flow.recording.calls)
    words = ngettext("{n} call", "{n} calls", calls).format(n=f"{calls:,}")
    mode = ", " + _("training mode") if flow.training else ""
    return f"{name}: {samples}, {words}, {in_bytes(flow.recording.needed)}{mode}"
