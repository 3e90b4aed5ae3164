"""Attributions equal plain reference code on real models and leave the models unchanged."""

import math
import random
import re

import keras
import numpy as np
import pytest
from backends import drawn_natively, gradients_of, tensorflow_only, tf
from keras import layers, ops

from kfunc_lab.activations.attribution import attribution
from kfunc_lab.activations.attribution.attribution import image_shape, unsupported_reason
from kfunc_lab.activations.attribution.grad_cam import grad_cam, layers_for_grad_cam
from kfunc_lab.activations.attribution.integrated_gradients import integrated_gradients
from kfunc_lab.activations.attribution.occlusion import occlusion
from kfunc_lab.activations.attribution.score import Head, head_of, predict_class
from kfunc_lab.datasets import mnist

METHODS = (grad_cam, integrated_gradients, occlusion)
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda it: it.__name__)


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(7)


def features(image):
    maps = layers.Conv2D(8, 3, activation="relu", name="conv_1")(image)
    maps = layers.MaxPooling2D(name="pool")(maps)
    maps = layers.Conv2D(16, 3, activation="relu", name="conv_2")(maps)
    maps = layers.Dropout(0.2, name="dropout")(maps)
    return layers.Dense(32, activation="relu", name="hidden")(layers.Flatten()(maps))


@pytest.fixture(scope="module")
def digits():
    (x, y), (test, _labels) = mnist(source="embedded")
    return x[..., np.newaxis] / np.float32(255), y, test[..., np.newaxis] / np.float32(255)


