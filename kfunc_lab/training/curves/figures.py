"""Draws learning curves as a Plotly figure, as static SVG, and as a text table."""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable
from kfunc_lab.ui.theme import (
    FAINT,
    FONT,
    QUIET,
    SURFACE,
    TEXT,
    TRAINING,
    VALIDATION,
    light_dark,
)

# Sizes of the static picture, in pixels.
_PANEL_WIDTH, _PANEL_HEIGHT = 340, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 42, 40


@dataclass(frozen=True)
class Curve:
    """One quantity over the epochs.

    Attributes:
        name: The quantity, such as `"loss"`.
        training: Its value on the training data after each epoch; empty if there is only
            validation data.
        validation: Its value on the validation data after each epoch; empty without validation.
        first_epoch: The number of the first epoch, counted from 1.
    """

    name: str
    training: tuple[float, ...]
    validation: tuple[float, ...] = ()
    first_epoch: int = 1

    @property
    def epochs(self) -> int:
        """The number of epochs that it covers."""
        return max(len(self.training), len(self.validation))


def to_text(curves: Sequence[Curve]) -> str:
    """Returns curves as a text table, with one epoch on each line."""
    columns = [[_("epoch")]]
    epochs = max((curve.epochs for curve in curves), default=0)
    first = curves[0].first_epoch if curves else 1
    columns[0] += [str(first + position) for position in range(epochs)]
    for curve in curves:
        for series in _series(curve):
            numbers = [number_words(value) for value in series.values]
            columns.append([series.name, *numbers, *[""] * (epochs - len(numbers))])
    widths = [max(map(len, column)) for column in columns]
    rows = zip(*columns, strict=True)
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def to_plotly(curves: Sequence[Curve]) -> dict[str, Any]:
    """Returns curves as a Plotly figure, with one panel for each quantity.

    Returns:
        The figure's JSON, which JupyterLab displays. It is written by hand, because importing
        Plotly takes longer than everything else here.
    """
    columns, rows = _grid(curves)
    # Dashes distinguish validation from training without relying on colour.
    dashes = {"training": "solid", "validation": "dash"}
    layout: dict[str, Any] = {
        "height": 40 + 280 * rows,
        "margin": {"l": 48, "r": 16, "t": 40, "b": 44},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        # One grey that is legible on JupyterLab's light and dark themes.
        "font": {"color": "#7d8590"},
        "hovermode": "x unified",
        "legend": {"orientation": "h", "yref": "container", "y": 1, "yanchor": "top"},
        "grid": {"rows": rows, "columns": columns, "pattern": "independent"},
    }
    data: list[dict[str, Any]] = []
    for position, curve in enumerate(curves, start=1):
        axis = "" if position == 1 else str(position)
        grey = {"gridcolor": "rgba(125,133,144,0.25)", "zeroline": False}
        layout[f"xaxis{axis}"] = {"title": {"text": _("epoch")}, "dtick": _step(curve), **grey}
        layout[f"yaxis{axis}"] = {"title": {"text": _plotly_text(curve.name)}, **grey}
        for series in _series(curve):
            shown = [value if math.isfinite(value) else None for value in series.values]
            data.append(
                {
                    "type": "scatter",
                    "mode": "lines+markers",
                    "name": series.label,
                    "legendgroup": series.label,
                    "showlegend": all(trace["name"] != series.label for trace in data),
                    "x": [curve.first_epoch + epoch for epoch in range(len(shown))],
                    "y": shown,
                    "line": {"color": series.colours[0], "dash": dashes[series.style]},
                    "xaxis": f"x{axis}",
                    "yaxis": f"y{axis}",
                }
            )
    return {"data": data, "layout": layout, "config": {"displayModeBar": False}}


