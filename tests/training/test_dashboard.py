"""The dashboard shows, stores and controls training without changing it."""

import csv
import io
import json
import os
import threading
import time
import xml.etree.ElementTree as ET

import keras
import numpy as np
import pytest
from backends import BACKEND, tensorflow_only
from keras import layers
from watched_models import KERAS_DRAWS

import kfunc_lab
from kfunc_lab.training.dashboard import callback as module
from kfunc_lab.training.dashboard.callback import TrainingDashboard
from kfunc_lab.training.dashboard.layer_data import layer_table
from kfunc_lab.training.dashboard.view import DashboardView, progress
from kfunc_lab.training.runs.store import Store


def made(seed=0):
    keras.utils.set_random_seed(seed)
    x = keras.Input((6,), name="x")
    h = layers.Dense(8, activation="relu", name="hidden")(x)
    h = layers.BatchNormalization()(h)
    h = layers.Dropout(0.4)(h)
    model = keras.Model(x, layers.Dense(1, activation="sigmoid")(h), name="net")
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    # Otherwise Keras creates the variables in the first step and compiles that step twice.
    model.optimizer.build(model.trainable_variables)
    return model


def data(count=96):
    draw = np.random.default_rng(1)
    x = draw.normal(size=(count, 6)).astype("float32")
    return x, (x[:, 0] > 0).astype("float32")


def state_of(model):
    weights = [it.numpy() for it in (*model.variables, *model.optimizer.variables)]
    return weights, [float(draw()) for draw in (np.random.random, *KERAS_DRAWS)]


class AtBatch(keras.callbacks.Callback):
    """Calls a function after one batch of the run."""

    def __init__(self, number, deed):
        super().__init__()
        self.number, self.deed, self.count = number, deed, 0

    def on_train_batch_end(self, batch, logs=None):
        self.count += 1
        if self.count == self.number:
            self.deed()


@pytest.mark.parametrize("probe", [None, (data()[0][:16], data()[1][:16])])
def test_dashboard_does_not_change_training(tmp_path, probe):
    found = []
    for callbacks in ([], [TrainingDashboard(keep=tmp_path / "runs.sqlite3", probe=probe)]):
        model = made()
        history = model.fit(
            *data(), epochs=3, verbose=0, validation_split=0.2, callbacks=callbacks
        )
        found.append([*state_of(model), history.history])
    (weights, drawn, plain), (others, also_drawn, watched) = found
    assert all(map(np.array_equal, weights, others))
    assert drawn == also_drawn
    assert plain == watched


