"""Every exercise judges variants of its solution: right ones are right, wrong ones are wrong.

`python -m variants.table 1` prints how many, with the message of each.
"""

import pytest
import variants
from variants.table import is_reasoned, judged

from kfunc_lab.lessons.exercises import EXERCISES

SAMPLE, ALL = 2, 30
SEED = 1

COUNTS = [
    pytest.param(name, count, marks=[pytest.mark.deep] * (count == ALL), id=f"{name}-{count}")
    for name in EXERCISES
    for count in (SAMPLE, ALL)
]


def test_every_exercise_has_variants():
    assert set(variants.MAKERS) == set(EXERCISES)


@pytest.mark.parametrize(("name", "count"), COUNTS)
@pytest.mark.filterwarnings("ignore")
def test_right_variants_are_right(name, count):
    refused = {}
    for note, answer in variants.right(name, SEED, count):
        status, message, _comparison = judged(name, answer)
        if status != "right":
            refused[note] = message
    assert refused == {}


@pytest.mark.parametrize(("name", "count"), COUNTS)
@pytest.mark.filterwarnings("ignore")
def test_wrong_variants_are_refused(name, count):
    accepted, unchecked = {}, {}
    for note, answer in variants.wrong(name, SEED, count):
        status, message, _comparison = judged(name, answer)
        if status != "wrong":
            accepted[note] = message
        if "could not be checked" in message:
            unchecked[note] = message
    assert (accepted, unchecked) == ({}, {})


@pytest.mark.deep
@pytest.mark.parametrize("name", variants.graph_answers.SPECS)
@pytest.mark.filterwarnings("ignore")
def test_wrong_graphs_get_reason_or_picture(name):
    for note, answer in variants.wrong(name, SEED, ALL):
        _status, message, comparison = judged(name, answer)
        assert is_reasoned(name, message, comparison), note
