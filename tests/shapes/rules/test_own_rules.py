"""Rules for custom layer classes."""

import keras
import pytest
from keras import layers

import kfunc_lab as lab
from kfunc_lab.shapes.rules import formulas
from kfunc_lab.shapes.rules.arithmetic import ceiling, number
from kfunc_lab.shapes.rules.rule import Derivation, WeightSize, axis, batch


class Thin(layers.Layer):
    """Keeps every n-th step and scales it."""

    def __init__(self, step=2, **options):
        super().__init__(**options)
        self.step = step

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), name="scale")

    def call(self, x):
        return x[:, :: self.step] * self.scale

    def get_config(self):
        return {**super().get_config(), "step": self.step}


def thin(given):
    size = ceiling(number(given.shape[1], "n") / number(given.get("step"), "s"))
    features = axis("features", given.shape[2], "input")
    scale = WeightSize("scale", (number(given.shape[2], "n"),))
    return Derivation(((batch(given), axis("steps", size), features),), (scale,))


@pytest.fixture(autouse=True)
def without_rules(monkeypatch):
    monkeypatch.setattr(formulas, "_custom_rules", {})
    formulas._derived.cache_clear()


def view(step=3):
    x = keras.Input((10, 4), name="x")
    return lab.shapes(keras.Model(x, Thin(step, name="thin")(x)))


def test_registered_rule_explains_and_recomputes():
    lab.shape_rule(Thin, settings=("step",))(thin)
    shown = view()
    assert "steps: ⌈10/3⌉ = 4" in shown.to_text()
    assert "scale: 4" in shown.to_text()
    shown.change("thin", step=5)
    assert shown.changed.call_of["thin"].outputs[0].shape == (None, 2, 4)
    shown.change("x", shape=(11, 8))
    assert shown.changed.call_of["thin"].parameters == 8
    assert view(2).to_text().count("⌈10/2⌉ = 5") == 1  # the default


def test_layer_without_rule_computes_its_shape():
    shown = view()
    assert "Computed by the layer itself." in shown.to_text()
    shown.change("x", shape=(11, 8))
    assert shown.changed.call_of["thin"].outputs[0].shape == (None, 4, 8)
    assert shown.changed.call_of["thin"].parameters == 8
    assert shown._panel_of("thin")["controls"] == []


@pytest.mark.parametrize(
    ("faulty", "words"),
    [
        ("shape", "Its shape rule disagrees with the layer."),
        ("weights", "Its shape rule disagrees with the layer."),
        ("error", "Its shape rule fails: KeyError: 'stride'"),
    ],
)
def test_incorrect_rule_is_ignored(faulty, words):
    @lab.shape_rule(Thin)
    def wrong(given):
        if faulty == "error":
            return given.settings["stride"]
        right = thin(given)
        if faulty == "weights":
            return Derivation(right.outputs)
        return Derivation((right.outputs[0][:2],), right.weights)

    shown = view()
    assert words in shown.to_text()
    assert shown.changed.call_of["thin"].outputs[0].shape == (None, 4, 4)
    shown.change("x", shape=(11, 8))
    assert shown.changed.call_of["thin"].outputs[0].shape == (None, 4, 8)
