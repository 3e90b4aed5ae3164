"""Watches a training run and lets it be steered: `lab.TrainingDashboard`."""

import contextlib
import functools
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras

from kfunc_lab.graph.keras.nodes import loss_weights_of
from kfunc_lab.locale import _
from kfunc_lab.training.dashboard.background import Background
from kfunc_lab.training.dashboard.controls import Controls
from kfunc_lab.training.dashboard.environment import (
    has_kernel,
    is_first_process,
    is_live,
    is_terminal,
    shell,
)
from kfunc_lab.training.dashboard.layer_colours import LayerColours
from kfunc_lab.training.dashboard.summary import summary_svg, summary_text
from kfunc_lab.training.dashboard.terminal import TerminalProgress
from kfunc_lab.training.dashboard.time_budget import TimeBudget
from kfunc_lab.training.dashboard.view import DashboardView
from kfunc_lab.training.measuring.best_weights import BestWeights
from kfunc_lab.training.measuring.distributions import percentiles_of
from kfunc_lab.training.measuring.measures import Measurer
from kfunc_lab.training.measuring.prediction_figures import ClassNames
from kfunc_lab.training.measuring.predictions import Predictor
from kfunc_lab.training.notices.find import find_notices
from kfunc_lab.training.notices.notice import Notice
from kfunc_lab.training.run_log import RunLog, numbers_of
from kfunc_lab.training.runs import export
from kfunc_lab.training.runs.run_description import about_run
from kfunc_lab.training.runs.run_writer import RunWriter
from kfunc_lab.training.runs.store import Run, Store, default_path
from kfunc_lab.training.states import FAILED, FINISHED, INTERRUPTED, PAUSED, RUNNING, STOPPED
from kfunc_lab.ui.files import save_as

# A screen is drawn at most so often, and may take at most such a share of the time.
_MOST_OFTEN = 0.1  # seconds
_SHARE = 0.004
_WAITING = 0.05  # seconds between two looks while paused
_SHARE_OF_MEASURES = 0.03
_SHARE_OF_WEIGHTS = 0.003  # where there is no probe
_SHARE_OF_PREDICTIONS = 0.01
# Within a long epoch the layers are measured so often.
_MEASURED_WITHIN = 20.0  # seconds


