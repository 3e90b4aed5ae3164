"""Graphs of shared, nested, masked and lost parts, of tensors, and of invalid objects."""

import dataclasses
import functools
import gc
import random
import warnings

import keras
import numpy as np
import pytest
import seed_models
from keras import layers, ops

import kfunc_lab as lab
from kfunc_lab.graph.export.table import to_text
from kfunc_lab.graph.keras import nodes
from kfunc_lab.graph.model.layer_graph import TensorSpec


def ids(graph) -> list[str]:
    return [call.id for call in graph.calls]


def arrows(graph) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in graph.edges}


def call(graph, call_id):
    [found] = [it for it in graph.calls if it.id == call_id]
    return found


# ---------------------------------------------------------------------------------------------
# Shared layers and nested models


def test_shared_layer_has_several_calls_and_one_count_of_parameters():
    lstm = layers.LSTM(4, name="lstm")
    a, b = keras.Input((5, 3), name="a"), keras.Input((5, 3), name="b")
    model = keras.Model([a, b], layers.subtract([lstm(a), lstm(b)], name="difference"))
    graph = lab.read_graph(model)
    assert ids(graph) == ["a", "b", "lstm", "lstm#2", "difference"]
    assert graph.shared == {"lstm": (1, 2), "lstm#2": (2, 2)}
    assert {it.layer_id for it in graph.calls if it.layer == "lstm"} == {"lstm"}
    assert call(graph, "lstm").parameters == call(graph, "lstm#2").parameters == 128
    assert graph.parameters == 128
    assert arrows(graph) >= {("a", "lstm"), ("b", "lstm#2")}


def test_shared_calls_are_numbered_in_call_order():
    dense = layers.Dense(3, name="d")
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    made = [dense(a), dense(b)]
    graph = lab.read_graph([made[1], made[0]])
    assert graph.shared == {"d": (1, 2), "d#2": (2, 2)}
    assert arrows(graph) == {("a", "d"), ("b", "d#2")}


def test_calls_in_another_graph_are_ignored():
    dense = layers.Dense(3, name="d")
    dense(keras.Input((3,)))
    graph = lab.read_graph(dense(keras.Input((3,), name="x")))
    assert ids(graph) == ["x", "d"]
    assert graph.shared == {}


def test_models_of_one_graph_share_layers():
    encoder, autoencoder = seed_models.encoder_and_autoencoder()
    first, second = lab.read_graph(encoder), lab.read_graph(autoencoder)
    assert second.calls[: len(first.calls)] == first.calls
    assert (first.parameters, second.parameters) == (18_672, 28_241)
    assert first.lost == second.lost == ()


def test_nested_model_called_twice_gives_two_groups():
    i = keras.Input((4,), name="i")
    inner = keras.Model(i, layers.Dense(4, name="d")(i), name="inner")
    x = keras.Input((4,), name="x")
    graph = lab.read_graph(keras.Model(x, inner(inner(x))))
    assert ids(graph) == ["x", "inner/i", "inner/d", "inner#2/i", "inner#2/d"]
    assert arrows(graph) == {
        ("x", "inner/i"),
        ("inner/i", "inner/d"),
        ("inner/d", "inner#2/i"),
        ("inner#2/i", "inner#2/d"),
    }
    assert [(it.id, it.layer_id) for it in graph.groups] == [
        ("inner", "inner"),
        ("inner#2", "inner"),
    ]
    assert [it.entries for it in graph.groups] == [("inner/i",), ("inner#2/i",)]
    assert [it.exits for it in graph.groups] == [(("inner/d", 0),), (("inner#2/d", 0),)]
    assert graph.shared["inner/d"] == (1, 2)
    assert graph.shared["inner#2/d"] == (2, 2)
    assert graph.parameters == 20


def test_nested_model_contains_nested_model():
    i = keras.Input((4,), name="i")
    innermost = keras.Model(i, layers.Dense(4, name="d")(i), name="innermost")
    j = keras.Input((4,), name="j")
    middle = keras.Model(j, innermost(j), name="middle")
    graph = lab.read_graph(keras.Model(j, middle(j)))
    assert [(it.id, it.parent) for it in graph.groups] == [
        ("middle", None),
        ("middle/innermost", "middle"),
    ]
    assert call(graph, "middle/innermost/d").group == "middle/innermost"
    assert graph.groups[0].exits == (("middle/innermost/d", 0),)


