"""The score of a class before softmax or sigmoid, from one forward pass of a model."""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kfunc_lab.activations.attribution.attribution import Shape, image_shape, refuse, suits
from kfunc_lab.forward.interception import intercept_calls, unchanged
from kfunc_lab.graph.keras.nodes import functional_of, kept_logits, node_of, place_of
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers

_FORMS = {"softmax": "softmax", "softmax_v2": "softmax", "sigmoid": "sigmoid"}
# They give the numbers that they take, at inference at least, in the same order.
_PASSING_ON = {"ActivityRegularization", "AlphaDropout", "Cast", "Dropout", "Flatten"}
_PASSING_ON |= {"GaussianDropout", "GaussianNoise", "Identity", "Reshape"}
_MOST_IMAGES = 16  # in one pass
_MOST_POSITIONS = 2**18  # in the images of one pass, for what the layers make of them


@dataclass(frozen=True)
class Head:
    """What a model's output is, as far as a class can be chosen.

    Attributes:
        classes: How many classes may be chosen: for a single sigmoid unit 2, for a single number
            1, which is the number itself.
        form: `"softmax"`, `"sigmoid"` (one unit), `"sigmoids"` (several), or `"scores"` (logits
            or any other numbers).
    """

    classes: int
    form: str


def head_of(model: Any) -> Head:
    """Tells what a model's output is, from the layer or operation that makes it.

    Args:
        model: A model from one image to a vector of scores.

    Returns:
        How many classes may be chosen, and of which form their scores are. The output of a layer
        of one's own or of a `Lambda` counts as scores.

    Raises:
        ValueError: If attributions cannot be made for the model.

    Example:
        >>> import keras
        >>> unit = keras.layers.Dense(1, activation="sigmoid")
        >>> head_of(keras.Sequential([keras.Input((784,)), unit]))
        Head(classes=2, form='sigmoid')
    """
    refuse(suits(model))
    functional = functional_of(model)
    form, units = _form(functional), int(functional.outputs[0].shape[1])
    if form == "sigmoid":
        return Head(2, form) if units == 1 else Head(units, "sigmoids")
    return Head(units, form)


def _form(functional: Any) -> str:
    tensor = functional.outputs[0]
    while True:
        node = node_of(tensor)
        inner = functional_of(node.operation)
        if inner is not None:
            tensor = inner.outputs[place_of(tensor)[2]]
        elif _passes_on(node.operation) and not node.is_input:
            tensor = node.input_tensors[0]
        else:
            return _FORMS.get(_function_of(node.operation), "scores")


def _passes_on(operation: Any) -> bool:
    return type(operation).__name__ in _PASSING_ON or (
        type(operation).__name__ == "Activation" and _function_of(operation) == "linear"
    )


def _function_of(operation: Any) -> str:
    """Returns the name of the function that a layer or operation applies last, if that is known."""
    import keras

    if _is_function(operation):
        return type(operation).__name__.lower()
    ending = (keras.layers.Conv2D, keras.layers.Dense, keras.layers.EinsumDense)
    if not isinstance(operation, (keras.layers.Activation, *ending)):
        return ""
    function = operation.activation
    return str(getattr(function, "__name__", type(function).__name__)).lower()


def _is_function(operation: Any) -> bool:
    return type(operation).__name__ in ("Softmax", "Sigmoid")


