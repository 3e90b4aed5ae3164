"""The shapes view: output formats, changes, and invalid input."""

import json
from html.parser import HTMLParser

import keras
import pytest
from keras import layers

import kfunc_lab as lab


def small_model():
    image = keras.Input((28, 28, 1), name="image")
    x = layers.Conv2D(16, 3, name="conv")(image)
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.Flatten(name="flat")(x)
    return keras.Model(image, layers.Dense(10, name="digits")(x), name="net")


@pytest.fixture
def view():
    return lab.shapes(small_model())


TEXT = """\
net (Functional): 5 calls, 27,210 parameters
Parameters: 27,210 (109 kB)
Multiply-adds for one example: 124,384
Outputs of all calls, batch of 1: 68.1 kB

call    class         output shape        parameters  multiply-adds   memory
image   InputLayer    (None, 28, 28, 1)            0              0  3.14 kB
conv    Conv2D        (None, 26, 26, 16)         160         97,344  43.3 kB
pool    MaxPooling2D  (None, 13, 13, 16)           0              0  10.8 kB
flat    Flatten       (None, 2704)                 0              0  10.8 kB
digits  Dense         (None, 10)              27,050         27,040     40 B

conv (Conv2D)
  Output shape:
    height, width: ⌊(28 + 2·0 − 3)/1⌋ + 1 = 26
    channels: filters = 16
  Parameters:
    kernel: 3·3·1·16 = 144
    bias: 16
    total: 144 + 16 = 160
  Multiply-adds for one example: 3·3·16·26·26 = 97,344
  Memory of the output in bytes (batch · numbers · bytes each): 1·26·26·16·4 = 43,264 = 43.3 kB
"""


def test_text_starts_with_table(view):
    assert view.to_text().startswith(TEXT)
    assert repr(view) == view.to_text()


def test_text_is_translated():
    lab.language("es")
    said = lab.shapes(small_model()).to_text()
    for words in ("alto, ancho", "canales", "Parámetros", "Productos y sumas"):
        assert words in said
    assert "Output" not in said
    view = lab.shapes(small_model())
    view.change("conv", kernel_size=29)
    assert "Una ventana de 29 no cabe en 28" in view.to_text()
    assert "no encaja" in view.to_static_html()
    view.change("conv", kernel_size=3)
    view.selected = "conv"
    assert "tamaño de la ventana" in view._panel["html"]
    assert "con paso 1" in view._panel["figure"]


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        assert not attributes

    def handle_data(self, data):
        self.text += data


def parsed(text):
    parser = _Tags()
    parser.feed(text)
    return parser


def test_static_html_is_plain(view):
    found = parsed(view.to_static_html())
    assert {*found.tags} <= {
        "div", "p", "b", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "br",
    }  # fmt: skip
    assert found.tags.count("tr") == 6
    for words in ("⌊(28 + 2·0 − 3)/1⌋ + 1 = 26", "kernel: 3·3·1·16 = 144", "97,344 ██████"):
        assert words in found.text


def test_notebook_output_has_text_html_and_widget(view):
    data, _metadata = view._repr_mimebundle_()
    assert data["text/plain"] == view.to_text()
    assert data["text/html"] == view.to_static_html()
    assert "image/svg+xml" not in data
    assert "application/vnd.jupyter.widget-view+json" in data


def test_html_and_text_are_saved(view, tmp_path):
    assert "Where the numbers" in view.save(tmp_path / "net.html").read_text()
    assert view.save(tmp_path / "net.txt").read_text() == view.to_text() + "\n"
    state = view.page_state()
    assert {panel["item"] for panel in state["_panels"]} == set(view.graph.call_of)
    assert all(not panel["controls"] for panel in state["_panels"] if "controls" in panel)
    json.dumps(state)


def test_hostile_names_are_escaped(tmp_path):
    x = keras.Input((4,), name="<script>alert(1)")
    view = lab.shapes(keras.Model(x, layers.Dense(2, name="<img src=x onerror=alert(1)>")(x)))
    assert "<script>" not in view.to_static_html()
    assert "<img" not in view.to_static_html()
    for item in view.graph.call_of:
        view.selected = item
        assert "<img" not in view._panel.get("html", "")
        assert "<img" not in view._panel.get("figure", "")
    assert "<script>alert" not in view.save(tmp_path / "x.html").read_text()


