"""A model to build, compared with the graph so far."""

from collections.abc import Mapping
from typing import Any

from kfunc_lab.graph.keras.nodes import ancestors, functional_of, has_history
from kfunc_lab.graph.keras.reader import read_graph
from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.comparison import Comparison, comparison_lines
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.model.target import compare_with_target, target_annotations
from kfunc_lab.live.snapshot import Snapshot
from kfunc_lab.locale import _


class Target:
    """A model that the learner is to build.

    Attributes:
        graph: Its graph.
    """

    def __init__(self, model: Any) -> None:
        self.graph = model if isinstance(model, LayerGraph) else read_graph(model)
        self._last: tuple[LayerGraph, Comparison] | None = None

    def comparison(self, snapshot: Snapshot) -> Comparison:
        """Compares the target with the graph so far."""
        if self._last is None or self._last[0] is not snapshot.graph:
            self._last = (snapshot.graph, compare_with_target(self.graph, snapshot.graph))
        return self._last[1]

    def beside(self, snapshot: Snapshot) -> tuple[LayerGraph, Annotations]:
        """Returns one graph of the target and the graph so far; missing calls are ghosts."""
        comparison = self.comparison(snapshot)
        target, current = target_annotations(comparison), snapshot.annotations
        return comparison.union, Annotations(
            {**current.marks, **target.marks},
            current.pins,
            self._rows(comparison, current),
            target.lines,
        )

    def _rows(
        self, comparison: Comparison, annotations: Annotations
    ) -> Mapping[str, tuple[tuple[str, str], ...]]:
        rows = dict(annotations.rows)
        for change in comparison.changed:
            words = ", ".join(
                _("{setting}: {got}, the target has {wanted}").format(
                    setting=name, got=after, wanted=before
                )
                for name, before, after in change.settings
            )
            rows[change.after] = ((_("Difference"), words), *rows.get(change.after, ()))
        return rows

    def heading(self, snapshot: Snapshot) -> str:
        """Returns a title that says how much of the target is built."""
        comparison = self.comparison(snapshot)
        built = len(comparison.matched) - len(comparison.changed)
        return _("{built} of {all} calls match the target").format(
            built=built, all=len(self.graph.calls)
        )

    def remarks(self, snapshot: Snapshot) -> list[str]:
        """Returns the differences between the graph so far and the target, as lines."""
        return comparison_lines(self.comparison(snapshot))


def nodes_of(model: Any) -> list[Any]:
    """Returns the nodes of a target, which do not count as built.

    Args:
        model: The model or tensors; `None` and a graph that was read have no nodes.
    """
    import keras

    functional = functional_of(model)
    ends = model if functional is None else [functional.inputs, functional.outputs]
    return ancestors(tensor for tensor in keras.tree.flatten(ends) if has_history(tensor))
