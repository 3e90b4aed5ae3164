"""Keeps training runs in one SQLite file, which several kernels may write at once."""

import contextlib
import json
import os
import socket
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.training.states import INTERRUPTED, RUNNING

_PATIENCE = 5.0  # seconds to wait for another kernel that writes
# A run that has written nothing for so long, on another machine, is taken for interrupted.
_SILENT = 600.0

# What a file of runs says of itself: that it is one, and how its tables are made.
_SIGNATURE = (0x6B66756E, 1)
# An epoch is one row, so that none is ever torn, and names keep the order in which they came.
_TABLES = (
    """create table runs (
      id text primary key, name text not null, began real not null, written real not null,
      ended real, state text not null, process text not null, machine text not null,
      about text not null
    ) without rowid""",
    """create table epochs (
      run text not null, epoch integer not null, metrics text not null, measures text not null,
      primary key (run, epoch)
    )""",
)
_INSERT = "insert or replace into epochs values (?, ?, ?, ?)"
_DAMAGES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# What SQLite lays beside a file; it belongs to that file alone.
_COMPANIONS = ("-journal", "-wal", "-shm")

# For each name a number an epoch; for each layer and name likewise.
Metrics = Mapping[str, float]
Measures = Mapping[tuple[str, str], float]
Epochs = Mapping[int, tuple[Metrics, Measures]]


def default_path() -> Path | None:
    """Returns the file in which runs are kept unless another is named.

    The environment variable `KFUNC_LAB_RUNS` names it; by default it lies in the user's data
    folder.

    Returns:
        The file, whether it exists or not; `None` where the variable is set and empty, so that
        nothing is kept.
    """
    wanted = os.environ.get("KFUNC_LAB_RUNS")
    if wanted is not None:
        return Path(wanted).expanduser() if wanted.strip() else None
    import platformdirs

    return platformdirs.user_data_path("kfunc_lab") / "runs.sqlite3"


@dataclass(frozen=True)
class Run:
    """A training run as it was kept.

    Attributes:
        id: Its id.
        name: What it is called.
        began: When it began, in seconds since 1970.
        ended: When it ended; `None` if it did not, or was interrupted.
        state: `"running"`, `"finished"`, `"stopped"`, `"interrupted"` or `"failed"`.
        about: What is known of it: the model, its settings, the seed, versions.
        metrics: For each name the value of each epoch.
        measures: For each layer and name the value of each epoch.
    """

    id: str
    name: str
    began: float
    ended: float | None
    state: str
    about: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    measures: Mapping[tuple[str, str], Mapping[int, float]] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """How many epochs are kept."""
        kept = (*self.metrics.values(), *self.measures.values())
        return len({epoch for series in kept for epoch in series})


