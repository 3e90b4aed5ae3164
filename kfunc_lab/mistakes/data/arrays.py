"""Transformations of an array to the shape that a model wants, the most natural one first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import prod

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Step:
    """A transformation of an array.

    Attributes:
        kind: `"batch"`, `"one-less"`, `"one-more"`, `"order"`, `"merge"`, `"repeat"`, `"slice"`
            or `"batch-last"`.
        template: Its source, with `{x}` in the place of the array.
        shape: The shape after it.
        wrong: The source of a transformation that has the same shape but mixes the numbers;
            empty if there is none.
    """

    kind: str
    template: str
    shape: tuple[int, ...]
    wrong: str = ""


def steps(shape: Sequence[int | None], wanted: Shape, count: int | None = None) -> list[Step]:
    """Returns the transformations that give an array the wanted shape.

    Args:
        shape: The shape of the array.
        wanted: The shape that the model wants, with the batch, which may have any size.
        count: The number of examples that the result must have; `None` if any will do.

    Returns:
        The transformations, the first choice first.

    Example:
        >>> [step.template for step in steps((40, 4, 30), (None, 30, 4))]
        ['{x}.transpose(0, 2, 1)']
    """
    if None in shape:
        return []
    sizes = tuple(size or 0 for size in shape)
    found = [
        step
        for step in _all(sizes, wanted)
        if _matches(step.shape, wanted) and count in (None, step.shape[0])
    ]
    seen: dict[str, Step] = {}
    for step in found:
        if step.kind != "merge" or step.shape not in [each.shape for each in seen.values()]:
            seen.setdefault(step.kind, step)
    return list(seen.values())


def _matches(shape: Sequence[int], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        want is None or size == want for size, want in zip(shape[1:], wanted[1:], strict=True)
    )


def _all(shape: tuple[int, ...], wanted: Shape) -> Iterator[Step]:
    if not shape or len(wanted) < 2:
        return
    yield from _one_less(shape)
    yield from _order(shape, wanted)
    yield Step("batch", "{x}[None]", (1, *shape))
    yield from _one_more(shape)
    yield from _merged(shape, wanted)
    if _matches((1, *shape, 1), wanted):
        yield Step("batch", "{x}[None, ..., None]", (1, *shape, 1))
    yield from _channels(shape, wanted)
    # One example whose axes are merged or split: a batch of one.
    known = tuple(size or 0 for size in wanted[1:])
    ends, wanted_ends = _ends(shape), _ends(known)
    if prod(known) == prod(shape) and (ends <= wanted_ends or wanted_ends <= ends):
        one = (1, *known)
        yield Step("batch", f"{{x}}.reshape({one})", one)


def _one_less(shape: tuple[int, ...]) -> Iterator[Step]:
    for axis, size in enumerate(shape):
        if size == 1 and len(shape) > 1:
            yield Step("one-less", _item(axis, len(shape), "0"), _without(shape, axis))


def _one_more(shape: tuple[int, ...]) -> Iterator[Step]:
    for axis in (len(shape), *range(1, len(shape))):
        new = (*shape[:axis], 1, *shape[axis:])
        yield Step("one-more", _item(axis, len(new), "None"), new)


def _item(axis: int, axes: int, what: str) -> str:
    if axis == 0:
        return f"{{x}}[{what}]"
    if axis == axes - 1:
        return f"{{x}}[..., {what}]"
    return f"{{x}}[{':, ' * axis}{what}]"


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], *shape[axis + 1 :])


def _order(shape: tuple[int, ...], wanted: Shape) -> Iterator[Step]:
    """Yields the other orders of the axes: of an example, or with the batch elsewhere."""
    axes = len(shape)
    if axes != len(wanted) or not 3 <= axes <= 5:
        return
    wrong = f"{{x}}.reshape({(-1, *(w for w in wanted[1:]))})" if None not in wanted[1:] else ""
    for template, order in (
        ("np.moveaxis({x}, 1, -1)", (0, *range(2, axes), 1)),
        ("np.moveaxis({x}, -1, 1)", (0, axes - 1, *range(1, axes - 1))),
        ("np.moveaxis({x}, -1, 0)", (axes - 1, *range(axes - 1))),
    ):
        new = tuple(shape[place] for place in order)
        if axes > 3 and new != shape:
            yield Step("order", template, new, wrong)
    for order in permutations(range(1, axes)):
        new = (shape[0], *(shape[place] for place in order))
        if new != shape:
            yield Step("order", f"{{x}}.transpose{(0, *order)}", new, wrong)
    if axes == 3:
        yield Step(
            "batch-last", "np.moveaxis({x}, -1, 0)", (shape[2], shape[0], shape[1]), wrong
        )
        yield Step("batch-last", "{x}.swapaxes(0, 1)", (shape[1], shape[0], shape[2]), wrong)


def _merged(shape: tuple[int, ...], wanted: Shape) -> Iterator[Step]:
    """Yields the reshaping that merges or splits axes in their order."""
    want = wanted[1:]
    if want.count(None) == 1:
        rest = prod(size for size in want if size is not None)
        size, over = divmod(prod(shape[1:]), rest or 1)
        if over:
            return
        want = tuple(size if each is None else each for each in want)
    known = tuple(size or 0 for size in want)
    if None in want or prod(known) != prod(shape[1:]) or known == shape[1:]:
        return
    ends, wanted_ends = _ends(shape[1:]), _ends(known)
    if ends <= wanted_ends or wanted_ends <= ends:
        yield Step("merge", f"{{x}}.reshape({(-1, *known)})", (shape[0], *known))


def _ends(shape: tuple[int, ...]) -> set[int]:
    """Returns the numbers of elements up to the end of each axis."""
    return {prod(shape[:count]) for count in range(1, len(shape) + 1)}


def _channels(shape: tuple[int, ...], wanted: Shape) -> Iterator[Step]:
    if len(wanted) == 4 and wanted[-1] == 3:
        if len(shape) == 4 and shape[-1] == 1:
            yield Step("repeat", "np.repeat({x}, 3, axis=-1)", (*shape[:-1], 3))
        if len(shape) == 3:
            yield Step("repeat", "np.repeat({x}[..., None], 3, axis=-1)", (*shape, 3))
        if len(shape) == 4 and shape[-1] == 4:
            yield Step("slice", "{x}[..., :3]", (*shape[:-1], 3))
    if len(wanted) == 4 and wanted[-1] == 1 and len(shape) == 4 and shape[-1] == 3:
        yield Step("slice", "{x}.mean(axis=-1, keepdims=True)", (*shape[:-1], 1))
