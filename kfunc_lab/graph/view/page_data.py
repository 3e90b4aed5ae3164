"""The data with which the page draws, folds and searches a graph and shows details, as JSON."""

from collections.abc import Iterable, Mapping
from typing import Any

from kfunc_lab.graph.model.descriptions import shape_tuple, short_name
from kfunc_lab.graph.model.folding import items_by_parent, parent_of, search_text
from kfunc_lab.graph.model.layer_graph import LayerGraph, TensorSpec
from kfunc_lab.graph.model.levels import Key
from kfunc_lab.graph.picture.boxes import Box, box_svg, shared_colours, texts_svg, title_width
from kfunc_lab.graph.picture.highlights import Highlights
from kfunc_lab.graph.picture.layout import Layouts
from kfunc_lab.graph.picture.legend import Sign
from kfunc_lab.graph.picture.placed import Layout, Line
from kfunc_lab.graph.picture.svg import sign_svg, wire_class
from kfunc_lab.graph.view.details import details
from kfunc_lab.ui.colour_scale import ink_on
from kfunc_lab.ui.text import printable
from kfunc_lab.ui.text_width import text_width

# A list of objects with ids instead of a mapping by id, because a layer could be called
# "__proto__".
Objects = list[dict[str, Any]]


def levels_data(layouts: Layouts, groups: Iterable[str | None]) -> Objects:
    """Returns the layouts of groups; missing layouts are computed.

    Raises:
        GraphvizError: If the drawing program is missing or fails.
    """
    groups = list(groups)
    layouts.make(groups)
    return [_level(layouts, group, layouts.of[group]) for group in groups]


def _level(layouts: Layouts, group: str | None, layout: Layout) -> dict[str, Any]:
    return {
        "group": group or "",
        "width": layout.width,
        "height": layout.height,
        "places": [{"id": item, "x": x, "y": y} for item, (x, y) in layout.places.items()],
        "lines": [_line(layouts, line) for line in layout.lines],
        "entries": _ports(layout.entries),
        "exits": _ports(layout.exits),
        "right": layout.right,
    }


def _ports(places: Mapping[Key, float]) -> Objects:
    return [{"tensor": tensor_name(key), "x": x} for key, x in places.items()]


def tensor_name(key: Key) -> str:
    """Returns the name of a tensor on the page."""
    call, output = key
    return f"{call}:{output}"


def _line(layouts: Layouts, line: Line) -> dict[str, Any]:
    wire = line.wire
    data: dict[str, Any] = {
        "source": wire.source,
        "target": wire.target,
        "from": wire.key[0],
        "tensor": tensor_name(wire.key),
        "takers": wire.takers,
        "kind": wire_class(layouts, wire),
        "shape": _tensor_words(wire.tensor),
        "points": line.points,
    }
    if line.label:
        data["label"] = {
            "text": line.label,
            "width": text_width(line.label, 10),
            "at": line.label_at,
            "x": line.label_x,
            "y": line.label_y,
        }
    return data


def _tensor_words(tensor: TensorSpec | None) -> str:
    return "" if tensor is None else f"{shape_tuple(tensor)} {tensor.dtype}"


def items_data(layouts: Layouts, groups: Iterable[str | None]) -> Objects:
    """Returns the boxes of groups that are laid out, with the details of each."""
    graph = layouts.graph
    place = _places(graph)
    colours = shared_colours(graph)
    return [
        _item(layouts, item, layouts.boxes[item], place, colours)
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
        "id": item,
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
            {"label": label, "value": value}
            for label, value in (
                *layouts.annotations.rows.get(item, ()),
                *details(graph, named, layouts.levels),
            )
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
        "values": [
            {"id": item, "colour": colour, "ink": ink_on(colour)}
            for item, colour in colours.items()
        ],
        "scale": {
            "low": f"{scale.low:.3g}",
            "high": f"{scale.high:.3g}",
            "colours": scale.colours,
            "quantity": highlights.quantity,
        },
    }


def legend_data(signs: Iterable[Sign]) -> Objects:
    """Returns the entries of a legend: the drawing of a sign and its meaning."""
    return [{"sign": sign_svg(sign), "words": sign.words} for sign in signs]