class _Pass:
    """Is called in the place of each call, while a model runs on images once.

    Args:
        head: What the model's output is.
        path: The layer whose result is watched, after the models around it; empty for none.
        watch: Is called with that result before anything is made of it.
    """

    def __init__(
        self, head: Head, path: Sequence[Any] = (), watch: Callable[[Any], None] | None = None
    ) -> None:
        self._head = head
        self._path = path
        self._watch = watch
        self._running: list[Any] = []
        # By the `id()` of a result, which is kept with it so that no other takes that id.
        self._logits: dict[int, tuple[Any, Any]] = {}
        self.maps: Any = None

    def logits(self, model: Any, images: Any) -> Any:
        """Runs the model, and returns its scores before softmax or sigmoid, in float32."""
        import keras
        import tensorflow as tf

        inputs = keras.tree.pack_sequence_as(functional_of(model).input, [images])
        with unchanged(model), intercept_calls(model, self.run):
            outputs = keras.tree.flatten(model(inputs, training=False))[0]
        logits = self._known(outputs)
        if logits is None:
            return _without_function(tf.cast(outputs, tf.float32), self._head.form)
        return tf.reshape(tf.cast(logits, tf.float32), tf.shape(outputs))

    def run(self, operation: Any, call: Any, args: Any, named: dict[str, Any]) -> Any:
        """Runs a call, and notes what its result was made of."""
        __tracebackhide__ = True
        self._running.append(operation)
        try:
            outputs = call(*args, **named)
            if self._is_watched(operation) and self._watch is not None:
                self.maps = outputs
                self._watch(outputs)
        finally:
            self._running.pop()
        source = args[0] if args else next(iter(named.values()), None)
        self._note(operation, outputs, source)
        return outputs

    def _is_watched(self, operation: Any) -> bool:
        if not self._path or operation is not self._path[-1]:
            return False
        # Keras calls a `Sequential` and then the graph in it, so that others may stand between.
        running = iter(self._running)
        return all(any(it is outer for it in running) for outer in self._path)

    def _note(self, operation: Any, outputs: Any, source: Any) -> None:
        if self._known(outputs) is not None:
            return
        if _applies_only(operation):
            self._logits[id(outputs)] = (outputs, source)
        elif _passes_on(operation):
            self._logits[id(outputs)] = (outputs, self._known(source))

    def _known(self, tensor: Any) -> Any:
        """Returns what softmax or sigmoid was applied to for a tensor, if that is known."""
        return self._logits.get(id(tensor), (None, kept_logits(tensor)))[1]


def _applies_only(operation: Any) -> bool:
    """Tells whether a layer or operation is softmax or sigmoid, and nothing besides."""
    import keras

    return _is_function(operation) or (
        isinstance(operation, keras.layers.Activation) and _function_of(operation) in _FORMS
    )


def _without_function(outputs: Any, form: str) -> Any:
    import tensorflow as tf

    if form == "scores":
        return outputs
    # A probability that was rounded to 0 or 1 has no logarithm, or none of its rest.
    exact = np.finfo(np.float32)
    logarithm = tf.math.log(tf.maximum(outputs, exact.tiny))
    if form == "softmax":
        return logarithm
    return logarithm - tf.math.log(tf.maximum(1 - outputs, exact.eps))


