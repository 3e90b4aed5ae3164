"""The view of shapes explains and changes numbers in a real JupyterLab."""

import pytest
from real_jupyterlab import settle

CODE = [
    """
import keras
from keras import layers
import kfunc_lab as lab

image = keras.Input((28, 28, 1), name="image")
x = layers.Conv2D(16, 3, activation="relu", name="conv")(image)
x = layers.MaxPooling2D(2, name="pool")(x)
x = layers.Conv2D(32, 3, name="deeper")(x)
x = layers.Flatten(name="flat")(x)
named = layers.Dense(8, name="<img src=x onerror=document.title='broken'>")(x)
model = keras.Model(image, layers.Dense(10, name="digits")(named), name="net")
view = lab.shapes(model)
view
""",
    "print(view.selected, view.changed.call_of['conv'].outputs[0].shape,"
    " model.get_layer('conv').strides)",
]


@pytest.fixture
def page(theme, shared_notebook):
    return shared_notebook(CODE, dark=theme == "dark", until=".kfunc-lab-shapes tr[data-row]")


def view(page):
    return page.locator(".kfunc-lab-shapes")


def row(page, name):
    return page.locator(f'.kfunc-lab-shapes tr[data-row="{name}"]')


def box(page, name):
    return page.locator(f'.kfunc-lab-shapes .kfunc-lab-picture [data-item="{name}"]')


def panel(page):
    return page.locator(".kfunc-lab-panel")


def open_panel(page, name):
    """Select a row and wait until the panel shows it."""
    row(page, name).click()
    panel(page).locator(".kfunc-lab-heading strong", has_text=name).wait_for()
    page.wait_for_function("!document.querySelector('.kfunc-lab-panel.late')")


def knob(page, setting):
    return page.locator(".kfunc-lab-knob", has_text=setting)


def reset(page):
    button = page.get_by_role("button", name="Reset all")
    if button.count():
        button.click()
        button.wait_for(state="detached")


def test_hint_is_shown_before_selection(page, theme, picture):
    assert "Select a row or a box" in panel(page).inner_text()
    assert page.locator(".kfunc-lab-shapes tbody tr").count() == 7
    assert "9,906" not in view(page).inner_text()
    for words in (
        "Parameters",
        "Multiply-adds for one example",
        "batch of 1",
        "(None, 26, 26, 16)",
    ):
        assert words in view(page).inner_text()
    picture(view(page), f"shapes-{theme}")


def test_row_opens_explanation_of_its_numbers(page, theme, picture):
    open_panel(page, "conv")
    line = panel(page).locator("[role=math]").first
    line.wait_for()
    assert line.get_attribute("aria-label") == "height, width: ⌊(28 + 2·0 − 3)/1⌋ + 1 = 26"
    said = panel(page).inner_text()
    for words in ("kernel", "144", "bias", "16", "160", "97,344", "window size"):
        assert words in said
    assert panel(page).locator("svg.kfunc-lab-figure").is_visible()
    assert row(page, "conv").get_attribute("aria-selected") == "true"
    assert "selected" in box(page, "conv").get_attribute("class")
    picture(view(page), f"shapes-selected-{theme}")


def test_box_selects_its_row(page):
    box(page, "pool").click()
    page.locator('tr[data-row="pool"][aria-selected="true"]').wait_for()
    panel(page).get_by_text("MaxPooling2D").wait_for()


def test_dragged_stride_breaks_and_repairs_model(page, theme, picture, rerun):
    open_panel(page, "conv")
    slider = knob(page, "strides").locator("input[type=range]")
    slider.wait_for()
    slider.scroll_into_view_if_needed()
    place = slider.bounding_box()
    y = place["y"] + place["height"] / 2
    page.mouse.move(place["x"] + 6, y)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] - 6, y, steps=12)
    page.mouse.up()
    row(page, "conv").get_by_text("(None, 4, 4, 16)").wait_for()
    row(page, "deeper").get_by_text("does not fit").wait_for()
    assert slider.input_value() == "8"
    assert "not reached" in row(page, "digits").inner_text()
    assert "now-wrong" in box(page, "deeper").get_attribute("class")
    assert "1 change" in view(page).inner_text()
    assert "was 1" in knob(page, "strides").inner_text()
    picture(view(page), f"shapes-broken-{theme}")
    panel(page).get_by_role("button", name="deeper").click()
    reason = panel(page).locator(".kfunc-lab-problem")
    reason.wait_for()
    assert "A window of 3 does not fit into 2" in reason.inner_text()
    assert "⌊(2 + 2·0 − 3)/1⌋ + 1 = 0" in reason.inner_text()
    picture(view(page), f"shapes-reason-{theme}")
    # Nothing of the model itself was changed.
    assert rerun(page, 1).strip() == "deeper (None, 4, 4, 16) (1, 1)"
    open_panel(page, "conv")
    knob(page, "strides").get_by_role("button", name="Reset: strides").click()
    row(page, "deeper").get_by_text("(None, 11, 11, 32)").wait_for()
    assert page.locator(".kfunc-lab-shapes .now-wrong, .now-changed").count() == 0
    assert "change" not in page.locator(".kfunc-lab-fields").inner_text()


