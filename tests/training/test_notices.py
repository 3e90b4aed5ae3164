"""Faulty runs have notices; healthy runs have none."""

import keras
import numpy as np
import pytest
from keras import layers, ops, optimizers

import kfunc_lab as lab
from kfunc_lab.datasets.digits import mnist
from kfunc_lab.training.dashboard.time_budget import TimeBudget
from kfunc_lab.training.notices.find import find_notices
from kfunc_lab.training.run_log import RunLog

CLASSES = "sparse_categorical_crossentropy"


@pytest.fixture(autouse=True)
def measured_always(monkeypatch):
    """Measure layers after each epoch, however slow the machine is."""
    monkeypatch.setattr(TimeBudget, "is_due", True)


# ---------------------------------------------------------------------------------------------
# Runs of Keras


class Watch(keras.callbacks.Callback):
    """Finds the notices after each epoch."""

    def __init__(self, dashboard):
        super().__init__()
        self.dashboard, self.found = dashboard, []

    def on_epoch_begin(self, epoch, logs=None):
        self.found += find_notices(self.dashboard._log)


def notices_of(model, x, y, **fitted):
    """Train, and return the notices after each epoch but the last, and those at the end."""
    dashboard = lab.TrainingDashboard(keep=False)
    watch = Watch(dashboard)
    callbacks = [*fitted.pop("callbacks", []), watch]
    if not model.optimizer.built:
        # Otherwise Keras creates the variables in the first step and compiles that step twice.
        model.optimizer.build(model.trainable_variables)
    dashboard.fit(model, x, y, callbacks=callbacks, **fitted)
    assert dashboard.problem is None
    assert len(dashboard._log.measures_by_epoch) == len(dashboard._log.by_epoch["loss"])
    return watch.found, find_notices(dashboard._log)


def drawn(seed):
    keras.utils.set_random_seed(seed)
    return np.random.default_rng(seed)


def normal(draw, *shape):
    return draw.normal(size=shape).astype("float32")


def blobs(draw, count=256, wide=8, unsure=0.0):
    """Return points around three centres, some with wrong labels."""
    y = draw.integers(3, size=count)
    x = normal(draw, count, wide) + 1.5 * normal(draw, 3, wide)[y]
    return x, np.where(draw.random(count) < unsure, draw.integers(3, size=count), y)


def digits(count):
    (x, y), _test = mnist()
    return (x[:count, ..., None] / 255).astype("float32"), y[:count]


def stack(shape, *parts):
    return keras.Sequential([keras.Input(shape), *parts])


def dense(units, activation=None, name=None, **named):
    return layers.Dense(units, activation=activation, name=name, **named)


def classifier(*parts, wide=8, optimizer="adam"):
    model = stack((wide,), *parts, dense(3, "softmax", "last"))
    model.compile(optimizer, CLASSES)
    return model


# -- faulty runs


def logarithm_in_the_loss(draw):
    x = normal(draw, 128, 4)
    model = stack((4,), dense(8, "tanh"), dense(1))
    model.compile("adam", lambda _true, given: ops.mean(ops.log(given), axis=-1))
    return notices_of(model, x, x[:, :1], epochs=2)


def nan_in_the_data(draw):
    x, y = blobs(draw)
    x[70, 2] = np.nan
    return notices_of(classifier(dense(8, "relu")), x, y, epochs=2)


def one_output_of_two(draw):
    x = normal(draw, 160, 4)
    inputs = keras.Input((4,))
    trunk = dense(8, "relu")(inputs)
    model = keras.Model(inputs, [dense(1, name="good")(trunk), dense(1, name="bad")(trunk)])
    root = lambda _true, given: ops.mean(ops.sqrt(given), axis=-1)  # noqa: E731
    model.compile("adam", ["mse", root])
    return notices_of(model, x, [x[:, :1], x[:, 1:2]], epochs=2)


def exploding_recurrence(draw):
    x = normal(draw, 128, 40, 3)
    wide = keras.initializers.RandomNormal(stddev=0.33)
    rnn = layers.SimpleRNN(16, activation="linear", recurrent_initializer=wide)
    model = stack((40, 3), rnn, dense(1))
    model.compile("sgd", "mse")
    return notices_of(model, x, x.sum((1, 2)), epochs=2)


def divergence_over_epochs(draw):
    x = normal(draw, 64, 10)
    model = stack((10,), dense(1))
    model.compile(optimizers.SGD(0.95), "mse")
    return notices_of(model, x, x @ normal(draw, 10), epochs=8, batch_size=64)


def divergence_in_the_first_epoch(draw):
    x = normal(draw, 256, 10)
    model = stack((10,), dense(1))
    model.compile(optimizers.SGD(0.4), "mse")
    return notices_of(model, x, x @ normal(draw, 10), epochs=1, batch_size=4)


def dead_from_the_start(draw):
    low = keras.initializers.Constant(-30.0)
    first = dense(16, "relu", "first", bias_initializer=low)
    return notices_of(classifier(first, dense(16, "relu", "second")), *blobs(draw), epochs=3)


