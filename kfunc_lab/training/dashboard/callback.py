"""Shows a training run while it runs, stores it and controls it: `lab.TrainingDashboard`."""

import contextlib
import functools
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import keras

from kfunc_lab.graph.keras.nodes import loss_weights_of
from kfunc_lab.graph.keras.reader import Reading, read
from kfunc_lab.locale import _
from kfunc_lab.training.dashboard.background import run_in_background
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
from kfunc_lab.training.runs.run_description import describe_run
from kfunc_lab.training.runs.run_writer import RunWriter
from kfunc_lab.training.runs.store import Run, Store, default_path
from kfunc_lab.training.states import FAILED, FINISHED, INTERRUPTED, PAUSED, RUNNING, STOPPED
from kfunc_lab.ui.files import save_as

# The shortest time between two updates of the screen, and their share of the time.
_DRAW_INTERVAL = 0.1  # seconds
_DRAW_SHARE = 0.004
_PAUSE_INTERVAL = 0.05  # seconds between two checks of the buttons during a pause
# The shares of the time for measuring and predicting.
_MEASURE_SHARE = 0.03
_WEIGHT_SHARE = 0.003  # without a probe
_PREDICTION_SHARE = 0.01
# The time between two measurements within a long epoch.
_MEASURE_INTERVAL = 20.0  # seconds