def test_typed_value_is_accepted_or_rejected_with_message(page):
    open_panel(page, "conv")
    typed = knob(page, "kernel_size").locator("input[type=text]")
    typed.fill("5, 1")
    typed.press("Enter")
    row(page, "conv").get_by_text("(None, 24, 28, 16)").wait_for()
    typed.fill("five")
    typed.press("Enter")
    panel(page).get_by_text("kernel_size must be a whole number").wait_for()
    typed.fill("0")
    typed.press("Enter")
    panel(page).get_by_text("kernel_size must be 1 or more").wait_for()
    assert "(None, 24, 28, 16)" in row(page, "conv").inner_text()
    reset(page)


def test_choices_and_switches_change_shapes(page):
    open_panel(page, "conv")
    knob(page, "padding").locator("select").select_option("same")
    row(page, "conv").get_by_text("(None, 28, 28, 16)").wait_for()
    knob(page, "use_bias").locator("input").uncheck()
    row(page, "conv").get_by_text("144").wait_for()
    assert "2 changes" in view(page).inner_text()
    reset(page)


def test_input_and_batch_can_be_set(page):
    open_panel(page, "image")
    typed = knob(page, "axis 1").locator("input[type=text]")
    typed.fill("32")
    typed.press("Enter")
    row(page, "conv").get_by_text("(None, 30, 26, 16)").wait_for()
    batch = page.get_by_label("Batch")
    batch.fill("32")
    batch.press("Enter")
    view(page).get_by_text("batch of 32").wait_for()
    batch.fill("1")
    batch.press("Enter")
    view(page).get_by_text("batch of 1", exact=False).wait_for()
    reset(page)