def dead_in_the_deep(draw):
    low = keras.initializers.Constant(-20.0)
    hidden = [dense(16, "relu"), dense(16, name="deep", bias_initializer=low)]
    model = classifier(*hidden, layers.ReLU(name="cut"), dense(16, "relu"))
    return notices_of(model, *blobs(draw), epochs=3)


def zeros_everywhere(draw):
    hidden = [dense(16, "tanh", f"h{i}", kernel_initializer="zeros") for i in range(3)]
    return notices_of(classifier(*hidden), *blobs(draw), epochs=2)


def dead_by_the_rate(draw):
    x, y = digits(512)
    model = stack((28, 28, 1), layers.Flatten(), dense(32, "relu", "hidden"))
    model.add(dense(32, "relu"))
    model.add(dense(10, "softmax"))
    model.compile(optimizers.SGD(5.0), CLASSES)
    return notices_of(model, x * 10, y, epochs=4)


def twenty_sigmoids(draw):
    hidden = [dense(16, "sigmoid", f"s{i}") for i in range(20)]
    return notices_of(classifier(*hidden), *blobs(draw), epochs=4)


def twelve_sigmoids(draw):
    hidden = [dense(16, "sigmoid", f"s{i}") for i in range(12)]
    return notices_of(classifier(*hidden, optimizer="sgd"), *blobs(draw), epochs=4)


def saturated_by_inputs(draw):
    x, y = blobs(draw, wide=20)
    hidden = [dense(32, "tanh", f"t{i}") for i in range(3)]
    return notices_of(classifier(*hidden, wide=20, optimizer="sgd"), x * 1e4, y, epochs=3)


def rate_of_ten(draw):
    x, y = digits(512)
    model = stack((28, 28, 1), layers.Flatten(), dense(10, "softmax"))
    model.compile(optimizers.Adam(10.0), CLASSES)
    return notices_of(model, x, y, epochs=4)


def bouncing_tanh(draw):
    hidden = [dense(16, "tanh"), dense(16, "tanh")]
    model = classifier(*hidden, optimizer=optimizers.SGD(3.0, momentum=0.9))
    return notices_of(model, *blobs(draw, 320, unsure=0.2), epochs=6)


def rate_of_a_billionth(draw):
    model = classifier(dense(16, "relu"), optimizer=optimizers.Adam(1e-9))
    return notices_of(model, *blobs(draw), epochs=3)


def learning_by_heart(draw):
    x = normal(draw, 160, 20)
    y = (x[:, 0] + 1.5 * normal(draw, 160) > 0).astype("float32")
    model = stack((20,), dense(128, "relu"), dense(128, "relu"), dense(1, "sigmoid"))
    model.compile("adam", "binary_crossentropy")
    return notices_of(model, x, y, epochs=30, validation_split=0.5)


BAD = [
    (logarithm_in_the_loss, "nan", ""),
    (nan_in_the_data, "nan", ""),
    (one_output_of_two, "nan", "bad"),
    (exploding_recurrence, "nan", ""),
    (divergence_over_epochs, "divergence", ""),
    (divergence_in_the_first_epoch, "divergence", ""),
    (dead_from_the_start, "dead_layer", "first"),
    (dead_in_the_deep, "dead_layer", "cut"),
    (zeros_everywhere, "dead_layer", "h0"),
    (twenty_sigmoids, "vanishing_gradients", "s0"),
    (twelve_sigmoids, "vanishing_gradients", "s0"),
    (saturated_by_inputs, "vanishing_gradients", "t0"),
    (rate_of_ten, "rate_too_high", ""),
    (bouncing_tanh, "rate_too_high", ""),
    (rate_of_a_billionth, "rate_too_low", ""),
    (learning_by_heart, "overfitting", ""),
]


@pytest.mark.parametrize(("run", "kind", "layer"), BAD, ids=[it[0].__name__ for it in BAD])
def test_faulty_run_has_its_notice(run, kind, layer):
    _before, notices = run(drawn(0))
    assert [(it.kind, it.layer) for it in notices] == [(kind, layer)]
    assert layer in notices[0].said


def test_layers_killed_by_high_rate_follow_rate_notice():
    _before, notices = dead_by_the_rate(drawn(0))
    found = [(it.kind, it.layer) for it in notices]
    assert found == [("rate_too_high", ""), ("dead_layer", "hidden")]
    assert "0.5 instead of 5" in notices[0].advice


# -- healthy runs


def perceptron(draw):
    model = classifier(dense(32, "relu"), dense(16, "relu"))
    return notices_of(model, *blobs(draw, 384), epochs=8, validation_split=0.25)


def convolutions(_draw):
    pooled = [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(4)]
    model = stack((28, 28, 1), *pooled, layers.Flatten(), dense(10, "softmax"))
    model.compile("adam", CLASSES)
    return notices_of(model, *digits(640), epochs=4, validation_split=0.2)


def recurrence(draw):
    x = normal(draw, 256, 12, 3)
    y = (x[:, :, 0].sum(1) > 0).astype("float32")
    model = stack((12, 3), layers.LSTM(12), dense(1, "sigmoid"))
    model.compile(optimizers.Adam(0.01), "binary_crossentropy")
    return notices_of(model, x, y, epochs=5)


