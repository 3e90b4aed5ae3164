"""Runs work on the kernel's main thread, where the cells run."""

import sys
import threading
from collections.abc import Callable


def on_main_thread(work: Callable[[], None]) -> None:
    """Runs work on the main thread: at once if this is it, else when the running cell has ended.

    JupyterLab lets a page ask while a cell runs, on a thread of its own; a model is better not
    called there, because the cell may be training it.

    Args:
        work: What is to be done. It has to deal with its own exceptions.
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
