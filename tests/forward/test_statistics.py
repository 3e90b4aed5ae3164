"""Statistics against plain sums, whole and in pieces."""

import math
from dataclasses import fields

import ml_dtypes
import numpy as np
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kfunc_lab.forward.statistics import all_finite, combine, statistics_of

ENDS = {"sigmoid": (0, 1), "softmax": (0, 1), "tanh": (-1, 1), "softsign": (-1, 1)}


def units_last(values, channels_first=False):
    """A list of samples, each a list of positions, each a list of units, as floats."""
    exact = np.asarray(values).astype(np.float64)
    if exact.ndim < 2:
        return exact.reshape(-1, 1, 1)
    if channels_first:
        exact = np.moveaxis(exact, 1, -1)
    return exact.reshape(len(exact), math.prod(exact.shape[1:-1]), exact.shape[-1])


def naive(values, channels_first=False, activation=""):
    """Compute every statistic one number at a time."""
    exact = units_last(values, channels_first)
    known = [float(it) for it in exact.ravel() if math.isfinite(it)]
    finite = np.where(np.isfinite(exact), exact, 0)
    samples, positions, units = exact.shape
    low, high = ENDS.get(activation, (0, 0))
    near = 0.02 * (high - low)

    def is_saturated(value):
        return math.isfinite(value) and (value <= low + near or value >= high - near)

    means = [
        [sum(finite[s, :, u]) / positions if positions else 0.0 for u in range(units)]
        for s in range(samples)
    ]
    ranks = [sorted(range(samples), key=lambda s: (-means[s][u], s))[:3] for u in range(units)]
    return {
        "count": exact.size,
        "not_finite": exact.size - len(known),
        "minimum": min(known, default=math.nan),
        "maximum": max(known, default=math.nan),
        "total": math.fsum(known),
        "squares": math.fsum(it * it for it in known),
        "zeros": known.count(0.0),
        "norms": [math.sqrt((finite[s] ** 2).sum()) for s in range(samples)],
        "peaks": [np.abs(exact[..., u]).max(initial=0) if np.isfinite(exact[..., u]).all()
                  else math.nan for u in range(units)],
        "saturated": [sum(map(is_saturated, exact[..., u].ravel())) for u in range(units)]
        if activation in ENDS
        else None,
        "top_samples": np.array(ranks).T.reshape(-1, units),
        "top_values": [[means[s][u] for s, u in zip(row, range(units), strict=True)]
                       for row in np.array(ranks).T.reshape(-1, units)],
    }  # fmt: skip


def assert_equals(found, expected, exact=()):
    for name, value in expected.items():
        got = getattr(found, name)
        if value is None:
            assert got is None
        elif name in ("count", "not_finite", "zeros", "saturated", *exact):
            assert np.array_equal(got, value, equal_nan=True), name
        elif name == "top_samples":
            assert np.shape(got) == np.shape(value)
        else:
            scale = max(float(np.nanmax(np.abs(value), initial=0)), 1e-30)
            assert np.shape(got) == np.shape(value), name
            assert np.allclose(got, value, 1e-6, 1e-6 * scale, equal_nan=True), name


def assert_histogram(found, values):
    """Assert that each bin counts the values between its edges."""
    known = np.asarray(values).astype(np.float64).ravel()
    known = known[np.isfinite(known)]
    histogram = found.histogram
    assert sum(histogram.counts) == known.size
    places = np.floor(known / histogram.width) - histogram.first
    recount = [int((places == it).sum()) for it in range(len(histogram.counts))]
    assert list(histogram.counts) == recount
    assert math.log2(histogram.width) % 1 == 0
    if known.size:
        assert histogram.low <= known.min()
        assert known.max() < histogram.high
        assert histogram.counts[0] > 0
        assert histogram.counts[-1] > 0


def drawn(shape, dtype, seed=0):
    draw = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "b":
        return draw.random(shape) < 0.3
    if np.dtype(dtype).kind in "iu":
        return draw.integers(0, 100, shape).astype(dtype)
    values = draw.normal(size=shape) * (draw.random(shape) < 0.8)
    return values.astype(dtype)


