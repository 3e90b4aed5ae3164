"""What a unit of a Dense layer computes, with numbers that can be moved: `lab.unit`."""

import math
from collections.abc import Callable, Sequence

from kfunc_lab.lessons.explore import Exploration, explore
from kfunc_lab.lessons.figures.drawing import (
    Drawing,
    circle,
    drawing,
    number,
    path,
    rectangle,
    through,
    words,
)
from kfunc_lab.locale import _
from kfunc_lab.ui.text_width import text_width

ACTIVATIONS: dict[str, Callable[[float], float]] = {
    "relu": lambda x: max(x, 0.0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "none": lambda x: x,
}
_MOST_INPUTS = 4
_RANGE = 4.0  # of the numbers that can be chosen, around 0

# Sizes in pixels.
_ROW, _TOP = 58, 34
_BOX = (96, 38)
_BEND = 226  # where the ways to the sum begin to bend
_SUM_X, _SUM_RADIUS = 372, 34
_PLOT_X, _PLOT = 446, 104
_WIDTH = 690


def unit(inputs: Sequence[float], weights: Sequence[float], bias: float) -> Exploration:
    """Shows what a unit computes, with a control for each number and for the activation.

    Args:
        inputs: The numbers that enter, from -4 to 4.
        weights: The weight of each, from -4 to 4.
        bias: The bias, from -4 to 4.

    Returns:
        The controls with the drawn computation: a widget in a notebook, the first computation as
        a picture and as text elsewhere.

    Raises:
        ValueError: If there is not one weight for each input, there are more than four, or a
            number is out of range.

    Example:
        >>> unit([1.0, 2.0], [0.5, -1.0], 0.5)
        input_1 = 1.0, weight_1 = 0.5, input_2 = 2.0, weight_2 = -1.0, bias = 0.5, activation = relu
        1 × 0.5 + 2 × (−1) + 0.5 = −1
        relu(−1) = 0
    """
    if not 0 < len(inputs) == len(weights) <= _MOST_INPUTS:
        raise ValueError(
            _(
                "A unit has one weight for each input, and at most {most} inputs are drawn; "
                "there are {inputs} inputs and {weights} weights."
            ).format(most=_MOST_INPUTS, inputs=len(inputs), weights=len(weights))
        )
    starts: dict[str, float] = {}
    for place, (value, weight) in enumerate(zip(inputs, weights, strict=True), start=1):
        starts |= {f"input_{place}": value, f"weight_{place}": weight}
    starts["bias"] = bias
    sliders = {name: (-_RANGE, _RANGE, float(start)) for name, start in starts.items()}

    def computed(activation: str, bias: float, **values: float) -> Drawing:
        pairs = list(values.values())
        return draw_unit(pairs[::2], pairs[1::2], bias, activation)

    return explore(computed, **sliders, activation=list(ACTIVATIONS))


def draw_unit(
    inputs: Sequence[float], weights: Sequence[float], bias: float, activation: str
) -> Drawing:
    """Draws the inputs, their weights, the bias, the sum, the activation and the output."""
    total = sum(value * weight for value, weight in zip(inputs, weights, strict=True)) + bias
    output = ACTIVATIONS[activation](total)
    height = _TOP + _ROW * (len(inputs) + 1) + 38
    middle = _TOP + _ROW * (len(inputs) + 1) / 2 - 10
    body = []
    for place, (value, weight) in enumerate(zip(inputs, weights, strict=True)):
        name = _("input {n}").format(n=place + 1)
        body += _way(place, name, value, value * weight, middle)
        body.append(_on_way(place, f"× {number(weight)}", number(value * weight)))
    body += _way(len(inputs), _("bias"), bias, bias, middle)
    body.append(words(_SUM_X, middle - _SUM_RADIUS - 9, _("sum"), "quiet", "middle"))
    body.append(circle(_SUM_X, middle, _SUM_RADIUS, "box"))
    body.append(path(_round(_SUM_X, middle, _SUM_RADIUS), "frame"))
    body.append(words(_SUM_X, middle + 4, number(total), anchor="middle", bold=True))
    body.append(_arrow(_SUM_X + _SUM_RADIUS, _PLOT_X, middle))
    body += _plot(activation, total, output, middle)
    left = _PLOT_X + _PLOT + 34
    body.append(_arrow(_PLOT_X + _PLOT, left, middle))
    body += _box(left, middle, _("output"), output)
    terms = [f"{number(v)} × {_bracketed(w)}" for v, w in zip(inputs, weights, strict=True)]
    lines = [
        f"{' + '.join([*terms, _bracketed(bias)])} = {number(total)}",
        f"{activation}({number(total)}) = {number(output)}"
        if activation != "none"
        else number(output),
    ]
    body.append(words(20, height - 14, "   →   ".join(lines), "quiet"))
    return drawing(_WIDTH, height, body, "\n".join(lines))


def _row(place: int) -> float:
    return _TOP + _ROW * place + 19


def _way(place: int, name: str, value: float, share: float, middle: float) -> list[str]:
    """Draws a number and its way into the sum: the thicker, the more it adds to it."""
    y = _row(place)
    start, end = 20 + _BOX[0], _SUM_X - _SUM_RADIUS - 2
    bend = f"H{_BEND}C{_BEND + 50} {y:.1f} {end - 50} {middle:.1f} {end} {middle:.1f}"
    style = "positive" if share > 0 else "negative" if share < 0 else "frame"
    return [
        path(f"M{start} {y:.1f}{bend}", style, 1 + min(abs(share), 8.0) * 0.75),
        *_box(20, y, name, value),
    ]


def _box(x: float, y: float, name: str, value: float) -> list[str]:
    width, height = _BOX
    return [
        rectangle(x, y - height / 2, width, height, "box", 6),
        path(
            f"M{x + 6} {y - height / 2:.1f}h{width - 12}a6 6 0 0 1 6 6v{height - 12}a6 6 0 0 1 -6 6"
            f"h{12 - width}a6 6 0 0 1 -6 -6v{12 - height}a6 6 0 0 1 6 -6z",
            "frame",
        ),
        words(x + 9, y + 4, name, "quiet"),
        words(x + width - 9, y + 4, number(value), anchor="end", bold=True),
    ]


def _on_way(place: int, weight: str, product: str) -> str:
    """Writes the weight and the product on the straight part of a way."""
    y = _row(place)
    text = f"{weight} = {product}"
    width = text_width(text, 12) + 10
    middle = (20 + _BOX[0] + _BEND) / 2
    return rectangle(middle - width / 2, y - 9, width, 18, "surface") + words(
        middle, y + 4, text, anchor="middle"
    )


def _plot(activation: str, total: float, output: float, middle: float) -> list[str]:
    """Draws the curve of the activation, with the sum and the output as a point."""
    across = max(_RANGE, abs(total)) * 1.1
    up = across if activation in ("relu", "none") else 1.25
    left, half = _PLOT_X, _PLOT / 2

    def at(x: float) -> tuple[float, float]:
        y = ACTIVATIONS[activation](x)
        return left + half + x / across * half, middle - max(-up, min(y, up)) / up * half

    curve = [at(across * step / 32) for step in range(-32, 33)]
    x, y = at(total)
    return [
        rectangle(left, middle - half, _PLOT, _PLOT, "box", 6),
        path(
            f"M{left} {middle:.1f}h{_PLOT}M{left + half} {middle - half:.1f}v{_PLOT}", "faint"
        ),
        path(
            f"M{x:.1f} {middle:.1f}V{y:.1f}H{left + half}",
            "accent",
            1,
            ' stroke-dasharray="3 3"',
        ),
        path(through(curve), "frame", 2),
        circle(x, y, 4.5, "dot"),
        words(left + half, middle - half - 9, activation, "quiet", "middle"),
    ]


def _round(x: float, y: float, radius: float) -> str:
    arc = f"a{radius} {radius} 0 1 0"
    return f"M{x - radius} {y:.1f}{arc} {2 * radius} 0{arc} {-2 * radius} 0z"


def _arrow(start: float, end: float, y: float) -> str:
    return path(f"M{start} {y:.1f}H{end - 2}m-6 -4l6 4l-6 4", "frame", 1.5)


def _bracketed(value: float) -> str:
    return f"({number(value)})" if value < 0 else number(value)
