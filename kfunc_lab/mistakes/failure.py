"""Finds the Keras call that failed, from an exception's traceback."""

import ast
import linecache
import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

from kfunc_lab.mistakes.names.cause import find_cause
from kfunc_lab.mistakes.names.scope import names_of_frame
from kfunc_lab.mistakes.source.code import Code

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
    """A Keras call that raised an exception.

    Attributes:
        operation: The layer, operation or model that failed; `None` if there is none, as in
            `keras.Input(shape=784)`.
        name: Its name; empty if it has none.
        kind: Its class, such as `"Conv2D"`; `"Input"` for `keras.Input`; otherwise the name of
            the function.
        tensors: The arguments that have a shape, in order.
        stage: `"construct"`, `"call"`, `"model"`, `"fit"`, `"tensor"`, `"data"` or `"save"`;
            `"name"` if Python raised the exception before Keras ran, as for a name that is gone.
        frame: File and line of the innermost frame of the user's own code.
        code: The source of the expression that failed; empty if it cannot be read.
        layers: The arguments that are layers, in order.
        model: The first Keras object that the user's code called, such as the trained model.
        scope: The innermost frame of the user's own code, with its variables.
        span: The begin and the end of that expression in the file: line, counted from 1, and
            column, counted in bytes.
        arguments: The arguments of the call as they were passed, those with a name last.
        callers: The user's frames around `scope`, the innermost first.
        error: The exception.
        subject: The object that Python could not use as the code does, such as a module without
            the name; `None` if Keras itself raised the exception.
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
    span: tuple[tuple[int, int], tuple[int, int]] | None = None
    arguments: tuple[Any, ...] = ()
    callers: tuple["Caller", ...] = ()
    error: BaseException | None = None
    subject: Any = None

    @cached_property
    def source(self) -> Code | None:
        """The file or cell whose code failed."""
        return None if self.frame is None else Code.of(self.frame[0])

    @cached_property
    def expression(self) -> ast.expr | None:
        """The expression that failed, in the syntax tree of `source`."""
        if self.source is None or self.span is None:
            return None
        return self.source.expression_at(*self.span)


@dataclass(frozen=True)
class Caller:
    """A frame of the user's code that led to a failure.

    Attributes:
        scope: The frame, with its variables.
        file: The name of its file.
        span: The begin and the end of the expression that runs; `None` if it is not known.
    """

    scope: FrameType
    file: str
    span: tuple[tuple[int, int], tuple[int, int]] | None

    @cached_property
    def source(self) -> Code | None:
        """The file or cell of the frame."""
        return Code.of(self.file)

    @cached_property
    def expression(self) -> ast.expr | None:
        """The expression that runs."""
        if self.source is None or self.span is None:
            return None
        return self.source.expression_at(*self.span)


@dataclass(frozen=True)
class _Step:
    """One step into Keras: an object, the method that runs, and its arguments."""

    operation: Any
    function: str
    arguments: tuple[Any, ...]


def find_failure(error: BaseException) -> Failure | None:
    """Finds the Keras call that raised an exception.

    Args:
        error: An exception with its traceback.

    Returns:
        The call that failed, or `None` if the exception has nothing to do with Keras.

    Example:
        >>> try:
        ...     1 / 0
        ... except ZeroDivisionError as error:
        ...     find_failure(error) is None
        True
    """
    try:
        return _find(error)
    except Exception:  # an exception may hold any objects, whose attributes may raise
        return None


def _find(error: BaseException) -> Failure | None:
    if error.__traceback__ is None:
        return None
    if "keras" not in sys.modules and not isinstance(error, ImportError):
        return None
    scope, frame, code, span = user_frame(error)
    failure = None
    if "keras" in sys.modules:
        failure = _describe(error, scope, frame, code)
    failure = failure or _of_python(error, scope, frame, code, span)
    if failure is None:
        return None
    callers = _callers(error)
    return replace(failure, scope=scope, span=span, callers=callers, error=error)


def _of_python(
    error: BaseException, scope: FrameType | None, frame: Any, code: str, span: Any
) -> Failure | None:
    """Describes an error that Python raised because of a Keras object, such as a missing name."""
    source = None if frame is None else Code.of(frame[0])
    cause = find_cause(error, source, span, names_of_frame(scope))
    if cause is None:
        return None
    subject = cause.subject
    operation = subject if _is_operation(subject) else None
    name = name_of(operation) if operation is not None else ""
    kind = type(operation).__name__ if operation is not None else cause.title
    tensors = (subject,) if _is_tensor(subject) else ()
    return Failure(
        operation, name, kind, tensors, "name", frame, code, model=operation, subject=subject
    )


def _is_operation(value: Any) -> bool:
    import keras

    return isinstance(value, keras.Operation)


def _is_tensor(value: Any) -> bool:
    import keras

    return isinstance(value, keras.KerasTensor)


def _describe(
    error: BaseException, scope: FrameType | None, frame: tuple[str, int] | None, code: str
) -> Failure | None:
    called = all_frames(error)
    frames = [each for each in called if is_keras_file(each.f_code.co_filename)]
    if not frames:
        for describe in (_own_constructor, _open_size, _models_as_operands):
            if (own := describe(error, scope, frame, code)) is not None:
                return own
        return _without_keras_frames(error, frame, code)
    steps = list(_steps(frames))
    functions = {step.function for step in steps} | {each.f_code.co_name for each in frames}
    if not steps:
        return _in_function(frames, frame, code)
    step = _failing_step(steps)
    if scope is called[-1] and _contains_layers(step.operation):
        step = _called_layer(scope, code) or step  # Keras filtered out the inner call
    if type(step.operation).__name__ == "InputLayer" and step.function == "__init__":
        return Failure(None, "", "Input", (), "construct", frame, code)
    arguments = tuple(_flatten(step.arguments))
    return Failure(
        step.operation,
        name_of(step.operation),
        type(step.operation).__name__,
        tuple(filter(_has_shape, arguments)),
        _stage(step, steps[0], functions),
        frame,
        code,
        tuple(filter(_is_layer, arguments)),
        steps[0].operation,
        arguments=step.arguments,
    )


def name_of(operation: Any) -> str:
    """Returns an operation's name; empty if it has none or is half built."""
    try:
        name = operation.name
    except Exception:  # a property of the user's class may raise anything
        return ""
    return name if isinstance(name, str) else ""


