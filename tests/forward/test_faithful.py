"""What a capture records is what the model gives, bit for bit, whatever its layers and inputs."""

from functools import partial

import keras
import numpy as np
import pytest
from backends import tensorflow_only, tf
from keras import layers, ops

from kfunc_lab.forward.batch import run
from kfunc_lab.graph.keras.nodes import functional_of, nodes_in_order
from kfunc_lab.graph.keras.reader import read

IS_EARLY = tuple(map(int, keras.__version__.split(".")[:2])) < (3, 10)
look = partial(run, layers=None, dtype=None, limit=512_000_000)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def chain(shape, *parts, samples=3):
    x = made = keras.Input(shape)
    for part in parts:
        made = part(made)
    return keras.Model(x, made), numbers(samples, *shape)


def state_of(model):
    recurrent = [it for it in model._flatten_layers() if getattr(it, "states", None)]
    states = [state for it in recurrent for state in keras.tree.flatten(it.states)]
    return [(it, np.array(it)) for it in (*model.variables, *states)]


def restore(state):
    for variable, value in state:
        variable.assign(value)


def by_hand(model, x, training):
    """Return each node of a model's graph with its outputs, one call after another."""
    functional = functional_of(model)
    inputs = functional._standardize_inputs(x)
    known = {id(it): value for it, value in zip(functional.inputs, inputs, strict=True)}
    for node in nodes_in_order(functional):
        if not node.is_input:
            arguments, named = node.arguments.fill_in(known)
            if isinstance(node.operation, layers.Layer):
                named["training"] = training
            outputs = keras.tree.flatten(node.operation(*arguments, **named))
            known |= {id(it): made for it, made in zip(node.outputs, outputs, strict=True)}
        yield node, [known[id(it)] for it in node.outputs]


def same(one, other):
    if one is None or other is None:
        return one is other
    if not isinstance(one, np.ndarray):
        one = keras.ops.convert_to_numpy(one)
    if one.dtype.kind in "OSU":
        return one.tolist() == other.tolist()
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)


def assert_same(ones, others, where=""):
    ones, others = keras.tree.flatten(ones), keras.tree.flatten(others)
    assert len(ones) == len(others), where
    assert all(map(same, ones, others)), where


def assert_faithful(model, x, training=False):
    before = state_of(model)
    expected = model(x, training=training)
    restore(before)
    found = look(model, x, training=training)
    assert all(np.array_equal(it, value, equal_nan=True) for it, value in before)
    assert_same(expected, found.recording.outputs)
    # Earlier, a layer without the argument does not pass it on when it is called by hand.
    if functional_of(model) is None or IS_EARLY:
        return found
    items = read(model).items
    for node, outputs in by_hand(model, x, training):
        call = items[None, id(node)]
        assert_same(outputs, found.values[call], call)
    restore(before)
    return found


# ---------------------------------------------------------------------------------------------
# How `training` reaches a layer


