"""What can be moved, in JupyterLab: sliders by keys, slow functions, and the pad for digits."""

import pytest

CELLS = [
    "import time\nimport kfunc_lab as lab\nruns = []",
    """\
def slow(x):
    runs.append(x)
    time.sleep(0.3)
    return x * x

lab.explore(slow, x=(0, 50, 3))""",
    "lab.unit([1.0, 2.0], [0.5, -1.0], 0.5)",
    "lab.digit_pad(lab.datasets.digits_model())",
    "print(len(runs), runs[-1])",
]


@pytest.fixture
def page(shared_notebook):
    return shared_notebook(CELLS, dark=False, until=".kfunc-lab-digit-pad")


def cell(page, number):
    return page.locator(".jp-CodeCell").nth(number)


def test_newest_value_of_slow_function_is_shown(page, rerun):
    cell(page, 1).locator(".noUi-handle").focus()
    for _step in range(20):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(40)
    cell(page, 1).get_by_text("529", exact=True).wait_for(timeout=20_000)
    runs, last = map(int, rerun(page, 4).split())
    assert last == 23
    assert 3 <= runs < 12  # fewer than the values on the way


def test_unit_follows_keys_and_choice(page):
    cell(page, 2).locator(".noUi-handle").nth(3).press("ArrowRight")
    cell(page, 2).locator("select").select_option("none")
    words = cell(page, 2).locator("svg text")
    words.filter(has_text="2 × (−0.95) + 0.5 = −0.9 → −0.9").wait_for()
    assert page.problems == []


def test_pad_answers_while_drawing(page):
    pad = cell(page, 3).locator(".kfunc-lab-pad-surface")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    middle = box["x"] + box["width"] / 2
    marked = cell(page, 3).locator(".kfunc-lab-drawn-bar.marked .name")
    assert marked.inner_text() == "7"  # the stored digit
    page.mouse.move(middle, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + box["height"] - 20, steps=8)
    page.wait_for_function("it => it.innerText === '1'", arg=marked.element_handle())
    page.mouse.up()
    cell(page, 3).get_by_role("button", name="Clear").click()
    page.wait_for_function(
        "cell => cell.querySelector('.marked .name').innerText === '7'",
        arg=cell(page, 3).element_handle(),
    )
    assert page.problems == []
