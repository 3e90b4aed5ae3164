"""The constructor of a layer in the learner's code: its arguments, and those of its siblings."""

import ast
import inspect
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kfunc_lab.mistakes.failure import Failure, name_of
from kfunc_lab.mistakes.names.scope import Evaluator, names_of_frame
from kfunc_lab.mistakes.search.sites import Sites, last_name
from kfunc_lab.mistakes.source.code import Code, begin_of
from kfunc_lab.mistakes.source.edit import Change

# The sizes of a layer: one whole number each.
COUNTS = {
    "units", "filters", "output_dim", "input_dim", "num_heads", "key_dim", "n", "groups",
    "depth_multiplier", "value_dim",
}  # fmt: skip
# The sizes that may also be given for each axis.
WINDOWS = {"kernel_size", "pool_size", "strides", "dilation_rate", "size"}
_UNKNOWN = object()


@dataclass(frozen=True)
class Argument:
    """An argument that a constructor passes.

    Attributes:
        name: The name of its parameter.
        node: Its expression.
        value: Its value; a special object if it is not known.
    """

    name: str
    node: ast.expr
    value: Any

    @property
    def is_known(self) -> bool:
        """Whether the value can be told without running code."""
        return self.value is not _UNKNOWN


@dataclass(frozen=True)
class Constructor:
    """A call that creates a layer of Keras.

    Attributes:
        code: The file or cell.
        call: The call.
        cls: The class.
        names: The learner's variables.
    """

    code: Code
    call: ast.Call
    cls: type
    names: Mapping[str, Any]

    @classmethod
    def of(cls, failure: Failure) -> "Constructor | None":
        """Returns the constructor that failed, or that made the layer which failed."""
        code, node = failure.source, failure.expression
        names = names_of_frame(failure.scope)
        if code is not None and isinstance(node, ast.Call):
            inner = node.func if isinstance(node.func, ast.Call) else node
            made = layer_class(inner.func, names)
            if made is not None:
                return cls(code, inner, made, names)
        layer = failure.operation
        site = None if layer is None else Sites(failure).constructor(layer, name_of(layer))
        made = None if site is None else layer_class(site[1].func, names)
        if site is None or made is None:
            return None
        return cls(site[0], site[1], made, names)

    @property
    def kind(self) -> str:
        """The name of the class."""
        return self.cls.__name__

    def parameters(self) -> dict[str, inspect.Parameter]:
        """Returns the parameters of the class, without those that stand for any others."""
        variadic = inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL
        found = inspect.signature(self.cls).parameters
        return {name: each for name, each in found.items() if each.kind not in variadic}

    def arguments(self) -> list[Argument]:
        """Returns the arguments that the call passes."""
        return list(_arguments(self.call, self.parameters(), self.names))

    def argument(self, name: str) -> Argument | None:
        """Returns the argument of a name; `None` if it is not passed."""
        return next((each for each in self.arguments() if each.name == name), None)

    def siblings(self, name: str) -> list[str]:
        """Returns the source of an argument in other calls of the class, the nearest first."""
        found = []
        for call in self._others():
            if last_name(call.func) == self.kind:
                for each in _arguments(call, self.parameters(), self.names):
                    if each.name == name and is_right(name, each.value, self.kind):
                        found.append((self._distance(call), self.code.source(each.node)))
        return list(dict.fromkeys(source for _distance, source in sorted(found)))

    def numbers(self) -> list[str]:
        """Returns the whole numbers that calls in the cell pass, those of sizes first."""
        found = []
        for call in self._others():
            cls = layer_class(call.func, self.names)
            if cls is None:
                continue
            parameters = Constructor(self.code, call, cls, self.names).parameters()
            for each in _arguments(call, parameters, self.names):
                is_size = each.name in COUNTS and each.name != "input_dim"
                if is_size and is_right(each.name, each.value, cls.__name__):
                    found.append((self._distance(call), str(each.value)))
                if each.name == "target_shape":
                    found += [(self._distance(call), it) for it in _products(each.value)]
        nearest = sorted(found, key=lambda it: it[0])
        return list(dict.fromkeys(source for _distance, source in nearest))

    def _others(self) -> Iterator[ast.Call]:
        yield from (call for call in self.code.calls_near(self.call) if call is not self.call)

    def _distance(self, call: ast.Call) -> int:
        return abs(begin_of(call)[0] - begin_of(self.call)[0])

    # -- changes

    def with_value(self, name: str, source: str) -> tuple[Change, ...]:
        """Sets an argument, in its place or by its name."""
        given = self.argument(name)
        if given is not None:
            return (self.code.replaced(given.node, source),)
        order = list(self.parameters())
        args = self.call.args
        if name in order and order.index(name) == len(args):
            if args:
                end = (args[-1].end_lineno or 0, args[-1].end_col_offset or 0)
                return (Change(self.code.file, end, end, f", {source}"),)
            if self.call.keywords:
                begin = begin_of(self.call.keywords[0])
                return (Change(self.code.file, begin, begin, f"{source}, "),)
            line, column = self.call.end_lineno or 0, (self.call.end_col_offset or 0) - 1
            return (Change(self.code.file, (line, column), (line, column), source),)
        return (self.code.with_argument(self.call, name, source),)

    def without(self, name: str) -> tuple[Change, ...]:
        """Leaves out an argument that is passed by its name, or by position as the last one."""
        change = self.code.without_argument(self.call, name)
        if change is None and self.call.args and not self.call.keywords:
            given = self.arguments()[: len(self.call.args)]
            if given and given[-1].name == name:
                words = ", ".join(map(self.code.source, self.call.args[:-1]))
                function = self.code.source(self.call.func)
                change = self.code.replaced(self.call, f"{function}({words})")
        return () if change is None else (change,)


