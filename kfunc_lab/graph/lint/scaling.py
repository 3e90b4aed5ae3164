"""Finds data that is rescaled twice, or on one way only."""

from collections.abc import Callable, Iterator

from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

_SCALING = {"Rescaling", "Normalization"}
_TINY = 0.02  # a factor that fits numbers up to 255, but not numbers up to 1
_STEPS = 12  # calls without weights that are followed


def _scaled_around_a_model(case: Case) -> Iterator[Finding]:
    """Finds nested models that are called on data of the wrong scale or of two scales."""
    graph = case.graph
    scaled_outside: dict[str, dict[str, bool]] = {}
    for group in graph.groups:
        if not group.kind or not group.entries or group.id in graph.call_of:
            continue
        outside = [_scaling_before(case, entry) for entry in group.entries]
        scaled_outside.setdefault(group.layer_id, {})[group.id] = any(outside)
        inside = _scaling_after(case, group.entries, group.id)
        before = next(filter(None, outside), None)
        if inside is not None and before is not None:
            yield Finding(
                "nested-scale",
                group.id,
                _(
                    "{model} rescales its own input ({inside}), but {outside} has already "
                    "rescaled the data."
                ).format(
                    model=printable(group.layer),
                    inside=printable(inside.layer),
                    outside=printable(before.layer),
                ),
                _("Remove {outside}, or remove {inside} from {model}.").format(
                    model=printable(group.layer),
                    inside=printable(inside.layer),
                    outside=printable(before.layer),
                ),
                "likely",
            )
    for uses in scaled_outside.values():
        raw = [group for group, scaled in uses.items() if not scaled]
        if raw and len(raw) < len(uses):
            yield Finding(
                "nested-scale",
                raw[0],
                _(
                    "{model} is called on rescaled data in one place and on raw data in "
                    "another, so the same weights receive two scales."
                ).format(model=printable(graph.group_of[raw[0]].layer)),
                _("Rescale all of its inputs, or move the rescaling into the model."),
                "likely",
            )


def _scaling_before(case: Case, entry: str) -> Call | None:
    """Returns the call outside a nested model that rescales its input."""
    call = case.only_source(entry)
    for _step in range(8):
        if call is None:
            return None
        if _rescales(call):
            return call
        if call.parameters:
            return None  # the outputs of trained layers have no fixed scale
        call = case.only_source(call.id)
    return None


def _scaling_after(case: Case, entries: tuple[str, ...], group: str) -> Call | None:
    """Returns the call inside a nested model that rescales its input."""
    inside = set(case.graph.calls_inside[group])
    waiting = list(entries)
    for call_id in waiting[:1] + waiting[1:]:
        for _step in range(4):
            takers = [e.target for e in case.graph.edges if e.source == call_id]
            takers = [taker for taker in takers if taker in inside]
            if len(takers) != 1:
                break
            call_id = takers[0]
            if _rescales(case.graph.call_of[call_id]):
                return case.graph.call_of[call_id]
            if case.graph.call_of[call_id].parameters:
                break
    return None


def _rescales(call: Call) -> bool:
    return call.kind in _SCALING or shrinks(call)


def shrinks(call: Call) -> bool:
    """Tells whether a call divides by at least 50, as for images with numbers up to 255."""
    if call.kind == "Rescaling":
        scale = call.settings.get("scale")
        return isinstance(scale, (int, float)) and 0 < abs(scale) <= _TINY
    if call.kind in ("TrueDivide", "Divide") and "x1" not in call.settings:
        return any(number >= 1 / _TINY for number in _numbers(call))
    return call.kind == "Multiply" and any(0 < number <= _TINY for number in _numbers(call))


def _numbers(call: Call) -> list[float]:
    return [abs(value) for value in call.settings.values() if isinstance(value, (int, float))]


def _scaled_twice(case: Case) -> Iterator[Finding]:
    """Finds two divisions by something like 255 on one way, in one model."""
    for call in case.calls:
        if not shrinks(call):
            continue
        earlier = _earlier_shrinker(case, call)
        if earlier is not None and earlier.group == call.group:
            names = {"name": printable(call.layer), "other": printable(earlier.layer)}
            yield Finding(
                "scaled-twice",
                call.id,
                _(
                    "{other} rescales the data, and {name} rescales it again, so the numbers "
                    "are almost 0."
                ).format(**names),
                _("Remove {other} or {name}.").format(**names),
                "likely",
            )


def _earlier_shrinker(case: Case, call: Call) -> Call | None:
    source = case.only_source(call.id)
    for _step in range(_STEPS):
        if source is None or source.parameters or not source.library:
            return None
        if shrinks(source):
            return source
        source = case.only_source(source.id)
    return None


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _scaled_around_a_model,
    _scaled_twice,
)
