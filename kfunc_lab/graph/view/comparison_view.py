"""Shows the differences between two models: `lab.compare`."""

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
    """Shows the differences between two models, drawn as one graph and listed as text.

    Args:
        before: The first model, a layer, tensors or a `LayerGraph`, as for `lab.graph`.
        after: The second model, of the same types.
        fold: The groups to fold, as in `lab.graph`.

    Returns:
        A view of both graphs as one, with marks on the calls that were added, removed or changed.
        Names that Keras chose, such as "dense_3", are not differences.

    Raises:
        TypeError: If a graph cannot be read from one of them.

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
    """Two graphs drawn as one, with their differences.

    Attributes:
        comparison: The `Comparison`, with `added`, `removed`, `changed` and `matched`.
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
        """Returns the differences, one on each line."""
        return "\n".join(
            [comparison_title(self.comparison), *comparison_lines(self.comparison)]
        )
