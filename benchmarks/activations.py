"""Compares all activations of a model with a hand-written extractor model and with keract.

Two figures are ours. "values" is what the hand-written model does: every output of every call as an
array, with the names that the graph gives them. "view" is all of `lab.activations(model, x)`, with
the layout of the graph and the small picture of each call.
"""

import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import psutil
from keras import layers, ops
from rich.console import Console
from rich.table import Table

import kfunc_lab as lab
from kfunc_lab.forward.batch import run

# The models, with the largest time of all their values, relative to one eager call.
MODELS = {"VGG19": 1.02, "ResNet50": 1.05}
RUNS = 15
MAX_VIEW = {"VGG19": 1.3, "ResNet50": 1.6}  # relative to one eager call
MAX_CALLS = 2.0  # the values of thousands of small calls, relative to one eager call
MAX_GROWTH = 1.5  # the time for one of 10,000 calls, relative to one of 1,000
MAX_MEMORY = 1.2  # relative to the sum of the activations
BATCH = 8  # samples in the measurement of memory

console = Console(width=110)


def build(name: str, samples: int = 1):
    keras.utils.set_random_seed(0)
    model = getattr(keras.applications, name)(weights=None)
    x = np.random.default_rng(0).random((samples, *model.input_shape[1:]), np.float32)
    return model, x


def capture(model, x):
    return run(model, x, training=False, layers=None, dtype=None, limit=10**12)


def extractor(model) -> keras.Model:
    outputs = [operation.output for operation in model.operations]
    return keras.Model(model.input, outputs)


def keract_activations(model, x):
    import keract

    return keract.get_activations(model, x, auto_compile=True)


def seconds_of(function: Callable[..., object], *arguments) -> float:
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin


def ratios(methods: list[Callable], x, runs: int = RUNS) -> tuple[list[float], list[float]]:
    """Returns the median time of each method, and the median of its ratio to the first one.

    The methods take turns, so that changes in the machine's load affect all of them.
    """
    rows = []
    for run_number in range(runs + 1):
        row = []
        for method in methods:
            gc.collect()  # else one method pays for what the one before it has left
            row.append(seconds_of(method, x))
        if run_number:  # the first run imports and allocates
            rows.append(row)
    columns = list(zip(*rows, strict=True))
    to_first = [[row[n] / row[0] for row in rows] for n in range(len(methods))]
    return [statistics.median(it) for it in columns], list(map(statistics.median, to_first))


def marked(ratio: float, limit: float) -> str:
    return f"{ratio:.2f}" + ("" if ratio <= limit else f"  OVER {limit}")


def times() -> bool:
    table = Table(
        "model", "model(x)", "values", "ratio", "by hand", "ratio", "view", "ratio", "keract",
        title="all activations of one image",
    )  # fmt: skip
    is_within = True
    for name, limit in MODELS.items():
        model, x = build(name)
        methods = [
            model,
            lambda x, model=model: capture(model, x),
            extractor(model),
            lambda x, model=model: lab.activations(model, x),
        ]
        (plain, ours, hand, view), (_one, ratio, by_hand, of_view) = ratios(methods, x)
        is_within &= ratio <= limit and of_view <= MAX_VIEW[name]
        table.add_row(
            name,
            f"{plain * 1000:,.0f} ms",
            f"{ours * 1000:,.0f} ms",
            marked(ratio, limit),
            f"{hand * 1000:,.0f} ms",
            f"{by_hand:.2f}",
            f"{view * 1000:,.0f} ms",
            marked(of_view, MAX_VIEW[name]),
            keract_time(model, x),
        )
    console.print(table)
    return is_within


# -- many calls


