"""Checks that operations are cheap, or grow no faster than their input, as ratios of two times."""

import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers
from rich.console import Console
from rich.table import Table

import kfunc_lab as lab
from kfunc_lab.graph.export.table import to_text
from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.graph.model.comparison import compare_graphs
from kfunc_lab.graph.model.layer_graph import Call, Edge, LayerGraph, TensorSpec
from kfunc_lab.lessons import progress
from kfunc_lab.training.measuring.measures import Measurer
from kfunc_lab.training.notices.find import find_notices
from kfunc_lab.training.run_log import RunLog
from kfunc_lab.training.runs.store import Store

ROUNDS = 3

console = Console(width=110)


@dataclass
class Pair:
    """Two operations to compare.

    Attributes:
        ours: The operation to measure.
        other: The operation to compare with.
        max_ratio: The largest ratio of their times.
    """

    ours: Callable[[], object]
    other: Callable[[], object]
    max_ratio: float

    def ratio(self) -> float:
        """Returns the ratio of the minimum times, because load on the machine only adds time."""
        both = [(seconds(self.ours), seconds(self.other)) for _round in range(ROUNDS)]
        ours, other = (min(times) for times in zip(*both, strict=True))
        return ours / other


def seconds(function: Callable[[], object]) -> float:
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def importing() -> Pair:
    def python(code: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True)

    return Pair(python("import kfunc_lab"), python("import numpy"), 0.5)


def first_graph() -> Pair:
    """The first graph of a fresh kernel, with all that it loads."""
    model = "import keras\nx = keras.Input((8,))\nm = keras.Model(x, keras.layers.Dense(2)(x))"

    def python(code: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True)

    return Pair(python(f"{model}\nimport kfunc_lab as lab\nlab.graph(m)"), python(model), 1.2)


def side_branches() -> Pair:
    """A living side branch costs no garbage collection, also beside much data."""
    x = keras.Input((8,))
    hidden = layers.Dense(4)(x)
    model = keras.Model(x, layers.Dense(2)(hidden))
    globals()["side"] = keras.Model(x, layers.Dense(3)(hidden))
    globals()["data"] = [{"number": [number]} for number in range(500_000)]
    return Pair(lambda: lab.read_graph(model), gc.collect, 0.1)


def deep_graphs() -> Pair:
    def chain(count: int) -> Callable[[], object]:
        x = keras.Input((4,))
        for _number in range(count):
            x = layers.Activation("relu")(x)
        return lambda: to_text(lab.read_graph(x))

    return Pair(chain(1500), chain(500), 4.5)


def long_comparisons() -> Pair:
    spec = TensorSpec((None, 8), "float32")

    def graph(count: int, units: int) -> LayerGraph:
        calls = tuple(
            Call(f"d{n}", f"d{n}", "Dense", f"d{n}", (spec,), (spec,),
                 settings={"units": units if n == count // 2 else 8})
            for n in range(count)
        )  # fmt: skip
        edges = tuple(Edge(f"d{n}", 0, f"d{n + 1}", 0, spec) for n in range(count - 1))
        return LayerGraph("m", "", calls, edges, outputs=(f"d{count - 1}",))

    def comparison(count: int) -> Callable[[], object]:
        one, other = graph(count, 8), graph(count, 9)
        return lambda: compare_graphs(one, other)

    return Pair(comparison(3000), comparison(1000), 4.5)


def comparison_of_a_model() -> Pair:
    def read() -> LayerGraph:
        with preserve_keras_state():
            return lab.read_graph(keras.applications.NASNetMobile(weights=None))

    one, other = read(), read()
    return Pair(lambda: compare_graphs(one, other), read, 2)


def measures_of_an_epoch() -> Pair:
    (images, y), _test = lab.datasets.mnist("embedded")
    x = images.reshape(-1, 784).astype("float32") / 255
    hidden = [layers.Dense(64, activation="relu") for _layer in range(2)]
    model = keras.Sequential([keras.Input((784,)), *hidden, layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, verbose=0)
    measurer = Measurer(model, (x, y))
    measurer.begin()
    measurer.measure()
    return Pair(measurer.measure, lambda: model.fit(x, y, verbose=0), 0.05)


def notices_of_long_runs() -> Pair:
    def search(epochs: int) -> Callable[[], object]:
        log = RunLog(steps=100)
        for epoch in range(epochs):
            log.epoch = epoch
            log.end_epoch(epoch, {"loss": 1 / (epoch + 1), "val_loss": 1 / (epoch + 1)})
            log.learning_rate[epoch] = 0.1
            log.measures_by_epoch[epoch] = {
                (f"layer_{number}", name): value
                for number in range(50)
                for name, value in (("gradient_norm", 0.1), ("update_ratio", 1e-3), ("dead", 0))
            }
        return lambda: [find_notices(log) for _time in range(20)]

    return Pair(search(400), search(20), 4)


def epochs_of_long_runs(folder: Path) -> Pair:
    metrics = {f"metric_{number}": number / 7 for number in range(10)}
    measures = {(f"layer_{number // 5}", f"m_{number % 5}"): 0.1 for number in range(50)}

    def addition(epochs: int) -> Callable[[], object]:
        store = Store(folder / f"{epochs}.sqlite3")
        run = store.begin("run", {})
        store.add_all(run, dict.fromkeys(range(epochs), (metrics, measures)))
        return lambda: [store.add(run, epochs + n, metrics, measures) for n in range(20)]

    return Pair(addition(10_000), addition(100), 2)


def exercises(folder: Path) -> Pair:
    path = folder / "progress.json"
    os.environ["KFUNC_LAB_PROGRESS"] = str(path)

    def record() -> None:
        for number in range(20):
            progress.record(f"exercise-{time.perf_counter_ns()}-{number}")

    def write() -> None:
        for _number in range(20):
            with path.with_suffix(".plain").open("w") as file:
                file.write(path.read_text())
                os.fsync(file.fileno())

    return Pair(record, write, 10)


def colour_images() -> Pair:
    path = Path(lab.datasets.__file__).with_name("patches_32.npz")

    def load() -> None:
        with np.load(path) as content:
            for name in content.files:
                content[name]

    return Pair(lambda: lab.datasets.colour_images(source="embedded"), load, 3)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        pairs = {
            "import kfunc_lab / import NumPy": importing(),
            "first lab.graph in a fresh process / import keras": first_graph(),
            "read a model with a side branch / collect garbage": side_branches(),
            "read and write a chain of 1,500 layers / of 500": deep_graphs(),
            "compare chains of 3,000 layers / of 1,000": long_comparisons(),
            "compare two NASNetMobile / build and read one": comparison_of_a_model(),
            "measure the layers of the first model / its epoch": measures_of_an_epoch(),
            "find notices after 400 epochs / after 20": notices_of_long_runs(),
            "store an epoch after 10,000 / after 100": epochs_of_long_runs(Path(folder)),
            "record an exercise / write the file": exercises(Path(folder)),
            "load the colour images / read them with NumPy": colour_images(),
        }
        table = Table("operation / compared with", "ratio", "at most")
        is_within = True
        for name, pair in pairs.items():
            ratio = pair.ratio()
            is_over = ratio > pair.max_ratio
            is_within &= not is_over
            table.add_row(name, f"{ratio:.2f}{'  OVER' * is_over}", f"{pair.max_ratio:g}")
    console.print(table)
    sys.exit(not is_within)


if __name__ == "__main__":
    main()
