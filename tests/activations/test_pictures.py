"""The pictures of an activation, as plain data."""

import math

import ml_dtypes
import numpy as np
import pytest

from kfunc_lab.activations.picture_kinds import PICTURES, name_of, pictures_for
from kfunc_lab.activations.pictures import (
    MAX_NUMBERS,
    MAX_TILES,
    Bars,
    Points,
    Tiles,
    Words,
    number,
    one_tile,
    picture_of,
)
from kfunc_lab.activations.projection import pca
from kfunc_lab.ui.colour_scale import DIVERGING, SEQUENTIAL, Scale
from kfunc_lab.ui.image import Image, image_of
from kfunc_lab.ui.png_pixels import colour_pixels
from kfunc_lab.ui.thumbnails import downsample, maps_of, thumbnail


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def softmax(values):
    raised = np.exp(values - values.max())
    return (raised / raised.sum()).astype("float32")


# ---------------------------------------------------------------------------------------------
# Kinds


@pytest.mark.parametrize(
    ("values", "kind", "activation", "expected"),
    [
        (np.float32(3), "Sum", "", ["number"]),
        (numbers(1), "Dense", "", ["number"]),
        (numbers(1), "Dense", "softmax", ["number"]),
        (numbers(64), "Dense", "relu", ["bars", "heatmap"]),
        (numbers(65), "Dense", "relu", ["heatmap", "bars"]),
        (softmax(numbers(10)), "Dense", "", ["probabilities", "bars", "heatmap"]),
        (softmax(numbers(500)), "Dense", "", ["probabilities", "heatmap", "bars"]),
        (numbers(10), "Dense", "softmax", ["probabilities", "bars", "heatmap"]),
        (np.array([0, 1, 0]), "Argmax", "", ["bars", "heatmap"]),
        (np.array([0.5, 0.5, -0.5, 0.5]), "Dense", "", ["bars", "heatmap"]),
        (numbers(0), "Dense", "", ["bars", "heatmap"]),
        (numbers(20, 8), "LSTM", "tanh", ["sequence", "projection"]),
        (numbers(20, 8), "Embedding", "", ["projection", "sequence"]),
        (numbers(20, 1), "Embedding", "", ["sequence"]),
        (numbers(1, 20), "Dense", "", ["sequence"]),
        (np.zeros((20, 8), "int32"), "Cast", "", ["sequence"]),
        (numbers(28, 28, 16), "Conv2D", "relu", ["maps"]),
        (numbers(28, 28, 3), "Conv2D", "relu", ["maps"]),
        (numbers(28, 28, 3), "InputLayer", "", ["image", "maps"]),
        (numbers(28, 28, 1), "Rescaling", "", ["image", "maps"]),
        (numbers(28, 28, 2), "InputLayer", "", ["maps"]),
        (numbers(4, 8, 8, 3), "InputLayer", "", ["maps"]),
        (np.array([b"a", b"b"], object), "InputLayer", "", ["words"]),
        (np.array("a"), "InputLayer", "", ["words"]),
    ],
)
def test_each_shape_has_its_picture_kinds(values, kind, activation, expected):
    assert pictures_for(values, kind, activation) == expected
    for picture in expected:
        assert name_of(picture) == PICTURES[picture]
        picture_of(values, picture)


def test_attention_scores_have_own_picture_kind():
    assert pictures_for(numbers(2, 4, 5), "MultiHeadAttention", is_scores=True) == ["scores"]
    assert pictures_for(numbers(4, 5), "Attention", is_scores=True) == ["scores"]


@pytest.mark.parametrize("dtype", ["float16", "float64", "int8", "bool", "complex64"])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (70,), (4, 5), (4, 5, 3), (2, 4, 5, 3)])
def test_every_dtype_has_picture(dtype, shape):
    values = (numbers(*shape) > 0).astype(dtype)
    for kind in ("Dense", "Embedding", "InputLayer"):
        for picture in pictures_for(values, kind):
            assert picture_of(values, picture)
    assert max(thumbnail(values).shape) <= 64


def test_bfloat16_has_pictures():
    values = numbers(4, 5).astype(ml_dtypes.bfloat16)
    (first, *_rest) = pictures_for(values, "LSTM")
    shown = picture_of(values, first)
    assert np.array_equal(shown.values[0], values.astype("float32"))
    assert thumbnail(values).shape == (4, 5)


