"""Highlights of a picture: coloured regions, and colours by a number for each layer."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from kfunc_lab.graph.model.folding import ancestors
from kfunc_lab.graph.model.layer_graph import Call, Group, LayerGraph
from kfunc_lab.locale import _
from kfunc_lab.ui.colour_scale import Scale, scale_of


@dataclass(frozen=True)
class Highlights:
    """The highlights of a picture.

    Attributes:
        regions: The ids of the calls in each region, by name.
        values: The numbers that colours show, by id of a call or group.
        quantity: The name of the numbers, with their unit.
    """

    regions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    quantity: str = ""

    @property
    def scale(self) -> Scale | None:
        """The colour scale of the numbers, if there are any."""
        return scale_of(self.values.values()) if self.values else None


def values_by_item(graph: LayerGraph, values: Mapping[str, float]) -> dict[str, float]:
    """Assigns numbers to calls and groups.

    Args:
        graph: The graph.
        values: Numbers by id of a call, or by name of a layer, which applies to all its calls.

    Returns:
        The numbers of the calls. A group without its own number gets the largest one inside it.
        Numbers that are not finite are omitted.

    Raises:
        ValueError: If a name is neither the id of a call nor the name of a layer, or if a value
            is not a number.
    """
    by_name: dict[str, list[str]] = {}
    all_items: list[Call | Group] = [*graph.calls, *graph.groups]
    for item in all_items:
        by_name.setdefault(item.layer, []).append(item.id)
    numbers: dict[str, float] = {}
    for name, value in values.items():
        is_id = name in graph.call_of or name in graph.group_of
        items = by_name.get(name) or ([name] if is_id else [])
        if not items:
            raise ValueError(
                _("There is no call or layer {name} in this graph.").format(name=repr(name))
            )
        numbers |= dict.fromkeys(items, _number(name, value))
    finite = {item: value for item, value in numbers.items() if math.isfinite(value)}
    return _largest_inside(graph, finite) | finite


def _number(name: str, value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise ValueError(
            _("The value of {name} must be a number, not {value}.").format(
                name=repr(name), value=type(value).__name__
            )
        ) from error


def _largest_inside(graph: LayerGraph, values: Mapping[str, float]) -> dict[str, float]:
    largest: dict[str, float] = {}
    for item, value in values.items():
        for group in ancestors(graph, item):
            largest[group] = max(value, largest.get(group, value))
    return largest
