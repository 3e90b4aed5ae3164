"""Does costly work as often as it takes a small share of the time."""

import contextlib
import math
import time
from collections.abc import Iterator


class TimeBudget:
    """Tells when work may be done again, from how long it took and how long ago that was.

    Args:
        share: Of the time, what the work may take at most.

    Example:
        >>> sparing = TimeBudget(0.03)
        >>> with sparing.work():
        ...     time.sleep(0.01)
        >>> sparing.is_due
        False
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._ended = time.perf_counter()
        self._took = self._last = 0.0

    @property
    def seconds_since(self) -> float:
        """How long ago the work was done last."""
        return time.perf_counter() - self._ended

    @property
    def is_due(self) -> bool:
        """Whether the work may be done now."""
        return self._took <= self._share * self.seconds_since

    @contextlib.contextmanager
    def work(self) -> Iterator[None]:
        """Takes the time of what is done within it."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self._ended = time.perf_counter()
            last, self._last = self._last, self._ended - begin
            # The lesser of two, as the first time more is made ready than later.
            self._took = min(self._last, last or math.inf)
