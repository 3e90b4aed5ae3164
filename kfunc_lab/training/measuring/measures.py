"""Measures each layer of a model that trains: its gradients, its weights, what it gives."""

import contextlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kfunc_lab.forward.call_names import CallNames, Place
from kfunc_lab.forward.call_outputs import new_call, with_outputs
from kfunc_lab.forward.interception import intercept_calls, is_tracing, unchanged
from kfunc_lab.forward.recording import statistics_of_tensor
from kfunc_lab.forward.samples import positive_integer
from kfunc_lab.forward.statistics import Histogram, Statistics, combine, statistics_of
from kfunc_lab.graph.keras.nodes import (
    forget_labels,
    functional_of,
    nodes_in_order,
    operations_within,
)
from kfunc_lab.graph.keras.reader import ItemPlace, read_graph_and_items
from kfunc_lab.graph.model.layer_graph import unused_id
from kfunc_lab.training.measuring.probe import Probe, inference_arguments
from kfunc_lab.ui.arrays import Numbers

_MOST_SAMPLES = 64
# Of a layer with more numbers the weights of before are not kept: they would take 200 MB.
_MOST_KEPT = 50_000_000
# In half precision the gradients of a loss become 0 below 6e-8; times so much they do not.
_SCALE_IN_HALF = 1024.0


@dataclass(frozen=True)
class Measured:
    """What was measured of the layers of a model at one time.

    A value is NaN where what it is reckoned from holds a NaN, and NaN or infinite where it holds
    an infinity.

    Attributes:
        numbers: By the path of a layer, as `"encoder/dense"`, and the name of a measure:

            - `"gradient_norm"`: the norm of the gradient of the loss on the probe by the layer's
              weights, regularisation included, as at inference, without dropout.
            - `"weight_norm"`: the norm of its weights.
            - `"update_ratio"`: the norm of what its weights changed by since the measure before,
              by their norm then and by the number of steps. As steps partly undo each other,
              over many of them it is less than the mean of the ratios of single steps, for
              which 1e-3 is about right. NaN if all weights were 0.
            - `"activation_mean"`, `"activation_deviation"`: mean and standard deviation of its
              result on the probe.
            - `"zeros"`: the share of zeros in it, from 0 to 1.
            - `"dead"`: the share of its units that are 0 for every sample, everywhere. Only for
              layers that have weights or an activation function.
            - `"saturated"`: the share of its units of which at least 95 % of the values are
              within 2 % of an end of what the activation function can give. Only for functions
              that level off; a softmax that is sure of its class is saturated too.

            The first three are of the weights that training changes, and only for layers that
            have some.
        weights: By the path of a layer the distribution of the weights that training changes.
        activations: By the path of a layer the distribution of its result on the probe; that of
            its last call, and the first of several results.

    Source: Karpathy, CS231n, Neural networks 3, of the ratio of updates to weights,
    https://cs231n.github.io/neural-networks-3/; Glorot and Bengio, Understanding the difficulty
    of training deep feedforward neural networks, 2010, of saturated units.
    """

    numbers: Mapping[tuple[str, str], float]
    weights: Mapping[str, Histogram]
    activations: Mapping[str, Histogram]


