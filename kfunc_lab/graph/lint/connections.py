"""Finds mistakes in connections: lost branches, twin layers, data that is rescaled twice."""

from collections.abc import Callable, Iterator
from math import prod

from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.model.comparison import chosen_name, hashable_settings
from kfunc_lab.graph.model.descriptions import shape_label
from kfunc_lab.graph.model.families import family_of
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

_HUGE = 10_000_000  # parameters of one Dense layer
_MAX_POSITIONS = 49  # positions left before Flatten, such as the 7 × 7 of VGG
_SYMMETRIC = {"Subtract", "Dot", "Maximum", "Minimum", "Average", "Multiply", "Add"}
_SCALING = {"Rescaling", "Normalization"}


def _unused_inputs(case: Case) -> Iterator[Finding]:
    for call_id in case.graph.unused:
        name = printable(call_id)
        yield Finding(
            "unused-input",
            call_id,
            _("The input {name} leads to no output, so its data is ignored.").format(name=name),
            _("Use {name} in a layer that leads to an output, or remove it.").format(name=name),
            "certain",
        )


def _lost_branches(case: Case) -> Iterator[Finding]:
    lost = set(case.graph.lost)
    feeding = {edge.source for edge in case.graph.edges if edge.target in lost}
    for call_id in case.graph.lost:
        if call_id in feeding:
            continue  # only the end of the branch is reported
        name = printable(call_id)
        yield Finding(
            "lost-branch",
            call_id,
            _(
                "Nothing uses the result of {name}: it leads to no output and to no other "
                "layer."
            ).format(name=name),
            _(
                "Pass the result of {name} to another layer, or delete the call. Did you "
                "reassign its variable before you used it?"
            ).format(name=name),
            "likely",
        )


def _twins(case: Case) -> Iterator[Finding]:
    """Finds towers of equal layers over two inputs, which should probably share weights."""
    graph = case.graph
    for call in graph.calls:
        ends = graph.sources.get(call.id, [])
        symmetric = call.kind in _SYMMETRIC
        if len(ends) != 2 or not (symmetric or call.kind == "Concatenate"):
            continue
        towers = [_tower(case, end) for end in ends]
        if not all(towers) or not _are_twins(*towers):
            continue
        pairs = [
            (one, other)
            for one, other in zip(*towers, strict=True)
            if one.parameters and one.layer_id != other.layer_id
        ]
        automatic = all(not chosen_name(call) for pair in pairs for call in pair)
        if not pairs or not (symmetric or automatic):
            continue
        first, second = pairs[-1]
        names = {"one": printable(first.layer), "other": printable(second.layer)}
        yield Finding(
            "twins",
            second.id,
            _(
                "{one} and {other} process two equal inputs in the same way before the "
                "results are compared, but each has its own weights."
            ).format(**names),
            _(
                "To share weights, create the layer once and call it twice: `layer = ...`, "
                "then `layer(a)` and `layer(b)`."
            ),
            "likely" if call.kind in ("Subtract", "Dot") else "possible",
        )


def _tower(case: Case, end: str) -> list[Call]:
    """Returns the chain of calls from an input to a call; an empty list if there is no chain."""
    row = [case.graph.call_of[end]]
    while row[0].id not in case.graph.inputs:
        source = case.only_source(row[0].id)
        if source is None:
            return []
        row.insert(0, source)
    return row


def _are_twins(one: list[Call], other: list[Call]) -> bool:
    if one[0].id == other[0].id or len(one) != len(other):
        return False
    return all(
        left.kind == right.kind
        and hashable_settings(left.settings) == hashable_settings(right.settings)
        and left.outputs == right.outputs
        for left, right in zip(one, other, strict=True)
    )


def _scaled_twice(case: Case) -> Iterator[Finding]:
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
    if call.kind in _SCALING:
        return True
    numbers = [
        abs(value) for value in call.settings.values() if isinstance(value, (int, float))
    ]
    if call.kind in ("TrueDivide", "Divide"):
        return any(number >= 100 for number in numbers)
    return call.kind == "Multiply" and any(0 < number <= 0.02 for number in numbers)


