"""Draws a graph together with its target."""

from kfunc_lab.graph.model.comparison import Comparison
from kfunc_lab.graph.model.target import target_annotations
from kfunc_lab.graph.picture.layout import Layouts
from kfunc_lab.graph.picture.svg import draw


def draw_beside_target(comparison: Comparison) -> str:
    """Draws both graphs as one, as SVG.

    Args:
        comparison: The result of `compare_with_target`.

    Returns:
        An `<svg>` element.

    Raises:
        GraphvizError: If the drawing program is missing or fails.
    """
    return draw(
        Layouts(comparison.union, target_annotations(comparison)), comparison.union.group_of
    )
