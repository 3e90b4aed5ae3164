"""A notebook's cell that is run again: its earlier calls are neither lost nor duplicates."""

import gc

import keras
import pytest
from keras import layers, ops

import kfunc_lab as lab


def codes(model):
    gc.collect()
    return [(finding.code, finding.call) for finding in lab.lint(model)]


def build(i, activation="tanh", body="body", head="head", units=1):
    x = layers.Dense(8, name=body)(i)
    model = keras.Model(i, layers.Dense(units, activation=activation, name=head)(x))
    model.compile("adam", "binary_crossentropy")
    return model


@pytest.mark.parametrize("names", [("body", "head"), (None, None)])
def test_second_build_over_the_same_input(names):
    i = keras.Input((6,), name="i")
    build(i, "tanh", *names)
    build(i, None, *names)
    assert codes(build(i, "sigmoid", *names)) == []


def test_earlier_build_with_another_head_or_body():
    i = keras.Input((8, 8, 3), name="i")
    x = layers.Conv2D(4, 3, name="conv")(i)
    keras.Model(i, layers.Dense(1, activation="sigmoid")(x))  # forgot Flatten
    model = keras.Model(i, layers.Dense(1, activation="sigmoid")(layers.Flatten()(x)))
    assert codes(model) == []


def test_earlier_operation_on_the_same_tensors():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    net = layers.Dense(2)
    parts = [net(a), net(b)]
    keras.Model([a, b], ops.stack(parts))
    assert codes(keras.Model([a, b], ops.concatenate(parts, axis=-1))) == []


def test_earlier_head_after_the_output():
    i = keras.Input((6,), name="i")
    distance = layers.Dense(2, name="distance")(i)
    keras.Model(i, layers.Dense(1, activation="sigmoid")(distance))
    assert codes(keras.Model(i, distance)) == []


def test_earlier_embedding_with_a_mask():
    words = keras.Input((20,), name="words")
    x = layers.Flatten()(layers.Embedding(100, 8, mask_zero=True)(words))
    keras.Model(words, layers.Dense(1, activation="sigmoid")(x))
    x = layers.GlobalAveragePooling1D()(layers.Embedding(100, 8, mask_zero=True)(words))
    assert codes(keras.Model(words, layers.Dense(1, activation="sigmoid")(x))) == []


def test_earlier_towers_are_not_twins():
    a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
    keras.Model([a, b], layers.Subtract()([layers.Dense(3)(a), layers.Dense(3)(b)]))
    net = layers.Dense(3)
    assert codes(keras.Model([a, b], layers.Subtract()([net(a), net(b)]))) == []


@pytest.mark.parametrize("names", [("first", "second"), (None, None)])
def test_lost_layer_of_this_run_is_still_found(names):
    i = keras.Input((6,), name="i")
    layers.Dense(16, activation="relu", name=names[0])(i)
    x = layers.Dense(16, activation="relu", name=names[1])(i)
    [(code, call)] = codes(keras.Model(i, layers.Dense(1)(x)))
    assert code == "lost-branch"
    assert names[0] in (call, None)


def test_dropped_model_is_no_lost_branch():
    i = keras.Input((6,), name="i")

    def part():
        x = keras.Input((6,))
        return keras.Model(x, layers.Dense(3)(x))

    part()(i)
    assert codes(keras.Model(i, layers.average([part()(i), part()(i)]))) == []


def dense_head(i, units, activation=None, width=8):
    return keras.Model(i, layers.Dense(units)(layers.Dense(width, activation=activation)(i)))


def test_earlier_builds_of_other_sizes():
    i = keras.Input((6,), name="i")
    dense_head(i, 1)
    dense_head(i, 2, "relu")
    x = layers.Dropout(0.1)(layers.Dense(8, activation="relu")(i))
    keras.Model(i, layers.Dense(2)(x))
    assert codes(dense_head(i, 3, "relu", width=16)) == []


def test_earlier_head_of_another_size():
    i = keras.Input((6,), name="i")
    x = layers.Dense(8)(i)
    keras.Model(i, layers.Dense(1, activation="softmax")(x))
    assert codes(keras.Model(i, layers.Dense(3, activation="softmax")(x))) == []


def forgotten_normalisation(i, x):
    layers.BatchNormalization()(x)
    return keras.Model(i, layers.Dense(1)(x))


def test_lost_call_of_an_earlier_run_is_mended():
    i = keras.Input((6,), name="i")
    x = layers.Dense(8, activation="relu")(i)
    assert [code for code, _call in codes(forgotten_normalisation(i, x))] == ["lost-branch"]
    model = keras.Model(i, layers.Dense(1)(layers.BatchNormalization()(x)))
    assert codes(model) == []


def test_lost_call_of_this_run_is_found_after_an_earlier_run():
    i = keras.Input((6,), name="i")
    x = layers.Dense(8, activation="relu")(i)
    forgotten_normalisation(i, x)
    model = forgotten_normalisation(i, x)
    [(code, call)] = codes(model)
    assert code == "lost-branch"
    assert call.startswith("batch_normalization")


def test_part_of_a_deleted_model():
    def features():
        i = x = keras.Input((16, 16, 3))
        for number in range(3):
            x = layers.Conv2D(4, 3, padding="same", name=f"conv{number}")(x)
            x = layers.MaxPooling2D(name=f"pool{number}")(x)
        whole = keras.Model(i, layers.Dense(5)(layers.Flatten()(x)))
        return keras.Model(i, [whole.get_layer(f"pool{n}").output for n in range(2)])

    assert codes(features()) == []


CELL = """
x = layers.Dense(8)(i)
y = layers.Dense(4)(x)
z = layers.Concatenate(axis={axis})([x, y])
model = keras.Model(i, layers.Dense(1)(z))
"""


def test_run_that_failed_is_known_in_a_watched_notebook(followed):
    """The first run stops before its model is made, so nothing in the graph tells it apart."""
    followed.run('import kfunc_lab as lab\ni = keras.Input((6,), name="i")')
    failed = followed.run(CELL.format(axis=0), cell_id="body")
    assert "error" in [it["kind"] for it in failed]
    followed.run(CELL.format(axis=1), cell_id="body")
    assert followed.text("print(lab.lint(model))") == "No findings."
    followed.run("del x, y, z, model")


def test_loss_in_a_watched_notebook_is_still_found(followed):
    followed.run('i = keras.Input((6,), name="i")', cell_id="input")
    cell = """
    x = layers.Dense(8)(i)
    x = layers.Dense(8)(i)
    model = keras.Model(i, layers.Dense(1)(x))
    """
    followed.run(cell, cell_id="twice")
    assert "lost-branch" in followed.text("print(lab.lint(model))")
