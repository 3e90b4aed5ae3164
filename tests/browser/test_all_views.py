"""Every view looks the same alone and on a page with all views."""

import base64

import pytest
from real_jupyterlab import run_cells, settle

BEGIN = """
import keras
import numpy as np
from keras import layers
import kfunc_lab as lab

(x, y), (x_test, y_test) = lab.datasets.mnist("embedded")
x, x_test = x[:512, ..., None] / 255.0, x_test[:20, ..., None] / 255.0
y, y_test = y[:512], y_test[:20]

def classifier(filters=4):
    keras.utils.set_random_seed(0)
    digit = keras.Input((28, 28, 1), name="digit")
    h = layers.Conv2D(filters, 3, strides=2, activation="relu", name="edges")(digit)
    h = layers.Flatten(name="row")(h)
    h = layers.Dense(10, activation="softmax", name="classes")(h)
    model = keras.Model(digit, h, name="net")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

model = classifier()
"""

# What each cell shows. The steps come first: their styles once changed those of other views.
# The graph that follows the notebook comes last: it would follow the cells below.
VIEWS = {
    "steps": """%%steps
start = keras.Input((784,), name="img")
h = layers.Dense(64, name="hidden")(start)
print("the shape is", h.shape)
end = layers.Dense(10, name="digits")(h)
""",
    "graph": 'view = lab.graph(model)\nview.selected = "edges"\nview',
    "shapes": 'view = lab.shapes(model)\nview.selected = "edges"\nview',
    "activations": """
view = lab.activations(model, x_test)
view.selected, view.unit = "edges", 1
view
""",
    "compare": "lab.compare(model, classifier(8))",
    "dashboard": """
dashboard = lab.TrainingDashboard(probe=(x_test, y_test), keep=False)
history = classifier().fit(
    x, y, epochs=2, validation_split=0.2, verbose=0, callbacks=[dashboard]
)
""",
    "explain": """
try:
    layers.Conv2D(8, 3, name="another")(model.output)
except ValueError as error:
    mistake = lab.explain(error)
mistake
""",
    "curves": """
lab.curves({"loss": [2.0, 1.0, 0.5], "val_loss": [2.0, 1.5, 1.2], "accuracy": [0.1, 0.5, 0.8]})
""",
    "runs": """
import pathlib
if not pathlib.Path("kept.db").exists():
    keeping = lab.TrainingDashboard(keep="kept.db")
    classifier().fit(x, y, epochs=2, validation_split=0.2, verbose=0, callbacks=[keeping])
lab.runs("kept.db")
""",
    "pictures": "lab.pictures(x_test[:8], captions=y_test[:8])",
    "feedback": 'lab.check("hidden-units", model)',
    "predict": 'lab.predict("dense-parameters")',
    "digit_pad": "lab.digit_pad(model)",
    "bars": 'lab.bars([0.7, 0.2, 0.1], names=["cat", "dog", "bird"])',
    "progress": "lab.progress()",
    "watch": 'lab.watch(target="two-heads")',
}
WIDGETS = {
    "steps",
    "graph",
    "shapes",
    "activations",
    "compare",
    "dashboard",
    "explain",
    "predict",
    "digit_pad",
    "watch",
}

pytestmark = pytest.mark.usefixtures("all_cells_attached")


def shown(page, name, at):
    """Return a view: the last output of its cell, or the graph beside the notebook."""
    if name == "watch":
        return page.locator(".kfunc-lab-live.beside")
    return page.locator(".jp-CodeCell").nth(at).locator(".jp-OutputArea-output").last


# The panel lies over what is aligned, and takes the margin of the outputs beside it.
SHOW_PANEL = """(shows) => {
    for (const panel of document.querySelectorAll(".kfunc-lab-panel")) {
        panel.classList.toggle("beside", shows);
        panel.style.display = shows ? "" : "none";
    }
}"""


def look(page, name, at):
    """Return the position of each element in a view, and a screenshot."""
    page.evaluate(SHOW_PANEL, name == "watch")
    view = shown(page, name, at)
    if name in WIDGETS:
        view.locator(".kfunc-lab-view").first.wait_for()
    place = view.evaluate(ALIGN)
    settle(view)
    found = view.evaluate(PLACES), page.screenshot(clip=place, animations="disabled")
    view.evaluate("it => it.style.zIndex = -1")
    return found