def shape_of(tensor: Any) -> tuple[int | None, ...] | None:
    """Returns a tensor's shape, including the batch; `None` if it is not known."""
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


def _failing_step(steps: list[_Step]) -> _Step:
    """Returns the step that the user called; inside models and custom layers, the innermost."""
    failing = steps[0]
    for step in steps[1:]:
        if not _contains_layers(failing.operation):
            break
        failing = step
    return failing


def _called_layer(frame: FrameType, code: str) -> _Step | None:
    """Returns the layer that a line of a custom layer calls, such as `self.inner(x)`."""
    import keras

    call = as_call(code)
    if call is None:
        return None
    layer = look_up(call.func, frame.f_locals)
    if not isinstance(layer, keras.Operation):
        return None
    arguments = tuple(look_up(argument, frame.f_locals) for argument in call.args)
    return _Step(layer, "call", arguments)


def look_up(expression: ast.expr, values: Mapping[str, Any]) -> Any:
    """Returns the value of a name or of a name's attribute; `None` if it is not known."""
    if isinstance(expression, ast.Name):
        return values.get(expression.id)
    if isinstance(expression, ast.Attribute):
        return getattr(look_up(expression.value, values), expression.attr, None)
    return None


def _contains_layers(operation: Any) -> bool:
    return _is_model(operation) or not type(operation).__module__.startswith("keras.")


def _is_model(operation: Any) -> bool:
    import keras

    return isinstance(operation, keras.Model)


def _steps(frames: list[FrameType]) -> Iterator[_Step]:
    """Yields the method that each Keras object runs, in the order of the calls."""
    import keras

    last = None
    for frame in frames:
        values = frame.f_locals
        is_init = frame.f_code.co_name == "__init__"
        arguments = _init_arguments(frame) if is_init else _positional(values)
        function = getattr(values.get("fn"), "__name__", "") or frame.f_code.co_name
        subject = values.get("self")
        if subject is None and frame.f_code.co_name == "error_handler" and arguments:
            subject, arguments = arguments[0], arguments[1:]
        if not isinstance(subject, keras.Operation) or subject is last:
            continue
        last = subject
        yield _Step(subject, function, (*arguments, *_keywords(values)))


