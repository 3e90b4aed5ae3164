"""The command and trusted lessons of JupyterLab; tests/test_command_line.py runs the server."""

import os
import sys

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from kfunc_lab.lessons import catalogue, server, working_copy

NAME = "es/01_first_model.ipynb"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="5" height="5"/>'


@pytest.fixture
def copy(monkeypatch, tmp_path):
    """A working copy of lessons with pictures, and an isolated Jupyter data folder."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path / "originals")
    write_originals(tmp_path / "originals")
    working_copy.prepare(tmp_path / "copy")
    return tmp_path / "copy"


def write_originals(folder, edition="first"):
    for language in ("en", "es"):
        for lesson in catalogue.lessons():
            output = nbformat.v4.new_output("display_data", {"image/svg+xml": SVG})
            cell = nbformat.v4.new_code_cell(f"# {edition}: {lesson}", outputs=[output])
            path = folder / language / f"{lesson.name}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)


def trusted(copy, data):
    """Returns the names of the notebooks that JupyterLab trusts."""
    notary = NotebookNotary(data_dir=str(data))
    names = {
        path.relative_to(copy).as_posix()
        for path in copy.glob("*/*.ipynb")
        if notary.check_signature(nbformat.read(path, as_version=4))
    }
    notary.store.close()
    return names


def all_names(copy):
    return {path.relative_to(copy).as_posix() for path in copy.glob("*/*.ipynb")}


def test_only_unchanged_copies_are_trusted(copy, tmp_path):
    notebook = nbformat.read(copy / NAME, as_version=4)
    hostile = {"text/html": "<script>alert()</script>"}
    notebook.cells[0].outputs = [nbformat.v4.new_output("display_data", hostile)]
    nbformat.write(notebook, copy / NAME)
    (copy / "es" / "mine.ipynb").write_bytes((copy / NAME).read_bytes())
    server._trust_lessons()
    assert trusted(copy, tmp_path / "data") == all_names(copy) - {NAME, "es/mine.ipynb"}


def test_updated_copies_are_trusted(copy, tmp_path):
    server._trust_lessons()
    write_originals(tmp_path / "originals", "second")
    assert NAME in working_copy.prepare(copy).updated
    assert not trusted(copy, tmp_path / "data")
    server._trust_lessons()
    assert trusted(copy, tmp_path / "data") == all_names(copy)


def test_missing_nbformat_trusts_nothing(copy, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "nbformat", None)
        server._trust_lessons()
    assert not (tmp_path / "data").exists()


def test_unwritable_data_folder_raises_nothing(copy, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "file" / "data"))
    server._trust_lessons()


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False), (None, False)])
def test_allow_root_is_only_for_root(monkeypatch, tmp_path, user, allowed):
    if user is None:  # Windows has no such function
        monkeypatch.delattr(os, "geteuid", raising=False)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    command = server._command(tmp_path, "en", None, True, ())
    assert ("--allow-root" in command) is allowed
    assert "--ServerApp.ip=127.0.0.1" in command


def test_user_options_come_last(tmp_path):
    command = server._command(tmp_path, "es", 9000, False, ("--ServerApp.port=9001",))
    assert command[-3:] == ["--ServerApp.port=9000", "--no-browser", "--ServerApp.port=9001"]
    assert "es/00_welcome.ipynb" in " ".join(command)
