"""Tests for the view of activations: its picture, its messages and its options."""

import gc
import json
import re
import weakref
import xml.etree.ElementTree as ET
from itertools import pairwise

import keras
import numpy as np
import pytest
import traitlets
from keras import layers

import kfunc_lab as lab
from kfunc_lab.ui.text_width import text_width


@pytest.fixture
def view(cnn, digits):
    return lab.activations(cnn, digits)


def tickets():
    tokens = keras.Input((12,), dtype="int32", name="tokens")
    x = layers.Embedding(50, 8, name="words")(tokens)
    x = layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    x = layers.LSTM(6, return_sequences=True, return_state=True, name="lstm")(x)[0]
    x = layers.GlobalAveragePooling1D(name="mean")(x)
    priority = layers.Dense(1, activation="sigmoid", name="priority")(x)
    department = layers.Dense(4, activation="softmax", name="department")(x)
    return keras.Model(tokens, {"priority": priority, "department": department})


def some_tokens():
    return np.random.default_rng(0).integers(0, 50, (6, 12))


# -- content


def test_closed_view_frees_its_values(cnn, digits):
    view = lab.activations(cnn, digits)
    values = weakref.ref(view.values["conv"])
    view.close()
    del view
    gc.collect()
    assert values() is None


def test_panel_follows_selection(view):
    view.selected = "conv"
    assert view._panel["item"] == "conv"
    assert view._panel["picture"] == "maps"
    assert view._panel["shown"]["count"] == 8
    view.selected = "classes"
    assert view._panel["picture"] == "probabilities"


def test_panel_holds_exact_values(view):
    view.selected, view.sample = "conv", 3
    shown = view._panel["shown"]
    numbers = np.frombuffer(shown["data"], "<f4")
    maps = numbers.reshape(shown["count"], shown["rows"], shown["cols"])
    assert np.array_equal(maps, np.moveaxis(view.values["conv"][3], -1, 0))


def test_new_sample_changes_panel_cards_and_answers(view):
    view.selected = "conv"
    before = [view._panel["shown"]["data"], view._cards, view._band["outputs"]]
    view.sample = 4
    after = [view._panel["shown"]["data"], view._cards, view._band["outputs"]]
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_choices_reset_for_next_call(view):
    view.selected, view.unit = "conv", 5
    assert view._panel["unit"]["title"] == "map 5"
    view.selected = "pool"
    assert view.unit == -1
    assert view._panel["unit"] is None


def test_picture_kind_can_be_chosen(view):
    view.selected, view.picture = "classes", "heatmap"
    assert view._panel["shown"]["type"] == "tiles"
    assert [key for key, _words in view._panel["pictures"]] == [
        "probabilities",
        "bars",
        "heatmap",
    ]


def test_chosen_map_is_enlarged_over_input(view):
    view.selected, view.unit = "conv", 2
    unit = view._panel["unit"]
    numbers = np.frombuffer(unit["map"]["data"], "<f4").reshape(26, 26)
    assert np.array_equal(numbers, view.values["conv"][0, :, :, 2])
    assert (unit["image"]["rows"], unit["image"]["channels"]) == (28, 1)


def test_panel_names_top_samples_of_unit(view):
    view.selected, view.unit = "conv", 2
    means = view.values["conv"][..., 2].mean(axis=(1, 2))
    assert view._panel["unit"]["exciting"][0]["sample"] == int(np.argmax(means))


def test_steps_and_outputs_can_be_chosen():
    view = lab.activations(tickets(), some_tokens())
    view.selected = "lstm"
    places = dict(view._panel["places"])
    assert places == {"lstm": "result", "lstm/lstm_cell": "lstm_cell"}
    assert len(view._panel["tensors"]) == 3
    view._place = "lstm/lstm_cell"
    assert view._panel["steps"] == 12
    view._step = 7
    shown = np.array(view._panel["shown"]["values"], "float32")
    assert np.array_equal(shown, view.values["lstm"][0][0, 7])


def test_attention_scores_have_one_matrix_per_head():
    view = lab.activations(tickets(), some_tokens())
    view.selected = "attention"
    view._tensor = 1
    assert view._panel["tensors"][1] == "attention scores"
    shown = view._panel["shown"]
    assert (shown["count"], shown["rows"], shown["cols"]) == (2, 12, 12)
    assert shown["labels"] == ("head 0", "head 1")


