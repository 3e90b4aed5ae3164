"""Finds the Keras object behind an error that Python itself raised."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from kfunc_lab.mistakes.names.scope import Evaluator, short_name
from kfunc_lab.mistakes.names.table import functions, methods, places
from kfunc_lab.mistakes.source.code import Code

# The packages of Keras, former ones included, and those that only served it.
PACKAGES = (
    "keras", "tf_keras", "keras_preprocessing", "keras_applications", "keras_contrib",
    "tensorflow_addons",
)  # fmt: skip
_IN_TENSORFLOW = ("tensorflow.keras", "tensorflow.python.keras", "tensorflow.contrib")
_NAMES = {"keras", "layers", "ops", "models", "K", "Model", "Sequential", "Input"}


@dataclass(frozen=True)
class Cause:
    """A Keras object that an expression uses wrongly.

    Attributes:
        subject: The module, model, layer, tensor or function; `None` if its module is missing.
        title: What to call it, such as `"keras.layers.merge"`.
    """

    subject: Any
    title: str


def find_cause(
    error: BaseException, source: Code | None, span: Any, names: Mapping[str, Any]
) -> Cause | None:
    """Finds the Keras object behind an error; `None` if there is none.

    Args:
        error: The exception.
        source: The file or cell whose code failed.
        span: The begin and the end of the expression that failed.
        names: The variables that the code sees.
    """
    if isinstance(error, AttributeError):
        cause = _attribute(error)
        if cause is not None:
            return cause
    if isinstance(error, ImportError):
        return _missing_module(error)
    if isinstance(error, NameError):
        return _undefined(error)
    if source is None or span is None:
        return None
    node = source.node_at(*span)
    return None if node is None else _in_expression(error, node, source, names)


def is_keras(value: Any) -> bool:
    """Returns whether a value is a module, class, function or object of a Keras."""
    if isinstance(value, ModuleType):
        return is_keras_name(value.__name__)
    kind = value if isinstance(value, type) else type(value)
    if kind.__module__ == "builtins" and hasattr(value, "__module__"):
        return is_keras_name(str(value.__module__))
    return any(is_keras_name(base.__module__) for base in kind.__mro__)


def is_keras_name(name: str) -> bool:
    """Returns whether a module's name belongs to a Keras, today's or another."""
    return name.split(".")[0] in PACKAGES or name.startswith(_IN_TENSORFLOW)


def _attribute(error: AttributeError) -> Cause | None:
    obj, name = error.obj, error.name or ""
    if isinstance(obj, ModuleType):
        title = f"{short_name(obj)}.{name}"
        if is_keras(obj) or _is_listed(title):
            return Cause(obj, title)
        close = short_name(obj) == "tf" and _is_like(name, "keras")
        return Cause(obj, title) if close else None
    if obj is None or not is_keras(obj):
        return None  # the expression may tell more
    return Cause(obj, type(obj).__name__)


def _is_listed(title: str) -> bool:
    """Returns whether a table holds a name, or names inside of it."""
    if title in methods() or title in functions():
        return True
    return any(name.startswith(f"{title}.") for name in (*functions(), *methods()))


def _is_like(name: str, other: str) -> bool:
    return sorted(name.lower()) == sorted(other) or name.lower() in (
        other[:-1], f"{other}s", other[1:],
    )  # fmt: skip


def _missing_module(error: ImportError) -> Cause | None:
    name = error.name or ""
    match = re.search(r"cannot import name '(\w+)' from '([\w.]+)'", str(error))
    if match is not None:
        name = f"{match[2]}.{match[1]}"
    return Cause(None, name) if is_keras_name(name) or name in places() else None


def _undefined(error: NameError) -> Cause | None:
    import keras

    name = error.name or ""
    value = getattr(keras.layers, name, None)
    if name in _NAMES or (isinstance(value, type) and name[:1].isupper()):
        return Cause(None, name)
    return None


def _in_expression(
    error: BaseException, node: ast.AST, source: Code, names: Mapping[str, Any]
) -> Cause | None:
    """Finds the Keras object that the failing expression uses."""
    values, message = Evaluator(names, calls=False), str(error)
    if isinstance(node, ast.Call) and is_stacking(node, message):
        return Cause(None, "Dataset")
    method = _returns_nothing(error, node, source)
    if method:
        return Cause(None, method)
    for part, is_subject in _parts(node, source):
        value = values.look_up(part)
        if isinstance(error, KeyError) and is_history(value):
            return Cause(value, "History")
        if not is_keras(value):
            continue
        if isinstance(node, ast.Call) and type(value).__name__ == "KerasTensor":
            return Cause(value, "KerasTensor")
        kind = str(getattr(value, "__name__", "") or type(value).__name__)
        if is_subject or f"'{kind}'" in message:
            return Cause(value, short_name(value) if isinstance(value, ModuleType) else kind)
    return None


def is_stacking(call: ast.Call, message: str) -> bool:
    """Returns whether a call makes a dataset of lists whose arrays cannot be stacked so."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return name == "from_tensor_slices" and "not compatible" in message


def is_history(value: Any) -> bool:
    """Returns whether a dict holds what `fit` measured: numbers for each name."""
    if type(value) is not dict or "loss" not in value:
        return False
    return all(isinstance(each, list | float | int) for each in value.values())


# Methods of models that return nothing, or no model.
NOTHING = ("compile", "add", "build", "summary", "save", "save_weights", "load_weights", "pop")


def _returns_nothing(error: BaseException, node: ast.AST, source: Code) -> str:
    """Returns the method whose missing result the expression uses; empty if there is none."""
    statement = nothing_assigned(error, node, source)
    return "" if statement is None else str(statement.value.func.attr)  # type: ignore[attr-defined]


def nothing_assigned(error: BaseException, node: ast.AST, source: Code) -> ast.Assign | None:
    """Returns the assignment of a method's result that is `None`, such as `m = m.compile()`."""
    base = node.value if isinstance(node, ast.Attribute) else None
    base = node.func if isinstance(node, ast.Call) else base
    if not isinstance(base, ast.Name) or "NoneType" not in str(error):
        return None
    for statement in ast.walk(source.tree):
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
            continue
        function, names = (
            statement.value.func,
            [ast.unparse(each) for each in statement.targets],
        )
        is_method = isinstance(function, ast.Attribute) and function.attr in NOTHING
        if is_method and names == [base.id] and statement.lineno <= base.lineno:
            return statement
    return None


def _parts(node: ast.AST, source: Code) -> Iterator[tuple[ast.AST, bool]]:
    """Yields the parts of an expression, and whether each is what the expression uses."""
    if isinstance(node, ast.Assign):
        node = node.value
    elif isinstance(node, ast.For):
        node = node.iter  # Python names the whole loop if it cannot begin
    elif isinstance(node, ast.ListComp | ast.GeneratorExp):
        node = node.generators[0].iter
    statement = source.parents.get(node)
    if isinstance(node, ast.Tuple | ast.Name) and isinstance(statement, ast.Assign):
        node = statement.value  # Python names the targets if it cannot unpack the value
    subjects = set()
    base: Any = node
    while base is not None:
        subjects.add(base)
        base = getattr(base, "func", None) or getattr(base, "value", None)
        base = base if isinstance(base, ast.AST) else None
    for part in ast.walk(node):
        if isinstance(part, ast.Name | ast.Attribute | ast.Subscript):
            yield part, part in subjects
