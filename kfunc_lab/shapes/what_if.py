"""Computes the effect of changed settings or input shapes on a graph, without running a model."""

import math
import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from kfunc_lab.graph.keras.dry_run import CannotCopyError, DryRun, check_settings, dry_run
from kfunc_lab.graph.keras.nodes import made_by_sequential
from kfunc_lab.graph.keras.settings import with_dependent_settings
from kfunc_lab.graph.model.layer_graph import Call, LayerGraph, TensorSpec, Weight
from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.formulas import derivation
from kfunc_lab.shapes.rules.rule import (
    Derivation,
    DoesNotFitError,
    Shape,
    UnknownSizeError,
    WeightSize,
)
from kfunc_lab.shapes.totals import with_totals
from kfunc_lab.ui.text import first_sentences, printable

INPUT = "InputLayer"


@dataclass(frozen=True)
class Changes:
    """Changes to a graph.

    Attributes:
        settings: The changed settings by name, by id of the layer (`Call.layer_id`).
        inputs: The changed input shapes, the batch first, by id of the input.
    """

    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    inputs: Mapping[str, Shape] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.settings or self.inputs)


@dataclass(frozen=True)
class Problem:
    """The reason why a call does not fit.

    Attributes:
        reason: The reason in one sentence.
        arithmetic: The numbers that do not fit; empty if there are none.
        unknown: Whether it may fit: nothing can compute its outputs without running the model.
    """

    reason: str
    arithmetic: str = ""
    unknown: bool = False


@dataclass(frozen=True)
class WhatIf:
    """A graph after changes.

    Attributes:
        graph: The graph with the new settings, shapes and weights. A call that does not fit, or
            that is not reached, has outputs of unknown shape.
        derivations: The derivations by call id. For a call without one, the layer itself
            computed the shapes.
        problems: The problems by call id.
        unreached: The ids of the calls that depend on a call with a problem.
    """

    graph: LayerGraph
    derivations: Mapping[str, Derivation]
    problems: Mapping[str, Problem]
    unreached: frozenset[str]


# The results of dry runs, by call id, changes and input shapes, so that each runs only once.
DryRuns = MutableMapping[tuple[Any, ...], DryRun | Problem]


def what_if(
    graph: LayerGraph,
    changes: Changes | None = None,
    nodes: Mapping[str, Any] | None = None,
    dry_runs: DryRuns | None = None,
) -> WhatIf:
    """Computes the shapes, weights and costs of a graph after changes.

    Args:
        graph: The graph. Neither it nor its model is changed.
        changes: The changes; none by default.
        nodes: Keras's node of each call, by id. A layer without a shape rule needs its node for a
            dry run; without it, the call keeps its shape as long as its inputs do not change.
        dry_runs: The results of earlier dry runs; new ones are added.

    Returns:
        The graph after the changes, with its derivations and problems.

    Example:
        >>> import keras
        >>> from kfunc_lab.graph.keras.reader import read_graph
        >>> image = keras.Input((28, 28, 1), name="image")
        >>> small = keras.layers.Conv2D(16, 3, name="conv")(image)
        >>> after = what_if(read_graph(small), Changes({"conv": {"strides": 2}}))
        >>> after.graph.call_of["conv"].outputs[0].shape
        (None, 13, 13, 16)
    """
    propagator = _ShapePropagator(
        graph, changes or Changes(), nodes or {}, {} if dry_runs is None else dry_runs
    )
    return propagator.propagate()


class _UnknownError(DoesNotFitError):
    """Nothing can compute the outputs of a call; it may fit."""