def residual(_draw):
    inputs = keras.Input((28, 28, 1))
    h = layers.Conv2D(8, 3, strides=4)(inputs)
    for _block in range(2):
        s = layers.ReLU()(layers.BatchNormalization()(h))
        s = layers.Conv2D(8, 3, padding="same", use_bias=False)(s)
        h = h + layers.Conv2D(8, 3, padding="same")(layers.BatchNormalization()(s))
    model = keras.Model(inputs, dense(10, "softmax")(layers.GlobalAveragePooling2D()(h)))
    model.compile(optimizers.Adam(0.01), CLASSES)
    return notices_of(model, *digits(200), epochs=10, validation_split=0.2)


def dropout(draw):
    # The training loss is above the validation loss.
    hidden = [dense(32, "relu"), layers.Dropout(0.5), dense(32, "relu"), layers.Dropout(0.5)]
    return notices_of(classifier(*hidden), *blobs(draw, 384), epochs=10, validation_split=0.3)


def text(draw):
    x = draw.integers(5, 2000, size=(400, 20))
    y = draw.integers(2, size=400)
    x[np.arange(400), draw.integers(20, size=400)] = 3 + y
    pooled = [layers.Embedding(2000, 16), layers.GlobalAveragePooling1D()]
    model = stack((20,), *pooled, dense(16, "relu"), dense(1, "sigmoid"))
    model.compile(optimizers.Adam(0.005), "binary_crossentropy")
    return notices_of(model, x, y, epochs=8, validation_split=0.2)


def attention(draw):
    x = draw.integers(1, 50, size=(256, 10))
    inputs = keras.Input((10,))
    h = layers.Embedding(50, 16)(inputs)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 8)(h, h))
    h = layers.LayerNormalization()(h + dense(16)(dense(32, "gelu")(h)))
    model = keras.Model(inputs, dense(1, "sigmoid")(layers.Flatten()(h)))
    model.compile(optimizers.Adam(0.003), "binary_crossentropy")
    return notices_of(model, x, (x[:, 0] > x[:, 5]).astype("float32"), epochs=5)


def great_targets(draw):
    x = normal(draw, 300, 5)
    y = 2000 + 500 * x[:, 0] + 100 * normal(draw, 300)
    model = stack((5,), dense(1))
    model.compile(optimizers.SGD(0.02), "mse", metrics=["mae"])
    return notices_of(model, x, y, epochs=20, validation_split=0.2)


def exact_solution(draw):
    # The loss falls to rounding errors and stays there.
    x = normal(draw, 128, 4)
    model = stack((4,), dense(1))
    model.compile(optimizers.SGD(0.1), "mse")
    return notices_of(model, x, x @ normal(draw, 4) + 2, epochs=30, validation_split=0.2)


def going_on(draw):
    # The model has already converged.
    x = normal(draw, 128, 4)
    y = x @ normal(draw, 4) + 2
    model = stack((4,), dense(1))
    model.compile(optimizers.SGD(0.1), "mse")
    model.fit(x, y, epochs=50, verbose=0)
    return notices_of(model, x, y, epochs=8)


def cosine_decay(draw):
    rate = optimizers.schedules.CosineDecay(0.02, 10 * 8, alpha=0.0)
    model = classifier(dense(32, "relu"), optimizer=optimizers.Adam(rate))
    return notices_of(model, *blobs(draw, 320), epochs=12)


def warm_up(draw):
    rate = keras.callbacks.LearningRateScheduler(lambda epoch: 1e-9 * 4.0**epoch)
    model = classifier(dense(32, "relu"), optimizer=optimizers.Adam(1e-9))
    return notices_of(model, *blobs(draw, 320), epochs=10, callbacks=[rate])


def autoencoder(_draw):
    x = digits(384)[0].reshape(-1, 784)
    model = stack((784,), dense(16, "relu"), dense(64, "relu"), dense(784, "sigmoid"))
    model.compile(optimizers.Adam(0.003), "binary_crossentropy")
    return notices_of(model, x, x, epochs=6, validation_split=0.1)


def two_outputs(draw):
    x, y = blobs(draw, 320)
    inputs = keras.Input((8,))
    trunk = dense(32, "relu")(inputs)
    model = keras.Model(inputs, [dense(3, "softmax")(trunk), dense(1)(trunk)])
    model.compile("adam", [CLASSES, "mse"])
    return notices_of(model, x, [y, x[:, :1]], epochs=6)


def open_gates(draw):
    inputs = keras.Input((8,))
    h = dense(32, "relu")(inputs)
    wide = keras.initializers.Constant(6.0)
    gate = dense(32, "sigmoid", bias_initializer=wide)(dense(8, "relu")(h))
    model = keras.Model(inputs, dense(3, "softmax")(layers.Multiply()([h, gate])))
    model.compile("adam", CLASSES)
    return notices_of(model, *blobs(draw, 320), epochs=5)


