"""Prepares the inputs and outputs of a model for one sample."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from kfunc_lab.activations.picture_kinds import pictures_for
from kfunc_lab.activations.pictures import Bars, picture_of
from kfunc_lab.forward.batch import BatchActivations
from kfunc_lab.forward.samples import arrays_in, as_image, one_sample
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.image import Image, image_of
from kfunc_lab.ui.text import printable
from kfunc_lab.ui.thumbnails import thumbnail

_MAX_OUTPUTS = 4
_MAX_BARS = 24


def image_input(batch: BatchActivations) -> int | None:
    """Returns the index of the first input that is an image; `None` if none is."""
    for index, array in enumerate(arrays_in(batch.x)):
        if as_image(one_sample(array, 0, batch.samples)) is not None:
            return index
    return None


def image_of_sample(batch: BatchActivations, sample: int) -> Image | None:
    """Returns the input of a sample as an image, if it is one."""
    index = image_input(batch)
    if index is None:
        return None
    pixels = as_image(one_sample(arrays_in(batch.x)[index], sample, batch.samples))
    return None if pixels is None else image_of(pixels)


def inputs_of(batch: BatchActivations, sample: int) -> list[tuple[str, Numbers]]:
    """Returns for each input its name and a small picture."""
    calls = batch.graph.call_of
    names = [calls[call_id].layer for call_id in batch.graph.inputs if call_id in calls]
    leaves = _leaves(batch.x)
    if len(names) != len(leaves):
        names = [f"x[{index}]" for index in range(len(leaves))] if len(leaves) > 1 else ["x"]
    return [
        (printable(name), thumbnail(one_sample(array, sample, batch.samples)))
        for name, array in zip(names, leaves, strict=True)
        if array is not None
    ]


def tokens_of(batch: BatchActivations, sample: int) -> tuple[str, ...]:
    """Returns the label of each step of a sequence of tokens: its number or its word."""
    arrays = arrays_in(batch.x)
    if len(arrays) != 1:
        return ()
    row = one_sample(arrays[0], sample, batch.samples)
    is_tokens = row.ndim == 1 and (row.dtype.kind in "iuOSU" or _holds_token_ids(batch, row))
    return tuple(printable(str(_plain(token))) for token in row) if is_tokens else ()


def _holds_token_ids(batch: BatchActivations, row: Numbers) -> bool:
    """Tells whether a row of floats holds integers for an embedding."""
    has_embedding = any(call.kind == "Embedding" for call in batch.graph.calls)
    return has_embedding and bool((row == np.floor(row)).all())


def _plain(token: Any) -> Any:
    if isinstance(token, bytes):
        return token.decode("utf-8", "replace")
    return int(token) if isinstance(token, (np.floating, np.integer)) else token


def outputs_of(batch: BatchActivations, sample: int) -> list[tuple[str, Bars]]:
    """Returns the name and the bars of each output that is a vector or a number."""
    outputs = []
    for name, values, kind, activation in _outputs(batch, sample):
        if values.ndim > 1 or values.dtype.kind in "OSU":
            continue
        vector = values.reshape(-1)
        kinds = pictures_for(vector, kind, activation)
        picture = "probabilities" if "probabilities" in kinds else "bars"
        if picture == "bars" and len(vector) > _MAX_BARS:
            continue
        bars = picture_of(vector, picture)
        assert isinstance(bars, Bars)  # noqa: S101 - both kinds are bars
        if activation == "sigmoid":
            bars = replace(bars, percent=True)
        if len(vector) == 1:
            bars = replace(bars, labels=("",))
        outputs.append((name, bars))
    return outputs[:_MAX_OUTPUTS]


def _outputs(batch: BatchActivations, sample: int) -> Iterator[tuple[str, Numbers, str, str]]:
    graph = batch.graph
    for (call_id, output), key in zip(graph.exits, graph.output_names, strict=True):
        call = batch.recording.calls.get(call_id)
        places = _leaves(call.packed) if call is not None else []
        place = places[output] if output < len(places) else None
        if call is None or place is None:
            continue
        name = key or (call.layer if len(places) == 1 else f"{call.layer}[{output}]")
        values = batch.sample(call_id, place, sample).values
        yield printable(name), values, call.kind, call.activation
    if graph.exits:
        return
    for index, leaf in enumerate(_leaves(batch.recording.outputs)):
        if leaf is not None and np.ndim(leaf) and len(leaf) == batch.samples:
            yield f"[{index}]", leaf[sample], "", ""


def _leaves(x: Any) -> list[Any]:
    import keras

    return list(keras.tree.flatten(x))
