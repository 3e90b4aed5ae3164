"""Random functional graphs: reading, drawing, folding and exporting."""

import xml.etree.ElementTree as ET

import keras
import pytest
from backends import BACKEND
from crossings import crossings
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.model.folding import fold_graph, items_by_parent, visible_item
from kfunc_lab.graph.model.graph_file import from_json, to_json
from kfunc_lab.graph.picture.layout import Layouts
from kfunc_lab.graph.picture.svg import draw

SVG = "{http://www.w3.org/2000/svg}"
NAMES = st.text(
    # PyTorch does not take a name with a full stop.
    st.characters(
        exclude_characters="/." if BACKEND == "torch" else "/", exclude_categories=("Cs",)
    ),
    min_size=1,
    max_size=30,
)


@st.composite
def models(draw):
    """Draws a functional model of layers, raw operations, shared layers and nested models."""
    inputs = [keras.Input((4,), name=f"input {n}") for n in range(draw(st.integers(1, 3)))]
    tensors = list(inputs)
    shared = layers.Dense(4)
    inner = keras.Input((4,))
    nested = keras.Model(inner, layers.Dense(4)(layers.ReLU()(inner)))
    used: set[str] = set()
    for _step in range(draw(st.integers(1, 14))):
        kind = draw(st.sampled_from(["dense", "add", "shared", "nested", "raw", "join"]))
        source = draw(st.sampled_from(tensors))
        if kind == "dense":
            name = draw(NAMES)
            unique = name if name not in used else None
            used.add(name)
            tensors.append(layers.Dense(4, name=unique)(source))
        elif kind == "add":
            tensors.append(layers.Add()([source, draw(st.sampled_from(tensors))]))
        elif kind == "shared":
            tensors.append(shared(source))
        elif kind == "nested":
            tensors.append(nested(source))
        elif kind == "raw":
            tensors.append(source * 2 + 1)
        else:
            joined = layers.Concatenate()([source, draw(st.sampled_from(tensors))])
            tensors.append(layers.Dense(4)(joined))
    return keras.Model(inputs, tensors[-1])


slow = examples(16)


@slow
@given(models())
def test_graph_matches_keras(model):
    graph = lab.read_graph(model)
    names = {call.id: call.layer for call in graph.calls}
    top = {it.id for it in graph.calls if it.group is None}
    read = sorted(
        (names[edge.source], names[edge.target], edge.input)
        for edge in graph.edges
        if {edge.source, edge.target} <= top and edge.target not in graph.lost
    )
    nested = {layer.name for layer in model.layers if isinstance(layer, keras.Model)}
    expected = []
    for layer in model.get_config()["layers"]:
        for node in layer["inbound_nodes"]:
            for position, (source, _call, _output) in enumerate(histories(node["args"])):
                if not nested & {source, layer["name"]}:
                    expected.append((source, layer["name"], position))
    assert read == sorted(expected)
    place = {call.id: at for at, call in enumerate(graph.calls)}
    assert all(place[edge.source] < place[edge.target] for edge in graph.edges)


def histories(value):
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            yield value["config"]["keras_history"]
        else:
            for it in value.values():
                yield from histories(it)
    elif isinstance(value, (list, tuple)):
        for it in value:
            yield from histories(it)


@slow
@given(models(), st.booleans())
def test_graph_survives_drawing_and_round_trip(model, fold):
    view = lab.graph(model, fold=fold)
    drawn = ET.fromstring(view.to_svg())
    boxes = [it for it in drawn.iter(f"{SVG}g") if "call" in it.get("class", "").split()]
    opened = frozenset(view.opened)
    assert len(boxes) == len(
        {visible_item(view.graph, call.id, opened) for call in view.graph.calls}
    )
    assert from_json(to_json(view.graph)) == view.graph
    assert view.to_text() == lab.graph(model, fold=fold).to_text()


@slow
@given(models())
def test_folding_keeps_calls_and_creates_no_cycle(model):
    graph = lab.read_graph(model)
    folded, _opened = fold_graph(graph, True)
    assert {it.id for it in folded.calls} == {it.id for it in graph.calls}
    assert folded.edges == graph.edges
    items = items_by_parent(folded)
    assert sorted(it for inside in items.values() for it in inside) == sorted(
        {*folded.call_of, *folded.group_of}
    )
    for parent, inside in items.items():
        place = {item: at for at, item in enumerate(inside)}
        for edge in graph.edges:
            ends = [at_level(folded, call_id, parent) for call_id in (edge.source, edge.target)]
            if None not in ends and ends[0] != ends[1]:
                assert place[ends[0]] < place[ends[1]]


def at_level(graph, item, parent):
    while item is not None:
        group = graph.group_of.get(item)
        above = graph.call_of[item].group if group is None else group.parent
        if above == parent:
            return item
        item = above
    return None


@slow
@given(st.lists(st.sampled_from("abcab"), min_size=1, max_size=40), st.booleans())
def test_boxes_never_overlap(kinds, opened):
    x = keras.Input((4,), name="x")
    y = x
    for number, kind in enumerate(kinds):
        if kind == "a":
            y = layers.Dense(4, name=f"block_{number % 7}_{number}")(y)
        elif kind == "b":
            y = layers.Add()([y, x])
        else:
            y = layers.Concatenate()([layers.Dense(4)(y), layers.ReLU()(y)])
            y = layers.Dense(4)(y)
    graph, _folded = fold_graph(lab.read_graph(keras.Model(x, y)), True)
    view = ET.fromstring(draw(Layouts(graph), graph.group_of if opened else ()))
    places = []
    for it in view.iter(f"{SVG}g"):
        if "call" in it.get("class", "").split():
            left, top = map(float, it.get("transform")[10:-1].split())
            [box] = [rect for rect in it if rect.get("class") == "box"]
            width, height = float(box.get("width")), float(box.get("height"))
            places.append((left - width / 2, top - height / 2, width, height))
    for number, (x1, y1, w1, h1) in enumerate(places):
        for x2, y2, w2, h2 in places[:number]:
            assert x1 >= x2 + w2 or x2 >= x1 + w1 or y1 >= y2 + h2 or y2 >= y1 + h1


@pytest.mark.parametrize("right", [False, True], ids=["down", "right"])
@slow
@given(models())
def test_no_line_crosses_a_shape_or_a_title(right, model):
    graph, _opened = fold_graph(lab.read_graph(model), True)
    layouts = Layouts(graph, right=right)
    assert crossings(layouts, ()) == []
    assert crossings(layouts, graph.group_of) == []


@pytest.mark.parametrize("right", [False, True], ids=["down", "right"])
@pytest.mark.parametrize(
    "name",
    [
        "MobileNetV3Small",
        *(
            pytest.param(name, marks=pytest.mark.deep)
            for name in ("ResNet50", "DenseNet121", "InceptionV3", "NASNetMobile", "VGG19")
        ),
    ],
)
def test_no_line_of_an_application_crosses_a_shape_or_a_title(name, right):
    model = getattr(keras.applications, name)(weights=None)
    graph, _opened = fold_graph(lab.read_graph(model), True)
    layouts = Layouts(graph, right=right)
    assert crossings(layouts, ()) == []
    assert crossings(layouts, graph.group_of) == []
