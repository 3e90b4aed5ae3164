"""The `Attribution` dataclass, and which models and inputs support attributions."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kfunc_lab.forward.gradients import has_gradients
from kfunc_lab.graph.keras.nodes import functional_of, operations_within
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers

# Called after each batch with the number of finished passes and of all passes.
Progress = Callable[[int, int], None]

# The shape of one sample, without the batch axis; `None` stands for any size.
Shape = tuple[int | None, ...]

# A smaller square of numbers is more likely a row of a table than an image.
_MIN_SIDE = 8


@dataclass(frozen=True)
class Attribution:
    """How much each pixel of an image contributes to a class's score.

    Attributes:
        method: `"grad_cam"`, `"integrated_gradients"` or `"occlusion"`.
        target: The class.
        layer: The layer whose maps were weighted, as named by `layers_for_grad_cam`; empty for
            the other methods.
        heat: An array of shape (height, width), the image's size. It is positive where the image
            supports the class, and negative, which Grad-CAM never returns, where it opposes it.
        score: The class's score on the image, before softmax or sigmoid.
        baseline_score: The class's score on the baseline, or on an image of the fill only; `None`
            for Grad-CAM.
        gap: For integrated gradients, the distance of their sum from the difference of the two
            scores, relative to that difference; infinite if the scores are equal and the sum is
            not 0.
        grid: Grad-CAM's map in the layer's own size, or the drop in score for each hidden square;
            `None` for integrated gradients.
    """

    method: str
    target: int
    layer: str
    heat: Numbers
    score: float
    baseline_score: float | None = None
    gap: float | None = None
    grid: Numbers | None = None


def unsupported_reason(model: Any) -> str:
    """Says why a model does not support attributions.

    Args:
        model: Any object; supported is a model from one image to a vector of scores.

    Returns:
        A sentence; empty if attributions are supported.

    Example:
        >>> import keras
        >>> image = keras.Input((8, 8, 1))
        >>> scores = keras.layers.Dense(3)(keras.layers.Flatten()(image))
        >>> unsupported_reason(keras.Model(image, scores))
        ''
    """
    import keras

    if not has_gradients():
        return _(
            "Attributions need gradients, and the backend {backend} computes none; set "
            "KERAS_BACKEND to tensorflow, jax or torch before you import Keras."
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
    return _unsupported_input(model, functional) or _unsupported_output(functional)


def _unsupported_input(model: Any, functional: Any) -> str:
    if len(functional.inputs) != 1:
        return _(
            "An attribution explains one image, but this model takes {count} inputs."
        ).format(count=len(functional.inputs))
    if image_shape(model) is None:
        return _(
            "The input of this model is not an image: its shape is {shape}, but it must be "
            "(batch, height, width, channels)."
        ).format(shape=tuple(functional.inputs[0].shape))
    if any(map(_is_channels_first, operations_within(model))):
        return _(
            "This model takes images with the channels first, but attributions need them last: "
            'build it with data_format="channels_last".'
        )
    return ""


def _is_channels_first(operation: Any) -> bool:
    return getattr(operation, "data_format", None) == "channels_first"


def _unsupported_output(functional: Any) -> str:
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

    An input of shape (batch, height, width, channels) is an image. So is an input of shape
    (batch, side, side), or with as many numbers as a square image with 1 or 3 channels, such as
    784, if the side is at least 8, the numbers are not counts, and no layer embeds them.

    Args:
        model: A model with one input.

    Returns:
        (height, width, channels), without the batch axis. Height and width are `None` for images
        of any size. `None` if the input is not an image.

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
    operations = operations_within(functional)
    has_embedding = any(type(operation).__name__ == "Embedding" for operation in operations)
    return not has_embedding and ("float" in dtype or dtype == "uint8")


def _square(shape: tuple[int, ...]) -> Shape | None:
    for channels in (1, 3):
        side = math.isqrt(math.prod(shape) // channels)
        image = (side, side, channels)
        accepted = [(side * side * channels,), *([image[:2]] if channels == 1 else [])]
        if side >= _MIN_SIDE and shape in accepted:
            return image
    return None


def raise_if(reason: str) -> None:
    """Raises a `ValueError` with a reason, unless the reason is empty."""
    if reason:
        raise ValueError(reason)


def in_batches(
    items: Sequence[Any], size: int, progress: Progress | None
) -> Iterator[Sequence[Any]]:
    """Yields the items in batches of `size`, and reports progress after each batch."""
    for first in range(0, len(items), size):
        batch = items[first : first + size]
        yield batch
        if progress is not None:
            progress(first + len(batch), len(items))
