"""The steps of a weight down the curve of its loss: `lab.descent`."""

import math
from collections.abc import Callable, Sequence

from kfunc_lab.lessons.figures.drawing import (
    Drawing,
    circle,
    drawing,
    number,
    path,
    through,
    words,
)
from kfunc_lab.locale import _
from kfunc_lab.training.curves.line_chart import ticks
from kfunc_lab.ui.text import align_columns

# Sizes in pixels.
_LEFT, _TOP = 56, 56
_ACROSS, _UP = 480, 220

_POINTS = 120  # of the curve
_DASHED = ' stroke-dasharray="4 3"'


def descent(
    loss: Callable[[float], float], weights: Sequence[float], *, low: float, high: float
) -> Drawing:
    """Draws the loss over one weight, and the weights that training steps through.

    Args:
        loss: Returns the loss for a weight.
        weights: The weight at the start, and after each step.
        low: The smallest weight on the horizontal axis.
        high: The largest weight on the horizontal axis.

    Returns:
        A picture in a notebook, with the slope of the curve at the last weight, and a table of
        the weights and losses as text.

    Raises:
        ValueError: If there are no weights, or `low` is not below `high`.

    Example:
        >>> print(descent(lambda w: w * w, [2.0, 1.0], low=-3, high=3).to_text())
        step  weight  loss value  slope
           0       2           4      4
           1       1           1      2
    """
    if not weights or not low < high:
        raise ValueError(
            _("A descent needs at least one weight, and a range with low below high.")
        )
    width = high - low
    curve = [(w, loss(w)) for w in (low + width * at / _POINTS for at in range(_POINTS + 1))]
    marks = ticks(0.0, max(value for _w, value in curve if math.isfinite(value)))
    small = width * 1e-4

    def at(weight: float, value: float) -> tuple[float, float]:
        return (weight - low) / width * _ACROSS, (1 - value / marks[-1]) * _UP

    def slope(weight: float) -> float:
        return (loss(weight + small) - loss(weight - small)) / (2 * small)

    values = [(w, loss(w), slope(w)) for w in weights]
    last, least, tilt = values[-1]
    tangent = [at(last + side, least + tilt * side) for side in (-width / 8, width / 8)]
    inside = [
        path(through([at(*point) for point in curve]), "frame", 2),
        path(through([at(w, value) for w, value, _slope in values]), "positive", 1.2, _DASHED),
        path(through(tangent), "negative", 2.5),
        *(circle(*at(w, value), 3.5, "first") for w, value, _slope in values[:-1]),
        circle(*at(last, least), 6, "first"),
    ]
    summary = _("weight {weight} · loss {loss} · slope {slope}").format(
        weight=number(last), loss=number(least), slope=number(tilt)
    )
    body = [
        words(16, 20, summary, bold=True),
        *_axes(ticks(low, high), marks, at),
        # What is outside the axes is cut off.
        f'<svg x="{_LEFT}" y="{_TOP}" width="{_ACROSS}" height="{_UP}">{"".join(inside)}</svg>',
    ]
    rows = [[str(step), *map(number, row)] for step, row in enumerate(values)]
    head = [_("step"), _("weight"), _("loss value"), _("slope")]
    return drawing(
        _LEFT + _ACROSS + 20,
        _TOP + _UP + 46,
        body,
        "\n".join(align_columns([head, *rows], {0, 1, 2, 3})),
    )


def _axes(
    weights: Sequence[float],
    losses: Sequence[float],
    at: Callable[[float, float], tuple[float, float]],
) -> list[str]:
    """Draws a grid line for each round loss, and labels both axes."""
    parts = []
    for mark in losses:
        y = _TOP + at(0.0, mark)[1]
        parts.append(path(f"M{_LEFT} {y:.1f}h{_ACROSS}", "faint"))
        parts.append(words(_LEFT - 8, y + 4, number(mark), "quiet", "end"))
    for mark in weights:
        x = at(mark, 0.0)[0]
        if -1 <= x <= _ACROSS + 1:
            parts.append(words(_LEFT + x, _TOP + _UP + 18, number(mark), "quiet", "middle"))
    parts.append(words(_LEFT + _ACROSS / 2, _TOP + _UP + 38, _("weight"), "quiet", "middle"))
    parts.append(words(16, _TOP - 16, _("loss value"), "quiet"))
    return parts
