"""Highlighted regions and colours by value, in the picture and on the page."""

import math
import xml.etree.ElementTree as ET

import keras
import pytest
import seed_models
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.ui.colour_scale import ink_on, scale_of


def test_model_with_shared_calls_is_region():
    encoder, autoencoder = seed_models.encoder_and_autoencoder()
    view = lab.graph(autoencoder, highlight={"encoder": encoder})
    [members] = view._emphasis["regions"]
    inside = {layer.name for layer in encoder.layers}
    assert {view.graph.call_of[it].layer for it in members} == inside
    svg = view.to_svg()
    assert svg.count('class="region-0 region-fill"') == len(inside)
    assert ">encoder</text>" in svg


def test_region_surrounds_its_boxes():
    encoder, autoencoder = seed_models.encoder_and_autoencoder()
    view = lab.graph(autoencoder, highlight={"encoder": encoder})
    svg = ET.fromstring(view.to_svg())
    boxes = []  # left, top, right, bottom; a chain, from top to bottom
    for item in svg.iterfind(".//{*}g[@data-item]"):
        if item.get("data-item") in view._emphasis["regions"][0]:
            x, y = map(float, item.get("transform")[10:-1].split())
            left, top, right, bottom = sides(item.find("{*}rect[@class='box']"))
            boxes.append((x + left, y + top, x + right, y + bottom))
    assert len(boxes) == len(encoder.layers)
    for layer in ("border", "fill"):
        bands = map(sides, svg.iterfind(f".//{{*}}rect[@class='region-0 region-{layer}']"))
        for box, band in zip(sorted_down(boxes), sorted_down(bands), strict=True):
            room = [box[0] - band[0], box[1] - band[1], band[2] - box[2], band[3] - box[3]]
            assert min(room) > 5
            assert max(room) - min(room) < 0.3  # rounding


def sides(rect):
    """Returns left, top, right and bottom of a rectangle."""
    x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def sorted_down(rects):
    return sorted(rects, key=lambda rect: rect[1])


def test_nested_models_and_layers_are_regions():
    model = seed_models.nested_autoencoder()
    encoder = model.get_layer("encoder")
    view = lab.graph(model, highlight={"first": encoder, "one": encoder.layers[1]})
    assert len(view._emphasis["regions"][0]) == len(encoder.layers) + 1  # with the group itself
    assert len(view._emphasis["regions"][1]) == 1
    x = keras.Input((4,), name="x")
    code = layers.Dense(2, name="code")(x)
    out = layers.Dense(4, name="out")(code)
    model = keras.Model(x, out)
    decoder = keras.Model(code, out, name="decoder")
    view = lab.graph(model, highlight={"decoder": decoder})
    assert "out" in view._emphasis["regions"][0]


def test_unrelated_model_raises():
    with pytest.raises(ValueError, match="'other' has no call in this graph"):
        lab.graph(seed_models.mnist_model(), highlight={"other": seed_models.ticket_model()})


def test_values_set_colours():
    with preserve_keras_state():
        view = lab.graph(keras.applications.ResNet50(weights=None))
    view.colour_by({"conv1_conv": 0.5, "conv2_block1_1_conv": 2, "conv1_bn": math.nan}, "share")
    values = {it["id"]: it for it in view._emphasis["values"]}
    assert values["conv1_conv"]["colour"] == "#440154"
    # A folded group has the largest value inside.
    assert values["conv2_block ×3"] == values["conv2_block1_1_conv"] | {"id": "conv2_block ×3"}
    assert values["conv2_block ×3"]["colour"] == "#fde725"
    assert "conv1_bn" not in values
    svg = view.to_svg()
    assert 'class="scale"' in svg
    assert ">2   share</text>" in svg
    view.colour_by({})
    assert 'class="scale"' not in view.to_svg()


def test_layer_name_colours_all_calls():
    dense = layers.Dense(4, name="shared")
    x = keras.Input((4,), name="x")
    view = lab.graph(keras.Model(x, dense(layers.ReLU()(dense(x)))))
    view.colour_by({"shared": 1.0})
    assert {it["id"] for it in view._emphasis["values"]} == {"shared", "shared#2"}


def test_unknown_names_and_invalid_values_raise():
    view = lab.graph(seed_models.mnist_model())
    with pytest.raises(ValueError, match="no call or layer 'nobody'"):
        view.colour_by({"nobody": 1})
    with pytest.raises(ValueError, match="'img' must be a number, not str"):
        view.colour_by({"img": "high"})


def test_scale_maps_values_to_colours():
    assert scale_of([-1, 3]).colour(0) == "#f7f7f7"
    assert scale_of([-1, 3]).low == -3
    assert scale_of([2, 2]).colour(2) == scale_of([0, 4]).colour(2)
    assert (ink_on("#440154"), ink_on("#fde725")) == ("#ffffff", "#000000")
