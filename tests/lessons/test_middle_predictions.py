"""The predictions of lessons 03 to 06: their truths, and what is said of likely wrong guesses."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from kfunc_lab.lessons.predictions import find


def dense_model(inputs, units, name):
    entry = keras.Input((inputs,))
    return keras.Model(entry, layers.Dense(units)(entry), name=name)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The variables of lesson 03, with a small model."""
    folder = tmp_path_factory.mktemp("saved")
    model = dense_model(4, 3, "model")
    model.compile("rmsprop", "mse")
    model.fit(np.ones((2, 4)), np.ones((2, 3)), verbose=0)
    model.save(folder / "model.keras")
    anew = keras.models.load_model(folder / "model.keras")
    anew.compile("rmsprop", "mse")

    class Double(layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    inputs = keras.Input((3,))
    keras.Model(inputs, Double()(inputs)).save(folder / "double.keras")
    (folder / "weights").write_bytes(bytes(126))
    return {
        "model": model,
        "loaded": keras.models.load_model(folder / "model.keras"),
        "anew": anew,
        "weights": folder / "weights",
        "own_path": folder / "double.keras",
        "moved": {"model": 0.1, "loaded": 0.1, "anew": 0.3},
    }


@pytest.fixture(scope="module")
def cut():
    """The variables of lesson 04, without training."""
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(16, 3)(inputs)
    maps = layers.Conv2D(16, 5)(layers.MaxPooling2D(3)(layers.Conv2D(32, 3)(x)))
    return {
        "x": x,
        "encoder": keras.Model(inputs, layers.GlobalMaxPooling2D()(maps)),
        "before": np.zeros((5, 2)),
        "after": np.ones((5, 2)),
        "pooled_maps": np.zeros((1, 8, 8, 32)),
    }


@pytest.fixture(scope="module")
def nested():
    """The variables of lesson 05."""
    encoder, decoder = dense_model(16, 8, "encoder"), dense_model(8, 16, "decoder")
    image, features = keras.Input((16,)), keras.Input((128,))
    models = [dense_model(128, 1, f"member_{number}") for number in range(3)]
    m = dense_model(16, 8, "m")
    encoder.trainable = False
    return {
        "m": m,
        "outer": keras.Model(image, m(image)),
        "encoder": encoder,
        "autoencoder": keras.Model(image, decoder(encoder(image))),
        "before": np.ones(3),
        "after": np.zeros(3),
        "members": 3,
        "models": models,
        "ensemble": keras.Model(features, layers.average([it(features) for it in models])),
    }


@pytest.fixture(scope="module")
def tickets():
    """The variables of lesson 06."""
    tensors = {
        name: SimpleNamespace(shape=shape)
        for name, shape in {
            "title_vectors": (None, None, 64),
            "title_features": (None, 128),
            "body_features": (None, 32),
            "tags": (None, 12),
            "x": (None, 172),
        }.items()
    }
    return {
        **tensors,
        "guess": {"department": np.float32(0.27)},
        "result": {"department_accuracy": 0.88},
        "mixed_up": {"department_accuracy": 0.24},
    }


# The lesson's variables, the name, a right guess, and wrong guesses with a word of what is said.
CASES = [
    ("saved", "file-size", "2.1", {"1": "else", "0.5": "compressed"}),
    ("saved", "loaded-model", "equal", {"itself": "outlives", "new": "you saw"}),
    ("saved", "optimizer-steps", "0", {"1": "another one"}),
    ("saved", "different-step", "anew", {"none": "one of them is new", "loaded": "averages"}),
    ("saved", "own-class", "fails", {"file": "none of its code", "notebook": "register"}),
    (
        "cut",
        "convolution-shape",
        "None, 26, 26, 16",
        {"(26, 26, 16)": "missing", "None,28,28,16": "beyond", "None,26,26,1": "channels"},
    ),
    ("cut", "map-height", "4", {"20": "divides", "8": "on the way", "1": "leaves"}),
    ("cut", "changed-codes", "5", {"0": "of its own"}),
    (
        "cut",
        "cut-shape",
        "(1, 8, 8, 32)",
        {"None,8,8,32": "size 1", "8,8,32": "missing", "1,24,24,32": "layer 2"},
    ),
    ("nested", "second-dense", "1", {"2": "creates no layer", "0": "inside"}),
    ("nested", "layers-of-chain", "3", {"2": "InputLayer", "5": "inside"}),
    ("nested", "zeroed-encoder", "black", {"same": "itself", "others": "Every number"}),
    ("nested", "ensemble-parameters", "387", {"129": "one member", "384": "bias"}),
    ("nested", "trainable-parameters", "8*16+16", {"136": "frozen", "280": "stays frozen"}),
    (
        "tickets",
        "text-features-shape",
        "None, 128",
        {"None,None,128": "words is gone", "None,64": "word's", "128": "missing"},
    ),
    ("tickets", "joined-length", "128 + 32 + 12", {"160": "tags", "3": "row", "128": "add"}),
    ("tickets", "best-guess", "0.25", {"25": "between", "0.5": "two answers"}),
    ("tickets", "mixed-up-inputs", "worse", {"error": "nothing fails", "same": "order"}),
]


@pytest.mark.parametrize(
    ("of", "name", "right", "wrong"), CASES, ids=[case[1] for case in CASES]
)
def test_guesses_are_met(request, of, name, right, wrong):
    variables = request.getfixturevalue(of)
    prediction = find(name)
    kind, truth = prediction.kind, prediction.truth(variables)
    assert kind.equal(kind.read(right), truth)
    for text, word in wrong.items():
        guess = kind.read(text)
        assert not kind.equal(guess, truth)
        assert word in prediction.wrong(guess, truth, variables), text


def test_registered_class_is_found(saved):
    with keras.saving.custom_object_scope({"Double": layers.Identity}):
        assert find("own-class").truth(saved) == "notebook"


def test_unequal_weights_and_equal_answers_are_noticed(saved, nested, tickets):
    new = dense_model(4, 3, "new")
    assert find("loaded-model").truth(saved | {"loaded": new}) == "new"
    assert find("zeroed-encoder").truth(nested | {"after": np.ones(3)}) == "same"
    assert find("mixed-up-inputs").truth(tickets | {"mixed_up": tickets["result"]}) == "same"
