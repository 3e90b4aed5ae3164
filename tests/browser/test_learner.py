"""A learner works through Spanish lessons: cells, wrong and right answers, and progress."""

import json

import pytest

from kfunc_lab.lessons import catalogue
from kfunc_lab.lessons.exercises import EXERCISES

# The lesson, the exercise, a wrong answer, what is said of it, and whether its graph is drawn.
ANSWERS = [
    (
        "01",
        "hidden-units",
        "inputs = keras.Input(shape=(784,))\n"
        'x = layers.Dense(64, activation="relu")(inputs)\n'
        "answer = keras.Model(inputs, layers.Dense(10)(x))",
        "50,890",
        False,
    ),
    (
        "06",
        "two-heads",
        'image = keras.Input(shape=(784,), name="image")\n'
        'place = keras.Input(shape=(2,), name="place")\n'
        'x = layers.Dense(64, activation="relu")(image)\n'
        "x = layers.concatenate([x, place])\n"
        'digit = layers.Dense(10, activation="softmax", name="digit")(x)\n'
        'even = layers.Dense(1, activation="sigmoid", name="even")(digit)\n'
        "answer = keras.Model([image, place], [digit, even])",
        "una al lado de la otra",
        True,
    ),
    (
        "07",
        "projected-skip",
        "inputs = keras.Input(shape=(9, 9, 64))\n"
        'x = layers.Conv2D(128, 3, activation="relu", padding="same")(inputs)\n'
        'y = layers.Conv2D(128, 3, activation="relu", padding="same")(x)\n'
        "block = keras.Model(inputs, layers.add([x, y]))",
        "debería empezar en la entrada del bloque",
        True,
    ),
    (
        "14",
        "any-batch",
        EXERCISES["any-batch"].solution.replace(
            "states.append(state)", "states.append(2 * state)"
        ),
        "",
        False,
    ),
]


pytestmark = pytest.mark.usefixtures("all_cells_attached")


@pytest.fixture(autouse=True)
def no_progress_yet(lab):
    lab.progress.unlink(missing_ok=True)


def run_cell(page, cell) -> None:
    """Run the selected cell with Shift+Enter, as a learner does, and wait for its end."""
    before = cell.locator(".jp-InputPrompt").first.inner_text()
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(
        """([cell, before]) => {
            const prompt = cell.querySelector('.jp-InputPrompt').innerText;
            return prompt !== before && /\\[\\d+\\]/.test(prompt);
        }""",
        arg=[cell.element_handle(), before],
        timeout=90_000,
    )


def run_all_in_order(page) -> None:
    """Run the notebook cell by cell with Shift+Enter."""
    page.get_by_role("menuitem", name="Edit").click()
    page.get_by_role("menuitem", name="Clear Outputs of All Cells").click()
    cells = page.locator(".jp-Notebook .jp-Cell")
    cells.first.click()
    page.keyboard.press("Escape")
    for number in range(cells.count()):
        cell = cells.nth(number)
        if "jp-CodeCell" in cell.get_attribute("class"):
            run_cell(page, cell)
            assert cell.locator('[data-mime-type$="jupyter.error"]').count() == 0
        else:
            page.keyboard.press("Shift+Enter")


def answer(page, cell, code: str) -> str:
    """Write code into a cell, run it and return the feedback."""
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)
    run_cell(page, cell)
    feedback = cell.locator(".kfunc-lab-feedback")
    feedback.wait_for()
    return feedback.inner_text()


@pytest.mark.parametrize(
    ("number", "name", "wrong", "said", "drawn"), ANSWERS, ids=[it[0] for it in ANSWERS]
)
def test_wrong_then_right_answer_gets_matching_feedback(
    open_notebook, lab, picture, number, name, wrong, said, drawn
):
    page = open_notebook(catalogue.notebook(catalogue.find(number), "es"))
    run_all_in_order(page)
    check = f'lab.check("{name}", {EXERCISES[name].answer})'
    cells = page.locator(".jp-CodeCell")
    cell = cells.nth([check in it for it in cells.all_inner_texts()].index(True))
    cell.scroll_into_view_if_needed()

    feedback = answer(page, cell, f"{wrong}\n{check}")
    assert "Todavía no" in feedback
    assert said in feedback
    image = cell.locator(".kfunc-lab-feedback img")
    assert image.count() == drawn
    if drawn:
        assert image.evaluate("image => image.complete && image.naturalWidth > 100")
    picture(cell, f"learner-{number}-wrong")
    assert not lab.progress.exists()

    feedback = answer(page, cell, f"{EXERCISES[name].solution}\n{check}")
    assert "Correcto" in feedback
    picture(cell, f"learner-{number}-right")
    assert list(json.loads(lab.progress.read_text())["exercises"]) == [name]
    assert page.problems == []


def test_progress_survives_kernel_restart(open_notebook, run_all):
    name = "hidden-units"
    begin = (
        'import keras\nfrom keras import layers\nimport kfunc_lab as lab\nlab.language("es")'
    )
    check = f'lab.check("{name}", {EXERCISES[name].answer})'
    page = open_notebook([begin, f"{EXERCISES[name].solution}\n{check}"])
    run_all(page)
    cell = page.locator(".jp-CodeCell").nth(1)
    assert "Correcto" in cell.locator(".kfunc-lab-feedback").inner_text()
    page.get_by_role("menuitem", name="Kernel").click()
    page.get_by_role("menuitem", name="Restart Kernel…").click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    page.wait_for_function(
        """() => /\\(ipykernel\\) \\| Idle/.test(
            document.querySelector('#jp-main-statusbar').textContent)""",
        timeout=60_000,
    )
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(
        'import kfunc_lab as lab\nlab.language("es")\nprint(lab.progress().sentence())'
    )
    run_cell(page, cell)
    assert f"Llevas 1 de {len(EXERCISES)} ejercicios" in cell.inner_text()
    assert page.problems == []
