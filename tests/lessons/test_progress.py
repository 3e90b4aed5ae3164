"""The progress file: nothing is lost, nothing raises, and each problem is reported once."""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import pytest

import kfunc_lab as lab
from kfunc_lab.lessons import progress
from kfunc_lab.lessons.exercises import EXERCISES
from kfunc_lab.lessons.progress import default_path, record, recorded

ROOT = Path(progress.__file__).parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="permissions and limits of POSIX")
BROKEN = {
    "empty": b"",
    "torn": b'{"exercises": {"hidden-un',
    "no object": b"[]",
    "exercises in a list": b'{"exercises": ["hidden-units"]}',
    "no text": b"\xff\xfe\x00\x01",
    "UTF-16": '{"exercises": {}}'.encode("utf-16"),
    "too deep": b"[" * 100_000,
    "a number too long": b"1" * 10_000,
}


@pytest.fixture(autouse=True)
def reset_reports(monkeypatch):
    """Resets the problems that were reported."""
    monkeypatch.setattr(progress, "_reported", set())


@pytest.fixture
def path(monkeypatch, tmp_path):
    """The path of a progress file in a folder that does not exist yet."""
    path = tmp_path / "folder" / "progress.json"
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", str(path))
    return path


@pytest.fixture
def filled(path):
    record("hidden-units")
    return path


def names(folder: Path) -> list[str]:
    return sorted(it.name for it in folder.iterdir())


