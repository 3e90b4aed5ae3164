"""The learner's cells: where a name was assigned, and where a layer or a model was made."""

import ast
import inspect
import linecache
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.ui.text import snake_case

_MAX_CELLS = 200


def is_cell(file: str) -> bool:
    """Returns whether Python compiled a file's code from a cell of a notebook."""
    return bool(re.match(r"<ipython-input-", file) or re.search(r"ipykernel_\d+[/\\]", file))


def earlier_code(file: str) -> Iterator[Code]:
    """Yields a file or cell, and for a cell also the other cells that ran, the latest first."""
    files = [file]
    if is_cell(file):
        files += [name for name in latest_cells() if name != file]
    for name in files[:_MAX_CELLS]:
        code = _parsed(name, "".join(linecache.getlines(name)))
        if code is not None:
            yield code


def latest_cells() -> list[str]:
    """Returns the names of the cells that ran, the latest first."""
    ran = _history()
    known = [name for name in reversed(list(linecache.cache)) if is_cell(name)]
    # A cell that ran twice without a change keeps its first place among the lines.
    places = {name: ran.get("".join(linecache.getlines(name)).strip(), -1) for name in known}
    return sorted(known, key=lambda name: places[name], reverse=True)


@lru_cache(maxsize=2 * _MAX_CELLS)
def _parsed(file: str, text: str) -> Code | None:
    """Returns the code of a cell; a notebook's cells are read several times for one mistake."""
    code = Code.of(file)
    return code if code is not None and code.text == text else None


def _history() -> dict[str, int]:
    """Returns the number of the last run of each cell, by its source."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    ran = getattr(getattr(shell, "history_manager", None), "input_hist_parsed", None) or []
    return {source.strip(): number for number, source in enumerate(ran)}


def is_before(code: Code, node: ast.AST, file: str, line: int) -> bool:
    """Returns whether a node stands before a line of a file; other files ran before."""
    return code.file != file or getattr(node, "lineno", 0) < line


def assigned(
    name: str, file: str, line: int, accept: Callable[[ast.expr], bool] = lambda value: True
) -> tuple[Code, ast.expr] | None:
    """Finds the last statement that assigns a name.

    Args:
        name: The name.
        file: The file that uses the name.
        line: The line that uses it.
        accept: Whether a value is one that is looked for.

    Returns:
        The code, and the expression whose value the name got; `None` if there is none.
    """
    for code in earlier_code(file):
        found = [
            value
            for node in ast.walk(code.tree)
            if isinstance(node, ast.Assign) and is_before(code, node, file, line)
            for value in _values(node, name)
            if accept(value)
        ]
        if found:
            return code, max(found, key=lambda value: value.lineno)
    return None


def _values(node: ast.Assign, name: str) -> Iterator[ast.expr]:
    for target in node.targets:
        if isinstance(target, ast.Name) and target.id == name:
            yield node.value
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = zip(target.elts, node.value.elts, strict=False)
            yield from (
                value for each, value in pairs if isinstance(each, ast.Name) and each.id == name
            )


def definition(name: str, file: str) -> tuple[Code, Any] | None:
    """Finds the last definition of a function or class; `None` if there is none."""
    for code in earlier_code(file):
        found = [
            node
            for node in ast.walk(code.tree)
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name
        ]
        if found:
            return code, max(found, key=lambda node: node.lineno)
    return None


def made_by(
    layer: Any, name: str, file: str, shape: Sequence[int | None] | None = None
) -> tuple[Code, ast.Call] | None:
    """Finds the call of a class that made a layer.

    Args:
        layer: The layer, or the name of its class.
        name: The layer's name.
        file: The file that failed.
        shape: The shape of an input with the batch, if the layer is one; the call does not
            write another one.

    Returns:
        The code and the call; `None` if more than one call may have made it.
    """
    kind = layer if isinstance(layer, str) else type(layer).__name__
    for code in earlier_code(file):
        calls = [
            call
            for call in code.calls
            if _called(call) == kind and _may_make(call, layer) and _has_shape(call, shape)
        ]
        exact = [call for call in calls if _name_argument(call) == name]
        unnamed = [call for call in calls if _name_argument(call) is None]
        if exact:
            return code, exact[-1]
        if not re.fullmatch(rf"{snake_case(kind)}(_\d+)?|input_layer(_\d+)?", name):
            continue  # Keras did not make this name, so it stands in the source
        if len(unnamed) == 1:
            return code, unnamed[0]
        if unnamed:
            return None
    return None


def _may_make(call: ast.Call, layer: Any) -> bool:
    """Returns whether the constants among the arguments are settings of the layer."""
    if isinstance(layer, str):
        return True
    try:
        names = list(inspect.signature(type(layer).__init__).parameters)[1:]
        settings = layer.get_config()
    except Exception:  # an own layer may not return its configuration
        return True
    passed = dict(zip(names, call.args, strict=False))
    passed |= {each.arg: each.value for each in call.keywords if each.arg}
    return all(
        settings.get(name, node.value) == node.value
        for name, node in passed.items()
        if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, str))
    )


def _has_shape(call: ast.Call, shape: Sequence[int | None] | None) -> bool:
    """Returns whether a call of `Input` writes a shape, or none that can be read."""
    if shape is None:
        return True
    written = next((each.value for each in call.keywords if each.arg == "shape"), None)
    node = written or (call.args[0] if call.args else None)
    try:
        sizes = None if node is None else ast.literal_eval(node)
    except ValueError:
        return True
    return not isinstance(sizes, (list, tuple)) or tuple(sizes) == tuple(shape[1:])


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _name_argument(call: ast.Call) -> str | None:
    for keyword in call.keywords:
        if keyword.arg == "name":
            return str(getattr(keyword.value, "value", ""))
    return None
