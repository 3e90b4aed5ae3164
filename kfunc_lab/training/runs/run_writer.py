"""Keeps the run that goes on in a file: what cannot be written waits in memory until it can."""

import time
from collections.abc import Mapping
from typing import Any

from kfunc_lab.training.runs.store import Measures, Metrics, Store

# Of the time, what writing may take: it waits for the disk. Where it fails more, as a file that
# another program holds is waited for.
_SHARE, _SHARE_OF_FAILURES = 0.005, 0.01


class RunWriter:
    """Writes the epochs of one run as they end.

    Epochs that follow one another fast are written together. Where the file cannot be written,
    because another program holds it or the disk is full, they wait: for a moment when trying
    costs a small share of the time, and for the end.

    Args:
        store: Where the run is kept.
        name: What it is called.
        about: What is known of it.

    Attributes:
        run: The run's id.
        is_written: Whether all that was kept is in the file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = Store(f"{folder}/runs.sqlite3")
        ...     keeper = RunWriter(store, "baseline", {"seed": 1})
        ...     keeper.add(0, {"loss": 0.5}, {})
        ...     keeper.end("finished")
        ...     [kept] = store.runs()
        >>> kept.state, kept.metrics
        ('finished', {'loss': {0: 0.5}})
    """

    def __init__(self, store: Store, name: str, about: Mapping[str, Any]) -> None:
        self._store = store
        self._waiting: dict[int, tuple[Metrics, Measures]] = {}
        self._due = 0.0
        self.run = store.prepare(name, about)

    @property
    def is_written(self) -> bool:
        """Whether all that was kept is in the file."""
        return not self._waiting

    def begin(self) -> None:
        """Writes that the run has begun.

        Raises:
            sqlite3.Error: If it cannot be written; it will be with what comes.
            OSError: Likewise.
        """
        self._write()

    def note(self, epoch: int, metrics: Metrics) -> None:
        """Notes an epoch that is written with what is measured after it, or at the end.

        Args:
            epoch: Its number.
            metrics: Its metrics.
        """
        self._waiting[epoch] = metrics, {}

    def add(self, epoch: int, metrics: Metrics, measures: Measures) -> None:
        """Keeps an epoch.

        Args:
            epoch: Its number.
            metrics: Its metrics.
            measures: What was measured of each layer.

        Raises:
            sqlite3.Error: If it cannot be written yet.
            OSError: Likewise.
        """
        self._waiting[epoch] = metrics, measures
        if time.perf_counter() >= self._due:
            self._write()

    def end(self, state: str) -> None:
        """Notes how the run ended, and writes whatever waits.

        Args:
            state: A state of `states`, as `"finished"`.

        Raises:
            sqlite3.Error: If it cannot be written.
            OSError: Likewise.
        """
        self._store.end(self.run, state, self._waiting)
        self._waiting = {}

    def _write(self) -> None:
        begin, share = time.perf_counter(), _SHARE_OF_FAILURES
        try:
            self._store.add_all(self.run, self._waiting)
            self._waiting, share = {}, _SHARE
        finally:
            now = time.perf_counter()
            self._due = now + (now - begin) / share
