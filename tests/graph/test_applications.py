"""Every model of `keras.applications`: read, folded, drawn, written in every form, and rebuilt."""

import gc
import inspect
import xml.etree.ElementTree as ET
from collections import Counter

import keras
import pytest
from keras_says import configured_edges, folded_edges, levels
from rebuilding import comparable, rebuilt

import kfunc_lab as lab
from kfunc_lab.graph.keras.dry_run import preserve_keras_state
from kfunc_lab.graph.model.folding import MAX_CALLS_UNFOLDED
from kfunc_lab.graph.model.graph_file import from_json
from kfunc_lab.graph.picture.graphviz import run_dot
from kfunc_lab.shapes.costs import costs
from kfunc_lab.shapes.what_if import what_if


def constructors() -> list[str]:
    """The constructors of `keras.applications`, whatever they are in this version."""
    return sorted(
        name
        for name, it in vars(keras.applications).items()
        if callable(it) and "weights" in inspect.signature(it).parameters
    )


def test_they_are_all_there():
    assert {"VGG19", "ResNet152V2", "NASNetLarge", "ConvNeXtXLarge"} <= {*constructors()}
    assert len(constructors()) >= 38


# Classes that keras.applications brings along, and inputs.
WITHOUT_RULE = {"InputLayer", "LayerScale", "CustomScaleLayer"}


def shapes_are_reckoned(graph, model):
    """Every call's numbers come from a rule, and add up to what Keras counts."""
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


@pytest.mark.parametrize("name", constructors())
def test_every_form(name, tmp_path):
    # Values for the weights would take most of the time and memory.
    with preserve_keras_state():
        model = getattr(keras.applications, name)(weights=None)
    view = lab.graph(model)
    graph = view.graph

    assert graph.parameters == model.count_params()
    read = lab.read_graph(model, masks=True)
    for level, functional in levels(read, model):
        assert Counter(folded_edges(read, level)) == Counter(configured_edges(functional))
    seen = ET.fromstring(view.to_svg()).iter("{http://www.w3.org/2000/svg}g")
    boxes = [it for it in seen if "call" in it.get("class", "").split()]
    assert len(boxes) <= MAX_CALLS_UNFOLDED
    if len(graph.calls) > MAX_CALLS_UNFOLDED:
        assert len(boxes) < 0.4 * len(graph.calls)

    for ending in (".svg", ".png", ".html", ".dot", ".mmd", ".json", ".txt"):
        assert view.save(tmp_path / f"graph{ending}").stat().st_size > 300
    assert from_json(view.to_json()) == graph
    assert run_dot(view.to_dot(), "svg").startswith(b"<?xml")
    assert lab.lint(model) == []

    shapes_are_reckoned(graph, model)

    config = comparable(model)
    with preserve_keras_state():
        other = rebuilt(model)
    shapes = [weight.shape for weight in model.weights]
    assert comparable(other) == config
    assert [weight.shape for weight in other.weights] == shapes
    view.unfold_all()
    ET.fromstring(view.to_svg())
    del model, other
    gc.collect()
