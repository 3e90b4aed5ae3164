"""Compares model -> picture with `keras.utils.model_to_dot` and with visualkeras."""

import os
import shutil
import statistics
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from keras import layers
from rich.console import Console
from rich.table import Table

import kfunc_lab as lab
from kfunc_lab.graph.model.folding import fold_graph
from kfunc_lab.graph.picture.graphviz import find_program
from kfunc_lab.graph.picture.layout import Layouts
from kfunc_lab.graph.picture.svg import draw

MODELS = [
    "VGG19",
    "ResNet50",
    "InceptionV3",
    "Xception",
    "MobileNet",
    "DenseNet201",
    "EfficientNetB7",
    "NASNetLarge",
    "ConvNeXtBase",
]
RUNS = 7
DEEP = 10_000
MAX_FIRST_PICTURE, MAX_CLICK = 2.0, 0.150  # seconds
MAX_RATIO = 0.7  # to model_to_dot, on the models of keras.applications
DENSE = (10, 30)  # layers, each joined to all before; model_to_dot hangs at 100
GROWTH = (10, 100, 1_000, 10_000)  # calls

console = Console(width=110)


def ours(model) -> None:
    graph, opened = fold_graph(lab.read_graph(model))
    draw(Layouts(graph), opened)


def keras_own(model) -> None:
    keras.utils.model_to_dot(model).create_svg()


def visualkeras_layered(model) -> None:
    import visualkeras

    visualkeras.layered_view(model)


def seconds_of(function: Callable[[], None]) -> float | str:
    begin = time.perf_counter()
    try:
        function()
    except Exception as error:  # the failure of a peer is a result too
        return f"fails: {type(error).__name__}"
    return time.perf_counter() - begin


def median(values: list[float | str]) -> float | str:
    failed = [value for value in values if isinstance(value, str)]
    return failed[0] if failed else statistics.median(values)


def in_milliseconds(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value * 1000:,.0f} ms"


def model_to_svg() -> bool:
    """Alternates between the tools, so that changes in the machine's load affect all of them."""
    tools = {"kfunc_lab": ours, "model_to_dot": keras_own, "visualkeras": visualkeras_layered}
    table = Table("model", "calls", *tools, "ratio to model_to_dot", title="model → picture")
    is_within = True
    for name in MODELS:
        model = getattr(keras.applications, name)(weights=None)
        times: dict[str, list[float | str]] = {tool: [] for tool in tools}
        for _run in range(RUNS):
            for tool, draw_model in tools.items():
                if not times[tool] or not isinstance(times[tool][0], str):
                    times[tool].append(seconds_of(lambda draw=draw_model, m=model: draw(m)))
        medians = {tool: median(values) for tool, values in times.items()}
        mine, theirs = medians["kfunc_lab"], medians["model_to_dot"]
        ratio, is_good = "–", isinstance(mine, float)
        if isinstance(mine, float) and isinstance(theirs, float):
            is_good = mine <= MAX_RATIO * theirs
            ratio = f"{mine / theirs:.2f}" + ("" if is_good else f"  OVER {MAX_RATIO:.2f}")
        is_within &= is_good
        calls = str(len(lab.read_graph(model).calls))
        table.add_row(name, calls, *map(in_milliseconds, medians.values()), ratio)
    console.print(table)
    return is_within


def densely_connected(count: int) -> keras.Model:
    x = keras.Input((16,))
    made = [x]
    for _layer in range(count):
        made.append(layers.Dense(8)(layers.Concatenate()(made) if made[1:] else x))
    return keras.Model(x, layers.Dense(1)(made[-1]))


def dense_connections() -> bool:
    """Compares the picture of each layer joined to all before it; 100 layers have no peer."""
    is_within = True
    for count in (*DENSE, 100):
        model = densely_connected(count)
        mine = min(seconds_of(lambda m=model: ours(m)) for _run in range(3))
        unfolded = min(
            seconds_of(lambda m=model: lab.graph(m, fold=False)) for _run in range(2)
        )
        words = f"{count} layers joined to all before: {in_milliseconds(mine)}"
        words += f", unfolded {in_milliseconds(unfolded)}"
        if count in DENSE:
            theirs = seconds_of(lambda m=model: keras_own(m))
            is_good = isinstance(theirs, str) or mine <= theirs
            words += f"; model_to_dot {in_milliseconds(theirs)}" + "  OVER 1.00" * (not is_good)
            is_within &= is_good
        console.print(words)
    return is_within


