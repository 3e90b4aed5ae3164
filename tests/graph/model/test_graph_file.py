"""Graphs as JSON: reading restores the graph, and invalid files raise."""

import json

import keras
import pytest
import seed_models
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.model.graph_file import GraphFileError, from_json, to_json
from kfunc_lab.graph.model.layer_graph import Call, LayerGraph
from kfunc_lab.graph.model.levels import levels_of


@pytest.mark.parametrize("name", seed_models.FUNCTIONAL_MODELS)
def test_course_models_survive_round_trip(name):
    graph = lab.read_graph(seed_models.FUNCTIONAL_MODELS[name][0]())
    assert from_json(to_json(graph)) == graph


def test_all_settings_and_unbuilt_models_survive_round_trip():
    settings = {
        "a": (1, (2.5, None)), "b": {"c": True}, "big": 10**30, "d": float("inf"), "e": "ñ\n\u202e",
    }  # fmt: skip
    graph = LayerGraph("m", "", (Call("x", "x", "Mine", "x", settings=settings),), ())
    assert from_json(to_json(graph)) == graph
    for model in (seed_models.MLP(), keras.Sequential([layers.Dense(2)])):
        assert from_json(to_json(lab.read_graph(model))) == lab.read_graph(model)


def encoder():
    x = keras.Input((2, 3), name="grid")
    return keras.Model(x, layers.Dense(4)(layers.Flatten()(x)), name="enc")


def wrapped(inner, shape):
    x = keras.Input(shape, name="steps")
    return keras.Model(x, layers.TimeDistributed(inner, name="td")(x), name="wrapped")


@pytest.mark.parametrize(
    ("build", "entries"),
    [
        (lambda: wrapped(encoder(), (5, 2, 3)), {"td": ("td/enc/grid",)}),
        (
            lambda: wrapped(keras.Sequential([keras.Input((3,)), layers.Dense(2)]), (5, 3)),
            {"td": ("td/sequential/input_layer",)},
        ),
        (
            lambda: wrapped(wrapped(encoder(), (5, 2, 3)), (7, 5, 2, 3)),
            {"td": ("td/wrapped/steps",), "td/wrapped/td": ("td/wrapped/td/enc/grid",)},
        ),
        (
            lambda: wrapped(layers.TimeDistributed(encoder(), name="in"), (7, 5, 2, 3)),
            {"td": ("td/in",), "td/in": ("td/in/enc/grid",)},
        ),
    ],
    ids=["model", "sequential", "model_around_wrapper", "wrapper_in_wrapper"],
)
def test_models_in_wrappers_survive_round_trip(build, entries, fresh_names):
    model = build()
    graph = lab.read_graph(model)
    assert {item: graph.group_of[item].entries for item in entries} == entries
    assert from_json(to_json(graph)) == graph
    for group in graph.group_of:  # the lines run through all frames
        wires = levels_of(graph)[group].wires
        assert None in {wire.source for wire in wires} & {wire.target for wire in wires}
    assert not lab.compare(model, build()).comparison.changed


def test_saved_graph_gives_same_view(tmp_path):
    view = lab.graph(seed_models.nested_autoencoder())
    path = view.save(tmp_path / "graph.json")
    again = lab.graph(lab.load_graph(path))
    assert again.to_text() == view.to_text()
    assert again.to_svg() == view.to_svg()
    with pytest.raises(TypeError, match="functional or Sequential"):
        again.to_code()
    assert len(path.read_text().splitlines()) > len(view.graph.calls)


def changed(**values) -> str:
    data = json.loads(to_json(lab.read_graph(seed_models.mnist_model())))
    return json.dumps({**data, **values})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no", "This is not JSON"),
        ("[" * 100_000, "This is not JSON"),
        ("[]", 'its "format" must be "kfunc_lab graph"'),
        ('{"format": "other"}', 'its "format" must be'),
        (changed(version=2), "has version 2, but this version of kfunc_lab reads version 1"),
        (changed(calls=7), "graph.calls must be of type list"),
        (changed(calls=[{"id": "a"}]), r"graph.calls\[0\] lacks the field 'layer'"),
        (changed(name=None), "graph.name must be of type str"),
        (changed(more=1), "graph has an unknown field 'more'"),
        (changed(outputs=["nobody"]), "'nobody' is referred to before it is defined"),
        (changed(parameters=True), "graph.parameters must be of type int"),
    ],
)
def test_invalid_file_raises(text, reason):
    with pytest.raises(GraphFileError, match=reason):
        from_json(text)


def test_duplicate_id_raises():
    data = json.loads(to_json(lab.read_graph(seed_models.mnist_model())))
    data["calls"].append(data["calls"][-1])
    with pytest.raises(GraphFileError, match="same id"):
        from_json(json.dumps(data))
