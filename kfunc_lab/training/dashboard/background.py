"""Runs a function on a daemon thread, and returns its future."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


def run_in_background(function: Callable[[], Any]) -> Future[Any]:
    """Starts a function on a daemon thread.

    The process can exit while the function runs, whereas a `ThreadPoolExecutor` would wait for it.

    Args:
        function: The function to call.

    Returns:
        The future of its result.

    Example:
        >>> run_in_background(lambda: 6 * 7).result()
        42
    """
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # the caller meets it in `future.result()`
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
