"""Training is shown and controlled while its cell runs, in a real JupyterLab."""

import importlib.metadata
import json
import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import TimeoutError
from real_jupyterlab import begin_cells, other_kernels

MODEL = """
import keras
import numpy as np
from keras import layers
import kfunc_lab as lab

class Slow(keras.callbacks.Callback):
    count = 0
    def on_train_batch_end(self, batch, logs=None):
        Slow.count += 1
        __import__("time").sleep(0.02)

keras.utils.set_random_seed(0)
x = np.random.rand(640, 8).astype("float32")
y = (x[:, 0] > 0.5).astype("float32")
inputs = keras.Input((8,))
h = layers.Dense(16, activation="relu")(inputs)
model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h), name="net")
model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
dashboard = lab.TrainingDashboard(keep=False)
"""
TRAIN = """
history = model.fit(x, y, epochs=500, batch_size=32, validation_split=0.2, verbose=0,
                    callbacks=[Slow(), dashboard])
"""
AFTER = """
import json
print(json.dumps([len(history.history["loss"]), Slow.count, dashboard._log.state,
                  float(model.optimizer.learning_rate), str(dashboard.problem)]))
"""


NO_ROUTE = """The dashboard's buttons do not reach Python while a cell runs. JupyterLab sends what
widgets ask over a subshell of the kernel, and `environment.receive_while_running` keeps ipykernel
from answering on the thread that trains: a new version of one of them breaks that route."""


def wait_until_steerable(page):
    """Wait until the buttons work while the cell runs, or fail with the reason."""
    button(page, "Stop").wait_for(timeout=90_000)
    try:
        page.wait_for_function(
            "() => { const it = [...document.querySelectorAll('.kfunc-lab-dashboard button')]"
            ".find(b => b.textContent === 'Stop'); return it && !it.disabled; }",
            timeout=20_000,
        )
    except TimeoutError:
        pytest.fail(f"{NO_ROUTE}\n{versions()}")


def versions():
    names = ("jupyterlab", "ipykernel", "ipywidgets", "anywidget")
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)


@pytest.fixture
def page(theme, open_notebook):
    page = open_notebook([MODEL, TRAIN, AFTER], dark=theme == "dark")
    begin_cells(page)
    wait_until_steerable(page)
    return page


def view(page):
    return page.locator(".kfunc-lab-dashboard")


def button(page, name):
    return view(page).get_by_role("button", name=name, exact=True)


def said(page):
    return view(page).locator(".kfunc-lab-run-facts").inner_text()


def result(page):
    page.locator(".jp-CodeCell").last.scroll_into_view_if_needed()
    output = page.locator(".jp-CodeCell").nth(2).locator(".jp-OutputArea-output")
    output.wait_for(timeout=30_000)
    return json.loads(output.inner_text())


def draw_again(page, change):
    """Change the learning rate, so that the kernel draws the current progress."""
    page.evaluate(NOTE_DRAWING)
    button(page, change).click()
    page.wait_for_function("window.kfuncLabIsDrawn")


NOTE_DRAWING = """() => {
  window.kfuncLabIsDrawn = false;
  new MutationObserver(() => (window.kfuncLabIsDrawn = true)).observe(
    document.querySelector('.kfunc-lab-run-facts'), {childList: true, characterData: true});
}"""


def test_training_is_steered_while_cell_runs(page, theme, picture):
    view(page).locator(".kfunc-lab-chart").nth(1).wait_for()
    view(page).get_by_text(re.compile(r"epoch ([3-9]|\d\d+) of 500")).wait_for()
    picture(view(page), f"dashboard-running-{theme}")

    button(page, "Pause").click()
    view(page).locator("[data-state=paused]").wait_for()
    held = said(page)
    picture(view(page), f"dashboard-paused-{theme}")
    draw_again(page, "Double the learning rate")
    assert said(page) == held

    for change in ("Halve the learning rate", "Double the learning rate"):
        next_batch = batch(said(page)) % 16 + 1
        button(page, "One step").click()
        # After the last batch, the validation changes the text before the next batch does.
        view(page).get_by_text(f"batch {next_batch} of 16").wait_for()
        draw_again(page, change)
        assert batch(said(page)) == next_batch

    button(page, "Resume").click()
    view(page).locator("[data-state=running]").wait_for()
    begun = said(page)
    button(page, "Stop").click()
    view(page).locator("[data-state=stopped]").wait_for()
    epochs, batches, state, rate, problem = result(page)
    assert (state, problem) == ("stopped", "None")
    assert rate == pytest.approx(0.02)
    assert 0 < epochs < 500
    assert batches - 16 * (epoch(begun) - 1) - batch(begun) <= 50  # a second of them
    button(page, "Stop").wait_for(state="hidden")
    picture(view(page), f"dashboard-stopped-{theme}")
    assert page.problems == []

    found = Axe().run(page, context=".kfunc-lab-dashboard")
    assert found.violations_count == 0, found.generate_report()


