"""Recomputed graphs after changes, compared with rebuilt models."""

import random

import keras
import pytest
from keras import layers
from keras.src.applications import resnet as family

import kfunc_lab as lab
from kfunc_lab.graph.keras.reader import read
from kfunc_lab.graph.keras.settings import with_dependent_settings
from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.shapes.controls import setting
from kfunc_lab.shapes.rules.formulas import rule_of
from kfunc_lab.shapes.what_if import INPUT, Changes, what_if

# The values for drawn changes; some of them make later layers fail.
VALUES = {
    "filters": (32, 64, 96, 256),
    "units": (1, 10, 100),
    "kernel_size": (1, 2, 3, 5, (3, 1)),
    "strides": (1, 2, 3),
    "dilation_rate": (1, 2),
    "groups": (1, 2, 4),
    "padding": ("valid", "same"),
    "use_bias": (True, False),
    "pool_size": (2, 3, 5),
    "keepdims": (True, False),
}


def narrow_resnet():
    """Builds a ResNet50 with five narrow blocks in place of sixteen."""

    def stages(x):
        for number, (filters, blocks) in enumerate(((8, 2), (16, 1), (32, 1), (64, 1))):
            stride = 2 if number else 1
            name = f"conv{number + 2}"
            x = family.stack_residual_blocks_v1(x, filters, blocks, stride1=stride, name=name)
        return x

    return family.ResNet(stages, preact=False, use_bias=True, weights=None)


@pytest.fixture(
    scope="module",
    params=[
        narrow_resnet,
        pytest.param(lambda: keras.applications.ResNet50(weights=None), marks=pytest.mark.deep),
    ],
    ids=["narrow", "ResNet50"],
)
def resnet(request):
    return request.param()


@pytest.fixture(scope="module")
def resnet_reading(resnet):
    reading = read(resnet)
    return reading.graph, reading.nodes


def rebuilt(model, changes, graph):
    """Rebuilds the model from a changed configuration, without values for its weights."""
    layers_of = {graph.call_of[it].layer: changes.settings[it] for it in changes.settings}
    calls = {call.layer: call for call in graph.calls}
    shapes = {graph.call_of[it].layer: shape for it, shape in changes.inputs.items()}
    config = model.get_config()
    for layer in config["layers"]:
        name = layer["config"]["name"]
        layer.pop("build_config", None)  # the old shapes
        if name in layers_of:
            own = with_dependent_settings(layers_of[name], calls[name].settings)
            layer["config"] = {**layer["config"], **own}
        if name in shapes:
            layer["config"] = {**layer["config"], "batch_shape": shapes[name]}
    with preserve_keras_state():
        return type(model).from_config(config)


def drawn_changes(graph, seed):
    """Draws one to three changes of settings, and sometimes a change of the input."""
    draw = random.Random(seed)
    calls = [call for call in graph.calls if _choices(call)]
    settings = {}
    for call in draw.sample(calls, draw.randint(1, 3)):
        name = draw.choice(_choices(call))
        settings[call.layer_id] = {name: draw.choice(VALUES[name])}
    inputs = {}
    if draw.random() < 0.3:
        size = draw.choice((64, 97, 160, 30, None))
        inputs = {graph.inputs[0]: (None, size, size, 3)}
    return Changes(settings, inputs)


def _choices(call):
    rule = rule_of(call.kind, operation=call.operation, library=call.library)
    return [] if rule is None else [name for name in rule.settings if name in VALUES]


@pytest.mark.parametrize(
    "seed", [pytest.param(it, marks=[pytest.mark.deep] * (it >= 80)) for it in range(200)]
)
def test_changed_graph_equals_rebuilt_model(resnet, resnet_reading, seed):
    graph, nodes = resnet_reading
    changes = drawn_changes(graph, seed)
    found = what_if(graph, changes, nodes)
    try:
        anew = rebuilt(resnet, changes, graph)
    except (ValueError, TypeError):
        assert found.problems
        return
    assert not found.problems, found.problems
    expected = lab.read_graph(anew)
    assert [call.outputs for call in found.graph.calls] == [
        call.outputs for call in expected.calls
    ]
    assert [call.parameters for call in found.graph.calls] == [
        call.parameters for call in expected.calls
    ]
    assert found.graph.parameters == anew.count_params()
    assert found.graph.trainable_parameters == expected.trainable_parameters
    assert [edge.tensor for edge in found.graph.edges] == [
        edge.tensor for edge in expected.edges
    ]


