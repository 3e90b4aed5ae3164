"""Graphs as text: exact, aligned and complete for all names."""

import keras
import pytest
import seed_models
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.export.table import to_text
from kfunc_lab.graph.model.descriptions import (
    notes,
    remark,
    shape_label,
    shape_tuple,
    short_name,
    title,
)
from kfunc_lab.graph.model.layer_graph import Call, Group, LayerGraph, TensorSpec
from kfunc_lab.graph.view.details import details
from kfunc_lab.ui.text import printable

HOSTILE = [
    "two\nlines",
    "return\r\nfeed",
    "\x1b[31mred\x1b[0m",
    "null\x00byte",
    "\u202eright to left",
    "\u2028separator\u2029",
    "zero\u200bwidth\ufeff",
    "tab\tbed",
    "x" * 5000,
    "emoji 👩‍💻 漢字",
    "<script>alert(1)</script>",
    "&amp; \"double\" 'single'",
    "100% %s %d {n} {}",
    "back\\slash \\N \\G \\n",
    "hash#2#3",
    "tilde~2",
    "]]> <!-- -->",
    "</text></svg>",
    "trailing   ",
]


def text_of(x) -> list[str]:
    return to_text(lab.read_graph(x)).splitlines()


def test_first_course_model_is_written(fresh_names):
    assert (
        to_text(lab.read_graph(seed_models.mnist_model()))
        == """\
mnist_model (Functional): 4 calls, 55,050 parameters
call     class       output shape  parameters  called on
img      InputLayer  (None, 784)            0
dense    Dense       (None, 64)        50,240  img
dense_1  Dense       (None, 64)         4,160  dense
dense_2  Dense       (None, 10)           650  dense_1"""
    )


def test_nested_models_are_indented(fresh_names):
    i = keras.Input((4,), name="i")
    innermost = keras.Model(i, layers.Dense(4, name="d")(i), name="innermost")
    j = keras.Input((4,), name="j")
    middle = keras.Model(j, innermost(j), name="middle")
    x = keras.Input((4,), name="x")
    model = keras.Model(x, layers.Dense(1, name="head")(middle(x)), name="outer")
    assert (
        to_text(lab.read_graph(model))
        == """\
outer (Functional): 5 calls, 25 parameters
call          class       output shape  parameters  called on
x             InputLayer  (None, 4)              0
middle:       Functional                        20
  j           InputLayer  (None, 4)              0  x
  innermost:  Functional                        20
    i         InputLayer  (None, 4)              0  middle/j
    d         Dense       (None, 4)             20  middle/innermost/i
head          Dense       (None, 1)              5  middle/innermost/d"""
    )


def test_remarks_name_shared_frozen_lost_and_unused_calls():
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    shared = layers.Dense(3, name="shared")
    frozen = layers.Dense(3, name="frozen", trainable=False)
    x = layers.Dense(2, name="gone")(frozen(a))
    x = shared(shared(frozen(a)))
    graph = lab.read_graph(keras.Model([a, b], x, name="m"))
    calls = {call.id: call for call in graph.calls}
    assert remark(graph, calls["shared"]) == "use 1 of 2"
    assert remark(graph, calls["shared#2"]) == "use 2 of 2"
    assert remark(graph, calls["gone"]) == "lost"
    assert remark(graph, calls["frozen#2"]) == "use 2 of 2, frozen"
    assert remark(graph, calls["b"]) == "unused"
    assert remark(graph, calls["a"]) == ""
    text = to_text(graph)
    assert title(graph) == "m (Functional): 7 calls, 24 parameters (12 of them not trainable)"
    assert "Lost, because nothing uses the result: frozen, gone." in text
    assert "Inputs that lead to no output: b." in text


def test_calls_without_weights_are_not_shared():
    drop = layers.Dropout(0.5, name="drop")
    graph = lab.read_graph(drop(drop(keras.Input((3,)))))
    assert [remark(graph, call) for call in graph.calls] == ["", "", ""]


