"""Watches a training run and lets it be steered: `lab.TrainingDashboard`."""

import math
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras

from kfunc_lab.locale import _
from kfunc_lab.training.about import about_run
from kfunc_lab.training.controls import Controls
from kfunc_lab.training.dashboard_view import DashboardView
from kfunc_lab.training.measures import Measurer
from kfunc_lab.training.run_log import RunLog, numbers_of
from kfunc_lab.training.states import FAILED, FINISHED, INTERRUPTED, PAUSED, RUNNING, STOPPED
from kfunc_lab.training.store import Store, default_path
from kfunc_lab.training.surroundings import has_kernel, is_first_process, is_live, shell

# A screen is drawn at most so often, and may take at most such a share of the time.
_MOST_OFTEN = 0.1  # seconds
_SHARE = 0.004
_WAITING = 0.05  # seconds between two looks while paused
_SHARE_OF_MEASURES = 0.03


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
            first of its own; without any only what the weights tell is measured.
        keep: Whether the run is kept in the user's data folder; or the path of another file.

    Attributes:
        history: For each metric its value at the end of each epoch.
        measures: For each layer what was measured of it last.
        problem: What failed in the dashboard itself, if anything did.

    Example:
        >>> import numpy as np
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> dashboard = TrainingDashboard(keep=False)
        >>> _history = model.fit(np.zeros((8, 2)), np.zeros(8), epochs=2, verbose=0,
        ...                      callbacks=[dashboard])
        >>> dashboard.history
        {'loss': [0.0, 0.0]}
    """

    def __init__(
        self, name: str = "", *, probe: Any = None, keep: bool | str | Path = True
    ) -> None:
        super().__init__()
        self.problem: Exception | None = None
        self._name = name
        self._keep = keep
        self._probe = probe
        self._own_probe: Any = None  # the first samples of `fit`
        self._thread: threading.Thread | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        self._reset()

    def _reset(self) -> None:
        self._log = RunLog()
        self._controls = Controls()
        self._batches: list[tuple[int, Mapping[str, Any] | None]] = []
        self._due = 0.0
        self._store: Store | None = None
        self._run = ""
        self._is_watching = False
        self._view: DashboardView | None = None
        self._end_of_cell: Callable[..., None] | None = None
        self._measurer: Measurer | None = None
        self._measured_at = 0.0
        self._measure_took = 0.0
        self._steps_since = 0
        self.problem = None

    @property
    def history(self) -> dict[str, list[float]]:
        """For each metric its value at the end of each epoch."""
        return self._log.lines()

    @property
    def measures(self) -> dict[str, dict[str, float]]:
        """For each layer what was measured of it last: norms, ratios and shares by name."""
        return self._log.measures

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
        if self._thread is not None and self._thread.is_alive():
            raise RuntimeError(
                _("This dashboard trains a model already; wait for it, or stop it.")
            )
        named.setdefault("verbose", 0)
        named["callbacks"] = [*(named.get("callbacks") or []), self]
        if not background:
            return self._fit(model, args, named)
        self._result = self._error = None
        self._reset()
        self._show()
        self._thread = threading.Thread(
            target=self._fit_here, args=(model, args, named), daemon=True
        )
        self._thread.start()
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

    def _fit_here(self, model: Any, args: Any, named: Any) -> None:
        try:
            self._result = self._fit(model, args, named)
        except BaseException as error:  # it is raised where the result is asked for
            self._error = error

    def wait(self, seconds: float | None = None) -> bool:
        """Waits for a training in the background.

        Args:
            seconds: How long at most; by default to its end.

        Returns:
            Whether it has ended.
        """
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()

    def result(self) -> Any:
        """Waits for a training in the background, and returns what `model.fit` returned.

        Raises:
            Exception: Whatever `model.fit` raised.
        """
        self.wait()
        if self._error is not None:
            raise self._error
        return self._result

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
                said = _("The dashboard failed ({reason}); the training goes on.")
                reason = f"{type(error).__name__}: {error}".splitlines()[0]
                print(said.format(reason=reason), file=sys.stderr)

    def _begin(self) -> None:
        in_background = threading.current_thread() is self._thread
        if not in_background:
            self._reset()
        self._is_watching = is_first_process()
        self._log.epochs = int(self.params.get("epochs") or 0)
        self._log.steps = int(self.params.get("steps") or 0)
        if not self._is_watching:
            return
        if not in_background:
            self._show()
            self._follow_the_cell()
        if self._view is not None:
            self._view.begin(self._name or self.model.name, self._log, in_background)
        self._guarded(self._begin_to_keep)
        self._guarded(self._begin_to_measure)

    def _show(self) -> None:
        """Shows the view below the cell, where a page waits for it."""
        if has_kernel():
            self._view = DashboardView(self._controls)
            if is_live():
                self._view.show()

    def _follow_the_cell(self) -> None:
        """Notes the end of a run whose cell ended without Keras saying so: by an error."""
        ipython = shell()
        if ipython is None:
            return

        def end_of_cell(*_args: Any) -> None:
            if self._log.state in (RUNNING, PAUSED):
                self._end(INTERRUPTED)

        self._end_of_cell = end_of_cell
        ipython.events.register("post_run_cell", end_of_cell)

    def _begin_to_keep(self) -> None:
        path = default_path() if self._keep is True else self._keep
        if path:
            self._store = Store(path)
            name = self._name or self.model.name
            self._run = self._store.begin(name, about_run(self.model, self.params))

    def _begin_to_measure(self) -> None:
        probe = self._own_probe if self._probe is None else self._probe
        self._measurer = Measurer(self.model, probe)
        self._measurer.begin()
        self._measured_at = time.perf_counter()

    def _measure(self) -> dict[tuple[str, str], float]:
        """Measures the layers, as often as that takes a small share of the time."""
        now = time.perf_counter()
        self._steps_since += self._log.step
        since = now - self._measured_at
        if self._measurer is None or self._measure_took > _SHARE_OF_MEASURES * since:
            return {}
        numbers = dict(self._measurer.measure(max(self._steps_since, 1)).numbers)
        self._steps_since = 0
        self._measured_at = time.perf_counter()
        # The first time more is made ready than later.
        self._measure_took = min(self._measured_at - now, self._measure_took or math.inf)
        for (layer, name), value in numbers.items():
            self._log.measures.setdefault(layer, {})[name] = value
        return numbers

    def _attend(self) -> None:
        """Draws what is due, and does what was asked for."""
        begin = time.perf_counter()
        self._take_batches()
        if self._controls.is_due:
            self._obey()
        if self._view is not None and self._is_watching:
            self._view.draw(self._log)
        took = time.perf_counter() - begin
        self._due = begin + took + max(_MOST_OFTEN, took / _SHARE)

    def _take_batches(self) -> None:
        batches, self._batches = self._batches, []
        self._log.add_batches(batches)

    def _obey(self) -> None:
        while True:
            asked = self._controls.take()
            if asked.learning_rate is not None:
                self._set_learning_rate(asked.learning_rate)
            if asked.stop:
                self._log.state = STOPPED
                self.model.stop_training = True
                return
            if not self._controls.is_paused:
                self._log.state = RUNNING
                return
            self._log.state = PAUSED
            if self._view is not None:
                self._view.draw(self._log)
            if not self._controls.wait(_WAITING):
                return

    def _set_learning_rate(self, value: float) -> None:
        try:
            self.model.optimizer.learning_rate = value
            self._note_learning_rate()
        except TypeError:  # a schedule decides
            said = _("A schedule decides the learning rate here, so it cannot be set.")
            if self._view is not None:
                self._view.say(said)

    def _note_learning_rate(self) -> None:
        rate = getattr(getattr(self.model, "optimizer", None), "learning_rate", None)
        if rate is not None:
            self._log.learning_rate[self._log.epoch] = numbers_of({"rate": rate})["rate"]

    def _end_epoch(self, epoch: int, logs: Any) -> None:
        self._take_batches()
        numbers = self._log.end_epoch(epoch, logs)
        self._note_learning_rate()
        measures: dict[tuple[str, str], float] = {}
        if self._is_watching:
            self._guarded(lambda: measures.update(self._measure()))
        if self._view is not None and self._is_watching:
            self._view.draw(self._log)
        if self._store is not None:
            store, run = self._store, self._run
            self._guarded(lambda: store.add(run, epoch, numbers, measures))

    def _end(self, state: str) -> None:
        if self._log.state in (FINISHED, INTERRUPTED, FAILED):
            return
        self._guarded(self._take_batches)
        self._log.state = state
        if self._end_of_cell is not None:
            end_of_cell, self._end_of_cell = self._end_of_cell, None
            self._guarded(lambda: shell().events.unregister("post_run_cell", end_of_cell))
        if self._store is not None:
            store, run = self._store, self._run
            self._guarded(lambda: store.end(run, state))
        if self._view is not None and self._is_watching:
            view, log = self._view, self._log
            self._guarded(lambda: view.end(log))


def first_samples(args: Any, named: Mapping[str, Any]) -> Any:
    """Returns the `x`, `y` and `sample_weight` that `fit` was given, if they are arrays."""
    x = args[0] if args else named.get("x")
    y = args[1] if len(args) > 1 else named.get("y")
    weights = named.get("sample_weight")
    probe = (x, y) if weights is None else (x, y, weights)
    if y is None or not all(hasattr(it, "shape") for it in keras.tree.flatten(probe)):
        return None
    return probe
