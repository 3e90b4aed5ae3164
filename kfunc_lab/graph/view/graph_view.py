"""Shows a graph in a notebook: `lab.graph`."""

import contextlib
import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from kfunc_lab.graph.export.table import to_text
from kfunc_lab.graph.keras.reader import Reading, read
from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.descriptions import notes, title
from kfunc_lab.graph.model.folding import Fold, ancestors, fold_graph, search
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.picture.graphviz import GraphvizError
from kfunc_lab.graph.picture.highlights import Emphasis, values_by_item
from kfunc_lab.graph.picture.layout import Layouts
from kfunc_lab.graph.picture.legend import legend
from kfunc_lab.graph.picture.svg import draw
from kfunc_lab.graph.view.page_data import emphasis_data, items_data, legend_data, levels_data
from kfunc_lab.locale import _
from kfunc_lab.ui.assets import BUNDLES
from kfunc_lab.ui.files import save_as

# Up to so many calls the page gets everything at once, and needs no kernel to fold or search.
_CALLS_AT_ONCE = 2_000


def graph(
    x: Any,
    *,
    fold: Fold = None,
    highlight: Mapping[str, Any] | None = None,
    masks: bool = False,
) -> "GraphView":
    """Shows the graph of a model, or the graph so far of tensors without a model.

    Args:
        x: A functional or Sequential model; a subclassed model or a layer, whose sub-layers
            are listed; one or more symbolic tensors, as from `keras.Input`, in any nest of
            lists, tuples and dicts; or a `LayerGraph`, as `lab.load_graph` gives it.
        fold: What is folded into one box. `None` folds wrappers and layers made of layers, and
            above 150 calls nested models and repeated blocks too; `True` folds everything that
            can be folded, `False` nothing; names or classes, as `"encoder"` or
            `["conv2_block", "TimeDistributed"]`, fold those.
        highlight: Models or layers to show as coloured regions, by the names to give them, as
            `{"encoder": encoder}`.
        masks: Whether to show the operations that only compute masks.

    Returns:
        A view: a widget in a notebook, a picture where there is no kernel, a table as text.

    Raises:
        TypeError: If `x` is none of these.
        ValueError: If nothing has a name in `fold`, or a model in `highlight` is no part of `x`.

    Example:
        >>> import keras
        >>> inputs = keras.Input((784,), name="img")
        >>> view = graph(keras.Model(inputs, keras.layers.Dense(10, name="digits")(inputs)))
        >>> view.selected = "digits"
    """
    with no_garbage_collection():
        if isinstance(x, LayerGraph):
            return GraphView(x, fold=fold)
        reading = read(x, masks=masks)
        regions = _regions(reading, highlight or {})
        return GraphView(reading.graph, fold=fold, regions=regions, source=x)