class Loop(layers.Layer):
    """Calls two layers over and over, as a recurrent layer does."""

    def __init__(self, count: int):
        super().__init__()
        self.parts, self.count = [layers.Dense(4), layers.ReLU()], count

    def build(self, input_shape):
        self.parts[0].build(input_shape)

    def call(self, x):
        for _step in range(self.count // 2):
            for part in self.parts:
                x = part(x)
        return x


def loop(count: int):
    layer = Loop(count)
    layer.build((None, 4))
    return layer, np.ones((2, 4), np.float32)


def unstacked(count: int):
    x = keras.Input((count, 4))
    parts = [ops.relu(part) for part in ops.unstack(x, axis=1)]
    return keras.Model(x, ops.stack(parts, axis=1)), np.ones((2, count, 4), np.float32)


def chain(count: int):
    x = made = keras.Input((4,))
    for _call in range(count):
        made = ops.relu(made)
    return keras.Model(x, made), np.ones((2, 4), np.float32)


def many_calls() -> bool:
    table = Table(
        "calls", "model(x)", "values", "ratio", "for one call", "growth",
        title="the values of many small calls",
    )  # fmt: skip
    is_within = True
    # Keras itself recurses over the calls of a graph, so a chain cannot be longer.
    for make, counts in ((loop, (1_000, 10_000)), (unstacked, (100, 500)), (chain, (100, 300))):
        before = 0.0
        for count in counts:
            model, x = make(count)
            methods = [model, lambda x, model=model: capture(model, x)]
            (plain, ours), (_one, ratio) = ratios(methods, x, runs=3)
            limit = MAX_CALLS if make is loop else float("inf")
            growth = ours / count / before if before else 1.0
            is_within &= ratio <= limit and growth <= MAX_GROWTH
            before = ours / count
            table.add_row(
                f"{make.__name__} {count:,}",
                f"{plain * 1000:,.0f} ms",
                f"{ours * 1000:,.0f} ms",
                marked(ratio, limit),
                f"{before * 1e6:,.0f} µs",
                marked(growth, MAX_GROWTH),
            )
    console.print(table)
    return is_within


def keract_time(model, x) -> str:
    try:
        return f"{seconds_of(keract_activations, model, x) * 1000:,.0f} ms"
    except Exception as error:  # the table shows it
        return f"fails: {type(error).__name__}: {str(error).splitlines()[0][:60]}"


# -- memory, each method in a process of its own


def memory_of(name: str, method: str) -> tuple[float, float]:
    """Returns the peak memory of a method on top of the model, and the size of the activations."""
    model, x = build(name, BATCH)
    call = {"plain": model, "ours": lambda x: capture(model, x), "hand": extractor(model)}[
        method
    ]
    call(x[:1])
    gc.collect()
    before = psutil.Process().memory_info().rss
    with PeakMemory() as peak:
        result = call(x)
    size = result.recording.needed if method == "ours" else 0
    return peak.size - before, size


class PeakMemory:
    """The peak resident memory of this process in the `with` block, as the kernel counts it."""

    def __enter__(self):
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # resets the peak
        return self

    def __exit__(self, *_error):
        with open("/proc/self/status") as file:
            line = next(line for line in file if line.startswith("VmHWM"))
        self.size = int(line.split()[1]) * 1024


def memory() -> bool:
    title = f"memory on top of the model, batch of {BATCH}"
    table = Table(
        "model", "sum of activations", "model(x)", "lab.activations", "ratio to the sum",
        "by hand", title=title,
    )  # fmt: skip
    is_within = True
    for name in MODELS:
        results = {method: in_process(name, method) for method in ("plain", "ours", "hand")}
        peaks = {method: peak for method, (peak, _size) in results.items()}
        total = results["ours"][1]
        ratio = peaks["ours"] / total
        is_within &= ratio <= MAX_MEMORY
        table.add_row(
            name,
            f"{total / 1e6:,.0f} MB",
            f"{peaks['plain'] / 1e6:,.0f} MB",
            f"{peaks['ours'] / 1e6:,.0f} MB",
            f"{ratio:.2f}" + ("" if ratio <= MAX_MEMORY else f"  OVER {MAX_MEMORY}"),
            f"{peaks['hand'] / 1e6:,.0f} MB",
        )
    console.print(table)
    return is_within


def in_process(name: str, method: str) -> tuple[float, float]:
    """Returns the result of `memory_of` in a new process."""
    process = subprocess.run(
        [sys.executable, __file__, name, method], capture_output=True, text=True, check=True
    )
    peak, size = process.stdout.split()[-2:]
    return float(peak), float(size)


def main() -> None:
    if len(sys.argv) > 1:
        print(*memory_of(*sys.argv[1:3]))
        return
    console.print(f"Keras {keras.__version__}")
    results = [times(), many_calls()]
    if os.path.exists("/proc/self/clear_refs"):
        results.append(memory())
    else:
        console.print("memory: measured on Linux only")
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
