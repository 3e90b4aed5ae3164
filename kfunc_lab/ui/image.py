"""An array of numbers as an image of bytes."""

from dataclasses import dataclass

import numpy as np

from kfunc_lab.ui.arrays import Numbers


@dataclass(frozen=True)
class Image:
    """A picture.

    Attributes:
        pixels: Of shape (rows, columns, 1 or 3), uint8.
        low: The number that black stands for.
        high: The number that white stands for.
    """

    pixels: Numbers
    low: float
    high: float


def image_of(values: Numbers, low: float | None = None, high: float | None = None) -> Image:
    """Returns an image as bytes, black for its least number and white for its greatest.

    Args:
        values: Of shape (rows, columns, 1 or 3).
        low: The number that black stands for; by default 0 or the least.
        high: That of white; by default 1, 255 or the greatest.
    """
    numbers = np.nan_to_num(np.asarray(values, np.float32), posinf=0, neginf=0)
    least, greatest = (float(numbers.min()), float(numbers.max())) if numbers.size else (0, 1)
    low = min(least, 0.0) if low is None else low
    if high is None:
        usual = [it for it in (1.0, 255.0) if greatest <= it and low >= 0]
        high = usual[0] if usual else greatest
    spread = (high - low) or 1.0
    pixels = np.clip((numbers - low) * (255 / spread), 0, 255).round().astype(np.uint8)
    return Image(pixels, low, high)
