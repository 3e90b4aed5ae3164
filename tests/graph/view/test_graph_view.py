"""The graph view: notebook output, selection, saving, and both languages."""

import gettext
import json
import os
import xml.etree.ElementTree as ET

import ipywidgets
import keras
import pytest
import seed_models
import traitlets
from IPython.core.formatters import DisplayFormatter
from keras import layers

import kfunc_lab as lab
import kfunc_lab.locale
from kfunc_lab.graph.export.table import to_text
from kfunc_lab.graph.picture.graphviz import GraphvizError
from kfunc_lab.graph.view.details import details
from kfunc_lab.graph.view.graph_view import GraphView
from kfunc_lab.locale import _


@pytest.fixture(scope="module")
def model():
    keras.utils.clear_session()
    return seed_models.mnist_model()


@pytest.fixture
def view(model):
    return lab.graph(model)


def branching():
    """Reads a graph with branches, which needs the drawing program."""
    x = keras.Input((3,), name="x")
    return lab.read_graph(keras.Model(x, [layers.Dense(1)(x), layers.Dense(2)(x)]))


class Marked(gettext.NullTranslations):
    """A translation that puts quotation marks around every message."""

    def gettext(self, message):
        return f"«{message}»"

    def ngettext(self, singular, plural, count):
        return f"«{singular if count == 1 else plural}»"


@pytest.fixture
def marked(monkeypatch):
    monkeypatch.setitem(kfunc_lab.locale._catalogues, "es", Marked())
    monkeypatch.setattr(kfunc_lab.locale, "_chosen", "es")


def test_notebook_output_has_widget_picture_and_text(view):
    data, _metadata = DisplayFormatter().format(
        view
    )  # like IPython for the last line of a cell
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == view.model_id
    assert data["text/plain"] == view.to_text() == repr(view)
    assert data["image/svg+xml"] == view.to_svg()
    ET.fromstring(data["image/svg+xml"])
    json.dumps(data)


def test_text_is_repeatable(model, view):
    other = lab.graph(model)
    assert other.to_text() == view.to_text() == to_text(lab.read_graph(model))
    assert (
        other._repr_mimebundle_()[0]["text/plain"] == view._repr_mimebundle_()[0]["text/plain"]
    )


def test_masks_option_is_used():
    words = keras.Input((None,), dtype="int32", name="words")
    x = layers.LSTM(2)(layers.Embedding(9, 4, mask_zero=True)(words))
    assert len(lab.graph(x).graph.calls) == 3
    assert len(lab.graph(x, masks=True).graph.calls) == 4


def test_invalid_input_raises():
    with pytest.raises(TypeError, match="not its name"):
        lab.graph("model")


def facts(view) -> dict:
    """Returns the facts on the page about each call and group."""
    return {it["id"]: it for it in view.get_state()["_items"] if "order" in it}


def test_page_has_details_of_every_call_in_order(view):
    state = view.get_state()
    found = facts(view)
    assert sorted(found, key=lambda it: found[it]["order"]) == [*view.graph.call_of]
    for call in view.graph.calls:
        rows = [(it["label"], it["value"]) for it in found[call.id]["details"]]
        assert rows == details(view.graph, call)
        assert found[call.id]["label"].startswith(f"{call.id}, {call.kind}")
    assert state["_title"] == "mnist_model (Functional): 4 calls, 55,050 parameters"
    assert state["_notes"] == []
    json.dumps({key: state[key] for key in ("_items", "_levels", "_words", "_notes", "_title")})


def test_page_has_notes():
    [first, second] = lab.graph(seed_models.MLP())._notes
    assert "Python code" in first
    assert "Not built yet" in second


# ---------------------------------------------------------------------------------------------
# Selecting


def test_selection_is_set_and_cleared(view):
    seen = []
    view.observe(lambda change: seen.append(change["new"]), "selected")
    view.selected = "dense_1"
    view.selected = ""
    assert seen == ["dense_1", ""]
    assert view.get_state()["selected"] == ""


def test_unknown_call_error_lists_calls(view):
    view.selected = "img"
    with pytest.raises(traitlets.TraitError) as raised:
        view.selected = "dense_9"
    assert str(raised.value) == (
        "There is no call 'dense_9' in this graph; its calls are: img, dense, dense_1, dense_2."
    )
    assert view.selected == "img"
    with pytest.raises(traitlets.TraitError):
        view.selected = None


def test_page_sets_selection(view):
    view.set_state({"selected": "dense_2"})
    assert view.selected == "dense_2"


def test_views_can_be_linked(model, view):
    other = lab.graph(model)
    link = ipywidgets.link((view, "selected"), (other, "selected"))
    view.selected = "dense"
    assert other.selected == "dense"
    other.selected = ""
    assert view.selected == ""
    link.unlink()


