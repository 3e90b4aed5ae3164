"""Reads what a learner passed to a model: the arguments of `fit`, `evaluate`, or a call."""

import ast
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from kfunc_lab.mistakes.data.values import UNKNOWN, evaluated
from kfunc_lab.mistakes.failure import Failure, all_frames, is_keras_file, is_user_file, span_of
from kfunc_lab.mistakes.source.code import Code

METHODS = (
    "fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch",
    "compile", "__call__",
)  # fmt: skip
COMPILE = (
    "optimizer", "loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly",
    "steps_per_execution", "jit_compile", "auto_scale_loss",
)  # fmt: skip
_KEY = "_passed"  # where a failure keeps the call
_STEPS = ("train_step", "test_step", "predict_step")
_ROLES = ("x", "y", "sample_weight")


@dataclass(frozen=True)
class Passed:
    """The call of a model's method, with its arguments.

    Attributes:
        model: The model.
        method: The method, such as `"fit"`; `"__call__"` for `model(x)`.
        values: The values of the arguments, by name.
        call: The call in the learner's source; `None` if it cannot be read.
        code: The source.
        scope: The learner's frame.
        validation: Whether the validation data failed.
        batch: The batch of symbolic tensors that the training step got, if it ran.
        frames: The names of all functions that were running.
        locals_of_keras: The variables of Keras's functions that were running.
    """

    model: Any
    method: str
    values: Mapping[str, Any]
    call: ast.Call | None = None
    code: Code | None = None
    scope: FrameType | None = None
    validation: bool = False
    batch: Any = None
    frames: tuple[str, ...] = field(default=())
    locals_of_keras: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    def value(self, name: str) -> Any:
        """Returns the value of an argument; `None` if it was not passed."""
        return self.values.get(name)

    def node(self, name: str) -> ast.expr | None:
        """Returns the expression of an argument; `None` if it is not known."""
        if self.validation and name in _ROLES:
            pair = self.argument("validation_data")
            place = _ROLES.index(name)
            if isinstance(pair, (ast.Tuple, ast.List)) and place < len(pair.elts):
                return pair.elts[place]
            return pair if place == 0 and not isinstance(pair, ast.Tuple) else None
        return self.argument(name)

    def argument(self, name: str) -> ast.expr | None:
        """Returns the expression of an argument of the call itself."""
        if self.call is None:
            return None
        for keyword in self.call.keywords:
            if keyword.arg == name:
                return keyword.value
        place = self.place(name)
        if 0 <= place < len(self.call.args):
            node = self.call.args[place]
            return None if isinstance(node, ast.Starred) else node
        return None

    def place(self, name: str) -> int:
        """Returns the position of an argument; -1 if it has none."""
        if self.method == "__call__":
            return 0 if name == "x" else -1
        names = parameters(self.model, self.method)
        return names.index(name) if name in names else -1

    def words(self, name: str, instead: str = "") -> str:
        """Returns the source of an argument if it is short, or else a name in its place."""
        node = self.node(name)
        source = self.code.source(node) if node is not None and self.code is not None else ""
        if source and len(source) <= 40 and "\n" not in source:
            operation = (ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Compare, ast.Lambda)
            return f"({source})" if isinstance(node, operation) else source
        return instead or name


def parameters(model: Any, method: str) -> list[str]:
    """Returns the names of a method's parameters, without `self`."""
    if method == "compile":  # Keras hides its signature
        return list(COMPILE)
    try:
        return list(inspect.signature(getattr(type(model), method)).parameters)[1:]
    except (TypeError, ValueError, AttributeError):
        return []


def find_passed(failure: Failure) -> Passed | None:
    """Finds the outermost call of a model's method that failed; `None` if there is none."""
    known = vars(failure)  # many rules ask for the same failure
    if _KEY not in known:
        known[_KEY] = None if failure.error is None else _find(failure)
    found: Passed | None = known[_KEY]
    return found


