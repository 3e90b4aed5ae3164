"""Comparisons of a learner's graph with the target, in data and in the drawing."""

import re

import keras
import pytest
from keras import layers, ops

from kfunc_lab.graph.keras.reader import read_graph
from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.target import compare_with_target, target_annotations
from kfunc_lab.graph.picture.target import draw_beside_target


def block(skip="first", order=(0, 1), merge=layers.Add, **last):
    """Reads a small residual network with new layer names."""
    inputs = keras.Input((8, 8, 3))
    first = layers.Conv2D(4, 3, padding="same")(inputs)
    second = layers.Conv2D(4, 3, padding="same")(first)
    third = layers.Conv2D(4, 3, padding="same")(second)
    joined = [third, {"first": first, "second": second}[skip]]
    x = merge()([joined[at] for at in order])
    return read_graph(keras.Model(inputs, layers.Dense(10, **last)(x)))


def drawn_lines(svg):
    """Returns the classes of marked lines."""
    return re.findall(r'<g class="edge (mark-[a-z]+)"', svg)


def test_equal_graphs_match_despite_names():
    found = compare_with_target(block(), block(name="digits"))
    assert (found.added, found.removed, found.changed, found.lines) == ((), (), (), {})
    assert target_annotations(found) == Annotations()


def test_input_order_matters_for_concatenate_only():
    assert compare_with_target(block(), block(order=(1, 0))).changed == ()
    one, other = (block(order=order, merge=layers.Concatenate) for order in ((0, 1), (1, 0)))
    [change] = compare_with_target(one, other).changed
    assert change.settings[0][0] == "inputs"


@pytest.mark.parametrize(
    "joined",
    [
        lambda pair: ops.concatenate(pair, axis=-1),
        lambda pair: ops.concatenate(pair, axis=1),
        lambda pair: layers.Concatenate(axis=1)(pair),
    ],
)
def test_equivalent_last_axes_match(joined):
    found = compare_with_target(joined_network(layers.concatenate), joined_network(joined))
    assert (found.added, found.removed, found.changed, found.lines) == ((), (), (), {})
    assert target_annotations(found) == Annotations()


def test_other_concatenation_axis_differs():
    for joined in (ops.concatenate, lambda pair: ops.concatenate(pair, axis=1)):
        there = joined_network(joined, (3, 8))
        [change] = compare_with_target(
            joined_network(layers.concatenate, (3, 8)), there
        ).changed
        assert change.settings[0][0] == "axis"


def test_add_layer_matches_add_operation():
    wanted = joined_network(layers.add)
    for added in (lambda pair: pair[0] + pair[1], lambda pair: ops.add(*pair)):
        found = compare_with_target(wanted, joined_network(added))
        assert (found.added, found.removed, found.changed, found.lines) == ((), (), (), {})


def joined_network(join, shape=(8,)):
    """Reads a network that joins two Dense layers of two inputs."""
    inputs = [keras.Input(shape) for _side in range(2)]
    x = join([layers.Dense(8, activation="relu")(it) for it in inputs])
    return read_graph(keras.Model(inputs, layers.Dense(1)(x)))


def test_wrong_skip_has_extra_line_and_missing_line():
    answer = block(skip="second")
    found = compare_with_target(block(), answer)
    first, second, _third = (call.id for call in answer.calls if call.kind == "Conv2D")
    [add] = (call.id for call in answer.calls if call.kind == "Add")
    assert found.lines == {(first, add): "removed", (second, add): "added"}
    assert target_annotations(found).lines == {(first, add): "ghost", (second, add): "extra"}
    assert target_annotations(found).marks == {add: "differs"}
    svg = draw_beside_target(found)
    assert sorted(drawn_lines(svg)) == ["mark-extra", "mark-ghost"]
    dashed = re.search(r'<g class="edge mark-ghost".*?</g>', svg)[0]
    assert "stroke-dasharray" in dashed
    for words in ("to build", "not in the target", "differs"):
        assert f">{words}</text>" in svg


def test_missing_layer_is_ghost():
    inputs = keras.Input((8,))
    short = read_graph(keras.Model(inputs, layers.Dense(3)(inputs)))
    inputs = keras.Input((8,))
    hidden = layers.Dense(5, activation="relu")(inputs)
    long = read_graph(keras.Model(inputs, layers.Dense(3)(hidden)))
    missing = compare_with_target(long, short)
    assert list(target_annotations(missing).marks.values()) == ["ghost"]
    assert list(target_annotations(missing).lines.values()) == ["ghost", "ghost"]
    assert missing.lines == {}
    extra = compare_with_target(short, long)
    assert list(target_annotations(extra).marks.values()) == ["extra"]
    assert extra.lines == {}


@pytest.mark.parametrize("activation", ["relu", "softmax"])
def test_different_setting_is_marked(activation):
    found = compare_with_target(block(activation="tanh"), block(activation=activation))
    [change] = found.changed
    assert change.settings == (("activation", "tanh", activation),)
    assert list(target_annotations(found).marks.values()) == ["differs"]