def test_sequential_and_functional_models_nest():
    i = keras.Input((4,), name="i")
    inner = keras.Model(i, layers.Dense(4, name="d")(i), name="inner")
    model = keras.Sequential([keras.Input((4,), name="x"), inner, layers.Dense(2, name="e")])
    graph = lab.read_graph(model)
    assert ids(graph) == ["x", "inner/i", "inner/d", "e"]
    assert arrows(graph) == {("x", "inner/i"), ("inner/i", "inner/d"), ("inner/d", "e")}
    assert graph.kind == "Sequential"
    assert graph.lost == ()

    outer = lab.read_graph(keras.Model(i, model(i)))
    assert outer.groups[0].kind == "Sequential"
    assert outer.groups[1].parent == outer.groups[0].id


def test_unused_output_of_nested_model_stays():
    i = keras.Input((4,), name="i")
    a, b = layers.Dense(2, name="a")(i), layers.Dense(3, name="b")(i)
    two = keras.Model(i, [a, b], name="two")
    x = keras.Input((4,), name="x")
    graph = lab.read_graph(keras.Model(x, two(x)[0]))
    assert ids(graph) == ["x", "two/i", "two/a", "two/b"]
    assert graph.outputs == ("two/a",)


def two_inputs(as_dict: bool) -> keras.Model:
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    x = layers.Concatenate(name="cat")([b, a])
    return keras.Model({"a": a, "b": b} if as_dict else [b, a], x, name="pair")


@pytest.mark.parametrize(
    ("as_dict", "given"),
    [
        (False, lambda x, y: {"a": x, "b": y}),
        (False, lambda x, y: [y, x]),
        (True, lambda x, y: {"b": y, "a": x}),
        (True, lambda x, y: [x, y]),
    ],
    ids=["dict to list", "list to list", "dict to dict", "list to dict"],
)
def test_inputs_of_nested_model_match_keras(as_dict, given):
    x, y = keras.Input((2,), name="x"), keras.Input((3,), name="y")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = keras.Model([x, y], two_inputs(as_dict)(given(x, y)))
    graph = lab.read_graph(model)
    assert arrows(graph) >= {("x", "pair/a"), ("y", "pair/b")}
    assert ("x", "pair/b") not in arrows(graph)


def test_nested_model_accepts_keyword_arguments():
    i = keras.Input((4,), name="i")
    inner = keras.Model(i, layers.Dense(2, name="d")(i), name="inner")
    x = keras.Input((4,), name="x")
    graph = lab.read_graph(inner(training=False, inputs=x))
    assert arrows(graph) == {("x", "inner/i"), ("inner/i", "inner/d")}


def test_dict_inputs_and_outputs_are_read():
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    both = layers.Concatenate(name="both")([a, b])
    outputs = {"n": layers.Dense(1, name="n")(both), "m": layers.Dense(4, name="m")(both)}
    graph = lab.read_graph(keras.Model({"b": b, "a": a}, outputs))
    assert graph.inputs == ("a", "b")
    assert {*graph.outputs} == {"n", "m"}
    assert arrows(graph) == {("a", "both"), ("b", "both"), ("both", "n"), ("both", "m")}


# ---------------------------------------------------------------------------------------------
# Calls


def test_layer_has_several_outputs():
    inputs = keras.Input((5, 3), name="x")
    sequence, hidden, cell = layers.LSTM(
        4, return_sequences=True, return_state=True, name="lstm"
    )(inputs)
    last = layers.Dense(2, name="head")(cell)
    graph = lab.read_graph(keras.Model(inputs, [last, sequence, hidden]))
    assert [it.shape for it in call(graph, "lstm").outputs] == [
        (None, 5, 4),
        (None, 4),
        (None, 4),
    ]
    [edge] = [it for it in graph.edges if it.target == "head"]
    assert (edge.source, edge.output, edge.input) == ("lstm", 2, 0)
    assert graph.outputs == ("head", "lstm")


def test_layer_has_several_input_tensors():
    query, value = keras.Input((5, 8), name="query"), keras.Input((7, 8), name="value")
    key = keras.Input((7, 8), name="key")
    x = layers.MultiHeadAttention(2, 4, name="heads")(query, value, key=key)
    graph = lab.read_graph(keras.Model([query, value, key], x))
    ends = [(it.source, it.input) for it in graph.edges if it.target == "heads"]
    assert ends == [("query", 0), ("value", 1), ("key", 2)]
    assert call(graph, "heads").settings.items() >= {"num_heads": 2, "key_dim": 4}.items()


