"""A capture leaves the model unchanged, even when a layer fails."""

import random
import threading
import traceback
from functools import partial

import keras
import numpy as np
import pytest
import seed_models
from backends import BACKEND, drawn_natively, tensorflow_only, tf
from keras import layers, ops
from keras.src.backend.common import global_state
from keras.src.random.seed_generator import global_seed_generator

from kfunc_lab.forward.batch import run
from kfunc_lab.graph.keras.nodes import operations_within

look = partial(run, training=False, layers=None, dtype=None, limit=512_000_000)
in_both_modes = pytest.mark.parametrize("training", [False, True])


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(7)
    global_seed_generator()  # Keras creates it on first use


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def attributes(operation):
    """Return every attribute by identity, including those inside collections."""
    found = {}
    for name, value in vars(operation).items():
        if name == "_tracked":  # grows with each call of a recurrent cell
            continue
        found[name] = id(value)
        if isinstance(value, (list, tuple, set)):
            found[f"in {name}"] = sorted(map(id, value))
        elif isinstance(value, dict):
            found[f"in {name}"] = {key: id(it) for key, it in value.items()}
    return found


def randomness():
    keys, *rest = np.random.get_state()[1:]
    seed = global_seed_generator().state.numpy().tolist()
    return random.getstate(), keys.tolist(), rest, seed, native_state()


def native_state():
    """Return the state of the backend's own generator."""
    if BACKEND == "tensorflow":
        from tensorflow.python.eager import context

        return context.context()._rng.getstate()
    if BACKEND == "torch":
        import torch

        return torch.get_rng_state().tolist()
    return None  # JAX has none


def state_of(model):
    """Return everything that a capture might change, as data that can be compared."""
    operations = operations_within(model)
    functional = [it for it in operations if hasattr(it, "_nodes_by_depth")]
    return {
        "variables": {it.path + str(id(it)): it.numpy().tolist() for it in model.variables},
        "states": [
            [np.asarray(state).tolist() for state in it.states]
            for it in operations
            if getattr(it, "stateful", False) and hasattr(it, "states")
        ],
        "attributes": {it.name + str(id(it)): attributes(it) for it in operations},
        "configurations": [str(it.get_config()) for it in functional],
        "nodes": [(len(it._inbound_nodes), len(it._outbound_nodes)) for it in operations],
        "losses": [float(it) for it in model.losses],
        "names": dict(global_state.get_global_attribute("object_name_uids")),
        "random": randomness(),
    }


def assert_unchanged(model, before):
    after = state_of(model)
    for part in before:
        assert after[part] == before[part], part
    assert not any("call" in vars(it) for it in operations_within(model))
    assert global_state.get_global_attribute("current_call_ctx") is None
    assert not keras.src.backend.in_stateless_scope()


# ---------------------------------------------------------------------------------------------
# All kinds of layers


def from_input(shape, *parts):
    x = made = keras.Input(shape, name="x")
    for part in parts:
        made = part(made)
    return keras.Model(x, made), numbers(4, *shape)


def with_attention():
    x = keras.Input((4, 6), name="x")
    attended = layers.MultiHeadAttention(2, 3, dropout=0.5)(x, x)
    return keras.Model(x, layers.LayerNormalization()(x + attended)), numbers(2, 4, 6)


def with_states():
    x = keras.Input(batch_shape=(2, 5, 3))
    made = layers.LSTM(4, stateful=True, return_sequences=True, recurrent_dropout=0.3)(x)
    made = layers.Bidirectional(layers.GRU(3, stateful=True, dropout=0.2))(made)
    return keras.Model(x, made), numbers(2, 5, 3)


class Counting(layers.Layer):
    """Counts its calls in a variable and stores the last call in attributes."""

    def __init__(self, **options):
        super().__init__(**options)
        self.inner = layers.Dense(3, activity_regularizer="l2")
        self.calls = 0
        self.last = None

    def build(self, input_shape):
        self.inner.build(input_shape)
        self.counter = self.add_weight(shape=(), initializer="zeros", dtype="int32")
        self.average = self.add_weight(shape=(3,), initializer="zeros", trainable=False)

    def call(self, x):
        y = self.inner(x)
        self.counter.assign_add(1)
        self.average.assign(0.9 * self.average + 0.1 * ops.mean(y, axis=0))
        self.add_loss(ops.mean(y))
        self.calls += 1
        self.last = y
        self.made_in_call = y
        return y + ops.cast(self.counter, "float32")


