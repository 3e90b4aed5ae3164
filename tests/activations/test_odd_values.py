"""Values of every shape and type have a picture, a text and statistics."""

import json
import warnings
from xml.dom import minidom

import keras
import numpy as np
import pytest
from keras import layers, ops

import kfunc_lab as lab


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def of(function, x, dtype="float32"):
    symbol = keras.Input(x.shape[1:], dtype=dtype)
    return keras.Model(symbol, function(symbol)), x


def texts():
    words = layers.TextVectorization(vocabulary=["a", "b"])
    return of(words, np.array(["a b", "b", "a ? b a"]), "string")


ODD = {
    "one number for each sample": lambda: of(lambda x: x * 2, numbers(3)),
    "one number for all": lambda: of(ops.mean, numbers(3, 2)),
    "a matrix for all": lambda: of(lambda x: ops.matmul(ops.transpose(x), x), numbers(3, 2)),
    "no channels": lambda: of(lambda x: x[..., :0], numbers(3, 8, 8, 2)),
    "no steps": lambda: of(layers.Dense(2), numbers(3, 0, 4)),
    "five axes": lambda: of(layers.Conv3D(3, 2), numbers(2, 3, 5, 5, 2)),
    "six axes": lambda: of(layers.Dense(2), numbers(2, 2, 3, 2, 3, 2)),
    "many channels": lambda: of(layers.Conv2D(3000, 1), numbers(2, 2, 2, 3)),
    "long vector": lambda: of(layers.Flatten(), numbers(2, 30, 30)),
    "NaN": lambda: of(lambda x: ops.sqrt(x), numbers(2, 6, 6, 3)),
    "only NaN": lambda: of(lambda x: x * np.nan, numbers(2, 8, 8, 3)),
    "infinite": lambda: of(lambda x: 1 / (x * 0), numbers(2, 6)),
    "huge": lambda: of(lambda x: x * 3e38, numbers(2, 6)),
    "tiny": lambda: of(lambda x: x * 1e-40, numbers(2, 6)),
    "truth values": lambda: of(lambda x: x > 0, numbers(2, 6, 6, 3)),
    "large integers": lambda: of(lambda x: ops.cast(x, "int64") + 2**60, numbers(2, 6)),
    "half precision": lambda: of(lambda x: ops.cast(x, "bfloat16"), numbers(2, 70)),
    "text": texts,
    "a mask beside it": lambda: of(
        lambda x: layers.LSTM(2)(layers.Embedding(5, 3, mask_zero=True)(x)),
        np.array([[1, 2, 0], [3, 0, 0]]),
        "int32",
    ),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_values_have_picture_text_and_statistics(kind):
    model, x = ODD[kind]()
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        view = lab.activations(model, x)
        for item in (*view.graph.call_of, *view.graph.group_of):
            view.selected = item
            view.unit = 0
            for picture, _name in view._panel.get("pictures", ()):
                view.picture = picture
                assert view._panel["shown"]["type"]
        for sample in range(len(x)):
            view.sample = sample
        for quantity in ("zeros", "dead", "norm", "deviation", "maximum"):
            view._quantity = quantity
        json.dumps(view.page_state(), allow_nan=False)
    minidom.parseString(view.to_svg())
    lines = view.to_text().splitlines()
    assert len(lines) >= 4
    assert view.to_text() == lab.activations(model, x).to_text()


@pytest.mark.parametrize("kind", ODD)
def test_odd_values_over_limit_have_pictures(kind):
    model, x = ODD[kind]()
    low = lab.activations(model, x, limit=1e-6)
    assert not low._batch.recording.complete or not low._batch.recording.needed
    for item in low.graph.call_of:
        low.selected = item
        assert low._panel["item"] == item
    minidom.parseString(low.to_svg())


def test_unit_of_long_vector_is_shown():
    model, x = ODD["long vector"]()
    view = lab.activations(model, x)
    view.selected = model.layers[-1].name
    assert view._panel["picture"] == "heatmap"
    view.unit = 899
    assert view._panel["unit"]["title"].startswith("unit 899: ")


def test_answers_are_the_outputs_of_the_model():
    x = keras.Input((3, 2))
    _sequence, h, c = layers.LSTM(2, return_sequences=True, return_state=True, name="lstm")(x)
    model = keras.Model(x, {"cell": c, "hidden": h})
    data = numbers(2, 3, 2)
    view = lab.activations(model, data)
    expected = model(data, training=False)
    answers = {it["name"]: it["bars"]["values"] for it in view._band["outputs"]}
    assert answers == {key: expected[key][0].numpy().tolist() for key in ("cell", "hidden")}


def test_optional_input_without_values_is_explained():
    class Optional(layers.Layer):
        def call(self, x, y=None):
            return x if y is None else x + y

    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b", optional=True)
    view = lab.activations(keras.Model([a, b], Optional()(a, b)), [numbers(2, 3), None])
    view.selected = "b"
    assert view._panel["empty"] == "It returned no numbers."
    assert [it["name"] for it in view._band["inputs"]] == ["a"]
