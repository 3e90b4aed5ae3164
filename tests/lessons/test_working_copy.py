"""The working copy: copies, updates and merges that lose nothing."""

import json
import os
import stat

import nbformat
import pytest

from kfunc_lab.lessons import catalogue, working_copy

NAMES = [
    f"{language}/{lesson.name}.ipynb"
    for language in ("en", "es")
    for lesson in catalogue.lessons()
]
NAME = "es/01_first_model.ipynb"
ID = "answer"


@pytest.fixture
def originals(monkeypatch, tmp_path):
    folder = tmp_path / "originals"
    monkeypatch.setattr(catalogue, "_FOLDER", folder)
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        edit(folder / name, text=f"{name}, first edition", answer="answer = ...")
    return folder


@pytest.fixture
def copy(originals, tmp_path):
    directory = tmp_path / "home" / "kfunc_lab"
    assert working_copy.prepare(directory).copied == NAMES
    return directory


def edit(path, **sources):
    """Writes sources into cells of a notebook and adds missing cells."""
    new = nbformat.v4.new_notebook()
    notebook = nbformat.read(path, as_version=4) if path.exists() else new
    cells = {cell.id: cell for cell in notebook.cells}
    for name, source in sources.items():
        if name not in cells:
            notebook.cells.append(nbformat.v4.new_code_cell(id=name))
            cells[name] = notebook.cells[-1]
        cells[name].source = source
    nbformat.write(notebook, path)