@pytest.fixture(scope="module")
def trained(digits):
    """Return a briefly trained CNN for digits that returns logits."""
    keras.utils.set_random_seed(1)
    image = keras.Input((28, 28, 1), name="image")
    model = keras.Model(image, layers.Dense(10, name="logits")(features(image)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    fitted = model.fit(*digits[:2], epochs=1, batch_size=32, verbose=0)
    assert fitted.history["accuracy"][0] > 0.5
    return model


def with_head(trained, head):
    """Return a copy of the trained layers with another head and equal weights."""
    image = keras.Input((28, 28, 1), name="image")
    model = keras.Model(image, head(features(image)))
    model.set_weights(trained.get_weights())
    return model


HEADS = {
    "logits": lambda x: layers.Dense(10)(x),
    "in the layer": lambda x: layers.Dense(10, activation="softmax")(x),
    "a layer": lambda x: layers.Softmax()(layers.Dense(10)(x)),
    "an Activation": lambda x: layers.Activation("softmax")(layers.Dense(10)(x)),
    "an operation": lambda x: keras.ops.softmax(layers.Dense(10)(x)),
    "before others": lambda x: layers.Reshape((10,))(
        layers.Dropout(0.5, name="last")(layers.Dense(10, activation="softmax")(x))
    ),
    "several sigmoids": lambda x: layers.Dense(10, activation="sigmoid")(x),
    "a sigmoid operation": lambda x: keras.ops.sigmoid(layers.Dense(10)(x)),
}


class OwnSoftmax(layers.Layer):
    def call(self, inputs):
        return keras.ops.softmax(inputs)


def of_ones_own(x):
    return OwnSoftmax()(layers.Dense(10)(x))


def of_tensorflow(x):
    return layers.Activation(tf.nn.softmax)(layers.Dense(10)(x))


NAMES = tensorflow_only("a name of TensorFlow's own function")
STORED = tensorflow_only("only there Keras stores what a custom layer's softmax was applied to")
every_head = pytest.mark.parametrize(
    "head",
    [
        *HEADS.values(),
        pytest.param(of_tensorflow, marks=NAMES),
        pytest.param(of_ones_own, marks=STORED),
    ],
    ids=[*HEADS, "TensorFlow's", "of one's own"],
)


def cam_of(twice, image, score_of, head=None):
    """Compute Grad-CAM from a model that returns maps and logits, and the part between them."""
    maps = twice(image[np.newaxis], training=False)[0]
    head = head or keras.Model(*twice.outputs)
    score = score_of(head(maps))
    (gradient,) = gradients_of(lambda maps: score_of(head(maps)), maps)
    maps = keras.ops.convert_to_numpy(maps)
    grid = np.maximum((maps[0] * gradient.mean(axis=(0, 1, 2))).sum(-1), 0)
    heat = keras.ops.convert_to_numpy(
        keras.ops.image.resize(
            grid[..., np.newaxis], image.shape[:2], data_format="channels_last"
        )
    )[..., 0]
    return grid, heat, float(score[0])


def assert_is_cam(found, expected):
    grid, heat, score = expected
    assert found.method == "grad_cam"
    np.testing.assert_allclose(found.grid, grid, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.heat, heat, rtol=1e-4, atol=1e-6)
    assert found.score == pytest.approx(score, rel=1e-5)
    assert found.heat.dtype == np.float32
    assert (found.baseline_score, found.gap) == (None, None)
    assert grid.max() > 0


def logits_of(model, images):
    logits = model(np.asarray(images, np.float32), training=False)
    return keras.ops.convert_to_numpy(logits).astype(np.float64)


# ---------------------------------------------------------------------------------------------
# Grad-CAM


@pytest.mark.parametrize("layer", ["conv_1", "pool", "conv_2", None])
@pytest.mark.parametrize("target", [3, 7])
def test_grad_cam_equals_plain_two_output_model(trained, digits, layer, target):
    image = digits[2][0]
    wanted = trained.get_layer(layer or "dropout").output
    twice = keras.Model(trained.input, [wanted, trained.output])
    found = grad_cam(trained, image, target, layer)
    assert_is_cam(found, cam_of(twice, image, lambda it: it[:, target]))
    assert (found.layer, found.target) == (layer or "dropout", target)


@every_head
def test_grad_cam_explains_the_logit_under_every_head(trained, digits, head):
    image = digits[2][1]
    twice = keras.Model(trained.input, [trained.get_layer("conv_2").output, trained.output])
    found = grad_cam(with_head(trained, head), image, 2, "conv_2")
    assert_is_cam(found, cam_of(twice, image, lambda it: it[:, 2]))


def test_layer_nearest_to_output_is_listed_last(trained):
    assert layers_for_grad_cam(trained) == ["conv_1", "pool", "conv_2", "dropout"]


def nested_model():
    """Return a functional model that contains a Sequential; both have feature maps."""
    inner = keras.Sequential(
        [
            keras.Input((None, None, 4)),
            layers.Conv2D(6, 3, name="conv", activation="relu"),
            layers.AveragePooling2D(2, name="pool"),
        ],
        name="inner",
    )
    between = keras.Input((None, None, 4))
    outer = keras.Model(between, layers.ReLU(name="relu")(inner(between)), name="outer")
    image = keras.Input((16, 16, 3), name="image")
    stem = layers.Conv2D(4, 3, name="stem")(image)
    logits = layers.Dense(3)(layers.GlobalAveragePooling2D()(outer(stem)))
    return keras.Model(image, layers.Softmax()(logits)), stem, inner, outer


def test_grad_cam_works_in_nested_models():
    model, stem, inner, outer = nested_model()
    assert layers_for_grad_cam(model) == [
        "stem",
        "outer/inner/conv",
        "outer/inner/pool",
        "outer/relu",
    ]
    image = np.random.default_rng(0).normal(size=(16, 16, 3)).astype("float32")
    conv, pool, relu = inner.layers[0], inner.layers[1], outer.layers[-1]
    dense = model.layers[-2]
    split = conv(stem)
    rest = dense(layers.GlobalAveragePooling2D()(relu(pool(split))))
    twice = keras.Model(model.input, [split, rest])
    found = grad_cam(model, image, 1, "outer/inner/conv")
    assert_is_cam(found, cam_of(twice, image, lambda it: it[:, 1]))
    whole = relu(pool(split))
    twice = keras.Model(model.input, [whole, dense(layers.GlobalAveragePooling2D()(whole))])
    found = grad_cam(model, image, 1)
    assert found.layer == "outer/relu"
    assert_is_cam(found, cam_of(twice, image, lambda it: it[:, 1]))


def test_grad_cam_uses_last_call_of_shared_layer():
    image = keras.Input((12, 12, 4))
    shared = layers.Conv2D(4, 3, padding="same", activation="relu", name="shared")
    first = shared(image)
    second = shared(first)
    both = layers.Concatenate(name="both")([first, second])
    dense = layers.Dense(3)
    logits = dense(layers.Flatten()(both))
    model = keras.Model(image, logits)
    x = np.random.default_rng(1).uniform(size=(12, 12, 4)).astype("float32")
    target = max(range(3), key=lambda it: grad_cam(model, x, it, "shared").heat.max())
    twice = keras.Model(image, [second, logits])
    found = grad_cam(model, x, target, "shared")
    before = shared(x[np.newaxis])

    def head(maps):
        return dense(layers.Flatten()(ops.concatenate([before, maps], axis=-1)))

    assert_is_cam(found, cam_of(twice, x, lambda it: it[:, target], head))
    assert layers_for_grad_cam(model) == ["shared", "both"]


def test_layer_shared_by_nested_models_uses_chosen_path():
    conv = layers.Conv2D(2, 3, padding="same", activation="relu", name="conv")
    image = keras.Input((10, 10, 2))
    models = [keras.Model(image, conv(image), name=name) for name in ("a", "b")]
    inside = models[0](image)
    after = models[1](inside)
    logits = layers.Dense(4)(layers.Flatten()(after))
    model = keras.Model(image, logits)
    assert layers_for_grad_cam(model) == ["a/conv", "b/conv"]
    x = np.random.default_rng(2).uniform(size=(10, 10, 2)).astype("float32")
    for name, maps in (("a/conv", inside), ("b/conv", after)):
        twice = keras.Model(image, [maps, logits])
        target = max(range(4), key=lambda it: grad_cam(model, x, it, name).heat.max())
        found = grad_cam(model, x, target, name)
        assert_is_cam(found, cam_of(twice, x, lambda it, unit=target: it[:, unit]))


def test_layer_called_again_is_listed_at_last_call():
    image = keras.Input((12, 12, 1))
    relu = layers.ReLU(name="relu")
    maps = relu(layers.Conv2D(2, 3, name="conv_1")(image))
    maps = relu(layers.Conv2D(2, 3, name="conv_2")(maps))
    model = keras.Model(image, layers.GlobalMaxPooling2D()(maps))
    assert layers_for_grad_cam(model) == ["conv_1", "conv_2", "relu"]
    x = np.random.default_rng(15).uniform(size=(12, 12, 1)).astype("float32")
    assert grad_cam(model, x, 0).grid.shape == (8, 8)


def test_maps_of_whole_numbers_are_not_listed():
    image = keras.Input((8, 8, 1))
    maps = layers.Conv2D(2, 3, name="conv")(image)
    rounded = keras.ops.cast(keras.ops.cast(maps, "int32"), "float32")
    model = keras.Model(image, layers.GlobalAveragePooling2D()(rounded))
    named = [it.name for it in model.operations]
    assert layers_for_grad_cam(model) == ["conv", named[named.index("conv") + 2]]


def test_operations_and_merging_layers_have_maps():
    image = keras.Input((9, 9, 1))
    left = layers.Conv2D(2, 3, padding="same", name="left")(image)
    total = keras.ops.relu(left + layers.Rescaling(2.0, name="right")(image))
    gate = layers.GlobalAveragePooling2D(keepdims=True, name="gate")(total)
    scores = layers.Flatten()(gate)
    names = layers_for_grad_cam(keras.Model(image, scores))
    assert names[0] in ("left", "right")
    assert "gate" not in names
    assert len(names) == 4
    assert names[-1].startswith("relu")


# ---------------------------------------------------------------------------------------------
# Integrated gradients


def integral_of(model, image, start, target, steps):
    """Compute integrated gradients of a model that returns logits."""
    places, weights = np.polynomial.legendre.leggauss(steps)
    points = start + (places[:, np.newaxis, np.newaxis, np.newaxis] + 1) / 2 * (image - start)
    points = points.astype("float32")
    total = np.zeros(image.shape)
    # In batches as large as ours: with PyTorch an image has other gradients in another batch.
    for first in range(0, steps, 16):
        batch = slice(first, first + 16)
        (gradient,) = gradients_of(
            lambda it: model(it, training=False)[:, target], points[batch]
        )
        total += np.tensordot(weights[batch] / 2, gradient, axes=1)
    return (total * (image - start)).sum(-1)


def test_integrated_gradients_equal_plain_rule(trained, digits):
    image = digits[2][2]
    found = integrated_gradients(trained, image, 1)
    expected = integral_of(trained, image, np.zeros_like(image), 1, 64)
    np.testing.assert_allclose(found.heat, expected, rtol=1e-3, atol=1e-5)
    assert (found.method, found.layer, found.grid) == ("integrated_gradients", "", None)
    ends = logits_of(trained, [image, np.zeros_like(image)])[:, 1]
    assert (found.score, found.baseline_score) == pytest.approx(tuple(ends), rel=1e-5)
    gap = abs(expected.sum() - ends[0] + ends[1]) / abs(ends[0] - ends[1])
    assert found.gap == pytest.approx(gap, abs=1e-4)


@pytest.mark.parametrize("name", ["logits", "in the layer"])
def test_integrated_gradients_are_complete(trained, digits, name, record_property):
    model = with_head(trained, HEADS[name])
    for number in range(12):
        found = integrated_gradients(model, digits[2][number], None)
        assert found.gap < 0.01
        difference = found.score - found.baseline_score
        assert found.heat.sum() == pytest.approx(difference, rel=0.011)
        assert found.target == logits_of(trained, digits[2][[number]]).argmax()
        record_property(f"gap of {number}", found.gap)


@pytest.mark.parametrize(("number", "target"), [(3, 0), (4, 1), (5, 2), (6, 8), (7, 4)])
def test_steps_double_while_gap_exceeds_one_percent(trained, digits, number, target):
    image, seen = digits[2][number], []
    found = integrated_gradients(
        trained, image, target, steps=2, progress=lambda *of_all: seen.append(of_all)
    )
    ends = logits_of(trained, [image, np.zeros_like(image)])[:, target]
    steps, gap = 1, math.inf
    while gap > 0.01:
        steps *= 2
        expected = integral_of(trained, image, np.zeros_like(image), target, steps)
        gap = abs(expected.sum() - ends[0] + ends[1]) / abs(ends[0] - ends[1])
    np.testing.assert_allclose(found.heat, expected, rtol=1e-3, atol=1e-5)
    assert found.gap == pytest.approx(gap, abs=1e-4)
    assert seen[0] == (2, 2)
    assert seen[-1] == (2 * steps - 2, 2 * steps - 2)  # 2 + 4 + … + steps
    assert seen == sorted(seen)


def test_steps_end_at_512():
    image = keras.Input((8, 8, 1))
    jump = layers.Lambda(lambda it: keras.ops.sign(it - 0.5) + 1e-3 * it)(image)
    model = keras.Model(image, layers.GlobalAveragePooling2D()(jump))
    seen = []
    found = integrated_gradients(
        model,
        np.ones((8, 8, 1)),
        0,
        steps=200,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert found.gap > 0.9
    assert seen[-1] == (200 + 400 + 512, 200 + 400 + 512)


def test_default_baseline_is_black(trained, digits):
    image = digits[2][4]
    nothing = np.zeros_like(image)
    black = logits_of(trained, [nothing, nothing - 1, nothing + 0.5])[:, 4]
    assert integrated_gradients(trained, image, 4).baseline_score == pytest.approx(black[0])
    centred = integrated_gradients(trained, 2 * image - 1, 4)
    assert centred.baseline_score == pytest.approx(black[1], rel=1e-5)
    for grey in (0.5, nothing + 0.5):
        found = integrated_gradients(trained, image, 4, baseline=grey)
        assert found.baseline_score == pytest.approx(black[2], rel=1e-5)


def test_image_equal_to_baseline_has_zero_attribution(trained):
    found = integrated_gradients(trained, np.zeros((28, 28, 1)), 4)
    assert found.gap == 0
    assert not found.heat.any()


def test_nonzero_sum_without_score_difference_has_infinite_gap():
    image = keras.Input((8, 8, 1))
    # The function rises and falls, and the points of the rule are not evenly spaced.
    wave = layers.Lambda(lambda it: keras.ops.where(it < 0.75, 0 * it, 4 * it * (1 - it)))(
        image
    )
    model = keras.Model(image, layers.GlobalAveragePooling2D()(wave))
    found = integrated_gradients(model, np.ones((8, 8, 1)), 0, steps=512)
    assert found.gap == math.inf


# ---------------------------------------------------------------------------------------------
# Occlusion


@pytest.mark.parametrize(
    ("size", "fill"), [(None, None), (5, 0.25), (28, None), (7, np.array([0.5]))]
)
def test_occlusion_equals_plain_loop(trained, digits, size, fill):
    image, target, side = digits[2][5], 6, size or 4
    seen = []
    found = occlusion(
        trained,
        image,
        target,
        size=size,
        fill=fill,
        progress=lambda done, total: seen.append((done, total)),
    )
    stride = side // 2
    starts = sorted({min(it, 28 - side) for it in range(0, 28, stride)})
    value = image.mean() if fill is None else fill
    score = logits_of(trained, [image])[0, target]
    drops, total, count = [], np.zeros((28, 28)), np.zeros((28, 28))
    for row in starts:
        for column in starts:
            hidden = image.copy()
            hidden[row : row + side, column : column + side] = value
            drops.append(score - logits_of(trained, [hidden])[0, target])
            total[row : row + side, column : column + side] += drops[-1]
            count[row : row + side, column : column + side] += 1
    assert found.grid.shape == (len(starts), len(starts))
    np.testing.assert_allclose(found.grid.ravel(), drops, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.heat, total / count, rtol=1e-3, atol=1e-4)
    reference = logits_of(trained, [np.full_like(image, value)])[0, target]
    assert found.baseline_score == pytest.approx(reference, rel=1e-4)
    assert found.score == pytest.approx(score, rel=1e-5)
    assert seen[-1] == (len(drops), len(drops))
    assert seen[0] == (min(16, len(drops)), len(drops))


def test_occlusion_fills_with_channel_means():
    model = keras.Sequential([keras.Input((8, 6, 3)), layers.GlobalAveragePooling2D()])
    image = np.random.default_rng(3).uniform(size=(8, 6, 3)).astype("float32")
    found = occlusion(model, image, 1)
    assert found.baseline_score == pytest.approx(found.score, rel=1e-5)
    assert found.grid.shape == (7, 5)
    assert found.heat.shape == (8, 6)
    black = occlusion(model, image, 1, fill=(0, 1, 0), size=1)
    np.testing.assert_allclose(black.heat * 48, image[..., 1] - 1, rtol=1e-2, atol=1e-4)


def test_large_images_use_smaller_batches(monkeypatch):
    sizes = []
    model = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Lambda(lambda it: (sizes.append(it.shape[0]), it)[1]),
            layers.GlobalAveragePooling2D(),
        ]
    )
    occlusion(model, np.ones((512, 256, 3)), 0, size=128)
    assert max(filter(None, sizes)) == 2


# ---------------------------------------------------------------------------------------------
# Heads and the class


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (lambda x: layers.Dense(10)(x), Head(10, "scores")),
        (lambda x: layers.Dense(1)(x), Head(1, "scores")),
        (lambda x: layers.Dense(1, activation="sigmoid")(x), Head(2, "sigmoid")),
        (lambda x: layers.Dense(4, activation="sigmoid")(x), Head(4, "sigmoids")),
        (lambda x: layers.Dense(4, activation="softmax")(x), Head(4, "softmax")),
        pytest.param(
            lambda x: layers.Dense(4, activation=tf.nn.softmax)(x),
            Head(4, "softmax"),
            marks=NAMES,
        ),
        (lambda x: layers.Dense(4, activation=layers.Softmax())(x), Head(4, "softmax")),
        (lambda x: layers.Dense(4, activation="relu")(x), Head(4, "scores")),
        (lambda x: layers.Softmax()(x), Head(64, "softmax")),
        (lambda x: layers.Activation("sigmoid")(x), Head(64, "sigmoids")),
        (lambda x: keras.ops.softmax(x), Head(64, "softmax")),
        (lambda x: layers.Activation("linear")(layers.Softmax()(x)), Head(64, "softmax")),
        (lambda x: layers.Dropout(0.5)(layers.Softmax()(x)), Head(64, "softmax")),
        (lambda x: layers.Softmax()(x) * 2, Head(64, "scores")),
        (lambda x: OwnSoftmax()(x), Head(64, "scores")),
        (
            lambda x: keras.Sequential([layers.Dense(4), layers.Softmax()], name="top")(x),
            Head(4, "softmax"),
        ),
    ],
)
def test_head_is_detected_from_last_operation(output, expected):
    image = keras.Input((8, 8, 1))
    assert head_of(keras.Model(image, output(layers.Flatten()(image)))) == expected


