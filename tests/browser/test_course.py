"""A learner takes a lesson: predicts, restarts, reloads, and finds one panel and all guesses."""

import json
import re

import pytest

from kfunc_lab.lessons import catalogue, working_copy
from kfunc_lab.lessons.predictions import find
from kfunc_lab.lessons.predictions.kinds import Choice, Shape

# The lessons with a panel, with nested models, with many heads, with images, and the project.
LESSONS = ["01", "05", "06", "09", "16"]
SAMPLE = ("01", "es")  # the others are members of a sweep

pytestmark = pytest.mark.usefixtures("all_cells_attached")


def members():
    for number in LESSONS:
        for language in ("en", "es"):
            marks = () if (number, language) == SAMPLE else pytest.mark.deep
            yield pytest.param(number, language, marks=marks, id=f"{number}-{language}")


@pytest.fixture
def copy(tmp_path, lab):
    """The learner's copy of all lessons, and no progress yet."""
    lab.progress.unlink(missing_ok=True)
    working_copy.prepare(tmp_path)
    return tmp_path


def code_cells(page):
    return page.locator(".jp-Notebook .jp-CodeCell")


def run(page, cell) -> None:
    """Runs a cell with Shift+Enter, and waits for its end."""
    prompt = cell.locator(".jp-InputPrompt").first
    prompt.evaluate("it => { it.textContent = 'waits'; }")  # it may have the same number again
    cell.locator(".cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(
        "it => /\\[\\d+\\]/.test(it.innerText)", arg=prompt.element_handle(), timeout=90_000
    )
    assert cell.locator('[data-mime-type$="jupyter.error"]').count() == 0


def asked(cell) -> str | None:
    """Returns the name of the prediction that a cell asks for."""
    found = re.match(r'lab\.predict\("([^"]+)"\)', cell.locator(".cm-content").inner_text())
    return found[1] if found else None


def predict(page, cell, name: str) -> None:
    """Gives the first answer that comes to mind."""
    field = cell.locator(".kfunc-lab-predict")
    field.wait_for()
    kind = find(name).kind
    if isinstance(kind, Choice):
        field.get_by_role("button").first.click()
    else:
        field.get_by_role("textbox").fill("(None, 7)" if isinstance(kind, Shape) else "7")
        page.keyboard.press("Enter")
    field.get_by_role("button").first.wait_for()


def take(page, *, predicts: bool) -> list[str]:
    """Runs all code cells in order; returns the predictions that were made: every second one."""
    made, names = [], 0
    for number in range(code_cells(page).count()):
        cell = code_cells(page).nth(number)
        run(page, cell)
        if (name := asked(cell)) is not None:
            names += 1
            if predicts and names % 2:
                predict(page, cell, name)
                made.append(name)
    return made


def panels(page) -> int:
    return page.locator("#jp-main-dock-panel .kfunc-lab-live.beside").count()


def restart(page) -> None:
    page.evaluate("() => jupyterapp.shell.currentWidget.context.sessionContext.restartKernel()")
    page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.context.sessionContext.session?.kernel?.status"
        " === 'idle'",
        timeout=120_000,
    )


@pytest.mark.parametrize(("number", "language"), list(members()))
def test_lesson_keeps_one_panel_and_all_guesses(
    open_notebook, lab, copy, picture, number, language
):
    name = catalogue.find(number).name
    page = open_notebook(copy / language / f"{name}.ipynb")
    assert page.locator(".jp-OutputArea-output").count() == 0
    watches = "lab.watch(" in "".join(code_cells(page).all_inner_texts())
    made = take(page, predicts=True)
    assert made
    answers = page.locator(".kfunc-lab-feedback").all_inner_texts()
    assert sum(text[0] in "✓✗" for text in answers) >= len(made)
    assert panels(page) == watches
    picture(page, f"course-{number}-{language}")
    stored = json.loads(lab.progress.read_text())["predictions"]
    assert sorted(stored) == sorted(made)
    assert all(it["right"] in (True, False) for it in stored.values())

    restart(page)
    take(page, predicts=False)
    assert panels(page) == watches
    page.keyboard.press("Control+s")
    page.wait_for_function("!document.querySelector('.jp-mod-dirty')")
    page = open_notebook.reopen()
    take(page, predicts=False)
    assert panels(page) == watches
    for cell in code_cells(page).all():
        if asked(cell) in made:
            assert cell.locator(".kfunc-lab-predict").get_by_role("textbox").count() == 0
    assert json.loads(lab.progress.read_text())["predictions"] == stored
    assert page.problems == []
