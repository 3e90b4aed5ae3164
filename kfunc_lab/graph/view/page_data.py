"""The data with which the page draws, folds and searches a graph and shows details, as JSON."""

from collections.abc import Iterable
from typing import Any

from kfunc_lab.graph.model.descriptions import short_name
from kfunc_lab.graph.model.folding import items_by_parent, parent_of, search_text
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.picture.boxes import Box, box_svg, shared_colours, texts_svg, title_width
from kfunc_lab.graph.picture.highlights import Highlights
from kfunc_lab.graph.picture.layout import Layout, Layouts, Line
from kfunc_lab.graph.picture.legend import Sign
from kfunc_lab.graph.picture.svg import sign_svg, wire_class
from kfunc_lab.graph.view.details import details
from kfunc_lab.ui.colour_scale import ink_on
from kfunc_lab.ui.text import printable

# Pairs instead of objects, because a layer could be called "__proto__".
Pairs = list[tuple[str, Any]]


def level_pairs(layouts: Layouts, groups: Iterable[str | None]) -> Pairs:
    """Returns the layouts of groups; missing layouts are computed.

    Raises:
        GraphvizError: If the drawing program is missing or fails.
    """
    groups = list(groups)
    layouts.make(groups)
    return [(group or "", _level(layouts, layouts.of[group])) for group in groups]


def _level(layouts: Layouts, layout: Layout) -> dict[str, Any]:
    return {
        "width": layout.width,
        "height": layout.height,
        "places": [(item, x, y) for item, (x, y) in layout.places.items()],
        "lines": [_line(layouts, line) for line in layout.lines],
        "entries": [(f"{call}:{output}", x) for (call, output), x in layout.entries.items()],
        "exits": [(f"{call}:{output}", x) for (call, output), x in layout.exits.items()],
    }


def _line(layouts: Layouts, line: Line) -> list[Any]:
    wire = line.wire
    data: list[Any] = [
        wire.source,
        wire.target,
        *wire.key,
        line.points,
        wire.takers,
        wire_class(layouts, wire),
    ]
    if line.label:
        data.append([line.label, line.label_at, line.label_x, line.label_y])
    return data


def item_pairs(layouts: Layouts, groups: Iterable[str | None]) -> Pairs:
    """Returns the boxes of groups that are laid out, with the details of each."""
    graph = layouts.graph
    place = _places(graph)
    colours = shared_colours(graph)
    return [
        (item, _item(layouts, item, layouts.boxes[item], place, colours))
        for group in groups
        for item in layouts.levels[group].items
    ]


def _places(graph: LayerGraph) -> dict[str, int]:
    """Numbers the calls and groups in graph order, each group before its members."""
    inside = items_by_parent(graph)
    places: dict[str, int] = {}
    waiting = list(reversed(inside[None]))
    while waiting:
        item = waiting.pop()
        places[item] = len(places)
        waiting += reversed(inside.get(item, ()))
    return places


def _item(
    layouts: Layouts, item: str, box: Box, place: dict[str, int], colours: dict[str, int]
) -> dict[str, Any]:
    graph = layouts.graph
    data: dict[str, Any] = {
        "width": box.width,
        "height": box.height,
        "classes": box.classes,
        "svg": box_svg(box),
        "margin": box.margin,
    }
    named = graph.call_of.get(item) or graph.group_of.get(item)
    if named is None:  # the box of an output
        return data
    data |= {
        "order": place[item],
        "parent": parent_of(graph, item),
        "label": box.name,
        "name": short_name(named),
        "kind": printable(named.kind),
        "find": search_text(graph, item),
        "details": [
            *layouts.annotations.rows.get(item, ()),
            *details(graph, named, layouts.levels),
        ],
        "pins": layouts.annotations.pins.get(item, ()),
    }
    if box.shared >= 0 and named.layer_id in colours:
        data["shared"] = named.layer_id
    if item in graph.group_of:
        data |= {
            "group": True,
            "title": texts_svg(box.title),
            "titleWidth": title_width(box),
        }
    return data


def highlight_data(highlights: Highlights) -> dict[str, Any]:
    """Returns the highlights of a picture."""
    scale = highlights.scale
    if scale is None:
        return {"regions": list(map(sorted, highlights.regions.values())), "values": []}
    colours = {item: scale.colour(value) for item, value in highlights.values.items()}
    return {
        "regions": list(map(sorted, highlights.regions.values())),
        "values": [(item, (colour, ink_on(colour))) for item, colour in colours.items()],
        "scale": {
            "low": f"{scale.low:.3g}",
            "high": f"{scale.high:.3g}",
            "colours": scale.colours,
            "quantity": highlights.quantity,
        },
    }


def legend_data(signs: Iterable[Sign]) -> list[tuple[str, str]]:
    """Returns the entries of a legend: the drawing of a sign and its meaning."""
    return [(sign_svg(sign), sign.words) for sign in signs]
