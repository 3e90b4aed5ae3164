"""Computes the score of a class before softmax or sigmoid, in one forward pass of a model."""

import contextlib
import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kfunc_lab.activations.attribution.attribution import (
    Shape,
    image_shape,
    raise_if,
    unsupported_reason,
)
from kfunc_lab.forward.call_outputs import as_array
from kfunc_lab.forward.gradients import Watch
from kfunc_lab.forward.interception import intercept_calls, unchanged
from kfunc_lab.graph.keras.nodes import functional_of, node_of, place_of, stored_logits
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers

_FORMS = {"softmax": "softmax", "softmax_v2": "softmax", "sigmoid": "sigmoid"}
# These layers return their input's numbers in the same order, at least at inference.
_PASS_THROUGH = {"ActivityRegularization", "AlphaDropout", "Cast", "Dropout", "Flatten"}
_PASS_THROUGH |= {"GaussianDropout", "GaussianNoise", "Identity", "Reshape"}
_MAX_IMAGES = 16  # in one pass
_MAX_POSITIONS = 2**18  # in the images of one pass, to bound the memory of the layers


@dataclass(frozen=True)
class Head:
    """The form of a model's output, and the number of classes to choose from.

    Attributes:
        classes: The number of classes: 2 for a single sigmoid unit, and 1 for any other single
            number, which is then its own score.
        form: `"softmax"`, `"sigmoid"` (one unit), `"sigmoids"` (several), or `"scores"` (logits
            or any other numbers).
    """

    classes: int
    form: str


def head_of(model: Any) -> Head:
    """Returns the form of a model's output, from the layer or operation that computes it.

    Args:
        model: A model from one image to a vector of scores.

    Returns:
        The number of classes and the form of their scores. The output of a custom layer or of a
        `Lambda` counts as scores.

    Raises:
        ValueError: If the model does not support attributions.

    Example:
        >>> import keras
        >>> unit = keras.layers.Dense(1, activation="sigmoid")
        >>> head_of(keras.Sequential([keras.Input((784,)), unit]))
        Head(classes=2, form='sigmoid')
    """
    raise_if(unsupported_reason(model))
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
        elif _passes_through(node.operation) and not node.is_input:
            tensor = node.input_tensors[0]
        else:
            return _FORMS.get(_function_of(node.operation), "scores")


def _passes_through(operation: Any) -> bool:
    return type(operation).__name__ in _PASS_THROUGH or (
        type(operation).__name__ == "Activation" and _function_of(operation) == "linear"
    )


def _function_of(operation: Any) -> str:
    """Returns the name of a layer's or operation's activation function; empty if it is unknown."""
    import keras

    if _is_function(operation):
        return type(operation).__name__.lower()
    with_activation = (keras.layers.Conv2D, keras.layers.Dense, keras.layers.EinsumDense)
    if not isinstance(operation, (keras.layers.Activation, *with_activation)):
        return ""
    function = operation.activation
    return str(getattr(function, "__name__", type(function).__name__)).lower()


def _is_function(operation: Any) -> bool:
    return type(operation).__name__ in ("Softmax", "Sigmoid")


