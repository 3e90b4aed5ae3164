"""Arrays in followed code, and whether they fit the model that is trained on them."""

from collections.abc import Mapping, Sequence
from typing import Any

from kfunc_lab.graph.keras.nodes import functional_of
from kfunc_lab.mistakes.ahead.values import (
    UNKNOWN,
    MisfitError,
    NewModel,
    Tensor,
    flat,
    is_open,
)
from kfunc_lab.mistakes.ahead.variables import is_plain, known_value
from kfunc_lab.shapes.rules.rule import Shape

COMPILE = ("optimizer", "loss", "loss_weights", "metrics")

_BY_SHAPE = frozenset(["zeros", "ones", "random", "standard_normal", "empty", "full"])
_BY_SIZES = frozenset(["rand", "randn"])
_BY_SIZE = frozenset(["randint", "integers", "normal", "uniform", "choice"])
_MAX_RANK = 8


def array_of(
    method: str, function: Any, arguments: Sequence[Any], named: Mapping[str, Any]
) -> Any:
    """Returns an array without content for a call that makes or changes an array.

    Args:
        method: The name of the called function, such as `"zeros"`.
        function: The function, or the method of an array.
        arguments: The arguments.
        named: Those that are passed by name.

    Returns:
        The array; `None` for any other call.
    """
    owner = getattr(function, "owner", None)
    if _is_array(owner):
        return _of_method(owner, method, arguments)
    shape: Any = None
    if method in _BY_SHAPE:
        shape = named.get("size", named.get("shape", arguments[0] if arguments else None))
    elif method in _BY_SIZES:
        shape = tuple(arguments)
    elif method in _BY_SIZE:
        shape = named.get("size", arguments[2] if len(arguments) > 2 else None)
    elif method == "to_categorical" and arguments and _is_array(arguments[0]):
        count = named.get("num_classes", arguments[1] if len(arguments) > 1 else None)
        shape = (*arguments[0].shape, count) if isinstance(count, int) else None
    shape = (shape,) if isinstance(shape, int) else shape
    is_shape = isinstance(shape, (tuple, list)) and all(
        type(it) is int and it >= 0 for it in shape
    )
    if not is_shape or not shape or len(shape) > _MAX_RANK:
        return None
    return _empty(tuple(shape))


def _is_array(value: Any) -> bool:
    import numpy as np

    return type(value) is np.ndarray


def _empty(shape: tuple[int, ...]) -> Any:
    """Returns an array of a shape that takes no memory."""
    import numpy as np

    return np.broadcast_to(np.float32(0), shape)


def _of_method(array: Any, method: str, arguments: Sequence[Any]) -> Any:
    if method in ("astype", "copy", "round", "clip"):
        return array
    if method in ("reshape", "transpose", "squeeze", "swapaxes") and is_plain(list(arguments)):
        try:
            return getattr(_empty(array.shape), method)(*arguments)
        except Exception:  # NumPy refuses it
            return UNKNOWN
    return UNKNOWN


def part_of_array(array: Any, key: Any) -> Any:
    """Returns a slice of an array; `UNKNOWN` for other objects and for index arrays."""
    parts = key if isinstance(key, tuple) else (key,)
    simple = all(it is None or it is ... or isinstance(it, (int, slice)) for it in parts)
    if not _is_array(array) or not simple:
        return UNKNOWN
    try:
        return array[key]
    except Exception:  # NumPy refuses it
        return UNKNOWN


# ---------------------------------------------------------------------------------------------
# Training


def expect_data(
    model: Any, method: str, arguments: Sequence[Any], named: Mapping[str, Any]
) -> None:
    """Expects that the data of a `fit` have the shapes of the model's inputs and outputs.

    Raises:
        MisfitError: If they do not.
    """
    compiled: Mapping[str, Any] = {}
    if isinstance(model, NewModel):
        inputs, outputs, compiled = model.inputs, model.outputs, model.compiled
    elif functional_of(model) is not None:
        functional = functional_of(model)
        inputs, outputs = known_value(functional.inputs), known_value(functional.outputs)
        compiled = {"loss": getattr(model, "loss", None)}
    else:
        return
    data = arguments[0] if arguments else named.get("x")
    targets = arguments[1] if len(arguments) > 1 else named.get("y")
    _expect_inputs(inputs, data)
    if method != "predict":
        _expect_targets(outputs, targets, compiled.get("loss"))


def _expect_inputs(inputs: Any, data: Any) -> None:
    wanted, given = list(flat(inputs)), list(flat(data))
    if isinstance(data, Mapping) and not isinstance(inputs, Mapping):
        return
    if not all(map(_is_array, given)) or not all(isinstance(it, Tensor) for it in wanted):
        return
    if len(wanted) != len(given):
        raise MisfitError
    for tensor, array in zip(wanted, given, strict=True):
        if not _agree(tensor.shape[1:], array.shape[1:], trailing=True):
            raise MisfitError


def _expect_targets(outputs: Any, targets: Any, losses: Any) -> None:
    tensors, arrays = list(flat(outputs)), list(flat(targets))
    if len(tensors) != len(arrays) or is_open(tensors):
        return
    names = list(flat(losses)) if isinstance(losses, (list, tuple)) else [losses] * len(arrays)
    if isinstance(losses, Mapping) or isinstance(outputs, Mapping) != isinstance(
        targets, Mapping
    ):
        return
    for tensor, array, loss in zip(tensors, arrays, names, strict=False):
        if _is_array(array) and isinstance(tensor, Tensor):
            _expect_target(tensor.shape[1:], array.shape[1:], loss_name(loss))


def loss_name(loss: Any) -> str:
    """Returns the name of a loss in lower case without underscores; empty if it is not known."""
    if isinstance(loss, str):
        return loss.replace("_", "").lower()
    kind = getattr(loss, "__name__", type(loss).__name__)
    return str(kind).replace("_", "").lower() if loss is not UNKNOWN and loss else ""


def _expect_target(output: Shape, target: Shape, loss: str) -> None:
    if "sparse" in loss:
        if not _agree(output[:-1], target, trailing=True):
            raise MisfitError
    elif loss and not _agree(output, target, trailing=True):
        raise MisfitError


def _agree(one: Shape, other: Shape, *, trailing: bool) -> bool:
    """Tells whether two shapes are equal, except for open sizes and a last axis of size 1."""
    if trailing and len(one) != len(other):
        longer, shorter = (one, other) if len(one) > len(other) else (other, one)
        if len(longer) - len(shorter) != 1 or longer[-1] != 1:
            return False
        one, other = longer[:-1], shorter
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))
