"""Models of every kind, changed at random, compared with the model that Keras builds anew."""

import random
from dataclasses import replace

import changeable_models
import keras
import numpy as np
import pytest
from changeable_models import CHANGEABLE, CLASSES
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.keras.reader import read
from kfunc_lab.graph.keras.settings import with_dependent_settings
from kfunc_lab.shapes.controls import controls_of
from kfunc_lab.shapes.costs import costs
from kfunc_lab.shapes.what_if import INPUT, Changes, what_if

VALUES = {
    "filters": (2, 6, 32),
    "units": (1, 5, 8, 10),
    "kernel_size": (1, 2, 3),
    "strides": (1, 2),
    "padding": ("valid", "same"),
    "use_bias": (True, False),
    "output_dim": (4, 8),
    "key_dim": (2, 8),
    "return_sequences": (True, False),
    "return_state": (True, False),
    "merge_mode": ("sum", "concat"),
}


def drawn_changes(graph, seed):
    """Draws changes of at most two settings, and of the sizes of the inputs, batches included."""
    draw = random.Random(seed)
    settings, inputs = {}, {}
    calls = [it for it in graph.calls if it.id not in graph.inside and not it.operation]
    for call in draw.sample(calls, min(len(calls), draw.randint(0, 2))):
        offered = [it.name for it in controls_of(call, call)] if call.kind != INPUT else ()
        names = [name for name in offered if name in VALUES]
        if names:
            name = draw.choice(names)
            settings[call.layer_id] = {name: draw.choice(VALUES[name])}
    for name in graph.inputs:
        shape = graph.call_of[name].outputs[0].shape
        sizes = [
            draw.choice((None, 5, size, (size or 6) + 1, 2 * (size or 6)))
            if draw.random() < 0.4
            else size
            for size in shape[1:]
        ]
        batch = draw.choice((None, 3)) if draw.random() < 0.3 else shape[0]
        if (batch, *sizes) != shape:
            inputs[name] = (batch, *sizes)
    return Changes(settings, inputs)


def rebuilt(model, changes, graph):
    """Builds the model anew from its changed configuration, as its code would build it."""
    config = model.get_config()
    entries = dict(_entries(config, ""))
    for layer_id, own in changes.settings.items():
        entry = entries.get(layer_id.replace("#2", ""))
        if entry is not None:  # a lost layer is no part of the model
            entry.update(with_dependent_settings(own, graph.call_of[layer_id].settings))
    for layer_id, shape in changes.inputs.items():
        entries[layer_id]["batch_shape"] = shape
    with keras.saving.custom_object_scope(CLASSES):
        return type(model).from_config(config)


def _entries(config, prefix):
    """Yields the configuration of each layer by its path, without what building added."""
    own = config["layers"]
    if config.pop("build_input_shape", None) and own[0]["config"]["name"].startswith("input_l"):
        del own[0]  # the Sequential made it
    for entry in own:
        entry.pop("build_config", None)
        _forget(entry["config"])
        path = prefix + entry["config"]["name"]
        yield path, entry["config"]
        if "layers" in entry["config"]:
            yield from _entries(entry["config"], f"{path}/")


def _forget(config):
    for part in config.values() if isinstance(config, dict) else config:
        if isinstance(part, (dict, list)):
            _forget(part)
        if isinstance(part, dict):
            part.pop("build_config", None)


def runs(model):
    """Tells whether a model runs on zeros."""

    def zeros(tensor):
        sizes = [size or 6 for size in tensor.shape]
        return np.zeros([tensor.shape[0] or 2, *sizes[1:]], tensor.dtype)

    try:
        model(keras.tree.map_structure(zeros, model.input))
    except Exception:
        return False
    return True


