"""A failure of the dashboard never changes training and loses no epoch."""

import contextlib
import errno
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from page_of_a_kernel import Page
from watched_models import AtEpoch, are_same, data, made, state_of

from kfunc_lab.training.dashboard import callback as module
from kfunc_lab.training.dashboard.callback import TrainingDashboard
from kfunc_lab.training.dashboard.time_budget import TimeBudget
from kfunc_lab.training.measuring.best_weights import BestWeights
from kfunc_lab.training.measuring.measures import Measurer
from kfunc_lab.training.measuring.predictions import Predictor
from kfunc_lab.training.run_log import RunLog, numbers_of
from kfunc_lab.training.runs import run_writer
from kfunc_lab.training.runs import store as store_module
from kfunc_lab.training.runs.run_writer import RunWriter
from kfunc_lab.training.runs.store import Store

TESTS = Path(__file__).parents[1]
GOES_ON = "training continues"
EPOCHS = 3


@pytest.fixture(autouse=True)
def each_epoch_is_written_at_once(monkeypatch):
    """Write each epoch at once, so that a failure occurs in its own epoch."""
    monkeypatch.setattr(run_writer, "_SHARE", 1e9)


@pytest.fixture(autouse=True)
def measured_at_every_epoch(monkeypatch):
    """Measure every epoch, however long that takes."""
    monkeypatch.setattr(TimeBudget, "is_due", True)


@pytest.fixture(scope="module")
def plain():
    """Return the state and the history of training without the dashboard."""
    model = made()
    history = model.fit(*data(), epochs=EPOCHS, batch_size=16, verbose=0)
    return state_of(model), history.history


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.sqlite3"


def watched(dashboard, *callbacks):
    """Train as `plain` does, with a dashboard."""
    model = made()
    callbacks = [*callbacks, dashboard]
    history = model.fit(*data(), epochs=EPOCHS, batch_size=16, verbose=0, callbacks=callbacks)
    return state_of(model), history.history


def only(path):
    [run] = Store(path).runs()
    return run


def losses(run):
    return list(run.metrics.get("loss", {}).values())


def raises(error):
    def broken(*_args, **_named):
        raise error

    return broken


class Once:
    """Fails at one call and works at the others."""

    def __init__(self, function, number, error):
        self.function, self.number, self.error, self.count = function, number, error, 0

    def __call__(self, *args, **named):
        self.count += 1
        if self.count == self.number:
            raise self.error
        return self.function(*args, **named)

    def __get__(self, owner, _kind=None):
        return lambda *args, **named: self(owner, *args, **named)


# ---------------------------------------------------------------------------------------------
# Failures in the parts of the dashboard

# Where the failure occurs, and which epochs are stored nevertheless.
ALWAYS = {
    "the measures at the beginning": (Measurer, "begin"),
    "the measures": (Measurer, "measure"),
    "the predictions": (Predictor, "predict"),
    "the best weights": (BestWeights, "note"),
    "the notices": (module, "find_notices"),
    "what is known of the model": (module, "describe_run"),
    "the log of batches": (RunLog, "add_batches"),
    "the learning rate": (TrainingDashboard, "_note_learning_rate"),
    "the figure": (TrainingDashboard, "_draw"),
    "the text": (module, "summary_text"),
}


@pytest.mark.parametrize("place", ALWAYS)
def test_failure_is_reported_once_and_loses_nothing_else(
    place, monkeypatch, capsys, path, plain
):
    error = RuntimeError("odd")
    monkeypatch.setattr(*ALWAYS[place], raises(error))
    dashboard = TrainingDashboard(keep=path, probe=data())
    state, history = watched(dashboard)
    assert are_same(state, plain[0])
    assert history == plain[1] == dashboard.history
    assert dashboard.problem is error
    assert capsys.readouterr().err.count(GOES_ON) == 1
    run = only(path)
    assert losses(run) == history["loss"]
    assert run.state == "finished"


@pytest.mark.parametrize("number", [1, 2])
def test_measure_works_again_after_one_failure(number, monkeypatch, capsys, path):
    once = Once(Measurer.measure, number, ArithmeticError("once"))
    monkeypatch.setattr(Measurer, "measure", once)
    dashboard = TrainingDashboard(keep=path, probe=data())
    watched(dashboard)
    assert once.count == EPOCHS
    assert capsys.readouterr().err.count(GOES_ON) == 1
    norms = only(path).measures["hidden", "gradient_norm"]
    assert list(norms) == [it for it in range(EPOCHS) if it != number - 1]
    assert losses(only(path)) == dashboard.history["loss"]


