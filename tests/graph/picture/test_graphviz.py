"""The Graphviz program when it works, is missing, fails, writes nothing or hangs."""

import stat
import sys
import time

import pytest

import kfunc_lab as lab
from kfunc_lab.graph.model.layer_graph import Call, Edge, LayerGraph, TensorSpec
from kfunc_lab.graph.picture import graphviz
from kfunc_lab.graph.picture.graphviz import GraphvizError, find_program, run_dot
from kfunc_lab.graph.picture.svg import to_svg
from kfunc_lab.graph.view.graph_view import GraphView

SOURCE = "digraph { a -> b }"
GRAPH = LayerGraph(
    "m",
    "Functional",
    (Call("a", "a", "InputLayer", "a"), Call("b", "b", "Dense", "b")),
    # Two branches, because a chain needs no program.
    tuple(Edge("a", 0, "b", at, TensorSpec((None, 3), "float32")) for at in (0, 1)),
    outputs=("a", "b"),
)


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Replaces Graphviz with a script."""

    def write(text: str):
        path = tmp_path / "dot"
        path.write_text(f"#!{sys.executable}\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("KFUNC_LAB_DOT", str(path))
        return path

    return write


FAILING = "import sys\nprint('first line', file=sys.stderr)\nsys.exit('no such layout')"
SILENT_FAILURE = "raise SystemExit(3)"
NOTHING = ""
GARBAGE = "print('<svg')"
HANGING = "import time\ntime.sleep(60)"


def test_graphviz_draws_each_format():
    assert run_dot(SOURCE, "svg").startswith(b"<?xml")
    assert run_dot(SOURCE, "png").startswith(b"\x89PNG")
    assert b"bgcolor=red" in run_dot(SOURCE, "dot", "-Gbgcolor=red")


def test_syntax_error_is_reported():
    with pytest.raises(GraphvizError, match=r"failed: .+"):
        run_dot("digraph {", "svg")


def test_missing_program_is_reported(monkeypatch):
    monkeypatch.setenv("KFUNC_LAB_DOT", "/nowhere/dot")
    assert find_program() == "/nowhere/dot"
    with pytest.raises(GraphvizError) as raised:
        run_dot(SOURCE, "svg")
    assert str(raised.value) == (
        "The drawing program /nowhere/dot is missing. "
        "Install it with: pip install graphviz-pure"
    )


def test_program_is_found_or_reported_missing(monkeypatch, tmp_path):
    monkeypatch.delenv("KFUNC_LAB_DOT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(graphviz.sysconfig, "get_path", lambda _name: str(tmp_path))
    with pytest.raises(GraphvizError, match="graphviz-pure is missing"):
        find_program()
    dot = tmp_path / "dot"
    dot.write_text("#!/bin/sh\n")
    dot.chmod(0o755)
    assert find_program() == str(dot)


def test_failure_reports_program_and_output(program):
    path = program(FAILING)
    with pytest.raises(GraphvizError) as raised:
        run_dot(SOURCE, "svg")
    assert str(raised.value) == f"The drawing program {path} failed: no such layout"


def test_silent_failure_reports_exit_status(program):
    path = program(SILENT_FAILURE)
    with pytest.raises(GraphvizError, match="exit status 3") as raised:
        run_dot(SOURCE, "svg")
    assert str(path) in str(raised.value)


def test_file_without_execute_permission_is_reported(program):
    program(FAILING).chmod(0o644)
    with pytest.raises(GraphvizError, match=r"failed: .*ermission"):
        run_dot(SOURCE, "svg")


@pytest.mark.parametrize("text", [NOTHING, GARBAGE])
def test_missing_layout_is_reported(program, text):
    path = program(text)
    with pytest.raises(GraphvizError, match="returned no layout") as raised:
        to_svg(GRAPH)
    assert str(path) in str(raised.value)


def test_hanging_program_is_stopped_and_reported(program, monkeypatch):
    path = program(HANGING)
    monkeypatch.setattr(graphviz, "_SECONDS", 0.5)
    begin = time.perf_counter()
    with pytest.raises(GraphvizError, match=r"did not finish within 0\.5 seconds") as raised:
        run_dot(SOURCE, "svg")
    assert time.perf_counter() - begin < 20
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("text", [FAILING, SILENT_FAILURE, NOTHING, GARBAGE, HANGING])
def test_view_falls_back_to_text_and_reason(program, monkeypatch, text):
    path = program(text)
    monkeypatch.setattr(graphviz, "_SECONDS", 0.5)
    view = GraphView(GRAPH)
    data, _metadata = view._repr_mimebundle_()
    assert "image/svg+xml" not in data
    assert data["text/plain"] == view.to_text() == repr(view)
    assert view.to_text().startswith("m (Functional): 2 calls")
    [reason] = view._notes
    assert str(path) in reason
    assert view._text == view.to_text()
    with pytest.raises(GraphvizError):
        view.to_svg()


def test_model_view_falls_back_without_program(monkeypatch):
    import keras

    monkeypatch.setenv("KFUNC_LAB_DOT", "/nowhere/dot")
    x = keras.Input((3,), name="x")
    view = lab.graph([keras.layers.Dense(2, name="d")(x), x])
    assert "image/svg+xml" not in view._repr_mimebundle_()[0]
    assert "/nowhere/dot is missing" in view._notes[0]
    assert view.to_text().splitlines()[0] == "so far: 2 calls, 8 parameters"
