"""Tests for stored runs as a table, a picture and a chart."""

import csv
import io
import math
import re
import sqlite3
import sys
import time
import types
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

import kfunc_lab as lab
import kfunc_lab.locale
from kfunc_lab.training.curves import several
from kfunc_lab.training.runs import table
from kfunc_lab.training.runs.store import Run, Store
from kfunc_lab.training.runs.table import best, better
from kfunc_lab.training.runs.view import NoSuchRunError, RunsView, runs
from kfunc_lab.ui.theme import SURFACE

SVG = "{http://www.w3.org/2000/svg}"
NAN, INF = math.nan, math.inf


def made(name: str, number: int = 0, about=None, **metrics) -> Run:
    series = {key: dict(enumerate(values)) for key, values in metrics.items()}
    return Run(f"id{number}", name, 60.0 * number, None, "finished", about or {}, series)


BASE = made(
    "baseline",
    2,
    {"optimizer": {"class": "Adam", "learning_rate": 0.0010000000474974513}, "seed": 1},
    loss=[1.5, 0.75, 0.5],
    accuracy=[0.5, 0.875, 0.75],
    val_loss=[1.75, 0.875, 1.0],
)
WIDE = made(
    "wide",
    1,
    {"optimizer": {"class": "SGD", "learning_rate": 0.1}, "seed": 1},
    loss=[1.25, 0.25],
    val_loss=[2.0, 1.5],
)
TWO = [BASE, WIDE]

CASES = {
    "two": TWO,
    "one": [BASE],
    "no epochs": [made("empty")],
    "one has none": [made("empty"), WIDE],
    "one epoch": [made("one", loss=[0.5])],
    "same names": [made("m", number, loss=[0.5, number]) for number in range(3)],
    "eight": [made(f"run {number}", number, loss=[number, 1.0]) for number in range(8)],
    "twelve": [made(f"run {number}", number, loss=[number, 1.0]) for number in range(12)],
    "not finite": [made("nan", loss=[NAN, INF, -INF], val_loss=[NAN, 1.0, 1e30])],
    "long": [made(f"l{n}", n, loss=[1 / (1 + it + n) for it in range(10_000)]) for n in (0, 1)],
    "many metrics": [made("m", **{f"metric_{number}": [0.1, 0.2] for number in range(9)})],
    "long names": [made("x" * 300, 1, loss=[1.0]), made("y" * 300, 2, loss=[2.0])],
    "huge": [made("h", loss=[1e20, 1e20], val_loss=[3.4e38, -3.4e38])],
}

every_case = pytest.mark.parametrize("kept", CASES.values(), ids=CASES)


@pytest.fixture(autouse=True)
def in_one_time_zone(monkeypatch):
    if hasattr(time, "tzset"):
        monkeypatch.setenv("TZ", "UTC")
        time.tzset()
        yield
        monkeypatch.undo()
        time.tzset()
    else:
        yield


def svg_of(kept) -> ET.Element:
    return ET.fromstring(RunsView(kept).to_svg())


def having(svg, class_name: str) -> list:
    return [it for it in svg.iter() if class_name in it.get("class", "").split()]


def points(kept):
    """Return the points of the first line of the first panel."""
    return list(RunsView(kept)._panels()[0].lines[0].points)


# ---------------------------------------------------------------------------------------------
# Sources of runs


def test_runs_are_read_from_file(tmp_path):
    store = Store(tmp_path / "läufe.sqlite3")
    for name in ("one", "two"):
        run = store.begin(name, {"seed": 1})
        store.add(run, 0, {"loss": 0.5}, {("dense", "mean"): 1.0})
        store.end(run, "finished")
    view = runs(str(store.path))
    assert [it.name for it in view] == ["two", "one"]
    assert view["one"].measures == {("dense", "mean"): {0: 1.0}}


def test_default_file_is_in_user_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KFUNC_LAB_RUNS", str(tmp_path / "runs.sqlite3"))
    assert len(runs()) == 0
    assert [*tmp_path.iterdir()] == []
    Store(tmp_path / "runs.sqlite3").begin("one", {})
    assert [it.name for it in runs()] == ["one"]


