"""Compares shapes with Keras's own summary, a what-if change with rebuilding, and large models."""

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
MAX_CHANGE = 0.100  # seconds, in the kernel
# The numbers of frames of a video whose frames are taken one by one: three calls for each.
FRAMES = [30, 300, 3000]
OUTPUTS = [10, 100, 1000]
# Beside model.summary at each size.
MAX_BESIDE_SUMMARY = 3.0
# The time for one call of the largest model, beside that of the smallest but one: 1 is linear.
MAX_GROWTH = 2.0

console = Console(width=110)


def seconds_of(function: Callable[..., object], *arguments, **options) -> float:
    begin = time.perf_counter()
    function(*arguments, **options)
    return time.perf_counter() - begin


def summary(model) -> None:
    text = io.StringIO()
    model.summary(print_fn=text.write)


def table_of_shapes() -> None:
    """Alternates between both, so that changes in the machine's load affect both."""
    table = Table("model", "lab.shapes", "model.summary", "ratio", title="model → table")
    for name in MODELS:
        model = getattr(keras.applications, name)(weights=None)
        lab.shapes(model)  # loads the widget, which every session does once
        times = [
            (seconds_of(lab.shapes, model), seconds_of(summary, model)) for _run in range(RUNS)
        ]
        ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
        ratio = f"{ours / theirs:.2f}"
        table.add_row(name, f"{ours * 1000:,.0f} ms", f"{theirs * 1000:,.0f} ms", ratio)
    console.print(table)


def video(frames: int) -> keras.Model:
    """Builds a model that takes the frames of a video one by one."""
    x = keras.Input((frames, 4))
    dense = keras.layers.Dense(4)
    return keras.Model(
        x, keras.ops.stack([dense(x[:, n] * 2.0) for n in range(frames)], axis=1)
    )


def unstacked(outputs: int) -> keras.Model:
    """Builds a model of one operation with many outputs."""
    x = keras.Input((outputs, 4))
    return keras.Model(x, keras.layers.Add()(keras.ops.unstack(x, axis=1)))


def growth() -> bool:
    """Compares models of growing size with Keras's summary, and with each other."""
    table = Table("model", "calls", "lab.shapes", "a change", "summary", "ratio", "growth")
    table.title = "model → table, by size"
    is_within = True
    for build, sizes in ((video, FRAMES), (unstacked, OUTPUTS)):
        per_size = []
        for size in sizes:
            model = build(size)
            rounds = [
                (seconds_of(lab.shapes, model), seconds_of(summary, model))
                for _round in range(2)
            ]
            ours, theirs = (min(column) for column in zip(*rounds, strict=True))
            view = lab.shapes(model)
            change = seconds_of(view.change, view.graph.inputs[0], shape=(size, 5))
            per_size.append(ours / size)
            ratio = ours / theirs
            grown = per_size[-1] / per_size[-2] if len(per_size) > 1 else 1.0
            is_last = size == sizes[-1]
            is_within &= ratio <= MAX_BESIDE_SUMMARY and not (is_last and grown > MAX_GROWTH)
            table.add_row(
                f"{build.__name__} {size:,}",
                f"{len(view.graph.calls):,}",
                f"{ours * 1000:,.0f} ms",
                f"{change * 1000:,.0f} ms",
                f"{theirs * 1000:,.0f} ms",
                f"{ratio:.2f}",
                f"{grown:.2f}",
            )
    console.print(table)
    console.print(
        f"budgets: {MAX_BESIDE_SUMMARY} × summary, growth {MAX_GROWTH} at the largest"
        f"{'' if is_within else '  OVER'}"
    )
    return is_within


def rebuild(model, name: str, settings: dict) -> None:
    config = model.get_config()
    for layer in config["layers"]:
        layer.pop("build_config", None)
        if layer["config"]["name"] == name:
            layer["config"] = {**layer["config"], **settings}
    with contextlib.suppress(ValueError):  # a change that breaks the model counts too
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
        ours.append(seconds_of(view.change, name, **settings))
        if number % 12 == 0:
            theirs.append(seconds_of(rebuild, model, name, settings))
        view.reset()
    median, maximum = statistics.median(ours), max(ours)
    is_within = maximum <= MAX_CHANGE
    mark = "" if is_within else f"  OVER {MAX_CHANGE * 1000:.0f} ms"
    console.print(
        f"what if, ResNet50, {CHANGES} changes: {median * 1000:.0f} ms, at most "
        f"{maximum * 1000:.0f} ms{mark}; rebuilding the model: "
        f"{statistics.median(theirs) * 1000:,.0f} ms, ratio "
        f"{median / statistics.median(theirs):.3f}"
    )
    return is_within


def main() -> None:
    console.print(f"Keras {keras.__version__}")
    table_of_shapes()
    within = [what_if(), growth()]
    sys.exit(not all(within))


if __name__ == "__main__":
    main()