class _Pass:
    """One forward pass on images, which records the logits and watches one layer.

    Args:
        head: The form of the model's output.
        path: The path of the layer to watch, through the nested models; empty for none.
        watch: Called with that layer's output; the next layer uses what it returns.
    """

    def __init__(
        self, head: Head, path: Sequence[Any] = (), watch: Watch | None = None
    ) -> None:
        self._head = head
        self._path = path
        self._watch = watch
        self._running: list[Any] = []
        # By the `id()` of an output, which is kept alive here so that its id stays unique.
        self._logits: dict[int, tuple[Any, Any]] = {}

    def logits(self, model: Any, images: Any) -> Any:
        """Runs the model, and returns its scores before softmax or sigmoid as float32."""
        import keras

        inputs = keras.tree.pack_sequence_as(functional_of(model).input, [images])
        with unchanged(model), intercept_calls(model, self.run):
            outputs = keras.tree.flatten(model(inputs, training=False))[0]
        logits = self._logits_of(outputs)
        if logits is None:
            return _invert_function(keras.ops.cast(outputs, "float32"), self._head.form)
        return keras.ops.reshape(keras.ops.cast(logits, "float32"), outputs.shape)

    def run(self, operation: Any, call: Any, args: Any, named: dict[str, Any]) -> Any:
        """Runs a call, and records the logits of its output."""
        __tracebackhide__ = True
        self._running.append(operation)
        try:
            with self._recorded_function(operation):
                outputs = call(*args, **named)
            if self._is_watched(operation) and self._watch is not None:
                outputs = self._watch(outputs)
        finally:
            self._running.pop()
        source = args[0] if args else next(iter(named.values()), None)
        self._record(operation, outputs, source)
        return outputs

    @contextlib.contextmanager
    def _recorded_function(self, operation: Any) -> Iterator[None]:
        """Records the input of the softmax or sigmoid that a layer applies to its result."""
        function: Any = getattr(operation, "activation", None)
        if not _is_keras_function(function):
            yield
            return

        def apply(logits: Any) -> Any:
            outputs = function(logits)
            self._logits[id(outputs)] = (outputs, logits)
            return outputs

        # Bypasses Keras's own `__setattr__`, which tracks a layer's attributes.
        object.__setattr__(operation, "activation", apply)
        try:
            yield
        finally:
            object.__setattr__(operation, "activation", function)

    def _is_watched(self, operation: Any) -> bool:
        if not self._path or operation is not self._path[-1]:
            return False
        # Keras calls a `Sequential` and then the graph in it, so other calls may run in between.
        running = iter(self._running)
        return all(any(operation is outer for operation in running) for outer in self._path)

    def _record(self, operation: Any, outputs: Any, source: Any) -> None:
        if self._logits_of(outputs) is not None:
            return
        if _only_applies_function(operation):
            self._logits[id(outputs)] = (outputs, source)
        elif _passes_through(operation):
            self._logits[id(outputs)] = (outputs, self._logits_of(source))

    def _logits_of(self, tensor: Any) -> Any:
        """Returns the input of the softmax or sigmoid that computed a tensor, if it is known."""
        return self._logits.get(id(tensor), (None, stored_logits(tensor)))[1]


def _only_applies_function(operation: Any) -> bool:
    """Tells whether a layer or operation is softmax or sigmoid and nothing else."""
    import keras

    return _is_function(operation) or (
        isinstance(operation, keras.layers.Activation) and _function_of(operation) in _FORMS
    )


def _is_keras_function(function: Any) -> bool:
    import keras

    return function is keras.activations.softmax or function is keras.activations.sigmoid


def _invert_function(outputs: Any, form: str) -> Any:
    from keras import ops

    if form == "scores":
        return outputs
    # A probability that was rounded to 0 has no logarithm, nor has the complement of 1.
    precision = np.finfo(np.float32)
    logarithm = ops.log(ops.maximum(outputs, precision.tiny))
    if form == "softmax":
        return logarithm
    return logarithm - ops.log(ops.maximum(1 - outputs, precision.eps))