def test_empty_file_shows_message(tmp_path, monkeypatch):
    monkeypatch.setenv("KFUNC_LAB_RUNS", str(tmp_path / "runs.sqlite3"))
    view = runs()
    said = (
        "No runs are stored yet: train with `callbacks=[lab.TrainingDashboard()]`, and they "
        "appear here."
    )
    assert view.to_text() == repr(view) == said
    assert "with <code>callbacks=[lab.TrainingDashboard()]</code>, and" in view.to_html()
    assert said in "".join(ET.fromstring(view.to_svg()).itertext())
    assert [*view._repr_mimebundle_()] == ["text/html", "text/plain"]
    assert view.to_csv() == "run,id,epoch\n"
    other = tmp_path / "other.sqlite3"
    assert runs(other).to_text() == f"There are no runs in {other}. {said}"
    monkeypatch.setenv("KFUNC_LAB_RUNS", "")
    assert "KFUNC_LAB_RUNS is empty" in runs().to_text()
    with pytest.raises(NoSuchRunError) as raised:
        view["one"]
    assert str(raised.value) == "There is no run 'one'."


@pytest.mark.parametrize("content", [b"a letter, and no database\n" * 50, b"other"])
def test_unreadable_file_is_reported_and_kept(tmp_path, content):
    path = tmp_path / "letter.txt"
    path.write_bytes(content)
    if content == b"other":
        path.unlink()
        with sqlite3.connect(path) as connection:
            connection.execute("create table letters (id)")
        connection.close()
    with pytest.raises(OSError, match="cannot be read") as raised:
        runs(path)
    assert str(path) in str(raised.value)
    assert [it.name for it in tmp_path.iterdir()] == ["letter.txt"]


# ---------------------------------------------------------------------------------------------
# A sequence


def test_runs_are_a_sequence():
    view = RunsView(TWO)
    assert len(view) == 2
    assert [*view] == TWO == [*reversed([*reversed(view)])]
    assert view[0] is BASE
    assert view[-1] is WIDE
    assert view["wide"] is view["id1"] is WIDE
    assert [*view[1:]] == [WIDE]
    assert isinstance(view[:1], RunsView)
    assert WIDE in view
    assert view.index(WIDE) == 1
    with pytest.raises(IndexError):
        view[2]
    assert view[2:].to_text() == "No runs are shown."


def test_shared_name_selects_latest_run():
    kept = CASES["same names"]
    view = RunsView(reversed(kept))
    assert view["m"] is kept[2]
    assert view["id0"] is kept[0]
    # An id takes precedence over a name.
    assert RunsView([made("id5", 4), made("x", 5)])["id5"].name == "x"


def test_unknown_name_suggests_similar_names():
    view = RunsView(TWO)
    with pytest.raises(KeyError) as raised:
        view["basline"]
    assert str(raised.value) == "There is no run 'basline'. Available runs: baseline, wide."
    with pytest.raises(NoSuchRunError, match="Available runs: baseline, wide"):
        view.compare("baseline", "qqq")


def test_compare_selects_and_orders_runs():
    view = RunsView(CASES["twelve"])
    assert [it.name for it in view.compare("run 7", "id2")] == ["run 7", "run 2"]
    assert [it.name for it in view.compare("run 7", "id7")] == ["run 7"]
    assert "first 8" in view.to_text()
    assert "first 8" not in view.compare("run 7", "id2").to_text()


# ---------------------------------------------------------------------------------------------
# Tables


def test_table_shows_runs():
    assert (
        RunsView(TWO).to_text()
        == """\
2 training runs
name      state     epochs    loss    best  val_loss    best  accuracy    best  started
baseline  finished       3  0.5000  0.5000    1.0000  0.8750    0.7500  0.8750  1970-01-01 00:02
wide      finished       2  0.2500  0.2500    1.5000  1.5000                    1970-01-01 00:01

settings that differ
setting                  baseline  wide
optimizer.class          Adam      SGD
optimizer.learning_rate  0.001     0.1"""
    )