def test_several_faults_are_reported_once(monkeypatch, capsys, plain):
    for owner, name in ((Measurer, "measure"), (BestWeights, "note"), (Predictor, "predict")):
        monkeypatch.setattr(owner, name, raises(RuntimeError(name)))
    dashboard = TrainingDashboard(keep=False, probe=data())
    assert are_same(watched(dashboard)[0], plain[0])
    assert capsys.readouterr().err.count(GOES_ON) == 1
    assert str(dashboard.problem) == "measure"


def test_unprintable_fault_does_not_stop_training(monkeypatch, plain):
    closed = open(os.devnull, "w")  # noqa: SIM115
    closed.close()
    monkeypatch.setattr(Measurer, "measure", raises(RuntimeError("odd")))
    monkeypatch.setattr(sys, "stderr", closed)
    monkeypatch.setattr(sys, "stdout", closed)
    dashboard = TrainingDashboard(keep=False)
    state, history = watched(dashboard)
    assert are_same(state, plain[0])
    assert dashboard.history == history
    assert str(dashboard.problem) == "odd"


class Clock:
    """A clock that a test sets by hand."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now

    def go_on(self, seconds):
        self.now += seconds


def test_failing_figure_is_not_retried_at_every_batch(monkeypatch):
    clock, drawn = Clock(), []

    def slow(_dashboard):
        drawn.append(clock.now)
        clock.go_on(0.01)
        raise RuntimeError("no figure")

    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(TrainingDashboard, "_draw", slow)
    batch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: clock.go_on(0.1)
    )
    callbacks = [batch, TrainingDashboard(keep=False)]
    made().fit(*data(), epochs=5, batch_size=2, verbose=0, callbacks=callbacks)
    # Drawing takes at most its share of the time, even when it fails.
    *tries, _at_the_end = drawn
    assert len(tries) >= 4
    assert np.diff(tries).min() >= 0.01 / module._DRAW_SHARE


def test_pause_does_not_stop_drawing(monkeypatch):
    drawn = []
    monkeypatch.setattr(
        TrainingDashboard, "_draw", lambda it: drawn.append((it._log.epoch, it._log.state))
    )
    dashboard = TrainingDashboard(keep=False)
    resume = threading.Timer(1.0, dashboard.resume)

    def pause():
        dashboard.pause()
        resume.start()

    slow = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: time.sleep(0.01)
    )
    model = made()
    callbacks = [slow, AtEpoch(0, pause), dashboard]
    model.fit(*data(), epochs=30, batch_size=16, verbose=0, callbacks=callbacks)
    paused = max(at for at, (_epoch, state) in enumerate(drawn) if state == "paused")
    assert len(drawn[paused + 1 :]) >= 3


# ---------------------------------------------------------------------------------------------
# Unusual logs and models


class Odd(keras.callbacks.Callback):
    """Reports values that no metric of Keras returns."""

    def __init__(self, values):
        super().__init__()
        self.values = values

    def on_train_batch_end(self, batch, logs=None):
        logs.update(self.values)

    on_epoch_end = on_train_batch_end


HOSTILE = "</script><img src=x onerror=alert(1)>"
NUMBERS = {
    "a NaN": (float("nan"), True),
    "an infinity": (float("inf"), True),
    "an array": (np.array([1.0, 3.0]), True),
    "a number of NumPy": (np.float32(0.1), True),
    "nothing": (None, False),
    "a text": ("loss", False),
    "a text of digits": ("1.5", False),
    "an empty array": (np.zeros(0), False),
    "a complex number": (1j, False),
    "a dictionary": ({"a": 1}, False),
    "an object": (object(), False),
}


@pytest.mark.filterwarnings("error")
def test_non_numbers_are_skipped_and_numbers_stay(capsys, path, plain):
    dashboard = TrainingDashboard(keep=path)
    odd = {name: value for name, (value, _is_number) in NUMBERS.items()}
    state, history = watched(dashboard, Odd({**odd, HOSTILE: 0.5}))
    assert are_same(state, plain[0])
    assert dashboard.problem is None
    assert GOES_ON not in capsys.readouterr().err
    assert dashboard.history["loss"] == history["loss"] == losses(only(path))
    for name, (_value, is_number) in NUMBERS.items():
        assert (name in dashboard.history) == is_number, name
        assert (name in only(path).metrics) == is_number, name
    assert list(only(path).metrics[HOSTILE].values()) == [0.5] * EPOCHS
    assert "<img" not in dashboard.to_svg()
    assert "</script" not in dashboard.to_svg()
    dashboard.to_text()


def test_unreadable_array_loses_only_itself(capsys, path):
    class Ill:
        def __array__(self, *_args, **_named):
            raise RuntimeError("no array")

    assert numbers_of({"ill": Ill(), "loss": 0.5}) == {"loss": 0.5}
    dashboard = TrainingDashboard(keep=path)
    _state, history = watched(dashboard, Odd({"ill": Ill()}))
    assert losses(only(path)) == history["loss"] == dashboard.history["loss"]


def test_nonfinite_loss_is_stored(path, capsys):
    x, y = data()
    x[3] = np.nan
    plain = made()
    expected = plain.fit(x, y, epochs=2, verbose=0).history
    state, model = state_of(plain), made()
    dashboard = TrainingDashboard(keep=path, probe=(x, y))
    history = dashboard.fit(model, x, y, epochs=2)
    assert dashboard.problem is None
    assert GOES_ON not in capsys.readouterr().err
    assert are_same(state_of(model), state)
    assert np.array_equal(history.history["loss"], expected["loss"], equal_nan=True)
    assert np.array_equal(losses(only(path)), expected["loss"], equal_nan=True)
    assert np.isnan(dashboard.history["loss"]).any()
    dashboard.to_svg()


class Secretive(keras.Model):
    """Raises an error for its summary and its configuration."""

    def __init__(self):
        super().__init__(name="secretive")
        self.hidden = layers.Dense(1)

    def call(self, x):
        return self.hidden(x)

    def summary(self, *_args, **_named):
        raise RuntimeError("no summary")

    def count_params(self):
        raise RuntimeError("no count")

    def get_config(self):
        raise RuntimeError("no configuration")


def test_model_without_summary_or_config_is_stored(path, capsys):
    found = []
    for callbacks in ([], [dashboard := TrainingDashboard(keep=path)]):
        keras.utils.set_random_seed(0)
        model = Secretive()
        model.compile("sgd", "mse")
        history = model.fit(*data(), epochs=2, verbose=0, callbacks=callbacks)
        found.append([state_of(model), history.history])
    assert are_same(found[0][0], found[1][0])
    assert dashboard.history == found[0][1]
    run = only(path)
    assert losses(run) == dashboard.history["loss"]
    assert run.name == "secretive"


class NoRate(keras.optimizers.SGD):
    """An optimizer whose learning rate only Keras can read, while it builds its function."""

    is_secret = False

    @property
    def learning_rate(self):
        if self.is_secret:
            raise NotImplementedError("no rate")
        return self._learning_rate


def test_optimizer_without_learning_rate_trains(path, plain, capsys):
    found = []
    for callbacks in ([], [dashboard := TrainingDashboard(keep=path)]):
        model = made(optimizer=NoRate(0.01))
        optimizer = model.optimizer
        hide = AtEpoch(0, lambda optimizer=optimizer: setattr(optimizer, "is_secret", True))
        asked = AtEpoch(1, lambda: dashboard._controls.set_learning_rate(0.5))
        deeds = [hide, asked] if callbacks else []
        model.fit(*data(), epochs=4, verbose=0, callbacks=[*deeds, *callbacks])
        found.append(state_of(model))
    assert are_same(*found)
    assert capsys.readouterr().err.count(GOES_ON) == 1
    assert losses(only(path)) == dashboard.history["loss"]
    assert len(dashboard.history["loss"]) == 4
    assert isinstance(dashboard.problem, NotImplementedError)


# ---------------------------------------------------------------------------------------------
# The file


def locked(path):
    """Lock the file, as another program might do forever."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("begin exclusive")
    return connection


