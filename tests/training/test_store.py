"""The store writes whole epochs or nothing, even when a process is killed or a write fails."""

import math
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from kfunc_lab.training.runs import store as module
from kfunc_lab.training.runs.store import (
    Run,
    Store,
    default_path,
    names_that_differ,
    settings_of,
)
from kfunc_lab.training.states import FINISHED, INTERRUPTED, RUNNING

METRICS = {"loss": 0.5, "accuracy": 0.75}
MEASURES = {("dense_1", "mean"): 0.25, ("conv", "mean"): -1.0}

ROOT = Path(module.__file__).parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="signals and permissions of POSIX")

# Writes epochs and reports each one after `add` returns.
WRITER = """
import os, random, sys, time
from kfunc_lab.training.runs import store as module
path, name, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3])
module._PATIENCE = 60.0
store = module.Store(path)
run = store.begin(name, {"seed": 1})
os.write(1, f"{run}\\n".encode())
for epoch in range(epochs):
    metrics = {f"metric_{it}": epoch + it / 16 for it in range(5)}
    measures = {(f"layer_{it}", "mean"): epoch + it / 16 for it in range(20)}
    store.add(run, epoch, metrics, measures)
    os.write(1, f"{epoch}\\n".encode())
    time.sleep(random.uniform(0.002, 0.01))
store.end(run, "finished")
"""