@pytest.fixture
def binary():
    image = keras.Input((8, 8, 1))
    maps = layers.Conv2D(3, 3, name="conv")(image)
    logit = layers.Dense(1)(layers.Flatten()(maps))
    model = keras.Model(image, layers.Activation("sigmoid")(logit))
    return model, keras.Model(image, [maps, logit])


@pytest.mark.parametrize("target", [0, 1])
def test_single_sigmoid_unit_has_two_classes(binary, target):
    model, twice = binary
    sign = 1 if target else -1
    x = np.random.default_rng(4).uniform(size=(8, 8, 1)).astype("float32")
    if not grad_cam(model, x, target).heat.any():
        x = -x
    logit = twice(x[np.newaxis])[1]
    assert_is_cam(grad_cam(model, x, target), cam_of(twice, x, lambda it: sign * it[:, 0]))
    for method in METHODS:
        assert method(model, x, target).score == pytest.approx(sign * float(logit[0, 0]))
    assert predict_class(model, x) == int(logit[0, 0] > 0)


def test_single_output_number_is_the_score():
    image = keras.Input((8, 8, 1))
    model = keras.Model(image, layers.Dense(1)(layers.Flatten()(image)))
    x = np.random.default_rng(5).uniform(size=(8, 8, 1)).astype("float32")
    assert predict_class(model, x) == 0
    found = integrated_gradients(model, x, None)
    assert (found.target, found.score) == (0, pytest.approx(logits_of(model, [x])[0, 0]))
    kernel = model.layers[-1].kernel.numpy().reshape(8, 8)
    np.testing.assert_allclose(found.heat, x[..., 0] * kernel, rtol=1e-4, atol=1e-6)