def frozen_base(draw):
    base = stack((8,), dense(64, "relu"), dense(32, "relu"))
    base.trainable = False
    model = classifier(base, optimizer=optimizers.Adam(0.01))
    return notices_of(model, *blobs(draw, 320), epochs=6, validation_split=0.2)


def two_epochs(draw):
    model = classifier(dense(16, "relu"), optimizer="sgd")
    return notices_of(model, *blobs(draw, 64), epochs=2, validation_split=0.5)


def one_batch_an_epoch(draw):
    model = classifier(dense(32, "relu"), optimizer=optimizers.Adam(0.02))
    return notices_of(model, *blobs(draw), epochs=15, batch_size=256)


def heavy_tails(draw):
    # Single samples have a loss a thousand times that of others.
    x = normal(draw, 200, 4)
    y = np.exp(2.5 * normal(draw, 200) + x[:, 0])
    model = stack((4,), dense(16, "relu"), dense(1))
    model.compile("adam", "mse")
    return notices_of(model, x, y, epochs=3, batch_size=1)


def loss_through_zero(draw):
    def likelihood(true, given):
        mean, log_deviation = given[:, :1], given[:, 1:]
        off = (true - mean) * ops.exp(-log_deviation)
        return ops.mean(log_deviation + ops.square(off) / 2, axis=-1)

    x = normal(draw, 300, 3)
    y = x[:, :1] + 0.1 * normal(draw, 300, 1)
    model = stack((3,), dense(16, "tanh"), dense(2))
    model.compile(optimizers.Adam(0.005), likelihood)
    return notices_of(model, x, y, epochs=15, validation_split=0.2)


def few_samples(draw):
    hidden = [dense(32, "relu"), layers.Dropout(0.6)]
    model = classifier(*hidden, optimizer=optimizers.Adam(0.01))
    return notices_of(model, *blobs(draw, 12), epochs=15, batch_size=4)


# Each run has a feature that a rule might mistake for a fault.
GOOD = [
    *(perceptron, residual, dropout, great_targets, exact_solution, going_on, cosine_decay),
    *(warm_up, two_outputs, open_gates, frozen_base, two_epochs, one_batch_an_epoch),
    *(heavy_tails, loss_through_zero, few_samples, text),
]
# Other architectures without such features.
ALIKE = [convolutions, recurrence, attention, autoencoder]


@pytest.mark.parametrize(
    "run", [*GOOD, *(pytest.param(it, marks=pytest.mark.deep) for it in ALIKE)]
)
def test_healthy_run_has_no_notices(run):
    assert run(drawn(0)) == ([], ())


@pytest.mark.deep
def test_short_lag_of_averages_has_no_notice():
    assert residual(drawn(1)) == ([], ())


# ---------------------------------------------------------------------------------------------
# Edge cases in handwritten logs

LAYER = {
    "weight_norm": 1.0,
    "gradient_norm": 0.1,
    "update_ratio": 1e-3,
    "activation_mean": 0.5,
    "dead": 0.0,
}


def measures(*names, **values):
    """Return equal measures for each layer, except for the given values."""
    return {
        (layer, name): value[place] if isinstance(value, (list, tuple)) else value
        for place, layer in enumerate(names)
        for name, value in {**LAYER, **values}.items()
    }


def log_of(*losses, validation=(), measured=(), rate=0.1, steps=100, **metrics):
    """Return the log of finished epochs with their measures."""
    log = RunLog(steps=steps)
    for epoch, loss in enumerate(losses):
        log.epoch = epoch
        log.end_epoch(epoch, {"loss": loss})
        log.learning_rate[epoch] = rate
    named = {"val_loss": validation, **metrics}
    for name, values in named.items():
        for epoch, value in enumerate(values):
            log.by_epoch.setdefault(name, {})[epoch] = value
    log.measures_by_epoch |= (
        measured if isinstance(measured, dict) else dict(enumerate(measured))
    )
    return log


def batches(log, *losses, name="loss"):
    """Begin an epoch with the losses of its first batches."""
    log.epoch = len(log.by_epoch.get("loss", ()))
    log.step = 0
    means = np.cumsum(losses) / np.arange(1, len(losses) + 1)
    log.add_batches([(i, {name: float(mean)}) for i, mean in enumerate(means)])
    return log


def kinds(log):
    return [it.kind for it in find_notices(log)]


def test_empty_log_has_no_notices():
    assert find_notices(RunLog()) == ()
    assert find_notices(log_of(0.5)) == ()


def test_nan_is_found_during_epoch():
    (notice,) = find_notices(batches(log_of(0.5, rate=0.03), 0.4, np.nan, np.nan))
    assert (notice.kind, notice.epoch) == ("nan", 1)
    assert notice.said == "The loss became NaN in epoch 2."
    assert "0.003 instead of 0.03" in notice.advice


def test_infinite_loss_is_called_infinite():
    (notice,) = find_notices(log_of(0.5, np.inf, np.nan))
    assert (notice.epoch, notice.said) == (1, "The loss became infinite in epoch 2.")


