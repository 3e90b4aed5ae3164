"""Folding: groups, open groups, and search."""

import keras
import pytest
import seed_models
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.graph.model.folding import fold_graph, items_by_parent, search
from kfunc_lab.graph.model.layer_graph import Call, Edge, LayerGraph, TensorSpec


def top(graph) -> list[str]:
    return items_by_parent(graph)[None]


@pytest.fixture(scope="module")
def resnet():
    with preserve_keras_state():
        return lab.read_graph(keras.applications.ResNet50(weights=None))


def test_blocks_have_names_and_counts(resnet):
    graph, opened = fold_graph(resnet)
    assert opened == frozenset()
    assert [it for it in top(graph) if it in graph.group_of] == [
        "conv2_block ×3", "conv3_block ×4", "conv4_block ×6", "conv5_block ×3",
    ]  # fmt: skip
    assert items_by_parent(graph)["conv2_block ×3"] == [
        "conv2_block1", "conv2_block2", "conv2_block3",
    ]  # fmt: skip
    run = graph.group_of["conv2_block ×3"]
    inside = [resnet.call_of[it] for it in graph.calls_inside[run.id]]
    assert (run.count, run.parameters) == (3, sum(it.parameters for it in inside))
    assert len(inside) == 32


def transformer(blocks: int) -> LayerGraph:
    x = inputs = keras.Input((16, 8), name="tokens")
    for _block in range(blocks):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.Dropout(0.1)(layers.MultiHeadAttention(2, 4)(y, y))])
        y = layers.Dense(8)(layers.Dense(16, activation="gelu")(layers.LayerNormalization()(x)))
        x = layers.Add()([x, y])
    return lab.read_graph(keras.Model(inputs, layers.Dense(2)(x)))


def test_unnamed_blocks_of_equal_structure_are_grouped():
    graph, _opened = fold_graph(transformer(24))
    [run] = [it for it in top(graph) if it in graph.group_of]
    assert run == "MultiHeadAttention ×24"
    assert len(items_by_parent(graph)[run]) == 24
    assert {len(inside) for inside in list(graph.calls_inside.values())[1:]} == {8}


def test_similar_block_at_start_belongs_to_run():
    """The first block lacks the layer that ends the others, and nothing comes before it."""

    def block():
        return [layers.Conv2D(8, 3), layers.BatchNormalization(), layers.ReLU()]

    blocks = [[*block(), layers.MaxPooling2D(name=f"pool{number}")] for number in range(4)]
    for inside in blocks[1:]:
        inside.append(layers.Dropout(0.1))
    model = keras.Sequential([layer for inside in blocks for layer in inside])
    graph, _opened = fold_graph(lab.read_graph(model), True)
    items = items_by_parent(graph)
    [run] = items[None]
    assert [items[part] for part in items[run]] == [
        [layer.name for layer in inside] for inside in blocks
    ]


def test_small_graphs_open_nested_models_and_close_wrappers():
    graph = lab.read_graph(seed_models.nested_autoencoder())
    folded, opened = fold_graph(graph)
    assert folded is graph
    assert opened == {"encoder", "decoder"}
    x = keras.Input((5, 3), name="x")
    wrapped = lab.read_graph(layers.TimeDistributed(layers.Dense(2), name="each")(x))
    assert fold_graph(wrapped)[1] == frozenset()
    assert fold_graph(wrapped, False)[1] == {"each"}


def test_fold_accepts_names_classes_and_ids():
    graph = lab.read_graph(seed_models.nested_autoencoder())
    assert fold_graph(graph, "encoder")[1] == {"decoder"}
    assert fold_graph(graph, ["Functional"])[1] == frozenset()
    with pytest.raises(ValueError, match=r"'encodr'.*you can fold: encoder"):
        fold_graph(graph, "encodr")
    with pytest.raises(ValueError, match="no foldable group called 'x'"):
        fold_graph(lab.read_graph(seed_models.mnist_model()), "x")


def chain(count: int) -> LayerGraph:
    spec = TensorSpec((None, 8), "float32")
    calls = tuple(
        Call(f"dense_{n}", f"dense_{n}", "Dense", f"dense_{n}", (spec,), (spec,), 72, 72)
        for n in range(count)
    )
    edges = tuple(Edge(f"dense_{n}", 0, f"dense_{n + 1}", 0, spec) for n in range(count - 1))
    return LayerGraph("deep", "Functional", calls, edges, parameters=72 * count)


@pytest.mark.parametrize("count", [151, 3_000])
def test_groups_have_limited_size(count):
    graph, _opened = fold_graph(chain(count))
    items = items_by_parent(graph)
    assert max(map(len, items.values())) <= 100
    assert sum(it in graph.call_of for inside in items.values() for it in inside) == count


def test_search_finds_names_classes_and_shapes(resnet):
    graph, _opened = fold_graph(resnet)
    assert search(graph, "CONV2_block1_1_") == [
        "conv2_block1_1_conv", "conv2_block1_1_bn", "conv2_block1_1_relu",
    ]  # fmt: skip
    assert search(graph, "maxpooling") == ["pool1_pool"]
    assert search(graph, "230 × 230") == search(graph, "230x230x3") == ["conv1_pad"]
    assert search(graph, "(None, 1000)") == ["predictions"]
    assert search(graph, "conv3_block ×")[0] == "conv3_block ×4"
    assert search(graph, " ") == []


@pytest.mark.parametrize(
    "name",
    [
        "<script>",
        'quo"te',
        "50 %",
        "back\\slash",
        "x" * 5000,
        "\u202ertl",
        "👩‍💻",
        "two\nlines",
    ],
)
def test_search_finds_hostile_names(name):
    x = keras.Input((3,), name="x")
    graph = lab.read_graph(layers.Dense(2, name=name)(x))
    assert search(graph, name) == [name]


def test_view_opens_groups_of_selected_and_found_calls(resnet):
    view = lab.graph(resnet)
    assert view.search("conv4_block3_2_conv") == ["conv4_block3_2_conv"]
    assert view.selected == "conv4_block3_2_conv"
    assert view.opened == ["conv4_block ×6", "conv4_block3"]
    view.fold_all()
    assert view.opened == []
    view.selected = "conv2_block1"
    assert view.opened == ["conv2_block ×3"]
    view.unfold_all()
    assert set(view.opened) == set(view.graph.group_of)
    assert len(view.to_text().splitlines()) > 180
    view.fold_all()
    assert len(view.to_text().splitlines()) == 15
