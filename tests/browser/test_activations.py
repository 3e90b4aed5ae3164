"""Tests for the view of activations in a real JupyterLab."""

import pytest
from real_jupyterlab import settle

# The first model of its name is trained; the others get its weights.
TRAIN = """
import pathlib
weights = pathlib.Path(f"{model.name}.weights.h5")
if weights.exists():
    model.load_weights(weights)
else:
    model.fit(x, y, epochs=epochs, verbose=0)
    model.save_weights(weights)
"""

CODE = [
    """
import keras
import numpy as np
from keras import layers
import kfunc_lab as lab

keras.utils.set_random_seed(3)
(x, y), (x_test, y_test) = lab.datasets.mnist(source="embedded")
x, x_test = x[..., None] / 255.0, x_test[..., None] / 255.0
inputs = keras.Input((28, 28, 1), name="digit")
h = layers.Conv2D(16, 3, activation="relu", name="conv_1")(inputs)
h = layers.MaxPooling2D(name="pool")(h)
h = layers.Conv2D(32, 3, activation="relu", name="conv_2")(h)
h = layers.MaxPooling2D(name="pool_2")(h)
h = layers.Flatten(name="flatten")(h)
h = layers.Dense(48, activation="relu", name="dense")(h)
outputs = layers.Dense(10, activation="softmax", name="classes")(h)
model = keras.Model(inputs, outputs, name="small_cnn")
model.compile("adam", "sparse_categorical_crossentropy")
epochs = 2
"""
    + TRAIN
    + """
view = lab.activations(model, x_test[:40])
view
""",
    "print(view.selected, view.sample, view.unit, view.picture)",
]


@pytest.fixture
def page(theme, shared_notebook):
    return shared_notebook(
        CODE, dark=theme == "dark", until=".kfunc-lab-activations .kfunc-lab-card"
    )


def view(page):
    return page.locator(".kfunc-lab-activations").first


def box(page, name):
    return view(page).locator(f'.kfunc-lab-picture [data-item="{name}"]')


def panel(page):
    return view(page).locator(".kfunc-lab-call")


def open_call(page, name):
    """Select a call in the graph and wait until the panel shows it."""
    box(page, name).click()
    panel(page).locator(".kfunc-lab-heading strong", has_text=name).wait_for()
    settled(page)


def surface(page):
    return panel(page).locator(".kfunc-lab-shown .kfunc-lab-drawn-surface")


def settled(page):
    """Wait until the kernel has answered and all transitions have ended."""
    page.wait_for_function("!document.querySelector('.kfunc-lab-call.late')")
    settle(view(page))


def button(page, name):
    return view(page).get_by_role("button", name=name, exact=True)


def show_all_calls(page):
    if button(page, "‹ All calls").is_visible():
        button(page, "‹ All calls").click()
    view(page).locator(".kfunc-lab-card").first.wait_for()


def draw_one(page, pad):
    """Draw a vertical stroke."""
    place = pad.bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"]
    page.mouse.move(x, y + 24)
    page.mouse.down()
    page.mouse.move(x, y + place["height"] - 24, steps=12)
    page.mouse.up()


def marked(page):
    return view(page).locator(".kfunc-lab-answer .marked .name").first


def test_panel_shows_all_calls_before_selection(page, theme, picture):
    assert view(page).locator(".kfunc-lab-card").count() == 8
    said = view(page).inner_text()
    for words in ("small_cnn: 40 samples, 8 calls", "conv_1", "26 × 26 × 16", "sample 0"):
        assert words in said
    assert marked(page).is_visible()
    picture(view(page), f"activations-{theme}")


def test_selected_convolution_shows_its_maps(page, theme, picture, rerun):
    open_call(page, "conv_1")
    canvas = panel(page).locator(".kfunc-lab-shown canvas")
    canvas.wait_for()
    said = panel(page).inner_text()
    for words in ("Conv2D · 26 × 26 × 16", "Over all samples", "zeros", "dead units"):
        assert words in said
    assert rerun(page, 1).strip() == "conv_1 0 -1"
    picture(view(page), f"activations-maps-{theme}")


def test_pointer_shows_exact_values(page):
    open_call(page, "conv_1")
    surface(page).hover(position={"x": 30, "y": 30})
    readout = panel(page).locator(".kfunc-lab-shown .kfunc-lab-drawn-readout")
    readout.get_by_text("map 0 · row").wait_for()


