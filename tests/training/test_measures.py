"""Measures of layers are correct and do not change training."""

import keras
import numpy as np
import pytest
from backends import drawn_natively, tensorflow_only, tf, weight_gradients
from keras import layers, ops

from kfunc_lab.training.measuring import measures
from kfunc_lab.training.measuring.measures import Measurer


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(7)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def classes(count, among=3, seed=1):
    return np.random.default_rng(seed).integers(among, size=count)


def small(**compiled):
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(8, activation="relu", name="hidden"),
            layers.Dense(3, activation="softmax", name="digits"),
        ]
    )
    model.compile("adam", **{"loss": "sparse_categorical_crossentropy", **compiled})
    return model


def measure(model, *probe):
    return Measurer(model, probe or None).measure()


def of(measured, name):
    """Return the values of one measure by layer."""
    return {layer: value for (layer, it), value in measured.numbers.items() if it == name}


def gradient_norms(layers_by_path, loss):
    """Reference: the gradients of a loss in inference mode, by hand."""
    sources = {path: it.trainable_weights for path, it in layers_by_path.items()}
    found = iter(
        weight_gradients(loss, [weight for them in sources.values() for weight in them])
    )
    return {
        path: float(np.sqrt(sum(np.square(next(found), dtype="float64").sum() for _ in them)))
        for path, them in sources.items()
    }


def layers_of(model):
    return {it.name: it for it in model.layers if it.trainable_weights}


def crossentropy(y, outputs):
    return ops.mean(keras.losses.sparse_categorical_crossentropy(y, outputs))


# -- gradients


def test_gradient_norms_equal_loss_gradients():
    model, x, y = small(), numbers(16, 4), classes(16)
    expected = gradient_norms(layers_of(model), lambda: crossentropy(y, model(x)))
    assert of(measure(model, x, y), "gradient_norm") == pytest.approx(expected, rel=1e-5)


def test_measurer_uses_at_most_64_samples():
    model, x, y = small(), numbers(100, 4), classes(100)
    assert measure(model, x, y) == measure(model, x[:64], y[:64])


def test_sample_weights_scale_gradients():
    model, x, y, weights = small(), numbers(16, 4), classes(16), np.arange(16.0)

    def loss():
        each = keras.losses.sparse_categorical_crossentropy(y, model(x))
        return ops.mean(each * weights.astype("float32"))

    expected = gradient_norms(layers_of(model), loss)
    found = of(measure(model, x, y, weights), "gradient_norm")
    assert found == pytest.approx(expected, rel=1e-5)


class Pushing(layers.Layer):
    def call(self, x):
        self.add_loss(10.0 * ops.mean(x**4))
        return x


def test_layer_losses_affect_gradients():
    inputs = keras.Input((4,))
    hidden = layers.Dense(
        5, activation="tanh", kernel_regularizer="l2", activity_regularizer="l1", name="hidden"
    )
    outputs = layers.Dense(1, name="out")(Pushing()(hidden(inputs)))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    x, y = numbers(16, 4), numbers(16, 1, seed=1)
    expected = gradient_norms(
        layers_of(model), lambda: ops.mean((model(x) - y) ** 2) + sum(model.losses)
    )
    only_loss = gradient_norms(layers_of(model), lambda: ops.mean((model(x) - y) ** 2))
    assert expected["hidden"] != pytest.approx(only_loss["hidden"], rel=0.05)
    held = [id(it) for it in model.losses]
    assert of(measure(model, x, y), "gradient_norm") == pytest.approx(expected, rel=1e-5)
    assert len(model.losses) == len(held)


def two_outputs(pack):
    inputs = keras.Input((4,), name="x")
    shared = layers.Dense(6, activation="relu", name="shared")(inputs)
    one = layers.Dense(3, activation="softmax", name="one")(shared)
    two = layers.Dense(1, name="two")(shared)
    return keras.Model(inputs, pack(one, two))