def test_embeddings_are_projected_and_labelled_with_tokens():
    x = some_tokens()
    view = lab.activations(tickets(), x)
    view.selected = "words"
    assert view._panel["shown"]["type"] == "points"
    assert view._panel["shown"]["labels"] == tuple(map(str, x[0]))


def test_every_output_has_answer():
    view = lab.activations(tickets(), some_tokens())
    answers = {it["name"]: it["bars"] for it in view._band["outputs"]}
    assert len(answers["department"]["values"]) == 4
    assert len(answers["priority"]["values"]) == 1
    assert answers["priority"]["percent"]


def test_panel_counts_nonfinite_values():
    x = keras.Input((3,), name="x")
    model = keras.Model(x, keras.ops.log(x))
    view = lab.activations(model, np.array([[1.0, 0, 2], [1, np.nan, 1]]))
    for call, count in (("x", "1"), ("log", "2")):
        view.selected = call
        assert {"label": "NaN or infinite", "value": count} in view._panel["statistics"]["rows"]
    finite = lab.activations(model, np.ones((2, 3)))
    finite.selected = "log"
    assert "NaN or infinite" not in str(finite._panel["statistics"]["rows"])


def test_every_statistic_colours_graph(view):
    for name in ("zeros", "dead", "norm", "deviation", "maximum"):
        view._quantity = name
        assert view._emphasis["values"], name
    view._quantity = ""
    assert not view._emphasis["values"]


def test_unknown_sample_raises_error(view):
    with pytest.raises(traitlets.TraitError, match="numbered from 0 to 19"):
        view.sample = 20
    with pytest.raises(traitlets.TraitError):
        view.sample = -1  # there is no drawing


# -- requests of the page


def ask(view, content, buffers=()):
    sent = []
    view.send = lambda message, buffers=None: sent.append(message)
    view._answer(view, content, list(buffers))
    return sent


def test_drawn_digit_becomes_sample(view, digits):
    side = view._band["pad"]
    ink = np.kron((digits[1, :, :, 0] * 255).astype("uint8"), np.ones((4, 4), "uint8"))
    assert ink.shape == (side, side)
    view.selected = "conv"
    before = view._panel["shown"]["data"]
    sent = ask(view, {"type": "draw", "side": side}, [ink.tobytes()])
    assert sent == [{"type": "answered"}]
    assert view.sample == -1
    drawn = view._panel["shown"]["data"]
    view.sample = 1
    assert np.allclose(
        *(np.frombuffer(it, "<f4") for it in (drawn, view._panel["shown"]["data"]))
    )
    view.sample = -1
    assert view._panel["shown"]["data"] == drawn
    ask(view, {"type": "erase"})
    assert view.sample == 0
    assert view._panel["shown"]["data"] == before


def test_page_shows_errors(view):
    sent = ask(view, {"type": "attribute", "method": "grad_cam", "target": 99})
    assert sent[0]["type"] == "problem"
    assert "classes 0 to 9" in sent[0]["words"]
    assert sent[-1] == {"type": "answered"}


def test_attribution_sends_progress_and_result(view):
    sent = ask(view, {"type": "attribute", "method": "occlusion", "target": 3})
    assert [it["type"] for it in sent[:-1]] == ["progress"] * (len(sent) - 1)
    assert view._attribution["shown"]["target"] == 3
    assert view._attribution["shown"]["rows"] == 28


def test_unsuitable_model_shows_reason():
    view = lab.activations(tickets(), some_tokens())
    assert view._attribution["reason"]
    with pytest.raises(ValueError, match=r"image|outputs"):
        view.attribute()


# -- comparison


def test_comparison_shows_before_and_after_training(cnn, digits):
    before = lab.activations(cnn, digits)
    cnn.compile("sgd", "sparse_categorical_crossentropy")
    cnn.fit(digits, np.arange(20) % 10, epochs=2, verbose=0)
    now = lab.activations(cnn, digits)
    compared = now.compare(before)
    one, other = (it.values["conv"].astype("float64") for it in (now, before))
    expected = np.linalg.norm(one - other) / np.linalg.norm(other)
    assert compared.change["conv"] == pytest.approx(expected)
    assert compared.change["digit"] == 0
    compared.selected = "conv"
    compared._side = "difference"
    shown = np.frombuffer(compared._panel["shown"]["data"], "<f4").reshape(8, 26, 26)
    difference = now.values["conv"][0] - before.values["conv"][0]
    assert np.array_equal(shown, np.moveaxis(difference, -1, 0))
    assert compared._emphasis["scale"]["quantity"] == "relative change"
    head, *lines = compared.to_text().splitlines()[2:]
    assert head.endswith("relative change")
    (conv,) = (line for line in lines if line.startswith("conv"))
    assert conv.endswith(f" {compared.change['conv']:.3g}")
    assert "relative change" not in now.to_text()


