"""Figures for print: black on white, as volumes, and as PDF."""

import re
import xml.etree.ElementTree as ET
import zlib

import keras
import pytest
import seed_models
from keras import layers

import kfunc_lab as lab
from kfunc_lab.graph.picture.png import to_png
from kfunc_lab.graph.publication.page import TALLEST, WIDEST
from kfunc_lab.graph.publication.paper import to_paper
from kfunc_lab.graph.publication.pdf import to_pdf
from kfunc_lab.graph.publication.volumes import figure_of
from kfunc_lab.ui import fonts

pytestmark = pytest.mark.filterwarnings("ignore:On a page of a paper")

SVG = "{http://www.w3.org/2000/svg}"


def u_net():
    x = inputs = keras.Input((32, 32, 3))
    kept = []
    for filters in (8, 16):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        kept.append(x)
        x = layers.MaxPooling2D()(x)
    for filters, skip in zip((16, 8), reversed(kept), strict=True):
        x = layers.Conv2DTranspose(filters, 2, strides=2)(x)
        x = layers.Concatenate()([x, skip])
        x = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(x))
    return keras.Model(inputs, layers.Conv2D(1, 1)(x), name="u_net")


def inception():
    inputs = keras.Input((28, 28, 192))
    branches = [
        layers.Conv2D(64, 1)(inputs),
        layers.Conv2D(128, 3, padding="same")(layers.Conv2D(96, 1)(inputs)),
        layers.Conv2D(32, 1)(layers.MaxPooling2D(3, 1, padding="same")(inputs)),
    ]
    joined = layers.GlobalAveragePooling2D()(layers.Concatenate()(branches))
    return keras.Model(inputs, layers.Dense(10)(joined), name="inception")


def text_model():
    inputs = keras.Input((100,), dtype="int32")
    x = layers.LSTM(32, return_sequences=True)(layers.Embedding(50, 16)(inputs))
    return keras.Model(inputs, layers.Dense(1)(layers.GlobalMaxPooling1D()(x)))


def any_size():
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, layers.Conv2D(4, 3)(inputs))


MODELS = {
    "u_net": u_net,
    "inception": inception,
    "text": text_model,
    "any size": any_size,
    "residual": seed_models.toy_resnet,
    "two inputs": seed_models.ticket_model,
    "ensemble": seed_models.ensemble,
    "nested": seed_models.nested_autoencoder,
    "shared": seed_models.shared_embedding,
    "repeats": lambda: keras.applications.ResNet50(weights=None),
}


@pytest.fixture(scope="module", params=MODELS)
def view(request):
    return lab.graph(MODELS[request.param]())


def texts(svg):
    return [it.text for it in ET.fromstring(svg).iter(f"{SVG}text")]


def fronts(svg):
    """The place and the size of the front of each volume, by item; sums have none."""
    found = {}
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        sides = [
            [float(it.get(name)) for name in ("x", "y", "width", "height")]
            for it in group.iter(f"{SVG}rect")
            if not it.get("rx")
        ]
        if sides:
            x, y, _width, height = sides[0]
            found[group.get("data-item")] = (x, y, sides[-1][0] + sides[-1][2] - x, height)
    return found


def points(svg):
    root = ET.fromstring(svg)
    return [float(root.get(name).removesuffix("pt")) for name in ("width", "height")]


@pytest.mark.parametrize("style", ["paper", "layered"])
def test_figure_fits_a_page_in_every_form(view, style, tmp_path):
    svg = view.save(tmp_path / "figure.svg", style=style).read_text()
    width, height = points(svg)
    assert 0 < width <= WIDEST + 0.1
    assert 0 < height <= TALLEST + 0.1
    pdf = view.save(tmp_path / "figure.pdf", style=style).read_bytes()
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert [float(it) for it in box.groups()] == pytest.approx([width, height], abs=0.01)
    png = view.save(tmp_path / "figure.png", style=style).read_bytes()
    assert int.from_bytes(png[16:20]) == pytest.approx(width / 72 * 300, abs=300 / 96)


def test_paper_is_black_on_white_with_the_same_names(view):
    screen = view.to_svg()
    paper = to_paper(screen)
    assert "style" not in {it.tag.removeprefix(SVG) for it in ET.fromstring(paper).iter()}
    colours = set(re.findall(r'(?:fill|stroke)="(#\w+)"', paper))
    assert all(len(set(re.findall("..", colour[1:]))) == 1 for colour in colours), colours
    names = {
        it.text for it in ET.fromstring(screen).iter(f"{SVG}text") if it.get("class") == "name"
    }
    assert names <= set(texts(paper))
    assert not {"■", "●", "▼"} & set(texts(paper))


def test_paper_keeps_regions_and_their_legend():
    encoder, autoencoder = seed_models.encoder_and_autoencoder()
    plain = to_paper(lab.graph(autoencoder).to_svg())
    paper = to_paper(lab.graph(autoencoder, highlight={"the encoder": encoder}).to_svg())
    assert "the encoder" in texts(paper)
    assert "convolution" not in texts(paper)
    assert points(paper)[1] > points(plain)[1]


