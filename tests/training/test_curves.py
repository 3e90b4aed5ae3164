"""Learning curves: the same numbers as a table, a picture and a chart."""

import json
import math
import re
import xml.etree.ElementTree as ET

import keras
import numpy as np
import plotly.graph_objects as go
import pytest
from keras import layers

import kfunc_lab as lab
import kfunc_lab.locale
from kfunc_lab.training.curves.figures import from_logs
from kfunc_lab.ui.theme import TRAINING, VALIDATION

SVG = "{http://www.w3.org/2000/svg}"
PLOTLY = "application/vnd.plotly.v1+json"
NAN, INF = math.nan, math.inf

TWO = {
    "accuracy": [0.5, 0.75, 0.875],
    "loss": [1.5, 0.75, 0.5],
    "val_accuracy": [0.4, 0.6, 0.7],
    "val_loss": [1.75, 1.0, 0.9],
}

CASES = {
    "two quantities": TWO,
    "one epoch": {"loss": [0.5], "val_loss": [0.75]},
    "no validation": {"loss": [0.5, 0.25]},
    "nan": {"loss": [0.5, NAN, 0.25], "val_loss": [NAN, NAN, NAN]},
    "infinite": {"loss": [0.5, INF, -INF], "val_loss": [1e30, INF, NAN]},
    "nothing finite": {"loss": [NAN, INF]},
    "constant": {"loss": [0.5, 0.5, 0.5], "val_loss": [0.5, 0.5, 0.5]},
    "zeros": {"loss": [0.0, 0.0]},
    "huge": {"loss": [1e20, 1e20], "val_loss": [3.4e38, -3.4e38]},
    "tiny": {"loss": [1e-9, 2e-9], "val_loss": [1e-30, 3e-30]},
    "negative": {"loss": [-1.0, -20.5]},
    "long": {"loss": [1 / (1 + epoch) for epoch in range(1000)]},
    "many metrics": {f"metric_{number}": [0.1 * number, 0.2] for number in range(8)},
    "shorter validation": {"loss": [3.0, 2.0, 1.0], "val_loss": [4.0]},
    "validation only": {"val_loss": [4.0, 3.0]},
    "whole numbers": {"loss": [3, 2], "lr": [np.float32(0.5), np.float64(0.25)]},
    "arrays": {"loss": np.array([3.0, 2.0])},
    "a number for each class": {"f1": [np.array([0.1, 0.2]), np.array([0.3, 0.4])]},
}

every_case = pytest.mark.parametrize("logs", CASES.values(), ids=CASES)


def svg_of(logs) -> ET.Element:
    return ET.fromstring(lab.curves(logs).to_svg())


def having(svg, class_name: str) -> list:
    return [it for it in svg.iter() if class_name in it.get("class", "").split()]


def points(svg) -> list[str]:
    return [it.text for it in svg.iter(f"{SVG}title")][1:]


def chart(logs) -> dict:
    return lab.curves(logs)._repr_mimebundle_()[PLOTLY]


def test_table_shows_every_value():
    assert (
        lab.curves(TWO).to_text()
        == """\
epoch  accuracy  val_accuracy    loss  val_loss
    1    0.5000        0.4000  1.5000    1.7500
    2    0.7500        0.6000  0.7500    1.0000
    3    0.8750        0.7000  0.5000    0.9000"""
    )


def test_table_formats_unusual_numbers():
    text = lab.curves({"loss": [NAN, INF, 1e30, -0.00004], "val_loss": [2.0]}).to_text()
    assert (
        text
        == """\
epoch     loss  val_loss
    1      nan    2.0000
    2      inf
    3    1e+30
    4  -0.0000"""
    )


@every_case
def test_table_has_row_per_epoch(logs):
    lines = lab.curves(logs).to_text().splitlines()
    assert len(lines) == 1 + max(map(len, logs.values()))
    assert all(line == line.rstrip() for line in lines)


