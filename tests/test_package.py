"""The public names: they load on first use and do not depend on the order of imports."""

import subprocess
import sys

import pytest

import kfunc_lab as lab


def run(code: str) -> str:
    """Runs code in a new interpreter and returns what it prints."""
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


@pytest.mark.parametrize(
    "first",
    [
        "import kfunc_lab.graph.model.layer_graph",
        "import kfunc_lab.graph.view.graph_view",
        "from kfunc_lab.graph.picture import svg",
        "from kfunc_lab import graph",
    ],
)
def test_graph_is_function_after_any_import(first):
    assert run(f"{first}; import kfunc_lab as lab; print(lab.graph.__name__)") == "graph"


def test_datasets_is_subpackage():
    assert run("import kfunc_lab as lab; print(lab.datasets.mnist.__name__)") == "mnist"


def test_every_public_name_is_importable():
    for name in lab.__all__:
        assert getattr(lab, name) is not None
    assert set(lab.__all__) < set(dir(lab))


def test_unknown_name_raises_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'grpah'"):
        _ = lab.grpah


def test_every_public_function_has_example():
    for name in lab.__all__:
        value = getattr(lab, name)
        if callable(value):
            assert "Example:" in value.__doc__, name
            section = "Attributes:" if isinstance(value, type) else "Returns:"
            assert section in value.__doc__, name