@pytest.mark.parametrize(
    "pack",
    [lambda one, two: [one, two], lambda one, two: {"one": one, "two": two}],
    ids=["list", "dict"],
)
def test_loss_weights_scale_gradients_of_outputs(pack):
    model = two_outputs(pack)
    model.compile(
        "adam",
        pack("sparse_categorical_crossentropy", "mse"),
        loss_weights=pack(1.0, 0.25),
    )
    x, labels, values = numbers(16, 4), classes(16), numbers(16, 1, seed=2)

    def loss():
        one, two = keras.tree.flatten(model({"x": x}))
        return crossentropy(labels, one) + 0.25 * ops.mean((two - values) ** 2)

    expected = gradient_norms(layers_of(model), loss)
    before = attributes(model._compile_loss)
    found = of(measure(model, {"x": x}, pack(labels, values)), "gradient_norm")
    assert found == pytest.approx(expected, rel=1e-5)
    assert attributes(model._compile_loss) == before  # the first data builds it
    model.fit({"x": x}, pack(labels, values), verbose=0)
    assert all(np.isfinite(it) for it in model.history.history["loss"])


def attributes(thing):
    return {
        name: (id(value), list(value) if isinstance(value, list) else None)
        for name, value in vars(thing).items()
    }


def test_frozen_layers_have_no_weight_measures():
    model, x, y = small(), numbers(8, 4), classes(8)
    model.layers[0].trainable = False
    found = measure(model, x, y)
    for name in ("gradient_norm", "weight_norm"):
        assert list(of(found, name)) == ["digits"]
    assert list(found.weights) == ["digits"]
    assert "hidden" in found.activations


def test_layer_without_path_to_loss_has_zero_gradient():
    inputs = keras.Input((4,))
    one, two = layers.Dense(1, name="one")(inputs), layers.Dense(1, name="two")(inputs)
    model = keras.Model(inputs, [one, two])
    model.compile("sgd", ["mse", None])
    found = of(measure(model, numbers(8, 4), [numbers(8, 1), None]), "gradient_norm")
    assert found["one"] > 0
    assert found["two"] == 0


def test_embedding_used_several_times_has_summed_gradient():
    model = keras.Sequential(
        [keras.Input((5,), dtype="int32"), layers.Embedding(7, 3, name="words")]
    )
    model.compile("sgd", "mse")
    x, y = classes((6, 5), among=4), numbers(6, 5, 3)
    expected = gradient_norms(layers_of(model), lambda: ops.mean((model(x) - y) ** 2))
    assert of(measure(model, x, y), "gradient_norm") == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("size", [1.0, 1e-4])
def test_mixed_precision_measures_tiny_gradients(policy, size):
    """Gradients too small for half precision are measured."""
    x, y = numbers(16, 4), size * numbers(16, 1, seed=1)
    found = {}
    for kind in ("float32", policy):
        keras.utils.set_random_seed(7)
        model = keras.Sequential(
            [
                keras.Input((4,)),
                layers.Dense(8, activation="tanh", dtype=kind, name="hidden"),
                layers.Dense(1, dtype=kind, kernel_initializer=small_values(size), name="out"),
            ]
        )
        model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()), "mse")
        found[kind] = of(measure(model, x, y), "gradient_norm")
    assert found["float32"]["hidden"] > 0
    assert found[policy] == pytest.approx(found["float32"], rel=0.03)


def small_values(size):
    return keras.initializers.RandomNormal(stddev=size, seed=1)


def test_gradients_over_half_precision_scale_are_measured():
    model = keras.Sequential(
        [keras.Input((1,)), layers.Dense(1, dtype="mixed_float16", use_bias=False, name="unit")]
    )
    model.compile("sgd", loss=lambda y, outputs: ops.mean(outputs))
    found = of(measure(model, np.full((4, 1), 2000.0), np.zeros((4, 1))), "gradient_norm")
    assert found["unit"] == pytest.approx(2000, rel=1e-3)


