"""Shows where every number of a graph comes from, and what if it changed: `lab.shapes`."""

from collections.abc import Mapping
from typing import Any

import traitlets

from kfunc_lab.graph.keras.reader import read
from kfunc_lab.graph.keras.settings import with_what_follows
from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.folding import Fold
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.picture.layout import Layouts
from kfunc_lab.graph.picture.svg import draw
from kfunc_lab.graph.view.graph_view import GraphView, no_garbage_collection
from kfunc_lab.locale import _
from kfunc_lab.shapes import table
from kfunc_lab.shapes.controls import (
    checked_sizes,
    controls_of,
    input_shape,
    setting,
    understood,
    written,
)
from kfunc_lab.shapes.page_data import marks_data, panel_data, table_data
from kfunc_lab.shapes.what_if import INPUT, Answers, Changes, WhatIf, what_if
from kfunc_lab.ui.assets import BUNDLES
from kfunc_lab.ui.text import printable

# Up to so many calls the page has what is said of each, and asks the kernel only for changes.
_PANELS_AT_ONCE = 60


def shapes(x: Any, *, fold: Fold = None, batch_size: int = 1) -> "ShapeView":
    """Shows where every shape and every number of parameters comes from, and what each call costs.

    Args:
        x: What `lab.graph` takes: a model, a layer, symbolic tensors without a model, or a
            `LayerGraph`.
        fold: As in `lab.graph`.
        batch_size: How many examples the memory is reckoned for.

    Returns:
        A view: a table beside the graph. A selected call shows its arithmetic, and its settings
        can be changed to see what becomes of everything after it; the model stays as it is.

    Raises:
        TypeError: If `x` is none of these.
        ValueError: If nothing has a name in `fold`.

    Example:
        >>> import keras
        >>> image = keras.Input((28, 28, 1), name="image")
        >>> view = shapes(keras.layers.Conv2D(16, 3, name="conv")(image))
        >>> view.change("conv", strides=2)
        >>> view.changed.call_of["conv"].outputs[0].shape
        (None, 13, 13, 16)
    """
    if isinstance(x, LayerGraph):
        return ShapeView(x, fold=fold, batch_size=batch_size)
    reading = read(x)
    return ShapeView(
        reading.graph, fold=fold, batch_size=batch_size, nodes=reading.nodes, source=x
    )