def test_notes_explain_unknown_parts():
    [connected, built] = notes(lab.read_graph(seed_models.MLP()))
    assert "in the order in which they were created" in connected
    assert "model.build(input_shape)" in built
    assert len(notes(lab.read_graph(seed_models.functional_in_custom_rnn()))) == 1
    assert notes(lab.read_graph(seed_models.mnist_model())) == []


def test_empty_graph_is_written():
    assert text_of(keras.Sequential(name="s"))[0] == "s (Sequential): 0 calls, not built yet"


@pytest.mark.parametrize(
    "build",
    [
        seed_models.nested_autoencoder,
        seed_models.ticket_model,
        seed_models.shared_embedding,
        seed_models.functional_in_custom_rnn,
        seed_models.MLP,
        seed_models.CustomDense,
    ],
)
def test_columns_are_aligned_without_trailing_spaces(build):
    graph = lab.read_graph(build())
    lines = to_text(graph).splitlines()
    assert all(line == line.rstrip() for line in lines)
    header, rows = lines[1], lines[2 : 2 + len(graph.calls) + len(graph.groups)]
    end = header.index("parameters") + len("parameters")
    assert all(row[end - 1].isdigit() for row in rows)
    assert all(row[end : end + 2].strip() == "" for row in rows)
    assert {call.id for call in graph.calls} >= {
        source
        for row in rows
        for source in row[end:].strip().partition("  ")[0].split(", ")
        if source
    }


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_keep_lines_and_ids(name):
    x = keras.Input((3,), name=f"{name} in".replace("/", "|"))
    clean = name.replace("/", "|")
    layer, twin = seed_models.CustomDense(3, name=clean), seed_models.CustomDense(3, name=clean)
    graph = lab.read_graph(twin(layer(layer(x))))
    assert len({call.id for call in graph.calls}) == 4
    assert [(edge.source, edge.target) for edge in graph.edges] == [
        (one.id, other.id) for one, other in zip(graph.calls, graph.calls[1:], strict=False)
    ]
    lines = to_text(graph).splitlines()
    assert len(lines) == 2 + 4
    assert all(line == line.rstrip() for line in lines)
    for line in lines:
        assert line.isprintable()
    # Printable names are written in full.
    assert len(lines[3]) > len(clean)
    if clean.isprintable():
        assert lines[3].startswith(clean)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\nb", "a b"),
        ("a\r\n\tb", "a   b"),
        ("\x1b[0m", "\ufffd[0m"),
        ("\u202ea\u2066b", "\ufffda\ufffdb"),
        ("\u2028", " "),
        ("\ud800", "\ufffd"),
        ("é漢😀", "é漢😀"),
    ],
)
def test_printable_keeps_printable_characters(text, shown):
    assert printable(text) == shown


def test_wide_characters_take_two_columns():
    calls = tuple(Call(it, it, "Dense", it) for it in ("漢字", "abcd"))
    lines = to_text(LayerGraph("m", "Functional", calls, ())).splitlines()
    assert lines[2].startswith("漢字  Dense")
    assert lines[3].startswith("abcd  Dense")


@pytest.mark.parametrize(
    ("shape", "words", "written"),
    [
        ((None, 28, 28, 64), "28 × 28 × 64", "(None, 28, 28, 64)"),
        ((None, None, 64), "? × 64", "(None, None, 64)"),
        ((16, 10, 5), "batch 16 × 10 × 5", "(16, 10, 5)"),
        ((None,), "one number each", "(None,)"),
        ((8,), "batch 8", "(8,)"),
        ((), "one number", "()"),
        (None, "?", "?"),
    ],
)
def test_shapes_are_written(shape, words, written):
    assert shape_label(TensorSpec(shape, "float32")) == words
    assert shape_tuple(TensorSpec(shape, "float32")) == written


def test_short_names_omit_group():
    assert short_name(Call("a/b#2", "b", "Dense", "a/b", group="a")) == "b#2"
    assert short_name(Group("a/b", "b", "Functional", "a/b", parent="a")) == "b"
    assert short_name(Call("b", "b", "Dense", "b")) == "b"