TYPES = ("float32", "float64", "float16", "int32", "int8", "uint8", "int64", "bool")
every_type = pytest.mark.parametrize("dtype", TYPES)
SHAPES = [(6,), (6, 4), (6, 5, 4), (6, 3, 2, 4), (2, 2, 2, 2, 3), (1, 7), (5, 1), (5, 3, 1)]


@every_type
@pytest.mark.parametrize("shape", SHAPES)
def test_statistics_equal_plain_sums(dtype, shape):
    values = drawn(shape, dtype)
    found = statistics_of(values)
    assert_equals(found, naive(values), exact=("minimum", "maximum", "top_samples"))
    assert_histogram(found, values)
    exact = values.astype(np.float64)
    assert math.isclose(found.mean, exact.mean(), abs_tol=1e-6)
    assert math.isclose(found.deviation, exact.std(), rel_tol=1e-5, abs_tol=1e-6)
    assert found.share_of_zeros == (values == 0).mean()
    assert math.isclose(found.norm, np.mean(naive(values)["norms"]), rel_tol=1e-6)
    assert set(found.dead) == {u for u, peak in enumerate(naive(values)["peaks"]) if peak == 0}


def test_bfloat16_statistics_equal_plain_sums():
    values = drawn((6, 5, 4), "float32").astype(ml_dtypes.bfloat16)
    found = statistics_of(values)
    assert_equals(found, naive(values), exact=("minimum", "maximum", "top_samples"))
    assert_histogram(found, values)


def test_half_precision_sums_do_not_overflow():
    found = statistics_of(np.full((4, 100, 2), 60_000, np.float16))
    assert found.total == 60_000.0 * 800
    assert found.squares == 60_000.0**2 * 800
    assert found.deviation == 0


def test_byte_sums_do_not_overflow():
    found = statistics_of(np.full((4, 100, 2), 255, np.uint8))
    assert (found.total, found.minimum, found.maximum) == (255 * 800, 255, 255)
    least = statistics_of(np.full((2, 1), -128, np.int8))
    assert least.peaks.tolist() == [128]


def test_complex_numbers_count_by_magnitude():
    found = statistics_of(np.array([[3 + 4j, 0]]))
    assert (found.maximum, found.zeros, found.peaks.tolist()) == (5, 1, [5, 0])


@pytest.mark.parametrize("shape", [(6, 4, 5), (6, 4, 3, 2), (6, 4)])
def test_channels_first_values_have_same_statistics(shape):
    values = drawn(shape, "float32")
    found = statistics_of(values, channels_first=True)
    assert_equals(found, naive(values, channels_first=True), exact=("top_samples",))
    last = statistics_of(np.moveaxis(values, 1, -1))
    assert np.array_equal(found.top_values, last.top_values)
    assert len(found.peaks) == 4


# ---------------------------------------------------------------------------------------------
# NaN and infinity


def with_holes():
    values = drawn((6, 5, 4), "float32")
    values[1, 2, 3] = np.nan
    values[2, 0, :2] = np.inf
    values[3, 4, 0] = -np.inf
    return values


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
def test_finite_values_have_statistics_beside_nonfinite_ones(dtype):
    values = with_holes().astype(dtype)
    found = statistics_of(values)
    assert found.not_finite == 4
    assert found.finite == values.size - 4
    assert_equals(found, naive(values), exact=("minimum", "maximum"))
    assert_histogram(found, values)
    known = values[np.isfinite(values)].astype(np.float64)
    assert math.isclose(found.mean, known.mean(), abs_tol=1e-6)
    assert math.isclose(found.deviation, known.std(), rel_tol=1e-5)
    assert found.share_of_zeros == (known == 0).mean()


def test_all_nan_values_have_nan_statistics():
    found = statistics_of(np.full((3, 2, 4), np.nan, np.float32))
    assert found.not_finite == found.count == 24
    told = (found.minimum, found.maximum, found.mean, found.deviation, found.share_of_zeros)
    assert all(map(math.isnan, told))
    assert (found.zeros, found.total, found.histogram.counts) == (0, 0, ())
    assert found.norms.tolist() == [0, 0, 0]


