"""Mistakes without an exception: lint reports each of them and no correct variant."""

import keras
import pytest
import seed_models
from keras import layers, ops

import kfunc_lab as lab
from kfunc_lab.graph.lint.run import Findings


def codes(model) -> list[tuple[str, str]]:
    return [(finding.code, finding.call) for finding in lab.lint(model)]


def only_finding(model):
    [finding] = lab.lint(model)
    assert finding.sureness in ("certain", "likely", "possible")
    assert finding.reason.endswith(".")
    assert finding.change.endswith((".", "?"))
    return finding


def dense_model(units=1, activation=None, inputs=4, **options):
    x = keras.Input((inputs,), name="x")
    y = layers.Dense(8, activation="relu", name="middle")(x)
    model = keras.Model(x, layers.Dense(units, activation=activation, name="end")(y), name="m")
    if options:
        model.compile(**options)
    return model


def test_unused_input_is_reported():
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    finding = only_finding(keras.Model([a, b], layers.Dense(1)(a)))
    assert (finding.code, finding.call, finding.sureness) == ("unused-input", "b", "certain")
    assert "b leads to no output" in finding.reason
    c, d = keras.Input((3,), name="c"), keras.Input((3,), name="d")
    assert codes(keras.Model([c, d], layers.Concatenate()([c, d]))) == []


def test_lost_branch_is_reported():
    x = keras.Input((3,), name="x")
    layers.ReLU(name="end")(layers.Dense(4, name="begin")(x))
    model = keras.Model(x, layers.Dense(1, name="d")(x))
    assert codes(model) == [("lost-branch", "end")]
    kept = layers.Dense(4, name="kept")(x)  # referenced by a variable, so it may still be used
    assert codes(keras.Model(x, layers.Dense(1, name="e")(x))) == [("lost-branch", "end")]
    assert kept is not None


def siamese(merge, share=False, units=(8, 8), names=(None, None), shapes=((6,), (6,))):
    a, b = (keras.Input(shape, name=name) for name, shape in zip("ab", shapes, strict=True))
    one, two = (layers.Dense(it, name=name) for it, name in zip(units, names, strict=True))
    left, right = one(a), (one if share else two)(b)
    return keras.Model([a, b], layers.Dense(1)(merge()([left, right])))


@pytest.mark.parametrize(
    ("merge", "sureness"),
    [
        (layers.Subtract, "likely"),
        (lambda: layers.Dot(1), "likely"),
        (layers.Concatenate, "possible"),
    ],
)
def test_equal_branches_should_share_layer(merge, sureness):
    finding = only_finding(siamese(merge))
    assert (finding.code, finding.sureness) == ("twins", sureness)
    assert "call it twice" in finding.change


@pytest.mark.parametrize(
    "options",
    [
        {"share": True},
        {"units": (8, 8), "shapes": ((6,), (7,))},
        {"merge": layers.Concatenate, "names": ("title_words", "body_words")},
        {"merge": layers.Concatenate, "units": (8, 9)},
    ],
)
def test_different_branches_are_not_twins(options):
    assert codes(siamese(**{"merge": layers.Subtract, **options})) == []


def test_branches_of_one_input_are_not_twins():
    x = keras.Input((6,), name="x")
    y = layers.Subtract()([layers.Dense(8)(x), layers.Dense(8)(x)])
    assert codes(keras.Model(x, y)) == []


def classifier(rescales=True):
    i = keras.Input((8, 8, 3), name="i")
    x = layers.Rescaling(1 / 255, name="inside")(i) if rescales else i
    x = layers.Conv2D(4, 3)(x)
    return keras.Model(i, layers.GlobalAveragePooling2D()(x), name="part")


@pytest.mark.parametrize(
    "scale", [layers.Rescaling(1 / 255, name="outside"), lambda x: x / 255.0]
)
def test_double_scaling_is_reported(scale):
    x, y, z = (keras.Input((8, 8, 3), name=name) for name in "xyz")
    finding = only_finding(keras.Model(x, classifier()(scale(x))))
    assert (finding.code, finding.call) == ("nested-scale", "part")
    assert "inside" in finding.reason
    assert codes(keras.Model(y, classifier(rescales=False)(scale(y)))) == []
    assert codes(keras.Model(z, classifier()(z))) == []


