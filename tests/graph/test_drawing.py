"""The picture: well-formed, complete, and safe whatever the names are."""

import struct
import xml.etree.ElementTree as ET
from itertools import pairwise

import keras
import pytest
import seed_models
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.dot import to_dot
from kfunc_lab.graph.drawing import accessible_name, style_sheet, to_png, to_svg
from kfunc_lab.graph.families import FAMILIES, family_of
from kfunc_lab.graph.layer_graph import Call, Edge, Group, LayerGraph, TensorSpec
from kfunc_lab.graph.writing import printable, title
from kfunc_lab.theme import QUIET, SURFACE, TEXT

SVG = "{http://www.w3.org/2000/svg}"
SPEC = TensorSpec((None, 3), "float32")

HOSTILE = [
    "",
    " ",
    "\n",
    "two\nlines",
    "null\x00\x1b[31m",
    "\u202eright to left",
    "\ud800",
    "emoji 👩‍💻 漢字",
    "<script>alert(1)</script>",
    "<B>&amp;&lt;</B>",
    "\"double\" 'single'",
    "100% {n} $x",
    "back\\slash \\N \\G \\n \\",
    "]]> <!-- --> </text></svg>",
    "]; c9 [label=evil]; /*",
]


def marginal_graphs():
    """Graphs with lost, shared, nested, unbuilt, unconnected and raw parts."""
    inputs = keras.Input((7, 3), name="inputs")
    layers.Dense(4, name="gone")(layers.Dense(3, name="also_gone")(inputs))
    dense = layers.Dense(3, name="dense")
    lost = lab.read_graph(keras.Model(inputs, dense(dense(inputs) * 2), name="lost"))
    return {
        "lost": lost,
        "nested": lab.read_graph(seed_models.nested_autoencoder()),
        "ensemble": lab.read_graph(seed_models.ensemble()),
        "tickets": lab.read_graph(seed_models.ticket_model()),
        "resnet": lab.read_graph(seed_models.toy_resnet()),
        "unbuilt": lab.read_graph(seed_models.MLP()),
        "chain": lab.read_graph(keras.Sequential([layers.Dense(2), layers.Dense(3)])),
        "parts": lab.read_graph(seed_models.functional_in_custom_rnn()),
        "layer": lab.read_graph(layers.Dense(3)),
        "empty": lab.read_graph(keras.Sequential()),
    }


NAMES = [
    *["lost", "nested", "ensemble", "tickets", "resnet"],
    *["unbuilt", "chain", "parts", "layer", "empty"],
]


@pytest.fixture(scope="module")
def graphs():
    found = marginal_graphs()
    assert [*found] == NAMES
    return found


@pytest.fixture(scope="module")
def drawings(graphs):
    return {name: ET.fromstring(to_svg(graph)) for name, graph in graphs.items()}


def having(svg, class_name: str) -> list:
    return [it for it in svg.iter() if class_name in it.get("class", "").split()]


def texts(element) -> list[str]:
    return [
        "".join(it.itertext()).replace("\xa0", " ").strip() for it in element.iter(f"{SVG}text")
    ]


every_graph = pytest.mark.parametrize("name", NAMES)


@every_graph
def test_every_call_is_drawn_once_in_its_family(graphs, drawings, name):
    graph, drawn = graphs[name], having(drawings[name], "call")
    assert sorted(int(it.get("data-call")) for it in drawn) == [*range(len(graph.calls))]
    for element in drawn:
        call = graph.calls[int(element.get("data-call"))]
        assert f"family-{family_of(call).name}" in element.get("class").split()
        assert ("lost" in element.get("class").split()) == (call.id in graph.lost)
        assert element.find(f"{SVG}title").text == accessible_name(call)
        assert call.kind in texts(element)
        assert family_of(call).glyph in texts(element)


@every_graph
def test_every_edge_is_drawn_once_between_its_calls(graphs, drawings, name):
    graph = graphs[name]
    number = {call.id: str(at) for at, call in enumerate(graph.calls)}
    drawn = having(drawings[name], "edge")
    ends = sorted((it.get("data-source"), it.get("data-target", "out")) for it in drawn)
    outputs = graph.outputs if graph.connected else ()
    assert ends == sorted(
        [(number[it.source], number[it.target]) for it in graph.edges]
        + [(number[it], "out") for it in outputs]
    )
    assert len(having(drawings[name], "output")) == len(outputs)


@every_graph
def test_every_group_is_drawn_once(graphs, drawings, name):
    drawn = having(drawings[name], "group")
    assert sorted(it.find(f"{SVG}title").text for it in drawn) == sorted(
        group.id for group in graphs[name].groups
    )
    # Their names are drawn above the edges.
    for group in graphs[name].groups:
        assert group.layer in texts(having(drawings[name], "labels")[0])


@every_graph
def test_nothing_is_left_of_what_graphviz_adds(graphs, drawings, name):
    svg = drawings[name]
    assert svg.tag == f"{SVG}svg"
    assert svg.get("role") == "img"
    assert svg.find(f"{SVG}title").text == title(graphs[name])
    assert not [it for it in svg.iter() if it.get("id")]
    assert not [it for it in svg.iter() if it.get("font-family")]
    assert int(svg.get("width")) > 0
    assert int(svg.get("height")) > 0
    titled = {it.get("class", "") for it in svg.iter() if it.find(f"{SVG}title") is not None}
    assert all(it == "kfunc-lab-drawing" or {"call", "group"} & {*it.split()} for it in titled)