def to_svg(curves: Sequence[Curve]) -> str:
    """Draws curves as SVG with one panel for each quantity, for pages without a kernel."""
    columns, rows = _grid(curves)
    width, height = _PANEL_WIDTH * columns, _PANEL_HEIGHT * rows
    panels = "".join(
        f'<g transform="translate({_PANEL_WIDTH * (position % columns)},'
        f'{_PANEL_HEIGHT * (position // columns)})">{_panel(curve)}</g>'
        for position, curve in enumerate(curves)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" class="kfunc-lab-curves" role="img">'
        f"<title>{html.escape(_description(curves))}</title>"
        f"<style>{_style()}</style>"
        f'<rect class="surface" width="100%" height="100%" fill="{SURFACE[0]}"/>'
        f"{panels}</svg>"
    )


# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Series:
    """One line of a chart: a quantity on the training or on the validation data."""

    name: str
    values: tuple[float, ...]
    label: str
    style: str
    colours: tuple[str, str]


def _series(curve: Curve) -> list[_Series]:
    name = printable(curve.name)
    both = [
        _Series(name, curve.training, _("training"), "training", TRAINING),
        _Series(f"val_{name}", curve.validation, _("validation"), "validation", VALIDATION),
    ]
    return [series for series in both if series.values]


def _grid(curves: Sequence[Curve]) -> tuple[int, int]:
    """Returns the number of columns and rows of panels."""
    columns = max(1, min(3, len(curves)))
    return columns, max(1, math.ceil(len(curves) / columns))


def _plotly_text(text: str) -> str:
    """Escapes characters that Plotly would interpret as markup."""
    return html.escape(printable(text), quote=False)


def number_words(value: float) -> str:
    """Formats a number with four decimal places, or with four digits if it is large."""
    return f"{value:.4f}" if math.isfinite(value) and abs(value) < 1e5 else f"{value:.4g}"


def _description(curves: Sequence[Curve]) -> str:
    names = ", ".join(printable(curve.name) for curve in curves)
    return _("Learning curves: {names}").format(names=names)


def _panel(curve: Curve) -> str:
    values = [
        value for series in _series(curve) for value in series.values if math.isfinite(value)
    ]
    marks = ticks(min(values, default=0.0), max(values, default=1.0))
    count = curve.epochs

    def x(position: int) -> float:
        inner = _PANEL_WIDTH - _LEFT - _RIGHT
        return _LEFT + inner * (position / (count - 1) if count > 1 else 0.5)

    def y(value: float) -> float:
        inner = _PANEL_HEIGHT - _TOP - _BOTTOM
        return _TOP + inner * (marks[-1] - value) / (marks[-1] - marks[0])

    parts = [svg_text(_LEFT, 18, printable(curve.name), "title")]
    for tick in marks:
        parts.append(
            f'<path class="grid" stroke="{FAINT[0]}" d="M{_LEFT} {y(tick):.1f}'
            f'H{_PANEL_WIDTH - _RIGHT}"/>'
        )
        parts.append(svg_text(_LEFT - 6, y(tick) + 3.5, f"{tick:g}", "tick", "end"))
    for position in range(0, count, _step(curve)):
        label = str(curve.first_epoch + position)
        parts.append(
            svg_text(x(position), _PANEL_HEIGHT - _BOTTOM + 16, label, "tick", "middle")
        )
    middle = (_LEFT + _PANEL_WIDTH - _RIGHT) / 2
    parts.append(svg_text(middle, _PANEL_HEIGHT - 8, _("epoch"), "tick", "middle"))
    for number, series in enumerate(_series(curve)):
        points = [
            (x(position), y(value), curve.first_epoch + position, value)
            for position, value in enumerate(series.values)
            if math.isfinite(value)
        ]
        parts.append(_line(points, series))
        parts.append(_key(_LEFT + 90 * number, series))
    return "".join(parts)


def _line(points: list[tuple[float, float, int, float]], series: _Series) -> str:
    style, colour = series.style, series.colours[0]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y, _epoch, _value in points)
    # Dashes and squares distinguish validation from training without relying on colour.
    dashes = ' stroke-dasharray="5 3"' if style == "validation" else ""
    drawn = f'<path class="{style} line" fill="none" stroke="{colour}"{dashes} d="M{path}"/>'
    if not points:
        drawn = ""
    for x, y, epoch, value in points:
        title = html.escape(f"{series.label}, {_('epoch')} {epoch}: {number_words(value)}")
        drawn += (
            f'<g class="{style}" fill="{colour}">{_mark(x, y, style)}<title>{title}</title></g>'
        )
    return drawn