# ---------------------------------------------------------------------------------------------
# Saving


@pytest.mark.parametrize("name", ["graph.svg", "graph.SVG"])
def test_svg_is_saved(view, tmp_path, name):
    path = view.save(tmp_path / name)
    assert path == tmp_path / name
    assert path.read_text(encoding="utf-8") == view.to_svg() + "\n"


def test_png_and_text_are_saved(view, tmp_path):
    assert view.save(str(tmp_path / "g.png")).read_bytes() == view.to_png()
    assert view.save(tmp_path / "g.txt").read_text(encoding="utf-8") == f"{view}\n"
    assert sorted(os.listdir(tmp_path)) == ["g.png", "g.txt"]


@pytest.mark.parametrize("name", ["graph.tex", "graph", ".svg"])
def test_unknown_format_error_lists_formats(view, tmp_path, name):
    with pytest.raises(ValueError, match=r"must end in one of: \.svg, \.png, \.pdf, "):
        view.save(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_missing_folder_raises(view, tmp_path):
    with pytest.raises(FileNotFoundError):
        view.save(tmp_path / "nowhere" / "graph.svg")


@pytest.mark.parametrize("ending", ["svg", "png"])
@pytest.mark.parametrize("before", [None, b"old"])
def test_failed_drawing_keeps_folder_unchanged(view, tmp_path, monkeypatch, ending, before):
    path = tmp_path / f"graph.{ending}"
    if before:
        path.write_bytes(before)
    monkeypatch.setenv("KFUNC_LAB_DOT", "/nowhere/dot")
    view = GraphView(branching())
    with pytest.raises(GraphvizError):
        view.save(path)
    assert [it.read_bytes() for it in tmp_path.iterdir()] == ([before] if before else [])
    assert view.save(tmp_path / "graph.txt").exists()


def test_failed_write_keeps_old_file(view, tmp_path, monkeypatch):
    path = tmp_path / "graph.txt"
    path.write_text("old")

    def full(*_arguments):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        view.save(path)
    assert {it.name: it.read_text() for it in tmp_path.iterdir()} == {"graph.txt": "old"}


# ---------------------------------------------------------------------------------------------
# Languages


def test_view_uses_selected_language(model, view):
    english = view.get_state()["_words"]
    lab.language("es")
    spanish = lab.graph(model).get_state()["_words"]
    assert spanish["fit"] == _("Fit the whole graph")
    assert spanish["empty"] == _("Select a call to see its shapes, parameters and settings.")
    assert spanish.keys() == english.keys()
    lab.language("en")
    assert lab.graph(model).get_state()["_words"] == english


def test_all_texts_of_view_are_translated(marked):
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    shared = layers.Dense(3, name="shared", trainable=False)
    x = layers.Dense(2, name="gone")(a)
    x = shared(shared(a))
    view = lab.graph(keras.Model([a, b], x, name="m"))
    assert all(it.startswith("«") and it.endswith("»") for it in view._words.values())
    assert all(it.startswith("«") for it in view._notes)
    header = view.to_text().splitlines()[1]
    assert header.split("  ")[0].strip() == "«call»"
    assert header.count("«") == header.count("»") == 5
    labels = {row["label"] for it in facts(view).values() for row in it["details"]}
    assert {"«Input»", "«Output»", "«Parameters»", "«Note»", "«Layer»"} <= labels
    notes = {
        row["value"]
        for it in facts(view).values()
        for row in it["details"]
        if row["label"] == "«Note»"
    }
    assert {"«use 1 of 2», «frozen»", "«lost»", "«unused»"} <= notes
    svg = view.to_svg()
    assert "«output»" in svg
    assert "«5 calls»" in svg


def test_errors_are_translated(marked, view, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"^«.*»$"):
        view.save(tmp_path / "graph.tex")
    with pytest.raises(traitlets.TraitError, match=r"^«.*»$"):
        view.selected = "nobody"
    with pytest.raises(TypeError, match=r"^«.*».*«.*»$"):
        lab.graph("model")
    monkeypatch.setenv("KFUNC_LAB_DOT", "/nowhere/dot")
    with pytest.raises(GraphvizError, match=r"^«.*»$"):
        GraphView(branching()).to_svg()


def test_view_accepts_graph(model):
    assert GraphView(lab.read_graph(model)).to_text() == lab.graph(model).to_text()


def test_page_escapes_hostile_names():
    name = "<img src=x onerror=alert(1)>\n\u202e"
    view = lab.graph(layers.Dense(2, name=name)(keras.Input((3,), name="x")))
    shown = facts(view)[name]
    assert shown["name"] == "<img src=x onerror=alert(1)> \ufffd"
    assert "<img" not in shown["svg"]
    assert "<img" not in view.to_svg()
    view.selected = name
