"""The measures of the final project: what they show, and what they leave alone."""

import random

import keras
import numpy as np
import pytest
from wrong_answers import project

import kfunc_lab as lab
from kfunc_lab.lessons.adding_machine.pairs import new_pairs, pairs_with_nine, training_pairs


def test_only_held_out_pairs_have_nine_on_right():
    assert (pairs_with_nine().right_digit == 9).all()
    for pairs in (new_pairs(), training_pairs()):
        assert 9 not in pairs.right_digit
        assert 9 in pairs.left_digit


def test_feedback_shows_scores_and_pairs():
    feedback = lab.check("project-silver", project.working())
    lines = feedback.to_text().splitlines()
    assert lines[1].split() == ["measured", "right", "answers", "asked", "for"]
    assert [line.split()[0] for line in lines[2:5]] == ["left_digit", "right_digit", "sum"]
    assert lines[-1].count("✓") == 2
    html = feedback._repr_html_()
    assert html.count("<image ") == 16
    assert "read alike on both sides" in html


def test_wrong_machine_is_shown_failing():
    feedback = lab.check("project-bronze", project.constant())
    assert feedback.status == "wrong"
    assert feedback.to_text().splitlines()[-1].count("✗") == 6


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("project-bronze", project.adder),
        ("project-gold", lambda: project.saved(project.small())),
    ],
)
def test_check_changes_no_random_state(name, build):
    answer = build()
    keras.utils.set_random_seed(3)
    states = random.getstate(), np.random.get_state()[1].tolist()
    lab.check(name, answer)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states


def test_check_leaves_training_as_it_was():
    model = project.linear(trained=True)
    steps, weights = int(model.optimizer.iterations), model.get_weights()
    lab.check("project-bronze", model)
    assert int(model.optimizer.iterations) == steps
    assert all(map(np.array_equal, weights, model.get_weights()))