@every_graph
def test_every_text_follows_the_theme(drawings, name):
    known = {"name", "kind", "glyph", "quiet"}
    parents = {child: parent for parent in drawings[name].iter() for child in parent}
    for text in drawings[name].iter(f"{SVG}text"):
        if not "".join(text.itertext()).strip():
            continue
        assert text.get("class") in known
        assert text.get("fill") in {
            TEXT[0],
            QUIET[0],
            *(color for it in FAMILIES.values() for color in (it.ink[0], it.border[0])),
        }
        assert parents[text].get("class")


def test_the_style_carries_both_themes():
    style = style_sheet()
    for family in FAMILIES.values():
        for light, dark in (family.fill, family.border, family.ink):
            assert f"light-dark({light},{dark})" in style
    assert f"light-dark({SURFACE[0]},{SURFACE[1]})" in style
    svg = ET.fromstring(to_svg(LayerGraph("m", "Functional", (), ())))
    assert svg.find(f"{SVG}style").text == style
    [surface] = having(svg, "surface")
    assert surface.get("fill") == SURFACE[0]


def test_remarks_and_parameters_are_drawn(graphs, drawings):
    [gone] = [it for it in having(drawings["lost"], "lost") if "gone" in texts(it)]
    assert {"lost", "16"} <= {*texts(gone)}
    dense = [it for it in having(drawings["lost"], "call") if "dense" in texts(it)]
    assert "use 1 of 2" in texts(dense[0])


def test_shapes_are_written_where_they_change():
    inputs = keras.Input((28, 28, 3), name="x")
    x = layers.Conv2D(8, 3, name="conv")(inputs)
    x = layers.ReLU(name="relu")(x)
    x = layers.Flatten(name="flat")(x)
    svg = ET.fromstring(to_svg(lab.read_graph(x)))
    said = {
        (it.get("data-source"), it.get("data-target", "out")): texts(it)
        for it in having(svg, "edge")
    }
    assert said == {
        ("0", "1"): ["28 × 28 × 3"],
        ("1", "2"): ["26 × 26 × 8"],
        ("2", "3"): [],
        ("3", "out"): ["5408"],
    }


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (1, "1"),
        (999, "999"),
        (55_050, "55,050"),
        (999_999, "999,999"),
        (1_234_567, "1.23 M"),
        (143_667_240, "144 M"),
        (3_000_000_000, "3 G"),
    ],
)
def test_large_counts_are_rounded_in_the_picture_only(count, shown):
    call = Call("d", "d", "Dense", "d", parameters=count)
    graph = LayerGraph("m", "Functional", (call,), ())
    svg = ET.fromstring(to_svg(graph))
    assert shown in texts(having(svg, "call")[0])
    assert f"{count:,} parameters" in accessible_name(call)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_the_picture(name):
    group = Group(f"{name}/group", name, name or "Kind", "g")
    calls = (
        Call("plain", "plain", "Dense", "plain"),
        Call(f"{group.id}/{name}", name, name or "Kind", "c", group=group.id, library=False),
        Call(name, name, "Dense", "d"),
    )
    edges = tuple(Edge(one.id, 0, other.id, 0, SPEC) for one, other in pairwise(calls))
    graph = LayerGraph(name, name, calls, edges, (group,), (calls[0].id,), (calls[2].id,))
    svg = ET.fromstring(to_svg(graph))
    assert len(having(svg, "call")) == 3
    assert len(having(svg, "edge")) == 3
    assert len(having(svg, "group")) == 1
    assert {it.tag for it in svg.iter()} <= {
        f"{SVG}{tag}"
        for tag in ("svg", "g", "title", "style", "rect", "path", "polygon", "text")
    }
    shown = printable(name).strip()
    if shown:
        [drawn] = [it for it in having(svg, "call") if it.get("data-call") == "2"]
        name_drawn = "".join("".join(it.itertext()) for it in having(drawn, "name"))
        assert name_drawn.split() == shown.split()


def test_long_names_are_shortened_in_the_picture_and_whole_in_its_titles():
    long = "a_very_long_name_" * 300
    x = layers.Dense(2, name=long)(keras.Input((3,), name="x"))
    graph = lab.read_graph(x)
    svg = ET.fromstring(to_svg(graph))
    [drawn] = [it for it in having(svg, "call") if it.get("data-call") == "1"]
    [name] = [it for it in texts(drawn) if it.startswith("a_very")]
    assert len(name) == 36
    assert name.endswith("…")
    assert drawn.find(f"{SVG}title").text.startswith(long)
    assert int(svg.get("width")) < 500


def test_names_do_not_reach_beyond_their_box():
    """Wide characters get room, although Graphviz does not know how wide they are."""
    boxes = []
    for name in ("abcdefgh", "漢字漢字漢字漢字"):
        call = Call(name, name, "Dense", name)
        svg = ET.fromstring(to_svg(LayerGraph("m", "Functional", (call,), ())))
        boxes.append(int(svg.get("width")))
    assert boxes[1] - boxes[0] > 20


def test_calls_without_known_edges_stand_in_one_column(drawings, graphs):
    heights = [
        float(next(it.iter(f"{SVG}text")).get("y"))
        for it in sorted(
            having(drawings["unbuilt"], "call"), key=lambda it: int(it.get("data-call"))
        )
    ]
    assert heights == sorted(heights)
    assert len({*heights}) == len(graphs["unbuilt"].calls)


def test_dot_source_is_whole_lines(graphs):
    source = to_dot(graphs["nested"])
    assert source.startswith("digraph {\n")
    assert source.count("{") == source.count("}")
    assert source.count("subgraph cluster_") == 2


def test_png(graphs):
    png = to_png(graphs["tickets"])
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    svg = ET.fromstring(to_svg(graphs["tickets"]))
    # 144 dots an inch against 72 units: twice the size.
    assert width == pytest.approx(2 * int(svg.get("width")), abs=4)
    assert height == pytest.approx(2 * int(svg.get("height")), abs=4)
