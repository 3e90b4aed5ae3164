"""The details of a call or group beside the picture: rows with a label and a value."""

from collections.abc import Callable, Iterable, Mapping
from math import prod

from kfunc_lab.graph.model.descriptions import group_remark, remark, shape_tuple
from kfunc_lab.graph.model.families import family_of
from kfunc_lab.graph.model.layer_graph import Call, Group, LayerGraph, TensorSpec, Weight
from kfunc_lab.graph.model.levels import Level, levels_of
from kfunc_lab.graph.model.memory import activation_bytes, memory_text, weight_bytes
from kfunc_lab.locale import _, ngettext
from kfunc_lab.shapes.rules.formulas import multiply_adds
from kfunc_lab.ui.text import format_count, printable

_MAX_WEIGHTS = 12
_LONGEST_VALUE = 300  # characters

Rows = list[tuple[str, str]]


def details(
    graph: LayerGraph, item: Call | Group, levels: Mapping[str | None, Level] | None = None
) -> Rows:
    """Describes a call or group.

    Args:
        graph: The graph.
        item: One of its calls or groups.
        levels: The graph's levels from `levels_of`, if already known.

    Returns:
        Labels and values in the current language: input and output shapes, parameters by weight,
        memory, multiply-adds, notes, each setting that differs from its default, and the code of
        the call.

    Example:
        >>> call = Call("d", "d", "Dense", "d", parameters=650, settings={"units": 10})
        >>> graph = LayerGraph("m", "Sequential", (call,), ())
        >>> details(graph, call)
        [('Parameters', '650, all frozen'), ('Note', 'frozen'), ('units', '10')]
    """
    if isinstance(item, Group):
        return _group_rows(graph, item, levels_of(graph) if levels is None else levels)
    return _call_rows(graph, item)


def _call_rows(graph: LayerGraph, call: Call) -> Rows:
    rows = [*_shape_rows(_("Input"), call.inputs), *_shape_rows(_("Output"), call.outputs)]
    if call.inputs or family_of(call).name != "input":
        rows += [(_("Parameters"), _parameters(call)), *_weight_rows(call.weights)]
        rows += _cost_rows([call])
    if call.layer_id != call.id or call.id in graph.shared:
        rows.append((_("Layer"), printable(call.layer)))
    others = graph.calls_by_layer.get(call.layer_id, [])
    if call.parameters and len(others) > 1:
        names = [printable(call_id) for call_id in others if call_id != call.id]
        rows.append((_("Shared with"), _cut(", ".join(names))))
    special = remark(graph, call)
    if special:
        rows.append((_("Note"), special))
    if call.group:
        rows.append((_("Inside"), printable(call.group)))
    rows += [(printable(name), _value(value)) for name, value in call.settings.items()]
    code = _code(graph, call)
    return [*rows, (_("Code"), code)] if code else rows


def _group_rows(graph: LayerGraph, group: Group, levels: Mapping[str | None, Level]) -> Rows:
    calls = [graph.call_of[call_id] for call_id in graph.calls_inside[group.id]]
    owners = {call.layer_id: call for call in calls}.values()  # shared weights count once
    inputs, outputs = _boundary(levels[group.parent], group.id)
    count = ngettext("{n} call", "{n} calls", len(calls)).format(n=f"{len(calls):,}")
    rows = [*_shape_rows(_("Input"), inputs), *_shape_rows(_("Output"), outputs)]
    rows += [(_("Calls"), count), (_("Parameters"), _parameters(group))]
    rows += _cost_rows(calls, owners)
    others = [
        printable(group_id) for group_id in graph.uses[group.layer_id] if group_id != group.id
    ]
    if others and group.parameters:
        rows.append((_("Shared with"), _cut(", ".join(others))))
    special = group_remark(graph, group)
    if special:
        rows.append((_("Note"), special))
    if group.parent:
        rows.append((_("Inside"), printable(group.parent)))
    return rows


def _boundary(
    level: Level, group: str
) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Returns the tensors that enter a group and those that leave it, each once."""
    inputs = {wire.key: wire.tensor for wire in level.wires if wire.target == group}
    outputs = {wire.key: wire.tensor for wire in level.wires if wire.source == group}
    return tuple(filter(None, inputs.values())), tuple(filter(None, outputs.values()))


def _shape_rows(label: str, tensors: tuple[TensorSpec, ...]) -> Rows:
    several = len(tensors) > 1
    return [
        (f"{label} {position}" if several else label, f"{shape_tuple(tensor)} {tensor.dtype}")
        for position, tensor in enumerate(tensors, start=1)
    ]


def _parameters(item: Call | Group) -> str:
    count = f"{item.parameters:,}"
    frozen = item.parameters - item.trainable_parameters
    if not frozen:
        return count
    if not item.trainable_parameters:
        return _("{n}, all frozen").format(n=count)
    return _("{n}, {frozen} of them not trainable").format(n=count, frozen=f"{frozen:,}")


def _weight_rows(weights: tuple[Weight, ...]) -> Rows:
    rows = [
        (
            "· " + printable(weight.name),
            f"{' × '.join(map(str, weight.shape)) or '1'} = {prod(weight.shape):,}"
            if len(weight.shape) > 1
            else f"{prod(weight.shape):,}",
        )
        for weight in weights[:_MAX_WEIGHTS]
    ]
    more = len(weights) - _MAX_WEIGHTS
    return [*rows, ("·", _("{n} more").format(n=more))] if more > 0 else rows


def _cost_rows(calls: Iterable[Call], owners: Iterable[Call] | None = None) -> Rows:
    """Returns the costs of calls for one example; the weights of a shared layer count once."""
    calls = list(calls)
    rows = []
    weights = _total(map(weight_bytes, calls if owners is None else owners))
    results = _total(map(activation_bytes, calls))
    products = _total(map(multiply_adds, calls))
    if weights[0] or results[0]:
        sizes = _("weights {weights}, outputs {results} per example").format(
            weights=_amount(weights, memory_text), results=_amount(results, memory_text)
        )
        rows.append((_("Memory"), sizes))
    if products[0]:
        rows.append((_("Multiply-adds"), _amount(products, format_count)))
    return rows


def _total(counts: Iterable[int | None]) -> tuple[int, bool]:
    """Adds up the known counts, and tells whether all counts are known."""
    counts = list(counts)
    return sum(count or 0 for count in counts), None not in counts


def _amount(total: tuple[int, bool], write: Callable[[int], str]) -> str:
    count, complete = total
    text = write(count)
    if complete:
        return text
    return _("at least {amount}").format(amount=text) if count else "?"


def _code(graph: LayerGraph, call: Call) -> str:
    """Writes the code of a call: the layer and its arguments."""
    if not call.code:
        return ""
    sources = [
        printable(graph.call_of[call_id].layer) for call_id in graph.sources.get(call.id, ())
    ]
    if not sources:
        return _cut(printable(call.code))
    argument = sources[0] if len(sources) == 1 else f"[{', '.join(sources)}]"
    return _cut(printable(f"{call.code}({argument})"))


def _value(value: object) -> str:
    return _cut(printable(value if isinstance(value, str) else repr(value)))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
