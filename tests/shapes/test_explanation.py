"""Explanations of the shapes, parameters and costs of a call, as text and HTML."""

import keras
import pytest
from keras import layers

import kfunc_lab as lab
from kfunc_lab.shapes.explanation import explain_call, to_html, to_lines
from kfunc_lab.shapes.what_if import what_if


def explain(layer, *shapes, dtype="float32", batch=1):
    inputs = [keras.Input(shape, dtype=dtype) for shape in shapes]
    graph = lab.read_graph(layer(inputs if len(inputs) > 1 else inputs[0]))
    found = what_if(graph)
    call = graph.call_of[graph.outputs[0]]
    return explain_call(call, found.derivations.get(call.id), batch)


@pytest.mark.parametrize(
    ("layer", "shapes", "lines"),
    [
        (
            layers.BatchNormalization(),
            [(8, 8, 3)],
            ["Output shape: as in the input", "  moving_mean: 3 (not trainable)"],
        ),
        (
            layers.GlobalMaxPooling2D(),
            [(4, 4, 16)],
            ["  channels: 16 (as in the input)"],
        ),
        (
            layers.Dense(64, lora_rank=2),
            [(784,)],
            ["  kernel: 784·64 = 50,176 (not trainable)", "  lora_kernel_a: 784·2 = 1,568"],
        ),
        (
            layers.Conv2D(8, 5, strides=2, padding="same"),
            [(28, 20, 1)],
            ["  height: ⌈28/2⌉ = 14", "  width: ⌈20/2⌉ = 10"],
        ),
        (
            layers.Conv1D(8, 3, dilation_rate=2),
            [(20, 4)],
            ["  steps: ⌊(20 + 2·0 − (2·(3 − 1) + 1))/1⌋ + 1 = 16"],
        ),
        (
            layers.Conv2DTranspose(8, 3, strides=2),
            [(7, 7, 4)],
            ["  height, width: (7 − 1)·2 + max(3, 2) = 15"],
        ),
        (layers.Concatenate(), [(8,), (16,)], ["  features: 8 + 16 = 24"]),
        (layers.Reshape((-1, 4)), [(6, 2)], ["  axis 1: ⌊6·2/4⌋ = 3"]),
        (
            layers.LSTM(8, return_state=True),
            [(None, 4)],
            ["Shape of output 2:", "Multiply-adds for one example: 4·4·8·? + 8·4·8·? = ?"],
        ),
        (
            layers.Lambda(lambda x: x * 2),
            [(4,)],
            ["Output shape: (None, 4) Computed by the layer itself."],
        ),
    ],
)
def test_explanation_contains_lines(layer, shapes, lines):
    said = to_lines(explain(layer, *shapes))
    for line in lines:
        assert line in said, "\n".join(said)


def test_memory_depends_on_batch_and_dtype():
    said = to_lines(explain(layers.Dense(4, dtype="mixed_float16"), (8,), batch=32))
    assert said[-1].endswith("(batch · numbers · bytes each): 32·4·2 = 256")


def test_html_matches_text():
    sections = explain(layers.Conv2D(16, 3), (28, 28, 1))
    written = to_html(sections)
    for line in to_lines(sections):
        label, _, arithmetic = line.strip().partition(": ")
        if arithmetic:
            assert f"{label}: {arithmetic}" in written or arithmetic in written
    assert written.count('class="fraction"') == 2  # with letters, and with numbers
    assert "<i>s</i>&nbsp;stride" in written
    assert written.count("<i>k</i>&nbsp;window size") == 1
