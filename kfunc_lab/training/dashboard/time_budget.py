"""Limits expensive work to a share of wall time."""

import contextlib
import math
import time
from collections.abc import Iterator


class TimeBudget:
    """Decides when expensive work may run again, from its duration and the time since then.

    Args:
        share: The largest share of wall time that the work may take.

    Example:
        >>> budget = TimeBudget(0.03)
        >>> with budget.work():
        ...     time.sleep(0.01)
        >>> budget.is_due
        False
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._ended = time.perf_counter()
        self._duration = self._last = 0.0

    @property
    def seconds_since(self) -> float:
        """The time since the work last ended, in seconds."""
        return time.perf_counter() - self._ended

    @property
    def is_due(self) -> bool:
        """Whether the work may run now."""
        return self._duration <= self._share * self.seconds_since

    @contextlib.contextmanager
    def work(self) -> Iterator[None]:
        """Measures the duration of the work inside the `with` block."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self._ended = time.perf_counter()
            last, self._last = self._last, self._ended - begin
            # The shorter of two durations, because the first run includes one-time setup.
            self._duration = min(self._last, last or math.inf)
