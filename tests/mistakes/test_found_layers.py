"""Mistakes with own layers, joined graphs and saved models: the explanation, and its edit."""

import contextlib
import io
import linecache
from itertools import count

import keras
import numpy as np
import pytest
from keras import layers, ops

import kfunc_lab as lab
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import edited

from .found_layers import CASES

_NUMBERS = count(1)

# Up to Keras 3.9, such models are built, and fail when they are called.
FAILS_WHEN_CALLED = (
    "a_new_input_for_an_old_output", "inputs_and_outputs_swapped", "an_input_made_again",
)  # fmt: skip


class Notebook:
    """Runs cells whose source can be read, as in a notebook."""

    def __init__(self):
        generator = np.random.default_rng(0)
        self.known = {
            "__name__": "learner", "np": np, "keras": keras, "layers": layers, "ops": ops,
            "rng": generator,
        }  # fmt: skip
        self.files = {}

    def run(self, cells):
        """Run cells up to the first that fails, and return its exception."""
        for cell in cells:
            file = f"<ipython-input-{next(_NUMBERS)}-found>"
            linecache.cache[file] = (len(cell), None, cell.splitlines(True), file)
            self.files[file] = cell
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(cell, file, "exec"), self.known)
            except Exception as error:
                return error
        return None


def mended(cells, changes, files):
    """Return the cells from the first that changes on, with the changes."""
    new = {}
    for file in {change.file for change in changes}:
        text = edited(Code.of(file).text, [each for each in changes if each.file == file])
        new[cells.index(files[file])] = text
    first = min(new)
    return [new.get(number, cell) for number, cell in enumerate(cells)][first:]


@pytest.fixture(autouse=True)
def forget_layers():
    yield
    keras.backend.clear_session()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_mistake_is_explained_and_its_edit_runs(case):
    notebook = Notebook()
    error = notebook.run(case["cells"])
    if error is None and case["name"] in FAILS_WHEN_CALLED:
        pytest.skip("this Keras builds such a model, and refuses to run it")
    assert error is not None
    view = lab.explain(error)
    text = "\n".join([view.mistake.edit, *(change.new for change in view.mistake.changes)])
    assert view.mistake.rule == case["rule"]
    assert case["words"] in text
    if not case["changes"]:
        assert notebook.run([case["mended"]]) is None
        return
    assert view.mistake.changes
    again = mended(case["cells"], view.mistake.changes, notebook.files)
    assert notebook.run(again) is None


def test_edit_changes_no_variable_and_no_counter():
    notebook = Notebook()
    cells = next(case["cells"] for case in CASES if case["name"] == "a_fixed_batch_in_a_lambda")
    error = notebook.run(cells)
    model = notebook.known["model"]
    before = [weight.numpy().copy() for weight in model.weights]
    first = layers.Dense(1).name
    lab.explain(error)
    number = int(layers.Dense(1).name.rpartition("_")[2])
    assert number == int(first.rpartition("_")[2] if "_" in first else 0) + 1
    assert all(
        np.array_equal(old, new.numpy()) for old, new in zip(before, model.weights, strict=True)
    )