def test_models_with_equal_layers_compare_by_order(digits):
    def made(name):
        x = keras.Input((28, 28, 1))
        return keras.Model(x, layers.Conv2D(2, 3, name=name)(x))

    one, other = lab.activations(made("a"), digits), lab.activations(made("b"), digits)
    assert set(one.compare(other).change) >= {"a"}


def test_comparison_with_other_model_or_samples_raises_error(cnn, digits, view):
    x = keras.Input((28, 28, 1), name="digit")
    other = keras.Model(x, layers.Conv2D(9, 3, name="conv")(x))
    with pytest.raises(ValueError, match=r"conv \(Conv2D, \(20, 26, 26, 8\)\) where"):
        view.compare(lab.activations(other, digits))
    with pytest.raises(ValueError, match="Only activations of the same samples"):
        view.compare(lab.activations(cnn, digits[::-1]))


# -- formats


def test_text_is_deterministic_and_has_no_address(cnn, digits):
    texts = {lab.activations(cnn, digits).to_text() for _time in range(2)}
    assert len(texts) == 1
    text = texts.pop()
    assert not re.search(r"0x[0-9a-f]{6}", text)
    assert text.splitlines()[0] == "cnn: 20 samples, 5 calls, 604 kB"
    assert [line.split()[0] for line in text.splitlines()[2:]] == [
        "call",
        "digit",
        "conv",
        "pool",
        "flat",
        "classes",
    ]


def test_text_shows_statistics_of_nested_model():
    """Without own statistics, a folded model shows those of its last recorded call."""
    x, y = keras.Input((4,), name="x"), keras.Input((4,), name="y")
    end = layers.ReLU(name="relu")(layers.Dense(4, name="dense")(x))
    model = keras.Model(y, keras.Model(x, end, name="inner")(y))
    samples = np.array([[-1.0] * 4, [1.0] * 4])  # of both signs, so that the ReLU matters

    def statistics(view):
        """Returns the cells after the class, with the model folded and with it open."""
        tables = []
        for opened in ([], ["inner"]):
            view.opened = opened
            rows = (re.split(" {2,}", row.strip()) for row in view.to_text().splitlines()[3:])
            tables.append({name: cells for name, _kind, *cells in rows})
        return tables

    folded, unfolded = statistics(lab.activations(model, samples))
    assert folded["inner"] == unfolded["inner:"] == unfolded["relu"] != unfolded["dense"]
    folded, unfolded = statistics(lab.activations(model, samples, layers=["dense"]))
    assert folded["inner"] == unfolded["dense"] != []
    assert unfolded["inner:"] == []


def test_bundle_has_widget_picture_and_text(view):
    data, _metadata = view._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["image/svg+xml"].startswith("<svg")
    assert data["text/plain"] == view.to_text()


def test_texts_of_picture_do_not_overlap(view):
    svg = ET.fromstring(view.to_svg())
    spans = {}
    for text in svg.iter("{http://www.w3.org/2000/svg}text"):
        size, bold = float(text.get("font-size")), text.get("font-weight") == "bold"
        left, width = float(text.get("x")), text_width(text.text, size, bold)
        left -= width / 2 if text.get("text-anchor") == "middle" else 0
        spans.setdefault(text.get("y"), []).append((left, left + width))
    assert max(map(len, spans.values())) >= 4
    for row in map(sorted, spans.values()):
        assert row[0][0] >= 0
        assert row[-1][1] <= float(svg.get("width"))
        assert all(one[1] <= other[0] for one, other in pairwise(row))


def test_picture_escapes_names(digits):
    x = keras.Input((28, 28, 1), name="<script>alert(1)<")
    view = lab.activations(keras.Model(x, layers.Conv2D(2, 3, name="a&b")(x)), digits)
    assert "<script>" not in view.to_svg()
    assert "a&amp;b" in view.to_svg()


@pytest.mark.parametrize("ending", [".svg", ".html", ".txt"])
def test_view_saves_to_every_format(view, tmp_path, ending):
    path = view.save(tmp_path / f"flow{ending}")
    assert path.stat().st_size > 500
    with pytest.raises(ValueError, match="must end in"):
        view.save(tmp_path / "flow.png")