class _ShapePropagator:
    """Propagates shapes through a graph once, from its inputs to its outputs."""

    def __init__(
        self, graph: LayerGraph, changes: Changes, nodes: Mapping[str, Any], dry_runs: DryRuns
    ) -> None:
        self._graph = graph
        self._changes = changes
        self._nodes = nodes
        self._dry_runs = dry_runs
        self._made: dict[str, tuple[TensorSpec, ...]] = {}
        self._calls: dict[str, Call] = {}
        self._derivations: dict[str, Derivation] = {}
        self._problems: dict[str, Problem] = {}
        self._unreached: set[str] = set()
        # The weights that the first call of each layer creates, and that call.
        self._weights: dict[str, tuple[Weight, ...]] = {}
        self._firsts: dict[str, tuple[str, tuple[TensorSpec, ...]]] = {}
        # Models without a declared input, and the shapes with which they are called first.
        self._undeclared_groups = {
            group.id for group in graph.groups if any(map(self._is_undeclared, group.entries))
        }
        self._first_shapes: dict[str, Shape] = {}
        self._sources: dict[str, dict[int, tuple[str, int]]] = {}
        for edge in graph.edges:
            if edge.tensor.shape is not None:  # else Keras has not built the model yet
                places = self._sources.setdefault(edge.target, {})
                places[edge.input] = (edge.source, edge.output)

    def propagate(self) -> WhatIf:
        for call in self._graph.calls:
            changed = call if call.id in self._graph.inside else self._call(call)
            self._calls[call.id] = changed
            self._made[call.id] = changed.outputs
        edges = tuple(
            replace(edge, tensor=self._output(edge.source, edge.output, edge.tensor.dtype))
            if edge.tensor.shape is not None
            else edge
            for edge in self._graph.edges
        )
        graph = replace(self._graph, calls=tuple(self._calls.values()), edges=edges)
        return WhatIf(
            with_totals(graph, self._graph),
            self._derivations,
            self._problems,
            frozenset(self._unreached),
        )

    # -- one call

    def _call(self, call: Call) -> Call:
        settings = self._changes.settings.get(call.layer_id, {})
        if settings:
            call = replace(call, settings={**call.settings, **settings})
        inputs = self._inputs(call)
        try:
            self._expect_outputs(call)
            if call.kind == INPUT:
                return self._input_call(call, inputs)
            if not self._lacks_shape(call, inputs):
                return self._computed_call(call, inputs, settings)
            self._unreached.add(call.id)
        except DoesNotFitError as error:
            if not self._changes:  # Keras made this call
                return _as_read(call, inputs)
            unknown = isinstance(error, _UnknownError)
            self._problems[call.id] = Problem(str(error), error.arithmetic, unknown)
        return self._without_shape(call, inputs)

    def _inputs(self, call: Call) -> tuple[TensorSpec, ...]:
        sources = self._sources.get(call.id, {})
        return tuple(
            self._output(*sources[place], tensor.dtype) if place in sources else tensor
            for place, tensor in enumerate(call.inputs)
        )

    def _output(self, source: str, position: int, dtype: str) -> TensorSpec:
        outputs = self._made[source]
        return outputs[position] if position < len(outputs) else TensorSpec(None, dtype)

    def _expect_outputs(self, call: Call) -> None:
        """Raises `DoesNotFitError` if a changed setting has removed an output."""
        for source, position in self._sources.get(call.id, {}).values():
            count = len(self._made[source])
            if position >= count:
                raise DoesNotFitError(
                    _("It uses output {n} of {name}, which now returns only {count}.").format(
                        n=position + 1, name=printable(source), count=count
                    ),
                    f"{position + 1} > {count}",
                )

    def _lacks_shape(self, call: Call, inputs: Sequence[TensorSpec]) -> bool:
        """Tells whether the shape of an input is unknown that is known in the model."""
        inputs_before = self._graph.call_of[call.id].inputs
        return any(
            now.shape is None and then.shape is not None
            for now, then in zip(inputs, inputs_before, strict=True)
        )

    def _without_shape(self, call: Call, inputs: tuple[TensorSpec, ...]) -> Call:
        unknown = tuple(TensorSpec(None, tensor.dtype) for tensor in call.outputs)
        return replace(call, inputs=inputs, outputs=unknown)

    def _input_call(self, call: Call, inputs: tuple[TensorSpec, ...]) -> Call:
        """Computes an input: it has its own shape, or in a nested model that of its source."""
        own = call.outputs[0]
        shape = self._changes.inputs.get(call.layer_id, own.shape)
        if call.id not in self._sources:
            own_inputs = tuple(replace(tensor, shape=shape) for tensor in inputs)
            return replace(call, inputs=own_inputs, outputs=(replace(own, shape=shape),))
        incoming = inputs[0].shape
        if incoming is None:
            self._unreached.add(call.id)
            return self._without_shape(call, inputs)
        if self._is_undeclared(call.id):  # it is as the first call needs it
            shape = self._first_shapes.setdefault(call.layer_id, incoming)
        entering = _entering(shape, incoming)
        return replace(call, inputs=inputs, outputs=(replace(own, shape=entering),))

    def _is_undeclared(self, call_id: str) -> bool:
        """Tells whether an input takes its shape from the first call of its Sequential."""
        node = self._nodes.get(call_id)
        return node is not None and made_by_sequential(node.operation)

    def _computed_call(
        self, call: Call, inputs: tuple[TensorSpec, ...], settings: Mapping[str, Any]
    ) -> Call:
        before = self._graph.call_of[call.id]
        as_read = not settings and _shapes(inputs) == _shapes(before.inputs)
        settings = with_dependent_settings(settings, before.settings)
        if settings and call.id in self._nodes:
            _check(self._nodes[call.id].operation, settings)
        # A nested model creates its weights for the sizes that it declares.
        declared = inputs
        if call.group is not None and call.group not in self._undeclared_groups:
            declared = _filled(inputs, before.inputs)
        first = self._firsts.setdefault(call.layer_id, (call.id, declared))
        try:
            result = self._derivation_of(call, inputs, as_read)
        except UnknownSizeError:
            if first == (call.id, inputs) or call.id not in self._nodes:
                raise
            result = None  # the weights exist already
        if result is not None and (not as_read or _agrees(result, before)):
            self._derivations[call.id] = result
            outputs = tuple(
                TensorSpec(shape, tensor.dtype)
                for shape, tensor in zip(result.shapes, _as_many(result, before), strict=True)
            )
            weights = tuple(_weight(size, before) for size in result.weights)
            return self._with_results(call, inputs, outputs, weights)
        if as_read:
            return call
        answer = self._from_dry_run(call, inputs, settings)
        return self._with_results(call, inputs, answer.outputs, answer.weights)

    def _derivation_of(
        self, call: Call, inputs: Sequence[TensorSpec], as_read: bool
    ) -> Derivation | None:
        """Applies the shape rule, if it agrees with Keras on the model's own call."""
        shapes = [tensor.shape for tensor in inputs]
        before = self._graph.call_of[call.id]
        if None in shapes:
            return None
        try:
            own = derivation(before)
        except DoesNotFitError:  # Keras accepted the call and may fail only when it runs
            own = None
        is_known = bool(before.outputs) and None not in _shapes(before.inputs)
        if as_read or (own is None and is_known):
            return own
        return derivation(call, tuple(shapes))  # type: ignore[arg-type]

    def _with_results(
        self,
        call: Call,
        inputs: tuple[TensorSpec, ...],
        outputs: tuple[TensorSpec, ...],
        weights: tuple[Weight, ...],
    ) -> Call:
        first = self._weights.setdefault(call.layer_id, weights)
        for one, other in zip(first, weights, strict=False):
            if one.shape != other.shape:
                raise DoesNotFitError(
                    _(
                        "Its first call created the weight {name} with shape {first}, but "
                        "this call needs {shape}."
                    ).format(name=one.name, first=one.shape, shape=other.shape),
                    ", ".join(
                        f"{b} ≠ {a}"
                        for a, b in zip(one.shape, other.shape, strict=False)
                        if a != b
                    ),
                )
        sizes = [(math.prod(weight.shape), weight.trainable) for weight in weights]
        return replace(
            call,
            inputs=inputs,
            outputs=outputs,
            weights=weights,
            parameters=sum(size for size, _trainable in sizes),
            trainable_parameters=sum(size for size, trainable in sizes if trainable),
        )

    def _from_dry_run(
        self, call: Call, inputs: tuple[TensorSpec, ...], settings: Mapping[str, Any]
    ) -> DryRun:
        """Returns the result of a dry run of the layer, which runs only once."""
        first = self._firsts[call.layer_id]
        key = (call.id, repr(sorted(settings.items())), _shapes(inputs), _shapes(first[1]))
        if key not in self._dry_runs:
            self._dry_runs[key] = self._answer(call, inputs, settings)
        answer = self._dry_runs[key]
        if isinstance(answer, Problem):
            kind = _UnknownError if answer.unknown else DoesNotFitError
            raise kind(answer.reason, answer.arithmetic)
        return answer

    def _answer(
        self, call: Call, inputs: tuple[TensorSpec, ...], settings: Mapping[str, Any]
    ) -> DryRun | Problem:
        node = self._nodes.get(call.id)
        if node is None:
            reason = _("Its output for other inputs is unknown without the model.")
            return Problem(reason, unknown=True)
        first, first_inputs = self._firsts[call.layer_id]
        built_by = None
        if first in self._nodes and (first, first_inputs) != (call.id, inputs):
            built_by = (self._nodes[first], first_inputs)
        try:
            return dry_run(node, settings, inputs, built_by)
        except CannotCopyError:
            reason = _(
                "Its output for other inputs is unknown, because its class has no get_config "
                "from which Keras can create it again."
            )
            return Problem(reason, unknown=True)
        except Exception as error:  # a custom layer may raise anything
            return Problem(_says(error))