def test_inputs_on_different_scales_are_reported():
    part = classifier(rescales=False)
    x, y = keras.Input((8, 8, 3), name="x"), keras.Input((8, 8, 3), name="y")
    both = layers.Concatenate()([part(layers.Rescaling(1 / 255)(x)), part(y)])
    finding = only_finding(keras.Model([x, y], both))
    assert (finding.code, finding.call) == ("nested-scale", "part#2")
    x, y = keras.Input((8, 8, 3), name="x"), keras.Input((8, 8, 3), name="y")
    equal = layers.Concatenate()([part(layers.Rescaling(1 / 255)(x)), part(y / 255.0)])
    assert codes(keras.Model([x, y], equal)) == []


def test_softmax_must_match_from_logits():
    logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    finding = only_finding(dense_model(10, "softmax", loss=logits))
    assert (finding.code, finding.call, finding.sureness) == ("logits", "end", "certain")
    assert codes(dense_model(10, None, loss=logits)) == []
    assert codes(dense_model(10, "softmax", loss="sparse_categorical_crossentropy")) == []
    assert codes(dense_model(10, None, loss="sparse_categorical_crossentropy")) == [
        ("logits", "end")
    ]
    x = keras.Input((4,), name="x")
    model = keras.Model(x, layers.Softmax(name="soft")(layers.Dense(3)(x)))
    model.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    assert codes(model) == [("logits", "soft")]


@pytest.mark.parametrize(
    ("units", "activation", "loss", "expected"),
    [
        (1, "sigmoid", "binary_crossentropy", []),
        (5, "sigmoid", "binary_crossentropy", []),
        (5, "softmax", "categorical_crossentropy", []),
        (1, "sigmoid", "categorical_crossentropy", ["loss-activation"]),
        (5, "sigmoid", "categorical_crossentropy", ["loss-activation"]),
        (5, "softmax", "binary_crossentropy", ["loss-activation"]),
        (1, "softmax", "binary_crossentropy", ["one-class"]),
        (1, None, "mse", []),
        (1, "relu", "mse", ["relu-regression"]),
        (1, "relu", keras.losses.Huber(), ["relu-regression"]),
        (1, "relu", "poisson", []),
        (1, "softplus", "mae", []),
        (3, "tanh", "mse", []),
    ],
)
def test_loss_must_match_last_activation(units, activation, loss, expected):
    found = lab.lint(dense_model(units, activation, loss=loss))
    assert [finding.code for finding in found] == expected
    assert all(finding.call == "end" for finding in found)


@pytest.mark.parametrize(("units", "sureness"), [(1, "likely"), (3, "possible")])
def test_relu_is_more_suspicious_for_one_number(units, sureness):
    finding = only_finding(dense_model(units, "relu", loss="mse"))
    assert (finding.code, finding.sureness) == ("relu-regression", sureness)


def test_softmax_over_one_unit_is_reported_without_loss():
    assert codes(dense_model(1, "softmax")) == [("one-class", "end")]
    assert codes(dense_model(1, "relu")) == []


def test_list_of_losses_for_dict_outputs_is_reported():
    def model(loss):
        x = keras.Input((4,), name="x")
        outputs = {name: layers.Dense(1, name=name)(x) for name in ("z_first", "a_second")}
        made = keras.Model(x, outputs)
        made.compile(loss=loss)
        return made

    finding = only_finding(model(["mse", "mae"]))
    assert (finding.code, finding.sureness) == ("losses-by-order", "certain")
    assert "a_second, z_first" in finding.reason
    assert codes(model({"z_first": "mse", "a_second": "mae"})) == []


def pixels(size, pool):
    x = keras.Input((size, size, 3), name="x")
    y = layers.Conv2D(32, 3, padding="same")(x)
    y = layers.MaxPooling2D(pool)(y) if pool else y
    y = layers.Dropout(0.1)(layers.Flatten()(y))
    return keras.Model(x, layers.Dense(10)(layers.Dense(128, name="huge")(y)))


def test_huge_dense_layer_is_reported():
    finding = only_finding(pixels(64, None))
    assert (finding.code, finding.call) == ("huge-dense", "huge")
    assert "16,777,344 parameters" in finding.reason
    assert codes(pixels(64, 8)) == []


