"""Finds where a failure began, if Keras or TensorFlow reports another place.

Keras wraps an exception inside a `Lambda` layer and inside a model that is called, and
TensorFlow reports a failure on data only after the graph has run: the message then names the
layer and the line of its code.
"""

import ast
import re
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

from kfunc_lab.graph.keras.masks import arguments_without_masks
from kfunc_lab.graph.keras.nodes import functional_of, nodes_of
from kfunc_lab.mistakes.failure import (
    Caller,
    Failure,
    is_keras_file,
    is_user_file,
    message_of,
    name_of,
    source_of,
    user_frame,
)
from kfunc_lab.mistakes.source.code import Code, begin_of, end_of

_LAMBDA = "infer the shape of the Lambda"
_MAX_CHAIN = 20


@dataclass(frozen=True)
class Cause:
    """A place where a failure may have begun.

    Attributes:
        message: The message there, without the text that Keras wraps around it.
        failure: The failure, as if it had been raised there.
    """

    message: str
    failure: Failure


def causes(error: BaseException, failure: Failure) -> list[Cause]:
    """Returns the places where a failure may have begun, the one to explain first in front.

    Args:
        error: The exception.
        failure: The call that failed, as its traceback tells.
    """
    message = message_of(error)
    found = [Cause(message, failure)]
    # The data may not fit the model as a whole, which is told better than of a layer inside it.
    finders = (
        (_inside_model, 1),
        (_in_running_graph, 0),
        (_behind_lambda, 0),
        (_behind_loading, 0),
    )
    for find, position in finders:
        try:
            cause = find(error, message, failure)
        except Exception:  # an exception may hold any objects, whose attributes may raise
            cause = None
        if cause is not None:
            found.insert(position, cause)
    return found


def chain(error: BaseException) -> list[BaseException]:
    """Returns an exception and those that led to it, the first cause last."""
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found and len(found) < _MAX_CHAIN:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found


# ---------------------------------------------------------------------------------------------
# The function of a Lambda layer


def _behind_lambda(error: BaseException, message: str, failure: Failure) -> Cause | None:
    """Finds the exception in a `Lambda` layer's function, which Keras replaces by another."""
    if _LAMBDA not in message:
        return None
    inner = next((each for each in chain(error) if _LAMBDA not in message_of(each)), None)
    if inner is None:
        return None
    scope, frame, code, span = user_frame(inner)
    if scope is None:
        return Cause(message_of(inner), failure)
    moved = replace(failure, scope=scope, frame=frame, code=code, span=span, stage="call")
    if failure.scope is not None and failure.frame is not None:
        outer = Caller(failure.scope, failure.frame[0], failure.span)
        moved = replace(moved, callers=(outer, *failure.callers))
    return Cause(message_of(inner), moved)


# ---------------------------------------------------------------------------------------------
# A class of the learner that is made again from a file


def _behind_loading(error: BaseException, message: str, failure: Failure) -> Cause | None:
    """Finds the line of a learner's class that fails while a model is loaded."""
    import keras

    if "could not be deserialized" not in message:
        return None
    inner = chain(error)[-1]
    scope, frame, code, span = user_frame(inner)
    subject = None if scope is None else scope.f_locals.get("self")
    if not isinstance(subject, keras.Layer) or failure.scope is None or failure.frame is None:
        return None
    outer = Caller(failure.scope, failure.frame[0], failure.span)
    moved = replace(
        failure,
        operation=subject,
        name=name_of(subject),
        kind=type(subject).__name__,
        scope=scope,
        frame=frame,
        code=code,
        span=span,
        callers=(outer, *failure.callers),
    )
    return Cause(message_of(inner), moved)


# ---------------------------------------------------------------------------------------------
# A layer of the library inside a model that is called on data


def _inside_model(error: BaseException, message: str, failure: Failure) -> Cause | None:
    """Finds the layer at fault if calling a whole model failed."""
    import keras

    if not isinstance(failure.operation, keras.Model):
        return None
    if "is incompatible with the layer" in message:
        return None  # the data has another shape than the input of the model
    called = re.findall(r"Exception encountered when calling (\w+)\.call\(\)", message)
    if not called or "compile_loss" in message.partition("Arguments received")[0]:
        return None
    layer = _failing_layer(error, called[-1])
    if layer is None or isinstance(layer, keras.Model):
        return None
    return Cause(_inner_message(message), _moved_to(layer, failure))