def test_nan_hides_other_notices():
    dead = measures("first", "second", dead=1.0)
    assert kinds(log_of(0.5, 0.5, 0.5, measured=[dead] * 3)) == ["dead_layer"]
    assert kinds(log_of(0.5, 0.5, np.nan, measured=[dead] * 3)) == ["nan"]


def test_nan_notice_names_source():
    odd = measures("first", "log", "last", activation_mean=[0.5, np.nan, np.nan])
    (notice,) = find_notices(log_of(np.nan, measured=[odd]))
    assert notice.layer == "log"
    assert "Look at layer log," in notice.advice
    finite = measures("first", "last")
    (notice,) = find_notices(log_of(np.nan, measured=[finite]))
    assert "Look at the loss function" in notice.advice
    (notice,) = find_notices(batches(RunLog(steps=9), 1.0, 2.0, 500.0, np.nan))
    assert "The loss was already growing" in notice.advice


def test_all_nan_layers_name_no_layer():
    odd = measures("first", "last", activation_mean=np.nan, weight_norm=np.nan)
    (notice,) = find_notices(batches(log_of(1.0, measured=[odd]), 1.0, 1.1, np.nan))
    assert notice.layer == ""
    assert notice.advice.startswith(
        "Check with `np.isfinite(x).all()` that the data contains no NaN"
    )


def test_zero_weights_and_infinite_gradients_are_ignored():
    zero = measures(*"abcd", weight_norm=[1.0, 1.0, 1.0, 0.0])
    assert kinds(log_of(*[0.7] * 4, measured=[zero] * 4)) == []
    endless = measures(*"abcd", gradient_norm=[0.1, 0.1, 0.1, np.inf])
    assert kinds(log_of(*[0.7] * 4, measured=[endless] * 4)) == []


def test_first_nan_output_is_named():
    log = batches(RunLog(steps=9), 1.0, np.nan, np.nan)
    batches(log, 1.0, np.nan, np.nan, name="a_loss")
    batches(log, 1.0, 1.0, np.nan, name="b_loss")
    (notice,) = find_notices(log)
    assert "output a " in notice.said
    assert notice.layer == ""  # no measured layer has that name


def test_nan_weights_are_found_before_nan_loss():
    odd = measures("first", "last", weight_norm=[1.0, np.nan])
    (notice,) = find_notices(log_of(0.5, measured=[odd]))
    assert (notice.kind, notice.layer) == ("nan", "last")


def test_nan_validation_loss_is_named():
    (notice,) = find_notices(log_of(0.5, 0.4, validation=[0.5, np.nan]))
    assert (notice.kind, notice.epoch) == ("nan", 1)
    assert "validation" in notice.said


def test_nan_metric_has_no_notice():
    assert kinds(log_of(0.5, 0.4, precision=[np.nan, np.nan])) == []


def test_growth_within_epoch_is_divergence():
    grows = [1.3**i for i in range(40)]
    (notice,) = find_notices(batches(RunLog(steps=100), *grows))
    assert (notice.kind, notice.epoch) == ("divergence", 0)
    assert "started at 1 " in notice.said
    assert kinds(batches(log_of(1.0), *grows)) == ["divergence"]
    assert kinds(batches(RunLog(steps=9), 1.0, 1e3, 1e6, 1e9)) == ["divergence"]
    assert kinds(batches(RunLog(steps=9), 1.0, 1e3, 1e6)) == []
    assert kinds(batches(RunLog(steps=9), 1.0, 6.0, 30.0, 150.0)) == []
    assert kinds(batches(RunLog(steps=9), 1.0, 5000.0, 1.0, 1.0)) == []


def test_growth_below_initial_loss_is_not_divergence():
    log = batches(RunLog(steps=100), 1.0, 0.5, 0.1)
    log.end_epoch(0, {"loss": 0.5})
    assert kinds(batches(log, *(1e-3 * 1.2**i for i in range(35)))) == []


def test_growth_in_thinned_series_is_divergence():
    log = batches(RunLog(steps=1500), *(1.01**i for i in range(1500)))
    assert log.batches["loss"].numbers_per_point == 2
    assert kinds(log) == ["divergence"]


def test_outliers_are_not_divergence():
    odd = [0.01, *[1.0] * 20, 1e6, *[1.0] * 20]
    assert kinds(batches(RunLog(steps=100), *odd)) == []


def test_rounding_of_converged_loss_is_not_divergence():
    rest = [measures("unit", update_ratio=0.0)] * 4
    grows = [1e-14, 2e-14, 9e-14, 4e-13]
    assert kinds(log_of(*grows, measured=rest)) == []
    moved = [measures("unit", update_ratio=0.05)] * 4
    assert kinds(log_of(*grows, measured=moved)) == ["divergence"]


def test_negative_loss_is_judged_by_growth():
    assert kinds(log_of(-5.0, -4.0, -3.0)) == []
    assert kinds(log_of(-0.1, -0.5, -0.9)) == []
    assert kinds(log_of(-5.0, 20.0, 80.0)) == ["divergence"]


