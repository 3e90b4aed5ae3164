"""What the page shows of the selected call for one sample."""

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
    MOST_NUMBERS,
    Image,
    Tiles,
    number,
    one_tile,
    picture_of,
)
from kfunc_lab.forward.batch import BatchActivations, SampleValues
from kfunc_lab.forward.recording import CapturedCall, Tensor
from kfunc_lab.graph.model.descriptions import short_name
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.text import printable

NOW, BEFORE, DIFFERENCE = "now", "before", "difference"


@dataclass(frozen=True)
class Choice:
    """What is chosen to be shown.

    Attributes:
        item: A call or group of the graph.
        place: The base id of the call that is shown, of those that belong to the item.
        step: Which of its calls.
        tensor: Which of its results.
        picture: The kind of picture; empty for the one that suits best.
        unit: A unit to look at; -1 for none.
        first: The first map that is shown.
        shared: Whether all maps have one colour scale.
        side: Now, before, or the difference.
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
    """Where the values come from.

    Attributes:
        flow: The activations of the batch, which the statistics are of.
        drawn: Those of what was drawn, if that is shown.
        sample: The number of the sample.
        image: The input, where it is a picture.
        tokens: The names of the steps, where the input is a row of numbers of tokens.
        earlier: The activations to compare with.
        pairs: For each call the earlier one.
        change: For each call how much it changed.
    """

    flow: BatchActivations
    drawn: BatchActivations | None = None
    sample: int = 0
    image: Image | None = None
    tokens: tuple[str, ...] = ()
    earlier: BatchActivations | None = None
    pairs: Mapping[str, str] | None = None
    change: Mapping[str, float] | None = None


def panel_data(source: Source, choice: Choice, most: int = MOST_NUMBERS) -> dict[str, Any]:
    """Writes what the page shows of a call.

    Args:
        source: Where the values come from.
        choice: What is shown.
        most: How many numbers its picture may hold.

    Returns:
        Plain JSON, with numbers as bytes; empty if nothing was recorded of the item.
    """
    flow = source.flow
    named = flow.graph.call_of.get(choice.item) or flow.graph.group_of.get(choice.item)
    shown = calls_by_item(flow).get(choice.item) if named is not None else None
    if named is None or shown is None:
        return {"item": choice.item, "empty": _empty(flow, choice.item)}
    inside = flow.calls_of(choice.item) or [shown]
    base = choice.place if any(it.base == choice.place for it in inside) else inside[0].base
    steps = [it for it in inside if it.base == base]
    step = min(choice.step, len(steps) - 1)
    call = steps[step]
    data: dict[str, Any] = {
        "item": choice.item,
        "name": short_name(named),
        "path": printable(call.id),
        "kind": printable(call.kind),
        "places": places_data(inside, choice.item),
        "place": base,
        "steps": len(steps),
        "step": step,
    }
    if not call.tensors:
        return data | {
            "empty": _("Its values cannot be recorded, because it ran in a compiled function.")
        }
    tensor = min(choice.tensor, len(call.tensors) - 1)
    return data | _shown(source, choice, call, tensor, most)


def _empty(flow: BatchActivations, item: str) -> str:
    if not item:
        return ""
    if item in flow.graph.lost:
        return _("No data flows through it, because no output depends on it.")
    return _("Nothing was recorded for it.")


def _shown(
    source: Source, choice: Choice, call: CapturedCall, place: int, most: int
) -> dict[str, Any]:
    tensor = call.tensors[place]
    found = _found(source, choice.side, call.id, place)
    values = found.values
    kinds = pictures_for(values, call.kind, call.activation, is_scores=tensor.is_scores)
    if choice.side == DIFFERENCE:  # of probabilities, or of places in a plane, it is neither
        kinds = [it for it in kinds if it not in ("probabilities", "projection", "image")]
    kind = choice.picture if choice.picture in kinds else kinds[0]
    picture = picture_of(
        values,
        kind,
        channels_first=call.channels_first,
        shared=choice.shared,
        first=choice.first,
        most=most,
        labels=source.tokens,
    )
    statistics = source.flow.statistics(call.id, place)
    return {
        "shape": shape_of(tensor),
        "dtype": tensor.dtype,
        "tensors": [_result_name(it, at) for at, it in enumerate(call.tensors)],
        "tensor": place,
        "state": state_words(found.state),
        "pictures": [(it, name_of(it)) for it in kinds],
        "picture": kind,
        "shown": picture_data(picture),
        "shared": choice.shared,
        "side": choice.side,
        "sides": _sides(source),
        "change": _change_words(source, call.id) if not place else "",
        "statistics": statistics_data(call, statistics)
        if values.dtype.kind not in "OSU"
        else {},
        "unit": _unit_data(source, choice, call, values, picture, place),
    }


def _found(source: Source, side: str, call_id: str, tensor: int) -> SampleValues:
    flow, sample = (
        (source.drawn, 0) if source.drawn is not None else (source.flow, source.sample)
    )
    now = flow.sample(call_id, tensor, sample)
    if (
        source.earlier is None
        or source.pairs is None
        or source.drawn is not None
        or side == NOW
    ):
        return now
    before = source.earlier.sample(source.pairs[call_id], tensor, sample)
    if side == BEFORE:
        return before
    with np.errstate(invalid="ignore"):
        difference = np.asarray(now.values, np.float32) - np.asarray(before.values, np.float32)
    return SampleValues(difference, before.state)


def _sides(source: Source) -> list[tuple[str, str]]:
    if source.earlier is None or source.drawn is not None:
        return []
    return [(NOW, _("Now")), (BEFORE, _("Before")), (DIFFERENCE, _("Difference"))]


def _change_words(source: Source, call_id: str) -> str:
    change = (source.change or {}).get(call_id)
    if change is None:
        return ""
    return _("Changed by {share} of its norm.").format(share=f"{100 * change:.3g} %")


def _result_name(tensor: Tensor, place: int) -> str:
    if tensor.is_scores:
        return _("attention scores")
    return _("result {name}").format(name=printable(tensor.name) or place)


def _unit_data(
    source: Source,
    choice: Choice,
    call: CapturedCall,
    values: Numbers,
    picture: Any,
    tensor: int,
) -> dict[str, Any] | None:
    if choice.unit < 0:
        return None
    made: dict[str, Any] = {"n": choice.unit}
    if isinstance(picture, Tiles) and picture.total > 1:
        if choice.unit >= picture.total:
            return None
        kind = "scores" if call.tensors[tensor].is_scores else "maps"
        stack = one_tile(values, kind, choice.unit, call.channels_first)
        made["map"] = picture_data(stack)
        made["title"] = stack.labels[0]
        if source.image is not None and kind == "maps":
            made["image"] = image_data(source.image)
    elif choice.unit >= np.size(values):
        return None
    else:
        value = float(np.asarray(values, np.float64).reshape(-1)[choice.unit])
        made["title"] = _("unit {n}: {value}").format(n=choice.unit, value=number(value))
    if not call.tensors[tensor].is_scores:
        statistics = source.flow.statistics(call.id, tensor)
        made["exciting"] = exciting_data(statistics, choice.unit % len(statistics.peaks))
    return made
