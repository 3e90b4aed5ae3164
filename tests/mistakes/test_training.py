"""Mistakes in training: each is explained, and its edit mends the notebook."""

import linecache

import keras
import pytest
from cells import Notebook
from mistakes.found_training import CASES, PREAMBLE

from kfunc_lab.mistakes.data.arrays import steps
from kfunc_lab.mistakes.failure import find_failure
from kfunc_lab.mistakes.find import find_mistake
from kfunc_lab.mistakes.statements.compile_again import compiled_again

KINDS = list(dict.fromkeys(case["kind"] for case in CASES))
# A few cases of each kind run here; each one takes a fit or two.
CHOSEN = [case for kind in KINDS for case in [it for it in CASES if it["kind"] == kind][:2]]


@pytest.fixture(autouse=True)
def forget_cells():
    before = dict(linecache.cache)
    keras.backend.clear_session()
    yield
    linecache.cache.clear()
    linecache.cache.update(before)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case["name"], marks=[] if case in CHOSEN else pytest.mark.deep)
        for case in CASES
    ],
)
def test_edit_mends_the_cells(case):
    notebook = Notebook(*case["cells"], preamble=PREAMBLE)
    mistake = find_mistake(notebook.run())
    assert mistake.rule == case["rule"], mistake
    assert mistake.edit == case["right"]
    assert {change.file for change in mistake.changes} <= set(notebook.files)
    assert notebook.changed(mistake) is None


@pytest.mark.deep  # the edits of every run say the same as these cells
@pytest.mark.parametrize("kind", KINDS)
def test_mended_cell_runs(kind):
    case = next(it for it in CASES if it["kind"] == kind)
    notebook = Notebook(*case["cells"], preamble=PREAMBLE)
    assert notebook.run() is not None
    assert notebook.run(notebook.add(case["mended"])) is None


MODEL = """inp = keras.Input((6,), name="inp")
model = keras.Model(inp, layers.Dense(1, activation="sigmoid")(inp))
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
x, y = rng.random((8, 6)), rng.integers(0, 2, (8, 1))"""


@pytest.mark.parametrize(
    ("before", "failing", "needed"),
    [
        ("", "model.fit(x, np.ones((8, 2)), verbose=0)", True),
        ("", "model.train_on_batch(x[:, :4], y)", True),
        ("", "model.evaluate(x, np.ones((8, 2)), verbose=0)", True),
        # These fail before anything is traced, or after the optimizer was built.
        ("", "model.fit(x, y[:5], verbose=0)", False),
        ("", "model.predict(x[0], verbose=0)", False),
        ("", "model.fit(x, y, validation_data=(x, np.ones((8, 2))), verbose=0)", False),
        ("model.fit(x, y, verbose=0)", "model.fit(x, np.ones((8, 2)), verbose=0)", False),
    ],
)
def test_compile_again_is_said_when_it_is_needed(before, failing, needed):
    notebook = Notebook(f"{MODEL}\n{before}", failing, preamble=PREAMBLE)
    again = compiled_again(find_failure(notebook.run()))
    assert (again is not None) == needed
    good = failing.replace("np.ones((8, 2))", "y").replace("x[:, :4]", "x")
    good = good.replace("x[0]", "x").replace("y[:5]", "y")
    if needed:
        assert "non-first call" in str(notebook.run(notebook.add(good)))
        (change,) = again.changes
        assert change.file == notebook.files[1]
        assert change.new.startswith('model.compile("adam", "binary_crossentropy"')
        good = f"{change.new}{good}"
    assert notebook.run(notebook.add(good)) is None


@pytest.mark.parametrize(
    ("shape", "wanted", "template"),
    [
        ((40, 4, 30), (None, 30, 4), "{x}.transpose(0, 2, 1)"),
        ((8, 3, 32, 32), (None, 32, 32, 3), "np.moveaxis({x}, 1, -1)"),
        ((32, 32, 3, 8), (None, 32, 32, 3), "np.moveaxis({x}, -1, 0)"),
        ((8, 28, 28), (None, 784), "{x}.reshape((-1, 784))"),
        ((28, 28), (None, 784), "{x}.reshape((1, 784))"),
        ((28, 28), (None, 28, 28, 1), "{x}[None, ..., None]"),
        ((6,), (None, 6), "{x}[None]"),
        ((8, 3), (None, 1, 3), "{x}[:, None]"),
        ((8, 1, 6), (None, 6), "{x}[:, 0]"),
        ((1, 8, 6), (None, 6), "{x}[0]"),
    ],
)
def test_natural_transformation_comes_first(shape, wanted, template):
    assert steps(shape, wanted)[0].template == template


def test_reshape_that_mixes_axes_is_never_offered():
    assert steps((5, 24), (None, 4, 30)) == []
    (step,) = steps((40, 4, 30), (None, 30, 4))
    assert step.wrong == "{x}.reshape((-1, 30, 4))"
