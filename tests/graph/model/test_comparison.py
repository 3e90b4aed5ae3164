"""The differences between two models, independent of layer names."""

import random
from itertools import pairwise

import keras
import pytest
import seed_models
from backends import tensorflow_only
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.graph.model.comparison import compare_graphs, comparison_lines, comparison_title
from kfunc_lab.graph.model.layer_graph import Call, Edge, LayerGraph, TensorSpec

SPEC = TensorSpec((None, 8), "float32")


def chain(*made, name="m"):
    inputs = keras.Input((16, 8), name="x")
    x = inputs
    for layer in made:
        x = layer(x)
    return lab.read_graph(keras.Model(inputs, x, name=name))


def kinds(graph, ids):
    return [graph.call_of[it].kind for it in ids]


def differences(before, after):
    found = compare_graphs(before, after)
    return (
        kinds(after, found.added),
        kinds(before, found.removed),
        [change.settings for change in found.changed],
    )


@pytest.mark.parametrize("name", seed_models.FUNCTIONAL_MODELS)
def test_course_model_built_twice_is_equal(name):
    build = seed_models.FUNCTIONAL_MODELS[name][0]
    one, other = lab.read_graph(build()), lab.read_graph(build())
    assert differences(one, other) == ([], [], [])
    assert "no difference" in comparison_title(compare_graphs(one, other))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "NASNetMobile", marks=tensorflow_only("PyTorch cannot build NASNetMobile")
        ),
        "ResNet50",
    ],
)
def test_keras_application_built_twice_is_equal(name):
    build = getattr(keras.applications, name)
    with preserve_keras_state():
        one, other = lab.read_graph(build(weights=None)), lab.read_graph(build(weights=None))
    assert differences(one, other) == ([], [], [])


def test_changed_setting_is_listed_without_consequences():
    one = chain(layers.Dense(64), layers.Dense(64), layers.Dense(10))
    other = chain(layers.Dense(64), layers.Dense(32), layers.Dense(10))
    assert differences(one, other) == ([], [], [(("units", 64, 32),)])


def test_default_setting_is_compared():
    one = chain(layers.Conv1D(4, 3, activation="relu"))
    other = chain(layers.Conv1D(4, 3, padding="same"))
    assert differences(one, other)[2] == [
        (("activation", "relu", None), ("padding", None, "same"))
    ]


def test_inserted_layer_is_only_difference():
    one = chain(layers.Dense(8), layers.ReLU(), layers.Dense(4))
    other = chain(layers.Dense(8), layers.BatchNormalization(), layers.ReLU(), layers.Dense(4))
    assert differences(one, other) == (["BatchNormalization"], [], [])
    assert differences(other, one) == ([], ["BatchNormalization"], [])


def test_one_more_equal_layer_is_added():
    one = chain(*(layers.Dense(8) for _ in range(5)))
    other = chain(*(layers.Dense(8) for _ in range(6)))
    assert differences(one, other) == (["Dense"], [], [])


def test_replaced_class_is_removed_and_added():
    one = chain(layers.Dense(8), layers.Dense(4), layers.Flatten())
    other = chain(layers.Dense(8), layers.Conv1D(4, 1), layers.Flatten())
    assert differences(one, other) == (["Conv1D"], ["Dense"], [])


def test_new_name_is_changed_setting():
    one, other = chain(layers.Dense(8, name="old")), chain(layers.Dense(8, name="new"))
    assert differences(one, other) == ([], [], [(("name", "old", "new"),)])


def test_frozen_layers_and_input_shapes_are_compared():
    one = chain(layers.Dense(8, name="d"))
    other = chain(layers.Dense(8, name="d", trainable=False))
    assert differences(one, other)[2] == [(("trainable", True, False),)]
    wide = lab.read_graph(layers.Dense(8, name="d")(keras.Input((9,), name="x")))
    slim = lab.read_graph(layers.Dense(8, name="d")(keras.Input((7,), name="x")))
    assert differences(slim, wide)[2] == [(("shape", "(None, 7)", "(None, 9)"),)]


def skip(with_skip):
    inputs = keras.Input((8,), name="x")
    x = layers.Dense(8)(layers.Dense(8)(inputs))
    x = layers.Add()([x, inputs]) if with_skip else x
    return lab.read_graph(keras.Model(inputs, layers.Dense(1)(x), name="m"))


