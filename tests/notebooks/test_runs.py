"""Lessons under papermill with changed parameters and solutions, and the HTML report."""

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from lesson_shell import LessonShell
from tried_guesses import problems

from kfunc_lab.lessons import catalogue, execution, nbgrader
from kfunc_lab.lessons.exercises import of_lesson
from kfunc_lab.lessons.predicting.question import Question

CHANGED = {
    "00_welcome": {"source": "auto"},
    "01_first_model": {"units": 32},
    "02_train_and_evaluate": {"epochs": 2, "batch_size": 32, "seed": 7},
    "03_save_and_load": {"epochs": 1, "batch_size": 128, "seed": 7},
    "04_one_graph_many_models": {"digits": 2, "epochs": 1, "seed": 7},
    "05_models_are_layers": {"members": 4, "seed": 7},
    "06_many_inputs_and_outputs": {"count": 800, "epochs": 1, "seed": 7},
    "07_residual_connections": {"blocks": 2, "epochs": 1, "batch_size": 128, "seed": 7},
    "08_shared_layers": {"count": 600, "epochs": 4, "seed": 7},
    "09_look_inside": {"digit": 0},
    "10_transfer_learning": {"examples": 2, "epochs": 2, "seed": 7},
    "11_your_own_layer": {"units": 7, "seed": 7},
    "12_which_api": {"units": 32, "seed": 7},
    "13_tree_rnn": {"units": 8, "rounds": 2, "seed": 7},
    "14_custom_rnn": {"units": 8, "timesteps": 6, "batch_size": 4, "seed": 7},
    "15_masks_and_saving": {"units": 6, "seed": 7},
    "16_project": {"epochs": 1, "seed": 7},
}

# Spanish output that appears only with the changed parameters.
EXPECTED_TEXT = {
    "00_welcome": "no se pudo descargar el conjunto completo",
    "01_first_model": "4 llamadas, 26,506 parámetros",
    "02_train_and_evaluate": "2 épocas",
    "03_save_and_load": "[32, 32, 0]",
    "04_one_graph_many_models": "(800, 28, 28, 1)",
    "05_models_are_layers": "llamadas, 516 parámetros",
    "06_many_inputs_and_outputs": "(800, 10)",
    "07_residual_connections": "1 época",
    "08_shared_layers": "False, False, True, True, False, True, False, False",
    "09_look_inside": "[7 7 7 7 7 7 7 7] [7 7 7 7 7 7 7 7]",
    "10_transfer_learning": "True, True, False, False, False, False, False, False, False, False",
    "11_your_own_layer": "2 llamadas, 35 parámetros",
    "12_which_api": "['1,386', '1,386', '1,386']",
    "13_tree_rnn": "[177, 177, 177]",
    "14_custom_rnn": "(4, 1) 129",
    "15_masks_and_saving": "0.0 119 119",
    "16_project": "9, 13, 10, 0, 10, 5, 6, 14",
}


def outputs(notebook: Path) -> str:
    cells = nbformat.read(notebook, as_version=4).cells
    return "\n".join(
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for cell in cells
        for output in cell.get("outputs", [])
    )


def write_solved_lesson(lesson, language, folder) -> Path:
    """Writes a lesson with the solution of every exercise in place."""
    path = folder / "write_solved_lesson" / f"{lesson}.ipynb"
    path.parent.mkdir()
    path.write_text(json.dumps(nbgrader.instructor_notebook(catalogue.find(lesson), language)))
    return path


def stored_notebook(lesson, language) -> Path:
    return catalogue.notebook(catalogue.find(lesson), language)


def run(notebook, language, folder) -> str:
    """Runs a notebook with changed parameters and returns its output."""
    parameters = CHANGED[notebook.stem]
    made = execution.run(notebook, folder / "run", language=language, parameters=parameters)
    return outputs(made.notebook)


@pytest.fixture(scope="session")
def shell():
    shell = LessonShell()
    yield shell
    shell.end()


@pytest.fixture
def tried(monkeypatch):
    """For each prediction that a cell answers, what is wrong with it."""
    tried = {}
    answer_from = Question.answer_from

    def answer_and_try(question, variables):
        is_answered = answer_from(question, variables)
        if is_answered:
            tried[question.name] = problems(question.prediction, variables)
        return is_answered

    monkeypatch.setattr(Question, "answer_from", answer_and_try)
    return tried


def test_solved_spanish_lesson_runs_with_changed_parameters(lesson, tmp_path, shell, tried):
    solved = write_solved_lesson(lesson, "es", tmp_path)
    said = shell.run(solved, tmp_path, {"language": "es", **CHANGED[lesson]})
    asked = re.findall(r'lab\.predict\(\\"([^"]+)\\"\)', solved.read_text())
    assert tried == {name: [] for name in asked}
    stored = outputs(stored_notebook(lesson, "es"))
    assert said.count("✓ Correcto: ") == len(of_lesson(catalogue.find(lesson)))
    assert EXPECTED_TEXT[lesson] in said
    assert EXPECTED_TEXT[lesson] not in stored


def test_solved_lesson_runs_under_papermill(tmp_path):
    lesson = "01_first_model"
    said = run(write_solved_lesson(lesson, "es", tmp_path), "es", tmp_path)
    assert said.count("✓ Correcto: ") == len(of_lesson(catalogue.find(lesson)))
    assert EXPECTED_TEXT[lesson] in said


@pytest.mark.deep
def test_solved_english_lesson_runs_with_changed_parameters(lesson, tmp_path):
    said = run(write_solved_lesson(lesson, "en", tmp_path), "en", tmp_path)
    exercises = of_lesson(catalogue.find(lesson))
    assert said.count("✓ Right: ") == len(exercises)
    assert all(exercise.praise.replace("*", "") in said for exercise in exercises)


@pytest.mark.deep
def test_unsolved_spanish_lesson_runs_with_changed_parameters(lesson, tmp_path):
    said = run(stored_notebook(lesson, "es"), "es", tmp_path)
    assert EXPECTED_TEXT[lesson] in said


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    finished = subprocess.run(
        [Path(sys.executable).with_name("kfunc-lab"), "run", "02", "--language", "es",
         "-p", "epochs", "3", "--output", folder],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    return (folder / "02_train_and_evaluate.html").read_text()


def test_report_shows_graph_and_curve(report):
    pictures = re.findall(r'<img alt="([^"]*)"\s+src="data:image/svg\+xml;base64,', report)
    assert any("mnist_model (Functional)" in text for text in pictures)
    assert any("val_loss" in text for text in pictures)


def test_report_is_spanish_and_uses_parameters(report):
    assert 'lang="es"' in report
    assert "Entrenar y evaluar" in report
    curve = next(
        text for text in re.findall(r'<img alt="([^"]*)"', report) if "val_loss" in text
    )
    _title, names, *epochs = curve.strip().splitlines()
    assert names.split()[0] == "época"
    assert [line.split()[0] for line in epochs[:3]] == ["1", "2", "3"]


def test_report_needs_no_network(report):
    assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?://', report)
