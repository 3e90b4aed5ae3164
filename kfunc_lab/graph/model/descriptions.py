"""Labels and notes that the pictures and texts of a graph share."""

import re

from kfunc_lab.graph.model.layer_graph import Call, Group, LayerGraph, TensorSpec
from kfunc_lab.locale import _, ngettext
from kfunc_lab.ui.text import printable, snake_case

_ROOM = 22  # characters for the classes in a block
_LOOK_AT = 200  # calls of a block


def title(graph: LayerGraph) -> str:
    """Describes a graph in one line: name, class, calls and parameters."""
    count = len(graph.calls) - len(graph.inside)
    calls = ngettext("{n} call", "{n} calls", count).format(n=f"{count:,}")
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
    """Lists what a reader of a graph must know: what is unknown, unused or lost."""
    sentences = []
    if not graph.connected:
        sentences.append(
            _(
                "Python code connects these layers, and Keras does not record it. They are "
                "listed in the order in which they were created."
            )
        )
    if not graph.built:
        sentences.append(
            _(
                "Not built yet: shapes and parameters appear once the model has been called on "
                "data, or built with model.build(input_shape)."
            )
        )
    if graph.lost:
        names = ", ".join(map(printable, graph.lost))
        sentences.append(
            _("Lost, because nothing uses the result: {names}.").format(names=names)
        )
    if graph.unused:
        names = ", ".join(map(printable, graph.unused))
        sentences.append(_("Inputs that lead to no output: {names}.").format(names=names))
    return sentences


def remark(graph: LayerGraph, call: Call) -> str:
    """Says in a few words what is special about a call: shared, frozen, lost, unused."""
    words = []
    if call.id in graph.shared and call.parameters:
        words.append(use_of(*graph.shared[call.id]))
    if call.parameters and not call.trainable_parameters:
        words.append(_("frozen"))
    if call.id in graph.lost:
        words.append(_("lost"))
    if call.id in graph.unused:
        words.append(_("unused"))
    return ", ".join(words)


def group_remark(graph: LayerGraph, group: Group) -> str:
    """Says in a few words what is special about a group: shared, frozen."""
    uses = graph.uses[group.layer_id]
    words = []
    if len(uses) > 1 and group.parameters:
        words.append(use_of(uses.index(group.id) + 1, len(uses)))
    if group.parameters and not group.trainable_parameters:
        words.append(_("frozen"))
    return ", ".join(words)


def contents(graph: LayerGraph, group: Group) -> str:
    """Lists the first classes in a repeated block, such as "Dense, ReLU, Add"; else nothing."""
    if group.kind:
        return ""
    inside = graph.calls_inside[group.id][:_LOOK_AT]
    kinds = list(dict.fromkeys(printable(graph.call_of[call].kind) for call in inside))
    shown = kinds[:1]
    for kind in kinds[1:]:
        if len(", ".join([*shown, kind])) > _ROOM:
            return ", ".join([*shown, "…"])
        shown.append(kind)
    return ", ".join(shown)


def use_of(position: int, count: int) -> str:
    """Says which call of a shared layer this is."""
    return _("use {position} of {count}").format(position=position, count=count)


def own_name(name: str, kind: str) -> str:
    """Returns a name if a person chose it, unlike "conv2d_12" for a Conv2D; else `""`."""
    stem = re.sub(r"_[0-9]+$", "", name).replace("_", "")
    automatic = {snake_case(kind).replace("_", ""), kind.lower()}
    return "" if stem in automatic else name


def tensor_name(graph: LayerGraph, call_id: str, output: int) -> str:
    """Names a tensor in a text: by its call, with an index if the call returns several."""
    several = len(graph.call_of[call_id].outputs) > 1
    return printable(call_id) + (f"[{output}]" if several else "")


def output_label(graph: LayerGraph, position: int, *others: int) -> str:
    """Returns what stands in the box of an output: its key or name if it has one.

    Args:
        graph: The graph.
        position: The position of the output.
        others: The positions of other outputs in the same box.
    """
    if others:
        return _("{n} outputs").format(n=1 + len(others))
    return printable(graph.output_names[position]) or _("output")


def accessible_name(item: Call | Group) -> str:
    """Names a call or group for a screen reader: name, class, output shape, parameters."""
    parts = [short_name(item)]
    if item.kind:
        parts.append(printable(item.kind))
    if isinstance(item, Call):
        parts += map(shape_tuple, item.outputs)
    if item.parameters:
        parts.append(_("{n} parameters").format(n=f"{item.parameters:,}"))
    return ", ".join(parts)


def short_name(call: Call | Group) -> str:
    """Names a call or group within its group: by its layer and the number of the call."""
    if isinstance(call, Group) and not call.kind:  # a repeated block
        count = f" ×{call.count}" if call.count > 1 else ""
        return printable(call.layer) + count
    whole = _without_number(call.id, "~")
    for prefix in (_without_number(whole, "#"), whole, call.id):
        if prefix.endswith(call.layer):
            return printable(call.layer + call.id[len(prefix) :])
    return printable(call.id)


def _without_number(text: str, separator: str) -> str:
    before, _separator, number = text.rpartition(separator)
    return before if number.isdecimal() and before else text


def shape_label(tensor: TensorSpec) -> str:
    """Formats a shape for a picture: without the batch, `?` for an unknown size.

    Args:
        tensor: The shape and dtype of a tensor.

    Returns:
        A label such as `"28 × 28 × 64"`.

    Example:
        >>> shape_label(TensorSpec((None, 28, None, 3), "float32"))
        '28 × ? × 3'
    """
    if tensor.shape is None:
        return "?"
    if not tensor.shape:
        return _("one number")
    batch, *sizes = tensor.shape
    label = " × ".join("?" if size is None else str(size) for size in sizes)
    if batch is not None:
        return " × ".join(filter(None, [_("batch {n}").format(n=batch), label]))
    return label or _("one number each")


def bundle_label(tensor: TensorSpec, count: int) -> str:
    """Formats the shape of tensors that share a line, with their number.

    Example:
        >>> bundle_label(TensorSpec((None, 3), "float32"), 40)
        '3 (×40)'
    """
    return shape_label(tensor) + (f" (×{count})" if count > 1 else "")


def shape_tuple(tensor: TensorSpec) -> str:
    """Formats a shape as Keras does: a tuple with the batch first."""
    return "?" if tensor.shape is None else str(tensor.shape)
