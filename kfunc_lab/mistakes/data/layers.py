"""Other settings of a model's layers, tried by the shape rules."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from kfunc_lab.graph.keras.nodes import ancestors
from kfunc_lab.mistakes.data.cells import made_by
from kfunc_lab.mistakes.data.passed import Passed
from kfunc_lab.mistakes.data.wanted import layer_of_output
from kfunc_lab.mistakes.source.edit import Change

Shape = tuple[int | None, ...]
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D")


def shape_after(
    passed: Passed, settings: Mapping[str, Mapping[str, Any]], place: int = 0
) -> Shape | None:
    """Returns the shape of an output after layers got other settings.

    Args:
        passed: The call of the model's method.
        settings: The new settings, by the name of the layer.
        place: The number of the output.

    Returns:
        The shape; `None` if a layer does not fit any more.
    """
    from kfunc_lab.graph.keras.reader import read
    from kfunc_lab.shapes.what_if import Changes, what_if

    try:
        graph = read(passed.model, lost=False).graph
        ids = {call.layer: call.layer_id for call in graph.calls}
        changes = Changes({ids[name]: dict(new) for name, new in settings.items()})
        after = what_if(graph, changes)
        if after.problems:
            return None
        last = layer_of_output(passed.model, place).name
        calls = [call for call in after.graph.calls if call.layer == last]
        return calls[-1].outputs[0].shape
    except Exception:  # an own layer may not be copied
        return None


def with_setting(
    passed: Passed, layer: Any, name: str, value: str, place: int = -1
) -> tuple[Change, ...]:
    """Returns the change that sets a layer's argument in the learner's source."""
    if passed.code is None:
        return ()
    found = made_by(layer, layer.name, passed.code.file)
    if found is None:
        return ()
    code, call = found
    if type(layer).__name__ == "Bidirectional":  # the setting is that of the layer inside
        inner = call.args[0] if call.args else None
        if not isinstance(inner, ast.Call):
            return ()
        call = inner
    return (code.with_argument(call, name, value, place),)


def layers_before(model: Any, place: int = 0) -> Iterator[Any]:
    """Yields the layers that an output is computed from, the last one first."""
    try:
        nodes = list(ancestors([model.outputs[place]]))
    except Exception:
        return
    order = {layer: number for number, layer in enumerate(model.layers)}
    found = {node.operation for node in nodes if node.operation in order}
    yield from sorted(found, key=lambda layer: order[layer], reverse=True)
