"""The SVG picture: well-formed, complete and safe for all names."""

import struct
import xml.etree.ElementTree as ET
from itertools import pairwise

import keras
import pytest
import seed_models
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.model.descriptions import accessible_name, remark, short_name, title
from kfunc_lab.graph.model.families import FAMILIES, family_of
from kfunc_lab.graph.model.layer_graph import Call, Edge, Group, LayerGraph, TensorSpec
from kfunc_lab.graph.picture.boxes import SHARED
from kfunc_lab.graph.picture.png import to_png
from kfunc_lab.graph.picture.svg import style_sheet, to_svg
from kfunc_lab.ui.text import printable
from kfunc_lab.ui.theme import QUIET, SURFACE, TEXT

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


def elements_of_class(svg, class_name: str) -> list:
    return [it for it in svg.iter() if class_name in it.get("class", "").split()]


def texts(element) -> list[str]:
    return [
        "".join(it.itertext()).replace("\xa0", " ").strip() for it in element.iter(f"{SVG}text")
    ]


every_graph = pytest.mark.parametrize("name", NAMES)


def boxes(svg) -> dict:
    return {it.get("data-item"): it for it in elements_of_class(svg, "call")}


@every_graph
def test_each_call_is_drawn_once_with_family(graphs, drawings, name):
    graph, drawn = graphs[name], boxes(drawings[name])
    frames = {it.get("data-frame") for it in elements_of_class(drawings[name], "frame")}
    assert len(drawn) == len(elements_of_class(drawings[name], "call"))
    assert {*drawn} | (frames & {*graph.call_of}) == {*graph.call_of}
    for call_id, element in drawn.items():
        call = graph.call_of[call_id]
        assert f"family-{family_of(call).name}" in element.get("class").split()
        assert ("lost" in element.get("class").split()) == (call.id in graph.lost)
        said = ", ".join(filter(None, [accessible_name(call), remark(graph, call)]))
        assert element.find(f"{SVG}title").text == said
        assert call.kind in texts(element)
        assert family_of(call).glyph in texts(element)


@every_graph
def test_each_tensor_is_line_between_calls(graphs, drawings, name):
    graph = graphs[name]
    drawn = elements_of_class(drawings[name], "edge")
    ends = [(it.get("data-source"), it.get("data-target")) for it in drawn]
    # In one group, a line joins the two calls.
    for edge in graph.edges:
        source, target = graph.call_of[edge.source], graph.call_of[edge.target]
        if source.group == target.group:
            assert ends.count((source.id, target.id)) == 1
        else:
            assert (source.id, None) in ends or source.group is None
            assert (None, target.id) in ends or target.group is None
    marked = [it for it in elements_of_class(drawings[name], "output") if it.get("data-item")]
    assert len(marked) == len(graph.outputs)
    lost = [it for it in elements_of_class(drawings[name], "lost") if "edge" in it.get("class")]
    assert len(lost) == len(
        {(it.source, it.target) for it in graph.edges}
        & {(it.source, it.target) for it in graph.edges if it.target in graph.lost}
    )


@every_graph
def test_each_open_group_has_titled_frame(graphs, drawings, name):
    drawn = elements_of_class(drawings[name], "frame")
    assert sorted(it.get("data-frame") for it in drawn) == sorted(graphs[name].group_of)
    titles = [said for it in elements_of_class(drawings[name], "title") for said in texts(it)]
    for group in graphs[name].groups:
        assert short_name(group) in titles


@every_graph
def test_picture_has_accessible_title(graphs, drawings, name):
    svg = drawings[name]
    assert svg.tag == f"{SVG}svg"
    assert svg.get("role") == "img"
    assert svg.find(f"{SVG}title").text == title(graphs[name])
    assert not [it for it in svg.iter() if it.get("id")]
    assert not [it for it in svg.iter() if it.get("font-family")]
    assert int(svg.get("width")) > 0
    assert int(svg.get("height")) > 0


@every_graph
def test_text_follows_theme(drawings, name):
    known = {"name", "kind", "glyph", "quiet", "label", "remark"}
    for text in drawings[name].iter(f"{SVG}text"):
        if not "".join(text.itertext()).strip():
            continue
        assert known & {*text.get("class").split()}
        assert text.get("fill") in {
            TEXT[0],
            QUIET[0],
            *(light for light, _dark in SHARED),
            *(color for it in FAMILIES.values() for color in (it.ink[0], it.border[0])),
        }


def test_style_contains_both_themes():
    style = style_sheet()
    for family in FAMILIES.values():
        for light, dark in (family.fill, family.border, family.ink):
            assert f"light-dark({light},{dark})" in style
    assert f"light-dark({SURFACE[0]},{SURFACE[1]})" in style
    svg = ET.fromstring(to_svg(LayerGraph("m", "Functional", (), ())))
    assert svg.find(f"{SVG}style").text == style
    [surface] = elements_of_class(svg, "surface")
    assert surface.get("fill") == SURFACE[0]