def test_locked_file_delays_training_briefly(path, plain, capsys, monkeypatch):
    patience = 1.0
    monkeypatch.setattr(store_module, "_PATIENCE", patience)
    Store(path).begin("before", {})
    waited = []
    write = Store._try_to_write

    def timed(*args):
        begin = time.perf_counter()
        try:
            return write(*args)
        finally:
            waited.append(time.perf_counter() - begin)

    monkeypatch.setattr(Store, "_try_to_write", timed)
    dashboard = TrainingDashboard(keep=path)
    with contextlib.closing(locked(path)):
        state, history = watched(dashboard)
    assert are_same(state, plain[0])
    assert history == dashboard.history
    assert isinstance(dashboard.problem, sqlite3.OperationalError)
    assert capsys.readouterr().err.count(GOES_ON) == 1
    # Only at the beginning and at the end.
    assert len(waited) == 2
    assert sum(waited) < 2 * patience + 1
    assert [run.name for run in Store(path).runs()] == ["before"]


@pytest.mark.parametrize("first", ["the beginning", "an epoch"])
def test_unwritten_epochs_are_written_at_end(first, path, plain, capsys, monkeypatch):
    monkeypatch.setattr(store_module, "_PATIENCE", 0.5)
    held = []

    def lock():
        held.append(locked(path))

    def release():
        held.pop().close()

    Store(path).begin("before", {})
    dashboard = TrainingDashboard(keep=path)
    deeds = [AtEpoch(2, release)]
    if first == "the beginning":
        lock()
    else:
        deeds.insert(0, AtEpoch(1, lock))
    state, history = watched(dashboard, *deeds)
    assert are_same(state, plain[0])
    assert capsys.readouterr().err.count(GOES_ON) == 1
    run, _before = Store(path).runs()
    assert run.state == "finished"
    assert losses(run) == history["loss"]
    assert list(run.measures["hidden", "weight_norm"]) == list(range(EPOCHS))


