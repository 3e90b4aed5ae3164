"""The properties of a graph, without Keras."""

import dataclasses
import subprocess
import sys

import pytest

from kfunc_lab.graph.model.layer_graph import Call, Edge, LayerGraph, TensorSpec

SPEC = TensorSpec((None, 2), "float32")


def graph(*arrows: str, **facts) -> LayerGraph:
    ids = dict.fromkeys(end for arrow in arrows for end in arrow.split(">"))
    calls = tuple(Call(it, it, "Dense", it.partition("#")[0]) for it in ids)
    edges = tuple(
        Edge(*arrow.split(">")[:1], 0, arrow.split(">")[1], 0, SPEC) for arrow in arrows
    )
    return LayerGraph("m", "Functional", calls, edges, **facts)


def test_graph_is_immutable():
    it = graph("a>b")
    with pytest.raises(dataclasses.FrozenInstanceError):
        it.name = "other"
    with pytest.raises(dataclasses.FrozenInstanceError):
        it.calls[0].id = "other"


def test_shared_counts_calls():
    it = graph("x>d#10", "x>d", "x>d#2", "d>e")
    assert it.shared == {"d": (1, 3), "d#2": (2, 3), "d#10": (3, 3)}


def test_unused_inputs_lead_to_no_output():
    assert graph("a>c", "b>d", inputs=("a", "b"), outputs=("c",)).unused == ("b",)
    assert graph("a>c", "b>c", inputs=("a", "b"), outputs=("c",)).unused == ()
    assert graph("a>b", "b>c", inputs=("a",), outputs=("c",)).unused == ()


def test_no_input_is_unused_without_outputs_or_edges():
    assert graph("a>c", "b>d", inputs=("a", "b")).unused == ()
    assert graph("a>c", inputs=("a",), outputs=("x",), connected=False).unused == ()


def test_layer_graph_does_not_import_keras():
    program = "import sys, kfunc_lab.graph.model.layer_graph; print('keras' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout == "False\n"
