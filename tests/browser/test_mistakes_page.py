"""A failing cell shows the mistake first; the traceback is folded below it."""

import json
from itertools import pairwise

import pytest

# An edit of two lines, which is long, with others: what a rule returns for this failure.
SETUP = """
import keras, kfunc_lab as lab
from dataclasses import replace
from keras import layers
from kfunc_lab.mistakes import view
from kfunc_lab.mistakes.source.edit import Edit
from kfunc_lab.mistakes.failure import find_failure
from kfunc_lab.mistakes.forms.explanation import explanation_of

def explained(mistake, error, above):
    failure = find_failure(error)
    code, call = failure.source, failure.expression
    if call.args and len(failure.tensors) == 1:
        line = "table = layers.Reshape((24, 1), name='one_number_at_each_step')(table)"
        wrapped = code.wrapped(call.args[0], "layers." + "Layer" * 30)
        others = Edit("Pass `**kwargs` on: `f(*a, **k)`."), Edit("Leave it.")
        changes = code.line_before(call, line), wrapped
        mistake = replace(mistake, changes=changes, others=others)
    return explanation_of(mistake, error, above)

view.explanation_of = explained
"""
CELL = "table = keras.Input((24,), name='table')\nx = layers.Conv1D(16, 3, name='conv')(table)"
NEW = (
    "table = keras.Input((24,), name='table')\n"
    "table = layers.Reshape((24, 1), name='one_number_at_each_step')(table)\n"
    f"x = layers.Conv1D(16, 3, name='conv')(layers.{'Layer' * 30}(table))"
)
CELLS = [
    SETUP,
    CELL,
    "%%time\n" + CELL,
    "%%steps\n" + CELL,
    "lab.explain()",
    "try: keras.Input(784)\nexcept ValueError as error: display(lab.explain(error))\n1 / 0",
    "x = 1\nundefined",
]
TRACEBACK = '[data-mime-type="application/vnd.jupyter.stderr"]:has-text("Traceback")'


def run_each(page):
    """Run each cell, also behind one that fails."""
    page.locator(".jp-Notebook .jp-Cell").first.click()
    for number in range(len(CELLS)):
        page.keyboard.press("Shift+Enter")
        page.wait_for_function(
            "number => /\\[\\d+\\]/.test([...document.querySelectorAll("
            "'.jp-CodeCell .jp-InputPrompt')][number].textContent)",
            arg=number,
            timeout=120_000,
        )


@pytest.fixture
def page(theme, shared_notebook, all_cells_attached):
    page = shared_notebook(
        CELLS, dark=theme == "dark", run=run_each, until=".kfunc-lab-mistake"
    )
    page.set_viewport_size({"width": 1280, "height": 900})
    return page


def cell(page, number):
    return page.locator(".jp-CodeCell").nth(number)


def box(target):
    return target.bounding_box()


@pytest.mark.parametrize("number", [1, 2, 3], ids=["plain", "time", "steps"])
def test_traceback_is_folded_below_mistake(page, number, picture, theme):
    failed = cell(page, number)
    mistake, traceback = failed.locator(".kfunc-lab-mistake"), failed.locator(TRACEBACK)
    mistake.wait_for()
    line = failed.locator("summary")
    line.scroll_into_view_if_needed()
    assert traceback.count() == 1
    assert not traceback.is_visible()
    assert line.inner_text() == "Keras's own message ValueError"
    assert box(line)["height"] < 40
    assert not failed.locator("details pre").is_visible()
    picture(failed, f"mistake-{number}-{theme}")
    line.click()
    traceback.wait_for(state="visible")
    assert box(traceback)["y"] >= box(mistake)["y"] + box(mistake)["height"] - 1
    assert "Full shape received: (None, 24)" in traceback.inner_text()
    assert not failed.locator("details pre").is_visible()  # the traceback ends with it
    line.click()
    traceback.wait_for(state="hidden")


def test_traceback_on_page_is_that_of_the_kernel(page):
    whole = page.evaluate(
        """() => jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.toJSON()
            .find((it) => it.output_type === "error")"""
    )
    text = cell(page, 1).locator(TRACEBACK).evaluate("it => it.textContent")
    strip = "s => s.replace(/\\x1b\\[[0-9;]*m/g, '')"
    said = page.evaluate(f"({strip})({json.dumps(chr(10).join(whole['traceback']))})")
    assert text.strip() == said.strip()
    assert whole["ename"] == "ValueError"


