"""Colours a graph by the measures of its layers during training."""

import math
from typing import Any

from kfunc_lab.locale import N_, _
from kfunc_lab.training.run_log import RunLog

# The measures of a layer, in the order of the table.
MEASURES = {
    "gradient_norm": N_("gradient norm"),
    "update_ratio": N_("update ÷ weights"),
    "weight_norm": N_("weight norm"),
    "activation_mean": N_("mean"),
    "activation_deviation": N_("deviation"),
    "zeros": N_("zeros"),
    "dead": N_("dead"),
    "saturated": N_("saturated"),
}


class LayerColours:
    """Colours one graph.

    Args:
        view: A view of the graph.
        measure: The name of a measure.

    Raises:
        ValueError: If there is no such measure.
    """

    def __init__(self, view: Any, measure: str) -> None:
        if measure not in MEASURES:
            raise ValueError(
                _("There is no measure {name}. Choose one of: {names}.").format(
                    name=repr(measure), names=", ".join(MEASURES)
                )
            )
        self._view = view
        self._measure = measure

    def show(self, log: RunLog) -> None:
        """Colours the layers that the graph shows by their last measurements."""
        known = {*self._view.graph.call_of, *self._view.graph.group_of}
        values = {
            layer: numbers[self._measure]
            for layer, numbers in log.measures.items()
            if layer in known and math.isfinite(numbers.get(self._measure, math.nan))
        }
        if values:
            self._view.colour_by(values, _(MEASURES[self._measure]))