@every_case
def test_picture_has_point_for_every_finite_value(logs):
    svg = svg_of(logs)
    finite = sum(int(np.isfinite(value).sum()) for values in logs.values() for value in values)
    assert len(points(svg)) == finite
    curves = lab.curves(logs).curves
    places = [it.get("transform") for it in svg.findall(f"{SVG}g")]
    assert len(places) == len({*places}) == len(having(svg, "title")) == len(curves)
    assert int(svg.get("width")) == 340 * min(3, len(curves))
    assert int(svg.get("height")) == 260 * math.ceil(len(curves) / 3)


@every_case
def test_points_are_inside_their_panels(logs):
    svg = svg_of(logs)
    for mark in (it for it in svg.iter() if it.tag in {f"{SVG}circle", f"{SVG}rect"}):
        if mark.get("class") == "surface":
            continue
        x, y = (float(mark.get(it) or mark.get(f"c{it}")) for it in ("x", "y"))
        assert 0 <= x <= 340
        assert 0 <= y <= 260
    numbers = re.findall(r"nan|inf", ET.tostring(svg.find(f"{SVG}g"), encoding="unicode"))
    assert numbers == []


@every_case
def test_plotly_accepts_chart(logs):
    data = chart(logs)
    json.loads(json.dumps(data, allow_nan=False))
    figure = go.Figure(data)
    expected = sum(
        len(series) > 0
        for curve in lab.curves(logs).curves
        for series in (curve.training, curve.validation)
    )
    assert len(figure.data) == expected
    panels = {trace.yaxis for trace in figure.data}
    assert len(panels) == len(lab.curves(logs).curves)
    for trace in figure.data:
        assert len(trace.x) == len(trace.y)
        axis = figure.layout[trace.yaxis.replace("y", "yaxis")]
        assert axis.title.text


@every_case
def test_views_are_deterministic(logs):
    one, other = lab.curves(logs)._repr_mimebundle_(), lab.curves(logs)._repr_mimebundle_()
    assert one == other
    assert [*one] == [PLOTLY, "image/svg+xml", "text/plain"]
    assert one["text/plain"] == lab.curves(logs).to_text() == repr(lab.curves(logs))


def test_training_and_validation_differ_by_more_than_colour():
    svg = svg_of({"loss": [2.0, 1.0], "val_loss": [3.0, 2.0]})
    [training], [validation] = (
        [it for it in having(svg, style) if it.tag == f"{SVG}path"]
        for style in ("training", "validation")
    )
    assert training.get("stroke-dasharray") is None
    assert validation.get("stroke-dasharray")
    assert (training.get("stroke"), validation.get("stroke")) == (TRAINING[0], VALIDATION[0])
    assert len([*svg.iter(f"{SVG}circle")]) == 2 + 1  # and one in the legend
    style = svg.find(f"{SVG}style").text
    assert f"light-dark({TRAINING[0]},{TRAINING[1]})" in style
    assert points(svg) == [
        "training, epoch 1: 2.0000",
        "training, epoch 2: 1.0000",
        "validation, epoch 1: 3.0000",
        "validation, epoch 2: 2.0000",
    ]


def test_higher_values_are_drawn_higher():
    svg = svg_of({"loss": [1.0, 5.0, 3.0]})
    heights = [float(it.get("cy")) for it in svg.iter(f"{SVG}circle")][:3]
    assert heights[1] < heights[2] < heights[0]


def test_nonfinite_values_leave_gaps():
    data = chart({"loss": [1.0, NAN, INF, 2.0]})
    assert data["data"][0]["y"] == [1.0, None, None, 2.0]
    assert data["data"][0]["x"] == [1, 2, 3, 4]


def test_legend_names_each_line_once():
    figure = go.Figure(chart(TWO))
    shown = [trace.name for trace in figure.data if trace.showlegend]
    assert shown == ["training", "validation"]
    assert [trace.name for trace in figure.data] == ["training", "validation"] * 2
    assert figure.layout.yaxis.title.text == "accuracy"
    assert figure.layout.yaxis2.title.text == "loss"