def test_unlocked_file_is_written_before_end(path, monkeypatch):
    keeper = RunWriter(Store(path), "run", {})
    keeper.begin()
    monkeypatch.setattr(store_module, "_PATIENCE", 0.05)
    with contextlib.closing(locked(path)), pytest.raises(sqlite3.OperationalError):
        keeper.add(0, {"loss": 3.0}, {})
    keeper.add(1, {"loss": 2.0}, {})  # it is too early to try again
    assert losses(only(path)) == []
    end = time.monotonic() + 30
    for epoch in range(2, 10**6):
        keeper.add(epoch, {"loss": 1.0}, {})
        if losses(only(path)):
            break
        assert time.monotonic() < end
        time.sleep(0.2)
    assert losses(only(path)) == [3.0, 2.0, *[1.0] * (epoch - 1)]


def test_epochs_are_written_once_disk_has_room_again(path, plain, capsys, monkeypatch):
    write = Store._try_to_write
    is_full = threading.Event()

    def full(*args):
        if is_full.is_set():
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(*args)

    monkeypatch.setattr(Store, "_try_to_write", full)
    dashboard = TrainingDashboard(keep=path)
    deeds = [AtEpoch(0, is_full.set), AtEpoch(2, is_full.clear)]
    state, history = watched(dashboard, *deeds)
    assert are_same(state, plain[0])
    assert capsys.readouterr().err.count(GOES_ON) == 1
    assert dashboard.problem.errno == errno.ENOSPC
    assert losses(only(path)) == history["loss"]
    assert only(path).state == "finished"


# A limit on the file size fails where a full disk does: during a write.
SMALL_DISK = """
import os, resource, signal, sys, json
import kfunc_lab as lab
from watched_models import are_same, data, made, state_of
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

def trained(*callbacks):
    model = made()
    history = model.fit(*data(), epochs=9, verbose=0, callbacks=callbacks)
    return state_of(model), history.history

plain = trained()
path = sys.argv[1]
from kfunc_lab.training.runs import run_writer
from kfunc_lab.training.dashboard.time_budget import TimeBudget
from kfunc_lab.training.runs.store import Store
run_writer._SHARE = 1e9  # each epoch is written at once
TimeBudget.is_due = True  # and measured, so that it needs space
Store(path).begin("before", {"filler": "x" * 20_000})
import keras
class Shrinks(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 3:
            size = os.path.getsize(path)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

dashboard = lab.TrainingDashboard("x" * 3000, keep=path, probe=data())
state, history = trained(Shrinks(), dashboard)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
kept = Store(path).runs()
print("FOUND", json.dumps({
    "same": are_same(state, plain[0]) and history == plain[1] == dashboard.history,
    "problem": repr(dashboard.problem),
    "kept": [len(run.metrics.get("loss", {})) for run in kept],
    "right": [list(it.metrics["loss"].values()) == history["loss"][:it.epochs]
              for it in kept if it.epochs],
    "broken": [it for it in os.listdir(os.path.dirname(path)) if "broken" in it],
}))
"""