def test_model_without_loss_has_no_gradients():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(3, kernel_regularizer="l2", name="unit")(inputs))
    x, y = numbers(8, 4), numbers(8, 3)
    never = measure(model, x, y)
    model.compile("adam")
    # The layers add the losses that train the model.
    expected = gradient_norms(layers_of(model), lambda: sum(model.losses))
    assert of(measure(model, x, y), "gradient_norm") == pytest.approx(expected, rel=1e-5)
    model.layers[-1].kernel.regularizer = None
    for found in (never, measure(model, x, y)):
        assert not of(found, "gradient_norm")
        assert list(found.activations) == ["unit"]


def test_mismatched_labels_raise_error():
    with pytest.raises(ValueError, match="shape"):
        measure(small(), numbers(8, 4), classes(5))


@tensorflow_only("a layer compiled with tf.function")
def test_compiled_layer_has_gradients():
    class Compiled(layers.Dense):
        call = tf.function(layers.Dense.call)

    inputs = keras.Input((4,))
    hidden = layers.Dense(3, activation="tanh", name="hidden")(inputs)
    model = keras.Model(inputs, Compiled(2, name="compiled")(hidden))
    model.compile("sgd", "mse")
    x, y = numbers(8, 4), numbers(8, 2, seed=1)
    expected = gradient_norms(layers_of(model), lambda: ops.mean((model(x) - y) ** 2))
    assert of(measure(model, x, y), "gradient_norm") == pytest.approx(expected, rel=1e-5)


def test_without_probe_only_weights_are_measured():
    found = measure(small())
    assert {name for _layer, name in found.numbers} == {"weight_norm"}
    assert not found.activations


def test_backend_without_gradients_measures_the_rest(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "numpy")
    found = measure(small(), numbers(8, 4), classes(8))
    assert not of(found, "gradient_norm")
    assert list(found.activations) == ["hidden", "digits"]


class OwnStep(keras.Model):
    def train_step(self, *args):
        raise NotImplementedError  # only measured, never trained


def test_custom_train_step_with_loss_has_gradients():
    inputs = keras.Input((4,))
    unit = layers.Dense(1, kernel_regularizer="l2", name="unit")
    model = OwnStep(inputs, unit(inputs))
    x, y = numbers(8, 4), numbers(8, 1, seed=1)
    model.compile("sgd")
    # Regularization alone does not train this model.
    assert not of(measure(model, x, y), "gradient_norm")
    model.compile("sgd", "mse")
    expected = gradient_norms(
        {"unit": unit}, lambda: ops.mean((model(x) - y) ** 2) + sum(model.losses)
    )
    assert of(measure(model, x, y), "gradient_norm") == pytest.approx(expected, rel=1e-5)


class OnlyParts(keras.Model):
    """A model such as a GAN: its training step calls the parts, and it has no `call`."""

    def __init__(self):
        super().__init__()
        parts = [keras.Input((4,)), layers.Dense(3, name="unit")]
        self.maker = keras.Sequential(parts, name="maker")


@pytest.mark.parametrize("built", [False, True])
def test_model_without_call_has_weight_measures(built):
    model = OnlyParts()
    model.built = built
    model.compile("sgd", "mse")
    found = measure(model, numbers(8, 4), numbers(8, 3))
    assert list(of(found, "weight_norm")) == ["maker/unit"]
    assert not found.activations


class OwnLoss(keras.Model):
    def compute_loss(self, x, y, y_pred, sample_weight=None):  # the signature before Keras 3.3
        return ops.mean(ops.abs(y_pred - x))


def test_custom_loss_has_gradients():
    inputs = keras.Input((4,))
    model = OwnLoss(inputs, layers.Dense(4, name="unit")(inputs))
    model.compile("sgd")
    x = numbers(8, 4)
    expected = gradient_norms(layers_of(model), lambda: ops.mean(ops.abs(model(x) - x)))
    assert of(measure(model, x, None), "gradient_norm") == pytest.approx(expected, rel=1e-5)


