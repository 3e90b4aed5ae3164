"""The legend of a picture, which explains its colours, glyphs and borders."""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from kfunc_lab.graph.model.annotations import MARKS, mark_label
from kfunc_lab.graph.model.families import FAMILIES, family_of
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.picture.boxes import SHARED, shared_colours
from kfunc_lab.graph.picture.highlights import Highlights
from kfunc_lab.locale import N_, _
from kfunc_lab.ui.text import printable

# The fill and border of each highlighted region, for a light and a dark surface.
REGIONS = (
    (("#fff3c4", "#4a3b00"), ("#8a6d00", "#e6c64a")),
    (("#d6ecff", "#0f2f4a"), ("#1d5d99", "#7cc0f5")),
    (("#ffe0d6", "#4a2013"), ("#a8401c", "#f5a184")),
    (("#e3dcff", "#2b2150"), ("#5b43b5", "#b9a8ff")),
)

_FAMILY_NAMES = {
    "input": N_("input, output"),
    "convolution": N_("convolution"),
    "dense": N_("dense, embedding"),
    "sequence": N_("sequence, attention"),
    "pooling": N_("pooling, resampling"),
    "merging": N_("merging, arithmetic"),
    "regularising": N_("regularising"),
    "reshaping": N_("reshaping"),
    "own": N_("custom"),
}


@dataclass(frozen=True)
class Sign:
    """One entry of a legend.

    Attributes:
        kind: `"family"`, `"foldable"`, `"shared"`, `"lost"`, `"region"` or `"mark"`.
        name: The name of the family or mark, or the number of the colour.
        words: Its meaning.
    """

    kind: str
    name: str
    words: str


def legend(
    graph: LayerGraph, items: Iterable[str], highlights: Highlights, marks: Container[str]
) -> list[Sign]:
    """Lists the signs that a picture shows.

    Args:
        graph: The graph.
        items: The ids of the visible calls and groups.
        highlights: The highlighted regions and numbers.
        marks: The marks of calls and lines.

    Returns:
        One entry for each sign, in a fixed order.
    """
    items = list(items)
    calls = [graph.call_of[item] for item in items if item in graph.call_of]
    families = {family_of(call).name for call in calls}
    signs = [
        Sign("family", name, _(_FAMILY_NAMES[name])) for name in FAMILIES if name in families
    ]
    if any(item in graph.group_of for item in items):
        signs.append(Sign("foldable", "", _("can be opened")))
    if any(call.id in graph.shared and call.parameters for call in calls):
        colours = shared_colours(graph)
        first = min(colours.get(call.layer_id, len(SHARED)) for call in calls)
        signs.append(Sign("shared", str(first), _("same colour: shared weights")))
    if any(call.id in graph.lost for call in calls):
        signs.append(Sign("lost", "", _("lost")))
    for mark in MARKS:
        if mark in marks:
            signs.append(Sign("mark", mark, mark_label(mark)))
    for number, name in enumerate(highlights.regions):
        signs.append(Sign("region", str(number % len(REGIONS)), printable(name)))
    return signs
