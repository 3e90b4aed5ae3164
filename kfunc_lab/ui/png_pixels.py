"""Converts matrices of numbers to coloured PNG images."""

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np

from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.colour_scale import DIVERGING, SEQUENTIAL
from kfunc_lab.ui.theme import NOT_FINITE


def colour_pixels(
    values: Numbers, low: float, high: float, scale: str = "sequential"
) -> Numbers:
    """Maps each number of a matrix to a colour.

    Args:
        values: A matrix.
        low: The number that gets the first colour.
        high: The number that gets the last colour.
        scale: `"sequential"` or `"diverging"`.

    Returns:
        Pixels of shape (rows, columns, 4): red, green, blue and opacity, uint8. NaN is
        transparent.
    """
    table = _table(DIVERGING if scale == "diverging" else SEQUENTIAL)
    spread = (high - low) or 1.0
    with np.errstate(invalid="ignore"):
        places = np.clip((np.asarray(values, np.float64) - low) / spread, 0, 1) * 255
    pixels = np.zeros((*values.shape, 4), np.uint8)
    finite = np.isfinite(places)
    pixels[finite, :3] = table[places[finite].round().astype(int)]
    pixels[finite, 3] = 255
    infinite = np.isinf(values)
    pixels[infinite] = (*_rgb(NOT_FINITE[0]), 255)
    return pixels


def png_uri(pixels: Numbers) -> str:
    """Encodes pixels as a PNG image in a data URI.

    Args:
        pixels: An array of shape (rows, columns, 1, 3 or 4), uint8.

    Source: Portable Network Graphics (PNG) Specification, 3rd edition, W3C.
    """
    return "data:image/png;base64," + base64.b64encode(_png(pixels)).decode()


def _png(pixels: Numbers) -> bytes:
    rows, columns, channels = pixels.shape
    colour_type = {1: 0, 3: 2, 4: 6}[channels]
    # Each line begins with the number of its filter; 0 means no filter.
    lines = np.zeros((rows, 1 + columns * channels), np.uint8)
    lines[:, 1:] = pixels.reshape(rows, -1)
    head = struct.pack(">IIBBBBB", columns, rows, 8, colour_type, 0, 0, 0)
    body = zlib.compress(lines.tobytes(), 6)
    parts = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def _table(colours: Sequence[str]) -> Numbers:
    """Returns 256 colours, interpolated at equal distances between the colours of a scale."""
    stops = np.array([_rgb(colour) for colour in colours], float)
    places = np.linspace(0, len(stops) - 1, 256)
    channels = [
        np.interp(places, np.arange(len(stops)), stops[:, channel]) for channel in range(3)
    ]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