@every_head
def test_default_class_is_predicted_class(trained, digits, head):
    model = with_head(trained, head)
    wanted = logits_of(trained, digits[2][:6]).argmax(axis=-1)
    assert [predict_class(model, it) for it in digits[2][:6]] == list(wanted)
    assert grad_cam(model, digits[2][0], None).target == wanted[0]


@pytest.mark.parametrize(
    ("activation", "inverse"),
    [
        ("softmax", np.log),
        (lambda it: tf.nn.sigmoid(it), None),
        ("sigmoid", lambda p: np.log(p / (1 - p))),
    ],
)
@NAMES
def test_unknown_logit_uses_log_probability(activation, inverse):
    activation = getattr(tf.nn, activation) if isinstance(activation, str) else activation
    image = keras.Input((8, 8, 1))
    model = keras.Model(image, layers.Dense(3, activation=activation)(layers.Flatten()(image)))
    x = np.random.default_rng(6).uniform(size=(8, 8, 1)).astype("float32")
    given = logits_of(model, [x])[0, 2]
    expected = given if inverse is None else inverse(given)
    assert occlusion(model, x, 2).score == pytest.approx(expected, rel=1e-4)


@NAMES
def test_log_of_small_probability_is_finite():
    image = keras.Input((8, 8, 1))
    dense = layers.Dense(2, activation=tf.nn.softmax)
    model = keras.Model(image, dense(layers.Flatten()(image)))
    dense.set_weights([np.zeros((64, 2)), np.array([-20.0, 20.0])])
    assert occlusion(model, np.ones((8, 8, 1)), 0).score == pytest.approx(-40)


