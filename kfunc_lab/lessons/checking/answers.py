"""Checks that an answer exists and has the expected type."""

import contextlib
import math
from collections.abc import Collection, Mapping
from typing import Any

from kfunc_lab.lessons.checking.exercise import NotAttempted, Wrong
from kfunc_lab.locale import _


def attempted(answer: Any) -> None:
    """Raises `NotAttempted` if there is no answer, or if all of its parts are missing."""
    parts = answer.values() if isinstance(answer, Mapping) else [answer]
    if all(part is None or part is ... for part in parts):
        raise NotAttempted


def whole_number(answer: Any, name: str = "") -> int:
    """Returns an answer such as `51`, `"1,280"`, `np.int64(3)` or `51.0` as an integer.

    Args:
        answer: The answer.
        name: The key of the answer among several, for the message.

    Raises:
        Wrong: If the answer is not a whole number.
    """
    with contextlib.suppress(ValueError, OverflowError):
        value = float(str(answer).replace(",", "").replace("_", "").replace(" ", ""))
        if value == int(value):
            return int(value)
    which = f"`{name}`: " if name else ""
    raise Wrong(which + _("Expected a whole number, got {got}.").format(got=repr(answer)))


def number(answer: Any) -> float:
    """Returns an answer such as `0.84`, `"0.84"`, `"0,84"` or `np.float32(0.84)` as a float.

    Raises:
        Wrong: If the answer is not a number.
    """
    with contextlib.suppress(ValueError):
        value = float(str(answer).replace(",", "."))
        if math.isfinite(value):
            return value
    raise Wrong(_("Expected a number, got {got}.").format(got=repr(answer)))


def by_name(answer: Any, names: Collection[str]) -> Mapping[str, Any]:
    """Returns an answer that is a dict with one entry for each name.

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
    return answer


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