@pytest.mark.parametrize(("others", "expected"), [(7, ["huge-dense"]), (14, [])])
def test_huge_dense_layer_must_have_most_parameters(others, expected):
    """The layer has 10.5 million parameters, 60 % or 43 % of the total."""
    x = keras.Input((32, 32, 80), name="x")
    words = keras.Input((1,), dtype="int32", name="words")
    table = layers.Embedding(others * 1000, 1000, embeddings_initializer="zeros")(words)
    both = [layers.Dense(128)(layers.Flatten()(x)), layers.Flatten()(table)]
    found = lab.lint(keras.Model([x, words], layers.Concatenate()(both)))
    assert [finding.code for finding in found] == expected
    assert all("60 % of the model's total" in finding.reason for finding in found)


def test_duplicate_layer_name_is_reported():
    x = keras.Input((4,), name="x")
    y = layers.Dense(2, name="same")(layers.Dense(2, name="same")(x))
    assert codes(y) == [("duplicate-name", "same~2")]
    shared = layers.Dense(4, name="shared")
    assert codes(shared(shared(x))) == []


def test_unexpected_dtype_is_reported():
    words = keras.Input((4,), dtype="float16", name="words")
    assert codes(keras.Model(words, layers.Embedding(9, 2)(words))) == [("dtype", "words")]
    right = keras.Input((4,), dtype="int32", name="words")
    assert codes(keras.Model(right, layers.Embedding(9, 2)(right))) == []
    image = keras.Input((8, 8, 3), dtype="uint8", name="image")
    assert codes(keras.Model(image, layers.Conv2D(2, 3)(image))) == [("dtype", "image")]
    image = keras.Input((8, 8, 3), dtype="uint8", name="image")
    scaled = layers.Rescaling(1 / 255)(image)
    assert codes(keras.Model(image, layers.Conv2D(2, 3)(scaled))) == []
    x = keras.Input((4,), name="x")
    half = layers.Dense(2, dtype="mixed_float16", name="half")(x)
    assert codes(keras.Model(x, half)) == [("dtype", "half")]
    assert codes(keras.Model(x, layers.Activation("linear", dtype="float32")(half))) == []


class NoConfig(layers.Layer):
    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, x):
        return x


class LosesName(layers.Layer):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def call(self, x):
        return x

    def get_config(self):
        return {"units": self.units}


class LeavesOut(LosesName):
    def get_config(self):
        return {"name": self.name}


class Right(LosesName):
    def get_config(self):
        return {**super(LosesName, self).get_config(), "name": self.name, "units": self.units}


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (lambda: NoConfig(object(), name="own"), "no-get-config"),
        (lambda: LosesName(name="own"), "config-loses-name"),
        (lambda: LeavesOut(name="own"), "config-incomplete"),
        (lambda: Right(name="own"), None),
    ],
)
def test_custom_layers_are_checked(layer, expected):
    x = keras.Input((4,), name="x")
    model = keras.Model(x, layer()(x))
    assert codes(model) == ([(expected, "own")] if expected else [])


@pytest.mark.parametrize("name", seed_models.FUNCTIONAL_MODELS)
def test_course_models_have_no_findings(name):
    found = lab.lint(seed_models.FUNCTIONAL_MODELS[name][0]())
    assert [finding.code for finding in found if finding.code != "config-loses-name"] == []


def test_unconnected_models_have_no_findings():
    assert lab.lint(seed_models.MLP()) == []
    assert lab.lint(keras.Sequential([layers.Dense(2)])) == []
    assert codes(keras.Input((3,), name="x") + 1) == []
    with pytest.raises(TypeError):
        lab.lint("model")


def test_findings_are_written_as_text():
    assert repr(Findings()) == "No findings."
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="<b>\n")
    text = repr(lab.lint(keras.Model([a, b], layers.Dense(1)(a))))
    assert text.splitlines()[0] == "unused-input <b>  (certain)"
    assert len(text.splitlines()) == 3
    lab.language("es")
    assert "No findings" not in repr(Findings())
    assert "leads to" not in repr(lab.lint(keras.Model([a, b], layers.Dense(1)(a))))
    lab.language("en")


def test_lint_does_not_change_model():
    x = keras.Input((4,), name="x")
    layer = layers.Dense(2, name="d")
    model = keras.Model(x, ops.relu(layer(x)))
    before = str(model.get_config()), len(layer._inbound_nodes), len(layer._outbound_nodes)
    lab.lint(model)
    assert before == (
        str(model.get_config()),
        len(layer._inbound_nodes),
        len(layer._outbound_nodes),
    )
