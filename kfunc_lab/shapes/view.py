"""Explains the shapes and costs of a graph, and previews changes: `lab.shapes`."""

from collections.abc import Iterable, Mapping
from typing import Any

import traitlets

from kfunc_lab.graph.keras.reader import read
from kfunc_lab.graph.keras.settings import with_dependent_settings
from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.folding import Fold
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.model.memory import no_garbage_collection
from kfunc_lab.graph.picture.layout import Layouts
from kfunc_lab.graph.picture.svg import draw
from kfunc_lab.graph.view.graph_view import GraphView
from kfunc_lab.locale import _
from kfunc_lab.shapes import table
from kfunc_lab.shapes.controls import (
    checked_sizes,
    controls_of,
    input_shape,
    parse_setting,
    setting,
    setting_text,
)
from kfunc_lab.shapes.costs import costs
from kfunc_lab.shapes.page_data import marks_data, panel_data, table_data
from kfunc_lab.shapes.what_if import INPUT, Changes, DryRuns, WhatIf, what_if
from kfunc_lab.ui.assets import BUNDLES
from kfunc_lab.ui.text import printable

# Up to this number of calls, the page gets all panels at once, and asks the kernel for changes.
_PANELS_AT_ONCE = 60


def shapes(x: Any, *, fold: Fold = None, batch_size: int = 1) -> "ShapeView":
    """Explains every shape and parameter count of a model, and the cost of each call.

    Args:
        x: A model, a layer, symbolic tensors without a model, or a `LayerGraph`, as for
            `lab.graph`.
        fold: The groups to fold, as in `lab.graph`.
        batch_size: The batch size for which the memory is computed.

    Returns:
        A view with a table beside the graph. The selected call shows its calculations. Its
        settings can be changed to see the effect on all later calls; the model does not change.

    Raises:
        TypeError: If `x` is none of these.
        ValueError: If a name in `fold` does not exist.

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
        graph: The `LayerGraph` of the model.
        selected: See `GraphView`.
        opened: See `GraphView`; the table shows the same groups.
        batch_size: The batch size for which the memory is computed. Can be set and observed.
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
        self._dry_runs: DryRuns = {}
        self._changes = Changes()
        self._ready = False
        super().__init__(graph, fold=fold, source=source)
        self.batch_size = batch_size
        self._before = self._after = self._computed()
        self._ready = True
        self._show()

    @property
    def changed(self) -> LayerGraph:
        """The graph with the changes made in this view; shapes that do not fit are unknown."""
        return self._after.graph

    # -- what if

    def change(self, name: str, **settings: Any) -> None:
        """Changes settings of a layer in this view, and recomputes all later calls.

        Args:
            name: The name of the layer, or the id of one of its calls. All calls of a shared
                layer change.
            **settings: The new values by setting, such as `strides=2`; for an input `shape`,
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
        call = self._after.graph.call_of[self._call_named(name)]
        before = self._before.graph.call_of[call.id]
        if call.kind == INPUT:
            self._change_input(call.layer_id, settings, before.outputs[0].shape)
            return
        unknown = [key for key in settings if key not in self._settings_of(call)]
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
            value = parse_setting(key, typed, then)
            if setting_text(value) == setting_text(then):
                own.pop(key, None)
            else:
                own[key] = value
        changed[call.layer_id] = own
        remaining = {layer: own for layer, own in changed.items() if own}
        self._set(Changes(remaining, self._changes.inputs))

    def _settings_of(self, call: Any) -> list[str]:
        return [
            control.name for control in controls_of(call, self._before.graph.call_of[call.id])
        ]

    def _change_input(self, layer: str, settings: Mapping[str, Any], then: Any) -> None:
        if set(settings) != {"shape"}:
            raise ValueError(_("An input has one setting: shape, without the batch."))
        shape = (then[0] if then else None, *checked_sizes(settings["shape"]))
        inputs = {**self._changes.inputs, layer: shape}
        if shape == then:
            del inputs[layer]
        self._set(Changes(self._changes.settings, inputs))

    def reset(self, name: str | None = None) -> None:
        """Undoes changes.

        Args:
            name: The layer whose changes are undone; by default all layers.

        Raises:
            ValueError: If there is no such call.
        """
        if name is None:
            self._set(Changes())
            return
        layer = self._before.graph.call_of[self._call_named(name)].layer_id
        self._set(
            Changes(
                {key: own for key, own in self._changes.settings.items() if key != layer},
                {key: shape for key, shape in self._changes.inputs.items() if key != layer},
            )
        )

    def _call_named(self, name: str) -> str:
        graph = self._before.graph
        if name in graph.call_of:
            return name
        ids = [call.id for call in graph.calls if name in (call.layer, call.layer_id)]
        if not ids:
            raise ValueError(
                _("There is no call {name} in this graph; its calls are: {names}.").format(
                    name=repr(name), names=", ".join(list(graph.call_of)[:20])
                )
            )
        return ids[0]

    def _set(self, changes: Changes) -> None:
        with no_garbage_collection():
            self._changes = changes
            self._after = self._computed()
            self._show()

    def _computed(self) -> WhatIf:
        # The first computation fills in the shapes inside nested models, for each of their calls.
        graph = self._before.graph if self._ready else self.graph
        return what_if(graph, self._changes, self._nodes, self._dry_runs)

    # -- data for the page

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
            self._marks = marks_data(self._after, self._before) if self._changes else {}
            self._panel = self._panel_of(self.selected)
            if not self._changes and len(self.graph.calls) <= _PANELS_AT_ONCE:
                self._panels = self._all_panels()

    def _page_table(self) -> dict[str, Any]:
        settings, inputs = self._changes.settings, self._changes.inputs
        return table_data(self._after, self._before, self.batch_size) | {
            "changes": sum(map(len, settings.values())) + len(inputs),
            "code": self._has_code(),
        }

    def _panel_of(self, item: str) -> dict[str, Any]:
        return self._panels_of([item])[0]

    def _panels_of(self, items: Iterable[str]) -> list[dict[str, Any]]:
        cost = costs(self._after)
        return [
            panel_data(self._after, self._before, item, self.batch_size, cost) for item in items
        ]

    def _all_panels(self) -> list[dict[str, Any]]:
        return self._panels_of((*self.graph.call_of, *self.graph.group_of))

    def _has_code(self) -> bool:
        import keras

        return isinstance(self._source, keras.Model) and self.graph.connected

    def page_state(self) -> dict[str, Any]:
        """Returns all the data that the page needs to show the view without a kernel."""
        panels = [panel | {"controls": []} for panel in self._all_panels()]
        own_state = {name: getattr(self, name) for name in ("batch_size", "_table", "_marks")}
        return super().page_state() | own_state | {"_panels": panels, "_panel": {}}

    # -- messages from the page

    def _answer(self, widget: Any, content: Any, buffers: Any) -> None:
        answers = {
            "change": self._apply_change,
            "reset": self._apply_reset,
            "code": self._send_code,
        }
        answer = answers.get(content.get("type"))
        if answer is None:
            super()._answer(widget, content, buffers)
            return
        try:
            answer(content)
        except Exception as error:  # the page shows it, and the cell continues
            self.send({"type": "problem", "words": str(error)})
        self.send({"type": "answered"})

    def _apply_change(self, content: Mapping[str, Any]) -> None:
        call = self._after.graph.call_of[content["item"]]
        name, value = str(content["name"]), content["value"]
        if call.kind == INPUT:
            self.change(call.id, shape=input_shape(call, name, value)[1:])
        else:
            self.change(call.id, **{name: value})

    def _apply_reset(self, content: Mapping[str, Any]) -> None:
        if not content.get("name"):
            self.reset(content.get("item"))
            return
        call = self._before.graph.call_of[content["item"]]
        name = str(content["name"])
        if call.kind == INPUT:
            then = (call.outputs[0].shape or ())[int(name)]
            self._apply_change({**content, "value": "" if then is None else then})
        else:
            self.change(call.id, **{name: setting(call, name)})

    def _send_code(self, _content: Mapping[str, Any]) -> None:
        self.send({"type": "code", "code": self.to_code()})

    # -- formats

    def to_text(self) -> str:
        """Returns the table, followed by the derivations for each call."""
        return table.to_text(self._after, self._before, self.batch_size, self.opened)

    def to_static_html(self) -> str:
        """Returns the table with its calculations as plain HTML, without styles or scripts."""
        return table.to_html(self._after, self._before, self.batch_size, self.opened)

    def to_svg(self) -> str:
        """Returns the graph with the changes as SVG.

        Raises:
            GraphvizError: If the drawing program is missing or fails.
        """
        if not self._changes:
            return super().to_svg()
        marks = {
            call_id: "wrong"
            for call_id, problem in self._after.problems.items()
            if not problem.unknown
        }
        return draw(
            Layouts(self._after.graph, Annotations(marks)), self.opened, self._highlights
        )

    def to_code(self) -> str:
        """Returns Python code that builds the model with the changes.

        Raises:
            TypeError: If the view shows no functional or Sequential model.
        """
        from kfunc_lab.graph.keras.functional_code import to_code

        return to_code(self._source, self._configurations())

    def _configurations(self) -> dict[int, dict[str, Any]]:
        """Returns the changed configuration entries of each layer, by the `id()` of the layer."""
        by_layer: dict[int, dict[str, Any]] = {}
        for call in self.graph.calls:
            node = self._nodes.get(call.id)
            if node is None:
                continue
            changes = self._changes.settings.get(call.layer_id, {})
            own = with_dependent_settings(changes, call.settings)
            if call.layer_id in self._changes.inputs:
                own["batch_shape"] = self._changes.inputs[call.layer_id]
            if own:
                by_layer[id(node.operation)] = own
        return by_layer

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
            "model_unchanged": _("Your model does not change."),
        }
