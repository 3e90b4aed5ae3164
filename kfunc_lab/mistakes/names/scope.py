"""The values that names of the learner's code have, and what can be computed without risk.

An expression is computed only if that runs no code of the learner and draws nothing random: its
names, literals, sums and indices, and calls of Keras's own layers and operations.
"""

import ast
import operator
import sys
from collections.abc import Callable, Mapping
from types import FrameType, FunctionType, ModuleType
from typing import Any

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
    ast.Pow: operator.pow, ast.MatMult: operator.matmul,
}  # fmt: skip
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_,
    ast.Invert: operator.invert,
}  # fmt: skip
_COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_RANDOM = ("normal", "uniform", "truncated_normal", "binomial", "categorical", "gamma", "beta")
_PLAIN = (len, range, int, float, str, tuple, list, dict, min, max, sum, abs, enumerate)
_TENSORFLOW = ("constant", "convert_to_tensor", "range", "zeros", "ones", "fill", "eye")


class UnknownValueError(ValueError):
    """The value of an expression cannot be computed without running the learner's code."""


def names_of_frame(frame: FrameType | None) -> Mapping[str, Any]:
    """Returns the variables that the code of a frame sees."""
    return {} if frame is None else {**frame.f_globals, **frame.f_locals}


def names_of_function(function: Any) -> Mapping[str, Any]:
    """Returns the variables outside of a function that its code sees."""
    if not isinstance(function, FunctionType):
        return {}
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
    closed = {}
    for name, cell in cells:
        try:
            closed[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return {**function.__globals__, **closed}


def dotted(node: ast.AST) -> str:
    """Returns a name with its attributes, such as `"tf.math.log"`; empty for other code."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (owner := dotted(node.value)):
        return f"{owner}.{node.attr}"
    return ""


def module_named(node: ast.AST, names: Mapping[str, Any]) -> Any:
    """Returns the module that an expression names; `None` if it names none."""
    if isinstance(node, ast.Name):
        value = names.get(node.id)
        return value if isinstance(value, ModuleType) else None
    if isinstance(node, ast.Attribute):
        owner = module_named(node.value, names)
        value = None if owner is None else _loaded(owner, node.attr)
        return value if isinstance(value, ModuleType) else None
    return None


def short_name(module: Any) -> str:
    """Returns the usual name of a module: `tf`, `tf.math`, `K`, `np`, `keras.layers`, …."""
    name = str(getattr(module, "__name__", ""))
    if _is_keras_backend(name):
        return "K"
    for prefix in ("tensorflow._api.v2.compat.v1", "tensorflow._api.v2", "tensorflow"):
        if name == prefix or name.startswith(f"{prefix}."):
            short = "tf" + name.removeprefix(prefix)
            return short.replace("tf.compat.v1", "tf").replace("tf.experimental.numpy", "np")
    if name.startswith("keras._tf_keras.keras"):
        return name.replace("keras._tf_keras.keras", "keras", 1)
    return name.replace("numpy", "np", 1) if name.split(".")[0] == "numpy" else name


def _is_keras_backend(name: str) -> bool:
    return name.startswith(("keras", "tensorflow.python.keras")) and name.endswith(
        (".backend", ".backend.tensorflow")
    )


def canonical(node: ast.AST, names: Mapping[str, Any]) -> str:
    """Returns the usual name of a function that an expression names; empty if it is not known.

    Args:
        node: The expression, such as `tf.math.log` or `K.sum`.
        names: The variables that the code sees.
    """
    if isinstance(node, ast.Attribute):
        module = module_named(node.value, names)
        if module is not None:
            short = short_name(module)
            return f"{short}.{node.attr}" if short else ""
        base = node.value
        owner = canonical(base, names) if isinstance(base, ast.Attribute) else ""
        return f"{owner}.{node.attr}" if owner.startswith("tf") else ""
    if isinstance(node, ast.Name):
        return _of_function(names.get(node.id))
    return ""


def _of_function(value: Any) -> str:
    """Returns the usual name of a function that was imported by its own name."""
    name = getattr(value, "__name__", "")
    module = str(getattr(value, "__module__", "") or "")
    numpy = sys.modules.get("numpy")
    if numpy is not None and name and getattr(numpy, name, None) is value:
        return f"np.{name}"
    exported = getattr(value, "_tf_api_names", None)
    if isinstance(exported, tuple) and exported and module.startswith("tensorflow"):
        return f"tf.{exported[0]}"
    if module.startswith("keras.src.legacy.backend"):
        return f"K.{name}"
    return ""


def _loaded(module: ModuleType, name: str) -> Any:
    try:
        return getattr(module, name, None)
    except Exception:  # a module that loads on first use may fail to load
        return None


class Evaluator:
    """Computes expressions symbolically; raises `UnknownValueError` for the learner's code.

    Args:
        names: The variables that the code sees.
        known: Values of expressions that are known already.
    """

    def __init__(
        self, names: Mapping[str, Any], known: Mapping[ast.AST, Any] | None = None
    ) -> None:
        self._names = dict(names)
        self._known = dict(known or {})

    def value(self, node: ast.AST) -> Any:
        """Returns the value of an expression."""
        if node in self._known:
            return self._known[node]
        compute = getattr(self, f"_{type(node).__name__.lower()}", None)
        if compute is None:
            raise UnknownValueError(type(node).__name__)
        return compute(node)

    def assign(self, name: str, value: Any) -> None:
        """Gives a variable a value for the expressions that follow; the learner's keeps its own."""
        self._names[name] = value

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        import builtins

        if node.id in self._names:
            return self._names[node.id]
        if hasattr(builtins, node.id):
            return getattr(builtins, node.id)
        raise UnknownValueError(node.id)

    def _attribute(self, node: ast.Attribute) -> Any:
        owner = self.value(node.value)
        if isinstance(owner, ModuleType) or _is_of_library(type(owner)):
            return getattr(owner, node.attr)
        raise UnknownValueError(node.attr)

    def _subscript(self, node: ast.Subscript) -> Any:
        return self.value(node.value)[self.value(node.slice)]

    def _slice(self, node: ast.Slice) -> slice:
        parts = (node.lower, node.upper, node.step)
        return slice(*(None if part is None else self.value(part) for part in parts))

    def _tuple(self, node: ast.Tuple) -> Any:
        return tuple(map(self.value, node.elts))

    def _list(self, node: ast.List) -> Any:
        return list(map(self.value, node.elts))

    def _dict(self, node: ast.Dict) -> Any:
        keys = [None if key is None else self.value(key) for key in node.keys]
        return dict(zip(keys, map(self.value, node.values), strict=True))

    def _binop(self, node: ast.BinOp) -> Any:
        return _BINARY[type(node.op)](self.value(node.left), self.value(node.right))

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        return _UNARY[type(node.op)](self.value(node.operand))

    def _compare(self, node: ast.Compare) -> Any:
        if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARED:
            raise UnknownValueError("compare")
        return _COMPARED[type(node.ops[0])](
            self.value(node.left), self.value(node.comparators[0])
        )

    def _listcomp(self, node: ast.ListComp) -> Any:
        [loop] = node.generators
        if loop.ifs:
            raise UnknownValueError("if")
        targets = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
        if not all(isinstance(target, ast.Name) for target in targets):
            raise UnknownValueError("target")
        inner, found = Evaluator(self._names, self._known), []
        for item in self.value(loop.iter):
            parts = item if isinstance(loop.target, ast.Tuple) else [item]
            for target, part in zip(targets, parts, strict=True):
                inner.assign(target.id, part)  # type: ignore[attr-defined]
            found.append(inner.value(node.elt))
        return found

    _generatorexp = _listcomp

    def _call(self, node: ast.Call) -> Any:
        function = self.value(node.func)
        args: list[Any] = []
        for each in node.args:
            if isinstance(each, ast.Starred):
                args += self.value(each.value)
            else:
                args.append(self.value(each))
        named = {each.arg: self.value(each.value) for each in node.keywords if each.arg}
        if any(each.arg is None for each in node.keywords):
            raise UnknownValueError("**")
        return _called(function, args, named)


def _called(function: Any, args: list[Any], named: dict[str, Any]) -> Any:
    """Calls a function of Keras, or one that builds a constant."""
    import keras

    name = getattr(function, "__name__", "")
    parts = [*args, *named.values()]
    if any(isinstance(part, FunctionType) and not _is_of_library(part) for part in parts):
        raise UnknownValueError("a function of the learner")
    if name in _RANDOM and getattr(keras.random, name, None) is function:
        return _random(name, *args, **named)
    if any(function is each for each in _PLAIN):
        return function(*args, **named)
    if name in _TENSORFLOW and str(getattr(function, "__module__", "")).startswith("tensorfl"):
        return function(*args, **named)
    if _is_of_library(function) or _is_of_library(type(function)):
        return function(*args, **named)
    raise UnknownValueError(name)


def _random(name: str, shape: Any, *args: Any, **named: Any) -> Any:
    """Returns a symbolic tensor in the place of random numbers, so that none are drawn."""
    import keras

    sizes = tuple(shape.shape[:-1]) + (None,) if name == "categorical" else tuple(shape)
    return keras.KerasTensor(sizes, named.get("dtype") or "float32")


def _is_of_library(value: Any) -> bool:
    """Returns whether a class or function is Keras's own."""
    return str(getattr(value, "__module__", "") or "").startswith(("keras.src", "keras.layers"))
