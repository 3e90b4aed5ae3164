"""Heads of a model: lint follows what really makes the numbers of each output."""

import keras
import pytest
from keras import layers, ops

import kfunc_lab as lab

CROSSENTROPY = "categorical_crossentropy"


def compiled(x, y, loss=CROSSENTROPY):
    model = keras.Model(x, y)
    model.compile("adam", loss)
    return model


def codes(model):
    return [it.code for it in lab.lint(model)]


WRAPPED = {
    "time_distributed": lambda x, a: layers.TimeDistributed(layers.Dense(4, activation=a))(x),
    "twice": lambda x, a: layers.TimeDistributed(
        layers.TimeDistributed(layers.Dense(4, activation=a))
    )(layers.Reshape((5, 2, 4))(x)),
    "spectral": lambda x, a: layers.SpectralNormalization(layers.Dense(4, activation=a))(x),
    "reshaped": lambda x, a: layers.Reshape((1, 5, 4))(layers.Dense(4, activation=a)(x)),
    "averaged": lambda x, a: layers.Average()(
        [layers.Dense(4, activation=a)(x), layers.Dense(4, activation=a)(x)]
    ),
    "pooled": lambda x, a: layers.GlobalAveragePooling1D()(layers.Dense(4, activation=a)(x)),
    "sliced": lambda x, a: layers.Dense(4, activation=a)(x)[:, 0],
    "split": lambda x, a: ops.split(layers.Dense(4, activation=a)(x), 5, axis=1)[2],
}


@pytest.mark.parametrize(("activation", "expected"), [("softmax", []), (None, ["logits"])])
@pytest.mark.parametrize("name", WRAPPED)
def test_activation_is_found_behind(name, activation, expected):
    x = keras.Input((5, 8), name="x")
    assert codes(compiled(x, WRAPPED[name](x, activation))) == expected


