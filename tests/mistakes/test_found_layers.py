"""Mistakes with own layers, joined graphs and saved models: the explanation, and its edit."""

import keras
import numpy as np
import pytest
from cells import Notebook
from keras import layers

import kfunc_lab as lab

from .found_layers import CASES, PREAMBLE

# Up to Keras 3.9, such models are built, and fail when they are called.
FAILS_WHEN_CALLED = (
    "a_new_input_for_an_old_output", "inputs_and_outputs_swapped", "an_input_made_again",
)  # fmt: skip


@pytest.fixture(autouse=True)
def forget_layers():
    yield
    keras.backend.clear_session()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_mistake_is_explained_and_its_edit_runs(case):
    notebook = Notebook(*case["cells"], preamble=PREAMBLE)
    error = notebook.run()
    if error is None and case["name"] in FAILS_WHEN_CALLED:
        pytest.skip("this Keras builds such a model, and refuses to run it")
    assert error is not None
    view = lab.explain(error)
    text = "\n".join([view.mistake.edit, *(change.new for change in view.mistake.changes)])
    assert view.mistake.rule == case["rule"]
    assert case["words"] in text
    if not case["changes"]:
        assert notebook.run(notebook.add(case["mended"])) is None
        return
    assert view.mistake.changes
    assert notebook.mended(view) is None


def test_edit_changes_no_variable_and_no_counter():
    cells = next(case["cells"] for case in CASES if case["name"] == "a_fixed_batch_in_a_lambda")
    notebook = Notebook(*cells, preamble=PREAMBLE)
    error = notebook.run()
    model = notebook.names["model"]
    before = [weight.numpy().copy() for weight in model.weights]
    first = layers.Dense(1).name
    lab.explain(error)
    number = int(layers.Dense(1).name.rpartition("_")[2])
    assert number == int(first.rpartition("_")[2] if "_" in first else 0) + 1
    assert all(
        np.array_equal(old, new.numpy()) for old, new in zip(before, model.weights, strict=True)
    )