def python(code: str, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------
# Storage


def test_exercise_is_stored_with_first_success(path):
    record("hidden-units")
    first = path.read_bytes()
    [(name, moment)] = json.loads(first)["exercises"].items()
    assert name == "hidden-units"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", moment)
    assert abs(datetime.fromisoformat(moment).timestamp() - time.time()) < 60
    record("hidden-units")
    assert path.read_bytes() == first
    record("three-heads")
    assert json.loads(path.read_text())["exercises"]["hidden-units"] == moment
    assert recorded() == {"hidden-units", "three-heads"}
    assert names(path.parent) == ["progress.json", "progress.json.lock"]


def test_missing_file_gives_no_progress(path, capsys):
    assert recorded() == frozenset()
    assert not path.parent.exists()
    assert capsys.readouterr().err == ""


def test_only_right_answers_are_stored(path):
    for answer in (..., 131, "no number", object()):
        lab.check("species-parameters", answer)
    assert recorded() == frozenset()
    assert lab.check("species-parameters", 51).status == "right"
    assert recorded() == {"species-parameters"}
    assert lab.check("species-parameters", 131).status == "wrong"
    assert recorded() == {"species-parameters"}


def test_other_content_of_file_is_kept(path):
    path.parent.mkdir()
    path.write_text(
        '{"version": 7, "exercises": {"old": {"tries": 3}}, "notes": ["\\ud83d", null, 1.5]}'
    )
    before = json.loads(path.read_text())
    record("hidden-units")
    after = json.loads(path.read_text())
    assert after["exercises"].pop("hidden-units")
    assert after == before
    assert recorded() == {"old", "hidden-units"}


def test_file_without_exercises_is_extended(path):
    path.parent.mkdir()
    path.write_text('{"version": 7}')
    assert recorded() == frozenset()
    record("hidden-units")
    assert recorded() == {"hidden-units"}
    assert json.loads(path.read_text())["version"] == 7


def test_default_path_is_user_data_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("KFUNC_LAB_PROGRESS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    path = default_path()
    assert (path.parent.name, path.name) == ("kfunc_lab", "progress.json")
    if sys.platform == "linux":
        assert path == tmp_path / "kfunc_lab" / "progress.json"
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", "~/mine.json")
    assert default_path() == Path.home() / "mine.json"
    assert names(tmp_path) == []


@pytest.mark.parametrize("empty", ["", "  "])
def test_empty_variable_disables_storage(monkeypatch, tmp_path, empty):
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", empty)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert default_path() is None
    assert lab.check("species-parameters", 51).status == "right"
    assert recorded() == frozenset()
    assert names(tmp_path) == []


# ---------------------------------------------------------------------------------------------
# Broken files


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_broken_file_is_moved_and_reported(path, capsys, content):
    path.parent.mkdir()
    path.write_bytes(content)
    assert recorded() == frozenset()
    assert path.read_bytes() == content  # reading does not move the file
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("Your progress could not be read (BrokenFileError: ")
    assert lab.check("species-parameters", 51).status == "right"
    assert recorded() == {"species-parameters"}
    aside = path.with_name("progress.json.broken")
    assert aside.read_bytes() == content
    [line] = capsys.readouterr().err.splitlines()
    assert f"was damaged; it was moved to {aside}" in line


def test_earlier_broken_files_are_kept(path):
    path.parent.mkdir()
    for content in ("first", "second", "third"):
        path.write_text(content)
        record("hidden-units")
    aside = {it: (path.parent / it).read_text() for it in names(path.parent) if "broken" in it}
    assert aside == {
        "progress.json.broken": "first",
        "progress.json.broken-2": "second",
        "progress.json.broken-3": "third",
    }


# ---------------------------------------------------------------------------------------------
# Several kernels


RECORDER = """
import sys, time
from pathlib import Path
from kfunc_lab.lessons import progress
progress._PATIENCE = 60.0
print("here", flush=True)
while not Path(sys.argv[2]).exists():
    time.sleep(0.0005)
for number in range(20):
    progress.record(f"{sys.argv[1]}-{number}")
"""


def test_parallel_processes_lose_nothing(path, tmp_path):
    begin = tmp_path / "begin"
    both = [python(RECORDER, name, str(begin)) for name in ("one", "two")]
    assert [it.stdout.readline() for it in both] == ["here\n", "here\n"]
    begin.touch()
    assert [it.communicate(timeout=60)[1] for it in both] == ["", ""]
    assert recorded() == {f"{name}-{number}" for name in ("one", "two") for number in range(20)}
    assert names(path.parent) == ["progress.json", "progress.json.lock"]


HOLDER = """
import sys, time
from pathlib import Path
from kfunc_lab.lessons import progress
with progress._locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_hanging_kernel_delays_others_only_briefly(filled, capsys, monkeypatch):
    monkeypatch.setattr(progress, "_PATIENCE", 0.2)
    holder = python(HOLDER, str(filled))
    try:
        assert holder.stdout.readline() == "held\n"
        begin = time.perf_counter()
        assert lab.check("species-parameters", 51).status == "right"
        assert 0.2 < time.perf_counter() - begin < 2
        assert "could not be saved (Timeout" in capsys.readouterr().err
        assert recorded() == {"hidden-units"}
    finally:
        holder.kill()
        holder.communicate()
    lab.check("species-parameters", 51)
    assert recorded() == {"hidden-units", "species-parameters"}


@posix
@pytest.mark.parametrize("code", [errno.ENOTSUP, errno.ENOLCK])
def test_progress_is_stored_without_file_locks(path, monkeypatch, capsys, code):
    def refuse(handle, operation):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", refuse)
    record("hidden-units")
    assert recorded() == {"hidden-units"}
    assert capsys.readouterr().err == ""


# ---------------------------------------------------------------------------------------------
# Files that cannot be written or read


def test_failed_write_keeps_file(filled, monkeypatch, capsys):
    before, replace = filled.read_bytes(), os.replace

    def fail(source, target):
        if Path(target) == filled:
            raise OSError(28, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as fault:
        fault.setattr(os, "replace", fail)
        assert lab.check("species-parameters", 51).status == "right"
        record("three-heads")
    [line] = capsys.readouterr().err.splitlines()
    assert line == (
        "Your progress could not be saved (OSError: [Errno 28] No space left on device)."
    )
    assert filled.read_bytes() == before
    assert names(filled.parent) == ["progress.json", "progress.json.lock"]
    record("three-heads")
    assert recorded() == {"hidden-units", "three-heads"}


@posix
def test_file_size_limit_keeps_file(filled):
    before = filled.read_bytes()
    code = (
        "import resource, kfunc_lab as lab\n"
        "most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))\n"
        "print(lab.check('species-parameters', 51).status)\n"
        "print(lab.check('species-parameters', 51).status)"
    )
    out, err = python(code).communicate(timeout=60)
    assert out == "right\nright\n"
    assert re.fullmatch(r"Your progress could not be saved \(OSError: [^\n]+\)\.\n", err)
    assert filled.read_bytes() == before
    assert names(filled.parent) == ["progress.json", "progress.json.lock"]


@pytest.fixture
def another_user():
    """Runs the rest of a test as a user with limited permissions."""
    is_superuser = os.geteuid() == 0
    if is_superuser:
        os.seteuid(65534)
    yield
    if is_superuser:
        os.seteuid(0)


@pytest.fixture
def read_only(monkeypatch):
    """A progress file in a read-only folder."""
    folder = Path(tempfile.mkdtemp())
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", str(folder / "progress.json"))
    record("hidden-units")
    (folder / "progress.json").chmod(0o444)
    (folder / "progress.json.lock").unlink()
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@posix
def test_read_only_folder_is_reported_once(read_only, another_user, monkeypatch, capsys):
    assert lab.check("species-parameters", 51).status == "right"
    assert lab.check("species-parameters", 51).status == "right"
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("Your progress could not be saved (PermissionError: ")
    assert recorded() == {"hidden-units"}
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", str(read_only / "folder" / "progress.json"))
    record("three-heads")
    assert names(read_only) == ["progress.json"]


@posix
def test_unreadable_file_is_reported_and_kept(another_user, monkeypatch, capsys):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "progress.json")
        path.write_text("{}")
        path.chmod(0)
        monkeypatch.setenv("KFUNC_LAB_PROGRESS", str(path))
        assert recorded() == frozenset()
        record("hidden-units")
        said = capsys.readouterr().err
        assert "could not be read (PermissionError" in said
        assert "could not be saved (PermissionError" in said
        assert path.stat().st_size == 2


@pytest.mark.parametrize("kind", ["folder", "inside a file", "a home that is not there"])
def test_invalid_path_is_reported(monkeypatch, tmp_path, capsys, kind):
    (tmp_path / "file").touch()
    places = {
        "folder": tmp_path,
        "inside a file": tmp_path / "file" / "progress.json",
        "a home that is not there": "~nobody-of-this-name/progress.json",
    }
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", str(places[kind]))
    assert lab.check("species-parameters", 51).status == "right"
    assert recorded() == frozenset()
    assert "could not be saved" in capsys.readouterr().err
    assert names(tmp_path) == ["file"]


@posix
def test_device_is_not_replaced(monkeypatch, tmp_path, capsys):
    pipe = tmp_path / "pipe"  # like /dev/null, which a test must not risk
    os.mkfifo(pipe)
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", str(pipe))
    record("hidden-units")
    assert recorded() == frozenset()
    assert pipe.is_fifo()
    assert f"{pipe} is not a file" in capsys.readouterr().err
    assert names(tmp_path) == ["pipe"]


def test_closed_error_stream_raises_nothing(monkeypatch, tmp_path):
    stream = (tmp_path / "stream").open("w")
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", str(tmp_path))
    assert lab.check("species-parameters", 51).status == "right"


# ---------------------------------------------------------------------------------------------
# Cost


def test_check_does_not_import_keras(path):
    code = (
        "import sys, kfunc_lab as lab\n"
        "lab.check('species-parameters', 51)\n"
        "print('keras' in sys.modules)"
    )
    assert python(code).communicate(timeout=60) == ("False\n", "")
    assert recorded() == {"species-parameters"}


def test_every_exercise_name_can_be_stored(path):
    for name in EXERCISES:
        record(name)
    assert recorded() == set(EXERCISES)
