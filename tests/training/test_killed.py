"""A training process killed at any moment leaves every reported epoch whole."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kfunc_lab.training.runs.store import Store

TESTS = Path(__file__).parents[1]
KILLS = 20

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kill -9 and fork are POSIX's")

# TensorFlow takes seconds to load, and can be forked until it computes something.
NURSERY = """
import json, os, sys
import keras, tensorflow
import kfunc_lab as lab
from watched_models import data, made

class Says(keras.callbacks.Callback):
    # Runs after the dashboard and reports written epochs; a killed process loses the others.
    def __init__(self, output, dashboard):
        super().__init__()
        self.output, self.dashboard, self.lines = output, dashboard, b""

    def on_epoch_end(self, epoch, logs=None):
        measured = self.dashboard._log.measures_by_epoch.get(epoch, {})
        line = {
            "epoch": epoch,
            "metrics": {name: float(value) for name, value in logs.items()},
            "measures": [[*key, float(value)] for key, value in measured.items()],
        }
        self.lines += json.dumps(line).encode() + b"\\n"
        if self.dashboard._writer.is_written:
            os.write(self.output, self.lines)
            self.lines = b""

def train(path, name, said):
    output = os.open(said, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    dashboard = lab.TrainingDashboard(name, keep=path, probe=data(8))
    model = made(seed=len(said), run_eagerly=True, metrics=["accuracy"])
    says = Says(output, dashboard)
    model.fit(*data(8), epochs=10**6, verbose=0, callbacks=[dashboard, says])

# Load everything; measure every epoch, and write a few at once.
sys.modules[lab.TrainingDashboard.__module__]._MEASURE_SHARE = 1e9
sys.modules["kfunc_lab.training.runs.run_writer"]._SHARE = 0.2
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        try:
            train(*json.loads(line))
        finally:
            os._exit(1)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("dead", flush=True)
"""


@pytest.fixture
def nursery():
    search = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": search},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def lines_of(said: Path) -> list[str]:
    """Return the complete lines of a file that is being written."""
    text = said.read_text() if said.exists() else ""
    return text[: text.rfind("\n") + 1].splitlines()


def trained_and_killed(nursery, store: Store, name: str, said: Path, draw) -> None:
    """Start training and kill it at a random moment after some reported epochs."""
    epochs, after = draw.randint(1, 9), draw.uniform(0, 0.2)
    nursery.stdin.write(json.dumps([str(store.path), name, str(said)]) + "\n")
    nursery.stdin.flush()
    child = int(nursery.stdout.readline())
    try:
        end = time.monotonic() + 60
        while len(lines_of(said)) < epochs:
            assert time.monotonic() < end, "it does not train"
            time.sleep(0.002)
        time.sleep(after)
    finally:
        os.kill(child, signal.SIGKILL)
    assert nursery.stdout.readline() == "dead\n"


def check_file(path: Path) -> None:
    # Write as the next kernel does; SQLite rolls back unfinished transactions.
    connection = sqlite3.connect(path)
    assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    for metrics, measures in connection.execute("select metrics, measures from epochs"):
        assert set(json.loads(metrics)) == {"loss", "accuracy"}
        assert all(len(it) == 3 for it in json.loads(measures))
    connection.close()


def check_run(run, said: Path) -> int:
    """Compare a run with its reports and return how many epochs were reported."""
    lines = [json.loads(line) for line in lines_of(said)]
    for line in lines:
        epoch = line["epoch"]
        assert {name: it[epoch] for name, it in run.metrics.items()} == line["metrics"]
        kept = {key: it[epoch] for key, it in run.measures.items() if epoch in it}
        assert kept == {(layer, name): value for layer, name, value in line["measures"]}
        assert kept["hidden", "gradient_norm"] > 0
    # The process may have been killed after the write and before the report.
    assert run.epochs in (len(lines), len(lines) + 1)
    return len(lines)


def test_twenty_killed_trainings_keep_every_reported_epoch(nursery, tmp_path):
    store, draw = Store(tmp_path / "runs.sqlite3"), random.Random(20)
    said = {f"run {number}": tmp_path / f"said {number}" for number in range(KILLS)}
    for number, (name, output) in enumerate(said.items(), 1):
        trained_and_killed(nursery, store, name, output, draw)
        check_file(store.path)
        runs = store.runs()
        assert len(runs) == number
        assert {run.state for run in runs} == {"interrupted"}
        check_run(runs[0], output)
    counts = [check_run(run, said[run.name]) for run in store.runs()]
    assert len(counts) == KILLS
    assert sum(counts) > 3 * KILLS  # they were training when they were killed
    assert not list(tmp_path.glob("*.broken-*"))
