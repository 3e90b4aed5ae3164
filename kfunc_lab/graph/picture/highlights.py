"""What a picture of a graph stresses: regions that belong together, and a number for each layer."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from kfunc_lab.graph.model.folding import ancestors
from kfunc_lab.graph.model.layer_graph import Call, Group, LayerGraph
from kfunc_lab.locale import _
from kfunc_lab.ui.colour_scale import Scale, scale_of


@dataclass(frozen=True)
class Highlights:
    """What a picture stresses.

    Attributes:
        regions: For each name the ids of the calls that belong to it.
        values: For ids of calls and groups a number, told by their colour.
        quantity: What the numbers are, with their unit.
    """

    regions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    quantity: str = ""

    @property
    def scale(self) -> Scale | None:
        """The colours of the numbers, if there are any."""
        return scale_of(self.values.values()) if self.values else None


def values_by_item(graph: LayerGraph, values: Mapping[str, float]) -> dict[str, float]:
    """Finds the calls and groups that numbers are meant for.

    Args:
        graph: The graph.
        values: A number for ids of calls, or for names of layers, which stand for all calls of
            the layer.

    Returns:
        A number for each call that has one, and for each group the greatest of those inside,
        unless it has one itself. Numbers that are not finite are left out.

    Raises:
        ValueError: If a name is neither a call's id nor a layer's name, or a value no number.
    """
    by_name: dict[str, list[str]] = {}
    everything: list[Call | Group] = [*graph.calls, *graph.groups]
    for item in everything:
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
    return _greatest_inside(graph, finite) | finite


def _number(name: str, value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise ValueError(
            _("The value of {name} must be a number, not {value}.").format(
                name=repr(name), value=type(value).__name__
            )
        ) from error


def _greatest_inside(graph: LayerGraph, values: Mapping[str, float]) -> dict[str, float]:
    greatest: dict[str, float] = {}
    for item, value in values.items():
        for group in ancestors(graph, item):
            greatest[group] = max(value, greatest.get(group, value))
    return greatest