def test_volumes_of_a_row_stand_beside_each_other(view, tmp_path):
    figure = figure_of(view.graph, frozenset(view.opened))
    svg = view.save(tmp_path / "figure.svg", style="layered").read_text()
    drawn = fronts(svg)
    shown = {item: it for item, it in figure.volumes.items() if not it.joins}
    assert set(drawn) == set(shown)
    for item, (x, y, width, height) in drawn.items():
        for other, (x2, y2, width2, height2) in drawn.items():
            if item < other:
                apart = x + width < x2 or x2 + width2 < x
                assert apart or y + height < y2 or y2 + height2 < y, (item, other)


def test_tensors_lead_to_a_later_column(view):
    figure = figure_of(view.graph, frozenset(view.opened))
    for source, target in figure.tensors:
        assert figure.volumes[source].column < figure.volumes[target].column
    places = [(it.row, it.column) for it in figure.volumes.values()]
    assert len(set(places)) == len(places)


def test_sizes_and_channels_are_written(tmp_path):
    svg = lab.graph(u_net()).save(tmp_path / "u.svg", style="layered").read_text()
    written = texts(svg)
    assert [it for it in written if "×" in it].count("16 × 16") == 2
    assert {"32 × 32", "8 × 8", "3", "8", "16", "32"} <= set(written)
    figure = figure_of(lab.read_graph(u_net()), frozenset())
    assert "BatchNormalization" not in {it.name for it in figure.volumes.values()}
    assert len(figure.volumes) == 1 + 2 * 2 + 2 * 3 + 1


def test_volumes_grow_with_their_sizes(tmp_path):
    svg = lab.graph(u_net()).save(tmp_path / "u.svg", style="layered").read_text()
    drawn = fronts(svg)
    heights = [drawn[it][3] for it in ("conv2d", "conv2d_1", "max_pooling2d_1") if it in drawn]
    assert heights == sorted(heights, reverse=True)
    thin, thick = (
        drawn[min(drawn, key=lambda it: drawn[it][2])],
        max(it[2] for it in drawn.values()),
    )
    assert thin[2] < thick


def test_addition_is_a_sign_and_a_skip_is_an_arc(tmp_path):
    view = lab.graph(seed_models.toy_resnet())
    svg = view.save(tmp_path / "r.svg", style="layered").read_text()
    figure = figure_of(view.graph, frozenset(view.opened))
    sums = [it for it in figure.volumes.values() if it.joins]
    assert sums
    assert texts(svg).count("+") == len(sums)
    assert svg.count("<circle") == 0  # the circle is a rounded rectangle, which PDF draws too


def test_repeated_block_is_cut_into_slices(tmp_path):
    view = lab.graph(keras.applications.ResNet50(weights=None))
    svg = view.save(tmp_path / "r.svg", style="layered").read_text()
    folded = next(
        it
        for it in ET.fromstring(svg).iter(f"{SVG}g")
        if it.get("data-item") == "conv2_block ×3"
    )
    assert len(list(folded.iter(f"{SVG}rect"))) == 3
    assert "conv2_block ×3" in texts(svg)


def test_text_of_pdf_can_be_searched():
    pdf = to_pdf(lab.graph(seed_models.mnist_model()).to_svg())
    page = zlib.decompress(re.search(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)[1]).decode()
    characters = {number: it for it, (number, _width) in fonts.glyphs().items()}
    written = [
        "".join(characters[int(it, 16)] for it in re.findall("....", glyphs))
        for glyphs in re.findall(r"\[<(\w*)>\] TJ", page)
    ]
    assert {"Dense", "InputLayer", "output"} <= set(written)
    assert pdf.count(b"/FontFile2") == 2
    assert pdf.count(b"/ToUnicode") == 2


def test_other_scripts_are_painted_and_named(tmp_path):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(2, name="层一")(inputs))
    svg = lab.graph(model).to_svg()
    root = ET.fromstring(svg)
    png = to_png(svg)
    assert int.from_bytes(png[16:20]) == 2 * int(root.get("width"))
    with pytest.warns(UserWarning, match="层一") as said:
        lab.graph(model).save(tmp_path / "x.pdf")
    assert said[0].filename == __file__


def test_too_small_text_is_said(tmp_path):
    view = lab.graph(keras.applications.VGG16(weights=None))
    with pytest.warns(UserWarning, match=r"points high.*fold=True") as said:
        view.save(tmp_path / "tall.svg", style="paper")
    assert said[0].filename == __file__


def test_wrong_styles_are_named(tmp_path):
    view = lab.graph(seed_models.mnist_model())
    with pytest.raises(ValueError, match=r"'paper'.*'layered'"):
        view.save(tmp_path / "x.svg", style="poster")
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf"):
        view.save(tmp_path / "x.html", style="paper")
    with pytest.raises(TypeError, match="connections"):
        lab.graph(seed_models.MLP()).save(tmp_path / "x.svg", style="layered")


@pytest.mark.parametrize(
    "name", ["<script>", ']]> &amp; "x"', "\u202eright", "null\x00\x1b[31m"]
)
def test_names_are_escaped_in_every_style(name, tmp_path):
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, layers.Conv2D(2, 3, name=name)(inputs), name=name)
    for style in ("paper", "layered"):
        ET.parse(lab.graph(model).save(tmp_path / "x.svg", style=style))


@pytest.mark.parametrize("name", ["figure.pdf", "figure.svg", "model.html"])
def test_missing_folder_is_named(name, tmp_path):
    view = lab.graph(keras.Sequential([keras.Input((4,)), layers.Dense(2)]))
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing"):
        view.save(tmp_path / "missing" / name)
