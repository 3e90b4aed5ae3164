"""Objects that are no model of Keras 3, named as what they are, in every view."""

from pathlib import Path

import keras
import numpy as np
import pytest

import kfunc_lab as lab
from kfunc_lab.graph.foreign.objects import describe


def stand_in(module, name="Thing", base=object, **attributes):
    """Creates an object of a class of another library, which need not be installed."""
    return type(name, (base,), {"__module__": module, **attributes})()


def keras_2_model(base=object):
    return stand_in("tf_keras.src.engine.functional", "Functional", base, layers=(), save=len)


class OfTransformers(type(keras_2_model())):
    """A class of a user that inherits from Keras 2."""


OBJECTS = {
    "functional": (keras_2_model, "a model of Keras 2"),
    "subclass": (OfTransformers, "a model of Keras 2"),
    "inside TensorFlow": (
        lambda: stand_in("tensorflow.python.keras.engine.training", layers=(), save=len),
        "a model of Keras 2",
    ),
    "layer": (lambda: stand_in("tf_keras.src.layers.core.dense"), "an object of Keras 2"),
    "tensor": (
        lambda: stand_in("tf_keras.src.engine.keras_tensor", shape=(None, 2), dtype="float32"),
        "an object of Keras 2",
    ),
    "torch": (
        lambda: stand_in("torch.nn.modules.linear", named_modules=len),
        "a model of PyTorch",
    ),
    "sklearn": (lambda: stand_in("sklearn.linear_model._base"), "scikit-learn"),
    "flax": (lambda: stand_in("flax.linen.module"), "a model of JAX"),
    "history": (lambda: keras.callbacks.History(), "history.model"),
    "text": (lambda: "model", "Pass the model itself, not its name"),
    "missing file": (lambda: "model.keras", "There is no file"),
    "missing path": (lambda: Path("models") / "best.h5", "There is no file"),
    "file": (lambda: str(Path(__file__)), "is a program"),
    "class": (lambda: keras.layers.Dense, "Create an instance of Dense first"),
    "values": (lambda: np.zeros((2, 2)), "It holds values"),
    "number": (lambda: 3, "got int"),
    "none": (lambda: None, "got NoneType"),
    "function": (lambda: len, "got builtin_function_or_method"),
}


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize(
    "view", [lab.graph, lab.shapes, lab.lint, lambda it: lab.compare(it, it)]
)
def test_object_is_named_as_what_it_is(view, name):
    make, told = OBJECTS[name]
    with pytest.raises(TypeError) as caught:
        view(make())
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [it for it in OBJECTS if it not in ("class", "values")])
def test_activations_name_it_too(name):
    make, told = OBJECTS[name]
    with pytest.raises(TypeError) as caught:
        lab.activations(make(), np.zeros((1, 2)))
    assert told.removeprefix("got ") in str(caught.value)


def test_message_speaks_of_variable_that_chooses_keras_2(monkeypatch):
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    assert "TF_USE_LEGACY_KERAS" in describe(keras_2_model())
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "0")
    assert "TF_USE_LEGACY_KERAS" not in describe(keras_2_model())


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="needs TensorFlow")
def test_objects_of_tensorflow():
    import tensorflow as tf

    compiled = tf.function(tf.identity)
    assert "tf.function" in describe(compiled)
    concrete = compiled.get_concrete_function(tf.TensorSpec((2,)))
    assert "a compiled function of TensorFlow" in describe(concrete)
    assert "a tf.Module" in describe(tf.Module())
    assert describe(tf.zeros(2)) == describe(keras.layers.Dense(2)) == ""