def compare(model, graph, nodes, changes):
    """Compares the graph after changes with the model that Keras builds anew."""
    found = what_if(graph, changes, nodes)
    assert costs(found)[None].parameters == found.graph.parameters
    try:
        anew = rebuilt(model, changes, graph)
    except Exception:
        assert found.problems
        return
    if found.problems:  # Keras finds some mistakes only when the model runs
        assert not runs(anew), found.problems
        return
    expected = lab.read_graph(anew)
    for call in found.graph.calls:
        like = expected.call_of.get(call.id)
        if like is None or call.id in graph.inside:
            continue
        assert (call.id, call.parameters) == (call.id, like.parameters)
        assert call.trainable_parameters == like.trainable_parameters
        assert call.group is not None or call.outputs == like.outputs, call.id
    assert found.graph.parameters == anew.count_params()
    assert found.graph.trainable_parameters == expected.trainable_parameters


@pytest.mark.parametrize("name", CHANGEABLE)
def test_change_of_any_model_equals_model_built_anew(name):
    model = getattr(changeable_models, name)()
    reading = read(model)
    unchanged = what_if(reading.graph, None, reading.nodes)
    assert not unchanged.problems
    assert unchanged.graph.parameters == model.count_params()
    for seed in range(8):
        changes = drawn_changes(reading.graph, f"{name} {seed}")
        if changes:
            compare(model, reading.graph, reading.nodes, changes)


@pytest.mark.deep
@pytest.mark.parametrize("name", CHANGEABLE)
def test_more_changes_of_any_model_equal_model_built_anew(name):
    model = getattr(changeable_models, name)()
    reading = read(model)
    for seed in range(8, 80):
        changes = drawn_changes(reading.graph, f"{name} {seed}")
        if changes:
            compare(model, reading.graph, reading.nodes, changes)


# ---------------------------------------------------------------------------------------------
# Totals


def lost_branch():
    x = keras.Input((4,), name="x")
    layers.Dense(50, name="lost")(x)
    return keras.Model(x, layers.Dense(1, name="o")(layers.Dense(3, name="h")(x)))


def lost_branch_of_used_layer():
    x = keras.Input((4,), name="x")
    shared = layers.Dense(3, name="h")
    layers.Dense(9, name="lost")(shared(x))
    return keras.Model(x, layers.Dense(1, name="o")(shared(x)))


def lost_nested_model():
    inputs = keras.Input((4,), name="i")
    inner = keras.Model(inputs, layers.Dense(7, name="lost")(inputs), name="inner")
    x = keras.Input((4,), name="x")
    inner(x)
    return keras.Model(x, layers.Dense(1, name="o")(layers.Dense(3, name="h")(x)))


@pytest.mark.parametrize("make", [lost_branch, lost_branch_of_used_layer, lost_nested_model])
def test_total_counts_no_lost_layer(make):
    model = make()
    view = lab.shapes(model)
    view.change("x", shape=(5,))
    assert view.changed.parameters == view.changed.trainable_parameters == 22
    assert model.count_params() == 19


# ---------------------------------------------------------------------------------------------
# Models that are not built