def test_gradients_ignore_dropout():
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dropout(0.9), layers.Dense(1, name="unit")]
    )
    model.compile("sgd", "mse")
    x, y = numbers(8, 4), numbers(8, 1, seed=1)
    expected = gradient_norms(layers_of(model), lambda: ops.mean((model(x) - y) ** 2))
    assert of(measure(model, x, y), "gradient_norm") == pytest.approx(expected, rel=1e-5)


# -- weights


def test_weight_norms_equal_plain_norms():
    model = small()
    found = measure(model)
    for layer in model.layers:
        values = np.concatenate([it.numpy().ravel() for it in layer.weights])
        norm = found.numbers[layer.name, "weight_norm"]
        assert norm == pytest.approx(np.linalg.norm(values), rel=1e-6)
        histogram = found.weights[layer.name]
        assert sum(histogram.counts) == values.size
        assert histogram.low <= values.min() <= values.max() < histogram.high


def test_update_ratio_equals_relative_weight_change():
    model = small()
    measurer = Measurer(model)
    assert not of(measurer.measure(), "update_ratio")  # there is no earlier measurement
    before = [it.numpy() for it in model.layers[0].weights]
    model.fit(numbers(32, 4), classes(32), batch_size=8, verbose=0)
    change = [a.numpy() - b for a, b in zip(model.layers[0].weights, before, strict=True)]
    expected = whole(change) / whole(before)
    found = of(measurer.measure(steps=4), "update_ratio")
    assert found["hidden"] == pytest.approx(expected / 4, rel=1e-4)
    assert of(measurer.measure(), "update_ratio") == {"hidden": 0, "digits": 0}


def whole(arrays):
    return np.linalg.norm(np.concatenate([it.ravel() for it in arrays]))


def test_update_ratio_starts_at_begin():
    model = small()
    measurer = Measurer(model)
    measurer.begin()
    kernel, bias = model.layers[0].weights
    kernel.assign(1.5 * kernel)
    bias.assign(0 * bias)
    assert of(measurer.measure(), "update_ratio")["hidden"] == pytest.approx(0.5)


def test_update_ratio_of_zero_weights_is_nan():
    unit = layers.Dense(1, kernel_initializer="zeros", name="unit")
    model = keras.Sequential([keras.Input((2,)), unit])
    measurer = Measurer(model)
    measurer.begin()
    unit.bias.assign([1.0])
    assert np.isnan(of(measurer.measure(), "update_ratio")["unit"])


def test_weights_of_large_layers_are_not_copied(monkeypatch):
    monkeypatch.setattr(measures, "_MAX_STORED_WEIGHTS", 30)
    measurer = Measurer(small())
    measurer.begin()
    found = measurer.measure()
    assert list(of(found, "update_ratio")) == ["digits"]
    assert list(of(found, "weight_norm")) == ["hidden", "digits"]


def test_layers_frozen_during_training_are_skipped():
    model = small()
    measurer = Measurer(model)
    measurer.begin()
    model.layers[0].trainable = False
    assert list(of(measurer.measure(), "update_ratio")) == ["digits"]
    model.layers[0].trainable = True
    assert list(of(measurer.measure(), "update_ratio")) == ["digits"]
    assert list(of(measurer.measure(), "update_ratio")) == ["hidden", "digits"]


@pytest.mark.parametrize("steps", [0, -1, 1.5])
def test_invalid_steps_raise_error(steps):
    with pytest.raises(ValueError, match="steps must be a positive integer"):
        Measurer(small()).measure(steps=steps)


# -- activations