@pytest.mark.skipif(os.name != "posix", reason="limits are POSIX's")
def test_full_disk_keeps_written_epochs(path):
    out, err = in_a_process(SMALL_DISK, path)
    found = json.loads(next(it for it in out.splitlines() if it.startswith("FOUND"))[6:])
    assert found["same"]
    assert found["problem"] != "None"
    assert err.count(GOES_ON) == 1
    assert found["broken"] == []  # a full disk damages no file
    kept, before = found["kept"]
    assert before == 0
    assert 3 <= kept < 9
    assert found["right"] == [True]


def in_a_process(code, *arguments):
    search = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    finished = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "KERAS_BACKEND": "tensorflow", "PYTHONPATH": search},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    return finished.stdout, finished.stderr


def test_file_damaged_during_training_is_set_aside(path, plain, capsys):
    dashboard = TrainingDashboard(keep=path)
    damage = AtEpoch(1, lambda: path.write_bytes(b"no database" * 1000))
    state, history = watched(dashboard, damage)
    assert are_same(state, plain[0])
    assert history == dashboard.history
    assert (path.parent / f"{path.name}.broken-1").read_bytes().startswith(b"no database")
    run = only(path)
    assert run.state == "finished"
    # The file has the later epochs; the dashboard has all of them.
    assert losses(run)[-2:] == history["loss"][-2:]
    assert dashboard.problem is None
    assert GOES_ON not in capsys.readouterr().err


def test_unwritable_path_does_not_stop_training(tmp_path, plain, capsys):
    (tmp_path / "file").write_text("no folder")
    dashboard = TrainingDashboard(keep=tmp_path / "file" / "runs.sqlite3")
    state, history = watched(dashboard)
    assert are_same(state, plain[0])
    assert history == dashboard.history
    assert capsys.readouterr().err.count(GOES_ON) == 1
    assert (tmp_path / "file").read_text() == "no folder"


# ---------------------------------------------------------------------------------------------
# Errors of the user


@pytest.mark.parametrize(
    "place", [(Measurer, "measure"), (Measurer, "begin"), (Predictor, "predict")]
)
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_interrupt_inside_dashboard_is_raised(kind, place, monkeypatch, path):
    monkeypatch.setattr(*place, raises(kind()))
    with pytest.raises(kind):
        watched(TrainingDashboard(keep=path, probe=data()))


def test_interrupt_during_epoch_loses_no_epoch(monkeypatch, path):
    monkeypatch.setattr(Measurer, "measure", Once(Measurer.measure, 2, KeyboardInterrupt()))
    dashboard = TrainingDashboard(keep=path)
    dashboard.fit(made(), *data(), epochs=5)
    assert only(path).state == "interrupted"
    assert len(dashboard.history["loss"]) == 2
    assert losses(only(path)) == dashboard.history["loss"]


class Fails(keras.callbacks.Callback):
    """A user callback that fails."""

    def on_train_batch_end(self, batch, logs=None):
        raise LookupError("mine")


def frames_of(raised):
    """Return the frames of a traceback without those of this file."""
    frames = traceback.extract_tb(raised.value.__traceback__)
    return [(it.filename, it.name) for it in frames if it.filename != __file__]


@pytest.mark.parametrize("at", [0, 1], ids=["after it", "before it"])
def test_callback_error_has_only_keras_traceback(at, path):
    with pytest.raises(LookupError) as expected:
        made().fit(*data(), verbose=0, callbacks=[Fails()])
    callbacks = [TrainingDashboard(keep=path)]
    callbacks.insert(at, Fails())
    with pytest.raises(LookupError) as raised:
        made().fit(*data(), verbose=0, callbacks=callbacks)
    assert frames_of(raised) == frames_of(expected)
    assert not any("kfunc_lab" in name for name, _function in frames_of(raised))
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_background_error_is_raised_with_result(path, capsys):
    dashboard = TrainingDashboard(keep=path)
    assert dashboard.fit(made(), *data(), callbacks=[Fails()], background=True) is None
    with pytest.raises(LookupError, match="mine"):
        dashboard.result()
    assert dashboard.wait(0)
    assert only(path).state == "failed"
    assert GOES_ON not in capsys.readouterr().err
    history = dashboard.fit(made(), *data(), epochs=2)  # it can be used again
    assert dashboard.history == history.history