class Measurer:
    """Measures the layers of a model again and again while it trains, and changes nothing.

    The layers are those that the graph shows, but for inputs; of single operations only those
    that are activation functions. A layer made of layers counts the weights that none of these
    has. Weights that the model itself holds stand under its name.

    It keeps the weights that training changes as they were at the last measure, four bytes each;
    of a layer with more than 50 million numbers it does not, which then has no update ratio.

    Args:
        model: The model.
        probe: What gradients and activations are measured on: `(x, y)` or
            `(x, y, sample_weight)`, each an array or a list or dict of arrays, the batch first,
            as for `fit`. The first 64 samples are used; where the model's batch has a fixed
            size, so many. By default there is none, and only weights are measured.

    Raises:
        TypeError: If the probe is something else.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="unit")])
        >>> model.compile("sgd", "mse")
        >>> x, y = np.ones((8, 2)), np.ones(8)
        >>> measurer = Measurer(model, (x, y))
        >>> measurer.begin()
        >>> _history = model.fit(x, y, batch_size=4, verbose=0)
        >>> measured = measurer.measure(steps=2)
        >>> sorted(name for _layer, name in measured.numbers)
        ['activation_deviation', 'activation_mean', 'dead', 'gradient_norm', 'update_ratio',
         'weight_norm', 'zeros']
        >>> sum(measured.weights["unit"].counts)
        3
    """

    def __init__(self, model: Any, probe: Any = None) -> None:
        self._model = model
        self._probe = None if probe is None else Probe.of(model, probe, _MOST_SAMPLES)
        self._layers: _Layers | None = None
        self._before: dict[int, tuple[Any, Numbers]] = {}

    def begin(self) -> None:
        """Notes the weights, which the first update ratio begins from."""
        self._layers = None  # layers may have been added
        trainable = self._current().trainable()
        self._note(trainable, _values_of(trainable))

    def measure(self, steps: int = 1) -> Measured:
        """Measures all layers.

        Args:
            steps: How many steps of training there were since the measure before, or since
                `begin`, so that the update ratio is that of a step on average. By default it is
                that of the whole time.

        Returns:
            What was measured. Without a probe, or for a model that is not built or has no
            `call`, there are no gradients and activations; without a loss, or with another
            backend than TensorFlow, no gradients; and no update ratio where the weights of
            before are not known.

        Raises:
            ValueError: If `steps` is no whole number above 0.
            Exception: Whatever the model raises when it is called on the probe.
        """
        steps = positive_integer("steps", steps)
        layers = self._current()
        trainable = layers.trainable()
        weights, numbers = self._of_weights(trainable, steps)
        activations: dict[str, Histogram] = {}
        if self._probe is None or not self._model.built:
            return Measured(numbers, weights, activations)
        # Of a model made of models, as a GAN, a step may call these and never the whole.
        with contextlib.suppress(NotImplementedError):
            results, norms = _run(layers, self._probe, trainable)
            numbers |= {(path, "gradient_norm"): norm for path, norm in norms.items()}
            for path, result in results.items():
                activations[path] = result.statistics.histogram
                numbers |= {(path, name): it for name, it in result.numbers().items()}
        return Measured(layers.in_order(numbers), weights, activations)

    def _of_weights(
        self, trainable: Mapping[str, list[Any]], steps: int
    ) -> tuple[dict[str, Histogram], dict[tuple[str, str], float]]:
        """Returns the distributions of weights, and what is measured of them; notes them."""
        histograms: dict[str, Histogram] = {}
        numbers: dict[tuple[str, str], float] = {}
        now = _values_of(trainable)
        for path, arrays in now.items():
            found = combine(statistics_of(it.reshape(1, -1, 1)) for it in arrays)
            histograms[path] = found.histogram
            norm = math.nan if found.not_finite else math.sqrt(found.squares)
            numbers[path, "weight_norm"] = norm
            ratio = self._update_ratio(trainable[path], arrays)
            if ratio is not None:
                numbers[path, "update_ratio"] = ratio / steps
        self._note(trainable, now)
        return histograms, numbers

    def _current(self) -> "_Layers":
        """Returns the layers of the model, which has more of them once it is built."""
        if self._layers is None or not self._layers.built:
            self._layers = _Layers(self._model)
        return self._layers

    def _note(
        self, trainable: Mapping[str, list[Any]], values: Mapping[str, list[Numbers]]
    ) -> None:
        self._before = {
            id(variable): (variable, array)
            for path, arrays in values.items()
            if sum(it.size for it in arrays) <= _MOST_KEPT
            for variable, array in zip(trainable[path], arrays, strict=True)
        }

    def _update_ratio(self, variables: list[Any], now: list[Numbers]) -> float | None:
        if any(id(it) not in self._before for it in variables):
            return None
        before = [self._before[id(it)][1] for it in variables]
        # What was rebuilt for another input is not what it was.
        if any(a.shape != b.shape for a, b in zip(now, before, strict=True)):
            return None
        with np.errstate(invalid="ignore", over="ignore"):
            change = _norm(a - b for a, b in zip(now, before, strict=True))
        whole = _norm(before)
        return change / whole if whole else math.nan


# ---------------------------------------------------------------------------------------------
# Layers and their weights