def test_softmax_input_is_read_from_keras():
    class Softmax(layers.Layer):
        def call(self, inputs):
            return keras.ops.softmax(inputs / 4)

    image = keras.Input((8, 8, 1))
    scores = layers.Dense(3)(layers.Flatten()(image))
    model, plain = keras.Model(image, Softmax()(scores)), keras.Model(image, scores)
    x = np.random.default_rng(16).uniform(size=(8, 8, 1)).astype("float32")
    assert occlusion(model, x, 1).score == pytest.approx(logits_of(plain, [x])[0, 1] / 4)


# ---------------------------------------------------------------------------------------------
# Forms of models and images


def test_flattened_images_have_attributions():
    model = keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(16, activation="relu", name="hidden"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    assert unsupported_reason(model) == ""
    assert image_shape(model) == (28, 28, 1)
    assert layers_for_grad_cam(model) == []
    x = np.random.default_rng(7).uniform(size=784).astype("float32")
    flat = integrated_gradients(model, x, 3)
    assert flat.heat.shape == (28, 28)
    assert flat.gap < 0.01
    for shape in ((28, 28), (28, 28, 1)):
        again = integrated_gradients(model, x.reshape(shape), 3)
        np.testing.assert_array_equal(again.heat, flat.heat)
    assert occlusion(model, x, 3).heat.shape == (28, 28)
    with pytest.raises(ValueError, match="No layer of this model returns maps"):
        grad_cam(model, x, 3)


def test_image_without_channel_axis_has_attribution():
    image = keras.Input((28, 28))
    maps = layers.Conv2D(2, 3, name="conv")(layers.Reshape((28, 28, 1), name="reshape")(image))
    model = keras.Model(image, layers.GlobalAveragePooling2D()(maps))
    x = np.random.default_rng(8).uniform(size=(28, 28))
    assert image_shape(model) == (28, 28, 1)
    assert layers_for_grad_cam(model) == ["reshape", "conv"]
    for method in METHODS:
        assert method(model, x, 1).heat.shape == (28, 28)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((28, 28, 1), (28, 28, 1)),
        ((None, None, 3), (None, None, 3)),
        ((32, 48, 7), (32, 48, 7)),
        ((784,), (28, 28, 1)),
        ((3072,), (32, 32, 3)),
        ((64,), (8, 8, 1)),
        ((28, 28), (28, 28, 1)),
        ((785,), None),
        ((4,), None),
        ((28, 20), None),
        ((None, 28), None),
        ((5, 5, 5, 5), None),
        ((8, 8, None), None),
    ],
)
def test_attribution_has_image_shape(shape, expected):
    image = keras.Input(shape)
    assert image_shape(keras.Model(image, layers.Identity()(image))) == expected


def test_words_are_not_an_image():
    words = keras.Input((100,))
    vectors = layers.GlobalAveragePooling1D()(layers.Embedding(50, 8)(words))
    assert image_shape(keras.Model(words, layers.Dense(2)(vectors))) is None
    numbers = keras.Input((100,), dtype="int32")
    cast = layers.Lambda(lambda it: keras.ops.cast(it, "float32"))(numbers)
    assert image_shape(keras.Model(numbers, layers.Dense(2)(cast))) is None