def _positional(values: Mapping[str, Any]) -> tuple[Any, ...]:
    arguments = values.get("args")
    if isinstance(arguments, tuple):
        return arguments
    # A training function names its data, and a model its tensors.
    names = ("x", "y", "inputs", "outputs", "layers")
    return tuple(values[name] for name in names if values.get(name) is not None)


def _init_arguments(frame: FrameType) -> tuple[Any, ...]:
    code = frame.f_code
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]  # without `self`
    others = frame.f_locals.get("args")
    others = others if isinstance(others, tuple) else ()
    return (*(frame.f_locals.get(name) for name in names), *others)


def _keywords(values: Mapping[str, Any]) -> tuple[Any, ...]:
    arguments = values.get("kwargs")
    return tuple(arguments.values()) if isinstance(arguments, dict) else ()


def _flatten(value: Any, depth: int = 0) -> Iterator[Any]:
    """Yields the items of nested lists and dicts."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and depth < 5:
        for item in islice(value, 1000):  # data may be a long list of numbers
            yield from _flatten(item, depth + 1)
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


def _in_function(frames: list[FrameType], frame: Any, code: str) -> Failure:
    """Describes a failure in a Keras function, or in a symbolic tensor itself."""
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


def _own_constructor(
    error: BaseException, scope: FrameType | None, frame: Any, code: str
) -> Failure | None:
    """Describes arguments that the `__init__` of the user's own layer does not take."""
    import keras

    match = re.match(r"(\w+)\.__init__\(\) (?:takes|got|missing)", message_of(error))
    if not isinstance(error, TypeError) or match is None or scope is None:
        return None
    known = {**scope.f_globals, **scope.f_locals}
    cls = known.get(match[1])
    if not isinstance(cls, type) or not issubclass(cls, keras.Layer):
        return None
    return Failure(None, "", match[1], (), "construct", frame, code)


def _open_size(
    error: BaseException, scope: FrameType | None, frame: Any, code: str
) -> Failure | None:
    """Describes a function outside of Keras that got an unknown size of a symbolic tensor."""
    import keras

    if "'NoneType' object cannot be interpreted" not in message_of(error) or scope is None:
        return None
    known = {**scope.f_globals, **scope.f_locals}
    names = re.findall(r"\b(\w+)\.shape\b", code)
    tensors = [known[name] for name in names if isinstance(known.get(name), keras.KerasTensor)]
    return Failure(None, "", called_name(code), (), "call", frame, code) if tensors else None


def _models_as_operands(
    error: BaseException, scope: FrameType | None, frame: Any, code: str
) -> Failure | None:
    """Describes a computation with models, which only tensors allow."""
    match = re.match(
        r"unsupported operand type\(s\) for [^:]+: '(.*)' and '", message_of(error)
    )
    if match is None or scope is None:
        return None
    known = {**scope.f_globals, **scope.f_locals}
    models = [known[name] for name in re.findall(r"\w+", code) if _is_model(known.get(name))]
    if not models:
        return None
    kind = type(models[0]).__name__
    return Failure(None, name_of(models[0]), kind, (), "call", frame, code, tuple(models))


def _without_keras_frames(error: BaseException, frame: Any, code: str) -> Failure | None:
    """Describes an error that Python raised before Keras ran, such as a wrong argument."""
    message = message_of(error)
    if "KerasTensor" in message:
        return Failure(None, "", "KerasTensor", (), "tensor", frame, code)
    if called_name(code) == "from_tensor_slices":
        return Failure(None, "", "from_tensor_slices", (), "data", frame, code)
    compiles = frame is not None and "compile(" in linecache.getline(*frame)
    if "'y_true' and 'y_pred'" in message and isinstance(error, TypeError) and compiles:
        return Failure(None, "", called_name(code), (), "data", frame, code)
    match = re.match(r"(\w+)(?:\.__init__)?\(\) (?:takes|got|missing)", message)
    if not isinstance(error, TypeError) or match is None:
        return None
    kind = match[1]
    import keras

    if kind == "Input":
        return Failure(None, "", "Input", (), "construct", frame, code)
    candidates = [getattr(keras.layers, name, None) for name in (called_name(code), kind)]
    layer = next((each for each in candidates if callable(each)), None)
    if layer is None:
        return None
    if not isinstance(layer, type):  # a function such as `layers.add`
        return Failure(None, "", layer.__name__, (), "call", frame, code)
    return Failure(None, "", layer.__name__, (), "construct", frame, code)