def _mark(x: float, y: float, style: str) -> str:
    if style == "validation":
        return f'<rect x="{x - 2.5:.1f}" y="{y - 2.5:.1f}" width="5" height="5"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.8"/>'


def _key(x: float, series: _Series) -> str:
    mark = _mark(x + 4, 30, series.style)
    coloured = f'<g class="{series.style}" fill="{series.colours[0]}">{mark}</g>'
    return coloured + svg_text(x + 12, 33.5, series.label, "tick")


def svg_text(x: float, y: float, text: str, style: str, anchor: str = "start") -> str:
    """Returns an SVG text element."""
    return (
        f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
        f'fill="{TEXT[0] if style == "title" else QUIET[0]}">{html.escape(text)}</text>'
    )


def ticks(low: float, high: float) -> list[float]:
    """Returns three to seven round numbers that enclose a range."""
    if high - low < 1e-9 * max(1.0, abs(high)):
        room = max(0.5, 1e-6 * abs(high))
        low, high = low - room, high + room
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(step * number, 12) for number in range(first, last + 1)]


def _step(curve: Curve) -> int:
    """Returns the number of epochs between two labels of an axis, for at most ten labels."""
    return max(1, math.ceil(curve.epochs / 10))


def _style() -> str:
    scope = ".kfunc-lab-curves"
    return "".join(
        [
            f"{scope}{{color-scheme:light dark;font-family:{FONT}}}",
            f"{scope} .surface{{fill:{light_dark(SURFACE)}}}",
            f"{scope} .title{{fill:{light_dark(TEXT)};font-size:12px;font-weight:bold}}",
            f"{scope} .tick{{fill:{light_dark(QUIET)};font-size:10px}}",
            f"{scope} .grid{{stroke:{light_dark(FAINT)}}}",
            f"{scope} .line{{stroke-width:1.8}}",
            f"{scope} .training{{fill:{light_dark(TRAINING)}}}",
            f"{scope} .validation{{fill:{light_dark(VALIDATION)}}}",
            f"{scope} .training.line{{fill:none;stroke:{light_dark(TRAINING)}}}",
            f"{scope} .validation.line{{fill:none;stroke:{light_dark(VALIDATION)}}}",
        ]
    )


def from_logs(
    logs: Mapping[str, Sequence[Any]], epochs: Sequence[int] | None = None
) -> tuple[Curve, ...]:
    """Pairs each quantity with its validation counterpart.

    Args:
        logs: The values of each epoch by name, as in `History.history`; validation metrics have
            the prefix `val_`. A value may hold several numbers, such as one for each class.
        epochs: The numbers of the epochs counted from 0, as in `History.epoch`.

    Returns:
        A curve for each quantity, in the order of the names; a quantity with several numbers has
        a curve for each of them.

    Example:
        >>> from_logs({"loss": [0.9, 0.5], "val_loss": [1.0, 0.7]})[0].validation
        (1.0, 0.7)
    """
    first = (epochs[0] if epochs else 0) + 1
    single = _single_numbers(logs)
    return tuple(
        Curve(name, single.get(name, ()), single.get(f"val_{name}", ()), first)
        for name in dict.fromkeys(name.removeprefix("val_") for name in single)
    )


def _single_numbers(logs: Mapping[str, Sequence[Any]]) -> dict[str, tuple[float, ...]]:
    """Splits quantities with several numbers in an epoch into `f1[0]`, `f1[1]` and so on."""
    single: dict[str, tuple[float, ...]] = {}
    for name, values in logs.items():
        columns = list(zip(*map(np.ravel, values), strict=True))
        for position, column in enumerate(columns):
            numbered = f"{name}[{position}]" if len(columns) > 1 else name
            single[numbered] = tuple(map(float, column))
    return single