def sources(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return {cell.id: cell.source for cell in notebook.cells}


def files(directory):
    """Returns the content of each file."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def convert_to_old_format(copy, **digests):
    """Converts a copy to the old format, which has digests and no originals."""
    for name in NAMES:
        (copy / working_copy.BASE / name).unlink()
    (copy / working_copy._MANIFEST).write_text(json.dumps(digests))


# Unchanged copies


def test_originals_are_copied_and_stored_as_base(copy, originals):
    expected = {name: (originals / name).read_bytes() for name in NAMES}
    base = {f"{working_copy.BASE.as_posix()}/{name}": it for name, it in expected.items()}
    assert files(copy) == {**expected, **base}


def test_second_run_changes_nothing(copy):
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    assert working_copy.prepare(copy) == working_copy.Report(unchanged=NAMES)
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before


def test_unchanged_copy_is_updated(copy, originals):
    edit(originals / NAME, text="second edition")
    report = working_copy.prepare(copy)
    assert (report.updated, report.merged, report.kept) == ([NAME], {}, [])
    assert (copy / NAME).read_bytes() == (originals / NAME).read_bytes()
    assert working_copy.prepare(copy).unchanged == NAMES


def test_undone_change_is_no_change(copy, originals):
    edit(copy / NAME, answer="mine")
    working_copy.prepare(copy)
    edit(copy / NAME, answer="answer = ...")
    edit(originals / NAME, text="second edition")
    assert working_copy.prepare(copy).updated == [NAME]


def test_saving_in_jupyterlab_is_no_change(copy, originals):
    """JupyterLab writes the kernel's version into the metadata of saved notebooks."""
    notebook = nbformat.read(copy / NAME, as_version=4)
    notebook.metadata["language_info"] = {"name": "python", "version": "3.12.1"}
    nbformat.write(notebook, copy / NAME)
    edit(originals / NAME, text="second edition")
    assert working_copy.prepare(copy).updated == [NAME]


def test_deleted_notebook_is_copied_again(copy):
    (copy / NAME).unlink()
    assert working_copy.prepare(copy).copied == [NAME]


def test_other_files_of_learner_are_unchanged(copy):
    (copy / "es" / "mine.ipynb").write_text("mine")
    working_copy.prepare(copy)
    assert (copy / "es" / "mine.ipynb").read_text() == "mine"


# Copies that the learner changed


def test_changed_copy_is_kept(copy):
    edit(copy / NAME, answer="mine", more="added")
    before = (copy / NAME).read_bytes()
    report = working_copy.prepare(copy)
    assert (report.kept, report.outdated, report.updated) == ([NAME], {}, [])
    assert (copy / NAME).read_bytes() == before


def test_new_original_is_merged_around_changed_cells(copy, originals):
    edit(copy / NAME, answer="mine", more="added")
    edit(originals / NAME, text="second edition", new="new")
    report = working_copy.prepare(copy)
    assert list(report.merged) == [NAME]
    assert report.merged[NAME].kept == (ID, "more")
    assert (report.updated, report.kept, report.outdated) == ([], [], {})
    assert list(sources(copy / NAME).items()) == [
        ("text", "second edition"),
        (ID, "mine"),
        ("more", "added"),
        ("new", "new"),
    ]


def test_changed_cells_survive_several_editions(copy, originals):
    edit(copy / NAME, answer="mine")
    for edition in ("second", "third"):
        before = (copy / NAME).read_bytes()
        edit(originals / NAME, text=f"{edition} edition", answer=f"{edition} = ...")
        report = working_copy.prepare(copy)
        assert report.merged[NAME].conflicting == (ID,)
        assert sources(copy / NAME) == {"text": f"{edition} edition", ID: "mine"}
        assert sources(copy / working_copy.BASE / NAME)[ID] == f"{edition} = ..."
        assert (copy / working_copy.BACKUP / NAME).read_bytes() == before
        assert working_copy.prepare(copy).kept == [NAME]
        assert (copy / working_copy.BACKUP / NAME).read_bytes() == before


def test_edition_without_news_keeps_notebook(copy, originals):
    notebook = nbformat.read(copy / NAME, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.id != ID]
    nbformat.write(notebook, copy / NAME)
    before = files(copy)
    edit(originals / NAME, answer="second = ...")
    assert working_copy.prepare(copy).kept == [NAME]
    base = f"{working_copy.BASE.as_posix()}/{NAME}"
    assert files(copy) == {**before, base: (originals / NAME).read_bytes()}


@pytest.mark.skipif(os.name == "nt", reason="has no such permissions")
def test_file_permissions_are_kept(copy, originals):
    umask = os.umask(0o022)
    try:
        (copy / NAME).chmod(0o600)
        edit(copy / NAME, answer="mine")
        edit(originals / NAME, text="second edition")
        working_copy.prepare(copy)
    finally:
        os.umask(umask)
    modes = {
        name: stat.S_IMODE((copy / folder / NAME).stat().st_mode)
        for name, folder in {"file": "", "backup": working_copy.BACKUP}.items()
    }
    assert modes == {"file": 0o600, "backup": 0o600}
    assert stat.S_IMODE((copy / NAMES[0]).stat().st_mode) & 0o444 == 0o444


# Outputs


def execute(path, *names, text="out"):
    """Gives cells of a notebook outputs, as if they had run."""
    notebook = nbformat.read(path, as_version=4)
    for number, cell in enumerate(notebook.cells, start=1):
        if not names or cell.id in names:
            cell.execution_count = number
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    nbformat.write(notebook, path)


def executed(path):
    """Returns the ids of the cells that look as if they had run."""
    cells = nbformat.read(path, as_version=4).cells
    return [cell.id for cell in cells if cell.outputs or cell.execution_count is not None]


@pytest.fixture
def executed_originals(originals):
    for name in NAMES:
        execute(originals / name)
    return originals


def copy_with_outputs(originals, directory):
    """Writes a copy as older versions did: each notebook and its base have the outputs."""
    for name in NAMES:
        for target in (directory / name, directory / working_copy.BASE / name):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((originals / name).read_bytes())


def test_copy_has_no_outputs(executed_originals, tmp_path):
    working_copy.prepare(tmp_path / "copy")
    assert executed(executed_originals / NAME) == ["text", ID]
    for name in NAMES:
        assert executed(tmp_path / "copy" / name) == []
        assert sources(tmp_path / "copy" / name) == sources(executed_originals / name)


def test_running_is_no_change(copy, originals):
    execute(copy / NAME)
    before = (copy / NAME).read_bytes()
    assert working_copy.prepare(copy).unchanged == NAMES
    assert (copy / NAME).read_bytes() == before


def test_cells_that_ran_keep_their_outputs_in_an_update(copy, originals):
    execute(copy / NAME)
    edit(originals / NAME, text="second edition")
    assert working_copy.prepare(copy).merged[NAME].kept == ()
    assert executed(copy / NAME) == [ID]


def test_new_outputs_of_the_original_are_no_news(copy, originals):
    execute(copy / NAME, ID, text="mine")
    execute(originals / NAME, text="new")
    before = files(copy)
    assert working_copy.prepare(copy).unchanged == NAMES
    assert files(copy) == before


def test_old_copy_loses_its_outputs(executed_originals, tmp_path):
    copy_with_outputs(executed_originals, tmp_path / "copy")
    assert working_copy.prepare(tmp_path / "copy").updated == NAMES
    assert executed(tmp_path / "copy" / NAME) == []
    assert working_copy.prepare(tmp_path / "copy").unchanged == NAMES


def test_old_copy_keeps_the_work(executed_originals, tmp_path):
    copy = tmp_path / "copy"
    copy_with_outputs(executed_originals, copy)
    edit(copy / NAME, answer="mine")
    execute(copy / NAME, ID, text="my output")
    before = (copy / NAME).read_bytes()
    assert working_copy.prepare(copy).merged[NAME].kept == (ID,)
    assert sources(copy / NAME)[ID] == "mine"
    assert executed(copy / NAME) == [ID]
    assert (copy / working_copy.BACKUP / NAME).read_bytes() == before
    assert working_copy.prepare(copy).kept == [NAME]


# Lessons with a new number

OLD = NAME.replace("01", "98")


@pytest.fixture
def renumbered(copy):
    """A copy from a time when the lesson had another number, with the learner's work."""
    edit(copy / NAME, answer="mine")
    working_copy._write(copy / working_copy.BACKUP / NAME, b"backup")
    for folder in ("", working_copy.BASE, working_copy.BACKUP):
        (copy / folder / NAME).rename(copy / folder / OLD)
    return copy


def test_renumbered_lesson_keeps_the_work(renumbered, originals):
    mine = (renumbered / OLD).read_bytes()
    report = working_copy.prepare(renumbered)
    assert (report.renamed, report.kept, report.copied) == ({OLD: NAME}, [NAME], [])
    assert (renumbered / NAME).read_bytes() == mine
    assert (renumbered / working_copy.BACKUP / NAME).read_bytes() == b"backup"
    assert not list(renumbered.rglob(OLD.partition("/")[2]))
    edit(originals / NAME, text="second edition")
    assert working_copy.prepare(renumbered).merged[NAME].kept == (ID,)


def test_interrupted_renaming_is_repeated(renumbered, monkeypatch):
    rename, left = type(renumbered).rename, iter(range(1))

    def fail(path, target):
        if next(left, None) is None:
            raise OSError("disk full")
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(type(renumbered), "rename", fail)
        with pytest.raises(OSError, match="disk full"):
            working_copy.prepare(renumbered)
    assert working_copy.prepare(renumbered).kept == [NAME]
    assert sources(renumbered / NAME)[ID] == "mine"


def test_renaming_overwrites_nothing(renumbered):
    """Someone who has both files keeps both."""
    edit(renumbered / NAME, answer="also mine")
    before = [(renumbered / name).read_bytes() for name in (NAME, OLD)]
    assert working_copy.prepare(renumbered).renamed == {}
    assert [(renumbered / name).read_bytes() for name in (NAME, OLD)] == before


@pytest.mark.parametrize(
    "name",
    [
        "es/my_first_model.ipynb",
        "es/1_first_model.ipynb",
        "es/98_first_model_2.ipynb",
        "en/98_first_model.ipynb",
    ],
)
def test_other_names_are_no_renumbered_lessons(copy, name):
    (copy / NAME).rename(copy / name)
    report = working_copy.prepare(copy)
    assert (report.renamed, report.copied) == ({}, [NAME])


def test_old_digest_is_found_under_the_old_number(renumbered, originals):
    digest = working_copy._digest((originals / NAME).read_bytes())
    (renumbered / working_copy.BASE / OLD).unlink()
    (renumbered / working_copy._MANIFEST).write_text(json.dumps({OLD: digest}))
    assert working_copy.prepare(renumbered).kept == [NAME]


# What cannot be merged


@pytest.mark.parametrize("mine", ["my answer", "", "{}", '{"cells": []}', "[" * 100_000])
def test_invalid_notebook_is_kept(copy, originals, mine):
    (copy / NAME).write_text(mine)
    for edition in ("second", "third"):
        edit(originals / NAME, text=f"{edition} edition")
        report = working_copy.prepare(copy)
        assert report.kept == [NAME]
        assert report.outdated == {NAME: "it is not a notebook in nbformat 4"}
        assert (copy / NAME).read_text() == mine


def test_existing_file_is_kept(originals, tmp_path):
    directory = tmp_path / "home"
    (directory / "es").mkdir(parents=True)
    edit(directory / NAME, text="first edition", answer="mine")
    for _time in range(2):
        report = working_copy.prepare(directory)
        assert report.kept == [NAME]
        assert report.outdated == {NAME: "it is not known which version it was copied from"}
        assert sources(directory / NAME) == {"text": "first edition", ID: "mine"}


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"a": 1}', b"\xff\x00", b"null"])
def test_broken_base_keeps_changes(copy, originals, broken):
    (copy / working_copy.BASE / NAME).write_bytes(broken)
    edit(copy / NAME, answer="mine")
    edit(originals / NAME, text="second edition")
    report = working_copy.prepare(copy)
    assert (report.kept, list(report.outdated)) == ([NAME], [NAME])
    assert sources(copy / NAME)[ID] == "mine"


