"""A full set from Keras's cache or from the network, else the one that comes with the package."""

from __future__ import annotations

import hashlib
import os
import queue
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, TypeAlias, get_args

from kfunc_lab.locale import _

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bytes: TypeAlias = npt.NDArray[np.uint8]
    Split: TypeAlias = tuple[tuple[Bytes, Bytes], tuple[Bytes, Bytes]]

Source = Literal["auto", "full", "embedded"]

# What was loaded: "fallback" is the embedded set because the full one could not be had.
Loaded = Literal["full", "embedded", "fallback"]

# Seconds to wait for the server's first answer: with "auto" a learner without a network has the
# embedded set within a second; who asks for the full set may wait for a slow line.
PATIENCE = {"auto": 0.5, "full": 10.0}

# Seconds without a single byte after which a download has stalled.
STALLED = 10.0


def load(
    source: Source,
    full: Callable[[float], Split],
    embedded: Path,
    advice: Callable[[Exception], str],
) -> tuple[Split, Loaded]:
    """Loads the set that is asked for, or the one that can be had.

    Args:
        source: `"full"`, `"embedded"`, or `"auto"` for the full set where it can be had, else
            the embedded one.
        full: Gives the full set, and is told how many seconds to wait for a first answer.
        embedded: The file of the embedded set.
        advice: Says what to do about the error that kept the full set away.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, and which set this is.

    Raises:
        ValueError: If there is no such source.
        OSError: If the full set is asked for and is not to be had.

    Example:
        >>> def offline(patience):
        ...     raise OSError("no network")
        >>> file = Path(__file__).with_name("mnist_5000.npz")
        >>> split, loaded = load("auto", offline, file, str)
        >>> loaded
        'fallback'
    """
    if source not in get_args(Source):
        raise ValueError(
            _("There is no source {source}; the sources are {sources}.").format(
                source=repr(source), sources=", ".join(get_args(Source))
            )
        )
    if source == "embedded":
        return read(embedded), "embedded"
    try:
        return full(PATIENCE[source]), "full"
    except Exception as error:  # Keras raises a plain Exception for a failed download
        if source == "full":
            raise OSError(advice(error)) from error
        return read(embedded), "fallback"


def read(file: Path | IO[bytes]) -> Split:
    """Reads a set from an .npz file."""
    import numpy as np

    with np.load(file, allow_pickle=False) as arrays:
        return (
            (arrays["x_train"], arrays["y_train"]),
            (arrays["x_test"], arrays["y_test"]),
        )


def cache_folders() -> list[Path]:
    """Returns the folders where Keras keeps data: the second if it cannot write the first.

    Keras itself is not asked, because importing it takes longer than a learner without a
    network should wait for the embedded set.
    """
    home = os.path.expanduser(os.environ.get("KERAS_HOME", "~/.keras"))
    return [Path(home) / "datasets", Path(tempfile.gettempdir()) / ".keras" / "datasets"]


def intact(file: Path, sha256: str) -> bytes | None:
    """Returns what the file holds, if its checksum is the expected one."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == sha256 else None


def ask_server(url: str, patience: float) -> None:
    """Asks for the headers of a file, and raises unless they come in time.

    A resolver can hang where no timeout reaches it, so a thread asks and is left behind. It
    asks as the download will, through the same proxy if there is one.

    Args:
        url: Where the file is.
        patience: Seconds to wait for the answer.
    """
    from urllib.request import Request, urlopen

    answers: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            request = Request(url, method="HEAD")  # noqa: S310 - both addresses are https
            urlopen(request, timeout=patience).close()  # noqa: S310
            answers.put(None)
        except Exception as error:
            answers.put(error)

    end = time.monotonic() + patience
    threading.Thread(target=ask, daemon=True).start()
    import numpy  # noqa: F401 - needed in any case, and takes as long as many an answer

    try:
        failure = answers.get(timeout=max(0, end - time.monotonic()))
    except queue.Empty:
        failure = TimeoutError(f"no answer within {patience:g} s")
    if failure is not None:
        raise failure


def fetch(load_data: Callable[[], Split]) -> Split:
    """Has one of Keras's loaders download, check and keep a set; a stalled download ends."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALLED)  # Keras sets none, and would wait for ever
    try:
        return load_data()
    finally:
        socket.setdefaulttimeout(before)