class LastBatch(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.batch = batch


def test_dashboard_history_equals_keras_history():
    dashboard = TrainingDashboard(keep=False)
    history = dashboard.fit(made(), *data(), epochs=3, validation_split=0.25)
    assert dashboard.history == history.history


def test_run_is_stored(tmp_path):
    path = tmp_path / "runs.sqlite3"
    model = made()
    dashboard = TrainingDashboard("first try", keep=path)
    dashboard.fit(model, *data(), epochs=2)
    (run,) = Store(path).runs()
    assert (run.name, run.state, run.epochs) == ("first try", "finished", 2)
    assert list(run.metrics["loss"].values()) == dashboard.history["loss"]
    assert run.about["model"]["parameters"] == model.count_params()
    assert run.about["optimizer"]["class"] == "Adam"
    assert run.about["seed"] == (0 if KERAS_DRAWS else None)  # older versions do not keep it
    assert run.about["versions"]["keras"] == keras.__version__
    assert "batch_normalization" in run.about["model"]["summary"]


def test_layer_measures_are_stored(tmp_path):
    path = tmp_path / "runs.sqlite3"
    dashboard = TrainingDashboard(keep=path)
    dashboard.fit(made(), *data(), epochs=2)
    assert dashboard.problem is None
    assert {"gradient_norm", "update_ratio", "zeros", "dead"} <= set(
        dashboard.measures["hidden"]
    )
    assert dashboard.measures["hidden"]["gradient_norm"] > 0
    (run,) = Store(path).runs()
    last = {key: list(values.values())[-1] for key, values in run.measures.items()}
    assert last["hidden", "weight_norm"] == dashboard.measures["hidden"]["weight_norm"]


def test_without_probe_only_weights_are_measured():
    dashboard = TrainingDashboard(keep=False)
    made().fit(*data(), verbose=0, callbacks=[dashboard])
    spread = {f"weights_p{it}" for it in ("05", "25", "50", "75", "95")}
    assert set(dashboard.measures["hidden"]) == {"update_ratio", "weight_norm"} | spread
    table = layer_table(dashboard._log)
    assert table["layers"] == list(dashboard.measures)
    assert [it["label"] for it in table["columns"]] == ["update ÷ weights", "weight norm"]
    assert {len(it["cells"]) for it in table["columns"]} == {len(table["layers"])}


def test_invalid_probe_is_reported_and_training_continues(capsys):
    dashboard = TrainingDashboard(probe=data()[0], keep=False)
    history = dashboard.fit(made(), *data(), epochs=2)
    assert len(history.history["loss"]) == 2
    assert "The probe must be (x, y)" in capsys.readouterr().err


def test_stop_ends_training_and_keeps_results(tmp_path):
    path = tmp_path / "runs.sqlite3"
    dashboard = TrainingDashboard(keep=path)
    stop = AtBatch(7, dashboard.stop)
    history = dashboard.fit(made(), *data(), epochs=50, batch_size=32, callbacks=[stop])
    assert stop.count == 7
    assert len(history.history["loss"]) == 3
    assert Store(path).runs()[0].state == "stopped"


def test_pause_holds_training_and_step_runs_one_batch():
    dashboard = TrainingDashboard(keep=False)
    counted = AtBatch(4, dashboard.pause)
    dashboard.fit(
        made(), *data(), epochs=5, batch_size=32, callbacks=[counted], background=True
    )
    _wait_until(lambda: counted.count == 4 and dashboard._log.state == "paused")
    time.sleep(0.3)
    assert counted.count == 4
    for expected in (5, 6):
        dashboard.step()
        _wait_until(lambda expected=expected: counted.count == expected)
        time.sleep(0.2)
        assert counted.count == expected
    dashboard.resume()
    assert dashboard.wait(30)
    assert counted.count == 15
    assert len(dashboard.result().history["loss"]) == 5


def test_step_from_the_last_batch_of_an_epoch_runs_one_batch():
    """A slow end of the epoch, such as a validation, takes no step from the learner."""
    dashboard = TrainingDashboard(keep=False)
    counted = AtBatch(6, dashboard.pause)
    slow = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: time.sleep(0.5))
    dashboard.fit(
        made(), *data(), epochs=3, batch_size=32, callbacks=[counted, slow], background=True
    )
    _wait_until(lambda: counted.count == 6 and dashboard._log.state == "paused")
    dashboard.step()
    _wait_until(lambda: counted.count == 7)
    time.sleep(0.2)
    assert (counted.count, dashboard._log.epoch) == (7, 2)
    dashboard.resume()
    assert dashboard.wait(30)
    assert counted.count == 9


def _wait_until(is_so, seconds=20):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_learning_rate_can_change_during_training():
    dashboard = TrainingDashboard(keep=False)
    model = made()
    change = AtBatch(2, lambda: dashboard._controls.set_learning_rate(0.125))
    dashboard.fit(model, *data(), epochs=2, callbacks=[change])
    assert float(model.optimizer.learning_rate) == 0.125
    assert dashboard._log.learning_rate == {0: 0.125, 1: 0.125}


def test_page_shows_current_learning_rate():
    seen = []

    def look():
        seen.append(progress(dashboard._log)["learningRate"])

    def halve():
        dashboard._controls.set_learning_rate(seen[-1] / 2)

    dashboard = TrainingDashboard(keep=False)
    deeds = [AtBatch(1, look), AtBatch(2, halve), AtBatch(3, look), AtBatch(4, halve)]
    # The dashboard runs after these callbacks and handles requests at the end of a batch.
    model = made()
    dashboard.fit(model, *data(), epochs=3, batch_size=32, callbacks=deeds)
    assert seen == pytest.approx([0.001, 0.0005])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.00025)


def test_each_fit_uses_own_probe():
    dashboard = TrainingDashboard(keep=False)
    dashboard.fit(made(), *data())
    assert "zeros" in dashboard.measures["hidden"]
    made().fit(*data(), verbose=0, callbacks=[dashboard])
    assert "zeros" not in dashboard.measures["hidden"]


def test_schedule_keeps_its_learning_rate():
    dashboard = TrainingDashboard(keep=False)
    model = made()
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 5, 0.9)
    model.compile(keras.optimizers.Adam(schedule), "binary_crossentropy")
    change = AtBatch(2, lambda: dashboard._controls.set_learning_rate(0.125))
    dashboard.fit(model, *data(), epochs=2, callbacks=[change])
    assert dashboard.problem is None
    assert float(model.optimizer.learning_rate) < 0.01