class Store:
    """The runs that were kept in a file.

    Attributes:
        path: The file. It is made when the first run is kept.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = Store(Path(folder, "runs.sqlite3"))
        ...     run = store.begin("baseline", {"seed": 1})
        ...     store.add(run, 0, {"loss": 0.5}, {("dense", "mean"): 0.25})
        ...     store.end(run, "finished")
        ...     [kept] = store.runs()
        >>> kept.name, kept.state, kept.metrics, kept.measures
        ('baseline', 'finished', {'loss': {0: 0.5}}, {('dense', 'mean'): {0: 0.25}})
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        # The runs that are written from here: each stays known though its file is taken away.
        self._begun: dict[str, tuple[Any, ...]] = {}

    def begin(self, name: str, about: Mapping[str, Any]) -> str:
        """Begins a run.

        Args:
            name: What it is called.
            about: What is known of it; what JSON cannot hold becomes text.

        Returns:
            Its id.

        Raises:
            sqlite3.Error: If it cannot be written.
            OSError: Likewise.
        """
        run = self.prepare(name, about)
        self.add_all(run, {})
        return run

    def prepare(self, name: str, about: Mapping[str, Any]) -> str:
        """Gives a run its id, and writes nothing: it begins with what is written of it first.

        Args:
            name: What it is called.
            about: What is known of it; what JSON cannot hold becomes text.

        Returns:
            Its id.
        """
        run, now = uuid.uuid4().hex[:12], time.time()
        process, known = _process(os.getpid()), json.dumps(about, default=str)
        self._begun[run] = (run, name, now, now, None, RUNNING, process, _machine(), known)
        return run

    def add(self, run: str, epoch: int, metrics: Metrics, measures: Measures) -> None:
        """Keeps an epoch of a run: all of it, or nothing.

        Args:
            run: The run's id.
            epoch: The number of the epoch, from 0.
            metrics: Its metrics.
            measures: What was measured of each layer.

        Raises:
            sqlite3.Error: If it cannot be written.
            OSError: Likewise.
        """
        self.add_all(run, {epoch: (metrics, measures)})

    def add_all(self, run: str, epochs: Epochs) -> None:
        """Keeps epochs of a run: all of them, or nothing.

        Args:
            run: The run's id.
            epochs: For each number of an epoch its metrics, and what was measured.

        Raises:
            sqlite3.Error: If they cannot be written.
            OSError: Likewise.
        """
        rows = _rows(run, epochs)

        def deed(connection: sqlite3.Connection) -> None:
            self._remember(connection, run)
            connection.executemany(_INSERT, rows)
            connection.execute("update runs set written = ? where id = ?", (time.time(), run))

        self._write(deed)

    def end(self, run: str, state: str, epochs: Epochs | None = None) -> None:
        """Notes how a run ended.

        Args:
            run: The run's id.
            state: A state of `states`, as `"finished"`.
            epochs: Epochs that are kept with it, as of `add_all`.

        Raises:
            sqlite3.Error: If it cannot be written.
            OSError: Likewise.
        """
        now = time.time()
        rows = _rows(run, epochs or {})

        def deed(connection: sqlite3.Connection) -> None:
            self._remember(connection, run)
            connection.executemany(_INSERT, rows)
            connection.execute(
                "update runs set ended = ?, written = ?, state = ? where id = ?",
                (now, now, state, run),
            )

        self._write(deed)

    def runs(self) -> list[Run]:
        """Returns all runs, the latest first; none if there is no such file.

        The file is only read: one that is damaged stays where it is.

        Raises:
            sqlite3.Error: If the file cannot be read, or holds no runs.
        """
        if not self.path.exists():
            return []
        with contextlib.closing(self._connected("rw")) as connection:
            connection.execute("begin")  # all is read as it stood at one moment
            if not self._is_made(connection):
                return []
            rows = connection.execute("select * from runs order by began desc, id").fetchall()
            kept = [_epochs_of(connection, row[0]) for row in rows]
        # Those that write wait no longer than for this.
        try:
            return [_read(row, epochs) for row, epochs in zip(rows, kept, strict=True)]
        except (ValueError, TypeError, AttributeError) as error:  # it is no JSON of ours
            raise sqlite3.DatabaseError(str(error)) from error

    def remove(self, run: str) -> None:
        """Removes a run.

        Raises:
            sqlite3.Error: If it cannot be written.
            OSError: Likewise.
        """

        def deed(connection: sqlite3.Connection) -> None:
            connection.execute("delete from runs where id = ?", (run,))
            connection.execute("delete from epochs where run = ?", (run,))

        self._begun.pop(run, None)
        self._write(deed)

    def _remember(self, connection: sqlite3.Connection, run: str) -> None:
        """Notes a run that was begun here, where the file does not know it (any more)."""
        if run in self._begun:
            row = self._begun[run]
            connection.execute(
                "insert or ignore into runs values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row
            )

    # -- the file

    def _write(self, deed: Callable[[sqlite3.Connection], None]) -> None:
        """Does a deed: all of it, or nothing. A file that is damaged is set aside before."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        found = _identity(self.path)
        try:
            self._try_to_write(deed)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):  # locked, or the disk is full
                raise
            # Another kernel may have set it aside meanwhile: then a good file stands there.
            if _identity(self.path) == found:
                self._set_aside()
            self._try_to_write(deed)

    def _try_to_write(self, deed: Callable[[sqlite3.Connection], None]) -> None:
        # A connection for each deed: none is open while a model trains, in whichever thread.
        with contextlib.closing(self._connected("rwc")) as connection, connection:
            connection.execute("begin immediate")
            if not self._is_made(connection):
                _make(connection)
            deed(connection)

    def _connected(self, mode: str) -> sqlite3.Connection:
        # The journal is SQLite's usual one, not its write-ahead log: that log is not safe where
        # kernels on several machines share a folder. It too keeps what a killed process wrote.
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)

    def _is_made(self, connection: sqlite3.Connection) -> bool:
        """Tells whether the tables are there; what holds other tables is no file of runs."""
        names = ("application_id", "user_version")
        signature = tuple(connection.execute(f"pragma {it}").fetchone()[0] for it in names)
        if signature == _SIGNATURE:
            return True
        if connection.execute("select 1 from sqlite_master").fetchone():
            raise _OtherFileError(_("{path} contains no training runs").format(path=self.path))
        return False

    def _set_aside(self) -> None:
        """Moves a file that is no database away, so that nothing in it is lost."""
        aside = _free_name(self.path)
        try:
            os.replace(self.path, aside)
        except FileNotFoundError:  # another kernel was first
            aside.unlink()
            return
        for ending in _COMPANIONS:
            companion = self.path.with_name(self.path.name + ending)
            with contextlib.suppress(FileNotFoundError):
                os.replace(companion, aside.with_name(aside.name + ending))


