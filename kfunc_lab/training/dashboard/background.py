"""Runs a training on a thread of its own, and gives its result when it is asked for."""

import threading
from collections.abc import Callable
from typing import Any


class Background:
    """One piece of work on another thread.

    Example:
        >>> background = Background()
        >>> background.start(lambda: 6 * 7)
        >>> background.result()
        42
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._result: Any = None
        self._error: BaseException | None = None

    @property
    def is_running(self) -> bool:
        """Whether it goes on."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def is_here(self) -> bool:
        """Whether this is its thread."""
        return threading.current_thread() is self._thread

    def start(self, work: Callable[[], Any]) -> None:
        """Begins the work."""
        self._result = self._error = None
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            self._result = work()
        except BaseException as error:  # it is raised where the result is asked for
            self._error = error

    def wait(self, seconds: float | None = None) -> bool:
        """Waits so long at most, and tells whether the work has ended."""
        if self._thread is not None:
            self._thread.join(seconds)
        return not self.is_running

    def result(self) -> Any:
        """Waits for the end, and returns what the work gave, or raises what it raised."""
        self.wait()
        if self._error is not None:
            raise self._error
        return self._result