def test_table_distinguishes_runs_with_same_name():
    kept = [made("m", 1, {"seed": 1}, lr=[0.5]), made("m", 2, {"seed": 2}, loss=[NAN, INF])]
    assert (
        RunsView(kept).to_text()
        == """\
2 training runs
name  id   state     epochs      lr  loss  best  started
m     id1  finished       1  0.5000              1970-01-01 00:01
m     id2  finished       2           inf   nan  1970-01-01 00:02

settings that differ
setting  m id1  m id2
seed     1      2"""
    )


def test_single_run_has_no_differing_settings():
    assert "settings" not in RunsView([BASE]).to_text()
    assert RunsView([BASE]).to_text().startswith("1 training run\n")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0010000000474974513, "0.001"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (1 / 3, "0.3333333333333333"),
        (True, "true"),
        (None, "null"),
        (128, "128"),
        ("m (Sequential): 3 calls\ncall  class", "m (Sequential): 3 calls…"),
        ("x" * 100, "x" * 39 + "…"),
        (["mse", "ünï"], '["mse", "ünï"]'),
        ("", ""),
        (NAN, "NaN"),
    ],
)
def test_settings_are_abbreviated(value, words):
    rows = table.settings_table([made("a", about={"it": value}), made("b")])
    assert rows == [["setting", "a", "b"], ["it", words, ""]]


def test_many_settings_are_counted():
    about = {f"setting {number}": number for number in range(20)}
    rows = table.settings_table([made("a", about=about), made("b")])
    assert len(rows) == 14
    assert rows[-1] == ["and 8 more"]
    ET.fromstring(f"<a>{RunsView([made('a', 1, about), made('b', 2)]).to_html()}</a>")


@pytest.mark.parametrize(
    ("metric", "which"),
    [
        ("loss", "lower"),
        ("val_loss", "lower"),
        ("head_a_loss", "lower"),
        ("val_head_accuracy", "higher"),
        ("sparse_categorical_accuracy", "higher"),
        ("mean_absolute_error", "lower"),
        ("categorical_crossentropy", "lower"),
        ("mean_io_u", "higher"),
        ("f1_score", "higher"),
        ("false_negatives", "lower"),
        ("auc_1", "higher"),
        ("learning_rate", ""),
        ("glossy", ""),
        ("", ""),
    ],
)
def test_better_values_are_marked(metric, which):
    assert better(metric) == which
    if which:
        wanted = 0.25 if which == "lower" else 0.75
        assert best(metric, {0: 0.75, 1: NAN, 2: 0.25, 3: INF}) == wanted


@every_case
def test_table_has_row_per_run(kept):
    lines = RunsView(kept).to_text().splitlines()
    assert len([it for it in lines if "finished" in it]) == len(kept)
    assert all(line == line.rstrip() for line in lines)
    page = ET.fromstring(f"<a>{RunsView(kept).to_html()}</a>")
    table = page.find("div/table")
    assert len(table.findall("tbody/tr")) == len(kept)
    for table in page.findall("div/table"):
        assert len({len(row) for row in table.iter("tr")}) == 1
        assert table.find("caption").text
        assert all(it.get("scope") == "row" for it in table.findall("tbody/tr/th"))


def test_states_are_words():
    for state in ("running", "finished", "stopped", "interrupted", "failed"):
        run = Run("1", "a", 0.0, None, state)
        assert state in RunsView([run]).to_text()


# ---------------------------------------------------------------------------------------------
# Curves


