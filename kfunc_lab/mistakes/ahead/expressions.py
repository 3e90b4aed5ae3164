"""Follows the expressions of the learner's code."""

import ast
import inspect
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kfunc_lab.mistakes.ahead import construction, layers, operations, training
from kfunc_lab.mistakes.ahead.values import (
    UNKNOWN,
    Function,
    MisfitError,
    NewLayer,
    NewModel,
    NewSequential,
    Tensor,
    is_open,
)
from kfunc_lab.mistakes.ahead.variables import Variables, is_module, is_plain

if TYPE_CHECKING:
    from kfunc_lab.mistakes.ahead.statements import Follower

_PLAIN_OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
_PURE = (len, range, list, tuple, int, float, str, min, max, sum, abs, zip, enumerate,
         reversed, sorted, dict, round, bool)  # fmt: skip
_MAX_LENGTH = 10_000


class Expressions:
    """Follows expressions with certain variables.

    Args:
        follower: What follows the statements around.
        variables: The variables.
    """

    def __init__(self, follower: "Follower", variables: Variables) -> None:
        self.follower = follower
        self.variables = variables

    def value(self, node: ast.expr | None) -> Any:
        """Returns the value of an expression; `UNKNOWN` if the code does not tell it.

        Raises:
            MisfitError: If Keras would refuse a call in it.
        """
        if node is None:
            return None
        self.follower.step(node)
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        return UNKNOWN if method is None else method(node)

    # -- literals and names

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        return self.variables.get(node.id)

    def _list(self, node: ast.List) -> Any:
        items = self._items(node.elts)
        return UNKNOWN if items is None else items

    def _tuple(self, node: ast.Tuple) -> Any:
        items = self._items(node.elts)
        return UNKNOWN if items is None else tuple(items)

    def _dict(self, node: ast.Dict) -> Any:
        keys = [self.value(key) for key in node.keys]
        if None in node.keys or not is_plain(keys):
            return UNKNOWN
        return dict(zip(keys, map(self.value, node.values), strict=True))

    def _items(self, nodes: list[ast.expr]) -> list[Any] | None:
        items: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                several = self.value(node.value)
                if not isinstance(several, (list, tuple)):
                    return None
                items += several
            else:
                items.append(self.value(node))
        return items

    def _joinedstr(self, node: ast.JoinedStr) -> Any:
        return UNKNOWN

    def _lambda(self, node: ast.Lambda) -> Any:
        return Function(node, self.variables)

    def _slice(self, node: ast.Slice) -> Any:
        bounds = [self.value(bound) for bound in (node.lower, node.upper, node.step)]
        return UNKNOWN if is_open(bounds) else slice(*bounds)

    # -- attributes and indices

    def _attribute(self, node: ast.Attribute) -> Any:
        owner, name = self.value(node.value), node.attr
        if owner is UNKNOWN:
            return UNKNOWN
        if isinstance(owner, Tensor):
            return {"shape": owner.shape, "ndim": len(owner.shape), "dtype": owner.dtype}.get(
                name, UNKNOWN
            )
        if isinstance(owner, NewModel):
            own = {"input": owner.inputs, "output": owner.outputs}
            return own.get(name, Method(owner, name))
        if isinstance(owner, NewLayer):
            return owner.output if name == "output" else UNKNOWN
        if isinstance(owner, (NewSequential, list, dict)):
            return Method(owner, name)
        if is_module(owner):
            return getattr(owner, name, UNKNOWN)
        return self._of_object(owner, name)

    def _of_object(self, owner: Any, name: str) -> Any:
        """Returns what an existing object stores, without running a property of it."""
        import keras
        import numpy as np

        if isinstance(owner, np.ndarray):
            plain = name in ("shape", "ndim", "size")
            return getattr(owner, name) if plain else Method(owner, name)
        if isinstance(owner, keras.layers.Layer):
            stored = owner.__dict__.get(name, UNKNOWN)
            return stored if stored is not UNKNOWN else Method(owner, name)
        return UNKNOWN

    def _subscript(self, node: ast.Subscript) -> Any:
        owner, key = self.value(node.value), self.value(node.slice)
        if isinstance(owner, Tensor):
            return operations.of_index(owner, key)
        if isinstance(owner, (list, tuple, dict, str)) and not is_open([key]):
            try:
                return owner[key]
            except (LookupError, TypeError) as error:
                raise MisfitError from error
        return training.part_of_array(owner, key)

    # -- operators

    def _binop(self, node: ast.BinOp) -> Any:
        return self._operation(node.op, self.value(node.left), self.value(node.right))

    def _operation(self, kind: ast.AST, one: Any, other: Any) -> Any:
        if isinstance(one, Tensor) or isinstance(other, Tensor):
            return operations.of_operator(kind, one, other)
        function = _PLAIN_OPERATORS.get(type(kind))
        if function is None or is_open([one, other]):
            return UNKNOWN
        if function is operator.add and type(one) is type(other) is list:
            return one + other
        if not is_plain([one, other]):
            return UNKNOWN
        sizes = [it if isinstance(it, int) else len(it) if it else 0
                 for it in (one, other) if isinstance(it, (int, str, list, tuple))]  # fmt: skip
        if max(sizes, default=0) > _MAX_LENGTH**2:
            return UNKNOWN
        try:
            return function(one, other)
        except Exception:  # Python refuses it
            return UNKNOWN

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        value = self.value(node.operand)
        if isinstance(value, Tensor):
            return Tensor(value.shape, value.dtype)
        if isinstance(value, (int, float)) and isinstance(node.op, ast.USub):
            return -value
        if isinstance(node.op, ast.Not) and is_plain(value):
            return not value
        return UNKNOWN

    def _compare(self, node: ast.Compare) -> Any:
        left, right = self.value(node.left), self.value(node.comparators[0])
        if len(node.ops) > 1:
            return UNKNOWN
        if isinstance(node.ops[0], (ast.Is, ast.IsNot)) and right is None:
            if left is UNKNOWN:
                return UNKNOWN
            return (left is None) == isinstance(node.ops[0], ast.Is)
        return self._operation(node.ops[0], left, right)

    def _boolop(self, node: ast.BoolOp) -> Any:
        values = [self.value(value) for value in node.values]
        if not is_plain(values):
            return UNKNOWN
        return all(values) if isinstance(node.op, ast.And) else any(values)

    def _ifexp(self, node: ast.IfExp) -> Any:
        test = self.value(node.test)
        if not is_plain(test):
            return UNKNOWN
        return self.value(node.body if test else node.orelse)

    def _listcomp(self, node: ast.ListComp) -> Any:
        items = list(self._comprehended(node.generators, node.elt))
        return UNKNOWN if UNKNOWN in items[:1] else items

    _generatorexp = _listcomp

    def _comprehended(
        self, generators: list[ast.comprehension], element: ast.expr
    ) -> Iterator[Any]:
        first = generators[0]
        values = self.value(first.iter)
        if len(generators) > 1 or first.ifs or not isinstance(values, (list, tuple, range)):
            yield UNKNOWN
            return
        inner = Variables({}, around=self.variables)
        for value in list(values)[:100]:
            self.follower.bind(first.target, value, inner)
            yield Expressions(self.follower, inner).value(element)

    # -- calls

    def _call(self, node: ast.Call) -> Any:
        function = self.value(node.func)
        arguments = self._items(node.args)
        named: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.value(keyword.value)
            if keyword.arg is not None:
                named[keyword.arg] = value
            elif isinstance(value, dict):
                named |= value
            else:
                return UNKNOWN
        if arguments is None:
            return UNKNOWN
        if isinstance(node.func, ast.Attribute):
            array = training.array_of(node.func.attr, function, arguments, named)
            if array is not None:
                return array
        if function is UNKNOWN:
            return UNKNOWN
        return self._applied(function, arguments, named)

    def _applied(self, function: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
        import keras

        known = self.follower.known_calls
        if isinstance(function, Method):
            return self._method(function, arguments, named)
        if isinstance(function, Function):
            return self.follower.inside(function, arguments, named)
        if construction.is_layer_class(function):
            return construction.created(function, arguments, named, known)
        if function is keras.Input:
            return construction.new_input(function, arguments, named)
        if isinstance(function, (NewLayer, NewModel, NewSequential, keras.layers.Layer)):
            return layers.called(function, arguments, named, known)
        kind = construction.merging_function(function)
        if kind:
            layer = construction.created(getattr(keras.layers, kind), [], named, known)
            return layers.called(layer, arguments, {}, known)
        if any(function is each for each in _PURE):
            return _pure(function, arguments, named)
        if inspect.isfunction(function):
            if function.__module__.startswith("keras."):
                return self._of_keras(function, arguments, named)
            return self.follower.inside_existing(function, arguments, named)
        return UNKNOWN

    def _of_keras(self, function: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
        if is_open([arguments, list(named.values())]):
            return UNKNOWN
        if ".ops" in function.__module__:
            return operations.of_function(function, arguments, named)
        return UNKNOWN

    def _method(self, method: "Method", arguments: list[Any], named: dict[str, Any]) -> Any:
        owner, name = method.owner, method.name
        if isinstance(owner, list) and name in ("append", "extend", "insert", "pop"):
            try:
                return getattr(owner, name)(*arguments)
            except Exception:  # Python refuses it
                return UNKNOWN
        if isinstance(owner, dict) and name in ("keys", "values", "items"):
            return list(getattr(owner, name)())
        if isinstance(owner, NewSequential):
            if name == "add" and arguments:
                construction.grow(owner, arguments[0], self.follower.known_calls)
                return None
            owner = owner.model
        if name == "compile" and isinstance(owner, NewModel):
            owner.compiled = {**dict(zip(training.COMPILE, arguments, strict=False)), **named}
            return None
        if name in ("fit", "evaluate", "train_on_batch", "predict"):
            training.expect_data(owner, name, arguments, named)
        return UNKNOWN


class Method:
    """A method of a followed object, before it is called."""

    def __init__(self, owner: Any, name: str) -> None:
        self.owner = owner
        self.name = name


def _pure(function: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
    """Calls a function of Python on values of followed code."""
    if any(argument is UNKNOWN for argument in arguments) or named:
        return UNKNOWN
    try:
        if function is range and len(range(*arguments)) > _MAX_LENGTH:
            return UNKNOWN
        result = function(*arguments)
    except Exception:  # Python refuses it
        return UNKNOWN
    lazy = function in (zip, enumerate, reversed)
    return list(result) if lazy else result
