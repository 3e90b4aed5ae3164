"""Formats training runs as tables: their last and best metrics, and the settings that differ."""

import datetime
import html
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kfunc_lab.locale import _, ngettext
from kfunc_lab.training.curves.line_chart import number_words
from kfunc_lab.training.curves.several import names_of
from kfunc_lab.training.runs.store import Run, names_that_differ, settings_of
from kfunc_lab.training.states import state_words
from kfunc_lab.ui.text import printable
from kfunc_lab.ui.theme import FAINT, FONT, QUIET, SURFACE, TEXT, follow_theme, light_dark

# Words in the names of metrics for which lower, or higher, values are better.
_LOWER = frozenset(
    (
        *("loss", "error", "mse", "mae", "mape", "msle", "rmse", "divergence", "crossentropy"),
        *("hinge", "poisson", "perplexity", "logcosh", "false"),
    )
)
_HIGHER = frozenset(
    (
        *("accuracy", "acc", "auc", "precision", "recall", "f1", "fbeta", "score", "io", "iou"),
        *("r2", "similarity", "sensitivity", "specificity", "true"),
    )
)
_MAX_SETTINGS = 12
_MAX_VALUE_LENGTH = 40


def table_of(runs: Sequence[Run]) -> tuple[list[str], list[list[str]]]:
    """Returns runs as a table.

    Args:
        runs: The runs.

    Returns:
        The names of the columns, and the cells of each run: its name, its state, its number of
        epochs, the last value of each metric with the best value if it is known whether lower or
        higher is better, and the local time of its start. If runs share a name, there is a column
        with their ids.
    """
    names = metrics_of(runs)
    with_id = len({run.name for run in runs}) < len(runs)
    head = [_("name"), *([_("id")] if with_id else []), _("state"), _("epochs")]
    for name in names:
        head += [printable(name), *([_("best")] if better(name) else [])]
    rows = []
    for run in runs:
        row = [printable(run.name), *([run.id] if with_id else [])]
        row += [state_words(run.state), f"{run.epochs:,}"]
        for name in names:
            row += _cells(name, run.metrics.get(name, {}))
        rows.append([*row, _local_time(run.began)])
    return [*head, _("started")], rows


def metrics_of(runs: Iterable[Run]) -> list[str]:
    """Returns the metrics of runs, each followed by its validation metric."""
    return names_of([run.metrics for run in runs])


def better(metric: str) -> str:
    """Tells from the name of a metric whether lower or higher values are better.

    Returns:
        `"lower"`, `"higher"`, or an empty string if it is unknown.

    Example:
        >>> better("val_loss"), better("auc_1"), better("learning_rate")
        ('lower', 'higher', '')
    """
    words = set(metric.lower().split("_"))
    if words & _LOWER:
        return "lower"
    return "higher" if words & _HIGHER else ""


def best(metric: str, series: Mapping[int, float]) -> float:
    """Returns the best value of a metric; NaN if there is none."""
    finite = [value for value in series.values() if math.isfinite(value)]
    choose = min if better(metric) == "lower" else max
    return choose(finite, default=math.nan)


def _cells(metric: str, series: Mapping[int, float]) -> list[str]:
    last = number_words(series[max(series)]) if series else ""
    if not better(metric):
        return [last]
    return [last, number_words(best(metric, series)) if series else ""]


def _local_time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def right_columns(head: list[str]) -> set[int]:
    """Returns the columns of numbers: those after the state except the last one."""
    return set(range(head.index(_("state")) + 1, len(head) - 1))


def settings_table(runs: Sequence[Run]) -> list[list[str]]:
    """Returns a row of names, and a row for each setting that differs; empty if none differs."""
    names = names_that_differ(runs)
    if not names:
        return []
    settings = [settings_of(run) for run in runs]
    rows = [[_("setting"), *labels_of(runs)]]
    for name in names[:_MAX_SETTINGS]:
        values = [_value(of_run[name]) if name in of_run else "" for of_run in settings]
        rows.append([printable(name), *values])
    more = len(names) - _MAX_SETTINGS
    if more > 0:
        rows.append([ngettext("and {n} more", "and {n} more", more).format(n=more)])
    return rows


def _value(value: Any) -> str:
    """Formats the value of a setting in a few characters."""
    if isinstance(value, float) and float(np.float32(value)) == value:
        return str(np.float32(value))  # 0.001, which Keras stores as 0.0010000000474974513
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    first, *others = text.strip().splitlines() or [""]
    is_cut = bool(others) or len(first) > _MAX_VALUE_LENGTH
    return printable(first[: _MAX_VALUE_LENGTH - 1].rstrip() + "…" if is_cut else first)


def html_table(caption: str, rows: Sequence[Sequence[str]], right: set[int]) -> str:
    """Returns rows as an HTML table with the first row as its head."""
    head, *others = rows
    width = len(head)

    def line(row: Sequence[str], first: str, other: str) -> str:
        cells = ""
        for column, text in enumerate([*row, *[""] * (width - len(row))]):
            tag = other if column else first
            scope = ' scope="row"' if tag == "th" and other == "td" else ""
            style = ' class="number"' if column in right else ""
            cells += f"<{tag}{scope}{style}>{html.escape(text)}</{tag}>"
        return f"<tr>{cells}</tr>"

    body = "".join(line(row, "th", "td") for row in others)
    return (
        f"<table><caption>{html.escape(caption)}</caption>"
        f"<thead>{line(head, 'th', 'th')}</thead><tbody>{body}</tbody></table>"
    )


def table_style() -> str:
    """Returns the CSS of the tables, for light and dark themes."""
    scope = ".kfunc-lab-runs"
    line = f"border-bottom:1px solid {light_dark(FAINT)}"
    return "".join(
        [
            follow_theme("kfunc-lab-runs"),
            f"{scope} svg{{color-scheme:inherit}}",  # the charts follow the page as the table does
            # JupyterLab stripes every table, and aligns it to the right.
            f"{scope} tr{{background:none!important}}",
            f"{scope} :is(th,td):not(.number){{text-align:left!important}}",
            f"{scope}{{background:{light_dark(SURFACE)};"
            f"color:{light_dark(TEXT)};font:13px {FONT};padding:8px;overflow-x:auto}}",
            f"{scope} table{{border-collapse:collapse;margin:4px 0 12px}}",
            f"{scope} caption{{text-align:left;font-weight:bold;padding:4px 0}}",
            f"{scope} :is(th,td){{padding:3px 10px;white-space:nowrap;{line}}}",
            f"{scope} thead th{{color:{light_dark(QUIET)};font-weight:normal}}",
            f"{scope} .number{{text-align:right;font-variant-numeric:tabular-nums}}",
        ]
    )


def labels_of(runs: Sequence[Run]) -> list[str]:
    """Returns a unique label for each run: its name, with its id if several runs share the name."""
    names = [run.name for run in runs]
    return [
        printable(run.name if names.count(run.name) == 1 else f"{run.name} {run.id}".strip())
        for run in runs
    ]