def test_interrupt_ends_training_cleanly(tmp_path):
    def interrupt():
        raise KeyboardInterrupt

    path = tmp_path / "runs.sqlite3"
    dashboard = TrainingDashboard(keep=path)
    history = dashboard.fit(
        made(), *data(), epochs=9, batch_size=32, callbacks=[AtBatch(8, interrupt)]
    )
    assert len(history.history["loss"]) == 2
    (run,) = Store(path).runs()
    assert (run.state, run.epochs) == ("interrupted", 2)


def test_model_error_is_raised_unchanged(tmp_path):
    def fail():
        raise ZeroDivisionError("mine")

    path = tmp_path / "runs.sqlite3"
    with pytest.raises(ZeroDivisionError, match="mine"):
        TrainingDashboard(keep=path).fit(made(), *data(), callbacks=[AtBatch(2, fail)])
    assert Store(path).runs()[0].state == "failed"
    background = TrainingDashboard(keep=False)
    background.fit(made(), *data(), callbacks=[AtBatch(2, fail)], background=True)
    with pytest.raises(ZeroDivisionError, match="mine"):
        background.result()


def test_second_background_training_raises_error():
    dashboard = TrainingDashboard(keep=False)
    dashboard.fit(
        made(), *data(), epochs=2, callbacks=[AtBatch(1, dashboard.pause)], background=True
    )
    with pytest.raises(RuntimeError, match="already training a model"):
        dashboard.fit(made(), *data())
    _wait_until(lambda: dashboard._log.state == "paused")
    dashboard.stop()
    assert dashboard.wait(20)


