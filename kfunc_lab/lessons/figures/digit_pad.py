"""A pad to draw a digit on, with what a model answers beside it: `lab.digit_pad`."""

from typing import Any

import numpy as np
import traitlets

from kfunc_lab.activations.page_data import bars_data, image_data
from kfunc_lab.activations.page_words import page_words
from kfunc_lab.activations.pictures import Bars
from kfunc_lab.activations.sketch import as_digit
from kfunc_lab.datasets.digits import stored_digit
from kfunc_lab.lessons.figures.bars import bars
from kfunc_lab.lessons.figures.drawing import Drawing, drawing, words
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.assets import BUNDLES
from kfunc_lab.ui.image import image_of
from kfunc_lab.ui.main_thread import on_main_thread
from kfunc_lab.ui.png_pixels import png_uri
from kfunc_lab.ui.view import View

_PIXELS = 28
_FINENESS = 4  # how many cells of the pad become one pixel, in each direction


def digit_pad(model: Any) -> "DigitPad":
    """Shows a pad to draw a digit on, and what a model answers while it is drawn.

    Args:
        model: A model that reads digits. It takes images of 28 × 28 grey levels from 0 to 1, in
            any form: (28, 28), (28, 28, 1) or (784,).

    Returns:
        A view: a widget in a notebook, a stored digit with its answer as a picture and as text
        elsewhere.

    Raises:
        ValueError: If the model takes or returns something else.

    Example:
        >>> import keras
        >>> image = keras.Input((784,))
        >>> outputs = keras.layers.Dense(10, "softmax", kernel_initializer="zeros")(image)
        >>> digit_pad(keras.Model(image, outputs)).answer.shape
        (10,)
    """
    return DigitPad(model)


class DigitPad(View):
    """A drawing, and the answer of a model.

    Attributes:
        pixels: The drawing as the model gets it, of shape (28, 28), or a stored digit.
        answer: The numbers that the model returns for it.
    """

    _esm = BUNDLES / "digit_pad.js"
    _css = BUNDLES / "digit_pad.css"

    _side = traitlets.Int(_PIXELS * _FINENESS).tag(sync=True)
    _image: Any = traitlets.Dict().tag(sync=True)
    _bars: Any = traitlets.Dict().tag(sync=True)
    _words: Any = traitlets.Dict().tag(sync=True)

    def __init__(self, model: Any) -> None:
        self._model = model
        self._shape = _input_shape(model)
        super().__init__()
        self._words = page_words() | {"answer": _("What the model answers")}
        self._show(stored_digit())
        self._first = _picture(self.pixels, self.answer)
        self.on_msg(self._answer)

    def to_svg(self) -> str:
        """Returns a stored digit and the model's answer as SVG."""
        return self._first.svg

    def to_text(self) -> str:
        """Returns the model's answer to a stored digit, one number a line."""
        return self._first.text

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        forms = {"image/svg+xml": self.to_svg(), "text/plain": self.to_text()}
        return data | forms, metadata

    def _show(self, pixels: Numbers) -> None:
        """Shows an image and the model's answer to it."""
        self.pixels = pixels
        self.answer = np.asarray(self._model(pixels.reshape(1, *self._shape), training=False))[
            0
        ]
        numbers = tuple(map(float, self.answer))
        are_shares = min(numbers) >= 0 and abs(sum(numbers) - 1) < 1e-3
        with self.hold_sync():
            self._image = image_data(image_of(pixels[..., None], 0, 1))
            self._bars = bars_data(
                Bars(
                    labels=tuple(map(str, range(len(numbers)))),
                    values=numbers,
                    marked=int(np.argmax(self.answer)),
                    percent=are_shares,
                )
            )

    def _answer(self, _widget: Any, content: Any, buffers: Any) -> None:
        def work() -> None:
            try:
                ink = np.frombuffer(buffers[0], np.uint8).reshape(self._side, self._side)
                self._show(as_digit(ink / 255) if ink.any() else stored_digit())
            except Exception as error:  # the page shows it
                self.send({"type": "problem", "words": str(error)})
            self.send({"type": "answered"})

        on_main_thread(work)


def _input_shape(model: Any) -> tuple[int, ...]:
    """Returns the shape of an example, if the model reads digits."""
    given, returned = (
        tuple(getattr(model, name, None) or ()) for name in ("input_shape", "output_shape")
    )
    sizes = [size for size in given[1:] if isinstance(size, int)]
    fits = len(sizes) == len(given) - 1 and np.prod(sizes) == _PIXELS**2
    if not (fits and len(returned) == 2 and returned[1] == 10):
        raise ValueError(
            _(
                "The pad needs a model that takes images of 28 × 28 pixels and returns ten "
                "numbers; this one takes {given} and returns {returned}."
            ).format(given=f"`{given}`", returned=f"`{returned}`")
        )
    return tuple(sizes)


def _picture(pixels: Numbers, answer: Numbers) -> Drawing:
    """Draws an image beside the bars of an answer."""
    columns = bars(answer)
    uri = png_uri(image_of(pixels[..., None], 0, 1).pixels)
    side, top, left = 140, 58, 204
    image = (
        f'<image href="{uri}" x="20" y="{top}" width="{side}" height="{side}" '
        'style="image-rendering:pixelated"/>'
    )
    # The bars are a drawing of their own inside this one.
    placed = columns.svg.replace("<svg ", f'<svg x="{left}" y="6" ', 1)
    arrow = words(182, top + side / 2 + 5, "→", "quiet", "middle")
    return drawing(left + 440, 262, [image, arrow, placed], columns.text)
