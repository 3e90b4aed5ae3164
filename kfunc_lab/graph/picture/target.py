"""Draws a graph beside the one that is asked for."""

from kfunc_lab.graph.model.comparison import Comparison
from kfunc_lab.graph.model.target import target_annotations
from kfunc_lab.graph.picture.layout import Layouts
from kfunc_lab.graph.picture.svg import draw


def draw_beside_target(comparison: Comparison) -> str:
    """Draws both graphs as one, as SVG.

    Args:
        found: What `compare_with_target` returned.

    Returns:
        An `<svg>` element.

    Raises:
        GraphvizError: If the drawing program is missing or fails.
    """
    return draw(
        Layouts(comparison.union, target_annotations(comparison)), comparison.union.group_of
    )