def _regions(reading: Reading, parts: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    regions = {name: reading.calls_of(part) for name, part in parts.items()}
    for name, calls in regions.items():
        if not calls:
            raise ValueError(
                _(
                    "{name} has no call in this graph. Highlight a model that shares calls or "
                    "layers with it, a model that is called in it, or one of its layers."
                ).format(name=repr(name))
            )
    return regions


@contextlib.contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Puts off collecting garbage: a large model makes that slow, and a view leaves little."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class GraphView(anywidget.AnyWidget):
    """A graph drawn beside the details of the selected call.

    Attributes:
        graph: The `LayerGraph` that is shown.
        selected: The id of the selected call or group, or an empty string. Can be set, observed,
            and linked with `ipywidgets.link`.
        opened: The ids of the groups that are open. Can be set and observed.
    """

    _esm = BUNDLES / "graph.js"
    _css = BUNDLES / "graph.css"

    selected = traitlets.Unicode("").tag(sync=True)
    opened = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _items: Any = traitlets.List().tag(sync=True)
    _levels: Any = traitlets.List().tag(sync=True)
    _groups: Any = traitlets.List().tag(sync=True)
    _complete = traitlets.Bool(True).tag(sync=True)
    _emphasis: Any = traitlets.Dict().tag(sync=True)
    _legend: Any = traitlets.List().tag(sync=True)
    _forms: Any = traitlets.List().tag(sync=True)
    _text = traitlets.Unicode("").tag(sync=True)
    _title = traitlets.Unicode("").tag(sync=True)
    _notes: Any = traitlets.List().tag(sync=True)
    _words: Any = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        graph: LayerGraph,
        *,
        fold: Fold = None,
        regions: Mapping[str, frozenset[str]] | None = None,
        annotations: Annotations | None = None,
        heading: str | None = None,
        remarks: Iterable[str] | None = None,
        source: Any = None,
    ) -> None:
        self._source = source
        layouts, opened = self._folded(graph, fold, annotations)
        self._stressed = Emphasis(regions=with_whole_groups(self.graph, regions or {}))
        super().__init__(
            **self._content(layouts, opened, heading, remarks), _words=self._page_words()
        )
        self.on_msg(self._answer)

    def _folded(
        self, graph: LayerGraph, fold: Fold, annotations: Annotations | None
    ) -> tuple[Layouts, frozenset[str]]:
        """Takes a graph over, with the groups that may be folded, and says which are open."""
        self.graph, opened = fold_graph(graph, fold)
        self._layouts = Layouts(self.graph, annotations)
        return self._layouts, frozenset(opened)

    def _content(
        self,
        layouts: Layouts,
        opened: frozenset[str],
        heading: str | None = None,
        remarks: Iterable[str] | None = None,
    ) -> dict[str, Any]:
        """Returns what the page shows of a graph."""
        graph = layouts.graph
        complete = len(graph.calls) <= _CALLS_AT_ONCE
        groups = [None, *(it.id for it in graph.groups if complete or it.id in opened)]
        levels, problem = _levels_or_problem(layouts, groups)
        return {
            "opened": [it.id for it in graph.groups if it.id in opened],
            "_levels": levels,
            "_items": items_data(layouts, groups) if levels else [],
            "_groups": list(graph.group_of),
            "_complete": complete,
            "_emphasis": emphasis_data(self._stressed),
            "_legend": legend_data(self._signs()),
            "_forms": self._offered_forms() if levels else [],
            "_title": heading or title(graph),
            "_notes": [*problem, *(notes(graph) if remarks is None else remarks)],
            "_text": "" if levels else to_text(graph),
        }

    def _page_words(self) -> dict[str, str]:
        return _words()

    # -- selection and folding

    @traitlets.validate("selected")
    def _known_item(self, proposal: Any) -> str:
        item: str = proposal["value"]
        if item and item not in self.graph.call_of and item not in self.graph.group_of:
            raise traitlets.TraitError(
                _("There is no call {name} in this graph; its calls are: {names}.").format(
                    name=repr(item), names=", ".join(list(self.graph.call_of)[:20])
                )
            )
        return item

    @traitlets.validate("opened")
    def _known_groups(self, proposal: Any) -> list[str]:
        wanted = set(proposal["value"])
        unknown = sorted(wanted - set(self.graph.group_of))
        if unknown:
            raise traitlets.TraitError(
                _("There is no group {name} in this graph; its groups are: {names}.").format(
                    name=repr(unknown[0]), names=", ".join(list(self.graph.group_of)[:20])
                )
            )
        return [group for group in self.graph.group_of if group in wanted]

    @traitlets.observe("selected")
    def _show_selected(self, change: Any) -> None:
        if change["new"]:
            self._open_around(change["new"])

    def _open_around(self, item: str) -> None:
        closed = set(ancestors(self.graph, item)) - set(self.opened)
        if closed:
            self.opened = [*self.opened, *closed]

    def unfold_all(self) -> None:
        """Opens every group."""
        self.opened = list(self.graph.group_of)

    def fold_all(self) -> None:
        """Folds everything that can be folded."""
        self.opened = []

    def search(self, text: str) -> list[str]:
        """Finds calls and groups by name, class or shape, and shows the first.

        Args:
            text: A part of a name, of a class or of an output shape, in any case and spacing.

        Returns:
            The ids of what has it, in graph order. The groups around the first are opened, and
            it is selected.
        """
        found = search(self.graph, text)
        if found:
            self.selected = found[0]
        return found

    # -- emphasis

    def colour_by(self, values: Mapping[str, float], quantity: str = "") -> None:
        """Colours the boxes by a number for each layer, with a scale below the picture.

        Args:
            values: A number for names of layers or ids of calls. A folded group has the
                greatest number of those inside; a layer without a finite number keeps its
                colour. Numbers on both sides of zero get a diverging scale. An empty mapping
                takes the colours away.
            quantity: What the numbers are, with their unit, to stand beside the scale.

        Raises:
            ValueError: If a name is not in the graph, or a value is no number.

        Example:
            >>> import keras
            >>> inputs = keras.Input((784,), name="img")
            >>> model = keras.Model(inputs, keras.layers.Dense(10, name="digits")(inputs))
            >>> graph(model).colour_by({"digits": 0.93}, "share of active units")
        """
        self._stressed = Emphasis(
            self._stressed.regions, values_by_item(self.graph, values), quantity
        )
        self._emphasis = emphasis_data(self._stressed)

    def _signs(self) -> Any:
        everything = (*self.graph.call_of, *self.graph.group_of)
        return legend(
            self.graph, everything, self._stressed, self._layouts.annotations.all_marks
        )

    # -- forms

    def to_text(self) -> str:
        """Returns the graph as a table, one call or folded group a line."""
        return to_text(self.graph, self.opened)

    def to_svg(self) -> str:
        """Returns the picture as SVG that follows the light or dark theme of its reader.

        Raises:
            GraphvizError: If the drawing program is missing or fails.
        """
        return draw(self._layouts, self.opened, self._stressed)

    def to_png(self) -> bytes:
        """Returns the picture as PNG, at 144 dots an inch.

        Raises:
            GraphvizError: If the drawing program is missing or fails.
        """
        from kfunc_lab.graph.picture.png import to_png

        return to_png(self.to_svg())

    def to_dot(self) -> str:
        """Returns the graph in Graphviz's DOT language."""
        from kfunc_lab.graph.export.dot import to_dot

        return to_dot(self.graph, self.opened)

    def to_mermaid(self) -> str:
        """Returns the graph as a Mermaid flowchart, as GitHub and GitLab draw it."""
        from kfunc_lab.graph.export.mermaid import to_mermaid

        return to_mermaid(self.graph, self.opened)

    def to_json(self) -> str:
        """Returns the graph as JSON, which `lab.load_graph` reads again."""
        from kfunc_lab.graph.model.graph_file import to_json

        return to_json(self.graph)

    def to_html(self) -> str:
        """Returns a page that shows the view without kernel and network.

        It pans, zooms, folds, searches and shows details like the view itself.

        Raises:
            GraphvizError: If the drawing program is missing or fails.
        """
        from kfunc_lab.graph.view.standalone_page import to_html

        return to_html(self)

    def page_state(self) -> dict[str, Any]:
        """Returns all that the page needs to show the view without a kernel."""
        groups = [None, *self.graph.group_of]
        levels = levels_data(self._layouts, groups)
        whole = {"_levels": levels, "_items": items_data(self._layouts, groups)}
        kept = (
            "opened",
            "selected",
            "_groups",
            "_emphasis",
            "_legend",
            "_title",
            "_notes",
            "_words",
        )
        state = {name: getattr(self, name) for name in kept}
        return state | whole | {"_complete": True, "_forms": []}

    def to_code(self) -> str:
        """Returns Python code that builds an equal model with the functional API.

        Raises:
            TypeError: If the view shows no model whose connections Keras knows.
        """
        from kfunc_lab.graph.keras.functional_code import to_code

        return to_code(self._source)

    def save(self, path: str | Path) -> Path:
        """Saves the graph in the form that the file's name asks for.

        Args:
            path: A name that ends in `.svg`, `.png`, `.html`, `.dot`, `.mmd`, `.json`, `.py` or
                `.txt`.

        Returns:
            The path of the file.

        Raises:
            ValueError: If the name has another ending.
            TypeError: If code is asked for, and the view shows no model that can be written so.
            GraphvizError: If the drawing program is missing or fails.
            OSError: If the file cannot be written.
        """
        return save_as(path, self._writers())

    def _writers(self) -> dict[str, Callable[[], bytes]]:
        def text(write: Callable[[], str]) -> Callable[[], bytes]:
            return lambda: (write().rstrip("\n") + "\n").encode("utf-8", "replace")

        return {
            ".svg": text(self.to_svg),
            ".png": self.to_png,
            ".html": text(self.to_html),
            ".dot": text(self.to_dot),
            ".mmd": text(self.to_mermaid),
            ".json": text(self.to_json),
            ".py": text(self.to_code),
            ".txt": text(self.to_text),
        }

    def _offered_forms(self) -> list[dict[str, str]]:
        return [{"form": ending, "words": words} for ending, (words, _mime) in _forms().items()]

    def __repr__(self) -> str:
        return self.to_text()

    # ipywidgets 7, which Colab has, would show the widget alone, without its picture and text.
    _ipython_display_ = None

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle or ({}, {})
        if self._levels:
            data["image/svg+xml"] = self.to_svg()
        return data | {"text/plain": self.to_text()}, metadata

    # -- the page asks

    def _answer(self, _widget: Any, content: Any, _buffers: Any) -> None:
        try:
            answers = {"levels": self._send_levels, "search": self._send_found}
            answers.get(content.get("type"), self._send_file)(content)
        except Exception as error:  # it is said on the page, and the cell goes on
            self.send({"type": "problem", "words": str(error)})

    def _send_levels(self, content: Mapping[str, Any]) -> None:
        groups = [group for group in content["groups"] if group in self.graph.group_of]
        levels = levels_data(self._layouts, groups)
        items = items_data(self._layouts, groups)
        self.send({"type": "levels", "levels": levels, "items": items})

    def _send_found(self, content: Mapping[str, Any]) -> None:
        found = search(self.graph, content["text"])[:500]
        around = [group for item in found for group in (item, *ancestors(self.graph, item))]
        parents = {ancestors(self.graph, item)[0] for item in around if self._is_inside(item)}
        known = [None, *parents]
        self._layouts.make(known)
        self.send({"type": "found", "found": found, "items": items_data(self._layouts, known)})

    def _is_inside(self, item: str) -> bool:
        return bool(ancestors(self.graph, item))

    def _send_file(self, content: Mapping[str, Any]) -> None:
        ending = content["form"]
        _words, mime = _forms()[ending]
        written = self._writers()[ending]()
        name = f"{self.graph.name or 'graph'}{ending}"
        self.send({"type": "file", "name": name, "mime": mime}, [written])


