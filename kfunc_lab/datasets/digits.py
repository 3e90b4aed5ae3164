"""MNIST: the full set where it can be had, else 5,000 of its digits, kept in the package."""

from __future__ import annotations

import hashlib
import io
import os
import queue
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, TypeAlias, get_args

from kfunc_lab.locale import _

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bytes: TypeAlias = npt.NDArray[np.uint8]
    Digits: TypeAlias = tuple[tuple[Bytes, Bytes], tuple[Bytes, Bytes]]

Source = Literal["auto", "full", "embedded"]

_EMBEDDED = Path(__file__).with_name("mnist_5000.npz")

# Where Keras has the full set from, and the checksum it asks of it.
_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"

# Seconds to wait for the server's first answer: with "auto" a learner without a network has the
# embedded digits within a second; who asks for the full set may wait for a slow line.
_PATIENCE = {"auto": 0.5, "full": 10.0}

# Seconds without a single byte after which a download has stalled.
_STALLED = 10.0


def mnist(source: Source = "auto") -> Digits:
    """Loads handwritten digits, as `keras.datasets.mnist.load_data` gives them.

    Prints one line that says which digits they are; a download shows its progress above it.

    Args:
        source: `"full"` for all of MNIST, from Keras's cache or fetched by Keras; `"embedded"`
            for the 5,000 digits that come with this package, 500 of each class, in the same
            split and order every time; `"auto"` for the full set where it is cached or can be
            fetched, else the embedded one, within a second where there is no network.

    Returns:
        `(x_train, y_train), (x_test, y_test)`. The images have shape (n, 28, 28), in grey
        levels from 0 to 255, the labels shape (n,), from 0 to 9; all are uint8. n is 60,000 and
        10,000 in the full set, 4,000 and 1,000 in the embedded one.

    Raises:
        ValueError: If there is no such source.
        OSError: If the full set is asked for and is neither cached nor to be had.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = mnist(source="embedded")
        MNIST: 5,000 real digits that come with kfunc_lab (4,000 to train, 1,000 to test).
        >>> x_train.shape, x_train.dtype
        ((4000, 28, 28), dtype('uint8'))
        >>> y_test[:5]
        array([7, 1, 0, 2, 1], dtype=uint8)
    """
    if source not in get_args(Source):
        raise ValueError(
            _("There is no source {source}; there are: {sources}.").format(
                source=repr(source), sources=", ".join(get_args(Source))
            )
        )
    if source == "embedded":
        digits, line = _read(_EMBEDDED), _embedded_line()
    else:
        try:
            digits, line = _full(_PATIENCE[source]), _full_line()
        except Exception as error:  # Keras raises a plain Exception for a failed download
            if source == "full":
                raise OSError(_how_to_get_it(error)) from error
            digits, line = _read(_EMBEDDED), _fallback_line()
    print(line)
    return digits


def _full(patience: float) -> Digits:
    for folder in _cache_folders():
        content = _intact(folder / "mnist.npz")
        if content is not None:
            return _read(io.BytesIO(content))
    _ask_server(patience)
    return _fetch()


def _read(file: Path | IO[bytes]) -> Digits:
    import numpy as np

    with np.load(file, allow_pickle=False) as arrays:
        return (
            (arrays["x_train"], arrays["y_train"]),
            (arrays["x_test"], arrays["y_test"]),
        )


def _cache_folders() -> list[Path]:
    """Returns the folders where Keras keeps data: the second if it cannot write the first.

    Keras itself is not asked, because importing it takes longer than a learner without a
    network should wait for the embedded digits.
    """
    home = os.path.expanduser(os.environ.get("KERAS_HOME", "~/.keras"))
    return [Path(home) / "datasets", Path(tempfile.gettempdir()) / ".keras" / "datasets"]


def _intact(file: Path) -> bytes | None:
    """Returns what the file holds, if that is the full set to the last byte."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == _SHA256 else None


def _ask_server(patience: float) -> None:
    """Asks for the headers of the full set, and raises unless they come in time.

    A resolver can hang where no timeout reaches it, so a thread asks and is left behind. It
    asks as the download will, through the same proxy if there is one.
    """
    from urllib.request import Request, urlopen

    answers: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            urlopen(Request(_URL, method="HEAD"), timeout=patience).close()
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


def _fetch() -> Digits:
    """Has Keras download the full set, check it and keep it."""
    from keras.datasets import mnist as keras_mnist

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_STALLED)  # Keras sets none, and would wait for ever
    try:
        digits: Digits = keras_mnist.load_data()
    finally:
        socket.setdefaulttimeout(before)
    return digits


def _full_line() -> str:
    return _("MNIST: the full set, 60,000 digits to train and 10,000 to test.")


def _embedded_line() -> str:
    return _(
        "MNIST: 5,000 real digits that come with kfunc_lab (4,000 to train, 1,000 to test)."
    )


def _fallback_line() -> str:
    return _(
        "MNIST: 5,000 real digits that come with kfunc_lab (4,000 to train, 1,000 to test); "
        "the full set could not be fetched."
    )


def _how_to_get_it(error: Exception) -> str:
    return _(
        "There is no intact copy of the full MNIST set in {folder}, and {url} could not be "
        "fetched ({reason}). Connect to the network and try again, copy mnist.npz into that "
        'folder, or use source="embedded".'
    ).format(folder=_cache_folders()[0], url=_URL, reason=error)