def test_raw_operations_keep_constants():
    t = keras.Input((6,), name="t")
    x = ops.softmax((t * 2 + 1)[:, 1:5:2] * np.float32(3), axis=0)
    x = ops.concatenate([x, x + np.ones(2, "float32")], axis=-1)
    graph = lab.read_graph(x)
    said = [(it.kind, dict(it.settings)) for it in graph.calls]
    assert said == [
        ("InputLayer", {}),
        ("Multiply", {"x2": 2}),
        ("Add", {"x2": 1}),
        ("GetItem", {"key": (":", "1:5:2")}),
        ("Multiply", {"x2": 3.0}),
        ("Softmax", {"axis": 0}),
        ("Add", {"x2": "array(2,)"}),
        ("Concatenate", {"axis": -1}),
    ]
    assert graph.parameters == 0
    assert [it.outputs[0].shape for it in graph.calls[2:4]] == [(None, 6), (None, 2)]


def test_index_keeps_newaxis_and_ellipsis():
    t = keras.Input((6, 2), name="t")
    graph = lab.read_graph(t[:, None, ..., 0])
    assert graph.calls[1].settings == {"key": (":", None, "...", 0)}


# ---------------------------------------------------------------------------------------------
# Masks


def masked():
    words = keras.Input((None,), dtype="int32", name="words")
    x = layers.Embedding(9, 4, mask_zero=True, name="vectors")(words)
    return keras.Model(words, layers.LSTM(3, name="lstm")(x))


def test_masks_are_hidden_by_default():
    model = masked()
    hidden, shown = lab.read_graph(model), lab.read_graph(model, masks=True)
    assert ids(hidden) == ["words", "vectors", "lstm"]
    assert len(call(hidden, "lstm").inputs) == 1
    [extra] = {*ids(shown)} - {*ids(hidden)}
    assert call(shown, extra).kind == "NotEqual"
    assert call(shown, extra).outputs == (TensorSpec((None, None), "bool"),)
    assert arrows(shown) - arrows(hidden) == {("words", extra), (extra, "lstm")}


def test_masks_of_a_loaded_model_are_hidden(tmp_path):
    """Its configuration names each mask as if the user had passed it."""
    path = tmp_path / "masked.keras"
    model = masked()
    model.save(path)
    loaded = keras.models.load_model(path)
    assert ids(lab.read_graph(loaded)) == ids(lab.read_graph(model))
    assert "not_equal" in " ".join(ids(lab.read_graph(loaded, masks=True)))
    assert not lab.compare(model, loaded).comparison.changed


@pytest.mark.parametrize("padding", [1, 0.0, None])
def test_other_mask_than_the_one_passed_along_is_kept(padding):
    words = keras.Input((None,), dtype="int32", name="words")
    x = layers.Embedding(9, 4, mask_zero=True, name="vectors")(words)
    mask = ops.not_equal(words, padding) if padding is not None else ops.equal(words, 0)
    graph = lab.read_graph(keras.Model(words, layers.LSTM(3, name="lstm")(x, mask=mask)))
    assert len(call(graph, "lstm").inputs) == 2


def test_explicit_mask_is_kept():
    x = keras.Input((5, 3), name="x")
    mask = keras.Input((5,), dtype="bool", name="mask")
    graph = lab.read_graph(keras.Model([x, mask], layers.LSTM(2, name="l")(x, mask=mask)))
    assert arrows(graph) == {("x", "l"), ("mask", "l")}


def test_comparison_that_is_not_a_mask_is_kept():
    words = keras.Input((4,), dtype="int32", name="words")
    there = ops.cast(ops.not_equal(words, 0), "float32")
    graph = lab.read_graph(keras.Model(words, there))
    assert [it.kind for it in graph.calls] == ["InputLayer", "NotEqual", "Cast"]


# ---------------------------------------------------------------------------------------------
# Unused and lost


def test_input_without_path_to_output_is_unused():
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    graph = lab.read_graph(keras.Model([a, b], layers.Dense(1, name="d")(a)))
    assert graph.unused == ("b",)
    assert graph.lost == ()


