"""Follows the statements of the learner's code."""

import ast
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from kfunc_lab.mistakes.ahead.expressions import Expressions
from kfunc_lab.mistakes.ahead.layers import KnownCalls
from kfunc_lab.mistakes.ahead.values import UNKNOWN, Function, MisfitError, Tensor, is_open
from kfunc_lab.mistakes.ahead.variables import Variables, is_plain
from kfunc_lab.mistakes.source.code import Code

_MAX_STEPS = 20_000
_MAX_DEPTH = 6
_MAX_TURNS = 60


class StoppedError(Exception):
    """The code cannot be followed further, because it takes too long."""


class _ReturnError(Exception):
    """A function returns."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Follower:
    """Follows code statement by statement.

    Args:
        existing: The learner's variables as they are now.
        known_calls: What calls returned when the code ran, for layers without a rule.
        end: The time at which it stops.
        edited: The files whose functions are no longer what they were when they were defined.
    """

    def __init__(
        self,
        existing: Mapping[str, Any],
        known_calls: KnownCalls,
        end: float,
        edited: Collection[str] = (),
    ) -> None:
        self.existing = existing
        self.known_calls = known_calls
        self.end = end
        self.edited = edited
        self.node: ast.AST | None = None  # the statement that is followed
        self.ran_until = -1
        self._steps = 0
        self._depth = 0

    def step(self, node: ast.AST) -> None:
        """Counts a step.

        Raises:
            StoppedError: If there were too many.
        """
        self._steps += 1
        if self._steps > _MAX_STEPS or (
            self._steps % 64 == 0 and time.perf_counter() > self.end
        ):
            raise StoppedError

    def cell(self, body: Sequence[ast.stmt], variables: Variables) -> None:
        """Follows the statements of a cell, and remembers which one is followed."""
        for statement in body:
            self.node = statement
            self.statements([statement], variables)

    def statements(self, body: Sequence[ast.stmt], variables: Variables) -> None:
        """Follows statements.

        Raises:
            MisfitError: If Keras would refuse a call.
            StoppedError: If it takes too long.
        """
        for statement in body:
            self.step(statement)
            method = getattr(self, f"_{type(statement).__name__.lower()}", None)
            if method is not None:
                method(statement, variables)
            else:
                self._forget(statement, variables)

    def _has_run(self, node: ast.stmt) -> bool:
        return self._depth == 0 and (node.end_lineno or node.lineno) < self.ran_until

    # -- simple statements

    def _expr(self, node: ast.Expr, variables: Variables) -> None:
        Expressions(self, variables).value(node.value)

    def _assign(self, node: ast.Assign, variables: Variables) -> None:
        value = Expressions(self, variables).value(node.value)
        for target in node.targets:
            self.bind(target, value, variables, self._has_run(node))

    def _annassign(self, node: ast.AnnAssign, variables: Variables) -> None:
        if node.value is not None:
            value = Expressions(self, variables).value(node.value)
            self.bind(node.target, value, variables, self._has_run(node))

    def _augassign(self, node: ast.AugAssign, variables: Variables) -> None:
        if isinstance(node.target, ast.Name):
            load = ast.Name(node.target.id, ast.Load())
            value = Expressions(self, variables).value(ast.BinOp(load, node.op, node.value))
            variables.set(node.target.id, value)

    def _return(self, node: ast.Return, variables: Variables) -> None:
        raise _ReturnError(Expressions(self, variables).value(node.value))

    def _pass(self, node: ast.Pass, variables: Variables) -> None:
        pass

    def _assert(self, node: ast.Assert, variables: Variables) -> None:
        pass

    def _functiondef(self, node: ast.FunctionDef, variables: Variables) -> None:
        value = UNKNOWN if node.decorator_list else Function(node, variables)
        variables.set(node.name, value)

    def _import(self, node: ast.Import | ast.ImportFrom, variables: Variables) -> None:
        for alias in node.names:
            name = (alias.asname or alias.name).partition(".")[0]
            variables.own[name] = self.existing.get(name, UNKNOWN)

    _importfrom = _import

    def _classdef(self, node: ast.ClassDef, variables: Variables) -> None:
        variables.own[node.name] = self.existing.get(node.name, UNKNOWN)

    def bind(
        self, target: ast.expr, value: Any, variables: Variables, has_run: bool = False
    ) -> None:
        """Assigns a value to a target, such as the names of a tuple."""
        if isinstance(target, ast.Name):
            variables.set(target.id, value, has_run=has_run)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target.elts, value, variables, has_run)
        elif isinstance(target, ast.Subscript):
            owner = Expressions(self, variables).value(target.value)
            key = Expressions(self, variables).value(target.slice)
            if isinstance(owner, (dict, list)) and is_plain(key):
                try:
                    owner[key] = value
                except (LookupError, TypeError):
                    return

    def _unpack(
        self, targets: list[ast.expr], value: Any, variables: Variables, has_run: bool
    ) -> None:
        if isinstance(value, Tensor):
            raise MisfitError  # Keras does not iterate over a symbolic tensor
        is_known = isinstance(value, (list, tuple, range))
        stars = [n for n, each in enumerate(targets) if isinstance(each, ast.Starred)]
        if is_known and not stars and len(value) != len(targets):
            raise MisfitError
        if not is_known or (stars and len(value) < len(targets) - 1):
            for target in targets:
                self.bind(_inner(target), UNKNOWN, variables, has_run)
            return
        values = list(value)
        if stars:
            first, rest = stars[0], len(targets) - stars[0] - 1
            end = len(values) - rest
            values = [*values[:first], values[first:end], *values[end:]]
        for target, item in zip(targets, values, strict=True):
            self.bind(_inner(target), item, variables, has_run)

    # -- statements with a body

    def _for(self, node: ast.For, variables: Variables) -> None:
        values = Expressions(self, variables).value(node.iter)
        if isinstance(values, Tensor):
            raise MisfitError
        if isinstance(values, dict):
            values = list(values)
        if not isinstance(values, (list, tuple, range)) or len(values) > _MAX_TURNS:
            self._forget(node, variables)
            return
        for value in values:
            self.bind(node.target, value, variables)
            self.statements(node.body, variables)

    def _if(self, node: ast.If, variables: Variables) -> None:
        test = Expressions(self, variables).value(node.test)
        if is_plain(test):
            self.statements(node.body if test else node.orelse, variables)
        else:
            self._forget(node, variables)

    def _with(self, node: ast.With, variables: Variables) -> None:
        self.statements(node.body, variables)

    def _try(self, node: ast.Try, variables: Variables) -> None:
        self.statements(node.body, variables)

    def _forget(self, node: ast.AST, variables: Variables) -> None:
        """Forgets the names that a statement assigns, which cannot be followed."""
        for name in bound_names([node]):
            variables.own[name] = UNKNOWN

    # -- functions of the learner

    def inside(self, function: Function, arguments: list[Any], named: dict[str, Any]) -> Any:
        """Follows a call of a function of the learner, and returns what it returns."""
        node = function.node
        variables = Variables({}, around=function.around)
        parameters = self._parameters(node.args, arguments, named, function)
        if parameters is None or self._depth >= _MAX_DEPTH:
            return UNKNOWN
        variables.own |= parameters
        if isinstance(node, ast.Lambda):
            return Expressions(self, variables).value(node.body)
        self._depth += 1
        try:
            self.statements(node.body, variables)
        except _ReturnError as result:
            return result.value
        finally:
            self._depth -= 1
        return None

    def _parameters(
        self, node: ast.arguments, arguments: list[Any], named: dict[str, Any], of: Function
    ) -> dict[str, Any] | None:
        names = [each.arg for each in (*node.posonlyargs, *node.args)]
        if node.vararg is not None or node.kwarg is not None or len(arguments) > len(names):
            return None
        around = Expressions(self, of.around)
        values: dict[str, Any] = {}
        for name, default in zip(reversed(names), reversed(node.defaults), strict=False):
            values[name] = around.value(default)
        for each, own in zip(node.kwonlyargs, node.kw_defaults, strict=True):
            values[each.arg] = UNKNOWN if own is None else around.value(own)
        values |= dict(zip(names, arguments, strict=False)) | named
        known = {*names, *(each.arg for each in node.kwonlyargs)}
        return values if set(values) == known else None

    def inside_existing(
        self, function: Any, arguments: list[Any], named: dict[str, Any]
    ) -> Any:
        """Follows a call of a function that exists already, from its source."""
        place = function.__code__
        code = Code.of(place.co_filename)
        is_edited = place.co_filename in self.edited
        if code is None or is_edited or is_open([function.__globals__]):
            return UNKNOWN
        for node in ast.walk(code.tree):
            if not isinstance(node, ast.FunctionDef) or node.name != function.__name__:
                continue
            if place.co_firstlineno in (node.lineno, *_decorators(node)):
                around = Variables(function.__globals__)
                return self.inside(Function(node, around), arguments, named)
        return UNKNOWN


def _decorators(node: ast.FunctionDef) -> list[int]:
    return [each.lineno for each in node.decorator_list]


def _inner(target: ast.expr) -> ast.expr:
    return target.value if isinstance(target, ast.Starred) else target


def bound_names(nodes: Iterable[ast.AST]) -> Counter[str]:
    """Counts how often code assigns each name, without the bodies of its functions."""
    return Counter(name for node in nodes for name in _bound(node))


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield node.name
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0]
    if isinstance(node, (ast.Lambda, ast.ListComp, ast.GeneratorExp, ast.DictComp)):
        return
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)
