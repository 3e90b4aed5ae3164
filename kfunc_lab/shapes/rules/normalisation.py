"""Shape rules for layers that scale each element separately: normalisation, and PReLU.

Their multiplications are not counted: they are few compared with those of other layers, and the
usual counts omit them.
"""

from collections.abc import Iterable

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, number
from kfunc_lab.shapes.rules.rule import (
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Rule,
    WeightSize,
    axis_index,
    known,
    same,
)

_KERAS = "https://keras.io/api/layers/"


def _batch_normalization(call: Given) -> Derivation:
    sizes = _sizes(call, [int(call.get("axis", -1))])
    statistics = ["moving_mean", "moving_variance"]
    if call.get("renorm"):
        statistics += ["moving_stddev", "renorm_mean", "renorm_stddev"]
    return Derivation(
        same(call).outputs,
        (*_scale_and_center(call, sizes), *(_statistic(name, sizes) for name in statistics)),
    )


def _layer_normalization(call: Given) -> Derivation:
    axes = sorted(call.each("axis", 1, -1))
    if call.get("rms_scaling"):  # it replaces both settings
        gamma = WeightSize("gamma", _sizes(call, axes))
        return Derivation(same(call).outputs, (gamma,))
    _expect_axes(call, axes)
    has_weights = call.get("scale", True) or call.get("center", True)
    weights = _scale_and_center(call, _sizes(call, axes)) if has_weights else []
    return Derivation(same(call).outputs, tuple(weights))


def _group_normalization(call: Given) -> Derivation:
    sizes = _sizes(call, [int(call.get("axis", -1))])
    channels, groups = sizes[0].value or 0, int(call.get("groups", 32))
    if groups == 0 or groups < -1:
        raise DoesNotFitError(
            _(
                "groups must be at least 1, or −1 for one group per channel, but got {groups}."
            ).format(groups=groups)
        )
    if groups > channels or channels % groups:
        raise DoesNotFitError(
            _(
                "Its input has {n} channels, which cannot be divided equally among {groups} "
                "groups."
            ).format(n=channels, groups=groups),
            f"{channels} / {groups}",
        )
    return Derivation(same(call).outputs, tuple(_scale_and_center(call, sizes)))


def _rms_normalization(call: Given) -> Derivation:
    sizes = _sizes(call, sorted(call.each("axis", 1, -1)))
    return Derivation(same(call).outputs, (WeightSize("scale", sizes),))


def _unit_normalization(call: Given) -> Derivation:
    _expect_axes(call, call.each("axis", 1, -1))
    return same(call)


def _normalization(call: Given) -> Derivation:
    chosen = call.get("axis", -1)
    axes = [] if chosen is None else call.each("axis", 1)
    places = sorted(axis_index(axis, call.shape) for axis in axes)
    if len(set(places)) < len(places):
        raise NoRuleError(str(axes))
    sizes = _sizes(call, places)
    if call.get("mean") is not None:  # the statistics are settings, not weights
        _expect_spread(call.get("mean"), axes, call)
        return same(call)
    return Derivation(
        same(call).outputs,
        (
            _statistic("mean", sizes),
            _statistic("variance", sizes),
            WeightSize("count", (), trainable=False),
        ),
    )


def _expect_spread(mean: object, axes: Iterable[int], call: Given) -> None:
    """Raises `DoesNotFitError` unless the means can be broadcast over the last axis."""
    if isinstance(mean, (int, float)):
        return
    flat = isinstance(mean, tuple) and all(isinstance(value, (int, float)) for value in mean)
    last = [axis_index(number_of_axis, call.shape) for number_of_axis in axes] == [
        len(call.shape) - 1
    ]
    if not isinstance(mean, tuple) or not flat or not last:
        raise NoRuleError(str(mean))  # versions of Keras place them differently
    if len(mean) not in (1, call.shape[-1]):
        raise DoesNotFitError(
            _("It has {n} means, which do not match the last axis of {shape}.").format(
                n=len(mean), shape=call.shape
            ),
            f"{len(mean)} ≠ {call.shape[-1]}",
        )


def _prelu(call: Given) -> Derivation:
    sizes: list[int | None] = list(call.shape[1:])
    shared = call.get("shared_axes")
    for axis in () if shared is None else call.each("shared_axes", 1):
        # The number includes the batch; Keras counts numbers below 1 from the end.
        sizes[axis_index(axis - 1, call.shape[1:])] = 1
    alpha = tuple(number(known(size, call.shape)) for size in sizes)
    return Derivation(same(call).outputs, (WeightSize("alpha", alpha),))


# ---------------------------------------------------------------------------------------------
# Shared helpers


def _expect_axes(call: Given, axes: Iterable[int]) -> None:
    """Raises `DoesNotFitError` unless the input has all of these axes."""
    for axis in axes:
        axis_index(axis, call.shape)


def _sizes(call: Given, axes: Iterable[int]) -> tuple[Term, ...]:
    """Returns the sizes of the axes along which the weights extend."""
    shape = call.shape
    return tuple(number(known(shape[axis_index(axis, shape)], shape)) for axis in axes)


def _scale_and_center(call: Given, sizes: tuple[Term, ...]) -> list[WeightSize]:
    names = {"gamma": "scale", "beta": "center"}
    return [
        WeightSize(name, sizes) for name, setting in names.items() if call.get(setting, True)
    ]


def _statistic(name: str, sizes: tuple[Term, ...]) -> WeightSize:
    """Returns a weight that holds statistics of the data and is not trained."""
    return WeightSize(name, sizes, trainable=False)


_AFFINE = ("axis", "center", "scale")

RULES = (
    Rule(
        "BatchNormalization",
        _batch_normalization,
        "https://arxiv.org/abs/1502.03167",
        _AFFINE,
    ),
    Rule(
        "LayerNormalization",
        _layer_normalization,
        "https://arxiv.org/abs/1607.06450",
        _AFFINE,
    ),
    Rule(
        "GroupNormalization",
        _group_normalization,
        "https://arxiv.org/abs/1803.08494",
        ("groups", *_AFFINE),
    ),
    Rule("RMSNormalization", _rms_normalization, "https://arxiv.org/abs/1910.07467", ("axis",)),
    Rule(
        "UnitNormalization",
        _unit_normalization,
        _KERAS + "normalization_layers/unit_normalization/",
        ("axis",),
    ),
    Rule(
        "Normalization",
        _normalization,
        _KERAS + "preprocessing_layers/numerical/normalization/",
        ("axis", "invert"),
    ),
    Rule("PReLU", _prelu, "https://arxiv.org/abs/1502.01852", ("shared_axes",)),
)