def test_branch_of_reassigned_variable_is_lost():
    inputs = keras.Input((4,), name="inputs")
    x = layers.Dense(3, name="lost_1")(inputs)
    x = layers.Dense(3, name="lost_2")(x)
    x = layers.Dense(3, name="lost_3")(x)
    x = layers.Dense(3, name="kept")(inputs)
    for source in (x, [x], {"x": x}, keras.Model(inputs, x)):
        graph = lab.read_graph(source)
        assert graph.lost == ("lost_1", "lost_2", "lost_3")
        assert arrows(graph) >= {("inputs", "lost_1"), ("lost_2", "lost_3")}
        assert graph.outputs == ("kept",)
        assert graph.inputs == ("inputs",)
    assert lab.read_graph(keras.Model(inputs, x)).parameters == 15


def test_referenced_calls_are_not_lost():
    inputs = keras.Input((4,), name="inputs")
    variable = layers.Dense(3, name="by_variable")(inputs)
    in_a_list = [layers.Dense(3, name="by_list")(inputs)]
    model = keras.Model(inputs, layers.Dense(2, name="end")(layers.Dense(3, name="m")(inputs)))
    in_a_dict = {"end": layers.Dense(1, name="last")(layers.Dense(3, name="middle")(inputs))}
    x = layers.Dense(5, name="x")(inputs)
    graph = lab.read_graph(keras.Model(inputs, x))
    assert ids(graph) == ["inputs", "x"]
    assert graph.lost == ()
    # The references end here.
    del variable, in_a_list, model, in_a_dict
    lost = {*lab.read_graph(keras.Model(inputs, x)).lost}
    assert lost == {"by_variable", "by_list", "end", "m", "last", "middle"}


def test_branch_is_lost_after_last_reference():
    inputs = keras.Input((4,), name="inputs")
    held = layers.Dense(3, name="held")(inputs)
    layers.Dense(3, name="gone")(held)
    x = layers.Dense(5, name="x")(inputs)
    assert lab.read_graph(x).lost == ()
    graph = lab.read_graph([x, held])
    assert graph.lost == ("gone",)
    assert ("held", "gone") in arrows(graph)


def test_second_call_of_shared_layer_can_be_lost():
    inputs = keras.Input((4,), name="inputs")
    dense = layers.Dense(4, name="dense")
    x = dense(inputs)
    dense(x)
    graph = lab.read_graph(x)
    assert graph.lost == ("dense#2",)
    assert graph.parameters == 20


def test_all_calls_of_lost_nested_model_are_lost():
    i = keras.Input((4,), name="i")
    inner = keras.Model(i, layers.Dense(4, name="d")(i), name="inner")
    x = keras.Input((4,), name="x")
    inner(x)
    graph = lab.read_graph(keras.Model(x, layers.Dense(1, name="y")(x)))
    assert graph.lost == ("inner/i", "inner/d")


def test_lost_branch_includes_masks():
    inputs = keras.Input((7, 3), name="inputs")
    x = layers.Dense(3, name="d")(inputs)
    x = layers.LSTM(4, name="l")(layers.Masking(name="m")(x))
    x = layers.Dense(5, name="kept")(inputs)
    model = keras.Model(inputs, x)
    graph = lab.read_graph(model)
    assert graph.lost == ("d", "m", "l")
    assert arrows(graph) == {("inputs", "kept"), ("inputs", "d"), ("d", "m"), ("m", "l")}
    shown = lab.read_graph(model, masks=True)
    assert {*shown.lost} > {*graph.lost}
    assert {*ids(shown)} == {"inputs", "kept", *shown.lost}


@dataclasses.dataclass
class Holder:
    """An object of the user that holds a model."""

    model: object


HELD: list[object] = []


def hold_in_list(model):
    HELD.append([{"models": (model,)}])


def hold_in_object(model):
    HELD.append(Holder(model))


def hold_in_function(model):
    hold_in_function.kept = model


def hold_in_closure(model):
    HELD.append(lambda: model)


@pytest.fixture
def collections(monkeypatch):
    """The full garbage collections."""
    made = []
    monkeypatch.setattr(nodes.gc, "collect", lambda *_arguments: made.append(1))
    # After many tests, pytest's modules refer to more objects than the search would visit.
    monkeypatch.setattr(nodes, "_MAX_VISITS", 10_000_000)
    yield made
    HELD.clear()
    vars(hold_in_function).pop("kept", None)