RIGHT = {
    "operation": lambda x: ops.softmax(layers.Dense(4)(x)),
    "layer": lambda x: layers.Softmax()(layers.Dense(4)(x)),
    "wrapped_layer": lambda x: layers.TimeDistributed(layers.Softmax())(layers.Dense(4)(x)),
    "other_axis": lambda x: layers.Softmax(axis=1)(layers.Permute((2, 1))(layers.Dense(4)(x))),
    "exponential_of_log_softmax": lambda x: ops.exp(ops.log_softmax(layers.Dense(4)(x))),
    "function_of_ones_own": lambda x: layers.Dense(4, activation=lambda it: ops.softmax(it))(x),
    "clipped": lambda x: ops.clip(layers.Dense(4, activation="softmax")(x), 1e-7, 1.0),
    "weighted_sum": lambda x: (
        0.3 * layers.Dense(4, activation="softmax")(x)
        + 0.7 * layers.Dense(4, activation="softmax")(x)
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_probabilities_made_in_another_way_are_right(name):
    x = keras.Input((5, 8), name="x")
    assert codes(compiled(x, RIGHT[name](x))) == []


def test_exponential_alone_is_no_probability():
    x = keras.Input((8,), name="x")
    assert codes(compiled(x, ops.exp(layers.Dense(4)(x)))) == ["loss-activation"]


def states(choose):
    x = keras.Input((6, 5), name="x")
    _steps, h, c = layers.LSTM(1, return_sequences=True, return_state=True, name="lstm")(x)
    return x, choose(h, c, layers.Dense(1, activation="sigmoid", name="yes")(h))


def test_loss_belongs_to_the_output_and_not_to_the_call():
    """Two outputs of one call have two losses; the third loss is that of the third output."""
    x, outputs = states(lambda h, c, yes: [h, c, yes])
    assert codes(compiled(x, outputs, ["mse", "mse", "binary_crossentropy"])) == []
    x, outputs = states(lambda h, c, yes: [yes, h])
    [finding] = lab.lint(compiled(x, outputs, ["mse", "binary_crossentropy"]))
    assert (finding.code, finding.call) == ("loss-activation", "lstm")


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_losses_by_the_keys_of_the_outputs(activation):
    x = keras.Input((8,), name="x")
    outputs = {
        "reg": layers.Dense(1, name="b")(x),
        "cls": layers.Dense(3, activation=activation, name="a")(x),
    }
    model = compiled(x, outputs, {"cls": CROSSENTROPY, "reg": "mse"})
    expected = [("logits", "a")] if activation is None else []
    assert [(it.code, it.call) for it in lab.lint(model)] == expected


@pytest.mark.parametrize(
    ("margin", "activation", "sureness"),
    [(1, "sigmoid", "possible"), (5, "sigmoid", "likely"), (1, "tanh", "likely")],
)
def test_distances_need_the_range_of_the_margin(margin, activation, sureness):
    def contrastive(y_true, y_pred):
        near = (1 - y_true) * ops.square(y_pred)
        return ops.mean(near + y_true * ops.square(ops.maximum(margin - y_pred, 0)))

    x = keras.Input((8,), name="x")
    model = compiled(x, layers.Dense(1, activation=activation, name="d")(x), contrastive)
    found = [(it.code, it.sureness) for it in lab.lint(model)]
    assert found == [("loss-activation", sureness)]


def towers(names, first=layers.Flatten, size=16):
    def tower(name):
        x = keras.Input((1,), dtype="int32", name=name)
        return x, layers.Dense(8, activation="relu")(first()(layers.Embedding(100, size)(x)))

    (one, a), (other, b) = map(tower, names)
    return keras.Model([one, other], layers.Dot(1)([a, b]))


@pytest.mark.parametrize(
    ("names", "sureness"),
    [(("user", "item"), []), ((None, None), ["possible"]), (("left", "right"), ["likely"])],
)
def test_towers_over_different_things(names, sureness):
    assert [it.sureness for it in lab.lint(towers(names))] == sureness


def classifier(x):
    return layers.Dense(10, activation="softmax")(layers.Flatten()(x))


EARLIER = {
    "without_activation": lambda x: layers.Dense(10)(layers.Flatten()(x)),
    "softmax_as_layer": lambda x: layers.Softmax()(layers.Dense(5)(layers.Flatten()(x))),
    "autoencoder": lambda x: layers.Conv2D(1, 3, padding="same", activation="sigmoid")(
        layers.Conv2D(4, 3, padding="same")(x)
    ),
    "another_classifier": lambda x: layers.Dense(10, activation="softmax")(
        layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(x))
    ),
}


@pytest.mark.parametrize("name", EARLIER)
def test_earlier_try_on_the_same_input_is_at_most_possible(name):
    x = keras.Input((8, 8, 1), name="x")
    keras.Model(x, EARLIER[name](x)).compile("adam", "mse")
    model = keras.Model(x, ops.softmax(layers.Dense(10)(layers.Flatten()(x))))
    model.compile("adam", CROSSENTROPY)
    assert {it.sureness for it in lab.lint(model)} <= {"possible"}


def test_look_at_features_after_the_model_is_at_most_possible():
    x = keras.Input((8, 8, 1), name="x")
    features = layers.Conv2D(4, 3, name="conv")(x)
    model = keras.Model(x, classifier(features))
    keras.Model(x, layers.GlobalMaxPooling2D()(features))
    assert {it.sureness for it in lab.lint(model)} <= {"possible"}


def test_branch_between_the_others_is_likely_forgotten():
    x = keras.Input((8, 8, 1), name="x")
    features = layers.Conv2D(4, 3, activation="relu")(x)
    layers.MaxPooling2D(name="pool")(features)
    found = lab.lint(keras.Model(x, classifier(features)))
    assert [(it.code, it.sureness) for it in found] == [("lost-branch", "likely")]


def test_only_the_results_that_are_outputs_need_the_batch():
    x = keras.Input((4,), name="x")
    kept = layers.Dense(2, dtype="mixed_float16", name="half")(x)
    rows, columns = ops.split(ops.reshape(x, (-1, 2, 2)), 2, axis=1)
    assert codes(compiled(x, rows, "mse")) == []
    assert [it.sureness for it in lab.lint(keras.Model(x, [columns, kept]))] == ["possible"]


@pytest.mark.parametrize("wrapper", [layers.TimeDistributed, layers.SpectralNormalization])
def test_softmax_of_one_number_in_a_wrapper(wrapper):
    x = keras.Input((5, 8), name="x")
    model = keras.Model(x, wrapper(layers.Dense(1, activation="softmax"))(x))
    assert len(codes(model)) == 1
