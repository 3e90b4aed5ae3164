"""Estimates how large the picture of a graph becomes, to decide which groups open at first."""

from collections.abc import Iterable, Mapping

from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.model.nesting import Nesting

# The largest picture that opens unfolded is one screen wide and two screens high.
_SCREEN_WIDTH, _SCREEN_HEIGHT = 1600, 1000  # pixels

_ROW, _ROW_GAP = 40, 24  # pixels: a box and the space below it
_LETTER, _SIDES, _GAP = 7, 56, 18  # pixels: a letter, the rest of a box, the space beside it
_FRAME = 40  # pixels around an open group


def fits_screens(
    graph: LayerGraph, nesting: Nesting, opened: Iterable[str], screens: int
) -> bool:
    """Tells whether the picture with some open groups can be read without much scrolling.

    Args:
        graph: The graph.
        nesting: The members of its groups.
        opened: The ids of the open groups.
        screens: How many screens high the picture may be.
    """
    opened = set(opened)
    sizes: dict[str, tuple[float, float]] = {}
    for group in reversed(graph.groups):  # inner groups first
        if group.id in opened:
            width, height = _level_size(graph, nesting, group.id, sizes)
            sizes[group.id] = (width + _FRAME, height + _FRAME)
    width, height = _level_size(graph, nesting, None, sizes)
    return width <= _SCREEN_WIDTH and height <= screens * _SCREEN_HEIGHT


def _level_size(
    graph: LayerGraph,
    nesting: Nesting,
    parent: str | None,
    sizes: Mapping[str, tuple[float, float]],
) -> tuple[float, float]:
    """Estimates the width and height of a level: the widest row, and the highest path."""
    items, feeding = nesting.items.get(parent, ()), nesting.feeding.get(parent, {})
    rows: dict[str, int] = {}
    ends: dict[str, float] = {}
    widths: dict[int, float] = {}
    for item in items:
        sources = [source for source in feeding.get(item, ()) if source in rows]
        row = rows[item] = max((rows[source] + 1 for source in sources), default=0)
        width, height = sizes.get(item) or (_box_width(graph, item), _ROW)
        top = max((ends[source] for source in sources), default=0.0)
        ends[item] = top + height + _ROW_GAP
        widths[row] = widths.get(row, 0) + width + _GAP
    if parent is None and not graph.connected:
        return max(widths.values(), default=0), sum(
            sizes.get(item, (0, _ROW))[1] + _ROW_GAP for item in items
        )
    return max(widths.values(), default=0), max(ends.values(), default=0)


def _box_width(graph: LayerGraph, item: str) -> float:
    call = graph.call_of.get(item)
    named = graph.group_of[item] if call is None else call
    return max(len(named.layer), len(named.kind)) * _LETTER + _SIDES
