"""Shapes and what-if, beside Keras's own summary and a model that is built anew, in one run."""

import contextlib
import io
import os
import random
import statistics
import sys
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from rich.console import Console
from rich.table import Table

import kfunc_lab as lab

MODELS = ["VGG19", "ResNet50", "NASNetLarge"]
RUNS = 7
CHANGES = 60
ONE_CHANGE = 0.100  # seconds, in the kernel

console = Console(width=110)


def timed(run: Callable[..., object], *arguments, **options) -> float:
    begin = time.perf_counter()
    run(*arguments, **options)
    return time.perf_counter() - begin


def summary(model) -> None:
    written = io.StringIO()
    model.summary(print_fn=written.write)


def table_of_shapes() -> None:
    """Measures both in turn, so that the machine's moods meet both."""
    table = Table("model", "lab.shapes", "model.summary", "ratio", title="model → table")
    for name in MODELS:
        model = getattr(keras.applications, name)(weights=None)
        lab.shapes(model)  # loads the widget, which every session does once
        times = [(timed(lab.shapes, model), timed(summary, model)) for _run in range(RUNS)]
        ours, theirs = (statistics.median(it) for it in zip(*times, strict=True))
        ratio = f"{ours / theirs:.2f}"
        table.add_row(name, f"{ours * 1000:,.0f} ms", f"{theirs * 1000:,.0f} ms", ratio)
    console.print(table)


def rebuilt(model, layer: str, settings: dict) -> None:
    config = model.get_config()
    for it in config["layers"]:
        it.pop("build_config", None)
        if it["config"]["name"] == layer:
            it["config"] = {**it["config"], **settings}
    with contextlib.suppress(ValueError):  # a change that breaks the model is a result too
        type(model).from_config(config)


def what_if() -> bool:
    model = keras.applications.ResNet50(weights=None)
    view = lab.shapes(model)
    view.selected = "conv1_conv"
    draw = random.Random(0)
    names = [call.id for call in view.graph.calls if call.kind == "Conv2D"]
    ours, theirs = [], []
    for number in range(CHANGES):
        name = draw.choice(names)
        settings = {"strides": draw.randint(1, 3), "filters": draw.choice((32, 64, 128))}
        ours.append(timed(view.change, name, **settings))
        if number % 12 == 0:
            theirs.append(timed(rebuilt, model, name, settings))
        view.reset()
    median, worst = statistics.median(ours), max(ours)
    within = worst <= ONE_CHANGE
    said = "" if within else f"  OVER {ONE_CHANGE * 1000:.0f} ms"
    console.print(
        f"what if, ResNet50, {CHANGES} changes: {median * 1000:.0f} ms, at most "
        f"{worst * 1000:.0f} ms{said}; the model built anew: "
        f"{statistics.median(theirs) * 1000:,.0f} ms, ratio "
        f"{median / statistics.median(theirs):.3f}"
    )
    return within


def main() -> None:
    console.print(f"Keras {keras.__version__}")
    table_of_shapes()
    sys.exit(not what_if())


if __name__ == "__main__":
    main()