@pytest.mark.parametrize("share", [0.0, 0.9])
def test_sparse_layer_is_not_dead(share):
    assert kinds(log_of(0.5, 0.5, 0.5, measured=[measures("a", "b", dead=share)] * 3)) == []


def test_several_dead_layers_have_one_notice():
    dead = measures("a", "b", "c", "d", dead=[0.0, 1.0, 1.0, 1.0])
    (notice,) = find_notices(log_of(0.5, measured=[dead]))
    assert notice.layer == "b"
    assert "Layer b and 2 more layers are dead" in notice.said
    dead = measures("a", "b", "c", dead=[0.0, 1.0, 1.0])
    assert "and 1 more layer are dead" in find_notices(log_of(0.5, measured=[dead]))[0].said


def test_dead_layer_notice_names_first_epoch():
    alive, dead = measures("a", "b"), measures("a", "b", dead=[1.0, 0.0], update_ratio=0.0)
    (notice,) = find_notices(log_of(0.5, 0.5, 0.5, measured=[alive, dead, dead]))
    assert (notice.layer, notice.epoch) == ("a", 1)
    assert "0.01 instead of 0.1" in notice.advice
    (notice,) = find_notices(log_of(0.5, 0.5, 0.5, measured=[dead] * 3))
    assert "rate" not in notice.advice  # the layer may have been dead before the first step


def test_few_live_units_suffice_while_loss_falls():
    sparse = [measures("a", "b", dead=[0.97, 0.0])] * 5
    assert kinds(log_of(1.0, 0.5, 0.3, 0.3, 0.3, measured=sparse)) == []
    assert kinds(log_of(1.0, 1.0, 0.99, 0.95, 0.93, measured=sparse)) == []
    assert kinds(log_of(1.0, 1.0, 1.0, 1.0, 1.0, measured=sparse)) == ["dead_layer"]


def test_layer_with_changing_weights_is_not_dead():
    moves = [measures("a", "b", dead=[1.0, 0.0])] * 4
    rests = [measures("a", "b", dead=[1.0, 0.0], update_ratio=[0.0, 1e-3])] * 4
    losses = (1.0, 0.8, 0.6, 0.5)
    assert kinds(log_of(*losses, measured=moves)) == []
    assert kinds(log_of(*losses, measured=rests)) == ["dead_layer"]


def test_zero_weights_suggest_initializer():
    nothing = measures("a", "b", dead=1.0, weight_norm=[0.0, 1.0], update_ratio=np.nan)
    (notice,) = find_notices(log_of(0.5, measured=[nothing]))
    assert 'kernel_initializer="glorot_uniform"' in notice.advice


FADING = [1e-7, 1e-6, 1e-4, 1e-2, 0.1]


def test_measures_of_every_third_epoch_suffice():
    fading = measures(*"abcde", gradient_norm=FADING)
    (notice,) = find_notices(log_of(*[0.7] * 8, measured={0: fading, 3: fading, 6: fading}))
    assert (notice.kind, notice.layer) == ("vanishing_gradients", "a")
    assert "than these 5" in notice.advice
    assert kinds(log_of(*[0.7] * 8)) == []


def test_gradients_are_compared_relative_to_weights():
    # The gradients are as small as the weights, as in a layer with few weights.
    small = measures(*"abcde", gradient_norm=FADING, weight_norm=FADING)
    assert kinds(log_of(*[0.7] * 4, measured=[small] * 4)) == []


def test_small_gradients_alone_are_not_vanishing():
    fading = measures(*"abcde", gradient_norm=FADING)
    assert kinds(log_of(0.7, 0.5, 0.3, 0.2, measured=[fading] * 4)) == []  # the loss falls
    assert kinds(log_of(0.7, 0.7, 0.7, 0.7, measured=[fading] * 4)) == ["vanishing_gradients"]
    done = measures(*"abcde", gradient_norm=[1e-9, 2e-9, 1e-9, 3e-9, 2e-9])
    assert kinds(log_of(*[0.01] * 4, measured=[done] * 4)) == []
    cut = measures(*"abcde", gradient_norm=[0.0, 0.0, 0.0, 0.1, 0.1])
    assert kinds(log_of(*[0.7] * 4, measured=[cut] * 4)) == []
    assert kinds(log_of(*[0.7] * 4, measured=[measures(*"abcde")] * 4)) == []


def saturated(*shares, gradients=(1e-8, 0.1)):
    return [measures("a", "b", saturated=[it, 0.0], gradient_norm=gradients) for it in shares]


