"""Shows a graph in a notebook: `lab.graph`."""

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from kfunc_lab.files import save_as
from kfunc_lab.graph.details import details
from kfunc_lab.graph.drawing import accessible_name, style_sheet, to_png, to_svg
from kfunc_lab.graph.graphviz import GraphvizError
from kfunc_lab.graph.keras_reader import read_graph
from kfunc_lab.graph.layer_graph import LayerGraph
from kfunc_lab.graph.writing import notes, printable, short_name, title, to_text
from kfunc_lab.locale import _

_HERE = Path(__file__).parent


def graph(x: Any, *, masks: bool = False) -> "GraphView":
    """Shows the graph of a model, or the graph so far of tensors without a model.

    Args:
        x: A functional or Sequential model; a subclassed model or a layer, whose sub-layers
            are listed; or one or more symbolic tensors, as from `keras.Input`, in any nest of
            lists, tuples and dicts.
        masks: Whether to show the operations that only compute masks.

    Returns:
        A view: a widget in a notebook, a picture where there is no kernel, a table as text.

    Raises:
        TypeError: If `x` is none of these.

    Example:
        >>> import keras
        >>> inputs = keras.Input((784,), name="img")
        >>> view = graph(keras.Model(inputs, keras.layers.Dense(10, name="digits")(inputs)))
        >>> view.selected = "digits"
    """
    return GraphView(read_graph(x, masks=masks))


class GraphView(anywidget.AnyWidget):
    """A graph drawn beside the details of the selected call.

    Attributes:
        graph: The `LayerGraph` that is shown.
        selected: The id of the selected call, or an empty string. Can be set, observed, and
            linked with `ipywidgets.link`.
    """

    _esm = _HERE / "view.js"
    _css = style_sheet() + (_HERE / "view.css").read_text("utf-8")

    selected = traitlets.Unicode("").tag(sync=True)
    _svg = traitlets.Unicode("").tag(sync=True)
    _text = traitlets.Unicode("").tag(sync=True)
    _title = traitlets.Unicode("").tag(sync=True)
    _notes: Any = traitlets.List().tag(sync=True)
    _calls: Any = traitlets.List().tag(sync=True)
    _words: Any = traitlets.Dict().tag(sync=True)

    def __init__(self, graph: LayerGraph) -> None:
        self.graph = graph
        svg, problem = _draw(graph)
        super().__init__(
            _svg=svg,
            _title=title(graph),
            _notes=[*problem, *notes(graph)],
            _text="" if svg else to_text(graph),
            _calls=[_call_facts(graph, number) for number in range(len(graph.calls))],
            _words=_words(),
        )

    @traitlets.validate("selected")
    def _known_call(self, proposal: Any) -> str:
        call_id: str = proposal["value"]
        if call_id and all(call.id != call_id for call in self.graph.calls):
            raise traitlets.TraitError(
                _("There is no call {name} in this graph; its calls are: {names}.").format(
                    name=repr(call_id),
                    names=", ".join(call.id for call in self.graph.calls[:20]),
                )
            )
        return call_id

    def to_text(self) -> str:
        """Returns the graph as a table, one call a line."""
        return to_text(self.graph)

    def to_svg(self) -> str:
        """Returns the picture as SVG that follows the light or dark theme of its reader.

        Raises:
            GraphvizError: If the drawing program is missing or fails.
        """
        return to_svg(self.graph)

    def to_png(self) -> bytes:
        """Returns the picture as PNG, at 144 dots an inch.

        Raises:
            GraphvizError: If the drawing program is missing or fails.
        """
        return to_png(self.graph)

    def save(self, path: str | Path) -> Path:
        """Saves the graph in the form that the file's name asks for.

        Args:
            path: A name that ends in `.svg`, `.png` or `.txt`.

        Returns:
            The path of the file.

        Raises:
            ValueError: If the name has another ending.
            GraphvizError: If the drawing program is missing or fails.
            OSError: If the file cannot be written.
        """
        return save_as(
            path,
            {
                ".svg": lambda: self.to_svg().encode(),
                ".png": self.to_png,
                ".txt": lambda: (self.to_text() + "\n").encode(),
            },
        )

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle or ({}, {})
        if self._svg:
            data["image/svg+xml"] = self._svg
        return data | {"text/plain": self.to_text()}, metadata


def _draw(graph: LayerGraph) -> tuple[str, list[str]]:
    """Returns the picture, or nothing and why."""
    try:
        return to_svg(graph), []
    except GraphvizError as error:
        return "", [str(error)]


def _call_facts(graph: LayerGraph, number: int) -> dict[str, Any]:
    call = graph.calls[number]
    return {
        "id": call.id,
        "name": short_name(call),
        "kind": printable(call.kind),
        "label": accessible_name(call),
        "details": details(graph, call),
    }


def _words() -> dict[str, str]:
    """Returns the words on the page, in the language in use."""
    return {
        "picture": _("Graph of the model"),
        "details": _("Details of the selected call"),
        "empty": _("Select a call to see its shapes, parameters and settings."),
        "keys": _("Click a call, or reach the graph with Tab and move with the arrow keys."),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "fit": _("Fit the whole graph"),
    }