# ---------------------------------------------------------------------------------------------
# Tiles


def test_feature_maps_are_tiles():
    values = np.abs(numbers(7, 5, 3))
    shown = picture_of(values, "maps")
    assert isinstance(shown, Tiles)
    assert np.array_equal(shown.values, np.moveaxis(values, -1, 0))
    assert shown.labels == ("map 0", "map 1", "map 2")
    assert (shown.rows, shown.columns) == ("row", "column")
    assert (shown.first, shown.total, shown.factor) == (0, 3, (1, 1))
    assert shown.scale == "sequential"
    assert set(shown.lows) == {0}
    assert set(shown.highs) == {float(values.max())}


def test_channels_first_maps_are_tiles():
    values = numbers(3, 7, 5)
    shown = picture_of(values, "maps", channels_first=True)
    assert np.array_equal(shown.values, values)
    assert np.array_equal(maps_of(values, channels_first=True), values)


def test_each_map_can_have_own_scale():
    values = np.abs(numbers(7, 5, 3)) * np.array([1, 10, 0], "float32")
    shown = picture_of(values, "maps", shared=False)
    assert shown.highs == tuple(float(it) for it in values.max(axis=(0, 1)))
    assert set(shown.lows) == {0}


def test_values_of_both_signs_use_diverging_colours():
    values = numbers(7, 5, 2)
    values[0, 0, 0], values[..., 1] = -9, np.abs(values[..., 1])
    shown = picture_of(values, "maps")
    assert shown.scale == "diverging"
    assert (shown.lows, shown.highs) == ((-9, -9), (9, 9))
    own = picture_of(values, "maps", shared=False)
    greatest = float(values[..., 1].max())
    assert own.scale == "diverging"
    assert own.lows == (-9, -greatest)
    assert own.highs == (9, greatest)


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [([[2, 5]], 0, 5), ([[-5, -2]], -5, -2), ([[-3, -3]], -3, 0), ([[0, 0]], 0, 0)],
)
def test_scale_has_correct_limits(values, low, high):
    shown = picture_of(np.array(values, "float32"), "sequence")
    assert (shown.scale, shown.lows, shown.highs) == ("sequential", (low,), (high,))


def test_nan_is_kept_and_does_not_set_scale():
    values = np.array([[1, np.nan, np.inf], [-2, 0, -np.inf]], "float32")
    shown = picture_of(values, "sequence")
    assert np.array_equal(shown.values[0], values, equal_nan=True)
    assert (shown.lows, shown.highs) == ((-2,), (2,))
    empty = picture_of(np.full((2, 2), np.nan), "sequence")
    assert np.isnan(empty.values).all()
    assert (empty.lows, empty.highs) == ((0,), (0,))


def test_frames_have_feature_maps():
    values = numbers(4, 6, 5, 3)
    shown = picture_of(values, "maps")
    assert shown.total == 12
    assert shown.labels[:4] == (
        "map 0, frame 0",
        "map 1, frame 0",
        "map 2, frame 0",
        "map 0, frame 1",
    )
    assert np.array_equal(shown.values[7], values[2, :, :, 1])
    assert shown.labels[7] == "map 1, frame 2"


def test_first_argument_selects_next_maps():
    values = numbers(2, 2, 300)
    shown = picture_of(values, "maps", first=200)
    assert (shown.first, shown.total) == (200, 300)
    assert len(shown.values) == len(shown.labels) == 100
    assert shown.labels[0] == "map 200"
    assert np.array_equal(shown.values[5], values[..., 205])
    assert len(picture_of(values, "maps").values) == MAX_TILES == 128
    assert picture_of(values, "maps", first=1000).labels == ("map 299",)
    assert picture_of(values, "maps", first=-3).first == 0


@pytest.mark.parametrize("shape", [(2, 4, 5), (4, 5)])
def test_each_head_has_score_matrix(shape):
    values = np.abs(numbers(*shape))
    shown = picture_of(values, "scores")
    assert np.array_equal(shown.values, values.reshape(-1, 4, 5))
    assert shown.labels == tuple(f"head {n}" for n in range(len(shown.values)))
    assert (shown.rows, shown.columns) == ("query", "key")


def test_sequence_is_drawn_as_steps_by_units():
    values = numbers(20, 8)
    shown = picture_of(values, "sequence")
    assert np.array_equal(shown.values, values[None])
    assert (shown.rows, shown.columns, shown.labels) == ("step", "unit", ("",))