class _OtherFileError(sqlite3.DatabaseError):
    """A database that holds something else."""


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, _OtherFileError) or code in _DAMAGES


def _rows(run: str, epochs: Epochs) -> list[tuple[str, int, str, str]]:
    """Writes epochs as rows of the table."""
    rows = []
    for epoch, (metrics, measures) in epochs.items():
        numbers = json.dumps({name: float(value) for name, value in metrics.items()})
        measured = json.dumps([[*key, float(value)] for key, value in measures.items()])
        rows.append((run, epoch, numbers, measured))
    return rows


def _make(connection: sqlite3.Connection) -> None:
    for table in _TABLES:
        connection.execute(table)
    for name, value in zip(("application_id", "user_version"), _SIGNATURE, strict=True):
        connection.execute(f"pragma {name} = {value}")


def _identity(path: Path) -> tuple[int, int] | None:
    with contextlib.suppress(FileNotFoundError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None


def _free_name(path: Path) -> Path:
    """Returns a name beside a file that was free, and is taken now."""
    number = 1
    while True:
        aside = path.with_name(f"{path.name}.broken-{number}")
        with contextlib.suppress(FileExistsError):
            aside.touch(exist_ok=False)
            return aside
        number += 1


def _epochs_of(connection: sqlite3.Connection, run: str) -> list[Any]:
    return connection.execute(
        "select epoch, metrics, measures from epochs where run = ? order by epoch", (run,)
    ).fetchall()


def _read(row: Any, epochs: Iterable[Any]) -> Run:
    run, name, began, written, ended, state, process, machine, about = row
    metrics: dict[str, dict[int, float]] = {}
    measures: dict[tuple[str, str], dict[int, float]] = {}
    for epoch, numbers, measured in epochs:
        for key, value in json.loads(numbers).items():
            metrics.setdefault(key, {})[epoch] = value
        for layer, key, value in json.loads(measured):
            measures.setdefault((layer, key), {})[epoch] = value
    if state == RUNNING and not _is_alive(process, machine, written):
        state = INTERRUPTED
    return Run(run, name, began, ended, state, json.loads(about), metrics, measures)


# -- which process writes


def _machine() -> str:
    return socket.gethostname()


def _process(number: int) -> str:
    """Names a process by its number and, where the system tells, the moment it started.

    The number alone is given again: in a container that is started anew, nearly at once.
    """
    return f"{number}-{_start(number)}"


def _start(number: int) -> str:
    """Returns when a process started, in the system's ticks; empty where that is not told."""
    fields = _status(number)
    return fields[19] if len(fields) > 19 else ""


def _status(number: int) -> list[str]:
    """Returns what Linux tells of a process after its name, its state first."""
    try:
        text = Path(f"/proc/{number}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _is_alive(process: str, machine: str, written: float) -> bool:
    """Tells whether the process that writes a run is still there."""
    if machine != _machine() or os.name != "posix":
        return time.time() - written < _SILENT
    number, _sign, start = process.partition("-")
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is there, and another's
        pass
    if _status(int(number))[:1] == ["Z"]:  # it was killed, and nobody has asked yet
        return False
    now = _start(int(number))
    return not (start and now) or now == start


def names_that_differ(runs: Iterable[Run]) -> list[str]:
    """Returns the settings in which runs differ, as `"optimizer.learning_rate"`.

    Example:
        >>> names_that_differ(Run("", "", 0, None, "finished", {"seed": it}) for it in (1, 2))
        ['seed']
    """
    flat = [settings_of(run) for run in runs]
    names = dict.fromkeys(name for it in flat for name in it)
    return [name for name in names if len({_written(it, name) for it in flat}) > 1]


def settings_of(run: Run) -> dict[str, Any]:
    """Returns what is known of a run by full names, as `"optimizer.learning_rate"`.

    Example:
        >>> settings_of(Run("", "", 0, None, "finished", {"optimizer": {"learning_rate": 0.1}}))
        {'optimizer.learning_rate': 0.1}
    """
    return dict(_flat(run.about))


def _written(settings: Mapping[str, Any], name: str) -> str:
    # What is missing differs from what is None.
    return json.dumps(settings[name], sort_keys=True, default=str) if name in settings else ""


def _flat(about: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in about.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
