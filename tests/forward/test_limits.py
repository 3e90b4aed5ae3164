"""Tests for what is stored of a batch and how much memory it needs."""

import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from dataclasses import fields
from functools import partial

import keras
import numpy as np
import psutil
import pytest
import seed_models
from keras import layers, ops

from kfunc_lab.activations.view import ActivationView
from kfunc_lab.forward.batch import run

look = partial(run, training=False, layers=None, dtype=None, limit=512_000_000)
MB = 1_000_000


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(7)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def assert_alike(found, expected):
    """Assert that two statistics differ by rounding at most."""
    for field in fields(found):
        one, other = getattr(found, field.name), getattr(expected, field.name)
        if field.name in ("count", "not_finite", "zeros"):
            assert one == other, field.name
        elif field.name == "histogram":
            assert sum(one.counts) == sum(other.counts)
            assert one.low <= found.minimum
            assert found.maximum <= one.high
        elif field.name in ("top_samples", "saturated"):
            assert np.array_equal(one, other), field.name
        else:
            assert np.allclose(one, other, rtol=1e-5, atol=1e-5), field.name


# ---------------------------------------------------------------------------------------------
# Small models over small limits


class Positions(layers.Layer):
    """Adds a vector for each position; the vectors have no batch axis."""

    def __init__(self, **options):
        super().__init__(**options)
        self.vectors = layers.Embedding(6, 4, name="vectors")

    def call(self, x):
        return x + self.vectors(ops.arange(6))


def from_input(shape, *parts, count=10):
    x = made = keras.Input(shape, name="x")
    for part in parts:
        made = part(made)
    return keras.Model(x, made), numbers(count, *shape)


def with_several_inputs():
    a, b = keras.Input((4,), name="a"), keras.Input((6, 3), name="b")
    lstm = layers.LSTM(4, return_sequences=True, return_state=True)(b)
    attended = layers.MultiHeadAttention(2, 3)(lstm[0], lstm[0])
    pooled = layers.GlobalAveragePooling1D()(attended)
    outputs = {"y": layers.Dense(3, activation="sigmoid")(pooled + a), "state": lstm[1]}
    return keras.Model({"b": b, "a": a}, outputs), {"a": numbers(10, 4), "b": numbers(10, 6, 3)}


def in_a_subclass():
    model = seed_models.MLP()
    model(numbers(1, 32))
    return model, numbers(10, 32)


