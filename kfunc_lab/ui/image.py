"""Converts an array of numbers to an image of bytes."""

from dataclasses import dataclass

import numpy as np

from kfunc_lab.ui.arrays import Numbers


@dataclass(frozen=True)
class Image:
    """An image of bytes, with the numbers that its black and white stand for.

    Attributes:
        pixels: The pixels, of shape (rows, columns, 1 or 3), uint8.
        low: The number that is shown as black.
        high: The number that is shown as white.
    """

    pixels: Numbers
    low: float
    high: float


def image_of(values: Numbers, low: float | None = None, high: float | None = None) -> Image:
    """Converts numbers to bytes, from black for the smallest to white for the largest.

    Args:
        values: The numbers, of shape (rows, columns, 1 or 3).
        low: The number that is shown as black; by default 0 or the smallest number.
        high: The number that is shown as white; by default 1, 255 or the largest number.
    """
    numbers = np.nan_to_num(np.asarray(values, np.float32), posinf=0, neginf=0)
    smallest, largest = (float(numbers.min()), float(numbers.max())) if numbers.size else (0, 1)
    low = min(smallest, 0.0) if low is None else low
    if high is None:
        usual = [limit for limit in (1.0, 255.0) if largest <= limit and low >= 0]
        high = usual[0] if usual else largest
    spread = (high - low) or 1.0
    pixels = np.clip((numbers - low) * (255 / spread), 0, 255).round().astype(np.uint8)
    return Image(pixels, low, high)