def test_remarks_and_parameters_are_drawn(graphs, drawings):
    [gone] = [it for it in elements_of_class(drawings["lost"], "lost") if "gone" in texts(it)]
    assert {"lost", "16"} <= {*texts(gone)}
    dense = [it for it in elements_of_class(drawings["lost"], "call") if "dense" in texts(it)]
    assert "use 1 of 2" in texts(dense[0])


def test_changed_shapes_are_labelled():
    inputs = keras.Input((28, 28, 3), name="x")
    x = layers.Conv2D(8, 3, name="conv")(inputs)
    x = layers.ReLU(name="relu")(x)
    x = layers.Flatten(name="flat")(x)
    svg = ET.fromstring(to_svg(lab.read_graph(x)))
    labels = [it.text for it in elements_of_class(svg, "label")]
    assert labels == ["28 × 28 × 3", "26 × 26 × 8", "5408"]


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
def test_large_counts_are_rounded_only_in_picture(count, shown):
    call = Call("d", "d", "Dense", "d", parameters=count)
    graph = LayerGraph("m", "Functional", (call,), ())
    svg = ET.fromstring(to_svg(graph))
    assert shown in texts(elements_of_class(svg, "call")[0])
    assert f"{count:,} parameters" in accessible_name(call)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_keep_svg_valid(name):
    group = Group(f"{name}/group", name, name or "Kind", "g")
    calls = (
        Call("plain", "plain", "Dense", "plain"),
        Call(f"{group.id}/{name}", name, name or "Kind", "c", group=group.id, library=False),
        Call(name, name, "Dense", "d"),
    )
    edges = tuple(Edge(one.id, 0, other.id, 0, SPEC) for one, other in pairwise(calls))
    graph = LayerGraph(name, name, calls, edges, (group,), (calls[0].id,), (calls[2].id,))
    svg = ET.fromstring(to_svg(graph))
    assert len(elements_of_class(svg, "call")) == 3
    # Two lines enter the group and its call, and two lines leave them.
    assert len(elements_of_class(svg, "edge")) == 5
    assert len(elements_of_class(svg, "frame")) == 1
    assert {it.tag for it in svg.iter()} <= {
        f"{SVG}{tag}"
        for tag in ("svg", "g", "title", "style", "rect", "path", "polygon", "text")
    }
    shown = printable(name).strip()
    if shown:
        drawn = elements_of_class(svg, "call")[1]
        name_drawn = "".join("".join(it.itertext()) for it in elements_of_class(drawn, "name"))
        assert name_drawn.split() == shown.split()


def test_long_names_are_shortened_except_in_titles():
    long = "a_very_long_name_" * 300
    x = layers.Dense(2, name=long)(keras.Input((3,), name="x"))
    graph = lab.read_graph(x)
    svg = ET.fromstring(to_svg(graph))
    drawn = boxes(svg)[long]
    [name] = [it for it in texts(drawn) if it.startswith("a_very")]
    assert len(name) == 36
    assert name.endswith("…")
    assert drawn.find(f"{SVG}title").text.startswith(long)
    assert int(svg.get("width")) < 500


def test_boxes_fit_wide_names():
    """Boxes fit wide characters, although Graphviz does not know their width."""
    boxes = []
    for name in ("abcdefgh", "漢字漢字漢字漢字"):
        call = Call(name, name, "Dense", name)
        svg = ET.fromstring(to_svg(LayerGraph("m", "Functional", (call,), ())))
        boxes.append(int(elements_of_class(svg, "box")[0].get("width")))
    assert boxes[1] - boxes[0] > 20


def test_unconnected_calls_stand_in_one_column(drawings, graphs):
    places = [
        [float(part) for part in it.get("transform")[10:-1].split()]
        for it in boxes(drawings["unbuilt"]).values()
    ]
    assert len({across for across, _down in places}) == 1
    assert len({down for _across, down in places}) == len(graphs["unbuilt"].calls)


def test_legend_lists_visible_families(graphs, drawings):
    said = texts(elements_of_class(drawings["tickets"], "legend")[0])
    assert {"input, output", "dense, embedding", "merging, arithmetic"} <= {*said}
    assert "convolution" not in said
    assert "lost" in texts(elements_of_class(drawings["lost"], "legend")[0])
    assert "same colour: shared weights" in texts(
        elements_of_class(drawings["lost"], "legend")[0]
    )
    assert "can be opened" in texts(elements_of_class(drawings["nested"], "legend")[0])


def test_png_has_double_size(graphs):
    drawn = to_svg(graphs["tickets"])
    png = to_png(drawn)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    svg = ET.fromstring(drawn)
    # 144 dots an inch against 72 units: twice the size.
    assert width == pytest.approx(2 * int(svg.get("width")), abs=4)
    assert height == pytest.approx(2 * int(svg.get("height")), abs=4)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_keep_png_valid(name):
    call = Call("c", name, name or "Kind", "c", outputs=(SPEC,))
    assert to_png(to_svg(LayerGraph(name, "", (call,), ()))).startswith(b"\x89PNG")
