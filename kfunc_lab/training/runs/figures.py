"""Draws the curves of several training runs over one another, as SVG."""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kfunc_lab.training.curves.line_chart import (
    LEFT,
    PANEL_WIDTH,
    Point,
    axes_of,
    description,
    panel_grid,
    path_of,
    picture,
    placed,
    point_title,
    shared_style,
    svg_text,
)
from kfunc_lab.training.runs.store import Run
from kfunc_lab.training.runs.table import labels_of, metrics_of
from kfunc_lab.ui.text import printable
from kfunc_lab.ui.text_width import fit_text, text_width
from kfunc_lab.ui.theme import QUIET, TRAINING, VALIDATION, light_dark

_CLASS = "kfunc-lab-run-curves"

# So many runs are drawn: more could not be told apart.
MOST_DRAWN = 8
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
# Dashes tell runs apart where colour does not.
_DASHES = ("", "7 3", "2 2", "10 3 2 3", "4 2", "14 4", "6 2 2 2 2 2", "1 3")

# Sizes of the static picture, in pixels.
_PANEL_HEIGHT, _PANEL_TOP = 250, 28
_KEY_WIDTH, _KEY_HEIGHT = 34, 20
# A line has no more points than can be seen; one of few points shows each.
_MOST_POINTS, _MOST_MARKS = 400, 60


@dataclass(frozen=True)
class Line:
    """One run's line in a panel.

    Attributes:
        run: The run's place among those drawn, which gives its colour and dashes.
        label: What it is called in the legend.
        points: For each epoch, counted from 1, the value.
    """

    run: int
    label: str
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Panel:
    """One metric of several runs.

    Attributes:
        name: The metric.
        lines: A line for each run that has it.
    """

    name: str
    lines: tuple[Line, ...]


def panels_of(kept: Sequence[Run]) -> list[Panel]:
    """Returns a panel for each metric, with a line for each run that has it."""
    labels = labels_of(kept)
    return [
        Panel(
            name,
            tuple(
                Line(place, labels[place], _points(run.metrics[name]))
                for place, run in enumerate(kept)
                if name in run.metrics
            ),
        )
        for name in metrics_of(kept)
    ]


def _points(series: Mapping[int, float]) -> tuple[tuple[int, float], ...]:
    return tuple((epoch + 1, series[epoch]) for epoch in sorted(series))


def _thinned(points: Sequence[tuple[int, float]], most: int) -> list[tuple[int, float]]:
    """Leaves the least and the greatest of each stretch of a long line, so that peaks stay."""
    if len(points) <= most:
        return list(points)
    step = math.ceil(len(points) / (most // 2))
    kept: dict[tuple[int, float], None] = {points[0]: None}
    for begin in range(0, len(points), step):
        stretch = points[begin : begin + step]
        gaps = [point for point in stretch if not math.isfinite(point[1])]
        finite = [point for point in stretch if math.isfinite(point[1])]
        ends = {choose(finite, key=lambda it: it[1]) for choose in (min, max) if finite}
        kept.update(dict.fromkeys(sorted(ends | {*gaps[:1]})))
    kept[points[-1]] = None
    return list(kept)


def curves_to_svg(panels: Sequence[Panel], labels: Sequence[str]) -> str:
    """Draws the curves of several runs as SVG, one panel a metric, below their legend."""
    columns, rows = panel_grid(len(panels), 2)  # a metric beside its validation
    width = PANEL_WIDTH * columns
    legend, top = _legend(labels, width)
    drawn = placed([_panel(panel) for panel in panels], columns, _PANEL_HEIGHT, top)
    title = f"{description(panel.name for panel in panels)} ({', '.join(labels)})"
    return picture(_CLASS, width, top + _PANEL_HEIGHT * rows, title, _style(), legend + drawn)


def sentence(text: str) -> str:
    """Draws a sentence, where there is nothing else to draw."""
    width = math.ceil(text_width(text, 12, bold=True)) + 40
    return picture(_CLASS, width, 44, text, _style(), svg_text(16, 27, text, "title"))


def _legend(labels: Sequence[str], width: int) -> tuple[str, int]:
    """Draws what each line is called, and returns how high that is."""
    x, y, parts = 16.0, 18, ""
    for place, label in enumerate(labels):
        room = width - 2 * 16 - _KEY_WIDTH
        said = fit_text(label, room, 10)
        needed = _KEY_WIDTH + text_width(said, 10) + 18
        if x > 16 and x + needed > width:
            x, y = 16.0, y + _KEY_HEIGHT
        parts += f'<path class="run-{place} line" {_stroke(place)} d="M{x:.1f} {y}h28"/>'
        full = f"<title>{html.escape(label)}</title>" if said != label else ""
        parts += f"<g>{full}{svg_text(x + _KEY_WIDTH, y + 3.5, said, 'key')}</g>"
        x += needed
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
        points = [axes.point(*it) for it in _thinned(finite, _MOST_POINTS)]
        parts.append(_line(line, points))
    return "".join(parts)


def _line(line: Line, points: Sequence[Point]) -> str:
    if not points:
        return ""
    stroke = f'<path class="run-{line.run} line" {_stroke(line.run)} d="{path_of(points)}"/>'
    marks = ""
    for x, y, epoch, value in points if len(points) <= _MOST_MARKS else ():
        said = point_title(line.label, epoch, value)
        marks += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2">{said}</circle>'
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
    for place, colours in enumerate(_COLOURS):
        parts.append(f"{scope} .run-{place}{{fill:{light_dark(colours)}}}")
        parts.append(
            f"{scope} .run-{place}.line{{fill:none;stroke:{light_dark(colours)};stroke-width:1.8}}"
        )
    return parts
