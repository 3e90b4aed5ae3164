"""What the page shows of the layers of a model that trains: a table, and their distributions."""

import math
from collections.abc import Sequence
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.training.dashboard.layer_colours import MEASURES
from kfunc_lab.training.measuring.distributions import epochs_drawn, spread_of
from kfunc_lab.training.run_log import RunLog
from kfunc_lab.ui.text import printable

# A page shows no more layers than this; all are in `dashboard.measures`.
_MOST_LAYERS = 100
_COLUMNS = ("gradient_norm", "update_ratio", "weight_norm", "zeros", "dead", "saturated")
_SHARES = ("zeros", "dead", "saturated")


def layer_table(log: RunLog) -> dict[str, Any]:
    """Writes what was measured of each layer last.

    Args:
        log: The run.

    Returns:
        `layers`, their names, and `columns`, each with its `label` and a cell for each layer in
        `cells`. What was measured of no layer has no column; where nothing was measured, a
        cell is empty.
    """
    measures = log.measures
    layers = layers_shown(log)
    known = [name for name in _COLUMNS if any(name in it for it in measures.values())]
    return {
        "layers": [printable(layer) for layer in layers],
        "columns": [
            {
                "label": _(MEASURES[name]),
                "cells": [_words_of(name, measures[layer].get(name)) for layer in layers],
            }
            for name in known
        ],
    }


def layers_shown(log: RunLog) -> list[str]:
    """Returns the layers that the page shows, in the order of the model."""
    last = next(reversed(log.measured.values()), {})
    return list(dict.fromkeys(layer for layer, _name in last))[:_MOST_LAYERS]


def _words_of(name: str, value: float | None) -> str:
    if value is None:
        return ""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞"
    return f"{100 * value:.0f} %" if name in _SHARES else f"{value:.3g}".replace("-", "−")


def layer_data(log: RunLog, epochs: Sequence[int]) -> tuple[dict[str, Any], bytes]:
    """Writes what the page shows of the layers.

    Args:
        log: The run.
        epochs: The epochs whose distributions are written.

    Returns:
        The table and the epochs, counted from 1; and the percentiles as numbers of four bytes,
        of shape `(epochs, layers, 2, percentiles)`.
    """
    layers = layers_shown(log)
    spreads = [spread_of(log.measured[epoch], layers).tobytes() for epoch in epochs]
    return layer_table(log) | {"epochs": [epoch + 1 for epoch in epochs]}, b"".join(spreads)


def final_layer_data(log: RunLog) -> dict[str, Any]:
    """Returns what is left in the notebook of the layers: as of `layer_data`, in one."""
    data, spreads = layer_data(log, epochs_drawn(list(log.measured)))
    return {**data, "spreads": spreads}
