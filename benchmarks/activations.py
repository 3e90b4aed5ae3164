"""Compares all activations of a model with a hand-written extractor model and with keract."""

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
from rich.console import Console
from rich.table import Table

from kfunc_lab.forward.batch import run

MODELS = ["VGG19", "ResNet50"]
RUNS = 9
MAX_TIME = 1.3  # relative to one eager call
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


def times() -> bool:
    """Alternates between the methods, so that changes in the machine's load affect all of them."""
    table = Table(
        "model", "model(x)", "lab.activations", "ratio", "by hand", "ratio", "keract",
        title="all activations of one image",
    )  # fmt: skip
    is_within = True
    for name in MODELS:
        model, x = build(name)
        by_hand = extractor(model)
        methods = [model, lambda x, model=model: capture(model, x), by_hand]
        for method in methods:
            method(x)
        rows = [[seconds_of(method, x) for method in methods] for _run in range(RUNS)]
        plain, ours, hand = (statistics.median(column) for column in zip(*rows, strict=True))
        is_within &= ours <= MAX_TIME * plain
        mark = "" if ours <= MAX_TIME * plain else f"  OVER {MAX_TIME}"
        table.add_row(
            name,
            f"{plain * 1000:,.0f} ms",
            f"{ours * 1000:,.0f} ms",
            f"{ours / plain:.2f}{mark}",
            f"{hand * 1000:,.0f} ms",
            f"{hand / plain:.2f}",
            keract_time(model, x),
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
    results = [times()]
    if os.path.exists("/proc/self/clear_refs"):
        results.append(memory())
    else:
        console.print("memory: measured on Linux only")
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