def _find(failure: Failure) -> Passed | None:
    if failure.error is None:
        return None
    found = _call_of_model(failure.error)
    if found is None:
        return None
    frame, code, call, model, method = found
    frames = all_frames(failure.error)
    values = _bound(model, method, call, frame)
    validation, batch = False, None
    inside = False
    kept = []
    for each in frames:
        local, name = each.f_locals, each.f_code.co_name
        if not is_keras_file(each.f_code.co_filename):
            continue
        kept.append(local)
        if local.get("self") is not model:
            continue
        if name == method and not inside:
            inside = True
            names = parameters(model, method)
            values.update({key: local[key] for key in names if key in local})
        elif name == "evaluate" and method == "fit":
            validation = True
            values.update({key: local.get(key) for key in _ROLES})
        elif name in _STEPS:
            batch = local.get("data")
    names_of_frames = tuple(each.f_code.co_name for each in frames)
    return Passed(
        model,
        method,
        values,
        call,
        code,
        frame,
        validation,
        batch,
        names_of_frames,
        tuple(kept),
    )


def _call_of_model(
    error: BaseException,
) -> tuple[FrameType, Code, ast.Call, Any, str] | None:
    """Returns the last of the learner's frames that calls a method of a model."""
    found = None
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if is_user_file(frame.f_code.co_filename):
            found = _call_in(frame, traceback.tb_lasti) or found
        traceback = traceback.tb_next
    return found


def _call_in(
    frame: FrameType, instruction: int
) -> tuple[FrameType, Code, ast.Call, Any, str] | None:
    import keras

    code, span = Code.of(frame.f_code.co_filename), span_of(frame, instruction)
    call = None if code is None or span is None else code.expression_at(*span)
    if code is None or not isinstance(call, ast.Call):
        return None
    if isinstance(call.func, ast.Attribute) and call.func.attr in METHODS:
        model, method = value_of(call.func.value, frame), call.func.attr
    else:
        model, method = value_of(call.func, frame), "__call__"
    return (frame, code, call, model, method) if isinstance(model, keras.Model) else None


def _bound(model: Any, method: str, call: ast.Call, frame: FrameType) -> dict[str, Any]:
    """Returns the values of the arguments that can be looked up."""
    names = ["x"] if method == "__call__" else parameters(model, method)
    nodes = dict(zip(names, call.args, strict=False))
    nodes |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    values = {name: value_of(node, frame) for name, node in nodes.items()}
    for name, node in nodes.items():
        if values[name] is None:
            value = evaluated(node, frame)
            values[name] = None if value is UNKNOWN else value
    return values


def value_of(node: ast.AST | None, frame: FrameType | None) -> Any:
    """Looks up the value of an expression, without calling anything.

    Args:
        node: A name, an attribute, an item, a literal, or a list, tuple or dict of these.
        frame: The frame with the variables.

    Returns:
        The value; `None` if it is not known.
    """
    if node is None or frame is None:
        return None
    try:
        return _value(node, frame)
    except Exception:  # a name may be gone, and a property may raise anything
        return None


def _value(node: ast.AST, frame: FrameType) -> Any:
    if isinstance(node, ast.Name):
        return (
            frame.f_locals[node.id] if node.id in frame.f_locals else frame.f_globals[node.id]
        )
    if isinstance(node, ast.Attribute):
        return getattr(_value(node.value, frame), node.attr)
    if isinstance(node, ast.List):
        return [_value(each, frame) for each in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_value(each, frame) for each in node.elts)
    if isinstance(node, ast.Dict):
        keys = [ast.literal_eval(key) for key in node.keys if key is not None]
        return {key: _value(each, frame) for key, each in zip(keys, node.values, strict=True)}
    if isinstance(node, ast.Subscript):
        return _value(node.value, frame)[ast.literal_eval(node.slice)]
    return ast.literal_eval(node)