@pytest.mark.parametrize("size", [5, 100, 4096, 100_000])
def test_long_vector_wraps_into_lines(size):
    values = numbers(size)
    shown = picture_of(values, "heatmap")
    assert shown.is_one_vector
    assert shown.total == size
    flat = shown.values.reshape(-1)
    assert np.array_equal(flat[:size], values)
    assert np.isnan(flat[size:]).all()
    assert flat.size - size < shown.values.shape[2]
    assert shown.values.shape[2] % 8 == 0 or size < 8


@pytest.mark.parametrize("most", [MAX_NUMBERS, 1000])
def test_very_long_vector_shows_its_beginning(most):
    values = numbers(300_000)
    shown = picture_of(values, "heatmap", max_numbers=most)
    flat = shown.values.reshape(-1)
    flat = flat[~np.isnan(flat)]
    assert 0.9 * most <= flat.size <= most
    assert np.array_equal(flat, values[: flat.size])
    assert (shown.factor, shown.total) == ((1, 1), 300_000)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((4000, 3000), "sequence"),
        ((1_000_000, 1), "sequence"),
        ((300_000, 4), "sequence"),
        ((4, 400_000), "sequence"),
        ((512, 512, 130), "maps"),
        ((20_000, 8, 20), "maps"),
        ((8, 20_000, 20), "maps"),
        ((8, 900, 900), "scores"),
        ((1_000_000,), "heatmap"),
    ],
)
@pytest.mark.parametrize("most", [MAX_NUMBERS, 20_000])
def test_huge_activations_have_small_picture(shape, kind, most):
    values = np.broadcast_to(np.float32(3), shape)
    shown = picture_of(values, kind, max_numbers=most)
    assert shown.values.size <= most
    assert (shown.values[np.isfinite(shown.values)] == 3).all()
    rows, columns = shown.factor
    if kind != "heatmap":
        lengths = shape[:2] if kind == "maps" else shape[-2:]
        assert abs(rows - lengths[0] / shown.values.shape[1]) <= 0.5
        assert abs(columns - lengths[1] / shown.values.shape[2]) <= 0.5


def test_shrinking_averages_values():
    values = numbers(300, 90)
    small = downsample(values, 100, 30)
    assert np.allclose(small, values.reshape(100, 3, 30, 3).mean(axis=(1, 3)), atol=1e-6)
    uneven = downsample(np.arange(10, dtype="float32")[None], 1, 4)
    assert uneven.tolist() == [[0.5, 3, 5.5, 8]]
    assert np.array_equal(downsample(values, 300, 90), values)


@pytest.mark.parametrize("channels_first", [False, True])
def test_single_tile_equals_map(channels_first):
    values = numbers(9, 8, 7)
    for place in (0, 3, 6):
        shown = one_tile(values, "maps", place, channels_first)
        expected = values[place] if channels_first else values[..., place]
        assert np.array_equal(shown.values, expected[None])
        assert shown.labels == (f"map {place}",)
        reach = float(np.abs(expected).max())
        assert (shown.lows, shown.highs) == ((-reach,), (reach,))


def test_single_tile_works_for_frames_and_heads():
    frames = numbers(4, 6, 5, 3)
    shown = one_tile(frames, "maps", 7)
    assert np.array_equal(shown.values[0], frames[2, :, :, 1])
    assert shown.labels == ("map 1, frame 2",)
    heads = numbers(2, 4, 5)
    assert np.array_equal(one_tile(heads, "scores", 1).values[0], heads[1])
    assert one_tile(heads, "scores", 1).labels == ("head 1",)


def test_single_tile_has_full_size():
    values = numbers(400, 400, 6)
    assert picture_of(values, "maps").factor != (1, 1)
    shown = one_tile(values, "maps", 2)
    assert shown.factor == (1, 1)
    assert np.array_equal(shown.values[0], values[..., 2])


# ---------------------------------------------------------------------------------------------
# Bars, words, images


def test_bars_show_values():
    values = numbers(30)
    shown = picture_of(values, "bars")
    assert shown == Bars(tuple(map(str, range(30))), tuple(map(float, values)), total=30)
    many = picture_of(numbers(2000), "bars")
    assert len(many.values) == len(many.labels) == 1024
    assert many.total == 2000


