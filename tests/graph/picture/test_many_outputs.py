"""The many outputs of one call or group share a box, so that no graph is wider than a screen."""

import re
import xml.etree.ElementTree as ET

import keras
import pytest
from keras import layers

import kfunc_lab as lab

SCREEN = 1_000  # pixels


def heads(count, named):
    inputs = keras.Input((8,), name="inputs")
    outputs = {f"task_{n}": layers.Dense(1, name=f"head_{n}")(inputs) for n in range(count)}
    return keras.Model(inputs, outputs if named else [*outputs.values()], name="heads")


def parts(count, _named):
    inputs = keras.Input((count, 2), name="inputs")
    return keras.Model(inputs, keras.ops.unstack(inputs, count, axis=1), name="parts")


def nested(count, named):
    inputs = keras.Input((8,), name="outside")
    return keras.Model(inputs, heads(count, named)(inputs), name="around")


def drawn_outputs(view):
    svg = ET.fromstring(view.to_svg())
    return [it for it in svg.iter() if it.get("class", "").startswith("output ")]


def texts(box):
    return "".join(box.itertext())


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("build", [heads, parts, nested])
def test_many_outputs_share_a_box(build, named):
    view = lab.graph(build(40, named))
    [box] = drawn_outputs(view)
    assert "40 outputs" in texts(box)
    assert float(ET.fromstring(view.to_svg()).get("width")) < SCREEN
    assert view.to_dot().count("40 outputs") == 1
    assert view.to_mermaid().count("40 outputs") == 1
    assert not re.search(r"out[1-9]", view.to_mermaid())


@pytest.mark.parametrize("build", [heads, parts])
def test_some_outputs_have_boxes_of_their_own(build):
    assert len(drawn_outputs(lab.graph(build(8, False)))) == 8


def test_outputs_of_calls_that_stand_apart_have_boxes_of_their_own():
    assert len(drawn_outputs(lab.graph(heads(12, True), fold=False))) == 12


def test_shared_box_names_the_first_outputs():
    [box] = drawn_outputs(lab.graph(heads(40, True)))
    assert "task_0, task_1" in box.get("aria-label", "") + texts(box)


def test_comparison_marks_the_box_whose_outputs_changed():
    inputs = keras.Input((40, 2), name="inputs")
    several = keras.ops.unstack(inputs, 40, axis=1)
    straight = keras.Model(inputs, several, name="parts")
    swapped = keras.Model(inputs, [several[1], several[0], *several[2:]], name="parts")
    [box] = drawn_outputs(lab.compare(straight, swapped))
    assert "mark-changed" in box.get("class")
