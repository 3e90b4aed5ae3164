"""Equal parallel branches share one box, and what is larger than a screen opens folded."""

import keras
import pytest
from keras import layers, ops

import kfunc_lab as lab
from kfunc_lab.graph.export.visible_edges import arrows
from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.graph.model.folding import fold_graph, items_by_parent, visible_groups
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.model.levels import levels_of


def columns(count: int, vocabularies: bool = False) -> LayerGraph:
    """A table: an embedding for each column, in words of equal or of different numbers."""
    inputs = [keras.Input((1,), dtype="int32", name=f"column_{n}") for n in range(count)]
    parts = [
        layers.Flatten()(layers.Embedding(5 + n * vocabularies, 3)(it))
        for n, it in enumerate(inputs)
    ]
    return keras.Model(
        inputs, layers.Dense(1, name="end")(layers.Concatenate(name="join")(parts))
    )


def numbers(count: int):
    inputs = [keras.Input((1,), name=f"feature_{n}") for n in range(count)]
    return keras.Model(
        inputs, layers.Dense(1, name="end")(layers.Concatenate(name="join")(inputs))
    )


def heads(count: int):
    x = keras.Input((20,), name="x")
    shared = layers.Dense(64, name="trunk")(x)
    hidden = [layers.Dropout(0.2)(layers.Dense(8)(shared)) for _head in range(count)]
    return keras.Model(
        x, [layers.Dense(1, name=f"task_{n}")(it) for n, it in enumerate(hidden)]
    )


def ensemble(count: int):
    x = keras.Input((8,), name="x")
    members = [
        keras.Sequential([keras.Input((8,)), layers.Dense(3)], name=f"member_{n}")
        for n in range(count)
    ]
    return keras.Model(x, layers.Average(name="join")([member(x) for member in members]))


def pieces(count: int):
    x = keras.Input((count, 8), name="x")
    parts = [part * 2 for part in ops.unstack(x, count, axis=1)]
    return keras.Model(x, layers.Concatenate(name="join")(parts))


WIDE = {
    "columns": (columns(40), "column", 40),
    "vocabularies": (columns(40, True), "column", 40),
    "numbers": (numbers(60), "feature", 60),
    "heads": (heads(16), "task", 16),
    "ensemble": (ensemble(12), "member", 12),
    "pieces": (pieces(30), "Multiply", 30),
}


@pytest.mark.parametrize("name", WIDE)
def test_equal_branches_share_one_box(name):
    model, common, count = WIDE[name]
    graph, opened = fold_graph(lab.read_graph(model))
    [run] = [it for it in graph.groups if it.count > 1]
    assert (run.id, run.count, run.parent) == (f"{common} ×{count}", count, None)
    assert visible_groups(graph, opened) == []
    items = items_by_parent(graph)
    assert max(map(len, items.values())) <= 12
    assert len(items[None]) < 6
    inside = graph.calls_inside[run.id]
    assert len({*inside}) == len(inside) == count * (len(inside) // count)
    assert f"{common} ×{count}" in lab.graph(model).to_text()


@pytest.mark.parametrize("name", ["columns", "pieces", "numbers"])
def test_tensors_of_equal_branches_share_one_line(name):
    model, common, count = WIDE[name]
    graph, _opened = fold_graph(lab.read_graph(model))
    run = f"{common} ×{count}"
    [out] = [wire for wire in levels_of(graph)[None].wires if wire.source == run]
    assert (out.target, out.count, len(out.takers)) == ("join", count, 1)
    [arrow] = [it for it in arrows(graph, frozenset()) if it.source == run]
    assert arrow.target == "join"


@pytest.mark.parametrize("count", [1, 3, 4, 500])
def test_many_results_of_one_call_share_one_line(count):
    x = keras.Input((count, 8), name="x")
    graph = lab.read_graph(keras.Model(x, ops.stack(ops.unstack(x, count, axis=1), axis=1)))
    [unstack] = [it.id for it in graph.calls if it.kind == "Unstack"]
    wires = [it for it in levels_of(graph)[None].wires if it.source == unstack]
    assert [it.count for it in wires] == ([count] if count >= 4 else [1] * count)
    assert len(graph.edges) == count + 1


def inception():
    x = keras.Input((8, 8, 4), name="x")
    ways = [layers.Conv2D(4, 1 + 2 * n, padding="same")(x) for n in range(5)]
    return keras.Model(x, layers.Concatenate()(ways))


def two_towers():
    ends = []
    inputs = [keras.Input((1,), name=name) for name in ("user", "item")]
    ends = [layers.Dense(8)(it) for it in inputs]
    return keras.Model(inputs, layers.Dot(1)(ends))


@pytest.mark.parametrize("model", [inception(), two_towers()], ids=["inception", "towers"])
def test_different_or_few_branches_stay(model):
    graph, _opened = fold_graph(lab.read_graph(model), True)
    assert [group.id for group in graph.groups if group.count > 1] == []


def test_folded_graphs_have_no_cycle_and_keep_every_call():
    for model, _common, _count in WIDE.values():
        graph = lab.read_graph(model)
        folded, _opened = fold_graph(graph, True)
        assert {it.id for it in folded.calls} == {it.id for it in graph.calls}
        assert folded.edges == graph.edges
        place = {it.id: number for number, it in enumerate(folded.calls)}
        assert all(place[edge.source] < place[edge.target] for edge in folded.edges)


# ---------------------------------------------------------------------------------------------
# Height and depth


def encoders(blocks: int):
    x = y = keras.Input((16, 8), name="x")
    for _block in range(blocks):
        z = layers.MultiHeadAttention(2, 4)(y, y)
        y = layers.LayerNormalization()(layers.Add()([y, layers.Dropout(0.1)(z)]))
        z = layers.Dense(8)(layers.Dense(16, activation="relu")(y))
        y = layers.LayerNormalization()(layers.Add()([y, layers.Dropout(0.1)(z)]))
    return keras.Model(x, layers.Dense(5, name="end")(y))


@pytest.mark.parametrize(("blocks", "folded"), [(2, False), (4, True), (12, True)])
def test_tall_graphs_open_folded(blocks, folded):
    graph, opened = fold_graph(lab.read_graph(encoders(blocks)))
    runs = [it for it in graph.groups if it.count > 1]
    assert [it.count for it in runs] == [blocks] * folded
    assert not opened.intersection(it.id for it in runs)


def nested(levels: int):
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dense(4)(x), name="level_0")
    for number in range(1, levels):
        x = keras.Input((4,))
        model = keras.Model(x, layers.ReLU()(model(x)), name=f"level_{number}")
    return model