def called_name(code: str) -> str:
    """Returns the last name of the function that an expression calls.

    Args:
        code: A Python expression, or part of one.

    Returns:
        The name, such as `"Flatten"`; empty if the expression is not a call.

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
    """Parses an expression that is a call; returns `None` for any other code."""
    try:
        body = ast.parse(code, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return body if isinstance(body, ast.Call) else None


def message_of(error: BaseException) -> str:
    """Returns an exception's message without colours; empty if there is none."""
    try:
        # `str` of a KeyError is its message with quotes and escapes.
        only = error.args[0] if len(error.args) == 1 else None
        message = only if isinstance(only, str) else str(error)
    except Exception:  # an exception's own `__str__` may raise
        return ""
    return re.sub(r"\x1b\[[0-9;]*m", "", message)


def all_frames(error: BaseException) -> list[FrameType]:
    """Returns all frames of an exception, including those that Keras filtered out."""
    traceback = error.__traceback__
    shown: list[FrameType] = []
    while traceback is not None:
        shown.append(traceback.tb_frame)
        traceback = traceback.tb_next
    frames, frame = [], shown[-1] if shown else None
    while frame is not None:
        frames.append(frame)
        if frame is shown[0]:
            return frames[::-1]
        frame = frame.f_back
    return shown  # the exception comes from another thread


Span = tuple[tuple[int, int], tuple[int, int]]


def user_frame(
    error: BaseException,
) -> tuple[FrameType | None, tuple[str, int] | None, str, Span | None]:
    """Returns the innermost frame of the user's code, its place, and the failing expression."""
    frame, place, code, span = None, None, "", None
    traceback = error.__traceback__
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if is_user_file(filename):
            frame, place = traceback.tb_frame, (filename, traceback.tb_lineno)
            span = span_of(traceback.tb_frame, traceback.tb_lasti)
            code = "" if span is None else source_of(filename, span)
        traceback = traceback.tb_next
    return frame, place, code, span


def _callers(error: BaseException) -> tuple[Caller, ...]:
    """Returns the user's frames of an exception, the innermost first, without that one."""
    found, traceback = [], error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if is_user_file(frame.f_code.co_filename):
            span = span_of(frame, traceback.tb_lasti)
            found.append(Caller(frame, frame.f_code.co_filename, span))
        traceback = traceback.tb_next
    return tuple(found[-2::-1])


def span_of(frame: FrameType, instruction: int) -> Span | None:
    """Returns the place of the expression that an instruction belongs to."""
    positions = islice(frame.f_code.co_positions(), instruction // 2, None)
    line, end_line, column, end_column = next(positions, (None,) * 4)
    if line is None or end_line is None or column is None or end_column is None:
        return None
    return (line, column), (end_line, end_column)


def source_of(filename: str, span: Span) -> str:
    """Returns the source between two positions of a file; empty if it cannot be read."""
    (line, column), (end_line, end_column) = span
    lines = [linecache.getline(filename, number) for number in range(line, end_line + 1)]
    if not lines or not all(lines) or len(lines) > 50:
        return ""
    rows = [text.encode() for text in lines]  # columns count bytes
    rows[-1] = rows[-1][:end_column]
    rows[0] = rows[0][column:]
    return b"".join(rows).decode(errors="replace")


@lru_cache(maxsize=2_000)
def is_keras_file(filename: str) -> bool:
    """Returns whether a file belongs to Keras."""
    origin = getattr(sys.modules["keras"], "__file__", None)
    return origin is not None and Path(origin).parent in Path(filename).parents


def is_user_file(filename: str) -> bool:
    """Returns whether a file or cell belongs to the learner."""
    if any(part in Path(filename).parts for part in _LIBRARIES) or "autograph" in filename:
        return False
    if filename.startswith("<"):
        return not filename.startswith(("<frozen", "<__array_function__"))
    # Compiled extensions name their source files by a relative path.
    return Path(filename).is_absolute() and not filename.startswith(_STANDARD)


class Stopped(Exception):  # noqa: N818 - it stops a cell whose traceback is shown already
    """Raised after a statement of a cell has failed."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]
