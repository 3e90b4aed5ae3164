"""Every row of the tables of places, methods and arguments: the edit is applied and runs."""

import keras
import pytest
from cells import Notebook
from old_arguments import SETUP, call_with, method_calls

from kfunc_lab.mistakes.names.table import arguments, methods, places

NEWER = tuple(map(int, keras.__version__.split(".")[:2])) >= (3, 10)
# Today's function needs a package that the tests do not install.
NEEDS_PYDOT = ("Model.plot_model", "keras.utils.visualize_util.plot")
ADVICE = ("keras.layers.Merge",)  # its arguments are models, so no name replaces it
EXIST_AGAIN = (
    "keras.optimizers.legacy",
    "keras.preprocessing.sequence",
    "keras.preprocessing.image",
)
ACCEPTED = {"BatchNormalization": ("renorm", "renorm_clipping", "renorm_momentum")}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def assert_mended(*cells):
    notebook = Notebook(*cells)
    view = notebook.explained()
    text = view.to_text()
    assert view.mistake.changes, text
    error = notebook.mended(view)
    assert error is None, (text, error)


@pytest.mark.parametrize("old", [it for it in places() if it not in EXIST_AGAIN])
def test_place_is_found(old):
    module, _, name = old.rpartition(".")
    assert_mended(f"from {module} import {name}")
    if old.startswith("keras.") and old not in ADVICE:
        assert_mended(f"it = {old}")


@pytest.mark.parametrize("name", methods())
def test_method_or_attribute_is_replaced(name):
    row = methods()[name]
    tried = []
    for call in method_calls(name, row):
        notebook = Notebook(SETUP + 'model.save("c.keras")', f"it = {call}")
        view = notebook.explained()
        tried.append(view.to_text())
        if not row.new:
            assert view.mistake.changes == (), tried
            assert view.mistake.rule != "unknown", tried
            return
        if view.mistake.changes:
            error = notebook.mended(view)
            if error is None or (name in NEEDS_PYDOT and "pydot" in str(error)):
                return
            tried.append(repr(error))
    raise AssertionError(tried)


@pytest.mark.parametrize("owner", arguments())
def test_arguments_are_replaced(owner):
    for name, new in arguments()[owner].items():
        if NEWER and name in ACCEPTED.get(owner, ()):
            continue
        call = call_with(owner, name, new)
        is_constructor = owner[0].isupper() and owner != "Model"
        assert_mended(*[SETUP] * (not is_constructor), call)


@pytest.mark.parametrize(
    ("call", "new"),
    [
        ("t.transpose()", "ops.transpose(t)"),
        ("t.transpose([0, 2, 1])", "ops.transpose(t, [0, 2, 1])"),
        ("t.transpose(1, 2)", "ops.swapaxes(t, 1, 2)"),
        ("t.permute(0, 2, 1)", "ops.transpose(t, (0, 2, 1))"),
        ("t.view(t.shape[0], -1)", "layers.Flatten()(t)"),
        ("t.view(t.shape[0], 2, 12)", "ops.reshape(t, (-1, 2, 12))"),
        ("t.view((-1, 24))", "ops.reshape(t, (-1, 24))"),
        ("t.size()", "t.shape"),
        ("t.size(1)", "t.shape[1]"),
    ],
)
def test_axes_and_sizes_of_another_library_are_packed(call, new):
    notebook = Notebook("t = keras.Input((6, 4))", f"y = {call}")
    view = notebook.explained()
    assert f"+ y = {new}\n" in view.to_text() + "\n"
    assert notebook.mended(view) is None
