"""Draws the curves of several training runs into shared panels, as SVG."""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kfunc_lab.locale import _
from kfunc_lab.training.curves.figures import number_words, svg_text, ticks
from kfunc_lab.training.runs.store import Run
from kfunc_lab.training.runs.table import labels_of, metrics_of
from kfunc_lab.ui.text import printable
from kfunc_lab.ui.text_width import fitted, text_width
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
_PANEL_WIDTH, _PANEL_HEIGHT = 340, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 28, 40
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


def panels_of(runs: Sequence[Run]) -> list[Panel]:
    """Returns a panel for each metric, with a line for each run that has it."""
    labels = labels_of(runs)
    return [
        Panel(
            name,
            tuple(
                Line(number, labels[number], _points(run.metrics[name]))
                for number, run in enumerate(runs)
                if name in run.metrics
            ),
        )
        for name in metrics_of(runs)
    ]


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


def _grid(panels: Sequence[Panel]) -> tuple[int, int]:
    """Returns the number of columns and rows, with a metric beside its validation metric."""
    columns = max(1, min(2, len(panels)))
    return columns, max(1, math.ceil(len(panels) / columns))


def curves_to_svg(panels: Sequence[Panel], labels: Sequence[str]) -> str:
    """Draws the curves of several runs as SVG, with a legend above one panel for each metric."""
    columns, rows = _grid(panels)
    width = _PANEL_WIDTH * columns
    legend, top = _legend(labels, width)
    height = top + _PANEL_HEIGHT * rows
    drawn = "".join(
        f'<g transform="translate({_PANEL_WIDTH * (position % columns)},'
        f'{top + _PANEL_HEIGHT * (position // columns)})">{_panel(panel)}</g>'
        for position, panel in enumerate(panels)
    )
    names = ", ".join(printable(panel.name) for panel in panels)
    title = _("Learning curves: {names}").format(names=names)
    return _svg(width, height, f"{title} ({', '.join(labels)})", legend + drawn)


def sentence_to_svg(text: str) -> str:
    """Draws a sentence as SVG, if there is nothing else to draw."""
    return _svg(
        math.ceil(text_width(text, 12, bold=True)) + 40,
        44,
        text,
        svg_text(16, 27, text, "title"),
    )


def _svg(width: int, height: int, title: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" class="kfunc-lab-run-curves" role="img">'
        f"<title>{html.escape(title)}</title><style>{_style()}</style>"
        f'<rect class="surface" width="100%" height="100%" fill="{SURFACE[0]}"/>{body}</svg>'
    )


def _legend(labels: Sequence[str], width: int) -> tuple[str, int]:
    """Draws the label of each line, and returns the drawing and its height."""
    x, y, parts = 16.0, 18, ""
    for number, label in enumerate(labels):
        short = fitted(label, width - 2 * 16 - _KEY_WIDTH, 10)
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


def _epoch_step(epochs: tuple[int, int]) -> int:
    """Returns the number of epochs between two labels of an axis, for at most ten labels."""
    return max(1, math.ceil((epochs[1] - epochs[0] + 1) / 10))


def _panel(panel: Panel) -> str:
    points = (point for line in panel.lines for point in line.points)
    values = [value for _epoch, value in points if math.isfinite(value)]
    marks = ticks(min(values, default=0.0), max(values, default=1.0))
    first, last = _epochs_of(panel)

    def x(epoch: int) -> float:
        inner = _PANEL_WIDTH - _LEFT - _RIGHT
        return _LEFT + inner * ((epoch - first) / (last - first) if last > first else 0.5)

    def y(value: float) -> float:
        inner = _PANEL_HEIGHT - _TOP - _BOTTOM
        return _TOP + inner * (marks[-1] - value) / (marks[-1] - marks[0])

    parts = [svg_text(_LEFT, 16, printable(panel.name), "title")]
    for tick in marks:
        path = f"M{_LEFT} {y(tick):.1f}H{_PANEL_WIDTH - _RIGHT}"
        parts.append(f'<path class="grid" stroke="{FAINT[0]}" d="{path}"/>')
        parts.append(svg_text(_LEFT - 6, y(tick) + 3.5, f"{tick:g}", "tick", "end"))
    below = _PANEL_HEIGHT - _BOTTOM + 16
    for epoch in range(first, last + 1, _epoch_step((first, last))):
        parts.append(svg_text(x(epoch), below, str(epoch), "tick", "middle"))
    middle = (_LEFT + _PANEL_WIDTH - _RIGHT) / 2
    parts.append(svg_text(middle, _PANEL_HEIGHT - 8, _("epoch"), "tick", "middle"))
    for line in panel.lines:
        finite = [point for point in line.points if math.isfinite(point[1])]
        shown = _thin(finite, _MAX_POINTS)
        parts.append(
            _line(line, [(x(epoch), y(value), epoch, value) for epoch, value in shown])
        )
    return "".join(parts)


def _line(line: Line, points: Sequence[tuple[float, float, int, float]]) -> str:
    if not points:
        return ""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y, _epoch, _value in points)
    stroke = f'<path class="run-{line.run} line" {_stroke(line.run)} d="M{path}"/>'
    marks = ""
    for x, y, epoch, value in points if len(points) <= _MAX_MARKS else ():
        title = html.escape(f"{line.label}, {_('epoch')} {epoch}: {number_words(value)}")
        marks += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2"><title>{title}</title></circle>'
    colour = _COLOURS[line.run][0]
    return (
        f'<g class="run-{line.run}" fill="{colour}"><title>{html.escape(line.label)}</title>'
        f"{stroke}{marks}</g>"
    )


def _stroke(run: int) -> str:
    dashes = f' stroke-dasharray="{_DASHES[run]}"' if _DASHES[run] else ""
    return f'fill="none" stroke="{_COLOURS[run][0]}"{dashes}'


def _style() -> str:
    scope = ".kfunc-lab-run-curves"
    parts = [
        f"{scope}{{color-scheme:light dark;font-family:{FONT}}}",
        f"{scope} .surface{{fill:{light_dark(SURFACE)}}}",
        f"{scope} .title{{fill:{light_dark(TEXT)};font-size:12px;font-weight:bold}}",
        f"{scope} .tick,{scope} .key{{fill:{light_dark(QUIET)};font-size:10px}}",
        f"{scope} .grid{{stroke:{light_dark(FAINT)}}}",
    ]
    for number, colours in enumerate(_COLOURS):
        colour = light_dark(colours)
        parts.append(f"{scope} .run-{number}{{fill:{colour}}}")
        parts.append(
            f"{scope} .run-{number}.line{{fill:none;stroke:{colour};stroke-width:1.8}}"
        )
    return "".join(parts)
