"""The styles in which a picture is saved for print."""

from collections.abc import Callable, Iterable, Mapping

from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.picture.rasterise import rasterise
from kfunc_lab.graph.publication.layered import to_layered
from kfunc_lab.graph.publication.paper import to_paper
from kfunc_lab.graph.publication.pdf import to_pdf
from kfunc_lab.locale import _

_DPI = 300  # what journals ask for


def writers(
    style: str, graph: LayerGraph, opened: Iterable[str], draw: Callable[[], str]
) -> Mapping[str, Callable[[], bytes]]:
    """Returns the functions that draw a graph in a style for print.

    Args:
        style: `"paper"` or `"layered"`.
        graph: The graph, with the groups that can be folded.
        opened: The ids of the open groups.
        draw: A function that returns the picture of the page as SVG.

    Returns:
        A function that returns the content of the file, by suffix.

    Raises:
        ValueError: If there is no such style.
    """
    styles: dict[str, Callable[[], str]] = {
        "paper": lambda: to_paper(draw()),
        "layered": lambda: to_layered(graph, frozenset(opened)),
    }
    if style not in styles:
        raise ValueError(
            _(
                "There is no style {style}. The styles are 'paper', black on white for the "
                "column of a paper, and 'layered', each tensor as a volume."
            ).format(style=repr(style))
        )
    figure = styles[style]
    return {
        ".svg": lambda: figure().encode("utf-8", "replace"),
        ".png": lambda: rasterise(figure(), _DPI),
        ".pdf": lambda: to_pdf(figure()),
    }