@every_case
def test_lines_are_inside_their_panels(kept):
    svg = svg_of(kept)
    drawn = kept[: several.MAX_RUNS]
    finite = sum(
        any(map(math.isfinite, series.values()))
        for run in drawn
        for series in run.metrics.values()
    )
    keys = len(drawn) if any(run.metrics for run in drawn) else 0
    assert len(having(svg, "line")) == finite + keys
    for mark in svg.iter(f"{SVG}circle"):
        assert 0 <= float(mark.get("cx")) <= 340
        assert 0 <= float(mark.get("cy")) <= 250
    for path in having(svg, "line"):
        assert not re.search("nan|inf", path.get("d"))
        assert len(path.get("d")) < 400 * 20
    for it in having(svg, "key"):
        assert float(it.get("x")) + len(it.text) < int(svg.get("width"))


@every_case
def test_bundle_is_deterministic(kept):
    bundle = RunsView(kept)._repr_mimebundle_()
    assert [*bundle][-2:] == ["text/html", "text/plain"]
    assert bundle == RunsView(kept)._repr_mimebundle_()
    assert ("image/svg+xml" in bundle) == any(run.metrics for run in kept)


def test_runs_differ_by_colour_and_dashes():
    svg = svg_of(CASES["eight"])
    drawn = [having(svg, f"run-{number}") for number in range(8)]
    strokes = [
        {
            (it.get("stroke"), it.get("stroke-dasharray"))
            for it in found
            if "line" in it.get("class")
        }
        for found in drawn
    ]
    assert all(len(it) == 1 for it in strokes)  # the same in the legend and in the panel
    [colours, dashes] = zip(*(next(iter(it)) for it in strokes), strict=True)
    assert len({*colours}) == len({*dashes}) == 8


def luminance(colour: str) -> float:
    parts = [int(colour[it : it + 2], 16) / 255 for it in (1, 3, 5)]
    linear = [it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_colours_can_be_seen_on_light_and_dark():
    for colours in several._COLOURS:
        for colour, surface in zip(colours, SURFACE, strict=True):
            assert contrast(colour, surface) >= 4
        # Plotly's charts have one colour for both: JupyterLab's white, and its black.
        assert contrast(colours[0], "#111111") >= 2.5


def test_metric_shares_panel_with_validation():
    svg = svg_of(TWO)
    assert [it.text for it in having(svg, "title")] == ["loss", "val_loss", "accuracy"]
    assert int(svg.get("width")) == 2 * 340


def test_points_show_run_epoch_and_value():
    said = [it.text for it in svg_of(TWO).iter(f"{SVG}title")]
    assert said[0] == "Learning curves: loss, val_loss, accuracy (baseline, wide)"
    assert "wide, epoch 2: 0.2500" in said
    assert [it.text for it in having(svg_of(TWO), "key")] == ["baseline", "wide"]


def test_epochs_count_from_initial_epoch():
    run = Run("1", "on", 0.0, None, "finished", {}, {"loss": {5: 1.0, 6: 0.5, 8: 0.25}})
    assert [epoch for epoch, _value in points([run])] == [6, 7, 9]
    assert "on, epoch 9: 0.2500" in RunsView([run]).to_svg()


def test_long_run_keeps_peak():
    values = [1.0] * 50_000
    values[31_234], values[40_001] = 9.0, -3.0
    shown = several._thin(points([made("a", loss=values)]), 400)
    assert len(shown) <= 810
    assert dict(shown)[31_235] == 9.0
    assert min(value for _epoch, value in shown) == -3.0
    assert (shown[0][0], shown[-1][0]) == (1, 50_000)
    assert shown == sorted(shown)


def test_nonfinite_values_leave_gaps():
    values = [value for _epoch, value in points([made("a", loss=[1.0, NAN, 2.0])])]
    assert values[0] == 1.0
    assert math.isnan(values[1])
    assert values[2] == 2.0
    many = [1.0] * 5000
    many[2500:2600] = [NAN] * 100
    assert any(math.isnan(value) for _epoch, value in points([made("a", loss=many)]))


# ---------------------------------------------------------------------------------------------
# Escaped names


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "</text></svg></td>",
        "]]>&amp;\"'",
        "two\nlines",
        "null\x00\x1b[31m",
        "\u202eright to left",
        "<b>bold</b> %{x} <a href='x'>",
        "漢字 😀",
        "",
        "{n}",
    ],
)
def test_hostile_names_are_escaped(name):
    kept = [made(name, it, {name: f"{name}{it}"}, **{name: [0.5, it]}) for it in range(2)]
    view = RunsView(kept)
    assert {it.tag for it in ET.fromstring(view.to_svg()).iter()} <= {
        f"{SVG}{tag}"
        for tag in ("svg", "g", "title", "style", "rect", "path", "circle", "text")
    }
    lines = view.to_text().splitlines()
    assert len(lines) == 8
    assert all(line.isprintable() for line in lines)
    tags = Tags()
    tags.feed(view.to_html())
    assert not tags.found & {"script", "b", "a"}
    assert [*csv.reader(io.StringIO(view.to_csv(), newline=""))][1][0] == name
    with pytest.raises(NoSuchRunError) as raised:
        view["none such"]
    assert str(raised.value).isprintable()