FAULTS = {
    "the store": ("RunWriter.add", OSError("No space left on device")),
    "the beginning": ("describe_run", ValueError("odd model")),
    "the log": ("RunLog.add_batches", RuntimeError("broken")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_reported_once_and_training_continues(fault, monkeypatch, capsys, tmp_path):
    place, error = FAULTS[fault]

    def broken(*_args, **_named):
        raise error

    owner, _, name = place.rpartition(".")
    monkeypatch.setattr(getattr(module, owner) if owner else module, name, broken)
    dashboard = TrainingDashboard(keep=tmp_path / "runs.sqlite3")
    history = dashboard.fit(made(), *data(), epochs=3)
    assert len(history.history["loss"]) == 3
    assert dashboard.problem is error
    assert capsys.readouterr().err.count("training continues") == 1


def test_unusual_logs_are_accepted():
    class Odd(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs |= {"many": np.array([1.0, 3.0]), "nan": float("nan"), "text": "x"}

    dashboard = TrainingDashboard(keep=False)
    dashboard.fit(made(), *data(), epochs=2, callbacks=[Odd()])
    assert dashboard.problem is None
    assert dashboard.history["many"] == [2.0, 2.0]
    assert "text" not in dashboard.history


@pytest.mark.skipif(BACKEND == "torch", reason="Keras takes single steps with PyTorch")
def test_unknown_length_and_several_steps_per_execution_work():
    def batches():
        for _number in range(10):
            x, y = data(8)
            yield x, y

    model = made()
    model.compile("adam", "binary_crossentropy", steps_per_execution=4)
    dashboard = TrainingDashboard(keep=False)
    last = LastBatch()
    dashboard.fit(model, batches(), epochs=1, callbacks=[last])
    assert dashboard.problem is None
    assert dashboard._log.steps == last.batch + 1 >= 9  # Keras counts three executions of four
    assert len(dashboard.history["loss"]) == 1


def test_training_can_resume_where_it_ended():
    dashboard = TrainingDashboard(keep=False)
    model = made()
    dashboard.fit(model, *data(), epochs=2)
    dashboard.fit(model, *data(), epochs=5, initial_epoch=2)
    assert list(dashboard._log.by_epoch["loss"]) == [2, 3, 4]


def test_only_first_process_stores_run(tmp_path, monkeypatch):
    cluster = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": %d}}'
    for index in (0, 1):
        monkeypatch.setitem(os.environ, "TF_CONFIG", cluster % index)
        dashboard = TrainingDashboard(keep=tmp_path / f"{index}.sqlite3")
        made().fit(*data(), verbose=0, callbacks=[dashboard])
    assert len(Store(tmp_path / "0.sqlite3").runs()) == 1
    assert not (tmp_path / "1.sqlite3").exists()


def test_model_is_called_only_on_training_thread():
    dashboard = TrainingDashboard(keep=False)
    threads = set()
    note = AtBatch(1, lambda: threads.add(threading.current_thread()))
    dashboard.fit(made(), *data(), callbacks=[note], background=True)
    dashboard.result()
    assert threads == {dashboard._training_thread}


def test_best_weights_are_kept():
    class Spoil(keras.callbacks.Callback):
        """Gives the second epoch the best validation loss."""

        def on_epoch_end(self, epoch, logs=None):
            logs["val_loss"] = (0.5, 0.1, 0.9)[epoch]
            if epoch == 1:
                self.best = self.model.get_weights()

    spoil, model = Spoil(), made()
    dashboard = TrainingDashboard(keep=False)
    dashboard.fit(model, *data(), epochs=3, callbacks=[spoil])
    assert not np.array_equal(model.get_weights()[0], spoil.best[0])
    dashboard.restore_best_weights()
    assert all(map(np.array_equal, model.get_weights(), spoil.best))
    assert "Best epoch: 2 (val_loss 0.1000)." in dashboard.to_text()


def test_missing_best_weights_raise_error():
    with pytest.raises(RuntimeError, match="No weights were saved"):
        TrainingDashboard(keep=False).restore_best_weights()
    dashboard = TrainingDashboard(keep=False)
    found = []

    def restore():
        with pytest.raises(RuntimeError, match="still training"):
            dashboard.restore_best_weights()
        found.append(True)

    dashboard.fit(made(), *data(), epochs=2, batch_size=96, callbacks=[AtBatch(2, restore)])
    assert found


def test_each_measurement_colours_graph():
    model = made()
    view = kfunc_lab.graph(model)
    dashboard = TrainingDashboard(keep=False)
    dashboard.colour(view, "update_ratio")
    assert not view._highlights.values
    dashboard.fit(model, *data(), epochs=1)
    measured = dashboard.measures["hidden"]["update_ratio"]
    assert view._highlights.values["hidden"] == measured > 0
    assert "update ÷ weights" in view.to_svg()
    with pytest.raises(ValueError, match=r"no measure 'norm'.*gradient_norm"):
        dashboard.colour(view, "norm")


def test_each_output_has_own_loss_and_weight():
    x = keras.Input((6,))
    outputs = {name: layers.Dense(1, name=name)(x) for name in ("price", "size")}
    model = keras.Model(x, outputs)
    losses = {"price": "mse", "size": "mae"}
    model.compile("sgd", losses, loss_weights={"price": 1.0, "size": 0.2})
    values = data()[0]
    y = dict.fromkeys(losses, values[:, :1])
    dashboard = TrainingDashboard(keep=False)
    history = dashboard.fit(model, values, y, epochs=2)
    assert dashboard.history == history.history
    head = dashboard.to_text().splitlines()[1]
    assert "price_loss × 1" in head
    assert "size_loss × 0.2" in head
    assert "size_loss × 0.2" in dashboard.to_svg()


def test_run_is_saved_in_every_format(tmp_path):
    dashboard = TrainingDashboard(keep=False)
    dashboard.fit(made(), *data(), epochs=2)
    for ending in (".svg", ".csv", ".txt"):
        dashboard.save(tmp_path / f"run{ending}")
    rows = list(csv.DictReader((tmp_path / "run.csv").open()))
    assert [float(row["loss"]) for row in rows] == dashboard.history["loss"]
    last = float(rows[-1]["hidden/weights_p50"] or rows[0]["hidden/weights_p50"])
    assert last == pytest.approx(dashboard.measures["hidden"]["weights_p50"])
    assert (tmp_path / "run.txt").read_text() == dashboard.to_text() + "\n"


@tensorflow_only("TensorFlow writes the files of TensorBoard")
def test_run_is_saved_for_tensorboard(tmp_path):
    dashboard = TrainingDashboard(keep=False)
    dashboard.fit(made(), *data(), epochs=2)
    dashboard.to_tensorboard(tmp_path / "events")
    assert list((tmp_path / "events/train").iterdir())


def test_without_page_text_is_shown(capsys):
    dashboard = TrainingDashboard("baseline", keep=False)
    dashboard.fit(made(), *data(), epochs=2)
    out = capsys.readouterr().out
    assert out == dashboard.to_text() + "\n"
    assert out.startswith("baseline: 2 epochs, finished\n")


def test_distributions_match_weights():
    model, dashboard = made(), TrainingDashboard(keep=False)
    dashboard.fit(model, *data(), epochs=1)
    weights = np.concatenate([it.numpy().ravel() for it in model.get_layer("hidden").weights])
    for percentile in (5, 25, 50, 75, 95):
        kept = dashboard.measures["hidden"][f"weights_p{percentile:02d}"]
        # To within a bin: of 48 at most, so two hundredths of the range and a little.
        assert abs(kept - np.percentile(weights, percentile)) < 0.08 * np.ptp(weights)


def test_stop_while_paused_runs_no_more_batches():
    dashboard = TrainingDashboard(keep=False)
    counted = AtBatch(4, dashboard.pause)
    dashboard.fit(
        made(), *data(), epochs=5, batch_size=32, callbacks=[counted], background=True
    )
    _wait_until(lambda: dashboard._log.state == "paused")
    dashboard.stop()
    assert dashboard.wait(20)
    assert counted.count == 4


class Heard(DashboardView):
    """A view with a page; it records the messages that it sends."""

    def __init__(self, controls):
        super().__init__(controls)
        self.sent = []
        self._is_drawing = True

    def send(self, content, buffers=None):
        size = len(json.dumps(content)) + sum(map(len, buffers or ()))
        self.sent.append((time.perf_counter(), size, content))


def test_page_gets_at_most_ten_updates_of_40_kb_a_second(monkeypatch):
    monkeypatch.setattr(module, "has_kernel", lambda: True)
    monkeypatch.setattr(module, "is_live", lambda: False)
    monkeypatch.setattr(module, "DashboardView", lambda controls, _names: Heard(controls))
    monkeypatch.setattr(Heard, "end", lambda self, log: None)
    x = keras.Input((6,))
    h = x
    for number in range(60):
        h = layers.Dense(6, activation="relu", name=f"a_layer_with_a_long_name_{number}")(h)
    outputs = [layers.Dense(3, "softmax", name=f"output_{number}")(h) for number in range(8)]
    model = keras.Model(x, outputs)
    model.compile("sgd", ["sparse_categorical_crossentropy"] * 8)
    values = np.tile(data()[0], (4, 1))
    labels = [np.arange(len(values)) % 3] * 8
    dashboard = TrainingDashboard(keep=False)
    dashboard.fit(model, values, labels, epochs=40, batch_size=64)
    assert dashboard.problem is None
    sent = dashboard._view.sent
    assert max(size for _at, size, _content in sent) <= 40_000
    assert any("layers" in content for _at, _size, content in sent)
    gaps = np.diff([at for at, _size, _content in sent])
    assert len(gaps) > 2
    assert gaps.min() >= 0.1


def test_terminal_shows_progress():
    from rich.console import Console

    from kfunc_lab.training.dashboard.terminal import TerminalProgress
    from kfunc_lab.training.run_log import RunLog

    console = Console(record=True, force_terminal=True, width=100, file=io.StringIO())
    progress = TerminalProgress("net [b]", console)
    log = RunLog(epochs=4, steps=10)
    log.add_batches([(4, {"loss": 0.25})])
    progress.draw(log)
    progress._progress.refresh()
    progress.end()
    said = console.export_text()
    assert "net [b]: epoch 1 of 4" in said
    assert "loss 0.2500" in said


def test_long_epoch_is_measured_before_its_end(monkeypatch):
    monkeypatch.setattr(module, "_MEASURE_INTERVAL", 0.2)
    monkeypatch.setattr(module, "_MEASURE_SHARE", 1.0)
    monkeypatch.setattr(module, "_DRAW_SHARE", 1.0)
    dashboard = TrainingDashboard(keep=False)
    found = []

    def look():
        time.sleep(0.02)
        found.append(dashboard._log.measures_by_epoch.get(0))

    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            look()

    dashboard.fit(made(), *data(384), epochs=1, batch_size=4, callbacks=[Look()])
    assert dashboard.problem is None
    kinds = {id(it) for it in found if it is not None}
    assert len(kinds) >= 2
    ratios = [it["hidden", "update_ratio"] for it in found if it is not None]
    # Divided by the steps since the last measurement, not by those of the epoch.
    assert 0 < max(ratios) < 0.02


def test_static_formats_show_notices():
    x, y = data()
    x[3] = np.nan
    dashboard = TrainingDashboard("<b>", keep=False)
    dashboard.fit(made(), x, y, epochs=2)
    assert [it.kind for it in dashboard.notices] == ["nan"]
    assert dashboard.notices[0].said in dashboard.to_text()
    svg = ET.fromstring(dashboard.to_svg())
    words = " ".join(it.text or "" for it in svg.iter("{http://www.w3.org/2000/svg}text"))
    assert dashboard.notices[0].said in words
    assert "np.isfinite(x).all()" in words


def test_model_is_read_once_for_a_run(monkeypatch):
    from kfunc_lab.graph.keras import reader
    from kfunc_lab.training.measuring import measures

    models = []

    def counted(model):
        models.append(model)
        return reader.read(model)

    for place in (module, measures):
        monkeypatch.setattr(place, "read", counted)
    model = made()
    dashboard = TrainingDashboard(keep=True, probe=data())
    dashboard.fit(model, *data(), epochs=2)
    assert dashboard.problem is None
    assert models == [model]