def test_copy_button_copies_changed_code(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_panel(page, "conv")
    knob(page, "filters").locator("input[type=text]").fill("24")
    knob(page, "filters").locator("input[type=text]").press("Enter")
    page.get_by_role("button", name="Copy code").click()
    panel(page).get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "layers.Conv2D(24, 3" in copied
    reset(page)


def test_keyboard_operates_table_and_panel(page):
    row(page, "conv").click()
    row(page, "conv").focus()
    page.keyboard.press("ArrowDown")
    page.locator('tr[data-row="pool"][aria-selected="true"]').wait_for()
    assert page.evaluate("document.activeElement.dataset.row") == "pool"
    page.keyboard.press("End")
    page.locator('tr[data-row="digits"][aria-selected="true"]').wait_for()
    page.keyboard.press("Escape")
    panel(page).get_by_text("Select a row or a box").wait_for()


def test_hostile_name_is_shown_as_text(page):
    page.locator(".kfunc-lab-shapes tbody tr").nth(5).click()
    panel(page).get_by_text("<img src=x").wait_for()
    assert page.locator(".kfunc-lab-shapes img").count() == 0
    assert page.title() != "broken"


def test_view_is_accessible(page):
    from axe_playwright_python.sync_playwright import Axe

    def broken():
        row(page, "conv").click()
        typed = knob(page, "strides").locator("input[type=text]")
        typed.fill("8")
        typed.press("Enter")
        row(page, "deeper").get_by_text("does not fit").wait_for()

    for prepare in (
        lambda: page.keyboard.press("Escape"),
        lambda: open_panel(page, "conv"),
        lambda: open_panel(page, "image"),
        broken,
        lambda: open_panel(page, "deeper"),
        lambda: open_panel(page, "digits"),
    ):
        prepare()
        settle(view(page))
        result = Axe().run(page, context=".kfunc-lab-shapes")
        found = [
            (it["id"], [node["html"][:200] for node in it["nodes"]][:3])
            for it in result.response["violations"]
        ]
        assert found == []
    reset(page)


def test_page_has_no_errors(page):
    assert page.problems == []


README = """
import keras
from keras import layers
import kfunc_lab as lab
photo = keras.Input((32, 32, 3), name="photo")
x = layers.Conv2D(32, 3, padding="same", activation="relu", name="edges")(photo)
x = layers.MaxPooling2D(2, name="smaller")(x)
x = layers.Conv2D(64, 3, activation="relu", name="shapes")(x)
x = layers.Flatten(name="row")(x)
model = keras.Model(photo, layers.Dense(10, name="class")(x), name="patches")
lab.shapes(model)
"""


def test_readme_picture_is_taken(open_notebook, run_all, picture, reader):
    language, look = reader
    chosen = f"import kfunc_lab as lab\nlab.language({language!r})"
    page = open_notebook([chosen, README], dark=look == "dark")
    run_all(page)
    open_panel(page, "shapes")
    typed = knob(page, "strides").locator("input[type=text]")
    typed.fill("2")
    typed.press("Enter")
    row(page, "shapes").get_by_text("(None, 7, 7, 64)").wait_for()
    typed.blur()
    page.set_viewport_size({"width": 1280, "height": 1500})
    page.mouse.move(0, 0)
    assert "31,370" in row(page, "class").inner_text()
    picture(view(page), f"shapes-{language}-{look}")


SPANISH = """
import kfunc_lab as lab
lab.language("es")
import keras
from keras import layers
words = keras.Input((None,), dtype="int32", name="palabras")
x = layers.Embedding(1000, 16, name="tabla")(words)
x = layers.LSTM(32, return_sequences=True, name="lectura")(x)
x = layers.Concatenate(name="juntos")([x, layers.Dense(8, name="atajo")(x)])
model = keras.Model(words, layers.GlobalMaxPooling1D(name="maximo")(x), name="modelo")
lab.shapes(model)
"""


def test_open_sizes_are_shown_in_spanish(open_notebook, run_all, picture):
    page = open_notebook([SPANISH])
    run_all(page)
    page.wait_for_selector(".kfunc-lab-shapes tr[data-row]")
    open_panel(page, "lectura")
    panel(page).get_by_text("pasos", exact=True).wait_for()
    said = view(page).inner_text()
    for words in ("Productos y sumas de un ejemplo", "Lote", "¿Y si…?", "unidades"):
        assert words in said
    for words in ("Output", "What if", "multiply", "batch", "Reset", "channels"):
        assert words not in said
    steps = page.get_by_label("palabras, eje 1")
    assert steps.get_attribute("placeholder") == "no fijo"
    steps.fill("20")
    steps.press("Enter")
    row(page, "lectura").get_by_text("(None, 20, 32)").wait_for()
    view(page).get_by_text("1 cambio").wait_for()
    assert steps.input_value() == "20"
    assert page.evaluate("document.activeElement.value") == "20"
    picture(view(page), "shapes-spanish")
    open_panel(page, "juntos")
    panel(page).get_by_text("32 + 8").wait_for()
    picture(view(page), "shapes-spanish-blocks")


def test_narrow_page_fits_view(open_notebook, run_all, picture):
    page = open_notebook(CODE[:1], width=700)
    run_all(page)
    open_panel(page, "conv")
    panel(page).locator("[role=math]").first.wait_for()
    frame = view(page).bounding_box()
    for part in (".kfunc-lab-table", ".kfunc-lab-holder-of-graph", ".kfunc-lab-knobs"):
        place = page.locator(part).bounding_box()
        assert place["x"] >= frame["x"]
        assert place["x"] + place["width"] <= frame["x"] + frame["width"] + 1
    picture(view(page), "shapes-narrow")


def test_saved_page_needs_no_kernel_and_no_network(browser, tmp_path, theme, picture):
    import keras
    from keras import layers

    import kfunc_lab as lab

    x = keras.Input((28, 28, 1), name="x")
    inner = layers.Conv2D(4, 3, name="<b>inner")(x)
    saved = lab.shapes(keras.Model(x, layers.Flatten(name="flat")(inner), name="whole"))
    saved.save(tmp_path / "shapes.html")
    context = browser.new_context(color_scheme=theme)
    page = context.new_page()
    asked, problems = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto((tmp_path / "shapes.html").as_uri())
    page.locator(".kfunc-lab-shapes tbody tr").nth(1).click()
    assert "⌊(28 + 2·0 − 3)/1⌋ + 1 = 26" in panel(page).inner_html()
    assert page.locator(".kfunc-lab-knob").count() == 0
    assert page.locator(".kfunc-lab-shapes b:text('inner')").count() == 0
    picture(view(page), f"shapes-saved-{theme}")
    assert [url for url in asked if not url.startswith("file:")] == []
    assert problems == []
    context.close()


LARGE = """
import keras
import kfunc_lab as lab
view = lab.shapes(keras.applications.ResNet50(weights=None))
view
"""


def test_large_model_follows_sliders(open_notebook, run_all, picture):
    page = open_notebook([LARGE])
    run_all(page)
    page.wait_for_selector(".kfunc-lab-shapes tr[data-row]")
    assert page.locator(".kfunc-lab-shapes tbody tr").count() < 40  # repeated blocks are folded
    picture(view(page), "shapes-large")
    open_panel(page, "conv1_conv")
    slider = knob(page, "strides").locator("input[type=range]")
    for strides, size in (("3", 75), ("1", 224), ("2", 112)):
        slider.fill(strides)
        row(page, "conv1_conv").get_by_text(f"(None, {size}, {size}, 64)").wait_for()
    picture(view(page), "shapes-large-changed")
    block = page.locator(".kfunc-lab-shapes tbody tr", has_text="conv2_block")
    block.first.locator(".kfunc-lab-toggle").click()
    row(page, "conv2_block1").wait_for()
    assert page.problems == []
