"""A model to build: shown faintly, and compared with what is there so far."""

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
    """A model that is to be built.

    Attributes:
        graph: Its graph.
    """

    def __init__(self, model: Any) -> None:
        self.graph = model if isinstance(model, LayerGraph) else read_graph(model)
        self._last: tuple[LayerGraph, Comparison] | None = None

    def comparison(self, snapshot: Snapshot) -> Comparison:
        """Compares the target with what is there so far."""
        if self._last is None or self._last[0] is not snapshot.graph:
            self._last = (snapshot.graph, compare_with_target(self.graph, snapshot.graph))
        return self._last[1]

    def beside(self, snapshot: Snapshot) -> tuple[LayerGraph, Annotations]:
        """Returns the target and what is there as one graph, what is missing as ghosts."""
        found = self.comparison(snapshot)
        target, said = target_annotations(found), snapshot.annotations
        return found.union, Annotations(
            {**said.marks, **target.marks}, said.pins, self._rows(found, said), target.lines
        )

    def _rows(
        self, found: Comparison, said: Annotations
    ) -> Mapping[str, tuple[tuple[str, str], ...]]:
        rows = dict(said.rows)
        for change in found.changed:
            words = ", ".join(
                _("{setting}: {got}, the target has {wanted}").format(
                    setting=name, got=after, wanted=before
                )
                for name, before, after in change.settings
            )
            rows[change.after] = ((_("Difference"), words), *rows.get(change.after, ()))
        return rows

    def heading(self, snapshot: Snapshot) -> str:
        """Says how much of the target is built."""
        found = self.comparison(snapshot)
        built = len(found.matched) - len(found.changed)
        return _("{built} of {all} calls match the target").format(
            built=built, all=len(self.graph.calls)
        )

    def remarks(self, snapshot: Snapshot) -> list[str]:
        """Says how what is there differs from the target."""
        return comparison_lines(self.comparison(snapshot))


def nodes_of(model: Any) -> list[Any]:
    """Returns the calls of a model to build, as Keras records them: they are not what is built.

    Args:
        model: The model, or tensors; nothing has no calls, and a read graph has none.
    """
    import keras

    functional = functional_of(model)
    ends = model if functional is None else [functional.inputs, functional.outputs]
    return ancestors(it for it in keras.tree.flatten(ends) if has_history(it))
