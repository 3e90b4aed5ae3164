"""Collects what the page shows about the selected call for one sample."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kfunc_lab.activations.overview import calls_by_item, shape_of
from kfunc_lab.activations.page_data import (
    exciting_data,
    image_data,
    picture_data,
    places_data,
    state_words,
    statistics_data,
)
from kfunc_lab.activations.picture_kinds import name_of, pictures_for
from kfunc_lab.activations.pictures import (
    MAX_NUMBERS,
    Tiles,
    number,
    one_tile,
    picture_of,
)
from kfunc_lab.forward.batch import BatchActivations, SampleValues
from kfunc_lab.forward.recording import CapturedCall, Tensor
from kfunc_lab.graph.model.descriptions import short_name
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.image import Image
from kfunc_lab.ui.text import printable

NOW, BEFORE, DIFFERENCE = "now", "before", "difference"


@dataclass(frozen=True)
class Choice:
    """The learner's choice of what to show.

    Attributes:
        item: A call or group of the graph.
        place: The base id of one of the calls that belong to the item.
        step: The number of the call among those in this place.
        tensor: The number of its output.
        picture: The kind of picture; empty for the best kind.
        unit: The unit to show in detail; -1 for none.
        first: The first map to show.
        shared: Whether all maps share one colour scale.
        side: `NOW`, `BEFORE` or `DIFFERENCE`.
    """

    item: str = ""
    place: str = ""
    step: int = 0
    tensor: int = 0
    picture: str = ""
    unit: int = -1
    first: int = 0
    shared: bool = True
    side: str = NOW


@dataclass(frozen=True)
class Source:
    """The source of the values to show.

    Attributes:
        batch: The activations of the batch, from which the statistics come.
        graph: The graph, with the groups that the view shows.
        drawing: The activations of the learner's drawing, if it is shown.
        sample: The number of the sample.
        image: The input, if it is an image.
        tokens: The labels of the steps, if the input is a sequence of tokens.
        earlier: The activations to compare with.
        pairs: For each call its counterpart in `earlier`.
        change: For each call its relative change.
    """

    batch: BatchActivations
    graph: LayerGraph
    drawing: BatchActivations | None = None
    sample: int = 0
    image: Image | None = None
    tokens: tuple[str, ...] = ()
    earlier: BatchActivations | None = None
    pairs: Mapping[str, str] | None = None
    change: Mapping[str, float] | None = None

    @functools.cached_property
    def shown(self) -> Mapping[str, CapturedCall]:
        """For each call and group the recorded call that is shown for it."""
        return calls_by_item(self.batch, self.graph)


def panel_data(
    source: Source, choice: Choice, max_numbers: int = MAX_NUMBERS
) -> dict[str, Any]:
    """Returns what the page shows about a call.

    Args:
        source: The source of the values.
        choice: What to show.
        max_numbers: The largest number of values in its picture.

    Returns:
        Plain JSON, with numbers as bytes; only a message if nothing was recorded for the item.
    """
    batch, graph = source.batch, source.graph
    node = graph.call_of.get(choice.item) or graph.group_of.get(choice.item)
    shown = source.shown.get(choice.item) if node is not None else None
    if node is None or shown is None:
        return {"item": choice.item, "empty": _empty_message(batch, choice.item)}
    calls = batch.calls_of(choice.item) or [shown]
    base = choice.place if choice.place in {call.base for call in calls} else calls[0].base
    steps = [call for call in calls if call.base == base]
    step = min(choice.step, len(steps) - 1)
    call = steps[step]
    data: dict[str, Any] = {
        "item": choice.item,
        "name": short_name(node),
        "path": printable(call.id),
        "kind": printable(call.kind),
        "places": places_data(calls, choice.item),
        "place": base,
        "steps": len(steps),
        "step": step,
    }
    if not call.tensors:
        compiled = _("Its values cannot be recorded, because it ran in a compiled function.")
        return data | {"empty": compiled if call.is_compiled else _("It returned no numbers.")}
    tensor = min(choice.tensor, len(call.tensors) - 1)
    return data | _call_data(source, choice, call, tensor, max_numbers)


def _empty_message(batch: BatchActivations, item: str) -> str:
    if not item:
        return ""
    if item in batch.graph.lost:
        return _("No data flows through it, because no output depends on it.")
    return _("Nothing was recorded for it.")


def _call_data(
    source: Source, choice: Choice, call: CapturedCall, index: int, max_numbers: int
) -> dict[str, Any]:
    tensor = call.tensors[index]
    sample = _sample_values(source, choice.side, call.id, index)
    values = sample.values
    kinds = pictures_for(values, call.kind, call.activation, is_scores=tensor.is_scores)
    if choice.side == DIFFERENCE:  # a difference of probabilities is not a probability
        without = ("probabilities", "projection", "image")
        kinds = [kind for kind in kinds if kind not in without]
    kind = choice.picture if choice.picture in kinds else kinds[0]
    picture = picture_of(
        values,
        kind,
        channels_first=call.channels_first,
        shared=choice.shared,
        first=choice.first,
        max_numbers=max_numbers,
        labels=source.tokens,
    )
    statistics = source.batch.statistics(call.id, index)
    return {
        "shape": shape_of(tensor),
        "dtype": tensor.dtype,
        "tensors": [_output_name(output, n) for n, output in enumerate(call.tensors)],
        "tensor": index,
        "state": state_words(sample.state),
        "pictures": [(kind, name_of(kind)) for kind in kinds],
        "picture": kind,
        "shown": picture_data(picture),
        "shared": choice.shared,
        "side": choice.side,
        "sides": _sides(source),
        "change": _change_words(source, call.id) if index == 0 else "",
        "statistics": statistics_data(call, statistics)
        if values.dtype.kind not in "OSU"
        else {},
        "unit": _unit_data(source, choice, call, values, picture, index),
    }


def _sample_values(source: Source, side: str, call_id: str, tensor: int) -> SampleValues:
    if source.drawing is not None:
        return source.drawing.sample(call_id, tensor, 0)
    now = source.batch.sample(call_id, tensor, source.sample)
    if source.earlier is None or source.pairs is None or side == NOW:
        return now
    before = source.earlier.sample(source.pairs[call_id], tensor, source.sample)
    if side == BEFORE:
        return before
    with np.errstate(invalid="ignore"):
        difference = np.asarray(now.values, np.float32) - np.asarray(before.values, np.float32)
    return SampleValues(difference, before.state)


def _sides(source: Source) -> list[tuple[str, str]]:
    if source.earlier is None or source.drawing is not None:
        return []
    return [(NOW, _("Now")), (BEFORE, _("Before")), (DIFFERENCE, _("Difference"))]


def _change_words(source: Source, call_id: str) -> str:
    change = (source.change or {}).get(call_id)
    if change is None:
        return ""
    return _("Changed by {share} of its norm.").format(share=f"{100 * change:.3g} %")


def _output_name(tensor: Tensor, index: int) -> str:
    if tensor.is_scores:
        return _("attention scores")
    return _("result {name}").format(name=printable(tensor.name) or index)


def _unit_data(
    source: Source,
    choice: Choice,
    call: CapturedCall,
    values: Numbers,
    picture: Any,
    tensor: int,
) -> dict[str, Any] | None:
    if choice.unit < 0 or values.dtype.kind in "OSU":
        return None
    data: dict[str, Any] = {"n": choice.unit}
    if isinstance(picture, Tiles) and not picture.is_one_vector and picture.total > 1:
        if choice.unit >= picture.total:
            return None
        kind = "scores" if call.tensors[tensor].is_scores else "maps"
        tile = one_tile(values, kind, choice.unit, call.channels_first)
        data["map"] = picture_data(tile)
        data["title"] = tile.labels[0]
        if source.image is not None and kind == "maps":
            data["image"] = image_data(source.image)
    elif choice.unit >= np.size(values):
        return None
    else:
        one = values.reshape(-1)[choice.unit]
        value = float(abs(one) if values.dtype.kind == "c" else one)
        data["title"] = _("unit {n}: {value}").format(n=choice.unit, value=number(value))
    if not call.tensors[tensor].is_scores:
        statistics = source.batch.statistics(call.id, tensor)
        data["exciting"] = exciting_data(statistics, choice.unit % len(statistics.peaks))
    return data
