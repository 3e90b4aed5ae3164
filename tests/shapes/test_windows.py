"""Rules for windows, against Keras: drawn configurations and inputs, and what does not fit."""

import keras
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers

from against_keras import agrees_with, rule_on
from kfunc_lab.shapes.rule import DoesNotFitError

drawn = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
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


def compare(make, shape):
    """Keras and the rule agree, or both refuse."""
    try:
        layer = make()
    except ValueError:
        return
    try:
        outputs = layer(keras.Input(batch_shape=shape))
    except ValueError:
        with pytest.raises(DoesNotFitError):
            rule_on(make(), [shape])
        return
    agrees_with(outputs)


@pytest.mark.parametrize("kind", CONVOLUTIONS)
@drawn
@given(st.data())
def test_convolutions(kind, data):
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
def test_transposed_convolutions(rank, data):
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
def test_convolutions_by_channel(kind, data):
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
def test_pooling(kind, rank, data):
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
def test_the_rest(rank, data):
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


@drawn
@given(st.data())
def test_dense(data):
    shape = (None, *data.draw(st.lists(st.one_of(st.none(), st.integers(1, 9)), max_size=4)))
    config = {
        "units": data.draw(st.integers(1, 9)),
        "use_bias": data.draw(st.booleans()),
        "lora_rank": data.draw(st.sampled_from([None, 2])),
    }
    compare(lambda: layers.Dense(**config), shape)
    compare(lambda: layers.Embedding(7, config["units"]), shape)


@pytest.mark.parametrize(
    ("equation", "output", "shape", "bias"),
    [
        ("abc,cd->abd", (None, 8), (None, 5, 6), "d"),
        ("abc,cd->abd", (5, 8), (None, 5, 6), "bd"),
        ("abc,cde->abde", (None, 3, 4), (None, None, 6), "de"),
        ("abcd,cde->abe", (None, 8), (None, 7, 3, 4), None),
        ("...x,xy->...y", 8, (None, 5, 6), "y"),
        ("ab,bc->ac", 8, (None, 6), "c"),
        ("a...b,bc->a...c", 8, (None, 2, 3, 6), "c"),
    ],
)
def test_einsum_dense(equation, output, shape, bias):
    compare(lambda: layers.EinsumDense(equation, output, bias_axes=bias), shape)