# ---------------------------------------------------------------------------------------------


def _shapes(tensors: Sequence[TensorSpec]) -> tuple[Shape | None, ...]:
    return tuple(tensor.shape for tensor in tensors)


def _agrees(result: Derivation, call: Call) -> bool:
    """Tells whether a rule agrees with Keras on an unchanged call."""
    return result.shapes == _shapes(call.outputs) and result.parameters.value == call.parameters


def _filled(
    tensors: tuple[TensorSpec, ...], declared: Sequence[TensorSpec]
) -> tuple[TensorSpec, ...]:
    """Replaces the sizes that are not fixed, except the batch, by declared ones."""
    return tuple(
        replace(
            tensor,
            shape=(
                *tensor.shape[:1],
                *(
                    own if size is None else size
                    for size, own in zip(tensor.shape[1:], known.shape[1:], strict=True)
                ),
            ),
        )
        if tensor.shape and known.shape and len(tensor.shape) == len(known.shape)
        else tensor
        for tensor, known in zip(tensors, declared, strict=True)
    )


def _as_read(call: Call, inputs: tuple[TensorSpec, ...]) -> Call:
    """Returns a call of the model itself, in which only the size of the batch may differ."""
    pairs = [
        (then.shape[0], now.shape[0])
        for then, now in zip(call.inputs, inputs, strict=True)
        if then.shape and now.shape
    ]
    batches = {then: now for then, now in pairs if then != now}
    outputs = tuple(
        replace(tensor, shape=(batches[tensor.shape[0]], *tensor.shape[1:]))
        if tensor.shape and tensor.shape[0] in batches
        else tensor
        for tensor in call.outputs
    )
    return replace(call, inputs=inputs, outputs=outputs)