@pytest.mark.parametrize("inside", ["", "en", "new/deeper"])
def test_copy_into_originals_raises(originals, inside):
    before = files(originals)
    with pytest.raises(working_copy.PlaceError, match="contains the original"):
        working_copy.prepare(originals / inside)
    assert files(originals) == before


@pytest.mark.skipif(os.name == "nt", reason="asks for rights to make links")
def test_link_to_originals_raises(originals, tmp_path):
    (tmp_path / "link").symlink_to(originals, target_is_directory=True)
    with pytest.raises(working_copy.PlaceError):
        working_copy.prepare(tmp_path / "link")


# Copies in the old format


def test_unchanged_old_copy_is_updated(copy, originals):
    convert_to_old_format(copy, **{NAME: working_copy._digest((copy / NAME).read_bytes())})
    edit(originals / NAME, text="second edition")
    report = working_copy.prepare(copy)
    assert (report.updated, report.kept) == ([NAME], [])
    assert files(copy / working_copy.BASE).keys() == set(NAMES)


def test_old_copy_of_current_edition_is_merged_later(copy, originals):
    convert_to_old_format(copy, **{NAME: working_copy._digest((originals / NAME).read_bytes())})
    edit(copy / NAME, answer="mine")
    report = working_copy.prepare(copy)
    assert (report.kept, report.outdated) == ([NAME], {})
    edit(originals / NAME, text="second edition")
    assert list(working_copy.prepare(copy).merged) == [NAME]