class _Layers:
    """The layers of a model by their paths.

    Attributes:
        model: The model.
        built: Whether all of them have their weights.
        path_of: For each call of the graph the path of its layer: that of its first call.
    """

    def __init__(self, model: Any) -> None:
        graph, items = read_graph_and_items(model)
        self.model = model
        self.built = bool(model.built) and graph.built
        self.path_of = {call.id: call.layer_id for call in graph.calls}
        self._items = items
        self._known = {*graph.call_of, *graph.group_of}
        operations = _operations_of(model, items)
        self._layers = {
            call: operations[call]
            for call, path in self.path_of.items()
            if call == path and call in operations
        }
        self._inside = {
            group: [it for call, it in operations.items() if call.startswith(f"{group}/")]
            for group in graph.group_of
            if group in self._layers
        }

    def in_order(
        self, numbers: Mapping[tuple[str, str], float]
    ) -> dict[tuple[str, str], float]:
        """Returns numbers of layers in the order of the graph, those of the model itself last."""
        place = {path: at for at, path in enumerate(dict.fromkeys(self.path_of.values()))}
        return dict(sorted(numbers.items(), key=lambda it: place.get(it[0][0], len(place))))

    def names(self) -> CallNames:
        """Returns what tells for each call which call of the graph it is."""
        return CallNames(self._items, self._known)

    def trainable(self) -> dict[str, list[Any]]:
        """Returns for each layer the weights that training changes, if it has some."""
        whole = {id(it): it for it in self.model.trainable_weights}
        found: dict[str, list[Any]] = {}
        for path, layer in self._layers.items():
            inside = {id(it) for part in self._inside.get(path, ()) for it in _weights(part)}
            own = [it for it in _weights(layer) if id(it) in whole and id(it) not in inside]
            if own:
                found[path] = own
        shown = {id(it) for variables in found.values() for it in variables}
        rest = [it for key, it in whole.items() if key not in shown]
        if rest:
            found[unused_id(self.model.name, self._known)] = rest
        return found


def _operations_of(model: Any, items: Mapping[ItemPlace, str]) -> dict[str, Any]:
    """Returns the layer or operation of each call and group of a graph."""
    known: dict[int, Any] = {}
    for part in operations_within(model):
        known[id(part)] = part
        functional = functional_of(part)
        for node in nodes_in_order(functional) if functional is not None else ():
            known[id(node)] = node.operation
    return {call: known[key] for (_group, key), call in items.items() if key in known}


def _weights(layer: Any) -> Iterable[Any]:
    return getattr(layer, "weights", ())


def _values_of(trainable: Mapping[str, list[Any]]) -> dict[str, list[Numbers]]:
    """Returns the numbers in the weights of each layer."""
    # Copies: some backends give a view of what the next step changes.
    return {
        path: [np.array(it.numpy(), np.float32) for it in variables]
        for path, variables in trainable.items()
    }


def _norm(arrays: Iterable[Numbers]) -> float:
    """Returns the norm of all numbers in arrays."""
    flat = (it.reshape(-1) for it in arrays)
    return math.sqrt(sum(float(np.einsum("i,i->", it, it, dtype=np.float64)) for it in flat))


# ---------------------------------------------------------------------------------------------
# One pass


@dataclass(frozen=True)
class _Result:
    """What a layer gave."""

    statistics: Statistics
    may_die: bool

    def numbers(self) -> dict[str, float]:
        found = self.statistics
        numbers = {
            "activation_mean": found.mean,
            "activation_deviation": found.deviation,
            "zeros": found.share_of_zeros,
        }
        if self.may_die:
            numbers["dead"] = len(found.dead) / len(found.peaks)
        if found.saturated is not None and found.saturated_units is not None:
            numbers["saturated"] = len(found.saturated_units) / len(found.saturated)
        return dict.fromkeys(numbers, math.nan) if found.not_finite else numbers


class _Notes:
    """Is called in the place of each call, while a model runs, and notes what it gives."""

    def __init__(self, layers: _Layers) -> None:
        self._names = layers.names()
        self._path_of = layers.path_of
        self._running: list[Place] = []
        self._last: dict[str, tuple[Place, Any]] = {}

    def run(self, operation: Any, call: Any, args: Any, named: dict[str, Any]) -> Any:
        """Runs a call, and notes its result."""
        __tracebackhide__ = True
        place = self._names.place(self._running, operation)
        self._running.append(place)
        try:
            outputs = call(*args, **named)
        finally:
            self._running.pop()
        if place.base in self._path_of and not place.is_probe and not is_tracing():
            self._last[self._path_of[place.base]] = place, outputs
        return outputs

    def results(self) -> dict[str, _Result]:
        """Returns the last result of each layer, in the order of the graph."""
        paths = [it for it in dict.fromkeys(self._path_of.values()) if it in self._last]
        found = {path: _result(*self._last[path]) for path in paths}
        return {path: it for path, it in found.items() if it is not None}


def _result(place: Place, outputs: Any) -> _Result | None:
    import keras

    call = with_outputs(new_call(place), outputs, None, None)
    is_layer = isinstance(place.operation, keras.layers.Layer)
    is_of_interest = call.kind != "InputLayer" and (is_layer or bool(call.activation))
    if not is_of_interest or not call.tensors or not call.tensors[0].shape:
        return None
    found = statistics_of_tensor(call.tensors[0], call)
    has_function = call.activation not in ("", "linear")
    has_weights = is_layer and bool(place.operation.weights)
    return _Result(found, has_function or has_weights) if found.count else None


