"""The controls for the settings of a call, and the parser for what a user types."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kfunc_lab.graph.model.layer_graph import Call, LayerGraph
from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.formulas import class_defaults, rule_of
from kfunc_lab.shapes.rules.rule import Shape
from kfunc_lab.shapes.what_if import INPUT

# The choices of text settings, including the defaults of the classes.
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "padding": ("valid", "same"),
    "merge_mode": ("concat", "sum", "mul", "ave"),
    "output_mode": ("one_hot", "multi_hot", "count"),
    "score_mode": ("dot", "concat"),
    "mode": ("log", "magnitude", "psd", "real", "imag", "angle", "stft"),
}
# The smallest sensible number, if it is not 1.
_MIN_VALUES = {"axis": -4, "axes": -4, "padding": 0, "cropping": 0, "output_padding": 0}
# The slider ends at twice the model's number, but not below this number.
_MIN_SLIDER_END = 8


@dataclass(frozen=True)
class Control:
    """A setting that can be changed.

    Attributes:
        name: The name of the setting, or for an input the number of its axis.
        label: The label beside the control.
        value: The current value as text.
        kind: `"number"` with a slider, `"text"`, `"choice"` or `"switch"`.
        least: The lower end of the slider; `None` without a slider.
        most: The upper end of the slider; `None` without a slider.
        choices: The values to choose from.
        before: The value in the model as text, if it differs.
    """

    name: str
    label: str
    value: str
    kind: str
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    before: str | None = None


def controls_of(call: Call, before: Call) -> list[Control]:
    """Lists the controls of a call.

    Args:
        call: The call with the changes.
        before: The call in the model.

    Returns:
        A control for each setting that its rule offers; for an input one for each axis.
    """
    if call.kind == INPUT:
        return _axes(call, before)
    controls = []
    for name in _changeable(call):
        now, then = setting(call, name), setting(before, name)
        control = _control(call, name, now, then)
        if control is not None:
            controls.append(control)
    return controls


def _changeable(call: Call) -> tuple[str, ...]:
    rule = rule_of(call.kind, operation=call.operation, library=call.library)
    return () if rule is None else rule.settings


def setting(call: Call, name: str) -> Any:
    """Returns a setting of a call, or its default."""
    if name in call.settings:
        return call.settings[name]
    rule = rule_of(call.kind, operation=call.operation, library=call.library)
    if rule is None or call.operation:
        return None
    return (rule.defaults or class_defaults(call.kind)).get(name)


def _control(call: Call, name: str, now: Any, then: Any) -> Control | None:
    value = setting_text(now)
    before = None if setting_text(then) == value else setting_text(then)
    if isinstance(now, bool):
        return Control(name, name, value, "switch", before=before)
    if name in _CHOICES and isinstance(now, str):
        return Control(
            name, name, value, "choice", choices=_choices(call, name, then), before=before
        )
    if now is None and name == "strides":  # the default stride of pooling is the window size
        value = ""
        now = setting(call, "pool_size")
    one = _one_number(now)
    if one is not None:
        least = _MIN_VALUES.get(name, 1)
        usual = _one_number(then) or 0
        most = -least if least < 0 else max(_MIN_SLIDER_END, 2 * usual, one)
        return Control(name, name, value, "number", least, most, before=before)
    if isinstance(now, (int, tuple)) or now is None:
        return Control(name, name, value, "text", before=before)
    return None


def _choices(call: Call, name: str, then: Any) -> tuple[str, ...]:
    more = ("causal",) if name == "padding" and call.kind == "Conv1D" else ()
    choices = (*_CHOICES[name], *more)
    return choices if setting_text(then) in choices else (setting_text(then), *choices)


def _one_number(value: Any) -> int | None:
    """Returns the number that all axes share, if there is one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, tuple) and value:
        numbers = {_one_number(item) for item in value}
        return numbers.pop() if len(numbers) == 1 else None
    return None


def _axes(call: Call, before: Call) -> list[Control]:
    now, then = call.outputs[0].shape, before.outputs[0].shape
    if now is None or then is None:
        return []
    controls = []
    for place, size in enumerate(now):
        if place == 0:
            continue  # the batch has its own control
        was = then[place]
        value = "" if size is None else str(size)
        usual = was or 32
        controls.append(
            Control(
                str(place),
                _("axis {n}").format(n=place),
                value,
                "number",
                1,
                max(_MIN_SLIDER_END, 2 * usual, size or 0),
                before=None if size == was else "?" if was is None else str(was),
            )
        )
    return controls


