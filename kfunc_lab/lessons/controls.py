"""The controls of `lab.explore`: a slider, a choice, a check box or a field for each argument."""

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import ipywidgets

from kfunc_lab.locale import _

_STEPS = 100  # of a slider through fractions, about


def control(name: str, given: Any) -> Any:
    """Returns the control for an argument.

    Args:
        name: The argument's name.
        given: A tuple of the lowest, the highest and the first number, a list, a bool or a text.

    Raises:
        ValueError: If it is none of these.

    Example:
        >>> control("epochs", (1, 20, 5)).value
        5
    """
    look = {
        "description": name,
        "style": {"description_width": "9em"},
        "layout": {"width": "min(34em, 98%)"},
    }
    if isinstance(given, bool):
        return ipywidgets.Checkbox(given, **look)
    if isinstance(given, str):
        return ipywidgets.Text(given, **look)
    if isinstance(given, list) and given:
        return _choice(given, look)
    if _is_range(given):
        return _slider(given, look)
    raise ValueError(
        _(
            "The control of `{name}` is a tuple of the lowest, the highest and the first number, a "
            "list, a bool or a text, not {given}."
        ).format(name=name, given=f"`{given!r}`")
    )


def _is_range(given: Any) -> bool:
    if not (isinstance(given, tuple) and len(given) == 3):
        return False
    if not all(isinstance(it, Real) and math.isfinite(it) for it in given):
        return False
    low, high, start = given
    return bool(low < high and low <= start <= high)


def _slider(given: tuple[Any, ...], look: dict[str, Any]) -> Any:
    low, high, start = given
    if all(isinstance(it, Integral) for it in given):
        return ipywidgets.IntSlider(int(start), int(low), int(high), **look)
    step = _round_step((high - low) / _STEPS)
    digits = max(0, -math.floor(math.log10(step)))
    return ipywidgets.FloatSlider(
        float(start), min=low, max=high, step=step, readout_format=f".{digits}f", **look
    )


def _round_step(size: float) -> float:
    """Returns the largest of 1, 2 and 5 times a power of ten that is at most a size."""
    power = 10.0 ** math.floor(math.log10(size) + 1e-9)
    return max(factor * power for factor in (1, 2, 5) if factor * power <= size * (1 + 1e-9))


def _choice(given: Sequence[Any], look: dict[str, Any]) -> Any:
    are_numbers = all(isinstance(it, Real) and not isinstance(it, bool) for it in given)
    kind = ipywidgets.SelectionSlider if are_numbers else ipywidgets.Dropdown
    return kind(options=[(str(it), it) for it in given], value=given[0], **look)
