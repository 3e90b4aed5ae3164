"""Training equals training without the dashboard, on several devices and processes too."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest
from backends import tensorflow_only, tf
from keras import layers
from watched_models import AtEpoch, are_same, data, made, state_of

from kfunc_lab.training.dashboard.callback import TrainingDashboard
from kfunc_lab.training.dashboard.time_budget import TimeBudget
from kfunc_lab.training.runs.store import Store

pytestmark = tensorflow_only("ways to train, and strategies, of TensorFlow")
TESTS = Path(__file__).parents[1]

# ---------------------------------------------------------------------------------------------
# Ways to train in one process


@dataclass
class Way:
    """A way to train.

    Attributes:
        model: Builds the model.
        arguments: Builds the arguments of `fit`: some data can be read only once.
        callbacks: Builds the callbacks that run before the dashboard.
    """

    model: Callable = made
    arguments: Callable = lambda: dict(zip("xy", data(), strict=True))
    callbacks: Callable = list


def batches(count=5, size=8):
    x, y = data(count * size)
    for at in range(0, len(x), size):
        yield x[at : at + size], y[at : at + size]


def of_unknown_length():
    kind = [tf.TensorSpec((None, 6), tf.float32), tf.TensorSpec((None, 1), tf.float32)]
    return {"x": tf.data.Dataset.from_generator(batches, output_signature=tuple(kind))}


def of_a_generator():
    def endless():
        while True:
            yield from batches()

    return {"x": endless(), "steps_per_epoch": 4}


class Pieces(keras.utils.PyDataset):
    """Returns a batch by its number."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return list(batches())[index]


def weighted(**more):
    x, y = data()
    weights = np.linspace(0.1, 2, len(x)).astype("float32")
    return {"x": x, "y": y, "sample_weight": weights, **more}


def validated(**more):
    x, y = data()
    return {"x": x, "y": y, "validation_split": 0.25, **more}


class OwnStep(keras.Model):
    """Trains with a custom step and custom logs."""

    def __init__(self):
        super().__init__(name="own")
        self.hidden = layers.Dense(8, activation="relu", name="hidden")
        self.answer = layers.Dense(1, name="answer")
        self.drop = layers.Dropout(0.3)

    def call(self, x, training=False):
        return self.answer(self.drop(self.hidden(x), training=training))

    def train_step(self, batch):
        x, y = batch
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(x, training=True) - y))
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply(gradients, self.trainable_weights)
        return {"loss": loss, "norm": tf.linalg.global_norm(gradients)}


def own_step():
    keras.utils.set_random_seed(0)
    model = OwnStep()
    model.compile("adam")
    return model


def not_built():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(1)], name="late")
    model.compile("rmsprop", "mse")
    return model


def of_two_outputs():
    keras.utils.set_random_seed(0)
    x = keras.Input((6,))
    h = layers.Dropout(0.2)(layers.Dense(8, activation="tanh", name="hidden")(x))
    outputs = {name: layers.Dense(1, name=name)(h) for name in ("first", "second")}
    model = keras.Model(x, outputs, name="twofold")
    losses = {"first": "mse", "second": "mae"}
    model.compile(
        "adam", losses, loss_weights={"first": 1.0, "second": 0.2}, metrics={"first": ["mae"]}
    )
    return model


def for_two_outputs():
    x, y = data()
    return {"x": x, "y": {"first": y, "second": 1 - y}, "validation_split": 0.25}


def in_half_precision():
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        return made()
    finally:
        keras.mixed_precision.set_dtype_policy(before)


def with_a_schedule():
    decay = keras.optimizers.schedules.ExponentialDecay(0.05, 3, 0.8)
    return made(optimizer=keras.optimizers.SGD(decay, momentum=0.9))


class StopsItself(keras.callbacks.Callback):
    """Sets `stop_training`, as custom callbacks do."""

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations >= 5:
            self.model.stop_training = True


def patient():
    # No epoch improves by this much, so the weights of the first epoch are restored.
    return [
        keras.callbacks.EarlyStopping(
            "loss", min_delta=9, patience=1, restore_best_weights=True
        )
    ]


def on_a_plateau():
    return [keras.callbacks.ReduceLROnPlateau("loss", min_delta=9, patience=1, factor=0.1)]


def by_the_epoch():
    return [keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)]