def setting_text(value: Any) -> str:
    """Formats a setting as a person would type it: `"3"` for a window of (3, 3).

    Example:
        >>> setting_text((3, 3)), setting_text((3, 1)), setting_text(True), setting_text("same")
        ('3', '3, 1', 'True', 'same')
    """
    if isinstance(value, tuple) and value:
        one = _one_number(value)
        if one is not None and len(value) > 1:
            return str(one)
        if all(isinstance(size, int) for size in value):
            return ", ".join(map(str, value)) + ("," if len(value) == 1 else "")
    return str(value)


def parse_setting(name: str, typed: Any, then: Any) -> Any:
    """Parses the value that a user typed or chose for a setting.

    Args:
        name: The name of the setting.
        typed: A value, or a text such as `"3, 1"`.
        then: The value in the model.

    Returns:
        The value.

    Raises:
        ValueError: If the setting cannot have this value.

    Example:
        >>> parse_setting("kernel_size", "3, 1", (3, 3))
        (3, 1)
    """
    value = typed
    if isinstance(typed, str):
        if isinstance(then, str) or typed in _CHOICES.get(name, ()):
            return typed
        value = _read(name, typed)
    if isinstance(value, list):
        value = tuple(value)
    if isinstance(then, bool) or value is None or isinstance(value, (bool, str)):
        return value
    for number in _numbers(name, value):
        least = _MIN_VALUES.get(name, -1 if name == "target_shape" else 1)
        if number < least:
            raise ValueError(
                _("{name} must be {n} or more, but got {value}.").format(
                    name=name, n=least, value=number
                )
            )
    return value


def _read(name: str, typed: str) -> Any:
    try:
        return ast.literal_eval(typed.strip() or "None")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError(
            _("{name} must be a whole number, or several, such as 3, 1; got {value}.").format(
                name=name, value=repr(typed[:40])
            )
        ) from None


def _numbers(name: str, value: Any) -> list[int]:
    values = value if isinstance(value, tuple) else (value,)
    numbers: list[int] = []
    for item in values:
        if isinstance(item, (tuple, list)):
            numbers += _numbers(name, tuple(item))
        elif isinstance(item, int) and not isinstance(item, bool):
            numbers.append(item)
        else:
            raise ValueError(
                _(
                    "{name} must be a whole number, or several, such as 3, 1; got {value}."
                ).format(name=name, value=repr(item))
            )
    return numbers


def input_shape(call: Call, axis: str, typed: Any) -> Shape:
    """Returns the shape of an input with a new size for one axis.

    Args:
        call: The input with the changes.
        axis: The number of the axis.
        typed: The size; empty or `"?"` for a size that is not fixed.

    Returns:
        The shape.

    Raises:
        ValueError: If the text is not a size.
    """
    shape = list(call.outputs[0].shape or ())
    text = str(typed).strip()
    if text in ("", "?", "None"):
        size = None
    elif text.isdecimal() and int(text) > 0:
        size = int(text)
    else:
        raise ValueError(
            _(
                "A size must be a whole number, 1 or more, or empty if it is not fixed; got "
                "{value}."
            ).format(value=repr(text[:40]))
        )
    shape[int(axis)] = size
    return tuple(shape)


def checked_sizes(value: Any) -> Shape:
    """Checks the sizes of an input's axes, without the batch.

    Raises:
        ValueError: If the value is not a list or tuple of sizes.

    Example:
        >>> checked_sizes([32, None, 3])
        (32, None, 3)
    """
    sizes = tuple(value) if isinstance(value, (list, tuple)) else None
    if sizes is None or not all(
        size is None or (type(size) is int and size > 0) for size in sizes
    ):
        raise ValueError(
            _(
                "shape must hold a size for each axis except the batch, such as (32, 32, 3), "
                "with None for a size that is not fixed; got {value}."
            ).format(value=repr(value))
        )
    return sizes


def unknown_sizes(graph: LayerGraph) -> list[tuple[str, int]]:
    """Lists the axes of the inputs, except the batch, whose sizes are not fixed."""
    return [
        (call_id, place)
        for call_id in graph.inputs
        if graph.call_of[call_id].kind == INPUT and graph.call_of[call_id].outputs
        for place, size in enumerate(graph.call_of[call_id].outputs[0].shape or ())
        if place and size is None
    ]
