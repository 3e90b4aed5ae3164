"""The synthetic tickets: reproducible, in both languages, and with learnable labels."""

import random
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

import kfunc_lab as lab
import kfunc_lab.locale

FOLDER = Path(__file__).parents[2] / "kfunc_lab" / "datasets"
NUMBERS = ("tags", "priority", "department")


@pytest.fixture(scope="module", params=["en", "es"])
def written(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kfunc_lab.locale, "_chosen", request.param)
        return lab.datasets.tickets()


def words(text):
    return re.findall(r"\w+", text.lower())


def bags(texts):
    """Returns a bag of words for each text: 1 for every word in the text."""
    places = {}
    rows = [[places.setdefault(word, len(places)) for word in words(text)] for text in texts]
    bags = np.zeros((len(texts), len(places)), np.float32)
    for bag, row in zip(bags, rows, strict=True):
        bag[row] = 1
    return bags


def all_inputs(written):
    return np.hstack([bags(written.titles), bags(written.bodies), written.tags])


def two_classes(written):
    return np.hstack([1 - written.priority, written.priority])


def gain(inputs, classes):
    """Returns the accuracy gain of logistic regression over the majority on the last fifth."""
    train = int(0.8 * len(inputs))
    inputs = np.hstack([inputs, np.ones((len(inputs), 1))])
    weights, mean, square = (np.zeros((inputs.shape[1], classes.shape[1])) for _ in range(3))
    for step in range(1, 101):  # Adam
        scores = inputs[:train] @ weights
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        gradient = inputs[:train].T @ (chances - classes[:train]) / train + 1e-4 * weights
        mean += 0.1 * (gradient - mean)
        square += 0.001 * (gradient**2 - square)
        unbiased = mean / (1 - 0.9**step), square / (1 - 0.999**step)
        weights -= 0.04 * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-8)
    guessed = (inputs[train:] @ weights).argmax(axis=1)
    right = (guessed == classes[train:].argmax(axis=1)).mean()
    return right - classes[train:].mean(axis=0).max()


# Arrays


def test_arrays_match_documentation(written):
    assert written.titles.shape == written.bodies.shape == (2000,)
    assert written.titles.dtype.kind == written.bodies.dtype.kind == "U"
    for name, columns in zip(NUMBERS, (12, 1, 4), strict=True):
        assert getattr(written, name).shape == (2000, columns)
        assert getattr(written, name).dtype == np.float32
        assert set(np.unique(getattr(written, name))) == {0, 1}
    assert len(set(written.tag_names)) == 12
    assert len(set(written.department_names)) == 4


def test_ticket_has_one_department_and_up_to_three_tags(written):
    assert (written.department.sum(axis=1) == 1).all()
    assert set(written.tags.sum(axis=1)) == {0, 1, 2, 3}
    assert (written.tags.sum(axis=0) > 20).all()


def test_tickets_depend_on_seed():
    first, again, other = (lab.datasets.tickets(300, seed) for seed in (1, 1, 2))
    for name in ("titles", "bodies", *NUMBERS):
        assert np.array_equal(getattr(first, name), getattr(again, name))
        assert not np.array_equal(getattr(first, name), getattr(other, name))


def test_smaller_count_gives_first_tickets():
    few, many = lab.datasets.tickets(10), lab.datasets.tickets(20)
    assert few.bodies.tolist() == many.bodies[:10].tolist()
    assert np.array_equal(few.tags, many.tags[:10])


def test_languages_have_equal_labels_and_different_texts():
    english = lab.datasets.tickets(300)
    lab.language("es")
    spanish = lab.datasets.tickets(300)
    assert all(np.array_equal(getattr(english, it), getattr(spanish, it)) for it in NUMBERS)
    assert not set(english.bodies) & set(spanish.bodies)
    assert english.department_names[0] == "billing"
    assert spanish.department_names[0] == "facturación"


def test_languages_have_equal_templates():
    """A different number of phrases or placeholders would change the labels."""

    def form(of):
        if isinstance(of, dict):
            return {name: form(value) for name, value in of.items()}
        if isinstance(of, list):
            return [form(value) for value in of]
        return sorted(re.findall(r"\{\w+\}", of))

    texts = [(FOLDER / f"tickets_{it}.toml").read_text("utf-8") for it in ("en", "es")]
    english, spanish = (tomllib.loads(text) for text in texts)
    assert form(english) == form(spanish)
    for one, other in zip(english["topics"], spanish["topics"], strict=True):
        for name, names in (("department", "department_names"), ("tags", "tag_names")):
            places = [
                [phrases[names].index(it) for it in ([of] if isinstance(of, str) else of)]
                for of, phrases in ((one[name], english), (other[name], spanish))
            ]
            assert places[0] == places[1]


def test_tickets_keep_random_state():
    numpy_before, python_before = np.random.get_state()[1].copy(), random.getstate()
    lab.datasets.tickets(10)
    assert np.array_equal(np.random.get_state()[1], numpy_before)
    assert random.getstate() == python_before


def test_labels_are_equal_on_every_machine():
    written = lab.datasets.tickets(12)
    assert written.department.argmax(axis=1).tolist() == [2, 3, 0, 0, 1, 3, 2, 3, 1, 3, 2, 2]
    assert written.priority[:, 0].tolist() == [0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]


def test_count_of_zero_raises():
    with pytest.raises(ValueError, match="count must be at least 1, got 0"):
        lab.datasets.tickets(0)


def test_message_calls_tickets_synthetic(capsys):
    lab.datasets.tickets()
    lab.datasets.tickets(1)
    assert capsys.readouterr().out == (
        "2,000 SYNTHETIC support tickets, generated from templates: nobody sent them.\n"
        "1 SYNTHETIC support ticket, generated from templates: nobody sent it.\n"
    )


# Statistics


def test_texts_are_nearly_unique(written):
    assert len(set(written.bodies)) > 1950
    assert len(set(written.titles)) > 1000


def test_number_of_words_fits_vocabulary(written):
    used = {word for text in (*written.titles, *written.bodies) for word in words(text)}
    assert 500 < len(used) < 2000


def test_texts_have_no_placeholders(written):
    assert not [text for text in (*written.titles, *written.bodies) if set("{}") & set(text)]


def test_classes_are_balanced(written):
    assert 0.55 <= 1 - written.priority.mean() <= 0.65
    assert written.department.mean(axis=0).max() <= 0.3


def test_single_words_and_tags_predict_little(written):
    inputs = all_inputs(written)
    for classes, most in ((two_classes(written), 0.8), (written.department, 0.5)):
        with_word = inputs.T @ classes
        without = classes.sum(axis=0) - with_word
        right = (with_word.max(axis=1) + without.max(axis=1)) / len(inputs)
        assert right.max() < most


@pytest.fixture(scope="module")
def gains(written):
    """The accuracy gains of all inputs for the priority and for the department."""
    inputs = all_inputs(written)
    return gain(inputs, two_classes(written)), gain(inputs, written.department)


def test_words_and_tags_predict_labels(gains):
    assert min(gains) > 0.25


def test_combined_inputs_predict_better_than_each_input(written, gains):
    alone = [bags(written.titles), bags(written.bodies), written.tags]
    for together, classes in zip(
        gains, (two_classes(written), written.department), strict=True
    ):
        assert together > 0.02 + max(gain(it, classes) for it in alone)