def _as_many(result: Derivation, call: Call) -> tuple[TensorSpec, ...]:
    """Returns a tensor for each output of a derivation, with the dtypes of the call."""
    dtype = call.outputs[0].dtype if call.outputs else ""
    more = len(result.outputs) - len(call.outputs)
    return (*call.outputs, *[TensorSpec(None, dtype)] * more)[: len(result.outputs)]


def _weight(size: WeightSize, call: Call) -> Weight:
    """Describes a weight of a derivation, with the dtype of the layer's weight of that name."""
    own = {_without_numbers(weight.name): weight for weight in call.weights}.get(
        _without_numbers(size.name)
    )
    frozen = bool(call.weights) and not call.trainable_parameters
    return Weight(
        own.name if own else size.name,
        tuple(axis_size or 0 for axis_size in size.shape),  # a rule knows all sizes
        own.dtype if own else call.weights[0].dtype if call.weights else "float32",
        own.trainable if own else size.trainable and not frozen,
    )


@lru_cache(maxsize=4096)
def _without_numbers(name: str) -> str:
    """Returns the name of a weight without the numbers that Keras appends to layer names."""
    return re.sub(r"_\d+(?=/)", "", name)


def _entering(own: Shape | None, incoming: Shape) -> Shape:
    """Adjusts the rank of an argument to the declared shape of an input, as Keras does.

    Whatever size the input declares, the layers behind it get the size of the argument: a
    Sequential that was built on a batch of 4 passes on a batch of any size.
    """
    if own is None:
        return incoming
    if len(incoming) == len(own) + 1 and incoming[-1] == 1:
        incoming = incoming[:-1]
    elif len(incoming) == len(own) - 1 and own[-1] == 1:
        incoming = (*incoming, 1)
    sizes = list(zip(own, incoming, strict=False))
    clash = [(a, b) for a, b in sizes[1:] if a is not None and b is not None and a != b]
    if len(own) != len(incoming) or clash:
        raise DoesNotFitError(
            _("It expects shape {own} for each example, but got {given}.").format(
                own=own[1:], given=incoming[1:]
            ),
            ", ".join(f"{b} ≠ {a}" for a, b in clash) or f"{len(incoming)} ≠ {len(own)}",
        )
    return incoming


def _check(operation: Any, settings: Mapping[str, Any]) -> None:
    try:
        check_settings(operation, settings)
    except Exception as error:  # a custom layer may raise anything
        raise DoesNotFitError(_says(error)) from error


def _says(error: Exception) -> str:
    line = next(
        (text for text in str(error).splitlines() if text.strip()), type(error).__name__
    )
    return _("Keras says: {message}").format(message=first_sentences(line))
