"""The nbgrader masters: metadata, solutions, and student versions."""

import ast
import json
import re

import nbformat
import pytest

from kfunc_lab.lessons import catalogue, nbgrader
from kfunc_lab.lessons.exercises import EXERCISES

LESSONS = [
    pytest.param(lesson, language, id=f"{lesson.name}-{language}")
    for lesson in catalogue.lessons()
    for language in ("en", "es")
]
every_lesson = pytest.mark.parametrize(("lesson", "language"), LESSONS)


def notebook_of(lesson, language):
    return nbformat.from_dict(as_read(nbgrader.instructor_notebook(lesson, language)))


def as_read(notebook):
    """Joins the source lines of each cell, like nbformat."""
    cells = [{**cell, "source": "".join(cell["source"])} for cell in notebook["cells"]]
    return {**notebook, "cells": cells}


def roles(notebook, name):
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get(name)]


def cleared(source):
    """Clears solutions like nbgrader's ClearSolutions with an empty stub."""
    region = r"### BEGIN SOLUTION\n.*?### END SOLUTION\n"
    return re.sub(region, "\n", source, count=1, flags=re.DOTALL)


@every_lesson
def test_student_version_has_lesson_and_tests(lesson, language):
    given = nbformat.read(catalogue.notebook(lesson, language), as_version=4)
    notebook = notebook_of(lesson, language)
    tests = roles(notebook, "grade")
    for original, cell in zip(
        given.cells, [cell for cell in notebook.cells if cell not in tests], strict=True
    ):
        assert (cell.id, cell.cell_type) == (original.id, original.cell_type)
        if "nbgrader" not in cell.metadata:
            assert (cell.source, cell.metadata) == (original.source, original.metadata)
            continue
        code, check = re.split(r"\n+(?=lab\.check)", original.source)
        assert cell.source != original.source
        assert re.sub(r"\n+(?=lab\.check)", "\n", cleared(cell.source)) == f"{code}\n{check}"


@every_lesson
def test_master_has_solution_before_check_and_test_after(lesson, language):
    notebook = notebook_of(lesson, language)
    answers, tests = roles(notebook, "solution"), roles(notebook, "grade")
    for answer, test in zip(answers, tests, strict=True):
        exercise = EXERCISES[answer.metadata.nbgrader.grade_id]
        solved = f"### BEGIN SOLUTION\n{exercise.solution}\n### END SOLUTION\nlab.check("
        assert solved in answer.source
        assert notebook.cells.index(test) == notebook.cells.index(answer) + 1
        checked = re.search(r"lab\.check(\(.*\))", answer.source)[1]
        assert test.source == f"lab.assert_right{checked}"
        names = {it.id for it in ast.walk(ast.parse(test.source)) if isinstance(it, ast.Name)}
        assert exercise.answer in names


@every_lesson
def test_nbgrader_metadata_describes_each_cell(lesson, language):
    for cell in (notebook := notebook_of(lesson, language)).cells:
        if "nbgrader" in cell.metadata:
            known = cell.metadata.nbgrader
            solution = known.solution
            assert (known.grade, known.locked) == (not solution, not solution)
            assert known.get("points") == (None if solution else 1)
            assert (known.schema_version, known.cell_type, known.task) == (3, "code", False)
            assert re.fullmatch(r"[a-z0-9-]+", known.grade_id)
    ids = [
        cell.metadata.nbgrader.grade_id
        for cell in notebook.cells
        if "nbgrader" in cell.metadata
    ]
    assert len(ids) == len(set(ids))


@every_lesson
def test_master_is_valid_without_outputs(lesson, language):
    notebook = notebook_of(lesson, language)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_exercise_is_graded_once(language):
    graded = [
        cell.metadata.nbgrader.grade_id
        for lesson in catalogue.lessons()
        for cell in roles(notebook_of(lesson, language), "solution")
    ]
    assert sorted(graded) == sorted(EXERCISES)


CHECK = 'lab.check("species-parameters", (parameters))'


@pytest.fixture
def master_of(monkeypatch, tmp_path):
    """A function that builds the master of a lesson with one code cell."""
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path)
    lesson = catalogue.find("welcome")

    def make(source):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        (tmp_path / "en").mkdir()
        nbformat.write(notebook, tmp_path / "en" / f"{lesson.name}.ipynb")
        return notebook_of(lesson, "en").cells

    return make


def test_existing_empty_line_is_used(master_of):
    source = f"def f():\n    return ...\n\n\n{CHECK}\n# lab.hint()"
    answer, test = master_of(source)
    assert cleared(answer.source) == source
    assert test.source == 'lab.assert_right("species-parameters", (parameters))'


def test_missing_empty_line_is_added(master_of):
    answer, _test = master_of(f"parameters = ...\n{CHECK}")
    assert cleared(answer.source) == f"parameters = ...\n\n{CHECK}"


@pytest.mark.parametrize(
    "source", ['lab.check("unknown", 1)', f"# {CHECK}", f"feedback = {CHECK}", "lab.check"]
)
def test_cell_without_check_is_unchanged(master_of, source):
    [cell] = master_of(source)
    assert (cell.source, cell.metadata) == (source, {})


def test_masters_and_settings_are_written(tmp_path):
    report = nbgrader.write_course(tmp_path / "course", "es")
    names = [f"source/{name}/{name}.ipynb" for name in report.lessons]
    assert report.written == [nbgrader.CONFIG, *names]
    assert report.kept == []
    assert "01_first_model" in report.lessons
    for name, path in zip(report.lessons, names, strict=True):
        written = json.loads((tmp_path / "course" / path).read_text(encoding="utf-8"))
        assert written == nbgrader.instructor_notebook(catalogue.find(name), "es")


def test_lesson_without_exercises_has_no_master(master_of, monkeypatch, tmp_path):
    master_of("1 + 1")
    monkeypatch.setattr(catalogue, "_LESSONS", (catalogue.find("welcome"),))
    report = nbgrader.write_course(tmp_path / "course", "en")
    assert (report.lessons, report.written) == ([], [nbgrader.CONFIG])


def test_changed_master_is_kept(tmp_path):
    first = nbgrader.write_course(tmp_path, "en")
    changed = tmp_path / first.written[-1]
    changed.write_text("mine")
    (tmp_path / nbgrader.CONFIG).unlink()
    again = nbgrader.write_course(tmp_path, "es")
    assert again.written == [nbgrader.CONFIG]
    assert again.kept == first.written[1:]
    assert changed.read_text() == "mine"


def test_missing_lesson_writes_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="make lessons"):
        nbgrader.write_course(tmp_path / "course", "en")
    assert not (tmp_path / "course").exists()