WAYS = {
    "arrays": Way(arguments=validated),
    "several steps at once": Way(lambda: made(steps_per_execution=7), validated),
    "data of unknown length": Way(arguments=of_unknown_length),
    "a generator": Way(arguments=of_a_generator),
    "a PyDataset": Way(arguments=lambda: {"x": Pieces()}),
    "sample weights": Way(lambda: made(weighted_metrics=["accuracy"]), weighted),
    "class weights": Way(arguments=lambda: validated(class_weight={0: 1.0, 1: 3.0})),
    "a step of its own": Way(own_step),
    "half precision": Way(in_half_precision, validated),
    "compiled by XLA": Way(lambda: made(jit_compile=True), validated),
    "eagerly": Way(lambda: made(run_eagerly=True)),
    "from the fourth epoch": Way(arguments=lambda: validated(initial_epoch=3, epochs=6)),
    "validated now and then": Way(arguments=lambda: validated(validation_freq=2, epochs=5)),
    "two outputs": Way(of_two_outputs, for_two_outputs),
    "not built before": Way(not_built),
    "a callback that stops": Way(callbacks=lambda: [StopsItself()]),
    "early stopping": Way(arguments=lambda: validated(epochs=5), callbacks=patient),
    "a lower rate on a plateau": Way(arguments=validated, callbacks=on_a_plateau),
    "a rate for each epoch": Way(callbacks=by_the_epoch),
    "a schedule": Way(with_a_schedule),
}


# Each of these takes the path of another way: of weights, of batches by number, of a rate that a
# callback sets, and of a callback that stops.
ALIKE = {"class weights", "a PyDataset", "a lower rate on a plateau", "early stopping"}


def arguments_of(way):
    return {"epochs": 3, "verbose": 0, **way.arguments()}


@pytest.mark.parametrize(
    "name", [pytest.param(it, marks=[pytest.mark.deep] * (it in ALIKE)) for it in WAYS]
)
@pytest.mark.filterwarnings("ignore:Your input ran out of data", "ignore:.shuffle=True. was")
def test_every_way_trains_as_without_dashboard(name, tmp_path, monkeypatch):
    # Measure every epoch, however long that takes.
    monkeypatch.setattr(TimeBudget, "is_due", True)
    way, path = WAYS[name], tmp_path / "runs.sqlite3"
    model = way.model()
    plain = model.fit(**arguments_of(way), callbacks=way.callbacks())
    expected = state_of(model), plain.history, plain.epoch

    model = way.model()
    labels = for_two_outputs()["y"] if name == "two outputs" else data()[1]
    dashboard = TrainingDashboard(keep=path, probe=(data()[0], labels))
    history = dashboard.fit(model, **arguments_of(way), callbacks=way.callbacks())

    assert dashboard.problem is None
    assert history.history == expected[1]
    assert dashboard.history == history.history
    assert history.epoch == expected[2]
    assert are_same(state_of(model), expected[0])
    [run] = Store(path).runs()
    assert {it: list(values.values()) for it, values in run.metrics.items()} == expected[1]
    assert list(run.metrics["loss"]) == history.epoch
    # Measures use the probe, whatever the data of `fit`.
    measured = [it for it in run.measures if it[1] == "activation_deviation"]
    assert len(measured) >= 2
    assert all(list(run.measures[it]) == history.epoch for it in measured)


def test_each_way_takes_its_own_path():
    """Each way runs the code path that it is named after."""
    model = made()
    stopped = model.fit(*data(), epochs=9, verbose=0, batch_size=16, callbacks=[StopsItself()])
    assert len(stopped.history["loss"]) == 2
    early = made().fit(*data(), epochs=9, verbose=0, callbacks=patient())
    assert len(early.history["loss"]) == 2
    plateau = made().fit(*data(), epochs=3, verbose=0, callbacks=on_a_plateau())
    assert plateau.history["learning_rate"][-1] < plateau.history["learning_rate"][0]
    assert in_half_precision().layers[1].compute_dtype == "float16"


def test_same_dashboard_watches_two_trainings(tmp_path):
    path = tmp_path / "runs.sqlite3"
    plain = made()
    wanted = [plain.fit(*data(), epochs=it, verbose=0).history for it in (3, 2)]
    state = state_of(plain)
    model, dashboard = made(), TrainingDashboard(keep=path)
    for history in wanted:
        model.fit(*data(), epochs=len(history["loss"]), verbose=0, callbacks=[dashboard])
        assert dashboard.history == history
        assert dashboard.problem is None
    assert are_same(state_of(model), state)
    kept = [list(run.metrics["loss"].values()) for run in reversed(Store(path).runs())]
    assert kept == [it["loss"] for it in wanted]


def test_half_precision_learning_rate_can_change():
    model, dashboard = in_half_precision(), TrainingDashboard(keep=False)
    deed = AtEpoch(0, lambda: dashboard._controls.set_learning_rate(0.125))
    dashboard.fit(model, *data(), epochs=3, callbacks=[deed])
    assert dashboard.problem is None
    assert float(model.optimizer.inner_optimizer.learning_rate) == 0.125
    assert dashboard._log.learning_rate[2] == 0.125