def test_probabilities_of_few_classes_keep_their_order():
    values = softmax(numbers(20))
    shown = picture_of(values, "probabilities")
    assert shown.labels == tuple(map(str, range(20)))
    assert shown.values == tuple(map(float, values))
    assert shown.marked == values.argmax()
    assert shown.percent
    assert shown.total == 20


def test_probabilities_of_many_classes_start_with_largest():
    values = softmax(numbers(1000))
    shown = picture_of(values, "probabilities")
    order = np.argsort(-values)[:10]
    assert shown.labels == tuple(map(str, order))
    assert shown.values == tuple(map(float, values[order]))
    assert (shown.marked, shown.total) == (0, 1000)


@pytest.mark.parametrize("size", [10, 100])
@pytest.mark.parametrize("holes", [slice(None), slice(70, 71), slice(3, 5)])
def test_nan_probabilities_are_shown(size, holes):
    values = softmax(numbers(size))
    values[holes] = np.nan
    shown = picture_of(values, "probabilities")
    assert shown.total == size
    assert len(shown.values) == 10


def test_words_and_single_number_have_picture():
    text = np.array([["a", "b"], ["c", "d"]])
    assert picture_of(text, "words") == Words(("a", "b", "c", "d"))
    assert len(picture_of(np.array(["a"] * 500), "words").lines) == 40
    assert picture_of(np.array([-0.123456]), "number") == Words(("−0.1235",))
    assert picture_of(np.float32(3), "number") == Words(("3",))
    assert [number(it) for it in (math.nan, math.inf, -math.inf, 1e-7)] == [
        "NaN",
        "∞",
        "−∞",
        "1e−07",
    ]


@pytest.mark.parametrize(
    ("low", "high", "black", "white"),
    [(0, 1, 0, 1), (0.2, 0.7, 0, 1), (0, 255, 0, 255), (0, 900, 0, 900), (-1, 1, -1, 1)],
)
def test_image_becomes_bytes(low, high, black, white):
    values = np.linspace(low, high, 5 * 4 * 3).reshape(5, 4, 3).astype("float32")
    shown = picture_of(values, "image")
    assert isinstance(shown, Image)
    assert shown.pixels.dtype == np.uint8
    assert shown.pixels.shape == (5, 4, 3)
    assert np.allclose((shown.low, shown.high), (black, white))
    exact = (values - black) / (white - black) * 255
    assert np.abs(shown.pixels - exact).max() <= 0.51


def test_byte_image_is_unchanged():
    values = np.random.default_rng(0).integers(0, 256, (6, 5, 3)).astype("uint8")
    values[0, 0, 0] = 255
    assert np.array_equal(picture_of(values, "image").pixels, values)


def test_image_limits_can_be_set():
    values = np.array([[[-5.0], [0.5], [9.0]]])
    shown = image_of(values, 0, 1)
    assert shown.pixels.ravel().tolist() == [0, 128, 255]
    assert (shown.low, shown.high) == (0, 1)


def test_image_with_nan_or_constant_values_is_drawn():
    values = np.array([[[np.nan], [np.inf], [1.0]]])
    assert picture_of(values, "image").pixels.ravel().tolist() == [0, 0, 255]
    assert picture_of(np.zeros((2, 2, 1)), "image").pixels.max() == 0


# ---------------------------------------------------------------------------------------------
# Projection


def by_eigenvectors(values):
    centred = values - values.mean(axis=0)
    sizes, vectors = np.linalg.eigh(centred.T @ centred)
    order = np.argsort(-sizes)[:2]
    return centred @ vectors[:, order], sizes[order] / sizes.sum()


@pytest.mark.parametrize("shape", [(30, 8), (8, 30), (500, 3), (12, 2)])
def test_projection_equals_eigenvector_projection(shape):
    values = np.random.default_rng(3).normal(size=shape) * np.linspace(1, 4, shape[1])
    points, shares = pca(values)
    expected, expected_shares = by_eigenvectors(values)
    for axis in range(2):
        other = expected[:, axis]
        sign = np.sign(other @ points[:, axis])
        assert np.allclose(points[:, axis], sign * other, atol=1e-9)
        assert points[np.abs(points[:, axis]).argmax(), axis] > 0
    assert np.allclose(shares, expected_shares)
    assert shares[0] >= shares[1] > 0


