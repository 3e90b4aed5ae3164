"""Rules for raw operations that put the same numbers into another shape, or repeat them."""

from collections.abc import Sequence
from functools import partial

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, floor, number, product, written
from kfunc_lab.shapes.rules.merging import broadcast_axes, joined_size
from kfunc_lab.shapes.rules.operands import (
    NUMPY,
    derived,
    flattened,
    new_place,
    only,
    place,
    several,
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


def _setting(given: Given, name: str) -> tuple[int | None, ...]:
    """Returns a setting that is a row of numbers."""
    value = given.get(name)
    if not isinstance(value, tuple) or not all(isinstance(it, int | None) for it in value):
        raise NoRuleError(given.kind)
    return value


# ---------------------------------------------------------------------------------------------
# Another shape


def _reshape(given: Given) -> Derivation:
    shape, target = only(given), _setting(given, "newshape")
    left_open = [position for position, size in enumerate(target) if size == -1]
    if len(left_open) > 1 or min((it for it in target if it is not None), default=0) < -1:
        raise DoesNotFitError(
            _("At most one size can be −1, and no size can be less than −1: {target}.").format(
                target=target
            )
        )
    made = [axis("", size, "newshape") for size in target]
    fixed = [size for size in target if size != -1]
    _expect_as_many(shape, fixed, bool(left_open))
    if left_open:
        known = None not in shape and None not in fixed
        rest = _remaining(shape, fixed) if known else number(None)
        made[left_open[0]] = axis("", rest, "" if rest.sign else "newshape")
    if _keeps_batch(shape, target):
        made[0] = kept(shape)[0]
    return derived(made)


def _expect_as_many(shape: Shape, fixed: Sequence[int | None], left_open: bool) -> None:
    """Raises `DoesNotFitError` unless the numbers of a shape fill another one."""
    before, after = product(number(it) for it in shape), product(number(it) for it in fixed)
    if before.value is None or after.value is None:
        return
    if left_open and (after.value == 0 or before.value % after.value):
        raise DoesNotFitError(
            _("The {n} elements of {shape} cannot be divided evenly by {parts}.").format(
                n=before.value, shape=shape, parts=after.value
            ),
            f"{before.value} / {after.value}",
        )
    if not left_open and before.value != after.value:
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
    """Tells whether the examples stay apart: what is behind the first axis is as many."""
    if not shape or not target or target[0] not in (-1, shape[0]):
        return False
    if target[0] != -1 and -1 in target:
        return True
    before, after = (product(number(it) for it in rest) for rest in (shape[1:], target[1:]))
    return before.value is not None and before.value == after.value


def _ravel(given: Given) -> Derivation:
    return derived([flattened(only(given))])


# ---------------------------------------------------------------------------------------------
# Axes in another order, more or fewer of them


def _transpose(given: Given) -> Derivation:
    shape = only(given)
    if given.get("axes") is None:
        return derived(reversed(kept(shape)))
    order = _setting(given, "axes")
    if len(order) != len(shape):
        raise DoesNotFitError(
            _("It permutes {n} axes, but {shape} has {found}.").format(
                n=len(order), shape=shape, found=len(shape)
            ),
            f"{len(shape)} ≠ {len(order)}",
        )
    found = [place(it, shape) for it in order]
    if len(set(found)) < len(found):
        raise DoesNotFitError(_("It lists an axis twice: {axes}.").format(axes=order))
    return derived(kept(shape)[it] for it in found)


def _swapaxes(given: Given) -> Derivation:
    shape = only(given)
    one, other = (place(given.get(name), shape) for name in ("axis1", "axis2"))
    made = list(kept(shape))
    made[one], made[other] = made[other], made[one]
    return derived(made)


def _moveaxis(given: Given) -> Derivation:
    shape = only(given)
    before, after = (several(given.get(name), shape) for name in ("source", "destination"))
    if len(before) != len(after):
        raise NoRuleError(given.kind)
    moved = dict(zip(after, before, strict=True))
    others = (it for it in range(len(shape)) if it not in before)
    order = [moved[it] if it in moved else next(others) for it in range(len(shape))]
    return derived(kept(shape)[it] for it in order)


def _expand_dims(given: Given) -> Derivation:
    shape = only(given)
    made: list[Axis] = list(kept(shape))
    chosen = given.get("axis")
    count = len(chosen) if isinstance(chosen, tuple) else 1
    for position in sorted(several(chosen, shape, partial(new_place, added=count))):
        made.insert(position, axis("", 1, "axis"))
    return derived(made)


def _squeeze(given: Given) -> Derivation:
    shape, chosen = only(given), given.get("axis")
    if chosen is None:
        gone = [position for position, size in enumerate(shape) if size == 1]
    else:
        gone = several(chosen, shape)
    for position in gone:
        if shape[position] != 1:
            raise DoesNotFitError(
                _(
                    "Only an axis of size 1 can be removed; axis {axis} of {shape} has "
                    "another size."
                ).format(axis=position, shape=shape),
                f"{written(shape[position])} ≠ 1",
            )
    return derived(it for position, it in enumerate(kept(shape)) if position not in gone)


# ---------------------------------------------------------------------------------------------
# Numbers repeated, and ends that are added


def _times(before: Axis, times: int | None) -> Axis:
    return before if times == 1 else axis("", before.size * number(times, "t"))


def _repeat(given: Given) -> Derivation:
    shape, times, chosen = only(given), given.get("repeats"), given.get("axis")
    if isinstance(times, tuple) and len(times) == 1:
        times = times[0]
    if not isinstance(times, int):
        raise NoRuleError(given.kind)
    if chosen is None:
        return derived([_times(flattened(shape), times)])
    where = place(chosen, shape)
    made = list(kept(shape))
    made[where] = _times(Axis("", number(shape[where], "n"), "input"), times)
    return derived(made)


def _tile(given: Given) -> Derivation:
    shape, times = only(given), given.get("repeats")
    each = (times,) if isinstance(times, int) else _setting(given, "repeats")
    new, old = max(0, len(each) - len(shape)), max(0, len(shape) - len(each))
    ones = [axis("", number(1)) for _new in range(new)]
    pairs = zip([*ones, *kept(shape)], [*[1] * old, *each], strict=True)
    return derived(_times(before, times) for before, times in pairs)


def _pad(given: Given) -> Derivation:
    shape = only(given)
    ends = _ends(given.get("pad_width"))
    if len(ends) == 1:
        ends *= len(shape)
    if len(ends) != len(shape):
        raise DoesNotFitError(
            _("It pads {n} axes, but {shape} has {found}.").format(
                n=len(ends), shape=shape, found=len(shape)
            ),
            f"{len(shape)} ≠ {len(ends)}",
        )
    return derived(
        before
        if (a, b) == (0, 0)
        else axis("", number(before.size.value, "n") + number(a, "a") + number(b, "b"))
        for before, (a, b) in zip(kept(shape), ends, strict=True)
    )


def _ends(width: object) -> list[tuple[int, int]]:
    """Returns what is added at both ends: a pair for each axis, or one for all."""
    match width:
        case int():
            return [(width, width)]
        case (int() as a, int() as b):
            return [(a, b)]
        case tuple() if width and all(isinstance(it, tuple) for it in width):
            return [pair for it in width for pair in _ends(it[0] if len(it) == 1 else it)]
    raise NoRuleError(str(width))


def _broadcast_to(given: Given) -> Derivation:
    shape, target = only(given), _setting(given, "shape")
    broadcast_axes([shape, target])  # refuses what does not fit
    made = [axis("", size, "shape") for size in target]
    if len(shape) == len(target) and shape[:1] == target[:1] != ():
        made[0] = kept(shape)[0]
    return derived(made)


# ---------------------------------------------------------------------------------------------
# Several tensors made one, and one made several


def _expect_alike(shapes: Sequence[Shape], but: int | None = None) -> None:
    """Raises `DoesNotFitError` unless all shapes are equal, but for one axis."""
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
            words = (
                _("All shapes must be the same: {one} and {other}.")
                if but is None
                else _(
                    "All shapes must be the same except along axis {axis}: {one} and {other}."
                )
            )
            raise DoesNotFitError(
                words.format(one=first, other=shape, axis=but), f"{clash[0]} ≠ {clash[1]}"
            )


def _concatenate(given: Given) -> Derivation:
    where = place(given.get("axis", 0), given.shape)
    _expect_alike(given.inputs, where)
    made = list(kept(given.shape))
    if len(given.inputs) > 1:
        made[where] = axis("", joined_size([it[where] for it in given.inputs]))
    return derived(made)


def _stack(given: Given) -> Derivation:
    where = new_place(given.get("axis", 0), given.shape)
    _expect_alike(given.inputs)
    made = list(kept(given.shape))
    made.insert(where, axis("", len(given.inputs), "input"))
    return derived(made)


def _split(given: Given) -> Derivation:
    shape, parts = only(given), given.get("indices_or_sections")
    where = place(given.get("axis", 0), shape)
    size = shape[where]
    if isinstance(parts, int):
        _expect_shares(size, parts)
        sizes = [floor(number(size, "n") / number(parts))] * parts
    else:
        cuts = [*_setting(given, "indices_or_sections")]
        sizes = [_between(a, b) for a, b in zip([0, *cuts], [*cuts, size], strict=True)]
        for it in sizes:
            if it.value is not None and it.value < 0:
                raise DoesNotFitError(
                    _("It cannot split an axis of size {n} at {places}.").format(
                        n=written(size), places=tuple(cuts)
                    )
                )
    before = kept(shape)
    return derived(*([*before[:where], axis("", it), *before[where + 1 :]] for it in sizes))


def _expect_shares(size: int | None, parts: int) -> None:
    if parts < 1 or (size is not None and size % parts):
        raise DoesNotFitError(
            _("An axis of size {n} cannot be split into {parts} equal parts.").format(
                n=written(size), parts=parts
            ),
            f"{written(size)} / {parts}",
        )


def _between(start: int | None, end: int | None) -> Term:
    return number(end) if start == 0 else number(end) - number(start)


def _unstack(given: Given) -> Derivation:
    shape = only(given)
    where = place(given.get("axis", 0), shape)
    count = given.get("num", shape[where])
    if count is None:
        raise DoesNotFitError(
            _(
                "The number of outputs is unknown, because axis {axis} of {shape} has no "
                "fixed size."
            ).format(axis=where, shape=shape)
        )
    before = kept(shape)
    return derived(*[[*before[:where], *before[where + 1 :]]] * int(count))


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