# -- changes


def test_change_can_be_undone(view):
    before = (view.to_text(), view.to_static_html(), dict(view._table), view.to_svg())
    view.change("conv", strides=2, filters=8)
    assert view.changed.call_of["digits"].parameters == 6 * 6 * 8 * 10 + 10
    assert view.graph.call_of["conv"].outputs[0].shape == (None, 26, 26, 16)
    assert "13 × 13 × 8" in view.to_svg()
    assert {"item": "conv", "state": "changed"} in view._marks["states"]
    view.change("conv", strides=1)
    view.change("conv", filters=16)
    assert (view.to_text(), view.to_static_html(), dict(view._table), view.to_svg()) == before
    assert view._marks == {}
    view.change("conv", strides=2)
    view.reset("conv")
    assert view.to_text() == before[0]
    view.change("conv", strides=2)
    view.change("image", shape=(32, 32, 3))
    view.reset()
    assert view.to_text() == before[0]


def test_invalid_window_is_reported(view):
    view.change("conv", kernel_size=29)
    assert "✗ A window of 29 does not fit into 28" in view.to_text()
    assert "does not fit" in view.to_static_html()
    assert view._table["problem"]["item"] == "conv"
    view.selected = "pool"
    assert view._panel["waits"]
    view.selected = "conv"
    assert view._panel["problem"]["arithmetic"] == "⌊(28 + 2·0 − 29)/1⌋ + 1 = 0"
    assert "mark-wrong" in view.to_svg()


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("convolution", {"strides": 2}, "There is no call 'convolution'"),
        ("conv", {"stride": 2}, "it has: filters, kernel_size"),
        ("conv", {"strides": 0}, "strides must be 1 or more, but got 0"),
        ("conv", {"strides": "two"}, "strides must be a whole number"),
        ("conv", {"filters": 2.5}, "filters must be a whole number"),
        ("image", {"size": 3}, "shape, without the batch"),
        ("image", {"shape": (3, "x")}, "shape must hold a size for each axis"),
        ("image", {"shape": (3, 0)}, "shape must hold a size for each axis"),
        ("image", {"shape": 3}, "shape must hold a size for each axis"),
    ],
)
def test_invalid_change_raises(view, name, settings, words):
    before = view.to_text()
    with pytest.raises(ValueError, match="^.*" + words.replace("(", r"\(")):
        view.change(name, **settings)
    assert view.to_text() == before


@pytest.mark.parametrize("batch", [0, -3, 2.5, "many"])
def test_invalid_batch_size_raises(view, batch):
    import traitlets

    with pytest.raises(traitlets.TraitError):
        view.batch_size = batch
    assert view.batch_size == 1


def test_memory_follows_batch_size(view):
    view.batch_size = 32
    assert "batch of 32: 2.18 MB" in view.to_text()


def test_non_model_raises():
    with pytest.raises(TypeError, match="Keras model"):
        lab.shapes("model")


def test_code_builds_changed_model(view):
    view.change("conv", strides=2, padding="same")
    view.change("pool", pool_size=3)
    view.change("image", shape=(30, 30, 3))
    scope = {}
    exec(view.to_code(), scope)
    expected = lab.read_graph(scope["model"])
    assert [it.outputs for it in view.changed.calls] == [it.outputs for it in expected.calls]
    assert view.changed.parameters == scope["model"].count_params()


@pytest.mark.parametrize("kind", ["sequential", "nested", "shared"])
def test_code_builds_other_models(kind):
    if kind == "sequential":
        model = keras.Sequential(
            [
                keras.Input((12, 12, 1), name="x"),
                layers.Conv2D(4, 3, name="c"),
                layers.Flatten(),
            ]
        )
        change, entry = ("c", {"strides": 2}), "x"
    elif kind == "nested":
        inner = keras.Input((12, 12, 1), name="inner")
        part = keras.Model(inner, layers.Conv2D(4, 3, name="c")(inner), name="part")
        x = keras.Input((12, 12, 1), name="x")
        model = keras.Model(x, layers.Flatten()(part(x)))
        change, entry = ("part/c", {"filters": 7}), None
    else:
        a, b = (keras.Input((6,), name=name) for name in "ab")
        same = layers.Dense(3, name="same")
        model = keras.Model([a, b], layers.Add()([same(a), same(b)]))
        change, entry = ("same", {"units": 9}), None
    view = lab.shapes(model)
    view.change(change[0], **change[1])
    if entry:
        view.change(entry, shape=(20, 20, 3))
    scope = {}
    exec(view.to_code(), scope)
    assert scope["model"].count_params() == view.changed.parameters
    expected = [tuple(it.shape) for it in scope["model"].outputs]
    assert expected == [
        view.changed.call_of[it].outputs[0].shape for it in view.changed.outputs
    ]


