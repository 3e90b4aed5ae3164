"""Rules for what slides a window over an image or a sequence, and for padding and cropping.

The arithmetic is that of Dumoulin and Visin, 2016, https://arxiv.org/abs/1603.07285.
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
from kfunc_lab.shapes.rules.dense import adapted, low_rank
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
    """Reckons at how many places a window stands on an axis.

    Args:
        n: The axis's size.
        k: The window's size.
        s: The stride.
        d: The dilation.
        padding: `"valid"`, `"same"` or `"causal"`.

    Returns:
        The size of the output's axis; `⌊(n + 2·p − k)/s⌋ + 1` of Dumoulin and Visin (2016),
        relationship 6, and for a dilated window relationship 15.
    """
    size, stride = number(n, "n"), number(s, "s")
    if padding in ("same", "causal"):
        return ceiling(size / stride)
    return floor((size + 2 * number(0, "p") - _reach(k, d)) / stride) + 1


def _reach(k: int, d: int) -> Term:
    """Reckons from where to where a dilated window reaches."""
    return number(k, "k") if d == 1 else number(d, "d") * (number(k, "k") - 1) + 1


def transposed_size(
    n: int | None, k: int, s: int, d: int, padding: str, output_padding: int | None
) -> Term:
    """Reckons the size that a transposed convolution makes of an axis.

    Args:
        n: The axis's size.
        k: The kernel's size.
        s: The stride.
        d: The dilation.
        padding: `"valid"` or `"same"`.
        output_padding: What is added; `None` where Keras chooses.
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
# Where the space and the channels stand


def _split(given: Given, rank: int) -> tuple[tuple[int | None, ...], int | None]:
    expect_rank(given, rank + 2)
    shape = given.shape
    return (shape[2:], shape[1]) if given.channels_first else (shape[1:-1], shape[-1])


def _joined(given: Given, space: Iterable[Axis], channels: Axis) -> tuple[Axis, ...]:
    if given.channels_first:
        return (batch(given), channels, *space)
    return (batch(given), *space, channels)


def _as_before(size: int | None) -> Axis:
    return axis("channels", size, "input")


# ---------------------------------------------------------------------------------------------
# Convolutions


def _windows(
    given: Given, space: Sequence[int | None], window: str = "kernel_size"
) -> list[Axis]:
    """Reckons the space that is left by a window."""
    count = len(space)
    kernel = given.each(window, count)
    strides = given.each("strides", count)
    if given.get("strides") is None:  # a pooling layer steps by its window
        strides = kernel
    dilation = given.each("dilation_rate", count)
    padding = str(given.get("padding", "valid"))
    made = []
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
        made.append(axis(role, size))
    return made


def _expect_one_of_both(given: Given, rank: int) -> None:
    strides, dilation = given.each("strides", rank), given.each("dilation_rate", rank)
    if max(strides) > 1 and max(dilation) > 1:
        raise DoesNotFitError(
            _(
                "Strides above 1 and a dilation above 1 cannot be combined: strides {s}, "
                "dilation {d}."
            ).format(s=strides, d=dilation)
        )


def _kernel(given: Given, rank: int) -> list[Term]:
    return [number(size, "k") for size in given.each("kernel_size", rank)]


def _bias(given: Given, count: int) -> list[WeightSize]:
    return [WeightSize("bias", (number(count, "f"),))] if given.get("use_bias") else []


