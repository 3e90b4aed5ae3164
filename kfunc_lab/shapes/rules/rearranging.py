"""Shape rules for raw operations that reshape, reorder, repeat, join or split tensors."""

from collections.abc import Sequence
from functools import partial

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, floor, number, number_text, product
from kfunc_lab.shapes.rules.merging import broadcast_axes, joined_size
from kfunc_lab.shapes.rules.operands import (
    NUMPY,
    chosen_axes,
    chosen_axis,
    flat_axis,
    from_axes,
    new_axis_index,
    single_input,
)
from kfunc_lab.shapes.rules.rule import (
    Axis,
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Rule,
    Shape,
    axis,
    kept,
)


def _setting(call: Given, name: str) -> tuple[int | None, ...]:
    """Returns a setting that is a tuple of integers."""
    value = call.get(name)
    if not isinstance(value, tuple) or not all(isinstance(item, int | None) for item in value):
        raise NoRuleError(call.kind)
    return value


# ---------------------------------------------------------------------------------------------
# Reshaping


def _reshape(call: Given) -> Derivation:
    shape, target = single_input(call), _setting(call, "newshape")
    inferred = [position for position, size in enumerate(target) if size == -1]
    if len(inferred) > 1 or min((size for size in target if size is not None), default=0) < -1:
        raise DoesNotFitError(
            _("At most one size can be −1, and no size can be less than −1: {target}.").format(
                target=target
            )
        )
    axes = [axis("", size, "newshape") for size in target]
    fixed = [size for size in target if size != -1]
    _expect_as_many(shape, fixed, bool(inferred))
    if inferred:
        is_known = None not in shape and None not in fixed
        rest = _remaining(shape, fixed) if is_known else number(None)
        axes[inferred[0]] = axis("", rest, "" if rest.sign else "newshape")
    if _keeps_batch(shape, target):
        axes[0] = kept(shape)[0]
    return from_axes(axes)


def _expect_as_many(shape: Shape, fixed: Sequence[int | None], inferred: bool) -> None:
    """Raises `DoesNotFitError` unless two shapes have the same number of elements."""
    before, after = (
        product(number(size) for size in shape),
        product(number(size) for size in fixed),
    )
    if before.value is None or after.value is None:
        return
    if inferred and (after.value == 0 or before.value % after.value):
        raise DoesNotFitError(
            _("The {n} elements of {shape} cannot be divided evenly by {parts}.").format(
                n=before.value, shape=shape, parts=after.value
            ),
            f"{before.value} / {after.value}",
        )
    if not inferred and before.value != after.value:
        raise DoesNotFitError(
            _("{shape} has {n} elements, but {target} needs {count}.").format(
                n=before.value, shape=shape, target=tuple(fixed), count=after.value
            ),
            f"{before.value} ≠ {after.value}",
        )


def _remaining(shape: Shape, fixed: Sequence[int | None]) -> Term:
    before = product(number(size) for size in shape)
    return floor(before / product(number(size) for size in fixed)) if fixed else before


def _keeps_batch(shape: Shape, target: Shape) -> bool:
    """Tells whether the examples stay separate: their number of elements does not change."""
    if not shape or not target or target[0] not in (-1, shape[0]):
        return False
    if target[0] != -1 and -1 in target:
        return True
    before, after = (product(number(size) for size in rest) for rest in (shape[1:], target[1:]))
    return before.value is not None and before.value == after.value


def _ravel(call: Given) -> Derivation:
    return from_axes([flat_axis(single_input(call))])


# ---------------------------------------------------------------------------------------------
# Reordering, adding and removing axes


def _transpose(call: Given) -> Derivation:
    shape = single_input(call)
    if call.get("axes") is None:
        return from_axes(reversed(kept(shape)))
    order = _setting(call, "axes")
    if len(order) != len(shape):
        raise DoesNotFitError(
            _("It permutes {n} axes, but {shape} has {found}.").format(
                n=len(order), shape=shape, found=len(shape)
            ),
            f"{len(shape)} ≠ {len(order)}",
        )
    order_of_axes = [chosen_axis(number_of_axis, shape) for number_of_axis in order]
    if len(set(order_of_axes)) < len(order_of_axes):
        raise DoesNotFitError(_("It lists an axis twice: {axes}.").format(axes=order))
    return from_axes(kept(shape)[number_of_axis] for number_of_axis in order_of_axes)


