"""Runs of lessons: kernel, output files, and errors."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from kfunc_lab.lessons import execution

WIDGET = "application/vnd.jupyter.widget-view+json"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="5" height="5"/>'


@pytest.fixture
def lesson(tmp_path):
    """A function that writes a notebook with the parameters language and epochs."""

    def make(*cells, name="02_test", metadata=None):
        notebook = nbformat.v4.new_notebook(metadata=metadata or {})
        notebook.metadata.setdefault(
            "kernelspec", {"name": "python3", "display_name": "Python 3", "language": "python"}
        )
        notebook.cells = [
            nbformat.v4.new_markdown_cell("# Entrenar <y> evaluar"),
            nbformat.v4.new_code_cell(
                'language = "en"\nepochs = 2', metadata={"tags": ["parameters"]}
            ),
            *map(nbformat.v4.new_code_cell, cells),
        ]
        path = tmp_path / "originals" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, path)
        return path

    return make


def printed(run):
    cells = nbformat.read(run.notebook, as_version=4).cells
    return "".join(out.get("text", "") for cell in cells for out in cell.get("outputs", []))


LOOK_AROUND = """
import json, os, sys
names = "KFUNC_LAB_LANGUAGE", "TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS"
print(json.dumps([sys.executable, os.getcwd(), language, epochs, *map(os.environ.get, names)]))
"""


def test_kernel_uses_this_interpreter_and_output_folder(lesson, tmp_path, monkeypatch):
    elsewhere = tmp_path / "jupyter" / "kernels" / "python3"
    elsewhere.mkdir(parents=True)
    spec = {"argv": ["/nowhere/python", "{connection_file}"], "display_name": "Another"}
    (elsewhere / "kernel.json").write_text(json.dumps({**spec, "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "1")
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    environment, folder = dict(os.environ), Path.cwd()
    original = lesson(LOOK_AROUND)
    before = original.read_bytes()
    told = []

    run = execution.run(
        original,
        tmp_path / "out {now}",
        language="es",
        parameters={"epochs": 3},
        progress=lambda *state: told.append(state),
    )

    assert json.loads(printed(run)) == [
        *(sys.executable, str(tmp_path / "out {now}"), "es", 3),
        *("es", "1", "0"),
    ]
    assert told == [(done, 4) for done in range(5)]
    assert run.notebook == tmp_path / "out {now}" / "02_test.ipynb"
    assert original.read_bytes() == before
    assert (dict(os.environ), Path.cwd()) == (environment, folder)


def test_native_library_output_is_omitted(lesson, tmp_path):
    original = lesson(
        "import os, sys; print('a'); print('b', file=sys.stderr); os.write(2, b'c');"
    )
    assert printed(execution.run(original, tmp_path / "out")) == "a\nb\n"


def test_relative_output_folder_is_resolved(lesson, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = execution.run(lesson("print(language)"), Path("out"))
    assert printed(run) == "en\n"
    assert (tmp_path / "out" / "02_test.html").exists()


SHOW = f"""
from IPython.display import display
display({{"text/plain": 'a "graph" <b>', "image/svg+xml": {SVG!r},
          {WIDGET!r}: {{"model_id": "gone"}}}}, raw=True)
"""


def test_report_is_one_page_with_static_pictures(lesson, tmp_path):
    original = lesson(SHOW, metadata={"widgets": {"x": {"state": {}}}})
    html = execution.run(original, tmp_path / "out", language="es").html.read_text()
    assert "<title>Entrenar &lt;y&gt; evaluar</title>" in html
    assert '<html lang="es">' in html
    assert re.search(
        r"""<img alt='a "graph" &lt;b&gt;' src="data:image/svg\+xml;base64""", html
    )
    assert 'class="jupyter-widgets' not in html
    assert "<script" not in html
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//[^"' >]+""", html)
    assert "import(" not in html


def test_report_loads_mathjax_only_for_formulas(lesson, tmp_path):
    original = lesson()
    notebook = nbformat.read(original, as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell("$784 \\times 64$"))
    nbformat.write(notebook, original)
    html = execution.run(original, tmp_path / "out").html.read_text()
    sources = re.findall(r'<script src="([^"]+)"', html)
    assert len(sources) == 1
    assert "mathjax" in sources[0]


def test_failing_cell_is_reported_and_run_is_saved(lesson, tmp_path):
    original = lesson(
        "print('before')", "raise ValueError('no\\nsecond line')", "print('after')"
    )
    with pytest.raises(execution.RunError) as raised:
        execution.run(original, tmp_path / "out")
    assert str(raised.value) == "02_test: cell [3] failed with ValueError: no"
    run = raised.value.run
    assert printed(run).startswith("before")
    assert "after" not in printed(run)
    assert "ValueError" in run.html.read_text()


def test_dead_kernel_is_reported(lesson, tmp_path):
    with pytest.raises(execution.RunError, match="the kernel died") as raised:
        execution.run(lesson("import os; os._exit(1)"), tmp_path / "out")
    assert raised.value.run.html.exists()


def test_unknown_parameter_error_lists_parameters(lesson, tmp_path):
    with pytest.raises(execution.ParameterError) as raised:
        execution.run(lesson(), tmp_path / "out", parameters={"epoch": 3})
    assert str(raised.value) == "02_test has no parameter epoch; it has language, epochs."
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"nbformat": 4}', "hello"])
def test_invalid_notebook_raises(tmp_path, content):
    path = tmp_path / "broken.ipynb"
    path.write_text(content)
    with pytest.raises(execution.RunError, match=r"broken\.ipynb cannot be read"):
        execution.run(path, tmp_path / "out")


def test_only_results_of_runs_are_overwritten(lesson, tmp_path):
    original = lesson()
    for folder in (original.parent, tmp_path / "mine"):
        folder.mkdir(exist_ok=True)
        target = folder / original.name
        if not target.exists():
            target.write_text('{"metadata": {}}')
        before = target.read_bytes()
        with pytest.raises(execution.RunError, match="would be overwritten"):
            execution.run(original, folder)
        assert target.read_bytes() == before
    first = execution.run(original, tmp_path / "out")
    assert execution.run(original, tmp_path / "out") == first


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_interrupt_stops_kernel(lesson, tmp_path):
    original = lesson(
        "import os; open('pid', 'w').write(str(os.getpid()))", "import time; time.sleep(60)"
    )
    code = (
        "import sys; from pathlib import Path; from kfunc_lab.lessons import execution\n"
        "try: execution.run(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except KeyboardInterrupt: sys.exit(7)"
    )
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", code, str(original), str(out)])
    deadline = time.monotonic() + 30
    while not ((out / "pid").exists() and (out / "pid").read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 7
    kernel = int((out / "pid").read_text())
    while is_running(kernel):
        assert time.monotonic() < deadline + 20
        time.sleep(0.1)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("3", 3), ("-1", -1), ("0.5", 0.5), ("1e-3", 0.001), ("true", True)],
        *[("False", False), ("none", None), ("null", None), ("relu", "relu"), ("'3'", "3")],
        *[("[64, 32]", [64, 32]), ("no", "no"), ("", ""), ("a b", "a b"), ("(", "(")],
    ],
)
def test_parameter_values_are_literals(text, value):
    read = execution.value(text)
    assert read == value
    assert type(read) is type(value)
