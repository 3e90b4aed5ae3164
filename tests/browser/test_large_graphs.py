"""A saved page of a large graph: zoom, pan, the small map, search, and lines to the right."""

import keras
import pytest
from keras import layers

import kfunc_lab as lab


def blocks(count):
    x = inputs = keras.Input((8,), name="x")
    for number in range(count):
        y = layers.ReLU(name=f"relu_{number}")(layers.Dense(8, name=f"dense_{number}")(x))
        x = layers.Add(name=f"add_{number}")([x, y])
    return keras.Model(inputs, x, name="blocks")


@pytest.fixture(scope="module", params=["down", "right"])
def direction(request):
    return request.param


@pytest.fixture(scope="module")
def saved(tmp_path_factory, direction):
    path = tmp_path_factory.mktemp("large") / "large.html"
    return lab.graph(blocks(110), fold=False, direction=direction).save(path)


@pytest.fixture
def page(browser, saved):
    context = browser.new_context(viewport={"width": 1000, "height": 600})
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(saved.as_uri())
    page.locator("[data-item]").first.wait_for()
    yield page
    assert problems == []
    context.close()


def box(page):
    return page.locator(".kfunc-lab-picture")


def scale(page):
    return float(
        page.locator(".kfunc-lab-picture .kfunc-lab-drawing").evaluate(
            "node => node.getBoundingClientRect().width / parseFloat(node.style.width)"
        )
    )


def scrolled(page):
    return box(page).evaluate("node => node.scrollLeft + node.scrollTop")


def test_only_what_is_in_sight_is_drawn(page):
    assert 2 < page.locator(".call").count() < 60
    before = page.locator("[data-item]").first.get_attribute("data-item")
    box(page).evaluate("node => node.scrollTo(node.scrollWidth / 2, node.scrollHeight / 2)")
    page.wait_for_function(
        "name => !document.querySelector(`.call[data-item='${name}']:not([tabindex='0'])`)",
        arg=before,
    )
    assert page.locator(".call").count() < 60


def test_wheel_zooms_about_the_pointer_and_far_away_shows_the_map(page):
    frame = box(page).bounding_box()
    page.mouse.move(frame["x"] + 100, frame["y"] + 60)
    page.keyboard.down("Control")
    for _step in range(8):
        page.mouse.wheel(0, 100)
    page.keyboard.up("Control")
    page.wait_for_function("document.querySelector('.kfunc-lab-picture .far .map')")
    assert scale(page) < 0.4
    assert page.locator(".kfunc-lab-picture .map").is_visible()
    page.get_by_role("button", name="Zoom in").click()
    assert scale(page) > 0.05


def test_map_shows_goes_and_hides(page):
    small = page.locator(".kfunc-lab-map")
    assert small.is_visible()
    place = small.bounding_box()
    picture = box(page).bounding_box()
    assert place["x"] >= picture["x"] + picture["width"] - 1 or (
        place["y"] >= picture["y"] + picture["height"] - 1
    )
    middle = (place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.mouse.click(*middle)
    half = scrolled(page)
    assert half > 1000
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] - 2, place["y"] + place["height"] - 2, steps=4)
    page.mouse.up()
    assert scrolled(page) > 1.5 * half
    page.get_by_role("button", name="Fit the whole graph").click()
    assert small.is_hidden()


def test_search_from_far_away_is_readable(page):
    page.get_by_role("button", name="Fit the whole graph").click()
    page.get_by_role("button", name="Search").click()
    page.keyboard.type("relu_90")
    hit = page.locator(".call.selected .name")
    hit.wait_for()
    assert hit.text_content() == "relu_90"
    assert hit.bounding_box()["height"] > 8
    frame, place = box(page).bounding_box(), hit.bounding_box()
    assert frame["x"] < place["x"] < frame["x"] + frame["width"]
    assert frame["y"] < place["y"] < frame["y"] + frame["height"]


def test_arrow_keys_follow_the_direction(page, direction):
    page.locator("[data-item='x']").focus()
    along = "ArrowRight" if direction == "right" else "ArrowDown"
    page.keyboard.press("Home")
    for _step in range(60):
        page.keyboard.press(along)
    focused = page.evaluate("document.activeElement.dataset.item")
    assert int(focused.rpartition("_")[2]) >= 19
    assert page.locator(f"[data-item='{focused}']").is_visible()


def test_names_and_shapes_are_said_on_hover(page):
    first = page.locator(".call[data-item='dense_0'] > title")
    assert first.text_content().startswith("dense_0, Dense")
    assert "(None, 8) float32" in page.locator(".edge > title").all_text_contents()
