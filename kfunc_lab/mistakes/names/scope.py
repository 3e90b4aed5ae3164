"""The values that names of the learner's code have, and what can be computed without risk.

An expression is computed only if that runs no code of the learner and draws nothing random: its
names, literals, sums and indices, and calls of Keras's own layers and operations.
"""

import ast
import inspect
import operator
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType, FunctionType, MethodType, ModuleType
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
# The modules whose functions and classes only compute, symbolically if a tensor is symbolic.
_COMPUTING = tuple(
    f"keras.src.{name}"
    for name in (
        "ops", "layers", "activations", "losses", "initializers", "regularizers",
        "constraints", "backend.common", "backend.config",
        "utils.numerical_utils", "dtype_policies",
    )
)  # fmt: skip
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
    for prefix in ("keras.api._tf_keras.keras", "keras._tf_keras.keras", "keras.api"):
        if name == prefix or name.startswith(f"{prefix}."):
            return name.replace(prefix, "keras", 1)
    return name.replace("numpy", "np", 1) if name.split(".")[0] == "numpy" else name


def _is_keras_backend(name: str) -> bool:
    return name.startswith(("keras", "tensorflow.python.keras")) and name.endswith(
        (".backend", ".backend.tensorflow")
    )


@dataclass(frozen=True)
class GoneName:
    """Stands for a function that an import statement did not find.

    Attributes:
        place: Its place, such as `"keras.layers.merge"`.
    """

    place: str


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
        return f"{owner}.{node.attr}" if owner.startswith(("tf", "keras", "K.")) else ""
    if isinstance(node, ast.Name):
        value = names.get(node.id)
        return value.place if isinstance(value, GoneName) else _of_function(value)
    return ""


def _of_function(value: Any) -> str:
    """Returns the usual name of a function that was imported by its own name."""
    name = getattr(value, "__name__", "")
    module = str(getattr(value, "__module__", "") or "")
    numpy = sys.modules.get("numpy")
    if numpy is not None and name and getattr(numpy, name, None) is value:
        return f"np.{name}"
    if module.startswith("tensorflow") and name:
        return _of_tensorflow(value, name)
    if module.startswith("keras.src.legacy.backend"):
        return f"K.{name}"
    return ""


def _of_tensorflow(value: Any, name: str) -> str:
    tensorflow = sys.modules.get("tensorflow")
    for part in ("", "math", "nn", "linalg", "image", "random"):
        owner = getattr(tensorflow, part, None) if part else tensorflow
        if getattr(owner, name, None) is value:
            return f"tf.{part}.{name}" if part else f"tf.{name}"
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
        calls: Whether calls are computed, or only names, attributes and items looked up.
    """

    def __init__(
        self,
        names: Mapping[str, Any],
        known: Mapping[ast.AST, Any] | None = None,
        calls: bool = True,
    ) -> None:
        self._calls = calls
        self._names = dict(names)
        self._known = dict(known or {})

    def value(self, node: ast.AST) -> Any:
        """Returns the value of an expression."""
        if node in self._known:
            return self._safe(self._known[node])
        compute = getattr(self, f"_{type(node).__name__.lower()}", None)
        if compute is None:
            raise UnknownValueError(type(node).__name__)
        return compute(node)

    def look_up(self, node: ast.AST | None) -> Any:
        """Returns the value of an expression; `None` if it is not known."""
        try:
            return None if node is None else self.value(node)
        except Exception:  # the learner's code, a missing name, or an attribute that raises
            return None

    def assign(self, name: str, value: Any) -> None:
        """Gives a variable a value for the expressions that follow; the learner's keeps its own."""
        self._names[name] = value

    def _safe(self, value: Any) -> Any:
        return fresh(value) if self._calls else value

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        import builtins

        if node.id in self._names:
            return self._safe(self._names[node.id])
        if hasattr(builtins, node.id):
            return getattr(builtins, node.id)
        raise UnknownValueError(node.id)

    def _attribute(self, node: ast.Attribute) -> Any:
        owner = self.value(node.value)
        if isinstance(owner, ModuleType) or _has_own(owner, node.attr):
            return self._safe(getattr(owner, node.attr))
        raise UnknownValueError(node.attr)

    def _subscript(self, node: ast.Subscript) -> Any:
        return _plain(self.value(node.value))[self.value(node.slice)]

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
        left, right = _plain(self.value(node.left)), _plain(self.value(node.right))
        return _BINARY[type(node.op)](left, right)

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        return _UNARY[type(node.op)](_plain(self.value(node.operand)))

    def _compare(self, node: ast.Compare) -> Any:
        if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARED:
            raise UnknownValueError("compare")
        left, right = self.value(node.left), self.value(node.comparators[0])
        return _COMPARED[type(node.ops[0])](_plain(left), _plain(right))

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
        if not self._calls:
            raise UnknownValueError("a call")
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
        result = _called(function, args, named)
        if isinstance(function, type) and hasattr(result, "built"):
            result._kfunc_is_new = True
        return result