def _huge_dense(case: Case) -> Iterator[Finding]:
    for call in case.graph.calls:
        if call.kind != "Dense" or call.parameters < _HUGE:
            continue
        source = case.only_source(call.id)
        while source is not None and source.kind == "Dropout":
            source = case.only_source(source.id)
        if source is None or source.kind != "Flatten" or not source.inputs:
            continue
        shape = source.inputs[0].shape or ()
        positions = prod(size or 1 for size in shape[1:-1])
        share = call.parameters / max(1, case.graph.parameters)
        if positions > _MAX_POSITIONS and share > 0.5:
            yield Finding(
                "huge-dense",
                call.id,
                _(
                    "{name} has {n} parameters, {share} of the model's total, because its "
                    "input is {shape}, flattened."
                ).format(
                    name=printable(call.layer),
                    n=f"{call.parameters:,}",
                    share=f"{round(100 * share)} %",
                    shape=shape_label(source.inputs[0]),
                ),
                _(
                    "Make the feature maps smaller first (`layers.MaxPooling2D()`, strides), "
                    "or use `layers.GlobalAveragePooling2D()` instead of Flatten."
                ),
                "likely",
            )


def _duplicate_names(case: Case) -> Iterator[Finding]:
    seen: dict[tuple[str | None, str], str] = {}
    for call in case.graph.calls:
        other = seen.setdefault((call.group, call.layer), call.layer_id)
        if other != call.layer_id and call.id == call.layer_id:
            yield Finding(
                "duplicate-name",
                call.id,
                _("Two layers are called {name}.").format(name=printable(call.layer)),
                _(
                    "Give each layer its own name: `keras.Model` refuses duplicate names, and "
                    "weights are looked up by name."
                ),
                "certain",
            )


def _dtypes(case: Case) -> Iterator[Finding]:
    graph = case.graph
    for edge in graph.edges:
        source, target = graph.call_of[edge.source], graph.call_of[edge.target]
        if edge.source not in graph.inputs:
            continue
        # Keras converts floats to indices; 16-bit floats cannot represent large indices exactly.
        if target.kind == "Embedding" and edge.tensor.dtype in ("float16", "bfloat16"):
            yield Finding(
                "dtype",
                source.id,
                _(
                    "{name} has dtype {dtype}, but {taker} uses it as indices, which that "
                    "dtype cannot represent exactly."
                ).format(
                    name=printable(source.layer),
                    dtype=edge.tensor.dtype,
                    taker=printable(target.layer),
                ),
                _('Declare it as integers: `keras.Input(..., dtype="int32")`.'),
                "likely",
            )
        weighted = family_of(target).name in ("dense", "convolution") and target.parameters
        if (
            weighted
            and "Embedding" not in target.kind
            and edge.tensor.dtype.startswith(("int", "uint"))
        ):
            yield Finding(
                "dtype",
                source.id,
                _("{name} has dtype {dtype} and enters {taker} without rescaling.").format(
                    name=printable(source.layer),
                    dtype=edge.tensor.dtype,
                    taker=printable(target.layer),
                ),
                _(
                    "Rescale it first (`layers.Rescaling(1 / 255)`), or encode it, for "
                    "example with `layers.Embedding` or `layers.CategoryEncoding`."
                ),
                "possible",
            )
    for call in case.outputs:
        for tensor in call.outputs:
            if tensor.dtype in ("float16", "bfloat16"):
                yield Finding(
                    "dtype",
                    call.id,
                    _(
                        "The output of {name} has dtype {dtype}, so the loss is less precise."
                    ).format(name=printable(call.layer), dtype=tensor.dtype),
                    _('Let the last layer compute in full precision: `dtype="float32"`.'),
                    "likely",
                )


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _unused_inputs,
    _lost_branches,
    _twins,
    _scaled_twice,
    _huge_dense,
    _duplicate_names,
    _dtypes,
)