def test_saturated_first_layer_is_vanishing_gradients():
    (notice,) = find_notices(log_of(0.7, 0.6, measured=saturated(1.0, 1.0)))
    assert (notice.kind, notice.layer) == ("vanishing_gradients", "a")
    assert "Normalization" in notice.advice
    both = [{**it, ("a", "activation_deviation"): 0.5} for it in saturated(1.0, 1.0)]
    assert kinds(log_of(0.7, 0.6, measured=both)) == ["vanishing_gradients"]
    gate = [{**it, ("a", "activation_deviation"): 0.01} for it in saturated(1.0, 1.0)]
    assert kinds(log_of(0.7, 0.6, measured=gate)) == []
    # Saturated by training, a layer that passes gradients on, and a confident classifier.
    assert kinds(log_of(0.7, 0.6, measured=saturated(0.1, 1.0))) == []
    assert kinds(log_of(0.7, 0.6, measured=saturated(1.0, 1.0, gradients=(0.1, 0.1)))) == []
    sure = measures("a", "b", saturated=[0.0, 1.0], gradient_norm=[0.1, 1e-8])
    assert kinds(log_of(0.7, 0.6, measured=[sure, sure])) == []
    outputs = {"a_loss": (0.1, 0.1), "b_loss": (0.6, 0.5)}
    assert kinds(log_of(0.7, 0.6, measured=saturated(1.0, 1.0), **outputs)) == []


def test_unmoving_loss_and_weights_mean_rate_too_low():
    still = [measures("a", "b", update_ratio=1e-9)] * 3
    (notice,) = find_notices(log_of(0.7, 0.7, 0.7, rate=1e-9, measured=still))
    assert notice.kind == "rate_too_low"
    assert "0.001 instead of 1e-09" in notice.advice
    # The loss moves, there is nothing to learn, the rate is not small, one layer moves.
    assert kinds(log_of(0.7, 0.6, 0.5, rate=1e-9, measured=still)) == []
    done = [measures("a", "b", update_ratio=1e-9, gradient_norm=1e-5)] * 3
    assert kinds(log_of(0.7, 0.7, 0.7, rate=1e-9, measured=done)) == []
    assert kinds(log_of(0.7, 0.7, 0.7, rate=0.1, measured=still)) == []
    one = [measures("a", "b", update_ratio=[0.0, 1e-4])] * 3
    assert kinds(log_of(0.7, 0.7, 0.7, rate=1e-9, measured=one)) == []


def test_growing_rate_is_not_too_low():
    still = [measures("a", "b", update_ratio=1e-9)] * 3
    log = log_of(0.7, 0.7, 0.7, rate=1e-9, measured=still)
    log.learning_rate[2] = 2e-9
    assert kinds(log) == []


def test_weights_alone_show_rate_too_low():
    weights = {("a", "weight_norm"): 1.0, ("a", "update_ratio"): 1e-9}
    assert kinds(log_of(0.7, 0.7, rate=1e-9, measured=[weights] * 2)) == ["rate_too_low"]
    assert kinds(log_of(0.7, 0.7, rate=1e-4, measured=[weights] * 2)) == []


BOUNCING = (1.0, 0.7, 1.1, 0.8, 1.2, 0.7, 1.1, 0.8, 1.2, 0.7, 1.1)
LEAPT = [measures("a", "b", update_ratio=0.5)]


def test_bouncing_loss_means_rate_too_high():
    (notice,) = find_notices(log_of(*BOUNCING, measured=LEAPT))
    assert (notice.kind, notice.epoch) == ("rate_too_high", 3)
    assert "between 0.7 and 1.2 over the last 8 epochs" in notice.said
    assert "0.01 instead of 0.1" in notice.advice
    # With small steps the cause is noise in the data, and a falling loss may bounce.
    assert kinds(log_of(*BOUNCING, measured=[measures("a", "b")])) == []
    falling = [it / (1 + number) for number, it in enumerate(BOUNCING)]
    assert kinds(log_of(*falling, measured=LEAPT)) == []
    assert kinds(log_of(100.0, *BOUNCING, measured=LEAPT)) == []


def test_small_or_single_jumps_are_not_bouncing():
    little = [0.7 + 0.01 * (number % 2) for number in range(10)]
    once = [0.7] * 4 + [1.1] * 4
    for losses in (BOUNCING[:8], (1.0, *little), (1.0, *once)):
        assert kinds(log_of(*losses, measured=LEAPT)) == []


def test_huge_first_steps_mean_rate_too_high():
    def thrown(*losses):
        log = batches(RunLog(steps=9), 1.0, 90.0)
        for epoch, loss in enumerate(losses):
            log.end_epoch(epoch, {"loss": loss})
        log.measures_by_epoch[0] = LEAPT[0]
        return log

    (notice,) = find_notices(thrown(50.0))
    assert notice.kind == "rate_too_high"
    assert "jumped from 1 to 50 in epoch 1 and is now 50" in notice.said
    assert "try a learning rate ten times smaller." in notice.advice  # rate unknown
    assert kinds(thrown(50.0, 0.5, 0.5, 0.5)) == ["rate_too_high"]
    assert kinds(thrown(50.0, 0.5, 0.3, 0.2)) == []  # the loss recovers
    assert kinds(thrown(50.0, 0.05, 0.05, 0.05)) == []
    assert kinds(thrown(5.0, 0.5, 0.5, 0.5)) == []


def test_rate_too_high_hides_saturation():
    (both,) = saturated(1.0)
    leapt = both | {("a", "update_ratio"): 0.5, ("b", "update_ratio"): 0.5}
    log = log_of(*BOUNCING, measured=[leapt])
    assert kinds(log) == ["rate_too_high"]
    log.by_epoch["loss"] = {0: 1.0, 1: 0.7}
    (notice,) = find_notices(log)
    assert notice.kind == "vanishing_gradients"
    assert "0.01 instead of 0.1" in notice.advice


