"""Rules for window layers, compared with Keras for drawn settings and invalid inputs."""

import pytest
from against_keras import compare, drawn
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

CONVOLUTIONS = [f"Conv{n}D" for n in (1, 2, 3)]


def per_axis(rank, values):
    return st.one_of(values, st.tuples(*[values] * rank))


@st.composite
def spaces(draw, rank, channels):
    size = st.one_of(st.none(), st.integers(1, 14))
    space = [draw(size) for _axis in range(rank)]
    batch = draw(st.sampled_from([None, 2]))
    first = draw(st.booleans())
    fmt = "channels_first" if first else "channels_last"
    return fmt, (batch, channels, *space) if first else (batch, *space, channels)


@pytest.mark.parametrize("kind", CONVOLUTIONS)
@drawn
@given(st.data())
def test_convolutions_match_keras(kind, data):
    rank = int(kind[4])
    groups = data.draw(st.sampled_from([1, 1, 2, 3]))
    fmt, shape = data.draw(spaces(rank, data.draw(st.sampled_from([1, 2, 3, 6]))))
    paddings = ["valid", "same"] + (["causal"] if rank == 1 and fmt == "channels_last" else [])
    config = {
        "filters": data.draw(st.sampled_from([1, 2, 6])),
        "kernel_size": data.draw(per_axis(rank, st.integers(1, 5))),
        "strides": data.draw(per_axis(rank, st.integers(1, 3))),
        "dilation_rate": data.draw(per_axis(rank, st.sampled_from([1, 1, 1, 2]))),
        "padding": data.draw(st.sampled_from(paddings)),
        "groups": groups,
        "use_bias": data.draw(st.booleans()),
        "data_format": fmt,
    }
    compare(lambda: getattr(layers, kind)(**config), shape)


@pytest.mark.parametrize("rank", [1, 2, 3])
@drawn
@given(st.data())
def test_transposed_convolutions_match_keras(rank, data):
    fmt, shape = data.draw(spaces(rank, 3))
    config = {
        "filters": data.draw(st.integers(1, 4)),
        "kernel_size": data.draw(per_axis(rank, st.integers(1, 5))),
        "strides": data.draw(per_axis(rank, st.integers(1, 3))),
        "dilation_rate": data.draw(st.sampled_from([1, 1, 2])),
        "padding": data.draw(st.sampled_from(["valid", "same"])),
        "output_padding": data.draw(st.one_of(st.none(), per_axis(rank, st.integers(0, 2)))),
        "use_bias": data.draw(st.booleans()),
        "data_format": fmt,
    }
    compare(lambda: getattr(layers, f"Conv{rank}DTranspose")(**config), shape)


@pytest.mark.parametrize(
    "kind", ["DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"]
)
@drawn
@given(st.data())
def test_depthwise_and_separable_convolutions_match_keras(kind, data):
    rank = int(kind[-2])
    fmt, shape = data.draw(spaces(rank, data.draw(st.integers(1, 4))))
    config = {
        "kernel_size": data.draw(per_axis(rank, st.integers(1, 5))),
        "strides": data.draw(st.integers(1, 3)),
        "padding": data.draw(st.sampled_from(["valid", "same"])),
        "depth_multiplier": data.draw(st.integers(1, 3)),
        "use_bias": data.draw(st.booleans()),
        "data_format": fmt,
    }
    if kind.startswith("Separable"):
        config["filters"] = data.draw(st.integers(1, 5))
    compare(lambda: getattr(layers, kind)(**config), shape)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Max", "Average"])
@drawn
@given(st.data())
def test_pooling_matches_keras(kind, rank, data):
    fmt, shape = data.draw(spaces(rank, 3))
    config = {
        "pool_size": data.draw(per_axis(rank, st.integers(1, 5))),
        "strides": data.draw(st.one_of(st.none(), per_axis(rank, st.integers(1, 4)))),
        "padding": data.draw(st.sampled_from(["valid", "same"])),
        "data_format": fmt,
    }
    compare(lambda: getattr(layers, f"{kind}Pooling{rank}D")(**config), shape)


@pytest.mark.parametrize("rank", [1, 2, 3])
@drawn
@given(st.data())
def test_padding_cropping_and_upsampling_match_keras(rank, data):
    fmt, shape = data.draw(spaces(rank, 3))
    ends = st.tuples(st.integers(0, 4), st.integers(0, 4))
    pairs = ends if rank == 1 else st.tuples(*[ends] * rank)
    more = {} if rank == 1 else {"data_format": fmt}
    if rank == 1 and fmt == "channels_first":
        return
    compare(lambda: getattr(layers, f"ZeroPadding{rank}D")(pairs_drawn, **more), shape) if (
        pairs_drawn := data.draw(pairs)
    ) else None
    compare(lambda: getattr(layers, f"Cropping{rank}D")(pairs_drawn, **more), shape)
    size = data.draw(st.integers(1, 3) if rank == 1 else per_axis(rank, st.integers(1, 3)))
    compare(lambda: getattr(layers, f"UpSampling{rank}D")(size, **more), shape)
    for kind in ("Max", "Average"):
        keepdims = data.draw(st.booleans())
        compare(
            lambda kind=kind, keepdims=keepdims: getattr(layers, f"Global{kind}Pooling{rank}D")(
                keepdims=keepdims, data_format=fmt
            ),
            shape,
        )