@pytest.mark.parametrize("steps", [1, 7])
def test_stop_at_epoch_end_runs_no_more_batches(steps):
    model = made(steps_per_execution=steps)
    dashboard = TrainingDashboard(keep=False)
    deed = AtEpoch(1, dashboard.stop)
    history = dashboard.fit(model, *data(), epochs=9, batch_size=16, callbacks=[deed])
    assert history.epoch == [0, 1]
    assert int(model.optimizer.iterations) == 6
    assert dashboard._log.state == "stopped"


# ---------------------------------------------------------------------------------------------
# Several devices

MIRRORED = """
import json, sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import kfunc_lab as lab
from watched_models import AtEpoch, are_same, data, made, state_of

folder, found = sys.argv[1], {}
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
found["replicas"] = strategy.num_replicas_in_sync
x, y = data()
arguments = dict(epochs=3, batch_size=16, verbose=0, validation_split=0.25)

def trained(fit):
    with strategy.scope():
        model = made()
    history = fit(model)
    return state_of(model), history.history

def compared(name, dashboard, fit):
    state, history = trained(fit)
    found[name] = {
        "weights": are_same(state, plain[0]),
        "history": history == plain[1] == dashboard.history,
        "problem": repr(dashboard.problem),
        "measures": dashboard.measures.get("hidden", {}),
    }

def board(name, **more):
    return lab.TrainingDashboard(name, keep=f"{folder}/{name}.sqlite3", **more)

plain = trained(lambda model: model.fit(x, y, **arguments))
again = trained(lambda model: model.fit(x, y, **arguments))
found["reproducible"] = are_same(plain[0], again[0]) and plain[1] == again[1]

callback = board("callback", probe=(x, y))
compared("callback", callback, lambda it: it.fit(x, y, **arguments, callbacks=[callback]))
own = board("fit")
compared("fit", own, lambda it: own.fit(it, x, y, **arguments))

steered = board("steered")
def steer():
    steered._controls.set_learning_rate(0.125)
    steered.stop()
with strategy.scope():
    model = made()
more = arguments | {"epochs": 9}
history = steered.fit(model, x, y, **more, callbacks=[AtEpoch(1, steer)])
found["steered"] = {
    "epochs": history.epoch, "rate": float(model.optimizer.learning_rate.numpy()),
    "problem": repr(steered.problem),
}
print("FOUND", json.dumps(found))
"""


def environment(**more):
    search = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    return {**os.environ, "KERAS_BACKEND": "tensorflow", **quiet, "PYTHONPATH": search, **more}


def start(code, *arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process, seconds=120):
    """Return both output streams of a process that must have succeeded."""
    try:
        out, err = process.communicate(timeout=seconds)
    finally:
        process.kill()
    assert process.returncode == 0, err[-3000:]
    return out, err


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mirrored")
    out, err = finished(start(MIRRORED, folder))
    assert "training continues" not in err
    said = next(it for it in out.splitlines() if it.startswith("FOUND "))
    return folder, json.loads(said.removeprefix("FOUND "))


@pytest.mark.parametrize("form", ["callback", "fit"])
def test_two_devices_train_as_without_dashboard(mirrored, form):
    folder, found = mirrored
    assert found["replicas"] == 2
    # Otherwise the comparison of weights would prove nothing.
    assert found["reproducible"]
    assert found[form]["problem"] == "None"
    assert found[form]["history"]
    assert found[form]["weights"]
    [run] = Store(folder / f"{form}.sqlite3").runs()
    assert (run.state, run.epochs) == ("finished", 3)


@pytest.mark.parametrize("form", ["callback", "fit"])
def test_layers_on_two_devices_are_measured(mirrored, form):
    measures = mirrored[1][form]["measures"]
    assert measures["weight_norm"] > 0
    assert measures["update_ratio"] > 0
    assert measures["activation_deviation"] > 0
    assert measures["gradient_norm"] > 0


def test_two_devices_are_steered(mirrored):
    folder, found = mirrored
    assert found["steered"] == {"epochs": [0, 1], "rate": 0.125, "problem": "None"}
    assert Store(folder / "steered.sqlite3").runs()[0].state == "stopped"


# ---------------------------------------------------------------------------------------------
# Several processes

