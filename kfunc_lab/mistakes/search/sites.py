"""Finds the place in the learner's code that creates a layer of the graph."""

import ast
import inspect
import linecache
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kfunc_lab.graph.keras.settings import configuration, constructor_defaults
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.source.code import Code

_CELL = re.compile(r"^<ipython-input|[\\/]ipykernel_\d+[\\/]")
_MAX_FILES = 200
# Settings that are off unless the source passes them, by their names.
_SWITCHES = ("return_state", "return_sequences")

# A call in the learner's code, with the file or cell that holds it.
Site = tuple[Code, ast.Call]


class Sites:
    """The learner's code, searched for the constructors of layers.

    Args:
        failure: The failed call, whose file is searched first.
        lines: The file and the line that called each layer, by the id of its first call, if that
            is known.
    """

    def __init__(
        self, failure: Failure, lines: Mapping[str, tuple[str, int]] | None = None
    ) -> None:
        self._failure = failure
        self._lines = lines or {}
        self._codes: dict[str, Code | None] = {}

    def files(self) -> Iterator[Code]:
        """Yields the failed file or cell, then the other cells, the latest first."""
        names = [self._failure.frame[0]] if self._failure.frame else []
        cells = [name for name in reversed(list(linecache.cache)) if _CELL.search(name)]
        for name in dict.fromkeys([*names, *cells[:_MAX_FILES]]):
            code = self.code(name)
            if code is not None:
                yield code

    def code(self, file: str) -> Code | None:
        """Returns the code of a file, which is parsed once."""
        if file not in self._codes:
            self._codes[file] = Code.of(file)
        return self._codes[file]

    def constructor(self, layer: Any, layer_id: str, peers: int = 0) -> Site | None:
        """Returns the expression that creates a layer; `None` if it is not certain.

        Args:
            layer: The layer.
            layer_id: The id of its first call.
            peers: The number of layers of its class that were created before it.
        """
        file, line = self._lines.get(layer_id, ("", 0))
        for code in self._in_order(file):
            calls = [call for call in code.calls if creates(call, layer)]
            if code.file == file and calls:
                return code, _nearest(code, calls, line)
            if len(calls) == 1:
                return code, calls[0]
            if calls:
                return (code, calls[peers]) if peers < len(calls) else None
        return None

    def assigned(self, variable: str, layer: Any) -> Site | None:
        """Returns the constructor that is assigned to a variable, such as `self.inner`."""
        for code in self.files():
            for node in ast.walk(code.tree):
                if (
                    isinstance(node, ast.Assign)
                    and isinstance(node.value, ast.Call)
                    and any(ast.unparse(target) == variable for target in node.targets)
                    and creates(node.value, layer)
                ):
                    return code, node.value
        return None

    def models(self, variable: str) -> Iterator[Site]:
        """Yields the calls of `keras.Model` that are assigned to a variable, the latest first."""
        for code in self.files():
            assigned = [
                node.value
                for node in ast.walk(code.tree)
                if isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and any(
                    isinstance(target, ast.Name) and target.id == variable
                    for target in node.targets
                )
            ]
            models = [call for call in assigned if last_name(call.func) == "Model"]
            yield from ((code, call) for call in reversed(models))

    def _in_order(self, file: str) -> list[Code]:
        return sorted(self.files(), key=lambda code: code.file != file)


def _nearest(code: Code, calls: list[ast.Call], line: int) -> ast.Call:
    """Returns the constructor in the statement at a line, or the last one above it."""

    def distance(call: ast.Call) -> tuple[int, int]:
        statement: Any = code.statement_of(call)
        if statement is not None and call.lineno <= line <= (call.end_lineno or line):
            return 0, 0
        if statement is not None and statement.lineno <= line <= statement.end_lineno:
            return 1, abs(call.lineno - line)
        return (2 if call.lineno <= line else 3), abs(call.lineno - line)

    return min(calls, key=distance)


def creates(call: ast.Call, layer: Any) -> bool:
    """Tells whether a call in the source may have created a layer: class, name and settings."""
    kind = type(layer).__name__
    if last_name(call.func) not in _function_names(kind):
        return False
    config = configuration(layer)
    if isinstance(config, Exception):
        return False
    arguments = literal_arguments(call, type(layer))
    name = arguments.pop("name", None)
    automatic = re.sub(r"_\d+$", "", layer.name).replace("_", "") == kind.lower()
    has_name = any(keyword.arg in ("name", None) for keyword in call.keywords)
    if name is not None and name != layer.name:
        return False
    if name is None and not has_name and not automatic:
        return False
    if not all(_agrees(config, key, value) for key, value in arguments.items()):
        return False
    return all(not config.get(switch) or _passes(call, switch) for switch in _SWITCHES)


def _passes(call: ast.Call, name: str) -> bool:
    return any(keyword.arg in (name, None) for keyword in call.keywords)


def _function_names(kind: str) -> tuple[str, ...]:
    if kind == "InputLayer":
        return ("Input", "InputLayer")
    return (kind, kind.lower())  # `layers.concatenate(tensors)` creates a Concatenate


def last_name(function: ast.expr) -> str:
    """Returns the last name of a called function, such as `"Dense"`."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def literal_arguments(call: ast.Call, cls: type) -> dict[str, Any]:
    """Returns the arguments of a constructor that the source writes as literals, by name."""
    names = parameters_of(cls)
    named = list(zip(names, call.args, strict=False))
    named += [(keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg]
    values = {}
    for name, expression in named:
        try:
            values[name] = ast.literal_eval(expression)
        except (ValueError, SyntaxError, TypeError):
            continue
    return values


def parameters_of(cls: Any) -> list[str]:
    """Returns the names of the parameters of a constructor, in order."""
    import keras

    if cls is keras.layers.InputLayer:
        cls = keras.Input
        return list(inspect.signature(cls).parameters)
    try:
        return list(inspect.signature(cls.__init__).parameters)[1:]
    except (TypeError, ValueError):
        return list(constructor_defaults(cls))


def _agrees(config: Mapping[str, Any], name: str, value: Any) -> bool:
    if name in ("shape", "batch_shape", "input_shape") and "batch_shape" in config:
        shape = tuple(config["batch_shape"] or ())
        given = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        return given == (shape if name == "batch_shape" else shape[1:])
    if name not in config:
        return True
    own = config[name]
    return own == value or _spread(own) == _spread(value) or isinstance(own, Mapping)


def _spread(value: Any) -> Any:
    """Returns one number for a tuple of equal numbers, as a constructor accepts both."""
    if isinstance(value, (list, tuple)):
        items = [_spread(item) for item in value]
        return items[0] if items and all(item == items[0] for item in items) else tuple(items)
    return value
