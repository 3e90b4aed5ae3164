"""Measures the gradients, the weights and the activations of each layer during training."""

import contextlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kfunc_lab.forward.call_names import CallNames, Place
from kfunc_lab.forward.call_outputs import new_call, with_outputs
from kfunc_lab.forward.gradients import Computation, NoGradientError, Watch, has_gradients
from kfunc_lab.forward.interception import intercept_calls, is_tracing, unchanged
from kfunc_lab.forward.recording import statistics_of_tensor
from kfunc_lab.forward.samples import positive_integer
from kfunc_lab.forward.statistics import Histogram, Statistics, combine, statistics_of
from kfunc_lab.graph.keras.nodes import (
    functional_of,
    nodes_in_order,
    operations_within,
    reset_compile_loss,
)
from kfunc_lab.graph.keras.reader import ItemPlace, Reading, read
from kfunc_lab.graph.model.layer_graph import unused_id
from kfunc_lab.training.measuring.probe import Probe, inference_arguments
from kfunc_lab.ui.arrays import Numbers

_MAX_SAMPLES = 64
# The previous weights of a larger layer are not stored, as they would take more than 200 MB.
_MAX_STORED_WEIGHTS = 50_000_000
# In half precision, gradients below 6e-8 underflow to 0; a loss scaled by this factor avoids that.
_HALF_PRECISION_SCALE = 1024.0


@dataclass(frozen=True)
class Measurements:
    """The measurements of a model's layers at one time.

    A measure is NaN if it is computed from a NaN, and NaN or infinite if it is computed from an
    infinity.

    Attributes:
        numbers: The measures by the path of a layer, such as `"encoder/dense"`, and their name:

            - `"gradient_norm"`: the norm of the gradient of the loss on the probe with respect to
              the layer's weights, including regularisation, in inference mode without dropout.
            - `"weight_norm"`: the norm of the weights.
            - `"update_ratio"`: the norm of the change in the weights since the previous
              measurement, divided by their norm then and by the number of steps. Because steps
              partly cancel out, it is lower over many steps than the mean ratio of single steps,
              for which 1e-3 is normal. NaN if all weights were 0.
            - `"activation_mean"`, `"activation_deviation"`: the mean and the standard deviation
              of the output on the probe.
            - `"zeros"`: the share of zeros in the output, from 0 to 1.
            - `"dead"`: the share of units that are 0 for every sample at every position. Only for
              layers with weights or with an activation function.
            - `"saturated"`: the share of units with at least 95 % of their values within 2 % of a
              limit of the activation function's range. Only for functions that level off; a
              softmax that is sure of its class is saturated too.

            The first three use trainable weights, and only exist for layers that have some.
        weights: The distribution of the trainable weights, by the path of the layer.
        activations: The distribution of the output on the probe, by the path of the layer: the
            first output of the last call.

    Source: Karpathy, CS231n, Neural networks 3, on the ratio of updates to weights,
    https://cs231n.github.io/neural-networks-3/; Glorot and Bengio, Understanding the difficulty
    of training deep feedforward neural networks, 2010, on saturated units.
    """

    numbers: Mapping[tuple[str, str], float]
    weights: Mapping[str, Histogram]
    activations: Mapping[str, Histogram]