def test_changed_old_copy_of_other_edition_is_kept(copy, originals):
    convert_to_old_format(copy, **{NAME: working_copy._digest((originals / NAME).read_bytes())})
    edit(copy / NAME, answer="mine")
    edit(originals / NAME, text="second edition")
    for _time in range(2):
        report = working_copy.prepare(copy)
        assert (report.kept, list(report.outdated)) == ([NAME], [NAME])
        assert sources(copy / NAME)[ID] == "mine"


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"a": 1}', b"\xff\x00", b"null"])
def test_broken_digest_file_is_ignored(copy, originals, broken):
    convert_to_old_format(copy)
    (copy / working_copy._MANIFEST).write_bytes(broken)
    edit(originals / NAME, text="second edition")
    report = working_copy.prepare(copy)
    assert (report.kept, report.updated) == ([NAME], [])
    assert "first edition" in sources(copy / NAME)["text"]


# Interrupted runs


@pytest.fixture
def interrupt(monkeypatch):
    """A function that fails after a number of written files."""

    def interrupt(after, call, *arguments):
        replace, left = os.replace, iter(range(after))

        def fail(*paths):
            if next(left, None) is None:
                raise OSError("disk full")
            replace(*paths)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", fail)
            with pytest.raises(OSError, match="disk full"):
                call(*arguments)

    return interrupt


@pytest.mark.parametrize("after", [0, 1])
def test_interrupted_update_is_repeated(copy, originals, interrupt, after):
    edit(originals / NAME, text="second edition")
    before = files(copy)
    interrupt(after, working_copy.prepare, copy)
    assert files(copy).keys() == before.keys()
    assert ((copy / NAME).read_bytes() == before[NAME]) is (after == 0)
    working_copy.prepare(copy)
    assert working_copy.prepare(copy).unchanged == NAMES
    edit(originals / NAME, text="third edition")
    assert working_copy.prepare(copy).updated == [NAME]


@pytest.mark.parametrize("after", [0, 1, 2])
def test_interrupted_merge_is_repeated(copy, originals, interrupt, after):
    edit(copy / NAME, answer="mine")
    mine = (copy / NAME).read_bytes()
    edit(originals / NAME, text="second edition", answer="second = ...", new="new")
    interrupt(after, working_copy.prepare, copy)
    assert ((copy / NAME).read_bytes() == mine) is (after < 2)
    assert working_copy.prepare(copy).merged[NAME].conflicting == (ID,)
    assert sources(copy / NAME) == {"text": "second edition", ID: "mine", "new": "new"}
    assert (copy / working_copy.BACKUP / NAME).read_bytes() == mine
    edit(originals / NAME, text="third edition")
    working_copy.prepare(copy)
    assert sources(copy / NAME) == {"text": "third edition", ID: "mine", "new": "new"}
