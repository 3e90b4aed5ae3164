"""Rules for raw operations that pick some of the numbers: slices, and places that are named."""

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, ceiling, number, written
from kfunc_lab.shapes.rules.operands import NN, NUMPY, constant_shape, derived, only, place
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


def _get_item(given: Given) -> Derivation:
    shape, key = only(given), given.get("key")
    if isinstance(key, int):
        key = (key,)
    if not isinstance(key, tuple):
        raise NoRuleError(given.kind)
    before = iter(kept(shape))
    made: list[Axis] = []
    for part in _spelled_out(key, shape):
        if part is None:
            made.append(axis("", 1, "key"))
        elif isinstance(part, int):
            _expect_index(part, next(before).size.value)
        else:
            made.append(_sliced(next(before), str(part)))
    return derived(made)


def _spelled_out(key: tuple[object, ...], shape: Shape) -> list[object]:
    """Returns a key with a slice for each axis that it leaves out, or that dots stand for."""
    if key.count("...") > 1:
        raise DoesNotFitError(_("An index can contain only one ellipsis (...)."))
    taken = sum(part is not None and part != "..." for part in key)
    if taken > len(shape):
        raise DoesNotFitError(
            _("There are {n} indices, but only {found} dimensions: {shape}.").format(
                n=taken, found=len(shape), shape=shape
            ),
            f"{taken} > {len(shape)}",
        )
    parts = list(key) if "..." in key else [*key, "..."]
    dots = parts.index("...")
    return [*parts[:dots], *[":"] * (len(shape) - taken), *parts[dots + 1 :]]


def _expect_index(index: int, size: int | None) -> None:
    if size is not None and not -size <= index < size:
        raise DoesNotFitError(
            _("Index {index} is out of range for an axis of size {n}.").format(
                index=written(index), n=size
            ),
            f"{written(index)} ≥ {size}"
            if index >= 0
            else f"{written(index)} < {written(-size)}",
        )


def _sliced(before: Axis, text: str) -> Axis:
    """Reckons what a slice, written as `"1:-1"`, leaves of an axis."""
    try:
        wanted = slice(*(int(it) if it else None for it in text.split(":")))
    except ValueError as error:
        raise NoRuleError(text) from error
    if text == ":":
        return before
    size = before.size.value
    if size is None:
        return axis("", None)
    if wanted.step == 0:
        raise DoesNotFitError(_("The step of a slice cannot be 0."))
    start, stop, step = wanted.indices(size)
    left = len(range(start, stop, step))
    if left in (0, size):
        return before if left else axis("", 0, "key")
    span = number(start) - number(stop) if step < 0 else _span(size, start, stop, wanted)
    if abs(step) > 1:
        span = ceiling(span / number(abs(step), "s"))
    return axis("", span, "" if span.sign else "key")


def _span(size: int, start: int, stop: int, wanted: slice) -> Term:
    """Reckons how far it is from the start of a slice to its end, as `n − 1 − 1`."""
    from_end = wanted.start is not None and -size <= wanted.start < 0
    if from_end and stop == size:
        return number(-wanted.start)
    end = number(stop)
    if stop == size:
        end = number(size, "n")
    elif wanted.stop < 0:
        end = number(size, "n") - number(-wanted.stop, "b")
    return end - number(start, "a") if start else end


# ---------------------------------------------------------------------------------------------
# Places that are named by numbers


def _take(given: Given) -> Derivation:
    indices, source = _indices(given)
    chosen = given.get("axis")
    if chosen is None:
        return derived(indices)
    where = place(chosen, source)
    before = kept(source)
    return derived([*before[:where], *indices, *before[where + 1 :]])


def _indices(given: Given) -> tuple[tuple[Axis, ...], Shape]:
    """Returns the axes of the places that are named, and the shape that they are taken from."""
    named, tensors = given.get("indices"), list(given.inputs)
    if len(tensors) != 2 - len(given.settings.keys() & {"x", "indices"}):
        raise NoRuleError(given.kind)
    source = constant_shape(given.get("x")) if "x" in given.settings else tensors.pop(0)
    if "indices" not in given.settings:
        return kept(tensors[0]), source
    if isinstance(named, tuple):  # a list of numbers
        if not all(isinstance(it, int) for it in named):
            raise NoRuleError(given.kind)
        named = f"array({len(named)},)"
    return tuple(axis("", it, "indices") for it in constant_shape(named)), source


def _one_hot(given: Given) -> Derivation:
    shape, chosen = only(given), given.get("axis", -1)
    where = len(shape) if chosen == -1 else place(chosen, shape)
    if chosen < -1:
        raise DoesNotFitError(
            _("The new axis must be −1, or 0 or more, not {axis}.").format(axis=written(chosen))
        )
    made = list(kept(shape))
    made.insert(where, axis("", given.get("num_classes"), "num_classes"))
    return derived(made)


def _top_k(given: Given) -> Derivation:
    expect_rank(given, 1, at_least=True)
    made = [*kept(only(given))[:-1], axis("", given.get("k"), "k")]
    return derived(made, made)


RULES = (
    Rule("GetItem", _get_item, _INDEXING, picture="axes"),
    Rule("Take", _take, NUMPY, picture="axes"),
    Rule("OneHot", _one_hot, NN, picture="axes"),
    Rule("TopK", _top_k, "https://keras.io/api/ops/math/", picture="axes"),
)