def growth() -> bool:
    """Reads, folds and draws chains and branches; the time for each call must not grow."""
    table = Table(
        "calls", "chain", "branches", "memory", title="read, fold and draw: µs a call"
    )
    costs = []
    for count in GROWTH:
        chain, branched = keras.Input((8,)), keras.Input((8,))
        for _layer in range(count):
            chain = layers.ReLU()(chain)
        for _block in range(count // 4):
            way = layers.ReLU()(layers.ReLU()(branched))
            branched = layers.Add()([way, layers.ReLU()(branched)])
        ours(branched)
        tracemalloc.start()
        ours(chain)
        memory = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        times = [
            min(seconds_of(lambda x=x: ours(x)) for _run in range(3)) for x in (chain, branched)
        ]
        costs.append(max(times) / count)
        each = (f"{time / count * 1e6:,.0f}" for time in times)
        table.add_row(f"{count:,}", *each, f"{memory / 1e6:.0f} MB")
    console.print(table)
    return costs[-1] <= 2 * costs[1]


def odd_models() -> bool:
    """Draws, as PNG too, what is wide, deep or has many results; in times of a small model."""
    small = seconds_of_forms(keras.applications.VGG16(weights=None))
    is_within = True
    for name, model in (
        ("40 columns", columns(40)),
        ("60 levels", nested(60)),
        ("500 results of one call", unstacked(500)),
    ):
        svg, png = seconds_of_forms(model)
        is_good = png <= 5 * small[1]
        is_within &= is_good
        console.print(
            f"{name}: SVG {svg / small[0]:.1f}, PNG {png / small[1]:.1f} times that of VGG16"
            + "  OVER 5" * (not is_good)
        )
    return is_within


def seconds_of_forms(model: keras.Model) -> tuple[float, float]:
    view = lab.graph(model)
    svg = min(seconds_of(view.to_svg) for _run in range(3))
    return svg, min(seconds_of(view.to_png) for _run in range(3))


def columns(count: int) -> keras.Model:
    inputs = [keras.Input((1,), dtype="int32") for _column in range(count)]
    parts = [layers.Flatten()(layers.Embedding(5, 3)(it)) for it in inputs]
    return keras.Model(inputs, layers.Dense(1)(layers.Concatenate()(parts)))


def nested(levels: int) -> keras.Model:
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dense(4)(x))
    for _level in range(1, levels):
        x = keras.Input((4,))
        model = keras.Model(x, layers.ReLU()(model(x)))
    return model


def unstacked(count: int) -> keras.Model:
    x = keras.Input((count, 8))
    parts = keras.ops.unstack(x, count, axis=1)
    return keras.Model(x, keras.ops.stack([part * 2 for part in parts], axis=1))


def deep_model() -> bool:
    x = keras.Input((8,), name="x")
    lab.graph(x)  # loads the widget, which every session does once
    for _layer in range(DEEP):
        x = layers.Dense(8)(x)
    begin = time.perf_counter()
    view = lab.graph(x)
    view.to_svg()
    seconds = time.perf_counter() - begin
    is_within = seconds <= MAX_FIRST_PICTURE
    mark = "" if is_within else f"  OVER {MAX_FIRST_PICTURE} s"
    console.print(f"{DEEP:,} chained layers, folded, first picture: {seconds:.2f} s{mark}")
    return is_within


def one_click() -> bool:
    """Opens and folds a group of ResNet152 in a browser, on the page that a view saves."""
    from playwright.sync_api import sync_playwright

    view = lab.graph(keras.applications.ResNet152(weights=None))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = view.save(Path(folder, "resnet152.html"))
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page()
        page.goto(page_file.as_uri())
        page.wait_for_selector("[data-item]")
        times = page.evaluate(CLICKS)
        browser.close()
    is_within = max(times) / 1000 <= MAX_CLICK
    mark = "" if is_within else f"  OVER {MAX_CLICK * 1000:.0f} ms"
    console.print(
        f"ResNet152, opening and folding a group of 36 blocks: {min(times):.0f} to "
        f"{max(times):.0f} ms from click to picture{mark}"
    )
    return is_within


# The time from the double click to the frame after the one that draws the picture.
CLICKS = """async () => {
    const painted = () => new Promise((done) =>
        requestAnimationFrame(() => requestAnimationFrame(done)));
    const times = [];
    for (let number = 0; number < 10; number += 1) {
        const node = document.querySelector('[data-item="conv4_block ×36"]');
        const place = node.getBoundingClientRect();
        const at = { bubbles: true, clientX: place.left + 60, clientY: place.top + 10 };
        const begin = performance.now();
        node.dispatchEvent(new MouseEvent("dblclick", at));
        await painted();
        times.push(performance.now() - begin);
    }
    return times;
}"""


def main() -> None:
    warnings.simplefilter("ignore")
    console.print(f"Keras {keras.__version__}, layout by {Path(find_program()).name}")
    results = [
        model_to_svg(),
        dense_connections(),
        odd_models(),
        growth(),
        deep_model(),
        one_click(),
    ]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
