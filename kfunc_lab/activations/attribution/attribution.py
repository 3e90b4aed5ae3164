"""What an attribution is, and which models and images one can be made for."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kfunc_lab.graph.keras.nodes import functional_of, operations_within
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers

# Is called after each batch with how many passes are done, and how many there will be.
Progress = Callable[[int, int], None]

# Of one sample, without the batch; `None` is for any size.
Shape = tuple[int | None, ...]

# A smaller square of numbers is more likely a row of a table than an image.
_SMALLEST_SIDE = 8


@dataclass(frozen=True)
class Attribution:
    """What a score rests on.

    Attributes:
        method: `"grad_cam"`, `"integrated_gradients"` or `"occlusion"`.
        target: The class.
        layer: The layer whose maps were weighted, as `layers_for_grad_cam` names it; empty for
            the methods that have none.
        heat: Of shape (height, width), of the image's size. Above 0 where the image speaks for
            the class; below 0, which Grad-CAM never gives, where it speaks against it.
        score: The class's score on the image, before softmax or sigmoid.
        baseline_score: Its score on the baseline, or on an image that is all fill; `None` for
            Grad-CAM.
        gap: For integrated gradients, how far their sum is from the difference of the two
            scores, as a share of it; infinite if the scores are the same and the sum is not 0.
        grid: Grad-CAM's map in the layer's own size, or how far each square that is hidden
            lowers the score; `None` for integrated gradients.
    """

    method: str
    target: int
    layer: str
    heat: Numbers
    score: float
    baseline_score: float | None = None
    gap: float | None = None
    grid: Numbers | None = None


def suits(model: Any) -> str:
    """Tells why attributions cannot be made for a model.

    Args:
        model: What may be a model from one image to a vector of scores.

    Returns:
        A sentence; empty if they can be made.

    Example:
        >>> import keras
        >>> image = keras.Input((8, 8, 1))
        >>> scores = keras.layers.Dense(3)(keras.layers.Flatten()(image))
        >>> suits(keras.Model(image, scores))
        ''
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return _(
            "Attributions compute their gradients with TensorFlow, but Keras runs on {backend} "
            "here; set KERAS_BACKEND=tensorflow before you import Keras."
        ).format(backend=keras.backend.backend())
    if not isinstance(model, keras.Model):
        return _("An attribution needs a Keras model, but this is of type {kind}.").format(
            kind=type(model).__name__
        )
    functional = functional_of(model)
    if functional is None:
        return _(
            "The layers of this model are not connected to an input yet, so the size of its "
            "images is unknown; start the model with keras.Input(shape=...)."
        )
    return _unsuited_input(model, functional) or _unsuited_output(functional)


def _unsuited_input(model: Any, functional: Any) -> str:
    if len(functional.inputs) != 1:
        return _(
            "An attribution explains one image, but this model takes {count} inputs."
        ).format(count=len(functional.inputs))
    if image_shape(model) is None:
        return _(
            "The input of this model is not an image: its shape is {shape}, but it must be "
            "(batch, height, width, channels)."
        ).format(shape=tuple(functional.inputs[0].shape))
    if any(_comes_channels_first(it) for it in operations_within(model)):
        return _(
            "This model takes images with the channels first, but attributions need them last: "
            'build it with data_format="channels_last".'
        )
    return ""


def _comes_channels_first(operation: Any) -> bool:
    return getattr(operation, "data_format", None) == "channels_first"


def _unsuited_output(functional: Any) -> str:
    if len(functional.outputs) != 1:
        return _(
            "An attribution explains one vector of scores, but this model has {count} outputs."
        ).format(count=len(functional.outputs))
    output = functional.outputs[0]
    if len(output.shape) != 2 or output.shape[1] is None or "float" not in output.dtype:
        return _(
            "The output of this model is not a vector of scores: it has type {dtype} and shape "
            "{shape}, but it must hold numbers of shape (batch, classes)."
        ).format(dtype=output.dtype, shape=tuple(output.shape))
    return ""


def image_shape(model: Any) -> Shape | None:
    """Returns the shape of the image that a model takes.

    An input of shape (batch, height, width, channels) is an image. So is one of shape (batch,
    side, side), or of as many numbers as a square image of 1 or 3 channels has, as 784, if its
    side is 8 or more, its numbers are no counts, and no layer looks them up in a table.

    Args:
        model: A model with one input.

    Returns:
        (height, width, channels), without the batch. Height and width may be `None`, for images
        of any size. `None` if the input is no image.

    Example:
        >>> import keras
        >>> image_shape(keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)]))
        (28, 28, 1)
    """
    functional = functional_of(model)
    if functional is None or len(functional.inputs) != 1:
        return None
    tensor = functional.inputs[0]
    shape = tuple(tensor.shape[1:])
    if len(shape) == 3:
        return shape if shape[2] is not None else None
    if None in shape or not _may_be_grey_levels(functional, tensor.dtype):
        return None
    return _square(shape)


def _may_be_grey_levels(functional: Any, dtype: str) -> bool:
    looks_up = any(type(it).__name__ == "Embedding" for it in operations_within(functional))
    return not looks_up and ("float" in dtype or dtype == "uint8")


def _square(shape: tuple[int, ...]) -> Shape | None:
    for channels in (1, 3):
        side = math.isqrt(math.prod(shape) // channels)
        whole = (side, side, channels)
        ways = [(side * side * channels,), *([whole[:2]] if channels == 1 else [])]
        if side >= _SMALLEST_SIDE and shape in ways:
            return whole
    return None


def refuse(reason: str) -> None:
    """Raises a `ValueError` with the reason why something cannot be done, if there is one."""
    if reason:
        raise ValueError(reason)


def in_batches(
    items: Sequence[Any], size: int, progress: Progress | None
) -> Iterator[Sequence[Any]]:
    """Yields the items by so many at once, and says after each batch how many are done."""
    for first in range(0, len(items), size):
        part = items[first : first + size]
        yield part
        if progress is not None:
            progress(first + len(part), len(items))
