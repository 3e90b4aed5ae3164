"""Mermaid and DOT: visible items only, with escaped names."""

import re

import keras
import pytest
import seed_models
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.export.dot import to_dot
from kfunc_lab.graph.export.mermaid import to_mermaid
from kfunc_lab.graph.picture.graphviz import run_dot

HOSTILE = [
    "<script>alert(1)<script>", 'quo"te', "100 % {x} [y] (z)", "back\\slash \\N", "]; evil -> c1",
    "end", "%% comment", "click n0 call evil()", "two\nlines", "\u202ertl", "👩‍💻 漢字", "x" * 5000,
    "#35;", "a|b", "`code`", ":::dense", "",
]  # fmt: skip


def test_mermaid_shows_visible_items():
    view = lab.graph(seed_models.nested_autoencoder())
    lines = view.to_mermaid().splitlines()
    assert lines[0] == "flowchart TD"
    assert sum(line.strip().startswith("subgraph") for line in lines) == 2
    assert sum("-->" in line for line in lines) == len(view.graph.edges) + 1
    view.fold_all()
    folded = view.to_mermaid()
    assert "subgraph" not in folded
    assert folded.count('[["') == 2
    assert folded.count("-->") == 3


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_escaped(name):
    layer = name or "e"
    x = keras.Input((3,), name="x")
    graph = lab.read_graph(keras.Model(x, layers.Dense(2, name=layer)(x)))
    lines = to_mermaid(graph).splitlines()
    nodes = [
        line
        for line in lines
        if re.fullmatch(r'  n\d+\["[^"\[\]{}<>|`%\\]*(<br/>)?[^"<>|`%\\]*"\]:::\w+', line)
    ]
    assert len(nodes) == 2
    assert len(lines) == len(to_mermaid(lab.read_graph(plain())).splitlines())
    drawn = run_dot(to_dot(graph), "svg").decode()
    assert drawn.count('class="node"') == 3
    assert drawn.count('class="edge"') == 2


def plain():
    x = keras.Input((3,), name="x")
    return keras.Model(x, layers.Dense(2)(x))


def test_dot_shows_visible_items():
    view = lab.graph(seed_models.nested_autoencoder())
    assert view.to_dot().count("subgraph cluster_") == 2
    view.fold_all()
    assert "subgraph" not in view.to_dot()
    assert view.to_dot().count("peripheries=2") == 2
    drawn = run_dot(view.to_dot(), "svg").decode()
    assert drawn.count('class="node"') == 4


def test_unconnected_model_is_exported():
    graph = lab.read_graph(seed_models.MLP())
    assert run_dot(to_dot(graph), "svg")
    assert to_mermaid(graph).count('["') == len(graph.calls)