def test_legend_names_validation_in_any_panel():
    figure = go.Figure(chart({"lr": [0.1], "loss": [0.5], "val_loss": [0.75]}))
    assert [trace.name for trace in figure.data if trace.showlegend] == [
        "training",
        "validation",
    ]


def test_validation_without_training_keeps_its_name():
    [trace] = chart({"val_loss": [2.0, 1.0]})["data"]
    assert trace["name"] == "validation"
    assert lab.curves({"val_loss": [2.0]}).to_text().split() == [
        "epoch",
        "val_loss",
        "1",
        "2.0000",
    ]


def test_several_values_per_epoch_are_several_curves():
    logs = {"f1": [np.array([0.1, 0.2])], "val_f1": [np.array([0.3, 0.4])]}
    assert [(it.name, it.training, it.validation) for it in from_logs(logs)] == [
        ("f1[0]", (0.1,), (0.3,)),
        ("f1[1]", (0.2,), (0.4,)),
    ]


# ---------------------------------------------------------------------------------------------
# Histories of Keras


@pytest.fixture(scope="module")
def fitted():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, activation="softmax")])
    model.compile(
        "sgd", "categorical_crossentropy", metrics=["accuracy", keras.metrics.F1Score()]
    )
    x, y = np.ones((8, 3), "float32"), np.eye(2, dtype="float32")[[0, 1] * 4]

    def fit(**options):
        return model.fit(x, y, verbose=0, **options)

    return fit


def test_keras_history_has_curves(fitted):
    history = fitted(epochs=2, validation_split=0.5)
    view = lab.curves(history)
    assert {it.name for it in view.curves} == {"accuracy", "loss", "f1_score[0]", "f1_score[1]"}
    [loss] = [it for it in view.curves if it.name == "loss"]
    assert loss.training == tuple(history.history["loss"])
    assert loss.validation == tuple(history.history["val_loss"])
    assert lab.curves(history.history).to_text() == view.to_text()


def test_continued_training_continues_epoch_numbers(fitted):
    view = lab.curves(fitted(initial_epoch=5, epochs=8))
    assert [line.split()[0] for line in view.to_text().splitlines()[1:]] == ["6", "7", "8"]
    assert view._repr_mimebundle_()[PLOTLY]["data"][0]["x"] == [6, 7, 8]
    assert "training, epoch 6: " in view.to_svg()


def test_training_without_epochs_raises_error(fitted):
    with pytest.raises(TypeError, match="has not been trained yet"):
        lab.curves(fitted(epochs=0))


# ---------------------------------------------------------------------------------------------
# Several runs


def test_runs_share_panels(fitted):
    short, long = fitted(epochs=1, validation_split=0.5), fitted(initial_epoch=1, epochs=3)
    view = lab.curves({"short": short, "long": long.history, "later": long})
    assert [panel.name for panel in view.panels] == [
        *("accuracy", "val_accuracy", "f1_score[0]", "val_f1_score[0]"),
        *("f1_score[1]", "val_f1_score[1]", "loss", "val_loss"),
    ]
    loss = next(panel for panel in view.panels if panel.name == "loss")
    assert [line.label for line in loss.lines] == ["short", "long", "later"]
    assert [[epoch for epoch, _value in line.points] for line in loss.lines] == [
        *([1], [1, 2], [2, 3]),
    ]
    assert [value for _epoch, value in loss.lines[1].points] == long.history["loss"]


def test_runs_are_table_and_picture():
    view = lab.curves({"plain": {"loss": [2.0, 1.5]}, "<b>": {"loss": [1.0], "lr": [NAN]}})
    assert (
        repr(view)
        == """\
loss
epoch   plain     <b>
    1  2.0000  1.0000
    2  1.5000

lr
epoch  <b>
    1  nan"""
    )
    svg = ET.fromstring(view.to_svg())
    assert {it.text for it in having(svg, "key")} == {"plain", "<b>"}
    one, other = (
        [it for it in having(svg, f"run-{number}") if it.tag == f"{SVG}path"]
        for number in (0, 1)
    )
    assert one[0].get("stroke") != other[0].get("stroke")
    assert one[0].get("stroke-dasharray") is None
    assert other[0].get("stroke-dasharray")
    assert view._repr_mimebundle_() == {"image/svg+xml": view.to_svg(), "text/plain": f"{view}"}


