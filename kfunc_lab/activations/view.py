"""Shows the activations of each call of a model: `lab.activations`."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import traitlets

from kfunc_lab.activations import figures, table
from kfunc_lab.activations.attribution.panel import (
    attribution_data,
    attribution_options,
    compute_attribution,
)
from kfunc_lab.activations.comparison import match_calls, relative_changes
from kfunc_lab.activations.inputs_and_outputs import (
    image_of_sample,
    inputs_of,
    outputs_of,
    tokens_of,
)
from kfunc_lab.activations.overview import (
    QUANTITIES,
    calls_by_item,
    heading,
    notes_of,
    quantity,
)
from kfunc_lab.activations.page_data import (
    SAMPLES_AT_ONCE,
    bars_data,
    cards_data,
    for_json,
    image_data,
    small_image_data,
    thumbnail_data,
)
from kfunc_lab.activations.page_words import page_words
from kfunc_lab.activations.panel import NOW, Choice, Source, panel_data
from kfunc_lab.activations.pictures import MAX_NUMBERS
from kfunc_lab.activations.progress import Progress
from kfunc_lab.activations.sketch import picture_shape, sample_of
from kfunc_lab.forward.batch import BatchActivations, run
from kfunc_lab.forward.samples import arrays_in, as_image, count_non_finite, one_sample
from kfunc_lab.forward.values import Values
from kfunc_lab.graph.model.folding import Fold
from kfunc_lab.graph.model.memory import no_garbage_collection
from kfunc_lab.graph.view.graph_view import GraphView
from kfunc_lab.locale import _
from kfunc_lab.ui.assets import BUNDLES
from kfunc_lab.ui.colour_scale import DIVERGING, SEQUENTIAL
from kfunc_lab.ui.main_thread import on_main_thread
from kfunc_lab.ui.theme import NOT_FINITE

_SUFFIXES = (".svg", ".html", ".txt")

# The limit on all numbers in a saved page.
_MAX_PAGE_NUMBERS = 1_500_000

# The number of the sample that the learner draws on the page.
DRAWING = -1


def activations(
    model: Any,
    x: Any,
    *,
    training: bool = False,
    layers: Collection[str] | None = None,
    limit: float = 512,
    dtype: str | None = None,
    fold: Fold = None,
) -> "ActivationView":
    """Shows the activations of each call of a model, from one forward pass.

    Args:
        model: A built model or layer. It is left unchanged.
        x: The inputs: an array, or arrays in the structure that the model takes, with the batch
            axis first. An optional input may be `None`.
        training: Whether to call the model in training mode, with dropout and batch statistics.
        layers: The only layers or calls to record, by name; by default all.
        limit: The memory for activations, in MB. Above it, only statistics and small pictures
            are stored, and selected calls are recomputed.
        dtype: The type in which to store numbers, such as `"float16"`; by default their own.
        fold: As in `lab.graph`.

    Returns:
        A view: a widget in a notebook, a picture if there is no kernel, and a table as text.
        `view.values["conv2d"]` is the output of a call as an array.

    Raises:
        TypeError: If `model` is not a Keras model or layer, or `x` does not hold numbers of the
            expected type.
        ValueError: If the model is not built, `x` is empty or does not have the shape of the
            model's input, or nothing has a name in `layers` or `fold`.
        Exception: Whatever the model itself raises.

    Example:
        >>> import keras
        >>> image = keras.Input((28, 28, 1), name="image")
        >>> maps = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(image)
        >>> view = activations(keras.Model(image, maps), np.zeros((2, 28, 28, 1)))
        >>> view.values["conv"].shape
        (2, 26, 26, 4)
    """
    _check_options(limit, dtype)
    batch = run(
        model,
        x,
        training=training,
        layers=layers,
        dtype=dtype,
        limit=int(limit * 1e6),
        progress=Progress(),
    )
    with no_garbage_collection():
        return ActivationView(batch, fold=fold)


def _check_options(limit: float, dtype: str | None) -> None:
    if not limit > 0:
        raise ValueError(
            _("limit is the memory in MB and must be above 0; it is {limit}.").format(
                limit=limit
            )
        )
    if dtype is not None and dtype not in ("float16", "float32", "float64"):
        raise ValueError(
            _("dtype must be one of {names}; it is {dtype}.").format(
                names="float16, float32, float64", dtype=repr(dtype)
            )
        )


class ActivationView(GraphView):
    """The activations of a batch beside the graph.

    Attributes:
        graph: The `LayerGraph` of the model.
        values: The outputs of each call, by its id.
        selected: As in `GraphView`: the call whose activations are shown.
        sample: The number of the sample that is shown. It can be set and observed.
        unit: The number of the map, head or unit that is shown in detail; -1 for none.
        picture: The kind of picture for the selected call, such as `"maps"`, `"bars"`,
            `"heatmap"`, `"sequence"` or `"projection"`; empty for the best kind.
    """

    _esm = BUNDLES / "activations.js"
    _css = BUNDLES / "activations.css"

    sample = traitlets.Int(0).tag(sync=True)
    unit = traitlets.Int(-1).tag(sync=True)
    picture = traitlets.Unicode("").tag(sync=True)
    _place = traitlets.Unicode("").tag(sync=True)
    _step = traitlets.Int(0).tag(sync=True)
    _tensor = traitlets.Int(0).tag(sync=True)
    _first = traitlets.Int(0).tag(sync=True)
    _shared = traitlets.Bool(True).tag(sync=True)
    _side = traitlets.Unicode(NOW).tag(sync=True)
    _quantity = traitlets.Unicode("").tag(sync=True)
    _panel: Any = traitlets.Dict().tag(sync=True)
    _panels: Any = traitlets.List().tag(sync=True)
    _cards: Any = traitlets.List().tag(sync=True)
    _band: Any = traitlets.Dict().tag(sync=True)
    _row: Any = traitlets.Dict().tag(sync=True)
    _attribution: Any = traitlets.Dict().tag(sync=True)
    _colours: Any = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        batch: BatchActivations,
        *,
        fold: Fold = None,
        earlier: BatchActivations | None = None,
        pairs: Mapping[str, str] | None = None,
    ) -> None:
        self._batch = batch
        self._earlier = earlier
        self._pairs = pairs
        self._change = (
            relative_changes(batch, earlier, pairs) if earlier and pairs is not None else {}
        )
        self._drawing: BatchActivations | None = None
        self._ready = False
        super().__init__(
            batch.graph,
            fold=fold,
            heading=heading(batch),
            remarks=notes_of(batch, count_non_finite(batch.x)),
            source=batch.model,
        )
        self._colours = {
            "sequential": SEQUENTIAL,
            "diverging": DIVERGING,
            "notFinite": NOT_FINITE[0],
        }
        self._attribution = attribution_options(batch.model)
        self._ready = True
        self._row = self._page_row()
        self._show_all()
        if self._change:
            self._quantity = "change"

    # -- the Python API

    @property
    def values(self) -> Values:
        """The outputs of each call, by its id: an array, or nested arrays as the call returned."""
        return self._batch.values

    def statistics(self, name: str) -> Any:
        """Returns the statistics of the first output of a call, over all samples.

        Args:
            name: The id of the call.

        Returns:
            An object with `mean`, `deviation`, `share_of_zeros`, `dead`, `saturated_units`,
            `norms`, `top_samples` and more.

        Raises:
            KeyError: If there is no such call.

        Example:
            >>> import keras
            >>> x = keras.Input((3,), name="x")
            >>> model = keras.Model(x, keras.layers.ReLU(name="relu")(x))
            >>> view = activations(model, np.array([[-1.0, 0.0, 2.0], [-3.0, 1.0, 1.0]]))
            >>> view.statistics("relu").dead
            array([0])
        """
        return self._batch.statistics(self.values.named(name))

    def compare(self, earlier: "ActivationView") -> "ActivationView":
        """Shows these activations beside earlier ones, such as before and after training.

        Args:
            earlier: A view of the same samples, of this model or of a model with the same layers
                in the same order.

        Returns:
            A view with both and their difference, whose graph is coloured by the relative change
            of each call.

        Raises:
            ValueError: If the models or the samples differ.

        Example:
            >>> import keras
            >>> x = keras.Input((3,), name="x")
            >>> model = keras.Model(x, keras.layers.Dense(2, name="dense")(x))
            >>> before = activations(model, np.ones((2, 3)))
            >>> model.set_weights([2 * weight for weight in model.get_weights()])
            >>> compared = activations(model, np.ones((2, 3))).compare(before)
            >>> round(compared.change["dense"], 3)
            1.0
        """
        pairs = match_calls(self._batch, earlier._batch)
        return ActivationView(self._batch, earlier=earlier._batch, pairs=pairs)

    @property
    def change(self) -> Mapping[str, float]:
        """For each call its relative change since the earlier pass; empty without `compare`."""
        return dict(self._change)

    def attribute(
        self, method: str = "grad_cam", *, target: int | None = None, layer: str | None = None
    ) -> Any:
        """Computes which parts of the shown sample support a class.

        Args:
            method: `"grad_cam"`, `"integrated_gradients"` or `"occlusion"`.
            target: The number of the class; by default the class that the model predicts.
            layer: The layer for Grad-CAM, whose maps are weighted; by default the last layer that
                returns maps.

        Returns:
            An `Attribution`, whose `heat` has the size of the image. The view shows it too.

        Raises:
            ValueError: If the model does not support the method, or there is no such class or
                layer.

        Example:
            >>> import keras
            >>> image = keras.Input((8, 8, 1))
            >>> x = keras.layers.Conv2D(2, 3, activation="relu", name="conv")(image)
            >>> x = keras.layers.Dense(3)(keras.layers.Flatten()(x))
            >>> view = activations(keras.Model(image, x), np.ones((1, 8, 8, 1)))
            >>> view.attribute("grad_cam", target=1).heat.shape
            (8, 8)
        """
        image = self._shown_source().image
        attribution = compute_attribution(
            self._batch.model, self._shown_input(), method, target, layer
        )
        data = attribution_data(attribution, image)
        self._attribution = self._attribution | {"shown": data}
        return attribution

    # -- what is shown

    def _shown_source(self) -> Source:
        drawing = self._drawing if self.sample == DRAWING else None
        batch, sample = (
            (drawing, 0) if drawing is not None else (self._batch, self._sample_index())
        )
        return Source(
            batch=self._batch,
            graph=self.graph,
            drawing=drawing,
            sample=sample,
            image=image_of_sample(batch, sample),
            tokens=tokens_of(batch, sample),
            earlier=self._earlier,
            pairs=self._pairs,
            change=self._change,
        )

    def _shown_input(self) -> Any:
        """Returns the first input of the shown sample, without the batch axis."""
        source = self._shown_source()
        batch = source.drawing or source.batch
        return one_sample(arrays_in(batch.x)[0], source.sample, batch.samples)

    def _choice(self) -> Choice:
        return Choice(
            item=self.selected,
            place=self._place,
            step=self._step,
            tensor=self._tensor,
            picture=self.picture,
            unit=self.unit,
            first=self._first,
            shared=self._shared,
            side=self._side,
        )

    @traitlets.validate("sample")
    def _validate_sample(self, proposal: Any) -> int:
        sample: int = proposal["value"]
        is_missing = sample == DRAWING and not self._drawing
        if not DRAWING <= sample < self._batch.samples or is_missing:
            raise traitlets.TraitError(
                _("There is no sample {n}; samples are numbered from 0 to {last}.").format(
                    n=sample, last=self._batch.samples - 1
                )
            )
        return sample

    @traitlets.observe("selected")
    def _show_call(self, change: Any) -> None:
        if not self._ready:
            return
        # The choices for the previous call do not apply to this one.
        self._ready = False
        self._place, self._step, self._tensor, self._first = "", 0, 0, 0
        self.unit, self.picture = -1, ""
        self._ready = True
        self._show(self._show_panel)

    @traitlets.observe(
        "unit", "picture", "_place", "_step", "_tensor", "_first", "_shared", "_side"
    )
    def _show_choice(self, change: Any) -> None:
        if self._ready:
            self._show(self._show_panel)

    @traitlets.observe("sample")
    def _show_sample(self, change: Any) -> None:
        if self._ready:
            self._show(self._show_all)

    @traitlets.observe("_quantity")
    def _show_quantity(self, change: Any) -> None:
        name = change["new"]
        if name == "change":
            known = {*self.graph.call_of, *self.graph.group_of}
            values = {item: ratio for item, ratio in self._change.items() if item in known}
            words = _("relative change")
        elif name in QUANTITIES:
            values, words = self._quantities(name), _(QUANTITIES[name])
        else:
            values, words = {}, ""
        self.colour_by(values, words)

    def _quantities(self, name: str) -> dict[str, float]:
        return {
            item: quantity(self._batch.statistics(call.id), name)
            for item, call in calls_by_item(self._batch, self.graph).items()
            if call.item == item and call.tensors
        }

    def _show(self, show: Any) -> None:
        # If values were dropped, the model may be called, which only the main thread should do.
        if self._batch.recording.complete:
            show()
        else:
            on_main_thread(lambda: self._report_errors(show))

    def _report_errors(self, work: Any) -> None:
        """Does the work that the page requested, and reports errors there."""
        try:
            work()
        except Exception as error:
            self.send({"type": "problem", "words": str(error)})

    def _show_panel(self) -> None:
        self._panel = panel_data(self._shown_source(), self._choice())

    def _show_all(self) -> None:
        with self.hold_sync():
            self._band = self._page_band()
            if not self._row["first"] <= self._sample_index() < self._row["last"]:
                self._row = self._page_row()
            shown = self._shown_source().drawing or self._batch
            self._cards = cards_data(shown, self._sample_index())
            self._show_panel()

    def _sample_index(self) -> int:
        """Returns the index of the shown sample in its batch: a drawing is a batch of one."""
        return max(self.sample, 0)

    # -- the state of the page

    def _page_band(self) -> dict[str, Any]:
        source = self._shown_source()
        batch, sample = source.drawing or source.batch, source.sample
        return {
            "image": image_data(source.image) if source.image is not None else None,
            "inputs": []
            if source.image is not None
            else [
                {"name": name, "picture": thumbnail_data(small)}
                for name, small in inputs_of(batch, sample)
            ],
            "outputs": [
                {"name": name, "bars": bars_data(bars)}
                for name, bars in outputs_of(batch, sample)
            ],
            "pad": self._pad(),
        }

    def _pad(self) -> int:
        """Returns the side of the drawing pad, or 0 if the model does not take square images."""
        arrays = arrays_in(self._batch.x)
        like = one_sample(arrays[0], 0, self._batch.samples)
        if len(arrays) != 1 or as_image(like) is None:
            return 0
        rows, columns, _channels = picture_shape(like)
        return rows * max(round(112 / rows), 1) if rows == columns else 0

    def _page_row(self) -> dict[str, Any]:
        first = self._sample_index() // SAMPLES_AT_ONCE * SAMPLES_AT_ONCE
        last = min(first + SAMPLES_AT_ONCE, self._batch.samples)
        images = [image_of_sample(self._batch, sample) for sample in range(first, last)]
        return {
            "samples": self._batch.samples,
            "first": first,
            "last": last,
            "images": [
                small_image_data(image) if image is not None else None for image in images
            ],
        }

    def page_state(self) -> dict[str, Any]:
        """Returns the complete state of the page, which it needs without a kernel."""
        source = self._shown_source()
        items = [*self.graph.call_of, *self.graph.group_of]
        max_numbers = min(_MAX_PAGE_NUMBERS // max(len(items), 1), MAX_NUMBERS)
        panels = [panel_data(source, Choice(item=item), max_numbers) for item in items]
        names = ("sample", "_cards", "_band", "_row", "_colours", "_attribution")
        state = {name: getattr(self, name) for name in names}
        state |= {"unit": -1, "_panels": panels, "_panel": {}}
        return super().page_state() | {name: for_json(value) for name, value in state.items()}

    # -- requests of the page

    def _answer(self, widget: Any, content: Any, buffers: Any) -> None:
        handlers = {"draw": self._draw, "erase": self._erase, "attribute": self._attribute}
        handler = handlers.get(content.get("type"))
        if handler is None:
            super()._answer(widget, content, buffers)
            return

        def work() -> None:
            self._report_errors(lambda: handler(content, buffers))
            self.send({"type": "answered"})

        on_main_thread(work)

    def _draw(self, content: Mapping[str, Any], buffers: Any) -> None:
        import keras

        side = int(content["side"])
        ink = np.frombuffer(buffers[0], np.uint8).reshape(side, side)
        samples = np.asarray(arrays_in(self._batch.x)[0])
        low, high = float(np.nanmin(samples)), float(np.nanmax(samples))
        sample = sample_of(ink, samples[0], low, high)[None]
        x = keras.tree.map_structure(
            lambda array: None if array is None else sample, self._batch.x
        )
        self._drawing = self._batch.with_samples(x)
        if self.sample == DRAWING:
            self._show_all()
        else:
            self.sample = DRAWING

    def _erase(self, _content: Mapping[str, Any], _buffers: Any) -> None:
        if self.sample == DRAWING:
            self.sample = 0
        self._drawing = None

    def _attribute(self, content: Mapping[str, Any], _buffers: Any) -> None:
        target = content.get("target")
        attribution = compute_attribution(
            self._batch.model,
            self._shown_input(),
            str(content["method"]),
            None if target is None else int(target),
            content.get("layer") or None,
            lambda done, total: self.send({"type": "progress", "done": done, "total": total}),
        )
        options = {key: value for key, value in self._attribution.items() if key != "shown"}
        data = attribution_data(attribution, self._shown_source().image)
        self._attribution = options | {"shown": data}

    def _page_words(self) -> dict[str, Any]:
        quantities = [(name, _(words)) for name, words in QUANTITIES.items()]
        change = [("change", _("relative change"))] if self._change else []
        return (
            super()._page_words()
            | page_words()
            | {"quantities": [("", _("layer family")), *change, *quantities]}
        )

    # -- forms

    def to_text(self) -> str:
        """Returns the statistics of each call as a table."""
        return table.to_text(
            self._batch, self.graph, frozenset(self.opened), self._notes, self._change
        )

    def to_svg(self) -> str:
        """Returns the shown sample's path through the model as SVG."""
        source = self._shown_source()
        batch, sample = source.drawing or source.batch, source.sample
        outputs = outputs_of(batch, sample)
        return figures.to_svg(
            batch, self.graph, frozenset(self.opened), sample, source.image, outputs
        )

    def _writers(self) -> dict[str, Any]:
        writers = super()._writers()
        return {suffix: writers[suffix] for suffix in _SUFFIXES}

    def _offered_forms(self) -> list[dict[str, str]]:
        return [form for form in super()._offered_forms() if form["form"] in _SUFFIXES]

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        return data | {"image/svg+xml": self.to_svg()}, metadata