# At the same place of the window, the same is drawn to the last pixel.
ALIGN = """(view) => {
    const present = `${view.getBoundingClientRect().width}px`;
    Object.assign(view.style, {
        position: "fixed", left: 0, top: 0, width: present, zIndex: 10000,
        background: "var(--jp-layout-color0)",
    });
    const { x, y, width, height } = view.getBoundingClientRect();
    return { x, y, width, height: Math.floor(height) };
}"""
PLACES = """(view) => {
    const { x, y } = view.getBoundingClientRect();
    return [...view.querySelectorAll("*")].flatMap((it) => {
        const place = it.getBoundingClientRect();
        if (!place.width && !place.height) return [];
        const numbers = [place.x - x, place.y - y, place.width, place.height];
        const rounded = numbers.map((number) => Math.round(2 * number) / 2);
        return `${it.tagName.toLowerCase()}.${it.classList[0]} ${rounded.join(" ")}`;
    });
}"""


# All views are of one width, and can be scrolled to the top of the page.
ROOM = """
.jp-Cell-outputArea { flex: none !important; width: 1100px !important }
.jp-OutputArea-output { flex: none !important; width: 1000px !important }
"""


def looks(open_notebook, names):
    """Returns how each view looks on a page with these alone, in the light and in the dark."""
    if open_notebook.page:
        open_notebook.page.evaluate(FORGET_STYLES)
    page = open_notebook([BEGIN, *map(VIEWS.get, names)])
    page.set_viewport_size({"width": 2800, "height": 2000})
    page.add_style_tag(content=ROOM)
    run_cells(page)
    found = {}
    for theme in ("light", "dark"):
        open_notebook.set_theme(theme == "dark")
        page.mouse.move(2799, 1999)  # away from the buttons, which change under the pointer
        for at, name in enumerate(names, 1):
            found[name, theme] = look(page, name, at)
    assert page.problems == []
    return found


# anywidget leaves the styles of a view in the page's head when its notebook is closed.
FORGET_STYLES = """() => {
    for (const style of document.head.querySelectorAll("style")) {
        if (style.textContent.includes("kfunc-lab")) style.remove();
    }
}"""


@pytest.fixture(scope="module")
def together(open_notebook):
    """Return the look of each view on the page with all views, in both themes."""
    return looks(open_notebook, [*VIEWS])


@pytest.mark.parametrize("name", VIEWS)
def test_view_looks_same_alone_and_with_others(open_notebook, together, tmp_path, name):
    alone = looks(open_notebook, [name])
    for theme in ("light", "dark"):
        both = [it[name, theme] for it in (alone, together)]
        (places, picture), (expected_places, expected_picture) = both
        (tmp_path / f"{theme}-alone.png").write_bytes(picture)
        (tmp_path / f"{theme}-together.png").write_bytes(expected_picture)
        assert places == expected_places, theme
        pictures = [base64.b64encode(it).decode() for it in (picture, expected_picture)]
        difference = open_notebook.page.evaluate(DIFFERENCE, pictures)
        assert difference <= 16, f"compare the {theme} pictures in {tmp_path}"


# The largest difference of two pictures, of 255, on average over 8 × 8 pixels: the edges of
# slanted lines are not drawn the same every time.
DIFFERENCE = """async (pictures) => {
    const [one, other] = await Promise.all(pictures.map(async (picture) => {
        const image = new Image();
        image.src = `data:image/png;base64,${picture}`;
        await image.decode();
        const size = [Math.ceil(image.width / 8), Math.ceil(image.height / 8)];
        const context = new OffscreenCanvas(...size).getContext("2d");
        context.imageSmoothingQuality = "high";
        context.drawImage(image, 0, 0, ...size);
        return context.getImageData(0, 0, ...size).data;
    }));
    if (one.length !== other.length) return 255;
    return one.reduce((most, value, at) => Math.max(most, Math.abs(value - other[at])), 0);
}"""
