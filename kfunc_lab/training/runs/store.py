"""Stores training runs in an SQLite file, which several kernels may write at the same time."""

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

_PATIENCE = 5.0  # seconds to wait for another kernel that is writing
# A run on another machine counts as interrupted if it has written nothing for this long.
_SILENT = 600.0  # seconds

# The signature of a file of runs: its application id, and the version of its tables.
_SIGNATURE = (0x6B66756E, 1)
# An epoch is one row, so that it is always complete, and its names keep their order.
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
# The suffixes of the files that SQLite creates beside a database, and that belong to it.
_COMPANIONS = ("-journal", "-wal", "-shm")

# The numbers of one epoch: for each metric, and for each measure by layer and name.
Metrics = Mapping[str, float]
Measures = Mapping[tuple[str, str], float]
Epochs = Mapping[int, tuple[Metrics, Measures]]


def default_path() -> Path | None:
    """Returns the default file of runs.

    The environment variable `KFUNC_LAB_RUNS` names it; by default it is in the user's data folder.

    Returns:
        The path, whether the file exists or not; `None` if the variable is set but empty, so that
        no runs are stored.
    """
    variable = os.environ.get("KFUNC_LAB_RUNS")
    if variable is not None:
        return Path(variable).expanduser() if variable.strip() else None
    import platformdirs

    return platformdirs.user_data_path("kfunc_lab") / "runs.sqlite3"


