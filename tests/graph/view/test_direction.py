"""A graph that is drawn from left to right, in every form."""

import re
import xml.etree.ElementTree as ET

import keras
import pytest
from keras import layers

import kfunc_lab as lab

SVG = "{http://www.w3.org/2000/svg}"


def nested_model():
    inner = keras.Input((8,), name="i")
    part = keras.Model(inner, layers.Dense(4, name="inside")(inner), name="part")
    x = keras.Input((8,), name="x")
    y = layers.Dense(8, name="before")(x)
    return keras.Model(x, layers.Add(name="sum")([part(y), layers.Dense(4, name="side")(y)]))


def places(view):
    drawn = ET.fromstring(view.to_svg())
    return {
        group.get("data-item"): tuple(map(float, group.get("transform")[10:-1].split()))
        for group in drawn.iter(f"{SVG}g")
        if group.get("data-item")
    }


@pytest.mark.parametrize(("direction", "axis"), [("down", 1), ("right", 0)])
@pytest.mark.parametrize("fold", [True, False])
def test_every_edge_leads_in_the_direction(direction, axis, fold):
    view = lab.graph(nested_model(), fold=fold, direction=direction)
    found = places(view)
    assert len(found) == (6 if fold else 7)  # an output is one more
    for edge in view.graph.edges:
        if edge.source in found and edge.target in found:
            assert found[edge.source][axis] < found[edge.target][axis]


def test_all_forms_have_the_direction(tmp_path):
    right = lab.graph(nested_model(), direction="right")
    down = lab.graph(nested_model())
    assert "rankdir=LR" in right.to_dot()
    assert "rankdir" not in down.to_dot()
    assert right.to_mermaid().startswith("flowchart LR")
    assert down.to_mermaid().startswith("flowchart TD")
    width, height = map(int, re.findall(r'(?:width|height)="(\d+)"', right.to_svg())[:2])
    assert width > height
    assert all(level["right"] for level in right.page_state()["_levels"])
    saved = right.save(tmp_path / "graph.svg").read_text("utf-8")
    assert saved.rstrip() == right.to_svg().rstrip()


def test_unknown_direction_names_the_known_ones():
    with pytest.raises(ValueError, match=r'"down" or "right", not \'left\''):
        lab.graph(nested_model(), direction="left")


def test_dense_connections_lead_to_the_right():
    tensors = [keras.Input((4,), name="x")]
    for number in range(14):
        joined = layers.Concatenate()(tensors) if number else tensors[0]
        tensors.append(layers.Dense(4, name=f"d{number}")(joined))
    view = lab.graph(keras.Model(tensors[0], tensors[-1]), direction="right", fold=False)
    found = places(view)
    assert all(found[f"d{n}"][0] < found[f"d{n + 1}"][0] for n in range(13))