def test_reason_comes_first_and_edit_is_a_diff(page):
    mistake = cell(page, 1).locator(".kfunc-lab-mistake")
    parts = [".kfunc-lab-reason", ".kfunc-lab-edit", ".kfunc-lab-diff", ".kfunc-lab-graph"]
    tops = [box(mistake.locator(part))["y"] for part in [*parts, "summary"]]
    assert tops == sorted(tops)
    assert tops[0] < box(mistake)["y"] + 20
    lines = mistake.locator(".kfunc-lab-changed > *")
    tags = lines.evaluate_all("all => all.map((it) => it.tagName + it.textContent[0])")
    assert sorted(tags) == ["DEL-", "INS+", "INS+"]
    others = mistake.locator(".kfunc-lab-other").all_inner_texts()
    assert others == ["or: Pass **kwargs on: f(*a, **k).", "or: Leave it."]
    code = mistake.locator(".kfunc-lab-other code").all_inner_texts()
    assert code == ["**kwargs", "f(*a, **k)"]
    assert mistake.locator("g.mark-wrong").count() == 1


def test_mended_cell_is_copied(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    mistake = cell(page, 1).locator(".kfunc-lab-mistake")
    mistake.get_by_role("button", name="Copy the mended cell").click()
    mistake.get_by_text("Copied", exact=True).wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == NEW
    # A page without a clipboard copies what it selects.
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })"
    )
    try:
        page.evaluate("document.addEventListener('copy', () => { window.copies = 1; })")
        mistake.get_by_role("button", name="Copy the mended cell").click()
        page.wait_for_function("window.copies === 1")
        assert page.locator("textarea.kfunc-lab-copied").count() == 0
    finally:
        page.evaluate("delete navigator.clipboard")


def test_part_of_cell_is_not_copied(page):
    assert cell(page, 3).locator(".kfunc-lab-changed").count() == 1
    assert cell(page, 3).get_by_role("button", name="Copy the mended").count() == 0


def test_other_tracebacks_stay_open(page):
    caught = cell(page, 5)
    caught.locator(".kfunc-lab-mistake").wait_for()
    assert caught.locator(TRACEBACK).is_visible()
    caught.locator("summary").click()
    assert caught.locator("details pre").inner_text() == "Cannot convert '784' to a shape."
    caught.locator("summary").click()
    assert cell(page, 6).locator(TRACEBACK).is_visible()
    assert cell(page, 6).locator(".kfunc-lab-mistake").count() == 0


def test_explanation_in_another_cell_opens_message(page):
    again = cell(page, 4)
    again.locator("summary").click()
    assert "Full shape received" in again.locator("details pre").inner_text()
    again.locator("summary").click()


@pytest.mark.parametrize("width", [500, 800, 1400])
def test_long_edits_wrap(page, width):
    page.evaluate("() => jupyterapp.shell.collapseLeft()")
    page.set_viewport_size({"width": width, "height": 900})
    mistake = cell(page, 1).locator(".kfunc-lab-mistake")
    mistake.locator(".kfunc-lab-reason").scroll_into_view_if_needed()
    outer = box(mistake)
    assert outer["width"] <= width
    parts = mistake.locator(
        ".kfunc-lab-said > *, .kfunc-lab-changed > *, .kfunc-lab-said code, summary"
    )
    for part in parts.all():
        inner = box(part)
        assert inner["x"] >= outer["x"]
        assert inner["x"] + inner["width"] <= outer["x"] + outer["width"] + 1
        assert part.evaluate("it => it.scrollWidth <= Math.max(it.clientWidth, 1) + 1")
    said = [box(part) for part in mistake.locator(".kfunc-lab-said > *").all()]
    for upper, lower in pairwise(said):
        assert upper["y"] + upper["height"] <= lower["y"]


def test_mistake_is_accessible(page):
    from axe_playwright_python.sync_playwright import Axe

    cell(page, 1).locator(".kfunc-lab-reason").scroll_into_view_if_needed()
    found = Axe().run(page, context='[data-windowed-list-index="1"] .kfunc-lab-mistake')
    assert found.violations_count == 0, found.generate_report()
    assert page.problems == []