@every_method
def test_rescaling_layer_accepts_uint8_image_of_any_size(method):
    image = keras.Input((None, None, 3))
    maps = layers.Rescaling(1 / 255)(image)
    maps = layers.Conv2D(4, 3, activation="relu", name="conv")(maps)
    model = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(maps)))
    x = np.random.default_rng(9).integers(0, 256, (20, 14, 3)).astype("uint8")
    found = method(model, x, 1)
    assert found.heat.shape == (20, 14)
    assert found.score == pytest.approx(logits_of(model, [x])[0, 1], rel=1e-5)
    same = method(model, x.astype("float32"), 1)
    np.testing.assert_array_equal(found.heat, same.heat)


def test_integrated_gradients_need_gradient_of_image():
    image = keras.Input((8, 8, 1), dtype="uint8")
    maps = layers.Conv2D(2, 3)(layers.Rescaling(1 / 255)(image))
    model = keras.Model(image, layers.GlobalAveragePooling2D()(maps))
    x = np.arange(64, dtype="uint8").reshape(8, 8, 1)
    assert grad_cam(model, x, 0).heat.shape == occlusion(model, x, 0).heat.shape
    with pytest.raises(ValueError, match=r"no gradient at the image: .* use Grad-CAM or"):
        integrated_gradients(model, x, 0)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_model_has_attributions(policy):
    image = keras.Input((16, 16, 1))
    maps = layers.Conv2D(4, 3, activation="relu", dtype=policy)(image)
    scores = layers.Dense(3, dtype=policy)(layers.Flatten(dtype=policy)(maps))
    model = keras.Model(image, layers.Activation("softmax", dtype="float32")(scores))
    x = np.random.default_rng(10).uniform(size=(16, 16, 1)).astype("float32")
    plain = keras.Model(image, scores)
    for method in METHODS:
        found = method(model, x, 2)
        assert found.heat.dtype == np.float32
        assert np.isfinite(found.heat).all()
        assert found.score == pytest.approx(logits_of(plain, [x])[0, 2], rel=1e-2)
    assert integrated_gradients(model, x, 2).gap < 0.05


def test_named_inputs_and_outputs_work():
    image = keras.Input((8, 8, 1), name="image")
    scores = layers.Dense(2)(layers.Flatten()(layers.Conv2D(2, 3)(image)))
    plain, named = keras.Model(image, scores), keras.Model({"image": image}, {"out": scores})
    x = np.random.default_rng(11).uniform(size=(8, 8, 1))
    assert unsupported_reason(named) == ""
    for method in METHODS:
        np.testing.assert_array_equal(method(named, x, 1).heat, method(plain, x, 1).heat)


def test_custom_model_called_on_input_works():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(2, 3)
            self.dense = layers.Dense(3, activation="softmax")

        def call(self, images):
            return self.dense(keras.ops.mean(self.conv(images), axis=(1, 2)))

    own = Own()
    assert unsupported_reason(own).startswith(
        "The layers of this model are not connected to an input yet"
    )
    image = keras.Input((8, 8, 1))
    model = keras.Model(image, own(image))
    x = np.random.default_rng(12).uniform(size=(8, 8, 1)).astype("float32")
    logits = own.dense.kernel.numpy().T @ keras.ops.convert_to_numpy(
        own.conv(x[np.newaxis])
    ).mean(axis=(0, 1, 2))
    assert integrated_gradients(model, x, 0).score == pytest.approx(logits[0], rel=1e-3)
    assert layers_for_grad_cam(model) == []


def test_keras_application_has_attributions():
    model = keras.applications.MobileNetV2((64, 64, 3), 0.35, weights=None, classes=5)
    base = keras.applications.MobileNetV2((64, 64, 3), 0.35, weights=None, include_top=False)
    assert layers_for_grad_cam(model)[-1] == "out_relu"
    x = np.random.default_rng(13).uniform(-1, 1, (64, 64, 3)).astype("float32")
    dense = model.layers[-1]
    pooled = model.layers[-2].output
    twice = keras.Model(model.input, [model.get_layer("out_relu").output, pooled])
    target = max(range(5), key=lambda it: grad_cam(model, x, it).heat.max())

    def score_of(values):
        return (values @ dense.kernel.value + dense.bias.value)[:, target]

    assert_is_cam(grad_cam(model, x, target), cam_of(twice, x, score_of))
    for method in (integrated_gradients, occlusion):
        assert np.isfinite(method(model, x, 4).heat).all()
    image = keras.Input((64, 64, 3))
    pooling = layers.GlobalAveragePooling2D()(base(image))
    nested = keras.Model(image, layers.Dense(2, activation="softmax")(pooling))
    assert grad_cam(nested, x, 0).layer == f"{base.name}/out_relu"


# ---------------------------------------------------------------------------------------------
# The model is unchanged


class Noted(layers.Layer):
    """Records each call, draws a number, counts, and fails on request."""

    def __init__(self):
        super().__init__(name="noted")
        self.fails_at = math.inf
        self.calls = 0
        self.seeds = keras.random.SeedGenerator(3)
        self.count = self.add_weight(
            name="count", shape=(), initializer="zeros", trainable=False
        )

    def call(self, inputs):
        self.calls = self.calls + 1
        self.scores = inputs
        self.count.assign_add(1.0)
        noise = keras.random.normal(keras.ops.shape(inputs), seed=self.seeds)
        random.random(), np.random.random()
        if self.calls > self.fails_at:
            raise RuntimeError("told to fail")
        return inputs + 0 * noise


def state_of(model):
    every = [*model.layers, model]
    return {
        "weights": [it.numpy().tolist() for it in model.variables],
        "config": model.get_config(),
        "attributes": [sorted(vars(it)) for it in every],
        "calls": [vars(it).get("call") for it in every],
        "noted": vars(model.get_layer("noted"))["calls"],
        "random": (random.getstate(), str(np.random.get_state())),
    }