def test_subclassed_model_has_no_controls():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = layers.Dense(3)
            self.second = layers.LSTM(4)

        def call(self, x):
            return self.second(self.first(x))

    model = Own()
    assert "not built yet" in lab.shapes(model).to_text()
    model(keras.ops.ones((1, 5, 2)))
    view = lab.shapes(model)
    assert view.changed.parameters == model.count_params()
    view.selected = view.graph.calls[0].id
    assert view._panel["controls"] == []


def test_tensors_without_model_are_shown():
    x = keras.Input((None, 3), name="x")
    view = lab.shapes(layers.Conv1D(4, 2, name="conv")(x))
    assert "so far" in view.to_text()
    assert view._table["sizes"] == [
        {"item": "x", "axis": "1", "label": "x, axis 1", "value": ""}
    ]
    view.change("x", shape=(10, 3))
    assert view.changed.call_of["conv"].outputs[0].shape == (None, 9, 4)


def test_loaded_graph_has_no_code(tmp_path):
    lab.graph(small_model()).save(tmp_path / "net.json")
    view = lab.shapes(lab.load_graph(tmp_path / "net.json"))
    view.change("conv", filters=4)
    assert view.changed.call_of["digits"].parameters == 13 * 13 * 4 * 10 + 10
    with pytest.raises(TypeError, match="written as code"):
        view.to_code()


def test_group_shows_costs(view):
    inner = keras.Input((6,), name="inner")
    part = keras.Model(inner, layers.Dense(4, name="d")(inner), name="part")
    x = keras.Input((6,), name="x")
    view = lab.shapes(keras.Model(x, layers.Add(name="sum")([part(x), part(x)])), fold=True)
    view.selected = "part"
    assert "28" in view._panel["html"]
    text = view.to_text()
    assert "part#2" in text
    assert "Parameters: 28 (112 B)" in text
    view.unfold_all()
    assert "  d" in view.to_text()


# -- messages from the page


def send_from_page(view, content):
    """Sends a message from the page and returns the answers of the view."""
    answers = []
    view.send = lambda message, buffers=None: answers.append(message)
    view._answer(view, content, [])
    return answers


def test_page_messages_are_answered(view):
    asked = {"type": "change", "item": "conv", "name": "strides", "value": "2"}
    assert send_from_page(view, asked) == [{"type": "answered"}]
    assert view.changed.call_of["conv"].outputs[0].shape == (None, 13, 13, 16)
    refused = send_from_page(view, asked | {"value": "x"})
    assert refused[0]["type"] == "problem"
    assert "whole number" in refused[0]["words"]
    assert send_from_page(view, {"type": "reset", "item": "conv", "name": "strides"}) == [
        {"type": "answered"}
    ]
    assert view._table["changes"] == 0
    send_from_page(view, {"type": "change", "item": "image", "name": "1", "value": "20"})
    assert view.changed.call_of["conv"].outputs[0].shape == (None, 18, 26, 16)
    send_from_page(view, {"type": "reset", "item": "image", "name": "1"})
    assert view._table["changes"] == 0
    assert "layers.Conv2D" in send_from_page(view, {"type": "code"})[0]["code"]
    assert send_from_page(view, {"type": "change", "item": "nothing"})[0]["type"] == "problem"


def test_row_lists_changed_columns(view):
    view.change("conv", strides=2)
    changed = {row["item"]: row["changed"] for row in view._table["rows"]}
    assert changed == {
        "image": [],
        "conv": ["shape"],
        "pool": ["shape"],
        "flat": ["shape"],
        "digits": ["parameters"],
    }
