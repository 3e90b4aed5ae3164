"""Colour images: CIFAR-10 if it is available, otherwise patches of photographs in the package."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from kfunc_lab.datasets import download
from kfunc_lab.locale import N_, _

if TYPE_CHECKING:
    from kfunc_lab.datasets.download import Bytes, Loaded, Source, Split

    Images: TypeAlias = tuple[tuple[Bytes, Bytes], tuple[Bytes, Bytes], tuple[str, ...]]

_EMBEDDED = Path(__file__).with_name("patches_32.npz")

# Keras's address of CIFAR-10, the checksum that it expects, and the name in its cache.
_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
_ARCHIVE = "cifar-10-batches-py-target_archive"

_LINES: dict[Loaded, str] = {
    "full": N_("CIFAR-10: 60,000 colour images (50,000 for training, 10,000 for testing)."),
    "embedded": N_(
        "Colour images: 1,900 patches of real photographs that come with kfunc_lab (1,500 for "
        "training, 400 for testing)."
    ),
    "fallback": N_(
        "Colour images: 1,900 patches of real photographs that come with kfunc_lab (1,500 for "
        "training, 400 for testing); CIFAR-10 could not be downloaded."
    ),
}

_CIFAR_NAMES = (
    N_("airplane"),
    N_("automobile"),
    N_("bird"),
    N_("cat"),
    N_("deer"),
    N_("dog"),
    N_("frog"),
    N_("horse"),
    N_("ship"),
    N_("truck"),
)

_PATCH_NAMES = (
    N_("galaxies"),
    N_("cat fur"),
    N_("raccoon fur"),
    N_("palm leaves"),
    N_("treetops"),
    N_("petals"),
    N_("sky"),
    N_("retina"),
    N_("pagoda"),
    N_("steel tower"),
)


def colour_images(source: Source = "auto") -> Images:
    """Loads small colour images in ten classes, and the names of the classes.

    Prints one line that names the images; a download shows its progress above that line.

    Args:
        source: `"full"` for CIFAR-10, from Keras's cache or downloaded by Keras; `"embedded"` for
            the patches of photographs that come with this package, always in the same split and
            order; `"auto"` for CIFAR-10 if it is cached or can be downloaded, otherwise the
            patches, within a second if there is no network.

    Returns:
        `(x_train, y_train), (x_test, y_test), names`. The images have shape (n, 32, 32, 3), with
        red, green and blue from 0 to 255; the labels have shape (n,), from 0 to 9; all are uint8.
        n is 50,000 and 10,000 for CIFAR-10, 1,500 and 400 for the patches. The ten names are in
        the current language.

    Raises:
        ValueError: If there is no such source.
        OSError: If `source` is `"full"` and CIFAR-10 is neither cached nor can be downloaded.

    Example:
        >>> (x_train, y_train), (x_test, y_test), names = colour_images(source="embedded")
        Colour images: 1,900 patches of real photographs that come with kfunc_lab
        (1,500 for training, 400 for testing).
        >>> x_train.shape, x_train.dtype
        ((1500, 32, 32, 3), dtype('uint8'))
        >>> names[:3]
        ('galaxies', 'cat fur', 'raccoon fur')
    """
    (train, test), loaded = download.load(source, _cifar10, _EMBEDDED, _how_to_get_it)
    names = _CIFAR_NAMES if loaded == "full" else _PATCH_NAMES
    print(_(_LINES[loaded]))
    return train, test, tuple(_(name) for name in names)


def _cifar10(patience: float) -> Split:
    if download.intact(_keras_folder() / _ARCHIVE, _SHA256) is None:
        download.ask_server(_URL, patience)
    from keras.datasets import cifar10

    (x_train, y_train), (x_test, y_test) = download.fetch(cifar10.load_data)
    return (x_train, y_train.ravel()), (x_test, y_test.ravel())


def _keras_folder() -> Path:
    """Returns the folder where Keras unpacks CIFAR-10: the first one that it can write to."""
    first, second = download.cache_folders()
    return first if os.access(first.parent, os.W_OK) else second


def _how_to_get_it(error: Exception) -> str:
    return _(
        "There is no intact copy of CIFAR-10 in {folder}, and {url} could not be downloaded "
        "({reason}). Connect to the network and try again, save that file as {file} in that "
        'folder, or use source="embedded".'
    ).format(folder=_keras_folder(), url=_URL, file=_ARCHIVE, reason=error)