def _swapaxes(call: Given) -> Derivation:
    shape = single_input(call)
    one, other = (chosen_axis(call.get(name), shape) for name in ("axis1", "axis2"))
    axes = list(kept(shape))
    axes[one], axes[other] = axes[other], axes[one]
    return from_axes(axes)


def _moveaxis(call: Given) -> Derivation:
    shape = single_input(call)
    before, after = (chosen_axes(call.get(name), shape) for name in ("source", "destination"))
    if len(before) != len(after):
        raise NoRuleError(call.kind)
    moved = dict(zip(after, before, strict=True))
    others = (position for position in range(len(shape)) if position not in before)
    order = [
        moved[position] if position in moved else next(others) for position in range(len(shape))
    ]
    return from_axes(kept(shape)[position] for position in order)


def _expand_dims(call: Given) -> Derivation:
    shape = single_input(call)
    axes: list[Axis] = list(kept(shape))
    chosen = call.get("axis")
    count = len(chosen) if isinstance(chosen, tuple) else 1
    for position in sorted(chosen_axes(chosen, shape, partial(new_axis_index, added=count))):
        axes.insert(position, axis("", 1, "axis"))
    return from_axes(axes)


def _squeeze(call: Given) -> Derivation:
    shape, chosen = single_input(call), call.get("axis")
    if chosen is None:
        removed = [position for position, size in enumerate(shape) if size == 1]
    else:
        removed = chosen_axes(chosen, shape)
    for position in removed:
        if shape[position] != 1:
            raise DoesNotFitError(
                _(
                    "Only an axis of size 1 can be removed; axis {axis} of {shape} has "
                    "another size."
                ).format(axis=position, shape=shape),
                f"{number_text(shape[position])} ≠ 1",
            )
    return from_axes(
        before for position, before in enumerate(kept(shape)) if position not in removed
    )


# ---------------------------------------------------------------------------------------------
# Repeating and padding


def _times(before: Axis, times: int | None) -> Axis:
    return before if times == 1 else axis("", before.size * number(times, "t"))


def _repeat(call: Given) -> Derivation:
    shape, times, chosen = single_input(call), call.get("repeats"), call.get("axis")
    if isinstance(times, tuple) and len(times) == 1:
        times = times[0]
    if not isinstance(times, int):
        raise NoRuleError(call.kind)
    if chosen is None:
        return from_axes([_times(flat_axis(shape), times)])
    where = chosen_axis(chosen, shape)
    axes = list(kept(shape))
    axes[where] = _times(Axis("", number(shape[where], "n"), "input"), times)
    return from_axes(axes)


def _tile(call: Given) -> Derivation:
    shape, times = single_input(call), call.get("repeats")
    each = (times,) if isinstance(times, int) else _setting(call, "repeats")
    new, old = max(0, len(each) - len(shape)), max(0, len(shape) - len(each))
    ones = [axis("", number(1)) for _new in range(new)]
    pairs = zip([*ones, *kept(shape)], [*[1] * old, *each], strict=True)
    return from_axes(_times(before, times) for before, times in pairs)


def _pad(call: Given) -> Derivation:
    shape = single_input(call)
    ends = _ends(call.get("pad_width"))
    if len(ends) == 1:
        ends *= len(shape)
    if len(ends) != len(shape):
        raise DoesNotFitError(
            _("It pads {n} axes, but {shape} has {found}.").format(
                n=len(ends), shape=shape, found=len(shape)
            ),
            f"{len(shape)} ≠ {len(ends)}",
        )
    return from_axes(
        before
        if (a, b) == (0, 0)
        else axis("", number(before.size.value, "n") + number(a, "a") + number(b, "b"))
        for before, (a, b) in zip(kept(shape), ends, strict=True)
    )


def _ends(width: object) -> list[tuple[int, int]]:
    """Returns the padding at both ends: a pair for each axis, or one pair for all."""
    match width:
        case int():
            return [(width, width)]
        case (int() as a, int() as b):
            return [(a, b)]
        case tuple() if width and all(isinstance(pair, tuple) for pair in width):
            return [
                pair for pair in width for pair in _ends(pair[0] if len(pair) == 1 else pair)
            ]
    raise NoRuleError(str(width))


def _broadcast_to(call: Given) -> Derivation:
    shape, target = single_input(call), _setting(call, "shape")
    broadcast_axes([shape, target])  # raises an error if they do not fit
    axes = [axis("", size, "shape") for size in target]
    if len(shape) == len(target) and shape[:1] == target[:1] != ():
        axes[0] = kept(shape)[0]
    return from_axes(axes)


# ---------------------------------------------------------------------------------------------
# Joining and splitting


