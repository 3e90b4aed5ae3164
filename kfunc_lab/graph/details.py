"""What is said beside the picture about one call, as rows of a label and a value."""

from kfunc_lab.graph.families import family_of
from kfunc_lab.graph.layer_graph import Call, LayerGraph, TensorSpec
from kfunc_lab.graph.writing import printable, remark, shape_tuple
from kfunc_lab.locale import _


def details(graph: LayerGraph, call: Call) -> list[tuple[str, str]]:
    """Describes a call.

    Args:
        graph: The graph.
        call: One of its calls.

    Returns:
        Labels and values in the language in use: input and output shapes, parameters, what is
        special about the call, and each setting that differs from its default.

    Example:
        >>> call = Call("d", "d", "Dense", "d", parameters=650, settings={"units": 10})
        >>> graph = LayerGraph("m", "Sequential", (call,), ())
        >>> details(graph, call)
        [('Parameters', '650, all frozen'), ('Note', 'frozen'), ('units', '10')]
    """
    rows = [
        *_shape_rows(_("Input"), call.inputs),
        *_shape_rows(_("Output"), call.outputs),
        (_("Parameters"), _parameters(call)),
    ]
    if not call.inputs and family_of(call).name == "input":
        rows = rows[:-1]
    if call.layer_id != call.id or call.id in graph.shared:
        rows.append((_("Layer"), printable(call.layer)))
    special = remark(graph, call)
    if special:
        rows.append((_("Note"), special))
    if call.group:
        rows.append((_("Inside"), printable(call.group)))
    return rows + [(printable(name), _value(value)) for name, value in call.settings.items()]


def _shape_rows(label: str, tensors: tuple[TensorSpec, ...]) -> list[tuple[str, str]]:
    several = len(tensors) > 1
    return [
        (f"{label} {position}" if several else label, f"{shape_tuple(tensor)} {tensor.dtype}")
        for position, tensor in enumerate(tensors, start=1)
    ]


def _parameters(call: Call) -> str:
    count = f"{call.parameters:,}"
    frozen = call.parameters - call.trainable_parameters
    if not frozen:
        return count
    if not call.trainable_parameters:
        return _("{n}, all frozen").format(n=count)
    return _("{n}, {frozen} of them not trainable").format(n=count, frozen=f"{frozen:,}")


def _value(value: object) -> str:
    return printable(value if isinstance(value, str) else repr(value))