def test_some_drawn_changes_are_invalid(resnet_reading):
    graph, nodes = resnet_reading
    broken = [bool(what_if(graph, drawn_changes(graph, n), nodes).problems) for n in range(200)]
    assert 40 < sum(broken) < 160


def test_changes_do_not_affect_model(resnet, resnet_reading):
    graph, nodes = resnet_reading
    random.seed(7)

    def state():
        config = resnet.to_json()
        weights = [(id(it), it.numpy().sum()) for it in resnet.weights]
        counts = [
            (len(it._inbound_nodes), len(it._outbound_nodes), len(it.weights))
            for it in resnet.layers
        ]
        return config, weights, counts, random.getstate()

    before = state()
    for seed in range(20):
        what_if(graph, drawn_changes(graph, seed), nodes)
    assert state() == before


class Scale(layers.Layer):
    """A layer with inner layers and without a rule."""

    def __init__(self, width, **options):
        super().__init__(**options)
        self.width = width
        self.inner = layers.Dense(width)
        self.noise = layers.Dropout(0.5)

    def call(self, x, training=False):
        return self.noise(self.inner(x), training=training)

    def get_config(self):
        return {**super().get_config(), "width": self.width}


class WithoutConfig(layers.Layer):
    """A layer that cannot be copied."""

    def __init__(self, function, **options):
        super().__init__(**options)
        self.function = function

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), name="scale")

    def call(self, x):
        return self.function(x) * self.scale


def test_layer_without_rule_is_copied_and_called():
    x = keras.Input((7,), name="x")
    wide = layers.Dense(8, name="wide")(x)
    model = keras.Model(x, layers.Dense(2, name="end")(Scale(5, name="scale")(wide)))
    reading = read(model)
    graph, nodes = reading.graph, reading.nodes
    found = what_if(graph, Changes({"wide": {"units": 20}}), nodes)
    assert found.graph.call_of["scale"].parameters == 20 * 5 + 5
    assert found.graph.call_of["end"].parameters == 5 * 2 + 2
    assert "scale" not in found.derivations


def test_calling_copy_has_no_side_effects():
    x = keras.Input((7,), name="x")
    wide = layers.Dense(8, name="wide")(x)
    scale = Scale(5, name="scale")
    model = keras.Model(x, scale(wide))
    reading = read(model)
    graph, nodes = reading.graph, reading.nodes
    weights = [it.numpy() for it in model.weights]
    seen = []
    counts = [len(it._inbound_nodes) for it in (*model.layers, scale.inner, scale.noise)]
    following = layers.Dense(1).name
    from kfunc_lab.graph.keras.nodes import new_node_listeners

    new_node_listeners.append(seen.append)
    try:
        what_if(graph, Changes({"wide": {"units": 20}}), nodes)
    finally:
        new_node_listeners.remove(seen.append)
    stem, _, number = following.rpartition("_")
    assert layers.Dense(1).name == f"{stem}_{int(number) + 1}"
    assert not seen
    assert counts == [
        len(it._inbound_nodes) for it in (*model.layers, scale.inner, scale.noise)
    ]
    assert all((a == b.numpy()).all() for a, b in zip(weights, model.weights, strict=True))


def test_layer_that_cannot_be_copied_is_reported():
    x = keras.Input((7,), name="x")
    wide = layers.Dense(8, name="wide")(x)
    model = keras.Model(x, WithoutConfig(keras.ops.square, name="silent")(wide))
    reading = read(model)
    graph, nodes = reading.graph, reading.nodes
    assert not what_if(graph, Changes(), nodes).problems
    found = what_if(graph, Changes({"wide": {"units": 20}}), nodes)
    assert "get_config" in found.problems["silent"].reason
    assert found.problems["silent"].unknown
    view = lab.shapes(model)
    view.change("wide", units=20)
    assert "unknown" in view.to_text()
    assert "does not fit" not in view.to_text()


def test_rule_works_without_model():
    x = keras.Input((7,), name="x")
    model = keras.Model(x, layers.Dense(8, name="wide")(x))
    found = what_if(lab.read_graph(model), Changes({"wide": {"units": 3}}))
    assert found.graph.parameters == 24


def test_shared_layer_changes_all_calls():
    a, b = (keras.Input((16,), name=name) for name in "ab")
    shared = layers.Dense(4, name="shared")
    model = keras.Model([a, b], layers.Concatenate(name="both")([shared(a), shared(b)]))
    reading = read(model)
    graph, nodes = reading.graph, reading.nodes
    found = what_if(graph, Changes({"shared": {"units": 6}}), nodes)
    assert found.graph.call_of["both"].outputs[0].shape == (None, 12)
    assert found.graph.parameters == 16 * 6 + 6
    clash = what_if(graph, Changes({}, {"b": (None, 20)}), nodes)
    assert clash.problems["shared#2"].arithmetic == "20 ≠ 16"


