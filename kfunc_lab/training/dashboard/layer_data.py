"""Collects what the page shows about the layers: a table and their distributions."""

import math
from collections.abc import Sequence
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.training.dashboard.layer_colours import MEASURES
from kfunc_lab.training.measuring.distributions import epochs_drawn, spread_of
from kfunc_lab.training.run_log import RunLog
from kfunc_lab.ui.text import printable

# The limit on the layers in a page; `dashboard.measures` holds all of them.
_MAX_LAYERS = 100
_COLUMNS = ("gradient_norm", "update_ratio", "weight_norm", "zeros", "dead", "saturated")
_SHARES = ("zeros", "dead", "saturated")


def layer_table(log: RunLog) -> dict[str, Any]:
    """Returns the last measurements of each layer as a table.

    Args:
        log: The run.

    Returns:
        `layers`, the names of the layers, and `columns`, each with its `label` and, in `cells`, a
        cell for each layer. A measure that no layer has gets no column; a missing measurement is
        an empty cell.
    """
    measures = log.measures
    layers = layers_shown(log)
    names = [name for name in _COLUMNS if any(name in layer for layer in measures.values())]
    return {
        "layers": [printable(layer) for layer in layers],
        "columns": [
            {
                "label": _(MEASURES[name]),
                "cells": [_words_of(name, measures[layer].get(name)) for layer in layers],
            }
            for name in names
        ],
    }


def layers_shown(log: RunLog) -> list[str]:
    """Returns the layers that the page shows, in the order of the model."""
    last = next(reversed(log.measures_by_epoch.values()), {})
    return list(dict.fromkeys(layer for layer, _name in last))[:_MAX_LAYERS]


def _words_of(name: str, value: float | None) -> str:
    if value is None:
        return ""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞"
    return f"{100 * value:.0f} %" if name in _SHARES else f"{value:.3g}".replace("-", "−")


def layer_data(log: RunLog, epochs: Sequence[int]) -> tuple[dict[str, Any], bytes]:
    """Returns what the page shows about the layers.

    Args:
        log: The run.
        epochs: The epochs whose distributions to include.

    Returns:
        The table and the epochs, counted from 1; and the percentiles as float32 numbers of shape
        `(epochs, layers, 2, percentiles)`.
    """
    layers = layers_shown(log)
    spreads = [spread_of(log.measures_by_epoch[epoch], layers).tobytes() for epoch in epochs]
    return layer_table(log) | {"epochs": [epoch + 1 for epoch in epochs]}, b"".join(spreads)


def final_layer_data(log: RunLog) -> dict[str, Any]:
    """Returns what stays in the notebook about the layers: the result of `layer_data` as one."""
    data, spreads = layer_data(log, epochs_drawn(list(log.measures_by_epoch)))
    return {**data, "spreads": spreads}