def test_click_enlarges_map_over_input(page, theme, picture, rerun):
    open_call(page, "conv_1")
    surface(page).click(position={"x": 30, "y": 30})
    unit = panel(page).locator(".kfunc-lab-unit")
    unit.get_by_text("map 0", exact=True).wait_for()
    unit.get_by_text("Activated most by").wait_for()
    unit.locator("input[type=range]").wait_for()
    assert rerun(page, 1).strip() == "conv_1 0 0"
    unit.scroll_into_view_if_needed()
    picture(view(page), f"activations-enlarged-{theme}")
    button(page, "Close").click()
    unit.wait_for(state="hidden")


def test_python_can_select_call(page):
    page.evaluate("document.querySelectorAll('.jp-CodeCell')[1].scrollIntoView()")
    cell = page.locator(".jp-CodeCell").nth(1)
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("; view.selected = 'dense'; view.sample = 3")
    page.keyboard.press("Control+Enter")
    panel(page).locator(".kfunc-lab-heading strong", has_text="dense").wait_for()
    panel(page).locator(
        ".kfunc-lab-drawn-columns, .kfunc-lab-shown canvas, .kfunc-lab-shown svg"
    )
    view(page).locator('.kfunc-lab-sample[data-sample="3"][aria-pressed="true"]').wait_for()
    page.keyboard.press("Control+z")


def test_new_sample_changes_whole_view(page):
    open_call(page, "conv_1")
    answers = view(page).locator(".kfunc-lab-comes-out")
    seen = set()
    for sample in (4, 5, 6):
        view(page).locator(f'.kfunc-lab-sample[data-sample="{sample}"]').click()
        view(page).get_by_text(f"sample {sample}", exact=True).wait_for()
        seen.add(answers.inner_text())
    assert len(seen) == 3
    button(page, "Next samples").click()
    view(page).locator('.kfunc-lab-sample[data-sample="12"][aria-pressed="true"]').wait_for()
    button(page, "Previous samples").click()
    view(page).locator('.kfunc-lab-sample[data-sample="0"]').click()


def test_drawn_digit_changes_probabilities(page, theme, picture):
    show_all_calls(page)
    button(page, "Draw").click()
    pad = view(page).locator(".kfunc-lab-pad-surface, .kfunc-lab-pad canvas").first
    pad.wait_for()
    picture(view(page), f"activations-pad-{theme}")
    page.evaluate(NOTE_ANSWERS)
    draw_one(page, pad)
    view(page).get_by_text("as the model sees it").wait_for()
    view(page).locator('.kfunc-lab-answer .marked .name[data-label="1"]').first.wait_for()
    page.wait_for_function("window.kfuncLabAnswers.size >= 3")  # while the pen was down
    picture(view(page), f"activations-drawn-{theme}")
    open_call(page, "conv_1")
    panel(page).locator(".kfunc-lab-shown canvas").wait_for()
    picture(view(page), f"activations-drawn-maps-{theme}")
    button(page, "Clear").click()
    view(page).get_by_text("sample 0", exact=True).wait_for()


# Notes every answer that is shown.
NOTE_ANSWERS = """() => {
  const answer = document.querySelector('.kfunc-lab-comes-out');
  window.kfuncLabAnswers = new Set();
  new MutationObserver(() => window.kfuncLabAnswers.add(answer.textContent)).observe(answer,
    {subtree: true, childList: true, characterData: true, attributes: true});
}"""


def open_attribution(page):
    button(page, "Attribution").click()
    view(page).locator(".kfunc-lab-attribution canvas").first.wait_for()


def test_attribution_appears_over_input(page, theme, picture):
    button(page, "Attribution").click()
    tab = view(page).locator(".kfunc-lab-attribution")
    tab.get_by_text("Score of class").wait_for()
    tab.locator("canvas").first.wait_for()
    picture(view(page), f"activations-grad-cam-{theme}")
    tab.get_by_label("Method").select_option("integrated_gradients")
    tab.get_by_text("The heat map adds up").wait_for(timeout=60_000)
    picture(view(page), f"activations-gradients-{theme}")
    tab.get_by_label("Class").select_option("4")
    tab.get_by_text("Score of class 4").wait_for(timeout=60_000)
    button(page, "Activations").click()
    tab.wait_for(state="hidden")


def test_statistics_colour_graph(page, theme, picture):
    view(page).locator(".kfunc-lab-flow-head select").select_option("zeros")
    view(page).locator(".kfunc-lab-scale").get_by_text("share of zeros").wait_for()
    picture(view(page), f"activations-coloured-{theme}")
    view(page).locator(".kfunc-lab-flow-head select").select_option("")


def test_view_is_accessible(page):
    from axe_playwright_python.sync_playwright import Axe

    for prepare in (
        lambda: show_all_calls(page),
        lambda: open_call(page, "conv_1"),
        lambda: open_call(page, "dense"),
        lambda: open_call(page, "classes"),
        lambda: button(page, "Draw").click(),
        lambda: open_attribution(page),
    ):
        prepare()
        settled(page)
        found = Axe().run(page, context=".kfunc-lab-activations")
        assert found.violations_count == 0, found.generate_report()
    button(page, "Activations").click()


