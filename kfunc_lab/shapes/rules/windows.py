"""Shape rules for convolution, pooling, padding, cropping and upsampling.

The formulas are those of Dumoulin and Visin, 2016, https://arxiv.org/abs/1603.07285.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import (
    Term,
    ceiling,
    equation,
    floor,
    greatest,
    number,
    product,
)
from kfunc_lab.shapes.rules.dense import base_weight, lora_weights
from kfunc_lab.shapes.rules.rule import (
    SPACE,
    Axis,
    Derivation,
    DoesNotFitError,
    Given,
    Rule,
    WeightSize,
    axis,
    batch,
    expect_rank,
    known,
)

_GUIDE = "https://arxiv.org/abs/1603.07285"
_KERAS = "https://keras.io/api/layers/"


def window_size(n: int | None, k: int, s: int, d: int = 1, padding: str = "valid") -> Term:
    """Computes the number of positions of a window on an axis.

    Args:
        n: The size of the axis.
        k: The size of the window.
        s: The stride.
        d: The dilation.
        padding: `"valid"`, `"same"` or `"causal"`.

    Returns:
        The size of the output axis: `⌊(n + 2·p − k)/s⌋ + 1` of Dumoulin and Visin (2016),
        relationship 6, or relationship 15 for a dilated window.
    """
    size, stride = number(n, "n"), number(s, "s")
    if padding in ("same", "causal"):
        return ceiling(size / stride)
    return floor((size + 2 * number(0, "p") - _reach(k, d)) / stride) + 1


def _reach(k: int, d: int) -> Term:
    """Computes the span of a dilated window."""
    return number(k, "k") if d == 1 else number(d, "d") * (number(k, "k") - 1) + 1


def transposed_size(
    n: int | None, k: int, s: int, d: int, padding: str, output_padding: int | None
) -> Term:
    """Computes the size of an axis after a transposed convolution.

    Args:
        n: The size of the axis.
        k: The size of the kernel.
        s: The stride.
        d: The dilation.
        padding: `"valid"` or `"same"`.
        output_padding: The output padding; `None` if Keras chooses it.
    """
    size, stride, reach = number(n, "n"), number(s, "s"), _reach(k, d)
    if padding == "same" and output_padding is None:
        return size * stride
    spread = (size - 1) * stride
    if output_padding is None:
        return spread + greatest(reach, stride)
    added = number(output_padding, "o")
    if padding == "same":
        return spread + reach - 2 * floor(reach / 2) + added
    return spread + reach + added


# ---------------------------------------------------------------------------------------------
# Spatial and channel axes


def _split(call: Given, rank: int) -> tuple[tuple[int | None, ...], int | None]:
    expect_rank(call, rank + 2)
    shape = call.shape
    return (shape[2:], shape[1]) if call.channels_first else (shape[1:-1], shape[-1])


def _joined(call: Given, space: Iterable[Axis], channels: Axis) -> tuple[Axis, ...]:
    if call.channels_first:
        return (batch(call), channels, *space)
    return (batch(call), *space, channels)


def _unchanged_channels(size: int | None) -> Axis:
    return axis("channels", size, "input")


# ---------------------------------------------------------------------------------------------
# Convolutions


def _windows(
    call: Given, space: Sequence[int | None], window: str = "kernel_size"
) -> list[Axis]:
    """Computes the spatial axes of the output."""
    count = len(space)
    kernel = call.each(window, count)
    strides = call.each("strides", count)
    if call.get("strides") is None:  # by default the stride of pooling is the window size
        strides = kernel
    dilation = call.each("dilation_rate", count)
    padding = str(call.get("padding", "valid"))
    axes = []
    for role, n, k, s, d in zip(SPACE[count], space, kernel, strides, dilation, strict=True):
        size = window_size(n, k, s, d, padding)
        if size.value is not None and size.value <= 0:
            raise DoesNotFitError(
                _(
                    "A window of {k} does not fit into {n}: the output would have size {size}."
                ).format(
                    k=_reach(k, d).value if d == 1 else equation(_reach(k, d)),
                    n=n,
                    size=size.value,
                ),
                equation(size),
            )
        axes.append(axis(role, size))
    return axes


def _expect_strides_or_dilation(call: Given, rank: int) -> None:
    strides, dilation = call.each("strides", rank), call.each("dilation_rate", rank)
    if max(strides) > 1 and max(dilation) > 1:
        raise DoesNotFitError(
            _(
                "Strides above 1 and a dilation above 1 cannot be combined: strides {s}, "
                "dilation {d}."
            ).format(s=strides, d=dilation)
        )


def _kernel(call: Given, rank: int) -> list[Term]:
    return [number(size, "k") for size in call.each("kernel_size", rank)]


def _bias(call: Given, count: int) -> list[WeightSize]:
    return [WeightSize("bias", (number(count, "f"),))] if call.get("use_bias") else []


def _convolution(call: Given, *, rank: int) -> Derivation:
    _expect_strides_or_dilation(call, rank)
    space, channels = _split(call, rank)
    output = _windows(call, space)
    groups, filters = int(call.get("groups", 1)), int(call.get("filters"))
    entering = known(channels, call.shape)
    for template, count in (
        (
            _(
                "Its input has {n} channels, which cannot be divided equally among {groups} "
                "groups."
            ),
            entering,
        ),
        (_("Its {n} filters cannot be divided equally among {groups} groups."), filters),
    ):
        if count % groups:
            raise DoesNotFitError(
                template.format(n=count, groups=groups), f"{count} / {groups}"
            )
    channels_per_group = (
        number(entering, "c")
        if groups == 1
        else floor(number(entering, "c") / number(groups, "g"))
    )
    places = product(one.size for one in output)
    kernel = (*_kernel(call, rank), channels_per_group, number(filters, "f"))
    return Derivation(
        (_joined(call, output, axis("channels", filters, "filters")),),
        (
            base_weight("kernel", kernel, call, places),
            *_bias(call, filters),
            *lora_weights("kernel", kernel, call),
        ),
    )


def _transposed(call: Given, *, rank: int) -> Derivation:
    _expect_strides_or_dilation(call, rank)
    space, channels = _split(call, rank)
    entering, filters = known(channels, call.shape), int(call.get("filters"))
    strides = call.each("strides", rank)
    added = call.get("output_padding")
    extra = (None,) * rank if added is None else call.each("output_padding", rank)
    for a, s in zip(extra, strides, strict=True):
        if a is not None and a >= s:
            raise DoesNotFitError(
                _(
                    "The output padding must be less than the stride: output padding {a}, "
                    "stride {s}."
                ).format(a=a, s=s),
                f"{a} ≥ {s}",
            )
    output = [
        axis(role, transposed_size(n, k, s, d, str(call.get("padding")), a))
        for role, n, k, s, d, a in zip(
            SPACE[rank],
            space,
            call.each("kernel_size", rank),
            strides,
            call.each("dilation_rate", rank),
            extra,
            strict=True,
        )
    ]
    kernel = (*_kernel(call, rank), number(filters, "f"), number(entering, "c"))
    # Each input position is multiplied by the whole kernel.
    places = product(number(size, "n") for size in space)
    return Derivation(
        (_joined(call, output, axis("channels", filters, "filters")),),
        (WeightSize("kernel", kernel, places), *_bias(call, filters)),
    )


def _depthwise(call: Given, *, rank: int) -> Derivation:
    space, channels = _split(call, rank)
    output = _windows(call, space)
    entering = known(channels, call.shape)
    multiplier = int(call.get("depth_multiplier", 1))
    leaving = number(entering, "c") * number(multiplier, "m")
    kernel = (*_kernel(call, rank), number(entering, "c"), number(multiplier, "m"))
    return Derivation(
        (_joined(call, output, axis("channels", leaving)),),
        (
            WeightSize("kernel", kernel, product(one.size for one in output)),
            *_bias(call, entering * multiplier),
        ),
    )


def _separable(call: Given, *, rank: int) -> Derivation:
    space, channels = _split(call, rank)
    output = _windows(call, space)
    entering, filters = known(channels, call.shape), int(call.get("filters"))
    multiplier = int(call.get("depth_multiplier", 1))
    places = product(one.size for one in output)
    leaving = number(entering, "c") * number(multiplier, "m")
    return Derivation(
        (_joined(call, output, axis("channels", filters, "filters")),),
        (
            WeightSize(
                "depthwise_kernel",
                (*_kernel(call, rank), number(entering, "c"), number(multiplier, "m")),
                places,
            ),
            WeightSize(
                "pointwise_kernel",
                (*[number(1)] * rank, leaving, number(filters, "f")),
                places,
            ),
            *_bias(call, filters),
        ),
    )


# ---------------------------------------------------------------------------------------------
# Pooling


def _pooling(call: Given, *, rank: int) -> Derivation:
    space, channels = _split(call, rank)
    output = _windows(call, space, "pool_size")
    return Derivation((_joined(call, output, _unchanged_channels(channels)),))


def _global_pooling(call: Given, *, rank: int) -> Derivation:
    _space, channels = _split(call, rank)
    if not call.get("keepdims"):
        return Derivation(((batch(call), _unchanged_channels(channels)),))
    ones = [axis(role, 1, "keepdims") for role in SPACE[rank]]
    return Derivation((_joined(call, ones, _unchanged_channels(channels)),))


def _adaptive_pooling(call: Given, *, rank: int) -> Derivation:
    _space, channels = _split(call, rank)
    sizes = call.each("output_size", rank)
    output = [axis(role, n, "output_size") for role, n in zip(SPACE[rank], sizes, strict=True)]
    return Derivation((_joined(call, output, _unchanged_channels(channels)),))


# ---------------------------------------------------------------------------------------------
# Padding, cropping and upsampling


def _ends(call: Given, setting: str, rank: int) -> list[tuple[int, int]]:
    value = call.get(setting)
    if isinstance(value, int):
        return [(value, value)] * rank
    pairs = [value] if rank == 1 else list(value)
    return [(end, end) if isinstance(end, int) else (end[0], end[1]) for end in pairs]


def _zero_padding(call: Given, *, rank: int) -> Derivation:
    space, channels = _split(call, rank)
    output = [
        axis(role, number(n, "n") + number(a, "a") + number(b, "b"))
        for role, n, (a, b) in zip(
            SPACE[rank], space, _ends(call, "padding", rank), strict=True
        )
    ]
    return Derivation((_joined(call, output, _unchanged_channels(channels)),))


def _cropping(call: Given, *, rank: int) -> Derivation:
    space, channels = _split(call, rank)
    output = []
    for role, n, (a, b) in zip(SPACE[rank], space, _ends(call, "cropping", rank), strict=True):
        size = cropped_size(n, a, b)
        if size.value is not None and size.value <= 0:
            raise DoesNotFitError(
                _("It would crop away the whole of an axis of size {n}.").format(n=n),
                equation(size),
            )
        output.append(axis(role, size))
    return Derivation((_joined(call, output, _unchanged_channels(channels)),))


def cropped_size(n: int | None, before: int, after: int) -> Term:
    """Computes the size of an axis after cropping."""
    return number(n, "n") - number(before, "a") - number(after, "b")


def _up_sampling(call: Given, *, rank: int) -> Derivation:
    space, channels = _split(call, rank)
    output = [
        axis(role, number(n, "n") * number(times, "t"))
        for role, n, times in zip(SPACE[rank], space, call.each("size", rank), strict=True)
    ]
    return Derivation((_joined(call, output, _unchanged_channels(channels)),))


# ---------------------------------------------------------------------------------------------

_WINDOW = ("kernel_size", "strides", "padding", "dilation_rate", "use_bias")
_POOL = ("pool_size", "strides", "padding")


def _each_rank(
    name: str,
    derive: Callable[..., Derivation],
    source: str,
    settings: Sequence[str],
    picture: str,
    ranks: Sequence[int] = (1, 2, 3),
) -> list[Rule]:
    return [
        Rule(
            name.replace("#", f"{rank}D"),
            partial(derive, rank=rank),
            source,
            tuple(settings),
            picture,
        )
        for rank in ranks
    ]


RULES = (
    *_each_rank("Conv#", _convolution, _GUIDE, ("filters", *_WINDOW, "groups"), "window"),
    *_each_rank(
        "Conv#Transpose",
        _transposed,
        _GUIDE,
        ("filters", "kernel_size", "strides", "padding", "output_padding", "use_bias"),
        "spread",
    ),
    *_each_rank(
        "DepthwiseConv#",
        _depthwise,
        _KERAS + "convolution_layers/depthwise_convolution2d/",
        ("depth_multiplier", *_WINDOW),
        "window",
        (1, 2),
    ),
    *_each_rank(
        "SeparableConv#",
        _separable,
        "https://arxiv.org/abs/1610.02357",
        ("filters", "depth_multiplier", *_WINDOW),
        "window",
        (1, 2),
    ),
    *_each_rank("MaxPooling#", _pooling, _GUIDE, _POOL, "window"),
    *_each_rank("AveragePooling#", _pooling, _GUIDE, _POOL, "window"),
    *_each_rank(
        "GlobalMaxPooling#",
        _global_pooling,
        _KERAS + "pooling_layers/global_max_pooling2d/",
        ("keepdims",),
        "axes",
    ),
    *_each_rank(
        "GlobalAveragePooling#",
        _global_pooling,
        _KERAS + "pooling_layers/global_average_pooling2d/",
        ("keepdims",),
        "axes",
    ),
    *_each_rank(
        "AdaptiveMaxPooling#",
        _adaptive_pooling,
        _KERAS + "pooling_layers/",
        ("output_size",),
        "axes",
    ),
    *_each_rank(
        "AdaptiveAveragePooling#",
        _adaptive_pooling,
        _KERAS + "pooling_layers/",
        ("output_size",),
        "axes",
    ),
    *_each_rank(
        "ZeroPadding#",
        _zero_padding,
        _KERAS + "reshaping_layers/zero_padding2d/",
        ("padding",),
        "ends",
    ),
    *_each_rank(
        "Cropping#",
        _cropping,
        _KERAS + "reshaping_layers/cropping2d/",
        ("cropping",),
        "ends",
    ),
    *_each_rank(
        "UpSampling#",
        _up_sampling,
        _KERAS + "reshaping_layers/up_sampling2d/",
        ("size",),
        "axes",
    ),
)