class Measurer:
    """Measures the layers of a model repeatedly during training, without changing the model.

    The layers are those that the graph shows, except for inputs, and of single operations only
    the activation functions. A layer made of layers only counts the weights that none of its
    inner layers has. Weights of the model itself are listed under its name.

    The measurer stores the trainable weights of the last measurement, with four bytes for each
    number. A layer with more than 50 million numbers is not stored, and has no update ratio.

    Args:
        model: The model.
        probe: The samples on which to measure gradients and activations: `(x, y)` or
            `(x, y, sample_weight)`, each an array or a list or dict of arrays with the batch axis
            first, as for `fit`. The first 64 samples are used, or one batch if the model's batch
            size is fixed. By default there is no probe, and only weights are measured.

    Raises:
        TypeError: If the probe has another form.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="unit")])
        >>> model.compile("sgd", "mse")
        >>> x, y = np.ones((8, 2)), np.ones(8)
        >>> measurer = Measurer(model, (x, y))
        >>> measurer.begin()
        >>> _history = model.fit(x, y, batch_size=4, verbose=0)
        >>> measurements = measurer.measure(steps=2)
        >>> sorted(name for _layer, name in measurements.numbers)
        ['activation_deviation', 'activation_mean', 'dead', 'gradient_norm', 'update_ratio',
         'weight_norm', 'zeros']
        >>> sum(measurements.weights["unit"].counts)
        3
    """

    def __init__(self, model: Any, probe: Any = None) -> None:
        self._model = model
        self._probe = None if probe is None else Probe.of(model, probe, _MAX_SAMPLES)
        self._layers: _Layers | None = None
        self._before: dict[int, tuple[Any, Numbers]] = {}

    def begin(self, reading: Reading | None = None) -> None:
        """Stores the weights, which the first update ratio starts from.

        Args:
            reading: The model's graph as it is now; by default it is read here.
        """
        self._layers = _Layers(self._model, reading or read(self._model))
        trainable = self._current_layers().trainable()
        self._store(trainable, _values_of(trainable))

    def measure(self, steps: int = 1) -> Measurements:
        """Measures all layers.

        Args:
            steps: The number of training steps since the previous measurement or since `begin`.
                The update ratio is divided by it; by default it is the ratio of the whole time.

        Returns:
            The measurements. They have no gradients and activations without a probe, or if the
            model is not built or has no `call`; no gradients without a loss, or with a backend
            that computes none; and no update ratio if the previous weights are not stored.

        Raises:
            ValueError: If `steps` is not a positive integer.
            Exception: Whatever the model raises when it is called on the probe.
        """
        steps = positive_integer("steps", steps)
        layers = self._current_layers()
        trainable = layers.trainable()
        weights, numbers = self._measure_weights(trainable, steps)
        activations: dict[str, Histogram] = {}
        if self._probe is None or not self._model.built:
            return Measurements(numbers, weights, activations)
        # A training step of a model made of models, such as a GAN, may only call its parts.
        with contextlib.suppress(NotImplementedError):
            outputs, norms = _run(layers, self._probe, trainable)
            numbers |= {(path, "gradient_norm"): norm for path, norm in norms.items()}
            for path, output in outputs.items():
                activations[path] = output.statistics.histogram
                numbers |= {(path, name): value for name, value in output.numbers().items()}
        return Measurements(layers.in_order(numbers), weights, activations)

    def _measure_weights(
        self, trainable: Mapping[str, list[Any]], steps: int
    ) -> tuple[dict[str, Histogram], dict[tuple[str, str], float]]:
        """Returns the distributions and the measures of the weights, and stores the weights."""
        histograms: dict[str, Histogram] = {}
        numbers: dict[tuple[str, str], float] = {}
        now = _values_of(trainable)
        for path, arrays in now.items():
            statistics = combine(statistics_of(array.reshape(1, -1, 1)) for array in arrays)
            histograms[path] = statistics.histogram
            norm = math.nan if statistics.not_finite else math.sqrt(statistics.squares)
            numbers[path, "weight_norm"] = norm
            ratio = self._update_ratio(trainable[path], arrays)
            if ratio is not None:
                numbers[path, "update_ratio"] = ratio / steps
        self._store(trainable, now)
        return histograms, numbers

    def _current_layers(self) -> "_Layers":
        """Returns the layers of the model, which may gain layers when it is built."""
        if self._layers is None or not self._layers.built:
            self._layers = _Layers(self._model, read(self._model))
        return self._layers

    def _store(
        self, trainable: Mapping[str, list[Any]], values: Mapping[str, list[Numbers]]
    ) -> None:
        self._before = {
            id(variable): (variable, array)
            for path, arrays in values.items()
            if sum(array.size for array in arrays) <= _MAX_STORED_WEIGHTS
            for variable, array in zip(trainable[path], arrays, strict=True)
        }

    def _update_ratio(self, variables: list[Any], now: list[Numbers]) -> float | None:
        if any(id(variable) not in self._before for variable in variables):
            return None
        before = [self._before[id(variable)][1] for variable in variables]
        # A layer that was rebuilt for another input has new weights.
        if any(a.shape != b.shape for a, b in zip(now, before, strict=True)):
            return None
        with np.errstate(invalid="ignore", over="ignore"):
            change = _norm(a - b for a, b in zip(now, before, strict=True))
        norm = _norm(before)
        return change / norm if norm else math.nan