# ---------------------------------------------------------------------------------------------
# Saving, data frames, languages


def test_csv_contains_all_runs():
    assert (
        RunsView(TWO).to_csv()
        == """\
run,id,epoch,loss,accuracy,val_loss
baseline,id2,1,1.5,0.5,1.75
baseline,id2,2,0.75,0.875,0.875
baseline,id2,3,0.5,0.75,1.0
wide,id1,1,1.25,,2.0
wide,id1,2,0.25,,1.5
"""
    )


def test_file_suffix_selects_format(tmp_path):
    view = RunsView(TWO)
    assert view.save(tmp_path / "r.svg").read_text("utf-8") == view.to_svg()
    assert view.save(str(tmp_path / "r.txt")).read_text("utf-8") == f"{view}\n"
    assert view.save(tmp_path / "r.csv").read_text("utf-8") == view.to_csv()
    page = view.save(tmp_path / "r.html").read_text("utf-8")
    assert view.to_html() in page
    assert page.startswith('<!doctype html><html lang="en">')
    assert 'charset="utf-8"' in page
    with pytest.raises(ValueError, match=r"must end in one of: \.svg, \.csv, \.txt, \.html"):
        view.save(tmp_path / "r.png")
    assert len([*tmp_path.iterdir()]) == 4


def test_data_frame_needs_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError) as raised:
        RunsView(TWO).to_dataframe()
    assert str(raised.value) == "pandas is not installed; install it with: pip install pandas"


def test_data_frame_has_row_per_epoch(monkeypatch):
    pandas = types.ModuleType("pandas")
    pandas.DataFrame = lambda rows, columns: (rows, columns)
    monkeypatch.setitem(sys.modules, "pandas", pandas)
    rows, columns = RunsView(TWO).to_dataframe()
    assert columns == ["run", "id", "epoch", "loss", "accuracy", "val_loss"]
    assert rows[-1] == ["wide", "id1", 2, 0.25, None, 1.5]
    assert len(rows) == 5


def test_real_data_frame_has_runs():
    pytest.importorskip("pandas")
    frame = RunsView(TWO).to_dataframe()
    assert frame["accuracy"].isna().sum() == 2
    assert frame.groupby("run")["loss"].min().to_dict() == {"baseline": 0.5, "wide": 0.25}


def test_labels_follow_language():
    lab.language("es")
    _ = kfunc_lab.locale._
    view = RunsView(TWO)
    assert view.to_text().splitlines()[1].split()[0] == _("name")
    assert f"wide, {_('epoch')} 2: 0.2500" in view.to_svg()


def test_each_run_has_own_tensorboard_folder(tmp_path):
    hostile = made("../../up and <b>", 3, loss=[0.5])
    RunsView([*TWO, hostile]).to_tensorboard(tmp_path / "logs")
    folders = sorted(it.name for it in (tmp_path / "logs").iterdir())
    assert folders == ["baseline-id2", "up_and_b-id3", "wide-id1"]
    assert list((tmp_path / "logs/baseline-id2/validation").iterdir())
    assert not list(tmp_path.parent.glob("up*"))