def test_activation_measures_equal_plain_statistics():
    model, x = small(), numbers(32, 4)
    found = measure(model, x, classes(32))
    hidden = np.asarray(model.layers[0](x))
    values = {name: value for (it, name), value in found.numbers.items() if it == "hidden"}
    assert values["activation_mean"] == pytest.approx(hidden.mean(), rel=1e-5)
    assert values["activation_deviation"] == pytest.approx(hidden.std(), rel=1e-4)
    assert values["zeros"] == pytest.approx((hidden == 0).mean())
    assert values["dead"] == (hidden == 0).all(axis=0).mean()
    assert "saturated" not in values
    assert sum(found.activations["hidden"].counts) == hidden.size


def test_dead_and_saturated_units_are_counted():
    inputs = keras.Input((2,))
    outputs = [
        layers.Dense(4, activation="relu", name="relu")(inputs),
        layers.Dense(4, activation="tanh", name="tanh")(inputs),
        layers.Dense(4, name="linear")(inputs),
    ]
    model = keras.Model(inputs, outputs)
    kernel = np.zeros((2, 4), "float32")
    for layer in model.layers[1:]:
        layer.set_weights([kernel, np.array([1.0, -1.0, 100.0, -100.0])])
    found = measure(model, np.ones((8, 2)), None)
    assert of(found, "dead") == {"relu": 0.5, "tanh": 0, "linear": 0}
    assert of(found, "saturated") == {"tanh": 0.5}


def test_pass_through_layers_are_not_dead():
    model = keras.Sequential([keras.Input((2, 2)), layers.Flatten(), layers.ReLU(name="relu")])
    found = measure(model, np.zeros((4, 2, 2)), None)
    assert of(found, "dead") == {"relu": 1}
    assert sorted(of(found, "zeros").values()) == [1, 1]


def test_last_call_is_measured():
    inputs = keras.Input((3,))
    twice = layers.Dense(3, name="twice")
    model = keras.Model(inputs, twice(twice(inputs)))
    x = numbers(8, 3)
    found = measure(model, x, None)
    assert list(found.activations) == ["twice"]
    assert found.numbers["twice", "activation_mean"] == pytest.approx(
        float(np.asarray(model(x)).mean()), rel=1e-5
    )


def test_activation_operation_is_measured():
    inputs = keras.Input((3,))
    x = layers.Dense(3, name="unit")(inputs)
    model = keras.Model(inputs, ops.relu(x) + x)
    found = measure(model, numbers(8, 3), None)
    assert len(found.activations) == 2
    assert len(of(found, "dead")) == 2


# -- names


class Block(layers.Layer):
    def __init__(self, **named):
        super().__init__(**named)
        self.inner = layers.Dense(3, name="inner")

    def build(self, shape):
        self.inner.build(shape)
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, x):
        return self.inner(x) * self.scale


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="mine")
        self.one = layers.Dense(4, activation="relu", name="unit")
        self.two = layers.Dense(1, name="unit")
        self.shift = self.add_weight(shape=(1,), initializer="zeros", name="shift")

    def call(self, x):
        return self.two(self.one(x)) + self.shift


def test_nested_layers_are_named_by_path():
    inner_in = keras.Input((4,))
    inner = keras.Model(inner_in, layers.Dense(4, name="dense")(inner_in), name="encoder")
    inputs = keras.Input((4,))
    x = inner(inner(inputs))
    x = Block(name="block")(layers.Dense(4, name="dense")(x))
    model = keras.Model(inputs, x)
    model.compile("sgd", "mse")
    found = measure(model, numbers(8, 4), numbers(8, 3))
    expected = ["encoder/dense", "dense", "block", "block/inner"]
    assert sorted(of(found, "gradient_norm")) == sorted(expected)
    assert list(found.activations) == list(found.weights) == expected
    assert sum(found.weights["block"].counts) == 1
    assert sum(found.weights["block/inner"].counts) == 15