class Holding(layers.Layer):
    """Calls a layer without an argument of its own."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x):
        return self.inner(x)


class TrainingByDefault(Holding):
    def call(self, x, training=True):
        return self.inner(x, training=training)


class KeywordOnly(Holding):
    def call(self, x, *, scale=1.0, training=None):
        return scale * self.inner(x, training=training)


class Passing(Holding):
    def call(self, x, **named):
        return self.inner(x, **named)


class OtherName(Holding):
    """Has a switch that Keras does not know, so that it always trains."""

    def call(self, x, is_training=True):
        return self.inner(x, training=is_training)


class Wrapping(layers.Wrapper):
    def call(self, x):
        return self.layer(x) + x


class Model(keras.Model):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x):
        return self.inner(x)


class ModelThatTrains(Model):
    def call(self, x, training=True):
        return self.inner(x, training=training)


class ModelThatAlwaysTrains(Model):
    def call(self, x):
        return self.inner(x, training=True)


def subclassed(kind, *parts):
    x = numbers(3, 6, 6, 3)
    model = kind(*parts)
    model(x)
    return model, x


def in_a_nested_model(**named):
    inner, _ = chain((6,), layers.Dense(4), layers.Dropout(0.5, seed=1))
    return chain((6,), lambda x: inner(x, **named), layers.BatchNormalization())


FLIP = partial(layers.RandomFlip, seed=1)
DROP = partial(layers.Dropout, 0.5, seed=2)
IMAGE = (6, 6, 3)

TRAINING = {
    "augmentation": lambda: chain(IMAGE, FLIP(), layers.RandomRotation(0.2, seed=2)),
    "sequential": lambda: (
        keras.Sequential([keras.Input(IMAGE), FLIP(), layers.Conv2D(2, 3)]),
        numbers(3, *IMAGE),
    ),
    "sequential in a model": lambda: chain(IMAGE, keras.Sequential([FLIP(), DROP()])),
    "pipeline": lambda: chain(IMAGE, layers.Pipeline([FLIP(), layers.RandomContrast(0.3)])),
    "custom layer": lambda: chain(IMAGE, Holding(FLIP())),
    "custom default": lambda: chain((6,), TrainingByDefault(DROP())),
    "custom in custom": lambda: chain((6,), Holding(TrainingByDefault(DROP()))),
    "keyword only": lambda: chain((6,), partial(KeywordOnly(DROP()), scale=2.0)),
    "passing": lambda: chain((6,), Passing(DROP())),
    "other name": lambda: chain((6,), OtherName(DROP())),
    "wrapper": lambda: chain(IMAGE, Wrapping(FLIP())),
    "time distributed": lambda: chain((2, *IMAGE), layers.TimeDistributed(FLIP())),
    "recurrent": lambda: chain(
        (4, 3), layers.Bidirectional(layers.LSTM(3, dropout=0.4, recurrent_dropout=0.2))
    ),
    "explicit": lambda: chain((6,), partial(DROP(), training=True), layers.Dense(2)),
    "explicit model": lambda: in_a_nested_model(training=True),
    "nested": in_a_nested_model,
    "frozen": lambda: chain(
        (6,),
        layers.BatchNormalization(trainable=False),
        partial(layers.BatchNormalization(), training=False),
    ),
    "subclassed": lambda: subclassed(Model, FLIP()),
    "subclassed default": lambda: subclassed(ModelThatTrains, DROP()),
    "subclassed always": lambda: subclassed(ModelThatAlwaysTrains, DROP()),
    "layer": lambda: subclassed(lambda: FLIP()),
}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", TRAINING)
def test_training_argument_reaches_every_layer(kind, training):
    keras.utils.set_random_seed(3)
    assert_faithful(*TRAINING[kind](), training=training)


def test_augmentation_is_off_as_in_prediction():
    model, x = TRAINING["augmentation"]()
    found = look(model, x, training=False).recording.outputs
    assert np.array_equal(found, x)
    assert np.array_equal(found, model.predict(x, verbose=0))


@pytest.mark.parametrize("kind", ["other name", "subclassed always"])
def test_random_numbers_do_not_depend_on_limit(kind):
    """A batch is not split where each part would draw other numbers."""
    model, x = TRAINING[kind]()
    whole = look(model, x, training=False)
    low = look(model, x, training=False, limit=1)
    assert not low.recording.complete
    last = list(whole.values)[-1]
    assert np.array_equal(whole.values[last], low.values[last])
    for sample in range(3):
        shown = low.sample(last, 0, sample)
        assert np.array_equal(shown.values, whole.values[last][sample])
        assert shown.state == "recomputed"


MIXING = {
    "mean of the batch": lambda: chain((4,), lambda x: x - ops.mean(x, axis=0)),
    "one batch size": lambda: chain((4,), lambda x: ops.reshape(x, (3, 4)) * 2),
    "largest of the batch": lambda: chain((4,), lambda x: x / ops.max(x)),
}


@pytest.mark.parametrize("kind", MIXING)
def test_batch_is_not_split_where_samples_depend_on_each_other(kind):
    model, x = MIXING[kind]()
    whole = look(model, x, training=False)
    low = look(model, x, training=False, limit=1)
    for call, values in whole.values.items():
        assert np.array_equal(low.values[call], values)
        assert np.allclose(low.statistics(call).norms, whole.statistics(call).norms)
        shown = low.sample(call, 0, 1)
        if values.shape == (3, 4):
            assert np.array_equal(shown.values, values[1])
        assert shown.state == "recomputed"


# ---------------------------------------------------------------------------------------------
# Inputs


class Optional(layers.Layer):
    def call(self, x, y=None):
        return x if y is None else x + y


class OfParts(keras.Model):
    """Takes nested inputs and a number beside them."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, x):
        y = self.dense(x["parts"][0])
        return {"y": y * ops.cast(x["step"], "float32"), "as is": [x["parts"][1]]}


class Reading(keras.Model):
    """A functional model whose call takes something else than its graph."""

    def __init__(self):
        ids = keras.Input((2,), dtype="int32", name="ids")
        super().__init__(ids, layers.Embedding(5, 2, name="vectors")(ids))
        self.number_of = layers.StringLookup(vocabulary=["a", "b"])

    def call(self, inputs, training=None, mask=None):
        return super().call(self.number_of(inputs), training=training)


def inputs(*sizes, **named):
    return [keras.Input((size,), name=name) for size, name in zip(sizes, "abc", strict=False)]


def joined(structure):
    parts = layers.Concatenate()(keras.tree.flatten(structure))
    return keras.Model(structure, layers.Dense(2)(parts))


def nested():
    a, b, c = inputs(2, 3, 1)
    x = {"a": numbers(2, 2), "rest": (numbers(2, 3), {"c": numbers(2, 1)})}
    return joined({"a": a, "rest": (b, {"c": c})}), x


def lists():
    a, b, c = inputs(2, 3, 1)
    return joined([[a, b], c]), [[numbers(2, 2), numbers(2, 3)], numbers(2, 1)]


def dict_for_list():
    b, a = inputs(3, 2)
    model = keras.Model([a, b], layers.Concatenate()([a, b]))
    return model, {"a": numbers(2, 3), "b": numbers(2, 2), "more": numbers(7)}


def renamed():
    a, b = inputs(2, 2)
    model = keras.Model({"q": a, "p": b}, layers.Subtract()([a, b]))
    return model, {"p": numbers(2, 2), "q": numbers(2, 2, seed=1)}


def optional(x):
    a = keras.Input((3,), name="a")
    b = keras.Input((3,), name="b", optional=True)
    first = isinstance(x, list) and x[0] is None
    structure = {"a": a, "b": b} if isinstance(x, dict) else [b, a] if first else [a, b]
    return keras.Model(structure, Optional()(a, b)), x


def words():
    word, size = keras.Input((), dtype="string", name="word"), keras.Input((), name="size")
    number = layers.StringLookup(vocabulary=["a", "b"])(word)
    model = keras.Model({"word": word, "size": size}, [layers.Embedding(3, 2)(number), size])
    return model, {"word": np.array(["b", "?", "a"]), "size": numbers(3)}


def with_positions():
    x, table = keras.Input((4,)), keras.Input(batch_shape=(5, 4))
    model = keras.Model([x, table], ops.matmul(x, ops.transpose(table)))
    return model, [numbers(2, 4), numbers(5, 4)]


def sparse():
    x = keras.Input((6,), sparse=True)
    return keras.Model(x, layers.Dense(2)(x)), tf.sparse.from_dense(np.eye(4, 6, dtype="f4"))


def parts():
    x = {"parts": (numbers(2, 5, 3), numbers(2, 1)), "step": np.array(3)}
    model = OfParts()
    model(x)
    return model, x


INPUTS = {
    "nested": nested,
    "lists": lists,
    "dict for a list": dict_for_list,
    "renamed keys": renamed,
    "superfluous key": lambda: (renamed()[0], {**renamed()[1], "z": None}),
    "optional": lambda: optional([numbers(2, 3), None]),
    "optional first": lambda: optional([None, numbers(2, 3)]),
    "optional in a dict": lambda: optional({"a": numbers(2, 3), "b": None}),
    "optional given": lambda: optional([numbers(2, 3), numbers(2, 3)]),
    "words": words,
    "sparse": sparse,
    "table for all samples": with_positions,
    "number beside arrays": parts,
    "text for a graph of numbers": lambda: (Reading(), np.array([["a", "b"], ["?", "a"]])),
}


WORDS = tensorflow_only("Keras looks words up with TensorFlow")
SPARSE = tensorflow_only("a sparse tensor of TensorFlow")
OF_TENSORFLOW = {"words": WORDS, "text for a graph of numbers": WORDS, "sparse": SPARSE}

if IS_EARLY:
    del INPUTS["optional in a dict"]  # Keras takes no `None` there


every_input = pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=OF_TENSORFLOW.get(kind, ())) for kind in INPUTS]
)


@every_input
def test_inputs_have_the_structure_of_the_model(kind):
    model, x = INPUTS[kind]()
    if kind == "superfluous key":
        expected = model({key: x[key] for key in ("p", "q")})
        assert_same(expected, look(model, x, training=False).recording.outputs)
    elif isinstance(model, Reading):  # its graph starts with numbers that its call makes
        found = look(model, x, training=False)
        assert_same(model(x), found.recording.outputs)
        assert "ids" not in found.values
        assert_same(model(x), found.values["vectors"])
    else:
        assert_faithful(model, x)


@every_input
def test_samples_of_any_structure_are_recomputed(kind):
    model, x = INPUTS[kind]()
    low = look(model, x, training=False, limit=1)
    for call in low.recording.calls.values():
        for place, tensor in enumerate(call.tensors):
            assert low.sample(call.id, place, 0).values.shape in (
                tensor.shape[1:],
                tensor.shape,
            )


def test_missing_key_of_nested_inputs_is_named():
    model, x = nested()
    x["rest"][1].clear()
    with pytest.raises(ValueError, match="has the inputs c; c is missing"):
        look(model, x, training=False)


