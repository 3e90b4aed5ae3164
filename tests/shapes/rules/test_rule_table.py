"""The page of rules lists every Keras class with the correct type of rule."""

import importlib.util
import re
from pathlib import Path

import keras
import pytest

from kfunc_lab.shapes.rules import shape_preserving
from kfunc_lab.shapes.rules.formulas import LAYERS, OPERATIONS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "shape-rules.md").read_text(encoding="utf-8")
NEWEST = re.search(r"^keras==(\S+)", (ROOT / "constraints.txt").read_text("utf-8"), re.M)[1]

CLASSES = {
    name: value
    for name, value in vars(keras.layers).items()
    if isinstance(value, type) and issubclass(value, keras.layers.Layer)
}


def rows(title):
    """Returns the cells of the table under a title."""
    table = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    found = [line.strip("| ").split(" | ") for line in table.splitlines() if line[:1] == "|"]
    return found[2:]  # without the header rows


def names(cell):
    return re.findall(r"`(\w+)`", cell)


@pytest.fixture
def script():
    path = ROOT / "tools" / "build_shape_rules.py"
    spec = importlib.util.spec_from_file_location("build_shape_rules_", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_each_layer_class_is_listed_with_rule_type(name):
    kind = CLASSES[name].__name__
    found = [row for row in rows("Layers") if name in names(row[0])]
    assert [names(row[0])[0] for row in found] == [kind], "run tools/build_shape_rules.py"
    if kind in {rule.kind for rule in shape_preserving.RULES}:
        assert found[0][1].startswith("does not change shape")
    elif kind in LAYERS:
        assert found[0][1:] == ["rule", f"<{LAYERS[kind].source}>"]
    else:
        assert found[0][1].startswith("fallback")


def test_each_layer_class_with_rule_is_listed():
    listed = {names(row[0])[0] for row in rows("Layers")}
    assert set(LAYERS) <= listed


def test_each_operation_with_rule_is_listed():
    listed = {kind: row[0] for row in rows("Raw operations") for kind in names(row[1])}
    assert listed == {kind: f"<{rule.source}>" for kind, rule in OPERATIONS.items()}


@pytest.mark.skipif(keras.__version__ != NEWEST, reason="it lists the classes of another Keras")
def test_page_matches_script_output(script):
    assert script.page() == PAGE, "run tools/build_shape_rules.py"