def test_nan_unit_is_not_dead():
    values = np.ones((3, 2, 4), np.float32)
    values[..., 1] = 0
    values[..., 2] = np.nan
    assert statistics_of(values).dead.tolist() == [1]
    both = combine([statistics_of(values[:1]), statistics_of(values[1:])])
    assert both.dead.tolist() == [1]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_nan_unit_is_not_saturated(activation):
    values = np.full((4, 5, 3), 0.5, np.float32)
    values[..., 1] = np.nan
    values[..., 2] = 1
    found = statistics_of(values, activation=activation)
    assert found.saturated.tolist() == [0, 0, 20]
    assert found.saturated_units.tolist() == [2]


def test_all_finite_detects_nan_and_infinity():
    assert all_finite(np.arange(3))
    assert all_finite(np.array([True]))
    assert all_finite(np.full(10, 3e38, np.float32))  # their sum is infinite
    assert not all_finite(np.array([1, np.nan], np.float16))
    assert not all_finite(np.array([1, -np.inf]))
    assert not all_finite(np.array([1, np.inf]).astype(ml_dtypes.bfloat16))
    assert not all_finite(np.array([np.inf, -np.inf]))


# ---------------------------------------------------------------------------------------------
# Odd shapes


@pytest.mark.parametrize("shape", [(3, 0, 4), (3, 2, 0, 4), (3, 0), (3, 4, 0)])
def test_empty_axes_have_statistics(shape):
    found = statistics_of(np.zeros(shape, np.float32))
    assert (found.count, found.not_finite, found.zeros, found.total) == (0, 0, 0, 0)
    assert math.isnan(found.mean)
    assert math.isnan(found.minimum)
    assert found.histogram.counts == ()
    assert found.norms.tolist() == [0, 0, 0]
    assert found.peaks.shape == (shape[-1],)
    both = combine([found, found])
    assert both.norms.tolist() == [0] * 6


def test_single_unit_has_statistics():
    values = drawn((5, 7, 1), "float32")
    found = statistics_of(values)
    order = np.argsort(-values.mean(axis=(1, 2), dtype=np.float64), kind="stable")
    assert found.top_samples.tolist() == [[it] for it in order[:3]]
    assert found.peaks == np.abs(values).max()


def test_one_number_per_sample_has_statistics():
    found = statistics_of(np.array([3.0, -4.0, 0.0]))
    assert found.norms.tolist() == [3, 4, 0]
    assert found.peaks.tolist() == [4]
    assert found.top_samples.tolist() == [[0], [2], [1]]


@pytest.mark.parametrize(
    "value", [0.0, 5.0, -7.25, 1e-38, -1e-44, 1e30, 3e38, 1e-300, 65504.0, 2**20 + 0.5]
)
def test_constant_values_have_histogram(value):
    values = np.full((2, 3), value)
    found = statistics_of(values)
    assert_histogram(found, values)
    assert (found.minimum, found.maximum) == (value, value)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_widest_range_has_histogram(dtype):
    greatest = float(np.finfo(dtype).max)
    values = np.array([[greatest, -greatest, 0.0]], dtype)
    found = statistics_of(values)
    assert sum(found.histogram.counts) == 3
    assert (found.minimum, found.maximum) == (-greatest, greatest)


def test_histogram_has_few_bins():
    for seed, scale in enumerate((1e-20, 1e-3, 1, 37, 1e9)):
        values = drawn((50, 20), "float64", seed) * scale + 3 * scale
        found = statistics_of(values)
        assert 20 <= len(found.histogram.counts) <= 48
        assert_histogram(found, values)


# ---------------------------------------------------------------------------------------------
# Units


def test_dead_units_are_always_zero():
    values = np.zeros((4, 3, 5), np.float32)
    values[2, 1, 1] = 1e-9
    values[0, 0, 3] = -2
    values[..., 4] = 7
    found = statistics_of(values)
    assert found.dead.tolist() == [0, 2]
    assert found.peaks.tolist() == [0, np.float32(1e-9), 0, 2, 7]
    assert statistics_of(values[..., 3:]).dead.tolist() == []


def of_one_unit(values, activation):
    return statistics_of(np.array(values, np.float64).reshape(-1, 1), activation=activation)


