# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = [
#     "numpy==1.26.4",
#     "pillow==11.3.0",
#     "scikit-image==0.25.2",
#     "scikit-learn==1.7.2",
#     "scipy==1.11.4",
# ]
# ///
"""Builds the embedded colour pictures, `kfunc_lab/datasets/patches_32.npz`, from photographs.

The photographs come from three packages, which need a separate environment:

    uv run tools/build_patches.py

or, without uv, from the top of the repository:

    python3.11 -m venv build/patches
    build/patches/bin/pip install numpy==1.26.4 pillow==11.3.0 scikit-image==0.25.2 \
        scikit-learn==1.7.2 scipy==1.11.4
    build/patches/bin/python tools/build_patches.py

The bytes of the file are reproducible. The script prints its sha256, which belongs in
`kfunc_lab/datasets/patches_32.md`.
"""

import hashlib
import io
import itertools
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

FILE = Path(__file__).parents[1] / "kfunc_lab" / "datasets" / "patches_32.npz"
SIZE = 32
TRAIN_PATCHES_PER_CLASS = 150
TEST_PATCHES_PER_CLASS = 40
SEED = 32

Bytes = npt.NDArray[np.uint8]
Rectangle = tuple[int, int, int, int]  # left, top, right and bottom, in pixels


@dataclass(frozen=True)
class Subject:
    """The subject of one class of patches, and its place in a photograph.

    Attributes:
        name: The class.
        photograph: The name of the photograph in `photographs`.
        shrink: The number of pixels, in each direction, that become one pixel.
        train: Rectangles in the shrunken photograph that show only the subject.
        test: More such rectangles, at least the size of a patch away from all of `train`.
    """

    name: str
    photograph: str
    shrink: int
    train: tuple[Rectangle, ...]
    test: tuple[Rectangle, ...]


SUBJECTS = (
    Subject("galaxies", "hubble", 1, ((0, 0, 1000, 500),), ((0, 540, 1000, 872),)),
    Subject(
        "cat fur",
        "chelsea",
        1,
        ((60, 0, 235, 80), (242, 100, 295, 195)),
        ((267, 0, 335, 68), (140, 150, 210, 250), (50, 112, 132, 200)),
    ),
    Subject(
        "raccoon fur",
        "raccoon",
        2,
        ((0, 0, 110, 145), (300, 10, 400, 100)),
        ((142, 0, 215, 190),),
    ),
    Subject(
        "palm leaves",
        "raccoon",
        2,
        ((0, 225, 95, 384), (360, 205, 512, 300)),
        ((132, 225, 225, 384),),
    ),
    Subject(
        "treetops",
        "china",
        1,
        ((0, 345, 90, 427), (440, 315, 540, 427)),
        ((122, 372, 200, 427), (370, 360, 408, 427)),
    ),
    Subject(
        "petals",
        "flower",
        1,
        ((185, 140, 270, 320), (230, 95, 330, 175), (230, 280, 330, 345)),
        ((365, 130, 425, 310), (310, 390, 430, 427)),
    ),
    Subject("sky", "china", 1, ((350, 0, 480, 190),), ((512, 0, 640, 130),)),
    Subject("retina", "retina", 3, ((70, 90, 250, 380),), ((290, 110, 410, 360),)),
    Subject(
        "pagoda",
        "china",
        1,
        ((105, 95, 300, 148), (160, 75, 250, 148), (200, 262, 335, 340)),
        ((200, 180, 318, 230),),
    ),
    Subject("steel tower", "rocket", 1, ((15, 0, 85, 370),), ((560, 0, 630, 370),)),
)


def photographs() -> dict[str, Bytes]:
    """Reads the photographs, each of shape (height, width, 3), by name."""
    from scipy.misc import face  # type: ignore[import-not-found]
    from skimage import data  # type: ignore[import-not-found]
    from sklearn.datasets import load_sample_image  # type: ignore[import-not-found]

    return {
        "chelsea": data.chelsea(),
        "china": load_sample_image("china.jpg"),
        "flower": load_sample_image("flower.jpg"),
        "hubble": data.hubble_deep_field(),
        "raccoon": face(),
        "retina": data.retina(),
        "rocket": data.rocket(),
    }


def shrunken(photograph: Bytes, factor: int) -> Bytes:
    """Returns the photograph with each square of factor × factor pixels averaged."""
    height, width = (side // factor for side in photograph.shape[:2])
    squares = photograph[: height * factor, : width * factor]
    squares = squares.reshape(height, factor, width, factor, 3)
    return squares.mean(axis=(1, 3)).round().astype(np.uint8)


def corners(rectangles: tuple[Rectangle, ...], count: int) -> list[tuple[int, int]]:
    """Returns the corners of at least `count` patches, on the widest grid with that many places.

    Args:
        rectangles: The rectangles that contain the patches.
        count: The number of patches needed.

    Returns:
        The upper left corner of each patch, as (left, top).

    Raises:
        ValueError: If the rectangles do not have enough room.
    """
    for step in range(SIZE, 0, -1):
        places = {
            corner
            for left, top, right, bottom in rectangles
            for corner in itertools.product(
                range(left, right - SIZE + 1, step), range(top, bottom - SIZE + 1, step)
            )
        }
        if len(places) >= count:
            return sorted(places)
    raise ValueError(f"{rectangles} hold fewer than {count} patches.")


def cut(pictures: dict[str, Bytes], part: str, count: int, seed: int) -> tuple[Bytes, Bytes]:
    """Cuts the patches of one part out of the photographs, and shuffles them.

    Args:
        pictures: The photographs by name.
        part: `"train"` or `"test"`.
        count: The number of patches in each class.
        seed: What the choice and the order of the patches depend on.

    Returns:
        The patches, of shape (n, 32, 32, 3), and their classes, of shape (n,).
    """
    # The random numbers of RandomState never change; those of a Generator may change with numpy.
    random = np.random.RandomState(seed)
    patches = []
    for subject in SUBJECTS:
        picture = shrunken(pictures[subject.photograph], subject.shrink)
        places = corners(getattr(subject, part), count)
        for place in random.permutation(len(places))[:count]:
            left, top = places[place]
            patches.append(picture[top : top + SIZE, left : left + SIZE])
    order = random.permutation(len(patches))
    labels = np.repeat(np.arange(len(SUBJECTS), dtype=np.uint8), count)
    return np.stack(patches)[order], labels[order]


def write(path: Path, arrays: dict[str, Bytes]) -> str:
    """Writes the arrays and returns the sha256 of the file.

    Patches overlap, and LZMA compresses the common parts at any distance; numpy reads such an
    archive like any other. Every member is dated 1980, so the bytes depend only on the arrays
    (and on the version of the compression library).

    Args:
        path: The .npz file to write.
        arrays: The arrays, by name.

    Returns:
        The sha256 of the file, in hexadecimal digits.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), zipfile.ZIP_LZMA
            )
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Cuts the patches and writes the file."""
    pictures = photographs()
    x_train, y_train = cut(pictures, "train", TRAIN_PATCHES_PER_CLASS, SEED)
    x_test, y_test = cut(pictures, "test", TEST_PATCHES_PER_CLASS, SEED + 1)
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    print(f"{write(FILE, arrays)}  {FILE.name}  {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
