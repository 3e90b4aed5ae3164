"""The size of a figure on the page of a paper."""

import warnings

from kfunc_lab.locale import _

WIDEST = 516.0  # points: two columns of 3.5 inches, with the gap between them
TALLEST = 660.0  # points: a page without its margins and a caption
_SMALLEST = 5.0  # points: smaller text cannot be read in print
_POINTS = 2 / 3  # for each pixel: a name of 12 pixels is printed in 8 points
_FONT = 10  # pixels: the size of most texts


def page_attributes(width: float, height: float) -> dict[str, str]:
    """Sizes a figure for print.

    Names are printed in 8 points. A figure that is wider than two columns, or taller than a page,
    is made smaller.

    Args:
        width: The width of the drawing in pixels.
        height: Its height in pixels.

    Returns:
        The attributes `width`, `height` and `viewBox` of the SVG.

    Warns:
        UserWarning: If the text becomes smaller than 5 points.

    Example:
        >>> page_attributes(378, 300)["width"]
        '252.0pt'
    """
    points = min(_POINTS, WIDEST / width, TALLEST / height)
    if _FONT * points < _SMALLEST:
        warnings.warn(
            _(
                "On a page of a paper, the text of this figure is only {n:.1f} points high. "
                "Fold its groups, for example with lab.graph(model, fold=True)."
            ).format(n=_FONT * points),
            stacklevel=7,  # the line that saves
        )
    return {
        "width": f"{width * points:.1f}pt",
        "height": f"{height * points:.1f}pt",
        "viewBox": f"0 0 {width:g} {height:g}",
    }
