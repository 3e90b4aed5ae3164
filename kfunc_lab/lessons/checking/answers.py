"""Checks that an answer exists and has the expected type."""

import ast
import contextlib
import math
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Any

from kfunc_lab.lessons.checking.exercise import NotAttempted, Wrong
from kfunc_lab.locale import _

_ROUNDING = 1e-6  # an arithmetic result such as 50.00000000000001 is a whole number


def attempted(answer: Any) -> None:
    """Raises `NotAttempted` if there is no answer, or if all of its parts are missing."""
    parts = answer.values() if isinstance(answer, Mapping) else [answer]
    if all(part is None or part is ... for part in parts):
        raise NotAttempted


def whole_number(answer: Any, name: str = "") -> int:
    """Returns an answer such as `51`, `"1,280"`, `np.array([3])` or `51.0` as an integer.

    Args:
        answer: The answer.
        name: The key of the answer among several, for the message.

    Raises:
        Wrong: If the answer is not a whole number.
    """
    with contextlib.suppress(ValueError, OverflowError):
        text = str(single(answer)).replace(",", "").replace("_", "").replace(" ", "")
        value = float(text)
        if abs(value - round(value)) < _ROUNDING:
            return round(value)
    which = f"`{name}`: " if name else ""
    raise Wrong(which + _("Expected a whole number, got {got}.").format(got=repr(answer)))


def number(answer: Any) -> float:
    """Returns an answer such as `0.84`, `"0,84"`, `"21/25"` or `np.float32(0.84)` as a float.

    Raises:
        Wrong: If the answer is not a number.
    """
    with contextlib.suppress(ValueError, OverflowError, ZeroDivisionError):
        text = str(single(answer)).replace(",", ".")
        value = float(Fraction(text.replace(" ", ""))) if "/" in text else float(text)
        if math.isfinite(value):
            return value
    raise Wrong(_("Expected a number, got {got}.").format(got=repr(answer)))


def truth(answer: Any, name: str) -> bool:
    """Returns an answer such as `True`, `0` or `np.array([1])` as a bool.

    Args:
        answer: The answer.
        name: The key of the answer among several, for the message.

    Raises:
        Wrong: If the answer is neither true nor false.
    """
    value = single(answer)
    if isinstance(value, bool | int | float) and value in (0, 1):
        return bool(value)
    raise Wrong(
        _("`{name}`: expected `True` or `False`, got {got}.").format(
            name=name, got=repr(answer)
        )
    )


def shape(answer: Any) -> tuple[Any, ...]:
    """Returns an answer such as `(None, 784)`, `[None, 784]` or `"(None, 784)"` as a tuple.

    Raises:
        Wrong: If the answer is not a sequence.
    """
    sizes = row(answer)
    if not isinstance(sizes, list | tuple):
        raise Wrong(
            _("A shape is a tuple such as `(None, 784)`, got {got}.").format(got=repr(answer))
        )
    return tuple(map(_size, sizes))


def row(answer: Any) -> Any:
    """Returns an answer such as `np.array([2, 4])`, `"[2, 4]"` or `[[2, 4]]` as a list or tuple.

    An answer that is none stays as it is.
    """
    if isinstance(answer, str):
        with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            answer = ast.literal_eval(answer.strip())
    elif hasattr(answer, "shape"):
        with contextlib.suppress(Exception):  # a symbolic tensor has no values
            import numpy as np

            answer = np.asarray(answer).tolist()
    if isinstance(answer, list | tuple) and len(answer) == 1 and not _is_size(answer[0]):
        [answer] = answer
    return answer


def _is_size(value: Any) -> bool:
    return value is None or not isinstance(value, list | tuple)


def _size(value: Any) -> Any:
    """Returns a size as an integer; `None` and what is no size stay as they are."""
    if value is None or str(value) == "None":
        return None
    try:
        return whole_number(value)
    except Wrong:
        return value


def single(answer: Any) -> Any:
    """Returns the only element of an array, tensor or sequence; other answers as they are."""
    if isinstance(answer, list | tuple) and len(answer) == 1:
        return single(answer[0])
    if hasattr(answer, "shape") and hasattr(answer, "dtype"):
        with contextlib.suppress(Exception):  # a symbolic tensor has no values
            import numpy as np

            return np.asarray(answer).item()
    return answer


def by_name(answer: Any, names: Collection[str]) -> Mapping[str, Any]:
    """Returns the entries of an answer that is a dict, in the order of their names.

    Raises:
        Wrong: If the answer is not a dict, has other keys, or lacks an entry.
    """
    keys = ", ".join(f"`{name}`" for name in names)
    if not isinstance(answer, Mapping):
        raise Wrong(
            _("Expected a dict with the keys {keys}, got {got}.").format(
                keys=keys, got=type(answer).__name__
            )
        )
    missing = [f"`{name}`" for name in names if name not in answer]
    if missing:
        raise Wrong(
            _("The dict has no key {missing}; expected {keys}.").format(
                missing=", ".join(missing), keys=keys
            )
        )
    others = [f"`{name}`" for name in answer if name not in names]
    if others:
        raise Wrong(
            _("The dict also has the key {others}; expected only {keys}.").format(
                others=", ".join(others), keys=keys
            )
        )
    for name in names:
        if answer[name] is None or answer[name] is ...:
            raise Wrong(_("`{name}` has no answer yet.").format(name=name))
    return {name: answer[name] for name in names}


def model(answer: Any, name: str = "") -> Any:
    """Returns an answer that is a Keras model.

    Args:
        answer: The answer.
        name: The key of the answer among several, for the message.

    Raises:
        Wrong: If the answer is not a model.
    """
    import keras

    which = f"`{name}`: " if name else ""
    if isinstance(answer, keras.KerasTensor):
        raise Wrong(
            which
            + _(
                "This is the tensor at the end of the graph. `keras.Model(inputs, outputs)` "
                "builds a model from the inputs to this tensor."
            )
        )
    if not isinstance(answer, keras.Model):
        raise Wrong(
            which + _("Expected a Keras model, got {got}.").format(got=type(answer).__name__)
        )
    return answer