KINDS = {
    "convolutions": lambda: from_input(
        (8, 8, 3),
        layers.Conv2D(4, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.Dropout(0.5),
        layers.Conv2D(3, 3, activation="tanh"),
        layers.GlobalMaxPooling2D(),
        layers.Dense(3, activation="softmax"),
    ),
    "several inputs": with_several_inputs,
    "nested": lambda: (seed_models.nested_autoencoder(), numbers(10, 28, 28, 1)),
    "subclass": in_a_subclass,
    "bytes": lambda: from_input(
        (4,), lambda x: ops.cast(100 * ops.abs(x), "uint8"), lambda x: x > 50
    ),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("limit", [0, 100])
def test_statistics_equal_statistics_of_values(kind, training, limit):
    model, x = KINDS[kind]()
    whole, flow = (look(model, x, training=training, limit=it) for it in (512 * MB, limit))
    assert whole.recording.complete
    assert not flow.recording.complete
    assert flow.recording.kept == 0
    assert flow.recording.outputs is None
    assert list(flow.values) == list(whole.values)
    assert flow.recording.samples == whole.recording.samples == 10
    for name, call in whole.recording.calls.items():
        others = flow.recording.calls[name].tensors
        assert [(it.shape, it.dtype) for it in call.tensors] == [
            (it.shape, it.dtype) for it in others
        ]
        for place in range(len(others)):
            assert others[place].values is None
            assert_alike(flow.statistics(name, place), whole.statistics(name, place))


@every_kind
@pytest.mark.parametrize("training", [False, True])
def test_values_over_limit_are_recomputed(kind, training):
    model, x = KINDS[kind]()
    whole, flow = (look(model, x, training=training, limit=it) for it in (512 * MB, 0))
    for name, call in whole.recording.calls.items():
        again = flow.values[name]
        for one, other in zip(
            *map(keras.tree.flatten, (again, whole.values[name])), strict=True
        ):
            assert np.array_equal(one, other)
        for place in range(len(call.tensors)):
            for sample in (0, 9):
                kept = whole.sample(name, place, sample)
                found = flow.sample(name, place, sample)
                assert (kept.state, found.state) == ("kept", "recomputed")
                assert kept.values.shape == found.values.shape
                assert np.allclose(kept.values, found.values, atol=1e-5)


def test_scores_over_limit_are_recomputed():
    model, x = with_several_inputs()
    whole, flow = look(model, x), look(model, x, limit=0)
    (name,) = (it for it in whole.values if whole.recording.calls[it].kind.startswith("Multi"))
    assert np.array_equal(flow.values.scores(name), whole.values.scores(name))
    assert flow.recording.calls[name].tensors[-1].is_scores
    lstm = next(it for it in whole.values if "lstm_cell" in it)
    assert np.array_equal(flow.values.steps(lstm), whole.values.steps(lstm))


@every_kind
def test_first_samples_have_thumbnails(kind):
    model, x = KINDS[kind]()
    whole, flow = look(model, x), look(model, x, limit=0)
    for name in flow.values:
        for sample in range(8):
            small = flow.thumbnail(name, sample)
            assert max(small.shape) <= 64
            expected = whole.thumbnail(name, sample)
            assert np.allclose(small, expected, atol=1e-5, equal_nan=True)
        assert flow.thumbnail(name, 8) is None
        assert whole.thumbnail(name, 8) is not None


def test_changed_weights_are_detected():
    model, x = KINDS["convolutions"]()
    flow = look(model, x, limit=0)
    (first, *_rest, last) = flow.values
    model.compile("sgd", "mse")
    assert flow.sample(last, 0, 3).state == "recomputed"
    model.fit(x, np.ones((10, 3)), epochs=3, verbose=0)
    assert flow.sample(last, 0, 4).state == "changed"
    assert flow.sample(first, 0, 4).state == "recomputed"
    assert np.allclose(flow.sample(last, 0, 4).values, model(x)[4], atol=1e-5)


def test_progress_counts_samples():
    model, x = KINDS["convolutions"]()
    told = []
    look(model, x, limit=20_000, progress=lambda *it: told.append(it))
    assert len(told) > 1
    assert {it[1] for it in told} == {10}
    done = [it[0] for it in told]
    assert done == sorted(set(done))
    assert done[-1] == 10


def test_half_precision_halves_memory():
    model, x = from_input((9,), layers.Dense(20), layers.Dense(30, activation="relu"))
    needed = look(model, x).recording.needed
    assert look(model, x, limit=needed).recording.complete
    assert not look(model, x, limit=needed - 1).recording.complete
    half = look(model, x, limit=needed * 3 // 4, dtype="float16")
    assert half.recording.complete
    assert half.recording.kept <= needed * 3 // 4


def test_nonfinite_values_are_found_in_every_piece():
    model, x = KINDS["convolutions"]()
    x[8, 2, 2, 0] = np.nan
    flow = look(model, x, limit=0)
    assert flow.recording.not_finite == list(flow.values)[1]
    assert flow.statistics("x").not_finite == 1


@pytest.mark.parametrize("limit", [512 * MB, 0])
def test_value_without_batch_axis_counts_once(limit):
    model, x = from_input((6, 4), Positions(name="positions"), count=10)
    flow = look(model, x, limit=limit)
    name = "positions/vectors"
    positions = model.get_layer("positions")
    table = np.asarray(positions.vectors(np.arange(6)))
    assert flow.recording.calls[name].tensors[0].shape == (6, 4)
    assert flow.statistics(name).count == 24
    for sample in (1, 9):
        found = flow.sample(name, 0, sample)
        assert found.state == ("recomputed" if limit == 0 else "kept")
        assert np.array_equal(found.values, table)


def test_layer_called_for_some_samples_has_statistics():
    class Sometimes(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.inner = layers.Dense(3, name="inner")

        def build(self, input_shape):
            self.inner.build(input_shape)

        def compute_output_shape(self, input_shape):
            return (*input_shape[:-1], 3)

        def call(self, x):
            return self.inner(x) if ops.convert_to_numpy(x).max() > 0 else x[:, :3]

    model, x = from_input((4,), Sometimes(name="sometimes"))
    x = np.abs(x) * np.array([[-1]] * 5 + [[1]] * 5, "float32")
    flow = look(model, x, limit=0)
    assert flow.statistics("sometimes").count == 30
    inner = model.get_layer("sometimes").inner
    assert np.allclose(flow.sample("sometimes", 0, 7).values, inner(x)[7], atol=1e-6)
    assert flow.statistics("sometimes/inner").maximum > 0


def test_stateful_model_with_fixed_batch_works_over_limit():
    x = keras.Input(batch_shape=(4, 5, 3), name="x")
    made = layers.LSTM(2, stateful=True, return_sequences=True, name="lstm")(x)
    model, sample = keras.Model(x, made), numbers(4, 5, 3)
    whole, flow = look(model, sample), look(model, sample, limit=0)
    assert_alike(flow.statistics("lstm"), whole.statistics("lstm"))
    found = flow.sample("lstm", 0, 2)
    assert np.allclose(found.values, whole.values["lstm"][2], atol=1e-6)


@pytest.mark.parametrize("limit", [512 * MB, 0])
def test_strings_have_no_statistics(limit):
    text = keras.Input((2,), dtype="string", name="text")
    lookup = layers.StringLookup(vocabulary=["a", "b"], name="lookup")
    model = keras.Model(text, lookup(text))
    flow = look(model, keras.ops.convert_to_tensor([["a", "b"], ["b", "?"]]), limit=limit)
    assert flow.sample("text", 0, 1).values.tolist() == [b"b", b"?"]
    assert flow.statistics("lookup").total == 5
    assert flow.thumbnail("text", 0).size == 0


# ---------------------------------------------------------------------------------------------
# Memory: each test uses its own process


class Peak:
    """Measures by how much the memory of this process grows."""

    def __enter__(self):
        self._process, self._stop = psutil.Process(), threading.Event()
        self.start = self.most = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self):
        while not self._stop.is_set():
            self.most = max(self.most, self._process.memory_info().rss)
            time.sleep(0.005)

    def __exit__(self, *_failure):
        self._stop.set()
        self._thread.join()

    @property
    def growth(self):
        return self.most - self.start


def few_weights():
    """About 16 MB of activations for each sample."""
    x = keras.Input((224, 224, 3), name="x")
    made = x
    for n in range(4):
        made = layers.Conv2D(18, 3, activation="relu", padding="same", name=f"conv_{n}")(made)
    made = layers.GlobalAveragePooling2D(name="means")(layers.MaxPooling2D(name="pool")(made))
    return keras.Model(x, layers.Dense(10, activation="softmax", name="end")(made))


class Subclassed(keras.Model):
    """The same, without a graph."""

    def __init__(self):
        super().__init__()
        self.convs = [
            layers.Conv2D(18, 3, activation="relu", padding="same", name=f"conv_{n}")
            for n in range(4)
        ]

    def call(self, x):
        for conv in self.convs:
            x = conv(x)
        return x


def over_the_limit():
    """A GB of activations under a limit of 200 MB."""
    model, x = few_weights(), numbers(64, 224, 224, 3)
    look(model, x[:1], limit=200 * MB)
    with Peak() as peak:
        flow = look(model, x, limit=200 * MB)
        view = ActivationView(flow)
        view.selected = "conv_2"
        view.sample = 20
        shown = view._panel["shown"]["count"]
    extraction = keras.Model(model.inputs[0], [it.output for it in model.operations])
    pieces = [[np.asarray(it) for it in extraction(x[at : at + 8])] for at in range(0, 64, 8)]
    for place, operation in [*enumerate(model.operations)][4:]:  # the last convolution and on
        check_statistics(flow.statistics(operation.name), [it[place] for it in pieces])
    for name, sample in (("conv_3", 63), ("conv_0", 0), ("end", 40), ("pool", 17)):
        place = [it.name for it in model.operations].index(name)
        true = pieces[sample // 8][place][sample % 8]
        found = flow.sample(name, 0, sample)
        assert found.state == "recomputed"
        assert found.values.shape == true.shape
        assert np.allclose(found.values, true, atol=1e-5)
    pictured = [flow.thumbnail("conv_1", it) is not None for it in range(64)]
    model.layers[1].bias.assign_add(np.ones(18))
    return {
        "growth": peak.growth,
        "shown": shown,
        "kept": flow.recording.kept,
        "needed": flow.recording.needed,
        "pictured": sum(pictured),
        "thumbnails": len(flow.recording.calls["conv_1"].tensors[0].thumbnails),
        "trained": flow.sample("conv_3", 0, 5).state,
    }


def check_statistics(found, pieces):
    """Compare statistics with plain sums over pieces of the batch."""
    exact = [it.astype(np.float64) for it in pieces]
    assert found.count == sum(it.size for it in pieces)
    assert found.not_finite == 0
    assert found.zeros == sum(int((it == 0).sum()) for it in pieces)
    assert sum(found.histogram.counts) == found.count
    assert np.isclose(found.total, sum(it.sum() for it in exact), rtol=1e-6)
    assert np.isclose(found.squares, sum((it**2).sum() for it in exact), rtol=1e-5)
    assert np.isclose(found.minimum, min(it.min() for it in pieces))
    assert np.isclose(found.maximum, max(it.max() for it in pieces))
    norms = [np.sqrt((it.reshape(len(it), -1) ** 2).sum(axis=1)) for it in exact]
    assert np.allclose(found.norms, np.concatenate(norms), rtol=1e-5)
    means = np.concatenate([it.reshape(len(it), -1, it.shape[-1]).mean(axis=1) for it in exact])
    assert np.allclose(found.top_values, -np.sort(-means, axis=0)[:3], rtol=1e-5)
    assert np.array_equal(found.top_samples, np.argsort(-means, axis=0, kind="stable")[:3])


def in_training():
    model, x = few_weights(), numbers(16, 224, 224, 3)
    look(model, x[:1], training=True, limit=50 * MB)
    with Peak() as peak:
        flow = look(model, x, training=True, limit=50 * MB)
    return memory_of(flow, peak)


def in_training_by_hand():
    model, x = few_weights(), numbers(16, 224, 224, 3)
    model(x[:1], training=True)
    with Peak() as peak:
        model(x, training=True)
    return {"growth": peak.growth}


def subclassed():
    model, x = Subclassed(), numbers(16, 224, 224, 3)
    model(x[:1])
    look(model, x[:1], limit=50 * MB)
    with Peak() as peak:
        flow = look(model, x, limit=50 * MB)
    return memory_of(flow, peak)


def subclassed_by_hand():
    model, x = Subclassed(), numbers(16, 224, 224, 3)
    model(x[:1])
    with Peak() as peak:
        model(x)
    return {"growth": peak.growth}


def memory_of(flow, peak):
    found = flow.sample("conv_3", 0, 3)
    return {
        "growth": peak.growth,
        "kept": flow.recording.kept,
        "needed": flow.recording.needed,
        "count": flow.statistics("conv_3").count,
        "state": found.state,
        "shape": found.values.shape,
    }


def everything_kept():
    model, x = (
        keras.applications.VGG16(weights=None, include_top=False),
        numbers(4, 224, 224, 3),
    )
    look(model, x[:1], limit=10**12)
    with Peak() as peak:
        flow = look(model, x, limit=10**12)
    return {
        "growth": peak.growth,
        "kept": flow.recording.kept,
        "needed": flow.recording.needed,
        "complete": flow.recording.complete,
    }


SCENARIOS = (
    over_the_limit,
    in_training,
    in_training_by_hand,
    subclassed,
    subclassed_by_hand,
    everything_kept,
)


def measure():
    """Prints what each scenario measures, in a process of its own: freed memory is used again.

    TensorFlow takes seconds to load, and on Linux may be forked as long as it computed nothing.
    """
    processes = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    for scenario in SCENARIOS:
        process = processes.Process(target=_measure, args=(scenario,))
        process.start()
        process.join()
        assert process.exitcode == 0, scenario.__name__


def _measure(scenario):
    keras.utils.set_random_seed(7)
    print(json.dumps([scenario.__name__, scenario()]), flush=True)


@pytest.fixture(scope="module")
def measured():
    """Return the measurements of each scenario by its name."""
    paths = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, __file__],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    print(done.stdout)  # shown by pytest -s
    return dict(json.loads(line) for line in done.stdout.splitlines() if line[:1] == "[")


def test_gigabyte_of_activations_fits_200_megabytes(measured):
    found = measured["over_the_limit"]
    assert found["needed"] > 1000 * MB
    assert found["growth"] <= 200 * MB
    assert found["shown"] == 18  # maps
    assert found["kept"] == 0
    assert (found["thumbnails"], found["pictured"]) == (8, 64)
    assert found["trained"] == "changed"


def test_single_sample_may_exceed_limit():
    model, x = few_weights(), numbers(2, 224, 224, 3)
    flow = look(model, x, limit=2 * MB)
    assert flow.recording.kept == 0
    assert flow.statistics("conv_3").count == 2 * 224 * 224 * 18
    assert len(flow.statistics("conv_3").norms) == 2
    assert flow.sample("conv_3", 0, 1).values.shape == (224, 224, 18)
    assert look(model, x[:1], limit=2 * MB).recording.kept == 0


# Without a graph, Keras frees each output after its last use; otherwise it keeps them all.
@pytest.mark.parametrize("scenario", ["in_training", "subclassed"])
def test_indivisible_batch_stays_within_memory(scenario, measured):
    found = measured[scenario]
    assert found["kept"] == 0
    assert found["needed"] > 200 * MB
    assert found["growth"] < measured[f"{scenario}_by_hand"]["growth"] + 60 * MB
    assert found["count"] == 16 * 224 * 224 * 18
    assert found["state"] == "recomputed"
    assert found["shape"] == [224, 224, 18]


def test_full_storage_needs_little_more_than_values(measured):
    found = measured["everything_kept"]
    assert found["complete"]
    assert found["kept"] == found["needed"]
    assert found["growth"] < 1.2 * found["kept"]


if __name__ == "__main__":
    measure()