def layer_class(function: ast.expr, names: Mapping[str, Any]) -> type | None:
    """Returns the class of Keras's layers that an expression names."""
    import keras

    found = Evaluator(names, calls=False).look_up(function)
    if not isinstance(found, type) or not issubclass(found, keras.Layer):
        return None
    return found if getattr(keras.layers, found.__name__, None) is found else None


def _arguments(
    call: ast.Call, parameters: Mapping[str, Any], names: Mapping[str, Any]
) -> Iterator[Argument]:
    evaluator = Evaluator(names, calls=False)
    pairs = list(zip(parameters, call.args, strict=False))
    pairs += [(each.arg, each.value) for each in call.keywords if each.arg]
    for name, node in pairs:
        if isinstance(node, ast.Starred):
            return
        try:
            value = evaluator.value(node)
        except Exception:  # the learner's code, or a missing name
            value = _UNKNOWN
        yield Argument(name, node, value)


def _products(shape: Any) -> list[str]:
    """Returns the number of elements of a shape, and of its last axes, the largest first."""
    sizes = shape if isinstance(shape, (tuple, list)) else ()
    if not all(map(is_count, sizes)):
        return []
    return [str(math.prod(sizes[place:])) for place in range(len(sizes))]


def rank_of(kind: str) -> int:
    """Returns the number of axes that a layer's window moves along; 0 if it has none."""
    match = re.search(r"([123])D", kind)
    return int(match[1]) if match else 0


def is_right(name: str, value: Any, kind: str) -> bool:
    """Returns whether a value is of the type that a parameter needs."""
    if name in COUNTS:
        return is_count(value)
    if name in WINDOWS:
        if is_count(value):
            return True
        sizes = value if isinstance(value, (tuple, list)) else ()
        rank = rank_of(kind)
        return bool(sizes) and all(map(is_count, sizes)) and rank in (0, len(sizes))
    return value is not _UNKNOWN


def is_count(value: Any) -> bool:
    """Returns whether a value is a positive whole number."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
