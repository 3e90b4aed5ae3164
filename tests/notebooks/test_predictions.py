"""Every prediction stands in one lesson, before the cell that answers it.

test_runs.py tries guesses on each one while it runs the lessons.
"""

import dataclasses
import re

import pytest

from kfunc_lab.lessons import predictions
from kfunc_lab.lessons.catalogue import lessons
from kfunc_lab.lessons.exercises import EXERCISES
from kfunc_lab.lessons.predictions.prediction import Prediction

ASKING = re.compile(r'^lab\.predict\("([a-z0-9-]+)"\)$')


@pytest.fixture(scope="module")
def asked(built):
    """The names that each lesson asks for, and the source of the cell after each."""
    found = {}
    for lesson in lessons():
        notebook = built(lesson.name, "en")
        codes = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        found[lesson.slug] = [
            (match[1], following)
            for code, following in zip(codes, [*codes[1:], ""], strict=True)
            if (match := ASKING.match(code))
        ]
    return found


def test_every_prediction_is_asked_once(asked):
    names = [name for cells in asked.values() for name, _following in cells]
    assert sorted(names) == sorted(predictions.PREDICTIONS)


def test_every_prediction_names_a_misconception():
    (silent,) = [it.default for it in dataclasses.fields(Prediction) if it.name == "wrong"]
    assert [it.name for it in predictions.PREDICTIONS.values() if it.wrong is silent] == []


def test_names_are_unique():
    declared = [it.name for module in predictions._LESSONS for it in module.PREDICTIONS]
    assert len(declared) == len(set(declared))
    assert not set(declared) & set(EXERCISES)


def test_prediction_is_declared_in_the_file_of_its_lesson(asked):
    declared = {
        module.__name__.rpartition(".")[2]: {it.name for it in module.PREDICTIONS}
        for module in predictions._LESSONS
    }
    for slug, cells in asked.items():
        assert {name for name, _following in cells} == declared.get(slug, set())


def test_cell_of_code_follows(asked):
    for cells in asked.values():
        for name, following in cells:
            assert following, name
            assert not following.startswith(("lab.check(", "# lab.")), name


def test_lab_predict_stands_alone(asked, built):
    for lesson in lessons():
        codes = [cell.source for cell in built(lesson.name, "en").cells]
        used = sum(code.count("lab.predict(") for code in codes if code.startswith("lab."))
        assert used == len(asked[lesson.slug])
