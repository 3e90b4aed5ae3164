"""Draws a graph beside the one that is asked for."""

from kfunc_lab.graph.comparison import Comparison
from kfunc_lab.graph.drawing import draw
from kfunc_lab.graph.layout import Layouts
from kfunc_lab.graph.target import target_annotations


def draw_beside_target(found: Comparison) -> str:
    """Draws both graphs as one, as SVG.

    Args:
        found: What `compare_with_target` returned.

    Returns:
        An `<svg>` element.

    Raises:
        GraphvizError: If the drawing program is missing or fails.
    """
    return draw(Layouts(found.union, target_annotations(found)), found.union.group_of)