def in_a_subclass():
    model = seed_models.MLP()
    model(numbers(3, 32))
    return model, numbers(3, 32)


def in_a_loop():
    rnn = seed_models.functional_in_custom_rnn()
    return rnn, numbers(2, 6, 5)


KINDS = {
    "convolutions": lambda: from_input(
        (8, 8, 3),
        layers.RandomFlip(),
        layers.RandomRotation(0.3),
        layers.Conv2D(4, 3, activity_regularizer="l1"),
        layers.BatchNormalization(),
        layers.SpatialDropout2D(0.5),
        layers.GlobalAveragePooling2D(),
    ),
    "noise": lambda: from_input(
        (6,),
        layers.GaussianNoise(1.0),
        layers.Dense(5, kernel_regularizer="l2"),
        layers.AlphaDropout(0.2),
        layers.SpectralNormalization(layers.Dense(4)),
        layers.ActivityRegularization(l2=0.1),
    ),
    "attention": with_attention,
    "states": with_states,
    "counting": lambda: from_input((4,), Counting(name="counting"), layers.Dropout(0.5)),
    "nested": lambda: (seed_models.nested_autoencoder(), numbers(2, 28, 28, 1)),
    "subclass": in_a_subclass,
    "loop": in_a_loop,
    "sequential": lambda: (
        keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dropout(0.5)]),
        numbers(2, 4),
    ),
    "operations": lambda: from_input((4,), lambda x: ops.relu(x * 2.0) @ np.eye(4, 3)),
}


@pytest.mark.parametrize("kind", KINDS)
@in_both_modes
def test_capture_changes_nothing(kind, training):
    model, x = KINDS[kind]()
    model(x, training=True)
    before = state_of(model)
    for limit in (512_000_000, 10):
        look(model, x, training=training, limit=limit)
        assert_unchanged(model, before)
    flow = look(model, x, training=training, limit=10)
    flow.sample(next(reversed(flow.recording.calls)), 0, 1)
    assert_unchanged(model, before)


