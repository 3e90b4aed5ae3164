"""A failing cell is explained, and IPython's own handling of the exception stays as it is."""

import os
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

TABLE = "table = keras.layers.Dense(8, name='t')(keras.Input((8, 8), name='i'))"
FAILS = "keras.layers.Conv2D(8, 3, name='c')(keras.Input((28, 28), name='i'))"


@pytest.fixture(scope="module")
def kernel(new_kernel):
    kernel = new_kernel()
    kernel.run("import keras, sys\nimport kfunc_lab as lab")
    return kernel


def kinds(outputs):
    return [it["kind"] for it in outputs]


def test_traceback_is_the_same_byte_for_byte(kernel, new_kernel):
    plain = new_kernel()
    plain.run("import keras, sys\n")
    for own in (kernel, plain):
        own.run("get_ipython().execution_count = 20")
    for cell in (FAILS, f"def f():\n    {FAILS}\nf()", f"%%time\n{FAILS}", "%tb", "1 / 0"):
        [expected] = [it for it in plain.run(cell) if it["kind"] == "error"]
        [found] = [it for it in kernel.run(cell) if it["kind"] == "error"]
        assert found == expected, cell


def test_failed_cell_has_failed(kernel):
    drawn, error = kernel.run(FAILS)
    assert drawn["data"]["text/plain"].startswith("✗ c (Conv2D)")
    assert error["ename"] == "ValueError"
    assert kernel.text("print(type(sys.last_value).__name__)") == "ValueError"
    assert kinds(kernel.run("%tb")) == ["error"]
    frames = "import traceback; print(traceback.extract_tb(sys.last_traceback)[-1].name)"
    assert kernel.text(frames) == "assert_input_compatibility"


@pytest.mark.parametrize("watched", [False, True])
def test_timed_cell_is_explained_like_any_other(kernel, watched):
    kernel.run("lab.watch();" if watched else "lab.unwatch();")
    for last in ("", "\nx"):
        cell = f"{TABLE}\nx = keras.layers.Conv2D(2, 3, name='c')(table){last}"
        plain = said(kernel.run(cell))
        assert "table" in plain  # a name in the source
        assert said(kernel.run(f"%%time\n{cell}")) == plain
        assert kernel.text("print(lab.explain().to_text())") == plain
    kernel.run(TABLE)
    only = said(kernel.run("%%time\nkeras.layers.Conv2D(2, 3, name='c')(table)"))
    assert only.splitlines()[:2] == plain.splitlines()[:2]
    assert "table" in only
    kernel.run("import linecache")
    assert kernel.text("print([it for it in linecache.cache if 'timed' in it])") == "[]"
    kernel.run("lab.unwatch();")


def said(outputs):
    [view] = [it for it in outputs if it["kind"] == "display_data"]
    return view["data"]["text/plain"]


def test_notebook_runners_see_failure():
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("import keras, kfunc_lab"),
            nbformat.v4.new_code_cell(FAILS),
            nbformat.v4.new_code_cell("print('unreachable')"),
        ]
    )
    with pytest.raises(CellExecutionError, match="incompatible with the layer"):
        NotebookClient(notebook, kernel_name="python3").execute()
    outputs = notebook.cells[1].outputs
    assert [it.output_type for it in outputs] == ["display_data", "error"]
    assert "details" in outputs[0].data["text/html"]
    assert not notebook.cells[2].outputs


def test_failing_explanation_hides_no_traceback(kernel):
    for raised in ("LookupError('no way')", "KeyboardInterrupt"):
        kernel.run(
            "from kfunc_lab.mistakes import view\n"
            f"def fail(*_, **__): raise {raised}\n"
            "view.view_of, view_of = fail, view.view_of"
        )
        outputs = kernel.run(FAILS)
        kernel.run("view.view_of = view_of")
        assert [it["ename"] for it in outputs if it["kind"] == "error"] == ["ValueError"]
    assert kinds(kernel.run(FAILS)) == ["display_data", "error"]


def test_explanation_appears_once_after_reload(kernel):
    kernel.run("%load_ext kfunc_lab\nimport importlib; importlib.reload(lab);")
    kernel.run("%reload_ext kfunc_lab")
    assert kinds(kernel.run(FAILS)) == ["display_data", "error"]


def test_other_tool_for_tracebacks_keeps_its_place(kernel):
    kernel.run(
        "def tell(shell, kind, error, traceback, tb_offset=None): print('own words')\n"
        "get_ipython().set_custom_exc((ValueError,), tell)"
    )
    printed, drawn = kernel.run(FAILS)
    kernel.run("get_ipython().set_custom_exc((), None)")
    assert printed["text"] == "own words\n"
    assert drawn["data"]["text/plain"].startswith("✗ c (Conv2D)")


def test_errors_of_others_cost_no_import(new_kernel):
    kernel = new_kernel()
    kernel.run("import sys, kfunc_lab")
    assert kinds(kernel.run("1 / 0")) == ["error"]
    loaded = "print(sorted({'keras', 'tensorflow', 'kfunc_lab.mistakes'} & set(sys.modules)))"
    assert kernel.text(loaded) == "[]"


def test_terminal_shows_mistake_after_traceback(tmp_path):
    commands = f"import keras\nimport kfunc_lab\n{FAILS}\n%time {FAILS}\n1 / 0\n"
    shown = subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--colors=nocolor"],
        input=commands,
        env={**os.environ, "IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    parts = shown.split("✗ c (Conv2D), called on (None, 28, 28)")
    assert len(parts) == 3
    assert "Full shape received" in parts[0]
    assert "→ " in parts[1]
    assert "ZeroDivisionError" in parts[2]
