"""Custom layers are judged by what saving and loading makes of them."""

import sys
import types

import keras
import pytest
from keras import layers

import kfunc_lab as lab


class Scale(layers.Layer):
    """Takes no name; its `get_config` returns one."""

    def __init__(self, by=1.0):
        super().__init__()
        self.by = by

    def call(self, x):
        return x * self.by

    def get_config(self):
        return {**super().get_config(), "by": self.by}


class NamedScale(Scale):
    def __init__(self, by=1.0, **kwargs):
        layers.Layer.__init__(self, **kwargs)
        self.by = by


class Forgetful(NamedScale):
    """Its configuration omits `by`."""

    def get_config(self):
        return layers.Layer.get_config(self)


class ForgetfulInside(layers.Layer):
    """The same, but `by` is kept only in a layer inside."""

    def __init__(self, units=2, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(units)

    def call(self, x):
        return self.dense(x)

    def get_config(self):
        return super().get_config()


class Strict(NamedScale):
    """Refuses what it returns itself."""

    def get_config(self):
        return {**super().get_config(), "by": str(self.by)}

    @classmethod
    def from_config(cls, config):
        if not isinstance(config["by"], float):
            raise TypeError("by must be a number")
        return cls(**config)


class Block(layers.Layer):
    """Creates its inner layers itself, so that nobody asks for their configuration."""

    def __init__(self, by=2.0, **kwargs):
        super().__init__(**kwargs)
        self.by = by
        self.inner = [Scale(by), Forgetful(by), Unsaved(object())]

    def call(self, x):
        for layer in self.inner:
            x = layer(x)
        return x

    def get_config(self):
        return {**super().get_config(), "by": self.by}


class Unsaved(layers.Layer):
    """Has no working `get_config`."""

    def __init__(self, helper):
        super().__init__()
        self.helper = helper

    def call(self, x):
        return x


class Holder(layers.Layer):
    """Returns the inner layer in its configuration, so that loading builds it from its own."""

    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, x):
        return self.inner(x)

    def get_config(self):
        inner = keras.saving.serialize_keras_object(self.inner)
        return {**super().get_config(), "inner": inner}

    @classmethod
    def from_config(cls, config):
        inner = keras.saving.deserialize_keras_object(config.pop("inner"))
        return cls(inner, **config)


class Plain(layers.Dense):
    """Adds nothing to Dense, whose configuration omits arguments too."""


def model_with(layer):
    x = keras.Input((4,), name="x")
    return keras.Model(x, layer(x))


def found(model):
    return [(it.code, it.sureness) for it in lab.lint(model)]


FINDINGS = {
    "takes_no_name": (lambda: Scale(2.0), [("config-refused", "certain")]),
    "in_a_wrapper": (
        lambda: keras.Sequential([layers.SpectralNormalization(Plain(3)), Scale(2.0)]),
        [("config-refused", "certain")],
    ),
    "omits_what_it_was_given": (lambda: Forgetful(2.0), [("config-incomplete", "certain")]),
    "omits_a_default": (lambda: Forgetful(), [("config-incomplete", "possible")]),
    "omits_what_a_layer_inside_was_given": (
        lambda: ForgetfulInside(3),
        [("config-incomplete", "certain")],
    ),
    "refuses_its_own": (lambda: Strict(2.0), [("config-refused", "certain")]),
    "made_by_its_holder": (lambda: Block(), []),
    "in_its_holders_configuration": (
        lambda: Holder(Scale(2.0)),
        [("config-refused", "certain")] * 2,
    ),
    "right": (lambda: NamedScale(2.0), []),
    "adds_nothing": (lambda: Plain(3, activation="softmax"), []),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_layer_is_judged_by_the_round_trip(name, tmp_path):
    layer, expected = FINDINGS[name]
    model = model_with(layer())
    assert found(model) == expected
    certain = any(sureness == "certain" for _code, sureness in expected)
    assert is_same_after_loading(model, tmp_path) != certain


def is_same_after_loading(model, folder):
    """Saves and loads, and compares the results."""
    model.save(folder / "m.keras")
    classes = (
        Scale,
        NamedScale,
        Forgetful,
        ForgetfulInside,
        Strict,
        Block,
        Unsaved,
        Holder,
        Plain,
    )
    own = {cls.__name__: cls for cls in classes}
    try:
        again = keras.models.load_model(folder / "m.keras", custom_objects=own)
    except (TypeError, ValueError):
        return False
    x = keras.ops.ones((2, 4))
    return bool(keras.ops.all(model(x) == again(x)))


def test_trying_leaves_no_trace():
    model = model_with(Block())
    before = keras.layers.Dense(1).name, keras.random.SeedGenerator().name
    lab.lint(model)
    after = keras.layers.Dense(1).name, keras.random.SeedGenerator().name
    numbers = [
        int(name.rpartition("_")[2]) for name in (*before, *after) if name[-1].isdecimal()
    ]
    assert len(numbers) < 4 or [numbers[2] - numbers[0], numbers[3] - numbers[1]] == [1, 1]


@pytest.fixture
def installed(monkeypatch):
    """A package whose classes somebody else wrote."""
    module = types.ModuleType("somebodys_layers")
    module.__file__ = "/usr/lib/python3/site-packages/somebodys_layers/__init__.py"
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def of_package(cls):
        return type(cls.__name__, (cls,), {"__module__": module.__name__})

    return of_package


class Odd(NamedScale):
    """Normalises a single number, which has no effect."""

    def __init__(self, by=1.0, **kwargs):
        super().__init__(by, **kwargs)
        self.normalise = layers.LayerNormalization()

    def call(self, x):
        return self.normalise(x[:, :1])


def test_inside_of_a_packages_class_is_not_the_users_business(installed):
    assert [code for code, _sureness in found(model_with(Odd()))] == ["normalises-one"]
    assert found(model_with(installed(Odd)())) == []


def test_layer_of_a_package_that_cannot_be_loaded_is_named(installed):
    [finding] = lab.lint(model_with(installed(Forgetful)(2.0)))
    assert (finding.code, finding.sureness) == ("config-incomplete", "certain")
    assert "somebodys_layers" in finding.change
    assert "save_weights" in finding.change


def test_model_of_a_packages_class_makes_its_layers_again(installed):
    class Backbone(keras.Model):
        def __init__(self, **kwargs):
            x = keras.Input((4,), name="x")
            unused = keras.Input((4,), name="unused")
            super().__init__([x, unused], Unsaved(object())(Scale(2.0)(x)), **kwargs)

        def get_config(self):
            return {"name": self.name}

    assert found(Backbone()) == [("unused-input", "certain")]
    assert found(installed(Backbone)()) == [("unused-input", "possible")]


class Loud(NamedScale):
    made = 0

    def __init__(self, by=1.0, width=0, **kwargs):
        super().__init__(by, **kwargs)
        type(self).made += 1
        self.width = width
        print("made")

    def build(self, shape):
        self.table = self.add_weight(shape=(self.width,), initializer="zeros")


@pytest.mark.parametrize(("width", "tries"), [(1, 1), (6_000_000, 0)])
def test_trial_is_silent_and_spares_large_layers(width, tries, capsys):
    model = model_with(Loud(2.0, width))
    capsys.readouterr()
    Loud.made = 0
    assert found(model)[0][0] == "config-incomplete"  # the width
    assert (Loud.made, capsys.readouterr().out) == (tries, "")