def test_skip_connection_is_added():
    assert differences(skip(False), skip(True)) == (["Add"], [], [])


def two_towers(units, share=False):
    a, b = keras.Input((8,), name="a"), keras.Input((8,), name="b")
    middle = [layers.Dense(4), layers.Dense(units)]
    ends = []
    for tensor, layer in zip((a, b), middle, strict=True):
        x = layers.Dense(8)(tensor)
        ends.append(layers.Dense(2)((middle[0] if share else layer)(x)))
    return lab.read_graph(keras.Model([a, b], layers.Concatenate()(ends), name="towers"))


def test_change_is_in_correct_tower():
    found = compare_graphs(two_towers(4), two_towers(5))
    [change] = found.changed
    assert change.settings == (("units", 4, 5),)
    after = found.after
    [source] = after.sources[change.after]
    assert after.sources[source] == ["b"]


def test_shared_weights_are_compared():
    found = compare_graphs(two_towers(4), two_towers(4, share=True))
    assert (found.added, found.removed) == ((), ())
    assert {name for change in found.changed for name, _old, _new in change.settings} == {
        "shared with"
    }
    said = "\n".join(comparison_lines(found))
    assert "shared with no other call → " in said
    back = compare_graphs(two_towers(4, share=True), two_towers(4))
    assert " → no other call" in "\n".join(comparison_lines(back))


def nested(units, with_decoder=True):
    i = keras.Input((8,), name="i")
    encoder = keras.Model(i, layers.Dense(units)(layers.Dense(8)(i)), name="encoder")
    x = keras.Input((8,), name="x")
    y = encoder(x)
    if with_decoder:
        j = keras.Input((units,), name="j")
        y = keras.Model(j, layers.Dense(8)(layers.Dense(8)(j)), name="decoder")(y)
    return lab.read_graph(keras.Model(x, y, name="m"))


def test_nested_models_are_compared_inside():
    assert differences(nested(4), nested(5))[2][0] == (("units", 4, 5),)
    found = compare_graphs(nested(4, with_decoder=False), nested(4))
    assert comparison_lines(found) == ["+ decoder (Functional, 3 calls)"]
    assert comparison_lines(compare_graphs(nested(4), nested(4, with_decoder=False))) == [
        "- decoder (Functional, 3 calls)"
    ]


def test_wrapped_layers_are_compared():
    one = chain(layers.TimeDistributed(layers.Dense(4)))
    other = chain(layers.TimeDistributed(layers.Dense(5)))
    settings = [it for change in differences(one, other)[2] for it in change]
    assert ("units", 4, 5) in settings


def test_union_contains_both_graphs():
    one = chain(layers.Dense(8, name="a"), layers.Dense(4, name="b"), layers.Flatten(name="c"))
    other = chain(
        layers.Dense(8, name="a"), layers.Conv1D(4, 1, name="b"), layers.Flatten(name="c")
    )
    found = compare_graphs(one, other)
    assert found.marks == {"b": "added", "b~2": "removed"}
    place = {call.id: at for at, call in enumerate(found.union.calls)}
    assert all(place[edge.source] < place[edge.target] for edge in found.union.edges)
    assert {(edge.source, edge.target) for edge in found.union.edges} == {
        ("x", "a"), ("a", "b"), ("a", "b~2"), ("b", "c"), ("b~2", "c"),
    }  # fmt: skip
    view = lab.compare(one, other)
    assert "mark-added" in view.to_svg()
    assert "mark-removed" in view.to_svg()
    assert view.to_text() == repr(view)


def test_text_lists_differences():
    one = chain(layers.Dense(64, name="a"), layers.Dense(10, name="b"), name="first")
    other = chain(layers.Dense(32, name="a"), layers.ReLU(name="r"), layers.Dense(10, name="b"),
                  name="second")  # fmt: skip
    assert lab.compare(one, other).to_text().splitlines() == [
        "first → second: 1 added, 1 changed; parameters 1,226 → 618",
        "+ r (ReLU)",
        "~ a: units 64 → 32",
    ]