def test_subclassed_model_layers_are_measured():
    model = Subclassed()
    x, y = numbers(8, 4), numbers(8, 1, seed=1)
    model.compile("sgd", "mse")
    measurer = Measurer(model, (x, y))
    measurer.begin()  # the model is not built yet
    assert not measurer.measure().activations
    model.fit(x, y, verbose=0)
    found = measurer.measure()
    assert len(found.activations) == 2
    assert sorted(it for it, name in found.numbers if name == "gradient_norm") == sorted(
        [*found.activations, "mine"]
    )
    expected = gradient_norms({"mine": model}, lambda: ops.mean((model(x) - y) ** 2))
    norms = np.array(list(of(found, "gradient_norm").values()))
    assert np.linalg.norm(norms) == pytest.approx(expected["mine"], rel=1e-5)
    model.fit(x, y, verbose=0)
    assert set(of(measurer.measure(), "update_ratio")) == set(of(found, "gradient_norm"))


def test_wrappers_and_recurrent_layers_are_measured():
    model = keras.Sequential(
        [
            keras.Input((5, 3)),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True), name="both"),
            layers.TimeDistributed(layers.Dense(2, name="unit"), name="each"),
            layers.GRU(2),
        ]
    )
    model.compile("sgd", "mse")
    found = measure(model, numbers(8, 5, 3), numbers(8, 2))
    assert sum(sum(it.counts) for it in found.weights.values()) == model.count_params()
    assert set(found.weights) == set(of(found, "gradient_norm"))
    assert all(path.startswith(("both/", "each/", "gru")) for path in found.weights)
    assert {"both", "each", "each/unit"} <= set(found.activations)


def test_tied_weights_count_for_both_layers():
    class Tied(layers.Layer):
        def __init__(self, source, **named):
            super().__init__(**named)
            self.kernel = source.kernel

        def call(self, x):
            return ops.matmul(x, ops.transpose(self.kernel))

    inputs = keras.Input((4,))
    unit = layers.Dense(2, use_bias=False, name="unit")
    code = unit(inputs)
    model = keras.Model(inputs, Tied(unit, name="tied")(code))
    found = of(measure(model), "weight_norm")
    assert found["unit"] == found["tied"]


def test_single_layer_is_measured():
    layer = layers.Dense(2, name="unit")
    layer.build((None, 3))
    found = measure(layer, numbers(4, 3), None)
    assert list(found.activations) == list(found.weights) == ["unit"]


# -- NaN


def test_nan_weights_have_nan_norm():
    model = small()
    measurer = Measurer(model, (numbers(8, 4), classes(8)))
    measurer.begin()
    model.layers[1].bias.assign([np.nan, 0, 0])
    found = measurer.measure().numbers
    for name in (
        "weight_norm",
        "gradient_norm",
        "update_ratio",
        "activation_mean",
        "saturated",
    ):
        assert np.isnan(found["digits", name])
    for name in ("weight_norm", "update_ratio", "activation_mean", "dead"):
        assert np.isfinite(found["hidden", name])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nonfinite_probe_is_measured(value):
    found = measure(small(), np.full((8, 4), value), classes(8))
    assert np.isnan(list(of(found, "activation_mean").values())).all()
    assert np.isnan(list(of(found, "gradient_norm").values())).all()


# -- the probe


@pytest.mark.parametrize("probe", [numbers(8, 4), (numbers(8, 4),), "x", ([1, 2], [0, 1])])
def test_invalid_probe_raises_error(probe):
    with pytest.raises(TypeError, match="The probe must be"):
        Measurer(small(), probe)