def _convolution(given: Given, *, rank: int) -> Derivation:
    _expect_one_of_both(given, rank)
    space, channels = _split(given, rank)
    made = _windows(given, space)
    groups, filters = int(given.get("groups", 1)), int(given.get("filters"))
    entering = known(channels, given.shape)
    for words, count in (
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
            raise DoesNotFitError(words.format(n=count, groups=groups), f"{count} / {groups}")
    seen = (
        number(entering, "c")
        if groups == 1
        else floor(number(entering, "c") / number(groups, "g"))
    )
    places = product(it.size for it in made)
    kernel = (*_kernel(given, rank), seen, number(filters, "f"))
    return Derivation(
        (_joined(given, made, axis("channels", filters, "filters")),),
        (
            adapted("kernel", kernel, given, places),
            *_bias(given, filters),
            *low_rank("kernel", kernel, given),
        ),
    )


def _transposed(given: Given, *, rank: int) -> Derivation:
    _expect_one_of_both(given, rank)
    space, channels = _split(given, rank)
    entering, filters = known(channels, given.shape), int(given.get("filters"))
    strides = given.each("strides", rank)
    added = given.get("output_padding")
    extra = (None,) * rank if added is None else given.each("output_padding", rank)
    for a, s in zip(extra, strides, strict=True):
        if a is not None and a >= s:
            raise DoesNotFitError(
                _(
                    "The output padding must be less than the stride: output padding {a}, "
                    "stride {s}."
                ).format(a=a, s=s),
                f"{a} ≥ {s}",
            )
    made = [
        axis(role, transposed_size(n, k, s, d, str(given.get("padding")), a))
        for role, n, k, s, d, a in zip(
            SPACE[rank],
            space,
            given.each("kernel_size", rank),
            strides,
            given.each("dilation_rate", rank),
            extra,
            strict=True,
        )
    ]
    kernel = (*_kernel(given, rank), number(filters, "f"), number(entering, "c"))
    # Each place of the input is spread by the whole kernel.
    places = product(number(size, "n") for size in space)
    return Derivation(
        (_joined(given, made, axis("channels", filters, "filters")),),
        (WeightSize("kernel", kernel, places), *_bias(given, filters)),
    )


def _depthwise(given: Given, *, rank: int) -> Derivation:
    space, channels = _split(given, rank)
    made = _windows(given, space)
    entering = known(channels, given.shape)
    multiplier = int(given.get("depth_multiplier", 1))
    leaving = number(entering, "c") * number(multiplier, "m")
    kernel = (*_kernel(given, rank), number(entering, "c"), number(multiplier, "m"))
    return Derivation(
        (_joined(given, made, axis("channels", leaving)),),
        (
            WeightSize("kernel", kernel, product(it.size for it in made)),
            *_bias(given, entering * multiplier),
        ),
    )


def _separable(given: Given, *, rank: int) -> Derivation:
    space, channels = _split(given, rank)
    made = _windows(given, space)
    entering, filters = known(channels, given.shape), int(given.get("filters"))
    multiplier = int(given.get("depth_multiplier", 1))
    places = product(it.size for it in made)
    leaving = number(entering, "c") * number(multiplier, "m")
    return Derivation(
        (_joined(given, made, axis("channels", filters, "filters")),),
        (
            WeightSize(
                "depthwise_kernel",
                (*_kernel(given, rank), number(entering, "c"), number(multiplier, "m")),
                places,
            ),
            WeightSize(
                "pointwise_kernel",
                (*[number(1)] * rank, leaving, number(filters, "f")),
                places,
            ),
            *_bias(given, filters),
        ),
    )


# ---------------------------------------------------------------------------------------------
# Pooling


def _pooling(given: Given, *, rank: int) -> Derivation:
    space, channels = _split(given, rank)
    made = _windows(given, space, "pool_size")
    return Derivation((_joined(given, made, _as_before(channels)),))


def _global_pooling(given: Given, *, rank: int) -> Derivation:
    _space, channels = _split(given, rank)
    if not given.get("keepdims"):
        return Derivation(((batch(given), _as_before(channels)),))
    ones = [axis(role, 1, "keepdims") for role in SPACE[rank]]
    return Derivation((_joined(given, ones, _as_before(channels)),))


def _adaptive_pooling(given: Given, *, rank: int) -> Derivation:
    _space, channels = _split(given, rank)
    sizes = given.each("output_size", rank)
    made = [axis(role, n, "output_size") for role, n in zip(SPACE[rank], sizes, strict=True)]
    return Derivation((_joined(given, made, _as_before(channels)),))


# ---------------------------------------------------------------------------------------------
# Ends that are added or cut away, places that are repeated


def _ends(given: Given, setting: str, rank: int) -> list[tuple[int, int]]:
    value = given.get(setting)
    if isinstance(value, int):
        return [(value, value)] * rank
    pairs = [value] if rank == 1 else list(value)
    return [(it, it) if isinstance(it, int) else (it[0], it[1]) for it in pairs]


def _zero_padding(given: Given, *, rank: int) -> Derivation:
    space, channels = _split(given, rank)
    made = [
        axis(role, number(n, "n") + number(a, "a") + number(b, "b"))
        for role, n, (a, b) in zip(
            SPACE[rank], space, _ends(given, "padding", rank), strict=True
        )
    ]
    return Derivation((_joined(given, made, _as_before(channels)),))


def _cropping(given: Given, *, rank: int) -> Derivation:
    space, channels = _split(given, rank)
    made = []
    for role, n, (a, b) in zip(SPACE[rank], space, _ends(given, "cropping", rank), strict=True):
        size = cropped_size(n, a, b)
        if size.value is not None and size.value <= 0:
            raise DoesNotFitError(
                _("It would crop away the whole of an axis of size {n}.").format(n=n),
                equation(size),
            )
        made.append(axis(role, size))
    return Derivation((_joined(given, made, _as_before(channels)),))


def cropped_size(n: int | None, before: int, after: int) -> Term:
    """Reckons what is left of an axis when its ends are cut away."""
    return number(n, "n") - number(before, "a") - number(after, "b")


def _up_sampling(given: Given, *, rank: int) -> Derivation:
    space, channels = _split(given, rank)
    made = [
        axis(role, number(n, "n") * number(times, "t"))
        for role, n, times in zip(SPACE[rank], space, given.each("size", rank), strict=True)
    ]
    return Derivation((_joined(given, made, _as_before(channels)),))


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