class ClassScore:
    """The score of one class as a function of images.

    Args:
        model: The model.
        image: The image to explain, without the batch axis.
        target: The class; by default the class that the model predicts.
    """

    def __init__(self, model: Any, image: Any, target: int | None) -> None:
        self._model = model
        self._head = head_of(model)
        self.image = _as_image(model, image)
        self.target = (
            self._predicted() if target is None else _checked_target(self._head, target)
        )

    @property
    def batch_size(self) -> int:
        """The number of images in one pass."""
        positions: int = math.prod(self.image.shape[:2])
        return min(_MAX_IMAGES, max(1, _MAX_POSITIONS // positions))

    def tensor(self, images: Any, forward_pass: _Pass | None = None) -> Any:
        """Returns the score on each image as a tensor."""
        logits = self._logits(images, forward_pass)
        if self._head.form == "sigmoid":
            return logits[:, 0] if self.target == 1 else -logits[:, 0]
        return logits[:, self.target]

    def numbers(self, images: Numbers) -> Numbers:
        """Returns the score on each image as a finite number."""
        scores = as_array(self.tensor(images))
        return check_finite(np.asarray(scores, np.float64), self.target)

    def watched_pass(self, path: Sequence[Any], watch: Watch) -> _Pass:
        """Returns a pass that watches the output of a layer."""
        return _Pass(self._head, path, watch)

    def _logits(self, images: Any, forward_pass: _Pass | None = None) -> Any:
        from keras import ops

        images = ops.convert_to_tensor(images, dtype="float32")
        if len(functional_of(self._model).inputs[0].shape) != 4:
            shape = [size or -1 for size in functional_of(self._model).inputs[0].shape[1:]]
            images = ops.reshape(images, (len(images), *shape))
        return (forward_pass or _Pass(self._head)).logits(self._model, images)

    def _predicted(self) -> int:
        (logits,) = np.asarray(as_array(self._logits(self.image[np.newaxis])))
        if self._head.form == "sigmoid":
            return int(check_finite(logits, 1)[0] > 0)
        target = int(logits.argmax())
        check_finite(logits[target], target)
        return target


def _as_image(model: Any, image: Any) -> Numbers:
    values = np.asarray(image)
    if values.dtype.kind not in "buif" and values.dtype.name != "bfloat16":
        raise ValueError(
            _("The image must be an array of numbers, but it has type {dtype}.").format(
                dtype=values.dtype
            )
        )
    input_shape = tuple(functional_of(model).inputs[0].shape[1:])
    full_shape = image_shape(model) or input_shape
    for expected in _accepted_shapes(input_shape, full_shape):
        if _fits(values.shape, expected):
            return _with_channels(values.astype(np.float32), full_shape)
    raise ValueError(
        _(
            "The image has the shape {shape}, but this model needs {expected}: pass one image, "
            "without the batch axis."
        ).format(shape=values.shape, expected=input_shape)
    )


def _accepted_shapes(input_shape: Shape, full_shape: Shape) -> list[Shape]:
    """Returns the shapes that an image may have: a single channel needs no axis."""
    return [input_shape, full_shape, *([full_shape[:2]] if full_shape[2] == 1 else [])]


def _fits(shape: tuple[int, ...], expected: Shape) -> bool:
    return len(shape) == len(expected) and all(
        size > 0 and expected_size in (None, size)
        for size, expected_size in zip(shape, expected, strict=True)
    )


def _with_channels(image: Numbers, full_shape: Shape) -> Numbers:
    if image.ndim == 2:
        return image[..., np.newaxis]
    return image if image.ndim == 3 else image.reshape([size or -1 for size in full_shape])


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


def check_finite(scores: Numbers, target: int) -> Numbers:
    """Returns the scores of a class unchanged, and raises a ValueError if one is not finite."""
    if not np.isfinite(scores).all():
        raise ValueError(
            _(
                "The score of class {target} is {score}, but it must be finite; look for NaN "
                "or infinity in the image and in the model's weights."
            ).format(target=target, score=scores[~np.isfinite(scores)].flat[0])
        )
    return scores


def check_finite_heat(heat: Numbers, target: int) -> Numbers:
    """Returns the heat of a class unchanged, and raises a ValueError if it is not finite."""
    if not np.isfinite(heat).all():
        raise ValueError(
            _(
                "The gradient of the score of class {target} is not finite everywhere; look "
                "for a layer that takes the square root, the logarithm or the reciprocal of 0."
            ).format(target=target)
        )
    return heat


def predict_class(model: Any, image: Any) -> int:
    """Returns the class that a model predicts.

    Args:
        model: A model from one image to a vector of scores.
        image: The image, as in `grad_cam`.

    Returns:
        The class with the highest score; for a single sigmoid unit, 1 above one half and 0
        otherwise.

    Raises:
        ValueError: If the model does not support attributions, the image does not fit, or the
            score is not finite.

    Example:
        >>> import keras
        >>> mean = keras.layers.GlobalAveragePooling2D()
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), mean])
        >>> predict_class(model, np.eye(3)[[[1] * 8] * 8])
        1
    """
    return ClassScore(model, image, None).target
