"""Training watched and steered while its cell runs, in a real JupyterLab."""

import json

import pytest

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


@pytest.fixture
def page(theme, open_notebook):
    page = open_notebook([MODEL, TRAIN, AFTER], dark=theme == "dark")
    page.get_by_role("menuitem", name="Run").click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    button(page, "Stop").wait_for(timeout=90_000)
    page.wait_for_function(
        "() => { const it = [...document.querySelectorAll('.kfunc-lab-dashboard button')]"
        ".find(b => b.textContent === 'Stop'); return it && !it.disabled; }",
        timeout=60_000,
    )
    return page


# Notes how long it takes from the click on Stop to the end of the run.
TIME_TO_STOP = """() => {
  const root = document.querySelector('.kfunc-lab-dashboard');
  let clicked;
  root.addEventListener('click', () => (clicked = performance.now()), {capture: true});
  new MutationObserver(() => {
    if (root.querySelector('[data-state=stopped]') && window.kfuncLabStopped === undefined) {
      window.kfuncLabStopped = performance.now() - clicked;
    }
  }).observe(root, {subtree: true, attributes: true});
}"""


def view(page):
    return page.locator(".kfunc-lab-dashboard")


def button(page, name):
    return view(page).get_by_role("button", name=name, exact=True)


def said(page):
    return view(page).locator(".kfunc-lab-run-facts").inner_text()


def result(page):
    output = page.locator(".jp-CodeCell").nth(2).locator(".jp-OutputArea-output")
    output.wait_for(timeout=30_000)
    return json.loads(output.inner_text())


def test_it_is_steered_while_the_cell_runs(page, theme, picture):
    view(page).locator(".kfunc-lab-chart").nth(1).wait_for()
    page.wait_for_timeout(1500)
    picture(view(page), f"dashboard-running-{theme}")

    button(page, "Pause").click()
    view(page).locator("[data-state=paused]").wait_for()
    held = said(page)
    picture(view(page), f"dashboard-paused-{theme}")
    page.wait_for_timeout(700)
    assert said(page) == held

    for _time in range(2):
        before = said(page)
        button(page, "One step").click()
        page.wait_for_function(
            "before => document.querySelector('.kfunc-lab-run-facts').innerText !== before",
            arg=before,
        )
        page.wait_for_timeout(300)
        assert batch(said(page)) == batch(before) % 16 + 1

    button(page, "Double the learning rate").click()
    button(page, "Resume").click()
    view(page).locator("[data-state=running]").wait_for()

    page.evaluate(TIME_TO_STOP)
    button(page, "Stop").click()
    view(page).locator("[data-state=stopped]").wait_for()
    assert page.evaluate("window.kfuncLabStopped") < 1000
    epochs, batches, state, rate, problem = result(page)
    assert (state, problem) == ("stopped", "None")
    assert rate == pytest.approx(0.02)
    assert 0 < epochs < 500
    assert batches < 16 * 500
    page.wait_for_timeout(500)
    assert not button(page, "Stop").is_visible()
    picture(view(page), f"dashboard-stopped-{theme}")
    assert page.problems == []

    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=".kfunc-lab-dashboard")
    assert found.violations_count == 0, found.generate_report()


def batch(words):
    return int(words.split("batch ")[1].split()[0])


def test_in_the_background_the_cell_returns_at_once(open_notebook):
    train = """
lab.language("es")
dashboard.fit(model, x, y, epochs=500, batch_size=32, callbacks=[Slow()], background=True)
print("back")
"""
    page = open_notebook([MODEL, train])
    page.get_by_role("menuitem", name="Run").click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.get_by_text("back", exact=True).last.wait_for(timeout=60_000)
    view(page).locator(".kfunc-lab-chart").first.wait_for()
    button(page, "Detener").click()
    view(page).locator("[data-state=stopped]").wait_for()
    assert "época" in said(page)
    assert page.problems == []


def test_an_interrupt_ends_the_run_and_its_view(open_notebook, rerun):
    page = open_notebook([MODEL, TRAIN, "print(dashboard._log.state)"])
    page.get_by_role("menuitem", name="Run").click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    view(page).locator(".kfunc-lab-chart").first.wait_for(timeout=60_000)
    page.get_by_role("menuitem", name="Kernel").click()
    page.get_by_role("menuitem", name="Interrupt Kernel").click()
    view(page).locator("[data-state=interrupted]").wait_for()
    assert rerun(page, 2).strip() == "interrupted"
