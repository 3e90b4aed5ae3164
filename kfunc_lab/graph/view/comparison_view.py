"""Shows what changed between two models: `lab.compare`."""

from typing import Any

from kfunc_lab.graph.keras.reader import read_graph
from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.comparison import (
    Comparison,
    compare_graphs,
    comparison_lines,
    comparison_title,
)
from kfunc_lab.graph.model.folding import Fold
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.view.graph_view import GraphView


def compare(before: Any, after: Any, *, fold: Fold = None) -> "ComparisonView":
    """Shows what changed between two models, drawn as one graph and said in text.

    Args:
        before: What `lab.graph` takes: a model, a layer, tensors, or a `LayerGraph`.
        after: The same.
        fold: As in `lab.graph`.

    Returns:
        A view of both graphs as one, in which calls that were added, removed or changed are
        marked. Names that Keras gave by itself, as "dense_3", make no difference.

    Raises:
        TypeError: If one of them is nothing that a graph is read from.

    Example:
        >>> import keras
        >>> def model(units):
        ...     inputs = keras.Input((784,), name="img")
        ...     return keras.Model(inputs, keras.layers.Dense(units, name="d")(inputs), name="m")
        >>> print(compare(model(64), model(32)).to_text())
        m → m: 1 changed; parameters 50,240 → 25,120
        ~ d: units 64 → 32
    """
    graphs = [
        model if isinstance(model, LayerGraph) else read_graph(model)
        for model in (before, after)
    ]
    return ComparisonView(compare_graphs(*graphs), fold)


class ComparisonView(GraphView):
    """Two graphs drawn as one, with what changed.

    Attributes:
        comparison: The `Comparison` that is shown: `added`, `removed`, `changed`, `matched`.
    """

    def __init__(self, comparison: Comparison, fold: Fold = None) -> None:
        self.comparison = comparison
        super().__init__(
            comparison.union,
            fold=fold,
            annotations=Annotations(marks=comparison.marks, lines=comparison.lines),
            heading=comparison_title(comparison),
            remarks=comparison_lines(comparison),
        )

    def to_text(self) -> str:
        """Returns what changed, one line a difference."""
        return "\n".join(
            [comparison_title(self.comparison), *comparison_lines(self.comparison)]
        )
