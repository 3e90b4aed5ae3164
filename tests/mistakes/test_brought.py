"""Mistakes that people brought: what is said of each, and the edit applied to their cells."""

import tomllib
from collections import Counter
from pathlib import Path

import keras
import pytest

CASES = tomllib.loads(Path(__file__).with_name("brought.toml").read_text("utf-8"))["case"]


# Keras before 3.10 builds these models, and fails at none of their cells.
LATER = ("grad_cam_of_a_nested_base",)
VERSION = tuple(map(int, keras.__version__.split(".")[:2]))


def some_run_always(cases):
    """Leave those after the first two of a kind to `make test-deep`."""
    seen = Counter()
    for case in cases:
        seen[case["kind"]] += 1
        marks = [pytest.mark.deep] * (seen[case["kind"]] > 2)
        yield pytest.param(case, id=case["name"], marks=marks)


RAISING = list(some_run_always(case for case in CASES if case["raises"]))
SILENT = list(some_run_always(case for case in CASES if not case["raises"]))


@pytest.mark.parametrize("case", RAISING)
def test_edit_is_right_and_mends(case, notebook):
    if case["name"] in LATER and VERSION < (3, 10):
        pytest.skip("this version of Keras does not notice it")
    cells = [cell.strip() for cell in case["cells"]]
    needs_network = case.get("needs_network", False)
    answer = notebook.run(cells, runs_edit=not needs_network)
    assert answer["raised"]
    assert answer["edit"] == case["edit"]
    if case.get("in_words"):  # what the model was before, the code does not tell
        assert "mended" not in answer
    elif needs_network:  # the edited cell loads weights
        assert "mended" in answer
    else:
        assert answer["runs"]


@pytest.mark.parametrize("case", SILENT)
def test_silent_mistake_is_found_until_it_is_mended(case, notebook):
    cells = [cell.strip() for cell in case["cells"]]
    answer = notebook.run(cells, data=case.get("data"))
    assert not answer["raised"]
    assert sorted(answer["lint"]) == sorted(case["finds"])
    if "mended" not in case:
        return
    after = notebook.go_on(
        [case["mended"].strip()], data=case.get("data_after", case.get("data"))
    )
    assert after["lint"] == []