def test_nested_models_change():
    image = keras.Input((28, 28, 1), name="image")
    encoder = keras.Model(image, layers.Conv2D(8, 3, name="conv")(image), name="encoder")
    left, right = (keras.Input((28, 28, 1), name=name) for name in ("left", "right"))
    both = layers.Add(name="both")([encoder(left), encoder(right)])
    reading = read(keras.Model([left, right], both))
    graph, nodes = reading.graph, reading.nodes
    found = what_if(graph, Changes({"encoder/conv": {"filters": 5, "strides": 2}}), nodes)
    assert found.graph.call_of["both"].outputs[0].shape == (None, 13, 13, 5)
    assert found.graph.group_of["encoder"].parameters == 3 * 3 * 5 + 5
    refused = what_if(graph, Changes({}, {"left": (None, 32, 32, 1)}), nodes)
    assert refused.problems["encoder/image"].arithmetic == "32 ≠ 28, 32 ≠ 28"
    assert "both" in refused.unreached
    entering = Changes({}, {"left": (None, 32, 32, 1), "encoder/image": (None, None, None, 1)})
    assert set(what_if(graph, entering, nodes).problems) == {"both"}


def test_error_of_layer_class_is_reported():
    x = keras.Input((28, 28, 1), name="x")
    reading = read(layers.Conv2D(8, 3, name="conv")(x))
    graph, nodes = reading.graph, reading.nodes
    found = what_if(graph, Changes({"conv": {"groups": 3}}), nodes)
    assert "3" in found.problems["conv"].reason


def test_dependent_settings_follow():
    x = keras.Input((12, 12, 1), name="x")
    reading = read(layers.MaxPooling2D(2, name="pool")(x))
    graph, nodes = reading.graph, reading.nodes
    found = what_if(graph, Changes({"pool": {"pool_size": 4}}), nodes)
    assert found.graph.call_of["pool"].outputs[0].shape == (None, 3, 3, 1)


def test_input_change_includes_batch_axis():
    x = keras.Input((None, 3), name="x")
    graph = lab.read_graph(layers.Conv1D(4, 2, name="conv")(x))
    assert graph.call_of["x"].kind == INPUT
    found = what_if(graph, Changes({}, {"x": (None, 10, 3)}))
    assert found.graph.call_of["conv"].outputs[0].shape == (None, 9, 4)
    assert setting(graph.call_of["conv"], "padding") == "valid"


def test_quantised_layer_has_no_rule():
    layer = layers.Dense(4, name="small")
    outputs = layer(keras.Input((3,), name="x"))
    layer.quantize("int8")
    found = what_if(lab.read_graph(outputs))
    assert "small" not in found.derivations
    assert found.graph.call_of["small"].parameters == layer.count_params()


def test_mask_does_not_change_shape():
    x = keras.Input((5, 3), name="x")
    mask = keras.Input((5,), dtype="bool", name="mask")
    outputs = layers.LSTM(4, name="lstm")(x, mask=mask)
    found = what_if(lab.read_graph(outputs))
    assert found.derivations["lstm"].parameters.value == 4 * (3 + 4 + 1) * 4


def test_constant_argument_has_no_rule():
    import numpy as np

    x = keras.Input((3, 6), name="x")
    wide = layers.Dense(6, name="wide")(x)
    joined = keras.ops.concatenate([wide, np.zeros((1, 2, 6), "float32")], axis=1)
    reading = read(joined)
    graph, nodes = reading.graph, reading.nodes
    found = what_if(graph, Changes({}, {"x": (None, 5, 6)}), nodes)
    assert found.graph.call_of[graph.outputs[0]].outputs[0].shape == (None, 7, 6)
    assert graph.outputs[0] not in found.derivations


def test_removed_output_is_reported():
    x = keras.Input((5, 3), name="x")
    made, state, _memory = layers.LSTM(4, return_state=True, name="lstm")(x)
    model = keras.Model(x, [layers.Dense(2, name="a")(made), layers.Dense(2, name="b")(state)])
    reading = read(model)
    graph, nodes = reading.graph, reading.nodes
    found = what_if(graph, Changes({"lstm": {"return_state": False}}), nodes)
    assert set(found.problems) == {"b"}
    assert found.problems["b"].arithmetic == "2 > 1"
    assert found.graph.call_of["a"].outputs[0].shape == (None, 2)
