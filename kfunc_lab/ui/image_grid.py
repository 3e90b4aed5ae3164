"""Shows images in a grid: `lab.pictures`."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kfunc_lab.locale import _, ngettext
from kfunc_lab.ui.files import save_picture_or_text
from kfunc_lab.ui.text import printable
from kfunc_lab.ui.text_width import fit_text
from kfunc_lab.ui.theme import FONT, QUIET, SURFACE, light_dark

_COLUMNS = 8
_MAX_IMAGES = 64  # images in a row; more would fill pages
_SIDE = 72  # pixels on the longer side of an image
_FEW, _LARGE_SIDE = 4, 120  # up to so many columns have larger images
_GAP = 10
_CAPTION = 18


def pictures(*rows: Any, captions: Sequence[object] | None = None) -> "Pictures":
    """Shows images side by side, or several rows of images that belong together.

    Args:
        rows: Arrays of images, of shape (n, height, width), (n, height, width, 1) or
            (n, height, width, 3). Integers range from 0 to 255 and floats from 0 to 1; other
            values are clipped. With several arrays, the first column shows the first image of
            each array, the second column the second image, and so on.
        captions: A caption for each column; none by default.

    Returns:
        A view that shows the first 64 images in a notebook, eight in a row.

    Raises:
        ValueError: If there are no images, or an argument is not an array of images.

    Example:
        >>> import numpy as np
        >>> print(pictures(np.zeros((2, 28, 28)), captions=["zero", "one"]).to_text())
        2 images of 28 × 28: zero, one
    """
    return Pictures(
        [_pixels(row) for row in rows],
        [] if captions is None else [str(caption) for caption in captions],
    )


class Pictures:
    """A grid of images, as a static picture and as text."""

    def __init__(self, rows: list[Any], captions: list[str]) -> None:
        if not rows or not min(map(len, rows)):
            raise ValueError(_("There are no images to show: pass an array of images."))
        self._rows = rows
        self._captions = captions

    @property
    def _count(self) -> int:
        """The number of columns that are shown."""
        return min([_MAX_IMAGES, *map(len, self._rows)])

    @property
    def _side(self) -> int:
        """The pixels on the longer side of an image."""
        return _LARGE_SIDE if self._count <= _FEW else _SIDE

    def to_text(self) -> str:
        """Returns the number of images, their size and their captions."""
        lines = [_summary(row) for row in self._rows]
        captions = ", ".join(printable(caption) for caption in self._captions[: self._count])
        if len(lines) == 1 and captions:
            return f"{lines[0]}: {captions}"
        return "\n".join([*lines, *([captions] if captions else [])])

    def to_svg(self) -> str:
        """Returns the images as an SVG picture."""
        side = self._side
        band = len(self._rows) * (side + _GAP) + (_CAPTION if self._captions else 0)
        bands = -(-self._count // _COLUMNS)
        width = _GAP + min(self._count, _COLUMNS) * (side + _GAP)
        height = _GAP + bands * band
        body = "".join(
            self._column(number, _GAP + band * (number // _COLUMNS))
            for number in range(self._count)
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" class="kfunc-lab-pictures" role="img">'
            f"<title>{html.escape(self.to_text())}</title><style>{_style()}</style>"
            f'<rect class="surface" width="100%" height="100%" fill="{SURFACE[0]}"/>{body}</svg>'
        )

    def save(self, path: str | Path) -> Path:
        """Writes the images to a file.

        Args:
            path: The file; its suffix, `.svg` or `.txt`, selects the format.

        Returns:
            The path.

        Raises:
            ValueError: If the suffix is none of these.
            OSError: If the file cannot be written.
        """
        return save_picture_or_text(path, self)

    def _column(self, number: int, top: int) -> str:
        side = self._side
        left = _GAP + (number % _COLUMNS) * (side + _GAP)
        parts = [
            _image(row[number], left, top + at * (side + _GAP), side)
            for at, row in enumerate(self._rows)
        ]
        if number < len(self._captions):
            caption = fit_text(printable(self._captions[number]), side + _GAP - 2, 11)
            parts.append(
                f'<text x="{left + side / 2:g}" y="{top + len(self._rows) * (side + _GAP) + 4}" '
                f'font-size="11" text-anchor="middle" fill="{QUIET[0]}">'
                f"{html.escape(caption)}</text>"
            )
        return "".join(parts)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, str]:
        return {"image/svg+xml": self.to_svg(), "text/plain": self.to_text()}

    def __repr__(self) -> str:
        return self.to_text()


def _pixels(images: Any) -> Any:
    """Returns images as integers from 0 to 255, of shape (n, height, width, 1 or 3)."""
    import numpy as np

    array = np.asarray(images)
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or array.shape[-1] not in (1, 3) or array.dtype.kind not in "biuf":
        raise ValueError(
            _(
                "Expected images of shape (n, height, width), (n, height, width, 1) or (n, "
                "height, width, 3); got shape {shape} and dtype {dtype}."
            ).format(shape=np.shape(images), dtype=array.dtype)
        )
    if array.dtype.kind == "f":
        array = np.nan_to_num(array) * 255
    elif array.dtype.kind == "b":
        array = array.astype(np.uint8) * 255
    return np.clip(np.rint(array), 0, 255).astype(np.uint8)


def _summary(row: Any) -> str:
    count, *size = row.shape
    size = size[:2] if size[2] == 1 else size
    return ngettext("{n} image of {size}", "{n} images of {size}", count).format(
        n=f"{count:,}", size=" × ".join(map(str, size))
    )


def _image(pixels: Any, left: int, top: int, side: int) -> str:
    from kfunc_lab.ui.png_pixels import png_uri

    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    height, width = height * scale, width * scale
    return (
        f'<image x="{left + (side - width) / 2:g}" y="{top + (side - height) / 2:g}" '
        f'width="{width:g}" height="{height:g}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="{png_uri(pixels)}"/>'
    )


def _style() -> str:
    scope = ".kfunc-lab-pictures"
    return (
        f"{scope}{{color-scheme:light dark}}{scope} text{{font-family:{FONT};"
        f"fill:{light_dark(QUIET)}}}{scope} .surface{{fill:{light_dark(SURFACE)}}}"
    )