def batch(words):
    return int(words.split("batch ")[1].split()[0])


def epoch(words):
    return int(words.split("epoch ")[1].split()[0])


def test_background_training_returns_at_once(open_notebook):
    train = """
lab.language("es")
dashboard.fit(model, x, y, epochs=500, batch_size=32, callbacks=[Slow()], background=True)
print("back")
"""
    page = open_notebook([MODEL, train])
    begin_cells(page)
    page.get_by_text("back", exact=True).last.wait_for(timeout=60_000)
    view(page).locator(".kfunc-lab-chart").first.wait_for()
    button(page, "Detener").click()
    view(page).locator("[data-state=stopped]").wait_for()
    assert "época" in said(page)
    assert page.problems == []


def test_interrupt_ends_run_and_view(open_notebook, rerun):
    page = open_notebook([MODEL, TRAIN, "print(dashboard._log.state)"])
    begin_cells(page)
    view(page).locator(".kfunc-lab-chart").first.wait_for(timeout=60_000)
    page.get_by_role("menuitem", name="Kernel").click()
    page.get_by_role("menuitem", name="Interrupt Kernel").click()
    view(page).locator("[data-state=interrupted]").wait_for()
    assert rerun(page, 2).strip() == "interrupted"


DIGITS = """
import keras
from keras import layers
import kfunc_lab as lab

keras.utils.set_random_seed(1)
(x, y), (x_test, y_test) = lab.datasets.mnist()
inputs = keras.Input((28, 28), name="img")
h = layers.Reshape((28, 28, 1))(inputs)
h = layers.Conv2D(8, 3, strides=2, activation="relu", name="edges")(h)
h = layers.Flatten()(h)
h = layers.Dense(32, activation="relu", name="hidden")(h)
model = keras.Model(inputs, layers.Dense(10, activation="softmax", name="digits")(h), name="mnist")
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
graph = lab.graph(model)
dashboard = lab.TrainingDashboard(keep=False, probe=(x_test / 255, y_test))
dashboard.colour(graph, "gradient_norm")
graph
"""


def test_dashboard_shows_confusion_and_layer_measures(open_notebook, run_all, theme, picture):
    train = "history = dashboard.fit(model, x / 255, y, epochs=6, validation_split=0.1)"
    page = open_notebook([DIGITS, train], dark=theme == "dark")
    run_all(page)
    page.locator(".jp-CodeCell").last.scroll_into_view_if_needed()
    view(page).locator(".kfunc-lab-predictions svg").wait_for()
    names = view(page).locator("tbody th").all_inner_texts()
    assert {"edges", "hidden", "digits"} <= set(names)
    button(page, "Show the distributions of hidden").click()
    charts = view(page).locator(".kfunc-lab-run-layers .kfunc-lab-chart")
    assert charts.count() == 2
    assert charts.first.locator(".band").count() == 2
    picture(view(page), f"dashboard-digits-{theme}")
    found = Axe().run(page, context=".kfunc-lab-dashboard")
    assert found.violations_count == 0, found.generate_report()
    page.locator(".jp-CodeCell").first.scroll_into_view_if_needed()
    coloured = page.locator(".kfunc-lab-graph .node.valued, .kfunc-lab-view .valued")
    assert coloured.count() >= 3
    picture(page.locator(".kfunc-lab-view").first, f"coloured-{theme}")
    assert page.problems == []


def test_dashboard_shows_notices(open_notebook, run_all, theme, picture):
    train = """
lab.language("es")
x[100] = np.nan
history = dashboard.fit(model, x, y, epochs=3)
"""
    page = open_notebook([MODEL, train], dark=theme == "dark")
    run_all(page)
    notice = view(page).locator(".kfunc-lab-notices li")
    notice.first.wait_for()
    assert notice.count() == 1
    assert "se volvió NaN en la época 1" in notice.inner_text()
    assert "np.isfinite(x).all()" in notice.inner_text()
    assert notice.locator("code").first.inner_text() == "np.isfinite(x).all()"
    assert not view(page).locator(".key.validation").is_visible()  # there is none
    picture(view(page), f"dashboard-notice-{theme}")
    found = Axe().run(page, context=".kfunc-lab-dashboard")
    assert found.violations_count == 0, found.generate_report()
    assert page.problems == []


