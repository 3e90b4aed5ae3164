"""A course in nbgrader: from the master of a lesson to the grades of three students."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from kfunc_lab.lessons import catalogue
from kfunc_lab.lessons.exercises import EXERCISES
from kfunc_lab.lessons.nbgrader import write_course

NBGRADER = Path(sys.prefix, "nbgrader")
LESSON = "01_first_model"
SOLUTIONS = {name: exercise.solution for name, exercise in EXERCISES.items()}
ANSWERS = {
    "right": SOLUTIONS,
    "wrong": {"hidden-units": SOLUTIONS["hidden-units"].replace("32", "64")},
    "absent": {},
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course in Spanish with the graded submissions of three students."""
    if not NBGRADER.is_dir():
        reason = f"no nbgrader: `make {NBGRADER.parent.name}/nbgrader.installed` installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("course")
    write_course(folder, "es")
    nbgrader("generate_assignment", folder)
    for student, answers in ANSWERS.items():
        submit(folder, student, answers)
    nbgrader("autograde", folder)
    nbgrader("generate_feedback", folder)
    return folder


def nbgrader(command, folder):
    finished = subprocess.run(
        [sys.executable, "-m", "nbgrader", command, LESSON],
        cwd=folder, capture_output=True, text=True, timeout=300,
        env={
            **os.environ,
            "PYTHONPATH": str(NBGRADER),
            "PATH": os.pathsep.join([str(NBGRADER / "bin"), os.environ["PATH"]]),
        },
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr


def released(folder):
    return nbformat.read(folder / "release" / LESSON / f"{LESSON}.ipynb", as_version=4)


def with_role(notebook, role):
    return [it for it in notebook.cells if it.metadata.get("nbgrader", {}).get(role)]


def submit(folder, student, answers):
    """Submits the released notebook with a student's answers."""
    notebook = released(folder)
    for cell in with_role(notebook, "solution"):
        given, check = cell.source.split("\n\nlab.check")
        answer = answers.get(cell.metadata.nbgrader.grade_id, given)
        cell.source = f"{answer}\nlab.check{check}"
    path = folder / "submitted" / student / LESSON / f"{LESSON}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


def test_released_notebook_has_no_solution(course):
    lesson = nbformat.read(catalogue.notebook(catalogue.find(LESSON), "es"), as_version=4)
    notebook = released(course)
    tests = with_role(notebook, "grade")
    assert 'lab.assert_right("hidden-units", answer)' in [test.source for test in tests]
    got = [cell.source for cell in notebook.cells if cell not in tests]
    for given, source in zip([cell.source for cell in lesson.cells], got, strict=True):
        assert source.replace("\n\nlab.check", "\nlab.check") == given


@pytest.mark.parametrize(
    ("student", "passed", "said"),
    [
        ("right", True, None),
        ("wrong", False, "Con 64 unidades ocultas el modelo tiene 50,890 parámetros"),
        ("absent", False, "Todavía no hay respuesta"),
    ],
)
def test_student_gets_points_and_feedback(course, student, passed, said):
    html = (course / "feedback" / student / LESSON / f"{LESSON}.html").read_text("utf-8")
    points = len(with_role(released(course), "grade"))
    assert f"<h4>{LESSON} (Score: {float(points * passed)} / {float(points)})</h4>" in html
    errors = re.findall(r"AssertionError</span>: (.*)", html)
    assert len(errors) == (0 if passed else points)
    assert passed or any(said in error for error in errors)
