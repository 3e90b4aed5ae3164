"""Writes the current run to the store, and buffers epochs that cannot be written yet."""

import time
from collections.abc import Mapping
from typing import Any

from kfunc_lab.training.runs.store import Measures, Metrics, Store

# The shares of the time that writing may take: it waits for the disk, and a failed attempt waits
# longer for a file that another program has locked.
_SHARE, _FAILURE_SHARE = 0.005, 0.01


class RunWriter:
    """Writes the epochs of one run when they end.

    Epochs in quick succession are written together. If the file cannot be written because another
    program has locked it or the disk is full, they wait in memory until another attempt takes a
    small enough share of the time, or until the run ends.

    Args:
        store: The store of the run.
        name: The name of the run.
        about: The description of the run.

    Attributes:
        run: The run's id.
        is_written: Whether all epochs are in the file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = Store(f"{folder}/runs.sqlite3")
        ...     writer = RunWriter(store, "baseline", {"seed": 1})
        ...     writer.add(0, {"loss": 0.5}, {})
        ...     writer.end("finished")
        ...     [run] = store.runs()
        >>> run.state, run.metrics
        ('finished', {'loss': {0: 0.5}})
    """

    def __init__(self, store: Store, name: str, about: Mapping[str, Any]) -> None:
        self._store = store
        self._waiting: dict[int, tuple[Metrics, Measures]] = {}
        self._due = 0.0
        self.run = store.prepare(name, about)

    @property
    def is_written(self) -> bool:
        """Whether all epochs are in the file."""
        return not self._waiting

    def begin(self) -> None:
        """Writes that the run has begun.

        Raises:
            sqlite3.Error: If it cannot be written yet.
            OSError: If it cannot be written yet.
        """
        self._write()

    def note(self, epoch: int, metrics: Metrics) -> None:
        """Buffers an epoch, which is written by `add` with its measures, or by `end`.

        Args:
            epoch: Its number.
            metrics: Its metrics.
        """
        self._waiting[epoch] = metrics, {}

    def add(self, epoch: int, metrics: Metrics, measures: Measures) -> None:
        """Adds an epoch, and writes it if writing is due.

        Args:
            epoch: Its number.
            metrics: Its metrics.
            measures: The measures of its layers.

        Raises:
            sqlite3.Error: If it cannot be written yet.
            OSError: If it cannot be written yet.
        """
        self._waiting[epoch] = metrics, measures
        if time.perf_counter() >= self._due:
            self._write()

    def end(self, state: str) -> None:
        """Writes the final state of the run, and all epochs in the buffer.

        Args:
            state: A state from `states`, such as `"finished"`.

        Raises:
            sqlite3.Error: If it cannot be written.
            OSError: If it cannot be written.
        """
        self._store.end(self.run, state, self._waiting)
        self._waiting = {}

    def _write(self) -> None:
        begin, share = time.perf_counter(), _FAILURE_SHARE
        try:
            self._store.add_all(self.run, self._waiting)
            self._waiting, share = {}, _SHARE
        finally:
            now = time.perf_counter()
            self._due = now + (now - begin) / share