def test_required_input_must_not_be_none():
    model, x = nested()
    with pytest.raises(TypeError, match="a must be an array"):
        look(model, x | {"a": None}, training=False)


def test_call_that_takes_no_training_argument_still_runs():
    """Keras passes `training` where the class takes it, though the instance's call does not."""

    class OwnCall(layers.Dense):
        def __call__(self, x):
            return super().__call__(x) * 2

    model, x = chain((3,), OwnCall(3, name="own"), DROP())
    assert_same(model(x), look(model, x, training=False).recording.outputs)
    with pytest.raises(TypeError, match="training"):
        look(model, x, training=True)


# ---------------------------------------------------------------------------------------------
# Outputs


class Parts(layers.Layer):
    """Returns a dict with a tensor, nothing, a number and an object."""

    def call(self, x):
        return {"double": (x * 2, None), "n": 3, "object": object()}


class OfManyParts(keras.Model):
    def __init__(self):
        super().__init__()
        self.parts = Parts(name="parts")

    def call(self, x):
        made = self.parts(x)
        return made["double"], {"n": made["n"]}


def made_parts():
    model = OfManyParts()
    model(numbers(2, 3))
    return model, numbers(2, 3)


OUTPUTS = {
    "states of a wrapper": lambda: chain(
        (4, 3), layers.Bidirectional(layers.GRU(2, return_state=True))
    ),
    "not merged": lambda: chain((4, 3), layers.Bidirectional(layers.GRU(2), merge_mode=None)),
    "stacked cells": lambda: chain(
        (4, 3), layers.RNN([layers.LSTMCell(2), layers.GRUCell(2)], return_state=True)
    ),
    "states alone": lambda: chain((4, 3), lambda x: layers.LSTM(2, return_state=True)(x)[1:]),
    "twice": lambda: chain((3,), lambda x: [x, layers.Dense(2)(x), x]),
    "many": lambda: chain((40, 2), lambda x: ops.unstack(x, axis=1)[::-1]),
    "indices": lambda: chain((9,), lambda x: list(ops.top_k(x, 3))),
    "no batch axis": lambda: chain(
        (3,), lambda x: [ops.mean(x), ops.matmul(ops.transpose(x), x)]
    ),
    "bool and int": lambda: chain((3,), lambda x: [x > 0, ops.argmax(x, axis=-1)]),
    "no channels": lambda: chain((3,), lambda x: x[:, :0]),
    "any structure": made_parts,
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_every_output_is_that_of_the_model(kind):
    assert_faithful(*OUTPUTS[kind]())


def test_what_is_no_tensor_is_recorded_as_nothing():
    model, x = made_parts()
    found = look(model, x, training=False)
    call = found.recording.calls["parts"]
    assert not call.is_compiled
    assert found.values["parts"]["object"] is None
    assert found.values["parts"]["n"] == 3


# ---------------------------------------------------------------------------------------------
# Structure


class Collections(layers.Layer):
    def __init__(self):
        super().__init__(name="collections")
        self.steps = [layers.Dense(3, name=f"step_{n}") for n in range(2)]
        self.heads = {"a": layers.Dense(3, name="a"), "more": [layers.Dense(3, name="b")]}

    def call(self, x):
        for step in self.steps:
            x = step(x)
        return self.heads["a"](x) + self.heads["more"][0](x)


def in_float16():
    policy = keras.DTypePolicy("mixed_float16")
    return chain((6,), layers.Dense(3, dtype=policy), layers.Dense(2, dtype="float32"))


def compiled():
    model, x = chain((6,), layers.Dense(3), DROP())
    model.compile("adam", "mse", jit_compile=True)
    return model, x


def stateful():
    x = keras.Input(batch_shape=(3, 4, 2))
    model = keras.Model(x, layers.GRU(2, stateful=True)(x))
    model(numbers(3, 4, 2, seed=5))
    return model, numbers(3, 4, 2)


STRUCTURE = {
    "collections": lambda: chain((3,), Collections()),
    "shared": lambda: chain((3,), *[layers.Dense(3)] * 3),
    "masked": lambda: chain((4, 2), layers.Masking(), layers.LSTM(3)),
    "keywords": lambda: chain(
        (4, 6), lambda x: layers.MultiHeadAttention(2, 3)(query=x, key=x, value=x)
    ),
    "mixed precision": in_float16,
    "compiled": compiled,
    "stateful": stateful,
}


@pytest.mark.parametrize("kind", STRUCTURE)
def test_every_call_is_the_layer_called_by_hand(kind):
    assert_faithful(*STRUCTURE[kind]())


def test_layers_in_collections_have_values():
    found = look(*STRUCTURE["collections"](), training=False)
    inner = {f"collections/{name}" for name in ("step_0", "step_1", "a", "b")}
    assert inner <= set(found.values)
