"""The models of `keras.applications`: graphs, exports, shapes, code and recorded values.

`make test-deep` checks every model. Other runs check one model of each family, because the models
of a family repeat the same blocks in other numbers and widths.
"""

import gc
import inspect
import xml.etree.ElementTree as ET

import graph_checks
import keras
import numpy as np
import pytest
from keras import applications
from rebuilding import comparable, rebuilt

import kfunc_lab as lab
from kfunc_lab.forward.batch import run
from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.graph.model.folding import MAX_CALLS_UNFOLDED
from kfunc_lab.graph.model.graph_file import from_json
from kfunc_lab.graph.picture.graphviz import run_dot
from kfunc_lab.shapes.costs import costs
from kfunc_lab.shapes.rules.formulas import multiply_adds
from kfunc_lab.shapes.what_if import what_if

# The smallest model of each family, where a family is a source file of Keras.
SMALLEST = {
    "ConvNeXtTiny",  # custom layers in blocks, and scaling in a Sequential
    "DenseNet121",  # each layer takes the outputs of all earlier layers
    "EfficientNetB0",  # squeeze and excitation
    "EfficientNetV2B0",  # the same and fused convolutions
    "InceptionResNetV2",  # scaled and added branches
    "InceptionV3",  # concatenated branches
    "MobileNet",  # a chain of depthwise convolutions
    "MobileNetV2",  # inverted bottlenecks
    "MobileNetV3Small",  # raw operations
    "NASNetMobile",  # each cell takes the two previous cells
    "ResNet50",  # residual blocks
    "ResNet50V2",  # residual blocks with normalisation first
    "VGG16",  # a chain
    "VGG19",  # a separate source file
    "Xception",  # separable convolutions
}

# Their values are compared in every run. The others are larger versions, or larger models of the
# same kinds of layers.
QUICK = {
    "ConvNeXtTiny", "EfficientNetB0", "InceptionV3", "MobileNet", "MobileNetV2", "MobileNetV3Small",
    "ResNet50", "VGG16", "Xception",
}  # fmt: skip

# The smallest image size, if it is not 32.
SIDES = {"Xception": 71, "InceptionV3": 75, "InceptionResNetV2": 75}

# Billions of multiply-adds, as published.
PUBLISHED = {
    "VGG16": 15.5,  # Simonyan and Zisserman, 2014, https://arxiv.org/abs/1409.1556
    "VGG19": 19.6,
    "ResNet50": 3.8,  # He et al., 2015, https://arxiv.org/abs/1512.03385, table 1
    "MobileNetV2": 0.300,  # Sandler et al., 2018, https://arxiv.org/abs/1801.04381, table 4
    "EfficientNetB0": 0.39,  # Tan and Le, 2019, https://arxiv.org/abs/1905.11946, table 2
}

# Custom classes of keras.applications, and inputs.
WITHOUT_RULE = {"InputLayer", "LayerScale", "CustomScaleLayer"}


def constructors() -> list[str]:
    """Lists the constructors of `keras.applications` in this version."""
    return sorted(
        name
        for name, it in vars(applications).items()
        if callable(it) and "weights" in inspect.signature(it).parameters
    )


def family(name: str) -> str:
    return inspect.getsourcefile(inspect.unwrap(getattr(applications, name)))


def every_application(in_every_run):
    """Parametrizes a test by all models; those outside a set are for `make test-deep`."""
    models = [
        pytest.param(it, marks=[] if it in in_every_run else pytest.mark.deep)
        for it in constructors()
    ]
    return pytest.mark.parametrize("name", models)


def test_all_applications_are_listed():
    assert {"VGG19", "ResNet152V2", "NASNetLarge", "ConvNeXtXLarge"} <= {*constructors()}
    assert len(constructors()) >= 38


def test_smallest_models_cover_every_family():
    assert {*constructors()} >= SMALLEST
    assert {family(name) for name in SMALLEST} == {family(name) for name in constructors()}