# ---------------------------------------------------------------------------------------------
# A page

SETUP = """
import threading
import keras, numpy as np, kfunc_lab as lab
from keras import layers
from watched_models import AtEpoch, are_same, data, made, state_of
from kfunc_lab.training import dashboard as module
from kfunc_lab.training.dashboard.view import DashboardView

def trained(dashboard=None, epochs=30, **more):
    model = made()
    callbacks = [*more.pop("callbacks", []), *([dashboard] if dashboard else [])]
    history = model.fit(*data(), epochs=epochs, batch_size=4, verbose=0, callbacks=callbacks)
    return state_of(model), history.history

def check(dashboard, state, history):
    assert are_same(state, plain[0]), "the weights differ"
    assert history == plain[1] == dashboard.history, "the history differs"
    print("PROBLEM", repr(dashboard.problem))

def kept():
    return lab.TrainingDashboard(keep=PATH)

plain = trained()
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    search = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    page = Page(**{**os.environ, "KERAS_BACKEND": "tensorflow", "PYTHONPATH": search})
    setup = page.run(SETUP, is_live=False)
    assert setup.errors == []
    yield page
    page.close()


@pytest.fixture
def run(page, path):
    """Run a cell whose `kept()` stores its run at `path`; the cell must not fail."""

    def run(code, **how):
        heard = page.run(f"PATH = {str(path)!r}\n{code}", **how)
        assert heard.errors == []
        return heard

    return run


WATCHED = "dashboard = kept()\ncheck(dashboard, *trained(dashboard))"


def customs(heard):
    return [
        it["content"]["data"]["content"]
        for it in heard.of_type("comm_msg")
        if it["content"]["data"]["method"] == "custom"
    ]


def pictures(heard):
    """Return the last version of each output of the cell."""
    shown = heard.of_type("display_data") + heard.of_type("update_display_data")
    return [it["content"]["data"] for it in shown]


def test_silent_page_gets_no_updates(run):
    heard = run(WATCHED)
    assert "PROBLEM None" in heard.text("stdout")
    assert customs(heard) == []
    # The widget is shown with the state of the beginning and of the end.
    assert len(heard.updates) <= 3
    assert "image/svg+xml" in pictures(heard)[-1]


def test_cell_without_page_creates_no_widget(run):
    heard = run(WATCHED, is_live=False)
    assert "PROBLEM None" in heard.text("stdout")
    assert customs(heard) == []
    [shown] = pictures(heard)
    assert set(shown) == {"image/svg+xml", "text/plain"}


def test_page_gets_updates_of_run(run, page):
    heard = run(WATCHED, on_open=page.hello)
    assert "PROBLEM None" in heard.text("stdout")
    assert heard.text("stderr").count(GOES_ON) == 0
    assert len(customs(heard)) >= 2


def test_comm_closed_by_page_does_not_stop_training(run, page, path):
    def hello_and_bye(comm):
        page.hello(comm)
        page.later(1.0, lambda: page.close_comm(comm))

    heard = run(WATCHED, on_open=hello_and_bye)
    assert "PROBLEM None" in heard.text("stdout")
    assert GOES_ON not in heard.text("stderr")
    assert "Traceback" not in heard.text("stderr")
    assert only(path).state == "finished"
    assert "text/plain" in pictures(heard)[-1]


CLOSED = """
dashboard = kept()
close = AtEpoch(3, lambda: {deed})
check(dashboard, *trained(dashboard, callbacks=[close]))
"""


@pytest.mark.parametrize("deed", ["dashboard._view.close()", "dashboard._view.comm.close()"])
def test_closed_view_does_not_stop_training(deed, run, page, path):
    heard = run(CLOSED.format(deed=deed), on_open=page.hello)
    assert heard.text("stderr").count(GOES_ON) <= 1
    assert "Traceback" not in heard.text("stderr")
    assert only(path).state == "finished"
    assert only(path).epochs == 30


FAILS_TO_DRAW = """
def broken(*_args):
    raise RuntimeError("no figure")
