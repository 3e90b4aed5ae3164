"""Random mistakes in right models are explained, and edits that are offered run.

The benchmark `benchmarks/mistakes.py` runs many more of them.
"""

import keras
import pytest
from mutations.choose import mutants
from mutations.right_models import MODELS, PREAMBLE
from mutations.run import Notebook

import kfunc_lab as lab


@pytest.fixture(scope="module")
def chosen():
    """Forty of the thousand mutants of the benchmark."""
    return mutants(1000)[::25]


@pytest.fixture(scope="module")
def outcomes(chosen):
    notebook = Notebook(compares=False)
    yield [notebook.outcome(mutant) for mutant in chosen]
    notebook.end()


@pytest.fixture(scope="module")
def raised(outcomes):
    return [outcome for outcome in outcomes if outcome.of_keras]


def test_choice_never_changes(chosen):
    assert len(chosen) == 40
    assert len({mutant.kind for mutant in chosen}) > 20
    assert [mutant.cells for mutant in mutants(40)] == [it.cells for it in mutants(1000)[:40]]
    assert [it.cells for it in mutants(40, seed=1)] != [it.cells for it in mutants(40)]


def test_every_mutant_differs_from_its_model_in_one_cell(chosen):
    for mutant in chosen:
        others = set(mutant.cells) - set(MODELS[mutant.model])
        assert len(others) <= 1


def test_most_mistakes_are_explained(raised):
    unknown = [(it.change, it.said) for it in raised if not it.is_explained]
    assert len(unknown) <= 0.15 * len(raised), unknown


def test_most_mistakes_have_an_edit_of_the_source(raised):
    without = [(it.change, it.said) for it in raised if not it.has_changes]
    assert len(without) <= 0.6 * len(raised), without


def test_most_edits_run(raised):
    changed = [it for it in raised if it.has_changes]
    failed = [(it.change, it.said, it.after) for it in changed if not it.runs]
    assert len(failed) <= 0.4 * len(changed), failed


def test_explanations_are_fast(raised):
    seconds = sorted(it.seconds for it in raised)
    assert seconds[len(seconds) // 2] < 0.3


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_found_in_right_models(name):
    keras.backend.clear_session()
    names = {}
    for cell in (PREAMBLE, *MODELS[name][:-1]):
        exec(cell, names)
    assert lab.lint(names["model"]) == []