def test_stateful_model_with_fixed_batch_is_measured():
    model = keras.Sequential(
        [
            keras.Input(batch_shape=(8, 5, 2)),
            layers.GRU(3, stateful=True, name="states"),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    model.fit(numbers(16, 5, 2), numbers(16, 1), batch_size=8, verbose=0)
    state = [it.numpy() for it in model.layers[0].states]
    first = measure(model, numbers(32, 5, 2), numbers(32, 1))
    assert sum(first.activations["states"].counts) == 8 * 3
    assert measure(model, numbers(32, 5, 2), numbers(32, 1)) == first
    for before, after in zip(state, model.layers[0].states, strict=True):
        np.testing.assert_array_equal(before, after.numpy())


def test_float64_arrays_and_tensors_are_accepted():
    model, x, y = small(), numbers(8, 4), classes(8)
    expected = measure(model, x, y)
    assert measure(model, x.astype("float64"), y) == expected
    assert measure(model, ops.convert_to_tensor(x), ops.convert_to_tensor(y)) == expected


# -- training is unchanged


class Measuring(keras.callbacks.Callback):
    def __init__(self, probe):
        super().__init__()
        self.probe = probe
        self.found = []

    def on_train_begin(self, logs=None):
        self.measurer = Measurer(self.model, self.probe)
        self.measurer.begin()

    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            self.found.append(self.measurer.measure())

    def on_epoch_end(self, epoch, logs=None):
        self.found.append(self.measurer.measure())


class Counting(layers.Layer):
    def build(self, shape):
        self.calls = self.add_weight(shape=(), trainable=False, initializer="zeros")

    def call(self, x):
        self.calls.assign_add(1.0)
        return x


def compiled_counting():
    return type("Compiled", (Counting,), {"call": tf.function(Counting.call)})()


def trained(measured, counting, run_eagerly):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((12,))
    x = layers.Dense(16, activation="relu", kernel_regularizer="l2")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.GaussianNoise(0.1)(layers.Dropout(0.3)(x))
    x = counting()(x)
    one = layers.Dense(3, activation="softmax", name="one")(x)
    model = keras.Model(inputs, [one, layers.Dense(1, name="two")(x)])
    model.compile(
        "adam",
        ["sparse_categorical_crossentropy", "mse"],
        metrics=[["accuracy"], ["mae"]],
        run_eagerly=run_eagerly,
    )
    # Otherwise Keras creates the variables in the first step and compiles that step twice.
    model.optimizer.build(model.trainable_variables)
    data = numbers(48, 12), [classes(48), numbers(48, 1, seed=5)]
    callback = Measuring(data)
    history = model.fit(
        *data,
        batch_size=16,
        epochs=2,
        verbose=0,
        validation_split=0.25,
        callbacks=[callback] if measured else [],
    )
    after = np.random.random(3), keras.random.uniform((3,)), drawn_natively()
    state = [it.numpy() for it in (*model.variables, *model.optimizer.variables)]
    state += [it.numpy() for metric in model.metrics for it in metric.variables]
    names = layers.Dense(1).name
    return [*state, *map(ops.convert_to_numpy, after)], history.history, names, callback.found


@pytest.mark.parametrize(
    ("counting", "run_eagerly"),
    [
        (Counting, False),
        pytest.param(
            compiled_counting, False, marks=tensorflow_only("a layer compiled with tf.function")
        ),
        (Counting, True),
    ],
)
def test_measured_training_is_identical(counting, run_eagerly):
    keras.utils.clear_session()
    state, history, name, _none = trained(False, counting, run_eagerly)
    keras.utils.clear_session()
    state_too, history_too, name_too, found = trained(True, counting, run_eagerly)
    assert len(found) == 4
    assert all(of(it, "gradient_norm") and of(it, "update_ratio") for it in found)
    for one, other in zip(state, state_too, strict=True):
        np.testing.assert_array_equal(one, other)
    assert history == history_too
    assert name == name_too


def test_failing_model_is_unchanged():
    class Failing(layers.Layer):
        def call(self, x, training=None):
            raise ArithmeticError("no")

    inputs = keras.Input((2,))
    model = keras.Model(inputs, layers.Dense(1)(inputs))
    failing = Failing()
    measurer = Measurer(model, (np.ones((4, 2)), np.ones((4, 1))))
    model.layers[1].call = failing.call
    with pytest.raises(ArithmeticError):
        measurer.measure()
    assert vars(model.layers[1])["call"] == failing.call
    assert "call" not in vars(model)
