"""Measures how fast pages respond in JupyterLab: pen, slider, Stop button, large graph."""

import statistics
import sys
from collections.abc import Callable
from typing import Any

from real_jupyterlab import Opener, begin_cells, open_jupyterlab, run_cells
from rich.console import Console

MAX_PEN, MAX_SLIDER, MAX_STOP = 150, 200, 1000  # milliseconds
STOPS = 5

console = Console(width=110)

DIGITS = """
import time
import keras
from keras import layers
import kfunc_lab as lab

keras.utils.set_random_seed(3)
_train, (x, _y) = lab.datasets.mnist("embedded")
x = x[..., None] / 255.0
digit = keras.Input((28, 28, 1), name="digit")
h = layers.Conv2D(16, 3, activation="relu", name="conv_1")(digit)
h = layers.MaxPooling2D(name="pool")(h)
h = layers.Conv2D(32, 3, activation="relu", name="conv_2")(h)
h = layers.Flatten(name="flatten")(layers.MaxPooling2D(name="pool_2")(h))
h = layers.Dense(48, activation="relu", name="dense")(h)
model = keras.Model(digit, layers.Dense(10, activation="softmax", name="classes")(h))
lab.activations(model, x[:40])
"""
CALLS = """
def milliseconds(run):
    begin = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - begin)

print(*(milliseconds(lambda: model(x[:1])) for _time in range(20)))
"""


def printed_numbers(page: Any, cell: int) -> list[float]:
    """Returns the numbers that a cell has printed."""
    output = page.locator(".jp-CodeCell").nth(cell).locator(".jp-OutputArea-output")
    return list(map(float, output.inner_text().split()))


# Records the time from a movement of the pen to the frame with new probabilities.
RECORD_DELAYS = """() => {
  window.delays = [];
  let moved = null;
  document.querySelector(".kfunc-lab-pad").addEventListener("pointermove", (event) => {
    if (event.buttons && moved === null) moved = performance.now();
  }, true);
  new MutationObserver(() => {
    if (moved === null) return;
    requestAnimationFrame(() => {
      if (moved !== null) window.delays.push(performance.now() - moved);
      moved = null;
    });
  }).observe(document.querySelector(".kfunc-lab-comes-out"),
    { subtree: true, childList: true, characterData: true, attributes: true });
}"""


def pen(open_notebook: Opener) -> bool:
    """Draws a digit, and compares the delay with the time of the model for one image."""
    page = open_notebook([DIGITS, CALLS])
    run_cells(page)
    page.get_by_role("button", name="Draw", exact=True).click()
    pad = page.locator(".kfunc-lab-pad-surface")
    pad.wait_for()
    place = pad.bounding_box()
    page.evaluate(RECORD_DELAYS)
    for stroke in (0.3, 0.4, 0.5, 0.6, 0.7):
        x = place["x"] + stroke * place["width"]
        page.mouse.move(x, place["y"] + 24)
        page.mouse.down()
        page.mouse.move(x, place["y"] + place["height"] - 24, steps=12)
        page.mouse.up()
    page.wait_for_function("window.delays.length >= 10")
    delays, calls = page.evaluate("window.delays"), printed_numbers(page, 1)
    return report("pen → probabilities", delays, MAX_PEN, "model(x)", calls)


RESNET = """
import time
import keras
import kfunc_lab as lab
view = lab.shapes(keras.applications.ResNet50(weights=None))
view
"""
CHANGES = """
def milliseconds(strides):
    begin = time.perf_counter()
    view.change("conv1_conv", strides=strides)
    return 1000 * (time.perf_counter() - begin)

print(*(milliseconds(1 + time % 3) for time in range(20)))
view.reset()
"""
# The time from a change of the slider to the frame after the one that shows the new table.
MOVES = """async () => {
    const painted = () => new Promise((done) =>
        requestAnimationFrame(() => requestAnimationFrame(done)));
    const knob = [...document.querySelectorAll(".kfunc-lab-knob")]
        .find((it) => it.textContent.includes("strides"));
    const slider = knob.querySelector("input[type=range]");
    const row = () => document.querySelector('[data-row="conv1_conv"] .kfunc-lab-shape');
    const times = [];
    for (let number = 0; number < 20; number += 1) {
        const before = row().textContent;
        const begin = performance.now();
        slider.value = 1 + ((number + 2) % 3);
        slider.dispatchEvent(new Event("input"));
        while (row().textContent === before) await painted();
        times.push(performance.now() - begin);
    }
    return times;
}"""


