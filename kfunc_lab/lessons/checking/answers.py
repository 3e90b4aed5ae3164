"""What is asked of answers of every kind: that there is one, and that it is of its kind."""

import contextlib
import math
from collections.abc import Collection, Mapping
from typing import Any

from kfunc_lab.lessons.checking.exercise import NotAttempted, Wrong
from kfunc_lab.locale import _


def attempted(answer: Any) -> None:
    """Raises `NotAttempted` where there is no answer, or one whose parts are all missing."""
    parts = answer.values() if isinstance(answer, Mapping) else [answer]
    if all(part is None or part is ... for part in parts):
        raise NotAttempted


def whole_number(answer: Any) -> int:
    """Returns the number that was answered: `51`, `"1,280"`, `np.int64(3)`, `51.0`.

    Raises:
        Wrong: If it is none.
    """
    with contextlib.suppress(ValueError, OverflowError):
        found = float(str(answer).replace(",", "").replace("_", "").replace(" ", ""))
        if found == int(found):
            return int(found)
    raise Wrong(_("A whole number is expected here; this is: {got}.").format(got=repr(answer)))


def number(answer: Any) -> float:
    """Returns the number that was answered: `0.84`, `"0.84"`, `"0,84"`, `np.float32(0.84)`.

    Raises:
        Wrong: If it is none.
    """
    with contextlib.suppress(ValueError):
        found = float(str(answer).replace(",", "."))
        if math.isfinite(found):
            return found
    raise Wrong(_("A number is expected here; this is: {got}.").format(got=repr(answer)))


def by_name(answer: Any, names: Collection[str]) -> Mapping[str, Any]:
    """Returns the dict that was answered, with one entry for each name.

    Raises:
        Wrong: If it is no dict, has other keys, or lacks an answer.
    """
    said = ", ".join(f"`{name}`" for name in names)
    if not isinstance(answer, Mapping):
        raise Wrong(
            _("A dict with the keys {keys} is expected; this is: {got}.").format(
                keys=said, got=type(answer).__name__
            )
        )
    missing = [f"`{name}`" for name in names if name not in answer]
    if missing:
        raise Wrong(
            _("The dict has no key {missing}; {keys} are expected.").format(
                missing=", ".join(missing), keys=said
            )
        )
    others = [f"`{name}`" for name in answer if name not in names]
    if others:
        raise Wrong(
            _("The dict has the key {others} too; only {keys} are expected.").format(
                others=", ".join(others), keys=said
            )
        )
    for name in names:
        if answer[name] is None or answer[name] is ...:
            raise Wrong(_("`{name}` has no answer yet.").format(name=name))
    return answer


def model(answer: Any, name: str = "") -> Any:
    """Returns the Keras model that was answered.

    Args:
        answer: What was answered.
        name: Which of several answers it is, to be named where it is wrong.

    Raises:
        Wrong: If it is no model.
    """
    import keras

    which = f"`{name}`: " if name else ""
    if isinstance(answer, keras.KerasTensor):
        raise Wrong(
            which
            + _(
                "This is the tensor at the end of the graph. `keras.Model(inputs, outputs)` makes "
                "a model of the way from the inputs to it."
            )
        )
    if not isinstance(answer, keras.Model):
        raise Wrong(
            which
            + _("A Keras model is expected here; this is: {got}.").format(
                got=type(answer).__name__
            )
        )
    return answer
