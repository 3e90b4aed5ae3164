"""What goes into a model and what comes out of it, for one sample."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from kfunc_lab.activations.picture_kinds import pictures_for
from kfunc_lab.activations.pictures import Bars, Image, image_of, picture_of
from kfunc_lab.forward.batch import BatchActivations
from kfunc_lab.forward.samples import as_image
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.text import printable
from kfunc_lab.ui.thumbnails import thumbnail

_MOST_OUTPUTS = 4
_MOST_BARS = 24


def picture_input(flow: BatchActivations) -> int | None:
    """Returns which of the inputs, in their order, is a picture; `None` if none is."""
    for place, values in enumerate(_leaves(flow.x)):
        if as_image(np.asarray(values[0])) is not None:
            return place
    return None


def image_of_sample(flow: BatchActivations, sample: int) -> Image | None:
    """Returns the input of a sample as a picture, where it is one."""
    place = picture_input(flow)
    if place is None:
        return None
    picture = as_image(np.asarray(_leaves(flow.x)[place][sample]))
    return None if picture is None else image_of(picture)


def inputs_of(flow: BatchActivations, sample: int) -> list[tuple[str, Numbers]]:
    """Returns for each input its name and a small picture."""
    names = [
        flow.graph.call_of[it].layer for it in flow.graph.inputs if it in flow.graph.call_of
    ]
    leaves = _leaves(flow.x)
    if len(names) != len(leaves):
        names = [f"x[{place}]" for place in range(len(leaves))] if len(leaves) > 1 else ["x"]
    return [
        (printable(name), thumbnail(np.asarray(values[sample])))
        for name, values in zip(names, leaves, strict=True)
    ]


def tokens_of(flow: BatchActivations, sample: int) -> tuple[str, ...]:
    """Returns what the steps of a row of tokens are called: their numbers or words."""
    leaves = _leaves(flow.x)
    if len(leaves) != 1:
        return ()
    row = np.asarray(leaves[0][sample])
    is_tokens = row.ndim == 1 and (row.dtype.kind in "iuOSU" or _is_whole(flow, row))
    return tuple(printable(str(_plain(it))) for it in row) if is_tokens else ()


def _is_whole(flow: BatchActivations, row: Numbers) -> bool:
    """Tells whether a row feeds an embedding, and so holds numbers of tokens."""
    first = [call for call in flow.graph.calls if call.kind == "Embedding"]
    return bool(first) and bool((row == np.floor(row)).all())


def _plain(token: Any) -> Any:
    if isinstance(token, bytes):
        return token.decode("utf-8", "replace")
    return int(token) if isinstance(token, (np.floating, np.integer)) else token


def answers_of(flow: BatchActivations, sample: int) -> list[tuple[str, Bars]]:
    """Returns for each output that is a vector or a number its name and its bars."""
    found = []
    for name, values, kind, activation in _outputs(flow, sample):
        if values.ndim > 1 or values.dtype.kind in "OSU":
            continue
        vector = values.reshape(-1)
        kinds = pictures_for(vector, kind, activation)
        shown = "probabilities" if "probabilities" in kinds else "bars"
        if shown == "bars" and len(vector) > _MOST_BARS:
            continue
        bars = picture_of(vector, shown)
        assert isinstance(bars, Bars)  # noqa: S101 - both kinds are bars
        if activation == "sigmoid":
            bars = replace(bars, percent=True)
        if len(vector) == 1:
            bars = replace(bars, labels=("",))
        found.append((name, bars))
    return found[:_MOST_OUTPUTS]


def _outputs(flow: BatchActivations, sample: int) -> Iterator[tuple[str, Numbers, str, str]]:
    calls = flow.recording.calls
    known = [it for it in flow.graph.outputs if it in calls and calls[it].tensors]
    for call_id in known:
        call = calls[call_id]
        values = flow.sample(call_id, 0, sample).values
        yield printable(call.layer), values, call.kind, call.activation
    if known or flow.graph.outputs:
        return
    for place, leaf in enumerate(_leaves(flow.recording.outputs)):
        if leaf is not None and np.ndim(leaf) and len(leaf) == flow.samples:
            yield f"[{place}]", leaf[sample], "", ""


def _leaves(x: Any) -> list[Any]:
    import keras

    return list(keras.tree.flatten(x))