class Lazy(layers.Layer):
    """A layer that creates its weights when it is called first."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 3))

    def call(self, x):
        return x @ self.kernel


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.second = layers.Dense(3), Lazy()

    def call(self, x):
        return self.second(self.first(x))


def built_elsewhere():
    """A Sequential with two layers that another model has built, for other sizes."""
    built = [layers.Dense(3, name="a"), layers.Dense(2, name="b")]
    keras.Sequential([keras.Input((4,)), built[0]])
    keras.Sequential([keras.Input((9,)), built[1]])
    return keras.Sequential([layers.Dense(4), *built, layers.Dense(1)])


def nested_inside_unbuilt():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    return keras.Sequential([layers.Dense(4), inner, layers.Dense(2)])


UNBUILT = {
    "sequential": lambda: keras.Sequential(
        [layers.Conv2D(3, 3), layers.Flatten(), layers.Dense(2)]
    ),
    "nested": lambda: keras.Sequential(
        [keras.Sequential([layers.Dense(2)]), keras.Sequential([Lazy()]), layers.ReLU()]
    ),
    "wrappers": lambda: keras.Sequential(
        [layers.Bidirectional(layers.GRU(2, return_state=True)), layers.Dense(1)]
    ),
    "lazy": lambda: keras.Sequential([Lazy(), Lazy(), layers.Dropout(0.1)]),
    "subclassed": Subclassed,
    "layer": Lazy,
    "partly": built_elsewhere,
    "nested functional": nested_inside_unbuilt,
}


@pytest.mark.parametrize("name", UNBUILT)
def test_unbuilt_model_is_never_said_not_to_fit(name):
    model = UNBUILT[name]()
    view = lab.shapes(model)
    text = view.to_text()
    assert "does not fit" not in text + view.to_static_html()
    assert "not built yet" in text
    table = {row["item"]: row for row in view._table["rows"]}
    for call in view.graph.calls:
        if call.id in table:
            is_built = bool(call.outputs or call.weights)
            assert (table[call.id]["shape"] == "not built yet") != is_built
    assert "0 (0 B)" not in text


def test_layers_that_another_model_built_keep_their_sizes():
    view = lab.shapes(built_elsewhere())
    shapes = [call.outputs[0].shape for call in view.changed.calls if call.outputs]
    assert shapes == [(None, 3), (None, 2)]
    assert ("Parameters", "≥ 35 (140 B)") in [
        (it["label"], it["value"]) for it in view._table["totals"]
    ]


# ---------------------------------------------------------------------------------------------
# Batches


@pytest.mark.parametrize("batch", [4, 1])
def test_batch_of_first_call_does_not_leak(batch):
    inner = keras.Sequential([layers.Dense(3, name="d"), WithoutConfig(name="w")], name="s")
    inner(np.ones((batch, 5), "float32"))
    x = keras.Input((5,), name="x")
    model = keras.Model(x, layers.Dense(6, name="o")(inner(x)))
    view = lab.shapes(model)
    for _change in range(2):
        shapes = {call.id: call.outputs[0].shape for call in view.changed.calls}
        assert {shape[0] for shape in shapes.values()} == {None}
        assert shapes["o"] == (None, 6)
        view.change("o", use_bias=False)


class WithoutConfig(layers.Layer):
    """A layer with a weight that cannot be copied."""

    def get_config(self):
        raise NotImplementedError

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],))

    def call(self, x):
        return x * self.scale


def test_batch_can_be_another():
    inner = keras.Sequential([layers.Dense(3, name="d")], name="s")
    inner(np.ones((4, 5), "float32"))
    x = keras.Input((5,), name="x")
    reading = read(keras.Model(x, layers.Dense(6, name="o")(inner(x))))
    found = what_if(reading.graph, Changes({}, {"x": (2, 5)}), reading.nodes)
    assert {call.outputs[0].shape[0] for call in found.graph.calls} == {2}


# ---------------------------------------------------------------------------------------------
# Many outputs


@pytest.mark.parametrize("count", [1, 3, 400])
def test_outputs_of_equal_shape_share_a_line(count):
    x = keras.Input((count, 4), name="x")
    parts = keras.ops.unstack(x, axis=1)
    view = lab.shapes(keras.Model(x, parts))
    text = view.to_text()
    assert text.count("(None, 4)") == (count if count < 4 else 1)
    assert ("(None, 4) ×400" in text) == (count == 400)
    view.change("x", shape=(count, 6))
    outputs = view.changed.calls[1].outputs
    assert [it.shape for it in outputs] == [(None, 6)] * count


def test_costs_count_every_output():
    x = keras.Input((7, 5), name="x")
    made = layers.Bidirectional(layers.GRU(2, return_state=True), name="b")(x)
    view = lab.shapes(keras.Model(x, made))
    after = view._after
    assert costs(after)["b"].results.known == 4 * (4 + 2 + 2)
    assert costs(after)["b"].multiply_adds.known == 2 * 7 * (5 * 6 + 2 * 6)
    unruled = replace(after, derivations={})
    assert costs(unruled)["b"].results.known == 4 * (4 + 2 + 2)
