"""The working copy: what is copied, what is updated, and that nothing is lost."""

import json
import os

import pytest

from kfunc_lab.lessons import catalogue, working_copy

NAMES = [
    f"{language}/{lesson.name}.ipynb"
    for language in ("en", "es")
    for lesson in catalogue.lessons()
]
NAME = "es/01_first_model.ipynb"


@pytest.fixture
def originals(monkeypatch, tmp_path):
    folder = tmp_path / "originals"
    monkeypatch.setattr(catalogue, "_FOLDER", folder)
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}, first edition")
    return folder


@pytest.fixture
def copy(originals, tmp_path):
    directory = tmp_path / "home" / "kfunc_lab"
    assert working_copy.prepare(directory).copied == NAMES
    return directory


def test_everything_is_copied_as_it_is(copy, originals):
    for name in NAMES:
        assert (copy / name).read_bytes() == (originals / name).read_bytes()
    files = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
    assert files == {*NAMES, working_copy.MANIFEST}


def test_a_second_time_changes_nothing(copy):
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*.ipynb")}
    report = working_copy.prepare(copy)
    assert report == working_copy.Report(unchanged=NAMES)
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*.ipynb")} == before


def test_what_was_not_changed_is_updated(copy, originals):
    (originals / NAME).write_text("second edition")
    report = working_copy.prepare(copy)
    assert (report.updated, report.kept) == ([NAME], [])
    assert (copy / NAME).read_text() == "second edition"
    assert working_copy.prepare(copy).unchanged == NAMES


def test_what_the_learner_changed_stays(copy):
    (copy / NAME).write_text("my answer")
    report = working_copy.prepare(copy)
    assert (report.kept, report.outdated, report.updated) == ([NAME], [], [])
    assert (copy / NAME).read_text() == "my answer"


def test_what_the_learner_changed_stays_through_any_number_of_editions(copy, originals):
    (copy / NAME).write_text("my answer")
    for edition in ("second", "third"):
        (originals / NAME).write_text(f"{edition} edition")
        report = working_copy.prepare(copy)
        assert (report.kept, report.outdated, report.updated) == ([NAME], [NAME], [])
        assert (copy / NAME).read_text() == "my answer"


def test_a_change_that_was_taken_back_counts_as_none(copy, originals):
    first = (copy / NAME).read_text()
    (copy / NAME).write_text("my answer")
    working_copy.prepare(copy)
    (copy / NAME).write_text(first)
    (originals / NAME).write_text("second edition")
    assert working_copy.prepare(copy).updated == [NAME]


def test_what_was_deleted_is_copied_again(copy):
    (copy / NAME).unlink()
    assert working_copy.prepare(copy).copied == [NAME]


def test_files_of_the_learner_s_own_are_left_alone(copy):
    (copy / "es" / "mine.ipynb").write_text("mine")
    working_copy.prepare(copy)
    assert (copy / "es" / "mine.ipynb").read_text() == "mine"


def test_a_file_that_was_there_first_is_the_learner_s(originals, tmp_path):
    (tmp_path / "es").mkdir()
    (tmp_path / NAME).write_text("mine")
    report = working_copy.prepare(tmp_path)
    assert (report.kept, report.outdated) == ([NAME], [])
    assert (tmp_path / NAME).read_text() == "mine"


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"a": 1}', b"\xff\x00", b"null"])
def test_a_broken_manifest_is_set_aside_and_nothing_is_lost(copy, originals, broken):
    manifest = copy / working_copy.MANIFEST
    manifest.write_bytes(broken)
    (originals / NAME).write_text("second edition")
    report = working_copy.prepare(copy)
    assert (report.kept, report.updated) == ([NAME], [])
    assert "first edition" in (copy / NAME).read_text()
    assert (copy / f"{working_copy.MANIFEST}.broken").read_bytes() == broken
    assert set(json.loads(manifest.read_bytes())) == {*NAMES} - {NAME}


def test_a_write_that_fails_leaves_the_old_file_whole(copy, originals, monkeypatch):
    (originals / NAME).write_text("second edition")

    def fail(*_arguments):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        working_copy.prepare(copy)
    assert "first edition" in (copy / NAME).read_text()
    assert not [path for path in copy.rglob(".*") if path.name != working_copy.MANIFEST]


def test_after_a_run_that_was_cut_short_the_next_one_goes_on(copy, originals, monkeypatch):
    """The file is newer than the manifest knows, but equal to its original."""
    (originals / NAME).write_text("second edition")
    (copy / NAME).write_text("second edition")
    assert working_copy.prepare(copy).unchanged == NAMES
    (originals / NAME).write_text("third edition")
    assert working_copy.prepare(copy).updated == [NAME]


def test_opening_and_saving_is_no_change(originals, tmp_path):
    """JupyterLab writes the kernel's version into the metadata of a notebook that it saves."""
    notebook = {"cells": [{"cell_type": "code", "source": ["1"]}], "metadata": {}}
    (originals / NAME).write_text(json.dumps(notebook))
    working_copy.prepare(tmp_path / "copy")
    saved = {**notebook, "metadata": {"language_info": {"version": "3.12.1"}}}
    (tmp_path / "copy" / NAME).write_text(json.dumps(saved, indent=1))
    notebook["cells"][0]["source"] = ["2"]
    (originals / NAME).write_text(json.dumps(notebook))
    assert working_copy.prepare(tmp_path / "copy").updated == [NAME]
