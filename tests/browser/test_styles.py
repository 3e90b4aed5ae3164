"""Views on one page do not affect each other's styles."""

import keras
import numpy as np
import pytest
from keras import layers

import kfunc_lab as lab
from kfunc_lab.ui.assets import BUNDLES

# Of every element what the browser makes of all styles.
LOOK = """() => [...document.querySelectorAll("#view, #view *")].map((it) => {
    const style = getComputedStyle(it);
    return `${it.tagName}.${it.getAttribute("class")}: ` +
        [...style].map((name) => `${name}:${style.getPropertyValue(name)}`).join(";");
})"""


@pytest.fixture(scope="module")
def model():
    x = keras.Input((8, 8, 1), name="image")
    maps = layers.Conv2D(2, 3, activation="relu", name="conv")(x)
    return keras.Model(x, layers.Dense(3, name="out")(layers.Flatten(name="flat")(maps)))


SHOWN = {
    "graph": lab.graph,
    "shapes": lab.shapes,
    "activations": lambda model: lab.activations(model, np.ones((4, 8, 8, 1))),
}


@pytest.mark.parametrize("name", SHOWN)
def test_styles_of_other_views_have_no_effect(browser, tmp_path, model, name):
    """The styles that anywidget leaves in the page affect no other view."""
    view = SHOWN[name](model)
    view.selected = "conv"
    view.save(tmp_path / "view.html")
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto((tmp_path / "view.html").as_uri())
    page.locator("[data-item].selected").wait_for()
    alone = page.evaluate(LOOK)
    assert len(alone) > 100
    for path in BUNDLES.glob("*.css"):
        if path.stem != name:
            page.add_style_tag(content=path.read_text("utf-8"))
    beside_others = page.evaluate(LOOK)
    assert [it for it in zip(alone, beside_others, strict=True) if it[0] != it[1]] == []
    context.close()
