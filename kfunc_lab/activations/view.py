"""Shows what flows through each call of a model: `lab.activations`."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import traitlets

from kfunc_lab.activations import figures, table
from kfunc_lab.activations.attribution.panel import attributed, offered, shown
from kfunc_lab.activations.comparison import changes, paired
from kfunc_lab.activations.inputs_and_outputs import (
    answers_of,
    image_of_sample,
    inputs_of,
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
from kfunc_lab.activations.pictures import MOST_NUMBERS
from kfunc_lab.activations.progress import Progress
from kfunc_lab.activations.sketch import picture_shape, sample_of
from kfunc_lab.forward.batch import BatchActivations, run
from kfunc_lab.forward.samples import as_image, count_non_finite
from kfunc_lab.forward.values import Values
from kfunc_lab.graph.model.folding import Fold
from kfunc_lab.graph.view.graph_view import GraphView, no_garbage_collection
from kfunc_lab.locale import _
from kfunc_lab.ui.colour_scale import DIVERGING, SEQUENTIAL
from kfunc_lab.ui.main_thread import on_main_thread

_HERE = Path(__file__).parent / "page"
_EXPORT = "export default { render };"

# A saved page holds at most so many numbers in all.
_NUMBERS_OF_A_PAGE = 1_500_000

# In the place of a sample's number: what is drawn on the page.
DRAWN = -1


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
    """Shows what flows through each call of a model, in one forward pass.

    Args:
        model: A built model or layer. It stays as it is.
        x: What it is called on: an array, or a list, tuple or dict of arrays, the batch first.
        training: Whether it is called as in training, with dropout and statistics of the batch.
        layers: The only layers or calls to record, by name; by default all.
        limit: The memory that activations may take, in MB. Above it statistics and small
            pictures are kept, and what is looked at is computed again.
        dtype: The type in which numbers are kept, as `"float16"`; by default their own.
        fold: As in `lab.graph`.

    Returns:
        A view: a widget in a notebook, a picture where there is no kernel, a table as text.
        `view.values["conv2d"]` are a call's activations as an array.

    Raises:
        TypeError: If `model` is no Keras model or layer, or `x` holds no numbers that fit it.
        ValueError: If the model is not built, `x` is empty or of another shape than its input,
            or nothing has a name in `layers` or `fold`.
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
    flow = run(
        model,
        x,
        training=training,
        layers=layers,
        dtype=dtype,
        limit=int(limit * 1e6),
        progress=Progress(),
    )
    with no_garbage_collection():
        return ActivationView(flow, fold=fold)


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
        values: The results of each call, by its id.
        selected: As in `GraphView`: the call whose activations are shown.
        sample: The number of the sample that is shown. Can be set and observed.
        unit: The number of the map, head or unit that is looked at; -1 for none.
        picture: How the selected call is shown, as `"maps"`, `"bars"`, `"heatmap"`, `"sequence"`
            or `"projection"`; empty for what suits it best.
    """

    _esm = GraphView._esm.replace(
        _EXPORT,
        "\n".join(
            (_HERE / name).read_text("utf-8")
            for name in (
                "figures.js",
                "tiles.js",
                "bars.js",
                "charts.js",
                "overlay.js",
                "pad.js",
                "controls.js",
                "attribution.js",
                "view.js",
            )
        ),
    )
    _css = GraphView._css + "".join(
        (_HERE / name).read_text("utf-8") for name in ("figures.css", "view.css")
    )

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
        flow: BatchActivations,
        *,
        fold: Fold = None,
        earlier: BatchActivations | None = None,
        pairs: Mapping[str, str] | None = None,
    ) -> None:
        self._flow = flow
        self._earlier = earlier
        self._pairs = pairs
        self._change = changes(flow, earlier, pairs) if earlier and pairs is not None else {}
        self._drawn: BatchActivations | None = None
        self._ready = False
        super().__init__(
            flow.graph,
            fold=fold,
            heading=heading(flow),
            remarks=notes_of(flow, count_non_finite(flow.x)),
            source=flow.model,
        )
        self._colours = {"sequential": SEQUENTIAL, "diverging": DIVERGING}
        self._attribution = offered(flow.model)
        self._ready = True
        self._row = self._page_row()
        self._show_all()
        if self._change:
            self._quantity = "change"

    # -- what Python asks

    @property
    def values(self) -> Values:
        """The results of each call, by its id: an array, or a nest of arrays as the call gave."""
        return self._flow.values

    def statistics(self, name: str) -> Any:
        """Returns the statistics of the first result of a call, over all samples.

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
        return self._flow.statistics(self.values.named(name))

    def compare(self, earlier: "ActivationView") -> "ActivationView":
        """Shows these activations beside earlier ones: before and after training, for example.

        Args:
            earlier: The view of the same samples, of this model or of one with equal layers in
                the same order.

        Returns:
            A view with both and their difference; the graph is coloured by how much each call
            changed.

        Raises:
            ValueError: If the models or the samples differ.

        Example:
            >>> import keras
            >>> x = keras.Input((3,), name="x")
            >>> model = keras.Model(x, keras.layers.Dense(2, name="dense")(x))
            >>> before = activations(model, np.ones((2, 3)))
            >>> model.set_weights([2 * it for it in model.get_weights()])
            >>> compared = activations(model, np.ones((2, 3))).compare(before)
            >>> round(compared.change["dense"], 3)
            1.0
        """
        pairs = paired(self._flow, earlier._flow)
        return ActivationView(self._flow, earlier=earlier._flow, pairs=pairs)

    @property
    def change(self) -> Mapping[str, float]:
        """For each call the norm of its change over the earlier norm; empty without `compare`."""
        return dict(self._change)

    def attribute(
        self, method: str = "grad_cam", *, target: int | None = None, layer: str | None = None
    ) -> Any:
        """Says which parts of the shown sample speak for a class.

        Args:
            method: `"grad_cam"`, `"integrated_gradients"` or `"occlusion"`.
            target: The number of the class; by default the one that the model gives.
            layer: For Grad-CAM the layer whose maps are weighed; by default the last one that
                has maps.

        Returns:
            An `Attribution`; its `heat` has the size of the image. The view shows it too.

        Raises:
            ValueError: If the model does not suit it, or there is no such class or layer.

        Example:
            >>> import keras
            >>> image = keras.Input((8, 8, 1))
            >>> x = keras.layers.Conv2D(2, 3, activation="relu", name="conv")(image)
            >>> x = keras.layers.Dense(3)(keras.layers.Flatten()(x))
            >>> view = activations(keras.Model(image, x), np.ones((1, 8, 8, 1)))
            >>> view.attribute("grad_cam", target=1).heat.shape
            (8, 8)
        """
        source = self._now_shown()
        made = attributed(self._flow.model, self._sample_shown(), method, target, layer)
        self._attribution = self._attribution | {"shown": shown(made, source.image)}
        return made

    # -- what is shown

    def _now_shown(self) -> Source:
        drawn = self._drawn if self.sample == DRAWN else None
        flow, sample = (drawn, 0) if drawn is not None else (self._flow, max(self.sample, 0))
        return Source(
            flow=self._flow,
            drawn=drawn,
            sample=sample,
            image=image_of_sample(flow, sample),
            tokens=tokens_of(flow, sample),
            earlier=self._earlier,
            pairs=self._pairs,
            change=self._change,
        )

    def _sample_shown(self) -> Any:
        """Returns the one input of the sample that is shown, without the batch."""
        import keras

        source = self._now_shown()
        flow = source.drawn or source.flow
        return np.asarray(keras.tree.flatten(flow.x)[0][source.sample])

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
    def _known_sample(self, proposal: Any) -> int:
        sample: int = proposal["value"]
        if not DRAWN <= sample < self._flow.samples or (sample == DRAWN and not self._drawn):
            raise traitlets.TraitError(
                _("There is no sample {n}; samples are numbered from 0 to {last}.").format(
                    n=sample, last=self._flow.samples - 1
                )
            )
        return sample

    @traitlets.observe("selected")
    def _show_other(self, change: Any) -> None:
        if not self._ready:
            return
        # What was chosen of the call before says nothing of this one.
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
            values = {item: it for item, it in self._change.items() if item in known}
            words = _("relative change")
        elif name in QUANTITIES:
            values, words = self._quantities(name), _(QUANTITIES[name])
        else:
            values, words = {}, ""
        self.colour_by(values, words)

    def _quantities(self, name: str) -> dict[str, float]:
        return {
            item: quantity(self._flow.statistics(call.id), name)
            for item, call in calls_by_item(self._flow).items()
            if call.item == item and call.tensors
        }

    def _show(self, show: Any) -> None:
        # Without all values the model may be called, which only the main thread should do.
        if self._flow.recording.complete:
            show()
        else:
            on_main_thread(lambda: self._guarded(show))

    def _guarded(self, work: Any) -> None:
        """Does what the page asked for; what goes wrong is said there."""
        try:
            work()
        except Exception as error:
            self.send({"type": "refused", "words": str(error)})

    def _show_panel(self) -> None:
        self._panel = panel_data(self._now_shown(), self._choice())

    def _show_all(self) -> None:
        with self.hold_sync():
            self._band = self._page_band()
            if not self._row["first"] <= max(self.sample, 0) < self._row["last"]:
                self._row = self._page_row()
            self._cards = cards_data(self._now_shown().drawn or self._flow, self._at())
            self._show_panel()

    def _at(self) -> int:
        return max(self.sample, 0)

    # -- what the page gets

    def _page_band(self) -> dict[str, Any]:
        source = self._now_shown()
        flow, sample = source.drawn or source.flow, source.sample
        return {
            "image": image_data(source.image) if source.image is not None else None,
            "inputs": []
            if source.image is not None
            else [(name, thumbnail_data(small)) for name, small in inputs_of(flow, sample)],
            "outputs": [(name, bars_data(bars)) for name, bars in answers_of(flow, sample)],
            "pad": self._pad(),
        }

    def _pad(self) -> int:
        """Returns the side of the pad to draw on; 0 where the model takes no such picture."""
        import keras

        leaves = keras.tree.flatten(self._flow.x)
        if len(leaves) != 1 or as_image(np.asarray(leaves[0][0])) is None:
            return 0
        rows, columns, _channels = picture_shape(np.asarray(leaves[0][0]))
        return rows * max(round(112 / rows), 1) if rows == columns else 0

    def _page_row(self) -> dict[str, Any]:
        first = self._at() // SAMPLES_AT_ONCE * SAMPLES_AT_ONCE
        last = min(first + SAMPLES_AT_ONCE, self._flow.samples)
        images = [image_of_sample(self._flow, it) for it in range(first, last)]
        return {
            "samples": self._flow.samples,
            "first": first,
            "last": last,
            "images": [small_image_data(it) if it is not None else None for it in images],
        }

    def page_state(self) -> dict[str, Any]:
        """Returns all that the page needs to show the view without a kernel."""
        source = self._now_shown()
        items = [*self.graph.call_of, *self.graph.group_of]
        most = min(_NUMBERS_OF_A_PAGE // max(len(items), 1), MOST_NUMBERS)
        panels = [(item, panel_data(source, Choice(item=item), most)) for item in items]
        kept = ("sample", "_cards", "_band", "_row", "_colours", "_attribution")
        state = {name: getattr(self, name) for name in kept}
        state |= {"unit": -1, "_panels": panels, "_panel": {}}
        return super().page_state() | {name: for_json(it) for name, it in state.items()}

    # -- the page asks

    def _answer(self, widget: Any, content: Any, buffers: Any) -> None:
        asked = {"draw": self._draw, "erase": self._erase, "attribute": self._attribute}
        answer = asked.get(content.get("type"))
        if answer is None:
            super()._answer(widget, content, buffers)
            return

        def work() -> None:
            self._guarded(lambda: answer(content, buffers))
            self.send({"type": "answered"})

        on_main_thread(work)

    def _draw(self, content: Mapping[str, Any], buffers: Any) -> None:
        import keras

        side = int(content["side"])
        ink = np.frombuffer(buffers[0], np.uint8).reshape(side, side)
        batch = np.asarray(keras.tree.flatten(self._flow.x)[0])
        low, high = float(np.nanmin(batch)), float(np.nanmax(batch))
        sample = sample_of(ink, batch[0], low, high)[None]
        x = keras.tree.map_structure(lambda _it: sample, self._flow.x)
        self._drawn = self._flow.with_samples(x)
        if self.sample == DRAWN:
            self._show_all()
        else:
            self.sample = DRAWN

    def _erase(self, _content: Mapping[str, Any], _buffers: Any) -> None:
        if self.sample == DRAWN:
            self.sample = 0
        self._drawn = None

    def _attribute(self, content: Mapping[str, Any], _buffers: Any) -> None:
        target = content.get("target")
        made = attributed(
            self._flow.model,
            self._sample_shown(),
            str(content["method"]),
            None if target is None else int(target),
            content.get("layer") or None,
            lambda done, total: self.send({"type": "progress", "done": done, "total": total}),
        )
        offered_ = {key: it for key, it in self._attribution.items() if key != "shown"}
        self._attribution = offered_ | {"shown": shown(made, self._now_shown().image)}

    def _page_words(self) -> dict[str, Any]:
        named = [(name, _(words)) for name, words in QUANTITIES.items()]
        compared = [("change", _("relative change"))] if self._change else []
        return (
            super()._page_words()
            | page_words()
            | {"quantities": [("", _("layer family")), *compared, *named]}
        )

    # -- forms

    def to_text(self) -> str:
        """Returns what there is to tell of each call as a table."""
        return table.to_text(self._flow, frozenset(self.opened), self._notes, self._change)

    def to_svg(self) -> str:
        """Returns the way of the shown sample through the model as SVG."""
        source = self._now_shown()
        flow, sample = source.drawn or source.flow, source.sample
        answers = answers_of(flow, sample)
        return figures.to_svg(flow, frozenset(self.opened), sample, source.image, answers)

    def _writers(self) -> dict[str, Any]:
        kept = super()._writers()
        return {ending: kept[ending] for ending in (".svg", ".html", ".txt")}

    def _offered_forms(self) -> list[tuple[str, str]]:
        offered_ = super()._offered_forms()
        return [it for it in offered_ if it[0] in (".svg", ".html", ".txt")]

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        return data | {"image/svg+xml": self.to_svg()}, metadata
