"""A learner predicts in JupyterLab: right, wrong, late and not at all, today and tomorrow."""

import json

import pytest
from real_jupyterlab import begin_cells

SETUP = """
import kfunc_lab as lab
from types import SimpleNamespace as S
from kfunc_lab.lessons.predicting.next_cell import NextCell
from kfunc_lab.lessons.predictions import PREDICTIONS
from kfunc_lab.lessons.predictions.kinds import Choice, Shape
from kfunc_lab.lessons.predictions.prediction import Prediction

NextCell.of(get_ipython()).guesses.clear()  # of the tests before, in the same kernel
PREDICTIONS["size"] = Prediction(
    "size", "What is the shape of `x`?", Shape(), lambda its: its["x"].shape,
    "{rows:,} rows: `{truth}`.",
    lambda guess, truth, its: "The batch is missing." if guess == truth[1:] else None,
)
PREDICTIONS["way"] = Prediction(
    "way", "Which <b>way</b>?", Choice({"a": "The `first`.", "b": "The second."}),
    lambda its: its["way"], "So it is.",
    picture=lambda its: lab.pictures([[[0, 1]]]),
)
"""
CELLS = [
    SETUP,
    'lab.predict("size")',
    "x, rows = S(shape=(None, 64)), 1000",
    'lab.predict("way")',
    'way = "a"',
    'x, rows, way = None, 0, ""',
]
SIZE, X, WAY, ANSWER, LAST = 1, 2, 3, 4, 5

pytestmark = pytest.mark.usefixtures("all_cells_attached")


@pytest.fixture
def page(open_notebook, lab):
    """The notebook, with nothing predicted yet."""
    lab.progress.unlink(missing_ok=True)
    page = open_notebook(CELLS)
    run(page, 0)
    return page


def cell(page, number):
    return page.locator(".jp-CodeCell").nth(number)


def field(page, number):
    return cell(page, number).locator(".kfunc-lab-predict")


def run(page, number) -> None:
    """Run a cell, and wait for its end."""
    prompt = cell(page, number).locator(".jp-InputPrompt").first
    before = prompt.inner_text()
    cell(page, number).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    wait_for_prompt(page, number, before)


def wait_for_prompt(page, number, before) -> None:
    page.wait_for_function(
        """([number, before]) => {
            const cell = document.querySelectorAll('.jp-CodeCell')[number];
            const prompt = cell.querySelector('.jp-InputPrompt').innerText;
            return prompt !== before && /\\[\\d+\\]/.test(prompt);
        }""",
        arg=[number, before],
        timeout=60_000,
    )


def guess(page, number, text) -> None:
    field(page, number).get_by_role("textbox").fill(text)
    page.keyboard.press("Enter")


def stored(lab):
    known = json.loads(lab.progress.read_text())["predictions"]
    return {name: (it["guess"], it["right"]) for name, it in known.items()}


def test_right_guess_is_answered_below_the_next_cell(page, lab):
    run(page, SIZE)
    guess(page, SIZE, "none x 64")
    field(page, SIZE).get_by_role("button", name="Edit").wait_for()
    run(page, X)
    said = cell(page, X).locator(".kfunc-lab-feedback")
    assert said.inner_text() == "✓ As you predicted (None, 64). 1,000 rows: (None, 64)."
    field(page, SIZE).get_by_text("✓ as you predicted").wait_for()
    run(page, X)
    assert said.count() == 0
    assert stored(lab) == {"size": ("none x 64", True)}
    assert page.problems == []


def test_unreadable_then_wrong_then_right_guess(page, lab):
    run(page, SIZE)
    guess(page, SIZE, "big")
    field(page, SIZE).get_by_text("Write a shape, such as").wait_for()
    guess(page, SIZE, "64")
    field(page, SIZE).get_by_role("button", name="Edit").wait_for()
    run(page, X)
    assert "The batch is missing." in cell(page, X).locator(".kfunc-lab-feedback").inner_text()
    field(page, SIZE).get_by_role("button", name="Guess again").click()
    guess(page, SIZE, "(None, 64)")
    field(page, SIZE).get_by_text("✓ As you predicted").wait_for()
    assert stored(lab) == {"size": ("64", False)}


def test_skipped_prediction_shows_nothing(page, lab):
    run(page, SIZE)
    run(page, X)
    assert cell(page, X).locator(".jp-OutputArea-output").count() == 0
    assert field(page, SIZE).get_by_role("textbox").is_visible()
    assert not lab.progress.exists()


def test_guesses_after_run_all_are_answered_in_their_fields(page):
    begin_cells(page)
    wait_for_prompt(page, LAST, "[ ]:")
    field(page, WAY).get_by_role("button", name="The second.").click()
    said = field(page, WAY).locator(".kfunc-lab-feedback")
    said.wait_for()
    assert "You guessed “The second”; the answer is “The first”. So it is." in said.inner_text()
    assert field(page, WAY).locator("img").count() == 1
    guess(page, SIZE, "?, 64")
    field(page, SIZE).get_by_text("1,000 rows").wait_for()
    assert page.problems == []


def test_typed_guess_is_kept_without_enter(page):
    run(page, SIZE)
    field(page, SIZE).get_by_role("textbox").fill("64")
    run(page, X)
    cell(page, X).get_by_text("The batch is missing.").wait_for()


def test_keyboard_is_enough(page):
    run(page, WAY)
    field(page, WAY).wait_for()
    page.keyboard.press("Escape")
    for _time in range(40):
        page.keyboard.press("Tab")
        if field(page, WAY).locator(":focus").count():
            break
    page.keyboard.press("Enter")
    edit = field(page, WAY).get_by_role("button", name="Edit")
    edit.wait_for()
    assert edit.evaluate("it => it === document.activeElement")
    before = cell(page, ANSWER).locator(".jp-InputPrompt").first.inner_text()
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    wait_for_prompt(page, ANSWER, before)
    cell(page, ANSWER).get_by_text("✓ As you predicted").wait_for()


def test_guess_is_shown_on_another_day(page, open_notebook, lab):
    run(page, SIZE)
    guess(page, SIZE, "64")
    run(page, WAY)
    field(page, WAY).get_by_role("button", name="The first.").click()
    run(page, ANSWER)
    field(page, WAY).get_by_text("✓ as you predicted").wait_for()
    page.keyboard.press("Control+s")

    page = open_notebook.reopen()
    field(page, WAY).get_by_text("✓ as you predicted").wait_for()
    page.get_by_role("menuitem", name="Edit").click()
    page.get_by_role("menuitem", name="Clear Outputs of All Cells").click()
    for number in (0, SIZE, WAY):
        run(page, number)
    field(page, WAY).get_by_text("✓ as you predicted").wait_for()
    field(page, SIZE).get_by_text("Your guess: 64").wait_for()
    run(page, X)
    cell(page, X).get_by_text("The batch is missing.").wait_for()
    assert stored(lab) == {"size": ("64", False), "way": ("a", True)}