def with_whole_groups(
    graph: LayerGraph, regions: Mapping[str, Iterable[str]]
) -> dict[str, frozenset[str]]:
    """Adds to each region the groups that lie in it as a whole."""
    inside: dict[str, set[str]] = {group.id: set() for group in graph.groups}
    for call in graph.calls:
        for group in ancestors(graph, call.id):
            inside[group].add(call.id)
    return {
        name: frozenset(calls).union(
            group for group, members in inside.items() if members and members <= set(calls)
        )
        for name, calls in regions.items()
    }


def _levels_or_problem(layouts: Layouts, groups: list[str | None]) -> tuple[Any, list[str]]:
    """Returns the layouts, or nothing and why."""
    try:
        return levels_data(layouts, groups), []
    except GraphvizError as error:
        return [], [str(error)]


def _forms() -> dict[str, tuple[str, str]]:
    """Returns what a view can be saved as: for each ending its name and its type."""
    return {
        ".svg": (_("Picture (SVG)"), "image/svg+xml"),
        ".png": (_("Picture (PNG)"), "image/png"),
        ".html": (_("Interactive page (HTML)"), "text/html"),
        ".py": (_("Keras code (Python)"), "text/x-python"),
        ".dot": (_("Graphviz (DOT)"), "text/vnd.graphviz"),
        ".mmd": (_("Mermaid"), "text/plain"),
        ".json": (_("Data (JSON)"), "application/json"),
        ".txt": (_("Table (text)"), "text/plain"),
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
        "unfold_all": _("Open all groups"),
        "fold_all": _("Fold all groups"),
        "open": _("Open"),
        "close": _("Fold"),
        "search": _("Search"),
        "search_hint": _("Name, class or shape"),
        "nothing_found": _("Nothing found"),
        "save": _("Save as"),
        "saving": _("Saving…"),
    }
