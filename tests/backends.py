"""What the tests need of the backend of Keras: TensorFlow where it is there, and gradients."""

import importlib

import keras
import numpy as np
import pytest

BACKEND = keras.backend.backend()

# A test of what only TensorFlow has. With another backend it is skipped, and says why.
tensorflow_only = pytest.mark.tensorflow_only


class _TensorFlow:
    """Stands for TensorFlow with another backend: nothing is imported before its first use."""

    def __getattr__(self, name):
        try:
            return getattr(importlib.import_module("tensorflow"), name)
        except ImportError as error:  # such as pytest's question for `__wrapped__`
            raise AttributeError(name) from error


tf = importlib.import_module("tensorflow") if BACKEND == "tensorflow" else _TensorFlow()


def gradients_of(function, *tensors):
    """Returns the gradient of the sum of a function with respect to each tensor, by hand."""
    tensors = [keras.ops.convert_to_tensor(tensor) for tensor in tensors]
    if BACKEND == "tensorflow":
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            value = function(*tensors)
        found = [None if it is None else tf.convert_to_tensor(it).numpy()
                 for it in tape.gradient(value, tensors)]  # fmt: skip
    elif BACKEND == "torch":
        tensors = [tensor.detach().requires_grad_() for tensor in tensors]
        function(*tensors).sum().backward()
        found = [None if it.grad is None else it.grad.numpy() for it in tensors]
    else:
        import jax

        places = tuple(range(len(tensors)))
        found = jax.grad(lambda *these: function(*these).sum(), places)(*tensors)
    return [np.zeros(it.shape) if grad is None else np.asarray(grad)
            for it, grad in zip(tensors, found, strict=True)]  # fmt: skip


def weight_gradients(loss, weights):
    """Returns the gradient of a loss with respect to each weight, by hand."""

    def loss_with(*values):
        pairs = list(zip(weights, values, strict=True))
        with keras.StatelessScope(state_mapping=pairs, collect_losses=True):
            return loss()

    return gradients_of(loss_with, *(weight.value for weight in weights))


def drawn_natively(seed=None):
    """Draws a number from the backend's own global generator, seeded first if asked."""
    if BACKEND == "tensorflow":
        if seed is not None:
            tf.random.set_seed(seed)
        return float(tf.random.uniform(()))
    if BACKEND == "torch":
        import torch

        if seed is not None:
            torch.manual_seed(seed)
        return float(torch.rand(()))
    return 0.0  # JAX has none


def tensorflow_case(make, count=1, reason="data of TensorFlow"):
    """Returns the values of a parametrised test that are made with TensorFlow."""
    values = make() if BACKEND == "tensorflow" else (None,) * count
    return pytest.param(*values, marks=tensorflow_only(reason))
