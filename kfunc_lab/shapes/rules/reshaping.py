"""Shape rules for layers that rearrange elements: none is added or removed."""

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, equation, floor, number, product, text
from kfunc_lab.shapes.rules.rule import (
    Axis,
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Rule,
    axis,
    batch,
    expect_rank,
    sizes_of,
)

_KERAS = "https://keras.io/api/layers/reshaping_layers/"


def _reshape(call: Given) -> Derivation:
    expect_rank(call, 1, at_least=True)
    target = call.each("target_shape", 1)
    _expect_sizes(target)
    entering = product(sizes_of(call.shape[1:]))
    fixed = product(size for size in target if size != -1)
    _expect_as_many(call, target, entering, fixed)
    # The inferred size takes the elements that the others leave; alone, it takes all.
    left = floor(entering / fixed) if len(target) > 1 else entering
    axes = [axis("", left) if size == -1 else axis("", size, "target_shape") for size in target]
    return Derivation(((batch(call), *axes),))


def _expect_sizes(target: tuple[int, ...]) -> None:
    if None in target:
        raise NoRuleError(str(target))
    if target.count(-1) > 1:
        raise DoesNotFitError(_("Only one size can be −1: {target}.").format(target=target))
    if min(target, default=1) < -1:
        raise DoesNotFitError(
            _("A size must be 0 or more, or −1 to be inferred: {target}.").format(target=target)
        )


def _expect_as_many(call: Given, target: tuple[int, ...], entering: Term, fixed: Term) -> None:
    """Raises `DoesNotFitError` unless the number of elements stays the same."""
    if entering.value is None or fixed.value is None:
        return
    if -1 not in target and entering.value != fixed.value:
        raise DoesNotFitError(
            _(
                "The number of elements must stay the same: {before} has {n}, {after} has {m}."
            ).format(before=call.shape[1:], n=entering.value, after=target, m=fixed.value),
            f"{equation(entering)} ≠ {equation(fixed)}",
        )
    if -1 in target and (fixed.value == 0 or entering.value % fixed.value):
        raise DoesNotFitError(
            _("The {n} elements of {before} cannot be divided evenly by {m}.").format(
                n=entering.value, before=call.shape[1:], m=fixed.value
            ),
            text(entering / fixed),
        )


def _flatten(call: Given) -> Derivation:
    expect_rank(call, 1, at_least=True)
    rest = call.shape[1:]
    reason = "input" if len(rest) == 1 else ""
    return Derivation(((batch(call), axis("features", product(sizes_of(rest)), reason)),))


def _permute(call: Given) -> Derivation:
    dims = call.each("dims", 1)
    if sorted(dims) != list(range(1, len(dims) + 1)):
        raise DoesNotFitError(
            _("dims must list each axis after the batch once, counting from 1: {dims}.").format(
                dims=dims
            )
        )
    expect_rank(call, len(dims) + 1)
    moved = [Axis("", number(call.shape[dim]), "input") for dim in dims]
    return Derivation(((batch(call), *moved),))


def _repeat_vector(call: Given) -> Derivation:
    times = int(call.get("n"))
    if times < 1:
        raise DoesNotFitError(
            _("It must repeat at least once, not {n} times.").format(n=times), f"{times} < 1"
        )
    expect_rank(call, 2)
    features = axis("features", call.shape[1], "input")
    return Derivation(((batch(call), axis("steps", times, "n"), features),))


RULES = (
    Rule("Reshape", _reshape, _KERAS + "reshape/", ("target_shape",), "axes"),
    Rule("Flatten", _flatten, _KERAS + "flatten/", (), "axes"),
    Rule("Permute", _permute, _KERAS + "permute/", ("dims",), "axes"),
    Rule("RepeatVector", _repeat_vector, _KERAS + "repeat_vector/", ("n",), "axes"),
)
