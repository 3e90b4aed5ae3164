"""Two models that differ in one thing are told apart; equal models are not."""

import more_model_pairs  # noqa: F401  # adds kinds
import pytest
from model_pairs import KINDS, pair

import kfunc_lab as lab

SEEDS = range(4)
CASES = [
    pytest.param(kind, seed, marks=pytest.mark.deep if seed else ())
    for kind in KINDS
    for seed in SEEDS
]


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_one_difference_is_found(kind, seed):
    one, other = (lab.read_graph(pair(kind, seed, choice)) for choice in (0, 1))
    for before, after in ((one, other), (other, one)):
        found = lab.compare(before, after)
        assert found.to_text().count("\n"), "no difference"
        assert found.comparison.marks or found.comparison.ends


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_equal_models_do_not_differ(kind, seed):
    for choice in (0, 1):
        one, other = (lab.read_graph(pair(kind, seed, choice)) for _ in range(2))
        assert lab.compare(one, other).to_text().endswith("no difference")
