"""Pairs of handwritten digits for measuring: new ones, old ones, and ones with a 9 on the right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Images = npt.NDArray[np.float32]
    Digits = npt.NDArray[np.int64]

# The digit that never stands on the right in the pairs for training.
HELD_OUT = 9


class _Digits(NamedTuple):
    images: Images
    labels: Digits


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of digits: two arrays of images, of shape (n, 28, 28) from 0 to 1, and their digits."""

    left: Images
    right: Images
    left_digit: Digits
    right_digit: Digits

    @property
    def truth(self) -> dict[str, Digits]:
        """The right answers, by the names of the outputs."""
        return {
            "left_digit": self.left_digit,
            "right_digit": self.right_digit,
            "sum": self.left_digit + self.right_digit,
        }

    def exchanged(self) -> Pairs:
        """Returns the pairs with the left digits on the right."""
        return Pairs(self.right, self.left, self.right_digit, self.left_digit)

    def with_other_right(self) -> Pairs:
        """Returns the pairs with the digit on the right taken from the next pair."""
        import numpy as np

        right, digit = np.roll(self.right, 1, axis=0), np.roll(self.right_digit, 1)
        return replace(self, right=right, right_digit=digit)

    def with_other_left(self) -> Pairs:
        """Returns the pairs with the digit on the left taken from the next pair."""
        return self.exchanged().with_other_right().exchanged()

    def in_grey_levels(self) -> Pairs:
        """Returns the pairs with pixels from 0 to 255."""
        return replace(self, left=self.left * 255, right=self.right * 255)


@cache
def new_pairs() -> Pairs:
    """Returns pairs of test digits, without a 9 on the right."""
    return _drawn(_digits("test"), 1000, with_nine=False)


@cache
def pairs_with_nine() -> Pairs:
    """Returns pairs of test digits with a 9 on the right."""
    return _drawn(_digits("test"), 400, with_nine=True)


@cache
def training_pairs() -> Pairs:
    """Returns pairs of the digits that the lesson trains on, without a 9 on the right."""
    return _drawn(_digits("train"), 1000, with_nine=False)


def _drawn(digits: _Digits, count: int, *, with_nine: bool) -> Pairs:
    import numpy as np

    random = np.random.default_rng(16)
    left = random.choice(len(digits.labels), count)
    allowed = np.flatnonzero((digits.labels == HELD_OUT) == with_nine)
    right = random.choice(allowed, count)
    return Pairs(
        digits.images[left], digits.images[right], digits.labels[left], digits.labels[right]
    )


@cache
def _digits(part: str) -> _Digits:
    from kfunc_lab.datasets import digits, download

    split: Any = dict(zip(("train", "test"), download.read(digits.EMBEDDED), strict=True))
    images, labels = split[part]
    return _Digits(images.astype("float32") / 255, labels.astype("int64"))
