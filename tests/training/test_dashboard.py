"""The dashboard: it watches, keeps and steers, and changes nothing."""

import os
import threading
import time

import keras
import numpy as np
import pytest
from keras import layers

from kfunc_lab.training import dashboard as module
from kfunc_lab.training.dashboard import TrainingDashboard
from kfunc_lab.training.dashboard_view import layer_table, progress
from kfunc_lab.training.store import Store


def made(seed=0):
    keras.utils.set_random_seed(seed)
    x = keras.Input((6,), name="x")
    h = layers.Dense(8, activation="relu", name="hidden")(x)
    h = layers.BatchNormalization()(h)
    h = layers.Dropout(0.4)(h)
    model = keras.Model(x, layers.Dense(1, activation="sigmoid")(h), name="net")
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def data(count=96):
    draw = np.random.default_rng(1)
    x = draw.normal(size=(count, 6)).astype("float32")
    return x, (x[:, 0] > 0).astype("float32")


def state_of(model):
    weights = [it.numpy() for it in (*model.variables, *model.optimizer.variables)]
    return weights, float(keras.random.uniform(()))


class AtBatch(keras.callbacks.Callback):
    """Does something after one batch of the whole run."""

    def __init__(self, number, deed):
        super().__init__()
        self.number, self.deed, self.count = number, deed, 0

    def on_train_batch_end(self, batch, logs=None):
        self.count += 1
        if self.count == self.number:
            self.deed()


@pytest.mark.parametrize("probe", [None, (data()[0][:16], data()[1][:16])])
def test_training_is_not_changed_by_being_watched(tmp_path, probe):
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


def test_its_history_is_that_of_keras():
    dashboard = TrainingDashboard(keep=False)
    history = dashboard.fit(made(), *data(), epochs=3, validation_split=0.25)
    assert dashboard.history == history.history


def test_a_run_is_kept(tmp_path):
    path = tmp_path / "runs.sqlite3"
    model = made()
    dashboard = TrainingDashboard("first try", keep=path)
    dashboard.fit(model, *data(), epochs=2)
    (run,) = Store(path).runs()
    assert (run.name, run.state, run.epochs) == ("first try", "finished", 2)
    assert list(run.metrics["loss"].values()) == dashboard.history["loss"]
    assert run.about["model"]["parameters"] == model.count_params()
    assert run.about["optimizer"]["class"] == "Adam"
    assert run.about["seed"] == 0
    assert run.about["versions"]["keras"] == keras.__version__
    assert "batch_normalization" in run.about["model"]["summary"]


def test_the_layers_are_measured_and_kept(tmp_path):
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


def test_without_samples_only_what_weights_tell_is_measured():
    dashboard = TrainingDashboard(keep=False)
    made().fit(*data(), verbose=0, callbacks=[dashboard])
    assert set(dashboard.measures["hidden"]) == {"update_ratio", "weight_norm"}
    head, *rows = layer_table(dashboard._log)
    assert head == ["layer", "update ÷ weights", "weight norm"]
    assert [row[0] for row in rows] == list(dashboard.measures)


def test_a_probe_that_does_not_fit_is_said_and_training_goes_on(capsys):
    dashboard = TrainingDashboard(probe=data()[0], keep=False)
    history = dashboard.fit(made(), *data(), epochs=2)
    assert len(history.history["loss"]) == 2
    assert "The probe must be (x, y)" in capsys.readouterr().err


def test_stop_ends_it_and_keeps_what_there_is(tmp_path):
    path = tmp_path / "runs.sqlite3"
    dashboard = TrainingDashboard(keep=path)
    stop = AtBatch(7, dashboard.stop)
    history = dashboard.fit(made(), *data(), epochs=50, batch_size=32, callbacks=[stop])
    assert stop.count == 7
    assert len(history.history["loss"]) == 3
    assert Store(path).runs()[0].state == "stopped"


def test_pause_holds_and_a_step_is_one_batch():
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


def _wait_until(is_so, seconds=20):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_learning_rate_is_set_while_it_runs():
    dashboard = TrainingDashboard(keep=False)
    model = made()
    change = AtBatch(2, lambda: dashboard._controls.set_learning_rate(0.125))
    dashboard.fit(model, *data(), epochs=2, callbacks=[change])
    assert float(model.optimizer.learning_rate) == 0.125
    assert dashboard._log.learning_rate == {0: 0.125, 1: 0.125}


def test_the_page_sees_the_learning_rate_as_it_is_now():
    seen = []

    def look():
        seen.append(progress(dashboard._log)["learningRate"])

    def halve():
        dashboard._controls.set_learning_rate(seen[-1] / 2)

    dashboard = TrainingDashboard(keep=False)
    deeds = [AtBatch(1, look), AtBatch(2, halve), AtBatch(3, look), AtBatch(4, halve)]
    # What is asked at a batch is done at its end, by the dashboard, which comes after these.
    model = made()
    dashboard.fit(model, *data(), epochs=3, batch_size=32, callbacks=deeds)
    assert seen == pytest.approx([0.001, 0.0005])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.00025)


