"""All activations of a model, beside a model made by hand for it and beside keract, in one run."""

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
TIME = 1.3  # times one eager call
MEMORY = 1.2  # times the sum of the activations
BATCH = 8  # for the memory

console = Console(width=110)


def made(name: str, samples: int = 1):
    keras.utils.set_random_seed(0)
    model = getattr(keras.applications, name)(weights=None)
    x = np.random.default_rng(0).random((samples, *model.input_shape[1:]), np.float32)
    return model, x


def captured(model, x):
    return run(model, x, training=False, layers=None, dtype=None, limit=10**12)


def extractor(model) -> keras.Model:
    return keras.Model(model.input, [it.output for it in model.operations])


def by_keract(model, x):
    import keract

    return keract.get_activations(model, x, auto_compile=True)


def timed(run: Callable[..., object], *arguments) -> float:
    begin = time.perf_counter()
    run(*arguments)
    return time.perf_counter() - begin


def times() -> bool:
    """Measures all in turn, so that the machine's moods meet all."""
    table = Table(
        "model", "model(x)", "lab.activations", "ratio", "by hand", "ratio", "keract",
        title="all activations of one image",
    )  # fmt: skip
    is_within = True
    for name in MODELS:
        model, x = made(name)
        by_hand = extractor(model)
        ways = [model, lambda it, model=model: captured(model, it), by_hand]
        for way in ways:
            way(x)
        rows = [[timed(way, x) for way in ways] for _run in range(RUNS)]
        plain, ours, theirs = (statistics.median(it) for it in zip(*rows, strict=True))
        is_within &= ours <= TIME * plain
        said = "" if ours <= TIME * plain else f"  OVER {TIME}"
        table.add_row(
            name,
            f"{plain * 1000:,.0f} ms",
            f"{ours * 1000:,.0f} ms",
            f"{ours / plain:.2f}{said}",
            f"{theirs * 1000:,.0f} ms",
            f"{theirs / plain:.2f}",
            peer(model, x),
        )
    console.print(table)
    return is_within


def peer(model, x) -> str:
    try:
        return f"{timed(by_keract, model, x) * 1000:,.0f} ms"
    except Exception as error:  # it is said in the table
        return f"fails: {type(error).__name__}: {str(error).splitlines()[0][:60]}"


# -- memory, each way in a process of its own


def growth(name: str, way: str) -> tuple[float, float]:
    """Returns what a way needs at most beside the model, and what it keeps, in bytes."""
    model, x = made(name, BATCH)
    call = {"plain": model, "ours": lambda it: captured(model, it), "hand": extractor(model)}[
        way
    ]
    call(x[:1])
    gc.collect()
    before = psutil.Process().memory_info().rss
    with Peak() as peak:
        kept = call(x)
    needed = kept.recording.needed if way == "ours" else 0
    return peak.most - before, needed


class Peak:
    """The most memory that this process has had resident meanwhile, as the kernel counts it."""

    def __enter__(self):
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # forgets the peak so far
        return self

    def __exit__(self, *_error):
        with open("/proc/self/status") as file:
            line = next(it for it in file if it.startswith("VmHWM"))
        self.most = int(line.split()[1]) * 1024


def memory() -> bool:
    title = f"memory beside the model, batch of {BATCH}"
    table = Table(
        "model", "sum of activations", "model(x)", "lab.activations", "ratio to the sum",
        "by hand", title=title,
    )  # fmt: skip
    is_within = True
    for name in MODELS:
        found = {way: measured(name, way) for way in ("plain", "ours", "hand")}
        total = found["ours"][1]
        ratio = found["ours"][0] / total
        is_within &= ratio <= MEMORY
        table.add_row(
            name,
            f"{total / 1e6:,.0f} MB",
            f"{found['plain'][0] / 1e6:,.0f} MB",
            f"{found['ours'][0] / 1e6:,.0f} MB",
            f"{ratio:.2f}" + ("" if ratio <= MEMORY else f"  OVER {MEMORY}"),
            f"{found['hand'][0] / 1e6:,.0f} MB",
        )
    console.print(table)
    return is_within


def measured(name: str, way: str) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, __file__, name, way], capture_output=True, text=True, check=True
    )
    peak, needed = done.stdout.split()[-2:]
    return float(peak), float(needed)


def main() -> None:
    if len(sys.argv) > 1:
        print(*growth(*sys.argv[1:3]))
        return
    console.print(f"Keras {keras.__version__}")
    within = [times()]
    if os.path.exists("/proc/self/clear_refs"):
        within.append(memory())
    else:
        console.print("memory: measured on Linux only")
    sys.exit(not all(within))


if __name__ == "__main__":
    main()