@pytest.mark.parametrize(
    ("activation", "values", "count"),
    [
        ("sigmoid", [0, 0.019, 0.021, 0.5, 0.979, 0.981, 1], 4),
        ("softmax", [0, 0.5, 1], 2),
        ("tanh", [-1, -0.961, -0.959, 0, 0.959, 0.961, 1], 4),
        ("softsign", [-0.99, 0, 0.99], 2),
        ("hard_tanh", [-1, 0, 1], 2),
        ("hard_sigmoid", [0, 0.5, 1], 2),
    ],
)
def test_values_near_activation_limits_are_saturated(activation, values, count):
    assert of_one_unit(values, activation).saturated.tolist() == [count]
    assert of_one_unit(values, "relu").saturated is None
    assert of_one_unit(values, "relu").saturated_units is None


def test_unit_with_95_percent_saturated_values_is_saturated():
    values = np.ones((10, 10, 3), np.float32)
    values[0, :5, 1] = 0  # 95 %
    values[0, :6, 2] = 0
    found = statistics_of(values, activation="tanh")
    assert found.saturated.tolist() == [100, 95, 94]
    assert found.saturated_units.tolist() == [0, 1]
    both = combine([statistics_of(it, activation="tanh") for it in (values[:2], values[2:])])
    assert both.saturated.tolist() == [100, 95, 94]
    assert both.saturated_units.tolist() == [0, 1]


def test_top_samples_have_highest_unit_means():
    values = np.zeros((6, 4, 2), np.float32)
    values[:, 0, 0] = [1, 8, 3, 9, 3, 0]
    values[:, :, 1] = -1
    values[4, :, 1] = 5
    found = statistics_of(values, first_sample=100)
    assert found.top_samples.T.tolist() == [[103, 101, 102], [104, 100, 101]]
    assert found.top_values.T.tolist() == [[9 / 4, 8 / 4, 3 / 4], [5, -1, -1]]
    assert statistics_of(values[:2]).top_samples.T.tolist() == [[1, 0], [0, 1]]


# ---------------------------------------------------------------------------------------------
# Combined pieces


def in_pieces(values, ends, **options):
    first, parts = 0, []
    for end in (*ends, len(values)):
        parts.append(statistics_of(values[first:end], first_sample=first, **options))
        first = end
    return combine(parts)


def assert_is_the_whole(found, whole):
    for field in fields(whole):
        one, other = getattr(found, field.name), getattr(whole, field.name)
        if field.name in ("total", "squares"):
            assert math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9 * abs(whole.squares))
        elif other is None:
            assert one is None
        elif field.name != "histogram":
            assert np.array_equal(one, other, equal_nan=True), field.name


@every_type
@pytest.mark.parametrize("ends", [(1,), (3, 4), (2, 4, 6, 8), tuple(range(1, 10))])
@pytest.mark.parametrize("activation", ["", "tanh"])
def test_combined_pieces_equal_whole(dtype, ends, activation):
    values = drawn((10, 3, 4), dtype)
    found = in_pieces(values, ends, activation=activation)
    assert_is_the_whole(found, statistics_of(values, activation=activation))
    assert_histogram(found, values)


def test_combined_pieces_with_nan_equal_whole():
    values = with_holes()
    values[5] = np.nan  # a piece without finite values
    found = in_pieces(values, (1, 3, 5))
    assert_is_the_whole(found, statistics_of(values))
    assert_histogram(found, values)


def test_combined_pieces_of_different_ranges_have_few_bins():
    values = np.concatenate(
        [drawn((4, 50), "float64", n) * scale for n, scale in enumerate((1e-6, 1, 1e4))]
    )
    found = in_pieces(values, (4, 8))
    assert_histogram(found, values)
    assert len(found.histogram.counts) <= 49


@examples(150)
@given(
    values=hnp.arrays(
        st.sampled_from([np.float32, np.float16, np.int32, np.bool_]),
        hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5),
    ),
    channels_first=st.booleans(),
    activation=st.sampled_from(["", "sigmoid", "tanh"]),
    data=st.data(),
)
def test_any_array_has_correct_statistics(values, channels_first, activation, data):
    options = {"channels_first": channels_first and values.ndim > 1, "activation": activation}
    found = statistics_of(values, **options)
    assert_equals(found, naive(values, **options), exact=("minimum", "maximum"))
    assert_histogram(found, values)
    ends = data.draw(st.lists(st.integers(1, max(len(values) - 1, 1)), unique=True))
    if len(values) > 1:
        cut = in_pieces(values, sorted(ends), **options)
        assert_is_the_whole(cut, found)
        assert_histogram(cut, values)
