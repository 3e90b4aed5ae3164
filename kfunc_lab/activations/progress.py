"""Says how far a large batch is."""

import sys
import time

from kfunc_lab.locale import _

_LONG = 1.5  # seconds after which it is said how far one is


class Progress:
    """Says below a cell or on a terminal how far a large batch is, once it takes long."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._is_said = False

    def __call__(self, done: int, total: int) -> None:
        """Is told how many samples of how many are done."""
        if not self._is_said and time.monotonic() - self._begin < _LONG:
            return
        self._is_said = True
        said = _("{done} of {total} samples").format(done=f"{done:,}", total=f"{total:,}")
        end = "\n" if done >= total else ""
        print(f"\r{said}", end=end, file=sys.stderr, flush=True)
