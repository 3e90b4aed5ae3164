"""Mistakes from questions that people asked: what is said of each, and the edit applied to it."""

import tomllib
from pathlib import Path

import keras
import pytest

CASES = tomllib.loads(Path(__file__).with_name("fresh.toml").read_text("utf-8"))["case"]


# Keras before 3.10 accepts these.
LATER = ("kernel_as_two_numbers", "joined_before_the_inputs_are_joined")
VERSION = tuple(map(int, keras.__version__.split(".")[:2]))


def chosen(raises):
    """Return the cases as parameters; only a few of each kind are in every run."""
    return [
        pytest.param(case, id=case["name"], marks=[] if case.get("quick") else pytest.mark.deep)
        for case in CASES
        if case["raises"] is raises
    ]


@pytest.mark.parametrize("case", chosen(raises=True))
def test_edit_is_right_and_mends(case, notebook):
    if case["name"] in LATER and VERSION < (3, 10):
        pytest.skip("this version of Keras does not notice it")
    answer = notebook.run([cell.strip() for cell in case["cells"]])
    assert answer["raised"]
    if case.get("not_yet"):
        return
    assert answer["edit"] == case["edit"]
    if case.get("in_words"):
        assert "mended" not in answer
    else:
        assert answer["runs"]


@pytest.mark.parametrize("case", chosen(raises=False))
def test_silent_mistake_is_found_until_it_is_mended(case, notebook):
    cells = [cell.strip() for cell in case["cells"]]
    answer = notebook.run(cells, data=case.get("data"))
    assert not answer["raised"]
    assert sorted(answer["lint"]) == sorted(case["finds"])
    after = notebook.run([*cells, case["mended"].strip()], data=case.get("data"))
    assert after["lint"] == []
