"""Densely connected levels are drawn with rails, and many tensors between two boxes as one line."""

import keras
import pytest
from keras import layers, ops

import kfunc_lab as lab
from kfunc_lab.graph.model.levels import levels_of
from kfunc_lab.graph.picture.layout import Layouts
from kfunc_lab.graph.picture.lines.rails import without_long_wires
from kfunc_lab.graph.picture.lines.strands import without_parallel_wires
from kfunc_lab.graph.picture.svg import picture_of, to_svg


def dense(count: int):
    x = keras.Input((16,), name="x")
    made = [x]
    for number in range(count):
        joined = layers.Concatenate(name=f"join_{number}")(made) if number else x
        made.append(layers.Dense(8, name=f"dense_{number}")(joined))
    return keras.Model(x, layers.Dense(1, name="end")(made[-1]))


def memory(count: int):
    """Each step takes the encoder's result and the mask of the first call."""
    x = keras.Input((4, 8), name="x")
    encoded, gate = layers.Dense(8, name="encoded")(x), layers.Dense(8, name="gate")(x)
    y = encoded
    for number in range(count):
        y = layers.Add(name=f"step_{number}")([layers.Dense(8)(y), encoded, gate])
    return keras.Model(x, y)


def two_ways(count: int):
    """Two chains; each call of one takes all earlier calls of the other."""
    x = keras.Input((8,), name="x")
    left, right = [x], [x]
    for _number in range(count):
        one = layers.Average()([*right, left[-1], left[-1]])
        right.append(layers.Average()([*left, right[-1], right[-1]]))
        left.append(one)
    return keras.Model(x, layers.Add()([left[-1], right[-1]]))


MODELS = {"dense": dense(20), "memory": memory(20), "two ways": two_ways(10)}


@pytest.mark.parametrize("name", MODELS)
def test_every_tensor_has_its_line_between_its_boxes(name):
    graph = lab.read_graph(MODELS[name])
    layouts = Layouts(graph)
    picture = picture_of(layouts, graph.group_of)
    wires = layouts.levels[None].wires
    assert len(without_long_wires(layouts.levels[None]).wires) < len(wires)
    drawn = [(it.wire.source, it.wire.target, it.wire.key) for it in picture.curves]
    assert sorted(drawn) == sorted((it.source, it.target, it.key) for it in wires)
    for curve in picture.curves:
        x, y = picture.boxes[curve.wire.source]
        box = layouts.boxes[curve.wire.source]
        assert abs(curve.points[0] - x) <= box.width / 2
        assert abs(curve.points[1] - y) == pytest.approx(box.height / 2, abs=2)
        end_x, end_y = picture.boxes[curve.wire.target]
        box = layouts.boxes[curve.wire.target]
        assert abs(curve.points[-2] - end_x) <= box.width / 2
        assert curve.points[-1] == pytest.approx(end_y - box.height / 2, abs=2)
        assert min(curve.points) >= 0
        assert max(curve.points[::2]) <= picture.width


def test_rail_is_shared_by_what_each_box_takes():
    """In a dense block each box takes all before it: one rail says that."""
    graph = lab.read_graph(dense(20))
    picture = picture_of(Layouts(graph), ())
    edge = max(x + 100 for x, _y in picture.boxes.values())
    rails = {max(it.points[::2]) for it in picture.curves if max(it.points[::2]) > edge - 40}
    assert len(rails) == 1
    assert picture.width < 320


def test_boxes_on_rails_are_in_one_column_in_their_order():
    graph = lab.read_graph(dense(20))
    picture = picture_of(Layouts(graph), ())
    assert len({round(x) for x, _y in picture.boxes.values()}) == 1
    heights = [picture.boxes[call.id][1] for call in graph.calls]
    assert heights == sorted(heights)


@pytest.mark.parametrize("make", [lambda: keras.applications.MobileNet(weights=None)])
def test_chains_and_skips_have_no_rails(make):
    levels = levels_of(lab.read_graph(make()))
    assert all(without_long_wires(level) is level for level in levels.values())


def test_unet_has_no_rails():
    x = y = keras.Input((64, 64, 1), name="x")
    skips = []
    for _level in range(4):
        y = layers.Conv2D(4, 3, padding="same")(y)
        skips.append(y)
        y = layers.MaxPooling2D()(y)
    for skip in reversed(skips):
        y = layers.Concatenate()([layers.UpSampling2D()(y), skip])
        y = layers.Conv2D(4, 3, padding="same")(y)
    level = levels_of(lab.read_graph(keras.Model(x, y)))[None]
    assert without_long_wires(level) is level
    assert without_parallel_wires(level) is level


def test_open_groups_keep_rails_and_ports():
    view = lab.graph(dense(40))
    [run] = [it for it in view.graph.groups if it.count > 1]
    assert run.count == 39
    view.opened = [run.id]
    assert view.to_svg().count('class="edge') >= 39 * 38 / 2
    first = next(it.id for it in view.graph.groups if it.parent == run.id)
    view.opened = [run.id, first]
    assert "join_1" in view.to_svg()


def test_many_tensors_of_one_call_are_drawn_as_one_line():
    x = keras.Input((300, 8), name="x")
    model = keras.Model(x, ops.stack(ops.unstack(x, 300, axis=1), axis=1))
    graph = lab.read_graph(model)
    [unstack] = [it.id for it in graph.calls if it.kind == "Unstack"]
    svg = to_svg(graph)
    assert svg.count(f'data-source="{unstack}"') == 1
    assert "8 (×300)" in svg