# The process joins one cluster after another, because TensorFlow takes seconds to load.
WORKER = """
import json, os, sys
import kfunc_lab as lab
from watched_models import data, made
folder = sys.argv[1]
for name, config in json.loads(sys.argv[2]).items():
    os.environ["TF_CONFIG"] = config
    for stream in (sys.stdout, sys.stderr):
        print("===", name, file=stream, flush=True)
    dashboard = lab.TrainingDashboard(keep=f"{folder}/{name}.sqlite3")
    history = made().fit(*data(), epochs=2, verbose=0, callbacks=[dashboard])
    assert dashboard.history == history.history, dashboard.history
    assert dashboard.problem is None
"""


def free_ports(count):
    sockets = [socket.socket() for _number in range(count)]
    for it in sockets:
        it.bind(("127.0.0.1", 0))
    ports = [it.getsockname()[1] for it in sockets]
    for it in sockets:
        it.close()
    return ports


def cluster_of(*roles):
    """Return the configuration of each process of a cluster by its name, such as `worker/0`."""
    cluster: dict[str, list[str]] = {}
    for role, port in zip(roles, free_ports(len(roles)), strict=True):
        cluster.setdefault(role, []).append(f"127.0.0.1:{port}")
    # An evaluator knows the cluster but does not belong to it.
    known = {role: them for role, them in cluster.items() if role != "evaluator"}
    return {
        f"{role}/{index}": json.dumps(
            {"cluster": known, "task": {"type": role, "index": index}}
        )
        for role, them in cluster.items()
        for index in range(len(them))
    }


# Roles that train in parallel; the first of them stores the run.
CLUSTERS = {
    "two workers": ("worker", "worker"),
    "a chief and a worker": ("chief", "worker"),
    "a worker and an evaluator": ("worker", "evaluator"),
}


@pytest.fixture(scope="module")
def side_by_side(tmp_path_factory):
    """Run two processes in each cluster; return their folder and their output streams."""
    folder = tmp_path_factory.mktemp("clusters")
    told = {name: [*cluster_of(*roles).values()] for name, roles in CLUSTERS.items()}
    processes = [
        start(WORKER, folder, json.dumps({name: them[place] for name, them in told.items()}))
        for place in (0, 1)
    ]
    return folder, [finished(it) for it in processes]


@pytest.mark.parametrize("name", CLUSTERS)
def test_only_first_process_stores_and_prints(name, side_by_side):
    folder, both = side_by_side
    [run] = Store(folder / f"{name}.sqlite3").runs()
    assert (run.state, run.epochs) == ("finished", 2)
    said = [
        [stream.split(f"=== {name}\n")[1].split("=== ")[0] for stream in streams]
        for streams in both
    ]
    (first, first_error), (other, other_error) = said
    assert "net: 2 epochs, finished" in first
    assert other == ""
    assert "dashboard" not in first_error + other_error


MULTI_WORKER = """
import sys
import tensorflow as tf
strategy = tf.distribute.MultiWorkerMirroredStrategy()
import kfunc_lab as lab
from watched_models import data, made
with strategy.scope():
    model = made()
dashboard = lab.TrainingDashboard(keep=sys.argv[1])
said = []
for fit in (model.fit, lambda *args, **named: dashboard.fit(model, *args, **named)):
    try:
        fit(*data(), epochs=1, verbose=0)
        said.append("trained")
    except Exception as error:
        said.append(f"{type(error).__name__}: {error}")
print("SAME" if said[0] == said[1] else f"DIFFERENT {said}", flush=True)
print("FOUND", said[0][:300].replace("\\n", " "), dashboard.problem, flush=True)
import os
os._exit(0)  # its servers wait for one another
"""


def test_cluster_trains_same_with_dashboard():
    told = cluster_of("worker", "worker")
    processes = [start(MULTI_WORKER, "", TF_CONFIG=config) for config in told.values()]
    for out, _err in map(finished, processes):
        assert "SAME" in out
        print(out)


@pytest.mark.parametrize(
    ("config", "is_first"),
    [
        ("", True),
        ("no JSON", True),
        ("[]", True),
        ("{}", True),
        ('{"task": null}', True),
        ('{"task": {"type": "worker", "index": "0"}}', True),
        ('{"task": {"type": "worker", "index": "1"}}', False),
        ('{"task": {"type": "ps", "index": 0}}', False),
        ('{"task": {"type": "evaluator", "index": 0}}', False),
        ('{"cluster": {"chief": ["a:1"]}, "task": {"type": "worker", "index": 0}}', False),
        ('{"cluster": {"chief": ["a:1"]}, "task": {"type": "chief", "index": 0}}', True),
    ],
)
def test_first_process_is_detected(config, is_first, monkeypatch):
    from kfunc_lab.training.dashboard.environment import is_first_process

    monkeypatch.setenv("TF_CONFIG", config)
    assert is_first_process() == is_first
