"""Editors and type checkers see the public names as they are, without running anything."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import jedi
import pytest

import kfunc_lab as lab

ROOT = Path(__file__).parents[1]
STUB = ROOT / "kfunc_lab" / "__init__.pyi"
FUNCTIONS = sorted(set(lab.__all__) - {"datasets"})

# Each line has the type that it names, and each misuse is an error: an `ignore` that mypy does
# not need is one itself, so that a name which became `Any` fails here.
USERS_CODE = """
from typing import assert_type

import keras
import kfunc_lab as lab
from kfunc_lab.activations.view import ActivationView
from kfunc_lab.graph.model.layer_graph import Call, LayerGraph
from kfunc_lab.graph.view.graph_view import GraphView
from kfunc_lab.live.view import LiveView
from kfunc_lab.shapes.view import ShapeView

model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])
x = keras.ops.ones((2, 784))

view = lab.graph(model, fold=["block"], highlight={"all": model})
assert_type(view, GraphView)
assert_type(view.graph, LayerGraph)
assert_type(view.graph.calls, tuple[Call, ...])
assert_type(view.to_svg(), str)
assert_type(view.selected, str)
assert_type(lab.read_graph(model), LayerGraph)
assert_type(lab.shapes(model, batch_size=32), ShapeView)
assert_type(lab.activations(model, x), ActivationView)
assert_type(lab.watch(), LiveView)
assert_type(lab.compare(model, model).to_text(), str)
assert_type(lab.lint(model)[0].reason, str)
assert_type(lab.lint(model, data=(x, x))[0].sureness, str)
assert_type(lab.TrainingDashboard("first", probe=(x, x)).to_text(), str)
assert_type(lab.runs()["first"].name, str)
assert_type(lab.__version__, str)

lab.graph(model, fold=3)  # type: ignore[arg-type]
lab.graph(model, folded=True)  # type: ignore[call-arg]
lab.graph()  # type: ignore[call-arg]
lab.shapes(model, batch_size="32")  # type: ignore[arg-type]
lab.lint(model)[0].colour  # type: ignore[attr-defined]
lab.language(3)  # type: ignore[arg-type]
lab.read_graph(model).layers  # type: ignore[attr-defined]
lab.plot(model)  # type: ignore[attr-defined]
"""


def test_stub_lists_public_names():
    imported = {
        alias.asname: f"{node.module}.{alias.name}"
        for node in ast.parse(STUB.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    homes = {name: f"{home}.{name}" for name, home in lab._PUBLIC.items()}
    assert imported == homes | {"datasets": "kfunc_lab.datasets"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_editors_show_signature_and_summary(name):
    script = jedi.Script(
        f"import kfunc_lab as lab\nlab.{name}(",
        project=jedi.Project(ROOT, load_unsafe_extensions=False),
    )
    (seen,) = script.get_signatures(line=2, column=len(f"lab.{name}("))
    real = inspect.signature(getattr(lab, name))
    assert [parameter.name for parameter in seen.params] == list(real.parameters)
    for parameter, expected in zip(seen.params, real.parameters.values(), strict=True):
        assert parameter.kind == expected.kind
        written = parameter.description.removeprefix("param ").partition("=")[2]
        has_default = expected.default is not inspect.Parameter.empty
        assert bool(written) == has_default
        if has_default:
            assert ast.literal_eval(written) == expected.default
    first_sentence = inspect.getdoc(getattr(lab, name)).partition("\n\n")[0]
    (definition,) = script.infer(line=2, column=len(f"lab.{name}") - 1)
    assert definition.docstring(raw=True).partition("\n\n")[0] == first_sentence


def test_completion_lists_every_name():
    script = jedi.Script("import kfunc_lab as lab\nlab.", project=jedi.Project(ROOT))
    assert set(lab.__all__) <= {completion.name for completion in script.complete(2, 4)}


def test_mypy_checks_user_code(tmp_path):
    program = tmp_path / "users_code.py"
    program.write_text(USERS_CODE)
    # In this process, mypy would leave millions of objects behind and slow down all later tests.
    command = [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