class TrainingDashboard(keras.callbacks.Callback):  # type: ignore[misc]
    """Shows a training run while it runs, stores it, and controls it.

    Pass it to `model.fit(..., callbacks=[dashboard])`, or let it run the training with
    `dashboard.fit(model, ...)`. In JupyterLab its buttons stop the run, pause it, take one step
    and change the learning rate; without a page it draws nothing and prints a summary. The
    dashboard does not change the training, which continues even if the dashboard fails.

    Args:
        name: The name of the run; by default the model's name.
        probe: Samples on which to measure the layers after an epoch: `(x, y)` or
            `(x, y, sample_weight)`, of which at most 64 are used. By default, `dashboard.fit`
            takes the first samples of its own data; without any, only the weights are measured.
            The confusion matrix of a classifier uses at most 1,000 samples.
        class_names: The names of the classes, in the order of their numbers; if several outputs
            are classifiers, a dict with the names for each output.
        keep: Whether to store the run in the user's data folder; or the path of another file.

    Attributes:
        history: For each metric its value at the end of each epoch.
        measures: For each layer its last measurements.
        notices: What seems to go wrong, in sentences.
        problem: The first exception in the dashboard itself, if there was one.

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
        self._fit_probe: Any = None  # the samples of `fit`
        self._class_names = class_names
        self._training: Future[Any] | None = None  # the training in the background
        self._training_thread: threading.Thread | None = None
        self._colours: list[LayerColours] = []
        self._reset()

    def _reset(self) -> None:
        self._log = RunLog()
        self._controls = Controls()
        self._batches: list[tuple[int, Mapping[str, Any] | None]] = []
        self._next_draw = 0.0
        self._is_stepping = False
        self._writer: RunWriter | None = None
        self._run = ""
        self._is_active = self._has_ended = False
        self._view: DashboardView | None = None
        self._end_of_cell: Callable[..., None] | None = None
        self._reading: Reading | None = None
        self._measurer: Measurer | None = None
        self._measure_budget = TimeBudget(_MEASURE_SHARE)
        self._batches_at_measure = 0  # the number of finished batches
        self._predictor: Predictor | None = None
        self._prediction_budget = TimeBudget(_PREDICTION_SHARE)
        self._best = BestWeights()
        self._terminal: TerminalProgress | None = None
        self.problem = None

    @property
    def history(self) -> dict[str, list[float]]:
        """For each metric its value at the end of each epoch."""
        return self._log.lines()

    @property
    def measures(self) -> dict[str, dict[str, float]]:
        """For each layer its last measurements: norms, ratios and shares by name."""
        return self._log.measures

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The notices, with the most serious first; each has the text `said` and `advice`."""
        return self._log.notices

    # -- running the training

    def fit(self, model: Any, *args: Any, background: bool = False, **named: Any) -> Any:
        """Trains a model with this dashboard.

        Args:
            model: The compiled model.
            *args: As in `model.fit`.
            background: Whether to train on another thread and return at once, so that the
                buttons work in every Jupyter front end.
            **named: As in `model.fit`; `verbose` is 0 by default.

        Returns:
            The result of `model.fit`, even after an interrupt; `None` with `background`.

        Raises:
            RuntimeError: If this dashboard is already training a model.
            Exception: Whatever `model.fit` raises.
        """
        if self._training is not None and not self._training.done():
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
        self._training = run_in_background(lambda: self._fit_in_thread(model, args, named))
        return None

    def _fit_in_thread(self, model: Any, args: Any, named: Any) -> Any:
        self._training_thread = threading.current_thread()
        return self._fit(model, args, named)

    def _fit(self, model: Any, args: Any, named: Any) -> Any:
        self._fit_probe = probe_of_fit(args, named)
        try:
            return model.fit(*args, **named)
        except KeyboardInterrupt:
            self._end(INTERRUPTED)
            return model.history
        except BaseException:
            self._end(FAILED)
            raise
        finally:
            self._fit_probe = None

    def wait(self, seconds: float | None = None) -> bool:
        """Waits for the training in the background to end.

        Args:
            seconds: The longest time to wait; by default there is no limit.

        Returns:
            Whether it has ended.
        """
        return self._training is None or not wait([self._training], seconds).not_done

    def result(self) -> Any:
        """Waits for the training in the background, and returns the result of `model.fit`.

        Raises:
            Exception: Whatever `model.fit` raised.
        """
        return None if self._training is None else self._training.result()

    # -- controlling the training

    def stop(self) -> None:
        """Ends the run after the current batch."""
        self._controls.stop()

    def pause(self) -> None:
        """Pauses the run after the current batch."""
        self._controls.pause()

    def resume(self) -> None:
        """Resumes a paused run."""
        self._controls.resume()

    def step(self) -> None:
        """Trains a paused run on one more batch."""
        self._controls.step()

    def restore_best_weights(self) -> None:
        """Restores the weights of the best epoch: the one with the lowest validation loss.

        Without validation, it is the epoch with the lowest training loss.

        Raises:
            RuntimeError: If the model is still training, no epoch has ended, or the model is too
                large for a second copy of its weights.
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
        """Colours a graph by a measure of its layers, now and after each measurement.

        Args:
            view: The view that `lab.graph(model)` returned.
            measure: A name in `measures`, such as `"gradient_norm"`, `"update_ratio"` or
                `"dead"`; by default the norm of the gradient.

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
        """Returns the run as text: a line for each epoch, the notices and the confusions."""
        return summary_text(self._title, self._log, self._class_names)

    def to_svg(self) -> str:
        """Returns the run as SVG that follows the reader's light or dark theme."""
        return summary_svg(self._log, self._class_names)

    def to_csv(self) -> str:
        """Returns all epochs as CSV, with the measurements of the layers."""
        return export.to_csv(self._as_run())

    def save(self, path: str | Path) -> Path:
        """Saves the run in the format of the file's suffix.

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
        """Writes the run as event files for TensorBoard.

        Args:
            folder: The folder to write to; `tensorboard --logdir FOLDER` shows it.

        Returns:
            The folder.

        Raises:
            ImportError: If TensorFlow, which writes the files, is not installed.
            OSError: If the files cannot be written.
        """
        return export.to_tensorboard(self._as_run(), folder)

    @property
    def _title(self) -> str:
        return self._name or getattr(self.model, "name", "") or _("Training run")

    def _as_run(self) -> Run:
        measures: dict[tuple[str, str], dict[int, float]] = {}
        for epoch, numbers in self._log.measures_by_epoch.items():
            for key, value in numbers.items():
                measures.setdefault(key, {})[epoch] = value
        state, metrics = self._log.state, self._log.by_epoch
        return Run(self._run or "run", self._title, 0.0, None, state, {}, metrics, measures)

    # -- Keras's hooks

    def on_train_begin(self, logs: Any = None) -> None:
        """Starts a run."""
        self._guarded(self._begin)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Starts an epoch."""
        self._log.epoch, self._log.step = epoch, 0
        self._guarded(self._note_learning_rate)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Records a batch, and updates the screen if an update is due."""
        self._batches.append((batch, logs))
        self._is_stepping = False
        if self._controls.is_due or time.perf_counter() >= self._next_draw:
            self._guarded(self._update)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Records an epoch, and stores it."""
        self._guarded(lambda: self._end_epoch(epoch, logs))

    def on_train_end(self, logs: Any = None) -> None:
        """Ends the run."""
        stopped = self._log.state == STOPPED
        self._end(STOPPED if stopped else FINISHED)

    # -- the work of the dashboard

    def _guarded(self, work: Callable[[], None]) -> None:
        """Runs a part of the dashboard, and reports the first failure while training continues."""
        try:
            work()
        except Exception as error:
            if self.problem is None:
                self.problem = error
                message = _("The dashboard failed ({reason}); training continues.")
                reason = f"{type(error).__name__}: {error}".splitlines()[0]
                with contextlib.suppress(OSError, ValueError):  # the stream may be closed
                    print(message.format(reason=reason), file=sys.stderr)

    def _begin(self) -> None:
        in_background = threading.current_thread() is self._training_thread
        if not in_background:
            self._reset()
        self._is_active = is_first_process()
        self._log.epochs = int(self.params.get("epochs") or 0)
        self._log.steps = int(self.params.get("steps") or 0)
        if not self._is_active:
            return
        if not in_background:
            self._guarded(self._show)
            self._guarded(self._follow_cell)
        if self._view is not None:
            view = self._view
            self._guarded(lambda: view.begin(self._title, self._log, in_background))
        elif is_terminal() and not self.params.get("verbose"):
            self._guarded(self._begin_terminal)
        self._guarded(self._read_model)
        self._guarded(self._begin_writing)
        self._guarded(self._begin_measuring)

    def _begin_terminal(self) -> None:
        self._terminal = TerminalProgress(self._title)

    def _show(self) -> None:
        """Shows the view below the cell if the notebook is open in a page."""
        if has_kernel() and is_first_process():
            self._view = DashboardView(self._controls, self._class_names)
            if is_live():
                self._view.show()

    def _follow_cell(self) -> None:
        """Ends a run when its cell ends, because Keras calls no hook after an error."""
        ipython = shell()
        if ipython is None:
            return

        def end_of_cell(result: Any = None) -> None:
            error = getattr(result, "error_in_exec", None)
            was_stopped = error is None or isinstance(error, KeyboardInterrupt)
            self._end(INTERRUPTED if was_stopped else FAILED)

        self._end_of_cell = end_of_cell
        ipython.events.register("post_run_cell", end_of_cell)

    def _read_model(self) -> None:
        self._reading = None
        self._reading = read(self.model)

    def _begin_writing(self) -> None:
        path = default_path() if self._keep is True else self._keep
        if path:
            about: dict[str, Any] = {}  # a run is stored even if its model has no description
            graph = None if self._reading is None else self._reading.graph
            self._guarded(lambda: about.update(describe_run(self.model, self.params, graph)))
            self._writer = RunWriter(Store(path), self._title, about)
            self._run = self._writer.run
            self._writer.begin()

    def _begin_measuring(self) -> None:
        probe = self._fit_probe if self._probe is None else self._probe
        self._measurer = Measurer(self.model, probe)
        self._measurer.begin(self._reading)
        self._measure_budget = TimeBudget(_WEIGHT_SHARE if probe is None else _MEASURE_SHARE)
        if probe is not None:
            self._predictor = Predictor(self.model, probe)

    def _measure(self) -> dict[tuple[str, str], float]:
        """Measures the layers, if that is possible."""
        if self._measurer is None:
            return {}
        with self._measure_budget.work():
            done = self._log.batches_done
            measurements = self._measurer.measure(max(done - self._batches_at_measure, 1))
            numbers = {**measurements.numbers, **percentiles_of(measurements)}
        self._batches_at_measure = done
        self._log.measures_by_epoch[self._log.epoch] = numbers
        return numbers

    def _predict(self) -> None:
        """Updates the confusion matrices."""
        if self._predictor is not None:
            with self._prediction_budget.work():
                self._log.confusions = self._predictor.predict()

    def _update(self) -> None:
        """Carries out the learner's requests, and updates the screen."""
        self._guarded(self._take_batches)
        # A step from the last batch of an epoch leads to the first of the next one.
        if self._controls.is_due and self._log.state != STOPPED and not self._is_stepping:
            self._handle_requests()
        self._guarded(self._measure_within_epoch)
        begin = time.perf_counter()  # neither a pause nor measuring delays the next update
        try:
            if self._log.state != PAUSED:  # a pause is drawn when it begins
                self._draw()
        finally:
            duration = time.perf_counter() - begin
            self._next_draw = begin + duration + max(_DRAW_INTERVAL, duration / _DRAW_SHARE)

    def _measure_within_epoch(self) -> None:
        """Measures the layers within a long epoch."""
        budget = self._measure_budget
        if budget.is_due and budget.seconds_since > _MEASURE_INTERVAL and self._measure():
            self._log.notices = find_notices(self._log)
            self._colour()

    def _draw(self) -> None:
        """Draws the run on the page or on the terminal."""
        if not self._is_active:
            return
        self._log.loss_weights = self._log.loss_weights or loss_weights_of(self.model)
        for display in (self._view, self._terminal):
            if display is not None:
                display.draw(self._log)

    def _take_batches(self) -> None:
        batches, self._batches = self._batches, []
        self._log.add_batches(batches)

    def _handle_requests(self) -> None:
        is_new = True
        while True:
            requests = self._controls.take()
            rate = requests.learning_rate
            if rate is not None:
                self._guarded(functools.partial(self._set_learning_rate, rate))
            if requests.stop:
                self._log.state = STOPPED
                self.model.stop_training = True
                return
            if not self._controls.is_paused:
                self._log.state = RUNNING
                return
            self._log.state = PAUSED
            if is_new or rate is not None:
                self._draw()
            if requests.step:
                self._is_stepping = True
                return
            is_new = False
            self._controls.wait(_PAUSE_INTERVAL)

    def _set_learning_rate(self, value: float) -> None:
        try:
            self.model.optimizer.learning_rate = value
            self._note_learning_rate()
        except TypeError:  # the optimizer has a schedule
            message = _("A schedule sets the learning rate here, so you cannot change it.")
            if self._view is not None:
                self._view.say(message)

    def _note_learning_rate(self) -> None:
        rate = getattr(getattr(self.model, "optimizer", None), "learning_rate", None)
        if rate is not None:
            self._log.learning_rate[self._log.epoch] = numbers_of({"rate": rate})["rate"]

    def _end_epoch(self, epoch: int, logs: Any) -> None:
        # Each step is guarded on its own: whatever fails, the epoch is recorded and stored.
        self._guarded(self._take_batches)
        numbers = self._log.end_epoch(epoch, logs)
        self._guarded(self._note_learning_rate)
        if not self._is_active:
            return
        if self._writer is not None:
            self._writer.note(epoch, numbers)
        measures: dict[tuple[str, str], float] = {}
        if self._measure_budget.is_due or not self._log.measures_by_epoch:
            self._guarded(lambda: measures.update(self._measure()))
        self._guarded(lambda: self._evaluate(epoch, numbers))
        if self._prediction_budget.is_due:
            self._guarded(self._predict)
        if self._controls.is_to_stop:  # now, not after the first batch of the next epoch
            self._guarded(self._handle_requests)
        if time.perf_counter() >= self._next_draw:
            self._guarded(self._update)
        if measures:
            self._guarded(self._colour)
        if self._writer is not None:
            writer = self._writer
            self._guarded(lambda: writer.add(epoch, numbers, measures))

    def _colour(self) -> None:
        for colours in self._colours:
            colours.show(self._log)

    def _evaluate(self, epoch: int, numbers: Mapping[str, float]) -> None:
        """Finds problems, and checks whether this epoch is the best."""
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
        if self._is_active and state in (FINISHED, STOPPED):
            self._guarded(self._measure_last_epoch)
            self._guarded(self._predict)
        if self._writer is not None:
            writer = self._writer
            self._guarded(lambda: writer.end(state))
        if self._is_active:
            self._guarded(self._show_summary)

    def _measure_last_epoch(self) -> None:
        """Measures the layers after the last epoch, which the summary shows."""
        by_epoch = self._log.by_epoch
        last = next(reversed(by_epoch.get("loss", {})), None)
        if last is None or last in self._log.measures_by_epoch:
            return
        measures = self._measure()
        self._log.notices = find_notices(self._log)
        self._colour()
        if self._writer is not None:
            numbers = {name: line[last] for name, line in by_epoch.items() if last in line}
            self._writer.add(last, numbers, measures)

    def _show_summary(self) -> None:
        if self._terminal is not None:
            self._terminal.end()
        if self._view is not None:
            self._view.end(self._log)
        else:
            print(self.to_text())


def probe_of_fit(args: Any, named: Mapping[str, Any]) -> Any:
    """Returns the `x`, `y` and `sample_weight` among the arguments of `fit`, if they are arrays."""
    x = args[0] if args else named.get("x")
    y = args[1] if len(args) > 1 else named.get("y")
    weights = named.get("sample_weight")
    probe = (x, y) if weights is None else (x, y, weights)
    leaves = keras.tree.flatten(probe)
    if y is None or not all(hasattr(leaf, "shape") for leaf in leaves):
        return None
    return probe