def _expect_alike(shapes: Sequence[Shape], but: int | None = None) -> None:
    """Raises `DoesNotFitError` unless all shapes are equal, except along one axis."""
    first = shapes[0]
    for shape in shapes[1:]:
        clash = next(
            (
                (one, other)
                for position, (one, other) in enumerate(zip(first, shape, strict=False))
                if position != but and None not in (one, other) and one != other
            ),
            None,
        )
        if len(shape) != len(first):
            clash = len(first), len(shape)
        if clash:
            template = (
                _("All shapes must be the same: {one} and {other}.")
                if but is None
                else _(
                    "All shapes must be the same except along axis {axis}: {one} and {other}."
                )
            )
            raise DoesNotFitError(
                template.format(one=first, other=shape, axis=but), f"{clash[0]} ≠ {clash[1]}"
            )


def _concatenate(call: Given) -> Derivation:
    where = chosen_axis(call.get("axis", 0), call.shape)
    _expect_alike(call.inputs, where)
    axes = list(kept(call.shape))
    if len(call.inputs) > 1:
        axes[where] = axis("", joined_size([shape[where] for shape in call.inputs]))
    return from_axes(axes)


def _stack(call: Given) -> Derivation:
    where = new_axis_index(call.get("axis", 0), call.shape)
    _expect_alike(call.inputs)
    axes = list(kept(call.shape))
    axes.insert(where, axis("", len(call.inputs), "input"))
    return from_axes(axes)


def _split(call: Given) -> Derivation:
    shape, parts = single_input(call), call.get("indices_or_sections")
    where = chosen_axis(call.get("axis", 0), shape)
    size = shape[where]
    if isinstance(parts, int):
        _expect_shares(size, parts)
        sizes = [floor(number(size, "n") / number(parts))] * parts
    else:
        cuts = [*_setting(call, "indices_or_sections")]
        sizes = [_between(a, b) for a, b in zip([0, *cuts], [*cuts, size], strict=True)]
        for part in sizes:
            if part.value is not None and part.value < 0:
                raise DoesNotFitError(
                    _("It cannot split an axis of size {n} at {places}.").format(
                        n=number_text(size), places=tuple(cuts)
                    )
                )
    before = kept(shape)
    return from_axes(
        *([*before[:where], axis("", part), *before[where + 1 :]] for part in sizes)
    )


def _expect_shares(size: int | None, parts: int) -> None:
    if parts < 1 or (size is not None and size % parts):
        raise DoesNotFitError(
            _("An axis of size {n} cannot be split into {parts} equal parts.").format(
                n=number_text(size), parts=parts
            ),
            f"{number_text(size)} / {parts}",
        )


def _between(start: int | None, end: int | None) -> Term:
    return number(end) if start == 0 else number(end) - number(start)


def _unstack(call: Given) -> Derivation:
    shape = single_input(call)
    where = chosen_axis(call.get("axis", 0), shape)
    count = call.get("num", shape[where])
    if count is None:
        raise DoesNotFitError(
            _(
                "The number of outputs is unknown, because axis {axis} of {shape} has no "
                "fixed size."
            ).format(axis=where, shape=shape)
        )
    before = kept(shape)
    (each,) = from_axes([*before[:where], *before[where + 1 :]]).outputs
    return Derivation((each,) * int(count))  # there may be thousands


RULES = (
    Rule("Reshape", _reshape, NUMPY, picture="axes"),
    Rule("Ravel", _ravel, NUMPY, picture="axes"),
    Rule("Transpose", _transpose, NUMPY, picture="axes"),
    Rule("Swapaxes", _swapaxes, NUMPY, picture="axes"),
    Rule("Moveaxis", _moveaxis, NUMPY, picture="axes"),
    Rule("ExpandDims", _expand_dims, NUMPY, picture="axes"),
    Rule("Squeeze", _squeeze, NUMPY, picture="axes"),
    Rule("Repeat", _repeat, NUMPY, picture="axes"),
    Rule("Tile", _tile, NUMPY, picture="axes"),
    Rule("Pad", _pad, NUMPY, picture="axes"),
    Rule("BroadcastTo", _broadcast_to, NUMPY, picture="axes"),
    Rule("Concatenate", _concatenate, NUMPY, picture="blocks"),
    Rule("Stack", _stack, NUMPY, picture="blocks"),
    Rule("Split", _split, NUMPY, picture="axes"),
    Rule("Unstack", _unstack, "https://keras.io/api/ops/core/", picture="axes"),
)
