"""What the page needs to draw a graph, fold it, search it and show details, as plain JSON."""

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

# Pairs and not objects: a layer may be called "__proto__".
Pairs = list[tuple[str, Any]]


def level_pairs(layouts: Layouts, groups: Iterable[str | None]) -> Pairs:
    """Writes the layouts of groups; they are made where they are missing.

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
    written: list[Any] = [
        wire.source,
        wire.target,
        *wire.key,
        line.points,
        wire.takers,
        wire_class(layouts, wire),
    ]
    if line.label:
        written.append([line.label, line.label_at, line.label_x, line.label_y])
    return written


def item_pairs(layouts: Layouts, groups: Iterable[str | None]) -> Pairs:
    """Writes the boxes in groups that are laid out, and what is said of each."""
    graph = layouts.graph
    place = _places(graph)
    colours = shared_colours(graph)
    return [
        (item, _item(layouts, item, layouts.boxes[item], place, colours))
        for group in groups
        for item in layouts.levels[group].items
    ]


def _places(graph: LayerGraph) -> dict[str, int]:
    """Numbers the calls and groups in graph order, each group before what it holds."""
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
    written: dict[str, Any] = {
        "width": box.width,
        "height": box.height,
        "classes": box.classes,
        "svg": box_svg(box),
        "margin": box.margin,
    }
    named = graph.call_of.get(item) or graph.group_of.get(item)
    if named is None:  # the mark of an output
        return written
    written |= {
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
        written["shared"] = named.layer_id
    if item in graph.group_of:
        written |= {
            "group": True,
            "title": texts_svg(box.title),
            "titleWidth": title_width(box),
        }
    return written


def highlight_data(highlights: Highlights) -> dict[str, Any]:
    """Writes what a picture stresses."""
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
    """Writes the entries of a legend: what is drawn, and what it means."""
    return [(sign_svg(sign), sign.words) for sign in signs]
