"""The rules of the package that the import contract in .importlinter cannot check."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from kfunc_lab.lessons.catalogue import lessons

PACKAGE = Path(__file__).parents[1] / "kfunc_lab"
MAX_FUNCTION = 60  # lines without the docstring
MAX_FOLDER = 15  # files beside __init__.py and lessons; only the shape rules exceed it
RULES = PACKAGE / "shapes" / "rules"
KERAS = PACKAGE / "graph" / "keras"
FILES = sorted(PACKAGE.rglob("*.py"))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def private_names_of_keras(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_keras_"):
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("keras.src"):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (
                alias.name for alias in node.names if alias.name.startswith("keras.src")
            )


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import keras\nx = tensor.shape", []),
        ("x = tensor._keras_history", ["_keras_history"]),
        ("import keras.src.ops", ["keras.src.ops"]),
        ("def f():\n    from keras.src.ops import node", ["keras.src.ops"]),
    ],
)
def test_private_names_are_recognised(code, names):
    assert list(private_names_of_keras(ast.parse(code))) == names


def test_only_one_package_uses_private_keras_names():
    elsewhere = [path for path in FILES if KERAS not in path.parents]
    found = {
        str(path.relative_to(PACKAGE)): names
        for path in elsewhere
        if (names := list(private_names_of_keras(tree(path))))
    }
    assert found == {}
    assert any(True for path in KERAS.glob("*.py") for _ in private_names_of_keras(tree(path)))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    return lines - (first.end_lineno - first.lineno + 1 if ast.get_docstring(function) else 0)


def test_functions_are_short():
    long = {
        f"{path.relative_to(PACKAGE)}: {node.name}": lines
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := length(node)) > MAX_FUNCTION
    }
    assert long == {}


def test_folders_hold_few_files():
    uncounted = {"__init__", *(lesson.slug for lesson in lessons())}
    folders = {path.parent for path in FILES}
    counts = {
        str(folder.relative_to(PACKAGE)): sum(
            path.stem not in uncounted for path in folder.glob("*.py")
        )
        for folder in folders
    }
    too_many = {name: count for name, count in counts.items() if count > MAX_FOLDER}
    assert set(too_many) <= {str(RULES.relative_to(PACKAGE))}


def test_every_file_has_docstring():
    unnamed = [path for path in FILES if not ast.get_docstring(tree(path))]
    assert unnamed == []
