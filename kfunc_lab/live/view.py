"""The views of a notebook's graph: at one moment, and live while cells run."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import traitlets

from kfunc_lab.graph.export.table import to_text
from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.descriptions import notes, title
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.view.graph_view import GraphView
from kfunc_lab.live.snapshot import EMPTY, Snapshot
from kfunc_lab.live.target import Target
from kfunc_lab.locale import _
from kfunc_lab.ui.assets import BUNDLES
from kfunc_lab.ui.text import printable


class SnapshotView(GraphView):
    """The graph of a notebook at one moment.

    Attributes:
        snapshot: The state of the graph at that moment.
    """

    def __init__(self, snapshot: Snapshot, target: Target | None = None) -> None:
        self.snapshot = snapshot
        self._target = target
        graph, annotations = self._drawn(snapshot)
        super().__init__(
            graph,
            annotations=annotations,
            heading=self._heading(graph),
            remarks=self._remarks(snapshot, graph),
        )

    def _drawn(self, snapshot: Snapshot) -> tuple[LayerGraph, Annotations]:
        """Returns the graph to draw; with a target, it includes what is still missing."""
        if self._target is None:
            return snapshot.graph, snapshot.annotations
        return self._target.beside(snapshot)

    def _heading(self, graph: LayerGraph) -> str:
        if not graph.calls:
            return _("The graph so far")
        if self._target is not None:
            return self._target.heading(self.snapshot)
        return title(graph)

    def _remarks(self, snapshot: Snapshot, graph: LayerGraph) -> Iterable[str]:
        if not graph.calls:
            return [_empty_words()]
        if self._target is not None:
            remarks = self._target.remarks(snapshot)
        else:  # `lost_lines` names the statement that lost a call
            explained = {call for call, statement in snapshot.lost.items() if statement}
            lost = tuple(call for call in graph.lost if call not in explained)
            remarks = notes(replace(graph, lost=lost))
        return [*remarks, *lost_lines(snapshot.lost)]

    def to_text(self) -> str:
        """Returns the graph as a table, with the variables that hold its tensors."""
        if not self.graph.calls:
            return f"{self._title}\n{_empty_words()}"
        if self._target is None:
            lines = [to_text(self.graph, self.opened, self._notes)]
        else:
            lines = [self._title, *self._notes]
        return "\n".join([*lines, *pin_lines(self.snapshot)])

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        if not self.graph.calls:
            data.pop("image/svg+xml", None)
        return data, metadata


class LiveView(SnapshotView):
    """The graph of a notebook, updated while cells run.

    Attributes:
        snapshot: The current state of the graph.
        follows: Whether it is updated; only then a page docks it beside the notebook.
    """

    _esm = BUNDLES / "live.js"
    _css = BUNDLES / "live.css"

    follows = traitlets.Bool(True).tag(sync=True)
    _cells: Any = traitlets.Dict().tag(sync=True)

    def __init__(self, target: Target | None = None) -> None:
        self._waiting = threading.Event()
        self._turn = threading.Lock()
        self._writing = threading.RLock()
        self._stale: Snapshot | None = None
        self._page_is_open = False
        self._worker: threading.Thread | None = None
        self._shown_in: int | None = None
        super().__init__(Snapshot(EMPTY), target)

    def show(self, snapshot: Snapshot) -> None:
        """Shows the current state of the graph.

        If a page is open, a thread draws it, so that the notebook continues; otherwise it is
        drawn when the cell ends, or when a form of it is requested.

        Args:
            snapshot: The current state.
        """
        self.snapshot = self._stale = snapshot
        if self._page_is_open:
            self._wake()

    def draw_soon(self) -> None:
        """Draws the latest snapshot in a thread.

        A busy kernel may learn that a page is open only after all cells have run; their state
        must be on the page by then.
        """
        if self._stale is not None:
            self._wake()

    def end(self) -> None:
        """Stops updating the view."""
        self.follows = False

    def ended(self) -> SnapshotView:
        """Returns the current graph as a view that is no longer updated."""
        return SnapshotView(self.snapshot, self._target)

    # -- drawing

    def _wake(self) -> None:
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, daemon=True, name="kfunc_lab")
            self._worker.start()
        self._waiting.set()

    def _work(self) -> None:
        while True:
            self._waiting.wait()
            self._waiting.clear()
            try:
                self._settle()
            except Exception as error:  # the page reports it, and the notebook continues
                self.send({"type": "problem", "words": str(error)})

    def _settle(self) -> None:
        """Draws the latest snapshot, unless it is drawn already."""
        with self._turn:
            snapshot, self._stale = self._stale, None
            if snapshot is None:
                return
            drawn, annotations = self._drawn(snapshot)
            known, open_before = set(self.graph.group_of), set(self.opened)
            layouts, default = self._folded(drawn, None, annotations)
            # Groups that the reader has opened or folded stay so.
            opened = frozenset(
                group
                for group in self.graph.group_of
                if (group in open_before if group in known else group in default)
            )
            heading, remarks = self._heading(drawn), self._remarks(snapshot, drawn)
            content = self._content(layouts, opened, heading, remarks)
            with self._writing, self.hold_sync():
                if self.selected not in {*self.graph.call_of, *self.graph.group_of}:
                    self.selected = ""
                self._cells = {str(cell): list(ids) for cell, ids in snapshot.cells.items()}
                for name, value in content.items():
                    setattr(self, name, value)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Takes the state that the page has changed.

        traitlets holds back the notifications of all threads while it sets several values, so
        that a drawing that is stored at the same time would never reach the page.
        """
        with self._writing:
            super().set_state(sync_data)

    def _page_words(self) -> dict[str, str]:
        return super()._page_words() | {
            "graph": _("Graph"),
            "docked": _("The graph is shown beside the notebook."),
            "show_here": _("Show it here"),
            "show_beside": _("Show it beside the notebook"),
            "undock": _("Show the graph in the notebook"),
            "resize": _("Size of the graph"),
        }

    # -- forms

    def to_text(self) -> str:
        """Returns the graph as a table, with the variables that hold its tensors."""
        self._settle()
        return super().to_text()

    def to_svg(self) -> str:
        """Returns the picture as SVG that follows the light or dark theme of its reader."""
        self._settle()
        return super().to_svg()

    def page_state(self) -> dict[str, Any]:
        """Returns the state that a page needs to show the view without a kernel."""
        self._settle()
        return super().page_state() | {"follows": False, "_cells": {}}

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns the view as it is stored in a notebook: data and metadata, by MIME type."""
        self._settle()
        return self._repr_mimebundle_()

    def _ipython_display_(self) -> None:
        # `lab.watch()` has shown the view already; as the cell's value it is not shown again.
        from IPython import get_ipython
        from IPython.display import display

        cell = get_ipython().execution_count
        if self._shown_in != cell:
            self._shown_in = cell
            data, metadata = self.bundle()
            display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]

    def _answer(self, widget: Any, content: Any, buffers: Any) -> None:
        if content.get("type") == "shown":
            self._page_is_open = True
            self._wake()
        else:
            super()._answer(widget, content, buffers)


def pin_lines(snapshot: Snapshot) -> list[str]:
    """Lists the variables that hold tensors, each with the call that made its tensor."""
    return [
        _("{variable} is the output of {call}: {shape}").format(
            variable=printable(pin.name), call=printable(pin.call), shape=pin.tensor.shape
        )
        for pin in snapshot.pins
    ]


def lost_lines(lost: Mapping[str, str]) -> list[str]:
    """Lists the lost calls, each with the statement that lost it."""
    return [
        _("{call} was lost by: {statement}").format(
            call=printable(call), statement=printable(statement.partition("\n")[0])
        )
        for call, statement in lost.items()
        if statement
    ]


def _empty_words() -> str:
    return _("Define an input to begin: {code}").format(code="inputs = keras.Input((784,))")
