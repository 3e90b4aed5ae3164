"""Shows a graph in a notebook: `lab.graph`."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import traitlets

from kfunc_lab.graph.export.table import to_text
from kfunc_lab.graph.keras.reader import Reading, read
from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.descriptions import notes, title
from kfunc_lab.graph.model.folding import Fold, ancestors, fold_graph, search
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.model.memory import no_garbage_collection
from kfunc_lab.graph.picture.graphviz import GraphvizError
from kfunc_lab.graph.picture.highlights import Highlights, values_by_item
from kfunc_lab.graph.picture.layout import Layouts
from kfunc_lab.graph.picture.legend import legend
from kfunc_lab.graph.picture.svg import draw
from kfunc_lab.graph.view.page_data import highlight_data, items_data, legend_data, levels_data
from kfunc_lab.locale import _
from kfunc_lab.ui.assets import BUNDLES
from kfunc_lab.ui.files import save_as
from kfunc_lab.ui.view import View

# Up to this number of calls, the page gets all data at once and needs no kernel to fold or search.
_CALLS_AT_ONCE = 2_000


def graph(
    x: Any,
    *,
    fold: Fold = None,
    highlight: Mapping[str, Any] | None = None,
    masks: bool = False,
    direction: str = "down",
) -> "GraphView":
    """Shows the graph of a model, or of tensors without a model.

    Args:
        x: A functional or Sequential model; a subclassed model or a layer, whose sublayers are
            listed; one or more symbolic tensors, such as those from `keras.Input`, in nested
            lists, tuples and dicts; or a `LayerGraph` from `lab.load_graph`.
        fold: The groups to fold into one box. `None` folds wrappers and layers made of layers, and
            repeated blocks, equal branches and nested models as far as the picture would be larger
            than a screen, and above 150 calls all of them; `True` folds all groups, `False` none.
            Names or classes, such as `"encoder"` or `["conv2_block", "TimeDistributed"]`, fold
            those groups.
        highlight: Models or layers to show as coloured regions, by label, such as
            `{"encoder": encoder}`.
        masks: Whether to show the operations that only compute masks.
        direction: Where the lines lead: `"down"` or `"right"`.

    Returns:
        A view: a widget in a notebook, a picture without a kernel, a table as text.

    Raises:
        TypeError: If `x` is none of these.
        ValueError: If a name in `fold` does not exist, a model in `highlight` is not part of
            `x`, or `direction` is another word.

    Example:
        >>> import keras
        >>> inputs = keras.Input((784,), name="img")
        >>> view = graph(keras.Model(inputs, keras.layers.Dense(10, name="digits")(inputs)))
        >>> view.selected = "digits"
    """
    with no_garbage_collection():
        if isinstance(x, LayerGraph):
            return GraphView(x, fold=fold, direction=direction)
        reading = read(x, masks=masks)
        regions = _regions(reading, highlight or {})
        return GraphView(
            reading.graph, fold=fold, regions=regions, source=x, direction=direction
        )


def _is_to_right(direction: str) -> bool:
    if direction not in ("down", "right"):
        raise ValueError(
            _('The direction of a graph is "down" or "right", not {value}.').format(
                value=repr(direction)
            )
        )
    return direction == "right"


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


class GraphView(View):
    """A picture of a graph with the details of the selected call.

    Attributes:
        graph: The `LayerGraph` of the view.
        selected: The id of the selected call or group, or an empty string. Can be set, observed,
            and linked with `ipywidgets.link`.
        opened: The ids of the open groups. Can be set and observed.
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
        direction: str = "down",
    ) -> None:
        self._source = source
        self._is_to_right = _is_to_right(direction)
        layouts, opened = self._folded(graph, fold, annotations)
        self._highlights = Highlights(regions=with_whole_groups(self.graph, regions or {}))
        super().__init__(
            **self._content(layouts, opened, heading, remarks), _words=self._page_words()
        )
        self.on_msg(self._answer)

    def _folded(
        self, graph: LayerGraph, fold: Fold, annotations: Annotations | None
    ) -> tuple[Layouts, frozenset[str]]:
        """Stores a graph with its foldable groups, and returns its layouts and open groups."""
        self.graph, opened = fold_graph(graph, fold)
        self._layouts = Layouts(self.graph, annotations, self._is_to_right)
        return self._layouts, frozenset(opened)

    def _content(
        self,
        layouts: Layouts,
        opened: frozenset[str],
        heading: str | None = None,
        remarks: Iterable[str] | None = None,
    ) -> dict[str, Any]:
        """Returns the traits that the page needs to show a graph."""
        graph = layouts.graph
        complete = len(graph.calls) <= _CALLS_AT_ONCE
        groups = [None, *(group.id for group in graph.groups if complete or group.id in opened)]
        levels, problem = _levels_or_problem(layouts, groups)
        return {
            "opened": [group.id for group in graph.groups if group.id in opened],
            "_levels": levels,
            "_items": items_data(layouts, groups) if levels else [],
            "_groups": list(graph.group_of),
            "_complete": complete,
            "_emphasis": highlight_data(self._highlights),
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
        groups = set(proposal["value"])
        unknown = sorted(groups - set(self.graph.group_of))
        if unknown:
            raise traitlets.TraitError(
                _("There is no group {name} in this graph; its groups are: {names}.").format(
                    name=repr(unknown[0]), names=", ".join(list(self.graph.group_of)[:20])
                )
            )
        return [group for group in self.graph.group_of if group in groups]

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
        """Finds calls and groups by name, class or shape, and selects the first match.

        Args:
            text: A part of a name, of a class or of an output shape, in any case and spacing.

        Returns:
            The ids of the matches, in graph order. The groups around the first match are opened.
        """
        items = search(self.graph, text)
        if items:
            self.selected = items[0]
        return items

    # -- highlights

    def colour_by(self, values: Mapping[str, float], quantity: str = "") -> None:
        """Colours the boxes by a number for each layer, with a scale below the picture.

        Args:
            values: Numbers by name of a layer or id of a call. A folded group shows the largest
                number inside it; a layer without a finite number keeps its colour. Numbers on
                both sides of zero get a diverging scale. An empty mapping removes the colours.
            quantity: The name of the numbers with their unit, shown beside the scale.

        Raises:
            ValueError: If a name is not in the graph, or a value is not a number.

        Example:
            >>> import keras
            >>> inputs = keras.Input((784,), name="img")
            >>> model = keras.Model(inputs, keras.layers.Dense(10, name="digits")(inputs))
            >>> graph(model).colour_by({"digits": 0.93}, "share of active units")
        """
        self._highlights = Highlights(
            self._highlights.regions, values_by_item(self.graph, values), quantity
        )
        self._emphasis = highlight_data(self._highlights)

    def _signs(self) -> Any:
        everything = (*self.graph.call_of, *self.graph.group_of)
        return legend(
            self.graph, everything, self._highlights, self._layouts.annotations.all_marks
        )

    # -- formats

    def to_text(self) -> str:
        """Returns the graph as a table, with one line for each call or folded group."""
        return to_text(self.graph, self.opened)

    def to_svg(self) -> str:
        """Returns the picture as SVG that follows the reader's light or dark theme.

        Raises:
            GraphvizError: If the drawing program is missing or fails.
        """
        return draw(self._layouts, self.opened, self._highlights)

    def to_png(self) -> bytes:
        """Returns the picture as PNG, at 144 dots per inch.

        Raises:
            GraphvizError: If the drawing program is missing or fails.
        """
        from kfunc_lab.graph.picture.png import to_png

        return to_png(self.to_svg())

    def to_pdf(self) -> bytes:
        """Returns the picture as PDF, in its light colours, with text in an embedded font.

        Raises:
            GraphvizError: If the drawing program is missing or fails.
        """
        from kfunc_lab.graph.publication.pdf import to_pdf

        return to_pdf(self.to_svg())

    def to_dot(self) -> str:
        """Returns the graph in Graphviz's DOT language."""
        from kfunc_lab.graph.export.dot import to_dot

        return to_dot(self.graph, self.opened, self._is_to_right)

    def to_mermaid(self) -> str:
        """Returns the graph as a Mermaid flowchart, which GitHub and GitLab render."""
        from kfunc_lab.graph.export.mermaid import to_mermaid

        return to_mermaid(self.graph, self.opened, self._is_to_right)

    def to_json(self) -> str:
        """Returns the graph as JSON, which `lab.load_graph` reads."""
        from kfunc_lab.graph.model.graph_file import to_json

        return to_json(self.graph)

    def to_html(self) -> str:
        """Returns an HTML page that shows the view without a kernel or network.

        It pans, zooms, folds, searches and shows details like the view itself.

        Raises:
            GraphvizError: If the drawing program is missing or fails.
        """
        from kfunc_lab.graph.view.standalone_page import to_html

        return to_html(self)

    def page_state(self) -> dict[str, Any]:
        """Returns all the data that the page needs to show the view without a kernel."""
        groups = [None, *self.graph.group_of]
        levels = levels_data(self._layouts, groups)
        whole = {"_levels": levels, "_items": items_data(self._layouts, groups)}
        names = (
            "opened",
            "selected",
            "_groups",
            "_emphasis",
            "_legend",
            "_title",
            "_notes",
            "_words",
        )
        state = {name: getattr(self, name) for name in names}
        return state | whole | {"_complete": True, "_forms": []}

    def to_code(self) -> str:
        """Returns Python code that builds an equal model with the functional API.

        Comments name what it cannot write, and what must be defined before it runs. A subclassed
        model is created by its class.

        Raises:
            TypeError: If the view shows no model.
        """
        from kfunc_lab.graph.keras.functional_code import to_code

        return to_code(self._source)

    def save(self, path: str | Path, style: str | None = None) -> Path:
        """Saves the graph in the format that the suffix selects.

        Args:
            path: A file with the suffix `.svg`, `.png`, `.pdf`, `.html`, `.dot`, `.mmd`, `.json`,
                `.py` or `.txt`.
            style: `None` for the picture of the page. For `.svg`, `.png` (300 dots per inch) and
                `.pdf`, `"paper"` draws it black on white, in the sizes of a paper's column, and
                `"layered"` draws each tensor as a volume, as convolutional networks are drawn by
                hand.

        Returns:
            The path of the file.

        Raises:
            ValueError: If the suffix or the style is none of these.
            TypeError: For `.py`, if the view shows no model; for
                `"layered"`, if the connections of the graph are not known.
            GraphvizError: If the drawing program is missing or fails.
            OSError: If the file cannot be written.

        Example:
            >>> import keras, tempfile
            >>> inputs = keras.Input((28, 28, 1))
            >>> outputs = keras.layers.Conv2D(8, 3)(inputs)
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     file = graph(keras.Model(inputs, outputs)).save(f"{folder}/f.pdf", "layered")
            ...     file.read_bytes()[:8]
            b'%PDF-1.7'
        """
        if style is None:
            return save_as(path, self._writers())
        from kfunc_lab.graph.publication.styles import writers

        return save_as(path, writers(style, self.graph, self.opened, self.to_svg))

    def _writers(self) -> dict[str, Callable[[], bytes]]:
        def text(write: Callable[[], str]) -> Callable[[], bytes]:
            return lambda: (write().rstrip("\n") + "\n").encode("utf-8", "replace")

        return {
            ".svg": text(self.to_svg),
            ".png": self.to_png,
            ".pdf": self.to_pdf,
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

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        if self._levels:
            data["image/svg+xml"] = self.to_svg()
        return data | {"text/plain": self.to_text()}, metadata

    # -- messages from the page

    def _answer(self, _widget: Any, content: Any, _buffers: Any) -> None:
        try:
            answers = {"levels": self._send_levels, "search": self._send_found}
            answers.get(content.get("type"), self._send_file)(content)
        except Exception as error:  # the page shows it, and the cell continues
            self.send({"type": "problem", "words": str(error)})

    def _send_levels(self, content: Mapping[str, Any]) -> None:
        groups = [group for group in content["groups"] if group in self.graph.group_of]
        levels = levels_data(self._layouts, groups)
        items = items_data(self._layouts, groups)
        self.send({"type": "levels", "levels": levels, "items": items})

    def _send_found(self, content: Mapping[str, Any]) -> None:
        items = search(self.graph, content["text"])[:500]
        around = [group for item in items for group in (item, *ancestors(self.graph, item))]
        parents = {ancestors(self.graph, item)[0] for item in around if self._is_inside(item)}
        groups = [None, *parents]
        self._layouts.make(groups)
        self.send({"type": "found", "found": items, "items": items_data(self._layouts, groups)})

    def _is_inside(self, item: str) -> bool:
        return bool(ancestors(self.graph, item))

    def _send_file(self, content: Mapping[str, Any]) -> None:
        ending = content["form"]
        _words, mime = _forms()[ending]
        content_bytes = self._writers()[ending]()
        name = f"{self.graph.name or 'graph'}{ending}"
        self.send({"type": "file", "name": name, "mime": mime}, [content_bytes])


def with_whole_groups(
    graph: LayerGraph, regions: Mapping[str, Iterable[str]]
) -> dict[str, frozenset[str]]:
    """Adds to each region the groups that lie completely inside it."""
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
    """Returns the layouts, or an empty list and the reason."""
    try:
        return levels_data(layouts, groups), []
    except GraphvizError as error:
        return [], [str(error)]


def _forms() -> dict[str, tuple[str, str]]:
    """Returns the formats in which a view can be saved: label and MIME type by suffix."""
    return {
        ".svg": (_("Picture (SVG)"), "image/svg+xml"),
        ".png": (_("Picture (PNG)"), "image/png"),
        ".pdf": (_("Picture (PDF)"), "application/pdf"),
        ".html": (_("Interactive page (HTML)"), "text/html"),
        ".py": (_("Keras code (Python)"), "text/x-python"),
        ".dot": (_("Graphviz (DOT)"), "text/vnd.graphviz"),
        ".mmd": (_("Mermaid"), "text/plain"),
        ".json": (_("Data (JSON)"), "application/json"),
        ".txt": (_("Table (text)"), "text/plain"),
    }


def _words() -> dict[str, str]:
    """Returns the texts of the page, in the current language."""
    return {
        "picture": _("Graph of the model"),
        "details": _("Details of the selected call"),
        "empty": _("Select a call to see its shapes, parameters and settings."),
        "keys": _(
            "Click a call, or press Tab to reach the graph and move with the arrow keys."
        ),
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
