"""The predictions of lessons 00 to 02: their truths, and what is said of likely wrong guesses."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kfunc_lab.lessons.predictions import find


def model_of(units):
    inputs = keras.Input(shape=(784,))
    dense = keras.layers.Dense(units)
    x = dense(inputs)
    outputs = keras.layers.Dense(10)(keras.layers.Dense(units)(x))
    return {
        "units": units,
        "inputs": inputs,
        "dense": dense,
        "x": x,
        "model": keras.Model(inputs, outputs),
    }


VARIABLES = {
    **model_of(64),
    "image": np.zeros((28, 28)),
    "number": None,
    "numbers": [1.0, 2.0],
    "weights": [0.5, -1.0],
    "bias": 0.5,
    "counts": {32: 26_506, 64: 55_050, 128: 118_282},
    "gradient_at": lambda weight: 0.64,
    "untrained": 0.12,
    "history": SimpleNamespace(history={"accuracy": [0.7, 0.94], "val_accuracy": [0.8, 0.91]}),
    "once": np.array([0.94, 0.05, 0.01]),
    "twice": np.array([0.55, 0.23, 0.22]),
}

# The name, a right guess, and wrong guesses with a word of what is said about each.
CASES = [
    (
        "image-numbers",
        "28 * 28",
        {"28": "row", "56": "multiplied", "2352": "colour", "255": "range"},
    ),
    (
        "input-shape",
        "(None, 784)",
        {
            "(784,)": "missing",
            "784, None": "first",
            "(1, 784)": "any size",
            "(None, 28, 28)": "row",
        },
    ),
    ("input-number", "error", {"zero": "not even", "number": "no image"}),
    (
        "dense-shape",
        "None, 64",
        {"64": "missing", "(None, 784, 64)": "weights", "(None, 784)": "leaves"},
    ),
    ("unit-output", "0", {"-1": "the sum", "-1.5": "the bias"}),
    (
        "dense-parameters",
        "784 * 64 + 64",
        {
            "784 * 64": "only the weights",
            "784*64+784": "belong",
            "784*64+1": "own",
            "848": "multiply",
        },
    ),
    (
        "model-parameters",
        "55,050",
        {
            "101130": "only the first",
            "50890": "two hidden",
            "54400": "last layer",
            "54912": "only the weights",
            "50240": "alone",
        },
    ),
    ("twice-the-units", "more", {"twice": "four times", "less": "four times"}),
    (
        "weight-step",
        "2.5 - 0.5 * 0.64",
        {"2.82": "Uphill", "1.86": "half", "0.32": "length", "2": "multiplied"},
    ),
    ("untrained-accuracy", "0.1", {"10": "share", "0": "blind", "0.5": "two classes"}),
    ("higher-curve", "training", {"validation": "new to the model"}),
    ("softmax-twice", "vaguer", {"same": "add up"}),
]


def said(text, prediction, guess, truth, variables):
    write = prediction.kind.write
    return text.format(**{**variables, "guess": write(guess), "truth": write(truth)})


@pytest.mark.parametrize(("name", "right", "wrong"), CASES, ids=[case[0] for case in CASES])
def test_guesses_are_met(name, right, wrong):
    prediction = find(name)
    kind, truth = prediction.kind, prediction.truth(VARIABLES)
    assert kind.equal(kind.read(right), truth)
    assert "{" not in said(prediction.because, prediction, kind.read(right), truth, VARIABLES)
    for text, word in wrong.items():
        guess = kind.read(text)
        assert not kind.equal(guess, truth)
        reason = prediction.wrong(guess, truth, VARIABLES)
        assert word in said(reason, prediction, guess, truth, VARIABLES), (text, reason)


@pytest.mark.parametrize("name", ["dense-shape", "dense-parameters", "model-parameters"])
def test_truth_follows_changed_cells(name):
    prediction = find(name)
    changed = VARIABLES | model_of(32)
    assert not prediction.kind.equal(prediction.truth(changed), prediction.truth(VARIABLES))
    assert "32" in said(
        prediction.because,
        prediction,
        prediction.truth(changed),
        prediction.truth(changed),
        changed,
    )