before = DashboardView.{name}
DashboardView.{name} = broken
try:
    dashboard = kept()
    check(dashboard, *trained(dashboard))
finally:
    DashboardView.{name} = before
"""


@pytest.mark.parametrize("name", ["draw", "begin", "show", "end", "to_svg", "_lines"])
def test_failing_figure_does_not_stop_training(name, run, page, path):
    heard = run(FAILS_TO_DRAW.format(name=name), on_open=page.hello)
    assert "PROBLEM RuntimeError('no figure')" in heard.text("stdout")
    assert heard.text("stderr").count(GOES_ON) == 1
    assert "Traceback" not in heard.text("stderr")
    assert only(path).state == "finished"
    assert only(path).epochs == 30


def test_failing_figure_leaves_text(run, page):
    heard = run(FAILS_TO_DRAW.format(name="to_svg"), on_open=page.hello)
    assert "net: 30 epochs, finished" in pictures(heard)[-1]["text/plain"]


INTERRUPTED = """
try:
    dashboard = kept()
    def interrupt(*args):
        if threading.current_thread() is not threading.main_thread():  # the page's own
            return before(*args)
        DashboardView.draw = before
        raise KeyboardInterrupt
    before = DashboardView.draw
    DashboardView.draw = interrupt
    trained(dashboard)
except KeyboardInterrupt:
    print("INTERRUPTED")
"""


def test_interrupt_while_drawing_is_raised(run, page, path):
    heard = run(INTERRUPTED, on_open=page.hello)
    assert "INTERRUPTED" in heard.text("stdout")
    assert only(path).state == "interrupted"  # when its cell had ended


def test_error_in_cell_shows_only_user_frames(page, path):
    code = f"PATH = {str(path)!r}\ntrained(kept(), callbacks=[AtEpoch(1, lambda: 1 / 0)])"
    heard = page.run(code, on_open=page.hello)
    [error] = heard.errors
    assert error["ename"] == "ZeroDivisionError"
    assert not any("kfunc_lab/training" in it for it in error["traceback"])
    assert only(path).state == "failed"


MANY = """
x = keras.Input((6,))
names = [f"output_{number}" for number in range(20)]
model = keras.Model(x, {name: layers.Dense(1, name=name)(x) for name in names})
model.compile("sgd", "mse", metrics={name: ["mae"] for name in names})
model.optimizer.build(model.trainable_variables)
x, y = data()
labels = {name: y for name in names}
dashboard = kept()
model.fit(x, labels, epochs=EPOCHS, batch_size=4, verbose=0, callbacks=[dashboard])
print("PROBLEM", repr(dashboard.problem), len(dashboard.history))
"""


def test_updates_are_small_and_few(run, page):
    """An update has at most 40 kB, and there are at most ten a second."""
    heard = run(MANY.replace("EPOCHS", "30"), on_open=page.hello)
    assert "PROBLEM None 41" in heard.text("stdout")
    moments = []
    for at, size, message in heard.updates:
        data = message["content"]["data"]
        # The stored output is sent once, at the end, and does not count as an update.
        assert size <= 40_000 or "_final" in data["state"]
        if data["method"] == "custom":
            moments.append(at)
    assert len(moments) >= 5
    for begin in moments:
        assert sum(begin <= at < begin + 1 for at in moments) <= 10


QUICK = """
dashboard = kept()
model = made()
x, y = data(8)
model.fit(x, y, epochs=100, batch_size=8, verbose=0, callbacks=[dashboard])
print("PROBLEM", repr(dashboard.problem))
"""


def test_very_short_epochs_do_not_flood_page(run, page):
    heard = run(QUICK, on_open=page.hello)
    assert "PROBLEM None" in heard.text("stdout")
    moments = [
        at for at, _size, it in heard.updates if it["content"]["data"]["method"] == "custom"
    ]
    assert len(moments) >= 2
    for begin in moments:
        assert sum(begin <= at < begin + 1 for at in moments) <= 10
    # The end is sent once, whatever was drawn before.
    finals = [
        it["content"]["data"]["state"]
        for _at, _size, it in heard.updates[-3:]
        if "_final" in it["content"]["data"].get("state", {})
    ]
    [final] = finals
    assert final["_final"]["progress"]["state"] == "finished"
