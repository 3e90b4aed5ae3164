"""A notebook of live views, shapes and activations under papermill and nbval."""

import subprocess
import sys

import nbformat
import papermill
import pytest

CELLS = [
    "import keras\nimport kfunc_lab as lab\nfrom keras import layers\n"
    "keras.utils.set_random_seed(0)\nlab.watch()",
    "inputs = keras.Input((28, 28, 1), name='img')\n"
    "x = layers.Conv2D(16, 3, activation='relu', name='conv')(inputs)",
    "%%steps --depth 2\n"
    "def head(x, units):\n"
    "    x = layers.Flatten(name='flat')(x)\n"
    "    return layers.Dense(units, name='digits')(x)\n"
    "outputs = head(x, 10)\n"
    "print(outputs.shape)\n"
    "model = keras.Model(inputs, outputs, name='reader')",
    "unused = layers.Dense(3, name='unused')(outputs)\nunused = None",
    "try:\n    layers.concatenate([x, outputs])\n"
    "except ValueError as error:\n    display(lab.explain(error))",
    "lab.unwatch()",
    "x = None\nlab.graph(model)",
    "view = lab.shapes(model)\nview.change('conv', strides=2)\nview",
    "import numpy as np\n"
    "flow = lab.activations(model, np.linspace(0, 1, 1568).reshape(2, 28, 28, 1))\n"
    "flow.selected = 'conv'\nflow",
    "keras.utils.set_random_seed(0)\n"
    "small = keras.Sequential([keras.Input((3,)), layers.Dense(1)], name='small')\n"
    "small.compile('sgd', 'mse')\n"
    "numbers = np.linspace(0, 1, 96).reshape(32, 3)\n"
    "history = small.fit(numbers, numbers[:, :1], epochs=3, verbose=0,\n"
    "                    callbacks=[lab.TrainingDashboard(keep=False)])",
    "flow.values['conv'].shape, flow.attribute('occlusion', target=3).heat.shape",
]
FAILING = "%%steps\nz = layers.Dense(3)(outputs)\nlayers.Dense(5)([z, z])"


def output_text(cell) -> str:
    return "\n".join(
        it.get("text") or it.get("data", {}).get("text/plain", "") for it in cell.outputs
    )


def write(codes, path):
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {
        "name": "python3", "display_name": "Python 3", "language": "python",
    }  # fmt: skip
    notebook.cells = [
        nbformat.v4.new_code_cell(code, id=f"cell-{number}")
        for number, code in enumerate(codes)
    ]
    nbformat.write(notebook, path)


def execute(source, path):
    papermill.execute_notebook(
        str(source), str(path), kernel_name="python3", progress_bar=False
    )


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The path of the notebook after papermill has run it."""
    folder = tmp_path_factory.mktemp("live")
    write(CELLS, folder / "source.ipynb")
    execute(folder / "source.ipynb", folder / "executed.ipynb")
    return folder / "executed.ipynb"


def test_each_cell_with_result_stores_one_output(executed):
    cells = nbformat.read(executed, as_version=4).cells
    counts = [len(cell.outputs) for cell in cells]
    assert counts == [number in (0, 2, 4, 5, 6, 7, 8, 9, 10) for number in range(len(CELLS))]


def test_stored_outputs_work_without_kernel(executed):
    cells = nbformat.read(executed, as_version=4).cells
    said = list(map(output_text, cells))
    assert "inputs = keras.Input((784,))" in said[0]  # before any layer exists
    assert said[1] == ""
    assert "x moves from conv to flat: 10816" in said[2]
    assert "model is a new model, from img to digits" in said[2]
    assert "     | (None, 10)" in said[2]
    assert "✗ concatenate" in said[4]
    assert "unused" in said[5]
    for number in (2, 4, 5, 6):
        assert any("image/svg+xml" in it.get("data", {}) for it in cells[number].outputs)
    assert "height, width: ⌊(28 + 2·0 − 3)/2⌋ + 1 = 13" in said[7]
    [shown] = cells[7].outputs
    assert "<td>(None, 13, 13, 16)<br>height, width: ⌊" in shown.data["text/html"]
    assert "image/svg+xml" not in shown.data
    assert said[8].startswith("reader: 2 samples, 4 calls")
    assert said[9].startswith("small: 3 epochs, finished")
    assert set(cells[9].outputs[0].data) == {"image/svg+xml", "text/plain"}
    assert said[10] == "((2, 26, 26, 16), (28, 28))"


def test_nbval_finds_no_change_in_second_run(executed):
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider",
         executed.name],
        cwd=executed.parent, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout[-4000:]
    assert f"{len(CELLS)} passed" in finished.stdout


def test_failed_run_keeps_drawn_views(tmp_path):
    write([*CELLS[:3], FAILING, "after = 1"], tmp_path / "source.ipynb")
    with pytest.raises(papermill.PapermillExecutionError) as raised:
        execute(tmp_path / "source.ipynb", tmp_path / "run.ipynb")
    assert raised.value.ename == "ValueError"  # the learner's error, not one of ours
    codes = nbformat.read(tmp_path / "run.ipynb", as_version=4).cells
    failed = next(cell for cell in codes if cell.source == FAILING)
    said = output_text(failed)
    assert "This statement failed." in said
    assert "✗ dense" in said
    assert codes[-1].execution_count is None
