"""The call of Keras that failed, found in an exception's traceback."""

import ast
import linecache
import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

_TRAINING = {
    "fit", "evaluate", "predict", "compile", "train_on_batch", "test_on_batch",
    "predict_on_batch",
}  # fmt: skip
_SAVING = {
    "save", "save_weights", "load_weights", "load_model", "save_model", "get_config",
    "from_config", "deserialize_keras_object", "serialize_keras_object", "clone_model",
}  # fmt: skip
_LIBRARIES = ("site-packages", "dist-packages")
_STANDARD = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})


@dataclass(frozen=True)
class Failure:
    """A call of Keras that raised an exception.

    Attributes:
        operation: The layer, operation or model that failed; `None` where there is none, as in
            `keras.Input(shape=784)`.
        name: Its name; empty if it has none.
        kind: Its class, as `"Conv2D"`; `"Input"` for `keras.Input`; else the function's name.
        tensors: What it was given that has a shape, in order.
        stage: `"construct"`, `"call"`, `"model"`, `"fit"`, `"tensor"` or `"save"`.
        frame: File and line of the innermost frame of the user's own code.
        code: The expression that failed, as the user wrote it; empty if it cannot be read.
        layers: The layers that it was given, in order.
        model: What of Keras the user's code called first, as the model that was trained.
        scope: The innermost frame of the user's own code itself, with its variables.
    """

    operation: Any
    name: str
    kind: str
    tensors: tuple[Any, ...]
    stage: str
    frame: tuple[str, int] | None
    code: str = ""
    layers: tuple[Any, ...] = ()
    model: Any = None
    scope: FrameType | None = None


@dataclass(frozen=True)
class _Step:
    """One step into Keras: an object, the function of it that runs, what that was given."""

    operation: Any
    function: str
    arguments: tuple[Any, ...]


def find_failure(error: BaseException) -> Failure | None:
    """Finds the call of Keras that raised an exception.

    Args:
        error: An exception that was raised, with its traceback.

    Returns:
        What failed, or `None` if the exception has nothing to do with Keras.

    Example:
        >>> try:
        ...     1 / 0
        ... except ZeroDivisionError as error:
        ...     find_failure(error) is None
        True
    """
    try:
        return _found(error)
    except Exception:  # an exception may hold objects of any kind, whose attributes may raise
        return None


def _found(error: BaseException) -> Failure | None:
    if "keras" not in sys.modules or error.__traceback__ is None:
        return None
    users, frame, code = _of_the_user(error)
    found = _described(error, users, frame, code)
    return None if found is None else replace(found, scope=users)


def _described(
    error: BaseException, users: FrameType | None, frame: tuple[str, int] | None, code: str
) -> Failure | None:
    all_frames = _frames(error)
    frames = [it for it in all_frames if _is_keras(it.f_code.co_filename)]
    if not frames:
        return _without_frames(error, frame, code)
    steps = list(_steps(frames))
    functions = {step.function for step in steps} | {it.f_code.co_name for it in frames}
    if not steps:
        return _of_a_function(frames, frame, code)
    step = _failing(steps)
    if users is all_frames[-1] and _is_made_of_others(step.operation):
        step = _called_in(users, code) or step  # Keras filtered the call inside this one out
    if type(step.operation).__name__ == "InputLayer" and step.function == "__init__":
        return Failure(None, "", "Input", (), "construct", frame, code)
    given = tuple(_flat(step.arguments))
    return Failure(
        step.operation,
        name_of(step.operation),
        type(step.operation).__name__,
        tuple(it for it in given if _has_shape(it)),
        _stage(step, steps[0], functions),
        frame,
        code,
        tuple(it for it in given if _is_layer(it)),
        steps[0].operation,
    )


def name_of(operation: Any) -> str:
    """Returns an operation's name; empty for one that has none, or is half built."""
    try:
        name = operation.name
    except Exception:  # a property of the user's own class may raise anything
        return ""
    return name if isinstance(name, str) else ""


def shape_of(tensor: Any) -> tuple[int | None, ...] | None:
    """Returns a tensor's shape with the batch; `None` if it is not known."""
    try:
        return tuple(None if size is None else int(size) for size in tensor.shape)
    except Exception:  # a TensorFlow tensor of unknown rank raises here
        return None