class ShapeView(GraphView):
    """A table of shapes and costs beside the graph.

    Attributes:
        graph: The `LayerGraph` of the model as it is.
        selected: As in `GraphView`.
        opened: As in `GraphView`; the table follows it.
        batch_size: How many examples the memory is reckoned for. Can be set and observed.
    """

    _esm = BUNDLES / "shapes.js"
    _css = BUNDLES / "shapes.css"

    batch_size = traitlets.Int(1, min=1).tag(sync=True)
    _table: Any = traitlets.Dict().tag(sync=True)
    _marks: Any = traitlets.Dict().tag(sync=True)
    _panel: Any = traitlets.Dict().tag(sync=True)
    _panels: Any = traitlets.List().tag(sync=True)

    def __init__(
        self,
        graph: LayerGraph,
        *,
        fold: Fold = None,
        batch_size: int = 1,
        nodes: Mapping[str, Any] | None = None,
        source: Any = None,
    ) -> None:
        self._nodes = nodes or {}
        self._answers: Answers = {}
        self._changes = Changes()
        self._ready = False
        super().__init__(graph, fold=fold, source=source)
        self.batch_size = batch_size
        self._before = self._what = self._reckoned()
        self._ready = True
        self._show()

    @property
    def changed(self) -> LayerGraph:
        """The graph with what was changed in this view; shapes that do not fit are unknown."""
        return self._what.graph

    # -- what if

    def change(self, name: str, **settings: Any) -> None:
        """Changes settings of a layer in this view, and reckons everything after it anew.

        Args:
            name: The layer's name, or the id of one of its calls. All calls of a shared layer
                change.
            **settings: The settings and their values, as `strides=2`; for an input `shape`,
                without the batch.

        Raises:
            ValueError: If there is no such call, or a setting cannot have the value.

        Example:
            >>> import keras
            >>> image = keras.Input((28, 28, 1), name="image")
            >>> view = shapes(keras.layers.Conv2D(16, 3, name="conv")(image))
            >>> view.change("image", shape=(32, 32, 3))
            >>> view.changed.call_of["conv"].parameters
            448
        """
        call = self._what.graph.call_of[self._call_named(name)]
        before = self._before.graph.call_of[call.id]
        if call.kind == INPUT:
            self._change_input(call.layer_id, settings, before.outputs[0].shape)
            return
        unknown = [it for it in settings if it not in self._settings_of(call)]
        if unknown:
            raise ValueError(
                _(
                    "{name} has no setting {setting} that can be changed here; it has: {all}."
                ).format(
                    name=printable(call.id),
                    setting=repr(unknown[0]),
                    all=", ".join(self._settings_of(call)) or "–",
                )
            )
        changed = dict(self._changes.settings)
        own = dict(changed.get(call.layer_id, {}))
        for key, typed in settings.items():
            then = setting(before, key)
            value = understood(key, typed, then)
            if written(value) == written(then):
                own.pop(key, None)
            else:
                own[key] = value
        changed[call.layer_id] = own
        kept = {layer: it for layer, it in changed.items() if it}
        self._set(Changes(kept, self._changes.inputs))

    def _settings_of(self, call: Any) -> list[str]:
        return [it.name for it in controls_of(call, self._before.graph.call_of[call.id])]

    def _change_input(self, layer: str, settings: Mapping[str, Any], then: Any) -> None:
        if set(settings) != {"shape"}:
            raise ValueError(_("An input has one setting: shape, without the batch."))
        shape = (then[0] if then else None, *checked_sizes(settings["shape"]))
        inputs = {**self._changes.inputs, layer: shape}
        if shape == then:
            del inputs[layer]
        self._set(Changes(self._changes.settings, inputs))

    def reset(self, name: str | None = None) -> None:
        """Takes changes back.

        Args:
            name: The layer whose changes are taken back; by default those of all layers.

        Raises:
            ValueError: If there is no such call.
        """
        if name is None:
            self._set(Changes())
            return
        layer = self._before.graph.call_of[self._call_named(name)].layer_id
        self._set(
            Changes(
                {key: it for key, it in self._changes.settings.items() if key != layer},
                {key: it for key, it in self._changes.inputs.items() if key != layer},
            )
        )

    def _call_named(self, name: str) -> str:
        graph = self._before.graph
        if name in graph.call_of:
            return name
        found = [call.id for call in graph.calls if name in (call.layer, call.layer_id)]
        if not found:
            raise ValueError(
                _("There is no call {name} in this graph; its calls are: {names}.").format(
                    name=repr(name), names=", ".join(list(graph.call_of)[:20])
                )
            )
        return found[0]

    def _set(self, changes: Changes) -> None:
        with no_garbage_collection():
            self._changes = changes
            self._what = self._reckoned()
            self._show()

    def _reckoned(self) -> WhatIf:
        return what_if(self.graph, self._changes, self._nodes, self._answers)

    # -- what the page shows

    @traitlets.observe("selected", "batch_size")
    def _show_again(self, change: Any) -> None:
        if not self._ready:
            return
        if change["name"] == "batch_size":
            self._show()
        else:
            self._panel = self._panel_of(self.selected)

    def _show(self) -> None:
        with self.hold_sync():
            self._table = self._page_table()
            self._marks = marks_data(self._what, self._before) if self._changes else {}
            self._panel = self._panel_of(self.selected)
            if not self._changes and len(self.graph.calls) <= _PANELS_AT_ONCE:
                self._panels = self._all_panels()

    def _page_table(self) -> dict[str, Any]:
        settings, inputs = self._changes.settings, self._changes.inputs
        return table_data(self._what, self._before, self.batch_size) | {
            "changes": sum(map(len, settings.values())) + len(inputs),
            "code": self._has_code(),
        }

    def _panel_of(self, item: str) -> dict[str, Any]:
        return panel_data(self._what, self._before, item, self.batch_size)

    def _all_panels(self) -> list[dict[str, Any]]:
        return [self._panel_of(item) for item in (*self.graph.call_of, *self.graph.group_of)]

    def _has_code(self) -> bool:
        import keras

        return isinstance(self._source, keras.Model) and self.graph.connected

    def page_state(self) -> dict[str, Any]:
        """Returns all that the page needs to show the view without a kernel."""
        panels = [panel | {"controls": []} for panel in self._all_panels()]
        kept = {name: getattr(self, name) for name in ("batch_size", "_table", "_marks")}
        return super().page_state() | kept | {"_panels": panels, "_panel": {}}

    # -- the page asks

    def _answer(self, widget: Any, content: Any, buffers: Any) -> None:
        asked = {
            "change": self._change_asked,
            "reset": self._reset_asked,
            "code": self._send_code,
        }
        answer = asked.get(content.get("type"))
        if answer is None:
            super()._answer(widget, content, buffers)
            return
        try:
            answer(content)
        except Exception as error:  # it is said on the page, and the cell goes on
            self.send({"type": "problem", "words": str(error)})
        self.send({"type": "answered"})

    def _change_asked(self, content: Mapping[str, Any]) -> None:
        call = self._what.graph.call_of[content["item"]]
        name, value = str(content["name"]), content["value"]
        if call.kind == INPUT:
            self.change(call.id, shape=input_shape(call, name, value)[1:])
        else:
            self.change(call.id, **{name: value})

    def _reset_asked(self, content: Mapping[str, Any]) -> None:
        if not content.get("name"):
            self.reset(content.get("item"))
            return
        call = self._before.graph.call_of[content["item"]]
        name = str(content["name"])
        if call.kind == INPUT:
            then = (call.outputs[0].shape or ())[int(name)]
            self._change_asked({**content, "value": "" if then is None else then})
        else:
            self.change(call.id, **{name: setting(call, name)})

    def _send_code(self, _content: Mapping[str, Any]) -> None:
        self.send({"type": "code", "code": self.to_code()})

    # -- forms

    def to_text(self) -> str:
        """Returns the table, and below it where the numbers of each call come from."""
        return table.to_text(self._what, self._before, self.batch_size, self.opened)

    def to_static_html(self) -> str:
        """Returns the table with its arithmetic as plain HTML, without style or script."""
        return table.to_html(self._what, self._before, self.batch_size, self.opened)

    def to_svg(self) -> str:
        """Returns the graph as SVG, with what was changed.

        Raises:
            GraphvizError: If the drawing program is missing or fails.
        """
        if not self._changes:
            return super().to_svg()
        marks = dict.fromkeys(self._what.problems, "wrong")
        return draw(Layouts(self._what.graph, Annotations(marks)), self.opened, self._stressed)

    def to_code(self) -> str:
        """Returns Python code that builds the model with what was changed.

        Raises:
            TypeError: If the view shows no model whose connections Keras knows.
        """
        from kfunc_lab.graph.keras.functional_code import to_code

        return to_code(self._source, self._configurations())

    def _configurations(self) -> dict[int, dict[str, Any]]:
        """Returns for the `id` of each changed layer what is other in its configuration."""
        found: dict[int, dict[str, Any]] = {}
        for call in self.graph.calls:
            node = self._nodes.get(call.id)
            if node is None:
                continue
            changes = self._changes.settings.get(call.layer_id, {})
            own = with_what_follows(changes, call.settings)
            if call.layer_id in self._changes.inputs:
                own["batch_shape"] = self._changes.inputs[call.layer_id]
            if own:
                found[id(node.operation)] = own
        return found

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        data.pop("image/svg+xml", None)
        return data | {"text/html": self.to_static_html()}, metadata

    def _page_words(self) -> dict[str, str]:
        return super()._page_words() | {
            "table": _("Shapes and costs"),
            "call": _("call"),
            "output_shape": _("output shape"),
            "parameters": _("parameters"),
            "multiply_adds": _("multiply-adds"),
            "memory": _("memory"),
            "batch": _("Batch"),
            "not_fixed": _("not fixed"),
            "where_from": _("Where the numbers come from"),
            "empty_panel": _(
                "Select a row or a box to see where its numbers come from, and to change its "
                "settings."
            ),
            "what_if": _("What if"),
            "nothing_to_change": _("Nothing can be changed here."),
            "was": _("was {value}"),
            "reset": _("Reset"),
            "reset_all": _("Reset all"),
            "copy_code": _("Copy code"),
            "copied": _("Copied"),
            "waiting": _("Waiting for the kernel…"),
            "changes_one": _("1 change"),
            "changes": _("{n} changes"),
            "open_group": _("Open {name}"),
            "close_group": _("Fold {name}"),
            "wrong": _("does not fit"),
            "model_unchanged": _("Your model stays as it is."),
        }
