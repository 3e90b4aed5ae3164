"""Shows the curves of several training runs in shared panels: as SVG, and as tables."""

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kfunc_lab.locale import _
from kfunc_lab.training.curves.line_chart import (
    LEFT,
    PANEL_WIDTH,
    Point,
    axes_of,
    description,
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
from kfunc_lab.ui.text_width import fit_text, text_width
from kfunc_lab.ui.theme import QUIET, TRAINING, VALIDATION, light_dark

_CLASS = "kfunc-lab-run-curves"

# More runs than this could not be distinguished.
MAX_RUNS = 8
_COLOURS = (
    TRAINING,
    VALIDATION,
    ("#1a7f5a", "#4cc29a"),
    ("#8250df", "#b794f6"),
    ("#c2255c", "#f783ac"),
    ("#0b7285", "#66d9e8"),
    ("#6b6b00", "#c5c542"),
    QUIET,
)
# Dashes distinguish runs without relying on colour.
_DASHES = ("", "7 3", "2 2", "10 3 2 3", "4 2", "14 4", "6 2 2 2 2 2", "1 3")

# Sizes of the static picture, in pixels.
_PANEL_HEIGHT, _PANEL_TOP = 250, 28
_KEY_WIDTH, _KEY_HEIGHT = 34, 20
# A line has no more points than are visible; a line with few points shows a mark for each.
_MAX_POINTS, _MAX_MARKS = 400, 60


@dataclass(frozen=True)
class Line:
    """One run's line in a panel.

    Attributes:
        run: The number of the run in the picture, which decides its colour and dashes.
        label: Its label in the legend.
        points: The value of each epoch, counted from 1.
    """

    run: int
    label: str
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Panel:
    """One metric of several runs.

    Attributes:
        name: The metric.
        lines: A line for each run that has the metric.
    """

    name: str
    lines: tuple[Line, ...]


# The metrics of one run: for each name the value of each epoch, counted from 0.
Metrics = Mapping[str, Mapping[int, float]]


def panels_of(metrics: Sequence[Metrics], labels: Sequence[str]) -> list[Panel]:
    """Returns a panel for each metric, with a line for each run that has it.

    Args:
        metrics: The metrics of each run.
        labels: The label of each run.
    """
    return [
        Panel(
            name,
            tuple(
                Line(number, label, _points(run[name]))
                for number, (run, label) in enumerate(zip(metrics, labels, strict=True))
                if name in run
            ),
        )
        for name in names_of(metrics)
    ]


def names_of(metrics: Iterable[Metrics]) -> list[str]:
    """Returns the names of the metrics, each followed by that of its validation metric."""
    names = dict.fromkeys(name for run in metrics for name in run)
    bases = dict.fromkeys(name.removeprefix("val_") for name in names)
    return [name for base in bases for name in (base, f"val_{base}") if name in names]


def _points(series: Mapping[int, float]) -> tuple[tuple[int, float], ...]:
    return tuple((epoch + 1, series[epoch]) for epoch in sorted(series))


def _thin(points: Sequence[tuple[int, float]], max_points: int) -> list[tuple[int, float]]:
    """Keeps the minimum and the maximum of each section of a long line, so that peaks stay."""
    if len(points) <= max_points:
        return list(points)
    step = math.ceil(len(points) / (max_points // 2))
    selected: dict[tuple[int, float], None] = {points[0]: None}
    for start in range(0, len(points), step):
        section = points[start : start + step]
        gaps = [point for point in section if not math.isfinite(point[1])]
        finite = [point for point in section if math.isfinite(point[1])]
        extremes = {
            choose(finite, key=lambda point: point[1]) for choose in (min, max) if finite
        }
        selected.update(dict.fromkeys(sorted(extremes | {*gaps[:1]})))
    selected[points[-1]] = None
    return list(selected)


def curves_to_svg(panels: Sequence[Panel], labels: Sequence[str]) -> str:
    """Draws the curves of several runs as SVG, with a legend above one panel for each metric."""
    columns, rows = panel_grid(len(panels), 2)  # a metric beside its validation metric
    width = PANEL_WIDTH * columns
    legend, top = _legend(labels, width)
    drawn = place_panels([_panel(panel) for panel in panels], columns, _PANEL_HEIGHT, top)
    title = f"{description(panel.name for panel in panels)} ({', '.join(labels)})"
    return picture(_CLASS, width, top + _PANEL_HEIGHT * rows, title, _style(), legend + drawn)


def curves_to_text(panels: Sequence[Panel]) -> str:
    """Returns the values as a table for each metric, with one epoch on each line."""
    return "\n\n".join(map(_table, panels))


def _table(panel: Panel) -> str:
    values = [dict(line.points) for line in panel.lines]
    rows = [[_("epoch"), *(line.label for line in panel.lines)]]
    for epoch in sorted({epoch for run in values for epoch in run}):
        cells = [number_words(run[epoch]) if epoch in run else "" for run in values]
        rows.append([str(epoch), *cells])
    lines = align_columns(rows, right=set(range(len(rows[0]))))
    return "\n".join([printable(panel.name), *lines])


def sentence_to_svg(text: str) -> str:
    """Draws a sentence as SVG, if there is nothing else to draw."""
    width = math.ceil(text_width(text, 12, bold=True)) + 40
    return picture(_CLASS, width, 44, text, _style(), svg_text(16, 27, text, "title"))


def _legend(labels: Sequence[str], width: int) -> tuple[str, int]:
    """Draws the label of each line, and returns the drawing and its height."""
    x, y, parts = 16.0, 18, ""
    for number, label in enumerate(labels):
        short = fit_text(label, width - 2 * 16 - _KEY_WIDTH, 10)
        key_width = _KEY_WIDTH + text_width(short, 10) + 18
        if x > 16 and x + key_width > width:
            x, y = 16.0, y + _KEY_HEIGHT
        parts += f'<path class="run-{number} line" {_stroke(number)} d="M{x:.1f} {y}h28"/>'
        tooltip = f"<title>{html.escape(label)}</title>" if short != label else ""
        parts += f"<g>{tooltip}{svg_text(x + _KEY_WIDTH, y + 3.5, short, 'key')}</g>"
        x += key_width
    return parts, y + _KEY_HEIGHT


def _epochs_of(panel: Panel) -> tuple[int, int]:
    epochs = [epoch for line in panel.lines for epoch, _value in line.points]
    return min(epochs, default=1), max(epochs, default=1)


def _panel(panel: Panel) -> str:
    values = [value for line in panel.lines for _epoch, value in line.points]
    axes = axes_of(values, _PANEL_HEIGHT, _PANEL_TOP, *_epochs_of(panel))
    parts = [svg_text(LEFT, 16, printable(panel.name), "title"), axes.to_svg()]
    for line in panel.lines:
        finite = [point for point in line.points if math.isfinite(point[1])]
        points = [axes.point(epoch, value) for epoch, value in _thin(finite, _MAX_POINTS)]
        parts.append(_line(line, points))
    return "".join(parts)


def _line(line: Line, points: Sequence[Point]) -> str:
    if not points:
        return ""
    stroke = f'<path class="run-{line.run} line" {_stroke(line.run)} d="{path_of(points)}"/>'
    marks = ""
    for x, y, epoch, value in points if len(points) <= _MAX_MARKS else ():
        title = point_title(line.label, epoch, value)
        marks += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2">{title}</circle>'
    colour = _COLOURS[line.run][0]
    return (
        f'<g class="run-{line.run}" fill="{colour}"><title>{html.escape(line.label)}</title>'
        f"{stroke}{marks}</g>"
    )


def _stroke(run: int) -> str:
    dashes = f' stroke-dasharray="{_DASHES[run]}"' if _DASHES[run] else ""
    return f'fill="none" stroke="{_COLOURS[run][0]}"{dashes}'


def _style() -> list[str]:
    scope = f".{_CLASS}"
    parts = shared_style(_CLASS, "tick", "key")
    for number, colours in enumerate(_COLOURS):
        colour = light_dark(colours)
        parts.append(f"{scope} .run-{number}{{fill:{colour}}}")
        parts.append(
            f"{scope} .run-{number}.line{{fill:none;stroke:{colour};stroke-width:1.8}}"
        )
    return parts