@pytest.mark.parametrize(
    "hold", [hold_in_list, hold_in_object, hold_in_function, hold_in_closure]
)
def test_living_side_branch_needs_no_garbage_collection(hold, collections):
    inputs = keras.Input((4,), name="inputs")
    hidden = layers.Dense(3, name="body")(inputs)
    hold(keras.Model(inputs, layers.Dense(2, name="side")(hidden)))
    model = keras.Model(inputs, layers.Dense(2, name="end")(hidden))
    assert lab.read_graph(model).lost == ()
    assert collections == []


def test_unused_casts_need_no_garbage_collection(collections):
    x = keras.Input((4,), name="x")
    half = layers.Dense(2, dtype="mixed_float16", name="half")(x)
    model = keras.Model(x, layers.Dense(2, dtype="float32", name="end")(half))
    assert lab.read_graph(model).lost == ()
    assert collections == []


def test_deleted_model_leaves_lost_head():
    inputs = keras.Input((4,), name="inputs")
    x = layers.Dense(3, name="body")(inputs)
    model = keras.Model(inputs, layers.Dense(2, name="old_head")(x))
    assert lab.read_graph(model).lost == ()
    del model
    model = keras.Model(inputs, layers.Dense(2, name="new_head")(x))
    graph = lab.read_graph(model)
    assert graph.lost == ("old_head",)
    assert graph.parameters == model.count_params()


# ---------------------------------------------------------------------------------------------
# Tensors without a model


def test_nested_structures_of_tensors_are_read():
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    x, y = layers.Dense(3, name="x")(a), layers.Dense(3, name="y")(b)
    z = layers.add([x, y], name="z")
    both = lab.read_graph([x, y])
    assert ids(both) == ["a", "x", "b", "y"]
    assert both.outputs == ("x", "y")
    assert both.name == ""
    assert both.kind == "KerasTensor"
    assert both.parameters == both.trainable_parameters == 18
    names = {}
    for nest in ((x, y), {"one": x, "two": y}, [[x], ({"deep": y},)]):
        graph = lab.read_graph(nest)
        names[type(nest)] = graph.output_names
        assert dataclasses.replace(graph, output_names=()) == both
    assert names == {tuple: ("", ""), dict: ("one", "two"), list: ("0/0", "1/0/deep")}
    assert ids(lab.read_graph(z)) == ["a", "x", "b", "y", "z"]
    assert ids(lab.read_graph(x)) == ["a", "x"]
    assert lab.read_graph(a).outputs == lab.read_graph(a).inputs == ("a",)


def test_layers_with_equal_names_have_unique_ids():
    x = keras.Input((2,), name="same")
    y = layers.Dense(3, name="same")(x)
    z = layers.Dense(4, name="same")(y)
    graph = lab.read_graph(z)
    assert len({*ids(graph)}) == 3
    assert ids(graph)[0] == "same"
    assert graph.shared == {}
    assert [it.layer for it in graph.calls] == ["same"] * 3
    assert [(it.source, it.target) for it in graph.edges] == [
        (ids(graph)[0], ids(graph)[1]),
        (ids(graph)[1], ids(graph)[2]),
    ]


@pytest.mark.parametrize("name", ["d#2", "d~2"])
def test_name_that_looks_like_id_keeps_ids_unique(name):
    x = keras.Input((3,), name="x")
    dense, other = layers.Dense(3, name="d"), layers.Dense(3, name=name)
    twin = layers.Dense(3, name="d")
    graph = lab.read_graph(twin(other(dense(dense(x)))))
    assert len({*ids(graph)}) == 5
    assert arrows(graph) == {*zip(ids(graph), ids(graph)[1:], strict=False)}
    assert len(graph.shared) == 2


def test_deep_graph_needs_no_recursion():
    x = keras.Input((4,), name="x")
    for number in range(3000):
        x = layers.Activation("relu", name=f"a{number}")(x)
    graph = lab.read_graph(x)
    text = to_text(graph)
    assert len(graph.calls) == 3001
    assert len(text.splitlines()) == 3001 + 2
    [first] = [edge for edge in graph.edges if edge.target == "a0"]
    assert first.source == "x"