@pytest.mark.parametrize("seed", range(40))
def test_random_edit_is_detected(seed):
    draw = random.Random(seed)
    classes = ["Dense", "ReLU", "Dropout", "Conv1D", "Add"]

    def call(number, kind, units):
        layer = f"{kind.lower()}_{number}"
        return Call(layer, layer, kind, layer, (SPEC,), (SPEC,), settings={"units": units})

    before = [call(number, draw.choice(classes), draw.randrange(3)) for number in range(12)]

    def graph(calls):
        calls = [Call("x", "x", "InputLayer", "x", (), (SPEC,)), *calls]
        edges = [Edge(one.id, 0, other.id, 0, SPEC) for one, other in pairwise(calls)]
        return LayerGraph(
            "m", "Functional", tuple(calls), tuple(edges), (), ("x",), (calls[-1].id,)
        )

    at = draw.randrange(12)
    edit = draw.choice(["insert", "remove", "change"])
    after = [
        call(number + 50, it.kind, it.settings["units"]) for number, it in enumerate(before)
    ]
    if edit == "insert":
        after.insert(at, call(99, "LSTM", 7))
        expected = (["LSTM"], [], [])
    elif edit == "remove":
        gone = after.pop(at)
        expected = ([], [gone.kind], [])
    else:
        after[at] = call(99, after[at].kind, 9)
        expected = ([], [], [(("units", before[at].settings["units"], 9),)])
    one, other = graph(before), graph(after)
    assert differences(one, other) == expected
    added, removed, _changed = differences(other, one)
    assert (removed, added) == expected[:2]


def test_comparison_handles_long_chains():
    def graph(units):
        calls = tuple(
            Call(f"d{n}", f"d{n}", "Dense", f"d{n}", (SPEC,), (SPEC,),
                 settings={"units": units if n == 5000 else 8})
            for n in range(10_000)
        )  # fmt: skip
        edges = tuple(Edge(f"d{n}", 0, f"d{n + 1}", 0, SPEC) for n in range(9_999))
        return LayerGraph("m", "", calls, edges, outputs=("d9999",))

    found = compare_graphs(graph(8), graph(9))
    assert [change.settings for change in found.changed] == [(("units", 8, 9),)]


# ---------------------------------------------------------------------------------------------
# Outputs


def outputs(choose):
    x = keras.Input((4,), name="x")
    a, b = layers.Dense(3, name="a")(x), layers.Dense(2, name="b")(x)
    return keras.Model(x, choose(a, b), name="m")


@pytest.mark.parametrize(
    ("one", "other", "text", "boxes"),
    [
        (
            lambda a, b: [a, b],
            lambda a, b: [b, a],
            "a, b → b, a",
            {"output 2 → output 1": "changed", "output 1 → output 2": "changed"},
        ),
        (
            lambda a, b: {"cls": a, "reg": b},
            lambda a, b: {"cls": a, "aux": b},
            "cls = a, reg = b → aux = b, cls = a",
            {"reg → aux": "changed"},
        ),
        (lambda a, b: [a, b], lambda a, b: [a, b, a], "a, b → a, b, a", {"output": "added"}),
        (lambda a, b: [a, b, b], lambda a, b: [a, b], "a, b, b → a, b", {"output": "removed"}),
    ],
    ids=["swapped", "renamed", "added", "removed"],
)
def test_differing_outputs_are_listed_and_marked(one, other, text, boxes):
    view = lab.compare(outputs(one), outputs(other))
    assert view.to_text().splitlines() == [
        "m → m: other inputs or outputs",
        f"~ outputs of the model: {text}",
    ]
    comparison = view.comparison
    labels = comparison.union.output_names
    found = {
        labels[int(item.rpartition("/")[2])] or "output": mark
        for item, mark in comparison.marks.items()
    }
    assert found == boxes
    svg = view.to_svg()
    assert all(f">{label}</text>" in svg for label in boxes)
    assert all(f"mark-{mark}" in svg for mark in boxes.values())


def test_added_layer_does_not_move_the_output(fresh_names):
    def model(*more):
        return keras.Sequential([keras.Input((4,)), layers.Dense(3), *more], name="m")

    found = lab.compare(model(), model(layers.Softmax(name="shares"))).comparison
    assert found.ends == ()
    assert found.added == ("shares",)
