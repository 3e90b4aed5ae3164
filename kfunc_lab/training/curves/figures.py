"""Draws learning curves as a Plotly figure, as static SVG, and as a text table."""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kfunc_lab.locale import _
from kfunc_lab.training.curves.line_chart import (
    LEFT,
    PANEL_WIDTH,
    Point,
    axes_of,
    description,
    epoch_step,
    number_words,
    panel_grid,
    path_of,
    picture,
    place_panels,
    point_title,
    shared_style,
    svg_text,
)
from kfunc_lab.ui.text import align_columns, printable
from kfunc_lab.ui.theme import TRAINING, VALIDATION, light_dark

_CLASS = "kfunc-lab-curves"
_MAX_COLUMNS = 3
_HEIGHT, _TOP = 260, 42  # of a panel, in pixels


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
    first = curves[0].first_epoch if curves else 1
    epochs = max((curve.epochs for curve in curves), default=0)
    lines = [series for curve in curves for series in _series(curve)]
    rows = [[_("epoch"), *(line.name for line in lines)]]
    for position in range(epochs):
        rows.append([str(first + position), *(line.words_at(position) for line in lines)])
    return "\n".join(align_columns(rows, right=set(range(len(rows[0])))))


def to_plotly(curves: Sequence[Curve]) -> dict[str, Any]:
    """Returns curves as a Plotly figure, with one panel for each quantity.

    Returns:
        The figure's JSON, which JupyterLab displays. It is written by hand, because importing
        Plotly takes longer than everything else here.
    """
    columns, rows = panel_grid(len(curves), _MAX_COLUMNS)
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
        layout[f"xaxis{axis}"] = {
            "title": {"text": _("epoch")},
            "dtick": epoch_step(curve.epochs),
            **grey,
        }
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
    columns, rows = panel_grid(len(curves), _MAX_COLUMNS)
    return picture(
        _CLASS,
        PANEL_WIDTH * columns,
        _HEIGHT * rows,
        description(curve.name for curve in curves),
        _style(),
        place_panels([_panel(curve) for curve in curves], columns, _HEIGHT),
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

    def words_at(self, position: int) -> str:
        """Formats a value; returns an empty string if there is none."""
        return number_words(self.values[position]) if position < len(self.values) else ""


def _series(curve: Curve) -> list[_Series]:
    name = printable(curve.name)
    both = [
        _Series(name, curve.training, _("training"), "training", TRAINING),
        _Series(f"val_{name}", curve.validation, _("validation"), "validation", VALIDATION),
    ]
    return [series for series in both if series.values]


def _plotly_text(text: str) -> str:
    """Escapes characters that Plotly would interpret as markup."""
    return html.escape(printable(text), quote=False)


def _panel(curve: Curve) -> str:
    lines = _series(curve)
    values = [value for series in lines for value in series.values]
    last = curve.first_epoch + curve.epochs - 1
    axes = axes_of(values, _HEIGHT, _TOP, curve.first_epoch, last)
    parts = [svg_text(LEFT, 18, printable(curve.name), "title"), axes.to_svg()]
    for number, series in enumerate(lines):
        points = [
            axes.point(curve.first_epoch + position, value)
            for position, value in enumerate(series.values)
            if math.isfinite(value)
        ]
        parts.append(_line(points, series))
        parts.append(_key(LEFT + 90 * number, series))
    return "".join(parts)


def _line(points: list[Point], series: _Series) -> str:
    if not points:
        return ""
    style, colour = series.style, series.colours[0]
    # Dashes and squares distinguish validation from training without relying on colour.
    dashes = ' stroke-dasharray="5 3"' if style == "validation" else ""
    drawn = (
        f'<path class="{style} line" fill="none" stroke="{colour}"{dashes} '
        f'd="{path_of(points)}"/>'
    )
    for x, y, epoch, value in points:
        mark = _mark(x, y, style) + point_title(series.label, epoch, value)
        drawn += f'<g class="{style}" fill="{colour}">{mark}</g>'
    return drawn


def _mark(x: float, y: float, style: str) -> str:
    if style == "validation":
        return f'<rect x="{x - 2.5:.1f}" y="{y - 2.5:.1f}" width="5" height="5"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.8"/>'


def _key(x: float, series: _Series) -> str:
    mark = _mark(x + 4, 30, series.style)
    coloured = f'<g class="{series.style}" fill="{series.colours[0]}">{mark}</g>'
    return coloured + svg_text(x + 12, 33.5, series.label, "tick")


def _style() -> list[str]:
    scope = f".{_CLASS}"
    return [
        *shared_style(_CLASS, "tick"),
        f"{scope} .line{{stroke-width:1.8}}",
        f"{scope} .training{{fill:{light_dark(TRAINING)}}}",
        f"{scope} .validation{{fill:{light_dark(VALIDATION)}}}",
        f"{scope} .training.line{{fill:none;stroke:{light_dark(TRAINING)}}}",
        f"{scope} .validation.line{{fill:none;stroke:{light_dark(VALIDATION)}}}",
    ]


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
    single = single_numbers(logs)
    return tuple(
        Curve(name, single.get(name, ()), single.get(f"val_{name}", ()), first)
        for name in dict.fromkeys(name.removeprefix("val_") for name in single)
    )


def single_numbers(logs: Mapping[str, Sequence[Any]]) -> dict[str, tuple[float, ...]]:
    """Splits quantities that have several numbers in an epoch into `f1[0]`, `f1[1]` and so on."""
    single: dict[str, tuple[float, ...]] = {}
    for name, values in logs.items():
        columns = list(zip(*map(np.ravel, values), strict=True))
        for position, column in enumerate(columns):
            numbered = f"{name}[{position}]" if len(columns) > 1 else name
            single[numbered] = tuple(map(float, column))
    return single