@pytest.mark.parametrize("fails", [False, True])
@every_method
def test_attribution_changes_nothing_in_model(method, fails):
    noted = Noted()
    image = keras.Input((12, 12, 1))
    maps = layers.BatchNormalization()(layers.Conv2D(3, 3)(image))
    maps = layers.Dropout(0.5)(noted(layers.RandomFlip()(maps)))
    model = keras.Model(image, layers.Dense(3, activation="softmax")(layers.Flatten()(maps)))
    model.compile("adam", "sparse_categorical_crossentropy")
    x = np.random.default_rng(14).uniform(size=(12, 12, 1)).astype("float32")
    model(x[np.newaxis])
    drawn_natively(seed=5)
    second = drawn_natively()
    drawn_natively(seed=5)
    noted.fails_at = noted.calls if fails else math.inf
    before = state_of(model)
    if fails:
        with pytest.raises(RuntimeError, match="told to fail"):
            method(model, x, 1)
    else:
        method(model, x, 1)
    assert state_of(model) == before
    assert drawn_natively() == second


def test_error_in_progress_function_is_raised(trained, digits):
    def stop(done, total):
        raise KeyboardInterrupt

    for method in (integrated_gradients, occlusion):
        with pytest.raises(KeyboardInterrupt):
            method(trained, digits[2][0], 0, progress=stop)
    assert all("call" not in vars(it) for it in trained.layers)


def test_attribution_builds_no_model(trained, digits, monkeypatch):
    def refuse(*args, **named):
        raise AssertionError("a model was built")

    monkeypatch.setattr(keras.Model, "__init__", refuse)
    for method in METHODS:
        method(trained, digits[2][0], 0)


def test_repeated_attribution_is_identical(trained, digits):
    for method in METHODS:
        once, twice = (method(trained, digits[2][6], 3) for _time in range(2))
        np.testing.assert_array_equal(once.heat, twice.heat)


# ---------------------------------------------------------------------------------------------
# Sentences


def exactly(sentence):
    """Return a pattern that matches a whole sentence, or its beginning."""
    return f"^{re.escape(sentence)}{'$' if sentence.endswith('.') else ''}"


def small(output=None, shape=(8, 8, 1)):
    image = keras.Input(shape, name="image")
    maps = layers.Conv2D(2, 3, name="conv")(image)
    pooled = layers.GlobalAveragePooling2D(name="pooled")(maps)
    return keras.Model(image, pooled if output is None else output(maps))


def two_inputs():
    images = [keras.Input((8, 8, 1), name=name) for name in ("left", "right")]
    return keras.Model(images, layers.Flatten()(layers.Add()(images)))


def two_outputs():
    image = keras.Input((8, 8, 1))
    flat = layers.Flatten()(image)
    return keras.Model(image, [flat, layers.Dense(2)(flat)])


def table():
    return keras.Sequential([keras.Input((10,)), layers.Dense(2)])


def channels_first():
    image = keras.Input((3, 8, 8))
    maps = layers.Conv2D(2, 3, data_format="channels_first")(image)
    return keras.Model(image, layers.GlobalAveragePooling2D(data_format="channels_first")(maps))


UNSUITED = {
    "no model": (
        lambda: layers.Dense(2),
        "An attribution needs a Keras model, but this is of type Dense.",
    ),
    "not built": (
        lambda: keras.Sequential([layers.Dense(2)]),
        "The layers of this model are not connected to an input yet, so the size of its images "
        "is unknown; start the model with keras.Input(shape=...).",
    ),
    "two inputs": (
        two_inputs,
        "An attribution explains one image, but this model takes 2 inputs.",
    ),
    "no image": (
        table,
        "The input of this model is not an image: its shape is (None, 10), but it must be "
        "(batch, height, width, channels).",
    ),
    "channels first": (
        channels_first,
        "This model takes images with the channels first, but attributions need them last: "
        'build it with data_format="channels_last".',
    ),
    "two outputs": (
        two_outputs,
        "An attribution explains one vector of scores, but this model has 2 outputs.",
    ),
    "maps": (
        lambda: small(lambda maps: maps),
        "The output of this model is not a vector of scores: it has type float32 and shape "
        "(None, 6, 6, 2), but it must hold numbers of shape (batch, classes).",
    ),
    "whole numbers": (
        lambda: small(lambda maps: keras.ops.cast(layers.Flatten()(maps), "int32")),
        "The output of this model is not a vector of scores: it has type int32 and shape "
        "(None, 72), but it must hold numbers of shape (batch, classes).",
    ),
}


@pytest.mark.parametrize(("build", "sentence"), UNSUITED.values(), ids=UNSUITED)
def test_unsuitable_model_has_reason(build, sentence):
    model = build()
    assert unsupported_reason(model) == sentence
    for made in (head_of, layers_for_grad_cam):
        with pytest.raises(ValueError, match=exactly(sentence)):
            made(model)
    for method in METHODS:
        with pytest.raises(ValueError, match=exactly(sentence)):
            method(model, np.zeros((8, 8, 1)), 0)


def test_backend_without_gradients_is_unsuitable(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "numpy")
    assert unsupported_reason(small()) == (
        "Attributions need gradients, and the backend numpy computes none; set KERAS_BACKEND "
        "to tensorflow, jax or torch before you import Keras."
    )


def test_sequential_model_is_suitable_after_call():
    model = keras.Sequential([layers.Conv2D(2, 3), layers.GlobalAveragePooling2D()])
    assert unsupported_reason(model)
    model(np.zeros((32, 8, 8, 1)))
    assert unsupported_reason(model) == ""
    assert occlusion(model, np.ones((8, 8, 1)), 0).heat.shape == (8, 8)