@every_application(SMALLEST)
def test_model_is_read_drawn_and_rebuilt(name, tmp_path):
    # Weights without values save most of the time and memory.
    with preserve_keras_state():
        model = getattr(applications, name)(weights=None)
    assert_graph_matches_model(model)
    view = lab.graph(model)
    assert_view_is_drawn_and_exported(view, tmp_path)
    assert_shapes_are_computed(view.graph, model)
    if name in PUBLISHED:
        counts = [multiply_adds(call) for call in view.graph.calls]
        assert sum(counts) / 1e9 == pytest.approx(PUBLISHED[name], rel=0.02)
    assert_code_rebuilds_model(model)
    assert lab.lint(model) == []
    model.compile(loss="categorical_crossentropy")
    assert lab.lint(model) == []
    del model, view
    gc.collect()


def assert_graph_matches_model(model):
    graph = lab.read_graph(model, masks=True)
    graph_checks.assert_parameters_match(model, graph)
    graph_checks.assert_shapes_match(model, graph)
    graph_checks.assert_connections_match(model, graph)
    graph_checks.assert_inputs_and_outputs_match(model, graph)
    graph_checks.assert_calls_are_in_order(graph)
    graph_checks.assert_edges_match_calls(graph)


def assert_view_is_drawn_and_exported(view, folder):
    graph = view.graph
    seen = ET.fromstring(view.to_svg()).iter("{http://www.w3.org/2000/svg}g")
    boxes = [it for it in seen if "call" in it.get("class", "").split()]
    assert len(boxes) <= MAX_CALLS_UNFOLDED
    if len(graph.calls) > MAX_CALLS_UNFOLDED:
        assert len(boxes) < 0.4 * len(graph.calls)
    for ending in (".svg", ".png", ".html", ".dot", ".mmd", ".json", ".txt"):
        assert view.save(folder / f"graph{ending}").stat().st_size > 300
    assert from_json(view.to_json()) == graph
    assert run_dot(view.to_dot(), "svg").startswith(b"<?xml")
    view.unfold_all()
    ET.fromstring(view.to_svg())


def assert_shapes_are_computed(graph, model):
    """Checks that rules compute every call and that their parameters add up to Keras's count."""
    found = what_if(graph)
    assert found.graph == graph
    kinds = {call.kind for call in graph.calls if call.id not in found.derivations}
    assert kinds <= WITHOUT_RULE
    by_layer = {
        call.layer_id: found.derivations[call.id].parameters.value
        for call in graph.calls
        if call.id in found.derivations
    }
    others = {call.layer_id: call.parameters for call in graph.calls if call.kind in kinds}
    assert sum(by_layer.values()) + sum(others.values()) == model.count_params()
    assert costs(found)[None].parameters == model.count_params()


def assert_code_rebuilds_model(model):
    with preserve_keras_state():
        other = rebuilt(model)
    assert comparable(other) == comparable(model)
    assert [it.shape for it in other.weights] == [it.shape for it in model.weights]
    assert [it.trainable for it in other.weights] == [it.trainable for it in model.weights]


@pytest.fixture
def new_session():
    keras.utils.set_random_seed(7)
    yield
    keras.utils.clear_session()
    gc.collect()


@every_application(QUICK)
@pytest.mark.usefixtures("new_session")
def test_recorded_values_equal_keras_outputs(name):
    side = SIDES.get(name, 32)
    options = {"weights": None, "include_top": False, "input_shape": (side, side, 3)}
    model = getattr(applications, name)(**options)
    x = np.random.default_rng(0).uniform(0, 255, (2, side, side, 3)).astype("float32")
    operations = model.operations
    extraction = keras.Model(model.inputs[0], [it.output for it in operations])
    expected = dict(zip((it.name for it in operations), extraction(x), strict=True))
    flow = run(model, x, training=False, layers=None, dtype=None, limit=10**12)
    assert flow.recording.complete
    assert {it for it in flow.values if "/" not in it} == set(expected)
    for operation, value in expected.items():
        assert np.array_equal(flow.values[operation], value), operation
    assert np.array_equal(flow.recording.outputs, model(x))
    assert [it.id for it in flow.graph.calls if it.id not in flow.values] == []