def _stage(step: _Step, first: _Step, functions: set[str]) -> str:
    if first.function in _TRAINING:
        return "fit"
    if functions & _SAVING:
        return "save"
    if step.function == "__init__":
        return "model" if _is_model(step.operation) else "construct"
    return "call"


def _failing(steps: list[_Step]) -> _Step:
    """Chooses what the user called, or within models and layers of the user's own, the inmost."""
    chosen = steps[0]
    for step in steps[1:]:
        if not _is_made_of_others(chosen.operation):
            break
        chosen = step
    return chosen


def _called_in(frame: FrameType, code: str) -> _Step | None:
    """Returns the layer that a line of a user's own layer calls, as `self.inner(x)`."""
    import keras

    call = as_call(code)
    if call is None:
        return None
    called = looked_up(call.func, frame.f_locals)
    if not isinstance(called, keras.Operation):
        return None
    return _Step(called, "call", tuple(looked_up(it, frame.f_locals) for it in call.args))


def looked_up(expression: ast.expr, values: Mapping[str, Any]) -> Any:
    """Returns what a name, or an attribute of a name, stands for; `None` if not known."""
    if isinstance(expression, ast.Name):
        return values.get(expression.id)
    if isinstance(expression, ast.Attribute):
        return getattr(looked_up(expression.value, values), expression.attr, None)
    return None


def _is_made_of_others(operation: Any) -> bool:
    return _is_model(operation) or not type(operation).__module__.startswith("keras.")


def _is_model(operation: Any) -> bool:
    import keras

    return isinstance(operation, keras.Model)


def _steps(frames: list[FrameType]) -> Iterator[_Step]:
    """Yields what each object was asked to do, in the order of the calls."""
    import keras

    last = None
    for frame in frames:
        values = frame.f_locals
        given = (
            _parameters(frame) if frame.f_code.co_name == "__init__" else _positional(values)
        )
        function = getattr(values.get("fn"), "__name__", "") or frame.f_code.co_name
        subject = values.get("self")
        if subject is None and frame.f_code.co_name == "error_handler" and given:
            subject, given = given[0], given[1:]
        if not isinstance(subject, keras.Operation) or subject is last:
            continue
        last = subject
        yield _Step(subject, function, (*given, *_keywords(values)))


def _positional(values: Mapping[str, Any]) -> tuple[Any, ...]:
    given = values.get("args")
    if isinstance(given, tuple):
        return given
    # A training function names its data, and a model its tensors.
    names = ("x", "y", "inputs", "outputs", "layers")
    return tuple(values[name] for name in names if values.get(name) is not None)


def _parameters(frame: FrameType) -> tuple[Any, ...]:
    code = frame.f_code
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]  # without `self`
    more = frame.f_locals.get("args")
    more = more if isinstance(more, tuple) else ()
    return (*(frame.f_locals.get(name) for name in names), *more)


def _keywords(values: Mapping[str, Any]) -> tuple[Any, ...]:
    given = values.get("kwargs")
    return tuple(given.values()) if isinstance(given, dict) else ()