@pytest.mark.parametrize(("levels", "most"), [(3, 2), (60, 8)])
def test_deep_levels_are_folded(levels, most):
    graph, opened = fold_graph(lab.read_graph(nested(levels)))
    visible = visible_groups(graph, opened)
    assert 0 < len(visible) <= most
    assert visible == [group.id for group in graph.groups[: len(visible)]]  # the outer ones
    assert len(graph.groups) == levels - 1


def test_stages_of_one_block_are_folded_too():
    with preserve_keras_state():
        model = keras.applications.EfficientNetB0(weights=None)
    graph, _opened = fold_graph(lab.read_graph(model))
    names = [it for it in items_by_parent(graph)[None] if it.startswith("block")]
    assert names == ["block1a", "block2 ×2", "block3 ×2", "block4 ×3", "block5 ×3", "block6 ×4",
                     "block7a"]  # fmt: skip


@pytest.mark.parametrize(
    "block",
    [
        (layers.Conv1D, layers.BatchNormalization, layers.ReLU),
        (layers.ZeroPadding1D, layers.Conv1D, layers.Activation),
        (layers.Conv1D, layers.LayerNormalization, layers.Dropout),
    ],
    ids=lambda block: "-".join(it.__name__ for it in block),
)
def test_blocks_begin_where_a_person_begins_them(block):
    settings = {"Conv1D": (4, 1), "ZeroPadding1D": (0,), "Activation": ("relu",),
                "Dropout": (0.1,)}  # fmt: skip
    x = y = keras.Input((16, 4), name="x")
    y = layers.Activation("tanh")(y)  # the order could begin here as well
    for _block in range(6):
        for cls in block:
            y = cls(*settings.get(cls.__name__, ()))(y)
    graph, _opened = fold_graph(lab.read_graph(keras.Model(x, y)), True)
    items = items_by_parent(graph)
    [run] = [it for it in graph.groups if it.count > 1]
    kinds = {tuple(graph.call_of[it].kind for it in items[part]) for part in items[run.id]}
    assert kinds == {tuple(cls.__name__ for cls in block)}
    assert run.count == 6


def test_blocks_say_what_is_in_them():
    x = y = keras.Input((8,), name="x")
    for _block in range(60):
        y = layers.Add()([y, layers.ReLU()(layers.Dense(8)(y))])
    view = lab.graph(keras.Model(x, y))
    [line] = [it for it in view.to_text().splitlines() if "×60" in it]
    assert "Dense, ReLU, Add" in line
    assert "180 calls: Dense, ReLU, Add" in view.to_svg()
