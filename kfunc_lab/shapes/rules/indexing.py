"""Shape rules for raw operations that select elements: slices and indices."""

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, ceiling, number, number_text
from kfunc_lab.shapes.rules.operands import (
    NN,
    NUMPY,
    chosen_axis,
    constant_shape,
    from_axes,
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
    expect_rank,
    kept,
)

_INDEXING = "https://numpy.org/doc/stable/user/basics.indexing.html"


def _get_item(call: Given) -> Derivation:
    shape, key = single_input(call), call.get("key")
    if isinstance(key, int):
        key = (key,)
    if not isinstance(key, tuple):
        raise NoRuleError(call.kind)
    before = iter(kept(shape))
    axes: list[Axis] = []
    for part in _spelled_out(key, shape):
        if part is None:
            axes.append(axis("", 1, "key"))
        elif isinstance(part, int):
            _expect_index(part, next(before).size.value)
        else:
            axes.append(_sliced(next(before), str(part)))
    return from_axes(axes)


def _spelled_out(key: tuple[object, ...], shape: Shape) -> list[object]:
    """Returns a key with a slice for each axis that it omits or that an ellipsis replaces."""
    if key.count("...") > 1:
        raise DoesNotFitError(_("An index can contain only one ellipsis (...)."))
    count = sum(part is not None and part != "..." for part in key)
    if count > len(shape):
        raise DoesNotFitError(
            _("There are {n} indices, but only {found} dimensions: {shape}.").format(
                n=count, found=len(shape), shape=shape
            ),
            f"{count} > {len(shape)}",
        )
    parts = list(key) if "..." in key else [*key, "..."]
    dots = parts.index("...")
    return [*parts[:dots], *[":"] * (len(shape) - count), *parts[dots + 1 :]]


def _expect_index(index: int, size: int | None) -> None:
    if size is not None and not -size <= index < size:
        raise DoesNotFitError(
            _("Index {index} is out of range for an axis of size {n}.").format(
                index=number_text(index), n=size
            ),
            f"{number_text(index)} ≥ {size}"
            if index >= 0
            else f"{number_text(index)} < {number_text(-size)}",
        )


def _sliced(before: Axis, text: str) -> Axis:
    """Computes the size that a slice, written as `"1:-1"`, leaves of an axis."""
    try:
        part = slice(*(int(bound) if bound else None for bound in text.split(":")))
    except ValueError as error:
        raise NoRuleError(text) from error
    if text == ":":
        return before
    size = before.size.value
    if size is None:
        return axis("", None)
    if part.step == 0:
        raise DoesNotFitError(_("The step of a slice cannot be 0."))
    start, stop, step = part.indices(size)
    left = len(range(start, stop, step))
    if left in (0, size):
        return before if left else axis("", 0, "key")
    span = number(start) - number(stop) if step < 0 else _span(size, start, stop, part)
    if abs(step) > 1:
        span = ceiling(span / number(abs(step), "s"))
    return axis("", span, "" if span.sign else "key")


def _span(size: int, start: int, stop: int, part: slice) -> Term:
    """Computes the distance from the start of a slice to its end, such as `n − 1 − 1`."""
    from_end = part.start is not None and -size <= part.start < 0
    if from_end and stop == size:
        return number(-part.start)
    end = number(stop)
    if stop == size:
        end = number(size, "n")
    elif part.stop < 0:
        end = number(size, "n") - number(-part.stop, "b")
    return end - number(start, "a") if start else end


# ---------------------------------------------------------------------------------------------
# Indices


def _take(call: Given) -> Derivation:
    indices, source = _indices(call)
    chosen = call.get("axis")
    if chosen is None:
        return from_axes(indices)
    where = chosen_axis(chosen, source)
    before = kept(source)
    return from_axes([*before[:where], *indices, *before[where + 1 :]])


def _indices(call: Given) -> tuple[tuple[Axis, ...], Shape]:
    """Returns the axes of the indices, and the shape from which they select."""
    named, tensors = call.get("indices"), list(call.inputs)
    if len(tensors) != 2 - len(call.settings.keys() & {"x", "indices"}):
        raise NoRuleError(call.kind)
    source = constant_shape(call.get("x")) if "x" in call.settings else tensors.pop(0)
    if "indices" not in call.settings:
        return kept(tensors[0]), source
    if isinstance(named, tuple):  # a list of numbers
        if not all(isinstance(index, int) for index in named):
            raise NoRuleError(call.kind)
        named = f"array({len(named)},)"
    return tuple(axis("", size, "indices") for size in constant_shape(named)), source


def _one_hot(call: Given) -> Derivation:
    shape, chosen = single_input(call), call.get("axis", -1)
    where = len(shape) if chosen == -1 else chosen_axis(chosen, shape)
    if chosen < -1:
        raise DoesNotFitError(
            _("The new axis must be −1, or 0 or more, not {axis}.").format(
                axis=number_text(chosen)
            )
        )
    axes = list(kept(shape))
    axes.insert(where, axis("", call.get("num_classes"), "num_classes"))
    return from_axes(axes)


def _top_k(call: Given) -> Derivation:
    expect_rank(call, 1, at_least=True)
    axes = [*kept(single_input(call))[:-1], axis("", call.get("k"), "k")]
    return from_axes(axes, axes)


RULES = (
    Rule("GetItem", _get_item, _INDEXING, picture="axes"),
    Rule("Take", _take, NUMPY, picture="axes"),
    Rule("OneHot", _one_hot, NN, picture="axes"),
    Rule("TopK", _top_k, "https://keras.io/api/ops/math/", picture="axes"),
)