# ---------------------------------------------------------------------------------------------
# Layers and their weights


class _Layers:
    """The layers of a model by their paths.

    Attributes:
        model: The model.
        built: Whether all of them have weights.
        path_of: For each call of the graph the path of its layer, which is that of its first call.
    """

    def __init__(self, model: Any, reading: Reading) -> None:
        graph, items = reading.graph, reading.items
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
            group: [
                operation
                for call, operation in operations.items()
                if call.startswith(f"{group}/")
            ]
            for group in graph.group_of
            if group in self._layers
        }

    def in_order(
        self, numbers: Mapping[tuple[str, str], float]
    ) -> dict[tuple[str, str], float]:
        """Returns the measures in the order of the graph, with those of the model itself last."""
        paths = list(dict.fromkeys(self.path_of.values()))
        position = {path: index for index, path in enumerate(paths)}
        return dict(
            sorted(numbers.items(), key=lambda entry: position.get(entry[0][0], len(paths)))
        )

    def names(self) -> CallNames:
        """Returns the names of the calls of one pass."""
        return CallNames(self._items, self._known)

    def trainable(self) -> dict[str, list[Any]]:
        """Returns the trainable weights of each layer that has some."""
        remaining = {id(weight): weight for weight in self.model.trainable_weights}
        trainable = dict(remaining)
        by_layer: dict[str, list[Any]] = {}
        for path, layer in self._layers.items():
            parts = self._inside.get(path, ())
            inside = {id(weight) for part in parts for weight in _weights(part)}
            own = [
                weight
                for weight in _weights(layer)
                if id(weight) in trainable and id(weight) not in inside
            ]
            if own:
                by_layer[path] = own
            for weight in own:
                remaining.pop(id(weight), None)
        if remaining:
            by_layer[unused_id(self.model.name, self._known)] = list(remaining.values())
        return by_layer


def _operations_of(model: Any, items: Mapping[ItemPlace, str]) -> dict[str, Any]:
    """Returns the layer or operation of each call and group of a graph."""
    by_id: dict[int, Any] = {}
    for operation in operations_within(model):
        by_id[id(operation)] = operation
        functional = functional_of(operation)
        for node in nodes_in_order(functional) if functional is not None else ():
            by_id[id(node)] = node.operation
    return {call: by_id[key] for (_group, key), call in items.items() if key in by_id}


def _weights(layer: Any) -> Iterable[Any]:
    return getattr(layer, "weights", ())


def _values_of(trainable: Mapping[str, list[Any]]) -> dict[str, list[Numbers]]:
    """Returns the numbers in the weights of each layer."""
    # Copies, because some backends return a view of memory that the next step changes.
    return {
        path: [np.array(variable.numpy(), np.float32) for variable in variables]
        for path, variables in trainable.items()
    }


def _norm(arrays: Iterable[Numbers]) -> float:
    """Returns the norm of all numbers in several arrays."""
    vectors = (array.reshape(-1) for array in arrays)
    return math.sqrt(sum(float(np.einsum("i,i->", v, v, dtype=np.float64)) for v in vectors))


# ---------------------------------------------------------------------------------------------
# One pass


@dataclass(frozen=True)
class _Output:
    """The output of a layer."""

    statistics: Statistics
    may_die: bool

    def numbers(self) -> dict[str, float]:
        """Returns the measures by name."""
        statistics = self.statistics
        numbers = {
            "activation_mean": statistics.mean,
            "activation_deviation": statistics.deviation,
            "zeros": statistics.share_of_zeros,
        }
        if self.may_die:
            numbers["dead"] = len(statistics.dead) / len(statistics.peaks)
        if statistics.saturated is not None and statistics.saturated_units is not None:
            saturated = len(statistics.saturated_units)
            numbers["saturated"] = saturated / len(statistics.saturated)
        return dict.fromkeys(numbers, math.nan) if statistics.not_finite else numbers


