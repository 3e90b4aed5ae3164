"""The terms of the course: each is introduced before it is used, in both languages.

`python tests/course_terms.py` lists them; TERMS.toml says which cell introduces each.
"""

import course_terms
import pytest
from course_terms import Cell, names_in_code, names_in_prose, says

NOTHING = frozenset()


@pytest.fixture(scope="module")
def lines():
    return course_terms.lines()


def test_terms_of_lesson_are_introduced_before_they_are_used(lines, lesson):
    faults = [
        f"{line.term}, in {line.first.name}: {line.fault}"
        for line in lines
        if line.fault and line.first.lesson == lesson
    ]
    assert faults == []


def test_terms_are_found(lines):
    terms = {line.term for line in lines}
    assert {"layer", "tensor", "batch", "epoch", "Dense", "relu", "softmax"} <= terms


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("x = layers.GRU(3)(x)", {"GRU"}),
        ("keras.layers.GRU(3)", {"GRU"}),
        ('layers.Dense(3, activation="elu")', {"Dense", "activation=", "elu"}),
        ('model.compile("nadam", "huber")', {".compile", "nadam", "huber"}),
        ("keras.optimizers.Lion(1e-3)", {"Lion"}),
        ("keras.ops.softplus(x)", {"ops.softplus"}),
        ("lab.graph(model.input)", {"lab.graph", ".input"}),
        ("np.einsum('ij', x)", {"np.einsum"}),
        ("x = [f(y) for y in z]", {"comprehension"}),
        ("@once\ndef f(**named):\n    yield 1", {"decorator", "yield", "`**`"}),
        ("try:\n    f(*x)\nexcept OSError:\n    raise", {"try", "`*`", "OSError", "raise"}),
        ("f = lambda x: x if x else x[::2]",
         {"lambda", "conditional expression", "`::`"}),
        ("with open(path) as file:\n    getattr(file, 'read')", {"with", "open", "getattr"}),
        ("%%steps\nx = 1", {"%%steps"}),
        ("lab.watch();", {"lab.watch", "`;`"}),
        ("for n, x in enumerate(zip(a, b)):\n    print(n, len(x))", set()),
    ],
)  # fmt: skip
def test_names_in_code_are_found(code, names):
    assert set(names_in_code(code)) == names


def test_names_that_lesson_defines_are_no_terms():
    own = frozenset(
        course_terms.defined_in("class A:\n    def read(self):\n        self.x = 1")
    )
    assert set(names_in_code("a.read(how=1)\na.x", own)) == set()


@pytest.mark.parametrize(
    ("prose", "names"),
    [
        ("A `GRU` reads on.", {"GRU"}),
        ("A LSTM and a Conv2D, then Dense.", {"LSTM", "Conv2D"}),
        ("It uses `elu` and `model.fit(x, epochs=3)`.", {"elu", ".fit", "epochs="}),
        ("```python\nx = layers.GRU(2)(x)\n```", {"GRU"}),
        ("`x` and `priority` are names of this lesson.", set()),
    ],
)
def test_names_in_prose_are_found(prose, names):
    assert set(names_in_prose(prose, NOTHING)) == names


def test_words_are_found_in_plural_and_emphasis():
    assert says("Two *batches*.", "batch")
    assert says("the hidden\nlayer", "hidden layer")
    assert not says("a player", "layer")


def test_introduction_needs_both_languages_and_prose():
    known = course_terms.terms()

    def cell(english, spanish, is_code=False):
        return Cell("01_x", "a", is_code, False, {"en": english, "es": spanish})

    assert course_terms.introduces(cell("A `GRU` reads.", "Una `GRU` lee."), "GRU", known)
    assert not course_terms.introduces(cell("A `GRU` reads.", "Una capa lee."), "GRU", known)
    assert not course_terms.introduces(cell("layers.GRU", "layers.GRU", True), "GRU", known)
    assert not course_terms.introduces(cell("It will fit.", "It will fit."), ".fit", known)
    assert not course_terms.introduces(cell("`inputs`", "`inputs`"), ".input", known)
    assert course_terms.introduces(cell("Call `fit`.", "Llama a `fit`."), ".fit", known)
    assert not course_terms.introduces(cell("`lab.fit`", "`lab.fit`"), ".fit", known)
    assert not course_terms.introduces(cell("A layer.", "Una layer."), "Layer", known)
    assert not course_terms.introduces(cell("[mask](a)", "[máscara](a)"), "mask", known)
    assert not course_terms.introduces(cell("`[*]` `**`", "`[*]` `**`"), "`*`", known)


@pytest.fixture
def faults_with(monkeypatch):
    """Returns the faults of the course after a cell of code is put at a place in it."""

    def faults(code, place):
        cells = list(course_terms.cells())
        new = Cell(cells[place].lesson, "new", True, False, {"en": code, "es": code})
        cells.insert(place, new)
        monkeypatch.setattr(course_terms, "cells", lambda: cells)
        return {line.term: line.fault for line in course_terms.lines() if line.fault}

    return faults


def test_unknown_layer_fails(faults_with):
    """A layer that a lesson adds fails until a cell introduces it."""
    assert faults_with("layers.GRU(2)", -1) == {"GRU": "no cell introduces it"}


def test_use_before_introduction_fails(faults_with):
    assert faults_with("layers.LSTM(2)", 1) == {"LSTM": "used before 06[about-features]"}


def test_reader_may_leave_out_what_is_optional(faults_with):
    fault = "only 12[about-while-loop] introduces it, which is optional"
    assert faults_with('"identity"', -1) == {"identity": fault}
