"""Prints the progress of a large batch."""

import sys
import time

from kfunc_lab.locale import _

_DELAY = 1.5  # seconds before progress is shown


class Progress:
    """Prints the progress of a large batch below a cell or on a terminal, if it takes long."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._is_shown = False

    def __call__(self, done: int, total: int) -> None:
        """Prints the number of finished samples."""
        if not self._is_shown and time.monotonic() - self._begin < _DELAY:
            return
        self._is_shown = True
        message = _("{done} of {total} samples").format(done=f"{done:,}", total=f"{total:,}")
        end = "\n" if done >= total else ""
        print(f"\r{message}", end=end, file=sys.stderr, flush=True)