# ---------------------------------------------------------------------------------------------
# Layers and models with connections in Python code


def test_unbuilt_sequential_is_chain():
    model = keras.Sequential([layers.Dense(3, name="a"), layers.Dense(2, name="b")], name="s")
    graph = lab.read_graph(model)
    assert ids(graph) == ["a", "b"]
    assert arrows(graph) == {("a", "b")}
    assert graph.edges[0].tensor.shape is None
    assert (graph.inputs, graph.outputs) == (("a",), ("b",))
    assert graph.connected
    assert not graph.built
    assert graph.parameters == 0
    assert call(graph, "a").outputs == ()

    model.build((None, 5))
    graph = lab.read_graph(model)
    assert [it.kind for it in graph.calls] == ["InputLayer", "Dense", "Dense"]
    assert graph.parameters == model.count_params() == 26
    assert graph.built


def test_unbuilt_sequential_joins_nested_models():
    i = keras.Input((4,), name="i")
    a, b = layers.Dense(2, name="a")(i), layers.Dense(2, name="b")(i)
    inner = keras.Model(i, layers.add([a, b], name="sum"), name="inner")
    classifier = layers.Dense(1)
    model = keras.Sequential(
        [
            seed_models.CustomRNN(classifier, name="rnn"),
            layers.Dense(4, name="before"),
            inner,
            layers.Dense(3, name="after"),
        ]
    )
    graph = lab.read_graph(model)
    assert arrows(graph) == {
        ("rnn", "before"),
        ("before", "inner/i"),
        ("inner/i", "inner/a"),
        ("inner/i", "inner/b"),
        ("inner/a", "inner/sum"),
        ("inner/b", "inner/sum"),
        ("inner/sum", "after"),
    }
    assert graph.outputs == ("after",)


@pytest.mark.parametrize(
    "model", [keras.Sequential, lambda: keras.Sequential([keras.Input((3,))])]
)
def test_empty_sequential_gives_empty_graph(model):
    graph = lab.read_graph(model())
    assert graph.calls == graph.edges == graph.inputs == graph.outputs == ()
    assert not graph.built


def test_sequential_contains_custom_layer():
    model = keras.Sequential([keras.Input((4,)), seed_models.CustomDense(3, name="mine")])
    graph = lab.read_graph(model)
    assert not call(graph, "mine").library
    assert call(graph, "mine").parameters == 15
    assert call(graph, "mine").settings == {"units": 3}


def test_subclassed_model_is_built_by_first_call():
    model = seed_models.MLP(name="mlp")
    before = lab.read_graph(model)
    assert [it.kind for it in before.calls] == ["Dense", "Dense"]
    assert before.parameters == 0
    assert not before.built
    assert not before.connected
    assert before.edges == before.inputs == before.outputs == ()

    model(np.zeros((1, 32), "float32"))
    after = lab.read_graph(model)
    assert after.built
    assert not after.connected
    assert after.kind == "MLP"
    assert after.parameters == model.count_params() == 2_762
    assert [it.parameters for it in after.calls] == [2_112, 650]
    assert [it.outputs[0].shape[-1] for it in after.calls] == [64, 10]
    functional = lab.read_graph(seed_models.functional_mlp())
    assert functional.parameters == after.parameters


def test_functional_model_inside_layer_is_group():
    layer = seed_models.functional_in_custom_rnn()
    graph = lab.read_graph(layer)
    [group] = graph.groups
    assert group.layer == layer.classifier.name
    assert [it.kind for it in graph.calls if it.group is None] == ["Dense", "Dense"]
    assert [it.kind for it in graph.calls if it.group] == [
        "InputLayer",
        "GlobalAveragePooling1D",
        "Dense",
    ]
    assert group.entries == (graph.calls[2].id,)
    assert group.exits == ((graph.calls[4].id, 0),)
    assert graph.parameters == layer.count_params()
    assert len(graph.edges) == 2
    assert not graph.connected