def _failing_layer(error: BaseException, kind: str) -> Any:
    """Returns the innermost layer of a class in the frames of an exception and its causes."""
    import keras

    found = None
    for each in chain(error):
        traceback = each.__traceback__
        while traceback is not None:
            subject = _subject(traceback.tb_frame)
            if isinstance(subject, keras.Layer) and type(subject).__name__ == kind:
                found = subject
            traceback = traceback.tb_next
    return found


def _subject(frame: FrameType) -> Any:
    return frame.f_locals.get("self") if is_keras_file(frame.f_code.co_filename) else None


def _moved_to(layer: Any, failure: Failure) -> Failure:
    """Returns a failure of a model as the failure of a layer in its graph."""
    return replace(
        failure,
        operation=layer,
        name=name_of(layer),
        kind=type(layer).__name__,
        tensors=_inputs_of(layer),
        model=failure.model or failure.operation,
    )


def _inputs_of(layer: Any) -> tuple[Any, ...]:
    """Returns the symbolic tensors on which a layer was called last."""
    calls = nodes_of(layer)
    return tuple(arguments_without_masks(calls[-1])) if calls else ()


def _inner_message(message: str) -> str:
    pattern = r"Exception encountered when calling [^\n]*\n\n(.*?)\n\nArguments received by "
    match = re.search(pattern, message, re.DOTALL)
    return match[1] if match is not None and match[1].strip() else message


# ---------------------------------------------------------------------------------------------
# A graph that fails while it runs on data


def _in_running_graph(error: BaseException, message: str, failure: Failure) -> Cause | None:
    """Finds the layer and the line of the code that TensorFlow names in its message."""
    if "Detected at node" not in message:
        return None
    core, node = _core_of(message)
    layer = None if "compile_loss" in node else _layer_on_path(node, failure)
    place = _own_line(message, failure)
    if layer is not None:
        failure = _moved_to(layer, failure)
    if place is not None:
        failure = _at_line(place, failure)
    return Cause(core, failure)


def _core_of(message: str) -> tuple[str, str]:
    """Returns the last sentence of TensorFlow's message, and the node that it names."""
    match = re.search(r"\n([^\n]+)\n\s*\[\[\{\{node (?P<node>[^}]*)\}\}\]\]", message)
    if match is not None:
        return match[1].strip(), match["node"]
    named = re.search(r"Detected at node '?(?P<node>[^\s']+)'? defined at", message)
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return lines[-1], named["node"] if named is not None else ""


def _layer_on_path(path: str, failure: Failure) -> Any:
    """Returns the layer that a node's path names, such as `functional_1/z_1/add`."""
    import keras

    found, inside = None, failure.operation
    if not isinstance(inside, keras.Model):
        inside = failure.model
    for part in path.split("/"):
        names = {part, re.sub(r"_\d+$", "", part)}
        layers = getattr(functional_of(inside) or inside, "layers", ()) or ()
        layer = next((each for each in layers if name_of(each) in names), None)
        if layer is not None:
            found, inside = layer, layer
    return found


def _own_line(message: str, failure: Failure) -> tuple[str, int] | None:
    """Returns the innermost line of the learner's code, if it is not the one that trains."""
    stack = message.split("Detected at node")[1]
    lines = [
        (file, int(line))
        for file, line in re.findall(r'File "([^"\n]+)", line (\d+), in ', stack)
        if is_user_file(file) and Code.of(file) is not None
    ]
    if not lines or lines[-1] == failure.frame:
        return None
    return lines[-1]


def _at_line(place: tuple[str, int], failure: Failure) -> Failure:
    """Returns a failure as if the expression on a line of the code had raised it."""
    code = Code.of(place[0])
    node = None if code is None else _value_on_line(code, place[1])
    if node is None:
        return replace(failure, frame=place, code="", span=None, scope=None)
    span = (begin_of(node), end_of(node))
    return replace(failure, frame=place, code=source_of(place[0], span), span=span, scope=None)


def _value_on_line(code: Code, line: int) -> ast.expr | None:
    """Returns the value that the innermost statement of a line computes."""
    found = None
    for node in ast.walk(code.tree):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0):
            found = getattr(node, "value", found)
    return found
