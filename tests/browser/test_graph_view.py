"""The graph view in real JupyterLab: on the page, by mouse, by keyboard, in both themes."""

import pytest

CODE = [
    """
import keras
from keras import layers
import kfunc_lab as lab

image = keras.Input((28, 28, 1), name="image")
x = layers.Conv2D(16, 3, activation="relu", name="conv")(image)
x = layers.GlobalMaxPooling2D(name="pool")(x)
encoder = keras.Model(image, x, name="encoder")
left, right = (keras.Input((28, 28, 1), name=name) for name in ("left", "right"))
layers.Dense(3, name="forgotten")(left)
both = layers.Concatenate(name="both")([encoder(left), encoder(right)])
named = layers.Dense(2, name="<img src=x onerror=document.title='broken'>")(both)
same = layers.Dense(1, activation="sigmoid", name="same")(named)
view = lab.graph(keras.Model([left, right], same, name="twins"))
view
""",
    "print('selected', view.selected)",
]


@pytest.fixture
def page(theme, shared_notebook):
    return shared_notebook(CODE, dark=theme == "dark", until=".kfunc-lab-graph [data-item]")


def call(page, name):
    return page.locator(f'.kfunc-lab-graph [data-item][aria-label^="{name},"]')


def details(page):
    return page.locator(".kfunc-lab-details").inner_text()


def colour(locator, what):
    return locator.evaluate(f"node => getComputedStyle(node).{what}")


def test_page_shows_every_call(page, theme, picture):
    assert (
        page.locator(".kfunc-lab-graph [data-item]").count() == 14
    )  # twelve calls, and the frames of two groups
    assert page.locator(".kfunc-lab-graph").count() == 1
    assert "twins (Functional)" in page.locator(".kfunc-lab-title").inner_text()
    picture(page.locator(".kfunc-lab-graph"), f"graph-unselected-{theme}")


def test_hint_is_shown_before_selection(page):
    assert "Select a call" in details(page)


def test_notes_name_lost_calls(page):
    assert "forgotten" in page.locator(".kfunc-lab-notes").inner_text()


def test_view_follows_theme(page, theme):
    surface = colour(page.locator(".kfunc-lab-graph"), "backgroundColor")
    assert surface == ("rgb(255, 255, 255)" if theme == "light" else "rgb(17, 17, 17)")
    fill = colour(call(page, "same").locator(".box"), "fill")
    assert fill == ("rgb(238, 232, 253)" if theme == "light" else "rgb(41, 31, 66)")


def test_click_shows_details(page, theme, picture):
    call(page, "same").click()
    page.wait_for_function(
        "document.querySelector('.kfunc-lab-details').innerText.includes('sigmoid')"
    )
    said = details(page)
    for words in ("same", "Dense", "(None, 2) float32", "(None, 1) float32", "Parameters", "3"):
        assert words in said
    assert call(page, "same").get_attribute("aria-pressed") == "true"
    picture(page.locator(".kfunc-lab-graph"), f"graph-selected-{theme}")


def test_labels_and_values_are_side_by_side(page):
    call(page, "same").click()
    label = page.locator(".kfunc-lab-details dt", has_text="Parameters").bounding_box()
    value = page.locator(".kfunc-lab-details dt:has-text('Parameters') + dd").bounding_box()
    assert abs(label["y"] - value["y"]) < 3
    assert value["x"] > label["x"] + label["width"] - 1
    assert label["height"] < 30


def test_kernel_gets_selection(page, rerun):
    call(page, "conv").first.click()
    assert "selected encoder/conv" in rerun(page, 1)


def test_arrow_keys_follow_edges(page):
    call(page, "both").click()
    page.keyboard.press("ArrowDown")
    assert "<img src=x" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("same")
    assert "sigmoid" in details(page)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement.dataset.item") == "left"
    page.keyboard.press("Escape")
    assert "Select a call" in details(page)


def test_tab_reaches_graph(page):
    page.locator(".kfunc-lab-tool").last.focus()
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('[data-item]')"):
            break
    else:
        pytest.fail("Tab does not lead to a call")
    page.keyboard.press("Enter")
    assert page.locator(".kfunc-lab-graph [aria-pressed=true]").count() == 1


def test_buttons_zoom_and_fit(page):
    drawing = page.locator(".kfunc-lab-picture .kfunc-lab-drawing")
    before = drawing.bounding_box()["width"]
    page.get_by_role("button", name="Zoom in").click()
    assert drawing.bounding_box()["width"] > before * 1.2
    page.get_by_role("button", name="Fit the whole graph").click()
    box = page.locator(".kfunc-lab-picture").bounding_box()
    assert drawing.bounding_box()["height"] <= box["height"]
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Zoom out").click()


def test_drag_pans_and_selects_nothing(page):
    page.keyboard.press("Escape")
    for _ in range(6):
        page.get_by_role("button", name="Zoom in").click()
    box = page.locator(".kfunc-lab-picture")
    scrolled = "node => [node.scrollLeft, node.scrollTop]"
    box.evaluate("node => node.scrollTo(0, 0)")
    frame = box.bounding_box()
    page.mouse.move(frame["x"] + 200, frame["y"] + 200)
    page.mouse.down()
    page.mouse.move(frame["x"] + 100, frame["y"] + 80, steps=5)
    page.mouse.up()
    assert box.evaluate(scrolled) == pytest.approx([100, 120], abs=3)


def test_initial_text_is_at_least_ten_pixels(page):
    """Measure a new drawing, because the tests above have zoomed this one."""
    size = page.locator(".kfunc-lab-picture .kfunc-lab-drawing text").first.evaluate(
        "node => parseFloat(node.getAttribute('font-size'))"
    )
    assert size >= 10


def test_hostile_name_is_shown_as_text(page):
    page.locator('.kfunc-lab-graph [data-item][aria-label^="<img"]').click()
    assert "<img src=x" in details(page)
    assert page.title() != "broken"
    assert page.locator(".kfunc-lab-graph img").count() == 0


def test_page_has_no_errors(page):
    assert page.problems == []


WIDE = """
import keras
from keras import layers
import kfunc_lab as lab
start = keras.Input((8,), name="start")
heads = [layers.Dense(n + 1, name=f"a_long_name_of_head_{n}")(start) for n in range(12)]
view = lab.graph(keras.Model(start, heads), fold=False)
view
"""


def assert_in_the_box(page, name):
    box = page.locator(".kfunc-lab-picture").bounding_box()
    place = call(page, name).bounding_box()
    assert box["x"] <= place["x"]
    assert place["x"] + place["width"] <= box["x"] + box["width"]


def test_wide_graph_opens_at_input_and_follows_selection(open_notebook, run_all, picture):
    page = open_notebook([WIDE])
    run_all(page)
    box = page.locator(".kfunc-lab-picture").bounding_box()
    assert (
        page.locator(".kfunc-lab-picture .kfunc-lab-drawing").bounding_box()["width"]
        > box["width"]
    )
    assert_in_the_box(page, "start")
    picture(page, "graph-wide")
    call(page, "start").click()
    page.keyboard.press("End")
    page.locator(".kfunc-lab-details", has_text="a_long_name_of_head_11").wait_for()
    assert_in_the_box(page, "a_long_name_of_head_11")


def test_python_selection_scrolls_into_view(open_notebook, run_all):
    page = open_notebook([WIDE, "view.selected = 'a_long_name_of_head_11'"])
    run_all(page)
    page.locator(".kfunc-lab-details", has_text="a_long_name_of_head_11").wait_for()
    assert_in_the_box(page, "a_long_name_of_head_11")