def test_readme_picture_is_taken(open_notebook, picture, reader):
    language, look = reader
    slow = """
class Slow(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        __import__("time").sleep(0.01)
"""
    train = (
        "dashboard.fit(model, x / 255, y, epochs=60, validation_split=0.1, callbacks=[Slow()])"
    )
    speak = f"import kfunc_lab; kfunc_lab.language({language!r})\n"
    page = open_notebook([speak + DIGITS + slow, train], dark=look == "dark", width=1180)
    begin_cells(page)
    facts = view(page).locator(".kfunc-lab-run-facts")
    facts.wait_for(timeout=90_000)
    # On a busy machine, the page may skip an epoch.
    facts.get_by_text(re.compile(r" ([5-9]|[1-6]\d) (of|de) 60")).wait_for(timeout=120_000)
    view(page).locator(".kfunc-lab-run-layers").evaluate("it => (it.style.display = 'none')")
    assert view(page).locator(".kfunc-lab-predictions svg").is_visible()
    picture(view(page), f"dashboard-{language}-{look}")
    button(page, {"en": "Stop", "es": "Detener"}[language]).click()
    view(page).locator("[data-state=stopped]").wait_for()
    assert page.problems == []


RUNS = """
path = "runs-{theme}.sqlite3"
for rate in (0.003, 0.03):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((8,)), layers.Dense(16, activation="relu"),
                              layers.Dense(1, activation="sigmoid")], name=f"rate_{{rate}}")
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=6, validation_split=0.2, verbose=0,
              callbacks=[lab.TrainingDashboard(keep=path)])
"""


def test_runs_page_lists_and_compares_runs(open_notebook, run_all, theme, picture):
    cells = [MODEL, RUNS.format(theme=theme), "lab.runs(path)"]
    page = open_notebook(cells, dark=theme == "dark")
    run_all(page)
    page.locator(".jp-CodeCell").nth(2).scroll_into_view_if_needed()
    listed = page.locator(".kfunc-lab-runs")
    listed.wait_for()
    said = listed.inner_text()
    for words in ("2 training runs", "rate_0.003", "rate_0.03", "optimizer.learning_rate"):
        assert words in said
    assert listed.locator("svg .line").count() >= 4
    picture(listed, f"runs-{theme}")
    assert page.problems == []


def test_broken_connection_is_reported(open_notebook):
    # As a new version would: all that the page asks is answered on the thread that trains.
    broken = """
from kfunc_lab.training.dashboard import view as dashboard_view
dashboard_view.receive_while_running = lambda widget: setattr(
    widget.comm, "_reply_subshell_for", lambda _data, _default: None)
"""
    page = open_notebook([MODEL + broken, TRAIN])
    begin_cells(page)
    with pytest.raises(pytest.fail.Exception, match="do not reach Python"):
        wait_until_steerable(page)
    assert "the interrupt button ends the run" in view(page).inner_text()
    open_notebook.end_kernel()


def test_oldest_suitable_ipykernel_can_steer(open_notebook):
    if "ipykernel-7.0" not in other_kernels():
        if os.environ.get("CI") == "true":
            pytest.fail("make .venv/ipykernel-7.0.installed")
        pytest.skip("make .venv/ipykernel-7.0.installed")
    version = "import ipykernel; print(ipykernel.__version__)"
    page = open_notebook([MODEL + version, TRAIN, AFTER], kernel="ipykernel-7.0")
    begin_cells(page)
    wait_until_steerable(page)
    cell = page.locator(".jp-CodeCell").first
    assert cell.locator(".jp-OutputArea-output").inner_text().startswith("7.0.")
    button(page, "Halve the learning rate").click()
    button(page, "Pause").click()
    view(page).locator("[data-state=paused]").wait_for(timeout=5000)
    button(page, "Stop").click()
    view(page).locator("[data-state=stopped]").wait_for(timeout=5000)
    _epochs, _batches, state, rate, problem = result(page)
    assert (state, problem) == ("stopped", "None")
    assert rate == pytest.approx(0.005)
