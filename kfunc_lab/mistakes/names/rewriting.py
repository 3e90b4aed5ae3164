"""Writes the learner's code anew: old functions are replaced by today's, arguments included.

All old functions of a statement, or of a whole function, are replaced together: otherwise the
code would fail again at the next one.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

from kfunc_lab.mistakes.names.nearest import exists, today, value_of
from kfunc_lab.mistakes.names.scope import (
    Evaluator,
    GoneName,
    canonical,
    dotted,
    module_named,
    short_name,
)
from kfunc_lab.mistakes.names.table import OldFunction, functions, methods
from kfunc_lab.mistakes.names.template import fill, in_parentheses
from kfunc_lab.mistakes.names.turns import CannotTurnError
from kfunc_lab.mistakes.source.code import Code, begin_of
from kfunc_lab.mistakes.source.edit import Change

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_OPERATORS = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.IfExp)
_MODULES = {"ops": "keras.ops", "layers": "keras.layers", "random": "keras.random"}


@dataclass
class Rewriting:
    """Code that was written anew.

    Attributes:
        changes: The changes of the source.
        replaced: The source of each old function that was replaced, such as `"K.sum"`, with the
            source of today's.
        unknown: The source of each old function that could not be replaced.
    """

    changes: list[Change] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def rewritten(
    code: Code,
    nodes: ast.AST | list[ast.AST],
    names: Mapping[str, Any],
    symbolic: set[str] | None = None,
    modules: tuple[str, ...] = ("tf", "K", "np", "math"),
    known: Mapping[ast.AST, Any] | None = None,
    function: ast.AST | None = None,
) -> Rewriting:
    """Replaces the old functions in statements, expressions or a function.

    Args:
        code: The source of the file or cell.
        nodes: The parts of its syntax tree to write anew, in order.
        names: The variables that the code sees.
        symbolic: The variables that hold symbolic tensors: only functions of these are
            replaced. `None`: all functions, as in a loss that takes tensors of any kind.
        modules: The short names of the modules whose functions are replaced.
        known: Values of expressions that are known already.
        function: The function in which `symbolic` holds; `None` for the code outside of functions.

    Returns:
        The changes, and what was replaced by what.
    """
    writer = _Writer(code, names, symbolic, modules, known or {})
    writer.inside = function
    for node in nodes if isinstance(nodes, list) else [nodes]:
        writer.write(node)
    if writer.result.changes and writer.imports:
        writer.add_imports()
    return writer.result


def function_at(code: Code, line: int, name: str) -> _Function | None:
    """Returns the function or lambda that begins at a line of a file or cell.

    Args:
        code: The source of the file or cell.
        line: The line, as in `function.__code__.co_firstlineno`.
        name: The name of its code, such as `"dice"` or `"<lambda>"`.
    """
    for node in ast.walk(code.tree):
        if isinstance(node, ast.Lambda) and name == "<lambda>" and node.lineno == line:
            return node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            if line in (first, node.lineno):
                return node
    return None


class _Writer:
    """Replaces old functions in one file or cell."""

    def __init__(
        self,
        code: Code,
        names: Mapping[str, Any],
        symbolic: set[str] | None,
        modules: tuple[str, ...],
        known: Mapping[ast.AST, Any],
    ) -> None:
        self._code, self._names, self._modules = code, names, modules
        self._values = Evaluator(names, known)
        self._lookup = Evaluator(names, known, calls=False)
        self._symbolic = None if symbolic is None else set(symbolic)
        self._kept = frozenset(self._symbolic or ())
        self.inside: ast.AST | None = None
        self._is_elsewhere = False  # in a function whose variables are not known
        self.result = Rewriting()
        self.imports: list[str] = []

    def write(self, node: ast.AST) -> None:
        """Adds the changes of a statement or expression, and follows its assignments."""
        if isinstance(node, ast.FunctionDef) and self._symbolic is not None:
            self._write_function(node)
            return
        self._write_parts(node)

    def _write_function(self, node: ast.FunctionDef) -> None:
        """Writes a function; in all but the failing one, only gone names are replaced."""
        before, is_inside = (self._symbolic, self._is_elsewhere), self._holds(node)
        self._symbolic = set(self._symbolic or ()) if is_inside else set()
        self._is_elsewhere = not is_inside
        self._write_parts(node)
        self._symbolic, self._is_elsewhere = before

    def _holds(self, node: ast.AST) -> bool:
        """Returns whether a function is the failing one, or is around or inside of it."""
        if self.inside is None:
            return False
        inner: ast.AST | None = self.inside
        while inner is not None and inner is not node:
            inner = self._code.parents.get(inner)
        outer: ast.AST | None = node
        while outer is not None and outer is not self.inside:
            outer = self._code.parents.get(outer)
        return inner is node or outer is self.inside

    def _write_parts(self, node: ast.AST) -> None:
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.stmt):
                self.write(part)
            elif isinstance(node, ast.stmt | ast.mod):
                self._write_expression(part)
        if not isinstance(node, ast.stmt | ast.mod):
            self._write_expression(node)
        self._follow(node)

    def _write_expression(self, node: ast.AST) -> None:
        for old in self._outermost(node):
            new = self._beside(old, self._source(old))
            if new != self._code.source(old):
                self.result.changes.append(self._code.replaced(old, new))

    def add_imports(self) -> None:
        """Adds an import line before the first statement that changes."""
        first = min(change.begin for change in self.result.changes)
        for statement in self._code.tree.body:
            if begin_of(statement) <= first and statement.end_lineno >= first[0]:  # type: ignore[operator]
                for line in dict.fromkeys(self.imports):
                    self.result.changes.append(self._code.line_before(statement, line))
                return

    # -- which functions are replaced

    def _outermost(self, node: ast.AST) -> Iterator[ast.expr]:
        if isinstance(node, ast.expr) and self._is_old(node):
            yield node
            return
        for child in ast.iter_child_nodes(node):
            yield from self._outermost(child)

    def _is_old(self, node: ast.expr) -> bool:
        return self._entry(node) is not None or bool(self._new_place(node))

    def _entry(self, node: ast.AST) -> OldFunction | None:
        """Returns the old function or method that an expression calls or names."""
        function = node.func if isinstance(node, ast.Call) else node
        if not isinstance(function, ast.Attribute | ast.Name):
            return None
        name = canonical(function, self._names)
        if not name and isinstance(function, ast.Attribute):
            return self._method(function, node)
        old = methods().get(name)
        if old is not None and (isinstance(node, ast.Call) or old.attribute or not old.new):
            return old if self._is_gone(function) else None
        return self._function(name, node, function)

    def _function(self, name: str, node: ast.AST, function: ast.expr) -> OldFunction | None:
        """Returns the function of a module that an expression calls or names."""
        if name.split(".")[0] not in self._modules:
            return None
        old = functions().get(name)
        if old is None or (name.startswith("K.") and self._exists(function)):
            return None
        if not isinstance(node, ast.Call):
            return old if self._is_gone(function) else None
        if self._symbolic is None or self._is_gone(function):
            return old
        parts = [*node.args, *(keyword.value for keyword in node.keywords)]
        return old if any(map(self._is_symbolic, parts)) else None

    def _method(self, function: ast.Attribute, node: ast.AST) -> OldFunction | None:
        """Returns the method or attribute that an object of Keras no longer has."""
        if isinstance(getattr(function, "ctx", None), ast.Del):
            return None
        if self._is_elsewhere:
            return None
        if function.attr in ("as_list", "value") and self._is_shape(function.value):
            return methods()[f"Shape.{function.attr}"]
        value = self._lookup.look_up(function.value)
        kinds = [base.__name__ for base in type(value).__mro__]
        if not {"Layer", "Optimizer", "KerasTensor"} & {*kinds} or _has(value, function.attr):
            return None
        entries = (methods().get(f"{kind}.{function.attr}") for kind in kinds)
        old = next((entry for entry in entries if entry is not None), None)
        if old is None or old.attribute == isinstance(node, ast.Call):
            return None
        return old

    def _is_shape(self, node: ast.expr) -> bool:
        """Returns whether an expression is the shape of a symbolic tensor, or one of its sizes."""
        if isinstance(node, ast.Subscript):
            node = node.value
        if isinstance(node, ast.Call):
            node = node.func
        if not isinstance(node, ast.Attribute) or node.attr not in ("shape", "get_shape"):
            return False
        return type(self._lookup.look_up(node.value)).__name__ == "KerasTensor"

    def _new_place(self, node: ast.AST) -> str:
        """Returns today's place of a name that a module of Keras no longer has."""
        if not isinstance(node, ast.Attribute):
            return ""
        name = canonical(node, self._names)
        if not name.startswith(("keras", "K.", "tf.keras")) or not self._is_gone(node):
            return ""
        place = today(
            name.replace("K.", "keras.backend.", 1) if name.startswith("K.") else name
        )
        is_called = getattr(self._code.parents.get(node), "func", None) is node
        return "" if is_called and isinstance(value_of(place), ModuleType) else place

    def _exists(self, function: ast.expr) -> bool:
        """Returns whether today's `keras.backend` has a function of the old one."""
        import keras

        name = dotted(function).rpartition(".")[2]
        return hasattr(keras.backend, name)

    def _is_gone(self, function: ast.expr) -> bool:
        """Returns whether a module does not have a name, or the module itself is gone."""
        if not isinstance(function, ast.Attribute):
            value = self._names.get(function.id) if isinstance(function, ast.Name) else None
            return isinstance(value, GoneName)
        module = module_named(function.value, self._names)
        if module is None:
            return isinstance(function.value, ast.Attribute) and self._is_gone(function.value)
        return not _has(module, function.attr)

    def _is_symbolic(self, node: ast.AST) -> bool:
        """Returns whether an expression computes with symbolic tensors."""
        if isinstance(node, ast.Attribute) and node.attr in ("shape", "dtype", "ndim"):
            return False
        if isinstance(node, ast.Name):
            return node.id in (self._symbolic or ())
        return any(map(self._is_symbolic, ast.iter_child_nodes(node)))

    def _follow(self, node: ast.AST) -> None:
        """Notes the variables that a statement gives symbolic tensors."""
        if self._symbolic is None or not isinstance(node, ast.Assign | ast.AugAssign):
            return
        is_input = isinstance(node.value, ast.Call) and dotted(node.value.func).endswith(
            "Input"
        )
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        assigned = {
            part.id
            for target in targets
            for part in ast.walk(target)
            if isinstance(part, ast.Name)
        }
        if is_input or self._is_symbolic(node.value):
            self._symbolic |= assigned
        elif isinstance(node, ast.Assign):
            self._symbolic -= assigned - self._kept

    # -- the new source

    def _source(self, node: ast.expr) -> str:
        """Returns the source of an expression, with the old functions in it replaced."""
        if self._entry(node) is None and (place := self._new_place(node)):
            new = self._place(place, node)
            self.result.replaced.setdefault(self._code.source(node), new)
            return new
        old = self._entry(node)
        if old is None:
            return self._with_inner(node)
        call = node
        if not isinstance(call, ast.Call):
            if not old.attribute:
                return self._named(node, old)
            call = ast.Call(node, [], [])
            object_of = old.parameters or "self"
            old = OldFunction(old.names, object_of, old.new, old.dropped, True)
        try:
            if not _stands(old.new):
                raise CannotTurnError(old.new)  # this version of Keras has no such function
            new = fill(old, call, self._source, self._spelled, self._values)
        except CannotTurnError:
            self.result.unknown.append(self._code.source(call.func))
            return self._with_inner(node)
        self.result.replaced.setdefault(self._code.source(call.func), _function_of(new))
        return new

    def _named(self, node: ast.expr, old: OldFunction) -> str:
        """Returns today's name of a function that is named without a call."""
        template = old.template if old.new else None
        name = dotted(template.func) if isinstance(template, ast.Call) else ""
        root, _, rest = name.partition(".")
        if root not in ("ops", "random") or not rest:
            self.result.unknown.append(self._code.source(node))
            return self._code.source(node)
        new = f"{self._spelled(root)}.{rest}"
        self.result.replaced.setdefault(self._code.source(node), new)
        return new

    def _with_inner(self, node: ast.expr) -> str:
        """Returns the source of an expression, with the parts of it written anew."""
        text = self._code.source(node)
        parts = [
            each for child in ast.iter_child_nodes(node) for each in self._outermost(child)
        ]
        begin = (node.lineno, node.col_offset)
        for part in sorted(parts, key=begin_of, reverse=True):
            first, last = _within(begin, part)
            lines = text.encode()
            starts = _line_starts(lines)
            head = lines[: starts[first[0]] + first[1]]
            tail = lines[starts[last[0]] + last[1] :]
            new = self._beside(part, self._source(part))
            text = (head + new.encode() + tail).decode()
        return text

    def _beside(self, node: ast.expr, new: str) -> str:
        """Returns the new source of a node, in parentheses if an operator stands beside it."""
        parent = self._code.parents.get(node)
        if isinstance(parent, _OPERATORS) or getattr(parent, "value", None) is node:
            is_alone = isinstance(parent, ast.stmt | ast.keyword)
            return new if is_alone else in_parentheses(new)
        return new

    def _spelled(self, name: str) -> str:
        """Returns the code for a module of Keras, where the learner's code sees it."""
        if name == "keras":
            return self._keras()
        value = self._names.get(name)
        if isinstance(value, ModuleType) and short_name(value) == _MODULES[name]:
            return name
        return f"{self._keras()}.{name}"

    def _place(self, place: str, node: ast.expr) -> str:
        """Returns the code for a place such as `keras.layers.LSTM`, by the learner's own names."""
        module, _, name = place.rpartition(".")
        own = dotted(node).split(".")[0]
        for variable in dict.fromkeys([own, module.rpartition(".")[2]]):
            value = self._names.get(variable)
            if isinstance(value, ModuleType) and short_name(value) == module:
                return f"{variable}.{name}"
        if short_name(self._names.get(own)) == "tf" and place.startswith("keras."):
            return f"{own}.{place}"
        if place.startswith("tensorflow."):
            self.imports.append("import tensorflow as tf")
            return place.replace("tensorflow", "tf", 1)
        return f"{self._keras()}{place.removeprefix('keras')}"

    def _keras(self) -> str:
        for name in ("keras", "K"):
            value = self._names.get(name)
            if isinstance(value, ModuleType) and short_name(value) in ("keras", "tf.keras"):
                return name
        self.imports.append("import keras")
        return "keras"


def _has(value: Any, name: str) -> bool:
    try:
        return hasattr(value, name)
    except Exception:  # a property may raise anything
        return True


@cache
def _stands(template: str) -> bool:
    """Returns whether everything exists that today's expression calls."""
    if not template:
        return True
    for node in ast.walk(ast.parse(template, mode="eval")):
        root, _dot, rest = dotted(node).partition(".")
        if rest and root in (*_MODULES, "keras"):
            place = f"{_MODULES.get(root, root)}.{rest}"
            if not exists(place):
                return False
    return True


def _function_of(source: str) -> str:
    """Returns the function that an expression calls, or the expression."""
    tree = ast.parse(source, mode="eval").body
    return (dotted(tree.func) if isinstance(tree, ast.Call) else "") or source


def _within(begin: tuple[int, int], part: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Returns the place of a part, counted from the begin of the expression around it."""

    def relative(line: int, column: int) -> tuple[int, int]:
        return (line - begin[0], column - (begin[1] if line == begin[0] else 0))

    return (
        relative(part.lineno, part.col_offset),
        relative(part.end_lineno, part.end_col_offset),
    )


def _line_starts(text: bytes) -> list[int]:
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts
