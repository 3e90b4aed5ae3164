"""The gradients of a computation, with the backend of Keras and with the others."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from backends import BACKEND, gradients_of
from keras import layers, ops

from kfunc_lab.forward.gradients import Computation, NoGradientError

OTHERS = [name for name in ("tensorflow", "jax", "torch") if name != BACKEND]


def numbers(*shape, seed=0):
    return ops.convert_to_tensor(np.random.default_rng(seed).normal(size=shape), "float32")


def test_gradients_of_inputs_and_between_are_exact():
    first, second = layers.Dense(4, activation="tanh"), layers.Dense(1)
    x = numbers(3, 2)
    second(first(x))
    computation = Computation(lambda watch: second(watch(first(watch(x))))[:, 0])
    of_x, of_hidden = computation.gradients()
    np.testing.assert_allclose(of_x, *gradients_of(lambda it: second(first(it)), x), rtol=1e-5)
    np.testing.assert_allclose(of_hidden, *gradients_of(second, first(x)), rtol=1e-5)
    assert [tuple(it.shape) for it in computation.watched] == [(3, 2), (3, 4)]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_gradients_are_repeated_and_scaled(dtype):
    x = ops.cast(numbers(5), dtype)
    computation = Computation(lambda watch: ops.sum(ops.square(watch(x))), repeatable=True)
    once, twice = computation.gradients()[0], computation.gradients(4.0)[0]
    np.testing.assert_array_equal(4 * once.astype("float32"), twice.astype("float32"))
    np.testing.assert_array_equal(once, ops.convert_to_numpy(2 * x))


def test_rows_of_an_embedding_are_summed():
    table = layers.Embedding(4, 2)
    table.build()
    weight = table.embeddings

    def compute(watch):
        with keras.StatelessScope(state_mapping=[(weight, watch(weight.value))]):
            return ops.sum(table(np.array([1, 1, 3])))

    (gradient,) = Computation(compute).gradients()
    rows = [row.tolist() for row in gradient if row.any()]
    assert rows == [[2, 2], [1, 1]]


def test_tensor_that_leads_nowhere_has_no_gradient():
    x, y = numbers(3), numbers(3, seed=1)
    of_x, of_y = Computation(lambda watch: ops.sum(watch(x) + 0 * len(watch(y)))).gradients()
    assert of_x.tolist() == [1, 1, 1]
    assert of_y is None or not of_y.any()


def test_computation_of_nothing_has_no_gradient():
    assert Computation(lambda watch: [watch(numbers(2)), None][1]).gradients() == [None]
    assert Computation(lambda watch: ops.sum(numbers(2))).gradients() == []


def test_operation_without_gradient_is_named_as_such():
    @ops.custom_gradient
    def blocked(x):
        def gradient(*_upstream, **_named):
            raise NotImplementedError("no gradient")

        return x * 1, gradient

    computation = Computation(lambda watch: ops.sum(blocked(watch(numbers(2)))))
    with pytest.raises((NoGradientError, NotImplementedError)):
        computation.gradients()


def test_weights_keep_no_gradient():
    layer, x = layers.Dense(2), numbers(3, 2)
    layer(x)
    Computation(lambda watch: ops.sum(layer(watch(x)))).gradients()
    assert all(getattr(it.value, "grad", None) is None for it in layer.weights)


@pytest.mark.parametrize("other", OTHERS)
def test_other_backend_passes_the_same_tests(other):
    if "KFUNC_LAB_OTHER_BACKEND" in os.environ:
        pytest.skip("runs in the tests of another backend")
    if importlib.util.find_spec(other) is None:
        pytest.skip(f"{other} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": other, "KFUNC_LAB_OTHER_BACKEND": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-2000:]
