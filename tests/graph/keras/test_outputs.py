"""The outputs of a model: which result of which call each is, in order, with its key."""

import keras
import pytest
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.export.dot import to_dot
from kfunc_lab.graph.export.mermaid import to_mermaid
from kfunc_lab.graph.export.table import to_text
from kfunc_lab.graph.model.graph_file import from_json, to_json
from kfunc_lab.graph.model.layer_graph import Call, LayerGraph
from kfunc_lab.graph.picture.graphviz import run_dot


def lstm():
    x = keras.Input((6, 5), name="x")
    return x, *layers.LSTM(8, return_sequences=True, return_state=True, name="lstm")(x)


def of_lstm(choose):
    x, *results = lstm()
    return keras.Model(x, choose(*results), name="m")


def two_heads():
    x = keras.Input((8,), name="x")
    return x, layers.Dense(5, name="a")(x), layers.Dense(1, name="b")(x)


def of_heads(choose):
    x, a, b = two_heads()
    return keras.Model(x, choose(x, a, b), name="m")


def from_nested_models():
    x = keras.Input((3,), name="x")
    inner = keras.Model(
        x, [layers.Dense(2, name="p")(x), layers.Dense(1, name="q")(x)], name="pq"
    )
    one = keras.Model(x, layers.Dense(4)(x), name="one")
    other = keras.Model(x, layers.Dense(4)(x))  # Keras chooses its name
    y = keras.Input((3,), name="y")
    p, q = inner(y)
    return keras.Model(y, [q, one(y), other(y), p])


def without_model(choose):
    _x, a, b = two_heads()
    return choose(a, b)


SEQUENCE, STATE, MEMORY = (("lstm", at) for at in range(3))
A, B, X = ("a", 0), ("b", 0), ("x", 0)

# What is read; its exits; its names, if any.
CASES = {
    "states": (lambda: of_lstm(lambda s, h, c: [h, c]), (STATE, MEMORY), ()),
    "swapped_states": (lambda: of_lstm(lambda s, h, c: [c, h]), (MEMORY, STATE), ()),
    "sequence": (lambda: of_lstm(lambda s, h, c: s), (SEQUENCE,), ()),
    "all_results": (lambda: of_lstm(lambda s, h, c: [s, h, c]), (SEQUENCE, STATE, MEMORY), ()),
    "state_twice": (lambda: of_lstm(lambda s, h, c: [h, s, h]), (STATE, SEQUENCE, STATE), ()),
    "states_by_key": (lambda: of_lstm(lambda s, h, c: {"h": h}), (STATE,), ("h",)),
    "swapped_heads": (lambda: of_heads(lambda x, a, b: [b, a]), (B, A), ()),
    "input": (lambda: of_heads(lambda x, a, b: [x, a]), (X, A), ()),
    "input_alone": (lambda: of_heads(lambda x, a, b: x), (X,), ()),
    "same_tensor_twice": (lambda: of_heads(lambda x, a, b: [a, a]), (A, A), ()),
    "keys": (lambda: of_heads(lambda x, a, b: {"reg": b, "cls": a}), (A, B), ("cls", "reg")),
    "tensor_by_two_keys": (
        lambda: of_heads(lambda x, a, b: {"p": a, "q": a}), (A, A), ("p", "q")
    ),
    "keys_in_keys": (
        lambda: of_heads(lambda x, a, b: {"heads": {"cls": a}, "rest": [b, x]}),
        (A, B, X),
        ("heads/cls", "rest/0", "rest/1"),
    ),
    "nested_models": (
        from_nested_models,
        (("pq/q", 0), ("one/dense", 0), ("functional/dense_1", 0), ("pq/p", 0)),
        ("", "one", "", ""),
    ),
    "tensors": (lambda: without_model(lambda a, b: [b, a, b]), (B, A, B), ()),
    "tensors_by_key": (lambda: without_model(lambda a, b: {"q": b, "p": a}), (B, A), ("q", "p")),
    "unbuilt": (
        lambda: keras.Sequential([layers.Dense(2, name="a"), layers.Dense(2, name="b")]),
        (B,),
        (),
    ),
    "sequential": (
        lambda: keras.Sequential([keras.Input((3,)), layers.Dense(2, name="a")]), (A,), ()
    ),
}  # fmt: skip


@pytest.fixture(params=CASES)
def case(request, fresh_names):
    build, exits, names = CASES[request.param]
    return build(), exits, names or ("",) * len(exits)


def test_outputs_are_read(case):
    x, exits, names = case
    graph = lab.read_graph(x)
    assert graph.exits == exits
    assert graph.output_names == names
    assert graph.outputs == tuple(dict.fromkeys(call for call, _output in exits))
    assert from_json(to_json(graph)) == graph
    if isinstance(x, keras.Model) and x.built:
        shapes = [graph.exit_tensor(at).shape for at in range(len(exits))]
        assert shapes == [tensor.shape for tensor in x.outputs]


def test_each_form_shows_each_output(case):
    x, exits, names = case
    graph = lab.read_graph(x)
    boxes = [name or "output" for name in names]
    svg = lab.graph(x).to_svg()
    assert sum(svg.count(f">{name}</text>") for name in set(boxes)) >= len(boxes)
    assert svg.count('class="output') == len(boxes)
    mermaid = to_mermaid(graph)
    assert mermaid.count("]):::input") == len(boxes)
    for at, ((call, output), name) in enumerate(zip(exits, boxes, strict=True)):
        assert f'out{at}(["{name.replace("/", "#47;")}"])' in mermaid
        [arrow] = [line for line in mermaid.splitlines() if line.endswith(f" out{at}")]
        spec = graph.call_of[call].outputs[output : output + 1]
        sizes = [str(size) for size in spec[0].shape[1:]] if spec else []
        assert arrow.partition("|")[2].partition("|")[0].strip('"') == " × ".join(sizes)
    drawn = run_dot(to_dot(graph), "svg").decode()
    assert all(drawn.count(f">{name}</text>") >= boxes.count(name) for name in boxes)


def test_table_lists_outputs_that_its_rows_do_not_tell():
    def last_line(choose):
        return to_text(lab.read_graph(of_lstm(choose))).splitlines()[-1]

    assert last_line(lambda s, h, c: [c, h]) == "Outputs: lstm[2], lstm[1]."
    assert last_line(lambda s, h, c: s) == "Outputs: lstm[0]."
    assert last_line(lambda s, h, c: {"state": h}) == "Outputs: state = lstm[1]."
    x, a, _b = two_heads()
    assert "Outputs" not in to_text(lab.read_graph(keras.Model(x, a)))
    assert "Outputs: b, a." in to_text(lab.read_graph(of_heads(lambda x, a, b: [b, a])))


def test_table_says_which_result_a_call_takes():
    x, _sequence, h, _c = lstm()
    rows = to_text(lab.read_graph(keras.Model(x, layers.Dense(2, name="d")(h)))).splitlines()
    assert rows[-1].endswith("lstm[1]")


def test_graph_of_an_earlier_version_has_outputs():
    graph = LayerGraph("m", "", (Call("a", "a", "Dense", "a"),), (), outputs=("a",))
    assert graph.exits == (("a", 0),)
    text = (
        to_json(graph)
        .replace('"exits": [["a", 0]],\n', "")
        .replace('"output_names": [""],\n', "")
    )
    assert "exits" not in text
    assert from_json(text) == graph