def test_the_samples_of_one_fit_are_not_those_of_the_next():
    dashboard = TrainingDashboard(keep=False)
    dashboard.fit(made(), *data())
    assert "zeros" in dashboard.measures["hidden"]
    made().fit(*data(), verbose=0, callbacks=[dashboard])
    assert "zeros" not in dashboard.measures["hidden"]


def test_a_schedule_keeps_its_learning_rate():
    dashboard = TrainingDashboard(keep=False)
    model = made()
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 5, 0.9)
    model.compile(keras.optimizers.Adam(schedule), "binary_crossentropy")
    change = AtBatch(2, lambda: dashboard._controls.set_learning_rate(0.125))
    dashboard.fit(model, *data(), epochs=2, callbacks=[change])
    assert dashboard.problem is None
    assert float(model.optimizer.learning_rate) < 0.01


def test_an_interrupt_ends_it_cleanly(tmp_path):
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


def test_an_error_of_the_model_stays_its_own(tmp_path):
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


def test_a_second_training_in_the_background_is_refused():
    dashboard = TrainingDashboard(keep=False)
    dashboard.fit(
        made(), *data(), epochs=2, callbacks=[AtBatch(1, dashboard.pause)], background=True
    )
    with pytest.raises(RuntimeError, match="trains a model already"):
        dashboard.fit(made(), *data())
    _wait_until(lambda: dashboard._log.state == "paused")
    dashboard.stop()
    assert dashboard.wait(20)


FAULTS = {
    "the store": ("Store.add", OSError("No space left on device")),
    "the beginning": ("about_run", ValueError("odd model")),
    "the log": ("RunLog.add_batches", RuntimeError("broken")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_said_once_and_training_goes_on(fault, monkeypatch, capsys, tmp_path):
    place, error = FAULTS[fault]

    def broken(*_args, **_named):
        raise error

    owner, _, name = place.rpartition(".")
    monkeypatch.setattr(getattr(module, owner) if owner else module, name, broken)
    dashboard = TrainingDashboard(keep=tmp_path / "runs.sqlite3")
    history = dashboard.fit(made(), *data(), epochs=3)
    assert len(history.history["loss"]) == 3
    assert dashboard.problem is error
    assert capsys.readouterr().err.count("the training goes on") == 1


def test_odd_logs_do_no_harm():
    class Odd(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs |= {"many": np.array([1.0, 3.0]), "nan": float("nan"), "text": "x"}

    dashboard = TrainingDashboard(keep=False)
    dashboard.fit(made(), *data(), epochs=2, callbacks=[Odd()])
    assert dashboard.problem is None
    assert dashboard.history["many"] == [2.0, 2.0]
    assert "text" not in dashboard.history


def test_data_of_unknown_length_and_several_steps_at_once():
    def batches():
        for _number in range(10):
            x, y = data(8)
            yield x, y

    model = made()
    model.compile("adam", "binary_crossentropy", steps_per_execution=4)
    dashboard = TrainingDashboard(keep=False)
    dashboard.fit(model, batches(), epochs=1)
    assert dashboard.problem is None
    assert dashboard._log.steps == 12  # Keras counts three executions of four
    assert len(dashboard.history["loss"]) == 1


def test_training_may_begin_again_where_it_ended():
    dashboard = TrainingDashboard(keep=False)
    model = made()
    dashboard.fit(model, *data(), epochs=2)
    dashboard.fit(model, *data(), epochs=5, initial_epoch=2)
    assert list(dashboard._log.by_epoch["loss"]) == [2, 3, 4]


def test_only_the_first_of_several_processes_keeps_the_run(tmp_path, monkeypatch):
    cluster = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": %d}}'
    for index in (0, 1):
        monkeypatch.setitem(os.environ, "TF_CONFIG", cluster % index)
        dashboard = TrainingDashboard(keep=tmp_path / f"{index}.sqlite3")
        made().fit(*data(), verbose=0, callbacks=[dashboard])
    assert len(Store(tmp_path / "0.sqlite3").runs()) == 1
    assert not (tmp_path / "1.sqlite3").exists()


def test_no_model_is_called_on_another_thread():
    dashboard = TrainingDashboard(keep=False)
    threads = set()
    note = AtBatch(1, lambda: threads.add(threading.current_thread()))
    dashboard.fit(made(), *data(), callbacks=[note], background=True)
    dashboard.result()
    assert threads == {dashboard._thread}