def test_page_has_no_errors(page):
    assert page.problems == []


HOSTILE = """
import keras
import numpy as np
import kfunc_lab as lab

name = "<img src=x onerror=document.title='broken'>"
inputs = keras.Input((9, 9, 1), name=name)
outputs = keras.layers.Conv2D(2, 3, name="__proto__")(inputs)
lab.language("es")
view = lab.activations(keras.Model(inputs, outputs, name="<b>net"), np.ones((2, 9, 9, 1)))
view.save("saved.html")
view
"""


def test_names_are_escaped_and_labels_are_spanish(open_notebook, run_all, lab, browser):
    page = open_notebook([HOSTILE])
    run_all(page)
    page.locator('.kfunc-lab-card[data-card="__proto__"]').click()
    panel(page).locator(".kfunc-lab-heading strong", has_text="__proto__").wait_for()
    said = view(page).inner_text()
    for words in (
        "Todas las llamadas",
        "Activaciones",
        "muestra 0",
        "<img src=x",
        "<b>net",
    ):
        assert words in said
    assert page.title() != "broken"
    assert page.problems == []

    # The saved page shows the same without kernel and network.
    saved = browser.new_page()
    problems = []
    saved.on("pageerror", lambda error: problems.append(str(error)))
    saved.goto(f"file://{lab.root / 'saved.html'}")
    saved.locator('.kfunc-lab-card[data-card="__proto__"]').click()
    panel(saved).locator(".kfunc-lab-shown canvas").wait_for()
    assert not saved.get_by_role("button", name="Dibujar").is_visible()
    assert problems == []
    assert saved.title() != "broken"
    saved.close()


README = (
    """
import keras
from keras import layers
keras.utils.set_random_seed(4)
(x, y), (x_test, y_test) = lab.datasets.mnist(source="embedded")
x, x_test = x[..., None] / 255.0, x_test[..., None] / 255.0
image = keras.Input((28, 28, 1), name="image")
h = layers.Conv2D(16, 3, activation="relu", name="edges")(image)
h = layers.MaxPooling2D(name="pool")(h)
h = layers.Conv2D(32, 3, activation="relu", name="parts")(h)
h = layers.GlobalMaxPooling2D(name="present")(h)
model = keras.Model(image, layers.Dense(10, activation="softmax", name="digit")(h), name="net")
model.compile("adam", "sparse_categorical_crossentropy")
epochs = 12
"""
    + TRAIN
    + "lab.activations(model, x_test[:60])"
)

# A three, as points of the pad from 0 to 1.
THREE = [
    (0.32, 0.24), (0.45, 0.16), (0.6, 0.18), (0.68, 0.3), (0.6, 0.42), (0.46, 0.48),
    (0.62, 0.52), (0.7, 0.66), (0.62, 0.8), (0.46, 0.85), (0.3, 0.77),
]  # fmt: skip


def test_readme_picture_is_taken(open_notebook, run_all, picture, reader):
    language, look = reader
    chosen = f"import kfunc_lab as lab\nlab.language({language!r})"
    page = open_notebook([chosen, README], dark=look == "dark")
    run_all(page)
    box(page, "edges").click()
    button(page, {"en": "Draw", "es": "Dibujar"}[language]).click()
    page.set_viewport_size({"width": 1280, "height": 1500})
    place = view(page).locator(".kfunc-lab-pad-surface").bounding_box()
    points = [
        (place["x"] + x * place["width"], place["y"] + y * place["height"]) for x, y in THREE
    ]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()
    page.mouse.move(0, 0)
    page.wait_for_function(
        """() => document.querySelector('.kfunc-lab-answer .marked .name')
            ?.dataset.label === '3'"""
    )
    settled(page)
    picture(view(page), f"activations-{language}-{look}")


def test_narrow_page_stacks_parts(open_notebook, run_all, picture):
    page = open_notebook(["import kfunc_lab as lab", README], width=760)
    run_all(page)
    view(page).locator('.kfunc-lab-card[data-card="edges"]').click()
    panel(page).locator(".kfunc-lab-shown canvas").wait_for()
    graph, shown = (
        view(page).locator(it).bounding_box()
        for it in (".kfunc-lab-holder-of-graph", ".kfunc-lab-main")
    )
    assert shown["y"] >= graph["y"] + graph["height"]
    outer = view(page).bounding_box()
    assert all(
        it["x"] + it["width"] <= outer["x"] + outer["width"] + 1 for it in (graph, shown)
    )
    picture(view(page), "activations-narrow")
