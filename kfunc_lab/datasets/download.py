"""Loads a full data set from Keras's cache or the network, or else the embedded set."""

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

# The set that was loaded; "fallback" is the embedded set after the full one was not available.
Loaded = Literal["full", "embedded", "fallback"]

# Seconds to wait for the server's first answer. With "auto", a learner without a network gets the
# embedded set within a second; "full" may wait for a slow connection.
PATIENCE = {"auto": 0.5, "full": 10.0}

# Seconds without a single byte after which a download counts as stalled.
STALLED = 10.0


def load(
    source: Source,
    full: Callable[[float], Split],
    embedded: Path,
    advice: Callable[[Exception], str],
) -> tuple[Split, Loaded]:
    """Loads the full or the embedded data set.

    Args:
        source: `"full"`, `"embedded"`, or `"auto"` for the full set if it is available, otherwise
            the embedded one.
        full: Loads the full set; its argument is the number of seconds to wait for an answer.
        embedded: The file of the embedded set.
        advice: Returns a message about an error that prevented loading the full set.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, and which set this is.

    Raises:
        ValueError: If there is no such source.
        OSError: If `source` is `"full"` and the full set is not available.

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
    """Returns the folders where Keras stores data; it uses the second if the first is read-only.

    This does not import Keras, which takes longer than a learner without a network should wait
    for the embedded set.
    """
    home = os.path.expanduser(os.environ.get("KERAS_HOME", "~/.keras"))
    return [Path(home) / "datasets", Path(tempfile.gettempdir()) / ".keras" / "datasets"]


def intact(file: Path, sha256: str) -> bytes | None:
    """Returns the content of a file if it has the expected checksum; otherwise `None`."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == sha256 else None


def ask_server(url: str, patience: float) -> None:
    """Requests the headers of a file, and raises an exception unless they arrive in time.

    A name resolver can hang without a timeout, so a thread sends the request and is abandoned if
    it hangs. It uses the same proxy as the download.

    Args:
        url: The address of the file.
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
    import numpy  # noqa: F401 - needed later, and imported while the server answers

    try:
        failure = answers.get(timeout=max(0, end - time.monotonic()))
    except queue.Empty:
        failure = TimeoutError(f"no answer within {patience:g} s")
    if failure is not None:
        raise failure


def fetch(load_data: Callable[[], Split]) -> Split:
    """Runs one of Keras's loaders, which downloads, checks and stores a set, with a timeout."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALLED)  # Keras sets no timeout, and would wait forever
    try:
        return load_data()
    finally:
        socket.setdefaulttimeout(before)