class Writers:
    """Processes that write runs and report their epochs in files."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.processes: list[subprocess.Popen] = []
        self.outputs: list[Path] = []

    def start(self, count: int, epochs: int) -> None:
        for _number in range(count):
            name = f"run {len(self.processes)}"
            self.outputs.append(self.store.path.with_name(f"said by {name}"))
            command = [sys.executable, "-c", WRITER, str(self.store.path), name, str(epochs)]
            with self.outputs[-1].open("wb") as output:
                self.processes.append(subprocess.Popen(command, stdout=output, cwd=ROOT))

    def wait_for_the_first_epoch(self) -> None:
        for process, output in zip(self.processes, self.outputs, strict=True):
            while reported(output)[1] < 1:
                assert process.poll() is None
                time.sleep(0.01)


@pytest.fixture
def writers(store):
    writers = Writers(store)
    yield writers
    for process in writers.processes:
        process.kill()
        process.wait()


def reported(output) -> tuple[str, int]:
    """Return the id that a writer reported and how many epochs it reported as stored."""
    lines = output.read_text().splitlines()
    return (lines[0], len(lines) - 1) if lines else ("", 0)


def check_whole(run: Run) -> None:
    assert len(run.metrics) in (0, 5)
    assert len(run.measures) in (0, 20)
    for number, series in enumerate(run.metrics.values()):
        assert series == {epoch: epoch + number / 16 for epoch in range(run.epochs)}
    for number, series in enumerate(run.measures.values()):
        assert series == {epoch: epoch + number / 16 for epoch in range(run.epochs)}


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "runs.sqlite3")


def only(store: Store) -> Run:
    [run] = store.runs()
    return run


def filled(store: Store, name: str = "one", epochs: int = 1) -> str:
    run = store.begin(name, {"seed": 1})
    for epoch in range(epochs):
        store.add(run, epoch, METRICS, MEASURES)
    return run


def broken(store: Store) -> list[str]:
    return sorted(it.name for it in store.path.parent.iterdir() if "broken" in it.name)


# ---------------------------------------------------------------------------------------------
# Stored values


def test_stored_run_is_read_back(store):
    before = time.time()
    run = store.begin("one", {"model": {"name": "m"}, "seed": 3})
    store.add(run, 0, METRICS, MEASURES)
    store.add(run, 1, {"loss": 0.25, "accuracy": 1.0}, {})
    assert only(store).state == RUNNING
    assert only(store).ended is None
    store.end(run, FINISHED)
    kept = only(Store(str(store.path)))
    assert (kept.id, kept.name, kept.state, kept.epochs) == (run, "one", FINISHED, 2)
    assert before <= kept.began <= kept.ended <= time.time()
    assert kept.about == {"model": {"name": "m"}, "seed": 3}
    assert kept.metrics == {"loss": {0: 0.5, 1: 0.25}, "accuracy": {0: 0.75, 1: 1.0}}
    assert kept.measures == {("dense_1", "mean"): {0: 0.25}, ("conv", "mean"): {0: -1.0}}
    # Layers keep the order of the model instead of the alphabet.
    assert [*kept.metrics, *kept.measures] == [*METRICS, *MEASURES]
    assert [it.name for it in store.path.parent.iterdir()] == ["runs.sqlite3"]


def test_latest_run_is_first(store, monkeypatch):
    for name, now in (("b", 2.0), ("c", 3.0), ("a", 1.0)):
        monkeypatch.setattr(module.time, "time", lambda now=now: now)
        store.begin(name, {})
    assert [it.name for it in store.runs()] == ["c", "b", "a"]


def test_nonfinite_and_exact_numbers_are_read_back(store):
    run = store.begin("one", {"limit": math.inf})
    numbers = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "third": 1 / 3, "e": 5e-324}
    store.add(run, 0, numbers, {("layer", name): it for name, it in numbers.items()})
    kept = only(store)
    for name, value in numbers.items():
        for got in (kept.metrics[name][0], kept.measures["layer", name][0]):
            assert got == value or (math.isnan(got) and math.isnan(value))
    assert kept.about == {"limit": math.inf}


def test_numpy_numbers_and_non_json_settings_are_stored(store):
    run = store.begin("one", {"dtype": np.dtype("float32"), "path": Path("a")})
    store.add(run, np.int64(0).item(), {"loss": np.float32(0.5), "n": np.int64(2**60)}, {})
    assert only(store).metrics == {"loss": {0: 0.5}, "n": {0: float(2**60)}}
    assert only(store).about == {"dtype": "float32", "path": "a"}


def test_epoch_written_again_is_replaced(store):
    run = filled(store)
    store.add(run, 0, {"other": 1.0}, {})
    assert only(store).metrics == {"other": {0: 1.0}}
    assert only(store).measures == {}


def test_measures_alone_count_as_epochs(store):
    run = store.begin("one", {})
    store.add(run, 0, {}, MEASURES)
    assert only(store).epochs == 1


def test_any_name_is_stored(store):
    name = "\"'; drop table runs; -- <b>\n漢字 😀 \x00"
    run = store.begin(name, {name: name})
    store.add(run, 0, {name: 1.0}, {(name, "/"): 2.0})
    kept = only(store)
    assert (kept.name, kept.about, kept.metrics) == (name, {name: name}, {name: {0: 1.0}})
    assert kept.measures == {(name, "/"): {0: 2.0}}


def test_removed_run_leaves_nothing(store):
    gone, stays = filled(store), filled(store)
    store.remove(gone)
    assert only(store).id == stays
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("select distinct run from epochs").fetchall() == [(stays,)]


def test_reading_missing_file_creates_none(store):
    assert store.runs() == []
    assert [*store.path.parent.iterdir()] == []
    store.path.touch()
    assert store.runs() == []
    assert store.path.stat().st_size == 0


@pytest.mark.parametrize(
    "name", ["with spaces", "Übungen für Anfänger", "a?b#c%20d&mode=ro", "漢字/in/folders"]
)
def test_unusual_paths_work(tmp_path, name, monkeypatch):
    store = Store(tmp_path / name / "läufe 1.sqlite3")
    filled(store)
    assert only(store).epochs == 1
    assert [it.name for it in (tmp_path / name).iterdir()] == ["läufe 1.sqlite3"]
    monkeypatch.chdir(tmp_path / name)
    assert only(Store("läufe 1.sqlite3")).epochs == 1


# ---------------------------------------------------------------------------------------------
# Several processes


@posix
def test_twenty_killed_processes_leave_only_whole_epochs(store, writers):
    writers.start(20, epochs=1_000_000)
    writers.wait_for_the_first_epoch()
    chance = random.Random(7)
    for process in chance.sample(writers.processes, 20):
        time.sleep(chance.uniform(0.0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.wait()
    runs = {run.id: run for run in store.runs()}
    assert len(runs) == 20
    for output in writers.outputs:
        run, kept = reported(output)
        # A process may have been killed after storing an epoch and before reporting it.
        assert runs[run].epochs - kept in (0, 1)
        assert (runs[run].state, runs[run].ended) == (INTERRUPTED, None)
        check_whole(runs[run])
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    filled(store, "after")
    assert len(store.runs()) == 21
    assert broken(store) == []


def test_eight_processes_write_while_another_reads(store, writers):
    writers.start(8, epochs=30)
    while any(process.poll() is None for process in writers.processes):
        for run in store.runs():
            check_whole(run)  # readers see a whole epoch or none
        time.sleep(0.05)
    assert [process.returncode for process in writers.processes] == [0] * 8
    runs = store.runs()
    assert sorted(run.name for run in runs) == [f"run {number}" for number in range(8)]
    assert {(run.epochs, run.state) for run in runs} == {(30, FINISHED)}
    assert {run.id for run in runs} == {reported(output)[0] for output in writers.outputs}


def test_restarted_process_reads_earlier_runs(store, writers):
    writers.start(1, epochs=2)
    assert writers.processes[0].wait() == 0
    run = only(store)
    assert (run.name, run.epochs, run.state) == ("run 0", 2, FINISHED)
    check_whole(run)


def rewritten(store: Store, **columns) -> None:
    with sqlite3.connect(store.path) as connection:
        for name, value in columns.items():
            connection.execute(f"update runs set {name} = ?", (value,))


@posix
def test_reused_process_id_is_not_the_dead_process(store):
    filled(store)
    assert only(store).state == RUNNING
    rewritten(store, process=f"{os.getpid()}-1")
    told = bool(module._start(os.getpid()))  # by Linux
    assert only(store).state == (INTERRUPTED if told else RUNNING)
    rewritten(store, process=f"{os.getpid()}-")
    assert only(store).state == RUNNING


@posix
def test_zombie_process_counts_as_dead(store):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    filled(store)
    rewritten(store, process=module._process(process.pid))
    assert only(store).state == RUNNING
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    if sys.platform == "linux":
        assert only(store).state == INTERRUPTED
    process.communicate()
    assert only(store).state == INTERRUPTED


def test_silent_run_on_another_machine_counts_as_dead(store):
    filled(store)
    rewritten(store, machine="another", process="1-1")
    assert only(store).state == RUNNING
    rewritten(store, written=time.time() - module._SILENT - 1)
    assert only(store).state == INTERRUPTED


# ---------------------------------------------------------------------------------------------
# Failures


def test_locked_file_is_awaited_and_then_raises_error(store, monkeypatch):
    run = filled(store)
    monkeypatch.setattr(module, "_PATIENCE", 0.2)
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("begin immediate")
    begin = time.monotonic()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        store.add(run, 1, METRICS, MEASURES)
    assert 0.1 < time.monotonic() - begin < 3
    assert only(store).epochs == 1  # reading works meanwhile
    other.execute("rollback")
    other.close()
    store.add(run, 1, METRICS, MEASURES)
    assert only(store).metrics["loss"] == {0: 0.5, 1: 0.5}
    assert broken(store) == []


def damaged_wholly(path: Path) -> None:
    path.write_bytes(random.Random(3).randbytes(50_000))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])


def short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:30])


def text(path: Path) -> None:
    path.write_text("This is a letter, and a long one at that.\n" * 100)


def other_schema(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("create table runs (id, name, other)")
        connection.execute("insert into runs values (1, 2, 3)")
    connection.close()


def other_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("pragma user_version = 99")
    connection.close()


damages = pytest.mark.parametrize(
    "damage", [damaged_wholly, cut, short, text, other_schema, other_version]
)


@damages
def test_writing_sets_damaged_file_aside(store, damage):
    filled(store, epochs=5)
    damage(store.path)
    content = store.path.read_bytes()
    new = filled(Store(store.path), "new")
    assert only(store).id == new
    assert broken(store) == ["runs.sqlite3.broken-1"]
    aside = store.path.with_name("runs.sqlite3.broken-1")
    assert aside.read_bytes() == content
    damage(store.path)
    filled(Store(store.path), "newer")
    assert only(store).name == "newer"
    assert broken(store) == ["runs.sqlite3.broken-1", "runs.sqlite3.broken-2"]
    assert aside.read_bytes() == content


@damages
def test_reading_leaves_damaged_file_in_place(store, damage):
    filled(store, epochs=5)
    damage(store.path)
    content = store.path.read_bytes()
    with pytest.raises(sqlite3.DatabaseError):
        store.runs()
    assert store.path.read_bytes() == content
    assert broken(store) == []


@damages
def test_run_continues_after_file_damage(store, damage):
    run = filled(store, epochs=5)
    damage(store.path)
    store.add(run, 5, METRICS, MEASURES)
    store.end(run, FINISHED)
    kept = only(store)
    assert (kept.id, kept.name, kept.state, kept.about) == (run, "one", FINISHED, {"seed": 1})
    assert kept.metrics["loss"] == {5: 0.5}


def test_run_continues_after_file_deletion(store):
    run = filled(store)
    store.path.unlink()
    store.add(run, 1, METRICS, MEASURES)
    assert only(store).metrics["loss"] == {1: 0.5}


def test_file_set_aside_by_another_kernel_is_left_alone(store, monkeypatch):
    filled(store)
    damaged_wholly(store.path)
    tried = store._try_to_write

    def slow(deed):
        monkeypatch.setattr(store, "_try_to_write", tried)
        filled(Store(store.path), "quick")  # meanwhile
        raise _not_a_database()

    monkeypatch.setattr(store, "_try_to_write", slow)
    filled(store, "slow")
    assert sorted(it.name for it in store.runs()) == ["quick", "slow"]
    assert broken(store) == ["runs.sqlite3.broken-1"]


def _not_a_database() -> sqlite3.DatabaseError:
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"no database" * 200)
        file.flush()
        connection = sqlite3.connect(file.name)
        with pytest.raises(sqlite3.DatabaseError) as raised:
            connection.execute("select 1 from sqlite_master")
        connection.close()
    return raised.value


def test_journal_follows_damaged_file(store):
    filled(store)
    damaged_wholly(store.path)
    journal = store.path.with_name("runs.sqlite3-journal")
    journal.write_bytes(b"what was under way")
    filled(Store(store.path), "new")
    assert only(store).name == "new"
    assert not journal.exists()


def test_invalid_content_raises_database_error(store):
    filled(store)
    for wrong in ("{", "[1]", "null"):
        with sqlite3.connect(store.path) as connection:
            connection.execute("update epochs set metrics = ?", (wrong,))
        with pytest.raises(sqlite3.DatabaseError):
            store.runs()


def test_full_disk_raises_error_and_loses_only_unwritten_epoch(store, monkeypatch):
    run = filled(store, epochs=3)
    pages = store.path.stat().st_size // 4096
    connect = sqlite3.connect

    def small(*args, **named):
        connection = connect(*args, **named)
        connection.execute(f"pragma max_page_count = {pages}")
        return connection

    monkeypatch.setattr(module.sqlite3, "connect", small)
    many = {(f"layer_{number}", "mean"): 0.5 for number in range(2000)}
    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.add(run, 3, METRICS, many)
    monkeypatch.undo()
    assert only(store).epochs == 3
    store.add(run, 3, METRICS, many)
    assert only(store).epochs == 4
    assert broken(store) == []


def test_write_error_is_raised_and_sets_nothing_aside(store, monkeypatch):
    run = filled(store)

    class Failing(sqlite3.Connection):
        def execute(self, statement, *args):
            if statement.startswith("update"):  # after the epoch was written
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(statement, *args)

    connect = sqlite3.connect
    monkeypatch.setattr(
        module.sqlite3,
        "connect",
        lambda *args, **named: connect(*args, factory=Failing, **named),
    )
    with pytest.raises(sqlite3.OperationalError, match="disk I/O"):
        store.add(run, 1, METRICS, MEASURES)
    monkeypatch.undo()
    assert only(store).epochs == 1
    assert broken(store) == []


@pytest.fixture
def another_user():
    """Run the rest of a test as a user without write permission everywhere."""
    is_superuser = os.geteuid() == 0
    if is_superuser:
        os.seteuid(65534)
    yield
    if is_superuser:
        os.seteuid(0)


@pytest.fixture
def read_only():
    """Return a read-only folder that contains runs."""
    folder = Path(tempfile.mkdtemp())
    filled(Store(folder / "runs.sqlite3"), epochs=2)
    (folder / "runs.sqlite3").chmod(0o444)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@posix
def test_read_only_folder_is_readable_and_writing_raises_error(read_only, another_user):
    store = Store(read_only / "runs.sqlite3")
    assert only(store).epochs == 2
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.begin("new", {})
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        Store(read_only / "other.sqlite3").begin("new", {})
    with pytest.raises(PermissionError):
        Store(read_only / "folder" / "runs.sqlite3").begin("new", {})
    assert only(store).epochs == 2
    assert [it.name for it in read_only.iterdir()] == ["runs.sqlite3"]


def test_file_in_place_of_folder_raises_os_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        Store(tmp_path / "file" / "runs.sqlite3").begin("one", {})


def test_ten_thousand_epochs_are_stored(store):
    metrics = {f"metric_{number}": number / 7 for number in range(10)}
    measures = {(f"layer_{number // 5}", f"m_{number % 5}"): number / 7 for number in range(50)}
    run = store.begin("long", {})
    store.add_all(run, dict.fromkeys(range(9_999), (metrics, measures)))
    store.add(run, 9_999, metrics, measures)
    kept = only(store)
    assert kept.epochs == 10_000
    assert {name: it[9_999] for name, it in kept.metrics.items()} == metrics
    assert {key: it[9_999] for key, it in kept.measures.items()} == measures


# ---------------------------------------------------------------------------------------------
# Default path and differing settings


def test_default_path_follows_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("KFUNC_LAB_RUNS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    path = default_path()
    assert (path.parent.name, path.name) == ("kfunc_lab", "runs.sqlite3")
    if sys.platform == "linux":
        assert path == tmp_path / "kfunc_lab" / "runs.sqlite3"
    monkeypatch.setenv("KFUNC_LAB_RUNS", str(tmp_path / "other.db"))
    assert default_path() == tmp_path / "other.db"
    monkeypatch.setenv("KFUNC_LAB_RUNS", "~/mine.db")
    assert default_path() == Path.home() / "mine.db"
    for empty in ("", "  "):
        monkeypatch.setenv("KFUNC_LAB_RUNS", empty)
        assert default_path() is None
    assert [*tmp_path.iterdir()] == []


def test_store_imports_no_slow_modules():
    code = (
        "import sys, kfunc_lab.training.runs.store; "
        "print({'keras', 'numpy', 'tensorflow', 'platformdirs'} & {*sys.modules})"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout == "set()\n"


def about(**settings) -> Run:
    return Run("1", "one", 0.0, None, FINISHED, settings)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ([], []),
        ([{"seed": 1}], []),
        ([{"seed": 1}, {"seed": 1}], []),
        ([{"seed": 1}, {"seed": 2}, {"seed": 1}], ["seed"]),
        ([{"seed": 1}, {}], ["seed"]),
        ([{"seed": None}, {}], ["seed"]),
        ([{"a": {"b": {"c": 1}, "d": 2}}, {"a": {"b": {"c": 2}, "d": 2}}], ["a.b.c"]),
        ([{"a": {"b": 1}}, {"a": 1}], ["a.b", "a"]),
        ([{"a": math.nan}, {"a": math.nan}], []),
        ([{"a": [{"x": 1, "y": 2}]}, {"a": [{"y": 2, "x": 1}]}], []),
        ([{"a": 1}, {"a": 1.0}], ["a"]),
        ([{"a": True}, {"a": 1}], ["a"]),
    ],
)
def test_differing_settings_are_listed(settings, names):
    assert names_that_differ(about(**it) for it in settings) == names


def test_differing_settings_use_full_names():
    run = about(optimizer={"class": "Adam", "rate": {"first": 0.1}}, seed=None)
    assert settings_of(run) == {
        "optimizer.class": "Adam",
        "optimizer.rate.first": 0.1,
        "seed": None,
    }
