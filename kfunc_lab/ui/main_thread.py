"""Runs functions on the kernel's main thread, which also runs the cells."""

import sys
import threading
from collections.abc import Callable


def on_main_thread(work: Callable[[], None]) -> None:
    """Runs a function on the main thread: at once if this is it, else after the running cell.

    While a cell runs, JupyterLab handles the messages of a page on another thread. A model should
    not be called there, because the cell may be training it.

    Args:
        work: The function. It must handle its own exceptions.
    """
    loop = _loop_of_kernel()
    if loop is None or threading.current_thread() is threading.main_thread():
        work()
    else:
        loop.add_callback(work)  # type: ignore[attr-defined]


def _loop_of_kernel() -> object | None:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(getattr(shell, "kernel", None), "io_loop", None)
