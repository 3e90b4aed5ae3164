"""The memory of weights and activations."""

import keras
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.model.memory import activation_bytes, memory_text, weight_bytes


def test_weights_and_activations_have_memory():
    x = keras.Input((8, 8, 3))
    graph = lab.read_graph(layers.Conv2D(4, 3, dtype="mixed_float16", name="c")(x))
    call = graph.call_of["c"]
    assert weight_bytes(call) == (9 * 3 * 4 + 4) * 4
    assert activation_bytes(call) == 6 * 6 * 4 * 2
    unknown = lab.read_graph(layers.Dense(2, name="d")(keras.Input((None, 3))))
    assert activation_bytes(unknown.call_of["d"]) is None
    assert [memory_text(it) for it in (12, 1_234, 5_678_901, 7_000_000_000)] == [
        "12 B", "1.23 kB", "5.68 MB", "7 GB",
    ]  # fmt: skip
