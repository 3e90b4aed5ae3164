"""Each exercise: its solution, missing answers, and wrong answers with their messages."""

from functools import cache
from importlib import import_module

import keras
import numpy as np
import pytest
from keras import layers

import kfunc_lab as lab
from kfunc_lab.lessons import catalogue
from kfunc_lab.lessons.exercises import EXERCISES, of_lesson

LESSONS = [lesson for lesson in catalogue.lessons() if of_lesson(lesson)]
ANSWERS = [import_module(f"wrong_answers.{lesson.slug}") for lesson in LESSONS]
WRONG = [wrong for module in ANSWERS for wrong in module.WRONG]
RIGHT = [right for module in ANSWERS for right in getattr(module, "RIGHT", ())]
GIVEN = [given for module in ANSWERS for given in getattr(module, "GIVEN", ())]
NAMES = {
    exercise.name: getattr(module, "names", dict)
    for module, lesson in zip(ANSWERS, LESSONS, strict=True)
    for exercise in of_lesson(lesson)
}


def ids(answers):
    """Returns test ids that are equal in every process."""
    return [f"{number}-{answer[0]}" for number, answer in enumerate(answers)]


def in_both_languages(do):
    """Calls a function in English and in Spanish and returns both results."""
    done = []
    for language in ("en", "es"):
        lab.language(language)
        done.append(do())
    return done


def check_in_both_languages(name, answer):
    return in_both_languages(lambda: lab.check(name, answer))


@cache
def solve(name):
    exercise = EXERCISES[name]
    names = {"keras": keras, "layers": layers, "lab": lab, "np": np, **NAMES[name]()}
    exec(exercise.solution, names)
    return names[exercise.answer]


@pytest.mark.parametrize("name", EXERCISES)
def test_solution_is_right_and_praised_in_both_languages(name):
    english, spanish = check_in_both_languages(name, solve(name))
    assert english.status == spanish.status == "right", english
    assert english.message == EXERCISES[name].praise
    assert spanish.message != EXERCISES[name].praise


@pytest.mark.parametrize("name", EXERCISES)
def test_lint_finds_nothing_in_solutions(name):
    answer = solve(name)
    if isinstance(answer, keras.layers.Layer):
        assert lab.lint(answer) == []


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("answer", [..., None])
def test_missing_answer_is_not_attempted(name, answer):
    for feedback in [
        *check_in_both_languages(name, answer),
        *in_both_languages(lambda: lab.check(name)),
    ]:
        assert feedback.status == "not attempted"


@pytest.mark.parametrize("name", EXERCISES)
def test_each_language_has_two_hints_or_more(name):
    exercise = EXERCISES[name]
    assert len(exercise.hints) >= 2
    english, spanish = in_both_languages(
        lambda: [lab.hint(name).message for _ in exercise.hints]
    )
    assert set(english) == set(exercise.hints)
    assert not set(spanish) & set(exercise.hints)


@pytest.mark.parametrize(("name", "answer", "words"), WRONG, ids=ids(WRONG))
def test_wrong_answer_gets_its_message(name, answer, words):
    for feedback, part in zip(check_in_both_languages(name, answer()), words, strict=True):
        assert feedback.status == "wrong"
        assert part in feedback.message, feedback


@pytest.mark.parametrize(("name", "answer"), RIGHT, ids=ids(RIGHT))
def test_other_right_answers_are_right(name, answer):
    for feedback in check_in_both_languages(name, answer()):
        assert feedback.status == "right", feedback


@pytest.mark.parametrize(("name", "answer"), GIVEN, ids=ids(GIVEN))
def test_initial_code_is_not_attempted(name, answer):
    for feedback in check_in_both_languages(name, answer()):
        assert feedback.status == "not attempted"


def test_every_exercise_has_three_wrong_answers_or_more():
    for name in EXERCISES:
        assert len([wrong for wrong in WRONG if wrong[0] == name]) >= 3, name
    assert len(WRONG) >= 60


def test_messages_are_specific_to_wrong_answers():
    """Most wrong answers to an exercise have a message of their own."""
    for name in EXERCISES:
        words = [wrong[2] for wrong in WRONG if wrong[0] == name]
        assert len(set(words)) >= 0.75 * len(words), name