class TrainingDashboard(keras.callbacks.Callback):  # type: ignore[misc]
    """Shows a training run while it goes on, keeps it, and lets it be steered.

    It goes into `model.fit(..., callbacks=[dashboard])`, or runs the training itself with
    `dashboard.fit(model, ...)`. In JupyterLab its buttons stop the run, pause it, take one step
    and change the learning rate; without a page it draws nothing and leaves a summary. Training
    itself is not changed by being watched, and goes on whatever fails here.

    Args:
        name: What the run is called; by default the model's name.
        probe: Samples on which the layers are measured after an epoch: `(x, y)` or
            `(x, y, sample_weight)`, of which at most 64 are used. `dashboard.fit` takes the
            first of its own; without any only what the weights tell is measured. What a
            classifier takes for what is counted on at most 1,000 of them.
        class_names: What the classes are called, in the order of their numbers; where several
            outputs are classifiers, for each output by its name.
        keep: Whether the run is kept in the user's data folder; or the path of another file.

    Attributes:
        history: For each metric its value at the end of each epoch.
        measures: For each layer what was measured of it last.
        notices: What seems to go wrong, in words.
        problem: What failed in the dashboard itself, if anything did.

    Example:
        >>> import numpy as np
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="model")
        >>> model.compile("sgd", "mse")
        >>> dashboard = TrainingDashboard(keep=False)
        >>> _history = model.fit(np.zeros((8, 2)), np.zeros(8), epochs=2, verbose=0,
        ...                      callbacks=[dashboard])
        model: 2 epochs, finished
        epoch    loss
            1  0.0000
            2  0.0000
        Best epoch: 1 (loss 0.0000).
        >>> dashboard.history
        {'loss': [0.0, 0.0]}
    """

    def __init__(
        self,
        name: str = "",
        *,
        probe: Any = None,
        class_names: ClassNames = None,
        keep: bool | str | Path = True,
    ) -> None:
        super().__init__()
        self.problem: Exception | None = None
        self._name = name
        self._keep = keep
        self._probe = probe
        self._own_probe: Any = None  # the first samples of `fit`
        self._class_names = class_names
        self._background = Background()
        self._colours: list[LayerColours] = []
        self._reset()

    def _reset(self) -> None:
        self._log = RunLog()
        self._controls = Controls()
        self._batches: list[tuple[int, Mapping[str, Any] | None]] = []
        self._due = 0.0
        self._keeper: RunWriter | None = None
        self._run = ""
        self._is_watching = self._has_ended = False
        self._view: DashboardView | None = None
        self._end_of_cell: Callable[..., None] | None = None
        self._measurer: Measurer | None = None
        self._sparing = TimeBudget(_SHARE_OF_MEASURES)
        self._measured_at = 0  # batches that were done then
        self._predictor: Predictor | None = None
        self._sparing_predictions = TimeBudget(_SHARE_OF_PREDICTIONS)
        self._best = BestWeights()
        self._terminal: TerminalProgress | None = None
        self.problem = None

    @property
    def history(self) -> dict[str, list[float]]:
        """For each metric its value at the end of each epoch."""
        return self._log.lines()

    @property
    def measures(self) -> dict[str, dict[str, float]]:
        """For each layer what was measured of it last: norms, ratios and shares by name."""
        return self._log.measures

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What seems to go wrong in the run, the gravest first; each has `said` and `advice`."""
        return self._log.notices

    # -- running it

    def fit(self, model: Any, *args: Any, background: bool = False, **named: Any) -> Any:
        """Trains a model under this dashboard.

        Args:
            model: The model, compiled.
            *args: As in `model.fit`.
            background: Whether to train on another thread and return at once, so that the
                buttons work in every Jupyter.
            **named: As in `model.fit`; `verbose` is 0 unless it is given.

        Returns:
            What `model.fit` returns, also after an interrupt; with `background` nothing.

        Raises:
            RuntimeError: If this dashboard trains a model already.
            Exception: Whatever `model.fit` raises.
        """
        if self._background.is_running:
            raise RuntimeError(
                _(
                    "This dashboard is already training a model; wait for it to "
                    "finish, or stop it."
                )
            )
        named.setdefault("verbose", 0)
        named["callbacks"] = [*(named.get("callbacks") or []), self]
        if not background:
            return self._fit(model, args, named)
        self._reset()
        self._guarded(self._show)
        self._background.start(lambda: self._fit(model, args, named))
        return None

    def _fit(self, model: Any, args: Any, named: Any) -> Any:
        self._own_probe = first_samples(args, named)
        try:
            return model.fit(*args, **named)
        except KeyboardInterrupt:
            self._end(INTERRUPTED)
            return model.history
        except BaseException:
            self._end(FAILED)
            raise
        finally:
            self._own_probe = None

    def wait(self, seconds: float | None = None) -> bool:
        """Waits for a training in the background.

        Args:
            seconds: How long at most; by default to its end.

        Returns:
            Whether it has ended.
        """
        return self._background.wait(seconds)

    def result(self) -> Any:
        """Waits for a training in the background, and returns what `model.fit` returned.

        Raises:
            Exception: Whatever `model.fit` raised.
        """
        return self._background.result()

    # -- steering it

    def stop(self) -> None:
        """Ends the run after the batch that runs."""
        self._controls.stop()

    def pause(self) -> None:
        """Has the run wait after the batch that runs."""
        self._controls.pause()

    def resume(self) -> None:
        """Has a paused run go on."""
        self._controls.resume()

    def step(self) -> None:
        """Has a paused run do one batch more."""
        self._controls.step()

    def restore_best_weights(self) -> None:
        """Gives the model the weights of its best epoch: that of the least validation loss.

        Without validation it is the epoch of the least training loss.

        Raises:
            RuntimeError: If the model trains still, or no epoch has ended, or the model is too
                large to hold a second copy of its weights.
        """
        if self._log.state in (RUNNING, PAUSED) and self._best.best is not None:
            raise RuntimeError(_("The model is still training; stop it first."))
        if not self._best.are_kept:
            raise RuntimeError(
                _(
                    "No weights were saved: no epoch has ended yet, or the model is "
                    "larger than 1 GB."
                )
            )
        self._best.restore(self.model)

    def colour(self, view: Any, measure: str = "gradient_norm") -> None:
        """Colours a graph by a measure of its layers, now and whenever they are measured again.

        Args:
            view: What `lab.graph(model)` returned.
            measure: A name of `measures`, as `"gradient_norm"`, `"update_ratio"` or `"dead"`;
                by default the norm of the gradient.

        Raises:
            ValueError: If there is no such measure.

        Example:
            >>> import kfunc_lab as lab
            >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
            >>> dashboard = lab.TrainingDashboard()
            >>> dashboard.colour(lab.graph(model), "update_ratio")
        """
        colours = LayerColours(view, measure)
        self._colours.append(colours)
        colours.show(self._log)

    # -- forms

    def to_text(self) -> str:
        """Returns the run as text: a line for each epoch, notices, what is taken for what."""
        return summary_text(self._title, self._log, self._class_names)

    def to_svg(self) -> str:
        """Returns the run as SVG that follows the light or dark theme of its reader."""
        return summary_svg(self._log, self._class_names)

    def to_csv(self) -> str:
        """Returns all epochs as CSV, with what was measured of the layers."""
        return export.to_csv(self._as_run())

    def save(self, path: str | Path) -> Path:
        """Saves the run in the form that the file's name asks for.

        Args:
            path: A name that ends in `.svg`, `.csv` or `.txt`.

        Returns:
            The path of the file.

        Raises:
            ValueError: If the name has another ending.
            OSError: If the file cannot be written.
        """
        return save_as(
            path,
            {
                ".svg": lambda: self.to_svg().encode(),
                ".csv": lambda: self.to_csv().encode(),
                ".txt": lambda: (self.to_text() + "\n").encode(),
            },
        )

    def to_tensorboard(self, folder: str | Path) -> Path:
        """Writes the run as TensorBoard's event files.

        Args:
            folder: Where they are written; `tensorboard --logdir FOLDER` shows them.

        Returns:
            The folder.

        Raises:
            ImportError: If TensorFlow is not installed, whose writer is used.
            OSError: If the files cannot be written.
        """
        return export.to_tensorboard(self._as_run(), folder)

    @property
    def _title(self) -> str:
        return self._name or getattr(self.model, "name", "") or _("Training run")

    def _as_run(self) -> Run:
        measures: dict[tuple[str, str], dict[int, float]] = {}
        for epoch, numbers in self._log.measured.items():
            for key, value in numbers.items():
                measures.setdefault(key, {})[epoch] = value
        state, metrics = self._log.state, self._log.by_epoch
        return Run(self._run or "run", self._title, 0.0, None, state, {}, metrics, measures)

    # -- what Keras calls

    def on_train_begin(self, logs: Any = None) -> None:
        """Begins a run."""
        self._guarded(self._begin)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begins an epoch."""
        self._log.epoch, self._log.step = epoch, 0
        self._guarded(self._note_learning_rate)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Notes a batch. All else waits until it is due."""
        self._batches.append((batch, logs))
        if self._controls.is_due or time.perf_counter() >= self._due:
            self._guarded(self._attend)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Notes an epoch, and keeps it."""
        self._guarded(lambda: self._end_epoch(epoch, logs))

    def on_train_end(self, logs: Any = None) -> None:
        """Ends the run."""
        stopped = self._log.state == STOPPED
        self._end(STOPPED if stopped else FINISHED)

    # -- what it does

    def _guarded(self, work: Callable[[], None]) -> None:
        """Does what concerns the dashboard alone: what fails is said once, and training goes on."""
        try:
            work()
        except Exception as error:
            if self.problem is None:
                self.problem = error
                said = _("The dashboard failed ({reason}); training continues.")
                reason = f"{type(error).__name__}: {error}".splitlines()[0]
                with contextlib.suppress(OSError, ValueError):  # it may be closed
                    print(said.format(reason=reason), file=sys.stderr)

    def _begin(self) -> None:
        in_background = self._background.is_here
        if not in_background:
            self._reset()
        self._is_watching = is_first_process()
        self._log.epochs = int(self.params.get("epochs") or 0)
        self._log.steps = int(self.params.get("steps") or 0)
        if not self._is_watching:
            return
        if not in_background:
            self._guarded(self._show)
            self._guarded(self._follow_the_cell)
        if self._view is not None:
            view = self._view
            self._guarded(lambda: view.begin(self._title, self._log, in_background))
        elif is_terminal() and not self.params.get("verbose"):
            self._guarded(self._begin_on_a_terminal)
        self._guarded(self._begin_to_keep)
        self._guarded(self._begin_to_measure)

    def _begin_on_a_terminal(self) -> None:
        self._terminal = TerminalProgress(self._title)

    def _show(self) -> None:
        """Shows the view below the cell, where a page waits for it."""
        if has_kernel() and is_first_process():
            self._view = DashboardView(self._controls, self._class_names)
            if is_live():
                self._view.show()

    def _follow_the_cell(self) -> None:
        """Notes the end of a run whose cell ended without Keras saying so: by an error."""
        ipython = shell()
        if ipython is None:
            return

        def end_of_cell(result: Any = None) -> None:
            error = getattr(result, "error_in_exec", None)
            was_stopped = error is None or isinstance(error, KeyboardInterrupt)
            self._end(INTERRUPTED if was_stopped else FAILED)

        self._end_of_cell = end_of_cell
        ipython.events.register("post_run_cell", end_of_cell)

    def _begin_to_keep(self) -> None:
        path = default_path() if self._keep is True else self._keep
        if path:
            about: dict[str, Any] = {}  # a run is worth keeping though its model tells nothing
            self._guarded(lambda: about.update(about_run(self.model, self.params)))
            self._keeper = RunWriter(Store(path), self._title, about)
            self._run = self._keeper.run
            self._keeper.begin()

    def _begin_to_measure(self) -> None:
        probe = self._own_probe if self._probe is None else self._probe
        self._measurer = Measurer(self.model, probe)
        self._measurer.begin()
        self._sparing = TimeBudget(_SHARE_OF_WEIGHTS if probe is None else _SHARE_OF_MEASURES)
        if probe is not None:
            self._predictor = Predictor(self.model, probe)

    def _measure(self) -> dict[tuple[str, str], float]:
        """Measures the layers, if they can be."""
        if self._measurer is None:
            return {}
        with self._sparing.work():
            done = self._log.batches_done
            measured = self._measurer.measure(max(done - self._measured_at, 1))
            numbers = {**measured.numbers, **percentiles_of(measured)}
        self._measured_at = done
        self._log.measured[self._log.epoch] = numbers
        return numbers

    def _predict(self) -> None:
        """Counts what the model takes for what, as often as that takes a small share of time."""
        if self._predictor is not None:
            with self._sparing_predictions.work():
                self._log.confusions = self._predictor.predict()

    def _attend(self) -> None:
        """Does what was asked for, and draws what is new."""
        self._guarded(self._take_batches)
        if self._controls.is_due and self._log.state != STOPPED:
            self._obey()
        self._guarded(self._measure_within)
        begin = time.perf_counter()  # neither a pause nor what is measured puts the screen off
        try:
            if self._log.state != PAUSED:  # then it is drawn already
                self._draw()
        finally:
            took = time.perf_counter() - begin
            self._due = begin + took + max(_MOST_OFTEN, took / _SHARE)

    def _measure_within(self) -> None:
        """Measures within a long epoch."""
        is_due = self._sparing.is_due and self._sparing.seconds_since > _MEASURED_WITHIN
        if is_due and self._measure():
            self._log.notices = find_notices(self._log)
            self._colour()

    def _draw(self) -> None:
        """Draws the run where it is watched."""
        if not self._is_watching:
            return
        self._log.loss_weights = self._log.loss_weights or loss_weights_of(self.model)
        for watcher in (self._view, self._terminal):
            if watcher is not None:
                watcher.draw(self._log)

    def _take_batches(self) -> None:
        batches, self._batches = self._batches, []
        self._log.add_batches(batches)

    def _obey(self) -> None:
        is_new = True
        while True:
            asked = self._controls.take()
            if asked.learning_rate is not None:
                self._guarded(functools.partial(self._set_learning_rate, asked.learning_rate))
            if asked.stop:
                self._log.state = STOPPED
                self.model.stop_training = True
                return
            if not self._controls.is_paused:
                self._log.state = RUNNING
                return
            self._log.state = PAUSED
            if is_new or asked.learning_rate is not None:
                self._draw()
            if asked.step:
                return
            is_new = False
            self._controls.wait(_WAITING)

    def _set_learning_rate(self, value: float) -> None:
        try:
            self.model.optimizer.learning_rate = value
            self._note_learning_rate()
        except TypeError:  # a schedule decides
            said = _("A schedule sets the learning rate here, so you cannot change it.")
            if self._view is not None:
                self._view.say(said)

    def _note_learning_rate(self) -> None:
        rate = getattr(getattr(self.model, "optimizer", None), "learning_rate", None)
        if rate is not None:
            self._log.learning_rate[self._log.epoch] = numbers_of({"rate": rate})["rate"]

    def _end_epoch(self, epoch: int, logs: Any) -> None:
        # One by one: whatever fails, the epoch is noted and kept.
        self._guarded(self._take_batches)
        numbers = self._log.end_epoch(epoch, logs)
        self._guarded(self._note_learning_rate)
        if not self._is_watching:
            return
        if self._keeper is not None:
            self._keeper.note(epoch, numbers)
        measures: dict[tuple[str, str], float] = {}
        # As often as it takes a small share of the time, but after the first epoch in any case.
        if self._sparing.is_due or not self._log.measured:
            self._guarded(lambda: measures.update(self._measure()))
        self._guarded(lambda: self._judge(epoch, numbers))
        if self._sparing_predictions.is_due:
            self._guarded(self._predict)
        if self._controls.is_to_stop:  # now; after a batch of the next epoch it would be late
            self._guarded(self._obey)
        if time.perf_counter() >= self._due:
            self._guarded(self._attend)
        if measures:
            self._guarded(self._colour)
        if self._keeper is not None:
            keeper = self._keeper
            self._guarded(lambda: keeper.add(epoch, numbers, measures))

    def _colour(self) -> None:
        for colours in self._colours:
            colours.show(self._log)

    def _judge(self, epoch: int, numbers: Mapping[str, float]) -> None:
        """Looks what goes wrong, and whether this epoch is the best."""
        self._best.note(self.model, epoch, numbers)
        self._log.best = self._best.best
        self._log.notices = find_notices(self._log)

    def _end(self, state: str) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        self._guarded(self._take_batches)
        self._log.state = state
        if self._end_of_cell is not None:
            end_of_cell, self._end_of_cell = self._end_of_cell, None
            self._guarded(lambda: shell().events.unregister("post_run_cell", end_of_cell))
        if self._is_watching and state in (FINISHED, STOPPED):
            self._guarded(self._measure_the_last)
            self._guarded(self._predict)
        if self._keeper is not None:
            keeper = self._keeper
            self._guarded(lambda: keeper.end(state))
        if self._is_watching:
            self._guarded(self._leave_summary)

    def _measure_the_last(self) -> None:
        """Measures after the last epoch in any case, for what is left of the run."""
        last = next(reversed(self._log.by_epoch.get("loss", {})), None)
        if last is None or last in self._log.measured:
            return
        measures = self._measure()
        self._log.notices = find_notices(self._log)
        self._colour()
        if self._keeper is not None:
            numbers = {name: it[last] for name, it in self._log.by_epoch.items() if last in it}
            self._keeper.add(last, numbers, measures)

    def _leave_summary(self) -> None:
        if self._terminal is not None:
            self._terminal.end()
        if self._view is not None:
            self._view.end(self._log)
        else:
            print(self.to_text())


def first_samples(args: Any, named: Mapping[str, Any]) -> Any:
    """Returns the `x`, `y` and `sample_weight` that `fit` was given, if they are arrays."""
    x = args[0] if args else named.get("x")
    y = args[1] if len(args) > 1 else named.get("y")
    weights = named.get("sample_weight")
    probe = (x, y) if weights is None else (x, y, weights)
    if y is None or not all(hasattr(it, "shape") for it in keras.tree.flatten(probe)):
        return None
    return probe