X = np.zeros((8, 8, 1), "float32")
NO_NUMBER = "but it must be finite; look for NaN or infinity in the image and in the"
OTHERS = "Choose another layer, such as 'conv'."

REFUSED = {
    "target too high": (
        lambda: grad_cam(small(), X, 2),
        "The target is 2, but this model has the classes 0 to 1; choose one of them, or None "
        "for the class that the model predicts.",
    ),
    "target below 0": (lambda: occlusion(small(), X, -1), "The target is -1, but this model"),
    "target no number": (lambda: occlusion(small(), X, "cat"), "The target is 'cat', but this"),
    "target of one unit": (
        lambda: grad_cam(small(lambda maps: layers.Dense(1)(layers.Flatten()(maps))), X, 1),
        "The target is 1, but this model has the classes 0 to 0; choose",
    ),
    "no such layer": (
        lambda: grad_cam(small(), X, 0, "konv"),
        f"This model has no layer 'konv'. {OTHERS}",
    ),
    "no name": (lambda: grad_cam(small(), X, 0, 3), f"This model has no layer 3. {OTHERS}"),
    "layer without maps": (
        lambda: grad_cam(small(), X, 0, "pooled"),
        "The layer 'pooled' returns no maps: its output has the shape (None, 2), but Grad-CAM "
        f"needs (batch, height, width, channels) with more than one position. {OTHERS}",
    ),
    "the input is no layer": (
        lambda: grad_cam(small(), X, 0, "image"),
        f"This model has no layer 'image'. {OTHERS}",
    ),
    "shape": (
        lambda: occlusion(small(), X[:7], 0),
        "The image has the shape (7, 8, 1), but this model needs (8, 8, 1): pass one image, "
        "without the batch axis.",
    ),
    "batch": (
        lambda: occlusion(small(), X[np.newaxis], 0),
        "The image has the shape (1, 8, 8, 1), but this model needs (8, 8, 1): pass one",
    ),
    "any size": (
        lambda: occlusion(small(shape=(None, None, 3)), X, 0),
        "The image has the shape (8, 8, 1), but this model needs (None, None, 3): pass one",
    ),
    "nothing": (
        lambda: occlusion(small(shape=(None, None, 3)), np.zeros((0, 8, 3)), 0),
        "The image has the shape (0, 8, 3), but this model needs (None, None, 3): pass one",
    ),
    "words": (
        lambda: occlusion(small(), np.full((8, 8, 1), "a"), 0),
        "The image must be an array of numbers, but it has type <U1.",
    ),
    "nan": (
        lambda: integrated_gradients(small(), X * np.nan, 1),
        f"The score of class 1 is nan, {NO_NUMBER} model's weights.",
    ),
    "nan, class unknown": (
        lambda: predict_class(small(), X * np.nan),
        f"The score of class 0 is nan, {NO_NUMBER}",
    ),
    "infinite": (
        lambda: grad_cam(small(lambda maps: layers.Flatten()(maps / 0)), X + 1, 1),
        "The score of class 1 is ",
    ),
    "steps": (
        lambda: integrated_gradients(small(), X, 0, steps=0),
        "steps must be a positive integer, but it is 0.",
    ),
    "half a step": (
        lambda: integrated_gradients(small(), X, 0, steps=1.5),
        "steps must be a positive integer, but it is 1.5.",
    ),
    "baseline": (
        lambda: integrated_gradients(small(), X, 0, baseline=np.zeros((8, 8))),
        "The baseline must be a number or an array with the image's shape, (8, 8, 1); it has "
        "type float64 and shape (8, 8).",
    ),
    "size 0": (
        lambda: occlusion(small(), X, 0, size=0),
        "size must be a positive integer, but it is 0.",
    ),
    "size": (
        lambda: occlusion(small(), X, 0, size=9),
        "A square with sides of 9 pixels does not fit into an image of 8 × 8; choose a size of "
        "at most 8.",
    ),
    "fill": (
        lambda: occlusion(small(), X, 0, fill=(0, 0, 0)),
        "The fill must be one number, or one number for each of the 1 channels; it has type "
        "int64 and shape (3,).",
    ),
    "gradient at the layer": (
        lambda: grad_cam(
            small(lambda maps: layers.Flatten()(keras.ops.stop_gradient(maps))), X, 0, "conv"
        ),
        "The score of class 0 has no gradient at layer 'conv': an operation between the layer "
        "and the output blocks it; choose a layer closer to the output.",
    ),
    "infinite gradient": (
        lambda: integrated_gradients(
            small(lambda maps: layers.Flatten()(keras.ops.sqrt(maps * 0))), X + 1, 0
        ),
        "The gradient of the score of class 0 is not finite everywhere; look for a layer that "
        "takes the square root, the logarithm or the reciprocal of 0.",
    ),
}


@pytest.mark.parametrize(("call", "sentence"), REFUSED.values(), ids=REFUSED)
def test_invalid_arguments_raise_error(call, sentence):
    with pytest.raises(ValueError, match=exactly(sentence)):
        call()


def test_error_suggests_similar_layer_names():
    model = nested_model()[0]
    image = np.zeros((16, 16, 3))
    with pytest.raises(
        ValueError, match=r"no layer 'relu'. Choose another layer, such as .*outer/rel"
    ):
        grad_cam(model, image, 0, "relu")


def test_messages_follow_language(monkeypatch):
    monkeypatch.setattr(attribution, "_", lambda message: f"<{message}>")
    assert unsupported_reason(table()).startswith("<The input")