def _flat(value: Any, depth: int = 0) -> Iterator[Any]:
    """Yields what nested lists and dicts hold."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and depth < 5:
        for item in islice(value, 1000):  # data given as a list of numbers is long
            yield from _flat(item, depth + 1)
    else:
        yield value


def _is_layer(value: Any) -> bool:
    import keras

    return isinstance(value, keras.Layer)


def _has_shape(value: Any) -> bool:
    import keras

    if isinstance(value, (type, keras.Operation)):
        return False
    return shape_of(value) is not None


def _of_a_function(frames: list[FrameType], frame: Any, code: str) -> Failure:
    """Describes a failure in a function of Keras, or in a symbolic tensor itself."""
    import keras

    first, last = frames[0], frames[-1]
    tensor = last.f_locals.get("self")
    if isinstance(tensor, keras.KerasTensor):
        return Failure(None, name_of(tensor), "KerasTensor", (tensor,), "tensor", frame, code)
    function = first.f_code.co_name
    saves = function in _SAVING or "saving" in Path(first.f_code.co_filename).parts
    stage = "save" if saves else "construct" if function in ("Input", "__init__") else "call"
    owner = first.f_locals.get("self")
    kind = type(owner).__name__ if function == "__init__" else function
    return Failure(None, "", kind, (), stage, frame, code)


def _without_frames(error: BaseException, frame: Any, code: str) -> Failure | None:
    """Describes a failure that Python saw before Keras ran: wrong arguments, no such method."""
    message = message_of(error)
    if "KerasTensor" in message:
        return Failure(None, "", "KerasTensor", (), "tensor", frame, code)
    match = re.match(r"(\w+)(?:\.__init__)?\(\) (?:takes|got|missing)", message)
    if not isinstance(error, TypeError) or match is None:
        return None
    kind = match[1]
    written = called_name(code)
    import keras

    if kind == "Input":
        return Failure(None, "", "Input", (), "construct", frame, code)
    known = [getattr(keras.layers, it, None) for it in (written, kind)]
    layer = next((it for it in known if isinstance(it, type)), None)
    if layer is None:
        return None
    return Failure(None, "", layer.__name__, (), "construct", frame, code)


def called_name(code: str) -> str:
    """Returns the last name of the function that an expression calls.

    Args:
        code: A Python expression, or part of one.

    Returns:
        As `"Flatten"`; empty if it is no call.

    Example:
        >>> called_name("layers.Flatten(x)")
        'Flatten'
    """
    call = as_call(code)
    if call is None:
        return ""
    function = call.func.func if isinstance(call.func, ast.Call) else call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def as_call(code: str) -> ast.Call | None:
    """Returns the call that an expression is, or `None` if it is something else."""
    try:
        body = ast.parse(code, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return body if isinstance(body, ast.Call) else None


def message_of(error: BaseException) -> str:
    """Returns an exception's message without colours; empty if it cannot be told."""
    try:
        # `str` of a KeyError is its message with quotes and escapes.
        only = error.args[0] if len(error.args) == 1 else None
        message = only if isinstance(only, str) else str(error)
    except Exception:  # an exception's own `__str__` may raise
        return ""
    return re.sub(r"\x1b\[[0-9;]*m", "", message)


def _frames(error: BaseException) -> list[FrameType]:
    """Returns all frames of an exception, those included that Keras filtered out."""
    traceback = error.__traceback__
    shown: list[FrameType] = []
    while traceback is not None:
        shown.append(traceback.tb_frame)
        traceback = traceback.tb_next
    found, frame = [], shown[-1] if shown else None
    while frame is not None:
        found.append(frame)
        if frame is shown[0]:
            return found[::-1]
        frame = frame.f_back
    return shown  # it came from another thread


def _of_the_user(
    error: BaseException,
) -> tuple[FrameType | None, tuple[str, int] | None, str]:
    """Returns the innermost frame of the user's code, its place, and what failed there."""
    frame, place, code = None, None, ""
    traceback = error.__traceback__
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if _is_the_users(filename):
            frame, place = traceback.tb_frame, (filename, traceback.tb_lineno)
            code = _written(traceback.tb_frame, traceback.tb_lasti)
        traceback = traceback.tb_next
    return frame, place, code


def _written(frame: FrameType, instruction: int) -> str:
    """Returns the source of the expression that an instruction belongs to."""
    positions = islice(frame.f_code.co_positions(), instruction // 2, None)
    line, end_line, column, end_column = next(positions, (None,) * 4)
    if line is None or end_line is None or column is None or end_column is None:
        return ""
    filename = frame.f_code.co_filename
    lines = [linecache.getline(filename, number) for number in range(line, end_line + 1)]
    if not lines or not all(lines) or len(lines) > 50:
        return ""
    rows = [it.encode() for it in lines]  # columns count bytes
    rows[-1] = rows[-1][:end_column]
    rows[0] = rows[0][column:]
    return b"".join(rows).decode(errors="replace")


def _is_keras(filename: str) -> bool:
    origin = getattr(sys.modules["keras"], "__file__", None)
    return origin is not None and Path(origin).parent in Path(filename).parents


def _is_the_users(filename: str) -> bool:
    if any(part in Path(filename).parts for part in _LIBRARIES) or "autograph" in filename:
        return False
    if filename.startswith("<"):
        return not filename.startswith(("<frozen", "<__array_function__"))
    # Compiled extensions name their sources by a relative path.
    return Path(filename).is_absolute() and not filename.startswith(_STANDARD)


class Stopped(Exception):  # noqa: N818 - it ends a cell whose traceback is shown already
    """A statement of the cell has failed."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]