@dataclass(frozen=True)
class Run:
    """A stored training run.

    Attributes:
        id: Its id.
        name: Its name.
        began: The time of its start, in seconds since 1970.
        ended: The time of its end; `None` if it is running or was interrupted.
        state: `"running"`, `"finished"`, `"stopped"`, `"interrupted"` or `"failed"`.
        about: Its description: the model, its settings, the seed, and versions.
        metrics: For each metric the value of each epoch.
        measures: For each layer and measure the value of each epoch.
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
        """The number of stored epochs."""
        lines = (*self.metrics.values(), *self.measures.values())
        return len({epoch for line in lines for epoch in line})


class Store:
    """The runs in a file.

    Attributes:
        path: The file. It is created when the first run is stored.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = Store(Path(folder, "runs.sqlite3"))
        ...     run = store.begin("baseline", {"seed": 1})
        ...     store.add(run, 0, {"loss": 0.5}, {("dense", "mean"): 0.25})
        ...     store.end(run, "finished")
        ...     [run] = store.runs()
        >>> run.name, run.state, run.metrics, run.measures
        ('baseline', 'finished', {'loss': {0: 0.5}}, {('dense', 'mean'): {0: 0.25}})
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        # The runs of this process, which can be written again if the file is removed.
        self._begun: dict[str, tuple[Any, ...]] = {}

    def begin(self, name: str, about: Mapping[str, Any]) -> str:
        """Writes a new run.

        Args:
            name: Its name.
            about: Its description; objects that JSON cannot hold become text.

        Returns:
            Its id.

        Raises:
            sqlite3.Error: If it cannot be written.
            OSError: If it cannot be written.
        """
        run = self.prepare(name, about)
        self.add_all(run, {})
        return run

    def prepare(self, name: str, about: Mapping[str, Any]) -> str:
        """Gives a new run its id without writing it; the first epochs are written together with it.

        Args:
            name: Its name.
            about: Its description; objects that JSON cannot hold become text.

        Returns:
            Its id.
        """
        run, now = uuid.uuid4().hex[:12], time.time()
        process, description = _process(os.getpid()), json.dumps(about, default=str)
        row = (run, name, now, now, None, RUNNING, process, _machine(), description)
        self._begun[run] = row
        return run

    def add(self, run: str, epoch: int, metrics: Metrics, measures: Measures) -> None:
        """Writes an epoch of a run, completely or not at all.

        Args:
            run: The run's id.
            epoch: The number of the epoch, from 0.
            metrics: Its metrics.
            measures: The measures of its layers.

        Raises:
            sqlite3.Error: If it cannot be written.
            OSError: If it cannot be written.
        """
        self.add_all(run, {epoch: (metrics, measures)})

    def add_all(self, run: str, epochs: Epochs) -> None:
        """Writes epochs of a run, all of them or none.

        Args:
            run: The run's id.
            epochs: For the number of each epoch its metrics and its measures.

        Raises:
            sqlite3.Error: If they cannot be written.
            OSError: If they cannot be written.
        """
        rows = _rows(run, epochs)

        def write(connection: sqlite3.Connection) -> None:
            self._insert_run(connection, run)
            connection.executemany(_INSERT, rows)
            connection.execute("update runs set written = ? where id = ?", (time.time(), run))

        self._write(write)

    def end(self, run: str, state: str, epochs: Epochs | None = None) -> None:
        """Writes the final state of a run.

        Args:
            run: The run's id.
            state: A state from `states`, such as `"finished"`.
            epochs: Epochs to write with it, as in `add_all`.

        Raises:
            sqlite3.Error: If it cannot be written.
            OSError: If it cannot be written.
        """
        now = time.time()
        rows = _rows(run, epochs or {})

        def write(connection: sqlite3.Connection) -> None:
            self._insert_run(connection, run)
            connection.executemany(_INSERT, rows)
            connection.execute(
                "update runs set ended = ?, written = ?, state = ? where id = ?",
                (now, now, state, run),
            )

        self._write(write)

    def runs(self) -> list[Run]:
        """Returns all runs with the latest first; an empty list if there is no such file.

        The file is only read, so a damaged file stays in place.

        Raises:
            sqlite3.Error: If the file cannot be read, or is not a file of runs.
        """
        if not self.path.exists():
            return []
        with contextlib.closing(self._connect("rw")) as connection:
            connection.execute("begin")  # reads everything from one snapshot
            if not self._has_tables(connection):
                return []
            rows = connection.execute("select * from runs order by began desc, id").fetchall()
            epochs = [_epochs_of(connection, row[0]) for row in rows]
        # The connection is closed before parsing, so that writers do not wait for it.
        try:
            return [_parse_run(row, of_run) for row, of_run in zip(rows, epochs, strict=True)]
        except (ValueError, TypeError, AttributeError) as error:  # the JSON is not ours
            raise sqlite3.DatabaseError(str(error)) from error

    def remove(self, run: str) -> None:
        """Removes a run.

        Raises:
            sqlite3.Error: If the file cannot be written.
            OSError: If the file cannot be written.
        """

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("delete from runs where id = ?", (run,))
            connection.execute("delete from epochs where run = ?", (run,))

        self._begun.pop(run, None)
        self._write(delete)

    def _insert_run(self, connection: sqlite3.Connection, run: str) -> None:
        """Inserts a run of this process that is not in the file, or no longer is."""
        if run in self._begun:
            row = self._begun[run]
            connection.execute(
                "insert or ignore into runs values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row
            )

    # -- the file

    def _write(self, transaction: Callable[[sqlite3.Connection], None]) -> None:
        """Runs a transaction, after moving a damaged file out of the way."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        identity = _identity(self.path)
        try:
            self._try_to_write(transaction)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):  # the file is locked, or the disk is full
                raise
            # Another kernel may have replaced it by a good file in the meantime.
            if _identity(self.path) == identity:
                self._set_aside()
            self._try_to_write(transaction)

    def _try_to_write(self, transaction: Callable[[sqlite3.Connection], None]) -> None:
        # Each transaction has its own connection, so that none is open while a model trains.
        with contextlib.closing(self._connect("rwc")) as connection, connection:
            connection.execute("begin immediate")
            if not self._has_tables(connection):
                _create_tables(connection)
            transaction(connection)

    def _connect(self, mode: str) -> sqlite3.Connection:
        # The journal is SQLite's default one, not its write-ahead log, which is not safe if
        # kernels on several machines share a folder. Both survive a killed process.
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)

    def _has_tables(self, connection: sqlite3.Connection) -> bool:
        """Tells whether the file has our tables, and raises an error if it has other tables."""
        pragmas = ("application_id", "user_version")
        signature = [connection.execute(f"pragma {name}").fetchone()[0] for name in pragmas]
        if tuple(signature) == _SIGNATURE:
            return True
        if connection.execute("select 1 from sqlite_master").fetchone():
            raise _OtherFileError(_("{path} contains no training runs").format(path=self.path))
        return False

    def _set_aside(self) -> None:
        """Renames a file that is not our database, so that nothing in it is lost."""
        aside = _free_name(self.path)
        try:
            os.replace(self.path, aside)
        except FileNotFoundError:  # another kernel was faster
            aside.unlink()
            return
        for suffix in _COMPANIONS:
            companion = self.path.with_name(self.path.name + suffix)
            with contextlib.suppress(FileNotFoundError):
                os.replace(companion, aside.with_name(aside.name + suffix))


class _OtherFileError(sqlite3.DatabaseError):
    """A database with other tables."""


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, _OtherFileError) or code in _DAMAGES


def _rows(run: str, epochs: Epochs) -> list[tuple[str, int, str, str]]:
    """Converts epochs to rows of the table."""
    rows = []
    for epoch, (metrics, measures) in epochs.items():
        numbers = json.dumps({name: float(value) for name, value in metrics.items()})
        measured = json.dumps([[*key, float(value)] for key, value in measures.items()])
        rows.append((run, epoch, numbers, measured))
    return rows


def _create_tables(connection: sqlite3.Connection) -> None:
    for table in _TABLES:
        connection.execute(table)
    for name, value in zip(("application_id", "user_version"), _SIGNATURE, strict=True):
        connection.execute(f"pragma {name} = {value}")


def _identity(path: Path) -> tuple[int, int] | None:
    with contextlib.suppress(FileNotFoundError):
        status = path.stat()
        return status.st_dev, status.st_ino
    return None


def _free_name(path: Path) -> Path:
    """Reserves an unused name beside a file, and returns it."""
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


def _parse_run(row: Any, epochs: Iterable[Any]) -> Run:
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


# -- the process that writes a run


def _machine() -> str:
    return socket.gethostname()


def _process(number: int) -> str:
    """Returns an identifier of a process: its number and, if the system reports it, its start time.

    The number alone is reused: in a container that restarts, almost immediately.
    """
    return f"{number}-{_start(number)}"


def _start(number: int) -> str:
    """Returns the start time of a process in system ticks; empty if it is not available."""
    fields = _status(number)
    return fields[19] if len(fields) > 19 else ""


def _status(number: int) -> list[str]:
    """Returns the status fields of a process on Linux, starting with its state."""
    try:
        text = Path(f"/proc/{number}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _is_alive(process: str, machine: str, written: float) -> bool:
    """Tells whether the process that writes a run is still running."""
    if machine != _machine() or os.name != "posix":
        return time.time() - written < _SILENT
    number, _sign, start = process.partition("-")
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs, but belongs to another user
        pass
    if _status(int(number))[:1] == ["Z"]:  # it was killed, but not reaped by its parent yet
        return False
    now = _start(int(number))
    return not (start and now) or now == start


def names_that_differ(runs: Iterable[Run]) -> list[str]:
    """Returns the settings in which runs differ, such as `"optimizer.learning_rate"`.

    Example:
        >>> names_that_differ(Run("", "", 0, None, "finished", {"seed": n}) for n in (1, 2))
        ['seed']
    """
    settings = [settings_of(run) for run in runs]
    names = dict.fromkeys(name for of_run in settings for name in of_run)
    return [name for name in names if len({_as_json(of_run, name) for of_run in settings}) > 1]


def settings_of(run: Run) -> dict[str, Any]:
    """Returns the description of a run by full names, such as `"optimizer.learning_rate"`.

    Example:
        >>> settings_of(Run("", "", 0, None, "finished", {"optimizer": {"learning_rate": 0.1}}))
        {'optimizer.learning_rate': 0.1}
    """
    return dict(_flatten(run.about))


def _as_json(settings: Mapping[str, Any], name: str) -> str:
    # A missing setting differs from one that is None.
    return json.dumps(settings[name], sort_keys=True, default=str) if name in settings else ""


def _flatten(about: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in about.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