# ---------------------------------------------------------------------------------------------
# Details


def details_of(graph, call_id) -> list[tuple[str, str]]:
    [call] = [it for it in graph.calls if it.id == call_id]
    return details(graph, call)


def test_details_describe_call():
    x = keras.Input((28, 28, 1), name="img")
    y = layers.Conv2D(16, 3, activation="relu", name="conv")(x)
    graph = lab.read_graph(y)
    rows = details_of(graph, "conv")
    assert rows[:3] == [
        ("Input", "(None, 28, 28, 1) float32"),
        ("Output", "(None, 26, 26, 16) float32"),
        ("Parameters", "160"),
    ]
    assert rows[3:5] == [("· kernel", "3 × 3 × 1 × 16 = 144"), ("· bias", "16")]
    assert rows[5:] == [
        ("Memory", "weights 640 B, outputs 43.3 kB per example"),
        ("Multiply-adds", "97,344"),
        ("filters", "16"),
        ("kernel_size", "(3, 3)"),
        ("activation", "relu"),
        ("Code", 'layers.Conv2D(16, 3, activation="relu", name="conv")(img)'),
    ]
    assert details_of(graph, "img")[0] == ("Output", "(None, 28, 28, 1) float32")
    assert details_of(graph, "img")[1][0] == "Code"


def test_details_describe_group_and_shared_weights():
    i = keras.Input((6,), name="i")
    part = keras.Model(i, layers.Dense(4, name="d")(i), name="part")
    x, y = keras.Input((6,), name="x"), keras.Input((6,), name="y")
    graph = lab.read_graph(layers.Subtract(name="gap")([part(x), part(y)]))
    assert details(graph, graph.group_of["part#2"]) == [
        ("Input", "(None, 6) float32"),
        ("Output", "(None, 4) float32"),
        ("Calls", "2 calls"),
        ("Parameters", "28"),
        ("Memory", "weights 112 B, outputs 40 B per example"),
        ("Multiply-adds", "24"),
        ("Shared with", "part"),
        ("Note", "use 2 of 2"),
    ]
    rows = dict(details_of(graph, "part/d"))
    assert rows["Shared with"] == "part#2/d"
    assert rows["Code"] == 'layers.Dense(4, name="d")(i)'


def test_details_number_tensors_and_name_shared_layer():
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    dense = layers.Dense(4, name="d")
    x = layers.Concatenate(name="cat")([a, b])
    graph = lab.read_graph(dense(layers.Dense(5, name="same")(dense(x))))
    rows = dict(details_of(graph, "cat"))
    assert rows["Input 1"] == "(None, 2) float32"
    assert rows["Input 2"] == "(None, 3) float32"
    rows = dict(details_of(graph, "d#2"))
    assert rows["Layer"] == "d"
    assert rows["Note"] == "use 2 of 2"


def test_details_name_frozen_weights_and_group():
    i = keras.Input((4,), name="i")
    norm = layers.BatchNormalization(name="norm")(i)
    inner = keras.Model(i, layers.Dense(2, name="d", trainable=False)(norm), name="inner")
    graph = lab.read_graph(inner(keras.Input((4,), name="x")))
    rows = dict(details_of(graph, "inner/norm"))
    assert rows["Parameters"] == "16, 8 of them not trainable"
    assert rows["Inside"] == "inner"
    rows = dict(details_of(graph, "inner/d"))
    assert rows["Parameters"] == "10, all frozen"
    assert rows["Note"] == "frozen"


@pytest.mark.parametrize("name", HOSTILE)
def test_details_are_printable_and_complete(name):
    call = Call(name, name, "Mine", "other", settings={name: name, "other": [name]}, group=name)
    rows = details(LayerGraph("m", "Functional", (call,), ()), call)
    for label, value in rows:
        assert label.isprintable()
        assert value.isprintable()
    assert ("Layer", printable(name)) in rows
    shown = printable(name) if len(name) <= 300 else name[:299] + "…"
    assert (printable(name), shown) in rows