@pytest.mark.parametrize("kind", KINDS)
def test_model_output_is_same_after_capture(kind):
    """A captured model and an equal model return the same outputs afterwards."""
    results = []
    for captures in (0, 2):
        keras.utils.clear_session()
        keras.utils.set_random_seed(3)
        model, x = KINDS[kind]()
        for n in range(captures):
            look(model, x, training=bool(n))
        results.append([model(x), model(x, training=True), model(x, training=True), model(x)])
    for one, other in zip(*results, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("kind", ["convolutions", "noise", "attention", "counting"])
def test_training_is_same_after_capture(kind):
    weights = []
    for captures in (0, 2):
        keras.utils.clear_session()
        keras.utils.set_random_seed(3)
        model, x = KINDS[kind]()
        y = numbers(len(x), *model.output.shape[1:], seed=5)
        model.compile("adam", "mse")
        for _epoch in range(2):
            for n in range(captures):
                look(model, x, training=bool(n))
            model.fit(x, y, epochs=1, batch_size=2, verbose=0)
        weights.append([it.numpy() for it in (*model.variables, *model.optimizer.variables)])
    assert len(weights[0]) > 4
    for one, other in zip(*weights, strict=True):
        assert np.array_equal(one, other)


@tensorflow_only("tf.function")
def test_capture_does_not_retrace_compiled_model():
    model, x = KINDS["attention"]()
    model.compile("adam", "mse")
    predicted, called = model.predict(x, verbose=0), np.asarray(model(x))
    compiled = tf.function(model)
    compiled(x)
    functions = (model.predict_function, compiled)
    before = [it.experimental_get_tracing_count() for it in functions]
    look(model, x)
    look(model, x, training=True)
    assert model.predict_function is functions[0]
    assert np.array_equal(model.predict(x, verbose=0), predicted)
    assert np.array_equal(model(x), called)
    compiled(x)
    assert [it.experimental_get_tracing_count() for it in functions] == before


def compiled_memory():
    """Return a layer that keeps a state and runs as one compiled function."""

    class Memory(layers.Layer):
        def __init__(self):
            super().__init__(name="memory")
            self.cells = layers.LSTM(3, stateful=True)

        def build(self, shape):
            self.cells.build(shape)

        def compute_output_shape(self, shape):
            return (shape[0], 3)

        @tf.function
        def call(self, x):
            return self.cells(x)

    return Memory()


@tensorflow_only("tf.function")
def test_states_of_compiled_recurrent_layer_are_unchanged():
    inputs = keras.Input(batch_shape=(2, 4, 1))
    model = keras.Model(inputs, compiled_memory()(inputs))
    x = np.ones((2, 4, 1), "float32")
    model(x)
    states = model.get_layer("memory").cells.states
    before = [it.numpy() for it in states]
    assert all(value.any() for value in before)
    look(model, x)
    for state, value in zip(states, before, strict=True):
        assert np.array_equal(state.numpy(), value)


# ---------------------------------------------------------------------------------------------
# One by one


def test_next_layer_name_is_unchanged():
    model, x = KINDS["counting"]()
    stem, _, number = layers.Dense(1).name.rpartition("_")
    look(model, x, training=True)
    assert layers.Dense(1).name == f"{stem}_{int(number) + 1}"


class Drawing(layers.Layer):
    """Draws from every random number generator."""

    def call(self, x):
        drawn = random.random() + np.random.rand()
        return x + drawn + drawn_natively() + keras.random.normal((1,))


def test_random_numbers_after_capture_are_unchanged():
    def drawn():
        rest = [drawn_natively(), *keras.ops.convert_to_numpy(keras.random.normal((2,)))]
        return random.random(), np.random.rand(), *rest

    layer = Drawing()
    layer.build((None, 3))
    results = []
    for captured in (False, True):
        keras.utils.set_random_seed(11)
        global_seed_generator().state.assign([11, 0])  # an earlier Keras does not reset it
        first = drawn()
        if captured:
            look(layer, numbers(2, 3))
        results.append([first, drawn()])
    assert results[0] == results[1]


def test_losses_are_from_last_direct_call():
    model, x = from_input((4,), layers.Dense(3, activity_regularizer="l2"))
    model(x)
    before = [float(it) for it in model.losses]
    assert len(before) == 1
    look(model, 100 * x)
    assert [float(it) for it in model.losses] == before


def test_capture_keeps_normalization_statistics():
    model, x = from_input((3,), layers.BatchNormalization(name="norm"))
    norm = model.get_layer("norm")
    look(model, 5 + x, training=True)
    assert norm.moving_mean.numpy().tolist() == [0, 0, 0]
    assert norm.moving_variance.numpy().tolist() == [1, 1, 1]
    model(5 + x, training=True)
    assert (norm.moving_mean.numpy() > 0).all()


def test_stateful_recurrent_layer_keeps_states():
    model, x = with_states()
    model(x)
    lstm = model.layers[1]
    before = [it.numpy() for it in lstm.states]
    assert np.abs(before[0]).max() > 0
    look(model, 3 * x)
    assert all(np.array_equal(a, b) for a, b in zip(lstm.states, before, strict=True))


def test_variables_assigned_in_call_are_restored():
    model, x = KINDS["counting"]()
    counting = model.get_layer("counting")
    count = int(counting.counter.numpy())
    flow = look(model, x)
    assert (flow.values["counting"] - flow.values[f"counting/{counting.inner.name}"] > 0).all()
    assert int(counting.counter.numpy()) == count
    model(x)
    assert int(counting.counter.numpy()) == count + 1


def test_attributes_set_in_call_are_restored():
    class Noting(layers.Layer):
        def call(self, x):
            self.scores = x * 2
            self._hidden = x * 3
            self.new = x
            return x

    layer = Noting()
    layer.build((None, 3))
    layer.scores = layer._hidden = "before"
    look(layer, numbers(2, 3))
    assert isinstance(layer.scores, str)
    assert not hasattr(layer, "new")
    assert isinstance(layer._hidden, str)


def test_attributes_of_custom_model_are_restored():
    class Noting(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)
            self.last_scores = None

        def call(self, x):
            self.last_scores = self.dense(x)
            return self.last_scores

    model = Noting()
    first = model(numbers(2, 3))
    look(model, numbers(5, 3))
    assert model.last_scores is first


def test_lists_extended_in_call_are_restored():
    class Listing(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.seen = []

        def call(self, x):
            self.seen.append(len(x))
            return x

    layer = Listing()
    layer(numbers(4, 3))
    look(layer, numbers(2, 3))
    assert list(layer.seen) == [4]


def test_call_set_on_instance_is_kept():
    model, x = from_input((3,), layers.Dense(3, name="d"), layers.Dense(2, name="end"))
    dense = model.get_layer("d")

    def doubled(inputs):
        return 2 * type(dense).call(dense, inputs)

    dense.call = doubled
    flow = look(model, x)
    assert vars(dense)["call"] is doubled
    assert np.array_equal(flow.values["d"], dense(x))
    assert np.array_equal(flow.recording.outputs, model(x))


# ---------------------------------------------------------------------------------------------
# Compiled layers


def compiled_around(part):
    class Compiled(layers.Layer):
        def __init__(self):
            super().__init__(name="compiled")
            self.inner = part

        def build(self, input_shape):
            self.inner.build(input_shape)

        @tf.function
        def call(self, x, training=False):
            return self.inner(x, training=training)

    layer = Compiled()
    layer.build((None, 4))
    return layer


COMPILED = tensorflow_only("a layer compiled with tf.function")


@COMPILED
@pytest.mark.parametrize("traced", [False, True])
def test_compiled_layer_keeps_statistics(traced):
    layer, x = compiled_around(layers.BatchNormalization()), 5 + numbers(8, 4)
    if traced:
        layer(x, training=True)
    before = layer.inner.moving_mean.numpy()
    look(layer, x, training=True)
    assert np.array_equal(layer.inner.moving_mean.numpy(), before)
    layer(x, training=True)
    assert not np.array_equal(layer.inner.moving_mean.numpy(), before)


@COMPILED
@pytest.mark.parametrize("traced", [False, True])
def test_compiled_layer_keeps_statistics_when_later_layer_fails(traced):
    class Then(layers.Layer):
        def __init__(self, first):
            super().__init__()
            self.first, self.fails = first, False

        def call(self, x, training=False):
            made = self.first(x, training=training)
            if self.fails:
                raise ZeroDivisionError("later")
            return made

    layer, x = compiled_around(layers.BatchNormalization()), 5 + numbers(8, 4)
    both = Then(layer)
    both.built = True
    if traced:
        both(x, training=True)
    before = layer.inner.moving_mean.numpy()
    both.fails = True
    with pytest.raises(ZeroDivisionError, match="later"):
        look(both, x, training=True)
    assert np.array_equal(layer.inner.moving_mean.numpy(), before)


@COMPILED
@pytest.mark.parametrize("traced", [False, True])
def test_compiled_layer_random_numbers_are_unchanged(traced):
    drawn = []
    for captured in (False, True):
        keras.utils.set_random_seed(5)
        layer, x = compiled_around(layers.Dropout(0.5)), np.ones((3, 4), "float32")
        if traced:
            layer(x, training=True)
        if captured:
            look(layer, x, training=True)
        drawn.append([layer(x, training=True).numpy().tolist() for _ in range(3)])
    assert drawn[0] == drawn[1]
    assert drawn[0][0] != drawn[0][1]


# ---------------------------------------------------------------------------------------------
# Failures


class Bomb(layers.Layer):
    """Fails at one of its calls once it is armed."""

    def __init__(self, at=1, **options):
        super().__init__(**options)
        self.failure, self.at, self.calls = None, at, 0

    def arm(self, *failure):
        self.failure, self.calls = failure, 0

    def call(self, x):
        self.calls += 1
        if self.failure and self.calls >= self.at:
            kind, *arguments = self.failure
            raise kind(*arguments)
        return ops.add(x, 1.0)


class Loop(layers.Layer):
    """A recurrent layer in Python that contains a bomb."""

    def __init__(self, **options):
        super().__init__(**options)
        self.dense, self.bomb = layers.Dense(3), Bomb(at=3, name="bomb")
        self.counter = self.add_weight(shape=(), initializer="zeros")

    def build(self, input_shape):
        self.dense.build((None, 3))
        self.bomb.build((None, 3))

    def call(self, x):
        state = ops.zeros_like(x[:, 0])
        for step in range(x.shape[1]):
            self.counter.assign_add(1)
            state = self.bomb(self.dense(x[:, step] + state))
        return state


def flat_bomb():
    model, x = from_input((3,), layers.Dropout(0.5), layers.Dense(3), Bomb(name="bomb"))
    return model, x, model.get_layer("bomb")


def nested_bomb():
    core, _x = from_input((3,), layers.BatchNormalization(), lambda x: x * 2.0, Bomb())
    middle, _x = from_input((3,), layers.Dense(3), core, layers.Dense(3))
    model, x = from_input((3,), layers.Dense(3), middle, layers.Dropout(0.5))
    return model, x, core.layers[-1]


def looped_bomb():
    model, x = from_input((5, 3), layers.Dropout(0.5), Loop(name="loop"), layers.Dense(2))
    return model, x, model.get_layer("loop").bomb


BOMBS = {"flat": flat_bomb, "nested": nested_bomb, "loop": looped_bomb}
every_bomb = pytest.mark.parametrize("kind", BOMBS)


def failure_of(function):
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - it is looked at afterwards
        function()
    return caught.value


@every_bomb
@in_both_modes
@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_failing_layer_changes_nothing(kind, training, failure):
    model, x, bomb = BOMBS[kind]()
    model(x, training=True)
    bomb.arm(failure)
    before = state_of(model)
    assert type(failure_of(lambda: look(model, x, training=training))) is failure
    assert_unchanged(model, before)
    bomb.arm()
    assert np.array_equal(look(model, x).recording.outputs, model(x))


class OwnError(RuntimeError):
    pass


@every_bomb
@pytest.mark.parametrize("make", [OwnError, ValueError, KeyError, KeyboardInterrupt])
def test_error_equals_error_of_direct_call(kind, make):
    model, x, bomb = BOMBS[kind]()
    bomb.arm(make, "too hot")
    by_hand = failure_of(lambda: model(x))
    bomb.arm(make, "too hot")
    captured = failure_of(lambda: look(model, x))
    assert type(captured) is type(by_hand)
    assert str(captured) == str(by_hand)
    assert "too hot" in str(captured)
    assert captured.args == by_hand.args
    assert captured.__cause__ is None


def shown_files(failure):
    """Return the files of the frames that IPython shows, outermost first."""
    frames = [frame for frame, _line in traceback.walk_tb(failure.__traceback__)]
    return [it.f_code.co_filename for it in frames if "__tracebackhide__" not in it.f_locals]


@every_bomb
@pytest.mark.parametrize("filtering", [True, False])
def test_traceback_has_no_package_frames_between_model_frames(kind, filtering):
    model, x, bomb = BOMBS[kind]()
    bomb.arm(OwnError, "too hot")
    if not filtering:
        keras.config.disable_traceback_filtering()
    try:
        by_hand = shown_files(failure_of(lambda: model(x)))
        bomb.arm(OwnError, "too hot")
        captured = shown_files(failure_of(lambda: look(model, x)))
    finally:
        keras.config.enable_traceback_filtering()
    ours = ["kfunc_lab" in it for it in captured]
    assert any(ours)
    last = len(ours) - ours[::-1].index(True)
    assert not any("keras/src" in it for it in captured[:last])
    assert captured[last:] == by_hand[-len(captured[last:]) :]
    assert captured[-1] == __file__


# ---------------------------------------------------------------------------------------------
# Other threads


def test_calls_of_other_threads_are_not_recorded():
    begun, done, armed = threading.Event(), threading.Event(), []

    class Waiting(layers.Layer):
        def call(self, x):
            if armed and threading.current_thread() is threading.main_thread():
                begun.set()
                assert done.wait(30)
            return ops.multiply(x, 2.0)

    model, x = from_input((3,), Waiting(name="waiting"), layers.Dense(3, name="d"))
    expected = np.asarray(model(numbers(7, 3, seed=9)))
    other = []

    def call_meanwhile():
        begun.wait(30)
        other.append(np.asarray(model(numbers(7, 3, seed=9))))
        done.set()

    armed.append(True)
    thread = threading.Thread(target=call_meanwhile)
    thread.start()
    flow = look(model, x)
    thread.join()
    assert np.array_equal(other[0], expected)
    assert set(flow.values) == {"x", "waiting", "d"}
    assert {it.tensors[0].shape for it in flow.recording.calls.values()} == {(4, 3)}
    assert np.array_equal(flow.recording.outputs, model(x))
    assert not any("call" in vars(it) for it in operations_within(model))