def test_lowered_rate_is_not_too_high():
    log = log_of(*BOUNCING, measured=LEAPT)
    log.learning_rate[len(BOUNCING) - 1] = 0.01
    assert kinds(log) == []


def test_loss_above_initial_loss_means_rate_too_high():
    log = batches(RunLog(steps=3), 2.0, 9.0, 9.0)
    for epoch, loss in enumerate([6.0, 5.0, 4.0]):
        log.end_epoch(epoch, {"loss": loss})
    assert kinds(log) == []
    log.measures_by_epoch[0] = LEAPT[0]
    (notice,) = find_notices(log)
    assert notice.kind == "rate_too_high"
    assert "more than the 2 it started with" in notice.said
    log.end_epoch(3, {"loss": 1.0})
    assert kinds(log) == []


RISING = (1.0, 0.8, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
FALLING = (1.0, 0.7, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05)


def test_overfitting_notice_names_best_epoch():
    (notice,) = find_notices(log_of(*FALLING, validation=RISING))
    assert (notice.kind, notice.epoch) == ("overfitting", 2)
    assert "lowest in epoch 3, at 0.6, and is 1.1 after epoch 8" in notice.said


@pytest.mark.parametrize(
    "validation",
    [
        RISING[:-1],  # too recent
        (1.0, 0.8, 0.3, 0.9, 1.0, 1.0, 1.0),
        (1.0, 0.8, 0.5, 0.55, 0.9, 0.6, 1.1, 0.7, 1.2, 0.8),  # noise
        (1.0, 0.8, 0.5, 0.9, 1.2, 1.3, 1.3, 1.3, 1.3, 1.3, 0.85),  # the loss recovers
        (1.0, 0.8, 0.6, 0.61, 0.62, 0.63, 0.64, 0.65),  # hardly worse
        (1.0, 1e-3, 1e-5, 2e-5, 3e-5, 4e-5, 5e-5, 6e-5),  # near 0
        (1.0, 0.8, 0.6, 0.5, 0.9, 0.55, 1.0, 0.6, 1.1, 0.95),  # noise
    ],
)
def test_noisy_or_short_rise_is_not_overfitting(validation):
    assert kinds(log_of(*FALLING, 0.04, 0.03, validation=validation)) == []


def test_constant_training_loss_is_not_overfitting():
    assert kinds(log_of(*[0.5] * 8, validation=RISING)) == []


def test_lagging_batch_normalization_is_not_overfitting():
    known = {"validation": RISING, "steps": 4}
    lags = [measures("a", gradient_norm=0.1 * 2**epoch) for epoch in range(8)]
    rises = [measures("a", gradient_norm=0.1 * 1.2**epoch) for epoch in range(8)]
    assert kinds(log_of(*FALLING, **known, measured=lags)) == []
    assert kinds(log_of(*FALLING, **known, measured=rises)) == ["overfitting"]
    some = [measures("a", gradient_norm=0.1 * 1.5**epoch) for epoch in range(8)]
    assert kinds(log_of(*FALLING, **known, measured=some)) == []
    assert kinds(log_of(*FALLING, **{**known, "steps": 100}, measured=some)) == ["overfitting"]
    assert kinds(log_of(*FALLING, **{**known, "steps": 100}, measured=lags)) == []
    # Without later measures, the rule needs some steps.
    assert kinds(log_of(*FALLING, **known, measured=rises[:1])) == []
    assert kinds(log_of(*FALLING, **{**known, "steps": 100})) == ["overfitting"]


def test_at_most_three_notices_are_shown():
    leapt = measures("a", "b", dead=1.0, update_ratio=0.5)
    dead = measures("a", "b", dead=1.0, update_ratio=0.0)
    fades = measures(*"abcde", dead=1.0, update_ratio=0.0, gradient_norm=FADING)
    log = log_of(1.5, *BOUNCING[1:], measured=[leapt, dead, fades])
    log.by_epoch["val_loss"] = {epoch: 1.0 + epoch for epoch in range(11)}
    assert kinds(log) == ["rate_too_high", "dead_layer", "overfitting"]


def test_hostile_layer_name_is_cleaned():
    name = "a\n\x1b[31m\u202e{layer}<b>%s"
    (notice,) = find_notices(log_of(0.5, measured=[measures(name, "b", dead=[1.0, 0.0])]))
    assert notice.layer == name
    for words in (notice.said, notice.advice):
        assert "{layer}<b>%s" in words
        assert not set("\n\x1b\u202e") & set(words)


def test_spanish_has_same_notices():
    dead = log_of(0.5, measured=[measures("a", "b", dead=1.0)])
    english = find_notices(dead)
    lab.language("es")
    assert [(it.kind, it.layer) for it in find_notices(dead)] == [("dead_layer", "a")]
    assert english[0].layer in find_notices(dead)[0].said