class _OutputRecorder:
    """Runs each call of a model in its place, and records its output."""

    def __init__(self, layers: _Layers) -> None:
        self._names = layers.names()
        self._path_of = layers.path_of
        self._running: list[Place] = []
        self._last: dict[str, tuple[Place, Any]] = {}

    def run(self, operation: Any, call: Any, args: Any, named: dict[str, Any]) -> Any:
        """Runs a call, and records its output."""
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

    def outputs(self) -> dict[str, _Output]:
        """Returns the last output of each layer, in the order of the graph."""
        paths = [path for path in dict.fromkeys(self._path_of.values()) if path in self._last]
        outputs = {path: _output_of(*self._last[path]) for path in paths}
        return {path: output for path, output in outputs.items() if output is not None}


def _output_of(place: Place, outputs: Any) -> _Output | None:
    import keras

    call = with_outputs(new_call(place), outputs, None, None)
    is_layer = isinstance(place.operation, keras.layers.Layer)
    is_measured = call.kind != "InputLayer" and (is_layer or bool(call.activation))
    if not is_measured or not call.tensors or not call.tensors[0].shape:
        return None
    statistics = statistics_of_tensor(call.tensors[0], call)
    has_function = call.activation not in ("", "linear")
    has_weights = is_layer and bool(place.operation.weights)
    return _Output(statistics, has_function or has_weights) if statistics.count else None


def _run(
    layers: _Layers, probe: Probe, trainable: Mapping[str, list[Any]]
) -> tuple[dict[str, _Output], dict[str, float]]:
    """Calls the model once in inference mode.

    Returns:
        The output of each layer, and the norm of its gradient.
    """
    model = layers.model
    recorder = _OutputRecorder(layers)
    with_gradients = has_gradients() and _has_loss(model)
    watched = trainable if with_gradients else {}
    with unchanged(model) as scope, intercept_calls(model, recorder.run):
        scope.collect_losses = True  # the losses of layers, which Keras would drop here

        def compute(watch: Watch) -> Any:
            scope.losses.clear()
            scope.state_mapping.clear()
            # Keras only regularises weights that have a value in the scope.
            weights = (weight for group in watched.values() for weight in group)
            scope.state_mapping.update((id(weight), watch(weight.value)) for weight in weights)
            outputs = model(probe.x, **inference_arguments(model.call))
            return _loss(model, probe, outputs) if with_gradients else None

        if not with_gradients:
            compute(lambda tensor: tensor)
            return recorder.outputs(), {}
        is_half = _is_half(model)
        computation = Computation(compute, repeatable=is_half)
        outputs = recorder.outputs()  # before the gradients, which may compute again
        return outputs, _gradient_norms(computation, watched, is_half)


def _is_half(model: Any) -> bool:
    return any(
        getattr(operation, "compute_dtype", "") == "float16"
        for operation in operations_within(model)
    )


def _has_loss(model: Any) -> bool:
    """Tells whether `compute_loss` returns the loss that training minimises."""
    import keras

    if not getattr(model, "compiled", False):
        return False
    is_own_loss = type(model).compute_loss is not keras.Model.compute_loss
    return model.loss is not None or is_own_loss or not _has_own_step(model)


def _has_own_step(model: Any) -> bool:
    import keras

    return type(model).train_step is not keras.Model.train_step


def _loss(model: Any, probe: Probe, outputs: Any) -> Any:
    # Before the first training, the loss would build itself from these labels. It is restored
    # with the model's other attributes.
    reset_compile_loss(model)
    # A custom training step may take labels of another form, or compute another loss.
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


def _gradient_norms(
    computation: Computation, watched: Mapping[str, list[Any]], is_half: bool
) -> dict[str, float]:
    """Returns the norm of each layer's gradient, or nothing if there is no gradient."""
    if computation.value is None:
        return {}
    with contextlib.suppress(NoGradientError):  # not every operation has a gradient
        if not is_half:
            return _scaled_norms(computation, watched, 1.0)
        norms = _scaled_norms(computation, watched, _HALF_PRECISION_SCALE)
        if all(map(math.isfinite, norms.values())):
            return norms
        return _scaled_norms(computation, watched, 1.0)  # the scale may have overflowed
    return {}


def _scaled_norms(
    computation: Computation, watched: Mapping[str, list[Any]], scale: float
) -> dict[str, float]:
    gradients = iter(computation.gradients(scale))
    found = {path: [next(gradients) for _weight in group] for path, group in watched.items()}
    return {
        path: _norm(np.asarray(array, np.float32) for array in arrays if array is not None)
        / scale
        for path, arrays in found.items()
    }