def test_saved_page_holds_all_data_as_json(view):
    state = json.loads(json.dumps(view.page_state()))
    panels = {it["item"]: it for it in state["_panels"]}
    assert set(panels) == {"digit", "conv", "pool", "flat", "classes"}
    assert isinstance(panels["conv"]["shown"]["data"], str)


def test_notes_mention_nonfinite_and_unstored_values():
    x = keras.Input((3,), name="x")
    log = keras.ops.log(x)
    model = keras.Model(x, layers.Dense(2, name="dense")(log))
    view = lab.activations(model, np.array([[1.0, 0, 2], [1, np.nan, 1]]), limit=1e-5)
    said = " ".join(view._notes)
    assert "The input contains 1 NaN or infinity (sample 1)." in said
    assert "The first call that returns a NaN or an infinity is log." in said
    assert "more than the limit" in said
    assert view.to_text()
    assert view.to_svg()


def test_selected_value_over_limit_is_recomputed(cnn, digits):
    whole, bounded = lab.activations(cnn, digits), lab.activations(cnn, digits, limit=0.05)
    bounded.selected = whole.selected = "conv"
    bounded.sample = whole.sample = 7
    assert bounded._panel["state"] == "Computed again for this sample."
    one, other = (np.frombuffer(it._panel["shown"]["data"], "<f4") for it in (whole, bounded))
    assert np.allclose(one, other, atol=1e-6)
    assert bounded.statistics("conv").count == whole.statistics("conv").count
    assert np.allclose(bounded.values["conv"], whole.values["conv"], atol=1e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"limit": 0}, "limit is the memory in MB"),
        ({"dtype": "int8"}, "dtype must be one of float16"),
        ({"layers": ["cnov"]}, "Similar names: conv"),
    ],
)
def test_invalid_options_raise_error(cnn, digits, options, words):
    with pytest.raises(ValueError, match=words):
        lab.activations(cnn, digits, **options)


def test_lost_branch_has_no_values(digits):
    x = keras.Input((28, 28, 1), name="digit")
    layers.Conv2D(2, 3, name="lost")(x)
    model = keras.Model(x, layers.Flatten(name="flat")(x))
    view = lab.activations(model, digits)
    if "lost" in view.graph.call_of:
        view.selected = "lost"
        assert "No data" in view._panel["empty"]


def test_every_model_kind_has_view():
    import seed_models

    for make in (
        seed_models.nested_autoencoder,
        seed_models.ensemble,
        seed_models.toy_resnet,
        seed_models.custom_rnn_in_functional,
    ):
        model = make()
        x = [np.random.rand(2, *(it or 6 for it in t.shape[1:])) for t in model.inputs]
        view = lab.activations(model, x if len(x) > 1 else x[0])
        for item in (*view.graph.call_of, *view.graph.group_of):
            view.selected = item
            assert view._panel["item"] == item
        assert view.to_svg()
        assert view.to_text()


def test_spanish_view_is_complete(cnn, digits):
    lab.language("es")
    try:
        view = lab.activations(cnn, digits)
        view.selected = "conv"
        assert "20 muestras, 5 llamadas" in view.to_text()
        assert "unidades muertas" in str(view._panel["statistics"]["rows"])
        assert view._words["all_calls"] == "Todas las llamadas"
    finally:
        lab.language("en")


def test_unrecorded_call_shows_note(cnn, digits):
    view = lab.activations(cnn, digits, layers=["pool"])
    assert list(view.values) == ["pool"]
    with pytest.raises(KeyError, match="Nothing was recorded for conv"):
        view.values["conv"]
    view.selected = "conv"
    assert view._panel["empty"] == "Nothing was recorded for it."


def test_repeated_blocks_are_folded_in_text_and_picture():
    x = inputs = keras.Input((4,), name="x")
    for number in range(1, 10):
        x = layers.Dense(4, activation="relu", name=f"dense_{number}")(x)
    model = keras.Model(inputs, x)
    view = lab.activations(model, np.ones((2, 4)), fold=True)
    rows = view.to_text().splitlines()[3:]
    assert [row.split("  ")[0] for row in rows] == ["x", "dense ×9"]
    last = lab.activations(model, np.ones((2, 4))).to_text().splitlines()[-1]
    assert rows[1].split()[-6:] == last.split()[-6:]
    assert "dense ×9" in view.to_svg()
    assert "dense_3" not in view.to_svg()
    view.selected = "dense ×9"
    assert view._panel["path"] == "dense_9"
