"""Models whose calls take or return unusual structures are read, drawn, saved and compared."""

import keras
import pytest
from keras import layers, ops

import kfunc_lab as lab
from kfunc_lab.graph.model.graph_file import from_json, to_json
from kfunc_lab.graph.view.details import details


def bidirectional(layer, **named):
    def build():
        x = keras.Input((7, 5), name="x")
        return keras.Model(x, layers.Bidirectional(layer, **named)(x))

    return build


class Heads(layers.Layer):
    """Returns a nested structure, with a scalar in it."""

    def __init__(self, **named):
        super().__init__(**named)
        self.a, self.b = layers.Dense(3), layers.Dense(2)

    def call(self, x):
        return {"p": self.a(x), "q": {"r": (self.b(x), ops.sum(x))}}


class HeadsModel(keras.Model):
    def __init__(self, **named):
        super().__init__(**named)
        self.a, self.b = layers.Dense(3), layers.Dense(2)

    def call(self, x, training=None):
        return {"p": self.a(x), "q": self.b(x)}


class Plus(layers.Layer):
    def call(self, a, b=None):
        return a if b is None else a + b

    def compute_output_shape(self, a_shape, b_shape=None):
        return a_shape


def of_one_input(make, shape=(4,), **named):
    def build():
        x = keras.Input(shape, name="x", **named)
        return keras.Model(x, make(x))

    return build


def optional_input():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), optional=True, name="b")
    return keras.Model([a, b], Plus()(a, b))


def nested_inputs():
    a, b, c = (keras.Input((3,), name=name) for name in "abc")
    return keras.Model({"a": a, "rest": (b, {"c": c})}, layers.Concatenate()([a, b, c]))


def strings(x):
    layer = layers.StringLookup(vocabulary=["a", "b"])
    return layers.Embedding(4, 3)(layer(x))


# What is built; the shape of each output without the batch; its names.
MODELS = {
    "gru_states": (
        bidirectional(layers.GRU(2, return_state=True)), [(4,), (2,), (2,)], ("", "", "")
    ),
    "lstm_states": (bidirectional(layers.LSTM(2, return_state=True)), [(4,)] + [(2,)] * 4, ()),
    "sequences_and_states": (
        bidirectional(layers.GRU(2, return_sequences=True, return_state=True), merge_mode="sum"),
        [(7, 2), (2,), (2,)],
        (),
    ),
    "unmerged": (bidirectional(layers.GRU(2), merge_mode=None), [(2,), (2,)], ()),
    "own_layer": (of_one_input(lambda x: Heads()(x)), [(3,), (2,), None], ("p", "q/r/0", "q/r/1")),
    "own_model": (of_one_input(lambda x: HeadsModel()(x)), [(3,), (2,)], ("p", "q")),
    "some_of_own_layer": (of_one_input(lambda x: Heads()(x)["q"]["r"][0]), [(2,)], ()),
    "unstack": (of_one_input(lambda x: ops.unstack(x, axis=1)[::-2]), [(), ()], ()),
    "optional": (optional_input, [(4,)], ()),
    "nested_inputs": (nested_inputs, [(9,)], ()),
    "strings": (of_one_input(strings, (), dtype="string"), [(3,)], ()),
    "scalars": (of_one_input(lambda x: x * 2 + 1, ()), [()], ()),
    "sum": (of_one_input(lambda x: ops.sum(x)), [None], ()),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_odd_model_is_read_drawn_saved_and_compared(name):
    build, shapes, names = MODELS[name]
    model = build()
    graph = lab.read_graph(model)
    found = [graph.exit_tensor(at).shape for at in range(len(graph.exits))]
    assert found == [() if shape is None else (None, *shape) for shape in shapes]
    assert graph.output_names == (names or ("",) * len(shapes))
    assert from_json(to_json(graph)) == graph
    view = lab.graph(model, fold=False)
    assert view.to_svg().count('class="output') == len(shapes)
    assert all(details(graph, call) for call in graph.calls)
    assert all((view.to_text(), view.to_dot(), view.to_mermaid()))
    assert lab.shapes(model).to_text()
    lab.lint(model)
    assert lab.compare(model, build()).to_text().endswith("no difference")


def test_arguments_of_calls_are_settings():
    x, keep = keras.Input((5, 3), name="x"), keras.Input((5,), dtype="bool", name="keep")
    _sequence, h, c = layers.LSTM(2, return_sequences=True, return_state=True, name="first")(x)
    second = layers.LSTM(2, name="second")
    y = second(x, mask=keep, initial_state=[h, c], training=True)
    call = lab.read_graph(keras.Model([x, keep], y)).call_of["second"]
    assert dict(call.settings) == {
        "units": 2,
        "mask": "input 4",
        "initial_state": ("input 2", "input 3"),
        "training": True,
    }
    graph = lab.read_graph(keras.Model([x, keep], y))
    rows = dict(details(graph, graph.call_of["second"]))
    assert (rows["mask"], rows["training"]) == ("input 4", "True")


def test_tensors_in_their_order_are_no_settings():
    x = keras.Input((4,), name="x")
    a, b = layers.Dense(4, name="a")(x), layers.Dense(4, name="b")(x)
    graph = lab.read_graph(keras.Model(x, [a - b, 2.0 - a, layers.Add(name="sum")([a, b])]))
    settings = {
        call.kind: dict(call.settings) for call in graph.calls if call.layer not in "abx"
    }
    assert settings == {"Subtract": {"x1": 2.0}, "Add": {}}
    assert lab.read_graph(a - b).calls[-1].settings == {}
