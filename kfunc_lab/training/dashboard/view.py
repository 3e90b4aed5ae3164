"""The dashboard's widget, which draws a training run and leaves a summary in the notebook."""

import contextlib
import json
import math
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
import traitlets

from kfunc_lab.locale import _
from kfunc_lab.training.dashboard.controls import Controls
from kfunc_lab.training.dashboard.environment import receive_while_running
from kfunc_lab.training.dashboard.layer_data import final_layer_data, layer_data
from kfunc_lab.training.dashboard.summary import best_words, summary_svg, summary_text, titled
from kfunc_lab.training.downsampled_line import DownsampledLine
from kfunc_lab.training.measuring import prediction_figures
from kfunc_lab.training.measuring.distributions import epochs_drawn
from kfunc_lab.training.measuring.prediction_figures import ClassNames
from kfunc_lab.training.run_log import RunLog
from kfunc_lab.training.states import state_words
from kfunc_lab.ui.assets import BUNDLES
from kfunc_lab.ui.text import printable
from kfunc_lab.ui.view import View

# The limit on the data in one update of the screen; the rest follows with the next update. The
# progress and the notices fit into the rest of 40 kB.
_MAX_BYTES = 32_000


class DashboardView(View):
    """The curves of a run, its progress, and the buttons that control it."""

    _esm = BUNDLES / "dashboard.js"
    _css = BUNDLES / "dashboard.css"

    _words: Any = traitlets.Dict().tag(sync=True)
    _state: Any = traitlets.Dict().tag(sync=True)
    _final: Any = traitlets.Dict().tag(sync=True)

    def __init__(self, controls: Controls, class_names: ClassNames = None) -> None:
        super().__init__(_words=_words())
        self._class_names = class_names
        self._controls = controls
        self._name = ""
        self._log = RunLog()
        self._reset_page()
        self._is_shown = self._is_drawing = False
        self._sending = threading.Lock()  # the page's messages arrive on another thread
        self._handle: Any = None
        self._pages: set[str] = set()
        self._problem: Exception | None = None  # an error that IPython would hide
        self.on_msg(self._answer)

    # -- called by the dashboard

    def show(self) -> None:
        """Shows the widget below the running cell."""
        from IPython.display import display

        receive_while_running(self)
        self._handle = display(self, display_id=True)  # type: ignore[no-untyped-call]
        self._is_shown = True

    def begin(self, name: str, log: RunLog, in_background: bool) -> None:
        """Starts to draw a run."""
        self._name = printable(name)
        self._log = log
        self._reset_page()
        self._state = {"title": self._name, "steerable": in_background}

    def draw(self, log: RunLog) -> None:
        """Sends new data to the page, if there is one."""
        self._log = log
        if self._is_drawing:
            with self._sending:
                content, buffers = self._new_data(log)
                self.send({"type": "more", "progress": progress(log), **content}, buffers)

    def say(self, words: str) -> None:
        """Shows on the page why a request cannot be carried out."""
        self.send({"type": "problem", "words": words})

    def end(self, log: RunLog) -> None:
        """Draws the end of a run, and leaves its summary in the notebook."""
        from IPython.display import display

        self._log = log
        try:
            self._final = {  # all data, including what the page already has
                "lines": self._all_lines(log),
                "progress": progress(log),
                "layers": final_layer_data(log) if log.measures_by_epoch else None,
                "predictions": self._predictions(log),
            }
        finally:  # whatever failed, the run has ended and leaves its text
            self._state = self._state | {"ended": True}
            if self._handle is not None:
                self._handle.update(self)
            elif not self._is_shown:
                display(self)  # type: ignore[no-untyped-call]
            self._is_shown = True
        if self._problem is not None:
            raise self._problem

    # -- lines

    def _lines(self, log: RunLog) -> dict[str, Any]:
        weights = log.loss_weights
        lines: dict[str, Any] = {
            f"batch/{titled(name, weights)}": line for name, line in log.batches.items()
        }
        for name, values in log.by_epoch.items():
            line = DownsampledLine([epoch + 1 for epoch in values], list(values.values()))
            lines[f"epoch/{titled(name, weights)}"] = line
        return lines

    def _all_lines(self, log: RunLog) -> list[dict[str, Any]]:
        return [
            {"name": name, "first": 0, "points": np.array([line.x, line.y], "<f4").tobytes()}
            for name, line in self._lines(log).items()
        ]

    # -- the data that the page does not have yet

    def _reset_page(self) -> None:
        """Forgets what was sent, because a new page has no data yet."""
        self._sent: dict[str, tuple[int, int]] = {}  # points of each line, and their resolution
        self._sent_epochs: dict[int, Any] = {}  # the measures whose distributions were sent
        self._sent_predictions: Any = ()
        self._picture, self._is_begun = "", False  # the part that was not sent yet

    def _new_data(self, log: RunLog) -> tuple[dict[str, Any], list[bytes]]:
        """Returns as much new data as fits into one message; the rest waits."""
        lines, buffers = self._new_lines(log)
        content: dict[str, Any] = {"lines": lines}
        size = sum(map(len, buffers))
        epochs = self._epochs_to_send(log)
        if epochs:
            # As many epochs as fit, but at least one if there are no lines.
            table, spread = layer_data(log, epochs[:1])
            room = _MAX_BYTES - size - len(str(table).encode())
            count = max(room // max(len(spread), 1), 0 if size else 1)
            if count:
                sent = epochs[:count]
                content["layers"], spread = layer_data(log, sent)
                self._sent_epochs |= {epoch: log.measures_by_epoch[epoch] for epoch in sent}
                buffers.append(spread)
                size += len(spread) + len(str(table).encode())
        if self._sent_predictions is not log.confusions and not self._picture:
            self._picture = self._predictions(log)
            self._sent_predictions = log.confusions
        if self._picture and size < _MAX_BYTES:
            # A character that is not ASCII takes several bytes in a message.
            part, rest = _split(self._picture, _MAX_BYTES - size)
            first, self._is_begun = not self._is_begun, bool(rest)
            self._picture = rest
            content["predictions"] = {"part": part, "first": first, "more": bool(rest)}
        return content, buffers

    def _epochs_to_send(self, log: RunLog) -> list[int]:
        measures = log.measures_by_epoch
        drawn = epochs_drawn(list(measures))
        return [epoch for epoch in drawn if self._sent_epochs.get(epoch) is not measures[epoch]]

    def _predictions(self, log: RunLog) -> str:
        if not log.confusions:
            return ""
        return prediction_figures.to_svg(log.confusions, self._class_names)

    def _new_lines(self, log: RunLog) -> tuple[list[dict[str, Any]], list[bytes]]:
        """Returns as many new points of lines as fit into one message."""
        lines, buffers, size = [], [], 0
        for name, line in self._lines(log).items():
            sent, resolution = self._sent.get(name, (0, line.numbers_per_point))
            first = sent if resolution == line.numbers_per_point else 0
            if len(line.y) == first and resolution == line.numbers_per_point:
                continue
            points = np.array([line.x[first:], line.y[first:]], "<f4").tobytes()
            if size and size + len(points) > _MAX_BYTES:
                continue
            size += len(points)
            lines.append({"name": name, "first": first})
            buffers.append(points)
            self._sent[name] = (len(line.y), line.numbers_per_point)
        return lines, buffers

    # -- requests of the page

    def _answer(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        handlers = {
            "stop": self._controls.stop,
            "pause": self._controls.pause,
            "resume": self._controls.resume,
            "step": self._controls.step,
        }
        if content.get("type") == "rate":
            value = float(content["value"])
            if math.isfinite(value) and value > 0:
                self._controls.set_learning_rate(value)
        elif content.get("type") == "hello":
            self._hello(str(content.get("page")))
        elif content.get("type") in handlers:
            handlers[content["type"]]()

    def _hello(self, page: str) -> None:
        """Sends all data to a new page, which also shows it that its buttons work."""
        if page in self._pages:  # a page repeats its message until it gets an answer
            return
        self._pages.add(page)
        self._is_drawing = True
        with self._sending:
            self._reset_page()
        if not self._state.get("ended"):
            self._state = self._state | {"steerable": True}
        with contextlib.suppress(Exception):  # the training thread meets and reports it too
            self.draw(self._log)

    # -- forms

    def to_text(self) -> str:
        """Returns the run as text: a line for each epoch, the notices and the confusions."""
        return summary_text(self._name, self._log, self._class_names)

    def to_svg(self) -> str:
        """Returns the run as SVG that follows the reader's light or dark theme."""
        return summary_svg(self._log, self._class_names)

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        if not self._is_shown and self._handle is None and self._state.get("ended"):
            data.pop("application/vnd.jupyter.widget-view+json", None)  # no page shows it
        if self._log.by_epoch:
            try:
                data["image/svg+xml"] = self.to_svg()
            except Exception as error:  # IPython would show it instead of the text
                self._problem = error
        return data | {"text/plain": self.to_text()}, metadata


def _split(text: str, room: int) -> tuple[str, str]:
    """Splits a text so that the first part takes at most `room` bytes in JSON."""
    room = max(room, 1000)
    part = text[:room]
    while len(json.dumps(part)) > room:
        part = part[: len(part) * 9 // 10]
    return part, text[len(part) :]


def progress(log: RunLog) -> dict[str, Any]:
    """Converts the progress of a run to plain data."""
    epochs = log.epochs or 0
    return {
        "epoch": min(log.epoch + 1, epochs or log.epoch + 1),
        "epochs": epochs,
        "step": log.step,
        "steps": log.steps,
        "rate": log.rate if math.isfinite(log.rate) else None,
        "left": log.seconds_left if math.isfinite(log.seconds_left) else None,
        "state": log.state,
        "words": state_words(log.state),
        "best": best_words(log.best) if log.best is not None else "",
        "notices": [
            {"kind": notice.kind, "said": notice.said, "advice": notice.advice}
            for notice in log.notices
        ],
        "learningRate": next(reversed(log.learning_rate.values()), None),
    }


def _words() -> dict[str, Any]:
    return {
        "layers": _("Layers after the last measured epoch"),
        "layer": _("layer"),
        "weights": _("weights"),
        "results": _("results"),
        "spread": _(
            "Half of the values lie in the dark band and nine in ten in the light band."
        ),
        "choose_layer": _("Show the distributions of {layer}"),
        "whole": _("Click a layer to see its distributions in full."),
        "run": _("Training run"),
        "progress": _("Progress"),
        "pause": _("Pause"),
        "resume": _("Resume"),
        "one_step": _("One step"),
        "stop": _("Stop"),
        "learning_rate": _("learning rate"),
        "slower": _("Halve the learning rate"),
        "faster": _("Double the learning rate"),
        "epoch": _("epoch {n} of {total}"),
        "epoch_of_many": _("epoch {n}"),
        "step": _("batch {n} of {total}"),
        "step_of_many": _("batch {n}"),
        "rate": _("{n} batches/s"),
        "left": _("{time} left"),
        "training": _("training"),
        "validation": _("validation"),
        "batch": _("since the epoch began"),
        "empty": _("The curves appear with the first batches."),
        "deaf": _(
            "Here the buttons only take effect after the cell has ended. With "
            "dashboard.fit(model, …, background=True) they work at once; the interrupt button "
            "ends the run cleanly."
        ),
    }
