"""The gradients of a computation, from the backend of Keras: the one place that knows them.

TensorFlow records the computation on a tape, and PyTorch on its tensors. JAX differentiates
functions only, so there the computation runs again, as a function of what is added to each of the
tensors that it watched before.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kfunc_lab.ui.arrays import Numbers

# Takes a tensor, and returns the one to compute with in its place.
Watch = Callable[[Any], Any]


class NoGradientError(LookupError):
    """An operation of the computation has no gradient."""


def has_gradients() -> bool:
    """Tells whether the backend of Keras computes gradients."""
    import keras

    return keras.backend.backend() in _BACKENDS


class Computation:
    """A computation whose gradients can be asked for.

    Args:
        compute: Computes one tensor. It gets a function, which it calls on each tensor whose
            gradient is wanted, and whose result it computes with. It may run twice, and must then
            compute the same, in the same order.
        repeatable: Whether the gradients will be asked for more than once, which takes memory.

    Attributes:
        value: What it computed; `None` if it returned `None`.
        watched: The tensors that it watched, in order.

    Example:
        >>> from keras import ops
        >>> square = Computation(lambda watch: ops.sum(watch(ops.convert_to_tensor([3.0])) ** 2))
        >>> float(square.value), square.gradients()[0].tolist()
        (9.0, [6.0])
    """

    def __init__(self, compute: Callable[[Watch], Any], repeatable: bool = False) -> None:
        import keras

        self._differentiation = _BACKENDS[keras.backend.backend()](compute, repeatable)
        self.watched: list[Any] = self._differentiation.watched
        self.value = self._differentiation.value

    def gradients(self, factor: float = 1.0) -> list[Numbers | None]:
        """Returns the gradient of the sum of the result, times a factor.

        Args:
            factor: The factor, which is multiplied before the computation is followed back.

        Returns:
            One array for each watched tensor; `None` where nothing leads from it to the result
            (with JAX an array of zeros). With TensorFlow, that of an embedding's table holds
            only the rows that were used.

        Raises:
            NoGradientError: If an operation on the way has no gradient.
        """
        if self.value is None or not self.watched:
            return [None] * len(self.watched)
        return self._differentiation.gradients(factor)


class _TensorFlow:
    def __init__(self, compute: Callable[[Watch], Any], repeatable: bool) -> None:
        import tensorflow as tf

        self.watched: list[Any] = []
        # Without the variables that nobody watches, which would be recorded too.
        self._tape = tf.GradientTape(repeatable, watch_accessed_variables=False)
        with self._tape:
            self.value = compute(self._watch)

    def _watch(self, tensor: Any) -> Any:
        self._tape.watch(tensor)
        self.watched.append(tensor)
        return tensor

    def gradients(self, factor: float) -> list[Numbers | None]:
        import tensorflow as tf

        seed = tf.fill(tf.shape(self.value), tf.cast(factor, self.value.dtype))
        try:
            gradients = self._tape.gradient(self.value, self.watched, output_gradients=seed)
        except LookupError as error:
            raise NoGradientError(str(error)) from error
        return [None if gradient is None else _dense(gradient) for gradient in gradients]


def _dense(gradient: Any) -> Numbers:
    """Returns a gradient of TensorFlow as an array."""
    import tensorflow as tf

    if isinstance(gradient, tf.IndexedSlices):  # of an embedding: one row for each token used
        rows, row_of_token = tf.unique(gradient.indices)
        gradient = tf.math.unsorted_segment_sum(gradient.values, row_of_token, tf.size(rows))
    return np.asarray(gradient)


class _Torch:
    def __init__(self, compute: Callable[[Watch], Any], repeatable: bool) -> None:
        import torch

        self.watched: list[Any] = []
        self._repeatable = repeatable
        with torch.enable_grad():
            self.value = compute(self._watch)

    def _watch(self, tensor: Any) -> Any:
        if not tensor.requires_grad and tensor.is_floating_point():
            tensor = tensor.detach().requires_grad_()
        self.watched.append(tensor)
        return tensor

    def gradients(self, factor: float) -> list[Numbers | None]:
        import keras
        import torch

        sources = [tensor for tensor in self.watched if tensor.requires_grad]
        if not self.value.requires_grad or not sources:
            return [None] * len(self.watched)
        try:
            found = torch.autograd.grad(  # unlike `backward`, it stores nothing in the weights
                self.value,
                sources,
                torch.full_like(self.value, factor),
                retain_graph=self._repeatable,
                allow_unused=True,
            )
        except (RuntimeError, NotImplementedError) as error:
            raise NoGradientError(str(error)) from error
        by_source = dict(zip(map(id, sources), found, strict=True))
        gradients = (by_source.get(id(tensor)) for tensor in self.watched)
        return [
            None if gradient is None else keras.ops.convert_to_numpy(gradient)
            for gradient in gradients
        ]


class _Jax:
    def __init__(self, compute: Callable[[Watch], Any], _repeatable: bool) -> None:
        self._compute = compute
        self._pull_back: Any = None
        self.watched: list[Any] = []
        self.value = compute(self._watch)

    def _watch(self, tensor: Any) -> Any:
        self.watched.append(tensor)
        return tensor

    def _again(self, changes: Sequence[Any]) -> Any:
        """Computes the same, with a change added to each watched tensor."""
        remaining = iter(changes)
        return self._compute(lambda tensor: tensor + next(remaining))

    def gradients(self, factor: float) -> list[Numbers | None]:
        import jax

        try:
            if self._pull_back is None:
                changes = list(map(jax.numpy.zeros_like, self.watched))
                _value, self._pull_back = jax.vjp(self._again, changes)
            (gradients,) = self._pull_back(jax.numpy.full_like(self.value, factor))
        except Exception as error:  # it ran before, so differentiating it is what fails
            raise NoGradientError(str(error)) from error
        return [
            None if gradient.dtype == jax.dtypes.float0 else np.asarray(gradient)
            for gradient in gradients
        ]


_BACKENDS: dict[str, type[_TensorFlow] | type[_Torch] | type[_Jax]] = {
    "tensorflow": _TensorFlow,
    "torch": _Torch,
    "jax": _Jax,
}