def slider(open_notebook: Opener) -> bool:
    """Moves a slider of a large model, and compares the delay with the same change in Python."""
    page = open_notebook([RESNET, CHANGES])
    run_cells(page)
    page.locator('tr[data-row="conv1_conv"]').click()
    page.locator(".kfunc-lab-knob", has_text="strides").wait_for()
    changes = printed_numbers(page, 1)
    moves = page.evaluate(MOVES)
    return report("slider → shapes, ResNet50", moves, MAX_SLIDER, "view.change", changes)


TRAINED = """
import keras
import numpy as np
import kfunc_lab as lab

class Slow(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        __import__("time").sleep(0.02)

x = np.random.rand(640, 8).astype("float32")
inputs = keras.Input((8,))
model = keras.Model(inputs, keras.layers.Dense(1)(inputs), name="net")
model.compile("adam", "mse")
dashboard = lab.TrainingDashboard(keep=False)
"""
FIT = """
history = model.fit(x, x[:, 0], epochs=500, verbose=0, callbacks=[Slow(), dashboard])
"""
# The time from the click on Stop, or from an interrupt of the kernel, to the end of the run.
TIME_TO_END = """(name) => new Promise((done) => {
    const root = document.querySelector(".kfunc-lab-dashboard");
    const button = [...root.querySelectorAll("button")].find((it) => it.textContent === "Stop");
    const begin = performance.now();
    new MutationObserver(() => {
        if (root.querySelector("[data-state=stopped], [data-state=interrupted]")) {
            done(performance.now() - begin);
        }
    }).observe(root, { subtree: true, attributes: true });
    if (name === "Stop") button.click();
    else jupyterapp.commands.execute("notebook:interrupt-kernel");
})"""


def stop(open_notebook: Opener) -> bool:
    """Stops a training run, and compares the delay with an interrupt of the kernel."""
    times: dict[str, list[float]] = {"Stop": [], "Interrupt": []}
    for name in [*times] * STOPS:
        page = open_notebook([TRAINED, FIT])
        begin_cells(page)
        page.locator(".kfunc-lab-dashboard .kfunc-lab-chart").first.wait_for(timeout=60_000)
        page.get_by_role("button", name="Stop", exact=True, disabled=False).wait_for()
        times[name].append(page.evaluate(TIME_TO_END, name))
    return report("Stop → stopped", times["Stop"], MAX_STOP, "interrupt", times[name])


def report(
    name: str, times: list[float], budget: float, reference: str, reference_times: list[float]
) -> bool:
    """Prints the median time and its ratio to a reference, and checks it against its budget."""
    ours, other = statistics.median(times), statistics.median(reference_times)
    mark = "" if ours <= budget else f"  OVER {budget:,} ms"
    console.print(
        f"{name}: {ours:.0f} ms, at most {max(times):.0f} ms{mark}; "
        f"{reference}: {other:.1f} ms, ratio {ours / other:.2f}"
    )
    return ours <= budget


LARGE = """
import keras
import kfunc_lab as lab
x = inputs = keras.Input((64,))
for number in range(333):
    y = keras.layers.ReLU()(keras.layers.Dense(64)(x))
    x = keras.layers.Add()([x, y])
lab.graph(keras.Model(inputs, x), fold=False)
"""
# Keeps the durations of the tasks that block the page for more than 50 milliseconds.
RECORD_LONG_TASKS = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.longTasks.push(task.duration);
  }).observe({ type: "longtask" });
}"""


def large_graph(open_notebook: Opener) -> bool:
    """Zooms and pans a graph with 1,000 open calls, and counts the long tasks."""
    page = open_notebook([LARGE])
    run_cells(page)
    box = page.locator(".kfunc-lab-picture")
    box.locator("[data-item]").first.wait_for()
    place = box.bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.wait_for_timeout(1000)
    page.evaluate(RECORD_LONG_TASKS)
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    for step in range(30):
        page.mouse.wheel(0, 60 if step < 15 else -60)
        page.wait_for_timeout(30)
    page.keyboard.up("Control")
    for _drag in range(5):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, place["y"] - 300, steps=12)
        page.mouse.up()
    page.wait_for_timeout(500)
    tasks = page.evaluate("window.longTasks")
    longest = f", the longest {max(tasks):.0f} ms" if tasks else ""
    console.print(f"zoom and pan, 1,000 open calls: {len(tasks)} tasks over 50 ms{longest}")
    return not tasks


def main() -> None:
    measures: list[Callable[[Opener], bool]] = [pen, slider, stop, large_graph]
    with open_jupyterlab() as open_notebook:
        within = [measure(open_notebook) for measure in measures]
    sys.exit(not all(within))


if __name__ == "__main__":
    main()