def test_few_points_or_dimensions_have_projection():
    for values in (numbers(1, 5), numbers(5, 1), np.zeros((4, 3)), numbers(2, 2)):
        points, shares = pca(values)
        assert points.shape == (len(values), 2)
        assert np.isfinite(points).all()
        assert 0 <= shares.sum() <= 1 + 1e-9
    assert pca(np.zeros((4, 3)))[1].tolist() == [0, 0]


def test_projection_ignores_nonfinite_points():
    values = numbers(6, 4).astype(float)
    filled = values.copy()
    values[2, 1], filled[2, 1] = np.nan, 0
    values[3, 0], filled[3, 0] = np.inf, 0
    assert np.array_equal(pca(values)[0], pca(filled)[0])


def test_projection_has_picture():
    values = numbers(20, 8)
    shown = picture_of(values, "projection", labels=[f"word {n}" for n in range(25)])
    points, shares = pca(values)
    assert isinstance(shown, Points)
    assert np.allclose(shown.x, points[:, 0])
    assert np.allclose(shown.y, points[:, 1])
    assert shown.labels == tuple(f"word {n}" for n in range(20))
    assert shown.shares == tuple(shares)
    plain = picture_of(numbers(3000, 4), "projection")
    assert len(plain.x) == len(plain.y) == len(plain.labels) == 1000
    assert plain.labels[:2] == ("0", "1")


# ---------------------------------------------------------------------------------------------
# Small pictures


@pytest.mark.parametrize(
    "shape",
    [
        (),
        (1,),
        (10,),
        (2048,),
        (2049,),
        (3000,),
        (4096,),
        (100_000,),
        (500, 3),
        (3, 500),
        (1000, 1000),
        (224, 224, 64),
        (7, 7, 2048),
        (5, 5, 1),
        (100, 2, 3),
        (4, 32, 32, 8),
        (2, 4, 32, 32, 3),
    ],
)
def test_thumbnail_is_small(shape):
    values = np.broadcast_to(np.float32(3), shape)
    small = thumbnail(values)
    assert small.ndim == 2
    assert max(small.shape) <= 64
    assert small.dtype == np.float32
    assert np.nanmin(small) == np.nanmax(small) == 3


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0), (0, 0, 3), (4, 4, 0)])
def test_empty_value_has_empty_thumbnail(shape):
    assert thumbnail(np.zeros(shape, "float32")).size == 0


def test_complex_thumbnail_shows_magnitude():
    assert thumbnail(np.array([[3 + 4j, 0]])).tolist() == [[5, 0]]
    assert picture_of(np.array([[3 + 4j, 0]]), "sequence").values.tolist() == [[[5, 0]]]


def test_string_thumbnail_is_empty():
    assert thumbnail(np.array(["a", "b"])).size == 0
    assert thumbnail(np.array([b"a"], object)).size == 0


def test_thumbnail_places_few_maps_side_by_side():
    values = numbers(6, 5, 4)
    small = thumbnail(values)
    assert np.array_equal(
        small,
        np.block([[values[..., 0], values[..., 1]], [values[..., 2], values[..., 3]]]),
    )
    assert np.isnan(thumbnail(values[..., :3])[6:, 5:]).all()
    first = thumbnail(np.moveaxis(values, -1, 0), channels_first=True)
    assert np.array_equal(first, small)


def test_sequence_thumbnail_shows_sequence():
    values = numbers(20, 30)
    assert np.array_equal(thumbnail(values), values)
    wide = numbers(128, 128)
    assert np.allclose(thumbnail(wide), wide.reshape(64, 2, 64, 2).mean(axis=(1, 3)), atol=1e-6)


def test_vector_thumbnail_reads_left_to_right():
    values = numbers(50)
    small = thumbnail(values)
    assert np.array_equal(small.reshape(-1)[:50], values)
    assert np.isnan(small.reshape(-1)[50:]).all()


@pytest.mark.parametrize(
    ("scale", "colours"), [("sequential", SEQUENTIAL), ("diverging", DIVERGING)]
)
def test_pixels_span_whole_colour_scale(scale, colours):
    values = np.linspace(-2, 2, 256)
    pixels = colour_pixels(values[None], -2, 2, scale)[0].astype(int)
    expected = [bytes.fromhex(Scale(-2, 2, colours).colour(it)[1:]) for it in values]
    assert np.abs(pixels[:, :3] - np.array([[*it] for it in expected])).max() <= 1
    assert (pixels[:, 3] == 255).all()