def test_many_runs_raise_error():
    with pytest.raises(ValueError, match="9 training runs; at most 8"):
        lab.curves({f"run {number}": {"loss": [1.0]} for number in range(9)})


# ---------------------------------------------------------------------------------------------
# Errors and escaped names


@pytest.mark.parametrize("empty", [{}, {"loss": []}, {"loss": [], "val_loss": []}])
def test_empty_history_raises_error(empty):
    with pytest.raises(TypeError, match="has not been trained yet"):
        lab.curves(empty)


@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        (None, "NoneType"),
        ("loss", "str"),
        (3, "int"),
        ([0.5, 0.25], "list"),
        ({"loss": 0.5}, "dict"),
        ({"loss": "0.5"}, "dict"),
        ({"loss": ["a", "b"]}, "dict"),
        ({"loss": [None]}, "dict"),
        ({"loss": [np.ones(2), np.ones(3)]}, "dict"),
        ({3: [0.5]}, "dict"),
        ({"one": {"loss": [0.5]}, "other": None}, "NoneType"),
        (layers.Dense, "type"),
    ],
)
@pytest.mark.parametrize("language", ["en", "es"])
def test_unsupported_object_raises_error_with_its_type(wrong, got, language):
    lab.language(language)
    with pytest.raises(TypeError) as raised:
        lab.curves(wrong)
    assert got in str(raised.value)
    if language == "en":
        assert str(raised.value) == (
            "Learning curves need the history that model.fit returns, but this is of type "
            f"{got}."
        )


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "</text></svg>",
        "]]>&amp;\"'",
        "two\nlines",
        "null\x00\x1b[31m",
        "\u202eright to left",
        "<b>bold</b> %{x} <a href='x'>",
        "漢字 😀",
        "x" * 500,
        "",
    ],
)
def test_hostile_names_are_escaped(name):
    logs = {name: [0.5, 0.25], f"val_{name}": [0.5, 0.75]}
    svg = svg_of(logs)
    assert {it.tag for it in svg.iter()} <= {
        f"{SVG}{tag}"
        for tag in ("svg", "g", "title", "style", "rect", "path", "circle", "text")
    }
    lines = lab.curves(logs).to_text().splitlines()
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    figure = go.Figure(chart(logs))
    assert "<" not in figure.layout.yaxis.title.text
    assert [trace.name for trace in figure.data] == ["training", "validation"]


# ---------------------------------------------------------------------------------------------
# Saving, and languages


def test_file_suffix_selects_format(tmp_path):
    view = lab.curves(TWO)
    assert view.save(tmp_path / "c.svg").read_text(encoding="utf-8") == view.to_svg()
    assert view.save(str(tmp_path / "c.txt")).read_text(encoding="utf-8") == f"{view}\n"
    with pytest.raises(ValueError, match=r"must end in one of: \.svg, \.txt"):
        view.save(tmp_path / "c.png")
    assert sorted(it.name for it in tmp_path.iterdir()) == ["c.svg", "c.txt"]


def test_failed_drawing_leaves_no_file(tmp_path, monkeypatch):
    view = lab.curves(TWO)
    monkeypatch.setattr(view, "to_svg", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        view.save(tmp_path / "c.svg")
    assert [*tmp_path.iterdir()] == []


def test_labels_follow_language():
    lab.language("es")
    _ = kfunc_lab.locale._
    view = lab.curves({"loss": [0.5], "val_loss": [0.25]})
    assert view.to_text().split()[0] == _("epoch")
    assert [it["name"] for it in view._repr_mimebundle_()[PLOTLY]["data"]] == [
        _("training"),
        _("validation"),
    ]
    assert f"{_('training')}, {_('epoch')} 1: 0.5000" in view.to_svg()
