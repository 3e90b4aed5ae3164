"""MNIST: the full set if it is available, otherwise 5,000 of its digits from the package."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfunc_lab.datasets import download
from kfunc_lab.locale import N_, _

if TYPE_CHECKING:
    from kfunc_lab.datasets.download import Loaded, Source, Split

EMBEDDED = Path(__file__).with_name("mnist_5000.npz")

# Keras's address of the full set, and the checksum that it expects.
_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"

_LINES: dict[Loaded, str] = {
    "full": N_("MNIST: the full set, 60,000 digits for training and 10,000 for testing."),
    "embedded": N_(
        "MNIST: 5,000 real digits that come with kfunc_lab (4,000 for training, 1,000 for "
        "testing)."
    ),
    "fallback": N_(
        "MNIST: 5,000 real digits that come with kfunc_lab (4,000 for training, 1,000 for "
        "testing); the full set could not be downloaded."
    ),
}


def mnist(source: Source = "auto") -> Split:
    """Loads handwritten digits in the format of `keras.datasets.mnist.load_data`.

    Prints one line that names the digits; a download shows its progress above that line.

    Args:
        source: `"full"` for all of MNIST, from Keras's cache or downloaded by Keras;
            `"embedded"` for the 5,000 digits that come with this package, 500 of each class,
            always in the same split and order; `"auto"` for the full set if it is cached or can
            be downloaded, otherwise the embedded set, within a second if there is no network.

    Returns:
        `(x_train, y_train), (x_test, y_test)`. The images have shape (n, 28, 28), with grey
        levels from 0 to 255; the labels have shape (n,), from 0 to 9; all are uint8. n is 60,000
        and 10,000 for the full set, 4,000 and 1,000 for the embedded set.

    Raises:
        ValueError: If there is no such source.
        OSError: If `source` is `"full"` and the set is neither cached nor can be downloaded.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = mnist(source="embedded")
        MNIST: 5,000 real digits that come with kfunc_lab (4,000 for training, 1,000 for testing).
        >>> x_train.shape, x_train.dtype
        ((4000, 28, 28), dtype('uint8'))
        >>> y_test[:5]
        array([7, 1, 0, 2, 1], dtype=uint8)
    """
    digits, loaded = download.load(source, _full, EMBEDDED, _how_to_get_it)
    print(_(_LINES[loaded]))
    return digits


def stored_digit() -> Any:
    """Returns a test digit of the package, from 0 to 1, without printing anything."""
    _train, (images, _labels) = download.read(EMBEDDED)
    return images[0].astype("float32") / 255


def _full(patience: float) -> Split:
    for folder in download.cache_folders():
        content = download.intact(folder / "mnist.npz", _SHA256)
        if content is not None:
            return download.read(io.BytesIO(content))
    download.ask_server(_URL, patience)
    from keras.datasets import mnist as keras_mnist

    return download.fetch(keras_mnist.load_data)


def _how_to_get_it(error: Exception) -> str:
    return _(
        "There is no intact copy of the full MNIST set in {folder}, and {url} could not be "
        "downloaded ({reason}). Connect to the network and try again, copy mnist.npz to that "
        'folder, or use source="embedded".'
    ).format(folder=download.cache_folders()[0], url=_URL, reason=error)
