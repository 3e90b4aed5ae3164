"""Finds calls that mix numbers which do not belong together: other examples, other axes."""

from collections import Counter
from collections.abc import Callable, Iterator

from kfunc_lab.graph.lint.axes import shape_of, without_batch
from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

_REDUCING = {
    "Mean", "Sum", "Max", "Min", "Std", "Var", "Norm", "Prod", "Any", "All", "Logsumexp",
    "Median", "GetItem", "Average",
}  # fmt: skip


def _examples(case: Case) -> Iterator[Finding]:
    """Finds operations inside a graph that combine the examples of a batch."""
    for call in case.calls:
        before = call.inputs[0].shape if call.inputs else None
        if call.kind not in _REDUCING or not call.operation or not before:
            continue
        if before[0] is not None or shape_of(call)[:1] == (None,) or _ends_so(case, call):
            continue
        yield Finding(
            "batch-mixed",
            call.id,
            _(
                "{name} ({kind}) combines all examples of a batch, so the result for one example "
                "depends on the others."
            ).format(name=printable(call.layer), kind=call.kind),
            _("Index a later axis, as in `x[:, 0]`.")
            if call.kind == "GetItem"
            else _("Name the axis, so that axis 0 stays: for example `axis=-1`."),
            "likely",
        )


def _ends_so(case: Case, call: Call) -> bool:
    """Tells whether an output has lost its batch axis: another rule says so."""
    following = {call.id, *case.following([call.id])}
    return any(it.id in following and without_batch(it, output) for it, output in case.exits)


def _reshapes(case: Case) -> Iterator[Finding]:
    """Finds a Reshape that is meant to swap axes, but cuts the numbers anew."""
    for call in case.calls:
        if call.kind != "Reshape" or not call.library or not call.inputs:
            continue
        before, after = (call.inputs[0].shape or ())[1:], shape_of(call)[1:]
        large = [size for size in before if size != 1], [size for size in after if size != 1]
        if None in before or None in after or large[0] == large[1] or len(before) != len(after):
            continue
        if Counter(before) == Counter(after):
            order = _order(before, after)
            yield Finding(
                "reshape-swaps",
                call.id,
                _(
                    "{name} turns {before} into {after} by cutting the row of numbers anew: it "
                    "does not swap the axes, it mixes their numbers."
                ).format(name=printable(call.layer), before=str(before), after=str(after)),
                _("To swap the axes, use `layers.Permute({order})`.").format(order=order),
                "likely",
            )


def _order(before: tuple[int | None, ...], after: tuple[int | None, ...]) -> str:
    left = list(enumerate(before, start=1))
    order = []
    for size in after:
        found = next(pair for pair in left if pair[1] == size)
        left.remove(found)
        order.append(found[0])
    return str(tuple(order))


def _normalised_rows(case: Case) -> Iterator[Finding]:
    """Finds a BatchNormalization over axis 1 of images whose channels come last."""
    if any("data_format" in call.settings for call in case.calls):
        return
    for call in case.calls:
        shape = (call.inputs[0].shape if call.inputs else None) or ()
        if (
            call.kind == "BatchNormalization"
            and call.settings.get("axis") == 1
            and len(shape) > 3
        ):
            yield Finding(
                "normalised-axis",
                call.id,
                _(
                    "{name} normalises each of the {n} rows of the image, because of `axis=1`; the "
                    "channels are the last axis."
                ).format(name=printable(call.layer), n="?" if shape[1] is None else shape[1]),
                _("Leave `axis` out."),
                "likely",
            )


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _examples,
    _reshapes,
    _normalised_rows,
)