def test_composite_layers_nest():
    class Block(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = seed_models.MLP(name="mlp")
            self.norm = layers.LayerNormalization(name="norm")

        def call(self, x):
            return self.norm(self.inner(x))

    graph = lab.read_graph(Block(name="block"))
    assert ids(graph)[-1] == "norm"
    assert [it.group for it in graph.calls] == [None, "mlp", "mlp", None]


def test_single_layer_is_read():
    layer = layers.Dense(3, name="d")
    graph = lab.read_graph(layer)
    assert ids(graph) == ["d"]
    assert not graph.built
    layer.build((None, 4))
    graph = lab.read_graph(layer)
    assert graph.calls[0].inputs == (TensorSpec((None, 4), "float32"),)
    assert graph.calls[0].outputs == (TensorSpec((None, 3), "float32"),)
    assert graph.parameters == 15
    assert graph.built


class Undescribable(layers.Layer):
    """Raises in every method that describes the layer."""

    def __init__(self, secret, **kwargs):
        super().__init__(**kwargs)
        self.secret = secret

    def call(self, x):
        return x

    def get_config(self):
        raise RuntimeError("no")

    def get_build_config(self):
        raise RuntimeError("no")


class Unserialisable(layers.Layer):
    """Takes an argument that cannot be serialised, and has no `get_config`."""

    def __init__(self, secret, **kwargs):
        super().__init__(**kwargs)
        self.secret = secret

    def call(self, x):
        return x


@pytest.mark.parametrize("cls", [Undescribable, Unserialisable])
def test_layer_without_configuration_is_read(cls):
    layer = cls(object(), name="mine")
    x = layer(keras.Input((3,), name="x"))
    assert call(lab.read_graph(x), "mine").settings == {}
    assert call(lab.read_graph(layer), "mine").kind == cls.__name__


# ---------------------------------------------------------------------------------------------
# Invalid objects

TAKES = "A graph is read from a Keras model, a layer or symbolic tensors"


@pytest.mark.parametrize(
    ("wrong", "got", "hint"),
    [
        (lambda: "model", "str", "not its name"),
        (lambda: layers.Dense, "type", "Create an instance of Dense first"),
        (lambda: 3, "int", ""),
        (lambda: None, "NoneType", ""),
        (lambda: [], "list", "It is empty"),
        (lambda: {}, "dict", "It is empty"),
        (lambda: np.zeros(3), "ndarray", "It holds values"),
        (lambda: ops.zeros(3), type(ops.zeros(3)).__name__, "It holds values"),
        (lambda: [keras.Input((2,)), 3], "int", ""),
        (lambda: {"a": keras.Input((2,)), "b": "x"}, "str", ""),
        (lambda: [keras.Sequential()], "Sequential", "each must be a symbolic tensor"),
    ],
)
@pytest.mark.parametrize("language", ["en", "es"])
def test_object_without_graph_raises_type_error(wrong, got, hint, language):
    lab.language(language)
    with pytest.raises(TypeError) as raised:
        lab.read_graph(wrong())
    assert got in str(raised.value)
    if language == "en":
        assert str(raised.value).startswith(TAKES)
        assert hint in str(raised.value)


@pytest.mark.parametrize("used", [False, True])
def test_tensor_without_layer_raises_type_error(used):
    tensor = keras.KerasTensor((None, 3), name="from_nowhere")
    if used:  # then it carries an empty history
        after = layers.Dense(2, name="d")(tensor)
        assert ids(lab.read_graph(after)) == ["d"]
    with pytest.raises(TypeError, match=r"(?s)No layer made.*from_nowhere.*keras\.Input"):
        lab.read_graph(tensor)


# ---------------------------------------------------------------------------------------------
# Side effects


@functools.cache
def is_graph_class(cls: type) -> bool:
    is_node = cls.__name__ == "Node" and cls.__module__.startswith("keras")
    return is_node or issubclass(cls, (keras.KerasTensor, keras.Operation, keras.Variable))


def graph_objects() -> list:
    gc.collect()
    return [it for it in gc.get_objects() if is_graph_class(type(it))]


@pytest.mark.parametrize(
    "build",
    [
        seed_models.mnist_model,
        seed_models.nested_autoencoder,
        seed_models.ticket_model,
        seed_models.ensemble,
        seed_models.custom_rnn_in_functional,
        seed_models.functional_in_custom_rnn,
        seed_models.MLP,
        masked,
        lambda: keras.Sequential([layers.Dropout(0.5), layers.Dense(3)]),
        lambda: layers.Dense(3)(keras.Input((3,))),
    ],
)
def test_reading_is_repeatable_and_has_no_side_effects(build):
    x = build()

    def state():
        objects = graph_objects()
        found = [it for it in objects if isinstance(it, keras.Operation)]
        return {
            "calls": {
                id(it): ([*map(id, it._inbound_nodes)], [*map(id, it._outbound_nodes)])
                for it in found
            },
            "config": x.get_config() if isinstance(x, keras.Model) else None,
            "weights": [it.numpy().tobytes() for it in getattr(x, "weights", ())],
            "random": random.getstate(),
            "numpy": [str(part) for part in np.random.get_state()],
            "objects": {*map(id, objects)},
            "masks": {id(it): id(getattr(it, "_keras_mask", None)) for it in tensors(found)},
        }

    def tensors(operations):
        return [
            it for each in operations for node in each._inbound_nodes for it in node.outputs
        ]

    before = state()
    first = lab.read_graph(x)
    second = lab.read_graph(x)
    assert first == second
    assert to_text(first) == to_text(second)
    assert state() == before


def test_reading_keeps_name_counters(fresh_names):
    model = seed_models.mnist_model()
    assert model.layers[-1].name == "dense_2"
    lab.read_graph(model)
    lab.read_graph(keras.Sequential([layers.Dense(2)]))
    assert layers.Dense(3).name == "dense_4"
    assert keras.Input((3,))._keras_history.operation.name == "input_layer"


def test_mixed_precision_casts_are_not_lost():
    x = keras.Input((4,), name="x")
    half = layers.Dense(2, dtype="mixed_float16", name="half")(x)
    graph = lab.read_graph(keras.Model(x, layers.Activation("linear", dtype="float32")(half)))
    assert graph.lost == ()
    assert ids(graph)[0] == "x"
    assert "half" in ids(graph)


def test_operation_that_returns_other_result_is_read():
    x = keras.Input((4,), name="x")
    scaled = keras.ops.dot(x, 3.0)
    assert "x" in lab.read_graph(scaled).call_of
    other = keras.Model(x, layers.Dense(2, name="other")(x))
    assert [call.id for call in lab.read_graph(other).calls][:2] == ["x", "other"]


def test_layer_that_returns_its_input_is_read():
    """Keras records that the layer feeds itself and forgets the input."""

    class Same(layers.Layer):
        def compute_output_spec(self, x):
            return x

    x = keras.Input((8,), name="x")
    end = layers.Dense(2, name="end")(Same(name="same")(x))
    graph = lab.read_graph(end)
    assert [call.id for call in graph.calls] == ["same", "end"]
    assert [(edge.source, edge.target) for edge in graph.edges] == [("same", "end")]
    assert "end" in lab.graph(end).to_text()


# ---------------------------------------------------------------------------------------------
# The batch size of the first data


def called_on(model, *shape):
    model(np.ones(shape, "float32"))
    return model


def two_layers(*before):
    return keras.Sequential([*before, layers.Dense(3, name="d"), layers.Dense(2, name="e")])


class AroundSequential(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = two_layers()
        self.last = layers.Dense(2, name="last")

    def call(self, x):
        return self.last(self.inner(x))


def in_functional_model():
    x = keras.Input((4,))
    return keras.Model(x, called_on(two_layers(), 32, 4)(x))


def stateful(*before):
    return keras.Sequential([*before, layers.LSTM(2, stateful=True)])


@pytest.mark.parametrize(
    ("build", "batch"),
    [
        (lambda: called_on(two_layers(), 32, 4), None),
        (lambda: called_on(two_layers(two_layers()), 32, 4), None),
        (lambda: called_on(AroundSequential(), 32, 4), None),
        (in_functional_model, None),
        (lambda: two_layers(keras.Input((4,))), None),
        (lambda: two_layers(keras.Input((4,), batch_size=32)), 32),
        (lambda: two_layers(keras.Input(batch_shape=(32, 4))), 32),
        (lambda: called_on(stateful(), 32, 5, 4), 32),
        (lambda: stateful(keras.Input((5, 4), batch_size=32)), 32),
    ],
)  # fmt: skip
def test_batch_size_of_first_data_does_not_leak(build, batch):
    graph = lab.read_graph(build())
    specs = [spec for it in graph.calls for spec in (*it.inputs, *it.outputs)]
    specs += [edge.tensor for edge in graph.edges]
    assert {spec.shape[0] for spec in specs if spec.shape} == {batch}