class Explained:
    """A class's score, which is to be explained, as a function of images.

    Args:
        model: The model.
        image: The image, without the batch.
        target: The class; by default the one that the model gives.
    """

    def __init__(self, model: Any, image: Any, target: int | None) -> None:
        self._model = model
        self._head = head_of(model)
        self.image = _as_image(model, image)
        self.target = (
            self._predicted() if target is None else _checked_target(self._head, target)
        )

    @property
    def batch(self) -> int:
        """How many images go into one pass."""
        positions: int = math.prod(self.image.shape[:2])
        return min(_MOST_IMAGES, max(1, _MOST_POSITIONS // positions))

    def of(self, images: Any, run: _Pass | None = None) -> Any:
        """Returns the score on each image, as a tensor."""
        logits = self._logits(images, run)
        if self._head.form == "sigmoid":
            return logits[:, 0] if self.target == 1 else -logits[:, 0]
        return logits[:, self.target]

    def on(self, images: Numbers) -> Numbers:
        """Returns the score on each image, as numbers that are finite."""
        return finite(np.asarray(self.of(images), np.float64), self.target)

    def watching(self, path: Sequence[Any], watch: Callable[[Any], None]) -> _Pass:
        """Returns a pass in which the result of a layer is watched."""
        return _Pass(self._head, path, watch)

    def _logits(self, images: Any, run: _Pass | None = None) -> Any:
        import tensorflow as tf

        images = tf.cast(images, tf.float32)
        if len(functional_of(self._model).inputs[0].shape) != 4:
            shape = [it or -1 for it in functional_of(self._model).inputs[0].shape[1:]]
            images = tf.reshape(images, (len(images), *shape))
        return (run or _Pass(self._head)).logits(self._model, images)

    def _predicted(self) -> int:
        logits = np.asarray(self._logits(self.image[np.newaxis]))[0]
        if self._head.form == "sigmoid":
            return int(finite(logits, 1)[0] > 0)
        target = int(logits.argmax())
        finite(logits[target], target)
        return target


def _as_image(model: Any, image: Any) -> Numbers:
    values = np.asarray(image)
    if values.dtype.kind not in "buif" and values.dtype.name != "bfloat16":
        raise ValueError(
            _("The image must be an array of numbers, but it has type {dtype}.").format(
                dtype=values.dtype
            )
        )
    own = tuple(functional_of(model).inputs[0].shape[1:])
    whole = image_shape(model) or own
    for expected in _ways_to_give(own, whole):
        if _fits(values.shape, expected):
            return _with_channels(values.astype(np.float32), whole)
    raise ValueError(
        _(
            "The image has the shape {shape}, but this model needs {expected}: pass one image, "
            "without the batch axis."
        ).format(shape=values.shape, expected=own)
    )


def _ways_to_give(own: Shape, whole: Shape) -> list[Shape]:
    """Returns the shapes in which an image may be given: one channel needs no axis."""
    return [own, whole, *([whole[:2]] if whole[2] == 1 else [])]


def _fits(shape: tuple[int, ...], expected: Shape) -> bool:
    return len(shape) == len(expected) and all(
        size > 0 and wanted in (None, size)
        for size, wanted in zip(shape, expected, strict=True)
    )


def _with_channels(image: Numbers, whole: Shape) -> Numbers:
    if image.ndim == 2:
        return image[..., np.newaxis]
    return image if image.ndim == 3 else image.reshape([it or -1 for it in whole])


def _checked_target(head: Head, target: Any) -> int:
    try:
        number: int = operator.index(target)
    except TypeError:
        number = -1
    if not 0 <= number < head.classes:
        raise ValueError(
            _(
                "The target is {target}, but this model has the classes 0 to {last}; choose "
                "one of them, or None for the class that the model predicts."
            ).format(target=repr(target), last=head.classes - 1)
        )
    return number


def finite(scores: Numbers, target: int) -> Numbers:
    """Returns scores of a class as they are, and refuses those that are not finite."""
    if not np.isfinite(scores).all():
        raise ValueError(
            _(
                "The score of class {target} is {score}, but it must be finite; look for NaN "
                "or infinity in the image and in the model's weights."
            ).format(target=target, score=scores[~np.isfinite(scores)].flat[0])
        )
    return scores


def finite_heat(heat: Numbers, target: int) -> Numbers:
    """Returns heat for a class as it is, and refuses what is not finite."""
    if not np.isfinite(heat).all():
        raise ValueError(
            _(
                "The gradient of the score of class {target} is not finite everywhere; look "
                "for a layer that takes the square root, the logarithm or the reciprocal of 0."
            ).format(target=target)
        )
    return heat


def predicted(model: Any, image: Any) -> int:
    """Returns the class that a model gives.

    Args:
        model: A model from one image to a vector of scores.
        image: Of shape (height, width, channels), in the scale that the model expects; for a
            model of flattened images also flat.

    Returns:
        The class of the greatest score; for a single sigmoid unit 1 above one half, else 0.

    Raises:
        ValueError: If attributions cannot be made for the model, the image does not fit, or the
            score is not finite.

    Example:
        >>> import keras
        >>> mean = keras.layers.GlobalAveragePooling2D()
        >>> predicted(keras.Sequential([keras.Input((8, 8, 3)), mean]), np.eye(3)[[[1] * 8] * 8])
        1
    """
    return Explained(model, image, None).target