def _plain(value: Any) -> Any:
    """Returns a value whose operators run no code of the learner."""
    if type(value).__module__.split(".")[0] in ("builtins", "numpy", "tensorflow", "keras"):
        return value
    raise UnknownValueError(type(value).__name__)


def _has_own(owner: Any, name: str) -> bool:
    """Returns whether an attribute is a plain value, or computed by Keras's own code."""
    if _is_of_library(type(owner)):
        return True
    if name in getattr(owner, "__dict__", {}):
        return True
    found = inspect.getattr_static(type(owner), name, None)
    function = found.fget if isinstance(found, property) else found
    return _is_of_library(function)


def _called(function: Any, args: list[Any], named: dict[str, Any]) -> Any:
    """Calls a function of Keras that computes, or one that builds a constant.

    Optimizers and metrics create variables at once, so only their signatures are known.
    """
    import keras

    name = getattr(function, "__name__", "")
    if name == "Function":  # it needs the history of its tensors
        raise UnknownValueError(name)
    parts = [*args, *named.values()]
    if any(isinstance(part, FunctionType) and not _is_of_library(part) for part in parts):
        raise UnknownValueError("a function of the learner")
    if name in _RANDOM and getattr(keras.random, name, None) is function:
        return _random(name, *args, **named)
    if any(function is each for each in _PLAIN):
        return function(*args, **named)
    if name in _TENSORFLOW and str(getattr(function, "__module__", "")).startswith("tensorfl"):
        return function(*args, **named)
    if isinstance(function, keras.Layer):
        return _of_layer(function, args, named)
    if isinstance(function, MethodType):
        if isinstance(function.__self__, keras.KerasTensor):
            return function(*args, **named)
        raise UnknownValueError(name)
    if str(getattr(function, "__module__", "") or "").startswith(_COMPUTING):
        return function(*args, **named)
    raise UnknownValueError(name)


def _of_layer(layer: Any, args: list[Any], named: dict[str, Any]) -> Any:
    """Computes what a layer of Keras returns, without a record of the call."""
    inner = getattr(layer, "layers", None) or []
    if not all(map(_is_of_library, map(type, [layer, *inner]))) or hasattr(layer, "function"):
        raise UnknownValueError("a layer of the learner")
    if layer.built:
        return layer.compute_output_spec(*args, **named)
    if getattr(layer, "_kfunc_is_new", False):
        return layer(*args, **named)
    raise UnknownValueError("a layer without weights")


def _random(name: str, shape: Any, *args: Any, **named: Any) -> Any:
    """Returns a symbolic tensor in the place of random numbers, so that none are drawn."""
    import keras

    sizes = (*shape.shape[:-1], None) if name == "categorical" else tuple(shape)
    if name != "categorical" and None in sizes:
        raise ValueError("random numbers need a known shape")
    return keras.KerasTensor(sizes, named.get("dtype") or "float32")


def fresh(value: Any) -> Any:
    """Returns symbolic tensors without their history, so that a call leaves no record in them."""
    import keras

    if isinstance(value, keras.KerasTensor):
        return keras.KerasTensor(value.shape, value.dtype)
    if type(value) in (list, tuple):
        return type(value)(fresh(each) for each in value)
    if type(value).__name__ == "SymbolicTensor" and hasattr(value, "graph"):
        return keras.KerasTensor(_sizes(value), value.dtype.name)
    return value


def _sizes(tensor: Any) -> tuple[int | None, ...]:
    if tensor.shape.rank is None:
        raise UnknownValueError("a tensor of unknown rank")
    return tuple(tensor.shape)


def _is_of_library(value: Any) -> bool:
    """Returns whether a class or function is Keras's own."""
    return str(getattr(value, "__module__", "") or "").startswith(("keras.src", "keras.layers"))