def _run(
    layers: _Layers, probe: Probe, trainable: Mapping[str, list[Any]]
) -> tuple[dict[str, _Result], dict[str, float]]:
    """Calls the model once, as at inference.

    Returns:
        For each layer what it gave, and the norm of its gradient.
    """
    import keras

    model = layers.model
    notes = _Notes(layers)
    with_gradients = keras.backend.backend() == "tensorflow" and _has_loss(model)
    gradients = _Gradients(model, trainable if with_gradients else {})
    with unchanged(model) as scope, intercept_calls(model, notes.run):
        scope.collect_losses = True  # those of layers, which Keras would drop here
        # Where the weights have no value in the scope, Keras has nothing to regularise.
        scope.state_mapping.update(gradients.values)
        with gradients:
            outputs = model(probe.x, **inference_arguments(model.call))
            loss = _loss(model, probe, outputs) if with_gradients else None
        norms = gradients.norms(loss)
    return notes.results(), norms


def _has_loss(model: Any) -> bool:
    """Tells whether `compute_loss` gives what a model is trained by."""
    import keras

    if not getattr(model, "compiled", False):
        return False
    is_own_loss = type(model).compute_loss is not keras.Model.compute_loss
    return model.loss is not None or is_own_loss or not _has_own_step(model)


def _has_own_step(model: Any) -> bool:
    import keras

    return type(model).train_step is not keras.Model.train_step


def _loss(model: Any, probe: Probe, outputs: Any) -> Any:
    # Before the first training, the loss would keep what it makes of these labels. It is put
    # back with the model's other attributes.
    forget_labels(model)
    # A training step of one's own may take labels of another form, or reckon another loss.
    may_fail = _has_own_step(model) or model.loss is None or probe.y is None
    with contextlib.suppress(*([Exception] if may_fail else [])):
        return model.compute_loss(
            probe.x,
            probe.y,
            outputs,
            probe.sample_weight,
            **inference_arguments(model.compute_loss),
        )
    return None


class _Gradients:
    """Records what a loss is made of, to give the norms of its gradients.

    Args:
        model: The model.
        trainable: For each layer its weights.

    Attributes:
        values: The backend's variable for each of Keras's, by its `id()`.
    """

    def __init__(self, model: Any, trainable: Mapping[str, list[Any]]) -> None:
        self._is_half = any(
            getattr(it, "compute_dtype", "") == "float16" for it in operations_within(model)
        )
        self.values = {id(it): it.value for them in trainable.values() for it in them}
        self._sources = {
            path: [self.values[id(it)] for it in them] for path, them in trainable.items()
        }
        self._tape: Any = None

    def __enter__(self) -> None:
        if not self._sources:
            return
        import tensorflow as tf

        # Without the other variables, those of frozen layers, which would be recorded too.
        self._tape = tf.GradientTape(persistent=self._is_half, watch_accessed_variables=False)
        self._tape.__enter__()
        self._tape.watch(list(self._sources.values()))

    def __exit__(self, *error: Any) -> None:
        if self._tape is not None:
            self._tape.__exit__(*error)

    def norms(self, loss: Any) -> dict[str, float]:
        """Returns for each layer the norm of its gradient; nothing if there is none."""
        if self._tape is None or loss is None:
            return {}
        with contextlib.suppress(LookupError):  # not every operation has a gradient
            if not self._is_half:
                return self._scaled(loss, 1.0)
            norms = self._scaled(loss, _SCALE_IN_HALF)
            if all(map(math.isfinite, norms.values())):
                return norms
            return self._scaled(loss, 1.0)  # it may have been too much
        return {}

    def _scaled(self, loss: Any, scale: float) -> dict[str, float]:
        import tensorflow as tf

        begin = tf.fill(tf.shape(loss), tf.cast(scale, loss.dtype))
        gradients = self._tape.gradient(loss, self._sources, output_gradients=begin)
        return {
            path: _norm(_as_array(it) for it in them if it is not None) / scale
            for path, them in gradients.items()
        }


def _as_array(gradient: Any) -> Numbers:
    import tensorflow as tf

    if isinstance(gradient, tf.IndexedSlices):  # of an embedding: a row for each use of a word
        rows, of_use = tf.unique(gradient.indices)
        gradient = tf.math.unsorted_segment_sum(gradient.values, of_use, tf.size(rows))
    return np.asarray(gradient, np.float32)
